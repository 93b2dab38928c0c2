//! Leaves out of wrangler's warnings what the gate `wrangler-config` reports already.
//!
//! The texts are those of wrangler 4.164.0; a warning whose words have changed since is simply shown again.

use crate::gates::wrangler_config::{ENVIRONMENT, INHERITANCE, TOP_LEVEL};
use crate::gates::{Code, Finding};

/// Warnings by their first words, with the code of our own finding.
const WHOLE: [(&str, Code); 2] = [
    ("Multiple environments are defined in the Wrangler configuration file", TOP_LEVEL),
    ("No environment found in configuration with name", ENVIRONMENT),
];

/// The head of the one warning that lists everything about the configuration.
const LIST: &str = "Processing ";

/// What is left of a warning; `None` if all of it is known.
pub(super) fn without_known(text: &str, known: &[Finding]) -> Option<String> {
    let has = |code: Code| known.iter().any(|finding| finding.code == code);
    if WHOLE.iter().any(|(words, code)| text.trim_start().starts_with(words) && has(*code)) {
        return None;
    }
    if !text.starts_with(LIST) || !known.iter().any(|finding| [INHERITANCE, ENVIRONMENT].contains(&finding.code)) {
        return Some(text.to_owned());
    }
    let mut lines: Vec<&str> = text.lines().collect();
    let mut at = 1;
    while at < lines.len() {
        match item(lines[at]) {
            Some((indent, words)) if is_known(words, known) => {
                lines.drain(at..end_of_item(&lines, at, indent));
            }
            _ => at += 1,
        }
    }
    drop_empty_heads(&mut lines);
    let is_anything_left = lines.iter().skip(1).any(|line| !line.trim().is_empty());
    is_anything_left.then(|| lines.join("\n"))
}

/// The indent and the words of a line that begins an item.
fn item(line: &str) -> Option<(usize, &str)> {
    let words = line.trim_start();
    Some((line.len() - words.len(), words.strip_prefix("- ")?))
}

fn end_of_item(lines: &[&str], from: usize, indent: usize) -> usize {
    let is_next = |line: &&str| item(line).is_some_and(|(next, _)| next <= indent);
    lines[from + 1..].iter().position(is_next).map_or(lines.len(), |offset| from + 1 + offset)
}

fn is_known(words: &str, known: &[Finding]) -> bool {
    let has =
        |code: Code, subject: &str| known.iter().any(|finding| finding.code == code && finding.subject == subject);
    let quoted = words.split('"').nth(1).unwrap_or_default();
    if words.starts_with('"') && words.contains("exists at the top level, but not on") {
        return has(INHERITANCE, quoted);
    }
    if let Some(key) = words.strip_prefix("There is a ").and_then(|rest| rest.split(' ').next()) {
        return words.contains("at the top level, but not on") && has(INHERITANCE, key);
    }
    if words.starts_with("The following vars exist at the top level") {
        return has(INHERITANCE, "vars");
    }
    WHOLE.iter().any(|(head, code)| words.starts_with(head) && known.iter().any(|finding| finding.code == *code))
}

/// `- "env.develop" environment configuration` with nothing below it.
fn drop_empty_heads(lines: &mut Vec<&str>) {
    let is_empty_head = |lines: &[&str], at: usize| {
        let Some((indent, words)) = item(lines[at]) else { return false };
        let is_head = words.starts_with("\"env.") && words.ends_with("environment configuration");
        is_head && lines[at + 1..end_of_item(lines, at, indent)].iter().all(|line| line.trim().is_empty())
    };
    while let Some(at) = (1..lines.len()).find(|at| is_empty_head(lines, *at)) {
        lines.remove(at);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::{Location, LocationKind};
    use crate::gates::Severity;

    fn found(code: Code, subject: &str) -> Finding {
        Finding::new(Severity::Warn, code, subject, Location::new(LocationKind::Config, "wrangler.toml"), "m", "h")
    }

    const LISTED: &str = "Processing wrangler.toml configuration:

    - \"env.develop\" environment configuration
      - The following vars exist at the top level, but not on \"env.develop.vars\".
        This is probably not what you want, since \"vars\" configuration is not inherited by environments.
        Please add these vars to \"env.develop.vars\":
        - B
      - There is a d1_databases binding with name \"DB\" at the top level, but not on \"env.develop\".
        This is not what you probably want, since \"d1_databases\" configuration is not inherited by environments.
      - \"kv_namespaces\" exists at the top level, but not on \"env.develop\".
        Please add \"kv_namespaces\" to \"env.develop\".";

    #[test]
    fn known_items_go_and_the_rest_stays() {
        let all = [found(INHERITANCE, "vars"), found(INHERITANCE, "kv_namespaces"), found(INHERITANCE, "d1_databases")];
        assert_eq!(without_known(LISTED, &[]).as_deref(), Some(LISTED));
        assert_eq!(without_known(LISTED, &all), None);
        let left = without_known(LISTED, &all[..2]).unwrap();
        let left: Vec<&str> = left.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
        assert_eq!(
            left,
            [
                "Processing wrangler.toml configuration:",
                "- \"env.develop\" environment configuration",
                "- There is a d1_databases binding with name \"DB\" at the top level, but not on \"env.develop\".",
                "This is not what you probably want, since \"d1_databases\" configuration is not inherited by environments.",
            ]
        );
        let with_another = format!("{LISTED}\n    - Unexpected fields found in top-level field: \"x\"");
        let left = without_known(&with_another, &all).unwrap();
        assert!(left.ends_with("configuration:\n\n    - Unexpected fields found in top-level field: \"x\""), "{left}");
    }

    #[test]
    fn advice_about_env_is_given_once() {
        let advice = "Multiple environments are defined in the Wrangler configuration file, but no target environment was specified for the deploy command.\nTo avoid ...";
        assert_eq!(without_known(advice, &[found(TOP_LEVEL, "env")]), None);
        assert_eq!(without_known(advice, &[]).as_deref(), Some(advice));
    }
}
