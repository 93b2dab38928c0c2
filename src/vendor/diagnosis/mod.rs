//! Why a sync failed, and what would work: uv's hundred lines of implication as an answer.
//!
//! Receives the output of a failed sync and the workspace; hands on culprits, each with its facts from the index, and
//! alternatives that were tried. Also judges the resolution that succeeded with an ancient release. Must never speak of
//! what it did not find, and never take longer than it says.

mod alternatives;
mod ask;
mod fall;
mod lift;
mod network;
mod survey;
mod words;

pub(crate) use alternatives::Alternative;
pub(crate) use fall::{Fall, Lift};
pub(crate) use survey::Column;
#[cfg(test)]
pub(crate) use survey::Found;

use super::workspace::Plan;
use crate::error::{Error, Location, Place, Result};
use crate::project::requirements::Requirement;
use crate::project::{Project, Target};
use crate::python::distribution::leading_name;
use crate::term::Terminal;
use crate::toolchain::Toolchain;
use ask::{Pinned, Uv, Wheels};
use camino::Utf8Path;
use rayon::prelude::*;
use std::collections::{BTreeSet, VecDeque};
use std::time::{Duration, Instant};
use words::{Spec, Words};

/// The name of the sync workspace's project: "your project", in uv's words.
const WORKSPACE: &str = "saddlebag-workspace";
/// How long alternatives are looked for.
const PATIENCE: Duration = Duration::from_secs(20);
/// How long a resolution that succeeded is looked at.
const GLANCE: Duration = Duration::from_secs(10);
/// How long a way out of a downgrade is looked for: who locks can wait for whole syncs.
const LIFT_PATIENCE: Duration = Duration::from_secs(60);
/// How many of uv's are started at once.
const AT_ONCE: usize = 2;
/// More culprits than these are named without facts.
const LOOKED_UP: usize = 3;

/// A resolution that failed and that can be explained.
#[derive(Debug)]
pub(crate) struct Unresolved {
    /// The same as an error: for who has switched the gate off.
    pub(crate) error: Error,
    pub(crate) culprits: Vec<Culprit>,
    /// What was found to resolve, least change first.
    pub(crate) alternatives: Vec<Alternative>,
    /// What was not tried, because the time was over.
    pub(crate) untried: usize,
}

/// Why a distribution is in the way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Reason {
    /// No wheel of the wanted versions is for the target.
    NoWheel,
    /// No index has it.
    Unknown,
    /// Two requirements that no version satisfies: their texts.
    Conflict(Vec<String>),
    /// No such version; what there is.
    Version(Vec<String>),
    /// It wants another Python: `>=3.15`.
    Python(String),
}

/// A distribution that is in the way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Culprit {
    pub(crate) reason: Reason,
    pub(crate) name: String,
    /// From the project's own requirement to the culprit's.
    pub(crate) chain: Vec<String>,
    /// The requirement that the chain begins with.
    pub(crate) location: Location,
    /// The newest release, and what its wheels are for.
    pub(crate) newest: Option<(String, String)>,
    /// The newest release that the target takes, and its day; none that is ancient beside the newest.
    pub(crate) usable: Option<(String, Option<String>)>,
    /// The same where it is ancient.
    pub(crate) ancient: Option<(String, Option<String>)>,
}

impl Culprit {
    /// The direct requirement's name.
    pub(crate) fn head(&self) -> Option<&str> {
        self.chain.first().map(|first| leading_name(first))
    }

    /// Whether its newest release has a wheel for the target: then it only drags along what has none.
    pub(crate) fn has_a_wheel(&self) -> bool {
        let newest = self.newest.as_ref().map(|(version, _)| version);
        newest.is_some() && newest == self.usable.as_ref().map(|(version, _)| version)
    }
}

/// What a failed sync means.
#[derive(Debug)]
pub(super) enum Meaning {
    Network(Error),
    Unresolved(Box<(Vec<Culprit>, Vec<Alternative>, usize)>),
    /// As it was.
    Unknown,
}

/// Explains a failed sync.
///
/// # Errors
/// `Kind::Interrupted`, and what keeps uv from being started.
pub(super) fn explain(
    output: &str,
    plan: &Plan,
    project: &Project,
    target: &Target,
    toolchain: &Toolchain,
    terminal: &Terminal,
) -> Result<Meaning> {
    if let Some(error) = network::trouble(output) {
        return Ok(Meaning::Network(error));
    }
    let Some(said) = words::read(output, WORKSPACE) else { return Ok(Meaning::Unknown) };
    let mut culprits = culprits(&said, &project.requirements.entries);
    if culprits.is_empty() {
        return Ok(Meaning::Unknown);
    }
    let Some(uv) = Uv::of(output, plan, toolchain, Instant::now() + PATIENCE) else {
        return Ok(Meaning::Unresolved(Box::new((culprits, Vec::new(), 0))));
    };
    let what = if plan.wants_alternatives { "Looking for what would work" } else { "Looking for what is in the way" };
    let _step = terminal.begin(&format!("{what}, for at most {} s", PATIENCE.as_secs()));
    let pool = rayon::ThreadPoolBuilder::new().num_threads(AT_ONCE).build();
    let Ok(pool) = pool else { return Ok(Meaning::Unresolved(Box::new((culprits, Vec::new(), 0)))) };
    if let Some(unknown) = culprits.iter().find(|culprit| culprit.reason == Reason::Unknown)
        && uv.newest("workers-runtime-sdk", Wheels::Any)?.is_none()
        && !uv.time_is_over()
    {
        return Ok(Meaning::Network(network::nothing_there(&unknown.name)));
    }
    pool.install(|| culprits.par_iter_mut().take(LOOKED_UP).try_for_each(|culprit| look_up(culprit, &uv)))?;
    keep_those_in_the_way(&mut culprits);
    let mut trials = alternatives::trials(&culprits, &uv.requirements(), target);
    trials.retain(|_| plan.wants_alternatives);
    let tried: Vec<Option<Option<Alternative>>> = pool.install(|| {
        let one = |trial: &alternatives::Trial| {
            if uv.time_is_over() {
                return Ok(None);
            }
            let found = alternatives::attempt(trial, &uv, plan, project, toolchain)?;
            Ok((found.is_some() || !uv.time_is_over()).then_some(found))
        };
        trials.par_iter().with_max_len(1).map(one).collect::<Result<_>>()
    })?;
    let untried = tried.iter().filter(|tried| tried.is_none()).count();
    let alternatives = tried.into_iter().flatten().flatten().collect();
    Ok(Meaning::Unresolved(Box::new((culprits, alternatives, untried))))
}

/// What fell, where the resolution of a finished sync can be judged at all.
///
/// # Errors
/// `Kind::Interrupted`, and what keeps uv from being started.
pub(super) fn falls(
    output: &str,
    directory: &Utf8Path,
    plan: &Plan,
    project: &Project,
    toolchain: &Toolchain,
) -> Result<Option<Vec<Fall>>> {
    if project.requirements.entries.is_empty() {
        return Ok(Some(Vec::new()));
    }
    let Some(uv) = Uv::of(output, plan, toolchain, Instant::now() + GLANCE) else { return Ok(None) };
    let Some(lock) = ask::read_lock(&directory.join("pylock.toml")) else { return Ok(None) };
    let direct = project.requirements.entries.iter().filter_map(|entry| entry.name.clone()).collect();
    if plan.is_seeded() {
        fall::judge_locked(&uv, &lock, &uv.requirements(), &direct)
    } else {
        fall::judge(&uv, &lock, &uv.requirements(), &direct)
    }
}

/// What ends each of the falls: a later `compatibility_date`, whose Python is tried with a whole sync. Says what it could not
/// try in its time.
///
/// # Errors
/// `Kind::Interrupted`, and what keeps the tools from being started.
pub(super) fn lift(
    falls: &mut [Fall],
    plan: &Plan,
    target: &Target,
    toolchain: &Toolchain,
    terminal: &Terminal,
) -> Result<()> {
    let later = lift::later(target)?;
    if falls.iter().all(|fall| fall.lift.is_some()) || later.is_empty() {
        return Ok(());
    }
    let step =
        terminal.begin(&format!("Looking for what would lift a downgrade, for at most {} s", LIFT_PATIENCE.as_secs()));
    let untried = lift::find(falls, &later, plan, toolchain, Instant::now() + LIFT_PATIENCE)?;
    drop(step);
    if untried > 0 {
        let dates = crate::quantity::count(untried, "later compatibility date");
        terminal.line(&format!("{dates} could not be tried in the time there is"));
    }
    Ok(())
}

/// The workspace's requirements against every Python.
///
/// # Errors
/// `Kind::Interrupted`, and what keeps the tools from being started.
pub(super) fn survey(
    plan: &Plan,
    project: &Project,
    toolchain: &Toolchain,
    terminal: &Terminal,
) -> Result<Vec<Column>> {
    let _step = terminal.begin(&format!("Resolving {} for every Python of a Worker", plan.what));
    survey::ask(plan, project, toolchain)
}

/// Who is in the way. What has no wheel explains all else that uv then says.
fn culprits(said: &Words, requirements: &[Requirement]) -> Vec<Culprit> {
    let wheelless: BTreeSet<&str> =
        said.wheelless.iter().filter(|spec| !spec.is_prerelease()).map(|spec| spec.name.as_str()).collect();
    let make = |name: &str, reason: Reason| {
        let chain = chain(said, name);
        let head = chain.first().map(|first| first.name.clone()).unwrap_or_else(|| name.to_owned());
        let entry = requirements.iter().find(|entry| entry.name.as_deref() == Some(&head));
        let location = entry.map_or_else(|| Location::new(Place::Package, name), |entry| entry.location());
        let chain = chain.iter().map(ToString::to_string).collect();
        let tags = said.tags.iter().find(|(of, _, _)| of == name);
        let newest = tags.map(|(_, version, tags)| (version.clone(), tags.clone()));
        Culprit { reason, name: name.to_owned(), chain, location, newest, usable: None, ancient: None }
    };
    let mut found: Vec<Culprit> = said.missing.iter().map(|name| make(name, Reason::Unknown)).collect();
    found.extend(
        wheelless.into_iter().filter(|name| !said.missing.contains(*name)).map(|name| make(name, Reason::NoWheel)),
    );
    // Deepest first: what the others need.
    found.sort_by_key(|culprit| std::cmp::Reverse(culprit.chain.len()));
    if !found.is_empty() {
        return found;
    }
    if let Some((Some(who), python)) = said.requires.iter().find(|(_, on)| on.name == "python") {
        return vec![make(&who.name, Reason::Python(python.versions.clone()))];
    }
    let wanted = |name: &str| -> BTreeSet<String> {
        let of = said.requires.iter().filter(|(_, on)| on.name == name && !on.versions.is_empty());
        of.map(|(who, on)| match who {
            Some(who) => format!("{who} → {on}"),
            None => on.to_string(),
        })
        .collect()
    };
    let specs = |name: &str| -> BTreeSet<&str> {
        said.requires
            .iter()
            .filter(|(_, on)| on.name == name)
            .map(|(_, on)| on.versions.as_str())
            .filter(|versions| !versions.is_empty())
            .collect()
    };
    let names: BTreeSet<&str> = said.requires.iter().map(|(_, on)| on.name.as_str()).collect();
    if let Some(name) = names.iter().find(|name| specs(name).len() > 1) {
        return vec![make(name, Reason::Conflict(wanted(name).into_iter().collect()))];
    }
    let there = said.available.iter().chain(&said.absent).map(|spec| spec.name.as_str());
    let lacking = there.filter(|name| names.contains(name)).collect::<BTreeSet<_>>();
    let available =
        |name: &str| said.available.iter().filter(|spec| spec.name == name).map(ToString::to_string).collect();
    lacking.into_iter().map(|name| make(name, Reason::Version(available(name)))).collect()
}

/// The shortest way from the project's own requirement to a distribution.
fn chain(said: &Words, name: &str) -> Vec<Spec> {
    let mut open: VecDeque<Vec<Spec>> =
        said.requires.iter().filter(|(who, _)| who.is_none()).map(|(_, on)| vec![on.clone()]).collect();
    let mut seen: BTreeSet<String> = BTreeSet::new();
    while let Some(path) = open.pop_front() {
        let Some(last) = path.last().cloned() else { continue };
        if last.name == name {
            return path;
        }
        if !seen.insert(last.name.clone()) {
            continue;
        }
        for (who, on) in &said.requires {
            if let Some(who) = who.as_ref().filter(|who| who.name == last.name) {
                let mut longer = path.clone();
                // The range that the next step holds for says more than the requirement itself.
                if longer.len() > 1 || !who.versions.is_empty() {
                    longer.pop();
                    longer.push(who.clone());
                }
                longer.push(on.clone());
                open.push_back(longer);
            }
        }
    }
    Vec::new()
}

/// What the index has of it.
fn look_up(culprit: &mut Culprit, uv: &Uv) -> Result<()> {
    if culprit.reason == Reason::Unknown {
        return Ok(());
    }
    let (newest, usable) = (uv.newest(&culprit.name, Wheels::Any)?, uv.newest(&culprit.name, Wheels::Target)?);
    let ancient = usable.as_ref().zip(newest.as_ref()).is_some_and(|(usable, newest)| fall::is_ancient(usable, newest));
    culprit.newest = newest.map(|pinned| (pinned.version.clone(), offers(&pinned))).or(culprit.newest.take());
    let usable = usable.map(|pinned| (pinned.version, pinned.uploaded));
    (culprit.usable, culprit.ancient) = if ancient { (None, usable) } else { (usable, None) };
    Ok(())
}

/// uv also names what has a wheel and drags along what has none. That is no culprit, where there is another.
fn keep_those_in_the_way(culprits: &mut Vec<Culprit>) {
    let drags = |culprit: &Culprit| culprit.reason == Reason::NoWheel && culprit.has_a_wheel();
    if !culprits.iter().all(drags) {
        culprits.retain(|culprit| !drags(culprit));
    }
}

/// `cp313, cp314 for macosx, manylinux`.
fn offers(pinned: &Pinned) -> String {
    let (mut pythons, mut platforms) = (BTreeSet::new(), BTreeSet::new());
    for wheel in &pinned.wheels {
        let mut parts = wheel.trim_end_matches(".whl").rsplit('-');
        let (Some(platform), Some(abi), Some(python)) = (parts.next(), parts.next(), parts.next()) else { continue };
        pythons.insert(if abi == "none" || abi == "abi3" { format!("{python}-{abi}") } else { python.to_owned() });
        for one in platform.split('.') {
            let family = if one.ends_with("_wasm32") { one } else { one.split('_').next().unwrap_or(one) };
            platforms.insert(if family.starts_with("manylinux") { "manylinux".to_owned() } else { family.to_owned() });
        }
    }
    let join = |set: BTreeSet<String>| set.into_iter().collect::<Vec<_>>().join(", ");
    if pythons.is_empty() { "source only".to_owned() } else { format!("{} on {}", join(pythons), join(platforms)) }
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
