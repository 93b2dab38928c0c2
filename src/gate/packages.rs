//! `packages`: a directory that is imported as a package says so with an `__init__.py`.
//!
//! Receives the import graph; hands on directories of the project without one. Python imports them as namespace packages,
//! which works until something asks them for a file or another directory of that name comes first. Must never look at
//! vendored packages: shared namespaces are healthy there.

use super::{Context, Finding, Judged, Severity};
use crate::error::Result;
use crate::python::graph::Level;
use crate::quantity::count;

pub(super) fn check(context: &Context<'_>) -> Result<Judged> {
    let graph = &context.bundle.graph;
    let mut findings = Vec::new();
    let shim = context.layout.shim.as_ref().map(|_| context.bundle.main_module.as_str());
    for (dotted, by) in graph.bare_packages() {
        // The entry shim imports what it has to: the project's own imports are the point.
        let users = by.iter().filter(|(at, _)| Some(graph.node(*at).name.as_str()) != shim);
        let mut users =
            users.filter(|(at, _)| context.bundle.reach.level(*at).is_some_and(|level| level <= Level::Seldom));
        let Some((node, item)) = users.next().map(|(at, item)| (graph.node(*at), *item)) else { continue };
        let Some(import) = node.says.as_ref().and_then(|says| says.items.get(item)) else { continue };
        let prefix = format!("{}/", dotted.replace('.', "/"));
        let inside = context.bundle.modules.iter().filter(|module| {
            module.name.strip_prefix(&prefix).is_some_and(|file| file.ends_with(".py") && !file.contains('/'))
        });
        let files = inside.count();
        let filled = context.bundle.module(&format!("{prefix}__init__.py")).is_some();
        if files == 0 || filled {
            continue;
        }
        let message = format!(
            "`{prefix}` has {} and no `__init__.py`, and `{}:{}` imports it",
            count(files, "Python file"),
            context.shown(node),
            import.line
        );
        findings.push(Finding::new(
            Severity::Warn,
            "packages.no-init",
            dotted,
            context.place(node, import.line, import.column),
            message,
            format!("add `{prefix}__init__.py`, or set `fill-init = true`"),
        ));
    }
    let figure = match (findings.len(), context.settings.fill_init) {
        (0, true) => "every package has an `__init__.py`, or is given one".to_owned(),
        (0, false) => "every package of the project has an `__init__.py`".to_owned(),
        (bare, _) => format!("{} without `__init__.py`", count(bare, "package")),
    };
    Ok(Judged { figure, findings })
}
