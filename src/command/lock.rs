//! `saddlebag lock`: what was resolved, written beside `pyproject.toml` for the next resolutions to begin with.
//!
//! Receives the project and the vendored packages; writes `pylock.runtime.toml` and hands on the answer. Must never write
//! a path of this machine, and never touch another lock.

use super::Answer;
use crate::error::{Error, Kind, Result};
use crate::project::Project;
use crate::quantity::count;
use crate::session::{Ended, ResolveOptions, Session, Step};
use crate::vendor::{self, Vendored};
use serde_json::json;

/// The name of a lock for one purpose (PEP 751).
const NAME: &str = "pylock.runtime.toml";

pub(crate) fn run(session: Session<'_>) -> Step<'_, Ended<'_>> {
    let resolved = session.open()?.find_tools()?.resolve(ResolveOptions::UNJUDGED)?;
    let answer = write(&resolved.loaded.project, &resolved.vendored);
    resolved.end().answered(answer)
}

/// # Errors
/// `Kind::SyncFailed` where pywrangler left no lock, `Kind::Unwritable`.
pub(crate) fn write(project: &Project, vendored: &Vendored) -> Result<Answer> {
    let no_lock = || Error::new(Kind::SyncFailed, "`pywrangler sync` left no `pylock.toml`", "update workers-py");
    let lock = vendored.lock.as_deref().ok_or_else(no_lock)?;
    let text = fs_err::read_to_string(lock).map_err(|error| Error::unreadable(&error))?;
    let base = lock.parent().unwrap_or(&project.root);
    let text = vendor::portable(&text, base, &project.root).ok_or_else(no_lock)?;
    let path = project.root.join(NAME);
    let unchanged = fs_err::read_to_string(&path).is_ok_and(|before| before == text);
    if !unchanged {
        super::replace(&path, &text)?;
    }
    let packages = count(vendored.locked.len(), "package");
    let said = if unchanged { "is as it was" } else { "written" };
    let mut lines = vec![format!("{NAME} {said}: {packages}")];
    lines.extend(vendored.drift.iter().map(|drift| format!("  {}: {}", drift.name, drift.what)));
    let drift: Vec<_> = vendored.drift.iter().map(|drift| json!({ "name": drift.name, "what": drift.what })).collect();
    let document = json!({
        "schema": "saddlebag.lock/1",
        "path": NAME,
        "changed": !unchanged,
        "packages": vendored.locked.iter().map(|package| json!({ "name": package.name, "version": package.version })).collect::<Vec<_>>(),
        "differences": drift,
    });
    let json = serde_json::to_string_pretty(&document)
        .map_err(|error| Error::new(Kind::Internal, error.to_string(), "report this defect"))?;
    Ok(Answer { text: lines.join("\n") + "\n", json: json + "\n" })
}
