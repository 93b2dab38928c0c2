//! What a `pylock.toml` (PEP 751) says: names, versions and hashes.
//!
//! Receives a lock that uv wrote; hands on its packages. Must never write one.

use crate::error::{Error, Kind, Result};
use crate::python;
use camino::Utf8Path;
use serde::Deserialize;
use std::collections::BTreeMap;

/// One package of the lock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LockedPackage {
    /// Normalised name (PEP 503).
    pub(crate) name: String,
    pub(crate) version: Option<String>,
    /// `sha256:...` of every artifact that could be installed.
    pub(crate) hashes: Vec<String>,
}

#[derive(Deserialize)]
struct Document {
    #[serde(default)]
    packages: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    name: String,
    version: Option<String>,
    #[serde(default)]
    wheels: Vec<Artifact>,
    sdist: Option<Artifact>,
    archive: Option<Artifact>,
}

#[derive(Deserialize)]
struct Artifact {
    #[serde(default)]
    hashes: BTreeMap<String, String>,
}

/// # Errors
/// `Kind::SyncFailed` for a lock that cannot be read: it was just written by the sync.
pub(crate) fn read(path: &Utf8Path) -> Result<Vec<LockedPackage>> {
    let text = fs_err::read_to_string(path).map_err(|error| Error::unreadable(&error))?;
    parse(&text).map_err(|error| {
        Error::new(
            Kind::SyncFailed,
            format!("the lock that `pywrangler sync` wrote cannot be read: {}", error.message()),
            "run again with `--no-cache`",
        )
    })
}

pub(super) fn parse(text: &str) -> std::result::Result<Vec<LockedPackage>, toml_edit::de::Error> {
    let document: Document = toml_edit::de::from_str(text)?;
    Ok(document
        .packages
        .into_iter()
        .map(|entry| LockedPackage {
            name: python::normalize(&entry.name),
            version: entry.version,
            hashes: entry
                .wheels
                .iter()
                .chain(&entry.sdist)
                .chain(&entry.archive)
                .filter_map(|artifact| artifact.hashes.get("sha256"))
                .map(|hash| format!("sha256:{hash}"))
                .collect(),
        })
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_artifact_of_a_package_counts() {
        let lock = "lock-version = \"1.0\"\n[[packages]]\nname = \"My.Package\"\nversion = \"1.0\"\nwheels = [{ url = \"u\", hashes = { sha256 = \"aa\" } }, { url = \"v\", hashes = { sha256 = \"bb\" } }]\n\
                    [[packages]]\nname = \"local\"\ndirectory = { path = \"../x\" }\n";
        let packages = parse(lock).unwrap();
        assert_eq!(
            packages[0],
            LockedPackage {
                name: "my-package".into(),
                version: Some("1.0".into()),
                hashes: vec!["sha256:aa".into(), "sha256:bb".into()]
            }
        );
        assert_eq!(
            (packages[1].name.as_str(), packages[1].version.as_deref(), packages[1].hashes.len()),
            ("local", None, 0)
        );
    }
}
