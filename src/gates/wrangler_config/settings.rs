//! `[tool.saddlebag.env.NAME]` for environments that no wrangler configuration has.
//!
//! A project may have several configurations: a name is unknown only if none of them has it.

use super::SETTINGS_ENVIRONMENT;
use crate::gates::{Context, Finding, Severity};
use crate::project::{WranglerConfig, config};
use crate::suggest::closest;
use camino::{Utf8Path, Utf8PathBuf};
use std::collections::BTreeSet;
use toml_edit::Item;

/// How deep below the project other configurations are looked for: `workers/api/wrangler.toml`.
const DEPTH: usize = 3;

pub(super) fn unknown_environments(context: &Context<'_>) -> Vec<Finding> {
    let project = context.project;
    let Some(pyproject) = &project.pyproject else { return Vec::new() };
    let tables = pyproject.tool_saddlebag().and_then(Item::as_table_like).and_then(|table| table.get("env"));
    let names: Vec<&str> = tables
        .and_then(Item::as_table_like)
        .into_iter()
        .flat_map(|tables| tables.iter().map(|(name, _)| name))
        .collect();
    let config = &project.config;
    let mut known: BTreeSet<String> = config.environments().into_iter().chain(config.environment.clone()).collect();
    if names.iter().all(|name| known.contains(*name)) {
        return Vec::new();
    }
    for directory in BTreeSet::from([project.root.as_path(), config.dir()]) {
        known.extend(environments_below(directory));
    }
    let finding = |name: &&str| {
        let help = match closest(name, known.iter().map(String::as_str)) {
            Some(close) => format!("did you mean `{close}`?"),
            None if known.is_empty() => format!("remove the table, or add `env.{name}` to the wrangler configuration"),
            None => format!("name one of {}", known.iter().map(String::as_str).collect::<Vec<_>>().join(", ")),
        };
        Finding::new(
            Severity::Warn,
            SETTINGS_ENVIRONMENT,
            *name,
            pyproject.locate(&["tool", "saddlebag", "env", name]),
            format!(
                "`tool.saddlebag.env.{name}` is never used: no wrangler configuration has the environment `{name}`"
            ),
            help,
        )
    };
    names.iter().filter(|name| !known.contains(**name)).map(finding).collect()
}

/// The environments of every wrangler configuration in a directory and below it. What does not parse has none.
fn environments_below(directory: &Utf8Path) -> BTreeSet<String> {
    let files =
        walkdir::WalkDir::new(directory).max_depth(DEPTH).into_iter().filter_entry(|entry| !config::is_foreign(entry));
    let paths = files.flatten().filter_map(|entry| Utf8PathBuf::from_path_buf(entry.into_path()).ok());
    let is_config = |path: &Utf8PathBuf| {
        let name = path.file_name().unwrap_or_default();
        name.starts_with("wrangler") && matches!(path.extension(), Some("toml" | "json" | "jsonc"))
    };
    let mut environments = BTreeSet::new();
    for path in paths.filter(is_config) {
        let Ok(text) = fs_err::read_to_string(&path) else { continue };
        if let Ok(config) = WranglerConfig::from_text(path, text, None, directory) {
            environments.extend(config.environments());
        }
    }
    environments
}
