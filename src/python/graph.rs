//! What imports what, across the project and every vendored package, as the runtime would find it.
//!
//! A `Graph` has an edge for every import that leads to a module and a `Problem` for every one that does not; `Reach` tells
//! from where and how surely a module is imported. No file is read.

mod model;
mod names;
mod reach;
mod resolve;
#[cfg(test)]
mod tests;

pub(crate) use model::{Edge, EdgeKind, Form, Node, Problem, ProblemKind, Source};
pub(crate) use reach::{Reach, Reachability};

use super::imports::{Import, Imports, Put, serves};
use model::{Known, node_index};
use names::Names;
use rayon::prelude::*;
use std::collections::{BTreeMap, BTreeSet, HashMap};

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

impl Graph {
    /// `python` is "3.14"; which standard library answers first. `legacy_vendor`: `vendor/` is searched as well.
    pub(crate) fn new(sources: Vec<Source>, python: &str, legacy_vendor: bool) -> Self {
        let nodes: Vec<Node> = sources.into_iter().filter_map(names::node).collect();
        let names = Names::new(&nodes, legacy_vendor);
        let tops = |is: fn(&Imports) -> bool| {
            let of = nodes.iter().filter(|node| node.imports.as_deref().is_some_and(is));
            of.filter_map(|node| node.dotted.split('.').next()).map(str::to_owned).collect()
        };
        let mut known = Known {
            python: python.to_owned(),
            importers: tops(|facts| facts.alters_search),
            makers: tops(|facts| facts.effects.makes_any || facts.effects.puts.iter().any(Put::is_open)),
            replaceable: vec![false; nodes.len()],
        };
        known.replaceable = resolve::Resolver { names: &names, nodes: &nodes, known: &known }.replaceable();
        let resolver = resolve::Resolver { names: &names, nodes: &nodes, known: &known };
        let found: Vec<resolve::ResolvedImports> =
            (0..nodes.len()).into_par_iter().map(|index| resolver.follow(node_index(index))).collect();
        let mut graph = Self { names: Names::default(), ..Self::default() };
        for (index, found) in found.into_iter().enumerate() {
            for (dotted, item) in found.bare_packages {
                graph.bare_packages.entry(dotted).or_default().push((node_index(index), item));
            }
            graph.edges.push(found.edges);
            graph.problems.extend(found.problems);
        }
        for (at, node) in nodes.iter().enumerate() {
            let Some(effects) = node.imports.as_ref().map(|facts| &facts.effects) else { continue };
            for (module, attribute) in &effects.sets {
                for module in resolver.modules_named(node_index(at), module) {
                    graph.set.entry(module).or_default().push((node_index(at), attribute.clone()));
                }
            }
            graph.put.extend(effects.puts.iter().map(|put| (put.clone(), node_index(at))));
        }
        graph.by_name = nodes.iter().enumerate().map(|(at, node)| (node.name.clone(), node_index(at))).collect();
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
    pub(crate) fn absolute_name(&self, node: u32, import: &Import) -> Option<String> {
        resolve::absolute(self.node(node), import)
    }

    /// Whether a node is below the directory `vendor/` that the runtime searches.
    pub(crate) fn is_in_vendor(&self, node: &Node) -> bool {
        self.names.searches_vendor() && node.name.starts_with(names::VENDOR)
    }

    pub(crate) fn nodes(&self) -> impl Iterator<Item = (u32, &Node)> {
        self.nodes.iter().enumerate().map(|(at, node)| (node_index(at), node))
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
            sets.map(|(setter, _)| *setter).collect::<Vec<_>>()
        };
        self.set.iter().flat_map(of)
    }

    /// Which modules put something into `sys.modules` by which `dotted` is found.
    pub(crate) fn registrars<'a>(&'a self, dotted: &'a str) -> impl Iterator<Item = u32> + 'a {
        self.put.iter().filter(|(put, _)| serves(std::iter::once(put), dotted, false)).map(|(_, registrar)| *registrar)
    }

    /// Dotted names of the project's directories that are imported as packages and have no `__init__.py`, with the nodes
    /// that import each and the indices of their imports.
    pub(crate) fn bare_packages(&self) -> impl Iterator<Item = (&str, &[(u32, usize)])> {
        self.bare_packages.iter().map(|(dotted, importers)| (dotted.as_str(), importers.as_slice()))
    }

    /// Walks from `starts` along every edge that `follows` allows.
    pub(crate) fn reach(&self, starts: &[u32], follows: impl Fn(&Edge) -> bool) -> Reach {
        reach::walk(&self.nodes, &self.edges, starts, follows)
    }

    /// Where the runtime starts: main, and what `.pth` files run.
    pub(crate) fn starts(&self, main_module: &str) -> Vec<u32> {
        let startup = self.nodes().filter(|(_, node)| node.form == Form::Startup && node.present);
        self.find(main_module).into_iter().chain(startup.map(|(at, _)| at)).collect()
    }

    /// Marks which nodes are uploaded, by upload name, once that is decided.
    pub(crate) fn set_present(&mut self, is_uploaded: impl Fn(&str) -> bool) {
        for node in &mut self.nodes {
            node.present = is_uploaded(&node.name);
        }
    }
}
