//! Findings for people: those that one help answers together, with every place.
//!
//! What blocks is always shown in full, and first. Warnings are shown in full unless something blocks or `--quiet` is set: then
//! each takes one line. Notes are for `--verbose`.

use crate::error::LocationKind;
use crate::format::count;
use crate::gates::{Finding, GateId, GateResult, Outcome, Severity};
use crate::report::style::{RenderOptions, dim};
use console::Style;
use std::fmt::Write;

/// How many groups that do not block are shown, and how many places of one group, without `--verbose`.
const GROUPS: usize = 6;
const PLACES: usize = 4;

/// Findings of one gate that share their help.
struct Group<'a> {
    gate: GateId,
    first: &'a Finding,
    findings: Vec<&'a Finding>,
}

pub(super) fn write(out: &mut String, results: &[GateResult], options: RenderOptions) {
    let groups = grouped(results, options);
    let (blocking, others): (Vec<_>, Vec<_>) = groups.iter().partition(|group| group.weight() == Severity::Deny);
    // A snippet that several groups share is shown with the first.
    let mut pasted: Option<String> = None;
    let mut whole = |group: &Group<'_>| {
        let is_new = group.first.snippet.is_some() && group.first.snippet != pasted;
        pasted = group.first.snippet.clone().or(pasted.take());
        group.whole(options, is_new)
    };
    let mut paragraphs: Vec<String> = blocking.iter().map(|group| whole(group)).collect();
    paragraphs.extend(results.iter().filter(|result| result.outcome == Outcome::Broke).map(|result| {
        let title = Style::new().red().bold().apply_to(format!("broke[{}]:", result.id)).to_string();
        options.sentence(&format!("{title} "), "  ", &result.figure) + "\n"
    }));
    let most = if options.verbose || options.quiet { usize::MAX } else { GROUPS };
    let shown = &others[..most.min(others.len())];
    let left_out: usize = others[shown.len()..].iter().map(|group| group.findings.len()).sum();
    if options.verbose || (paragraphs.is_empty() && !options.quiet) {
        paragraphs.extend(shown.iter().map(|group| whole(group)));
        if left_out > 0 {
            paragraphs.push(format!("{}; `--verbose` shows them\n", count(left_out, "more finding")));
        }
    } else if !shown.is_empty() {
        let mut brief: String = shown.iter().map(|group| group.brief(options)).collect();
        if !options.quiet {
            let more = if left_out > 0 { format!("{}; ", count(left_out, "more warning")) } else { String::new() };
            let _ = writeln!(brief, "{more}`--verbose` shows warnings in full");
        }
        paragraphs.push(brief);
    }
    if !paragraphs.is_empty() && !out.is_empty() {
        out.push('\n');
    }
    out.push_str(&paragraphs.join("\n"));
}

/// What blocks first; within one severity in the order of the gates.
fn grouped(results: &[GateResult], options: RenderOptions) -> Vec<Group<'_>> {
    let mut groups: Vec<Group<'_>> = Vec::new();
    for result in results {
        for finding in result.findings.iter().filter(|one| one.weight() > Severity::Note || options.verbose) {
            let alike = |group: &&mut Group<'_>| {
                let of = |finding: &Finding| (finding.weight(), finding.allowed.clone());
                let same_code = group.first.code == finding.code || !finding.help.is_empty();
                let remedy = |finding: &Finding| (finding.help.clone(), finding.snippet.clone());
                let same = of(group.first) == of(finding) && remedy(group.first) == remedy(finding);
                group.gate == result.id && same_code && same
            };
            match groups.iter_mut().find(alike) {
                Some(group) => group.findings.push(finding),
                None => groups.push(Group { gate: result.id, first: finding, findings: vec![finding] }),
            }
        }
    }
    groups.sort_by_key(|group| std::cmp::Reverse(group.weight()));
    groups
}

/// `warn[imports.missing]:`
fn title(finding: &Finding) -> String {
    let (word, style) = match finding.weight() {
        Severity::Deny => ("deny", Style::new().red().bold()),
        Severity::Warn => ("warn", Style::new().yellow().bold()),
        Severity::Note => ("note", Style::new().cyan()),
    };
    style.apply_to(format!("{word}[{}]:", finding.code)).to_string()
}

/// Where it is, unless it is the upload as a whole.
fn place(finding: &Finding) -> Option<String> {
    let is_all = finding.location.kind == LocationKind::Package && finding.location.path == finding.subject;
    (!is_all || finding.location.path != "bundle").then(|| finding.location.to_string())
}

impl Group<'_> {
    fn weight(&self) -> Severity {
        self.first.weight()
    }

    fn whole(&self, options: RenderOptions, with_snippet: bool) -> String {
        let mut out = String::new();
        let allowed = self.first.allowed.as_ref().map_or_else(String::new, |reason| format!(" (allowed: {reason})"));
        let shown = if options.verbose { self.findings.len() } else { PLACES.min(self.findings.len()) };
        let mut before: Option<&Finding> = None;
        for finding in &self.findings[..shown] {
            if before.is_none_or(|before| before.code != finding.code) {
                let text = format!("{}{allowed}", finding.message);
                let _ = writeln!(out, "{}", options.sentence(&format!("{} ", title(finding)), "  ", &text));
            } else if before.is_some_and(|before| before.message != finding.message) {
                let _ = writeln!(out, "{}", options.sentence("  also: ", "  ", &finding.message));
            }
            before = Some(finding);
            out.extend(place(finding).map(|place| format!("  {} {place}\n", dim("-->"))));
        }
        if shown < self.findings.len() {
            let _ = writeln!(out, "  and {} more like it; `--verbose` shows them", self.findings.len() - shown);
        }
        if !self.first.help.is_empty() {
            let help = Style::new().cyan().apply_to("help:").to_string();
            let _ = writeln!(out, "{}", options.sentence(&format!("  {help} "), "    ", &self.first.help));
        }
        for line in self.first.snippet.iter().filter(|_| with_snippet).flat_map(|snippet| snippet.lines()) {
            let _ = writeln!(out, "{}", format!("      {line}").trim_end());
        }
        out
    }

    /// One line: the first of them, where it is, and how many more there are.
    fn brief(&self, options: RenderOptions) -> String {
        let message = self.first.message.lines().next().unwrap_or_default();
        let place = place(self.first).map_or_else(String::new, |place| format!(" ({place})"));
        let more = match self.findings.len() {
            1 => String::new(),
            all => format!(", and {} more like it", all - 1),
        };
        options.sentence(&format!("{} ", title(self.first)), "  ", &format!("{message}{place}{more}")) + "\n"
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::{Location, LocationKind};
    use crate::gates::data_files::MISSING as FILE_MISSING;
    use crate::gates::imports::MISSING;
    use crate::gates::size::{GZIP, RAW};
    use crate::gates::smoke::IMPORT;
    use crate::gates::{Code, Level};

    fn finding(severity: Severity, code: Code, message: &str, line: u32, help: &str) -> Finding {
        Finding::new(severity, code, message, Location::at(LocationKind::File, "src/a.py", line, 1), message, help)
    }

    fn text(findings: Vec<Finding>, options: RenderOptions) -> String {
        console::set_colors_enabled(false);
        let result = GateResult {
            id: GateId::Imports,
            level: Level::Deny,
            outcome: Outcome::Warned,
            reason: None,
            figure: String::new(),
            findings,
        };
        let mut out = String::new();
        write(&mut out, &[result], options);
        out
    }

    #[test]
    fn what_one_help_answers_is_said_once_and_what_blocks_comes_first() {
        let mut findings: Vec<Finding> =
            (1..=6).map(|line| finding(Severity::Warn, MISSING, "`a` is missing", line, "add `a`")).collect();
        findings.push(finding(Severity::Warn, MISSING, "`a.b` is missing", 9, "add `a`"));
        findings.push(finding(Severity::Deny, MISSING, "`b` is missing", 7, "add `b`"));
        findings.push(finding(Severity::Deny, MISSING, "`b.c` is missing", 8, "add `b`"));
        insta::assert_snapshot!(text(findings.clone(), RenderOptions::default()), @"
        deny[imports.missing]: `b` is missing
          --> src/a.py:7:1
          also: `b.c` is missing
          --> src/a.py:8:1
          help: add `b`

        warn[imports.missing]: `a` is missing (src/a.py:1:1), and 6 more like it
        `--verbose` shows warnings in full
        ");
        findings.truncate(7);
        insta::assert_snapshot!(text(findings.clone(), RenderOptions::default()), @"
        warn[imports.missing]: `a` is missing
          --> src/a.py:1:1
          --> src/a.py:2:1
          --> src/a.py:3:1
          --> src/a.py:4:1
          and 3 more like it; `--verbose` shows them
          help: add `a`
        ");
        assert_eq!(
            text(findings.clone(), RenderOptions { quiet: true, ..RenderOptions::default() }),
            "warn[imports.missing]: `a` is missing (src/a.py:1:1), and 6 more like it\n"
        );
        let verbose = text(findings, RenderOptions { verbose: true, ..RenderOptions::default() });
        assert_eq!(verbose.matches("-->").count(), 7);
    }

    #[test]
    fn warnings_are_cut_short_and_what_blocks_is_not() {
        let many = |severity| {
            let of = |line| finding(severity, RAW, &format!("m{line}"), line, &format!("h{line}"));
            text((1..=20).map(of).collect(), RenderOptions::default())
        };
        assert_eq!(many(Severity::Deny).matches("-->").count(), 20);
        let warned = many(Severity::Warn);
        assert_eq!(warned.matches("-->").count(), GROUPS);
        assert!(warned.ends_with("\n14 more findings; `--verbose` shows them\n"), "{warned}");
    }

    #[test]
    fn two_codes_of_one_gate_share_their_help_and_the_whole_upload_has_no_place() {
        let of = |code, message: &str| {
            let location = Location::new(LocationKind::Package, "bundle");
            Finding::new(Severity::Deny, code, "bundle", location, message, "make it light")
        };
        let found = vec![of(RAW, "too heavy"), of(GZIP, "too heavy gzipped")];
        insta::assert_snapshot!(text(found, RenderOptions::default()), @"
        deny[size.raw]: too heavy
        deny[size.gzip]: too heavy gzipped
          help: make it light
        ");
    }

    #[test]
    fn a_message_of_several_lines_is_indented_below_its_title_and_brief_in_its_first() {
        let found = vec![finding(Severity::Warn, IMPORT, "it fails\nTraceback:\n  here", 3, "mend it")];
        insta::assert_snapshot!(text(found.clone(), RenderOptions::default()), @"
        warn[smoke.import]: it fails
          Traceback:
            here
          --> src/a.py:3:1
          help: mend it
        ");
        assert_eq!(
            text(found, RenderOptions { quiet: true, ..RenderOptions::default() }),
            "warn[smoke.import]: it fails (src/a.py:3:1)\n"
        );
    }

    #[test]
    fn lines_to_paste_stand_below_the_help_as_they_are_and_once() {
        let snippet = "[[rules]]\ntype = \"Data\"\nglobs = [\"**/*.json\"]\nfallthrough = true";
        let with = |severity, message: &str, line| {
            let one = finding(severity, FILE_MISSING, message, line, "add this rule at the end of `wrangler.toml`");
            Finding { snippet: Some(snippet.to_owned()), ..one }
        };
        let found = vec![
            with(
                Severity::Deny,
                "`src/a.py:3` opens `src/a.json`, which no rule uploads; imported through main.py:1",
                3,
            ),
            with(Severity::Deny, "`src/a.py:4` opens `src/b.json`, which no rule uploads", 4),
            with(Severity::Warn, "`src/a.py:9` opens `src/c.json`, which no rule uploads", 9),
        ];
        insta::assert_snapshot!(text(found, RenderOptions { width: Some(80), ..RenderOptions::default() }), @r#"
        deny[data-files.missing]: `src/a.py:3` opens `src/a.json`, which no rule
          uploads; imported through main.py:1
          --> src/a.py:3:1
          also: `src/a.py:4` opens `src/b.json`, which no rule uploads
          --> src/a.py:4:1
          help: add this rule at the end of `wrangler.toml`
              [[rules]]
              type = "Data"
              globs = ["**/*.json"]
              fallthrough = true

        warn[data-files.missing]: `src/a.py:9` opens `src/c.json`, which no rule uploads
          (src/a.py:9:1)
        `--verbose` shows warnings in full
        "#);
    }

    #[test]
    fn on_a_terminal_a_sentence_is_broken_between_words() {
        let message = "a message that is longer than the forty columns that this terminal has";
        let one = vec![finding(Severity::Deny, RAW, message, 3, "make it light, and keep `a-long-name-in-one-piece`")];
        let options = RenderOptions { width: Some(40), ..RenderOptions::default() };
        insta::assert_snapshot!(text(one.clone(), options), @"
        deny[size.raw]: a message that is longer
          than the forty columns that this
          terminal has
          --> src/a.py:3:1
          help: make it light, and keep
            `a-long-name-in-one-piece`
        ");
        assert!(text(one, RenderOptions::default()).contains(message), "a pipe gets it whole");
    }
}
