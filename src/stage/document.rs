//! A wrangler configuration as text that can be changed at a key path without touching the rest.
//!
//! Receives the text and its format; hands on its value (what wrangler sees) and, after changes, the text with every
//! comment, order and spelling outside of them kept. Must never decide what to change: `edits` does.

use super::config_json::JsonConfig;
use super::config_toml::TomlConfig;
use crate::error::Result;
use crate::project::config::Format;
use serde_json::Value;
use std::fmt;

/// One step of a key path: `env` → `develop` → `rules` → 0.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Step {
    Key(String),
    Index(usize),
}

impl From<&str> for Step {
    fn from(key: &str) -> Self {
        Self::Key(key.to_owned())
    }
}

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

/// A configuration whose text can be changed in place. Each returns false where the path leads nowhere.
pub(crate) trait EditableText {
    fn set(&mut self, at: &[Step], value: &Value) -> bool;
    fn append(&mut self, at: &[Step], value: &str) -> bool;
    fn remove(&mut self, at: &[Step]) -> bool;
    fn render(&self) -> String;
}

/// The parsed configuration: its value as wrangler reads it, and its text, ready for changes.
pub(crate) struct Document {
    pub(crate) value: Value,
    text: Box<dyn EditableText>,
}

impl Document {
    /// Errors: `ConfigSyntax`, with line and column. `name` is how messages call the file.
    pub(crate) fn parse(name: &str, text: &str, format: Format) -> Result<Self> {
        Ok(match format {
            Format::Toml => {
                let (value, text) = TomlConfig::parse(name, text)?;
                Self { value, text: Box::new(text) }
            }
            Format::Json => {
                let (value, text) = JsonConfig::parse(name, text)?;
                Self { value, text: Box::new(text) }
            }
        })
    }

    /// Applies one change to the text; false where its path leads nowhere. `value` keeps what was parsed.
    pub(crate) fn apply(&mut self, edit: &Edit) -> bool {
        let at = &edit.at.0;
        match &edit.change {
            Change::Set(value) => self.text.set(at, value),
            Change::Append(value) => self.text.append(at, value),
            Change::Remove => self.text.remove(at),
        }
    }

    pub(crate) fn render(&self) -> String {
        self.text.render()
    }
}

/// Line and column, from 1, of a byte offset between two characters; the column counts characters.
pub(super) fn position(text: &str, offset: usize) -> (u32, u32) {
    let before = text.get(..offset).unwrap_or(text);
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    let line = before.matches('\n').count() + 1;
    let column = before[line_start..].chars().count() + 1;
    (u32::try_from(line).unwrap_or(u32::MAX), u32::try_from(column).unwrap_or(u32::MAX))
}
