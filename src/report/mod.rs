//! The report: everything that a run found out, as a document and as text for people.
//!
//! Receives what the pipeline has, finished or not; hands on strings. Must never decide anything: the verdict and the
//! exit code come to it.

pub(crate) mod difference;
pub(crate) mod github;
pub(crate) mod html;
pub(crate) mod human;
pub(crate) mod json;
pub(crate) mod packages;
pub(crate) mod sarif;

use crate::baseline::Growth;
use crate::bundle::Bundle;
use crate::deploy::Deployed;
use crate::error::Error;
use crate::gate::{Judgement, Limit, Verdict};
use crate::project::{Layout, Project, Target};
use crate::smoke::Booted;
use std::time::Duration;

/// What a run has to say. What was not reached is `None`.
#[derive(Debug, Default)]
pub(crate) struct Report {
    pub(crate) command: String,
    pub(crate) project: Option<Project>,
    pub(crate) target: Option<Target>,
    pub(crate) layout: Option<Layout>,
    pub(crate) bundle: Option<Bundle>,
    /// Since the baseline, if there is one.
    pub(crate) growth: Option<Growth>,
    pub(crate) limits: Vec<Limit>,
    pub(crate) judgements: Option<Vec<Judgement>>,
    pub(crate) verdict: Option<Verdict>,
    /// What the boot measured, if there was one.
    pub(crate) smoke: Option<Booted>,
    /// What a run has to say besides: about the stage, about wrangler's figures.
    pub(crate) remarks: Vec<String>,
    /// What a command that only asks says in place of the report.
    pub(crate) answer: Option<String>,
    /// `saddlebag.classify/1`, where that was asked for; the picture has it made otherwise.
    pub(crate) dependencies: Option<serde_json::Value>,
    pub(crate) deployed: Option<Deployed>,
    pub(crate) dry_run: bool,
    pub(crate) error: Option<Error>,
    pub(crate) exit: Exit,
    pub(crate) timings: Vec<(&'static str, Duration)>,
}

/// The exit code, and whose it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Exit {
    pub(crate) code: i32,
    pub(crate) pywranglers: bool,
}
