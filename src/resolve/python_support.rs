//! Checks that the installed pywrangler and uv support a Python version before creating an environment for it.

use crate::error::{Error, ErrorKind, Location, LocationKind, Result};
use crate::project::Target;
use crate::tools::{Toolchain, is_older_than, minimums};
use camino::Utf8Path;

/// A pywrangler that does not know the target's Python silently vendors for an older one.
pub(super) fn check_target(toolchain: &Toolchain, target: &Target) -> Result<()> {
    check_python(toolchain, &target.python)
}

/// The same for a Python version such as `3.14`.
pub(super) fn check_python(toolchain: &Toolchain, python: &str) -> Result<()> {
    let row = minimums::python(python);
    match (row, toolchain.pywrangler.version.as_deref()) {
        (Some(row), Some(version)) if is_older_than(version, &row.minimum) => Err(Error::new(
            ErrorKind::ToolTooOld,
            format!("`pywrangler` is {version}, and Python {python} needs {} or newer", row.minimum),
            "update it: `uv tool upgrade workers-py`, or `uv add --dev workers-py`",
        )
        .with_location(Location::new(LocationKind::Tool, "pywrangler"))),
        _ => Ok(()),
    }
}

/// The Python that pywrangler installed for, read from its Pyodide environment.
pub(super) fn python_of(directory: &Utf8Path) -> Option<String> {
    let text = fs_err::read_to_string(directory.join(".venv-workers/pyodide-venv/pyvenv.cfg")).ok()?;
    let pairs = text.lines().filter_map(|line| line.split_once('='));
    pairs.filter(|(key, _)| key.trim() == "version_info").map(|(_, value)| value.trim().to_owned()).next()
}

/// Plain text without line wrapping, because a failure is shown as pywrangler printed it. All packages are copied and
/// none points to a local source: `uv pip install` reads the variable in every uv whose pywrangler supports sources.
/// pywrangler logs the commands that it starts, so that the diagnosis can run uv with the same options; `said` removes
/// those lines.
pub(super) fn sync_environment(toolchain: &Toolchain) -> crate::env::Environment {
    let mut environment = toolchain.environment.clone();
    for name in ["FORCE_COLOR", "CLICOLOR_FORCE"] {
        environment.remove(name);
    }
    environment.set("NO_COLOR", "1");
    environment.set("COLUMNS", "4000");
    environment.set("PYWRANGLER_LOG", "debug");
    environment.set("UV_NO_PROGRESS", "1");
    environment.set("UV_NO_EDITABLE", "1");
    environment
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use camino::Utf8PathBuf;

    /// A directory with these files, gone with the first value.
    pub(in crate::resolve) fn tree(files: &[(&str, &str)]) -> (tempfile::TempDir, Utf8PathBuf) {
        let dir = tempfile::tempdir().unwrap();
        let root = Utf8PathBuf::from_path_buf(dir.path().to_owned()).unwrap();
        for (name, text) in files {
            fs_err::create_dir_all(root.join(name).parent().unwrap()).unwrap();
            fs_err::write(root.join(name), text).unwrap();
        }
        (dir, root)
    }

    #[test]
    fn the_python_is_read_as_pywrangler_reads_it() {
        let text = "home = /x\nimplementation = CPython\nversion_info = 3.12.7\n";
        let (_dir, root) = tree(&[(".venv-workers/pyodide-venv/pyvenv.cfg", text)]);
        assert_eq!(python_of(&root).as_deref(), Some("3.12.7"));
        assert_eq!(python_of(&root.join("elsewhere")), None);
    }
}
