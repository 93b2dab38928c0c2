//! The dependencies of `pyproject.toml`, and the extras and groups that the settings name.
//!
//! The project's own name in an entry means what it means to uv (0.13, `uv pip compile pyproject.toml`): its extras in its place,
//! and otherwise nothing. The project itself is never fetched from an index.

use super::lines::Line;
use super::model::{Chosen, Environment, Lists, Requirement, Section};
use super::requirement::{Context, Link};
use crate::error::{Error, ErrorKind, Result};
use crate::project::pyproject::lists::did_you_mean;
use crate::project::pyproject::{Dependency, Pyproject};
use crate::python::normalize;
use pep508_rs::{MarkerTree, VersionOrUrl};
use std::collections::BTreeSet;

/// The entries of `[project].dependencies`, if `dependencies`, and of the lists, in this order.
/// Errors: `Settings` for a list that does not exist, `Requirements` with file, line and column.
pub(super) fn read(
    pyproject: &Pyproject,
    dependencies: bool,
    lists: Lists<'_>,
    environment: Environment<'_>,
) -> Result<Vec<Requirement>> {
    let display_path = pyproject.display_path();
    let context = Context { display_path: &display_path, text: &pyproject.text, dir: pyproject.dir(), environment };
    let own = pyproject.project_name();
    let mut reader = SelectionReader { pyproject, context, own, seen: BTreeSet::new(), entries: Vec::new() };
    if dependencies {
        reader.all(&pyproject.dependencies()?, &Section::Dependencies, &MarkerTree::TRUE)?;
    }
    for chosen in lists.extras {
        if !reader.extra(&chosen.name, &MarkerTree::TRUE)? {
            return Err(unknown(chosen, "extra", "[project.optional-dependencies]", &pyproject.extra_names()));
        }
    }
    for chosen in lists.groups {
        let Some(entries) = pyproject.group(&chosen.name)? else {
            return Err(unknown(chosen, "group", "[dependency-groups]", &pyproject.group_names()));
        };
        reader.all(&entries, &Section::Group(normalize(&chosen.name)), &MarkerTree::TRUE)?;
    }
    Ok(reader.entries)
}

fn unknown(chosen: &Chosen, kind: &str, table: &str, known: &[&str]) -> Error {
    let name = &chosen.name;
    let hint = did_you_mean(&normalize(name), known, &format!("define it under `{table}`, or remove the name"));
    Error::new(ErrorKind::Settings, format!("`{table}` has no {kind} `{name}`"), hint)
        .with_location(chosen.location.clone())
}

struct SelectionReader<'a> {
    pyproject: &'a Pyproject,
    context: Context<'a>,
    /// The project's own name.
    own: Option<String>,
    /// Entries that were read, by offset, list and condition: lists may include each other, and each entry counts once.
    seen: BTreeSet<(usize, Section, String)>,
    entries: Vec<Requirement>,
}

impl SelectionReader<'_> {
    /// `condition`: the markers of the entries that led here.
    fn all(&mut self, entries: &[Dependency], section: &Section, condition: &MarkerTree) -> Result<()> {
        for entry in entries {
            if self.seen.insert((entry.offset, section.clone(), condition.try_to_string().unwrap_or_default())) {
                self.entry(entry, section, condition)?;
            }
        }
        Ok(())
    }

    fn entry(&mut self, entry: &Dependency, section: &Section, condition: &MarkerTree) -> Result<()> {
        let line = Line::of(&entry.text, entry.offset, entry.verbatim).trimmed();
        let mut requirement = self.context.requirement(&line, Vec::new())?;
        let parsed: pep508_rs::Requirement<Link> = requirement.text.parse().map_err(|_| {
            Error::new(
                ErrorKind::Internal,
                format!("`{}` was parsed and cannot be parsed again", requirement.redacted()),
                "",
            )
        })?;
        let mut marker = parsed.marker;
        marker.and(condition.clone());
        let is_link = matches!(parsed.version_or_url, Some(VersionOrUrl::Url(_)));
        if self.own.is_some() && requirement.name.as_deref() == self.own.as_deref() && !is_link {
            for extra in &parsed.extras {
                if !self.extra(extra.as_ref(), &marker)? {
                    let known = self.pyproject.extra_names();
                    let hint = did_you_mean(extra.as_ref(), &known, "remove the extra");
                    let message = format!("`{}` names an extra that the project does not have", requirement.redacted());
                    return Err(self.context.error(entry.offset, message, hint));
                }
            }
            return Ok(());
        }
        if !condition.is_true() {
            requirement.text = pep508_rs::Requirement { marker, ..parsed }.to_string();
        }
        requirement.section = section.clone();
        self.entries.push(requirement);
        Ok(())
    }

    /// Whether there is such an extra.
    fn extra(&mut self, name: &str, condition: &MarkerTree) -> Result<bool> {
        let Some(entries) = self.pyproject.extra(name)? else { return Ok(false) };
        self.all(&entries, &Section::Extra(normalize(name)), condition)?;
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::{Location, LocationKind};
    use crate::project::snapshot::shown;
    use camino::Utf8Path;

    const PYPROJECT: &str = r#"[project]
name = "My.Worker"
dependencies = ["base", "my-worker[Cache] ; python_version >= '3.13'"]
[project.optional-dependencies]
cache = ["lru @ https://example.test/lru-1.0.tar.gz", "idna ; sys_platform == 'emscripten'", "my_worker[all]"]
Web_API = [
  "fast_api>=1",
]
all = ["my-worker[web-api,cache]"]
[dependency-groups]
runtime = ["boto3", {include-group = "Shared-Tools"}]
shared_tools = ["six"]
"#;

    fn read_lists(text: &str, dependencies: bool, extras: &[&str], groups: &[&str]) -> Result<Vec<Requirement>> {
        let pyproject = Pyproject::from_text("/p/pyproject.toml".into(), text.to_owned(), Utf8Path::new("/p")).unwrap();
        let chosen = |names: &[&str], line| -> Vec<Chosen> {
            let location = Location::at(LocationKind::Config, "pyproject.toml", line, 1);
            names.iter().map(|name| Chosen { name: (*name).to_owned(), location: location.clone() }).collect()
        };
        let (extras, groups) = (chosen(extras, 91), chosen(groups, 92));
        read(&pyproject, dependencies, Lists { extras: &extras, groups: &groups }, &|_| None)
    }

    fn texts(found: Result<Vec<Requirement>>) -> Vec<String> {
        found.unwrap().into_iter().map(|entry| entry.text).collect()
    }

    #[test]
    fn lists_count_beside_the_dependencies_and_keep_their_places() {
        let found = read_lists(PYPROJECT, false, &["web-api"], &["RUNTIME"]).unwrap();
        let seen: Vec<_> = found.iter().map(|entry| (entry.text.as_str(), entry.location().to_string())).collect();
        assert_eq!(
            seen,
            [
                ("fast_api>=1", "pyproject.toml:7:4".to_owned()),
                ("boto3", "pyproject.toml:11:13".to_owned()),
                ("six", "pyproject.toml:12:18".to_owned())
            ]
        );
        assert_eq!(found[0].section, Section::Extra("web-api".to_owned()));
        assert_eq!(found[2].section, Section::Group("runtime".to_owned()));
        assert_eq!(texts(read_lists(PYPROJECT, false, &[], &[])), Vec::<String>::new());
    }

    #[test]
    fn the_projects_own_name_stands_for_its_extras_on_its_condition() {
        assert_eq!(
            texts(read_lists(PYPROJECT, true, &[], &[])),
            [
                "base",
                "lru @ https://example.test/lru-1.0.tar.gz ; python_full_version >= '3.13'",
                "idna ; python_full_version >= '3.13' and sys_platform == 'emscripten'",
                "fast-api>=1 ; python_full_version >= '3.13'",
            ]
        );
        // Chosen as well, and so without the condition: no circle, and nothing twice.
        assert_eq!(texts(read_lists(PYPROJECT, false, &["all", "cache"], &[])).len(), 3);
    }

    #[test]
    fn the_project_itself_is_never_asked_of_an_index() {
        let text = "[project]\nname = 'w'\ndependencies = ['W', 'w>=1', 'other']\n";
        assert_eq!(texts(read_lists(text, true, &[], &[])), ["other"]);
    }

    #[test]
    fn an_unknown_list_is_an_error_where_it_is_asked_for() {
        let mut errors = String::new();
        for (extras, groups) in
            [(&["web"][..], &[][..]), (&["cash"], &[]), (&[], &["runtimes"]), (&["all", "none-such"], &[])]
        {
            errors.push_str(&shown(
                &format!("{extras:?} {groups:?}"),
                &read_lists(PYPROJECT, false, extras, groups).unwrap_err(),
            ));
        }
        errors.push_str(&shown("no tables", &read_lists("[project]\n", false, &["web"], &[]).unwrap_err()));
        let own = "[project]\nname = 'w'\ndependencies = [\n  'w[al]']\n[project.optional-dependencies]\nall = []\n";
        errors.push_str(&shown(own, &read_lists(own, true, &[], &[]).unwrap_err()));
        let bad = "[dependency-groups]\nrun = ['a', 'b=1']\n";
        errors.push_str(&shown(bad, &read_lists(bad, false, &[], &["run"]).unwrap_err()));
        insta::assert_snapshot!(errors);
    }
}
