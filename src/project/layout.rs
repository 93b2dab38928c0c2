//! Which directory becomes the module root, under which names the source travels, and how the main module is entered.
use camino::Utf8PathBuf;

/// `namespace` as the report shows it once it is decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Namespace {
    /// The module root is above the source directory: `src.` stays part of every name, main is entered through a shim.
    Keep,
    /// The module root is `base_dir` or main's directory, exactly as wrangler has it.
    Flat,
}

/// What the user asked for: `--namespace`, `SADDLEBAG_NAMESPACE`, `[tool.saddlebag] namespace`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum NamespaceSetting {
    #[default]
    Auto,
    Keep,
    Flat,
}

/// The entry shim of the keep layout.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Shim {
    /// The dotted name that the shim imports: `src.main`.
    pub(crate) target: String,
}

/// An import of project code that does not resolve at the name it is written with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Unresolved {
    /// The importing file, absolute.
    pub(crate) file: Utf8PathBuf,
    pub(crate) line: u32,
    pub(crate) column: u32,
    /// The name as written: `src.core`, `.settings`.
    pub(crate) name: String,
    /// The name under which the bundle has it, if it has it at all: `core`.
    pub(crate) works_as: Option<String>,
}

/// How the project's own source is laid out in the upload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Layout {
    pub(crate) namespace: Namespace,
    /// One line that says why, for the report: "`src/main.py:1` imports `src.core`".
    pub(crate) reason: String,
    /// Absolute. Upload names are relative to it.
    pub(crate) module_root: Utf8PathBuf,
    /// What is walked, relative to `module_root`: `[""]` (flat: everything) or `["src", "shared"]` (keep).
    pub(crate) roots: Vec<Utf8PathBuf>,
    /// The user's main, absolute.
    pub(crate) main: Utf8PathBuf,
    /// The upload name of the main module, always a basename.
    pub(crate) main_module: String,
    /// Present in the keep layout only.
    pub(crate) shim: Option<Shim>,
    /// Put before user globs of `rules` that do not start with `**/`, because the module root moved up: `src/` or empty.
    pub(crate) glob_prefix: String,
    /// The module root is the directory of the configuration: build outputs, caches, tests and dot directories stay behind.
    pub(crate) at_project_root: bool,
    /// First-party imports, reachable from main, that will not resolve in this layout.
    pub(crate) unresolved: Vec<Unresolved>,
}
