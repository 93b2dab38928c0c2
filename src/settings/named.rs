//! A file that the user names, relative to where the name was written.

use super::layered::Layered;
use crate::error::Location;
use camino::Utf8PathBuf;

/// A baseline that the user names.
#[derive(Debug, Clone)]
pub(crate) enum Named {
    /// By the flag or the variable: relative to where saddlebag was started.
    Outright(Utf8PathBuf),
    /// By `growth.baseline`: relative to the project.
    Setting(Utf8PathBuf, Location),
}

impl Layered for Named {}
