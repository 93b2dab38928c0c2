//! What wrangler writes into the configuration that it was given reaches the user's own: on fakes that edit the staged
//! file, and with the real wrangler, which provisions a namespace on a terminal.

use crate::fake::{Tools, project};
use crate::project::{Project, Ran};
use crate::rig::Api;
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Stdio};

const CONFIG: &str = r#"# ours
name = "w"
main = "src/main.py" # the entry
compatibility_date = "2026-10-01"
compatibility_flags = ["python_workers"]

[[kv_namespaces]]
binding = "CACHE" # no id yet

[env.develop]
name = "w-dev"
r2_buckets = [{ binding = "FILES" }]
"#;

/// What the fake does to the staged configuration: the comments go, one id comes.
const PROVISION: &str =
    r#"sed -e 's/ *#.*//' -e 's/^binding = "CACHE"/&\nid = "made"/' wrangler.toml > new && mv new wrangler.toml"#;
const WRITTEN: &str = "wrote 1 id into wrangler.toml: kv_namespaces[0].id";

fn provisioned(then: &str) -> (Project, Tools) {
    let (project, tools) = (project(), Tools::new());
    project.write("wrangler.toml", CONFIG);
    tools.pywrangler(&format!("{PROVISION}\n{then}"));
    (project, tools)
}

fn config(project: &Project) -> String {
    std::fs::read_to_string(project.path("wrangler.toml")).unwrap()
}

fn with_id() -> String {
    CONFIG.replace("# no id yet\n", "# no id yet\nid = \"made\"\n")
}

#[test]
fn an_id_reaches_the_users_file_and_nothing_else_in_the_project_changes() {
    let (project, tools) = provisioned("");
    let mut before = project.snapshot();
    let ran = project.saddlebag(&["deploy", "--format", "json"]).on_fakes(&tools).run().expect(0);
    assert_eq!(ran.stderr.lines().filter(|line| *line == WRITTEN).count(), 1, "{}", ran.stderr);
    assert!(!ran.stderr.contains("the stage is kept"), "{}", ran.stderr);
    ran.json();
    before.insert("wrangler.toml".into(), Some(with_id().into_bytes()));
    assert_eq!(project.snapshot(), before);
    // The next deploy finds it there, and wrangler has nothing to write.
    tools.pywrangler("");
    let ran = project.saddlebag(&["deploy"]).on_fakes(&tools).run().expect(0);
    assert!(!ran.stderr.contains("wrote"), "{}", ran.stderr);
    assert!(tools.recorded("config").contains("id = \"made\""));
}

#[test]
fn an_id_of_a_deploy_that_failed_reaches_it_too_and_the_code_stays_pywranglers() {
    let (project, tools) = provisioned("exit 7");
    let ran = project.saddlebag(&["deploy"]).on_fakes(&tools).run().expect(7);
    assert!(ran.stderr.contains(WRITTEN), "{}", ran.stderr);
    assert_eq!(config(&project), with_id());
}

#[test]
fn the_flag_and_the_variable_only_show_it() {
    let (project, tools) = provisioned("");
    let flag = project.saddlebag(&["deploy", "--no-write-back"]).on_fakes(&tools).run().expect(0);
    let variable = project.saddlebag(&["deploy"]).on_fakes(&tools).env("SADDLEBAG_NO_WRITE_BACK", "1").run().expect(0);
    let dry = project.saddlebag(&["deploy", "--dry-run"]).on_fakes(&tools).run().expect(0);
    for ran in [flag, variable, dry] {
        assert!(ran.stderr.contains("    kv_namespaces[0].id = \"made\"\n"), "{}", ran.stderr);
        let kept = ran.stderr.lines().find_map(|line| line.strip_prefix("the stage is kept: ")).unwrap();
        assert!(std::fs::read_to_string(project.path(kept).join("wrangler.toml")).unwrap().contains("id = \"made\""));
    }
    assert_eq!(config(&project), CONFIG);
}

#[test]
fn a_file_that_changed_during_the_deploy_is_the_users() {
    let (project, tools) = provisioned("echo '# Berta was here' >> ../../../wrangler.toml");
    let ran = project.saddlebag(&["deploy"]).on_fakes(&tools).run().expect(0);
    assert!(ran.stderr.contains("it was changed during the deploy"), "{}", ran.stderr);
    assert!(ran.stderr.contains("    kv_namespaces[0].id = \"made\"\n") && ran.stderr.contains("the stage is kept"));
    assert_eq!(config(&project), format!("{CONFIG}# Berta was here\n"));
}

#[test]
fn a_read_only_file_is_left_alone_and_the_deploy_is_no_failure() {
    let (project, tools) = provisioned("");
    std::fs::set_permissions(project.path("wrangler.toml"), std::fs::Permissions::from_mode(0o444)).unwrap();
    let ran = project.saddlebag(&["deploy"]).on_fakes(&tools).run().expect(0);
    assert!(ran.stderr.contains("it is read-only") && ran.stderr.contains("the stage is kept"), "{}", ran.stderr);
    assert_eq!(config(&project), CONFIG);
}

#[test]
fn the_file_behind_a_link_is_the_one_that_is_written() {
    let (project, tools) = provisioned("");
    std::fs::rename(project.path("wrangler.toml"), project.path("real.toml")).unwrap();
    std::os::unix::fs::symlink("real.toml", project.path("wrangler.toml")).unwrap();
    let ran = project.saddlebag(&["deploy"]).on_fakes(&tools).run().expect(0);
    assert!(ran.stderr.contains(WRITTEN), "{}", ran.stderr);
    assert!(std::fs::symlink_metadata(project.path("wrangler.toml")).unwrap().is_symlink());
    assert_eq!(std::fs::read_to_string(project.path("real.toml")).unwrap(), with_id());
}

#[test]
fn an_environments_binding_is_found_and_what_describes_the_stage_stays_there() {
    let (project, tools) = provisioned(
        r#"sed -e 's/"FILES"/&, bucket_name = "w-dev-files"/' -e "s|worker/[a-z/]*.py|$(pwd)/other.py|" wrangler.toml > new && mv new wrangler.toml"#,
    );
    let ran = project.saddlebag(&["deploy", "--env", "develop"]).on_fakes(&tools).run().expect(0);
    assert!(
        ran.stderr
            .contains("wrote 2 values into wrangler.toml: kv_namespaces[0].id, env.develop.r2_buckets[0].bucket_name"),
        "{}",
        ran.stderr
    );
    assert!(ran.stderr.contains("wrangler.toml stays as it is: main\n"), "{}", ran.stderr);
    let now = config(&project);
    assert!(
        now.contains("bucket_name = \"w-dev-files\"") && now.contains("main = \"src/main.py\" # the entry"),
        "{now}"
    );
    assert!(!now.contains("saddlebag"), "{now}");
}

/// On a terminal and not in a CI: elsewhere wrangler writes nothing. Its two streams are one there.
fn on_a_terminal(project: &Project, api: &Api, arguments: &[&str]) -> Ran {
    const TERMINAL: &str = "import os, pty, sys; sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))";
    let run = project.saddlebag(arguments).on_rig().against(api).env("CI", "false");
    let mut command = Command::new("python3");
    command.args(["-c", TERMINAL]).arg(run.command.get_program()).args(run.command.get_args());
    command.current_dir(&project.root).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    for (name, value) in run.command.get_envs() {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    // What else wrangler takes for a CI.
    for name in ["GITHUB_ACTIONS", "GITLAB_CI", "BUILD_ID", "BUILD_NUMBER", "CONTINUOUS_INTEGRATION", "RUN_ID"] {
        command.env_remove(name);
    }
    Ran::of(command.output().unwrap())
}

/// The flat Worker with a namespace that has no id, in one of the two formats.
fn without_an_id(name: &str, text: &str) -> Project {
    let project = Project::example("flat");
    std::fs::remove_file(project.path("wrangler.jsonc")).unwrap();
    // The configuration that had a rule for its data file is gone.
    std::fs::remove_file(project.path("src/core/greetings.json")).unwrap();
    project.link_wrangler().write("src/core/__init__.py", "def greet():\n    return \"hello\"\n").write(name, text);
    project
}

const FLAT_TOML: &str = "name = 'flat'\nmain = \"src/entry.py\"\ncompatibility_date = \"2026-10-01\"\ncompatibility_flags = [ \"python_workers\" ]\n\n[[kv_namespaces]]\nbinding = 'CACHE'\n\n[vars]\nhalf   =   1.0\n";
const FLAT_JSONC: &str = r#"{
  // the cache of develop has no id
  "name": "flat",
  "main": "src/entry.py", "compatibility_date": "2026-10-01",
  "compatibility_flags": ["python_workers"],
  "env": {
    "develop": {
      "kv_namespaces": [
        {
          "binding": "CACHE", // this one
        },
      ],
    },
  },
}
"#;

#[test]
fn the_real_wranglers_id_reaches_a_toml_file() {
    let (project, api) = (without_an_id("wrangler.toml", FLAT_TOML), Api::start(&[]));
    let ran = on_a_terminal(&project, &api, &["deploy"]).expect(0);
    assert!(api.requests().contains(&"POST /accounts/account/storage/kv/namespaces".to_owned()), "{}", ran.stdout);
    let metadata = api.metadata();
    let binding = metadata["bindings"].as_array().unwrap().iter().find(|binding| binding["name"] == "CACHE").unwrap();
    let id = binding["namespace_id"].as_str().unwrap();
    assert!(ran.stdout.contains(WRITTEN), "{}", ran.stdout);
    assert_eq!(config(&project), FLAT_TOML.replace("'CACHE'\n", &format!("'CACHE'\nid = \"{id}\"\n")));
    assert!(!project.path(".wrangler/saddlebag").exists());
}

#[test]
fn the_real_wranglers_id_reaches_an_environment_of_a_jsonc_file_although_the_upload_fails() {
    let (project, api) =
        (without_an_id("wrangler.jsonc", FLAT_JSONC), Api::start(&["--fail", "10021:Uncaught ModuleNotFoundError"]));
    let ran = on_a_terminal(&project, &api, &["deploy", "--env", "develop"]).expect(1);
    assert!(ran.stdout.contains("wrote 1 id into wrangler.jsonc: env.develop.kv_namespaces[0].id"), "{}", ran.stdout);
    let now = std::fs::read_to_string(project.path("wrangler.jsonc")).unwrap();
    let new: Vec<&str> = now.lines().filter(|line| !FLAT_JSONC.lines().any(|old| old == *line)).collect();
    assert!(matches!(new[..], [id] if id.trim_start().starts_with("\"id\": \"")), "{now}");
    assert_eq!(now.lines().count(), FLAT_JSONC.lines().count() + 1);
}

#[test]
fn the_real_wrangler_writes_nothing_without_a_terminal_and_on_a_dry_run() {
    let (project, api) = (without_an_id("wrangler.toml", FLAT_TOML), Api::start(&[]));
    let ran = project.saddlebag(&["deploy"]).on_rig().against(&api).run().expect(0);
    assert!(
        ran.stdout.contains("CACHE provisioned") && !ran.stderr.contains("wrote"),
        "{}\n{}",
        ran.stdout,
        ran.stderr
    );
    let before = api.requests().len();
    let dry = on_a_terminal(&project, &api, &["deploy", "--dry-run"]).expect(0);
    assert!(!dry.stdout.contains("provisioned") && !dry.stdout.contains("the stage is kept"), "{}", dry.stdout);
    assert_eq!((api.requests().len(), config(&project).as_str()), (before, FLAT_TOML));
}
