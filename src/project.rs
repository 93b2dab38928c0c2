//! What is there: the wrangler configuration, `pyproject.toml`, the requirements, the target and the layout.
//!
//! Receives where the user stands and what the command line said; hands on a `Project` and a `Target`. Reads the
//! user's tree and must never write it, and must never judge it: what can be planned is planned, the gates speak.

pub(crate) mod config;
pub(crate) mod document;
pub(crate) mod host;
pub(crate) mod position;
pub(crate) mod pyproject;
pub(crate) mod requirements;
#[cfg(test)]
mod snapshot;
pub(crate) mod target;

use camino::{Utf8Path, Utf8PathBuf};

pub(crate) use config::WranglerConfig;
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
}

/// `path` relative to `root` with `/`, or unchanged where it is not inside.
pub(crate) fn display(root: &Utf8Path, path: &Utf8Path) -> String {
    match path.strip_prefix(root) {
        Ok(inside) if inside.as_str().is_empty() => ".".to_owned(),
        Ok(inside) => inside.as_str().replace('\\', "/"),
        Err(_) => path.to_string(),
    }
}

/// Joins and removes `.` and `..` by text, as node's `path.resolve` does; links are not followed.
pub(crate) fn resolve(base: &Utf8Path, path: &str) -> Utf8PathBuf {
    let mut out = Utf8PathBuf::new();
    for component in base.join(path).components() {
        match component {
            camino::Utf8Component::CurDir => {}
            camino::Utf8Component::ParentDir => {
                out.pop();
            }
            other => out.push(other),
        }
    }
    out
}
