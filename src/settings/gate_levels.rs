//! Levels of gates, and which gates that are off by default are asked for.

use super::layer::{FromFlag, FromVariable};
use super::layered::Layered;
use super::table::Entry;
use super::table::FromToml;
use super::values::{any_of, keyword};
use crate::env::Environment;
use crate::error::{Error, ErrorKind, Result};
use crate::gate_id::{GateId, Level, ids};
use crate::suggest::closest;
use std::collections::{BTreeMap, BTreeSet};

#[derive(Debug, Clone, Default)]
pub(super) struct GateLevels {
    pub(super) levels: BTreeMap<GateId, Level>,
    pub(super) asked: BTreeSet<GateId>,
}

impl GateLevels {
    pub(super) fn ask_for(&mut self, id: GateId) {
        self.asked.insert(id);
    }

    fn set(&mut self, (id, level): (GateId, Level)) {
        self.levels.insert(id, level);
    }
}

impl Layered for GateLevels {
    /// To ask for a gate overrides an `off` of the layer below; any other level stays.
    fn over(self, mut lower: Self) -> Self {
        lower.levels.retain(|id, level| !(self.asked.contains(id) && *level == Level::Off));
        lower.levels.extend(self.levels);
        lower.asked.extend(self.asked);
        lower
    }
}

impl FromToml for GateLevels {
    fn from_toml(entry: &Entry<'_>) -> Result<Self> {
        let mut gates = Self::default();
        for gate in entry.as_table("a table")?.entries() {
            let level: String = gate.deserialize("a string")?;
            gates.set(gate_level(gate.key, &level).map_err(|error| error.with_location(gate.location()))?);
        }
        Ok(gates)
    }
}

impl FromVariable for GateLevels {
    fn from_variable(environment: &Environment, name: &str) -> Result<Option<Self>> {
        let pairs = environment.get(name).map(|value| value.split(','));
        pairs.map(|pairs| pairs_of(pairs.map(str::trim).filter(|pair| !pair.is_empty()), name)).transpose()
    }
}

impl FromFlag<Vec<String>> for GateLevels {
    fn from_flag(flag: &Vec<String>, name: &str) -> Result<Option<Self>> {
        pairs_of(flag.iter().map(String::as_str), name).map(Some)
    }
}

fn pairs_of<'a>(pairs: impl Iterator<Item = &'a str>, source: &str) -> Result<GateLevels> {
    let mut gates = GateLevels::default();
    for pair in pairs {
        let (id, level) = pair.split_once('=').ok_or_else(|| {
            let message = format!("`{source} {pair}` is not of the form `ID=LEVEL`");
            Error::new(ErrorKind::Usage, message, "write, for instance, `--gate size=warn`")
        })?;
        gates.set(gate_level(id.trim(), level.trim())?);
    }
    Ok(gates)
}

fn gate_level(id: &str, level: &str) -> Result<(GateId, Level)> {
    let gate = gate(id)?;
    let level = keyword(level).ok_or_else(|| {
        let message = format!("`{level}` is not a level for the gate `{id}`");
        Error::new(ErrorKind::Settings, message, format!("use {}", any_of::<Level>("or")))
    })?;
    Ok((gate, level))
}

/// # Errors
/// `Settings`: no gate has this id.
pub(super) fn gate(id: &str) -> Result<GateId> {
    id.parse().map_err(|_| {
        let hint = match closest(id, ids()) {
            Some(close) => format!("did you mean `{close}`?"),
            None => format!("use one of {}", ids().collect::<Vec<_>>().join(", ")),
        };
        Error::new(ErrorKind::Settings, format!("unknown gate `{id}`"), hint)
    })
}
