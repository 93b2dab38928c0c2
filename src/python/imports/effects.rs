//! What a file does to other modules, and to its own names, without an import statement.
//!
//! Names are not resolved: the graph knows which module a name stands for.

use super::model::{Effects, Import, ImportedName, Put};
use crate::python::syntax::{any_node, last_name};
use ruff_python_ast::{self as ast, AnyNodeRef, Expr, Stmt};
use ruff_text_size::{Ranged, TextRange};
use std::collections::{HashMap, HashSet};

/// Ways to look at `sys.modules` that put nothing into it.
const LOOKS: [&str; 8] = ["get", "pop", "keys", "values", "items", "copy", "__contains__", "__getitem__"];
const COPIES: [&str; 8] = ["list", "dict", "set", "tuple", "sorted", "len", "frozenset", "iter"];

/// One `sys.modules[key] = value`, or a mapping of keys that `update` takes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Key<'a> {
    pub(super) key: &'a Expr,
    pub(super) value: Option<&'a Expr>,
    /// `key` is a mapping: its keys are the names.
    pub(super) mapping: bool,
}

/// Reads effects, and remembers which `sys.modules` and which `globals()` have been understood already.
#[derive(Debug, Default)]
pub(super) struct Watch<'a> {
    harmless: HashSet<TextRange>,
    /// `import a.b as c`, by `c`.
    renamed: HashMap<String, String>,
    /// Under what the file puts modules into `sys.modules`.
    pub(super) keys: Vec<Key<'a>>,
    /// Names for the module's own names: `names = globals()`.
    namespaces: Vec<&'a str>,
}

impl<'a> Watch<'a> {
    /// Whether a call of `globals()` and the like only looks at the names.
    pub(super) fn is_harmless(&self, call: &ast::ExprCall) -> bool {
        self.harmless.contains(&call.range())
    }

    /// Whether the file changes its own names through a name for all of them.
    pub(super) fn namespaces_are_written(&self, body: &[Stmt]) -> bool {
        self.namespaces.iter().any(|name| is_written(body, name))
    }

    /// Returns whether the module may have more names than its statements bind.
    pub(super) fn record(&mut self, node: AnyNodeRef<'a>, effects: &mut Effects) -> bool {
        match node {
            AnyNodeRef::StmtAssign(assign) => self.assign(assign),
            AnyNodeRef::StmtAugAssign(assign) if is_sys_modules(&assign.target) => {
                self.harmless.insert(assign.target.range());
                self.keys.push(Key { key: &assign.value, value: None, mapping: true });
            }
            AnyNodeRef::ExprSubscript(subscript) if is_sys_modules(&subscript.value) => {
                let is_known = !self.harmless.insert(subscript.value.range());
                if subscript.ctx.is_store() && !is_known {
                    self.keys.push(Key { key: &subscript.slice, value: None, mapping: false });
                }
            }
            AnyNodeRef::ExprSubscript(subscript) if is_namespace(&subscript.value) && subscript.ctx.is_load() => {
                self.harmless.insert(subscript.value.range());
            }
            AnyNodeRef::ExprCompare(comparison) => self.looks_at(comparison.comparators.iter()),
            AnyNodeRef::StmtFor(statement) => self.looks_at([&*statement.iter]),
            AnyNodeRef::Comprehension(comprehension) => self.looks_at([&comprehension.iter]),
            AnyNodeRef::ExprAttribute(attribute) => self.attribute(attribute, effects),
            AnyNodeRef::ExprName(name) => return matches!(name.id.as_str(), "global_enum" | "currentframe"),
            AnyNodeRef::StmtImportFrom(statement) if statement.module.as_ref().is_some_and(|name| name == "sys") => {
                let takes = |wanted: &str| statement.names.iter().any(|alias| &alias.name == wanted);
                effects.makes_any |= takes("modules");
                effects.finds |= takes("meta_path") || takes("path_hooks");
                return takes("_getframe") || takes("modules");
            }
            AnyNodeRef::StmtImport(statement) => {
                let renamed = statement.names.iter().filter_map(|alias| Some((alias.asname.as_ref()?, &alias.name)));
                self.renamed.extend(renamed.map(|(local, name)| (local.to_string(), name.to_string())));
            }
            AnyNodeRef::ExprCall(call) => return self.call(call, effects),
            _ => {}
        }
        matches!(node, AnyNodeRef::ExprAttribute(attribute)
            if matches!(attribute.attr.as_str(), "global_enum" | "_convert_" | "_convert" | "_getframe" | "f_globals" | "currentframe"))
    }

    fn looks_at<'e>(&mut self, expressions: impl IntoIterator<Item = &'e Expr>) {
        let known = expressions.into_iter().filter(|expression| is_sys_modules(expression) || is_namespace(expression));
        self.harmless.extend(known.map(Ranged::range));
    }

    fn assign(&mut self, assign: &'a ast::StmtAssign) {
        for target in &assign.targets {
            match target {
                Expr::Subscript(subscript) if is_sys_modules(&subscript.value) => {
                    self.harmless.insert(subscript.value.range());
                    self.keys.push(Key { key: &subscript.slice, value: Some(&assign.value), mapping: false });
                }
                Expr::Name(name) if is_namespace(&assign.value) => {
                    self.harmless.insert(assign.value.range());
                    self.namespaces.push(name.id.as_str());
                }
                _ => {}
            }
        }
    }

    fn attribute(&mut self, attribute: &'a ast::ExprAttribute, effects: &mut Effects) {
        if is_sys(&attribute.value) {
            effects.finds |= matches!(attribute.attr.as_str(), "meta_path" | "path_hooks");
            effects.makes_any |= &attribute.attr == "modules" && !self.harmless.contains(&attribute.range());
        }
        if (is_sys_modules(&attribute.value) || is_namespace(&attribute.value))
            && LOOKS.contains(&attribute.attr.as_str())
        {
            self.harmless.insert(attribute.value.range());
        }
        if attribute.ctx.is_store() {
            set(&attribute.value, Some(&attribute.attr), effects);
        }
        if &attribute.attr == "__dict__" {
            set(&attribute.value, None, effects);
        }
        // `package.__path__.append(directory)`
        if let Expr::Attribute(inner) = &*attribute.value
            && &inner.attr == "__path__"
            && matches!(attribute.attr.as_str(), "append" | "extend" | "insert")
        {
            set(&inner.value, Some(&inner.attr), effects);
        }
    }

    fn call(&mut self, call: &'a ast::ExprCall, effects: &mut Effects) -> bool {
        let arguments = &call.arguments;
        match last_name(&call.func) {
            Some("setdefault" | "__setitem__") if owner(&call.func).is_some_and(is_sys_modules) => {
                self.looks_at(owner(&call.func));
                let (key, value) = (arguments.args.first(), arguments.args.get(1));
                self.keys.extend(key.map(|key| Key { key, value, mapping: false }));
            }
            Some("update") if owner(&call.func).is_some_and(is_sys_modules) => {
                self.looks_at(owner(&call.func));
                self.keys.extend(arguments.args.iter().map(|key| Key { key, value: None, mapping: true }));
                for keyword in &arguments.keywords {
                    match &keyword.arg {
                        Some(name) => effects.puts.push(Put { name: name.to_string(), line: 0, bare: false }),
                        None => self.keys.push(Key { key: &keyword.value, value: None, mapping: true }),
                    }
                }
            }
            Some("setattr") => {
                if let Some(module) = arguments.args.first() {
                    let name = arguments.args.get(1).and_then(Expr::as_string_literal_expr);
                    set(module, name.map(|name| name.value.to_str()), effects);
                }
            }
            Some("vars") => arguments.args.iter().for_each(|module| set(module, None, effects)),
            Some(name) if COPIES.contains(&name) => self.looks_at(&arguments.args),
            _ => {}
        }
        let mut values = arguments.args.iter().chain(arguments.keywords.iter().map(|keyword| &keyword.value));
        let passes_name = values.any(|value| value.as_name_expr().is_some_and(|name| name.id == "__name__"));
        if passes_name && let Some(function) = dotted(&call.func) {
            effects.hands_name.insert(function);
        }
        passes_name && matches!(last_name(&call.func), Some("import_module" | "__import__"))
    }
}

/// Drops what concerns no module: attributes of objects, functions of the file itself. A name that `import a.b as c` gave becomes
/// `a.b`.
pub(super) fn finish(effects: &mut Effects, items: &[Import], watch: &Watch<'_>) {
    let by_call = items.iter().any(|item| item.dynamic);
    let taken = || items.iter().flat_map(|item| &item.names);
    let local = |name: &ImportedName| name.asname.as_ref().unwrap_or(&name.name).clone();
    let plain = items.iter().filter(|item| item.names.is_empty() && !item.star && !item.dynamic);
    let mut bound: HashSet<String> = taken().map(local).collect();
    bound.extend(plain.filter_map(|item| Some(item.module.as_deref()?.split('.').next()?.to_owned())));
    let module = |written: &str| {
        let (first, rest) = written.split_at(written.find('.').unwrap_or(written.len()));
        match watch.renamed.get(first) {
            Some(name) => Some(format!("{name}{rest}")),
            None => bound.contains(first).then(|| written.to_owned()),
        }
    };
    let sets = std::mem::take(&mut effects.sets).into_iter();
    effects.sets = sets
        .filter_map(|(written, attribute)| Some((module(&written).or_else(|| by_call.then(String::new))?, attribute)))
        .collect();
    effects.hands_name = effects.hands_name.iter().filter_map(|function| module(function)).collect();
    effects.bound_again.retain(|again| taken().any(|name| local(name) == *again));
}

/// The names for which a module's `__getattr__` has an answer, if it compares its parameter with them and raises for all
/// others; `None` for any other function.
pub(super) fn getattr_names(function: &ast::StmtFunctionDef) -> Option<Vec<&str>> {
    let parameter = function.parameters.args.first()?.name().as_str();
    let (last, rest) = function.body.split_last()?;
    if !last.is_raise_stmt() || !function.decorator_list.is_empty() {
        return None;
    }
    let mut names = Vec::new();
    for statement in rest {
        match statement {
            Stmt::Expr(statement) if statement.value.is_string_literal_expr() => {}
            Stmt::If(statement) if statement.elif_else_clauses.is_empty() => {
                let comparison = statement.test.as_compare_expr()?;
                comparison.left.as_name_expr().filter(|name| name.id == parameter)?;
                let ([operator], [right]) = (&*comparison.ops, &*comparison.comparators) else { return None };
                let literals = match (operator, right) {
                    (ast::CmpOp::Eq, literal) => std::slice::from_ref(literal),
                    (ast::CmpOp::In, Expr::Tuple(tuple)) => &tuple.elts,
                    (ast::CmpOp::In, Expr::List(list)) => &list.elts,
                    (ast::CmpOp::In, Expr::Set(set)) => &set.elts,
                    _ => return None,
                };
                for literal in literals {
                    names.push(literal.as_string_literal_expr()?.value.to_str());
                }
            }
            _ => return None,
        }
    }
    Some(names)
}

fn is_sys(expression: &Expr) -> bool {
    expression.as_name_expr().is_some_and(|name| name.id.trim_matches('_') == "sys")
}

fn is_sys_modules(expression: &Expr) -> bool {
    expression.as_attribute_expr().is_some_and(|attribute| &attribute.attr == "modules" && is_sys(&attribute.value))
}

fn owner(function: &Expr) -> Option<&Expr> {
    function.as_attribute_expr().map(|attribute| &*attribute.value)
}

/// `globals()`, `locals()` or `vars()`.
fn is_namespace(expression: &Expr) -> bool {
    expression.as_call_expr().is_some_and(|call| {
        let named =
            call.func.as_name_expr().is_some_and(|name| matches!(name.id.as_str(), "globals" | "locals" | "vars"));
        named && call.arguments.is_empty()
    })
}

/// Whether a name for all of a module's names is used for more than looking at them.
fn is_written(body: &[Stmt], namespace: &str) -> bool {
    let is_it =
        |expression: &Expr| expression.as_name_expr().is_some_and(|name| name.id == namespace && name.ctx.is_load());
    let mut looks: HashSet<TextRange> = HashSet::new();
    any_node(body, usize::MAX, |node| {
        match node {
            AnyNodeRef::ExprSubscript(subscript) if is_it(&subscript.value) && subscript.ctx.is_load() => {
                looks.insert(subscript.value.range());
            }
            AnyNodeRef::ExprAttribute(attribute)
                if is_it(&attribute.value) && LOOKS.contains(&attribute.attr.as_str()) =>
            {
                looks.insert(attribute.value.range());
            }
            AnyNodeRef::ExprCompare(comparison) => {
                looks.extend(comparison.comparators.iter().filter(|expression| is_it(expression)).map(Ranged::range));
            }
            AnyNodeRef::StmtFor(statement) if is_it(&statement.iter) => drop(looks.insert(statement.iter.range())),
            AnyNodeRef::Comprehension(inner) if is_it(&inner.iter) => drop(looks.insert(inner.iter.range())),
            // Parents come before children.
            AnyNodeRef::ExprName(name) => {
                return name.id == namespace && name.ctx.is_load() && !looks.contains(&name.range());
            }
            _ => {}
        }
        false
    })
}

fn set(module: &Expr, attribute: Option<&str>, effects: &mut Effects) {
    if let Some(module) = dotted(module).filter(|module| module != "self" && module != "cls") {
        effects.sets.insert((module, attribute.map(str::to_owned)));
    }
}

/// `a.b.c`, as it is written.
fn dotted(expression: &Expr) -> Option<String> {
    let mut components = Vec::new();
    let mut at = expression;
    while let Expr::Attribute(attribute) = at {
        components.push(attribute.attr.as_str());
        at = &attribute.value;
    }
    components.push(at.as_name_expr()?.id.as_str());
    components.reverse();
    Some(components.join("."))
}
