//! Imports that lead to nothing in the bundle, and the distributions that would provide them.
//!
//! Which distribution provides a module is read from the RECORD files of the host's environment. A distribution of the same name
//! counts only if nothing is installed, and is marked as such.

use super::{Imported, Unprovided};
use crate::bundle::{Bundle, below_packages};
use crate::project::{Project, Target};
use crate::python::distribution::Distribution;
use crate::python::graph::{Problem, ProblemKind, Reachability};
use crate::python::{import_names, normalize, stdlib};
use std::collections::{BTreeMap, BTreeSet};

/// How a distribution was found for an import.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Want {
    Installed,
    /// By the table of import names.
    Known,
    ByItsName,
}

/// A distribution that an import wants and the bundle lacks.
#[derive(Debug, Clone)]
pub(super) struct Missing {
    pub(super) imported: Imported,
    pub(super) want: Want,
    /// Whether a file of the project's own imports it.
    by_project: bool,
}

impl Missing {
    /// Whether the Worker breaks without it: at its start, or where a function of the project's own is called.
    pub(super) fn is_needed(&self) -> bool {
        match self.imported.level {
            Reachability::Startup => true,
            Reachability::Project => self.by_project,
            Reachability::Package | Reachability::Guarded | Reachability::StringOnly => false,
        }
    }

    /// `src/main.py:3`.
    pub(super) fn importer(&self) -> &str {
        let chain = &self.imported.chain;
        chain.len().checked_sub(2).and_then(|at| chain.get(at)).map_or("main", String::as_str)
    }
}

/// By the name of the distribution.
pub(super) fn find(
    project: &Project,
    target: &Target,
    bundle: &Bundle,
    installed: &[Distribution],
    declared: &BTreeSet<String>,
) -> BTreeMap<String, Missing> {
    let mut found: BTreeMap<String, Missing> = BTreeMap::new();
    for problem in bundle.graph.problems() {
        let Some((level, module)) = reached(bundle, problem) else { continue };
        let first = module.split('.').next().unwrap_or_default();
        if is_runtimes(target, first) {
            continue;
        }
        let Some((name, want)) = distribution(&module, installed, declared) else { continue };
        if want == Want::Known && is_projects(bundle, first) {
            continue;
        }
        let node = bundle.graph.node(problem.node);
        let shorter = |known: &Missing| chain(project, bundle, problem, &module).len() < known.imported.chain.len();
        if found
            .get(&name)
            .is_some_and(|known| known.imported.level < level || (known.imported.level == level && !shorter(known)))
        {
            continue;
        }
        let chain = chain(project, bundle, problem, &module);
        let imported = Imported { level, chain };
        found.insert(name, Missing { imported, want, by_project: node.is_project() });
    }
    found
}

/// The project's own imports of which no distribution is known, surest first, each module once.
pub(super) fn unprovided(
    project: &Project,
    target: &Target,
    bundle: &Bundle,
    installed: &[Distribution],
    declared: &BTreeSet<String>,
) -> Vec<Unprovided> {
    let mut found: BTreeMap<String, Imported> = BTreeMap::new();
    for problem in bundle.graph.problems().iter().filter(|problem| problem.kind == ProblemKind::TopLevel) {
        let Some((level, module)) = reached(bundle, problem).filter(|(level, _)| *level <= Reachability::Project)
        else {
            continue;
        };
        let of_project = bundle.graph.node(problem.node).is_project();
        if !of_project || is_runtimes(target, &problem.missing) || is_projects(bundle, &problem.missing) {
            continue;
        }
        if distribution(&module, installed, declared).is_none()
            && found.get(&problem.missing).is_none_or(|known| level < known.level)
        {
            let chain = chain(project, bundle, problem, &module);
            found.insert(problem.missing.clone(), Imported { level, chain });
        }
    }
    let mut found: Vec<Unprovided> =
        found.into_iter().map(|(module, imported)| Unprovided { module, imported }).collect();
    found.sort_by_key(|one| one.imported.level);
    found
}

/// A directory or file of the project's of that name is there under another one: that is the gate `namespace`'s to say.
fn is_projects(bundle: &Bundle, top_level: &str) -> bool {
    let mut own = bundle.graph.nodes().filter(|(_, node)| node.is_project());
    own.any(|(_, node)| node.dotted.split('.').any(|component| component == top_level))
}

/// How surely an import that leads nowhere runs, and what it names in full.
fn reached(bundle: &Bundle, problem: &Problem) -> Option<(Reachability, String)> {
    if !matches!(problem.kind, ProblemKind::TopLevel | ProblemKind::Submodule) {
        return None;
    }
    let node = bundle.graph.node(problem.node);
    let import = node.imports.as_ref().filter(|_| node.present)?.items.get(problem.item)?;
    let level = bundle.reach.level(problem.node)?.max(Reachability::of(import.guard, node.is_project()));
    let module = if import.level == 0 { import.module.clone()? } else { problem.missing.clone() };
    Some((level, module))
}

fn chain(project: &Project, bundle: &Bundle, problem: &Problem, module: &str) -> Vec<String> {
    let node = bundle.graph.node(problem.node);
    let line = node.imports.as_ref().and_then(|says| says.items.get(problem.item)).map_or(0, |import| import.line);
    let mut steps = bundle.steps(project, problem.node);
    steps.pop();
    steps.push(format!("{}:{line}", below_packages(&bundle.shown(project, node))));
    steps.push(module.to_owned());
    steps
}

/// What is no distribution's on Workers, whoever has one of that name.
fn is_runtimes(target: &Target, top_level: &str) -> bool {
    stdlib::is_runtime(top_level) || target.has_builtin(top_level)
}

/// The one distribution that has the module, or failing that the most of its packages.
fn distribution(module: &str, installed: &[Distribution], declared: &BTreeSet<String>) -> Option<(String, Want)> {
    let mut path = module.replace('.', "/");
    loop {
        let providers: BTreeSet<&str> = installed
            .iter()
            .filter(|distribution| distribution.files.iter().any(|file| is_of(file, &path)))
            .map(|distribution| distribution.name.as_str())
            .collect();
        if let Some(name) = providers.first().filter(|_| providers.len() == 1) {
            return Some(((*name).to_owned(), Want::Installed));
        }
        if !providers.is_empty() {
            return None; // a namespace that several share
        }
        match path.rfind('/') {
            Some(at) => path.truncate(at),
            None => break,
        }
    }
    if let Some(known) = import_names::distribution_of(module) {
        return Some((normalize(known), Want::Known));
    }
    let equal = normalize(module.split('.').next().unwrap_or_default());
    declared.contains(&equal).then_some((equal, Want::ByItsName))
}

/// Whether a file is the module at `path`, or lies in the package there.
fn is_of(file: &str, path: &str) -> bool {
    file.strip_prefix(path).is_some_and(|rest| rest.starts_with('/') || (rest.starts_with('.') && !rest.contains('/')))
}
