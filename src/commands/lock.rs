//! `saddlebag lock`: writes what was resolved to `pylock.runtime.toml` beside `pyproject.toml`; later resolutions start from it.
//!
//! The file holds no path of this machine. Other lock files are not touched.

use crate::error::Result;
use crate::format::count;
use crate::gates::{self, Finding};
use crate::project::{Project, Target};
use crate::report::Answer;
use crate::resolve::{self, Vendored};
use crate::session::{Ended, Loaded, ResolveOptions, Session, Step};
use crate::terminal::Terminal;
use serde_json::json;

/// The name of a lock for one purpose (PEP 751).
pub(super) const NAME: &str = "pylock.runtime.toml";

pub(crate) fn run(session: Session<'_>) -> Step<'_, Ended<'_>> {
    let mut resolved = session.open()?.find_tools()?.resolve(ResolveOptions::RELOCKED)?;
    let Loaded { project, target, toolchain, .. } = &resolved.loaded;
    let answer = resolve::lift(&mut resolved.vendored, project, target, toolchain, session.terminal)
        .and_then(|()| write(project, target, &resolved.vendored, session.terminal));
    resolved.end().answered(answer)
}

/// Says what fell before it writes: from then on every deploy ships it.
///
/// # Errors
/// `ErrorKind::SyncFailed` where pywrangler left no lock, `ErrorKind::Unwritable`.
fn write(project: &Project, target: &Target, vendored: &Vendored, terminal: &Terminal) -> Result<Answer> {
    let text = resolve::committed(vendored, project, target)?;
    let downgrades = gates::downgrades(vendored, project, target);
    for finding in &downgrades {
        terminal.line(&format!("warning: {}", finding.message));
        terminal.line(&format!("  help: {}", finding.help));
    }
    if vendored.falls.is_none() {
        terminal.line("note: whether a package fell to an old release could not be told: uv did not resolve for Linux");
    }
    let path = project.root.join(NAME);
    let unchanged = fs_err::read_to_string(&path).is_ok_and(|before| before == text);
    if !unchanged {
        super::replace(&path, &text)?;
    }
    let packages = count(vendored.locked.len(), "package");
    let said = if unchanged { "is as it was" } else { "written" };
    let fallen = match downgrades.len() {
        0 => String::new(),
        number => format!(", {} (`saddlebag check` warns until allowed)", count(number, "downgrade")),
    };
    let mut lines = vec![format!("{NAME} {said}: {packages} for Python {}{fallen}", target.python)];
    lines.extend(vendored.drift.iter().map(|drift| format!("  {}: {}", drift.name, drift.what)));
    let drift: Vec<_> = vendored.drift.iter().map(|drift| json!({ "name": drift.name, "what": drift.what })).collect();
    let row = |finding: &Finding| json!({ "name": finding.subject, "message": finding.message, "help": finding.help });
    let document = json!({
        "schema": "saddlebag.lock/1",
        "path": NAME,
        "changed": !unchanged,
        "python": target.python,
        "packages": vendored.locked.iter().map(|package| json!({ "name": package.name, "version": package.version })).collect::<Vec<_>>(),
        "differences": drift,
        "downgrades": downgrades.iter().map(row).collect::<Vec<_>>(),
    });
    Answer::of(lines.join("\n") + "\n", &document)
}
