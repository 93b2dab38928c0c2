//! The temporary stage below the project's `.wrangler/saddlebag`: created, locked and removed.
//!
//! A lock file marks a stage as in use. A killed run leaves its directory and lock file behind, and the next run
//! removes both. A kept stage has no lock file and is never removed automatically.

use crate::error::{Error, Result, utf8};
use camino::{Utf8Path, Utf8PathBuf};
use std::fs::TryLockError;
use std::io;
use tempfile::NamedTempFile;

const IGNORE_FILE: &str = ".gitignore";
const IGNORE: &str = "*\n";
/// The same, and records for later runs that saddlebag created `.wrangler` itself.
const IGNORE_IN_OURS: &str = "# saddlebag made .wrangler as well\n*\n";
const LOCK_SUFFIX: &str = ".lock";

/// `<project>/.wrangler/saddlebag`, where stages live.
#[derive(Debug)]
struct Home {
    project_root: Utf8PathBuf,
    path: Utf8PathBuf,
}

/// Allows one run at a time to create or remove directories of a project. The lock is on the project directory itself,
/// which leaves no file behind. Held only briefly.
struct DirLock {
    _directory: Option<std::fs::File>,
}

impl DirLock {
    fn take(project_root: &Utf8Path) -> Self {
        let directory = fs_err::File::open(project_root).ok().map(fs_err::File::into_file);
        // Without file locks, two simultaneous runs may fail with an error.
        Self { _directory: directory.filter(|directory| directory.lock().is_ok()) }
    }
}

/// A stage directory and the lock that marks it as in use.
#[derive(Debug)]
pub(super) struct StageLock {
    home: Home,
    pub(super) stage: Utf8PathBuf,
    lock: NamedTempFile,
}

impl StageLock {
    /// Removes leftovers of killed runs, then creates an empty stage directory. Errors: `Unwritable`.
    pub(super) fn new(project_root: &Utf8Path) -> Result<Self> {
        let _turn = DirLock::take(project_root);
        let home = Home::make(project_root).map_err(|error| Error::unwritable(&error))?;
        home.sweep();
        match home.claim() {
            Ok((stage, lock)) => Ok(Self { home, stage, lock }),
            Err(error) => {
                home.tidy();
                Err(Error::unwritable(&error))
            }
        }
    }

    /// Keeps the stage on disk and releases its lock.
    pub(super) fn keep(self) -> Utf8PathBuf {
        let _turn = DirLock::take(&self.home.project_root);
        // Lock file first: while the lock is held, no other run treats the directory as a leftover.
        drop(self.lock);
        self.stage
    }

    /// Removes the stage, and the directories above it that are ours and empty.
    pub(super) fn remove(self) -> Result<()> {
        let _turn = DirLock::take(&self.home.project_root);
        let removed = remove_tree(&self.stage);
        if removed.is_ok() {
            drop(self.lock);
        } else {
            // The next run removes it.
            let _ = self.lock.keep();
        }
        self.home.tidy();
        removed.map_err(|error| Error::unwritable(&error))
    }
}

impl Home {
    fn make(project_root: &Utf8Path) -> io::Result<Self> {
        let above = project_root.join(".wrangler");
        let home = Self { project_root: project_root.to_owned(), path: above.join("saddlebag") };
        let made_above = make_directory(&above)?;
        let furnished = make_directory(&home.path).and_then(|_| home.write_ignore_file(made_above));
        if let Err(error) = furnished {
            home.tidy();
            if made_above {
                let _ = fs_err::remove_dir(&above);
            }
            return Err(error);
        }
        Ok(home)
    }

    fn write_ignore_file(&self, made_above: bool) -> io::Result<()> {
        let path = self.path.join(IGNORE_FILE);
        if made_above {
            fs_err::write(path, IGNORE_IN_OURS)
        } else if path.exists() {
            Ok(())
        } else {
            fs_err::write(path, IGNORE)
        }
    }

    /// Takes the lock before creating the directory, so a directory whose lock is free is always a leftover.
    fn claim(&self) -> io::Result<(Utf8PathBuf, NamedTempFile)> {
        let lock = tempfile::Builder::new().prefix("stage-").suffix(LOCK_SUFFIX).tempfile_in(&self.path)?;
        match lock.as_file().try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(io::ErrorKind::WouldBlock.into()),
            // Without file locks, no other run can take this one either, so none removes the stage.
            Err(TryLockError::Error(_)) => {}
        }
        // Children inherit the lock: a pywrangler that outlives a killed saddlebag still needs its stage.
        let _ = rustix::io::fcntl_setfd(lock.as_file(), rustix::io::FdFlags::empty());
        let path = utf8(lock.path()).map_err(|error| io::Error::other(error.message))?;
        let stage = Utf8PathBuf::from(path.as_str().trim_end_matches(LOCK_SUFFIX));
        fs_err::create_dir(&stage)?;
        Ok((stage, lock))
    }

    /// Removes the stages of runs that have ended. Failures are ignored: leftovers do no harm.
    fn sweep(&self) {
        let Ok(entries) = fs_err::read_dir(&self.path) else { return };
        for entry in entries.flatten() {
            let Ok(lock) = utf8(entry.path()) else { continue };
            let stage = lock.file_name().filter(|name| name.starts_with("stage-"));
            if let Some(stage) = stage.and_then(|name| name.strip_suffix(LOCK_SUFFIX)) {
                let _ = sweep_one(&lock, &self.path.join(stage));
            }
        }
    }

    /// Removes directories that contain nothing but saddlebag's own `.gitignore`.
    fn tidy(&self) {
        let ignore_file = self.path.join(IGNORE_FILE);
        let Ok(entries) = fs_err::read_dir(&self.path) else { return };
        if entries.flatten().any(|entry| entry.file_name() != IGNORE_FILE) {
            return;
        }
        let ignore = fs_err::read_to_string(&ignore_file).unwrap_or_default();
        if !ignore.is_empty() && ignore != IGNORE && ignore != IGNORE_IN_OURS {
            return;
        }
        let _ = fs_err::remove_file(&ignore_file);
        let removed = fs_err::remove_dir(&self.path);
        if let (Ok(()), IGNORE_IN_OURS, Some(above)) = (removed, ignore.as_str(), self.path.parent()) {
            let _ = fs_err::remove_dir(above);
        }
    }
}

fn sweep_one(lock: &Utf8Path, stage: &Utf8Path) -> io::Result<()> {
    let file = fs_err::OpenOptions::new().read(true).write(true).open(lock)?;
    if file.try_lock().is_ok() {
        remove_tree(stage)?;
        fs_err::remove_file(lock)?;
    }
    Ok(())
}

/// True if the directory was not there.
fn make_directory(path: &Utf8Path) -> io::Result<bool> {
    match fs_err::create_dir(path) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && path.is_dir() => Ok(false),
        Err(error) => Err(error),
    }
}

fn remove_tree(path: &Utf8Path) -> io::Result<()> {
    match fs_err::remove_dir_all(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}
