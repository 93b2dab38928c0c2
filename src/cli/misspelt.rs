//! "Did you mean" for commands and flags, instead of pages of another tool's help.
//!
//! What is near nothing passes through: wrangler may have learned it since `data/wrangler-commands.toml` and
//! `data/wrangler-flags.toml` were written.

use super::args::{self, own_flags};
use super::split::FoundCommand;
use super::{Command, OwnInvocation};
use crate::error::{Error, ErrorKind};
use crate::passthrough::{self, Passthrough, UnknownFlag};
use crate::suggest::closest;
use serde::Deserialize;
use std::ffi::OsString;
use std::sync::LazyLock;

#[derive(Debug, Deserialize)]
struct CommandTable {
    wrangler: Vec<String>,
    pywrangler: Vec<String>,
    versions: Vec<String>,
}

static TABLE: LazyLock<CommandTable> = LazyLock::new(|| {
    toml_edit::de::from_str(include_str!("../../data/wrangler-commands.toml"))
        .expect("the embedded table parses: a test reads it")
});

/// The candidate that `word` is a typo of. Stricter than `closest`: a false match here stops a command that another tool may
/// know.
fn nearest<'a>(word: &str, candidates: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let letters = |text: &str| {
        let mut letters: Vec<char> = text.chars().collect();
        letters.sort_unstable();
        letters
    };
    let is_near = |distance: usize, candidate: &str| match word.chars().count() {
        ..3 => false,
        3 => distance <= 1 && letters(word) == letters(candidate),
        4..6 => distance <= 1,
        _ => distance <= 1 || distance == 2 && word.chars().next() == candidate.chars().next(),
    };
    candidates
        .map(|candidate| (strsim::damerau_levenshtein(word, candidate), candidate))
        .filter(|(distance, candidate)| is_near(*distance, candidate))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// An error if `words`, which begin where a command is expected, are nearly one.
pub(super) fn command(words: &[OsString], root: &clap::Command) -> Option<Error> {
    let word = words.first()?.to_str()?;
    if word.starts_with('-') {
        return flag_before_command(word, root);
    }
    let known_names = || {
        let ours = root.get_subcommands().map(clap::Command::get_name);
        ours.chain(TABLE.wrangler.iter().chain(&TABLE.pywrangler).map(String::as_str))
    };
    if word == "versions" {
        let next = words.get(1).and_then(|next| next.to_str()).filter(|next| !next.starts_with('-'))?;
        return unknown_command(word, next, TABLE.versions.iter().map(String::as_str));
    }
    if known_names().any(|name| name == word) {
        return None;
    }
    let near = nearest(word, known_names())?;
    let hint = format!("did you mean `{near}`? For a command that is wrangler's, run `pywrangler {word}`");
    Some(Error::new(ErrorKind::Usage, format!("unknown command `{word}`"), hint))
}

/// An error if `word` after `command` is nearly one of the subcommands.
pub(super) fn unknown_command<'a>(
    command: &str,
    word: &str,
    subcommands: impl Iterator<Item = &'a str> + Clone,
) -> Option<Error> {
    if subcommands.clone().any(|name| name == word) {
        return None;
    }
    let near = nearest(word, subcommands)?;
    let message = format!("unknown command `{command} {word}`");
    Some(Error::new(ErrorKind::Usage, message, format!("did you mean `{command} {near}`?")))
}

/// Before a command there are pywrangler's own flags, wrangler's global ones, and ours.
fn flag_before_command(word: &str, root: &clap::Command) -> Option<Error> {
    let unknown = Passthrough::read(vec![word.into()]).first_unknown_flag()?;
    if ["debug", "verbose"].contains(&unknown.name.as_str()) {
        return None;
    }
    let longs = shown_flags(root.find_subcommand("deploy")?);
    let near = nearest(&unknown.name, longs.iter().map(String::as_str))?;
    Some(unknown_flag(&unknown, Some(near), ""))
}

/// A flag after an upload command that is nearly one of ours or of wrangler's. The caller checks whether the installed
/// wrangler has it.
pub(crate) fn upload_flag(invocation: &OwnInvocation) -> Option<(UnknownFlag, Error)> {
    let Command::Upload(_) = &invocation.command else { return None };
    let longs = shown_flags(args::documented().find_subcommand("deploy")?);
    invocation.rest.unknown_flags().find_map(|unknown| {
        let near = near_flag(&unknown.name, &longs)?;
        let error = unknown_flag(&unknown, Some(&near), "deploy");
        Some((unknown, error))
    })
}

/// Our flags and those of wrangler that have more than a letter.
fn with_wranglers(ours: &[String]) -> Vec<String> {
    let wranglers = passthrough::known_flags().filter(|flag| flag.len() > 1).map(str::to_owned);
    ours.iter().cloned().chain(wranglers).collect()
}

fn near_flag(name: &str, ours: &[String]) -> Option<String> {
    let negated = name.strip_prefix("no-").and_then(|positive| nearest(positive, passthrough::known_flags()));
    let all = with_wranglers(ours);
    let near = || nearest(name, all.iter().map(String::as_str)).map(str::to_owned);
    negated.map(|near| format!("no-{near}")).or_else(near)
}

/// A flag that belongs to another command, or, after a command that hands none on, that nobody has.
pub(super) fn refusal(found: &FoundCommand<'_>, root: &clap::Command, rest: &Passthrough) -> Option<Error> {
    let is_upload = found.is_upload();
    for unknown in rest.unknown_flags() {
        if let Some((owner, flag)) = owner(&unknown.typed, root).filter(|(owner, _)| !(is_upload && owner == "init")) {
            let message = format!("`{}` belongs to `saddlebag {owner}`", unknown.typed);
            let hint = format!("leave it out, or use `saddlebag {owner} {flag}`");
            return Some(Error::new(ErrorKind::Usage, message, hint));
        }
        if !is_upload {
            return Some(unknown_flag(&unknown, near_shown_flag(&unknown, found).as_deref(), &found.name()));
        }
    }
    None
}

/// The command that a flag belongs to, and how it is written there. Wrangler may have the flags of `init` itself.
fn owner(flag: &str, root: &clap::Command) -> Option<(String, String)> {
    let name = flag.strip_prefix("--")?;
    args::commands(root).into_iter().find_map(|(path, command)| {
        let arg = own_flags(command).find(|arg| arg.get_long() == Some(name))?;
        Some((path, arg.to_string()))
    })
}

fn near_shown_flag(unknown: &UnknownFlag, found: &FoundCommand<'_>) -> Option<String> {
    let longs = shown_flags(found.definition);
    if unknown.name.chars().count() == 1 {
        return only(longs.iter().filter(|long| long.starts_with(&unknown.name))).map(str::to_owned);
    }
    let all = with_wranglers(&longs);
    closest(&unknown.name, all.iter().map(String::as_str)).map(str::to_owned)
}

fn unknown_flag(unknown: &UnknownFlag, near: Option<&str>, command: &str) -> Error {
    let hint = match near {
        Some(near) => format!("did you mean `--{near}`?"),
        None => format!("see `saddlebag {command} --help`"),
    };
    Error::new(ErrorKind::Usage, format!("unknown flag `{}`", unknown.typed), hint)
}

fn only<'a>(mut all: impl Iterator<Item = &'a String>) -> Option<&'a str> {
    let first = all.next()?;
    all.next().is_none().then_some(first.as_str())
}

/// The flags of ours that a command's help shows.
fn shown_flags(command: &clap::Command) -> Vec<String> {
    own_flags(command).filter(|arg| !arg.is_hide_set()).filter_map(|arg| arg.get_long()).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::{Invocation, parse};

    fn words(line: &str) -> Vec<OsString> {
        line.split_whitespace().map(OsString::from).collect()
    }

    fn answer(line: &str) -> String {
        match parse(words(line)) {
            Err(error) => format!("{error}; {}", error.hint),
            Ok(Invocation::Own(invocation)) => match upload_flag(&invocation) {
                Some((_, error)) => format!("{error}; {}", error.hint),
                None => "ours".to_owned(),
            },
            Ok(Invocation::Pywrangler(_)) => "pywrangler's".to_owned(),
            Ok(other) => format!("{other:?}"),
        }
    }

    #[test]
    fn misspelt_command_is_answered_with_the_nearest() {
        for (line, near) in [
            ("chek", "check"),
            ("chekc --env x", "check"),
            ("--format json deplyo", "deploy"),
            ("depoyl", "deploy"),
            ("tial", "tail"),
            ("clasify", "classify"),
            ("rolback", "rollback"),
            ("snyc", "sync"),
            ("vresions list", "versions"),
        ] {
            let answer = answer(line);
            assert!(answer.starts_with("unknown command `"), "{line}: {answer}");
            assert!(answer.contains(&format!("did you mean `{near}`?")), "{line}: {answer}");
        }
        assert_eq!(answer("versions uplaod"), "unknown command `versions uplaod`; did you mean `versions upload`?");
        assert_eq!(answer("cache claen"), "unknown command `cache claen`; did you mean `cache clean`?");
        assert_eq!(answer("--quite deploy"), "unknown flag `--quite`; did you mean `--quiet`?");
    }

    #[test]
    fn commands_that_are_near_nothing_or_known_pass_through() {
        for line in TABLE.wrangler.iter().chain(&TABLE.pywrangler) {
            let answer = answer(line);
            assert!(!answer.starts_with("unknown"), "{line}: {answer}");
        }
        for line in ["images list", "r3 list", "logs", "test", "kvx", "versions view 1", "versions --help", "--verison"]
        {
            assert_eq!(answer(line), "pywrangler's", "{line}");
        }
    }

    #[test]
    fn misspelt_flag_of_an_upload_is_answered_with_the_nearest() {
        for (line, near) in [
            ("deploy --dryrun", "--dry-run"),
            ("deploy --dry-rnu", "--dry-run"),
            ("deploy --dryRunn=true", "--dry-run"),
            ("deploy --smok", "--smoke"),
            ("versions upload --kep-vars", "--keep-vars"),
            ("publish --evn develop", "--env"),
            ("deploy --keepStage", "--keep-stage"),
            ("deploy --no-bundel", "--no-bundle"),
            ("deploy --compatability-date 2026-01-01", "--compatibility-date"),
        ] {
            let answer = answer(line);
            assert!(answer.starts_with("unknown flag `--"), "{line}: {answer}");
            assert!(answer.ends_with(&format!("did you mean `{near}`?")), "{line}: {answer}");
        }
    }

    #[test]
    fn flags_that_are_near_nothing_or_known_reach_wrangler() {
        for line in [
            "deploy --dryRun",
            "deploy --dry-run=false --keepVars --outdir x",
            "deploy --some-new-flag 1",
            "deploy -q",
            "deploy --x-provision --no-x-provision",
            "deploy --var A:1 --no-autoconfig",
            "deploy -- --dryrun",
            "deploy --force",
        ] {
            assert_eq!(answer(line), "ours", "{line}");
        }
    }

    #[test]
    fn unknown_flag_is_echoed_as_it_was_typed() {
        for (line, expected) in [
            ("check -q", "unknown flag `-q`; did you mean `--quiet`?"),
            ("check -qv", "unknown flag `-q`; did you mean `--quiet`?"),
            ("check -z=1", "unknown flag `-z`; see `saddlebag check --help`"),
            ("check --Formt=json", "unknown flag `--Formt`; did you mean `--format`?"),
            ("check --confg x", "unknown flag `--confg`; did you mean `--config`?"),
            ("doctor -q", "unknown flag `-q`; did you mean `--quiet`?"),
        ] {
            assert_eq!(answer(line), expected, "{line}");
        }
    }
}
