//! Copies the project's uv settings into a `[tool.uv]` table for the sync workspace, with relative paths made absolute.
//!
//! Does not read the user's or the system's `uv.toml`: uv applies those to the workspace itself.

use super::uv_sources::{self, Wanted, absolute};
use super::uv_workspace::{self, document, tool_uv};
use crate::error::Result;
use camino::Utf8Path;
use toml_edit::{ArrayOfTables, Item, Table, Value, value};

/// Settings about the project itself, which do not affect resolving its requirements elsewhere.
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

/// The settings that uv would apply in `root`: the nearest `uv.toml`, or `pyproject.toml` with a `[tool.uv]`, at or
/// above it (for a member of a workspace: at or above the workspace's root), and the sources of the project itself.
///
/// # Errors
/// `ErrorKind::ConfigSyntax` for a file that uv could not read either, `ErrorKind::ConfigInvalid` for a workspace
/// source that names no member.
pub(crate) fn effective(root: &Utf8Path, wanted: &Wanted) -> Result<Table> {
    let workspace = uv_workspace::find(root)?;
    let from = workspace.as_ref().map_or(root, |workspace| &workspace.root);
    let mut settings = Table::new();
    for directory in from.ancestors() {
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
    // Sources are in pyproject.toml only. The project's own apply even if the settings come from a uv.toml.
    settings.remove("sources");
    if let Some(sources) = uv_sources::of(root, workspace.as_ref(), wanted)? {
        for directory in [from, root] {
            named_indexes(&mut settings, &sources, directory)?;
        }
        settings.insert("sources", Item::Table(sources));
    }
    Ok(settings)
}

/// Settings whose value is a path unless it is a URL.
fn absolute_paths(settings: &mut Table, base: &Utf8Path) {
    if let Some(Item::Table(pip)) = settings.get_mut("pip") {
        absolute_paths(pip, base);
    }
    for key in ["index-url", "extra-index-url", "find-links"] {
        match settings.get_mut(key) {
            Some(Item::Value(Value::Array(array))) => array.iter_mut().for_each(|value| absolute(value, base)),
            Some(Item::Value(value)) => absolute(value, base),
            Some(_) | None => {}
        }
    }
    if settings.contains_key("index") {
        let mut indexes = take_indexes(settings);
        for index in indexes.iter_mut() {
            if let Some(Item::Value(value)) = index.get_mut("url") {
                absolute(value, base);
            }
        }
        settings.insert("index", Item::ArrayOfTables(indexes));
    }
}

/// `[[tool.uv.index]]`, in whichever form it is written.
fn take_indexes(settings: &mut Table) -> ArrayOfTables {
    settings.remove("index").and_then(|item| item.into_array_of_tables().ok()).unwrap_or_default()
}

/// Indexes that sources name are looked up in the project's own `pyproject.toml` first, wherever the settings come
/// from, and are used for those sources only.
fn named_indexes(settings: &mut Table, sources: &Table, directory: &Utf8Path) -> Result<()> {
    let Some(mut own) = tool_uv(&directory.join("pyproject.toml"))? else { return Ok(()) };
    absolute_paths(&mut own, directory);
    let named: Vec<&str> = sources.iter().flat_map(|(_, source)| index_names(source)).collect();
    let mut all = take_indexes(settings);
    for mut index in take_indexes(&mut own) {
        let name = index.get("name").and_then(Item::as_str).map(str::to_owned);
        let Some(name) = name.filter(|name| named.contains(&name.as_str())) else { continue };
        let same_name = |other: &Table| other.get("name").and_then(Item::as_str) == Some(name.as_str());
        let at = all.iter().position(same_name);
        match (at, index.remove("url")) {
            (_, None) => {}
            (Some(at), Some(url)) => drop(all.get_mut(at).map(|other| other.insert("url", url))),
            (None, Some(url)) => {
                index.insert("url", url);
                index.insert("explicit", value(true));
                all.push(index);
            }
        }
    }
    if !all.is_empty() {
        settings.insert("index", Item::ArrayOfTables(all));
    }
    Ok(())
}

fn index_names(source: &Item) -> impl Iterator<Item = &str> {
    let one = source.as_inline_table().into_iter();
    let many = source.as_array().into_iter().flatten().filter_map(Value::as_inline_table);
    one.chain(many).filter_map(|table| table.get("index")).filter_map(Value::as_str)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;
    use crate::project::requirements::Section;
    use camino::Utf8PathBuf;
    use toml_edit::DocumentMut;

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

    /// As written to the workspace's `pyproject.toml`.
    fn shown(root: &Utf8Path, below: &str, names: &[&str]) -> String {
        shown_of(root, below, &wanted(names))
    }

    fn wanted(names: &[&str]) -> Wanted {
        names.iter().map(|name| ((*name).to_owned(), [Section::Dependencies].into())).collect()
    }

    fn shown_of(root: &Utf8Path, below: &str, wanted: &Wanted) -> String {
        let mut document = DocumentMut::new();
        let mut tool = Table::new();
        tool.set_implicit(true);
        tool["uv"] = Item::Table(effective(&root.join(below), wanted).unwrap());
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
        insta::assert_snapshot!(shown(&root, "app", &["lib", "git"]), @r#"
        [tool.uv]
        exclude-newer = "2026-01-01"
        find-links = ["ROOT/app/wheels", "https://example.test/w"]
        [[tool.uv.index]]
        url = "ROOT/app/index"

        [tool.uv.sources]
        git = { git = "https://example.test/g" }
        lib = { path = "ROOT/lib" }
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
        insta::assert_snapshot!(shown(&root, "", &["lib"]), @r#"
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
        insta::assert_snapshot!(shown(&root, "packages/app", &["shared-lib"]), @r#"
        [tool.uv]
        prerelease = "allow"

        [tool.uv.sources]
        shared-lib = { path = "ROOT/packages/shared", editable = true }
        "#);
    }

    #[test]
    fn a_workspace_source_without_a_member_is_refused() {
        let (_dir, root) = tree(&[("pyproject.toml", "[tool.uv.sources]\nghost = { workspace = true }\n")]);
        assert_eq!(effective(&root, &wanted(&["ghost"])).unwrap_err().kind, ErrorKind::ConfigInvalid);
        // uv only reads the sources of packages that are required.
        assert!(effective(&root, &wanted(&["other"])).is_ok());
    }

    #[test]
    fn a_member_of_a_workspace_has_the_settings_of_its_root_and_its_own_sources_and_indexes() {
        let (_dir, root) = tree(&[
            (
                "pyproject.toml",
                "[tool.uv]\nprerelease = \"allow\"\nworkspace = { members = [\"packages/*\"] }\nindex = [{ name = \"all\", url = \"all\" }]\n\
                 [tool.uv.sources]\nx = { index = \"all\" }\ny = { path = \"y\" }\n",
            ),
            (
                "packages/app/pyproject.toml",
                "[project]\nname = \"app\"\n[tool.uv]\nprerelease = \"disallow\"\n[[tool.uv.index]]\nname = \"mine\"\nurl = \"wheels\"\n\
                 [[tool.uv.index]]\nname = \"unused\"\nurl = \"other\"\n[tool.uv.sources]\nY = { path = \"../y\", editable = true }\n\
                 z = { index = \"mine\", marker = \"sys_platform == 'emscripten'\" }\n",
            ),
        ]);
        insta::assert_snapshot!(shown(&root, "packages/app", &["x", "y", "z"]), @r#"
        [tool.uv]
        prerelease = "allow"

        [[tool.uv.index]]
        name = "all"
        url = "ROOT/all"
        [[tool.uv.index]]
        name = "mine"
        url = "ROOT/packages/app/wheels"
        explicit = true

        [tool.uv.sources]
        x = { index = "all" }
        Y = { path = "ROOT/packages/y", editable = true }
        z = { index = "mine", marker = "sys_platform == 'emscripten'" }
        "#);
    }

    #[test]
    fn a_member_stays_editable_unless_it_says_otherwise_so_that_all_who_require_it_agree() {
        let (_dir, root) = tree(&[
            (
                "pyproject.toml",
                "[project]\nname = \"w\"\n[tool.uv.workspace]\nmembers = [\"*\"]\n[tool.uv.sources]\na = { workspace = true }\n\
                 b = { workspace = true, editable = false }\nc = { workspace = true }\nd = { path = \"d\", editable = true }\n",
            ),
            ("a/pyproject.toml", "[project]\nname = \"a\"\n"),
            ("b/pyproject.toml", "[project]\nname = \"b\"\n"),
            ("c/pyproject.toml", "[project]\nname = \"c\"\n[tool.uv]\npackage = false\n"),
        ]);
        let text = shown(&root, "", &["a", "b", "c", "d"]);
        let sources: Vec<&str> = text.lines().filter(|line| line.contains("ROOT")).collect();
        assert_eq!(
            sources,
            [
                "a = { path = \"ROOT/a\", editable = true }",
                "b = { editable = false, path = \"ROOT/b\" }",
                "c = { path = \"ROOT/c\" }",
                "d = { path = \"ROOT/d\", editable = true }",
            ]
        );
    }

    #[test]
    fn a_source_for_one_extra_or_group_counts_where_the_requirement_is_from_it() {
        let (_dir, root) = tree(&[(
            "pyproject.toml",
            "[tool.uv.sources]\nlib = [{ path = \"a\", extra = \"Web_API\" }, { path = \"b\", extra = \"cli\" }, { path = \"c\", group = \"run\" }]\n",
        )]);
        let of = |section: Section| {
            shown_of(&root, "", &[("lib".to_owned(), [section].into())].into())
                .lines()
                .last()
                .unwrap_or_default()
                .to_owned()
        };
        assert_eq!(of(Section::Extra("web-api".to_owned())), "lib = { path = \"ROOT/a\" }");
        assert_eq!(of(Section::Group("run".to_owned())), "lib = { path = \"ROOT/c\" }");
        assert!(!of(Section::Dependencies).contains("lib"));
    }

    #[test]
    fn the_settings_of_the_pip_interface_are_made_absolute_too() {
        let (_dir, root) = tree(&[("pyproject.toml", "[tool.uv.pip]\nfind-links = [\"wheels\"]\n")]);
        assert!(shown(&root, "", &[]).contains("find-links = [\"ROOT/wheels\"]"));
    }
}
