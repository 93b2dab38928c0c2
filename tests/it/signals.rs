//! Ctrl-C and SIGTERM: children first, then the stage, then 128+n, and nothing left behind.

use crate::fake::{Tools, project};
use crate::project::Ran;
use std::path::Path;
use std::time::{Duration, Instant};

fn wait_for(path: &Path) {
    let patience = Instant::now() + Duration::from_secs(20);
    while !path.exists() {
        assert!(Instant::now() < patience, "{} never came", path.display());
        std::thread::sleep(Duration::from_millis(10));
    }
}

fn alive(pid: &str) -> bool {
    let state = std::process::Command::new("ps").args(["-o", "stat=", "-p", pid]).output().unwrap().stdout;
    let state = String::from_utf8(state).unwrap();
    !state.trim().is_empty() && !state.starts_with('Z')
}

fn interrupted(signal: &str, during_sync: bool) -> (Ran, Tools, crate::project::Project, String) {
    let (project, tools) = (project(), Tools::new());
    let long =
        format!("sleep 300 & echo $! > \"{0}/grandchild\"; echo up > \"{0}/up\"; wait", tools.dir.path().display());
    if during_sync {
        crate::fake::script(
            tools.dir.path(),
            "pywrangler",
            &format!("[ \"$1\" = --version ] && echo 1.17.9 && exit 0\n{long}"),
        );
    } else {
        tools.pywrangler(&long);
    }
    // Into files: a pipe would stay open as long as an orphan has it.
    let said = tools.dir.path().join("said");
    let mut command = project.saddlebag(&["deploy"]).on_fakes(&tools).command;
    command.stdout(std::process::Stdio::null()).stderr(std::fs::File::create(&said).unwrap());
    let mut child = command.spawn().unwrap();
    wait_for(&tools.dir.path().join("up"));
    assert!(std::process::Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap().success());
    let status = child.wait().unwrap();
    let ran = Ran::of(std::process::Output { status, stdout: Vec::new(), stderr: std::fs::read(&said).unwrap() });
    let grandchild = tools.recorded("grandchild").trim().to_owned();
    (ran, tools, project, grandchild)
}

#[test]
fn a_signal_during_the_deploy_ends_every_child_and_removes_the_stage() {
    for (signal, code) in [("-INT", 130), ("-TERM", 143), ("-HUP", 129)] {
        let (ran, _tools, project, grandchild) = interrupted(signal, false);
        let ran = ran.expect(code);
        assert!(!alive(&grandchild), "{signal}: a grandchild lives on\n{}", ran.stderr);
        assert!(!project.path(".wrangler").exists(), "{signal}");
    }
}

#[test]
fn an_interrupted_deploy_still_says_where_its_kept_stage_is() {
    let (project, tools) = (project(), Tools::new());
    tools.pywrangler(&format!("echo up > \"{}/up\"; exec sleep 300", tools.dir.path().display()));
    let child = project.saddlebag(&["deploy", "--keep-stage"]).on_fakes(&tools).command.spawn().unwrap();
    wait_for(&tools.dir.path().join("up"));
    assert!(std::process::Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap().success());
    let ran = Ran::of(child.wait_with_output().unwrap()).expect(143);
    assert!(ran.stderr.contains("the stage is kept: .wrangler/saddlebag/stage-"), "{}", ran.stderr);
}

#[test]
fn a_signal_during_the_sync_leaves_no_half_made_tree() {
    let (ran, tools, project, grandchild) = interrupted("-TERM", true);
    ran.expect(143);
    assert!(!alive(&grandchild));
    assert!(!project.path(".wrangler").exists());
    let left: Vec<_> = std::fs::read_dir(tools.dir.path().join("cache/vendor"))
        .unwrap()
        .flatten()
        .filter(|entry| entry.path().is_dir())
        .collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn a_sync_that_does_not_hear_the_signal_is_killed() {
    let (project, tools) = (project(), Tools::new());
    let up = tools.dir.path().join("up");
    let deaf =
        format!("[ \"$1\" = --version ] && echo 1.17.9 && exit 0\ntrap '' TERM\necho up > {}\nsleep 300", up.display());
    crate::fake::script(tools.dir.path(), "pywrangler", &deaf);
    let child = project.saddlebag(&["deploy"]).on_fakes(&tools).command.spawn().unwrap();
    wait_for(&up);
    let asked = Instant::now();
    assert!(std::process::Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap().success());
    Ran::of(child.wait_with_output().unwrap()).expect(143);
    assert!(asked.elapsed() < Duration::from_secs(60), "it waited for the sync");
    assert_eq!(running(&tools.dir.path().join("pywrangler").display().to_string()), Vec::<String>::new());
}

#[test]
fn a_killed_run_leaves_a_stage_that_is_safe_while_its_child_lives_and_then_removed() {
    let (ran, tools, project, grandchild) = interrupted("-KILL", false);
    assert_eq!(ran.code, 137);
    let orphaned = || {
        let entries = std::fs::read_dir(project.path(".wrangler/saddlebag")).into_iter().flatten().flatten();
        entries.filter(|entry| entry.path().is_dir()).count()
    };
    assert_eq!(orphaned(), 1);
    tools.pywrangler("");
    project.saddlebag(&["deploy"]).on_fakes(&tools).run().expect(0);
    assert_eq!(orphaned(), 1, "the orphan's stage was taken away under it");

    // The shell that stands for pywrangler waits for this one and ends with it.
    assert!(std::process::Command::new("kill").args(["-9", &grandchild]).status().unwrap().success());
    let patience = Instant::now() + Duration::from_secs(20);
    while project.path(".wrangler").exists() {
        assert!(Instant::now() < patience, "the stage of a killed run is never removed");
        project.saddlebag(&["deploy"]).on_fakes(&tools).run().expect(0);
    }
}

/// Living processes whose command line holds a text.
fn running(text: &str) -> Vec<String> {
    let table = std::process::Command::new("ps").args(["-A", "-ww", "-o", "stat=,args="]).output().unwrap().stdout;
    let table = String::from_utf8_lossy(&table).into_owned();
    table.lines().filter(|line| !line.starts_with('Z') && line.contains(text)).map(str::to_owned).collect()
}

#[test]
#[ignore = "needs the rig: `make test`"]
fn a_signal_while_the_real_wrangler_uploads_leaves_no_node_behind() {
    // Takes connections and never answers: an upload that hangs.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let project = crate::project::Project::example("flat");
    project.link_wrangler();
    let mut command = project.saddlebag(&["deploy"]).on_rig().command;
    command.env("CLOUDFLARE_API_BASE_URL", url).env("CLOUDFLARE_API_TOKEN", "t").env("CLOUDFLARE_ACCOUNT_ID", "a");
    let child = command.spawn().unwrap();
    let _connection = listener.accept().unwrap();
    let stage = format!("{}/.wrangler/saddlebag/stage-", project.root.display());
    assert!(!running(&stage).is_empty(), "wrangler is at work");
    assert!(std::process::Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap().success());
    let ran = Ran::of(child.wait_with_output().unwrap());
    assert_eq!(ran.code, 143, "{}", ran.stderr);
    assert_eq!(running(&stage), Vec::<String>::new());
    assert!(!project.path(".wrangler/saddlebag").exists());
}
