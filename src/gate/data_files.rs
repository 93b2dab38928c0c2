//! `data-files`: what the project's code opens for reading arrives with it.
//!
//! Receives the files that the source opens by a path that can be read off it, and the bundle; hands on those that exist in
//! the project and do not travel, or travel as a type or to a place where `open()` does not see them. `calls` says whether a
//! function with an `open` in it is called, `beside` looks for other files that stay behind. Must never guess a path, and
//! never report a file whose absence the code has thought of.

mod beside;
mod calls;

use super::{Context, Finding, Judged, Severity};
use crate::bundle::{Content, Module, ModuleType, Owner};
use crate::error::{Location, Place, Result};
use crate::python::graph::{Form, Level, Node};
use crate::python::imports::{Base, Open};
use crate::quantity::count;
use calls::Calls;
use camino::{Utf8Component, Utf8Path, Utf8PathBuf};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// The code of the finding that `beside` makes.
const BESIDE: &str = "data-files.beside";

pub(super) fn check(context: &Context<'_>) -> Result<Judged> {
    let uploaded: HashMap<&Utf8Path, &Module> = context
        .bundle
        .modules
        .iter()
        .filter_map(|module| match &module.content {
            Content::File(path) if module.owner == Owner::Project => Some((path.as_path(), module)),
            _ => None,
        })
        .collect();
    let mut findings: BTreeMap<String, Finding> = BTreeMap::new();
    let calls = Calls::default();
    let mut opened = 0;
    for (at, node) in context.bundle.graph.nodes().filter(|(_, node)| node.is_project() && node.present) {
        let Some(says) = &node.says else { continue };
        for open in &says.opens {
            for path in candidates(context, node, open) {
                opened += 1;
                if let Some(finding) = judge(context, &calls, (at, node), open, &path, &uploaded) {
                    findings.entry(finding.subject.clone()).or_insert(finding);
                }
            }
        }
    }
    let missing = findings.len();
    let mut findings: Vec<Finding> = findings.into_values().collect();
    findings.extend(beside::beside(context, &calls, &uploaded, &findings));
    let figure = match (opened, missing) {
        (0, _) => "no file is opened by a path in the source".to_owned(),
        (opened, 0) => format!("{} opened, all of them there", count(opened, "file")),
        (opened, missing) => format!("{missing} of {} do not arrive", count(opened, "opened file")),
    };
    Ok(Judged { figure, findings })
}

/// The files of the project that an opened path can mean; links resolved, as in the bundle.
fn candidates(context: &Context<'_>, node: &Node, open: &Open) -> Vec<Utf8PathBuf> {
    let own = source_of(context, node);
    let directories: Vec<Utf8PathBuf> = match &open.base {
        Base::File(0) => Vec::new(),
        Base::File(up) => {
            let up = usize::try_from(*up).unwrap_or(usize::MAX);
            own.iter().filter_map(|path| path.ancestors().nth(up)).map(Utf8Path::to_owned).collect()
        }
        Base::Package(None) => own.iter().filter_map(|path| path.parent()).map(Utf8Path::to_owned).collect(),
        Base::Package(Some(package)) => package_directory(context, package).into_iter().collect(),
        Base::Cwd => [&context.project.root, &context.layout.module_root].into_iter().cloned().collect(),
    };
    let mut found: BTreeSet<Utf8PathBuf> = BTreeSet::new();
    for directory in directories {
        let path = normal(&directory.join(open.parts.join("/")));
        if path.starts_with(&context.project.root)
            && path.is_file()
            && let Ok(real) = path.canonicalize_utf8()
        {
            found.insert(real);
        }
    }
    found.into_iter().collect()
}

fn source_of<'a>(context: &Context<'a>, node: &Node) -> Option<&'a Utf8Path> {
    file_of(context.bundle.module(&node.name)?)
}

fn file_of(module: &Module) -> Option<&Utf8Path> {
    match &module.content {
        Content::File(path) => Some(path),
        Content::Inline(_) => None,
    }
}

/// The directory of a package of the project, with or without `__init__`.
fn package_directory(context: &Context<'_>, dotted: &str) -> Option<Utf8PathBuf> {
    let graph = &context.bundle.graph;
    match graph.module(dotted).map(|at| graph.node(at)) {
        Some(node) if node.is_project() => {
            let source = source_of(context, node)?;
            source.parent().filter(|_| matches!(node.form, Form::Package | Form::Module)).map(Utf8Path::to_owned)
        }
        Some(_) => None,
        None => Some(context.layout.module_root.join(dotted.replace('.', "/"))).filter(|path| path.is_dir()),
    }
}

/// Without `.` and `..`, by the text alone.
fn normal(path: &Utf8Path) -> Utf8PathBuf {
    let mut normal = Utf8PathBuf::new();
    for component in path.components() {
        match component {
            Utf8Component::ParentDir => drop(normal.pop()),
            Utf8Component::CurDir => {}
            other => normal.push(other),
        }
    }
    normal
}

fn judge<'a>(
    context: &Context<'a>,
    calls: &Calls<'a>,
    (at, node): (u32, &Node),
    open: &Open,
    path: &Utf8Path,
    uploaded: &HashMap<&Utf8Path, &Module>,
) -> Option<Finding> {
    let reached = context.bundle.reach.level(at).filter(|level| *level <= Level::Sometimes)?;
    if open.guard.file_caught || open.guard.is_guarded() {
        return None;
    }
    let (shown, file) = (context.shown(node), context.project.display(path));
    let from_cwd = open.base == Base::Cwd;
    let (code, message, help) = match uploaded.get(path) {
        None => (
            "data-files.missing",
            format!("`{shown}:{}` opens `{file}`, which no rule uploads{}", open.line, context.by(at)),
            rule_for(path),
        ),
        Some(module) if !module.kind.is_file() => (
            "data-files.hidden",
            format!(
                "`{shown}:{}` opens `{file}`, which is uploaded as a module of type `{}`: Python sees no such file",
                open.line,
                kind(module.kind)
            ),
            format!(
                "give it a name that a rule of type `Data` takes, such as `{}.bin`",
                path.file_stem().unwrap_or_default()
            ),
        ),
        // The upload is below `/session/metadata`, and the working directory is above it.
        Some(module) if from_cwd && !is_below_session(open, module) => (
            "data-files.elsewhere",
            format!(
                "`{shown}:{}` opens `{}` from the working directory, where the upload is not: it is `/session/metadata/{}`",
                open.line,
                open.parts.join("/"),
                module.name
            ),
            "open it by a path that starts from `Path(__file__).parent`".to_owned(),
        ),
        Some(_) => return None,
    };
    let sure = reached == Level::Always && !open.guard.conditional && calls.surely_opens(context, node, open);
    let severity = if sure { Severity::Deny } else { Severity::Warn };
    Some(Finding::new(severity, code, file, Location::at(Place::File, shown, open.line, open.column), message, help))
}

/// `metadata/names.txt`: written for the runtime.
fn is_below_session(open: &Open, module: &Module) -> bool {
    let written = open.parts.join("/");
    written.strip_prefix("session/").unwrap_or(&written).strip_prefix("metadata/") == Some(&module.name)
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

fn rule_for(path: &Utf8Path) -> String {
    match path.extension() {
        Some(extension) => {
            format!("add to `rules`: type = \"Data\", globs = [\"**/*.{extension}\"], fallthrough = true")
        }
        None => format!("add to `rules`: type = \"Data\", globs = [\"**/{}\"]", path.file_name().unwrap_or_default()),
    }
}
