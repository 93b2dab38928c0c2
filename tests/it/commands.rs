//! `classify`, `init`, `doctor`, `cache` and `completions`: on fakes what they say, on the real tools that it is true.

use crate::fake::AnsweringTools;
use crate::project::{Project, Run};
use std::path::Path;

/// A vendored tree: for each package its name, further headers of its metadata, and its files.
type Package<'a> = (&'a str, &'a [&'a str], &'a [(&'a str, &'a str)]);

fn vendored(packages: &[Package<'_>]) -> Project {
    let tree = Project::empty();
    for (name, headers, files) in packages {
        let dist_info = format!("{}-1.0.dist-info", name.replace('-', "_"));
        let headers: String = headers.iter().map(|header| format!("{header}\n")).collect();
        tree.write(
            &format!("{dist_info}/METADATA"),
            &format!("Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n{headers}\n"),
        );
        let mut record = format!("{dist_info}/METADATA,,\n{dist_info}/RECORD,,\n");
        for (file, text) in *files {
            let file = file.replace("{dist-info}", &dist_info);
            tree.write(&file, text);
            record.push_str(&format!("{file},,\n"));
        }
        tree.write(&format!("{dist_info}/RECORD"), &record);
    }
    tree.write("workers/__init__.py", "class WorkerEntrypoint: pass\n");
    tree
}

/// An environment of the host in the project, of the same form.
fn environment(project: &Project, packages: &[Package<'_>]) {
    let tree = vendored(packages);
    let site = project.path(".venv/lib/python3.13/site-packages");
    std::fs::create_dir_all(site.parent().unwrap()).unwrap();
    crate::project::copy(&tree.root, &site);
    project.write(".venv/pyvenv.cfg", "home = /usr/bin\n");
}

impl Run {
    /// On fakes whose sync makes a copy of `tree`.
    fn with(self, tools: &AnsweringTools, tree: &Project, cache: &Path) -> Self {
        self.env("PATH", tools.path(&[]))
            .env("FAKE_VENDORED", &tree.root)
            .env("FAKE_LOCK", "/dev/null")
            .env("SADDLEBAG_CACHE_DIR", cache)
    }
}

const CONFIG: &str = "name = \"w\"\nmain = \"src/main.py\"\ncompatibility_date = \"2026-10-01\"\ncompatibility_flags = [\"python_workers\"]\n\n[env.develop]\nname = \"w-dev\"\n\n[env.production]\nname = \"w\"\n";

/// One package for each way to be needed, and for each way not to be.
fn mixed() -> (Project, Project) {
    let app = "import util\nfrom importlib.metadata import entry_points, version\n\
               try:\n    import guarded\nexcept ImportError:\n    guarded = None\n\
               entry_points(group=\"other.hooks\")\nversion(\"asked\")\nOPTIONAL = [\"named\"]\n\n\n\
               def test():\n    import pytest\n";
    let tree = vendored(&[
        (
            "app",
            &["Requires-Dist: util", "Requires-Dist: silent", "Requires-Dist: extra-thing; extra == \"x\""],
            &[("app/__init__.py", app), ("app/backends/late.py", "import late\n")],
        ),
        ("util", &[], &[("util.py", "")]),
        ("silent", &[], &[("silent.py", "")]),
        ("extra-thing", &[], &[("extra_thing.py", "")]),
        ("guarded", &[], &[("guarded.py", "")]),
        ("hook", &[], &[("hook.py", ""), ("{dist-info}/entry_points.txt", "[other.hooks]\na = hook\n")]),
        ("plugin", &[], &[("plugin.py", ""), ("{dist-info}/entry_points.txt", "[app.plugins]\na = plugin\n")]),
        ("script", &[], &[("script.py", ""), ("{dist-info}/entry_points.txt", "[console_scripts]\na = script:main\n")]),
        ("asked", &[], &[("asked.py", "")]),
        ("named", &[], &[("named/__init__.py", "")]),
        ("late", &[], &[("late.py", "")]),
        ("tzdata", &[], &[("tzdata/__init__.py", "")]),
        ("sphinx", &["Requires-Dist: docutils"], &[("sphinx/__init__.py", "import docutils\n")]),
        ("docutils", &[], &[("docutils/__init__.py", "X = 1\n")]),
        ("pytest", &[], &[("pytest.py", "")]),
    ]);
    let project = Project::of(&[
        ("wrangler.toml", CONFIG),
        (
            "pyproject.toml",
            "[project]\nname = \"w\"\nversion = \"0\"\n[dependency-groups]\ndev = [\"Httpx>=0.27\", \"PyYAML\", \"ruff\", \"util\"]\n",
        ),
        (
            "requirements-runtime.txt",
            "app[x]>=1\nguarded\nhook\nplugin\nscript\nasked\nnamed\nlate\ntzdata\nSphinx==1.0\npytest\npywin32 ; sys_platform == 'win32'\n",
        ),
        ("requirements-dev.txt", "-r requirements-runtime.txt\nblack\noptional-one\n"),
        (
            "src/main.py",
            "import app\nimport zoneinfo\nfrom src.core import x\nfrom workers import WorkerEntrypoint\n\n\nclass Default(WorkerEntrypoint):\n    pass\n",
        ),
        (
            "src/core.py",
            "import httpx\ntry:\n    import optional_one\nexcept ImportError:\n    pass\n\n\ndef later():\n    import yaml, elsewhere\n\n\nx = 1\n",
        ),
    ]);
    (project, tree)
}

#[test]
fn every_dependency_has_its_class_and_the_reason_for_it() {
    let ((project, tree), tools, cache) = (mixed(), AnsweringTools::new(), crate::fake::directory());
    let before = project.snapshot();
    let ran = project.saddlebag(&["classify"]).with(&tools, &tree, cache.path()).run().expect(0);
    insta::assert_snapshot!(ran.stdout);
    assert_eq!(project.snapshot(), before, "it only asks");

    let ran = project.saddlebag(&["classify", "--format", "json"]).with(&tools, &tree, cache.path()).run().expect(0);
    insta::assert_snapshot!(ran.stdout);
    assert_eq!(ran.json()["schema"], "saddlebag.classify/1");
}

#[test]
fn with_an_environment_a_module_leads_to_its_distribution_and_what_comes_along_is_told() {
    let ((project, tree), tools, cache) = (mixed(), AnsweringTools::new(), crate::fake::directory());
    environment(
        &project,
        &[
            ("PyYAML", &["Requires-Dist: cython"], &[("yaml/__init__.py", ""), ("_yaml/__init__.py", "")]),
            ("cython", &[], &[("Cython/__init__.py", "X = 1\n")]),
            ("elsewhere-dist", &[], &[("elsewhere/__init__.py", "")]),
            ("ruff", &["Requires-Dist: helper"], &[("ruff/__init__.py", "")]),
            ("helper", &[], &[("helper.py", "")]),
            ("unrelated", &[], &[("unrelated.py", "")]),
        ],
    );
    let answer =
        project.saddlebag(&["classify", "--format", "json"]).with(&tools, &tree, cache.path()).run().expect(0).json();
    let of = |name: &str| {
        let all = answer["dependencies"].as_array().unwrap();
        all.iter().find(|one| one["name"] == name).cloned().unwrap_or_default()
    };
    assert_eq!(of("pyyaml")["class"], "runtime");
    assert_eq!(
        of("pyyaml")["imported"],
        serde_json::json!({"level": "sometimes", "chain": ["src/main.py:3", "src/core.py:9", "yaml"]})
    );
    assert!(
        of("pyyaml")["advice"]
            .as_str()
            .unwrap()
            .starts_with("move `PyYAML` from pyproject.toml:5 (dependency group dev)")
    );
    assert_eq!(of("elsewhere-dist")["declared"], serde_json::json!([]));
    assert!(of("elsewhere-dist")["reason"].as_str().unwrap().contains("nothing declares it"));
    for (name, class, by) in [("cython", "runtime", "pyyaml"), ("helper", "development", "ruff")] {
        let is = (of(name)["class"].clone(), of(name)["required_by"].clone());
        assert_eq!(is, (class.into(), serde_json::json!([by])), "{name}");
    }
    assert_eq!(of("cython")["host"]["version"], "1.0");
    assert!(of("unrelated").is_null());
    assert_eq!(answer["unprovided"], serde_json::json!([]));
}

#[test]
fn the_picture_of_any_command_has_the_dependencies() {
    let ((project, tree), tools, cache) = (mixed(), AnsweringTools::new(), crate::fake::directory());
    for (command, code) in [("classify", 0), ("report", 3), ("check", 3)] {
        project.saddlebag(&[command, "--html", "page.html"]).with(&tools, &tree, cache.path()).run().expect(code);
        let page = std::fs::read_to_string(project.path("page.html")).unwrap();
        let (_, rest) = page.split_once("\"schema\":\"saddlebag.classify/1\"").unwrap();
        assert!(rest.contains("\"name\":\"docutils\",\"version\":\"1.0\",\"class\":\"unused\""), "{command}");
    }
}

/// A project that has no runtime requirements yet.
fn beginner(list: (&str, &str)) -> (Project, Project) {
    let (project, tree) = mixed();
    let requirements = std::fs::read_to_string(project.path("requirements-runtime.txt")).unwrap();
    std::fs::remove_file(project.path("requirements-runtime.txt")).unwrap();
    project.write("requirements-dev.txt", "black\noptional-one\n");
    project.write(list.0, &list.1.replace("REQUIREMENTS", &requirements));
    (project, tree)
}

const NEEDED: &str = "Httpx>=0.27  # was in pyproject.toml:5 (dependency group dev)\nPyYAML  # was in pyproject.toml:5 (dependency group dev)\napp[x]>=1\nasked\nguarded\nhook\nlate\nnamed\nplugin\ntzdata\n";

#[test]
fn init_shows_what_main_needs_and_writes_it_once_it_may() {
    let (tools, cache) = (AnsweringTools::new(), crate::fake::directory());
    let (project, tree) = beginner(("requirements.txt", "REQUIREMENTS"));
    let init = |words: &[&str]| {
        let words = [&["init"], words].concat();
        project.saddlebag(&words).with(&tools, &tree, cache.path()).run()
    };
    let before = project.snapshot();
    let shown = init(&[]).expect(2);
    assert_eq!(project.snapshot(), before);
    assert!(shown.stderr.contains("hint: pass `--yes` to write it"), "{}", shown.stderr);
    insta::assert_snapshot!(shown.stdout);
    let document = init(&["--format", "json"]).expect(2).json();
    assert_eq!((document["schema"].clone(), document["written"].clone()), ("saddlebag.init/1".into(), false.into()));
    assert_eq!(project.snapshot(), before);

    let document = init(&["--yes", "--format", "json"]).expect(0).json();
    assert_eq!((document["written"].clone(), document["workflow"]["written"].clone()), (true.into(), false.into()));
    let text = std::fs::read_to_string(project.path("requirements-runtime.txt")).unwrap();
    let lines: String = text.lines().filter(|line| !line.starts_with('#')).map(|line| format!("{line}\n")).collect();
    assert_eq!(lines, NEEDED);
    let after = project.snapshot();
    let new: Vec<_> = after.keys().filter(|path| !before.contains_key(*path)).collect();
    assert_eq!(new, [Path::new("requirements-runtime.txt")], "and nothing else");

    let refused = init(&["--yes"]).expect(2);
    assert!(refused.stderr.contains("`requirements-runtime.txt` already exists"), "{}", refused.stderr);
    project.write("requirements-runtime.txt", "app # mine\n");
    init(&["--yes", "--write-workflow"]).expect(0);
    assert_eq!(std::fs::read_to_string(project.path("requirements-runtime.txt")).unwrap(), "app # mine\n");
    let workflow = std::fs::read_to_string(project.path(".github/workflows/deploy.yml")).unwrap();
    assert!(workflow.contains("saddlebag deploy --smoke --verify --format github --env develop\n"), "{workflow}");
    assert!(workflow.contains("    environment: \"production\"\n"), "what is live waits for approval: {workflow}");
    project.write(".github/workflows/deploy.yml", "mine\n");
    init(&["--yes", "--write-workflow"]).expect(2);
    assert_eq!(std::fs::read_to_string(project.path(".github/workflows/deploy.yml")).unwrap(), "mine\n");
    init(&["--yes", "--write-workflow", "--force", "--env", "production"]).expect(0);
    let workflow = std::fs::read_to_string(project.path(".github/workflows/deploy.yml")).unwrap();
    assert!(workflow.contains("saddlebag deploy --smoke --verify --format github --env production\n"), "{workflow}");
    assert_eq!(
        std::fs::read_to_string(project.path("requirements-runtime.txt")).unwrap(),
        "app # mine\n",
        "`--force` is for the workflow, which was asked for"
    );
    project.write(".github/workflows/deploy.yml", "mine\n");
    init(&["--yes", "--force"]).expect(0);
    assert!(std::fs::read_to_string(project.path("requirements-runtime.txt")).unwrap().contains("app\n"));
    assert_eq!(
        std::fs::read_to_string(project.path(".github/workflows/deploy.yml")).unwrap(),
        "mine\n",
        "not asked for"
    );
}

#[test]
fn init_begins_with_the_dependencies_of_the_project_where_there_are_some() {
    let (tools, cache) = (AnsweringTools::new(), crate::fake::directory());
    let (project, tree) = beginner(("requirements.txt", "never-read\n"));
    project.write(
        "pyproject.toml",
        "[project]\nname = \"w\"\nversion = \"0\"\ndependencies = [\"app[x]>=1 ; python_version >= '3.12'\", \"Sphinx\"]\n",
    );
    let document =
        project.saddlebag(&["init", "--format", "json"]).with(&tools, &tree, cache.path()).run().expect(2).json();
    let lines = document["requirements"]["lines"].as_array().unwrap();
    assert_eq!(lines[0], "app[x]>=1 ; python_version >= '3.12'");
    assert!(!document.to_string().contains("Sphinx\\n"), "{document}");
}

/// What declares `app` and nothing that saddlebag deploys: a file, its text, the place and the requirement.
const OF_OTHER_TOOLS: [(&str, &str, &str, &str); 8] = [
    ("requirements.txt", "# web\napp>=1\n", "requirements.txt:2", "app>=1"),
    ("requirements/base.txt", "app>=1\n", "requirements/base.txt:1", "app>=1"),
    (
        "pyproject.toml",
        "[tool.poetry]\nname = \"w\"\n[tool.poetry.dependencies]\npython = \"^3.12\"\napp = \"^1.0\"\n",
        "pyproject.toml:5 (tool.poetry)",
        "app>=1.0,<2",
    ),
    ("Pipfile", "[packages]\napp = \"~=1.0\"\n[dev-packages]\npytest = \"*\"\n", "Pipfile:2", "app~=1.0"),
    ("setup.cfg", "[metadata]\nname = w\n[options]\ninstall_requires =\n    app\n", "setup.cfg:5", "app"),
    ("setup.py", "from setuptools import setup\nsetup(install_requires=['app'])\n", "setup.py:2", "app"),
    (
        "uv.lock",
        "version = 1\n[[package]]\nname = \"w\"\nsource = { virtual = \".\" }\n[package.metadata]\nrequires-dist = [{ name = \"app\", specifier = \">=1\" }]\n",
        "uv.lock:6",
        "app>=1",
    ),
    (
        "pyproject.toml",
        "[project]\nname = \"w\"\nversion = \"0\"\n[dependency-groups]\nworker = [\"app\"]\n",
        "pyproject.toml:5 (dependency group worker)",
        "app",
    ),
];

fn of_another_tool(file: &str, text: &str) -> Project {
    let main = "import app\nfrom workers import WorkerEntrypoint\n\n\nclass Default(WorkerEntrypoint):\n    pass\n";
    Project::of(&[("wrangler.toml", CONFIG), ("src/main.py", main), (file, text)])
}

#[test]
fn a_list_that_nothing_reads_is_named_with_its_line() {
    let (tools, cache, tree) = (AnsweringTools::new(), crate::fake::directory(), vendored(&[]));
    for (file, text, place, _) in OF_OTHER_TOOLS {
        let project = of_another_tool(file, text);
        let ran = project.saddlebag(&["check", "--format", "json"]).with(&tools, &tree, cache.path()).run().expect(3);
        let report = ran.json();
        assert!(crate::project::codes(&report, "requirements").contains(&"requirements.unread".to_owned()), "{file}");
        let help = crate::project::gate(&report, "imports")["findings"][0]["help"].as_str().unwrap().to_owned();
        for part in ["run `saddlebag init`", &format!("{place} lists `app`"), "reads `requirements-runtime.txt`"] {
            assert!(help.contains(part), "{part}: {help}");
        }
        let as_it_is = help.contains(&format!("`--requirements {file}`"));
        assert_eq!(as_it_is, file.ends_with(".txt"), "only what pip reads can be passed: {help}");
        // It can be used as the help says.
        let words = ["check", "--format", "json", "--requirements", file];
        if as_it_is {
            let app = vendored(&[("app", &[], &[("app/__init__.py", "")])]);
            let ran = project.saddlebag(&words).with(&tools, &app, cache.path()).run().expect(0);
            assert!(crate::project::codes(&ran.json(), "imports").is_empty());
        }
    }
}

#[test]
fn a_list_of_development_is_told_from_one_that_nothing_reads() {
    let (tools, cache, tree) = (AnsweringTools::new(), crate::fake::directory(), vendored(&[]));
    let project = of_another_tool("requirements-dev.txt", "app\n");
    project.write("requirements-runtime.txt", "");
    let check =
        || project.saddlebag(&["check", "--format", "json"]).with(&tools, &tree, cache.path()).run().expect(3).json();
    let report = check();
    assert!(!crate::project::codes(&report, "requirements").contains(&"requirements.unread".to_owned()));
    let help = crate::project::gate(&report, "imports")["findings"][0]["help"].as_str().unwrap().to_owned();
    assert!(help.starts_with("add `app` to `requirements-runtime.txt`: requirements-dev.txt:1 lists `app`"), "{help}");
    std::fs::remove_file(project.path("requirements-runtime.txt")).unwrap();
    assert!(!crate::project::codes(&check(), "requirements").contains(&"requirements.unread".to_owned()));
}

#[test]
fn init_and_classify_read_the_lists_of_other_tools() {
    let tools = AnsweringTools::new();
    let (none, app) = (vendored(&[]), vendored(&[("app", &[], &[("app/__init__.py", "")])]));
    for (file, text, place, line) in OF_OTHER_TOOLS {
        let (project, cache) = (of_another_tool(file, text), crate::fake::directory());
        // A group is a list of `pyproject.toml` that the settings can name: nothing of it is resolved.
        let tree = if place.contains("group") { &none } else { &app };
        let run = |words: &[&str], tree| project.saddlebag(words).with(&tools, tree, cache.path()).run();
        let classified = run(&["classify", "--format", "json"], &none).expect(0).json();
        let found =
            classified["dependencies"].as_array().unwrap().iter().find(|one| one["name"] == "app").unwrap().clone();
        assert_eq!(found["declared"], serde_json::json!([place]), "{file}");
        let said = run(&["init", "--yes", "--env", "production"], tree).expect(0).stdout;
        assert!(said.ends_with("next: `saddlebag lock`, then `saddlebag check --env production`\n"), "{said}");
        let written = std::fs::read_to_string(project.path("requirements-runtime.txt")).unwrap();
        let first = written.lines().find(|line| !line.starts_with('#')).unwrap().to_owned();
        assert_eq!(first.split("  # ").next(), Some(line), "{file}: {written}");
        run(&["check"], &app).expect(0);
    }
}

#[test]
fn an_exported_list_beside_poetrys_own_is_not_what_init_begins_with() {
    let (tools, cache) = (AnsweringTools::new(), crate::fake::directory());
    let tree = vendored(&[("app", &[], &[("app/__init__.py", "")])]);
    let (file, text, _, line) = OF_OTHER_TOOLS[2];
    let project = of_another_tool(file, text);
    project
        .write("requirements.txt", "app==1.0 --hash=sha256:00\nwhat-it-requires==3.0\n")
        .write("pylock.toml", "lock-version = \"1.0\"\n");
    let document =
        project.saddlebag(&["init", "--format", "json"]).with(&tools, &tree, cache.path()).run().expect(2).json();
    assert_eq!(document["requirements"]["lines"], serde_json::json!([line]));
    assert_eq!(document["next"], serde_json::json!(["saddlebag check --env develop"]), "there is a lock");
    assert!(document["makefile"].as_str().unwrap().contains("\tsaddlebag check --locked --env develop\n"));
}

#[test]
fn init_writes_the_file_that_the_settings_name() {
    let (tools, cache) = (AnsweringTools::new(), crate::fake::directory());
    let (project, tree) = beginner(("requirements.txt", "app\n"));
    project.write(
        "pyproject.toml",
        "[project]\nname = \"w\"\nversion = \"0\"\n[tool.saddlebag]\nrequirements = \"lists/worker.txt\"\n",
    );
    let init = || project.saddlebag(&["init", "--yes"]).with(&tools, &tree, cache.path()).run();
    assert!(init().expect(0).stdout.contains("lists/worker.txt written: 2 requirements\n"));
    let written = std::fs::read_to_string(project.path("lists/worker.txt")).unwrap();
    assert!(written.contains("\napp\npyyaml  # "), "{written}");
    assert!(init().expect(2).stderr.contains("`lists/worker.txt` already exists"));
    assert!(!project.path("requirements-runtime.txt").exists());
}

#[test]
fn in_a_repository_of_many_the_workflow_is_the_repositorys() {
    let tools = crate::fake::Tools::new();
    let (repository, worker) = (Project::empty(), crate::fake::project());
    std::fs::create_dir_all(repository.path(".git")).unwrap();
    crate::project::copy(&worker.root, &repository.path("workers/one"));
    repository.write("package.json", "{}").write("package-lock.json", "{}");
    let init = |words: &[&str]| {
        let words = [&["init", "--yes", "--write-workflow"], words].concat();
        repository.saddlebag(&words).within(&repository.path("workers/one")).on_fakes(&tools).run()
    };
    let said = init(&[]).expect(0).stdout;
    assert!(said.contains("\n../../.github/workflows/deploy.yml written"), "{said}");
    let text = std::fs::read_to_string(repository.path(".github/workflows/deploy.yml")).unwrap();
    for part in
        ["working-directory: \"workers/one\"", "npm ci --prefix ../..", "cache-dependency-path: \"package-lock.json\""]
    {
        assert!(text.contains(part), "{part}: {text}");
    }
    let root = repository.root.to_str().unwrap();
    assert!(!text.contains(root) && !said.contains(root), "no path of this machine: {said}");
    assert!(init(&[]).expect(2).stderr.contains("`../../.github/workflows/deploy.yml` already exists"));
}

#[test]
fn no_credential_is_copied() {
    let (tools, cache) = (AnsweringTools::new(), crate::fake::directory());
    let list = "app @ https://me:hunter2@host.invalid/app-1.0-py3-none-any.whl\n";
    let (project, tree) = beginner(("requirements.txt", list));
    let ran = project.saddlebag(&["init", "--yes"]).with(&tools, &tree, cache.path()).run().expect(0);
    let text = std::fs::read_to_string(project.path("requirements-runtime.txt")).unwrap();
    assert!(!format!("{text}{}{}", ran.stdout, ran.stderr).contains("hunter2"), "{text}");
    assert!(text.contains("# app  # copy this line by hand from requirements.txt:1: it holds a credential"), "{text}");
}

#[test]
fn without_a_configuration_init_is_pywranglers() {
    let (project, tools) = (Project::empty(), crate::fake::Tools::new());
    tools.pywrangler("exit 0");
    project.saddlebag(&["init", "my-worker", "--lang", "x", "--yes"]).on_fakes(&tools).run().expect(0);
    assert_eq!(tools.words(), ["init", "my-worker", "--lang", "x", "--yes"]);
    let refused = crate::fake::project().saddlebag(&["init", "my-worker"]).on_fakes(&tools).run().expect(2);
    assert!(refused.stderr.contains("`saddlebag init` takes no `my-worker`"), "{}", refused.stderr);
}

#[test]
fn make_starts_the_lines_that_init_shows() {
    let (project, tools) = (crate::fake::project(), crate::fake::Tools::new());
    let words = ["init", "--force", "--format", "json"];
    let document = project.saddlebag(&words).on_fakes(&tools).run().expect(2).json();
    project.write("Makefile", document["makefile"].as_str().unwrap());
    let mut make = std::process::Command::new("make");
    make.args(["-n", "deploy-develop", "check"]).current_dir(&project.root);
    // These tests are run by a make, which tells every other one what it was told itself.
    let output = make.env_remove("MAKEFLAGS").env_remove("MFLAGS").env_remove("MAKELEVEL").output();
    let said = crate::project::Ran::of(output.unwrap()).expect(0).stdout;
    assert_eq!(said, "saddlebag deploy --env develop\nsaddlebag check --env develop\n");
}

/// A doctor's checks by name, with their states.
fn states(document: &serde_json::Value) -> Vec<(String, String)> {
    let text = |check: &serde_json::Value, key: &str| check[key].as_str().unwrap().to_owned();
    document["checks"].as_array().unwrap().iter().map(|check| (text(check, "name"), text(check, "state"))).collect()
}

#[test]
fn the_doctor_looks_at_everything_whatever_is_missing() {
    let (project, tools) = (crate::fake::project(), AnsweringTools::new());
    project.write("node_modules/wrangler/package.json", r#"{"version":"4.164.0","engines":{"node":">=22.12.0"}}"#);
    let cache = project.path("cache");
    let examine = |words: &[&str], missing: &[&str], node: &str| {
        let words = [&["doctor"], words].concat();
        let run = project.saddlebag(&words).env("PATH", tools.path(missing)).env("FAKE_NODE", node);
        run.env("SADDLEBAG_CACHE_DIR", &cache).run()
    };
    let here = |text: &str| {
        let text = text.replace(project.root.to_str().unwrap(), "HERE");
        let tools = tools.path(&[]);
        text.replace(tools.split(':').next().unwrap().strip_suffix("/uv").unwrap(), "TOOLS")
    };
    let before = project.snapshot();
    insta::assert_snapshot!(here(&examine(&[], &[], "v22.20.0").expect(0).stdout));
    assert_eq!(project.snapshot(), before);

    project.write("requirements-runtime.txt", "dep\n-e ./here\n");
    project.write("src/main.py", "");
    std::fs::rename(project.path("src/main.py"), project.path("src/other.py")).unwrap();
    let sick = examine(&["--env", "unknown-one", "--format", "json"], &["pywrangler", "uv"], "v20.0.0").expect(4);
    insta::assert_snapshot!(here(&examine(&[], &["pywrangler", "uv"], "v20.0.0").expect(4).stdout));
    assert_eq!(
        (sick.json()["schema"].clone(), sick.json()["healthy"].clone()),
        ("saddlebag.doctor/1".into(), false.into())
    );

    let document = examine(&["--format", "json"], &["pywrangler"], "v22.20.0").expect(4).json();
    let red = states(&document).into_iter().filter(|(_, state)| state == "fail").map(|(name, _)| name);
    assert_eq!(red.collect::<Vec<_>>(), ["pywrangler", "requirements", "main"]);
}

#[test]
fn the_doctor_works_outside_of_projects_and_says_what_cannot_be_read() {
    let (project, tools) = (Project::empty(), AnsweringTools::new());
    let examine = || {
        let run = project.saddlebag(&["doctor", "--format", "json"]).env("PATH", tools.path(&[]));
        run.env("SADDLEBAG_CACHE_DIR", project.path("cache")).run()
    };
    assert!(states(&examine().expect(0).json()).contains(&("configuration".into(), "note".into())));
    project.write("pyproject.toml", "[project\n");
    project.write("wrangler.toml", CONFIG);
    let document = examine().expect(4).json();
    assert!(states(&document).contains(&("pyproject.toml".into(), "fail".into())), "{document}");
    assert!(states(&document).contains(&("place".into(), "ok".into())), "the rest is looked at all the same");
}

#[test]
fn the_cache_is_shown_weighed_and_emptied() {
    let (project, tools) = (crate::fake::project(), crate::fake::Tools::new());
    let saddlebag = |words: &[&str]| project.saddlebag(words).on_fakes(&tools).run();
    let place = tools.dir.path().join("cache");
    assert_eq!(saddlebag(&["cache", "dir"]).expect(0).stdout, format!("{}\n", place.display()));
    assert!(saddlebag(&["cache"]).expect(0).stdout.contains("empty: nothing was vendored yet"));
    saddlebag(&["check"]).expect(0);
    let shown = saddlebag(&["cache"]).expect(0).stdout;
    assert!(shown.contains("vendored packages, 1 entry") && shown.contains("Python 3.14: dep\n"), "{shown}");
    let document = saddlebag(&["cache", "--format", "json"]).expect(0).json();
    assert_eq!(document["entries"][0]["requirements"], serde_json::json!(["dep"]));
    let bytes = document["bytes"].as_u64().unwrap();
    assert!(bytes > 500, "{document}");

    let kept = saddlebag(&["cache", "clean", "--older-than", "1"]).expect(0).stdout;
    assert_eq!(kept, "nothing to remove\n1 entry kept: used within the last 1 day\n");
    saddlebag(&["check"]).expect(0);
    assert_eq!(tools.syncs(), 1);
    let document = saddlebag(&["cache", "clean", "--format", "json"]).expect(0).json();
    assert_eq!(
        (document["schema"].as_str(), document["freed_bytes"].as_u64() >= Some(bytes)),
        (Some("saddlebag.cache-clean/1"), true)
    );
    saddlebag(&["check"]).expect(0);
    assert_eq!(tools.syncs(), 2, "it was gone");
    for words in [&["cache", "clear"][..], &["cache", "--older-than", "1"], &["doctor", "x"]] {
        saddlebag(words).expect(2);
    }
    assert_eq!(tools.words(), [""; 0], "none of it was handed to pywrangler");
}

/// What bash offers for a line, with our script sourced.
fn completed(script: &Path, line: &[&str]) -> Vec<String> {
    let words = line.iter().map(|word| format!("'{word}'")).collect::<Vec<_>>().join(" ");
    let at = line.len() - 1;
    let (current, before) = (line[at], if at > 0 { line[at - 1] } else { "" });
    let program = format!(
        "source '{}'; COMP_WORDS=({words}); COMP_CWORD={at}; COMPREPLY=(); _saddlebag saddlebag '{current}' '{before}'; printf '%s\\n' \"${{COMPREPLY[@]}}\"",
        script.display()
    );
    let output = std::process::Command::new("bash").args(["--norc", "-c", &program]).output().unwrap();
    crate::project::Ran::of(output).expect(0).stdout.lines().map(str::to_owned).collect()
}

#[test]
fn bash_completes_our_commands_and_flags() {
    let project = Project::empty();
    project.write("saddlebag.bash", &project.saddlebag(&["completions", "bash"]).run().expect(0).stdout);
    let script = project.path("saddlebag.bash");
    for (line, offered) in [
        (&["saddlebag", "dep"][..], &["deploy"][..]),
        (&["saddlebag", "check", "--for"], &["--format"]),
        (&["saddlebag", "check", "--format", "s"], &["sarif"]),
        (&["saddlebag", "init", "--wr"], &["--write-workflow"]),
        (&["saddlebag", "deploy", "--wr"], &[""]),
        (&["saddlebag", "versions", "up"], &["upload"]),
        (&["saddlebag", "explain", "prune"], &["prune-safety"]),
        (&["saddlebag", "cache", "cl"], &["clean"]),
        (&["saddlebag", "doctor", "--whe"], &["--wheels"]),
    ] {
        assert_eq!(completed(&script, line), offered, "{line:?}");
    }
    // Every command that help lists.
    let help = project.saddlebag(&["--help"]).run().expect(0).stdout;
    let listed = help.lines().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| !line.is_empty());
    let offered = completed(&script, &["saddlebag", ""]);
    for name in listed.filter_map(|line| line.split_whitespace().next()).filter(|name| *name != "...") {
        assert!(offered.contains(&name.to_owned()), "{name}: {offered:?}");
    }
    assert!(project.saddlebag(&["completions", "zsh"]).run().expect(0).stdout.starts_with("#compdef saddlebag"));
    assert!(project.saddlebag(&["completions"]).run().expect(2).stderr.contains("hint: use one of bash"));
}
