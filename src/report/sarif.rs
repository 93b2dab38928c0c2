//! `--format sarif`: SARIF 2.1.0, for code scanning.
//!
//! Findings are results, allowed ones are suppressed, and an error is a notification of the invocation. No path in it is
//! absolute.

mod model;

use super::{Renderer, Report};
use crate::error::{Error, Location, LocationKind};
use crate::gates::{Code, Finding, GateId, GateResult, Outcome, Severity};
use model::{
    ArtifactLocation, BaseId, BaseIds, Descriptor, Document, Driver, Fingerprints, Invocation, LogicalLocation,
    Notification, PhysicalLocation, Place, Region, Rule, Run, Suppression, Text, Tool,
};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fmt::Write;

/// Where the configuration is shown if the project has none.
const FALLBACK: &str = "pyproject.toml";

/// The report for code scanning.
pub(crate) struct Sarif<'a> {
    /// The project's directory in the repository, with `/` at its end, or empty.
    pub(crate) prefix: &'a str,
}

impl Renderer for Sarif<'_> {
    fn render(&self, report: &Report<'_>) -> String {
        super::json_text(&self.document(report))
    }
}

impl Sarif<'_> {
    fn document<'r>(&self, report: &'r Report<'_>) -> Document<'r> {
        let gates = report.results.unwrap_or_default();
        let findings: Vec<(GateId, &Finding)> =
            gates.iter().flat_map(|result| result.findings.iter().map(move |finding| (result.id, finding))).collect();
        // A rule for each code that has results, in the order of their names; results point at them by index.
        let rules: BTreeMap<Code, GateId> = findings.iter().map(|(gate, finding)| (finding.code, *gate)).collect();
        let index: BTreeMap<Code, usize> = rules.keys().enumerate().map(|(at, code)| (*code, at)).collect();
        let config = report.project.map(|project| project.display(&project.config.path));
        let fallback = config.as_deref().unwrap_or(FALLBACK);
        let results = findings.iter().map(|(_, finding)| self.result(finding, index[&finding.code], fallback));
        let version = env!("CARGO_PKG_VERSION");
        let driver = Driver {
            name: "saddlebag",
            version,
            semantic_version: version,
            rules: rules.into_iter().map(|(code, gate)| rule(code, gate)).collect(),
        };
        let invocation = Invocation {
            execution_successful: report.error.is_none(),
            exit_code: report.exit.code,
            tool_execution_notifications: self.notifications(gates, report.error),
        };
        let root = BaseId { description: Text::new("The root of the repository") };
        Document {
            schema: "https://json.schemastore.org/sarif-2.1.0.json",
            version: "2.1.0",
            runs: [Run {
                tool: Tool { driver },
                invocations: [invocation],
                original_uri_base_ids: BaseIds { srcroot: root },
                results: results.collect(),
            }],
        }
    }

    fn result<'r>(&self, finding: &'r Finding, rule: usize, fallback: &str) -> model::Result<'r> {
        let accepted = |reason| [Suppression { kind: "external", status: "accepted", justification: reason }];
        model::Result {
            rule_id: finding.code.id,
            level: match finding.severity {
                Severity::Deny => "error",
                Severity::Warn => "warning",
                Severity::Note => "note",
            },
            message: Text::new(format!("{}\nhelp: {}", finding.message, finding.remedy())),
            locations: [self.place(&finding.location, fallback)],
            partial_fingerprints: Fingerprints { saddlebag: fingerprint(finding) },
            rule_index: rule,
            suppressions: finding.allowed.as_deref().map(accepted),
        }
    }

    /// What is in no file of the repository is shown at the configuration, with its own name beside it.
    fn place(&self, location: &Location, fallback: &str) -> Place {
        let is_file = matches!(location.kind, LocationKind::File | LocationKind::Config | LocationKind::Requirement);
        let is_in_repository = is_file && !location.path.starts_with('/');
        let path = if is_in_repository { location.path.as_str() } else { fallback };
        let line = location.line.filter(|line| is_in_repository && *line > 0);
        Place {
            physical_location: PhysicalLocation {
                artifact_location: ArtifactLocation {
                    uri: uri(&format!("{}{path}", self.prefix)),
                    uri_base_id: "SRCROOT",
                },
                region: line.map(|start_line| Region {
                    start_line,
                    start_column: location.column.filter(|column| *column > 0),
                }),
            },
            logical_locations: (!is_in_repository)
                .then(|| [LogicalLocation { fully_qualified_name: location.to_string() }]),
        }
    }

    /// The gates that broke, and the error that ended the run.
    fn notifications(&self, gates: &[GateResult], error: Option<&Error>) -> Vec<Notification> {
        let broke = gates.iter().filter(|result| result.outcome == Outcome::Broke).map(|result| {
            let text = format!("{}: {}", result.id, result.reason.as_deref().unwrap_or("the gate broke"));
            Notification { level: "error", message: Text::new(text), descriptor: None, locations: None }
        });
        let error = error.map(|error| Notification {
            level: "error",
            message: Text::new(format!("{}\nhint: {}", error.message, error.hint)),
            descriptor: Some(Descriptor { id: error.kind.code() }),
            locations: error.location.as_deref().map(|location| [self.place(location, FALLBACK)]),
        });
        broke.chain(error).collect()
    }
}

fn rule(code: Code, gate: GateId) -> Rule {
    Rule {
        id: code.id,
        short_description: Text::new(code.summary),
        help: Text::new(format!("saddlebag explain {gate}")),
    }
}

/// A relative reference: what one cannot contain is percent-encoded (RFC 3986).
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

/// Identifies a finding between runs, whatever line it has moved to.
fn fingerprint(finding: &Finding) -> String {
    let digest = Sha256::digest(format!("{}\0{}\0{}", finding.code, finding.subject, finding.location.path));
    digest.iter().take(16).fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;
    use crate::gates::Level;
    use crate::gates::imports::MISSING;
    use crate::gates::size::RAW;
    use serde_json::{Value, json};

    fn document(report: &Report) -> Value {
        serde_json::from_str(&Sarif { prefix: "apps/w/" }.render(report)).unwrap()
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
