//! One parsed Python file: its tree, its lines and its first syntax error; and the ways to walk a tree.
//!
//! The only module that calls the parser. A broken file is no error here: what parsed is in the tree.

mod decode;
mod encodings;
mod semantic_errors;

use ruff_python_ast::visitor::source_order::{SourceOrderVisitor, TraversalSignal};
use ruff_python_ast::{AnyNodeRef, Expr, Mod, PythonVersion, Stmt};
use ruff_python_parser::{Mode, ParseOptions, Parsed, parse_unchecked};
use ruff_source_file::LineIndex;
use ruff_text_size::{Ranged, TextSize};
use std::borrow::Cow;

/// Dropping a tree recurses once per level; a deeper tree is leaked instead.
const DEEPEST_DROP: u32 = 400;

/// The compiler's rules recurse as well, with larger frames: deeper trees are not checked.
const DEEPEST_CHECK: u32 = 150;

/// A parsed file.
pub(super) struct Syntax<'b> {
    text: Cow<'b, str>,
    /// The Python that the file is read for, if that is known.
    python: Option<PythonVersion>,
    lines: LineIndex,
    parsed: Parsed<Mod>,
    /// The bytes are not in the encoding that the file declares.
    encoding_error: bool,
    /// An encoding that Python does not know, and the line that declares it.
    unknown_encoding: Option<(u32, String)>,
}

impl<'b> Syntax<'b> {
    /// Parses a file for `python`; without one, for the newest that the parser knows.
    pub(super) fn parse(bytes: &'b [u8], python: Option<PythonVersion>) -> Self {
        let decoded = decode::decode(bytes);
        let version = python.unwrap_or_else(PythonVersion::latest);
        let options = ParseOptions::from(Mode::Module).with_target_version(version);
        let mut parsed = parse_unchecked(&decoded.text, options.clone());
        // The parser rejects `raise; x`, which Python accepts.
        let errors = parsed.errors().iter().map(|error| error.range().start());
        if let Some(text) = decode::without_bare_raise(&decoded.text, errors) {
            parsed = parse_unchecked(&text, options);
        }
        let lines = LineIndex::from_source_text(&decoded.text);
        Self {
            text: decoded.text,
            python,
            lines,
            parsed,
            encoding_error: decoded.is_invalid,
            unknown_encoding: decoded.unknown,
        }
    }

    pub(super) fn python(&self) -> Option<PythonVersion> {
        self.python
    }

    pub(super) fn root(&self) -> AnyNodeRef<'_> {
        AnyNodeRef::from(self.parsed.syntax())
    }

    /// The statements of the module.
    pub(super) fn body(&self) -> &[Stmt] {
        self.parsed.syntax().as_module().map_or(&[][..], |module| &module.body)
    }

    /// Line and column of an offset, both from 1; columns count characters. Lines end as Python has it: at `\n`, `\r\n` or
    /// a lone `\r`.
    pub(super) fn position(&self, offset: TextSize) -> (u32, u32) {
        let position = self.lines.line_column(offset, &self.text);
        let number = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        (number(position.line.get()), number(position.column.get()))
    }

    pub(super) fn line(&self, offset: TextSize) -> u32 {
        u32::try_from(self.lines.line_index(offset).get()).unwrap_or(u32::MAX)
    }

    /// Whether the bytes are not in the encoding that the file declares.
    pub(super) fn has_encoding_error(&self) -> bool {
        self.encoding_error
    }

    /// The first error, with line and column: of the encoding's name, of the grammar, of syntax that is too new, or (in a tree
    /// of this depth) of the compiler.
    pub(super) fn error(&self, depth: u32) -> Option<(u32, u32, String)> {
        if let Some((line, name)) = &self.unknown_encoding {
            return Some((*line, 1, format!("unknown encoding `{name}`")));
        }
        let parsed = self.parsed.errors().first().map(|error| (error.location.start(), error.error.to_string()));
        let too_new = || {
            let error = self.parsed.unsupported_syntax_errors().first()?;
            Some((error.range.start(), error.to_string()))
        };
        let is_checked = !self.encoding_error && depth < DEEPEST_CHECK;
        let semantic = || {
            let python = self.python.unwrap_or_else(PythonVersion::latest);
            is_checked.then(|| semantic_errors::first(self.body(), &self.text, python)).flatten()
        };
        let (offset, message) = parsed.or_else(too_new).or_else(semantic)?;
        let (line, column) = self.position(offset);
        Some((line, column, lower_first(&message)))
    }

    /// Frees a tree that is `depth` levels deep, unless that would exhaust the stack.
    pub(super) fn close(self, depth: u32) {
        if depth > DEEPEST_DROP {
            std::mem::forget(self);
        }
    }
}

/// A message in our style: a fragment that starts in lower case.
fn lower_first(message: &str) -> String {
    let mut chars = message.chars();
    chars.next().map_or_else(String::new, |first| first.to_lowercase().chain(chars).collect())
}

/// The direct children of a node without annotations, which are not run as imports, whatever strings they hold.
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

/// Whether `matches` holds for any node at or below these. At most `limit` nodes are visited, so that nothing is
/// quadratic.
pub(super) fn any_node<'a, N: Into<AnyNodeRef<'a>>>(
    roots: impl IntoIterator<Item = N>,
    limit: usize,
    mut matches: impl FnMut(AnyNodeRef<'a>) -> bool,
) -> bool {
    let mut pending: Vec<AnyNodeRef<'a>> = roots.into_iter().map(Into::into).collect();
    for _ in 0..limit {
        let Some(node) = pending.pop() else { return false };
        if matches(node) {
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
