//! Our own commands, one file each: `run()` names the steps of the session that it takes.

pub(crate) mod baseline;
pub(crate) mod cache;
pub(crate) mod check;
pub(crate) mod classify;
pub(crate) mod deploy;
pub(crate) mod doctor;
pub(crate) mod doctor_install;
pub(crate) mod doctor_wheels;
pub(crate) mod explain;
pub(crate) mod impact;
pub(crate) mod init;
pub(crate) mod lock;
pub(crate) mod pywrangler;
pub(crate) mod stage;
mod subject;
pub(crate) mod why;

use crate::cli::{Command, DoctorCommand};
use crate::error::{Error, Result};
use crate::session::{Ended, Session, Step};
use camino::Utf8Path;

/// Runs one of our own commands.
pub(crate) fn run(session: Session<'_>) -> Step<'_, Ended<'_>> {
    match &session.invocation.command {
        Command::Upload(_) => deploy::run(session),
        // `report` is `check` told by package: the plan is shown in another way.
        Command::Check | Command::Report => check::run(session),
        Command::Stage { out } => stage::run(session, out),
        Command::Lock => lock::run(session),
        Command::Cache(command) => cache::run(session, *command),
        Command::Doctor(DoctorCommand::Examine) => doctor::run(session),
        Command::Doctor(DoctorCommand::Wheels) => doctor_wheels::run(session),
        Command::Doctor(DoctorCommand::Install) => doctor_install::run(session),
        Command::Baseline => baseline::run(session),
        Command::Classify => classify::run(session),
        Command::Init(args) => init::run(session, *args),
        Command::Why(name) => why::run(session, name),
        Command::Impact(name) => impact::run(session, name),
    }
}

/// Writes a file that is committed, in one go: nobody reads half of it.
fn replace(path: &Utf8Path, text: &str) -> Result<()> {
    use std::io::Write;
    use std::os::unix::fs::PermissionsExt;
    let unwritable = |error: std::io::Error| Error::unwritable(&error);
    // A link stays one: what it leads to is written.
    let target = path.canonicalize_utf8().unwrap_or_else(|_| path.to_owned());
    let directory = target.parent().unwrap_or(Utf8Path::new("/"));
    let mut file = tempfile::Builder::new().prefix(".saddlebag-").tempfile_in(directory).map_err(unwritable)?;
    file.write_all(text.as_bytes()).map_err(unwritable)?;
    // A temporary file is its owner's alone; this is everybody's, as any file of a repository.
    file.as_file().set_permissions(std::fs::Permissions::from_mode(0o644)).map_err(unwritable)?;
    file.persist(&target).map_err(|error| Error::unwritable(&error.error))?;
    Ok(())
}
