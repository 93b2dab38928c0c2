//! The main job on the real tools: what is uploaded, whether it boots, and what plain pywrangler would have done.

use crate::project::{Project, codes, gate, planned};
use crate::rig::{self, Api};
use std::os::unix::fs::PermissionsExt;

/// The incident's project: `from src.core...`, runtime requirements apart from those of development.
fn incident() -> Project {
    let project = Project::example("fastapi-src");
    project.link_wrangler();
    project
}

#[test]
fn the_incident_project_deploys_and_boots_and_its_tree_is_untouched() {
    let (project, api) = (incident(), Api::start(&[]));
    let before = project.snapshot();

    let ran =
        project.saddlebag(&["deploy", "--env", "develop", "--format", "json"]).on_rig().against(&api).run().expect(0);

    let report = ran.json();
    assert_eq!(report["exit"]["origin"], "pywrangler");
    assert_eq!(report["project"]["namespace"], "keep");
    assert_eq!(report["target"]["python"], "3.14");
    assert_eq!(api.modules(), planned(&report));
    assert_eq!(report["deploy"]["raw_bytes"], report["bundle"]["raw_bytes"]);
    assert_eq!(report["deploy"]["duplicate_warnings"], 0);
    assert_eq!(api.metadata()["main_module"], report["bundle"]["main_module"]);
    let greeting = api.metadata()["bindings"]
        .as_array()
        .unwrap()
        .iter()
        .find(|binding| binding["name"] == "GREETING")
        .unwrap()
        .clone();
    assert_eq!(greeting["text"], "hello from develop");

    let boot = api.boot("3.14");
    assert_eq!(boot["ok"], true, "{boot}");
    assert_eq!(boot["entrypoints"], serde_json::json!(["Default"]));
    let uploaded = api.modules();
    for left_behind in ["sphinx", "pytest", "_pytest", "docutils"] {
        assert!(
            !uploaded.iter().any(|name| name.starts_with(&format!("python_modules/{left_behind}"))),
            "{left_behind}"
        );
    }
    assert!(!uploaded.iter().any(|name| name.contains("tests/test_settings")), "{uploaded:?}");
    assert_eq!(project.snapshot(), before);
}

#[test]
fn plain_pywrangler_deploys_the_incident_project_and_the_result_does_not_boot() {
    let (project, api) = (incident(), Api::start(&[]));
    rig::pywrangler(&project.root, &["deploy", "--env", "develop"]).against(&api).run().expect(0);
    let boot = api.boot("3.14");
    assert_eq!(boot["ok"], false);
    assert!(boot["error"].as_str().unwrap().contains("No module named 'src'"), "{boot}");
}

#[test]
fn a_flat_worker_uploads_what_plain_pywrangler_does_less_what_is_pruned() {
    let (project, ours, plain) = (Project::example("flat"), Api::start(&[]), Api::start(&[]));
    project.link_wrangler();
    let report = project.saddlebag(&["deploy", "--format", "json"]).on_rig().against(&ours).run().expect(0).json();
    assert_eq!(report["project"]["namespace"], "flat");
    assert_eq!(ours.boot("3.14")["ok"], true);

    rig::pywrangler(&project.root, &["deploy"]).against(&plain).run().expect(0);
    let dropped: Vec<_> =
        report["dropped"].as_array().unwrap().iter().map(|file| file["name"].as_str().unwrap().to_owned()).collect();
    let expected: Vec<_> = plain
        .modules()
        .into_iter()
        // pywrangler's own marks and uv's: neither is code, and `.synced` and `pyvenv.cfg` are not even staged as modules
        .filter(|name| {
            !dropped.contains(name) && !["python_modules/.synced", "python_modules/pyvenv.cfg"].contains(&name.as_str())
        })
        .chain(ours.modules().into_iter().filter(|name| dropped.contains(name)))
        .collect();
    let mut expected = expected;
    expected.sort();
    expected.dedup();
    assert_eq!(ours.modules(), expected);
    assert_eq!(ours.metadata()["main_module"], plain.metadata()["main_module"]);
    assert_eq!(ours.metadata()["bindings"], plain.metadata()["bindings"]);
    for name in ours.modules().iter().filter(|name| !name.starts_with("python_modules/")) {
        assert_eq!(
            std::fs::read(ours.parts().join(name)).unwrap(),
            std::fs::read(plain.parts().join(name)).unwrap(),
            "{name}"
        );
    }
}

#[test]
fn python_3_13_deploys_and_boots_too() {
    let (project, api) = (Project::example("flat"), Api::start(&[]));
    project.link_wrangler();
    let config = std::fs::read_to_string(project.path("wrangler.jsonc")).unwrap().replace("2026-10-01", "2026-06-01");
    project.write("wrangler.jsonc", &config);
    let report = project.saddlebag(&["deploy", "--format", "json"]).on_rig().against(&api).run().expect(0).json();
    assert_eq!(report["target"]["python"], "3.13");
    let boot = api.boot("3.13");
    assert_eq!(boot["ok"], true, "{boot}");
}

#[test]
fn a_flag_that_switches_a_newer_python_off_is_heard_although_pywrangler_is_deaf_to_it() {
    let (project, api) = (Project::example("flat"), Api::start(&[]));
    project.link_wrangler();
    let config = std::fs::read_to_string(project.path("wrangler.jsonc"))
        .unwrap()
        .replace("[\"python_workers\"]", "[\"python_workers\", \"no_python_workers_314\"]");
    project.write("wrangler.jsonc", &config);
    let report = project.saddlebag(&["deploy", "--format", "json"]).on_rig().against(&api).run().expect(0).json();
    assert_eq!(report["target"]["python"], "3.13");
    assert_eq!(api.boot("3.13")["ok"], true);
}

#[test]
fn in_an_npm_workspace_the_staged_project_is_what_goes_up() {
    let (project, api) = (Project::empty(), Api::start(&[]));
    crate::project::copy(
        &std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/fastapi-src"),
        &project.path("apps/worker"),
    );
    project.write("package.json", r#"{"private": true, "workspaces": ["apps/*"]}"#);
    project
        .write("apps/worker/package.json", r#"{"name": "worker", "version": "1.0.0", "dependencies": {"left": "1"}}"#);
    project.link_wrangler();
    let app = project.path("apps/worker");

    let report = project
        .saddlebag(&["deploy", "--env", "develop", "--format", "json"])
        .within(&app)
        .on_rig()
        .against(&api)
        .run()
        .expect(0)
        .json();
    assert_eq!(api.modules(), planned(&report));
    assert!(api.modules().contains(&"src/main.py".to_owned()));
    assert_eq!(api.boot("3.14")["ok"], true);
    assert!(!app.join(".wrangler/saddlebag").exists());
}

#[test]
fn sixty_five_mebibytes_never_leave_the_machine() {
    let (project, api) = (Project::example("flat"), Api::start(&[]));
    project.link_wrangler().write("requirements-runtime.txt", "rig-heavy\n");
    let report = project.saddlebag(&["deploy", "--format", "json"]).on_rig().against(&api).run().expect(3).json();
    assert_eq!(codes(&report, "size"), ["size.raw", "size.gzip"]);
    assert_eq!(gate(&report, "size")["outcome"], "blocked");
    assert!(gate(&report, "size")["findings"][0]["help"].as_str().unwrap().contains("rig-heavy"));
    assert_eq!(report["verdict"], "blocked");
    assert_eq!(report["exit"], serde_json::json!({"code": 3, "origin": "saddlebag"}));
    assert_eq!(api.requests(), Vec::<String>::new());
}

#[test]
fn a_dry_run_needs_no_credentials_and_wranglers_size_is_the_plans() {
    let project = incident();
    let report = project.saddlebag(&["deploy", "--dry-run", "--format", "json"]).on_rig().run().expect(0).json();
    let (raw, gzip) =
        (report["bundle"]["raw_bytes"].as_u64().unwrap(), report["bundle"]["gzip_bytes"].as_u64().unwrap());
    assert_eq!(report["deploy"]["raw_bytes"].as_u64(), Some(raw));
    assert!(gzip < raw && gzip > 0);
}

#[test]
fn the_gzip_estimate_is_never_below_wranglers_and_at_most_two_per_cent_above() {
    for example in ["fastapi-src", "flat"] {
        let project = Project::example(example);
        project.link_wrangler();
        let output = project.path("output.ndjson");
        let gzip = |report: serde_json::Value| report["bundle"]["gzip_bytes"].as_u64().unwrap();
        let estimate = gzip(project.saddlebag(&["check", "--format", "json"]).on_rig().run().expect(0).json());
        let run = project.saddlebag(&["deploy", "--dry-run", "--format", "json"]).on_rig();
        let known = gzip(run.env("WRANGLER_OUTPUT_FILE_PATH", &output).run().expect(0).json());
        let said = std::fs::read_to_string(&output).unwrap();
        let line = said
            .lines()
            .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap())
            .find(|line| line["type"] == "deploy")
            .unwrap();
        let wranglers = line["bundle_size"]["gzip_bytes"].as_u64().unwrap();
        assert!(
            estimate >= wranglers && estimate as f64 <= wranglers as f64 * 1.02,
            "{example}: {estimate} against {wranglers}"
        );
        assert_eq!(known, wranglers, "{example}: wrangler's own number counts once there is one");
    }
}

#[test]
fn a_second_run_starts_no_sync_and_no_cache_starts_one() {
    let project = incident();
    project.saddlebag(&["check", "--format", "json"]).on_rig().run().expect(0);
    // A uv that answers its version and nothing else: a sync would fail.
    let fakes = crate::fake::directory();
    let version = std::process::Command::new(rig::home().join("bin/uv")).arg("--version").output().unwrap();
    crate::fake::script(
        fakes.path(),
        "uv",
        &format!(
            "[ \"$1\" = --version ] && echo '{}' && exit 0\nexit 9",
            String::from_utf8(version.stdout).unwrap().trim()
        ),
    );
    let with_fake = |arguments: &[&str]| {
        let run = project.saddlebag(arguments).on_rig();
        let path =
            run.command.get_envs().find(|(name, _)| *name == "PATH").and_then(|(_, value)| value).unwrap().to_owned();
        let path =
            std::env::join_paths(std::iter::once(fakes.path().to_owned()).chain(std::env::split_paths(&path))).unwrap();
        run.env("PATH", path).run()
    };
    with_fake(&["check", "--format", "json"]).expect(0);
    let failed = with_fake(&["check", "--format", "json", "--no-cache"]).expect(4);
    assert_eq!(failed.json()["error"]["code"], "sync-failed");
}

#[test]
fn a_failed_upload_keeps_pywranglers_code_and_leaves_nothing() {
    let (project, api) = (Project::example("flat"), Api::start(&["--fail", "10021:Uncaught ModuleNotFoundError"]));
    project.link_wrangler();
    let before = project.snapshot();
    let ran = project.saddlebag(&["deploy", "--format", "json"]).on_rig().against(&api).run().expect(1);
    assert_eq!(ran.json()["exit"], serde_json::json!({"code": 1, "origin": "pywrangler"}));
    assert!(ran.stderr.contains("10021"), "{}", ran.stderr);
    assert_eq!(project.snapshot(), before);
}

#[test]
fn a_stage_written_out_deploys_by_hand_after_a_plain_copy() {
    let (project, api) = (incident(), Api::start(&[]));
    let out = tempfile::tempdir().unwrap();
    let stage = out.path().join("stage");
    project
        .saddlebag(&["stage", "--env", "develop", "--out", stage.to_str().unwrap(), "--format", "json"])
        .on_rig()
        .run()
        .expect(0);
    let script = stage.join("deploy.sh");
    assert!(std::fs::metadata(&script).unwrap().permissions().mode() & 0o111 != 0);
    assert!(
        std::process::Command::new("cp").arg("-r").arg(&stage).arg(out.path().join("copy")).status().unwrap().success()
    );
    std::os::unix::fs::symlink(rig::home().join("npm/node_modules"), out.path().join("node_modules")).unwrap();

    let mut run = rig::pywrangler(out.path(), &[]).against(&api);
    let mut command = std::process::Command::new(out.path().join("copy/deploy.sh"));
    command.args(["--env", "develop"]).current_dir(out.path());
    for (name, value) in run.command.get_envs() {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    run.command = command;
    run.command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
    run.run().expect(0);
    assert!(api.modules().contains(&"src/main.py".to_owned()));
    assert!(!api.modules().iter().any(|name| name.ends_with("/RECORD")), "the copy was synced again");
    assert_eq!(api.boot("3.14")["ok"], true);
}

#[test]
fn what_a_package_needs_of_its_tests_and_metadata_stays_and_the_rest_goes() {
    let (project, api) = (Project::example("flat"), Api::start(&[]));
    project.link_wrangler().write("requirements-runtime.txt", "rig-tests\nrig-testneeded\nrig-meta\n");
    let entry = std::fs::read_to_string(project.path("src/entry.py")).unwrap();
    project.write("src/entry.py", &format!("import rig_tests, rig_testneeded, rig_meta\n{entry}"));
    let report = project.saddlebag(&["deploy", "--format", "json"]).on_rig().against(&api).run().expect(0).json();
    assert_eq!(api.boot("3.14")["ok"], true);
    let uploaded = api.modules();
    assert!(uploaded.iter().any(|name| name.starts_with("python_modules/rig_testneeded/tests/")));
    assert!(!uploaded.iter().any(|name| name.starts_with("python_modules/rig_tests/tests/")));
    assert!(uploaded.contains(&"python_modules/rig_tests/testing.py".to_owned()));
    assert!(!uploaded.iter().any(|name| name.ends_with("/RECORD") || name.ends_with(".c") || name.ends_with(".h")));
    let rules: std::collections::BTreeSet<_> =
        report["dropped"].as_array().unwrap().iter().map(|file| file["rule"].as_str().unwrap()).collect();
    assert!(rules.contains("tests") && rules.contains("dist-info") && rules.contains("c-sources"), "{rules:?}");
}

#[test]
fn anything_else_is_pywranglers_own_in_place() {
    let project = Project::example("flat");
    project.link_wrangler();
    let ran = project.saddlebag(&["whoami", "--help"]).on_rig().run().expect(0);
    assert!(ran.stdout.contains("wrangler whoami"), "{}", ran.stdout);
}

/// A flat Worker with these requirements, whose entry imports these names first.
fn with_packages(requirements: &str, imports: &str) -> Project {
    let project = Project::example("flat");
    project.link_wrangler().write("requirements-runtime.txt", requirements);
    let entry = std::fs::read_to_string(project.path("src/entry.py")).unwrap();
    project.write("src/entry.py", &format!("{imports}\n{entry}"));
    project
}

#[test]
fn a_file_that_two_distributions_bring_is_blocked_when_it_is_imported_and_differs() {
    let check = |requirements: &str, imports: &str, code| {
        let project = with_packages(requirements, imports);
        let report = project.saddlebag(&["check", "--format", "json"]).on_rig().run().expect(code).json();
        gate(&report, "duplicates")["findings"]
            .as_array()
            .unwrap()
            .iter()
            .map(|finding| finding["level"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(check("rig-dup-a\nrig-dup-b\n", "import rig_shared", 3), ["deny"]);
    assert_eq!(check("rig-dup-a\nrig-dup-b\n", "", 0), ["warn"]);
    assert_eq!(check("rig-dup-a\nrig-dup-c\n", "import rig_shared", 0), Vec::<String>::new());
}

#[test]
fn a_key_that_a_distribution_publishes_is_a_note_and_in_no_report() {
    let project = with_packages("rig-secret\n", "");
    let ran = project.saddlebag(&["check", "--format", "json", "--verbose"]).on_rig().run().expect(0);
    let report = ran.json();
    assert_eq!(gate(&report, "secrets")["outcome"], "passed");
    let levels: std::collections::BTreeSet<_> = gate(&report, "secrets")["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|finding| finding["level"].as_str().unwrap())
        .collect();
    assert_eq!(levels, std::collections::BTreeSet::from(["note"]));
    assert_eq!(codes(&report, "secrets").len(), 2, "the key and the .env file");
    assert!(!ran.stdout.contains("BEGIN RSA") && !ran.stderr.contains("BEGIN RSA"));
}

#[test]
fn rules_globs_and_exclusions_collect_what_wrangler_collects() {
    let project = Project::example("flat");
    project.link_wrangler();
    let config = r#"{
  "name": "flat", "main": "src/entry.py", "compatibility_date": "2026-10-01", "compatibility_flags": ["python_workers"],
  "python_modules": { "exclude": ["**/*.pyc", "workers/types/**", "*.dist-info/**"] },
  "rules": [
    { "type": "Text", "globs": ["data/*.csv", "**/*.md"], "fallthrough": true },
    { "type": "Data", "globs": ["**/*.json", "deep/**/x?.bin2", "[ab].raw"] },
    { "type": "Data", "globs": ["**/*.never"] },
  ],
}"#;
    project.write("wrangler.jsonc", config);
    for name in [
        "a.md",
        "data/b.csv",
        "data/in/c.csv",
        "deep/x1.bin2",
        "deep/x?.bin2",
        "deep/er/x?.bin2",
        "a.raw",
        "[ab].raw",
        "q.never",
        "t.txt",
        "p.html",
        "s.sql",
        "b.bin",
        "w.wasm",
        "n.py.txt",
        "sub/.hidden.txt",
        "ünï.txt",
    ] {
        project.write(&format!("src/{name}"), "x");
    }
    let (ours, plain) = (Api::start(&[]), Api::start(&[]));
    let report = project.saddlebag(&["deploy", "--format", "json"]).on_rig().against(&ours).run().expect(0).json();
    rig::pywrangler(&project.root, &["deploy"]).against(&plain).run().expect(0);
    let dropped: std::collections::BTreeSet<_> =
        report["dropped"].as_array().unwrap().iter().map(|file| file["name"].as_str().unwrap().to_owned()).collect();
    let own =
        |names: Vec<String>| names.into_iter().filter(|name| !name.starts_with("python_modules/")).collect::<Vec<_>>();
    assert_eq!(own(ours.modules()), own(plain.modules()));
    let marks = ["python_modules/.synced".to_owned(), "python_modules/pyvenv.cfg".to_owned()];
    let vendored = plain
        .modules()
        .into_iter()
        .filter(|name| name.starts_with("python_modules/") && !dropped.contains(name) && !marks.contains(name))
        .collect::<Vec<_>>();
    assert_eq!(
        ours.modules().into_iter().filter(|name| name.starts_with("python_modules/")).collect::<Vec<_>>(),
        vendored
    );
    assert_eq!(report["deploy"]["raw_bytes"], report["bundle"]["raw_bytes"]);
}
