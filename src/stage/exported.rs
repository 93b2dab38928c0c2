//! The stage of `stage --out DIR`: written to a temporary directory, then moved to its target in one step.
//!
//! The target must be missing or empty. If writing fails, everything that was created is removed.

use crate::error::{Error, ErrorKind, Result, utf8};
use camino::{Utf8Path, Utf8PathBuf};
use std::io;
use tempfile::TempDir;

/// An export in progress: its target and everything created for it.
#[derive(Debug)]
pub(super) struct Export {
    /// Absolute; links are resolved if it existed.
    pub(super) target: Utf8PathBuf,
    /// The directory existed and was empty, so it is kept when the stage is removed.
    existed: bool,
    /// Parent directories that were created for it, outermost first.
    made: Vec<Utf8PathBuf>,
    /// Entries that were moved into it; only these are removed.
    placed: Vec<Utf8PathBuf>,
    temp_dir: Option<TempDir>,
}

impl Export {
    /// Errors: `Usage` if the target is not empty, `Unwritable`.
    pub(super) fn new(directory: &Utf8Path) -> Result<Self> {
        let existed = is_empty_directory(directory)?;
        let target = if existed {
            let resolved = fs_err::canonicalize(directory).map_err(|error| Error::unreadable(&error))?;
            utf8(resolved)?
        } else {
            absolute(directory)?
        };
        let mut export = Self { target, existed, made: Vec::new(), placed: Vec::new(), temp_dir: None };
        match export.open_workshop() {
            Ok(temp_dir) => export.temp_dir = Some(temp_dir),
            Err(error) => {
                export.unmake();
                return Err(Error::unwritable(&error));
            }
        }
        Ok(export)
    }

    /// Where the stage is written before it moves.
    pub(super) fn draft(&self) -> Result<Utf8PathBuf> {
        let temp_dir = self.temp_dir.as_ref().ok_or_else(moved_already)?;
        Ok(utf8(temp_dir.path())?.join("stage"))
    }

    /// Moves the draft to the target.
    pub(super) fn finalize(&mut self) -> Result<()> {
        let draft = self.draft()?;
        let moved = if self.existed {
            // Entry by entry: the directory may be a mount point or the user's working directory.
            self.placed = entries(&draft)?.into_iter().map(|name| self.target.join(name)).collect();
            self.placed.iter().try_for_each(|to| {
                let name = to.file_name().unwrap_or_default();
                fs_err::rename(draft.join(name), to)
            })
        } else {
            let moved = fs_err::rename(&draft, &self.target);
            if !matches!(&moved, Err(error) if error.kind() != io::ErrorKind::CrossesDevices) {
                self.placed = vec![self.target.clone()];
            }
            moved
        };
        match moved {
            Err(error) if error.kind() == io::ErrorKind::CrossesDevices => copy_across(&draft, &self.target)?,
            Err(error) => return Err(Error::unwritable(&error)),
            Ok(()) => {}
        }
        self.temp_dir = None;
        Ok(())
    }

    /// Removes everything that was created, and nothing else.
    pub(super) fn remove(mut self) -> Result<()> {
        let removed = self.placed.iter().try_for_each(|path| remove_path(path));
        self.temp_dir = None;
        self.unmake();
        removed.map_err(|error| Error::unwritable(&error))
    }

    fn open_workshop(&mut self) -> io::Result<TempDir> {
        let parent = self.target.parent().unwrap_or(&self.target).to_owned();
        let missing: Vec<_> = parent.ancestors().take_while(|directory| !directory.exists()).collect();
        for directory in missing.into_iter().rev() {
            fs_err::create_dir(directory)?;
            self.made.push(directory.to_owned());
        }
        let temp_dir = match tempfile::Builder::new().prefix(".saddlebag-").tempdir_in(&parent) {
            Err(error) if self.existed && is_refusal(&error) => tempfile::Builder::new().prefix("saddlebag-").tempdir(),
            other => other,
        }?;
        // In a subdirectory, because only the owner can access the temporary directory itself.
        fs_err::create_dir(temp_dir.path().join("stage"))?;
        Ok(temp_dir)
    }

    fn unmake(&mut self) {
        for directory in self.made.drain(..).rev() {
            let _ = fs_err::remove_dir(directory);
        }
    }
}

fn moved_already() -> Error {
    Error::new(ErrorKind::Internal, "the exported stage was moved twice", "report this defect")
}

fn is_refusal(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem)
}

fn absolute(path: &Utf8Path) -> Result<Utf8PathBuf> {
    let path = camino::absolute_utf8(path).map_err(|error| Error::unreadable(&error))?;
    Ok(crate::project::resolve(&path, ""))
}

/// True for an empty directory, false if it does not exist.
fn is_empty_directory(path: &Utf8Path) -> Result<bool> {
    let usage = |why: &str| {
        Err(Error::new(ErrorKind::Usage, format!("`{path}` {why}"), "name a directory that is empty or does not exist"))
    };
    if !path.exists() {
        return if path.is_symlink() { usage("is a link to nothing") } else { Ok(false) };
    }
    if !path.is_dir() {
        return usage("is not a directory");
    }
    let mut entries = fs_err::read_dir(path).map_err(|error| Error::unreadable(&error))?;
    if entries.next().is_some() { usage("is not empty") } else { Ok(true) }
}

/// The names in a directory of ours, which are all UTF-8.
fn entries(directory: &Utf8Path) -> Result<Vec<String>> {
    let entries = directory.read_dir_utf8().map_err(|error| Error::unwritable(&error))?;
    entries
        .map(|entry| entry.map(|entry| entry.file_name().to_owned()).map_err(|error| Error::unwritable(&error)))
        .collect()
}

/// Copies to another file system. `fs_extra` follows links, so there must be none: a stage has plain files only.
fn copy_across(from: &Utf8Path, to: &Utf8Path) -> Result<()> {
    let stray = walkdir::WalkDir::new(from).into_iter().flatten().find(|entry| entry.path_is_symlink());
    if let Some(stray) = stray {
        let message = format!("the stage holds a link, `{}`", stray.path().display());
        return Err(Error::new(ErrorKind::Internal, message, "report this defect"));
    }
    let options = fs_extra::dir::CopyOptions::new().content_only(true).copy_inside(true);
    fs_extra::dir::move_dir(from, to, &options).map(drop).map_err(|error| {
        let kind = match &error.kind {
            fs_extra::error::ErrorKind::Io(error) => error.kind(),
            fs_extra::error::ErrorKind::PermissionDenied => io::ErrorKind::PermissionDenied,
            _ => io::ErrorKind::Other,
        };
        Error::unwritable(&io::Error::new(kind, format!("failed to write `{to}`: {error}")))
    })
}

fn remove_path(path: &Utf8Path) -> io::Result<()> {
    let removed = if path.is_dir() { fs_err::remove_dir_all(path) } else { fs_err::remove_file(path) };
    match removed {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    fn draft() -> (TempDir, Utf8PathBuf, Utf8PathBuf) {
        let directory = tempfile::tempdir().unwrap();
        let root = Utf8Path::from_path(directory.path()).unwrap();
        let (from, to) = (root.join("draft"), root.join("target"));
        fs_err::create_dir_all(from.join("a/empty")).unwrap();
        fs_err::write(from.join("a/script"), "x").unwrap();
        fs_err::set_permissions(from.join("a/script"), PermissionsExt::from_mode(0o755)).unwrap();
        (directory, from, to)
    }

    #[test]
    fn what_is_copied_across_keeps_its_shape_and_mode() {
        for exists in [false, true] {
            let (_directory, from, to) = draft();
            if exists {
                fs_err::create_dir(&to).unwrap();
            }
            copy_across(&from, &to).unwrap();
            assert_eq!(fs_err::read_to_string(to.join("a/script")).unwrap(), "x");
            assert_eq!(fs_err::metadata(to.join("a/script")).unwrap().permissions().mode() & 0o777, 0o755);
            assert!(to.join("a/empty").is_dir());
            assert!(!from.exists());
        }
    }

    #[test]
    fn a_link_is_never_copied_across() {
        let (_directory, from, to) = draft();
        std::os::unix::fs::symlink("/etc", from.join("a/link")).unwrap();
        assert_eq!(copy_across(&from, &to).unwrap_err().kind, ErrorKind::Internal);
        assert!(!to.exists());
    }

    #[test]
    fn a_target_that_somebody_else_made_meanwhile_is_left_alone() {
        let (_directory, _, to) = draft();
        let mut export = Export::new(&to).unwrap();
        fs_err::write(export.draft().unwrap().join("ours"), "").unwrap();
        fs_err::create_dir(&to).unwrap();
        fs_err::write(to.join("theirs"), "").unwrap();
        assert_eq!(export.finalize().unwrap_err().kind, ErrorKind::Unwritable);
        export.remove().unwrap();
        assert_eq!(entries(&to).unwrap(), ["theirs"]);
    }
}
