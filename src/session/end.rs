//! The end of a run: how far it came, what it says, and its exit code.

use super::{ClearedPlan, ClearedStage, Ended, Loaded, Reached, Session, Step, Timings};
use crate::cli::Format;
use crate::error::{Error, Result};
use crate::gates::Verdict;
use crate::project::Project;
use crate::report::Answer;
use crate::report::{self, Exit, Report};
use crate::settings::Settings;

impl<'a> Ended<'a> {
    /// Exit code 0, and nothing to say but the report.
    pub(super) fn new(session: Session<'a>, reached: Reached<'a>) -> Self {
        Self {
            session,
            reached,
            exit: Exit::default(),
            error: None,
            early_results: None,
            notices: Vec::new(),
            answer: None,
            dependencies: None,
        }
    }

    pub(super) fn failed(session: Session<'a>, reached: Reached<'a>, error: Error) -> Box<Self> {
        Self::new(session, reached).with_error(error)
    }

    /// With what a command that only answers a question has to say, or why it could not.
    pub(crate) fn answered(mut self, answer: Result<Answer>) -> Step<'a, Self> {
        match answer {
            Ok(answer) => {
                self.answer = Some(answer.render(self.session.format));
                Ok(self)
            }
            Err(error) => Err(self.with_error(error)),
        }
    }

    /// The same run, failed; what it answered stays.
    pub(crate) fn with_error(mut self, error: Error) -> Box<Self> {
        self.exit = Exit { code: error.kind.exit(), pywranglers: false };
        self.error = Some(error);
        Box::new(self)
    }

    /// The name of the baseline file, if the run came that far.
    pub(crate) fn baseline_path(&self) -> Option<String> {
        match &self.reached {
            Reached::ReportedPlan(judged) => Some(judged.plan.loaded.project.display(&judged.plan.baseline.path)),
            _ => None,
        }
    }

    /// Says that there are warnings, for a command that prints an answer in place of the report.
    pub(crate) fn print_warnings_elsewhere(&self) {
        if self.session.format == Format::Human
            && let Some(warnings) = report::human::warnings_elsewhere(&self.report())
        {
            self.session.terminal.line(&warnings);
        }
    }

    /// The project and its settings, as soon as they were found.
    pub(super) fn found(&self) -> Option<(&Project, &Settings)> {
        Some(match &self.reached {
            Reached::Nothing => return None,
            Reached::Settings(found) | Reached::Project(found) => (&found.0, &found.1),
            Reached::Opened(opened) => (&opened.project, &opened.settings),
            _ => self.loaded().map(|loaded| (&loaded.project, &loaded.settings))?,
        })
    }

    /// How many Python files the run has parsed.
    pub(super) fn parse_count(&self) -> Option<usize> {
        self.loaded().map(|loaded| loaded.sources.parse_count())
    }

    pub(super) fn timings(&self) -> Option<&Timings> {
        self.loaded().map(|loaded| &loaded.timings)
    }

    fn loaded(&self) -> Option<&Loaded<'a>> {
        match &self.reached {
            Reached::Nothing | Reached::Settings(_) | Reached::Project(_) | Reached::Opened(_) => None,
            Reached::Loaded(loaded) => Some(loaded),
            Reached::Resolved(resolved) => Some(&resolved.loaded),
            Reached::Planned(planned) => Some(&planned.plan.loaded),
            Reached::ReportedPlan(judged) => Some(&judged.plan.loaded),
        }
    }

    /// The data of the run, for every format.
    pub(super) fn report(&self) -> Report<'_> {
        let mut report = self.session.empty_report();
        match &self.reached {
            Reached::Nothing | Reached::Settings(_) => {}
            Reached::Project(found) => report.project = Some(&found.0),
            Reached::Opened(opened) => {
                (report.project, report.target) = (Some(&opened.project), Some(&opened.target));
            }
            Reached::Loaded(loaded) => loaded.add_to(&mut report),
            Reached::Resolved(resolved) => resolved.loaded.add_to(&mut report),
            Reached::Planned(planned) => planned.plan.add_to(&mut report, &planned.bundle),
            Reached::ReportedPlan(judged) => {
                judged.plan.add_to(&mut report, &judged.bundle);
                report.limits.clone_from(&judged.limits);
                report.results = Some(&judged.results);
                report.smoke = judged.smoke.as_ref();
                report.deployed = judged.deployed.as_ref();
            }
        }
        if let Some(results) = &self.early_results {
            report.results = Some(results);
        }
        report.verdict = report.results.filter(|_| self.error.is_none()).map(Verdict::of);
        report.error = self.error.as_ref();
        report.exit = self.exit;
        report.dependencies = self.dependencies.as_ref();
        report
    }
}

impl Session<'_> {
    pub(super) fn empty_report<'r>(&self) -> Report<'r> {
        Report { command: self.invocation.command.name(), dry_run: self.invocation.rest.dry_run(), ..Report::default() }
    }
}

impl<'a> ClearedPlan<'a> {
    /// The end of a command that goes no further than the plan.
    pub(crate) fn end(self) -> Ended<'a> {
        let session = self.plan.loaded.session;
        Ended::new(session, self.into_reached())
    }
}

impl<'a> ClearedStage<'a> {
    /// The end of a command that only needed the stage for its gates; the stage is removed.
    pub(crate) fn end(self) -> Ended<'a> {
        let (session, (judged, stage)) = (self.plan.loaded.session, self.into_judged());
        drop(stage);
        Ended::new(session, Reached::ReportedPlan(Box::new(judged)))
    }
}
