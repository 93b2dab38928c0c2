//! The user's globs (`include`, `exclude`, `prune.keep`, `prune.exclude`), in globset's dialect.
//!
//! Also reports patterns that never matched. Patterns are anchored at both ends. Wrangler's own dialect is in `glob`.

use crate::error::{Error, ErrorKind, Result};
use globset::{GlobBuilder, GlobSet, GlobSetBuilder};

/// The patterns of one setting. `*` does not match `/`, `**` does. A pattern that matches a directory covers its
/// contents, as in `.gitignore`.
#[derive(Debug)]
pub(crate) struct Patterns {
    setting: &'static str,
    written: Vec<String>,
    /// Two globs per pattern: itself, and everything below it.
    set: GlobSet,
    used: Vec<bool>,
}

impl Patterns {
    /// `setting` is the key as the user writes it: `prune.keep`.
    ///
    /// # Errors
    /// `Settings`: a pattern that globset cannot read.
    pub(crate) fn new(setting: &'static str, patterns: &[String]) -> Result<Self> {
        let unreadable = |pattern: &str, error: &globset::Error| {
            let message = format!("`{setting}` has a pattern that cannot be read: `{pattern}`: {}", error.kind());
            Error::new(ErrorKind::Settings, message, "write a path with `*`, `**`, `?`, `[..]` or `{..}`")
        };
        let mut set = GlobSetBuilder::new();
        for pattern in patterns {
            let path = pattern.strip_prefix("./").unwrap_or(pattern).trim_matches('/');
            for glob in [path.to_owned(), format!("{path}/**")] {
                let built = GlobBuilder::new(&glob).literal_separator(true).build();
                set.add(built.map_err(|error| unreadable(pattern, &error))?);
            }
        }
        let set = set.build().map_err(|error| unreadable(&patterns.join(", "), &error))?;
        Ok(Self { setting, written: patterns.to_vec(), set, used: vec![false; patterns.len()] })
    }

    /// Whether one of the spellings of a path matches. Records which patterns matched.
    pub(crate) fn matches(&mut self, spellings: &[&str]) -> bool {
        let mut any = false;
        for index in spellings.iter().flat_map(|spelling| self.set.matches(spelling)) {
            self.used[index / 2] = true;
            any = true;
        }
        any
    }

    /// Patterns that have not matched yet, as `prune.keep: PATTERN`.
    pub(crate) fn unmatched(&self) -> Vec<String> {
        let unused = self.written.iter().zip(&self.used).filter(|(_, used)| !**used);
        unused.map(|(pattern, _)| format!("{}: {pattern}", self.setting)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn patterns(of: &[&str]) -> Patterns {
        Patterns::new("prune.keep", &of.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>()).unwrap()
    }

    #[test]
    fn patterns_are_anchored_and_cover_directories() {
        let mut set = patterns(&["numpy/*/tests/", "./data", "*.md"]);
        assert!(set.matches(&["numpy/core/tests/a/b.py"]));
        assert!(!set.matches(&["numpy/core/lib/tests/a.py"]));
        assert!(set.matches(&["x", "data/a.json"]));
        assert!(!set.matches(&["src/data/a.json", "a/b.md"]));
        assert_eq!(set.unmatched(), ["prune.keep: *.md"]);
        assert!(set.matches(&["b.md"]));
        assert!(set.unmatched().is_empty());
    }

    #[test]
    fn an_unreadable_pattern_names_the_setting() {
        let error = Patterns::new("exclude", &["[a".to_owned()]).unwrap_err();
        assert_eq!(error.kind, ErrorKind::Settings);
        assert!(error.message.contains("`exclude`") && error.message.contains("`[a`"), "{}", error.message);
    }
}
