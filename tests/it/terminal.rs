//! With a person at a terminal: questions, answers, Ctrl-C, and a signal that reaches saddlebag alone.
//!
//! `tests/rig/terminal.py` is the terminal and the person. What is asked for is what plain pywrangler does, and no process left.

use crate::fake::{Tools, project};
use crate::project::{Project, Run};
use serde_json::Value;
use std::process::{Command, Stdio};

const CTRL_C: &str = "\u{3}";

/// A run that has ended, and what can be seen of it.
struct Sat {
    code: i64,
    screen: String,
}

impl Run {
    /// Runs on a terminal, where a person does these steps. No process of the terminal's may outlive it, be it as a zombie.
    #[track_caller]
    fn on_terminal(self, steps: &[(&str, &str)]) -> Sat {
        let mut command = Command::new("python3");
        command
            .arg(std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/rig/terminal.py"))
            .arg(serde_json::to_string(steps).unwrap())
            .arg(self.command.get_program())
            .args(self.command.get_args())
            .current_dir(self.command.get_current_dir().unwrap())
            .stdin(Stdio::null());
        for (name, value) in self.command.get_envs() {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        let output = command.env_remove("CI").output().unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        let sat: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}\n{stderr}"));
        // A line that progress draws over and over is what it was last.
        let lines = sat["screen"].as_str().unwrap().split('\n').map(|line| line.rsplit("\u{1b}[2K").next().unwrap());
        let screen = lines.collect::<Vec<_>>().join("\n");
        assert!(sat["failed"].is_null(), "{} never came: {}\n{screen}", sat["failed"], sat["left"]);
        assert_eq!(sat["left"], serde_json::json!([]), "left behind\n{screen}");
        Sat { code: sat["code"].as_i64().unwrap(), screen }
    }
}

impl Sat {
    #[track_caller]
    fn expect(self, code: i64) -> Self {
        assert_eq!(self.code, code, "{}", self.screen);
        self
    }
}

/// A fake that does this for every command, of which a deploy is one.
fn doing(then: &str) -> (Project, Tools) {
    let (project, tools) = (project(), Tools::new());
    tools.pywrangler(then);
    (project, tools)
}

/// What says whether the standard streams are a terminal.
const STREAMS: &str = "for n in 0 1 2; do [ -t $n ] && echo \"stream $n is a terminal\"; done";

/// A child with a child of its own, which both wait.
const LONG: &str = "sleep 300 & echo grandchild >&2; wait";

#[test]
fn what_is_not_ours_has_the_whole_terminal() {
    let (project, tools) = doing(&format!("{STREAMS}; printf 'name? '; read name; echo \"hello $name\"; exit 6"));
    for words in [&["tail"][..], &["secret", "put", "KEY"], &["dev"], &["types"], &["check", "startup"]] {
        let run = project.saddlebag(words).on_fakes(&tools);
        let sat = run.on_terminal(&[("reads", "name? "), ("types", "bob\n"), ("reads", "hello bob")]).expect(6);
        assert_eq!(sat.screen.matches("is a terminal").count(), 3, "{}", sat.screen);
        assert_eq!(tools.words(), words);
    }
}

#[test]
fn a_question_during_the_deploy_is_asked_and_answered() {
    let (project, tools) = doing(&format!("{STREAMS}; printf 'sure? '; read sure; [ \"$sure\" = yes ] || exit 9"));
    for (answer, code) in [("yes\n", 0), ("no\n", 9)] {
        let run = project.saddlebag(&["deploy"]).on_fakes(&tools);
        let sat = run.on_terminal(&[("reads", "sure? "), ("types", answer)]).expect(code);
        assert_eq!(sat.screen.matches("is a terminal").count(), 3, "{}", sat.screen);
        assert!(!project.path(".wrangler").exists());
    }
}

#[test]
fn a_question_during_the_sync_is_asked_and_answered() {
    // ssh and git ask on the terminal itself, whatever has become of the streams.
    let (project, tools) = (project(), Tools::new());
    project.write("requirements-runtime.txt", "private @ git+ssh://git@git.example/private.git\n");
    // Slow enough for progress to be drawn over it, if progress were drawn.
    let asks = "printf 'pass' > /dev/tty; sleep 0.5; printf 'phrase? ' > /dev/tty";
    let sync =
        "[ \"$1\" = sync ] && { ASKS; read word < /dev/tty; echo \"$word\" > \"$0.heard\"; }".replace("ASKS", asks);
    let (path, rest) = (tools.dir.path().join("pywrangler"), tools.dir.path().join("rest"));
    std::fs::rename(&path, &rest).unwrap();
    crate::fake::script(tools.dir.path(), "pywrangler", &format!("{sync}\nexec {} \"$@\"", rest.display()));
    let run = project.saddlebag(&["check"]).on_fakes(&tools);
    let sat = run.on_terminal(&[("reads", "phrase? "), ("types", "open\n")]).expect(0);
    assert_eq!(tools.recorded("pywrangler.heard"), "open\n");
    assert!(sat.screen.contains("passphrase? "), "progress is drawn over the question:\n{}", sat.screen);
}

#[test]
fn ctrl_c_during_the_deploy_ends_everything() {
    // The second has a grandchild that does not hear it, the third is gone before its children.
    let deaf = "sh -c 'trap \"\" INT; echo grandchild >&2; sleep 300' & wait";
    let hasty = "trap 'exit 1' INT; sh -c 'trap \"sleep 1; exit\" INT; echo grandchild >&2; while :; do sleep 0.1; done' & wait";
    for then in [LONG, deaf, hasty] {
        let (project, tools) = doing(then);
        let run = project.saddlebag(&["deploy"]).on_fakes(&tools);
        run.on_terminal(&[("reads", "grandchild"), ("types", CTRL_C)]).expect(130);
        assert!(!project.path(".wrangler").exists(), "{then}");
    }
}

#[test]
#[ignore = "needs the rig: `make test`"]
fn ctrl_c_while_the_real_wrangler_uploads_leaves_no_node_behind() {
    // Takes connections and never answers: an upload that hangs.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let project = Project::example("flat");
    project.link_wrangler();
    let marks = crate::fake::directory();
    let connected = marks.path().join("connected");
    let run = project.saddlebag(&["deploy"]).on_rig().env("CLOUDFLARE_API_BASE_URL", url);
    let run = run.env("CLOUDFLARE_API_TOKEN", "t").env("CLOUDFLARE_ACCOUNT_ID", "a");
    let mark = connected.clone();
    let answering = std::thread::spawn(move || {
        let connection = listener.accept().unwrap();
        std::fs::write(mark, "").unwrap();
        connection
    });
    run.on_terminal(&[("waits", connected.to_str().unwrap()), ("types", CTRL_C)]).expect(130);
    drop(answering.join().unwrap());
    assert!(!project.path(".wrangler/saddlebag").exists());
}

#[test]
fn ctrl_c_during_the_sync_ends_everything() {
    let (project, tools) = (project(), Tools::new());
    let body = "[ \"$1\" = --version ] && echo 1.17.9 && exit 0\nsleep 300 & echo up > \"$0.up\"; wait";
    crate::fake::script(tools.dir.path(), "pywrangler", body);
    let up = tools.dir.path().join("pywrangler.up");
    let run = project.saddlebag(&["deploy"]).on_fakes(&tools);
    run.on_terminal(&[("waits", up.to_str().unwrap()), ("types", CTRL_C)]).expect(130);
    assert!(!project.path(".wrangler").exists());
}

#[test]
fn a_signal_to_saddlebag_alone_ends_everything() {
    let deaf = "sh -c 'trap \"\" TERM; echo grandchild >&2; sleep 300' & wait";
    for (then, signal, code) in
        [(LONG, "SIGTERM", 143), (deaf, "SIGTERM", 143), (LONG, "SIGINT", 130), (LONG, "SIGHUP", 129)]
    {
        let (project, tools) = doing(then);
        let run = project.saddlebag(&["deploy"]).on_fakes(&tools);
        run.on_terminal(&[("reads", "grandchild"), ("signals", signal)]).expect(code);
        assert!(!project.path(".wrangler").exists(), "{signal}");
        let run = project.saddlebag(&["tail"]).on_fakes(&tools);
        run.on_terminal(&[("reads", "grandchild"), ("signals", signal)]).expect(code);
    }
}

#[test]
fn what_is_not_ours_may_take_ctrl_c_as_it_likes() {
    // Once: its own way out. Twice, and then a word: a program that lives on, such as a prompt.
    let (project, tools) = doing("trap 'echo bye; exit 5' INT; echo up; while :; do sleep 0.05; done");
    let run = project.saddlebag(&["dev"]).on_fakes(&tools);
    run.on_terminal(&[("reads", "up"), ("types", CTRL_C), ("reads", "bye")]).expect(5);
    let (project, tools) =
        doing("trap 'echo again' INT; echo up; until read word && [ \"$word\" = quit ]; do :; done; exit 4");
    let run = project.saddlebag(&["dev"]).on_fakes(&tools);
    let steps = [
        ("reads", "up"),
        ("types", CTRL_C),
        ("reads", "again"),
        ("types", CTRL_C),
        ("reads", "again"),
        ("types", "quit\n"),
    ];
    run.on_terminal(&steps).expect(4);
}

#[test]
fn init_writes_only_what_somebody_agreed_to() {
    for (key, code, written) in [("y\n", 0, true), ("n\n", 0, false), ("\n", 0, false), (CTRL_C, 130, false)] {
        let (project, tools) = (project(), Tools::new());
        std::fs::remove_file(project.path("requirements-runtime.txt")).unwrap();
        let before = project.snapshot();
        let run = project.saddlebag(&["init"]).on_fakes(&tools);
        run.on_terminal(&[("reads", "write requirements-runtime.txt? [y/N]"), ("types", key)]).expect(code);
        assert_eq!(project.snapshot() != before, written, "{key:?}");
    }
}

#[test]
fn init_asks_for_the_environment_where_there_are_several() {
    let (project, tools) = (project(), Tools::new());
    let config = std::fs::read_to_string(project.path("wrangler.toml")).unwrap() + "\n[env.production]\nname = \"w\"\n";
    project.write("wrangler.toml", &config);
    for (typed, environment) in [("production\n", "production"), ("\n", "develop")] {
        let run = project.saddlebag(&["init", "--write-workflow"]).on_fakes(&tools);
        let question = "check and deploy which environment by default? develop, production [develop]";
        let sat =
            run.on_terminal(&[("reads", question), ("types", typed), ("reads", "[y/N]"), ("types", "n\n")]).expect(0);
        assert!(sat.screen.contains(&format!("saddlebag check --env {environment}")), "{}", sat.screen);
    }
    let run = project.saddlebag(&["init", "--write-workflow"]).on_fakes(&tools);
    let steps = [
        ("reads", "[develop]"),
        ("types", "prodction\n"),
        ("reads", "there is no environment `prodction`"),
        ("types", CTRL_C),
    ];
    run.on_terminal(&steps).expect(130);
}
