//! `wrangler.toml` as text that can be changed in place.
//!
//! Receives the text; hands on its value and the changed text. `toml_edit` keeps comments and order; what it does not
//! keep (a byte order mark, Windows line ends, the comment above a removed key) is kept here. Must never decide what to
//! change.

use super::document::{EditableText, Step, position};
use crate::error::{Error, ErrorKind, Location, LocationKind, Result};
use serde_json::Value;
use toml_edit::{Array, DocumentMut, InlineTable, Item, TableLike};

const BYTE_ORDER_MARK: char = '\u{feff}';

pub(super) struct TomlConfig {
    document: DocumentMut,
    byte_order_mark: bool,
    windows_line_ends: bool,
}

impl TomlConfig {
    /// Errors: `ConfigSyntax` with line and column.
    pub(super) fn parse(name: &str, text: &str) -> Result<(Value, Self)> {
        let byte_order_mark = text.starts_with(BYTE_ORDER_MARK);
        let windows_line_ends = text.contains("\r\n");
        let plain = text.trim_start_matches(BYTE_ORDER_MARK).replace("\r\n", "\n");
        let syntax = |error: &toml_edit::TomlError| {
            let (line, column) = position(&plain, error.span().map_or(0, |span| span.start));
            Error::new(
                ErrorKind::ConfigSyntax,
                format!("`{name}` is not valid TOML: {}", error.message().trim()),
                "correct the line and run again",
            )
            .with_location(Location::at(LocationKind::Config, name, line, column))
        };
        let document: DocumentMut = plain.parse().map_err(|error| syntax(&error))?;
        let value = toml_edit::de::from_document(document.clone()).map_err(|error| {
            Error::new(
                ErrorKind::ConfigSyntax,
                format!("`{name}` cannot be read: {}", error.message()),
                "correct the value and run again",
            )
            .with_location(Location::new(LocationKind::Config, name))
        })?;
        Ok((value, Self { document, byte_order_mark, windows_line_ends }))
    }

    fn find(&mut self, at: &[Step]) -> Option<Node<'_>> {
        at.iter().try_fold(Node::Table(self.document.as_table_mut()), Node::step)
    }
}

impl EditableText for TomlConfig {
    fn set(&mut self, at: &[Step], value: &Value) -> bool {
        let Some(mut new) = toml_value(value) else { return false };
        if let Some(Node::Value(old)) = self.find(at).map(Node::settled) {
            *new.decor_mut() = old.decor().clone();
            *old = new;
            return true;
        }
        let Some((Step::Key(key), parents)) = at.split_last() else { return false };
        match self.find(parents).map(Node::settled) {
            Some(Node::Table(table)) => {
                table.insert(key, Item::Value(new));
                true
            }
            _ => false,
        }
    }

    fn append(&mut self, at: &[Step], value: &str) -> bool {
        match self.find(at).map(Node::settled) {
            Some(Node::Value(toml_edit::Value::Array(array))) => {
                push_like_the_last(array, value);
                true
            }
            _ => false,
        }
    }

    fn remove(&mut self, at: &[Step]) -> bool {
        let Some((Step::Key(key), parents)) = at.split_last() else { return false };
        match self.find(parents).map(Node::settled) {
            Some(Node::Table(table)) => remove_but_keep_comment(table, key),
            _ => false,
        }
    }

    fn render(&self) -> String {
        let mut text = self.document.to_string();
        if self.windows_line_ends {
            text = text.replace('\n', "\r\n");
        }
        if self.byte_order_mark {
            text.insert(0, BYTE_ORDER_MARK);
        }
        text
    }
}

/// A place in the document. Tables come in three spellings, lists in two; the steps are the same for all.
enum Node<'a> {
    Table(&'a mut dyn TableLike),
    Item(&'a mut Item),
    Value(&'a mut toml_edit::Value),
}

impl<'a> Node<'a> {
    fn step(self, step: &Step) -> Option<Self> {
        match (self.settled(), step) {
            (Self::Table(table), Step::Key(key)) => table.get_mut(key).map(Self::Item),
            (Self::Value(toml_edit::Value::Array(array)), Step::Index(index)) => array.get_mut(*index).map(Self::Value),
            (Self::Item(Item::ArrayOfTables(tables)), Step::Index(index)) => {
                tables.get_mut(*index).map(|table| Self::Table(table))
            }
            _ => None,
        }
    }

    /// The same place with its spelling seen through: `Table` for every kind of table, `Value` for every other value.
    fn settled(self) -> Self {
        match self {
            Self::Item(Item::Table(table)) => Self::Table(table),
            Self::Item(Item::Value(toml_edit::Value::InlineTable(table)))
            | Self::Value(toml_edit::Value::InlineTable(table)) => Self::Table(table),
            Self::Item(Item::Value(value)) => Self::Value(value),
            other => other,
        }
    }
}

/// A JSON value as TOML; `None` for what TOML cannot say (null).
fn toml_value(value: &Value) -> Option<toml_edit::Value> {
    Some(match value {
        Value::Null => return None,
        Value::Bool(value) => (*value).into(),
        Value::Number(number) => match number.as_i64() {
            Some(integer) => integer.into(),
            None => number.as_f64()?.into(),
        },
        Value::String(text) => text.as_str().into(),
        Value::Array(values) => values.iter().map(toml_value).collect::<Option<Array>>()?.into(),
        Value::Object(members) => members
            .iter()
            .map(|(key, value)| Some((key.as_str(), toml_value(value)?)))
            .collect::<Option<InlineTable>>()?
            .into(),
    })
}

/// One element per line stays one element per line.
fn push_like_the_last(array: &mut Array, value: &str) {
    let indent = array
        .iter()
        .last()
        .and_then(|last| last.decor().prefix()?.as_str())
        .and_then(|prefix| prefix.rfind('\n').map(|newline| prefix[newline..].to_owned()));
    match indent {
        Some(indent) => array.push_formatted(toml_edit::Value::from(value).decorated(indent, "")),
        None => array.push(value),
    }
}

/// `toml_edit` hangs a comment on the key below it; when the key goes, the comment is not ours to take along. It moves
/// to the next key, or behind the previous one.
fn remove_but_keep_comment(table: &mut dyn TableLike, key: &str) -> bool {
    let keys: Vec<String> = table.iter().map(|(key, _)| key.to_owned()).collect();
    let Some(index) = keys.iter().position(|candidate| candidate == key) else { return false };
    let comment = table
        .key(key)
        .and_then(|key| key.leaf_decor().prefix()?.as_str())
        .filter(|prefix| prefix.contains('#'))
        .map(str::to_owned);
    table.remove(key);
    let Some(comment) = comment else { return true };
    let is_value = |table: &dyn TableLike, key: &str| table.get(key).is_some_and(Item::is_value);
    let below = keys[index + 1..].iter().find(|key| is_value(table, key));
    let above = keys[..index].iter().rev().find(|key| is_value(table, key));
    if let Some(mut below) = below.and_then(|key| table.key_mut(key)) {
        let own = below.leaf_decor().prefix().and_then(|prefix| prefix.as_str()).unwrap_or_default().to_owned();
        below.leaf_decor_mut().set_prefix(format!("{comment}{own}"));
    } else if let Some(above) = above.and_then(|key| table.get_mut(key)).and_then(Item::as_value_mut) {
        let own = above.decor().suffix().and_then(|suffix| suffix.as_str()).unwrap_or_default().to_owned();
        above.decor_mut().set_suffix(format!("{own}\n{}", comment.trim_end_matches('\n')));
    }
    true
}
