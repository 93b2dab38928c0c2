//! The direct requirements that keep the others from resolving, and why. A misspelt name is never called unable to run on
//! Workers.

use crate::project::Project;
use crate::project::requirements::Requirement;
use crate::python::distribution::leading_name;
use crate::resolve::{Conflict, Reason, Unresolved};
use std::collections::BTreeSet;

/// A direct requirement without which the rest resolves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LeftOut {
    /// Normalised.
    pub(crate) name: String,
    /// What has no wheel: itself, or things that it requires.
    pub(crate) obstacles: Vec<Obstacle>,
    /// What was taken out of the project's requirements for it.
    pub(crate) entries: Vec<Requirement>,
}

/// A distribution that cannot be had for the target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Obstacle {
    pub(crate) name: String,
    /// Normalised; what requires it.
    pub(crate) required_by: String,
    /// The whole of it.
    pub(crate) why: String,
}

/// Which direct requirements keep the rest from resolving, because no wheel of theirs, or of what they require, is for the
/// target. Empty where it is for another reason: a misspelt name or two versions at odds say nothing of Workers.
/// `explained`: name and message of each culprit.
pub(crate) fn in_the_way(why: &Unresolved, project: &Project, explained: &[(String, String)]) -> Vec<LeftOut> {
    let cannot_run = |reason: &Reason| matches!(reason, Reason::NoWheel | Reason::Python(_));
    if why.conflicts.iter().any(|conflict| !cannot_run(&conflict.reason)) {
        return Vec::new();
    }
    let head = |conflict: &Conflict| conflict.head().map(crate::python::normalize);
    let heads: BTreeSet<String> = why.conflicts.iter().filter_map(head).collect();
    let left_out = heads.into_iter().filter_map(|name| {
        let is_it = |entry: &&Requirement| entry.name.as_ref() == Some(&name);
        let entries: Vec<Requirement> = project.requirements.entries.iter().filter(is_it).cloned().collect();
        let of_it: Vec<&Conflict> =
            why.conflicts.iter().filter(|conflict| head(conflict).as_ref() == Some(&name)).collect();
        let obstacles = obstacles(&name, &of_it, explained);
        (!entries.is_empty()).then_some(LeftOut { name, obstacles, entries })
    });
    left_out.collect()
}

/// Those that are in the way by themselves. uv also names what has a wheel and drags one of them in.
fn obstacles(head: &str, conflicts: &[&Conflict], explained: &[(String, String)]) -> Vec<Obstacle> {
    let hopeless = |conflict: &&&Conflict| conflict.newest.is_some() && conflict.usable.is_none();
    let kept: Vec<&&Conflict> = conflicts.iter().filter(|conflict| !conflict.has_a_wheel()).collect();
    let worst: Vec<&&Conflict> = kept.iter().copied().filter(hopeless).collect();
    // Deepest first: without facts, what the others need.
    let chosen = if worst.is_empty() { kept.into_iter().take(1).collect() } else { worst };
    let obstacle = |conflict: &&Conflict| {
        let before = conflict.chain.len().checked_sub(2).and_then(|at| conflict.chain.get(at));
        Obstacle {
            name: conflict.name.clone(),
            required_by: crate::python::normalize(before.map_or(head, |before| leading_name(before))),
            why: explained
                .iter()
                .find(|(name, _)| *name == conflict.name)
                .map_or_else(String::new, |(_, why)| why.clone()),
        }
    };
    chosen.into_iter().map(obstacle).collect()
}
