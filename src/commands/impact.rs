//! `saddlebag impact NAME`: what would break without something, and how much it would save. Only what main reaches can break.

use super::subject::{self, Subject};
use crate::bundle::{Bundle, Owner};
use crate::classify;
use crate::error::{Error, ErrorKind, Result};
use crate::format::{bytes, count};
use crate::project::Project;
use crate::python::graph::{EdgeKind, Reachability};
use crate::report::Answer;
use crate::session::{Ended, ResolveOptions, Session, Step};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};

/// How many of each kind are spelled out for people.
const SHOWN: usize = 8;

/// One import that would lead nowhere.
struct Breakage {
    level: Reachability,
    /// `src/main.py:3`
    at: String,
    imports: String,
}

pub(crate) fn run<'a>(session: Session<'a>, name: &str) -> Step<'a, Ended<'a>> {
    let planned = session.open()?.find_tools()?.resolve(ResolveOptions::UNJUDGED)?.plan()?;
    let answer = answer(planned.project(), &planned.bundle, name);
    planned.end().answered(answer)
}

fn answer(project: &Project, bundle: &Bundle, name: &str) -> Result<Answer> {
    let subject = subject::find(project, bundle, name)?;
    let gone: BTreeSet<u32> = subject.nodes.iter().map(|(node, _)| *node).collect();
    let orphans = if subject.kind == "distribution" { orphans(bundle, &subject.name) } else { Vec::new() };
    let orphaned: u64 = orphans.iter().map(|(_, bytes)| bytes).sum();
    let breakages = breakages(project, bundle, &gone);
    let saved = subject.bytes() + orphaned;
    let first = breakages.first().map(|breakage| breakage.level);
    let verdict = match first {
        Some(Reachability::Startup) => "the Worker would not start",
        Some(Reachability::Project | Reachability::Package) => {
            "the Worker would start, and what calls the functions below would fail"
        }
        Some(Reachability::Guarded) => "the Worker would do without it",
        Some(Reachability::StringOnly) => "perhaps nothing: only strings have its name",
        None => "nothing that main imports needs it",
    };

    let mut text = format!("without {}: {verdict}\n", subject.name);
    text.push_str(&format!("saved  {} in {}", bytes(saved), count(subject.modules.len(), "module")));
    if !orphans.is_empty() {
        let names: Vec<&str> = orphans.iter().map(|(name, _)| *name).collect();
        text.push_str(&format!(", {} of it in {}, which nothing else requires", bytes(orphaned), names.join(", ")));
    }
    text.push('\n');
    text.push_str(&required(bundle, &subject));
    for level in Reachability::ALL {
        let of_level: Vec<&Breakage> = breakages.iter().filter(|breakage| breakage.level == level).collect();
        if of_level.is_empty() {
            continue;
        }
        text.push_str(&format!("{}  {}\n", word(level), count(of_level.len(), "import")));
        for breakage in of_level.iter().take(SHOWN) {
            text.push_str(&format!("  {}  imports {}\n", breakage.at, breakage.imports));
        }
        if of_level.len() > SHOWN {
            text.push_str(&format!("  and {} more\n", of_level.len() - SHOWN));
        }
    }
    let rows: Vec<_> = breakages
        .iter()
        .map(|breakage| json!({ "level": classify::reachability(breakage.level), "at": breakage.at, "imports": breakage.imports }))
        .collect();
    let document = json!({
        "schema": "saddlebag.impact/1",
        "name": subject.name,
        "kind": subject.kind,
        "starts": first != Some(Reachability::Startup),
        "saved_bytes": saved,
        "orphans": orphans.iter().map(|(name, _)| name).collect::<Vec<_>>(),
        "breaks": rows,
    });
    let json = serde_json::to_string_pretty(&document)
        .map_err(|error| Error::new(ErrorKind::Internal, error.to_string(), "report this defect"))?;
    Ok(Answer { text, json: json + "\n" })
}

/// Imports from what stays into what goes, the surest first; one for each file and module.
fn breakages(project: &Project, bundle: &Bundle, gone: &BTreeSet<u32>) -> Vec<Breakage> {
    let graph = &bundle.graph;
    let mut found: BTreeMap<(Reachability, u32, u32), u32> = BTreeMap::new();
    for (at, node) in graph.nodes().filter(|(at, node)| node.present && !gone.contains(at)) {
        let Some(reached) = bundle.reach.level(at) else { continue };
        for edge in graph.edges(at).iter().filter(|edge| gone.contains(&edge.to) && edge.kind != EdgeKind::Parent) {
            let own = if edge.kind == EdgeKind::String {
                Reachability::StringOnly
            } else {
                Reachability::of(edge.guard, node.is_project())
            };
            found.entry((reached.max(own), at, edge.to)).or_insert(edge.line);
        }
    }
    let mut surest: BTreeMap<(u32, u32), Reachability> = BTreeMap::new();
    for (level, at, to) in found.keys() {
        surest.entry((*at, *to)).or_insert(*level);
    }
    found
        .into_iter()
        .filter(|((level, at, to), _)| surest.get(&(*at, *to)) == Some(level))
        .map(|((level, at, to), line)| Breakage {
            level,
            at: format!("{}:{line}", bundle.shown(project, graph.node(at))),
            imports: graph.node(to).dotted.clone(),
        })
        .collect()
}

/// Distributions that only this one requires, directly or not, with their bytes.
fn orphans<'a>(bundle: &'a Bundle, name: &str) -> Vec<(&'a str, u64)> {
    let needed = |without: Option<&str>| -> BTreeSet<&'a str> {
        let mut needed = BTreeSet::new();
        loop {
            let before = needed.len();
            for package in bundle.packages.iter().filter(|package| Some(package.name.as_str()) != without) {
                let by = |by: &String| by == "project" || needed.contains(by.as_str());
                if package.required_by.iter().any(by) {
                    needed.insert(package.name.as_str());
                }
            }
            if needed.len() == before {
                return needed;
            }
        }
    };
    let (all, left) = (needed(None), needed(Some(name)));
    let lost = all.difference(&left).filter(|lost| **lost != name);
    let weight = |name: &str| {
        let modules = bundle.modules.iter().filter(|module| module.owner == Owner::Package(name.to_owned()));
        modules.map(|module| module.bytes).sum()
    };
    lost.map(|lost| (*lost, weight(lost))).collect()
}

fn required(bundle: &Bundle, subject: &Subject<'_>) -> String {
    let package = bundle.packages.iter().find(|package| subject.kind == "distribution" && package.name == subject.name);
    match package {
        Some(package) if !package.required_by.is_empty() => {
            format!("required by {}\n", package.required_by.join(", "))
        }
        _ => String::new(),
    }
}

fn word(level: Reachability) -> &'static str {
    match level {
        Reachability::Startup => "breaks at the start",
        Reachability::Project => "breaks in functions of the project",
        Reachability::Package => "breaks in functions of packages",
        Reachability::Guarded => "is handled",
        Reachability::StringOnly => "may be meant by strings",
    }
}
