//! The distributions of a vendored tree, from their `*.dist-info`.
//!
//! Receives a site-packages-like directory; hands on names, versions, requirements and the files each one owns by its
//! RECORD. Must never trust RECORD with a path that climbs out of the tree.

use crate::error::Result;
use camino::Utf8Path;

/// One installed distribution.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Distribution {
    /// Normalised name (PEP 503), from METADATA `Name`.
    pub(crate) name: String,
    pub(crate) version: String,
    /// The directory's name, e.g. `fastapi-0.165.0.dist-info`.
    pub(crate) dist_info: String,
    /// Normalised names of `Requires-Dist` entries that do not hang on an extra; sorted, once each.
    pub(crate) requires: Vec<String>,
    /// Files by RECORD, relative to the tree with `/`; nothing absolute and nothing that climbs out.
    pub(crate) files: Vec<String>,
}
