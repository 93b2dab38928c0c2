//! The runtime requirements: what shall be vendored, each entry with its place.
//!
//! Receives the requirements file (or else `pyproject.toml`) and a way to ask for an environment variable; hands on
//! `Requirements`, whose texts can stand in the `[project].dependencies` of another directory. The file's format is
//! pip's, less what cannot be vendored for Pyodide, which is refused with what to write instead. Must never resolve,
//! never download, and never show a credential: what is shown is `shown()`, what is used is `text` and `Url::as_str`.

mod declared;
mod file;
mod foreign;
mod lines;
mod local;
mod requirement;
mod selected;
mod url;

use crate::error::{Error, ErrorKind, Location, LocationKind, Result};
use crate::project::{Pyproject, display, resolve};
use camino::{Utf8Path, Utf8PathBuf};
use std::fmt;

pub(crate) use declared::{Declared, declared, to_begin_with};
pub(crate) use url::Url;

/// The file that is read where none is named.
pub(crate) const DEFAULT_FILE: &str = "requirements-runtime.txt";

/// Where the entries come from. Paths are absolute.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) enum Source {
    File(Utf8PathBuf),
    /// `[project].dependencies`, as pywrangler has it.
    Pyproject(Utf8PathBuf),
    #[default]
    None,
}

/// The list that an entry is from. Names are normalised. The source of a distribution may depend on it (`extra` and
/// `group` in `[tool.uv.sources]`).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(crate) enum Section {
    /// A requirements file, or `[project].dependencies`.
    #[default]
    Dependencies,
    /// `[project.optional-dependencies]`.
    Extra(String),
    /// `[dependency-groups]`: the group that was asked for, not one that it includes.
    Group(String),
}

/// A list that the settings name, and where they do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Chosen {
    /// As written.
    pub(crate) name: String,
    pub(crate) location: Location,
}

/// The lists of `pyproject.toml` that count besides.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Lists<'a> {
    pub(crate) extras: &'a [Chosen],
    pub(crate) groups: &'a [Chosen],
}

/// One requirement, or one constraint.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Requirement {
    /// Normalised (PEP 503).
    pub(crate) name: Option<String>,
    /// PEP 508, variables put in, local paths as absolute `file:` URLs. May hold a credential: show `shown()` instead.
    pub(crate) text: String,
    /// The file as reports show it.
    pub(crate) file: String,
    pub(crate) line: u32,
    pub(crate) column: u32,
    /// `sha256:` and 64 lowercase hexadecimal digits, each. Empty: no hash was asked for.
    pub(crate) hashes: Vec<String>,
    /// The wheel or the project directory, absolute, of a requirement that names one on this machine.
    pub(crate) local: Option<Utf8PathBuf>,
    pub(crate) section: Section,
    written: String,
}

impl Requirement {
    /// The requirement as written, without credentials.
    pub(crate) fn shown(&self) -> &str {
        &self.written
    }

    pub(crate) fn location(&self) -> Location {
        Location::at(LocationKind::Requirement, self.file.clone(), self.line, self.column)
    }
}

// `text` may hold a credential.
impl fmt::Debug for Requirement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Requirement")
            .field("name", &self.name)
            .field("written", &self.written)
            .field("location", &self.location().to_string())
            .field("hashes", &self.hashes)
            .field("local", &self.local)
            .finish_non_exhaustive()
    }
}

/// Where to look for distributions; pip's options of the same names.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct IndexOptions {
    pub(crate) index_url: Option<Url>,
    pub(crate) extra_index_urls: Vec<Url>,
    /// URLs, or absolute paths.
    pub(crate) find_links: Vec<Url>,
    pub(crate) no_index: bool,
    pub(crate) pre: bool,
    pub(crate) trusted_hosts: Vec<String>,
}

/// Everything that the requirements say, included files too, in the order of their lines.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Requirements {
    pub(crate) source: Source,
    pub(crate) entries: Vec<Requirement>,
    pub(crate) constraints: Vec<Requirement>,
    pub(crate) options: IndexOptions,
    /// `--require-hashes`, or any `--hash`: then every artifact must have one, as pip has it.
    pub(crate) require_hashes: bool,
}

/// Asks for an environment variable by name.
pub(crate) type Environment<'a> = &'a dyn Fn(&str) -> Option<String>;

/// Reads `file` (relative to `root`, or absolute), or else `requirements-runtime.txt` of `root`. Where that is not there,
/// the project's dependencies serve, unless the user named the file (`explicit`). The `lists` of `pyproject.toml` count
/// beside either.
/// Errors: `Requirements` with file, line and column; `Settings` for a list that is not there; `Unreadable`.
pub(crate) fn read(
    file: Option<&Utf8Path>,
    explicit: bool,
    root: &Utf8Path,
    pyproject: Option<&Pyproject>,
    lists: Lists<'_>,
    environment: Environment<'_>,
) -> Result<Requirements> {
    let path = resolve(root, file.map_or(DEFAULT_FILE, Utf8Path::as_str));
    let mut requirements = if path.is_file() {
        file::read(&path, root, environment)?
    } else if explicit {
        let state = if path.is_dir() { "is a directory" } else { "is not there" };
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
/// cannot be read has none: uv says what is wrong with it.
pub(crate) fn local_dependencies(directory: &Utf8Path) -> Vec<Utf8PathBuf> {
    let path = directory.join("pyproject.toml");
    let Ok(pyproject) = crate::project::pyproject::read(path, directory) else { return Vec::new() };
    let extras: Vec<Chosen> = pyproject
        .extra_names()
        .into_iter()
        .map(|name| Chosen { name: name.to_owned(), location: Location::new(LocationKind::Config, pyproject.shown()) })
        .collect();
    let lists = Lists { extras: &extras, groups: &[] };
    let entries = selected::read(&pyproject, true, lists, &|_| None).unwrap_or_default();
    entries.into_iter().filter_map(|entry| entry.local).collect()
}

#[cfg(test)]
mod tests;
