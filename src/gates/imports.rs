//! `imports`: everything that the upload imports exists.
//!
//! An import that fails costs as much as it is certain to run: on an unguarded path from main, in a function, in a function of a
//! package. Guarded imports are fine. First-party names that depend on the layout are for `namespace`, dropped files for
//! `prune-safety`.

mod messages;

pub(super) use messages::unsearched;

use super::definition::{Check, Gate, codes};
use super::reachability::severity;
use super::requirements::{unread_list, was_made_for};
use super::{CheckOutput, Code, Context, Finding, GateId, Level, Severity};
use crate::error::Result;
use crate::format::count;
use crate::project::requirements::Declared;
use crate::project::target::SDK;
use crate::python::distribution::recorded_digests;
use crate::python::graph::{Node, Problem, ProblemKind, Reachability};
use crate::python::imports::{Guard, Import};
use std::cell::LazyCell;
use std::collections::BTreeMap;

codes! {
    MISSING = "imports.missing": "Nothing in the upload, the standard library or the runtime provides an imported module.";
    STDLIB = "imports.stdlib": "Python on Workers lacks an imported module of the standard library, or cannot import it.";
    NAME = "imports.name": "An imported name is not defined by its module.";
    SYNTAX = "imports.syntax": "Python cannot read or compile an imported file.";
}

pub(super) const GATE: Gate = Gate {
    id: GateId::Imports,
    default_level: Level::Deny,
    check: Check::Plan(check),
    nothing_to_check: None,
    codes: CODES,
    page: include_str!("../../docs/gates/imports.md"),
};

pub(super) fn check(context: &Context<'_>) -> Result<CheckOutput> {
    let mut findings: BTreeMap<(Code, String), Finding> = BTreeMap::new();
    let listed = LazyCell::new(|| context.project.declared_requirements());
    for problem in context.bundle.graph.problems() {
        let Some(finding) = missing(context, problem) else { continue };
        let mut finding = finding?;
        if problem.kind == ProblemKind::TopLevel {
            finding.help = other_help(context, &listed, &problem.missing).unwrap_or(finding.help);
        }
        add(&mut findings, finding);
    }
    for (at, node) in context.bundle.graph.nodes().filter(|(_, node)| node.present) {
        if let Some(finding) = unreadable(context, at, node) {
            add(&mut findings, finding);
        }
    }
    let mut findings: Vec<Finding> = findings.into_values().collect();
    findings.sort_by(|a, b| b.severity.cmp(&a.severity).then_with(|| a.subject.cmp(&b.subject)));
    let graph = &context.bundle.graph;
    let reached =
        graph.nodes().filter(|(at, _)| context.bundle.reach.level(*at) == Some(Reachability::Startup)).count();
    let wrong = findings.iter().filter(|finding| finding.severity != Severity::Note).count();
    let figure = match wrong {
        0 => format!("{} imported from main, all of them found", count(reached, "module")),
        wrong => format!("{} among {}", count(wrong, "broken import"), count(reached, "module")),
    };
    Ok(CheckOutput { figure, findings })
}

/// A better explanation of a missing module: a lock for another Python, or a list of requirements that nothing reads.
fn other_help(context: &Context<'_>, listed: &[Declared], missing: &str) -> Option<String> {
    let unread = unread_list(context.project, listed, missing);
    match (&context.vendored.lock_made_for, unread) {
        (Some(made_for), None) => Some(format!(
            "run `saddlebag lock` again: the lock {}; if `{missing}` is missing then too, add the distribution that provides it",
            was_made_for(made_for)
        )),
        (_, unread) => unread,
    }
}

/// Keeps one finding for each importer and name: the most severe, and of those the first.
fn add(findings: &mut BTreeMap<(Code, String), Finding>, finding: Finding) {
    let known = findings.entry((finding.code, finding.subject.clone())).or_insert_with(|| finding.clone());
    if finding.severity > known.severity {
        *known = finding;
    }
}

fn missing(context: &Context<'_>, problem: &Problem) -> Option<Result<Finding>> {
    let graph = &context.bundle.graph;
    let node = graph.node(problem.node);
    let import = node.imports.as_ref()?.items.get(problem.item)?;
    if !node.present {
        return None;
    }
    let mut level = context.level(problem.node, succeeded(context, problem, node, import))?;
    let by_name = level == Reachability::StringOnly && is_certain_once_named(context, problem, node, import);
    if level == Reachability::Guarded && is_last_resort(context, problem, node, import) {
        let guard = Guard { fallback: false, ..import.guard };
        level = context.level(problem.node, guard)?;
    }
    let mut severity = if by_name { Severity::Warn } else { severity(level)? };
    // Most problems are unreached or guarded, so the costlier checks come only now.
    if is_namespaces(context, node, import) || context.target.has_builtin(first_of(&problem.missing)) {
        return None;
    }
    if problem.kind == ProblemKind::TopLevel && may_be_found(context, &problem.missing) {
        return None;
    }
    severity = severity.min(created_at_run_time(context, problem, import)?);
    if problem.kind == ProblemKind::StdlibBroken {
        severity = severity.min(Severity::Warn);
    }
    if severity == Severity::Deny && SDK.contains(&problem.missing.as_str()) && !was_installed(context) {
        severity = Severity::Warn;
    }
    let (code, what, help) = match messages::message(context, problem, node, import) {
        Ok(message) => message,
        Err(error) => return Some(Err(error)),
    };
    let subject = format!("{} -> {}", context.importer(node), problem.missing);
    let location = context.location(node, import.line, import.column);
    Some(Ok(Finding::new(severity, code, subject, location, what + &context.import_chain(problem.node), help)))
}

/// Whether the gate `namespace` reports this import.
fn is_namespaces(context: &Context<'_>, node: &Node, import: &Import) -> bool {
    let layout = context.layout;
    let shown = context.display_path(node);
    layout
        .unresolved
        .iter()
        .chain(&layout.imports_main)
        .any(|unresolved| unresolved.line == import.line && context.project.display(&unresolved.file) == shown)
}

/// Whether an installer made the tree, so that its RECORDs have hashes. Only then does a missing SDK, which pywrangler always
/// adds, mean anything.
fn was_installed(context: &Context<'_>) -> bool {
    context.vendored.distributions.iter().any(|distribution| {
        recorded_digests(&context.vendored.modules, &distribution.dist_info)
            .is_ok_and(|digests| digests.values().any(|digest| !digest.is_empty()))
    })
}

fn first_of(dotted: &str) -> &str {
    dotted.split('.').next().unwrap_or_default()
}

/// The guard of an import. The `else` of a `try` whose imports all exist is not guarded.
fn succeeded(context: &Context<'_>, problem: &Problem, node: &Node, import: &Import) -> Guard {
    let guard = import.guard;
    let Some(says) = node.imports.as_ref().filter(|_| guard.otherwise > 0) else { return guard };
    let attempted = |item: usize| {
        says.items
            .get(item)
            .is_some_and(|item| item.guard.caught && (guard.otherwise..import.line).contains(&item.line))
    };
    let failed = |other: &Problem| other.node == problem.node && attempted(other.item);
    if context.bundle.graph.problems().iter().any(failed) { guard } else { Guard { otherwise: 0, ..guard } }
}

/// If the first import is missing too, the fallback must exist. In nested `try` statements, an alternative that exists keeps all
/// that follow it from running.
fn is_last_resort(context: &Context<'_>, problem: &Problem, node: &Node, import: &Import) -> bool {
    let Some(says) = node.imports.as_ref().filter(|_| import.guard.fallback) else { return false };
    let is_missing = |item: usize| {
        let mut problems = context.bundle.graph.problems().iter();
        problems.any(|other| other.node == problem.node && other.item == item)
    };
    let mut at = problem.item;
    while let Some(first) = says.items[..at].iter().rposition(|item| item.guard.alternative) {
        if says.items[first].guard.fallback {
            // The first choice is itself the fallback of an outer `try`.
            if !is_missing(first) {
                return false;
            }
            at = first;
            continue;
        }
        // The outermost try: its handler runs when any of its imports fails.
        let body = (0..=first).rev().take_while(|item| {
            let guard = says.items[*item].guard;
            guard.alternative && !guard.fallback
        });
        return body.into_iter().any(is_missing);
    }
    false
}

/// The highest severity for a name that other modules may create at run time; `None` if they certainly do.
fn created_at_run_time(context: &Context<'_>, problem: &Problem, import: &Import) -> Option<Severity> {
    let (graph, reach) = (&context.bundle.graph, &context.bundle.reach);
    let setters: Vec<u32> = match problem.of {
        Some(module) => {
            let name = problem.missing.rsplit('.').next().unwrap_or_default();
            graph.setters(module, name).chain(graph.registrars(&problem.missing)).collect()
        }
        None => {
            // `import a.b` gives `a`; any other import is content with `a.b` in `sys.modules`.
            let whole = import.names.is_empty() && !import.star && !import.dynamic;
            let asked = graph.absolute_name(problem.node, import).unwrap_or_default();
            let wanted = if whole || asked.is_empty() { &problem.missing } else { &asked };
            graph.registrars(wanted).collect()
        }
    };
    let surest = setters.into_iter().filter(|by| graph.node(*by).present).filter_map(|by| reach.level(by)).min();
    match surest {
        Some(Reachability::Startup | Reachability::Project | Reachability::Package) => return None,
        Some(Reachability::Guarded | Reachability::StringOnly) => return Some(Severity::Warn),
        None => {}
    }
    let finds = |(at, node): (u32, &Node)| {
        node.is_project()
            && node.present
            && reach.level(at).is_some_and(|level| level <= Reachability::Project)
            && node.imports.as_ref().is_some_and(|says| says.effects.finds || says.effects.makes_any)
    };
    let is_name = matches!(problem.kind, ProblemKind::Name | ProblemKind::PackageName);
    Some(if !is_name && graph.nodes().any(finds) { Severity::Warn } else { Severity::Deny })
}

/// A project file that only a string names (a Django view, say) may be imported by that name. Then the first-party modules that it
/// imports at module level must exist.
fn is_certain_once_named(context: &Context<'_>, problem: &Problem, node: &Node, import: &Import) -> bool {
    let first = first_of(&problem.missing);
    let is_own = |(_, node): (u32, &Node)| node.is_project() && node.dotted.split('.').next() == Some(first);
    let is_wanted = matches!(problem.kind, ProblemKind::Submodule | ProblemKind::Name);
    let is_sure = Reachability::of(import.guard, node.is_project()) == Reachability::Startup;
    is_wanted && is_sure && node.is_project() && context.bundle.graph.nodes().any(is_own)
}

/// Whether code that runs changes `sys.path`, and the upload has a module of that name anywhere.
fn may_be_found(context: &Context<'_>, name: &str) -> bool {
    let bundle = context.bundle;
    let alters = |(at, node): (u32, &Node)| {
        node.is_project()
            && bundle.reach.level(at) == Some(Reachability::Startup)
            && node.imports.as_ref().is_some_and(|says| says.alters_search)
    };
    bundle.graph.nodes().any(alters)
        && bundle.graph.nodes().any(|(_, node)| node.present && node.dotted.rsplit('.').next() == Some(name))
}

/// A file that Python cannot read fails where it is imported.
fn unreadable(context: &Context<'_>, at: u32, node: &Node) -> Option<Finding> {
    let says = node.imports.as_ref()?;
    let (line, column, message) = match &says.syntax_error {
        Some((line, column, message)) => (*line, *column, format!("does not parse: {message}")),
        None if says.encoding_error => (1, 1, "is not in the encoding that it declares".to_owned()),
        None => return None,
    };
    let severity = match (context.bundle.reach.level(at)?, node.is_project()) {
        (Reachability::Startup, true) => Severity::Deny,
        (Reachability::Startup, false) | (Reachability::Project, true) => Severity::Warn,
        _ => return None,
    };
    let shown = context.display_path(node);
    Some(Finding::new(
        severity,
        SYNTAX,
        shown.as_str(),
        context.location(node, line, column),
        format!("`{shown}` {message}{}", context.import_chain(at)),
        "correct the file, or take it out of what main imports",
    ))
}
