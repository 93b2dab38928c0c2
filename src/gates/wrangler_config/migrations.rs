//! Durable Object classes that `migrations` or `exports` create, compared with the bindings and with main.
//!
//! Cloudflare refuses a mismatch only after the upload: 10070 or 10064 for a class that main does not have, 10061 for a
//! binding without a migration (workers-sdk#10246).

use super::MIGRATION;
use crate::error::Location;
use crate::gates::{Finding, Severity};
use crate::project::WranglerConfig;
use serde_json::Value;

/// A binding of a Durable Object of this Worker.
pub(super) struct Binding {
    name: String,
    pub(super) class: String,
    location: Location,
}

/// The classes that exist after the last migration, each with what creates it and where: wrangler's own order within one
/// migration (`getDurableObjectClassNameToUseSQLiteMap`, wrangler 4.164.0).
pub(super) fn live_classes(config: &WranglerConfig) -> Vec<(String, String, Location)> {
    let mut live: Vec<(String, String, Location)> = Vec::new();
    let origin = config.get_origin("migrations").unwrap_or_default();
    for (index, migration) in list(config.get("migrations")).iter().enumerate() {
        let tag = migration.get("tag").and_then(Value::as_str).unwrap_or_default();
        let what = format!("the migration `{tag}`");
        let index = index.to_string();
        let at = |key: &str, position: usize| {
            let position = position.to_string();
            let path = origin.iter().map(String::as_str).chain([index.as_str(), key, position.as_str()]);
            config.locate(&path.collect::<Vec<_>>())
        };
        let gone = |class: &str, live: &mut Vec<(String, String, Location)>| live.retain(|(name, ..)| name != class);
        for class in list(migration.get("deleted_classes")).iter().filter_map(Value::as_str) {
            gone(class, &mut live);
        }
        for key in ["renamed_classes", "transferred_classes"] {
            for (position, renamed) in list(migration.get(key)).iter().enumerate() {
                // `from` of a transfer is another Worker's.
                if let Some(from) = renamed.get("from").and_then(Value::as_str).filter(|_| key == "renamed_classes") {
                    gone(from, &mut live);
                }
                if let Some(to) = renamed.get("to").and_then(Value::as_str) {
                    live.push((to.to_owned(), what.clone(), at(key, position)));
                }
            }
        }
        for key in ["new_classes", "new_sqlite_classes"] {
            let classes = list(migration.get(key)).iter().enumerate();
            for (position, class) in classes.filter_map(|(position, class)| Some((position, class.as_str()?))) {
                live.push((class.to_owned(), what.clone(), at(key, position)));
            }
        }
    }
    live.extend(exported(config));
    live
}

/// The Durable Objects of `exports`, which takes the place of `migrations`.
fn exported(config: &WranglerConfig) -> Vec<(String, String, Location)> {
    let origin = config.get_origin("exports").unwrap_or_default();
    let exports = config.get("exports").and_then(Value::as_object);
    let is_live = |entry: &Value| {
        let state = entry.get("state").and_then(Value::as_str).unwrap_or("created");
        entry.get("type").and_then(Value::as_str) == Some("durable-object")
            && matches!(state, "created" | "expecting-transfer")
    };
    let live = exports.into_iter().flatten().filter(|(_, entry)| is_live(entry));
    live.map(|(class, _)| {
        let path: Vec<&str> = origin.iter().map(String::as_str).chain([class.as_str()]).collect();
        (class.clone(), "`exports`".to_owned(), config.locate(&path))
    })
    .collect()
}

/// Whether a binding refers to the class in another Worker, where it may have been transferred.
pub(super) fn is_elsewhere(config: &WranglerConfig, class: &str) -> bool {
    bindings(config).iter().any(|binding| {
        binding.get("class_name").and_then(Value::as_str) == Some(class)
            && binding.get("script_name").is_some_and(|name| !name.is_null())
    })
}

/// Bindings whose class no migration and no export creates, where there are any.
pub(super) fn uncovered(config: &WranglerConfig) -> Vec<Binding> {
    let live = live_classes(config);
    let origin = config.get_origin("durable_objects").unwrap_or_default();
    let own = bindings(config)
        .iter()
        .enumerate()
        .filter(|(_, binding)| binding.get("script_name").is_none_or(Value::is_null));
    own.filter_map(|(index, binding)| {
        let class = binding.get("class_name")?.as_str()?;
        let name = binding.get("name").and_then(Value::as_str).unwrap_or(class);
        let index = index.to_string();
        let path = origin.iter().map(String::as_str).chain(["bindings", index.as_str(), "class_name"]);
        let location = config.locate(&path.collect::<Vec<_>>());
        (!live.iter().any(|(known, ..)| known == class)).then(|| Binding {
            name: name.to_owned(),
            class: class.to_owned(),
            location,
        })
    })
    .collect()
}

/// What is bound and never created. The live Worker may have it from a migration that has since been removed, so
/// this denies nothing. With `named`, another finding names the class that is probably meant.
pub(super) fn unmigrated(config: &WranglerConfig, named: bool) -> Vec<Finding> {
    let has_lifecycle = !list(config.get("migrations")).is_empty() || !exported(config).is_empty();
    let severity = if has_lifecycle { Severity::Warn } else { Severity::Note };
    let uncovered = uncovered(config);
    if named && uncovered.len() == 1 {
        return Vec::new();
    }
    let finding = |binding: Binding| {
        let (name, class) = (&binding.name, &binding.class);
        let message = match has_lifecycle {
            true => format!("no migration creates the class `{class}` of the Durable Object `{name}`"),
            false => {
                format!("there is no migration, and the Durable Object `{name}` needs one for its class `{class}`")
            }
        };
        let help = format!("add a migration with `new_sqlite_classes = [\"{class}\"]`, unless the live Worker has it");
        Finding::new(severity, MIGRATION, class.as_str(), binding.location, message, help)
    };
    uncovered.into_iter().map(finding).collect()
}

fn bindings(config: &WranglerConfig) -> &[Value] {
    list(config.get("durable_objects").and_then(|objects| objects.get("bindings")))
}

fn list(value: Option<&Value>) -> &[Value] {
    value.and_then(Value::as_array).map_or(&[], Vec::as_slice)
}
