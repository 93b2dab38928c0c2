//! Tests every key that holds a path, in both formats and all scopes: it resolves to the original file from the stage,
//! and no other value changes.

use super::config_tests::{edit, staged, value};
use super::edits::Staged;
use super::paths::{How, PathKey, When, path_keys};
use crate::project::document::Format;
use camino::Utf8Path;
use serde_json::{Value, json};

/// The key of the table as a configuration: `a[].b.*` with `leaf` at its end.
fn nested(key: &str, leaf: Value) -> Value {
    key.split('.').rev().fold(leaf, |inner, part| {
        let (name, list) = part.strip_suffix("[]").map_or((part, false), |name| (name, true));
        let name = if name == "*" { "SOME_NAME" } else { name };
        json!({ name: if list { json!([inner]) } else { inner } })
    })
}

fn leaf<'v>(document: &'v Value, key: &str) -> &'v Value {
    key.split('.').fold(document, |value, part| {
        let (name, list) = part.strip_suffix("[]").map_or((part, false), |name| (name, true));
        let inner = &value[if name == "*" { "SOME_NAME" } else { name }];
        if list { &inner[0] } else { inner }
    })
}

/// The same in every scope that wrangler reads it from.
fn everywhere(inner: &Value) -> Value {
    let mut scope = inner.clone();
    scope["previews"] = inner.clone();
    let mut document = scope.clone();
    document["main"] = json!("m");
    document["env"] = json!({ "develop": scope });
    document
}

fn in_both_formats(document: &Value, staged: &Staged<'_>) -> [Value; 2] {
    let text = toml_edit::ser::to_string_pretty(document).unwrap();
    let toml = value(&edit(&text, Format::Toml, staged), Format::Toml);
    let text = serde_json::to_string_pretty(document).unwrap();
    [toml, value(&edit(&text, Format::Json, staged), Format::Json)]
}

fn scopes(document: &Value) -> [&Value; 4] {
    [document, &document["previews"], &document["env"]["develop"], &document["env"]["develop"]["previews"]]
}

/// node's `path.join` and `path.resolve` of a directory and a value, by text.
fn as_wrangler_takes(how: How, directory: &str, value: &str) -> String {
    let joined = match how {
        How::Resolve if value.starts_with('/') => value.to_owned(),
        _ => format!("{directory}/{value}"),
    };
    let mut parts: Vec<&str> = Vec::new();
    for part in joined.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    format!("/{}", parts.join("/"))
}

#[test]
fn every_path_key_points_at_the_original_from_every_scope_and_format() {
    let project = tempfile::tempdir().unwrap();
    let directory = Utf8Path::from_path(project.path()).unwrap();
    fs_err::write(directory.join("there"), "").unwrap();
    let staged = Staged { directory, drop_build_command: false, ..staged() };
    let stage = format!("{directory}/.wrangler/saddlebag/stage-abcdef");
    let keys = path_keys().unwrap();
    for PathKey { key, how, when, .. } in &keys.path {
        for after in in_both_formats(&everywhere(&nested(key, json!("./sub/../there"))), &staged) {
            for scope in scopes(&after) {
                let new = leaf(scope, key).as_str().unwrap();
                assert_eq!(as_wrangler_takes(*how, &stage, new), format!("{directory}/there"), "{key}");
            }
        }
        for same in ["/abs/olute", "https://example.com/x", ""] {
            let before = everywhere(&nested(key, json!(same)));
            for after in in_both_formats(&before, &staged) {
                for scope in scopes(&after) {
                    assert_eq!(leaf(scope, key), same, "{key}");
                }
            }
        }
        let absent = everywhere(&nested(key, json!("registry/image:1.2")));
        for after in in_both_formats(&absent, &staged) {
            let stays = leaf(&after, key) == "registry/image:1.2";
            assert_eq!(stays, *when == When::Exists, "{key}");
        }
        let list = everywhere(&nested(key, json!(["there", "/abs"])));
        if *when == When::Always {
            for after in in_both_formats(&list, &staged) {
                let first = leaf(&after, key)[0].as_str().unwrap();
                assert_eq!(as_wrangler_takes(*how, &stage, first), format!("{directory}/there"), "{key}");
                assert_eq!(leaf(&after, key)[1], "/abs", "{key}");
            }
        }
    }
}

#[test]
fn keys_that_are_not_the_configurations_stay_as_they_are() {
    for left in path_keys().unwrap().left {
        let staged = Staged { drop_build_command: false, ..staged() };
        for after in in_both_formats(&everywhere(&nested(&left.key, json!("some/where"))), &staged) {
            for scope in scopes(&after) {
                assert_eq!(leaf(scope, &left.key), "some/where", "{}", left.reason);
            }
        }
    }
}

#[test]
fn the_table_is_sound() {
    let keys = path_keys().unwrap();
    let mut names: Vec<_> = keys.path.iter().map(|key| &key.key).chain(keys.left.iter().map(|key| &key.key)).collect();
    let count = names.len();
    names.sort();
    names.dedup();
    assert_eq!(names.len(), count, "a key is listed twice");
    assert!(keys.path.iter().all(|key| !key.source.is_empty()));
    assert!(keys.date.len() == 10 && keys.wrangler.split('.').count() == 3);
}
