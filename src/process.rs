//! Finds, starts and stops other programs.
//!
//! All child processes are started here; signals are handled in `signals`. After a signal, children are stopped before
//! saddlebag exits.

mod overheard;
mod processes;
mod signals;

pub(crate) use signals::{check_interrupted, hear as hear_signals};

use crate::env::Environment;
use crate::error::{Error, ErrorKind, Result};
use camino::{Utf8Path, Utf8PathBuf};
use overheard::Overheard;
use rustix::process::{Pid, Signal};
use signals::{Registered, Role};
use std::ffi::{OsStr, OsString};
use std::io::{BufRead, BufReader, IsTerminal};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{ExitStatus, Stdio};
use std::sync::mpsc;
use std::time::Instant;

/// Variables that would point uv or Python at an environment other than the one pywrangler creates.
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

/// The environment for children: the user's, without the variables in `REDIRECTING`.
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

    /// The command line as a user would type it.
    pub(crate) fn shown(&self) -> String {
        shell_words::join(self.argv.iter().map(|word| word.to_string_lossy()))
    }
}

/// How a child ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ended {
    /// The exit code; 128+n if killed by signal n.
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

/// Whether children share our process group. On a terminal they do, so that they can prompt there (ssh does, even if
/// its stdin is redirected) and receive Ctrl-C directly. Elsewhere each child gets its own group, so that a signal to
/// us can be forwarded to all of its descendants and to nothing else.
fn shares_group() -> bool {
    std::io::stdin().is_terminal()
}

/// Runs a program, passes each line of its stdout and stderr to `line` as it arrives, and returns all of the output.
///
/// # Errors
/// `ErrorKind::ToolMissing` when it cannot be started, `ErrorKind::Interrupted` when a signal ended us meanwhile.
/// Its own failure is not an error here.
pub(crate) fn listen(
    argv: &[OsString],
    cwd: &Utf8Path,
    environment: &Environment,
    line: impl FnMut(&str),
) -> Result<(Ended, String)> {
    listen_until(argv, cwd, environment, None, line)
}

/// Like `listen`, with a deadline after which the program and its descendants are killed (it then ended by signal 9).
///
/// # Errors
/// As `listen`.
pub(crate) fn listen_until(
    argv: &[OsString],
    cwd: &Utf8Path,
    environment: &Environment,
    until: Option<Instant>,
    mut line: impl FnMut(&str),
) -> Result<(Ended, String)> {
    check_interrupted()?;
    let (program, arguments) =
        argv.split_first().ok_or_else(|| Error::new(ErrorKind::Internal, "no program to run", ""))?;
    // With a deadline, the child needs its own group so that its descendants are killed too.
    let own_group = until.is_some() || !shares_group();
    let reader = duct::cmd(program, arguments)
        .dir(cwd)
        .full_env(environment.pairs())
        .stdin_null()
        .stderr_to_stdout()
        .unchecked()
        .before_spawn(move |command| {
            if own_group {
                command.process_group(0);
            }
            Ok(())
        })
        .reader()
        .map_err(|error| cannot_start(program, &error))?;
    let guards: Vec<_> = reader.pids().into_iter().map(|pid| Registered::new(pid, own_group, Role::HeardOut)).collect();
    let mut output = String::new();
    std::thread::scope(|scope| {
        // Dropped once all output has been read; then nothing is killed.
        let (_said_all, patience) = mpsc::channel::<()>();
        if let Some(until) = until {
            let pids = reader.pids();
            scope.spawn(move || kill_groups_at(until, &patience, pids));
        }
        let mut buffered = BufReader::new(&reader);
        let mut bytes = Vec::new();
        loop {
            bytes.clear();
            match buffered.read_until(b'\n', &mut bytes) {
                Ok(0) | Err(_) => break, // the child's exit status is checked later, not here
                Ok(_) => {
                    let text = String::from_utf8_lossy(&bytes);
                    line(text.trim_end_matches(['\n', '\r']));
                    output.push_str(&text);
                }
            }
        }
    });
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

/// Kills the process groups at the deadline, unless the other end of `patience` is closed first.
fn kill_groups_at(until: Instant, patience: &mpsc::Receiver<()>, leaders: Vec<u32>) {
    let left = until.saturating_duration_since(Instant::now());
    if patience.recv_timeout(left) == Err(mpsc::RecvTimeoutError::Timeout) {
        for leader in leaders.into_iter().filter_map(|pid| Pid::from_raw(pid.cast_signed())) {
            let _ = rustix::process::kill_process_group(leader, Signal::KILL); // it may have ended already
        }
    }
}

/// Runs a short program and returns what it printed, or `None` if it failed.
pub(crate) fn ask(argv: &[OsString], cwd: &Utf8Path, environment: &Environment) -> Result<Option<String>> {
    let (ended, output) = listen(argv, cwd, environment, |_| {})?;
    Ok(ended.success().then_some(output))
}

/// Where the child's stdout goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stdout {
    /// Our own stdout; the child may prompt there.
    Inherit,
    /// Our stderr, because our stdout is reserved for one document.
    ToStderr,
}

impl Stdout {
    fn set(self, command: &mut std::process::Command) {
        if self == Self::ToStderr {
            command.stdout(Stdio::from(std::io::stderr()));
        }
    }
}

/// Runs a program on our own stdio until it ends, as a step of our own work.
///
/// # Errors
/// `ErrorKind::ToolMissing` when it cannot be started.
pub(crate) fn run(argv: &[OsString], cwd: &Utf8Path, environment: &Environment, stdout: Stdout) -> Result<Ended> {
    hand_over(argv, cwd, environment, Role::AtWork, |command| stdout.set(command))
}

/// Like `run`, and returns the end of what the program wrote to stderr. If stderr is a terminal, the program writes to
/// it directly and the returned text is empty.
///
/// # Errors
/// As `run`; `ErrorKind::Internal` when the system has no pipe for us.
pub(crate) fn run_overheard(
    argv: &[OsString],
    cwd: &Utf8Path,
    environment: &Environment,
    stdout: Stdout,
) -> Result<(Ended, String)> {
    if std::io::stderr().is_terminal() {
        return Ok((run(argv, cwd, environment, stdout)?, String::new()));
    }
    let (overheard, pipe, pipe_for_stdout) = Overheard::start(stdout)
        .map_err(|error| Error::new(ErrorKind::Internal, format!("the system has no pipe for us: {error}"), ""))?;
    let ended = hand_over(argv, cwd, environment, Role::AtWork, |command| {
        command.stderr(pipe);
        pipe_for_stdout.map(|pipe| command.stdout(pipe));
    })?;
    Ok((ended, overheard.end()))
}

/// Runs a program in our place: it handles all keyboard input, including Ctrl-C.
///
/// # Errors
/// As `run`.
pub(crate) fn run_in_place(argv: &[OsString], cwd: &Utf8Path, environment: &Environment) -> Result<Ended> {
    hand_over(argv, cwd, environment, Role::InPlace, |_| {})
}

#[expect(
    clippy::disallowed_methods,
    reason = "the owner of processes; duct cannot hand over our own stdout as a child's"
)]
fn hand_over(
    argv: &[OsString],
    cwd: &Utf8Path,
    environment: &Environment,
    role: Role,
    set_streams: impl FnOnce(&mut std::process::Command),
) -> Result<Ended> {
    check_interrupted()?;
    let (program, arguments) =
        argv.split_first().ok_or_else(|| Error::new(ErrorKind::Internal, "no program to run", ""))?;
    let mut command = std::process::Command::new(program);
    command.args(arguments).current_dir(cwd).env_clear().envs(environment.pairs());
    set_streams(&mut command);
    let own_group = !shares_group();
    if own_group {
        command.process_group(0);
    }
    let mut child = command.spawn().map_err(|error| cannot_start(program, &error))?;
    drop(command); // closes our ends of the child's pipes
    let registered = Registered::new(child.id(), own_group, role);
    let status = child.wait().map_err(|error| {
        Error::new(ErrorKind::Internal, format!("waiting for `{}` failed: {error}", program.to_string_lossy()), "")
    })?;
    registered.outlive();
    Ok(Ended::of(status))
}

fn cannot_start(program: &OsStr, error: &std::io::Error) -> Error {
    Error::new(
        ErrorKind::ToolMissing,
        format!("`{}` could not be started: {error}", program.to_string_lossy()),
        "check that it is installed and executable",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn words(line: &str) -> Vec<OsString> {
        line.split_whitespace().map(OsString::from).collect()
    }

    #[test]
    fn what_takes_too_long_is_ended_with_all_that_it_started() {
        let begun = Instant::now();
        let argv = ["sh".into(), "-c".into(), "echo first; sleep 30 & sleep 30".into()];
        let until = Some(begun + Duration::from_millis(300));
        let (ended, output) = listen_until(&argv, "/".into(), &Environment::read(), until, |_| {}).unwrap();
        assert_eq!((ended.code, output.as_str()), (137, "first\n"));
        assert!(begun.elapsed() < Duration::from_secs(10));
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
        assert_eq!(error.kind, ErrorKind::ToolMissing);
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
