//! Reports configured paths that do not exist and suggests the file that was probably intended.
//!
//! The search is a few directories deep and compares names only.

use super::WranglerConfig;
use crate::error::{Error, ErrorKind, Result};
use crate::project::paths::display;
use crate::suggest::closest;
use camino::{Utf8Path, Utf8PathBuf};

/// How many directories deep to search for a file with the same name.
const DEPTH: usize = 4;

impl WranglerConfig {
    /// Checks that `base_dir` exists. wrangler fails without it, and no bundle can be planned.
    ///
    /// # Errors
    /// `ErrorKind::ConfigInvalid` with the place of the key.
    pub(crate) fn check_base_dir(&self) -> Result<()> {
        let Some(path) = self.base_dir().filter(|path| !path.is_dir()) else { return Ok(()) };
        let what = if path.exists() { "is not a directory" } else { "does not exist" };
        let message = format!("`base_dir` is `{}`, which {what}", display(&self.report_root, &path));
        let hint = match sibling(&path, |path| path.is_dir()) {
            Some(near) => format!("did you mean `{}`?", display(self.base(), &near)),
            None => "correct `base_dir`, or remove it: the directory of `main` is the default".to_owned(),
        };
        let origin = self.get_origin("base_dir").unwrap_or_default();
        let location = self.locate(&origin.iter().map(String::as_str).collect::<Vec<_>>());
        Err(Error::new(ErrorKind::ConfigInvalid, message, hint).with_location(location))
    }
}

/// The Python file probably intended by a path that does not exist: one with a similar name in the same directory, or
/// else one with the same name elsewhere in `root`.
pub(crate) fn meant_file(path: &Utf8Path, root: &Utf8Path) -> Option<Utf8PathBuf> {
    sibling(path, |path| path.is_file() && path.extension() == Some("py")).or_else(|| elsewhere(path, root))
}

fn sibling(path: &Utf8Path, fits: impl Fn(&Utf8Path) -> bool) -> Option<Utf8PathBuf> {
    let stem = path.file_stem()?; // without the extension, which would make any two names similar
    let entries = path.parent()?.read_dir_utf8().ok()?.flatten().map(|entry| entry.into_path());
    let mut paths: Vec<Utf8PathBuf> = entries.filter(|path| fits(path)).collect();
    paths.sort_unstable();
    let near = closest(stem, paths.iter().filter_map(|path| path.file_stem()))?;
    paths.iter().find(|path| path.file_stem() == Some(near)).cloned()
}

/// Whether a subdirectory holds third-party files: packages, virtual environments, tool caches.
pub(crate) fn is_foreign(entry: &walkdir::DirEntry) -> bool {
    let name = entry.file_name().to_string_lossy();
    entry.depth() > 0
        && entry.file_type().is_dir()
        && (name.starts_with('.')
            || matches!(name.as_ref(), "node_modules" | "python_modules")
            || entry.path().join("pyvenv.cfg").is_file())
}

/// The match nearest to the root; ties are broken by path.
fn elsewhere(path: &Utf8Path, root: &Utf8Path) -> Option<Utf8PathBuf> {
    let name = path.file_name()?;
    let entries = walkdir::WalkDir::new(root).max_depth(DEPTH).into_iter().filter_entry(|entry| !is_foreign(entry));
    let found = entries.flatten().filter(|entry| entry.file_type().is_file() && entry.file_name() == name);
    let nearest = found.min_by(|one, other| (one.depth(), one.path()).cmp(&(other.depth(), other.path())))?;
    Utf8PathBuf::from_path_buf(nearest.into_path()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn meant_file_is_the_near_name_beside_it_or_the_same_name_elsewhere() {
        let directory = tempfile::tempdir().unwrap();
        let root = Utf8Path::from_path(directory.path()).unwrap();
        for file in ["src/main.py", "src/other.py", "node_modules/x/entry.py", "app/deep/entry.py", "app/entry.txt"] {
            fs_err::create_dir_all(root.join(file).parent().unwrap()).unwrap();
            fs_err::write(root.join(file), "").unwrap();
        }
        let meant = |path: &str| meant_file(&root.join(path), root).map(|found| display(root, &found));
        assert_eq!(meant("src/mian.py").as_deref(), Some("src/main.py"));
        assert_eq!(meant("main.py").as_deref(), Some("src/main.py"));
        assert_eq!(meant("none/main.py").as_deref(), Some("src/main.py"));
        assert_eq!(meant("src/entry.py").as_deref(), Some("app/deep/entry.py"));
        assert_eq!(meant("src/worker.py"), None);
    }
}
