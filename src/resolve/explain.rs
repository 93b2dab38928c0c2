//! Explains why a sync failed and what would work, from uv's resolver output.
//!
//! Reports each conflict with facts from the index, and only alternatives that uv resolved. Also warns when a sync
//! succeeded with an outdated release. Stops at its time limit.

mod alternatives;
mod ask;
mod downgrade;
mod lift;
mod network;
mod pinned;
mod requirement_text;
mod resolver_message;
mod survey;
mod unrestricted;

pub(crate) use alternatives::Alternative;
pub(crate) use survey::Column;
#[cfg(test)]
pub(crate) use survey::FoundVersion;

use super::downgrade::Downgrade;
use super::workspace::Plan;
use crate::error::{Error, Location, LocationKind, Result};
use crate::project::requirements::Requirement;
use crate::project::{Project, Target};
use crate::python::distribution::leading_name;
use crate::python::normalize;
use crate::terminal::Terminal;
use crate::tools::Toolchain;
use alternatives::{Trial, Tried};
use ask::{Answer, Uv, Wheels};
use camino::Utf8Path;
use pep508_rs::pep440_rs::Version;
use pinned::Pinned;
use rayon::prelude::*;
use resolver_message::{ResolverMessage, Spec};
use std::collections::{BTreeSet, VecDeque};
use std::time::{Duration, Instant};
use unrestricted::Unrestricted;

/// The name of the sync workspace's project: "your project", in uv's words.
const WORKSPACE: &str = "saddlebag-workspace";
/// Time limit for finding the conflicts.
const JUDGING: Duration = Duration::from_secs(20);
/// Time limit for finding alternatives, after that.
const PATIENCE: Duration = Duration::from_secs(30);
/// Time limit for checking a successful resolution for downgrades.
const GLANCE: Duration = Duration::from_secs(20);
/// Time limit for finding a way out of a downgrade. Long, because `saddlebag lock` can wait for whole syncs.
const LIFT_PATIENCE: Duration = Duration::from_secs(60);
/// How many uv processes run at once.
const AT_ONCE: usize = 2;
/// At most this many conflicts are looked up in the index.
const LOOKED_UP: usize = 16;

/// A failed resolution that can be explained.
#[derive(Debug)]
pub(crate) struct Unresolved {
    /// The same as an error, for when the gate is off.
    pub(crate) error: Error,
    pub(crate) conflicts: Vec<Conflict>,
    /// Alternatives that resolve, smallest change first.
    pub(crate) alternatives: Vec<Alternative>,
    /// Alternatives that were not tried because time ran out.
    pub(crate) untried: usize,
    /// Resolves, but is too far from the requirement to suggest: `pydantic 1.10.27, of 2026-01-02`.
    pub(crate) too_far: Option<String>,
    /// Every distribution that the requirements would bring in, as far as known.
    pub(crate) packages: BTreeSet<String>,
    /// What the project's files import; set by the caller, who knows the main module.
    pub(crate) imported: Option<Imported>,
}

impl Unresolved {
    pub(super) fn of(found: SearchResult, error: Error) -> Self {
        let SearchResult { conflicts, alternatives, untried, too_far, packages } = found;
        Self { error, conflicts, alternatives, untried, too_far, packages, imported: None }
    }
}

/// `` `a` needs `b`, which needs `c` ``: names only, because the versions in between are the resolver's choice.
pub(crate) fn chain_in_words(chain: &[String]) -> String {
    let name = |text: &String| {
        let end = text.find(|c: char| "<>=!~;@ ".contains(c)).unwrap_or(text.len());
        format!("`{}`", &text[..end])
    };
    let mut words = chain.first().map(name).unwrap_or_default();
    for (at, next) in chain.iter().enumerate().skip(1) {
        words += if at == 1 { " needs " } else { ", which needs " };
        words += &name(next);
    }
    words
}

/// The imports of all files reachable from main.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Imported {
    /// Top-level names that are neither the project's own nor the runtime's.
    pub(crate) top_levels: BTreeSet<String>,
    /// Those that are the project's own.
    pub(crate) own: BTreeSet<String>,
    /// All of their text, in lower case.
    pub(crate) text: String,
}

/// The result of a search.
#[derive(Debug, Default)]
pub(super) struct SearchResult {
    pub(super) conflicts: Vec<Conflict>,
    pub(super) alternatives: Vec<Alternative>,
    pub(super) untried: usize,
    pub(super) too_far: Option<String>,
    pub(super) packages: BTreeSet<String>,
}

/// Why a distribution conflicts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Reason {
    /// No wheel of the required versions supports the target.
    NoWheel,
    /// No index has it.
    Unknown,
    /// The texts of two requirements that no version satisfies together.
    Conflict(Vec<String>),
    /// The version does not exist; lists those that do.
    Version(Vec<String>),
    /// It requires another Python: `>=3.15`.
    Python(String),
    /// Its requirements can only be read by building it, and building is off.
    Build,
}

/// A distribution that prevents the resolution.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Conflict {
    pub(crate) reason: Reason,
    pub(crate) name: String,
    /// From the project's own requirement to the conflicting one.
    pub(crate) chain: Vec<String>,
    /// The project's requirements that need it, by name.
    pub(crate) heads: BTreeSet<String>,
    /// The version that the requirements ask for, if known.
    pub(crate) wanted: Option<String>,
    /// The first requirement in the chain.
    pub(crate) location: Location,
    /// The newest release, and the platforms of its wheels.
    pub(crate) newest: Option<(String, String)>,
    /// A release that uv mentioned, and the platforms of its wheels; not always the newest.
    pub(crate) seen: Option<(String, String)>,
    /// The newest release that the target supports, and its date; `None` if it is outdated.
    pub(crate) usable: Option<(String, Option<String>)>,
    /// The same, if it is outdated.
    pub(crate) outdated: Option<(String, Option<String>)>,
}

impl Conflict {
    /// The direct requirement's name.
    pub(crate) fn head(&self) -> Option<&str> {
        self.chain.first().map(|first| leading_name(first))
    }

    /// Whether no usable release has a wheel for the target, or only releases newer than required.
    fn is_hopeless(&self) -> bool {
        let wanted = self.wanted.as_ref().and_then(|version| version.parse::<Version>().ok());
        let usable = self.usable.as_ref().and_then(|(version, _)| version.parse::<Version>().ok());
        usable.is_none_or(|usable| wanted.is_some_and(|wanted| usable > wanted))
    }

    /// Whether its newest release has a wheel for the target: then only something it requires has none.
    pub(crate) fn has_a_wheel(&self) -> bool {
        let newest = self.newest.as_ref().map(|(version, _)| version);
        newest.is_some() && newest == self.usable.as_ref().map(|(version, _)| version)
    }
}

/// The diagnosis of a failed sync.
#[derive(Debug)]
pub(super) enum Meaning {
    Network(Error),
    Unresolved(Box<SearchResult>),
    /// No explanation: the original error.
    Unknown,
}

/// Explains a failed sync.
///
/// # Errors
/// `ErrorKind::Interrupted`, and what keeps uv from being started.
pub(super) fn explain(output: &str, resolution: &super::Case<'_>) -> Result<Meaning> {
    let super::Case { plan, project, target, toolchain, terminal } = *resolution;
    if let Some(error) = network::trouble(output) {
        return Ok(Meaning::Network(error));
    }
    let Some(said) = resolver_message::read(output, WORKSPACE) else { return Ok(unbuilt(output, project)) };
    let conflicts = conflicts(&said, &project.requirements.entries);
    let nothing_more =
        |conflicts| Ok(Meaning::Unresolved(Box::new(SearchResult { conflicts, ..SearchResult::default() })));
    if conflicts.is_empty() {
        return Ok(Meaning::Unknown);
    }
    let Some(mut uv) = Uv::of(output, plan, toolchain, Instant::now() + JUDGING) else {
        return nothing_more(conflicts);
    };
    let what = if plan.wants_alternatives { "Looking for what would work" } else { "Looking for what is in the way" };
    let _step = terminal.begin(&format!("{what}, for at most {} s", (JUDGING + PATIENCE).as_secs()));
    let Ok(pool) = rayon::ThreadPoolBuilder::new().num_threads(AT_ONCE).build() else { return nothing_more(conflicts) };
    if let Some(unknown) = conflicts.iter().find(|conflict| conflict.reason == Reason::Unknown)
        && uv.newest("workers-runtime-sdk", Wheels::Any)?.is_none()
        && !uv.time_is_over()
    {
        return Ok(Meaning::Network(network::nothing_there(&unknown.name)));
    }
    let requirements = uv.requirements();
    let blames_wheels = conflicts.iter().all(|conflict| conflict.reason == Reason::NoWheel);
    let case = Case { uv: &uv, entries: &project.requirements.entries, said: &said, target };
    let (wanted, apart) = if blames_wheels { pool.install(|| case.wanted())? } else { (None, Vec::new()) };
    let conflicts = pool.install(|| case.assess(conflicts, wanted.as_ref(), apart))?;
    let direct: BTreeSet<String> = project.requirements.entries.iter().filter_map(|entry| entry.name.clone()).collect();
    uv.give_until(Instant::now() + PATIENCE);
    let case = alternatives::Case { uv: &uv, plan, toolchain, direct: &direct, wanted: wanted.as_ref() };
    let mut trials = alternatives::trials(&conflicts, &requirements, target);
    trials.retain(|_| plan.wants_alternatives);
    let one = |trial: Trial| alternatives::attempt(&trial, case).map(|tried| (trial, tried));
    let tried: Vec<(Trial, Tried)> =
        pool.install(|| trials.into_par_iter().with_max_len(1).map(one).collect::<Result<_>>())?;
    let untried = tried.iter().filter(|(_, tried)| matches!(tried, Tried::Not)).count();
    let too_far = tried.iter().find_map(|(_, tried)| match tried {
        Tried::TooFar(what) => Some(what.clone()),
        Tried::Works(_) | Tried::Fails | Tried::Not => None,
    });
    let packages = wanted.into_iter().flat_map(|wanted| wanted.packages.into_keys()).chain(direct).collect();
    let alternatives = alternatives::chosen(tried);
    Ok(Meaning::Unresolved(Box::new(SearchResult { conflicts, alternatives, untried, too_far, packages })))
}

/// A requirement that must be built to be read: a local source without static metadata, or one from git.
fn unbuilt(output: &str, project: &Project) -> Meaning {
    let Some(named) = resolver_message::unbuilt(output) else { return Meaning::Unknown };
    let entries = &project.requirements.entries;
    // uv does not always say which. Where only one is not from an index it is that one.
    let mut sources = entries.iter().filter(|entry| entry.local.is_some() || entry.text.contains(" @ "));
    let only = sources.next().filter(|_| sources.next().is_none()).and_then(|entry| entry.name.clone());
    let Some(name) = named.or(only) else { return Meaning::Unknown };
    let conflict = conflict(&name, Reason::Build, vec![name.clone()], entries);
    Meaning::Unresolved(Box::new(SearchResult { conflicts: vec![conflict], ..SearchResult::default() }))
}

/// A conflict without further details.
fn conflict(name: &str, reason: Reason, mut chain: Vec<String>, entries: &[Requirement]) -> Conflict {
    let head = chain.first().map_or_else(|| name.to_owned(), |first| normalize(leading_name(first)));
    let entry = entries.iter().find(|entry| entry.name.as_deref() == Some(&head));
    // Its requirements may come from an extra.
    if let (Some(entry), [first, _, ..]) = (entry, &mut chain[..])
        && let Some((_, extras, _, _)) = requirement_text::parts(&entry.text)
    {
        first.insert_str(leading_name(first).len(), extras);
    }
    let location = entry.map_or_else(|| Location::new(LocationKind::Package, name), |entry| entry.location());
    Conflict {
        reason,
        name: name.to_owned(),
        heads: chain.first().map(|_| head).into_iter().collect(),
        chain,
        wanted: None,
        location,
        newest: None,
        seen: None,
        usable: None,
        outdated: None,
    }
}

/// State for finding conflicts caused by missing wheels.
#[derive(Debug, Clone, Copy)]
struct Case<'a> {
    uv: &'a Uv,
    entries: &'a [Requirement],
    said: &'a ResolverMessage,
    target: &'a Target,
}

impl Case<'_> {
    /// What the requirements would resolve to if every wheel were accepted. If one has no wheel at all, each is
    /// resolved alone, and uv's messages for those that fail are returned too.
    fn wanted(self) -> Result<(Option<Unrestricted>, Vec<Conflict>)> {
        let wanted = self.uv.unrestricted(&self.uv.together(), self.target)?;
        let requirements = self.uv.requirements();
        if wanted.is_some() || requirements.len() < 2 {
            return Ok((wanted, Vec::new()));
        }
        let alone = |text: &String| {
            if let Some(wanted) = self.uv.unrestricted(&self.uv.alone(text), self.target)? {
                return Ok((Some(wanted), Vec::new()));
            }
            let Answer::Failed(output) = self.uv.resolve_alone(text, Wheels::Target)? else {
                return Ok((None, Vec::new()));
            };
            let mut found = conflicts(&resolver_message::read(&output, WORKSPACE).unwrap_or_default(), self.entries);
            found.retain(|conflict| conflict.reason == Reason::NoWheel);
            Ok((None, found))
        };
        let all = requirements.par_iter().with_max_len(1).map(alone).collect::<Result<Vec<_>>>()?;
        let (wanted, apart): (Vec<_>, Vec<_>) = all.into_iter().unzip();
        Ok((Unrestricted::merged(wanted.into_iter().flatten()), apart.into_iter().flatten().collect()))
    }

    /// The actual conflicts: packages of the unrestricted resolution that have no wheel for the target, and those that
    /// failed `apart`. uv's own message covers every version that it tried. Falls back to `suspects`.
    fn assess(
        self,
        mut suspects: Vec<Conflict>,
        wanted: Option<&Unrestricted>,
        apart: Vec<Conflict>,
    ) -> Result<Vec<Conflict>> {
        let candidates = wanted
            .into_iter()
            .flat_map(|wanted| wanted.without_wheel(self.target).map(move |pinned| self.of_wanted(pinned, wanted)));
        let mut seen = BTreeSet::new();
        let mut conflicts: Vec<Conflict> =
            candidates.chain(apart).filter(|conflict| seen.insert(conflict.name.clone())).collect();
        let look_up_one = |conflict: &mut Conflict| {
            look_up(conflict, self.uv)?;
            Ok(!self.uv.time_is_over())
        };
        let looked =
            conflicts.par_iter_mut().take(LOOKED_UP).with_max_len(1).map(look_up_one).collect::<Result<Vec<bool>>>()?;
        let mut looked = looked.into_iter().chain(std::iter::repeat(false));
        conflicts.retain(|conflict| {
            let looked = looked.next().unwrap_or_default();
            self.is_named(conflict) || (looked && conflict.is_hopeless())
        });
        // Deepest dependencies first.
        conflicts.sort_by_key(|conflict| std::cmp::Reverse(conflict.chain.len()));
        if !conflicts.is_empty() {
            return Ok(conflicts);
        }
        suspects.par_iter_mut().take(LOOKED_UP).with_max_len(1).try_for_each(|conflict| look_up(conflict, self.uv))?;
        keep_those_in_the_way(&mut suspects);
        Ok(suspects)
    }

    fn of_wanted(self, pinned: &Pinned, wanted: &Unrestricted) -> Conflict {
        let mut conflict = conflict(&pinned.name, Reason::NoWheel, wanted.graph.chain(&pinned.name), self.entries);
        conflict.heads = wanted.graph.heads(&pinned.name);
        conflict.wanted = Some(pinned.version.clone());
        conflict.seen = Some((pinned.version.clone(), offers(pinned)));
        conflict
    }

    /// Whether uv says that the required version itself has no wheel.
    fn is_named(self, conflict: &Conflict) -> bool {
        let about_it = |spec: &&Spec| spec.name == conflict.name;
        let Some(wanted) = conflict.wanted.as_deref() else { return !conflict.has_a_wheel() };
        self.said.wheelless.iter().filter(about_it).any(|spec| spec.contains(wanted))
    }
}

/// The downgrades in a finished sync, if its resolution can be checked.
///
/// # Errors
/// `ErrorKind::Interrupted`, and what keeps uv from being started.
pub(super) fn falls(
    output: &str,
    directory: &Utf8Path,
    plan: &Plan,
    project: &Project,
    toolchain: &Toolchain,
) -> Result<Option<Vec<Downgrade>>> {
    if project.requirements.entries.is_empty() {
        return Ok(Some(Vec::new()));
    }
    let Some(uv) = Uv::of(output, plan, toolchain, Instant::now() + GLANCE) else { return Ok(None) };
    let Some(lock) = ask::read_lock(&directory.join("pylock.toml")) else { return Ok(None) };
    let direct = project.requirements.entries.iter().filter_map(|entry| entry.name.clone()).collect();
    if plan.is_seeded() {
        downgrade::find_locked(&uv, &lock, &uv.requirements(), &direct)
    } else {
        downgrade::find(&uv, &lock, &uv.requirements(), &direct)
    }
}

/// Finds a later `compatibility_date` that avoids each downgrade; its Python is tried with a whole sync. Reports what
/// it could not try in time.
///
/// # Errors
/// `ErrorKind::Interrupted`, and what keeps the tools from being started.
pub(super) fn lift(
    falls: &mut [Downgrade],
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
        let dates = crate::format::count(untried, "later compatibility date");
        terminal.line(&format!("{dates} could not be tried in the time there is"));
    }
    Ok(())
}

/// The workspace's requirements against every Python.
///
/// # Errors
/// `ErrorKind::Interrupted`, and what keeps the tools from being started.
pub(super) fn survey(
    plan: &Plan,
    project: &Project,
    toolchain: &Toolchain,
    terminal: &Terminal,
) -> Result<Vec<Column>> {
    let _step = terminal.begin(&format!("Resolving {} for every Python of a Worker", plan.what));
    survey::ask(plan, project, toolchain)
}

/// Finds the conflicts. A missing wheel explains everything else that uv reports.
fn conflicts(said: &ResolverMessage, requirements: &[Requirement]) -> Vec<Conflict> {
    let wheelless: BTreeSet<&str> =
        said.wheelless.iter().filter(|spec| !spec.is_prerelease()).map(|spec| spec.name.as_str()).collect();
    let make = |name: &str, reason: Reason| {
        let chain = chain(said, name).iter().map(ToString::to_string).collect();
        let tags = said.tags.iter().find(|(of, _, _)| of == name);
        let seen = tags.map(|(_, version, tags)| (version.clone(), tags.clone()));
        Conflict { seen, ..conflict(name, reason, chain, requirements) }
    };
    let mut found: Vec<Conflict> = said.missing.iter().map(|name| make(name, Reason::Unknown)).collect();
    found.extend(
        wheelless.into_iter().filter(|name| !said.missing.contains(*name)).map(|name| make(name, Reason::NoWheel)),
    );
    // Deepest dependencies first.
    found.sort_by_key(|conflict| std::cmp::Reverse(conflict.chain.len()));
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

/// The shortest chain from the project's own requirement to a distribution.
fn chain(said: &ResolverMessage, name: &str) -> Vec<Spec> {
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

/// What the index has for it.
fn look_up(conflict: &mut Conflict, uv: &Uv) -> Result<()> {
    if conflict.reason == Reason::Unknown {
        return Ok(());
    }
    let (newest, usable) = (uv.newest(&conflict.name, Wheels::Any)?, uv.newest(&conflict.name, Wheels::Target)?);
    if uv.time_is_over() {
        return Ok(()); // an answer that did not come is none
    }
    let outdated =
        usable.as_ref().zip(newest.as_ref()).is_some_and(|(usable, newest)| downgrade::is_outdated(usable, newest));
    conflict.newest = newest.map(|pinned| (pinned.version.clone(), offers(&pinned)));
    let usable = usable.map(|pinned| (pinned.version, pinned.uploaded));
    (conflict.usable, conflict.outdated) = if outdated { (None, usable) } else { (usable, None) };
    Ok(())
}

/// uv also names packages that have a wheel but require one without. Skip those if there is another conflict.
fn keep_those_in_the_way(conflicts: &mut Vec<Conflict>) {
    let drags = |conflict: &Conflict| conflict.reason == Reason::NoWheel && conflict.has_a_wheel();
    if !conflicts.iter().all(drags) {
        conflicts.retain(|conflict| !drags(conflict));
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
mod tests;
