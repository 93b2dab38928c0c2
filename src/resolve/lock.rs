//! Parses `pylock.toml` files (PEP 751): names, versions, hashes and the target Python.
//!
//! Also reads the `[tool.saddlebag]` table that `saddlebag lock` adds.

use super::downgrade::{Downgrade, Lift};
use crate::error::{Error, ErrorKind, Result};
use crate::project::target::{self, Known};
use crate::python;
use camino::Utf8Path;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use toml_edit::{ArrayOfTables, DocumentMut, Item, Table, value};

/// One package of the lock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LockedPackage {
    /// Normalised name (PEP 503).
    pub(crate) name: String,
    pub(crate) version: Option<String>,
    /// `sha256:...` of every artifact that could be installed.
    pub(crate) hashes: Vec<String>,
}

/// What a lock was made for, if that is not what the Worker runs on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum MadeFor {
    /// `3.13`.
    Python(String),
    /// Another platform: this package in the lock has no wheel for the Worker.
    Platform(String),
}

/// What `saddlebag lock` records under `[tool.saddlebag]`, for machines that only have the lock.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Note {
    /// `3.14`.
    pub(crate) python: Option<String>,
    #[serde(default)]
    pub(crate) downgrades: Vec<Downgrade>,
}

#[derive(Deserialize)]
struct Document {
    #[serde(default, rename = "created-by")]
    created_by: String,
    #[serde(rename = "requires-python")]
    requires_python: Option<String>,
    tool: Option<Tool>,
    #[serde(default)]
    packages: Vec<Entry>,
}

#[derive(Deserialize)]
struct Tool {
    saddlebag: Option<Note>,
}

#[derive(Deserialize)]
struct Entry {
    name: String,
    version: Option<String>,
    marker: Option<String>,
    #[serde(default)]
    wheels: Vec<Artifact>,
    sdist: Option<Artifact>,
    archive: Option<Artifact>,
}

#[derive(Deserialize)]
struct Artifact {
    name: Option<String>,
    url: Option<String>,
    path: Option<String>,
    #[serde(default)]
    hashes: BTreeMap<String, String>,
}

/// # Errors
/// `ErrorKind::SyncFailed` for a lock that cannot be read: it was just written by the sync.
pub(crate) fn read(path: &Utf8Path) -> Result<Vec<LockedPackage>> {
    let text = fs_err::read_to_string(path).map_err(|error| Error::unreadable(&error))?;
    parse(&text).map_err(|error| {
        Error::new(
            ErrorKind::SyncFailed,
            format!("the lock that `pywrangler sync` wrote cannot be read: {}", error.message()),
            "run again with `--no-cache`",
        )
    })
}

pub(super) fn parse(text: &str) -> std::result::Result<Vec<LockedPackage>, toml_edit::de::Error> {
    let document: Document = toml_edit::de::from_str(text)?;
    Ok(document
        .packages
        .into_iter()
        .map(|entry| LockedPackage {
            name: python::normalize(&entry.name),
            version: entry.version,
            hashes: entry
                .wheels
                .iter()
                .chain(&entry.sdist)
                .chain(&entry.archive)
                .filter_map(|artifact| artifact.hashes.get("sha256"))
                .map(|hash| format!("sha256:{hash}"))
                .collect(),
        })
        .collect())
}

impl Artifact {
    fn file_name(&self) -> Option<&str> {
        let place = self.name.as_ref().or(self.url.as_ref()).or(self.path.as_ref())?;
        place.split(['#', '?']).next()?.rsplit('/').next()
    }
}

/// What `saddlebag lock` recorded in a lock; empty for locks of other tools.
pub(super) fn note(text: &str) -> Note {
    let document: Option<Document> = toml_edit::de::from_str(text).ok();
    document.and_then(|document| document.tool?.saddlebag).unwrap_or_default()
}

/// The lock with `[tool.saddlebag]` set; an existing table is replaced.
pub(super) fn with_note(text: &str, note: &Note) -> Option<String> {
    let mut document: DocumentMut = text.parse().ok()?;
    let mut table = Table::new();
    if let Some(python) = &note.python {
        table["python"] = value(python);
    }
    let mut downgrades = ArrayOfTables::new();
    note.downgrades.iter().for_each(|fall| downgrades.push(downgrade(fall)));
    if !downgrades.is_empty() {
        table["downgrades"] = Item::ArrayOfTables(downgrades);
    }
    let mut tool = Table::new();
    tool.set_implicit(true);
    tool["saddlebag"] = Item::Table(table);
    document["tool"] = Item::Table(tool);
    Some(document.to_string())
}

fn downgrade(fall: &Downgrade) -> Table {
    let mut table = Table::new();
    let optional =
        [("uploaded", &fall.uploaded), ("newest_uploaded", &fall.newest_uploaded), ("culprit", &fall.conflict)];
    table["name"] = value(&fall.name);
    table["version"] = value(&fall.version);
    table["newest"] = value(&fall.newest);
    for (key, text) in optional {
        if let Some(text) = text {
            table[key] = value(text);
        }
    }
    if let Some(Lift { compatibility_date, python, version }) = &fall.lift {
        let pairs = [("compatibility_date", compatibility_date), ("python", python), ("version", version)];
        table["lift"] = value(pairs.into_iter().collect::<toml_edit::InlineTable>());
    }
    table
}

/// The downgrades, completed from `[tool.saddlebag]` in the lock: all of them if uv could not be asked this time,
/// otherwise the date that avoids each. Entries for another Python, or for a version no longer resolved, are ignored.
pub(super) fn noted_falls(
    text: &str,
    python: &str,
    judged: Option<Vec<Downgrade>>,
    resolved: &BTreeMap<&str, &str>,
) -> Option<Vec<Downgrade>> {
    let Note { python: made_for, downgrades } = note(text);
    if made_for.as_deref() != Some(python) {
        return judged;
    }
    let mut noted = downgrades;
    noted.retain(|fall| resolved.get(fall.name.as_str()) == Some(&fall.version.as_str()));
    let Some(mut judged) = judged else { return (!noted.is_empty()).then_some(noted) };
    for fall in judged.iter_mut().filter(|fall| fall.lift.is_none()) {
        fall.lift = noted.iter().find(|noted| noted.name == fall.name).and_then(|noted| noted.lift.clone());
    }
    Some(judged)
}

/// What the lock was made for, if that is not the Worker's Python. `resolved`: name and version of what the
/// requirements resolve to now. `None` if the lock does not tell.
pub(super) fn made_for(text: &str, python: &str, resolved: &BTreeMap<&str, &str>) -> Option<MadeFor> {
    let document: Document = toml_edit::de::from_str(text).ok()?;
    let known = target::known().ok()?;
    let noted = document.tool.as_ref().and_then(|tool| tool.saddlebag.as_ref()?.python.clone());
    if let Some(noted) = noted {
        return (noted != python).then_some(MadeFor::Python(noted));
    }
    if let Some(made_for) = document.interpreter(&known) {
        return (made_for != python).then(|| MadeFor::Python(made_for.to_owned()));
    }
    let here = known.iter().find(|known| known.python == python)?;
    // A package with a marker may be for other platforms only.
    let stuck: Vec<&Entry> =
        document.packages.iter().filter(|entry| entry.marker.is_none() && entry.is_stuck(here)).collect();
    let other = |entry: &&Entry| known.iter().rev().find(|other| other.python != python && !entry.is_stuck(other));
    if let Some(other) = stuck.iter().find_map(other) {
        return Some(MadeFor::Python(other.python.clone()));
    }
    // A universal lock may list packages that the Worker does not need. Only version differences of needed ones count.
    let replaced = |entry: &&&Entry| {
        let now = resolved.get(python::normalize(&entry.name).as_str()).copied();
        now.is_some() && now != entry.version.as_deref()
    };
    stuck.iter().find(replaced).map(|entry| MadeFor::Platform(entry.name.clone()))
}

impl Document {
    /// The Workers Python whose exact interpreter uv locked for, from `requires-python = ">=3.14.2"`.
    fn interpreter<'a>(&self, known: &'a [Known]) -> Option<&'a str> {
        let version = self.requires_python.as_deref().filter(|_| self.created_by == "uv")?.strip_prefix(">=")?;
        known.iter().find(|known| known.python_full == version).map(|known| known.python.as_str())
    }
}

impl Entry {
    /// Whether it has wheels, but none for that Workers Python.
    fn is_stuck(&self, known: &Known) -> bool {
        let names: BTreeSet<&str> = self.wheels.iter().filter_map(Artifact::file_name).collect();
        !names.is_empty() && !names.iter().any(|name| fits(name, known))
    }
}

/// Whether a wheel's file name says that it supports a Workers Python.
fn fits(wheel: &str, known: &Known) -> bool {
    let mut parts = wheel.trim_end_matches(".whl").rsplit('-');
    let (Some(platform), Some(abi), Some(pythons)) = (parts.next(), parts.next(), parts.next()) else { return true };
    let here = format!("cp{}", known.python.replace('.', ""));
    let minor = |tag: &str| tag.strip_prefix("cp3").and_then(|minor| minor.parse::<u32>().ok());
    let of_python = abi == "none" && pythons.split('.').any(|tag| tag.starts_with("py"))
        || pythons.split('.').any(|tag| tag == here)
        || (abi.contains("abi3") || abi == "none")
            && pythons.split('.').any(|tag| minor(tag) <= minor(&here) && minor(tag).is_some());
    let mut platforms = platform.split('.');
    of_python && platforms.any(|tag| tag == "any" || known.wheel_platforms.iter().any(|known| known == tag))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lock(head: &str, wheels: &[&str]) -> String {
        let packages = wheels.iter().map(|wheel| {
            let (name, rest) = wheel.split_once('-').unwrap();
            let version = rest.split('-').next().unwrap();
            format!("[[packages]]\nname = \"{name}\"\nversion = \"{version}\"\nwheels = [{{ url = \"https://h.invalid/{wheel}\" }}]\n")
        });
        format!("lock-version = \"1.0\"\ncreated-by = \"other\"\n{head}{}", packages.collect::<String>())
    }

    fn made(text: &str, python: &str) -> Option<MadeFor> {
        made_for(text, python, &[("core", "2.0"), ("x", "1.0")].into_iter().collect())
    }

    const PURE: &str = "x-1.0-py3-none-any.whl";

    #[test]
    fn the_tags_of_its_wheels_tell_for_which_python_a_lock_was_made() {
        let for_314 = lock("", &[PURE, "core-2.0-cp314-cp314-pyemscripten_2026_0_wasm32.whl"]);
        assert_eq!(made(&for_314, "3.14"), None);
        assert_eq!(made(&for_314, "3.13"), Some(MadeFor::Python("3.14".into())));
        let stable = lock("", &["core-2.0-cp312-abi3-pyemscripten_2026_0_wasm32.whl"]);
        assert_eq!(made(&stable, "3.14"), None);
        assert_eq!(made(&lock("", &[PURE]), "3.13"), None, "nothing tells");
    }

    #[test]
    fn what_uv_and_saddlebag_note_tells_it_where_every_wheel_is_pure() {
        let of_uv = lock("requires-python = \">=3.13.2\"\n", &[PURE]).replace("\"other\"", "\"uv\"");
        assert_eq!(made(&of_uv, "3.14"), Some(MadeFor::Python("3.13".into())));
        assert_eq!(made(&of_uv, "3.13"), None);
        // The range that a project allows is not an interpreter.
        assert_eq!(made(&of_uv.replace("3.13.2", "3.12"), "3.14"), None);
        let noted = with_note(&of_uv, &Note { python: Some("3.14".into()), downgrades: Vec::new() }).unwrap();
        assert_eq!((made(&noted, "3.14"), made(&noted, "3.13")), (None, Some(MadeFor::Python("3.14".into()))));
    }

    #[test]
    fn a_lock_of_another_platform_counts_where_a_worker_needs_another_version() {
        let linux = |version: &str| lock("", &[PURE, &format!("core-{version}-cp314-cp314-manylinux_2_17_x86_64.whl")]);
        assert_eq!(made(&linux("1.0"), "3.14"), Some(MadeFor::Platform("core".into())));
        assert_eq!(made(&linux("2.0"), "3.14"), None, "an index beside it may have the wheel");
        let conditional = linux("1.0").replace("version = \"1.0\"", "version = \"1.0\"\nmarker = \"os_name == 'nt'\"");
        assert_eq!(made(&conditional, "3.14"), None);
        let windows = lock("", &["pywin32-306-cp314-cp314-win_amd64.whl"]);
        assert_eq!(made(&windows, "3.14"), None, "not needed");
    }

    #[test]
    fn a_note_reads_as_it_was_written_and_stands_once() {
        let lift = Lift { compatibility_date: "2026-09-08".into(), python: "3.14".into(), version: "2.1".into() };
        let fall = Downgrade {
            name: "data".into(),
            version: "1.10".into(),
            uploaded: Some("2019-01-01".into()),
            newest: "2.1".into(),
            newest_uploaded: None,
            conflict: Some("core".into()),
            lift: Some(lift),
        };
        let noted = Note { python: Some("3.13".into()), downgrades: vec![fall] };
        let text = with_note(&lock("", &[PURE]), &noted).unwrap();
        assert_eq!(note(&text), noted);
        assert_eq!(with_note(&text, &noted).unwrap(), text);
        assert_eq!(note(&lock("", &[PURE])), Note::default());
        insta::assert_snapshot!(text);
    }

    #[test]
    fn every_artifact_of_a_package_counts() {
        let lock = "lock-version = \"1.0\"\n[[packages]]\nname = \"My.Package\"\nversion = \"1.0\"\nwheels = [{ url = \"u\", hashes = { sha256 = \"aa\" } }, { url = \"v\", hashes = { sha256 = \"bb\" } }]\n\
                    [[packages]]\nname = \"local\"\ndirectory = { path = \"../x\" }\n";
        let packages = parse(lock).unwrap();
        assert_eq!(
            packages[0],
            LockedPackage {
                name: "my-package".into(),
                version: Some("1.0".into()),
                hashes: vec!["sha256:aa".into(), "sha256:bb".into()]
            }
        );
        assert_eq!(
            (packages[1].name.as_str(), packages[1].version.as_deref(), packages[1].hashes.len()),
            ("local", None, 0)
        );
    }
}
