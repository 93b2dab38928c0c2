//! `size`: the upload is within Cloudflare's limit (`data/limits.toml`) and the project's own (`[tool.saddlebag.size]`).

use super::definition::{Check, Gate, codes};
use super::{CheckOutput, Context, Finding, GateId, Level, Severity};
use crate::bundle::Bundle;
use crate::error::{Location, LocationKind, Result};
use crate::format::bytes;
use crate::settings::Settings;
use serde::Deserialize;
use std::sync::LazyLock;

codes! {
    RAW = "size.raw": "The upload is near or over the limit on its size.";
    GZIP = "size.gzip": "The gzipped upload is near or over its budget.";
    UNMATCHED = "size.unmatched": "A pattern in the settings matches nothing.";
}

pub(super) const GATE: Gate = Gate {
    id: GateId::Size,
    default_level: Level::Deny,
    check: Check::Plan(check),
    nothing_to_check: None,
    codes: CODES,
    page: include_str!("../../docs/gates/size.md"),
};

/// The share of the gzip budget from which the gate warns. For the raw size it is the setting `size.warn-at`.
const GZIP_WARN_AT: f64 = 0.8;
/// How many packages the help names.
const HEAVIEST: usize = 5;

#[derive(Deserialize)]
struct LimitTable {
    raw: LimitRow,
    gzip: LimitRow,
}

#[derive(Deserialize)]
struct LimitRow {
    bytes: u64,
    source: String,
    date: String,
}

static TABLE: LazyLock<LimitTable> = LazyLock::new(|| {
    toml_edit::de::from_str(include_str!("../../data/limits.toml")).expect("the embedded table parses: a test reads it")
});

/// One limit, as the report lists it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Limit {
    pub(crate) id: &'static str,
    pub(crate) bytes: u64,
    pub(crate) source: String,
    pub(crate) date: String,
    /// A fraction: 0.41 is 41 %.
    pub(crate) used: f64,
}

/// The limits that hold for a bundle, and how much of each it uses.
pub(crate) fn limits(bundle: &Bundle, settings: &Settings) -> Vec<Limit> {
    let mut limits = vec![limit("raw", &TABLE.raw, bundle.raw_bytes), limit("gzip", &TABLE.gzip, bundle.gzip_bytes)];
    let own = [("max-raw", settings.max_raw, bundle.raw_bytes), ("max-gzip", settings.max_gzip, bundle.gzip_bytes)];
    for (id, bytes, used) in own {
        if let Some(bytes) = bytes {
            let row = LimitRow { bytes, source: "[tool.saddlebag.size]".to_owned(), date: String::new() };
            limits.push(limit(id, &row, used));
        }
    }
    limits
}

fn limit(id: &'static str, row: &LimitRow, used: u64) -> Limit {
    let share = if row.bytes == 0 { 1.0 } else { used as f64 / row.bytes as f64 };
    Limit {
        id,
        bytes: row.bytes,
        source: row.source.clone(),
        date: row.date.clone(),
        used: (share * 10_000.0).round() / 10_000.0,
    }
}

pub(super) fn check(context: &Context<'_>) -> Result<CheckOutput> {
    Ok(check_size(context.bundle, context.settings))
}

fn check_size(bundle: &Bundle, settings: &Settings) -> CheckOutput {
    let (raw, gzip) = (bundle.raw_bytes, bundle.gzip_bytes);
    let platform = &TABLE.raw;
    let raw_limit = settings.max_raw.map_or(platform.bytes, |own| own.min(platform.bytes));
    let whose = if raw_limit < platform.bytes {
        "`size.max-raw`".to_owned()
    } else {
        format!("Cloudflare's limit (since {}, {})", platform.date, platform.source)
    };
    let near = (raw_limit as f64 * settings.warn_at) as u64;
    // `session::remedies` replaces this if it knows what could go.
    let help = format!(
        "move what only development needs out of the runtime requirements, or prune it with `prune.exclude`; {}",
        heaviest(bundle, HEAVIEST)
    );
    let finding = |severity, code, message: String, measured, limit| {
        Finding::new(severity, code, "bundle", Location::new(LocationKind::Package, "bundle"), message, help.clone())
            .measured(measured, limit)
    };
    let mut findings = Vec::new();
    if raw > raw_limit {
        let message = format!("the upload is {}, {} over {whose}", bytes(raw), bytes(raw - raw_limit));
        findings.push(finding(Severity::Deny, RAW, message, raw, raw_limit));
    } else if raw > near {
        let message = format!("the upload is {}, {} of {whose}", bytes(raw), percent(raw, raw_limit));
        findings.push(finding(Severity::Warn, RAW, message, raw, raw_limit));
    }
    if let Some(budget) = settings.max_gzip.filter(|budget| gzip > *budget) {
        let message = format!("the upload is about {} gzipped, over `size.max-gzip` of {}", bytes(gzip), bytes(budget));
        findings.push(finding(Severity::Deny, GZIP, message, gzip, budget));
    } else if settings.max_gzip.is_none() {
        let budget = TABLE.gzip.bytes;
        if gzip as f64 > budget as f64 * GZIP_WARN_AT {
            let over = if gzip > budget { "over" } else { "near" };
            let message =
                format!("the upload is about {} gzipped, {over} the budget of {}", bytes(gzip), bytes(budget));
            findings.push(finding(Severity::Warn, GZIP, message, gzip, budget));
        }
    }
    for pattern in &bundle.unmatched_patterns {
        let message = format!("the pattern `{pattern}` matches nothing");
        let location = Location::new(LocationKind::Config, "pyproject.toml");
        let help = "correct the pattern, or remove it";
        findings.push(Finding::new(Severity::Warn, UNMATCHED, pattern.as_str(), location, message, help));
    }
    let figure =
        format!("{} of {} ({}), about {} gzipped", bytes(raw), bytes(raw_limit), percent(raw, raw_limit), bytes(gzip));
    CheckOutput { figure, findings }
}

fn percent(part: u64, whole: u64) -> String {
    format!("{:.0} %", if whole == 0 { 100.0 } else { part as f64 * 100.0 / whole as f64 })
}

/// The heaviest packages: what a person would look at first.
pub(crate) fn heaviest(bundle: &Bundle, most: usize) -> String {
    let mut packages: Vec<_> =
        bundle.packages.iter().map(|package| (package.raw_bytes, package.name.as_str())).collect();
    packages.sort_by(|left, right| right.cmp(left));
    let named: Vec<_> = packages.iter().take(most).map(|(size, name)| format!("`{name}` {}", bytes(*size))).collect();
    if named.is_empty() {
        "the project's own files are all of it".to_owned()
    } else {
        format!("the heaviest: {}", named.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::env::Environment;

    fn settings() -> Settings {
        Settings::read(&crate::cli::Flags::default(), &Environment::default(), None, None).unwrap()
    }

    fn bundle(raw_bytes: u64, gzip_bytes: u64) -> Bundle {
        Bundle { raw_bytes, gzip_bytes, ..Bundle::default() }
    }

    fn found(raw: u64, gzip: u64, settings: &Settings) -> Vec<(Severity, &'static str)> {
        check_size(&bundle(raw, gzip), settings)
            .findings
            .iter()
            .map(|finding| (finding.severity, finding.code.id))
            .collect()
    }

    const MIB: u64 = 1024 * 1024;

    #[test]
    fn the_limit_itself_still_fits_and_one_byte_more_does_not() {
        assert_eq!(found(64 * MIB, 0, &settings()), [(Severity::Warn, "size.raw")]);
        assert_eq!(found(64 * MIB + 1, 0, &settings()), [(Severity::Deny, "size.raw")]);
    }

    #[test]
    fn eighty_per_cent_is_where_the_warning_begins() {
        let edge = (64.0 * MIB as f64 * 0.8) as u64;
        assert_eq!(found(edge, 0, &settings()), []);
        assert_eq!(found(edge + 1, 0, &settings()), [(Severity::Warn, "size.raw")]);
    }

    #[test]
    fn gzip_warns_by_the_budget_and_denies_by_the_projects_own() {
        assert_eq!(found(0, 20 * MIB, &settings()), []);
        assert_eq!(found(0, 20 * MIB + 1, &settings()), [(Severity::Warn, "size.gzip")]);
        assert_eq!(found(0, 25 * MIB + 1, &settings()), [(Severity::Warn, "size.gzip")]);
        let own = Settings { max_gzip: Some(MIB), ..settings() };
        assert_eq!(found(0, MIB, &own), []);
        assert_eq!(found(0, MIB + 1, &own), [(Severity::Deny, "size.gzip")]);
    }

    #[test]
    fn a_projects_own_limit_lowers_cloudflares_and_never_raises_it() {
        assert_eq!(found(2 * MIB, 0, &Settings { max_raw: Some(MIB), ..settings() }), [(Severity::Deny, "size.raw")]);
        assert_eq!(
            found(65 * MIB, 0, &Settings { max_raw: Some(100 * MIB), ..settings() }),
            [(Severity::Deny, "size.raw")]
        );
    }

    #[test]
    fn limits_carry_their_source_and_date() {
        let limits = limits(&bundle(33_554_432, 0), &settings());
        assert_eq!(
            (limits[0].id, limits[0].bytes, limits[0].date.as_str(), limits[0].used),
            ("raw", 67_108_864, "2026-09-04", 0.5)
        );
        assert!(limits[0].source.starts_with("https://developers.cloudflare.com/"));
    }
}
