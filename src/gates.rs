//! The gates: checks of the plan, one file each, listed in [`registry`].
//!
//! A gate reads a [`Context`] and returns findings. It prints nothing, starts no process and changes nothing. The findings
//! give a [`Verdict`]; only a verdict that passes makes a [`Cleared`], and only what is cleared is staged or deployed.

mod allow;
mod checked;
mod closest;
pub(crate) mod data_files;
mod definition;
mod duplicates;
mod finding;
pub(crate) mod growth;
pub(crate) mod imports;
mod namespace;
mod native_modules;
mod packages;
mod prune_safety;
mod reachability;
pub(crate) mod registry;
mod requirements;
mod result;
mod run;
mod secrets;
mod shadowing;
pub(crate) mod size;
pub(crate) mod smoke;
pub(crate) mod toolchain;
mod unused;
pub(crate) mod verify;
mod wheels;
mod wrangler_config;

pub(crate) use crate::gate_id::{GateId, Level, ids};
pub(crate) use checked::{Checked, Cleared, MadeFrom};
pub(crate) use definition::Gate;
pub(crate) use finding::{Code, Finding, Severity};
pub(crate) use requirements::is_development_tool;
pub(crate) use result::{GateResult, Outcome, Verdict};
pub(crate) use run::{check, check_toolchain, check_unresolved, findings_of, is_stage_wanted, is_wanted};
pub(crate) use size::{Limit, heaviest, limits};
pub(crate) use wheels::{conflict_messages, downgrades};

use crate::baseline::Growth;
use crate::bundle::Bundle;
use crate::layout::Layout;
use crate::project::{Project, Target};
use crate::python::sources::ParsedSources;
use crate::resolve::Vendored;
use crate::settings::Settings;
use crate::tools::Toolchain;

/// Everything that a gate may look at.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Context<'a> {
    pub(crate) project: &'a Project,
    pub(crate) target: &'a Target,
    /// The project's Python files, parsed for the target.
    pub(crate) parsed: &'a ParsedSources,
    pub(crate) toolchain: &'a Toolchain,
    pub(crate) layout: &'a Layout,
    pub(crate) vendored: &'a Vendored,
    pub(crate) bundle: &'a Bundle,
    /// Since the baseline, if there is one.
    pub(crate) growth: Option<&'a Growth>,
    pub(crate) settings: &'a Settings,
}

/// A plan without its bundle: the gates take the bundle by value and give it back checked.
pub(crate) trait Inputs {
    fn context<'a>(&'a self, bundle: &'a Bundle) -> Context<'a>;
}

/// What one gate found, with a figure for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CheckOutput {
    pub(crate) figure: String,
    pub(crate) findings: Vec<Finding>,
}

/// Cleared without a gate, for the tests of what is made from it.
#[cfg(test)]
pub(crate) fn cleared<T>(value: T) -> Cleared<T> {
    Checked::new(value, Vec::new()).into_cleared().unwrap_or_else(|_| unreachable!("nothing blocks it"))
}

#[cfg(test)]
mod tests;
