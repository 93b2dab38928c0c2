//! Keys of the top level that the active environment does not inherit.
//!
//! The keys are in `data/config-inheritance.toml`, with source and date. wrangler warns of the same, but only when it runs.

use super::INHERITANCE;
use crate::bundle::Owner;
use crate::error::Result;
use crate::gates::{Context, Finding, Severity};
use crate::project::WranglerConfig;
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeSet;
use std::sync::LazyLock;

#[derive(Debug, Deserialize)]
struct InheritanceTable {
    key: Vec<Key>,
}

/// One key that is not inherited.
#[derive(Debug, Deserialize)]
struct Key {
    key: String,
    /// Where the list is, for a key that is a table of lists.
    list: Option<String>,
    /// The key of an element that holds the name by which the code asks for it.
    name: Option<String>,
}

static TABLE: LazyLock<InheritanceTable> = LazyLock::new(|| {
    toml_edit::de::from_str(include_str!("../../../data/config-inheritance.toml"))
        .expect("the embedded table parses: a test reads it")
});

pub(super) fn not_inherited(context: &Context<'_>) -> Result<Vec<Finding>> {
    let config = &context.project.config;
    let Some(environment) = config.environment.as_deref().filter(|_| config.environment_defined) else {
        return Ok(Vec::new());
    };
    let mut asked = None;
    let mut findings = Vec::new();
    for key in &TABLE.key {
        let Some(top) = config.at(&[&key.key]).filter(|value| !is_empty(value)) else { continue };
        let names = key.names(top);
        let missing: Vec<&String> = match config.at(&["env", environment, &key.key]) {
            None => names.iter().collect(),
            Some(own) => {
                let own = key.names(own);
                let missing: Vec<&String> = names.iter().filter(|name| !own.contains(name.as_str())).collect();
                // wrangler warns of every variable. A shorter list of bindings may be intended, unless the code uses the rest.
                if missing.is_empty() || key.key == "vars" {
                    missing
                } else {
                    let asked = match &mut asked {
                        Some(asked) => asked,
                        None => asked.insert(attributes(context)?),
                    };
                    missing.into_iter().filter(|name| asked.contains(*name)).collect()
                }
            }
        };
        let is_whole = config.at(&["env", environment, &key.key]).is_none();
        if is_whole || !missing.is_empty() {
            findings.push(finding(config, environment, &key.key, &missing));
        }
    }
    Ok(findings)
}

fn finding(config: &WranglerConfig, environment: &str, key: &str, missing: &[&String]) -> Finding {
    let top = config.locate(&[key]);
    let what = match missing {
        [] => format!("`{key}` ({top})"),
        names => {
            let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
            format!("{} of `{key}` ({top})", names.join(", "))
        }
    };
    let is_list = config.at(&[key]).is_some_and(Value::is_array);
    let empty = if is_list { "[]" } else { "{}" };
    Finding::new(
        Severity::Warn,
        INHERITANCE,
        key,
        config.locate(&["env", environment, key]),
        format!("the environment `{environment}` does not inherit {what}: the Worker is deployed without it"),
        format!("add `env.{environment}.{key}`, or set `{key} = {empty}` there if you want it without"),
    )
}

impl Key {
    /// The names of `vars`, or of the bindings.
    fn names(&self, value: &Value) -> BTreeSet<String> {
        if self.key == "vars" {
            return value.as_object().into_iter().flat_map(|vars| vars.keys().cloned()).collect();
        }
        let Some(name) = &self.name else { return BTreeSet::new() };
        let list = self.list.as_deref().map_or(Some(value), |list| value.get(list));
        let elements = list.and_then(Value::as_array).into_iter().flatten();
        elements.filter_map(|element| element.get(name)?.as_str().map(str::to_owned)).collect()
    }
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(elements) => elements.is_empty(),
        Value::Object(table) => table.values().all(is_empty),
        _ => false,
    }
}

/// Every name that a module of the project takes as an attribute, or mentions in a string: `self.env.KV`, `getattr(env, "KV")`.
fn attributes(context: &Context<'_>) -> Result<BTreeSet<String>> {
    let mut names = BTreeSet::new();
    let own = context.bundle.modules.iter().filter(|module| module.owner == Owner::Project);
    for module in own.filter(|module| module.name.ends_with(".py")) {
        let facts = module.facts(context.parsed)?;
        names.extend(facts.uses.mentions.iter().map(|mention| mention.name.clone()));
    }
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::project::config::INHERITABLE;

    #[test]
    fn table_parses_and_names_nothing_that_is_inherited() {
        assert!(TABLE.key.len() > 30);
        for key in &TABLE.key {
            assert!(!INHERITABLE.contains(&key.key.as_str()), "{}", key.key);
        }
    }
}
