//! Directories that the configuration names and that do not exist.
//!
//! They only warn: a later step may build them, and wrangler stops for a missing `assets.directory` before it uploads.

use super::{DIRECTORY, active};
use crate::error::Location;
use crate::gates::{Context, Finding, Severity};
use crate::project::resolve;

pub(super) fn missing_directories(context: &Context<'_>) -> Vec<Finding> {
    let config = &context.project.config;
    let keys = [("assets", "directory"), ("site", "bucket")];
    let finding = |(table, key): (&str, &str)| {
        let directory = config.get(table)?.get(key)?.as_str().filter(|directory| !directory.is_empty())?;
        if table == "assets" && context.project.assets_named {
            return None;
        }
        let path = resolve(config.base(), directory);
        if path.is_dir() {
            return None;
        }
        let what = if path.exists() { "is not a directory" } else { "does not exist" };
        let shown = context.project.display(&path);
        let location = match config.get_origin(table) {
            Some(origin) => config.locate(&origin.iter().map(String::as_str).chain([key]).collect::<Vec<_>>()),
            None => active(config, table),
        };
        Some(warning(&format!("{table}.{key}"), &format!("names `{shown}`, which {what}"), location))
    };
    keys.into_iter().filter_map(finding).collect()
}

fn warning(setting: &str, what: &str, location: Location) -> Finding {
    let message = format!("`{setting}` {what}: the deploy stops there");
    let help = format!("build it before you deploy, or correct `{setting}`");
    Finding::new(Severity::Warn, DIRECTORY, setting, location, message, help)
}
