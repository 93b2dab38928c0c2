//! A layout, and what it is decided from.

use crate::python::imports::Guard;
use crate::python::sources::ParsedSources;
use camino::{Utf8Path, Utf8PathBuf};
use std::collections::BTreeSet;

/// `namespace` as the report shows it once it is decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Namespace {
    /// The module root is above the source directory: `src.` stays part of every name, main is entered through a shim.
    Keep,
    /// The module root is `base_dir` or main's directory, exactly as wrangler has it.
    Flat,
}

/// The setting: `--namespace`, `SADDLEBAG_NAMESPACE`, `[tool.saddlebag] namespace`.
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
    /// Where it would have a name and cannot: "`my-api` cannot be part of a module's name".
    pub(crate) obstacle: Option<String>,
    pub(crate) guard: Guard,
}

/// How the project's own source is laid out in the upload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Layout {
    pub(crate) namespace: Namespace,
    /// One line with the reason, for the report: "`src/main.py:1` imports `src.core`".
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
    /// The module root is the directory of the configuration: build outputs, caches, tests and dot directories are not uploaded.
    pub(crate) at_project_root: bool,
    /// First-party imports, reachable from main, that will not resolve in this layout.
    pub(crate) unresolved: Vec<Unresolved>,
    /// Imports of the main module's upload name in the keep layout: they find the shim, a second copy of main's state.
    pub(crate) imports_main: Vec<Unresolved>,
    /// Flat layout: the vendored top-level name that is the same as main's stem. The runtime refuses such an upload
    /// ("Python module python_modules/... clashes with main module", workerd `verifyNoMainModuleInVendor`).
    pub(crate) main_clash: Option<String>,
    /// Reached files that Python cannot read: file, line, column (from 1) and what is wrong. What parsed of them counted as
    /// evidence; they are not in `unresolved`.
    pub(crate) unparsed: Vec<(Utf8PathBuf, u32, u32, String)>,
    /// The project's own files that main reaches by import, main among them. Absolute.
    pub(crate) reached: BTreeSet<Utf8PathBuf>,
}

/// What a layout is decided from.
#[derive(Debug)]
pub(crate) struct LayoutRequest<'a> {
    /// The directory of the wrangler configuration. Absolute, as every path here.
    pub(crate) config_dir: &'a Utf8Path,
    /// The user's main; exists.
    pub(crate) main: &'a Utf8Path,
    pub(crate) base_dir: Option<&'a Utf8Path>,
    pub(crate) setting: NamespaceSetting,
    /// Extra source roots relative to `config_dir`: `shared`. Globs among them are the collection's.
    pub(crate) include: &'a [String],
    /// The project's files, read for the target's Python.
    pub(crate) sources: &'a ParsedSources,
    /// Whether the runtime searches `vendor/` at the module root.
    pub(crate) legacy_vendor: bool,
    /// Top-level import names in `python_modules`.
    pub(crate) vendored_top_levels: &'a BTreeSet<String>,
}
