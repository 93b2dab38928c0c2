//! The report: everything that a run found out, as a document and as text for people.
//!
//! Receives what the pipeline has, finished or not; hands on strings. Must never decide anything: the verdict and the
//! exit code come to it.

mod answer;
pub(crate) mod difference;
pub(crate) mod github;
pub(crate) mod html;
pub(crate) mod human;
pub(crate) mod json;
pub(crate) mod packages;
pub(crate) mod sarif;

pub(crate) use answer::Answer;

use crate::baseline::Growth;
use crate::bundle::Bundle;
use crate::deploy::Deployed;
use crate::error::Error;
use crate::gates::{GateResult, Limit, Verdict};
use crate::layout::Layout;
use crate::project::{Project, Target};
use crate::smoke::SmokeResult;

/// What a run has to say. What was not reached is `None`.
#[derive(Debug, Default)]
pub(crate) struct Report<'a> {
    pub(crate) command: String,
    pub(crate) project: Option<&'a Project>,
    pub(crate) target: Option<&'a Target>,
    pub(crate) layout: Option<&'a Layout>,
    pub(crate) bundle: Option<&'a Bundle>,
    /// Since the baseline, if there is one.
    pub(crate) growth: Option<&'a Growth>,
    pub(crate) limits: Vec<Limit>,
    pub(crate) results: Option<&'a [GateResult]>,
    pub(crate) verdict: Option<Verdict>,
    /// What the boot measured, if there was one.
    pub(crate) smoke: Option<&'a SmokeResult>,
    /// `saddlebag.classify/1`, if it was asked for; the HTML report makes it otherwise.
    pub(crate) dependencies: Option<&'a serde_json::Value>,
    pub(crate) deployed: Option<&'a Deployed>,
    pub(crate) dry_run: bool,
    pub(crate) error: Option<&'a Error>,
    pub(crate) exit: Exit,
}

/// The exit code, and whose it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Exit {
    pub(crate) code: i32,
    pub(crate) pywranglers: bool,
}

/// A value that a report of a test can point at.
#[cfg(test)]
fn lasting<T>(value: T) -> &'static T {
    Box::leak(Box::new(value))
}
