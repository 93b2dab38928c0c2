//! The lists of requirements in a `pyproject.toml` besides its dependencies: extras and dependency groups.
//!
//! Includes of groups are followed (PEP 735). Names are compared normalised.

use super::{Dependency, Pyproject};
use crate::error::{Error, ErrorKind, Result};
use crate::python::normalize;
use crate::suggest::closest;
use serde_json::{Map, Value};

const EXTRAS: &[&str] = &["project", "optional-dependencies"];
const GROUPS: &[&str] = &["dependency-groups"];
/// uv's own list, from before there were groups.
const DEVELOPMENT: &[&str] = &["tool", "uv", "dev-dependencies"];

impl Pyproject {
    /// `[project].name`, normalised.
    pub(crate) fn project_name(&self) -> Option<String> {
        self.at(&["project", "name"]).and_then(Value::as_str).map(normalize)
    }

    /// The names of `[project.optional-dependencies]`, as written.
    pub(crate) fn extra_names(&self) -> Vec<&str> {
        self.names(EXTRAS)
    }

    /// The names of `[dependency-groups]`, as written.
    pub(crate) fn group_names(&self) -> Vec<&str> {
        self.names(GROUPS)
    }

    /// The entries of one extra; `None` where there is no such extra.
    /// Errors: `Requirements` for what is not a list of strings, and for a name that is there twice.
    pub(crate) fn extra(&self, name: &str) -> Result<Option<Vec<Dependency>>> {
        let Some((path, elements)) = self.list(EXTRAS, name)? else { return Ok(None) };
        let entries = elements.iter().enumerate().map(|(index, element)| {
            let index = index.to_string();
            let place = with(&path, &index);
            let text = element.as_str().ok_or_else(|| {
                self.wrong(
                    &place,
                    "an entry of an extra must be a string",
                    "write a requirement such as `\"name>=1.0\"`",
                )
            })?;
            Ok(self.dependency(text, self.places.offset(&place)))
        });
        entries.collect::<Result<_>>().map(Some)
    }

    /// The entries of one group, with those of the groups that it includes, in order; `None` where there is no such group.
    /// Errors: `Requirements` for what PEP 735 does not allow, for an unknown group in an include, and for a circle.
    pub(crate) fn group(&self, name: &str) -> Result<Option<Vec<Dependency>>> {
        let mut entries = Vec::new();
        let found = self.group_into(name, &mut Vec::new(), &mut entries)?;
        Ok(found.then_some(entries))
    }

    /// Every requirement of every list but `[project].dependencies`, each with its position and the name of its list:
    /// `extra web`, `dependency group dev`, `tool.uv`. Includes and values that are not strings are skipped.
    pub(crate) fn listed(&self) -> Vec<(String, Dependency)> {
        let mut found = Vec::new();
        let tables = [(EXTRAS, "extra"), (GROUPS, "dependency group")];
        let lists = tables.into_iter().flat_map(|(table, kind)| {
            self.names(table).into_iter().map(move |name| (with(table, name), format!("{kind} {name}")))
        });
        for (path, label) in lists.chain([(DEVELOPMENT.to_vec(), "tool.uv".to_owned())]) {
            for (index, element) in self.at(&path).and_then(Value::as_array).into_iter().flatten().enumerate() {
                if let Some(text) = element.as_str() {
                    let offset = self.places.offset(&with(&path, &index.to_string()));
                    found.push((label.clone(), self.dependency(text, offset)));
                }
            }
        }
        found
    }

    fn group_into<'a>(&'a self, name: &str, open: &mut Vec<&'a str>, into: &mut Vec<Dependency>) -> Result<bool> {
        let Some((path, elements)) = self.list(GROUPS, name)? else { return Ok(false) };
        open.push(path[path.len() - 1]);
        for (index, element) in elements.iter().enumerate() {
            let index = index.to_string();
            let place = with(&path, &index);
            match element {
                Value::String(text) => into.push(self.dependency(text, self.places.offset(&place))),
                Value::Object(table) => self.include(table, &place, open, into)?,
                _ => {
                    let message = "an entry of a group must be a string or an include";
                    return Err(self.wrong(&place, message, "write `\"name>=1.0\"` or `{include-group = \"NAME\"}`"));
                }
            }
        }
        open.pop();
        Ok(true)
    }

    fn include<'a>(
        &'a self,
        table: &Map<String, Value>,
        place: &[&str],
        open: &mut Vec<&'a str>,
        into: &mut Vec<Dependency>,
    ) -> Result<()> {
        let named =
            table.get("include-group").and_then(Value::as_str).filter(|_| table.len() == 1).ok_or_else(|| {
                let message = "a table in a group must have one key, `include-group`, with the name of a group";
                self.wrong(place, message, "write `{include-group = \"NAME\"}`")
            })?;
        let wanted = normalize(named);
        if let Some(first) = open.iter().position(|open| normalize(open) == wanted) {
            let circle = open[first..].iter().copied().chain([named]).collect::<Vec<_>>().join(" -> ");
            return Err(self.wrong(place, &format!("the group includes itself: {circle}"), "remove the include"));
        }
        if self.group_into(named, open, into)? {
            return Ok(());
        }
        let hint =
            did_you_mean(&wanted, &self.group_names(), "define it under `[dependency-groups]`, or remove the include");
        Err(self.wrong(place, &format!("there is no group `{named}` to include"), &hint))
    }

    /// The list of that name in a table of lists, with its path.
    fn list<'a>(&'a self, table: &[&'a str], name: &str) -> Result<Option<(Vec<&'a str>, &'a Vec<Value>)>> {
        let wanted = normalize(name);
        let written: Vec<&str> = self.names(table).into_iter().filter(|other| normalize(other) == wanted).collect();
        let [only] = written[..] else {
            let [.., before, last] = written[..] else { return Ok(None) };
            let message = format!("`{before}` and `{last}` are the same name, which may be used once");
            return Err(self.wrong(&with(table, last), &message, "join the two lists"));
        };
        let path = with(table, only);
        let Some(Value::Array(elements)) = self.at(&path) else {
            let message = format!("`{}` is not a list", path.join("."));
            return Err(self.wrong(&path, &message, &format!("write `{only} = [\"name>=1.0\"]`")));
        };
        Ok(Some((path, elements)))
    }

    fn names(&self, table: &[&str]) -> Vec<&str> {
        self.at(table).and_then(Value::as_object).into_iter().flatten().map(|(name, _)| name.as_str()).collect()
    }

    fn wrong(&self, path: &[&str], message: &str, hint: &str) -> Error {
        Error::new(ErrorKind::Requirements, message, hint).with_location(self.locate(path))
    }
}

/// What to write instead of an unknown name (normalised): the one that is closest, or else `otherwise`.
pub(crate) fn did_you_mean(name: &str, known: &[&str], otherwise: &str) -> String {
    let normal: Vec<String> = known.iter().map(|known| normalize(known)).collect();
    let close = closest(name, normal.iter().map(String::as_str));
    let close = close.and_then(|close| normal.iter().position(|known| known == close));
    match (close, known) {
        (Some(index), _) => format!("did you mean `{}`?", known[index]),
        (None, []) => otherwise.to_owned(),
        (None, known) => format!("use one of {}", known.join(", ")),
    }
}

fn with<'a>(path: &[&'a str], last: &'a str) -> Vec<&'a str> {
    path.iter().copied().chain([last]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use camino::Utf8Path;

    fn pyproject(text: &str) -> Pyproject {
        Pyproject::from_text("/p/pyproject.toml".into(), text.to_owned(), Utf8Path::new("/p")).unwrap()
    }

    fn places(entries: Option<Vec<Dependency>>) -> Vec<(String, u32, u32)> {
        entries.unwrap().into_iter().map(|entry| (entry.text, entry.line, entry.column)).collect()
    }

    #[test]
    fn a_name_is_found_by_any_spelling_and_its_entries_keep_their_places() {
        let pyproject = pyproject(
            "[project.optional-dependencies]\nWeb_API = [\"a>1\",\n  'b']\n[dependency-groups]\nRun-Time = ['c']\n",
        );
        for name in ["web-api", "WEB.api"] {
            assert_eq!(places(pyproject.extra(name).unwrap()), [("a>1".into(), 2, 13), ("b".into(), 3, 4)]);
        }
        assert_eq!(places(pyproject.group("run_time").unwrap()), [("c".into(), 5, 14)]);
        assert_eq!(pyproject.extra("web").unwrap(), None);
        assert_eq!(pyproject.group("web-api").unwrap(), None);
        assert_eq!(pyproject.group_names(), ["Run-Time"]);
    }

    #[test]
    fn everything_listed_is_found_once_and_where_it_is_written() {
        let text = "[project]\ndependencies = ['base']\n[project.optional-dependencies]\nweb = ['a>1']\n[dependency-groups]\n\
                    dev = ['b', {include-group = 'test'}, 3]\ntest = ['c']\nbad = 'd'\n[tool.uv]\ndev-dependencies = ['e']\n";
        let found: Vec<(String, String, u32)> =
            pyproject(text).listed().into_iter().map(|(list, entry)| (list, entry.text, entry.line)).collect();
        let expected = [
            ("extra web", "a>1", 4),
            ("dependency group dev", "b", 6),
            ("dependency group test", "c", 7),
            ("tool.uv", "e", 10),
        ];
        assert_eq!(found, expected.map(|(list, text, line)| (list.to_owned(), text.to_owned(), line)));
    }

    #[test]
    fn includes_stand_where_they_are_written() {
        let text = "[dependency-groups]\na = ['x', {include-group = 'B_b'}, 'y']\nb-b = ['z', {include-group = 'c'}]\nc = ['w']\n";
        let found = places(pyproject(text).group("a").unwrap());
        assert_eq!(found.iter().map(|(text, ..)| text.as_str()).collect::<String>(), "xzwy");
        assert_eq!(found[2], ("w".into(), 4, 7));
    }

    #[test]
    fn a_group_that_two_others_include_is_no_circle() {
        let text = "[dependency-groups]\na = [{include-group = 'b'}, {include-group = 'c'}]\nb = [{include-group = 'd'}]\nc = [{include-group = 'd'}]\nd = ['x']\n";
        assert_eq!(pyproject(text).group("a").unwrap().unwrap().len(), 2);
    }

    #[test]
    fn what_pep_735_does_not_allow() {
        let mut errors = String::new();
        for text in [
            "[dependency-groups]\nrun = 'x'",
            "[dependency-groups]\nrun = ['x', 3]",
            "[dependency-groups]\nrun = [{include = 'x'}]",
            "[dependency-groups]\nrun = [{include-group = 'a', extra = 1}]",
            "[dependency-groups]\nrun = [{include-group = 'bese'}]\nbase = []",
            "[dependency-groups]\nrun = [{include-group = 'far-away'}]\n",
            "[dependency-groups]\nrun = [{include-group = 'Run'}]\n",
            "[dependency-groups]\nrun = ['x', {include-group = 'a'}]\na = [{include-group = 'b'}]\nb = [{include-group = 'a'}]\n",
            "[dependency-groups]\nRun = ['x']\nrun = ['y']\n",
        ] {
            let error = pyproject(text).group("run").unwrap_err();
            errors.push_str(&crate::project::snapshot::shown(text, &error));
        }
        for text in
            ["[project.optional-dependencies]\nrun = 'x'", "[project.optional-dependencies]\nrun = ['x', {a = 1}]"]
        {
            let error = pyproject(text).extra("run").unwrap_err();
            errors.push_str(&crate::project::snapshot::shown(text, &error));
        }
        insta::assert_snapshot!(errors);
    }
}
