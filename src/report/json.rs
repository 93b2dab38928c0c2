//! `saddlebag.report/1`: the document for machines, a frozen copy of its own that no refactoring of the rooms can move.
//!
//! Receives a `Report`; hands on one JSON document. Must never change a field of this version: a new one is a new file.

use super::Report;
use crate::baseline::{Growth, Share, Weights};
use crate::error::{Error, Location};
use crate::gates::{GateResult, Level, Limit, Outcome, Severity, Verdict};
use crate::project::requirements::Source;
use serde::Serialize;

#[derive(Serialize)]
struct Document<'a> {
    schema: &'static str,
    version: &'static str,
    command: &'a str,
    project: Option<ProjectV1<'a>>,
    target: Option<TargetV1<'a>>,
    bundle: Option<BundleV1<'a>>,
    dropped: Option<&'a [crate::bundle::Dropped]>,
    limits: Option<&'a [Limit]>,
    /// Absent where there is no baseline.
    #[serde(skip_serializing_if = "Option::is_none")]
    growth: Option<GrowthV1<'a>>,
    gates: Option<Vec<GateV1<'a>>>,
    verdict: Option<Verdict>,
    /// Absent where nothing was booted.
    #[serde(skip_serializing_if = "Option::is_none")]
    smoke: Option<SmokeV1<'a>>,
    deploy: Option<DeployV1<'a>>,
    exit: ExitV1,
    error: Option<ErrorV1<'a>>,
}

#[derive(Serialize)]
struct ProjectV1<'a> {
    root: &'static str,
    config: String,
    env: Option<&'a str>,
    namespace: Option<crate::layout::Namespace>,
    requirements: Option<String>,
}

#[derive(Serialize)]
struct TargetV1<'a> {
    python: &'a str,
    pyodide: &'a str,
    wheel_platforms: &'a [String],
    compatibility_date: &'a str,
}

#[derive(Serialize)]
struct BundleV1<'a> {
    main_module: &'a str,
    raw_bytes: u64,
    gzip_bytes: u64,
    module_count: usize,
    modules: Vec<ModuleV1<'a>>,
    packages: Vec<PackageV1<'a>>,
}

#[derive(Serialize)]
struct ModuleV1<'a> {
    name: &'a str,
    r#type: crate::bundle::ModuleType,
    bytes: u64,
    owner: &'a str,
}

#[derive(Serialize)]
struct PackageV1<'a> {
    name: &'a str,
    version: &'a str,
    modules: usize,
    raw_bytes: u64,
    dropped_bytes: u64,
    required_by: &'a [String],
}

#[derive(Serialize)]
pub(crate) struct GrowthV1<'a> {
    baseline: &'a str,
    raw_bytes: WeightsV1,
    gzip_bytes: WeightsV1,
    /// Of the project's own files.
    project_bytes: WeightsV1,
    packages: Vec<MovedV1<'a>>,
}

#[derive(Serialize)]
struct WeightsV1 {
    before: u64,
    after: u64,
}

#[derive(Serialize)]
struct MovedV1<'a> {
    name: &'a str,
    change: &'static str,
    before: Option<ShareV1<'a>>,
    after: Option<ShareV1<'a>>,
}

#[derive(Serialize)]
struct ShareV1<'a> {
    version: &'a str,
    raw_bytes: u64,
}

#[derive(Serialize)]
struct GateV1<'a> {
    id: &'static str,
    level: Level,
    outcome: Outcome,
    reason: Option<&'a str>,
    findings: Vec<FindingV1<'a>>,
}

#[derive(Serialize)]
struct FindingV1<'a> {
    code: &'static str,
    subject: &'a str,
    level: Severity,
    allowed: Option<&'a str>,
    message: &'a str,
    measured: Option<u64>,
    limit: Option<u64>,
    help: &'a str,
    /// Lines of configuration to paste; absent where there are none.
    #[serde(skip_serializing_if = "Option::is_none")]
    snippet: Option<&'a str>,
    location: &'a Location,
}

#[derive(Serialize)]
struct SmokeV1<'a> {
    python: &'a str,
    import_seconds: f64,
    modules: usize,
    memory_bytes: u64,
    entry_classes: &'a [String],
    stood_in: &'a [String],
    slowest: &'a [crate::smoke::Imported],
}

#[derive(Serialize)]
struct DeployV1<'a> {
    version_id: Option<&'a str>,
    targets: &'a [String],
    raw_bytes: Option<u64>,
    duplicate_warnings: usize,
    /// wrangler's other warnings, in its words.
    warnings: &'a [String],
    /// As Cloudflare measured it; null before a deploy is live.
    startup_ms: Option<u64>,
}

#[derive(Serialize)]
struct ExitV1 {
    code: i32,
    origin: &'static str,
}

#[derive(Serialize)]
struct ErrorV1<'a> {
    code: &'static str,
    message: &'a str,
    location: Option<&'a Location>,
    help: &'a str,
    /// What another program said, in full; absent where none spoke.
    #[serde(skip_serializing_if = "Option::is_none")]
    output: Option<&'a str>,
}

/// The document, with a newline at its end.
pub(crate) fn render(report: &Report) -> String {
    let mut text = serde_json::to_string_pretty(&document(report))
        .unwrap_or_else(|error| format!("{{\"error\":{{\"message\":\"{error}\"}}}}"));
    text.push('\n');
    text
}

/// The same as a value, for whoever shows it.
pub(super) fn value(report: &Report) -> serde_json::Value {
    serde_json::to_value(document(report)).unwrap_or_default()
}

fn document<'r>(report: &'r Report<'_>) -> Document<'r> {
    Document {
        schema: "saddlebag.report/1",
        version: env!("CARGO_PKG_VERSION"),
        command: &report.command,
        project: report.project.as_ref().map(|project| ProjectV1 {
            root: ".",
            config: project.display(&project.config.path),
            env: project.config.environment.as_deref(),
            namespace: report.layout.as_ref().map(|layout| layout.namespace),
            requirements: match &project.requirements.source {
                Source::File(path) | Source::Pyproject(path) => Some(project.display(path)),
                Source::None => None,
            },
        }),
        target: report.target.as_ref().map(|target| TargetV1 {
            python: &target.python,
            pyodide: &target.pyodide,
            wheel_platforms: &target.wheel_platforms,
            compatibility_date: &target.compatibility_date,
        }),
        bundle: report.bundle.as_ref().map(|bundle| BundleV1 {
            main_module: &bundle.main_module,
            raw_bytes: bundle.raw_bytes,
            gzip_bytes: bundle.gzip_bytes,
            module_count: bundle.modules.len(),
            modules: bundle
                .modules
                .iter()
                .map(|module| ModuleV1 {
                    name: &module.name,
                    r#type: module.kind,
                    bytes: module.bytes,
                    owner: module.owner.as_str(),
                })
                .collect(),
            packages: bundle
                .packages
                .iter()
                .map(|package| PackageV1 {
                    name: &package.name,
                    version: &package.version,
                    modules: package.modules,
                    raw_bytes: package.raw_bytes,
                    dropped_bytes: package.dropped_bytes,
                    required_by: &package.required_by,
                })
                .collect(),
        }),
        dropped: report.bundle.as_ref().map(|bundle| bundle.dropped.as_slice()),
        limits: report.bundle.as_ref().map(|_| report.limits.as_slice()),
        growth: report.growth.map(growth),
        gates: report.results.as_ref().map(|results| results.iter().map(gate).collect()),
        verdict: report.verdict,
        smoke: report.smoke.as_ref().map(|booted| SmokeV1 {
            python: &booted.python,
            import_seconds: booted.import_seconds,
            modules: booted.imported,
            memory_bytes: booted.memory_after,
            entry_classes: &booted.entry_classes,
            stood_in: &booted.stood_in,
            slowest: &booted.slowest,
        }),
        deploy: report.deployed.as_ref().map(|deployed| DeployV1 {
            version_id: deployed.heard.version_id.as_deref(),
            targets: &deployed.heard.targets,
            raw_bytes: deployed.heard.raw_bytes,
            duplicate_warnings: deployed.heard.duplicates.len(),
            warnings: &deployed.heard.warnings,
            startup_ms: deployed.heard.startup_ms,
        }),
        exit: ExitV1 {
            code: report.exit.code,
            origin: if report.exit.pywranglers { "pywrangler" } else { "saddlebag" },
        },
        error: report.error.map(error),
    }
}

impl<'a> From<&'a Share> for ShareV1<'a> {
    fn from(share: &'a Share) -> Self {
        Self { version: &share.version, raw_bytes: share.raw_bytes }
    }
}

pub(crate) fn growth(growth: &Growth) -> GrowthV1<'_> {
    let weights = |Weights { before, after }| WeightsV1 { before, after };
    let packages = growth.packages.iter().map(|moved| MovedV1 {
        name: &moved.name,
        change: moved.change(),
        before: moved.before.as_ref().map(ShareV1::from),
        after: moved.after.as_ref().map(ShareV1::from),
    });
    GrowthV1 {
        baseline: &growth.baseline,
        raw_bytes: weights(growth.raw),
        gzip_bytes: weights(growth.gzip),
        project_bytes: weights(growth.project),
        packages: packages.collect(),
    }
}

fn gate(result: &GateResult) -> GateV1<'_> {
    GateV1 {
        id: result.id.as_str(),
        level: result.level,
        outcome: result.outcome,
        reason: result.reason.as_deref(),
        findings: result
            .findings
            .iter()
            .map(|finding| FindingV1 {
                code: finding.code.id,
                subject: &finding.subject,
                level: finding.severity,
                allowed: finding.allowed.as_deref(),
                message: &finding.message,
                measured: finding.measured,
                limit: finding.limit,
                help: &finding.help,
                snippet: finding.snippet.as_deref(),
                location: &finding.location,
            })
            .collect(),
    }
}

fn error(error: &Error) -> ErrorV1<'_> {
    ErrorV1 {
        code: error.kind.code(),
        message: &error.message,
        location: error.location.as_deref(),
        help: &error.hint,
        output: error.output.as_deref(),
    }
}
