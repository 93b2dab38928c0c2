//! Calls that need a directory: files to serve, templates, names to list.
//!
//! What a framework checks when it is called was read in its source: starlette 1.10, fastapi 0.165, aiohttp 3.14, jinja2 3.1,
//! mako 1.4, litestar 2.25.

use super::names::{LEVELS, NameMeanings, literal};
use crate::python::imports::model::{Access, Base, Path};
use crate::python::syntax::last_name;
use ruff_python_ast::{self as ast, Expr};

const DIRECTORY_FUNCTIONS: [&str; 17] = [
    "Flask",
    "Quart",
    "FileSystemLoader",
    "PackageLoader",
    "TemplateLookup",
    "TemplateConfig",
    "create_static_files_router",
    "StaticFilesConfig",
    "add_static",
    "static",
    "frontend",
    "iterdir",
    "rglob",
    "iglob",
    "walk",
    "listdir",
    "scandir",
];

/// Whether a function of this name may need a directory.
pub(super) fn may_request(name: &str) -> bool {
    DIRECTORY_FUNCTIONS.contains(&name)
        || name == "glob"
        || name.ends_with("StaticFiles")
        || name.ends_with("Jinja2Templates")
}

/// The directories that can be read off a call, and what is done with them.
pub(super) fn requested(names: &NameMeanings<'_, '_>, call: &ast::ExprCall) -> Vec<(Path, Access)> {
    let Some(name) = last_name(&call.func).filter(|name| may_request(name)) else { return Vec::new() };
    let argument = |keyword: &str, at: usize| call.arguments.find_argument_value(keyword, at);
    let keyword = |name: &str| call.arguments.find_keyword(name).map(|keyword| &keyword.value);
    let is_checked = !keyword("check_dir").is_some_and(is_false);
    let mounted = if is_checked { Access::Mount } else { Access::Serve };
    let receiver = call.func.as_attribute_expr().map(|attribute| &*attribute.value);
    match (name, receiver) {
        // Also a subclass of the project's own.
        _ if name.ends_with("StaticFiles") => listed(names, argument("directory", 0), mounted),
        _ if name.ends_with("Jinja2Templates") => listed(names, argument("directory", 0), Access::Templates),
        ("frontend", Some(_)) => listed(names, keyword("directory"), mounted),
        ("add_static", Some(_)) => listed(names, argument("path", 1), Access::Mount),
        ("iterdir", Some(path)) => listed(names, Some(path), Access::List),
        ("glob" | "rglob" | "walk", Some(path)) if names.path(path, LEVELS).is_some() => {
            let front = argument("pattern", 0).and_then(literal).map_or(Vec::new(), fixed);
            let path = names.path(path, LEVELS);
            path.into_iter().map(|path| (with(path, front.clone()), Access::Search)).collect()
        }
        _ => of_function(names, call),
    }
}

/// Of what is known by its module.
fn of_function(names: &NameMeanings<'_, '_>, call: &ast::ExprCall) -> Vec<(Path, Access)> {
    let argument = |keyword: &str, at: usize| call.arguments.find_argument_value(keyword, at);
    let keyword = |name: &str| call.arguments.find_keyword(name).map(|keyword| &keyword.value);
    match names.dotted(&call.func).unwrap_or_default().as_str() {
        "aiohttp.web.static" => listed(names, argument("path", 1), Access::Mount),
        "jinja2.FileSystemLoader" | "jinja2.loaders.FileSystemLoader" => {
            listed(names, argument("searchpath", 0), Access::Templates)
        }
        "jinja2.PackageLoader" | "jinja2.loaders.PackageLoader" => {
            let base = argument("package_name", 0).and_then(|package| names.package(package));
            let below = argument("package_path", 1).map_or(Some("templates"), literal);
            let path = base.zip(below).and_then(|(base, below)| Path { base, parts: Vec::new() }.join(below));
            path.map(|path| (path, Access::Mount)).into_iter().collect()
        }
        "mako.lookup.TemplateLookup" => listed(names, argument("directories", 0), Access::Templates),
        "litestar.template.TemplateConfig" | "litestar.template.config.TemplateConfig" => {
            listed(names, keyword("directory"), Access::Templates)
        }
        "litestar.static_files.create_static_files_router" | "litestar.static_files.StaticFilesConfig" => {
            listed(names, keyword("directories"), Access::Serve)
        }
        "flask.Flask" | "quart.Quart" => {
            let is_here = argument("import_name", 0)
                .is_some_and(|name| name.as_name_expr().is_some_and(|name| name.id == "__name__"));
            let below = keyword("template_folder").map_or(Some("templates"), literal);
            let path = below.and_then(|below| Path { base: Base::File(1), parts: Vec::new() }.join(below));
            path.filter(|_| is_here).map(|path| (path, Access::Templates)).into_iter().collect()
        }
        "os.listdir" | "os.scandir" => listed(names, argument("path", 0), Access::List),
        "os.walk" => listed(names, argument("top", 0), Access::Search),
        "glob.glob" | "glob.iglob" => {
            let below = keyword("root_dir").and_then(|root| names.path(root, LEVELS));
            let pattern = argument("pathname", 0);
            let path = match below {
                Some(root) => pattern.and_then(literal).map(|pattern| with(root, fixed(pattern))),
                None => pattern.and_then(|pattern| names.path(pattern, LEVELS)).map(without_pattern),
            };
            path.map(|path| (path, Access::Search)).into_iter().collect()
        }
        _ => Vec::new(),
    }
}

/// One path, or each of a list.
fn listed(names: &NameMeanings<'_, '_>, value: Option<&Expr>, access: Access) -> Vec<(Path, Access)> {
    let elements = match value {
        Some(Expr::List(list)) => &list.elts,
        Some(Expr::Tuple(tuple)) => &tuple.elts,
        Some(one) => std::slice::from_ref(one),
        None => return Vec::new(),
    };
    elements.iter().filter_map(|element| Some((names.path(element, LEVELS)?, access))).collect()
}

fn is_false(value: &Expr) -> bool {
    value.as_boolean_literal_expr().is_some_and(|value| !value.value)
}

/// `prompts` of `prompts/*.md`; nothing of `*.md`.
fn fixed(pattern: &str) -> Vec<String> {
    let directories = pattern.rsplit_once('/').map_or("", |(directories, _)| directories);
    directories.split('/').take_while(|part| is_fixed(part)).map(str::to_owned).collect()
}

fn is_fixed(part: &str) -> bool {
    !part.is_empty() && !part.contains(['*', '?', '['])
}

fn with(mut path: Path, parts: Vec<String>) -> Path {
    path.parts.extend(parts);
    path
}

/// The directory that a pattern is looked for in.
fn without_pattern(mut path: Path) -> Path {
    match path.parts.iter().position(|part| !is_fixed(part)) {
        Some(at) => path.parts.truncate(at),
        None => drop(path.parts.pop()),
    }
    path
}
