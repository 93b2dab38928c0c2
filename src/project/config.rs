//! Finds and parses the wrangler configuration and resolves the active environment.
//!
//! Files are found as wrangler finds them, and environments inherit as in wrangler (`environment`). Values keep their
//! positions. A value of the wrong type counts as absent here; `invalid` lists it and a gate reports it.

mod environment;
mod find;
mod generated;
mod invalid;
mod missing;

use crate::error::{Error, ErrorKind, Location, LocationKind, Result};
use crate::project::document::{self, Document, Format};
use crate::project::position::line_and_column;
use camino::{Utf8Path, Utf8PathBuf};
use serde_json::Value;
use std::fmt;

#[cfg(test)]
pub(crate) use environment::INHERITABLE;
pub(crate) use find::{ConfigFile, find};
pub(crate) use invalid::kind_of;
pub(crate) use missing::{is_foreign, meant_file};

/// One entry of `rules`, as wrangler accepts it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ModuleRule {
    /// ESModule, CommonJS, CompiledWasm, Text, Data (PythonModule is refused by wrangler).
    pub(crate) kind: String,
    pub(crate) globs: Vec<String>,
    pub(crate) fallthrough: Option<bool>,
}

/// `build` of the active environment, if it has a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct BuildCommand {
    /// A shell command line.
    pub(crate) command: String,
    /// Relative to the process's working directory, not to the configuration (seen with wrangler 4.164.0).
    pub(crate) cwd: Option<String>,
    /// Relative to the configuration; wrangler's default is `./src`.
    pub(crate) watch_dir: Vec<String>,
    /// The key path of the table, `["build"]` or `["env", NAME, "build"]`.
    pub(crate) origin: Vec<String>,
}

/// A wrangler configuration and its active environment.
#[derive(Clone)]
pub(crate) struct WranglerConfig {
    /// Absolute.
    pub(crate) path: Utf8PathBuf,
    pub(crate) format: Format,
    /// Without a byte order mark.
    pub(crate) text: String,
    /// The whole document as wrangler sees it.
    pub(crate) document: Value,
    /// The active environment; `None` for the top level (also for `--env ""`).
    pub(crate) environment: Option<String>,
    /// Whether the active environment has a table of its own (wrangler only warns where there is no `env` at all).
    pub(crate) environment_defined: bool,
    /// Paths in messages are relative to it.
    pub(crate) report_root: Utf8PathBuf,
    /// For a generated configuration, the directory of the configuration that it was generated from. `text` is then the
    /// equivalent hand-written configuration, which may differ from the file.
    pub(crate) generated_for: Option<Utf8PathBuf>,
    places: Document,
}

// `vars` may hold secrets, and the document and its text hold `vars`.
impl fmt::Debug for WranglerConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WranglerConfig")
            .field("path", &self.path)
            .field("format", &self.format)
            .field("environment", &self.environment)
            .field("environment_defined", &self.environment_defined)
            .finish_non_exhaustive()
    }
}

/// Reads and parses the configuration that was found and activates `environment` (`None` or `""`: the top level).
/// Errors: `Unreadable`; `ConfigSyntax` with line and column; `ConfigInvalid` where it is not a table;
/// `EnvironmentUnknown` where wrangler would stop for it.
pub(crate) fn read(found: ConfigFile, environment: Option<&str>, report_root: &Utf8Path) -> Result<WranglerConfig> {
    let ConfigFile { path, generated_for } = found;
    let shown = crate::project::paths::display(report_root, &path);
    let bytes = fs_err::read(&path).map_err(|error| Error::unreadable(&error))?;
    let text = document::decode(bytes, &shown)?;
    // Generated configurations are JSON; wrangler treats any other format like a hand-written one.
    if generated_for.is_none() || Format::of(&path) != Some(Format::Json) {
        return Ok(WranglerConfig {
            generated_for,
            ..WranglerConfig::from_text(path, text, environment, report_root)?
        });
    }
    let (text, environment) = generated::as_written(text, &shown, environment)?;
    let config = WranglerConfig::from_text(path, text, environment.as_deref(), report_root)?;
    Ok(WranglerConfig { generated_for, ..config })
}

impl WranglerConfig {
    /// Like `read`, for text that was read before. The format follows from the file extension.
    pub(crate) fn from_text(
        path: Utf8PathBuf,
        text: String,
        environment: Option<&str>,
        report_root: &Utf8Path,
    ) -> Result<Self> {
        let shown = crate::project::paths::display(report_root, &path);
        let Some(format) = Format::of(&path) else {
            let message =
                format!("`{shown}` is neither a `.toml` nor a `.json` nor a `.jsonc`, and wrangler reads it as empty");
            return Err(Error::new(
                ErrorKind::ConfigInvalid,
                message,
                "name a wrangler configuration with `--config PATH`",
            )
            .with_location(Location::new(LocationKind::Config, shown)));
        };
        let places = Document::parse(&text, &shown, format)?;
        let mut config = Self {
            path,
            format,
            text,
            document: places.value.clone(),
            environment: environment.filter(|name| !name.is_empty()).map(str::to_owned),
            environment_defined: false,
            report_root: report_root.to_owned(),
            generated_for: None,
            places,
        };
        if !config.document.is_object() {
            let message = format!("`{shown}` is {}, and wrangler takes an object", kind_of(&config.document));
            return Err(Error::new(ErrorKind::ConfigInvalid, message, "put the settings between `{` and `}`")
                .with_location(config.locate(&[])));
        }
        config.activate()?;
        Ok(config)
    }

    /// Looks up the active environment's table; fails where wrangler fails.
    fn activate(&mut self) -> Result<()> {
        let Some(name) = self.environment.clone() else { return Ok(()) };
        let tables = match self.document.get("env") {
            None | Some(Value::Null) => return Ok(()),
            Some(Value::Object(tables)) => tables,
            Some(other) => return Err(self.not_a_table(&["env"], other)),
        };
        match tables.get(&name) {
            Some(Value::Object(_)) => {
                self.environment_defined = true;
                Ok(())
            }
            Some(other) => Err(self.not_a_table(&["env", &name], other)),
            None => Err(self.unknown_environment(&name)),
        }
    }

    fn not_a_table(&self, path: &[&str], value: &Value) -> Error {
        let message = format!("`{}` is {}, and wrangler takes a table", path.join("."), kind_of(value));
        Error::new(ErrorKind::ConfigInvalid, message, "make it a table of settings, or remove it")
            .with_location(self.locate(path))
    }

    fn unknown_environment(&self, name: &str) -> Error {
        let known = self.environments();
        let message = match known.as_slice() {
            [] => format!("there is no environment `{name}`: `env` is empty"),
            names => format!("there is no environment `{name}`: there are `{}`", names.join("`, `")),
        };
        let nearest = known
            .iter()
            .map(|candidate| (strsim::damerau_levenshtein(name, candidate), candidate))
            .filter(|(distance, candidate)| *distance <= (candidate.chars().count() / 3).max(1))
            .min_by_key(|(distance, _)| *distance);
        let hint = match nearest {
            Some((_, candidate)) => format!("did you mean `{candidate}`? Pass it with `--env {candidate}`"),
            None => format!("add `env.{name}` to the configuration, or pass one that is there with `--env`"),
        };
        Error::new(ErrorKind::EnvironmentUnknown, message, hint).with_location(self.locate(&["env"]))
    }

    /// The directory of the user's own configuration, which is wrangler's project directory with `package.json` and
    /// packages.
    pub(crate) fn dir(&self) -> &Utf8Path {
        self.generated_for.as_deref().unwrap_or(self.base())
    }

    /// The directory of the file, which wrangler resolves paths against.
    pub(crate) fn base(&self) -> &Utf8Path {
        self.path.parent().unwrap_or(Utf8Path::new("/"))
    }

    /// The location of a key, by its path from the top of the document (`["env", "develop", "main"]`, array elements by
    /// index), or of the nearest enclosing key that exists.
    pub(crate) fn locate(&self, path: &[&str]) -> Location {
        let (line, column) = line_and_column(&self.text, self.places.offset(path));
        Location::at(LocationKind::Config, crate::project::paths::display(&self.report_root, &self.path), line, column)
    }

    /// Whether the document has this key, by its path from the top, regardless of value and active environment.
    pub(crate) fn has(&self, path: &[&str]) -> bool {
        self.at(path).is_some()
    }

    /// The value at a path from the top of the document.
    pub(crate) fn at(&self, path: &[&str]) -> Option<&Value> {
        path.iter().try_fold(&self.document, |value, key| match value {
            Value::Object(map) => map.get(*key),
            Value::Array(elements) => elements.get(key.parse::<usize>().ok()?),
            _ => None,
        })
    }

    /// The names under `env`, in the document's order.
    pub(crate) fn environments(&self) -> Vec<String> {
        let tables = self.document.get("env").and_then(Value::as_object);
        tables.map(|tables| tables.keys().cloned().collect()).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests;
