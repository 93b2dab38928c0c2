//! The report for people: what goes up, what stays behind, what is heavy, what each gate says, and one last line.
//!
//! Receives a `Report`; hands on text. Must never carry a meaning by colour alone, and never print.

use super::Report;
use crate::bundle::Bundle;
use crate::gate::{Finding, Judgement, Outcome, Severity, Verdict};
use crate::quantity::{bytes, count};
use crate::smoke::Booted;
use console::Style;
use std::collections::BTreeMap;
use std::fmt::Write;

/// How many packages and rules are shown unless everything is asked for.
const SHOWN: usize = 8;

/// The part that is known before anything is deployed. With `quiet` nothing but what blocks.
pub(crate) fn plan(report: &Report, quiet: bool, verbose: bool) -> String {
    let mut out = String::new();
    if !quiet {
        heading(&mut out, report);
        if let Some(bundle) = &report.bundle {
            weights(&mut out, bundle, verbose);
            dropped(&mut out, bundle, verbose);
        }
        out.extend(report.growth.as_ref().map(|growth| super::difference::block(growth, verbose)));
        if let Some(judgements) = &report.judgements {
            gates(&mut out, judgements, verbose);
        }
        if let Some(booted) = &report.smoke {
            slowest(&mut out, booted, verbose);
        }
    }
    if let Some(judgements) = &report.judgements {
        findings(&mut out, judgements, quiet, verbose);
    }
    out
}

fn bold(text: &str) -> String {
    Style::new().bold().apply_to(text).to_string()
}

fn dim(text: &str) -> String {
    Style::new().dim().apply_to(text).to_string()
}

fn heading(out: &mut String, report: &Report) {
    let Some(project) = &report.project else { return };
    let environment = project
        .config
        .environment
        .as_deref()
        .map_or_else(|| "top level".to_owned(), |name| format!("environment {name}"));
    let _ = write!(
        out,
        "{}  {} ({}, {environment})",
        bold(&format!("saddlebag {}", report.command)),
        project.config.name().unwrap_or_else(|| "a Worker without a name".to_owned()),
        project.display(&project.config.path)
    );
    if let Some(target) = &report.target {
        let _ = write!(out, ", Python {} (Pyodide {})", target.python, target.pyodide);
    }
    out.push_str("\n\n");
}

fn weights(out: &mut String, bundle: &Bundle, verbose: bool) {
    let _ = writeln!(
        out,
        "{}   {} modules, {}, about {} gzipped",
        bold("bundle"),
        bundle.modules.len(),
        bytes(bundle.raw_bytes),
        bytes(bundle.gzip_bytes)
    );
    let mut rows: Vec<(u64, String)> = bundle
        .packages
        .iter()
        .filter(|package| package.raw_bytes > 0)
        .map(|package| {
            let saved = if package.dropped_bytes > 0 {
                format!(", {} dropped", bytes(package.dropped_bytes))
            } else {
                String::new()
            };
            (package.raw_bytes, format!("{} {}{}", package.name, package.version, dim(&saved)))
        })
        .collect();
    let own: u64 = bundle
        .modules
        .iter()
        .filter(|module| !matches!(module.owner, crate::bundle::Owner::Package(_)))
        .map(|module| module.bytes)
        .sum();
    rows.push((own, "the project's own files".to_owned()));
    rows.sort_by(|left, right| right.cmp(left));
    let shown = if verbose { rows.len() } else { SHOWN };
    for (size, name) in rows.iter().take(shown) {
        let _ = writeln!(out, "  {:>10}  {name}", bytes(*size));
    }
    if rows.len() > shown {
        let rest: u64 = rows[shown..].iter().map(|(size, _)| size).sum();
        let _ = writeln!(out, "  {:>10}  {}", bytes(rest), dim(&format!("in {} more", rows.len() - shown)));
    }
    if verbose {
        for module in &bundle.modules {
            let _ = writeln!(out, "  {:>10}  {}", bytes(module.bytes), dim(&module.name));
        }
    }
}

fn dropped(out: &mut String, bundle: &Bundle, verbose: bool) {
    let mut by_rule: BTreeMap<&str, (usize, u64)> = BTreeMap::new();
    for file in &bundle.dropped {
        let row = by_rule.entry(file.rule).or_default();
        *row = (row.0 + 1, row.1 + file.bytes);
    }
    let total: u64 = by_rule.values().map(|(_, size)| size).sum();
    let _ = writeln!(out, "{}  {}, {}", bold("dropped"), files(bundle.dropped.len()), bytes(total));
    let mut rows: Vec<_> = by_rule.into_iter().collect();
    rows.sort_by_key(|(rule, (_, size))| (std::cmp::Reverse(*size), *rule));
    for (rule, (count, size)) in rows {
        let _ = writeln!(out, "  {:>10}  {rule}{}", bytes(size), dim(&format!(", {}", files(count))));
    }
    if verbose {
        for file in &bundle.dropped {
            let _ = writeln!(out, "  {:>10}  {}", bytes(file.bytes), dim(&format!("{} ({})", file.name, file.rule)));
        }
    }
}

fn files(number: usize) -> String {
    count(number, "file")
}

fn gates(out: &mut String, judgements: &[Judgement], verbose: bool) {
    let _ = writeln!(out, "{}", bold("gates"));
    let width = judgements
        .iter()
        .filter(|judgement| judgement.outcome != Outcome::Skipped)
        .map(|judgement| judgement.id.len())
        .max()
        .unwrap_or_default();
    let mut skipped: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for judgement in judgements {
        let (word, style) = match judgement.outcome {
            Outcome::Passed => ("passed", Style::new().green()),
            Outcome::Warned => ("warned", Style::new().yellow()),
            Outcome::Blocked => ("BLOCKED", Style::new().red().bold()),
            Outcome::Broke => ("BROKE", Style::new().red().bold()),
            Outcome::Skipped => {
                skipped.entry(judgement.reason.as_deref().unwrap_or_default()).or_default().push(judgement.id);
                continue;
            }
        };
        let _ = writeln!(
            out,
            "  {}  {:width$}  {}",
            style.apply_to(format!("{word:7}")),
            judgement.id,
            dim(&judgement.figure)
        );
    }
    for (reason, ids) in skipped {
        let which = if verbose || ids.len() < 4 { ids.join(", ") } else { count(ids.len(), "gate") };
        let _ = writeln!(out, "  {}", dim(&format!("skipped  {which} ({reason})")));
    }
}

/// What takes longest to import, by the modules' own time.
fn slowest(out: &mut String, booted: &Booted, verbose: bool) {
    let shown = if verbose { booted.slowest.len() } else { 5 };
    let _ = writeln!(
        out,
        "{}  {} imported in {:.2} s",
        bold("imports"),
        count(booted.imported, "module"),
        booted.import_seconds
    );
    for import in booted.slowest.iter().take(shown) {
        let with = dim(&format!(", {:.3} s with what it imports", import.seconds));
        let _ = writeln!(out, "  {:>8.3} s  {}{with}", import.own_seconds, import.module);
    }
}

fn findings(out: &mut String, judgements: &[Judgement], quiet: bool, verbose: bool) {
    let wanted = |finding: &&Finding| match finding.weight() {
        Severity::Deny => true,
        Severity::Warn => !quiet,
        Severity::Note => verbose && !quiet,
    };
    let mut all: Vec<&Finding> = judgements.iter().flat_map(|judgement| &judgement.findings).filter(wanted).collect();
    all.sort_by_key(|finding| std::cmp::Reverse(finding.weight()));
    let cap = if verbose { usize::MAX } else { 25 };
    for finding in all.iter().take(cap) {
        let (word, style) = match finding.weight() {
            Severity::Deny => ("deny", Style::new().red().bold()),
            Severity::Warn => ("warn", Style::new().yellow().bold()),
            Severity::Note => ("note", Style::new().cyan()),
        };
        let allowed = finding.allowed.as_ref().map_or_else(String::new, |reason| format!(" (allowed: {reason})"));
        let _ =
            writeln!(out, "\n{} {}{allowed}", style.apply_to(format!("{word}[{}]:", finding.code)), finding.message);
        let _ = writeln!(out, "  --> {}", finding.location);
        if !finding.help.is_empty() {
            let _ = writeln!(out, "  {} {}", Style::new().cyan().apply_to("help:"), finding.help);
        }
    }
    if all.len() > cap {
        let _ = writeln!(out, "\n{} more; `--verbose` shows them", all.len() - cap);
    }
    for judgement in judgements.iter().filter(|judgement| judgement.outcome == Outcome::Broke) {
        let _ = writeln!(
            out,
            "\n{} {}",
            Style::new().red().bold().apply_to(format!("broke[{}]:", judgement.id)),
            judgement.figure
        );
    }
}

/// The last line: the verdict, or the deploy, in numbers that can be counted on.
pub(crate) fn last_line(report: &Report) -> String {
    let judgements = report.judgements.as_deref().unwrap_or_default();
    let of = |wanted: &[Outcome]| {
        judgements
            .iter()
            .filter(|judgement| wanted.contains(&judgement.outcome))
            .map(|judgement| judgement.id)
            .collect::<Vec<_>>()
    };
    let ran = judgements.len() - of(&[Outcome::Skipped]).len();
    let warnings = judgements
        .iter()
        .flat_map(|judgement| &judgement.findings)
        .filter(|finding| finding.weight() == Severity::Warn)
        .count();
    let allowed =
        judgements.iter().flat_map(|judgement| &judgement.findings).filter(|finding| finding.allowed.is_some()).count();
    let tail = format!(
        "{}, {}{}",
        count(ran, "gate"),
        count(warnings, "warning"),
        if allowed > 0 { format!(", {allowed} allowed") } else { String::new() }
    );
    let blocked = of(&[Outcome::Blocked, Outcome::Broke]);
    let green = Style::new().green().bold();
    let red = Style::new().red().bold();
    match (report.verdict, &report.deployed) {
        (Some(Verdict::Blocked), _) => {
            format!("{} by {}: nothing was uploaded ({tail})", red.apply_to("blocked"), blocked.join(", "))
        }
        (Some(_), Some(deployed)) if deployed.code == 0 && report.dry_run => {
            format!("{}: everything but the upload ({tail})", green.apply_to("dry run passed"))
        }
        (Some(_), Some(deployed)) if deployed.code == 0 => {
            let version =
                deployed.heard.version_id.as_deref().map_or_else(String::new, |version| format!(", version {version}"));
            format!("{}{version} ({tail})", green.apply_to("deployed"))
        }
        (Some(_), Some(deployed)) => {
            format!("{} with exit code {} ({tail})", red.apply_to("pywrangler ended"), deployed.code)
        }
        (Some(_), None) => format!("{} ({tail})", green.apply_to("passed")),
        (None, _) => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deploy::Deployed;
    use crate::error::{Location, Place};
    use crate::gate::Level;

    fn judgement(id: &'static str, outcome: Outcome, findings: Vec<Finding>) -> Judgement {
        Judgement {
            id,
            level: Level::Deny,
            outcome,
            reason: (outcome == Outcome::Skipped).then(|| "switched off".to_owned()),
            figure: "a figure".into(),
            findings,
        }
    }

    fn finding(severity: Severity) -> Finding {
        Finding::new(
            severity,
            "size.raw",
            "bundle",
            Location::at(Place::File, "src/a.py", 3, 1),
            "the upload is heavy",
            "make it light",
        )
    }

    fn text(report: &Report) -> String {
        console::set_colors_enabled(false);
        format!("{}{}", plan(report, false, false), last_line(report))
    }

    #[test]
    fn gates_findings_and_the_last_line_read_from_top_to_bottom() {
        let report = Report {
            judgements: Some(vec![
                judgement("namespace", Outcome::Passed, vec![finding(Severity::Note)]),
                judgement("secrets", Outcome::Warned, vec![finding(Severity::Warn)]),
                judgement("size", Outcome::Blocked, vec![finding(Severity::Deny)]),
                judgement("smoke", Outcome::Skipped, vec![]),
            ]),
            verdict: Some(Verdict::Blocked),
            ..Report::default()
        };
        insta::assert_snapshot!(text(&report), @"
        gates
          passed   namespace  a figure
          warned   secrets    a figure
          BLOCKED  size       a figure
          skipped  smoke (switched off)

        deny[size.raw]: the upload is heavy
          --> src/a.py:3:1
          help: make it light

        warn[size.raw]: the upload is heavy
          --> src/a.py:3:1
          help: make it light
        blocked by size: nothing was uploaded (3 gates, 1 warning)
        ");
    }

    #[test]
    fn the_last_line_says_how_it_ended() {
        let last = |verdict, deployed, dry_run| {
            console::set_colors_enabled(false);
            last_line(&Report {
                judgements: Some(vec![judgement("size", Outcome::Passed, vec![])]),
                verdict: Some(verdict),
                deployed,
                dry_run,
                ..Report::default()
            })
        };
        let heard = crate::heard::Heard { version_id: Some("v1".into()), ..crate::heard::Heard::default() };
        let done = Deployed { code: 0, heard };
        insta::assert_snapshot!([
            last(Verdict::Passed, None, false),
            last(Verdict::Passed, Some(done.clone()), false),
            last(Verdict::PassedWithWarnings, Some(done.clone()), true),
            last(Verdict::Passed, Some(Deployed { code: 1, ..done }), false),
        ].join("\n"), @"
        passed (1 gate, 0 warnings)
        deployed, version v1 (1 gate, 0 warnings)
        dry run passed: everything but the upload (1 gate, 0 warnings)
        pywrangler ended with exit code 1 (1 gate, 0 warnings)
        ");
    }
}
