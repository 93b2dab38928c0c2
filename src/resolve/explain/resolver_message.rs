//! Parses uv's explanation of a resolution without a solution into statements.
//!
//! Reads the output of a failed `uv pip compile`. Sentences of an unknown form are ignored.

use crate::python;
use pep508_rs::pep440_rs::{Version, VersionSpecifier, VersionSpecifiers};
use regex::Regex;
use std::collections::BTreeSet;
use std::sync::LazyLock;

/// How uv's message starts.
const BEGINS: &str = "No solution found when resolving dependencies";

/// A distribution and a version range: `fastuuid>=0.13.0,<0.14`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Spec {
    /// Normalised, as uv writes it.
    pub(super) name: String,
    /// Empty means all versions.
    pub(super) versions: String,
}

impl Spec {
    fn read(token: &str) -> Option<Self> {
        let token = token.trim_end_matches([',', '.', ';', ')']);
        let end = token.find(['<', '>', '=', '!', '~']).unwrap_or(token.len());
        let name = token[..end].split('[').next().unwrap_or_default();
        let is_name = name.starts_with(|c: char| c.is_ascii_alphanumeric())
            && name.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c));
        is_name.then(|| Self { name: python::normalize(name), versions: token[end..].to_owned() })
    }

    /// Whether it includes this version.
    pub(super) fn contains(&self, version: &str) -> bool {
        let Ok(version) = version.parse::<Version>() else { return false };
        self.versions.is_empty()
            || self.versions.parse::<VersionSpecifiers>().is_ok_and(|versions| versions.contains(&version))
    }

    /// Whether it names only pre-releases, which are not installed unless requested.
    pub(super) fn is_prerelease(&self) -> bool {
        let Ok(specifiers) = self.versions.parse::<VersionSpecifiers>() else { return false };
        let named: Vec<&VersionSpecifier> = specifiers.iter().collect();
        !named.is_empty() && named.iter().all(|named| named.version().any_prerelease())
    }
}

impl std::fmt::Display for Spec {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}{}", self.name, self.versions)
    }
}

/// The statements that were recognized.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct ResolverMessage {
    /// What requires what; `None` is the project itself.
    pub(super) requires: Vec<(Option<Spec>, Spec)>,
    /// Without a wheel for the target.
    pub(super) wheelless: Vec<Spec>,
    /// Not in any index.
    pub(super) missing: BTreeSet<String>,
    /// The available versions of a distribution.
    pub(super) available: Vec<Spec>,
    /// Versions that do not exist.
    pub(super) absent: Vec<Spec>,
    /// From uv's hints: name, version, and the tags of its wheels.
    pub(super) tags: Vec<(String, String, String)>,
}

static FOUND_ONLY: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"only found wheels for `([^`]+)` \(v([^)]+)\) with the following [^:]*: ([^\n]+)")
        .expect("a constant that the tests compile")
});

/// `rpds-py{sys_platform == 'emscripten'}==0.23.1`, `jsonschema[format]{python_full_version < '4'}`: a package under a
/// marker.
static MARKER: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"([A-Za-z0-9._\]-])\{[^{}]*\}").expect("a constant that the tests compile"));

static UNBUILT: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"Building source distributions(?: for `([^`]+)`)? is disabled")
        .expect("a constant that the tests compile")
});

/// The package that had to be built to read its requirements, while building is off. Inner `None`: uv did not name it.
pub(super) fn unbuilt(output: &str) -> Option<Option<String>> {
    let found = UNBUILT.captures(output)?;
    Some(found.get(1).map(|name| python::normalize(name.as_str())))
}

/// Parses a failed resolution; `None` if something else failed. `workspace` is the name of the project that uv resolved
/// for.
pub(super) fn read(output: &str, workspace: &str) -> Option<ResolverMessage> {
    let start = output.find(BEGINS)? + BEGINS.len();
    let text = output[start..].split("hint:").next().unwrap_or_default();
    let text = MARKER.replace_all(text, "$1");
    let tokens: Vec<&str> = text.split_whitespace().collect();
    let mut words = ResolverMessage::default();
    for at in 0..tokens.len() {
        let next = |wanted: &str| {
            let mut rest = tokens[at..].iter();
            wanted.split(' ').all(|word| rest.next().is_some_and(|token| token.trim_end_matches([',', '.']) == word))
        };
        if next("depends on") || next("depend on") {
            let dependents = before(&tokens, at);
            for dependency in after(&tokens, at + 2) {
                for dependent in &dependents {
                    let who = (dependent.name != workspace).then(|| dependent.clone());
                    words.requires.push((who, dependency.clone()));
                }
            }
        } else if next("you require") && at.checked_sub(1).is_none_or(|before| tokens[before] != "that") {
            words.requires.extend(after(&tokens, at + 2).into_iter().map(|dependency| (None, dependency)));
        } else if next("has no wheels") || next("have no wheels") || next("has no usable") || next("have no usable") {
            words.wheelless.extend(before(&tokens, at));
        } else if next("was not found in the") {
            words.missing.extend(before(&tokens, at).into_iter().map(|spec| spec.name));
        } else if next("only the following versions of") {
            let versions = tokens[at..].iter().skip(8).take_while(|token| token.contains(['<', '>', '=']));
            words.available.extend(versions.filter_map(|token| Spec::read(token)));
        } else if next("only") && tokens.get(at + 2).is_some_and(|token| *token == "is") {
            words.available.extend(tokens.get(at + 1).and_then(|token| Spec::read(token)));
        } else if next("no version of") || next("no versions of") {
            let spec = tokens.get(at + 3).and_then(|token| Spec::read(token));
            match spec {
                // Without a marker, uv says that it was not found.
                Some(spec) if spec.versions.is_empty() => drop(words.missing.insert(spec.name)),
                spec => words.absent.extend(spec),
            }
        }
    }
    let hint = |found: regex::Captures<'_>| {
        (python::normalize(&found[1]), found[2].to_owned(), found[3].replace('`', "").trim().to_owned())
    };
    words.tags = FOUND_ONLY.captures_iter(&output[start..]).map(hint).collect();
    Some(words)
}

/// The subjects of the verb at `at`: one, or the list behind `all of:`.
fn before(tokens: &[&str], at: usize) -> Vec<Spec> {
    let in_list = |token: &&&str| !token.ends_with([':', ',']) || token.contains(['<', '>', '=', '!']);
    let run: Vec<&&str> = tokens[..at].iter().rev().take_while(|token| token.contains(['<', '>', '='])).collect();
    let opens = tokens[..at].iter().rev().nth(run.len()).is_some_and(|token| token.ends_with(':'));
    let chosen: Vec<&&str> = if opens && !run.is_empty() {
        run.into_iter().rev().filter(in_list).collect()
    } else {
        tokens[..at].last().into_iter().collect()
    };
    chosen.into_iter().filter_map(|token| Spec::read(token)).collect()
}

/// The objects of the verb that ends before `at`: one, `A and B`, or a list behind a colon.
fn after(tokens: &[&str], at: usize) -> Vec<Spec> {
    let Some(first) = tokens.get(at) else { return Vec::new() };
    let mut at = at;
    let list = tokens[at..].iter().take(3).position(|token| token.ends_with(':'));
    if let Some(colon) = list.filter(|_| !first.contains(['<', '>', '='])) {
        let items = tokens[at + colon + 1..].iter().take_while(|token| token.contains(['<', '>', '=']));
        return items.filter_map(|token| Spec::read(token)).collect();
    }
    let mut found: Vec<Spec> = Spec::read(first).into_iter().collect();
    // `you require A and B, we can conclude`, but not `you require A and B depends on C`.
    while tokens.get(at + 1) == Some(&"and")
        && tokens.get(at + 2).is_some_and(|token| token.ends_with([',', '.']))
        && let Some(spec) = tokens.get(at + 2).and_then(|token| Spec::read(token))
    {
        found.push(spec);
        at += 2;
    }
    found
}

#[cfg(test)]
mod tests;
