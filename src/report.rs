//! The report: everything that a run found out, and the formats it is written in.
//!
//! A format reads a [`Report`] and decides nothing: the verdict and the exit code are part of it.

mod answer;
pub(crate) mod difference;
pub(crate) mod github;
pub(crate) mod html;
pub(crate) mod human;
pub(crate) mod json;
pub(crate) mod packages;
pub(crate) mod sarif;
mod style;

pub(crate) use style::RenderOptions;

pub(crate) use answer::Answer;

use crate::baseline::Growth;
use crate::bundle::Bundle;
use crate::deploy::Deployed;
use crate::error::Error;
use crate::gates::{GateResult, Limit, Verdict};
use crate::layout::Layout;
use crate::project::{Project, Target};
use crate::smoke::SmokeResult;

/// A format of the report.
pub(crate) trait Renderer {
    /// The whole report as one text, with a newline at its end if there is any.
    fn render(&self, report: &Report<'_>) -> String;

    /// What else is appended to files that environment variables name: the variable, then the text.
    fn appended(&self, _: &Report<'_>) -> Vec<(&'static str, String)> {
        Vec::new()
    }
}

/// Everything a run found out. What was not reached is `None`.
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

/// A document as indented JSON, with a newline at its end.
fn json_text(document: &impl serde::Serialize) -> String {
    let text = serde_json::to_string_pretty(document);
    text.unwrap_or_else(|error| format!("{{\"error\":{{\"message\":\"{error}\"}}}}")) + "\n"
}

/// A value that a report of a test can point at.
#[cfg(test)]
fn lasting<T>(value: T) -> &'static T {
    Box::leak(Box::new(value))
}
