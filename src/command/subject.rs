//! What the NAME of a question means: a distribution, a module with all below it, or one file.
//!
//! Receives the bundle and the name; hands on its modules and nodes. Must never guess: a name that means nothing is an
//! error with the nearest that does.

use crate::bundle::{Bundle, Module, Owner};
use crate::cli::closest;
use crate::error::{Error, Kind, Result};
use crate::python::graph::Node;
use crate::python::normalize;
use std::collections::BTreeSet;

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
pub(super) fn find<'a>(bundle: &'a Bundle, name: &str) -> Result<Subject<'a>> {
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
    let packages = bundle.packages.iter().map(|package| package.name.as_str());
    let tops = bundle.graph.nodes().filter_map(|(_, node)| node.dotted.split('.').next());
    let known: BTreeSet<&str> = packages.chain(tops).collect();
    let hint = match closest(name, known.into_iter()) {
        Some(close) => format!("did you mean `{close}`?"),
        None => "see `saddlebag check --verbose` for all that is in it".to_owned(),
    };
    Err(Error::new(Kind::Usage, format!("`{name}` is no distribution, module or file of the bundle"), hint))
}

fn collect<'a>(bundle: &'a Bundle, kind: &'static str, name: String, belongs: impl Fn(&Module) -> bool) -> Subject<'a> {
    let modules: Vec<&Module> = bundle.modules.iter().filter(|module| belongs(module)).collect();
    let names: BTreeSet<&str> = modules.iter().map(|module| module.name.as_str()).collect();
    let nodes = bundle.graph.nodes().filter(|(_, node)| names.contains(node.name.as_str())).collect();
    Subject { kind, name, modules, nodes }
}
