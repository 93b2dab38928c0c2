//! Queries uv: what an index has, and whether other requirements would resolve.
//!
//! All network access goes through uv, so its indexes, proxies and credentials apply. Packages are never built, and the
//! sync workspace is not changed.

use super::super::workspace::Plan;
use super::pinned::Pinned;
use super::requirement_text::{parts, spaced};
use super::unrestricted::{self, Graph, Unrestricted};
use crate::env::Environment;
use crate::error::Result;
use crate::process;
use crate::project::Target;
use crate::python;
use crate::tools::Toolchain;
use camino::Utf8Path;
use serde::Deserialize;
use std::ffi::OsString;
use std::time::Instant;
use toml_edit::{Array, DocumentMut, value};

/// Options that select the interpreter and the indexes.
const KEPT: [&str; 5] = ["--python", "--extra-index-url", "--index-strategy", "--default-index", "--index"];

/// Which wheels are accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wheels {
    /// Wheels that the target supports.
    Target,
    /// Wheels of an ordinary server, where everything has a wheel.
    Linux,
    /// Any wheel.
    Any,
}

#[derive(Debug)]
pub(super) enum Answer {
    Resolved(Vec<Pinned>),
    /// With uv's message.
    Failed(String),
    TimeIsOver,
}

/// uv, with the options that pywrangler used.
#[derive(Debug)]
pub(super) struct Uv {
    argv: Vec<OsString>,
    environment: Environment,
    directory: tempfile::TempDir,
    pyproject: DocumentMut,
    until: Instant,
}

impl Uv {
    /// `None` if pywrangler did not print its uv command or uv is missing: then there is no diagnosis.
    pub(super) fn of(output: &str, plan: &Plan, toolchain: &Toolchain, until: Instant) -> Option<Self> {
        let asked = output.lines().find_map(|line| line.split_once("uv pip compile ")).map(|(_, words)| words)?;
        let words = shell_words::split(asked).ok()?;
        let mut argv: Vec<OsString> = vec![toolchain.uv.as_ref()?.path.clone().into()];
        argv.extend(["pip", "compile"].map(OsString::from));
        for pair in words.windows(2).filter(|pair| KEPT.contains(&pair[0].as_str())) {
            argv.extend(pair.iter().map(OsString::from));
        }
        Some(Self {
            argv,
            environment: super::super::python_support::sync_environment(toolchain),
            directory: tempfile::tempdir().ok()?,
            pyproject: plan.pyproject().parse().ok()?,
            until,
        })
    }

    pub(super) fn time_is_over(&self) -> bool {
        Instant::now() >= self.until
    }

    pub(super) fn give_until(&mut self, until: Instant) {
        self.until = until;
    }

    pub(super) fn until(&self) -> Instant {
        self.until
    }

    /// The workspace's own requirements.
    pub(super) fn requirements(&self) -> Vec<String> {
        let array = self.pyproject["project"]["dependencies"].as_array();
        array.into_iter().flatten().filter_map(|item| item.as_str().map(str::to_owned)).collect()
    }

    /// Resolves these requirements instead of the workspace's own, with its settings.
    ///
    /// # Errors
    /// `ErrorKind::Interrupted`, and what keeps uv from being started.
    pub(super) fn resolve(&self, requirements: &[String], wheels: Wheels) -> Result<Answer> {
        self.ask(&self.document(requirements), wheels, &[])
    }

    /// All of the workspace's own requirements.
    pub(super) fn together(&self) -> DocumentMut {
        self.document(&self.requirements())
    }

    /// One of them, with the others' versions as constraints.
    pub(super) fn alone(&self, requirement: &str) -> DocumentMut {
        let mut document = self.document(&[requirement.to_owned()]);
        let others = self.requirements();
        let constraints = others.iter().filter(|other| *other != requirement).filter_map(|other| constraint(other));
        let settings = document["tool"]["uv"].or_insert(toml_edit::table());
        let array = settings["constraint-dependencies"].or_insert(value(Array::new()));
        if let Some(array) = array.as_array_mut() {
            array.extend(constraints);
        }
        document
    }

    /// Resolves one requirement as returned by `alone`.
    ///
    /// # Errors
    /// As `resolve`.
    pub(super) fn resolve_alone(&self, requirement: &str, wheels: Wheels) -> Result<Answer> {
        self.ask(&self.alone(requirement), wheels, &[])
    }

    /// The newest release of a distribution for the target, or of all, regardless of other requirements.
    ///
    /// # Errors
    /// As `resolve`.
    pub(super) fn newest(&self, name: &str, wheels: Wheels) -> Result<Option<Pinned>> {
        let mut document = self.pyproject.clone();
        document["project"]["dependencies"] = value(Array::from_iter([name]));
        if let Some(settings) = document["tool"]["uv"].as_table_mut() {
            for key in ["constraint-dependencies", "override-dependencies"] {
                settings.remove(key);
            }
        }
        Ok(match self.ask(&document, wheels, &["--no-deps"])? {
            // The index may have a different one for a later Python.
            Answer::Resolved(pinned) => pinned.into_iter().find(|pinned| pinned.name == name),
            Answer::Failed(_) | Answer::TimeIsOver => None,
        })
    }

    /// What the requirements resolve to with any wheel, and what requires what. Releases older than the target's Python
    /// have no wheels for it at all, so an older Python is tried next. `None` if nothing resolves.
    ///
    /// # Errors
    /// As `resolve`.
    pub(super) fn unrestricted(&self, document: &DocumentMut, target: &Target) -> Result<Option<Unrestricted>> {
        for python in [None, Some("3.12"), Some("3.10")] {
            let mut options = vec!["--universal"];
            options.extend(python.into_iter().flat_map(|python| ["--python-version", python]));
            match self.compile(document, "pylock.toml", &options)? {
                Written::File(lock) => {
                    let Written::File(graph) = self.compile(document, "requirements.txt", &options)? else { break };
                    return Ok(Some(Unrestricted::of(parse_lock(&lock, Some(target)), &graph)));
                }
                // It failed for a reason other than wheels, so an older Python does not help.
                Written::Failed(output) if !output.contains("wheels") => break,
                Written::Failed(_) => {}
                Written::TimeIsOver => break,
            }
        }
        Ok(None)
    }

    /// What requires what, in the resolution for an ordinary server.
    ///
    /// # Errors
    /// As `resolve`.
    pub(super) fn graph(&self, requirements: &[String]) -> Result<Option<Graph>> {
        let written = self.compile(&self.document(requirements), "requirements.txt", &options(Wheels::Linux))?;
        Ok(if let Written::File(text) = written { Some(Graph::read(&text)) } else { None })
    }

    /// The workspace's `pyproject.toml` with these requirements and the one that pywrangler adds.
    fn document(&self, requirements: &[String]) -> DocumentMut {
        let mut document = self.pyproject.clone();
        let mut array: Array = requirements.iter().map(String::as_str).collect();
        array.push("workers-runtime-sdk");
        document["project"]["dependencies"] = value(array);
        document
    }

    fn ask(&self, document: &DocumentMut, wheels: Wheels, more: &[&str]) -> Result<Answer> {
        let all: Vec<&str> = more.iter().copied().chain(options(wheels)).collect();
        Ok(match self.compile(document, "pylock.toml", &all)? {
            Written::File(lock) => Answer::Resolved(parse_lock(&lock, None)),
            Written::Failed(output) => Answer::Failed(output),
            Written::TimeIsOver => Answer::TimeIsOver,
        })
    }

    /// Runs uv once in its own directory; the name in `file` also selects the output format.
    fn compile(&self, document: &DocumentMut, file: &str, more: &[&str]) -> Result<Written> {
        let nowhere = |_: std::io::Error| Written::Failed(String::new()); // no place to ask from: nothing is known
        let scratch = match tempfile::tempdir_in(self.directory.path()).map_err(nowhere) {
            Ok(scratch) => scratch,
            Err(answer) => return Ok(answer),
        };
        let directory = crate::error::utf8(scratch.path())?;
        if let Err(answer) = fs_err::write(directory.join("pyproject.toml"), document.to_string()).map_err(nowhere) {
            return Ok(answer);
        }
        let mut argv = self.argv.clone();
        argv.extend(["pyproject.toml", "--no-build", "--no-header", "-q", "-o", file].map(OsString::from));
        argv.extend(more.iter().map(OsString::from));
        let (ended, output) = process::listen_until(&argv, &directory, &self.environment, Some(self.until), |_| {})?;
        if ended.success() {
            let text = fs_err::read_to_string(directory.join(file));
            return Ok(text.map_or(Written::Failed(output), Written::File));
        }
        Ok(if self.time_is_over() { Written::TimeIsOver } else { Written::Failed(output) })
    }
}

/// How a run of uv ended.
enum Written {
    /// Succeeded, with this output file.
    File(String),
    /// Failed, with this message.
    Failed(String),
    TimeIsOver,
}

fn options(wheels: Wheels) -> Vec<&'static str> {
    match wheels {
        Wheels::Target => Vec::new(),
        Wheels::Linux => vec!["--python-platform", "x86_64-manylinux_2_40"],
        Wheels::Any => vec!["--universal"],
    }
}

/// A requirement as a constraint, which cannot have extras. `None` if it has no version.
fn constraint(text: &str) -> Option<String> {
    let (name, _, versions, marker) = parts(text)?;
    (!versions.is_empty()).then(|| format!("{name}{versions}{}", spaced(marker)))
}

#[derive(Deserialize)]
struct Lock {
    #[serde(default)]
    packages: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    name: String,
    version: Option<String>,
    marker: Option<String>,
    #[serde(default)]
    wheels: Vec<File>,
}

#[derive(Deserialize)]
struct File {
    name: Option<String>,
    url: Option<String>,
    path: Option<String>,
    #[serde(rename = "upload-time")]
    uploaded: Option<toml_edit::Datetime>,
}

impl File {
    fn file_name(&self) -> Option<String> {
        let place = self.name.as_ref().or(self.url.as_ref()).or(self.path.as_ref())?;
        place.split(['#', '?']).next()?.rsplit('/').next().map(str::to_owned)
    }
}

/// The packages of a lock that have a version. `None` if it is not a lock.
pub(super) fn read_lock(path: &Utf8Path) -> Option<Vec<Pinned>> {
    Some(parse_lock(&fs_err::read_to_string(path).ok()?, None)).filter(|packages| !packages.is_empty())
}

/// The same from text; for a universal lock, only the packages for the target.
fn parse_lock(text: &str, target: Option<&Target>) -> Vec<Pinned> {
    let Ok(lock) = toml_edit::de::from_str::<Lock>(text) else { return Vec::new() };
    let counts = |entry: &Entry| match (&entry.marker, target) {
        (Some(marker), Some(target)) => unrestricted::holds(marker, target),
        (None, _) | (_, None) => true,
    };
    let pinned = |entry: Entry| {
        let uploaded = entry.wheels.iter().filter_map(|file| file.uploaded.as_ref()?.date.map(|date| date.to_string()));
        Some(Pinned {
            name: python::normalize(&entry.name),
            uploaded: uploaded.max(),
            version: entry.version?,
            wheels: entry.wheels.iter().filter_map(File::file_name).collect(),
        })
    };
    lock.packages.into_iter().filter(counts).filter_map(pinned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use camino::Utf8PathBuf;

    #[test]
    fn what_others_say_of_versions_is_a_constraint_without_extras() {
        for (text, expected) in [
            ("certifi==2025.1.31", Some("certifi==2025.1.31")),
            ("uvicorn[standard]>=0.30 ; os_name == 'posix'", Some("uvicorn>=0.30 ; os_name == 'posix'")),
            ("httpx", None),
            ("x @ file:///y", None),
        ] {
            assert_eq!(constraint(text).as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn a_lock_says_versions_files_and_days() {
        let dir = tempfile::tempdir().unwrap();
        let path = Utf8PathBuf::from_path_buf(dir.path().join("pylock.toml")).unwrap();
        let text = "lock-version = \"1.0\"\n[[packages]]\nname = \"My.Pack\"\nversion = \"1.0\"\nwheels = [{ url = \"https://h.invalid/a/my_pack-1.0-py3-none-any.whl\", upload-time = 2025-10-19T22:30:25Z }, { path = \"x/my_pack-1.0-cp313-cp313-win32.whl\", upload-time = 2025-10-20T01:00:00Z }]\n[[packages]]\nname = \"local\"\ndirectory = { path = \"y\" }\n";
        fs_err::write(&path, text).unwrap();
        let wheels = vec!["my_pack-1.0-py3-none-any.whl".to_owned(), "my_pack-1.0-cp313-cp313-win32.whl".to_owned()];
        let expected =
            Pinned { name: "my-pack".into(), version: "1.0".into(), wheels, uploaded: Some("2025-10-20".into()) };
        assert_eq!(read_lock(&path), Some(vec![expected]));
        assert_eq!(read_lock(&path.with_file_name("none")), None);
    }
}
