//! `verify`: what wrangler would upload, by its own dry run, is what was planned.
//!
//! The session makes the dry run; this file turns it into findings. Any difference denies; a warning of wrangler's never blocks.

mod warnings;

use super::definition::{Check, Gate, codes};
use super::{CheckOutput, Finding, GateId, Level, Severity};
use crate::bundle::Bundle;
use crate::error::{Location, LocationKind};
use crate::format::count;
use crate::wrangler::dry_run::DryRun;
use crate::wrangler::log::WranglerOutput;

codes! {
    MODULE = "verify.module": "The modules that wrangler would upload are not the planned ones.";
    BYTES = "verify.bytes": "A module that wrangler would upload differs from the plan.";
    TOTAL = "verify.total": "The total that wrangler counts differs from the plan.";
    DUPLICATES = "verify.duplicates": "wrangler ignores duplicate modules.";
    WARNING = "verify.warning": "wrangler prints a warning.";
    FAILED = "verify.failed": "wrangler's dry run failed.";
}

pub(super) const GATE: Gate = Gate {
    id: GateId::Verify,
    default_level: Level::Off,
    check: Check::Stage,
    nothing_to_check: None,
    codes: CODES,
    page: include_str!("../../docs/gates/verify.md"),
};

/// How many names a message spells out.
const NAMED: usize = 3;
/// How many modules get a finding of their own, of each kind.
const SHOWN: usize = 20;
/// How much of what a failed dry run printed is shown.
const LAST_LINES: usize = 12;

const TAMPERED: &str = "find what wrote into the stage or changed the sources between plan and upload (a second sync, another build, an editor), and run again";

/// `known` are the findings of `wrangler-config`: what they report is left out of wrangler's warnings.
pub(crate) fn check(bundle: &Bundle, dry_run: &DryRun, known: &[Finding]) -> CheckOutput {
    if dry_run.code != 0 {
        let figure = format!("wrangler's dry run ended with exit code {}", dry_run.code);
        return CheckOutput { figure, findings: vec![failed(dry_run)] };
    }
    let mut findings = modules(bundle, dry_run);
    findings.extend(total(bundle, &dry_run.heard));
    findings.extend(duplicates(&dry_run.heard));
    let warnings = dry_run.heard.warnings.iter().filter_map(|text| warnings::without_known(text, known));
    findings.extend(warnings.map(|text| warning(&text)));
    let figure = format!("{} as wrangler would upload them", count(dry_run.modules.len(), "module"));
    CheckOutput { figure, findings }
}

fn failed(dry_run: &DryRun) -> Finding {
    let printed = match dry_run.heard.errors.as_slice() {
        [] => {
            let lines: Vec<&str> = dry_run.printed.lines().filter(|line| !line.trim().is_empty()).collect();
            lines[lines.len().saturating_sub(LAST_LINES)..].join("\n")
        }
        errors => errors.join("\n"),
    };
    let printed = if printed.is_empty() { String::new() } else { format!(": {printed}") };
    let message = format!("wrangler's dry run ended with exit code {}{printed}", dry_run.code);
    let help = "fix the wrangler error above: the deploy would end the same way";
    Finding::new(Severity::Deny, FAILED, "wrangler", Location::new(LocationKind::Tool, "wrangler"), message, help)
}

fn modules(bundle: &Bundle, dry_run: &DryRun) -> Vec<Finding> {
    let module = |code, name: &str, message: String| {
        Finding::new(Severity::Deny, code, name, Location::new(LocationKind::Module, name), message, TAMPERED)
    };
    let missing = bundle.modules.iter().filter(|planned| !dry_run.modules.contains_key(&planned.name));
    let missing: Vec<Finding> = missing
        .map(|planned| {
            let message = format!("`{}` is planned, and wrangler would not upload it", planned.name);
            module(MODULE, &planned.name, message)
        })
        .collect();
    let (mut extra, mut changed) = (Vec::new(), Vec::new());
    for (name, uploaded) in &dry_run.modules {
        match uploaded.planned {
            None => {
                let message = format!("wrangler would upload `{name}`, {} bytes, which is not planned", uploaded.bytes);
                extra.push(module(MODULE, name, message));
            }
            Some((planned, false)) => {
                let message = if planned == uploaded.bytes {
                    format!("`{name}` differs from the plan, with {planned} bytes in both")
                } else {
                    format!("`{name}` has {} bytes, and the plan has {planned}", uploaded.bytes)
                };
                changed.push(module(BYTES, name, message).measured(uploaded.bytes, planned));
            }
            Some((_, true)) => {}
        }
    }
    [missing, extra, changed].into_iter().flat_map(at_most).collect()
}

/// A second sync changes thousands of modules: the first few, and how many more.
fn at_most(mut findings: Vec<Finding>) -> Vec<Finding> {
    if findings.len() > SHOWN {
        let more = findings.len() - SHOWN;
        findings.truncate(SHOWN);
        if let Some(last) = findings.last_mut() {
            last.message = format!("{}; and {more} more like it", last.message);
        }
    }
    findings
}

fn total(bundle: &Bundle, heard: &WranglerOutput) -> Option<Finding> {
    let planned = bundle.raw_bytes;
    let (counted, agrees) = match (heard.raw_bytes, heard.total_kib) {
        (Some(raw), _) => (raw, raw == planned),
        // An older wrangler prints KiB with two decimals only.
        (None, Some(kib)) => ((kib * 1024.0).round() as u64, (kib - planned as f64 / 1024.0).abs() < 0.006),
        (None, None) => {
            let message = "wrangler's dry run printed no total to compare with the plan";
            let help = "update wrangler";
            let location = Location::new(LocationKind::Tool, "wrangler");
            return Some(Finding::new(Severity::Deny, TOTAL, "total", location, message, help));
        }
    };
    (!agrees).then(|| {
        let message = format!("wrangler counts {counted} bytes in all, and the plan has {planned}");
        let location = Location::new(LocationKind::Package, "bundle");
        Finding::new(Severity::Deny, TOTAL, "total", location, message, TAMPERED).measured(counted, planned)
    })
}

fn duplicates(heard: &WranglerOutput) -> Option<Finding> {
    let number = heard.duplicates.len();
    (number > 0).then(|| {
        let mut named: Vec<&str> = heard.duplicates.iter().take(NAMED).map(String::as_str).collect();
        let more = format!("{} more", number.saturating_sub(NAMED));
        if number > NAMED {
            named.push(&more);
        }
        let message =
            format!("wrangler says `Ignoring duplicate module` {}: {}", count(number, "time"), named.join(", "));
        let help = "make the globs of `rules` match each file once: see the gate `duplicates`";
        let location = Location::new(LocationKind::Config, "rules");
        Finding::new(Severity::Deny, DUPLICATES, "duplicates", location, message, help).measured(number as u64, 0)
    })
}

fn warning(text: &str) -> Finding {
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let first = lines.first().copied().unwrap_or_default();
    let message = format!("wrangler warns: {}", lines.join(" "));
    let help = "fix what it warns of, or allow it with `[[tool.saddlebag.allow]]`";
    Finding::new(Severity::Warn, WARNING, first, Location::new(LocationKind::Tool, "wrangler"), message, help)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bundle::{Content, Module, ModuleType, Owner};
    use crate::wrangler::dry_run::Uploaded;

    fn bundle() -> Bundle {
        let module = |name: &str| Module {
            name: name.to_owned(),
            kind: ModuleType::Python,
            content: Content::Inline(b"abc".to_vec()),
            bytes: 3,
            owner: Owner::Project,
        };
        Bundle { modules: vec![module("a.py"), module("b.py")], raw_bytes: 6, ..Bundle::default() }
    }

    fn healthy() -> DryRun {
        let uploaded = Uploaded { bytes: 3, planned: Some((3, true)) };
        DryRun {
            modules: [("a.py".to_owned(), uploaded.clone()), ("b.py".to_owned(), uploaded)].into(),
            heard: WranglerOutput { raw_bytes: Some(6), ..WranglerOutput::default() },
            ..DryRun::default()
        }
    }

    fn found(change: impl Fn(&mut DryRun)) -> String {
        let mut dry_run = healthy();
        change(&mut dry_run);
        let lines = check(&bundle(), &dry_run, &[]).findings;
        let lines: Vec<_> = lines.iter().map(|f| format!("{:?} {}: {}", f.severity, f.code, f.message)).collect();
        lines.join("\n")
    }

    #[test]
    fn what_is_as_planned_passes() {
        assert_eq!(found(|_| {}), "");
        assert_eq!(found(|r| (r.heard.raw_bytes, r.heard.total_kib) = (None, Some(0.01))), "");
    }

    #[test]
    fn every_difference_is_denied_and_a_warning_warns() {
        insta::assert_snapshot!([
            found(|r| { r.modules.remove("b.py"); }),
            found(|r| { r.modules.insert("c.py".into(), Uploaded { bytes: 9, planned: None }); }),
            found(|r| { r.modules.insert("a.py".into(), Uploaded { bytes: 3, planned: Some((3, false)) }); }),
            found(|r| { r.modules.insert("a.py".into(), Uploaded { bytes: 4, planned: Some((3, false)) }); }),
            found(|r| r.heard.raw_bytes = Some(7)),
            found(|r| r.heard.raw_bytes = None),
            found(|r| (r.heard.raw_bytes, r.heard.total_kib) = (None, Some(0.02))),
            found(|r| r.heard.duplicates = ["a (text)", "b (text)", "c (text)", "d (text)"].map(str::to_owned).to_vec()),
            found(|r| r.heard.warnings = vec!["Name one.\n\n  Really.".into()]),
            found(|r| (r.code, r.heard.errors) = (1, vec!["Unknown argument: x".into()])),
            found(|r| (r.code, r.printed) = (9, "one\n\ntwo\n".into())),
        ].join("\n"), @"
        Deny verify.module: `b.py` is planned, and wrangler would not upload it
        Deny verify.module: wrangler would upload `c.py`, 9 bytes, which is not planned
        Deny verify.bytes: `a.py` differs from the plan, with 3 bytes in both
        Deny verify.bytes: `a.py` has 4 bytes, and the plan has 3
        Deny verify.total: wrangler counts 7 bytes in all, and the plan has 6
        Deny verify.total: wrangler's dry run printed no total to compare with the plan
        Deny verify.total: wrangler counts 20 bytes in all, and the plan has 6
        Deny verify.duplicates: wrangler says `Ignoring duplicate module` 4 times: a (text), b (text), c (text), 1 more
        Warn verify.warning: wrangler warns: Name one. Really.
        Deny verify.failed: wrangler's dry run ended with exit code 1: Unknown argument: x
        Deny verify.failed: wrangler's dry run ended with exit code 9: one
        two
        ");
    }

    #[test]
    fn thousands_of_differences_are_twenty_findings_and_a_number() {
        let mut dry_run = healthy();
        for at in 0..100 {
            dry_run.modules.insert(format!("x{at}.py"), Uploaded { bytes: 0, planned: None });
        }
        let findings = check(&bundle(), &dry_run, &[]).findings;
        assert_eq!(findings.len(), SHOWN);
        assert!(findings[SHOWN - 1].message.ends_with("and 80 more like it"), "{}", findings[SHOWN - 1].message);
    }
}
