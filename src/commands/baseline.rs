//! `saddlebag baseline`: writes what the bundle weighs to a file that is committed.
//!
//! An existing file that is not a baseline is never overwritten, and one that says the same is not touched.

use crate::baseline::{self, Baseline, Growth};
use crate::error::{Error, ErrorKind, Result};
use crate::format::{bytes, count};
use crate::gates::GateId;
use crate::report::{self, Answer, RenderOptions};
use crate::session::{Ended, Plan, ResolveOptions, Session, Step};
use camino::Utf8Path;
use serde_json::json;

pub(crate) fn run(session: Session<'_>) -> Step<'_, Ended<'_>> {
    let planned = session.open()?.find_tools()?.resolve(ResolveOptions::UNJUDGED)?.plan()?;
    let checked = planned.check_but(&[(GateId::Growth, "the baseline is written anew")])?;
    let cleared = checked.into_cleared().map_err(not_written)?;
    if cleared.wants_stage() {
        let passed = cleared.stage()?.check()?.into_cleared().map_err(not_written)?;
        let answer = answer(&passed.plan);
        return finish(passed.end(), answer);
    }
    let answer = answer(&cleared.plan);
    finish(cleared.end(), answer)
}

/// The answer has no report: that there are warnings is said apart.
fn finish<'a>(ended: Ended<'a>, answer: Result<Answer>) -> Step<'a, Ended<'a>> {
    if answer.is_ok() {
        ended.print_warnings_elsewhere();
    }
    ended.answered(answer)
}

fn answer(plan: &Plan<'_>) -> Result<Answer> {
    let path = &plan.baseline.path;
    write(path, &plan.loaded.project.display(path), &plan.weighed)
}

fn not_written(mut ended: Box<Ended<'_>>) -> Box<Ended<'_>> {
    if let Some(shown) = ended.baseline_path() {
        ended.notices.push(format!("`{shown}` was not written"));
    }
    ended
}

/// Writes `now` to `path`; `shown` is its name.
///
/// # Errors
/// `Baseline`: the file there is something else. `Unreadable`, `Unwritable`.
pub(crate) fn write(path: &Utf8Path, shown: &str, now: &Baseline) -> Result<Answer> {
    let found = match fs_err::read(path) {
        Ok(found) => Some(found),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
        Err(error) => return Err(Error::unreadable(&error)),
    };
    if found.as_ref().is_some_and(|found| !baseline::is_ours(found)) {
        let message = format!("`{shown}` is there already and is no baseline: it was not overwritten");
        return Err(Error::new(
            ErrorKind::Baseline,
            message,
            "name another file with `--baseline`, or move that one away",
        ));
    }
    // One that does not parse, after a merge perhaps, has nothing to be compared with; it is replaced all the same.
    let before = baseline::read(path, shown).ok().flatten();
    let growth = before.map(|before| before.growth(now, shown.to_owned()));
    let text = now.render();
    let changed = found.is_none_or(|found| found != text.as_bytes());
    if changed {
        super::replace(path, &text)?;
    }
    let document = json!({
        "schema": "saddlebag.baseline/1",
        "path": shown,
        "changed": changed,
        "python": now.python,
        "environment": now.environment,
        "raw_bytes": now.raw_bytes,
        "gzip_bytes": now.gzip_bytes,
        "modules": now.modules,
        "project_bytes": now.project,
        "growth": growth.as_ref().map(report::json::growth),
    });
    Answer::of(said(shown, now, growth.as_ref(), changed), &document)
}

fn said(shown: &str, now: &Baseline, growth: Option<&Growth>, changed: bool) -> String {
    let what = if changed { "written" } else { "is as it was" };
    let mut text = format!(
        "{shown} {what}: {} in {} and the project's own {}, about {} gzipped\n",
        bytes(now.raw_bytes),
        count(now.packages.len(), "package"),
        bytes(now.project),
        bytes(now.gzip_bytes)
    );
    match growth {
        Some(growth) if changed => {
            text.push('\n');
            text.push_str(&report::difference::block(growth, RenderOptions::default(), usize::MAX));
        }
        None => text.push_str("commit it: from now on `growth` holds the upload against it\n"),
        Some(_) => {}
    }
    text
}
