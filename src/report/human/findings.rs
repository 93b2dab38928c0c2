//! What the gates found: the same complaint once, with every place that it holds for and one line of help.
//!
//! Receives the judgements; hands on text. Must never hide what blocks: only warnings and notes are cut short.

use super::Manner;
use crate::gate::{Finding, Judgement, Outcome, Severity};
use crate::quantity::count;
use console::Style;
use std::fmt::Write;

/// How many complaints that do not block are shown, and how many places of one, unless everything is asked for.
const GROUPS: usize = 6;
const PLACES: usize = 4;

/// Findings that one line of help answers.
struct Group<'a> {
    first: &'a Finding,
    findings: Vec<&'a Finding>,
}

pub(super) fn write(out: &mut String, judgements: &[Judgement], manner: Manner) {
    let groups = grouped(judgements, manner);
    let mut left_out = 0;
    let mut shown = 0;
    let mut pasted: Option<String> = None;
    for group in &groups {
        let blocks = group.first.weight() == Severity::Deny;
        if !blocks && shown >= GROUPS && !manner.verbose {
            left_out += group.findings.len();
            continue;
        }
        shown += usize::from(!blocks);
        let is_new = group.first.snippet.is_none() || group.first.snippet != pasted;
        group.write(out, manner, is_new);
        if group.first.snippet.is_some() {
            pasted.clone_from(&group.first.snippet);
        }
    }
    if left_out > 0 {
        let _ = writeln!(out, "\n{}; `--verbose` shows them", count(left_out, "more finding"));
    }
    for judgement in judgements.iter().filter(|judgement| judgement.outcome == Outcome::Broke) {
        let title = Style::new().red().bold().apply_to(format!("broke[{}]:", judgement.id)).to_string();
        let _ = writeln!(out, "\n{}", manner.sentence(&format!("{title} "), "  ", &judgement.figure));
    }
}

/// What blocks first; within one weight as the gates stand.
fn grouped(judgements: &[Judgement], manner: Manner) -> Vec<Group<'_>> {
    let wanted = |finding: &&Finding| match finding.weight() {
        Severity::Deny => true,
        Severity::Warn => !manner.quiet,
        Severity::Note => manner.verbose && !manner.quiet,
    };
    let mut groups: Vec<Group<'_>> = Vec::new();
    for finding in judgements.iter().flat_map(|judgement| &judgement.findings).filter(wanted) {
        let alike = |group: &&mut Group<'_>| {
            let of = |finding: &Finding| (finding.weight(), finding.code, finding.allowed.clone());
            of(group.first) == of(finding) && group.first.help == finding.help && group.first.snippet == finding.snippet
        };
        match groups.iter_mut().find(alike) {
            Some(group) => group.findings.push(finding),
            None => groups.push(Group { first: finding, findings: vec![finding] }),
        }
    }
    groups.sort_by_key(|group| std::cmp::Reverse(group.first.weight()));
    groups
}

impl Group<'_> {
    /// `with_snippet`: not where the lines to paste were just shown.
    fn write(&self, out: &mut String, manner: Manner, with_snippet: bool) {
        let (word, style) = match self.first.weight() {
            Severity::Deny => ("deny", Style::new().red().bold()),
            Severity::Warn => ("warn", Style::new().yellow().bold()),
            Severity::Note => ("note", Style::new().cyan()),
        };
        let allowed = self.first.allowed.as_ref().map_or_else(String::new, |reason| format!(" (allowed: {reason})"));
        let title = style.apply_to(format!("{word}[{}]:", self.first.code)).to_string();
        let shown = if manner.verbose { self.findings.len() } else { PLACES.min(self.findings.len()) };
        let mut said = "";
        for finding in &self.findings[..shown] {
            if said.is_empty() {
                let text = format!("{}{allowed}", finding.message);
                let _ = writeln!(out, "\n{}", manner.sentence(&format!("{title} "), "  ", &text));
            } else if said != finding.message {
                let _ = writeln!(out, "{}", manner.sentence("  also: ", "  ", &finding.message));
            }
            said = &finding.message;
            let _ = writeln!(out, "  --> {}", finding.location);
        }
        if shown < self.findings.len() {
            let _ = writeln!(out, "  and {} more like it; `--verbose` shows them", self.findings.len() - shown);
        }
        if !self.first.help.is_empty() {
            let help = Style::new().cyan().apply_to("help:").to_string();
            let _ = writeln!(out, "{}", manner.sentence(&format!("  {help} "), "    ", &self.first.help));
        }
        for line in self.first.snippet.iter().filter(|_| with_snippet).flat_map(|snippet| snippet.lines()) {
            let _ = writeln!(out, "{}", format!("      {line}").trim_end());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::{Location, Place};
    use crate::gate::Level;

    fn finding(severity: Severity, code: &'static str, message: &str, line: u32, help: &str) -> Finding {
        Finding::new(severity, code, message, Location::at(Place::File, "src/a.py", line, 1), message, help)
    }

    fn text(findings: Vec<Finding>, manner: Manner) -> String {
        console::set_colors_enabled(false);
        let judgement = Judgement {
            id: "imports",
            level: Level::Deny,
            outcome: Outcome::Warned,
            reason: None,
            figure: String::new(),
            findings,
        };
        let mut out = String::new();
        write(&mut out, &[judgement], manner);
        out
    }

    #[test]
    fn what_one_help_answers_is_said_once_and_what_blocks_comes_first() {
        let mut findings: Vec<Finding> =
            (1..=6).map(|line| finding(Severity::Warn, "imports.missing", "`a` is missing", line, "add `a`")).collect();
        findings.push(finding(Severity::Warn, "imports.missing", "`a.b` is missing", 9, "add `a`"));
        findings.push(finding(Severity::Deny, "imports.missing", "`b` is missing", 7, "add `b`"));
        findings.push(finding(Severity::Deny, "imports.missing", "`b.c` is missing", 8, "add `b`"));
        insta::assert_snapshot!(text(findings.clone(), Manner::default()), @"

        deny[imports.missing]: `b` is missing
          --> src/a.py:7:1
          also: `b.c` is missing
          --> src/a.py:8:1
          help: add `b`

        warn[imports.missing]: `a` is missing
          --> src/a.py:1:1
          --> src/a.py:2:1
          --> src/a.py:3:1
          --> src/a.py:4:1
          and 3 more like it; `--verbose` shows them
          help: add `a`
        ");
        let verbose = text(findings, Manner { verbose: true, ..Manner::default() });
        assert_eq!(verbose.matches("-->").count(), 9);
    }

    #[test]
    fn warnings_are_cut_short_and_what_blocks_is_not() {
        let many = |severity| {
            let of = |line| finding(severity, "size.raw", &format!("m{line}"), line, &format!("h{line}"));
            text((1..=20).map(of).collect(), Manner::default())
        };
        assert_eq!(many(Severity::Deny).matches("-->").count(), 20);
        let warned = many(Severity::Warn);
        assert_eq!(warned.matches("-->").count(), GROUPS);
        assert!(warned.ends_with("\n14 more findings; `--verbose` shows them\n"), "{warned}");
    }

    #[test]
    fn lines_to_paste_stand_below_the_help_as_they_are_and_once() {
        let snippet = "[[rules]]\ntype = \"Data\"\nglobs = [\"**/*.json\"]\nfallthrough = true";
        let with = |severity, message: &str, line| {
            let one =
                finding(severity, "data-files.missing", message, line, "add this rule at the end of `wrangler.toml`");
            Finding { snippet: Some(snippet.to_owned()), ..one }
        };
        let found = vec![
            with(
                Severity::Deny,
                "`src/a.py:3` opens `src/a.json`, which no rule uploads; main gets there by main.py:1",
                3,
            ),
            with(Severity::Deny, "`src/a.py:4` opens `src/b.json`, which no rule uploads", 4),
            with(Severity::Warn, "`src/a.py:9` opens `src/c.json`, which no rule uploads", 9),
        ];
        insta::assert_snapshot!(text(found, Manner { width: Some(80), ..Manner::default() }), @r#"

        deny[data-files.missing]: `src/a.py:3` opens `src/a.json`, which no rule
          uploads; main gets there by main.py:1
          --> src/a.py:3:1
          also: `src/a.py:4` opens `src/b.json`, which no rule uploads
          --> src/a.py:4:1
          help: add this rule at the end of `wrangler.toml`
              [[rules]]
              type = "Data"
              globs = ["**/*.json"]
              fallthrough = true

        warn[data-files.missing]: `src/a.py:9` opens `src/c.json`, which no rule uploads
          --> src/a.py:9:1
          help: add this rule at the end of `wrangler.toml`
        "#);
    }

    #[test]
    fn on_a_terminal_a_sentence_is_broken_between_words() {
        let message = "a message that is longer than the forty columns that this terminal has";
        let one =
            vec![finding(Severity::Deny, "size.raw", message, 3, "make it light, and keep `a-long-name-in-one-piece`")];
        let manner = Manner { width: Some(40), ..Manner::default() };
        insta::assert_snapshot!(text(one.clone(), manner), @"

        deny[size.raw]: a message that is longer
          than the forty columns that this
          terminal has
          --> src/a.py:3:1
          help: make it light, and keep
            `a-long-name-in-one-piece`
        ");
        assert!(text(one, Manner::default()).contains(message), "a pipe gets it whole");
    }
}
