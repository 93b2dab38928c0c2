//! Conditions: what stands between the start of a file and one of its imports.
//!
//! Receives statements that branch; hands on their parts, each with the guard that holds there. Must never decide what a
//! guard is worth.

use super::{children, last_name};
use ruff_python_ast::{self as ast, AnyNodeRef, ExceptHandler, Expr, Stmt};
use serde::{Deserialize, Serialize};

/// Under which conditions an import (or a call that asks for something) runs, and what happens when it fails.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Guard {
    /// In the body of a function, a method or a lambda: runs when that is called.
    pub(crate) in_function: bool,
    /// In a `try` with a handler that catches a failed import and does not raise again.
    pub(crate) caught: bool,
    /// In such a `try`, and the handler imports something else instead.
    pub(crate) alternative: bool,
    /// In the handler of a failed import.
    pub(crate) fallback: bool,
    /// Under `contextlib.suppress(ImportError)`.
    pub(crate) suppressed: bool,
    /// Never runs: under `if TYPE_CHECKING:`, `if False:` or `if __name__ == "__main__":`.
    pub(crate) type_checking: bool,
    /// Under a test of the platform, the interpreter or its version, or of whether a module is there; either branch.
    pub(crate) platform: bool,
    /// Under a test of anything else: it may run or not.
    pub(crate) conditional: bool,
    /// In a `try` that stops `PackageNotFoundError`.
    pub(crate) metadata_caught: bool,
    /// In a `try` that stops `FileNotFoundError`, or under a test of whether a file is there.
    pub(crate) file_caught: bool,
}

impl Guard {
    /// Whether the file can do without the import: its failure is handled, or it is never run on some platform.
    pub(crate) fn is_guarded(self) -> bool {
        self.caught || self.fallback || self.suppressed || self.type_checking || self.platform
    }

    /// A function's body runs long after the handlers around its definition.
    pub(super) fn called_later(self) -> Self {
        Self {
            in_function: true,
            caught: false,
            alternative: false,
            fallback: false,
            suppressed: false,
            metadata_caught: false,
            file_caught: false,
            ..self
        }
    }
}

pub(super) fn split_try<'a>(statement: &'a ast::StmtTry, guard: Guard, push: &mut impl FnMut(AnyNodeRef<'a>, Guard)) {
    let handlers = statement.handlers.iter().map(|ExceptHandler::ExceptHandler(handler)| handler);
    let catching = || handlers.clone().filter(|handler| handler.type_.as_deref().is_none_or(names_import_error));
    let quiet = || catching().filter(|handler| !handler.body.iter().any(Stmt::is_raise_stmt));
    let stops = |names: &[&str]| {
        let mut handlers = handlers.clone().filter(|handler| !handler.body.iter().any(Stmt::is_raise_stmt));
        handlers.any(|handler| handler.type_.as_deref().is_none_or(|caught| names_one_of(caught, names)))
    };
    let body = Guard {
        caught: guard.caught || quiet().next().is_some(),
        alternative: guard.alternative || quiet().any(|handler| holds_import(&handler.body)),
        metadata_caught: guard.metadata_caught || stops(&METADATA_ERRORS),
        file_caught: guard.file_caught || stops(&FILE_ERRORS),
        ..guard
    };
    statement.body.iter().for_each(|inner| push(inner.into(), body));
    for handler in handlers.clone() {
        let fallback = handler.type_.as_deref().is_none_or(names_import_error);
        // `try: set` and `except NameError:` ask which Python it is (pytz); any other error may come or not.
        let asks = handler.type_.as_deref().is_some_and(|caught| names_one_of(caught, &["NameError"]));
        let inside = Guard {
            fallback: guard.fallback || fallback,
            platform: guard.platform || asks,
            conditional: guard.conditional || !(fallback || asks),
            ..guard
        };
        push(handler.into(), inside);
    }
    statement.orelse.iter().chain(&statement.finalbody).for_each(|inner| push(inner.into(), guard));
}

pub(super) fn split_if<'a>(
    statement: &'a ast::StmtIf,
    guard: Guard,
    tests: &Tests<'_>,
    push: &mut impl FnMut(AnyNodeRef<'a>, Guard),
) {
    let clauses = statement.elif_else_clauses.iter().map(|clause| (clause.test.as_ref(), &clause.body));
    // What holds where no clause so far was taken.
    let mut rest = guard;
    for (test, body) in std::iter::once((Some(&*statement.test), &statement.body)).chain(clauses) {
        let mut taken = rest;
        if let Some(test) = test {
            push(test.into(), rest);
            let verdict = tests.verdict(test, 8);
            taken.type_checking |= verdict == Typing::Only;
            rest.type_checking |= verdict == Typing::Never;
            let asks = tests.ask_platform(test);
            taken.platform |= asks;
            rest.platform |= asks;
            let known = asks || verdict != Typing::Nothing;
            taken.conditional |= !known;
            rest.conditional |= !known;
            taken.file_caught |= asks_for_file(test);
        }
        body.iter().for_each(|inner| push(inner.into(), taken));
    }
}

/// What a test says about type checkers.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Typing {
    /// `TYPE_CHECKING`, `TYPE_CHECKING and ...`, `False`, `__name__ == "__main__"`: never true in a Worker.
    Only,
    /// `not TYPE_CHECKING`, `not TYPE_CHECKING or ...`, `True`: what follows an `else` never runs in a Worker.
    Never,
    Nothing,
}

/// What the names in a file's tests stand for.
pub(super) struct Tests<'a> {
    /// `TYPE_CHECKING`, and what it is imported as.
    typing: Vec<&'a str>,
    /// Names at the top of the file that say what the interpreter is or has: `ON_WORKERS = sys.platform == "emscripten"`,
    /// and what an `except ImportError:` assigns.
    platform: Vec<&'a str>,
}

impl<'a> Tests<'a> {
    pub(super) fn of(body: &'a [Stmt]) -> Self {
        let imports = body.iter().filter_map(Stmt::as_import_from_stmt).flat_map(|import| &import.names);
        let aliases = imports.filter(|alias| &alias.name == "TYPE_CHECKING");
        let aliases = aliases.filter_map(|alias| alias.asname.as_ref().map(ast::Identifier::as_str));
        let asked = body.iter().filter_map(Stmt::as_assign_stmt).filter(|assign| asks_platform(&assign.value));
        let handlers = body.iter().filter_map(Stmt::as_try_stmt).flat_map(|statement| &statement.handlers);
        let handlers = handlers.map(|ExceptHandler::ExceptHandler(handler)| handler);
        let handlers = handlers.filter(|handler| handler.type_.as_deref().is_none_or(names_import_error));
        let handled = handlers.flat_map(|handler| &handler.body).filter_map(Stmt::as_assign_stmt);
        let names = |assign: &'a ast::StmtAssign| assign.targets.iter().filter_map(Expr::as_name_expr);
        Self {
            typing: aliases.chain(["TYPE_CHECKING"]).collect(),
            platform: asked.chain(handled).flat_map(names).map(|name| name.id.as_str()).collect(),
        }
    }

    fn ask_platform(&self, test: &Expr) -> bool {
        asks_platform(test) || any_name(test, |name| self.platform.contains(&name))
    }

    /// `levels` bounds the recursion; nobody nests such a test more than a few deep.
    fn verdict(&self, test: &Expr, levels: u32) -> Typing {
        if levels == 0 {
            return Typing::Nothing;
        }
        let any = |values: &[Expr], wanted| values.iter().any(|value| self.verdict(value, levels - 1) == wanted);
        let all = |values: &[Expr], wanted| values.iter().all(|value| self.verdict(value, levels - 1) == wanted);
        match test {
            Expr::Name(name) if self.typing.contains(&name.id.as_str()) => Typing::Only,
            Expr::Attribute(attribute) if &attribute.attr == "TYPE_CHECKING" => Typing::Only,
            Expr::BooleanLiteral(literal) if literal.value => Typing::Never,
            Expr::BooleanLiteral(_) => Typing::Only,
            Expr::NumberLiteral(literal) => match literal.value.as_int().and_then(ast::Int::as_u8) {
                Some(0) => Typing::Only,
                Some(_) => Typing::Never,
                None => Typing::Nothing,
            },
            Expr::Compare(comparison) => main_comparison(comparison),
            Expr::BoolOp(operation) if operation.op == ast::BoolOp::And && any(&operation.values, Typing::Only) => {
                Typing::Only
            }
            Expr::BoolOp(operation) if operation.op == ast::BoolOp::Or && any(&operation.values, Typing::Never) => {
                Typing::Never
            }
            Expr::BoolOp(operation) if all(&operation.values, Typing::Only) => Typing::Only,
            Expr::BoolOp(operation) if all(&operation.values, Typing::Never) => Typing::Never,
            Expr::UnaryOp(operation) if operation.op == ast::UnaryOp::Not => {
                match self.verdict(&operation.operand, levels - 1) {
                    Typing::Only => Typing::Never,
                    Typing::Never => Typing::Only,
                    Typing::Nothing => Typing::Nothing,
                }
            }
            _ => Typing::Nothing,
        }
    }
}

/// `__name__ == "__main__"` and its opposite: the runtime imports main by its own name.
fn main_comparison(comparison: &ast::ExprCompare) -> Typing {
    let is_name = |expression: &Expr| expression.as_name_expr().is_some_and(|name| name.id == "__name__");
    let is_main = |expression: &Expr| {
        expression.as_string_literal_expr().is_some_and(|literal| literal.value.to_str() == "__main__")
    };
    let ([operator], [right]) = (&*comparison.ops, &*comparison.comparators) else { return Typing::Nothing };
    if !((is_name(&comparison.left) && is_main(right)) || (is_main(&comparison.left) && is_name(right))) {
        return Typing::Nothing;
    }
    match operator {
        ast::CmpOp::Eq => Typing::Only,
        ast::CmpOp::NotEq => Typing::Never,
        _ => Typing::Nothing,
    }
}

/// `sys.platform`, `sys.version_info`, `sys.implementation`, `os.name`, `platform.system()`, `find_spec("x")` or
/// `"x" in sys.modules` anywhere in the test; names that packages give to the answer (`PY2`, `IS_WINDOWS`) too.
fn asks_platform(test: &Expr) -> bool {
    let mut pending = vec![AnyNodeRef::from(test)];
    while let Some(node) = pending.pop() {
        if let AnyNodeRef::ExprAttribute(attribute) = node {
            let owner = attribute.value.as_name_expr().map(|name| name.id.as_str());
            match (owner, attribute.attr.as_str()) {
                (
                    Some("sys"),
                    "platform" | "version_info" | "implementation" | "version" | "hexversion" | "modules",
                )
                | (Some("os"), "name")
                | (Some("platform"), _)
                | (_, "find_spec" | "find_loader") => return true,
                (_, name) if names_platform(name) => return true,
                _ => {}
            }
        }
        if let AnyNodeRef::ExprName(name) = node
            && (names_platform(&name.id) || matches!(name.id.as_str(), "find_spec" | "version_info"))
        {
            return true;
        }
        pending.extend(children(node));
    }
    false
}

/// `PY2`, `PY38`, `PYPY`, `WIN32`, `IS_WINDOWS`, `HAS_NUMPY`: a constant that says what the interpreter is or has.
fn names_platform(name: &str) -> bool {
    let upper = name.trim_start_matches('_');
    upper.bytes().any(|byte| byte.is_ascii_uppercase())
        && !upper.bytes().any(|byte| byte.is_ascii_lowercase())
        && (upper.starts_with("PY")
            || upper.starts_with("HAS_")
            || upper.starts_with("HAVE_")
            || ["WIN", "LINUX", "DARWIN", "MACOS", "POSIX", "EMSCRIPTEN", "WASM", "PYODIDE", "CPYTHON"]
                .iter()
                .any(|word| upper.trim_start_matches("IS_").starts_with(word)))
}

fn any_name(test: &Expr, wanted: impl Fn(&str) -> bool) -> bool {
    let mut pending = vec![AnyNodeRef::from(test)];
    while let Some(node) = pending.pop() {
        if let AnyNodeRef::ExprName(name) = node
            && wanted(&name.id)
        {
            return true;
        }
        pending.extend(children(node));
    }
    false
}

/// `path.exists()`, `path.is_file()`, `os.path.isfile(path)`.
fn asks_for_file(test: &Expr) -> bool {
    let mut pending = vec![AnyNodeRef::from(test)];
    while let Some(node) = pending.pop() {
        if let AnyNodeRef::ExprCall(call) = node
            && matches!(last_name(&call.func), Some("exists" | "is_file" | "isfile" | "is_dir" | "isdir" | "access"))
        {
            return true;
        }
        pending.extend(children(node));
    }
    false
}

const METADATA_ERRORS: [&str; 8] = [
    "PackageNotFoundError",
    "DistributionNotFound",
    "ImportError",
    "ModuleNotFoundError",
    "Exception",
    "BaseException",
    "StopIteration",
    "LookupError",
];

const FILE_ERRORS: [&str; 6] =
    ["FileNotFoundError", "OSError", "IOError", "EnvironmentError", "Exception", "BaseException"];

/// Whether an `except` clause, or a `suppress`, of this expression stops a failed import.
fn names_import_error(caught: &Expr) -> bool {
    names_one_of(caught, &["ImportError", "ModuleNotFoundError", "Exception", "BaseException"])
}

fn names_one_of(caught: &Expr, names: &[&str]) -> bool {
    let listed = caught.as_tuple_expr().map_or(std::slice::from_ref(caught), |tuple| &tuple.elts);
    listed.iter().filter_map(last_name).any(|name| names.contains(&name))
}

pub(super) fn suppresses(context: &Expr) -> bool {
    context.as_call_expr().is_some_and(|call| {
        last_name(&call.func) == Some("suppress") && call.arguments.args.iter().any(names_import_error)
    })
}

fn holds_import(body: &[Stmt]) -> bool {
    let mut pending: Vec<_> = body.iter().map(AnyNodeRef::from).collect();
    while let Some(node) = pending.pop() {
        if matches!(node, AnyNodeRef::StmtImport(_) | AnyNodeRef::StmtImportFrom(_)) {
            return true;
        }
        pending.extend(children(node));
    }
    false
}
