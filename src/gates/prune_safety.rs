//! `prune-safety`: uploaded code needs nothing that was dropped: no module, and no metadata that it asks `importlib.metadata` for.

use super::definition::{Check, Gate, codes};
use super::{CheckOutput, Code, Context, Finding, GateId, Level, Severity};
use crate::bundle::below_packages;
use crate::error::{Error, Result};
use crate::format::count;
use crate::python::distribution::Distribution;
use crate::python::graph::{Edge, EdgeKind, Node, Reachability};
use crate::python::imports::{MetadataRequest, Wanted};
use crate::python::normalize;
use std::collections::{BTreeMap, HashSet};

codes! {
    MODULE = "prune-safety.module": "Uploaded code imports a module that was dropped.";
    METADATA = "prune-safety.metadata": "Uploaded code reads the metadata of a package whose metadata is not uploaded.";
    ENTRY_POINTS = "prune-safety.entry-points": "Uploaded code looks for entry points that are not uploaded.";
}

pub(super) const GATE: Gate = Gate {
    id: GateId::PruneSafety,
    default_level: Level::Deny,
    check: Check::Plan(check),
    nothing_to_check: None,
    codes: CODES,
    page: include_str!("../../docs/gates/prune-safety.md"),
};

pub(super) fn check(context: &Context<'_>) -> Result<CheckOutput> {
    let graph = &context.bundle.graph;
    let rules: BTreeMap<&str, &str> =
        context.bundle.dropped.iter().map(|file| (file.name.as_str(), file.rule)).collect();
    let names: HashSet<&str> = context.bundle.modules.iter().map(|module| module.name.as_str()).collect();
    let mut findings: BTreeMap<(Code, String), Finding> = BTreeMap::new();
    for (at, node) in graph.nodes().filter(|(_, node)| node.present) {
        let Some(says) = &node.imports else { continue };
        let edges = graph.edges(at).iter().filter(|edge| edge.kind != EdgeKind::String);
        let modules = edges.filter_map(|edge| module(context, at, node, edge, &rules));
        let mut asked = Vec::new();
        for ask in says.metadata.iter().filter(|ask| !ask.guard.metadata_caught) {
            let Some(level) = context.level(at, ask.guard) else { continue };
            asked.extend(metadata(context, &Question { at, node, ask, level }, &names)?);
        }
        for finding in modules.chain(asked) {
            let known = findings.entry((finding.code, finding.subject.clone())).or_insert_with(|| finding.clone());
            if finding.severity > known.severity {
                *known = finding;
            }
        }
    }
    let dropped = context.bundle.dropped.len();
    let wrong = findings.values().filter(|finding| finding.severity != Severity::Note).count();
    let figure = match wrong {
        0 => format!("{} dropped, none of them needed", count(dropped, "file")),
        wrong => format!("{wrong} of what was dropped is needed"),
    };
    Ok(CheckOutput { figure, findings: findings.into_values().collect() })
}

/// What was dropped warns at least, even in a function of a package: nobody asked for it to break.
fn severity(level: Reachability) -> Option<Severity> {
    super::reachability::severity(level).map(|severity| severity.max(Severity::Warn))
}

fn module(context: &Context<'_>, at: u32, node: &Node, edge: &Edge, rules: &BTreeMap<&str, &str>) -> Option<Finding> {
    let needed = context.bundle.graph.node(edge.to);
    if needed.present {
        return None;
    }
    let severity = severity(context.level(at, edge.guard)?)?;
    let rule = rules.get(needed.name.as_str()).copied().unwrap_or("exclude");
    let shown = context.display_path(node);
    let help = match rule {
        "prune-exclude" => {
            format!("take it out of `prune.exclude`, or add `{}` to `prune.keep`", below_packages(&needed.name))
        }
        _ if rule.starts_with("recipe:") => {
            format!("choose it in `prune.recipes`, or add `{}` to `prune.keep`", below_packages(&needed.name))
        }
        "exclude" | "config-exclude" => "stop excluding it".to_owned(),
        _ if needed.is_project() => format!("add `{}` to `include`", needed.name),
        _ => format!("add `{}` to `prune.keep`", below_packages(&needed.name)),
    };
    Some(Finding::new(
        severity,
        MODULE,
        format!("{} -> {}", context.importer(node), needed.dotted),
        context.location(node, edge.line, 1),
        format!(
            "`{shown}:{}` imports `{}`, and `{}` is not uploaded (rule `{rule}`){}",
            edge.line,
            needed.dotted,
            needed.name,
            context.import_chain(at)
        ),
        help,
    ))
}

/// A question to `importlib.metadata`, and who asks it.
struct Question<'a> {
    at: u32,
    node: &'a Node,
    ask: &'a MetadataRequest,
    level: Reachability,
}

/// `names`: everything that is uploaded.
fn metadata(context: &Context<'_>, question: &Question<'_>, names: &HashSet<&str>) -> Result<Option<Finding>> {
    let Question { at, node, ask, level } = *question;
    let name = match &ask.wanted {
        Wanted::Distribution(name) => name.clone(),
        Wanted::Own => node.dotted.split('.').next().unwrap_or_default().to_owned(),
        Wanted::EntryPoints(group) => return entry_points(context, question, group, names),
    };
    let normal = normalize(&name);
    let known = context.vendored.distributions.iter().find(|distribution| distribution.name == normal);
    if known.is_some_and(|known| names.contains(inside(known, "METADATA").as_str())) {
        return Ok(None);
    }
    // Packages ask for optional dependencies that nobody requires: `pydantic` asks for `email-validator`.
    let severity = if known.is_some() { severity(level) } else { super::reachability::severity(level) };
    let Some(severity) = severity else { return Ok(None) };
    let shown = context.display_path(node);
    let (why, help) = match known {
        Some(known) => (
            format!("whose METADATA is not uploaded: {}", inside(known, "METADATA")),
            "set `prune.dist-info = \"slim\"`, and stop excluding it".to_owned(),
        ),
        None => (
            "which the upload does not have".to_owned(),
            format!("catch `PackageNotFoundError`, or add `{name}` to the requirements"),
        ),
    };
    let message =
        format!("`{shown}:{}` asks for the metadata of `{name}`, {why}{}", ask.line, context.import_chain(at));
    Ok(Some(Finding::new(
        severity,
        METADATA,
        format!("{} -> {normal}", context.importer(node)),
        context.location(node, ask.line, ask.column),
        message,
        help,
    )))
}

/// The upload path of a file of a distribution's metadata.
fn inside(distribution: &Distribution, file: &str) -> String {
    format!("python_modules/{}/{file}", distribution.dist_info)
}

/// Plugins of a group that code asks for, of distributions whose `entry_points.txt` is not uploaded.
fn entry_points(
    context: &Context<'_>,
    question: &Question<'_>,
    group: &str,
    names: &HashSet<&str>,
) -> Result<Option<Finding>> {
    let Question { at, node, ask, level } = *question;
    if level > Reachability::Package {
        return Ok(None);
    }
    let mut lost = Vec::new();
    for distribution in &context.vendored.distributions {
        let path = context.vendored.modules.join(&distribution.dist_info).join("entry_points.txt");
        if names.contains(inside(distribution, "entry_points.txt").as_str()) || !path.is_file() {
            continue;
        }
        let text = fs_err::read_to_string(&path).map_err(|error| Error::unreadable(&error))?;
        if text.lines().any(|line| line.trim() == format!("[{group}]")) {
            lost.push(distribution.name.as_str());
        }
    }
    if lost.is_empty() {
        return Ok(None);
    }
    let message = format!(
        "`{}:{}` looks for entry points of `{group}`, and those of `{}` are not uploaded{}",
        context.display_path(node),
        ask.line,
        lost.join("`, `"),
        context.import_chain(at)
    );
    Ok(Some(Finding::new(
        Severity::Warn,
        ENTRY_POINTS,
        format!("{} -> {group}", context.importer(node)),
        context.location(node, ask.line, ask.column),
        message,
        "set `prune.dist-info = \"slim\"`, and stop excluding it",
    )))
}
