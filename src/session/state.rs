//! The states of a run, each made from the one before it by value, and its end.

use super::{Session, Timings};
use crate::baseline::{Baseline, Growth};
use crate::bundle::Bundle;
use crate::classify::LeftOut;
use crate::deploy::Deployed;
use crate::error::Error;
use crate::gates::{Checked, Cleared, GateResult, Limit};
use crate::layout::Layout;
use crate::project::{Project, Target};
use crate::python::sources::ParsedSources;
use crate::report::Exit;
use crate::resolve::Vendored;
use crate::settings::Settings;
use crate::smoke::SmokeResult;
use crate::stage::Stage;
use crate::tools::Toolchain;
use camino::Utf8PathBuf;

/// What the user has and wants.
#[derive(Debug)]
pub(crate) struct Opened<'a> {
    pub(crate) session: Session<'a>,
    pub(crate) project: Project,
    pub(crate) settings: Settings,
    pub(crate) target: Target,
    pub(super) timings: Timings,
}

/// The same with the tools.
#[derive(Debug)]
pub(crate) struct Loaded<'a> {
    pub(crate) session: Session<'a>,
    pub(crate) project: Project,
    pub(crate) settings: Settings,
    pub(crate) target: Target,
    pub(crate) toolchain: Toolchain,
    /// The project's Python files, parsed for the target.
    pub(crate) sources: ParsedSources,
    pub(super) timings: Timings,
}

/// Where the baseline is, and what it says if the bundle is compared with it.
#[derive(Debug)]
pub(crate) struct BaselineFile {
    /// Absolute.
    pub(crate) path: Utf8PathBuf,
    pub(super) baseline: Option<Baseline>,
}

#[derive(Debug)]
pub(crate) struct Resolved<'a> {
    pub(crate) loaded: Loaded<'a>,
    /// saddlebag's own.
    pub(super) cache: Utf8PathBuf,
    /// The user's main module, absolute.
    pub(super) main: Utf8PathBuf,
    pub(super) baseline: BaselineFile,
    pub(crate) vendored: Vendored,
    pub(super) left_out: Vec<LeftOut>,
}

/// Everything about a plan but the bundle itself.
#[derive(Debug)]
pub(crate) struct Plan<'a> {
    pub(crate) loaded: Loaded<'a>,
    pub(super) cache: Utf8PathBuf,
    pub(crate) baseline: BaselineFile,
    pub(super) vendored: Vendored,
    pub(crate) left_out: Vec<LeftOut>,
    pub(super) layout: Layout,
    /// What the bundle weighs, as a baseline would have it.
    pub(crate) weighed: Baseline,
    /// Since the committed baseline, if it is compared with one.
    pub(super) growth: Option<Growth>,
}

#[derive(Debug)]
pub(crate) struct Planned<'a> {
    pub(crate) plan: Plan<'a>,
    pub(crate) bundle: Bundle,
}

/// A plan that every gate has judged.
#[derive(Debug)]
pub(crate) struct CheckedPlan<'a> {
    pub(super) plan: Plan<'a>,
    pub(super) limits: Vec<Limit>,
    pub(super) bundle: Checked<Bundle>,
}

/// A plan that may be staged.
#[derive(Debug)]
pub(crate) struct ClearedPlan<'a> {
    pub(crate) plan: Plan<'a>,
    pub(super) limits: Vec<Limit>,
    pub(super) bundle: Cleared<Bundle>,
}

/// A stage on disk, and what its gates found so far.
#[derive(Debug)]
pub(crate) struct Staged<'a> {
    pub(super) plan: Plan<'a>,
    pub(super) limits: Vec<Limit>,
    pub(super) bundle: Cleared<Bundle>,
    pub(super) stage: Checked<Stage>,
    pub(super) smoke: Option<SmokeResult>,
    /// The user's own dry run, if `verify` has made it already.
    pub(super) dry_run: Option<Deployed>,
}

/// A stage that may be deployed.
#[derive(Debug)]
pub(crate) struct ClearedStage<'a> {
    pub(crate) plan: Plan<'a>,
    pub(super) limits: Vec<Limit>,
    pub(super) bundle: Cleared<Bundle>,
    pub(super) stage: Cleared<Stage>,
    pub(super) smoke: Option<SmokeResult>,
    pub(super) dry_run: Option<Deployed>,
}

/// How far a run came.
#[derive(Debug)]
pub(crate) enum Reached<'a> {
    Nothing,
    /// The requirements were not read yet: the project is no part of the report.
    Settings(Box<(Project, Settings)>),
    Project(Box<(Project, Settings)>),
    Opened(Box<Opened<'a>>),
    Loaded(Box<Loaded<'a>>),
    Resolved(Box<Resolved<'a>>),
    Planned(Box<Planned<'a>>),
    ReportedPlan(Box<ReportedPlan<'a>>),
}

/// A plan that the gates have judged, without the proof: it can only be reported.
#[derive(Debug)]
pub(crate) struct ReportedPlan<'a> {
    pub(super) plan: Plan<'a>,
    pub(super) bundle: Bundle,
    pub(super) limits: Vec<Limit>,
    pub(super) results: Vec<GateResult>,
    pub(super) smoke: Option<SmokeResult>,
    pub(super) deployed: Option<Deployed>,
}

/// The end of a run.
#[derive(Debug)]
pub(crate) struct Ended<'a> {
    pub(super) session: Session<'a>,
    pub(super) reached: Reached<'a>,
    pub(crate) exit: Exit,
    pub(crate) error: Option<Error>,
    /// Results of gates that judged before there was a plan.
    pub(super) early_results: Option<Vec<GateResult>>,
    /// What there is to say besides the report: about the stage, about wrangler's figures.
    pub(crate) notices: Vec<String>,
    /// What a command that only answers a question prints in place of the report.
    pub(crate) answer: Option<String>,
    /// `saddlebag.classify/1`, if it was asked for.
    pub(crate) dependencies: Option<serde_json::Value>,
}
