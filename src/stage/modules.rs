//! Writes the planned modules as files: checks names, creates directories and copies contents in parallel.
//!
//! Nothing is written outside the stage. Links are never created, and every file is writable by its owner so that it
//! can be removed.

use crate::bundle::{Content, Module};
use crate::error::{Error, ErrorKind, Result};
use camino::{Utf8Component, Utf8Path, Utf8PathBuf};
use rayon::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::io;

/// Modules of packages keep their upload name, which starts with this directory.
pub(super) const VENDORED: &str = "python_modules";
/// The module root of everything else.
pub(super) const WORKER: &str = "worker";
/// What pywrangler looks for in the vendored directory; no module may take its place.
pub(super) const TOKEN: &str = ".synced";

/// A module's path in the stage. Errors: `Internal` for a name that would escape the stage or is not a file name.
pub(super) fn staged_path(name: &str) -> Result<Utf8PathBuf> {
    let refuse = |why: &str| {
        let hint = "rename the file, or exclude it";
        Err(Error::new(ErrorKind::Internal, format!("the module name {name:?} {why}"), hint))
    };
    if name.contains('\0') {
        return refuse("holds a NUL");
    }
    if name.split('/').any(|component| matches!(component, "" | "." | "..")) {
        return refuse("is not a path below the module root");
    }
    // Separators other than `/` on Windows: drives and backslashes.
    if !Utf8Path::new(name).components().all(|component| matches!(component, Utf8Component::Normal(_))) {
        return refuse("is not a path below the module root");
    }
    match name.split_once('/') {
        Some((VENDORED, TOKEN)) => refuse("is taken by pywrangler's token"),
        Some((VENDORED, _)) => Ok(name.into()),
        None if name == VENDORED => refuse("is the directory of the vendored packages"),
        _ => Ok(Utf8Path::new(WORKER).join(name)),
    }
}

/// Modules by their path in the stage. Of two with the same name the later one wins, as in wrangler's upload.
pub(super) fn placed(modules: &[Module]) -> Result<BTreeMap<Utf8PathBuf, &Module>> {
    modules.iter().map(|module| Ok((staged_path(&module.name)?, module))).collect()
}

/// Writes every module below `stage`, which exists. Errors: `Unreadable` for a source, `Unwritable` for the stage.
pub(super) fn write(stage: &Utf8Path, modules: &BTreeMap<Utf8PathBuf, &Module>) -> Result<()> {
    let mut directories: BTreeSet<&Utf8Path> = [Utf8Path::new(VENDORED), Utf8Path::new(WORKER)].into();
    for path in modules.keys() {
        directories.extend(path.ancestors().skip(1).filter(|directory| !directory.as_str().is_empty()));
    }
    // Sorted, so a directory comes before what is in it.
    for directory in directories {
        fs_err::create_dir(stage.join(directory)).map_err(|error| Error::unwritable(&error))?;
    }
    modules.par_iter().try_for_each(|(path, module)| write_one(&stage.join(path), module))
}

fn write_one(to: &Utf8Path, module: &Module) -> Result<()> {
    match &module.content {
        Content::Inline(bytes) => fs_err::write(to, bytes).map_err(|error| Error::unwritable(&error))?,
        Content::File(from) => copy(from, to)?,
    }
    let staged = fs_err::metadata(to).map_err(|error| Error::unwritable(&error))?;
    if staged.len() != module.bytes {
        return Err(Error::new(
            ErrorKind::Unreadable,
            format!("`{}` was {} bytes when it was planned and is {} now", module.name, module.bytes, staged.len()),
            "let what changes the file finish, then run again",
        ));
    }
    Ok(())
}

/// A copy that shares the blocks where the file system can, readable and writable by its owner whatever the source is.
fn copy(from: &Utf8Path, to: &Utf8Path) -> Result<()> {
    if let Err(error) = reflink_copy::reflink_or_copy(from, to) {
        // The error does not say which of the two files it is about.
        fs_err::File::open(from).map_err(|error| Error::unreadable(&error))?;
        let error = io::Error::new(error.kind(), format!("failed to write `{to}`: {error}"));
        return Err(Error::unwritable(&error));
    }
    plain_mode(to)
}

/// A read-only source would make a file that cannot be removed on every system, and modes are not part of an upload.
#[cfg(unix)]
fn plain_mode(path: &Utf8Path) -> Result<()> {
    use std::os::unix::fs::PermissionsExt;
    fs_err::set_permissions(path, PermissionsExt::from_mode(0o644)).map_err(|error| Error::unwritable(&error))
}

#[cfg(not(unix))]
fn plain_mode(path: &Utf8Path) -> Result<()> {
    let mut permissions = fs_err::metadata(path).map_err(|error| Error::unwritable(&error))?.permissions();
    permissions.set_readonly(false);
    fs_err::set_permissions(path, permissions).map_err(|error| Error::unwritable(&error))
}
