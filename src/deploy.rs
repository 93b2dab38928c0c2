//! Runs pywrangler in the stage and collects what wrangler reported.
//!
//! A live deploy is never reported as failed. Output that the user sees is unchanged.

pub(crate) mod refusal;

use crate::error::Result;
use crate::gates::Cleared;
use crate::passthrough::Passthrough;
use crate::process::{self, Ended, Stdout};
use crate::project::Project;
use crate::stage::Stage;
use crate::tools::Toolchain;
use crate::wrangler::dry_run::DryRun;
use crate::wrangler::log::{LogCapture, WranglerOutput};
use std::ffi::OsString;

/// How pywrangler ended, and what wrangler reported about the upload.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Deployed {
    pub(crate) code: i32,
    pub(crate) heard: WranglerOutput,
}

impl From<&DryRun> for Deployed {
    /// The user's dry run, if `verify` has run it already.
    fn from(dry_run: &DryRun) -> Self {
        Self { code: dry_run.code, heard: dry_run.heard.clone() }
    }
}

/// Input for a deploy, besides the stage.
#[derive(Debug, Clone, Copy)]
pub(crate) struct DeployRequest<'a> {
    /// The pywrangler command: `["versions", "upload"]`.
    pub(crate) command: &'a [&'a str],
    pub(crate) words: &'a Passthrough,
    pub(crate) project: &'a Project,
    pub(crate) toolchain: &'a Toolchain,
    pub(crate) stdout: Stdout,
}

/// Starts `pywrangler COMMAND` in the stage and waits for it. The stage is returned, because
/// wrangler may have written to it.
///
/// Fails if pywrangler cannot be started; its own exit code is in `Deployed`.
pub(crate) fn deploy(stage: Cleared<Stage>, request: &DeployRequest<'_>) -> (Stage, Result<Deployed>) {
    let (stage, _) = stage.into_parts();
    let deployed = start(&stage, request);
    (stage, deployed)
}

fn start(stage: &Stage, request: &DeployRequest<'_>) -> Result<Deployed> {
    let DeployRequest { command, words, project, toolchain, stdout } = *request;
    let mut environment = toolchain.environment.clone();
    if let (Some(name), Some(_)) = (&project.config.environment, &project.config.generated_for) {
        // The stage was built for this environment. Not passed as a flag, which would also load `.env.NAME`.
        environment.set("CLOUDFLARE_ENV", name);
    }
    let ear = LogCapture::beside_the_user(&mut environment, &project.cwd)?;
    let mut argv: Vec<OsString> = toolchain.pywrangler.program.argv.clone();
    argv.extend(words.before().iter().cloned());
    argv.extend(command.iter().map(OsString::from));
    argv.extend(words.for_child(&stage.config, &project.cwd, &project.process_cwd));
    let (Ended { code }, printed) = process::run_overheard(&argv, &stage.dir, &environment, stdout)?;
    let mut heard = ear.heard();
    heard.take_printed_errors(&printed);
    Ok(Deployed { code, heard })
}
