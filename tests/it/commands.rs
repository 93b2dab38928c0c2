//! `classify`, `init`, `doctor`, `completions` and `cache`: on fakes what they say, on the real tools that it is true.

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
        serde_json::json!({"level": "sometimes", "chain": ["main.py:6", "src/main.py:3", "src/core.py:9", "yaml"]})
    );
    assert!(
        of("pyyaml")["advice"]
            .as_str()
            .unwrap()
            .starts_with("move `PyYAML` from pyproject.toml:5 (dependency group dev)")
    );
    assert_eq!(of("elsewhere-dist")["declared"], serde_json::json!([]));
    assert!(of("elsewhere-dist")["reason"].as_str().unwrap().contains("nothing declares it"));
    assert_eq!(
        (of("cython")["class"].clone(), of("cython")["required_by"].clone()),
        ("development".into(), serde_json::json!(["pyyaml"]))
    );
    assert_eq!(of("cython")["host"]["version"], "1.0");
    assert!(of("unrelated").is_null());
    assert_eq!(answer["unprovided"], serde_json::json!([]));
}
