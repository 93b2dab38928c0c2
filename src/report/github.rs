//! `--format github`: annotations on the right file and line, the job summary, and outputs for later steps.
//!
//! Everything is escaped, so that no message can become a command of the runner.

use super::{Renderer, Report};
use crate::error::{Location, LocationKind};
use crate::format::{bytes, count};
use crate::gates::{Finding, Outcome, Severity, Verdict};
use std::fmt::Write;

/// How many packages the summary lists.
const SHOWN: usize = 10;

/// Annotations on stdout, the job summary and the outputs of the step.
pub(crate) struct Github<'a> {
    /// The project's directory in the repository, with `/` at its end, or empty.
    pub(crate) prefix: &'a str,
}

impl Renderer for Github<'_> {
    fn render(&self, report: &Report<'_>) -> String {
        format!("{}{}\n", annotations(report, self.prefix), super::human::last_line(report))
    }

    fn appended(&self, report: &Report<'_>) -> Vec<(&'static str, String)> {
        vec![("GITHUB_STEP_SUMMARY", summary(report)), ("GITHUB_OUTPUT", outputs(report))]
    }
}

/// One line for each finding (and for the error), in the syntax of GitHub's runner.
fn annotations(report: &Report, prefix: &str) -> String {
    let mut out = String::new();
    let results = report.results.unwrap_or_default();
    for finding in results.iter().flat_map(|result| &result.findings) {
        let command = match finding.weight() {
            Severity::Deny => "error",
            Severity::Warn => "warning",
            Severity::Note if finding.allowed.is_some() => "notice",
            Severity::Note => continue, // thousands of them would hide the rest
        };
        let allowed = finding.allowed.as_ref().map_or_else(String::new, |reason| format!(" (allowed: {reason})"));
        let text = format!("{}{allowed}\nhelp: {}", finding.message, finding.remedy());
        out.push_str(&annotation(command, finding.code.id, &finding.location, prefix, &text));
    }
    for result in results.iter().filter(|result| result.outcome == Outcome::Broke) {
        let text = result.reason.as_deref().unwrap_or("the gate broke");
        let gate = result.id.as_str();
        out.push_str(&annotation("error", gate, &Location::new(LocationKind::Tool, gate), prefix, text));
    }
    if let Some(error) = &report.error {
        let location = error.location.as_deref().cloned();
        let location = location.unwrap_or_else(|| Location::new(LocationKind::Tool, "saddlebag"));
        let text = format!("{}\nhint: {}", error.message, error.hint);
        out.push_str(&annotation("error", error.kind.code(), &location, prefix, &text));
    }
    out
}

fn annotation(command: &str, title: &str, location: &Location, prefix: &str, text: &str) -> String {
    let mut properties = Vec::new();
    if matches!(location.kind, LocationKind::File | LocationKind::Config | LocationKind::Requirement)
        && !location.path.starts_with('/')
    {
        properties.push(format!("file={}", property(&format!("{prefix}{}", location.path))));
        properties.extend(location.line.map(|line| format!("line={line}")));
        properties.extend(location.column.map(|column| format!("col={column}")));
    }
    properties.push(format!("title={}", property(title)));
    format!("::{command} {}::{}\n", properties.join(","), data(text))
}

/// As `@actions/core` escapes what follows the second `::`.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// As `@actions/core` escapes a property between the first and the second.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

/// The job summary, Markdown: the verdict, the figures, what is heavy, and what was found.
fn summary(report: &Report) -> String {
    let mut out = String::new();
    let what = match (report.verdict, &report.error) {
        (_, Some(error)) => format!("could not do its work: {}", cell(&error.message)),
        (Some(Verdict::Blocked), None) => "blocked, nothing was uploaded".to_owned(),
        (Some(Verdict::PassedWithWarnings), None) => "passed, with warnings".to_owned(),
        (Some(Verdict::Passed), None) => "passed".to_owned(),
        (None, None) => "no gate ran".to_owned(),
    };
    let _ = writeln!(out, "### saddlebag {}: {what}\n", report.command);
    if let Some(bundle) = &report.bundle {
        let _ = writeln!(
            out,
            "{}, **{}**, about {} gzipped; {} dropped\n",
            count(bundle.modules.len(), "module"),
            bytes(bundle.raw_bytes),
            bytes(bundle.gzip_bytes),
            bytes(bundle.dropped.iter().map(|file| file.bytes).sum()),
        );
        for limit in &report.limits {
            let _ = writeln!(out, "- {} of {} ({})", percent(limit.used), bytes(limit.bytes), limit.id);
        }
        let mut heavy: Vec<_> = bundle.packages.iter().collect();
        heavy.sort_by(|a, b| b.raw_bytes.cmp(&a.raw_bytes).then_with(|| a.name.cmp(&b.name)));
        if !heavy.is_empty() {
            out.push_str("\n| package | version | bytes | dropped |\n|---|---|---:|---:|\n");
        }
        for package in heavy.iter().take(SHOWN) {
            let _ = writeln!(
                out,
                "| {} | {} | {} | {} |",
                cell(&package.name),
                cell(&package.version),
                bytes(package.raw_bytes),
                bytes(package.dropped_bytes)
            );
        }
        if heavy.len() > SHOWN {
            let _ = writeln!(out, "\n{} more.", heavy.len() - SHOWN);
        }
    }
    out.extend(report.growth.as_ref().map(|growth| super::difference::table(growth, cell)));
    findings(&mut out, report);
    if let Some(deployed) = report.deployed.as_ref().filter(|deployed| deployed.code == 0 && !report.dry_run) {
        let version = deployed.heard.version_id.as_deref().unwrap_or("unknown");
        let _ = writeln!(out, "\nDeployed: version `{}`{}", cell(version), targets(&deployed.heard.targets));
    }
    out
}

fn targets(targets: &[String]) -> String {
    if targets.is_empty() { String::new() } else { format!(", {}", targets.join(", ")) }
}

fn findings(out: &mut String, report: &Report) {
    let results = report.results.unwrap_or_default();
    let of = |severity: Severity| {
        let all = results.iter().flat_map(|result| &result.findings);
        all.filter(move |finding: &&Finding| finding.weight() == severity).collect::<Vec<_>>()
    };
    let rows: Vec<_> = [("deny", of(Severity::Deny)), ("warn", of(Severity::Warn))]
        .into_iter()
        .flat_map(|(level, findings)| findings.into_iter().map(move |finding| (level, finding)))
        .collect();
    if rows.is_empty() {
        return;
    }
    out.push_str("\n| | finding | where | what to do |\n|---|---|---|---|\n");
    for (level, finding) in rows {
        let _ = writeln!(
            out,
            "| {level} | `{}` {} | `{}` | {} |",
            finding.code,
            cell(&finding.message),
            cell(&finding.location.to_string()),
            cell(&finding.help)
        );
    }
    let all = results.iter().flat_map(|result| &result.findings);
    let snippets: std::collections::BTreeSet<&String> = all.filter_map(|finding| finding.snippet.as_ref()).collect();
    for snippet in snippets {
        let _ = writeln!(out, "\n```\n{snippet}\n```");
    }
}

/// Text inside a table.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace(['\n', '\r'], " ").replace('<', "&lt;")
}

fn percent(fraction: f64) -> String {
    format!("{:.0} %", fraction * 100.0)
}

/// `name=value` lines for the steps after this one.
fn outputs(report: &Report) -> String {
    let mut out = String::new();
    let verdict = match report.verdict {
        Some(Verdict::Passed) => "passed",
        Some(Verdict::PassedWithWarnings) => "passed-with-warnings",
        Some(Verdict::Blocked) => "blocked",
        None => "",
    };
    let _ = writeln!(out, "verdict={verdict}");
    let _ = writeln!(out, "exit-code={}", report.exit.code);
    if let Some(bundle) = &report.bundle {
        let _ = writeln!(out, "raw-bytes={}", bundle.raw_bytes);
        let _ = writeln!(out, "gzip-bytes={}", bundle.gzip_bytes);
        let _ = writeln!(out, "module-count={}", bundle.modules.len());
    }
    if let Some(growth) = &report.growth {
        let _ = writeln!(out, "growth-bytes={}", i128::from(growth.raw.after) - i128::from(growth.raw.before));
    }
    if let Some(version) = report.deployed.as_ref().and_then(|deployed| deployed.heard.version_id.as_deref()) {
        let _ = writeln!(out, "version-id={}", version.replace(['\n', '\r'], ""));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bundle::{Bundle, Package};
    use crate::deploy::Deployed;
    use crate::error::{Error, ErrorKind};
    use crate::gates::{GateId, GateResult, Level};
    use crate::report::{Exit, lasting};

    fn report() -> Report<'static> {
        let finding = |severity, location, message: &str| {
            Finding::new(
                severity,
                crate::gates::imports::MISSING,
                "a -> b",
                location,
                message,
                "require it, 100 %: now",
            )
        };
        let mut allowed = finding(Severity::Deny, Location::at(LocationKind::File, "src/b.py", 3, 4), "known");
        allowed.allowed = Some("until | March".into());
        let findings = vec![
            finding(
                Severity::Deny,
                Location::at(LocationKind::File, "src/a,b.py", 1, 2),
                "`x` is\n::error::not there | at all",
            ),
            finding(Severity::Warn, Location::new(LocationKind::Module, "python_modules/x.py"), "odd"),
            finding(Severity::Note, Location::new(LocationKind::Package, "x"), "quiet"),
            allowed,
        ];
        let result = GateResult {
            id: GateId::Imports,
            level: Level::Deny,
            outcome: Outcome::Blocked,
            reason: None,
            figure: String::new(),
            findings,
        };
        let package = |name: &str, raw_bytes| Package {
            name: name.into(),
            version: "1".into(),
            modules: 1,
            raw_bytes,
            dropped_bytes: 5,
            required_by: Vec::new(),
        };
        Report {
            command: "check".into(),
            bundle: Some(lasting(Bundle {
                raw_bytes: 2048,
                gzip_bytes: 1024,
                packages: vec![package("light", 1), package("heavy", 2000)],
                ..Bundle::default()
            })),
            results: Some(lasting(vec![result])),
            verdict: Some(Verdict::Blocked),
            exit: Exit { code: 3, pywranglers: false },
            ..Report::default()
        }
    }

    #[test]
    fn annotations_are_one_line_each_and_no_message_can_start_another() {
        insta::assert_snapshot!(annotations(&report(), "apps/worker/"), @r"
        ::error file=apps/worker/src/a%2Cb.py,line=1,col=2,title=imports.missing::`x` is%0A::error::not there | at all%0Ahelp: require it, 100 %25: now
        ::warning title=imports.missing::odd%0Ahelp: require it, 100 %25: now
        ::notice file=apps/worker/src/b.py,line=3,col=4,title=imports.missing::known (allowed: until | March)%0Ahelp: require it, 100 %25: now
        ");
    }

    #[test]
    fn an_error_is_an_annotation_too() {
        let error = Error::new(ErrorKind::ConfigSyntax, "expected `=`", "correct the file")
            .with_location(Location::at(LocationKind::Config, "wrangler.toml", 4, 1));
        let report = Report { error: Some(&error), ..Report::default() };
        assert_eq!(
            annotations(&report, ""),
            "::error file=wrangler.toml,line=4,col=1,title=config-syntax::expected `=`%0Ahint: correct the file\n"
        );
    }

    #[test]
    fn the_summary_says_the_verdict_first_and_escapes_its_tables() {
        insta::assert_snapshot!(summary(&report()), @r"
        ### saddlebag check: blocked, nothing was uploaded

        0 modules, **2.0 KiB**, about 1.0 KiB gzipped; 0 B dropped


        | package | version | bytes | dropped |
        |---|---|---:|---:|
        | heavy | 1 | 2.0 KiB | 5 B |
        | light | 1 | 1 B | 5 B |

        | | finding | where | what to do |
        |---|---|---|---|
        | deny | `imports.missing` `x` is ::error::not there \| at all | `src/a,b.py:1:2` | require it, 100 %: now |
        | warn | `imports.missing` odd | `python_modules/x.py` | require it, 100 %: now |
        ");
    }

    #[test]
    fn outputs_are_values_of_one_line() {
        let deployed = Deployed {
            heard: crate::wrangler::log::WranglerOutput {
                version_id: Some("v\n1".into()),
                ..crate::wrangler::log::WranglerOutput::default()
            },
            ..Deployed::default()
        };
        let report = Report { deployed: Some(&deployed), ..report() };
        assert_eq!(
            outputs(&report),
            "verdict=blocked\nexit-code=3\nraw-bytes=2048\ngzip-bytes=1024\nmodule-count=0\nversion-id=v1\n"
        );
    }
}
