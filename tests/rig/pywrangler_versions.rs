//! No pywrangler syncs a second time over a pruned stage: the newest and the oldest that saddlebag works with.
//!
//! Both pywrangler and uv are wrapped by scripts that note each start and each end in one log, so that it shows what ran
//! within what.

use crate::project::{Project, Run, codes, planned};
use crate::rig::{self, Api};
use std::path::{Path, PathBuf};

/// Which workers-py: the version is pinned in the rig's `versions.env`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Which {
    Old,
    New,
}
use Which::{New, Old};

fn version(which: Which) -> &'static str {
    let key = if which == Old { "WORKERS_PY_OLD_VERSION=" } else { "WORKERS_PY_VERSION=" };
    include_str!("../rig/versions.env").lines().find_map(|line| line.strip_prefix(key)).unwrap()
}

/// Where it is installed in the rig.
fn installed(which: Which) -> PathBuf {
    let venv = if which == Old { "venv-old" } else { "venv" };
    let script = rig::home().join(venv).join("bin/pywrangler");
    assert!(script.is_file(), "{} is not there: run `tests/rig/setup.sh`", script.display());
    script
}

/// Wrappers, and the log that they share.
struct Recorder {
    dir: tempfile::TempDir,
}

impl Recorder {
    fn new() -> Self {
        let recorder = Self { dir: crate::fake::directory() };
        recorder.wrap("uv", &rig::home().join("bin/uv"));
        recorder
    }

    /// `NAME` on the PATH notes `+ NAME DIRECTORY|WORDS`, runs the real one, and notes `- NAME CODE`.
    fn wrap(&self, name: &str, real: &Path) -> PathBuf {
        let log = self.dir.path().join("log");
        let body = format!(
            "echo \"+ {name} $PWD|$*\" >> '{log}'\n'{real}' \"$@\"\ncode=$?\necho \"- {name} $code\" >> '{log}'\nexit $code",
            log = log.display(),
            real = real.display()
        );
        crate::fake::script(self.dir.path(), name, &body)
    }

    /// saddlebag on the rig with that pywrangler, recorded.
    fn run(&self, project: &Project, words: &[&str], which: Which) -> Run {
        let pywrangler = self.wrap(&format!("pywrangler-{which:?}"), &installed(which));
        let run = project.saddlebag(words).on_rig();
        let path = run.command.get_envs().find(|(name, _)| *name == "PATH").and_then(|(_, value)| value).unwrap();
        let path = std::iter::once(self.dir.path().to_owned()).chain(std::env::split_paths(path));
        let path = std::env::join_paths(path).unwrap();
        run.env("PATH", path)
            .env("SADDLEBAG_PYWRANGLER", pywrangler)
            .env("SADDLEBAG_CACHE_DIR", self.dir.path().join("cache"))
    }

    /// What pywrangler ran, in order, each with the uv calls within it; clears the log. uv outside of pywrangler is only
    /// ever asked for its version, and right after a sync, in a directory of its own, how old is what was resolved.
    fn taken(&self) -> Vec<(String, Vec<String>)> {
        let path = self.dir.path().join("log");
        let text = std::fs::read_to_string(&path).unwrap_or_default();
        std::fs::write(&path, "").unwrap();
        let mut runs: Vec<(String, Vec<String>)> = Vec::new();
        let mut within = false;
        for line in text.lines() {
            let (directory, words) = line.split_once('|').unwrap_or((line, ""));
            if let Some(started) = directory.strip_prefix("+ pywrangler-") {
                let (which, directory) = started.split_once(' ').unwrap();
                let in_stage = directory.contains("/.wrangler/saddlebag/stage-");
                let word = words.split(' ').next().unwrap();
                assert!(!within, "pywrangler within pywrangler: {text}");
                assert_eq!(in_stage, word == "deploy", "{line}");
                within = true;
                runs.push((format!("{which} {word}"), Vec::new()));
            } else if line.starts_with("- pywrangler-") {
                within = false;
            } else if directory.starts_with("+ uv ") {
                assert!(!directory.contains("/.wrangler/saddlebag/stage-"), "uv in the stage: {line}");
                match runs.last_mut().filter(|_| within) {
                    Some((_, calls)) => calls.push(words.to_owned()),
                    None if words.starts_with("pip compile ") => {
                        assert!(runs.last().is_some_and(|(name, _)| name.ends_with(" sync")), "{line}");
                    }
                    None => assert_eq!(words, "--version"),
                }
            }
        }
        assert!(!within, "a pywrangler did not end: {text}");
        runs.retain(|(command, _)| !command.ends_with(" --version"));
        runs
    }
}

/// The names of what ran.
fn names(runs: &[(String, Vec<String>)]) -> Vec<&str> {
    runs.iter().map(|(name, _)| name.as_str()).collect()
}

/// The flat example on the Python that both versions know.
fn project() -> Project {
    let project = Project::example("flat");
    project.link_wrangler().write("requirements-runtime.txt", "rig-tests\n");
    let config = std::fs::read_to_string(project.path("wrangler.jsonc")).unwrap();
    assert!(config.contains("2026-10-01"));
    project.write("wrangler.jsonc", &config.replace("2026-10-01", "2026-06-01"));
    let entry = std::fs::read_to_string(project.path("src/entry.py")).unwrap();
    project.write("src/entry.py", &format!("import rig_tests\n{entry}"));
    project
}

#[test]
fn no_uv_call_happens_between_the_start_and_the_end_of_a_deploy() {
    for which in [New, Old] {
        let (project, recorder) = (project(), Recorder::new());
        for expected in [&["sync", "deploy"][..], &["deploy"]] {
            let api = Api::start(&[]);
            let ran = recorder.run(&project, &["deploy", "--format", "json"], which).against(&api).run().expect(0);
            let report = ran.json();
            let expected: Vec<_> = expected.iter().map(|word| format!("{which:?} {word}")).collect();
            let runs = recorder.taken();
            assert_eq!(names(&runs), expected);
            let (_, within_deploy) = runs.last().unwrap();
            assert_eq!(*within_deploy, Vec::<String>::new(), "{which:?}");
            if let [(_, within_sync), _] = &runs[..] {
                assert!(within_sync.iter().any(|call| call.starts_with("pip compile")), "{within_sync:?}");
                assert!(within_sync.iter().any(|call| call.starts_with("pip install")), "{within_sync:?}");
            }

            assert_eq!(api.modules(), planned(&report), "{which:?}");
            assert_eq!(report["deploy"]["raw_bytes"], report["bundle"]["raw_bytes"]);
            assert!(!api.modules().iter().any(|name| name.starts_with("python_modules/rig_tests/tests/")));
            assert_eq!(api.boot("3.13")["ok"], true);
        }
    }
}

#[test]
fn a_sync_of_one_version_is_nothing_to_another() {
    let (project, recorder) = (project(), Recorder::new());
    let check = |which| {
        recorder.run(&project, &["check", "--format", "json"], which).run().expect(0);
        recorder.taken()
    };
    let deploy = |which| {
        let api = Api::start(&[]);
        let words = ["deploy", "--format", "json"];
        let report = recorder.run(&project, &words, which).against(&api).run().expect(0).json();
        assert_eq!(api.modules(), planned(&report));
        recorder.taken()
    };
    assert_eq!(names(&check(Old)), ["Old sync"]);
    let runs = deploy(New);
    assert_eq!(names(&runs), ["New sync", "New deploy"]);
    assert_eq!(runs[1].1, Vec::<String>::new());
    // Each has its own now.
    for (which, expected) in [(Old, "Old deploy"), (New, "New deploy")] {
        let runs = deploy(which);
        assert_eq!(names(&runs), [expected]);
        assert_eq!(runs[0].1, Vec::<String>::new());
    }
}

#[test]
fn a_pywrangler_that_is_another_one_outside_of_the_project_is_refused_before_the_deploy() {
    let (project, recorder, api) = (project(), Recorder::new(), Api::start(&[]));
    let both = crate::fake::script(
        recorder.dir.path(),
        "pywrangler-by-directory",
        &format!(
            "case \"$PWD/\" in '{root}'/*) exec '{new}' \"$@\" ;; *) exec '{old}' \"$@\" ;; esac",
            root = project.root.display(),
            new = installed(New).display(),
            old = installed(Old).display()
        ),
    );
    let ran = recorder
        .run(&project, &["deploy", "--format", "json"], New)
        .env("SADDLEBAG_PYWRANGLER", both)
        .against(&api)
        .run()
        .expect(4);
    let error = ran.json()["error"].clone();
    assert_eq!(error["code"], "sync-failed");
    assert!(error["message"].as_str().unwrap().starts_with(&format!(
        "`pywrangler` is {} in the project and {} in `",
        version(New),
        version(Old)
    )));
    assert_eq!(api.requests(), Vec::<String>::new());
}

#[test]
fn a_pywrangler_that_does_not_know_the_python_is_refused_before_it_vendors_for_another() {
    let (project, recorder) = (Project::example("flat"), Recorder::new());
    project.link_wrangler();
    let ran = recorder.run(&project, &["check", "--format", "json"], Old).run().expect(4);
    let error = ran.json()["error"].clone();
    assert_eq!(error["code"], "tool-too-old");
    let message = format!("`pywrangler` is {}, and Python 3.14 needs 1.16.0 or newer", version(Old));
    assert_eq!(error["message"], message);
    assert_eq!(names(&recorder.taken()), Vec::<&str>::new());
}

#[test]
fn a_pywrangler_that_does_not_tell_its_version_syncs_each_time() {
    let (project, recorder) = (project(), Recorder::new());
    let silent = crate::fake::script(
        recorder.dir.path(),
        "pywrangler-silent",
        &format!(
            "[ \"$1\" = --version ] && exit 0\nexec '{}' \"$@\"",
            recorder.wrap("pywrangler-New", &installed(New)).display()
        ),
    );
    for _ in 0..2 {
        let ran = recorder
            .run(&project, &["check", "--format", "json"], New)
            .env("SADDLEBAG_PYWRANGLER", &silent)
            .run()
            .expect(0);
        assert!(!codes(&ran.json(), "toolchain").contains(&"toolchain.too-old".to_owned()));
        assert_eq!(names(&recorder.taken()), ["New sync"]);
    }
}
