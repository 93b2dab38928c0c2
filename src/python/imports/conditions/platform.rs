//! Conditions that test the platform, the interpreter, or whether a file is there.

use crate::python::syntax::{any_node, last_name};
use ruff_python_ast::{self as ast, AnyNodeRef, Expr};

/// How many nodes of a condition are visited.
const NODES: usize = 300;

pub(super) fn is_of(expression: &Expr, owner: &str, name: &str) -> bool {
    expression.as_attribute_expr().is_some_and(|attribute| {
        &attribute.attr == name && attribute.value.as_name_expr().is_some_and(|value| value.id == owner)
    })
}

/// The value on Workers.
pub(super) fn platform_name(expression: &Expr) -> Option<&'static str> {
    match expression {
        _ if is_of(expression, "sys", "platform") => Some("emscripten"),
        _ if is_of(expression, "os", "name") => Some("posix"),
        _ => None,
    }
}

/// `sys.platform.startswith("win")`.
pub(super) fn starts_with(call: &ast::ExprCall) -> Option<bool> {
    let method = call.func.as_attribute_expr().filter(|method| &method.attr == "startswith")?;
    let here = platform_name(&method.value)?;
    let [Expr::StringLiteral(front)] = &*call.arguments.args else { return None };
    Some(here.starts_with(front.value.to_str()))
}

/// `sys.platform`, `sys.version_info`, `sys.implementation`, `os.name`, `platform.system()`, `find_spec("x")` or
/// `"x" in sys.modules` anywhere in the test; names that packages give to the answer (`PY2`, `IS_WINDOWS`) too.
pub(super) fn tests_platform(test: &Expr) -> bool {
    any_node([test], NODES, |node| match node {
        AnyNodeRef::ExprAttribute(attribute) => {
            let owner = attribute.value.as_name_expr().map(|name| name.id.as_str());
            match (owner, attribute.attr.as_str()) {
                (
                    Some("sys"),
                    "platform" | "version_info" | "implementation" | "version" | "hexversion" | "modules",
                )
                | (Some("os"), "name")
                | (Some("platform"), _)
                | (_, "find_spec" | "find_loader") => true,
                (_, name) => names_platform(name),
            }
        }
        AnyNodeRef::ExprName(name) => {
            names_platform(&name.id) || matches!(name.id.as_str(), "find_spec" | "version_info")
        }
        _ => false,
    })
}

/// `PY2`, `PY38`, `PYPY`, `WIN32`, `IS_WINDOWS`, `HAS_NUMPY`: a constant for what the interpreter is or has, by
/// whole words: `WINDOW_SECONDS` and `PYTHON_BACKEND` mean something else.
fn names_platform(name: &str) -> bool {
    let upper = name.trim_matches('_');
    if !upper.bytes().any(|byte| byte.is_ascii_uppercase()) || upper.bytes().any(|byte| byte.is_ascii_lowercase()) {
        return false;
    }
    let digits = |word: &str| word.bytes().all(|byte| byte.is_ascii_digit());
    let names = |word: &str| {
        let word = word.trim_end_matches(|c: char| c.is_ascii_digit());
        let systems = ["WIN", "WINDOWS", "LINUX", "DARWIN", "MAC", "MACOS", "MACOSX", "OSX", "POSIX", "CYGWIN", "IOS"];
        let others = ["PY", "PYTHON", "PYPY", "CPYTHON", "JYTHON", "GRAALPY", "EMSCRIPTEN", "WASM", "WASI", "PYODIDE"];
        systems.contains(&word)
            || others.contains(&word)
            || matches!(word, "ANDROID" | "FREEBSD" | "AIX" | "IRONPYTHON")
    };
    let glue = |word: &str| {
        let words = ["IS", "ON", "IN", "OR", "AND", "NOT", "RUNNING", "UNDER", "PLUS", "ONLY", "VERSION", "PLATFORM"];
        words.contains(&word)
            || matches!(word, "GE" | "GT" | "LT" | "LE" | "MIN" | "LATER" | "NEWER" | "OLDER" | "INFO")
    };
    upper.starts_with("HAS_")
        || upper.starts_with("HAVE_")
        || (upper.split('_').any(names) && upper.split('_').all(|word| names(word) || glue(word) || digits(word)))
}

pub(super) fn any_name(test: &Expr, wanted: impl Fn(&str) -> bool) -> bool {
    any_node([test], NODES, |node| matches!(node, AnyNodeRef::ExprName(name) if wanted(&name.id)))
}

/// `path.exists()`, `path.is_file()`, `os.path.isfile(path)`.
pub(in crate::python) fn tests_for_file(test: &Expr) -> bool {
    any_node([test], NODES, |node| {
        matches!(node, AnyNodeRef::ExprCall(call)
            if matches!(last_name(&call.func), Some("exists" | "is_file" | "isfile" | "is_dir" | "isdir" | "access")))
    })
}
