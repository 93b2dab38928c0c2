//! The command line: which command, which flags are ours, and which words go on to pywrangler untouched.
//!
//! What is not ours keeps its order and its spelling, and nothing after `--` is ours.

mod args;
mod complete;
mod misspelt;
mod split;
mod usage;

pub(crate) use args::{Flags, Format, InitArgs};
pub(crate) use misspelt::upload_flag as misspelt_upload_flag;

use crate::error::{Error, ErrorKind, Result};
use crate::passthrough::Passthrough;
use args::Parsed;
use camino::Utf8PathBuf;
use clap::ValueEnum;
use split::{FoundCommand, SplitWords};
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
    /// Help, a version, a script: text for stdout.
    Text(String),
    /// `explain`: the page of a gate, or the list of them.
    Explain(Option<String>),
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
    Upload(UploadCommand),
    Check,
    /// `check`, with the bundle shown by package.
    Report,
    /// `out`: as typed.
    Stage {
        out: Utf8PathBuf,
    },
    Baseline,
    Lock,
    Doctor(DoctorCommand),
    Classify,
    /// `init` where there is a wrangler configuration.
    Init(InitArgs),
    /// The distribution or module to look at.
    Why(String),
    /// The distribution or module to do without.
    Impact(String),
    Cache(CacheCommand),
}

/// A command of pywrangler's that uploads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::EnumIter)]
pub(crate) enum UploadCommand {
    Deploy,
    Publish,
    Preview,
    VersionsUpload,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DoctorCommand {
    /// `doctor`
    Examine,
    /// `doctor --wheels`
    Wheels,
    /// `doctor --install`
    Install,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CacheCommand {
    Show,
    Dir,
    Clean { older_than_days: Option<u64> },
}

impl UploadCommand {
    /// As pywrangler takes it.
    pub(crate) fn words(self) -> &'static [&'static str] {
        match self {
            Self::Deploy => &["deploy"],
            Self::Publish => &["publish"],
            Self::Preview => &["preview"],
            Self::VersionsUpload => &["versions", "upload"],
        }
    }
}

impl Command {
    /// pywrangler's words for a command that uploads.
    pub(crate) fn upload_words(&self) -> Option<&'static [&'static str]> {
        match self {
            Self::Upload(command) => Some(command.words()),
            _ => None,
        }
    }

    /// As the report names it.
    pub(crate) fn name(&self) -> String {
        let name = match self {
            Self::Upload(command) => return command.words().join(" "),
            Self::Check => "check",
            Self::Report => "report",
            Self::Stage { .. } => "stage",
            Self::Baseline => "baseline",
            Self::Lock => "lock",
            Self::Doctor(DoctorCommand::Examine) => "doctor",
            Self::Doctor(DoctorCommand::Wheels) => "doctor --wheels",
            Self::Doctor(DoctorCommand::Install) => "doctor --install",
            Self::Classify => "classify",
            Self::Init(_) => "init",
            Self::Why(_) => "why",
            Self::Impact(_) => "impact",
            Self::Cache(CacheCommand::Show) => "cache",
            Self::Cache(CacheCommand::Dir) => "cache dir",
            Self::Cache(CacheCommand::Clean { .. }) => "cache clean",
        };
        name.to_owned()
    }
}

/// Reads argv (without the program's name).
///
/// # Errors
/// `ErrorKind::Usage` for a flag or an argument of ours that does not parse, and for a word that is nearly one of ours.
pub(crate) fn parse(argv: Vec<OsString>) -> Result<Invocation> {
    let mut definition = args::accepted();
    definition.build(); // so that help and errors name the whole command
    let Some(found) = split::find_command(&definition, &argv) else { return not_a_command(argv, &definition) };
    let own = parse_own(&argv, &definition, &found);
    if found.name() != "init" {
        return own;
    }
    match own {
        Ok(Invocation::Own(invocation)) => Ok(Invocation::Init { ours: Ok(invocation), words: argv }),
        Err(error) => Ok(Invocation::Init { ours: Err(error), words: argv }),
        Ok(other) => Ok(other),
    }
}

/// Help, the version, or a command of pywrangler's.
fn not_a_command(argv: Vec<OsString>, definition: &clap::Command) -> Result<Invocation> {
    match argv.first().and_then(|word| word.to_str()) {
        None => return Ok(Invocation::Text(help(definition))),
        Some("-h" | "--help" | "help") if argv.len() == 1 => return Ok(Invocation::Text(help(definition))),
        Some("-V" | "--version") => return Ok(Invocation::Text(format!("saddlebag {}\n", env!("CARGO_PKG_VERSION")))),
        Some(_) => {}
    }
    match misspelt::command(&argv[split::command_position(definition, &argv)..], definition) {
        Some(error) => Err(error),
        None => Ok(Invocation::Pywrangler(argv)),
    }
}

fn parse_own(argv: &[OsString], definition: &clap::Command, found: &FoundCommand<'_>) -> Result<Invocation> {
    let SplitWords { own, before, rest } = split::split(argv, found);
    let mut rest = Passthrough::read(rest).after(before);
    if rest.has("help") || rest.has("h") {
        return Ok(Invocation::Text(help(found.definition)));
    }
    if rest.has("version") || rest.has("v") {
        return Ok(Invocation::Pywrangler(argv.to_vec())); // wrangler's own answer, as `pywrangler deploy --version` gives it
    }
    // Before the arguments are taken: an unknown flag may have taken the next word for its value.
    if let Some(error) = misspelt::refusal(found, definition, &rest) {
        return Err(error);
    }
    let mut words = [found.words(), own].concat();
    for _ in found.definition.get_positionals() {
        words.extend(rest.take_name().map(OsString::from));
    }
    let parsed = args::parse(definition.clone(), words).map_err(|error| usage::usage(&error, found))?;
    match parsed {
        Parsed::Completions(shell) => Ok(Invocation::Text(complete::script(shell))),
        Parsed::Explain(gate) => Ok(Invocation::Explain(gate)),
        Parsed::Command(command, flags) => {
            refuse_argument(&command, &mut rest)?;
            Ok(Invocation::Own(Box::new(OwnInvocation { command, flags, rest })))
        }
    }
}

fn help(definition: &clap::Command) -> String {
    definition.clone().render_help().to_string()
}

/// Refuses an argument after a command that neither takes one nor hands it on.
fn refuse_argument(command: &Command, rest: &mut Passthrough) -> Result<()> {
    let (place, hint) = match command {
        Command::Init(_) => (
            " where there is a wrangler configuration",
            "leave it out to prepare this project, or run `pywrangler init` for another".to_owned(),
        ),
        Command::Cache(_) => ("", format!("see `saddlebag {} --help`", command.name())),
        _ => return Ok(()),
    };
    let Some(word) = rest.take_name() else { return Ok(()) };
    if *command == Command::Cache(CacheCommand::Show)
        && let Some(error) = misspelt::unknown_command("cache", &word, ["dir", "clean"].into_iter())
    {
        return Err(error);
    }
    let message = format!("`saddlebag {}` takes no `{word}`{place}", command.name());
    Err(Error::new(ErrorKind::Usage, message, hint))
}

/// The format that a command line asks for. Read before anything is parsed, so that an error of the parser is printed in it.
pub(crate) fn format_of(argv: &[OsString]) -> Format {
    let before_the_dashes = argv.split(|word| word == "--").next().unwrap_or_default();
    let joined = before_the_dashes.iter().filter_map(|word| word.to_str()?.strip_prefix("--format="));
    let apart = before_the_dashes.windows(2).filter(|pair| pair[0] == "--format").filter_map(|pair| pair[1].to_str());
    joined.chain(apart).last().and_then(|name| Format::from_str(name, false).ok()).unwrap_or(Format::Human)
}

#[cfg(test)]
mod tests;
