//! Requirements to packages: the pywrangler sync workspace, its cache, the words of a failure.
//!
//! Receives the project's requirements and the target; hands on `Vendored`, a read-only tree of unpruned packages that
//! pywrangler itself resolved and installed. Must never write into the project and never change a finished tree.

mod key;
mod lock;
mod uv_settings;
mod workspace;

pub(crate) use lock::LockedPackage;

use crate::error::{Error, Kind, Location, Place, Result};
use crate::project::{Project, Target};
use crate::python::distribution::{self, Distribution};
use crate::term::Terminal;
use crate::tool;
use crate::toolchain::{Toolchain, minimums, older};
use camino::{Utf8Path, Utf8PathBuf};
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// How long a tree that no lock pins is good for: the index may have something newer tomorrow.
const UNLOCKED_LIFE: Duration = Duration::from_secs(24 * 60 * 60);
/// Entries that nobody used for this long are removed when a new one is made.
const UNUSED_LIFE: Duration = Duration::from_secs(30 * 24 * 60 * 60);
/// Written last into a workspace: the tree is whole.
const MARK: &str = "saddlebag.json";

/// The resolved, unpruned packages.
#[derive(Debug, Clone)]
pub(crate) struct Vendored {
    /// The tree that pywrangler made, `<workspace>/python_modules`. Absolute; may not exist when there are no packages.
    pub(crate) modules: Utf8PathBuf,
    /// The lock that was resolved, `<workspace>/pylock.toml`, if there is one.
    pub(crate) lock: Option<Utf8PathBuf>,
    /// What the lock says.
    pub(crate) locked: Vec<LockedPackage>,
    /// The lock of the project's that the resolution started from, if it has one.
    pub(crate) seed: Option<Utf8PathBuf>,
    /// The text of pywrangler's sync token: the version of workers-py.
    pub(crate) token: String,
    /// Sorted by name.
    pub(crate) distributions: Vec<Distribution>,
    /// True if the cache had it and no sync was started.
    pub(crate) cached: bool,
    /// Shared while the tree is read, so that no other run replaces it meanwhile.
    _in_use: Arc<File>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Mark {
    /// Seconds since 1970.
    made: u64,
    token: String,
}

/// Finds the tree in the cache or has pywrangler make it.
///
/// # Errors
/// `Kind::SyncFailed` with pywrangler's whole output, `Kind::Unwritable` for the cache, `Kind::Interrupted`.
pub(crate) fn vendor(
    project: &Project,
    target: &Target,
    toolchain: &Toolchain,
    cache: &Utf8Path,
    fresh: bool,
    terminal: &Terminal,
) -> Result<Vendored> {
    knows(toolchain, target)?;
    let plan = workspace::plan(project, target, toolchain)?;
    // A pywrangler that does not tell its version may be another one than that which made the entry.
    let fresh = fresh || toolchain.pywrangler.version.is_none();
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
        if let Some(vendored) = read(&directory, &plan, true, &lock)? {
            return Ok(vendored);
        }
        unlock(&lock);
    }
    wait(&lock, true, terminal)?;
    // Another run may have made it while we waited.
    if !fresh && read(&directory, &plan, true, &lock)?.is_some() {
        return share(&directory, &plan, &lock, true, terminal);
    }
    sync(&directory, &plan, toolchain, terminal)?;
    sweep(&cache.join("vendor"), &plan.key);
    share(&directory, &plan, &lock, false, terminal)
}

/// A workspace can hold the credentials of an index, as the user's own pyproject.toml does: nobody else reads it.
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

/// From exclusive to shared: others may read, nobody may replace.
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
            Kind::SyncFailed,
            "the vendored packages were removed while they were read",
            "run again; keep two `--no-cache` runs apart",
        )
    })
}

fn unlock(lock: &File) {
    let _ = lock.unlock(); // closing the file releases it all the same
}

/// Takes the lock; says so when another saddlebag holds it.
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
                tool::check_interrupted()?;
                std::thread::sleep(Duration::from_millis(100));
            }
            Err(std::fs::TryLockError::Error(error)) => return Err(cache_unwritable(&error)),
        }
    }
}

/// The entry, if it is whole and still good.
fn read(directory: &Utf8Path, plan: &workspace::Plan, cached: bool, lock: &File) -> Result<Option<Vendored>> {
    let mark_path = directory.join(MARK);
    let Some(mark) = fs_err::read(&mark_path).ok().and_then(|bytes| serde_json::from_slice::<Mark>(&bytes).ok()) else {
        return Ok(None);
    };
    let age = now().saturating_sub(Duration::from_secs(mark.made));
    if plan.seed.is_none() && age > UNLOCKED_LIFE {
        return Ok(None);
    }
    // The mark's own time says when it was last used; a cache that cannot be written still serves.
    if let Ok(file) = fs_err::File::open(&mark_path) {
        let _ = file.set_modified(SystemTime::now());
    }
    let modules = directory.join("python_modules");
    let lock_file = directory.join("pylock.toml");
    let lock_file = lock_file.is_file().then_some(lock_file);
    Ok(Some(Vendored {
        locked: lock_file.as_deref().map(lock::read).transpose()?.unwrap_or_default(),
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

/// A pywrangler that does not know the target's Python vendors for an older one and says nothing.
fn knows(toolchain: &Toolchain, target: &Target) -> Result<()> {
    let row = minimums::python(&target.python);
    match (row, toolchain.pywrangler.version.as_deref()) {
        (Some(row), Some(version)) if older(version, &row.minimum) => Err(Error::new(
            Kind::ToolTooOld,
            format!("`pywrangler` is {version}, and Python {} needs {} or newer", target.python, row.minimum),
            "update it: `uv tool upgrade workers-py`, or `uv add --dev workers-py`",
        )
        .with_location(Location::new(Place::Tool, "pywrangler"))),
        _ => Ok(()),
    }
}

/// Makes the entry anew. A run that dies here leaves no mark, and the next one starts over.
fn sync(directory: &Utf8Path, plan: &workspace::Plan, toolchain: &Toolchain, terminal: &Terminal) -> Result<()> {
    remove(directory)?;
    workspace::write(directory, plan).map_err(|error| cache_unwritable(&error))?;
    let result = run_sync(directory, plan, toolchain, terminal);
    if result.is_err() {
        remove(directory)?;
    }
    result
}

fn run_sync(directory: &Utf8Path, plan: &workspace::Plan, toolchain: &Toolchain, terminal: &Terminal) -> Result<()> {
    let step = terminal.begin(&format!("Resolving and installing {} for Python {}", plan.what, plan.python));
    let mut argv = toolchain.pywrangler.program.argv.clone();
    argv.push("sync".into());
    let (ended, output) = tool::listen(&argv, directory, &sync_environment(toolchain), |line| {
        step.note(line);
        terminal.detail(line.trim_end());
    })?;
    drop(step);
    // pywrangler pads its lines to the width it was given.
    let output: String = output.lines().map(|line| format!("{}\n", line.trim_end())).collect();
    if !ended.success() {
        return Err(sync_failed(ended, &output));
    }
    let token = fs_err::read_to_string(directory.join("python_modules/.synced")).unwrap_or_default().trim().to_owned();
    if token.is_empty() {
        return Err(Error::new(
            Kind::SyncFailed,
            "`pywrangler sync` said that it succeeded and left no `python_modules/.synced`",
            "update workers-py to 1.15 or newer",
        )
        .with_output(output));
    }
    if let Some(found) = python_of(directory).filter(|found| !found.starts_with(&format!("{}.", plan.python))) {
        return Err(Error::new(
            Kind::SyncFailed,
            format!("pywrangler {token} vendored for Python {found}, and the Worker runs {}", plan.python),
            "update workers-py to a version that knows the Worker's Python",
        )
        .with_output(output));
    }
    // The stage gets this token, and the pywrangler that deploys would sync again over it if its version were another.
    if let Some(version) = toolchain.pywrangler.version.as_deref().filter(|version| *version != token) {
        return Err(Error::new(
            Kind::SyncFailed,
            format!("`pywrangler` is {version} in the project and {token} in `{directory}`"),
            "set `SADDLEBAG_PYWRANGLER` to the full path of the one to deploy with",
        ));
    }
    // Only python_modules is needed from here on; the two environments are larger than it.
    remove(&directory.join(".venv-workers"))?;
    let mark = Mark { made: now().as_secs(), token };
    let text = serde_json::to_vec(&mark).map_err(|error| Error::new(Kind::Internal, error.to_string(), ""))?;
    fs_err::write(directory.join(MARK), text).map_err(|error| cache_unwritable(&error))
}

/// The Python that pywrangler installed for, from the environment that it made for Pyodide.
fn python_of(directory: &Utf8Path) -> Option<String> {
    let text = fs_err::read_to_string(directory.join(".venv-workers/pyodide-venv/pyvenv.cfg")).ok()?;
    let pairs = text.lines().filter_map(|line| line.split_once('='));
    pairs.filter(|(key, _)| key.trim() == "version_info").map(|(_, value)| value.trim().to_owned()).next()
}

/// Plain text in lines as long as they are: what failed is shown as pywrangler said it.
fn sync_environment(toolchain: &Toolchain) -> crate::settings::Environment {
    let mut environment = toolchain.environment.clone();
    for name in ["FORCE_COLOR", "CLICOLOR_FORCE"] {
        environment.remove(name);
    }
    environment.set("NO_COLOR", "1");
    environment.set("COLUMNS", "400");
    environment.set("UV_NO_PROGRESS", "1");
    environment
}

fn sync_failed(ended: tool::Ended, output: &str) -> Error {
    let low = output.to_lowercase();
    let hint = if low.contains("no solution found") {
        "loosen or change the requirement that the last lines name, then run `saddlebag check`"
    } else if low.contains("failed to fetch") || low.contains("dns error") || low.contains("connect") {
        "check the network, the proxy and the package index, then run again"
    } else if low.contains("no space left") {
        "free some space and run again"
    } else {
        "read what pywrangler says above; `pywrangler sync` in a directory with these requirements shows the same"
    };
    Error::new(Kind::SyncFailed, format!("`pywrangler sync` failed with exit code {}", ended.code), hint)
        .with_output(output)
}

fn remove(directory: &Utf8Path) -> Result<()> {
    match fs_err::remove_dir_all(directory) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(cache_unwritable(&error)),
        Ok(()) | Err(_) => Ok(()),
    }
}

/// Removes entries that nobody used for a month and nobody uses now. A failure here costs disk, not a deploy.
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
