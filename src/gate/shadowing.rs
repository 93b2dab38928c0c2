//! `shadowing`: the project's own modules are found under their names.
//!
//! Receives the import graph and the layout; hands on top-level modules of the project that the standard library, the
//! runtime or a vendored package hides. Directories that two sides share as a namespace package are healthy. Must never
//! report a module that is only a part of a package: its name is longer.

use super::{Context, Finding, Judged, Severity};
use crate::error::{Location, Place, Result};
use crate::python::graph::{Form, Level, Node};
use crate::python::stdlib;
use crate::quantity::count;
use std::collections::BTreeMap;

pub(super) fn check(context: &Context<'_>) -> Result<Judged> {
    let mut findings: Vec<Finding> =
        tops(context).into_iter().filter_map(|(name, (at, node))| hidden(context, name, at, node)).collect();
    if let Some(clash) = &context.layout.main_clash {
        findings.push(Finding::new(
            Severity::Deny,
            "shadowing.main",
            clash.as_str(),
            Location::new(Place::File, context.project.display(&context.layout.main)),
            format!("the vendored `{clash}` is named like the main module, and the runtime refuses such an upload"),
            "rename the main module",
        ));
    }
    let figure = match findings.len() {
        0 => "no module of the project is hidden".to_owned(),
        hidden => format!("{} hidden", count(hidden, "module")),
    };
    Ok(Judged { figure, findings })
}

/// The project's top-level names, each with one module of it; without the entry shim, whose name is chosen to be free.
fn tops<'a>(context: &Context<'a>) -> BTreeMap<&'a str, (u32, &'a Node)> {
    let mut tops: BTreeMap<&str, (u32, &Node)> = BTreeMap::new();
    let shim = context.layout.shim.is_some();
    for (at, node) in context.bundle.graph.nodes() {
        let is_shim = shim && node.name == context.bundle.main_module;
        if !node.is_project() || !node.present || is_shim || node.form == Form::Startup {
            continue;
        }
        let top = node.dotted.split('.').next().unwrap_or_default();
        let known = tops.entry(top).or_insert((at, node));
        // The package itself rather than something inside.
        if node.dotted.len() < known.1.dotted.len() {
            *known = (at, node);
        }
    }
    tops
}

fn hidden(context: &Context<'_>, name: &str, at: u32, node: &Node) -> Option<Finding> {
    let graph = &context.bundle.graph;
    let python = &context.target.python;
    let by_package =
        graph.module(name).map(|found| graph.node(found)).filter(|found| !found.is_project() && found.present);
    let is_main = node.name == context.bundle.main_module;
    let (code, by) = if stdlib::hides(python, name) {
        // The runtime imports main by its name, and finds the library's.
        let whose = if stdlib::is_stdlib(python, name) { "the standard library's" } else { "the runtime's" };
        ("shadowing.stdlib", format!("{whose} `{name}`"))
    } else if let Some(package) = by_package.filter(|_| !is_main) {
        let owner = context.importer(package);
        ("shadowing.package", format!("`{}` of `{owner}`", package.name))
    } else {
        return None;
    };
    let user = if is_main { None } else { user(context, name, at, node) };
    let shown = context.shown(node);
    let (severity, message) = match &user {
        Some((importer, line)) => {
            (Severity::Deny, format!("`{shown}` is hidden by {by}, and `{importer}:{line}` imports it{}", ""))
        }
        None if is_main => (
            Severity::Deny,
            format!("the main module `{shown}` is hidden by {by}, which the runtime would start instead"),
        ),
        None => (Severity::Warn, format!("`{shown}` is hidden by {by}; nothing imports it")),
    };
    Some(Finding::new(
        severity,
        code,
        name,
        Location::new(Place::File, shown),
        message,
        format!("rename `{name}`, or import it through its package"),
    ))
}

/// A reached file of the project that imports the name and means the project's: file and line.
fn user(context: &Context<'_>, name: &str, hidden: u32, module: &Node) -> Option<(String, u32)> {
    let graph = &context.bundle.graph;
    let first = |dotted: &str| dotted.split('.').next() == Some(name);
    for (at, node) in graph.nodes().filter(|(at, node)| node.is_project() && node.present && *at != hidden) {
        let reached = context.bundle.reach.level(at).is_some_and(|level| level <= Level::Guarded);
        let Some(says) = node.says.as_ref().filter(|_| reached) else { continue };
        let meant = says.items.iter().find(|import| {
            let here = import.level == 0 && !import.guard.type_checking;
            let named = here && import.module.as_deref().is_some_and(first);
            // Names that the project's module does not have say that the other one is meant.
            let other = !import.names.is_empty()
                && import.module.as_deref() == Some(name)
                && module.dotted == name
                && module.says.as_ref().is_some_and(|own| {
                    !own.open && !import.names.iter().any(|wanted| own.binds.contains(&wanted.name))
                });
            named && !other
        });
        if let Some(import) = meant {
            return Some((context.shown(node), import.line));
        }
    }
    None
}
