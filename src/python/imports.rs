//! What one Python file imports: statements, literal dynamic imports, and strings that look like a module's name.
//!
//! Receives the bytes of a file; hands on `Imports`, with positions and with the guards around each import. The only
//! file that knows the parser. Must never resolve a name, never read a file and never give up on a broken one: what
//! parsed is handed on beside the error. Walks without recursion, so that no nesting can exhaust the stack.

mod source;
#[cfg(test)]
mod tests;

use ruff_python_ast::visitor::source_order::{SourceOrderVisitor, TraversalSignal};
use ruff_python_ast::{self as ast, AnyNodeRef, ExceptHandler, Expr, PythonVersion, Stmt};
use ruff_python_parser::{Mode, ParseOptions, parse_unchecked};
use ruff_text_size::{Ranged, TextSize};

/// Dropping a tree recurses once per level; a deeper one is left to the end of the process instead.
const DEEPEST_DROP: u32 = 400;

/// Everything that one file says about other modules, in the order of the source.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Imports {
    pub(crate) items: Vec<Import>,
    pub(crate) strings: Vec<StringName>,
    /// Line and column (from 1) and the parser's words. What parsed before and after it is in `items` all the same.
    pub(crate) syntax_error: Option<(u32, u32, String)>,
    /// The bytes are not what the file declares (UTF-8, or its PEP 263 cookie): Python refuses such a file.
    pub(crate) encoding_error: bool,
}

/// One module that is imported; `import a, b` makes two.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Import {
    /// The dots in front: 0 for an absolute import.
    pub(crate) level: u32,
    /// `None` in `from . import x` only.
    pub(crate) module: Option<String>,
    /// What is taken from the module; empty for `import a.b`, for a dynamic import and for a star.
    pub(crate) names: Vec<ImportedName>,
    pub(crate) star: bool,
    /// `importlib.import_module("a.b")` or `__import__("a.b")` rather than a statement.
    pub(crate) dynamic: bool,
    /// From 1; columns count characters.
    pub(crate) line: u32,
    pub(crate) column: u32,
    pub(crate) guard: Guard,
}

impl Import {
    /// The module as it is written: `src.core`, `..settings`, `.`.
    pub(crate) fn written(&self) -> String {
        let dots = usize::try_from(self.level).unwrap_or_default();
        ".".repeat(dots) + self.module.as_deref().unwrap_or_default()
    }
}

/// `name` or `name as asname`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ImportedName {
    pub(crate) name: String,
    pub(crate) asname: Option<String>,
}

/// Under which conditions an import runs, and what happens when it fails.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
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
    /// Never runs: under `if TYPE_CHECKING:` or `if False:`.
    pub(crate) type_checking: bool,
    /// Under a test of the platform, the interpreter or its version; either branch.
    pub(crate) platform: bool,
}

impl Guard {
    /// Whether the file can do without the import: its failure is handled, or it is never run on some platform.
    pub(crate) fn is_guarded(self) -> bool {
        self.caught || self.fallback || self.suppressed || self.type_checking || self.platform
    }

    /// A function's body runs long after the handlers around its definition.
    fn called_later(self) -> Self {
        Self { in_function: true, caught: false, alternative: false, fallback: false, suppressed: false, ..self }
    }
}

/// A string that reads like a module, `pkg.mod` or `pkg.mod:attr`; also the fixed front of `f"pkg.mod.{name}"`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StringName {
    /// The dotted part, two components at least.
    pub(crate) name: String,
    /// What follows the colon.
    pub(crate) attribute: Option<String>,
    pub(crate) line: u32,
    pub(crate) column: u32,
}

/// Reads what `bytes` import. Never fails: `syntax_error` and `encoding_error` say what was wrong.
pub(crate) fn imports(bytes: &[u8]) -> Imports {
    let decoded = source::decode(bytes);
    let options = ParseOptions::from(Mode::Module).with_target_version(PythonVersion::latest());
    let parsed = parse_unchecked(&decoded.text, options);
    let lines = source::Lines::new(&decoded.text);
    let place = |offset: TextSize| lines.place(offset.to_usize());

    let mut reader = Reader { place, found: Imports { encoding_error: decoded.refused, ..Imports::default() } };
    let syntax_error = parsed.errors().first().map(|error| (error.location.start(), error.to_string()));
    let too_new = parsed.unsupported_syntax_errors().first().map(|error| (error.range.start(), error.to_string()));
    reader.found.syntax_error = syntax_error.or(too_new).map(|(offset, message)| {
        let (line, column) = (reader.place)(offset);
        (line, column, source::lower_first(&message))
    });
    let depth = reader.read(AnyNodeRef::from(parsed.syntax()));
    let mut found = reader.found;
    found.items.sort_by_key(|item| (item.line, item.column));
    found.strings.sort_by_key(|name| (name.line, name.column));
    if depth > DEEPEST_DROP {
        std::mem::forget(parsed);
    }
    found
}

/// Collects from one tree, node by node, with the guards that hold at each.
struct Reader<P: Fn(TextSize) -> (u32, u32)> {
    place: P,
    found: Imports,
}

impl<P: Fn(TextSize) -> (u32, u32)> Reader<P> {
    /// Walks the tree below `root`; returns how deep it is.
    fn read(&mut self, root: AnyNodeRef<'_>) -> u32 {
        let mut deepest = 0;
        let mut pending = vec![(root, Guard::default(), 0)];
        while let Some((node, guard, depth)) = pending.pop() {
            deepest = deepest.max(depth);
            let mut push = |node, guard| pending.push((node, guard, depth + 1));
            match node {
                AnyNodeRef::StmtImport(statement) => self.import(statement, guard),
                AnyNodeRef::StmtImportFrom(statement) => self.import_from(statement, guard),
                AnyNodeRef::StmtTry(statement) => split_try(statement, guard, &mut push),
                AnyNodeRef::StmtIf(statement) => split_if(statement, guard, &mut push),
                AnyNodeRef::StmtWith(statement) => {
                    statement.items.iter().for_each(|item| push(item.into(), guard));
                    let suppressed =
                        guard.suppressed || statement.items.iter().any(|item| suppresses(&item.context_expr));
                    statement.body.iter().for_each(|inner| push(inner.into(), Guard { suppressed, ..guard }));
                }
                AnyNodeRef::StmtFunctionDef(function) => {
                    function.decorator_list.iter().for_each(|decorator| push(decorator.into(), guard));
                    push(AnyNodeRef::from(&*function.parameters), guard);
                    function.body.iter().for_each(|inner| push(inner.into(), guard.called_later()));
                }
                AnyNodeRef::ExprLambda(lambda) => {
                    if let Some(parameters) = lambda.parameters.as_deref() {
                        push(parameters.into(), guard);
                    }
                    push(AnyNodeRef::from(&*lambda.body), guard.called_later());
                }
                AnyNodeRef::ExprCall(call) => match dynamic_import(call) {
                    Some((level, module)) => {
                        self.push_import(call.start(), guard, level, module, Vec::new(), false, true)
                    }
                    None => children(node).for_each(|child| push(child, guard)),
                },
                // A docstring names modules without needing them.
                AnyNodeRef::StmtExpr(statement) if statement.value.is_string_literal_expr() => {}
                AnyNodeRef::ExprStringLiteral(string) => self.string(string.value.to_str(), string.start(), guard),
                AnyNodeRef::ExprFString(string) => {
                    if let Some(front) = fixed_front(string) {
                        self.string(front, string.start(), guard);
                    }
                    children(node).for_each(|child| push(child, guard));
                }
                _ => children(node).for_each(|child| push(child, guard)),
            }
        }
        deepest
    }

    fn import(&mut self, statement: &ast::StmtImport, guard: Guard) {
        for alias in &statement.names {
            let module = Some(alias.name.to_string()).filter(|name| !name.is_empty());
            if module.is_some() {
                self.push_import(alias.start(), guard, 0, module, Vec::new(), false, false);
            }
        }
    }

    fn import_from(&mut self, statement: &ast::StmtImportFrom, guard: Guard) {
        let module = statement.module.as_ref().map(ToString::to_string).filter(|name| !name.is_empty());
        if module.is_none() && statement.level == 0 {
            return; // `from import x`: a syntax error, reported as one
        }
        let star = statement.names.iter().any(|alias| &alias.name == "*");
        let names = statement.names.iter().filter(|alias| &alias.name != "*" && !alias.name.is_empty());
        let names = names.map(|alias| ImportedName {
            name: alias.name.to_string(),
            asname: alias.asname.as_ref().map(ToString::to_string),
        });
        self.push_import(statement.start(), guard, statement.level, module, names.collect(), star, false);
    }

    #[expect(clippy::too_many_arguments, reason = "one field each, at three places")]
    fn push_import(
        &mut self,
        at: TextSize,
        guard: Guard,
        level: u32,
        module: Option<String>,
        names: Vec<ImportedName>,
        star: bool,
        dynamic: bool,
    ) {
        let (line, column) = (self.place)(at);
        self.found.items.push(Import { level, module, names, star, dynamic, line, column, guard });
    }

    fn string(&mut self, text: &str, at: TextSize, guard: Guard) {
        if guard.type_checking {
            return;
        }
        if let Some((name, attribute)) = source::module_reference(text) {
            let (line, column) = (self.place)(at);
            let (name, attribute) = (name.to_owned(), attribute.map(str::to_owned));
            self.found.strings.push(StringName { name, attribute, line, column });
        }
    }
}

/// The direct children of a node, annotations left out: they are not run as imports, whatever strings they hold.
fn children(node: AnyNodeRef<'_>) -> impl Iterator<Item = AnyNodeRef<'_>> {
    struct Children<'a>(Vec<AnyNodeRef<'a>>);
    impl<'a> SourceOrderVisitor<'a> for Children<'a> {
        fn enter_node(&mut self, node: AnyNodeRef<'a>) -> TraversalSignal {
            self.0.push(node);
            TraversalSignal::Skip
        }
        fn visit_annotation(&mut self, _: &'a Expr) {}
    }
    let mut found = Children(Vec::new());
    node.visit_source_order(&mut found);
    found.0.into_iter()
}

fn split_try<'a>(statement: &'a ast::StmtTry, guard: Guard, push: &mut impl FnMut(AnyNodeRef<'a>, Guard)) {
    let handlers = statement.handlers.iter().map(|ExceptHandler::ExceptHandler(handler)| handler);
    let catching = || handlers.clone().filter(|handler| handler.type_.as_deref().is_none_or(names_import_error));
    let quiet = || catching().filter(|handler| !handler.body.iter().any(Stmt::is_raise_stmt));
    let body = Guard {
        caught: guard.caught || quiet().next().is_some(),
        alternative: guard.alternative || quiet().any(|handler| holds_import(&handler.body)),
        ..guard
    };
    statement.body.iter().for_each(|inner| push(inner.into(), body));
    for handler in handlers.clone() {
        let fallback = guard.fallback || handler.type_.as_deref().is_none_or(names_import_error);
        push(handler.into(), Guard { fallback, ..guard });
    }
    statement.orelse.iter().chain(&statement.finalbody).for_each(|inner| push(inner.into(), guard));
}

fn split_if<'a>(statement: &'a ast::StmtIf, guard: Guard, push: &mut impl FnMut(AnyNodeRef<'a>, Guard)) {
    let clauses = statement.elif_else_clauses.iter().map(|clause| (clause.test.as_ref(), &clause.body));
    // What holds where no clause so far was taken.
    let mut rest = guard;
    for (test, body) in std::iter::once((Some(&*statement.test), &statement.body)).chain(clauses) {
        let mut taken = rest;
        if let Some(test) = test {
            push(test.into(), rest);
            let typing = typing_of(test, 8);
            taken.type_checking |= typing == Typing::Only;
            rest.type_checking |= typing == Typing::Never;
            taken.platform |= asks_platform(test);
            rest.platform |= asks_platform(test);
        }
        body.iter().for_each(|inner| push(inner.into(), taken));
    }
}

/// What a test says about type checkers.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Typing {
    /// `TYPE_CHECKING`, `typing.TYPE_CHECKING`, `TYPE_CHECKING and ...`, `False`: true for type checkers only, if at all.
    Only,
    /// `not TYPE_CHECKING`, `not TYPE_CHECKING or ...`, `True`: what follows an `else` is for type checkers only.
    Never,
    Nothing,
}

/// `levels` bounds the recursion; nobody nests such a test more than a few deep.
fn typing_of(test: &Expr, levels: u32) -> Typing {
    if levels == 0 {
        return Typing::Nothing;
    }
    let any = |values: &[Expr], wanted| values.iter().any(|value| typing_of(value, levels - 1) == wanted);
    match test {
        Expr::Name(name) if name.id == "TYPE_CHECKING" => Typing::Only,
        Expr::Attribute(attribute) if &attribute.attr == "TYPE_CHECKING" => Typing::Only,
        Expr::BooleanLiteral(literal) => {
            if literal.value {
                Typing::Never
            } else {
                Typing::Only
            }
        }
        Expr::BoolOp(operation) if operation.op == ast::BoolOp::And && any(&operation.values, Typing::Only) => {
            Typing::Only
        }
        Expr::BoolOp(operation) if operation.op == ast::BoolOp::Or && any(&operation.values, Typing::Never) => {
            Typing::Never
        }
        Expr::UnaryOp(operation) if operation.op == ast::UnaryOp::Not => {
            match typing_of(&operation.operand, levels - 1) {
                Typing::Only => Typing::Never,
                Typing::Never => Typing::Only,
                Typing::Nothing => Typing::Nothing,
            }
        }
        _ => Typing::Nothing,
    }
}

/// `sys.platform`, `sys.version_info`, `sys.implementation`, `os.name`, `platform.system()` anywhere in the test.
fn asks_platform(test: &Expr) -> bool {
    let mut pending = vec![AnyNodeRef::from(test)];
    while let Some(node) = pending.pop() {
        if let AnyNodeRef::ExprAttribute(attribute) = node {
            let owner = attribute.value.as_name_expr().map(|name| name.id.as_str());
            match (owner, attribute.attr.as_str()) {
                (Some("sys"), "platform" | "version_info" | "implementation" | "version" | "hexversion")
                | (Some("os"), "name")
                | (Some("platform"), _) => return true,
                _ => {}
            }
        }
        pending.extend(children(node));
    }
    false
}

/// Whether an `except` clause, or a `suppress`, of this expression stops a failed import.
fn names_import_error(caught: &Expr) -> bool {
    let listed = caught.as_tuple_expr().map_or(std::slice::from_ref(caught), |tuple| &tuple.elts);
    listed
        .iter()
        .filter_map(last_name)
        .any(|name| matches!(name, "ImportError" | "ModuleNotFoundError" | "Exception" | "BaseException"))
}

fn suppresses(context: &Expr) -> bool {
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

/// `import_module` of `import_module` and of `importlib.import_module`.
fn last_name(expression: &Expr) -> Option<&str> {
    match expression {
        Expr::Name(name) => Some(name.id.as_str()),
        Expr::Attribute(attribute) => Some(attribute.attr.as_str()),
        _ => None,
    }
}

/// Level and module of `import_module("a.b")`, `import_module("..x", package=__package__)` or `__import__("a.b")`.
fn dynamic_import(call: &ast::ExprCall) -> Option<(u32, Option<String>)> {
    let function = last_name(&call.func)?;
    if !matches!(function, "import_module" | "__import__") {
        return None;
    }
    let name = call.arguments.find_argument_value("name", 0)?.as_string_literal_expr()?.value.to_str();
    let module = name.trim_start_matches('.');
    let level = u32::try_from(name.len() - module.len()).ok()?;
    if !module.is_empty() && !source::is_dotted(module) {
        return None;
    }
    if level == 0 {
        return (!module.is_empty()).then(|| (0, Some(module.to_owned())));
    }
    // Only import_module takes leading dots, and only with the package that they start from.
    let package = call.arguments.find_argument_value("package", 1).filter(|_| function == "import_module")?;
    match package {
        Expr::Name(name) if matches!(name.id.as_str(), "__package__" | "__name__") => {
            Some((level, Some(module.to_owned()).filter(|module| !module.is_empty())))
        }
        Expr::StringLiteral(literal) => {
            source::climb(literal.value.to_str(), level, module).map(|absolute| (0, Some(absolute)))
        }
        _ => None,
    }
}

/// `src.plugins` of `f"src.plugins.{name}"`: the part that is certain.
fn fixed_front(string: &ast::ExprFString) -> Option<&str> {
    let front = match string.value.iter().next()? {
        ast::FStringPart::Literal(literal) => &*literal.value,
        ast::FStringPart::FString(part) => &*part.elements.first()?.as_literal()?.value,
    };
    front.rsplit_once('.').map(|(front, _)| front)
}
