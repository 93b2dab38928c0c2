//! Errors that Python's compiler finds in what its grammar allows: `return` outside of a function, a duplicate argument.
//!
//! The rules are the parser's own; this module keeps the scopes for them. Where a rule needs more than these scopes (the
//! binding of a `nonlocal`), the code is taken to be valid: nothing that Python accepts is reported.

use ruff_python_ast::visitor::{self, Visitor};
use ruff_python_ast::{self as ast, ExceptHandler, Expr, PythonVersion, Stmt};
use ruff_python_parser::semantic_errors::{
    LazyImportContext, SemanticSyntaxChecker, SemanticSyntaxContext, SemanticSyntaxError,
};
use ruff_text_size::{TextRange, TextSize};
use std::cell::RefCell;
use std::collections::HashMap;

/// Offset and message of the first error.
pub(super) fn first(body: &[Stmt], source: &str, python: PythonVersion) -> Option<(TextSize, String)> {
    let futures = body.iter().filter_map(Stmt::as_import_from_stmt);
    let mut futures = futures.filter(|import| import.module.as_ref().is_some_and(|module| module == "__future__"));
    let annotations = futures.any(|import| import.names.iter().any(|alias| &alias.name == "annotations"));
    let context = Scopes { source, python, annotations, stack: vec![Scope::module(body)], first: RefCell::new(None) };
    let mut walker = Walker { checker: SemanticSyntaxChecker::new(), scopes: context };
    walker.visit_body(body);
    let first = walker.scopes.first.into_inner()?;
    Some((first.range.start(), first.to_string()))
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum ScopeKind {
    Module,
    Class,
    Function {
        is_async: bool,
    },
    Lambda,
    /// A generator expression, which runs later, or a comprehension.
    Comprehension {
        later: bool,
    },
}

struct Scope<'a> {
    kind: ScopeKind,
    loops: u32,
    globals: HashMap<&'a str, TextRange>,
    parameters: Vec<&'a str>,
}

impl<'a> Scope<'a> {
    fn of(kind: ScopeKind) -> Self {
        Self { kind, loops: 0, globals: HashMap::new(), parameters: Vec::new() }
    }

    fn module(body: &'a [Stmt]) -> Self {
        Self { globals: globals(body), ..Self::of(ScopeKind::Module) }
    }
}

/// The `global` statements of one scope, the first of each name.
fn globals(body: &[Stmt]) -> HashMap<&str, TextRange> {
    let mut found: HashMap<&str, TextRange> = HashMap::new();
    let mut pending: Vec<&[Stmt]> = vec![body];
    while let Some(block) = pending.pop() {
        for statement in block {
            match statement {
                Stmt::Global(global) => {
                    for name in &global.names {
                        let first = found.entry(name.as_str()).or_insert(global.range);
                        if global.range.start() < first.start() {
                            *first = global.range;
                        }
                    }
                }
                Stmt::If(branching) => {
                    pending.push(&branching.body);
                    pending.extend(branching.elif_else_clauses.iter().map(|clause| &*clause.body));
                }
                Stmt::For(inner) => pending.extend([&*inner.body, &*inner.orelse]),
                Stmt::While(inner) => pending.extend([&*inner.body, &*inner.orelse]),
                Stmt::With(inner) => pending.push(&inner.body),
                Stmt::Match(matching) => pending.extend(matching.cases.iter().map(|case| &*case.body)),
                Stmt::Try(attempt) => {
                    pending.extend([&*attempt.body, &*attempt.orelse, &*attempt.finalbody]);
                    let handlers = attempt.handlers.iter();
                    pending.extend(handlers.map(|ExceptHandler::ExceptHandler(handler)| &*handler.body));
                }
                _ => {}
            }
        }
    }
    found
}

struct Scopes<'a> {
    source: &'a str,
    python: PythonVersion,
    annotations: bool,
    /// The innermost is the last; the module's is always there.
    stack: Vec<Scope<'a>>,
    first: RefCell<Option<SemanticSyntaxError>>,
}

impl Scopes<'_> {
    fn kinds(&self) -> impl Iterator<Item = ScopeKind> {
        self.stack.iter().rev().map(|scope| scope.kind)
    }

    fn is_in(&self, kind: impl Fn(ScopeKind) -> bool) -> bool {
        self.kinds().next().is_some_and(kind)
    }
}

impl SemanticSyntaxContext for Scopes<'_> {
    fn future_annotations_or_stub(&self) -> bool {
        self.annotations
    }

    fn lazy_import_context(&self) -> Option<LazyImportContext> {
        None
    }

    fn python_version(&self) -> PythonVersion {
        self.python
    }

    fn source(&self) -> &str {
        self.source
    }

    fn global(&self, name: &str) -> Option<TextRange> {
        self.stack.last()?.globals.get(name).copied()
    }

    fn has_nonlocal_binding(&self, _: &str) -> bool {
        true
    }

    fn in_async_context(&self) -> bool {
        for kind in self.kinds() {
            match kind {
                ScopeKind::Class | ScopeKind::Lambda => return false,
                ScopeKind::Function { is_async } => return is_async,
                ScopeKind::Module | ScopeKind::Comprehension { .. } => {}
            }
        }
        false
    }

    fn in_await_allowed_context(&self) -> bool {
        for kind in self.kinds() {
            match kind {
                ScopeKind::Class => return false,
                ScopeKind::Function { .. } | ScopeKind::Lambda | ScopeKind::Comprehension { later: true } => {
                    return true;
                }
                ScopeKind::Module | ScopeKind::Comprehension { later: false } => {}
            }
        }
        false
    }

    fn in_yield_allowed_context(&self) -> bool {
        self.is_in(|kind| matches!(kind, ScopeKind::Function { .. } | ScopeKind::Lambda))
    }

    fn in_sync_comprehension(&self) -> bool {
        false // since Python 3.11 an asynchronous comprehension may stand in another
    }

    fn in_class_body_comprehension(&self) -> bool {
        let outer = self.kinds().find(|kind| !matches!(kind, ScopeKind::Comprehension { .. }));
        outer == Some(ScopeKind::Class)
    }

    fn in_module_scope(&self) -> bool {
        self.is_in(|kind| kind == ScopeKind::Module)
    }

    fn in_function_scope(&self) -> bool {
        self.is_in(|kind| matches!(kind, ScopeKind::Function { .. }))
    }

    fn in_generator_context(&self) -> bool {
        self.kinds().any(|kind| kind == ScopeKind::Comprehension { later: true })
    }

    fn in_notebook(&self) -> bool {
        false
    }

    fn report_semantic_error(&self, error: SemanticSyntaxError) {
        let mut first = self.first.borrow_mut();
        if first.as_ref().is_none_or(|first| error.range.start() < first.range.start()) {
            *first = Some(error);
        }
    }

    fn in_loop_context(&self) -> bool {
        self.stack.last().is_some_and(|scope| scope.loops > 0)
    }

    fn is_bound_parameter(&self, name: &str) -> bool {
        self.stack.last().is_some_and(|scope| scope.parameters.contains(&name))
    }
}

struct Walker<'a> {
    checker: SemanticSyntaxChecker,
    scopes: Scopes<'a>,
}

impl<'a> Walker<'a> {
    fn within(&mut self, scope: Scope<'a>, visit: impl FnOnce(&mut Self)) {
        self.scopes.stack.push(scope);
        visit(self);
        self.scopes.stack.pop();
    }

    fn looped(&mut self, body: &'a [Stmt]) {
        let change = |walker: &mut Self, up: bool| {
            if let Some(scope) = walker.scopes.stack.last_mut() {
                scope.loops = if up { scope.loops + 1 } else { scope.loops.saturating_sub(1) };
            }
        };
        change(self, true);
        self.visit_body(body);
        change(self, false);
    }

    /// The first iterable is the business of the scope around it.
    fn comprehension(&mut self, later: bool, elements: &[&'a Expr], generators: &'a [ast::Comprehension]) {
        if let Some(first) = generators.first() {
            self.visit_expr(&first.iter);
        }
        self.within(Scope::of(ScopeKind::Comprehension { later }), |walker| {
            for (at, generator) in generators.iter().enumerate() {
                if at > 0 {
                    walker.visit_expr(&generator.iter);
                }
                walker.visit_expr(&generator.target);
                generator.ifs.iter().for_each(|test| walker.visit_expr(test));
            }
            elements.iter().for_each(|element| walker.visit_expr(element));
        });
    }
}

impl<'a> Visitor<'a> for Walker<'a> {
    fn visit_stmt(&mut self, statement: &'a Stmt) {
        self.checker.visit_stmt(statement, &self.scopes);
        match statement {
            Stmt::FunctionDef(function) => {
                function.decorator_list.iter().for_each(|decorator| self.visit_decorator(decorator));
                function.type_params.iter().for_each(|parameters| self.visit_type_params(parameters));
                self.visit_parameters(&function.parameters);
                function.returns.iter().for_each(|returns| self.visit_annotation(returns));
                let scope = Scope {
                    globals: globals(&function.body),
                    parameters: function.parameters.iter().map(|parameter| parameter.name().as_str()).collect(),
                    ..Scope::of(ScopeKind::Function { is_async: function.is_async })
                };
                self.within(scope, |walker| walker.visit_body(&function.body));
            }
            Stmt::ClassDef(class) => {
                class.decorator_list.iter().for_each(|decorator| self.visit_decorator(decorator));
                class.type_params.iter().for_each(|parameters| self.visit_type_params(parameters));
                class.arguments.iter().for_each(|arguments| self.visit_arguments(arguments));
                let scope = Scope { globals: globals(&class.body), ..Scope::of(ScopeKind::Class) };
                self.within(scope, |walker| walker.visit_body(&class.body));
            }
            Stmt::For(inner) => {
                self.visit_expr(&inner.iter);
                self.visit_expr(&inner.target);
                self.looped(&inner.body);
                self.visit_body(&inner.orelse);
            }
            Stmt::While(inner) => {
                self.visit_expr(&inner.test);
                self.looped(&inner.body);
                self.visit_body(&inner.orelse);
            }
            _ => visitor::walk_stmt(self, statement),
        }
    }

    fn visit_expr(&mut self, expression: &'a Expr) {
        self.checker.visit_expr(expression, &self.scopes);
        match expression {
            Expr::Lambda(lambda) => {
                lambda.parameters.iter().for_each(|parameters| self.visit_parameters(parameters));
                self.within(Scope::of(ScopeKind::Lambda), |walker| walker.visit_expr(&lambda.body));
            }
            Expr::ListComp(list) => self.comprehension(false, &[&list.elt], &list.generators),
            Expr::SetComp(set) => self.comprehension(false, &[&set.elt], &set.generators),
            Expr::DictComp(dict) => {
                let key = dict.key.as_deref();
                let elements: Vec<&'a Expr> = key.into_iter().chain([&*dict.value]).collect();
                self.comprehension(false, &elements, &dict.generators);
            }
            Expr::Generator(generator) => self.comprehension(true, &[&generator.elt], &generator.generators),
            // A string of an annotation is never compiled.
            _ => visitor::walk_expr(self, expression),
        }
    }
}
