//! The wrangler configuration: found as wrangler finds it, parsed with positions, the active environment resolved.
use crate::error::{Error, Kind, Location, Place, Result};
use camino::{Utf8Path, Utf8PathBuf};

/// toml, or json with comments and trailing commas (`wrangler.json` and `wrangler.jsonc`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    Toml,
    Json,
}

/// One entry of `rules`, as wrangler takes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ModuleRule {
    /// ESModule, CommonJS, CompiledWasm, Text, Data (PythonModule is refused by wrangler).
    pub(crate) kind: String,
    pub(crate) globs: Vec<String>,
    pub(crate) fallthrough: Option<bool>,
}

/// A wrangler configuration and what its active environment says.
#[derive(Debug, Clone)]
pub(crate) struct WranglerConfig {
    /// Absolute.
    pub(crate) path: Utf8PathBuf,
    pub(crate) format: Format,
    pub(crate) text: String,
    /// The whole document as wrangler sees it.
    pub(crate) document: serde_json::Value,
    /// The active environment; `None` for the top level (also for `--env ""`).
    pub(crate) environment: Option<String>,
    /// Whether the active environment has a table of its own (wrangler only warns where there is no `env` at all).
    pub(crate) environment_defined: bool,
}
