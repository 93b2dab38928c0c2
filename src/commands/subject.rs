//! Resolves the NAME of `why` and `impact`: a distribution, a module with everything below it, or one file.

use crate::bundle::{Bundle, Dropped, Module, Owner};
use crate::error::{Error, ErrorKind, Result};
use crate::project::Project;
use crate::python::graph::Node;
use crate::python::normalize;
use crate::suggest::closest;
use std::collections::BTreeSet;

/// How many distributions of a like name are shown.
const ALIKE: usize = 3;

pub(super) struct Subject<'a> {
    pub(super) kind: &'static str,
    /// As it is called, whatever was written.
    pub(super) name: String,
    /// Of the upload.
    pub(super) modules: Vec<&'a Module>,
    /// In the order of the graph.
    pub(super) nodes: Vec<(u32, &'a Node)>,
}

impl Subject<'_> {
    pub(super) fn bytes(&self) -> u64 {
        self.modules.iter().map(|module| module.bytes).sum()
    }
}

/// # Errors
/// `Usage`: nothing in the bundle has that name.
pub(super) fn find<'a>(project: &Project, bundle: &'a Bundle, name: &str) -> Result<Subject<'a>> {
    let normal = normalize(name);
    if bundle.packages.iter().any(|package| package.name == normal) {
        let owned = |module: &Module| module.owner == Owner::Package(normal.clone());
        return Ok(collect(bundle, "distribution", normal.clone(), owned));
    }
    let path = name.trim_end_matches('/').trim_start_matches("./");
    let below = |module: &Module, path: &str| {
        let inside = module.name.strip_prefix("python_modules/").filter(|_| !path.starts_with("python_modules/"));
        let name = inside.unwrap_or(&module.name);
        name == path || name.strip_prefix(path).is_some_and(|rest| rest.starts_with('/'))
    };
    if bundle.modules.iter().any(|module| below(module, path)) {
        return Ok(collect(bundle, "file", path.to_owned(), |module| below(module, path)));
    }
    let dotted: BTreeSet<&str> = bundle
        .graph
        .nodes()
        .filter(|(_, node)| node.present && (node.dotted == name || node.dotted.starts_with(&format!("{name}."))))
        .map(|(_, node)| node.name.as_str())
        .collect();
    if !dotted.is_empty() {
        // With the data of a package, which has no dotted name.
        let directory = name.replace('.', "/");
        let inside = |module: &Module| dotted.contains(module.name.as_str()) || below(module, &directory);
        return Ok(collect(bundle, "module", name.to_owned(), inside));
    }
    let message = format!("`{name}` is no distribution, module or file of the bundle");
    let hint = absent(project, bundle, name)
        .or_else(|| near(bundle, name).map(|near| format!("did you mean {near}?")))
        .unwrap_or_else(|| "see `saddlebag report` for the packages that are in it".to_owned());
    Err(Error::new(ErrorKind::Usage, message, hint))
}

/// Why something of exactly that name is not in the bundle.
fn absent(project: &Project, bundle: &Bundle, name: &str) -> Option<String> {
    let path = name.trim_end_matches('/').trim_start_matches("./");
    let dotted = path.replace('.', "/");
    let module = format!("{dotted}.py");
    let is_it = |dropped: &&Dropped| {
        let name = dropped.name.strip_prefix("python_modules/").unwrap_or(&dropped.name);
        let is_below =
            |path: &str| name.strip_prefix(path).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
        dropped.name == path || name == module || is_below(path) || is_below(&dotted)
    };
    if let Some(dropped) = bundle.dropped.iter().find(is_it) {
        return Some(format!(
            "`{}` was dropped ({}): keep it with `prune.keep` in `[tool.saddlebag]`",
            dropped.name, dropped.rule
        ));
    }
    let normal = normalize(name);
    let one = project.declared_requirements().into_iter().find(|one| one.requirement.name.as_ref() == Some(&normal))?;
    Some(match one.runtime {
        true => format!("{} requires it, and not for Workers: look at its condition", one.place()),
        false => format!("{} lists it, and not for the Worker: see `saddlebag classify`", one.place()),
    })
}

/// The distribution, module or file that is called most like it, else the distributions whose names hold it.
fn near(bundle: &Bundle, name: &str) -> Option<String> {
    let files = bundle.modules.iter().map(|module| module.name.strip_prefix("python_modules/").unwrap_or(&module.name));
    let modules = bundle.graph.nodes().filter(|(_, node)| node.present).map(|(_, node)| node.dotted.as_str());
    let packages = || bundle.packages.iter().map(|package| package.name.as_str());
    // Distributions and top levels before what is inside them, so that they win where two are as near.
    let tops = bundle.graph.nodes().filter_map(|(_, node)| node.dotted.split('.').next());
    let first: BTreeSet<&str> = packages().chain(tops).collect();
    let second: BTreeSet<&str> = modules.chain(files).collect();
    let normal = normalize(name);
    let close = [name, &normal].into_iter().find_map(|name| closest(name, first.iter().chain(&second).copied()));
    if let Some(close) = close {
        return Some(format!("`{close}`"));
    }
    let holds = |package: &&str| {
        normal.len() >= 3 && (package.contains(&normal) || normal.contains(package) && package.len() >= 3)
    };
    let alike: Vec<String> = packages().filter(holds).take(ALIKE).map(|package| format!("`{package}`")).collect();
    (!alike.is_empty()).then(|| alike.join(" or "))
}

fn collect<'a>(bundle: &'a Bundle, kind: &'static str, name: String, belongs: impl Fn(&Module) -> bool) -> Subject<'a> {
    let modules: Vec<&Module> = bundle.modules.iter().filter(|module| belongs(module)).collect();
    let names: BTreeSet<&str> = modules.iter().map(|module| module.name.as_str()).collect();
    let nodes = bundle.graph.nodes().filter(|(_, node)| names.contains(node.name.as_str())).collect();
    Subject { kind, name, modules, nodes }
}
