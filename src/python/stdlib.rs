//! What the interpreter itself provides: the standard library of each Python, the runtime's own modules, the keywords.
//!
//! The facts are `data/stdlib.toml` and `data/stdlib-members.toml`, which `tests/rig/stdlib_table.py` and `stdlib_members.py`
//! make from real interpreters. A name that the tables do not have is not guessed.

use pep508_rs::pep440_rs::Version;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

#[derive(serde::Deserialize)]
struct LibraryTable {
    keywords: BTreeSet<String>,
    /// By minor version: "3.14".
    python: BTreeMap<String, Library>,
}

#[derive(serde::Deserialize)]
struct Library {
    names: BTreeSet<String>,
    absent: BTreeSet<String>,
    /// There, hides modules of its name, and fails when it is imported.
    broken: BTreeSet<String>,
    /// Loaded by the Workers runtime; its submodules are not in the table.
    apart: BTreeSet<String>,
    /// Dotted, of everything else that is there: `os.path`.
    inside: BTreeSet<String>,
}

static TABLE: LazyLock<LibraryTable> = LazyLock::new(|| {
    toml_edit::de::from_str(include_str!("../../data/stdlib.toml"))
        .unwrap_or_else(|error| unreachable!("data/stdlib.toml is part of the program and tested: {error}"))
});

#[derive(serde::Deserialize)]
struct Members {
    /// By module: its public names and submodules, white space between.
    members: BTreeMap<String, String>,
}

static MEMBERS: LazyLock<Members> = LazyLock::new(|| {
    toml_edit::de::from_str(include_str!("../../data/stdlib-members.toml"))
        .unwrap_or_else(|error| unreachable!("data/stdlib-members.toml is part of the program and tested: {error}"))
});

/// A distribution that a module of the standard library imports by names that it computes.
#[derive(Debug)]
pub(crate) struct Loaded {
    /// The module that imports it.
    pub(crate) importer: &'static str,
    pub(crate) distribution: &'static str,
}

/// PEP 615; `load_tzdata` in CPython's Lib/zoneinfo/_common.py, 3.14.
pub(crate) const ZONES: Loaded = Loaded { importer: "zoneinfo", distribution: "tzdata" };

/// "3.14" of "3.14.2".
fn minor(python: &str) -> &str {
    python.match_indices('.').nth(1).map_or(python, |(at, _)| &python[..at])
}

/// The table of a Python ("3.14" or "3.14.2"); of one that it does not know, the newest.
fn library(python: &str) -> Option<&'static Library> {
    TABLE
        .python
        .get(minor(python))
        .or_else(|| TABLE.python.iter().max_by_key(|(name, _)| name.parse::<Version>().ok()).map(|(_, newest)| newest))
}

/// Whether `top_level` is a name of CPython's standard library, there or not (`sys.stdlib_module_names`).
pub(crate) fn is_stdlib(python: &str, top_level: &str) -> bool {
    library(python).is_some_and(|library| library.names.contains(top_level))
}

/// Whether it is one that Pyodide does not have (`tkinter`, `resource`, ...): importing it fails, or finds a module
/// of that name elsewhere.
pub(crate) fn is_absent(python: &str, top_level: &str) -> bool {
    library(python).is_some_and(|library| library.absent.contains(top_level))
}

/// Whether it is there and fails when it is imported (`pty` on 3.13).
pub(crate) fn is_broken(python: &str, top_level: &str) -> bool {
    library(python).is_some_and(|library| library.broken.contains(top_level))
}

/// As far as `dotted` is sure not to be in the standard library, of which its first component is: `xml.tree` of
/// `xml.tree.Element`. `None` if all of it is there, or if the table cannot tell.
pub(crate) fn missing_part<'a>(python: &str, dotted: &'a str) -> Option<&'a str> {
    let first = dotted.split('.').next()?;
    // Of a Python that is newer than the table nothing is sure.
    let library = TABLE.python.get(minor(python)).filter(|_| hides(python, first) && !is_runtime(first))?;
    if library.apart.contains(first) || library.broken.contains(first) {
        return None;
    }
    let ends = dotted.match_indices('.').map(|(at, _)| at).skip(1).chain([dotted.len()]);
    let mut below = ends.map(|end| &dotted[..end]).filter(|below| *below != first);
    below.find(|below| !library.inside.contains(*below) && !below.ends_with(".__main__"))
}

/// The modules that are there, underscores aside.
pub(crate) fn names(python: &str) -> Vec<&'static str> {
    let Some(library) = library(python) else { return Vec::new() };
    library.names.difference(&library.absent).map(String::as_str).filter(|name| !name.starts_with('_')).collect()
}

/// The modules of the standard library in the package of `dotted`, to suggest one of them.
pub(crate) fn siblings(python: &str, dotted: &str) -> Vec<&'static str> {
    let Some(library) = library(python) else { return Vec::new() };
    let package = dotted.rsplit_once('.').map_or("", |(package, _)| package);
    let names = library.inside.iter().map(String::as_str);
    names.filter(|name| name.rsplit_once('.').is_some_and(|(beside, _)| beside == package)).collect()
}

/// Whether the runtime finds its own module first, before vendored packages and the project's.
pub(crate) fn hides(python: &str, top_level: &str) -> bool {
    is_runtime(top_level) || (is_stdlib(python, top_level) && !is_absent(python, top_level))
}

/// Whether a module of the standard library has a name or a submodule of this name. `None` where the table cannot tell:
/// modules that it does not have, private names, and a Python that it was not made for.
pub(crate) fn has(python: &str, top_level: &str, name: &str) -> Option<bool> {
    let has = MEMBERS.members.get(top_level)?.split_whitespace().any(|member| member == name);
    let known = has || !(name.starts_with('_') || python.starts_with("3.12"));
    known.then_some(has)
}

/// Every public name of a module of the standard library; none where the table does not have them all.
pub(crate) fn members(python: &str, top_level: &str) -> Vec<&'static str> {
    let known = MEMBERS.members.get(top_level).filter(|_| !python.starts_with("3.12"));
    known.map_or_else(Vec::new, |names| names.split_whitespace().collect())
}

/// Whether it is a module of the Workers runtime or Pyodide (workerd, docs/architecture.md). `workers` and `asgi` are not among them:
/// they are vendored with the SDK.
pub(crate) fn is_runtime(top_level: &str) -> bool {
    matches!(top_level, "js" | "pyodide" | "pyodide_js" | "__main__")
        || top_level.starts_with("_pyodide")
        || top_level.starts_with("_cloudflare")
}

/// Whether `name` is reserved, so that it cannot be a component of a dotted name in an import.
pub(crate) fn is_keyword(name: &str) -> bool {
    TABLE.keywords.contains(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_the_version() {
        // distutils left in 3.12, cgi in 3.13; annotationlib came with 3.14.
        assert!(!is_stdlib("3.12", "distutils"));
        assert!(is_stdlib("3.12", "cgi") && !is_stdlib("3.13", "cgi"));
        assert!(is_stdlib("3.14", "annotationlib") && !is_stdlib("3.13", "annotationlib"));
        assert!(is_stdlib("3.13.2", "tomllib"));
        for python in ["3.12", "3.13", "3.14"] {
            for name in ["json", "os", "sys", "builtins", "__future__", "asyncio", "_thread", "zoneinfo", "tkinter"] {
                assert!(is_stdlib(python, name), "{python} {name}");
            }
            for name in ["fastapi", "src", "workers", "asgi", "js", "main", "worker", "entry", "json.decoder", ""] {
                assert!(!is_stdlib(python, name), "{python} {name}");
            }
        }
    }

    #[test]
    fn what_pyodide_lacks_is_known_and_does_not_hide() {
        for python in ["3.12", "3.13", "3.14"] {
            for name in ["tkinter", "resource", "venv", "pwd"] {
                assert!(is_absent(python, name) && !hides(python, name), "{python} {name}");
            }
            // ssl, sqlite3 and lzma are not in npm's Pyodide 0.28, but the runtime loads them.
            for name in ["json", "ssl", "sqlite3", "lzma", "threading"] {
                assert!(!is_absent(python, name) && hides(python, name), "{python} {name}");
            }
        }
        assert!(is_absent("3.13", "fcntl") && !is_absent("3.14", "fcntl"));
        assert!(is_broken("3.13", "pty") && hides("3.13", "pty") && !is_broken("3.14", "pty"));
    }

    #[test]
    fn what_lies_below_is_known() {
        for python in ["3.12", "3.13", "3.14", "3.14.2"] {
            for name in [
                "os.path",
                "xml.etree.ElementTree",
                "xml.parsers.expat.errors",
                "concurrent.futures.thread",
                "collections.abc",
                "importlib.metadata",
                "importlib.resources.abc",
                "email.mime.text",
                "unittest.mock",
                "json",
                "asyncio.__main__",
                "sqlite3.dbapi2",
                "tkinter.ttk",
                "js.anything",
                "pyodide.nope",
                "fastapi.nope",
                "_cloudflare.x",
                "multiprocessing.pool",
                "urllib.request",
            ] {
                assert_eq!(missing_part(python, name), None, "{python} {name}");
            }
            assert_eq!(missing_part(python, "os.paths"), Some("os.paths"), "{python}");
            assert_eq!(missing_part(python, "xml.tree.Element"), Some("xml.tree"), "{python}");
            assert_eq!(missing_part(python, "socket.socket"), Some("socket.socket"), "{python}");
        }
        assert_eq!(
            missing_part("3.13", "ssl.anything"),
            None,
            "the runtime loads it, and the table has not looked inside"
        );
        assert_eq!(missing_part("3.13", "compression.zstd"), None, "no module of that name, or somebody else's");
        assert_eq!(missing_part("3.13", "string.templatelib"), Some("string.templatelib"));
        assert_eq!(missing_part("3.14", "string.templatelib"), None);
        assert_eq!(missing_part("3.15", "asyncio.new_in_3_15"), None, "a Python that is newer than the table");
        assert!(siblings("3.14", "asyncio.taskgroup").contains(&"asyncio.taskgroups"));
    }

    #[test]
    fn every_table_is_whole() {
        for (python, library) in &TABLE.python {
            assert!(library.names.len() > 250, "{python}");
            assert!(library.absent.is_subset(&library.names) && library.broken.is_subset(&library.names), "{python}");
            assert!(library.absent.is_disjoint(&library.broken), "{python}");
            assert!(library.inside.len() > 300, "{python}");
            for name in &library.inside {
                let (above, _) = name.rsplit_once('.').expect("dotted");
                assert!(library.inside.contains(above) || library.names.contains(above), "{python} {name}");
                assert!(!library.absent.contains(above) && !library.broken.contains(above), "{python} {name}");
            }
        }
        assert_eq!(TABLE.python.keys().collect::<Vec<_>>(), ["3.12", "3.13", "3.14"]);
    }

    #[test]
    fn members_are_names_and_submodules() {
        for (module, name) in
            [("types", "SimpleNamespace"), ("email", "message"), ("os", "path"), ("calendar", "MONDAY")]
        {
            assert_eq!(has("3.14", module, name), Some(true), "{module}.{name}");
        }
        assert_eq!(has("3.13", "calendar", "holidays"), Some(false));
        assert_eq!(has("3.12", "calendar", "holidays"), None);
        assert_eq!(has("3.14", "calendar", "_private"), None);
        assert_eq!(has("3.14", "tkinter", "Tk"), None);
        assert!(MEMBERS.members.keys().all(|module| is_stdlib("3.13", module) || is_stdlib("3.14", module)));
    }

    #[test]
    fn an_unknown_python_is_taken_for_the_newest() {
        assert!(is_stdlib("3.15", "annotationlib"));
    }

    #[test]
    fn the_runtime_has_its_own_modules() {
        for name in
            ["js", "pyodide", "pyodide_js", "_pyodide_core", "_pyodide_entrypoint_helper", "_cloudflare_compat_flags"]
        {
            assert!(is_runtime(name), "{name}");
        }
        for name in ["workers", "asgi", "jsonschema", "pyodide_http", "cloudflare"] {
            assert!(!is_runtime(name), "{name}");
        }
    }

    #[test]
    fn keywords_are_reserved_and_soft_ones_are_not() {
        assert!(is_keyword("class") && is_keyword("async"));
        assert!(!is_keyword("match") && !is_keyword("type") && !is_keyword("main"));
    }
}
