//! By which requirements a distribution is in the bundle.
//!
//! Receives the bundle's packages; hands on the shortest chain. Must never guess: what nobody requires has none.

use super::{Bundle, Package};
use std::collections::{BTreeMap, VecDeque};

impl Bundle {
    /// From the project's requirements to a distribution: `project`, `fastapi`, `pydantic`. `None`: nothing requires it,
    /// pywrangler adds it.
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
