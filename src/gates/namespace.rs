//! `namespace`: every first-party import resolves under the name that it is written with.
//!
//! The layout is decided elsewhere. Whether the name of main is free is for `shadowing`.

use super::closest;
use super::definition::{Check, Gate, codes};
use super::imports::unsearched;
use super::reachability::severity;
use super::{CheckOutput, Context, Finding, GateId, Level, Severity};
use crate::error::{Location, LocationKind, Result};
use crate::layout::{Namespace, Unresolved};
use crate::python::graph::Reachability;

codes! {
    UNRESOLVED = "namespace.unresolved": "A first-party import names no module of the upload.";
    MAIN = "namespace.main": "Project code imports the entry module and would get a second copy of the main module.";
}

pub(super) const GATE: Gate = Gate {
    id: GateId::Namespace,
    default_level: Level::Deny,
    check: Check::Plan(check),
    nothing_to_check: None,
    codes: CODES,
    page: include_str!("../../docs/gates/namespace.md"),
};

pub(super) fn check(context: &Context<'_>) -> Result<CheckOutput> {
    let layout = context.layout;
    let at = |unresolved: &Unresolved| {
        Location::at(LocationKind::File, context.project.display(&unresolved.file), unresolved.line, unresolved.column)
    };
    let mut findings = Vec::new();
    for unresolved in &layout.unresolved {
        let Some(cost) = severity_of(context, unresolved) else { continue };
        let vendor = closest::unsearched_vendor(context, &unresolved.name);
        let vendor = vendor.map(|directory| unsearched(context, &directory, &unresolved.name)).transpose()?;
        let (message, help) = match (&unresolved.works_as, &unresolved.obstacle) {
            (Some(name), _) => (
                format!(
                    "`{}` is not a module of this Worker: the {} layout has it as `{name}`",
                    unresolved.name,
                    layout_name(layout.namespace)
                ),
                match layout.namespace {
                    _ if vendor.is_some() => vendor.unwrap_or_default(),
                    Namespace::Keep => format!("write `{name}`"),
                    Namespace::Flat => format!("write `{name}`, or set `namespace = \"keep\"`"),
                },
            ),
            (None, Some(obstacle)) => (
                format!(
                    "`{}` is not a module of this Worker: {obstacle}, so that its directory has no name",
                    unresolved.name
                ),
                format!("move it below `{}`, or rename the directory", context.project.display(&layout.module_root)),
            ),
            (None, None) => (
                format!("`{}` is not a module of this Worker: no file of the upload has that name", unresolved.name),
                suggestion(context, unresolved)
                    .unwrap_or_else(|| "correct the name, or add the directory to `include`".to_owned()),
            ),
        };
        findings.push(Finding::new(cost, UNRESOLVED, unresolved.name.as_str(), at(unresolved), message, help));
    }
    let target = layout.shim.as_ref().map_or("main", |shim| shim.target.as_str());
    for import in &layout.imports_main {
        let Some(cost) = severity_of(context, import) else { continue };
        let message = format!("`import {}` gives the entry shim, a second module beside `{target}`", import.name);
        findings.push(Finding::new(
            cost,
            MAIN,
            import.name.as_str(),
            at(import),
            message,
            format!("write `import {target}`"),
        ));
    }
    Ok(CheckOutput { figure: format!("{}: {}", layout_name(layout.namespace), layout.reason), findings })
}

/// `did you mean ...?`, with the closest existing module, relative or absolute as the import is.
fn suggestion(context: &Context<'_>, unresolved: &Unresolved) -> Option<String> {
    let shown = context.project.display(&unresolved.file);
    let mut nodes = context.bundle.graph.nodes().filter(|(_, node)| node.is_project());
    let (_, node) = nodes.find(|(_, node)| context.display_path(node) == shown)?;
    let close = closest::closest_module(context, &closest::absolute(node, &unresolved.name)?)?;
    let dots = unresolved.name.len() - unresolved.name.trim_start_matches('.').len();
    let written = match (dots, close.rsplit_once('.')) {
        (0, _) => close,
        (_, Some((_, last))) => {
            let front = unresolved.name.rfind('.').map_or("", |dot| &unresolved.name[..=dot]);
            format!("{front}{last}")
        }
        (_, None) => format!("{}{close}", ".".repeat(dots)),
    };
    Some(format!("did you mean `{written}`?"))
}

/// Costs as much as it is certain to run. A file that the bundle does not reach is behind another import that fails.
fn severity_of(context: &Context<'_>, unresolved: &Unresolved) -> Option<Severity> {
    let shown = context.project.display(&unresolved.file);
    let mut nodes = context.bundle.graph.nodes().filter(|(_, node)| node.is_project());
    let node = nodes.find(|(_, node)| context.display_path(node) == shown);
    let own = Reachability::of(unresolved.guard, true);
    severity(node.and_then(|(at, _)| context.bundle.reach.level(at)).map_or(own, |reached| reached.max(own)))
}

fn layout_name(namespace: Namespace) -> &'static str {
    match namespace {
        Namespace::Keep => "keep",
        Namespace::Flat => "flat",
    }
}
