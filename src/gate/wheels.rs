//! `wheels`: the requirements resolve for the target, and not by falling back to an ancient release.
//!
//! Receives the diagnosis of a resolution that failed, or what is known of the age of one that succeeded; hands on
//! findings. Must never ask an index: what is not known by now is not said.

use super::{Context, Finding, Judged, Severity, requirements};
use crate::error::{Location, Place};
use crate::project::{Project, Target};
use crate::quantity::count;
use crate::vendor::{Culprit, Drift, Fall, Lift, Reason, Unresolved};

/// A resolution that succeeded.
pub(super) fn check(context: &Context<'_>) -> Judged {
    let packages = count(context.vendored.distributions.len(), "package");
    let python = &context.target.python;
    let mut findings = if context.settings.locked { unlike_the_lock(context) } else { Vec::new() };
    let unknown = match &context.vendored.falls {
        None => "; whether one is ancient could not be told",
        Some(falls) => {
            findings.extend(falls.iter().map(|fall| fallen(fall, context.project, context.target)));
            ""
        }
    };
    Judged { figure: format!("{packages} for Python {python}{unknown}"), findings }
}

/// `--locked`: what resolves has to be what is locked.
fn unlike_the_lock(context: &Context<'_>) -> Vec<Finding> {
    let Some(seed) = &context.vendored.seed else {
        return vec![Finding::new(
            Severity::Deny,
            "wheels.locked",
            "lock",
            Location::new(Place::File, "pylock.runtime.toml"),
            "`--locked` was given, and there is no lock",
            "write one with `saddlebag lock`, and commit it",
        )];
    };
    let help = match &context.vendored.lock_made_for {
        Some(made_for) => format!(
            "the lock {}: write it anew with `saddlebag lock`, and commit it",
            requirements::was_made_for(made_for)
        ),
        None => "write the lock anew with `saddlebag lock`, look at what changed, and commit it".to_owned(),
    };
    let finding = |drift: &Drift| {
        Finding::new(
            Severity::Deny,
            "wheels.locked",
            drift.name.as_str(),
            Location::new(Place::File, context.project.display(seed)),
            format!("`{}`: {}", drift.name, drift.what),
            help.clone(),
        )
    };
    context.vendored.drift.iter().map(finding).collect()
}

pub(super) fn fallen(fall: &Fall, project: &Project, target: &Target) -> Finding {
    let of = |day: &Option<String>| day.as_ref().map_or_else(String::new, |day| format!(" of {day}"));
    let because = match &fall.culprit {
        Some(culprit) if *culprit == fall.name => "which has no wheel for it".to_owned(),
        Some(culprit) => format!("which needs `{culprit}`, and that has no wheel for it"),
        None => "which cannot be had with the other requirements there".to_owned(),
    };
    let entries = &project.requirements.entries;
    let entry = entries.iter().find(|entry| entry.name.as_deref() == Some(&fall.name));
    let location = entry.map_or_else(|| Location::new(Place::Package, fall.name.as_str()), |entry| entry.location());
    Finding::new(
        Severity::Warn,
        "wheels.silent-downgrade",
        fall.name.as_str(),
        location,
        format!(
            "`{}` fell to {}{} for Python {}: elsewhere the same requirements give {}{}, {because}",
            fall.name,
            fall.version,
            of(&fall.uploaded),
            target.python,
            fall.newest,
            of(&fall.newest_uploaded)
        ),
        what_lifts(fall),
    )
}

fn what_lifts(fall: &Fall) -> String {
    let name = &fall.name;
    let require = format!("require `{name}` with the lowest version that you can do with, so that this is an error");
    let otherwise = match &fall.lift {
        Some(Lift { compatibility_date, python, version }) => format!(
            "set `compatibility_date` to {compatibility_date} or later (Python {python}, where `{name}` resolves to {version}), or {require}"
        ),
        None => require,
    };
    format!("{otherwise}; if {} will do, allow it with `[[tool.saddlebag.allow]]`", fall.version)
}

/// A resolution that failed.
pub(super) fn explain(why: &Unresolved, target: &Target) -> Judged {
    let mut findings: Vec<Finding> = why.culprits.iter().map(|culprit| in_the_way(culprit, why, target)).collect();
    findings.extend(why.alternatives.iter().map(|alternative| {
        Finding::new(
            Severity::Note,
            "wheels.alternative",
            alternative.subject.as_str(),
            Location::new(Place::Requirement, alternative.subject.as_str()),
            format!("{} would work: {}", alternative.write, alternative.gives),
            "take it if it suits: it was resolved with all the other requirements",
        )
    }));
    Judged { figure: format!("the requirements do not resolve for Python {}", target.python), findings }
}

fn in_the_way(culprit: &Culprit, why: &Unresolved, target: &Target) -> Finding {
    let name = &culprit.name;
    let by = if culprit.chain.len() > 1 { format!(" ({})", culprit.chain.join(" → ")) } else { String::new() };
    let python = &target.python;
    let (code, message, help): (_, _, &str) = match &culprit.reason {
        Reason::NoWheel => (
            "wheels.none",
            format!(
                "`{name}` has no wheel for Python {python} on Workers{by}: {}{}",
                accepted(target),
                offered(culprit)
            ),
            "require something else, or ask its maintainers for a wheel of that platform",
        ),
        Reason::Unknown => (
            "wheels.unknown",
            format!("there is no distribution `{name}` in any package index that uv asks{by}"),
            "correct the name, or add the index that has it",
        ),
        Reason::Conflict(wanted) => (
            "wheels.conflict",
            format!("no version of `{name}` is all of what is required: {}", wanted.join(", and ")),
            "loosen one of the two",
        ),
        Reason::Version(available) => (
            "wheels.version",
            format!(
                "no version of `{name}` is what is required ({}){}",
                culprit.chain.join(" → "),
                there_is(available)
            ),
            "require a version that there is",
        ),
        Reason::Python(needs) => (
            "wheels.python",
            format!("`{name}` needs Python{needs}, and the Worker runs {}{by}{}", target.python_full, offered(culprit)),
            "require something that supports the Worker's Python",
        ),
    };
    let help = match why.alternatives.first() {
        Some(first) => format!("write {}: {}", first.write, first.gives),
        None => help.to_owned(),
    };
    Finding::new(Severity::Deny, code, name.as_str(), culprit.location.clone(), message, help)
}

/// What the target takes.
fn accepted(target: &Target) -> String {
    let platforms: Vec<String> = target.wheel_platforms.iter().map(|tag| format!("`{tag}`")).collect();
    let python = target.python.replace('.', "");
    format!("it takes pure Python, or `cp{python}` and `abi3` for {}", platforms.join(" or "))
}

/// What there is instead.
fn offered(culprit: &Culprit) -> String {
    let newest = match &culprit.newest {
        Some((version, tags)) => format!("; {version}, the newest, is for {tags}"),
        None => String::new(),
    };
    let usable = match (&culprit.usable, &culprit.newest) {
        (Some((version, day)), _) => {
            let day = day.as_ref().map_or_else(String::new, |day| format!(" of {day}"));
            format!("; {version}{day} would do")
        }
        (None, Some(_)) => match &culprit.ancient {
            Some((version, day)) => {
                let day = day.as_ref().map_or_else(String::new, |day| format!(" of {day}"));
                format!("; nothing newer than {version}{day} would do")
            }
            None => "; no release would do".to_owned(),
        },
        (None, None) => String::new(),
    };
    format!("{newest}{usable}")
}

fn there_is(available: &[String]) -> String {
    match available {
        [] => String::new(),
        [only] => format!("; there is {only}"),
        [.., last] => format!("; there are others, up to {last}"),
    }
}
