//! What to do about a dependency, in the imperative.

use super::{Class, Dependency};
use crate::gates;
use crate::project::Project;
use crate::project::requirements::{Declared, Source};
use crate::python::graph::Reachability;

/// How an import runs, for people.
pub(crate) fn when(level: Reachability) -> &'static str {
    match level {
        Reachability::Startup => "when the Worker starts",
        Reachability::Project => "in a function, or under a condition, of the project",
        Reachability::Package => "in a function, or under a condition, of a package",
        Reachability::Guarded => "behind a guard",
        Reachability::StringOnly => "by its name in a string",
    }
}

/// What to do about one, if anything.
pub(super) fn advice(dependency: &Dependency, project: &Project) -> Option<String> {
    let name = &dependency.name;
    let (runtime, elsewhere): (Vec<&Declared>, Vec<&Declared>) =
        dependency.declared.iter().partition(|declared| declared.runtime);
    let places = |declared: &[&Declared]| declared.iter().map(|one| one.place()).collect::<Vec<_>>().join(" and ");
    match dependency.class {
        Class::CannotRun if runtime.is_empty() => None,
        Class::CannotRun if dependency.imported.is_some() => {
            let places = places(&runtime);
            Some(format!("replace `{name}` ({places}), or do without it: `saddlebag check` looks for what would work"))
        }
        Class::CannotRun if gates::is_development_tool(name) => {
            Some(format!("move `{name}` from {} to the development requirements", places(&runtime)))
        }
        Class::CannotRun => Some(format!(
            "take `{name}` out of {}, or require something else: no import of that name was found",
            places(&runtime)
        )),
        Class::Runtime if dependency.imported.is_none() => None,
        Class::Runtime if dependency.bundle_bytes.is_none() && runtime.is_empty() => Some(match elsewhere.first() {
            Some(first) => format!(
                "move `{}` from {} to {}: without it a deploy breaks",
                first.requirement.redacted(),
                first.place(),
                runtime_list(project)
            ),
            None => format!("add `{name}` to {}: without it a deploy breaks", runtime_list(project)),
        }),
        Class::Runtime if dependency.bundle_bytes.is_none() => {
            Some(format!("change the condition of `{name}` ({}): on Workers it does not hold", places(&runtime)))
        }
        Class::Unused if !runtime.is_empty() && dependency.bundle_bytes.is_some() => {
            Some(format!("take `{name}` out of {}", places(&runtime)))
        }
        Class::Development if !runtime.is_empty() => {
            Some(format!("move `{name}` from {} to the development requirements", places(&runtime)))
        }
        Class::Runtime | Class::Unused | Class::Development => None,
    }
}

/// Where a requirement of the Worker belongs.
fn runtime_list(project: &Project) -> String {
    match &project.requirements.source {
        Source::File(path) => format!("`{}`", project.display(path)),
        Source::Pyproject(_) if !project.requirements.entries.is_empty() => "`[project].dependencies`".to_owned(),
        Source::Pyproject(_) | Source::None => format!("`{}`", crate::project::requirements::DEFAULT_FILE),
    }
}
