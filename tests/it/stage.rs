//! The stage as a user meets it: kept, written out, refused.

use crate::fake::{Tools, project};

#[test]
fn a_kept_stage_is_named_and_survives_the_next_deploy() {
    let (project, tools) = (project(), Tools::new());
    let ran = project.saddlebag(&["deploy", "--keep-stage"]).on_fakes(&tools).run().expect(0);
    let line = ran.stderr.lines().find(|line| line.starts_with("the stage is kept: ")).unwrap().to_owned();
    let stage = project.path(line.trim_start_matches("the stage is kept: "));
    assert!(stage.join("worker/src/main.py").is_file());
    assert!(
        std::fs::read_to_string(project.path(".wrangler/saddlebag/.gitignore"))
            .unwrap()
            .lines()
            .any(|line| line == "*")
    );
    project.saddlebag(&["deploy"]).on_fakes(&tools).run().expect(0);
    assert!(stage.join("worker/src/main.py").is_file());
}

#[test]
fn a_directory_with_something_in_it_is_never_written_to() {
    let (project, tools) = (project(), Tools::new());
    project.write("out/mine.txt", "mine");
    let ran = project.saddlebag(&["stage", "--out", "out"]).on_fakes(&tools).run().expect(2);
    assert!(ran.stderr.contains("out"), "{}", ran.stderr);
    assert_eq!(std::fs::read_to_string(project.path("out/mine.txt")).unwrap(), "mine");
    assert_eq!(std::fs::read_dir(project.path("out")).unwrap().count(), 1);
}

#[test]
fn a_blocked_plan_is_not_staged() {
    let (project, tools) = (project(), Tools::new());
    project.write("src/core.py", "from src.nothing import x\n");
    project.saddlebag(&["stage", "--out", "out"]).on_fakes(&tools).run().expect(3);
    assert!(!project.path("out").exists());
}

#[test]
fn check_writes_nothing_into_the_project() {
    let (project, tools) = (project(), Tools::new());
    let before = project.snapshot();
    project
        .saddlebag(&["check", "--report", tools.dir.path().join("report.json").to_str().unwrap()])
        .on_fakes(&tools)
        .run()
        .expect(0);
    assert_eq!(project.snapshot(), before);
    let report: serde_json::Value =
        serde_json::from_slice(&std::fs::read(tools.dir.path().join("report.json")).unwrap()).unwrap();
    assert_eq!(report["command"], "check");
}

#[test]
fn a_change_that_wrangler_makes_to_the_staged_config_and_that_is_not_to_be_written_keeps_the_stage() {
    let (project, tools) = (project(), Tools::new());
    tools.pywrangler("echo 'database_id = \"made-by-wrangler\"' >> wrangler.toml");
    let ran = project.saddlebag(&["deploy", "--no-write-back"]).on_fakes(&tools).run().expect(0);
    assert!(
        ran.stderr.contains("env.develop.database_id = \"made-by-wrangler\"")
            && ran.stderr.contains("the stage is kept"),
        "{}",
        ran.stderr
    );
}
