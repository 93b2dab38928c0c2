//! A configuration or project file as a value, with the place of every key; `edit` changes its text in place.
//!
//! Accepts what wrangler's parsers accept (wrangler 4.164.0: smol-toml 1.9.0, jsonc-parser 3.2.0 with `allowTrailingComma`)
//! and no more: a file that only we can read is a failed deploy later.

mod edit;
mod json_text;
mod text;
mod toml_text;

pub(crate) use edit::{Change, Edit, EditableDocument, KeyPath};
pub(crate) use text::Step;

use crate::error::{Error, ErrorKind, Location, LocationKind, Result};
use crate::project::position::line_and_column;
use camino::Utf8Path;
use jsonc_parser::tokens::Token;
use jsonc_parser::{CollectOptions, CommentCollectionStrategy, ParseOptions};
use serde_json::{Map, Number, Value};
use std::collections::BTreeMap;
use toml_edit::{Item, TableLike};

/// The key under which a TOML date stands in `value`: for wrangler a date is an object and never the string it wants.
pub(crate) const TOML_DATE: &str = "$toml-date";

/// JavaScript's `Number.MAX_SAFE_INTEGER`, beyond which smol-toml refuses an integer.
const LARGEST_INTEGER: u64 = 9_007_199_254_740_991;

/// The syntax of a wrangler configuration: TOML, or JSON with comments and trailing commas (`wrangler.json` and
/// `wrangler.jsonc`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    Toml,
    Json,
}

impl Format {
    /// wrangler goes by the ending alone, and reads any other file as an empty configuration.
    pub(crate) fn of(path: &Utf8Path) -> Option<Self> {
        match path.extension() {
            Some("toml") => Some(Self::Toml),
            Some("json" | "jsonc") => Some(Self::Json),
            _ => None,
        }
    }
}

/// The value of a text, and where each key is.
#[derive(Debug, Clone, Default)]
pub(crate) struct Document {
    pub(crate) value: Value,
    /// Offset in bytes of each key, by its path; elements of arrays have their index for a key.
    offsets: BTreeMap<Vec<String>, usize>,
}

impl Document {
    /// Errors: `ConfigSyntax` with line and column. `shown` is how messages call the file.
    pub(crate) fn parse(text: &str, shown: &str, format: Format) -> Result<Self> {
        match format {
            Format::Toml => parse_toml(text, shown),
            Format::Json => parse_jsonc(text, shown),
        }
    }

    /// Offset of the key, or of the nearest enclosing one that is there, or of the top.
    pub(crate) fn offset(&self, path: &[&str]) -> usize {
        (1..=path.len())
            .rev()
            .find_map(|length| {
                let key: Vec<String> = path[..length].iter().map(|part| (*part).to_owned()).collect();
                self.offsets.get(&key).copied()
            })
            .unwrap_or(0)
    }
}

/// Bytes as text, without a byte order mark of UTF-8. Errors: `ConfigSyntax` for another encoding, as wrangler has it.
pub(crate) fn decode(bytes: Vec<u8>, shown: &str) -> Result<String> {
    // UTF-32 LE begins with the mark of UTF-16 LE, so it comes first.
    let foreign: [(&[u8], &str); 4] = [
        (&[0x00, 0x00, 0xfe, 0xff], "UTF-32 BE"),
        (&[0xff, 0xfe, 0x00, 0x00], "UTF-32 LE"),
        (&[0xfe, 0xff], "UTF-16 BE"),
        (&[0xff, 0xfe], "UTF-16 LE"),
    ];
    let hint = "save the file as UTF-8";
    if let Some((_, encoding)) = foreign.iter().find(|(mark, _)| bytes.starts_with(mark)) {
        let message = format!("`{shown}` is encoded as {encoding}");
        return Err(Error::new(ErrorKind::ConfigSyntax, message, hint).with_location(Location::at(
            LocationKind::Config,
            shown,
            1,
            1,
        )));
    }
    match String::from_utf8(bytes) {
        Ok(text) => Ok(text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text)),
        Err(error) => {
            let valid = error.utf8_error().valid_up_to();
            let text = String::from_utf8_lossy(error.as_bytes());
            Err(syntax(shown, &text, valid, &format!("`{shown}` is not UTF-8"), hint))
        }
    }
}

/// A TOML text as wrangler takes it. Errors: `ConfigSyntax` with line and column.
pub(crate) fn parse_toml(text: &str, shown: &str) -> Result<Document> {
    let mut walk = TomlWalk::default();
    let value = walk.table(toml_tree(text, shown)?.as_table(), &mut Vec::new());
    if let Some(offset) = walk.too_large {
        let message =
            format!("`{shown}` is not valid TOML: an integer beyond {LARGEST_INTEGER} is more than wrangler can hold");
        return Err(syntax(shown, text, offset, &message, "put the number in quotes, or make it smaller"));
    }
    Ok(Document { value, offsets: walk.offsets })
}

/// A TOML text as the editable tree with spans. Errors: `ConfigSyntax` with line and column.
pub(crate) fn toml_tree(text: &str, shown: &str) -> Result<toml_edit::Document<String>> {
    toml_edit::Document::parse(text.to_owned()).map_err(|error| {
        let message = format!("`{shown}` is not valid TOML: {}", one_line(error.message()));
        let offset = error.span().map_or(0, |span| span.start);
        syntax(shown, text, offset, &message, "correct the line: neither wrangler nor pywrangler can read the file")
    })
}

/// The values and places of a tree that `toml_tree` parsed.
pub(crate) fn document_of(tree: &toml_edit::Document<String>) -> Document {
    let mut walk = TomlWalk::default();
    let value = walk.table(tree.as_table(), &mut Vec::new());
    Document { value, offsets: walk.offsets }
}

#[derive(Default)]
struct TomlWalk {
    offsets: BTreeMap<Vec<String>, usize>,
    too_large: Option<usize>,
}

impl TomlWalk {
    fn table(&mut self, table: &dyn TableLike, path: &mut Vec<String>) -> Value {
        let mut map = Map::new();
        for (key, item) in table.iter() {
            path.push(key.to_owned());
            let span = table.key(key).and_then(toml_edit::Key::span).or_else(|| item.span());
            self.place(path, span);
            let value = self.item(item, path);
            path.pop();
            if let Some(value) = value {
                map.insert(key.to_owned(), value);
            }
        }
        Value::Object(map)
    }

    fn item(&mut self, item: &Item, path: &mut Vec<String>) -> Option<Value> {
        match item {
            Item::None => None,
            Item::Value(value) => Some(self.value(value, path)),
            Item::Table(table) => Some(self.table(table, path)),
            Item::ArrayOfTables(tables) => {
                let mut values = Vec::new();
                for (index, table) in tables.iter().enumerate() {
                    path.push(index.to_string());
                    self.place(path, table.span());
                    values.push(self.table(table, path));
                    path.pop();
                }
                Some(Value::Array(values))
            }
        }
    }

    fn value(&mut self, value: &toml_edit::Value, path: &mut Vec<String>) -> Value {
        match value {
            toml_edit::Value::String(string) => Value::String(string.value().clone()),
            toml_edit::Value::Integer(integer) => {
                if integer.value().unsigned_abs() > LARGEST_INTEGER {
                    self.too_large.get_or_insert(integer.span().map_or(0, |span| span.start));
                }
                Value::Number((*integer.value()).into())
            }
            toml_edit::Value::Float(float) => Number::from_f64(*float.value()).map_or(Value::Null, Value::Number),
            toml_edit::Value::Boolean(boolean) => Value::Bool(*boolean.value()),
            toml_edit::Value::Datetime(date) => {
                Value::Object(Map::from_iter([(TOML_DATE.to_owned(), Value::String(date.value().to_string()))]))
            }
            toml_edit::Value::Array(array) => {
                let mut values = Vec::new();
                for (index, element) in array.iter().enumerate() {
                    path.push(index.to_string());
                    self.place(path, element.span());
                    values.push(self.value(element, path));
                    path.pop();
                }
                Value::Array(values)
            }
            toml_edit::Value::InlineTable(table) => self.table(table, path),
        }
    }

    fn place(&mut self, path: &[String], span: Option<std::ops::Range<usize>>) {
        if let Some(span) = span {
            self.offsets.entry(path.to_vec()).or_insert(span.start);
        }
    }
}

/// Comments and trailing commas, nothing else (`parseJSONC` of wrangler 4.164.0).
pub(crate) fn jsonc_as_wrangler_reads_it() -> ParseOptions {
    ParseOptions {
        allow_comments: true,
        allow_trailing_commas: true,
        allow_loose_object_property_names: false,
        allow_missing_commas: false,
        allow_single_quoted_strings: false,
        allow_hexadecimal_numbers: false,
        allow_unary_plus_numbers: false,
        allow_bare_decimal_point_numbers: false,
        allow_non_finite_numbers: false,
        allow_extended_string_escapes: false,
    }
}

/// A JSON text with comments and trailing commas, for `.json` as for `.jsonc`. Errors: `ConfigSyntax` with line and column.
pub(crate) fn parse_jsonc(text: &str, shown: &str) -> Result<Document> {
    let hint = "correct the line: wrangler cannot read the file";
    let failed = |offset: usize, reason: &str| {
        let message = format!("`{shown}` is not valid JSON: {}", one_line(reason));
        syntax(shown, text, offset, &message, hint)
    };
    let collect = CollectOptions { comments: CommentCollectionStrategy::AsTokens, tokens: true };
    let parsed = jsonc_parser::parse_to_ast(text, &collect, &jsonc_as_wrangler_reads_it())
        .map_err(|error| failed(error.range().start, &error.kind().to_string()))?;
    if let Some((offset, reason)) = beyond_wrangler(text, parsed.tokens.as_deref().unwrap_or_default()) {
        return Err(failed(offset, reason));
    }
    let Some(root) = parsed.value else {
        return Err(failed(text.len(), "expected a value, found the end of the file"));
    };
    let mut offsets = BTreeMap::new();
    let value = json_value(&root, &mut Vec::new(), &mut offsets);
    Ok(Document { value, offsets })
}

/// What our parser lets pass and wrangler's does not: control characters in strings, and spaces other than JSON's four.
fn beyond_wrangler(text: &str, tokens: &[jsonc_parser::tokens::TokenAndRange<'_>]) -> Option<(usize, &'static str)> {
    let space = |from: usize, to: usize| {
        let strange = text[from..to].bytes().position(|byte| !matches!(byte, b' ' | b'\t' | b'\r' | b'\n'))?;
        Some((from + strange, "a space that JSON does not know"))
    };
    let mut end = 0;
    for token in tokens {
        let (from, to) = (token.range.start, token.range.end);
        if let Some(found) = space(end, from) {
            return Some(found);
        }
        if matches!(token.token, Token::String(_))
            && let Some(control) = text[from..to].bytes().position(|byte| byte < 0x20)
        {
            return Some((from + control, "a control character or a line break in a string"));
        }
        end = to;
    }
    space(end, text.len())
}

fn json_value(
    node: &jsonc_parser::ast::Value<'_>,
    path: &mut Vec<String>,
    offsets: &mut BTreeMap<Vec<String>, usize>,
) -> Value {
    use jsonc_parser::ast::Value as Node;
    match node {
        Node::StringLit(string) => Value::String(string.value.clone().into_owned()),
        Node::BooleanLit(boolean) => Value::Bool(boolean.value),
        Node::NullKeyword(_) => Value::Null,
        Node::NumberLit(number) => json_number(number.value),
        Node::Array(array) => {
            let mut values = Vec::new();
            for (index, element) in array.elements.iter().enumerate() {
                path.push(index.to_string());
                offsets.insert(path.clone(), jsonc_parser::common::Ranged::start(element));
                values.push(json_value(element, path, offsets));
                path.pop();
            }
            Value::Array(values)
        }
        Node::Object(object) => {
            let mut map = Map::new();
            for property in &object.properties {
                let name = property.name.as_str().to_owned();
                path.push(name.clone());
                // A later key of the same name wins, as in JavaScript; nothing below the earlier one is left.
                if offsets.insert(path.clone(), property.range.start).is_some() {
                    offsets.retain(|known, _| known == path || !known.starts_with(path));
                }
                let value = json_value(&property.value, path, offsets);
                path.pop();
                map.insert(name, value);
            }
            Value::Object(map)
        }
    }
}

fn json_number(text: &str) -> Value {
    text.parse::<i64>()
        .map(|integer| Value::Number(integer.into()))
        .or_else(|_| text.parse::<f64>().map(|float| Number::from_f64(float).map_or(Value::Null, Value::Number)))
        .unwrap_or(Value::Null)
}

fn syntax(shown: &str, text: &str, offset: usize, message: &str, hint: &str) -> Error {
    let (line, column) = line_and_column(text, offset);
    Error::new(ErrorKind::ConfigSyntax, message, hint).with_location(Location::at(
        LocationKind::Config,
        shown,
        line,
        column,
    ))
}

/// Another parser's message as a fragment of ours: one line, lowercase, without a full stop.
pub(crate) fn one_line(message: &str) -> String {
    let joined = message.lines().map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join(", ");
    let trimmed = joined.trim_end_matches('.');
    let mut chars = trimmed.chars();
    match chars.next() {
        // `TOML`, `EOF` and other all-capital words stay.
        Some(first) if !chars.as_str().starts_with(char::is_uppercase) => first.to_lowercase().chain(chars).collect(),
        _ => trimmed.to_owned(),
    }
}
