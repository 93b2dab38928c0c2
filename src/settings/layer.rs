//! How a value is read from a flag or a variable, and which layer's value wins.

use super::layered::Layered;
use super::named::Named;
use super::values::Seconds;
use crate::bundle::prune::DistInfo;
use crate::cli::Format;
use crate::env::Environment;
use crate::error::{Error, ErrorKind, Result};
use crate::layout::NamespaceSetting;
use crate::project::requirements::Chosen;
use camino::Utf8PathBuf;

impl Layered for bool {}
impl Layered for DistInfo {}
impl Layered for Format {}
impl Layered for NamespaceSetting {}
impl Layered for Utf8PathBuf {}
impl Layered for Vec<Chosen> {}
impl Layered for Vec<String> {}

/// A value that a variable can have.
pub(super) trait FromVariable: Sized {
    /// `None`: the variable is not set, or empty.
    ///
    /// # Errors
    /// `Settings`, with the name and the value.
    fn from_variable(environment: &Environment, name: &str) -> Result<Option<Self>>;
}

/// A value that a flag, of clap's type `F`, can have.
pub(super) trait FromFlag<F>: Sized {
    /// `None`: the flag was not given.
    ///
    /// # Errors
    /// `Usage` or `Settings`, with the value.
    fn from_flag(flag: &F, name: &str) -> Result<Option<Self>>;
}

impl FromVariable for Utf8PathBuf {
    fn from_variable(environment: &Environment, name: &str) -> Result<Option<Self>> {
        Ok(environment.get(name).map(Self::from))
    }
}

impl FromVariable for bool {
    /// A variable only switches something on: `0` leaves it to the layers below.
    fn from_variable(environment: &Environment, name: &str) -> Result<Option<Self>> {
        Ok(environment.flag(name).then_some(true))
    }
}

impl FromVariable for Named {
    fn from_variable(environment: &Environment, name: &str) -> Result<Option<Self>> {
        Ok(environment.get(name).map(|path| Self::Outright(path.into())))
    }
}

impl FromVariable for Seconds {
    fn from_variable(environment: &Environment, name: &str) -> Result<Option<Self>> {
        let parse = |text: &str| text.parse().ok().filter(|seconds| *seconds > 0).map(Self);
        parsed(environment, name, parse, "a number of seconds", "for instance, `120`")
    }
}

impl FromVariable for Format {
    fn from_variable(environment: &Environment, name: &str) -> Result<Option<Self>> {
        let expected = concat!("a format of saddlebag ", env!("CARGO_PKG_VERSION"));
        parsed(environment, name, super::values::keyword, expected, &super::values::any_of::<Self>("or"))
    }
}

impl FromVariable for NamespaceSetting {
    fn from_variable(environment: &Environment, name: &str) -> Result<Option<Self>> {
        let expected = format!("one of {}", super::values::any_of::<Self>("and"));
        parsed(environment, name, super::values::keyword, &expected, &super::values::any_of::<Self>("or"))
    }
}

/// The value of a variable that is set. `expected` says what it should be, `choices` what to set it to.
fn parsed<T>(
    environment: &Environment,
    name: &str,
    parse: impl Fn(&str) -> Option<T>,
    expected: &str,
    choices: &str,
) -> Result<Option<T>> {
    let Some(value) = environment.get(name) else { return Ok(None) };
    let invalid = || {
        let message = format!("`{name}={value}` is not {expected}");
        Error::new(ErrorKind::Settings, message, format!("set it to {choices}"))
    };
    parse(value).map(Some).ok_or_else(invalid)
}

impl FromFlag<Self> for bool {
    fn from_flag(flag: &Self, _: &str) -> Result<Option<Self>> {
        Ok(flag.then_some(true))
    }
}

impl FromFlag<Option<Utf8PathBuf>> for Named {
    fn from_flag(flag: &Option<Utf8PathBuf>, _: &str) -> Result<Option<Self>> {
        Ok(flag.clone().map(Self::Outright))
    }
}

/// clap has parsed it.
impl<T: Clone> FromFlag<Option<T>> for T {
    fn from_flag(flag: &Option<T>, _: &str) -> Result<Option<T>> {
        Ok(flag.clone())
    }
}
