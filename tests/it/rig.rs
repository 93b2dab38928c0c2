//! The rig: the real pywrangler, uv, wrangler and Pyodide, and a loopback stand-in for Cloudflare's API.

use crate::project::{Project, Ran, Run};
use serde_json::Value;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

pub(crate) fn home() -> PathBuf {
    let cache = std::env::var_os("XDG_CACHE_HOME")
        .map_or_else(|| PathBuf::from(std::env::var_os("HOME").unwrap()).join(".cache"), PathBuf::from);
    let home = std::env::var_os("RIG_HOME").map_or_else(|| cache.join("saddlebag-rig"), PathBuf::from);
    assert!(
        home.join("stamp").is_file(),
        "the rig is not set up in {}: run `make test`, or `tests/rig/setup.sh`",
        home.display()
    );
    home
}

fn script(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/rig").join(name)
}

/// The vendored trees of all tests, kept between runs: a second run is a cached one.
pub(crate) fn cache() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("cache")
}

/// What `env.sh` sets.
fn equip(command: &mut Command) {
    let home = home();
    let path = std::env::join_paths(
        std::iter::once(home.join("bin")).chain(std::env::split_paths(&std::env::var_os("PATH").unwrap())),
    )
    .unwrap();
    command
        .env("RIG_HOME", &home)
        .env("PATH", path)
        .env("UV_PYTHON_INSTALL_DIR", home.join("python"))
        .env("UV_CACHE_DIR", home.join("uv-cache"))
        .env("WRANGLER_SEND_METRICS", "false")
        .env("npm_config_update_notifier", "false");
}

impl Project {
    /// Gives the project the rig's wrangler, as `npm install` would.
    pub(crate) fn link_wrangler(&self) -> &Self {
        self.link_wrangler_at("")
    }

    pub(crate) fn link_wrangler_at(&self, directory: &str) -> &Self {
        std::os::unix::fs::symlink(home().join("npm/node_modules"), self.root.join(directory).join("node_modules"))
            .unwrap();
        self
    }
}

impl Run {
    /// On the real tools.
    pub(crate) fn on_rig(mut self) -> Self {
        equip(&mut self.command);
        self.env("SADDLEBAG_CACHE_DIR", cache())
    }

    /// With credentials that only the stand-in takes.
    pub(crate) fn against(self, api: &Api) -> Self {
        self.env("CLOUDFLARE_API_BASE_URL", api.url())
            .env("CLOUDFLARE_API_TOKEN", "token-of-the-tests")
            .env("CLOUDFLARE_ACCOUNT_ID", "account")
    }
}

/// Plain pywrangler, for comparison.
pub(crate) fn pywrangler(cwd: &Path, arguments: &[&str]) -> Run {
    let mut run = Run::new(cwd, &[]);
    let mut command = Command::new(home().join("bin/pywrangler"));
    command.args(arguments).current_dir(cwd).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    for (name, value) in run.command.get_envs() {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    run.command = command;
    run.on_rig()
}

/// A running stand-in for Cloudflare's API. It ends with the test: its stdin closes.
pub(crate) struct Api {
    child: Child,
    port: u64,
    out: tempfile::TempDir,
}

impl Api {
    pub(crate) fn start(extra: &[&str]) -> Self {
        let out = tempfile::tempdir().unwrap();
        let mut command = Command::new("python3");
        command
            .arg(script("cloudflare_api.py"))
            .args(["--port", "0", "--until-stdin-closes", "--out"])
            .arg(out.path())
            .args(extra);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let port = serde_json::from_str::<Value>(&line).unwrap()["port"].as_u64().unwrap();
        Self { child, port, out }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Every request that came: method and path.
    pub(crate) fn requests(&self) -> Vec<String> {
        let text = std::fs::read_to_string(self.out.path().join("requests.jsonl")).unwrap_or_default();
        text.lines()
            .map(|line| serde_json::from_str::<Value>(line).unwrap())
            .map(|request| format!("{} {}", request["method"].as_str().unwrap(), request["path"].as_str().unwrap()))
            .collect()
    }

    /// The names of the uploaded modules, sorted.
    pub(crate) fn modules(&self) -> Vec<String> {
        let parts = self.parts();
        let mut names: Vec<String> = walkdir::WalkDir::new(&parts)
            .into_iter()
            .flatten()
            .filter(|entry| entry.file_type().is_file())
            .map(|entry| entry.path().strip_prefix(&parts).unwrap().to_str().unwrap().to_owned())
            .collect();
        names.sort();
        names
    }

    pub(crate) fn parts(&self) -> PathBuf {
        self.out.path().join("parts")
    }

    pub(crate) fn metadata(&self) -> Value {
        serde_json::from_slice(&std::fs::read(self.out.path().join("metadata.json")).unwrap()).unwrap()
    }

    /// Imports the upload's main module in real Pyodide, laid out as the runtime does.
    pub(crate) fn boot(&self, python: &str) -> Value {
        boot(&self.parts(), self.metadata()["main_module"].as_str().unwrap(), python)
    }
}

impl Drop for Api {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        self.child.wait().unwrap();
    }
}

/// `boot.sh`'s one line of JSON.
pub(crate) fn boot(upload: &Path, main_module: &str, python: &str) -> Value {
    let mut command = Command::new("bash");
    equip(&mut command);
    let output = command.arg(script("boot.sh")).arg(upload).args([main_module, python]).output().unwrap();
    let ran = Ran::of(output);
    serde_json::from_str(ran.stdout.lines().last().unwrap_or_default())
        .unwrap_or_else(|error| panic!("{error}\n{}\n{}", ran.stdout, ran.stderr))
}
