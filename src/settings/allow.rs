//! `[[tool.saddlebag.allow]]`: findings that are allowed, with a reason.

use super::gate_levels::gate;
use super::layered::Layered;
use super::table::FromToml;
use super::table::{Entry, Table};
use crate::error::{Error, ErrorKind, Location, Result};
use crate::gate_id::GateId;

const KEYS: &[&str] = &["gate", "code", "match", "reason", "until"];

/// One entry.
#[derive(Debug, Clone)]
pub(crate) struct Allow {
    pub(crate) gate: GateId,
    /// A glob.
    pub(crate) code: Option<String>,
    /// A glob.
    pub(crate) subject: Option<String>,
    pub(crate) reason: String,
    /// `YYYY-MM-DD`, the last day it holds.
    pub(crate) until: Option<String>,
    pub(crate) location: Location,
}

impl Layered for Vec<Allow> {
    fn over(self, mut lower: Self) -> Self {
        lower.extend(self);
        lower
    }
}

impl FromToml for Vec<Allow> {
    fn from_toml(entry: &Entry<'_>) -> Result<Self> {
        entry.as_tables()?.iter().map(allow).collect()
    }
}

/// A string, for `read`.
struct Text(String);

/// A string that is a glob.
struct Glob(String);

/// `YYYY-MM-DD`, as a date of TOML or as a string.
struct Date(String);

impl FromToml for Text {
    fn from_toml(entry: &Entry<'_>) -> Result<Self> {
        entry.deserialize("a string").map(Self)
    }
}

impl FromToml for Glob {
    fn from_toml(entry: &Entry<'_>) -> Result<Self> {
        let Text(pattern) = Text::from_toml(entry)?;
        globset::Glob::new(&pattern).map_err(|error| entry.invalid(&format!("a glob: {}", error.kind())))?;
        Ok(Self(pattern))
    }
}

impl FromToml for Date {
    fn from_toml(entry: &Entry<'_>) -> Result<Self> {
        let date = entry.item.as_datetime().map(ToString::to_string);
        let text = date.or_else(|| entry.item.as_str().map(str::to_owned)).filter(|text| is_date(text));
        text.map(Self).ok_or_else(|| entry.invalid("a date like 2027-03-31"))
    }
}

fn allow(table: &Table<'_>) -> Result<Allow> {
    table.check_keys(KEYS)?;
    let location = table.own_location();
    let missing = |key: &str| {
        Error::new(ErrorKind::Settings, format!("an `allow` entry needs `{key}`"), format!("add `{key} = \"...\"`"))
            .with_location(location.clone())
    };
    let entry = table.entry("gate").ok_or_else(|| missing("gate"))?;
    let Text(id) = Text::from_toml(&entry)?;
    let gate = gate(&id).map_err(|error| error.with_location(entry.location()))?;
    let until = table.read::<Date>("until")?.map(|Date(date)| date);
    let (code, subject) = (table.read::<Glob>("code")?, table.read::<Glob>("match")?);
    let reason = table.read::<Text>("reason")?.filter(|Text(reason)| !reason.trim().is_empty());
    let Text(reason) = reason.ok_or_else(|| missing("reason"))?;
    let pattern = |glob: Option<Glob>| glob.map(|Glob(pattern)| pattern);
    Ok(Allow { gate, code: pattern(code), subject: pattern(subject), reason, until, location })
}

fn is_date(text: &str) -> bool {
    let parts: Vec<_> = text.split('-').collect();
    matches!(parts[..], [year, month, day] if year.len() == 4 && month.len() == 2 && day.len() == 2)
        && parts.iter().all(|part| part.bytes().all(|byte| byte.is_ascii_digit()))
}
