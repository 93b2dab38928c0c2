//! The ids of the gates, and their levels. A leaf: it uses nothing else of the crate.

use strum::{Display, EnumCount, EnumIter, EnumString, IntoEnumIterator, IntoStaticStr};

/// Every gate, in the order in which they run and are reported.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Display, EnumCount, EnumIter, EnumString, IntoStaticStr,
)]
#[strum(serialize_all = "kebab-case")]
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
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Level {
    Off,
    Warn,
    Deny,
}
