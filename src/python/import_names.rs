//! Which distribution provides a module of another name: `yaml` is `pyyaml`'s.

use std::collections::BTreeMap;
use std::sync::LazyLock;

#[derive(serde::Deserialize)]
struct DistributionTable {
    /// By import name, dotted for one package of a shared namespace.
    distributions: BTreeMap<String, String>,
}

static TABLE: LazyLock<DistributionTable> = LazyLock::new(|| {
    toml_edit::de::from_str(include_str!("../../data/import-names.toml"))
        .unwrap_or_else(|error| unreachable!("data/import-names.toml is part of the program and tested: {error}"))
});

/// The distribution that provides a dotted name, if its name is another: the longest name in the table wins.
pub(crate) fn distribution_of(dotted: &str) -> Option<&'static str> {
    let ends = dotted.match_indices('.').map(|(at, _)| at).chain([dotted.len()]);
    let longest_first: Vec<usize> = ends.collect();
    longest_first.iter().rev().find_map(|end| TABLE.distributions.get(&dotted[..*end])).map(String::as_str)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::python::{is_identifier, normalize};

    #[test]
    fn distributions_are_found_by_the_longest_import_name() {
        for (module, distribution) in [
            ("yaml", Some("pyyaml")),
            ("PIL.Image", Some("pillow")),
            ("google.protobuf.message", Some("protobuf")),
            ("google.cloud.storage", Some("google-cloud-storage")),
            ("google", None),
            ("google.unheard_of", None),
            ("fastapi", None),
            ("pil", None),
        ] {
            assert_eq!(distribution_of(module), distribution, "{module}");
        }
    }

    #[test]
    fn every_row_says_something_that_its_name_does_not() {
        assert!(TABLE.distributions.len() > 60);
        for (module, distribution) in &TABLE.distributions {
            assert!(module.split('.').all(is_identifier), "{module}");
            assert!(*module != *distribution && !normalize(distribution).is_empty(), "{module}");
        }
    }
}
