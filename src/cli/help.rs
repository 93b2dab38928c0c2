//! What help and version say: the commands of ours, each with its line, its usage and its exit codes.
//!
//! Receives a command; hands on text. Must never name a command that `parse` does not know.

use super::flags::{OF_ONE_COMMAND, OwnFlags};
use super::{CacheAction, Command};
use clap::{Command as Clap, CommandFactory};

/// The commands of ours, with the line that help shows.
pub(super) const COMMANDS: &[(&str, &str)] = &[
    ("deploy", "Stage, prune and gate the project, then `pywrangler deploy` what passed"),
    ("publish", "The same for `pywrangler publish`"),
    ("preview", "The same for `pywrangler preview`"),
    ("versions upload", "The same for `pywrangler versions upload`"),
    ("init", "Write `requirements-runtime.txt` from what main imports, and show how to deploy from Make and CI"),
    ("check", "Run every gate; nothing is staged, nothing is uploaded"),
    ("report", "Say what is in the bundle, by package; `--html FILE` draws it"),
    ("stage", "Write the stage to `--out DIR`, to look at or to deploy by hand"),
    ("baseline", "Write what the upload weighs to `saddlebag-baseline.toml`, for the gate `growth`"),
    ("lock", "Write what resolves to `pylock.runtime.toml`, for every later deploy"),
    ("doctor", "Look at everything that a deploy stands on, and say what to do where something is missing"),
    ("doctor --install", "Install the Pyodide that `--smoke` needs into saddlebag's cache, by npm"),
    ("doctor --wheels", "Say which requirements resolve for which Python of a Worker; `[FILE]` names them"),
    ("classify", "Say of every dependency whether the Worker needs it, and what to do about the others"),
    ("why", "Say how a distribution or a module got into the bundle, and what it weighs"),
    ("impact", "Say what would break without a distribution or a module, and what would be saved"),
    ("cache", "Say where the vendored packages are kept, and what they weigh; `cache dir` says only where"),
    ("cache clean", "Remove the vendored packages, or those that nobody has used for `--older-than DAYS`"),
    ("completions", "Print what a shell needs to complete all this: `saddlebag completions bash`"),
    ("explain", "Show the page of a gate: what it finds, and what to do"),
    ("...", "Anything else is pywrangler's: `saddlebag tail` is `pywrangler tail`"),
];

pub(super) fn version() -> String {
    format!("saddlebag {}\n", env!("CARGO_PKG_VERSION"))
}

pub(super) fn help() -> String {
    let width = COMMANDS.iter().map(|(name, _)| name.len()).max().unwrap_or_default();
    let commands: String = COMMANDS.iter().map(|(name, about)| format!("  {name:width$}  {about}\n")).collect();
    format!(
        "{}\n\nUsage: saddlebag COMMAND [FLAGS] [ANYTHING pywrangler OR wrangler TAKES]\n\nCommands:\n{commands}\n\
         See `saddlebag COMMAND --help` for the flags.\n",
        env!("CARGO_PKG_DESCRIPTION")
    )
}

pub(super) fn command_help(command: &Command) -> String {
    let name = command.name();
    let about = COMMANDS.iter().find(|(known, _)| *known == name).map_or("", |(_, about)| about);
    let mut clap: Clap = OwnFlags::command().about(about).override_usage(match command {
        Command::Upload(_) => format!("saddlebag {name} [FLAGS] [ANYTHING `pywrangler {name}` TAKES]"),
        Command::Check => "saddlebag check [FLAGS] [--env NAME] [--config FILE]".to_owned(),
        Command::Report => "saddlebag report [--html FILE] [FLAGS] [--env NAME] [--config FILE]".to_owned(),
        Command::Stage => "saddlebag stage --out DIR [FLAGS] [--env NAME] [--config FILE]".to_owned(),
        Command::DoctorInstall => "saddlebag doctor --install [FLAGS] [--env NAME] [--config FILE]".to_owned(),
        Command::DoctorWheels => "saddlebag doctor --wheels [FILE] [FLAGS] [--config FILE]".to_owned(),
        Command::Cache(CacheAction::Clean) => "saddlebag cache clean [--older-than DAYS] [FLAGS]".to_owned(),
        Command::Cache(CacheAction::Show | CacheAction::Directory) => format!("saddlebag {name} [FLAGS]"),
        Command::Doctor => "saddlebag doctor [FLAGS] [--env NAME] [--config FILE]".to_owned(),
        Command::Init => "saddlebag init [FLAGS] [--env NAME] [--config FILE]".to_owned(),
        Command::Lock | Command::Classify => format!("saddlebag {name} [FLAGS] [--env NAME] [--config FILE]"),
        Command::Baseline => "saddlebag baseline [FLAGS] [--env NAME] [--config FILE]".to_owned(),
        Command::Why(_) | Command::Impact(_) => format!("saddlebag {name} NAME [FLAGS] [--env NAME] [--config FILE]"),
    });
    if *command == Command::Stage {
        clap = clap.mut_arg("out", |arg| arg.hide(false));
    }
    for flag in OF_ONE_COMMAND
        .iter()
        .filter(|(owner, _)| name == *owner || name.starts_with(&format!("{owner} ")))
        .flat_map(|(_, flags)| *flags)
    {
        clap = clap.mut_arg(flag.replace('-', "_"), |arg| arg.hide(false));
    }
    let after = match command {
        Command::Upload(_) => format!(
            "Every other flag goes on to pywrangler as it is: see `pywrangler {name} --help`.\n\
             Exit codes: 2 usage or configuration, 3 blocked by a gate, 4 could not do its work, else pywrangler's own."
        ),
        Command::Why(_) | Command::Impact(_) => {
            "NAME is a distribution (`pydantic`), a module (`pydantic.main`) or a path (`src/main.py`).\n\
             Exit codes: 0 found, 2 usage or configuration, 4 could not do its work."
                .to_owned()
        }
        Command::Init => "Where there is no wrangler configuration, `saddlebag init` is `pywrangler init`.\n\
             Exit codes: 0 done, 2 usage or configuration, 3 the requirements do not resolve, 4 could not do its work."
            .to_owned(),
        Command::Doctor => "Exit codes: 0 nothing is in the way, 4 something is.".to_owned(),
        Command::Cache(_) => "Exit codes: 0 done, 2 usage, 4 could not do its work.".to_owned(),
        Command::Check
        | Command::Report
        | Command::Stage
        | Command::Lock
        | Command::DoctorWheels
        | Command::DoctorInstall
        | Command::Baseline
        | Command::Classify => {
            "Exit codes: 0 passed, 2 usage or configuration, 3 blocked by a gate, 4 could not do its work.".to_owned()
        }
    };
    clap.after_help(after).render_help().to_string()
}
