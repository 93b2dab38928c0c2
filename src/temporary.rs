//! Temporary directories outside the project, gone when they are dropped.

use crate::error::{Error, ErrorKind, Result};
use std::io;
use tempfile::TempDir;

/// # Errors
/// `ErrorKind::Unwritable`, and it is `TMPDIR` that has to change, not the project.
pub(crate) fn directory() -> Result<TempDir> {
    tempfile::tempdir().map_err(|error| unwritable(&error))
}

fn unwritable(error: &io::Error) -> Error {
    let place = std::env::temp_dir();
    let place = place.display();
    let (why, hint) = match error.kind() {
        io::ErrorKind::NotFound => ("it does not exist".to_owned(), "set `TMPDIR` to a directory that exists"),
        io::ErrorKind::NotADirectory => ("it is not a directory".to_owned(), "set `TMPDIR` to a directory"),
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
            ("it is not writable".to_owned(), "make it writable, or set `TMPDIR` to a directory that is")
        }
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            ("it is full".to_owned(), "free some space there, or set `TMPDIR` to another directory")
        }
        _ => (error.to_string(), "set `TMPDIR` to another directory"),
    };
    Error::new(ErrorKind::Unwritable, format!("cannot create a temporary directory in `{place}`: {why}"), hint)
}
