//! Each gate of this version trips on a real small fault, and does not on what is only nearly one.

use crate::fake::{Tools, project};
use crate::project::{Project, codes, gate};
use serde_json::Value;

fn check(project: &Project, tools: &Tools, words: &[&str], code: i32) -> Value {
    project.saddlebag(&[&["check", "--format", "json"], words].concat()).on_fakes(tools).run().expect(code).json()
}

/// The report of a healthy project with one change.
fn changed(change: impl Fn(&Project), code: i32) -> Value {
    let (project, tools) = (project(), Tools::new());
    change(&project);
    check(&project, &tools, &[], code)
}

fn config(add: &str) -> String {
    format!("name = \"w\"\nmain = \"src/main.py\"\ncompatibility_date = \"2026-10-01\"\n{add}")
}

const FLAGS: &str = "compatibility_flags = [\"python_workers\"]\n";

#[test]
fn a_healthy_project_passes_with_its_lock_as_the_one_thing_to_say() {
    let report = changed(|_| (), 0);
    assert_eq!(report["verdict"], "passed-with-warnings");
    assert_eq!(codes(&report, "requirements"), ["requirements.unlocked"]);
    let locked = changed(
        |project| {
            project.write("pylock.toml", "lock-version = \"1.0\"\ncreated-by = \"uv\"\n").write("src/__init__.py", "");
        },
        0,
    );
    assert_eq!(locked["verdict"], "passed", "{locked:#}");
}

#[test]
fn every_gate_of_the_contract_is_listed_in_order_and_what_did_not_run_says_why() {
    let report = changed(|_| (), 0);
    let gates = report["gates"].as_array().unwrap();
    let ids: Vec<_> = gates.iter().map(|gate| gate["id"].as_str().unwrap()).collect();
    assert_eq!(
        ids.join(" "),
        "toolchain wrangler-config requirements wheels native-modules namespace imports packages data-files duplicates shadowing prune-safety secrets size growth smoke verify"
    );
    for gate in gates {
        assert_eq!(gate["outcome"] == "skipped", gate["reason"].is_string(), "{gate}");
    }
}

#[test]
fn all_gates_run_even_if_one_blocks() {
    let report = changed(
        |project| {
            project
                .write("wrangler.toml", &config(""))
                .write("src/core.py", "from src.missing import x\n")
                .write("src/id_rsa", "x");
            project.write(
                "wrangler.toml",
                &config("rules = [{ type = \"Data\", globs = [\"**/id_rsa\"], fallthrough = true }]\n"),
            );
        },
        3,
    );
    assert_eq!(codes(&report, "wrangler-config"), ["wrangler-config.python-workers"]);
    assert_eq!(codes(&report, "namespace"), ["namespace.unresolved"]);
    assert_eq!(codes(&report, "secrets"), ["secrets.file"]);
}

#[test]
fn an_environment_that_drops_python_workers_is_blocked_with_its_place() {
    let text = config(&format!("{FLAGS}[env.develop]\ncompatibility_flags = [\"nodejs_compat\"]\n"));
    let (project, tools) = (project(), Tools::new());
    project.write("wrangler.toml", &text);
    let report = check(&project, &tools, &["--env", "develop"], 3);
    let finding = &gate(&report, "wrangler-config")["findings"][0];
    assert_eq!(finding["code"], "wrangler-config.python-workers");
    assert_eq!(
        (finding["location"]["path"].as_str(), finding["location"]["line"].as_u64()),
        (Some("wrangler.toml"), Some(6))
    );
    check(&project, &tools, &["--env", ""], 0);
}

#[test]
fn settings_that_wrangler_ignores_or_refuses_are_said() {
    let report = changed(
        |project| {
            project.write("wrangler.toml", &config(&format!("{FLAGS}[build.upload]\ndir = \"x\"\n")));
        },
        0,
    );
    assert_eq!(codes(&report, "wrangler-config"), ["wrangler-config.build-upload"]);
    let report = changed(
        |project| {
            project.write(
                "wrangler.toml",
                &config(&format!("{FLAGS}rules = [{{ type = \"PythonModule\", globs = [\"**/*.py\"] }}]\n")),
            );
        },
        3,
    );
    assert!(codes(&report, "wrangler-config").contains(&"wrangler-config.rule-type".to_owned()));
    let report = changed(
        |project| {
            project.write(
                "wrangler.toml",
                &config(&format!("{FLAGS}rules = [{{ type = \"Text\", globs = [\"**/*.md\"] }}]\n")),
            );
        },
        0,
    );
    assert_eq!(codes(&report, "wrangler-config"), ["wrangler-config.fallthrough"]);
    let report = changed(
        |project| {
            project.write(
                "wrangler.toml",
                &config(&format!(
                    "{FLAGS}rules = [{{ type = \"Text\", globs = [\"**/*.md\"], fallthrough = true }}]\n"
                )),
            );
        },
        0,
    );
    assert_eq!(codes(&report, "wrangler-config"), Vec::<String>::new());
}

#[test]
fn config_and_pyproject_in_different_directories_are_blocked() {
    let (project, tools) = (project(), Tools::new());
    std::fs::create_dir_all(project.path("worker")).unwrap();
    std::fs::rename(project.path("wrangler.toml"), project.path("worker/wrangler.toml")).unwrap();
    std::fs::rename(project.path("src"), project.path("worker/src")).unwrap();
    let report = check(&project, &tools, &["--config", "worker/wrangler.toml", "--env", ""], 3);
    assert_eq!(codes(&report, "wrangler-config"), ["wrangler-config.two-roots"]);
}

#[test]
fn a_first_party_import_that_will_not_resolve_is_blocked_and_one_that_cannot_matter_is_not() {
    let report = changed(
        |project| {
            project.write("src/core.py", "from src.nothing import x\n");
        },
        3,
    );
    let finding = &gate(&report, "namespace")["findings"][0];
    assert_eq!(
        (finding["code"].as_str(), finding["location"]["path"].as_str(), finding["location"]["line"].as_u64()),
        (Some("namespace.unresolved"), Some("src/core.py"), Some(1))
    );
    for healthy in [
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from src.nothing import X\nx = 1\n",
        "try:\n    from src.nothing import x\nexcept ImportError:\n    x = 1\n",
    ] {
        changed(
            |project| {
                project.write("src/core.py", healthy);
            },
            0,
        );
    }
}

#[test]
fn both_styles_in_one_project_name_the_import_that_must_change() {
    let report = changed(
        |project| {
            project.write("src/core.py", "from other import x\n").write("src/other.py", "x = 1\n");
        },
        3,
    );
    assert_eq!(report["project"]["namespace"], "keep");
    let finding = &gate(&report, "namespace")["findings"][0];
    assert_eq!(finding["help"], "write `src.other`");
}

#[test]
fn import_main_in_the_keep_layout_is_a_second_copy_and_blocked() {
    let report = changed(
        |project| {
            project.write("src/core.py", "import main\nx = 1\n");
        },
        3,
    );
    assert_eq!(codes(&report, "namespace"), ["namespace.main"]);
    assert_eq!(gate(&report, "namespace")["findings"][0]["help"], "write `import src.main`");
}

#[test]
fn the_layout_can_be_said() {
    let (project, tools) = (project(), Tools::new());
    let report = check(&project, &tools, &["--namespace", "flat"], 3);
    assert_eq!(report["project"]["namespace"], "flat");
    assert_eq!(codes(&report, "namespace"), ["namespace.unresolved"]);
    assert_eq!(check(&project, &tools, &["--namespace", "keep"], 0)["project"]["namespace"], "keep");
}

#[test]
fn the_entry_point_is_never_silently_replaced() {
    // wrangler uploads `src/main.py` as `main.py`, and then the other `main.py` over it (platform fact 6).
    let report = changed(
        |project| {
            project
                .write("wrangler.toml", &config(&format!("{FLAGS}base_dir = \".\"\n")))
                .write("src/main.py", "import dep\n")
                .write("main.py", "raise SystemExit\n");
        },
        3,
    );
    assert_eq!(codes(&report, "duplicates"), ["duplicates.module"]);
}

#[test]
fn names_that_differ_by_case_are_blocked_for_python_only() {
    let report = changed(
        |project| {
            project.write("src/Core.py", "x = 1\n");
        },
        3,
    );
    assert_eq!(codes(&report, "duplicates"), ["duplicates.case"]);
    changed(
        |project| {
            project.write("src/a.txt", "x").write("src/A.txt", "x");
        },
        0,
    );
}

#[test]
fn overlapping_rules_are_a_warning_with_their_count() {
    let report = changed(
        |project| {
            project.write("wrangler.toml", &config(&format!("{FLAGS}rules = [{{ type = \"Text\", globs = [\"**/*.md\", \"**/a.*\"], fallthrough = true }}]\n"))).write("src/a.md", "x");
        },
        0,
    );
    let finding = &gate(&report, "duplicates")["findings"][0];
    assert_eq!((finding["code"].as_str(), finding["measured"].as_u64()), (Some("duplicates.rules"), Some(1)));
}

#[test]
fn a_key_or_a_link_that_leaves_is_blocked_and_an_example_is_not() {
    let rule = config(&format!("{FLAGS}rules = [{{ type = \"Data\", globs = [\"**/.env*\"], fallthrough = true }}]\n"));
    let report = changed(
        |project| {
            project.write("wrangler.toml", &rule).write("src/.env.production", "TOKEN=1");
        },
        3,
    );
    assert_eq!(codes(&report, "secrets"), ["secrets.file"]);
    let text = report.to_string();
    assert!(!text.contains("TOKEN=1"), "a secret in the report");
    changed(
        |project| {
            project.write("wrangler.toml", &rule).write("src/.env.example", "TOKEN=");
        },
        0,
    );

    let outside = tempfile::tempdir().unwrap();
    std::fs::write(outside.path().join("x.py"), "x = 1\n").unwrap();
    let report = changed(
        |project| std::os::unix::fs::symlink(outside.path().join("x.py"), project.path("src/linked.py")).unwrap(),
        3,
    );
    assert_eq!(codes(&report, "secrets"), ["secrets.link"]);
    changed(
        |project| std::os::unix::fs::symlink(project.path("src/core.py"), project.path("src/linked.py")).unwrap(),
        0,
    );
}

#[test]
fn a_development_tool_among_the_runtime_requirements_is_a_warning() {
    let report = changed(
        |project| {
            project.write("requirements-runtime.txt", "dep\npytest\n");
        },
        0,
    );
    assert_eq!(codes(&report, "requirements"), ["requirements.development", "requirements.unlocked"]);
    assert_eq!(gate(&report, "requirements")["findings"][0]["location"]["line"], 2);
}

#[test]
fn a_hash_that_the_lock_does_not_hold_is_blocked() {
    let lock = "lock-version = \"1.0\"\ncreated-by = \"fake\"\n[[packages]]\nname = \"dep\"\nversion = \"1.0\"\nwheels = [{ url = \"u\", hashes = { sha256 = \"HASH\" } }]\n";
    let (wanted, other) = ("a".repeat(64), "b".repeat(64));
    for (held, code) in [(&wanted, 0), (&other, 3)] {
        let (project, tools) = (project(), Tools::new());
        project.write("requirements-runtime.txt", &format!("dep==1.0 --hash=sha256:{wanted}\n"));
        let script = std::fs::read_to_string(tools.dir.path().join("pywrangler")).unwrap();
        crate::fake::script(
            tools.dir.path(),
            "pywrangler",
            &script.replace(
                "printf 'lock-version = \"1.0\"\\ncreated-by = \"fake\"\\n'",
                &format!("printf '{}'", lock.replace('\n', "\\n").replace("HASH", held)),
            ),
        );
        let report = check(&project, &tools, &[], code);
        assert_eq!(codes(&report, "requirements").contains(&"requirements.hash".to_owned()), code == 3);
    }
}

#[test]
fn a_level_lowers_a_gate_and_an_allow_entry_one_finding() {
    let (project, tools) = (project(), Tools::new());
    project.write("src/core.py", "from src.nothing import x\n");
    check(&project, &tools, &["--gate", "namespace=warn"], 0);
    let off = check(&project, &tools, &["--gate", "namespace=off"], 0);
    assert_eq!(
        (gate(&off, "namespace")["outcome"].as_str(), gate(&off, "namespace")["level"].as_str()),
        (Some("skipped"), Some("off"))
    );
    let entry = "[project]\nname = \"w\"\nversion = \"0\"\n[[tool.saddlebag.allow]]\ngate = \"namespace\"\nmatch = \"src.nothing*\"\nreason = \"made at run time\"\n";
    project.write("pyproject.toml", entry);
    let report = check(&project, &tools, &[], 0);
    assert_eq!(gate(&report, "namespace")["findings"][0]["allowed"], "made at run time");
    project.write("pyproject.toml", &format!("{entry}until = 2020-01-01\n"));
    let report = check(&project, &tools, &[], 3);
    assert_eq!(codes(&report, "namespace"), ["namespace.unresolved", "allow.expired"]);
}

#[test]
fn a_budget_of_the_projects_own_denies() {
    let (project, tools) = (project(), Tools::new());
    project.write(
        "pyproject.toml",
        "[project]\nname = \"w\"\nversion = \"0\"\n[tool.saddlebag.size]\nmax-raw = \"10 B\"\n",
    );
    let report = check(&project, &tools, &[], 3);
    assert_eq!(codes(&report, "size"), ["size.raw"]);
    assert_eq!(
        report["limits"].as_array().unwrap().iter().map(|limit| limit["id"].as_str().unwrap()).collect::<Vec<_>>(),
        ["raw", "gzip", "max-raw"]
    );
}

#[test]
fn a_list_that_the_settings_name_is_judged_where_it_stands_and_the_others_are_not() {
    let pyproject = |settings: &str| {
        format!(
            "[project]\nname = \"w\"\nversion = \"0\"\n[project.optional-dependencies]\nweb = [\"sphinx\"]\n\
             [dependency-groups]\nrun = [{{include-group = \"docs\"}}]\ndocs = [\n  \"pytest>=8\"]\n[tool.saddlebag]\n{settings}\n"
        )
    };
    let places = |settings: &str| {
        let report = changed(
            |project| {
                project.write("pyproject.toml", &pyproject(settings));
            },
            0,
        );
        let requirements = gate(&report, "requirements").clone();
        let development = requirements["findings"].as_array().unwrap().iter();
        development
            .filter(|finding| finding["code"] == "requirements.development")
            .map(|finding| {
                let location = &finding["location"];
                format!(
                    "{} {}:{}:{}",
                    finding["subject"].as_str().unwrap(),
                    location["path"].as_str().unwrap(),
                    location["line"],
                    location["column"]
                )
            })
            .collect::<Vec<_>>()
    };
    assert_eq!(places(""), Vec::<String>::new());
    assert_eq!(places("extras = [\"Web\"]"), ["sphinx pyproject.toml:5:9"]);
    assert_eq!(
        places("extras = [\"web\"]\ngroups = [\"run\"]"),
        ["sphinx pyproject.toml:5:9", "pytest pyproject.toml:9:4"]
    );
}

#[test]
fn pythonpath_in_vars_is_noted() {
    let report = changed(
        |project| {
            project.write(
                "wrangler.toml",
                &config(&format!("{FLAGS}[vars]\nPYTHONPATH = \"src\"\nPYTHON_PATH = \"x\"\n")),
            );
        },
        0,
    );
    let found = &gate(&report, "wrangler-config")["findings"][0];
    assert_eq!((&found["code"], &found["level"]), (&"wrangler-config.pythonpath".into(), &"note".into()));
    assert_eq!(found["location"]["line"], 6);
    assert_eq!(codes(&report, "wrangler-config"), ["wrangler-config.pythonpath"]);
}

#[test]
fn misspelt_python_workers_is_named_once_where_it_stands() {
    let report = changed(
        |project| {
            project.write(
                "wrangler.toml",
                &config("compatibility_flags = [\n  \"nodejs_compat\",\n  \"python-workers\",\n]\n"),
            );
        },
        3,
    );
    assert_eq!(codes(&report, "wrangler-config"), ["wrangler-config.python-workers"]);
    let found = &gate(&report, "wrangler-config")["findings"][0];
    assert_eq!((&found["help"], &found["location"]["line"]), (&"did you mean `python_workers`?".into(), &6.into()));
}

#[test]
fn what_an_environment_does_not_inherit_is_said_with_both_lines() {
    let (project, tools) = (project(), Tools::new());
    let text = config(&format!(
        "{FLAGS}kv_namespaces = [{{ binding = \"KV\", id = \"0\" }}]\n\n[env.develop]\nname = \"w-dev\"\n"
    ));
    project.write("wrangler.toml", &text);
    let report = check(&project, &tools, &["--env", "develop"], 0);
    let found = &gate(&report, "wrangler-config")["findings"][0];
    assert_eq!(
        found["message"],
        "the environment `develop` does not inherit `KV` of `kv_namespaces` (wrangler.toml:5:1): the Worker is deployed without it"
    );
    assert_eq!(found["location"]["line"], 7);
}

/// The help of each finding of a gate.
fn helps(report: &Value, id: &str) -> Vec<String> {
    let findings = gate(report, id)["findings"].as_array().cloned().unwrap_or_default();
    findings.iter().map(|finding| finding["help"].as_str().unwrap_or_default().to_owned()).collect()
}

#[test]
fn what_was_meant_by_a_name_that_is_not_there_is_said() {
    for (line, id, help) in [
        (
            "import deq",
            "imports",
            "did you mean `dep`? if not, add the distribution that provides `deq` to the requirements",
        ),
        (
            "import jsonn",
            "imports",
            "add the distribution that provides `jsonn` to the requirements, or guard the import",
        ),
        (
            "import asyncoi",
            "imports",
            "did you mean `asyncio`? if not, add the distribution that provides `asyncoi` to the requirements",
        ),
        ("import yaml", "imports", "add `pyyaml` to the requirements, or guard the import"),
        ("from google.protobuf import message", "imports", "add `protobuf` to the requirements, or guard the import"),
        ("from dep import VALU", "imports", "did you mean `VALUE`?"),
        ("from src.core import X", "imports", "did you mean `x`?"),
        ("from src.settigns import x", "namespace", "did you mean `src.settings`?"),
        ("from .settigns import x", "namespace", "did you mean `.settings`?"),
        ("from src.nothing_like_it import x", "namespace", "correct the name, or add the directory to `include`"),
    ] {
        let change = |project: &Project| {
            project.write("src/settings.py", "x = 1\n").write("src/core.py", &format!("{line}\n\nx = 1\n"));
        };
        // The name of a module of the library inside of a longer one says nothing.
        let report = changed(change, 3);
        assert_eq!(helps(&report, id), [help], "{line}: {report:#}");
    }
}

#[test]
fn a_vendor_directory_that_nothing_searches_is_named() {
    let config = |date: &str| {
        format!(
            "name = \"w\"\nmain = \"src/main.py\"\ncompatibility_date = \"{date}\"\ncompatibility_flags = [\"python_workers\", \"python_workers_314\"]\n"
        )
    };
    let main = "import dep\nfrom core import x\nfrom workers import WorkerEntrypoint\n\n\nclass Default(WorkerEntrypoint):\n    pass\n";
    let change = |date: &str| {
        let text = config(date);
        move |project: &Project| {
            project
                .write("wrangler.toml", &text)
                .write("src/main.py", main)
                .write("src/core.py", "from tinygreet import x\n")
                .write("src/vendor/tinygreet/__init__.py", "x = 1\n");
        }
    };
    assert_eq!(changed(change("2025-08-10"), 0)["verdict"], "passed-with-warnings");
    let report = changed(change("2025-08-11"), 3);
    assert_eq!(
        helps(&report, "namespace"),
        [
            "`vendor/` is no longer searched from compatibility date 2025-08-11 on: add `tinygreet` to the requirements, or import `vendor.tinygreet`"
        ]
    );
}

#[test]
fn a_chain_of_imports_begins_at_the_users_main_and_not_at_the_generated_entry() {
    let change = |project: &Project| {
        project.write("src/core.py", "import nothing_of_the_kind\n\nx = 1\n");
    };
    let report = changed(change, 3);
    let message = gate(&report, "imports")["findings"][0]["message"].as_str().unwrap();
    assert!(message.ends_with("; imported through src/main.py:2 -> src/core.py"), "{message}");
    let report =
        changed(|project| _ = project.write("src/main.py", "import nothing_of_the_kind\nimport src.core\n"), 3);
    let message = gate(&report, "imports")["findings"][0]["message"].as_str().unwrap();
    assert!(!message.contains("main.py:6") && !message.contains("gets there"), "{message}");
}
