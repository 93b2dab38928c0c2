//! The planned upload: every module with its name, type, bytes, owner and origin, and every file that stays behind with
//! the rule that dropped it.
//!
//! Receives the project's layout and the vendored tree, both read-only; hands on a `Bundle`, a manifest in memory.
//! Collection follows wrangler (`collect`, `glob`, `rules`), pruning follows need (`prune`), weights follow wrangler's
//! "Total Upload" (`weigh`). Must never write a file and must never judge.

pub(crate) mod collect;
pub(crate) mod glob;
pub(crate) mod prune;
pub(crate) mod rules;
pub(crate) mod weigh;

use camino::Utf8PathBuf;
use serde::Serialize;

/// wrangler's module types, in wrangler's words (`RuleTypeToModuleType`, wrangler 4.164.0).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum ModuleType {
    Python,
    Text,
    Buffer,
    CompiledWasm,
    Esm,
    Commonjs,
}

/// Where a module's bytes come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Content {
    /// A file, copied as it is. Absolute, links resolved.
    File(Utf8PathBuf),
    /// Bytes that saddlebag makes: the entry shim, a slimmed METADATA.
    Inline(Vec<u8>),
}

/// Whose a module is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Owner {
    /// The project's own file.
    Project,
    /// The entry shim.
    Saddlebag,
    /// A vendored distribution, by its normalised name (PEP 503).
    Package(String),
    /// Under `python_modules` and in no distribution's RECORD.
    Vendored,
}

impl Owner {
    pub(crate) fn as_str(&self) -> &str {
        match self {
            Self::Project => "project",
            Self::Saddlebag => "saddlebag",
            Self::Package(name) => name,
            Self::Vendored => "python_modules",
        }
    }
}

/// One module of the upload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Module {
    /// The upload name as wrangler sends it: `/` between components, `python_modules/` before vendored ones.
    pub(crate) name: String,
    pub(crate) kind: ModuleType,
    pub(crate) content: Content,
    /// Length of the content, bytes.
    pub(crate) bytes: u64,
    pub(crate) owner: Owner,
}

/// A file that plain wrangler would have uploaded, or that was vendored, and that stays behind.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub(crate) struct Dropped {
    /// The upload name it would have had.
    pub(crate) name: String,
    /// Bytes that are saved; of a slimmed file, the difference.
    pub(crate) bytes: u64,
    /// The rule's id: `tests`, `bytecode`, `dist-info`, ...
    pub(crate) rule: &'static str,
    #[serde(skip)]
    pub(crate) owner: Owner,
}

/// A second match of one file within one pass: wrangler warns `Ignoring duplicate module: NAME (TYPE)`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct IgnoredDuplicate {
    pub(crate) name: String,
    /// The type that the ignored match would have had.
    pub(crate) kind: ModuleType,
}

/// Two different contents for one upload name; wrangler keeps the later without a word.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct NameClash {
    pub(crate) name: String,
    /// The two origins, as paths relative to the project or as distribution names.
    pub(crate) first: String,
    pub(crate) second: String,
}

/// A symbolic link that leads out of the project, or nowhere.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct StrayLink {
    /// The link, absolute.
    pub(crate) path: Utf8PathBuf,
    /// What it points at, as written in the link.
    pub(crate) target: String,
    /// True if nothing is there (wrangler stops with ENOENT), false if it is outside the project.
    pub(crate) dangling: bool,
}

/// A vendored distribution and its weight in the bundle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Package {
    /// Normalised name (PEP 503).
    pub(crate) name: String,
    pub(crate) version: String,
    /// Modules of it in the upload.
    pub(crate) modules: usize,
    /// Bytes of those modules.
    pub(crate) raw_bytes: u64,
    /// Bytes of it that stay behind.
    pub(crate) dropped_bytes: u64,
    /// Distributions that require it, and `project` where the requirements name it; sorted.
    pub(crate) required_by: Vec<String>,
}

/// The planned upload.
#[derive(Debug, Clone)]
pub(crate) struct Bundle {
    /// Upload name of the main module: a basename (wrangler's `metadata.main_module`).
    pub(crate) main_module: String,
    /// Sorted by name; the main module is among them.
    pub(crate) modules: Vec<Module>,
    /// Sorted by name.
    pub(crate) dropped: Vec<Dropped>,
    /// Sorted by name.
    pub(crate) packages: Vec<Package>,
    pub(crate) ignored_duplicates: Vec<IgnoredDuplicate>,
    pub(crate) name_clashes: Vec<NameClash>,
    pub(crate) stray_links: Vec<StrayLink>,
    /// Sum of the modules' bytes: wrangler's `bundle_size.raw_bytes`, to the byte.
    pub(crate) raw_bytes: u64,
    /// Estimate of wrangler's `bundle_size.gzip_bytes`: never below it, at most 2 % above.
    pub(crate) gzip_bytes: u64,
}
