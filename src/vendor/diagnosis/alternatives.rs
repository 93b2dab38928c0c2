//! What would work instead: every suggestion was resolved by uv before it is made.
//!
//! Receives the culprits and uv; hands on what resolved, in the order of least change. Must never suggest what was not
//! tried or what is ancient, and never run over its time.

use super::ask::{Answer, Pinned, Uv, Wheels, read_lock};
use super::{Culprit, Reason, fall};
use crate::error::Result;
use crate::project::target::{self, Known};
use crate::project::{Project, Target};
use crate::python::distribution::leading_name;
use crate::python::normalize;
use crate::tool;
use crate::toolchain::Toolchain;
use crate::vendor::workspace::{self, Plan};
use pep508_rs::pep440_rs::{Operator, VersionSpecifiers};
use std::collections::BTreeSet;

/// Something that resolves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Alternative {
    /// What it is about: a requirement, or `compatibility_date`.
    pub(crate) subject: String,
    /// What to write.
    pub(crate) write: String,
    /// What it gives.
    pub(crate) gives: String,
}

/// What to try.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Trial {
    /// The direct requirements behind the culprits, by name, without their lower bounds.
    Older(Vec<String>),
    /// A requirement without one of its extras: the text of either.
    WithoutExtra { from: String, to: String },
    /// Another Python, by another date.
    Elsewhere(Known),
}

/// What the case lets be tried, least change first.
pub(super) fn trials(culprits: &[Culprit], requirements: &[String], target: &Target) -> Vec<Trial> {
    let heads: BTreeSet<&str> = culprits.iter().filter_map(Culprit::head).collect();
    let concerned: Vec<&String> = requirements.iter().filter(|text| heads.contains(name_of(text).as_str())).collect();
    let mut trials = Vec::new();
    let bounded: Vec<String> =
        concerned.iter().filter(|text| relaxed(text).as_ref() != Some(**text)).map(|text| name_of(text)).collect();
    if !bounded.is_empty() {
        trials.push(Trial::Older(bounded));
    }
    for text in &concerned {
        for extra in extras(text) {
            let to = without(text, extra);
            trials.push(Trial::WithoutExtra { from: (*text).clone(), to });
        }
    }
    // Who has chosen a Python by its flag would have to take that back first.
    let depends_on_python =
        culprits.iter().any(|culprit| matches!(culprit.reason, Reason::NoWheel | Reason::Python(_)));
    let chosen = target.compatibility_flags.iter().any(|flag| flag.contains("python_workers_"));
    if depends_on_python && !chosen {
        let others = target::known().unwrap_or_default().into_iter().rev();
        trials.extend(others.filter(|known| known.python != target.python).map(Trial::Elsewhere));
    }
    trials
}

/// Tries one. `None`: it does not resolve, or only to what is ancient, or the time is over.
///
/// # Errors
/// `Kind::Interrupted`, and what keeps the tools from being started.
pub(super) fn attempt(
    trial: &Trial,
    uv: &Uv,
    plan: &Plan,
    project: &Project,
    toolchain: &Toolchain,
) -> Result<Option<Alternative>> {
    let requirements = uv.requirements();
    let direct: BTreeSet<String> = project.requirements.entries.iter().filter_map(|entry| entry.name.clone()).collect();
    match trial {
        Trial::Older(names) => {
            let changed: Vec<String> = requirements
                .iter()
                .map(|text| {
                    if names.contains(&name_of(text)) {
                        relaxed(text).unwrap_or_else(|| text.clone())
                    } else {
                        text.clone()
                    }
                })
                .collect();
            let Some(lock) = resolved(uv, &changed, &direct)? else { return Ok(None) };
            let pin = |text: &String| {
                let pinned = lock.iter().find(|pinned| pinned.name == name_of(text))?;
                let (name, extras, _, marker) = parts(text)?;
                Some(format!("{name}{extras}=={}{}", pinned.version, spaced(marker)))
            };
            let pins: Vec<String> =
                requirements.iter().filter(|text| names.contains(&name_of(text))).filter_map(pin).collect();
            let day = |name: &String| {
                lock.iter().find(|pinned| pinned.name == *name).and_then(|pinned| pinned.uploaded.clone())
            };
            let days: Vec<String> = names.iter().filter_map(day).collect();
            let of = if days.is_empty() { String::new() } else { format!(", of {}", days.join(" and ")) };
            Ok(Some(Alternative {
                subject: names.join(" "),
                write: format!("`{}`", pins.join("` and `")),
                gives: format!("an older release{of}"),
            }))
        }
        Trial::WithoutExtra { from, to } => {
            let changed: Vec<String> =
                requirements.iter().map(|text| if text == from { to.clone() } else { text.clone() }).collect();
            let lock = resolved(uv, &changed, &direct)?;
            Ok(lock.map(|lock| {
                let version =
                    lock.iter().find(|pinned| pinned.name == name_of(to)).map(|pinned| pinned.version.clone());
                Alternative {
                    subject: name_of(to),
                    write: format!("`{to}` instead of `{from}`"),
                    gives: format!("{} {} without that extra", name_of(to), version.unwrap_or_default()),
                }
            }))
        }
        Trial::Elsewhere(known) => elsewhere(known, uv, plan, &direct, toolchain),
    }
}

/// uv's answer, less what is ancient.
fn resolved(uv: &Uv, requirements: &[String], direct: &BTreeSet<String>) -> Result<Option<Vec<Pinned>>> {
    let Answer::Resolved(lock) = uv.resolve(requirements, Wheels::Target)? else { return Ok(None) };
    // What cannot be judged is not offered either.
    let falls = fall::judge(uv, &lock, requirements, direct)?;
    Ok(falls.is_some_and(|falls| falls.is_empty()).then_some(lock))
}

/// A whole sync in a workspace of its own: only pywrangler knows its interpreter and index for another Python.
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
    let environment = super::super::sync::sync_environment(toolchain);
    let (ended, output) = tool::listen_until(&argv, &directory, &environment, Some(uv.until()), |_| {})?;
    let made_for = super::super::sync::python_of(&directory);
    if !ended.success() || made_for.is_none_or(|python| !python.starts_with(&format!("{}.", known.python))) {
        return Ok(None);
    }
    let Some(lock) = read_lock(&directory.join("pylock.toml")) else { return Ok(None) };
    let Some(there) = Uv::of(&output, plan, toolchain, uv.until()) else { return Ok(None) };
    let falls = fall::judge(&there, &lock, &uv.requirements(), direct)?;
    Ok(falls.is_some_and(|falls| falls.is_empty()).then(|| Alternative {
        subject: "compatibility_date".to_owned(),
        write: format!("`compatibility_date = \"{}\"`", known.compatibility_date),
        gives: format!("Python {}, where everything resolves", known.python),
    }))
}

fn name_of(text: &str) -> String {
    normalize(leading_name(text))
}

/// A requirement in its parts: name, extras with their brackets, versions, marker with its `;`.
fn parts(text: &str) -> Option<(&str, &str, &str, &str)> {
    let (head, marker) = text.find(';').map_or((text, ""), |at| (&text[..at], &text[at..]));
    let name_end = leading_name(head).len();
    let extras_end = head.find(']').map_or(name_end, |at| at + 1);
    let versions = head[extras_end..].trim().trim_start_matches('(').trim_end_matches(')');
    (!versions.starts_with('@')).then_some((&head[..name_end], head[name_end..extras_end].trim(), versions, marker))
}

/// Without lower bounds: what keeps newer ones out stays. `None` for what has no versions, such as an URL.
fn relaxed(text: &str) -> Option<String> {
    let (name, extras, versions, marker) = parts(text)?;
    let specifiers: VersionSpecifiers = versions.parse().ok()?;
    let kept: Vec<String> = specifiers
        .iter()
        .filter_map(|specifier| match specifier.operator() {
            Operator::LessThan | Operator::LessThanEqual | Operator::NotEqual | Operator::NotEqualStar => {
                Some(specifier.to_string())
            }
            Operator::Equal | Operator::ExactEqual => Some(format!("<{}", specifier.version())),
            _ => None,
        })
        .collect();
    let relaxed = format!("{name}{extras}{}{}", kept.join(","), spaced(marker));
    Some(if specifiers.is_empty() { text.to_owned() } else { relaxed })
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

fn spaced(marker: &str) -> String {
    if marker.is_empty() { String::new() } else { format!(" {marker}") }
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
            assert_eq!(relaxed(from).as_deref(), Some(to), "{from}");
        }
        assert_eq!(relaxed("a @ file:///x"), None);
    }

    #[test]
    fn an_extra_goes_and_the_others_stay() {
        assert_eq!(extras("My.Pack[a, b]>=1"), ["a", "b"]);
        assert_eq!(without("My.Pack[a, b]>=1", "a"), "My.Pack[b]>=1");
        assert_eq!(without("p[a]; os_name == 'x'", "a"), "p ; os_name == 'x'");
        assert_eq!(name_of("My.Pack[a]>=1"), "my-pack");
    }
}
