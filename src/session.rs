//! One run of a command, step by step.
//!
//!     Session::open() -> Opened          project, settings, target
//!            .find_tools() -> Loaded     + pywrangler, uv, node, wrangler
//!            .resolve() -> Resolved      + main, the vendored packages
//!            .plan() -> Planned          + layout, bundle
//!            .check() -> CheckedPlan     + the gates' results
//!            .into_cleared() -> ClearedPlan
//!            .stage() -> Staged          written to disk; `smoke` and `verify` run here
//!            .into_cleared() -> ClearedStage
//!            .deploy() -> Ended
//!
//! Each step takes the one before it by value. A step that cannot go on returns `Ended`, which holds everything reached so
//! far: the report is made from it, once, by `emit`.

mod emit;
mod end;
mod load;
mod plan;
mod remedies;
mod resolve;
mod stage;
mod state;

pub(crate) use load::{find_project, read_requirements, target_flags};
pub(crate) use resolve::{ResolveOptions, main_module};
pub(crate) use state::{ClearedPlan, ClearedStage, Ended, Loaded, Opened, Plan, Planned, Reached, Resolved};

use crate::cli::{Format, OwnInvocation};
use crate::env::Environment;
use crate::error::Error;
use crate::passthrough::Passthrough;
use crate::process::Stdout;
use crate::report::RenderOptions;
use crate::settings::{self, Settings};
use crate::terminal::Terminal;
use std::time::{Duration, Instant};

/// A step, or the early end of the run.
pub(crate) type Step<'a, T> = Result<T, Box<Ended<'a>>>;

/// What every step needs.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Session<'a> {
    pub(crate) invocation: &'a OwnInvocation,
    pub(crate) environment: &'a Environment,
    pub(crate) terminal: &'a Terminal,
    pub(crate) format: Format,
}

impl<'a> Session<'a> {
    /// Runs one of our own commands to its end: its exit code.
    pub(crate) fn run(
        invocation: &'a OwnInvocation,
        environment: &'a Environment,
        terminal: &'a Terminal,
        command: impl FnOnce(Self) -> Step<'a, Ended<'a>>,
    ) -> i32 {
        let format = settings::format(&invocation.flags, environment);
        let session = Self { invocation, environment, terminal, format: *format.as_ref().unwrap_or(&Format::Human) };
        let ended = match format {
            Ok(_) => command(session).unwrap_or_else(|ended| *ended),
            Err(error) => *session.fail(error),
        };
        emit::emit(&ended);
        ended.exit.code
    }

    /// The end before anything was found.
    pub(crate) fn fail(self, error: Error) -> Box<Ended<'a>> {
        Ended::failed(self, Reached::Nothing, error)
    }

    /// The end of a command that needs no project.
    pub(crate) fn end(self) -> Ended<'a> {
        Ended::new(self, Reached::Nothing)
    }

    /// The words that are not ours.
    pub(crate) fn words(&self) -> &'a Passthrough {
        &self.invocation.rest
    }

    /// Where a child's stdout goes: a machine-readable report is the only document on ours.
    pub(crate) fn child_stdout(&self) -> Stdout {
        if self.format == Format::Human { Stdout::Inherit } else { Stdout::ToStderr }
    }

    pub(crate) fn render_options(&self, settings: &Settings) -> RenderOptions {
        RenderOptions { quiet: settings.quiet, verbose: settings.verbose, width: self.terminal.width() }
    }
}

/// Prints the refusal of a command line that could not be understood: its exit code.
pub(crate) fn refuse(error: &Error, format: Format, environment: &Environment, terminal: &Terminal) -> i32 {
    emit::refusal(error, format, environment, terminal)
}

/// Today in UTC, `YYYY-MM-DD`.
pub(crate) fn today() -> String {
    jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date().to_string()
}

/// How long each step took.
#[derive(Debug)]
pub(crate) struct Timings {
    since: Instant,
    timings: Vec<(&'static str, Duration)>,
}

impl Timings {
    fn start() -> Self {
        Self { since: Instant::now(), timings: Vec::new() }
    }

    fn record(&mut self, name: &'static str) {
        let now = Instant::now();
        self.timings.push((name, now - self.since));
        self.since = now;
    }
}
