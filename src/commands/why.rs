//! `saddlebag why NAME`: which requirements and imports brought something into the bundle, and what it weighs.

use super::subject;
use crate::bundle::Bundle;
use crate::classify;
use crate::error::{Error, ErrorKind, Result};
use crate::format::{bytes, count};
use crate::project::Project;
use crate::python::graph::Reachability;
use crate::report::Answer;
use crate::session::{Ended, ResolveOptions, Session, Step};
use serde_json::json;

pub(crate) fn run<'a>(session: Session<'a>, name: &str) -> Step<'a, Ended<'a>> {
    let planned = session.open()?.find_tools()?.resolve(ResolveOptions::UNJUDGED)?.plan()?;
    let answer = answer(planned.project(), &planned.bundle, name);
    planned.end().answered(answer)
}

fn answer(project: &Project, bundle: &Bundle, name: &str) -> Result<Answer> {
    let subject = subject::find(project, bundle, name)?;
    let package = bundle.packages.iter().find(|package| subject.kind == "distribution" && package.name == subject.name);
    let required = package.map(|package| bundle.required_by(&package.name));
    let reached = bundle.reach.surest(subject.nodes.iter().map(|(node, _)| *node));
    let imported = reached.map(|(node, level)| (level, bundle.steps(project, node)));

    let title = package.map_or_else(|| subject.name.clone(), |package| format!("{} {}", package.name, package.version));
    let mut text = format!("{title}  {} in {}", bytes(subject.bytes()), count(subject.modules.len(), "module"));
    if let Some(dropped) = package.map(|package| package.dropped_bytes).filter(|dropped| *dropped > 0) {
        text.push_str(&format!(", {} dropped", bytes(dropped)));
    }
    text.push('\n');
    if let Some(required) = &required {
        text.push_str(&match required {
            Some(chain) => format!("required by  {}\n", chain.join(" -> ")),
            None => "required by  nothing: pywrangler adds it\n".to_owned(),
        });
    }
    match &imported {
        Some((level, steps)) => {
            text.push_str(&format!("imported     {}\n", said(*level)));
            steps.iter().for_each(|step| text.push_str(&format!("  {step}\n")));
        }
        None => text.push_str("imported     by nothing that main imports\n"),
    }
    let document = json!({
        "schema": "saddlebag.why/1",
        "name": subject.name,
        "kind": subject.kind,
        "version": package.map(|package| &package.version),
        "raw_bytes": subject.bytes(),
        "dropped_bytes": package.map(|package| package.dropped_bytes),
        "modules": subject.modules.len(),
        "required_by": required.flatten(),
        "imported": imported.map(|(level, steps)| json!({ "level": classify::reachability(level), "chain": steps })),
    });
    let json = serde_json::to_string_pretty(&document)
        .map_err(|error| Error::new(ErrorKind::Internal, error.to_string(), "report this defect"))?;
    Ok(Answer { text, json: json + "\n" })
}

fn said(level: Reachability) -> &'static str {
    match level {
        Reachability::Startup => "when the Worker starts:",
        Reachability::Project => "in a function, or under a condition, of the project:",
        Reachability::Package => "in a function, or under a condition, of a package:",
        Reachability::Guarded => "in a guarded import: a missing package is handled:",
        Reachability::StringOnly => "perhaps: a string has its name:",
    }
}
