//! `saddlebag completions SHELL`, from the definition that help shows. What is pywrangler's is not completed.

use super::args;
use crate::gate_id;
use clap::builder::PossibleValuesParser;
use clap_complete::Shell;

pub(super) fn script(shell: Shell) -> String {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut definition(), "saddlebag", &mut script);
    String::from_utf8_lossy(&script).into_owned()
}

/// The documented definition; `explain` offers the gates, though it takes codes of findings too.
fn definition() -> clap::Command {
    args::documented().mut_subcommand("explain", |explain| {
        explain.mut_arg("gate", |gate| gate.value_parser(PossibleValuesParser::new(gate_id::ids())))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::{Arg, ValueEnum};

    #[test]
    fn every_command_has_its_own_flags() {
        let mut root = definition();
        root.build();
        root.clone().debug_assert();
        let has = |path: &[&str], flag: &str| {
            let command = path.iter().fold(&root, |command, word| command.find_subcommand(word).unwrap());
            command.get_arguments().filter_map(Arg::get_long).any(|long| long == flag)
        };
        assert!(has(&["deploy"], "format") && has(&["deploy"], "env") && has(&["versions", "upload"], "smoke"));
        assert!(has(&["stage"], "out") && !has(&["deploy"], "out"));
        assert!(has(&["doctor"], "wheels") && has(&["doctor"], "install") && !has(&["check"], "wheels"));
        assert!(has(&["init"], "yes") && !has(&["check"], "yes"));
        assert!(has(&["cache", "clean"], "older-than") && !has(&["cache", "clean"], "env"));
        assert!(has(&["cache", "dir"], "format") && !has(&["cache"], "older-than"));
        assert!(!has(&["check"], "no-write-back") && !has(&["why"], "smoke") && !has(&["doctor"], "no-cache"));
    }

    #[test]
    fn every_shell_has_a_script() {
        for shell in Shell::value_variants() {
            assert!(script(*shell).contains("impact"), "{shell}");
        }
    }
}
