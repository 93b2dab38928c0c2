//! The types of requirements: an entry with its place, the list it is from, the indexes to look in.

use super::url::Url;
use crate::error::{Location, LocationKind};
use camino::Utf8PathBuf;
use std::fmt;

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
    /// `[dependency-groups]`: the group that was requested, not one that it includes.
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
    /// PEP 508, variables put in, local paths as absolute `file:` URLs. May hold a credential: display `redacted()` instead.
    pub(crate) text: String,
    /// The file as reports show it.
    pub(crate) file: String,
    pub(crate) line: u32,
    pub(crate) column: u32,
    /// `sha256:` and 64 lowercase hexadecimal digits, each. Empty if no hash was given.
    pub(crate) hashes: Vec<String>,
    /// The wheel or the project directory, absolute, of a requirement that names a path on this machine.
    pub(crate) local: Option<Utf8PathBuf>,
    pub(crate) section: Section,
    /// As written, without credentials.
    pub(super) written: String,
}

impl Requirement {
    /// The requirement as written, without credentials.
    pub(crate) fn redacted(&self) -> &str {
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

/// Every requirement and option, those of included files too, in the order of their lines.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Requirements {
    pub(crate) source: Source,
    pub(crate) entries: Vec<Requirement>,
    pub(crate) constraints: Vec<Requirement>,
    pub(crate) options: IndexOptions,
    /// `--require-hashes`, or any `--hash`: then every artifact must have one, as pip has it.
    pub(crate) require_hashes: bool,
}

/// Reads an environment variable by name.
pub(crate) type Environment<'a> = &'a dyn Fn(&str) -> Option<String>;
