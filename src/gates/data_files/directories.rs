//! Directories that the source serves, lists or looks for templates in.
//!
//! On Workers a directory exists only if a file in it is uploaded, and nothing of the project is in the working directory. A
//! finding denies only if the start itself fails, or a literal names what will be missing later.

use super::{Ask, Draft, ELSEWHERE, Finding, MISSING, Severity, Survey, below_session};
use crate::error::{Location, LocationKind};
use crate::format::count;
use crate::gates::Code;
use crate::python::imports::{Access, Base, Open};
use camino::{Utf8Path, Utf8PathBuf};
use regex::Regex;
use std::collections::BTreeSet;
use std::sync::LazyLock;

/// How many names of files a message lists.
const NAMES: usize = 3;

/// Loaders of templates that need no file, or try one place after another.
const OTHER_LOADERS: [&str; 5] = ["ChoiceLoader", "DictLoader", "FunctionLoader", "PrefixLoader", "ModuleLoader"];

/// `{% extends "base.j2" %}`.
static NEEDED: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r#"\{%[-+]?\s*(?:extends|include|import|from)\s+["']([^"']+)["']"#).ok());

/// What will be missing of a directory.
struct Loss {
    code: Code,
    severity: Severity,
    /// How the message goes on after what the source does with the directory.
    message: String,
    /// What a rule has to upload.
    files: Vec<Utf8PathBuf>,
}

impl Survey<'_, '_> {
    /// `places`: the directories of the project that the ask can mean.
    pub(super) fn directory(&self, ask: &Ask<'_>, places: &[Utf8PathBuf]) -> Option<Draft> {
        let from_cwd = ask.path.base == Base::Cwd;
        if from_cwd && below_session(&ask.path).is_some() {
            return None;
        }
        let (severity, remark) = self.severity(ask)?;
        let sounds_like = |base: &str| {
            ask.open.callee.ends_with(base) && self.calls.only_sounds_like(self.context, &ask.open.callee, base)
        };
        if sounds_like("StaticFiles") || sounds_like("Jinja2Templates") {
            return None;
        }
        let written = ask.path.parts.join("/");
        // Prefer the one that can be uploaded.
        let inside = |place: &&Utf8PathBuf| place.starts_with(self.context.layout.main.parent().unwrap_or(place));
        let Some(place) = places.iter().find(inside).or(places.first()) else {
            // Neither the project's files nor those of a build are ever in the working directory.
            let message = format!(", which is not there on Workers{remark}");
            let loss = Loss { code: ELSEWHERE, severity, message, files: Vec::new() };
            return (from_cwd && must_exist(ask)).then(|| self.draft(ask, &written, loss));
        };
        let shown = if from_cwd { written } else { self.context.project.display(place) };
        let mut loss = self.loss(ask, place, severity)?;
        loss.message.push_str(&remark);
        Some(self.draft(ask, &shown, loss))
    }

    /// `severity`: how certain it is that the ask runs.
    fn loss(&self, ask: &Ask<'_>, place: &Utf8Path, severity: Severity) -> Option<Loss> {
        let from_cwd = ask.path.base == Base::Cwd;
        let (arrives, files) = self.contents(place);
        let rendered = match ask.open.access {
            Access::Templates => self.rendered(place, from_cwd),
            _ => Vec::new(),
        };
        let is_certain = must_exist(ask) || !rendered.is_empty();
        let severity = if is_certain { severity } else { Severity::Warn };
        let named = rendered.first().map_or_else(String::new, |first| format!(": `{first}` is rendered"));
        let is_served = matches!(ask.open.access, Access::Mount | Access::Serve);
        let (code, severity, message) = if from_cwd {
            (ELSEWHERE, severity, format!(" from the working directory, where the upload is not{named}"))
        } else if !arrives && (must_exist(ask) || !files.is_empty()) {
            (MISSING, severity, format!(", and no rule uploads any file of it{named}"))
        } else if let Some(first) = rendered.first() {
            (MISSING, severity, format!(", and no rule uploads `{first}`"))
        } else if is_served && !files.is_empty() {
            let (number, names) = (count(files.len(), "file"), self.names(place, &files));
            (MISSING, Severity::Warn, format!(", and {number} of it are not uploaded: {names}"))
        } else {
            return None;
        };
        Some(Loss { code, severity, message, files })
    }

    fn draft(&self, ask: &Ask<'_>, directory: &str, loss: Loss) -> Draft {
        let Loss { code, severity, message, files } = loss;
        let Open { line, column, .. } = *ask.open;
        let location = Location::at(LocationKind::File, self.context.display_path(ask.node), line, column);
        let message = format!("{}{message}", self.asks(ask, directory));
        let help = if ask.path.base == Base::Cwd { "start the path from `Path(__file__).parent`" } else { "" };
        let finding = Finding::new(severity, code, directory, location, message, help);
        Draft { finding, files, alternative: alternative(ask) }
    }

    /// What the source does with a directory.
    fn asks(&self, ask: &Ask<'_>, directory: &str) -> String {
        let place = format!("`{}:{}`", self.context.display_path(ask.node), ask.open.line);
        let by = &ask.open.callee;
        match ask.open.access {
            Access::Mount | Access::Serve => format!("{place} gives the directory `{directory}` to `{by}`"),
            Access::Templates => format!("{place} looks for templates in `{directory}`"),
            Access::List | Access::Search | Access::File => format!("{place} lists `{directory}` with `{by}`"),
        }
    }

    /// Whether any file of a directory is uploaded, and the files that are not.
    fn contents(&self, place: &Utf8Path) -> (bool, Vec<Utf8PathBuf>) {
        let arrives = self
            .uploaded
            .iter()
            .any(|(path, module)| module.kind.is_file() && path.starts_with(place) && *path != place);
        let walk = walkdir::WalkDir::new(place).sort_by_file_name().into_iter().filter_entry(|entry| {
            let name = entry.file_name().to_str().unwrap_or_default();
            entry.depth() == 0 || !(name.starts_with('.') || matches!(name, "__pycache__" | "node_modules"))
        });
        let files = walk.flatten().filter(|entry| entry.file_type().is_file());
        let files = files.filter_map(|entry| Utf8PathBuf::from_path_buf(entry.into_path()).ok());
        let is_left = |path: &Utf8PathBuf| {
            !matches!(path.extension(), Some("py" | "pyc" | "pyi")) && !self.uploaded.contains_key(path.as_path())
        };
        (arrives, files.filter(is_left).collect())
    }

    /// The missing templates of a directory that are certainly rendered, or needed by one that is.
    fn rendered(&self, place: &Utf8Path, from_cwd: bool) -> Vec<String> {
        if OTHER_LOADERS.iter().any(|loader| self.calls.mentions(self.context, loader)) {
            return Vec::new();
        }
        // The first of several places that has a template wins.
        let has_other = self.has_templates_of_its_own();
        let mut pending: Vec<String> =
            self.calls.rendered(self.context).into_iter().map(|name| name.trim_start_matches('/').to_owned()).collect();
        let mut seen: BTreeSet<String> = BTreeSet::new();
        let mut missing = Vec::new();
        while let Some(name) = pending.pop() {
            let path = place.join(&name);
            if !seen.insert(name.clone()) || !path.is_file() {
                continue;
            }
            let arrives = self.uploaded.keys().any(|uploaded| uploaded.as_str().ends_with(&format!("/{name}")));
            if !arrives || (from_cwd && !has_other) {
                missing.push(name);
            }
            let text = fs_err::read_to_string(&path).unwrap_or_default();
            let needed = NEEDED.iter().flat_map(|regex| regex.captures_iter(&text));
            pending.extend(needed.map(|found| found[1].to_owned()));
        }
        missing.sort();
        missing
    }

    /// Whether the source also looks for templates next to itself.
    fn has_templates_of_its_own(&self) -> bool {
        let nodes = self.context.bundle.graph.nodes().filter(|(_, node)| node.is_project() && node.present);
        let mut opens = nodes.filter_map(|(_, node)| node.imports.as_ref()).flat_map(|says| &says.opens);
        opens.any(|open| {
            open.access == Access::Templates
                && !matches!(open.base, Base::Cwd)
                && !matches!(open.callee.as_str(), "Flask" | "Quart")
        })
    }

    fn names(&self, place: &Utf8Path, left: &[Utf8PathBuf]) -> String {
        let inside = |path: &Utf8PathBuf| format!("`{}`", path.strip_prefix(place).unwrap_or(path));
        let shown: Vec<String> = left.iter().take(NAMES).map(inside).collect();
        let more = left.len() - shown.len();
        match more {
            0 => shown.join(", "),
            more => format!("{} and {more} more", shown.join(", ")),
        }
    }
}

/// Whether the code fails if the directory does not exist.
fn must_exist(ask: &Ask<'_>) -> bool {
    matches!(ask.open.access, Access::Mount | Access::List)
}

/// What Workers offer for files that are only served.
fn alternative(ask: &Ask<'_>) -> Option<&'static str> {
    let serves = matches!(ask.open.access, Access::Mount | Access::Serve) && ask.open.callee != "PackageLoader";
    serves.then_some("serve the files as static assets (`assets.directory`)")
}
