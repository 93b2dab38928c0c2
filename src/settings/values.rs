//! Values as `pyproject.toml` has them.

use super::layered::Layered;
use super::named::Named;
use super::table::{Entry, FromToml};
use crate::bundle::prune::{DistInfo, recipes};
use crate::error::{Error, ErrorKind, Result};
use crate::gate_id::Level;
use crate::layout::NamespaceSetting;
use crate::project::requirements::Chosen;
use crate::suggest::closest;
use camino::Utf8PathBuf;
use clap::ValueEnum;
use clap::builder::PossibleValue;
use serde::Deserialize;
use std::collections::BTreeMap;

/// Bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ByteSize(pub(super) u64);

/// Above 0, up to 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Fraction(pub(super) f64);

/// Above 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Seconds(pub(super) u64);

/// What is chosen of each recipe, by its name.
#[derive(Debug, Clone, Default)]
pub(super) struct Recipes(pub(super) BTreeMap<String, Vec<String>>);

impl Layered for ByteSize {}
impl Layered for Fraction {}
impl Layered for Seconds {}

impl Layered for Recipes {
    fn over(self, mut lower: Self) -> Self {
        lower.0.extend(self.0);
        lower
    }
}

impl FromToml for Utf8PathBuf {
    fn from_toml(entry: &Entry<'_>) -> Result<Self> {
        entry.deserialize("a string")
    }
}

impl FromToml for bool {
    fn from_toml(entry: &Entry<'_>) -> Result<Self> {
        entry.deserialize("`true` or `false`")
    }
}

impl FromToml for Vec<String> {
    fn from_toml(entry: &Entry<'_>) -> Result<Self> {
        entry.deserialize("a list of strings")
    }
}

impl FromToml for Vec<Chosen> {
    fn from_toml(entry: &Entry<'_>) -> Result<Self> {
        let names = Vec::<String>::from_toml(entry)?;
        Ok(names.into_iter().zip(entry.element_locations()).map(|(name, location)| Chosen { name, location }).collect())
    }
}

impl FromToml for Named {
    fn from_toml(entry: &Entry<'_>) -> Result<Self> {
        Ok(Self::Setting(Utf8PathBuf::from_toml(entry)?, entry.location()))
    }
}

impl FromToml for NamespaceSetting {
    fn from_toml(entry: &Entry<'_>) -> Result<Self> {
        keyword_of(entry)
    }
}

impl FromToml for DistInfo {
    fn from_toml(entry: &Entry<'_>) -> Result<Self> {
        keyword_of(entry)
    }
}

/// How TOML writes a number that may have a unit.
#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum NumberOrText<T> {
    Number(T),
    Text(String),
}

impl FromToml for ByteSize {
    fn from_toml(entry: &Entry<'_>) -> Result<Self> {
        let expected = "a size such as \"48MiB\", or a number of bytes";
        let bytes = match entry.deserialize(expected)? {
            NumberOrText::Number(bytes) => Some(bytes),
            NumberOrText::Text(text) => parse_bytes(&text),
        };
        bytes.map(Self).ok_or_else(|| entry.invalid(expected))
    }
}

impl FromToml for Fraction {
    fn from_toml(entry: &Entry<'_>) -> Result<Self> {
        let expected = "a fraction such as 0.8, or \"80%\"";
        let fraction = match entry.deserialize(expected)? {
            NumberOrText::Number(fraction) => Some(fraction),
            NumberOrText::Text(text) => parse_percent(&text),
        };
        let fraction = fraction.filter(|fraction| *fraction > 0.0 && *fraction <= 1.0);
        fraction.map(Self).ok_or_else(|| entry.invalid(expected))
    }
}

impl FromToml for Recipes {
    fn from_toml(entry: &Entry<'_>) -> Result<Self> {
        let table = entry.as_table("a table such as { babel-locales = [\"en\", \"de\"] }")?;
        let mut chosen = BTreeMap::new();
        for recipe in table.entries() {
            let name = recipe.key;
            if !recipes::names().any(|known| known == name) {
                let hint = match closest(name, recipes::names()) {
                    Some(close) => format!("did you mean `{close}`?"),
                    None => format!("use one of {}", recipes::names().collect::<Vec<_>>().join(", ")),
                };
                return Err(Error::new(ErrorKind::Settings, format!("unknown recipe `{name}`"), hint)
                    .with_location(recipe.location()));
            }
            chosen.insert(name.to_owned(), Vec::from_toml(&recipe)?);
        }
        Ok(Self(chosen))
    }
}

/// `80%`: 0.8.
pub(super) fn parse_percent(text: &str) -> Option<f64> {
    let percent: f64 = text.trim().strip_suffix('%')?.trim().parse().ok()?;
    Some(percent / 100.0)
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

fn keyword_of<T: ValueEnum>(entry: &Entry<'_>) -> Result<T> {
    let expected = format!("one of {}", any_of::<T>("and"));
    let text: String = entry.deserialize(&expected)?;
    keyword(&text).ok_or_else(|| entry.invalid(&expected))
}

/// The value of this name.
pub(super) fn keyword<T: ValueEnum>(text: &str) -> Option<T> {
    T::from_str(text, false).ok()
}

/// `` `auto`, `keep` or `flat` ``.
pub(super) fn any_of<T: ValueEnum>(conjunction: &str) -> String {
    let values = T::value_variants().iter().filter_map(ValueEnum::to_possible_value);
    let names: Vec<String> = values.map(|value| format!("`{}`", value.get_name())).collect();
    match names.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, others)) => format!("{} {conjunction} {last}", others.join(", ")),
        None => String::new(),
    }
}

impl ValueEnum for NamespaceSetting {
    fn value_variants<'a>() -> &'a [Self] {
        &[Self::Auto, Self::Keep, Self::Flat]
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(PossibleValue::new(match self {
            Self::Auto => "auto",
            Self::Keep => "keep",
            Self::Flat => "flat",
        }))
    }
}

impl ValueEnum for DistInfo {
    fn value_variants<'a>() -> &'a [Self] {
        &[Self::Slim, Self::Keep, Self::Delete]
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(PossibleValue::new(match self {
            Self::Slim => "slim",
            Self::Keep => "keep",
            Self::Delete => "delete",
        }))
    }
}

impl ValueEnum for Level {
    fn value_variants<'a>() -> &'a [Self] {
        &[Self::Off, Self::Warn, Self::Deny]
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(PossibleValue::new(match self {
            Self::Off => "off",
            Self::Warn => "warn",
            Self::Deny => "deny",
        }))
    }
}
