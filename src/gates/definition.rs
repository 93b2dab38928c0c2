//! What a gate is: its id, its default level, what it checks, its codes and its page.

use super::{CheckOutput, Code, Context};
use crate::error::Result;
use crate::gate_id::{GateId, Level};
use crate::project::Target;
use crate::resolve::Unresolved;
use crate::tools::Toolchain;

/// One gate.
pub(crate) struct Gate {
    pub(crate) id: GateId,
    /// The most that its findings cost unless the user sets a level.
    pub(crate) default_level: Level,
    pub(super) check: Check,
    /// For a gate that not every project gives something to check.
    pub(super) nothing_to_check: Option<NothingToCheck>,
    pub(crate) codes: &'static [Code],
    /// The page of the documentation, Markdown.
    pub(crate) page: &'static str,
}

/// What a gate checks, which decides when it runs.
pub(super) enum Check {
    /// The tools: also by itself, before any of them is started.
    Toolchain(fn(&Toolchain) -> CheckOutput),
    /// How the requirements resolved, or why they do not: the other gates have no plan to check then.
    Resolution { resolved: fn(&Context<'_>) -> CheckOutput, unresolved: fn(&Unresolved, &Target) -> CheckOutput },
    /// The plan.
    Plan(fn(&Context<'_>) -> Result<CheckOutput>),
    /// The stage: off unless it is asked for. The session runs it and adds the result.
    Stage,
}

/// When a gate has nothing to check. It is skipped then, and a short report does not mention it.
pub(super) struct NothingToCheck {
    pub(super) when: fn(&Context<'_>) -> bool,
    pub(super) reason: &'static str,
}

/// Declares the codes of a gate as constants, and all of them as `CODES`.
macro_rules! codes {
    ($($name:ident = $id:literal: $summary:literal;)+) => {
        $(pub(crate) const $name: $crate::gates::Code = $crate::gates::Code { id: $id, summary: $summary };)+
        const CODES: &[$crate::gates::Code] = &[$($name),+];
    };
}
pub(super) use codes;
