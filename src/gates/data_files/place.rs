//! Resolves a path of the source to files and directories of the project.
//!
//! Links are resolved, as in the bundle. A path out of the project, or one that cannot be read from the source, resolves to nothing.

use crate::bundle::{Content, Module};
use crate::gates::Context;
use crate::python::graph::{Form, Node};
use crate::python::imports::{Base, Open, Path};
use camino::{Utf8Component, Utf8Path, Utf8PathBuf};
use std::collections::BTreeSet;

/// How many times a constant is followed into another module.
const HOPS: u32 = 4;

/// The path of `open` without names of other modules, and the module from which it is to be read; `None` if a name is unknown.
pub(super) fn without_names(context: &Context<'_>, at: u32, open: &Open) -> Option<(u32, Path)> {
    let mut found = (at, Path { base: open.base.clone(), parts: open.parts.clone() });
    for _ in 0..HOPS {
        let (at, path) = found;
        let Base::Constant(module, name) = &path.base else { return Some((at, path)) };
        let at = module_named(context, at, module)?;
        let module = context.bundle.module(&context.bundle.graph.node(at).name)?;
        let mut value = module.facts(context.parsed).ok()?.paths.get(name)?.clone();
        value.parts.extend(path.parts);
        found = (at, value);
    }
    None
}

/// The project's module that an import names, relative (with leading dots) or absolute.
fn module_named(context: &Context<'_>, at: u32, written: &str) -> Option<u32> {
    let graph = &context.bundle.graph;
    let name = written.trim_start_matches('.');
    let dotted = match written.len() - name.len() {
        0 => name.to_owned(),
        level => {
            let package = graph.node(at).package();
            let above: Vec<&str> = package.split('.').filter(|part| !part.is_empty()).collect();
            let kept = above.len().checked_sub(level - 1)?;
            let parts = above[..kept].iter().copied().chain(Some(name).filter(|name| !name.is_empty()));
            parts.collect::<Vec<_>>().join(".")
        }
    };
    graph.module(&dotted).filter(|module| graph.node(*module).is_project())
}

/// The existing files and directories that a path can mean.
pub(super) fn located(context: &Context<'_>, node: &Node, path: &Path) -> BTreeSet<Utf8PathBuf> {
    let own = source_of(context, node);
    let directories: Vec<Utf8PathBuf> = match &path.base {
        Base::File(0) | Base::Constant(..) => Vec::new(),
        Base::File(up) => {
            let up = usize::try_from(*up).unwrap_or(usize::MAX);
            own.iter().filter_map(|path| path.ancestors().nth(up)).map(Utf8Path::to_owned).collect()
        }
        Base::Package(None) => own.iter().filter_map(|path| path.parent()).map(Utf8Path::to_owned).collect(),
        Base::Package(Some(package)) => package_directory(context, package).into_iter().collect(),
        Base::Cwd => [&context.project.root, &context.layout.module_root].into_iter().cloned().collect(),
    };
    let joined = directories.iter().map(|directory| normal(&directory.join(path.parts.join("/"))));
    let inside = joined.filter(|path| path.starts_with(&context.project.root));
    inside.filter_map(|path| path.canonicalize_utf8().ok()).collect()
}

fn source_of<'a>(context: &Context<'a>, node: &Node) -> Option<&'a Utf8Path> {
    file_of(context.bundle.module(&node.name)?)
}

pub(super) fn file_of(module: &Module) -> Option<&Utf8Path> {
    match &module.content {
        Content::File(path) => Some(path),
        Content::Inline(_) => None,
    }
}

/// The directory of a package of the project, with or without `__init__`.
fn package_directory(context: &Context<'_>, dotted: &str) -> Option<Utf8PathBuf> {
    let graph = &context.bundle.graph;
    match graph.module(dotted).map(|at| graph.node(at)) {
        Some(node) if node.is_project() => {
            let source = source_of(context, node)?;
            source.parent().filter(|_| matches!(node.form, Form::Package | Form::Module)).map(Utf8Path::to_owned)
        }
        Some(_) => None,
        None => Some(context.layout.module_root.join(dotted.replace('.', "/"))).filter(|path| path.is_dir()),
    }
}

/// Removes `.` and `..` without asking the file system.
fn normal(path: &Utf8Path) -> Utf8PathBuf {
    let mut normal = Utf8PathBuf::new();
    for component in path.components() {
        match component {
            Utf8Component::ParentDir => drop(normal.pop()),
            Utf8Component::CurDir => {}
            other => normal.push(other),
        }
    }
    normal
}
