//! `prune-safety`: nothing that travels needs what stays behind.
//!
//! Receives the import graph, the distributions and what was dropped; hands on imports of dropped modules, and questions to
//! `importlib.metadata` that the upload cannot answer. Must never report what a guard takes care of.

use super::{CheckOutput, Context, Finding, Severity};
use crate::bundle::below_packages;
use crate::error::{Error, Result};
use crate::format::count;
use crate::python::distribution::Distribution;
use crate::python::graph::{Edge, EdgeKind, Node, Reachability};
use crate::python::imports::{MetadataRequest, Wanted};
use crate::python::normalize;
use std::collections::{BTreeMap, HashSet};

pub(super) fn check(context: &Context<'_>) -> Result<CheckOutput> {
    let graph = &context.bundle.graph;
    let rules: BTreeMap<&str, &str> =
        context.bundle.dropped.iter().map(|file| (file.name.as_str(), file.rule)).collect();
    let names: HashSet<&str> = context.bundle.modules.iter().map(|module| module.name.as_str()).collect();
    let mut findings: BTreeMap<(&'static str, String), Finding> = BTreeMap::new();
    for (at, node) in graph.nodes().filter(|(_, node)| node.present) {
        let Some(says) = &node.imports else { continue };
        let edges = graph.edges(at).iter().filter(|edge| edge.kind != EdgeKind::String);
        let modules = edges.filter_map(|edge| module(context, at, node, edge, &rules));
        let mut asked = Vec::new();
        for ask in says.metadata.iter().filter(|ask| !ask.guard.metadata_caught) {
            asked.extend(metadata(context, at, node, ask, &names)?);
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

/// Nobody asked for what was dropped to be taken from under a function, whosever it is.
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
    let shown = context.shown(node);
    let help = match rule {
        "prune-exclude" => {
            format!("take it out of `prune.exclude`, or add `{}` to `prune.keep`", below_packages(&needed.name))
        }
        _ if rule.starts_with("recipe:") => {
            format!("choose it in `prune.recipes`, or add `{}` to `prune.keep`", below_packages(&needed.name))
        }
        "exclude" | "config-exclude" => "take it out of what excludes it".to_owned(),
        _ if needed.is_project() => format!("add `{}` to `include`", needed.name),
        _ => format!("add `{}` to `prune.keep`", below_packages(&needed.name)),
    };
    Some(Finding::new(
        severity,
        "prune-safety.module",
        format!("{} -> {}", context.importer(node), needed.dotted),
        context.place(node, edge.line, 1),
        format!(
            "`{shown}:{}` imports `{}`, and `{}` stays behind (rule `{rule}`){}",
            edge.line,
            needed.dotted,
            needed.name,
            context.by(at)
        ),
        help,
    ))
}

fn metadata(
    context: &Context<'_>,
    at: u32,
    node: &Node,
    ask: &MetadataRequest,
    names: &HashSet<&str>,
) -> Result<Option<Finding>> {
    let Some(level) = context.level(at, ask.guard) else { return Ok(None) };
    let name = match &ask.wanted {
        Wanted::Distribution(name) => name.clone(),
        Wanted::Own => node.dotted.split('.').next().unwrap_or_default().to_owned(),
        Wanted::EntryPoints(group) => return entry_points(context, at, node, ask, (group, level), names),
    };
    let normal = normalize(&name);
    let known = context.vendored.distributions.iter().find(|distribution| distribution.name == normal);
    if known.is_some_and(|known| names.contains(inside(known, "METADATA").as_str())) {
        return Ok(None);
    }
    // What a package would like to have, and nobody required, is its own affair: `pydantic` asks for `email-validator`.
    let severity = if known.is_some() { severity(level) } else { super::reachability::severity(level) };
    let Some(severity) = severity else { return Ok(None) };
    let shown = context.shown(node);
    let (why, help) = match known {
        Some(known) => (
            format!("whose METADATA stays behind: {}", inside(known, "METADATA")),
            "set `prune.dist-info = \"slim\"`, and take it out of what excludes it".to_owned(),
        ),
        None => (
            "which the upload does not have".to_owned(),
            format!("catch `PackageNotFoundError`, or add `{name}` to the requirements"),
        ),
    };
    let message = format!("`{shown}:{}` asks for the metadata of `{name}`, {why}{}", ask.line, context.by(at));
    Ok(Some(Finding::new(
        severity,
        "prune-safety.metadata",
        format!("{} -> {normal}", context.importer(node)),
        context.place(node, ask.line, ask.column),
        message,
        help,
    )))
}

/// The upload path of a file of a distribution's metadata.
fn inside(distribution: &Distribution, file: &str) -> String {
    format!("python_modules/{}/{file}", distribution.dist_info)
}

/// Plugins of a group that code asks for, of distributions whose `entry_points.txt` stays behind.
fn entry_points(
    context: &Context<'_>,
    at: u32,
    node: &Node,
    ask: &MetadataRequest,
    (group, level): (&str, Reachability),
    names: &HashSet<&str>,
) -> Result<Option<Finding>> {
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
        "`{}:{}` looks for entry points of `{group}`, and those of `{}` stay behind{}",
        context.shown(node),
        ask.line,
        lost.join("`, `"),
        context.by(at)
    );
    Ok(Some(Finding::new(
        Severity::Warn,
        "prune-safety.entry-points",
        format!("{} -> {group}", context.importer(node)),
        context.place(node, ask.line, ask.column),
        message,
        "set `prune.dist-info = \"slim\"`, and take it out of what excludes it",
    )))
}
