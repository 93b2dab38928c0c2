//! Parts a command line into words of ours, which clap parses, and words for pywrangler, which keep order and spelling.
//!
//! Which flags are ours, and which of them take a value, is clap's definition of the command. Nothing after `--` is ours.

use super::UploadCommand;
use super::args::{self, own_flags};
use clap::{Arg, ArgAction};
use std::ffi::OsString;
use strum::IntoEnumIterator;

/// One of our commands, found among the words.
#[derive(Debug)]
pub(super) struct FoundCommand<'a> {
    /// As it is typed: `["versions", "upload"]`.
    path: Vec<&'a str>,
    pub(super) definition: &'a clap::Command,
    /// Where its name begins in the words.
    at: usize,
}

/// The words of one of our commands.
#[derive(Debug)]
pub(super) struct SplitWords {
    /// Flags of ours and their values, from before and after the command.
    pub(super) own: Vec<OsString>,
    /// Not ours, from before the command.
    pub(super) before: Vec<OsString>,
    /// Not ours, from after the command.
    pub(super) rest: Vec<OsString>,
}

impl FoundCommand<'_> {
    /// `versions upload`.
    pub(super) fn name(&self) -> String {
        self.path.join(" ")
    }

    /// Whether pywrangler gets the words that are not ours.
    pub(super) fn is_upload(&self) -> bool {
        UploadCommand::iter().any(|command| command.words() == self.path)
    }

    /// The command's words, as clap takes them.
    pub(super) fn words(&self) -> Vec<OsString> {
        self.path.iter().map(OsString::from).collect()
    }
}

/// Finds the command, if it is one of ours: by the first word that is neither a flag of ours nor pywrangler's `--debug`.
/// Anything else before the command is pywrangler's to answer.
pub(super) fn find_command<'a>(root: &'a clap::Command, argv: &[OsString]) -> Option<FoundCommand<'a>> {
    let at = command_position(root, argv);
    let mut found = FoundCommand { path: Vec::new(), definition: root, at };
    for word in argv[at..].iter().map_while(|word| word.to_str()) {
        if is_wranglers_subcommand(&found.path, word) {
            return None;
        }
        let Some(command) = found.definition.find_subcommand(word) else { break };
        found.path.push(command.get_name());
        found.definition = command;
    }
    // `versions` alone, and every subcommand of it but `upload`, is wrangler's.
    (!found.path.is_empty() && !found.definition.is_subcommand_required_set()).then_some(found)
}

/// Subcommands of wrangler's below a command that is ours without them.
fn is_wranglers_subcommand(path: &[&str], word: &str) -> bool {
    matches!((path, word), (["check"], "startup") | (["preview"], "delete" | "secret" | "base-config"))
}

/// Where the command is expected: after flags of ours and pywrangler's `--debug`.
pub(super) fn command_position(root: &clap::Command, argv: &[OsString]) -> usize {
    let commands = args::commands(root);
    // The flags of `init` are pywrangler's where there is no wrangler configuration, and cannot be told apart here.
    let known: Vec<&Arg> =
        commands.iter().filter(|(name, _)| name != "init").flat_map(|(_, command)| own_flags(command)).collect();
    let mut at = 0;
    while let Some(word) = argv.get(at).and_then(|word| word.to_str()) {
        match own_flag(word, known.iter().copied()) {
            Some(OwnFlag { takes_next_word: true }) => at += 2,
            Some(OwnFlag { takes_next_word: false }) => at += 1,
            None if word == "--debug" => at += 1,
            None => break,
        }
    }
    at.min(argv.len())
}

/// Parts the words around a command.
pub(super) fn split(argv: &[OsString], found: &FoundCommand<'_>) -> SplitWords {
    let mut own = Vec::new();
    let before = take_own(&argv[..found.at], found.definition, &mut own);
    let rest = take_own(&argv[found.at + found.path.len()..], found.definition, &mut own);
    SplitWords { own, before, rest }
}

/// Moves our flags into `own`, and returns the other words.
fn take_own(words: &[OsString], command: &clap::Command, own: &mut Vec<OsString>) -> Vec<OsString> {
    let mut rest = Vec::new();
    let mut words = words.iter().cloned();
    while let Some(word) = words.next() {
        if word == "--" {
            rest.push(word);
            rest.extend(words);
            break;
        }
        match word.to_str().and_then(|word| own_flag(word, own_flags(command))) {
            Some(flag) => {
                own.push(word);
                if flag.takes_next_word {
                    own.extend(words.next());
                }
            }
            None => rest.push(word),
        }
    }
    rest
}

struct OwnFlag {
    takes_next_word: bool,
}

fn own_flag<'a>(word: &str, mut known: impl Iterator<Item = &'a Arg>) -> Option<OwnFlag> {
    let flag = word.strip_prefix("--")?;
    let (name, has_value) = flag.split_once('=').map_or((flag, false), |(name, _)| (name, true));
    let arg = known.find(|arg| arg.get_long() == Some(name))?;
    let takes_value = matches!(arg.get_action(), ArgAction::Set | ArgAction::Append);
    Some(OwnFlag { takes_next_word: takes_value && !has_value })
}
