//! A project in a temporary directory, and saddlebag run in it in a scrubbed environment.

use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::LazyLock;

/// Variables of the tester's own that would change what is tested.
const SCRUBBED: [&str; 5] = ["SADDLEBAG_", "CLOUDFLARE_", "WRANGLER_", "UV_", "VIRTUAL_ENV"];

pub(crate) struct Project {
    _dir: tempfile::TempDir,
    /// Canonical.
    pub(crate) root: PathBuf,
}

impl Project {
    pub(crate) fn empty() -> Self {
        let dir = tempfile::Builder::new().prefix("saddlebag-it-").tempdir().unwrap();
        let root = dir.path().canonicalize().unwrap();
        Self { _dir: dir, root }
    }

    pub(crate) fn of(files: &[(&str, &str)]) -> Self {
        let project = Self::empty();
        for (name, text) in files {
            project.write(name, text);
        }
        project
    }

    /// A copy of one of the examples.
    pub(crate) fn example(name: &str) -> Self {
        let project = Self::empty();
        copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join("examples").join(name), &project.root);
        project
    }

    pub(crate) fn write(&self, name: &str, text: &str) -> &Self {
        let path = self.root.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
        self
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.root.join(name)
    }

    /// saddlebag, about to run in the project.
    pub(crate) fn saddlebag(&self, arguments: &[&str]) -> Run {
        Run::new(&self.root, arguments)
    }

    /// Every file with its bytes, every directory and every link: what must not change.
    pub(crate) fn snapshot(&self) -> BTreeMap<PathBuf, Option<Vec<u8>>> {
        let mut all = BTreeMap::new();
        for entry in walkdir::WalkDir::new(&self.root) {
            let entry = entry.unwrap();
            let content = entry.file_type().is_file().then(|| std::fs::read(entry.path()).unwrap());
            all.insert(entry.path().strip_prefix(&self.root).unwrap().to_owned(), content);
        }
        all
    }
}

pub(crate) fn copy(from: &Path, to: &Path) {
    for entry in walkdir::WalkDir::new(from) {
        let entry = entry.unwrap();
        let target = to.join(entry.path().strip_prefix(from).unwrap());
        if entry.file_type().is_dir() {
            std::fs::create_dir_all(target).unwrap();
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// One run of the binary.
pub(crate) struct Run {
    pub(crate) command: Command,
}

impl Run {
    pub(crate) fn new(cwd: &Path, arguments: &[&str]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_saddlebag"));
        command.args(arguments).current_dir(cwd).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        for (name, _) in std::env::vars_os() {
            if SCRUBBED.iter().any(|prefix| name.to_string_lossy().starts_with(prefix)) {
                command.env_remove(&name);
            }
        }
        command.env("NO_COLOR", "1").env("CI", "true");
        Self { command }
    }

    pub(crate) fn env(mut self, name: &str, value: impl AsRef<std::ffi::OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    pub(crate) fn within(mut self, directory: &Path) -> Self {
        self.command.current_dir(directory);
        self
    }

    pub(crate) fn run(mut self) -> Ran {
        Ran::of(self.command.output().unwrap())
    }
}

/// What came of it.
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ran {
    pub(crate) fn of(output: Output) -> Self {
        use std::os::unix::process::ExitStatusExt;
        Self {
            code: output.status.code().unwrap_or_else(|| 128 + output.status.signal().unwrap()),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// Stops the test with everything that was said, unless the code is as expected.
    #[track_caller]
    pub(crate) fn expect(self, code: i32) -> Self {
        assert_eq!(self.code, code, "exit code\n--- stdout\n{}\n--- stderr\n{}", self.stdout, self.stderr);
        self
    }

    /// stdout as the one JSON document that it must be; a report is held against its schema.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        let document: Value = serde_json::from_str(&self.stdout)
            .unwrap_or_else(|error| panic!("{error}\n--- stdout\n{}\n--- stderr\n{}", self.stdout, self.stderr));
        if document["schema"] == "saddlebag.report/1" {
            let wrong: Vec<String> =
                SCHEMA.iter_errors(&document).map(|error| format!("{}: {error}", error.instance_path)).collect();
            assert_eq!(wrong, Vec::<String>::new(), "the report is not what docs/report.schema.json says");
        }
        if document["version"] == "2.1.0" {
            let wrong: Vec<String> =
                SARIF.iter_errors(&document).map(|error| format!("{}: {error}", error.instance_path)).collect();
            assert_eq!(wrong, Vec::<String>::new(), "this is not SARIF 2.1.0");
        }
        document
    }
}

/// The published schema of the report.
static SCHEMA: LazyLock<jsonschema::Validator> = LazyLock::new(|| {
    let text = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/report.schema.json")).unwrap();
    jsonschema::validator_for(&serde_json::from_str(&text).unwrap()).unwrap()
});

/// The schema of SARIF 2.1.0, from the crate that carries it. Offline cargo only has the crates of this platform: those of
/// the others were never downloaded on a machine whose cargo cache is new.
static SARIF: LazyLock<jsonschema::Validator> = LazyLock::new(|| {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let version = String::from_utf8(Command::new(rustc).arg("-vV").output().unwrap().stdout).unwrap();
    let host = version.lines().find_map(|line| line.strip_prefix("host: ")).unwrap();
    let mut command = Command::new(env!("CARGO"));
    command.args(["metadata", "--format-version=1", "--offline", "--filter-platform", host, "--manifest-path"]);
    let output = command.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml")).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    let packages = metadata["packages"].as_array().unwrap();
    let carrier = packages.iter().find(|package| package["name"] == "serde-sarif").unwrap();
    let manifest = Path::new(carrier["manifest_path"].as_str().unwrap());
    let text = std::fs::read_to_string(manifest.with_file_name("src").join("schema.json")).unwrap();
    jsonschema::validator_for(&serde_json::from_str(&text).unwrap()).unwrap()
});

/// A gate of a report.
pub(crate) fn gate<'a>(report: &'a Value, id: &str) -> &'a Value {
    report["gates"].as_array().unwrap().iter().find(|gate| gate["id"] == id).unwrap()
}

/// The codes of a gate's findings.
pub(crate) fn codes(report: &Value, id: &str) -> Vec<String> {
    gate(report, id)["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|finding| finding["code"].as_str().unwrap().to_owned())
        .collect()
}

/// The upload names that a report plans, sorted.
pub(crate) fn planned(report: &Value) -> Vec<String> {
    let mut names: Vec<String> = report["bundle"]["modules"]
        .as_array()
        .unwrap()
        .iter()
        .map(|module| module["name"].as_str().unwrap().to_owned())
        .collect();
    names.sort();
    names
}
