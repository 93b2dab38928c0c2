//! Lists all processes with parent, group and zombie state, to find which ones a signal has to reach.
//!
//! Reads `/proc` where it exists (container images often have no `ps`) and runs `ps` elsewhere.

use std::collections::BTreeSet;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Process {
    pub(super) pid: u32,
    pub(super) parent: u32,
    pub(super) group: u32,
    /// The process has ended and has not been waited for.
    pub(super) zombie: bool,
}

/// All visible processes.
pub(super) fn table() -> Vec<Process> {
    let listed = from_proc();
    if listed.is_empty() { from_ps() } else { listed }
}

/// All descendants of `root`, except those in `but` and their descendants.
pub(super) fn below(table: &[Process], root: u32, but: &[u32]) -> Vec<Process> {
    let mut parents = BTreeSet::from([root]);
    let mut found: Vec<Process> = Vec::new();
    loop {
        let next: Vec<Process> = table
            .iter()
            .filter(|process| parents.contains(&process.parent) && !parents.contains(&process.pid))
            .filter(|process| !but.contains(&process.pid))
            .copied()
            .collect();
        if next.is_empty() {
            return found;
        }
        parents.extend(next.iter().map(|process| process.pid));
        found.extend(next);
    }
}

fn from_proc() -> Vec<Process> {
    let Ok(entries) = fs_err::read_dir("/proc") else { return Vec::new() };
    entries
        .flatten()
        .filter(|entry| entry.file_name().to_str().is_some_and(|name| name.starts_with(|c: char| c.is_ascii_digit())))
        .filter_map(|entry| fs_err::read(entry.path().join("stat")).ok()) // it may have ended meanwhile
        .filter_map(|stat| of_stat(&String::from_utf8_lossy(&stat)))
        .collect()
}

/// `PID (NAME) STATE PARENT GROUP ...` (proc(5)); the name may hold anything, brackets too.
fn of_stat(text: &str) -> Option<Process> {
    let (before, after) = text.rsplit_once(')')?;
    let mut fields = after.split_whitespace();
    let zombie = matches!(fields.next()?, "Z" | "X");
    Some(Process {
        pid: before.split_whitespace().next()?.parse().ok()?,
        parent: fields.next()?.parse().ok()?,
        group: fields.next()?.parse().ok()?,
        zombie,
    })
}

fn from_ps() -> Vec<Process> {
    let listing = duct::cmd("ps", ["-A", "-o", "pid=,ppid=,pgid=,stat="]).stderr_null().stdout_capture().start();
    let Ok(listing) = listing else { return Vec::new() };
    let lister = listing.pids(); // `ps` lists itself
    let Ok(output) = listing.into_output() else { return Vec::new() };
    let rows = String::from_utf8_lossy(&output.stdout).into_owned();
    rows.lines().filter_map(of_row).filter(|process| !lister.contains(&process.pid)).collect()
}

fn of_row(row: &str) -> Option<Process> {
    let mut fields = row.split_whitespace();
    let mut number = || fields.next()?.parse().ok();
    Some(Process { pid: number()?, parent: number()?, group: number()?, zombie: fields.next()?.starts_with('Z') })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn process(pid: u32, parent: u32) -> Process {
        Process { pid, parent, group: 7, zombie: false }
    }

    #[test]
    fn a_name_may_look_like_the_fields_behind_it() {
        assert_eq!(
            of_stat("12 (a) Z 1 (b)) S 11 10 9 0"),
            Some(Process { pid: 12, parent: 11, group: 10, zombie: false })
        );
        assert_eq!(of_stat("12 (x) Z 11 10 9"), Some(Process { pid: 12, parent: 11, group: 10, zombie: true }));
        assert_eq!(of_stat("12 (x"), None);
    }

    #[test]
    fn below_is_all_that_descends_but_for_what_is_named() {
        let table = [process(5, 4), process(2, 1), process(3, 2), process(4, 2), process(9, 8)];
        let pids = |but: &[u32]| below(&table, 1, but).iter().map(|process| process.pid).collect::<Vec<_>>();
        assert_eq!(pids(&[]), [2, 3, 4, 5]);
        assert_eq!(pids(&[4]), [2, 3]);
    }

    #[test]
    fn both_tables_know_a_child_and_its_group() {
        let child = duct::cmd("sleep", ["30"]).unchecked().start().unwrap();
        let pid = child.pids()[0];
        for table in [table(), from_ps()] {
            let found = below(&table, std::process::id(), &[]).into_iter().find(|process| process.pid == pid).unwrap();
            let own = table.iter().find(|process| process.pid == std::process::id()).unwrap();
            assert_eq!((found.parent, found.group, found.zombie), (own.pid, own.group, false));
        }
        child.kill().unwrap();
    }
}
