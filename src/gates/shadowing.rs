//! `shadowing`: the project's top-level modules are not hidden by the standard library, the runtime or a vendored package.
//!
//! Whether code that imports the name means the project's module is decided by the names that it uses of it; if the other module
//! may be meant, the finding only warns. Namespace packages that both sides share are fine.

use super::definition::{Check, Gate, codes};
use super::{CheckOutput, Context, Finding, GateId, Level, Severity};
use crate::error::{Location, LocationKind, Result};
use crate::format::count;
use crate::python::graph::{Form, Node, Reachability};
use crate::python::imports::Import;
use crate::python::stdlib;
use std::collections::{BTreeMap, HashMap};

codes! {
    STDLIB = "shadowing.stdlib": "A module of the standard library or the runtime hides a top-level module of the project.";
    PACKAGE = "shadowing.package": "A vendored package hides a top-level module of the project.";
    SAME_NAME = "shadowing.same-name": "A package hides a module of the same name.";
    MAIN = "shadowing.main": "A vendored module has the name of the main module, and the runtime refuses such an upload.";
}

pub(super) const GATE: Gate = Gate {
    id: GateId::Shadowing,
    default_level: Level::Deny,
    check: Check::Plan(check),
    nothing_to_check: None,
    codes: CODES,
    page: include_str!("../../docs/gates/shadowing.md"),
};

pub(super) fn check(context: &Context<'_>) -> Result<CheckOutput> {
    let tops = tops(context);
    let mut findings: Vec<Finding> =
        tops.into_iter().filter_map(|((name, _), (at, node))| hidden(context, name, at, node)).collect();
    findings.extend(beside_packages(context));
    if let Some(clash) = &context.layout.main_clash {
        findings.push(Finding::new(
            Severity::Deny,
            MAIN,
            clash.as_str(),
            Location::new(LocationKind::File, context.project.display(&context.layout.main)),
            format!("the vendored `{clash}` is named like the main module, and the runtime refuses such an upload"),
            match context.layout.at_project_root {
                true => "rename the main module",
                false => "rename the main module, or set `namespace = \"keep\"`",
            },
        ));
    }
    let figure = match findings.len() {
        0 => "no module of the project is hidden".to_owned(),
        hidden => format!("{} hidden", count(hidden, "module")),
    };
    Ok(CheckOutput { figure, findings })
}

/// `a.py` next to `a/__init__.py`: Python always imports the package.
fn beside_packages(context: &Context<'_>) -> Vec<Finding> {
    let own = || context.bundle.graph.nodes().filter(|(_, node)| node.is_project() && node.present);
    let packages: HashMap<&str, &Node> =
        own().filter(|(_, node)| node.form == Form::Package).map(|(_, node)| (node.dotted.as_str(), node)).collect();
    let main = context.project.display(&context.layout.main);
    let beside = |(_, node): (u32, &Node)| {
        let package = packages.get(node.dotted.as_str()).filter(|_| node.form == Form::Module)?;
        let (shown, package) = (context.display_path(node), context.display_path(package));
        let (severity, message) = if shown == main {
            (
                Severity::Deny,
                format!("the main module `{shown}` is hidden by `{package}`, which the runtime would start instead"),
            )
        } else {
            (
                Severity::Warn,
                format!("`{shown}` can never be imported: the package `{package}` has its name and is found first"),
            )
        };
        let location = Location::new(LocationKind::File, shown);
        let help = "rename one of the two, or delete the one that is not used";
        Some(Finding::new(severity, SAME_NAME, node.dotted.as_str(), location, message, help))
    };
    own().filter_map(beside).collect()
}

/// A top-level name, and whether it is in the `vendor/` that the runtime searches.
type Top<'a> = (&'a str, bool);

/// The project's top-level names, each with one module of it; without the entry shim, whose name is chosen to be free.
fn tops<'a>(context: &Context<'a>) -> BTreeMap<Top<'a>, (u32, &'a Node)> {
    let graph = &context.bundle.graph;
    let mut tops: BTreeMap<Top<'_>, (u32, &Node)> = BTreeMap::new();
    let shim = context.layout.shim.is_some();
    for (at, node) in context.bundle.graph.nodes() {
        let is_shim = shim && node.name == context.bundle.main_module;
        if !node.is_project() || !node.present || is_shim || node.form == Form::Startup {
            continue;
        }
        let in_vendor = graph.is_in_vendor(node);
        let Some(top) = node.dotted.split('.').nth(usize::from(in_vendor)) else { continue };
        let known = tops.entry((top, in_vendor)).or_insert((at, node));
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
    let in_vendor = graph.is_in_vendor(node);
    let comes_first = |found: &&Node| !found.is_project() || (graph.is_in_vendor(found) && !in_vendor);
    let by_package =
        graph.module(name).map(|found| graph.node(found)).filter(|found| comes_first(found) && found.present);
    let is_main = node.name == context.bundle.main_module;
    // `python -m` runs it; nothing imports it by that name.
    if name == "__main__" && !is_main {
        return None;
    }
    let (code, by, other) = if stdlib::hides(python, name) {
        // The runtime imports main by its name, and finds the library's.
        let whose = if stdlib::is_stdlib(python, name) { "the standard library's" } else { "the runtime's" };
        (STDLIB, format!("{whose} `{name}`"), Other::Library)
    } else if let Some(package) = by_package.filter(|package| !is_main || package.is_project()) {
        let by = match package.is_project() {
            true => format!("`{}`", context.display_path(package)),
            false => format!("`{}` of `{}`", package.name, context.importer(package)),
        };
        (PACKAGE, by, Other::Package(package))
    } else {
        return None;
    };
    let shown = context.display_path(node);
    let (severity, message) = if is_main {
        let message = format!("the main module `{shown}` is hidden by {by}, which the runtime would start instead");
        (Severity::Deny, message)
    } else {
        match most_certain_use(&Pair { context, name, own: node, other }, at) {
            Some(Use { meant: Meant::Own(wanted), importer, line }) => (
                Severity::Deny,
                format!(
                    "`{shown}` is hidden by {by}, and `{importer}:{line}` imports it for `{wanted}`, which only yours has"
                ),
            ),
            Some(Use { importer, line, .. }) => (
                Severity::Warn,
                format!(
                    "`{shown}` is hidden by {by}, and `{importer}:{line}` may mean yours where it imports `{name}`"
                ),
            ),
            None => (Severity::Warn, format!("`{shown}` is hidden by {by}; nothing imports it")),
        }
    };
    Some(Finding::new(
        severity,
        code,
        name,
        Location::new(LocationKind::File, shown),
        message,
        format!("rename `{name}`, or import it through its package"),
    ))
}

/// The module that is found instead of the project's.
enum Other<'a> {
    /// The standard library's, or the runtime's.
    Library,
    Package(&'a Node),
}

/// Two modules of one name.
struct Pair<'a> {
    context: &'a Context<'a>,
    name: &'a str,
    own: &'a Node,
    other: Other<'a>,
}

/// Which of the two an import means.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Meant {
    Other,
    Unknown,
    /// By a name that only the project's has.
    Own(String),
}

struct Use {
    meant: Meant,
    importer: String,
    line: u32,
}

/// The import in a reached project file that most certainly means the project's module.
fn most_certain_use(pair: &Pair<'_>, hidden: u32) -> Option<Use> {
    let context = pair.context;
    let mut found: Option<Use> = None;
    let nodes = context.bundle.graph.nodes().filter(|(at, node)| node.is_project() && node.present && *at != hidden);
    for (at, node) in nodes {
        let reached = context.bundle.reach.level(at).is_some_and(|level| level <= Reachability::Guarded);
        let Some(says) = node.imports.as_ref().filter(|_| reached) else { continue };
        let first = |import: &&Import| {
            let dotted = import.module.as_deref().filter(|_| import.level == 0 && !import.guard.never_runs);
            dotted.is_some_and(|dotted| dotted.split('.').next() == Some(pair.name))
        };
        for import in says.items.iter().filter(first) {
            let mut meant = pair.meaning(node, import);
            if import.guard.is_guarded() && meant != Meant::Other {
                meant = Meant::Unknown;
            }
            if meant > found.as_ref().map_or(Meant::Other, |found| found.meant.clone()) {
                found = Some(Use { meant, importer: context.display_path(node), line: import.line });
            }
        }
    }
    found
}

impl Pair<'_> {
    fn meaning(&self, importer: &Node, import: &Import) -> Meant {
        let below = import.module.as_deref().and_then(|dotted| dotted.split('.').nth(1));
        if let Some(submodule) = below {
            return self.of_names([submodule]);
        }
        if !import.names.is_empty() {
            return self.of_names(import.names.iter().map(|wanted| wanted.name.as_str()));
        }
        // A directory without `__init__.py` has no code: only its modules can be meant.
        let runs = self.own.dotted == self.base();
        let unknown = if runs { Meant::Unknown } else { Meant::Other };
        let module = self.context.bundle.module(&importer.name).filter(|_| !import.star && !import.dynamic);
        let Some(facts) = module.and_then(|module| module.facts(self.context.parsed).ok()) else { return unknown };
        match facts.uses.taken_from(self.name) {
            Some(taken) if !taken.is_empty() => self.of_names(taken),
            _ => unknown,
        }
    }

    /// The most certain answer that any of the names gives.
    fn of_names<'n>(&self, names: impl IntoIterator<Item = &'n str>) -> Meant {
        names.into_iter().map(|name| self.of_name(name)).max().unwrap_or(Meant::Other)
    }

    fn of_name(&self, name: &str) -> Meant {
        match (self.has(name), self.other_has(name)) {
            (Some(true), Some(false)) => Meant::Own(name.to_owned()),
            (Some(false), _) | (_, Some(true)) => Meant::Other,
            (Some(true) | None, _) => Meant::Unknown,
        }
    }

    /// Whether the project's module has a name; `None` if it is unknown.
    fn has(&self, name: &str) -> Option<bool> {
        let submodule = format!("{}.{name}", self.base());
        let below =
            |dotted: &str| dotted.strip_prefix(&submodule).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'));
        let mut project = self.context.bundle.graph.nodes().filter(|(_, node)| node.is_project() && node.present);
        if project.any(|(_, node)| below(&node.dotted)) {
            return Some(true);
        }
        let graph = &self.context.bundle.graph;
        match graph.find(&self.own.name).filter(|_| self.own.dotted == self.base()) {
            Some(own) => graph.has(own, name),
            None => Some(false),
        }
    }

    /// The dotted name of the project's module by its place in the upload.
    fn base(&self) -> String {
        match self.context.bundle.graph.is_in_vendor(self.own) {
            true => format!("vendor.{}", self.name),
            false => self.name.to_owned(),
        }
    }

    fn other_has(&self, name: &str) -> Option<bool> {
        let package = match self.other {
            Other::Library => return stdlib::has(&self.context.target.python, self.name, name),
            Other::Package(package) => package,
        };
        let graph = &self.context.bundle.graph;
        let submodule = graph.module(&format!("{}.{name}", self.name)).map(|at| graph.node(at));
        if submodule.is_some_and(|found| !found.is_project() || graph.is_in_vendor(found)) {
            return Some(true);
        }
        graph.has(graph.find(&package.name)?, name)
    }
}
