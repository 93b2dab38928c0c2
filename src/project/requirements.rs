//! The runtime requirements: what is vendored, each entry with its position.
//!
//! The format of the file is pip's, without what cannot be vendored for Pyodide, which is rejected with what to write instead.
//! Messages show `Requirement::redacted`, never `text`, which may hold a credential.

mod declaration;
mod declared;
mod file;
mod foreign;
mod lines;
mod local;
mod model;
mod requirement;
mod selected;
mod url;

use crate::error::{Error, ErrorKind, Location, LocationKind, Result};
use crate::project::paths::{display, resolve};
use crate::project::pyproject::Pyproject;
use camino::{Utf8Path, Utf8PathBuf};

pub(crate) use declaration::Declared;
pub(crate) use declared::{declared, initial_requirements};
pub(crate) use model::{Chosen, Environment, Lists, Requirement, Requirements, Section, Source};

/// The file that is read where none is named.
pub(crate) const DEFAULT_FILE: &str = "requirements-runtime.txt";

/// Reads `file` (relative to `root`, or absolute), or else `requirements-runtime.txt` of `root`. If that does not exist,
/// the project's dependencies are used, unless `file` names one. The `lists` of `pyproject.toml` count
/// beside either.
/// Errors: `Requirements` with file, line and column; `Settings` for a list that does not exist; `Unreadable`.
pub(crate) fn read(
    file: Option<&Utf8Path>,
    root: &Utf8Path,
    pyproject: Option<&Pyproject>,
    lists: Lists<'_>,
    environment: Environment<'_>,
) -> Result<Requirements> {
    let path = resolve(root, file.map_or(DEFAULT_FILE, Utf8Path::as_str));
    let mut requirements = if path.is_file() {
        file::read(&path, root, environment)?
    } else if file.is_some() {
        let state = if path.is_dir() { "is a directory" } else { "does not exist" };
        let message = format!("the requirements file `{}` {state}", display(root, &path));
        return Err(Error::new(
            ErrorKind::Requirements,
            message,
            "create it, or name another with `--requirements FILE`",
        )
        .with_location(Location::new(LocationKind::Requirement, display(root, &path))));
    } else {
        let source = pyproject.map_or(Source::None, |pyproject| Source::Pyproject(pyproject.path.clone()));
        Requirements { source, ..Requirements::default() }
    };
    if let Some(pyproject) = pyproject {
        let serve = matches!(requirements.source, Source::Pyproject(_));
        requirements.entries.extend(selected::read(pyproject, serve, lists, environment)?);
    }
    Ok(requirements)
}

/// The paths of this machine that the dependencies and extras of a local project name (`name @ file:...`), absolute. What
/// cannot be read has none: uv reports what is wrong with it.
pub(crate) fn local_dependencies(directory: &Utf8Path) -> Vec<Utf8PathBuf> {
    let path = directory.join("pyproject.toml");
    let Ok(pyproject) = crate::project::pyproject::read(path, directory) else { return Vec::new() };
    let extras: Vec<Chosen> = pyproject
        .extra_names()
        .into_iter()
        .map(|name| Chosen {
            name: name.to_owned(),
            location: Location::new(LocationKind::Config, pyproject.display_path()),
        })
        .collect();
    let lists = Lists { extras: &extras, groups: &[] };
    let entries = selected::read(&pyproject, true, lists, &|_| None).unwrap_or_default();
    entries.into_iter().filter_map(|entry| entry.local).collect()
}

#[cfg(test)]
mod tests;
