//! The command line: which command, which flags are ours, and which go on to pywrangler untouched.
//!
//! Receives argv; hands on an `Invocation`. clap knows our own flags and nothing else does; what is not ours keeps its
//! order and its spelling. Must never read the environment or a file, and never drop a word of the user's.

mod complete;
mod flags;
mod help;
mod misspelt;

pub(crate) use flags::{Flags, Format};
pub(crate) use misspelt::upload_flag as misspelt_upload_flag;

use crate::error::{Error, ErrorKind, Result};
use crate::passthrough::Passthrough;
use camino::Utf8PathBuf;
use clap::{Parser, ValueEnum};
use flags::{OwnFlag, OwnFlags, own_flag, split_flags, usage};
use help::{command_help, help, version};
use misspelt::refusal;
use std::ffi::OsString;

/// What was asked for.
#[derive(Debug)]
pub(crate) enum Invocation {
    /// A command of saddlebag's own.
    Own(Box<OwnInvocation>),
    /// `init`: ours where there is a wrangler configuration, else `pywrangler ARGS`.
    Init { ours: Result<Box<OwnInvocation>>, words: Vec<OsString> },
    /// Anything else: `pywrangler ARGS`, in place.
    Pywrangler(Vec<OsString>),
    /// Help or version, asked for: text for stdout.
    Text(String),
}

#[derive(Debug)]
pub(crate) struct OwnInvocation {
    pub(crate) command: Command,
    pub(crate) flags: Flags,
    /// The words that are not ours.
    pub(crate) rest: Passthrough,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Command {
    /// A command that uploads, in pywrangler's words: `["deploy"]`, `["versions", "upload"]`.
    Upload(&'static [&'static str]),
    Check,
    /// What `check` does, told by package
    Report,
    /// `stage --out DIR`
    Stage,
    Lock,
    /// `cache`, `cache dir`, `cache clean`
    Cache(CacheAction),
    /// `doctor`
    Doctor,
    Baseline,
    /// `doctor --wheels`
    DoctorWheels,
    /// `doctor --install`
    DoctorInstall,
    Classify,
    /// `init`, where there is a wrangler configuration
    Init,
    /// `why NAME`
    Why(String),
    /// `impact NAME`
    Impact(String),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CacheAction {
    Show,
    Directory,
    Clean,
}

impl Command {
    /// pywrangler's words for a command that uploads.
    pub(crate) fn upload_words(&self) -> Option<&'static [&'static str]> {
        match self {
            Self::Upload(words) => Some(words),
            _ => None,
        }
    }

    /// As the report names it.
    pub(crate) fn name(&self) -> String {
        match self {
            Self::Upload(words) => words.join(" "),
            Self::Check => "check".to_owned(),
            Self::Report => "report".to_owned(),
            Self::Stage => "stage".to_owned(),
            Self::Lock => "lock".to_owned(),
            Self::Cache(CacheAction::Show) => "cache".to_owned(),
            Self::Cache(CacheAction::Directory) => "cache dir".to_owned(),
            Self::Cache(CacheAction::Clean) => "cache clean".to_owned(),
            Self::Doctor => "doctor".to_owned(),
            Self::Baseline => "baseline".to_owned(),
            Self::DoctorWheels => "doctor --wheels".to_owned(),
            Self::DoctorInstall => "doctor --install".to_owned(),
            Self::Classify => "classify".to_owned(),
            Self::Init => "init".to_owned(),
            Self::Why(_) => "why".to_owned(),
            Self::Impact(_) => "impact".to_owned(),
        }
    }
}

/// Reads argv (without the program's name).
///
/// # Errors
/// `ErrorKind::Usage` for a flag of ours that does not parse.
pub(crate) fn parse(argv: Vec<OsString>) -> Result<Invocation> {
    let Some((before, mut command, after)) = split_command(&argv) else {
        return match argv.first().and_then(|word| word.to_str()) {
            None => Ok(Invocation::Text(help())),
            Some("-h" | "--help" | "help") if argv.len() == 1 => Ok(Invocation::Text(help())),
            Some("-V" | "--version") => Ok(Invocation::Text(version())),
            Some("explain") => explain(&argv[1..]),
            Some("completions") => complete::script(&argv[1..]).map(Invocation::Text),
            Some(_) => match misspelt::command(&argv[command_place(&argv)..]) {
                Some(error) => Err(error),
                None => Ok(Invocation::Pywrangler(argv)),
            },
        };
    };
    if command == Command::Init && !after.iter().any(|word| word == "--help" || word == "-h") {
        return Ok(Invocation::Init { ours: own_init(before, after), words: argv });
    }
    let (mut own, before) = split_flags(before.into_iter(), &command)?;
    let (own_after, rest) = split_flags(after.into_iter(), &command)?;
    own.extend(own_after);
    let mut flags = OwnFlags::try_parse_from(own).map_err(|error| usage(&error, &command))?.flags;
    let mut rest = Passthrough::read(rest).after(before);
    if rest.has("help") || rest.has("h") {
        return Ok(Invocation::Text(command_help(&command)));
    }
    if rest.has("version") || rest.has("v") {
        return Ok(Invocation::Pywrangler(argv)); // wrangler's own answer, as `pywrangler deploy --version` gives it
    }
    // First of all: an unknown flag may have taken the next word for its value.
    if let Some(error) = refusal(&command, &rest) {
        return Err(error);
    }
    if let Command::Why(name) | Command::Impact(name) = &mut command {
        *name = rest.take_name().ok_or_else(|| {
            Error::new(
                ErrorKind::Usage,
                "the name of a distribution or a module is missing",
                "add one, as in `saddlebag why pydantic` or `saddlebag why src/main.py`",
            )
        })?;
    }
    if let Command::Doctor | Command::Cache(_) = command
        && let Some(word) = rest.take_name()
    {
        if command == Command::Cache(CacheAction::Show)
            && let Some(error) = misspelt::unknown_command("cache", &word, ["dir", "clean"].into_iter())
        {
            return Err(error);
        }
        let message = format!("`saddlebag {}` takes no `{word}`", command.name());
        return Err(Error::new(ErrorKind::Usage, message, format!("see `saddlebag {} --help`", command.name())));
    }
    if flags.older_than.is_some() && command != Command::Cache(CacheAction::Clean) {
        let message = "`--older-than` belongs to `saddlebag cache clean`";
        return Err(Error::new(
            ErrorKind::Usage,
            message,
            "leave it out, or use `saddlebag cache clean --older-than DAYS`",
        ));
    }
    if flags.install && command != Command::DoctorInstall {
        return Err(Error::new(
            ErrorKind::Usage,
            "`--install` belongs to `saddlebag doctor`",
            "leave `--install` out, or use `saddlebag doctor --install`",
        ));
    }
    match (&command, flags.wheels) {
        (Command::DoctorWheels, _) => {
            flags.requirements = rest.take_name().map(Utf8PathBuf::from).or(flags.requirements);
        }
        (_, true) => {
            return Err(Error::new(
                ErrorKind::Usage,
                "`--wheels` belongs to `saddlebag doctor`",
                "leave `--wheels` out, or use `saddlebag doctor --wheels`",
            ));
        }
        _ => {}
    }
    match (&command, &flags.out) {
        (Command::Stage, None) => {
            return Err(Error::new(
                ErrorKind::Usage,
                "`saddlebag stage` needs a directory to write to",
                "add `--out DIR`",
            ));
        }
        (Command::Stage, Some(_)) | (_, None) => {}
        (_, Some(_)) => {
            return Err(Error::new(
                ErrorKind::Usage,
                "`--out` belongs to `saddlebag stage`",
                "leave `--out` out, or use `saddlebag stage --out DIR`",
            ));
        }
    }
    Ok(Invocation::Own(Box::new(OwnInvocation { command, flags, rest })))
}

/// `init` as ours, which takes flags and nothing else.
fn own_init(before: Vec<OsString>, after: Vec<OsString>) -> Result<Box<OwnInvocation>> {
    let command = Command::Init;
    let (own, rest) = split_flags(before.into_iter().chain(after), &command)?;
    let flags = OwnFlags::try_parse_from(own).map_err(|error| usage(&error, &command))?.flags;
    let mut rest = Passthrough::read(rest);
    if let Some(word) = rest.take_name() {
        return Err(Error::new(
            ErrorKind::Usage,
            format!("`saddlebag init` takes no `{word}` where there is a wrangler configuration"),
            "leave it out to prepare this project, or run `pywrangler init` for another",
        ));
    }
    match refusal(&command, &rest) {
        Some(error) => Err(error),
        None => Ok(Box::new(OwnInvocation { command, flags, rest })),
    }
}

/// `explain`, `explain GATE`, `explain CODE`: asks nothing of a project.
fn explain(words: &[OsString]) -> Result<Invocation> {
    if words.iter().any(|word| word == "--help" || word == "-h") {
        return Ok(Invocation::Text(
            "Usage: saddlebag explain [GATE]\n\nGATE is a gate, or the code of a finding.\n".into(),
        ));
    }
    let name = words.first().map(|word| word.to_string_lossy());
    crate::commands::explain::page(name.as_deref()).map(Invocation::Text)
}

/// The format that a command line asks for, which may not parse otherwise: then even its refusal is in it.
pub(crate) fn format_of(argv: &[OsString]) -> Format {
    let before_the_dashes = argv.split(|word| word == "--").next().unwrap_or_default();
    let joined = before_the_dashes.iter().filter_map(|word| word.to_str()?.strip_prefix("--format="));
    let apart = before_the_dashes.windows(2).filter(|pair| pair[0] == "--format").filter_map(|pair| pair[1].to_str());
    joined.chain(apart).last().and_then(|name| Format::from_str(name, false).ok()).unwrap_or(Format::Human)
}

/// The words before the command, the command, and the words after it, if it is one of ours. Before the command only
/// flags of ours and pywrangler's own `--debug` can stand; anything else there is pywrangler's to answer.
fn split_command(argv: &[OsString]) -> Option<(Vec<OsString>, Command, Vec<OsString>)> {
    let at = command_place(argv);
    let (command, words) = match argv.get(at)?.to_str()? {
        "deploy" => (Command::Upload(&["deploy"]), 1),
        "publish" => (Command::Upload(&["publish"]), 1),
        "preview" => match argv.get(at + 1).and_then(|word| word.to_str()) {
            Some("delete" | "secret" | "base-config") => return None,
            _ => (Command::Upload(&["preview"]), 1),
        },
        "versions" if argv.get(at + 1).is_some_and(|word| word == "upload") => {
            (Command::Upload(&["versions", "upload"]), 2)
        }
        "check" if argv.get(at + 1).is_none_or(|word| word != "startup") => (Command::Check, 1),
        "report" => (Command::Report, 1),
        "stage" => (Command::Stage, 1),
        "lock" => (Command::Lock, 1),
        "baseline" => (Command::Baseline, 1),
        "doctor" if argv.iter().any(|word| word == "--wheels") => (Command::DoctorWheels, 1),
        "doctor" if argv.iter().any(|word| word == "--install") => (Command::DoctorInstall, 1),
        "classify" => (Command::Classify, 1),
        "init" => (Command::Init, 1),
        "doctor" => (Command::Doctor, 1),
        "cache" => match argv.get(at + 1).and_then(|word| word.to_str()) {
            Some("dir") => (Command::Cache(CacheAction::Directory), 2),
            Some("clean") => (Command::Cache(CacheAction::Clean), 2),
            _ => (Command::Cache(CacheAction::Show), 1),
        },
        "why" => (Command::Why(String::new()), 1),
        "impact" => (Command::Impact(String::new()), 1),
        _ => return None,
    };
    Some((argv[..at].to_vec(), command, argv[at + words..].to_vec()))
}

/// Where the command is expected: behind our own flags and pywrangler's `--debug`.
fn command_place(argv: &[OsString]) -> usize {
    let mut at = 0;
    while let Some(word) = argv.get(at).and_then(|word| word.to_str()) {
        match own_flag(word, "") {
            Some(OwnFlag { value: true, joined: false }) => at += 2,
            Some(_) => at += 1,
            None if word == "--debug" => at += 1,
            None => break,
        }
    }
    at.min(argv.len())
}

#[cfg(test)]
mod tests;
