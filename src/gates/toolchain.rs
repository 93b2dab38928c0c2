//! `toolchain`: pywrangler, uv, node and wrangler are there and new enough for each other.
//!
//! Receives the tools that were found; hands on findings against `data/tools.toml`. Must never run one of them.

use super::{CheckOutput, Finding, Severity};
use crate::error::{Location, LocationKind};
use crate::tools::minimums::minimum;
use crate::tools::updates::{INSTALL_UV, update_uv};
use crate::tools::{Toolchain, is_older_than};

pub(super) fn check(toolchain: &Toolchain) -> CheckOutput {
    let mut findings = Vec::new();
    let mut figures = Vec::new();
    let mut tool = |name: &str,
                    there: bool,
                    version: Option<&str>,
                    minimum: &str,
                    severity: Severity,
                    needs: &str,
                    help: &str| {
        if there {
            figures.push(format!("{name} {}", version.unwrap_or("of unknown version")));
        }
        let finding = match (there, version) {
            (false, _) => Some(("toolchain.missing", format!("`{name}` is not on the `PATH`, and {needs} needs it"))),
            (true, Some(version)) if is_older_than(version, minimum) => {
                Some(("toolchain.too-old", format!("`{name}` is {version}, and {needs} needs {minimum} or newer")))
            }
            (true, _) => None,
        };
        if let Some((code, message)) = finding {
            findings.push(Finding::new(severity, code, name, Location::new(LocationKind::Tool, name), message, help));
        }
    };

    let pywrangler = toolchain.pywrangler.version.as_deref();
    tool(
        "pywrangler",
        true,
        pywrangler,
        minimum("pywrangler", None),
        Severity::Deny,
        "saddlebag",
        "update it: `uv tool upgrade workers-py`, or `uv add --dev workers-py`",
    );
    let uv = toolchain.uv.as_ref();
    tool(
        "uv",
        uv.is_some(),
        uv.and_then(|uv| uv.version.as_deref()),
        minimum("uv", pywrangler),
        Severity::Deny,
        "pywrangler",
        &uv.map_or_else(|| INSTALL_UV.to_owned(), |uv| update_uv(&uv.path, &toolchain.environment)),
    );
    let wrangler = toolchain.wrangler.as_ref();
    let node = toolchain.node.as_ref();
    let node_minimum =
        wrangler.and_then(|wrangler| wrangler.node_minimum.as_deref()).unwrap_or_else(|| minimum("node", None));
    tool(
        "node",
        node.is_some(),
        node.and_then(|node| node.version.as_deref()),
        node_minimum,
        Severity::Deny,
        "wrangler",
        &format!("install Node.js {node_minimum} or newer and put it first on the `PATH`"),
    );
    if let Some(wrangler) = wrangler {
        tool(
            "wrangler",
            true,
            wrangler.version.as_deref(),
            minimum("wrangler", pywrangler),
            Severity::Warn,
            "pywrangler",
            "update it: `npm install --save-dev wrangler@latest`",
        );
    } else {
        findings.push(Finding::new(
            Severity::Note,
            "toolchain.unpinned",
            "wrangler",
            Location::new(LocationKind::Tool, "wrangler"),
            "no `node_modules` at or above the project has wrangler: npx fetches the newest at each deploy",
            "pin it: `npm install --save-dev wrangler`",
        ));
    }
    CheckOutput { figure: figures.join(", "), findings }
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
        let judged = check(&toolchain("1.17.9", Some("0.13.4"), Some("22.12.0"), Some(("4.164.0", "22.12.0"))));
        assert_eq!(judged.findings, []);
        assert_eq!(judged.figure, "pywrangler 1.17.9, uv 0.13.4, node 22.12.0, wrangler 4.164.0");
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
