//! Proof that the gates have passed.
//!
//! `Checked` holds a value with the result of every gate, and is the only way to a `Cleared`. Its fields are private and only the
//! gates fill them, so that nothing else can make a `Cleared` (tests/it/cleared.rs).

use super::{GateResult, Verdict};

/// A value and what every gate found about it.
#[derive(Debug)]
pub(crate) struct Checked<T> {
    value: T,
    results: Vec<GateResult>,
}

/// A value that every gate let through: a `Cleared<Bundle>` may be staged, a `Cleared<Stage>` may be deployed.
#[derive(Debug)]
pub(crate) struct Cleared<T> {
    value: T,
    results: Vec<GateResult>,
}

/// A value that a gate blocks. It can be reported and nothing else.
#[derive(Debug)]
pub(crate) struct Blocked<T> {
    value: T,
    results: Vec<GateResult>,
}

/// What may be made from a cleared `T`: a stage from a bundle.
pub(crate) trait MadeFrom<T> {}

impl<T> Checked<T> {
    pub(in crate::gates) fn new(value: T, results: Vec<GateResult>) -> Self {
        Self { value, results }
    }

    pub(in crate::gates) fn results_mut(&mut self) -> &mut [GateResult] {
        &mut self.results
    }

    pub(crate) fn value(&self) -> &T {
        &self.value
    }

    pub(crate) fn results(&self) -> &[GateResult] {
        &self.results
    }

    /// # Errors
    /// `Blocked` if any gate blocks or broke.
    pub(crate) fn into_cleared(self) -> Result<Cleared<T>, Blocked<T>> {
        let Self { value, results } = self;
        match Verdict::of(&results) {
            Verdict::Blocked => Err(Blocked { value, results }),
            Verdict::Passed | Verdict::PassedWithWarnings => Ok(Cleared { value, results }),
        }
    }

    /// The parts, for a report. Nothing makes a `Checked` of them again.
    pub(crate) fn into_parts(self) -> (T, Vec<GateResult>) {
        (self.value, self.results)
    }
}

impl<T> Cleared<T> {
    pub(crate) fn value(&self) -> &T {
        &self.value
    }

    pub(crate) fn results(&self) -> &[GateResult] {
        &self.results
    }

    /// Starts the checks of what was made from the cleared value, with the results so far.
    pub(crate) fn made<U: MadeFrom<T>>(&self, next: U) -> Checked<U> {
        Checked { value: next, results: self.results.clone() }
    }

    pub(crate) fn into_parts(self) -> (T, Vec<GateResult>) {
        (self.value, self.results)
    }
}

impl<T> Blocked<T> {
    pub(crate) fn into_parts(self) -> (T, Vec<GateResult>) {
        (self.value, self.results)
    }
}
