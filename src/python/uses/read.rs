//! The walk over one file's tree that collects its uses.

use super::model::{Class, Function, Mention, Template, Uses};
use super::shapes::{is_exports, list, names_exports, registers, templates};
use crate::python::imports::{Conditions, Guard, block, split};
use crate::python::is_identifier;
use crate::python::syntax::{Syntax, any_node, children, last_name};
use ruff_python_ast::{self as ast, AnyNodeRef, Expr};
use ruff_text_size::Ranged;
use std::collections::{BTreeSet, HashMap};

/// How much of an annotation is looked at.
const ANNOTATION: usize = 100;

/// What a file does with its names, and the depth of its tree.
pub(in crate::python) fn read(syntax: &Syntax<'_>) -> (Uses, u32) {
    let mut collector = UseCollector {
        syntax,
        conditions: Conditions::of(syntax),
        uses: Uses::default(),
        values: HashMap::new(),
        exports: Vec::new(),
        paths: Vec::new(),
    };
    let depth = collector.walk();
    (collector.finish(), depth)
}

/// What holds at a node.
#[derive(Clone, Copy, Default)]
struct Position {
    /// Indices into `functions` and `classes`.
    function: Option<usize>,
    class: Option<usize>,
    guard: Guard,
    /// In the value of `__all__`, whose strings call nothing.
    exports: bool,
    depth: u32,
}

impl Position {
    /// Whether what is here can do without a file, or is for one platform.
    fn is_handled(self) -> bool {
        self.guard.file_caught || self.guard.platform || self.guard.fallback
    }
}

enum Path<'a> {
    Written(&'a Expr),
    Listed(&'a Expr),
}

struct UseCollector<'a> {
    syntax: &'a Syntax<'a>,
    conditions: Conditions<'a>,
    uses: Uses,
    /// What names are assigned, by plain assignments.
    values: HashMap<&'a str, Vec<&'a Expr>>,
    /// Every statement that has to do with `__all__`: its value, or nothing that can be read.
    exports: Vec<Option<&'a Expr>>,
    /// Expressions of paths, to be looked into when every assignment is known.
    paths: Vec<Path<'a>>,
}

impl<'a> UseCollector<'a> {
    /// Walks the whole tree without recursion, so that no nesting exhausts the stack; returns how deep it is.
    fn walk(&mut self) -> u32 {
        let mut deepest = 0;
        let mut pending = vec![(self.syntax.root(), Position::default())];
        while let Some((node, position)) = pending.pop() {
            deepest = deepest.max(position.depth);
            // `if TYPE_CHECKING:`, `if __name__ == "__main__":`, another platform.
            if position.guard.never_runs {
                continue;
            }
            self.record(node, position);
            let inside = Position { depth: position.depth + 1, ..position };
            let mut push = |node, position| pending.push((node, position));
            match node {
                AnyNodeRef::StmtFunctionDef(function) => {
                    function.decorator_list.iter().for_each(|decorator| push(decorator.into(), inside));
                    push(AnyNodeRef::from(&*function.parameters), inside);
                    let function_at = self.function(function, position);
                    let mut later = |node, guard| push(node, Position { function: function_at, guard, ..inside });
                    block(&function.body, position.guard.called_later(), &self.conditions, &mut later);
                }
                AnyNodeRef::StmtClassDef(class) => {
                    class.decorator_list.iter().for_each(|decorator| push(decorator.into(), inside));
                    class.arguments.iter().for_each(|arguments| push((&**arguments).into(), inside));
                    let class_at = self.class(class, position);
                    class.body.iter().for_each(|inner| push(inner.into(), Position { class: class_at, ..inside }));
                }
                AnyNodeRef::StmtAssign(statement) if is_exports(&statement.targets) => {
                    push((&*statement.value).into(), Position { exports: true, ..inside });
                }
                // A docstring.
                AnyNodeRef::StmtExpr(statement) if statement.value.is_string_literal_expr() => {}
                _ => {
                    let mut branch = |node, guard| push(node, Position { guard, ..inside });
                    if !split(node, position.guard, &self.conditions, &mut branch) {
                        children(node).for_each(|child| branch(child, position.guard));
                    }
                }
            }
        }
        deepest
    }

    /// The function that the body of this one belongs to, for whether it is called.
    fn function(&mut self, function: &ast::StmtFunctionDef, position: Position) -> Option<usize> {
        self.uses.finds_subclasses |= &function.name == "__init_subclass__";
        if position.function.is_some() {
            return position.function;
        }
        self.uses.functions.push(Function {
            name: function.name.to_string(),
            class: position.class,
            lines: (self.syntax.line(function.start()), self.syntax.line(function.end())),
            decorated: registers(&function.decorator_list),
        });
        Some(self.uses.functions.len() - 1)
    }

    /// The class that the methods in this one belong to.
    fn class(&mut self, class: &ast::StmtClassDef, position: Position) -> Option<usize> {
        if position.function.is_some() {
            return position.class;
        }
        let unsubscripted = |base: &'_ Expr| match base {
            Expr::Subscript(subscript) => last_name(&subscript.value).map(str::to_owned),
            _ => last_name(base).map(str::to_owned),
        };
        let arguments = class.arguments.as_deref();
        let bases = arguments.into_iter().flat_map(|arguments| &arguments.args);
        self.uses.classes.push(Class {
            name: class.name.to_string(),
            // What cannot be read may be anything.
            bases: bases.map(|base| unsubscripted(base).unwrap_or_else(|| "?".to_owned())).collect(),
            registered: registers(&class.decorator_list)
                || arguments.is_some_and(|arguments| arguments.find_keyword("metaclass").is_some()),
        });
        Some(self.uses.classes.len() - 1)
    }

    fn record(&mut self, node: AnyNodeRef<'a>, position: Position) {
        let (function, handled) = (position.function, position.is_handled());
        let mut mention = |name: &str, of: Option<&str>, attribute: bool| {
            let (name, of) = (name.to_owned(), of.map(str::to_owned));
            self.uses.mentions.push(Mention { name, of, function, handled, attribute });
        };
        let mut annotated = |annotation: &'a Expr| {
            any_node([annotation], ANNOTATION, |node| {
                if let AnyNodeRef::ExprName(name) = node {
                    mention(&name.id, None, false);
                }
                false
            });
        };
        match node {
            AnyNodeRef::StmtImport(statement) => self.import(statement),
            AnyNodeRef::StmtImportFrom(statement) => self.import_from(statement, position),
            // Frameworks make what an annotation names: `service: Service = Depends()`.
            AnyNodeRef::Parameter(parameter) => {
                if let Some(annotation) = parameter.annotation.as_deref() {
                    annotated(annotation);
                }
            }
            AnyNodeRef::ExprName(name) if name.ctx.is_load() => mention(&name.id, None, false),
            AnyNodeRef::ExprAttribute(attribute) => {
                let of = attribute.value.as_name_expr().map(|name| name.id.as_str());
                mention(&attribute.attr, of, true);
                self.uses.finds_subclasses |= &attribute.attr == "__subclasses__";
                if let Some(of) = of {
                    self.uses.attributes.entry(of.to_owned()).or_default().insert(attribute.attr.to_string());
                }
            }
            AnyNodeRef::ExprStringLiteral(string) => {
                let text = string.value.to_str();
                if let (false, Some(last)) = (position.exports, text.rsplit(['.', ':']).next()) {
                    mention(last, None, true);
                }
                self.ending(text);
            }
            // `getattr(self, f"load_{name}")`
            AnyNodeRef::ExprFString(string) => {
                if let Some(ast::InterpolatedStringElement::Literal(front)) = string.value.elements().next()
                    && front.ends_with('_')
                    && is_identifier(front)
                {
                    mention(&format!("{}*", &**front), None, true);
                }
            }
            AnyNodeRef::InterpolatedStringLiteralElement(element) => self.ending(&element.value),
            AnyNodeRef::StmtAnnAssign(statement) => {
                annotated(&statement.annotation);
                self.assigned(node, position);
            }
            AnyNodeRef::StmtAssign(_) | AnyNodeRef::StmtAugAssign(_) => self.assigned(node, position),
            AnyNodeRef::ExprCall(call) => self.call(call, position),
            _ => {}
        }
        self.bare(node);
    }

    /// The values of names, and of `__all__`.
    fn assigned(&mut self, node: AnyNodeRef<'a>, position: Position) {
        match node {
            AnyNodeRef::StmtAssign(statement) => {
                for name in statement.targets.iter().filter_map(Expr::as_name_expr) {
                    self.values.entry(name.id.as_str()).or_default().push(&statement.value);
                }
                if is_exports(&statement.targets) {
                    let at_module = position.function.is_none() && position.class.is_none();
                    self.exports.push(at_module.then_some(&*statement.value));
                }
            }
            AnyNodeRef::StmtAugAssign(statement) if names_exports(&statement.target) => self.exports.push(None),
            AnyNodeRef::StmtAnnAssign(statement) if names_exports(&statement.target) => {
                self.exports.push(statement.value.as_deref());
            }
            _ => {}
        }
    }

    fn import(&mut self, statement: &ast::StmtImport) {
        for alias in &statement.names {
            let first = alias.name.split('.').next().unwrap_or_default();
            let (local, module) = match &alias.asname {
                Some(asname) => (asname.as_str(), alias.name.as_str()),
                None => (first, first),
            };
            self.uses.modules.insert(local.to_owned(), module.to_owned());
            if let (None, Some(second)) = (&alias.asname, alias.name.split('.').nth(1)) {
                self.uses.attributes.entry(first.to_owned()).or_default().insert(second.to_owned());
            }
        }
    }

    fn import_from(&mut self, statement: &ast::StmtImportFrom, position: Position) {
        let (function, handled) = (position.function, position.is_handled());
        for alias in &statement.names {
            // Under another name its uses are not seen.
            if alias.asname.is_some() {
                let name = alias.name.to_string();
                self.uses.mentions.push(Mention { name, of: None, function, handled, attribute: false });
            }
            if function.is_none() {
                self.uses.taken.insert(alias.name.to_string());
            }
        }
    }

    /// Names that are read, other than for an attribute, or that something else has as well.
    fn bare(&mut self, node: AnyNodeRef<'a>) {
        let bare = &mut self.uses.bare;
        let mut also = |name: &str| bare.extend([name.to_owned()]);
        match node {
            AnyNodeRef::Parameter(parameter) => also(&parameter.name),
            AnyNodeRef::StmtFunctionDef(function) => also(&function.name),
            AnyNodeRef::StmtClassDef(class) => also(&class.name),
            AnyNodeRef::StmtImportFrom(statement) => {
                statement.names.iter().for_each(|alias| also(alias.asname.as_ref().unwrap_or(&alias.name)));
            }
            _ => {}
        }
        if matches!(node, AnyNodeRef::ExprAttribute(_)) {
            return;
        }
        for child in children(node) {
            if let AnyNodeRef::ExprName(name) = child
                && !name.ctx.is_del()
            {
                self.uses.bare.insert(name.id.to_string());
            }
        }
    }

    fn call(&mut self, call: &'a ast::ExprCall, position: Position) {
        let arguments = &call.arguments;
        let (function, handled) = (position.function, position.is_handled());
        let named = templates(call).into_iter().map(|name| Template { name: name.to_owned(), function, handled });
        self.uses.templates.extend(named);
        let receiver = call.func.as_attribute_expr().map(|attribute| &*attribute.value);
        let mode = |at: usize| {
            let mode = arguments.find_argument_value("mode", at).and_then(Expr::as_string_literal_expr);
            mode.is_some_and(|mode| mode.value.to_str().contains(['w', 'a', 'x']))
        };
        match last_name(&call.func) {
            Some("chdir") => self.uses.changes_directory = true,
            Some("open") => {
                let written = [(arguments.find_argument_value("file", 0), mode(1)), (receiver, mode(0))];
                self.paths.extend(
                    written.into_iter().filter(|(_, writes)| *writes).filter_map(|(path, _)| path).map(Path::Written),
                );
            }
            Some("mkdir" | "write_text" | "write_bytes" | "touch") => self.paths.extend(receiver.map(Path::Written)),
            Some("makedirs") => self.paths.extend(arguments.find_argument_value("name", 0).map(Path::Written)),
            Some("copy" | "copyfile" | "copy2" | "copytree" | "move" | "urlretrieve") => {
                self.paths.extend(arguments.args.get(1).map(Path::Written));
            }
            Some("listdir" | "scandir" | "walk" | "iterdir" | "glob" | "rglob" | "iglob") => {
                self.paths.extend(receiver.into_iter().chain(&arguments.args).map(Path::Listed));
            }
            // `__all__.extend(...)`
            Some("extend" | "append" | "remove") if receiver.is_some_and(names_exports) => self.exports.push(None),
            _ => {}
        }
    }

    /// `md` of `.md`, `*.md` and `**/*.md`.
    fn ending(&mut self, text: &str) {
        if let Some((front, ending)) = text.rsplit_once('.')
            && (front.is_empty() || front.ends_with('*'))
            && (1..=8).contains(&ending.len())
            && ending.bytes().all(|byte| byte.is_ascii_alphanumeric())
        {
            self.uses.endings.insert(ending.to_ascii_lowercase());
        }
    }

    fn finish(mut self) -> Uses {
        for path in std::mem::take(&mut self.paths) {
            match path {
                Path::Written(path) => {
                    let texts = self.texts(path);
                    self.uses.writes.extend(texts.iter().filter_map(|text| text.rsplit('/').next()).map(str::to_owned));
                }
                Path::Listed(path) => {
                    let texts = self.texts(path);
                    self.uses.listed.extend(texts.iter().flat_map(|text| text.split('/')).map(str::to_owned));
                }
            }
        }
        if let [Some(value)] = self.exports.as_slice() {
            self.uses.exports = list(value);
        }
        self.uses
    }

    /// The texts in an expression, and in what the names in it are assigned.
    fn texts(&self, expression: &'a Expr) -> BTreeSet<&'a str> {
        let mut texts = BTreeSet::new();
        let mut followed = BTreeSet::new();
        let mut pending = vec![AnyNodeRef::from(expression)];
        while let Some(node) = pending.pop() {
            match node {
                AnyNodeRef::ExprStringLiteral(string) => texts.extend([string.value.to_str()]),
                AnyNodeRef::ExprName(name) if followed.insert(name.id.as_str()) => {
                    let values = self.values.get(name.id.as_str()).into_iter().flatten();
                    pending.extend(values.map(|value| AnyNodeRef::from(*value)));
                }
                _ => pending.extend(children(node)),
            }
        }
        texts
    }
}
