//! Plans the edits that make a copy of the wrangler configuration describe the stage instead of the project.
//!
//! The edits are a list by key path, the same for TOML and JSON. Keys that need no change are left alone.

use super::paths::{PathKeys, repoint};
use crate::bundle::rules::reroot;
use crate::project::document::{Change, Edit, KeyPath};
use camino::Utf8Path;
use serde_json::{Value, json};

/// The sync token. On disk it stops pywrangler from syncing; without an exclude it would be uploaded as a module.
const TOKEN_PATTERN: &str = ".synced";
const MARKER_PATTERN: &str = "pyvenv.cfg";
/// wrangler's default, which setting the key replaces.
const BYTECODE_PATTERN: &str = "**/*.pyc";

/// Properties of the stage that the configuration must describe.
#[derive(Debug)]
pub(super) struct Staged<'a> {
    /// The main module relative to the stage: `worker/main.py`.
    pub(super) main: String,
    /// The active environment, `None` for the top level.
    pub(super) environment: Option<&'a str>,
    /// Prefix for the globs of `rules`; empty if the module root did not move.
    pub(super) glob_prefix: &'a str,
    /// The build command has run already and must not run again.
    pub(super) drop_build_command: bool,
    /// The plan includes bytecode, so wrangler must not exclude it.
    pub(super) holds_bytecode: bool,
    /// The directory of the user's configuration, absolute.
    pub(super) directory: &'a Utf8Path,
}

/// The edits, in the order in which they are to be applied.
pub(super) fn plan(document: &Value, keys: &PathKeys, staged: &Staged<'_>) -> Vec<Edit> {
    let top = KeyPath::default();
    let environments: Vec<KeyPath> = environments(document).map(|name| KeyPath::of(&["env", name])).collect();
    let mut edits = main(document, &environments, staged);
    for scope in std::iter::once(&top).chain(&environments) {
        edits.extend(base_dir(document, scope));
        edits.extend(rules(document, scope, staged.glob_prefix));
        edits.extend(python_modules(document, scope, staged));
        if staged.drop_build_command {
            edits.extend(build_command(document, scope));
        }
        edits.extend(repoint(document, scope, keys, staged.directory));
        edits.extend(repoint(document, &scope.then("previews"), keys, staged.directory));
    }
    edits
}

fn environments(document: &Value) -> impl Iterator<Item = &str> {
    document
        .get("env")
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
        .filter(|(_, environment)| environment.is_object())
        .map(|(name, _)| name.as_str())
}

/// Replaces `main` wherever it is set. If the active environment has none (the script was given on the command line),
/// it is added where that environment looks first.
fn main(document: &Value, environments: &[KeyPath], staged: &Staged<'_>) -> Vec<Edit> {
    let set = |at| Edit { at, change: Change::Set(Value::from(staged.main.as_str())) };
    let top = KeyPath::default();
    let mut edits: Vec<Edit> = std::iter::once(&top)
        .chain(environments)
        .map(|scope| scope.then("main"))
        .filter(|at| at.find(document).is_some())
        .map(set)
        .collect();
    let active = staged
        .environment
        .map(|name| KeyPath::of(&["env", name]))
        .filter(|scope| environments.contains(scope))
        .unwrap_or_default();
    let seen = [top.then("main"), active.then("main")];
    if !seen.iter().any(|at| at.find(document).is_some()) {
        edits.push(set(active.then("main")));
    }
    edits
}

/// The stage's module root is main's directory.
fn base_dir(document: &Value, scope: &KeyPath) -> Option<Edit> {
    let at = scope.then("base_dir");
    at.find(document)?;
    Some(Edit { at, change: Change::Remove })
}

/// The module root moved above the source, and the users' globs are relative to it.
fn rules(document: &Value, scope: &KeyPath, prefix: &str) -> Vec<Edit> {
    let at = scope.then("rules");
    let mut edits = Vec::new();
    for (index, rule) in at.find(document).and_then(Value::as_array).into_iter().flatten().enumerate() {
        let globs = rule.get("globs").and_then(Value::as_array).into_iter().flatten();
        for (number, glob) in globs.enumerate().filter_map(|(number, glob)| Some((number, glob.as_str()?))) {
            let moved = reroot(glob, prefix);
            if moved != glob {
                edits.push(Edit {
                    at: at.at(index).then("globs").at(number),
                    change: Change::Set(Value::String(moved)),
                });
            }
        }
    }
    edits
}

/// Excludes the token from the upload. An environment without the key inherits the top level's and needs no edit.
fn python_modules(document: &Value, scope: &KeyPath, staged: &Staged<'_>) -> Vec<Edit> {
    let mut ours = vec![TOKEN_PATTERN, MARKER_PATTERN];
    if !staged.holds_bytecode {
        ours.push(BYTECODE_PATTERN);
    }
    let table = scope.then("python_modules");
    let list = table.then("exclude");
    match (table.find(document), list.find(document)) {
        (None, _) if scope.0.is_empty() => {
            vec![Edit { at: table, change: Change::Set(json!({ "exclude": ours })) }]
        }
        (Some(Value::Object(_)), None) => vec![Edit { at: list, change: Change::Set(json!(ours)) }],
        (_, Some(Value::Array(theirs))) => ours
            .into_iter()
            .filter(|pattern| !theirs.iter().any(|theirs| theirs == pattern))
            .map(|pattern| Edit { at: list.clone(), change: Change::Append(pattern.to_owned()) })
            .collect(),
        _ => Vec::new(),
    }
}

/// `build.upload` stays, so that wrangler still warns that it ignores it; `watch_dir` is edited like any other path.
fn build_command(document: &Value, scope: &KeyPath) -> Vec<Edit> {
    ["command", "cwd"]
        .into_iter()
        .map(|key| scope.then("build").then(key))
        .filter(|at| at.find(document).is_some())
        .map(|at| Edit { at, change: Change::Remove })
        .collect()
}
