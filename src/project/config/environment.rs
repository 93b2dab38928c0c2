//! Values of the active environment, by wrangler's inheritance rules.
//!
//! The lists of keys are from `normalizeAndValidateEnvironment` and `normalizeAndValidateConfig` of wrangler 4.164.0
//! (read 2026-11-21). A value of the wrong type counts as absent; `invalid` lists it.

use super::{BuildCommand, ModuleRule, WranglerConfig};
use camino::Utf8PathBuf;
use serde_json::Value;

/// Inherited keys: an environment's own value replaces the top level's value as a whole.
pub(crate) const INHERITABLE: [&str; 36] = [
    "access",
    "account_id",
    "assets",
    "base_dir",
    "build",
    "cache",
    "compatibility_date",
    "compatibility_flags",
    "compliance_region",
    "exports",
    "find_additional_modules",
    "first_party_worker",
    "jsx_factory",
    "jsx_fragment",
    "keep_names",
    "limits",
    "logfwdr",
    "logpush",
    "main",
    "migrations",
    "minify",
    "name",
    "no_bundle",
    "observability",
    "placement",
    "preserve_file_names",
    "preview_urls",
    "previews",
    "python_modules",
    "route",
    "routes",
    "rules",
    "triggers",
    "tsconfig",
    "upload_source_maps",
    "workers_dev",
];

/// Keys that are read from the top level only; an environment's own value is ignored with a warning.
pub(crate) const TOP_LEVEL_ONLY: [&str; 13] = [
    "$schema",
    "addresses",
    "alias",
    "data_blobs",
    "dependencies_instrumentation",
    "dev",
    "env",
    "keep_vars",
    "pages_build_output_dir",
    "send_metrics",
    "site",
    "text_blobs",
    "wasm_modules",
];

/// wrangler's default for `python_modules.exclude`.
const DEFAULT_EXCLUDE: &str = "**/*.pyc";

/// The types that a rule may have (`validateRule`).
pub(super) const RULE_TYPES: [&str; 5] = ["ESModule", "CommonJS", "CompiledWasm", "Text", "Data"];

impl WranglerConfig {
    /// The value that the active environment has for a top-level key. `null` counts as absent, as in JavaScript's `??`.
    pub(crate) fn get(&self, key: &str) -> Option<&Value> {
        self.find(key).map(|(_, value)| value)
    }

    /// The key path where `get` found its value: `["main"]`, or `["env", "develop", "main"]`.
    pub(crate) fn get_origin(&self, key: &str) -> Option<Vec<String>> {
        self.find(key).map(|(origin, _)| origin)
    }

    fn find(&self, key: &str) -> Option<(Vec<String>, &Value)> {
        let top = || Some((vec![key.to_owned()], self.at(&[key])?));
        let present = |found: &(Vec<String>, &Value)| !found.1.is_null();
        let Some(name) = self.environment.as_deref().filter(|_| self.environment_defined) else {
            return top().filter(present);
        };
        if TOP_LEVEL_ONLY.contains(&key) {
            return top().filter(present);
        }
        let own =
            self.at(&["env", name, key]).map(|value| (vec!["env".to_owned(), name.to_owned(), key.to_owned()], value));
        match own.filter(present) {
            Some(found) => Some(found),
            None if INHERITABLE.contains(&key) => top().filter(present),
            None => None,
        }
    }

    /// The Worker's name: the environment's own, else the top level's with `-ENVIRONMENT`, even for an environment that
    /// wrangler only warns about.
    pub(crate) fn name(&self) -> Option<String> {
        let name = self.get("name")?.as_str().filter(|name| !name.is_empty())?;
        let inherited = self.get_origin("name").is_some_and(|origin| origin.len() == 1);
        match self.environment.as_deref() {
            Some(environment) if inherited => Some(format!("{name}-{environment}")),
            _ => Some(name.to_owned()),
        }
    }

    /// Absolute.
    pub(crate) fn main(&self) -> Option<Utf8PathBuf> {
        self.path_of("main")
    }

    /// Absolute.
    pub(crate) fn base_dir(&self) -> Option<Utf8PathBuf> {
        self.path_of("base_dir")
    }

    fn path_of(&self, key: &str) -> Option<Utf8PathBuf> {
        Some(crate::project::paths::resolve(self.base(), self.get(key)?.as_str()?))
    }

    /// The user's rules in order, without those that wrangler rejects and without wrangler's defaults.
    pub(crate) fn rules(&self) -> Vec<ModuleRule> {
        let rules = self.get("rules").and_then(Value::as_array);
        rules.into_iter().flatten().filter_map(rule_of).collect()
    }

    pub(crate) fn compatibility_date(&self) -> Option<String> {
        self.get("compatibility_date")?.as_str().map(str::to_owned)
    }

    pub(crate) fn compatibility_flags(&self) -> Vec<String> {
        self.get("compatibility_flags").and_then(strings).unwrap_or_default()
    }

    /// Exclude globs. `python_modules` without `exclude` excludes nothing, not even the default.
    pub(crate) fn python_modules_exclude(&self) -> Vec<String> {
        match self.get("python_modules") {
            Some(Value::Object(table)) => table.get("exclude").and_then(strings).unwrap_or_default(),
            _ => vec![DEFAULT_EXCLUDE.to_owned()],
        }
    }

    pub(crate) fn find_additional_modules(&self) -> Option<bool> {
        self.get("find_additional_modules")?.as_bool()
    }

    /// `build`, if its command is not empty.
    pub(crate) fn build_command(&self) -> Option<BuildCommand> {
        let (origin, table) = self.find("build")?;
        let command = table.get("command")?.as_str().filter(|command| !command.is_empty())?;
        let watch_dir = match table.get("watch_dir") {
            Some(Value::String(directory)) => vec![directory.clone()],
            Some(list) => strings(list).unwrap_or_default(),
            None => vec!["./src".to_owned()],
        };
        let cwd = table.get("cwd").and_then(Value::as_str).map(str::to_owned);
        Some(BuildCommand { command: command.to_owned(), cwd, watch_dir, origin })
    }
}

fn rule_of(value: &Value) -> Option<ModuleRule> {
    let kind = value.get("type")?.as_str().filter(|kind| RULE_TYPES.contains(kind))?;
    let globs = value.get("globs").and_then(strings)?;
    let fallthrough = value.get("fallthrough").and_then(Value::as_bool);
    Some(ModuleRule { kind: kind.to_owned(), globs, fallthrough })
}

/// A list of strings, or `None` if any element is not a string.
fn strings(value: &Value) -> Option<Vec<String>> {
    value.as_array()?.iter().map(|element| element.as_str().map(str::to_owned)).collect()
}
