//! The text of `wrangler.toml`, editable. `toml_edit` keeps comments and order; Windows line ends and the comment above a
//! removed key are kept here.

use super::text::{EditableText, Step};
use serde_json::Value;
use toml_edit::{Array, DocumentMut, InlineTable, Item, TableLike};

pub(super) struct TomlText {
    document: DocumentMut,
    windows_line_ends: bool,
}

impl TomlText {
    /// `None` for what `parse_toml` does not accept either.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let windows_line_ends = text.contains("\r\n");
        let document = text.replace("\r\n", "\n").parse().ok()?;
        Some(Self { document, windows_line_ends })
    }

    fn find(&mut self, at: &[Step]) -> Option<Node<'_>> {
        at.iter().try_fold(Node::Table(self.document.as_table_mut()), Node::step)
    }
}

impl EditableText for TomlText {
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
