//! Bad input: what, where, what to do, the right exit code, and nothing left behind.

use crate::fake::{Tools, project};
use crate::project::Project;
use std::os::unix::fs::PermissionsExt;

const CONFIG: &str = "name = \"w\"\nmain = \"src/main.py\"\ncompatibility_date = \"2026-10-01\"\ncompatibility_flags = [\"python_workers\"]\n";

/// Breaks a healthy project, deploys it and gives what stderr says, with the project's own place taken out.
#[track_caller]
fn said(spoil: impl Fn(&Project, &Tools), words: &[&str], code: i32) -> String {
    let (project, tools) = (project(), Tools::new());
    spoil(&project, &tools);
    let before = project.snapshot();
    let ran = project.saddlebag(words).on_fakes(&tools).run().expect(code);
    assert_eq!(project.snapshot(), before, "something was left behind");
    assert_eq!(tools.words(), Vec::<String>::new(), "pywrangler was started all the same");
    let json = project.saddlebag(&[words, &["--format", "json"]].concat()).on_fakes(&tools).run().expect(code).json();
    assert_eq!(json["exit"]["code"], code);
    assert!(json["verdict"].is_null() && !json["error"]["code"].is_null() && json["bundle"].is_null(), "{json}");
    let from = ran.stderr.find("error:").unwrap_or_default();
    ran.stderr[from..]
        .replace(project.root.to_str().unwrap(), "[project]")
        .replace(tools.dir.path().to_str().unwrap(), "[tools]")
}

#[test]
fn no_configuration() {
    let said = said(|project, _| std::fs::remove_file(project.path("wrangler.toml")).unwrap(), &["deploy"], 2);
    insta::assert_snapshot!(said, @"
    error: there is no wrangler configuration in `[project]` or above it
    hint: create a `wrangler.toml` beside `pyproject.toml`, or pass `--config PATH`
    ");
}

#[test]
fn two_configurations() {
    let said = said(
        |project, _| {
            project.write("wrangler.jsonc", "{}");
        },
        &["deploy"],
        2,
    );
    insta::assert_snapshot!(said, @"
    error: more than one wrangler configuration, `wrangler.jsonc`, `wrangler.toml`: wrangler would read `wrangler.jsonc`, and pywrangler `wrangler.toml`
      --> wrangler.jsonc
    hint: remove all but one, or pass the one to deploy with `--config PATH`
    ");
}

#[test]
fn a_configuration_that_does_not_parse() {
    let toml = said(
        |project, _| {
            project.write("wrangler.toml", "name = \"w\"\nmain = = \"x\"\n");
        },
        &["deploy"],
        2,
    );
    insta::assert_snapshot!(toml, @"
    error: `wrangler.toml` is not valid TOML: extra `=`, expected nothing
      --> wrangler.toml:2:8
    hint: correct the line: neither wrangler nor pywrangler can read the file
    ");
    let json = said(
        |project, _| {
            std::fs::remove_file(project.path("wrangler.toml")).unwrap();
            project.write("wrangler.jsonc", "{\n  \"name\": \"w\"\n  \"main\": 1\n}\n");
        },
        &["deploy"],
        2,
    );
    insta::assert_snapshot!(json, @"
    error: `wrangler.jsonc` is not valid JSON: expected comma
      --> wrangler.jsonc:2:14
    hint: correct the line: wrangler cannot read the file
    ");
}

#[test]
fn an_unknown_environment() {
    insta::assert_snapshot!(said(|_, _| (), &["deploy", "--env", "develpo"], 2), @"
    error: there is no environment `develpo`: there are `develop`
      --> wrangler.toml:6:2
    hint: did you mean `develop`? Pass it with `--env develop`
    ");
}

#[test]
fn a_main_that_does_not_exist() {
    let said = said(
        |project, _| {
            project.write("wrangler.toml", &CONFIG.replace("main.py", "mian.py"));
        },
        &["deploy"],
        2,
    );
    insta::assert_snapshot!(said, @r#"
    error: the main module `src/mian.py` does not exist
      --> wrangler.toml:2:1
    hint: did you mean `main = "src/main.py"`?
    "#);
}

#[test]
fn no_main_at_all() {
    let said = said(
        |project, _| {
            project.write("wrangler.toml", &CONFIG.replace("main = \"src/main.py\"\n", ""));
        },
        &["deploy"],
        2,
    );
    insta::assert_snapshot!(said, @r#"
    error: the configuration has no `main`
      --> wrangler.toml:1:1
    hint: add `main = "src/main.py"`
    "#);
}

#[test]
fn a_requirements_line_that_does_not_parse() {
    let said = said(
        |project, _| {
            project.write("requirements-runtime.txt", "dep\n\nhttpx >> 1\n");
        },
        &["deploy"],
        2,
    );
    insta::assert_snapshot!(said, @r#"
    error: `httpx >> 1` is not a requirement: no such comparison operator ">>", must be one of ~= == != <= >= < > ===
      --> requirements-runtime.txt:3:7
    hint: write a PEP 508 requirement, such as `name[extra]>=1.0 ; python_version >= "3.13"`
    "#);
}

#[test]
fn a_requirements_file_that_is_named_and_not_there() {
    insta::assert_snapshot!(said(|_, _| (), &["deploy", "--requirements", "runtime.txt"], 2), @"
    error: the requirements file `runtime.txt` does not exist
      --> runtime.txt
    hint: create it, or name another with `--requirements FILE`
    ");
}

#[test]
fn no_pywrangler() {
    let said = said(|_, tools| std::fs::remove_file(tools.dir.path().join("pywrangler")).unwrap(), &["deploy"], 4);
    insta::assert_snapshot!(said, @r#"
    error: `pywrangler` was not found: not on the `PATH`, not in `.venv`, and the project does not declare `workers-py`
    hint: run `uv tool install workers-py`, or set `SADDLEBAG_PYWRANGLER="uv run pywrangler"`
    "#);
}

#[test]
fn an_old_node_is_said_before_anything_is_started_and_the_gate_says_it_too() {
    insta::assert_snapshot!(said(|_, tools| tools.version("node", "v20.20.2"), &["deploy"], 4), @"
    error: `node` is 20.20.2, and wrangler needs 22.12.0 or newer
      --> node
    hint: install Node.js 22.12.0 or newer and put it first on the `PATH`
    ");
    let (project, tools) = (project(), Tools::new());
    tools.version("node", "v20.20.2");
    let report = project.saddlebag(&["check", "--format", "json"]).on_fakes(&tools).run().expect(4).json();
    assert_eq!(crate::project::gate(&report, "toolchain")["outcome"], "blocked");
    assert_eq!(crate::project::codes(&report, "toolchain")[0], "toolchain.too-old");
    assert_eq!(tools.syncs(), 0);
    project.saddlebag(&["check", "--gate", "toolchain=warn"]).on_fakes(&tools).run().expect(0);
}

#[test]
fn a_sync_that_fails_shows_pywranglers_own_words() {
    let words = "error: Something that nobody has seen before\n  cause: and its cause\n";
    let said = said(|_, tools| std::fs::write(tools.dir.path().join("sync-fails"), words).unwrap(), &["deploy"], 4);
    insta::assert_snapshot!(said, @"
    error: `pywrangler sync` failed with exit code 1

      | error: Something that nobody has seen before
      |   cause: and its cause

    hint: read what pywrangler says above; `pywrangler sync` in a directory with these requirements shows the same
    ");
}

#[test]
fn a_setting_that_is_misspelt() {
    let said = said(
        |project, _| {
            project.write(
                "pyproject.toml",
                "[project]\nname = \"w\"\nversion = \"0\"\n\n[tool.saddlebag]\nnamespce = \"keep\"\n",
            );
        },
        &["deploy"],
        2,
    );
    insta::assert_snapshot!(said, @"
    error: `tool.saddlebag` has no key `namespce`
      --> pyproject.toml:6:1
    hint: did you mean `namespace`?
    ");
}

#[test]
fn a_gate_that_there_is_not() {
    let (project, tools) = (project(), Tools::new());
    let ran = project.saddlebag(&["check", "--gate", "sizes=warn"]).on_fakes(&tools).run().expect(2);
    insta::assert_snapshot!(ran.stderr, @"
    error: unknown gate `sizes`
    hint: did you mean `size`?
    ");
}

/// Root reads and writes everything, so the kernel has to be asked to deny: these run as another user where they can.
fn as_nobody(project: &Project, tools: &Tools, words: &[&str]) -> Option<crate::project::Ran> {
    use std::os::unix::process::CommandExt;
    let is_root = std::process::Command::new("id").arg("-u").output().unwrap().stdout == b"0\n";
    let mut run = project.saddlebag(words).on_fakes(tools);
    if is_root {
        // The binary and the fakes must be reachable for another user; a checkout under /root is not.
        let binary = tools.dir.path().join("saddlebag");
        // By another process, as the fakes: nobody here may hold it open for writing.
        let copied =
            std::process::Command::new("cp").args(["-f", env!("CARGO_BIN_EXE_saddlebag")]).arg(&binary).status();
        assert!(copied.unwrap().success());
        let mut command = std::process::Command::new(&binary);
        command.args(words).current_dir(&project.root).stdin(std::process::Stdio::null()).uid(65534).gid(65534);
        for (name, value) in run.command.get_envs() {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        command.env("HOME", tools.dir.path());
        run.command = command;
        run.command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
    }
    Some(run.run())
}

fn open_to_all(path: &std::path::Path) {
    for entry in walkdir::WalkDir::new(path).into_iter().flatten() {
        let mode = if entry.file_type().is_dir() || entry.metadata().unwrap().permissions().mode() & 0o100 != 0 {
            0o777
        } else {
            0o666
        };
        if !entry.file_type().is_symlink() {
            std::fs::set_permissions(entry.path(), std::fs::Permissions::from_mode(mode)).unwrap();
        }
    }
}

#[test]
fn a_read_only_project_is_said_and_check_still_works_in_it() {
    let (project, tools) = (project(), Tools::new());
    open_to_all(tools.dir.path());
    open_to_all(&project.root);
    std::fs::set_permissions(&project.root, std::fs::Permissions::from_mode(0o555)).unwrap();
    as_nobody(&project, &tools, &["check"]).unwrap().expect(0);
    let ran = as_nobody(&project, &tools, &["deploy"]).unwrap().expect(4);
    std::fs::set_permissions(&project.root, std::fs::Permissions::from_mode(0o755)).unwrap();
    insta::assert_snapshot!(ran.stderr[ran.stderr.find("error:").unwrap()..].replace(project.root.to_str().unwrap(), "[project]"), @"
    error: failed to create directory `[project]/.wrangler`: Permission denied (os error 13)
    hint: make the directory writable: a deploy stages under `.wrangler/saddlebag` of the project
    ");
}

#[test]
fn a_file_that_cannot_be_read_is_named() {
    let (project, tools) = (project(), Tools::new());
    open_to_all(tools.dir.path());
    open_to_all(&project.root);
    std::fs::set_permissions(project.path("src/core.py"), std::fs::Permissions::from_mode(0o000)).unwrap();
    let ran = as_nobody(&project, &tools, &["deploy"]).unwrap().expect(4);
    insta::assert_snapshot!(ran.stderr[ran.stderr.find("error:").unwrap()..].replace(project.root.to_str().unwrap(), "[project]"), @"
    error: failed to open file `[project]/src/core.py`: Permission denied (os error 13)
    hint: make the file readable, or take it out of the project
    ");
    assert!(!project.path(".wrangler").exists());
}

#[test]
fn a_full_disk_is_said_and_leaves_nothing() {
    let (project, tools) = (project(), Tools::new());
    // A file size limit of one block stands in for a full disk where no small file system can be mounted: the write fails
    // in the same place with EFBIG.
    project.write("src/big.txt", &"x".repeat(4 * 1024 * 1024));
    project.saddlebag(&["check"]).on_fakes(&tools).run().expect(0);
    let run = project.saddlebag(&["deploy"]).on_fakes(&tools);
    let mut command = std::process::Command::new("sh");
    command
        .args(["-c", "trap '' XFSZ; ulimit -f 2048; exec \"$0\" deploy", env!("CARGO_BIN_EXE_saddlebag")])
        .current_dir(&project.root)
        .stdin(std::process::Stdio::null());
    for (name, value) in run.command.get_envs() {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    let ran = crate::project::Ran::of(command.output().unwrap()).expect(4);
    assert!(ran.stderr.contains("src/big.txt") && ran.stderr.contains("hint:"), "{}", ran.stderr);
    assert!(!project.path(".wrangler").exists());
}

#[test]
fn a_group_that_is_not_there() {
    let said = said(
        |project, _| {
            let text = "[project]\nname = \"w\"\n[dependency-groups]\nruntime = []\n[tool.saddlebag]\ngroups = [\n  \"run-time\",\n]\n";
            project.write("pyproject.toml", text);
        },
        &["deploy"],
        2,
    );
    insta::assert_snapshot!(said, @"
    error: `[dependency-groups]` has no group `run-time`
      --> pyproject.toml:7:3
    hint: did you mean `runtime`?
    ");
}

#[test]
fn a_base_dir_that_is_not_there() {
    let add = |line: &'static str| {
        move |project: &Project, _: &Tools| {
            project.write("wrangler.toml", &format!("{CONFIG}{line}"));
        }
    };
    insta::assert_snapshot!(
        [
            said(add("base_dir = \"scr\"\n"), &["deploy"], 2),
            said(add("base_dir = \"python\"\n"), &["check"], 2),
            said(add("base_dir = \"src/main.py\"\n"), &["check"], 2),
        ]
        .concat(),
        @"
    error: `base_dir` is `scr`, which does not exist
      --> wrangler.toml:5:1
    hint: did you mean `src`?
    error: `base_dir` is `python`, which does not exist
      --> wrangler.toml:5:1
    hint: correct `base_dir`, or remove it: the directory of `main` is the default
    error: `base_dir` is `src/main.py`, which is not a directory
      --> wrangler.toml:5:1
    hint: correct `base_dir`, or remove it: the directory of `main` is the default
    "
    );
    let (project, tools) = (project(), Tools::new());
    project.write("wrangler.toml", &format!("{CONFIG}base_dir = \"src\"\n"));
    project.saddlebag(&["check"]).on_fakes(&tools).run().expect(0);
}

#[test]
fn a_main_that_is_somewhere_else() {
    let named = |main: &'static str| {
        move |project: &Project, _: &Tools| {
            project.write("wrangler.toml", &CONFIG.replace("src/main.py", main));
        }
    };
    insta::assert_snapshot!(
        [
            said(named("main.py"), &["deploy"], 2),
            said(named("src/mian.py"), &["check"], 2),
            said(named("src/worker.py"), &["check"], 2),
            said(|_, _| (), &["deploy", "main.py"], 2),
        ]
        .concat(),
        @r#"
    error: the main module `main.py` does not exist
      --> wrangler.toml:2:1
    hint: did you mean `main = "src/main.py"`?
    error: the main module `src/mian.py` does not exist
      --> wrangler.toml:2:1
    hint: did you mean `main = "src/main.py"`?
    error: the main module `src/worker.py` does not exist
      --> wrangler.toml:2:1
    hint: correct `main`, or write the file
    error: the main module `main.py` does not exist
    hint: did you mean `src/main.py`?
    "#
    );
}

#[test]
fn a_tmpdir_that_is_not_there() {
    let (project, tools) = (project(), Tools::new());
    let before = project.snapshot();
    let ran = project.saddlebag(&["deploy"]).on_fakes(&tools).env("TMPDIR", "/no/such/place").run().expect(4);
    insta::assert_snapshot!(ran.stderr[ran.stderr.find("error:").unwrap()..], @"
    error: cannot create a temporary directory in `/no/such/place`: it does not exist
    hint: set `TMPDIR` to a directory that exists
    ");
    let file = project.path("wrangler.toml");
    let ran = project.saddlebag(&["deploy"]).on_fakes(&tools).env("TMPDIR", &file).run().expect(4);
    assert!(ran.stderr.contains("it is not a directory\nhint: set `TMPDIR`"), "{}", ran.stderr);
    assert_eq!(project.snapshot(), before);
    assert_eq!(tools.words(), Vec::<String>::new());
}

#[test]
fn a_misspelt_command_or_flag_stops_before_pywrangler() {
    for (words, expected) in [
        (&["chek"][..], "error: unknown command `chek`\nhint: did you mean `check`?"),
        (&["deploy", "--dryrun"], "error: unknown flag `--dryrun`\nhint: did you mean `--dry-run`?"),
        (&["deploy", "--env", "develop", "--smok"], "error: unknown flag `--smok`\nhint: did you mean `--smoke`?"),
        (&["check", "-q"], "error: unknown flag `-q`\nhint: did you mean `--quiet`?"),
    ] {
        let said = said(|_, _| (), words, 2);
        assert!(said.starts_with(expected), "{words:?}: {said}");
    }
}

#[test]
fn an_unknown_command_or_flag_that_is_near_nothing_reaches_pywrangler() {
    for words in [&["images", "list"][..], &["deploy", "--some-new-flag", "1"], &["deploy", "--dryRun"]] {
        let (project, tools) = (project(), Tools::new());
        project.saddlebag(words).on_fakes(&tools).run().expect(0);
        assert_eq!(tools.words()[0], words[0], "{words:?}");
        assert_eq!(tools.words().last().unwrap(), words.last().unwrap(), "{words:?}");
    }
}
