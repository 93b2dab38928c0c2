//! Compares two versions of a configuration by key path.
//!
//! wrangler rewrites the whole file, so order, comments and formatting of its text carry no information.

use crate::project::document::Format;
use crate::project::document::{KeyPath, Step};
use serde::Serialize;
use serde_json::Value;

/// A value that differs from before.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Difference {
    pub(super) at: KeyPath,
    /// `None` if it was removed.
    pub(super) now: Option<Value>,
}

impl Difference {
    /// As a line to copy, its value in the file's own syntax.
    pub(super) fn line(&self, format: Format) -> String {
        let Some(value) = &self.now else { return format!("{} is gone", self.at) };
        match (format, value.serialize(toml_edit::ser::ValueSerializer::new())) {
            (Format::Toml, Ok(value)) => format!("{} = {value}", self.at),
            _ => format!("{}: {value}", self.at),
        }
    }
}

/// Values that were added, changed or removed, compared recursively where both have tables or lists.
pub(super) fn differences(before: &Value, now: &Value) -> Vec<Difference> {
    let mut found = Vec::new();
    compare(&KeyPath::default(), Some(before), Some(now), &mut found);
    found
}

fn compare(at: &KeyPath, before: Option<&Value>, now: Option<&Value>, found: &mut Vec<Difference>) {
    match (before, now) {
        (Some(Value::Object(old)), Some(Value::Object(new))) => {
            for (key, value) in new {
                compare(&at.then(key.as_str()), old.get(key), Some(value), found);
            }
            for key in old.keys().filter(|key| !new.contains_key(*key)) {
                compare(&at.then(key.as_str()), old.get(key), None, found);
            }
        }
        (Some(Value::Array(old)), Some(Value::Array(new))) => {
            for index in 0..old.len().max(new.len()) {
                compare(&at.at(index), old.get(index), new.get(index), found);
            }
        }
        (before, now) if is_the_same(before, now) => {}
        (_, now) => found.push(Difference { at: at.clone(), now: now.cloned() }),
    }
}

/// wrangler converts TOML through JavaScript values: `1.0` becomes `1`, and `nan` is lost.
fn is_the_same(before: Option<&Value>, now: Option<&Value>) -> bool {
    match (before, now) {
        (Some(Value::Number(before)), Some(Value::Number(now))) if before.is_f64() || now.is_f64() => {
            before.as_f64() == now.as_f64()
        }
        (None, Some(Value::Null)) | (Some(Value::Null), None) => true,
        (before, now) => before == now,
    }
}

/// Whether the difference is in a value that our own edits changed, or in a list whose length they changed.
pub(super) fn is_the_stages_own(users: &Value, staged: &Value, at: &KeyPath) -> bool {
    let (mut users, mut staged) = (Some(users), Some(staged));
    for step in &at.0 {
        let length = |value: Option<&Value>| value.and_then(Value::as_array).map(Vec::len);
        if length(users) != length(staged) {
            return true;
        }
        (users, staged) = (users.and_then(|value| child(value, step)), staged.and_then(|value| child(value, step)));
        if users.is_some() != staged.is_some() {
            return true;
        }
    }
    users != staged
}

fn child<'v>(value: &'v Value, step: &Step) -> Option<&'v Value> {
    match step {
        Step::Key(key) => value.get(key),
        Step::Index(index) => value.get(index),
    }
}

/// Sets one value. False if the path does not exist.
pub(super) fn put(document: &mut Value, at: &[Step], value: &Value) -> bool {
    let Some((last, parents)) = at.split_last() else { return false };
    let parent = parents.iter().try_fold(document, |value, step| match step {
        Step::Key(key) => value.get_mut(key),
        Step::Index(index) => value.get_mut(index),
    });
    match (parent, last) {
        (Some(Value::Object(members)), Step::Key(key)) => {
            members.insert(key.clone(), value.clone());
            true
        }
        (Some(Value::Array(elements)), Step::Index(index)) => match elements.get_mut(*index) {
            Some(element) => {
                *element = value.clone();
                true
            }
            None => false,
        },
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn shown(before: &Value, now: &Value) -> String {
        differences(before, now).iter().map(|difference| difference.line(Format::Json)).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn differences_are_found_by_key_path() {
        let before =
            json!({"a": 1, "kv": [{"binding": "A"}, {"binding": "B", "id": "old"}], "env": {"dev": {}}, "x": 1});
        let now = json!({"env": {"dev": {"r2": {"k": "v"}}}, "kv": [{"id": "1", "binding": "A"}, {"binding": "B", "id": "new"}, {}], "a": 1.0});
        insta::assert_snapshot!(shown(&before, &now), @r#"
        env.dev.r2: {"k":"v"}
        kv[0].id: "1"
        kv[1].id: "new"
        kv[2]: {}
        x is gone
        "#);
    }

    #[test]
    fn what_javascript_cannot_tell_apart_is_the_same() {
        assert_eq!(shown(&json!({"a": 1.0, "b": null}), &json!({"a": 1})), "");
        assert_eq!(
            shown(&json!({"a": 9_007_199_254_740_993_i64}), &json!({"a": 9_007_199_254_740_992_i64})),
            "a: 9007199254740992"
        );
    }

    #[test]
    fn a_line_has_the_files_own_syntax() {
        let difference = Difference { at: KeyPath::of(&["vars", "a"]), now: Some(json!({"b": ["\"\n", 1.5]})) };
        assert_eq!(difference.line(Format::Json), r#"vars.a: {"b":["\"\n",1.5]}"#);
        let line = difference.line(Format::Toml);
        assert_eq!(
            toml_edit::de::from_str::<Value>(&line).unwrap(),
            json!({"vars": {"a": {"b": ["\"\n", 1.5]}}}),
            "{line}"
        );
    }

    #[test]
    fn what_saddlebag_itself_changed_is_the_stages_own() {
        let users = json!({"main": "src/m.py", "kv": [{"b": 1}], "globs": ["a"], "build": {"command": "x"}});
        let staged =
            json!({"main": "worker/m.py", "kv": [{"b": 1}], "globs": ["a", "b"], "build": {}, "python_modules": {}});
        let own = |at: KeyPath| is_the_stages_own(&users, &staged, &at);
        assert!(
            own(KeyPath::of(&["main"])) && own(KeyPath::of(&["globs"]).at(2)) && own(KeyPath::of(&["globs"]).at(0))
        );
        assert!(own(KeyPath::of(&["build", "command"])) && own(KeyPath::of(&["python_modules", "exclude"])));
        assert!(!own(KeyPath::of(&["kv"]).at(0).then("id")) && !own(KeyPath::of(&["kv"]).at(0).then("b")));
        assert!(!own(KeyPath::of(&["new", "table"])));
    }

    fn value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![(0..4_i64).prop_map(Value::from), "[ab]".prop_map(Value::from), Just(json!(true))];
        leaf.prop_recursive(3, 16, 3, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
                prop::collection::btree_map("[a-c]", inner, 0..3)
                    .prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        })
    }

    proptest! {
        /// If nothing is removed and no list grows, applying the differences gives the other value.
        #[test]
        fn applied_differences_make_the_values_equal(mut before in value(), now in value()) {
            let found = differences(&before, &now);
            prop_assert_eq!(found.is_empty(), before == now);
            let applied = found.iter().filter(|one| one.now.as_ref().is_some_and(|value| put(&mut before, &one.at.0, value))).count();
            if applied == found.len() {
                prop_assert_eq!(before, now);
            }
        }
    }
}
