//! `saddlebag cache`, `cache dir`, `cache clean`: shows and empties the cache of vendored packages.

use crate::cli::CacheCommand;
use crate::error::Result;
use crate::format::{bytes, count};
use crate::report::Answer;
use crate::resolve::cache::{self, Entry};
use crate::session::{Ended, Session, Step};
use crate::settings;
use camino::Utf8Path;
use serde_json::{Value, json};
use std::time::Duration;

/// How many names of an entry are shown to people.
const NAMES: usize = 4;
const DAY: u64 = 24 * 60 * 60;

pub(crate) fn run(session: Session<'_>, command: CacheCommand) -> Step<'_, Ended<'_>> {
    let answer = crate::env::current_dir().and_then(|cwd| {
        let cache = settings::cache_dir(session.environment, &cwd)?;
        match command {
            CacheCommand::Show => show(&cache),
            CacheCommand::Dir => directory(&cache),
            CacheCommand::Clean { older_than_days } => clean(&cache, older_than_days),
        }
    });
    session.end().answered(answer)
}

fn directory(cache: &Utf8Path) -> Result<Answer> {
    Answer::of(format!("{cache}\n"), &json!({ "schema": "saddlebag.cache/1", "path": cache }))
}

fn show(cache: &Utf8Path) -> Result<Answer> {
    let (entries, pyodide) = (cache::entries(cache), pyodides(cache));
    let mut text = format!("{cache}\n");
    if !entries.is_empty() {
        let all: u64 = entries.iter().map(|entry| entry.bytes).sum();
        text.push_str(&format!("\nvendored packages, {}, {}\n", count_of(entries.len()), bytes(all)));
        for entry in &entries {
            text.push_str(&format!(
                "  {}  {:>10}  used {:>9}  {}\n",
                short(&entry.key),
                bytes(entry.bytes),
                ago(entry.unused),
                what(entry)
            ));
        }
    }
    if !pyodide.is_empty() {
        text.push_str("\nPyodide, for `--smoke`\n");
        for (version, weight) in &pyodide {
            text.push_str(&format!("  {version:12}  {:>10}\n", bytes(*weight)));
        }
    }
    text.push_str(match (entries.is_empty(), pyodide.is_empty()) {
        (true, true) => "\nempty: nothing was vendored yet\n",
        (true, false) => "",
        (false, _) => "\n`saddlebag cache clean` removes the vendored packages, `--older-than DAYS` only those that nobody used for as long\n",
    });
    let document = json!({
        "schema": "saddlebag.cache/1",
        "path": cache,
        "bytes": entries.iter().map(|entry| entry.bytes).sum::<u64>(),
        "entries": entries.iter().map(row).collect::<Vec<_>>(),
        "pyodide": pyodide.iter().map(|(version, bytes)| json!({ "version": version, "bytes": bytes })).collect::<Vec<_>>(),
    });
    Answer::of(text, &document)
}

/// # Errors
/// `ErrorKind::Unwritable`.
fn clean(cache: &Utf8Path, older_than_days: Option<u64>) -> Result<Answer> {
    let older_than = older_than_days.map(|days| Duration::from_secs(days.saturating_mul(DAY)));
    let cleaned = cache::clean(cache, older_than)?;
    let freed: u64 = cleaned.removed.iter().map(|entry| entry.bytes).sum();
    let mut text = match cleaned.removed.len() {
        0 => "nothing to remove\n".to_owned(),
        number => format!("{} removed, {} freed\n", count_of(number), bytes(freed)),
    };
    if cleaned.kept > 0 {
        let days = count(usize::try_from(older_than_days.unwrap_or_default()).unwrap_or(usize::MAX), "day");
        text.push_str(&format!("{} kept: used within the last {days}\n", count_of(cleaned.kept)));
    }
    if !cleaned.in_use.is_empty() {
        text.push_str(&format!("{} left alone: a run is using it\n", count_of(cleaned.in_use.len())));
    }
    let document = json!({
        "schema": "saddlebag.cache-clean/1",
        "path": cache,
        "freed_bytes": freed,
        "removed": cleaned.removed.iter().map(|entry| &entry.key).collect::<Vec<_>>(),
        "in_use": cleaned.in_use,
        "kept": cleaned.kept,
    });
    Answer::of(text, &document)
}

fn row(entry: &Entry) -> Value {
    json!({
        "key": entry.key,
        "bytes": entry.bytes,
        "python": entry.python,
        "requirements": entry.requirements,
        "age_seconds": entry.age.map(|age| age.as_secs()),
        "unused_seconds": entry.unused.as_secs(),
    })
}

/// Versions of Pyodide that `doctor --install` has put there, with their weights.
pub(crate) fn pyodides(cache: &Utf8Path) -> Vec<(String, u64)> {
    let found = cache.join("pyodide").read_dir_utf8().into_iter().flatten().flatten();
    let directories = found.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()));
    let mut found: Vec<(String, u64)> =
        directories.map(|entry| (entry.file_name().to_owned(), cache::weight(entry.path()))).collect();
    found.sort();
    found
}

pub(crate) fn count_of(entries: usize) -> String {
    if entries == 1 { "1 entry".to_owned() } else { format!("{entries} entries") }
}

fn short(key: &str) -> &str {
    key.get(..12).unwrap_or(key)
}

/// `Python 3.14: fastapi, httpx and 3 more`.
fn what(entry: &Entry) -> String {
    let python = entry.python.as_ref().map_or_else(String::new, |python| format!("Python {python}: "));
    let names = entry.requirements.iter().take(NAMES).map(String::as_str).collect::<Vec<_>>().join(", ");
    let more = entry.requirements.len().saturating_sub(NAMES);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    let names = if names.is_empty() { "no requirements".to_owned() } else { names };
    let half = if entry.age.is_none() { " (unfinished)" } else { "" };
    format!("{python}{names}{more}{half}")
}

fn ago(span: Duration) -> String {
    match span.as_secs() {
        0..60 => "just now".to_owned(),
        seconds @ 60..3600 => format!("{} min ago", seconds / 60),
        seconds @ 3600..DAY => format!("{} h ago", seconds / 3600),
        seconds => format!("{} d ago", seconds / DAY),
    }
}
