//! Requirements that do not resolve, or only to what is ancient: on the real uv, with wheels made for it.

use crate::project::{Project, Ran, codes, gate};
use crate::rig::{self, Api};
use serde_json::Value;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;

/// An index of its own, so that a rig that was set up before these wheels were thought of serves too.
fn index() -> &'static str {
    static INDEX: OnceLock<String> = OnceLock::new();
    INDEX.get_or_init(|| {
        let index: PathBuf = Path::new(env!("CARGO_TARGET_TMPDIR")).join("wheels");
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/rig/wheels.py");
        assert!(Command::new("python3").arg(script).arg(&index).status().unwrap().success());
        format!("file://{}", index.display())
    })
}

/// A Worker on 3.13 by its date.
fn worker(requirements: &str) -> Project {
    let project = Project::example("flat");
    project.link_wrangler().write("requirements-runtime.txt", requirements);
    date(&project, "2026-10-01", "2026-06-01");
    project
}

fn date(project: &Project, from: &str, to: &str) {
    let config = std::fs::read_to_string(project.path("wrangler.jsonc")).unwrap().replace(from, to);
    project.write("wrangler.jsonc", &config);
}

fn ask(project: &Project, code: i32) -> Ran {
    project.saddlebag(&["check", "--format", "json"]).on_rig().env("UV_INDEX", index()).run().expect(code)
}

fn check(project: &Project, code: i32) -> Value {
    ask(project, code).json()
}

/// On a machine that is too busy to try every way out in the time there is, saddlebag says so, and is asked again.
fn check_until_all_is_tried(project: &Project, code: i32) -> Value {
    let mut ran = ask(project, code);
    for _ in 0..3 {
        if ran.stderr.contains("could not be tried") {
            ran = ask(project, code);
        }
    }
    ran.json()
}

fn wheels(report: &Value) -> Vec<Value> {
    gate(report, "wheels")["findings"].as_array().unwrap().clone()
}

fn alternatives(report: &Value) -> Vec<String> {
    let found = wheels(report).into_iter().filter(|finding| finding["code"] == "wheels.alternative");
    found.map(|finding| finding["message"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn what_has_no_wheel_is_named_with_its_chain_and_every_alternative_deploys() {
    let project = worker("rig-app[fast]>=1.1\n");
    let report = check_until_all_is_tried(&project, 3);
    assert_eq!((&report["verdict"], &report["error"]), (&"blocked".into(), &Value::Null));
    let culprit = &wheels(&report)[0];
    assert_eq!((&culprit["code"], &culprit["subject"]), (&"wheels.none".into(), &"rig-only314".into()));
    assert_eq!(culprit["location"]["path"], "requirements-runtime.txt");
    let message = culprit["message"].as_str().unwrap();
    for part in [
        "`rig-app[fast]`, which needs `rig-only314`, which has no wheel",
        "`cp313`",
        "`pyodide_2025_0_wasm32`",
        "cp314",
        "pyemscripten_2026_0_wasm32",
    ] {
        assert!(message.contains(part), "{part}: {message}");
    }
    assert_eq!(gate(&report, "imports")["outcome"], "skipped");
    let found = alternatives(&report);
    assert_eq!(found.len(), 3, "{found:?}");
    assert!(found[0].starts_with("`rig-app[fast]==1.0`"), "{found:?}");
    assert!(found[1].starts_with("`rig-app>=1.1` instead"), "{found:?}");
    assert!(found[2].starts_with("`compatibility_date = \"2026-09-08\"`"), "{found:?}");

    let deploys = |project: &Project| {
        let api = Api::start(&[]);
        project.saddlebag(&["deploy"]).on_rig().env("UV_INDEX", index()).against(&api).run().expect(0);
        api.modules().into_iter().any(|name| name == "python_modules/rig_app/__init__.py")
    };
    assert!(deploys(&worker("rig-app[fast]==1.0\n")));
    assert!(deploys(&worker("rig-app>=1.1\n")));
    date(&project, "2026-06-01", "2026-09-08");
    assert!(deploys(&project));
}

#[test]
fn each_way_not_to_resolve_has_its_code() {
    for (requirements, code, subject) in [
        ("rig-cp312\n", "wheels.none", "rig-cp312"),
        ("rig-no-such-thing\n", "wheels.unknown", "rig-no-such-thing"),
        ("rig-meta>=3\n", "wheels.version", "rig-meta"),
        ("rig-app[fast]==1.0\nrig-engine<1.0\n", "wheels.conflict", "rig-engine"),
        ("rig-future\n", "wheels.python", "rig-future"),
    ] {
        let report = check(&worker(requirements), 3);
        let found = &wheels(&report)[0];
        assert_eq!((&found["code"], &found["subject"]), (&code.into(), &subject.into()), "{requirements}: {found}");
        assert!(!found["help"].as_str().unwrap().is_empty());
    }
}

#[test]
fn a_marker_does_not_hide_who_is_in_the_way() {
    let marker = "; sys_platform == 'emscripten'";
    for (requirements, code, subject) in [
        (format!("rig-cp312{marker}\n"), "wheels.none", "rig-cp312"),
        (format!("rig-app[fast]>=1.1{marker}\n"), "wheels.none", "rig-only314"),
        (format!("rig-no-such-thing{marker}\n"), "wheels.unknown", "rig-no-such-thing"),
        (format!("rig-meta>=3{marker}\n"), "wheels.version", "rig-meta"),
    ] {
        let found = &wheels(&check(&worker(&requirements), 3))[0];
        assert_eq!((&found["code"], &found["subject"]), (&code.into(), &subject.into()), "{requirements}: {found}");
        assert_eq!(found["location"]["path"], "requirements-runtime.txt", "{found}");
    }
}

#[test]
fn a_newer_release_is_tried_before_an_older_one_and_no_major_version_back_is_advised() {
    // 2.0 and 2.1 have no wheel for 3.13, 2.2 has, and 1.9 is pure Python.
    let imports = |requirements: &str| {
        let project = worker(requirements);
        let main = std::fs::read_to_string(project.path("src/entry.py")).unwrap();
        project.write("src/entry.py", &format!("{main}\nimport rig_pinned, rig_major\n"));
        project
    };
    let report = check_until_all_is_tried(&imports("rig-pinned==2.0\n"), 3);
    let found = &wheels(&report)[0];
    let message = found["message"].as_str().unwrap();
    assert!(message.starts_with("`rig-pinned` 2.0 has no wheel for Python 3.13 on Workers"), "{message}");
    assert!(message.ends_with("; 2.2, the newest, has one"), "{message}");
    assert_eq!(found["help"], "write `rig-pinned==2.2`: a newer release");
    assert!(alternatives(&report).iter().all(|found| !found.contains("1.9")), "{:?}", alternatives(&report));

    let report = check_until_all_is_tried(&imports("rig-pinned==2.0\nrig-app[fast]>=1.1\n"), 3);
    let subjects: Vec<Value> = wheels(&report).iter().map(|finding| finding["subject"].clone()).collect();
    assert!(subjects.contains(&"rig-pinned".into()) && subjects.contains(&"rig-only314".into()), "{subjects:?}");

    // Only 1.0 would do for 2.0: that is another thing.
    let report = check_until_all_is_tried(&imports("rig-major==2.0\n"), 3);
    let help = wheels(&report)[0]["help"].as_str().unwrap().to_owned();
    assert_eq!(help, "require something else: nothing near what is required works, only `rig-major` 1.0");
    assert!(alternatives(&report).iter().all(|found| !found.contains("rig-major==")), "{:?}", alternatives(&report));
}

#[test]
fn what_nothing_imports_is_to_be_moved_out_and_what_is_imported_is_not() {
    let project = worker("rig-cp312\nrig-meta\n");
    let main = std::fs::read_to_string(project.path("src/entry.py")).unwrap();
    project.write("src/entry.py", &format!("{main}\nimport rig_meta\n"));
    let help = |project: &Project| wheels(&check(project, 3))[0]["help"].as_str().unwrap().to_owned();
    assert!(help(&project).starts_with("move `rig-cp312` out of the runtime requirements"), "{}", help(&project));
    for doubt in ["import rig_cp312", "import unknown_to_all", "NAME = 'rig-cp312'", "__import__(NAME)"] {
        project.write("src/entry.py", &format!("{main}\nimport rig_meta\n{doubt}\n"));
        assert!(!help(&project).contains("move"), "{doubt}: {}", help(&project));
    }
}

#[test]
fn a_source_that_must_be_built_is_named_with_what_allows_it() {
    let project = worker("dynlib @ ./dynlib\n");
    project.write("dynlib/setup.py", "from setuptools import setup\nsetup(name='dynlib', version='1.0')\n");
    let found = &wheels(&check(&project, 3))[0];
    assert_eq!((&found["code"], &found["subject"]), (&"wheels.build".into(), &"dynlib".into()));
    assert!(found["help"].as_str().unwrap().contains("allow-build = true"), "{found}");
    // With metadata that can be read as it stands it is built only to be installed, as pywrangler has it.
    if reaches_pypi() {
        std::fs::remove_file(project.path("dynlib/setup.py")).unwrap();
        project.write("dynlib/dynlib.py", "");
        let metadata = "[project]\nname = \"dynlib\"\nversion = \"1.0\"\n[tool.setuptools]\npy-modules = [\"dynlib\"]\n\
                        [build-system]\nrequires = [\"setuptools\"]\nbuild-backend = \"setuptools.build_meta\"\n";
        project.write("dynlib/pyproject.toml", metadata);
        assert_eq!(codes(&check(&project, 0), "wheels"), [""; 0]);
    }
}

#[test]
fn a_requires_python_that_excludes_the_workers_is_warned_of() {
    let project = worker("rig-meta\n");
    let of = |requires: &str| {
        project.write(
            "pyproject.toml",
            &format!("[project]\nname = \"p\"\nversion = \"1\"\nrequires-python = \"{requires}\"\n"),
        );
        let report = check(&project, 0);
        let found = wheels(&report);
        found.first().map(|found| (found["code"].clone(), found["level"].clone(), found["location"]["line"].clone()))
    };
    assert_eq!(of(">=3.14"), Some(("wheels.requires-python".into(), "warn".into(), 4.into())));
    assert_eq!(of(">=3.10,<3.13"), Some(("wheels.requires-python".into(), "warn".into(), 4.into())));
    assert_eq!(of(">=3.12"), None);
}

#[test]
fn where_the_gate_is_off_the_failure_is_an_error_in_uvs_words() {
    let project = worker("rig-cp312\n");
    let ran = project.saddlebag(&["check", "--gate", "wheels=off"]).on_rig().env("UV_INDEX", index()).run().expect(4);
    assert!(ran.stderr.contains("has no wheels with a matching Python ABI tag"), "{}", ran.stderr);
    assert!(ran.stderr.contains("hint: loosen or change the requirement"), "{}", ran.stderr);
    assert!(!ran.stderr.contains("RUNNING"), "{}", ran.stderr);
}

#[test]
fn a_fall_to_an_ancient_release_is_said_and_a_pin_or_a_wheel_for_workers_is_none() {
    let project = worker("rig-fallen\n");
    let report = check(&project, 0);
    let found = wheels(&report);
    assert_eq!(codes(&report, "wheels"), ["wheels.silent-downgrade"]);
    assert!(found[0]["message"].as_str().unwrap().contains("resolved to 0.9"), "{found:?}");
    assert!(found[0]["message"].as_str().unwrap().contains("3.0"), "{found:?}");
    assert_eq!(codes(&check(&project, 0), "wheels"), ["wheels.silent-downgrade"], "remembered");
    for healthy in ["rig-fallen<1\n", "rig-built\n", "rig-engine\n"] {
        assert_eq!(codes(&check(&worker(healthy), 0), "wheels"), [""; 0], "{healthy}");
    }
}

#[test]
fn an_index_that_cannot_be_reached_is_no_package_that_does_not_exist() {
    let project = worker("idna\n");
    let said = |index: &str| {
        let run = project.saddlebag(&["check"]).on_rig().env("UV_DEFAULT_INDEX", index).env("UV_HTTP_RETRIES", "1");
        run.run().expect(4).stderr
    };
    let down = said("http://127.0.0.1:9/simple");
    assert!(down.contains("`127.0.0.1:9` cannot be used: it refuses the connection, after 1 retry"), "{down}");
    let no_tls = Api::start(&[]);
    let plain = said(&no_tls.url().replace("http:", "https:"));
    assert!(plain.contains("cannot be used: it does not speak TLS"), "{plain}");
    let other = said(&no_tls.url());
    assert!(other.contains("what it answers is no package index"), "{other}");
    let empty = Empty::start();
    let missing = said(&format!("http://127.0.0.1:{}/simple", empty.port));
    assert!(missing.contains("neither") && missing.contains("hint: check the index's URL"), "{missing}");
}

/// A server that has nothing: 404 for everything.
struct Empty {
    child: Child,
    port: u16,
    _directory: tempfile::TempDir,
}

impl Empty {
    fn start() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let mut child = Command::new("python3")
            .args(["-u", "-m", "http.server", "0", "--bind", "127.0.0.1", "--directory"])
            .arg(directory.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let port = line.split_whitespace().skip_while(|word| *word != "port").nth(1).unwrap().parse().unwrap();
        Self { child, port, _directory: directory }
    }
}

impl Drop for Empty {
    fn drop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

#[test]
fn a_lock_is_written_once_is_kept_to_and_differences_are_told() {
    let project = worker("rig-app==1.0\n");
    let lock = || project.saddlebag(&["lock"]).on_rig().env("UV_INDEX", index()).run().expect(0).stdout;
    let locked = |code| {
        let words = ["check", "--locked", "--format", "json"];
        project.saddlebag(&words).on_rig().env("UV_INDEX", index()).run().expect(code).json()
    };
    let missing = locked(3);
    assert_eq!(codes(&missing, "wheels"), ["wheels.locked"]);
    assert!(lock().starts_with("pylock.runtime.toml written: 2 packages"));
    let text = std::fs::read_to_string(project.path("pylock.runtime.toml")).unwrap();
    assert!(text.contains("path = \"../") && !text.contains("file:"), "no path of this machine: {text}");
    assert!(lock().starts_with("pylock.runtime.toml is as it was"));
    assert_eq!(codes(&locked(0), "wheels"), [""; 0]);

    project.write("requirements-runtime.txt", "rig-app==1.1\nrig-meta\n");
    let report = locked(3);
    let said: Vec<String> =
        wheels(&report).iter().map(|finding| finding["message"].as_str().unwrap().to_owned()).collect();
    assert_eq!(
        said,
        ["`rig-app`: 1.0 is locked, 1.1 is what resolves", "`rig-meta`: 1.0 is required, and not in the lock"]
    );
    project.write("requirements-runtime.txt", "rig-app==1.0\n");
    let at = text.find("sha256 = \"").unwrap() + "sha256 = \"".len();
    project.write("pylock.runtime.toml", &format!("{}00000000{}", &text[..at], &text[at + 8..]));
    let changed = locked(3);
    assert!(wheels(&changed)[0]["message"].as_str().unwrap().contains("has other files"), "{changed}");
}

fn lock(project: &Project) -> Ran {
    project.saddlebag(&["lock"]).on_rig().env("UV_INDEX", index()).run().expect(0)
}

/// As `check_until_all_is_tried`.
fn lock_until_all_is_tried(project: &Project) -> Ran {
    let mut ran = lock(project);
    for _ in 0..3 {
        if ran.stderr.contains("could not be tried") {
            std::fs::remove_file(project.path("pylock.runtime.toml")).unwrap();
            ran = lock(project);
        }
    }
    ran
}

#[test]
fn a_locked_downgrade_is_said_before_it_is_written_and_warned_of_until_it_is_allowed() {
    let project = worker("rig-lifted\n");
    let ran = lock_until_all_is_tried(&project);
    for part in
        ["warning: `rig-lifted`", "0.9", "3.0", "help: set `compatibility_date` to 2026-09-08 or later", "Python 3.14"]
    {
        assert!(ran.stderr.contains(part), "{part}: {}", ran.stderr);
    }
    assert!(
        ran.stdout.starts_with("pylock.runtime.toml written: 2 packages for Python 3.13, 1 downgrade"),
        "{}",
        ran.stdout
    );
    let noted = std::fs::read_to_string(project.path("pylock.runtime.toml")).unwrap();
    assert!(
        noted.contains("[tool.saddlebag]\npython = \"3.13\"\n") && noted.contains("name = \"rig-lifted\""),
        "{noted}"
    );
    assert!(lock(&project).stdout.starts_with("pylock.runtime.toml is as it was"));

    // Also on a machine that has the lock and nothing else.
    let elsewhere = crate::fake::directory();
    let words = ["check", "--locked", "--format", "json"];
    let fresh =
        project.saddlebag(&words).on_rig().env("UV_INDEX", index()).env("SADDLEBAG_CACHE_DIR", elsewhere.path());
    let report = fresh.run().expect(0).json();
    assert_eq!(codes(&report, "wheels"), ["wheels.silent-downgrade"]);
    let help = wheels(&report)[0]["help"].as_str().unwrap().to_owned();
    assert!(help.contains("2026-09-08") && help.contains("[[tool.saddlebag.allow]]"), "{help}");
    project.write("pylock.runtime.toml", noted.split("[tool.saddlebag]").next().unwrap());
    assert_eq!(codes(&check(&project, 0), "wheels"), ["wheels.silent-downgrade"], "whoever wrote the lock");

    let pyproject = std::fs::read_to_string(project.path("pyproject.toml")).unwrap();
    let allow = "\n[[tool.saddlebag.allow]]\ngate = \"wheels\"\nmatch = \"rig-lifted\"\nreason = \"0.9 will do\"\n";
    project.write("pyproject.toml", &(pyproject + allow));
    let allowed = check(&project, 0);
    assert_eq!(
        (&wheels(&allowed)[0]["allowed"], &gate(&allowed, "wheels")["outcome"]),
        (&"0.9 will do".into(), &"passed".into())
    );
}

#[test]
fn a_lock_that_is_merely_old_is_no_downgrade() {
    let project = worker("rig-old<1\n");
    lock(&project);
    // As if the release had been the newest then.
    project.write("requirements-runtime.txt", "rig-old\n");
    let report = check(&project, 0);
    assert_eq!(codes(&report, "wheels"), [""; 0]);
    let packages = report["bundle"]["packages"].as_array().unwrap();
    let locked = packages.iter().find(|package| package["name"] == "rig-old").unwrap();
    assert_eq!(locked["version"], "0.9", "and it is kept to");
}

#[test]
fn a_lock_for_another_python_says_lock_again_and_locking_again_is_the_end_of_it() {
    let project = worker("rig-lifted\n");
    lock(&project);
    date(&project, "2026-06-01", "2026-10-01");
    // What the old lock holds back is not there to import.
    let main = std::fs::read_to_string(project.path("src/entry.py")).unwrap();
    project.write("src/entry.py", &format!("import rig_core\n{main}"));
    let report = check(&project, 3);
    assert_eq!(codes(&report, "requirements"), ["requirements.stale-lock"]);
    let stale = &gate(&report, "requirements")["findings"][0];
    assert_eq!(stale["message"], "`pylock.runtime.toml` was made for Python 3.13, and the Worker runs Python 3.14");
    assert!(stale["help"].as_str().unwrap().starts_with("run `saddlebag lock` again"), "{stale}");
    let missing = &gate(&report, "imports")["findings"][0];
    assert!(
        missing["help"].as_str().unwrap().starts_with("run `saddlebag lock` again: the lock was made for Python 3.13"),
        "{missing}"
    );
    project.write("src/entry.py", &main);

    let ran = lock(&project);
    assert!(!ran.stderr.contains("warning"), "{}", ran.stderr);
    let report = check(&project, 0);
    assert_eq!((codes(&report, "requirements"), codes(&report, "wheels")), (vec![], vec![]));
    assert!(std::fs::read_to_string(project.path("pylock.runtime.toml")).unwrap().contains("version = \"3.0\""));
}

#[test]
fn what_a_lock_for_another_python_cannot_give_is_told_with_locked() {
    let project = worker("rig-app[fast]>=1.1\n");
    date(&project, "2026-06-01", "2026-10-01");
    lock(&project);
    // As another tool would have written it.
    let text = std::fs::read_to_string(project.path("pylock.runtime.toml")).unwrap();
    let text = text.split("[tool.saddlebag]").next().unwrap().replace("created-by = \"uv\"", "created-by = \"other\"");
    project.write("pylock.runtime.toml", &text).write("requirements-runtime.txt", "rig-app[fast]\n");
    date(&project, "2026-10-01", "2026-06-01");
    let words = ["check", "--locked", "--format", "json"];
    let report = project.saddlebag(&words).on_rig().env("UV_INDEX", index()).run().expect(3).json();
    let denied = wheels(&report).into_iter().find(|finding| finding["code"] == "wheels.locked").unwrap();
    assert!(denied["help"].as_str().unwrap().starts_with("the lock was made for Python 3.14"), "{denied}");
}

#[test]
fn the_doctor_holds_every_requirement_against_every_python() {
    let project = worker("dep-of-another-file\n");
    project.write("other.txt", "rig-app[fast]>=1.1\nrig-fallen\n");
    let words = ["doctor", "--wheels", "other.txt", "--format", "json"];
    let before = project.snapshot();
    let report = project.saddlebag(&words).on_rig().env("UV_INDEX", index()).run().expect(0).json();
    assert_eq!(project.snapshot(), before);
    assert_eq!(report["schema"], "saddlebag.wheels/1");
    let resolves = |python: &str| {
        let targets = report["targets"].as_array().unwrap();
        targets.iter().find(|target| target["python"] == python).unwrap()["resolves"].clone()
    };
    assert_eq!((resolves("3.13"), resolves("3.14")), (false.into(), true.into()));
    let of = |name: &str, python: &str| {
        let packages = report["packages"].as_array().unwrap();
        packages.iter().find(|package| package["name"] == name).unwrap()["targets"][python].clone()
    };
    assert_eq!(of("rig-only314", "3.13")["reason"], "no wheel");
    assert_eq!(of("rig-only314", "3.13")["chain"][1], "rig-only314");
    assert_eq!(
        (&of("rig-only314", "3.14")["version"], &of("rig-only314", "3.14")["kind"]),
        (&"1.0".into(), &"wasm".into())
    );
    assert_eq!(of("rig-app", "3.13")["reason"], "needs");
    assert_eq!(of("rig-fallen", "3.13")["version"], "0.9", "what resolves alone is shown though not all do");
    assert_eq!(of("rig-app", "3.14")["kind"], "pure");
    // A requirement that is tried alone gets the versions that the others ask for.
    project.write("other.txt", "rig-only314\nrig-app==1.0\nrig-user\n");
    let report = project.saddlebag(&words).on_rig().env("UV_INDEX", index()).run().expect(0).json();
    let packages = report["packages"].as_array().unwrap();
    let app = packages.iter().find(|package| package["name"] == "rig-app").unwrap();
    assert_eq!(app["targets"]["3.13"]["version"], "1.0", "{app}");
    project.saddlebag(&["check", "--wheels"]).on_rig().run().expect(2);
}

#[test]
fn what_has_no_wheel_is_left_out_and_the_rest_is_classified() {
    let project = worker("rig-app[fast]>=1.1\nrig-meta\nrig-cp312\n");
    project.write("requirements-dev.txt", "rig-engine\n");
    let classify = |code| {
        let run = project.saddlebag(&["classify", "--format", "json"]).on_rig().env("UV_INDEX", index());
        run.run().expect(code).json()
    };
    let answer = classify(0);
    let of = |name: &str| {
        let all = answer["dependencies"].as_array().unwrap();
        all.iter().find(|one| one["name"] == name).cloned().unwrap_or_default()
    };
    assert_eq!(of("rig-app")["class"], "cannot-run");
    let reason = of("rig-app")["reason"].as_str().unwrap().to_owned();
    assert!(reason.starts_with("it needs `rig-only314`, which cannot be had for Python 3.13 on Workers"), "{reason}");
    assert_eq!(
        (&of("rig-only314")["class"], &of("rig-only314")["required_by"][0]),
        (&"cannot-run".into(), &"rig-app".into())
    );
    assert_eq!(
        (&of("rig-cp312")["class"], &of("rig-cp312")["declared"][0]),
        (&"cannot-run".into(), &"requirements-runtime.txt:3".into())
    );
    assert_eq!((&of("rig-meta")["class"], &of("rig-meta")["version"]), (&"unused".into(), &"1.0".into()));
    assert_eq!(of("rig-engine")["class"], "development");

    // A name that no index has is no matter of Workers.
    project.write("requirements-runtime.txt", "rig-no-such-thing\n");
    assert!(classify(3).is_object());
}

/// Whether the rig reaches PyPI: these cases are of the real world, and change with it.
fn reaches_pypi() -> bool {
    let output = Command::new(rig::home().join("venv/bin/python"))
        .args(["-m", "pip", "download", "--no-deps", "--quiet", "--dest"])
        .arg(Path::new(env!("CARGO_TARGET_TMPDIR")).join("reach"))
        .arg("idna")
        .output();
    output.is_ok_and(|output| output.status.success())
}

#[test]
fn litellm_is_stopped_by_fastuuid() {
    if !reaches_pypi() {
        return;
    }
    let begun = std::time::Instant::now();
    let report = check(&worker("litellm>=1.77.0\n"), 3);
    let found = wheels(&report);
    let culprit = found.iter().find(|finding| finding["subject"] == "fastuuid").unwrap();
    let message = culprit["message"].as_str().unwrap();
    assert!(
        message.contains("`litellm`, which needs `fastuuid`, which has no wheel") && message.contains("manylinux"),
        "{message}"
    );
    assert!(alternatives(&report).iter().all(|found| !found.contains("0.1.202")), "ancient");
    assert!(begun.elapsed().as_secs() < 60, "{:?}", begun.elapsed());
}

#[test]
fn fastapi_on_3_13_falls_in_silence_no_more() {
    if !reaches_pypi() {
        return;
    }
    let report = check(&worker("fastapi\n"), 0);
    let found = wheels(&report);
    let fell = found.iter().find(|finding| finding["subject"] == "fastapi").unwrap();
    assert_eq!(fell["code"], "wheels.silent-downgrade");
    assert!(fell["message"].as_str().unwrap().contains("pydantic-core"), "{fell}");
    assert_eq!(codes(&check(&worker("fastapi<0.126\npydantic<2\nstarlette<0.51\n"), 0), "wheels"), [""; 0]);
}
