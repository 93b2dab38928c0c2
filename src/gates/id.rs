//! The names of the gates, and how much the findings of one may cost. Needs nothing else of ours.

use serde::Serialize;
use strum::{EnumIter, EnumString, IntoEnumIterator, IntoStaticStr};

/// Every gate, in the order in which they run and are reported.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, EnumIter, EnumString, IntoStaticStr, Serialize)]
#[strum(serialize_all = "kebab-case")]
#[serde(rename_all = "kebab-case")]
pub(crate) enum GateId {
    Toolchain,
    WranglerConfig,
    Requirements,
    Wheels,
    NativeModules,
    Namespace,
    Imports,
    Packages,
    DataFiles,
    Duplicates,
    Shadowing,
    PruneSafety,
    Secrets,
    Size,
    Growth,
    Smoke,
    Verify,
}

impl GateId {
    /// As it is written in settings, flags and reports: `data-files`.
    pub(crate) fn as_str(self) -> &'static str {
        self.into()
    }
}

/// Every gate's id, in order.
pub(crate) fn ids() -> impl Iterator<Item = &'static str> {
    GateId::iter().map(GateId::as_str)
}

/// What a gate's findings may cost at most, or, set by the user to `deny`, at least.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Level {
    Off,
    Warn,
    Deny,
}
