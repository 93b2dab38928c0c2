//! The walk over one file's tree that collects its imports, the names that it defines and its effects.

use super::conditions::Conditions;
use super::guards::{block, split};
use super::model::{Guard, Import, ImportedName, Imports, Path, StringName};
use super::resource_access::ResourceCalls;
use super::{deleted_names, effects, module_names, puts};
use crate::python::syntax::{Syntax, children, last_name};
use ruff_python_ast::{self as ast, AnyNodeRef, Expr};
use ruff_text_size::{Ranged, TextSize};
use std::collections::{BTreeMap, HashMap};

/// Functions that import, or list, the modules that their arguments name; `attach` and `attach_stub` are those of
/// `lazy_loader`.
const FINDERS: [&str; 9] = [
    "import_module",
    "__import__",
    "iter_modules",
    "walk_packages",
    "exec_module",
    "load_module",
    "resolve_name",
    "attach",
    "attach_stub",
];

/// What holds at a node.
#[derive(Clone, Copy)]
struct Position {
    guard: Guard,
    /// Its names are the module's: not in a function and not in a class.
    at_module: bool,
    depth: u32,
}

/// The dots in front of a module, and its name.
type Relative = (u32, Option<String>);

/// Collects from one tree, node by node, with the guards that hold at each.
pub(super) struct ImportCollector<'a> {
    syntax: &'a Syntax<'a>,
    found: Imports,
    conditions: Conditions<'a>,
    calls: ResourceCalls<'a>,
    /// Calls that read like dynamic imports; whether they are is clear when every import of the file is known.
    dynamic: Vec<(&'a ast::ExprCall, Guard, Relative)>,
    /// Local names of `importlib` and of `import_module`, and whether they surely are that.
    importlib: HashMap<&'a str, bool>,
    watch: effects::Watch<'a>,
}

impl<'a> ImportCollector<'a> {
    pub(super) fn new(syntax: &'a Syntax<'a>) -> Self {
        Self {
            syntax,
            found: Imports { encoding_error: syntax.has_encoding_error(), ..Imports::default() },
            conditions: Conditions::of(syntax),
            calls: ResourceCalls::default(),
            dynamic: Vec::new(),
            importlib: HashMap::new(),
            watch: effects::Watch::default(),
        }
    }

    /// Walks the whole tree without recursion, so that no nesting exhausts the stack; returns how deep it is.
    pub(super) fn walk(&mut self) -> u32 {
        let mut deepest = 0;
        let root = self.syntax.root();
        let mut pending = vec![(root, Position { guard: Guard::default(), at_module: true, depth: 0 })];
        while let Some((node, position)) = pending.pop() {
            let Position { guard, at_module, depth } = position;
            deepest = deepest.max(depth);
            self.record_names(node, position);
            self.record_lookups(node, guard);
            let mut push_at =
                |node, guard, at_module| pending.push((node, Position { guard, at_module, depth: depth + 1 }));
            let mut push = |node, guard| push_at(node, guard, at_module);
            match node {
                AnyNodeRef::StmtImport(statement) => self.import(statement, guard),
                AnyNodeRef::StmtImportFrom(statement) => self.import_from(statement, guard),
                // The names of a comprehension are its own.
                AnyNodeRef::Comprehension(comprehension) => {
                    push_at(AnyNodeRef::from(&comprehension.target), guard, false);
                    push_at(AnyNodeRef::from(&comprehension.iter), guard, at_module);
                    comprehension.ifs.iter().for_each(|test| push_at(test.into(), guard.perhaps(), at_module));
                }
                AnyNodeRef::StmtFunctionDef(function) => {
                    function.decorator_list.iter().for_each(|decorator| push(decorator.into(), guard));
                    push(AnyNodeRef::from(&*function.parameters), guard);
                    let mut later = |node, guard| push_at(node, guard, false);
                    block(&function.body, guard.called_later(), &self.conditions, &mut later);
                }
                AnyNodeRef::StmtClassDef(class) => {
                    class.decorator_list.iter().for_each(|decorator| push(decorator.into(), guard));
                    if let Some(arguments) = class.arguments.as_deref() {
                        push(arguments.into(), guard);
                    }
                    class.body.iter().for_each(|inner| push_at(inner.into(), guard, false));
                }
                AnyNodeRef::ExprLambda(lambda) => {
                    if let Some(parameters) = lambda.parameters.as_deref() {
                        push(parameters.into(), guard);
                    }
                    push_at(AnyNodeRef::from(&*lambda.body), guard.called_later(), false);
                }
                // A docstring names modules without needing them.
                AnyNodeRef::StmtExpr(statement) if statement.value.is_string_literal_expr() => {}
                AnyNodeRef::ExprCall(_) | AnyNodeRef::ExprStringLiteral(_) | AnyNodeRef::ExprFString(_) => {
                    if self.expression(node, guard) {
                        children(node).for_each(|child| push(child, guard));
                    }
                }
                _ if split(node, guard, &self.conditions, &mut push) => {}
                _ => children(node).for_each(|child| push(child, guard)),
            }
        }
        deepest
    }

    /// Reads a call or a string; returns whether its children are to be read as well.
    fn expression(&mut self, node: AnyNodeRef<'a>, guard: Guard) -> bool {
        match node {
            AnyNodeRef::ExprCall(call) => {
                if let Some(import) = dynamic_import(call) {
                    self.dynamic.push((call, guard, import));
                    return false;
                }
                self.found.computes |= last_name(&call.func).is_some_and(|name| FINDERS.contains(&name));
                self.calls.record(call, guard);
                true
            }
            AnyNodeRef::ExprStringLiteral(string) => {
                self.string(string.value.to_str(), string.start(), guard);
                false
            }
            AnyNodeRef::ExprFString(string) => {
                if let Some(front) = fixed_front(string) {
                    self.string(front, string.start(), guard);
                }
                true
            }
            _ => true,
        }
    }

    /// Records the names that a node binds in the module's own namespace.
    fn record_names(&mut self, node: AnyNodeRef<'a>, position: Position) {
        let found = &mut self.found;
        let mut bind = |name: &str| {
            if position.at_module && !position.guard.never_runs && !found.defined_names.insert(name.to_owned()) {
                found.effects.bound_again.insert(name.to_owned());
            }
        };
        match node {
            AnyNodeRef::StmtFunctionDef(function) => {
                bind(&function.name);
                if position.at_module && &function.name == "__getattr__" {
                    match effects::getattr_names(function) {
                        Some(names) => names.into_iter().for_each(&mut bind),
                        None => found.open = true,
                    }
                }
            }
            AnyNodeRef::StmtClassDef(class) => bind(&class.name),
            AnyNodeRef::StmtImport(statement) => {
                for alias in &statement.names {
                    let first = alias.name.split('.').next().unwrap_or_default();
                    bind(alias.asname.as_ref().map_or(first, ast::Identifier::as_str));
                }
            }
            AnyNodeRef::StmtImportFrom(statement) => {
                let names = statement.names.iter().filter(|alias| &alias.name != "*");
                names.for_each(|alias| bind(alias.asname.as_ref().unwrap_or(&alias.name)));
            }
            AnyNodeRef::ExprName(name) if name.ctx.is_store() => {
                bind(&name.id);
                found.open |= position.at_module && name.id == "__getattr__";
            }
            AnyNodeRef::PatternMatchAs(pattern) => pattern.name.iter().for_each(|name| bind(name)),
            AnyNodeRef::PatternMatchStar(pattern) => pattern.name.iter().for_each(|name| bind(name)),
            AnyNodeRef::PatternMatchMapping(pattern) => pattern.rest.iter().for_each(|name| bind(name)),
            AnyNodeRef::StmtGlobal(statement) => {
                found.defined_names.extend(statement.names.iter().map(ToString::to_string));
                found.effects.bound_again.extend(statement.names.iter().map(ToString::to_string));
            }
            _ => {}
        }
    }

    /// Records what a node does to the ways in which modules and their names are found.
    fn record_lookups(&mut self, node: AnyNodeRef<'a>, guard: Guard) {
        let found = &mut self.found;
        found.open |= self.watch.record(node, &mut found.effects);
        match node {
            AnyNodeRef::ExprName(name) => found.alters_path |= name.id == "__path__",
            AnyNodeRef::StmtAssign(statement) => self.calls.assigned(&statement.targets, Some(&statement.value)),
            AnyNodeRef::StmtAnnAssign(statement) => {
                self.calls.assigned(std::slice::from_ref(&statement.target), statement.value.as_deref());
            }
            AnyNodeRef::ExprCall(call) => match last_name(&call.func) {
                // `__all__ = [name for name in globals() if ...]` gives the module no name.
                Some("globals" | "locals" | "vars") if self.watch.is_harmless(call) => {}
                Some("globals") => found.open = true,
                Some("locals" | "vars" | "exec") if !guard.in_function => found.open = true,
                Some("extend_path" | "declare_namespace") => found.alters_path = true,
                Some("addsitedir") => found.alters_search = true,
                _ => {}
            },
            AnyNodeRef::ExprAttribute(attribute) => {
                let of_sys = attribute.value.as_name_expr().is_some_and(|name| name.id.trim_matches('_') == "sys");
                match attribute.attr.as_str() {
                    "modules" if of_sys => found.open = true,
                    "path" | "meta_path" | "path_hooks" if of_sys => found.alters_search = true,
                    _ => {}
                }
            }
            _ => {}
        }
    }

    fn import(&mut self, statement: &'a ast::StmtImport, guard: Guard) {
        for alias in &statement.names {
            let module = Some(alias.name.to_string()).filter(|name| !name.is_empty());
            if module.is_some() {
                if &alias.name == "importlib" {
                    self.importlib.insert(alias.asname.as_ref().unwrap_or(&alias.name), true);
                }
                self.calls.imported(alias);
                self.push_import(alias.start(), Import { module, guard, ..Import::default() });
            }
        }
    }

    fn import_from(&mut self, statement: &'a ast::StmtImportFrom, guard: Guard) {
        for alias in statement.names.iter().filter(|alias| matches!(alias.name.as_str(), "import_module" | "importlib"))
        {
            let module = statement.module.as_ref().map_or("", ast::Identifier::as_str);
            let is_sure = &alias.name == "import_module" && module == "importlib" && statement.level == 0;
            self.importlib.insert(alias.asname.as_ref().unwrap_or(&alias.name), is_sure);
        }
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
        let names = names.collect();
        let import = Import { level: statement.level, module, names, star, guard, ..Import::default() };
        self.push_import(statement.start(), import);
    }

    /// Adds the calls that are dynamic imports, once every import of the file is known. A function of the same name that is
    /// not `importlib`'s may do something else.
    fn resolve_dynamic(&mut self) {
        for (call, guard, (level, module)) in std::mem::take(&mut self.dynamic) {
            let owner = match &*call.func {
                Expr::Attribute(attribute) => attribute.value.as_name_expr().map(|owner| owner.id.as_str()),
                _ => last_name(&call.func),
            };
            let is_sure = match owner {
                Some("__import__" | "builtins" | "__builtins__") => Some(true),
                Some("importlib") => Some(self.importlib.get("importlib").copied().unwrap_or(true)),
                Some(owner) => match self.importlib.get(owner) {
                    Some(is_sure) => Some(*is_sure),
                    None => (owner == "import_module" && !self.found.defined_names.contains(owner)).then_some(false),
                },
                None => None,
            };
            if let Some(is_sure) = is_sure {
                let guard = if is_sure { guard } else { guard.perhaps() };
                self.push_import(call.start(), Import { level, module, dynamic: true, guard, ..Import::default() });
            } else {
                self.found.computes = true;
                let name = call.arguments.find_argument_value("name", 0).and_then(Expr::as_string_literal_expr);
                name.into_iter().for_each(|name| self.string(name.value.to_str(), name.start(), guard));
            }
        }
    }

    fn push_import(&mut self, at: TextSize, import: Import) {
        let (line, column) = self.syntax.position(at);
        self.found.items.push(Import { line, column, ..import });
    }

    fn string(&mut self, text: &str, at: TextSize, guard: Guard) {
        if guard.never_runs {
            return;
        }
        if let Some((name, attribute)) = module_names::module_reference(text) {
            let (line, column) = self.syntax.position(at);
            let (name, attribute) = (name.to_owned(), attribute.map(str::to_owned));
            self.found.strings.push(StringName { name, attribute, line, column });
        }
    }

    /// The paths that names of the file stand for: `STATIC = Path(__file__).parent / "static"`.
    pub(super) fn paths(&self) -> BTreeMap<String, Path> {
        self.calls.paths(&self.found.items)
    }

    /// Everything that was found, once the tree has been walked; `depth` is the depth of the tree.
    pub(super) fn finish(mut self, depth: u32) -> Imports {
        let (syntax, body) = (self.syntax, self.syntax.body());
        self.found.syntax_error = syntax.error(depth);
        self.resolve_dynamic();
        for name in deleted_names::deleted(body) {
            self.found.defined_names.remove(name);
        }
        let (metadata, opens) = self.calls.read(&self.found.items, &|offset| syntax.position(offset));
        let mut found = Imports { metadata, opens, ..self.found };
        found.open |= self.watch.namespaces_are_written(body);
        effects::finish(&mut found.effects, &found.items, &self.watch);
        puts::resolve(body, self.watch.keys, &mut found.effects, |offset| syntax.line(offset));
        found.items.sort_by_key(|item| (item.line, item.column));
        found.strings.sort_by_key(|name| (name.line, name.column));
        found
    }
}

/// Level and module of what reads like `import_module("a.b")`, `import_module("..x", package=__package__)` or
/// `__import__("a.b")`; a method of anything but a plain name is not one.
fn dynamic_import(call: &ast::ExprCall) -> Option<Relative> {
    let function = last_name(&call.func)?;
    let of_name = call.func.as_attribute_expr().is_none_or(|attribute| attribute.value.is_name_expr());
    if !matches!(function, "import_module" | "__import__") || !of_name {
        return None;
    }
    let name = call.arguments.find_argument_value("name", 0)?.as_string_literal_expr()?.value.to_str();
    let module = name.trim_start_matches('.');
    let level = u32::try_from(name.len() - module.len()).ok()?;
    if !module.is_empty() && !module_names::is_dotted(module) {
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
            module_names::climb(literal.value.to_str(), level, module).map(|absolute| (0, Some(absolute)))
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
