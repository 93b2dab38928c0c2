//! `[[tool.saddlebag.allow]]`: findings that the user accepts, with a reason and perhaps a last day.

use super::result::outcome;
use super::{Code, Finding, GateResult, Outcome, Severity};
use crate::settings::Allow;

const UNMATCHED: Code = Code { id: "allow.unmatched", summary: "An `allow` entry matches no finding." };
const EXPIRED: Code = Code { id: "allow.expired", summary: "An `allow` entry has expired." };

/// Marks the findings that the entries allow. An entry that matches nothing or has expired is a finding itself.
pub(super) fn apply(results: &mut [GateResult], entries: &[Allow], today: &str) {
    for entry in entries {
        let Some(result) = results.iter_mut().find(|result| result.id == entry.gate) else { continue };
        if result.outcome == Outcome::Skipped {
            continue;
        }
        let is_expired = entry.until.as_deref().is_some_and(|until| until < today);
        let mut is_matched = false;
        for finding in &mut result.findings {
            if matches(entry.code.as_ref(), finding.code.id) && matches(entry.subject.as_ref(), &finding.subject) {
                is_matched = true;
                if !is_expired {
                    finding.allowed = Some(entry.reason.clone());
                }
            }
        }
        result.findings.extend(problem(entry, is_matched, is_expired));
        if result.outcome != Outcome::Broke {
            result.outcome = outcome(&result.findings);
        }
    }
}

fn matches(pattern: Option<&String>, text: &str) -> bool {
    pattern.is_none_or(|pattern| globset::Glob::new(pattern).is_ok_and(|glob| glob.compile_matcher().is_match(text)))
}

fn problem(entry: &Allow, is_matched: bool, is_expired: bool) -> Option<Finding> {
    let (code, message, help) = match (is_matched, is_expired) {
        (false, _) => (UNMATCHED, "an `allow` entry matches no finding".to_owned(), "remove the entry"),
        (true, true) => (
            EXPIRED,
            format!("an `allow` entry has expired on {}", entry.until.as_deref().unwrap_or_default()),
            "fix what it allows, or give it a new date",
        ),
        (true, false) => return None,
    };
    let subject = entry.subject.clone().or_else(|| entry.code.clone()).unwrap_or_else(|| entry.gate.to_string());
    Some(Finding::new(Severity::Warn, code, subject, entry.location.clone(), message, help))
}
