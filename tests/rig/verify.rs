//! `verify` on the real tools: a stage that is tampered with between plan and upload goes nowhere.

use crate::fake::{directory, script};
use crate::project::{Project, Run, codes, gate};
use crate::rig::{self, Api};
use std::path::Path;

fn flat() -> Project {
    let project = Project::example("flat");
    project.link_wrangler();
    project
}

/// A pywrangler that does something in the stage before the real one does its work: before the rehearsal, or only before
/// the deploy itself. It counts its starts.
fn tampering(tools: &Path, moment: &str, tampering: &str) -> std::path::PathBuf {
    let real = rig::home().join("bin/pywrangler");
    let (starts, real) = (tools.join("starts").display().to_string(), real.display().to_string());
    let body = format!(
        r#"[ "$1" = --version ] || [ "$1" = sync ] && exec {real} "$@"
echo "$1" >> {starts}
case "$*" in *--outdir*) moment=rehearsal ;; *) moment=deploy ;; esac
if [ $moment = {moment} ]; then {tampering}
fi
exec {real} "$@""#
    );
    script(tools, "tampering", &body)
}

impl Run {
    fn through(self, pywrangler: &Path) -> Self {
        self.env("SADDLEBAG_PYWRANGLER", pywrangler)
    }
}

#[test]
fn a_clean_example_passes_and_goes_up_as_it_was_rehearsed() {
    let (project, api) = (flat(), Api::start(&[]));
    let before = project.snapshot();
    let report =
        project.saddlebag(&["deploy", "--verify", "--format", "json"]).on_rig().against(&api).run().expect(0).json();
    assert_eq!(gate(&report, "verify")["outcome"], "passed");
    assert_eq!(codes(&report, "verify"), Vec::<String>::new());
    assert_eq!(api.modules(), crate::project::planned(&report));
    assert_eq!(report["deploy"]["startup_ms"], 5);
    assert_eq!(report["deploy"]["warnings"], serde_json::json!([]));
    assert_eq!(project.snapshot(), before);
}

#[test]
fn check_verifies_too_and_stages_only_for_the_time_of_the_run() {
    let project = flat();
    let before = project.snapshot();
    let run = |arguments: &[&str]| project.saddlebag(arguments).on_rig().run().expect(0).json();
    let asked = run(&["check", "--verify", "--format", "json"]);
    assert_eq!(
        (&gate(&asked, "verify")["outcome"], &gate(&asked, "verify")["level"]),
        (&"passed".into(), &"deny".into())
    );
    assert_eq!(project.snapshot(), before);
    let not_asked = run(&["check", "--format", "json"]);
    assert_eq!(gate(&not_asked, "verify")["reason"], "off by default");
    project.write(
        "pyproject.toml",
        "[project]\nname = \"f\"\nversion = \"0\"\n[tool.saddlebag.gates]\nverify = \"warn\"\n",
    );
    assert_eq!(gate(&run(&["check", "--format", "json"]), "verify")["outcome"], "passed");
    let off = run(&["check", "--verify", "--gate", "verify=off", "--format", "json"]);
    assert_eq!(gate(&off, "verify")["reason"], "switched off");
}

#[test]
fn a_stage_that_is_tampered_with_before_the_upload_is_blocked() {
    for (what, tampered, expected) in [
        ("a byte", "printf '#' | dd of=worker/core/__init__.py bs=1 conv=notrunc 2>/dev/null", &["verify.bytes"][..]),
        ("a longer file", "echo '# more' >> python_modules/workers/__init__.py", &["verify.bytes", "verify.total"]),
        ("a stray file", "echo 'x = 1' > worker/stray.py", &["verify.module", "verify.total"]),
        ("a file that is gone", "rm worker/core/__init__.py", &["verify.module", "verify.total"]),
        ("another main", "echo 'import core' > worker/entry.py", &["verify.bytes", "verify.total"]),
        ("a second sync", "rm python_modules/.synced", &["verify.module", "verify.bytes", "verify.total"]),
    ] {
        let (project, api, tools) = (flat(), Api::start(&[]), directory());
        let wrapper = tampering(tools.path(), "rehearsal", tampered);
        let run =
            project.saddlebag(&["deploy", "--verify", "--format", "json"]).on_rig().against(&api).through(&wrapper);
        let report = run.run().expect(3).json();
        let mut found = codes(&report, "verify");
        found.dedup();
        assert_eq!(found, expected, "{what}");
        assert_eq!(report["verdict"], "blocked", "{what}");
        assert_eq!(api.requests(), Vec::<String>::new(), "{what}");
        assert!(!project.path(".wrangler/saddlebag").exists(), "{what}");
    }
}

#[test]
fn a_dry_run_of_the_users_own_is_the_rehearsal_and_wrangler_runs_once() {
    let starts = |arguments: &[&str]| {
        let (project, tools) = (flat(), directory());
        let wrapper = tampering(tools.path(), "never", ":");
        let ran = project.saddlebag(arguments).on_rig().through(&wrapper).run().expect(0);
        let starts = std::fs::read_to_string(tools.path().join("starts")).unwrap_or_default().lines().count();
        (starts, ran)
    };
    let (once, ran) = starts(&["deploy", "--dry-run", "--verify"]);
    assert_eq!(once, 1);
    assert!(ran.stdout.contains("--dry-run: exiting now."), "{}", ran.stdout);
    assert!(ran.stdout.contains("dry run passed"), "{}", ran.stdout);
    let (_, ran) = starts(&["deploy", "--dry-run", "--verify", "--format", "json"]);
    let report = ran.json();
    assert_eq!(report["deploy"]["raw_bytes"], report["bundle"]["raw_bytes"]);
    let (twice, _) = starts(&["deploy", "--dry-run", "--verify", "--outdir", "built"]);
    assert_eq!(twice, 2);
    assert_eq!(starts(&["deploy", "--dry-run"]).0, 1);
}

#[test]
fn duplicates_and_warnings_of_wranglers_are_counted_before_the_upload() {
    let project = flat();
    project.write(
        "wrangler.jsonc",
        r#"{ "name": "flat", "main": "src/entry.py", "compatibility_date": "2026-10-01",
  "compatibility_flags": ["python_workers"], "nonsense": 1,
  "rules": [{ "type": "Data", "globs": ["**/*.json", "**/d*.json"], "fallthrough": true }] }"#,
    );
    project.write("src/d1.json", "{}").write("src/d2.json", "{}").write("src/e.json", "{}");
    let report = project.saddlebag(&["check", "--verify", "--format", "json"]).on_rig().run().expect(3).json();
    assert_eq!(codes(&report, "verify"), ["verify.duplicates", "verify.warning"]);
    let findings = gate(&report, "verify")["findings"].as_array().unwrap();
    assert_eq!((&findings[0]["measured"], &findings[0]["limit"]), (&2.into(), &0.into()));
    assert!(findings[1]["message"].as_str().unwrap().contains("nonsense"), "{}", findings[1]);
    // Live, the same is only said.
    let api = Api::start(&[]);
    let ran = project.saddlebag(&["deploy", "--format", "json"]).on_rig().against(&api).run().expect(0);
    assert_eq!(ran.json()["deploy"]["duplicate_warnings"], 2);
    assert_eq!(ran.json()["deploy"]["warnings"].as_array().unwrap().len(), 1);
    assert!(ran.stderr.contains("warning: wrangler said `Ignoring duplicate module` 2 times"), "{}", ran.stderr);
}

#[test]
fn what_only_the_deploy_itself_sees_is_shouted_and_is_no_failure() {
    let (project, api, tools) = (flat(), Api::start(&[]), directory());
    let wrapper = tampering(tools.path(), "deploy", "echo 'x = 1' > worker/stray.py");
    let run = project.saddlebag(&["deploy", "--verify", "--format", "json"]).on_rig().against(&api).through(&wrapper);
    let ran = run.run().expect(0);
    assert!(ran.stderr.contains("something else was uploaded than planned"), "{}", ran.stderr);
    assert_eq!(ran.json()["exit"]["origin"], "pywrangler");
}

#[test]
fn a_dry_run_that_fails_blocks_with_wranglers_own_words() {
    let (project, api) = (flat(), Api::start(&[]));
    let run = project.saddlebag(&["deploy", "--verify", "--such-flag", "--format", "json"]).on_rig().against(&api);
    let report = run.run().expect(3).json();
    assert_eq!(codes(&report, "verify"), ["verify.failed"]);
    let message = gate(&report, "verify")["findings"][0]["message"].as_str().unwrap().to_owned();
    assert!(message.contains("such-flag"), "{message}");
    assert_eq!(api.requests(), Vec::<String>::new());
}

#[test]
fn a_refused_upload_says_what_the_code_means_and_which_gate_looks_at_it() {
    for (refusal, words) in [
        (
            "10021:Uncaught ModuleNotFoundError: No module named 'x'",
            "hint: Cloudflare's error 10021, the Worker does not validate",
        ),
        ("10027:too large", "(gate `size`: docs/gates/size.md)"),
        ("10068:none registered", "class Default(WorkerEntrypoint)"),
        ("9109:Invalid access token", "CLOUDFLARE_API_TOKEN"),
        ("11001:Queue handler is missing.", "11001, no queue handler"),
        (
            "10021:PythonUserError: Can't serialize top-level variable.",
            "hint: Cloudflare's error 10021, a JavaScript value at module level",
        ),
        ("10021:Script startup exceeded CPU time limit.", "10021, the startup takes too long"),
    ] {
        let (project, api) = (flat(), Api::start(&["--fail", refusal]));
        let ran = project.saddlebag(&["deploy", "--format", "json"]).on_rig().against(&api).run().expect(1);
        let hints: Vec<_> = ran.stderr.lines().filter(|line| line.starts_with("hint: ")).collect();
        assert_eq!(hints.len(), 1, "{}", ran.stderr);
        assert!(hints[0].contains(words), "{}", hints[0]);
    }
}

#[test]
fn the_rehearsal_builds_no_image_of_a_container() {
    let project = flat();
    let config = std::fs::read_to_string(project.path("wrangler.jsonc")).unwrap();
    let containers = r#"
  "durable_objects": { "bindings": [{ "name": "ROOMS", "class_name": "Room" }] },
  "migrations": [{ "tag": "v1", "new_sqlite_classes": ["Room"] }],
  "containers": [{ "class_name": "Room", "image": "./Dockerfile" }],"#;
    project.write("wrangler.jsonc", &config.replacen('{', &format!("{{{containers}"), 1));
    project.write("Dockerfile", "FROM scratch\n");
    let entry = std::fs::read_to_string(project.path("src/entry.py")).unwrap();
    project.write(
        "src/entry.py",
        &format!("{entry}\n\nfrom workers import DurableObject\n\n\nclass Room(DurableObject):\n    pass\n"),
    );
    let check = |words: &[&str]| {
        let arguments = [&["check", "--verify", "--format", "json"], words].concat();
        project.saddlebag(&arguments).on_rig().env("WRANGLER_DOCKER_BIN", "/nowhere/docker").run().expect(0).json()
    };
    for words in [&[][..], &["--containers-rollout", "gradual"]] {
        let report = check(words);
        assert_eq!((&gate(&report, "verify")["outcome"], codes(&report, "verify")), (&"passed".into(), vec![]));
    }
}

#[test]
fn what_the_configuration_gate_has_said_is_not_said_again_by_wrangler() {
    let project = flat();
    std::fs::remove_file(project.path("wrangler.jsonc")).unwrap();
    let text = "name = \"flat\"\nmain = \"src/entry.py\"\ncompatibility_date = \"2026-10-01\"\ncompatibility_flags = [\"python_workers\"]\nrules = [{ type = \"Data\", globs = [\"**/*.json\"], fallthrough = true }]\n";
    let more = "\n[[kv_namespaces]]\nbinding = \"KV\"\nid = \"0\"\n\n[vars]\nA = \"1\"\nB = \"2\"\n\n[env.develop.vars]\nA = \"3\"\n";
    project.write("wrangler.toml", &format!("{text}{more}"));
    let run = |words: &[&str]| {
        let words = [&["check", "--verify", "--format", "json"], words].concat();
        project.saddlebag(&words).on_rig().run().expect(0).json()
    };
    let top_level = run(&[]);
    assert_eq!(codes(&top_level, "wrangler-config"), ["wrangler-config.top-level"]);
    assert_eq!(codes(&top_level, "verify"), Vec::<String>::new());
    let develop = run(&["--env", "develop"]);
    assert_eq!(codes(&develop, "wrangler-config"), ["wrangler-config.inheritance", "wrangler-config.inheritance"]);
    assert_eq!(codes(&develop, "verify"), Vec::<String>::new());
    let off = run(&["--gate", "wrangler-config=off"]);
    assert_eq!(codes(&off, "verify"), ["verify.warning"]);
}
