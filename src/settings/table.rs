//! A table of `pyproject.toml` that knows its path, so that every error says where it is and what to write instead.

use crate::error::{Error, ErrorKind, Location, LocationKind, Result};
use crate::project::Pyproject;
use crate::suggest::closest;
use serde::de::{DeserializeOwned, IntoDeserializer};
use std::ops::Range;
use toml_edit::{Item, TableLike};

/// A value that a key can have.
pub(super) trait FromToml: Sized {
    /// # Errors
    /// `Settings`, with the position and what was expected.
    fn from_toml(entry: &Entry<'_>) -> Result<Self>;
}

/// A table with its path.
pub(super) struct Table<'a> {
    pyproject: &'a Pyproject,
    inner: &'a dyn TableLike,
    /// `tool.saddlebag.prune`.
    pub(super) path: String,
    span: Option<Range<usize>>,
}

/// A key of a table, and its value.
pub(super) struct Entry<'a> {
    table: &'a Table<'a>,
    pub(super) key: &'a str,
    pub(super) item: &'a Item,
}

impl<'a> Table<'a> {
    /// # Errors
    /// `Settings`: the item at `path` is not a table.
    pub(super) fn new(pyproject: &'a Pyproject, item: &'a Item, path: &str) -> Result<Self> {
        let inner = item.as_table_like().ok_or_else(|| {
            Error::new(ErrorKind::Settings, format!("`{path}` is not a table"), format!("write it as `[{path}]`"))
                .with_location(location_of_span(pyproject, item.span()))
        })?;
        Ok(Self { pyproject, inner, path: path.to_owned(), span: item.span() })
    }

    /// Where the table itself stands.
    pub(super) fn own_location(&self) -> Location {
        location_of_span(self.pyproject, self.span.clone())
    }

    /// Refuses a key that is not one of `keys`.
    ///
    /// # Errors
    /// `Settings` with the position, and the nearest key.
    pub(super) fn check_keys(&self, keys: &[&str]) -> Result<()> {
        let Some(unknown) = self.entries().find(|entry| !keys.contains(&entry.key)) else { return Ok(()) };
        let hint = match closest(unknown.key, keys.iter().copied()) {
            Some(close) => format!("did you mean `{close}`?"),
            None => format!("use one of {}", keys.join(", ")),
        };
        let message = format!("`{}` has no key `{}`", self.path, unknown.key);
        Err(Error::new(ErrorKind::Settings, message, hint).with_location(unknown.location()))
    }

    pub(super) fn entries(&self) -> impl Iterator<Item = Entry<'_>> {
        self.inner.iter().map(|(key, item)| Entry { table: self, key, item })
    }

    pub(super) fn entry<'b>(&'b self, key: &'b str) -> Option<Entry<'b>> {
        self.inner.get(key).map(|item| Entry { table: self, key, item })
    }

    /// # Errors
    /// `Settings`: the value is not a table.
    pub(super) fn table(&self, key: &str) -> Result<Option<Self>> {
        let Some(item) = self.inner.get(key) else { return Ok(None) };
        let inner = item.as_table_like().ok_or_else(|| Entry { table: self, key, item }.invalid("a table"))?;
        Ok(Some(Self { pyproject: self.pyproject, inner, path: format!("{}.{key}", self.path), span: item.span() }))
    }

    /// The value of a key, which may be a path with dots.
    ///
    /// # Errors
    /// `Settings` with the position.
    pub(super) fn read<T: FromToml>(&self, key: &str) -> Result<Option<T>> {
        match key.split_once('.') {
            Some((name, rest)) => self.table(name)?.map_or(Ok(None), |inner| inner.read(rest)),
            None => self.entry(key).map(|entry| T::from_toml(&entry)).transpose(),
        }
    }
}

impl<'a> Entry<'a> {
    /// Where the key stands.
    pub(super) fn location(&self) -> Location {
        let key_span = self.table.inner.get_key_value(self.key).and_then(|(key, _)| key.span());
        let span = key_span.or_else(|| self.item.span()).or_else(|| self.table.span.clone());
        location_of_span(self.table.pyproject, span)
    }

    /// Where the elements of a list stand.
    pub(super) fn element_locations(&self) -> impl Iterator<Item = Location> {
        let elements = self.item.as_array().into_iter().flatten();
        elements.map(|element| location_of_span(self.table.pyproject, element.span()))
    }

    /// `tool.saddlebag.prune.shake`.
    pub(super) fn path(&self) -> String {
        format!("{}.{}", self.table.path, self.key)
    }

    /// The error for a value that is not what was expected.
    pub(super) fn invalid(&self, expected: &str) -> Error {
        let message = format!("`{}` is not {expected}", self.path());
        Error::new(ErrorKind::Settings, message, format!("set `{}` to {expected}", self.key))
            .with_location(self.location())
    }

    /// # Errors
    /// `Settings`: the value is not what was expected.
    pub(super) fn deserialize<T: DeserializeOwned>(&self, expected: &str) -> Result<T> {
        let value = self.item.as_value().and_then(|value| T::deserialize(value.clone().into_deserializer()).ok());
        value.ok_or_else(|| self.invalid(expected))
    }

    /// # Errors
    /// `Settings`: the value is not a table.
    pub(super) fn as_table(&self, expected: &str) -> Result<Table<'a>> {
        let inner = self.item.as_table_like().ok_or_else(|| self.invalid(expected))?;
        Ok(Table { pyproject: self.table.pyproject, inner, path: self.path(), span: self.item.span() })
    }

    /// The tables of `[[NAME]]`.
    ///
    /// # Errors
    /// `Settings`: the value is something else.
    pub(super) fn as_tables(&self) -> Result<Vec<Table<'a>>> {
        let tables = self.item.as_array_of_tables();
        let tables = tables.ok_or_else(|| self.invalid(&format!("written as `[[{}]]` tables", self.path())))?;
        let table = |inner: &'a toml_edit::Table| Table {
            pyproject: self.table.pyproject,
            inner,
            path: self.path(),
            span: inner.span(),
        };
        Ok(tables.iter().map(table).collect())
    }
}

fn location_of_span(pyproject: &Pyproject, span: Option<Range<usize>>) -> Location {
    let (line, column) = pyproject.location_of_span(span);
    Location::at(LocationKind::Config, pyproject.display_path(), line, column)
}
