//! `imports`: everything that the upload imports is there.
//!
//! Receives the import graph; hands on the imports that lead nowhere, as surely as they run: on an unguarded path from
//! main, in a function, in a function of a package. Must never report what a guard takes care of, nor what is another
//! gate's: the project's own names that move with the layout (`namespace`), and what was dropped (`prune-safety`).

mod words;

pub(super) use words::unsearched;

use super::reachability::severity;
use super::requirements::{unread_list, was_made_for};
use super::{CheckOutput, Context, Finding, Severity};
use crate::error::Result;
use crate::format::count;
use crate::project::requirements::Declared;
use crate::project::target::SDK;
use crate::python::distribution::recorded_digests;
use crate::python::graph::{Node, Problem, ProblemKind, Reachability};
use crate::python::imports::{Guard, Import};
use std::cell::LazyCell;
use std::collections::BTreeMap;

/// The codes of the findings that `words` makes.
const MISSING: &str = "imports.missing";
const NAME: &str = "imports.name";
const STDLIB: &str = "imports.stdlib";

pub(super) fn check(context: &Context<'_>) -> Result<CheckOutput> {
    let mut findings: BTreeMap<(&'static str, String), Finding> = BTreeMap::new();
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
        0 => format!("{} imported from main, all of them there", count(reached, "module")),
        wrong => format!("{} among {}", count(wrong, "broken import"), count(reached, "module")),
    };
    Ok(CheckOutput { figure, findings })
}

/// What explains a missing module better than that nothing provides it: a lock for another Python, or a list that names it
/// and that nothing reads.
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

/// One finding for each importer and name: the one that costs most, and of those the first.
fn add(findings: &mut BTreeMap<(&'static str, String), Finding>, finding: Finding) {
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
    // Most problems are unreached or guarded: what is left is worth a closer look.
    if is_namespaces(context, node, import) || context.target.has_builtin(first_of(&problem.missing)) {
        return None;
    }
    if problem.kind == ProblemKind::TopLevel && may_be_found(context, &problem.missing) {
        return None;
    }
    severity = severity.min(made(context, problem, import)?);
    if problem.kind == ProblemKind::StdlibBroken {
        severity = severity.min(Severity::Warn);
    }
    if severity == Severity::Deny && SDK.contains(&problem.missing.as_str()) && !was_installed(context) {
        severity = Severity::Warn;
    }
    let (code, what, help) = match words::words(context, problem, node, import) {
        Ok(words) => words,
        Err(error) => return Some(Err(error)),
    };
    let subject = format!("{} -> {}", context.importer(node), problem.missing);
    let location = context.place(node, import.line, import.column);
    Some(Ok(Finding::new(severity, code, subject, location, what + &context.by(problem.node), help)))
}

/// The layout has judged this import already.
fn is_namespaces(context: &Context<'_>, node: &Node, import: &Import) -> bool {
    let layout = context.layout;
    let shown = context.shown(node);
    layout
        .unresolved
        .iter()
        .chain(&layout.imports_main)
        .any(|unresolved| unresolved.line == import.line && context.project.display(&unresolved.file) == shown)
}

/// Whether an installer made the tree: its RECORDs have hashes. Only then does it say anything that the SDK, which
/// pywrangler adds by itself, is not in it.
fn was_installed(context: &Context<'_>) -> bool {
    context.vendored.distributions.iter().any(|distribution| {
        recorded_digests(&context.vendored.modules, &distribution.dist_info)
            .is_ok_and(|digests| digests.values().any(|digest| !digest.is_empty()))
    })
}

fn first_of(dotted: &str) -> &str {
    dotted.split('.').next().unwrap_or_default()
}

/// The guard of an import; that of the `else` of a `try` no longer counts where everything that the `try` imports is there.
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

/// `except ImportError: import b` after an import that is not there either, nor any alternative around it: where tries
/// are nested, one that is there keeps all that follow it from running.
fn is_last_resort(context: &Context<'_>, problem: &Problem, node: &Node, import: &Import) -> bool {
    let Some(says) = node.imports.as_ref().filter(|_| import.guard.fallback) else { return false };
    let is_missing = |item: usize| {
        let mut problems = context.bundle.graph.problems().iter();
        problems.any(|other| other.node == problem.node && other.item == item)
    };
    let mut at = problem.item;
    while let Some(first) = says.items[..at].iter().rposition(|item| item.guard.alternative) {
        if says.items[first].guard.fallback {
            // A first choice that is itself the fallback of a try further out.
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

/// The most that can be said of what other modules may make while the program runs; `None` where they do make it.
fn made(context: &Context<'_>, problem: &Problem, import: &Import) -> Option<Severity> {
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

/// A file of the project's that only a string names is imported if at all by that name (Django's views): then whatever it
/// imports of the project's own at its start has to be there.
fn is_certain_once_named(context: &Context<'_>, problem: &Problem, node: &Node, import: &Import) -> bool {
    let first = first_of(&problem.missing);
    let is_own = |(_, node): (u32, &Node)| node.is_project() && node.dotted.split('.').next() == Some(first);
    let is_wanted = matches!(problem.kind, ProblemKind::Submodule | ProblemKind::Name);
    let is_sure = Reachability::of(import.guard, node.is_project()) == Reachability::Startup;
    is_wanted && is_sure && node.is_project() && context.bundle.graph.nodes().any(is_own)
}

/// Code that runs changes `sys.path`, and somewhere in the upload there is a module of that name.
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
    let shown = context.shown(node);
    Some(Finding::new(
        severity,
        "imports.syntax",
        shown.as_str(),
        context.place(node, line, column),
        format!("`{shown}` {message}{}", context.by(at)),
        "correct the file, or take it out of what main imports",
    ))
}
