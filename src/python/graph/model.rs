//! The nodes and edges of the import graph, and the problems that its imports have.

use crate::python::imports::{Guard, Imports};
use std::collections::HashSet;
use std::sync::Arc;

/// Which entry of `sys.path` a module is below.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Space {
    /// `python_modules`, before everything of the user's.
    Vendored,
    Project,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// `a/__init__.py`
    Package,
    /// `a.py`
    Module,
    /// `a.cpython-314-wasm32-emscripten.so`
    Extension,
    /// `a.pyc` without its source.
    Bytecode,
    /// `a.pth`: its lines that start with `import` run at startup.
    Startup,
}

/// One module of the upload, or a file that is not uploaded.
#[derive(Debug, Clone)]
pub(crate) struct Source {
    /// The upload name, present or not.
    pub(crate) name: String,
    /// It is uploaded. What is not can still be what an import was written for.
    pub(crate) present: bool,
    /// The imports of a Python file; `None` for anything else and for what is not uploaded.
    pub(crate) imports: Option<Arc<Imports>>,
}

/// A node of the graph.
#[derive(Debug, Clone)]
pub(crate) struct Node {
    pub(crate) name: String,
    pub(crate) space: Space,
    pub(crate) form: Form,
    /// The dotted name at which it is imported: `fastapi.routing`, `src.main`.
    pub(crate) dotted: String,
    pub(crate) present: bool,
    pub(crate) imports: Option<Arc<Imports>>,
}

impl Node {
    pub(crate) fn is_project(&self) -> bool {
        self.space == Space::Project
    }

    /// `a.b` of `a/b/__init__.py`, `a` of `a/b.py`; empty at the top.
    pub(crate) fn package(&self) -> &str {
        if self.form == Form::Package {
            &self.dotted
        } else {
            self.dotted.rsplit_once('.').map_or("", |(package, _)| package)
        }
    }
}

/// An import that leads to a module.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Edge {
    pub(crate) to: u32,
    pub(crate) line: u32,
    pub(crate) guard: Guard,
    pub(crate) kind: EdgeKind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum EdgeKind {
    /// The module that is imported, or a submodule taken out of it.
    Module,
    /// A package above it, which runs first.
    Parent,
    /// A name out of a package that is a module, unless the package has something else of that name.
    Name,
    /// A string that reads like its name.
    String,
}

/// An import that leads nowhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Problem {
    pub(crate) node: u32,
    /// Index into `Imports::items` of the node.
    pub(crate) item: usize,
    /// The dotted name that is not there: as far as it was found, and the first component that was not.
    pub(crate) missing: String,
    pub(crate) kind: ProblemKind,
    /// The module that the name is taken from, of `Name` and `PackageName`.
    pub(crate) of: Option<u32>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ProblemKind {
    /// Nothing of that top-level name is in the upload, the standard library or the runtime.
    TopLevel,
    /// A module of the standard library that Workers lack.
    Stdlib,
    /// One that is there and fails when it is imported.
    StdlibBroken,
    /// The standard library has no module of that name below one that it has.
    StdlibSubmodule,
    /// The package is there, the module below it is not.
    Submodule,
    /// The module of the project is there and does not define the name.
    Name,
    /// The same of a package, all of whose names can be read off its source.
    PackageName,
}

/// What is known once every module has been read.
#[derive(Debug, Default)]
pub(super) struct Known {
    /// "3.14"; which standard library answers first.
    pub(super) python: String,
    /// Top-level names of which some module changes how modules are found: what is not there may be made (`tlz`).
    pub(super) importers: HashSet<String>,
    /// Top-level names of which some module puts others into `sys.modules` under names that cannot be read.
    pub(super) makers: HashSet<String>,
    /// Of each node, whether it passes its `__name__` to a module that writes to `sys.modules`, which may replace it there.
    pub(super) replaceable: Vec<bool>,
}

/// Indices are 32 bits: half the memory of the edges.
pub(super) fn node_index(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}
