//! The target of a Worker: Python, Pyodide and wheel tags, by compatibility date and flags.
//!
//! The table is `data/targets.toml`. A missing `python_workers` flag, or a pywrangler that would pick another Python, is recorded
//! for the gates.

use super::config::{WranglerConfig, kind_of};
use crate::error::{Error, ErrorKind, Result};
use jiff::civil::Date;
use serde::Deserialize;
use serde_json::Value;

const TABLE: &str = include_str!("../../data/targets.toml");

/// The flag without which wrangler takes no Python.
const PYTHON_WORKERS: &str = "python_workers";

/// What the Worker will run on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Target {
    /// `3.14`.
    pub(crate) python: String,
    /// Of the runtime, which is not the index that pywrangler resolves against: `314.0.6`.
    pub(crate) pyodide: String,
    /// `3.14.2`.
    pub(crate) python_full: String,
    /// Wheel platform tags, best first: `pyemscripten_2026_0_wasm32`.
    pub(crate) wheel_platforms: Vec<String>,
    /// `YYYY-MM-DD`.
    pub(crate) compatibility_date: String,
    pub(crate) compatibility_flags: Vec<String>,
    /// The flag that makes pywrangler pick this Python, in a configuration whose date is before every date of the table
    /// and which has `python_workers` too.
    pub(crate) flag: String,
    /// Whether `python_workers` is in the configuration's flags, where wrangler looks for it whatever the command line
    /// has, and in the flags that are uploaded. The version is decided as if it were set.
    pub(crate) python_workers: bool,
    /// Whether `workers` and `asgi` are the runtime's own, so that nothing has to be vendored for them.
    pub(crate) bundles_sdk: bool,
    /// `YYYY-MM-DD` in UTC, when this was decided.
    pub(crate) today: String,
    /// Whether `vendor/` beside the main module is searched for modules, behind `python_modules`.
    pub(crate) legacy_vendor: bool,
    /// The Python that pywrangler would pick by itself, if that is another one.
    pub(crate) pywrangler_would_pick: Option<String>,
}

/// The top-level modules of the Workers SDK that programs import.
pub(crate) const SDK: [&str; 2] = ["workers", "asgi"];

impl Target {
    /// Whether a top-level module of the SDK is the runtime's own: before the SDK became a package, it had it.
    pub(crate) fn has_builtin(&self, top_level: &str) -> bool {
        self.bundles_sdk && SDK.contains(&top_level)
    }

    pub(crate) fn has_flag(&self, flag: &str) -> bool {
        self.compatibility_flags.iter().any(|known| known == flag)
    }
}

/// The date and flags of the command line. wrangler's `--compatibility-flags` replaces the configuration's list.
#[derive(Debug, Clone, Default)]
pub(crate) struct TargetFlags {
    pub(crate) compatibility_date: Option<String>,
    pub(crate) compatibility_flags: Option<Vec<String>>,
    /// `YYYY-MM-DD`, the meaning of `--latest` if it is given: it wins over every date (wrangler 4.164.0,
    /// `mergeSharedConfigArgs`).
    pub(crate) latest: Option<String>,
    /// `YYYY-MM-DD`.
    pub(crate) today: String,
}

#[derive(Debug, Deserialize)]
struct TargetTable {
    sdk: Sdk,
    vendor: Vendor,
    release: Vec<Release>,
    pywrangler: Vec<Pick>,
}

/// When the runtime bundles the SDK.
#[derive(Debug, Deserialize)]
struct Sdk {
    external_since: String,
    external: String,
    bundled: String,
}

/// Until when `vendor/` is searched.
#[derive(Debug, Deserialize)]
struct Vendor {
    unsearched_since: String,
    unsearched: String,
}

/// A row of `data/targets.toml`; `source` and `checked` are for its readers.
#[derive(Debug, Deserialize)]
struct Release {
    flag: String,
    off: String,
    since: String,
    python: String,
    python_full: String,
    pyodide: String,
    wheel_platforms: Vec<String>,
    forced_by: String,
}

#[derive(Debug, Deserialize)]
struct Pick {
    flag: String,
    since: String,
    python: String,
}

impl Target {
    /// Command line over environment over top level. Errors: `ConfigInvalid` with the key's place where there is no date
    /// or none that is one; `Usage` for a date of the command line.
    pub(crate) fn resolve(config: &WranglerConfig, flags: &TargetFlags) -> Result<Self> {
        let table = table()?;
        let compatibility_date = date(config, flags)?;
        let configured = config.compatibility_flags();
        let compatibility_flags = flags.compatibility_flags.clone().unwrap_or_else(|| configured.clone());
        let has = |flag: &str| compatibility_flags.iter().any(|present| present == flag);
        let since = |since: &str| !since.is_empty() && compatibility_date.as_str() >= since;
        let on = |release: &&Release| has(&release.flag) || (since(&release.since) && !has(&release.off));
        // `python_workers` counts as set: it is the first row, and a gate reports that it is missing.
        let release = table.release.iter().rfind(on).or(table.release.first()).ok_or_else(empty)?;
        let python_workers = has(PYTHON_WORKERS) && configured.iter().any(|flag| flag == PYTHON_WORKERS);
        let bundles_sdk = !has(&table.sdk.external) && (!since(&table.sdk.external_since) || has(&table.sdk.bundled));
        Ok(Self {
            bundles_sdk,
            legacy_vendor: !has(&table.vendor.unsearched) && !since(&table.vendor.unsearched_since),
            python: release.python.clone(),
            pyodide: release.pyodide.clone(),
            python_full: release.python_full.clone(),
            wheel_platforms: release.wheel_platforms.clone(),
            flag: release.forced_by.clone(),
            pywrangler_would_pick: pywranglers_pick(config, &table.pywrangler)
                .filter(|python| *python != release.python),
            compatibility_date,
            compatibility_flags,
            python_workers,
            today: flags.today.clone(),
        })
    }
}

/// A Python that a Worker can have by its date alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Known {
    /// `3.14`.
    pub(crate) python: String,
    /// What makes pywrangler pick it, as `Target::flag`.
    pub(crate) flag: String,
    /// `3.14.2`.
    pub(crate) python_full: String,
    pub(crate) wheel_platforms: Vec<String>,
    /// The latest `compatibility_date` that gives it; for the newest Python, the first.
    pub(crate) compatibility_date: String,
}

/// Every Python of the table, oldest first.
///
/// # Errors
/// `ErrorKind::Internal` for a table that does not parse.
pub(crate) fn known() -> Result<Vec<Known>> {
    let table = table()?;
    // Of the rows of one Python, the first is there for an explicit flag alone where another has a date.
    let dated = |row: &Release| {
        !row.since.is_empty() || table.release.iter().all(|other| other.python != row.python || other.since.is_empty())
    };
    let rows: Vec<&Release> = table.release.iter().filter(|row| dated(row)).collect();
    let date = |at: usize| match rows.get(at + 1) {
        Some(next) => day_before(&next.since),
        None => rows.get(at).map(|row| row.since.clone()),
    };
    let known = |(at, row): (usize, &&Release)| Known {
        python: row.python.clone(),
        python_full: row.python_full.clone(),
        flag: row.forced_by.clone(),
        wheel_platforms: row.wheel_platforms.clone(),
        compatibility_date: date(at).unwrap_or_default(),
    };
    Ok(rows.iter().enumerate().map(known).collect())
}

/// The compatibility date from which `vendor/` is no longer searched.
///
/// # Errors
/// `ErrorKind::Internal` for a table that does not parse.
pub(crate) fn vendor_unsearched_since() -> Result<String> {
    Ok(table()?.vendor.unsearched_since)
}

fn day_before(date: &str) -> Option<String> {
    date.parse::<Date>().ok()?.yesterday().ok().map(|date| date.to_string())
}

fn table() -> Result<TargetTable> {
    toml_edit::de::from_str(TABLE)
        .map_err(|error| Error::new(ErrorKind::Internal, format!("`data/targets.toml`: {error}"), ""))
}

fn empty() -> Error {
    Error::new(ErrorKind::Internal, "`data/targets.toml` has no release", "")
}

fn date(config: &WranglerConfig, flags: &TargetFlags) -> Result<String> {
    if let Some(latest) = &flags.latest {
        return Ok(latest.clone());
    }
    if let Some(date) = &flags.compatibility_date {
        return match parse_date(date) {
            Some(_) if date.len() == 10 => Ok(date.clone()),
            _ => Err(Error::new(
                ErrorKind::Usage,
                format!("`--compatibility-date {date}` is not a date"),
                format!("write it as YYYY-MM-DD, such as `{}`", flags.today),
            )),
        };
    }
    let origin = config.get_origin("compatibility_date");
    let path: Vec<&str> = match &origin {
        Some(origin) => origin.iter().map(String::as_str).collect(),
        None => missing_date_path(config),
    };
    let invalid = |message: String| {
        let hint =
            format!("write `compatibility_date = \"{}\"`, or an earlier day that you have tested with", flags.today);
        Error::new(ErrorKind::ConfigInvalid, message, hint).with_location(config.locate(&path))
    };
    match config.compatibility_date() {
        Some(date) if date.len() == 10 && parse_date(&date).is_some() => Ok(date),
        Some(date) => Err(invalid(format!("`compatibility_date` is `{date}`, which is not a date (YYYY-MM-DD)"))),
        None if origin.is_some() => {
            let kind = config.get("compatibility_date").map_or("nothing", kind_of);
            Err(invalid(format!("`compatibility_date` is {kind}, and wrangler takes a string")))
        }
        None => Err(invalid("`compatibility_date` is missing, and it decides the version of Python".to_owned())),
    }
}

/// The environment's table if it has one: the message then points into it.
fn missing_date_path(config: &WranglerConfig) -> Vec<&str> {
    match config.environment.as_deref().filter(|_| config.environment_defined) {
        Some(name) => vec!["env", name],
        None => vec!["compatibility_date"],
    }
}

/// A day that exists. Digits need no leading zeros, as in pywrangler's `strptime`.
fn parse_date(text: &str) -> Option<Date> {
    let parts: Vec<&str> = text.split('-').collect();
    let [year, month, day] = parts[..] else { return None };
    let is_number = |part: &&str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    if year.len() != 4 || !parts.iter().all(is_number) {
        return None;
    }
    Date::new(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?).ok()
}

/// pywrangler's own choice (workers-py 1.17.9, `get_python_version`): from the top level, whatever the environment, the
/// command line and the flags that turn a version off. `None` where it would stop instead.
fn pywranglers_pick(config: &WranglerConfig, picks: &[Pick]) -> Option<String> {
    let date = parse_date(config.at(&["compatibility_date"])?.as_str()?)?;
    let flags = config.at(&["compatibility_flags"]).and_then(Value::as_array);
    let has = |flag: &str| flags.is_some_and(|flags| flags.iter().any(|present| present.as_str() == Some(flag)));
    if !has(PYTHON_WORKERS) {
        return None;
    }
    let picked =
        picks.iter().find(|pick| has(&pick.flag) || parse_date(&pick.since).is_some_and(|since| date >= since));
    picked.map(|pick| pick.python.clone())
}

#[cfg(test)]
mod tests;
