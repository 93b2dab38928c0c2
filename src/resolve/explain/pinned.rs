//! One distribution from a lockfile written by uv.

/// One package of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pinned {
    /// Normalised.
    pub(super) name: String,
    pub(super) version: String,
    /// File names of the wheels.
    pub(super) wheels: Vec<String>,
    /// `YYYY-MM-DD`, the latest of its files, where the index tells.
    pub(super) uploaded: Option<String>,
}
