//! The gates: each judges one thing about the plan, one file each, and this file lists them in their order.
//!
//! Receives the project, the target, the tools and the bundle, all read-only; hands on findings and, from them, a
//! `Verdict`. Only a passing `Verdict` makes a `Cleared`, and only a `Cleared` can be staged for a deploy. Must never
//! print, never run a process and never change what it judges.

use crate::error::Location;

/// How much a finding, or a gate, may cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Severity {
    Note,
    Warn,
    Deny,
}

/// One thing that a gate found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Finding {
    /// From the gate's own table: `size.raw`, `namespace.unresolved`.
    pub(crate) code: &'static str,
    /// What it is about, stable between runs: held against `match` of an allow entry.
    pub(crate) subject: String,
    pub(crate) severity: Severity,
    /// The reason of the allow entry that covers it.
    pub(crate) allowed: Option<String>,
    /// A lowercase fragment without a full stop.
    pub(crate) message: String,
    pub(crate) measured: Option<u64>,
    pub(crate) limit: Option<u64>,
    /// One line, imperative.
    pub(crate) help: String,
    pub(crate) location: Location,
}
