//! One distribution from a lockfile written by uv.

/// One resolved package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pinned {
    /// Normalised.
    pub(super) name: String,
    pub(super) version: String,
    /// File names of the wheels.
    pub(super) wheels: Vec<String>,
    /// `YYYY-MM-DD` of its latest file, if the index provides it.
    pub(super) uploaded: Option<String>,
}
