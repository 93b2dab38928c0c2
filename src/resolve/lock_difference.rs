//! Compares two lockfiles (PEP 751), and makes a lockfile portable enough to commit.
//!
//! Packages are compared by name, version, source and sha256; order, dates and file URLs are ignored. The portable text
//! contains no local paths.

use super::lock;
use crate::python;
use camino::{Utf8Component, Utf8Path, Utf8PathBuf};
use std::collections::{BTreeMap, BTreeSet};
use toml_edit::{ArrayOfTables, DocumentMut, Item, TableLike, Value, value};

/// The keys of a package that name a file or a directory.
const SOURCES: [&str; 4] = ["directory", "archive", "sdist", "vcs"];

/// One difference: a distribution and a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LockDifference {
    pub(crate) name: String,
    /// `3.19 is locked, 3.20 is what resolves`
    pub(crate) what: String,
}

#[derive(Debug, Default, PartialEq, Eq)]
struct Package {
    version: Option<String>,
    source: String,
    hashes: BTreeSet<String>,
}

/// How `resolved` differs from `locked`; each comes with the base directory of its relative paths.
pub(super) fn between(locked: (&str, &Utf8Path), resolved: (&str, &Utf8Path)) -> Vec<LockDifference> {
    let (locked, resolved) = (packages(locked.0, locked.1), packages(resolved.0, resolved.1));
    let names: BTreeSet<&String> = locked.keys().chain(resolved.keys()).collect();
    let drift = |name: &String| {
        let what = match (locked.get(name), resolved.get(name)) {
            (Some(was), Some(is)) => difference(was, is)?,
            (Some(_), None) => "locked, and no longer required".to_owned(),
            (None, Some(is)) => format!("{} is required, and not in the lock", is.version.as_deref().unwrap_or("it")),
            (None, None) => return None,
        };
        Some(LockDifference { name: name.clone(), what })
    };
    names.into_iter().filter_map(drift).collect()
}

fn difference(was: &Package, is: &Package) -> Option<String> {
    let version = |package: &Package| package.version.clone().unwrap_or_else(|| "it".to_owned());
    if was.version != is.version {
        return Some(format!("{} is locked, {} is what resolves", version(was), version(is)));
    }
    if was.source != is.source {
        return Some(format!("{} is locked from {}, and comes from {}", version(was), was.source, is.source));
    }
    let new = is.hashes.difference(&was.hashes).count();
    let gone = was.hashes.difference(&is.hashes).count();
    (new + gone > 0).then(|| {
        format!(
            "{} has other files: {new} sha256 that the lock lacks, {gone} that it has and that are gone",
            version(is)
        )
    })
}

fn packages(text: &str, base: &Utf8Path) -> BTreeMap<String, Package> {
    let Ok(document) = text.parse::<DocumentMut>() else { return BTreeMap::new() };
    let hashes: BTreeMap<String, BTreeSet<String>> = lock::parse(text)
        .unwrap_or_default()
        .into_iter()
        .map(|package| (package.name, package.hashes.into_iter().collect()))
        .collect();
    let tables = document.get("packages").and_then(Item::as_array_of_tables).into_iter().flat_map(ArrayOfTables::iter);
    tables
        .filter_map(|table| {
            let name = python::normalize(table.get("name")?.as_str()?);
            let package = Package {
                version: table.get("version").and_then(Item::as_str).map(str::to_owned),
                source: source(table, base),
                hashes: hashes.get(&name).cloned().unwrap_or_default(),
            };
            Some((name, package))
        })
        .collect()
}

/// Where a package comes from: `an index`, `directory /x/lib`, `vcs https://... at 1a2b`.
fn source(table: &dyn TableLike, base: &Utf8Path) -> String {
    let of = |key: &str| {
        let inner = table.get(key)?.as_table_like()?;
        let text = |name: &str| inner.get(name).and_then(Item::as_str);
        // An sdist from an index is one of its files.
        let place = match (text("path").or(text("url").and_then(on_this_machine)), text("url")) {
            (Some(path), _) => lexical(&base.join(path)).into_string(),
            (None, Some(_)) if key == "sdist" => return None,
            (None, url) => url?.to_owned(),
        };
        let commit = text("commit-id").map_or_else(String::new, |commit| format!(" at {commit}"));
        Some(format!("{key} {place}{commit}"))
    };
    SOURCES.into_iter().find_map(of).unwrap_or_else(|| "an index".to_owned())
}

/// The lock with paths relative to `root`, where it will be written. `base`: what its relative paths are relative to
/// now. `None` if it is not a lock.
pub(super) fn portable(text: &str, base: &Utf8Path, root: &Utf8Path) -> Option<String> {
    let mut document: DocumentMut = text.parse().ok()?;
    let move_path = |inner: &mut dyn TableLike| {
        let path = inner.get("path").or_else(|| inner.get("url")).and_then(Item::as_str);
        if let Some(path) = path.and_then(|path| if path.contains("://") { on_this_machine(path) } else { Some(path) })
        {
            let moved = relative(&lexical(&base.join(path)), root);
            inner.remove("url");
            inner.insert("path", value(moved.as_str()));
        }
    };
    let packages = document.get_mut("packages").and_then(Item::as_array_of_tables_mut);
    for table in packages.into_iter().flat_map(ArrayOfTables::iter_mut) {
        for key in SOURCES {
            if let Some(inner) = table.get_mut(key).and_then(Item::as_table_like_mut) {
                move_path(inner);
            }
        }
        let wheels = table.get_mut("wheels").and_then(Item::as_array_mut);
        for inner in wheels.into_iter().flat_map(|wheels| wheels.iter_mut()).filter_map(Value::as_inline_table_mut) {
            move_path(inner);
        }
    }
    Some(document.to_string())
}

/// The path of a `file:` URL that needs no decoding: of an index or a directory of wheels on this machine.
fn on_this_machine(url: &str) -> Option<&str> {
    url.strip_prefix("file://").filter(|path| path.starts_with('/') && !path.contains('%'))
}

fn relative(path: &Utf8Path, root: &Utf8Path) -> Utf8PathBuf {
    let common = path.components().zip(root.components()).take_while(|(left, right)| left == right).count();
    let up = root.components().skip(common).map(|_| "..");
    let relative: Utf8PathBuf = up.chain(path.components().skip(common).map(|part| part.as_str())).collect();
    if relative.as_str().is_empty() { ".".into() } else { relative }
}

/// Removes `.` and `..` lexically.
fn lexical(path: &Utf8Path) -> Utf8PathBuf {
    let mut plain = Utf8PathBuf::new();
    for part in path.components() {
        match part {
            Utf8Component::ParentDir => {
                plain.pop();
            }
            Utf8Component::CurDir => {}
            other => plain.push(other.as_str()),
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOCK: &str = "lock-version = \"1.0\"\n\n[[packages]]\nname = \"idna\"\nversion = \"3.20\"\nwheels = [{ url = \"https://h.invalid/idna.whl\", hashes = { sha256 = \"aa\" } }]\n\n[[packages]]\nname = \"lib\"\ndirectory = { path = \"/home/me/lib\" }\n\n[[packages]]\nname = \"own\"\nversion = \"1\"\nwheels = [{ url = \"file:///home/me/work/dist/own.whl\", hashes = { sha256 = \"bb\" } }]\n";

    #[test]
    fn a_lock_that_was_moved_differs_in_nothing() {
        let root = Utf8Path::new("/home/me/work");
        let moved = portable(LOCK, "/cache/x".into(), root).unwrap();
        assert!(moved.contains("path = \"../lib\"") && moved.contains("path = \"dist/own.whl\""), "{moved}");
        assert!(!moved.contains("/home"), "{moved}");
        assert_eq!(between((&moved, root), (LOCK, "/cache/x".into())), []);
        let days = LOCK.replace(
            "hashes = { sha256 = \"aa\" }",
            "upload-time = 2026-01-01T00:00:00Z, hashes = { sha256 = \"aa\" }",
        );
        assert_eq!(between((LOCK, root), (&days.replace("h.invalid", "mirror.invalid"), root)), []);
        assert_eq!(portable("not = [", root, root), None);
    }

    #[test]
    fn versions_sources_files_and_what_came_and_went_are_told() {
        let root = Utf8Path::new("/w");
        let other = LOCK.replace("3.20", "3.19").replace("/home/me/lib", "/elsewhere/lib").replace("\"bb\"", "\"cc\"")
            + "\n[[packages]]\nname = \"new\"\nversion = \"2\"\n";
        let said = |from: &str, to: &str| -> Vec<String> {
            between((from, root), (to, root))
                .into_iter()
                .map(|drift| format!("{}: {}", drift.name, drift.what))
                .collect()
        };
        insta::assert_snapshot!(said(&other, LOCK).join("\n"), @"
        idna: 3.19 is locked, 3.20 is what resolves
        lib: it is locked from directory /elsewhere/lib, and comes from directory /home/me/lib
        new: locked, and no longer required
        own: 1 has other files: 1 sha256 that the lock lacks, 1 that it has and that are gone
        ");
        assert!(said(LOCK, &other).contains(&"new: 2 is required, and not in the lock".to_owned()));
    }
}
