//! What single expressions and statements are: `__all__`, a decorator that registers, a call that renders a template.

use crate::python::syntax::last_name;
use ruff_python_ast::{self as ast, Expr};
use std::collections::BTreeSet;

pub(super) fn names_exports(target: &Expr) -> bool {
    target.as_name_expr().is_some_and(|name| name.id == "__all__")
}

pub(super) fn is_exports(targets: &[Expr]) -> bool {
    targets.iter().any(names_exports)
}

/// A list or a tuple of literals.
pub(super) fn list(value: &Expr) -> Option<BTreeSet<String>> {
    let elements = match value {
        Expr::List(list) => &list.elts,
        Expr::Tuple(tuple) => &tuple.elts,
        _ => return None,
    };
    elements.iter().map(|element| Some(element.as_string_literal_expr()?.value.to_str().to_owned())).collect()
}

/// Decorators that only change what a function or a class does: they call nothing and register nothing.
const PLAIN: [&str; 24] = [
    "abstractmethod",
    "asynccontextmanager",
    "cache",
    "cached_property",
    "classmethod",
    "contextmanager",
    "dataclass",
    "define",
    "deprecated",
    "final",
    "frozen",
    "lru_cache",
    "no_type_check",
    "overload",
    "override",
    "property",
    "runtime_checkable",
    "setter",
    "deleter",
    "staticmethod",
    "total_ordering",
    "typechecked",
    "unique",
    "wraps",
];

/// Whether a decorator may call what it decorates from anywhere: `@app.get("/")`, and any that is not known.
pub(super) fn registers(decorators: &[ast::Decorator]) -> bool {
    decorators.iter().any(|decorator| {
        let named = decorator.expression.as_call_expr().map_or(&decorator.expression, |call| &*call.func);
        !last_name(named).is_some_and(|name| PLAIN.contains(&name))
    })
}

/// Functions that take the name of a template.
const RENDERS: [&str; 11] = [
    "TemplateResponse",
    "Template",
    "get_template",
    "select_template",
    "get_or_select_template",
    "render_template",
    "render_template_async",
    "render_to_string",
    "stream_template",
    "render_to_response",
    "template",
];

/// The names of the templates that a call renders.
pub(super) fn templates(call: &ast::ExprCall) -> Vec<&str> {
    if !last_name(&call.func).is_some_and(|name| RENDERS.contains(&name)) {
        return Vec::new();
    }
    let named = call.arguments.keywords.iter().filter(|keyword| {
        keyword.arg.as_ref().is_some_and(|name| matches!(name.as_str(), "name" | "template_name" | "template"))
    });
    // `TemplateResponse("page.html", {...})` of old, `TemplateResponse(request, "page.html")` since.
    let arguments = call.arguments.args.iter().take(2).chain(named.map(|keyword| &keyword.value));
    arguments.filter_map(Expr::as_string_literal_expr).map(|name| name.value.to_str()).collect()
}
