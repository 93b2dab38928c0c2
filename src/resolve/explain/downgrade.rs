//! Detects silent downgrades: a resolution that succeeds with an outdated release, because newer ones have no usable
//! wheel.
//!
//! Compares the target's resolution with that of the same requirements on an ordinary server. Pins and constraints
//! apply to both, so they are not reported. If uv cannot resolve for the server, nothing is reported.

use super::ask::{Answer, Uv, Wheels};
use super::pinned::Pinned;
use super::resolver_message::{self, Spec};
use super::unrestricted::Graph;
use crate::error::Result;
use crate::resolve::downgrade::Downgrade;
use pep508_rs::pep440_rs::Version;
use std::collections::BTreeSet;

/// A release is outdated if a newer one that the same requirements allow came this many days later.
const ANCIENT_DAYS: i32 = 365;
/// Major versions from here on are years (CalVer) and do not indicate breaking changes.
const CALENDAR: u64 = 1990;

/// How many downgrades are investigated; direct requirements come first.
const ASKED_ABOUT: usize = 4;

/// The downgrades and their causes. `None` if uv could not resolve.
///
/// # Errors
/// As `Uv::resolve`.
pub(super) fn find(
    uv: &Uv,
    lock: &[Pinned],
    requirements: &[String],
    direct: &BTreeSet<String>,
) -> Result<Option<Vec<Downgrade>>> {
    let Answer::Resolved(elsewhere) = uv.resolve(requirements, Wheels::Linux)? else { return Ok(None) };
    investigate(uv, fallen(lock, &elsewhere, direct), requirements, direct, &elsewhere)
}

/// The same for a resolution that used a lock. An old lock is behind on every platform, so only packages that are also
/// downgraded without it are reported.
///
/// # Errors
/// As `Uv::resolve`.
pub(super) fn find_locked(
    uv: &Uv,
    lock: &[Pinned],
    requirements: &[String],
    direct: &BTreeSet<String>,
) -> Result<Option<Vec<Downgrade>>> {
    let Answer::Resolved(elsewhere) = uv.resolve(requirements, Wheels::Linux)? else { return Ok(None) };
    let mut downgrades = fallen(lock, &elsewhere, direct);
    if downgrades.is_empty() {
        return Ok(Some(downgrades));
    }
    let Answer::Resolved(unlocked) = uv.resolve(requirements, Wheels::Target)? else { return Ok(None) };
    let falls_anyway = fallen(&unlocked, &elsewhere, direct);
    downgrades.retain(|downgrade_found| falls_anyway.iter().any(|other| other.name == downgrade_found.name));
    investigate(uv, downgrades, requirements, direct, &elsewhere)
}

/// Drops downgrades that no missing wheel explains, and adds the cause to the others.
fn investigate(
    uv: &Uv,
    mut downgrades: Vec<Downgrade>,
    requirements: &[String],
    direct: &BTreeSet<String>,
    elsewhere: &[Pinned],
) -> Result<Option<Vec<Downgrade>>> {
    downgrades.sort_by_key(|downgrade_found| !direct.contains(&downgrade_found.name));
    let graph = if downgrades.is_empty() { None } else { uv.graph(requirements)? };
    let context = Context { uv, requirements, elsewhere, graph: graph.as_ref() };
    let mut judged = Vec::new();
    for downgrade_found in downgrades.iter().take(ASKED_ABOUT) {
        match context.insist(downgrade_found)? {
            Insisting::Fails(conflict) => judged.push(Downgrade { conflict, ..downgrade_found.clone() }),
            Insisting::Works => {} // downgraded because of another package, not because of a missing wheel
            Insisting::TimeIsOver => break,
        }
    }
    // The downgrade is certain, even if there was no time to find the cause.
    if judged.is_empty() && uv.time_is_over() {
        judged = downgrades;
    }
    Ok(Some(judged))
}

/// The outdated ones, and direct requirements that were downgraded with them.
fn fallen(lock: &[Pinned], elsewhere: &[Pinned], direct: &BTreeSet<String>) -> Vec<Downgrade> {
    let mut downgrades = Vec::new();
    for here in lock.iter().filter(|here| !made_for_workers(here)) {
        let Some(there) = elsewhere.iter().find(|there| there.name == here.name) else { continue };
        let (Ok(low), Ok(high)) = (here.version.parse::<Version>(), there.version.parse::<Version>()) else { continue };
        if low < high {
            let outdated = is_outdated(here, there);
            let downgrade_found = Downgrade {
                name: here.name.clone(),
                version: here.version.clone(),
                uploaded: here.uploaded.clone(),
                newest: there.version.clone(),
                newest_uploaded: there.uploaded.clone(),
                conflict: None,
                lift: None,
            };
            downgrades.push((outdated, downgrade_found));
        }
    }
    if !downgrades.iter().any(|(outdated, _)| *outdated) {
        return Vec::new();
    }
    downgrades.retain(|(outdated, downgrade_found)| *outdated || direct.contains(&downgrade_found.name));
    downgrades.into_iter().map(|(_, downgrade_found)| downgrade_found).collect()
}

/// Whether a release is outdated compared to a newer one.
pub(super) fn is_outdated(here: &Pinned, there: &Pinned) -> bool {
    let (Ok(low), Ok(high)) = (here.version.parse::<Version>(), there.version.parse::<Version>()) else { return false };
    low < high && !made_for_workers(here) && (majors_behind(&low, &high) || days_behind(here, there))
}

/// Whether a release is too far behind another to replace it: by a major version, or by a year.
pub(super) fn is_far_below(here: &Pinned, there: &Pinned) -> bool {
    is_below(&here.version, &there.version)
        && (is_major_below(&here.version, &there.version) || days_behind(here, there))
}

/// Whether its major version is lower; years (CalVer) do not count.
pub(super) fn is_major_below(low: &str, high: &str) -> bool {
    low.parse().ok().zip(high.parse().ok()).is_some_and(|(low, high)| majors_behind(&low, &high))
}

fn is_below(low: &str, high: &str) -> bool {
    low.parse::<Version>().ok().zip(high.parse().ok()).is_some_and(|(low, high)| low < high)
}

/// A release built for WebAssembly is what the platform offers, however old.
fn made_for_workers(pinned: &Pinned) -> bool {
    pinned.wheels.iter().any(|wheel| wheel.ends_with("_wasm32.whl"))
}

fn majors_behind(low: &Version, high: &Version) -> bool {
    let first = |version: &Version| version.release().first().copied().unwrap_or_default();
    first(low) < first(high) && first(high) < CALENDAR
}

fn days_behind(here: &Pinned, there: &Pinned) -> bool {
    let day = |pinned: &Pinned| pinned.uploaded.as_deref().and_then(|day| day.parse::<jiff::civil::Date>().ok());
    let (Some(low), Some(high)) = (day(here), day(there)) else { return false };
    low.until(high).is_ok_and(|span| span.get_days() >= ANCIENT_DAYS)
}

enum Insisting {
    /// With what has no wheel.
    Fails(Option<String>),
    Works,
    TimeIsOver,
}

/// State for investigating downgrades.
struct Context<'a> {
    uv: &'a Uv,
    requirements: &'a [String],
    /// What an ordinary server gets, and what requires what there.
    elsewhere: &'a [Pinned],
    graph: Option<&'a Graph>,
}

impl Context<'_> {
    /// uv's message when the newest release is required.
    fn insist(&self, downgrade_found: &Downgrade) -> Result<Insisting> {
        let mut insisting = self.requirements.to_vec();
        insisting.push(format!("{}=={}", downgrade_found.name, downgrade_found.newest));
        Ok(match self.uv.resolve(&insisting, Wheels::Target)? {
            Answer::Resolved(_) => Insisting::Works,
            Answer::TimeIsOver => Insisting::TimeIsOver,
            Answer::Failed(output) => {
                let said = resolver_message::read(&output, super::WORKSPACE).unwrap_or_default();
                Insisting::Fails(conflict(&said.wheelless, downgrade_found, self.elsewhere, self.graph))
            }
        })
    }
}

/// Which of the packages without a wheel prevent a release: the package itself or its requirements, in the version that
/// it would get. uv's message also names old versions of other packages, and packages that require it.
fn conflict(
    wheelless: &[Spec],
    downgrade_found: &Downgrade,
    elsewhere: &[Pinned],
    graph: Option<&Graph>,
) -> Option<String> {
    let is_wanted = |spec: &&Spec| {
        let wanted = elsewhere.iter().find(|there| there.name == spec.name);
        wanted.is_some_and(|wanted| spec.contains(&wanted.version))
    };
    let is_needed = |spec: &&Spec| {
        spec.name == downgrade_found.name || graph.is_some_and(|graph| graph.needs(&downgrade_found.name, &spec.name))
    };
    wheelless.iter().filter(is_wanted).find(is_needed).map(|spec| spec.name.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pinned(name: &str, version: &str, day: &str, tag: &str) -> Pinned {
        Pinned {
            name: name.into(),
            version: version.into(),
            wheels: vec![format!("{name}-{version}-{tag}.whl")],
            uploaded: (!day.is_empty()).then(|| day.to_owned()),
        }
    }

    fn names(here: &[Pinned], there: &[Pinned], direct: &[&str]) -> Vec<String> {
        let direct = direct.iter().map(|name| (*name).to_owned()).collect();
        fallen(here, there, &direct).into_iter().map(|downgrade_found| downgrade_found.name).collect()
    }

    const PURE: &str = "py3-none-any";

    #[test]
    fn what_keeps_a_release_out_is_what_it_requires_in_the_version_it_would_get() {
        let spec = |name: &str, versions: &str| Spec { name: name.into(), versions: versions.into() };
        let downgrade_found = |name: &str| Downgrade {
            name: name.into(),
            version: "15".into(),
            uploaded: None,
            newest: "17".into(),
            newest_uploaded: None,
            conflict: None,
            lift: None,
        };
        let elsewhere = [
            pinned("websockets", "17", "", "x"),
            pinned("google-genai", "2.0", "", PURE),
            pinned("core", "3.0", "", "x"),
        ];
        let graph = Graph::read("websockets==17\n    # via google-genai\ncore==3.0\n    # via websockets\n");
        let of = |wheelless: &[Spec], name: &str| conflict(wheelless, &downgrade_found(name), &elsewhere, Some(&graph));
        // It requires `websockets`, not the other way around.
        assert_eq!(of(&[spec("google-genai", "")], "websockets"), None);
        // Only its old versions have no wheel.
        assert_eq!(of(&[spec("core", "<2"), spec("websockets", "<16")], "websockets"), None);
        assert_eq!(of(&[spec("google-genai", "<1"), spec("core", ">=2")], "websockets").as_deref(), Some("core"));
        assert_eq!(of(&[spec("core", "==3.0")], "google-genai").as_deref(), Some("core"));
        assert_eq!(
            conflict(&[spec("websockets", ">16")], &downgrade_found("websockets"), &elsewhere, None).as_deref(),
            Some("websockets")
        );
    }

    #[test]
    fn a_major_version_or_a_year_below_is_far() {
        let wanted = pinned("x", "2.9.2", "2024-09-17", PURE);
        for (version, day, far) in [
            ("1.10.27", "2026-01-02", true),
            ("2.9.1", "2024-09-09", false),
            ("2.1.0", "2023-07-03", true),
            ("2.14.4", "2026-11-01", false),
            ("2.9.1", "", false),
        ] {
            assert_eq!(is_far_below(&pinned("x", version, day, PURE), &wanted), far, "{version} {day}");
        }
        assert!(is_major_below("1.9", "2.0") && !is_major_below("2025.1", "2026.1") && !is_major_below("3.0", "2.0"));
    }

    #[test]
    fn a_major_or_a_year_behind_is_ancient_and_what_was_asked_for_is_named_with_it() {
        let here = [pinned("app", "0.125", "2025-12-01", PURE), pinned("data", "1.10", "2025-12-01", PURE)];
        let there = [pinned("app", "0.165", "2026-11-01", "x"), pinned("data", "2.1", "2026-11-01", "x")];
        assert_eq!(names(&here, &there, &["app"]), ["app", "data"]);
        assert_eq!(names(&here, &there, &[]), ["data"]);
        assert_eq!(names(&here[..1], &there, &["app"]), [""; 0], "eleven months and no major");
        let old = [pinned("app", "0.1", "2023-09-01", PURE)];
        assert_eq!(names(&old, &there, &[]), ["app"]);
    }

    #[test]
    fn what_is_the_same_on_both_sides_was_made_for_workers_or_counts_in_years_has_not_fallen() {
        let same = [pinned("data", "1.10", "2019-01-01", PURE)];
        assert_eq!(names(&same, &same, &["data"]), [""; 0]);
        let built = [pinned("numpy", "1.26", "2024-01-01", "cp312-cp312-pyodide_2024_0_wasm32")];
        assert_eq!(names(&built, &[pinned("numpy", "2.4", "2026-01-01", "x")], &["numpy"]), [""; 0]);
        let years = [pinned("certifi", "2025.12.1", "", PURE)];
        assert_eq!(names(&years, &[pinned("certifi", "2026.1.1", "", PURE)], &[]), [""; 0]);
        assert_eq!(names(&[pinned("x", "2.0", "", PURE)], &[pinned("x", "1.0", "", PURE)], &[]), [""; 0]);
    }
}
