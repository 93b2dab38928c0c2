//! Follows the redirect in `.wrangler/deploy/config.json` to a configuration that a build tool generated.
//!
//! The staged configuration has no redirect, so the generated text is converted to an equivalent hand-written
//! configuration. Redirects that wrangler rejects are errors. Based on wrangler 4.164.0, `findRedirectedWranglerConfig`
//! and `normalizeAndValidateConfig`.

use super::document;
use super::environment::{INHERITABLE, TOP_LEVEL_ONLY};
use crate::error::{Error, ErrorKind, Location, LocationKind, Result};
use crate::project::paths::{display, resolve};
use camino::{Utf8Path, Utf8PathBuf};
use serde_json::{Map, Value};

/// The file in which a build tool redirects wrangler to a generated configuration.
pub(super) const REDIRECT: &str = ".wrangler/deploy/config.json";

/// Keys that only a generated configuration may have, or that wrangler drops there.
const OF_THE_TOOL: [&str; 6] =
    ["configPath", "userConfigPath", "topLevelName", "definedEnvironments", "targetEnvironment", "legacy_env"];

/// The generated configuration's path, absolute. `users` is the configuration that the user wrote.
/// Errors: `ConfigSyntax`, `ConfigInvalid`, `ConfigMissing`; `ConfigAmbiguous` where wrangler cannot decide.
pub(super) fn follow(cwd: &Utf8Path, redirect: &Utf8Path, users: Option<&Utf8Path>) -> Result<Utf8PathBuf> {
    let shown = display(cwd, redirect);
    let hint = "run the build again, or delete the file if an earlier build left it";
    let failed =
        |kind, message| Error::new(kind, message, hint).with_location(Location::new(LocationKind::Config, &shown));
    let bytes = fs_err::read(redirect).map_err(|error| Error::unreadable(&error))?;
    let document = document::parse_jsonc(&document::decode(bytes, &shown)?, &shown)?;
    let Some(target) = document.value.get("configPath").and_then(Value::as_str).filter(|path| !path.is_empty()) else {
        return Err(failed(
            ErrorKind::ConfigInvalid,
            format!("`{shown}` has no `configPath`, which wrangler wants there"),
        ));
    };
    let generated = resolve(redirect.parent().unwrap_or(cwd), target);
    if !generated.is_file() {
        let message = format!("`{shown}` sends wrangler to `{}`, which is not there", display(cwd, &generated));
        return Err(failed(ErrorKind::ConfigMissing, message));
    }
    let beside = |users: &Utf8Path| users.with_file_name(REDIRECT) == redirect;
    match users.filter(|users| !beside(users)) {
        Some(users) => {
            let users = display(cwd, users);
            let message =
                format!("`{shown}` sends wrangler elsewhere, and `{users}` is not the configuration beside it");
            Err(failed(ErrorKind::ConfigAmbiguous, message))
        }
        None => Ok(generated),
    }
}

/// Converts a generated configuration to an equivalent hand-written one and returns the environment to activate, which
/// is the one it was built for. Returns the text unchanged if no change is needed. Errors: `ConfigSyntax`;
/// `ConfigInvalid` for environments in it; `EnvironmentUnknown` for one that it was not built for.
pub(super) fn as_written(text: String, shown: &str, asked: Option<&str>) -> Result<(String, Option<String>)> {
    let Value::Object(mut map) = document::parse_jsonc(&text, shown)?.value else { return Ok((text, None)) };
    let failed = |kind, message: String, hint: &str| {
        Err(Error::new(kind, message, hint).with_location(Location::new(LocationKind::Config, shown)))
    };
    if map.get("env").and_then(Value::as_object).is_some_and(|environments| !environments.is_empty()) {
        let message = format!("`{shown}` is generated and has environments, which wrangler refuses");
        return failed(ErrorKind::ConfigInvalid, message, "report it to the tool that generated it");
    }
    let built_for = text_of(&map, "targetEnvironment");
    match (built_for.as_deref(), asked) {
        (Some(target), Some(asked)) if target != asked => {
            let message = format!("`{shown}` was built for the environment `{target}`, not for `{asked}`");
            return failed(ErrorKind::EnvironmentUnknown, message, "build again for the environment that you deploy");
        }
        (None, Some(asked)) if !asked.is_empty() => {
            let message = format!("`{shown}` was built for no environment, and wrangler would pass `{asked}` over");
            return failed(ErrorKind::EnvironmentUnknown, message, "build again for that environment, or name none");
        }
        _ => {}
    }
    if !OF_THE_TOOL.iter().any(|key| map.contains_key(*key)) {
        return Ok((text, None));
    }
    let defined: Vec<String> = map
        .get("definedEnvironments")
        .and_then(Value::as_array)
        .map_or_else(Vec::new, |names| names.iter().filter_map(Value::as_str).map(str::to_owned).collect());
    let top_name = text_of(&map, "topLevelName");
    map.retain(|key, _| !OF_THE_TOOL.contains(&key.as_str()));
    let mut environments: Map<String, Value> =
        defined.into_iter().map(|name| (name, Value::Object(Map::new()))).collect();
    if let Some(target) = &built_for {
        // Keys that are not inherited go into the environment's table; the name is used as built.
        let shared = |key: &str| INHERITABLE.contains(&key) || TOP_LEVEL_ONLY.contains(&key);
        let (mut top, mut own): (Map<_, _>, Map<_, _>) = map.into_iter().partition(|(key, _)| shared(key));
        own.extend(top.remove("name").map(|name| ("name".to_owned(), name)));
        top.extend(top_name.map(|name| ("name".to_owned(), Value::String(name))));
        environments.insert(target.clone(), Value::Object(own));
        map = top;
    }
    if !environments.is_empty() {
        map.insert("env".to_owned(), Value::Object(environments));
    }
    let text = serde_json::to_string_pretty(&map)
        .map_err(|error| Error::new(ErrorKind::Internal, format!("`{shown}` cannot be written: {error}"), ""))?;
    Ok((text, built_for))
}

fn text_of(map: &Map<String, Value>, key: &str) -> Option<String> {
    map.get(key).and_then(Value::as_str).filter(|text| !text.is_empty()).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::project::snapshot::shown;

    fn written(text: &str, asked: Option<&str>) -> Result<(Value, Option<String>)> {
        let (text, environment) = as_written(text.to_owned(), "dist/wrangler.json", asked)?;
        Ok((serde_json::from_str(&text).unwrap(), environment))
    }

    #[test]
    fn what_needs_no_change_is_left_letter_for_letter() {
        let text = "{ \"name\": \"w\", // here\n \"main\": \"a.py\" }";
        assert_eq!(as_written(text.to_owned(), "x", None).unwrap(), (text.to_owned(), None));
    }

    #[test]
    fn the_environment_that_it_was_built_for_becomes_one() {
        let text = r#"{"name": "w-a", "topLevelName": "w", "targetEnvironment": "a", "definedEnvironments": ["a", "b"],
            "legacy_env": true, "main": "a.py", "vars": {"X": 1}, "alias": {"m": "n"}}"#;
        let (plain, environment) = written(text, None).unwrap();
        assert_eq!(environment.as_deref(), Some("a"));
        let expected = serde_json::json!({"name": "w", "main": "a.py", "alias": {"m": "n"},
            "env": {"a": {"name": "w-a", "vars": {"X": 1}}, "b": {}}});
        assert_eq!(plain, expected);
        assert_eq!(written(text, Some("a")).unwrap().0, expected);
    }

    #[test]
    fn built_for_none_it_keeps_its_top_level() {
        let text = r#"{"name": "w", "topLevelName": "w", "definedEnvironments": ["a"], "vars": {"X": 1}}"#;
        for asked in [None, Some("")] {
            let expected = serde_json::json!({"name": "w", "vars": {"X": 1}, "env": {"a": {}}});
            assert_eq!(written(text, asked).unwrap(), (expected, None));
        }
    }

    #[test]
    fn what_wrangler_refuses_or_would_pass_over() {
        let mut errors = String::new();
        for (text, asked) in [
            (r#"{"env": {"a": {}}}"#, None),
            (r#"{"targetEnvironment": "a"}"#, Some("b")),
            (r#"{"targetEnvironment": "a"}"#, Some("")),
            ("{}", Some("b")),
            ("{", None),
        ] {
            errors.push_str(&shown(text, &written(text, asked).unwrap_err()));
        }
        insta::assert_snapshot!(errors);
    }
}
