//! The cache key of a vendored tree: a hash of everything that can change what pywrangler resolves and installs.
//!
//! Only the hash is kept, never the values, which may contain credentials.

use crate::env::Environment;
use crate::error::{Error, Result};
use camino::Utf8Path;
use sha2::{Digest, Sha256};
use walkdir::{DirEntry, WalkDir};

/// `UV_*` variables that affect uv's storage, speed or output, but not the resolution.
const WITHOUT_EFFECT: [&str; 12] = [
    "UV_CACHE_DIR",
    "UV_CONCURRENT_BUILDS",
    "UV_CONCURRENT_DOWNLOADS",
    "UV_CONCURRENT_INSTALLS",
    "UV_HTTP_RETRIES",
    "UV_HTTP_TIMEOUT",
    "UV_LINK_MODE",
    "UV_LOG_CONTEXT",
    "UV_NO_CACHE",
    "UV_NO_PROGRESS",
    "UV_PREVIEW_FEATURES",
    "UV_COMPILE_BYTECODE",
];

/// Directories inside a local source that contain no source code.
const NOT_SOURCE: [&str; 13] = [
    ".git",
    ".venv",
    ".venv-workers",
    "node_modules",
    "__pycache__",
    "python_modules",
    ".wrangler",
    ".mypy_cache",
    ".pytest_cache",
    ".ruff_cache",
    ".tox",
    ".nox",
    ".hypothesis",
];

/// Feeds named parts into one hash, each with its length, so that different lists of parts cannot collide.
pub(crate) struct Key(Sha256);

impl Key {
    /// `layout` changes whenever saddlebag writes workspaces differently.
    pub(crate) fn new(layout: &str) -> Self {
        let mut key = Self(Sha256::new());
        key.part("layout", layout.as_bytes());
        key
    }

    pub(crate) fn part(&mut self, name: &str, bytes: &[u8]) {
        for text in [name.as_bytes(), bytes] {
            self.0.update((text.len() as u64).to_le_bytes());
            self.0.update(text);
        }
    }

    /// Every `UV_*` variable that can affect the result. Proxy variables are left out.
    pub(crate) fn environment(&mut self, environment: &Environment) {
        for (name, value) in environment.pairs() {
            if let Some(name) = name.to_str()
                && name.starts_with("UV_")
                && !WITHOUT_EFFECT.contains(&name)
            {
                self.part(name, value.as_encoded_bytes());
            }
        }
    }

    /// A file that may not exist.
    pub(crate) fn file(&mut self, path: &Utf8Path) -> Result<()> {
        match fs_err::read(path) {
            Ok(bytes) => self.part(path.as_str(), &bytes),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => self.part(path.as_str(), b"absent"),
            Err(error) => return Err(Error::unreadable(&error)),
        }
        Ok(())
    }

    /// A local source, by content: a wheel or sdist, or a directory without files that are not source.
    pub(crate) fn local_source(&mut self, path: &Utf8Path) -> Result<()> {
        if path.is_file() {
            return self.file(path);
        }
        // Hash a symlink's target, because a build copies that.
        let walk = WalkDir::new(path).follow_links(true).sort_by_file_name().into_iter();
        for entry in walk.filter_entry(|entry| entry.depth() == 0 || is_source(entry)) {
            let entry = match entry {
                Ok(entry) => entry,
                Err(error) if leads_nowhere(&error) => continue,
                Err(error) => return Err(Error::unreadable(&error.into())),
            };
            if entry.file_type().is_file() {
                let inside = entry.path().strip_prefix(path).unwrap_or(entry.path());
                let bytes = fs_err::read(entry.path()).map_err(|error| Error::unreadable(&error))?;
                self.part(&inside.to_string_lossy(), &bytes);
            }
        }
        Ok(())
    }

    /// 32 hexadecimal digits (128 bits).
    pub(crate) fn finish(self) -> String {
        self.0.finalize().iter().take(16).map(|byte| format!("{byte:02x}")).collect()
    }
}

fn is_source(entry: &DirEntry) -> bool {
    let name = entry.file_name().to_str().unwrap_or_default();
    !entry.file_type().is_dir()
        || !(NOT_SOURCE.contains(&name)
            || name.ends_with(".egg-info")
            || (entry.depth() == 1 && is_build_output(entry)))
}

/// Build output of setuptools in a directory that uv builds: `build` with `lib` or `bdist.PLATFORM` in it. It is one
/// sync behind each edit. A package may also be called `build`.
fn is_build_output(entry: &DirEntry) -> bool {
    let is_lib = |name: &str| name == "lib" || name.starts_with("lib.") || name.starts_with("bdist.");
    let mut inside = fs_err::read_dir(entry.path()).into_iter().flatten().flatten().peekable();
    entry.file_name() == "build"
        && inside.peek().is_some()
        && inside.all(|one| one.file_name().to_str().is_some_and(is_lib))
}

/// A broken symlink, or one to a directory that contains it.
fn leads_nowhere(error: &walkdir::Error) -> bool {
    let is_link = error.path().is_some_and(|path| path.is_symlink());
    is_link
        && (error.loop_ancestor().is_some()
            || error.io_error().is_some_and(|io| io.kind() == std::io::ErrorKind::NotFound))
}

#[cfg(test)]
mod tests {
    use super::*;
    use camino::Utf8PathBuf;

    fn of(parts: &[(&str, &str)], environment: &[(&str, &str)]) -> String {
        let mut key = Key::new("1");
        for (name, value) in parts {
            key.part(name, value.as_bytes());
        }
        key.environment(&Environment::of(environment));
        key.finish()
    }

    #[test]
    fn what_changes_the_result_changes_the_key_and_nothing_else_does() {
        let base = of(&[("a", "b")], &[]);
        assert_ne!(base, of(&[("a", "c")], &[]));
        assert_ne!(of(&[("a", "bc")], &[]), of(&[("ab", "c")], &[]));
        assert_ne!(base, of(&[("a", "b")], &[("UV_INDEX", "x")]));
        assert_ne!(base, of(&[("a", "b")], &[("UV_EXCLUDE_NEWER", "2026-01-01")]));
        assert_eq!(base, of(&[("a", "b")], &[("UV_CACHE_DIR", "x"), ("HTTPS_PROXY", "y"), ("UV_NO_PROGRESS", "1")]));
    }

    #[test]
    fn an_edit_of_a_local_source_changes_the_key_and_its_caches_do_not() {
        let dir = tempfile::tempdir().unwrap();
        let root = Utf8PathBuf::from_path_buf(dir.path().to_owned()).unwrap();
        let key = || {
            let mut key = Key::new("1");
            key.local_source(&root).unwrap();
            key.finish()
        };
        fs_err::write(root.join("a.py"), "x = 1").unwrap();
        let before = key();
        fs_err::create_dir(root.join("__pycache__")).unwrap();
        fs_err::write(root.join("__pycache__/a.pyc"), "x").unwrap();
        assert_eq!(before, key());
        fs_err::write(root.join("a.py"), "x = 2").unwrap();
        assert_ne!(before, key());
    }

    #[test]
    fn what_a_build_leaves_behind_is_no_source_and_what_a_link_leads_to_is() {
        let dir = tempfile::tempdir().unwrap();
        let outside = Utf8PathBuf::from_path_buf(dir.path().join("outside.py")).unwrap();
        let root = Utf8PathBuf::from_path_buf(dir.path().join("source")).unwrap();
        fs_err::create_dir_all(root.join("build/lib/x")).unwrap();
        fs_err::write(&outside, "x = 1").unwrap();
        for (link, to) in [("linked.py", "../outside.py"), ("nowhere", "nothing"), ("around", ".")] {
            std::os::unix::fs::symlink(to, root.join(link)).unwrap();
        }
        let key = || {
            let mut key = Key::new("1");
            key.local_source(&root).unwrap();
            key.finish()
        };
        let before = key();
        fs_err::write(root.join("build/lib/x/old.py"), "").unwrap();
        fs_err::create_dir(root.join("build/bdist.linux-x86_64")).unwrap();
        fs_err::create_dir(root.join("x.egg-info")).unwrap();
        fs_err::write(root.join("x.egg-info/PKG-INFO"), "").unwrap();
        assert_eq!(before, key());
        fs_err::write(root.join("build/__init__.py"), "").unwrap();
        assert_ne!(before, key());
        fs_err::remove_file(root.join("build/__init__.py")).unwrap();
        fs_err::write(&outside, "x = 2").unwrap();
        assert_ne!(before, key());
    }
}
