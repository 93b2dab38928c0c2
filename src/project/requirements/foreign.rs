//! The requirements that other tools keep: Poetry, Pipenv, setuptools, and uv's lock.
//!
//! Nothing is deployed from these lists: they are read to name what they hold and to start a requirements file with.

mod setup;
mod version;

use super::declaration::{Declared, entry};
use super::requirement::Context;
use crate::project::document::{Document, decode, parse_toml};
use crate::project::paths::display;
use crate::project::pyproject::Pyproject;
use camino::Utf8Path;
use serde_json::{Map, Value};
use version::{marker, pep440};

/// Keys of a dependency's table that name its source, other than an index.
const LINKS: [&str; 4] = ["git", "path", "url", "file"];

/// The entries of every list, in the order in which `init` would start with one.
pub(super) fn all(root: &Utf8Path, pyproject: Option<&Pyproject>) -> Vec<Declared> {
    let mut found = pyproject.map(|pyproject| poetry(&pyproject.display_path(), pyproject)).unwrap_or_default();
    for (name, reads) in [
        ("Pipfile", pipfile as fn(&Context<'_>) -> Vec<Declared>),
        ("setup.cfg", setup::configuration),
        ("setup.py", setup::script),
        ("uv.lock", uv_lock),
    ] {
        let path = root.join(name);
        let display_path = display(root, &path);
        let text = fs_err::read(&path).ok().and_then(|bytes| decode(bytes, &display_path).ok());
        let Some(text) = text else { continue };
        let read = reads(&Context { display_path: &display_path, text: &text, dir: root, environment: &|_| None });
        // uv's lock repeats `pyproject.toml`.
        let is_new = |entry: &Declared| {
            name != "uv.lock"
                || !pyproject
                    .is_some_and(|pyproject| pyproject.declares(&entry.requirement.name.clone().unwrap_or_default()))
        };
        found.extend(read.into_iter().filter(is_new));
    }
    found
}

fn poetry(display_path: &str, pyproject: &Pyproject) -> Vec<Declared> {
    let Ok(document) = parse_toml(&pyproject.text, display_path) else { return Vec::new() };
    let context = Context { display_path, text: &pyproject.text, dir: pyproject.dir(), environment: &|_| None };
    let mut lists = vec![
        (vec!["dependencies".to_owned()], "tool.poetry".to_owned(), false),
        (vec!["dev-dependencies".to_owned()], "tool.poetry dev".to_owned(), true),
    ];
    let groups = document.value.pointer("/tool/poetry/group").and_then(Value::as_object);
    for name in groups.into_iter().flat_map(Map::keys) {
        let path = vec!["group".to_owned(), name.clone(), "dependencies".to_owned()];
        lists.push((path, format!("tool.poetry group {name}"), true));
    }
    let mut found = Vec::new();
    for (path, list, development) in lists {
        let path: Vec<&str> = ["tool", "poetry"].into_iter().chain(path.iter().map(String::as_str)).collect();
        found.extend(table(&context, &document, &path, Some(list), development));
    }
    found
}

fn pipfile(context: &Context<'_>) -> Vec<Declared> {
    let Ok(document) = parse_toml(context.text, context.display_path) else { return Vec::new() };
    let mut found = table(context, &document, &["packages"], None, false);
    found.extend(table(context, &document, &["dev-packages"], Some("dev-packages".to_owned()), true));
    found
}

/// The requirements that uv's lock has of the project itself.
fn uv_lock(context: &Context<'_>) -> Vec<Declared> {
    let Ok(document) = parse_toml(context.text, context.display_path) else { return Vec::new() };
    let packages = document.value["package"].as_array().cloned().unwrap_or_default();
    let is_own = |package: &Value| {
        let source = &package["source"];
        source["virtual"].as_str().or(source["editable"].as_str()) == Some(".")
    };
    let mut found = Vec::new();
    for (index, package) in packages.iter().enumerate().filter(|(_, package)| is_own(package)) {
        let required = package.pointer("/metadata/requires-dist").and_then(Value::as_array);
        for (at, required) in required.into_iter().flatten().enumerate() {
            let (index, at) = (index.to_string(), at.to_string());
            let Some(name) = required["name"].as_str().filter(|_| required["extra"].is_null()) else { continue };
            let extras = bracketed(required.get("extras"));
            let marker = required["marker"].as_str().map_or_else(String::new, |marker| format!(" ; {marker}"));
            let text = format!("{name}{extras}{}{marker}", required["specifier"].as_str().unwrap_or_default());
            let offset = document.offset(&["package", &index, "metadata", "requires-dist", &at]);
            let is_of_extra = required["marker"].as_str().is_some_and(|marker| marker.contains("extra =="));
            found.extend(entry(context, offset, &text, None, is_of_extra));
        }
    }
    found
}

/// A table of names, each with a version or a table of its own, as Poetry and Pipenv write it.
fn table(
    context: &Context<'_>,
    document: &Document,
    path: &[&str],
    list: Option<String>,
    development: bool,
) -> Vec<Declared> {
    let found = path.iter().try_fold(&document.value, |value, key| value.get(key)).and_then(Value::as_object);
    let mut entries: Vec<(usize, String, &Value)> = Vec::new();
    for (name, value) in found.into_iter().flatten().filter(|(name, _)| *name != "python") {
        let place: Vec<&str> = path.iter().copied().chain([name.as_str()]).collect();
        let offset = document.offset(&place);
        // Several, each on a condition.
        match value.as_array() {
            Some(many) => entries.extend(many.iter().map(|value| (offset, name.clone(), value))),
            None => entries.push((offset, name.clone(), value)),
        }
    }
    entries.sort_by_key(|(offset, ..)| *offset);
    let read_entry = |(offset, name, value): &(usize, String, &Value)| {
        let optional = value["optional"] == true;
        let text = requirement(name, value)?;
        entry(context, *offset, &text, list.clone(), development || optional)
    };
    entries.iter().filter_map(read_entry).collect()
}

/// PEP 508, from a name and its value in Poetry's or Pipenv's table.
fn requirement(name: &str, value: &Value) -> Option<String> {
    let Some(table) = value.as_object() else {
        return Some(format!("{name}{}", pep440(value.as_str()?).unwrap_or_default()));
    };
    let text = |key: &str| table.get(key).and_then(Value::as_str);
    let extras = bracketed(table.get("extras"));
    let source = match LINKS.into_iter().find_map(|key| text(key).map(|link| (key, link))) {
        Some(("git", url)) => {
            let revision = ["rev", "tag", "branch", "ref"].into_iter().find_map(text);
            let revision = revision.map_or_else(String::new, |revision| format!("@{revision}"));
            let below = text("subdirectory").map_or_else(String::new, |below| format!("#subdirectory={below}"));
            let scheme = if url.starts_with("git+") { "" } else { "git+" };
            format!(" @ {scheme}{url}{revision}{below}")
        }
        Some(("path", path)) if !path.starts_with(['.', '/']) => format!(" @ ./{path}"),
        Some((_, link)) => format!(" @ {link}"),
        None => pep440(text("version").unwrap_or_default()).unwrap_or_default(),
    };
    let python = text("python").and_then(marker);
    let platform = text("platform").or(text("sys_platform")).map(|platform| {
        // Pipenv writes the operator too.
        if platform.starts_with(['=', '!']) {
            format!("sys_platform {platform}")
        } else {
            format!("sys_platform == '{platform}'")
        }
    });
    let conditions: Vec<String> =
        text("markers").map(|markers| format!("({markers})")).into_iter().chain(python).chain(platform).collect();
    let condition = if conditions.is_empty() { String::new() } else { format!(" ; {}", conditions.join(" and ")) };
    Some(format!("{name}{extras}{source}{condition}"))
}

fn bracketed(extras: Option<&Value>) -> String {
    let names: Vec<&str> = extras.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect();
    if names.is_empty() { String::new() } else { format!("[{}]", names.join(",")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(found: &[Declared]) -> Vec<String> {
        let sign = |declared: &Declared| if declared.development { " dev" } else { "" };
        found
            .iter()
            .map(|declared| format!("{} {}{}", declared.place(), declared.requirement.text, sign(declared)))
            .collect()
    }

    fn project(files: &[(&str, &str)]) -> Vec<String> {
        let directory = tempfile::tempdir().unwrap();
        let root = Utf8Path::from_path(directory.path()).unwrap();
        for (name, text) in files {
            fs_err::write(root.join(name), text).unwrap();
        }
        let path = root.join("pyproject.toml");
        let pyproject = path.is_file().then(|| crate::project::pyproject::read(path, root).unwrap());
        seen(&all(root, pyproject.as_ref()))
    }

    #[test]
    fn poetrys_tables_are_read_as_pep_508() {
        let text = r#"[tool.poetry]
name = "x"
[tool.poetry.dependencies]
python = "^3.12"
httpx = { version = "^0.27", extras = ["http2", "brotli"] }
Pydantic = "~2.9"
anything = "*"
pinned = "1.2.3"
fork = { git = "https://host.invalid/fork.git", tag = "v1" }
several = [{ version = "<2", python = "<3.13" }, { version = ">=2", python = ">=3.13" }]
extra = { version = "^1", optional = true }
either = "^1 || ^2"
[tool.poetry.group.dev.dependencies]
pytest = "^8"
[tool.poetry.dev-dependencies]
black = "*"
"#;
        insta::assert_snapshot!(project(&[("pyproject.toml", text)]).join("\n"), @r"
        pyproject.toml:5 (tool.poetry) httpx[http2,brotli]>=0.27,<0.28
        pyproject.toml:6 (tool.poetry) Pydantic>=2.9,<2.10
        pyproject.toml:7 (tool.poetry) anything
        pyproject.toml:8 (tool.poetry) pinned==1.2.3
        pyproject.toml:9 (tool.poetry) fork @ git+https://host.invalid/fork.git@v1
        pyproject.toml:10 (tool.poetry) several<2 ; python_version < '3.13'
        pyproject.toml:10 (tool.poetry) several>=2 ; python_version >= '3.13'
        pyproject.toml:11 (tool.poetry) extra>=1,<2 dev
        pyproject.toml:12 (tool.poetry) either
        pyproject.toml:16 (tool.poetry dev) black dev
        pyproject.toml:14 (tool.poetry group dev) pytest>=8,<9 dev
        ");
    }

    #[test]
    fn a_pipfile_setuptools_and_a_lock_of_uvs_are_read() {
        let pipfile = "[[source]]\nurl = \"https://me:secret@host.invalid/simple\"\n[packages]\nhttpx = \"*\"\nflask = {version = \">=3\", extras = [\"async\"], sys_platform = \"!= 'win32'\"}\n[dev-packages]\npytest = \"==8.0\"\n";
        let configuration = "[metadata]\nname = x\n\n[options]\npackages = find:\ninstall_requires =\n    httpx>=0.27\n    # the other\n    anyio ; python_version > '3.8'\npython_requires = >=3.9\n\n[options.extras_require]\ndev = pytest\n";
        let script = "from setuptools import setup\n\nsetup(\n    name=\"x\",\n    install_requires=[\n        \"httpx>=0.27\",  # why \"not\"\n        'anyio',\n    ],\n    extras_require={\"dev\": [\"pytest\"]},\n)\n";
        let lock = "version = 1\n[[package]]\nname = \"httpx\"\nversion = \"0.27\"\nsource = { registry = \"https://host.invalid/simple\" }\n[[package]]\nname = \"x\"\nversion = \"0\"\nsource = { virtual = \".\" }\ndependencies = [{ name = \"httpx\" }]\n[package.metadata]\nrequires-dist = [{ name = \"httpx\", extras = [\"http2\"], specifier = \">=0.27\" }]\n";
        insta::assert_snapshot!(
            project(&[("Pipfile", pipfile), ("setup.cfg", configuration), ("setup.py", script), ("uv.lock", lock)]).join("\n"), @r"
        Pipfile:4 httpx
        Pipfile:5 flask[async]>=3 ; sys_platform != 'win32'
        Pipfile:7 (dev-packages) pytest==8.0 dev
        setup.cfg:7 httpx>=0.27
        setup.cfg:9 anyio ; python_version > '3.8'
        setup.py:6 httpx>=0.27
        setup.py:7 anyio
        uv.lock:12 httpx[http2]>=0.27
        ");
        let pyproject = "[project]\nname = \"x\"\ndependencies = [\"httpx\"]\n";
        assert!(project(&[("pyproject.toml", pyproject), ("uv.lock", lock)]).is_empty(), "said once");
        assert!(project(&[("Pipfile", "[packages"), ("setup.py", "setup(install_requires=read())\n")]).is_empty());
    }
}
