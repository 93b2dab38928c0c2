//! Resolves requirements to packages: the pywrangler sync workspace, its cache, and explanations of failures.
//!
//! The result is `Vendored`, a read-only tree of unpruned packages that pywrangler resolved and installed. The project
//! is not written to, and a finished tree is never changed.

pub(crate) mod cache;
mod downgrade;
mod explain;
mod key;
mod lock;
mod lock_difference;
mod python_support;
mod sync;
mod uv_settings;
mod uv_sources;
mod uv_workspace;
mod workspace;

pub(crate) use downgrade::{Downgrade, Lift};
#[cfg(test)]
pub(crate) use explain::FoundVersion;
pub(crate) use explain::{Column, Conflict, Imported, Reason, Unresolved, chain_in_words};
pub(crate) use lock::{LockedPackage, MadeFor};
pub(crate) use lock_difference::LockDifference;

use crate::error::{Error, ErrorKind, Result};
use crate::process;
use crate::project::{Project, Target};
use crate::python::distribution::{self, Distribution};
use crate::terminal::Terminal;
use crate::tools::Toolchain;
use camino::{Utf8Path, Utf8PathBuf};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs::File;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// How long a tree without a lock is valid, because the index may get newer releases.
const UNLOCKED_LIFE: Duration = Duration::from_secs(24 * 60 * 60);
/// Entries unused for this long are removed when a new one is created.
const UNUSED_LIFE: Duration = Duration::from_secs(30 * 24 * 60 * 60);
/// Marker file, written last into a workspace: the tree is complete.
const MARK: &str = "saddlebag.json";
/// What is known of the age of what was resolved; gone with the tree.
const FALLS: &str = "falls.json";

/// The resolved, unpruned packages.
#[derive(Debug, Clone)]
pub(crate) struct Vendored {
    /// The tree that pywrangler made, `<workspace>/python_modules`. Absolute; may not exist when there are no packages.
    pub(crate) modules: Utf8PathBuf,
    /// The resolved lock, `<workspace>/pylock.toml`, if there is one.
    pub(crate) lock: Option<Utf8PathBuf>,
    /// The packages in the lock.
    pub(crate) locked: Vec<LockedPackage>,
    /// The project's lock, if it has one.
    pub(crate) seed: Option<Utf8PathBuf>,
    /// The text of pywrangler's sync token: the version of workers-py.
    pub(crate) token: String,
    /// Sorted by name.
    pub(crate) distributions: Vec<Distribution>,
    /// How the resolution differs from the lock.
    pub(crate) drift: Vec<LockDifference>,
    /// What the lock was made for, if that is not the target.
    pub(crate) lock_made_for: Option<MadeFor>,
    /// Downgrades to outdated releases because of missing wheels; `None` if uv could not resolve.
    pub(crate) falls: Option<Vec<Downgrade>>,
    /// True if it came from the cache without a sync.
    pub(crate) cached: bool,
    /// Shared lock, held while the tree is read so that no other run replaces it.
    _in_use: Arc<File>,
}

/// The outcome of vendoring.
#[derive(Debug)]
pub(crate) enum Outcome {
    Vendored(Box<Vendored>),
    /// For the gate `wheels` to report.
    Unresolved(Box<Unresolved>),
}

#[derive(Debug, Serialize, Deserialize)]
struct Mark {
    /// Seconds since 1970.
    made: u64,
    token: String,
}

/// What is resolved, with what, and how.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ResolveRequest<'a> {
    pub(crate) project: &'a Project,
    pub(crate) target: &'a Target,
    pub(crate) toolchain: &'a Toolchain,
    /// saddlebag's own cache directory.
    pub(crate) cache: &'a Utf8Path,
    pub(crate) terminal: &'a Terminal,
    /// Resolve again, even if cached.
    pub(crate) fresh: bool,
    /// Look for alternatives after a failure. This takes time.
    pub(crate) alternatives: bool,
    /// For a new lock.
    pub(crate) relock: bool,
}

/// One resolution: the plan of its workspace, and what it was made from.
#[derive(Debug, Clone, Copy)]
struct Case<'a> {
    plan: &'a workspace::Plan,
    project: &'a Project,
    target: &'a Target,
    toolchain: &'a Toolchain,
    terminal: &'a Terminal,
}

/// Finds the tree in the cache or has pywrangler make it.
///
/// # Errors
/// `ErrorKind::SyncFailed` with pywrangler's whole output, `ErrorKind::Unwritable` for the cache,
/// `ErrorKind::Interrupted`.
pub(crate) fn vendor(request: &ResolveRequest<'_>) -> Result<Outcome> {
    let ResolveRequest { project, target, toolchain, cache, terminal, .. } = *request;
    let vendored = |vendored| Outcome::Vendored(Box::new(vendored));
    python_support::check_target(toolchain, target)?;
    let mut plan = workspace::plan(project, target, toolchain, request.relock)?;
    plan.wants_alternatives = request.alternatives;
    if let Some(remark) = &plan.remark {
        terminal.line(remark);
    }
    // A pywrangler of unknown version may not be the one that made the entry.
    let fresh = request.fresh || toolchain.pywrangler.version.is_none();
    let directory = cache.join("vendor").join(&plan.key);
    make_private(&cache.join("vendor"))?;
    let lock_path = cache.join("vendor").join(format!("{}.lock", plan.key));
    let lock: File = fs_err::OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&lock_path)
        .map_err(|error| cache_unwritable(&error))?
        .into_file();

    if !fresh {
        wait(&lock, false, terminal)?;
        if let Some(found) = read(&directory, &plan, true, &lock)? {
            return Ok(vendored(found));
        }
        unlock(&lock);
    }
    wait(&lock, true, terminal)?;
    // Another run may have created it while we waited for the lock.
    if !fresh && read(&directory, &plan, true, &lock)?.is_some() {
        return share(&directory, &plan, &lock, true, terminal).map(vendored);
    }
    if let sync::Synced::Unresolved(why) =
        sync::sync(&directory, &Case { plan: &plan, project, target, toolchain, terminal })?
    {
        return Ok(Outcome::Unresolved(why));
    }
    sweep(&cache.join("vendor"), &plan.key);
    share(&directory, &plan, &lock, false, terminal).map(vendored)
}

/// Checks that pywrangler supports the target's Python.
///
/// # Errors
/// `ErrorKind::ToolTooOld`.
pub(crate) fn check_python_support(toolchain: &Toolchain, target: &Target) -> Result<()> {
    python_support::check_target(toolchain, target)
}

/// Resolves the requirements for every Workers Python; nothing is cached.
///
/// # Errors
/// As `vendor`, but for the resolution itself.
pub(crate) fn survey(
    project: &Project,
    target: &Target,
    toolchain: &Toolchain,
    terminal: &Terminal,
) -> Result<Vec<Column>> {
    explain::survey(&workspace::plan(project, target, toolchain, false)?, project, toolchain, terminal)
}

/// The resolved lock in a form to commit: with paths relative to the project's root, and with a `[tool.saddlebag]`
/// table for its target and the downgrades.
///
/// # Errors
/// `ErrorKind::SyncFailed` where pywrangler left no lock, `ErrorKind::Unreadable`.
pub(crate) fn committed(vendored: &Vendored, project: &Project, target: &Target) -> Result<String> {
    let no_lock = || Error::new(ErrorKind::SyncFailed, "`pywrangler sync` left no `pylock.toml`", "update workers-py");
    let lock = vendored.lock.as_deref().ok_or_else(no_lock)?;
    let text = fs_err::read_to_string(lock).map_err(|error| Error::unreadable(&error))?;
    let base = lock.parent().unwrap_or(&project.root);
    let portable = lock_difference::portable(&text, base, &project.root).ok_or_else(no_lock)?;
    let downgrades = vendored.falls.clone().unwrap_or_default();
    let note = lock::Note { python: Some(target.python.clone()), downgrades };
    lock::with_note(&portable, &note).ok_or_else(no_lock)
}

/// Looks for a later compatibility date that avoids each downgrade.
///
/// # Errors
/// `ErrorKind::Interrupted`, and what keeps the tools from being started.
pub(crate) fn lift(
    vendored: &mut Vendored,
    project: &Project,
    target: &Target,
    toolchain: &Toolchain,
    terminal: &Terminal,
) -> Result<()> {
    let Some(falls) = vendored.falls.as_mut().filter(|falls| !falls.is_empty()) else { return Ok(()) };
    let plan = workspace::plan(project, target, toolchain, true)?;
    explain::lift(falls, &plan, target, toolchain, terminal)
}

/// A workspace may contain index credentials, as pyproject.toml may, so only the user can read it.
fn make_private(directory: &Utf8Path) -> Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    let made = std::fs::DirBuilder::new().recursive(true).mode(0o700).create(directory);
    made.map_err(|error| {
        cache_unwritable(&std::io::Error::new(
            error.kind(),
            format!("failed to create directory `{directory}`: {error}"),
        ))
    })
}

/// Downgrades the lock from exclusive to shared: others may read the tree, but not replace it.
fn share(
    directory: &Utf8Path,
    plan: &workspace::Plan,
    lock: &File,
    cached: bool,
    terminal: &Terminal,
) -> Result<Vendored> {
    unlock(lock);
    wait(lock, false, terminal)?;
    read(directory, plan, cached, lock)?.ok_or_else(|| {
        Error::new(
            ErrorKind::SyncFailed,
            "the vendored packages were removed while they were read",
            "run again; keep two `--no-cache` runs apart",
        )
    })
}

fn unlock(lock: &File) {
    let _ = lock.unlock(); // closing the file releases it all the same
}

/// Takes the lock, with a message if another saddlebag holds it.
fn wait(lock: &File, exclusive: bool, terminal: &Terminal) -> Result<()> {
    let try_lock = || if exclusive { lock.try_lock() } else { lock.try_lock_shared() };
    let mut step = None;
    loop {
        match try_lock() {
            Ok(()) => return Ok(()),
            Err(std::fs::TryLockError::WouldBlock) => {
                step.get_or_insert_with(|| {
                    terminal.begin("Waiting for another saddlebag that vendors the same packages")
                });
                process::check_interrupted()?;
                std::thread::sleep(Duration::from_millis(100));
            }
            Err(std::fs::TryLockError::Error(error)) => return Err(cache_unwritable(&error)),
        }
    }
}

/// The entry, if it is complete and still valid.
fn read(directory: &Utf8Path, plan: &workspace::Plan, cached: bool, lock: &File) -> Result<Option<Vendored>> {
    let mark_path = directory.join(MARK);
    let Some(mark) = fs_err::read(&mark_path).ok().and_then(|bytes| serde_json::from_slice::<Mark>(&bytes).ok()) else {
        return Ok(None);
    };
    let age = now().saturating_sub(Duration::from_secs(mark.made));
    if !plan.is_seeded() && age > UNLOCKED_LIFE {
        return Ok(None);
    }
    // The marker's mtime is when it was last used. Ignore errors: a read-only cache still works.
    if let Ok(file) = fs_err::File::open(&mark_path) {
        let _ = file.set_modified(SystemTime::now());
    }
    let modules = directory.join("python_modules");
    let lock_file = directory.join("pylock.toml");
    let lock_file = lock_file.is_file().then_some(lock_file);
    let drift = match (&plan.seed, plan.seed_text(), &lock_file) {
        (Some(seed), Some(locked), Some(lock_file)) => {
            let resolved = fs_err::read_to_string(lock_file).map_err(|error| Error::unreadable(&error))?;
            lock_difference::between((locked, seed.parent().unwrap_or(seed)), (&resolved, directory))
        }
        _ => Vec::new(),
    };
    let locked = lock_file.as_deref().map(lock::read).transpose()?.unwrap_or_default();
    let versions = locked.iter().filter_map(|package| Some((package.name.as_str(), package.version.as_deref()?)));
    let versions: BTreeMap<&str, &str> = versions.collect();
    let falls =
        fs_err::read(directory.join(FALLS)).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok()).flatten();
    Ok(Some(Vendored {
        lock_made_for: plan.seed_text().and_then(|text| lock::made_for(text, &plan.python, &versions)),
        falls: plan
            .seed_text()
            .map_or_else(|| falls.clone(), |text| lock::noted_falls(text, &plan.python, falls.clone(), &versions)),
        locked,
        drift,
        lock: lock_file,
        seed: plan.seed.clone(),
        token: mark.token,
        distributions: if modules.is_dir() { distribution::read_all(&modules)? } else { Vec::new() },
        modules,
        cached,
        _in_use: Arc::new(lock.try_clone().map_err(|error| cache_unwritable(&error))?),
    }))
}

fn now() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}

fn remove(directory: &Utf8Path) -> Result<()> {
    match fs_err::remove_dir_all(directory) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(cache_unwritable(&error)),
        Ok(()) | Err(_) => Ok(()),
    }
}

/// Removes entries that were unused for a month and are not in use. Errors are ignored.
fn sweep(vendor: &Utf8Path, keep: &str) {
    let Ok(entries) = vendor.read_dir_utf8() else { return };
    for entry in entries.flatten() {
        let Some(key) = entry.file_name().strip_suffix(".lock").filter(|key| *key != keep) else { continue };
        let directory = vendor.join(key);
        let used = fs_err::metadata(directory.join(MARK))
            .or_else(|_| fs_err::metadata(entry.path()))
            .and_then(|metadata| metadata.modified());
        if used.ok().and_then(|used| used.elapsed().ok()).is_none_or(|unused| unused < UNUSED_LIFE) {
            continue;
        }
        if let Ok(lock) = fs_err::File::open(entry.path())
            && lock.file().try_lock().is_ok()
        {
            let _ = remove(&directory);
            let _ = fs_err::remove_file(entry.path());
        }
    }
}

fn cache_unwritable(error: &std::io::Error) -> Error {
    let mut error = Error::unwritable(error);
    if !error.hint.starts_with("free") {
        error.hint = "set `SADDLEBAG_CACHE_DIR` to a directory that can be written".to_owned();
    }
    error
}
