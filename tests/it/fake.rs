//! Small fakes of the tools, which record what they get: they prove what saddlebag sends, the rig proves that it works.

use crate::project::{Project, Run};
use std::path::{Path, PathBuf};

pub(crate) fn directory() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

/// An executable shell script.
pub(crate) fn script(directory: &Path, name: &str, body: &str) -> PathBuf {
    // Made by another process: a child that a test beside this one forks just now would have the file open for writing,
    // and no system runs such a file ("text file busy").
    let (path, text) = (directory.join(name), directory.join(format!("{name}.text")));
    std::fs::write(&text, format!("#!/bin/sh\n{body}\n")).unwrap();
    let install = "rm -f \"$2\" && cp \"$1\" \"$2\" && chmod 755 \"$2\" && rm \"$1\"";
    let made = std::process::Command::new("sh").args(["-c", install, "sh"]).arg(&text).arg(&path).status().unwrap();
    assert!(made.success());
    path
}

/// A whole toolchain of fakes. Its pywrangler makes a vendored tree on `sync` and, on anything else, records its words,
/// directory, environment and the tree that it sees.
pub(crate) struct Tools {
    pub(crate) dir: tempfile::TempDir,
}

impl Tools {
    pub(crate) fn new() -> Self {
        let tools = Self { dir: directory() };
        tools.version("uv", "uv 0.13.8");
        tools.version("node", "v22.20.0");
        tools.pywrangler("");
        tools
    }

    pub(crate) fn version(&self, name: &str, version: &str) {
        script(self.dir.path(), name, &format!("echo '{version}'"));
    }

    /// `then`: what it does after it has recorded a command.
    pub(crate) fn pywrangler(&self, then: &str) {
        let log = self.dir.path().display();
        script(
            self.dir.path(),
            "pywrangler",
            &format!(
                r#"case "$1" in
--version) echo "pywrangler, version 1.17.9"; exit 0 ;;
sync)
  echo sync >> "{log}/syncs"
  [ -f "{log}/sync-fails" ] && cat "{log}/sync-fails" && exit 1
  mkdir -p python_modules/dep/tests python_modules/dep-1.0.dist-info python_modules/workers .venv-workers
  echo 'class WorkerEntrypoint: pass' > python_modules/workers/__init__.py
  echo 'VALUE = 1' > python_modules/dep/__init__.py
  echo 'import dep' > python_modules/dep/tests/test_dep.py
  printf 'Metadata-Version: 2.1\nName: dep\nVersion: 1.0\n\nlong words\n' > python_modules/dep-1.0.dist-info/METADATA
  printf 'dep/__init__.py,,\ndep/tests/test_dep.py,,\ndep-1.0.dist-info/METADATA,,\ndep-1.0.dist-info/RECORD,,\n' > python_modules/dep-1.0.dist-info/RECORD
  printf 1.17.9 > python_modules/.synced
  printf 1.17.9 > .venv-workers/.synced
  printf 'lock-version = "1.0"\ncreated-by = "fake"\n' > pylock.toml
  exit 0 ;;
esac
for word in "$@"; do printf '%s\n' "$word"; done > "{log}/words"
pwd > "{log}/directory"
env | sort > "{log}/environment"
find . -type f | sort > "{log}/tree"
cat wrangler.* > "{log}/config" 2>/dev/null
{then}"#
            ),
        );
    }

    pub(crate) fn recorded(&self, what: &str) -> String {
        std::fs::read_to_string(self.dir.path().join(what)).unwrap_or_default()
    }

    pub(crate) fn words(&self) -> Vec<String> {
        self.recorded("words").lines().map(str::to_owned).collect()
    }

    pub(crate) fn syncs(&self) -> usize {
        self.recorded("syncs").lines().count()
    }
}

/// A toolchain whose answers come from the environment of each run, so that many runs can share it: writing a script
/// while another thread starts processes can make the script "busy". One directory for each tool, so that one can be missing.
pub(crate) struct AnsweringTools {
    dir: tempfile::TempDir,
}

impl AnsweringTools {
    const ALL: [(&str, &str); 3] = [
        ("uv", r#"echo "${FAKE_UV:-uv 0.13.8}""#),
        ("node", r#"echo "${FAKE_NODE:-v22.20.0}""#),
        (
            "pywrangler",
            r#"version="${FAKE_PYWRANGLER:-1.17.9}"
case "$1" in
--version) echo "pywrangler, version $version" ;;
sync)
  mkdir -p .venv-workers
  cp -R "$FAKE_VENDORED" python_modules
  printf '%s' "$version" > python_modules/.synced
  printf '%s' "$version" > .venv-workers/.synced
  cp "$FAKE_LOCK" pylock.toml ;;
*) echo "this pywrangler only syncs" >&2; exit 1 ;;
esac"#,
        ),
    ];

    pub(crate) fn new() -> Self {
        let dir = directory();
        for (name, body) in Self::ALL {
            std::fs::create_dir(dir.path().join(name)).unwrap();
            script(&dir.path().join(name), name, body);
        }
        Self { dir }
    }

    /// A `PATH` of these tools less the `missing` ones. Where one is missing nothing else may be on it: the machine's own
    /// would be found.
    pub(crate) fn path(&self, missing: &[&str]) -> String {
        let present = Self::ALL.iter().filter(|(name, _)| !missing.contains(name));
        let mut path: Vec<String> = present.map(|(name, _)| self.dir.path().join(name).display().to_string()).collect();
        if missing.is_empty() {
            path.extend(["/usr/bin".to_owned(), "/bin".to_owned()]);
        }
        path.join(":")
    }
}

impl Run {
    /// On the fakes alone: nothing else but a plain shell's tools is on the PATH.
    pub(crate) fn on_fakes(self, tools: &Tools) -> Self {
        let path = format!("{}:/usr/bin:/bin", tools.dir.path().display());
        let cache = tools.dir.path().join("cache");
        self.env("PATH", path).env("SADDLEBAG_CACHE_DIR", cache)
    }
}

/// A small healthy project for the fakes.
pub(crate) fn project() -> Project {
    Project::of(&[
        (
            "wrangler.toml",
            "name = \"w\"\nmain = \"src/main.py\"\ncompatibility_date = \"2026-10-01\"\ncompatibility_flags = [\"python_workers\"]\n\n[env.develop]\nname = \"w-dev\"\n",
        ),
        ("pyproject.toml", "[project]\nname = \"w\"\nversion = \"0\"\ndependencies = []\n"),
        ("requirements-runtime.txt", "dep\n"),
        (
            "src/main.py",
            "import dep\nfrom src.core import x\nfrom workers import WorkerEntrypoint\n\n\nclass Default(WorkerEntrypoint):\n    pass\n",
        ),
        ("src/core.py", "x = 1\n"),
    ])
}
