//! What pywrangler is started with: by design, and nothing of the user's lost.

use crate::fake::{Tools, project};
use crate::project::Project;

#[test]
fn pywrangler_starts_in_the_stage_with_the_staged_config_and_the_users_directory() {
    let (project, tools) = (project(), Tools::new());
    let words = ["deploy", "--env", "develop", "--var", "A:1", "--keep-vars", "--", "-x"];
    project.saddlebag(&words).on_fakes(&tools).run().expect(0);
    let root = project.root.display().to_string();
    let stage = tools.recorded("directory").trim().to_owned();
    assert!(stage.starts_with(&format!("{root}/.wrangler/saddlebag/stage-")), "{stage}");
    assert_eq!(
        tools.words(),
        [
            "deploy",
            "--config",
            &format!("{stage}/wrangler.toml"),
            "--cwd",
            &root,
            "--env",
            "develop",
            "--var",
            "A:1",
            "--keep-vars",
            "--",
            "-x"
        ]
    );
}

#[test]
fn the_stage_holds_what_the_design_says_and_nothing_else() {
    let (project, tools) = (project(), Tools::new());
    project
        .write("package.json", "{}")
        .write("README.md", "x")
        .write("tests/test_main.py", "import src.main")
        .write(".env", "SECRET=1")
        .write(".dev.vars", "SECRET=1");
    project.saddlebag(&["deploy"]).on_fakes(&tools).run().expect(0);
    insta::assert_snapshot!(tools.recorded("tree"), @"
    ./.venv-workers/.synced
    ./package.json
    ./pylock.toml
    ./pyproject.toml
    ./python_modules/.synced
    ./python_modules/dep-1.0.dist-info/METADATA
    ./python_modules/dep/__init__.py
    ./python_modules/workers/__init__.py
    ./worker/main.py
    ./worker/src/core.py
    ./worker/src/main.py
    ./wrangler.toml
    ");
    insta::assert_snapshot!(tools.recorded("config"), @r#"
    name = "w"
    main = "worker/main.py"
    compatibility_date = "2026-10-01"
    compatibility_flags = ["python_workers"]
    python_modules = { exclude = [".synced", "pyvenv.cfg", "**/*.pyc"] }

    [env.develop]
    name = "w-dev"
    "#);
}

#[test]
fn children_do_not_see_what_would_redirect_uv_and_keep_the_rest() {
    let (project, tools) = (project(), Tools::new());
    let run = project
        .saddlebag(&["deploy"])
        .on_fakes(&tools)
        .env("VIRTUAL_ENV", "/venv")
        .env("UV_PYTHON", "3.9")
        .env("PYTHONPATH", "/p")
        .env("UV_INDEX", "https://index.test")
        .env("HTTPS_PROXY", "http://proxy.test");
    run.run().expect(0);
    let environment = tools.recorded("environment");
    for gone in ["VIRTUAL_ENV=", "UV_PYTHON=", "PYTHONPATH="] {
        assert!(!environment.lines().any(|line| line.starts_with(gone)), "{gone}");
    }
    for kept in ["UV_INDEX=https://index.test", "HTTPS_PROXY=http://proxy.test"] {
        assert!(environment.lines().any(|line| line == kept), "{kept}");
    }
}

#[test]
fn the_second_run_with_the_same_key_starts_no_sync_and_another_requirement_does() {
    let (project, tools) = (project(), Tools::new());
    for _ in 0..2 {
        project.saddlebag(&["check"]).on_fakes(&tools).run().expect(0);
    }
    assert_eq!(tools.syncs(), 1);
    project.write("src/core.py", "x = 2\n");
    project.saddlebag(&["check"]).on_fakes(&tools).run().expect(0);
    assert_eq!(tools.syncs(), 1);
    project.write("requirements-runtime.txt", "# words\ndep   # and more\n");
    project.saddlebag(&["check"]).on_fakes(&tools).run().expect(0);
    assert_eq!(tools.syncs(), 1, "comments are no requirements");
    project.write("requirements-runtime.txt", "dep>=1\n");
    project.saddlebag(&["check"]).on_fakes(&tools).run().expect(0);
    assert_eq!(tools.syncs(), 2);
    project.saddlebag(&["check"]).on_fakes(&tools).env("UV_EXCLUDE_NEWER", "2026-01-01").run().expect(0);
    assert_eq!(tools.syncs(), 3);
}

#[test]
fn pywranglers_exit_code_is_ours_as_it_is() {
    let (project, tools) = (project(), Tools::new());
    for (then, code) in [("exit 7", 7), ("exit 1", 1), ("kill -TERM $$", 143)] {
        tools.pywrangler(then);
        let report = project.saddlebag(&["deploy", "--format", "json"]).on_fakes(&tools).run().expect(code).json();
        assert_eq!(report["exit"], serde_json::json!({"code": code, "origin": "pywrangler"}));
    }
}

#[test]
fn with_json_stdout_is_one_document_and_the_childs_words_go_to_stderr() {
    let (project, tools) = (project(), Tools::new());
    tools.pywrangler("echo loud");
    let ran = project.saddlebag(&["deploy", "--format", "json"]).on_fakes(&tools).run().expect(0);
    assert_eq!(ran.json()["schema"], "saddlebag.report/1");
    assert!(ran.stderr.contains("loud"));
}

#[test]
fn what_is_not_ours_reaches_pywrangler_in_place_word_for_word() {
    let (project, tools) = (project(), Tools::new());
    tools.pywrangler("exit 5");
    project.saddlebag(&["tail", "--format", "json", "--env", ""]).on_fakes(&tools).run().expect(5);
    assert_eq!(tools.words(), ["tail", "--format", "json", "--env", ""]);
    assert_eq!(tools.recorded("directory").trim(), project.root.to_str().unwrap());
}

#[test]
fn versions_upload_and_the_others_that_upload_are_staged_too() {
    let tools = Tools::new();
    for (command, words) in
        [("publish", vec!["publish"]), ("preview", vec!["preview"]), ("versions upload", vec!["versions", "upload"])]
    {
        let project = project();
        project.saddlebag(&words).on_fakes(&tools).run().expect(0);
        let recorded = tools.words();
        assert_eq!(recorded[..words.len()], words, "{command}");
        assert_eq!(recorded[words.len()], "--config", "{command}");
        assert!(tools.recorded("directory").contains("/.wrangler/saddlebag/stage-"), "{command}");
    }
}

#[test]
fn pywrangler_is_found_in_the_projects_environment_and_by_name() {
    let (project, tools) = (project(), Tools::new());
    std::fs::create_dir_all(project.path(".venv/bin")).unwrap();
    std::fs::rename(tools.dir.path().join("pywrangler"), project.path(".venv/bin/pywrangler")).unwrap();
    project.saddlebag(&["check"]).on_fakes(&tools).run().expect(0);
    std::fs::rename(project.path(".venv/bin/pywrangler"), tools.dir.path().join("other")).unwrap();
    project.saddlebag(&["check"]).on_fakes(&tools).env("SADDLEBAG_PYWRANGLER", "other").run().expect(0);
    project.saddlebag(&["check"]).on_fakes(&tools).run().expect(4);
}

#[test]
fn uv_run_looks_for_the_users_project_wherever_it_is_started() {
    let (project, tools) = (project(), Tools::new());
    let body = "[ \"$1\" = --version ] && echo 'uv 0.13.8' && exit 0\n[ \"$1 $2 $4\" = 'run --project pywrangler' ] || exit 99\necho \"$3\" >> \"$0.projects\"\nshift 4\nexec \"$(dirname \"$0\")/real-pywrangler\" \"$@\"";
    crate::fake::script(tools.dir.path(), "uv", body);
    std::fs::rename(tools.dir.path().join("pywrangler"), tools.dir.path().join("real-pywrangler")).unwrap();
    project.saddlebag(&["deploy"]).on_fakes(&tools).env("SADDLEBAG_PYWRANGLER", "uv run pywrangler").run().expect(0);
    let projects = tools.recorded("uv.projects");
    assert!(
        projects.lines().count() >= 2 && projects.lines().all(|line| line == project.root.to_str().unwrap()),
        "{projects}"
    );
}

#[test]
fn a_refused_command_line_is_a_document_too() {
    let project = Project::empty();
    let report = project.saddlebag(&["deploy", "--format", "json", "--gate"]).run().expect(2).json();
    assert_eq!((report["error"]["code"].as_str(), report["exit"]["code"].as_u64()), (Some("usage"), Some(2)));
}

#[test]
fn help_and_version_are_for_stdout() {
    let project = Project::empty();
    insta::assert_snapshot!(project.saddlebag(&["--help"]).run().expect(0).stdout, @"
    Deploys Cloudflare Python Workers without bad surprises: stage, prune, gate, then pywrangler deploy

    Usage: saddlebag <COMMAND> [OPTIONS] [ARGUMENTS OF pywrangler OR wrangler]

    Commands:
      deploy       Stage, prune and check the project, then run `pywrangler deploy`
      publish      Stage, prune and check the project, then run `pywrangler publish`
      preview      Stage, prune and check the project, then run `pywrangler preview`
      versions     Stage, prune and check the project, then run `pywrangler versions upload`
      init         Write `requirements-runtime.txt`, and show how to deploy from Make and CI
      check        Run every gate without uploading anything
      report       Show what is in the bundle, by package; `--html FILE` draws it
      stage        Write the stage to `--out DIR`, to inspect it or to deploy it by hand
      baseline     Write the weight of the upload to `saddlebag-baseline.toml`, for the gate `growth`
      lock         Write the resolution to `pylock.runtime.toml`, which every later deploy keeps to
      doctor       Check your setup and suggest fixes
      classify     Show which dependencies the Worker needs, and what to do about the others
      why          Show how a distribution or a module got into the bundle, and what it weighs
      impact       Show what would break without a distribution or a module, and what would be saved
      cache        Show where the vendored packages are kept and what they weigh
      completions  Print a shell's completion script
      explain      Print the page of a gate: what it finds, and what to do

    Any other command is pywrangler's: `saddlebag tail` runs `pywrangler tail`.
    See `saddlebag COMMAND --help` for the options of a command.
    ");
    insta::assert_snapshot!(project.saddlebag(&["deploy", "--help"]).run().expect(0).stdout, @"
    Stage, prune and check the project, then run `pywrangler deploy`

    Usage: saddlebag deploy [OPTIONS]

    Options:
          --format <FORMAT>      Print the report in this format [possible values: human, json, github,
                                 sarif]
          --quiet                Print only the verdict, what blocks, and a line for each warning
          --verbose              Print everything: tables, every gate, each module and dropped file
          --timings              Print how long each step took
          --report <FILE>        Also write the report to FILE, as JSON
          --html <FILE>          Also write the report to FILE, as a page of HTML that needs no network
          --gate <ID=LEVEL>      Set a gate's level to off, warn or deny; may be repeated
          --requirements <FILE>  Read the runtime requirements from FILE [default:
                                 requirements-runtime.txt, else the project's dependencies]
          --namespace <LAYOUT>   Choose how the source is laid out in the upload [possible values: auto,
                                 keep, flat]
          --shake                Upload only what something imports of each package; requires `--smoke`
                                 to pass
          --no-cache             Resolve and install the packages again
          --no-build             Skip the `build.command` of the wrangler configuration
          --smoke                Import the staged bundle in real Pyodide before anything is uploaded
          --verify               Compare wrangler's own dry run with the plan before anything is
                                 uploaded
          --locked               Fail if the resolution differs from the project's lock
          --baseline <FILE>      Use FILE as the baseline of the gate `growth` [default:
                                 saddlebag-baseline.toml]
          --keep-stage           Keep the stage and print its path
          --no-write-back        Print the ids that wrangler created instead of writing them to its
                                 configuration

    Options of wrangler:
      -e, --env <NAME>     Use this environment of the wrangler configuration
      -c, --config <FILE>  Use this file as the wrangler configuration

    Every other option is passed to pywrangler: see `pywrangler deploy --help`.
    Exit codes: 2 usage or configuration, 3 blocked by a gate, 4 saddlebag failed, else pywrangler's own
    ");
    assert_eq!(
        project.saddlebag(&["--version"]).run().expect(0).stdout,
        format!("saddlebag {}\n", env!("CARGO_PKG_VERSION"))
    );
}

#[test]
fn a_user_script_on_the_command_line_becomes_the_staged_main() {
    let (project, tools) = (project(), Tools::new());
    project.write("src/other.py", "from src.core import x\n");
    let report =
        project.saddlebag(&["deploy", "src/other.py", "--format", "json"]).on_fakes(&tools).run().expect(0).json();
    assert_eq!(report["bundle"]["main_module"], "other.py");
    assert!(!tools.words().contains(&"src/other.py".to_owned()));
    assert!(tools.recorded("config").contains("main = \"worker/other.py\""), "{}", tools.recorded("config"));
}

#[test]
fn the_environment_comes_from_the_flag_the_variable_or_the_env_file_in_that_order() {
    let (project, tools) = (project(), Tools::new());
    let active = |words: &[&str], variable: &str| {
        let words = [&["check", "--format", "json"], words].concat();
        let run = project.saddlebag(&words).on_fakes(&tools).env("CLOUDFLARE_ENV", variable);
        run.run().expect(0).json()["project"]["env"].clone()
    };
    assert!(active(&[], "").is_null());
    assert_eq!(active(&[], "develop"), "develop");
    assert!(active(&["--env", ""], "develop").is_null(), "an empty --env is the top level, on purpose");
    project.write(".env", "SOMETHING=1\nCLOUDFLARE_ENV=develop\n");
    assert_eq!(active(&[], ""), "develop");
    assert!(active(&["--env="], "").is_null());
}

#[test]
fn from_a_subdirectory_the_project_is_found_and_the_subdirectory_stays_the_users_place() {
    let (project, tools) = (project(), Tools::new());
    let below = project.path("src");
    project.saddlebag(&["deploy", "--outdir", "../out"]).within(&below).on_fakes(&tools).run().expect(0);
    let words = tools.words();
    assert_eq!(words[3..], ["--cwd", below.to_str().unwrap(), "--outdir", "../out"]);
    assert!(words[2].starts_with(project.root.to_str().unwrap()));
}

#[test]
fn a_relative_cwd_is_resolved_and_a_config_of_the_users_replaced() {
    let (project, tools) = (project(), Tools::new());
    std::fs::rename(project.path("wrangler.toml"), project.path("wrangler.production.toml")).unwrap();
    let above = project.root.parent().unwrap().to_owned();
    let name = project.root.file_name().unwrap().to_str().unwrap();
    project
        .saddlebag(&["deploy", "--cwd", name, "-c", "wrangler.production.toml"])
        .within(&above)
        .on_fakes(&tools)
        .run()
        .expect(0);
    let words = tools.words();
    assert_eq!(words.len(), 5, "{words:?}");
    assert!(words[2].ends_with("/wrangler.toml") && words[2].contains("/.wrangler/saddlebag/stage-"), "{words:?}");
    assert_eq!(words[4], project.root.to_str().unwrap());
}

#[test]
fn the_custom_build_runs_once_before_the_project_is_read() {
    let (project, tools) = (project(), Tools::new());
    let config = std::fs::read_to_string(project.path("wrangler.toml")).unwrap();
    let build =
        "[build]\ncommand = \"echo built >> log; echo 'y = 1' > src/made.py; echo $WRANGLER_COMMAND > command\"\n";
    project.write("wrangler.toml", &format!("{config}\n{build}"));
    let report = project.saddlebag(&["deploy", "--format", "json"]).on_fakes(&tools).run().expect(0).json();
    assert!(crate::project::planned(&report).contains(&"src/made.py".to_owned()));
    assert_eq!(std::fs::read_to_string(project.path("log")).unwrap(), "built\n");
    assert_eq!(std::fs::read_to_string(project.path("command")).unwrap(), "deploy\n");
    assert!(!tools.recorded("config").contains("command"), "{}", tools.recorded("config"));
    project.saddlebag(&["check", "--no-build"]).on_fakes(&tools).run().expect(0);
    assert_eq!(std::fs::read_to_string(project.path("log")).unwrap(), "built\n");
    project.write("wrangler.toml", &format!("{config}\n[build]\ncommand = \"exit 9\"\n"));
    let failed = project.saddlebag(&["check", "--format", "json"]).on_fakes(&tools).run().expect(4).json();
    assert_eq!(
        (failed["error"]["code"].as_str(), failed["error"]["location"]["line"].as_u64()),
        (Some("build-failed"), Some(10))
    );
}

#[test]
fn two_at_once_in_one_project_both_succeed() {
    let (project, tools) = (project(), Tools::new());
    let start = || {
        let mut command = project.saddlebag(&["deploy", "--format", "json"]).on_fakes(&tools).command;
        command.spawn().unwrap()
    };
    for child in [start(), start(), start()] {
        crate::project::Ran::of(child.wait_with_output().unwrap()).expect(0);
    }
    assert_eq!(tools.syncs(), 1);
    assert!(!project.path(".wrangler").exists());
}

/// A build that records where it runs.
const RECORDING_BUILD: &str =
    "[build]\ncommand = \"command -v generate > tool; echo $VIRTUAL_ENV > venv; echo $PATH > path\"\n";

/// The configuration of the example `flat`, to be added to.
const FLAT: &str = "name = \"flat\"\nmain = \"src/entry.py\"\ncompatibility_date = \"2026-10-01\"\ncompatibility_flags = [\"python_workers\"]\nrules = [{ type = \"Data\", globs = [\"**/*.json\"], fallthrough = true }]\n";

/// Gives the project an environment with one tool in it, and a build that asks for the tool.
fn with_venv_and_build(project: &Project) {
    let config = std::fs::read_to_string(project.path("wrangler.toml")).unwrap();
    project.write("wrangler.toml", &format!("{config}\n{RECORDING_BUILD}"));
    project.write(".venv/pyvenv.cfg", "").write(".venv/bin/activate", "").write("node_modules/.bin/tailwind", "");
    crate::fake::script(&project.path(".venv/bin"), "generate", "");
}

fn built(project: &Project, what: &str) -> String {
    std::fs::read_to_string(project.path(what)).unwrap().trim().to_owned()
}

#[test]
fn custom_build_sees_the_venv_that_pywrangler_is_taken_from() {
    let (project, tools) = (project(), Tools::new());
    with_venv_and_build(&project);
    let root = project.root.display().to_string();
    std::fs::rename(tools.dir.path().join("pywrangler"), project.path(".venv/bin/pywrangler")).unwrap();
    project.saddlebag(&["check"]).on_fakes(&tools).run().expect(0);
    assert_eq!(built(&project, "tool"), format!("{root}/.venv/bin/generate"));
    assert_eq!(built(&project, "venv"), format!("{root}/.venv"));
    let path = built(&project, "path");
    assert!(path.starts_with(&format!("{root}/node_modules/.bin:{root}/.venv/bin:")), "{path}");
}

#[test]
fn custom_build_with_a_pywrangler_of_its_own_keeps_the_users_environment() {
    let (project, tools) = (project(), Tools::new());
    with_venv_and_build(&project);
    project.saddlebag(&["check"]).on_fakes(&tools).env("VIRTUAL_ENV", "/mine").run().expect(0);
    assert_eq!((built(&project, "tool"), built(&project, "venv")), (String::new(), "/mine".to_owned()));
    let config = std::fs::read_to_string(project.path("wrangler.toml")).unwrap();
    project.write("wrangler.toml", &config.replace(RECORDING_BUILD, "[build]\ncommand = \"generate\"\n"));
    let ran = project.saddlebag(&["check"]).on_fakes(&tools).run().expect(4);
    assert!(ran.stderr.contains("run `uv run saddlebag check`"), "{}", ran.stderr);
}

#[test]
#[ignore = "needs the rig: `make test`"]
fn custom_build_runs_through_the_real_uv_where_pywrangler_does() {
    let project = Project::example("flat");
    project.link_wrangler();
    let real = crate::rig::home().join("bin/pywrangler");
    let mut python = std::process::Command::new("python3");
    let venv = python.args(["-m", "venv", "--without-pip", ".venv"]).current_dir(&project.root).status().unwrap();
    assert!(venv.success());
    let root = project.root.display().to_string();
    std::fs::remove_file(project.path("wrangler.jsonc")).unwrap();
    project.write("wrangler.toml", &format!("{FLAT}{RECORDING_BUILD}"));
    crate::fake::script(&project.path(".venv/bin"), "generate", "");
    crate::fake::script(&project.path(".venv/bin"), "pywrangler", &format!("exec {} \"$@\"", real.display()));
    let run = project.saddlebag(&["check"]).on_rig().env("SADDLEBAG_PYWRANGLER", "uv run --no-sync pywrangler");
    run.run().expect(0);
    assert_eq!(built(&project, "tool"), format!("{root}/.venv/bin/generate"));
    assert_eq!(built(&project, "venv"), format!("{root}/.venv"));
}

#[test]
fn what_pywrangler_prints_arrives_byte_for_byte_and_in_its_order_where_both_streams_go_to_one_file() {
    let (project, tools) = (project(), Tools::new());
    tools.pywrangler("for i in 1 2 3 4 5 6 7 8; do echo \"out $i\"; printf 'err %s\\377\\n' $i >&2; done; exit 3");
    let said = tools.dir.path().join("said");
    let both = std::fs::File::create(&said).unwrap();
    let mut command = project.saddlebag(&["deploy"]).on_fakes(&tools).command;
    command.stdout(both.try_clone().unwrap()).stderr(both);
    assert_eq!(command.status().unwrap().code(), Some(3));
    let said = std::fs::read(&said).unwrap();
    let expected: Vec<u8> =
        (1..=8).flat_map(|i| [format!("out {i}\nerr {i}").as_bytes(), b"\xff\n"].concat()).collect();
    assert!(said.windows(expected.len()).any(|window| window == expected), "{}", String::from_utf8_lossy(&said));
}

#[test]
fn a_process_that_pywrangler_leaves_behind_does_not_keep_the_deploy() {
    let (project, tools) = (project(), Tools::new());
    tools.pywrangler(&format!("sleep 60 & echo $! > '{}/left'", tools.dir.path().display()));
    let said = std::fs::File::create(tools.dir.path().join("said")).unwrap();
    let mut command = project.saddlebag(&["deploy"]).on_fakes(&tools).command;
    command.stdout(said.try_clone().unwrap()).stderr(said);
    let begun = std::time::Instant::now();
    assert_eq!(command.status().unwrap().code(), Some(0));
    assert!(begun.elapsed().as_secs() < 50);
    assert!(std::process::Command::new("kill").arg(tools.recorded("left").trim()).status().unwrap().success());
}

#[test]
fn all_that_pywrangler_prints_arrives_where_nobody_reads_for_a_while() {
    let (project, tools) = (project(), Tools::new());
    // More than one pipe holds, less than two: pywrangler has ended before its last bytes can be passed on.
    tools.pywrangler("i=0; while [ $i -lt 1200 ]; do printf '%099d\\n' $i >&2; i=$((i+1)); done; exit 3");
    let mut command = project.saddlebag(&["deploy"]).on_fakes(&tools).command;
    command.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::piped());
    let mut child = command.spawn().unwrap();
    std::thread::sleep(std::time::Duration::from_secs(4));
    let mut said = String::new();
    std::io::Read::read_to_string(&mut child.stderr.take().unwrap(), &mut said).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(3));
    assert_eq!(said.lines().filter(|line| line.len() == 99).count(), 1200);
}
