//! The shortest chain of requirements that brings a distribution into the bundle.
//!
//! A distribution that nothing requires has no chain.

use super::{Bundle, Package};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

impl Bundle {
    /// The packages that would go if these requirements were removed: they, and what only they bring in. `required_by`
    /// as in the packages, or with more entries.
    pub(crate) fn leaving(
        &self,
        without: &BTreeSet<&str>,
        required_by: &BTreeMap<String, Vec<String>>,
    ) -> Vec<&Package> {
        let stays = |without: &BTreeSet<&str>| {
            let mut stays: BTreeSet<&str> = BTreeSet::new();
            loop {
                let before = stays.len();
                for (name, by) in required_by {
                    let direct = by.iter().any(|by| by == "project") && !without.contains(name.as_str());
                    if direct || by.iter().any(|by| by != name && stays.contains(by.as_str())) {
                        stays.insert(name);
                    }
                }
                if stays.len() == before {
                    return stays;
                }
            }
        };
        let (with, without) = (stays(&BTreeSet::new()), stays(without));
        let leaves =
            |package: &&Package| with.contains(package.name.as_str()) && !without.contains(package.name.as_str());
        self.packages.iter().filter(leaves).collect()
    }

    /// From the project's requirements to a distribution: `project`, `fastapi`, `pydantic`. `None` if nothing requires
    /// it, because pywrangler adds it.
    pub(crate) fn required_by(&self, name: &str) -> Option<Vec<String>> {
        let packages: BTreeMap<&str, &Package> =
            self.packages.iter().map(|package| (package.name.as_str(), package)).collect();
        let mut came: BTreeMap<&str, &str> = BTreeMap::new();
        let mut waiting = VecDeque::from([name]);
        while let Some(at) = waiting.pop_front() {
            if at == "project" {
                let mut chain = vec![at.to_owned()];
                let mut next = at;
                while let Some(after) = came.get(next) {
                    chain.push((*after).to_owned());
                    next = after;
                }
                return Some(chain);
            }
            for by in packages.get(at).into_iter().flat_map(|package| &package.required_by) {
                if by != name && !came.contains_key(by.as_str()) {
                    came.insert(by, at);
                    waiting.push_back(by);
                }
            }
        }
        None
    }
}
