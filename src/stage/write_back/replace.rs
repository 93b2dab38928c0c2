//! Atomically replaces one of the user's files, if it still has the expected content.
//!
//! Symbolic links, the mode and (where permitted) the owner are preserved.

use camino::Utf8Path;
use std::io::Write;

pub(super) const CHANGED: &str = "it was changed during the deploy";

/// Replaces the content of `path`. Errors: the reason, as a fragment; the file is then unchanged.
pub(super) fn replace(path: &Utf8Path, expected: &[u8], text: &str) -> Result<(), String> {
    let target = fs_err::canonicalize(path).map_err(said)?;
    let metadata = fs_err::metadata(&target).map_err(said)?;
    // A rename needs write permission on the directory only; respect a read-only file.
    if metadata.permissions().readonly() {
        return Err("it is read-only".to_owned());
    }
    fs_err::OpenOptions::new().write(true).open(&target).map_err(said)?;
    let directory = target.parent().ok_or("it has no directory")?;
    let mut file = tempfile::Builder::new().prefix(".saddlebag-").tempfile_in(directory).map_err(said)?;
    file.write_all(text.as_bytes()).map_err(said)?;
    fs_err::set_permissions(file.path(), metadata.permissions()).map_err(said)?;
    keep_owner(file.path(), &metadata);
    file.as_file().sync_all().map_err(said)?;
    if fs_err::read(&target).map_err(said)? != expected {
        return Err(CHANGED.to_owned());
    }
    file.persist(&target).map_err(|error| said(error.error))?;
    Ok(())
}

#[expect(clippy::needless_pass_by_value, reason = "for map_err")]
fn said(error: std::io::Error) -> String {
    error.to_string()
}

/// Only root may change the owner; for other users the new file is their own, as after saving in an editor.
#[cfg(unix)]
fn keep_owner(path: &std::path::Path, metadata: &std::fs::Metadata) {
    use std::os::unix::fs::MetadataExt;
    let _ = std::os::unix::fs::chown(path, Some(metadata.uid()), Some(metadata.gid()));
}

#[cfg(not(unix))]
fn keep_owner(_: &std::path::Path, _: &std::fs::Metadata) {}
