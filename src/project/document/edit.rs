//! Changes at a key path of a configuration's text. What to change is decided elsewhere (`stage::edits`, `stage::write_back`).

use super::json_text::JsonText;
use super::text::{EditableText, Step};
use super::toml_text::TomlText;
use super::{Document, Format};
use crate::error::{Error, ErrorKind, Result};
use serde_json::Value;
use std::fmt;

const BYTE_ORDER_MARK: char = '\u{feff}';

/// A key path from the root of the document.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct KeyPath(pub(crate) Vec<Step>);

impl KeyPath {
    /// A path of keys only.
    pub(crate) fn of(keys: &[&str]) -> Self {
        Self(keys.iter().copied().map(Step::from).collect())
    }

    #[must_use]
    pub(crate) fn then(&self, step: impl Into<Step>) -> Self {
        let mut steps = self.0.clone();
        steps.push(step.into());
        Self(steps)
    }

    #[must_use]
    pub(crate) fn at(&self, index: usize) -> Self {
        self.then(Step::Index(index))
    }

    /// The value at this path, if there is one.
    pub(crate) fn find<'v>(&self, document: &'v Value) -> Option<&'v Value> {
        self.0.iter().try_fold(document, |value, step| match step {
            Step::Key(key) => value.get(key),
            Step::Index(index) => value.get(index),
        })
    }
}

impl fmt::Display for KeyPath {
    /// As wrangler writes it in its messages: `env.develop.rules[0].globs[1]`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, step) in self.0.iter().enumerate() {
            match step {
                Step::Key(key) if position == 0 => f.write_str(key)?,
                Step::Key(key) => write!(f, ".{key}")?,
                Step::Index(index) => write!(f, "[{index}]")?,
            }
        }
        Ok(())
    }
}

/// What happens at a key path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Change {
    /// Replaces the value, or adds the key to the table that is already there.
    Set(Value),
    /// Adds a string to the end of the list.
    Append(String),
    /// Takes the key out of its table.
    Remove,
}

/// One change at one place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Edit {
    pub(crate) at: KeyPath,
    pub(crate) change: Change,
}

/// A configuration that can be changed in place: its value as wrangler reads it, and its text.
pub(crate) struct EditableDocument {
    /// As it was parsed, whatever changes afterwards.
    pub(crate) value: Value,
    text: Box<dyn EditableText>,
    byte_order_mark: bool,
}

impl EditableDocument {
    /// Errors: `ConfigSyntax`, with line and column. `shown` is how messages call the file.
    pub(crate) fn parse(shown: &str, text: &str, format: Format) -> Result<Self> {
        let plain = text.trim_start_matches(BYTE_ORDER_MARK);
        let byte_order_mark = plain.len() < text.len();
        let value = Document::parse(plain, shown, format)?.value;
        let text: Box<dyn EditableText> = match format {
            Format::Toml => Box::new(TomlText::parse(plain).ok_or_else(|| unreadable(shown))?),
            Format::Json => Box::new(JsonText::parse(plain).ok_or_else(|| unreadable(shown))?),
        };
        Ok(Self { value, text, byte_order_mark })
    }

    /// Applies one change to the text; false where its path leads nowhere.
    pub(crate) fn apply(&mut self, edit: &Edit) -> bool {
        let at = &edit.at.0;
        match &edit.change {
            Change::Set(value) => self.text.set(at, value),
            Change::Append(value) => self.text.append(at, value),
            Change::Remove => self.text.remove(at),
        }
    }

    /// The text with every comment, order and spelling outside of the changes kept.
    pub(crate) fn render(&self) -> String {
        let mut text = self.text.render();
        if self.byte_order_mark {
            text.insert(0, BYTE_ORDER_MARK);
        }
        text
    }
}

/// `Document` could read it and the editor cannot: they are the same two parsers.
fn unreadable(shown: &str) -> Error {
    Error::new(ErrorKind::Internal, format!("`{shown}` is valid and cannot be edited"), "report this defect")
}
