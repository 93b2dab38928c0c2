//! Finds alternatives to requirements that do not resolve, smallest change first.
//!
//! Every suggestion was resolved by uv within the time limit. Outdated releases are not suggested.

use super::ask::{Answer, Uv, Wheels, read_lock};
use super::pinned::Pinned;
use super::requirement_text::{parts, spaced};
use super::unrestricted::Unrestricted;
use super::{Conflict, Reason, downgrade};
use crate::error::Result;
use crate::process;
use crate::project::Target;
use crate::project::target::{self, Known};
use crate::python::distribution::leading_name;
use crate::python::normalize;
use crate::resolve::workspace::{self, Plan};
use crate::tools::Toolchain;
use pep508_rs::pep440_rs::{Operator, VersionSpecifier, VersionSpecifiers};
use std::collections::BTreeSet;

/// An alternative that resolves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Alternative {
    /// What to change: a requirement, or `compatibility_date`.
    pub(crate) subject: String,
    /// What to write.
    pub(crate) write: String,
    /// What it resolves to.
    pub(crate) gives: String,
}

/// A change to try.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Trial {
    /// These direct requirements, by name, without their upper bounds.
    Newer(Vec<String>),
    /// The same, without their lower bounds.
    Older(Vec<String>),
    /// A requirement without one of its extras: the text of either.
    WithoutExtra { from: String, to: String },
    /// Another Python, through another compatibility date.
    Elsewhere(Known),
}

/// The outcome of a trial.
#[derive(Debug)]
pub(super) enum Tried {
    Works(Alternative),
    /// It resolves, but too far from the requirement: `pydantic 1.10.27, of 2026-01-02`.
    TooFar(String),
    Fails,
    /// Time ran out.
    Not,
}

/// The changes to try for these conflicts, smallest first.
pub(super) fn trials(conflicts: &[Conflict], requirements: &[String], target: &Target) -> Vec<Trial> {
    let nearest: BTreeSet<&str> = conflicts.iter().filter_map(Conflict::head).collect();
    // A pinned package is often next to a pin of its dependency.
    let all: BTreeSet<&str> = nearest
        .iter()
        .copied()
        .chain(conflicts.iter().flat_map(|conflict| conflict.heads.iter().map(String::as_str)))
        .collect();
    let of = |heads: &BTreeSet<&str>, loosen: fn(&str) -> Option<String>| -> Vec<String> {
        let concerned = requirements.iter().filter(|text| heads.contains(name_of(text).as_str()));
        concerned.filter(|text| loosen(text).as_ref() != Some(*text)).map(|text| name_of(text)).collect()
    };
    let mut trials = Vec::new();
    for heads in [&nearest, &all] {
        let bounded = Trial::Newer(of(heads, without_upper));
        if bounded != Trial::Newer(Vec::new()) && !trials.contains(&bounded) {
            trials.push(bounded);
        }
    }
    let bounded = of(&nearest, without_lower);
    if !bounded.is_empty() {
        trials.push(Trial::Older(bounded));
    }
    for text in requirements.iter().filter(|text| nearest.contains(name_of(text).as_str())) {
        for extra in extras(text) {
            let to = without(text, extra);
            trials.push(Trial::WithoutExtra { from: text.clone(), to });
        }
    }
    // A Python chosen by compatibility flag would have to be removed first.
    let depends_on_python =
        conflicts.iter().any(|conflict| matches!(conflict.reason, Reason::NoWheel | Reason::Python(_)));
    let chosen = target.compatibility_flags.iter().any(|flag| flag.contains("python_workers_"));
    if depends_on_python && !chosen {
        let others = target::known().unwrap_or_default().into_iter().rev();
        trials.extend(others.filter(|known| known.python != target.python).map(Trial::Elsewhere));
    }
    trials
}

/// Selects the trials to show: the first that give newer releases, or older ones if none does.
pub(super) fn chosen(tried: Vec<(Trial, Tried)>) -> Vec<Alternative> {
    let mut newer = false;
    let mut chosen = Vec::new();
    for (trial, tried) in tried {
        let Tried::Works(alternative) = tried else { continue };
        match trial {
            Trial::Newer(_) | Trial::Older(_) if newer => continue,
            Trial::Newer(_) => newer = true,
            Trial::Older(_) | Trial::WithoutExtra { .. } | Trial::Elsewhere(_) => {}
        }
        chosen.push(alternative);
    }
    chosen
}

/// State for trials.
#[derive(Debug, Clone, Copy)]
pub(super) struct Case<'a> {
    pub(super) uv: &'a Uv,
    pub(super) plan: &'a Plan,
    pub(super) toolchain: &'a Toolchain,
    /// Names of the direct requirements.
    pub(super) direct: &'a BTreeSet<String>,
    /// What the requirements resolve to if missing wheels are ignored.
    pub(super) wanted: Option<&'a Unrestricted>,
}

/// Tries one change.
///
/// # Errors
/// `ErrorKind::Interrupted`, and what keeps the tools from being started.
pub(super) fn attempt(trial: &Trial, case: Case<'_>) -> Result<Tried> {
    if case.uv.time_is_over() {
        return Ok(Tried::Not);
    }
    let tried = match trial {
        Trial::Newer(names) => case.loosened(names, without_upper, "a newer release")?,
        Trial::Older(names) => case.loosened(names, without_lower, "an older release")?,
        Trial::WithoutExtra { from, to } => case.without_extra(from, to)?,
        Trial::Elsewhere(known) => {
            elsewhere(known, case.uv, case.plan, case.direct, case.toolchain)?.map_or(Tried::Fails, Tried::Works)
        }
    };
    let unsure = matches!(tried, Tried::Fails) && case.uv.time_is_over();
    Ok(if unsure { Tried::Not } else { tried })
}

impl Case<'_> {
    fn loosened(self, names: &[String], loosen: fn(&str) -> Option<String>, what: &str) -> Result<Tried> {
        let requirements = self.uv.requirements();
        let is_meant = |text: &&String| names.contains(&name_of(text));
        let change = |text: &String| if is_meant(&text) { loosen(text) } else { None }.unwrap_or_else(|| text.clone());
        let changed: Vec<String> = requirements.iter().map(change).collect();
        let Some(lock) = resolved(self.uv, &changed, self.direct)? else { return Ok(Tried::Fails) };
        let found = |text: &String| lock.iter().find(|pinned| pinned.name == name_of(text));
        // A requirement that already gets what it asks for can stay as written.
        let changes: Vec<(&String, &Pinned)> = requirements
            .iter()
            .filter(is_meant)
            .filter_map(|text| found(text).filter(|pinned| !allows(text, &pinned.version)).map(|pinned| (text, pinned)))
            .collect();
        let far = changes.iter().find(|(text, pinned)| self.is_far(text, pinned));
        if let Some((_, pinned)) = far {
            let day = pinned.uploaded.as_ref().map_or_else(String::new, |day| format!(", of {day}"));
            return Ok(Tried::TooFar(format!("`{}` {}{day}", pinned.name, pinned.version)));
        }
        let writes: Vec<String> =
            changes.iter().filter_map(|(text, pinned)| rewritten(text, &pinned.version)).collect();
        if writes.is_empty() {
            return Ok(Tried::Fails);
        }
        let days: BTreeSet<&str> = changes.iter().filter_map(|(_, pinned)| pinned.uploaded.as_deref()).collect();
        let days: Vec<&str> = days.into_iter().collect();
        let of = if days.is_empty() { String::new() } else { format!(", of {}", days.join(" and ")) };
        let subjects: Vec<&str> = changes.iter().map(|(_, pinned)| pinned.name.as_str()).collect();
        Ok(Tried::Works(Alternative {
            subject: subjects.join(" "),
            write: format!("`{}`", writes.join("` and `")),
            gives: format!("{what}{of}"),
        }))
    }

    /// Whether a release is too far from the requirement: a major version lower, or much older.
    fn is_far(self, text: &str, pinned: &Pinned) -> bool {
        let wanted = self.wanted.and_then(|wanted| wanted.packages.get(&pinned.name));
        match wanted {
            Some(wanted) => downgrade::is_far_below(pinned, wanted),
            None => lowest(text).is_some_and(|lowest| downgrade::is_major_below(&pinned.version, &lowest)),
        }
    }

    fn without_extra(self, from: &str, to: &str) -> Result<Tried> {
        let requirements = self.uv.requirements();
        let changed: Vec<String> =
            requirements.iter().map(|text| if text == from { to.to_owned() } else { text.clone() }).collect();
        let Some(lock) = resolved(self.uv, &changed, self.direct)? else { return Ok(Tried::Fails) };
        let version = lock.iter().find(|pinned| pinned.name == name_of(to)).map(|pinned| pinned.version.clone());
        Ok(Tried::Works(Alternative {
            subject: name_of(to),
            write: format!("`{to}` instead of `{from}`"),
            gives: format!("{} {} without that extra", name_of(to), version.unwrap_or_default()),
        }))
    }
}

/// A requirement pinned to the resolved version.
fn rewritten(text: &str, version: &str) -> Option<String> {
    let (name, extras, _, marker) = parts(text)?;
    Some(format!("{name}{extras}=={version}{}", spaced(marker)))
}

/// Whether a requirement allows this version.
fn allows(text: &str, version: &str) -> bool {
    let specifiers = parts(text).and_then(|(_, _, versions, _)| versions.parse::<VersionSpecifiers>().ok());
    specifiers.zip(version.parse().ok()).is_some_and(|(specifiers, version)| specifiers.contains(&version))
}

/// The version that a requirement pins, or its lower bound.
fn lowest(text: &str) -> Option<String> {
    let specifiers: VersionSpecifiers = parts(text)?.2.parse().ok()?;
    let begins = |specifier: &&VersionSpecifier| {
        !matches!(
            specifier.operator(),
            Operator::LessThan | Operator::LessThanEqual | Operator::NotEqual | Operator::NotEqualStar
        )
    };
    specifiers.iter().find(begins).map(|specifier| specifier.version().to_string())
}

/// uv's answer, without outdated releases.
fn resolved(uv: &Uv, requirements: &[String], direct: &BTreeSet<String>) -> Result<Option<Vec<Pinned>>> {
    let Answer::Resolved(lock) = uv.resolve(requirements, Wheels::Target)? else { return Ok(None) };
    // Not suggested if it cannot be checked.
    let falls = downgrade::find(uv, &lock, requirements, direct)?;
    Ok(falls.is_some_and(|falls| falls.is_empty()).then_some(lock))
}

/// A whole sync in its own workspace: only pywrangler knows the interpreter and index for another Python.
fn elsewhere(
    known: &Known,
    uv: &Uv,
    plan: &Plan,
    direct: &BTreeSet<String>,
    toolchain: &Toolchain,
) -> Result<Option<Alternative>> {
    let Ok(scratch) = tempfile::tempdir() else { return Ok(None) };
    let directory = crate::error::utf8(scratch.path())?.join("workspace");
    if workspace::write(&directory, &plan.elsewhere(&known.python, &known.flag)).is_err() {
        return Ok(None);
    }
    let mut argv = toolchain.pywrangler.program.argv.clone();
    argv.push("sync".into());
    let environment = super::super::python_support::sync_environment(toolchain);
    let (ended, output) = process::listen_until(&argv, &directory, &environment, Some(uv.until()), |_| {})?;
    let made_for = super::super::python_support::python_of(&directory);
    if !ended.success() || made_for.is_none_or(|python| !python.starts_with(&format!("{}.", known.python))) {
        return Ok(None);
    }
    let Some(lock) = read_lock(&directory.join("pylock.toml")) else { return Ok(None) };
    let Some(there) = Uv::of(&output, plan, toolchain, uv.until()) else { return Ok(None) };
    let falls = downgrade::find(&there, &lock, &uv.requirements(), direct)?;
    Ok(falls.is_some_and(|falls| falls.is_empty()).then(|| Alternative {
        subject: "compatibility_date".to_owned(),
        write: format!("`compatibility_date = \"{}\"`", known.compatibility_date),
        gives: format!("Python {}, where everything resolves", known.python),
    }))
}

fn name_of(text: &str) -> String {
    normalize(leading_name(text))
}

/// The requirement without lower bounds; upper bounds stay. `None` if it has no versions, such as a URL.
fn without_lower(text: &str) -> Option<String> {
    loosened(text, |specifier| match specifier.operator() {
        Operator::LessThan | Operator::LessThanEqual | Operator::NotEqual | Operator::NotEqualStar => {
            Some(specifier.to_string())
        }
        Operator::Equal | Operator::ExactEqual => Some(format!("<{}", specifier.version())),
        _ => None,
    })
}

/// The requirement without upper bounds; lower bounds stay.
fn without_upper(text: &str) -> Option<String> {
    loosened(text, |specifier| match specifier.operator() {
        Operator::LessThan | Operator::LessThanEqual => None,
        Operator::Equal | Operator::EqualStar | Operator::ExactEqual | Operator::TildeEqual => {
            Some(format!(">={}", specifier.version()))
        }
        _ => Some(specifier.to_string()),
    })
}

fn loosened(text: &str, keep: fn(&VersionSpecifier) -> Option<String>) -> Option<String> {
    let (name, extras, versions, marker) = parts(text)?;
    let specifiers: VersionSpecifiers = versions.parse().ok()?;
    let kept: Vec<String> = specifiers.iter().filter_map(keep).collect();
    // Returned as written if nothing changes, so that callers can compare.
    let same = kept.len() == specifiers.len() && specifiers.iter().zip(&kept).all(|(was, is)| was.to_string() == *is);
    Some(if same { text.to_owned() } else { format!("{name}{extras}{}{}", kept.join(","), spaced(marker)) })
}

fn extras(text: &str) -> Vec<&str> {
    let Some((_, extras, _, _)) = parts(text) else { return Vec::new() };
    extras.trim_matches(['[', ']']).split(',').map(str::trim).filter(|extra| !extra.is_empty()).collect()
}

fn without(text: &str, extra: &str) -> String {
    let Some((name, _, versions, marker)) = parts(text) else { return text.to_owned() };
    let left: Vec<&str> = extras(text).into_iter().filter(|other| *other != extra).collect();
    let left = if left.is_empty() { String::new() } else { format!("[{}]", left.join(",")) };
    format!("{name}{left}{versions}{}", spaced(marker))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lower_bound_goes_and_an_upper_stays() {
        for (from, to) in [
            ("a>=1.77.0", "a"),
            ("a[x] >=1,<2,!=1.5 ; python_version > '3'", "a[x]!=1.5,<2 ; python_version > '3'"),
            ("a==2.1", "a<2.1"),
            ("a~=1.4", "a"),
            ("a", "a"),
            ("a<3", "a<3"),
        ] {
            assert_eq!(without_lower(from).as_deref(), Some(to), "{from}");
        }
        assert_eq!(without_lower("a @ file:///x"), None);
    }

    #[test]
    fn an_upper_bound_goes_and_a_lower_stays() {
        for (from, to) in [
            ("a==2.9.2", "a>=2.9.2"),
            ("a[x]==2.* ; python_version > '3'", "a[x]>=2 ; python_version > '3'"),
            ("a>=1,<2,!=1.5", "a>=1,!=1.5"),
            ("a~=1.4", "a>=1.4"),
            ("a", "a"),
            ("a >= 3", "a >= 3"),
        ] {
            assert_eq!(without_upper(from).as_deref(), Some(to), "{from}");
        }
        assert_eq!(without_upper("a @ file:///x"), None);
    }

    #[test]
    fn a_version_is_written_as_a_pin_with_extras_and_marker() {
        assert_eq!(rewritten("a[x]==1 ; os_name == 'x'", "2").as_deref(), Some("a[x]==2 ; os_name == 'x'"));
        assert_eq!(rewritten("a>=1", "0.9").as_deref(), Some("a==0.9"));
        assert!(allows("a>=1,<2", "1.5") && !allows("a==1.0", "1.5") && allows("a", "7"));
        assert_eq!(lowest("a<2,>=1.4").as_deref(), Some("1.4"));
        assert_eq!(lowest("a<2"), None);
    }

    #[test]
    fn an_older_release_is_shown_only_where_no_newer_one_works() {
        let works =
            |write: &str| Tried::Works(Alternative { subject: "a".into(), write: write.into(), gives: String::new() });
        let trials = |first: Tried| {
            let trials = vec![
                (Trial::Newer(vec!["a".into()]), first),
                (Trial::Newer(vec!["a".into(), "b".into()]), works("both")),
                (Trial::Older(vec!["a".into()]), works("older")),
                (Trial::WithoutExtra { from: "a[x]".into(), to: "a".into() }, works("extra")),
            ];
            chosen(trials).into_iter().map(|one| one.write).collect::<Vec<_>>()
        };
        assert_eq!(trials(works("newer")), ["newer", "extra"]);
        assert_eq!(trials(Tried::Fails), ["both", "extra"]);
        let only_older = vec![(Trial::Older(vec!["a".into()]), works("older"))];
        assert_eq!(chosen(only_older).len(), 1);
    }

    #[test]
    fn an_extra_goes_and_the_others_stay() {
        assert_eq!(extras("My.Pack[a, b]>=1"), ["a", "b"]);
        assert_eq!(without("My.Pack[a, b]>=1", "a"), "My.Pack[b]>=1");
        assert_eq!(without("p[a]; os_name == 'x'", "a"), "p ; os_name == 'x'");
        assert_eq!(name_of("My.Pack[a]>=1"), "my-pack");
    }
}
