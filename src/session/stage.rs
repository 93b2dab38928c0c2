//! The stage, the gates that judge it (`smoke` and `verify`), and the deploy.

use super::state::{ReportedPlan, Staged};
use super::{ClearedPlan, ClearedStage, Ended, Plan, Reached, Step, today};
use crate::bundle::Bundle;
use crate::deploy::{self, Deployed};
use crate::error::{Error, ErrorKind, Result};
use crate::format::count;
use crate::gates::{self, Cleared, Context, GateId, Inputs, Level};
use crate::process;
use crate::project::Project;
use crate::smoke::{self, Outcome, pyodide};
use crate::stage::{self, Stage};
use crate::wrangler::dry_run::{self, DryRun, Visibility};
use camino::Utf8Path;

impl<'a> ClearedPlan<'a> {
    /// Whether a gate of the stage was asked for, also if nothing is uploaded.
    pub(crate) fn wants_stage(&self) -> bool {
        gates::is_stage_wanted(self.plan.settings())
    }

    /// Writes the bundle to disk, inside the project.
    pub(crate) fn stage(mut self) -> Step<'a, Staged<'a>> {
        let modules = count(self.bundle.value().modules.len(), "module");
        let step = self.plan.loaded.session.terminal.begin_briefly(&format!("Staging {modules}"));
        let written = write(&self.plan, &self.bundle, stage::Destination::Inside);
        drop(step);
        let stage = match written {
            Ok(stage) => stage,
            Err(error) => return Err(self.fail(error)),
        };
        self.plan.loaded.timings.record("stage");
        let Self { plan, limits, bundle } = self;
        let stage = bundle.made(stage);
        Ok(Staged { plan, limits, bundle, stage, smoke: None, dry_run: None })
    }

    /// Writes the bundle to a directory of the user's, to stay there.
    pub(crate) fn export(mut self, directory: &Utf8Path) -> Step<'a, Ended<'a>> {
        let stage = match write(&self.plan, &self.bundle, stage::Destination::Directory(directory)) {
            Ok(stage) => stage,
            Err(error) => return Err(self.fail(error)),
        };
        self.plan.loaded.timings.record("stage");
        let mut ended = self.end();
        ended.notices.push(exported_to(stage));
        Ok(ended)
    }
}

fn exported_to(stage: Stage) -> String {
    format!("staged in {}; deploy it with its `deploy.sh`", stage.keep())
}

fn write(plan: &Plan<'_>, bundle: &Cleared<Bundle>, place: stage::Destination<'_>) -> Result<Stage> {
    let (project, vendored) = (&plan.loaded.project, &plan.vendored);
    let config = &project.config;
    let requirements: Vec<String> = project.requirements.entries.iter().map(|entry| entry.text.clone()).collect();
    let request = stage::StageRequest {
        project_root: &project.root,
        users_config_dir: config.dir(),
        config: stage::ConfigSource { path: &config.path, text: &config.text, format: config.format },
        environment: config.environment.as_deref(),
        bundle,
        token: &vendored.token,
        lock: vendored.lock.as_deref(),
        requirements: &requirements,
        python: &plan.loaded.target.python,
        glob_prefix: &plan.layout.glob_prefix,
        drop_build_command: true,
    };
    stage::write(&request, place)
}

impl<'a> Staged<'a> {
    /// Runs the gates of the stage that were asked for.
    pub(crate) fn check(mut self) -> Step<'a, Self> {
        match self.smoke().and_then(|()| self.verify()) {
            Ok(()) => Ok(self),
            Err(error) => {
                let (judged, stage) = self.into_judged();
                drop(stage);
                Err(judged.fail(error))
            }
        }
    }

    /// A stage that a gate blocks is shown, removed (or kept), and ends the run with exit code 3.
    pub(crate) fn into_cleared(self) -> Step<'a, ClearedStage<'a>> {
        let Self { plan, limits, bundle, stage, smoke, dry_run } = self;
        match stage.into_cleared() {
            Ok(stage) => Ok(ClearedStage { plan, limits, bundle, stage, smoke, dry_run }),
            Err(blocked) => {
                let (stage, results) = blocked.into_parts();
                let (bundle, _) = bundle.into_parts();
                let mut ended = ReportedPlan { smoke, ..ReportedPlan::new(plan, bundle, limits, results) }.blocked();
                let keep = ended.found().is_some_and(|(_, settings)| settings.keep_stage);
                let notice = ended.found().and_then(|(project, _)| put_away(stage, keep, project));
                ended.notices.extend(notice);
                Err(ended)
            }
        }
    }

    fn into_judged(self) -> (ReportedPlan<'a>, Stage) {
        let (stage, results) = self.stage.into_parts();
        let judged = ReportedPlan::new(self.plan, self.bundle.into_parts().0, self.limits, results);
        (ReportedPlan { smoke: self.smoke, ..judged }, stage)
    }

    /// The boot in Pyodide. Without a Pyodide the gate is skipped if a level of `warn` asked for it, and blocks if a flag,
    /// its variable or a level of `deny` did.
    ///
    /// # Errors
    /// `Interrupted`; whatever else goes wrong breaks the gate.
    fn smoke(&mut self) -> Result<()> {
        let settings = self.plan.settings();
        if !gates::is_wanted(GateId::Smoke, settings) {
            return Ok(());
        }
        let Some(found) = pyodide::find(&self.plan.loaded.project.root, &self.plan.cache, &self.plan.loaded.target)
        else {
            let (reason, help) = missing_pyodide(&self.plan.loaded.target.python);
            if settings.gates.get(&GateId::Smoke) == Some(&Level::Warn) {
                self.stage.skip(GateId::Smoke, settings, &format!("{reason}; {help}"));
            } else {
                self.stage
                    .add_result(GateId::Smoke, settings, &today(), || Ok(gates::smoke::unavailable(&reason, &help)));
            }
            return Ok(());
        };
        let terminal = self.plan.loaded.session.terminal;
        terminal.detail(&format!("pyodide: {} {}", found.version, found.package));
        let outcome = {
            let _step =
                terminal.begin(&format!("Importing the bundle in Pyodide {} (Python {})", found.version, found.python));
            self.boot(&found)
        };
        process::check_interrupted()?;
        if let Ok(Outcome::Boot(booted)) = &outcome {
            self.smoke = Some(booted.clone());
        }
        let context = self.plan.context(self.bundle.value());
        match outcome.as_ref().ok().and_then(|outcome| gates::smoke::inconclusive(&context, outcome)) {
            // A boot that shows nothing blocks nothing, but what is shaken needs one that does.
            Some(reason) if settings.prune.shake => self.stage.add_result(GateId::Smoke, settings, &today(), || {
                Ok(gates::smoke::unavailable(&reason, "do without `shake`, which needs a boot as its proof"))
            }),
            Some(reason) => self.stage.skip(GateId::Smoke, settings, &reason),
            None => self
                .stage
                .add_result(GateId::Smoke, settings, &today(), || Ok(gates::smoke::check(&context, &outcome?))),
        }
        self.plan.loaded.timings.record("smoke");
        Ok(())
    }

    fn boot(&self, pyodide: &pyodide::Pyodide) -> Result<Outcome> {
        let Context { project, target, toolchain, bundle, settings, .. } = self.plan.context(self.bundle.value());
        let node = toolchain.node.as_ref().ok_or_else(|| {
            Error::new(ErrorKind::ToolMissing, "`node` is not on the `PATH`, and Pyodide runs in it", "install Node.js")
        })?;
        let script =
            settings.smoke_script.as_ref().map(|script| crate::project::resolve(&project.root, script.as_str()));
        if let Some(script) = script.as_ref().filter(|script| !script.is_file()) {
            let message = format!("`smoke.script` names `{}`, which does not exist", project.display(script));
            return Err(Error::new(ErrorKind::Settings, message, "correct `smoke.script`"));
        }
        let files = bundle.modules.iter().filter(|module| module.kind.is_file());
        let files = files.map(|module| Ok((module.name.as_str(), self.stage.value().file(&module.name)?)));
        smoke::boot(&smoke::Boot {
            files: &files.collect::<Result<Vec<_>>>()?,
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

    /// wrangler's dry run. If the user asked for a dry run, this was it.
    ///
    /// # Errors
    /// `Interrupted`; whatever else goes wrong breaks the gate.
    fn verify(&mut self) -> Result<()> {
        let settings = self.plan.settings();
        if !gates::is_wanted(GateId::Verify, settings) {
            return Ok(());
        }
        let session = self.plan.loaded.session;
        let users_own = dry_run::is_the_users_own(&session.invocation.command, session.words());
        let visibility = if users_own { Visibility::User(session.child_stdout()) } else { Visibility::Ourselves };
        let dry_run = {
            let _step = (!users_own).then(|| session.terminal.begin("Checking the upload with wrangler's dry run"));
            self.run_dry(visibility)
        };
        process::check_interrupted()?;
        self.dry_run = dry_run.as_ref().ok().filter(|_| users_own).map(Deployed::from);
        let bundle = self.bundle.value();
        let known = gates::findings_of(self.bundle.results(), GateId::WranglerConfig);
        self.stage
            .add_result(GateId::Verify, settings, &today(), || Ok(gates::verify::check(bundle, &dry_run?, &known)));
        self.plan.loaded.timings.record("verify");
        Ok(())
    }

    fn run_dry(&self, visibility: Visibility) -> Result<DryRun> {
        let loaded = &self.plan.loaded;
        let session = loaded.session;
        let stage = self.stage.value();
        dry_run::run_dry(&dry_run::Request {
            stage_dir: &stage.dir,
            config: &stage.config,
            bundle: self.bundle.value(),
            command: &session.invocation.command,
            words: session.words(),
            project: &loaded.project,
            toolchain: &loaded.toolchain,
            visibility,
        })
    }
}

fn missing_pyodide(python: &str) -> (String, String) {
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

impl<'a> ClearedStage<'a> {
    pub(super) fn into_judged(self) -> (ReportedPlan<'a>, Stage) {
        let (stage, results) = self.stage.into_parts();
        let judged = ReportedPlan::new(self.plan, self.bundle.into_parts().0, self.limits, results);
        (ReportedPlan { smoke: self.smoke, ..judged }, stage)
    }

    /// Prints the plan for people.
    pub(crate) fn show(self) -> Self {
        self.plan.show(self.bundle.value(), &self.limits, self.stage.results(), self.smoke.as_ref());
        self
    }

    /// Writes the same bundle to a directory of the user's, to stay there. The stage only served its gates.
    pub(crate) fn export(mut self, directory: &Utf8Path) -> Step<'a, Ended<'a>> {
        let exported = write(&self.plan, &self.bundle, stage::Destination::Directory(directory));
        self.plan.loaded.timings.record("stage");
        let session = self.plan.loaded.session;
        let (judged, _) = self.into_judged();
        match exported {
            Ok(exported) => {
                let mut ended = Ended::new(session, Reached::ReportedPlan(Box::new(judged)));
                ended.notices.push(exported_to(exported));
                Ok(ended)
            }
            Err(error) => Err(judged.fail(error)),
        }
    }

    /// Hands the stage over to pywrangler, unless a dry run that the user asked for has been made already. Whatever becomes
    /// of the upload, what wrangler wrote into the stage is written back and the stage is put away.
    pub(crate) fn deploy(self) -> Step<'a, Ended<'a>> {
        let Self { mut plan, mut limits, bundle, stage, smoke, dry_run } = self;
        let (mut bundle, _) = bundle.into_parts();
        let results = stage.results().to_vec();
        let session = plan.loaded.session;
        let (stage, outcome) = match dry_run {
            Some(deployed) => (stage.into_parts().0, Ok(deployed)),
            None => deploy::deploy(stage, &plan.deploy_request()),
        };
        let mut notices = write_back(stage, &plan);
        plan.loaded.timings.record("deploy");
        let deployed = match outcome {
            Ok(deployed) => deployed,
            Err(error) => {
                let mut ended = ReportedPlan { smoke, ..ReportedPlan::new(plan, bundle, limits, results) }.fail(error);
                ended.notices = notices;
                return Err(ended);
            }
        };
        notices.extend(disagreement(&bundle, &deployed));
        if deployed.code != 0 {
            notices.extend(deploy::refusal::hint(&deployed.heard.errors));
        }
        if let Some(gzip) = deployed.heard.gzip_bytes {
            bundle.gzip_bytes = gzip; // wrangler has weighed it now: no need to estimate
            limits = gates::limits(&bundle, plan.settings());
        }
        let code = deployed.code;
        let judged =
            ReportedPlan { smoke, deployed: Some(deployed), ..ReportedPlan::new(plan, bundle, limits, results) };
        if code != 0
            && let Err(error) = process::check_interrupted()
        {
            let mut ended = judged.fail(error);
            ended.notices = notices;
            return Err(ended);
        }
        let mut ended = Ended::new(session, Reached::ReportedPlan(Box::new(judged)));
        ended.exit = crate::report::Exit { code, pywranglers: true };
        ended.notices = notices;
        Ok(ended)
    }
}

impl Plan<'_> {
    fn deploy_request(&self) -> deploy::DeployRequest<'_> {
        let session = self.loaded.session;
        deploy::DeployRequest {
            command: session.invocation.command.upload_words().unwrap_or_default(),
            words: session.words(),
            project: &self.loaded.project,
            toolchain: &self.loaded.toolchain,
            stdout: session.child_stdout(),
        }
    }
}

/// What wrangler wrote into the staged configuration, such as the ids of resources that it made, goes into the user's; then
/// the stage is put away.
fn write_back(stage: Stage, plan: &Plan<'_>) -> Vec<String> {
    let (project, settings) = (&plan.loaded.project, plan.settings());
    let config = &project.config;
    let users = stage::ConfigSource { path: &config.path, text: &config.text, format: config.format };
    let withheld = match (plan.loaded.session.words().dry_run(), settings.no_write_back) {
        (true, _) => Some("a dry run writes nothing"),
        (false, true) => Some("`--no-write-back`"),
        (false, false) => None,
    };
    let stage::WrittenBack { mut notices, keep_stage } =
        stage.write_back(&users, &project.display(&config.path), withheld);
    notices.extend(put_away(stage, settings.keep_stage || keep_stage, project));
    notices
}

/// Removes a stage, or keeps it and says where it is.
fn put_away(stage: Stage, keep: bool, project: &Project) -> Option<String> {
    if keep {
        return Some(format!("the stage is kept: {}", project.display(&stage.keep())));
    }
    stage.remove().err().map(|error| format!("the stage was not removed: {error}"))
}

/// wrangler's own figures against the plan. Printed loudly, and never more: the deploy may be live.
fn disagreement(bundle: &Bundle, deployed: &Deployed) -> Vec<String> {
    let mut notices = Vec::new();
    if let Some(raw) = deployed.heard.raw_bytes.filter(|raw| *raw != bundle.raw_bytes) {
        notices.push(format!(
            "warning: wrangler counted {raw} bytes and the plan has {}: something else was uploaded than planned; \
             deploy again with `--verify`, which stops that before the upload",
            bundle.raw_bytes
        ));
    }
    let duplicates = deployed.heard.duplicates.len();
    if duplicates > 0 {
        notices.push(format!(
            "warning: wrangler said `Ignoring duplicate module` {}; deploy again with `--verify`, which stops that \
             before the upload",
            count(duplicates, "time")
        ));
    }
    notices
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wrangler::log::WranglerOutput;

    #[test]
    fn a_difference_and_duplicates_are_shouted_and_agreement_is_silent() {
        let bundle = Bundle { raw_bytes: 10, ..Bundle::default() };
        let said = |raw_bytes, duplicates: &[&str]| {
            let duplicates = duplicates.iter().map(|name| (*name).to_owned()).collect();
            let heard = WranglerOutput { raw_bytes, duplicates, ..WranglerOutput::default() };
            disagreement(&bundle, &Deployed { code: 0, heard }).len()
        };
        assert_eq!([said(Some(10), &[]), said(None, &[]), said(Some(11), &[]), said(Some(11), &["a"])], [0, 0, 1, 2]);
    }
}
