//! The classes that the configuration names exist in main.
//!
//! The runtime looks among `main.__all__`, or `dir(main)` without names in `_`, and takes each class by its own name (workerd,
//! `collect_classes`). Where main may define a class in a way that cannot be read from the source, the finding only warns.

use super::{CLASS_MISSING, MIGRATION, active, migrations};
use crate::error::{Location, LocationKind};
use crate::gates::{Code, Context, Finding, Severity};
use crate::project::WranglerConfig;
use crate::python::graph::{EdgeKind, Node};
use crate::python::uses::Uses;
use serde_json::Value;

/// How far star imports are followed.
const STARS: u32 = 8;

pub(super) fn classes(context: &Context<'_>) -> Vec<Finding> {
    let config = &context.project.config;
    let mut wanted = wanted(config);
    for (class, origin, location) in migrations::live_classes(config) {
        if wanted.iter().all(|known| known.class != class) && !migrations::is_elsewhere(config, &class) {
            let uncovered = migrations::uncovered(config).into_iter().map(|binding| binding.class).next();
            wanted.push(Wanted { class, what: origin, location, key: Key::Migration { uncovered } });
        }
    }
    let Some((at, main)) = main(context) else { return Vec::new() };
    let shown = context.display_path(main);
    let Some(facts) = context.bundle.module(&main.name).and_then(|module| module.facts(context.parsed).ok()) else {
        return Vec::new();
    };
    let uses = &facts.uses;
    let check = |wanted: Wanted| wanted.check(has(context, at, &wanted.class, STARS), uses, &shown);
    let mut findings: Vec<Finding> = wanted.into_iter().filter_map(check).collect();
    let named = findings.iter().any(|finding| finding.code == MIGRATION);
    findings.extend(migrations::unmigrated(config, named));
    let leaves_out = uses.exports.as_ref().is_some_and(|exports| !exports.contains("Default"));
    if leaves_out && main.imports.as_ref().is_some_and(|says| says.defined_names.contains("Default")) {
        findings.push(Finding::new(
            Severity::Warn,
            CLASS_MISSING,
            "Default",
            Location::new(LocationKind::File, shown.as_str()),
            format!(
                "`__all__` of `{shown}` leaves out `Default`: the runtime does not find it, and no request reaches it"
            ),
            "add \"Default\" to `__all__`",
        ));
    }
    // Each name of `__all__` is looked up when the Worker starts.
    let exports = uses.exports.iter().flatten();
    for name in exports.filter(|name| has(context, at, name, STARS) == Some(false)) {
        if findings.iter().all(|finding| finding.subject != *name) {
            findings.push(Finding::new(
                Severity::Warn,
                CLASS_MISSING,
                name.as_str(),
                Location::new(LocationKind::File, shown.as_str()),
                format!(
                    "`__all__` of `{shown}` lists `{name}`, which it does not define: the runtime looks up each of them"
                ),
                "define it, or take it out of `__all__`",
            ));
        }
    }
    findings
}

/// The user's main module, which the shim of the keep layout imports.
fn main<'a>(context: &Context<'a>) -> Option<(u32, &'a Node)> {
    let graph = &context.bundle.graph;
    let at = match &context.layout.shim {
        Some(shim) => graph.module(&shim.target)?,
        None => graph.find(&context.bundle.main_module)?,
    };
    let node = graph.node(at);
    node.imports.as_ref().filter(|says| says.syntax_error.is_none() && !says.encoding_error)?;
    Some((at, node))
}

/// A class that the configuration names.
struct Wanted {
    class: String,
    /// "the Durable Object", "the workflow", "the migration `v1`".
    what: String,
    location: Location,
    key: Key,
}

/// Where it is named.
enum Key {
    ClassName,
    /// With the class of a binding that no migration creates, which is probably meant.
    Migration {
        uncovered: Option<String>,
    },
}

impl Key {
    fn code(&self) -> Code {
        match self {
            Self::ClassName => CLASS_MISSING,
            Self::Migration { .. } => MIGRATION,
        }
    }

    fn help(&self, class: &str, main: &str) -> String {
        match self {
            Self::ClassName => format!("define or import `{class}` in `{main}`, or correct `class_name`"),
            Self::Migration { uncovered: Some(bound) } => {
                format!("write `{bound}` in place of `{class}`, or define `{class}` in `{main}`")
            }
            Self::Migration { uncovered: None } => {
                format!("define or import `{class}` in `{main}`, or add a migration that deletes or renames it")
            }
        }
    }
}

impl Wanted {
    fn check(&self, has: Option<bool>, uses: &Uses, main: &str) -> Option<Finding> {
        let class = &self.class;
        // A class counts by its own name, whatever main calls it.
        let is_said = || uses.mentions.iter().any(|mention| mention.name == *class);
        let hidden = uses.exports.as_ref().is_some_and(|exports| !exports.contains(class));
        let (severity, message, help) = match has {
            Some(true) if hidden => (
                Severity::Deny,
                format!(
                    "{} names the class `{class}`, which `__all__` of `{main}` leaves out: the runtime does not find it",
                    self.what
                ),
                format!("add \"{class}\" to `__all__`"),
            ),
            Some(true) => return None,
            _ => (
                if has == Some(false) && !is_said() { Severity::Deny } else { Severity::Warn },
                format!("{} names the class `{class}`, which `{main}` does not define or import", self.what),
                self.key.help(class, main),
            ),
        };
        Some(Finding::new(severity, self.key.code(), class.as_str(), self.location.clone(), message, help))
    }
}

/// Those without a `script_name`, which would be another Worker's.
fn wanted(config: &WranglerConfig) -> Vec<Wanted> {
    let objects = config.get("durable_objects").and_then(|objects| objects.get("bindings"));
    let lists = [
        ("durable_objects", &["bindings"][..], "the Durable Object", objects),
        ("workflows", &[][..], "the workflow", config.get("workflows")),
    ];
    let mut wanted = Vec::new();
    for (key, below, what, list) in lists {
        for (index, entry) in list.and_then(Value::as_array).into_iter().flatten().enumerate() {
            let Some(class) = entry.get("class_name").and_then(Value::as_str) else { continue };
            if entry.get("script_name").is_some_and(|name| !name.is_null()) {
                continue;
            }
            let index = index.to_string();
            let location = match config.get_origin(key) {
                Some(origin) => {
                    let path = origin.iter().map(String::as_str).chain(below.iter().copied());
                    config.locate(&path.chain([index.as_str(), "class_name"]).collect::<Vec<_>>())
                }
                None => active(config, key),
            };
            if wanted.iter().all(|known: &Wanted| known.class != class) {
                wanted.push(Wanted { class: class.to_owned(), what: what.to_owned(), location, key: Key::ClassName });
            }
        }
    }
    wanted
}

/// Whether a module has a class of this name, its star imports followed. `None` if that is unknown.
fn has(context: &Context<'_>, at: u32, name: &str, stars: u32) -> Option<bool> {
    let graph = &context.bundle.graph;
    let says = graph.node(at).imports.as_deref()?;
    let imported = says.items.iter().flat_map(|import| &import.names).any(|imported| imported.name == name);
    if imported || says.defined_names.contains(name) || name.starts_with("__") {
        return Some(true);
    }
    if says.open || says.syntax_error.is_some() {
        return None;
    }
    let stars = stars.checked_sub(1)?;
    for import in says.items.iter().filter(|import| import.star) {
        let edge = graph.edges(at).iter().find(|edge| edge.line == import.line && edge.kind == EdgeKind::Module);
        if has(context, edge?.to, name, stars)? {
            return Some(true);
        }
    }
    Some(false)
}
