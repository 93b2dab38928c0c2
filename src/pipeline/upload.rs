//! The last room and what follows it: the deploy, what wrangler wrote into the stage, and what its own figures say.
//!
//! Receives a `Cleared<Stage>`; hands on `Deployed` and puts what there is to say into the remarks. Must never turn a
//! deploy that is live into a failure.

use crate::bundle::Bundle;
use crate::cli::Command;
use crate::deploy::{self, Deployed};
use crate::error::Result;
use crate::gate::Cleared;
use crate::passthrough::Passthrough;
use crate::project::Project;
use crate::quantity::count;
use crate::settings::Settings;
use crate::stage::{self, Stage};
use crate::tool::Stdout;
use crate::toolchain::Toolchain;

/// What the upload is asked with.
#[derive(Debug, Clone, Copy)]
pub(super) struct Upload<'a> {
    pub(super) bundle: &'a Bundle,
    pub(super) command: &'a Command,
    pub(super) words: &'a Passthrough,
    pub(super) project: &'a Project,
    pub(super) toolchain: &'a Toolchain,
    pub(super) settings: &'a Settings,
    pub(super) stdout: Stdout,
}

impl Upload<'_> {
    /// Deploys, unless a dry run that the user asked for has been made already.
    ///
    /// # Errors
    /// Only what keeps pywrangler from being started. The stage is put away, and the remarks are made, either way.
    pub(super) fn run(
        &self,
        stage: Cleared<Stage>,
        done: Option<Deployed>,
        remarks: &mut Vec<String>,
    ) -> Result<Deployed> {
        let result = match done {
            Some(deployed) => Ok(deployed),
            None => deploy::deploy(&stage, self.command, self.words, self.project, self.toolchain, self.stdout),
        };
        // Whatever became of the upload: wrangler writes before it.
        let stage::WrittenBack { remarks: written, keep_stage } = self.write_back(stage.get());
        remarks.extend(written);
        put_away(stage.into_inner(), self.settings.keep_stage || keep_stage, self.project, remarks);
        let deployed = result?;
        remarks.extend(disagreement(self.bundle, &deployed));
        if deployed.code != 0 {
            remarks.extend(deploy::refusal::hint(&deployed.heard.errors));
        }
        Ok(deployed)
    }

    /// What wrangler wrote into the staged configuration, such as the ids of resources that it made, must reach the user's.
    fn write_back(&self, stage: &Stage) -> stage::WrittenBack {
        let config = &self.project.config;
        let users = stage::ConfigSource { path: &config.path, text: &config.text, format: config.format };
        let withheld = match (self.words.dry_run(), self.settings.no_write_back) {
            (true, _) => Some("a dry run writes nothing"),
            (false, true) => Some("`--no-write-back`"),
            (false, false) => None,
        };
        stage.write_back(&users, &self.project.display(&config.path), withheld)
    }
}

/// Removes a stage, or keeps it and says where it is.
pub(super) fn put_away(stage: Stage, keep: bool, project: &Project, remarks: &mut Vec<String>) {
    if keep {
        remarks.push(format!("the stage is kept: {}", project.display(&stage.keep())));
    } else if let Err(error) = stage.remove() {
        remarks.push(format!("the stage was not removed: {error}"));
    }
}

/// wrangler's own figures against the plan. Said loudly, and never more: the deploy may be live.
fn disagreement(bundle: &Bundle, deployed: &Deployed) -> Vec<String> {
    let mut said = Vec::new();
    if let Some(raw) = deployed.heard.raw_bytes.filter(|raw| *raw != bundle.raw_bytes) {
        said.push(format!(
            "warning: wrangler counted {raw} bytes and the plan has {}: something else was uploaded than planned; \
             deploy again with `--verify`, which stops that before the upload",
            bundle.raw_bytes
        ));
    }
    let duplicates = deployed.heard.duplicates.len();
    if duplicates > 0 {
        said.push(format!(
            "warning: wrangler said `Ignoring duplicate module` {}; deploy again with `--verify`, which stops that \
             before the upload",
            count(duplicates, "time")
        ));
    }
    said
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::heard::Heard;

    #[test]
    fn a_difference_and_duplicates_are_shouted_and_agreement_is_silent() {
        let bundle = Bundle { raw_bytes: 10, ..Bundle::default() };
        let said = |raw_bytes, duplicates: &[&str]| {
            let duplicates = duplicates.iter().map(|name| (*name).to_owned()).collect();
            let heard = Heard { raw_bytes, duplicates, ..Heard::default() };
            disagreement(&bundle, &Deployed { code: 0, heard }).len()
        };
        assert_eq!([said(Some(10), &[]), said(None, &[]), said(Some(11), &[]), said(Some(11), &["a"])], [0, 0, 1, 2]);
    }
}
