//! Imports the staged bundle in real Pyodide under Node, with the file layout of the Workers runtime.
//!
//! No handler of the bundle is called, and the stage is not modified. The `smoke` gate evaluates the outcome.

mod install;
pub(crate) mod pyodide;

pub(crate) use install::install;

use crate::bundle::Bundle;
use crate::env::Environment;
use crate::error::{Error, ErrorKind, Result};
use crate::process;
use crate::project::Target;
use crate::project::target::SDK;
use crate::python::stdlib;
use camino::{Utf8Path, Utf8PathBuf};
use pyodide::{Permission, Pyodide, TABLE};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

const PROGRAM: &str = include_str!("../templates/boot.mjs");
const INSIDE: &str = include_str!("../templates/boot.py");
const STAND_INS: &str = include_str!("../templates/stand_ins.py");
/// Time limit for starting the interpreter, in seconds: enough for a slow machine, and it ends a hang.
const START: u64 = 120;

/// Input for a smoke run.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Boot<'a> {
    /// Upload name and staged file of every module that is a file.
    pub(crate) files: &'a [(&'a str, Utf8PathBuf)],
    pub(crate) bundle: &'a Bundle,
    pub(crate) target: &'a Target,
    pub(crate) pyodide: &'a Pyodide,
    pub(crate) node: &'a Utf8Path,
    pub(crate) environment: &'a Environment,
    /// Further modules to import.
    pub(crate) imports: &'a [String],
    /// A Python file of the user, absolute.
    pub(crate) script: Option<&'a Utf8Path>,
    /// Time limit for the imports, and again for the script, in seconds.
    pub(crate) patience: u64,
}

/// The request to `boot.mjs`.
#[derive(Serialize)]
struct Request<'a> {
    pyodide: &'a Utf8Path,
    program: &'a Utf8Path,
    stand_in_program: &'a Utf8Path,
    main: &'a str,
    /// Upload name and staged file of every module that the runtime makes visible to Python.
    modules: &'a [(&'a str, Utf8PathBuf)],
    flags: &'a [String],
    /// Whether the runtime reads the `.pth` files of packages.
    pth: bool,
    /// Public names by module, if known.
    stand_ins: BTreeMap<&'a str, Vec<&'a str>>,
    entropy: Vec<&'a Permission>,
    /// Whether the runtime searches `vendor/` beside the main module.
    legacy_vendor: bool,
    imports: &'a [String],
    script: Option<&'a Utf8Path>,
    limits: Limits,
}

#[derive(Serialize)]
struct Limits {
    start: u64,
    work: u64,
}

/// The outcome of a smoke run.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Outcome {
    Boot(SmokeResult),
    /// The phase that timed out: `start`, `import` or `script`.
    Timeout(String),
    /// The interpreter crashed; Node's message.
    Crash(String),
    /// The import did not finish after it used the stub of this module, whose real values are unknown.
    Unjudged(String),
}

/// Results reported by Python.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub(crate) struct SmokeResult {
    /// `3.14.2`.
    pub(crate) python: String,
    pub(crate) import_seconds: f64,
    /// Modules that were imported.
    pub(crate) imported: usize,
    /// At most 15, sorted by `own_seconds`.
    pub(crate) slowest: Vec<Imported>,
    pub(crate) entry_classes: Vec<String>,
    /// Functions of the main module whose names start with `on_`.
    pub(crate) handlers: Vec<String>,
    /// Standard library modules that were imported but are missing from the npm package.
    pub(crate) stood_in: Vec<String>,
    /// A request for entropy from C, which cannot be blocked from Python.
    pub(crate) denied_entropy: Option<Denied>,
    pub(crate) failures: Vec<Failure>,
    /// The interpreter's heap after the main module's import, bytes.
    pub(crate) memory_after: u64,
}

/// A request for entropy from C during an import.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub(crate) struct Denied {
    pub(crate) module: String,
    /// Outermost first.
    pub(crate) frames: Vec<Frame>,
}

/// One module's import, seconds.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Imported {
    pub(crate) module: String,
    /// Including the modules that it imports.
    pub(crate) seconds: f64,
    /// Excluding the modules that it imports.
    pub(crate) own_seconds: f64,
}

/// An exception.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub(crate) struct Failure {
    pub(crate) what: Step,
    /// The module, or the script.
    pub(crate) subject: String,
    /// `ModuleNotFoundError`.
    pub(crate) kind: String,
    pub(crate) text: String,
    /// The name that was not found.
    pub(crate) missing: Option<String>,
    /// Outermost first.
    pub(crate) frames: Vec<Frame>,
    /// The operation that the runtime does not allow before the first request, if that is the cause: `entropy`, `a
    /// socket`.
    #[serde(default)]
    pub(crate) forbidden: Option<String>,
    /// The module whose stub may be the cause.
    #[serde(default)]
    pub(crate) unjudged: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Step {
    /// The main module.
    Import,
    /// One of `smoke.imports`.
    Further,
    /// `smoke.script`.
    Script,
}

/// A place in a traceback: an upload name, or a path inside the interpreter.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct Frame {
    pub(crate) file: String,
    pub(crate) line: u32,
    pub(crate) function: String,
    /// The expression or source line, shortened.
    #[serde(default)]
    pub(crate) source: String,
}

/// Imports the bundle in Pyodide.
///
/// # Errors
/// `ToolMissing`: Node does not start. `Unwritable`: no temporary directory. `Interrupted`. `Internal`: no answer.
pub(crate) fn boot(boot: &Boot<'_>) -> Result<Outcome> {
    let directory = crate::temporary::directory()?;
    let at = crate::error::utf8(directory.path())?;
    let (program, inside, stand_ins) = (at.join("boot.mjs"), at.join("boot.py"), at.join("stand_ins.py"));
    let (request, answer) = (at.join("request.json"), at.join("answer.json"));
    let asked = serde_json::to_vec(&request_of(boot, &inside, &stand_ins)?)
        .map_err(|error| Error::new(ErrorKind::Internal, format!("the boot cannot be asked: {error}"), ""))?;
    for (path, bytes) in [
        (&program, PROGRAM.as_bytes()),
        (&inside, INSIDE.as_bytes()),
        (&stand_ins, STAND_INS.as_bytes()),
        (&request, &asked),
    ] {
        fs_err::write(path, bytes).map_err(|error| Error::unwritable(&error))?;
    }
    let mut environment = boot.environment.clone();
    environment.remove("NODE_OPTIONS"); // its loaders and flags do not exist in the runtime
    let argv = [boot.node, &program, &request, &answer].map(|word| word.as_str().into());
    let (ended, printed) = process::listen(&argv, &at, &environment, |_| {})?;
    match fs_err::read(&answer) {
        Ok(bytes) => serde_json::from_slice(&bytes)
            .map_err(|error| Error::new(ErrorKind::Internal, format!("the boot's answer cannot be read: {error}"), "")),
        Err(_) => Ok(Outcome::Crash(format!("node ended with code {}: {}", ended.code, last_lines(&printed)))),
    }
}

fn request_of<'a>(boot: &Boot<'a>, inside: &'a Utf8Path, stand_in_program: &'a Utf8Path) -> Result<Request<'a>> {
    let pth = reads_pth_files(boot.target);
    Ok(Request {
        pyodide: &boot.pyodide.package,
        program: inside,
        stand_in_program,
        main: &boot.bundle.main_module,
        modules: boot.files,
        flags: &boot.target.compatibility_flags,
        pth,
        stand_ins: stand_ins(boot.target),
        entropy: TABLE.permissions(pth),
        legacy_vendor: boot.target.legacy_vendor,
        imports: boot.imports,
        script: boot.script,
        limits: Limits { start: START, work: boot.patience },
    })
}

fn reads_pth_files(target: &Target) -> bool {
    let by_date = target.compatibility_date >= TABLE.since.pth_files;
    target.has_flag("python_process_pth_files") || by_date && !target.has_flag("disable_python_process_pth_files")
}

fn stand_ins(target: &Target) -> BTreeMap<&str, Vec<&str>> {
    let mut names = TABLE.stand_ins(&target.python);
    if target.bundles_sdk {
        names.extend(SDK); // provided by the runtime
    }
    names.into_iter().map(|name| (name, stdlib::members(&target.python, name))).collect()
}

fn last_lines(printed: &str) -> String {
    let lines: Vec<&str> = printed.lines().filter(|line| !line.trim().is_empty()).collect();
    lines[lines.len().saturating_sub(8)..].join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_way_that_a_boot_ends_is_read() {
        let read = |text: &str| serde_json::from_str::<Outcome>(text).unwrap();
        assert_eq!(read(r#"{"timeout":"import"}"#), Outcome::Timeout("import".into()));
        assert_eq!(read(r#"{"crash":"out of memory"}"#), Outcome::Crash("out of memory".into()));
        let Outcome::Boot(booted) = read(
            r#"{"boot":{"python":"3.14.2","import_seconds":0.5,"imported":3,"memory_after":7,"memory_before":5,
            "failures":[{"what":"further","subject":"a","kind":"ImportError","text":"no","missing":null,
            "frames":[{"file":"main.py","line":2,"function":"<module>"}]}]}}"#,
        ) else {
            panic!("no boot")
        };
        assert_eq!(
            (booted.python.as_str(), booted.memory_after, booted.failures[0].what),
            ("3.14.2", 7, Step::Further)
        );
    }

    #[test]
    fn of_what_node_printed_the_last_lines_count() {
        assert_eq!(last_lines("a\n\nb\n"), "a\nb");
        assert_eq!(last_lines(&"x\n".repeat(20)).lines().count(), 8);
    }
}
