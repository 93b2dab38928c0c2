//! `wheels`: the requirements resolve for the target, and not to an outdated release.
//!
//! The gate asks no package index: the resolution has collected everything that it reports.

use super::definition::{Check, Gate, codes};
use super::{CheckOutput, Context, Finding, GateId, Level, Severity, requirements, unused};
use crate::error::{Location, LocationKind};
use crate::format::count;
use crate::project::{Project, Target};
use crate::resolve::{Conflict, Downgrade, Lift, LockDifference, Reason, Unresolved, Vendored, chain_in_words};
use pep508_rs::pep440_rs::{Version, VersionSpecifiers};

codes! {
    NONE = "wheels.none": "A required package has no wheel for the Python of the Worker.";
    UNKNOWN = "wheels.unknown": "No package index has a required package.";
    CONFLICT = "wheels.conflict": "No version of a package satisfies every requirement on it.";
    VERSION = "wheels.version": "The required version of a package does not exist.";
    PYTHON = "wheels.python": "A required package does not support the Python of the Worker.";
    BUILD = "wheels.build": "A package must be built from source before its requirements are known, and building is off.";
    REQUIRES_PYTHON = "wheels.requires-python": "The `requires-python` of the project excludes the Python of the Worker.";
    SILENT_DOWNGRADE = "wheels.silent-downgrade": "A package resolved to an outdated release because newer ones have no usable wheel.";
    LOCKED = "wheels.locked": "The resolution differs from the lock that `--locked` asks for.";
    ALTERNATIVE = "wheels.alternative": "A change to the requirements that would let them resolve.";
}

pub(super) const GATE: Gate = Gate {
    id: GateId::Wheels,
    default_level: Level::Deny,
    check: Check::Resolution { resolved: check, unresolved: explain },
    nothing_to_check: None,
    codes: CODES,
    page: include_str!("../../docs/gates/wheels.md"),
};

/// What to say about packages that resolved to an old release because newer ones have no wheel.
pub(crate) fn downgrades(vendored: &Vendored, project: &Project, target: &Target) -> Vec<Finding> {
    vendored.falls.iter().flatten().map(|fall| downgrade(fall, project, target)).collect()
}

/// The name of each package that keeps the requirements from resolving, with the message about it.
pub(crate) fn conflict_messages(why: &Unresolved, target: &Target) -> Vec<(String, String)> {
    let conflicts = explain(why, target).findings.into_iter().filter(|finding| finding.severity == Severity::Deny);
    conflicts.map(|finding| (finding.subject, finding.message)).collect()
}

/// A resolution that succeeded.
fn check(context: &Context<'_>) -> CheckOutput {
    let packages = count(context.vendored.distributions.len(), "package");
    let python = &context.target.python;
    let mut findings = if context.settings.locked { lock_differences(context) } else { Vec::new() };
    findings.extend(excluded_python(context.project, context.target));
    let unknown = match &context.vendored.falls {
        None => "; could not check for outdated releases",
        Some(falls) => {
            findings.extend(falls.iter().map(|fall| downgrade(fall, context.project, context.target)));
            ""
        }
    };
    CheckOutput { figure: format!("{packages} for Python {python}{unknown}"), findings }
}

/// A `requires-python` of the project that excludes the Worker's Python. uv 0.13.8 only warns of it, where nobody sees it.
fn excluded_python(project: &Project, target: &Target) -> Option<Finding> {
    let pyproject = project.pyproject.as_ref()?;
    let path = ["project", "requires-python"];
    let written = pyproject.document.get(path[0])?.get(path[1])?.as_str()?;
    let (specifiers, python) =
        (written.parse::<VersionSpecifiers>().ok()?, target.python_full.parse::<Version>().ok()?);
    (!specifiers.contains(&python)).then(|| {
        Finding::new(
            Severity::Warn,
            REQUIRES_PYTHON,
            "requires-python",
            pyproject.locate(&path),
            format!("`requires-python = \"{written}\"` excludes Python {python}, which the Worker runs"),
            "widen it, or choose another Python with `compatibility_date`",
        )
    })
}

/// With `--locked`: how the resolution differs from the lock.
fn lock_differences(context: &Context<'_>) -> Vec<Finding> {
    let Some(seed) = &context.vendored.seed else {
        return vec![Finding::new(
            Severity::Deny,
            LOCKED,
            "lock",
            Location::new(LocationKind::File, "pylock.runtime.toml"),
            "`--locked` was given, and there is no lock",
            "write one with `saddlebag lock`, and commit it",
        )];
    };
    let help = match &context.vendored.lock_made_for {
        Some(made_for) => {
            format!("the lock {}: run `saddlebag lock` again, and commit it", requirements::was_made_for(made_for))
        }
        None => "run `saddlebag lock` again, look at what changed, and commit it".to_owned(),
    };
    let finding = |difference: &LockDifference| {
        Finding::new(
            Severity::Deny,
            LOCKED,
            difference.name.as_str(),
            Location::new(LocationKind::File, context.project.display(seed)),
            format!("`{}`: {}", difference.name, difference.what),
            help.clone(),
        )
    };
    context.vendored.drift.iter().map(finding).collect()
}

fn downgrade(downgrade: &Downgrade, project: &Project, target: &Target) -> Finding {
    let of = |day: &Option<String>| day.as_ref().map_or_else(String::new, |day| format!(" of {day}"));
    let because = match &downgrade.conflict {
        Some(conflict) if *conflict == downgrade.name => "which has no wheel for it".to_owned(),
        Some(conflict) => format!("which needs `{conflict}`, and that has no wheel for it"),
        None => "which does not fit the other requirements there".to_owned(),
    };
    let entries = &project.requirements.entries;
    let entry = entries.iter().find(|entry| entry.name.as_deref() == Some(&downgrade.name));
    let location =
        entry.map_or_else(|| Location::new(LocationKind::Package, downgrade.name.as_str()), |entry| entry.location());
    Finding::new(
        Severity::Warn,
        SILENT_DOWNGRADE,
        downgrade.name.as_str(),
        location,
        format!(
            "`{}` resolved to {}{} for Python {}: on other platforms it resolves to {}{}, {because}",
            downgrade.name,
            downgrade.version,
            of(&downgrade.uploaded),
            target.python,
            downgrade.newest,
            of(&downgrade.newest_uploaded)
        ),
        downgrade_help(downgrade),
    )
}

fn downgrade_help(downgrade: &Downgrade) -> String {
    let name = &downgrade.name;
    let require = format!("require `{name}` with the lowest version that works for you, so that this becomes an error");
    let otherwise = match &downgrade.lift {
        Some(Lift { compatibility_date, python, version }) => format!(
            "set `compatibility_date` to {compatibility_date} or later (Python {python}, where `{name}` resolves to {version}), or {require}"
        ),
        None => require,
    };
    format!("{otherwise}; if {} is fine, allow it with `[[tool.saddlebag.allow]]`", downgrade.version)
}

/// A resolution that failed.
fn explain(why: &Unresolved, target: &Target) -> CheckOutput {
    let mut findings: Vec<Finding> =
        why.conflicts.iter().map(|conflict| conflict_finding(conflict, why, target)).collect();
    findings.extend(why.alternatives.iter().map(|alternative| {
        Finding::new(
            Severity::Note,
            ALTERNATIVE,
            alternative.subject.as_str(),
            Location::new(LocationKind::Requirement, alternative.subject.as_str()),
            format!("{} would work: {}", alternative.write, alternative.gives),
            "use it if it fits: it was resolved with all the other requirements",
        )
    }));
    CheckOutput { figure: format!("the requirements do not resolve for Python {}", target.python), findings }
}

fn conflict_finding(conflict: &Conflict, why: &Unresolved, target: &Target) -> Finding {
    let name = &conflict.name;
    let by = if conflict.chain.len() > 1 { format!(" ({})", chain_in_words(&conflict.chain)) } else { String::new() };
    let (code, message, help): (_, _, String) = match &conflict.reason {
        Reason::NoWheel => (NONE, without_wheel(conflict, why, target), fallback_help(conflict)),
        Reason::Unknown => (
            UNKNOWN,
            format!("no package index that uv uses has `{name}`{by}"),
            "correct the name, or add the index that has it".to_owned(),
        ),
        Reason::Conflict(wanted) => (
            CONFLICT,
            format!("no version of `{name}` satisfies all requirements: {}", wanted.join(", and ")),
            "loosen one of the two".to_owned(),
        ),
        Reason::Version(available) => (
            VERSION,
            format!(
                "no version of `{name}` satisfies `{}`{by}{}",
                conflict.chain.last().unwrap_or(name),
                available_versions(available)
            ),
            "require a version that exists".to_owned(),
        ),
        Reason::Python(needs) => (
            PYTHON,
            format!(
                "`{name}` needs Python{needs}, and the Worker runs {}{by}{}",
                target.python_full,
                other_releases(conflict)
            ),
            "require something that supports the Worker's Python".to_owned(),
        ),
        Reason::Build => (
            BUILD,
            format!(
                "`{name}` must be built before its requirements can be read, and pywrangler builds nothing by default"
            ),
            "set `[tool.pywrangler] allow-build = true`, or write its version and dependencies as static metadata"
                .to_owned(),
        ),
    };
    let works = why.alternatives.first().map(|first| format!("write {}: {}", first.write, first.gives));
    let help = match (unimported(conflict, why), works, &why.too_far) {
        (Some(heads), works, _) => {
            let or = works.map_or_else(String::new, |works| format!(", or {works}"));
            format!("move {heads} out of the runtime requirements (`saddlebag init`){or}")
        }
        (None, Some(works), _) => works,
        (None, None, Some(far)) => format!("require something else: nothing near what is required works, only {far}"),
        (None, None, None) => help,
    };
    Finding::new(Severity::Deny, code, name.as_str(), conflict.location.clone(), message, help)
}

/// The project's requirements that bring the package in, if nothing imports any of them.
fn unimported(conflict: &Conflict, why: &Unresolved) -> Option<String> {
    let unused = unused::unused(why);
    let all = conflict.reason == Reason::NoWheel && !conflict.heads.is_empty() && conflict.heads.is_subset(&unused);
    all.then(|| conflict.heads.iter().map(|head| format!("`{head}`")).collect::<Vec<_>>().join(" and "))
}

/// `` `sphinx` needs `jinja2`, which needs `markupsafe`, which has no wheel for Python 3.14 on Workers ``.
fn without_wheel(conflict: &Conflict, why: &Unresolved, target: &Target) -> String {
    let alone = conflict.chain.len() < 2;
    let mut who = if alone { format!("`{}`", conflict.name) } else { chain_in_words(&conflict.chain) };
    let others = conflict.usable.is_some() || conflict.outdated.is_some();
    // Another version has a wheel, so name the version that has none.
    match (&conflict.wanted, conflict.chain.last()) {
        (Some(version), _) if others => who = format!("{who} {version}"),
        (None, Some(last)) if alone && last.len() > conflict.name.len() => who = format!("`{last}`"),
        (Some(_) | None, _) => {}
    }
    let whose = if alone { "" } else { ", which" };
    let (who, whose) = match unimported(conflict, why) {
        None => (who, whose),
        Some(_) if conflict.heads.len() == 1 => {
            (format!("nothing imports {}", who.replacen(" needs ", ", which needs ", 1)), ", which")
        }
        Some(heads) => (format!("nothing imports {heads}, and {who}"), whose),
    };
    // It has wheels, but the other requirements exclude those versions.
    let fits =
        if conflict.wanted.is_none() && conflict.has_a_wheel() { " in a version that fits the others" } else { "" };
    format!(
        "{who}{whose} has no wheel for Python {} on Workers{fits}: {}{}",
        target.python,
        accepted_tags(target),
        other_releases(conflict)
    )
}

/// The help for a package without a wheel for which no alternative was found.
fn fallback_help(conflict: &Conflict) -> String {
    let name = &conflict.name;
    match (&conflict.usable, &conflict.newest, conflict.head().filter(|head| head != name)) {
        (Some((version, _)), _, Some(head)) => {
            format!("require a release of `{head}` that takes `{name}` {version}, or something else")
        }
        (Some((version, _)), _, None) => format!("require `{name}` {version}, and loosen what keeps it out"),
        (None, None, _) => {
            "require something else, or, if it is pure Python, build it: `[tool.pywrangler] allow-build = true`"
                .to_owned()
        }
        (None, Some(_), _) => "require something else, or ask its maintainers for a wheel of that platform".to_owned(),
    }
}

/// The wheels that the target accepts.
fn accepted_tags(target: &Target) -> String {
    let platforms: Vec<String> = target.wheel_platforms.iter().map(|tag| format!("`{tag}`")).collect();
    let python = target.python.replace('.', "");
    format!("it takes pure Python, or `cp{python}` and `abi3` for {}", platforms.join(" or "))
}

/// Which releases have a wheel, and what the wheels of the newest are for. No release gets both.
fn other_releases(conflict: &Conflict) -> String {
    let of = |day: &Option<String>| day.as_ref().map_or_else(String::new, |day| format!(" of {day}"));
    let wheels = |tags: &String| if tags.as_str() == "source only" { tags.clone() } else { format!("for {tags}") };
    match (&conflict.newest, &conflict.usable, &conflict.outdated) {
        (_, Some((version, day)), _) if conflict.has_a_wheel() => {
            format!("; {version}{}, the newest, has one", of(day))
        }
        (Some((newest, tags)), Some((version, day)), _) => {
            format!("; {version}{} has one, and {newest}, the newest, is {}", of(day), wheels(tags))
        }
        (None, Some((version, day)), _) => format!("; {version}{} has one", of(day)),
        (Some((newest, tags)), None, outdated) => {
            let since =
                outdated.as_ref().map(|(version, day)| format!("nothing newer than {version}{} has one", of(day)));
            let since = since.unwrap_or_else(|| "no release has one".to_owned());
            format!("; {newest}, the newest, is {}; {since}", wheels(tags))
        }
        (None, None, _) => conflict
            .seen
            .as_ref()
            .map_or_else(String::new, |(version, tags)| format!("; {version} is {}", wheels(tags))),
    }
}

fn available_versions(available: &[String]) -> String {
    match available {
        [] => String::new(),
        [only] => format!("; the only version is {only}"),
        [.., last] => format!("; the newest is {last}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn conflict(newest: Option<&str>, usable: Option<&str>, outdated: Option<&str>) -> Conflict {
        let release = |version: &str| (version.to_owned(), Some("2026-11-19".to_owned()));
        Conflict {
            reason: Reason::NoWheel,
            name: "core".into(),
            chain: vec!["app".into(), "core".into()],
            heads: ["app".to_owned()].into(),
            wanted: Some("2.0".into()),
            location: Location::new(LocationKind::Package, "core"),
            newest: newest.map(|version| (version.to_owned(), "cp314 on win".to_owned())),
            seen: Some(("2.0".into(), "cp312 on win".into())),
            usable: usable.map(release),
            outdated: outdated.map(release),
        }
    }

    #[test]
    fn a_release_has_a_wheel_or_is_for_something_else_and_never_both() {
        insta::assert_snapshot!([
            other_releases(&conflict(Some("3.1"), Some("3.1"), None)),
            other_releases(&conflict(Some("3.1"), Some("2.5"), None)),
            other_releases(&conflict(None, Some("2.5"), None)),
            other_releases(&conflict(Some("3.1"), None, Some("0.1"))),
            other_releases(&conflict(Some("3.1"), None, None)),
            other_releases(&conflict(None, None, None)),
        ].join("\n"), @"
        ; 3.1 of 2026-11-19, the newest, has one
        ; 2.5 of 2026-11-19 has one, and 3.1, the newest, is for cp314 on win
        ; 2.5 of 2026-11-19 has one
        ; 3.1, the newest, is for cp314 on win; nothing newer than 0.1 of 2026-11-19 has one
        ; 3.1, the newest, is for cp314 on win; no release has one
        ; 2.0 is for cp312 on win
        ");
    }

    #[test]
    fn the_help_never_gives_up_on_what_has_a_wheel() {
        let help = |newest, usable| fallback_help(&conflict(newest, usable, None));
        assert_eq!(
            help(Some("3.1"), Some("3.1")),
            "require a release of `app` that takes `core` 3.1, or something else"
        );
        assert!(help(Some("3.1"), None).contains("ask its maintainers"));
        assert!(help(None, None).contains("allow-build"));
    }
}
