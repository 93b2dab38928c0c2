//! `saddlebag completions SHELL`: what a shell needs to know to complete our commands and flags.
//!
//! Receives the name of a shell; hands on its script, made by clap from the same flags that `parse` reads and the same list
//! of commands that help shows, so that neither can be forgotten. Must never complete what is pywrangler's.

use super::flags::{OF_ONE_COMMAND, OwnFlags};
use super::help::COMMANDS;
use crate::error::{Error, ErrorKind, Result};
use crate::gates;
use crate::suggest::closest;
use clap::{Arg, Command as Clap, CommandFactory, ValueEnum, ValueHint};
use clap_complete::Shell;
use std::ffi::OsString;

/// Flags that help hides but for one command, besides those that are of one command alone.
const SHOWN_FOR: &[(&str, &[&str])] = &[("stage", &["out"]), ("doctor", &["wheels", "install"])];
/// Commands that take no flag of a project.
const WITHOUT_PROJECT: &[&str] = &["cache"];

/// # Errors
/// `Usage`: no shell, or one that clap does not know.
pub(super) fn script(words: &[OsString]) -> Result<String> {
    let shells: Vec<String> = Shell::value_variants().iter().map(ToString::to_string).collect();
    if words.iter().any(|word| word == "--help" || word == "-h") {
        return Ok(format!("Usage: saddlebag completions SHELL\n\nSHELL is one of {}.\n", shells.join(", ")));
    }
    let name = words.first().map(|word| word.to_string_lossy()).unwrap_or_default();
    let Ok(shell) = Shell::from_str(&name, true) else {
        let message = match name.is_empty() {
            true => "the name of a shell is missing".to_owned(),
            false => format!("there are no completions for `{name}`"),
        };
        let hint = match closest(&name, shells.iter().map(String::as_str)) {
            Some(close) if !name.is_empty() => format!("did you mean `{close}`?"),
            _ => format!("use one of {}", shells.join(", ")),
        };
        return Err(Error::new(ErrorKind::Usage, message, hint));
    };
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut tree(), "saddlebag", &mut script);
    Ok(String::from_utf8_lossy(&script).into_owned())
}

/// Every command that help lists, with its flags.
fn tree() -> Clap {
    let mut root = Clap::new("saddlebag").about(env!("CARGO_PKG_DESCRIPTION")).disable_help_subcommand(true);
    for (name, about) in COMMANDS.iter().filter(|(name, _)| *name != "...") {
        let words: Vec<&str> = name.split(' ').take_while(|word| !word.starts_with('-')).collect();
        root = add(root, &words, words.first().copied().unwrap_or_default(), about);
    }
    add(root, &["cache", "dir"], "cache", "Say where the cache is")
}

/// Puts a command below another: `versions upload` is `upload` of `versions`.
fn add(parent: Clap, words: &[&'static str], first: &str, about: &'static str) -> Clap {
    let [word, rest @ ..] = words else { return parent };
    let known = parent.find_subcommand(word).is_some();
    let parent = if known { parent } else { parent.subcommand(Clap::new(*word).disable_help_subcommand(true)) };
    parent.mut_subcommand(word, |command| match rest {
        [] if command.get_about().is_some() => command, // `doctor --wheels` is `doctor`
        [] => equipped(command.about(about), first),
        rest => add(command, rest, first, about),
    })
}

fn equipped(command: Clap, first: &str) -> Clap {
    match first {
        "explain" => return command.arg(Arg::new("name").value_parser(gates::ids().collect::<Vec<_>>())),
        "completions" => return command.arg(Arg::new("shell").value_parser(clap::value_parser!(Shell))),
        _ => {}
    }
    let is_cache = command.get_name() != "clean";
    let shown = |name: &str| {
        if name == "older-than" && is_cache {
            return false; // of `cache clean` alone
        }
        let lists = OF_ONE_COMMAND.iter().chain(SHOWN_FOR);
        lists.filter(|(owner, _)| *owner == first).any(|(_, flags)| flags.contains(&name))
    };
    let own = OwnFlags::command();
    let flags = own.get_arguments().filter(|arg| !arg.is_hide_set() || arg.get_long().is_some_and(shown));
    let mut command = command.args(flags.map(|arg| {
        let hint = arg.get_value_names().and_then(|names| names.first()).map(|name| match name.as_str() {
            "FILE" => ValueHint::FilePath,
            "DIR" => ValueHint::DirPath,
            _ => ValueHint::Unknown,
        });
        let arg = arg.clone().hide(false);
        hint.map_or_else(|| arg.clone(), |hint| arg.clone().value_hint(hint))
    }));
    if !WITHOUT_PROJECT.contains(&first) {
        let wranglers = [
            Arg::new("env")
                .long("env")
                .short('e')
                .value_name("NAME")
                .help("The environment of the wrangler configuration"),
            Arg::new("config")
                .long("config")
                .short('c')
                .value_name("FILE")
                .value_hint(ValueHint::FilePath)
                .help("The wrangler configuration"),
        ];
        command = command.args(wranglers);
    }
    command
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tree_holds_and_knows_every_command_and_its_flags() {
        let mut root = tree();
        root.build();
        root.clone().debug_assert();
        let flags = |path: &[&str]| -> Vec<String> {
            let command = path.iter().fold(&root, |command, word| command.find_subcommand(word).unwrap());
            command.get_arguments().filter_map(Arg::get_long).map(str::to_owned).collect()
        };
        let has = |path: &[&str], flag: &str| flags(path).contains(&flag.to_owned());
        assert!(has(&["deploy"], "format") && has(&["deploy"], "env") && has(&["versions", "upload"], "smoke"));
        assert!(has(&["stage"], "out") && !has(&["deploy"], "out"));
        assert!(has(&["doctor"], "wheels") && has(&["doctor"], "install") && !has(&["check"], "wheels"));
        assert!(has(&["init"], "yes") && !has(&["check"], "yes"));
        assert!(has(&["cache", "clean"], "older-than") && !has(&["cache", "clean"], "env"));
        assert!(has(&["cache", "dir"], "format") && !has(&["cache"], "older-than"));
        for (name, _) in COMMANDS.iter().filter(|(name, _)| *name != "...") {
            let first = name.split(' ').next().unwrap();
            assert!(root.find_subcommand(first).is_some(), "{name}");
        }
    }

    #[test]
    fn every_shell_has_a_script_and_a_misspelt_one_a_hint() {
        for shell in Shell::value_variants() {
            assert!(script(&[shell.to_string().into()]).unwrap().contains("impact"), "{shell}");
        }
        assert_eq!(script(&["bsh".into()]).unwrap_err().hint, "did you mean `bash`?");
        assert!(script(&[]).unwrap_err().hint.starts_with("use one of bash"));
        assert!(script(&["--help".into()]).unwrap().ends_with("zsh.\n"));
    }
}
