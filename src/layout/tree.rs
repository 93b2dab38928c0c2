//! Modules on disk: which file or directory a dotted name means under an import root.
//!
//! Follows links, as the interpreter does. Virtual environments, `node_modules`, `python_modules` and dot directories are not
//! entered.

use crate::error::{Error, Result, utf8};
use crate::python::finder::{self, ModuleTree, Step};
use camino::{Utf8Path, Utf8PathBuf};

/// What a dotted name means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct FoundModule {
    pub(super) what: What,
    /// The `__init__.py` files that run on the way, the outermost first; the package's own is the last.
    pub(super) packages: Vec<Utf8PathBuf>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum What {
    /// `a/b.py`.
    Module(Utf8PathBuf),
    /// `a/b/`, with an `__init__.py`.
    Package(Utf8PathBuf),
    /// `a/b/`, without one, and with Python files somewhere below (PEP 420).
    Namespace(Utf8PathBuf),
}

impl FoundModule {
    /// The module's file, or the directory.
    pub(super) fn path(&self) -> &Utf8Path {
        match &self.what {
            What::Module(path) | What::Package(path) | What::Namespace(path) => path,
        }
    }

    /// Every file that importing the name runs.
    pub(super) fn files(&self) -> impl Iterator<Item = &Utf8PathBuf> {
        let module = match &self.what {
            What::Module(file) => Some(file),
            What::Package(_) | What::Namespace(_) => None,
        };
        self.packages.iter().chain(module)
    }
}

/// What `components` mean below `root`, all of them; none if the last one is not reached.
pub(super) fn find(root: &Utf8Path, components: &[&str]) -> Result<Option<FoundModule>> {
    let steps = finder::find(&Disk, &[root.to_owned()], components.iter().copied())?;
    let Some(steps) = steps.filter(|steps| !steps.is_empty()) else { return Ok(None) };
    let (mut packages, mut what) = (Vec::new(), None);
    for step in steps {
        what = match step {
            Step::Package(init, inside) => {
                packages.push(init);
                inside.into_iter().next().map(What::Package)
            }
            Step::Module(file) => Some(What::Module(file)),
            Step::Namespace(directories) => directories.into_iter().next().map(What::Namespace),
            Step::Nothing => None,
        };
    }
    Ok(what.map(|what| FoundModule { what, packages }))
}

/// The project's directories. A place is a path without an ending.
struct Disk;

impl ModuleTree for Disk {
    type Place = Utf8PathBuf;
    type File = Utf8PathBuf;
    type Error = Error;

    fn place(&self, parent: &Utf8PathBuf, name: &str) -> Option<Utf8PathBuf> {
        Some(parent.join(name)).filter(|place| !is_third_party(place, name))
    }

    fn package(&self, place: &Utf8PathBuf) -> Option<Utf8PathBuf> {
        Some(place.join("__init__.py")).filter(|init| init.is_file())
    }

    fn module(&self, place: &Utf8PathBuf) -> Option<Utf8PathBuf> {
        Some(Utf8PathBuf::from(format!("{place}.py"))).filter(|module| module.is_file())
    }

    /// A directory with Python files somewhere below: a directory of data is no package to anyone.
    fn is_namespace(&self, place: &Utf8PathBuf) -> Result<bool> {
        Ok(place.is_dir() && holds_python(place)?)
    }
}

/// A directory that is not the project's own source.
fn is_third_party(directory: &Utf8Path, name: &str) -> bool {
    name.starts_with('.')
        || matches!(name, "node_modules" | "python_modules" | "__pycache__")
        || directory.join("pyvenv.cfg").is_file()
}

/// Whether a Python file is somewhere below. Links below are not followed, so that a loop ends.
fn holds_python(directory: &Utf8Path) -> Result<bool> {
    let mut pending = vec![directory.to_owned()];
    while let Some(directory) = pending.pop() {
        for entry in fs_err::read_dir(&directory).map_err(|error| Error::unreadable(&error))? {
            let entry = entry.map_err(|error| Error::unreadable(&error))?;
            let kind = entry.file_type().map_err(|error| Error::unreadable(&error))?;
            let path = utf8(entry.path())?;
            if path.extension() == Some("py") && !kind.is_dir() {
                return Ok(true);
            }
            if kind.is_dir() && !is_third_party(&path, path.file_name().unwrap_or_default()) {
                pending.push(path);
            }
        }
    }
    Ok(false)
}

/// The dotted name of a file or directory below `root`: `src/core/__init__.py` is `src.core`. None for the root itself
/// and for what is not below it.
pub(super) fn dotted(root: &Utf8Path, path: &Utf8Path) -> Option<String> {
    let inside: Vec<&str> = path.strip_prefix(root).ok()?.components().map(|component| component.as_str()).collect();
    Some(finder::dotted_name(&inside.join("/"))).filter(|name| !name.is_empty())
}

/// Whether a path, relative to the project, is a test: never walked, because tests do not run in the Worker.
pub(super) fn is_test(relative: &Utf8Path) -> bool {
    let stem = relative.file_stem().unwrap_or_default();
    relative.components().any(|component| matches!(component.as_str(), "tests" | "test"))
        || stem.starts_with("test_")
        || stem.ends_with("_test")
        || stem == "conftest"
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(files: &[&str]) -> (tempfile::TempDir, Utf8PathBuf) {
        let directory = tempfile::tempdir().unwrap();
        let root = utf8(directory.path()).unwrap();
        for file in files {
            fs_err::create_dir_all(root.join(file).parent().unwrap()).unwrap();
            fs_err::write(root.join(file), "").unwrap();
        }
        (directory, root)
    }

    fn kind(root: &Utf8Path, name: &str) -> &'static str {
        let components: Vec<&str> = name.split('.').collect();
        match find(root, &components).unwrap().map(|found| found.what) {
            Some(What::Module(_)) => "module",
            Some(What::Package(_)) => "package",
            Some(What::Namespace(_)) => "namespace",
            None => "nothing",
        }
    }

    #[test]
    fn the_finder_prefers_packages_then_modules_then_directories() {
        let (_guard, root) = tree(&[
            "both/__init__.py",
            "both.py",
            "mod.py",
            "mod/inner.py",
            "space/deep/x.py",
            "data/x.json",
            "venv/pyvenv.cfg",
            "venv/lib/a.py",
            "node_modules/a.py",
            "python_modules/a.py",
            "hidden/.cache/a.py",
        ]);
        for (name, expected) in [
            ("both", "package"),
            ("mod", "module"),
            ("mod.inner", "nothing"),
            ("space", "namespace"),
            ("space.deep", "namespace"),
            ("space.deep.x", "module"),
            ("space.y", "nothing"),
            ("data", "nothing"),
            ("venv", "nothing"),
            ("venv.lib.a", "nothing"),
            ("node_modules.a", "nothing"),
            ("python_modules.a", "nothing"),
            ("hidden", "nothing"),
            ("none", "nothing"),
        ] {
            assert_eq!(kind(&root, name), expected, "{name}");
        }
    }

    #[test]
    fn packages_on_the_way_run_too() {
        let (_guard, root) = tree(&["a/__init__.py", "a/b/c.py", "a/d/__init__.py"]);
        let files = |name: &[&str]| -> Vec<String> {
            let found = find(&root, name).unwrap().unwrap();
            found.files().map(|file| file.strip_prefix(&root).unwrap().to_string()).collect()
        };
        assert_eq!(files(&["a", "b", "c"]), ["a/__init__.py", "a/b/c.py"]);
        assert_eq!(files(&["a", "d"]), ["a/__init__.py", "a/d/__init__.py"]);
    }

    #[test]
    fn dotted_names() {
        let root = Utf8Path::new("/p");
        for (path, expected) in [
            ("/p/src/core/__init__.py", Some("src.core")),
            ("/p/src/a.py", Some("src.a")),
            ("/p/src", Some("src")),
            ("/p", None),
            ("/p/__init__.py", None),
            ("/q/a.py", None),
        ] {
            assert_eq!(dotted(root, Utf8Path::new(path)).as_deref(), expected, "{path}");
        }
    }

    #[test]
    fn tests_are_known_by_name() {
        for path in ["tests/a.py", "src/test/b.py", "src/test_a.py", "a_test.py", "conftest.py"] {
            assert!(is_test(Utf8Path::new(path)), "{path}");
        }
        for path in ["src/testing.py", "src/contest.py", "latest/a.py", "src/attests.py"] {
            assert!(!is_test(Utf8Path::new(path)), "{path}");
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_name_that_is_not_utf8_is_an_error() {
        use std::os::unix::ffi::OsStrExt;
        let (_guard, root) = tree(&["space/deep/readme"]);
        fs_err::write(root.as_std_path().join("space").join(std::ffi::OsStr::from_bytes(b"\xff.py")), "").unwrap();
        let error = find(&root, &["space"]).unwrap_err();
        assert_eq!(error.kind, crate::error::ErrorKind::Unreadable);
        assert!(error.message.contains("is not UTF-8"), "{error}");
    }
}
