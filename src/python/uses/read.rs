//! The walk over one file's tree that finds its uses.
//!
//! Receives bytes; hands on `Uses`. Must never follow a name further than to the one value that the file gives it.

use super::shapes::{
    asks_for_main, children, is_exports, last_name, list, names_exports, stops_file_errors, suppresses,
};
use super::{Function, Mention, Uses};
use ruff_python_ast::{self as ast, AnyNodeRef, Expr};
use ruff_python_parser::{Mode, ParseOptions, parse_unchecked};
use ruff_text_size::{Ranged, TextSize};
use std::collections::{BTreeSet, HashMap};

/// Dropping a tree recurses once per level; a deeper one is left to the end of the process instead.
const DEEPEST_DROP: u32 = 400;

/// Reads what `bytes` do with their names. Never fails: what does not parse is not there.
pub(crate) fn uses(bytes: &[u8]) -> Uses {
    let text = String::from_utf8_lossy(bytes);
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    let parsed = parse_unchecked(text, ParseOptions::from(Mode::Module));
    let breaks: Vec<usize> = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(at, _)| at).collect();
    let line =
        |offset: TextSize| u32::try_from(breaks.partition_point(|at| *at < offset.to_usize()) + 1).unwrap_or(u32::MAX);
    let mut reader = Reader { line, uses: Uses::default(), values: HashMap::new(), all: Vec::new(), paths: Vec::new() };
    let deepest = reader.read(AnyNodeRef::from(parsed.syntax()));
    let uses = reader.finish();
    if deepest > DEEPEST_DROP {
        std::mem::forget(parsed);
    }
    uses
}

/// Where a node stands.
#[derive(Clone, Copy, Default)]
struct Standing {
    function: Option<usize>,
    in_class: bool,
    handled: bool,
    /// In the value of `__all__`, whose strings call nothing.
    exports: bool,
    depth: u32,
}

enum Path<'a> {
    Written(&'a Expr),
    Listed(&'a Expr),
}

struct Reader<'a, L: Fn(TextSize) -> u32> {
    line: L,
    uses: Uses,
    /// What names are assigned, by plain assignments.
    values: HashMap<&'a str, Vec<&'a Expr>>,
    /// Every statement that has to do with `__all__`: its value, or nothing that can be read.
    all: Vec<Option<&'a Expr>>,
    /// Expressions of paths, to be looked into when every assignment is known.
    paths: Vec<Path<'a>>,
}

impl<'a, L: Fn(TextSize) -> u32> Reader<'a, L> {
    fn read(&mut self, root: AnyNodeRef<'a>) -> u32 {
        let mut deepest = 0;
        let mut pending = vec![(root, Standing::default())];
        while let Some((node, standing)) = pending.pop() {
            deepest = deepest.max(standing.depth);
            self.hear(node, standing);
            let inside = Standing { depth: standing.depth + 1, ..standing };
            let mut push = |node, standing| pending.push((node, standing));
            match node {
                // The runtime imports main by its own name.
                AnyNodeRef::StmtIf(statement) if asks_for_main(&statement.test) => {
                    for clause in &statement.elif_else_clauses {
                        push(clause.into(), inside);
                    }
                }
                AnyNodeRef::StmtFunctionDef(function) => {
                    function.decorator_list.iter().for_each(|decorator| push(decorator.into(), inside));
                    push(AnyNodeRef::from(&*function.parameters), inside);
                    let function_at = self.function(function, standing);
                    let body = Standing { function: function_at, handled: false, ..inside };
                    function.body.iter().for_each(|inner| push(inner.into(), body));
                }
                AnyNodeRef::StmtClassDef(_) => {
                    children(node).for_each(|child| push(child, Standing { in_class: true, ..inside }));
                }
                AnyNodeRef::StmtTry(statement) => {
                    let handled = inside.handled || stops_file_errors(statement);
                    statement.body.iter().for_each(|inner| push(inner.into(), Standing { handled, ..inside }));
                    let handlers = statement.handlers.iter().map(AnyNodeRef::from);
                    let rest = statement.orelse.iter().chain(&statement.finalbody).map(AnyNodeRef::from);
                    handlers.chain(rest).for_each(|inner| push(inner, inside));
                }
                AnyNodeRef::StmtWith(statement) => {
                    statement.items.iter().for_each(|item| push(item.into(), inside));
                    let handled = inside.handled || statement.items.iter().any(|item| suppresses(&item.context_expr));
                    statement.body.iter().for_each(|inner| push(inner.into(), Standing { handled, ..inside }));
                }
                AnyNodeRef::StmtAssign(statement) if is_exports(&statement.targets) => {
                    push((&*statement.value).into(), Standing { exports: true, ..inside });
                }
                _ => children(node).for_each(|child| push(child, inside)),
            }
        }
        deepest
    }

    /// The function that the body of this one belongs to, for whether it is called.
    fn function(&mut self, function: &ast::StmtFunctionDef, standing: Standing) -> Option<usize> {
        if standing.in_class || standing.function.is_some() {
            return standing.function;
        }
        self.uses.functions.push(Function {
            name: function.name.to_string(),
            lines: ((self.line)(function.start()), (self.line)(function.end())),
            decorated: !function.decorator_list.is_empty(),
        });
        Some(self.uses.functions.len() - 1)
    }

    fn hear(&mut self, node: AnyNodeRef<'a>, standing: Standing) {
        let Standing { function, handled, .. } = standing;
        let mut mention = |name: &str, of: Option<&str>| {
            let (name, of) = (name.to_owned(), of.map(str::to_owned));
            self.uses.mentions.push(Mention { name, of, by: function, handled });
        };
        match node {
            AnyNodeRef::StmtImport(statement) => {
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
            AnyNodeRef::StmtImportFrom(statement) => {
                // Under another name its uses are not seen.
                statement
                    .names
                    .iter()
                    .filter(|alias| alias.asname.is_some())
                    .for_each(|alias| mention(&alias.name, None));
            }
            AnyNodeRef::ExprName(name) if name.ctx.is_load() => mention(&name.id, None),
            AnyNodeRef::ExprAttribute(attribute) => {
                let of = attribute.value.as_name_expr().map(|name| name.id.as_str());
                mention(&attribute.attr, of);
                if let Some(of) = of {
                    self.uses.attributes.entry(of.to_owned()).or_default().insert(attribute.attr.to_string());
                }
            }
            AnyNodeRef::ExprStringLiteral(string) => {
                let text = string.value.to_str();
                if let (false, Some(last)) = (standing.exports, text.rsplit(['.', ':']).next()) {
                    mention(last, None);
                }
                self.ending(text);
            }
            AnyNodeRef::InterpolatedStringLiteralElement(element) => self.ending(&element.value),
            AnyNodeRef::StmtAssign(statement) => {
                for target in &statement.targets {
                    if let Expr::Name(name) = target {
                        self.values.entry(name.id.as_str()).or_default().push(&statement.value);
                    }
                }
                if is_exports(&statement.targets) {
                    let at_module = standing.function.is_none() && !standing.in_class;
                    self.all.push(at_module.then_some(&*statement.value));
                }
            }
            AnyNodeRef::StmtAugAssign(statement) if names_exports(&statement.target) => self.all.push(None),
            AnyNodeRef::StmtAnnAssign(statement) if names_exports(&statement.target) => {
                self.all.push(statement.value.as_deref());
            }
            AnyNodeRef::ExprCall(call) => self.call(call),
            _ => {}
        }
        self.bare(node);
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

    fn call(&mut self, call: &'a ast::ExprCall) {
        let arguments = &call.arguments;
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
            Some("write_text" | "write_bytes" | "touch") => self.paths.extend(receiver.map(Path::Written)),
            Some("copy" | "copyfile" | "copy2" | "move" | "urlretrieve") => {
                self.paths.extend(arguments.args.get(1).map(Path::Written));
            }
            Some("listdir" | "scandir" | "walk" | "iterdir" | "glob" | "rglob" | "iglob") => {
                self.paths.extend(receiver.into_iter().chain(&arguments.args).map(Path::Listed));
            }
            // `__all__.extend(...)`
            Some("extend" | "append" | "remove") if receiver.is_some_and(names_exports) => self.all.push(None),
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
        if let [Some(value)] = self.all.as_slice() {
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
