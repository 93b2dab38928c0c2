//! Writes to the terminal: the report to stdout, everything else to stderr.
//!
//! All output of saddlebag goes through this module. Progress is animated on a terminal and printed as plain lines
//! elsewhere. A closed stdout or stderr is not an error.

use crate::error::{Error, Result};
use console::{Style, Term};
use indicatif::{ProgressBar, ProgressStyle};
use std::cell::Cell;
use std::io::Write;
use std::sync::mpsc::RecvTimeoutError;
use std::time::Duration;

/// Output streams and verbosity.
#[derive(Debug, Clone)]
pub(crate) struct Terminal {
    quiet: Cell<bool>,
    verbose: Cell<bool>,
    live: bool,
}

impl Terminal {
    /// A terminal that cannot move its cursor (`TERM=dumb`) is treated like a file: nothing is redrawn.
    pub(crate) fn new(dumb: bool) -> Self {
        Self {
            quiet: Cell::new(false),
            verbose: Cell::new(false),
            live: !dumb && Term::stderr().features().is_attended(),
        }
    }

    /// Called as soon as the settings are known.
    pub(crate) fn set_verbosity(&self, quiet: bool, verbose: bool) {
        self.quiet.set(quiet);
        self.verbose.set(verbose);
    }

    /// The width of the terminal on stdout in columns; `None` if stdout is not a terminal.
    pub(crate) fn width(&self) -> Option<usize> {
        let stdout = Term::stdout();
        let columns = stdout.features().is_attended().then(|| stdout.size_checked()).flatten();
        columns.map(|(_, columns)| usize::from(columns)).filter(|columns| *columns > 0)
    }

    /// Prints to stdout. A closed pipe is not an error.
    pub(crate) fn out(&self, text: &str) {
        let mut stdout = std::io::stdout().lock();
        let _ = stdout.write_all(text.as_bytes());
        let _ = stdout.flush();
    }

    /// Prints a line to stderr.
    pub(crate) fn line(&self, text: &str) {
        let _ = writeln!(std::io::stderr().lock(), "{text}");
    }

    /// Prints a line to stderr with `--verbose` only.
    pub(crate) fn detail(&self, text: &str) {
        if self.verbose.get() {
            self.line(text);
        }
    }

    /// Shows progress of a step: plain lines if stderr is not a terminal, nothing with `--quiet`.
    pub(crate) fn begin(&self, what: &str) -> Step {
        if self.quiet.get() {
            return Step { bar: None };
        }
        if !self.live {
            self.line(what);
            return Step { bar: None };
        }
        let style = ProgressStyle::with_template("{spinner:.cyan} {msg} {elapsed:.dim}")
            .unwrap_or_else(|_| ProgressStyle::default_spinner());
        let bar = ProgressBar::new_spinner().with_style(style).with_message(what.to_owned());
        bar.enable_steady_tick(Duration::from_millis(100));
        Step { bar: Some((bar, what.to_owned())) }
    }

    /// Like `begin`, for a short step: prints nothing if stderr is not a terminal.
    pub(crate) fn begin_briefly(&self, what: &str) -> Step {
        if self.live { self.begin(what) } else { Step { bar: None } }
    }

    /// Like `begin`, for a step that may prompt on the terminal itself (ssh, for a key's passphrase): prints one line
    /// and does not redraw it.
    pub(crate) fn begin_still(&self, what: &str) -> Step {
        if !self.quiet.get() {
            self.line(what);
        }
        Step { bar: None }
    }

    /// Whether we can prompt: both input and output are a terminal.
    pub(crate) fn can_ask(&self) -> bool {
        Term::stderr().features().is_attended() && std::io::IsTerminal::is_terminal(&std::io::stdin())
    }

    /// Asks a yes/no question; only `y` or `yes` counts as yes, and the answer is no without a terminal. `go_on` is
    /// called while waiting, so that Ctrl-C at the prompt works.
    ///
    /// # Errors
    /// Those of `go_on`.
    pub(crate) fn confirm(&self, question: &str, go_on: impl Fn() -> Result<()>) -> Result<bool> {
        let answer = self.ask(&format!("{question} [y/N]"), go_on)?;
        Ok(answer.is_some_and(|line| matches!(line.trim(), "y" | "Y" | "yes")))
    }

    /// Asks for a line; `None` without a terminal. `go_on` as for `confirm`.
    ///
    /// # Errors
    /// Those of `go_on`.
    pub(crate) fn ask(&self, question: &str, go_on: impl Fn() -> Result<()>) -> Result<Option<String>> {
        if !self.can_ask() {
            return Ok(None);
        }
        let _ = write!(std::io::stderr().lock(), "{question} ");
        let (answer, answers) = std::sync::mpsc::channel();
        // A blocking read cannot be cancelled; the thread ends with the process.
        std::thread::spawn(move || {
            let mut line = String::new();
            let _ = std::io::stdin().read_line(&mut line);
            let _ = answer.send(line);
        });
        loop {
            match answers.recv_timeout(Duration::from_millis(50)) {
                Ok(line) => return Ok(Some(line)),
                Err(RecvTimeoutError::Timeout) => go_on().inspect_err(|_| self.line(""))?,
                Err(RecvTimeoutError::Disconnected) => return Ok(None),
            }
        }
    }

    /// Prints an error: message, location, output of another program, and one hint.
    pub(crate) fn error(&self, error: &Error) {
        let red = Style::new().red().bold().for_stderr();
        let cyan = Style::new().cyan().bold().for_stderr();
        self.line(&format!("{} {}", red.apply_to("error:"), error.message));
        if let Some(location) = &error.location {
            self.line(&format!("  --> {location}"));
        }
        if let Some(output) = &error.output {
            self.line("");
            for line in output.trim_end().lines() {
                self.line(format!("  | {line}").trim_end());
            }
            self.line("");
        }
        if !error.hint.is_empty() {
            self.line(&format!("{} {}", cyan.apply_to("hint:"), error.hint));
        }
    }
}

/// A step in progress; its progress line is cleared on drop.
#[derive(Debug)]
pub(crate) struct Step {
    bar: Option<(ProgressBar, String)>,
}

impl Step {
    /// Shows the latest detail of the step.
    pub(crate) fn note(&self, detail: &str) {
        if let Some((bar, what)) = &self.bar {
            let width = usize::from(Term::stderr().size().1).saturating_sub(what.len() + 16);
            bar.set_message(format!(
                "{what} {}",
                Style::new().dim().for_stderr().apply_to(console::truncate_str(detail.trim(), width, "..."))
            ));
        }
    }
}

impl Drop for Step {
    fn drop(&mut self) {
        if let Some((bar, _)) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
