//! One requirement: a PEP 508 line, or a path or URL that is turned into one.
//!
//! Grammar and positions of errors are `pep508_rs`'s, with a URL type of ours: its own reads the process's environment. The value
//! of a variable is never displayed.

use super::lines::Line;
use super::local::{Target, is_unnamed};
use super::model::{Environment, Requirement, Section};
use super::url::redacted;
use crate::error::{Error, ErrorKind, Location, LocationKind, Result};
use crate::project::document::one_line;
use crate::project::position::line_and_column;
use camino::Utf8Path;
use pep508_rs::{Pep508Error, Pep508ErrorSource, VersionOrUrl};
use std::fmt;

/// The file that the lines are from.
#[derive(Clone, Copy)]
pub(super) struct Context<'a> {
    /// The file as reports name it.
    pub(super) display_path: &'a str,
    pub(super) text: &'a str,
    /// What relative paths are relative to. Absolute.
    pub(super) dir: &'a Utf8Path,
    pub(super) environment: Environment<'a>,
}

/// The URL of a requirement, unchanged: `Target` understands it.
#[derive(Debug)]
pub(super) struct Link(String);

impl fmt::Display for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl pep508_rs::Pep508Url for Link {
    type Err = std::convert::Infallible;

    fn parse_url(url: &str, _working_directory: Option<&std::path::Path>) -> std::result::Result<Self, Self::Err> {
        Ok(Self(url.to_owned()))
    }
}

impl Context<'_> {
    pub(super) fn error(&self, offset: usize, message: impl Into<String>, hint: impl Into<String>) -> Error {
        let (line, column) = line_and_column(self.text, offset);
        let location = Location::at(LocationKind::Requirement, self.display_path, line, column);
        Error::new(ErrorKind::Requirements, message, hint).with_location(location)
    }

    /// The line with its variables replaced, and whether there were any.
    pub(super) fn expanded(&self, line: &Line) -> Result<(Line, bool)> {
        line.expanded(self.environment).map_err(|unset| {
            let message = format!("`${{{}}}` has no value: the variable is not set", unset.name);
            self.error(unset.offset, message, format!("set `{}` in the environment", unset.name))
        })
    }

    /// One entry, from a trimmed line.
    pub(super) fn requirement(&self, written: &Line, hashes: Vec<String>) -> Result<Requirement> {
        let (line, secret) = self.expanded(written)?;
        let line = if is_unnamed(&line.text) { self.named(&line, written)? } else { line };
        self.check_names(&line)?;
        let parsed: pep508_rs::Requirement<Link> =
            line.text.parse().map_err(|error| self.malformed(&error, &line, written, secret))?;
        let target = match &parsed.version_or_url {
            Some(VersionOrUrl::Url(link)) => Some(Target::of(&link.0, self.dir)),
            _ => None,
        };
        let text = match &target {
            Some(target) => with_target(&parsed, target),
            None => line.text.clone(),
        };
        let local = match target {
            Some(Target::Local(path, _)) if !path.exists() => return Err(self.missing_path(written)),
            Some(Target::Local(path, _)) => Some(path),
            _ => None,
        };
        let (row, column) = line_and_column(self.text, written.offset(0));
        Ok(Requirement {
            name: Some(parsed.name.to_string()),
            text,
            file: self.display_path.to_owned(),
            line: row,
            column,
            hashes,
            local,
            section: Section::Dependencies,
            written: redacted(&written.text),
        })
    }

    /// A path or URL without a name, with `name @ ` before it.
    fn named(&self, line: &Line, written: &Line) -> Result<Line> {
        let end = line.text.find(" ;").or_else(|| line.text.find("; ")).unwrap_or(line.text.len());
        let (target, marker) = (line.part(0, end).trimmed(), line.part(end, line.text.len()));
        let bracket = target.text.strip_suffix(']').and_then(|rest| rest.rfind('[')).unwrap_or(target.text.len());
        let (target, extras) = (target.part(0, bracket), target.part(bracket, target.text.len()));
        let resolved = Target::of(&target.text, self.dir);
        if matches!(&resolved, Target::Local(path, _) if !path.exists()) {
            return Err(self.missing_path(written));
        }
        let Some(name) = resolved.distribution() else {
            let redacted_text = redacted(&written.text);
            let message = format!("cannot determine the name of the distribution from `{redacted_text}`");
            let hint = format!(
                "write `NAME @ {}`, with its name for NAME",
                redacted(written.text.split(" ;").next().unwrap_or_default())
            );
            return Err(self.error(written.offset(0), message, hint));
        };
        let start = |text: &str| Line::of(text, line.offset(0), false);
        let named = start(&name).then(&extras).then(&start(" @ ")).then(&target);
        Ok(if marker.text.trim().is_empty() { named } else { named.then(&start(" ")).then(&marker) })
    }

    fn missing_path(&self, written: &Line) -> Error {
        let message = format!("`{}` names a path that does not exist", redacted(&written.text));
        let hint = "correct the path: it is relative to the file that has this line, and `name>=1.0` needs no path";
        self.error(written.offset(0), message, hint)
    }

    /// Names that end with punctuation make `pep508_rs` 0.9 panic instead of failing.
    fn check_names(&self, line: &Line) -> Result<()> {
        let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        let name = line.text.find(|c| !is_part(c)).unwrap_or(line.text.len());
        let behind = &line.text[name..];
        let extras =
            behind.trim_start().strip_prefix('[').map_or("", |extras| extras.split(']').next().unwrap_or_default());
        let first = line.text.len() - behind.trim_start().len() + 1;
        let starts = extras.split(',').scan(first, |start, extra| {
            let this = *start;
            *start += extra.len() + 1;
            Some((this + extra.len() - extra.trim_start().len(), extra.trim()))
        });
        for (start, word) in std::iter::once((0, &line.text[..name])).chain(starts) {
            if let Some(last) = word.chars().next_back().filter(|last| matches!(last, '-' | '_' | '.')) {
                let message = format!("a name ends with a letter or a digit, and `{word}` ends with `{last}`");
                return Err(self.error(line.offset(start + word.len() - 1), message, "correct the name"));
            }
        }
        Ok(())
    }

    /// `secret`: variables were replaced, so that the parser's message may quote a value.
    fn malformed(&self, error: &Pep508Error<Link>, line: &Line, written: &Line, secret: bool) -> Error {
        let redacted_text = redacted(&written.text);
        if secret {
            let message = format!("`{redacted_text}` is not a requirement once its variables are replaced");
            return self.error(line.offset(error.start), message, "check the values of the variables");
        }
        let reason = match &error.message {
            Pep508ErrorSource::String(reason) | Pep508ErrorSource::UnsupportedRequirement(reason) => one_line(reason),
            Pep508ErrorSource::UrlError(never) => match *never {},
        };
        let at = line.text.get(error.start..).unwrap_or_default();
        let hint = if at.starts_with('=') && !at.starts_with("==") {
            "write `==` for one exact version"
        } else if at.starts_with(|c: char| c.is_ascii_digit()) {
            "write `name==1.0` or `name>=1.0`"
        } else {
            "write a PEP 508 requirement, such as `name[extra]>=1.0 ; python_version >= \"3.13\"`"
        };
        self.error(line.offset(error.start), format!("`{redacted_text}` is not a requirement: {reason}"), hint)
    }
}

fn with_target(parsed: &pep508_rs::Requirement<Link>, target: &Target) -> String {
    let extras: Vec<String> = parsed.extras.iter().map(ToString::to_string).collect();
    let extras = if extras.is_empty() { String::new() } else { format!("[{}]", extras.join(",")) };
    let marker = parsed.marker.contents().map_or(String::new(), |marker| format!(" ; {marker}"));
    format!("{}{extras} @ {}{marker}", parsed.name, target.url())
}
