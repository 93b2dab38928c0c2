//! Lists and clears the cache of vendored trees.
//!
//! Entries that a running command has locked are kept.

use super::{MARK, Mark, make_private, remove};
use crate::error::Result;
use camino::Utf8Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// One vendored tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) key: String,
    /// Sum of its files, bytes.
    pub(crate) bytes: u64,
    /// Time since it was created; `None` if the sync did not finish.
    pub(crate) age: Option<Duration>,
    /// Time since it was last read.
    pub(crate) unused: Duration,
    /// `3.14`, if known.
    pub(crate) python: Option<String>,
    /// The names of its requirements, without versions, extras or markers.
    pub(crate) requirements: Vec<String>,
}

/// The result of clearing the cache.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Cleaned {
    pub(crate) removed: Vec<Entry>,
    /// Keys of entries that are in use.
    pub(crate) in_use: Vec<String>,
    /// Entries that were used too recently.
    pub(crate) kept: usize,
}

/// Every entry, most recently used first.
pub(crate) fn entries(cache: &Utf8Path) -> Vec<Entry> {
    let found = cache.join("vendor").read_dir_utf8().into_iter().flatten().flatten();
    let directories = found.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()));
    let mut entries: Vec<Entry> = directories.map(|entry| read(entry.path())).collect();
    entries.sort_by(|a, b| (a.unused, &a.key).cmp(&(b.unused, &b.key)));
    entries
}

/// Removes entries that were not used for `older_than`, or every entry without it.
///
/// # Errors
/// `ErrorKind::Unwritable`.
pub(crate) fn clean(cache: &Utf8Path, older_than: Option<Duration>) -> Result<Cleaned> {
    let vendor = cache.join("vendor");
    let mut cleaned = Cleaned::default();
    for entry in entries(cache) {
        if older_than.is_some_and(|age| entry.unused < age) {
            cleaned.kept += 1;
            continue;
        }
        make_private(&vendor)?;
        let lock = fs_err::OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(vendor.join(format!("{}.lock", entry.key)));
        let lock = lock.map_err(|error| super::cache_unwritable(&error))?;
        if lock.file().try_lock().is_err() {
            cleaned.in_use.push(entry.key);
            continue;
        }
        let directory = vendor.join(&entry.key);
        // Remove the marker first, so that a partly removed tree never counts as complete. Keep the lock file: another
        // run may have it open, and a new file of the same name would be a second lock.
        let _ = fs_err::remove_file(directory.join(MARK));
        remove(&directory)?;
        cleaned.removed.push(entry);
    }
    Ok(cleaned)
}

/// The size of a directory in bytes.
pub(crate) fn weight(directory: &Utf8Path) -> u64 {
    let files = walkdir::WalkDir::new(directory).into_iter().filter_map(std::result::Result::ok);
    files.filter(|file| file.file_type().is_file()).filter_map(|file| file.metadata().ok()).map(|meta| meta.len()).sum()
}

fn read(directory: &Utf8Path) -> Entry {
    let mark_path = directory.join(MARK);
    let mark = fs_err::read(&mark_path).ok().and_then(|bytes| serde_json::from_slice::<Mark>(&bytes).ok());
    let since = |then: SystemTime| then.elapsed().unwrap_or_default();
    let used = fs_err::metadata(&mark_path).or_else(|_| fs_err::metadata(directory)).and_then(|meta| meta.modified());
    let text = |name: &str| fs_err::read_to_string(directory.join(name)).unwrap_or_default();
    Entry {
        key: directory.file_name().unwrap_or_default().to_owned(),
        bytes: weight(directory),
        age: mark.map(|mark| since(UNIX_EPOCH + Duration::from_secs(mark.made))),
        unused: used.map_or(Duration::MAX, since),
        python: python(&text("wrangler.toml")),
        requirements: requirements(&text("pyproject.toml")),
    }
}

/// The Python that the workspace's flags force.
fn python(wrangler: &str) -> Option<String> {
    let document: toml_edit::DocumentMut = wrangler.parse().ok()?;
    let flags: Vec<&str> =
        document.get("compatibility_flags")?.as_array()?.iter().filter_map(|flag| flag.as_str()).collect();
    let known = crate::project::target::known().ok()?;
    known.into_iter().rfind(|known| flags.contains(&known.flag.as_str())).map(|known| known.python)
}

fn requirements(pyproject: &str) -> Vec<String> {
    let document: Option<toml_edit::DocumentMut> = pyproject.parse().ok();
    let list = document.as_ref().and_then(|document| document.get("project")?.get("dependencies")?.as_array());
    let name = |text: &str| {
        let end = text.find(|c: char| !(c.is_ascii_alphanumeric() || "-_.".contains(c))).unwrap_or(text.len());
        crate::python::normalize(&text[..end])
    };
    list.into_iter().flatten().filter_map(|item| item.as_str().map(name)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(cache: &Utf8Path, key: &str, days: u64, whole: bool) {
        let directory = cache.join("vendor").join(key);
        fs_err::create_dir_all(directory.join("python_modules/a")).unwrap();
        fs_err::write(directory.join("python_modules/a/__init__.py"), "12345").unwrap();
        let used = SystemTime::now() - Duration::from_secs(days * 24 * 60 * 60 + 60);
        if whole {
            let made = used.duration_since(UNIX_EPOCH).unwrap().as_secs();
            fs_err::write(directory.join(MARK), format!("{{\"made\":{made},\"token\":\"1\"}}")).unwrap();
            fs_err::File::open(directory.join(MARK)).unwrap().set_modified(used).unwrap();
        }
    }

    fn keys(cache: &Utf8Path) -> Vec<String> {
        entries(cache).into_iter().map(|entry| entry.key).collect()
    }

    #[test]
    fn entries_are_weighed_and_only_the_old_ones_go() {
        let guard = tempfile::tempdir().unwrap();
        let cache = Utf8Path::from_path(guard.path()).unwrap();
        assert_eq!(entries(cache), []);
        assert_eq!(clean(cache, None).unwrap(), Cleaned::default());
        assert!(!cache.join("vendor").exists(), "nothing is made where nothing is");
        entry(cache, "old", 10, true);
        entry(cache, "young", 1, true);
        entry(cache, "half", 0, false);
        fs_err::create_dir_all(cache.join("pyodide/0.1")).unwrap();
        assert_eq!(keys(cache), ["half", "young", "old"]);
        let old = entries(cache).pop().unwrap();
        assert!(old.bytes > 5 && old.age.is_some_and(|age| age > Duration::from_secs(864_000)));

        let week = Duration::from_secs(7 * 24 * 60 * 60);
        let cleaned = clean(cache, Some(week)).unwrap();
        assert_eq!((cleaned.removed.len(), cleaned.kept), (1, 2));
        assert_eq!(keys(cache), ["half", "young"]);
        clean(cache, None).unwrap();
        assert_eq!(keys(cache), [""; 0]);
        assert!(cache.join("pyodide/0.1").is_dir());
    }

    #[test]
    fn what_a_run_holds_stays() {
        let guard = tempfile::tempdir().unwrap();
        let cache = Utf8Path::from_path(guard.path()).unwrap();
        entry(cache, "held", 100, true);
        let lock = std::fs::File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(cache.join("vendor/held.lock"))
            .unwrap();
        lock.lock_shared().unwrap();
        assert_eq!(clean(cache, None).unwrap().in_use, ["held"]);
        assert_eq!(keys(cache), ["held"]);
        lock.unlock().unwrap();
        assert_eq!(clean(cache, None).unwrap().removed.len(), 1);
    }
}
