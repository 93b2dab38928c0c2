//! What the editable texts of both formats have in common.

use serde_json::Value;

/// One step of a key path: `env` → `develop` → `rules` → 0.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Step {
    Key(String),
    Index(usize),
}

impl From<&str> for Step {
    fn from(key: &str) -> Self {
        Self::Key(key.to_owned())
    }
}

/// A text that can be changed in place. Each returns false where the path leads nowhere.
pub(super) trait EditableText {
    fn set(&mut self, at: &[Step], value: &Value) -> bool;
    fn append(&mut self, at: &[Step], value: &str) -> bool;
    fn remove(&mut self, at: &[Step]) -> bool;
    fn render(&self) -> String;
}
