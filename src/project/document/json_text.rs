//! The text of `wrangler.jsonc` and `wrangler.json`, editable through the concrete syntax tree of `jsonc-parser`, which keeps
//! every byte outside of the changes.

use super::jsonc_as_wrangler_reads_it;
use super::text::{EditableText, Step};
use jsonc_parser::cst::{CstInputValue, CstNode, CstObject, CstObjectProp, CstRootNode};
use serde_json::Value;

pub(super) struct JsonText {
    root: CstRootNode,
}

impl JsonText {
    /// `None` for what `parse_jsonc` does not accept either.
    pub(super) fn parse(text: &str) -> Option<Self> {
        CstRootNode::parse(text, &jsonc_as_wrangler_reads_it()).ok().map(|root| Self { root })
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

impl EditableText for JsonText {
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
        self.root.to_string()
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
