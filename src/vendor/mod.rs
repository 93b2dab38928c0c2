//! Requirements to packages: the pywrangler sync workspace, its cache, the words of a failure.
//!
//! Receives the project's requirements and the target; hands on `Vendored`, a read-only tree of unpruned packages that
//! pywrangler itself resolved and installed. Must never write into the project and never change a finished tree.

use crate::python::distribution::Distribution;
use camino::Utf8PathBuf;

/// The resolved, unpruned packages.
#[derive(Debug, Clone)]
pub(crate) struct Vendored {
    /// The tree that pywrangler made, `<workspace>/python_modules`. Absolute; may not exist when there are no packages.
    pub(crate) modules: Utf8PathBuf,
    /// The lock that was resolved, `<workspace>/pylock.toml`, if there is one.
    pub(crate) lock: Option<Utf8PathBuf>,
    /// The text of pywrangler's sync token: the version of workers-py.
    pub(crate) token: String,
    /// Sorted by name.
    pub(crate) distributions: Vec<Distribution>,
    /// True if the cache had it and no sync was started.
    pub(crate) cached: bool,
}
