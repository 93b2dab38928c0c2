//! The messages and helps of `imports`.

use super::super::closest;
use super::super::{Code, Context};
use super::{MISSING, NAME, STDLIB};
use crate::error::Result;
use crate::project::target;
use crate::python::graph::{Node, Problem, ProblemKind};
use crate::python::import_names;
use crate::python::imports::Import;
use crate::python::stdlib;

/// The code, the message and the help.
pub(super) type Message = (Code, String, String);

pub(super) fn message(context: &Context<'_>, problem: &Problem, node: &Node, import: &Import) -> Result<Message> {
    let shown = context.display_path(node);
    let (name, python) = (&problem.missing, &context.target.python);
    let what = if import.level > 0 || import.written() == *name {
        format!("`{shown}:{}` imports `{name}`", import.line)
    } else {
        format!("`{shown}:{}` imports `{name}` (`{}`)", import.line, import.written())
    };
    let guard = || "guard the import with `try` and `except ImportError`, or do without it".to_owned();
    let correct = || "correct the name, or require a version that has it".to_owned();
    Ok(match problem.kind {
        ProblemKind::TopLevel => (
            MISSING,
            format!("{what}, which nothing in the upload, the standard library or the runtime provides"),
            top_level(context, problem, node, import)?,
        ),
        ProblemKind::Submodule => {
            let what = format!("{what}, and the package that it names has no such module");
            (MISSING, what, submodule(context, problem).unwrap_or_else(correct))
        }
        ProblemKind::StdlibSubmodule => (
            STDLIB,
            format!("{what}, and the standard library of Python {python} has no such module"),
            closest::did_you_mean(name, stdlib::siblings(python, name))
                .unwrap_or_else(|| "correct the name, or guard the import".to_owned()),
        ),
        ProblemKind::StdlibBroken => {
            (STDLIB, format!("{what}, a module that Python {python} on Workers has and cannot import"), guard())
        }
        ProblemKind::PackageName => (
            NAME,
            format!("{what}, a name that its package does not define"),
            closest_name(context, problem).unwrap_or_else(correct),
        ),
        ProblemKind::Stdlib => (
            STDLIB,
            format!("{what}, a module of the standard library that Python {python} on Workers does not have"),
            guard(),
        ),
        ProblemKind::Name => (
            NAME,
            format!("{what}, a name that its module does not define"),
            closest_name(context, problem).unwrap_or_else(|| "define it there, or correct the name".to_owned()),
        ),
    })
}

/// The help: a certain cause first, then the known distribution, then a similar name.
fn top_level(context: &Context<'_>, problem: &Problem, node: &Node, import: &Import) -> Result<String> {
    let name = &problem.missing;
    if context.project.config.find_additional_modules() == Some(false) {
        return Ok("remove `find_additional_modules = false`, which leaves every other module behind".to_owned());
    }
    if let Some(directory) = closest::unsearched_vendor(context, name) {
        return unsearched(context, &directory, name);
    }
    let asked = context.bundle.graph.absolute_name(problem.node, import).unwrap_or_default();
    let distribution = provider(context, &asked);
    let guarded = if node.is_project() { ", or guard the import" } else { "" };
    if let Some(distribution) = distribution {
        return Ok(format!("add `{distribution}` to the requirements{guarded}"));
    }
    let add = format!("add the distribution that provides `{name}` to the requirements");
    Ok(match closest::closest_module(context, name).filter(|_| node.is_project()) {
        Some(close) => format!("did you mean `{close}`? if not, {add}"),
        None => format!("{add}{guarded}"),
    })
}

/// The help for a module in a `vendor/` that the runtime does not search.
pub(crate) fn unsearched(context: &Context<'_>, directory: &str, name: &str) -> Result<String> {
    let instead = format!("add `{name}` to the requirements, or import `{}`", directory.replace('/', ".") + "." + name);
    Ok(if context.target.legacy_vendor {
        format!("`{directory}/` is searched at the module root only: {instead}")
    } else {
        let since = target::vendor_unsearched_since()?;
        format!("`{directory}/` is no longer searched from compatibility date {since} on: {instead}")
    })
}

/// The distribution that is known to provide a module, unless it is in the upload already and does not.
fn provider(context: &Context<'_>, dotted: &str) -> Option<&'static str> {
    import_names::distribution_of(dotted)
        .filter(|name| context.bundle.packages.iter().all(|package| package.name != crate::python::normalize(name)))
}

fn submodule(context: &Context<'_>, problem: &Problem) -> Option<String> {
    let shared = problem.missing.split_once('.').is_some();
    let distribution = provider(context, &problem.missing).filter(|_| shared);
    let add = || distribution.map(|name| format!("add `{name}` to the requirements"));
    closest::closest_module(context, &problem.missing).map(|close| format!("did you mean `{close}`?")).or_else(add)
}

fn closest_name(context: &Context<'_>, problem: &Problem) -> Option<String> {
    let wanted = problem.missing.rsplit('.').next()?;
    let names = context.bundle.graph.names_of(problem.of?);
    closest::did_you_mean(wanted, names.into_iter().filter(|name| !name.starts_with('_') || wanted.starts_with('_')))
}
