//! `saddlebag.report/1` as types of its own.
//!
//! Every field and every word of the document stands here, so that no change to the model behind it can change the document.
//! A field of this version is never renamed, removed or given another meaning: that would be `v2`.

use crate::baseline::{Growth, Moved, Share, Weights};
use crate::bundle::{Bundle, Dropped, Module, ModuleType, Package};
use crate::deploy::Deployed;
use crate::error::{Error, Location, LocationKind};
use crate::gates::{Finding, GateResult, Level, Limit, Outcome, Severity, Verdict};
use crate::layout::{Layout, Namespace};
use crate::project::requirements::Source;
use crate::project::{Project, Target};
use crate::report::{Exit, Report};
use crate::smoke::{Imported, SmokeResult};
use serde::Serialize;

#[derive(Serialize)]
pub(super) struct DocumentV1<'a> {
    schema: &'static str,
    version: &'static str,
    command: &'a str,
    project: Option<ProjectV1<'a>>,
    target: Option<TargetV1<'a>>,
    bundle: Option<BundleV1<'a>>,
    dropped: Option<Vec<DroppedV1<'a>>>,
    limits: Option<Vec<LimitV1<'a>>>,
    /// Absent where there is no baseline.
    #[serde(skip_serializing_if = "Option::is_none")]
    growth: Option<GrowthV1<'a>>,
    gates: Option<Vec<GateV1<'a>>>,
    verdict: Option<&'static str>,
    /// Absent where nothing was booted.
    #[serde(skip_serializing_if = "Option::is_none")]
    smoke: Option<SmokeV1<'a>>,
    deploy: Option<DeployV1<'a>>,
    exit: ExitV1,
    error: Option<ErrorV1<'a>>,
}

impl<'a> From<&'a Report<'_>> for DocumentV1<'a> {
    fn from(report: &'a Report<'_>) -> Self {
        Self {
            schema: "saddlebag.report/1",
            version: env!("CARGO_PKG_VERSION"),
            command: &report.command,
            project: report.project.map(|project| ProjectV1::new(project, report.layout)),
            target: report.target.map(TargetV1::from),
            bundle: report.bundle.map(BundleV1::from),
            dropped: report.bundle.map(|bundle| list(&bundle.dropped)),
            limits: report.bundle.map(|_| list(&report.limits)),
            growth: report.growth.map(GrowthV1::from),
            gates: report.results.map(list),
            verdict: report.verdict.map(verdict),
            smoke: report.smoke.map(SmokeV1::from),
            deploy: report.deployed.map(DeployV1::from),
            exit: report.exit.into(),
            error: report.error.map(ErrorV1::from),
        }
    }
}

fn list<'a, T, V: From<&'a T>>(values: &'a [T]) -> Vec<V> {
    values.iter().map(V::from).collect()
}

#[derive(Serialize)]
struct ProjectV1<'a> {
    root: &'static str,
    config: String,
    env: Option<&'a str>,
    namespace: Option<&'static str>,
    requirements: Option<String>,
}

impl<'a> ProjectV1<'a> {
    fn new(project: &'a Project, layout: Option<&Layout>) -> Self {
        Self {
            root: ".",
            config: project.display(&project.config.path),
            env: project.config.environment.as_deref(),
            namespace: layout.map(|layout| match layout.namespace {
                Namespace::Keep => "keep",
                Namespace::Flat => "flat",
            }),
            requirements: match &project.requirements.source {
                Source::File(path) | Source::Pyproject(path) => Some(project.display(path)),
                Source::None => None,
            },
        }
    }
}

#[derive(Serialize)]
struct TargetV1<'a> {
    python: &'a str,
    pyodide: &'a str,
    wheel_platforms: &'a [String],
    compatibility_date: &'a str,
}

impl<'a> From<&'a Target> for TargetV1<'a> {
    fn from(target: &'a Target) -> Self {
        Self {
            python: &target.python,
            pyodide: &target.pyodide,
            wheel_platforms: &target.wheel_platforms,
            compatibility_date: &target.compatibility_date,
        }
    }
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

impl<'a> From<&'a Bundle> for BundleV1<'a> {
    fn from(bundle: &'a Bundle) -> Self {
        Self {
            main_module: &bundle.main_module,
            raw_bytes: bundle.raw_bytes,
            gzip_bytes: bundle.gzip_bytes,
            module_count: bundle.modules.len(),
            modules: list(&bundle.modules),
            packages: list(&bundle.packages),
        }
    }
}

#[derive(Serialize)]
struct ModuleV1<'a> {
    name: &'a str,
    r#type: &'static str,
    bytes: u64,
    owner: &'a str,
}

impl<'a> From<&'a Module> for ModuleV1<'a> {
    fn from(module: &'a Module) -> Self {
        let r#type = match module.kind {
            ModuleType::Python => "python",
            ModuleType::Text => "text",
            ModuleType::Buffer => "buffer",
            ModuleType::CompiledWasm => "compiled-wasm",
            ModuleType::Esm => "esm",
            ModuleType::Commonjs => "commonjs",
        };
        Self { name: &module.name, r#type, bytes: module.bytes, owner: module.owner.as_str() }
    }
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

impl<'a> From<&'a Package> for PackageV1<'a> {
    fn from(package: &'a Package) -> Self {
        Self {
            name: &package.name,
            version: &package.version,
            modules: package.modules,
            raw_bytes: package.raw_bytes,
            dropped_bytes: package.dropped_bytes,
            required_by: &package.required_by,
        }
    }
}

#[derive(Serialize)]
struct DroppedV1<'a> {
    name: &'a str,
    bytes: u64,
    rule: &'a str,
}

impl<'a> From<&'a Dropped> for DroppedV1<'a> {
    fn from(file: &'a Dropped) -> Self {
        Self { name: &file.name, bytes: file.bytes, rule: file.rule }
    }
}

#[derive(Serialize)]
struct LimitV1<'a> {
    id: &'a str,
    bytes: u64,
    source: &'a str,
    date: &'a str,
    /// A fraction.
    used: f64,
}

impl<'a> From<&'a Limit> for LimitV1<'a> {
    fn from(limit: &'a Limit) -> Self {
        Self { id: limit.id, bytes: limit.bytes, source: &limit.source, date: &limit.date, used: limit.used }
    }
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

impl<'a> From<&'a Growth> for GrowthV1<'a> {
    fn from(growth: &'a Growth) -> Self {
        Self {
            baseline: &growth.baseline,
            raw_bytes: growth.raw.into(),
            gzip_bytes: growth.gzip.into(),
            project_bytes: growth.project.into(),
            packages: list(&growth.packages),
        }
    }
}

#[derive(Serialize)]
struct WeightsV1 {
    before: u64,
    after: u64,
}

impl From<Weights> for WeightsV1 {
    fn from(Weights { before, after }: Weights) -> Self {
        Self { before, after }
    }
}

#[derive(Serialize)]
struct MovedV1<'a> {
    name: &'a str,
    change: &'static str,
    before: Option<ShareV1<'a>>,
    after: Option<ShareV1<'a>>,
}

impl<'a> From<&'a Moved> for MovedV1<'a> {
    fn from(moved: &'a Moved) -> Self {
        Self {
            name: &moved.name,
            change: moved.change(),
            before: moved.before.as_ref().map(ShareV1::from),
            after: moved.after.as_ref().map(ShareV1::from),
        }
    }
}

#[derive(Serialize)]
struct ShareV1<'a> {
    version: &'a str,
    raw_bytes: u64,
}

impl<'a> From<&'a Share> for ShareV1<'a> {
    fn from(share: &'a Share) -> Self {
        Self { version: &share.version, raw_bytes: share.raw_bytes }
    }
}

#[derive(Serialize)]
struct GateV1<'a> {
    id: &'static str,
    level: &'static str,
    outcome: &'static str,
    reason: Option<&'a str>,
    findings: Vec<FindingV1<'a>>,
}

impl<'a> From<&'a GateResult> for GateV1<'a> {
    fn from(result: &'a GateResult) -> Self {
        Self {
            id: result.id.as_str(),
            level: match result.level {
                Level::Off => "off",
                Level::Warn => "warn",
                Level::Deny => "deny",
            },
            outcome: match result.outcome {
                Outcome::Passed => "passed",
                Outcome::Warned => "warned",
                Outcome::Blocked => "blocked",
                Outcome::Skipped => "skipped",
                Outcome::Broke => "broke",
            },
            reason: result.reason.as_deref(),
            findings: list(&result.findings),
        }
    }
}

#[derive(Serialize)]
struct FindingV1<'a> {
    code: &'static str,
    subject: &'a str,
    level: &'static str,
    allowed: Option<&'a str>,
    message: &'a str,
    measured: Option<u64>,
    limit: Option<u64>,
    help: &'a str,
    /// Lines of configuration to paste; absent where there are none.
    #[serde(skip_serializing_if = "Option::is_none")]
    snippet: Option<&'a str>,
    location: LocationV1<'a>,
}

impl<'a> From<&'a Finding> for FindingV1<'a> {
    fn from(finding: &'a Finding) -> Self {
        Self {
            code: finding.code.id,
            subject: &finding.subject,
            level: match finding.severity {
                Severity::Note => "note",
                Severity::Warn => "warn",
                Severity::Deny => "deny",
            },
            allowed: finding.allowed.as_deref(),
            message: &finding.message,
            measured: finding.measured,
            limit: finding.limit,
            help: &finding.help,
            snippet: finding.snippet.as_deref(),
            location: LocationV1::from(&finding.location),
        }
    }
}

#[derive(Serialize)]
struct LocationV1<'a> {
    kind: &'static str,
    path: &'a str,
    line: Option<u32>,
    column: Option<u32>,
}

impl<'a> From<&'a Location> for LocationV1<'a> {
    fn from(location: &'a Location) -> Self {
        let kind = match location.kind {
            LocationKind::File => "file",
            LocationKind::Module => "module",
            LocationKind::Package => "package",
            LocationKind::Config => "config",
            LocationKind::Requirement => "requirement",
            LocationKind::Tool => "tool",
        };
        Self { kind, path: &location.path, line: location.line, column: location.column }
    }
}

fn verdict(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Passed => "passed",
        Verdict::PassedWithWarnings => "passed-with-warnings",
        Verdict::Blocked => "blocked",
    }
}

#[derive(Serialize)]
struct SmokeV1<'a> {
    python: &'a str,
    import_seconds: f64,
    modules: usize,
    memory_bytes: u64,
    entry_classes: &'a [String],
    stood_in: &'a [String],
    slowest: Vec<ImportedV1<'a>>,
}

impl<'a> From<&'a SmokeResult> for SmokeV1<'a> {
    fn from(booted: &'a SmokeResult) -> Self {
        Self {
            python: &booted.python,
            import_seconds: booted.import_seconds,
            modules: booted.imported,
            memory_bytes: booted.memory_after,
            entry_classes: &booted.entry_classes,
            stood_in: &booted.stood_in,
            slowest: list(&booted.slowest),
        }
    }
}

#[derive(Serialize)]
struct ImportedV1<'a> {
    module: &'a str,
    /// With what it imports.
    seconds: f64,
    own_seconds: f64,
}

impl<'a> From<&'a Imported> for ImportedV1<'a> {
    fn from(import: &'a Imported) -> Self {
        Self { module: &import.module, seconds: import.seconds, own_seconds: import.own_seconds }
    }
}

#[derive(Serialize)]
struct DeployV1<'a> {
    version_id: Option<&'a str>,
    targets: &'a [String],
    raw_bytes: Option<u64>,
    duplicate_warnings: usize,
    /// wrangler's other warnings, as it prints them.
    warnings: &'a [String],
    /// As Cloudflare measured it; null before a deploy is live.
    startup_ms: Option<u64>,
}

impl<'a> From<&'a Deployed> for DeployV1<'a> {
    fn from(deployed: &'a Deployed) -> Self {
        let output = &deployed.heard;
        Self {
            version_id: output.version_id.as_deref(),
            targets: &output.targets,
            raw_bytes: output.raw_bytes,
            duplicate_warnings: output.duplicates.len(),
            warnings: &output.warnings,
            startup_ms: output.startup_ms,
        }
    }
}

#[derive(Serialize)]
struct ExitV1 {
    code: i32,
    origin: &'static str,
}

impl From<Exit> for ExitV1 {
    fn from(exit: Exit) -> Self {
        Self { code: exit.code, origin: if exit.pywranglers { "pywrangler" } else { "saddlebag" } }
    }
}

#[derive(Serialize)]
struct ErrorV1<'a> {
    code: &'static str,
    message: &'a str,
    location: Option<LocationV1<'a>>,
    help: &'a str,
    /// What another program printed, in full; absent where none did.
    #[serde(skip_serializing_if = "Option::is_none")]
    output: Option<&'a str>,
}

impl<'a> From<&'a Error> for ErrorV1<'a> {
    fn from(error: &'a Error) -> Self {
        Self {
            code: error.kind.code(),
            message: &error.message,
            location: error.location.as_deref().map(LocationV1::from),
            help: &error.hint,
            output: error.output.as_deref(),
        }
    }
}
