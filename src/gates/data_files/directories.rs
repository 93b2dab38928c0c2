//! Directories that the source serves, lists or looks for templates in.
//!
//! Receives one ask and the directories of the project that it can mean; hands on what will be missing on Workers, where
//! there is a directory only if a file in it is uploaded, and nothing of the project in the working directory. Must never
//! deny where a start succeeds and no literal says what will be missed later.

use super::{Ask, Draft, ELSEWHERE, Finding, MISSING, Severity, Survey, below_session};
use crate::error::{Location, LocationKind};
use crate::format::count;
use crate::python::imports::{Access, Base};
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

impl Survey<'_, '_> {
    /// `places`: the directories of the project that the ask can mean.
    pub(super) fn directory(&self, ask: &Ask<'_>, places: &[Utf8PathBuf]) -> Option<Draft> {
        let from_cwd = ask.path.base == Base::Cwd;
        if from_cwd && below_session(&ask.path).is_some() {
            return None;
        }
        let (sure, remark) = self.severity(ask)?;
        let sounds_like = |base: &str| {
            ask.open.callee.ends_with(base) && self.calls.only_sounds_like(self.context, &ask.open.callee, base)
        };
        if sounds_like("StaticFiles") || sounds_like("Jinja2Templates") {
            return None;
        }
        let must_be_there = matches!(ask.open.access, Access::Mount | Access::List);
        let written = ask.path.parts.join("/");
        // Of two the one that can be uploaded.
        let inside = |place: &&Utf8PathBuf| place.starts_with(self.context.layout.main.parent().unwrap_or(place));
        let Some(place) = places.iter().find(inside).or(places.first()) else {
            // Nothing that a project has, or may make in a build, is ever in the working directory.
            let message = format!("{}, which is not there on Workers{remark}", self.asks(ask, &written));
            return (from_cwd && must_be_there).then(|| Draft {
                finding: self.finding(ask, (sure, ELSEWHERE), &written, message),
                files: Vec::new(),
                alternative: alternative(ask),
            });
        };
        let (arrives, left) = self.contents(place);
        let mut rendered = Vec::new();
        let severity = match ask.open.access {
            Access::Mount | Access::List => sure,
            Access::Templates => {
                rendered = self.rendered(place, from_cwd);
                if rendered.is_empty() { Severity::Warn } else { sure }
            }
            _ => Severity::Warn,
        };
        let shown = if from_cwd { written } else { self.context.project.display(place) };
        let files = left.clone();
        let what = self.asks(ask, &shown);
        let draft = |code: &'static str, severity: Severity, tail: String| {
            let finding = self.finding(ask, (severity, code), &shown, format!("{what}{tail}{remark}"));
            Some(Draft { finding, files, alternative: alternative(ask) })
        };
        let named = match rendered.first() {
            Some(first) => format!(": `{first}` is rendered"),
            None => String::new(),
        };
        match () {
            () if from_cwd => {
                draft(ELSEWHERE, severity, format!(" from the working directory, where the upload is not{named}"))
            }
            () if !arrives && (must_be_there || !left.is_empty()) => {
                draft(MISSING, severity, format!(", and no rule uploads any file of it{named}"))
            }
            () if !rendered.is_empty() => draft(MISSING, severity, format!(", and no rule uploads `{}`", rendered[0])),
            () if !left.is_empty() && matches!(ask.open.access, Access::Mount | Access::Serve) => {
                let names = self.names(place, &left);
                draft(
                    MISSING,
                    Severity::Warn,
                    format!(", and {} of it stay behind: {names}", count(left.len(), "file")),
                )
            }
            () => None,
        }
    }

    fn finding(
        &self,
        ask: &Ask<'_>,
        (severity, code): (Severity, &'static str),
        subject: &str,
        message: String,
    ) -> Finding {
        let location = Location::at(LocationKind::File, self.context.shown(ask.node), ask.open.line, ask.open.column);
        let help = if ask.path.base == Base::Cwd { "start the path from `Path(__file__).parent`" } else { "" };
        Finding::new(severity, code, subject, location, message, help)
    }

    /// What the source does with a directory.
    fn asks(&self, ask: &Ask<'_>, directory: &str) -> String {
        let place = format!("`{}:{}`", self.context.shown(ask.node), ask.open.line);
        let by = &ask.open.callee;
        match ask.open.access {
            Access::Mount | Access::Serve => format!("{place} gives the directory `{directory}` to `{by}`"),
            Access::Templates => format!("{place} looks for templates in `{directory}`"),
            Access::List | Access::Search | Access::File => format!("{place} lists `{directory}` with `{by}`"),
        }
    }

    /// Whether any file of a directory travels, and those that do not.
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

    /// The templates of a directory that are rendered for sure, or needed by one that is, and not there.
    fn rendered(&self, place: &Utf8Path, from_cwd: bool) -> Vec<String> {
        if OTHER_LOADERS.iter().any(|loader| self.calls.says(self.context, loader)) {
            return Vec::new();
        }
        // Of several places the first that has a template is the one.
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

    /// Whether the source looks for templates beside itself as well.
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

/// What Workers have for files that are only served.
fn alternative(ask: &Ask<'_>) -> Option<&'static str> {
    let serves = matches!(ask.open.access, Access::Mount | Access::Serve) && ask.open.callee != "PackageLoader";
    serves.then_some("serve the files as static assets (`assets.directory`)")
}
