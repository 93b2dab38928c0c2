//! The sync workspace: a generated project in which `pywrangler sync` resolves the user's requirements.
//!
//! It does not depend on the location of the user's project. It always contains `[tool.uv]`, because uv would otherwise
//! use that table from a parent directory.

use super::key::Key;
use super::{lock, uv_settings, uv_sources};
use crate::env::Environment;
use crate::error::{Error, ErrorKind, Result};
use crate::project::requirements::{self, Requirement};
use crate::project::{Project, Target};
use crate::tools::{Toolchain, is_older_than, minimums};
use camino::{Utf8Path, Utf8PathBuf};
use std::collections::{BTreeMap, BTreeSet};
use toml_edit::{Array, ArrayOfTables, DocumentMut, Item, Table, value};

/// Increment whenever the generated files change.
const LAYOUT: &str = "saddlebag-workspace-3";

/// A workspace that is not written yet.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) key: String,
    pub(super) python: String,
    /// For display: `14 requirements`.
    pub(super) what: String,
    /// One-line notices for the user.
    pub(super) remark: Option<String>,
    wrangler: String,
    pyproject: String,
    /// Whether to look for alternatives after a failure.
    pub(super) wants_alternatives: bool,
    /// The project's lock.
    pub(super) seed: Option<Utf8PathBuf>,
    seed_text: Option<String>,
    /// Whether to prefer the versions in the lock.
    seeded: bool,
}

impl Plan {
    /// Whether a source is fetched over ssh, which may ask for a passphrase.
    pub(super) fn fetches_by_ssh(&self) -> bool {
        ["ssh://", "git@"].iter().any(|sign| self.pyproject.contains(sign))
    }
}

/// # Errors
/// Files of the project that cannot be read, and uv settings that make no sense.
///
/// `relock`: the lock will be rewritten. A lock for another target is then ignored, because its versions were chosen by
/// other wheels.
pub(super) fn plan(project: &Project, target: &Target, toolchain: &Toolchain, relock: bool) -> Result<Plan> {
    let requirements = &project.requirements;
    let wrangler = wrangler_toml(&target.python, &target.flag);
    let pyproject = pyproject(project)?;
    let seed = ["pylock.runtime.toml", "pylock.toml"]
        .map(|name| project.root.join(name))
        .into_iter()
        .find(|path| path.is_file());
    let seed_text =
        seed.as_deref().map(fs_err::read_to_string).transpose().map_err(|error| Error::unreadable(&error))?;

    let is_stale = |text: &String| lock::made_for(text, &target.python, &BTreeMap::new()).is_some();
    let seeded = seed_text.as_ref().is_some_and(|text| !(relock && is_stale(text)));

    let mut key = Key::new(LAYOUT);
    key.part("wrangler", wrangler.as_bytes());
    key.part("pyproject", pyproject.as_bytes());
    key.part("seed", seed_text.as_deref().filter(|_| seeded).unwrap_or_default().as_bytes());
    key.part("pywrangler", toolchain.pywrangler.version.as_deref().unwrap_or_default().as_bytes());
    key.part("uv", toolchain.uv.as_ref().and_then(|uv| uv.version.as_deref()).unwrap_or_default().as_bytes());
    key.environment(&toolchain.environment);
    for path in uv_configuration(&toolchain.environment) {
        key.file(&path)?;
    }
    for source in local_sources(&pyproject, &requirements.entries) {
        key.local_source(&source)?;
    }
    Ok(Plan {
        key: key.finish(),
        python: target.python.clone(),
        what: crate::format::count(requirements.entries.len(), "requirement"),
        remark: unread_sources(&pyproject, toolchain),
        wants_alternatives: true,
        wrangler,
        pyproject,
        seed,
        seed_text,
        seeded,
    })
}

impl Plan {
    /// The text of its `pyproject.toml`.
    pub(super) fn pyproject(&self) -> &str {
        &self.pyproject
    }

    /// The project's lock.
    pub(super) fn seed_text(&self) -> Option<&str> {
        self.seed_text.as_deref()
    }

    /// Whether to prefer the versions in the lock.
    pub(super) fn is_seeded(&self) -> bool {
        self.seeded
    }

    /// The same requirements for another Python, without the lock, which is for this one.
    pub(super) fn elsewhere(&self, python: &str, flag: &str) -> Self {
        Self {
            key: String::new(),
            python: python.to_owned(),
            what: self.what.clone(),
            remark: None,
            wants_alternatives: false,
            wrangler: wrangler_toml(python, flag),
            pyproject: self.pyproject.clone(),
            seed: None,
            seed_text: None,
            seeded: false,
        }
    }
}

/// Writes the workspace into its own directory.
pub(super) fn write(directory: &Utf8Path, plan: &Plan) -> std::io::Result<()> {
    fs_err::create_dir_all(directory)?;
    fs_err::write(directory.join("wrangler.toml"), &plan.wrangler)?;
    fs_err::write(directory.join("pyproject.toml"), &plan.pyproject)?;
    match plan.seed_text.as_ref().filter(|_| plan.seeded) {
        Some(text) => fs_err::write(directory.join("pylock.toml"), text),
        None => Ok(()),
    }
}

/// pywrangler takes the Python from the date and flags at the top level of a `wrangler.toml`, and does not support
/// disable flags. An old date plus the target's flags selects the Python without them.
fn wrangler_toml(python: &str, flag: &str) -> String {
    let mut document = DocumentMut::new();
    document["name"] = value("saddlebag-workspace");
    document["compatibility_date"] = value("2025-01-01");
    let known = minimums::python(python).map_or(&[][..], |row| &row.flags);
    let mut flags = vec!["python_workers", flag];
    flags.extend(known.iter().map(String::as_str));
    let mut seen = BTreeSet::new();
    flags.retain(|flag| seen.insert(*flag));
    document["compatibility_flags"] = value(Array::from_iter(flags));
    document.to_string()
}

fn pyproject(project: &Project) -> Result<String> {
    let requirements = &project.requirements;
    let mut document = DocumentMut::new();
    let texts = |entries: &[Requirement]| entries.iter().map(|entry| entry.text.as_str()).collect::<Array>();
    let mut table = Table::new();
    table["name"] = value("saddlebag-workspace");
    table["version"] = value("0");
    table["dependencies"] = value(texts(&requirements.entries));
    document["project"] = Item::Table(table);

    let mut settings = uv_settings::effective(&project.root, &uv_sources::wanted(&requirements.entries))?;
    let options = &requirements.options;
    if !requirements.constraints.is_empty() {
        append(
            &mut settings,
            "constraint-dependencies",
            requirements.constraints.iter().map(|entry| entry.text.as_str()),
        )?;
    }
    append(&mut settings, "find-links", options.find_links.iter().map(|url| url.as_str()))?;
    append(&mut settings, "allow-insecure-host", options.trusted_hosts.iter().map(String::as_str))?;
    if options.no_index {
        settings["no-index"] = value(true);
    }
    if options.pre {
        settings["prerelease"] = value("allow");
    }
    let indexes = options
        .index_url
        .iter()
        .map(|url| (url.as_str(), true))
        .chain(options.extra_index_urls.iter().map(|url| (url.as_str(), false)));
    add_indexes(&mut settings, indexes)?;
    settings.set_implicit(false); // an empty `[tool.uv]` must still be there
    let mut tool = Table::new();
    tool.set_implicit(true);
    tool["uv"] = Item::Table(settings);
    if project.pyproject.as_ref().is_some_and(|pyproject| pyproject.allow_build()) {
        let mut pywrangler = Table::new();
        pywrangler["allow-build"] = value(true);
        tool["pywrangler"] = Item::Table(pywrangler);
    }
    document["tool"] = Item::Table(tool);
    Ok(document.to_string())
}

fn append<'a>(settings: &mut Table, key: &str, texts: impl Iterator<Item = &'a str>) -> Result<()> {
    let mut texts = texts.peekable();
    if texts.peek().is_none() {
        return Ok(());
    }
    let array = settings.entry(key).or_insert_with(|| value(Array::new())).as_array_mut();
    array.ok_or_else(|| not_a_list(key))?.extend(texts);
    Ok(())
}

fn add_indexes<'a>(settings: &mut Table, indexes: impl Iterator<Item = (&'a str, bool)>) -> Result<()> {
    let mut indexes = indexes.peekable();
    if indexes.peek().is_none() {
        return Ok(());
    }
    let item = settings.entry("index").or_insert_with(|| Item::ArrayOfTables(ArrayOfTables::new()));
    if let Ok(tables) = std::mem::take(item).into_array_of_tables() {
        *item = Item::ArrayOfTables(tables); // a list of inline tables takes new ones only as tables
    }
    let tables = item.as_array_of_tables_mut().ok_or_else(|| not_a_list("index"))?;
    for (url, default) in indexes {
        let mut index = Table::new();
        index["url"] = value(url);
        if default {
            index["default"] = value(true);
        }
        tables.push(index);
    }
    Ok(())
}

fn not_a_list(key: &str) -> Error {
    Error::new(ErrorKind::ConfigInvalid, format!("`tool.uv.{key}` is not a list"), format!("write `{key}` as a list"))
}

/// The user's and the system's `uv.toml`, which apply to every workspace.
fn uv_configuration(environment: &Environment) -> Vec<Utf8PathBuf> {
    let home = environment
        .get("XDG_CONFIG_HOME")
        .map(Utf8PathBuf::from)
        .or_else(|| environment.get("HOME").map(|home| Utf8Path::new(home).join(".config")));
    let system = environment
        .get("XDG_CONFIG_DIRS")
        .unwrap_or("/etc/xdg")
        .split(':')
        .map(|dir| Utf8Path::new(dir).join("uv/uv.toml"));
    let named = environment.get("UV_CONFIG_FILE").map(Utf8PathBuf::from);
    home.map(|home| home.join("uv/uv.toml"))
        .into_iter()
        .chain(system)
        .chain(["/etc/uv/uv.toml".into()])
        .chain(named)
        .collect()
}

/// `[tool.uv.sources]` of the workspace's `pyproject.toml`.
fn sources(pyproject: &str) -> Table {
    let document = pyproject.parse::<DocumentMut>().ok();
    let item = document.as_ref().and_then(|document| document.get("tool")?.get("uv")?.get("sources"));
    item.and_then(|item| item.clone().into_table().ok()).unwrap_or_default()
}

/// Older pywranglers ignore sources, with or without saddlebag.
fn unread_sources(pyproject: &str, toolchain: &Toolchain) -> Option<String> {
    let version = toolchain.pywrangler.version.as_deref()?;
    let needed = minimums::minimum("tool.uv.sources", None);
    let sources = sources(pyproject);
    let names: Vec<String> = sources.iter().map(|(name, _)| format!("`{name}`")).collect();
    (is_older_than(version, needed) && !names.is_empty()).then(|| {
        let names = names.join(", ");
        format!("warning: pywrangler {version} does not read `[tool.uv.sources]`, which say where {names} should come from; workers-py {needed} does")
    })
}

/// The directories and files that requirements and sources point at, and those that local sources name in turn. Their
/// content affects the result.
fn local_sources(pyproject: &str, entries: &[Requirement]) -> BTreeSet<Utf8PathBuf> {
    let mut found = BTreeSet::new();
    let mut open: Vec<Utf8PathBuf> = entries.iter().filter_map(|entry| entry.local.clone()).collect();
    for (_, source) in sources(pyproject).iter() {
        let one = source.as_inline_table().into_iter();
        let many = source.as_array().into_iter().flatten().filter_map(toml_edit::Value::as_inline_table);
        let paths = one.chain(many).filter_map(|table| table.get("path")).filter_map(toml_edit::Value::as_str);
        open.extend(paths.map(Utf8PathBuf::from));
    }
    while let Some(path) = open.pop() {
        if !path.exists() || found.contains(&path) {
            continue;
        }
        if path.is_dir() {
            open.extend(uv_sources::local(&path));
            open.extend(requirements::local_dependencies(&path));
        }
        found.insert(path);
    }
    found
}
