//! Handles SIGINT, SIGTERM and SIGHUP: forwards them to the children and waits for their descendants.
//!
//! The order is: children, their remaining descendants, our own cleanup, then exit code 128+n. This module never exits
//! the process itself.
//!
//! Ctrl-C in a terminal signals the whole foreground group; `kill` and CI runners signal one process. A second signal
//! kills whatever is still running.

use super::processes::{self, Process};
use crate::error::{Error, ErrorKind, Result};
use rustix::process::{Pid, Signal, WaitOptions};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How long a process may take to end after a signal.
const PATIENCE: Duration = Duration::from_secs(5);

/// The last signal, or 0. Set in the handler itself, so that it is set before a child that died of Ctrl-C is reaped.
static INTERRUPTED: AtomicUsize = AtomicUsize::new(0);
static CHILDREN: Mutex<Vec<Running>> = Mutex::new(Vec::new());
/// Descendants of the children when a signal came, for systems where orphans are not reparented to us.
static FAMILY: Mutex<Vec<u32>> = Mutex::new(Vec::new());

/// How a child is treated on a signal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// We only read its output. It is killed if it does not end.
    HeardOut,
    /// It runs on our stdio as a step of our work, and has no time limit to end.
    AtWork,
    /// It runs in our place: it has the keyboard and decides what Ctrl-C means.
    InPlace,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Running {
    pid: u32,
    own_group: bool,
    role: Role,
}

/// A child from its start to its end.
pub(super) struct Registered(Running);

impl Registered {
    pub(super) fn new(pid: u32, own_group: bool, role: Role) -> Self {
        let running = Running { pid, own_group, role };
        lock(&CHILDREN).push(running);
        if let Some(signal) = interruption() {
            running.tell(signal, &processes::table()); // the signal came between the check and the start
        }
        Self(running)
    }

    /// After a signal, waits for the descendants of a child that has ended, and kills those that remain.
    pub(super) fn outlive(&self) {
        if interruption().is_none() {
            return;
        }
        let end = Instant::now() + PATIENCE;
        loop {
            let left = self.0.left(&processes::table());
            if left.is_empty() {
                return;
            }
            if Instant::now() > end {
                left.iter().for_each(|process| send(process.pid, Signal::KILL));
            }
            if Instant::now() > end + PATIENCE {
                return; // not even SIGKILL ended it: give up
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Registered {
    fn drop(&mut self) {
        lock(&CHILDREN).retain(|running| *running != self.0);
    }
}

impl Running {
    /// Sends a signal to the child and its descendants.
    fn tell(self, signal: Signal, table: &[Process]) {
        let below = processes::below(table, self.pid, &[]); // listed before its children can be reparented
        if self.own_group {
            let _ = pid(self.pid).map(|group| rustix::process::kill_process_group(group, signal)); // may have ended
        } else {
            send(self.pid, signal);
        }
        for process in below.iter().filter(|process| !self.own_group || process.group != self.pid) {
            send(process.pid, signal);
        }
    }

    /// Processes that the child left behind: its group, and orphans reparented to us. Reaps those that have ended.
    fn left(self, table: &[Process]) -> Vec<Process> {
        let own = std::process::id();
        let children: Vec<u32> = lock(&CHILDREN).iter().map(|running| running.pid).collect();
        let family = lock(&FAMILY);
        let mut left = orphans(table);
        left.extend(table.iter().filter(|process| self.own_group && process.group == self.pid));
        left.extend(table.iter().filter(|process| family.contains(&process.pid)));
        left.retain(|process| !children.contains(&process.pid));
        for process in left.iter().filter(|process| process.zombie && process.parent == own) {
            let _ = rustix::process::waitpid(pid(process.pid), WaitOptions::NOHANG);
        }
        left.retain(|process| !process.zombie);
        left
    }
}

/// Installs the handlers for SIGINT, SIGTERM and SIGHUP. Called once, by `main`.
///
/// # Errors
/// `ErrorKind::Internal` when the system does not let us.
pub(crate) fn hear() -> Result<()> {
    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
    use signal_hook::iterator::{SignalsInfo, exfiltrator::origin::WithOrigin};
    let failed =
        |error: std::io::Error| Error::new(ErrorKind::Internal, format!("signals cannot be heard: {error}"), "");
    // Orphaned descendants are reparented to us, so that they can be identified. macOS has no such call; there, the
    // list of descendants from the time of the signal is used.
    #[cfg(target_os = "linux")]
    let _ = rustix::process::set_child_subreaper(Some(rustix::process::getpid()));
    for signal in [SIGINT, SIGTERM, SIGHUP] {
        let value = usize::try_from(signal).unwrap_or_default();
        signal_hook::flag::register_usize(signal, &INTERRUPTED, value).map_err(failed)?;
    }
    let mut signals = SignalsInfo::<WithOrigin>::new([SIGINT, SIGTERM, SIGHUP]).map_err(failed)?;
    std::thread::spawn(move || {
        let mut again = false;
        for origin in signals.forever() {
            // A signal from a process reached only us; one from the terminal reached our whole group.
            if let Some(signal) = Signal::from_named_raw(origin.signal) {
                pass_on(signal, origin.process.is_none(), again);
            }
            again = true;
        }
    });
    Ok(())
}

fn pass_on(signal: Signal, from_terminal: bool, again: bool) {
    let table = processes::table();
    let children: Vec<Running> = lock(&CHILDREN).clone();
    let below = children.iter().flat_map(|running| processes::below(&table, running.pid, &[]));
    lock(&FAMILY).extend(below.map(|process| process.pid));
    for running in &children {
        let heard = from_terminal && !running.own_group;
        match (again, running.role) {
            (_, Role::InPlace) if heard => {}
            (true, _) => {
                running.tell(Signal::KILL, &table);
                orphans(&table).iter().for_each(|process| send(process.pid, Signal::KILL));
            }
            (false, _) if heard => {}
            (false, _) => running.tell(signal, &table),
        }
    }
    if children.iter().any(|running| running.role == Role::HeardOut) {
        std::thread::spawn(kill_the_deaf);
    }
}

/// Kills the children whose output we wait for, and descendants that keep the output open.
fn kill_the_deaf() {
    std::thread::sleep(PATIENCE);
    let table = processes::table();
    let children: Vec<Running> = lock(&CHILDREN).clone();
    let heard_out: Vec<&Running> = children.iter().filter(|running| running.role == Role::HeardOut).collect();
    if heard_out.is_empty() {
        return;
    }
    let family = lock(&FAMILY).clone();
    let known = table.iter().filter(|process| family.contains(&process.pid)).copied();
    orphans(&table).into_iter().chain(known).for_each(|process| send(process.pid, Signal::KILL));
    heard_out.iter().for_each(|running| running.tell(Signal::KILL, &table));
}

/// Our descendants that are below no running child: a child that ended left them to us.
fn orphans(table: &[Process]) -> Vec<Process> {
    let children: Vec<u32> = lock(&CHILDREN).iter().map(|running| running.pid).collect();
    processes::below(table, std::process::id(), &children)
}

fn interruption() -> Option<Signal> {
    let signal = i32::try_from(INTERRUPTED.load(Ordering::SeqCst)).ok()?;
    Signal::from_named_raw(signal)
}

/// # Errors
/// `ErrorKind::Interrupted` once a signal has come.
pub(crate) fn check_interrupted() -> Result<()> {
    interruption().map_or(Ok(()), |signal| {
        let signal = signal.as_raw();
        Err(Error::new(ErrorKind::Interrupted(signal), format!("interrupted by signal {signal}"), ""))
    })
}

/// An error means that it has ended already.
fn send(process: u32, signal: Signal) {
    let _ = pid(process).map(|process| rustix::process::kill_process(process, signal));
}

fn pid(process: u32) -> Option<Pid> {
    Pid::from_raw(process.cast_signed())
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
