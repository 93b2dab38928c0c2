//! Finds strings, comments and statements in a Python file: just enough to tell a mention from prose.
//!
//! Not a parser: it accepts files with syntax errors or for other Python versions, and never panics.

use std::ops::Range;

/// Byte ranges, each list in file order.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Outline {
    /// Contents of string literals, without the quotes.
    strings: Vec<Range<usize>>,
    comments: Vec<Range<usize>>,
    /// Logical lines, split at `;` too.
    statements: Vec<Range<usize>>,
}

/// The kind of text at a position.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Context<'a> {
    /// A comment or a docstring.
    Prose,
    /// A string literal and its statement.
    String(&'a Range<usize>, &'a Range<usize>),
    Statement(&'a Range<usize>),
}

/// `from ..a import b` is level 2 and `a.b`; a star adds nothing to the path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Import {
    pub(super) level: usize,
    pub(super) path: Vec<String>,
}

impl Outline {
    pub(super) fn new(text: &[u8]) -> Self {
        let mut outline = Self::default();
        let (mut at, mut depth, mut start) = (0_usize, 0_usize, 0_usize);
        while at < text.len() {
            match text[at] {
                b'#' => {
                    let end = find(text, at, b"\n").unwrap_or(text.len());
                    outline.comments.push(at..end);
                    at = end;
                    continue;
                }
                b'"' | b'\'' => {
                    let (content, after) = string(text, at);
                    outline.strings.push(content);
                    at = after;
                    continue;
                }
                b'\\' => at += 1,
                b'(' | b'[' | b'{' => depth += 1,
                b')' | b']' | b'}' => depth = depth.saturating_sub(1),
                b'\n' | b';' if depth == 0 || starts_statement(&text[at + 1..]) => {
                    depth = 0;
                    outline.statements.push(start..at);
                    start = at + 1;
                }
                _ => {}
            }
            at += 1;
        }
        outline.statements.push(start..text.len());
        outline
    }

    pub(super) fn context(&self, text: &[u8], at: usize) -> Context<'_> {
        let Some(statement) = covering(&self.statements, at) else { return Context::Prose };
        if covering(&self.comments, at).is_some() {
            return Context::Prose;
        }
        match covering(&self.strings, at) {
            // A string that is a whole statement is a docstring.
            Some(_) if self.code(text, statement).chars().all(|c| c.is_whitespace() || "'\"rRuUbB".contains(c)) => {
                Context::Prose
            }
            Some(string) => Context::String(string, statement),
            None => Context::Statement(statement),
        }
    }

    /// The content of the string before `string`, if the same statement has one.
    pub(super) fn string_before<'t>(
        &self,
        text: &'t [u8],
        string: &Range<usize>,
        statement: &Range<usize>,
    ) -> Option<&'t [u8]> {
        let index = self.strings.partition_point(|other| other.start < string.start);
        let before = self.strings[..index].last()?;
        (before.start >= statement.start).then(|| &text[before.clone()])
    }

    /// The imports of one statement, also after `try:` or `if x:`.
    pub(super) fn imports(&self, text: &[u8], statement: &Range<usize>) -> Vec<Import> {
        let code = self.code(text, statement);
        let Some(keyword) = words(&code).find(|word| &code[word.clone()] == "import") else { return Vec::new() };
        let names = code[keyword.end..].split(',').filter_map(|item| {
            let item = item.trim_matches(|c: char| c.is_whitespace() || c == '(' || c == ')');
            item.split_whitespace().next()
        });
        let from = words(&code[..keyword.start]).filter(|word| &code[word.clone()] == "from").last();
        let module: String = match &from {
            Some(from) => code[from.end..keyword.start].split_whitespace().collect(),
            None => String::new(),
        };
        let level = module.bytes().take_while(|byte| *byte == b'.').count();
        names
            .map(|name| {
                let parts = module[level..].split('.').chain(name.split('.'));
                Import {
                    level,
                    path: parts.filter(|part| !part.is_empty() && *part != "*").map(str::to_owned).collect(),
                }
            })
            .collect()
    }

    /// The statement without strings, comments and continuation marks.
    fn code(&self, text: &[u8], statement: &Range<usize>) -> String {
        let mut bytes = text[statement.clone()].to_vec();
        for hidden in [&self.strings, &self.comments] {
            let first = hidden.partition_point(|range| range.end <= statement.start);
            for range in hidden[first..].iter().take_while(|range| range.start < statement.end) {
                let from = range.start.max(statement.start) - statement.start;
                let to = range.end.min(statement.end) - statement.start;
                bytes[from..to].fill(b' ');
            }
        }
        String::from_utf8_lossy(&bytes).replace('\\', " ")
    }
}

/// An import at the start of a line cannot be inside brackets: the bracket count was wrong, so reset it.
fn starts_statement(line: &[u8]) -> bool {
    line.starts_with(b"import ") || line.starts_with(b"from ")
}

/// The content of the literal that opens at `at`, and the position after it.
fn string(text: &[u8], at: usize) -> (Range<usize>, usize) {
    let quote = text[at];
    let triple = text[at..].starts_with(&[quote; 3]);
    let start = at + if triple { 3 } else { 1 };
    let mut end = start;
    while end < text.len() {
        match text[end] {
            b'\\' => end += 1,
            b'\n' if !triple => return (start..end, end),
            byte if byte == quote && !triple => return (start..end, end + 1),
            byte if byte == quote && text[end..].starts_with(&[quote; 3]) => return (start..end, end + 3),
            _ => {}
        }
        end += 1;
    }
    (start.min(text.len())..text.len(), text.len())
}

fn find(text: &[u8], from: usize, byte: &[u8; 1]) -> Option<usize> {
    text[from..].iter().position(|found| found == &byte[0]).map(|offset| from + offset)
}

fn covering(ranges: &[Range<usize>], at: usize) -> Option<&Range<usize>> {
    let index = ranges.partition_point(|range| range.end <= at);
    ranges.get(index).filter(|range| range.start <= at)
}

/// Runs of identifier characters.
fn words(code: &str) -> impl Iterator<Item = Range<usize>> {
    let is_word = |c: char| c == '_' || c.is_alphanumeric();
    let mut rest = 0;
    std::iter::from_fn(move || {
        let start = rest + code[rest..].find(is_word)?;
        rest = code[start..].find(|c| !is_word(c)).map_or(code.len(), |length| start + length);
        Some(start..rest)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn imports(text: &str, word: &str) -> Vec<(usize, String)> {
        let outline = Outline::new(text.as_bytes());
        let mut found = Vec::new();
        for (at, _) in text.match_indices(word) {
            if let Context::Statement(statement) = outline.context(text.as_bytes(), at) {
                found.extend(
                    outline.imports(text.as_bytes(), statement).into_iter().map(|i| (i.level, i.path.join("."))),
                );
            }
        }
        found.dedup();
        found
    }

    #[test]
    fn imports_are_read_in_every_spelling() {
        assert_eq!(imports("import a.tests as t, b\n", "tests"), [(0, "a.tests".into()), (0, "b".into())]);
        assert_eq!(imports("from ..a.tests import x\n", "tests"), [(2, "a.tests.x".into())]);
        assert_eq!(
            imports("from . import (\n  one,  # tests\n  tests as t,\n)\n", "tests"),
            [(1, "one".into()), (1, "tests".into())]
        );
        assert_eq!(imports("from a \\\n  import tests\n", "tests"), [(0, "a.tests".into())]);
        assert_eq!(imports("try: from .tests import *\nexcept E: pass\n", "tests"), [(1, "tests".into())]);
        assert_eq!(imports("x = 1; import tests\n", "tests"), [(0, "tests".into())]);
        assert_eq!(imports("tests = 3\n", "tests"), []);
    }

    #[test]
    fn strings_and_comments_are_told_apart() {
        let text = b"'''a # tests\n''' # it's tests\nx = \"\\\"tests\" + 'b\ny = tests\n";
        let outline = Outline::new(text);
        let contexts: Vec<&str> = [7, 24, 37, 51]
            .iter()
            .map(|at| match outline.context(text, *at) {
                Context::Prose => "prose",
                Context::String(..) => "string",
                Context::Statement(_) => "statement",
            })
            .collect();
        assert_eq!(contexts, ["prose", "prose", "string", "statement"]);
    }

    #[test]
    fn a_lost_bracket_does_not_swallow_later_imports() {
        assert_eq!(imports("x = f'{a['b']}' (\nfrom .tests import y\n", "tests"), [(1, "tests.y".into())]);
    }

    proptest! {
        #[test]
        fn never_panics(text in r##"([a-z(){};:\\'"#.\n]|import |from |tests){0,40}"##) {
            let outline = Outline::new(text.as_bytes());
            for at in 0..text.len() {
                if let Context::Statement(statement) = outline.context(text.as_bytes(), at) {
                    outline.imports(text.as_bytes(), statement);
                }
            }
        }
    }
}
