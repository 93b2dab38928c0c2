//! Single imports: which modules one runs, and what of it is not there.
//!
//! Receives the names and one node; hands on its edges and problems. The standard library and the runtime's own modules
//! come before everything else. What a module may define in ways that cannot be read off its source is never missing.

use super::names::{Form, Names, Search, Step};
use super::{Edge, EdgeKind, Node, Problem, ProblemKind};
use crate::python::imports::{Guard, Import};
use crate::python::stdlib;
use std::collections::HashSet;

/// How far star imports are followed for names.
const STARS: u32 = 8;

pub(super) struct Resolver<'a> {
    pub(super) names: &'a Names,
    pub(super) nodes: &'a [Node],
    pub(super) python: &'a str,
    /// Top-level names of which some module changes how modules are found: what is not there may be made (`tlz`).
    pub(super) importers: &'a HashSet<&'a str>,
}

/// What one file's imports lead to.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) edges: Vec<Edge>,
    pub(super) problems: Vec<Problem>,
    /// Dotted names of directories of the project without `__init__`, with the index of the import.
    pub(super) bare_packages: Vec<(String, usize)>,
}

/// Where a dotted name led.
struct Walk {
    /// Modules that run, packages first; the last is what was asked for, unless that is a namespace package.
    ran: Vec<u32>,
    end: End,
    /// Directories without `__init__` on the way, dotted.
    bare: Vec<String>,
}

enum End {
    /// Stdlib, or the runtime's own.
    Elsewhere,
    Module(u32),
    Package(u32, Search),
    Namespace(Search),
    /// As far as it was found, and the first component that was not; whether it may be there all the same.
    Missing {
        name: String,
        kind: ProblemKind,
        perhaps: bool,
    },
}

impl Resolver<'_> {
    fn node(&self, at: u32) -> &Node {
        &self.nodes[at as usize]
    }

    pub(super) fn follow(&self, from: u32) -> Found {
        let mut found = Found::default();
        let node = self.node(from);
        let Some(says) = node.says.as_deref() else { return found };
        for (item, import) in says.items.iter().enumerate().filter(|(_, import)| !import.guard.type_checking) {
            if let Some(dotted) = absolute(node, import) {
                self.import(from, item, import, &dotted, &mut found);
            }
        }
        let mut seen = HashSet::new();
        for string in says.strings.iter().filter(|string| seen.insert(&string.name)) {
            let walk = self.walk(&string.name);
            // The last components may be a class and its method; two that are modules make it more than a coincidence.
            let named =
                walk.ran.iter().filter(|to| self.node(**to).dotted.contains('.') || self.node(**to).is_project());
            let guard = Guard::default();
            let edges = named.map(|to| Edge { to: *to, line: string.line, guard, kind: EdgeKind::String });
            found.edges.extend(edges.filter(|edge| edge.to != from));
        }
        found
    }

    fn import(&self, from: u32, item: usize, import: &Import, dotted: &str, found: &mut Found) {
        let Import { guard, line, .. } = *import;
        let walk = self.walk(dotted);
        let edge = |to, kind| Edge { to, line, guard, kind };
        let last = walk.ran.len().wrapping_sub(1);
        for (at, to) in walk.ran.iter().enumerate().filter(|(_, to)| **to != from) {
            found.edges.push(edge(*to, if at == last { EdgeKind::Module } else { EdgeKind::Parent }));
        }
        found.bare_packages.extend(walk.bare.into_iter().map(|dotted| (dotted, item)));
        let mut problem = |missing, kind| found.problems.push(Problem { node: from, item, missing, kind });
        match walk.end {
            End::Elsewhere => {}
            End::Missing { perhaps: true, .. } => {}
            End::Missing { name, kind, .. } => problem(name, kind),
            End::Module(module) => {
                for name in &import.names {
                    if self.lacks(module, &name.name) {
                        problem(format!("{dotted}.{}", name.name), ProblemKind::Name);
                    }
                }
            }
            End::Package(package, inside) => {
                for name in &import.names {
                    match self.names.step(&inside, &name.name) {
                        // A name that the package has does not make Python look for a module.
                        Step::Package(to, _) | Step::Module(to) if to != from => {
                            found.edges.push(edge(to, EdgeKind::Name));
                        }
                        Step::Package(..) | Step::Module(_) | Step::Namespace(_) => {}
                        Step::Nothing if package != from && self.lacks(package, &name.name) => {
                            problem(format!("{dotted}.{}", name.name), ProblemKind::Name);
                        }
                        Step::Nothing => {}
                    }
                }
            }
            End::Namespace(inside) => {
                for name in &import.names {
                    match self.names.step(&inside, &name.name) {
                        Step::Package(to, _) | Step::Module(to) if to != from => {
                            found.edges.push(edge(to, EdgeKind::Module));
                        }
                        Step::Package(..) | Step::Module(_) | Step::Namespace(_) => {}
                        Step::Nothing => problem(format!("{dotted}.{}", name.name), ProblemKind::Submodule),
                    }
                }
            }
        }
    }

    fn walk(&self, dotted: &str) -> Walk {
        let first = dotted.split('.').next().unwrap_or_default();
        let mut walk = Walk { ran: Vec::new(), end: End::Elsewhere, bare: Vec::new() };
        if stdlib::hides(self.python, first) {
            return walk;
        }
        let mut search = self.names.top();
        let mut perhaps = false;
        let mut end = 0;
        for component in dotted.split('.') {
            let start = end;
            end += component.len() + usize::from(start > 0);
            let so_far = &dotted[..end];
            let step = self.names.step(&search, component);
            walk.end = match step {
                Step::Package(node, inside) => {
                    let says = self.node(node).says.as_deref();
                    let alters = says.is_none_or(|says| says.alters_path);
                    perhaps |= alters || says.is_none_or(|says| says.open || says.alters_search);
                    search = if alters { self.names.everywhere(so_far) } else { inside };
                    walk.ran.push(node);
                    End::Package(node, search.clone())
                }
                Step::Module(node) => {
                    perhaps |= self.node(node).says.as_deref().is_none_or(|says| says.open || says.alters_search);
                    search = Search::default();
                    walk.ran.push(node);
                    End::Module(node)
                }
                Step::Namespace(inside) => {
                    if self.names.is_project(&inside) {
                        walk.bare.push(so_far.to_owned());
                    }
                    search = inside;
                    End::Namespace(search.clone())
                }
                Step::Nothing => {
                    let kind = match start {
                        0 if stdlib::is_absent(self.python, first) => ProblemKind::Stdlib,
                        0 => ProblemKind::TopLevel,
                        _ => ProblemKind::Submodule,
                    };
                    let perhaps = perhaps || (start > 0 && self.importers.contains(first));
                    walk.end = End::Missing { name: so_far.to_owned(), kind, perhaps };
                    return walk;
                }
            };
        }
        walk
    }

    /// Whether a module of the project surely has no such name.
    fn lacks(&self, at: u32, name: &str) -> bool {
        let node = self.node(at);
        node.is_project() && node.present && name != "*" && self.has(at, name, STARS) == Some(false)
    }

    /// `None` where it cannot be told.
    fn has(&self, at: u32, name: &str, stars: u32) -> Option<bool> {
        let node = self.node(at);
        if !node.is_project() {
            return None; // what packages bind is not read
        }
        let says =
            node.says.as_deref().filter(|says| !says.open && says.syntax_error.is_none() && !says.encoding_error)?;
        if is_everywhere(name) || says.binds.contains(name) {
            return Some(true);
        }
        let stars = stars.checked_sub(1)?;
        for import in says.items.iter().filter(|import| import.star) {
            match self.walk(&absolute(node, import)?).end {
                End::Module(from) | End::Package(from, _) if from == at => {}
                End::Module(from) | End::Package(from, _) => {
                    if self.has(from, name, stars)? {
                        return Some(true);
                    }
                }
                _ => return None,
            }
        }
        // A submodule that somebody imports becomes an attribute of its package; the caller has looked for submodules.
        Some(false)
    }
}

/// What every module has.
fn is_everywhere(name: &str) -> bool {
    name.starts_with("__") && name.ends_with("__")
}

/// The absolute dotted name of what is imported; none where the dots climb past the top.
fn absolute(node: &Node, import: &Import) -> Option<String> {
    let module = import.module.as_deref().unwrap_or_default();
    if import.level == 0 {
        return Some(module.to_owned());
    }
    let package = if node.form == Form::Startup { "" } else { node.package() };
    let components: Vec<&str> = package.split('.').filter(|component| !component.is_empty()).collect();
    let climbed = usize::try_from(import.level).ok()?.checked_sub(1)?;
    let kept = components.len().checked_sub(climbed).filter(|kept| *kept > 0)?;
    let kept = components[..kept].join(".");
    Some(if module.is_empty() { kept } else { format!("{kept}.{module}") })
}
