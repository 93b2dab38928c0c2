//! A distribution that resolves to an old release on Workers only, because newer ones have no wheel there.

use serde::{Deserialize, Serialize};

/// A downgraded distribution.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Downgrade {
    pub(crate) name: String,
    pub(crate) version: String,
    /// `YYYY-MM-DD`, if the index provides it.
    pub(crate) uploaded: Option<String>,
    /// What the same requirements resolve to if everything has a wheel.
    pub(crate) newest: String,
    pub(crate) newest_uploaded: Option<String>,
    /// Distributions without a wheel for the target that prevent the newest release.
    #[serde(rename = "culprit")]
    pub(crate) conflict: Option<String>,
    /// A later `compatibility_date` that avoids it; set by `saddlebag lock`.
    #[serde(default)]
    pub(crate) lift: Option<Lift>,
}

/// A Workers Python for which a distribution is not downgraded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Lift {
    pub(crate) compatibility_date: String,
    pub(crate) python: String,
    /// What the requirements resolve to there.
    pub(crate) version: String,
}
