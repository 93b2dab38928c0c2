//! `--format sarif`: SARIF 2.1.0, for code scanning.
//!
//! Receives a `Report` and where the project is in its repository; hands on one JSON document. Findings are results, allowed
//! ones are suppressed, an error is a notification of the invocation. Must never carry an absolute path.

use super::Report;
use crate::error::{Location, LocationKind};
use crate::gates::{Code, Finding, GateId, Outcome, Severity};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fmt::Write;

const SCHEMA: &str = "https://json.schemastore.org/sarif-2.1.0.json";

/// The document, with a newline at its end. `prefix` is the project's directory in the repository, with `/` at its end, or
/// empty.
pub(crate) fn render(report: &Report, prefix: &str) -> String {
    let results = report.results.unwrap_or_default();
    let findings: Vec<(GateId, &Finding)> =
        results.iter().flat_map(|result| result.findings.iter().map(move |finding| (result.id, finding))).collect();
    // A rule for each code that has results, in the order of their names; results point at them by index.
    let rules: BTreeMap<Code, GateId> = findings.iter().map(|(gate, finding)| (finding.code, *gate)).collect();
    let index = |code: Code| rules.keys().position(|known| *known == code);
    let config = report.project.as_ref().map(|project| project.display(&project.config.path));
    let fallback = config.as_deref().unwrap_or("pyproject.toml");
    let results: Vec<Value> =
        findings.iter().map(|(_, finding)| result(finding, index(finding.code), prefix, fallback)).collect();
    let descriptors: Vec<Value> = rules
        .iter()
        .map(|(code, gate)| {
            json!({
                "id": code.id,
                "shortDescription": { "text": code.summary },
                "help": { "text": format!("saddlebag explain {gate}") },
            })
        })
        .collect();
    let document = json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "saddlebag",
                "version": env!("CARGO_PKG_VERSION"),
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": descriptors,
            } },
            "invocations": [{
                "executionSuccessful": report.error.is_none(),
                "exitCode": report.exit.code,
                "toolExecutionNotifications": notifications(report, prefix),
            }],
            "originalUriBaseIds": { "SRCROOT": { "description": { "text": "The root of the repository" } } },
            "results": results,
        }],
    });
    let mut text = serde_json::to_string_pretty(&document).unwrap_or_else(|error| format!("\"{error}\""));
    text.push('\n');
    text
}

fn result(finding: &Finding, rule: Option<usize>, prefix: &str, fallback: &str) -> Value {
    let level = match finding.severity {
        Severity::Deny => "error",
        Severity::Warn => "warning",
        Severity::Note => "note",
    };
    let mut result = json!({
        "ruleId": finding.code.id,
        "level": level,
        "message": { "text": format!("{}\nhelp: {}", finding.message, finding.remedy()) },
        "locations": [location(&finding.location, prefix, fallback)],
        "partialFingerprints": { "saddlebag/v1": fingerprint(finding) },
    });
    if let Some(rule) = rule {
        result["ruleIndex"] = json!(rule);
    }
    if let Some(reason) = &finding.allowed {
        result["suppressions"] = json!([{ "kind": "external", "status": "accepted", "justification": reason }]);
    }
    result
}

/// What is in no file of the repository is shown at the configuration, with its own name beside it.
fn location(location: &Location, prefix: &str, fallback: &str) -> Value {
    let in_repository = matches!(location.kind, LocationKind::File | LocationKind::Config | LocationKind::Requirement)
        && !location.path.starts_with('/');
    let path = if in_repository { location.path.as_str() } else { fallback };
    let mut physical =
        json!({ "artifactLocation": { "uri": uri(&format!("{prefix}{path}")), "uriBaseId": "SRCROOT" } });
    if let Some(line) = location.line.filter(|line| in_repository && *line > 0) {
        physical["region"] = json!({ "startLine": line });
        if let Some(column) = location.column.filter(|column| *column > 0) {
            physical["region"]["startColumn"] = json!(column);
        }
    }
    let mut place = json!({ "physicalLocation": physical });
    if !in_repository {
        place["logicalLocations"] = json!([{ "fullyQualifiedName": location.to_string() }]);
    }
    place
}

/// A relative reference: what cannot stand in one is percent-encoded (RFC 3986).
fn uri(path: &str) -> String {
    let mut uri = String::with_capacity(path.len());
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            uri.push(char::from(byte));
        } else {
            let _ = write!(uri, "%{byte:02X}");
        }
    }
    uri
}

/// The same finding tomorrow, whatever line it has moved to.
fn fingerprint(finding: &Finding) -> String {
    let digest = Sha256::digest(format!("{}\0{}\0{}", finding.code, finding.subject, finding.location.path));
    digest.iter().take(16).fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn notifications(report: &Report, prefix: &str) -> Vec<Value> {
    let broke = report.results.into_iter().flatten().filter(|result| result.outcome == Outcome::Broke);
    let mut all: Vec<Value> = broke
        .map(|result| {
            let text = format!("{}: {}", result.id, result.reason.as_deref().unwrap_or("the gate broke"));
            json!({ "level": "error", "message": { "text": text } })
        })
        .collect();
    if let Some(error) = &report.error {
        let mut notification = json!({
            "level": "error",
            "message": { "text": format!("{}\nhint: {}", error.message, error.hint) },
            "descriptor": { "id": error.kind.code() },
        });
        if let Some(place) = &error.location {
            notification["locations"] = json!([location(place, prefix, "pyproject.toml")]);
        }
        all.push(notification);
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::{Error, ErrorKind};
    use crate::gates::imports::MISSING;
    use crate::gates::size::RAW;
    use crate::gates::{GateResult, Level};

    fn document(report: &Report) -> Value {
        serde_json::from_str(&render(report, "apps/w/")).unwrap()
    }

    fn report() -> Report<'static> {
        let finding = |severity, code, location| Finding::new(severity, code, "a -> b", location, "m", "h");
        let mut allowed = finding(Severity::Warn, RAW, Location::new(LocationKind::Package, "bundle"));
        allowed.allowed = Some("known".into());
        Report {
            results: Some(crate::report::lasting(vec![GateResult {
                id: GateId::Imports,
                level: Level::Deny,
                outcome: Outcome::Blocked,
                reason: None,
                figure: String::new(),
                findings: vec![
                    allowed,
                    finding(Severity::Deny, MISSING, Location::at(LocationKind::File, "src/ä b.py", 3, 7)),
                    finding(Severity::Note, MISSING, Location::at(LocationKind::Module, "python_modules/x.py", 9, 1)),
                ],
            }])),
            ..Report::default()
        }
    }

    #[test]
    fn results_point_at_their_rules_and_at_files_of_the_repository() {
        let run = document(&report())["runs"][0].clone();
        let rules = run["tool"]["driver"]["rules"].as_array().unwrap().clone();
        for result in run["results"].as_array().unwrap() {
            let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
            assert_eq!(rules[index]["id"], result["ruleId"]);
            assert_eq!(result["partialFingerprints"]["saddlebag/v1"].as_str().unwrap().len(), 32);
        }
        let place = |at: usize| run["results"][at]["locations"][0].clone();
        assert_eq!(place(0)["physicalLocation"]["artifactLocation"]["uri"], "apps/w/pyproject.toml");
        assert_eq!(place(0)["logicalLocations"][0]["fullyQualifiedName"], "bundle");
        assert_eq!(run["results"][0]["suppressions"][0]["justification"], "known");
        assert_eq!(place(1)["physicalLocation"]["artifactLocation"]["uri"], "apps/w/src/%C3%A4%20b.py");
        assert_eq!(place(1)["physicalLocation"]["region"], json!({ "startLine": 3, "startColumn": 7 }));
        assert_eq!(place(2)["physicalLocation"].get("region"), None, "the line is of another file");
        assert_eq!(run["invocations"][0]["executionSuccessful"], true);
    }

    #[test]
    fn an_error_is_a_notification() {
        let error = Error::new(ErrorKind::ConfigMissing, "no configuration", "add one");
        let run = document(&Report { error: Some(&error), ..Report::default() })["runs"][0].clone();
        assert_eq!(run["invocations"][0]["executionSuccessful"], false);
        assert_eq!(run["invocations"][0]["toolExecutionNotifications"][0]["descriptor"]["id"], "config-missing");
        assert_eq!(run["results"], json!([]));
    }
}
