//! Commands that are not the corridor: thin, on the same rooms.
//!
//! Receives words, or what the corridor has planned; hands on an exit code or an answer. Must never do what a room does.

pub(crate) mod baseline;
pub(crate) mod doctor_wheels;
pub(crate) mod explain;
pub(crate) mod impact;
pub(crate) mod lock;
pub(crate) mod pywrangler;
mod subject;
pub(crate) mod why;

use crate::error::{Error, Result};
use camino::Utf8Path;

/// What a command that only asks says: for people, and as one JSON document.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) text: String,
    pub(crate) json: String,
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
