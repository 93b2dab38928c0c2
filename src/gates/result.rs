//! How a gate ended, and the verdict of all of them.

use super::{Finding, Severity};
use crate::gate_id::{GateId, Level};

/// How one gate ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    Passed,
    Warned,
    Blocked,
    Skipped,
    Broke,
}

/// One gate's part of the report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct GateResult {
    pub(crate) id: GateId,
    pub(crate) level: Level,
    pub(crate) outcome: Outcome,
    /// Why it was skipped, or how it broke.
    pub(crate) reason: Option<String>,
    pub(crate) figure: String,
    pub(crate) findings: Vec<Finding>,
}

/// The sum of all results.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    Passed,
    PassedWithWarnings,
    Blocked,
}

impl Verdict {
    pub(crate) fn of(results: &[GateResult]) -> Self {
        let has = |wanted: &[Outcome]| results.iter().any(|result| wanted.contains(&result.outcome));
        if has(&[Outcome::Blocked, Outcome::Broke]) {
            Self::Blocked
        } else if has(&[Outcome::Warned]) {
            Self::PassedWithWarnings
        } else {
            Self::Passed
        }
    }
}

pub(super) fn outcome(findings: &[Finding]) -> Outcome {
    match findings.iter().map(Finding::weight).max() {
        Some(Severity::Deny) => Outcome::Blocked,
        Some(Severity::Warn) => Outcome::Warned,
        Some(Severity::Note) | None => Outcome::Passed,
    }
}
