//! `saddlebag doctor --install`: installs the Pyodide that `smoke` needs from npm into saddlebag's cache.
//!
//! The directory is put in place in one step, and install scripts of packages are not run.

use super::pyodide::{self, Pyodide, TABLE};
use crate::error::{Error, ErrorKind, Result};
use crate::process;
use crate::project::Target;
use crate::terminal::Terminal;
use crate::tools::Toolchain;
use camino::{Utf8Path, Utf8PathBuf};
use std::ffi::OsString;

/// # Errors
/// `ToolMissing`: no npm. `InstallFailed`: npm failed, or brought another Python. `Unwritable`: the cache.
pub(crate) fn install(
    project_root: &Utf8Path,
    cache: &Utf8Path,
    target: &Target,
    toolchain: &Toolchain,
    terminal: &Terminal,
) -> Result<String> {
    if let Some(found) = pyodide::find(project_root, cache, target) {
        return Ok(said(&found, "is there already"));
    }
    let version = TABLE.npm(&target.python).ok_or_else(|| {
        Error::new(
            ErrorKind::InstallFailed,
            format!("no Pyodide with Python {} is known", target.python),
            "set a compatibility date whose Python saddlebag knows",
        )
    })?;
    let npm = process::find("npm", &toolchain.environment).ok_or_else(|| {
        Error::new(ErrorKind::ToolMissing, "`npm` was not found", "install Node.js with npm, and put it on the `PATH`")
    })?;
    let home = cache.join("pyodide");
    let unwritable =
        |error: &std::io::Error| Error::new(ErrorKind::Unwritable, error.to_string(), "make the cache writable");
    fs_err::create_dir_all(&home).map_err(|error| unwritable(&error))?;
    let fresh = tempfile::Builder::new().prefix("new-").tempdir_in(&home).map_err(|error| unwritable(&error))?;
    let directory = Utf8PathBuf::from_path_buf(fresh.path().to_owned()).map_err(|_| {
        Error::new(ErrorKind::Unwritable, "the cache has a name that is not UTF-8", "set `SADDLEBAG_CACHE_DIR`")
    })?;

    let step = terminal.begin(&format!("Installing pyodide {version}"));
    let words = ["install", "--no-save", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix", directory.as_str()];
    let argv: Vec<OsString> = std::iter::once(npm.as_str())
        .chain(words)
        .map(OsString::from)
        .chain([OsString::from(format!("pyodide@{version}"))])
        .collect();
    let (ended, output) = process::listen(&argv, &directory, &toolchain.environment, |line| {
        step.note(line);
        terminal.detail(line.trim_end());
    })?;
    drop(step);
    if !ended.success() {
        let message = format!("`npm install pyodide@{version}` failed with exit code {}", ended.code);
        let hint = "read what npm says above, and check the network and the registry";
        return Err(Error::new(ErrorKind::InstallFailed, message, hint).with_output(output));
    }
    let place = home.join(version);
    // Another run may have installed it first; that copy is equivalent.
    let _ = fs_err::rename(&directory, &place);
    match pyodide::find(project_root, cache, target) {
        Some(found) => Ok(said(&found, "was installed")),
        None => Err(Error::new(
            ErrorKind::InstallFailed,
            format!("pyodide {version} from npm does not have Python {}", target.python),
            "report this defect",
        )),
    }
}

fn said(found: &Pyodide, what: &str) -> String {
    format!("pyodide {} (Python {}) {what}: {}\n", found.version, found.python, found.package)
}
