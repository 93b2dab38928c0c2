//! The HTML report in a real Chromium: what `tests/browser/report.mjs` checks, on pages that the shipped binary wrote.

use crate::fake::AnsweringTools;
use crate::project::{Project, Ran};
use crate::rig;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A project, a vendored tree for its fake pywrangler, and the page.
struct Laid {
    project: Project,
    beside: tempfile::TempDir,
    tools: AnsweringTools,
}

const MAIN: &str = "import alpha\nfrom src.core import x\nfrom workers import WorkerEntrypoint\n\n\nclass Default(WorkerEntrypoint):\n    pass\n";

impl Laid {
    /// Two packages, of which one requires the other; more than a hundred files; an environment with other packages.
    fn new() -> Self {
        let laid =
            Self { project: crate::fake::project(), beside: crate::fake::directory(), tools: AnsweringTools::new() };
        laid.project.write("requirements-runtime.txt", "alpha\n").write("src/main.py", MAIN);
        laid.project.write("src/__init__.py", "").write("src/bare/one.py", "x = 1\n");
        laid.project.write("src/core.py", "import src.bare.one\nx = 1\n");
        for at in 0..150 {
            laid.project.write(&format!("src/many/m{at:03}.py"), &format!("x = {at}\n"));
        }
        laid.project.write("src/many/__init__.py", "");
        laid.distribution(
            "alpha",
            "1.0",
            "Requires-Dist: beta\n",
            &[
                ("alpha/__init__.py", &format!("import beta\n{}", "# heavy\n".repeat(2000))),
                ("alpha/core.py", &"x = 1\n".repeat(1500)),
                ("alpha/lazy.py", &"x = 1\n".repeat(300)),
                ("alpha/late.py", "def later():\n    import alpha.lazy\n"),
                ("alpha/data/table.txt", &"1 2 3\n".repeat(900)),
                ("alpha/tests/test_alpha.py", &"import alpha\n".repeat(700)),
            ],
        );
        laid.distribution("beta", "2.0", "", &[("beta/__init__.py", &"x = 1\n".repeat(1200))]);
        laid.vendored("alpha/__init__.py", &format!("import beta\nimport alpha.late\n{}", "# heavy\n".repeat(2000)));
        laid.vendored("workers/__init__.py", "class WorkerEntrypoint: pass\n");
        laid.write("pylock.toml", "lock-version = \"1.0\"\ncreated-by = \"fake\"\n");
        laid.project.write(".venv/pyvenv.cfg", "home = /usr/bin\n");
        for (name, version, bytes) in [("alpha", "0.9", 10), ("sphinx", "8.1", 5000), ("pytest", "8.4", 900)] {
            let info = format!(".venv/lib/python3.14/site-packages/{name}-{version}.dist-info");
            laid.project.write(&format!("{info}/METADATA"), &format!("Name: {name}\nVersion: {version}\n\n"));
            laid.project.write(&format!("{info}/RECORD"), &format!("{name}.py,,{bytes}\n"));
        }
        laid
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.beside.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    fn vendored(&self, name: &str, text: &str) {
        self.write(&format!("vendored/{name}"), text);
    }

    fn distribution(&self, name: &str, version: &str, requires: &str, files: &[(&str, &str)]) {
        let info = format!("{name}-{version}.dist-info");
        self.vendored(&format!("{info}/METADATA"), &format!("Name: {name}\nVersion: {version}\n{requires}\n"));
        let mut record = format!("{info}/METADATA,,\n{info}/RECORD,,\n");
        for (file, text) in files {
            self.vendored(file, text);
            record += &format!("{file},,\n");
        }
        self.vendored(&format!("{info}/RECORD"), &record);
    }

    fn page(&self) -> PathBuf {
        self.beside.path().join("report.html")
    }

    /// Runs saddlebag on the fakes, with `--html`.
    fn saddlebag(&self, arguments: &[&str]) -> Ran {
        self.without(&[], arguments)
    }

    /// The same where some of the tools are missing.
    fn without(&self, missing: &[&str], arguments: &[&str]) -> Ran {
        let page = self.page();
        let arguments = [arguments, &["--html", page.to_str().unwrap()]].concat();
        self.project
            .saddlebag(&arguments)
            .env("PATH", self.tools.path(missing))
            .env("SADDLEBAG_CACHE_DIR", self.beside.path().join("cache"))
            .env("FAKE_VENDORED", self.beside.path().join("vendored"))
            .env("FAKE_LOCK", self.beside.path().join("pylock.toml"))
            .run()
    }

    /// Holds the page against the named checks, each in a page of its own.
    fn shows(&self, checks: &[&str]) {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/browser/report.mjs");
        let mut command = Command::new(rig::home().join("bin/node"));
        command.arg(script).arg(self.page()).args(checks).env("RIG_HOME", rig::home());
        let ran = Ran::of(command.output().unwrap()).expect(0);
        let expected: String = checks.iter().map(|check| format!("ok {check}\n")).collect();
        assert_eq!(ran.stdout, expected);
    }
}

#[test]
fn the_page_works_with_the_mouse_and_with_the_keyboard() {
    let laid = Laid::new();
    laid.saddlebag(&["report"]).expect(0);
    laid.shows(&["verdict", "mouse", "keyboard", "tables", "why", "dropped", "gates", "sides"]);
}

#[test]
fn the_page_is_read_in_any_light_at_any_width_on_paper_and_by_a_screen_reader() {
    let laid = Laid::new();
    laid.saddlebag(&["check"]).expect(0);
    laid.shows(&["structure", "light", "dark", "narrow", "print"]);
}

#[test]
fn no_name_of_the_project_is_markup() {
    let laid = Laid::new();
    laid.project.write("src/</script><img src=x onerror=alert(1)>.py", "x = 1\n");
    let allowed =
        "\n[[tool.saddlebag.allow]]\ngate = \"requirements\"\nreason = \"`<img src=x onerror=alert(2)>` by team\"\n";
    let pyproject = std::fs::read_to_string(laid.project.path("pyproject.toml")).unwrap();
    laid.project.write("pyproject.toml", &format!("{pyproject}{allowed}"));
    laid.saddlebag(&["check"]).expect(0);
    laid.shows(&["harmless"]);
}

#[test]
fn a_page_is_written_when_a_gate_blocks_and_when_nothing_could_be_done() {
    let laid = Laid::new();
    laid.project.write("src/core.py", "import gone_missing\nx = 1\n");
    laid.saddlebag(&["deploy"]).expect(3);
    laid.shows(&["blocked"]);
    laid.saddlebag(&["check", "--smoke", "--gate", "imports=off"]).expect(3);
    laid.shows(&["code"]);
    let ran = laid.saddlebag(&["report"]).expect(3);
    assert!(ran.stdout.starts_with("package") && ran.stdout.contains("deny[imports.missing]"), "{}", ran.stdout);
    let laid = Laid::new();
    laid.saddlebag(&["deploy"]).expect(1);
    laid.shows(&["failed"]);
    laid.without(&["pywrangler"], &["report"]).expect(4);
    laid.shows(&["stopped"]);
}

#[test]
fn what_grew_since_the_baseline_is_told() {
    let laid = Laid::new();
    laid.saddlebag(&["baseline"]).expect(0);
    laid.vendored("beta/__init__.py", &"x = 1\n".repeat(1500));
    laid.saddlebag(&["report", "--no-cache"]).expect(0);
    laid.shows(&["growth"]);
}

#[test]
fn what_each_dependency_is_for_has_its_section() {
    let laid = Laid::new();
    laid.distribution("gamma", "3.0", "", &[("gamma.py", "")]);
    laid.project.write("requirements-runtime.txt", "alpha\ngamma\n");
    laid.project.write("requirements-dev.txt", "-r requirements-runtime.txt\nsphinx\n");
    laid.saddlebag(&["report"]).expect(0);
    laid.shows(&["dependencies"]);
}

#[test]
fn the_same_project_is_the_same_page() {
    let laid = Laid::new();
    laid.saddlebag(&["report"]).expect(0);
    let first = std::fs::read(laid.page()).unwrap();
    let ran = laid.saddlebag(&["report"]).expect(0);
    assert_eq!(std::fs::read(laid.page()).unwrap(), first);
    assert!(ran.stdout.starts_with("package"), "{}", ran.stdout);
    assert!(ran.stdout.lines().any(|line| line.starts_with("alpha 1.0 ")), "{}", ran.stdout);
    assert!(ran.stdout.contains("passed ("), "{}", ran.stdout);
    let report = laid.saddlebag(&["report", "--format", "json"]).expect(0).json();
    assert_eq!(
        (report["command"].as_str(), report["verdict"].as_str()),
        (Some("report"), Some("passed-with-warnings"))
    );
}

#[test]
fn the_page_is_written_where_it_is_asked_for_or_that_is_said() {
    let laid = Laid::new();
    let asked = |page: &Path, arguments: &[&str]| {
        let run = laid.project.saddlebag(arguments).env("SADDLEBAG_HTML", page);
        run.env("PATH", laid.tools.path(&["pywrangler"])).run()
    };
    let page = laid.project.path("from-variable.html");
    asked(&page, &["check", "--env", "nowhere"]).expect(2);
    assert!(!page.exists(), "the configuration was not read: no settings, no page");
    asked(&page, &["check"]).expect(4);
    assert!(std::fs::read_to_string(&page).unwrap().starts_with("<!doctype html>"));
    let ran = asked(&page, &["check", "--html", "no/such/directory.html"]).expect(4);
    assert!(ran.stderr.contains("warning: the HTML report was not written: "), "{}", ran.stderr);
}
