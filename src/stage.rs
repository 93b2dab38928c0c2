//! Writes the planned bundle to disk, so that pywrangler uploads exactly that.
//!
//! The layout is described in docs/architecture.md. All stages are written here. The user's tree is changed only below
//! `.wrangler/saddlebag` or in the directory given with `--out`; the one exception is `write_back`. A failed run leaves
//! no partial stage.

mod edits;
mod exported;
mod inside;
mod modules;
mod paths;
mod templates;
mod write_back;

#[cfg(test)]
mod config_tests;
#[cfg(test)]
mod export_tests;
#[cfg(test)]
mod paths_tests;
#[cfg(test)]
mod tests;

use crate::bundle::{Bundle, Module};
use crate::error::{Error, ErrorKind, Result};
use crate::gates::{Cleared, MadeFrom};
use crate::project::document::EditableDocument;
use crate::project::document::Format;
use camino::{Utf8Path, Utf8PathBuf};
use edits::Staged;
use exported::Export;
use inside::StageLock;
use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

pub(crate) use templates::entry_shim;
pub(crate) use write_back::WrittenBack;

/// 2001-09-09, older than any sync token. pywrangler syncs if these files are newer than the tokens.
const LONG_AGO: Duration = Duration::from_secs(1_000_000_000);
const PYPROJECT: &str = "pyproject.toml";
const LOCK: &str = "pylock.toml";
const VIRTUAL_ENVIRONMENT: &str = ".venv-workers";

/// The user's wrangler configuration, unchanged.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ConfigSource<'a> {
    /// Absolute.
    pub(crate) path: &'a Utf8Path,
    pub(crate) text: &'a str,
    pub(crate) format: Format,
}

/// What is to be staged.
#[derive(Debug, Clone, Copy)]
pub(crate) struct StageRequest<'a> {
    /// Absolute.
    pub(crate) project_root: &'a Utf8Path,
    /// The directory of the user's configuration and of its `package.json`; absolute.
    pub(crate) users_config_dir: &'a Utf8Path,
    pub(crate) config: ConfigSource<'a>,
    /// The active environment, `None` for the top level. Its `main` must be the staged one.
    pub(crate) environment: Option<&'a str>,
    /// Only a bundle that passed the gates can be staged.
    pub(crate) bundle: &'a Cleared<Bundle>,
    /// The text of pywrangler's sync tokens: the version of workers-py.
    pub(crate) token: &'a str,
    /// A `pylock.toml` of the vendored packages.
    pub(crate) lock: Option<&'a Utf8Path>,
    /// PEP 508.
    pub(crate) requirements: &'a [String],
    /// `3.14`
    pub(crate) python: &'a str,
    /// Prefix for the globs of `rules`, because the module root moved up: `src/` or empty.
    pub(crate) glob_prefix: &'a str,
    /// `build.command` has run already.
    pub(crate) drop_build_command: bool,
}

/// Where the stage goes.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Destination<'a> {
    /// A new directory below the project's `.wrangler/saddlebag`.
    Inside,
    /// This directory, which must not exist or be empty. It gets a `deploy.sh`.
    Directory(&'a Utf8Path),
}

/// A bundle on disk. Removed when it is dropped, unless it is kept.
#[derive(Debug)]
pub(crate) struct Stage {
    /// Absolute.
    pub(crate) dir: Utf8PathBuf,
    /// The staged configuration, absolute: `wrangler.toml` or `wrangler.jsonc`.
    pub(crate) config: Utf8PathBuf,
    /// The staged configuration as it was written.
    config_text: String,
    ground: Option<Location>,
}

impl MadeFrom<Bundle> for Stage {}

impl Stage {
    fn open(project_root: &Utf8Path, at: Destination<'_>, config_name: &str) -> Result<Self> {
        let ground = Location::open(project_root, at)?;
        let dir = ground.draft()?;
        Ok(Self { config: dir.join(config_name), dir, config_text: String::new(), ground: Some(ground) })
    }

    /// Moves an exported stage from its temporary directory to the requested one.
    fn finalize(&mut self, config_name: &str) -> Result<()> {
        if let Some(Location::Exported(export)) = &mut self.ground {
            export.finalize()?;
            self.dir.clone_from(&export.target);
            self.config = self.dir.join(config_name);
        }
        Ok(())
    }

    /// The staged file of a module, by upload name. Errors: `Internal` for an invalid name.
    pub(crate) fn file(&self, name: &str) -> Result<Utf8PathBuf> {
        Ok(self.dir.join(modules::staged_path(name)?))
    }

    /// Keeps the stage permanently and returns its directory.
    pub(crate) fn keep(mut self) -> Utf8PathBuf {
        match self.ground.take() {
            Some(Location::Inside(claim)) => claim.keep(),
            _ => self.dir.clone(),
        }
    }

    /// Removes the stage and every directory that was made for it. Errors: `Unwritable`.
    pub(crate) fn remove(mut self) -> Result<()> {
        self.ground.take().map_or(Ok(()), Location::remove)
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        // Ignored: the failure that led here is the one to report.
        let _ = self.ground.take().map(Location::remove);
    }
}

/// The directory of the stage, and how to remove it.
#[derive(Debug)]
enum Location {
    Inside(StageLock),
    Exported(Export),
}

impl Location {
    fn open(project_root: &Utf8Path, at: Destination<'_>) -> Result<Self> {
        Ok(match at {
            Destination::Inside => Self::Inside(StageLock::new(project_root)?),
            Destination::Directory(directory) => Self::Exported(Export::new(directory)?),
        })
    }

    /// Where to write.
    fn draft(&self) -> Result<Utf8PathBuf> {
        match self {
            Self::Inside(claim) => Ok(claim.stage.clone()),
            Self::Exported(export) => export.draft(),
        }
    }

    fn remove(self) -> Result<()> {
        match self {
            Self::Inside(claim) => claim.remove(),
            Self::Exported(export) => export.remove(),
        }
    }
}

/// The contents of a stage, computed before anything is written.
struct Contents<'a> {
    modules: BTreeMap<Utf8PathBuf, &'a Module>,
    config_name: &'static str,
    config: String,
    /// The deploy script of an exported stage.
    script: Option<String>,
}

/// Writes the stage. Errors: `ConfigSyntax`; `Usage` for a directory that holds something; `Unreadable` for a source,
/// `Unwritable` for the stage; `Internal` for a bundle that cannot be staged. On every error what was written is gone.
pub(crate) fn write(request: &StageRequest<'_>, at: Destination<'_>) -> Result<Stage> {
    let contents = contents(request, at)?;
    let mut stage = Stage::open(request.project_root, at, contents.config_name)?;
    // From here on a failure, even a panic, drops the stage, which removes it.
    fill(&stage.dir, request, &contents)?;
    stage.finalize(contents.config_name)?;
    age(&stage.dir)?;
    stage.config_text = contents.config;
    Ok(stage)
}

fn contents<'a>(request: &StageRequest<'a>, at: Destination<'_>) -> Result<Contents<'a>> {
    let modules = modules::placed(&request.bundle.value().modules)?;
    let main = Utf8Path::new(modules::WORKER).join(&request.bundle.value().main_module);
    if !modules.contains_key(&main) {
        let message = format!("the main module `{}` is not part of the bundle", request.bundle.value().main_module);
        return Err(Error::new(ErrorKind::Internal, message, "report this defect"));
    }
    let config_name = match request.config.format {
        Format::Toml => "wrangler.toml",
        Format::Json => "wrangler.jsonc",
    };
    Ok(Contents {
        modules,
        config_name,
        config: staged_config(request)?,
        script: matches!(at, Destination::Directory(_)).then(|| templates::deploy_script(config_name)),
    })
}

/// The user's configuration with the edits that describe the stage.
fn staged_config(request: &StageRequest<'_>) -> Result<String> {
    let source = request.config;
    let directory = source.path.parent().unwrap_or(request.project_root);
    let name = crate::project::display(request.project_root, source.path);
    let vendored_bytecode =
        |module: &Module| module.name.starts_with("python_modules/") && module.name.ends_with(".pyc");
    let mut document = EditableDocument::parse(&name, source.text, source.format)?;
    let staged = Staged {
        main: format!("{}/{}", modules::WORKER, request.bundle.value().main_module),
        environment: request.environment,
        glob_prefix: request.glob_prefix,
        drop_build_command: request.drop_build_command,
        holds_bytecode: request.bundle.value().modules.iter().any(vendored_bytecode),
        directory,
    };
    for edit in edits::plan(&document.value, &paths::path_keys()?, &staged) {
        if !document.apply(&edit) {
            let message = format!("`{}` of `{name}` cannot be changed", edit.at);
            return Err(Error::new(ErrorKind::Internal, message, "write the key as a table of its own and run again"));
        }
    }
    Ok(document.render())
}

fn fill(stage: &Utf8Path, request: &StageRequest<'_>, contents: &Contents<'_>) -> Result<()> {
    modules::write(stage, &contents.modules)?;
    write_file(&stage.join(contents.config_name), &contents.config)?;
    write_file(&stage.join(PYPROJECT), templates::pyproject(request.requirements, request.python))?;
    if let Some(lock) = request.lock {
        let lock = fs_err::read_to_string(lock).map_err(|error| Error::unreadable(&error))?;
        write_file(&stage.join(LOCK), templates::without_credentials(&lock))?;
    }
    // wrangler reports the dependencies of the `package.json` beside the configuration.
    let package = request.users_config_dir.join("package.json");
    if package.is_file() {
        copy_file(&package, &stage.join("package.json"))?;
    }
    if let Some(script) = &contents.script {
        let path = stage.join("deploy.sh");
        write_file(&path, script)?;
        make_executable(&path)?;
    }
    let environment = stage.join(VIRTUAL_ENVIRONMENT);
    fs_err::create_dir(&environment).map_err(|error| Error::unwritable(&error))?;
    write_file(&environment.join(modules::TOKEN), request.token)?;
    write_file(&stage.join(modules::VENDORED).join(modules::TOKEN), request.token)
}

/// Makes the tokens newer than what pywrangler compares them with. Last, because copying makes files new.
fn age(stage: &Utf8Path) -> Result<()> {
    for path in [stage.join(PYPROJECT), stage.join(LOCK)] {
        if path.exists() {
            fs_err::OpenOptions::new()
                .write(true)
                .open(&path)
                .and_then(|file| file.set_modified(SystemTime::UNIX_EPOCH + LONG_AGO))
                .map_err(|error| Error::unwritable(&error))?;
        }
    }
    Ok(())
}

fn write_file(path: &Utf8Path, text: impl AsRef<[u8]>) -> Result<()> {
    fs_err::write(path, text).map_err(|error| Error::unwritable(&error))
}

/// Content only: neither the mode nor a link of the source.
fn copy_file(from: &Utf8Path, to: &Utf8Path) -> Result<()> {
    let bytes = fs_err::read(from).map_err(|error| Error::unreadable(&error))?;
    write_file(to, bytes)
}

#[cfg(unix)]
fn make_executable(path: &Utf8Path) -> Result<()> {
    use std::os::unix::fs::PermissionsExt;
    fs_err::set_permissions(path, PermissionsExt::from_mode(0o755)).map_err(|error| Error::unwritable(&error))
}

#[cfg(not(unix))]
fn make_executable(_: &Utf8Path) -> Result<()> {
    Ok(())
}
