//! `duplicates`: one module per name, one version per distribution.
//!
//! Shared namespace packages are not duplicates.

use super::definition::{Check, Gate, codes};
use super::{CheckOutput, Context, Finding, GateId, Level, Severity};
use crate::bundle::Bundle;
use crate::error::{Location, LocationKind, Result};
use crate::format::count;
use crate::python::distribution;
use std::collections::{BTreeMap, BTreeSet};

codes! {
    MODULE = "duplicates.module": "Two files become the module of one name.";
    CASE = "duplicates.case": "The names of Python modules differ only in case.";
    FILE = "duplicates.file": "Two packages bring the same file with different content.";
    VERSION = "duplicates.version": "One package is vendored in two versions.";
    RULES = "duplicates.rules": "Files match more than one glob of `rules`.";
}

pub(super) const GATE: Gate = Gate {
    id: GateId::Duplicates,
    default_level: Level::Deny,
    check: Check::Plan(check),
    nothing_to_check: None,
    codes: CODES,
    page: include_str!("../../docs/gates/duplicates.md"),
};

pub(super) fn check(context: &Context<'_>) -> Result<CheckOutput> {
    let mut findings = clashes(context);
    findings.extend(case(context.bundle));
    findings.extend(rules(context));
    findings.extend(versions(context));
    findings.extend(shared_files(context)?);
    let names = context.bundle.modules.len();
    let twice = findings.iter().filter(|finding| finding.severity != Severity::Note).count();
    Ok(CheckOutput {
        figure: if twice == 0 {
            format!("{names} modules, none twice")
        } else {
            format!("{twice} among {names} modules")
        },
        findings,
    })
}

fn clashes(context: &Context<'_>) -> Vec<Finding> {
    let clash = |clash: &crate::bundle::NameClash| {
        let message = format!(
            "`{}` and `{}` both become the module `{}`; wrangler keeps one of them without a warning",
            clash.first, clash.second, clash.name
        );
        Finding::new(
            Severity::Deny,
            MODULE,
            clash.name.as_str(),
            Location::new(LocationKind::Module, clash.name.as_str()),
            message,
            "rename one of them, or leave it out with `exclude`",
        )
    };
    context.bundle.name_clashes.iter().map(clash).collect()
}

/// Python files only: data files that differ by case are read by their exact name.
fn case(bundle: &Bundle) -> Vec<Finding> {
    let mut by_lower: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for module in bundle.modules.iter().filter(|module| module.name.ends_with(".py")) {
        let names = by_lower.entry(module.name.to_lowercase()).or_default();
        if !names.contains(&module.name.as_str()) {
            names.push(&module.name); // the same name twice is another finding
        }
    }
    by_lower
        .into_values()
        .filter(|names| names.len() > 1)
        .map(|names| {
            let message = format!("`{}` differ by case only", names.join("` and `"));
            // A distribution was published with both, from a file system that distinguishes them, so it works.
            let vendored = names.iter().all(|name| name.starts_with("python_modules/"));
            Finding::new(
                if vendored { Severity::Warn } else { Severity::Deny },
                CASE,
                names[0],
                Location::new(LocationKind::Module, names[0]),
                message,
                "rename one of them",
            )
        })
        .collect()
}

/// One finding for each type: there can be thousands of files.
fn rules(context: &Context<'_>) -> Vec<Finding> {
    let mut by_kind: BTreeMap<_, Vec<&str>> = BTreeMap::new();
    for duplicate in &context.bundle.ignored_duplicates {
        by_kind.entry(duplicate.kind).or_default().push(&duplicate.name);
    }
    by_kind
        .into_iter()
        .map(|(kind, names)| {
            let message = format!(
                "{} more than one glob of `rules`, `{}` first; wrangler warns `Ignoring duplicate module` for each",
                match names.len() {
                    1 => "1 file matches".to_owned(),
                    many => format!("{} match", count(many, "file")),
                },
                names[0]
            );
            let word =
                serde_json::to_value(kind).ok().and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default();
            Finding::new(
                Severity::Warn,
                RULES,
                word,
                context.project.config.locate(&["rules"]),
                message,
                "make the globs of `rules` exclude each other",
            )
            .measured(names.len() as u64, 0)
        })
        .collect()
}

fn versions(context: &Context<'_>) -> Vec<Finding> {
    let mut by_name: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for distribution in &context.vendored.distributions {
        by_name.entry(&distribution.name).or_default().push(&distribution.version);
    }
    by_name
        .into_iter()
        .filter(|(_, versions)| versions.len() > 1)
        .map(|(name, versions)| {
            let message = format!("`{name}` is vendored in {} versions: {}", versions.len(), versions.join(", "));
            Finding::new(
                Severity::Warn,
                VERSION,
                name,
                Location::new(LocationKind::Package, name),
                message,
                "run again with `--no-cache`, and report it if it stays",
            )
        })
        .collect()
}

/// Files that two distributions own and of which one overwrote the other. The same content twice does no harm, and the
/// `__init__.py` of a namespace package is shared on purpose.
fn shared_files(context: &Context<'_>) -> Result<Vec<Finding>> {
    let mut owners: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (index, distribution) in context.vendored.distributions.iter().enumerate() {
        for file in distribution.files.iter().filter(|file| !file.contains(".dist-info/")) {
            owners.entry(file).or_default().push(index);
        }
    }
    let mut findings = Vec::new();
    for (file, owners) in owners.into_iter().filter(|(_, owners)| owners.len() > 1) {
        let name = format!("python_modules/{file}");
        if !context.bundle.modules.iter().any(|module| module.name == name) || namespace_init(context, file)? {
            continue;
        }
        let mut digests = Vec::new();
        for index in &owners {
            let dist_info = &context.vendored.distributions[*index].dist_info;
            digests.push(distribution::recorded_digests(&context.vendored.modules, dist_info)?.remove(file));
        }
        // Without digests it is unknown whether the contents differ.
        let known: BTreeSet<String> =
            digests.into_iter().flatten().filter(|digest: &String| !digest.is_empty()).collect();
        if known.len() < 2 {
            continue;
        }
        let names: Vec<_> =
            owners.iter().map(|index| format!("`{}`", context.vendored.distributions[*index].name)).collect();
        let reached = imported(context.bundle, &name);
        let message = format!(
            "{} each bring their own `{file}`; one overwrote the other{}",
            names.join(" and "),
            if reached { ", and it is imported" } else { "" }
        );
        findings.push(Finding::new(
            if reached { Severity::Deny } else { Severity::Warn },
            FILE,
            file,
            Location::new(LocationKind::Module, name),
            message,
            "drop one of the two requirements",
        ));
    }
    Ok(findings)
}

fn namespace_init(context: &Context<'_>, file: &str) -> Result<bool> {
    if !file.ends_with("__init__.py") {
        return Ok(false);
    }
    let text =
        fs_err::read(context.vendored.modules.join(file)).map_err(|error| crate::error::Error::unreadable(&error))?;
    let text = String::from_utf8_lossy(&text);
    let code = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')).count();
    Ok(code == 0 || text.contains("declare_namespace") || text.contains("extend_path"))
}

/// Whether main imports the file's module. Which data files are read is unknown.
fn imported(bundle: &Bundle, name: &str) -> bool {
    bundle.graph.find(name).is_some_and(|node| bundle.reach.level(node).is_some())
}
