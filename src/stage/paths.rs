//! The configuration keys that hold paths, and the edits that make relative paths resolve from the stage.
//!
//! The list of keys, with source and date, is in `data/config-paths.toml`.

use crate::error::{Error, ErrorKind, Result};
use crate::project::document::{Change, Edit, KeyPath};
use crate::project::resolve;
use camino::Utf8Path;
use serde::Deserialize;
use serde_json::Value;

const DATA: &str = include_str!("../../data/config-paths.toml");

/// More levels than any directory has; `path.join` drops those that would lead above the root.
const CLIMB: usize = 40;

/// How wrangler combines the configuration's directory with the value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum How {
    /// `path.resolve`: an absolute value is used as it is.
    Resolve,
    /// `path.join`: an absolute value would be appended to the directory.
    Join,
}

/// Which values are paths.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum When {
    #[default]
    Always,
    /// Only if the path exists.
    Exists,
}

/// One key that holds a path.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PathKey {
    pub(super) key: String,
    pub(super) how: How,
    #[serde(default)]
    pub(super) when: When,
    /// Where wrangler's source does this.
    pub(super) source: String,
}

/// A key that looks like a path but is not one.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LeftKey {
    pub(super) key: String,
    pub(super) reason: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PathKeys {
    /// The version of wrangler that the list was read from.
    pub(super) wrangler: String,
    pub(super) date: String,
    pub(super) path: Vec<PathKey>,
    pub(super) left: Vec<LeftKey>,
}

/// The embedded list. Errors: `Internal`, which the tests rule out.
pub(super) fn path_keys() -> Result<PathKeys> {
    toml_edit::de::from_str(DATA).map_err(|error| {
        Error::new(ErrorKind::Internal, format!("`data/config-paths.toml` is broken: {error}"), "report this defect")
    })
}

/// Edits for every relative path below `scope` (the top level, an environment, or a `previews` table).
pub(super) fn repoint(document: &Value, scope: &KeyPath, keys: &PathKeys, directory: &Utf8Path) -> Vec<Edit> {
    let mut edits = Vec::new();
    for key in &keys.path {
        for (at, value) in matches(document, scope, &key.key) {
            let original = resolve(directory, value);
            if !is_relative(value) || (key.when == When::Exists && !original.exists()) {
                continue;
            }
            let path = match key.how {
                How::Resolve => original.into_string(),
                How::Join => from_the_root(&original),
            };
            edits.push(Edit { at, change: Change::Set(Value::String(path)) });
        }
    }
    edits
}

/// Every string that a pattern such as `containers[].images.*.dockerfile` leads to; a list at its end counts by entry.
fn matches<'v>(document: &'v Value, scope: &KeyPath, pattern: &str) -> Vec<(KeyPath, &'v str)> {
    let mut found: Vec<(KeyPath, &Value)> =
        scope.find(document).map(|value| (scope.clone(), value)).into_iter().collect();
    for part in pattern.split('.') {
        let (name, entries) = part.strip_suffix("[]").map_or((part, false), |name| (name, true));
        found = found.into_iter().flat_map(|(at, value)| members(&at, value, name)).collect();
        if entries {
            found = found.into_iter().flat_map(|(at, value)| elements(&at, value)).collect();
        }
    }
    found
        .into_iter()
        .flat_map(|(at, value)| if value.is_array() { elements(&at, value) } else { vec![(at, value)] })
        .filter_map(|(at, value)| Some((at, value.as_str()?)))
        .collect()
}

fn members<'v>(at: &KeyPath, value: &'v Value, name: &str) -> Vec<(KeyPath, &'v Value)> {
    let Some(table) = value.as_object() else { return Vec::new() };
    table
        .iter()
        .filter(|(key, _)| name == "*" || *key == name)
        .map(|(key, value)| (at.then(key.as_str()), value))
        .collect()
}

fn elements<'v>(at: &KeyPath, value: &'v Value) -> Vec<(KeyPath, &'v Value)> {
    let Some(list) = value.as_array() else { return Vec::new() };
    list.iter().enumerate().map(|(index, value)| (at.at(index), value)).collect()
}

/// Absolute paths, URLs and empty strings mean the same wherever the configuration lies.
fn is_relative(value: &str) -> bool {
    !value.is_empty() && !value.starts_with(['/', '\\']) && !Utf8Path::new(value).is_absolute() && !is_url(value)
}

fn is_url(value: &str) -> bool {
    value.split_once(':').is_some_and(|(scheme, rest)| {
        (rest.starts_with("//") || scheme == "file" || scheme == "data")
            && scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'))
    })
}

/// An absolute path, written so that `path.join(ANYTHING, path)` is that path.
fn from_the_root(path: &Utf8Path) -> String {
    let inside: Vec<&str> = path
        .components()
        .filter_map(|component| match component {
            camino::Utf8Component::Normal(name) => Some(name),
            _ => None,
        })
        .collect();
    format!("{}{}", "../".repeat(CLIMB), inside.join("/"))
}
