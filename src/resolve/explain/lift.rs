//! Finds the first later compatibility date whose Python avoids a downgrade.
//!
//! Each date is tried with a real sync in a directory of its own, within the time limit.

use super::ask::read_lock;
use super::downgrade;
use super::pinned::Pinned;
use crate::error::Result;
use crate::process;
use crate::project::Target;
use crate::project::target::{self, Known};
use crate::resolve::downgrade::{Downgrade, Lift};
use crate::resolve::python_support::{check_python, python_of, sync_environment};
use crate::resolve::workspace::{self, Plan};
use crate::tools::Toolchain;
use std::time::Instant;

/// The Pythons of later compatibility dates, oldest first. Empty if the configuration sets a Python by flag, because
/// that would have to be removed first.
pub(super) fn later(target: &Target) -> Result<Vec<Known>> {
    if target.compatibility_flags.iter().any(|flag| flag.contains("python_workers_")) {
        return Ok(Vec::new());
    }
    let known = target::known()?;
    let here = known.iter().position(|known| known.python == target.python).unwrap_or(known.len());
    Ok(known.into_iter().skip(here + 1).collect())
}

/// Returns how many dates could not be tried in time.
///
/// # Errors
/// `ErrorKind::Interrupted`, and what keeps the tools from being started.
pub(super) fn find(
    falls: &mut [Downgrade],
    later: &[Known],
    plan: &Plan,
    toolchain: &Toolchain,
    until: Instant,
) -> Result<usize> {
    let mut untried = 0;
    for known in later {
        if falls.iter().all(|fall| fall.lift.is_some()) {
            break;
        }
        let there = if Instant::now() < until { synced(known, plan, toolchain, until)? } else { None };
        let Some(there) = there else {
            untried += usize::from(Instant::now() >= until);
            continue;
        };
        for fall in falls.iter_mut().filter(|fall| fall.lift.is_none()) {
            fall.lift = there.iter().find(|pinned| ends(fall, pinned)).map(|pinned| Lift {
                compatibility_date: known.compatibility_date.clone(),
                python: known.python.clone(),
                version: pinned.version.clone(),
            });
        }
    }
    Ok(untried)
}

/// Whether the release for another Python is not a downgrade.
fn ends(fall: &Downgrade, pinned: &Pinned) -> bool {
    let newest = Pinned {
        name: fall.name.clone(),
        version: fall.newest.clone(),
        wheels: Vec::new(),
        uploaded: fall.newest_uploaded.clone(),
    };
    pinned.name == fall.name && pinned.version != fall.version && !downgrade::is_outdated(pinned, &newest)
}

/// What pywrangler resolves for another Python. `None` if it fails or time runs out.
fn synced(known: &Known, plan: &Plan, toolchain: &Toolchain, until: Instant) -> Result<Option<Vec<Pinned>>> {
    if check_python(toolchain, &known.python).is_err() {
        return Ok(None);
    }
    let Ok(scratch) = tempfile::tempdir() else { return Ok(None) };
    let directory = crate::error::utf8(scratch.path())?.join("workspace");
    if workspace::write(&directory, &plan.elsewhere(&known.python, &known.flag)).is_err() {
        return Ok(None);
    }
    let mut argv = toolchain.pywrangler.program.argv.clone();
    argv.push("sync".into());
    let (ended, _) = process::listen_until(&argv, &directory, &sync_environment(toolchain), Some(until), |_| {})?;
    let is_for_it = python_of(&directory).is_some_and(|python| python.starts_with(&format!("{}.", known.python)));
    Ok((ended.success() && is_for_it).then(|| read_lock(&directory.join("pylock.toml"))).flatten())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_release_that_has_fallen_there_too_lifts_nothing() {
        let fall = Downgrade {
            name: "data".into(),
            version: "1.10".into(),
            uploaded: None,
            newest: "2.14".into(),
            newest_uploaded: Some("2026-11-01".into()),
            conflict: None,
            lift: None,
        };
        let pinned = |name: &str, version: &str| Pinned {
            name: name.into(),
            version: version.into(),
            wheels: vec![format!("{name}-{version}-py3-none-any.whl")],
            uploaded: None,
        };
        assert!(ends(&fall, &pinned("data", "2.14")) && ends(&fall, &pinned("data", "2.9")));
        assert!(!ends(&fall, &pinned("data", "1.10")) && !ends(&fall, &pinned("data", "1.11")));
        assert!(!ends(&fall, &pinned("other", "2.14")));
    }
}
