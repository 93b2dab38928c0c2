//! The measured quality of the gates: every case of `tests/corpus` through the shipped binary, and two rates.
//!
//! Receives the data of `tests/corpus`; hands on what was found of the faults and what was let through of the near-misses.
//! Must never know a case: a person adds one without Rust. `SADDLEBAG_CORPUS=TEXT` runs only cases with TEXT in their
//! place or name; `SADDLEBAG_CORPUS_STAGES=DIR` also stages each there, to be booted in the real runtime.

mod case;
mod judge;
mod lay;

use crate::fake::AnsweringTools;
use case::{Case, Kind};
use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

/// What the corpus must hold at least, in all and of faults for each gate that it is for.
const FAULTS: usize = 60;
const NEAR_MISSES: usize = 60;
const FAULTS_PER_GATE: usize = 3;
const GATES: [&str; 14] = [
    "toolchain",
    "wrangler-config",
    "requirements",
    "native-modules",
    "namespace",
    "imports",
    "packages",
    "data-files",
    "duplicates",
    "shadowing",
    "prune-safety",
    "secrets",
    "size",
    "growth",
];

/// Past libtest's capture: the rates are shown on success too.
fn say(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}

#[test]
fn every_fault_is_found_by_the_right_gate_and_no_near_miss_is_blocked() {
    let cases: Vec<Case> = case::read_all()
        .into_iter()
        .filter(|case| {
            std::env::var("SADDLEBAG_CORPUS")
                .map_or(true, |text| format!("{} {}", case.place, case.name).contains(&text))
        })
        .collect();
    let results = run_all(&cases);
    let mut rates = String::new();
    for (kind, word) in [(Kind::Fault, "faults found"), (Kind::NearMiss, "near-misses passed")] {
        let of_kind = || cases.iter().zip(&results).filter(|(case, _)| case.kind == kind);
        let well = of_kind().filter(|(_, result)| result.is_ok()).count();
        rates += &format!("{word} {well} of {}\n", of_kind().count());
    }
    let failures = cases.iter().zip(&results).filter_map(|(case, result)| {
        let error = result.as_ref().err()?;
        Some(format!("{} {:?}: {error}\n", case.place, case.name))
    });
    let failures: String = failures.collect();
    say(&format!("\n{rates}"));
    assert!(failures.is_empty(), "\n{failures}\n{rates}");
}

/// In the order of the cases; as many at once as there are cores.
fn run_all(cases: &[Case]) -> Vec<Result<(), String>> {
    let tools = AnsweringTools::new();
    let next = AtomicUsize::new(0);
    let results = Mutex::new(vec![Ok(()); cases.len()]);
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(2, usize::from) {
            scope.spawn(|| {
                while let Some((index, case)) = cases.iter().enumerate().nth(next.fetch_add(1, Ordering::Relaxed)) {
                    let result = std::panic::catch_unwind(|| judge::judge(case, &lay::lay(case), &tools));
                    let result =
                        result.unwrap_or_else(|_| Err("the case itself is broken: see the panic above".to_owned()));
                    results.lock().unwrap()[index] = result;
                }
            });
        }
    });
    results.into_inner().unwrap()
}

/// Layout, graph and gates share one parse of each file. Of the gates that read the project's source, every near-miss of a
/// healthy project is run; links are left out, for they give a file two names.
#[test]
fn check_parses_each_python_file_once() {
    const READING: [&str; 4] = ["data-files", "shadowing", "wrangler-config", "namespace"];
    let tools = AnsweringTools::new();
    let mut checked = BTreeSet::new();
    for case in case::read_all() {
        let reads = READING.iter().any(|gate| case.place.contains(gate));
        let is_plain =
            case.kind == Kind::NearMiss && case.exit.is_none() && case.link.is_empty() && case.words.is_empty();
        if !is_plain || !reads || !checked.insert((case.place.clone(), case.project.clone())) {
            continue;
        }
        let laid = lay::lay(&case);
        let ran = judge::start(&case, &laid, &tools, &["check", "--format", "json", "--timings"]).run();
        let line = ran.stderr.lines().find_map(|line| line.trim().strip_suffix("  Python files parsed"));
        let report = ran.json();
        let names = |list: &serde_json::Value, takes: &dyn Fn(&str) -> bool| {
            let rows = list.as_array().into_iter().flatten();
            rows.filter(|row| row["name"].as_str().is_some_and(takes)).count()
        };
        let is_source = |name: &str| name.ends_with(".py") || name.ends_with(".pth");
        // Vendored files are read before they are pruned.
        let expected = names(&report["bundle"]["modules"], &is_source)
            + names(&report["dropped"], &|name| is_source(name) && name.starts_with("python_modules/"));
        assert_eq!(line, Some(expected.to_string().as_str()), "{} {:?}", case.place, case.name);
    }
    assert!(checked.len() >= 8, "{checked:?}");
}

#[test]
fn the_corpus_is_as_large_as_promised() {
    let cases = case::read_all();
    let names: BTreeSet<_> = cases.iter().map(|case| &case.name).collect();
    assert_eq!(names.len(), cases.len(), "two cases have one name");
    let mut faults: BTreeMap<&str, usize> = BTreeMap::new();
    let mut near_misses: BTreeMap<&str, usize> = BTreeMap::new();
    for case in &cases {
        let counts = if case.kind == Kind::Fault { &mut faults } else { &mut near_misses };
        *counts.entry(case.gate.as_deref().unwrap_or("any")).or_default() += 1;
    }
    for gate in GATES {
        let found = faults.get(gate).copied().unwrap_or_default();
        assert!(found >= FAULTS_PER_GATE, "`{gate}` has {found} faults");
    }
    let counts = (faults.values().sum::<usize>(), near_misses.values().sum::<usize>());
    assert!(counts.0 >= FAULTS && counts.1 >= NEAR_MISSES, "{counts:?}: {faults:?} {near_misses:?}");
    let all: BTreeSet<_> = faults.keys().chain(near_misses.keys()).collect();
    let of = |counts: &BTreeMap<&str, usize>, gate: &str| counts.get(gate).copied().unwrap_or_default();
    for gate in all {
        say(&format!("{gate:>16}: {:>3} faults, {:>3} near-misses", of(&faults, gate), of(&near_misses, gate)));
    }
}
