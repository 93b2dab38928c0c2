//! `--format human`: the verdict, the size, what has changed since the baseline, what was found, and one last line for scripts.
//!
//! A run that passed takes a few lines and its warnings; a run that is blocked shows what blocks it and nothing that passed.
//! Tables and passed gates are for `--verbose`. Nothing is shown by colour or by a drawing alone.

mod findings;
mod weights;

use super::style::{RenderOptions, bold, dim};
use super::{Renderer, Report};
use crate::format::count;
use crate::gates::{GateId, GateResult, Outcome, Severity, Verdict};
use crate::smoke::SmokeResult;
use console::Style;
use std::collections::BTreeMap;
use std::fmt::Write;

/// Lines about growth in a short report.
const GROWTH_ROWS: usize = 3;
/// Modules that the line about a boot names.
const SLOWEST: usize = 3;

/// The report for people, as far as it is known before a deploy.
pub(crate) struct Human {
    pub(crate) options: RenderOptions,
}

impl Renderer for Human {
    fn render(&self, report: &Report<'_>) -> String {
        plan(report, self.options)
    }
}

/// The text of `saddlebag report`: the table of packages, and below it what the gates found.
pub(crate) struct ByPackage {
    pub(crate) options: RenderOptions,
}

impl Renderer for ByPackage {
    fn render(&self, report: &Report<'_>) -> String {
        let table = super::packages::render(report);
        let findings = plan(report, RenderOptions { quiet: true, ..self.options });
        let between = if table.is_empty() || findings.is_empty() { "" } else { "\n" };
        table + between + &findings
    }
}

fn plan(report: &Report, options: RenderOptions) -> String {
    let mut out = String::new();
    if !options.quiet {
        heading(&mut out, report, options);
        match options.verbose {
            true => everything(&mut out, report, options),
            false => summary(&mut out, report, options),
        }
    }
    if let Some(results) = &report.results {
        findings::write(&mut out, results, options);
    }
    out
}

/// The size, what has changed since the baseline, and gates that were asked for and could not run. A blocked run shows
/// the figures only if they are why.
fn summary(out: &mut String, report: &Report, options: RenderOptions) {
    let blocking = ids(report, &[Outcome::Blocked, Outcome::Broke]);
    let is_blocked = report.verdict == Some(Verdict::Blocked);
    if !is_blocked || blocking.iter().any(|id| [GateId::Size, GateId::Growth].contains(id)) {
        if let Some(bundle) = &report.bundle {
            weights::size(out, bundle, &report.limits, options);
        }
        let rows = GROWTH_ROWS - usize::from(report.smoke.is_some());
        out.extend(report.growth.as_ref().map(|growth| super::difference::block(growth, options, rows)));
    }
    if is_blocked {
        return;
    }
    if let Some(booted) = &report.smoke {
        let _ = writeln!(out, "{}", options.line(&boot(booted)));
    }
    for result in report.results.into_iter().flatten().filter(|result| result.was_missed()) {
        let first = format!("{} {}: ", Style::new().yellow().bold().apply_to("skipped"), result.id);
        let _ = writeln!(out, "{}", options.sentence(&first, "  ", &result.figure));
    }
}

/// `smoke   312 modules imported in 1.62 s; slowest: pydantic 0.41 s`
fn boot(booted: &SmokeResult) -> String {
    let names = booted.slowest.iter().take(SLOWEST);
    let names: Vec<String> = names.map(|import| format!("{} {:.2} s", import.module, import.own_seconds)).collect();
    let slowest = if names.is_empty() { String::new() } else { format!("; slowest: {}", names.join(", ")) };
    let imported = count(booted.imported, "module");
    format!("{}   {imported} imported in {:.2} s{slowest}", bold("smoke"), booted.import_seconds)
}

/// Every table.
fn everything(out: &mut String, report: &Report, options: RenderOptions) {
    if let Some(bundle) = &report.bundle {
        out.push('\n');
        weights::size(out, bundle, &report.limits, options);
        weights::tables(out, bundle, options);
    }
    if let Some(growth) = &report.growth {
        out.push('\n');
        out.push_str(&super::difference::block(growth, options, usize::MAX));
    }
    if let Some(results) = &report.results {
        gates(out, results, options);
    }
    if let Some(booted) = &report.smoke {
        slowest(out, booted);
    }
}

/// The command with its verdict, then the Worker.
fn heading(out: &mut String, report: &Report, options: RenderOptions) {
    let verdict = match report.verdict {
        Some(Verdict::Blocked) => {
            let by = names(&ids(report, &[Outcome::Blocked, Outcome::Broke]));
            format!("{} by {by}", Style::new().red().bold().apply_to("BLOCKED"))
        }
        Some(Verdict::PassedWithWarnings) => {
            let warnings = count(warnings(report), "warning");
            format!("{} with {warnings}", Style::new().yellow().bold().apply_to("passed"))
        }
        Some(Verdict::Passed) => Style::new().green().bold().apply_to("passed").to_string(),
        None => String::new(),
    };
    let _ =
        writeln!(out, "{}", options.line(&format!("{} {verdict}", bold(&format!("saddlebag {}:", report.command)))));
    let Some(project) = &report.project else { return };
    let name = project.config.name().unwrap_or_else(|| "a Worker without a name".to_owned());
    let environment = project.config.environment.as_deref();
    let environment = environment.map_or_else(|| "top level".to_owned(), |name| format!("environment {name}"));
    let mut worker = format!("{name}, {environment} ({})", project.display(&project.config.path));
    if let Some(target) = &report.target {
        let _ = write!(worker, ", Python {} (Pyodide {})", target.python, target.pyodide);
    }
    let _ = writeln!(out, "{}", options.line(&worker));
}

fn gates(out: &mut String, results: &[GateResult], options: RenderOptions) {
    let _ = writeln!(out, "\n{}", bold("gates"));
    let width = results
        .iter()
        .filter(|result| result.outcome != Outcome::Skipped)
        .map(|result| result.id.as_str().len())
        .max()
        .unwrap_or_default();
    let mut skipped: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for result in results {
        let (word, style) = match result.outcome {
            Outcome::Passed => ("passed", Style::new().green()),
            Outcome::Warned => ("warned", Style::new().yellow()),
            Outcome::Blocked => ("BLOCKED", Style::new().red().bold()),
            Outcome::Broke => ("BROKE", Style::new().red().bold()),
            Outcome::Skipped => {
                skipped.entry(result.reason.as_deref().unwrap_or_default()).or_default().push(result.id.as_str());
                continue;
            }
        };
        let word = style.apply_to(format!("{word:7}"));
        let line = format!("  {word}  {:width$}  {}", result.id, dim(&result.figure));
        let _ = writeln!(out, "{}", options.line(line.trim_end()));
    }
    for (reason, ids) in skipped {
        let _ = writeln!(out, "  {}", dim(&format!("skipped  {} ({reason})", ids.join(", "))));
    }
}

/// What takes longest to import, by the modules' own time.
fn slowest(out: &mut String, booted: &SmokeResult) {
    let imported = count(booted.imported, "module");
    let _ = writeln!(out, "\n{}  {imported} imported in {:.2} s", bold("imports"), booted.import_seconds);
    for import in &booted.slowest {
        let with = dim(&format!(", {:.3} s with what it imports", import.seconds));
        let _ = writeln!(out, "  {:>8.3} s  {}{with}", import.own_seconds, import.module);
    }
}

fn names(ids: &[GateId]) -> String {
    ids.iter().map(|id| id.as_str()).collect::<Vec<_>>().join(", ")
}

fn ids(report: &Report, wanted: &[Outcome]) -> Vec<GateId> {
    let results = report.results.into_iter().flatten();
    results.filter(|result| wanted.contains(&result.outcome)).map(|result| result.id).collect()
}

fn warnings(report: &Report) -> usize {
    let all = report.results.into_iter().flatten().flat_map(|result| &result.findings);
    all.filter(|finding| finding.weight() == Severity::Warn).count()
}

/// Whether the last line needs no blank line before it.
pub(crate) fn stands_alone(report: &Report, quiet: bool) -> bool {
    quiet && report.verdict != Some(Verdict::Blocked)
}

/// The hint of a command that does not show warnings itself.
pub(crate) fn warnings_elsewhere(report: &Report) -> Option<String> {
    let warnings = Some(warnings(report)).filter(|warnings| *warnings > 0)?;
    let them = if warnings == 1 { "it" } else { "them" };
    Some(format!("{}: `saddlebag check` shows {them}", count(warnings, "warning")))
}

/// The last line, for scripts: the verdict or the deploy, and the number of gates and warnings.
pub(crate) fn last_line(report: &Report) -> String {
    let results = report.results.unwrap_or_default();
    let ran = results.len() - ids(report, &[Outcome::Skipped]).len();
    let all = results.iter().flat_map(|result| &result.findings);
    let allowed = all.filter(|finding| finding.allowed.is_some()).count();
    let tail = format!(
        "{}, {}{}",
        count(ran, "gate"),
        count(warnings(report), "warning"),
        if allowed > 0 { format!(", {allowed} allowed") } else { String::new() }
    );
    let green = Style::new().green().bold();
    let red = Style::new().red().bold();
    match (report.verdict, &report.deployed) {
        (Some(Verdict::Blocked), _) => {
            let blocked = ids(report, &[Outcome::Blocked, Outcome::Broke]);
            format!("{} by {}: nothing was uploaded ({tail})", red.apply_to("blocked"), names(&blocked))
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
    use crate::error::{Location, LocationKind};
    use crate::gates::{Finding, Level};
    use crate::report::lasting;

    fn result(id: GateId, outcome: Outcome, findings: Vec<Finding>) -> GateResult {
        GateResult {
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
            crate::gates::size::RAW,
            "bundle",
            Location::at(LocationKind::File, "src/a.py", 3, 1),
            "the upload is heavy",
            "make it light",
        )
    }

    fn text(report: &Report, options: RenderOptions) -> String {
        console::set_colors_enabled(false);
        format!("{}{}", plan(report, options), last_line(report))
    }

    #[test]
    fn a_block_shows_what_blocks_and_verbose_shows_everything() {
        let report = Report {
            results: Some(&[
                result(GateId::Namespace, Outcome::Passed, vec![finding(Severity::Note)]),
                result(GateId::Secrets, Outcome::Warned, vec![finding(Severity::Warn)]),
                result(GateId::Size, Outcome::Blocked, vec![finding(Severity::Deny)]),
                result(GateId::Smoke, Outcome::Skipped, vec![]),
            ]),
            verdict: Some(Verdict::Blocked),
            ..Report::default()
        };
        insta::assert_snapshot!(text(&report, RenderOptions::default()), @"
        saddlebag : BLOCKED by size

        deny[size.raw]: the upload is heavy
          --> src/a.py:3:1
          help: make it light

        warn[size.raw]: the upload is heavy (src/a.py:3:1)
        `--verbose` shows warnings in full
        blocked by size: nothing was uploaded (3 gates, 1 warning)
        ");
        insta::assert_snapshot!(text(&report, RenderOptions { quiet: true, ..RenderOptions::default() }), @"
        deny[size.raw]: the upload is heavy
          --> src/a.py:3:1
          help: make it light

        warn[size.raw]: the upload is heavy (src/a.py:3:1)
        blocked by size: nothing was uploaded (3 gates, 1 warning)
        ");
        insta::assert_snapshot!(text(&report, RenderOptions { verbose: true, ..RenderOptions::default() }), @"
        saddlebag : BLOCKED by size

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

        note[size.raw]: the upload is heavy
          --> src/a.py:3:1
          help: make it light
        blocked by size: nothing was uploaded (3 gates, 1 warning)
        ");
    }

    fn passed(results: Vec<GateResult>) -> Report<'static> {
        let rows = ["a", "b", "c", "d", "e"].map(|name| (name, "1", 4096));
        let growth =
            crate::baseline::of_packages(0, &[]).growth(&crate::baseline::of_packages(0, &rows), "b.toml".into());
        let slowest = crate::smoke::Imported { module: "pydantic".into(), seconds: 0.5, own_seconds: 0.41 };
        Report {
            command: "check".into(),
            verdict: Some(Verdict::of(&results)),
            results: Some(lasting(results)),
            bundle: Some(lasting(crate::bundle::Bundle { raw_bytes: 20480, gzip_bytes: 9000, ..Default::default() })),
            growth: Some(lasting(growth)),
            smoke: Some(lasting(SmokeResult {
                import_seconds: 1.6,
                imported: 312,
                slowest: vec![slowest],
                ..SmokeResult::default()
            })),
            ..Report::default()
        }
    }

    #[test]
    fn a_pass_is_at_most_ten_lines_on_a_terminal_whatever_has_grown() {
        let report = passed(vec![
            result(GateId::Size, Outcome::Passed, vec![]),
            result(GateId::Growth, Outcome::Passed, vec![]),
        ]);
        let options = RenderOptions { width: Some(80), ..RenderOptions::default() };
        insta::assert_snapshot!(text(&report, options), @"
        saddlebag check: passed
        bundle  20.0 KiB, about 8.8 KiB gzipped, 0 modules
        growth  +20.0 KiB since b.toml: 0 B -> 20.0 KiB
           +4.0 KiB  a 1, new
          +16.0 KiB  4 more
        smoke   312 modules imported in 1.60 s; slowest: pydantic 0.41 s
        passed (2 gates, 0 warnings)
        ");
        // With the line of the Worker, the bar and the blank line before the last.
        assert!(text(&report, options).lines().count() + 3 <= 10);
    }

    #[test]
    fn a_gate_that_was_asked_for_and_could_not_run_is_mentioned() {
        let skipped = |id, level, reason: &str| GateResult {
            level,
            reason: Some(reason.to_owned()),
            figure: reason.to_owned(),
            ..result(id, Outcome::Skipped, vec![])
        };
        let report = passed(vec![
            result(GateId::Size, Outcome::Passed, vec![]),
            skipped(GateId::Growth, Level::Warn, "no baseline: `saddlebag baseline` writes one"),
            skipped(GateId::Smoke, Level::Warn, "no Pyodide"),
            skipped(GateId::Verify, Level::Off, "off by default"),
        ]);
        let text = text(&report, RenderOptions::default());
        assert!(text.contains("\nskipped smoke: no Pyodide\n"), "{text}");
        assert_eq!(text.matches("skipped").count(), 1, "{text}");
    }

    #[test]
    fn the_last_line_says_how_it_ended() {
        let last = |verdict, deployed: Option<Deployed>, dry_run| {
            console::set_colors_enabled(false);
            last_line(&Report {
                results: Some(&[result(GateId::Size, Outcome::Passed, vec![])]),
                verdict: Some(verdict),
                deployed: deployed.as_ref(),
                dry_run,
                ..Report::default()
            })
        };
        let heard = crate::wrangler::log::WranglerOutput {
            version_id: Some("v1".into()),
            ..crate::wrangler::log::WranglerOutput::default()
        };
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
