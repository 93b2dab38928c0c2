//! `requirements`: are the requirements runtime-only, locked and hash-verified?
//!
//! A line of the runtime file that does not parse was an error before. Lists of other tools are read leniently, only to name
//! them.

use super::definition::{Check, Gate, codes};
use super::{CheckOutput, Context, Finding, GateId, Level, Severity};
use crate::error::{Location, LocationKind, Result};
use crate::format::count;
use crate::project::Project;
use crate::project::requirements::{Chosen, DEFAULT_FILE, Declared, Requirement, Source};
use crate::python;
use crate::resolve::MadeFor;
use serde::Deserialize;
use std::collections::BTreeSet;
use std::sync::LazyLock;

codes! {
    HASH = "requirements.hash": "A package could be installed from an artifact whose hash the requirements do not list.";
    DEVELOPMENT = "requirements.development": "The runtime requirements list a development tool.";
    UNLOCKED = "requirements.unlocked": "The versions of the requirements are not locked.";
    STALE_LOCK = "requirements.stale-lock": "The lock was made for another Python or platform than the one of the Worker.";
    UNREAD = "requirements.unread": "Nothing is required, and a file that saddlebag does not read lists requirements.";
    FALLBACK = "requirements.fallback": "There is no `requirements-runtime.txt`, so `[project].dependencies` are used.";
}

pub(super) const GATE: Gate = Gate {
    id: GateId::Requirements,
    default_level: Level::Deny,
    check: Check::Plan(check),
    nothing_to_check: None,
    codes: CODES,
    page: include_str!("../../docs/gates/requirements.md"),
};

#[derive(Deserialize)]
struct DevelopmentPackages {
    names: BTreeSet<String>,
}

static DEVELOPMENT_TOOLS: LazyLock<BTreeSet<String>> = LazyLock::new(|| {
    toml_edit::de::from_str::<DevelopmentPackages>(include_str!("../../data/development-packages.toml"))
        .expect("the embedded table parses: a test reads it")
        .names
        .iter()
        .map(|name| python::normalize(name))
        .collect()
});

/// Whether a distribution, by its normalised name, is a tool of development.
pub(crate) fn is_development_tool(name: &str) -> bool {
    DEVELOPMENT_TOOLS.contains(name)
}

pub(super) fn check(context: &Context<'_>) -> Result<CheckOutput> {
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
                FALLBACK,
                path.as_str(),
                Location::new(LocationKind::File, path.as_str()),
                "there is no `requirements-runtime.txt`: `[project].dependencies` are used, as in pywrangler",
                "list what the Worker needs at run time in `requirements-runtime.txt`",
            ));
            path
        }
        Source::None => "none".to_owned(),
    };
    findings.extend(unread(context.project));
    findings.extend(stale_lock(context));
    if context.vendored.seed.is_none() && !requirements.entries.is_empty() {
        findings.push(Finding::new(
            Severity::Warn,
            UNLOCKED,
            "lock",
            Location::new(LocationKind::File, from.as_str()),
            "the versions are not locked: the next deploy may resolve to others",
            "run `saddlebag lock` and commit `pylock.runtime.toml`",
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
    Ok(CheckOutput { figure, findings })
}

/// What a lock was made for, as the predicate of a sentence.
pub(super) fn was_made_for(made_for: &MadeFor) -> String {
    match made_for {
        MadeFor::Python(python) => format!("was made for Python {python}"),
        MadeFor::Platform(package) => {
            format!("was made for another platform: it has no wheel of `{package}` for Workers")
        }
    }
}

/// A lock for another Python keeps versions that were chosen by other wheels.
fn stale_lock(context: &Context<'_>) -> Option<Finding> {
    let (seed, made_for) = context.vendored.seed.as_ref().zip(context.vendored.lock_made_for.as_ref())?;
    let shown = context.project.display(seed);
    let message = format!("`{shown}` {}, and the Worker runs Python {}", was_made_for(made_for), context.target.python);
    let help = "run `saddlebag lock` again, look at what changed, and commit `pylock.runtime.toml`";
    Some(Finding::new(Severity::Warn, STALE_LOCK, "lock", Location::new(LocationKind::File, shown), message, help))
}

/// Whether nothing is required, without a file that says so.
fn requires_nothing(project: &Project) -> bool {
    project.requirements.entries.is_empty() && !matches!(project.requirements.source, Source::File(_))
}

/// Nothing is required, but another tool's list names requirements.
fn unread(project: &Project) -> Option<Finding> {
    if !requires_nothing(project) {
        return None;
    }
    let listed: Vec<Declared> = project
        .declared_requirements()
        .into_iter()
        .filter(|one| {
            !one.development && one.requirement.name.as_deref().is_some_and(|name| !is_development_tool(name))
        })
        .collect();
    let first = listed.first()?;
    let others = match listed.len() {
        1 => String::new(),
        more => format!(" and {}", count(more - 1, "other")),
    };
    let message = format!(
        "nothing is required: {} lists `{}`{others}, and saddlebag reads `{DEFAULT_FILE}`",
        first.place(),
        first.requirement.name.as_deref().unwrap_or_default()
    );
    let help = "run `saddlebag init`, which writes what the Worker needs of it";
    Some(Finding::new(Severity::Note, UNREAD, first.requirement.file.as_str(), at(&first.requirement), message, help))
}

/// The help for a missing module that a list names which saddlebag does not read. `listed` is everything that the project declares
/// anywhere.
pub(super) fn unread_list(project: &Project, listed: &[Declared], module: &str) -> Option<String> {
    let top = python::normalize(module.split('.').next().unwrap_or(module));
    let names =
        [top.clone(), format!("py{top}"), format!("python-{top}"), format!("{top}-python"), format!("py-{top}")];
    let is_it = |name: &str, one: &&Declared| !one.runtime && one.requirement.name.as_deref() == Some(name);
    // An equal name comes first, and a list for run time before one for development.
    let found =
        names.iter().find_map(|name| listed.iter().filter(|one| is_it(name, one)).min_by_key(|one| one.development))?;
    let (place, name) = (found.place(), found.requirement.name.as_deref().unwrap_or_default());
    let file = &found.requirement.file;
    let into = match &project.requirements.source {
        Source::File(path) => project.display(path),
        _ => DEFAULT_FILE.to_owned(),
    };
    if !requires_nothing(project) {
        let what = format!("{place} lists `{name}`, and the Worker is resolved from other requirements");
        return Some(match &project.requirements.source {
            Source::Pyproject(_) => format!("move `{name}` to `[project].dependencies`: {what}"),
            _ => format!("add `{name}` to `{into}`: {what}"),
        });
    }
    let or = if file.ends_with(".txt") && !found.development {
        format!(", or pass `--requirements {file}`")
    } else {
        String::new()
    };
    Some(format!("run `saddlebag init`{or}: {place} lists `{name}`, and saddlebag reads `{DEFAULT_FILE}`"))
}

fn at(requirement: &Requirement) -> Location {
    Location::at(LocationKind::Requirement, requirement.file.as_str(), requirement.line, requirement.column)
}

fn development_only(requirement: &Requirement) -> Option<Finding> {
    let name = requirement.name.as_deref().filter(|name| is_development_tool(name))?;
    let message = format!("`{}` is a development tool, and the runtime requirements list it", requirement.redacted());
    Some(Finding::new(
        Severity::Warn,
        DEVELOPMENT,
        name,
        at(requirement),
        message,
        format!("move `{name}` to the development requirements"),
    ))
}

/// Every artifact that could be installed must have a hash that the user listed.
fn hashes(requirement: &Requirement, context: &Context<'_>, required: bool) -> Vec<Finding> {
    let Some(name) = requirement.name.as_deref() else { return Vec::new() };
    let deny =
        |message: String, help: &str| vec![Finding::new(Severity::Deny, HASH, name, at(requirement), message, help)];
    if requirement.hashes.is_empty() {
        return if required && requirement.local.is_none() {
            deny(
                format!("`{name}` has no `--hash`, and `--require-hashes` asks for one"),
                "add `--hash=sha256:...`, or remove `--require-hashes`",
            )
        } else {
            Vec::new()
        };
    }
    let Some(locked) = context.vendored.locked.iter().find(|package| package.name == name) else { return Vec::new() };
    let unknown: Vec<_> = locked.hashes.iter().filter(|hash| !requirement.hashes.contains(hash)).collect();
    match unknown.as_slice() {
        [] if locked.hashes.is_empty() => deny(
            format!("`{name}` was resolved without a hash to compare with `--hash`"),
            "remove its `--hash`, or require it from an index",
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
        assert!(DEVELOPMENT_TOOLS.contains("pytest") && DEVELOPMENT_TOOLS.contains("sphinx"));
        assert!(!DEVELOPMENT_TOOLS.contains("fastapi") && !DEVELOPMENT_TOOLS.contains("setuptools"));
    }
}
