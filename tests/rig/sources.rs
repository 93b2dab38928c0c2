//! `[tool.uv]` and its sources on the real uv: what a project says of where its packages come from holds for the upload.

use crate::project::{Project, Run, planned};
use crate::rig::{self, Api};
use std::path::Path;
use std::process::Command;

const CONFIG: &str = r#"{ "name": "w", "main": "src/main.py", "compatibility_date": "2026-10-01", "compatibility_flags": ["python_workers"] }"#;

/// A Worker in `directory` that imports these names, whose `pyproject.toml` has these dependencies and goes on with `more`.
fn worker(project: &Project, directory: &str, dependencies: &str, imports: &str, more: &str) {
    let at = |name: &str| format!("{directory}/{name}").trim_start_matches('/').to_owned();
    project
        .write(&at("wrangler.jsonc"), CONFIG)
        .write(
            &at("pyproject.toml"),
            &format!("[project]\nname = \"w\"\nversion = \"0\"\nrequires-python = \">=3.12\"\ndependencies = [{dependencies}]\n{more}"),
        )
        .write(
            &at("src/main.py"),
            &format!("import {imports}\nfrom workers import Response, WorkerEntrypoint\n\n\nclass Default(WorkerEntrypoint):\n    async def fetch(self, request):\n        return Response(\"x\")\n"),
        );
}

/// A distribution of one module, that uv builds by itself.
fn distribution(project: &Project, directory: &str, name: &str, module: &str, more: &str) {
    project
        .write(
            &format!("{directory}/pyproject.toml"),
            &format!("[project]\nname = \"{name}\"\nversion = \"1.0\"\n{more}\n[build-system]\nrequires = [\"uv_build\"]\nbuild-backend = \"uv_build\"\n"),
        )
        .write(&format!("{directory}/src/{}/__init__.py", name.replace('-', "_")), module);
}

fn saddlebag(project: &Project, directory: &str, words: &[&str]) -> Run {
    let words = [words, &["--format", "json"]].concat();
    project
        .saddlebag(&words)
        .within(&project.path(directory))
        .on_rig()
        .env("SADDLEBAG_CACHE_DIR", project.path(".cache-of-saddlebag"))
}

/// Deploys, boots what was uploaded, and gives what stderr said.
#[track_caller]
fn deploy(project: &Project, directory: &str) -> (Api, String) {
    let api = Api::start(&[]);
    let ran = saddlebag(project, directory, &["deploy", "--verbose"]).against(&api).run().expect(0);
    assert_eq!(api.modules(), planned(&ran.json()));
    let boot = api.boot("3.14");
    assert_eq!(boot["ok"], true, "{boot}");
    (api, ran.stderr)
}

/// An uploaded file of a vendored package.
#[track_caller]
fn uploaded(api: &Api, name: &str) -> String {
    let path = api.parts().join("python_modules").join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{name}: {error}\n{:#?}", api.modules()))
}

#[test]
fn a_path_source_is_copied_and_each_edit_reaches_the_next_deploy() {
    let project = Project::empty();
    let sources = "[tool.uv.sources]\nmy-lib = { path = \"../libs/my-lib\" }\n";
    worker(&project, "app", "\"My_Lib\"", "my_lib", sources);
    distribution(&project, "libs/my-lib", "my-lib", "VALUE = 1\n", "");
    project.link_wrangler_at("app");
    let before = project.snapshot();
    let (api, _) = deploy(&project, "app");
    assert_eq!(uploaded(&api, "my_lib/__init__.py"), "VALUE = 1\n");
    let mut after = project.snapshot();
    after.retain(|path, _| !path.starts_with(".cache-of-saddlebag"));
    assert_eq!(after, before, "a build left something in the source");

    project.write("libs/my-lib/src/my_lib/__init__.py", "VALUE = 2\n");
    let (api, said) = deploy(&project, "app");
    assert!(said.contains("the packages were synced"), "{said}");
    assert_eq!(uploaded(&api, "my_lib/__init__.py"), "VALUE = 2\n");

    let (api, said) = deploy(&project, "app");
    assert!(said.contains("the packages are in the cache"), "{said}");
    assert_eq!(uploaded(&api, "my_lib/__init__.py"), "VALUE = 2\n");
}

#[test]
fn an_editable_source_is_copied_all_the_same() {
    let project = Project::empty();
    let sources = "[tool.uv.sources]\nmy-lib = { path = \"libs/my-lib\", editable = true }\n";
    worker(&project, "", "\"my-lib\"", "my_lib", sources);
    distribution(&project, "libs/my-lib", "my-lib", "VALUE = 1\n", "");
    project.link_wrangler();
    for value in [1, 2] {
        project.write("libs/my-lib/src/my_lib/__init__.py", &format!("VALUE = {value}\n"));
        let (api, _) = deploy(&project, "");
        assert_eq!(uploaded(&api, "my_lib/__init__.py"), format!("VALUE = {value}\n"));
        assert!(!api.modules().iter().any(|name| name.contains("my_lib.pth") || name.contains("__editable__")));
    }
}

#[test]
fn plain_pywrangler_uploads_no_module_of_an_editable_source() {
    let (project, api) = (Project::empty(), Api::start(&[]));
    let sources = "[tool.uv.sources]\nmy-lib = { path = \"libs/my-lib\", editable = true }\n";
    worker(&project, "", "\"my-lib\"", "my_lib", sources);
    distribution(&project, "libs/my-lib", "my-lib", "VALUE = 1\n", "");
    project.link_wrangler();
    rig::pywrangler(&project.root, &["deploy"]).against(&api).run().expect(0);
    assert_eq!(api.boot("3.14")["ok"], false);
    assert!(!api.modules().contains(&"python_modules/my_lib/__init__.py".to_owned()));
}

#[test]
fn an_edit_behind_a_path_source_reaches_the_next_deploy_too() {
    let project = Project::empty();
    worker(&project, "", "\"outer\"", "outer, middle, inner", "[tool.uv.sources]\nouter = { path = \"libs/outer\" }\n");
    let more = "dependencies = [\"middle\"]\n[tool.uv.sources]\nmiddle = { path = \"../middle\" }\n";
    distribution(&project, "libs/outer", "outer", "", more);
    let inner = project.path("libs/inner");
    let more = format!("dependencies = [\"inner @ file://{}\"]\n", inner.display());
    distribution(&project, "libs/middle", "middle", "VALUE = 1\n", &more);
    distribution(&project, "libs/inner", "inner", "VALUE = 1\n", "");
    project.link_wrangler();
    let (api, _) = deploy(&project, "");
    assert_eq!(uploaded(&api, "inner/__init__.py"), "VALUE = 1\n");
    for name in ["middle", "inner"] {
        project.write(&format!("libs/{name}/src/{name}/__init__.py"), "VALUE = 2\n");
        let (api, _) = deploy(&project, "");
        assert_eq!(uploaded(&api, &format!("{name}/__init__.py")), "VALUE = 2\n");
    }
}

#[test]
fn a_member_of_a_uv_workspace_deploys_with_what_its_root_says() {
    let project = Project::empty();
    project.write(
        "pyproject.toml",
        "[tool.uv]\nworkspace = { members = [\"packages/*\", \"apps/*\"] }\n[[tool.uv.index]]\nname = \"of-root\"\nurl = \"wheels/simple\"\nexplicit = true\n\
         [tool.uv.sources]\nshared = { workspace = true }\n",
    );
    index(&project, "wheels/simple", "of-root", "WHO = 'root'\n");
    index(&project, "apps/w/wheels", "of-app", "WHO = 'app'\n");
    let more = "dependencies = [\"deeper\"]\n[tool.uv.sources]\ndeeper = { workspace = true }\n";
    distribution(&project, "packages/shared", "shared", "VALUE = 1\n", more);
    distribution(&project, "packages/deeper", "deeper", "VALUE = 1\n", "");
    // `deeper` is required here and by `shared`: as members both are editable, and uv wants them to agree.
    worker(
        &project,
        "apps/w",
        "\"shared\", \"deeper\", \"of-root\", \"of-app\"",
        "shared, deeper, of_root, of_app",
        "[[tool.uv.index]]\nname = \"of-app\"\nurl = \"wheels\"\nexplicit = true\n\
         [tool.uv.sources]\nof-app = { index = \"of-app\" }\nof-root = { index = \"of-root\" }\ndeeper = { workspace = true }\n",
    );
    project.link_wrangler();
    let (api, _) = deploy(&project, "apps/w");
    assert_eq!(uploaded(&api, "of_root/__init__.py"), "WHO = 'root'\n");
    assert_eq!(uploaded(&api, "of_app/__init__.py"), "WHO = 'app'\n");
    assert_eq!(uploaded(&api, "shared/__init__.py"), "VALUE = 1\n");

    // Now it is required by `shared` alone.
    let pyproject = std::fs::read_to_string(project.path("apps/w/pyproject.toml")).unwrap();
    project.write("apps/w/pyproject.toml", &pyproject.replace("\"deeper\", ", ""));
    project.write("packages/deeper/src/deeper/__init__.py", "VALUE = 2\n");
    let (api, _) = deploy(&project, "apps/w");
    assert_eq!(uploaded(&api, "deeper/__init__.py"), "VALUE = 2\n");
    assert!(!project.path("apps/w/.wrangler/saddlebag").exists());
}

/// A package index of one wheel.
fn index(project: &Project, directory: &str, name: &str, module: &str) {
    distribution(project, "to-build", name, module, "");
    let out = project.path(directory).join(name);
    let built = Command::new(rig::home().join("venv/bin/uv"))
        .args(["build", "--wheel", "--no-create-gitignore", "--offline", "--quiet", "--python", "python3", "--out-dir"])
        .arg(&out)
        .arg(project.path("to-build"))
        .status()
        .unwrap();
    assert!(built.success());
    std::fs::remove_dir_all(project.path("to-build")).unwrap();
    let wheel = format!("{}-1.0-py3-none-any.whl", name.replace('-', "_"));
    assert!(out.join(&wheel).is_file());
    std::fs::write(out.join("index.html"), format!("<a href=\"{wheel}\">{wheel}</a>")).unwrap();
}

#[test]
fn an_explicit_index_with_a_relative_path_serves_its_source_and_nothing_else() {
    let project = Project::empty();
    // The same name as a wheel of the rig's, so that it shows from where it came; and one that the index alone has.
    index(&project, "wheels", "rig-meta", "WHO = 'explicit'\n");
    index(&project, "wheels", "only-there", "");
    let indexes = "[[tool.uv.index]]\nname = \"mine\"\nurl = \"./wheels\"\nexplicit = true\n[tool.uv.sources]\n";
    worker(&project, "", "\"rig-meta\"", "rig_meta", &format!("{indexes}rig-meta = {{ index = \"mine\" }}\n"));
    project.link_wrangler();
    let (api, _) = deploy(&project, "");
    assert_eq!(uploaded(&api, "rig_meta/__init__.py"), "WHO = 'explicit'\n");

    worker(&project, "", "\"only-there\"", "only_there", &format!("{indexes}rig-meta = {{ index = \"mine\" }}\n"));
    let ran = saddlebag(&project, "", &["check"]).run().expect(3);
    assert!(ran.stdout.contains("`only-there`"), "{}", ran.stdout);
    assert_eq!(crate::project::codes(&ran.json(), "wheels")[0], "wheels.unknown");
}

fn git(directory: &Path, words: &[&str]) {
    let identity = ["-c", "user.name=t", "-c", "user.email=t@example.test", "-c", "commit.gpgsign=false"];
    let done = Command::new("git").args(identity).args(words).current_dir(directory).output().unwrap();
    assert!(done.status.success(), "{words:?}: {}", String::from_utf8_lossy(&done.stderr));
}

#[test]
fn a_git_source_is_taken_at_what_it_names() {
    let project = Project::empty();
    distribution(&project, "upstream/sub", "from-git", "VALUE = 1\n", "");
    let upstream = project.path("upstream");
    git(&upstream, &["init", "--quiet", "--initial-branch", "main"]);
    for (value, tag) in [(1, "one"), (2, "two")] {
        project.write("upstream/sub/src/from_git/__init__.py", &format!("VALUE = {value}\n"));
        git(&upstream, &["add", "--all"]);
        git(&upstream, &["commit", "--quiet", "--message", tag]);
        git(&upstream, &["tag", tag]);
    }
    git(&project.root, &["clone", "--quiet", "--bare", "upstream", "bare.git"]);
    let source = |more: &str| {
        format!(
            "[tool.uv.sources]\nfrom-git = {{ git = \"file://{}\", subdirectory = \"sub\"{more} }}\n",
            project.path("bare.git").display()
        )
    };
    project.link_wrangler();

    // pywrangler builds nothing that is not on this machine, unless it is told so; saddlebag says it on.
    worker(&project, "", "\"from-git\"", "from_git", &source(""));
    let ran = saddlebag(&project, "", &["check"]).run().expect(4);
    assert_eq!(ran.json()["error"]["code"], "sync-failed");
    assert!(ran.stderr.contains("from-git"), "{}", ran.stderr);

    for (more, value) in [("", 2), (", tag = \"one\"", 1)] {
        let more = format!("{}[tool.pywrangler]\nallow-build = true\n", source(more));
        worker(&project, "", "\"from-git\"", "from_git", &more);
        let (api, _) = deploy(&project, "");
        assert_eq!(uploaded(&api, "from_git/__init__.py"), format!("VALUE = {value}\n"));
    }
}

#[test]
fn settings_of_an_ancestor_hold_unless_the_project_has_its_own() {
    let project = Project::empty();
    index(&project, "outer-wheels", "who-is-it", "WHO = 'outer'\n");
    index(&project, "app/own-wheels", "who-is-it", "WHO = 'own'\n");
    project.write("pyproject.toml", "[tool.uv]\nfind-links = [\"outer-wheels/who-is-it\"]\n");
    project.link_wrangler();
    let who = |more: &str| {
        worker(&project, "app", "\"who-is-it\"", "who_is_it", more);
        uploaded(&deploy(&project, "app").0, "who_is_it/__init__.py")
    };
    assert_eq!(who(""), "WHO = 'outer'\n");
    assert_eq!(who("[tool.uv]\nfind-links = [\"own-wheels/who-is-it\"]\n"), "WHO = 'own'\n");
    // An empty one of its own is one of its own: then nobody says where the wheel is.
    worker(&project, "app", "\"who-is-it\"", "who_is_it", "[tool.uv]\n");
    let ran = saddlebag(&project, "app", &["check"]).run().expect(3);
    assert!(ran.stdout.contains("`who-is-it`"), "{}", ran.stdout);
    // A uv.toml beside pyproject.toml beats it.
    project.write("app/uv.toml", "find-links = [\"own-wheels/who-is-it\"]\n");
    assert_eq!(who("[tool.uv]\nfind-links = [\"../outer-wheels/who-is-it\"]\n"), "WHO = 'own'\n");
}

#[test]
fn extras_of_a_requirement_bring_what_they_name() {
    let project = Project::empty();
    distribution(
        &project,
        "libs/my-lib",
        "my-lib",
        "",
        "[project.optional-dependencies]\nfast = [\"rig-meta\"]\nslow = [\"rig-tests\"]\n",
    );
    let sources = "[tool.uv.sources]\nmy-lib = { path = \"libs/my-lib\" }\n";
    worker(&project, "", "\"my-lib[Fast]\"", "my_lib, rig_meta", sources);
    project.link_wrangler();
    let (api, _) = deploy(&project, "");
    uploaded(&api, "rig_meta/__init__.py");
    assert!(!api.modules().iter().any(|name| name.starts_with("python_modules/rig_tests/")));

    project.write("requirements-runtime.txt", "my-lib[fast, slow]\n");
    uploaded(&deploy(&project, "").0, "rig_tests/__init__.py");
}

#[test]
fn the_extras_and_groups_of_the_settings_come_with_their_own_sources() {
    let project = Project::empty();
    distribution(&project, "one", "my-lib", "WHO = 'one'\n", "");
    distribution(&project, "two", "my-lib", "WHO = 'two'\n", "");
    let more = |settings: &str| {
        format!(
            "[project.optional-dependencies]\nweb = [\"my-lib\", \"w[meta]\"]\nmeta = [\"rig-meta\"]\n[dependency-groups]\nruntime = [\"my-lib\"]\n\
             [tool.uv]\nconflicts = [[{{ extra = \"web\" }}, {{ group = \"runtime\" }}]]\n\
             [tool.uv.sources]\nmy-lib = [{{ path = \"one\", extra = \"web\" }}, {{ path = \"two\", group = \"runtime\" }}]\n\
             [tool.saddlebag]\n{settings}\n"
        )
    };
    project.link_wrangler();
    worker(&project, "", "", "my_lib, rig_meta", &more("extras = [\"web\"]"));
    assert_eq!(uploaded(&deploy(&project, "").0, "my_lib/__init__.py"), "WHO = 'one'\n");
    project.write("requirements-runtime.txt", "rig-tests\n");
    worker(&project, "", "", "my_lib, rig_tests", &more("groups = [\"runtime\"]"));
    let (api, _) = deploy(&project, "");
    assert_eq!(uploaded(&api, "my_lib/__init__.py"), "WHO = 'two'\n");
    assert!(!api.modules().iter().any(|name| name.starts_with("python_modules/rig_meta/")));
    // Nothing that is not asked for is looked at.
    worker(&project, "", "", "rig_tests", &more(""));
    assert!(!deploy(&project, "").0.modules().iter().any(|name| name.starts_with("python_modules/my_lib/")));
}

#[test]
fn an_older_pywrangler_that_reads_no_sources_is_said_to() {
    let project = Project::empty();
    worker(&project, "", "\"rig-meta\"", "rig_meta", "[tool.uv.sources]\nrig-meta = { path = \"nowhere\" }\n");
    project.write("wrangler.jsonc", &CONFIG.replace("2026-10-01", "2026-06-01")).link_wrangler();
    let old = rig::home().join("venv-old/bin/pywrangler");
    let ran = saddlebag(&project, "", &["check"]).env("SADDLEBAG_PYWRANGLER", old).run().expect(0);
    let said = "does not read `[tool.uv.sources]`, which say where `rig-meta` should come from";
    assert!(ran.stderr.contains(said), "{}", ran.stderr);
}
