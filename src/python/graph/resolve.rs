//! Single imports: which modules one runs, and what of it is missing.
//!
//! The standard library and the runtime's own modules come before everything else. What a module may define in ways that
//! cannot be read from its source is never reported as missing.

use super::model::{Edge, EdgeKind, Form, Known, Node, Problem, ProblemKind, node_index};
use super::names::{Names, Search, Step};
use crate::python::imports::{Guard, Import};
use crate::python::stdlib;
use rayon::prelude::*;
use std::collections::{BTreeSet, HashSet};

/// How far star imports are followed for names.
const STARS: u32 = 8;

/// How many modules are searched for the names of one.
const MANY: usize = 64;

pub(super) struct Resolver<'a> {
    pub(super) names: &'a Names,
    pub(super) nodes: &'a [Node],
    pub(super) known: &'a Known,
}

/// What one file's imports lead to.
#[derive(Debug, Default)]
pub(super) struct ResolvedImports {
    pub(super) edges: Vec<Edge>,
    pub(super) problems: Vec<Problem>,
    /// Dotted names of directories of the project without `__init__`, with the index of the import.
    pub(super) bare_packages: Vec<(String, usize)>,
}

/// Where a dotted name led.
struct Walk {
    /// Modules that run, packages first; the last is the imported one, unless that is a namespace package.
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

impl<'a> Resolver<'a> {
    fn node(&self, at: u32) -> &'a Node {
        &self.nodes[at as usize]
    }

    pub(super) fn follow(&self, from: u32) -> ResolvedImports {
        let mut found = ResolvedImports::default();
        let node = self.node(from);
        let Some(facts) = node.imports.as_deref() else { return found };
        for (item, import) in facts.items.iter().enumerate().filter(|(_, import)| !import.guard.never_runs) {
            if let Some(dotted) = absolute(node, import) {
                self.import(from, item, import, &dotted, &mut found);
            }
        }
        let mut seen = HashSet::new();
        for string in facts.strings.iter().filter(|string| seen.insert(&string.name)) {
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

    fn import(&self, from: u32, item: usize, import: &Import, dotted: &str, found: &mut ResolvedImports) {
        let Import { guard, line, .. } = *import;
        let walk = self.walk(dotted);
        let edge = |to, kind| Edge { to, line, guard, kind };
        let last = walk.ran.len().wrapping_sub(1);
        for (at, to) in walk.ran.iter().enumerate().filter(|(_, to)| **to != from) {
            found.edges.push(edge(*to, if at == last { EdgeKind::Module } else { EdgeKind::Parent }));
        }
        found.bare_packages.extend(walk.bare.into_iter().map(|dotted| (dotted, item)));
        let mut problem = |missing, kind, of| found.problems.push(Problem { node: from, item, missing, kind, of });
        match walk.end {
            End::Elsewhere => {}
            End::Missing { perhaps: true, .. } => {}
            End::Missing { name, kind, .. } => problem(name, kind, None),
            End::Module(module) => {
                for name in &import.names {
                    if let Some(kind) = self.missing_name(from, module, &name.name) {
                        problem(format!("{dotted}.{}", name.name), kind, Some(module));
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
                        Step::Nothing => {
                            if let Some(kind) = self.missing_name(from, package, &name.name) {
                                problem(format!("{dotted}.{}", name.name), kind, Some(package));
                            }
                        }
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
                        Step::Nothing => problem(format!("{dotted}.{}", name.name), ProblemKind::Submodule, None),
                    }
                }
            }
        }
    }

    fn walk(&self, dotted: &str) -> Walk {
        let first = dotted.split('.').next().unwrap_or_default();
        let mut walk = Walk { ran: Vec::new(), end: End::Elsewhere, bare: Vec::new() };
        if stdlib::hides(&self.known.python, first) {
            let missing = match stdlib::missing_part(&self.known.python, dotted) {
                Some(missing) => Some((missing, ProblemKind::StdlibSubmodule)),
                None => stdlib::is_broken(&self.known.python, first).then_some((first, ProblemKind::StdlibBroken)),
            };
            if let Some((name, kind)) = missing {
                walk.end = End::Missing { name: name.to_owned(), kind, perhaps: false };
            }
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
                    let alters = self.node(node).imports.as_deref().is_none_or(|facts| facts.alters_path);
                    perhaps |= alters || self.may_make(node);
                    search = if alters { self.names.everywhere(so_far) } else { inside };
                    walk.ran.push(node);
                    End::Package(node, search.clone())
                }
                Step::Module(node) => {
                    perhaps |= self.may_make(node);
                    search = Search::default();
                    walk.ran.push(node);
                    End::Module(node)
                }
                Step::Namespace(inside) => {
                    if self.names.is_project(&inside) && !self.names.is_vendor(&inside) {
                        walk.bare.push(so_far.to_owned());
                    }
                    search = inside;
                    End::Namespace(search.clone())
                }
                Step::Nothing => {
                    let kind = match start {
                        0 if stdlib::is_absent(&self.known.python, first) => ProblemKind::Stdlib,
                        0 => ProblemKind::TopLevel,
                        _ => ProblemKind::Submodule,
                    };
                    let perhaps = perhaps || (start > 0 && self.known.importers.contains(first));
                    walk.end = End::Missing { name: so_far.to_owned(), kind, perhaps };
                    return walk;
                }
            };
        }
        walk
    }

    /// The modules for which `written` may stand in a file: as `Effects::sets` and `Effects::hands_name` name them. Empty:
    /// all that it imports by a call.
    pub(super) fn modules_named(&self, at: u32, written: &str) -> Vec<u32> {
        let node = self.node(at);
        let Some(facts) = node.imports.as_deref() else { return Vec::new() };
        let module = |dotted: &str| match self.walk(dotted).end {
            End::Module(module) | End::Package(module, _) => Some(module),
            _ => None,
        };
        if written.is_empty() {
            let called = facts.items.iter().filter(|import| import.dynamic);
            return called.filter_map(|import| module(&absolute(node, import)?)).collect();
        }
        let (first, rest) = written.split_at(written.find('.').unwrap_or(written.len()));
        let taken = facts.items.iter().flat_map(|import| import.names.iter().map(move |name| (import, name)));
        let taken = taken.filter(|(_, name)| name.asname.as_deref().unwrap_or(&name.name) == first);
        let mut named: Vec<u32> = taken
            .filter_map(|(import, name)| module(&format!("{}.{}{rest}", absolute(node, import)?, name.name)))
            .collect();
        named.extend(module(written));
        named
    }

    /// Of each node, whether it calls a function with its `__name__` that is defined where `sys.modules` is used.
    pub(super) fn replaceable(&self) -> Vec<bool> {
        let is_replaceable = |at: u32| {
            let Some(facts) = self.node(at).imports.as_deref() else { return false };
            facts.effects.hands_name.iter().any(|function| {
                let homes = self.definers(at, function, 2);
                homes.into_iter().any(|home| {
                    let effects = self.node(home).imports.as_deref().map(|facts| &facts.effects);
                    home != at && effects.is_some_and(|effects| effects.makes_any)
                })
            })
        };
        (0..self.nodes.len()).into_par_iter().map(|at| is_replaceable(node_index(at))).collect()
    }

    /// The modules that may define a function, by the name that it has in a file; through as many re-exports.
    fn definers(&self, at: u32, function: &str, hops: u32) -> Vec<u32> {
        let (module, name) = function.rsplit_once('.').unwrap_or(("", function));
        let node = self.node(at);
        let Some(facts) = node.imports.as_deref().filter(|_| hops > 0) else { return Vec::new() };
        let mut homes = Vec::new();
        let mut further = |home: u32| {
            homes.push(home);
            homes.extend(self.definers(home, name, hops - 1));
        };
        if !module.is_empty() {
            self.modules_named(at, module).into_iter().for_each(further);
            return homes;
        }
        for import in &facts.items {
            let takes = import.names.iter().find(|taken| taken.asname.as_deref().unwrap_or(&taken.name) == name);
            if takes.is_some() || import.star {
                let walk = absolute(node, import).map(|dotted| self.walk(&dotted).end);
                if let Some(End::Module(home) | End::Package(home, _)) = walk {
                    further(home);
                }
            }
        }
        homes
    }

    /// Whether a module may make others below itself. `__getattr__`, `globals()` and the like give it names, never
    /// submodules: those come from `sys.modules` or from a finder.
    fn may_make(&self, at: u32) -> bool {
        let node = self.node(at);
        let first = node.dotted.split('.').next().unwrap_or_default();
        self.known.replaceable[at as usize]
            || node.imports.as_deref().is_none_or(|facts| {
                let effects = &facts.effects;
                let by_others =
                    facts.open && (self.known.importers.contains(first) || self.known.makers.contains(first));
                let below = effects.puts.iter().any(|put| put.may_be_below(&node.dotted));
                by_others || below || effects.makes_own || effects.makes_any || facts.alters_search
            })
    }

    /// What kind of problem it is to take a name from a module; none if that may have it.
    fn missing_name(&self, from: u32, at: u32, name: &str) -> Option<ProblemKind> {
        let node = self.node(at);
        if !node.present || name == "*" {
            return None;
        }
        let has = if at == from { self.has_besides(at, name) } else { self.has(at, name, STARS) };
        let kind = if node.is_project() { ProblemKind::Name } else { ProblemKind::PackageName };
        let first = node.dotted.split('.').next().unwrap_or_default();
        if !node.is_project() && (self.known.importers.contains(first) || self.known.makers.contains(first)) {
            return None; // `tlz` fills itself
        }
        // A package knows its own names best.
        let is_theirs = self.node(from).space != node.space || node.is_project();
        (has == Some(false) && is_theirs).then_some(kind)
    }

    /// Whether a module has a name that it takes from itself: by something else than that import.
    fn has_besides(&self, at: u32, name: &str) -> Option<bool> {
        let facts = self.node(at).imports.as_deref()?;
        if facts.effects.bound_again.contains(name) {
            return Some(true);
        }
        let takes = |import: &Import| {
            import
                .names
                .iter()
                .any(|taken| taken.name == name && taken.asname.as_ref().is_none_or(|local| local == name))
                && absolute(self.node(at), import).is_some_and(|module| module == self.node(at).dotted)
        };
        if facts.items.iter().any(|import| import.star) {
            return None; // it may bind the same name
        }
        let by_itself = facts.items.iter().any(|import| !import.guard.in_function && takes(import));
        match self.has(at, name, STARS)? {
            // Bound once, and by this very import.
            true if by_itself && facts.defined_names.contains(name) => Some(is_everywhere(name)),
            known => Some(known),
        }
    }

    /// Whether a module has a name, submodules aside; `None` where it may.
    pub(super) fn has_name(&self, at: u32, name: &str) -> Option<bool> {
        let first = self.node(at).dotted.split('.').next().unwrap_or_default();
        let fills_itself = self.known.importers.contains(first) || self.known.makers.contains(first);
        match self.has(at, name, STARS) {
            Some(false) if fills_itself => None,
            known => known,
        }
    }

    /// The names that a module is known to have: its own, those of its star imports, its submodules.
    pub(super) fn names_of(&self, at: u32) -> BTreeSet<&'a str> {
        let (mut names, mut seen, mut pending) = (BTreeSet::new(), HashSet::new(), vec![at]);
        while let Some(next) = pending.pop().filter(|_| seen.len() < MANY) {
            let node = self.node(next);
            let Some(facts) = node.imports.as_deref().filter(|_| seen.insert(next)) else { continue };
            names.extend(facts.defined_names.iter().map(String::as_str));
            for import in facts.items.iter().filter(|import| import.star) {
                let end = absolute(node, import).map(|dotted| self.walk(&dotted).end);
                if let Some(End::Module(from) | End::Package(from, _)) = end {
                    pending.push(from);
                }
            }
        }
        names.extend(self.names.below(&self.node(at).dotted));
        names
    }

    /// `None` if that cannot be known.
    fn has(&self, at: u32, name: &str, stars: u32) -> Option<bool> {
        let node = self.node(at);
        let facts = node.imports.as_deref().filter(|facts| {
            let readable = facts.syntax_error.is_none() && !facts.encoding_error;
            readable && !facts.open && !facts.alters_path && !self.known.replaceable[at as usize]
        })?;
        if is_everywhere(name) || facts.defined_names.contains(name) {
            return Some(true);
        }
        let stars = stars.checked_sub(1)?;
        for import in facts.items.iter().filter(|import| import.star) {
            match self.walk(&absolute(node, import)?).end {
                End::Module(from) | End::Package(from, _) if from == at => {}
                // What a package hands to the project's own modules by a star may be more than its statements say.
                End::Module(from) | End::Package(from, _) if self.node(from).space != node.space => return None,
                End::Module(from) => {
                    if self.has(from, name, stars)? {
                        return Some(true);
                    }
                }
                End::Package(from, inside) => {
                    // A submodule that has been imported, or that `__all__` lists, comes with the star.
                    if self.names.step(&inside, name) != Step::Nothing || self.has(from, name, stars)? {
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
pub(super) fn absolute(node: &Node, import: &Import) -> Option<String> {
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
