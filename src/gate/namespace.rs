//! `namespace`: every first-party import resolves at the name it is written with.
//!
//! Receives the layout that was decided; hands on what will not resolve in it, as surely as it runs. Must never decide the
//! layout. That main's name is free is `shadowing`.

use super::sight::severity;
use super::{Context, Finding, Judged, Severity};
use crate::error::{Location, Place, Result};
use crate::project::layout::{Namespace, Unresolved};
use crate::python::graph::Level;

pub(super) fn check(context: &Context<'_>) -> Result<Judged> {
    let layout = context.layout;
    let at = |unresolved: &Unresolved| {
        Location::at(Place::File, context.project.display(&unresolved.file), unresolved.line, unresolved.column)
    };
    let mut findings = Vec::new();
    for unresolved in &layout.unresolved {
        let Some(cost) = costs(context, unresolved) else { continue };
        let (message, help) = match (&unresolved.works_as, &unresolved.obstacle) {
            (Some(name), _) => (
                format!(
                    "`{}` is not a module of this Worker: the {} layout has it as `{name}`",
                    unresolved.name,
                    word(layout.namespace)
                ),
                match layout.namespace {
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
                "correct the name, or add the directory to `include`".to_owned(),
            ),
        };
        findings.push(Finding::new(
            cost,
            "namespace.unresolved",
            unresolved.name.as_str(),
            at(unresolved),
            message,
            help,
        ));
    }
    let target = layout.shim.as_ref().map_or("main", |shim| shim.target.as_str());
    for import in &layout.imports_main {
        let Some(cost) = costs(context, import) else { continue };
        let message = format!("`import {}` gives the entry shim, a second module beside `{target}`", import.name);
        findings.push(Finding::new(
            cost,
            "namespace.main",
            import.name.as_str(),
            at(import),
            message,
            format!("write `import {target}`"),
        ));
    }
    Ok(Judged { figure: format!("{}: {}", word(layout.namespace), layout.reason), findings })
}

/// As surely as it runs. What the bundle's own walk does not reach was meant to be reached by another import that fails.
fn costs(context: &Context<'_>, unresolved: &Unresolved) -> Option<Severity> {
    let shown = context.project.display(&unresolved.file);
    let mut nodes = context.bundle.graph.nodes().filter(|(_, node)| node.is_project());
    let node = nodes.find(|(_, node)| context.shown(node) == shown);
    let own = Level::of(unresolved.guard, true);
    severity(node.and_then(|(at, _)| context.bundle.reach.level(at)).map_or(own, |reached| reached.max(own)))
}

fn word(namespace: Namespace) -> &'static str {
    match namespace {
        Namespace::Keep => "keep",
        Namespace::Flat => "flat",
    }
}
