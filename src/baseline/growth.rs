//! The difference between a baseline and a bundle, package by package. What is the same in both is left out.

use super::{Baseline, Share};
use std::collections::BTreeSet;

/// The difference between a baseline and a bundle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Growth {
    /// The file, as reports show it.
    pub(crate) baseline: String,
    /// The Python and the environment that the baseline is of.
    pub(crate) python: String,
    pub(crate) environment: Option<String>,
    pub(crate) raw: Weights,
    pub(crate) gzip: Weights,
    /// The project's own files.
    pub(crate) project: Weights,
    /// Sorted by name.
    pub(crate) packages: Vec<Moved>,
}

/// Bytes then and now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Weights {
    pub(crate) before: u64,
    pub(crate) after: u64,
}

impl Weights {
    /// How much more it is; 0 where it is less.
    pub(crate) fn grown(self) -> u64 {
        self.after.saturating_sub(self.before)
    }
}

/// One distribution that was added, removed, or has another version or size.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Moved {
    pub(crate) name: String,
    pub(crate) before: Option<Share>,
    pub(crate) after: Option<Share>,
}

impl Moved {
    pub(crate) fn change(&self) -> &'static str {
        match (&self.before, &self.after) {
            (None, _) => "added",
            (Some(_), None) => "removed",
            (Some(_), Some(_)) => "changed",
        }
    }

    pub(crate) fn weights(&self) -> Weights {
        let bytes = |share: &Option<Share>| share.as_ref().map_or(0, |share| share.raw_bytes);
        Weights { before: bytes(&self.before), after: bytes(&self.after) }
    }

    /// `1.2`, or `1.1 -> 1.2` where the version has changed.
    pub(crate) fn versions(&self) -> String {
        match (&self.before, &self.after) {
            (Some(before), Some(after)) if before.version != after.version => {
                format!("{} -> {}", before.version, after.version)
            }
            (Some(share), None) | (_, Some(share)) => share.version.clone(),
            (None, None) => String::new(),
        }
    }
}

impl Baseline {
    /// From this one to `now`; `shown` is the file's name.
    pub(crate) fn growth(&self, now: &Self, shown: String) -> Growth {
        let names: BTreeSet<&String> = self.packages.keys().chain(now.packages.keys()).collect();
        let moved = |name: &String| Moved {
            name: name.clone(),
            before: self.packages.get(name).cloned(),
            after: now.packages.get(name).cloned(),
        };
        Growth {
            baseline: shown,
            python: self.python.clone(),
            environment: self.environment.clone(),
            raw: Weights { before: self.raw_bytes, after: now.raw_bytes },
            gzip: Weights { before: self.gzip_bytes, after: now.gzip_bytes },
            project: Weights { before: self.project, after: now.project },
            packages: names.into_iter().map(moved).filter(|moved| moved.before != moved.after).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::baseline::of_packages;

    #[test]
    fn what_came_went_and_changed_is_told_and_what_stayed_is_not() {
        let before = of_packages(10, &[("gone", "1", 5), ("heavier", "1", 5), ("newer", "1", 5), ("same", "1", 5)]);
        let after = of_packages(12, &[("came", "1", 5), ("heavier", "1", 9), ("newer", "2", 5), ("same", "1", 5)]);
        let growth = before.growth(&after, "b.toml".into());
        let lines: Vec<String> = growth
            .packages
            .iter()
            .map(|moved| format!("{} {} {} {:?}", moved.name, moved.change(), moved.versions(), moved.weights()))
            .collect();
        insta::assert_snapshot!(lines.join("\n"), @"
        came added 1 Weights { before: 0, after: 5 }
        gone removed 1 Weights { before: 5, after: 0 }
        heavier changed 1 Weights { before: 5, after: 9 }
        newer changed 1 -> 2 Weights { before: 5, after: 5 }
        ");
        assert_eq!((growth.raw.grown(), growth.project.grown()), (6, 2));
        assert_eq!(after.growth(&before, String::new()).raw.grown(), 0);
    }
}
