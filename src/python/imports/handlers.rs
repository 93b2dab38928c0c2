//! Which errors an `except` clause or a context manager stops, also under the names that a file gives to them.
//!
//! What may or may not stop an error is marked `perhaps`.

use crate::python::syntax::{any_node, last_name};
use ruff_python_ast::{self as ast, AnyNodeRef, ExceptHandler, Expr, Stmt};
use std::collections::HashMap;

/// How far names are followed to names, and blocks into blocks.
const LEVELS: u32 = 4;

/// How much of a context manager is looked at.
const NODES: usize = 3000;

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
/// What takes a `FileNotFoundError`.
const FILE_ERRORS: [&str; 6] =
    ["FileNotFoundError", "OSError", "IOError", "EnvironmentError", "Exception", "BaseException"];
const IMPORT_ERRORS: [&str; 3] = ["ImportError", "Exception", "BaseException"];

/// Which failures go no further.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Stops {
    /// A module that is not there.
    pub(super) modules: bool,
    /// A name that a module lacks.
    pub(super) names: bool,
    pub(super) metadata: bool,
    pub(super) files: bool,
    /// `RuntimeError` or `ValueError`.
    pub(super) values: bool,
    /// Some other error, or any of these.
    other: bool,
    pub(super) perhaps: bool,
}

impl Stops {
    pub(super) fn or(self, more: Self) -> Self {
        Self {
            modules: self.modules || more.modules,
            names: self.names || more.names,
            metadata: self.metadata || more.metadata,
            files: self.files || more.files,
            values: self.values || more.values,
            other: self.other || more.other,
            perhaps: self.perhaps || more.perhaps,
        }
    }

    fn without(self, taken: Self) -> Self {
        Self {
            modules: self.modules && !taken.modules,
            names: self.names && !taken.names,
            metadata: self.metadata && !taken.metadata,
            files: self.files && !taken.files,
            values: self.values && !taken.values,
            ..self
        }
    }

    /// Of an `except` clause; without an expression it takes everything.
    pub(super) fn of(caught: Option<&Expr>, names: &Names<'_>) -> Self {
        let Some(caught) = caught else {
            return Self {
                modules: true,
                names: true,
                metadata: true,
                files: true,
                values: true,
                other: true,
                perhaps: false,
            };
        };
        let listed = names.listed(caught);
        let any = |wanted: &[&str]| listed.iter().any(|name| wanted.contains(name));
        Self {
            modules: any(&IMPORT_ERRORS) || any(&["ModuleNotFoundError"]),
            names: any(&IMPORT_ERRORS),
            metadata: any(&METADATA_ERRORS),
            files: any(&FILE_ERRORS),
            values: any(&["RuntimeError", "ValueError", "Exception", "BaseException"]),
            other: true,
            perhaps: listed.iter().any(|name| is_collection(name)),
        }
    }

    /// Of the handlers of one `try`: the first that takes an error has it, and may raise it again.
    pub(super) fn of_handlers<'e>(
        handlers: impl Iterator<Item = &'e ast::ExceptHandlerExceptHandler>,
        names: &Names<'_>,
    ) -> Self {
        let (mut stopped, mut raised) = (Self::default(), Self::default());
        for handler in handlers {
            let own = Self::of(handler.type_.as_deref(), names).without(raised);
            if is_reraised(handler) {
                raised = raised.or(own);
            } else {
                stopped = stopped.or(own);
            }
        }
        stopped
    }
}

/// `OPTIONAL_ERRORS`, `errors`: exceptions that another file lists.
fn is_collection(name: &str) -> bool {
    let name = name.trim_start_matches('_');
    let is_constant = name.len() > 1 && !name.bytes().any(|byte| byte.is_ascii_lowercase());
    is_constant || name.ends_with("errors") || name.ends_with("exceptions")
}

pub(super) fn is_reraised(handler: &ast::ExceptHandlerExceptHandler) -> bool {
    ends(&handler.body)
}

/// Whether a block always raises, or ends the program.
pub(super) fn ends(body: &[Stmt]) -> bool {
    ends_within(body, LEVELS)
}

fn ends_within(body: &[Stmt], levels: u32) -> bool {
    let Some(levels) = levels.checked_sub(1) else { return false };
    let straight =
        body.iter().take_while(|statement| !matches!(statement, Stmt::Return(_) | Stmt::Break(_) | Stmt::Continue(_)));
    straight.into_iter().any(|statement| match statement {
        Stmt::Raise(_) => true,
        Stmt::Expr(expression) => expression.value.as_call_expr().is_some_and(ends_program),
        Stmt::With(with) => ends_within(&with.body, levels),
        Stmt::If(branching) => {
            let clauses = &branching.elif_else_clauses;
            clauses.last().is_some_and(|last| last.test.is_none())
                && ends_within(&branching.body, levels)
                && clauses.iter().all(|clause| ends_within(&clause.body, levels))
        }
        _ => false,
    })
}

/// `sys.exit(1)`, `exit()`, `os._exit(1)`.
fn ends_program(call: &ast::ExprCall) -> bool {
    match &*call.func {
        Expr::Name(name) => matches!(name.id.as_str(), "exit" | "quit"),
        Expr::Attribute(attribute) => {
            let owner = attribute.value.as_name_expr().map(|name| name.id.as_str());
            matches!((owner, attribute.attr.as_str()), (Some("sys"), "exit") | (Some("os"), "_exit" | "abort"))
        }
        _ => false,
    }
}

/// What the names at the top of a file stand for.
pub(super) struct Names<'a> {
    /// Names that are assigned a value.
    values: HashMap<&'a str, &'a Expr>,
    /// Context managers that the file defines, by what they stop.
    managers: HashMap<&'a str, Stops>,
    /// `suppress`, and what it is imported as.
    suppress: Vec<&'a str>,
}

impl<'a> Names<'a> {
    pub(super) fn of(body: &'a [Stmt]) -> Self {
        let mut names = Self { values: HashMap::new(), managers: HashMap::new(), suppress: vec!["suppress"] };
        for statement in body {
            match statement {
                Stmt::Assign(assign) => {
                    let targets = assign.targets.iter().filter_map(Expr::as_name_expr);
                    names.values.extend(targets.map(|target| (target.id.as_str(), &*assign.value)));
                }
                Stmt::ImportFrom(import) => {
                    let renamed = import.names.iter().filter(|alias| &alias.name == "suppress");
                    names
                        .suppress
                        .extend(renamed.filter_map(|alias| alias.asname.as_ref()).map(ast::Identifier::as_str));
                }
                _ => {}
            }
        }
        for statement in body {
            let manager = match statement {
                Stmt::FunctionDef(function) if is_manager(function) => {
                    Some((&function.name, names.wraps(&function.body, LEVELS)))
                }
                Stmt::ClassDef(class) => names.exits(class).map(|stops| (&class.name, stops)),
                _ => None,
            };
            names.managers.extend(manager.map(|(name, stops)| (name.as_str(), stops)));
        }
        names
    }

    /// The exceptions of an `except` clause: those of tuples, and of names that stand for one.
    pub(super) fn listed<'e>(&self, caught: &'e Expr) -> Vec<&'e str>
    where
        'a: 'e,
    {
        let mut listed = Vec::new();
        let mut pending = vec![(caught, LEVELS)];
        while let Some((expression, levels)) = pending.pop() {
            match expression {
                Expr::Tuple(tuple) => pending.extend(tuple.elts.iter().map(|inner| (inner, levels))),
                Expr::List(list) => pending.extend(list.elts.iter().map(|inner| (inner, levels))),
                Expr::Starred(starred) => pending.push((&*starred.value, levels)),
                Expr::BinOp(sum) if levels > 0 => {
                    pending.extend([(&*sum.left, levels - 1), (&*sum.right, levels - 1)]);
                }
                Expr::Name(name) => match self.values.get(name.id.as_str()).filter(|_| levels > 0) {
                    Some(value) if !value.is_call_expr() => pending.push((value, levels - 1)),
                    _ => listed.push(name.id.as_str()),
                },
                _ => listed.extend(last_name(expression)),
            }
        }
        listed
    }

    /// Whether an `except` clause takes a failed import.
    pub(super) fn stops_modules(&self, caught: Option<&Expr>) -> bool {
        Stops::of(caught, self).modules
    }

    /// What a context manager stops.
    pub(super) fn manager(&self, context: &Expr) -> Stops {
        self.manager_within(context, LEVELS)
    }

    fn manager_within(&self, context: &Expr, levels: u32) -> Stops {
        let Some(levels) = levels.checked_sub(1) else { return Stops::default() };
        let Expr::Call(call) = context else {
            let named = context.as_name_expr().and_then(|name| self.values.get(name.id.as_str()));
            return match named {
                Some(value) => self.manager_within(value, levels),
                None => Stops { perhaps: last_name(context).is_some_and(reads_lenient), ..Stops::default() },
            };
        };
        let Some(name) = last_name(&call.func) else { return Stops::default() };
        if self.suppress.contains(&name) {
            let caught = call.arguments.args.iter().map(|caught| Stops::of(Some(caught), self));
            return caught.fold(Stops::default(), Stops::or);
        }
        match self.managers.get(name) {
            Some(stops) if call.func.is_name_expr() => *stops,
            _ => Stops { perhaps: reads_lenient(name), ..Stops::default() },
        }
    }

    /// What a generator stops around its `yield`.
    fn wraps(&self, body: &[Stmt], levels: u32) -> Stops {
        let Some(levels) = levels.checked_sub(1) else { return Stops::default() };
        let mut stops = Stops::default();
        for statement in body {
            match statement {
                Stmt::Try(attempt) if yields(&attempt.body) => {
                    let handlers = attempt.handlers.iter().map(|ExceptHandler::ExceptHandler(handler)| handler);
                    stops = stops.or(Stops::of_handlers(handlers, self)).or(self.wraps(&attempt.body, levels));
                }
                Stmt::With(with) if yields(&with.body) => {
                    let managers = with.items.iter().map(|item| self.manager_within(&item.context_expr, levels));
                    stops = managers.fold(stops, Stops::or).or(self.wraps(&with.body, levels));
                }
                _ => {}
            }
        }
        stops
    }

    /// What the `__exit__` of a class stops: what it names, if it answers anything that may be true.
    fn exits(&self, class: &ast::StmtClassDef) -> Option<Stops> {
        let methods = class.body.iter().filter_map(Stmt::as_function_def_stmt);
        let exit = methods.into_iter().find(|method| matches!(method.name.as_str(), "__exit__" | "__aexit__"))?;
        let mut caught = Stops::default();
        let mut answers = false;
        any_node(&exit.body, NODES, |node| {
            match node {
                AnyNodeRef::StmtReturn(answer) => {
                    let is_false = |value: &Expr| {
                        value.is_none_literal_expr()
                            || value.as_boolean_literal_expr().is_some_and(|value| !value.value)
                    };
                    answers |= answer.value.as_deref().is_some_and(|value| !is_false(value));
                }
                AnyNodeRef::ExprName(name) => {
                    let name = name.id.as_str();
                    caught.perhaps |= self.values.contains_key(name);
                    caught.modules |= matches!(name, "ImportError" | "ModuleNotFoundError");
                    caught.names |= name == "ImportError";
                    caught.files |= FILE_ERRORS[..4].contains(&name);
                    caught.values |= matches!(name, "RuntimeError" | "ValueError");
                    caught.metadata |= METADATA_ERRORS[..4].contains(&name);
                }
                _ => {}
            }
            false
        });
        let caught = if caught == Stops::default() { Stops { perhaps: true, ..caught } } else { caught };
        Some(if answers { caught } else { Stops::default() })
    }
}

fn is_manager(function: &ast::StmtFunctionDef) -> bool {
    let mut decorators = function.decorator_list.iter().filter_map(|decorator| last_name(&decorator.expression));
    decorators.any(|name| matches!(name, "contextmanager" | "asynccontextmanager"))
}

fn yields(body: &[Stmt]) -> bool {
    any_node(body, NODES, |node| matches!(node, AnyNodeRef::ExprYield(_)))
}

/// `try_import`, `optional_dependencies`, `suppress_errors`: a context manager of another file that may stop an error.
fn reads_lenient(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let may = ["import", "optional", "suppress", "ignor", "swallow", "tolera", "missing"];
    let other = ["warn", "log", "std", "output"];
    may.iter().any(|word| name.contains(word)) && !other.iter().any(|word| name.contains(word))
}

impl Names<'_> {
    /// Whether a loop over this runs once at least: a literal with elements, or a name for one.
    pub(super) fn has_items(&self, iterated: &Expr) -> bool {
        self.has_items_within(iterated, LEVELS)
    }

    fn has_items_within(&self, iterated: &Expr, levels: u32) -> bool {
        let Some(levels) = levels.checked_sub(1) else { return false };
        let any = |elements: &[Expr]| elements.iter().any(|element| !element.is_starred_expr());
        match iterated {
            Expr::Tuple(tuple) => any(&tuple.elts),
            Expr::List(list) => any(&list.elts),
            Expr::Set(set) => any(&set.elts),
            Expr::Dict(dict) => dict.items.iter().any(|item| item.key.is_some()),
            Expr::StringLiteral(text) => !text.value.to_str().is_empty(),
            Expr::Name(name) => {
                self.values.get(name.id.as_str()).is_some_and(|value| self.has_items_within(value, levels))
            }
            Expr::Call(call) => match (&*call.func, &*call.arguments.args) {
                (Expr::Name(name), [Expr::NumberLiteral(end)]) if name.id == "range" => {
                    end.value.as_int().and_then(ast::Int::as_u64).is_some_and(|end| end > 0)
                }
                (Expr::Name(name), [inner]) if matches!(name.id.as_str(), "enumerate" | "sorted" | "reversed") => {
                    self.has_items_within(inner, levels)
                }
                (Expr::Attribute(method), []) if matches!(method.attr.as_str(), "items" | "keys" | "values") => {
                    self.has_items_within(&method.value, levels)
                }
                _ => false,
            },
            _ => false,
        }
    }
}
