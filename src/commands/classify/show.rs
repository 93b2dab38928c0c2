//! What `classify` prints: a table by class, what to do at the end, and one JSON document.

use crate::classify::{Class, Dependency, Unprovided, document, reachability, when};
use crate::error::Result;
use crate::format::bytes;
use crate::project::requirements::Declared;
use crate::python::graph::Reachability;
use crate::report::Answer;
use serde_json::json;
use std::fmt::Write;

/// How many steps of a chain are spelled out for people.
const STEPS: usize = 4;

pub(crate) fn answer(dependencies: &[Dependency], unprovided: &[Unprovided], host: bool) -> Result<Answer> {
    let mut document = document(dependencies);
    let row = |one: &Unprovided| json!({ "module": one.module, "level": reachability(one.imported.level), "chain": one.imported.chain });
    document["unprovided"] = unprovided.iter().map(row).collect();
    let mut text = text(dependencies);
    let advice = to_do(dependencies, unprovided, host);
    if advice.is_empty() {
        text.push_str("nothing to do: what main needs is declared for the Worker, and nothing else is\n");
    } else {
        let _ = writeln!(text, "to do:");
        advice.iter().for_each(|line| text.push_str(&format!("  {line}\n")));
    }
    Answer::of(text, &document)
}

/// What to do, what would break first.
fn to_do(dependencies: &[Dependency], unprovided: &[Unprovided], host: bool) -> Vec<String> {
    let unknown = unprovided.iter().map(|one| {
        let chain = &one.imported.chain;
        let at = chain.len().checked_sub(2).and_then(|at| chain.get(at)).map_or("main", String::as_str);
        let hint = if host { "" } else { " (with a `.venv` in the project, saddlebag can tell which)" };
        format!("declare what provides `{}`, which {at} imports and no dependency is known for{hint}", one.module)
    });
    let of =
        |class: Class| dependencies.iter().filter(move |one| one.class == class).filter_map(|one| one.advice.clone());
    let classes = [Class::CannotRun, Class::Unused, Class::Development];
    of(Class::Runtime).chain(unknown).chain(classes.into_iter().flat_map(of)).collect()
}

fn text(dependencies: &[Dependency]) -> String {
    let of = |class: Class| dependencies.iter().filter(move |dependency| dependency.class == class);
    if dependencies.is_empty() {
        return "no dependencies: the project declares none\n".to_owned();
    }
    let rows = || dependencies.iter().filter(|one| is_direct(one) || one.class != Class::Development);
    let width = |cell: fn(&Dependency) -> String| rows().map(|one| cell(one).chars().count()).max().unwrap_or(0);
    let (names, versions, weights) = (width(indented), width(version), width(weight));
    let mut text = String::new();
    for class in [Class::CannotRun, Class::Runtime, Class::Unused, Class::Development] {
        let number = of(class).count();
        if number == 0 {
            continue;
        }
        let inside: u64 = of(class).filter_map(|one| one.bundle_bytes).sum();
        let weight_of_all = if inside > 0 { format!(", {} of the bundle", bytes(inside)) } else { String::new() };
        let _ = writeln!(text, "{} ({number}{weight_of_all}): {}", title(class), meaning(class));
        // What the project lists before what comes with it.
        let (direct, others): (Vec<&Dependency>, Vec<&Dependency>) = of(class).partition(|one| is_direct(one));
        let (shown, summed) = if class == Class::Development { (vec![], others) } else { (others, vec![]) };
        for one in direct.into_iter().chain(shown) {
            let line = format!(
                "  {:names$}  {:versions$}  {:>weights$}  {}",
                indented(one),
                version(one),
                weight(one),
                because(one)
            );
            let _ = writeln!(text, "{}", line.trim_end());
        }
        if !summed.is_empty() {
            let weight: u64 = summed.iter().filter_map(|one| one.host.as_ref()).map(|host| host.bytes).sum();
            let _ =
                writeln!(text, "  and {} more that come with them, {} on this machine", summed.len(), bytes(weight));
        }
        text.push('\n');
    }
    text
}

fn title(class: Class) -> &'static str {
    match class {
        Class::CannotRun => "cannot run on Workers",
        Class::Runtime => "runtime",
        Class::Unused => "unused",
        Class::Development => "development",
    }
}

fn meaning(class: Class) -> &'static str {
    match class {
        Class::CannotRun => "it, or what it requires, has no wheel for the Worker's Python",
        Class::Runtime => "the Worker needs it",
        Class::Unused => "listed for the Worker, and nothing in it asks for it",
        Class::Development => "not for the Worker",
    }
}

fn is_direct(dependency: &Dependency) -> bool {
    !dependency.declared.is_empty()
}

fn indented(dependency: &Dependency) -> String {
    format!("{}{}", if is_direct(dependency) { "" } else { "  " }, dependency.name)
}

fn version(dependency: &Dependency) -> String {
    dependency.version.clone().unwrap_or_else(|| "-".to_owned())
}

/// In the bundle, else on the host.
fn weight(dependency: &Dependency) -> String {
    match (dependency.bundle_bytes, &dependency.host) {
        (Some(number), _) => bytes(number),
        (None, Some(host)) => format!("({})", bytes(host.bytes)),
        (None, None) => "-".to_owned(),
    }
}

/// Why it is what it is.
fn because(dependency: &Dependency) -> String {
    if let Some(reason) = &dependency.reason {
        let imported = dependency.imported.as_ref().filter(|_| dependency.class == Class::CannotRun);
        let by = imported.map_or_else(String::new, |imported| format!("; main imports it: {}", short(&imported.chain)));
        return format!("{reason}{by}");
    }
    match &dependency.imported {
        Some(imported) if is_direct(dependency) => {
            let steps = short(&imported.chain);
            if imported.level == Reachability::Startup { steps } else { format!("{}: {steps}", when(imported.level)) }
        }
        None if is_direct(dependency) => dependency.declared.iter().map(Declared::place).collect::<Vec<_>>().join(", "),
        imported => {
            let level =
                imported.as_ref().map(|imported| imported.level).filter(|level| *level != Reachability::Startup);
            let how = level.map_or_else(String::new, |level| format!("; imported {}", when(level)));
            format!("required by {}{how}", dependency.required_by.join(", "))
        }
    }
}

/// A chain for people: without the entry module of ours, and without the middle of a long one.
fn short(chain: &[String]) -> String {
    let is_shim = chain.get(1).is_some_and(|second| second.starts_with("src/"));
    let mut steps = chain[usize::from(is_shim)..].to_vec();
    if steps.len() > STEPS {
        let dropped = steps.len() - STEPS;
        steps.splice(STEPS - 1..STEPS - 1 + dropped, ["...".to_owned()]);
    }
    steps.join(" -> ")
}
