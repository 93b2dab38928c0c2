//! Between the stage and the upload: the gates that judge the stage itself, `smoke` and `verify`.
//!
//! Receives the stage and everything before it; hands on what was measured, and puts the judgements in their places.
//! Must never clear anything: the verdict does.

use super::steps::today;
use crate::cli::Command;
use crate::deploy::Deployed;
use crate::error::{Error, Kind, Result};
use crate::gate::{self, Context, Judgement, Level};
use crate::passthrough::Passthrough;
use crate::settings::Settings;
use crate::smoke::{self, Booted, Outcome, pyodide};
use crate::stage::Stage;
use crate::term::Terminal;
use crate::tool::{self, Stdout};
use crate::verify::{self, Audience, Rehearsed};
use camino::Utf8Path;

/// What the gates of the stage are asked with.
#[derive(Debug, Clone, Copy)]
pub(super) struct Proof<'a> {
    pub(super) stage: &'a Stage,
    pub(super) context: Context<'a>,
    pub(super) command: &'a Command,
    pub(super) words: &'a Passthrough,
    /// saddlebag's own.
    pub(super) cache: &'a Utf8Path,
    /// Where the user sees a dry run of his own.
    pub(super) stdout: Stdout,
}

/// Whether any gate wants a stage, also where nothing is uploaded.
pub(super) fn is_wanted(settings: &Settings) -> bool {
    ["smoke", "verify"].iter().any(|id| gate::is_wanted(id, settings))
}

impl Proof<'_> {
    /// The boot, judged; what was measured, if it came to that. Without a Pyodide the gate is skipped where a level of
    /// `warn` asked for it, and blocks where a flag, its variable or a level of `deny` did.
    ///
    /// # Errors
    /// `Interrupted`; whatever else goes wrong breaks the gate.
    pub(super) fn smoke(&self, judgements: &mut [Judgement], terminal: &Terminal) -> Result<Option<Booted>> {
        let settings = self.context.settings;
        if !gate::is_wanted("smoke", settings) {
            return Ok(None);
        }
        let Some(found) = pyodide::find(&self.context.project.root, self.cache, self.context.target) else {
            let (reason, help) = self.where_pyodide_is_missing();
            if settings.gates.get("smoke") == Some(&Level::Warn) {
                gate::skip_stage(judgements, "smoke", settings, &format!("{reason}; {help}"));
            } else {
                gate::judge_stage(judgements, "smoke", settings, &today(), || {
                    Ok(gate::smoke::unavailable(&reason, &help))
                });
            }
            return Ok(None);
        };
        terminal.detail(&format!("pyodide: {} {}", found.version, found.package));
        let outcome = {
            let _step =
                terminal.begin(&format!("Importing the bundle in Pyodide {} (Python {})", found.version, found.python));
            self.boot(&found)
        };
        tool::check_interrupted()?;
        let booted = match &outcome {
            Ok(Outcome::Boot(booted)) => Some(booted.clone()),
            _ => None,
        };
        gate::judge_stage(judgements, "smoke", settings, &today(), || Ok(gate::smoke::judge(&self.context, &outcome?)));
        Ok(booted)
    }

    fn boot(&self, pyodide: &pyodide::Pyodide) -> Result<Outcome> {
        let Context { project, target, toolchain, bundle, settings, .. } = self.context;
        let node = toolchain.node.as_ref().ok_or_else(|| {
            Error::new(Kind::ToolMissing, "`node` is not on the `PATH`, and Pyodide runs in it", "install Node.js")
        })?;
        let script =
            settings.smoke_script.as_ref().map(|script| crate::project::resolve(&project.root, script.as_str()));
        if let Some(script) = script.as_ref().filter(|script| !script.is_file()) {
            let message = format!("`smoke.script` names `{}`, which does not exist", project.display(script));
            return Err(Error::new(Kind::Settings, message, "correct `smoke.script`"));
        }
        smoke::boot(&smoke::Boot {
            stage: self.stage,
            bundle,
            target,
            pyodide,
            node: &node.path,
            environment: &toolchain.environment,
            imports: &settings.smoke_imports,
            script: script.as_deref(),
            patience: settings.smoke_patience,
        })
    }

    fn where_pyodide_is_missing(&self) -> (String, String) {
        let python = &self.context.target.python;
        let reason = format!(
            "no Pyodide with Python {python} was found: not in `node_modules/pyodide` of the project or above it, not in \
             `pyodide` of saddlebag's cache"
        );
        let help = match pyodide::TABLE.npm(python) {
            Some(version) => format!("run `saddlebag doctor --install`, or `npm install --save-dev pyodide@{version}`"),
            None => "set a compatibility date whose Python saddlebag knows".to_owned(),
        };
        (reason, help)
    }

    /// wrangler's dry run, judged. Where the user asked for a dry run, that was it, and this is what it came to.
    ///
    /// # Errors
    /// `Interrupted`; whatever else goes wrong breaks the gate.
    pub(super) fn verify(&self, judgements: &mut [Judgement], terminal: &Terminal) -> Result<Option<Deployed>> {
        let settings = self.context.settings;
        if !gate::is_wanted("verify", settings) {
            return Ok(None);
        }
        let users_own = verify::is_the_users_own(self.command, self.words);
        let audience = if users_own { Audience::User(self.stdout) } else { Audience::Ourselves };
        let rehearsed = {
            let _step = (!users_own).then(|| terminal.begin("Rehearsing the upload with wrangler's dry run"));
            self.rehearse(audience)
        };
        tool::check_interrupted()?;
        let deployed = rehearsed.as_ref().ok().filter(|_| users_own).map(Rehearsed::deployed);
        let known = gate::findings_of(judgements, "wrangler-config");
        gate::judge_stage(judgements, "verify", settings, &today(), || {
            Ok(gate::verify::judge(self.context.bundle, &rehearsed?, &known))
        });
        Ok(deployed)
    }

    fn rehearse(&self, audience: Audience) -> Result<Rehearsed> {
        let Context { project, toolchain, bundle, .. } = self.context;
        verify::rehearse(self.stage, bundle, self.command, self.words, project, toolchain, audience)
    }
}
