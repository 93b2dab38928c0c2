//! `namespace`: every first-party import resolves at the name it is written with, and main's name is free.
//!
//! Receives the layout that was decided; hands on what will not resolve in it. Must never decide the layout.

use super::{Context, Finding, Judged, Severity};
use crate::error::{Location, Place, Result};
use crate::project::layout::{Namespace, Unresolved};

pub(super) fn check(context: &Context<'_>) -> Result<Judged> {
    let layout = context.layout;
    let at = |unresolved: &Unresolved| {
        Location::at(Place::File, context.project.display(&unresolved.file), unresolved.line, unresolved.column)
    };
    let mut findings = Vec::new();
    for unresolved in &layout.unresolved {
        let (message, help) = match &unresolved.works_as {
            Some(name) => (
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
            None => (
                format!("`{}` is not a module of this Worker: no file of the upload has that name", unresolved.name),
                "correct the name, or add the directory to `include`".to_owned(),
            ),
        };
        findings.push(Finding::new(
            Severity::Deny,
            "namespace.unresolved",
            unresolved.name.as_str(),
            at(unresolved),
            message,
            help,
        ));
    }
    let target = layout.shim.as_ref().map_or("main", |shim| shim.target.as_str());
    for import in &layout.imports_main {
        let message = format!("`import {}` gives the entry shim, a second module beside `{target}`", import.name);
        findings.push(Finding::new(
            Severity::Deny,
            "namespace.main",
            import.name.as_str(),
            at(import),
            message,
            format!("write `import {target}`"),
        ));
    }
    if let Some(clash) = &layout.main_clash {
        let message = format!(
            "the vendored package `{clash}` has the name of the main module `{}`; the runtime refuses that",
            layout.main_module
        );
        let help = "rename the main module, or set `namespace = \"keep\"`";
        findings.push(Finding::new(
            Severity::Deny,
            "namespace.main-taken",
            clash.as_str(),
            Location::new(Place::File, context.project.display(&layout.main)),
            message,
            help,
        ));
    }
    Ok(Judged { figure: format!("{}: {}", word(layout.namespace), layout.reason), findings })
}

fn word(namespace: Namespace) -> &'static str {
    match namespace {
        Namespace::Keep => "keep",
        Namespace::Flat => "flat",
    }
}
