//! How surely each module is imported, and by which chain of imports.

use super::model::{Edge, EdgeKind, Node};
use crate::python::imports::Guard;
use std::collections::VecDeque;

/// How surely an import runs; a chain is worth its weakest link.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Reachability {
    /// When the upload starts.
    Startup,
    /// In a function of the project's, or under a condition of its own.
    Project,
    /// In a function of a vendored package.
    Package,
    /// Its failure is handled, or it is for another platform.
    Guarded,
    /// A string names it.
    StringOnly,
}

impl Reachability {
    pub(crate) const ALL: [Self; 5] = [Self::Startup, Self::Project, Self::Package, Self::Guarded, Self::StringOnly];

    /// Of one import in a file of the project's, or of a package.
    pub(crate) fn of(guard: Guard, in_project: bool) -> Self {
        if guard.is_guarded() {
            Self::Guarded
        } else if (guard.in_function || guard.is_conditional()) && in_project {
            Self::Project
        } else if guard.in_function || guard.is_conditional() {
            Self::Package
        } else {
            Self::Startup
        }
    }
}

/// One import of a chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Link {
    pub(crate) from: u32,
    pub(crate) line: u32,
    pub(crate) to: u32,
}

/// What was reached.
#[derive(Debug, Clone, Default)]
pub(crate) struct Reach {
    levels: Vec<Option<Reachability>>,
    /// The edge by which a node was first reached.
    steps: Vec<Step>,
}

/// The node that an edge comes from and its line; none for a start.
type Step = Option<(u32, u32)>;

impl Reach {
    /// How surely a node is imported; `None` if it is not.
    pub(crate) fn level(&self, node: u32) -> Option<Reachability> {
        self.levels.get(node as usize).copied().flatten()
    }

    /// The last import of the chain that leads to a node: from where, and the line there; `None` for where the walk began.
    pub(crate) fn step(&self, node: u32) -> Option<(u32, u32)> {
        self.steps.get(node as usize).copied().flatten()
    }

    /// Of these nodes the one that is imported most surely, and of those the one with the shortest way.
    pub(crate) fn surest(&self, nodes: impl IntoIterator<Item = u32>) -> Option<(u32, Reachability)> {
        let reached = nodes.into_iter().filter_map(|node| Some((node, self.level(node)?)));
        reached.min_by_key(|(node, level)| (*level, self.chain(*node).len()))
    }

    /// The imports that lead to a node, from the start on; empty for where the walk began.
    pub(crate) fn chain(&self, node: u32) -> Vec<Link> {
        let mut chain = Vec::new();
        let mut at = node;
        while let Some((from, line)) = self.step(at) {
            chain.push(Link { from, line, to: at });
            at = from;
        }
        chain.reverse();
        chain
    }
}

/// Walks from `starts` along every edge that `follows` allows. The surest way to a node wins, then the shortest.
pub(super) fn walk(nodes: &[Node], edges: &[Vec<Edge>], starts: &[u32], follows: impl Fn(&Edge) -> bool) -> Reach {
    let mut reach = Reach { levels: vec![None; nodes.len()], steps: vec![None; nodes.len()] };
    let mut waiting: [VecDeque<(u32, Step)>; 5] = Default::default();
    waiting[0].extend(starts.iter().map(|start| (*start, None)));
    for level in Reachability::ALL {
        while let Some((at, step)) = waiting[level as usize].pop_front() {
            if reach.levels[at as usize].is_some() {
                continue;
            }
            reach.levels[at as usize] = Some(level);
            reach.steps[at as usize] = step;
            let in_project = nodes[at as usize].is_project();
            for edge in edges[at as usize].iter().filter(|edge| follows(edge)) {
                let own = match edge.kind {
                    EdgeKind::String => Reachability::StringOnly,
                    _ => Reachability::of(edge.guard, in_project),
                };
                if reach.levels[edge.to as usize].is_none() {
                    waiting[level.max(own) as usize].push_back((edge.to, Some((at, edge.line))));
                }
            }
        }
    }
    reach
}
