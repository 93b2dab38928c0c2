//! Lists configuration values whose type wrangler rejects, for the keys that saddlebag reads.
//!
//! Like wrangler, it checks the top level and the active environment only. The result is input for a gate, not an
//! error.

use super::WranglerConfig;
use super::environment::RULE_TYPES;
use crate::project::document::TOML_DATE;
use serde_json::Value;

type InvalidValues = Vec<(Vec<String>, String)>;

/// The type that wrangler accepts for a key (`validation.ts` of wrangler 4.164.0).
enum Shape {
    Text,
    Name,
    Boolean,
    Texts,
    Rules,
    PythonModules,
    Build,
}

const SHAPES: [(&str, Shape); 10] = [
    ("name", Shape::Name),
    ("main", Shape::Text),
    ("base_dir", Shape::Text),
    ("compatibility_date", Shape::Text),
    ("compatibility_flags", Shape::Texts),
    ("find_additional_modules", Shape::Boolean),
    ("no_bundle", Shape::Boolean),
    ("rules", Shape::Rules),
    ("python_modules", Shape::PythonModules),
    ("build", Shape::Build),
];

impl WranglerConfig {
    /// Key paths from the top of the document, each with a lowercase fragment that describes the problem.
    pub(crate) fn invalid(&self) -> Vec<(Vec<String>, String)> {
        let mut found = InvalidValues::new();
        self.check_below(&[], &mut found);
        if let Some(name) = self.environment.as_deref().filter(|_| self.environment_defined) {
            self.check_below(&["env", name], &mut found);
        }
        found
    }

    fn check_below(&self, parents: &[&str], found: &mut InvalidValues) {
        for (key, shape) in &SHAPES {
            let path: Vec<&str> = parents.iter().copied().chain([*key]).collect();
            if let Some(value) = self.at(&path) {
                let path = path.into_iter().map(str::to_owned).collect();
                check(path, shape, value, found);
            }
        }
    }
}

fn check(path: Vec<String>, shape: &Shape, value: &Value, found: &mut InvalidValues) {
    match shape {
        Shape::Text => expect(path, value.is_string(), value, "a string", found),
        Shape::Boolean => expect(path, value.is_boolean(), value, "true or false", found),
        Shape::Name => match value.as_str() {
            Some(name) if !is_worker_name(name) => {
                let reason = "takes lowercase letters, digits, `-` and `_`, and no `-` at the start";
                found.push((path, format!("`name` is `{name}`, and wrangler {reason}")));
            }
            other => expect(path, other.is_some(), value, "a string", found),
        },
        Shape::Texts => check_texts(path, value, found),
        // wrangler's own checks of these two begin with "if there is a value".
        Shape::Rules | Shape::Build if value.is_null() => {}
        Shape::Rules => match value.as_array() {
            Some(rules) => {
                for (index, rule) in rules.iter().enumerate() {
                    check_rule(below(&path, &index.to_string()), rule, found);
                }
            }
            None => expect(path, false, value, "a list of rules", found),
        },
        Shape::PythonModules => {
            if let Some(exclude) = value.get("exclude") {
                check_texts(below(&path, "exclude"), exclude, found);
            } else {
                expect(path, value.is_object(), value, "a table with `exclude`", found);
            }
        }
        Shape::Build => {
            for key in ["command", "cwd"] {
                if let Some(inner) = value.get(key).filter(|inner| !inner.is_null()) {
                    check(below(&path, key), &Shape::Text, inner, found);
                }
            }
            match value.get("watch_dir") {
                Some(list @ Value::Array(_)) => check_texts(below(&path, "watch_dir"), list, found),
                Some(other) => {
                    expect(below(&path, "watch_dir"), other.is_string(), other, "a string or a list of strings", found)
                }
                None => expect(path, value.is_object(), value, "a table", found),
            }
        }
    }
}

fn check_texts(path: Vec<String>, value: &Value, found: &mut InvalidValues) {
    match value.as_array() {
        Some(elements) => {
            for (index, element) in elements.iter().enumerate().filter(|(_, element)| !element.is_string()) {
                expect(below(&path, &index.to_string()), false, element, "a string", found);
            }
        }
        None => expect(path, false, value, "a list of strings", found),
    }
}

fn check_rule(path: Vec<String>, rule: &Value, found: &mut InvalidValues) {
    if !rule.is_object() {
        return expect(path, false, rule, "a table with `type` and `globs`", found);
    }
    match rule.get("type").and_then(Value::as_str) {
        Some(kind) if RULE_TYPES.contains(&kind) => {}
        Some(kind) => {
            let message = format!("the rule's `type` is `{kind}`, and wrangler takes `{}`", RULE_TYPES.join("`, `"));
            found.push((below(&path, "type"), message));
        }
        None => found.push((below(&path, "type"), "the rule has no `type`".to_owned())),
    }
    match rule.get("globs") {
        Some(globs) => check_texts(below(&path, "globs"), globs, found),
        None => found.push((below(&path, "globs"), "the rule has no `globs`".to_owned())),
    }
    if let Some(fallthrough) = rule.get("fallthrough") {
        expect(below(&path, "fallthrough"), fallthrough.is_boolean(), fallthrough, "true or false", found);
    }
}

fn expect(path: Vec<String>, fits: bool, value: &Value, wanted: &str, found: &mut InvalidValues) {
    if !fits {
        let message = format!("`{}` is {}, and wrangler takes {wanted}", path.join("."), kind_of(value));
        found.push((path, message));
    }
}

fn below(path: &[String], key: &str) -> Vec<String> {
    path.iter().cloned().chain([key.to_owned()]).collect()
}

/// `isValidName` of wrangler 4.164.0; the empty name is checked elsewhere there.
fn is_worker_name(name: &str) -> bool {
    !name.starts_with('-') && name.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_'))
}

/// A value's type in words: "a number", "a date without quotes".
pub(crate) fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(map) if map.contains_key(TOML_DATE) => "a date without quotes",
        Value::Object(_) => "a table",
    }
}
