//! Errors that stop saddlebag, and their exit codes.
//!
//! Findings of gates are not errors: an error means that the checks could not run.

use camino::Utf8PathBuf;
use std::fmt;

pub(crate) type Result<T> = std::result::Result<T, Error>;

/// Kinds of errors. `code()` is the name in the report, `exit()` the exit code of the process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ErrorKind {
    /// An invalid flag or argument.
    Usage,
    /// An invalid setting in `[tool.saddlebag]` or `SADDLEBAG_*`.
    Settings,
    /// No wrangler configuration was found.
    ConfigMissing,
    /// More than one wrangler configuration: wrangler and pywrangler would read different ones.
    ConfigAmbiguous,
    /// A configuration file (wrangler's, or `pyproject.toml`) that is not valid TOML, JSON or JSONC.
    ConfigSyntax,
    /// A configuration that parses but cannot be used.
    ConfigInvalid,
    /// `--env NAME` or `CLOUDFLARE_ENV` names an environment that the configuration does not have.
    EnvironmentUnknown,
    /// `main` is not set, or is not a file.
    MainMissing,
    /// A line of the requirements file that does not parse or cannot be vendored.
    Requirements,
    /// A requested baseline that is missing, does not parse, or is not a baseline.
    Baseline,
    /// A file or directory that cannot be read, or has a name that is not UTF-8.
    Unreadable,
    /// A required program is missing.
    ToolMissing,
    /// A required program is too old.
    ToolTooOld,
    /// `build.command` of the configuration failed.
    BuildFailed,
    /// Pyodide could not be installed.
    InstallFailed,
    /// `pywrangler sync` failed.
    SyncFailed,
    /// Writing failed: no space, a read-only project, no permission.
    Unwritable,
    /// Ctrl-C, SIGTERM or SIGHUP, by signal number.
    Interrupted(i32),
    /// A bug in saddlebag.
    Internal,
}

impl ErrorKind {
    /// The kebab-case `error.code` of the report.
    pub(crate) fn code(self) -> &'static str {
        match self {
            Self::Usage => "usage",
            Self::Settings => "settings",
            Self::ConfigMissing => "config-missing",
            Self::ConfigAmbiguous => "config-ambiguous",
            Self::ConfigSyntax => "config-syntax",
            Self::ConfigInvalid => "config-invalid",
            Self::EnvironmentUnknown => "environment-unknown",
            Self::MainMissing => "main-missing",
            Self::Requirements => "requirements",
            Self::Baseline => "baseline",
            Self::Unreadable => "unreadable",
            Self::ToolMissing => "tool-missing",
            Self::ToolTooOld => "tool-too-old",
            Self::BuildFailed => "build-failed",
            Self::InstallFailed => "install-failed",
            Self::SyncFailed => "sync-failed",
            Self::Unwritable => "unwritable",
            Self::Interrupted(_) => "interrupted",
            Self::Internal => "internal",
        }
    }

    /// 2: usage or configuration error. 4: the work could not be done. 128+n: ended by signal n.
    pub(crate) fn exit(self) -> i32 {
        match self {
            Self::Usage
            | Self::Settings
            | Self::ConfigMissing
            | Self::ConfigAmbiguous
            | Self::ConfigSyntax
            | Self::ConfigInvalid
            | Self::EnvironmentUnknown
            | Self::MainMissing
            | Self::Requirements
            | Self::Baseline => 2,
            Self::Unreadable
            | Self::ToolMissing
            | Self::ToolTooOld
            | Self::BuildFailed
            | Self::InstallFailed
            | Self::SyncFailed
            | Self::Unwritable
            | Self::Internal => 4,
            Self::Interrupted(signal) => 128 + signal,
        }
    }
}

/// What a location points at; the report's `location.kind`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum LocationKind {
    File,
    Module,
    Package,
    Config,
    Requirement,
    Tool,
}

/// A location: a path (relative to the project if inside it) or a name, with line and column from 1.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
pub(crate) struct Location {
    pub(crate) kind: LocationKind,
    pub(crate) path: String,
    pub(crate) line: Option<u32>,
    pub(crate) column: Option<u32>,
}

impl Location {
    pub(crate) fn new(kind: LocationKind, path: impl Into<String>) -> Self {
        Self { kind, path: path.into(), line: None, column: None }
    }

    pub(crate) fn at(kind: LocationKind, path: impl Into<String>, line: u32, column: u32) -> Self {
        Self { kind, path: path.into(), line: Some(line), column: Some(column) }
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.path)?;
        if let Some(line) = self.line {
            write!(f, ":{line}")?;
            if let Some(column) = self.column {
                write!(f, ":{column}")?;
            }
        }
        Ok(())
    }
}

/// An error: message, location and one hint in the imperative.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub(crate) struct Error {
    pub(crate) kind: ErrorKind,
    /// A lowercase fragment without a full stop; names in backticks.
    pub(crate) message: String,
    pub(crate) location: Option<Box<Location>>,
    /// One line, imperative; empty only if nothing can be done.
    pub(crate) hint: String,
    /// Full output of another program, shown below the message.
    pub(crate) output: Option<Box<str>>,
}

impl Error {
    pub(crate) fn new(kind: ErrorKind, message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { kind, message: message.into(), location: None, hint: hint.into(), output: None }
    }

    #[must_use]
    pub(crate) fn with_location(mut self, location: Location) -> Self {
        self.location = Some(Box::new(location));
        self
    }

    #[must_use]
    pub(crate) fn with_output(mut self, output: impl Into<String>) -> Self {
        self.output = Some(output.into().into_boxed_str());
        self
    }

    /// A user or cache file could not be read. `error` is from `fs_err` and names the path.
    pub(crate) fn unreadable(error: &std::io::Error) -> Self {
        Self::new(ErrorKind::Unreadable, error.to_string(), "make the file readable, or take it out of the project")
    }

    /// A file or directory could not be written. `error` is from `fs_err` and names the path.
    pub(crate) fn unwritable(error: &std::io::Error) -> Self {
        let hint = match error.kind() {
            std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => "free some space and run again",
            std::io::ErrorKind::ReadOnlyFilesystem | std::io::ErrorKind::PermissionDenied => {
                "make the directory writable: a deploy stages under `.wrangler/saddlebag` of the project"
            }
            _ => "look at the path and run again",
        };
        Self::new(ErrorKind::Unwritable, error.to_string(), hint)
    }

    pub(crate) fn not_utf8(path: &std::path::Path) -> Self {
        Self::new(
            ErrorKind::Unreadable,
            format!("the name of `{}` is not UTF-8, and a Worker's module names must be", path.display()),
            "rename the file, or exclude it",
        )
    }
}

/// Converts a path to UTF-8, or fails if it is not UTF-8.
pub(crate) fn utf8(path: impl Into<std::path::PathBuf>) -> Result<Utf8PathBuf> {
    Utf8PathBuf::from_path_buf(path.into()).map_err(|path| Error::not_utf8(&path))
}
