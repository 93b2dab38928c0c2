//! How much more than its baseline the bundle may weigh, and what single distributions may weigh.
//!
//! A share and a size are never taken for each other: `0.05` is neither.

use super::layered::Layered;
use super::named::Named;
use super::table::Entry;
use super::table::FromToml;
use super::values::{ByteSize, NumberOrText, parse_bytes, parse_percent};
use crate::error::{Error, ErrorKind, Location, Result};
use crate::python::normalize;
use std::collections::BTreeMap;

/// `[tool.saddlebag] growth` and `packages`.
#[derive(Debug, Clone, Default)]
pub(crate) struct GrowthSettings {
    /// `growth.max`.
    pub(crate) max: Option<Allowance>,
    /// Another file than the default one.
    pub(crate) baseline: Option<Named>,
    /// `packages.NAME.max`, by normalised name (PEP 503).
    pub(crate) budgets: BTreeMap<String, Budget>,
}

/// How much more it may be.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Allowance {
    /// Of the baseline: 0.05 is 5 %.
    Share(f64),
    Bytes(u64),
}

/// What one distribution may weigh.
#[derive(Debug, Clone)]
pub(crate) struct Budget {
    /// The name as it is written.
    pub(crate) written: String,
    /// Raw bytes.
    pub(crate) max: u64,
    pub(crate) location: Location,
}

/// By normalised name.
#[derive(Debug, Clone, Default)]
pub(super) struct Budgets(pub(super) BTreeMap<String, Budget>);

impl Layered for Allowance {}

impl Layered for Budgets {
    fn over(self, mut lower: Self) -> Self {
        lower.0.extend(self.0);
        lower
    }
}

impl FromToml for Allowance {
    fn from_toml(entry: &Entry<'_>) -> Result<Self> {
        let expected = "a share such as \"5%\", a size such as \"200KiB\", or a number of bytes";
        let allowance = match entry.deserialize(expected)? {
            NumberOrText::Number(bytes) => Some(Self::Bytes(bytes)),
            NumberOrText::Text(text) if text.trim_end().ends_with('%') => {
                parse_percent(&text).filter(|share| (0.0..=100.0).contains(share)).map(Self::Share)
            }
            NumberOrText::Text(text) => parse_bytes(&text).map(Self::Bytes),
        };
        allowance.ok_or_else(|| entry.invalid(expected))
    }
}

impl FromToml for Budgets {
    fn from_toml(entry: &Entry<'_>) -> Result<Self> {
        let mut budgets: BTreeMap<String, Budget> = BTreeMap::new();
        let table = entry.as_table("a table")?;
        for package in table.entries() {
            let name = package.key;
            let normal = normalize(name);
            if let Some(other) = budgets.get(&normal) {
                let message =
                    format!("`{}` names one distribution twice: `{}` and `{name}`", table.path, other.written);
                return Err(Error::new(ErrorKind::Settings, message, format!("remove `{name}`"))
                    .with_location(package.location()));
            }
            budgets.insert(normal, budget(&package)?);
        }
        Ok(Self(budgets))
    }
}

fn budget(package: &Entry<'_>) -> Result<Budget> {
    let table = package.as_table("a table such as { max = \"2MiB\" }")?;
    table.check_keys(&["max"])?;
    let max = table.entry("max").ok_or_else(|| {
        Error::new(ErrorKind::Settings, format!("`{}` is empty", table.path), "add `max = \"2MiB\"`")
            .with_location(package.location())
    })?;
    let ByteSize(bytes) = ByteSize::from_toml(&max)?;
    Ok(Budget { written: package.key.to_owned(), max: bytes, location: max.location() })
}
