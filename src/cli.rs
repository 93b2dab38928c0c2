//! The command line: which command, which flags are ours, and which go on to pywrangler untouched.
//!
//! Receives argv; hands on an `Invocation`. clap knows our own flags and nothing else does; what is not ours keeps its
//! order and its spelling. Must never read the environment or a file, and never drop a word of the user's.

mod complete;

use crate::error::{Error, Kind, Result};
use crate::passthrough::Passthrough;
use camino::Utf8PathBuf;
use clap::{Arg, ArgAction, Args, Command as Clap, CommandFactory, Parser, ValueEnum};
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
    /// Say the verdict and nothing else
    #[arg(long, conflicts_with = "verbose")]
    pub(crate) quiet: bool,
    /// Say everything: each dropped file, each module, what the tools print
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
struct OwnFlags {
    #[command(flatten)]
    flags: Flags,
}

/// Flags that are ours after one command only; after another they are whosever they are.
const OF_ONE_COMMAND: &[(&str, &[&str])] = &[("init", &["yes", "force", "write-workflow"]), ("cache", &["older-than"])];

/// The commands of ours, with the line that help shows.
const COMMANDS: &[(&str, &str)] = &[
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

/// Reads argv (without the program's name).
///
/// # Errors
/// `Kind::Usage` for a flag of ours that does not parse.
pub(crate) fn parse(argv: Vec<OsString>) -> Result<Invocation> {
    let Some((before, mut command, after)) = split_command(&argv) else {
        return match argv.first().and_then(|word| word.to_str()) {
            None => Ok(Invocation::Text(help())),
            Some("-h" | "--help" | "help") if argv.len() == 1 => Ok(Invocation::Text(help())),
            Some("-V" | "--version") => Ok(Invocation::Text(version())),
            Some("explain") => explain(&argv[1..]),
            Some("completions") => complete::script(&argv[1..]).map(Invocation::Text),
            Some(_) => Ok(Invocation::Pywrangler(argv)),
        };
    };
    if command == Command::Init && !after.iter().any(|word| word == "--help" || word == "-h") {
        return Ok(Invocation::Init { ours: own_init(before, after), words: argv });
    }
    let (mut own, before) = split_flags(before.into_iter(), &command)?;
    let (own_after, rest) = split_flags(after.into_iter(), &command)?;
    own.extend(own_after);
    let mut flags = OwnFlags::try_parse_from(own).map_err(|error| usage(&error))?.flags;
    let mut rest = Passthrough::read(rest).after(before);
    if rest.has("help") || rest.has("h") {
        return Ok(Invocation::Text(command_help(&command)));
    }
    if rest.has("version") || rest.has("v") {
        return Ok(Invocation::Pywrangler(argv)); // wrangler's own answer, as `pywrangler deploy --version` gives it
    }
    if let Command::Why(name) | Command::Impact(name) = &mut command {
        *name = rest.take_name().ok_or_else(|| {
            Error::new(
                Kind::Usage,
                "the name of a distribution or a module is missing",
                "add one, as in `saddlebag why pydantic` or `saddlebag why src/main.py`",
            )
        })?;
    }
    if let Command::Doctor | Command::Cache(_) = command
        && let Some(word) = rest.take_name()
    {
        let message = format!("`saddlebag {}` takes no `{word}`", command.name());
        return Err(Error::new(Kind::Usage, message, format!("see `saddlebag {} --help`", command.name())));
    }
    if flags.older_than.is_some() && command != Command::Cache(CacheAction::Clean) {
        let message = "`--older-than` belongs to `saddlebag cache clean`";
        return Err(Error::new(Kind::Usage, message, "leave it out, or use `saddlebag cache clean --older-than DAYS`"));
    }
    if flags.install && command != Command::DoctorInstall {
        return Err(Error::new(
            Kind::Usage,
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
                Kind::Usage,
                "`--wheels` belongs to `saddlebag doctor`",
                "leave `--wheels` out, or use `saddlebag doctor --wheels`",
            ));
        }
        _ => {}
    }
    match (&command, &flags.out) {
        (Command::Stage, None) => {
            return Err(Error::new(Kind::Usage, "`saddlebag stage` needs a directory to write to", "add `--out DIR`"));
        }
        (Command::Stage, Some(_)) | (_, None) => {}
        (_, Some(_)) => {
            return Err(Error::new(
                Kind::Usage,
                "`--out` belongs to `saddlebag stage`",
                "leave `--out` out, or use `saddlebag stage --out DIR`",
            ));
        }
    }
    if let Some(error) = refusal(&command, &rest) {
        return Err(error);
    }
    Ok(Invocation::Own(Box::new(OwnInvocation { command, flags, rest })))
}

/// `init` as ours, which takes flags and nothing else.
fn own_init(before: Vec<OsString>, after: Vec<OsString>) -> Result<Box<OwnInvocation>> {
    let command = Command::Init;
    let (own, rest) = split_flags(before.into_iter().chain(after), &command)?;
    let flags = OwnFlags::try_parse_from(own).map_err(|error| usage(&error))?.flags;
    let mut rest = Passthrough::read(rest);
    if let Some(word) = rest.take_name() {
        return Err(Error::new(
            Kind::Usage,
            format!("`saddlebag init` takes no `{word}` where there is a wrangler configuration"),
            "leave it out to prepare this project, or run `pywrangler init` for another",
        ));
    }
    match refusal(&command, &rest) {
        Some(error) => Err(error),
        None => Ok(Box::new(OwnInvocation { command, flags, rest })),
    }
}

/// A flag that is nobody's, after a command that hands none on.
fn refusal(command: &Command, rest: &Passthrough) -> Option<Error> {
    let flag = rest.first_unknown_flag().filter(|_| !matches!(command, Command::Upload(_)))?;
    let hint = match closest(&flag, own_longs().iter().map(String::as_str)) {
        Some(close) => format!("did you mean `--{close}`?"),
        None => format!("see `saddlebag {} --help`", command.name()),
    };
    Some(Error::new(Kind::Usage, format!("`--{flag}` is a flag of neither saddlebag nor wrangler"), hint))
}

/// `explain`, `explain GATE`, `explain CODE`: asks nothing of a project.
fn explain(words: &[OsString]) -> Result<Invocation> {
    if words.iter().any(|word| word == "--help" || word == "-h") {
        return Ok(Invocation::Text(
            "Usage: saddlebag explain [GATE]\n\nGATE is a gate, or the code of a finding.\n".into(),
        ));
    }
    let name = words.first().map(|word| word.to_string_lossy());
    crate::command::explain::page(name.as_deref()).map(Invocation::Text)
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
    let mut at = 0;
    while let Some(word) = argv.get(at).and_then(|word| word.to_str()) {
        match own_flag(word, "") {
            Some(OwnFlag { value: true, joined: false }) => at += 2,
            Some(_) => at += 1,
            None if word == "--debug" => at += 1,
            None => break,
        }
    }
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

struct OwnFlag {
    value: bool,
    joined: bool,
}

/// Whether a word is a flag of ours, after this command (none: before it), and whether its value is the next word.
fn own_flag(word: &str, command: &str) -> Option<OwnFlag> {
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

fn own_longs() -> Vec<String> {
    OwnFlags::command().get_arguments().filter_map(Arg::get_long).map(str::to_owned).collect()
}

/// Parts our flags from the others; after `--` nothing is ours.
fn split_flags(words: impl Iterator<Item = OsString>, command: &Command) -> Result<(Vec<OsString>, Vec<OsString>)> {
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
fn usage(error: &clap::Error) -> Error {
    let text = error.render().to_string();
    let first = text.lines().next().unwrap_or_default();
    Error::new(Kind::Usage, first.trim_start_matches("error: "), "see `saddlebag deploy --help`")
}

/// The candidate nearest to `word`, if one is near.
pub(crate) fn closest<'a>(word: &str, candidates: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    candidates
        .map(|candidate| (strsim::damerau_levenshtein(word, candidate), candidate))
        .filter(|(distance, candidate)| *distance <= 1 + candidate.len().min(word.len()) / 4)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

fn version() -> String {
    format!("saddlebag {}\n", env!("CARGO_PKG_VERSION"))
}

fn help() -> String {
    let width = COMMANDS.iter().map(|(name, _)| name.len()).max().unwrap_or_default();
    let commands: String = COMMANDS.iter().map(|(name, about)| format!("  {name:width$}  {about}\n")).collect();
    format!(
        "{}\n\nUsage: saddlebag COMMAND [FLAGS] [ANYTHING pywrangler OR wrangler TAKES]\n\nCommands:\n{commands}\n\
         See `saddlebag COMMAND --help` for the flags.\n",
        env!("CARGO_PKG_DESCRIPTION")
    )
}

fn command_help(command: &Command) -> String {
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

#[cfg(test)]
mod tests {
    use super::*;

    fn own(line: &str) -> OwnInvocation {
        match parse(line.split_whitespace().map(OsString::from).collect()) {
            Ok(Invocation::Own(invocation)) => *invocation,
            other => panic!("{line}: {other:?}"),
        }
    }

    fn passes(line: &str) -> bool {
        matches!(parse(line.split_whitespace().map(OsString::from).collect()), Ok(Invocation::Pywrangler(words)) if words.len() == line.split_whitespace().count())
    }

    #[test]
    fn our_flags_are_taken_from_either_side_and_the_rest_keeps_its_order() {
        let parsed =
            own("--format json deploy --env develop --keep-stage --var A:1 --gate size=warn --dry-run -- --format x");
        assert_eq!(parsed.command, Command::Upload(&["deploy"]));
        assert_eq!(parsed.flags.format, Some(Format::Json));
        assert!(parsed.flags.keep_stage);
        assert_eq!(parsed.flags.gate, ["size=warn"]);
        let words: Vec<_> = parsed.rest.words().iter().map(|w| w.to_str().unwrap()).collect();
        assert_eq!(words, ["--env", "develop", "--var", "A:1", "--dry-run", "--", "--format", "x"]);
    }

    #[test]
    fn pywranglers_own_flag_stays_before_the_command() {
        let parsed = own("--debug --format json deploy --env develop");
        assert_eq!((parsed.rest.before(), parsed.rest.words().len()), (&["--debug".into()][..], 2));
        assert_eq!(own("deploy --debug").rest.before().len(), 0);
    }

    #[test]
    fn what_is_not_ours_is_pywranglers_whole() {
        for line in [
            "tail --format json",
            "check startup",
            "versions list",
            "preview delete",
            "secret put X",
            "dev --port 1",
            "--env x deploy",
        ] {
            assert!(passes(line), "{line}");
        }
    }

    #[test]
    fn no_flag_of_ours_is_one_of_wranglers() {
        for long in own_longs() {
            assert!(!crate::passthrough::is_wranglers(&long), "--{long}");
        }
    }

    #[test]
    fn a_misspelt_flag_of_check_is_named() {
        let error = parse(vec!["check".into(), "--formt".into(), "json".into()]).unwrap_err();
        insta::assert_snapshot!(format!("{error}\n{}", error.hint), @"
        `--formt` is a flag of neither saddlebag nor wrangler
        did you mean `--format`?
        ");
    }

    #[test]
    fn a_value_that_is_not_one_of_a_flags_is_refused() {
        let error = parse(vec!["deploy".into(), "--format".into(), "xml".into()]).unwrap_err();
        insta::assert_snapshot!(error, @"invalid value 'xml' for '--format <FORMAT>'");
    }
}
