//! `pyproject.toml`: found as pywrangler finds it, parsed with positions.
//!
//! `[tool.saddlebag]` is kept raw, with spans, for `settings` to interpret.

pub(crate) mod lists;

use crate::error::{Error, ErrorKind, Location, LocationKind, Result};
use crate::project::document::{self, Document};
use crate::project::paths::display;
use crate::project::position::{line_and_column, location_of_span};
use crate::python::normalize;
use camino::{Utf8Path, Utf8PathBuf};
use serde_json::Value;
use std::fmt;
use std::ops::Range;

/// A parsed `pyproject.toml`.
#[derive(Clone)]
pub(crate) struct Pyproject {
    /// Absolute.
    pub(crate) path: Utf8PathBuf,
    /// Without a byte order mark.
    pub(crate) text: String,
    /// The whole document; a TOML date is an object with one key, `$toml-date`.
    pub(crate) document: Value,
    places: Document,
    tree: toml_edit::Document<String>,
    report_root: Utf8PathBuf,
}

// `[tool.uv]` may hold the credentials of an index.
impl fmt::Debug for Pyproject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pyproject").field("path", &self.path).finish_non_exhaustive()
    }
}

/// One entry of `[project].dependencies`, of an extra or of a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Dependency {
    /// PEP 508, as written.
    pub(crate) text: String,
    pub(crate) line: u32,
    /// Where the text begins, behind the quote.
    pub(crate) column: u32,
    /// The same in bytes from the top of the file.
    pub(crate) offset: usize,
    /// Whether the text is in the file letter for letter (no escapes), so that an offset in it is an offset in the file.
    pub(crate) verbatim: bool,
}

/// The nearest file `pyproject.toml` at or above `cwd` (absolute), as pywrangler looks for it
/// (workers-py 1.17.9, `find_pyproject_toml`).
pub(crate) fn find(cwd: &Utf8Path) -> Option<Utf8PathBuf> {
    cwd.ancestors().map(|directory| directory.join("pyproject.toml")).find(|path| path.is_file())
}

/// Reads and parses the file at `path` (absolute). Errors: `Unreadable`; `ConfigSyntax` with line and column.
pub(crate) fn read(path: Utf8PathBuf, report_root: &Utf8Path) -> Result<Pyproject> {
    let display_path = display(report_root, &path);
    let bytes = fs_err::read(&path).map_err(|error| Error::unreadable(&error))?;
    let text = document::decode(bytes, &display_path)?;
    Pyproject::from_text(path, text, report_root)
}

impl Pyproject {
    /// The same as `read`, of a text that is there already.
    pub(crate) fn from_text(path: Utf8PathBuf, text: String, report_root: &Utf8Path) -> Result<Self> {
        let display_path = display(report_root, &path);
        let tree = document::toml_tree(&text, &display_path)?;
        let places = document::document_of(&tree);
        Ok(Self { path, text, document: places.value.clone(), places, tree, report_root: report_root.to_owned() })
    }

    /// The directory of the file: pywrangler's project root.
    pub(crate) fn dir(&self) -> &Utf8Path {
        self.path.parent().unwrap_or(Utf8Path::new("/"))
    }

    /// Where a key is, by its path from the top, or else the nearest enclosing key that is there.
    pub(crate) fn locate(&self, path: &[&str]) -> Location {
        let (line, column) = line_and_column(&self.text, self.places.offset(path));
        Location::at(LocationKind::Config, self.display_path(), line, column)
    }

    /// Line and column of a span of `tool_saddlebag`.
    pub(crate) fn location_of_span(&self, span: Option<Range<usize>>) -> (u32, u32) {
        location_of_span(&self.text, span)
    }

    /// The path as reports show it.
    pub(crate) fn display_path(&self) -> String {
        display(&self.report_root, &self.path)
    }

    fn at(&self, path: &[&str]) -> Option<&Value> {
        path.iter().try_fold(&self.document, |value, key| value.get(key))
    }

    /// `[project].dependencies`, which is all that pywrangler vendors; empty where there are none.
    /// Errors: `Requirements` where they are not a list of strings, or left to a build backend (`dynamic`).
    pub(crate) fn dependencies(&self) -> Result<Vec<Dependency>> {
        let path = ["project", "dependencies"];
        let Some(value) = self.at(&path) else {
            return self.reject_dynamic().map(|()| Vec::new());
        };
        let not_strings = |path: &[&str]| {
            let message = "`project.dependencies` is not a list of strings";
            Error::new(ErrorKind::Requirements, message, "write `dependencies = [\"name>=1.0\"]` under `[project]`")
                .with_location(self.locate(path))
        };
        let elements = value.as_array().ok_or_else(|| not_strings(&path))?;
        let texts = elements.iter().enumerate().map(|(index, element)| {
            let index = index.to_string();
            let path = ["project", "dependencies", index.as_str()];
            let text = element.as_str().ok_or_else(|| not_strings(&path))?;
            Ok(self.dependency(text, self.places.offset(&path)))
        });
        texts.collect()
    }

    fn dependency(&self, text: &str, offset: usize) -> Dependency {
        let verbatim = self.text.get(offset + 1..).is_some_and(|rest| {
            let behind = rest.strip_prefix(text).and_then(|rest| rest.chars().next());
            behind.is_some_and(|quote| self.text[offset..].starts_with(quote) && matches!(quote, '"' | '\''))
        });
        let offset = offset + usize::from(verbatim);
        let (line, column) = line_and_column(&self.text, offset);
        Dependency { text: text.to_owned(), line, column, offset, verbatim }
    }

    fn reject_dynamic(&self) -> Result<()> {
        let path = ["project", "dynamic"];
        let dynamic = self.at(&path).and_then(Value::as_array).into_iter().flatten();
        if !dynamic.into_iter().any(|field| field.as_str() == Some("dependencies")) {
            return Ok(());
        }
        let message = "`project.dynamic` leaves `dependencies` to the build backend, which does not run here";
        Err(Error::new(
            ErrorKind::Requirements,
            message,
            "write the Worker's requirements into `requirements-runtime.txt`",
        )
        .with_location(self.locate(&path)))
    }

    /// `[tool.saddlebag]` with its spans into `text`, whatever its type.
    pub(crate) fn tool_saddlebag(&self) -> Option<&toml_edit::Item> {
        self.tree.get("tool")?.get("saddlebag")
    }

    /// `[tool.pywrangler] allow-build`: whether pywrangler may build source distributions.
    pub(crate) fn allow_build(&self) -> bool {
        self.at(&["tool", "pywrangler", "allow-build"]).and_then(Value::as_bool).unwrap_or(false)
    }

    /// Whether any list of dependencies names the distribution: `project.dependencies`, `project.optional-dependencies`,
    /// `dependency-groups`, `tool.uv.dev-dependencies`.
    pub(crate) fn declares(&self, name: &str) -> bool {
        let wanted = normalize(name);
        let lists = [self.at(&["project", "dependencies"]), self.at(&["tool", "uv", "dev-dependencies"])];
        let tables = [self.at(&["project", "optional-dependencies"]), self.at(&["dependency-groups"])];
        let grouped = tables.into_iter().flatten().filter_map(Value::as_object).flat_map(|groups| groups.values());
        lists
            .into_iter()
            .flatten()
            .chain(grouped)
            .filter_map(Value::as_array)
            .flatten()
            .filter_map(Value::as_str)
            .any(|requirement| normalize(distribution_of(requirement)) == wanted)
    }
}

/// The name that a PEP 508 requirement begins with.
fn distribution_of(requirement: &str) -> &str {
    let requirement = requirement.trim_start();
    let end = requirement.find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.')));
    &requirement[..end.unwrap_or(requirement.len())]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pyproject(text: &str) -> Pyproject {
        Pyproject::from_text("/p/pyproject.toml".into(), text.to_owned(), Utf8Path::new("/p")).unwrap()
    }

    #[test]
    fn finds_the_nearest_file_and_no_directory() {
        let directory = tempfile::tempdir().unwrap();
        let root = Utf8Path::from_path(directory.path()).unwrap();
        fs_err::create_dir_all(root.join("a/b/pyproject.toml")).unwrap();
        assert_eq!(find(&root.join("a/b")).filter(|path| path.starts_with(root)), None);
        fs_err::write(root.join("pyproject.toml"), "").unwrap();
        assert_eq!(find(&root.join("a/b")), Some(root.join("pyproject.toml")));
        fs_err::write(root.join("a/pyproject.toml"), "").unwrap();
        assert_eq!(find(&root.join("a/b")), Some(root.join("a/pyproject.toml")));
    }

    #[test]
    fn reads_a_file_with_a_byte_order_mark() {
        let directory = tempfile::tempdir().unwrap();
        let root = Utf8Path::from_path(directory.path()).unwrap();
        fs_err::write(root.join("pyproject.toml"), "\u{feff}[project]\nname = 'x'\n").unwrap();
        let pyproject = read(root.join("pyproject.toml"), root).unwrap();
        assert_eq!(pyproject.locate(&["project", "name"]).to_string(), "pyproject.toml:2:1");
        assert_eq!(read(root.join("none.toml"), root).unwrap_err().kind, ErrorKind::Unreadable);
    }

    #[test]
    fn dependencies_carry_the_place_of_their_text() {
        let text = "[project]\ndependencies = [\n  \"fastapi>=0.1\", # web\n  'idna',\n  \"a\\u0062\",\n]\n";
        let found: Vec<_> = pyproject(text)
            .dependencies()
            .unwrap()
            .into_iter()
            .map(|d| (d.text, d.line, d.column, d.verbatim))
            .collect();
        assert_eq!(
            found,
            [("fastapi>=0.1".to_owned(), 3, 4, true), ("idna".to_owned(), 4, 4, true), ("ab".to_owned(), 5, 3, false)]
        );
        assert!(pyproject("[project]\nname = 'x'").dependencies().unwrap().is_empty());
        assert!(pyproject("").dependencies().unwrap().is_empty());
    }

    #[test]
    fn bad_input() {
        let mut errors = String::new();
        for text in [
            "[project\nname = 1",
            "a = 1\na = 2",
            "[project]\nx = tru",
            "[project]\ndependencies = 'idna'",
            "[project]\ndependencies = ['idna', 3]",
            "[project]\nname = 'x'\ndynamic = ['version', 'dependencies']",
        ] {
            let error = Pyproject::from_text("/p/pyproject.toml".into(), text.to_owned(), Utf8Path::new("/p"))
                .and_then(|pyproject| pyproject.dependencies())
                .unwrap_err();
            errors.push_str(&crate::project::snapshot::shown(text, &error));
        }
        insta::assert_snapshot!(errors);
    }

    #[test]
    fn tool_tables_in_every_form() {
        for text in [
            "[tool.pywrangler]\nallow-build = true",
            "[tool]\npywrangler = { allow-build = true }",
            "tool.pywrangler.allow-build = true",
        ] {
            assert!(pyproject(text).allow_build(), "{text}");
        }
        assert!(!pyproject("[tool.pywrangler]\nallow-build = 'yes'").allow_build());
    }

    #[test]
    fn settings_keep_their_spans() {
        let pyproject = pyproject("[tool.saddlebag]\nnamespace = 'keep'\n");
        let table = pyproject.tool_saddlebag().unwrap();
        assert_eq!(pyproject.location_of_span(table.get("namespace").unwrap().span()), (2, 13));
        assert_eq!(pyproject.locate(&["tool", "saddlebag", "namespace"]).to_string(), "pyproject.toml:2:1");
        assert_eq!(pyproject.locate(&["tool", "saddlebag", "gates", "size"]).to_string(), "pyproject.toml:1:7");
    }

    #[test]
    fn declared_anywhere_and_by_any_spelling() {
        let pyproject = pyproject(
            "[project]\ndependencies = ['Fast_API[all]>=1']\n[project.optional-dependencies]\nx = ['numpy']\n\
             [dependency-groups]\ndev = ['pytest', {include-group = 'x'}]\n[tool.uv]\ndev-dependencies = ['ruff==1']\n",
        );
        for name in ["fast-api", "FAST.API", "numpy", "pytest", "ruff"] {
            assert!(pyproject.declares(name), "{name}");
        }
        for name in ["fast", "x", "include-group", "pytest-cov"] {
            assert!(!pyproject.declares(name), "{name}");
        }
    }

    #[test]
    fn debug_output_has_no_text() {
        let pyproject = pyproject("[tool.uv]\nindex-url = 'https://me:secret@host/simple'");
        assert!(!format!("{pyproject:?}").contains("secret"));
    }
}
