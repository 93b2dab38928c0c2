//! `toolchain`: pywrangler, uv, node and wrangler are installed, and new enough for each other (`data/tools.toml`).

use super::definition::{Check, Gate, codes};
use super::{CheckOutput, Finding, GateId, Level, Severity};
use crate::error::{Location, LocationKind};
use crate::tools::minimums::minimum;
use crate::tools::updates::{INSTALL_UV, update_uv};
use crate::tools::{Toolchain, is_older_than};

codes! {
    MISSING = "toolchain.missing": "A tool that the deploy needs is not on the `PATH`.";
    TOO_OLD = "toolchain.too-old": "A tool is older than what needs it accepts.";
    UNPINNED = "toolchain.unpinned": "The project does not pin wrangler, so npx fetches the newest for each deploy.";
}

pub(super) const GATE: Gate = Gate {
    id: GateId::Toolchain,
    default_level: Level::Deny,
    check: Check::Toolchain(check),
    nothing_to_check: None,
    codes: CODES,
    page: include_str!("../../docs/gates/toolchain.md"),
};

/// A tool that has to be there, in a version that another one accepts.
struct Requirement<'a> {
    name: &'static str,
    found: bool,
    /// `None` if it is unknown: then it is not checked.
    version: Option<&'a str>,
    minimum: &'a str,
    /// Who needs it.
    needed_by: &'static str,
    /// Of a version that is too old, or of a tool that is missing.
    severity: Severity,
    help: String,
}

/// Checks each tool against `data/tools.toml`. Starts none of them.
pub(crate) fn check(toolchain: &Toolchain) -> CheckOutput {
    let required = required(toolchain);
    let mut findings: Vec<Finding> = required.iter().filter_map(Requirement::check).collect();
    if toolchain.wrangler.is_none() {
        findings.push(Finding::new(
            Severity::Note,
            UNPINNED,
            "wrangler",
            Location::new(LocationKind::Tool, "wrangler"),
            "no `node_modules` at or above the project has wrangler: npx fetches the newest at each deploy",
            "pin it: `npm install --save-dev wrangler`",
        ));
    }
    let figures: Vec<String> = required
        .iter()
        .filter(|tool| tool.found)
        .map(|tool| format!("{} {}", tool.name, tool.version.unwrap_or("of unknown version")))
        .collect();
    CheckOutput { figure: figures.join(", "), findings }
}

fn required(toolchain: &Toolchain) -> Vec<Requirement<'_>> {
    let pywrangler = toolchain.pywrangler.version.as_deref();
    let (uv, node, wrangler) = (toolchain.uv.as_ref(), toolchain.node.as_ref(), toolchain.wrangler.as_ref());
    // wrangler says itself which Node.js it needs.
    let node_minimum =
        wrangler.and_then(|wrangler| wrangler.node_minimum.as_deref()).unwrap_or_else(|| minimum("node", None));
    let mut required = vec![
        Requirement {
            name: "pywrangler",
            found: true,
            version: pywrangler,
            minimum: minimum("pywrangler", None),
            needed_by: "saddlebag",
            severity: Severity::Deny,
            help: "update it: `uv tool upgrade workers-py`, or `uv add --dev workers-py`".to_owned(),
        },
        Requirement {
            name: "uv",
            found: uv.is_some(),
            version: uv.and_then(|uv| uv.version.as_deref()),
            minimum: minimum("uv", pywrangler),
            needed_by: "pywrangler",
            severity: Severity::Deny,
            help: uv.map_or_else(|| INSTALL_UV.to_owned(), |uv| update_uv(&uv.path, &toolchain.environment)),
        },
        Requirement {
            name: "node",
            found: node.is_some(),
            version: node.and_then(|node| node.version.as_deref()),
            minimum: node_minimum,
            needed_by: "wrangler",
            severity: Severity::Deny,
            help: format!("install Node.js {node_minimum} or newer and put it first on the `PATH`"),
        },
    ];
    required.extend(wrangler.map(|wrangler| Requirement {
        name: "wrangler",
        found: true,
        version: wrangler.version.as_deref(),
        minimum: minimum("wrangler", pywrangler),
        needed_by: "pywrangler",
        severity: Severity::Warn,
        help: "update it: `npm install --save-dev wrangler@latest`".to_owned(),
    }));
    required
}

impl Requirement<'_> {
    fn check(&self) -> Option<Finding> {
        let Self { name, minimum, needed_by, .. } = self;
        let (code, message) = match self.version {
            _ if !self.found => (MISSING, format!("`{name}` is not on the `PATH`, and {needed_by} needs it")),
            Some(version) if is_older_than(version, minimum) => {
                (TOO_OLD, format!("`{name}` is {version}, and {needed_by} needs {minimum} or newer"))
            }
            _ => return None,
        };
        let location = Location::new(LocationKind::Tool, *name);
        Some(Finding::new(self.severity, code, *name, location, message, self.help.as_str()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::env::Environment;
    use crate::process::Program;
    use crate::tools::{Pywrangler, Tool, Wrangler};

    fn toolchain(pywrangler: &str, uv: Option<&str>, node: Option<&str>, wrangler: Option<(&str, &str)>) -> Toolchain {
        let tool = |name: &str, version: Option<&str>| {
            version.map(|version| Tool { path: name.into(), version: Some(version.to_owned()) })
        };
        Toolchain {
            pywrangler: Pywrangler { program: Program::new("pywrangler"), version: Some(pywrangler.to_owned()) },
            uv: tool("uv", uv),
            node: tool("node", node),
            wrangler: wrangler.map(|(version, engines)| Wrangler {
                package: "w".into(),
                version: Some(version.to_owned()),
                node_minimum: Some(engines.to_owned()),
            }),
            environment: Environment::default(),
        }
    }

    fn found(toolchain: &Toolchain) -> String {
        check(toolchain)
            .findings
            .iter()
            .map(|finding| format!("{:?} {} {}", finding.severity, finding.code, finding.message))
            .collect::<Vec<_>>()
            .join("\n")
    }

    #[test]
    fn what_they_require_of_each_other_is_enough() {
        let output = check(&toolchain("1.17.9", Some("0.13.4"), Some("22.12.0"), Some(("4.164.0", "22.12.0"))));
        assert_eq!(output.findings, []);
        assert_eq!(output.figure, "pywrangler 1.17.9, uv 0.13.4, node 22.12.0, wrangler 4.164.0");
        assert_eq!(found(&toolchain("1.15.0", Some("0.8.10"), Some("22.12.0"), Some(("4.42.1", "22.12.0")))), "");
    }

    #[test]
    fn missing_and_old_tools_are_named_with_what_needs_them() {
        insta::assert_snapshot!(found(&toolchain("1.14.9", None, Some("20.20.2"), Some(("4.100.0", "22.12.0")))), @"
        Deny toolchain.too-old `pywrangler` is 1.14.9, and saddlebag needs 1.15.0 or newer
        Deny toolchain.missing `uv` is not on the `PATH`, and pywrangler needs it
        Deny toolchain.too-old `node` is 20.20.2, and wrangler needs 22.12.0 or newer
        ");
        insta::assert_snapshot!(found(&toolchain("1.17.9", Some("0.13.4"), Some("22.12.0"), Some(("4.100.0", "22.12.0")))), @"Warn toolchain.too-old `wrangler` is 4.100.0, and pywrangler needs 4.127.1 or newer");
        insta::assert_snapshot!(found(&toolchain("1.17.9", Some("0.9.30"), None, None)), @"
        Deny toolchain.too-old `uv` is 0.9.30, and pywrangler needs 0.13.4 or newer
        Deny toolchain.missing `node` is not on the `PATH`, and wrangler needs it
        Note toolchain.unpinned no `node_modules` at or above the project has wrangler: npx fetches the newest at each deploy
        ");
    }

    #[test]
    fn the_found_wranglers_own_engines_count() {
        assert_eq!(found(&toolchain("1.17.9", Some("0.13.8"), Some("20.3.0"), Some(("4.130.0", "20.0.0")))), "");
    }
}
