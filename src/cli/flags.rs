//! Our own flags, and how they are told from wrangler's among the words of a command line.
//!
//! Receives words; hands on those that are ours for clap, and the rest in its order. None of ours is one of wrangler's. Must
//! never look behind `--`.

use super::Command;
use crate::error::{Error, ErrorKind, Result};
use camino::Utf8PathBuf;
use clap::{Arg, ArgAction, Args, CommandFactory, Parser, ValueEnum};
use std::ffi::OsString;

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    Human,
    Json,
    /// Annotations, and the job summary of GitHub Actions
    Github,
    /// SARIF 2.1.0, for code scanning
    Sarif,
}

/// Our own flags, the same for every own command. None of them is one of wrangler's.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct Flags {
    /// How the report is written to stdout
    #[arg(long, value_enum, value_name = "FORMAT")]
    pub(crate) format: Option<Format>,
    /// Also write the report to FILE, as JSON
    #[arg(long, value_name = "FILE")]
    pub(crate) report: Option<Utf8PathBuf>,
    /// Also write the picture to FILE: a page of HTML that needs no network
    #[arg(long, value_name = "FILE")]
    pub(crate) html: Option<Utf8PathBuf>,
    /// Set a gate's level: off, warn or deny; may be repeated
    #[arg(long, value_name = "ID=LEVEL")]
    pub(crate) gate: Vec<String>,
    /// The runtime requirements [default: requirements-runtime.txt, else the project's dependencies]
    #[arg(long, value_name = "FILE")]
    pub(crate) requirements: Option<Utf8PathBuf>,
    /// How the source is laid out in the upload: auto, keep or flat
    #[arg(long, value_name = "LAYOUT")]
    pub(crate) namespace: Option<String>,
    /// Import the staged bundle in real Pyodide before anything is uploaded
    #[arg(long)]
    pub(crate) smoke: bool,
    /// Hold wrangler's own dry run against the plan before anything is uploaded
    #[arg(long)]
    pub(crate) verify: bool,
    /// Of each package, upload only what something imports; `--smoke` has to pass then
    #[arg(long)]
    pub(crate) shake: bool,
    /// Keep the stage and say where it is
    #[arg(long)]
    pub(crate) keep_stage: bool,
    /// Resolve and install the packages again
    #[arg(long)]
    pub(crate) no_cache: bool,
    /// Do not run the `build.command` of the wrangler configuration
    #[arg(long)]
    pub(crate) no_build: bool,
    /// Only show the ids that wrangler made, do not write them to its file
    #[arg(long)]
    pub(crate) no_write_back: bool,
    /// Print only the verdict, what blocks, and a line for each warning
    #[arg(long, conflicts_with = "verbose")]
    pub(crate) quiet: bool,
    /// Print everything: tables, every gate, each module and dropped file
    #[arg(long)]
    pub(crate) verbose: bool,
    /// Say how long each part took
    #[arg(long)]
    pub(crate) timings: bool,
    /// Where `stage` writes the stage
    #[arg(long, value_name = "DIR", hide = true)]
    pub(crate) out: Option<Utf8PathBuf>,
    /// The file of the baseline, for `growth` [default: saddlebag-baseline.toml]
    #[arg(long, value_name = "FILE")]
    pub(crate) baseline: Option<Utf8PathBuf>,
    #[arg(long, hide = true)]
    pub(crate) wheels: bool,
    #[arg(long, hide = true)]
    pub(crate) install: bool,
    /// Write without asking
    #[arg(long, hide = true)]
    pub(crate) yes: bool,
    /// Write anew what is there already
    #[arg(long, hide = true)]
    pub(crate) force: bool,
    /// Also write `.github/workflows/deploy.yml`
    #[arg(long, hide = true)]
    pub(crate) write_workflow: bool,
    /// Only what nobody has used for so many days
    #[arg(long, value_name = "DAYS", hide = true)]
    pub(crate) older_than: Option<u64>,
    /// Fail where what resolves is not what the project's lock says
    #[arg(long)]
    pub(crate) locked: bool,
}

#[derive(Debug, Parser)]
#[command(name = "saddlebag", disable_version_flag = true, disable_help_flag = true, no_binary_name = true)]
pub(super) struct OwnFlags {
    #[command(flatten)]
    pub(super) flags: Flags,
}

/// Flags that are ours after one command only; after another they are whosever they are.
pub(super) const OF_ONE_COMMAND: &[(&str, &[&str])] =
    &[("init", &["yes", "force", "write-workflow"]), ("cache", &["older-than"])];

pub(super) struct OwnFlag {
    pub(super) value: bool,
    pub(super) joined: bool,
}

/// Whether a word is a flag of ours, after this command (none: before it), and whether its value is the next word.
pub(super) fn own_flag(word: &str, command: &str) -> Option<OwnFlag> {
    let name = word.strip_prefix("--")?;
    let (name, joined) = match name.split_once('=') {
        Some((name, _)) => (name, true),
        None => (name, false),
    };
    if OF_ONE_COMMAND.iter().any(|(owner, flags)| *owner != command && flags.contains(&name)) {
        return None;
    }
    let clap = OwnFlags::command();
    let arg = clap.get_arguments().find(|arg| arg.get_long() == Some(name))?;
    Some(OwnFlag { value: takes_value(arg), joined })
}

fn takes_value(arg: &Arg) -> bool {
    matches!(arg.get_action(), ArgAction::Set | ArgAction::Append)
}

pub(super) fn own_longs() -> Vec<String> {
    OwnFlags::command().get_arguments().filter_map(Arg::get_long).map(str::to_owned).collect()
}

/// Parts our flags from the others; after `--` nothing is ours.
pub(super) fn split_flags(
    words: impl Iterator<Item = OsString>,
    command: &Command,
) -> Result<(Vec<OsString>, Vec<OsString>)> {
    let command = command.name();
    let command = command.split(' ').next().unwrap_or_default();
    let (mut own, mut rest) = (Vec::new(), Vec::new());
    let mut words = words.peekable();
    while let Some(word) = words.next() {
        if word == "--" {
            rest.push(word);
            rest.extend(words);
            break;
        }
        match word.to_str().and_then(|word| own_flag(word, command)) {
            Some(flag) => {
                own.push(word);
                if flag.value && !flag.joined {
                    own.extend(words.next());
                }
            }
            None => rest.push(word),
        }
    }
    Ok((own, rest))
}

/// clap's first line, without its prefix, as an error of ours.
pub(super) fn usage(error: &clap::Error, command: &Command) -> Error {
    let text = error.render().to_string();
    let first = text.lines().next().unwrap_or_default();
    let hint = format!("see `saddlebag {} --help`", command.name());
    Error::new(ErrorKind::Usage, first.trim_start_matches("error: "), hint)
}
