//! A distribution that resolves to an old release on Workers only, because newer ones have no wheel there.

use serde::{Deserialize, Serialize};

/// A distribution that fell.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Downgrade {
    pub(crate) name: String,
    pub(crate) version: String,
    /// `YYYY-MM-DD`, where the index tells.
    pub(crate) uploaded: Option<String>,
    /// What the same requirements give where everything has a wheel.
    pub(crate) newest: String,
    pub(crate) newest_uploaded: Option<String>,
    /// What has no wheel for the target and keeps the newest out.
    #[serde(rename = "culprit")]
    pub(crate) conflict: Option<String>,
    /// A later `compatibility_date` that ends it; known once `saddlebag lock` has looked for one.
    #[serde(default)]
    pub(crate) lift: Option<Lift>,
}

/// A Python of Workers for which a distribution does not fall.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Lift {
    pub(crate) compatibility_date: String,
    pub(crate) python: String,
    /// What the requirements give there.
    pub(crate) version: String,
}
