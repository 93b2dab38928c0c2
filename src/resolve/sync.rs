//! Runs `pywrangler sync` in the sync workspace and checks the resulting tree.
//!
//! A tree is rejected if it is for another Python, was made by another pywrangler than the one that deploys, or
//! contains path pointers instead of packages.

use super::explain::{self, Meaning, Unresolved};
use super::python_support::{python_of, sync_environment};
use super::workspace::{self, Plan};
use super::{Case, FALLS, MARK, Mark, cache_unwritable, now, remove};
use crate::error::{Error, ErrorKind, Result};
use crate::process;
use crate::tools::Toolchain;
use camino::Utf8Path;

/// How a finished sync ended.
#[derive(Debug)]
pub(super) enum Synced {
    Done,
    Unresolved(Box<Unresolved>),
}

/// Recreates the entry. If this is interrupted, the marker file is missing and the next run starts over.
pub(super) fn sync(directory: &Utf8Path, case: &Case<'_>) -> Result<Synced> {
    remove(directory)?;
    workspace::write(directory, case.plan).map_err(|error| cache_unwritable(&error))?;
    let result = run_sync(directory, case);
    if !matches!(result, Ok(Synced::Done)) {
        remove(directory)?;
    }
    result
}

fn run_sync(directory: &Utf8Path, case: &Case<'_>) -> Result<Synced> {
    let Case { plan, toolchain, terminal, .. } = *case;
    let what = format!("Resolving and installing {} for Python {}", plan.what, plan.python);
    let step = if plan.fetches_by_ssh() { terminal.begin_still(&what) } else { terminal.begin(&what) };
    let mut argv = toolchain.pywrangler.program.argv.clone();
    argv.push("sync".into());
    let (ended, output) = process::listen(&argv, directory, &sync_environment(toolchain), |line| {
        step.note(line);
        terminal.detail(line.trim_end());
    })?;
    drop(step);
    // pywrangler pads its lines to the terminal width.
    let output: String = output.lines().map(|line| format!("{}\n", line.trim_end())).collect();
    if !ended.success() {
        let error = sync_failed(ended, &output);
        return match explain::explain(&output, case)? {
            Meaning::Network(network) => Err(network.with_output(said(&output))),
            Meaning::Unresolved(found) => Ok(Synced::Unresolved(Box::new(Unresolved::of(*found, error)))),
            Meaning::Unknown => Err(error),
        };
    }
    let token = check_tree(directory, plan, toolchain, &output)?;
    // Only python_modules is needed from here on; the two environments are larger than it.
    remove(&directory.join(".venv-workers"))?;
    let falls = explain::falls(&output, directory, plan, case.project, toolchain)?;
    let text = serde_json::to_vec(&falls).map_err(|error| Error::new(ErrorKind::Internal, error.to_string(), ""))?;
    fs_err::write(directory.join(FALLS), text).map_err(|error| cache_unwritable(&error))?;
    let mark = Mark { made: now().as_secs(), token };
    let text = serde_json::to_vec(&mark).map_err(|error| Error::new(ErrorKind::Internal, error.to_string(), ""))?;
    fs_err::write(directory.join(MARK), text).map_err(|error| cache_unwritable(&error))?;
    Ok(Synced::Done)
}

/// Checks the tree that a finished sync left, and returns pywrangler's token.
fn check_tree(directory: &Utf8Path, plan: &Plan, toolchain: &Toolchain, output: &str) -> Result<String> {
    let token = fs_err::read_to_string(directory.join("python_modules/.synced")).unwrap_or_default().trim().to_owned();
    if token.is_empty() {
        return Err(Error::new(
            ErrorKind::SyncFailed,
            "`pywrangler sync` said that it succeeded and left no `python_modules/.synced`",
            "update workers-py to 1.15 or newer",
        )
        .with_output(output.to_owned()));
    }
    if let Some(found) = python_of(directory).filter(|found| !found.starts_with(&format!("{}.", plan.python))) {
        return Err(Error::new(
            ErrorKind::SyncFailed,
            format!("pywrangler {token} vendored for Python {found}, and the Worker runs {}", plan.python),
            "update workers-py to a version that knows the Worker's Python",
        )
        .with_output(output.to_owned()));
    }
    // The stage gets this token. With another version in it, the deploying pywrangler would sync over the stage.
    if let Some(version) = toolchain.pywrangler.version.as_deref().filter(|version| *version != token) {
        return Err(Error::new(
            ErrorKind::SyncFailed,
            format!("`pywrangler` is {version} in the project and {token} in `{directory}`"),
            "set `SADDLEBAG_PYWRANGLER` to the full path of the one to deploy with",
        ));
    }
    if let Some(name) = editable(directory) {
        return Err(Error::new(
            ErrorKind::SyncFailed,
            format!("`{name}` was installed editable: a pointer to its source, which cannot be uploaded"),
            "update uv, or set `editable = false` in its `[tool.uv.sources]`",
        ));
    }
    Ok(token)
}

/// A vendored distribution that only points to its source (PEP 610).
fn editable(directory: &Utf8Path) -> Option<String> {
    let entries = directory.join("python_modules").read_dir_utf8().into_iter().flatten().flatten();
    entries.filter(|entry| entry.file_name().ends_with(".dist-info")).find_map(|entry| {
        let bytes = fs_err::read(entry.path().join("direct_url.json")).ok()?;
        let url: serde_json::Value = serde_json::from_slice(&bytes).ok()?;
        (url["dir_info"]["editable"] == true)
            .then(|| entry.file_name().split('-').next().unwrap_or_default().to_owned())
    })
}

fn sync_failed(ended: process::Ended, output: &str) -> Error {
    let low = output.to_lowercase();
    let hint = if low.contains("no solution found") {
        "loosen or change the requirement that the last lines name, then run `saddlebag check`"
    } else if low.contains("failed to fetch") || low.contains("dns error") || low.contains("connect") {
        "check the network, the proxy and the package index, then run again"
    } else if low.contains("no space left") {
        "free some space and run again"
    } else {
        "read what pywrangler says above; `pywrangler sync` in a directory with these requirements shows the same"
    };
    Error::new(ErrorKind::SyncFailed, format!("`pywrangler sync` failed with exit code {}", ended.code), hint)
        .with_output(said(output))
}

/// What people want to read of it.
fn said(output: &str) -> String {
    let noise = |line: &&str| !["DEBUG ", "RUNNING ", "OUTPUT "].iter().any(|level| line.starts_with(level));
    output.lines().filter(noise).map(|line| format!("{line}\n")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resolve::python_support::tests::tree;

    #[test]
    fn a_pointer_in_place_of_a_package_is_found() {
        let direct = |editable: &str| format!("{{\"url\":\"file:///x\",\"dir_info\":{{{editable}}}}}");
        let (copied, pointing) = (direct(""), direct("\"editable\":true"));
        let (_dir, root) = tree(&[
            ("python_modules/a-1.0.dist-info/direct_url.json", &copied),
            ("python_modules/b-1.0.dist-info/METADATA", ""),
        ]);
        assert_eq!(editable(&root), None);
        fs_err::create_dir(root.join("python_modules/my_lib-1.0.dist-info")).unwrap();
        fs_err::write(root.join("python_modules/my_lib-1.0.dist-info/direct_url.json"), pointing).unwrap();
        assert_eq!(editable(&root).as_deref(), Some("my_lib"));
    }
}
