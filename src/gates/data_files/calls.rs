//! Whether the function that opens a file is called, by who in the project mentions its name.
//!
//! Names alone decide, so that it errs towards "called": a function that something registers or that the runtime calls is never
//! taken for unused.

use crate::bundle::{Content, Module};
use crate::gates::Context;
use crate::python::graph::Node;
use crate::python::imports::{Base, Open};
use crate::python::uses::{Class, Function, Mention, Uses};
use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Classes whose subclasses the runtime instantiates.
const ENTRY_POINTS: [&str; 3] = ["WorkerEntrypoint", "DurableObject", "WorkflowEntrypoint"];

/// Base classes that do not call methods of a subclass by name.
const PASSIVE: [&str; 26] = [
    "object",
    "ABC",
    "BaseModel",
    "BaseSettings",
    "SQLModel",
    "Struct",
    "Protocol",
    "Generic",
    "NamedTuple",
    "TypedDict",
    "Enum",
    "IntEnum",
    "StrEnum",
    "Flag",
    "IntFlag",
    "Exception",
    "ValueError",
    "RuntimeError",
    "KeyError",
    "dict",
    "list",
    "set",
    "str",
    "int",
    "tuple",
    "SimpleNamespace",
];

/// Methods that some of these base classes call nevertheless.
const HOOKS: [&str; 5] =
    ["model_post_init", "settings_customise_sources", "customise_sources", "_generate_next_value_", "_missing_"];

/// Whether the code at a line runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Runs {
    Surely,
    /// It may run.
    Perhaps,
    /// The file creates what it opens.
    Made,
    /// It is in a function that nothing calls.
    Uncalled(String),
}

/// What the project's files do with names, read on first use.
#[derive(Default)]
pub(super) struct CallGraph<'a> {
    files: OnceCell<BTreeMap<&'a str, Arc<Uses>>>,
    running: OnceCell<Running>,
}

impl<'a> CallGraph<'a> {
    /// By upload name, the files that main reaches.
    pub(super) fn files(&self, context: &Context<'a>) -> &BTreeMap<&'a str, Arc<Uses>> {
        self.files.get_or_init(|| {
            let nodes = context.bundle.graph.nodes().filter(|(_, node)| node.is_project() && node.present);
            let reached = nodes.filter(|(at, _)| context.bundle.reach.level(*at).is_some());
            let modules = reached.filter_map(|(_, node)| context.bundle.module(&node.name));
            let written = modules.filter(|module| matches!(module.content, Content::File(_)));
            let uses = |module: &Module| Some(Arc::clone(&module.facts(context.parsed).ok()?.uses));
            written.filter_map(|module| Some((module.name.as_str(), uses(module)?))).collect()
        })
    }

    pub(super) fn runs(&self, context: &Context<'a>, node: &Node, open: &Open) -> Runs {
        let files = self.files(context);
        let Some(own) = files.get(node.name.as_str()) else { return Runs::Surely };
        let moved = open.base == Base::Cwd && self.changes_directory(context);
        let written = open.parts.iter().any(|part| own.writes.contains(part));
        if moved || written {
            return if written { Runs::Made } else { Runs::Perhaps };
        }
        let Some(function) = own.function_at(open.line).filter(|_| open.guard.in_function) else {
            return Runs::Surely;
        };
        match self.running(context).runs(own, function) {
            true => Runs::Surely,
            false => Runs::Uncalled(function.name.clone()),
        }
    }

    pub(super) fn changes_directory(&self, context: &Context<'a>) -> bool {
        self.files(context).values().any(|file| file.changes_directory)
    }

    /// The templates that are certainly rendered: named by a literal, in code that runs and does not handle a missing file.
    pub(super) fn rendered(&self, context: &Context<'a>) -> BTreeSet<&str> {
        let running = self.running(context);
        let rendered = self.files(context).values().flat_map(|file| {
            let surely = file.templates.iter().filter(move |template| {
                let runs = template.function.is_none_or(|at| running.runs(file, &file.functions[at]));
                runs && !template.handled
            });
            surely.map(|template| template.name.as_str())
        });
        rendered.collect()
    }

    /// Whether some file of the project mentions a name in code that can run.
    pub(super) fn mentions(&self, context: &Context<'a>, name: &str) -> bool {
        self.files(context).values().flat_map(|file| &file.mentions).any(|mention| mention.name == name)
    }

    /// Whether a class is the project's own and does not derive from `base`: then only its name is like that of a known class.
    pub(super) fn only_sounds_like(&self, context: &Context<'a>, class: &str, base: &str) -> bool {
        let bases = &self.running(context).bases;
        let mut seen: BTreeSet<&str> = BTreeSet::new();
        let mut pending = vec![class];
        while let Some(name) = pending.pop() {
            let Some(above) = bases.get(name).filter(|_| seen.insert(name)) else { continue };
            if above.iter().any(|above| above == base) {
                return false;
            }
            pending.extend(above.iter().map(String::as_str));
        }
        bases.contains_key(class)
    }

    fn running(&self, context: &Context<'a>) -> &Running {
        self.running.get_or_init(|| Running::of(context, self.files(context)))
    }
}

/// What the runtime calls by name, where the entry point is no class.
fn is_handler(name: &str) -> bool {
    name.starts_with("on_") || name == "test"
}

fn is_special(name: &str) -> bool {
    (name.starts_with("__") && name.ends_with("__")) || HOOKS.contains(&name)
}

/// The names that code mentions where it runs and does not handle a missing file.
struct Running {
    names: BTreeSet<String>,
    /// Those of them that are attributes or strings: what can call a method.
    attributes: BTreeSet<String>,
    /// By name, the bases of the project's classes.
    bases: BTreeMap<String, Vec<String>>,
    /// Names of classes that main has: the runtime makes those with a base.
    of_main: BTreeSet<String>,
    /// Whether some file looks classes up by their base.
    finds_subclasses: bool,
}

impl Running {
    fn of(context: &Context<'_>, files: &BTreeMap<&str, Arc<Uses>>) -> Self {
        let mut bases: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for class in files.values().flat_map(|file| &file.classes) {
            bases.entry(class.name.clone()).or_default().extend(class.bases.iter().cloned());
        }
        let mut running = Self {
            names: BTreeSet::new(),
            attributes: BTreeSet::new(),
            bases,
            of_main: main_names(context, files),
            finds_subclasses: files.values().any(|file| file.finds_subclasses),
        };
        let own = own_names(context);
        // `json.load` is not the project's `load`.
        let is_foreign = |file: &Uses, mention: &Mention| {
            let module = mention.of.as_ref().and_then(|local| file.modules.get(local));
            module.is_some_and(|module| !own.contains(module.split('.').next().unwrap_or_default()))
        };
        let mut waiting: Vec<(&Uses, &Mention)> = Vec::new();
        for file in files.values() {
            let counted = file.mentions.iter().filter(|mention| !mention.handled && !is_foreign(file, mention));
            waiting.extend(counted.map(|mention| (&**file, mention)));
        }
        loop {
            let before = waiting.len();
            waiting.retain(|(file, mention)| {
                let runs = mention.function.is_none_or(|at| running.runs(file, &file.functions[at]));
                if runs {
                    running.names.insert(mention.name.clone());
                    if mention.attribute {
                        running.attributes.insert(mention.name.clone());
                    }
                }
                !runs
            });
            if waiting.len() == before {
                return running;
            }
        }
    }

    /// Whether anything calls a function, or may.
    fn runs(&self, file: &Uses, function: &Function) -> bool {
        let called = function.decorated || is_special(&function.name);
        match function.class {
            None => called || is_handler(&function.name) || contains_name(&self.names, &function.name),
            Some(class) => {
                let class = &file.classes[class];
                self.is_made(class)
                    && (called || contains_name(&self.attributes, &function.name) || self.calls_methods(&class.bases))
            }
        }
    }

    fn is_made(&self, class: &Class) -> bool {
        let by_the_runtime = class.bases.iter().any(|base| ENTRY_POINTS.contains(&base.as_str()))
            || (!class.bases.is_empty() && (self.finds_subclasses || self.of_main.contains(&class.name)));
        class.registered || by_the_runtime || self.names.contains(&class.name)
    }

    /// Whether a base class, direct or not, comes from elsewhere and may call methods by name.
    fn calls_methods(&self, bases: &[String]) -> bool {
        let mut seen: BTreeSet<&str> = BTreeSet::new();
        let mut pending: Vec<&str> = bases.iter().map(String::as_str).collect();
        while let Some(base) = pending.pop() {
            if !seen.insert(base) || PASSIVE.contains(&base) {
                continue;
            }
            match self.bases.get(base) {
                Some(above) => pending.extend(above.iter().map(String::as_str)),
                None => return true,
            }
        }
        false
    }
}

/// Whether the set has a name, or a prefix of it that ends in `*`.
fn contains_name(names: &BTreeSet<String>, name: &str) -> bool {
    let begins = |known: &String| known.strip_suffix('*').is_some_and(|front| name.starts_with(front));
    names.contains(name) || names.iter().any(begins)
}

/// The top-level names of main: its classes, and what it imports.
fn main_names(context: &Context<'_>, files: &BTreeMap<&str, Arc<Uses>>) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let graph = &context.bundle.graph;
    // The shim of the keep layout has no more than main's names.
    let main = graph.find(&context.bundle.main_module);
    let shimmed = main.into_iter().flat_map(|at| graph.edges(at)).map(|edge| edge.to);
    let shimmed = shimmed.filter(|_| main.is_some_and(|at| !files.contains_key(graph.node(at).name.as_str())));
    for at in main.into_iter().chain(shimmed) {
        if let Some(file) = files.get(graph.node(at).name.as_str()) {
            names.extend(file.classes.iter().map(|class| class.name.clone()));
            names.extend(file.taken.iter().cloned());
        }
    }
    names
}

/// The first names of the project's own modules.
fn own_names<'a>(context: &'a Context<'_>) -> BTreeSet<&'a str> {
    let own = context.bundle.graph.nodes().filter(|(_, node)| node.is_project());
    own.filter_map(|(_, node)| node.dotted.split('.').next()).collect()
}
