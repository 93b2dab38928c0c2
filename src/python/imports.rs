//! What one Python file says: what it imports, which names it binds, which metadata and which files it asks for.
//!
//! Receives the bytes of a file; hands on `Imports`, with positions and with the guards around each import. The only
//! place that knows the parser (`guards`, `conditions` and `handlers` read what stands around an import, `asks` reads calls). Must never resolve a name, never read a
//! file and never give up on a broken one: what parsed is handed on beside the error. Walks without recursion, so that
//! no nesting can exhaust the stack.

mod conditions;
mod deleted_names;
mod effects;
mod encodings;
mod guards;
mod handlers;
mod puts;
mod resource_access;
mod semantic_errors;
mod source;
#[cfg(test)]
mod tests;

pub(in crate::python) use conditions::Tests;
pub(crate) use effects::Effects;
pub(crate) use guards::Guard;
pub(in crate::python) use guards::{block, split};
pub(crate) use resource_access::{Access, Base, MetadataAsk, Open, Path, Wanted};
pub(in crate::python) use source::Lines;

pub(crate) use puts::{Put, serves};

use resource_access::ResourceCalls;
use ruff_python_ast::visitor::source_order::{SourceOrderVisitor, TraversalSignal};
use ruff_python_ast::{self as ast, AnyNodeRef, Expr, PythonVersion};
use ruff_python_parser::{Mode, ParseOptions, parse_unchecked};
use ruff_text_size::{Ranged, TextSize};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// Dropping a tree recurses once per level; a deeper one is left to the end of the process instead.
const DEEPEST_DROP: u32 = 400;

/// The rules of the compiler recurse as well, with larger frames.
const DEEPEST_CHECK: u32 = 150;

/// Functions that import, or list, what their arguments say; `attach` and `attach_stub` are those of `lazy_loader`.
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

/// Everything that one file says about other modules, in the order of the source.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Imports {
    pub(crate) items: Vec<Import>,
    pub(crate) strings: Vec<StringName>,
    /// Names that the module's own statements bind, also in branches and by `global`; those of star imports are not here.
    pub(crate) defined_names: BTreeSet<String>,
    /// The module may have more names than that: `__getattr__`, `globals()`, `sys.modules`, `exec`. Names for which a
    /// `__getattr__` plainly has an answer are among `defined_names`.
    pub(crate) open: bool,
    /// It imports modules, or lists them, by names that only a run knows: `import_module(name)`, `iter_modules`.
    pub(crate) computes: bool,
    /// It changes where its submodules are found: `__path__`, `extend_path`, `declare_namespace`.
    pub(crate) alters_path: bool,
    /// It changes where any module is found: `sys.path`, `sys.meta_path`, `site.addsitedir`.
    pub(crate) alters_search: bool,
    /// What it does to other modules, and to what `sys.modules` holds.
    pub(crate) effects: Effects,
    pub(crate) metadata: Vec<MetadataAsk>,
    /// Of a `.pth` file: directories that it puts on `sys.path`, relative to its own.
    pub(crate) search: Vec<String>,
    /// Files that are opened for reading by a path that can be read off the source.
    pub(crate) opens: Vec<Open>,
    /// What `paths` is for alone.
    #[serde(skip)]
    pub(in crate::python) paths: BTreeMap<String, Path>,
    /// Line and column (from 1) and the parser's words. What parsed before and after it is in `items` all the same.
    pub(crate) syntax_error: Option<(u32, u32, String)>,
    /// The bytes are not what the file declares (UTF-8, or its PEP 263 cookie): Python refuses such a file.
    pub(crate) encoding_error: bool,
}

impl Imports {
    /// Answers what the file asks of its own name, once it has one.
    pub(crate) fn resolve_names(&mut self, dotted: &str, package: &str) {
        let items = self.items.iter_mut().map(|item| &mut item.guard);
        let metadata = self.metadata.iter_mut().map(|ask| &mut ask.guard);
        let opens = self.opens.iter_mut().map(|open| &mut open.guard);
        items.chain(metadata).chain(opens).for_each(|guard| *guard = guard.resolve_names(dotted, package));
    }
}

/// One module that is imported; `import a, b` makes two.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
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
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ImportedName {
    pub(crate) name: String,
    pub(crate) asname: Option<String>,
}

/// A string that reads like a module, `pkg.mod` or `pkg.mod:attr`; also the fixed front of `f"pkg.mod.{name}"`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct StringName {
    /// The dotted part, two components at least.
    pub(crate) name: String,
    /// What follows the colon.
    pub(crate) attribute: Option<String>,
    pub(crate) line: u32,
    pub(crate) column: u32,
}

/// Reads what `bytes` say, in the newest Python that the parser knows.
/// Never fails: `syntax_error` and `encoding_error` say what was wrong.
pub(crate) fn imports(bytes: &[u8]) -> Imports {
    imports_for(bytes, None, false)
}

/// The same for one Python, "3.13": syntax that is newer is an error.
pub(crate) fn imports_of(bytes: &[u8], python: &str) -> Imports {
    imports_for(bytes, python.parse().ok(), false)
}

/// The paths that names of a file stand for: `STATIC = Path(__file__).parent / "static"`.
pub(crate) fn paths(bytes: &[u8], python: &str) -> BTreeMap<String, Path> {
    imports_for(bytes, python.parse().ok(), true).paths
}

fn imports_for(bytes: &[u8], python: Option<PythonVersion>, with_paths: bool) -> Imports {
    let decoded = source::decode(bytes);
    let options = ParseOptions::from(Mode::Module).with_target_version(python.unwrap_or_else(PythonVersion::latest));
    let mut parsed = parse_unchecked(&decoded.text, options.clone());
    // The parser refuses `raise; x`, which Python takes.
    if let Some(text) =
        source::without_bare_raise(&decoded.text, parsed.errors().iter().map(|error| error.range().start()))
    {
        parsed = parse_unchecked(&text, options);
    }
    let lines = Lines::new(&decoded.text);
    let place = |offset: TextSize| lines.place(offset.to_usize());

    let found = Imports { encoding_error: decoded.refused, ..Imports::default() };
    let body = &parsed.syntax().as_module().map_or(&[][..], |module| &module.body);
    let watch = effects::Watch::default();
    let mut reader = ImportCollector {
        place,
        found,
        tests: Tests::of(body, python, &lines),
        calls: ResourceCalls::default(),
        dynamic: Vec::new(),
        importlib: HashMap::new(),
        watch,
    };
    let syntax_error = parsed.errors().first().map(|error| (error.location.start(), error.error.to_string()));
    let too_new = parsed.unsupported_syntax_errors().first().map(|error| (error.range.start(), error.to_string()));
    reader.found.syntax_error = syntax_error.or(too_new).map(|(offset, message)| {
        let (line, column) = (reader.place)(offset);
        (line, column, source::lower_first(&message))
    });
    if let Some((line, name)) = decoded.unknown {
        reader.found.syntax_error = Some((line, 1, format!("unknown encoding `{name}`")));
    }
    let depth = reader.read(AnyNodeRef::from(parsed.syntax()));
    if reader.found.syntax_error.is_none() && !decoded.refused && depth < DEEPEST_CHECK {
        let refused = semantic_errors::refused(body, &decoded.text, python.unwrap_or_else(PythonVersion::latest));
        reader.found.syntax_error = refused.map(|(offset, message)| {
            let (line, column) = (reader.place)(offset);
            (line, column, source::lower_first(&message))
        });
    }
    reader.judge_dynamic();
    for name in deleted_names::deleted(body) {
        reader.found.defined_names.remove(name);
    }
    let (metadata, opens) = reader.calls.read(&reader.found.items, &reader.place);
    let paths = if with_paths { reader.calls.paths(&reader.found.items) } else { BTreeMap::new() };
    let mut found = Imports { metadata, opens, paths, ..reader.found };
    found.open |= reader.watch.namespaces_are_written(body);
    found.effects.finish(&found.items, &reader.watch);
    puts::resolve(body, reader.watch.keys, &mut found.effects, |at| lines.place(at.to_usize()).0);
    found.items.sort_by_key(|item| (item.line, item.column));
    found.strings.sort_by_key(|name| (name.line, name.column));
    if depth > DEEPEST_DROP {
        std::mem::forget(parsed);
    }
    found
}

/// Where a node stands.
#[derive(Clone, Copy)]
struct Standing {
    guard: Guard,
    /// Its names are the module's: not in a function and not in a class.
    at_module: bool,
    depth: u32,
}

/// The dots in front of a module, and its name.
type Relative = (u32, Option<String>);

/// Collects from one tree, node by node, with the guards that hold at each.
struct ImportCollector<'a, P: Fn(TextSize) -> (u32, u32)> {
    place: P,
    found: Imports,
    tests: Tests<'a>,
    calls: ResourceCalls<'a>,
    /// Calls that read like dynamic imports; whether they are is clear when every import of the file is known.
    dynamic: Vec<(&'a ast::ExprCall, Guard, Relative)>,
    /// Local names of `importlib` and of `import_module`, and whether they surely are that.
    importlib: HashMap<&'a str, bool>,
    watch: effects::Watch<'a>,
}

impl<'a, P: Fn(TextSize) -> (u32, u32)> ImportCollector<'a, P> {
    /// Walks the tree below `root`; returns how deep it is.
    fn read(&mut self, root: AnyNodeRef<'a>) -> u32 {
        let mut deepest = 0;
        let mut pending = vec![(root, Standing { guard: Guard::default(), at_module: true, depth: 0 })];
        while let Some((node, standing)) = pending.pop() {
            let Standing { guard, at_module, depth } = standing;
            deepest = deepest.max(depth);
            self.name(node, standing);
            let mut push_at =
                |node, guard, at_module| pending.push((node, Standing { guard, at_module, depth: depth + 1 }));
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
                    block(&function.body, guard.called_later(), &self.tests, &mut later);
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
                AnyNodeRef::ExprCall(call) => match dynamic_import(call) {
                    Some(import) => self.dynamic.push((call, guard, import)),
                    None => {
                        self.found.computes |= last_name(&call.func).is_some_and(|name| FINDERS.contains(&name));
                        self.calls.record(call, guard);
                        children(node).for_each(|child| push(child, guard));
                    }
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
                _ if split(node, guard, &self.tests, &mut push) => {}
                _ => children(node).for_each(|child| push(child, guard)),
            }
        }
        deepest
    }

    /// What a node binds in the module's own namespace, and what it does to the ways in which modules are found.
    fn name(&mut self, node: AnyNodeRef<'a>, standing: Standing) {
        let found = &mut self.found;
        found.open |= self.watch.read(node, &mut found.effects);
        let mut bind = |name: &str| {
            if standing.at_module && !standing.guard.never_runs && !found.defined_names.insert(name.to_owned()) {
                found.effects.bound_again.insert(name.to_owned());
            }
        };
        match node {
            AnyNodeRef::StmtFunctionDef(function) => {
                bind(&function.name);
                if standing.at_module && &function.name == "__getattr__" {
                    match effects::served(function) {
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
                found.open |= standing.at_module && name.id == "__getattr__";
                found.alters_path |= name.id == "__path__";
            }
            AnyNodeRef::ExprName(name) => found.alters_path |= name.id == "__path__",
            AnyNodeRef::PatternMatchAs(pattern) => pattern.name.iter().for_each(|name| bind(name)),
            AnyNodeRef::PatternMatchStar(pattern) => pattern.name.iter().for_each(|name| bind(name)),
            AnyNodeRef::PatternMatchMapping(pattern) => pattern.rest.iter().for_each(|name| bind(name)),
            AnyNodeRef::StmtGlobal(statement) => {
                found.defined_names.extend(statement.names.iter().map(ToString::to_string));
                found.effects.bound_again.extend(statement.names.iter().map(ToString::to_string));
            }
            AnyNodeRef::StmtAssign(statement) => self.calls.assigned(&statement.targets, Some(&statement.value)),
            AnyNodeRef::StmtAnnAssign(statement) => {
                self.calls.assigned(std::slice::from_ref(&statement.target), statement.value.as_deref());
            }
            AnyNodeRef::ExprCall(call) => match last_name(&call.func) {
                // `__all__ = [name for name in globals() if ...]` gives the module no name.
                Some("globals" | "locals" | "vars") if self.watch.is_harmless(call) => {}
                Some("globals") => found.open = true,
                Some("locals" | "vars" | "exec") if !standing.guard.in_function => found.open = true,
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
                self.push_import(alias.start(), guard, 0, module, Vec::new(), false, false);
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
        self.push_import(statement.start(), guard, statement.level, module, names.collect(), star, false);
    }

    /// Imports what the calls ask for that are `importlib`'s; a function of that name from elsewhere may do something else.
    fn judge_dynamic(&mut self) {
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
                self.push_import(call.start(), guard, level, module, Vec::new(), false, true);
            } else {
                self.found.computes = true;
                let name = call.arguments.find_argument_value("name", 0).and_then(Expr::as_string_literal_expr);
                name.into_iter().for_each(|name| self.string(name.value.to_str(), name.start(), guard));
            }
        }
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
        if guard.never_runs {
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
pub(super) fn children(node: AnyNodeRef<'_>) -> impl Iterator<Item = AnyNodeRef<'_>> {
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

/// Whether anything at or below these nodes is what is looked for; no more than `most` of them are looked at, so that
/// nothing is quadratic.
pub(super) fn any_node<'a, N: Into<AnyNodeRef<'a>>>(
    roots: impl IntoIterator<Item = N>,
    most: usize,
    mut is: impl FnMut(AnyNodeRef<'a>) -> bool,
) -> bool {
    let mut pending: Vec<AnyNodeRef<'a>> = roots.into_iter().map(Into::into).collect();
    for _ in 0..most {
        let Some(node) = pending.pop() else { return false };
        if is(node) {
            return true;
        }
        pending.extend(children(node));
    }
    false
}

/// `import_module` of `import_module` and of `importlib.import_module`.
pub(super) fn last_name(expression: &Expr) -> Option<&str> {
    match expression {
        Expr::Name(name) => Some(name.id.as_str()),
        Expr::Attribute(attribute) => Some(attribute.attr.as_str()),
        _ => None,
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
