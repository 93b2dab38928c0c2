//! `wrangler.jsonc` and `wrangler.json` as text that can be changed in place.
//!
//! Receives the text; hands on its value and the changed text. The concrete syntax tree of `jsonc-parser` keeps every
//! byte outside the changes. Must never decide what to change.

use super::document::{EditableText, Step};
use crate::error::{Error, ErrorKind, Location, LocationKind, Result};
use crate::project::config::document::jsonc_as_wrangler_reads_it;
use jsonc_parser::cst::{CstInputValue, CstNode, CstObject, CstObjectProp, CstRootNode};
use serde_json::Value;

const BYTE_ORDER_MARK: char = '\u{feff}';

pub(super) struct JsonConfig {
    root: CstRootNode,
    byte_order_mark: bool,
}

impl JsonConfig {
    /// Errors: `ConfigSyntax` with line and column.
    pub(super) fn parse(name: &str, text: &str) -> Result<(Value, Self)> {
        let byte_order_mark = text.starts_with(BYTE_ORDER_MARK);
        let plain = text.trim_start_matches(BYTE_ORDER_MARK);
        let syntax = |error: &jsonc_parser::errors::ParseError| {
            let place = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
            Error::new(
                ErrorKind::ConfigSyntax,
                format!("`{name}` is not valid JSON: {}", error.kind().to_string().to_lowercase()),
                "correct the line and run again",
            )
            .with_location(Location::at(
                LocationKind::Config,
                name,
                place(error.line_display()),
                place(error.column_display()),
            ))
        };
        let options = jsonc_as_wrangler_reads_it();
        let value: Value = jsonc_parser::parse_to_serde_value(plain, &options).map_err(|error| syntax(&error))?;
        let root = CstRootNode::parse(plain, &options).map_err(|error| syntax(&error))?;
        Ok((value, Self { root, byte_order_mark }))
    }

    fn find(&self, at: &[Step]) -> Option<CstNode> {
        at.iter().try_fold(self.root.value()?, |node, step| match step {
            Step::Key(key) => property(&node.as_object()?, key)?.value(),
            Step::Index(index) => node.as_array()?.elements().into_iter().nth(*index),
        })
    }

    fn parent_object(&self, parents: &[Step]) -> Option<CstObject> {
        self.find(parents)?.as_object()
    }
}

impl EditableText for JsonConfig {
    fn set(&mut self, at: &[Step], value: &Value) -> bool {
        if let (Some(literal), Value::String(text)) = (self.find(at).and_then(|node| node.as_string_lit()), value) {
            literal.set_raw_value(Value::from(text.as_str()).to_string());
            return true;
        }
        let Some((Step::Key(key), parents)) = at.split_last() else { return false };
        let Some(object) = self.parent_object(parents) else { return false };
        match property(&object, key) {
            Some(property) => property.set_value(input(value)),
            None => drop(object.append(key, input(value))),
        }
        true
    }

    fn append(&mut self, at: &[Step], value: &str) -> bool {
        let Some(array) = self.find(at).and_then(|node| node.as_array()) else { return false };
        array.append(value.into());
        true
    }

    fn remove(&mut self, at: &[Step]) -> bool {
        let Some((Step::Key(key), parents)) = at.split_last() else { return false };
        let Some(object) = self.parent_object(parents) else { return false };
        let named: Vec<_> = object.properties().into_iter().filter(|property| is_named(property, key)).collect();
        let found = !named.is_empty();
        named.into_iter().for_each(CstObjectProp::remove);
        found
    }

    fn render(&self) -> String {
        let mut text = self.root.to_string();
        if self.byte_order_mark {
            text.insert(0, BYTE_ORDER_MARK);
        }
        text
    }
}

/// The last one of that name: it is the one that counts where a key is written twice.
fn property(object: &CstObject, key: &str) -> Option<CstObjectProp> {
    object.properties().into_iter().rfind(|property| is_named(property, key))
}

fn is_named(property: &CstObjectProp, key: &str) -> bool {
    property.decoded_name().as_deref() == Some(key)
}

fn input(value: &Value) -> CstInputValue {
    match value {
        Value::Null => CstInputValue::Null,
        Value::Bool(value) => CstInputValue::Bool(*value),
        Value::Number(number) => CstInputValue::Number(number.to_string()),
        Value::String(text) => CstInputValue::String(text.clone()),
        Value::Array(values) => CstInputValue::Array(values.iter().map(input).collect()),
        Value::Object(members) => {
            CstInputValue::Object(members.iter().map(|(key, value)| (key.clone(), input(value))).collect())
        }
    }
}
