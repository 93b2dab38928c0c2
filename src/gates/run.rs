//! Runs the gates of the registry and collects their results.
//!
//! Every gate runs, whatever the others find. An error or a panic inside a gate blocks, as if it had denied.

use super::allow;
use super::checked::Checked;
use super::definition::{Check, Gate};
use super::registry;
use super::result::{GateResult, Outcome, outcome};
use super::{CheckOutput, Context, Finding, Inputs, Severity};
use crate::bundle::Bundle;
use crate::error::Result;
use crate::gate_id::{GateId, Level};
use crate::project::Target;
use crate::resolve::Unresolved;
use crate::settings::Settings;
use crate::tools::Toolchain;
use std::panic::{AssertUnwindSafe, catch_unwind};

impl GateResult {
    /// Whether it was asked for and could not run. A gate that had nothing to check was not missed.
    pub(crate) fn was_missed(&self) -> bool {
        let nothing_to_check = registry::get(self.id).nothing_to_check.as_ref().map(|nothing| nothing.reason);
        self.outcome == Outcome::Skipped
            && self.level != Level::Off
            && (nothing_to_check.is_none() || self.reason.as_deref() != nothing_to_check)
    }
}

/// Runs every gate of the plan, in order. Those of `left_out` are skipped, each with its reason.
/// `today` is `YYYY-MM-DD`, for allow entries that expire.
pub(crate) fn check(inputs: &impl Inputs, bundle: Bundle, left_out: &[(GateId, &str)], today: &str) -> Checked<Bundle> {
    let context = inputs.context(&bundle);
    let mut results: Vec<GateResult> = registry::all().map(|gate| run(gate, &context, left_out)).collect();
    allow::apply(&mut results, &context.settings.allow, today);
    Checked::new(bundle, results)
}

fn run(gate: &Gate, context: &Context<'_>, left_out: &[(GateId, &str)]) -> GateResult {
    let level = context.settings.gates.get(&gate.id).copied();
    let skip = |reason: &str| skipped(gate.id, level.unwrap_or(gate.default_level), reason);
    if level == Some(Level::Off) {
        return skip(SWITCHED_OFF);
    }
    if let Some((_, reason)) = left_out.iter().find(|(id, _)| *id == gate.id) {
        return skip(reason);
    }
    if let Some(nothing) = gate.nothing_to_check.as_ref().filter(|nothing| (nothing.when)(context)) {
        return skip(nothing.reason);
    }
    match gate.check {
        Check::Toolchain(check) => run_check(gate, level, gate.default_level, || Ok(check(context.toolchain))),
        Check::Resolution { resolved, .. } => run_check(gate, level, gate.default_level, || Ok(resolved(context))),
        Check::Plan(check) => run_check(gate, level, gate.default_level, || check(context)),
        Check::Stage if is_wanted(gate.id, context.settings) => {
            skipped(gate.id, level.unwrap_or(Level::Deny), "not reached: the plan is blocked")
        }
        Check::Stage => skipped(gate.id, Level::Off, "off by default"),
    }
}

/// Checks the tools alone, before any of them is started.
pub(crate) fn check_toolchain(toolchain: &Toolchain, settings: &Settings) -> Vec<GateResult> {
    let run = |gate: &Gate| {
        let level = settings.gates.get(&gate.id).copied();
        match gate.check {
            Check::Toolchain(check) if level != Some(Level::Off) => {
                run_check(gate, level, gate.default_level, || Ok(check(toolchain)))
            }
            _ => skipped(gate.id, level.unwrap_or(gate.default_level), "not reached"),
        }
    };
    registry::all().map(run).collect()
}

/// Checks a resolution that failed: there is no plan for the other gates.
pub(crate) fn check_unresolved(
    why: &Unresolved,
    target: &Target,
    toolchain: &Toolchain,
    settings: &Settings,
    today: &str,
) -> Vec<GateResult> {
    let run = |gate: &Gate| {
        let level = settings.gates.get(&gate.id).copied();
        match gate.check {
            _ if level == Some(Level::Off) => skipped(gate.id, Level::Off, SWITCHED_OFF),
            Check::Toolchain(check) => run_check(gate, level, gate.default_level, || Ok(check(toolchain))),
            Check::Resolution { unresolved, .. } => {
                run_check(gate, level, gate.default_level, || Ok(unresolved(why, target)))
            }
            Check::Plan(_) | Check::Stage => {
                let reason = "not reached: the requirements do not resolve";
                skipped(gate.id, level.unwrap_or(gate.default_level), reason)
            }
        }
    };
    let mut results: Vec<GateResult> = registry::all().map(run).collect();
    allow::apply(&mut results, &settings.allow, today);
    results
}

/// Whether a gate of the stage was asked for: by its flag, or by a level.
pub(crate) fn is_wanted(id: GateId, settings: &Settings) -> bool {
    match settings.gates.get(&id) {
        Some(level) => *level != Level::Off,
        None => settings.asked.contains(&id),
    }
}

/// Whether any gate of the stage was asked for.
pub(crate) fn is_stage_wanted(settings: &Settings) -> bool {
    registry::all().any(|gate| matches!(gate.check, Check::Stage) && is_wanted(gate.id, settings))
}

impl<T> Checked<T> {
    /// Replaces the help of findings for which there is a better one. Nothing else about them changes.
    pub(crate) fn rewrite_help<'h>(&mut self, help: impl Fn(&Finding) -> Option<&'h String>) {
        for finding in self.results_mut().iter_mut().flat_map(|result| &mut result.findings) {
            if let Some(better) = help(finding) {
                finding.help.clone_from(better);
            }
        }
    }

    /// Runs one gate of the stage. If `check` fails, the gate is broken.
    pub(crate) fn add_result(
        &mut self,
        id: GateId,
        settings: &Settings,
        today: &str,
        check: impl FnOnce() -> Result<CheckOutput>,
    ) {
        let level = settings.gates.get(&id).copied();
        let Some((gate, result)) = self.stage_gate(id) else { return };
        // It was asked for, so that it denies unless a level says otherwise.
        *result = run_check(gate, level, Level::Deny, check);
        allow::apply(std::slice::from_mut(result), &settings.allow, today);
    }

    /// Skips one gate of the stage, with the reason.
    pub(crate) fn skip(&mut self, id: GateId, settings: &Settings, reason: &str) {
        let level = settings.gates.get(&id).copied().unwrap_or(Level::Deny);
        if let Some((_, result)) = self.stage_gate(id) {
            *result = skipped(id, level, reason);
        }
    }

    /// A gate of the stage, and its result: the result of any other gate is final.
    fn stage_gate(&mut self, id: GateId) -> Option<(&'static Gate, &mut GateResult)> {
        let gate = Some(registry::get(id)).filter(|gate| matches!(gate.check, Check::Stage))?;
        Some((gate, self.results_mut().iter_mut().find(|result| result.id == id)?))
    }
}

/// What one gate has found so far.
pub(crate) fn findings_of(results: &[GateResult], id: GateId) -> Vec<Finding> {
    results.iter().filter(|result| result.id == id).flat_map(|result| result.findings.clone()).collect()
}

const SWITCHED_OFF: &str = "switched off";

fn skipped(id: GateId, level: Level, reason: &str) -> GateResult {
    GateResult {
        id,
        level,
        outcome: Outcome::Skipped,
        reason: Some(reason.to_owned()),
        figure: reason.to_owned(),
        findings: Vec::new(),
    }
}

/// Runs one check. `set` is the level that the user set, `default` holds otherwise.
pub(super) fn run_check(
    gate: &Gate,
    set: Option<Level>,
    default: Level,
    check: impl FnOnce() -> Result<CheckOutput>,
) -> GateResult {
    let (id, level) = (gate.id, set.unwrap_or(default));
    let broke = |reason: String| GateResult {
        id,
        level,
        outcome: Outcome::Broke,
        figure: reason.clone(),
        reason: Some(reason),
        findings: Vec::new(),
    };
    match catch_unwind(AssertUnwindSafe(check)) {
        Err(_) => broke(format!(
            "the gate stopped with a panic; please report it with `saddlebag check --verbose`, or pass `--gate {id}=off`"
        )),
        Ok(Err(error)) => broke(match &error.location {
            Some(location) => format!("{error} ({location})"),
            None if error.hint.is_empty() => error.to_string(),
            None => format!("{error}; {}", error.hint),
        }),
        Ok(Ok(CheckOutput { figure, mut findings })) => {
            for finding in &mut findings {
                debug_assert!(gate.codes.contains(&finding.code), "`{}` is no code of the gate `{id}`", finding.code);
                finding.severity = relevel(finding.severity, set);
            }
            GateResult { id, level, outcome: outcome(&findings), reason: None, figure, findings }
        }
    }
}

/// `warn` caps what a finding costs, `deny` raises every warning; notes stay notes.
pub(super) fn relevel(severity: Severity, level: Option<Level>) -> Severity {
    match (severity, level) {
        (Severity::Deny, Some(Level::Warn)) => Severity::Warn,
        (Severity::Warn, Some(Level::Deny)) => Severity::Deny,
        _ => severity,
    }
}
