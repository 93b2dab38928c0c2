//! What single expressions and statements are: `__all__`, a start by hand, a handler of missing files.
//!
//! Receives nodes; hands on yes or no, and parts. Must never look beyond the node.

use crate::python::imports::{FILE_ERRORS, is_main};
pub(super) use crate::python::imports::{children, last_name};
use ruff_python_ast::{self as ast, ExceptHandler, Expr, Stmt};
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

/// `__name__ == "__main__"`.
pub(super) fn asks_for_main(test: &Expr) -> bool {
    test.as_compare_expr().is_some_and(|comparison| is_main(comparison) == Some(true))
}

pub(super) fn stops_file_errors(statement: &ast::StmtTry) -> bool {
    let handlers = statement.handlers.iter().map(|ExceptHandler::ExceptHandler(handler)| handler);
    let mut quiet = handlers.filter(|handler| !handler.body.iter().any(Stmt::is_raise_stmt));
    quiet.any(|handler| handler.type_.as_deref().is_none_or(names_file_error))
}

fn names_file_error(caught: &Expr) -> bool {
    let listed = caught.as_tuple_expr().map_or(std::slice::from_ref(caught), |tuple| &tuple.elts);
    listed.iter().filter_map(last_name).any(|name| FILE_ERRORS.contains(&name))
}

pub(super) fn suppresses(context: &Expr) -> bool {
    context.as_call_expr().is_some_and(|call| {
        last_name(&call.func) == Some("suppress") && call.arguments.args.iter().any(names_file_error)
    })
}
