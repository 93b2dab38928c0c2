//! What the user wants, in layers: flag > `SADDLEBAG_*` > `[tool.saddlebag.env.NAME]` > `[tool.saddlebag]` > default.
//!
//! Each source makes a `SettingsLayer` by the one table of settings in `schema.rs`; `Settings::read` merges them.

mod allow;
mod gate_levels;
mod growth;
mod layer;
mod layered;
mod named;
mod schema;
mod table;
mod values;

pub(crate) use allow::Allow;
pub(crate) use growth::{Allowance, Budget, GrowthSettings};
pub(crate) use named::Named;

use crate::bundle::prune::{DistInfo, PruneOptions};
use crate::cli::{Flags, Format};
use crate::env::Environment;
use crate::error::{Error, ErrorKind, Result};
use crate::gate_id::{GateId, Level};
use crate::layout::NamespaceSetting;
use crate::project::Pyproject;
use crate::project::requirements::{Chosen, Lists};
use camino::{Utf8Path, Utf8PathBuf};
use gate_levels::GateLevels;
use layer::FromVariable;
use schema::SettingsLayer;
use std::collections::{BTreeMap, BTreeSet};
use table::Table;
use values::{ByteSize, Fraction, Seconds};

/// Every setting, merged.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    /// Relative to the project's root, or absolute.
    pub(crate) requirements: Option<Utf8PathBuf>,
    /// Of `[project.optional-dependencies]`, to be vendored too.
    pub(crate) extras: Vec<Chosen>,
    /// Of `[dependency-groups]`, to be vendored too.
    pub(crate) groups: Vec<Chosen>,
    pub(crate) namespace: NamespaceSetting,
    pub(crate) include: Vec<String>,
    pub(crate) exclude: Vec<String>,
    /// Whether packages of the project without an `__init__.py` get an empty one in the upload.
    pub(crate) fill_init: bool,
    pub(crate) prune: PruneOptions,
    /// Bytes.
    pub(crate) max_raw: Option<u64>,
    /// Bytes.
    pub(crate) max_gzip: Option<u64>,
    /// A fraction of the raw limit.
    pub(crate) warn_at: f64,
    pub(crate) growth: GrowthSettings,
    /// Levels that were set, by gate id.
    pub(crate) gates: BTreeMap<GateId, Level>,
    /// Gates of the stage that a flag or its variable asks for: `smoke`, `verify`.
    pub(crate) asked: BTreeSet<GateId>,
    pub(crate) allow: Vec<Allow>,
    /// Further modules that `smoke` imports.
    pub(crate) smoke_imports: Vec<String>,
    /// A Python file that `smoke` runs in the booted bundle; relative to the project's root, or absolute.
    pub(crate) smoke_script: Option<Utf8PathBuf>,
    /// How long an import may take in `smoke`, seconds.
    pub(crate) smoke_patience: u64,
    pub(crate) report: Option<Utf8PathBuf>,
    pub(crate) html: Option<Utf8PathBuf>,
    /// Whether the resolution has to be that of the project's lock.
    pub(crate) locked: bool,
    pub(crate) keep_stage: bool,
    pub(crate) no_cache: bool,
    pub(crate) no_build: bool,
    /// Whether what wrangler writes into the staged configuration is only printed, and not written into the user's.
    pub(crate) no_write_back: bool,
    pub(crate) quiet: bool,
    pub(crate) verbose: bool,
    pub(crate) timings: bool,
}

/// How the report is printed: known before anything else can fail.
///
/// # Errors
/// `ErrorKind::Settings` for a `SADDLEBAG_FORMAT` that is unknown.
pub(crate) fn format(flags: &Flags, environment: &Environment) -> Result<Format> {
    match flags.output.format {
        Some(format) => Ok(format),
        None => Ok(Format::from_variable(environment, "SADDLEBAG_FORMAT")?.unwrap_or(Format::Human)),
    }
}

impl Settings {
    /// Merges the layers; `environment_name` is wrangler's active environment.
    ///
    /// # Errors
    /// `ErrorKind::Settings` with the position in `pyproject.toml`, `ErrorKind::Usage` for a flag's value.
    pub(crate) fn read(
        flags: &Flags,
        environment: &Environment,
        pyproject: Option<&Pyproject>,
        environment_name: Option<&str>,
    ) -> Result<Self> {
        let file =
            pyproject.map_or_else(|| Ok(SettingsLayer::default()), |file| file_layers(file, environment_name))?;
        let variables = SettingsLayer::from_environment(environment)?;
        let flags = SettingsLayer::from_flags(flags)?;
        let mut settings = Self::of(flags.over(variables.over(file)));
        settings.require_smoke_for_shake()?;
        Ok(settings)
    }

    /// What the layers say, and the defaults for what they leave open.
    fn of(layers: SettingsLayer) -> Self {
        let GateLevels { levels, asked } = layers.gates.unwrap_or_default();
        Self {
            requirements: layers.requirements,
            extras: layers.extras.unwrap_or_default(),
            groups: layers.groups.unwrap_or_default(),
            namespace: layers.namespace.unwrap_or(NamespaceSetting::Auto),
            include: layers.include.unwrap_or_default(),
            exclude: layers.exclude.unwrap_or_default(),
            fill_init: layers.fill_init.unwrap_or(false),
            prune: PruneOptions {
                dist_info: layers.dist_info.unwrap_or(DistInfo::Slim),
                exclude: layers.prune_exclude.unwrap_or_default(),
                keep: layers.prune_keep.unwrap_or_default(),
                recipes: layers.recipes.unwrap_or_default().0,
                shake: layers.shake.unwrap_or(false),
            },
            max_raw: layers.max_raw.map(|ByteSize(bytes)| bytes),
            max_gzip: layers.max_gzip.map(|ByteSize(bytes)| bytes),
            warn_at: layers.warn_at.map_or(0.8, |Fraction(fraction)| fraction),
            growth: GrowthSettings {
                max: layers.growth_max,
                baseline: layers.baseline,
                budgets: layers.budgets.unwrap_or_default().0,
            },
            gates: levels,
            asked,
            allow: layers.allow.unwrap_or_default(),
            smoke_imports: layers.smoke_imports.unwrap_or_default(),
            smoke_script: layers.smoke_script,
            smoke_patience: layers.smoke_timeout.map_or(60, |Seconds(seconds)| seconds),
            report: layers.report,
            html: layers.html,
            locked: layers.locked.unwrap_or(false),
            keep_stage: layers.keep_stage.unwrap_or(false),
            no_cache: layers.no_cache.unwrap_or(false),
            no_build: layers.no_build.unwrap_or(false),
            no_write_back: layers.no_write_back.unwrap_or(false),
            quiet: layers.quiet.unwrap_or(false),
            verbose: layers.verbose.unwrap_or(false),
            timings: layers.timings.unwrap_or(false),
        }
    }

    /// Shaking drops what nothing is seen to import; only a boot can tell that this is enough.
    fn require_smoke_for_shake(&mut self) -> Result<()> {
        if !self.prune.shake {
            return Ok(());
        }
        self.asked.insert(GateId::Smoke);
        match self.gates.get(&GateId::Smoke) {
            None | Some(Level::Deny) => Ok(()),
            Some(Level::Off | Level::Warn) => Err(Error::new(
                ErrorKind::Settings,
                "`shake` needs the gate `smoke` at level `deny`, and it is set to less",
                "remove the level of `smoke`, or do without `shake`",
            )),
        }
    }

    /// The lists of `pyproject.toml` that count beside the requirements.
    pub(crate) fn lists(&self) -> Lists<'_> {
        Lists { extras: &self.extras, groups: &self.groups }
    }
}

/// `[tool.saddlebag.env.NAME]` of the active environment, over `[tool.saddlebag]`.
fn file_layers(pyproject: &Pyproject, environment_name: Option<&str>) -> Result<SettingsLayer> {
    let Some(item) = pyproject.tool_saddlebag() else { return Ok(SettingsLayer::default()) };
    let table = Table::new(pyproject, item, "tool.saddlebag")?;
    let mut layer = SettingsLayer::from_table(&table)?;
    if let Some(environments) = table.table("env")? {
        for environment in environments.entries() {
            let own = environment.as_table("a table")?;
            if Some(environment.key) == environment_name {
                layer = SettingsLayer::from_table(&own)?.over(layer);
            } else {
                own.check_keys(&schema::keys_below(""))?;
            }
        }
    }
    Ok(layer)
}

/// Where the vendored trees are kept: `SADDLEBAG_CACHE_DIR`, else the user's cache directory.
///
/// # Errors
/// `ErrorKind::Settings`: the variable is not set, and there is no home directory.
pub(crate) fn cache_dir(environment: &Environment, cwd: &Utf8Path) -> Result<Utf8PathBuf> {
    if let Some(dir) = environment.get("SADDLEBAG_CACHE_DIR") {
        return Ok(crate::project::resolve(cwd, dir));
    }
    use etcetera::BaseStrategy;
    let strategy = etcetera::choose_base_strategy().map_err(|_| {
        Error::new(
            ErrorKind::Settings,
            "cannot determine the user's cache directory: no home directory",
            "set `SADDLEBAG_CACHE_DIR`",
        )
    })?;
    crate::error::utf8(strategy.cache_dir().join("saddlebag"))
}

#[cfg(test)]
mod tests;
