//! `packages`: a directory that is imported as a package has an `__init__.py`.
//!
//! Without one Python imports it as a namespace package. That works until the code asks the package for a file, or another
//! directory of that name comes first. Vendored packages are not checked: they share namespaces on purpose.

use super::definition::{Check, Gate, codes};
use super::{CheckOutput, Context, Finding, GateId, Level, Severity};
use crate::error::{Location, Result};
use crate::format::count;
use crate::python::graph::Reachability;

codes! {
    NO_INIT = "packages.no-init": "An imported directory has Python files and no `__init__.py`.";
}

pub(super) const GATE: Gate = Gate {
    id: GateId::Packages,
    default_level: Level::Warn,
    check: Check::Plan(check),
    nothing_to_check: None,
    codes: CODES,
    page: include_str!("../../docs/gates/packages.md"),
};

/// How many directories a message names.
const NAMED: usize = 6;

pub(super) fn check(context: &Context<'_>) -> Result<CheckOutput> {
    let bare = bare(context);
    let figure = match (bare.len(), context.settings.fill_init) {
        (0, true) => "every package has an `__init__.py`, or is given one".to_owned(),
        (0, false) => "every package of the project has an `__init__.py`".to_owned(),
        (bare, _) => format!("{} without `__init__.py`", count(bare, "package")),
    };
    Ok(CheckOutput { figure, findings: finding(&bare).into_iter().collect() })
}

/// A directory without `__init__.py` that is imported.
struct Bare<'a> {
    dotted: &'a str,
    /// Python files in it.
    files: usize,
    /// Who imports it: `src/main.py:3`, and the location.
    importer: String,
    location: Location,
}

fn bare<'a>(context: &Context<'a>) -> Vec<Bare<'a>> {
    let graph = &context.bundle.graph;
    let shim = context.layout.shim.as_ref().map(|_| context.bundle.main_module.as_str());
    // The layout itself puts the directory of main into the names, and nothing can shadow it.
    let kept = context.layout.shim.as_ref().and_then(|shim| shim.target.split('.').next());
    let mut found = Vec::new();
    for (dotted, by) in graph.bare_packages().filter(|(dotted, _)| Some(*dotted) != kept) {
        // Only imports of the project count, not those of the entry shim.
        let users = by.iter().filter(|(at, _)| Some(graph.node(*at).name.as_str()) != shim);
        let mut users =
            users.filter(|(at, _)| context.bundle.reach.level(*at).is_some_and(|level| level <= Reachability::Package));
        let Some((node, item)) = users.next().map(|(at, item)| (graph.node(*at), *item)) else { continue };
        let Some(import) = node.imports.as_ref().and_then(|says| says.items.get(item)) else { continue };
        let prefix = format!("{}/", dotted.replace('.', "/"));
        let inside = context.bundle.modules.iter().filter(|module| {
            module.name.strip_prefix(&prefix).is_some_and(|file| file.ends_with(".py") && !file.contains('/'))
        });
        let files = inside.count();
        let filled = context.bundle.module(&format!("{prefix}__init__.py")).is_some();
        if files > 0 && !filled {
            let importer = format!("{}:{}", context.display_path(node), import.line);
            found.push(Bare { dotted, files, importer, location: context.location(node, import.line, import.column) });
        }
    }
    found
}

/// One finding for all of them.
fn finding(bare: &[Bare<'_>]) -> Option<Finding> {
    let directory = |one: &Bare<'_>| format!("{}/", one.dotted.replace('.', "/"));
    let (first, rest) = bare.split_first()?;
    let (message, help) = if rest.is_empty() {
        let (directory, files) = (directory(first), count(first.files, "Python file"));
        (
            format!("`{directory}` has {files} and no `__init__.py`, and `{}` imports it", first.importer),
            format!("add `{directory}__init__.py`, or set `fill-init = true`"),
        )
    } else {
        let names: Vec<String> = bare.iter().take(NAMED).map(|one| format!("`{}`", directory(one))).collect();
        let more = match bare.len() - names.len() {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        (
            format!(
                "{}{more} have Python files and no `__init__.py`, and are imported, `{}` by `{}`",
                names.join(", "),
                directory(first),
                first.importer
            ),
            "add an `__init__.py` to each, or set `fill-init = true`".to_owned(),
        )
    };
    let subject = bare.iter().map(|one| one.dotted).collect::<Vec<_>>().join(", ");
    let finding = Finding::new(Severity::Warn, NO_INIT, subject, first.location.clone(), message, help);
    Some(finding.measured(bare.len() as u64, 0))
}
