//! What the user wants: the layers flag > `SADDLEBAG_*` > `[tool.saddlebag.env.NAME]` > `[tool.saddlebag]` > default.
//!
//! Receives the flags, a snapshot of the environment and `pyproject.toml`; hands on `Settings`. The only room that reads
//! the process's environment. Must never read the project otherwise, and never take an unknown key or gate id in silence.

mod growth;
mod table;

pub(crate) use growth::{Allowance, Budget, GrowthSettings, Named};

use crate::bundle::prune::{DistInfo, PruneOptions, recipes};
use crate::cli::{Flags, Format};
use crate::env::Environment;
use crate::error::{Error, ErrorKind, Location, Result};
use crate::gates::id::{self, Level};
use crate::layout::NamespaceSetting;
use crate::project::Pyproject;
use crate::project::requirements::{Chosen, Lists};
use crate::suggest::closest;
use camino::{Utf8Path, Utf8PathBuf};
use std::collections::{BTreeMap, BTreeSet};
use table::{Table, place};

/// One `[[tool.saddlebag.allow]]`.
#[derive(Debug, Clone)]
pub(crate) struct Allow {
    pub(crate) gate: String,
    /// Globs.
    pub(crate) code: Option<String>,
    pub(crate) subject: Option<String>,
    pub(crate) reason: String,
    /// `YYYY-MM-DD`, the last day it holds.
    pub(crate) until: Option<String>,
    pub(crate) location: Location,
}

/// Every setting, decided.
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
    /// Packages of the project without an `__init__.py` are given an empty one in the upload.
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
    pub(crate) gates: BTreeMap<&'static str, Level>,
    /// Gates of the stage that a flag or its variable asks for: `smoke`, `verify`.
    pub(crate) asked: BTreeSet<&'static str>,
    pub(crate) allow: Vec<Allow>,
    /// Further modules that `smoke` imports.
    pub(crate) smoke_imports: Vec<String>,
    /// A Python file that `smoke` runs in the booted bundle; relative to the project's root, or absolute.
    pub(crate) smoke_script: Option<Utf8PathBuf>,
    /// How long an import may take in `smoke`, seconds.
    pub(crate) smoke_patience: u64,
    pub(crate) report: Option<Utf8PathBuf>,
    pub(crate) html: Option<Utf8PathBuf>,
    /// What resolves must be what the project's lock says.
    pub(crate) locked: bool,
    pub(crate) keep_stage: bool,
    pub(crate) no_cache: bool,
    pub(crate) no_build: bool,
    /// What wrangler writes into the staged configuration is shown, and not written into the user's.
    pub(crate) no_write_back: bool,
    pub(crate) quiet: bool,
    pub(crate) verbose: bool,
    pub(crate) timings: bool,
}

/// The keys of `[tool.saddlebag]` that this version acts on, and those of the contract that it does not yet have.
const KEYS: &[&str] = &[
    "requirements",
    "extras",
    "groups",
    "namespace",
    "include",
    "exclude",
    "fill-init",
    "prune",
    "size",
    "growth",
    "packages",
    "smoke",
    "gates",
    "allow",
    "env",
];
const SMOKE_KEYS: &[&str] = &["imports", "script"];
const SMOKE_PATIENCE: u64 = 60;
const PRUNE_KEYS: &[&str] = &["exclude", "keep", "dist-info", "recipes", "shake"];
const SIZE_KEYS: &[&str] = &["max-raw", "max-gzip", "warn-at"];
const ALLOW_KEYS: &[&str] = &["gate", "code", "match", "reason", "until"];

/// How the report is written, known before anything else can fail.
pub(crate) fn format(flags: &Flags, environment: &Environment) -> Result<Format> {
    match (flags.output.format, environment.get("SADDLEBAG_FORMAT")) {
        (Some(format), _) => Ok(format),
        (None, None | Some("human")) => Ok(Format::Human),
        (None, Some("json")) => Ok(Format::Json),
        (None, Some("github")) => Ok(Format::Github),
        (None, Some("sarif")) => Ok(Format::Sarif),
        (None, Some(other)) => Err(Error::new(
            ErrorKind::Settings,
            format!("`SADDLEBAG_FORMAT={other}` is not a format of saddlebag {}", env!("CARGO_PKG_VERSION")),
            "set it to `human`, `json`, `github` or `sarif`",
        )),
    }
}

impl Settings {
    /// Layers everything; `environment_name` is wrangler's active environment.
    ///
    /// # Errors
    /// `ErrorKind::Settings` with the position in `pyproject.toml`, `ErrorKind::Usage` for a flag's value.
    pub(crate) fn read(
        flags: &Flags,
        environment: &Environment,
        pyproject: Option<&Pyproject>,
        environment_name: Option<&str>,
    ) -> Result<Self> {
        let mut settings = Self {
            requirements: None,
            extras: Vec::new(),
            groups: Vec::new(),
            namespace: NamespaceSetting::Auto,
            include: Vec::new(),
            exclude: Vec::new(),
            fill_init: false,
            prune: PruneOptions::default(),
            max_raw: None,
            max_gzip: None,
            warn_at: 0.8,
            growth: GrowthSettings::default(),
            gates: BTreeMap::new(),
            asked: BTreeSet::new(),
            allow: Vec::new(),
            smoke_imports: Vec::new(),
            smoke_script: None,
            smoke_patience: SMOKE_PATIENCE,
            report: None,
            html: None,
            locked: false,
            keep_stage: false,
            no_cache: false,
            no_build: false,
            no_write_back: false,
            quiet: false,
            verbose: false,
            timings: false,
        };
        if let Some(pyproject) = pyproject
            && let Some(item) = pyproject.tool_saddlebag()
        {
            let table = Table::new(pyproject, item, "tool.saddlebag")?;
            settings.take_table(&table)?;
            if let Some(environments) = table.table("env")? {
                for name in environments.keys() {
                    let own = environments.table(name)?.ok_or_else(|| environments.wrong(name, "a table"))?;
                    own.known(KEYS)?;
                    if Some(name) == environment_name {
                        settings.take_table(&own)?;
                    }
                }
            }
        }
        settings.take_environment(environment)?;
        settings.take_flags(flags)?;
        settings.prove_what_is_shaken()?;
        Ok(settings)
    }

    /// What is shaken is what nothing is seen to import; that this is enough, only a boot can say.
    fn prove_what_is_shaken(&mut self) -> Result<()> {
        if !self.prune.shake {
            return Ok(());
        }
        self.asked.insert("smoke");
        match self.gates.get("smoke") {
            None | Some(Level::Deny) => Ok(()),
            Some(Level::Off | Level::Warn) => Err(Error::new(
                ErrorKind::Settings,
                "`shake` needs the gate `smoke` to deny, and its level is set to less",
                "leave the level of `smoke` out, or do without `shake`",
            )),
        }
    }

    /// The lists of `pyproject.toml` that count beside the requirements.
    pub(crate) fn lists(&self) -> Lists<'_> {
        Lists { extras: &self.extras, groups: &self.groups }
    }

    fn take_table(&mut self, table: &Table<'_>) -> Result<()> {
        table.known(KEYS)?;
        if let Some(value) = table.text("requirements")? {
            self.requirements = Some(value.into());
        }
        table.names("extras", &mut self.extras)?;
        table.names("groups", &mut self.groups)?;
        if let Some(value) = table.text("namespace")? {
            self.namespace = namespace(value).map_err(|what| table.bad("namespace", &what))?;
        }
        table.list("include", &mut self.include)?;
        table.list("exclude", &mut self.exclude)?;
        self.fill_init = table.truth("fill-init")?.unwrap_or(self.fill_init);
        if let Some(prune) = table.table("prune")? {
            prune.known(PRUNE_KEYS)?;
            prune.list("exclude", &mut self.prune.exclude)?;
            prune.list("keep", &mut self.prune.keep)?;
            recipes(&prune, &mut self.prune.recipes)?;
            self.prune.shake = prune.truth("shake")?.unwrap_or(self.prune.shake);
            if let Some(value) = prune.text("dist-info")? {
                self.prune.dist_info = match value {
                    "slim" => DistInfo::Slim,
                    "keep" => DistInfo::Keep,
                    "delete" => DistInfo::Delete,
                    _ => return Err(prune.bad("dist-info", "one of `slim`, `keep` and `delete`")),
                };
            }
        }
        if let Some(size) = table.table("size")? {
            size.known(SIZE_KEYS)?;
            self.max_raw = size.bytes("max-raw")?.or(self.max_raw);
            self.max_gzip = size.bytes("max-gzip")?.or(self.max_gzip);
            self.warn_at = size.fraction("warn-at")?.unwrap_or(self.warn_at);
        }
        self.growth.take_table(table)?;
        if let Some(smoke) = table.table("smoke")? {
            smoke.known(SMOKE_KEYS)?;
            smoke.list("imports", &mut self.smoke_imports)?;
            self.smoke_script = smoke.text("script")?.map(Utf8PathBuf::from).or(self.smoke_script.take());
        }
        if let Some(gates) = table.table("gates")? {
            for id in gates.keys() {
                let level = gates.text(id)?.ok_or_else(|| gates.wrong(id, "a level"))?;
                let (id, level) = gate_level(id, level).map_err(|error| error.with_location(gates.location(id)))?;
                self.gates.insert(id, level);
            }
        }
        if let Some(item) = table.inner.get("allow") {
            let entries = item
                .as_array_of_tables()
                .ok_or_else(|| table.wrong("allow", "written as `[[tool.saddlebag.allow]]` tables"))?;
            for entry in entries {
                let entry = Table {
                    pyproject: table.pyproject,
                    inner: entry,
                    path: format!("{}.allow", table.path),
                    span: entry.span(),
                };
                self.allow.push(allow(&entry)?);
            }
        }
        Ok(())
    }

    fn take_environment(&mut self, environment: &Environment) -> Result<()> {
        if let Some(value) = environment.get("SADDLEBAG_REQUIREMENTS") {
            self.requirements = Some(value.into());
        }
        if let Some(value) = environment.get("SADDLEBAG_NAMESPACE") {
            self.namespace = namespace(value).map_err(|what| {
                Error::new(
                    ErrorKind::Settings,
                    format!("`SADDLEBAG_NAMESPACE={value}` is not {what}"),
                    "set it to `auto`, `keep` or `flat`",
                )
            })?;
        }
        for (variable, id) in [("SADDLEBAG_SMOKE", "smoke"), ("SADDLEBAG_VERIFY", "verify")] {
            if environment.flag(variable) {
                self.ask(id);
            }
        }
        if let Some(value) = environment.get("SADDLEBAG_SMOKE_TIMEOUT") {
            self.smoke_patience = value.parse().ok().filter(|seconds| *seconds > 0).ok_or_else(|| {
                Error::new(
                    ErrorKind::Settings,
                    format!("`SADDLEBAG_SMOKE_TIMEOUT={value}` is not a number of seconds"),
                    "set it to, for instance, `120`",
                )
            })?;
        }
        if let Some(value) = environment.get("SADDLEBAG_GATE") {
            for pair in value.split(',').map(str::trim).filter(|pair| !pair.is_empty()) {
                let (id, level) = gate_pair(pair, "SADDLEBAG_GATE")?;
                self.gates.insert(id, level);
            }
        }
        if let Some(path) = environment.get("SADDLEBAG_BASELINE") {
            self.growth.baseline = Some(Named::Outright(path.into()));
        }
        self.prune.shake |= environment.flag("SADDLEBAG_SHAKE");
        self.report = environment.get("SADDLEBAG_REPORT").map(Utf8PathBuf::from);
        self.html = environment.get("SADDLEBAG_HTML").map(Utf8PathBuf::from);
        self.locked = environment.flag("SADDLEBAG_LOCKED");
        self.keep_stage = environment.flag("SADDLEBAG_KEEP_STAGE");
        self.no_cache = environment.flag("SADDLEBAG_NO_CACHE");
        self.no_build = environment.flag("SADDLEBAG_NO_BUILD");
        self.no_write_back = environment.flag("SADDLEBAG_NO_WRITE_BACK");
        self.verbose = environment.flag("SADDLEBAG_VERBOSE");
        self.quiet = environment.flag("SADDLEBAG_QUIET") && !self.verbose;
        self.timings = environment.flag("SADDLEBAG_TIMINGS");
        Ok(())
    }

    /// A gate that is off unless it is asked for. Asking outdoes an `off` of a layer below, and a level stays.
    fn ask(&mut self, id: &'static str) {
        self.asked.insert(id);
        if self.gates.get(id) == Some(&Level::Off) {
            self.gates.remove(id);
        }
    }

    fn take_flags(&mut self, flags: &Flags) -> Result<()> {
        if let Some(value) = &flags.project.requirements {
            self.requirements = Some(value.clone());
        }
        if let Some(value) = &flags.bundle.namespace {
            self.namespace = namespace(value).map_err(|what| {
                Error::new(
                    ErrorKind::Usage,
                    format!("`--namespace {value}` is not {what}"),
                    "write `--namespace auto`, `keep` or `flat`",
                )
            })?;
        }
        for (asked, id) in [(flags.gates.smoke, "smoke"), (flags.gates.verify, "verify")] {
            if asked {
                self.ask(id);
            }
        }
        for pair in &flags.project.gate {
            let (id, level) = gate_pair(pair, "--gate")?;
            self.gates.insert(id, level);
        }
        if let Some(path) = &flags.gates.baseline {
            self.growth.baseline = Some(Named::Outright(path.clone()));
        }
        self.prune.shake |= flags.bundle.shake;
        self.report = flags.project.report.clone().or(self.report.take());
        self.html = flags.project.html.clone().or(self.html.take());
        self.locked |= flags.gates.locked;
        self.keep_stage |= flags.gates.keep_stage;
        self.no_cache |= flags.bundle.no_cache;
        self.no_build |= flags.bundle.no_build;
        self.no_write_back |= flags.upload.no_write_back;
        self.timings |= flags.output.timings;
        if flags.output.verbose || flags.output.quiet {
            (self.verbose, self.quiet) = (flags.output.verbose, flags.output.quiet);
        }
        Ok(())
    }
}

fn namespace(value: &str) -> std::result::Result<NamespaceSetting, String> {
    match value {
        "auto" => Ok(NamespaceSetting::Auto),
        "keep" => Ok(NamespaceSetting::Keep),
        "flat" => Ok(NamespaceSetting::Flat),
        _ => Err("one of `auto`, `keep` and `flat`".to_owned()),
    }
}

fn gate_pair(pair: &str, source: &str) -> Result<(&'static str, Level)> {
    let (id, level) = pair.split_once('=').ok_or_else(|| {
        Error::new(
            ErrorKind::Usage,
            format!("`{source} {pair}` is not of the form `ID=LEVEL`"),
            "write, for instance, `--gate size=warn`",
        )
    })?;
    gate_level(id.trim(), level.trim())
}

fn gate_level(id: &str, level: &str) -> Result<(&'static str, Level)> {
    let known = id::ids().find(|known| *known == id).ok_or_else(|| {
        let hint = match closest(id, id::ids()) {
            Some(close) => format!("did you mean `{close}`?"),
            None => format!("use one of {}", id::ids().collect::<Vec<_>>().join(", ")),
        };
        Error::new(ErrorKind::Settings, format!("there is no gate `{id}`"), hint)
    })?;
    let level = match level {
        "off" => Level::Off,
        "warn" => Level::Warn,
        "deny" => Level::Deny,
        _ => {
            return Err(Error::new(
                ErrorKind::Settings,
                format!("`{level}` is not a level for the gate `{id}`"),
                "use `off`, `warn` or `deny`",
            ));
        }
    };
    Ok((known, level))
}

/// What is chosen of each recipe.
fn recipes(prune: &Table<'_>, into: &mut BTreeMap<String, Vec<String>>) -> Result<()> {
    if !prune.inner.contains_key("recipes") {
        return Ok(());
    }
    let what = "a table such as { babel-locales = [\"en\", \"de\"] }";
    let Some(table) = prune.table("recipes").map_err(|_| prune.bad("recipes", what))? else { return Ok(()) };
    for name in table.keys() {
        if !recipes::names().any(|known| known == name) {
            let hint = match closest(name, recipes::names()) {
                Some(close) => format!("did you mean `{close}`?"),
                None => format!("use one of {}", recipes::names().collect::<Vec<_>>().join(", ")),
            };
            return Err(Error::new(ErrorKind::Settings, format!("there is no recipe `{name}`"), hint)
                .with_location(table.location(name)));
        }
        table.list(name, into.entry(name.to_owned()).or_default())?;
    }
    Ok(())
}

fn allow(entry: &Table<'_>) -> Result<Allow> {
    entry.known(ALLOW_KEYS)?;
    let location = place(entry.pyproject, entry.span.clone());
    let missing = |key: &str| {
        Error::new(ErrorKind::Settings, format!("an `allow` entry needs `{key}`"), format!("add `{key} = \"...\"`"))
            .with_location(location.clone())
    };
    let gate = entry.text("gate")?.ok_or_else(|| missing("gate"))?;
    gate_level(gate, "deny").map_err(|error| error.with_location(entry.location("gate")))?;
    let until = match entry.inner.get("until") {
        None => None,
        Some(item) => {
            let text = item.as_datetime().map(ToString::to_string).or_else(|| item.as_str().map(str::to_owned));
            Some(text.filter(|text| is_date(text)).ok_or_else(|| entry.bad("until", "a date like 2027-03-31"))?)
        }
    };
    for key in ["code", "match"] {
        if let Some(pattern) = entry.text(key)? {
            globset::Glob::new(pattern).map_err(|error| entry.bad(key, &format!("a glob: {}", error.kind())))?;
        }
    }
    Ok(Allow {
        gate: gate.to_owned(),
        code: entry.text("code")?.map(str::to_owned),
        subject: entry.text("match")?.map(str::to_owned),
        reason: entry
            .text("reason")?
            .filter(|reason| !reason.trim().is_empty())
            .ok_or_else(|| missing("reason"))?
            .to_owned(),
        until,
        location,
    })
}

fn is_date(text: &str) -> bool {
    let parts: Vec<_> = text.split('-').collect();
    matches!(parts[..], [year, month, day] if year.len() == 4 && month.len() == 2 && day.len() == 2)
        && parts.iter().all(|part| part.bytes().all(|byte| byte.is_ascii_digit()))
}

/// Where the vendored trees are kept: `SADDLEBAG_CACHE_DIR`, else the user's cache directory.
///
/// # Errors
/// `ErrorKind::Settings` when neither can be told.
pub(crate) fn cache_dir(environment: &Environment, cwd: &Utf8Path) -> Result<Utf8PathBuf> {
    if let Some(dir) = environment.get("SADDLEBAG_CACHE_DIR") {
        return Ok(crate::project::resolve(cwd, dir));
    }
    use etcetera::BaseStrategy;
    let strategy = etcetera::choose_base_strategy().map_err(|_| {
        Error::new(
            ErrorKind::Settings,
            "the user's cache directory cannot be told: no home directory",
            "set `SADDLEBAG_CACHE_DIR`",
        )
    })?;
    crate::error::utf8(strategy.cache_dir().join("saddlebag"))
}

#[cfg(test)]
mod tests;
