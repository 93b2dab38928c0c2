//! The registry of gates. A gate is one file with a `GATE`, and one line of [`GATES`].
//!
//! The runner, the reports, `saddlebag explain` and the tests read everything they know about a gate from here.

use super::definition::Gate;
use super::{
    data_files, duplicates, growth, imports, namespace, native_modules, packages, prune_safety, requirements, secrets,
    shadowing, size, smoke, toolchain, verify, wheels, wrangler_config,
};
use crate::gate_id::GateId;
use strum::EnumCount;

/// Every gate, in the order in which they run and are reported: the order of `GateId`.
static GATES: [Gate; GateId::COUNT] = [
    toolchain::GATE,
    wrangler_config::GATE,
    requirements::GATE,
    wheels::GATE,
    native_modules::GATE,
    namespace::GATE,
    imports::GATE,
    packages::GATE,
    data_files::GATE,
    duplicates::GATE,
    shadowing::GATE,
    prune_safety::GATE,
    secrets::GATE,
    size::GATE,
    growth::GATE,
    smoke::GATE,
    verify::GATE,
];

const _: () = {
    let mut at = 0;
    while at < GATES.len() {
        assert!(GATES[at].id as usize == at, "GATES is not in the order of GateId");
        at += 1;
    }
};

/// Every gate, in order.
pub(crate) fn all() -> impl Iterator<Item = &'static Gate> {
    GATES.iter()
}

pub(crate) fn get(id: GateId) -> &'static Gate {
    &GATES[id as usize]
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_code_begins_with_its_gate_and_has_one_sentence() {
        for gate in all() {
            for code in gate.codes {
                let kind = code.id.strip_prefix(gate.id.as_str()).and_then(|rest| rest.strip_prefix('.'));
                let is_kebab = |kind: &str| kind.chars().all(|c| c.is_ascii_lowercase() || c == '-');
                assert!(kind.is_some_and(is_kebab), "{code}");
                let first = code.summary.chars().next().unwrap_or_default();
                let is_name = code.summary.starts_with("wrangler");
                assert!((is_name || !first.is_lowercase()) && code.summary.ends_with('.'), "{code}: {}", code.summary);
                assert_eq!(code.summary.matches(". ").count(), 0, "{code}: {}", code.summary);
            }
        }
    }

    /// The codes in the tables of a page: the first cell of a row, in backticks.
    fn codes_on(page: &str, id: GateId) -> BTreeSet<&str> {
        let cells = page.lines().filter_map(|row| row.strip_prefix("| `")?.split('`').next());
        let of_gate = |cell: &&str| cell.strip_prefix(id.as_str()).is_some_and(|rest| rest.starts_with('.'));
        cells.filter(of_gate).collect()
    }

    #[test]
    fn every_page_lists_exactly_the_codes_of_its_gate_and_the_readme_links_it() {
        let readme = include_str!("../../README.md");
        for gate in all() {
            let codes: BTreeSet<&str> = gate.codes.iter().map(|code| code.id).collect();
            assert_eq!(codes_on(gate.page, gate.id), codes, "docs/gates/{}.md", gate.id);
            assert!(gate.page.starts_with(&format!("# `{}`", gate.id)), "{}", gate.id);
            assert!(readme.contains(&format!("(docs/gates/{}.md)", gate.id)), "{}", gate.id);
        }
    }
}
