//! The guard of each part of a statement or an expression that branches.
//!
//! Looks a few levels ahead and no further, so that reading a file stays linear.

use super::conditions::{Conditions, tests_for_file};
use super::handlers::{Stops, ends, is_reraised};
use super::model::Guard;
use crate::python::syntax::last_name;
use ruff_python_ast::{self as ast, AnyNodeRef, ExceptHandler, Expr, Stmt};
use ruff_text_size::Ranged;

/// How many blocks deep the way out of a block is looked for.
const LEVELS: u32 = 4;

/// The parts of a node that branches, each with the guard that holds there; false for a node that does not branch.
pub(in crate::python) fn split<'a>(
    node: AnyNodeRef<'a>,
    guard: Guard,
    conditions: &Conditions<'a>,
    push: &mut impl FnMut(AnyNodeRef<'a>, Guard),
) -> bool {
    match node {
        AnyNodeRef::StmtTry(statement) => split_try(statement, guard, conditions, push),
        AnyNodeRef::StmtIf(statement) => split_if(statement, guard, conditions, push),
        AnyNodeRef::StmtMatch(statement) => split_match(statement, guard, conditions, push),
        AnyNodeRef::StmtWhile(statement) => split_while(statement, guard, conditions, push),
        AnyNodeRef::StmtFor(statement) => split_for(statement, guard, conditions, push),
        AnyNodeRef::StmtWith(statement) => split_with(statement, guard, conditions, push),
        AnyNodeRef::ExprIf(choice) => split_choice(choice, guard, conditions, push),
        AnyNodeRef::ExprBoolOp(operation) => split_operation(operation, guard, conditions, push),
        AnyNodeRef::ExprListComp(list) => split_comprehension(&[&*list.elt], &list.generators, guard, conditions, push),
        AnyNodeRef::ExprSetComp(set) => split_comprehension(&[&*set.elt], &set.generators, guard, conditions, push),
        AnyNodeRef::ExprGenerator(inner) => {
            split_comprehension(&[&*inner.elt], &inner.generators, guard, conditions, push)
        }
        _ => return false,
    }
    true
}

/// Statements one after another: what follows a way out may run or not.
pub(in crate::python) fn block<'a>(
    body: &'a [Stmt],
    mut guard: Guard,
    conditions: &Conditions<'a>,
    push: &mut impl FnMut(AnyNodeRef<'a>, Guard),
) {
    for statement in body {
        push(statement.into(), guard);
        guard = after(statement, guard, conditions);
    }
}

/// What holds behind a statement.
fn after(statement: &Stmt, guard: Guard, conditions: &Conditions<'_>) -> Guard {
    let Stmt::If(branching) = statement else {
        return if leaves(std::slice::from_ref(statement), false, LEVELS) { guard.perhaps() } else { guard };
    };
    let mut behind = guard;
    let clauses = branching.elif_else_clauses.iter().map(|clause| (clause.test.as_ref(), &*clause.body));
    for (test, body) in std::iter::once((Some(&*branching.test), &*branching.body)).chain(clauses) {
        let left = body.iter().any(|inner| matches!(inner, Stmt::Return(_) | Stmt::Continue(_) | Stmt::Break(_)));
        behind = match test {
            Some(test) if left => conditions.branch(test, behind).1,
            None if left => conditions.branch(&branching.test, behind).0,
            // `if not path.exists(): raise ...` is the author's own answer to a missing file, given when it is called.
            Some(test) if guard.in_function && ends(body) && tests_for_file(test) => behind.perhaps(),
            _ if leaves(body, false, LEVELS - 1) => behind.perhaps(),
            _ => behind,
        };
    }
    behind
}

/// Whether a block may be left before its end; `looped`: `break` and `continue` only end a loop inside of it.
fn leaves(body: &[Stmt], looped: bool, levels: u32) -> bool {
    let Some(levels) = levels.checked_sub(1) else { return false };
    body.iter().any(|statement| match statement {
        Stmt::Return(_) => true,
        Stmt::Break(_) | Stmt::Continue(_) => !looped,
        Stmt::If(branching) => {
            leaves(&branching.body, looped, levels)
                || branching.elif_else_clauses.iter().any(|clause| leaves(&clause.body, looped, levels))
        }
        Stmt::With(with) => leaves(&with.body, looped, levels),
        Stmt::For(inner) => leaves(&inner.body, true, levels),
        Stmt::While(inner) => leaves(&inner.body, true, levels),
        Stmt::Match(matching) => matching.cases.iter().any(|case| leaves(&case.body, looped, levels)),
        Stmt::Try(attempt) => {
            let handlers = attempt.handlers.iter().map(|ExceptHandler::ExceptHandler(handler)| &handler.body);
            let mut blocks = handlers.chain([&attempt.body, &attempt.orelse]);
            blocks.any(|block| leaves(block, looped, levels))
        }
        _ => false,
    })
}

/// The guard inside a `try` or `with` that stops these errors, besides what was stopped around it.
fn stopped_within(guard: Guard, stops: Stops) -> Guard {
    let handled = guard.caught || guard.suppressed;
    Guard {
        modules_only: !stops.names && (if handled { guard.modules_only } else { stops.modules }),
        conditional: guard.conditional || stops.perhaps,
        metadata_caught: guard.metadata_caught || stops.metadata,
        file_caught: guard.file_caught || stops.files,
        value_caught: guard.value_caught || stops.values,
        ..guard
    }
}

fn split_try<'a>(
    statement: &'a ast::StmtTry,
    guard: Guard,
    conditions: &Conditions<'a>,
    push: &mut impl FnMut(AnyNodeRef<'a>, Guard),
) {
    let names = &conditions.names;
    let handlers = statement.handlers.iter().map(|ExceptHandler::ExceptHandler(handler)| handler);
    let stops = Stops::of_handlers(handlers.clone(), names);
    let mut body = stopped_within(guard, stops);
    body.caught |= stops.modules;
    body.alternative |= handlers.clone().any(|handler| {
        Stops::of(handler.type_.as_deref(), names).modules && !is_reraised(handler) && imports(&handler.body, LEVELS)
    });
    block(&statement.body, body, conditions, push);
    for handler in handlers.clone() {
        let caught = Stops::of(handler.type_.as_deref(), names);
        // `try: set` and `except NameError:` ask which Python it is (pytz); any other error may come or not.
        let by_platform = handler.type_.as_deref().is_some_and(|caught| names.listed(caught).contains(&"NameError"));
        let inside = Guard {
            fallback: guard.fallback || caught.modules,
            platform: guard.platform || by_platform,
            conditional: guard.conditional || !(caught.modules || by_platform),
            ..guard
        };
        handler.type_.iter().for_each(|caught| push(AnyNodeRef::from(&**caught), inside));
        block(&handler.body, inside, conditions, push);
    }
    // It runs when nothing went wrong.
    let succeeded = match (stops.modules, stops == Stops::default()) {
        (true, _) if imports(&statement.body, LEVELS) => {
            Guard { otherwise: conditions.line(statement.start()), ..guard }
        }
        (_, false) if !statement.body.iter().all(Stmt::is_pass_stmt) => guard.perhaps(),
        _ if leaves(&statement.body, false, LEVELS) => guard.perhaps(),
        _ => guard,
    };
    block(&statement.orelse, succeeded, conditions, push);
    block(&statement.finalbody, guard, conditions, push);
}

fn split_if<'a>(
    statement: &'a ast::StmtIf,
    guard: Guard,
    conditions: &Conditions<'a>,
    push: &mut impl FnMut(AnyNodeRef<'a>, Guard),
) {
    let clauses = statement.elif_else_clauses.iter().map(|clause| (clause.test.as_ref(), &clause.body));
    // What holds where no clause so far was taken.
    let mut rest = guard;
    for (test, body) in std::iter::once((Some(&*statement.test), &statement.body)).chain(clauses) {
        let mut taken = rest;
        if let Some(test) = test {
            push(test.into(), rest);
            (taken, rest) = conditions.branch(test, rest);
        }
        block(body, taken, conditions, push);
    }
}

/// `a if test else b`.
fn split_choice<'a>(
    choice: &'a ast::ExprIf,
    guard: Guard,
    conditions: &Conditions<'a>,
    push: &mut impl FnMut(AnyNodeRef<'a>, Guard),
) {
    let (taken, rest) = conditions.branch(&choice.test, guard);
    push(AnyNodeRef::from(&*choice.test), guard);
    push(AnyNodeRef::from(&*choice.body), taken);
    push(AnyNodeRef::from(&*choice.orelse), rest);
}

/// `[element for target in iterated]`: the elements are made if there are any.
fn split_comprehension<'a>(
    elements: &[&'a Expr],
    generators: &'a [ast::Comprehension],
    guard: Guard,
    conditions: &Conditions<'a>,
    push: &mut impl FnMut(AnyNodeRef<'a>, Guard),
) {
    let runs = generators.iter().all(|inner| inner.ifs.is_empty() && conditions.names.has_items(&inner.iter));
    let inside = if runs { guard } else { guard.perhaps() };
    elements.iter().for_each(|element| push(AnyNodeRef::from(*element), inside));
    for (at, generator) in generators.iter().enumerate() {
        push(generator.into(), if at == 0 { guard } else { inside });
    }
}

/// `a and b`, `a or b`: what follows depends on what came before.
fn split_operation<'a>(
    operation: &'a ast::ExprBoolOp,
    guard: Guard,
    conditions: &Conditions<'a>,
    push: &mut impl FnMut(AnyNodeRef<'a>, Guard),
) {
    let mut guard = guard;
    for value in &operation.values {
        push(value.into(), guard);
        let (taken, rest) = conditions.branch(value, guard);
        guard = if operation.op == ast::BoolOp::And { taken } else { rest };
    }
}

fn split_match<'a>(
    statement: &'a ast::StmtMatch,
    guard: Guard,
    conditions: &Conditions<'a>,
    push: &mut impl FnMut(AnyNodeRef<'a>, Guard),
) {
    push(AnyNodeRef::from(&*statement.subject), guard);
    let by_platform = conditions.depends_on_platform(&statement.subject);
    let inside =
        Guard { platform: guard.platform || by_platform, conditional: guard.conditional || !by_platform, ..guard };
    for case in &statement.cases {
        push(AnyNodeRef::from(&case.pattern), inside);
        let mut taken = inside;
        if let Some(test) = case.guard.as_deref() {
            push(test.into(), inside);
            taken = conditions.branch(test, inside).0;
        }
        block(&case.body, taken, conditions, push);
    }
}

fn split_while<'a>(
    statement: &'a ast::StmtWhile,
    guard: Guard,
    conditions: &Conditions<'a>,
    push: &mut impl FnMut(AnyNodeRef<'a>, Guard),
) {
    push(AnyNodeRef::from(&*statement.test), guard);
    block(&statement.body, conditions.branch(&statement.test, guard).0, conditions, push);
    block(&statement.orelse, guard.perhaps(), conditions, push);
}

fn split_for<'a>(
    statement: &'a ast::StmtFor,
    guard: Guard,
    conditions: &Conditions<'a>,
    push: &mut impl FnMut(AnyNodeRef<'a>, Guard),
) {
    push(AnyNodeRef::from(&*statement.target), guard);
    push(AnyNodeRef::from(&*statement.iter), guard);
    let body = if conditions.names.has_items(&statement.iter) { guard } else { guard.perhaps() };
    block(&statement.body, body, conditions, push);
    block(&statement.orelse, guard.perhaps(), conditions, push);
}

fn split_with<'a>(
    statement: &'a ast::StmtWith,
    guard: Guard,
    conditions: &Conditions<'a>,
    push: &mut impl FnMut(AnyNodeRef<'a>, Guard),
) {
    let mut stops = Stops::default();
    for item in &statement.items {
        push(item.into(), guard);
        stops = stops.or(conditions.names.manager(&item.context_expr));
    }
    // `stack.enter_context(suppress(ImportError))`.
    let calls = statement.body.iter().filter_map(Stmt::as_expr_stmt).filter_map(|inner| inner.value.as_call_expr());
    for call in calls.filter(|call| last_name(&call.func) == Some("enter_context")) {
        stops = call.arguments.args.first().map_or(stops, |manager| stops.or(conditions.names.manager(manager)));
    }
    let mut body = stopped_within(guard, stops);
    body.suppressed |= stops.modules;
    block(&statement.body, body, conditions, push);
}

/// Whether a block imports anything, not counting functions that it defines.
fn imports(body: &[Stmt], levels: u32) -> bool {
    let Some(levels) = levels.checked_sub(1) else { return false };
    let finds = |value: &Expr| {
        let callee = value.as_call_expr().and_then(|call| last_name(&call.func));
        callee.is_some_and(|name| matches!(name, "import_module" | "__import__"))
    };
    body.iter().any(|statement| match statement {
        Stmt::Import(_) | Stmt::ImportFrom(_) => true,
        Stmt::Assign(assign) => finds(&assign.value),
        Stmt::Expr(expression) => finds(&expression.value),
        Stmt::If(branching) => {
            imports(&branching.body, levels)
                || branching.elif_else_clauses.iter().any(|clause| imports(&clause.body, levels))
        }
        Stmt::With(with) => imports(&with.body, levels),
        Stmt::For(inner) => imports(&inner.body, levels),
        Stmt::Try(attempt) => {
            let handlers = attempt.handlers.iter().map(|ExceptHandler::ExceptHandler(handler)| &handler.body);
            handlers.chain([&attempt.body, &attempt.orelse]).any(|block| imports(block, levels))
        }
        _ => false,
    })
}
