//! The layout of the upload: the module root, the names of the project's modules, and the entry module.
//!
//! Reads the user's tree and never writes it. Imports that will not resolve are listed for the gates.

mod aliases;
mod build;
mod check;
mod evidence;
mod model;
mod reach;
#[cfg(test)]
mod tests;
mod tree;

#[cfg(test)]
pub(crate) use model::Shim;
pub(crate) use model::{Layout, LayoutRequest, Namespace, NamespaceSetting, Unresolved};

use crate::error::{Error, ErrorKind, Result};
use crate::project::paths::display;
use evidence::{Evidence, Vote};
use reach::{ImportRoot, Roots};

/// What became of the evidence.
enum Choice {
    /// Index into `Roots::above`.
    Keep(usize, String),
    Flat(String),
}

/// Decides the layout.
///
/// # Errors
/// `Settings` for an `include` that does not exist or cannot be uploaded, and for `keep` where main cannot be imported by its
/// dotted name; `Unreadable` for a file that cannot be read or a name that is not UTF-8.
pub(crate) fn decide(request: &LayoutRequest<'_>) -> Result<Layout> {
    let roots = Roots::new(request);
    let order: Vec<&ImportRoot> = roots.all().collect();
    let reach = reach::reach(&roots, vec![request.main.to_owned()], &order)?;
    let aliases = aliases::aliases(&roots, &reach, &order)?;
    let evidence = evidence::gather(request, &roots, &reach, &aliases)?;
    match choose(request, &roots, &evidence)? {
        Choice::Keep(index, reason) => build::keep(request, &roots, index, reason),
        Choice::Flat(reason) => build::flat(request, &roots, reach, reason),
    }
}

fn choose(request: &LayoutRequest<'_>, roots: &Roots<'_>, evidence: &Evidence) -> Result<Choice> {
    let source = display(request.config_dir, request.main.parent().unwrap_or(request.main));
    if request.setting == NamespaceSetting::Flat {
        return Ok(Choice::Flat("`--namespace flat`".to_owned()));
    }
    if roots.above.is_empty() {
        return Ok(Choice::Flat("`main` is at the project root".to_owned()));
    }
    // A string alone decides; against an import that works in the flat layout only it does not.
    let votes = if evidence.keep.is_empty() && evidence.flat == 0 { &evidence.hints } else { &evidence.keep };
    let best = most_votes(roots, votes);
    if request.setting == NamespaceSetting::Keep {
        let nearest = || roots.above.iter().position(|candidate| candidate.obstacle.is_none());
        let index = best.or_else(nearest).ok_or_else(|| impossible(roots, &source))?;
        return Ok(Choice::Keep(index, "`--namespace keep`".to_owned()));
    }
    Ok(match (best, votes.first()) {
        (Some(index), _) => {
            let reason = votes.iter().find(|vote| vote.above.contains(&index)).map(|vote| vote.reason.clone());
            Choice::Keep(index, reason.unwrap_or_default())
        }
        (None, Some(vote)) => {
            let obstacle = vote.above.iter().find_map(|&index| roots.above[index].obstacle.as_ref());
            Choice::Flat(match obstacle {
                Some(obstacle) => format!("{}, but {obstacle}", vote.reason),
                None => format!("{}, which is above the project", vote.reason),
            })
        }
        (None, None) => Choice::Flat(format!("nothing imports through `{source}`")),
    })
}

/// The possible directory that satisfies most votes, the nearest of equals.
fn most_votes(roots: &Roots<'_>, votes: &[Vote]) -> Option<usize> {
    let possible = roots.above.iter().enumerate().filter(|(_, candidate)| candidate.obstacle.is_none());
    let counted = possible.map(|(index, _)| (votes.iter().filter(|vote| vote.above.contains(&index)).count(), index));
    counted
        .filter(|&(count, _)| count > 0)
        .max_by_key(|&(count, index)| (count, std::cmp::Reverse(index)))
        .map(|(_, index)| index)
}

fn impossible(roots: &Roots<'_>, source: &str) -> Error {
    let obstacle = roots.above.iter().find_map(|candidate| candidate.obstacle.clone()).unwrap_or_default();
    Error::new(
        ErrorKind::Settings,
        format!("`{source}` cannot be kept in the names of modules: {obstacle}"),
        "rename it, or set `namespace` to `flat`",
    )
}
