//! Conditions: what stands between the start of a file and one of its imports.
//!
//! Receives statements and expressions that branch; hands on their parts, each with the guard that holds there. Must never
//! decide what a guard is worth. Looks a few levels ahead and no further, so that reading stays linear.

use super::conditions::{Tests, asks_for_file};
use super::handlers::{Stops, ends, is_reraised};
use super::last_name;
use ruff_python_ast::{self as ast, AnyNodeRef, ExceptHandler, Expr, Stmt};
use ruff_text_size::Ranged;
use serde::{Deserialize, Serialize};

/// How many blocks deep the way out of a block is looked for.
const LEVELS: u32 = 4;

/// What a file can ask of the name under which it is imported.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum PlaceTest {
    /// Whether it is in a package, or is one: `if __package__:`.
    InPackage,
    /// Whether its name has a dot: `if "." in __name__:`.
    Dotted,
}

/// A test of the file's own name in the upload, and the answer under which something runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Placed {
    pub(super) test: PlaceTest,
    pub(super) holds: bool,
}

impl Placed {
    pub(super) fn otherwise(self) -> Self {
        Self { holds: !self.holds, ..self }
    }
}

/// Under which conditions an import (or a call that asks for something) runs, and what happens when it fails.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Guard {
    /// In the body of a function, a method or a lambda: runs when that is called.
    pub(crate) in_function: bool,
    /// In a `try` with a handler that catches a failed import and neither raises again nor ends the program.
    pub(crate) caught: bool,
    /// In such a `try`, and the handler imports something else instead.
    pub(crate) alternative: bool,
    /// In the handler of a failed import.
    pub(crate) fallback: bool,
    /// Under `contextlib.suppress(ImportError)`, or a context manager of the file that does the same.
    pub(crate) suppressed: bool,
    /// What catches or suppresses it names `ModuleNotFoundError` alone: a name that a module lacks gets past it.
    pub(crate) modules_only: bool,
    /// Never runs: under `if TYPE_CHECKING:`, `if False:`, `if __name__ == "__main__":` or a test of the platform or the
    /// version that is false on Workers.
    pub(crate) never_runs: bool,
    /// Under a test of the platform, the interpreter or its version, or of whether a module is there; either branch.
    pub(crate) platform: bool,
    /// Under a test of anything else, in a loop, or behind a way out: it may run or not.
    pub(crate) conditional: bool,
    /// In the `else` of a `try` that catches a failed import: the line of that `try`, and 0 elsewhere. It runs only if
    /// everything that the `try` imports is there.
    pub(crate) otherwise: u32,
    /// Where `PackageNotFoundError` is stopped.
    pub(crate) metadata_caught: bool,
    /// Where `FileNotFoundError` is stopped, or under a test of whether a file is there.
    pub(crate) file_caught: bool,
    /// Under a test of the file's own name, until that is known ([`Guard::resolve_names`]).
    pub(crate) placed: Option<Placed>,
    /// Where the error of a framework that misses a directory is stopped: `RuntimeError` or `ValueError`.
    pub(crate) value_caught: bool,
}

impl Guard {
    /// Whether the file can do without the import: its failure is handled, or it is never run on some platform.
    pub(crate) fn is_guarded(self) -> bool {
        self.caught || self.fallback || self.suppressed || self.never_runs || self.platform || self.otherwise > 0
    }

    /// The guard in a file that is imported as `dotted`, whose `__package__` is `package`.
    pub(crate) fn resolve_names(self, dotted: &str, package: &str) -> Self {
        let Some(placed) = self.placed else { return self };
        let holds = match placed.test {
            PlaceTest::InPackage => !package.is_empty(),
            PlaceTest::Dotted => dotted.contains('.'),
        };
        Self { placed: None, never_runs: self.never_runs || holds != placed.holds, ..self }
    }

    /// Whether it may run or not, as far as the file itself can tell.
    pub(crate) fn is_conditional(self) -> bool {
        self.conditional || self.placed.is_some()
    }

    pub(super) fn place(&mut self, placed: Placed) {
        match self.placed {
            None => self.placed = Some(placed),
            Some(outer) if outer == placed => {}
            Some(outer) if outer.test == placed.test => self.never_runs = true,
            Some(_) => self.conditional = true,
        }
    }

    /// A function's body runs long after the handlers around its definition.
    pub(in crate::python) fn called_later(self) -> Self {
        Self {
            in_function: true,
            caught: false,
            alternative: false,
            fallback: false,
            suppressed: false,
            modules_only: false,
            otherwise: 0,
            metadata_caught: false,
            file_caught: false,
            value_caught: false,
            ..self
        }
    }

    pub(super) fn perhaps(self) -> Self {
        Self { conditional: true, ..self }
    }

    /// What is stopped around it besides what was already.
    fn within(self, stops: Stops) -> Self {
        let handled = self.caught || self.suppressed;
        Self {
            modules_only: !stops.names && (if handled { self.modules_only } else { stops.modules }),
            conditional: self.conditional || stops.perhaps,
            metadata_caught: self.metadata_caught || stops.metadata,
            file_caught: self.file_caught || stops.files,
            value_caught: self.value_caught || stops.values,
            ..self
        }
    }
}

/// The parts of a node that branches, each with the guard that holds there; false for a node that does not branch.
pub(in crate::python) fn split<'a>(
    node: AnyNodeRef<'a>,
    guard: Guard,
    tests: &Tests<'a>,
    push: &mut impl FnMut(AnyNodeRef<'a>, Guard),
) -> bool {
    match node {
        AnyNodeRef::StmtTry(statement) => split_try(statement, guard, tests, push),
        AnyNodeRef::StmtIf(statement) => split_if(statement, guard, tests, push),
        AnyNodeRef::StmtMatch(statement) => split_match(statement, guard, tests, push),
        AnyNodeRef::StmtWhile(statement) => split_while(statement, guard, tests, push),
        AnyNodeRef::StmtFor(statement) => split_for(statement, guard, tests, push),
        AnyNodeRef::StmtWith(statement) => split_with(statement, guard, tests, push),
        AnyNodeRef::ExprIf(choice) => split_choice(choice, guard, tests, push),
        AnyNodeRef::ExprBoolOp(operation) => split_operation(operation, guard, tests, push),
        AnyNodeRef::ExprListComp(list) => split_comprehension(&[&*list.elt], &list.generators, guard, tests, push),
        AnyNodeRef::ExprSetComp(set) => split_comprehension(&[&*set.elt], &set.generators, guard, tests, push),
        AnyNodeRef::ExprGenerator(inner) => split_comprehension(&[&*inner.elt], &inner.generators, guard, tests, push),
        _ => return false,
    }
    true
}

/// Statements one after another: what follows a way out may run or not.
pub(in crate::python) fn block<'a>(
    body: &'a [Stmt],
    mut guard: Guard,
    tests: &Tests<'a>,
    push: &mut impl FnMut(AnyNodeRef<'a>, Guard),
) {
    for statement in body {
        push(statement.into(), guard);
        guard = after(statement, guard, tests);
    }
}

/// What holds behind a statement.
fn after(statement: &Stmt, guard: Guard, tests: &Tests<'_>) -> Guard {
    let Stmt::If(branching) = statement else {
        return if leaves(std::slice::from_ref(statement), false, LEVELS) { guard.perhaps() } else { guard };
    };
    let mut behind = guard;
    let clauses = branching.elif_else_clauses.iter().map(|clause| (clause.test.as_ref(), &*clause.body));
    for (test, body) in std::iter::once((Some(&*branching.test), &*branching.body)).chain(clauses) {
        let left = body.iter().any(|inner| matches!(inner, Stmt::Return(_) | Stmt::Continue(_) | Stmt::Break(_)));
        behind = match test {
            Some(test) if left => tests.branch(test, behind).1,
            None if left => tests.branch(&branching.test, behind).0,
            // `if not path.exists(): raise ...` is the author's own answer to a missing file, given when it is called.
            Some(test) if guard.in_function && ends(body) && asks_for_file(test) => behind.perhaps(),
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

fn split_try<'a>(
    statement: &'a ast::StmtTry,
    guard: Guard,
    tests: &Tests<'a>,
    push: &mut impl FnMut(AnyNodeRef<'a>, Guard),
) {
    let names = &tests.names;
    let handlers = statement.handlers.iter().map(|ExceptHandler::ExceptHandler(handler)| handler);
    let stops = Stops::of_handlers(handlers.clone(), names);
    let mut body = guard.within(stops);
    body.caught |= stops.modules;
    body.alternative |= handlers.clone().any(|handler| {
        Stops::of(handler.type_.as_deref(), names).modules && !is_reraised(handler) && imports(&handler.body, LEVELS)
    });
    block(&statement.body, body, tests, push);
    for handler in handlers.clone() {
        let caught = Stops::of(handler.type_.as_deref(), names);
        // `try: set` and `except NameError:` ask which Python it is (pytz); any other error may come or not.
        let asks = handler.type_.as_deref().is_some_and(|caught| names.listed(caught).contains(&"NameError"));
        let inside = Guard {
            fallback: guard.fallback || caught.modules,
            platform: guard.platform || asks,
            conditional: guard.conditional || !(caught.modules || asks),
            ..guard
        };
        handler.type_.iter().for_each(|caught| push(AnyNodeRef::from(&**caught), inside));
        block(&handler.body, inside, tests, push);
    }
    // It runs when nothing went wrong.
    let succeeded = match (stops.modules, stops == Stops::default()) {
        (true, _) if imports(&statement.body, LEVELS) => Guard { otherwise: tests.line(statement.start()), ..guard },
        (_, false) if !statement.body.iter().all(Stmt::is_pass_stmt) => guard.perhaps(),
        _ if leaves(&statement.body, false, LEVELS) => guard.perhaps(),
        _ => guard,
    };
    block(&statement.orelse, succeeded, tests, push);
    block(&statement.finalbody, guard, tests, push);
}

fn split_if<'a>(
    statement: &'a ast::StmtIf,
    guard: Guard,
    tests: &Tests<'a>,
    push: &mut impl FnMut(AnyNodeRef<'a>, Guard),
) {
    let clauses = statement.elif_else_clauses.iter().map(|clause| (clause.test.as_ref(), &clause.body));
    // What holds where no clause so far was taken.
    let mut rest = guard;
    for (test, body) in std::iter::once((Some(&*statement.test), &statement.body)).chain(clauses) {
        let mut taken = rest;
        if let Some(test) = test {
            push(test.into(), rest);
            (taken, rest) = tests.branch(test, rest);
        }
        block(body, taken, tests, push);
    }
}

/// `a if test else b`.
fn split_choice<'a>(
    choice: &'a ast::ExprIf,
    guard: Guard,
    tests: &Tests<'a>,
    push: &mut impl FnMut(AnyNodeRef<'a>, Guard),
) {
    let (taken, rest) = tests.branch(&choice.test, guard);
    push(AnyNodeRef::from(&*choice.test), guard);
    push(AnyNodeRef::from(&*choice.body), taken);
    push(AnyNodeRef::from(&*choice.orelse), rest);
}

/// `[element for target in iterated]`: the elements are made if there are any.
fn split_comprehension<'a>(
    elements: &[&'a Expr],
    generators: &'a [ast::Comprehension],
    guard: Guard,
    tests: &Tests<'a>,
    push: &mut impl FnMut(AnyNodeRef<'a>, Guard),
) {
    let runs = generators.iter().all(|inner| inner.ifs.is_empty() && tests.names.has_items(&inner.iter));
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
    tests: &Tests<'a>,
    push: &mut impl FnMut(AnyNodeRef<'a>, Guard),
) {
    let mut guard = guard;
    for value in &operation.values {
        push(value.into(), guard);
        let (taken, rest) = tests.branch(value, guard);
        guard = if operation.op == ast::BoolOp::And { taken } else { rest };
    }
}

fn split_match<'a>(
    statement: &'a ast::StmtMatch,
    guard: Guard,
    tests: &Tests<'a>,
    push: &mut impl FnMut(AnyNodeRef<'a>, Guard),
) {
    push(AnyNodeRef::from(&*statement.subject), guard);
    let asks = tests.ask_platform(&statement.subject);
    let inside = Guard { platform: guard.platform || asks, conditional: guard.conditional || !asks, ..guard };
    for case in &statement.cases {
        push(AnyNodeRef::from(&case.pattern), inside);
        let mut taken = inside;
        if let Some(test) = case.guard.as_deref() {
            push(test.into(), inside);
            taken = tests.branch(test, inside).0;
        }
        block(&case.body, taken, tests, push);
    }
}

fn split_while<'a>(
    statement: &'a ast::StmtWhile,
    guard: Guard,
    tests: &Tests<'a>,
    push: &mut impl FnMut(AnyNodeRef<'a>, Guard),
) {
    push(AnyNodeRef::from(&*statement.test), guard);
    block(&statement.body, tests.branch(&statement.test, guard).0, tests, push);
    block(&statement.orelse, guard.perhaps(), tests, push);
}

fn split_for<'a>(
    statement: &'a ast::StmtFor,
    guard: Guard,
    tests: &Tests<'a>,
    push: &mut impl FnMut(AnyNodeRef<'a>, Guard),
) {
    push(AnyNodeRef::from(&*statement.target), guard);
    push(AnyNodeRef::from(&*statement.iter), guard);
    let body = if tests.names.has_items(&statement.iter) { guard } else { guard.perhaps() };
    block(&statement.body, body, tests, push);
    block(&statement.orelse, guard.perhaps(), tests, push);
}

fn split_with<'a>(
    statement: &'a ast::StmtWith,
    guard: Guard,
    tests: &Tests<'a>,
    push: &mut impl FnMut(AnyNodeRef<'a>, Guard),
) {
    let mut stops = Stops::default();
    for item in &statement.items {
        push(item.into(), guard);
        stops = stops.or(tests.names.manager(&item.context_expr));
    }
    // `stack.enter_context(suppress(ImportError))`.
    let calls = statement.body.iter().filter_map(Stmt::as_expr_stmt).filter_map(|inner| inner.value.as_call_expr());
    for call in calls.filter(|call| last_name(&call.func) == Some("enter_context")) {
        stops = call.arguments.args.first().map_or(stops, |manager| stops.or(tests.names.manager(manager)));
    }
    let mut body = guard.within(stops);
    body.suppressed |= stops.modules;
    block(&statement.body, body, tests, push);
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
