//! `data-files`: what the project's code opens for reading arrives with it, and so do the directories that it needs.
//!
//! Receives the files and directories that the source asks for by a path that can be read off it, and the bundle; hands on
//! those that exist in the project and do not travel, or travel as a type or to a place where `open()` does not see them.
//! `place` finds paths, `calls` says whether a function with an `open` in it is called, `directories` judges directories,
//! `rules` writes the rule that is missing, `beside` looks for other files that stay behind. Must never guess a path, and
//! never report a file whose absence the code has thought of.

mod calls;
mod directories;
mod place;
mod rules;
mod unbundled;

use super::{CheckOutput, Context, Finding, Severity};
use crate::bundle::{Module, ModuleType, Owner};
use crate::error::{Location, LocationKind, Result};
use crate::format::count;
use crate::python::graph::{Node, Reachability};
use crate::python::imports::{Access, Base, Open, Path};
use calls::{CallGraph, Runs};
use camino::{Utf8Path, Utf8PathBuf};
use place::{file_of, located, without_names};
use rules::Rules;
use std::collections::{BTreeMap, HashMap};

/// The code of the finding that `beside` makes.
const BESIDE: &str = "data-files.beside";
const MISSING: &str = "data-files.missing";
const ELSEWHERE: &str = "data-files.elsewhere";

/// Something that the source asks for, and from where.
struct Ask<'a> {
    at: u32,
    node: &'a Node,
    open: &'a Open,
    /// The module from which the path is to be read, and the path without names of other modules.
    from: &'a Node,
    path: Path,
}

/// A finding whose help is not written yet.
struct Draft {
    finding: Finding,
    /// What a rule has to upload.
    files: Vec<Utf8PathBuf>,
    /// Another way than the help's.
    alternative: Option<&'static str>,
}

/// What the judgement of one ask stands on.
struct Survey<'c, 'a> {
    context: &'c Context<'a>,
    calls: CallGraph<'a>,
    /// The project's files that travel, by where their bytes are.
    uploaded: HashMap<&'a Utf8Path, &'a Module>,
}

pub(super) fn check(context: &Context<'_>) -> Result<CheckOutput> {
    let project = context.bundle.modules.iter().filter(|module| module.owner == Owner::Project);
    let uploaded = project.filter_map(|module| Some((file_of(module)?, module))).collect();
    let survey = Survey { context, calls: CallGraph::default(), uploaded };
    let (drafts, opened) = survey.drafts();
    let missing = drafts.len();
    let mut rules = Rules::new(context);
    let mut findings = Vec::new();
    // What blocks gets its rule first, so that nobody has to upload more than that.
    let (denied, warned): (Vec<Draft>, Vec<Draft>) =
        drafts.into_values().partition(|draft| draft.finding.severity == Severity::Deny);
    let mut known: Vec<Utf8PathBuf> = Vec::new();
    for drafts in [denied, warned] {
        let files: Vec<Utf8PathBuf> = drafts.iter().flat_map(|draft| draft.files.iter().cloned()).collect();
        let advice = rules.advise(&files);
        findings.extend(drafts.into_iter().map(|draft| rules.complete(draft, &advice)));
        known.extend(files);
    }
    findings.extend(unbundled::beside(&survey, &known, &mut rules));
    let figure = match (opened, missing) {
        (0, _) => "no file is opened by a path in the source".to_owned(),
        (opened, 0) => format!("{} opened, all of them there", count(opened, "file")),
        (opened, missing) => format!("{missing} of {} do not arrive", count(opened, "opened file")),
    };
    Ok(CheckOutput { figure, findings })
}

impl<'a> Survey<'_, 'a> {
    /// By subject, the first finding of each; and how many files and directories were found.
    fn drafts(&self) -> (BTreeMap<String, Draft>, usize) {
        let context = self.context;
        let graph = &context.bundle.graph;
        let mut drafts: BTreeMap<String, Draft> = BTreeMap::new();
        let mut opened = 0;
        for (at, node) in graph.nodes().filter(|(_, node)| node.is_project() && node.present) {
            for open in node.imports.iter().flat_map(|says| &says.opens) {
                let Some((from, path)) = without_names(context, at, open) else { continue };
                let ask = Ask { at, node, open, from: graph.node(from), path };
                let places = located(context, ask.from, &ask.path);
                let found = if open.access == Access::File {
                    let files: Vec<_> = places.into_iter().filter(|path| path.is_file()).collect();
                    opened += files.len();
                    files.iter().filter_map(|path| self.judge(&ask, path)).collect()
                } else {
                    let directories: Vec<_> = places.into_iter().filter(|path| path.is_dir()).collect();
                    opened += directories.len();
                    self.directory(&ask, &directories).into_iter().collect::<Vec<_>>()
                };
                for draft in found {
                    // The surest of one subject.
                    let worse = |known: &Draft| known.finding.severity < draft.finding.severity;
                    if drafts.get(&draft.finding.subject).is_none_or(worse) {
                        drafts.insert(draft.finding.subject.clone(), draft);
                    }
                }
            }
        }
        (drafts, opened)
    }

    /// Whether an ask comes to pass, and what to say where it may not; `None` where the code has thought of it.
    fn severity(&self, ask: &Ask<'_>) -> Option<(Severity, String)> {
        let reached = self.context.bundle.reach.level(ask.at).filter(|level| *level <= Reachability::Project)?;
        let guard = ask.open.guard;
        let is_directory = ask.open.access != Access::File;
        if guard.file_caught || guard.is_guarded() || (is_directory && guard.value_caught) {
            return None;
        }
        let sure = reached == Reachability::Startup && !guard.conditional;
        Some(match self.calls.runs(self.context, ask.node, ask.open) {
            Runs::Surely if sure => (Severity::Deny, String::new()),
            Runs::Uncalled(function) => (Severity::Warn, format!("; nothing calls `{function}`")),
            Runs::Made if is_directory => return None,
            Runs::Surely | Runs::Perhaps | Runs::Made => (Severity::Warn, String::new()),
        })
    }

    fn judge(&self, ask: &Ask<'_>, path: &Utf8Path) -> Option<Draft> {
        let Ask { at, node, open, .. } = *ask;
        let (severity, remark) = self.severity(ask)?;
        let (shown, file) = (self.context.shown(node), self.context.project.display(path));
        let from_cwd = ask.path.base == Base::Cwd;
        let mut files = Vec::new();
        let (code, message, help) = match self.uploaded.get(path) {
            None => {
                files.push(path.to_owned());
                let by = if remark.is_empty() { self.context.by(at) } else { String::new() };
                let (way, help) = if from_cwd {
                    (
                        "` from the working directory, and no rule uploads it",
                        "start its path from `Path(__file__).parent`",
                    )
                } else {
                    ("`, which no rule uploads", "")
                };
                let message = format!("`{shown}:{}` opens `{file}{way}{by}{remark}", open.line);
                (MISSING, message, help.to_owned())
            }
            Some(module) if !module.kind.is_file() => (
                "data-files.hidden",
                format!(
                    "`{shown}:{}` opens `{file}`, which is uploaded as a module of type `{}`: Python sees no such file{remark}",
                    open.line,
                    kind(module.kind)
                ),
                format!(
                    "give it a name that a rule of type `Data` takes, such as `{}.bin`",
                    path.file_stem().unwrap_or_default()
                ),
            ),
            // The upload is below `/session/metadata`, and the working directory is above it.
            Some(module) if from_cwd && !is_below_session(&ask.path, module) => (
                ELSEWHERE,
                format!(
                    "`{shown}:{}` opens `{}` from the working directory, where the upload is not: it is `/session/metadata/{}`{remark}",
                    open.line,
                    ask.path.parts.join("/"),
                    module.name
                ),
                "open it by a path that starts from `Path(__file__).parent`".to_owned(),
            ),
            Some(_) => return None,
        };
        let location = Location::at(LocationKind::File, shown, open.line, open.column);
        Some(Draft { finding: Finding::new(severity, code, file, location, message, help), files, alternative: None })
    }
}

/// `metadata/names.txt`: written for the runtime.
fn is_below_session(path: &Path, module: &Module) -> bool {
    below_session(path).as_deref() == Some(&module.name)
}

/// The upload name that a path from the working directory means.
fn below_session(path: &Path) -> Option<String> {
    let written = path.parts.join("/");
    written.strip_prefix("session/").unwrap_or(&written).strip_prefix("metadata/").map(str::to_owned)
}

fn kind(kind: ModuleType) -> &'static str {
    match kind {
        ModuleType::Python => "python",
        ModuleType::Text => "text",
        ModuleType::Buffer => "buffer",
        ModuleType::CompiledWasm => "compiled-wasm",
        ModuleType::Esm => "esm",
        ModuleType::Commonjs => "commonjs",
    }
}
