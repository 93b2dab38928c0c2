//! The gates: each judges one thing about the plan, one file each, and this file lists them in their order.
//!
//! Receives the project, the target, the tools and the bundle, all read-only; hands on findings and, from them, a
//! `Verdict`. Only a passing `Verdict` makes a `Cleared`, and only what is cleared can be staged or deployed. Must never
//! print, never run a process and never change what it judges.

mod checked;
mod closest;
mod data_files;
mod duplicates;
mod growth;
pub(crate) mod id;
mod imports;
mod namespace;
mod native_modules;
mod packages;
mod prune_safety;
mod reachability;
mod requirements;
mod secrets;
mod shadowing;
mod size;
pub(crate) mod smoke;
mod toolchain;
mod unused;
pub(crate) mod verify;
mod wheels;
mod wrangler_config;

pub(crate) use checked::{Checked, Cleared, MadeFrom};
pub(crate) use id::{Level, ids};
pub(crate) use requirements::is_development_tool;
pub(crate) use size::{Limit, heaviest, limits};

use crate::baseline::Growth;
use crate::bundle::Bundle;
use crate::error::{Location, Result};
use crate::layout::Layout;
use crate::project::{Project, Target};
use crate::python::sources::ParsedSources;
use crate::resolve::{Unresolved, Vendored};
use crate::settings::{Allow, Settings};
use crate::tools::Toolchain;
use serde::Serialize;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// How much a finding may cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
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
    /// Lines of configuration to paste, as `help` says.
    pub(crate) snippet: Option<String>,
    pub(crate) location: Location,
}

impl Finding {
    pub(crate) fn new(
        severity: Severity,
        code: &'static str,
        subject: impl Into<String>,
        location: Location,
        message: impl Into<String>,
        help: impl Into<String>,
    ) -> Self {
        Self {
            code,
            subject: subject.into(),
            severity,
            allowed: None,
            message: message.into(),
            measured: None,
            limit: None,
            help: help.into(),
            snippet: None,
            location,
        }
    }

    #[must_use]
    pub(crate) fn measured(mut self, measured: u64, limit: u64) -> Self {
        (self.measured, self.limit) = (Some(measured), Some(limit));
        self
    }

    /// The help, with the lines to paste below it.
    pub(crate) fn remedy(&self) -> String {
        match &self.snippet {
            Some(snippet) => format!("{}\n{snippet}", self.help),
            None => self.help.clone(),
        }
    }

    /// What it costs once it is allowed or not.
    pub(crate) fn weight(&self) -> Severity {
        if self.allowed.is_some() { Severity::Note } else { self.severity }
    }
}

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

/// Everything that a gate may look at but the bundle.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Inputs<'a> {
    pub(crate) project: &'a Project,
    pub(crate) target: &'a Target,
    /// The project's Python files, parsed for the target.
    pub(crate) parsed: &'a ParsedSources,
    pub(crate) toolchain: &'a Toolchain,
    pub(crate) layout: &'a Layout,
    pub(crate) vendored: &'a Vendored,
    /// Since the baseline, if there is one.
    pub(crate) growth: Option<&'a Growth>,
    pub(crate) settings: &'a Settings,
}

impl<'a> Inputs<'a> {
    pub(crate) fn with(self, bundle: &'a Bundle) -> Context<'a> {
        let Self { project, target, parsed, toolchain, layout, vendored, growth, settings } = self;
        Context { project, target, parsed, toolchain, layout, vendored, bundle, growth, settings }
    }
}

/// What one gate says: its figure, for people, and its findings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CheckOutput {
    pub(crate) figure: String,
    pub(crate) findings: Vec<Finding>,
}

type Check = fn(&Context<'_>) -> Result<CheckOutput>;

/// One gate of the table.
struct Gate {
    id: &'static str,
    /// The most that a finding of it costs by itself.
    level: Level,
    /// `None`: judged on the stage.
    check: Option<Check>,
}

/// The table, in the order in which gates run and are reported.
const GATES: [Gate; 16] = [
    Gate { id: "toolchain", level: Level::Deny, check: Some(|context| Ok(toolchain::check(context.toolchain))) },
    Gate { id: "wrangler-config", level: Level::Deny, check: Some(wrangler_config::check) },
    Gate { id: "requirements", level: Level::Deny, check: Some(requirements::check) },
    Gate { id: "wheels", level: Level::Deny, check: Some(|context| Ok(wheels::check(context))) },
    Gate { id: "native-modules", level: Level::Deny, check: Some(native_modules::check) },
    Gate { id: "namespace", level: Level::Deny, check: Some(namespace::check) },
    Gate { id: "imports", level: Level::Deny, check: Some(imports::check) },
    Gate { id: "packages", level: Level::Warn, check: Some(packages::check) },
    Gate { id: "data-files", level: Level::Deny, check: Some(data_files::check) },
    Gate { id: "duplicates", level: Level::Deny, check: Some(duplicates::check) },
    Gate { id: "shadowing", level: Level::Deny, check: Some(shadowing::check) },
    Gate { id: "prune-safety", level: Level::Deny, check: Some(prune_safety::check) },
    Gate { id: "secrets", level: Level::Deny, check: Some(secrets::check) },
    Gate { id: "size", level: Level::Deny, check: Some(size::check) },
    Gate { id: "growth", level: Level::Warn, check: Some(growth::check) },
    Gate { id: "smoke", level: Level::Off, check: None },
];

/// Judged on the stage, after all others.
const VERIFY: Gate = Gate { id: "verify", level: Level::Off, check: None };

fn table() -> impl Iterator<Item = &'static Gate> {
    GATES.iter().chain(std::iter::once(&VERIFY))
}

/// How one gate ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
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
    pub(crate) id: &'static str,
    pub(crate) level: Level,
    pub(crate) outcome: Outcome,
    /// Why it was skipped, or how it broke.
    pub(crate) reason: Option<String>,
    pub(crate) figure: String,
    pub(crate) findings: Vec<Finding>,
}

impl GateResult {
    /// Whether it was asked for and could not judge: nobody asks for a comparison with a baseline that is not there.
    pub(crate) fn was_missed(&self) -> bool {
        self.outcome == Outcome::Skipped
            && self.level != Level::Off
            && self.reason.as_deref() != Some(growth::NO_BASELINE)
    }
}

/// Runs every gate of the plan, whatever the others find, in order; those of `skipped` (an id and the reason) are left out.
/// `today` is `YYYY-MM-DD`, for allow entries that expire.
pub(crate) fn check(inputs: &Inputs<'_>, bundle: Bundle, skipped: &[(&str, &str)], today: &str) -> Checked<Bundle> {
    let results = run_gates(&inputs.with(&bundle), skipped, today);
    Checked::new(bundle, results)
}

fn run_gates(context: &Context<'_>, aside: &[(&str, &str)], today: &str) -> Vec<GateResult> {
    let mut results: Vec<GateResult> = table()
        .map(|gate| {
            let level = context.settings.gates.get(gate.id).copied();
            let reason = aside.iter().find(|(id, _)| *id == gate.id).map(|(_, reason)| *reason);
            match (gate.check, reason) {
                _ if level == Some(Level::Off) => skipped(gate, Level::Off, "switched off"),
                (_, Some(reason)) => skipped(gate, level.unwrap_or(gate.level), reason),
                _ if gate.id == "growth" && growth::has_nothing_to_judge(context) => {
                    skipped(gate, level.unwrap_or(gate.level), growth::NO_BASELINE)
                }
                (None, _) => not_yet_judged(gate, context.settings),
                (Some(check), _) => one(gate, level, || check(context)),
            }
        })
        .collect();
    allow(&mut results, &context.settings.allow, today);
    results
}

/// The tools alone, before anything is started with them.
pub(crate) fn judge_toolchain(toolchain: &Toolchain, settings: &Settings) -> Vec<GateResult> {
    table()
        .map(|gate| {
            let level = settings.gates.get(gate.id).copied();
            if gate.id == "toolchain" && level != Some(Level::Off) {
                one(gate, level, || Ok(toolchain::check(toolchain)))
            } else {
                skipped(gate, level.unwrap_or(gate.level), "not reached")
            }
        })
        .collect()
}

/// What is to be said of the tools, whatever the project's settings are.
pub(crate) fn of_toolchain(toolchain: &Toolchain) -> Vec<Finding> {
    toolchain::check(toolchain).findings
}

/// Whether a gate of the stage was asked for: by its flag, or by a level.
pub(crate) fn is_wanted(id: &str, settings: &Settings) -> bool {
    match settings.gates.get(id) {
        Some(level) => *level != Level::Off,
        None => settings.asked.contains(id),
    }
}

/// The word about a gate of the stage while there is no stage yet.
fn not_yet_judged(gate: &Gate, settings: &Settings) -> GateResult {
    let level = settings.gates.get(gate.id).copied();
    if is_wanted(gate.id, settings) {
        skipped(gate, level.unwrap_or(Level::Deny), "not reached: the plan is blocked")
    } else {
        skipped(gate, Level::Off, "off by default")
    }
}

impl<T> Checked<T> {
    /// Replaces the help of findings for which there is a better one; what they weigh stays as it is.
    pub(crate) fn rewrite_help<'h>(&mut self, help: impl Fn(&Finding) -> Option<&'h String>) {
        for finding in self.results_mut().iter_mut().flat_map(|result| &mut result.findings) {
            if let Some(better) = help(finding) {
                finding.help.clone_from(better);
            }
        }
    }

    /// Runs one gate of the stage. What keeps it from its work breaks it.
    pub(crate) fn add_result(
        &mut self,
        id: &str,
        settings: &Settings,
        today: &str,
        check: impl FnOnce() -> Result<CheckOutput>,
    ) {
        let level = settings.gates.get(id).copied();
        let Some((gate, result)) = self.stage_gate(id) else { return };
        let asked = Gate { level: Level::Deny, ..*gate };
        *result = one(&asked, level, check);
        allow(std::slice::from_mut(result), &settings.allow, today);
    }

    /// Skips one gate of the stage, with the reason.
    pub(crate) fn skip(&mut self, id: &str, settings: &Settings, reason: &str) {
        let level = settings.gates.get(id).copied().unwrap_or(Level::Deny);
        if let Some((gate, result)) = self.stage_gate(id) {
            *result = skipped(gate, level, reason);
        }
    }

    /// A gate that judges the stage, and its result: no other result can be replaced.
    fn stage_gate(&mut self, id: &str) -> Option<(&'static Gate, &mut GateResult)> {
        let gate = table().find(|gate| gate.id == id && gate.check.is_none())?;
        Some((gate, self.results_mut().iter_mut().find(|result| result.id == id)?))
    }
}

/// What one gate has found so far.
pub(crate) fn findings_of(results: &[GateResult], id: &str) -> Vec<Finding> {
    results.iter().filter(|result| result.id == id).flat_map(|result| result.findings.clone()).collect()
}

/// What is to be said of packages that resolved to an old release because newer ones have no wheel.
pub(crate) fn downgrades(vendored: &Vendored, project: &Project, target: &Target) -> Vec<Finding> {
    vendored.falls.iter().flatten().map(|fall| wheels::fallen(fall, project, target)).collect()
}

/// What is to be said of each culprit of a resolution that failed: its name, and the message.
pub(crate) fn explained(why: &Unresolved, target: &Target) -> Vec<(String, String)> {
    let conflicts =
        wheels::explain(why, target).findings.into_iter().filter(|finding| finding.severity == Severity::Deny);
    conflicts.map(|finding| (finding.subject, finding.message)).collect()
}

/// A resolution that failed: there is nothing to judge for any other gate.
pub(crate) fn judge_unresolved(
    why: &Unresolved,
    (target, toolchain): (&Target, &Toolchain),
    settings: &Settings,
    today: &str,
) -> Vec<GateResult> {
    let mut results: Vec<GateResult> = table()
        .map(|gate| {
            let level = settings.gates.get(gate.id).copied();
            match gate.id {
                _ if level == Some(Level::Off) => skipped(gate, Level::Off, "switched off"),
                "toolchain" => one(gate, level, || Ok(toolchain::check(toolchain))),
                "wheels" => one(gate, level, || Ok(wheels::explain(why, target))),
                _ => skipped(gate, level.unwrap_or(gate.level), "not reached: the requirements do not resolve"),
            }
        })
        .collect();
    allow(&mut results, &settings.allow, today);
    results
}

fn skipped(gate: &Gate, level: Level, reason: &str) -> GateResult {
    GateResult {
        id: gate.id,
        level,
        outcome: Outcome::Skipped,
        reason: Some(reason.to_owned()),
        figure: reason.to_owned(),
        findings: Vec::new(),
    }
}

/// Runs one check; an error or a panic of it blocks.
fn one(gate: &Gate, level: Option<Level>, check: impl FnOnce() -> Result<CheckOutput>) -> GateResult {
    let broke = |reason: String| GateResult {
        id: gate.id,
        level: level.unwrap_or(gate.level),
        outcome: Outcome::Broke,
        figure: reason.clone(),
        reason: Some(reason),
        findings: Vec::new(),
    };
    match catch_unwind(AssertUnwindSafe(check)) {
        Err(_) => broke(format!(
            "the gate stopped with a panic; please report it with `saddlebag check --verbose`, or pass `--gate {}=off`",
            gate.id
        )),
        Ok(Err(error)) => broke(match &error.location {
            Some(location) => format!("{error} ({location})"),
            None if error.hint.is_empty() => error.to_string(),
            None => format!("{error}; {}", error.hint),
        }),
        Ok(Ok(mut judged)) => {
            for finding in &mut judged.findings {
                finding.severity = relevel(finding.severity, level);
            }
            GateResult {
                id: gate.id,
                level: level.unwrap_or(gate.level),
                outcome: outcome(&judged.findings),
                reason: None,
                figure: judged.figure,
                findings: judged.findings,
            }
        }
    }
}

/// `warn` caps what a finding costs, `deny` raises every warning; notes stay notes.
fn relevel(severity: Severity, level: Option<Level>) -> Severity {
    match (severity, level) {
        (Severity::Deny, Some(Level::Warn)) => Severity::Warn,
        (Severity::Warn, Some(Level::Deny)) => Severity::Deny,
        _ => severity,
    }
}

fn outcome(findings: &[Finding]) -> Outcome {
    match findings.iter().map(Finding::weight).max() {
        Some(Severity::Deny) => Outcome::Blocked,
        Some(Severity::Warn) => Outcome::Warned,
        Some(Severity::Note) | None => Outcome::Passed,
    }
}

/// Marks what is allowed. An entry that matches nothing, or whose day has passed, is a finding itself.
fn allow(results: &mut [GateResult], entries: &[Allow], today: &str) {
    for entry in entries {
        let Some(result) = results.iter_mut().find(|result| result.id == entry.gate) else { continue };
        if result.outcome == Outcome::Skipped {
            continue;
        }
        let expired = entry.until.as_deref().is_some_and(|until| until < today);
        let matches = |pattern: &Option<String>, text: &str| {
            pattern.as_ref().is_none_or(|pattern| {
                globset::Glob::new(pattern).is_ok_and(|glob| glob.compile_matcher().is_match(text))
            })
        };
        let mut matched = false;
        for finding in &mut result.findings {
            if matches(&entry.code, finding.code) && matches(&entry.subject, &finding.subject) {
                matched = true;
                if !expired {
                    finding.allowed = Some(entry.reason.clone());
                }
            }
        }
        let subject = entry.subject.clone().or_else(|| entry.code.clone()).unwrap_or_else(|| entry.gate.clone());
        let problem = match (matched, expired) {
            (false, _) => {
                Some(("allow.unmatched", "an `allow` entry matches no finding".to_owned(), "remove the entry"))
            }
            (true, true) => Some((
                "allow.expired",
                format!("an `allow` entry has expired on {}", entry.until.as_deref().unwrap_or_default()),
                "mend what it allows, or give it a new date",
            )),
            (true, false) => None,
        };
        if let Some((code, message, help)) = problem {
            result.findings.push(Finding::new(Severity::Warn, code, subject, entry.location.clone(), message, help));
        }
        if result.outcome != Outcome::Broke {
            result.outcome = outcome(&result.findings);
        }
    }
}

/// The word at the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Verdict {
    Passed,
    PassedWithWarnings,
    Blocked,
}

impl Verdict {
    /// From the judgements and nothing else.
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

/// Cleared without a gate, for the tests of what is made from it.
#[cfg(test)]
pub(crate) fn cleared<T>(value: T) -> Cleared<T> {
    Checked::new(value, Vec::new()).into_cleared().unwrap_or_else(|_| unreachable!("nothing blocks it"))
}

#[cfg(test)]
mod tests;
