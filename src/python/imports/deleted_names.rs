//! Names that a file deletes at its top level (`del name`) and does not bind again afterwards.

use crate::python::syntax::any_node;
use ruff_python_ast::{AnyNodeRef, Expr, Stmt};
use std::collections::HashSet;

/// The names that are gone when the module has run. A file without `del` at its top is not walked.
pub(super) fn deleted(body: &[Stmt]) -> HashSet<&str> {
    if !body.iter().any(Stmt::is_delete_stmt) {
        return HashSet::new();
    }
    let (mut gone, mut bound, mut anywhere): (HashSet<&str>, HashSet<&str>, HashSet<&str>) = Default::default();
    for statement in body.iter().rev() {
        if let Stmt::Delete(delete) = statement {
            let names = delete.targets.iter().filter_map(Expr::as_name_expr).map(|name| name.id.as_str());
            gone.extend(names.filter(|name| !bound.contains(name)));
            continue;
        }
        any_node([statement], usize::MAX, |node| {
            match node {
                AnyNodeRef::ExprName(name) if name.ctx.is_store() => drop(bound.insert(name.id.as_str())),
                AnyNodeRef::StmtFunctionDef(function) => drop(bound.insert(function.name.as_str())),
                AnyNodeRef::StmtClassDef(class) => drop(bound.insert(class.name.as_str())),
                AnyNodeRef::Alias(alias) => {
                    let first = alias.name.split('.').next().unwrap_or_default();
                    bound.insert(alias.asname.as_ref().map_or(first, |name| name.as_str()));
                }
                AnyNodeRef::PatternMatchAs(pattern) => bound.extend(pattern.name.iter().map(|name| name.as_str())),
                AnyNodeRef::PatternMatchStar(pattern) => bound.extend(pattern.name.iter().map(|name| name.as_str())),
                AnyNodeRef::PatternMatchMapping(pattern) => {
                    bound.extend(pattern.rest.iter().map(|name| name.as_str()));
                }
                // A function that is called later, or was before, may bind it.
                AnyNodeRef::StmtGlobal(global) => anywhere.extend(global.names.iter().map(|name| name.as_str())),
                _ => {}
            }
            false
        });
    }
    gone.retain(|name| !anywhere.contains(name));
    gone
}
