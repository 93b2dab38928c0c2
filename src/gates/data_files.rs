//! `data-files`: the files and directories that the project's code opens are uploaded, where and as `open()` sees them.
//!
//! Only paths that can be read from the source count, and no file whose absence the code handles. `place` resolves paths, `calls`
//! finds out whether a function is called, `directories` and `unbundled` make findings, `rules` writes the missing rule.

mod calls;
mod directories;
mod place;
mod rules;
mod unbundled;

use super::definition::{Check, Gate, codes};
use super::{CheckOutput, Context, Finding, GateId, Level, Severity};
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

codes! {
    MISSING = "data-files.missing": "A file or directory that the code opens is not uploaded.";
    HIDDEN = "data-files.hidden": "A file that the code opens is uploaded as a module type that `open()` does not see.";
    ELSEWHERE = "data-files.elsewhere": "A file or directory is opened relative to the working directory, where the upload is not.";
    BESIDE = "data-files.beside": "Files next to uploaded source are not uploaded.";
}

pub(super) const GATE: Gate = Gate {
    id: GateId::DataFiles,
    default_level: Level::Deny,
    check: Check::Plan(check),
    nothing_to_check: None,
    codes: CODES,
    page: include_str!("../../docs/gates/data-files.md"),
};

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
    /// An alternative to the help.
    alternative: Option<&'static str>,
}

/// What every ask is checked against.
struct Survey<'c, 'a> {
    context: &'c Context<'a>,
    calls: CallGraph<'a>,
    /// The project's uploaded modules by their source file.
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
    // What blocks gets its rule first, so that the user can paste that rule alone.
    let (denied, warned): (Vec<Draft>, Vec<Draft>) =
        drafts.into_values().partition(|draft| draft.finding.severity == Severity::Deny);
    let mut known: Vec<Utf8PathBuf> = Vec::new();
    for drafts in [denied, warned] {
        let files: Vec<Utf8PathBuf> = drafts.iter().flat_map(|draft| draft.files.iter().cloned()).collect();
        let advice = rules.advise(&files);
        findings.extend(drafts.into_iter().map(|draft| rules.complete(draft, &advice)));
        known.extend(files);
    }
    findings.extend(unbundled::unbundled(&survey, &known, &mut rules));
    let figure = match (opened, missing) {
        (0, _) => "no file is opened by a path in the source".to_owned(),
        (opened, 0) => format!("{} opened, all of them uploaded", count(opened, "file")),
        (opened, missing) => format!("{missing} of {} are not uploaded", count(opened, "opened file")),
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
                    files.iter().filter_map(|path| self.file(&ask, path)).collect()
                } else {
                    let directories: Vec<_> = places.into_iter().filter(|path| path.is_dir()).collect();
                    opened += directories.len();
                    self.directory(&ask, &directories).into_iter().collect::<Vec<_>>()
                };
                for draft in found {
                    // Keep the most severe of one subject.
                    let worse = |known: &Draft| known.finding.severity < draft.finding.severity;
                    if drafts.get(&draft.finding.subject).is_none_or(worse) {
                        drafts.insert(draft.finding.subject.clone(), draft);
                    }
                }
            }
        }
        (drafts, opened)
    }

    /// How certain it is that an ask runs, with a remark if it may not; `None` if the code handles its failure.
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

    fn file(&self, ask: &Ask<'_>, path: &Utf8Path) -> Option<Draft> {
        let Ask { at, node, open, .. } = *ask;
        let (severity, remark) = self.severity(ask)?;
        let (shown, file) = (self.context.display_path(node), self.context.project.display(path));
        let from_cwd = ask.path.base == Base::Cwd;
        let mut files = Vec::new();
        let (code, message, help) = match self.uploaded.get(path) {
            None => {
                files.push(path.to_owned());
                let by = if remark.is_empty() { self.context.import_chain(at) } else { String::new() };
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
                HIDDEN,
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

/// Whether the path is written for the runtime: `metadata/names.txt`.
fn is_below_session(path: &Path, module: &Module) -> bool {
    below_session(path).as_deref() == Some(&module.name)
}

/// The upload name that a path relative to the working directory resolves to.
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
