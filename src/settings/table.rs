//! A table of `pyproject.toml` that knows its path, so that every complaint says where and what to write.
//!
//! Receives a table; hands on typed values. Must never take an unknown key in silence.

use crate::error::{Error, ErrorKind, Location, LocationKind, Result};
use crate::project::Pyproject;
use crate::project::requirements::Chosen;
use crate::suggest::closest;
use toml_edit::{Item, TableLike};

pub(super) fn place(pyproject: &Pyproject, span: Option<std::ops::Range<usize>>) -> Location {
    let (line, column) = pyproject.location_of_span(span);
    Location::at(LocationKind::Config, pyproject.display_path(), line, column)
}

/// A table of `pyproject.toml` with its path, so that every complaint says where.
pub(super) struct Table<'a> {
    pub(super) pyproject: &'a Pyproject,
    pub(super) inner: &'a dyn TableLike,
    pub(super) path: String,
    pub(super) span: Option<std::ops::Range<usize>>,
}

impl<'a> Table<'a> {
    pub(super) fn new(pyproject: &'a Pyproject, item: &'a Item, path: &str) -> Result<Self> {
        let inner = item.as_table_like().ok_or_else(|| {
            Error::new(ErrorKind::Settings, format!("`{path}` is not a table"), format!("write it as `[{path}]`"))
                .with_location(place(pyproject, item.span()))
        })?;
        Ok(Self { pyproject, inner, path: path.to_owned(), span: item.span() })
    }

    pub(super) fn keys(&self) -> impl Iterator<Item = &'a str> {
        self.inner.iter().map(|(key, _)| key)
    }

    pub(super) fn location(&self, key: &str) -> Location {
        let span = self.inner.get_key_value(key).and_then(|(key, item)| key.span().or_else(|| item.span()));
        place(self.pyproject, span.or_else(|| self.span.clone()))
    }

    pub(super) fn bad(&self, key: &str, what: &str) -> Error {
        Error::new(
            ErrorKind::Settings,
            format!("`{}.{key}` is not {what}", self.path),
            format!("set `{key}` to {what}"),
        )
        .with_location(self.location(key))
    }

    pub(super) fn wrong(&self, key: &str, what: &str) -> Error {
        self.bad(key, what)
    }

    pub(super) fn known(&self, keys: &[&str]) -> Result<()> {
        for key in self.keys() {
            if keys.contains(&key) {
                continue;
            }
            let hint = match closest(key, keys.iter().copied()) {
                Some(close) => format!("did you mean `{close}`?"),
                None => format!("use one of {}", keys.join(", ")),
            };
            let message = format!("`{}` has no key `{key}`", self.path);
            return Err(Error::new(ErrorKind::Settings, message, hint).with_location(self.location(key)));
        }
        Ok(())
    }

    pub(super) fn table(&self, key: &str) -> Result<Option<Self>> {
        let Some(item) = self.inner.get(key) else { return Ok(None) };
        let inner = item.as_table_like().ok_or_else(|| self.wrong(key, "a table"))?;
        Ok(Some(Self { pyproject: self.pyproject, inner, path: format!("{}.{key}", self.path), span: item.span() }))
    }

    pub(super) fn text(&self, key: &str) -> Result<Option<&'a str>> {
        self.inner.get(key).map(|item| item.as_str().ok_or_else(|| self.wrong(key, "text"))).transpose()
    }

    pub(super) fn truth(&self, key: &str) -> Result<Option<bool>> {
        self.inner.get(key).map(|item| item.as_bool().ok_or_else(|| self.wrong(key, "`true` or `false`"))).transpose()
    }

    pub(super) fn list(&self, key: &str, into: &mut Vec<String>) -> Result<()> {
        let Some(item) = self.inner.get(key) else { return Ok(()) };
        let array = item.as_array().ok_or_else(|| self.wrong(key, "a list of texts"))?;
        *into = array
            .iter()
            .map(|value| value.as_str().map(str::to_owned).ok_or_else(|| self.wrong(key, "a list of texts")))
            .collect::<Result<_>>()?;
        Ok(())
    }

    /// Names with their places.
    pub(super) fn names(&self, key: &str, into: &mut Vec<Chosen>) -> Result<()> {
        let mut texts = Vec::new();
        self.list(key, &mut texts)?;
        if let Some(array) = self.inner.get(key).and_then(Item::as_array) {
            let places = array.iter().map(|value| place(self.pyproject, value.span()));
            *into = texts.into_iter().zip(places).map(|(name, location)| Chosen { name, location }).collect();
        }
        Ok(())
    }

    pub(super) fn bytes(&self, key: &str) -> Result<Option<u64>> {
        let Some(item) = self.inner.get(key) else { return Ok(None) };
        let bytes = match (item.as_integer(), item.as_str()) {
            (Some(number), _) => u64::try_from(number).ok(),
            (None, Some(text)) => parse_bytes(text),
            (None, None) => None,
        };
        bytes.map(Some).ok_or_else(|| self.bad(key, "a size such as \"48MiB\", or a number of bytes"))
    }

    pub(super) fn fraction(&self, key: &str) -> Result<Option<f64>> {
        let Some(item) = self.inner.get(key) else { return Ok(None) };
        let percent = item
            .as_str()
            .and_then(|text| text.trim().strip_suffix('%'))
            .and_then(|text| text.trim().parse::<f64>().ok())
            .map(|percent| percent / 100.0);
        let fraction = item.as_float().or(percent).or_else(|| item.as_integer().map(|number| number as f64));
        fraction
            .filter(|fraction| *fraction > 0.0 && *fraction <= 1.0)
            .map(Some)
            .ok_or_else(|| self.bad(key, "a fraction such as 0.8, or \"80%\""))
    }
}

/// `64MiB`, `1.5 MB`, `1048576`: bytes. 1 KiB is 1024 bytes, 1 kB is 1000.
pub(super) fn parse_bytes(text: &str) -> Option<u64> {
    let text = text.trim();
    let split = text.find(|c: char| !c.is_ascii_digit() && c != '.' && c != '_').unwrap_or(text.len());
    let number: f64 = text[..split].replace('_', "").parse().ok()?;
    let unit = match text[split..].trim().to_ascii_lowercase().as_str() {
        "" | "b" => 1.0,
        "kib" => 1024.0,
        "kb" => 1e3,
        "mib" => 1024.0 * 1024.0,
        "mb" => 1e6,
        "gib" => 1024.0 * 1024.0 * 1024.0,
        "gb" => 1e9,
        _ => return None,
    };
    let bytes = number * unit;
    (0.0..1e15).contains(&bytes).then_some(bytes.round() as u64)
}
