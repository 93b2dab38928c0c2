//! Copies the project's `[tool.uv.sources]` to the sync workspace, with absolute paths and workspace sources as paths.
//!
//! `editable` is kept as it is: two requirements of one distribution must agree on it, and some are in files we do not
//! write. The sync itself prevents editable installs.

use super::uv_workspace::{self, Workspace, tool_uv};
use crate::error::{Error, ErrorKind, Location, LocationKind, Result};
use crate::project::requirements::{Requirement, Section};
use crate::project::resolve;
use crate::python;
use camino::{Utf8Path, Utf8PathBuf};
use std::collections::{BTreeMap, BTreeSet};
use toml_edit::{InlineTable, Item, Table, Value};

/// The selected requirements by normalised name, each with the lists that contain it.
pub(super) type Wanted = BTreeMap<String, BTreeSet<Section>>;

pub(super) fn wanted(entries: &[Requirement]) -> Wanted {
    let mut wanted = Wanted::new();
    for entry in entries {
        if let Some(name) = &entry.name {
            wanted.entry(name.clone()).or_default().insert(entry.section.clone());
        }
    }
    wanted
}

/// The sources of the selected requirements: the project's own, then those of its workspace's root. Sources for an
/// extra or group apply if the requirement comes from it; the result has no such conditions. Errors: `ConfigInvalid`
/// for a workspace source that names no member.
pub(super) fn of(directory: &Utf8Path, workspace: Option<&Workspace>, wanted: &Wanted) -> Result<Option<Table>> {
    let mut all = Table::new();
    for (name, source, base) in declared(directory, workspace)? {
        let Some(sections) = wanted.get(&python::normalize(&name)) else { continue };
        let mut kept = Vec::new();
        for mut one in tables(&source).filter(|one| applies(one, sections)) {
            make_absolute(&name, &mut one, &base, workspace)?;
            for key in ["extra", "group"] {
                one.remove(key);
            }
            one.fmt();
            kept.push(one);
        }
        match kept.len() {
            0 => {}
            1 => drop(all.insert(&name, Item::Value(Value::InlineTable(kept.remove(0))))),
            _ => drop(all.insert(&name, Item::Value(Value::Array(kept.into_iter().collect())))),
        }
    }
    Ok((!all.is_empty()).then_some(all))
}

/// The directories and files that the sources of a local source name, because uv takes its requirements from there in
/// turn. Empty if uv could not read it.
pub(super) fn local(directory: &Utf8Path) -> Vec<Utf8PathBuf> {
    let workspace = uv_workspace::find(directory).ok().flatten();
    let declared = declared(directory, workspace.as_ref()).unwrap_or_default();
    let paths = declared.iter().flat_map(|(name, source, base)| {
        tables(source).filter_map(|mut one| {
            make_absolute(name, &mut one, base, workspace.as_ref()).ok()?;
            Some(Utf8PathBuf::from(one.get("path")?.as_str()?))
        })
    });
    paths.collect()
}

/// Every source with its name as written and the base directory of its paths; one per name.
fn declared(directory: &Utf8Path, workspace: Option<&Workspace>) -> Result<Vec<(String, Item, Utf8PathBuf)>> {
    let mut all: BTreeMap<String, (String, Item, Utf8PathBuf)> = BTreeMap::new();
    let above = workspace.map(|workspace| workspace.root.as_path()).filter(|root| *root != directory);
    for base in above.into_iter().chain([directory]) {
        let Some(settings) = tool_uv(&base.join("pyproject.toml"))? else { continue };
        let Some(table) = settings.get("sources").and_then(Item::as_table_like) else { continue };
        for (name, source) in table.iter() {
            all.insert(python::normalize(name), (name.to_owned(), source.clone(), base.to_owned()));
        }
    }
    Ok(all.into_values().collect())
}

/// A source is a table or a list of tables, in any TOML notation.
fn tables(source: &Item) -> impl Iterator<Item = InlineTable> {
    let mut value = source.clone();
    value.make_value();
    let many = match value {
        Item::Value(Value::InlineTable(one)) => vec![Value::InlineTable(one)],
        Item::Value(Value::Array(many)) => many.into_iter().collect(),
        _ => Vec::new(),
    };
    many.into_iter().filter_map(|value| match value {
        Value::InlineTable(mut one) => {
            one.decor_mut().clear();
            Some(one)
        }
        _ => None,
    })
}

fn applies(source: &InlineTable, sections: &BTreeSet<Section>) -> bool {
    let named = |key: &str| source.get(key).and_then(Value::as_str).map(python::normalize);
    named("extra").is_none_or(|extra| sections.contains(&Section::Extra(extra)))
        && named("group").is_none_or(|group| sections.contains(&Section::Group(group)))
}

fn make_absolute(name: &str, source: &mut InlineTable, base: &Utf8Path, workspace: Option<&Workspace>) -> Result<()> {
    if let Some(path) = source.get_mut("path") {
        absolute(path, base);
    }
    if source.get("workspace").and_then(Value::as_bool) == Some(true) {
        let member = workspace.and_then(|workspace| workspace.member(name)).ok_or_else(|| {
            Error::new(
                ErrorKind::ConfigInvalid,
                format!("`tool.uv.sources.{name}` is a workspace source, and no member of the workspace has that name"),
                "add the member to `tool.uv.workspace.members`, or correct the name",
            )
            .with_location(Location::new(LocationKind::File, base.join("pyproject.toml").as_str()))
        })?;
        source.remove("workspace");
        source.insert("path", member.as_str().into());
        if !source.contains_key("editable") && is_package(member)? {
            source.insert("editable", true.into()); // as members are to each other, unless they say otherwise
        }
    }
    Ok(())
}

/// Whether a member is installed itself, not only its requirements.
fn is_package(member: &Utf8Path) -> Result<bool> {
    let settings = tool_uv(&member.join("pyproject.toml"))?;
    Ok(settings.as_ref().and_then(|settings| settings.get("package")).and_then(Item::as_bool) != Some(false))
}

/// A value that is a path unless it is a URL.
pub(super) fn absolute(value: &mut Value, base: &Utf8Path) {
    if let Some(text) = value.as_str()
        && !text.contains("://")
    {
        *value = resolve(base, text).as_str().into();
    }
}
