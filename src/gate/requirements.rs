//! `requirements`: what the runtime file asks for is for the runtime, pinned, and what its hashes say.
//!
//! Receives the requirements and the lock that was resolved; hands on findings. Must never read a file: a line that does
//! not parse was an error long before.

use super::{Context, Finding, Judged, Severity};
use crate::error::{Location, Place, Result};
use crate::project::requirements::{Chosen, Requirement, Source};
use crate::python;
use serde::Deserialize;
use std::collections::BTreeSet;
use std::sync::LazyLock;

#[derive(Deserialize)]
struct Table {
    names: BTreeSet<String>,
}

static DEVELOPMENT: LazyLock<BTreeSet<String>> = LazyLock::new(|| {
    toml_edit::de::from_str::<Table>(include_str!("../../data/development-packages.toml"))
        .expect("the embedded table parses: a test reads it")
        .names
        .iter()
        .map(|name| python::normalize(name))
        .collect()
});

/// Whether a distribution, by its normalised name, is a tool of development.
pub(crate) fn is_development_tool(name: &str) -> bool {
    DEVELOPMENT.contains(name)
}

pub(super) fn check(context: &Context<'_>) -> Result<Judged> {
    let requirements = &context.project.requirements;
    let mut findings = Vec::new();
    for requirement in &requirements.entries {
        findings.extend(development_only(requirement));
        findings.extend(hashes(requirement, context, requirements.require_hashes));
    }
    let from = match &requirements.source {
        Source::File(path) => context.project.display(path),
        Source::Pyproject(path) => {
            let path = context.project.display(path);
            findings.push(Finding::new(
                Severity::Note,
                "requirements.fallback",
                path.as_str(),
                Location::new(Place::File, path.as_str()),
                "there is no `requirements-runtime.txt`: `[project].dependencies` serve, as in pywrangler",
                "list what the Worker needs at run time in `requirements-runtime.txt`",
            ));
            path
        }
        Source::None => "none".to_owned(),
    };
    if context.vendored.seed.is_none() && !requirements.entries.is_empty() {
        findings.push(Finding::new(
            Severity::Warn,
            "requirements.unlocked",
            "lock",
            Location::new(Place::File, from.as_str()),
            "the versions are not locked: tomorrow's deploy may resolve to other ones",
            "commit a `pylock.toml` beside `pyproject.toml`",
        ));
    }
    let lists = context.settings.lists();
    let list = |kind: &'static str| move |list: &Chosen| format!(", {kind} `{}`", list.name);
    let lists: String = lists.extras.iter().map(list("extra")).chain(lists.groups.iter().map(list("group"))).collect();
    let figure = format!(
        "{} required by {from}{lists}, {} resolved{}",
        requirements.entries.len(),
        context.vendored.distributions.len(),
        context
            .vendored
            .seed
            .as_ref()
            .map_or_else(String::new, |seed| format!(", locked by {}", context.project.display(seed)))
    );
    Ok(Judged { figure, findings })
}

fn at(requirement: &Requirement) -> Location {
    Location::at(Place::Requirement, requirement.file.as_str(), requirement.line, requirement.column)
}

fn development_only(requirement: &Requirement) -> Option<Finding> {
    let name = requirement.name.as_deref().filter(|name| is_development_tool(name))?;
    let message = format!("`{}` is a development tool, and the runtime requirements list it", requirement.shown());
    Some(Finding::new(
        Severity::Warn,
        "requirements.development",
        name,
        at(requirement),
        message,
        format!("move `{name}` to the development requirements"),
    ))
}

/// Every artifact that could be installed must be one that the user vouched for.
fn hashes(requirement: &Requirement, context: &Context<'_>, required: bool) -> Vec<Finding> {
    let Some(name) = requirement.name.as_deref() else { return Vec::new() };
    let deny = |message: String, help: &str| {
        vec![Finding::new(Severity::Deny, "requirements.hash", name, at(requirement), message, help)]
    };
    if requirement.hashes.is_empty() {
        return if required && requirement.local.is_none() {
            deny(
                format!("`{name}` has no `--hash`, and `--require-hashes` asks for one"),
                "add `--hash=sha256:...`, or take `--require-hashes` out",
            )
        } else {
            Vec::new()
        };
    }
    let Some(locked) = context.vendored.locked.iter().find(|package| package.name == name) else { return Vec::new() };
    let unknown: Vec<_> = locked.hashes.iter().filter(|hash| !requirement.hashes.contains(hash)).collect();
    match unknown.as_slice() {
        [] if locked.hashes.is_empty() => deny(
            format!("`{name}` was resolved without a hash to hold `--hash` against"),
            "take its `--hash` out, or require it from an index",
        ),
        [] => Vec::new(),
        [first, ..] => deny(
            format!(
                "`{name}` {} has {} that `--hash` does not list: {first}",
                locked.version.as_deref().unwrap_or_default(),
                if unknown.len() == 1 { "an artifact".to_owned() } else { format!("{} artifacts", unknown.len()) }
            ),
            "list the sha256 of every artifact of that version, or pin the version whose hashes these are",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_of_development_packages_is_of_normalised_names() {
        assert!(DEVELOPMENT.contains("pytest") && DEVELOPMENT.contains("sphinx"));
        assert!(!DEVELOPMENT.contains("fastapi") && !DEVELOPMENT.contains("setuptools"));
    }
}
