//! What a gate finds: a code, a severity, a place, a message and what to do.

use crate::error::Location;
use std::fmt;

/// A kind of finding. Each gate declares its own with `codes!`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Code {
    /// `size.raw`: the gate, then the kind. It appears in settings and reports, and never changes.
    pub(crate) id: &'static str,
    /// What is wrong, in one sentence.
    pub(crate) summary: &'static str,
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.id)
    }
}

/// How much a finding may cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Severity {
    Note,
    Warn,
    Deny,
}

/// One thing that a gate found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Finding {
    /// One of the gate's own codes.
    pub(crate) code: Code,
    /// What it is about. It is the same in every run, so that `match` of an allow entry can name it.
    pub(crate) subject: String,
    pub(crate) severity: Severity,
    /// The reason of the allow entry that covers it.
    pub(crate) allowed: Option<String>,
    /// A lowercase fragment without a full stop.
    pub(crate) message: String,
    pub(crate) measured: Option<u64>,
    pub(crate) limit: Option<u64>,
    /// One line, imperative.
    pub(crate) help: String,
    /// Lines of configuration to paste, as `help` says.
    pub(crate) snippet: Option<String>,
    pub(crate) location: Location,
}

impl Finding {
    pub(crate) fn new(
        severity: Severity,
        code: Code,
        subject: impl Into<String>,
        location: Location,
        message: impl Into<String>,
        help: impl Into<String>,
    ) -> Self {
        Self {
            code,
            subject: subject.into(),
            severity,
            allowed: None,
            message: message.into(),
            measured: None,
            limit: None,
            help: help.into(),
            snippet: None,
            location,
        }
    }

    #[must_use]
    pub(crate) fn measured(mut self, measured: u64, limit: u64) -> Self {
        (self.measured, self.limit) = (Some(measured), Some(limit));
        self
    }

    /// The help, with the lines to paste below it.
    pub(crate) fn remedy(&self) -> String {
        match &self.snippet {
            Some(snippet) => format!("{}\n{snippet}", self.help),
            None => self.help.clone(),
        }
    }

    /// Its severity, unless an allow entry turns it into a note.
    pub(crate) fn weight(&self) -> Severity {
        if self.allowed.is_some() { Severity::Note } else { self.severity }
    }
}
