//! Finds an npm installation of Pyodide with the target's Python version.

use crate::project::Target;
use camino::{Utf8Path, Utf8PathBuf};
use serde::{Deserialize, Serialize};
use std::sync::LazyLock;

#[derive(Debug, Deserialize)]
pub(crate) struct Table {
    pub(crate) memory: Memory,
    pub(crate) since: Since,
    entropy: Entropy,
    pyodide: Vec<MemoryRow>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Memory {
    pub(crate) bytes: u64,
    /// A fraction.
    pub(crate) warn_at: f64,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Since {
    pub(crate) pth_files: String,
    pub(crate) no_global_handlers: String,
}

#[derive(Debug, Deserialize)]
struct Entropy {
    module: Vec<Permission>,
}

/// A module that the runtime handles specially during import; boot.py interprets the fields.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Permission {
    name: String,
    #[serde(default)]
    calls: u32,
    #[serde(default)]
    create: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    callable: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hides: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    primes: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    patch: Option<String>,
    /// Applies only if the vendored SDK does not include its own.
    #[serde(default, skip_serializing)]
    packages: bool,
}

#[derive(Debug, Deserialize)]
struct MemoryRow {
    python: String,
    npm: String,
    stand_ins: Vec<String>,
}

pub(crate) static TABLE: LazyLock<Table> = LazyLock::new(|| {
    toml_edit::de::from_str(include_str!("../../data/smoke.toml")).expect("the embedded table parses: a test reads it")
});

impl Table {
    fn row(&self, python: &str) -> Option<&MemoryRow> {
        self.pyodide.iter().find(|row| row.python == python)
    }

    /// Standard library modules that the runtime has but the npm package lacks.
    pub(crate) fn stand_ins(&self, python: &str) -> Vec<&str> {
        self.row(python).map_or_else(Vec::new, |row| row.stand_ins.iter().map(String::as_str).collect())
    }

    /// Permissions for modules that request entropy during import. With `sdk_brings_some`, the SDK provides those of
    /// packages.
    pub(crate) fn permissions(&self, sdk_brings_some: bool) -> Vec<&Permission> {
        self.entropy.module.iter().filter(|module| !(sdk_brings_some && module.packages)).collect()
    }

    /// The version to install.
    pub(crate) fn npm(&self, python: &str) -> Option<&str> {
        self.row(python).map(|row| row.npm.as_str())
    }
}

/// The npm package `pyodide`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pyodide {
    /// Its directory, absolute.
    pub(crate) package: Utf8PathBuf,
    pub(crate) version: String,
    /// `3.14.2`.
    pub(crate) python: String,
}

/// The first match for the target's Python: the runtime's own version before any other, the project's `node_modules`
/// (and those above it) before the cache's `pyodide/VERSION`.
pub(crate) fn find(project_root: &Utf8Path, cache: &Utf8Path, target: &Target) -> Option<Pyodide> {
    let mut places: Vec<Utf8PathBuf> =
        project_root.ancestors().map(|directory| directory.join("node_modules/pyodide")).collect();
    let mut cached: Vec<Utf8PathBuf> =
        cache.join("pyodide").read_dir_utf8().into_iter().flatten().flatten().map(|entry| entry.into_path()).collect();
    cached.sort();
    places.extend(cached.into_iter().flat_map(|version| [version.join("node_modules/pyodide"), version]));
    let fitting: Vec<Pyodide> =
        places.iter().filter_map(|place| read(place)).filter(|found| found.fits(target)).collect();
    fitting.iter().find(|found| found.version == target.pyodide).or_else(|| fitting.first()).cloned()
}

impl Pyodide {
    fn fits(&self, target: &Target) -> bool {
        self.python.strip_prefix(target.python.as_str()).is_some_and(|rest| rest.starts_with('.'))
    }
}

fn read(package: &Utf8Path) -> Option<Pyodide> {
    let json = |name: &str| -> Option<serde_json::Value> {
        serde_json::from_slice(&fs_err::read(package.join(name)).ok()?).ok()
    };
    let manifest = json("package.json").filter(|manifest| manifest["name"] == "pyodide")?;
    let python = json("pyodide-lock.json")?["info"]["python"].as_str()?.to_owned();
    let version = manifest["version"].as_str()?.to_owned();
    Some(Pyodide { package: package.canonicalize_utf8().ok()?, version, python })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::project::target::TargetFlags;

    fn package(at: &Utf8Path, version: &str, python: &str) {
        fs_err::create_dir_all(at).unwrap();
        fs_err::write(at.join("package.json"), format!(r#"{{"name":"pyodide","version":"{version}"}}"#)).unwrap();
        fs_err::write(at.join("pyodide-lock.json"), format!(r#"{{"info":{{"python":"{python}"}}}}"#)).unwrap();
    }

    fn target(root: &Utf8Path) -> Target {
        fs_err::write(
            root.join("wrangler.toml"),
            "main = \"m.py\"\ncompatibility_date = \"2026-10-01\"\ncompatibility_flags = [\"python_workers\"]\n",
        )
        .unwrap();
        let config =
            crate::project::config::read(crate::project::config::find(root, None).unwrap(), None, root).unwrap();
        Target::resolve(&config, &TargetFlags::default()).unwrap()
    }

    #[test]
    fn the_runtimes_own_version_wins_and_another_python_is_never_taken() {
        let dir = tempfile::tempdir().unwrap();
        let root = Utf8PathBuf::from_path_buf(dir.path().canonicalize().unwrap()).unwrap();
        let (project, cache, target) = (root.join("ws/app"), root.join("cache"), target(&root));
        fs_err::create_dir_all(&project).unwrap();
        let version = || find(&project, &cache, &target).map(|found| found.version);
        assert_eq!(version(), None);
        package(&cache.join("pyodide/0.28.3"), "0.28.3", "3.13.2");
        package(&cache.join("pyodide/315.0.0"), "315.0.0", "3.140.0");
        assert_eq!(version(), None);
        package(&cache.join("pyodide/314.0.9/node_modules/pyodide"), "314.0.9", "3.14.2");
        assert_eq!(version().as_deref(), Some("314.0.9"));
        package(&root.join("ws/node_modules/pyodide"), "314.0.8", "3.14.2");
        assert_eq!(version().as_deref(), Some("314.0.8"));
        package(&cache.join("pyodide/exact"), &target.pyodide, "3.14.2");
        assert_eq!(version(), Some(target.pyodide.clone()));
    }

    #[test]
    fn the_table_has_a_version_for_every_python_and_its_figures_are_sane() {
        for python in ["3.12", "3.13", "3.14"] {
            assert!(TABLE.npm(python).is_some(), "{python}");
        }
        assert_eq!(TABLE.npm("3.11"), None);
        assert_eq!(TABLE.memory.bytes, 128 * 1024 * 1024);
        assert!(TABLE.stand_ins("3.13").contains(&"ssl") && TABLE.stand_ins("3.14").is_empty());
    }
}
