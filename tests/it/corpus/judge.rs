//! One case through the binary, and what its report must say.
//!
//! Receives a case and where it was laid; hands on what is wrong, in one line. Must never soften what a case asks for.

use super::case::{Case, Kind};
use super::lay::Laid;
use crate::fake::AnsweringTools;
use crate::project::{Ran, Run};
use serde_json::Value;

pub(super) fn judge(case: &Case, laid: &Laid, tools: &AnsweringTools) -> Result<(), String> {
    if let Some(stages) = std::env::var_os("SADDLEBAG_CORPUS_STAGES") {
        let name: String = case.name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
        let place = case.place.replace(['/', '.'], "-");
        let out = std::path::Path::new(&stages).join(format!("{place}--{name}"));
        // A fault is staged as well, so that its boot can show that it is one.
        let level = case.gate.as_ref().map(|gate| format!("{gate}=warn"));
        let mut words = vec!["stage", "--out", out.to_str().unwrap()];
        words.extend(level.iter().flat_map(|level| ["--gate", level]));
        start(case, laid, tools, &words).run();
    }
    let ran = start(case, laid, tools, &["check", "--format", "json"]).run();
    let report: Value =
        serde_json::from_str(&ran.stdout).map_err(|error| told(&format!("no report: {error}"), &ran))?;
    match case.kind {
        Kind::Fault => found(case, &report, &ran),
        Kind::NearMiss => passed(case, &report, &ran),
    }
}

pub(super) fn start(case: &Case, laid: &Laid, tools: &AnsweringTools, words: &[&str]) -> Run {
    let words: Vec<&str> = words.iter().copied().chain(case.words.iter().map(String::as_str)).collect();
    let missing: Vec<&str> =
        case.tools.iter().filter(|(_, says)| says.is_empty()).map(|(name, _)| name.as_str()).collect();
    let mut run = laid
        .project
        .saddlebag(&words)
        .env("PATH", tools.path(&missing))
        .env("SADDLEBAG_CACHE_DIR", laid.beside.path().join("cache"))
        .env("FAKE_VENDORED", laid.beside.path().join("vendored"))
        .env("FAKE_LOCK", laid.beside.path().join("pylock.toml"));
    for (name, says) in case.tools.iter().filter(|(_, says)| !says.is_empty()) {
        run = run.env(&format!("FAKE_{}", name.to_uppercase()), says);
    }
    for (name, value) in &case.env {
        run = run.env(name, value);
    }
    run
}

/// The named gate has the finding, and no other gate blocks.
fn found(case: &Case, report: &Value, ran: &Ran) -> Result<(), String> {
    let (id, code) = (case.gate.as_deref().unwrap(), case.code.as_deref().unwrap());
    let level = case.level.as_deref().unwrap();
    others(case, report, ran)?;
    let gate = gate(report, id).ok_or_else(|| told("the report has no such gate", ran))?;
    if gate["outcome"] == "skipped" {
        return Err(format!("`{id}` did not run: {}", gate["reason"].as_str().unwrap_or_default()));
    }
    let code = globset::Glob::new(code).unwrap().compile_matcher();
    let of_code: Vec<&Value> = findings(gate).filter(|finding| code.is_match(text(finding, "code"))).collect();
    let subject = case.subject.as_deref().map(|subject| globset::Glob::new(subject).unwrap().compile_matcher());
    let fits = |finding: &&Value| {
        text(finding, "level") == level
            && finding["allowed"].is_null()
            && subject.as_ref().is_none_or(|subject| subject.is_match(text(finding, "subject")))
            && case.at.as_deref().is_none_or(|at| place(finding) == at || place(finding).starts_with(&format!("{at}:")))
    };
    if !of_code.iter().any(fits) {
        let wanted = format!(
            "{level} {}{}{}",
            case.code.as_deref().unwrap_or_default(),
            case.subject.as_ref().map_or_else(String::new, |subject| format!(" of `{subject}`")),
            case.at.as_ref().map_or_else(String::new, |at| format!(" at {at}"))
        );
        return Err(told(&format!("no {wanted}; `{id}` has {}", shown(gate)), ran));
    }
    let outcome = if level == "deny" { "blocked" } else { "warned" };
    if gate["outcome"] != outcome {
        return Err(format!("`{id}` ended as {}, not {outcome}: {}", gate["outcome"], shown(gate)));
    }
    exit(case, if level == "deny" { 3 } else { 0 }, ran)
}

/// Nothing blocks, and the named gate does not even warn, but for the codes that the case expects.
fn passed(case: &Case, report: &Value, ran: &Ran) -> Result<(), String> {
    others(case, report, ran)?;
    let expected: Vec<_> = case.warns.iter().map(|code| globset::Glob::new(code).unwrap().compile_matcher()).collect();
    for gate in gates(report) {
        if matches!(gate["outcome"].as_str(), Some("blocked" | "broke")) {
            return Err(format!("`{}` {}: {}", text(gate, "id"), text(gate, "outcome"), shown(gate)));
        }
        let named = case.gate.is_none() || case.gate.as_deref() == gate["id"].as_str();
        let warning = findings(gate).find(|finding| {
            finding["level"] == "warn" && !expected.iter().any(|code| code.is_match(text(finding, "code")))
        });
        if named && warning.is_some() {
            return Err(format!("`{}` warns: {}", text(gate, "id"), shown(gate)));
        }
    }
    exit(case, 0, ran)
}

fn others(case: &Case, report: &Value, ran: &Ran) -> Result<(), String> {
    if report["gates"].is_null() {
        return Err(told("no gate was reached", ran));
    }
    for gate in gates(report) {
        let (id, outcome) = (text(gate, "id"), text(gate, "outcome"));
        let expected = case.gate.as_deref() == Some(id) || case.also.iter().any(|also| also == id);
        if outcome == "broke" || (outcome == "blocked" && !expected) {
            return Err(format!("`{id}` {outcome}: {} {}", shown(gate), gate["reason"].as_str().unwrap_or_default()));
        }
    }
    Ok(())
}

fn exit(case: &Case, usual: i32, ran: &Ran) -> Result<(), String> {
    let expected = case.exit.unwrap_or(usual);
    if ran.code == expected { Ok(()) } else { Err(told(&format!("exit code {}, not {expected}", ran.code), ran)) }
}

fn gates(report: &Value) -> impl Iterator<Item = &Value> {
    report["gates"].as_array().into_iter().flatten()
}

fn gate<'a>(report: &'a Value, id: &str) -> Option<&'a Value> {
    gates(report).find(|gate| gate["id"] == id)
}

fn findings(gate: &Value) -> impl Iterator<Item = &Value> {
    gate["findings"].as_array().into_iter().flatten()
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_default()
}

/// `src/core.py:3:1`, as far as it goes.
fn place(finding: &Value) -> String {
    let location = &finding["location"];
    let mut place = text(location, "path").to_owned();
    for part in ["line", "column"] {
        if let Some(number) = location[part].as_u64() {
            place += &format!(":{number}");
        }
    }
    place
}

fn shown(gate: &Value) -> String {
    let one = |finding: &Value| {
        let (level, code, subject) = (text(finding, "level"), text(finding, "code"), text(finding, "subject"));
        format!("{level} {code} of `{subject}` at {}: {}", place(finding), text(finding, "message"))
    };
    let all: Vec<String> = findings(gate).map(one).collect();
    if all.is_empty() { "nothing".to_owned() } else { all.join("; ") }
}

/// With the last words of the run.
fn told(what: &str, ran: &Ran) -> String {
    let last: Vec<&str> = ran.stderr.lines().rev().take(3).collect();
    let last: Vec<&str> = last.into_iter().rev().collect();
    format!("{what} (exit {}; stderr: {})", ran.code, last.join(" | "))
}
