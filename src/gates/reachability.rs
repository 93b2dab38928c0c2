//! What the gates that stand on the import graph have in common: how surely a module is imported, by whom, and how to say it.
//!
//! Receives the context; hands on words and places. Must never judge.

use super::{Context, Severity};
use crate::bundle::Owner;
use crate::error::{Location, LocationKind};
use crate::python::graph::{Node, Reachability};
use crate::python::imports::Guard;

/// The longest chain that a message spells out.
const LINKS: usize = 6;

impl Context<'_> {
    /// How surely something in a module runs: the module, then the thing itself.
    pub(super) fn level(&self, node: u32, guard: Guard) -> Option<Reachability> {
        let reached = self.bundle.reach.level(node)?;
        Some(reached.max(Reachability::of(guard, self.bundle.graph.node(node).is_project())))
    }

    pub(super) fn shown(&self, node: &Node) -> String {
        self.bundle.shown(self.project, node)
    }

    pub(super) fn place(&self, node: &Node, line: u32, column: u32) -> Location {
        let kind = if node.is_project() { LocationKind::File } else { LocationKind::Module };
        Location::at(kind, self.shown(node), line, column)
    }

    /// Who imports, for subjects: the distribution, or the project's module by its dotted name.
    pub(super) fn importer(&self, node: &Node) -> String {
        match self.bundle.module(&node.name).map(|module| &module.owner) {
            Some(Owner::Package(name)) => name.clone(),
            _ if node.is_project() => node.dotted.clone(),
            _ => node.dotted.split('.').next().unwrap_or_default().to_owned(),
        }
    }

    /// `; main gets there by src/main.py:1 -> src/api.py:3 -> litellm/__init__.py`, or nothing where it is main itself.
    pub(super) fn by(&self, node: u32) -> String {
        let mut steps = self.bundle.steps(self.project, node);
        // Main itself.
        if steps.len() < 2 {
            return String::new();
        }
        if steps.len() > LINKS {
            let dropped = steps.len() - LINKS;
            steps.splice(LINKS / 2..LINKS / 2 + dropped, [format!("({dropped} more)")]);
        }
        format!("; main gets there by {}", steps.join(" -> "))
    }
}

/// What certainly runs denies, what the project may run warns, what a package may run is noted.
pub(super) fn severity(level: Reachability) -> Option<Severity> {
    match level {
        Reachability::Startup => Some(Severity::Deny),
        Reachability::Project => Some(Severity::Warn),
        Reachability::Package => Some(Severity::Note),
        Reachability::Guarded | Reachability::StringOnly => None,
    }
}
