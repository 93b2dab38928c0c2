//! What the bundle may weigh more than its baseline, and what single distributions may weigh.
//!
//! Receives `growth` and `packages` of a settings table; hands on `GrowthSettings`. Must never take a size for a share or
//! a share for a size: `0.05` is neither.

use super::table::{Table, parse_bytes};
use crate::error::{Error, ErrorKind, Location, Result};
use crate::python::normalize;
use camino::Utf8PathBuf;
use std::collections::BTreeMap;

const GROWTH_KEYS: &[&str] = &["max", "baseline"];
const PACKAGE_KEYS: &[&str] = &["max"];

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

/// A baseline that the user names.
#[derive(Debug, Clone)]
pub(crate) enum Named {
    /// By the flag or the variable: relative to where saddlebag was started.
    Outright(Utf8PathBuf),
    /// By `growth.baseline`: relative to the project.
    Setting(Utf8PathBuf, Location),
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

impl GrowthSettings {
    pub(super) fn take_table(&mut self, table: &Table<'_>) -> Result<()> {
        if let Some(growth) = table.table("growth")? {
            growth.known(GROWTH_KEYS)?;
            self.max = allowance(&growth)?.or(self.max);
            if let Some(path) = growth.text("baseline")? {
                self.baseline = Some(Named::Setting(path.into(), growth.location("baseline")));
            }
        }
        let Some(packages) = table.table("packages")? else { return Ok(()) };
        let mut here: BTreeMap<String, Budget> = BTreeMap::new();
        for name in packages.keys() {
            let normal = normalize(name);
            if let Some(other) = here.get(&normal) {
                let message =
                    format!("`{}` names one distribution twice: `{}` and `{name}`", packages.path, other.written);
                return Err(Error::new(ErrorKind::Settings, message, format!("take `{name}` out"))
                    .with_location(packages.location(name)));
            }
            let package = packages.table(name).map_err(|_| packages.bad(name, "a table such as { max = \"2MiB\" }"))?;
            let Some(package) = package else { continue };
            package.known(PACKAGE_KEYS)?;
            let max = package.bytes("max")?.ok_or_else(|| {
                let message = format!("`{}` says nothing", package.path);
                Error::new(ErrorKind::Settings, message, "add `max = \"2MiB\"`").with_location(packages.location(name))
            })?;
            here.insert(normal, Budget { written: name.to_owned(), max, location: package.location("max") });
        }
        self.budgets.extend(here);
        Ok(())
    }
}

fn allowance(growth: &Table<'_>) -> Result<Option<Allowance>> {
    let Some(item) = growth.inner.get("max") else { return Ok(None) };
    let allowance = match (item.as_integer(), item.as_str()) {
        (Some(number), _) => u64::try_from(number).ok().map(Allowance::Bytes),
        (None, Some(text)) => match text.trim().strip_suffix('%') {
            Some(percent) => share(percent),
            None => parse_bytes(text).map(Allowance::Bytes),
        },
        (None, None) => None,
    };
    let what = "a share such as \"5%\", a size such as \"200KiB\", or a number of bytes";
    allowance.map(Some).ok_or_else(|| growth.bad("max", what))
}

fn share(percent: &str) -> Option<Allowance> {
    let percent: f64 = percent.trim().parse().ok()?;
    (0.0..=10_000.0).contains(&percent).then_some(Allowance::Share(percent / 100.0))
}
