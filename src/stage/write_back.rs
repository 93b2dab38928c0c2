//! Copies changes that wrangler made to the staged configuration back to the user's file.
//!
//! Before it uploads, wrangler writes the ids of resources that it created (and, on request, values from the dashboard)
//! into the configuration it was given. They are applied by key path to the text of the user's file. This is the only
//! place that writes to the user's own files. Values that describe the stage are not copied, concurrent edits are not
//! overwritten, and problems are reported as notices, never as errors, because a deploy may already be live.

mod difference;
mod replace;

#[cfg(test)]
mod tests;

use super::{ConfigSource, Stage};
use crate::error::Result;
use crate::project::document::Format;
use crate::project::document::{Change, Edit, EditableDocument, KeyPath, Step};
use difference::{Difference, differences, is_the_stages_own, put};
use serde_json::Value;

const NO_PLACE: &str = "nothing in it is the right place";

/// The result of a write-back.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct WrittenBack {
    /// Messages for the user, one per line.
    pub(crate) notices: Vec<String>,
    /// The staged configuration has values that are stored nowhere else.
    pub(crate) keep_stage: bool,
}

impl Stage {
    /// Applies wrangler's changes to the user's configuration, called `name` in notices. `withheld` is the reason if
    /// nothing may be written; then, and if a change cannot be applied, the notices contain it as text to copy.
    pub(crate) fn write_back(&self, users: &ConfigSource<'_>, name: &str, withheld: Option<&str>) -> WrittenBack {
        self.attempt(users, name, withheld).unwrap_or_else(|error| WrittenBack {
            notices: vec![format!("what wrangler wrote into the staged configuration cannot be read: {error}")],
            keep_stage: self.dir.is_dir(),
        })
    }

    fn attempt(&self, users: &ConfigSource<'_>, name: &str, withheld: Option<&str>) -> Result<WrittenBack> {
        let now = fs_err::read_to_string(&self.config).map_err(|error| crate::error::Error::unreadable(&error))?;
        if now == self.config_text {
            return Ok(WrittenBack::default());
        }
        let staged = EditableDocument::parse(name, &self.config_text, users.format)?.value;
        let now = EditableDocument::parse("the staged configuration", &now, users.format)?.value;
        let original = EditableDocument::parse(name, users.text, users.format)?.value;
        let (own, theirs): (Vec<_>, Vec<_>) = differences(&staged, &now).into_iter().partition(|difference| {
            is_the_stages_own(&original, &staged, &difference.at) || self.is_named_in(difference.now.as_ref())
        });
        let mut done = Done { own, ..Done::default() };
        match withheld {
            Some(reason) => (done.left, done.reason) = (theirs, reason.to_owned()),
            None => done.apply(users, theirs),
        }
        Ok(done.said(name, users.format))
    }

    /// Whether a value refers to the stage in any spelling: the name of its directory is unique.
    fn is_named_in(&self, value: Option<&Value>) -> bool {
        let stage = self.dir.file_name().unwrap_or(self.dir.as_str());
        match value {
            Some(Value::String(text)) => text.contains(stage),
            Some(Value::Array(elements)) => elements.iter().any(|element| self.is_named_in(Some(element))),
            Some(Value::Object(members)) => members.values().any(|member| self.is_named_in(Some(member))),
            _ => false,
        }
    }
}

/// What was done with each difference.
#[derive(Debug, Default)]
struct Done {
    written: Vec<Difference>,
    /// For the user to copy, for `reason`.
    left: Vec<Difference>,
    reason: String,
    /// Describes the stage and does not belong in the user's file.
    own: Vec<Difference>,
}

impl Done {
    fn apply(&mut self, users: &ConfigSource<'_>, theirs: Vec<Difference>) {
        if theirs.is_empty() {
            return;
        }
        let (written, left) = match rewrite(users, &theirs) {
            Ok((bytes, text, which)) => match replace::replace(users.path, &bytes, &text) {
                Ok(()) => {
                    self.reason = NO_PLACE.to_owned();
                    theirs.into_iter().partition(|difference| which.contains(&difference.at))
                }
                Err(reason) => {
                    self.reason = reason;
                    (Vec::new(), theirs)
                }
            },
            Err(reason) => {
                self.reason = reason;
                (Vec::new(), theirs)
            }
        };
        (self.written, self.left) = (written, left);
    }

    fn said(self, name: &str, format: Format) -> WrittenBack {
        let mut notices = Vec::new();
        if !self.written.is_empty() {
            notices.push(format!("wrote {} into {name}: {}", counted(&self.written), listed(&self.written)));
        }
        if !self.left.is_empty() {
            notices.push(format!(
                "wrangler wrote {}; not into {name} ({}), so copy it:",
                counted(&self.left),
                self.reason
            ));
            notices.extend(self.left.iter().map(|difference| format!("    {}", difference.line(format))));
        }
        if !self.own.is_empty() {
            notices.push(format!(
                "wrangler changed what describes the stage, and {name} stays as it is: {}",
                listed(&self.own)
            ));
        }
        WrittenBack { notices, keep_stage: !self.left.is_empty() || !self.own.is_empty() }
    }
}

/// The user's file as it is on disk, its text with every difference that can be applied, and the list of those applied.
/// Errors: why nothing can be written, as a fragment.
fn rewrite(
    users: &ConfigSource<'_>,
    theirs: &[Difference],
) -> std::result::Result<(Vec<u8>, String, Vec<KeyPath>), String> {
    let bytes = fs_err::read(users.path).map_err(|error| error.to_string())?;
    // The parsed text has no byte order mark; one in the file on disk is kept.
    let text = std::str::from_utf8(&bytes).map_err(|_| replace::CHANGED)?;
    if text.trim_start_matches('\u{feff}') != users.text {
        return Err(replace::CHANGED.to_owned());
    }
    let shown = users.path.as_str();
    let mut document = EditableDocument::parse(shown, text, users.format).map_err(|error| error.to_string())?;
    if document.render() != text {
        return Err("its formatting could not be kept".to_owned()); // mixed line endings
    }
    let mut expected = document.value.clone();
    let mut which = Vec::new();
    for difference in theirs {
        let Some(value) = &difference.now else { continue };
        let edit = Edit { at: difference.at.clone(), change: Change::Set(value.clone()) };
        if document.apply(&edit) && put(&mut expected, &difference.at.0, value) {
            which.push(difference.at.clone());
        }
    }
    let written = document.render();
    let reread = EditableDocument::parse(shown, &written, users.format).map_err(|error| error.to_string())?;
    // Check that the edited text differs in exactly these values.
    if which.is_empty() || reread.value != expected {
        return Err(NO_PLACE.to_owned());
    }
    Ok((bytes, written, which))
}

/// `1 id`, `2 values`.
fn counted(differences: &[Difference]) -> String {
    let is_id = |difference: &Difference| matches!(difference.at.0.last(), Some(Step::Key(key)) if key == "id" || key.ends_with("_id"));
    let noun = if differences.iter().all(is_id) { "id" } else { "value" };
    format!("{} {noun}{}", differences.len(), if differences.len() == 1 { "" } else { "s" })
}

fn listed(differences: &[Difference]) -> String {
    differences.iter().map(|difference| difference.at.to_string()).collect::<Vec<_>>().join(", ")
}
