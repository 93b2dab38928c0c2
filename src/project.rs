//! The user's project: the wrangler configuration, `pyproject.toml`, the requirements and the target.
//!
//! Reads the user's tree and never writes it. What can be planned is planned; the gates report what is wrong with it.

pub(crate) mod config;
pub(crate) mod document;
pub(crate) mod host;
pub(crate) mod paths;
pub(crate) mod position;
pub(crate) mod pyproject;
pub(crate) mod requirements;
#[cfg(test)]
mod snapshot;
pub(crate) mod target;

use camino::{Utf8Path, Utf8PathBuf};
use requirements::Declared;

pub(crate) use config::WranglerConfig;
pub(crate) use paths::{display, resolve};
pub(crate) use pyproject::Pyproject;
pub(crate) use requirements::Requirements;
pub(crate) use target::Target;

/// Everything that was found, before anything is resolved.
#[derive(Debug)]
pub(crate) struct Project {
    /// The nearest directory at or above the working directory with a `pyproject.toml` (as pywrangler finds it);
    /// without one, the directory of the wrangler configuration. Absolute.
    pub(crate) root: Utf8PathBuf,
    /// The user's working directory, his `--cwd` resolved. Absolute.
    pub(crate) cwd: Utf8PathBuf,
    /// Where saddlebag was started. Absolute.
    pub(crate) process_cwd: Utf8PathBuf,
    pub(crate) config: WranglerConfig,
    /// Whether the user chose an environment, the top level (`--env ""`) included.
    pub(crate) environment_chosen: bool,
    /// Whether the command line names the directory of assets, in place of the configuration.
    pub(crate) assets_named: bool,
    pub(crate) pyproject: Option<Pyproject>,
    pub(crate) requirements: Requirements,
}

impl Project {
    /// A path as reports show it: relative to the root where it is inside, else as it is.
    pub(crate) fn display(&self, path: &Utf8Path) -> String {
        display(&self.root, path)
    }

    /// Every dependency that the project declares anywhere, the runtime requirements first.
    pub(crate) fn declared_requirements(&self) -> Vec<Declared> {
        requirements::declared(&self.root, self.pyproject.as_ref(), &self.requirements)
    }
}
