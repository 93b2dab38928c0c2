//! Files next to uploaded source that no rule matches, in one finding.
//!
//! Tests, static assets, documentation and what editors and builds leave behind are not counted.

use super::rules::Rules;
use super::{BESIDE, CallGraph, Draft, Finding, Severity, Survey};
use crate::bundle::{Module, ModuleType};
use crate::error::{Location, LocationKind};
use crate::gates::Context;
use camino::{Utf8Path, Utf8PathBuf};
use std::cell::LazyCell;
use std::collections::{BTreeSet, HashMap};

/// Extensions that are never data: what editors, type checkers and builds leave behind.
const LEFTOVERS: [&str; 21] = [
    "pyi", "pyc", "pyo", "typed", "ipynb", "sh", "bash", "lock", "orig", "rej", "bak", "swp", "log", "map", "ts",
    "tsx", "pyx", "pxd", "am", "ac", "in",
];

/// Documentation, and configuration of tools, unless the source asks for them.
const SELDOM_DATA: [&str; 5] = ["md", "rst", "toml", "cfg", "ini"];

/// Names before the first dot, in lower case.
const DOCUMENTS: [&str; 10] = [
    "readme",
    "license",
    "licence",
    "copying",
    "notice",
    "authors",
    "changelog",
    "contributing",
    "makefile",
    "dockerfile",
];

const OTHERS: [&str; 12] = [
    "node_modules",
    "python_modules",
    "__pycache__",
    "tests",
    "test",
    "build",
    "dist",
    "docs",
    "doc",
    "venv",
    "static",
    "fixtures",
];

/// `known`: files that other findings report.
pub(super) fn unbundled(survey: &Survey<'_, '_>, known: &[Utf8PathBuf], rules: &mut Rules<'_, '_>) -> Option<Finding> {
    let Survey { context, calls, uploaded } = survey;
    // Lazy, because it reads every file of the project.
    let asked = LazyCell::new(|| asked(context, calls));
    let mut left: BTreeSet<Utf8PathBuf> = BTreeSet::new();
    for directory in directories(context, uploaded) {
        let walk = walkdir::WalkDir::new(directory).into_iter().filter_entry(|entry| {
            entry.depth() == 0 || !entry.file_type().is_dir() || entry.file_name().to_str().is_some_and(holds_data)
        });
        for path in walk.flatten().filter(|entry| entry.file_type().is_file()) {
            let Ok(path) = Utf8PathBuf::from_path_buf(path.into_path()) else { continue };
            let is_known = uploaded.contains_key(path.as_path()) || known.contains(&path);
            if !is_known && is_data(&path, |path, extension| asked.asks_for(path, extension)) {
                left.insert(path);
            }
        }
    }
    let first = context.project.display(left.first()?);
    let more = match left.len() - 1 {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let files: Vec<Utf8PathBuf> = left.into_iter().collect();
    let advice = rules.advise(&files);
    let finding = Finding::new(
        Severity::Warn,
        BESIDE,
        first.as_str(),
        Location::new(LocationKind::File, first.as_str()),
        format!("`{first}`{more} next to the source are not uploaded: no rule matches them"),
        "",
    );
    let count = files.len() as u64;
    Some(rules.complete(Draft { finding, files, alternative: None }, &advice).measured(count, 0))
}

/// The directories of uploaded source, except the project root and those that hold no data.
fn directories<'a>(context: &Context<'_>, uploaded: &HashMap<&'a Utf8Path, &Module>) -> BTreeSet<&'a Utf8Path> {
    let root = &context.layout.module_root;
    let holds = |directory: &Utf8Path| {
        let inside = directory.strip_prefix(root).unwrap_or(Utf8Path::new(""));
        inside.components().all(|component| holds_data(component.as_str()))
    };
    let python = uploaded.iter().filter(|(_, module)| module.kind == ModuleType::Python);
    python
        .filter_map(|(path, _)| path.parent())
        .filter(|directory| *directory != context.project.config.dir() && *directory != context.project.root)
        .filter(|directory| holds(directory))
        .collect()
}

/// Names from which the source builds the names of files.
struct Asked {
    /// The directory of a source file, with the extensions and the names of directories that it mentions.
    by: Vec<(Utf8PathBuf, BTreeSet<String>, BTreeSet<String>)>,
}

fn asked<'a>(context: &Context<'a>, calls: &CallGraph<'a>) -> Asked {
    let files = calls.files(context).iter().filter(|(_, uses)| !uses.endings.is_empty() || !uses.listed.is_empty());
    let by = files.filter_map(|(name, uses)| {
        let source = super::place::file_of(context.bundle.module(name)?)?;
        Some((source.parent()?.to_owned(), uses.endings.clone(), uses.listed.clone()))
    });
    Asked { by: by.collect() }
}

impl Asked {
    fn asks_for(&self, path: &Utf8Path, extension: &str) -> bool {
        let directory = path.parent().and_then(Utf8Path::file_name).unwrap_or_default();
        self.by.iter().any(|(source, endings, listed)| {
            path.starts_with(source) && (endings.contains(extension) || listed.contains(directory))
        })
    }
}

/// A directory that is neither another tool's nor for tests, documents or assets.
fn holds_data(directory: &str) -> bool {
    !directory.starts_with('.') && !OTHERS.contains(&directory) && !directory.ends_with(".egg-info")
}

fn is_data(path: &Utf8Path, asks_for: impl Fn(&Utf8Path, &str) -> bool) -> bool {
    let name = path.file_name().unwrap_or_default();
    let stem = name.split('.').next().unwrap_or_default().to_ascii_lowercase();
    let Some(extension) = path.extension().map(str::to_ascii_lowercase) else { return false };
    // Python files have a rule of their own.
    let is_none = name.starts_with('.')
        || extension == "py"
        || LEFTOVERS.contains(&extension.as_str())
        || DOCUMENTS.contains(&stem.as_str());
    !is_none && (!SELDOM_DATA.contains(&extension.as_str()) || asks_for(path, &extension))
}
