//! How much of a report is shown to people, and how wide it may be.

use console::Style;

/// Units that stay on one line with their number.
const UNITS: [&str; 3] = ["KiB", "MiB", "%"];

#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct RenderOptions {
    /// What blocks, one line for each kind of warning, and the verdict.
    pub(crate) quiet: bool,
    /// Everything.
    pub(crate) verbose: bool,
    /// Columns of the terminal; `None` for a file or a pipe, whose lines are never broken.
    pub(crate) width: Option<usize>,
}

impl RenderOptions {
    /// One line, cut off where the terminal ends unless `--verbose` asks for all of it.
    pub(super) fn line(self, text: &str) -> String {
        match self.width.filter(|_| !self.verbose) {
            Some(width) => console::truncate_str(text, width, "...").into_owned(),
            None => text.to_owned(),
        }
    }

    /// A sentence after `first`, wrapped where the terminal ends; later lines begin with `indent`.
    pub(super) fn sentence(self, first: &str, indent: &str, text: &str) -> String {
        let Some(width) = self.width else { return format!("{first}{}", text.replace('\n', &format!("\n{indent}"))) };
        let options = textwrap::Options::new(width.max(40)).subsequent_indent(indent).break_words(false);
        let options = options.word_splitter(textwrap::WordSplitter::NoHyphenation);
        // textwrap breaks at plain spaces only.
        let joined = UNITS
            .iter()
            .fold(format!("{first}{text}"), |text, unit| text.replace(&format!(" {unit}"), &format!("\u{a0}{unit}")));
        textwrap::fill(&joined, options).replace('\u{a0}', " ")
    }
}

pub(super) fn bold(text: &str) -> String {
    Style::new().bold().apply_to(text).to_string()
}

pub(super) fn dim(text: &str) -> String {
    Style::new().dim().apply_to(text).to_string()
}
