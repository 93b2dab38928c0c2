//! Whether an `open` in a function is sure to come to pass, uncaught: by who in the project says the function's name.
//!
//! Receives the project's files that main reaches; hands on yes or no. By name alone, so that it errs towards yes. Must never
//! call a function unused that something decorates, or that the runtime calls.

use crate::bundle::Content;
use crate::gate::Context;
use crate::python::graph::Node;
use crate::python::imports::{Base, Open};
use crate::python::stdlib;
use crate::python::uses::{Uses, uses};
use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};

/// What the project's files do with their names, read when it is first asked for.
#[derive(Default)]
pub(super) struct Calls<'a> {
    files: OnceCell<BTreeMap<&'a str, Uses>>,
    running: OnceCell<BTreeSet<String>>,
}

impl<'a> Calls<'a> {
    /// By upload name, the files that main reaches.
    pub(super) fn files(&self, context: &Context<'a>) -> &BTreeMap<&'a str, Uses> {
        self.files.get_or_init(|| {
            let nodes = context.bundle.graph.nodes().filter(|(_, node)| node.is_project() && node.present);
            let reached = nodes.filter(|(at, _)| context.bundle.reach.level(*at).is_some());
            let modules = reached.filter_map(|(_, node)| context.bundle.module(&node.name));
            let written = modules.filter(|module| matches!(module.content, Content::File(_)));
            written.filter_map(|module| Some((module.name.as_str(), uses(&module.content.read().ok()?)))).collect()
        })
    }

    pub(super) fn surely_opens(&self, context: &Context<'a>, node: &Node, open: &Open) -> bool {
        let files = self.files(context);
        let Some(own) = files.get(node.name.as_str()) else { return true };
        let moved = open.base == Base::Cwd && files.values().any(|file| file.changes_directory);
        let written = open.parts.last().is_some_and(|name| own.writes.contains(name));
        if moved || written {
            return false;
        }
        let Some(function) = own.function_at(open.line).filter(|_| open.guard.in_function) else { return true };
        function.decorated
            || is_handler(&function.name)
            || self.running.get_or_init(|| running(context, files)).contains(&function.name)
    }
}

/// What the runtime calls by name, where the entry point is no class.
fn is_handler(name: &str) -> bool {
    name.starts_with("on_") || name == "test"
}

/// The names that are said where something runs and where a missing file is not taken care of: outside of functions, in
/// methods, in functions whose own name is among them.
fn running(context: &Context<'_>, files: &BTreeMap<&str, Uses>) -> BTreeSet<String> {
    let python = &context.target.python;
    // `json.load` is not the project's `load`.
    let is_library = |file: &Uses, of: &Option<String>| {
        let module = of.as_ref().and_then(|local| file.modules.get(local));
        module.is_some_and(|module| stdlib::hides(python, module.split('.').next().unwrap_or_default()))
    };
    let mut running: BTreeSet<String> = BTreeSet::new();
    loop {
        let before = running.len();
        for file in files.values() {
            for mention in file.mentions.iter().filter(|mention| !mention.handled && !is_library(file, &mention.of)) {
                let runs = mention.by.is_none_or(|by| {
                    let function = &file.functions[by];
                    function.decorated || is_handler(&function.name) || running.contains(&function.name)
                });
                if runs && !running.contains(&mention.name) {
                    running.insert(mention.name.clone());
                }
            }
        }
        if running.len() == before {
            return running;
        }
    }
}
