//! How certain it is that a module is imported, by whom, and how findings show it.

use super::{Context, Severity};
use crate::bundle::Owner;
use crate::error::{Location, LocationKind};
use crate::python::graph::{Node, Reachability};
use crate::python::imports::Guard;

/// The longest chain that a message spells out.
const LINKS: usize = 6;

impl Context<'_> {
    /// How certain it is that something in a module runs, given its guard.
    pub(super) fn level(&self, node: u32, guard: Guard) -> Option<Reachability> {
        let reached = self.bundle.reach.level(node)?;
        Some(reached.max(Reachability::of(guard, self.bundle.graph.node(node).is_project())))
    }

    pub(super) fn display_path(&self, node: &Node) -> String {
        self.bundle.shown(self.project, node)
    }

    pub(super) fn location(&self, node: &Node, line: u32, column: u32) -> Location {
        let kind = if node.is_project() { LocationKind::File } else { LocationKind::Module };
        Location::at(kind, self.display_path(node), line, column)
    }

    /// The importer in subjects: its distribution, or the dotted name of the project's module.
    pub(super) fn importer(&self, node: &Node) -> String {
        match self.bundle.module(&node.name).map(|module| &module.owner) {
            Some(Owner::Package(name)) => name.clone(),
            _ if node.is_project() => node.dotted.clone(),
            _ => node.dotted.split('.').next().unwrap_or_default().to_owned(),
        }
    }

    /// `; imported through src/main.py:1 -> src/api.py:3 -> litellm/__init__.py`, or nothing for main itself.
    pub(super) fn import_chain(&self, node: u32) -> String {
        let mut steps = self.bundle.steps(self.project, node);
        // Main itself.
        if steps.len() < 2 {
            return String::new();
        }
        if steps.len() > LINKS {
            let dropped = steps.len() - LINKS;
            steps.splice(LINKS / 2..LINKS / 2 + dropped, [format!("({dropped} more)")]);
        }
        format!("; imported through {}", steps.join(" -> "))
    }
}

/// What certainly runs denies, what the project may run warns, what a package may run is only noted.
pub(super) fn severity(level: Reachability) -> Option<Severity> {
    match level {
        Reachability::Startup => Some(Severity::Deny),
        Reachability::Project => Some(Severity::Warn),
        Reachability::Package => Some(Severity::Note),
        Reachability::Guarded | Reachability::StringOnly => None,
    }
}
