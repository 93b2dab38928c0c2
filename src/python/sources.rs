//! The project's Python files, each parsed once in a run, for the Python of the target.
//!
//! Everything that is read from a file comes from one parse: the layout, the graph and the gates share it.

use super::imports::{self, Imports, Path};
use super::syntax::Syntax;
use super::uses::{self, Uses};
use crate::error::{Error, Result};
use camino::Utf8Path;
use ruff_python_ast::PythonVersion;
use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

/// What one Python file imports and what it does with its names.
#[derive(Debug, Default)]
pub(crate) struct SourceFacts {
    pub(crate) imports: Arc<Imports>,
    pub(crate) uses: Arc<Uses>,
    /// The paths that names of the file stand for: `STATIC = Path(__file__).parent / "static"`.
    pub(crate) paths: BTreeMap<String, Path>,
}

/// The parsed files of one run. Threads may share it.
#[derive(Debug)]
pub(crate) struct ParsedSources {
    python: String,
    version: Option<PythonVersion>,
    /// By real path: a link is the file that it leads to.
    files: Mutex<HashMap<PathBuf, Arc<OnceLock<Arc<SourceFacts>>>>>,
    parse_count: AtomicUsize,
}

impl ParsedSources {
    /// `python`: "3.14".
    pub(crate) fn new(python: &str) -> Self {
        Self {
            python: python.to_owned(),
            version: python.parse().ok(),
            files: Mutex::default(),
            parse_count: AtomicUsize::new(0),
        }
    }

    /// "3.14".
    pub(crate) fn python(&self) -> &str {
        &self.python
    }

    /// How many times anything was parsed.
    pub(crate) fn parse_count(&self) -> usize {
        self.parse_count.load(Ordering::Relaxed)
    }

    /// The facts of a file, which is parsed unless it was before.
    ///
    /// # Errors
    /// `Unreadable`.
    pub(crate) fn read(&self, path: &Utf8Path) -> Result<Arc<SourceFacts>> {
        let real = fs_err::canonicalize(path).unwrap_or_else(|_| path.as_std_path().to_owned());
        let slot = Arc::clone(self.files.lock().unwrap_or_else(PoisonError::into_inner).entry(real).or_default());
        if let Some(facts) = slot.get() {
            return Ok(Arc::clone(facts));
        }
        let bytes = fs_err::read(path).map_err(|error| Error::unreadable(&error))?;
        Ok(Arc::clone(slot.get_or_init(|| Arc::new(self.parse(&bytes)))))
    }

    /// The facts of a text that is in no file of the project.
    pub(crate) fn parse(&self, bytes: &[u8]) -> SourceFacts {
        let syntax = self.syntax(bytes);
        let (imports, paths, depth) = imports::read_with_paths(&syntax);
        let (uses, uses_depth) = uses::read(&syntax);
        syntax.close(depth.max(uses_depth));
        SourceFacts { imports: Arc::new(imports), uses: Arc::new(uses), paths }
    }

    /// The imports alone, for the many files of vendored packages.
    pub(super) fn parse_imports(&self, bytes: &[u8]) -> Imports {
        let syntax = self.syntax(bytes);
        let (imports, depth) = imports::read(&syntax);
        syntax.close(depth);
        imports
    }

    fn syntax<'b>(&self, bytes: &'b [u8]) -> Syntax<'b> {
        self.parse_count.fetch_add(1, Ordering::Relaxed);
        Syntax::parse(bytes, self.version)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rayon::prelude::*;

    #[test]
    fn a_file_is_parsed_once_by_any_name_and_on_any_thread() {
        let directory = tempfile::tempdir().unwrap();
        let root = Utf8Path::from_path(directory.path()).unwrap();
        fs_err::write(root.join("a.py"), "import b\nHERE = 'x'\nb.c()\n").unwrap();
        fs_err::create_dir(root.join("d")).unwrap();
        let sources = ParsedSources::new("3.14");
        let paths = [root.join("a.py"), root.join("d/../a.py")];
        let read: Vec<_> =
            (0..64).into_par_iter().map(|at| sources.read(&paths[at % 2]).unwrap().imports.items.len()).collect();
        assert!(read.iter().all(|items| *items == 1));
        assert_eq!(sources.parse_count(), 1);
        let facts = sources.read(&paths[0]).unwrap();
        assert_eq!(facts.uses.taken_from("b").unwrap(), ["c"].into());
        assert!(facts.paths.contains_key("HERE"));
        assert!(sources.read(&root.join("none.py")).is_err());
    }
}
