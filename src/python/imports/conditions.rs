//! When the branches of an `if`, a loop or an `and` run on Workers, by its condition.
//!
//! A condition that another file can change is left open.

mod platform;

pub(super) use platform::tests_for_file;

use super::handlers::Names;
use super::model::{Guard, PlaceTest, Placed};
use crate::python::syntax::{Syntax, any_node};
use platform::{any_name, is_of, platform_name, starts_with, tests_platform};
use ruff_python_ast::{self as ast, AnyNodeRef, ExceptHandler, Expr, PythonVersion, Stmt};
use ruff_text_size::TextSize;
use std::cell::OnceCell;
use std::cmp::Ordering;
use std::collections::{HashMap, HashSet};

/// Conditions are not nested more than a few levels deep.
const LEVELS: u32 = 8;

/// What a test is on Workers.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Verdict {
    /// `TYPE_CHECKING`, `TYPE_CHECKING and ...`, `False`, `__name__ == "__main__"`, `sys.platform == "win32"`.
    Never,
    /// `not TYPE_CHECKING`, `not TYPE_CHECKING or ...`, `True`: what follows an `else` never runs.
    Always,
    /// True under some names of the file: `__package__`.
    Placed(Placed),
    Open,
}

impl Verdict {
    fn of(holds: bool) -> Self {
        if holds { Self::Always } else { Self::Never }
    }

    fn placed(test: PlaceTest, holds: bool) -> Self {
        Self::Placed(Placed { test, holds })
    }
}

/// The conditions of one file, and what the names in them stand for.
pub(in crate::python) struct Conditions<'a> {
    syntax: &'a Syntax<'a>,
    body: &'a [Stmt],
    /// The Python that the file is read for, if that is known.
    python: Option<PythonVersion>,
    pub(super) names: Names<'a>,
    /// `TYPE_CHECKING`, and what it is imported as.
    typing: Vec<&'a str>,
    /// Names at the top of the file that tell what the interpreter is or has: `ON_WORKERS = sys.platform == "emscripten"`,
    /// and what an `except ImportError:` assigns.
    platform: Vec<&'a str>,
    /// Names that the top of the file sets to `True` or `False`.
    constants: HashMap<&'a str, bool>,
    /// Those of them that nothing else in the file sets.
    fixed: OnceCell<HashSet<&'a str>>,
    /// Whether the file sets `__package__` itself.
    sets_package: OnceCell<bool>,
}

impl<'a> Conditions<'a> {
    pub(in crate::python) fn of(syntax: &'a Syntax<'a>) -> Self {
        let body = syntax.body();
        let imports = body.iter().filter_map(Stmt::as_import_from_stmt).flat_map(|import| &import.names);
        let aliases = imports.filter(|alias| &alias.name == "TYPE_CHECKING");
        let aliases = aliases.filter_map(|alias| alias.asname.as_ref().map(ast::Identifier::as_str));
        let assigned = || body.iter().filter_map(Stmt::as_assign_stmt);
        let tested = assigned().filter(|assign| tests_platform(&assign.value));
        let file_names = Names::of(body);
        let handlers = body.iter().filter_map(Stmt::as_try_stmt).flat_map(|statement| &statement.handlers);
        let handlers = handlers.map(|ExceptHandler::ExceptHandler(handler)| handler);
        let handlers = handlers.filter(|handler| file_names.stops_modules(handler.type_.as_deref()));
        let handled = handlers.flat_map(|handler| &handler.body).filter_map(Stmt::as_assign_stmt);
        let names = |assign: &'a ast::StmtAssign| assign.targets.iter().filter_map(Expr::as_name_expr);
        let platform = tested.chain(handled).flat_map(names).map(|name| name.id.as_str()).collect();
        let constants = assigned().filter_map(|assign| Some((assign, assign.value.as_boolean_literal_expr()?.value)));
        let constants = constants.flat_map(|(assign, value)| names(assign).map(move |name| (name.id.as_str(), value)));
        Self {
            syntax,
            body,
            python: syntax.python(),
            typing: aliases.chain(["TYPE_CHECKING"]).collect(),
            platform,
            constants: constants.collect(),
            fixed: OnceCell::new(),
            sets_package: OnceCell::new(),
            names: file_names,
        }
    }

    /// From 1.
    pub(super) fn line(&self, offset: TextSize) -> u32 {
        self.syntax.line(offset)
    }

    /// What holds where a test was true, and where it was false.
    pub(super) fn branch(&self, test: &Expr, guard: Guard) -> (Guard, Guard) {
        let (mut taken, mut rest) = (guard, guard);
        match self.verdict(test, guard.in_function, LEVELS) {
            Verdict::Never => taken.never_runs = true,
            Verdict::Always => rest.never_runs = true,
            Verdict::Placed(placed) => {
                taken.place(placed);
                rest.place(placed.otherwise());
            }
            Verdict::Open => {
                let platform = self.depends_on_platform(test);
                let file = tests_for_file(test);
                for branch in [&mut taken, &mut rest] {
                    branch.platform |= platform;
                    branch.conditional |= !platform;
                    branch.file_caught |= file;
                }
            }
        }
        (taken, rest)
    }

    pub(super) fn depends_on_platform(&self, test: &Expr) -> bool {
        tests_platform(test) || (!self.platform.is_empty() && any_name(test, |name| self.platform.contains(&name)))
    }

    fn verdict(&self, test: &Expr, later: bool, levels: u32) -> Verdict {
        let Some(levels) = levels.checked_sub(1) else { return Verdict::Open };
        let any = |values: &[Expr], wanted| values.iter().any(|value| self.verdict(value, later, levels) == wanted);
        let all = |values: &[Expr], wanted| values.iter().all(|value| self.verdict(value, later, levels) == wanted);
        match test {
            _ if self.is_package(test) => Verdict::placed(PlaceTest::InPackage, true),
            Expr::Name(name) if self.typing.contains(&name.id.as_str()) => Verdict::Never,
            // Before a function is called another file may have set it.
            Expr::Name(name) if !later => self.constant(&name.id).map_or(Verdict::Open, Verdict::of),
            Expr::Attribute(attribute) if &attribute.attr == "TYPE_CHECKING" => Verdict::Never,
            Expr::BooleanLiteral(literal) => Verdict::of(literal.value),
            Expr::NumberLiteral(literal) => {
                literal.value.as_int().and_then(ast::Int::as_u8).map_or(Verdict::Open, |value| Verdict::of(value != 0))
            }
            Expr::Compare(comparison) => match is_main(comparison) {
                // The runtime imports main by its own name.
                Some(same) => Verdict::of(!same),
                None => match self.decide_place(comparison) {
                    Some(verdict) => verdict,
                    None => self.decide(comparison).map_or(Verdict::Open, Verdict::of),
                },
            },
            Expr::Call(call) if call.func.as_name_expr().is_some_and(|name| name.id == "bool") => {
                call.arguments.args.first().map_or(Verdict::Open, |only| self.verdict(only, later, levels))
            }
            Expr::Call(call) => starts_with(call).map_or(Verdict::Open, Verdict::of),
            Expr::BoolOp(operation) => {
                let (settling, other) = match operation.op {
                    ast::BoolOp::And => (Verdict::Never, Verdict::Always),
                    ast::BoolOp::Or => (Verdict::Always, Verdict::Never),
                };
                let mut open = operation.values.iter().map(|value| self.verdict(value, later, levels));
                match () {
                    () if any(&operation.values, settling) => settling,
                    () if all(&operation.values, other) => other,
                    // `__package__ is not None and __package__ != ""`: all that is open is one question.
                    () => match open.find(|verdict| *verdict != other) {
                        Some(Verdict::Placed(placed))
                            if open.all(|verdict| verdict == other || verdict == Verdict::Placed(placed)) =>
                        {
                            Verdict::Placed(placed)
                        }
                        _ => Verdict::Open,
                    },
                }
            }
            Expr::UnaryOp(operation) if operation.op == ast::UnaryOp::Not => {
                match self.verdict(&operation.operand, later, levels) {
                    Verdict::Never => Verdict::Always,
                    Verdict::Always => Verdict::Never,
                    Verdict::Placed(placed) => Verdict::Placed(placed.otherwise()),
                    Verdict::Open => Verdict::Open,
                }
            }
            _ => Verdict::Open,
        }
    }

    /// `__package__` or `__spec__.parent`, in a file that does not set it: `""` at the top, else the package's name.
    fn is_package(&self, expression: &Expr) -> bool {
        let named = expression.as_name_expr().is_some_and(|name| name.id == "__package__");
        let sets = || {
            any_node(
                self.body,
                usize::MAX,
                |node| matches!(node, AnyNodeRef::ExprName(name) if name.id == "__package__" && name.ctx.is_store()),
            )
        };
        (named && !*self.sets_package.get_or_init(sets)) || is_of(expression, "__spec__", "parent")
    }

    /// `__package__ is None`, `__package__ == ""`, `"." in __name__`: what the import system sets is never `None`.
    fn decide_place(&self, comparison: &ast::ExprCompare) -> Option<Verdict> {
        let ([operator], [right]) = (&*comparison.ops, &*comparison.comparators) else { return None };
        let left = &*comparison.left;
        let is_name = |expression: &Expr, wanted: &str| expression.as_name_expr().is_some_and(|name| name.id == wanted);
        let is_empty =
            |expression: &Expr| expression.as_string_literal_expr().is_some_and(|text| text.value.is_empty());
        let is_set = |expression: &Expr| self.is_package(expression) || is_name(expression, "__spec__");
        let (is_none, other) =
            if left.is_none_literal_expr() { (true, right) } else { (right.is_none_literal_expr(), left) };
        match operator {
            ast::CmpOp::Is | ast::CmpOp::Eq if is_none && is_set(other) => Some(Verdict::Never),
            ast::CmpOp::IsNot | ast::CmpOp::NotEq if is_none && is_set(other) => Some(Verdict::Always),
            ast::CmpOp::Eq | ast::CmpOp::NotEq
                if (self.is_package(left) && is_empty(right)) || (is_empty(left) && self.is_package(right)) =>
            {
                Some(Verdict::placed(PlaceTest::InPackage, *operator == ast::CmpOp::NotEq))
            }
            ast::CmpOp::In | ast::CmpOp::NotIn if self.is_package(left) => {
                let elements = elements(right)?;
                let known = elements.iter().all(|element| is_empty(element) || element.is_none_literal_expr());
                let holds = *operator == ast::CmpOp::NotIn;
                (known && elements.iter().any(is_empty)).then(|| Verdict::placed(PlaceTest::InPackage, holds))
            }
            ast::CmpOp::In | ast::CmpOp::NotIn if is_name(right, "__name__") => {
                let dot = left.as_string_literal_expr().is_some_and(|text| text.value.to_str() == ".");
                dot.then(|| Verdict::placed(PlaceTest::Dotted, *operator == ast::CmpOp::In))
            }
            _ => None,
        }
    }

    /// `HAS_REDIS = True`, if nothing else in the file sets the name.
    fn constant(&self, name: &str) -> Option<bool> {
        let value = self.constants.get(name).copied()?;
        let fixed = self.fixed.get_or_init(|| set_once(self.body));
        fixed.contains(name).then_some(value)
    }

    /// `sys.platform == "win32"`, `os.name != "nt"`, `sys.version_info >= (3, 12)`.
    fn decide(&self, comparison: &ast::ExprCompare) -> Option<bool> {
        let ([operator], [right]) = (&*comparison.ops, &*comparison.comparators) else { return None };
        if let Some(here) = platform_name(&comparison.left) {
            let text = |expression: &Expr| expression.as_string_literal_expr().map(|text| text.value.to_str() == here);
            let listed = || elements(right)?.iter().map(text).try_fold(false, |found, same| Some(found | same?));
            return match operator {
                ast::CmpOp::Eq => text(right),
                ast::CmpOp::NotEq => text(right).map(|same| !same),
                ast::CmpOp::In => listed(),
                ast::CmpOp::NotIn => listed().map(|found| !found),
                _ => None,
            };
        }
        let order = self.version_order(&comparison.left, right)?;
        Some(match operator {
            ast::CmpOp::Lt => order.is_lt(),
            ast::CmpOp::LtE => order.is_le(),
            ast::CmpOp::Gt => order.is_gt(),
            ast::CmpOp::GtE => order.is_ge(),
            ast::CmpOp::Eq => order.is_eq(),
            ast::CmpOp::NotEq => order.is_ne(),
            _ => return None,
        })
    }

    /// `sys.version_info`, its first numbers or its first one, against what a test compares it with.
    fn version_order(&self, left: &Expr, right: &Expr) -> Option<Ordering> {
        let python = self.python?;
        let here = [python.major, python.minor];
        let number = |expression: &Expr| expression.as_number_literal_expr()?.value.as_int()?.as_u8();
        let is_version = |expression: &Expr| is_of(expression, "sys", "version_info");
        match left {
            _ if is_version(left) => {
                let wanted = right.as_tuple_expr()?.elts.iter().map(number).collect::<Option<Vec<u8>>>()?;
                let order = here[..wanted.len().min(2)].cmp(&wanted[..wanted.len().min(2)]);
                // The five components of the real one come after every shorter tuple that they begin with.
                match (order, wanted.len()) {
                    (Ordering::Equal, 0..=2) => Some(Ordering::Greater),
                    (Ordering::Equal, _) => None,
                    (order, _) => Some(order),
                }
            }
            Expr::Attribute(attribute) if is_version(&attribute.value) && &attribute.attr == "major" => {
                Some(python.major.cmp(&number(right)?))
            }
            Expr::Subscript(subscript) if is_version(&subscript.value) => match &*subscript.slice {
                Expr::NumberLiteral(_) => {
                    let index = usize::from(number(&subscript.slice)?);
                    Some(here.get(index)?.cmp(&number(right)?))
                }
                Expr::Slice(slice) if slice.lower.is_none() && slice.step.is_none() => {
                    let end = usize::from(number(slice.upper.as_deref()?)?);
                    let wanted = right.as_tuple_expr()?.elts.iter().map(number).collect::<Option<Vec<u8>>>()?;
                    Some(here.get(..end)?.cmp(&wanted))
                }
                _ => None,
            },
            _ => None,
        }
    }
}

/// Names that one statement of a file binds, and nothing else touches.
fn set_once(body: &[Stmt]) -> HashSet<&str> {
    let mut seen: HashMap<&str, u32> = HashMap::new();
    let mut is_open = false;
    any_node(body, usize::MAX, |node| {
        match node {
            AnyNodeRef::ExprName(name) if !name.ctx.is_load() => *seen.entry(name.id.as_str()).or_default() += 1,
            AnyNodeRef::ExprName(name) => is_open |= matches!(name.id.as_str(), "globals" | "exec" | "vars"),
            AnyNodeRef::StmtGlobal(global) => {
                global.names.iter().for_each(|name| *seen.entry(name.as_str()).or_default() += 2);
            }
            AnyNodeRef::Alias(alias) => {
                is_open |= &alias.name == "*";
                *seen.entry(alias.asname.as_ref().unwrap_or(&alias.name).as_str()).or_default() += 1;
            }
            _ => {}
        }
        false
    });
    let once = seen.into_iter().filter(|(_, count)| *count == 1 && !is_open);
    once.map(|(name, _)| name).collect()
}

/// Of a tuple, a list or a set.
fn elements(expression: &Expr) -> Option<&[Expr]> {
    match expression {
        Expr::Tuple(tuple) => Some(&tuple.elts),
        Expr::List(list) => Some(&list.elts),
        Expr::Set(set) => Some(&set.elts),
        _ => None,
    }
}

/// `__name__ == "__main__"` is true, `__name__ != "__main__"` is false, and anything else is neither.
fn is_main(comparison: &ast::ExprCompare) -> Option<bool> {
    let is_name = |expression: &Expr| expression.as_name_expr().is_some_and(|name| name.id == "__name__");
    let is_main = |expression: &Expr| {
        expression.as_string_literal_expr().is_some_and(|literal| literal.value.to_str() == "__main__")
    };
    let ([operator], [right]) = (&*comparison.ops, &*comparison.comparators) else { return None };
    if !((is_name(&comparison.left) && is_main(right)) || (is_main(&comparison.left) && is_name(right))) {
        return None;
    }
    match operator {
        ast::CmpOp::Eq => Some(true),
        ast::CmpOp::NotEq => Some(false),
        _ => None,
    }
}
