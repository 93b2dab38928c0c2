//! `smoke`: the staged bundle boots in real Pyodide of the target's Python.
//!
//! The session boots it; this file turns the outcome into findings. What only a stand-in for a module of the runtime may have
//! broken does not block.

use super::definition::{Check, Gate, codes};
use super::{CheckOutput, Code, Context, Finding, GateId, Level, Severity};
use crate::bundle::{Content, Owner};
use crate::error::{Location, LocationKind};
use crate::format::{bytes, count};
use crate::smoke::pyodide::TABLE;
use crate::smoke::{Denied, Failure, Frame, Outcome, SmokeResult, Step};

codes! {
    IMPORT = "smoke.import": "A module does not import in Pyodide.";
    ENTRY = "smoke.entry": "The main module has no entry class and no handler.";
    ENTROPY = "smoke.entropy": "Code asks for entropy while it is imported, which Workers do not allow.";
    IO = "smoke.io": "Code uses a timer or the network while it is imported, which Workers do not allow.";
    SCRIPT = "smoke.script": "The smoke script fails.";
    TIMEOUT = "smoke.timeout": "The import or the smoke script takes too long.";
    CRASH = "smoke.crash": "The interpreter itself failed.";
    UNAVAILABLE = "smoke.unavailable": "Pyodide is not installed for the Python of the Worker.";
    MEMORY = "smoke.memory": "Importing the Worker uses most of its memory limit.";
}

pub(super) const GATE: Gate = Gate {
    id: GateId::Smoke,
    default_level: Level::Off,
    check: Check::Stage,
    nothing_to_check: None,
    codes: CODES,
    page: include_str!("../../docs/gates/smoke.md"),
};

/// The innermost frames of a traceback that a message spells out, besides the project's own.
const FRAMES: usize = 8;

/// There is no Pyodide, and the user asked for the boot.
pub(crate) fn unavailable(reason: &str, help: &str) -> CheckOutput {
    let location = Location::new(LocationKind::Tool, "pyodide");
    let finding = Finding::new(Severity::Deny, UNAVAILABLE, "pyodide", location, reason, help);
    CheckOutput { figure: reason.to_owned(), findings: vec![finding] }
}

pub(crate) fn check(context: &Context<'_>, outcome: &Outcome) -> CheckOutput {
    let main = context.bundle.main_module.as_str();
    match outcome {
        Outcome::Boot(booted) => check_boot(context, booted),
        Outcome::Timeout(phase) => {
            let (what, help) = match phase.as_str() {
                "import" => {
                    ("importing the main module does not finish", "move what waits or loops out of the module level")
                }
                "script" => ("`smoke.script` does not finish", "make the script end by itself"),
                _ => ("Pyodide does not start", "run again on a less busy machine"),
            };
            let help = format!("{help}, or raise the limit with `SADDLEBAG_SMOKE_TIMEOUT`");
            broken(TIMEOUT, main, format!("{what} within the time limit"), help)
        }
        Outcome::Crash(text) => {
            let help = "look for native code that the bundle loads, or skip the boot with `--gate smoke=off`";
            broken(CRASH, main, format!("the interpreter itself failed: {text}"), help.to_owned())
        }
        // The session skips the gate then.
        Outcome::Unjudged(_) => CheckOutput { figure: String::new(), findings: Vec::new() },
    }
}

/// Why the boot proves nothing about the bundle: it failed, and one of saddlebag's stand-ins may be the reason.
pub(crate) fn inconclusive(context: &Context<'_>, outcome: &Outcome) -> Option<String> {
    let (module, what) = match outcome {
        Outcome::Unjudged(module) => (module, "importing the main module does not finish here".to_owned()),
        Outcome::Boot(booted) if booted.denied_entropy.is_none() => {
            let doubtful = booted.failures.first()?;
            if booted.failures.iter().any(|failure| failure.unjudged.is_none()) {
                return None;
            }
            let place = place(context, doubtful.what, &doubtful.subject, &doubtful.frames);
            let line = place.line.map_or_else(String::new, |line| format!(":{line}"));
            (
                doubtful.unjudged.as_ref()?,
                format!("`{}` ends at {}{line} with {}", doubtful.subject, place.path, described(doubtful)),
            )
        }
        _ => return None,
    };
    let python = &context.target.python;
    Some(format!(
        "not judged: {what}, after it used `{module}`, which Workers have and npm's Pyodide for Python {python} lacks; what \
         stands in for it here may be the reason"
    ))
}

fn broken(code: Code, main: &str, message: String, help: String) -> CheckOutput {
    let location = Location::new(LocationKind::Module, main);
    let figure = message.lines().next().unwrap_or_default().to_owned();
    CheckOutput { figure, findings: vec![Finding::new(Severity::Deny, code, main, location, message, help)] }
}

fn check_boot(context: &Context<'_>, booted: &SmokeResult) -> CheckOutput {
    let conclusive = booted.failures.iter().filter(|failure| failure.unjudged.is_none());
    let mut findings: Vec<Finding> = conclusive.map(|failure| failed(context, booted, failure)).collect();
    let imported = !booted.failures.iter().any(|failure| failure.what == Step::Import);
    findings.extend(booted.denied_entropy.as_ref().map(|denied| entropy(context, denied)));
    if imported {
        findings.extend(entry(context, booted));
    }
    findings.extend(memory(booted));
    let figure = if imported {
        let classes = if booted.entry_classes.is_empty() { "none".to_owned() } else { booted.entry_classes.join(", ") };
        format!(
            "imports in {:.2} s (Python {}), {} of {}, entry classes: {classes}",
            booted.import_seconds,
            booted.python,
            bytes(booted.memory_after),
            bytes(TABLE.memory.bytes)
        )
    } else {
        format!("does not import in Python {}", booted.python)
    };
    CheckOutput { figure, findings }
}

fn failed(context: &Context<'_>, booted: &SmokeResult, failure: &Failure) -> Finding {
    let what = match failure.what {
        Step::Import => format!("`{}` does not import in Python {}", failure.subject, booted.python),
        Step::Further => format!("`{}`, one of `smoke.imports`, does not import", failure.subject),
        Step::Script => format!("`smoke.script` fails: `{}`", context.project.display(failure.subject.as_str().into())),
    };
    let (code, help) = match (failure.what, failure.forbidden.as_deref()) {
        (Step::Script, _) => (SCRIPT, "fix what the script found, or the script".to_owned()),
        (_, Some(what)) if what.starts_with("entropy") => (ENTROPY, LATER.to_owned()),
        (_, Some(_)) => (IO, LATER.to_owned()),
        (_, None) => (IMPORT, help(failure)),
    };
    let chain = failure.missing.as_ref().map_or_else(String::new, |_| chain(context, failure));
    let cause = failure.forbidden.as_ref().map_or_else(String::new, |_| cause(context, &failure.frames));
    let message = format!("{what}: {}{cause}{chain}{}", described(failure), traceback(context, &failure.frames));
    let subject = match &failure.missing {
        Some(name) => format!("{} -> {name}", failure.subject),
        None => format!("{}: {}", failure.subject, failure.kind),
    };
    let place = place(context, failure.what, &failure.subject, &failure.frames);
    Finding::new(Severity::Deny, code, subject, place, message, help)
}

/// As Python prints it.
fn described(failure: &Failure) -> String {
    if failure.text.is_empty() { failure.kind.clone() } else { format!("{}: {}", failure.kind, failure.text) }
}

/// The call in the project's own code, and what it led to in a package.
fn cause(context: &Context<'_>, frames: &[Frame]) -> String {
    let owner = |frame: &Frame| context.bundle.module(&frame.file).map(|module| &module.owner);
    let own = frames.iter().rposition(|frame| owner(frame) == Some(&Owner::Project));
    let inside = frames.iter().rposition(|frame| owner(frame).is_some());
    let quoted = |at: usize| {
        let Frame { file, line, source, .. } = &frames[at];
        let source = if source.is_empty() { String::new() } else { format!("`{source}` at ") };
        format!("{source}{}:{line}", display_path(context, file))
    };
    match (own, inside) {
        (Some(own), Some(inside)) if inside > own => {
            format!("; caused by {}, which runs {}", quoted(own), quoted(inside))
        }
        (_, Some(inside)) => format!("; caused by {}", quoted(inside)),
        (_, None) => String::new(),
    }
}

const LATER: &str = "do it in a function that a request calls: while a Worker starts, the runtime allows no entropy, timer or connection";

fn help(failure: &Failure) -> String {
    match &failure.missing {
        Some(name) => {
            let top = name.split('.').next().unwrap_or(name);
            format!("add the distribution that provides `{top}` to the requirements, or guard the import")
        }
        None if failure.text.starts_with("cannot import name 'ssl' from 'urllib3") => format!(
            "set a compatibility date of {} or later: before that the runtime hides `ssl` from `urllib3` while it is imported",
            TABLE.since.pth_files
        ),
        None => "fix the error in the last line of the traceback: on Workers the import ends the same way".to_owned(),
    }
}

/// The import chain from main to the module whose import fails.
fn chain(context: &Context<'_>, failure: &Failure) -> String {
    let innermost = failure.frames.iter().rev().find_map(|frame| context.bundle.graph.find(&frame.file));
    innermost.map_or_else(String::new, |node| context.import_chain(node))
}

/// Python's traceback, innermost last: the frames in the user's own files, and the last ones.
fn traceback(context: &Context<'_>, frames: &[Frame]) -> String {
    let last = frames.len().saturating_sub(FRAMES);
    let is_own =
        |frame: &Frame| context.bundle.module(&frame.file).is_some_and(|module| module.owner == Owner::Project);
    let (mut lines, mut left_out) = (String::new(), 0);
    for (at, frame) in frames.iter().enumerate() {
        if at < last && !is_own(frame) {
            left_out += 1;
            continue;
        }
        if left_out > 0 {
            lines.push_str(&format!("\n    ({left_out} more)"));
            left_out = 0;
        }
        lines.push_str(&format!("\n    {}:{} in {}", display_path(context, &frame.file), frame.line, frame.function));
    }
    lines
}

fn display_path(context: &Context<'_>, file: &str) -> String {
    match context.bundle.module(file).map(|module| (&module.content, &module.owner)) {
        Some((Content::File(path), Owner::Project)) => context.project.display(path),
        Some(_) => file.to_owned(),
        None if file.starts_with("/lib/python") => {
            file.split_once(".zip/").map_or_else(|| file.to_owned(), |(_, name)| format!("(standard library) {name}"))
        }
        None => context.project.display(file.into()),
    }
}

/// The innermost place in the project's own files, else in the bundle, else the main module.
fn place(context: &Context<'_>, what: Step, subject: &str, frames: &[Frame]) -> Location {
    let owner = |frame: &&Frame| context.bundle.module(&frame.file).map(|module| &module.owner);
    let innermost =
        |wanted: &dyn Fn(&Owner) -> bool| frames.iter().rev().find(|frame| owner(frame).is_some_and(wanted));
    if what == Step::Script {
        let inside = frames.iter().rev().find(|frame| frame.file == subject);
        let path = context.project.display(subject.into());
        return inside.map_or_else(
            || Location::new(LocationKind::File, &path),
            |frame| at(LocationKind::File, &path, frame.line),
        );
    }
    if let Some(frame) = innermost(&|owner| *owner == Owner::Project) {
        return at(LocationKind::File, &display_path(context, &frame.file), frame.line);
    }
    match innermost(&|_| true) {
        Some(frame) => at(LocationKind::Module, &frame.file, frame.line),
        None => Location::new(LocationKind::Module, context.bundle.main_module.as_str()),
    }
}

fn at(kind: LocationKind, path: &str, line: u32) -> Location {
    Location { line: Some(line), ..Location::new(kind, path) }
}

fn entropy(context: &Context<'_>, Denied { module, frames }: &Denied) -> Finding {
    let graph = &context.bundle.graph;
    let node = graph.module(module);
    let chain = node.map_or_else(String::new, |node| context.import_chain(node));
    let location = match node {
        _ if !frames.is_empty() => place(context, Step::Import, module, frames),
        Some(node) => {
            let kind = if graph.node(node).is_project() { LocationKind::File } else { LocationKind::Module };
            Location::new(kind, context.display_path(graph.node(node)))
        }
        None => Location::new(LocationKind::Module, module),
    };
    let (cause, lines) = (cause(context, frames), traceback(context, frames));
    let message =
        format!("`{module}` asks for entropy while it is imported, which ends a Worker's start{cause}{chain}{lines}");
    Finding::new(Severity::Deny, ENTROPY, module, location, message, LATER)
}

/// The runtime looks for entry classes; before a certain date it also accepts functions of the module.
fn entry(context: &Context<'_>, booted: &SmokeResult) -> Option<Finding> {
    let has_handlers = !booted.handlers.is_empty()
        && (context.target.compatibility_date < TABLE.since.no_global_handlers
            || context.target.has_flag("disable_python_no_global_handlers"));
    (booted.entry_classes.is_empty() && !has_handlers).then(|| {
        let main = context.bundle.main_module.as_str();
        let message = match booted.handlers.first() {
            Some(handler) => format!(
                "`{main}` has `{handler}` and no entry class: since {} a function is no handler",
                TABLE.since.no_global_handlers
            ),
            None => format!(
                "`{main}` has no class that extends `WorkerEntrypoint`, `DurableObject` or `WorkflowEntrypoint`"
            ),
        };
        let help = "define `class Default(WorkerEntrypoint)` in the main module, or import it there";
        Finding::new(Severity::Deny, ENTRY, main, Location::new(LocationKind::Module, main), message, help)
    })
}

fn memory(booted: &SmokeResult) -> Option<Finding> {
    let (used, limit) = (booted.memory_after, TABLE.memory.bytes);
    (used as f64 > limit as f64 * TABLE.memory.warn_at).then(|| {
        let message = format!(
            "{} are in use before the first request, of {} for the whole Worker ({} imported)",
            bytes(used),
            bytes(limit),
            count(booted.imported, "module")
        );
        let help = "import what is heavy inside the functions that need it";
        let location = Location::new(LocationKind::Package, "bundle");
        Finding::new(Severity::Warn, MEMORY, "bundle", location, message, help).measured(used, limit)
    })
}
