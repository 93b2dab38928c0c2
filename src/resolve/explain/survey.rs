//! Resolves the requirements for every Python version available on Workers.
//!
//! Each result comes from a real sync in a directory of its own; if that fails, uv is asked for the conflict. The
//! cache of vendored trees is neither used nor changed.

use super::ask::{Answer, Uv, Wheels, read_lock};
use super::pinned::Pinned;
use super::{AT_ONCE, Conflict, Meaning, WORKSPACE, conflicts, network, resolver_message, unbuilt};
use crate::error::{Error, ErrorKind, Result};
use crate::process;
use crate::project::Project;
use crate::project::target::{self, Known};
use crate::resolve::python_support::{check_python, sync_environment};
use crate::resolve::workspace::{self, Plan};
use crate::tools::Toolchain;
use rayon::prelude::*;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// Time limit for each Python.
const PATIENCE: Duration = Duration::from_secs(180);

/// The result for one Python.
#[derive(Debug)]
pub(crate) struct Column {
    pub(crate) python: String,
    pub(crate) wheel_platforms: Vec<String>,
    /// Whether all requirements resolve together; `None` if that could not be determined.
    pub(crate) resolves: Option<bool>,
    /// Why it could not be determined.
    pub(crate) unknown: Option<String>,
    /// By name.
    pub(crate) found: BTreeMap<String, FoundVersion>,
    pub(crate) conflicts: Vec<Conflict>,
    /// Requirements that do not resolve on their own, and the name of what conflicts.
    pub(crate) needing: BTreeMap<String, String>,
}

/// A resolved version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FoundVersion {
    pub(crate) version: String,
    /// `pure`, `wasm`, or `source` for what was built.
    pub(crate) kind: &'static str,
}

/// # Errors
/// `ErrorKind::Interrupted`, and what keeps the tools from being started.
pub(super) fn ask(plan: &Plan, project: &Project, toolchain: &Toolchain) -> Result<Vec<Column>> {
    let known = target::known()?;
    let pool = rayon::ThreadPoolBuilder::new().num_threads(AT_ONCE).build();
    let pool = pool.map_err(|error| Error::new(ErrorKind::Internal, error.to_string(), "run again"))?;
    pool.install(|| known.par_iter().with_max_len(1).map(|known| column(known, plan, project, toolchain)).collect())
}

fn column(known: &Known, plan: &Plan, project: &Project, toolchain: &Toolchain) -> Result<Column> {
    let mut column = Column {
        python: known.python.clone(),
        wheel_platforms: known.wheel_platforms.clone(),
        resolves: None,
        unknown: None,
        found: BTreeMap::new(),
        conflicts: Vec::new(),
        needing: BTreeMap::new(),
    };
    if let Err(error) = check_python(toolchain, &known.python) {
        column.unknown = Some(error.to_string());
        return Ok(column);
    }
    let scratch = tempfile::tempdir().map_err(|error| Error::unwritable(&error))?;
    let directory = crate::error::utf8(scratch.path())?.join("workspace");
    let plan = plan.elsewhere(&known.python, &known.flag);
    workspace::write(&directory, &plan).map_err(|error| Error::unwritable(&error))?;
    let mut argv = toolchain.pywrangler.program.argv.clone();
    argv.push("sync".into());
    let until = Instant::now() + PATIENCE;
    let (ended, output) = process::listen_until(&argv, &directory, &sync_environment(toolchain), Some(until), |_| {})?;
    if ended.success() {
        column.resolves = Some(true);
        column.found = read_lock(&directory.join("pylock.toml")).unwrap_or_default().into_iter().map(found).collect();
        return Ok(column);
    }
    let said = resolver_message::read(&output, WORKSPACE);
    if let (None, Meaning::Unresolved(unbuilt)) = (&said, unbuilt(&output, project)) {
        column.resolves = Some(false);
        column.conflicts = unbuilt.conflicts;
        return Ok(column);
    }
    let (Some(said), Some(uv)) = (said, Uv::of(&output, &plan, toolchain, until)) else {
        let error = network::trouble(&output).map(|error| error.to_string());
        column.unknown = Some(error.unwrap_or_else(|| first_error(&output)));
        return Ok(column);
    };
    column.resolves = Some(false);
    column.conflicts = conflicts(&said, &project.requirements.entries);
    each_alone(&mut column, project, &uv)?;
    Ok(column)
}

/// Resolves each requirement alone, with the others' versions as constraints.
fn each_alone(column: &mut Column, project: &Project, uv: &Uv) -> Result<()> {
    for entry in &project.requirements.entries {
        match uv.resolve_alone(&entry.text, Wheels::Target)? {
            Answer::Resolved(lock) => column.found.extend(lock.into_iter().map(found)),
            Answer::Failed(output) => {
                let said = resolver_message::read(&output, WORKSPACE).unwrap_or_default();
                let in_the_way = conflicts(&said, &project.requirements.entries);
                if let (Some(name), Some(conflict)) = (&entry.name, in_the_way.first()) {
                    column.needing.insert(name.clone(), conflict.name.clone());
                }
                for conflict in in_the_way {
                    if column.conflicts.iter().all(|known| known.name != conflict.name) {
                        column.conflicts.push(conflict);
                    }
                }
            }
            Answer::TimeIsOver => break,
        }
    }
    Ok(())
}

fn found(pinned: Pinned) -> (String, FoundVersion) {
    let any = |end: &str| pinned.wheels.iter().any(|wheel| wheel.ends_with(end));
    let kind = if any("_wasm32.whl") {
        "wasm"
    } else if any("-any.whl") {
        "pure"
    } else {
        "source"
    };
    (pinned.name, FoundVersion { version: pinned.version, kind })
}

/// The most informative line.
fn first_error(output: &str) -> String {
    let line = output.lines().map(str::trim).find(|line| line.starts_with("error:"));
    let line = line.or_else(|| output.lines().map(str::trim).rfind(|line| !line.is_empty()));
    line.unwrap_or("pywrangler said nothing").trim_start_matches("error:").trim().to_owned()
}
