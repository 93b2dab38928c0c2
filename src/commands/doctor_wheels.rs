//! `saddlebag doctor --wheels [FILE]`: every requirement, with its dependencies, against every Python that Workers have.
//!
//! A Python for which nothing resolves is part of the answer, not an error.

use crate::error::{Error, ErrorKind, Result};
use crate::project::Project;
use crate::report::Answer;
use crate::resolve::{self, Column, Conflict, Reason};
use crate::session::{Ended, Session, Step};
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;
use std::fmt::Write;

pub(crate) fn run(session: Session<'_>) -> Step<'_, Ended<'_>> {
    let loaded = session.open()?.find_tools()?;
    let columns = resolve::survey(&loaded.project, &loaded.target, &loaded.toolchain, session.terminal);
    let answer = columns.and_then(|columns| answer(&loaded.project, &columns));
    loaded.end().answered(answer)
}

fn answer(project: &Project, columns: &[Column]) -> Result<Answer> {
    let direct: BTreeSet<&str> =
        project.requirements.entries.iter().filter_map(|entry| entry.name.as_deref()).collect();
    let found = columns.iter().flat_map(|column| column.found.keys().map(String::as_str));
    let in_the_way = columns.iter().flat_map(|column| column.conflicts.iter().map(|conflict| conflict.name.as_str()));
    let mut names: Vec<&str> =
        direct.iter().copied().chain(found).chain(in_the_way).collect::<BTreeSet<_>>().into_iter().collect();
    names.sort_by_key(|name| (!direct.contains(name), *name));

    let json = serde_json::to_string_pretty(&document(columns, &names, &direct))
        .map_err(|error| Error::new(ErrorKind::Internal, error.to_string(), "report this defect"))?;
    Ok(Answer { text: table(columns, &names, &direct), json: json + "\n" })
}

/// One cell.
fn cell(column: &Column, name: &str) -> String {
    match (column.found.get(name), column.conflicts.iter().find(|conflict| conflict.name == name)) {
        (Some(found), _) => format!("{} {}", found.version, found.kind),
        (None, Some(conflict)) => why_not(conflict).to_owned(),
        (None, None) if column.needing.contains_key(name) => format!("needs {}", column.needing[name]),
        (None, None) if column.resolves.is_none() => "?".to_owned(),
        (None, None) => "-".to_owned(),
    }
}

fn why_not(conflict: &Conflict) -> &'static str {
    match conflict.reason {
        Reason::NoWheel => "no wheel",
        Reason::Unknown => "unknown",
        Reason::Conflict(_) => "conflict",
        Reason::Version(_) => "no such version",
        Reason::Python(_) => "another Python",
        Reason::Build => "must be built",
    }
}

fn table(columns: &[Column], names: &[&str], direct: &BTreeSet<&str>) -> String {
    let mut rows = vec![vec!["package".to_owned()]];
    rows[0].extend(columns.iter().map(|column| format!("Python {}", column.python)));
    rows.extend(names.iter().map(|name| {
        let mark = if direct.contains(name) { "" } else { "  " };
        let mut row = vec![format!("{mark}{name}")];
        row.extend(columns.iter().map(|column| cell(column, name)));
        row
    }));
    let mut last = vec!["all together".to_owned()];
    last.extend(columns.iter().map(|column| match column.resolves {
        Some(true) => "resolves".to_owned(),
        Some(false) => "does not resolve".to_owned(),
        None => "could not be asked".to_owned(),
    }));
    rows.push(last);
    let width = |at: usize| rows.iter().filter_map(|row| row.get(at)).map(|cell| cell.chars().count()).max();
    let widths: Vec<usize> = (0..=columns.len()).filter_map(width).collect();
    let mut text = String::new();
    for row in &rows {
        let line: Vec<String> = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}")).collect();
        let _ = writeln!(text, "{}", line.join("  ").trim_end());
    }
    for column in columns {
        for conflict in column.conflicts.iter().filter(|conflict| conflict.chain.len() > 1) {
            let why = resolve::chain_in_words(&conflict.chain);
            let _ = write!(text, "\n{} on {}: {why}", conflict.name, column.python);
        }
        if let Some(unknown) = &column.unknown {
            let _ = write!(text, "\n{}: {unknown}", column.python);
        }
    }
    if !text.ends_with('\n') {
        text.push('\n');
    }
    text
}

fn document(columns: &[Column], names: &[&str], direct: &BTreeSet<&str>) -> Value {
    let targets: Vec<Value> = columns
        .iter()
        .map(|column| {
            json!({
                "python": column.python,
                "wheel_platforms": column.wheel_platforms,
                "resolves": column.resolves,
                "reason": column.unknown,
            })
        })
        .collect();
    let one = |column: &Column, name: &str| match (
        column.found.get(name),
        column.conflicts.iter().find(|conflict| conflict.name == name),
    ) {
        (Some(found), _) => json!({ "version": found.version, "kind": found.kind, "reason": null, "chain": [] }),
        (None, Some(conflict)) => {
            json!({ "version": null, "kind": null, "reason": why_not(conflict), "chain": conflict.chain })
        }
        (None, None) => match column.needing.get(name) {
            Some(needed) => json!({ "version": null, "kind": null, "reason": "needs", "chain": [name, needed] }),
            None => Value::Null,
        },
    };
    let packages: Vec<Value> = names
        .iter()
        .map(|name| {
            let cells: Map<String, Value> =
                columns.iter().map(|column| (column.python.clone(), one(column, name))).collect();
            json!({ "name": name, "direct": direct.contains(name), "targets": cells })
        })
        .collect();
    json!({ "schema": "saddlebag.wheels/1", "targets": targets, "packages": packages })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::{Location, LocationKind};
    use crate::resolve::FoundVersion;

    #[test]
    fn versions_reasons_and_what_could_not_be_asked_stand_side_by_side() {
        let column = |python: &str, resolves, found: &[(&str, &str)], conflicts: Vec<Conflict>| Column {
            python: python.into(),
            wheel_platforms: Vec::new(),
            resolves,
            unknown: resolves.is_none().then(|| "no interpreter".to_owned()),
            found: found
                .iter()
                .map(|(name, version)| {
                    ((*name).to_owned(), FoundVersion { version: (*version).to_owned(), kind: "pure" })
                })
                .collect(),
            conflicts,
            needing: if resolves == Some(false) { [("app".to_owned(), "deep".to_owned())].into() } else { [].into() },
        };
        let conflict = Conflict {
            reason: Reason::NoWheel,
            name: "deep".into(),
            chain: vec!["app==1".into(), "deep>=2".into()],
            heads: ["app".to_owned()].into(),
            wanted: None,
            location: Location::new(LocationKind::Package, "deep"),
            newest: None,
            seen: None,
            usable: None,
            outdated: None,
        };
        let columns = [
            column("3.12", None, &[], vec![]),
            column("3.13", Some(false), &[], vec![conflict]),
            column("3.14", Some(true), &[("app", "1"), ("deep", "2.10")], vec![]),
        ];
        insta::assert_snapshot!(table(&columns, &["app", "deep"], &["app"].into()), @"
        package       Python 3.12         Python 3.13       Python 3.14
        app           ?                   needs deep        1 pure
          deep        ?                   no wheel          2.10 pure
        all together  could not be asked  does not resolve  resolves

        3.12: no interpreter
        deep on 3.13: `app` needs `deep`
        ");
        let document = document(&columns, &["app", "deep"], &["app"].into());
        assert_eq!(document["packages"][1]["targets"]["3.13"]["reason"], "no wheel");
        assert_eq!(document["targets"][0]["resolves"], Value::Null);
    }
}
