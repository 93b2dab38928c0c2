//! Lists the distributions installed in the project's own virtual environment, for comparison with the bundle.
//!
//! Only metadata is read; no interpreter is started. An environment that cannot be read counts as missing.

use crate::python::distribution::{self, Distribution};
use camino::{Utf8Path, Utf8PathBuf};
use std::collections::BTreeMap;

/// A distribution in the project's virtual environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct HostDistribution {
    /// Normalised name (PEP 503).
    pub(crate) name: String,
    pub(crate) version: String,
    /// Total size of its files by RECORD, in bytes, without scripts outside site-packages.
    pub(crate) bytes: u64,
}

/// Installed distributions, sorted by name and unique; `None` if the project has no virtual environment of its own.
///
/// Looks in `.venv` below `root`, then `venv`. `VIRTUAL_ENV` is ignored: it often belongs to another project, and one
/// project's report would differ between terminals.
pub(crate) fn installed(root: &Utf8Path) -> Option<Vec<HostDistribution>> {
    let environment =
        [".venv", "venv"].iter().map(|name| root.join(name)).find(|path| path.join("pyvenv.cfg").is_file())?;
    let mut found: BTreeMap<String, HostDistribution> = BTreeMap::new();
    for tree in site_packages(&environment) {
        for distribution in distribution::read_all(&tree).ok()? {
            let bytes = distribution::recorded_bytes(&tree, &distribution.dist_info).ok()?;
            let (name, version) = (distribution.name, distribution.version);
            found.entry(name.clone()).or_insert(HostDistribution { name, version, bytes });
        }
    }
    Some(found.into_values().collect())
}

/// The same distributions with their files and requirements; empty if there is no environment.
pub(crate) fn distributions(root: &Utf8Path) -> Vec<Distribution> {
    let environment =
        [".venv", "venv"].iter().map(|name| root.join(name)).find(|path| path.join("pyvenv.cfg").is_file());
    let trees = environment.map(|environment| site_packages(&environment)).unwrap_or_default();
    trees.iter().flat_map(|tree| distribution::read_all(tree).unwrap_or_default()).collect()
}

/// `lib/python3.14/site-packages`, and `Lib/site-packages` as Windows has it.
fn site_packages(environment: &Utf8Path) -> Vec<Utf8PathBuf> {
    let mut trees = vec![environment.join("Lib/site-packages")];
    if let Ok(entries) = environment.join("lib").read_dir_utf8() {
        let pythons = entries.flatten().filter(|entry| entry.file_name().starts_with("python"));
        trees.extend(pythons.map(|entry| entry.path().join("site-packages")));
    }
    trees.retain(|tree| tree.is_dir());
    trees.sort();
    trees
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(files: &[(&str, &str)]) -> (tempfile::TempDir, Utf8PathBuf) {
        let directory = tempfile::tempdir().unwrap();
        let root = Utf8PathBuf::from_path_buf(directory.path().to_path_buf()).unwrap();
        for (name, text) in files {
            let path = root.join(name);
            fs_err::create_dir_all(path.parent().unwrap()).unwrap();
            fs_err::write(path, text).unwrap();
        }
        (directory, root)
    }

    #[test]
    fn the_environment_of_the_project_is_weighed_by_record() {
        let site = ".venv/lib/python3.14/site-packages";
        let (_guard, root) = environment(&[
            (".venv/pyvenv.cfg", "home = /usr/bin\n"),
            (&format!("{site}/Py_Dantic-2.9.dist-info/METADATA"), "Name: Py_Dantic\nVersion: 2.9\n\n"),
            (
                &format!("{site}/Py_Dantic-2.9.dist-info/RECORD"),
                "py_dantic/a.py,sha256=x,1000\npy_dantic/unsized.py,,\ngone.py,,\n../../../bin/tool,sha256=y,77\n",
            ),
            (&format!("{site}/py_dantic/unsized.py"), "12345"),
            (&format!("{site}/bare-1.dist-info/METADATA"), "Name: bare\nVersion: 1\n\n"),
            (&format!("{site}/bare.py"), "123"),
        ]);
        let bare = "Name: bare\nVersion: 1\n\n".len() + "123".len();
        let expected = [
            HostDistribution { name: "bare".into(), version: "1".into(), bytes: bare as u64 },
            HostDistribution { name: "py-dantic".into(), version: "2.9".into(), bytes: 1005 },
        ];
        assert_eq!(installed(&root).unwrap(), expected);
    }

    #[test]
    fn no_environment_is_not_an_empty_one() {
        let (_guard, root) = environment(&[(".venv/lib/python3.14/site-packages/x.py", "")]);
        assert_eq!(installed(&root), None, "no pyvenv.cfg: not an environment");
        let (_guard, root) = environment(&[("venv/pyvenv.cfg", ""), (".venv/readme", "")]);
        assert_eq!(installed(&root), Some(Vec::new()));
    }
}
