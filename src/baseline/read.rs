//! Reads a baseline file; every error has a place.
//!
//! Unknown keys are a later version's and are ignored. A missing number is an error, never 0.

use super::{Baseline, SCHEMA, Share};
use crate::error::{Error, ErrorKind, Location, LocationKind, Result};
use crate::project::document::{self, Document};
use crate::project::position::line_and_column;
use camino::Utf8Path;
use serde_json::Value;
use std::collections::BTreeMap;

const REWRITE: &str = "write it again with `saddlebag baseline`";

/// The baseline in a file; `None` where there is no such file.
///
/// # Errors
/// `Unreadable`; `Baseline`: it does not parse, is no baseline, or a later version's.
pub(crate) fn read(path: &Utf8Path, shown: &str) -> Result<Option<Baseline>> {
    let bytes = match fs_err::read(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(Error::unreadable(&error)),
    };
    let text = document::decode(bytes, shown).map_err(of_baseline)?;
    parse(&text, shown).map(Some)
}

/// Whether `saddlebag baseline` wrote the file once, even if it has conflict markers since: then it may be overwritten.
pub(crate) fn is_ours(text: &[u8]) -> bool {
    let text = String::from_utf8_lossy(text);
    text.trim().is_empty() || text.lines().any(|line| line.trim_start().starts_with("schema = \"saddlebag.baseline/"))
}

pub(super) fn parse(text: &str, shown: &str) -> Result<Baseline> {
    let tree = document::toml_tree(text, shown).map_err(of_baseline)?;
    let reading = Reading { text, shown, document: document::document_of(&tree) };
    reading.schema()?;
    let mut packages = BTreeMap::new();
    if let Some(table) = reading.table("packages")? {
        for name in table.keys() {
            let path = |key: &'static str| ["packages", name.as_str(), key];
            let version = reading.text(&path("version"))?.to_owned();
            let share = Share { version, raw_bytes: reading.number(&path("raw-bytes"))? };
            packages.insert(name.clone(), share);
        }
    }
    let environment = match reading.at(&["environment"]) {
        None => None,
        Some(_) => Some(reading.text(&["environment"])?.to_owned()),
    };
    Ok(Baseline {
        python: reading.text(&["python"])?.to_owned(),
        environment,
        raw_bytes: reading.number(&["raw-bytes"])?,
        gzip_bytes: reading.number(&["gzip-bytes"])?,
        modules: reading.number(&["modules"])?,
        project: reading.number(&["project-bytes"])?,
        packages,
    })
}

/// Keeps the message of the parser. Its hint is about files of wrangler's.
fn of_baseline(error: Error) -> Error {
    Error { kind: ErrorKind::Baseline, hint: format!("correct the file, or {REWRITE}"), ..error }
}

struct Reading<'a> {
    text: &'a str,
    shown: &'a str,
    document: Document,
}

impl Reading<'_> {
    fn at(&self, path: &[&str]) -> Option<&Value> {
        path.iter().try_fold(&self.document.value, |value, key| value.get(*key))
    }

    fn bad(&self, path: &[&str], message: String, hint: String) -> Error {
        let (line, column) = line_and_column(self.text, self.document.offset(path));
        Error::new(ErrorKind::Baseline, message, hint).with_location(Location::at(
            LocationKind::Config,
            self.shown,
            line,
            column,
        ))
    }

    fn wrong(&self, path: &[&str], what: &str) -> Error {
        let key = path.join(".");
        let message = match self.at(path) {
            Some(_) => format!("`{key}` of the baseline is not {what}"),
            None => format!("the baseline has no `{key}`"),
        };
        self.bad(path, message, REWRITE.to_owned())
    }

    fn schema(&self) -> Result<()> {
        let version = env!("CARGO_PKG_VERSION");
        match self.at(&["schema"]).and_then(Value::as_str) {
            Some(SCHEMA) => Ok(()),
            Some(other) if other.starts_with("saddlebag.baseline/") => Err(self.bad(
                &["schema"],
                format!("the baseline is a `{other}`, and saddlebag {version} reads `{SCHEMA}`"),
                format!("update saddlebag, or {REWRITE}"),
            )),
            _ => Err(self.bad(
                &["schema"],
                format!("`{}` is no baseline: it has no `schema = \"{SCHEMA}\"`", self.shown),
                format!("name the right file, or {REWRITE}"),
            )),
        }
    }

    fn table(&self, key: &str) -> Result<Option<&serde_json::Map<String, Value>>> {
        self.at(&[key]).map(|value| value.as_object().ok_or_else(|| self.wrong(&[key], "a table"))).transpose()
    }

    fn text(&self, path: &[&str]) -> Result<&str> {
        self.at(path).and_then(Value::as_str).ok_or_else(|| self.wrong(path, "text"))
    }

    fn number(&self, path: &[&str]) -> Result<u64> {
        self.at(path).and_then(Value::as_u64).ok_or_else(|| self.wrong(path, "a number from 0 on"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WHOLE: &str = "schema = \"saddlebag.baseline/1\"\npython = \"3.14\"\nraw-bytes = 3\ngzip-bytes = 2\nmodules = 1\nproject-bytes = 1\n[packages]\na = { version = \"1\", raw-bytes = 2 }\n";

    fn complaint(text: &str) -> String {
        let error = parse(text, "b.toml").unwrap_err();
        assert_eq!(error.kind, ErrorKind::Baseline);
        format!("{}: {error}; {}", error.location.as_ref().unwrap(), error.hint)
    }

    #[test]
    fn complaints_say_where_and_what_to_do() {
        insta::assert_snapshot!([
            WHOLE.replace("/1\"", "/2\""),
            WHOLE.replace("schema", "sschema"),
            WHOLE.replace("raw-bytes = 3", "raw-bytes = -3"),
            WHOLE.replace("gzip-bytes = 2\n", ""),
            WHOLE.replace("raw-bytes = 2 ", "raw-bytes = \"2\" "),
            WHOLE.replace("version = \"1\", ", ""),
            WHOLE.replace("[packages]\na =", "packages ="),
            format!("<<<<<<< HEAD\n{WHOLE}"),
        ].map(|text| complaint(&text)).join("\n"), @r#"
        b.toml:1:1: the baseline is a `saddlebag.baseline/2`, and saddlebag 0.1.0 reads `saddlebag.baseline/1`; update saddlebag, or write it again with `saddlebag baseline`
        b.toml:1:1: `b.toml` is no baseline: it has no `schema = "saddlebag.baseline/1"`; name the right file, or write it again with `saddlebag baseline`
        b.toml:3:1: `raw-bytes` of the baseline is not a number from 0 on; write it again with `saddlebag baseline`
        b.toml:1:1: the baseline has no `gzip-bytes`; write it again with `saddlebag baseline`
        b.toml:8:22: `packages.a.raw-bytes` of the baseline is not a number from 0 on; write it again with `saddlebag baseline`
        b.toml:8:1: the baseline has no `packages.a.version`; write it again with `saddlebag baseline`
        b.toml:7:14: the baseline has no `packages.version.version`; write it again with `saddlebag baseline`
        b.toml:1:9: `b.toml` is not valid TOML: key with no value, expected `=`; correct the file, or write it again with `saddlebag baseline`
        "#);
    }

    #[test]
    fn what_a_later_version_adds_is_no_concern_of_this_one() {
        let read = parse(&WHOLE.replace("modules", "wasm-bytes = 9\nmodules"), "b.toml").unwrap();
        assert_eq!((read.modules, read.packages["a"].raw_bytes), (1, 2));
    }

    #[test]
    fn a_conflict_leaves_a_baseline_ours_and_another_file_is_not() {
        assert!(is_ours(format!("<<<<<<< HEAD\n{WHOLE}=======\n").as_bytes()));
        assert!(is_ours(b"\n"));
        assert!(!is_ours(b"[project]\nname = \"w\"\n"));
    }
}
