//! The uv settings that hold for the project, made to hold for a workspace elsewhere.
//!
//! Receives the project's root; hands on one `[tool.uv]` table with every relative path made absolute and every workspace
//! source turned into a path. Must never change what the settings mean, and never read the user's or the system's
//! `uv.toml`: those reach the workspace by themselves.

use crate::error::{Error, Kind, Location, Place, Result};
use crate::project::resolve;
use crate::python;
use camino::{Utf8Path, Utf8PathBuf};
use toml_edit::{DocumentMut, InlineTable, Item, Table, TableLike, Value};

/// Settings about the project as a project, which say nothing about resolving its requirements elsewhere.
const ABOUT_THE_PROJECT: [&str; 9] = [
    "workspace",
    "dev-dependencies",
    "default-groups",
    "dependency-groups",
    "package",
    "managed",
    "build-backend",
    "conflicts",
    "cache-dir",
];

/// What uv would apply when it is started in `root`: the nearest `uv.toml`, or `pyproject.toml` with a `[tool.uv]`, at or
/// above it, and the sources of the project itself.
///
/// # Errors
/// `Kind::ConfigSyntax` for a file that uv could not read either, `Kind::ConfigInvalid` for a workspace source that names
/// no member.
pub(crate) fn effective(root: &Utf8Path) -> Result<Table> {
    let mut settings = Table::new();
    for directory in root.ancestors() {
        let uv_toml = directory.join("uv.toml");
        let found = if uv_toml.is_file() {
            Some(document(&uv_toml)?.as_table().clone())
        } else {
            tool_uv(&directory.join("pyproject.toml"))?
        };
        if let Some(found) = found {
            settings = found;
            absolute_paths(&mut settings, directory);
            break;
        }
    }
    for key in ABOUT_THE_PROJECT {
        settings.remove(key);
    }
    // Sources live in pyproject.toml only, and the project's own count even where a uv.toml holds the settings.
    settings.remove("sources");
    if let Some(sources) = sources(root)? {
        settings.insert("sources", Item::Table(sources));
    }
    Ok(settings)
}

fn document(path: &Utf8Path) -> Result<DocumentMut> {
    let text = fs_err::read_to_string(path).map_err(|error| Error::unreadable(&error))?;
    text.parse().map_err(|error: toml_edit::TomlError| {
        Error::new(Kind::ConfigSyntax, format!("`{path}` is not valid TOML: {}", error.message()), "correct the file")
            .with_location(Location::new(Place::File, path.as_str()))
    })
}

fn tool_uv(pyproject: &Utf8Path) -> Result<Option<Table>> {
    if !pyproject.is_file() {
        return Ok(None);
    }
    let document = document(pyproject)?;
    Ok(document.get("tool").and_then(|tool| tool.get("uv")).and_then(|uv| uv.clone().into_table().ok()))
}

/// Texts that are paths unless they are URLs.
fn absolute_paths(settings: &mut Table, base: &Utf8Path) {
    for key in ["index-url", "extra-index-url", "find-links"] {
        match settings.get_mut(key) {
            Some(Item::Value(Value::Array(array))) => array.iter_mut().for_each(|value| absolute(value, base)),
            Some(Item::Value(value)) => absolute(value, base),
            Some(_) | None => {}
        }
    }
    match settings.get_mut("index") {
        Some(Item::ArrayOfTables(indexes)) => {
            for index in indexes.iter_mut() {
                if let Some(Item::Value(value)) = index.get_mut("url") {
                    absolute(value, base);
                }
            }
        }
        Some(Item::Value(Value::Array(indexes))) => {
            for index in indexes.iter_mut() {
                if let Some(value) = index.as_inline_table_mut().and_then(|index| index.get_mut("url")) {
                    absolute(value, base);
                }
            }
        }
        Some(_) | None => {}
    }
}

fn absolute(value: &mut Value, base: &Utf8Path) {
    if let Some(text) = value.as_str()
        && !text.contains("://")
    {
        *value = resolve(base, text).as_str().into();
    }
}

/// `[tool.uv.sources]` of the project and, for names it does not have, of its workspace's root.
fn sources(root: &Utf8Path) -> Result<Option<Table>> {
    let workspace = workspace(root)?;
    let mut all = Table::new();
    let workspace_root = workspace.as_ref().map(|workspace| workspace.root.clone());
    for directory in workspace_root.iter().map(Utf8PathBuf::as_path).filter(|other| *other != root).chain([root]) {
        let Some(settings) = tool_uv(&directory.join("pyproject.toml"))? else { continue };
        let Some(table) = settings.get("sources").and_then(Item::as_table_like) else { continue };
        for (name, source) in table.iter() {
            let mut source = source.clone();
            source.make_value();
            match &mut source {
                Item::Value(Value::InlineTable(one)) => one_source(name, one, directory, workspace.as_ref())?,
                Item::Value(Value::Array(many)) => {
                    for one in many.iter_mut().filter_map(Value::as_inline_table_mut) {
                        one_source(name, one, directory, workspace.as_ref())?;
                    }
                }
                _ => {}
            }
            all.insert(name, source);
        }
    }
    Ok((!all.is_empty()).then_some(all))
}

fn one_source(name: &str, source: &mut InlineTable, base: &Utf8Path, workspace: Option<&Workspace>) -> Result<()> {
    if let Some(path) = source.get_mut("path") {
        absolute(path, base);
    }
    if source.get("workspace").and_then(Value::as_bool) == Some(true) {
        let member = workspace.and_then(|workspace| workspace.member(name)).ok_or_else(|| {
            Error::new(
                Kind::ConfigInvalid,
                format!("`tool.uv.sources.{name}` is a workspace source, and no member of the workspace has that name"),
                "add the member to `tool.uv.workspace.members`, or correct the name",
            )
            .with_location(Location::new(Place::File, base.join("pyproject.toml").as_str()))
        })?;
        source.remove("workspace");
        source.insert("path", member.as_str().into());
    }
    Ok(())
}

/// The uv workspace that a project is part of.
struct Workspace {
    root: Utf8PathBuf,
    /// Normalised name and directory of each member.
    members: Vec<(String, Utf8PathBuf)>,
}

impl Workspace {
    fn member(&self, name: &str) -> Option<&Utf8Path> {
        let name = python::normalize(name);
        self.members.iter().find(|(member, _)| *member == name).map(|(_, directory)| directory.as_path())
    }
}

/// The nearest `[tool.uv.workspace]` at or above the project, with its members.
fn workspace(root: &Utf8Path) -> Result<Option<Workspace>> {
    for directory in root.ancestors() {
        let Some(settings) = tool_uv(&directory.join("pyproject.toml"))? else { continue };
        let Some(table) = settings.get("workspace").and_then(Item::as_table_like) else { continue };
        let mut members = Vec::new();
        for member in std::iter::once(directory.to_owned()).chain(member_directories(directory, table)) {
            let pyproject = member.join("pyproject.toml");
            if pyproject.is_file()
                && let Some(name) =
                    document(&pyproject)?.get("project").and_then(|project| project.get("name")).and_then(Item::as_str)
            {
                members.push((python::normalize(name), member));
            }
        }
        return Ok(Some(Workspace { root: directory.to_owned(), members }));
    }
    Ok(None)
}

/// The directories that `members` name, less those that `exclude` names. uv's globs stay within one level per `*`.
fn member_directories(root: &Utf8Path, workspace: &dyn TableLike) -> Vec<Utf8PathBuf> {
    let globs = |key: &str| {
        let mut set = globset::GlobSetBuilder::new();
        let mut depth = 0;
        for pattern in workspace.get(key).and_then(Item::as_array).into_iter().flatten().filter_map(Value::as_str) {
            let pattern = pattern.trim_start_matches("./").trim_end_matches('/');
            depth = depth.max(if pattern.contains("**") { 8 } else { pattern.split('/').count() });
            if let Ok(glob) = globset::GlobBuilder::new(pattern).literal_separator(true).build() {
                set.add(glob);
            }
        }
        (set.build().unwrap_or_default(), depth)
    };
    let ((members, depth), (exclude, _)) = (globs("members"), globs("exclude"));
    walkdir::WalkDir::new(root)
        .min_depth(1)
        .max_depth(depth)
        .sort_by_file_name()
        .into_iter()
        .filter_entry(|entry| {
            entry.file_type().is_dir()
                && !entry.file_name().to_str().is_none_or(|name| name.starts_with('.') || name == "node_modules")
        })
        .flatten()
        .filter_map(|entry| Utf8PathBuf::from_path_buf(entry.into_path()).ok())
        .filter(|directory| {
            directory.strip_prefix(root).is_ok_and(|inside| members.is_match(inside) && !exclude.is_match(inside))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(files: &[(&str, &str)]) -> (tempfile::TempDir, Utf8PathBuf) {
        let dir = tempfile::tempdir().unwrap();
        let root = Utf8PathBuf::from_path_buf(dir.path().canonicalize().unwrap()).unwrap();
        for (name, text) in files {
            let path = root.join(name);
            fs_err::create_dir_all(path.parent().unwrap()).unwrap();
            fs_err::write(path, text).unwrap();
        }
        (dir, root)
    }

    /// As it stands in the workspace's `pyproject.toml`.
    fn shown(root: &Utf8Path, below: &str) -> String {
        let mut document = DocumentMut::new();
        let mut tool = Table::new();
        tool.set_implicit(true);
        tool["uv"] = Item::Table(effective(&root.join(below)).unwrap());
        document["tool"] = Item::Table(tool);
        let text = document.to_string();
        text.parse::<DocumentMut>().unwrap();
        text.replace(root.as_str(), "ROOT")
    }

    #[test]
    fn relative_paths_become_absolute_and_what_is_about_the_project_stays_behind() {
        let (_dir, root) = tree(&[(
            "app/pyproject.toml",
            "[tool.uv]\nexclude-newer = \"2026-01-01\"\npackage = false\nfind-links = [\"wheels\", \"https://example.test/w\"]\n\
             [[tool.uv.index]]\nurl = \"./index\"\n[tool.uv.sources]\nlib = { path = \"../lib\" }\ngit = { git = \"https://example.test/g\" }\n",
        )]);
        insta::assert_snapshot!(shown(&root, "app"), @r#"
        [tool.uv]
        exclude-newer = "2026-01-01"
        find-links = ["ROOT/app/wheels", "https://example.test/w"]
        [[tool.uv.index]]
        url = "ROOT/app/index"

        [tool.uv.sources]
        lib = { path = "ROOT/lib" }
        git = { git = "https://example.test/g" }
        "#);
    }

    #[test]
    fn a_uv_toml_beats_the_table_beside_it_and_the_sources_stay() {
        let (_dir, root) = tree(&[
            (
                "pyproject.toml",
                "[tool.uv]\nexclude-newer = \"2020-01-01\"\n[tool.uv.sources]\nlib = { path = \"lib\" }\n",
            ),
            ("uv.toml", "exclude-newer = \"2026-01-01\"\n"),
        ]);
        insta::assert_snapshot!(shown(&root, ""), @r#"
        [tool.uv]
        exclude-newer = "2026-01-01"

        [tool.uv.sources]
        lib = { path = "ROOT/lib" }
        "#);
    }

    #[test]
    fn settings_come_from_an_ancestor_and_a_workspace_source_becomes_a_path() {
        let (_dir, root) = tree(&[
            (
                "pyproject.toml",
                "[project]\nname = \"root\"\n[tool.uv]\nprerelease = \"allow\"\n[tool.uv.workspace]\nmembers = [\"packages/*\"]\n[tool.uv.sources]\nshared-lib = { workspace = true }\n",
            ),
            ("packages/shared/pyproject.toml", "[project]\nname = \"shared_lib\"\n"),
            ("packages/app/pyproject.toml", "[project]\nname = \"app\"\n"),
        ]);
        insta::assert_snapshot!(shown(&root, "packages/app"), @r#"
        [tool.uv]
        prerelease = "allow"

        [tool.uv.sources]
        shared-lib = { path = "ROOT/packages/shared" }
        "#);
    }

    #[test]
    fn a_workspace_source_without_a_member_is_refused() {
        let (_dir, root) = tree(&[("pyproject.toml", "[tool.uv.sources]\nghost = { workspace = true }\n")]);
        assert_eq!(effective(&root).unwrap_err().kind, Kind::ConfigInvalid);
    }
}
