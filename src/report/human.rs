//! The report for people: the verdict first, then what goes up and what it weighs, what each gate says, what was found,
//! and one last line that can be counted on.
//!
//! Receives a `Report` and how it is to be shown; hands on text. Must never carry a meaning by colour or by a picture
//! alone, and never print. `weights` draws the bundle, `findings` what the gates found.

mod findings;
mod weights;

use super::Report;
use crate::gate::{Judgement, Outcome, Severity, Verdict};
use crate::quantity::count;
use crate::smoke::Booted;
use console::Style;
use std::collections::BTreeMap;
use std::fmt::Write;

/// How much is shown, and where.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Manner {
    /// Nothing but the verdict and what blocks.
    pub(crate) quiet: bool,
    /// Everything.
    pub(crate) verbose: bool,
    /// Columns of the terminal that it is shown on; `None` where it goes to a file or a pipe, whose lines stay whole.
    pub(crate) width: Option<usize>,
}

impl Manner {
    /// One line that a terminal does not break. Whoever wants it whole has `--verbose`.
    pub(super) fn line(self, text: &str) -> String {
        match self.width.filter(|_| !self.verbose) {
            Some(width) => console::truncate_str(text, width, "...").into_owned(),
            None => text.to_owned(),
        }
    }

    /// A sentence, broken between words where the terminal ends; what follows the first line stands under its text.
    fn sentence(self, first: &str, then: &str, text: &str) -> String {
        let Some(width) = self.width else { return format!("{first}{text}") };
        let options = textwrap::Options::new(width.max(40)).subsequent_indent(then).break_words(false);
        textwrap::fill(&format!("{first}{text}"), options.word_splitter(textwrap::WordSplitter::NoHyphenation))
    }
}

/// The part that is known before anything is deployed.
pub(crate) fn plan(report: &Report, manner: Manner) -> String {
    let mut out = String::new();
    if !manner.quiet {
        heading(&mut out, report, manner);
        if let Some(bundle) = &report.bundle {
            weights::write(&mut out, bundle, &report.limits, manner);
        }
        out.extend(report.growth.as_ref().map(|growth| super::difference::block(growth, manner)));
        if let Some(judgements) = &report.judgements {
            gates(&mut out, judgements, manner);
        }
        if let Some(booted) = &report.smoke {
            slowest(&mut out, booted, manner);
        }
    }
    if let Some(judgements) = &report.judgements {
        findings::write(&mut out, judgements, manner);
    }
    out
}

fn bold(text: &str) -> String {
    Style::new().bold().apply_to(text).to_string()
}

fn dim(text: &str) -> String {
    Style::new().dim().apply_to(text).to_string()
}

/// What was asked, and what came of it; then of which Worker.
fn heading(out: &mut String, report: &Report, manner: Manner) {
    let verdict = match report.verdict {
        Some(Verdict::Blocked) => {
            let by = ids(report, &[Outcome::Blocked, Outcome::Broke]).join(", ");
            format!("{} by {by}", Style::new().red().bold().apply_to("BLOCKED"))
        }
        Some(Verdict::PassedWithWarnings) => {
            let warnings = count(warnings(report), "warning");
            format!("{} with {warnings}", Style::new().yellow().bold().apply_to("passed"))
        }
        Some(Verdict::Passed) => Style::new().green().bold().apply_to("passed").to_string(),
        None => String::new(),
    };
    let _ = writeln!(out, "{}", manner.line(&format!("{} {verdict}", bold(&format!("saddlebag {}:", report.command)))));
    let Some(project) = &report.project else { return };
    let name = project.config.name().unwrap_or_else(|| "a Worker without a name".to_owned());
    let environment = project.config.environment.as_deref();
    let environment = environment.map_or_else(|| "top level".to_owned(), |name| format!("environment {name}"));
    let mut worker = format!("{name}, {environment} ({})", project.display(&project.config.path));
    if let Some(target) = &report.target {
        let _ = write!(worker, ", Python {} (Pyodide {})", target.python, target.pyodide);
    }
    let _ = writeln!(out, "{}", manner.line(&worker));
}

fn gates(out: &mut String, judgements: &[Judgement], manner: Manner) {
    let _ = writeln!(out, "\n{}", bold("gates"));
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
        let word = style.apply_to(format!("{word:7}"));
        let line = format!("  {word}  {:width$}  {}", judgement.id, dim(&judgement.figure));
        let _ = writeln!(out, "{}", manner.line(line.trim_end()));
    }
    for (reason, ids) in skipped {
        let which = if manner.verbose || ids.len() < 4 { ids.join(", ") } else { count(ids.len(), "gate") };
        let _ = writeln!(out, "{}", manner.line(&format!("  {}", dim(&format!("skipped  {which} ({reason})")))));
    }
}

/// What takes longest to import, by the modules' own time.
fn slowest(out: &mut String, booted: &Booted, manner: Manner) {
    let shown = if manner.verbose { booted.slowest.len() } else { 5 };
    let imported = count(booted.imported, "module");
    let _ = writeln!(out, "\n{}  {imported} imported in {:.2} s", bold("imports"), booted.import_seconds);
    for import in booted.slowest.iter().take(shown) {
        let with = dim(&format!(", {:.3} s with what it imports", import.seconds));
        let _ = writeln!(out, "  {:>8.3} s  {}{with}", import.own_seconds, import.module);
    }
}

fn ids(report: &Report, wanted: &[Outcome]) -> Vec<&'static str> {
    let judgements = report.judgements.into_iter().flatten();
    judgements.filter(|judgement| wanted.contains(&judgement.outcome)).map(|judgement| judgement.id).collect()
}

fn warnings(report: &Report) -> usize {
    let all = report.judgements.into_iter().flatten().flat_map(|judgement| &judgement.findings);
    all.filter(|finding| finding.weight() == Severity::Warn).count()
}

/// The last line: the verdict, or the deploy, in numbers that can be counted on.
pub(crate) fn last_line(report: &Report) -> String {
    let judgements = report.judgements.as_deref().unwrap_or_default();
    let ran = judgements.len() - ids(report, &[Outcome::Skipped]).len();
    let all = judgements.iter().flat_map(|judgement| &judgement.findings);
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
    use crate::gate::{Finding, Level};

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
        format!("{}{}", plan(report, Manner::default()), last_line(report))
    }

    #[test]
    fn gates_findings_and_the_last_line_read_from_top_to_bottom() {
        let report = Report {
            judgements: Some(&[
                judgement("namespace", Outcome::Passed, vec![finding(Severity::Note)]),
                judgement("secrets", Outcome::Warned, vec![finding(Severity::Warn)]),
                judgement("size", Outcome::Blocked, vec![finding(Severity::Deny)]),
                judgement("smoke", Outcome::Skipped, vec![]),
            ]),
            verdict: Some(Verdict::Blocked),
            ..Report::default()
        };
        insta::assert_snapshot!(text(&report), @"
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
        blocked by size: nothing was uploaded (3 gates, 1 warning)
        ");
    }

    #[test]
    fn the_last_line_says_how_it_ended() {
        let last = |verdict, deployed: Option<Deployed>, dry_run| {
            console::set_colors_enabled(false);
            last_line(&Report {
                judgements: Some(&[judgement("size", Outcome::Passed, vec![])]),
                verdict: Some(verdict),
                deployed: deployed.as_ref(),
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
