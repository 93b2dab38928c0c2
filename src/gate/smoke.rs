//! `smoke`: the staged bundle boots in real Pyodide of the target's Python.
//!
//! Receives the context and what became of the boot; hands on findings with Python's traceback in the user's own files.
//! Runs nothing: the room `smoke` did. Must never block for what only the stand-in lacks.

use super::{Context, Finding, Judged, Severity};
use crate::bundle::{Content, Owner};
use crate::error::{Location, Place};
use crate::quantity::{bytes, count};
use crate::smoke::pyodide::TABLE;
use crate::smoke::{Booted, Failure, Frame, Outcome, Step};

/// In what boot.mjs and boot.py raise in the runtime's place.
const GLOBAL_SCOPE: &str = "Disallowed operation called within global scope: ";
/// The innermost frames of a traceback that a message spells out.
const FRAMES: usize = 8;

/// There is no Pyodide, and the user asked for the boot.
pub(crate) fn unavailable(reason: &str, help: &str) -> Judged {
    let location = Location::new(Place::Tool, "pyodide");
    let finding = Finding::new(Severity::Deny, "smoke.unavailable", "pyodide", location, reason, help);
    Judged { figure: reason.to_owned(), findings: vec![finding] }
}

pub(crate) fn judge(context: &Context<'_>, outcome: &Outcome) -> Judged {
    let main = context.bundle.main_module.as_str();
    match outcome {
        Outcome::Boot(booted) => judge_boot(context, booted),
        Outcome::Timeout(phase) => {
            let (what, help) = match phase.as_str() {
                "import" => {
                    ("the main module's import does not end", "move what waits or loops out of the module level")
                }
                "script" => ("`smoke.script` does not end", "make the script end by itself"),
                _ => ("Pyodide does not start", "run again on a machine with less to do"),
            };
            let help = format!("{help}, or give it longer with `SADDLEBAG_SMOKE_TIMEOUT`");
            broken("smoke.timeout", main, format!("{what} in the time it has"), help)
        }
        Outcome::Crash(text) => {
            let help = "look for native code that the bundle loads, or skip the boot with `--gate smoke=off`";
            broken("smoke.crash", main, format!("the interpreter itself failed: {text}"), help.to_owned())
        }
    }
}

fn broken(code: &'static str, main: &str, message: String, help: String) -> Judged {
    let location = Location::new(Place::Module, main);
    let figure = message.lines().next().unwrap_or_default().to_owned();
    Judged { figure, findings: vec![Finding::new(Severity::Deny, code, main, location, message, help)] }
}

fn judge_boot(context: &Context<'_>, booted: &Booted) -> Judged {
    let mut findings: Vec<Finding> = booted.failures.iter().map(|failure| failed(context, booted, failure)).collect();
    let imported = !booted.failures.iter().any(|failure| failure.what == Step::Import);
    findings.extend(booted.denied_entropy.as_deref().map(|module| entropy(context, module)));
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
    Judged { figure, findings }
}

fn failed(context: &Context<'_>, booted: &Booted, failure: &Failure) -> Finding {
    let what = match failure.what {
        Step::Import => format!("`{}` does not import in Python {}", failure.subject, booted.python),
        Step::Further => format!("`{}`, one of `smoke.imports`, does not import", failure.subject),
        Step::Script => format!("`smoke.script` fails: `{}`", context.project.display(failure.subject.as_str().into())),
    };
    let told =
        if failure.text.is_empty() { failure.kind.clone() } else { format!("{}: {}", failure.kind, failure.text) };
    let forbidden = failure.text.split_once(GLOBAL_SCOPE).map(|(_, what)| what.trim());
    let (code, help) = match (failure.what, forbidden) {
        (Step::Script, _) => ("smoke.script", "mend what the script found, or the script".to_owned()),
        (_, Some(what)) if what.starts_with("entropy") => ("smoke.entropy", LATER.to_owned()),
        (_, Some(_)) => ("smoke.io", LATER.to_owned()),
        (_, None) => ("smoke.import", help(failure)),
    };
    let chain = failure.missing.as_ref().map_or_else(String::new, |_| chain(context, failure));
    let message = format!("{what}: {told}{chain}{}", traceback(context, &failure.frames));
    let subject = match &failure.missing {
        Some(name) => format!("{} -> {name}", failure.subject),
        None => format!("{}: {}", failure.subject, failure.kind),
    };
    Finding::new(Severity::Deny, code, subject, place(context, failure), message, help)
}

const LATER: &str = "do it in a function that a request calls: while a Worker starts, the runtime allows no entropy, timer or connection";

fn help(failure: &Failure) -> String {
    match &failure.missing {
        Some(name) => {
            let top = name.split('.').next().unwrap_or(name);
            format!("add the distribution that provides `{top}` to the requirements, or guard the import")
        }
        None => "mend what the last line of the traceback says: on Workers the import ends the same way".to_owned(),
    }
}

/// The imports that lead from main to the module that imports what is not there.
fn chain(context: &Context<'_>, failure: &Failure) -> String {
    let innermost = failure.frames.iter().rev().find_map(|frame| context.bundle.graph.find(&frame.file));
    innermost.map_or_else(String::new, |node| context.by(node))
}

/// Python's traceback, innermost last, in the user's own files.
fn traceback(context: &Context<'_>, frames: &[Frame]) -> String {
    let skipped = frames.len().saturating_sub(FRAMES);
    let mut lines = if skipped > 0 { format!("\n    ({skipped} more)") } else { String::new() };
    for frame in &frames[skipped..] {
        lines.push_str(&format!("\n    {}:{} in {}", shown(context, &frame.file), frame.line, frame.function));
    }
    lines
}

fn shown(context: &Context<'_>, file: &str) -> String {
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
fn place(context: &Context<'_>, failure: &Failure) -> Location {
    let owner = |frame: &&Frame| context.bundle.module(&frame.file).map(|module| &module.owner);
    let innermost =
        |wanted: &dyn Fn(&Owner) -> bool| failure.frames.iter().rev().find(|frame| owner(frame).is_some_and(wanted));
    if failure.what == Step::Script {
        let inside = failure.frames.iter().rev().find(|frame| frame.file == failure.subject);
        let path = context.project.display(failure.subject.as_str().into());
        return inside.map_or_else(|| Location::new(Place::File, &path), |frame| at(Place::File, &path, frame.line));
    }
    if let Some(frame) = innermost(&|owner| *owner == Owner::Project) {
        return at(Place::File, &shown(context, &frame.file), frame.line);
    }
    match innermost(&|_| true) {
        Some(frame) => at(Place::Module, &frame.file, frame.line),
        None => Location::new(Place::Module, context.bundle.main_module.as_str()),
    }
}

fn at(kind: Place, path: &str, line: u32) -> Location {
    Location { line: Some(line), ..Location::new(kind, path) }
}

fn entropy(context: &Context<'_>, module: &str) -> Finding {
    let graph = &context.bundle.graph;
    let node = graph.module(module);
    let (location, chain) = match node {
        Some(node) => {
            let kind = if graph.node(node).is_project() { Place::File } else { Place::Module };
            (Location::new(kind, context.shown(graph.node(node))), context.by(node))
        }
        None => (Location::new(Place::Module, module), String::new()),
    };
    let message = format!("`{module}` asks for entropy while it is imported, which ends a Worker's start{chain}");
    Finding::new(Severity::Deny, "smoke.entropy", module, location, message, LATER)
}

/// The runtime looks for classes; before a date it takes module functions too.
fn entry(context: &Context<'_>, booted: &Booted) -> Option<Finding> {
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
        Finding::new(Severity::Deny, "smoke.entry", main, Location::new(Place::Module, main), message, help)
    })
}

fn memory(booted: &Booted) -> Option<Finding> {
    let (used, limit) = (booted.memory_after, TABLE.memory.bytes);
    (used as f64 > limit as f64 * TABLE.memory.warn_at).then(|| {
        let message = format!(
            "{} are in use before the first request, of {} for the whole Worker ({} imported)",
            bytes(used),
            bytes(limit),
            count(booted.imported, "module")
        );
        let help = "import what is heavy inside the functions that need it";
        let location = Location::new(Place::Package, "bundle");
        Finding::new(Severity::Warn, "smoke.memory", "bundle", location, message, help).measured(used, limit)
    })
}
