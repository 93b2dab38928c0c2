//! What imports what, across the project and every vendored package, as the runtime would find it.
//!
//! Receives the modules of a bundle with what each says; hands on a `Graph`: an edge for every import that leads to a
//! module, a `Problem` for every one that leads nowhere, and `Reach`, which says from where and how surely a module is
//! imported. `names` is Python's finder over upload names, `resolve` follows single imports, `reach` walks. Pure: must
//! never read a file and never judge.

mod names;
mod reach;
mod resolve;
#[cfg(test)]
mod tests;

pub(crate) use names::{Form, Space};
pub(crate) use reach::{Reach, Reachability};

use super::imports::{Guard, Import, Imports, Put, serves};
use names::Names;
use rayon::prelude::*;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

/// One module of the upload, or a file that stays behind.
#[derive(Debug, Clone)]
pub(crate) struct Source {
    /// The upload name, present or not.
    pub(crate) name: String,
    /// It travels. What does not can still be what an import was meant for.
    pub(crate) present: bool,
    /// What a Python file says; `None` for anything else and for what stays behind.
    pub(crate) says: Option<Arc<Imports>>,
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
    pub(crate) says: Option<Arc<Imports>>,
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
    /// The module that is asked for, or a submodule taken out of it.
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

/// Everything that imports something, and everything that can be imported.
#[derive(Debug, Default)]
pub(crate) struct Graph {
    nodes: Vec<Node>,
    edges: Vec<Vec<Edge>>,
    problems: Vec<Problem>,
    names: Names,
    by_name: HashMap<String, u32>,
    /// Directories of the project that are imported as packages and have no `__init__.py`: dotted name, and who does.
    bare_packages: BTreeMap<String, Vec<(u32, usize)>>,
    /// Modules whose attributes other modules set: which, and the attribute where it can be read.
    set: HashMap<u32, Vec<(u32, Option<String>)>>,
    /// What is put into `sys.modules`, and by whom.
    put: Vec<(Put, u32)>,
    /// What resolving needs besides the names.
    known: Known,
}

/// What the modules say together, once it is known of all of them.
#[derive(Debug, Default)]
struct Known {
    /// "3.14"; which standard library answers first.
    python: String,
    /// Top-level names of which some module changes how modules are found: what is not there may be made (`tlz`).
    importers: HashSet<String>,
    /// Top-level names of which some module puts others into `sys.modules` under names that cannot be read.
    makers: HashSet<String>,
    /// Of each node, whether it has told its `__name__` to a module that works on `sys.modules`: it may be replaced.
    told: Vec<bool>,
}

impl Graph {
    /// `python` is "3.14"; which standard library answers first. `legacy_vendor`: `vendor/` is searched as well.
    pub(crate) fn new(sources: Vec<Source>, python: &str, legacy_vendor: bool) -> Self {
        let nodes: Vec<Node> = sources.into_iter().filter_map(names::node).collect();
        let names = Names::new(&nodes, legacy_vendor);
        let tops = |is: fn(&Imports) -> bool| {
            let of = nodes.iter().filter(|node| node.says.as_deref().is_some_and(is));
            of.filter_map(|node| node.dotted.split('.').next()).map(str::to_owned).collect()
        };
        let mut known = Known {
            python: python.to_owned(),
            importers: tops(|says| says.alters_search),
            makers: tops(|says| says.effects.makes_any || says.effects.puts.iter().any(Put::is_open)),
            told: vec![false; nodes.len()],
        };
        known.told = resolve::Resolver { names: &names, nodes: &nodes, known: &known }.told();
        let resolver = resolve::Resolver { names: &names, nodes: &nodes, known: &known };
        let found: Vec<resolve::ResolvedImports> =
            (0..nodes.len()).into_par_iter().map(|index| resolver.follow(names::index(index))).collect();
        let mut graph = Self { names: Names::default(), ..Self::default() };
        for (index, found) in found.into_iter().enumerate() {
            for (dotted, item) in found.bare_packages {
                graph.bare_packages.entry(dotted).or_default().push((names::index(index), item));
            }
            graph.edges.push(found.edges);
            graph.problems.extend(found.problems);
        }
        for (at, node) in nodes.iter().enumerate() {
            let Some(effects) = node.says.as_ref().map(|says| &says.effects) else { continue };
            for (module, attribute) in &effects.sets {
                for module in resolver.meant(names::index(at), module) {
                    graph.set.entry(module).or_default().push((names::index(at), attribute.clone()));
                }
            }
            graph.put.extend(effects.puts.iter().map(|put| (put.clone(), names::index(at))));
        }
        graph.by_name = nodes.iter().enumerate().map(|(at, node)| (node.name.clone(), names::index(at))).collect();
        graph.names = names;
        graph.nodes = nodes;
        graph.known = known;
        graph
    }

    fn resolver(&self) -> resolve::Resolver<'_> {
        resolve::Resolver { names: &self.names, nodes: &self.nodes, known: &self.known }
    }

    /// Whether a module has a name, its submodules aside; `None` where it may.
    pub(crate) fn has(&self, node: u32, name: &str) -> Option<bool> {
        self.resolver().has_name(node, name)
    }

    /// The names that a module is known to have, those of its star imports and its submodules among them.
    pub(crate) fn names_of(&self, node: u32) -> BTreeSet<&str> {
        self.resolver().names_of(node)
    }

    /// What can be imported below a dotted name; at the top for an empty one.
    pub(crate) fn below(&self, dotted: &str) -> Vec<&str> {
        self.names.below(dotted)
    }

    /// The absolute name of what a module imports; none where the dots climb past the top.
    pub(crate) fn asked(&self, node: u32, import: &Import) -> Option<String> {
        resolve::absolute(self.node(node), import)
    }

    /// Whether a node is below the directory `vendor/` that the runtime searches.
    pub(crate) fn is_in_vendor(&self, node: &Node) -> bool {
        self.names.searches_vendor() && node.name.starts_with(names::VENDOR)
    }

    pub(crate) fn nodes(&self) -> impl Iterator<Item = (u32, &Node)> {
        self.nodes.iter().enumerate().map(|(at, node)| (names::index(at), node))
    }

    pub(crate) fn node(&self, at: u32) -> &Node {
        &self.nodes[at as usize]
    }

    /// By upload name; data files have no node.
    pub(crate) fn find(&self, name: &str) -> Option<u32> {
        self.by_name.get(name).copied()
    }

    /// What `import NAME` finds, if it is one module.
    pub(crate) fn module(&self, dotted: &str) -> Option<u32> {
        self.names.lookup(dotted)
    }

    pub(crate) fn edges(&self, from: u32) -> &[Edge] {
        &self.edges[from as usize]
    }

    pub(crate) fn problems(&self) -> &[Problem] {
        &self.problems
    }

    /// Which modules may set an attribute `name` of `module`: on it under any name, or of that name on any module, for star
    /// imports hand it on.
    pub(crate) fn setters(&self, module: u32, name: &str) -> impl Iterator<Item = u32> {
        let of = move |(on, sets): (&u32, &Vec<(u32, Option<String>)>)| {
            let sets = sets.iter().filter(|(_, set)| set.as_deref().map_or(*on == module, |set| set == name));
            sets.map(|(by, _)| *by).collect::<Vec<_>>()
        };
        self.set.iter().flat_map(of)
    }

    /// Which modules put something into `sys.modules` by which `dotted` is found.
    pub(crate) fn putters<'a>(&'a self, dotted: &'a str) -> impl Iterator<Item = u32> + 'a {
        self.put.iter().filter(|(put, _)| serves(std::iter::once(put), dotted, false)).map(|(_, by)| *by)
    }

    /// Dotted names of the project's directories that are imported as packages and have no `__init__.py`, with the nodes
    /// that import each and the indices of their imports.
    pub(crate) fn bare_packages(&self) -> impl Iterator<Item = (&str, &[(u32, usize)])> {
        self.bare_packages.iter().map(|(dotted, by)| (dotted.as_str(), by.as_slice()))
    }

    /// Marks which nodes travel, by upload name, once that is decided.
    pub(crate) fn set_present(&mut self, travels: impl Fn(&str) -> bool) {
        for node in &mut self.nodes {
            node.present = travels(&node.name);
        }
    }
}
