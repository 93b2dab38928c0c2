//! What one Python file imports, which names it defines, which metadata and which files it needs.
//!
//! No name is resolved and no other file is read. Of a broken file, what parsed is kept beside the error.

mod collect;
mod conditions;
mod deleted_names;
mod effects;
mod guards;
mod handlers;
mod model;
mod module_names;
mod puts;
mod resource_access;
#[cfg(test)]
mod tests;

pub(in crate::python) use conditions::Conditions;
pub(in crate::python) use guards::{block, split};
pub(crate) use model::{
    Access, Base, Guard, Import, Imports, MetadataRequest, Open, Path, Put, StringName, Wanted, serves,
};

use super::syntax::Syntax;
use collect::ImportCollector;
use std::collections::BTreeMap;

/// Reads a file for the newest Python that the parser knows.
#[cfg(test)]
pub(crate) fn imports(bytes: &[u8]) -> Imports {
    let syntax = Syntax::parse(bytes, None);
    let (imports, depth) = read(&syntax);
    syntax.close(depth);
    imports
}

/// Reads a file for one Python ("3.13"): newer syntax is an error.
#[cfg(test)]
fn imports_of(bytes: &[u8], python: &str) -> Imports {
    let syntax = Syntax::parse(bytes, python.parse().ok());
    let (imports, depth) = read(&syntax);
    syntax.close(depth);
    imports
}

/// The paths that names of a file stand for: `STATIC = Path(__file__).parent / "static"`.
#[cfg(test)]
fn paths(bytes: &[u8], python: &str) -> BTreeMap<String, Path> {
    let syntax = Syntax::parse(bytes, python.parse().ok());
    let (_, paths, depth) = read_with_paths(&syntax);
    syntax.close(depth);
    paths
}

/// The imports of a file, and the depth of its tree.
pub(super) fn read(syntax: &Syntax<'_>) -> (Imports, u32) {
    let mut collector = ImportCollector::new(syntax);
    let depth = collector.walk();
    (collector.finish(depth), depth)
}

/// The same and the paths that names of the file stand for: `STATIC = Path(__file__).parent / "static"`.
pub(super) fn read_with_paths(syntax: &Syntax<'_>) -> (Imports, BTreeMap<String, Path>, u32) {
    let mut collector = ImportCollector::new(syntax);
    let depth = collector.walk();
    let paths = collector.paths();
    (collector.finish(depth), paths, depth)
}
