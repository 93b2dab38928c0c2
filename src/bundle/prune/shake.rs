//! `prune.shake`: keeps only the modules of each vendored distribution that something imports.
//!
//! Errs towards keeping: a package that imports computed names, or imports from compiled code, is kept whole, because
//! its imports are unknown. Applies only to modules of distributions.

use super::{Module, Owner, vendored_path};
use crate::bundle::mentions::Candidate;
use crate::python::graph::{Form, Graph};
use crate::python::stdlib;
use std::collections::{BTreeMap, BTreeSet};

/// One module that may be dropped.
#[derive(Debug)]
struct Shaken {
    candidate: usize,
    /// The first component of its path: the package's import name.
    top: String,
    owner: Owner,
    /// Candidates for the `__init__.py` files above it.
    above: Vec<usize>,
    /// Its imports cannot be determined from its source.
    unreadable: bool,
}

/// All modules that may be dropped.
#[derive(Debug, Default)]
pub(super) struct Shake {
    modules: Vec<Shaken>,
    /// By path below `python_modules`.
    candidates: BTreeMap<String, usize>,
}

impl Shake {
    /// Adds a module with its `candidate`.
    pub(super) fn add(&mut self, module: &Module, candidate: usize, graph: &Graph) {
        let Some(path) = vendored_path(&module.name) else { return };
        let node = graph.find(&module.name).map(|at| graph.node(at));
        let unreadable = node.is_some_and(|node| {
            node.form == Form::Extension || node.imports.as_ref().is_some_and(|says| says.computes || says.alters_path)
        });
        self.candidates.insert(path.to_owned(), candidate);
        let top = path.split(['/', '.']).next().unwrap_or_default().to_owned();
        self.modules.push(Shaken { candidate, top, owner: module.owner.clone(), above: Vec::new(), unreadable });
    }

    /// Finds the packages above each module. Call it after all are added.
    pub(super) fn finish(&mut self, candidates: &[Candidate]) {
        for module in &mut self.modules {
            let path = &candidates[module.candidate].path;
            let ends = path.match_indices('/').map(|(end, _)| end);
            let above = ends.filter_map(|end| self.candidates.get(&format!("{}/__init__.py", &path[..end])));
            module.above = above.copied().filter(|above| *above != module.candidate).collect();
        }
    }

    /// Marks what has to be kept along with kept modules. Returns whether anything was new.
    pub(super) fn spread(&self, needed: &mut [bool]) -> bool {
        let mut whole: BTreeSet<(&str, &Owner)> = BTreeSet::new();
        let mut marked = false;
        let mut mark = |needed: &mut [bool], candidate: usize| {
            marked |= !needed[candidate];
            needed[candidate] = true;
        };
        for module in self.modules.iter().filter(|module| module.unreadable && needed[module.candidate]) {
            whole.insert((&module.top, &module.owner));
        }
        for module in &self.modules {
            if whole.iter().any(|(top, owner)| *top == module.top || *owner == &module.owner) {
                mark(needed, module.candidate);
            }
            if needed[module.candidate] {
                module.above.iter().for_each(|above| mark(needed, *above));
            }
        }
        marked
    }

    /// Marks all of a distribution that nothing imports but that must be kept: it is a direct requirement, or the
    /// standard library needs it. Returns whether anything was new.
    pub(super) fn keep_what_is_listed(&self, direct: &[String], needed: &mut [bool]) -> bool {
        let unused = self.unused(needed);
        let stays = |owner: &Owner| match owner {
            Owner::Package(name) => direct.contains(name) || name == stdlib::ZONES.distribution,
            _ => true,
        };
        let listed = self.modules.iter().filter(|module| unused.contains(&module.owner) && stays(&module.owner));
        let listed: Vec<usize> = listed.map(|module| module.candidate).collect();
        listed.iter().for_each(|candidate| needed[*candidate] = true);
        !listed.is_empty()
    }

    /// Distributions with no needed module: their data is not needed either.
    pub(super) fn unused(&self, needed: &[bool]) -> BTreeSet<Owner> {
        let used: BTreeSet<&Owner> =
            self.modules.iter().filter(|module| needed[module.candidate]).map(|module| &module.owner).collect();
        let all: BTreeSet<&Owner> = self.modules.iter().map(|module| &module.owner).collect();
        all.difference(&used).map(|owner| (*owner).clone()).collect()
    }
}
