//! The process's environment, read once and used as a value. Values are never printed: they can be secrets.

use crate::error::{Error, ErrorKind, Result};
use camino::Utf8PathBuf;
use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};

/// The process's environment, read once.
#[derive(Clone, Default)]
pub(crate) struct Environment(BTreeMap<OsString, OsString>);

impl std::fmt::Debug for Environment {
    /// Names only: values can be secrets.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

impl Environment {
    #[expect(clippy::disallowed_methods, reason = "the one place that reads it")]
    pub(crate) fn read() -> Self {
        Self(std::env::vars_os().collect())
    }

    #[cfg(test)]
    pub(crate) fn of(pairs: &[(&str, &str)]) -> Self {
        Self(pairs.iter().map(|(name, value)| (name.into(), value.into())).collect())
    }

    /// The value, if it is set, not empty and valid UTF-8.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(OsStr::new(name)).and_then(|value| value.to_str()).filter(|value| !value.is_empty())
    }

    /// Whether the variable is set to something other than empty, `0` or `false`.
    pub(crate) fn flag(&self, name: &str) -> bool {
        self.get(name).is_some_and(|value| value != "0" && value != "false")
    }

    pub(crate) fn set(&mut self, name: &str, value: impl Into<OsString>) {
        self.0.insert(name.into(), value.into());
    }

    pub(crate) fn remove(&mut self, name: &str) {
        self.0.remove(OsStr::new(name));
    }

    pub(crate) fn pairs(&self) -> impl Iterator<Item = (&OsString, &OsString)> {
        self.0.iter()
    }
}

/// The working directory of this process.
///
/// # Errors
/// `Unreadable`: the directory was removed, or its name is not UTF-8.
pub(crate) fn current_dir() -> Result<Utf8PathBuf> {
    let path = std::env::current_dir().map_err(|error| {
        Error::new(
            ErrorKind::Unreadable,
            format!("cannot determine the working directory: {error}"),
            "change to a directory that exists",
        )
    })?;
    crate::error::utf8(path)
}
