use super::run::{relevel, run_check};
use super::*;
use crate::error::{Error, ErrorKind, Location, LocationKind};
use crate::settings::Allow;

fn finding(severity: Severity) -> Finding {
    Finding::new(severity, size::RAW, "bundle", Location::new(LocationKind::Package, "bundle"), "m", "h")
}

fn run_size(check: impl FnOnce() -> crate::error::Result<CheckOutput>) -> GateResult {
    run_check(registry::get(GateId::Size), None, Level::Deny, check)
}

fn size_result(severity: Severity) -> GateResult {
    run_size(|| Ok(CheckOutput { figure: String::new(), findings: vec![finding(severity)] }))
}

fn entry(subject: &str, until: Option<&str>) -> Allow {
    Allow {
        gate: GateId::Size,
        code: Some("size.*".into()),
        subject: Some(subject.into()),
        reason: "known".into(),
        until: until.map(str::to_owned),
        location: Location::new(LocationKind::Config, "pyproject.toml"),
    }
}

#[test]
fn ids_are_unique_and_in_the_order_of_the_contract() {
    assert_eq!(
        ids().collect::<Vec<_>>().join(" "),
        "toolchain wrangler-config requirements wheels native-modules namespace imports packages data-files duplicates shadowing prune-safety secrets size growth smoke verify"
    );
}

#[test]
fn what_denies_blocks_and_what_breaks_blocks() {
    assert_eq!(Verdict::of(&[size_result(Severity::Deny)]), Verdict::Blocked);
    assert_eq!(Verdict::of(&[size_result(Severity::Warn)]), Verdict::PassedWithWarnings);
    assert_eq!(Verdict::of(&[size_result(Severity::Note)]), Verdict::Passed);
    let broke = run_size(|| Err(Error::new(ErrorKind::Unreadable, "no such file", "")));
    assert_eq!((broke.outcome, Verdict::of(&[broke])), (Outcome::Broke, Verdict::Blocked));
    let panicked = run_size(|| panic!("a defect"));
    assert_eq!(panicked.outcome, Outcome::Broke);
    assert!(Checked::new((), vec![size_result(Severity::Deny)]).into_cleared().is_err());
    assert!(Checked::new((), vec![size_result(Severity::Warn)]).into_cleared().is_ok());
}

#[test]
fn a_level_caps_or_raises_but_never_touches_notes() {
    assert_eq!(relevel(Severity::Deny, Some(Level::Warn)), Severity::Warn);
    assert_eq!(relevel(Severity::Warn, Some(Level::Deny)), Severity::Deny);
    assert_eq!(relevel(Severity::Note, Some(Level::Deny)), Severity::Note);
    assert_eq!(relevel(Severity::Warn, None), Severity::Warn);
}

#[test]
fn an_allowed_finding_stays_and_no_longer_blocks() {
    let mut results = [size_result(Severity::Deny)];
    allow::apply(&mut results, &[entry("bun*", Some("2027-01-01"))], "2026-11-21");
    assert_eq!(results[0].findings[0].allowed.as_deref(), Some("known"));
    assert_eq!(results[0].outcome, Outcome::Passed);
}

#[test]
fn an_allow_entry_that_matches_nothing_or_has_expired_is_a_finding() {
    let mut results = [size_result(Severity::Deny)];
    allow::apply(&mut results, &[entry("other", None), entry("bundle", Some("2026-11-20"))], "2026-11-21");
    let codes: Vec<_> = results[0].findings.iter().map(|finding| finding.code.id).collect();
    assert_eq!(codes, ["size.raw", "allow.unmatched", "allow.expired"]);
    assert_eq!(results[0].outcome, Outcome::Blocked);
}
