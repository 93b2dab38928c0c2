//! Between the stage and the upload: the gates that judge the stage itself, `smoke` and `verify`.
//!
//! Receives the stage and everything before it; hands on what a dry run of the user's own came to, and puts the
//! judgements in their places. Must never clear anything: the verdict does.

use super::steps::today;
use crate::bundle::Bundle;
use crate::cli::Command;
use crate::deploy::Deployed;
use crate::error::Result;
use crate::gate::{self, Judgement};
use crate::passthrough::Passthrough;
use crate::project::Project;
use crate::settings::Settings;
use crate::stage::Stage;
use crate::term::Terminal;
use crate::tool::{self, Stdout};
use crate::toolchain::Toolchain;
use crate::verify::{self, Audience, Rehearsed};

/// What the gates of the stage are asked with.
#[derive(Debug, Clone, Copy)]
pub(super) struct Proof<'a> {
    pub(super) stage: &'a Stage,
    pub(super) bundle: &'a Bundle,
    pub(super) command: &'a Command,
    pub(super) words: &'a Passthrough,
    pub(super) project: &'a Project,
    pub(super) toolchain: &'a Toolchain,
    pub(super) settings: &'a Settings,
    /// Where the user sees a dry run of his own.
    pub(super) stdout: Stdout,
}

/// Whether any gate wants a stage, also where nothing is uploaded.
pub(super) fn is_wanted(settings: &Settings) -> bool {
    gate::is_wanted("verify", settings)
}

impl Proof<'_> {
    /// wrangler's dry run, judged. Where the user asked for a dry run, that was it, and this is what it came to.
    ///
    /// # Errors
    /// `Interrupted`; whatever else goes wrong breaks the gate.
    pub(super) fn verify(&self, judgements: &mut [Judgement], terminal: &Terminal) -> Result<Option<Deployed>> {
        if !gate::is_wanted("verify", self.settings) {
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
        gate::judge_stage(judgements, "verify", self.settings, &today(), || {
            Ok(gate::verify::judge(self.bundle, &rehearsed?))
        });
        Ok(deployed)
    }

    fn rehearse(&self, audience: Audience) -> Result<Rehearsed> {
        verify::rehearse(self.stage, self.bundle, self.command, self.words, self.project, self.toolchain, audience)
    }
}
