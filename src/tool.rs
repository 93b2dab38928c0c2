//! Other programs: found, started, listened to, and ended with us.
//!
//! Receives an argument list, a directory and an environment; hands on output and how it ended. The only room that spawns
//! a process, and the one that hears signals. Must never print, and never leave a child behind.

use crate::error::{Error, Kind, Result};
use crate::settings::Environment;
use camino::{Utf8Path, Utf8PathBuf};
use rustix::process::{Pid, Signal};
use std::ffi::{OsStr, OsString};
use std::io::{BufRead, BufReader, IsTerminal};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{ExitStatus, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicI32, Ordering};
use std::time::{Duration, Instant};

/// Variables that would point uv or Python at another environment than the one pywrangler makes (`lessons.md` L23).
const REDIRECTING: [&str; 8] = [
    "VIRTUAL_ENV",
    "CONDA_PREFIX",
    "UV_PYTHON",
    "UV_PROJECT",
    "UV_PROJECT_ENVIRONMENT",
    "UV_WORKING_DIRECTORY",
    "PYTHONHOME",
    "PYTHONPATH",
];

/// The environment that children get: the user's, less what would redirect them.
pub(crate) fn child_environment(environment: &Environment) -> Environment {
    let mut child = environment.clone();
    for name in REDIRECTING {
        child.remove(name);
    }
    child
}

/// A program and its first arguments: `pywrangler`, or `uv run --project DIR pywrangler`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Program {
    pub(crate) argv: Vec<OsString>,
}

impl Program {
    pub(crate) fn new(path: impl Into<OsString>) -> Self {
        Self { argv: vec![path.into()] }
    }

    /// As a person would type it.
    pub(crate) fn shown(&self) -> String {
        shell_words::join(self.argv.iter().map(|word| word.to_string_lossy()))
    }
}

/// How a child ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ended {
    /// The exit code; 128+n for a death by signal n.
    pub(crate) code: i32,
}

impl Ended {
    fn of(status: ExitStatus) -> Self {
        Self { code: status.code().unwrap_or_else(|| 128 + status.signal().unwrap_or_default()) }
    }

    pub(crate) fn success(self) -> bool {
        self.code == 0
    }
}

/// Looks a program up on the `PATH` of an environment.
pub(crate) fn find(name: &str, environment: &Environment) -> Option<Utf8PathBuf> {
    let path = environment.get("PATH").map(OsString::from);
    which::which_in(name, path, "/").ok().and_then(|path| Utf8PathBuf::from_path_buf(path).ok())
}

/// Runs a program, hands each line of its stdout and stderr to `line` as it comes, and returns all of it.
///
/// # Errors
/// `Kind::ToolMissing` when it cannot be started, `Kind::Interrupted` when a signal ended us meanwhile. Its own failure is
/// not an error here.
pub(crate) fn listen(
    argv: &[OsString],
    cwd: &Utf8Path,
    environment: &Environment,
    mut line: impl FnMut(&str),
) -> Result<(Ended, String)> {
    check_interrupted()?;
    let (program, arguments) = argv.split_first().ok_or_else(|| Error::new(Kind::Internal, "no program to run", ""))?;
    let reader = duct::cmd(program, arguments)
        .dir(cwd)
        .full_env(environment.pairs())
        .stdin_null()
        .stderr_to_stdout()
        .unchecked()
        .before_spawn(|command| {
            command.process_group(0);
            Ok(())
        })
        .reader()
        .map_err(|error| cannot_start(program, &error))?;
    let guards: Vec<_> = reader.pids().into_iter().map(|pid| Registered::new(pid, true)).collect();
    let mut output = String::new();
    let mut buffered = BufReader::new(&reader);
    let mut bytes = Vec::new();
    loop {
        bytes.clear();
        match buffered.read_until(b'\n', &mut bytes) {
            Ok(0) | Err(_) => break, // a failing child does not fail the read: it is unchecked
            Ok(_) => {
                let text = String::from_utf8_lossy(&bytes);
                line(text.trim_end_matches(['\n', '\r']));
                output.push_str(&text);
            }
        }
    }
    let ended = match reader.try_wait() {
        Ok(Some(out)) => Ended::of(out.status),
        Ok(None) | Err(_) => Ended { code: 128 },
    };
    for guard in &guards {
        guard.outlive();
    }
    check_interrupted()?;
    Ok((ended, output))
}

/// Runs a short program and returns what it printed, or `None` if it failed.
pub(crate) fn ask(argv: &[OsString], cwd: &Utf8Path, environment: &Environment) -> Result<Option<String>> {
    let (ended, output) = listen(argv, cwd, environment, |_| {})?;
    Ok(ended.success().then_some(output))
}

/// Where the child's stdout goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stdout {
    /// The terminal, or whatever ours is: the child may ask questions there.
    Inherit,
    /// Our stderr, because stdout is one document of ours.
    ToStderr,
}

/// Runs a program on our own stdio until it ends.
///
/// On a terminal the child stays in our process group, so that it can read the keyboard and hears Ctrl-C itself; elsewhere
/// it gets a group of its own, so that a signal to us ends all of its descendants and nothing else.
///
/// # Errors
/// `Kind::ToolMissing` when it cannot be started.
#[expect(
    clippy::disallowed_methods,
    reason = "the owner of processes; duct cannot hand over our own stdout as a child's"
)]
pub(crate) fn run(argv: &[OsString], cwd: &Utf8Path, environment: &Environment, stdout: Stdout) -> Result<Ended> {
    check_interrupted()?;
    let (program, arguments) = argv.split_first().ok_or_else(|| Error::new(Kind::Internal, "no program to run", ""))?;
    let mut command = std::process::Command::new(program);
    command.args(arguments).current_dir(cwd).env_clear().envs(environment.pairs());
    if stdout == Stdout::ToStderr {
        command.stdout(Stdio::from(std::io::stderr()));
    }
    let own_group = !std::io::stdin().is_terminal();
    if own_group {
        command.process_group(0);
    }
    let mut child = command.spawn().map_err(|error| cannot_start(program, &error))?;
    let registered = Registered::new(child.id(), own_group);
    let status = child.wait().map_err(|error| {
        Error::new(Kind::Internal, format!("waiting for `{}` failed: {error}", program.to_string_lossy()), "")
    })?;
    registered.outlive();
    Ok(Ended::of(status))
}

fn cannot_start(program: &OsStr, error: &std::io::Error) -> Error {
    Error::new(
        Kind::ToolMissing,
        format!("`{}` could not be started: {error}", program.to_string_lossy()),
        "check that it is installed and executable",
    )
}

// ---- signals ----
//
// A shell's Ctrl-C goes to the whole foreground group; `kill` and CI runners signal one process. Either way the order is:
// children first, then our own clean-up, then exit with 128+n. A second signal kills what has not ended.

static INTERRUPTED: AtomicI32 = AtomicI32::new(0);
static CHILDREN: Mutex<Vec<Running>> = Mutex::new(Vec::new());

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Running {
    pid: u32,
    own_group: bool,
}

struct Registered(Running);

impl Registered {
    fn new(pid: u32, own_group: bool) -> Self {
        let running = Running { pid, own_group };
        children().push(running);
        let signal = INTERRUPTED.load(Ordering::SeqCst);
        if signal != 0 {
            forward(running, signal, false); // it came between the check and the start
        }
        Self(running)
    }

    /// After an interruption, waits for the descendants of a child that has ended, and kills what stays.
    fn outlive(&self) {
        if INTERRUPTED.load(Ordering::SeqCst) == 0 || !self.0.own_group {
            return;
        }
        let Some(group) = Pid::from_raw(self.0.pid.cast_signed()) else { return };
        let patience = Instant::now() + Duration::from_secs(5);
        while rustix::process::test_kill_process_group(group).is_ok() {
            if Instant::now() > patience {
                let _ = rustix::process::kill_process_group(group, Signal::KILL); // already gone: fine
                return;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Registered {
    fn drop(&mut self) {
        children().retain(|running| *running != self.0);
    }
}

fn children() -> std::sync::MutexGuard<'static, Vec<Running>> {
    CHILDREN.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// Starts to hear SIGINT, SIGTERM and SIGHUP. Called once, by `main`.
pub(crate) fn hear_signals() -> Result<()> {
    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
    use signal_hook::iterator::{SignalsInfo, exfiltrator::origin::WithOrigin};
    let mut signals = SignalsInfo::<WithOrigin>::new([SIGINT, SIGTERM, SIGHUP])
        .map_err(|error| Error::new(Kind::Internal, format!("signals cannot be heard: {error}"), ""))?;
    std::thread::spawn(move || {
        for origin in signals.forever() {
            let again = INTERRUPTED.swap(origin.signal, Ordering::SeqCst) != 0;
            // A signal that a process sent reached us alone; one from the terminal reached our whole group.
            let from_terminal = origin.process.is_none();
            for running in children().iter() {
                if running.own_group || !from_terminal || again {
                    forward(*running, if again { Signal::KILL.as_raw() } else { origin.signal }, !running.own_group);
                }
            }
        }
    });
    Ok(())
}

fn forward(running: Running, signal: i32, with_descendants: bool) {
    let (Some(pid), Some(signal)) = (Pid::from_raw(running.pid.cast_signed()), Signal::from_named_raw(signal)) else {
        return;
    };
    // An error means that it has ended already.
    let _ = if running.own_group {
        rustix::process::kill_process_group(pid, signal)
    } else {
        rustix::process::kill_process(pid, signal)
    };
    if with_descendants {
        for pid in descendants(running.pid) {
            if let Some(pid) = Pid::from_raw(pid.cast_signed()) {
                let _ = rustix::process::kill_process(pid, signal);
            }
        }
    }
}

/// The processes below one, by `ps`, which every Unix has.
fn descendants(root: u32) -> Vec<u32> {
    let Ok(table) = duct::cmd("ps", ["-A", "-o", "pid=,ppid="]).stderr_null().read() else { return Vec::new() };
    let pairs: Vec<(u32, u32)> = table
        .lines()
        .filter_map(|line| {
            let mut numbers = line.split_whitespace().map(str::parse);
            Some((numbers.next()?.ok()?, numbers.next()?.ok()?))
        })
        .collect();
    let mut found = vec![root];
    let mut at = 0;
    while at < found.len() {
        found.extend(pairs.iter().filter(|(_, parent)| *parent == found[at]).map(|(pid, _)| *pid).collect::<Vec<_>>());
        at += 1;
    }
    found.split_off(1)
}

/// # Errors
/// `Kind::Interrupted` once a signal has come.
pub(crate) fn check_interrupted() -> Result<()> {
    match INTERRUPTED.load(Ordering::SeqCst) {
        0 => Ok(()),
        signal => Err(Error::new(Kind::Interrupted(signal), format!("interrupted by signal {signal}"), "")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Vec<OsString> {
        line.split_whitespace().map(OsString::from).collect()
    }

    #[test]
    fn what_a_program_prints_is_heard_line_by_line_and_kept_whole() {
        let mut lines = Vec::new();
        let argv: Vec<OsString> = vec!["sh".into(), "-c".into(), "echo one; echo two >&2; exit 7".into()];
        let (ended, output) =
            listen(&argv, "/".into(), &Environment::read(), |line| lines.push(line.to_owned())).unwrap();
        assert_eq!((ended.code, lines.join(","), output.as_str()), (7, "one,two".to_owned(), "one\ntwo\n"));
    }

    #[test]
    fn a_death_by_signal_is_128_plus_its_number() {
        let argv: Vec<OsString> = vec!["sh".into(), "-c".into(), "kill -9 $$".into()];
        assert_eq!(listen(&argv, "/".into(), &Environment::read(), |_| {}).unwrap().0.code, 137);
    }

    #[test]
    fn a_missing_program_is_named() {
        let error = listen(&words("/no/such/tool --version"), "/".into(), &Environment::read(), |_| {}).unwrap_err();
        assert_eq!(error.kind, Kind::ToolMissing);
        assert!(error.message.starts_with("`/no/such/tool` could not be started"), "{error}");
    }

    #[test]
    fn children_do_not_inherit_what_would_redirect_uv() {
        let environment = child_environment(&Environment::of(&[
            ("UV_PYTHON", "3.9"),
            ("VIRTUAL_ENV", "/x"),
            ("UV_INDEX", "i"),
            ("HTTPS_PROXY", "p"),
        ]));
        let names: Vec<_> = environment.pairs().map(|(name, _)| name.to_str().unwrap().to_owned()).collect();
        assert_eq!(names, ["HTTPS_PROXY", "UV_INDEX"]);
    }
}
