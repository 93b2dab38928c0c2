//! Minimum tool versions, from `data/tools.toml`. Some depend on the version of workers-py.

use super::is_older_than;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::sync::LazyLock;

/// A row of the table; `source` and `date` are documentation.
#[derive(Deserialize)]
struct Tool {
    minimum: String,
    /// Lower minimums for older versions of workers-py, newest first.
    #[serde(default)]
    older: Vec<Older>,
    #[serde(default)]
    python: Vec<Python>,
}

#[derive(Deserialize)]
struct Older {
    /// Applies below this version of workers-py.
    pywrangler: String,
    minimum: String,
}

/// What pywrangler needs to vendor for a Python version.
#[derive(Debug, Deserialize)]
pub(crate) struct Python {
    python: String,
    /// The lowest version of workers-py that supports it.
    pub(crate) minimum: String,
    /// Compatibility flags that select it in older versions of workers-py.
    pub(crate) flags: Vec<String>,
}

static TABLE: LazyLock<BTreeMap<String, Tool>> = LazyLock::new(|| {
    toml_edit::de::from_str(include_str!("../../data/tools.toml")).expect("the embedded table parses: a test reads it")
});

/// The minimum version of a tool for a version of workers-py; `"0"` for a tool that is not in the table.
pub(crate) fn minimum(tool: &str, pywrangler: Option<&str>) -> &'static str {
    let Some(row) = TABLE.get(tool) else { return "0" };
    let older = pywrangler.and_then(|version| row.older.iter().rfind(|step| is_older_than(version, &step.pywrangler)));
    older.map_or(&row.minimum, |step| &step.minimum)
}

/// What pywrangler needs for a Python version (`3.14`); `None` if every version supports it.
pub(crate) fn python(version: &str) -> Option<&'static Python> {
    TABLE.get("pywrangler")?.python.iter().find(|row| row.python == version)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_older_pywrangler_is_content_with_less() {
        for (tool, pywrangler, expected) in [
            ("uv", None, "0.13.4"),
            ("uv", Some("1.18.0"), "0.13.4"),
            ("uv", Some("1.17.8"), "0.12.3"),
            ("uv", Some("1.16.3"), "0.8.10"),
            ("uv", Some("1.15.0"), "0.8.10"),
            ("wrangler", Some("1.16.7"), "4.109.0"),
            ("wrangler", Some("1.15.0"), "4.42.1"),
            ("node", Some("1.15.0"), "22.12.0"),
            ("cargo", None, "0"),
        ] {
            assert_eq!(minimum(tool, pywrangler), expected, "{tool} {pywrangler:?}");
        }
    }

    #[test]
    fn only_a_newer_python_needs_more_than_the_minimum() {
        assert!(python("3.13").is_none());
        let newer = python("3.14").unwrap();
        assert!(is_older_than(minimum("pywrangler", None), &newer.minimum));
    }
}
