//! Every setting, once: its key in `[tool.saddlebag]`, its variable, its flag, its default, and where a layer keeps it.
//!
//! To add a setting, add an entry here, its default to `Settings::of`, and, if it has a flag, the flag to `cli/args.rs`.

use super::allow::Allow;
use super::gate_levels::GateLevels;
use super::growth::{Allowance, Budgets};
use super::layer::{FromFlag, FromVariable};
use super::layered::merge;
use super::named::Named;
use super::table::Table;
use super::values::{ByteSize, Fraction, Recipes, Seconds};
use crate::bundle::prune::DistInfo;
use crate::cli::{Flags, Format};
use crate::env::Environment;
use crate::error::Result;
use crate::gate_id::GateId;
use crate::layout::NamespaceSetting;
use crate::project::requirements::Chosen;
use camino::Utf8PathBuf;

/// A setting as the user meets it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Setting {
    /// In `[tool.saddlebag]`, with dots: `prune.shake`.
    pub(super) key: Option<&'static str>,
    pub(super) variable: Option<&'static str>,
    pub(super) flag: Option<&'static str>,
    /// As the settings page shows it.
    pub(super) default: Option<&'static str>,
}

macro_rules! optional {
    () => {
        None
    };
    ($value:literal) => {
        Some($value)
    };
}

macro_rules! settings {
    ($(
        $(#[doc = $doc:literal])+
        $field:ident: $type:ty {
            $(key: $key:literal,)?
            $(variable: $variable:literal,)?
            $(flag: $flag:literal = $group:ident.$arg:ident,)?
            $(default: $default:literal,)?
        }
    )+) => {
        /// What one source says: the flags, the environment, or a table of `pyproject.toml`.
        #[derive(Debug, Clone, Default)]
        pub(super) struct SettingsLayer {
            $( $(#[doc = $doc])+ pub(super) $field: Option<$type>, )+
        }

        pub(super) const SCHEMA: &[Setting] = &[
            $( Setting {
                key: optional!($($key)?),
                variable: optional!($($variable)?),
                flag: optional!($($flag)?),
                default: optional!($($default)?),
            }, )+
        ];

        impl SettingsLayer {
            /// Reads `[tool.saddlebag]` or `[tool.saddlebag.env.NAME]`.
            ///
            /// # Errors
            /// `Settings`, with the position, for an unknown key and for a value that cannot be understood.
            pub(super) fn from_table(table: &Table<'_>) -> Result<Self> {
                check_keys(table, "")?;
                let mut layer = Self::default();
                $( $( layer.$field = table.read($key)?; )? )+
                Ok(layer)
            }

            /// Reads the variables.
            ///
            /// # Errors
            /// `Settings` for a value that cannot be understood.
            pub(super) fn from_environment(environment: &Environment) -> Result<Self> {
                let mut layer = Self::default();
                $( $( layer.$field = FromVariable::from_variable(environment, $variable)?; )? )+
                layer.settle();
                Ok(layer)
            }

            /// Takes over the flags.
            ///
            /// # Errors
            /// `Usage` or `Settings` for a value that cannot be understood.
            pub(super) fn from_flags(flags: &Flags) -> Result<Self> {
                let mut layer = Self::default();
                $( $( layer.$field = FromFlag::from_flag(&flags.$group.$arg, $flag)?; )? )+
                layer.settle();
                Ok(layer)
            }

            /// This layer, and `lower` for what it leaves open.
            pub(super) fn over(self, lower: Self) -> Self {
                Self { $( $field: merge(self.$field, lower.$field), )+ }
            }
        }
    };
}

settings! {
    /// The file of the runtime requirements; relative to the project's root, or absolute.
    requirements: Utf8PathBuf {
        key: "requirements",
        variable: "SADDLEBAG_REQUIREMENTS",
        flag: "--requirements" = project.requirements,
        default: "requirements-runtime.txt",
    }
    /// Lists of `[project.optional-dependencies]` to vendor too.
    extras: Vec<Chosen> { key: "extras", }
    /// Lists of `[dependency-groups]` to vendor too.
    groups: Vec<Chosen> { key: "groups", }
    /// How the source is laid out in the upload.
    namespace: NamespaceSetting {
        key: "namespace",
        variable: "SADDLEBAG_NAMESPACE",
        flag: "--namespace" = bundle.namespace,
        default: "auto",
    }
    /// Further source roots, and globs of files to upload.
    include: Vec<String> { key: "include", }
    /// Globs of project files to leave out.
    exclude: Vec<String> { key: "exclude", }
    /// Whether packages of the project without an `__init__.py` get an empty one in the upload.
    fill_init: bool { key: "fill-init", default: "false", }
    /// Globs of vendored files to drop.
    prune_exclude: Vec<String> { key: "prune.exclude", }
    /// Globs of vendored files to keep.
    prune_keep: Vec<String> { key: "prune.keep", }
    /// What of the metadata of distributions is kept.
    dist_info: DistInfo { key: "prune.dist-info", default: "slim", }
    /// What to keep of large data, by recipe.
    recipes: Recipes { key: "prune.recipes", }
    /// Whether only what something imports is uploaded of each package.
    shake: bool {
        key: "prune.shake",
        variable: "SADDLEBAG_SHAKE",
        flag: "--shake" = bundle.shake,
        default: "false",
    }
    /// The most that the upload may weigh, raw.
    max_raw: ByteSize { key: "size.max-raw", }
    /// The most that the upload may weigh, gzipped.
    max_gzip: ByteSize { key: "size.max-gzip", }
    /// Where the warning begins, as a fraction of the raw limit.
    warn_at: Fraction { key: "size.warn-at", default: "0.8", }
    /// How much more than its baseline the upload may weigh.
    growth_max: Allowance { key: "growth.max", default: "\"10%\"", }
    /// The file of the baseline.
    baseline: Named {
        key: "growth.baseline",
        variable: "SADDLEBAG_BASELINE",
        flag: "--baseline" = gates.baseline,
        default: "saddlebag-baseline.toml",
    }
    /// What single distributions may weigh.
    budgets: Budgets { key: "packages", }
    /// Further modules for `smoke` to import.
    smoke_imports: Vec<String> { key: "smoke.imports", }
    /// A Python file for `smoke` to run in the booted bundle; relative to the project's root, or absolute.
    smoke_script: Utf8PathBuf { key: "smoke.script", }
    /// How long the import may take in `smoke`.
    smoke_timeout: Seconds { variable: "SADDLEBAG_SMOKE_TIMEOUT", default: "60", }
    /// Levels of gates, and which gates of the stage are asked for.
    gates: GateLevels { key: "gates", variable: "SADDLEBAG_GATE", flag: "--gate" = project.gate, }
    /// Asks for the gate `smoke`: settled into `gates`.
    smoke: bool { variable: "SADDLEBAG_SMOKE", flag: "--smoke" = gates.smoke, }
    /// Asks for the gate `verify`: settled into `gates`.
    verify: bool { variable: "SADDLEBAG_VERIFY", flag: "--verify" = gates.verify, }
    /// Findings that are allowed.
    allow: Vec<Allow> { key: "allow", }
    /// The format of the report on stdout.
    format: Format { variable: "SADDLEBAG_FORMAT", flag: "--format" = output.format, default: "human", }
    /// The file for the JSON report; relative to the working directory, or absolute.
    report: Utf8PathBuf { variable: "SADDLEBAG_REPORT", flag: "--report" = project.report, }
    /// The file for the HTML report; relative to the working directory, or absolute.
    html: Utf8PathBuf { variable: "SADDLEBAG_HTML", flag: "--html" = project.html, }
    /// Whether the resolution has to be that of the lock.
    locked: bool { variable: "SADDLEBAG_LOCKED", flag: "--locked" = gates.locked, }
    /// Whether the stage is kept.
    keep_stage: bool { variable: "SADDLEBAG_KEEP_STAGE", flag: "--keep-stage" = gates.keep_stage, }
    /// Whether to resolve and install again.
    no_cache: bool { variable: "SADDLEBAG_NO_CACHE", flag: "--no-cache" = bundle.no_cache, }
    /// Whether to skip `build.command`.
    no_build: bool { variable: "SADDLEBAG_NO_BUILD", flag: "--no-build" = bundle.no_build, }
    /// Whether ids that wrangler created are only printed.
    no_write_back: bool { variable: "SADDLEBAG_NO_WRITE_BACK", flag: "--no-write-back" = upload.no_write_back, }
    /// Whether only what matters is printed.
    quiet: bool { variable: "SADDLEBAG_QUIET", flag: "--quiet" = output.quiet, }
    /// Whether everything is printed.
    verbose: bool { variable: "SADDLEBAG_VERBOSE", flag: "--verbose" = output.verbose, }
    /// Whether the time of each step is printed.
    timings: bool { variable: "SADDLEBAG_TIMINGS", flag: "--timings" = output.timings, }
}

impl SettingsLayer {
    /// Settles what two settings of one layer say together.
    fn settle(&mut self) {
        // One question: the answer of a layer must not be mixed with that of the layer below.
        if self.verbose == Some(true) {
            self.quiet = Some(false);
        } else if self.quiet == Some(true) {
            self.verbose = Some(false);
        }
        for (wanted, id) in [(self.smoke, GateId::Smoke), (self.verify, GateId::Verify)] {
            if wanted == Some(true) {
                self.gates.get_or_insert_default().ask_for(id);
            }
        }
    }
}

/// Refuses keys that no setting has. `below` is the path of the table with a dot, or empty.
///
/// # Errors
/// `Settings` with the position.
fn check_keys(table: &Table<'_>, below: &str) -> Result<()> {
    let names = keys_below(below);
    table.check_keys(&names)?;
    for name in names {
        let path = format!("{below}{name}.");
        if SCHEMA.iter().filter_map(|setting| setting.key).any(|key| key.starts_with(&path))
            && let Some(inner) = table.table(name)?
        {
            check_keys(&inner, &path)?;
        }
    }
    Ok(())
}

/// The keys that a table may have: the settings' own, in order, and at the top the environments.
pub(super) fn keys_below(below: &str) -> Vec<&'static str> {
    let mut names: Vec<&str> = Vec::new();
    for key in SCHEMA.iter().filter_map(|setting| setting.key?.strip_prefix(below)) {
        let name = key.split('.').next().unwrap_or(key);
        if !names.contains(&name) {
            names.push(name);
        }
    }
    if below.is_empty() {
        names.push("env");
    }
    names
}
