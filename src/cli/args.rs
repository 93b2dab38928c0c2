//! The command line as clap defines it: every command, the flags that apply to it, and their help.
//!
//! Help, completions, "did you mean" and the splitter of `cli/split.rs` read this definition; there is no other list.

use super::{CacheCommand, Command, DoctorCommand, UploadCommand};
use crate::layout::NamespaceSetting;
use camino::Utf8PathBuf;
use clap::{Arg, Args, CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum, ValueHint};
use clap_complete::Shell;
use std::ffi::OsString;

/// The heading of wrangler's flags, which are shown and completed, but read with the rest of what is wrangler's.
pub(super) const WRANGLER_HEADING: &str = "Options of wrangler";

const CHECK_EXIT_CODES: &str =
    "Exit codes: 0 passed, 2 usage or configuration, 3 blocked by a gate, 4 saddlebag failed";
const SUBJECT_EXIT_CODES: &str = "Exit codes: 0 found, 2 usage or configuration, 4 saddlebag failed";
const CACHE_EXIT_CODES: &str = "Exit codes: 0 done, 2 usage, 4 saddlebag failed";

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    Human,
    Json,
    /// Annotations, and the job summary of GitHub Actions
    Github,
    /// SARIF 2.1.0, for code scanning
    Sarif,
}

/// What is printed, and how: every command has these.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct OutputArgs {
    /// Print the report in this format
    #[arg(long, value_enum, value_name = "FORMAT")]
    pub(crate) format: Option<Format>,
    /// Print only the verdict, what blocks, and a line for each warning
    #[arg(long, conflicts_with = "verbose")]
    pub(crate) quiet: bool,
    /// Print everything: tables, every gate, each module and dropped file
    #[arg(long)]
    pub(crate) verbose: bool,
    /// Print how long each step took
    #[arg(long)]
    pub(crate) timings: bool,
}

/// What commands that read a project have.
#[derive(Debug, Clone, Default, Args)]
#[command(args = wrangler_args())]
pub(crate) struct ProjectArgs {
    /// Also write the report to FILE, as JSON
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) report: Option<Utf8PathBuf>,
    /// Also write the report to FILE, as a page of HTML that needs no network
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) html: Option<Utf8PathBuf>,
    /// Set a gate's level to off, warn or deny; may be repeated
    #[arg(long, value_name = "ID=LEVEL")]
    pub(crate) gate: Vec<String>,
    /// Read the runtime requirements from FILE [default: requirements-runtime.txt, else the project's dependencies]
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) requirements: Option<Utf8PathBuf>,
}

/// What commands that resolve the requirements and plan the bundle have.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct BundleArgs {
    /// Choose how the source is laid out in the upload
    #[arg(long, value_enum, value_name = "LAYOUT")]
    pub(crate) namespace: Option<NamespaceSetting>,
    /// Upload only what something imports of each package; requires `--smoke` to pass
    #[arg(long)]
    pub(crate) shake: bool,
    /// Resolve and install the packages again
    #[arg(long)]
    pub(crate) no_cache: bool,
    /// Skip the `build.command` of the wrangler configuration
    #[arg(long)]
    pub(crate) no_build: bool,
}

/// What commands that run every gate have.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct GateArgs {
    /// Import the staged bundle in real Pyodide before anything is uploaded
    #[arg(long)]
    pub(crate) smoke: bool,
    /// Compare wrangler's own dry run with the plan before anything is uploaded
    #[arg(long)]
    pub(crate) verify: bool,
    /// Fail if the resolution differs from the project's lock
    #[arg(long)]
    pub(crate) locked: bool,
    /// Use FILE as the baseline of the gate `growth` [default: saddlebag-baseline.toml]
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) baseline: Option<Utf8PathBuf>,
    /// Keep the stage and print its path
    #[arg(long)]
    pub(crate) keep_stage: bool,
}

/// What commands that upload have.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct UploadArgs {
    /// Print the ids that wrangler created instead of writing them to its configuration
    #[arg(long)]
    pub(crate) no_write_back: bool,
}

/// Every flag that is a setting. A command that uploads has them all; the others have the groups that apply to them.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct Flags {
    #[command(flatten)]
    pub(crate) output: OutputArgs,
    #[command(flatten)]
    pub(crate) project: ProjectArgs,
    #[command(flatten)]
    pub(crate) bundle: BundleArgs,
    #[command(flatten)]
    pub(crate) gates: GateArgs,
    #[command(flatten)]
    pub(crate) upload: UploadArgs,
}

/// The flags of commands that run every gate without an upload.
#[derive(Debug, Args)]
struct CheckFlags {
    #[command(flatten)]
    plan: PlanFlags,
    #[command(flatten)]
    gates: GateArgs,
}

/// The flags of commands that plan the bundle.
#[derive(Debug, Args)]
struct PlanFlags {
    #[command(flatten)]
    output: OutputArgs,
    #[command(flatten)]
    project: ProjectArgs,
    #[command(flatten)]
    bundle: BundleArgs,
}

impl From<CheckFlags> for Flags {
    fn from(flags: CheckFlags) -> Self {
        Self { gates: flags.gates, ..flags.plan.into() }
    }
}

impl From<PlanFlags> for Flags {
    fn from(flags: PlanFlags) -> Self {
        Self { output: flags.output, project: flags.project, bundle: flags.bundle, ..Self::default() }
    }
}

impl From<OutputArgs> for Flags {
    fn from(output: OutputArgs) -> Self {
        Self { output, ..Self::default() }
    }
}

/// What `init` does beyond showing its plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Args)]
pub(crate) struct InitArgs {
    /// Write without asking
    #[arg(long)]
    pub(crate) yes: bool,
    /// Overwrite existing files
    #[arg(long)]
    pub(crate) force: bool,
    /// Also write `.github/workflows/deploy.yml`
    #[arg(long)]
    pub(crate) write_workflow: bool,
}

#[derive(Debug, Args)]
struct InitFlags {
    #[command(flatten)]
    init: InitArgs,
    #[command(flatten)]
    plan: PlanFlags,
}

#[derive(Debug, Args)]
struct StageFlags {
    /// Write the stage to DIR
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    out: Utf8PathBuf,
    #[command(flatten)]
    check: CheckFlags,
}

#[derive(Debug, Args)]
struct DoctorFlags {
    /// List the Python versions of Workers for which each requirement resolves
    #[arg(long)]
    wheels: bool,
    /// Install the Pyodide that `--smoke` needs into saddlebag's cache, with npm
    #[arg(long, conflicts_with = "wheels")]
    install: bool,
    #[command(flatten)]
    output: OutputArgs,
    #[command(flatten)]
    project: ProjectArgs,
    /// The requirements that `--wheels` looks at
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath, requires = "wheels")]
    file: Option<Utf8PathBuf>,
}

#[derive(Debug, Args)]
struct SubjectFlags {
    /// A distribution (`pydantic`), a module (`pydantic.main`) or a path (`src/main.py`)
    #[arg(value_name = "NAME")]
    name: String,
    #[command(flatten)]
    plan: PlanFlags,
}

#[derive(Debug, Args)]
struct CacheFlags {
    #[command(flatten)]
    output: OutputArgs,
    #[command(subcommand)]
    command: Option<CacheSubcommand>,
}

#[derive(Debug, Subcommand)]
enum CacheSubcommand {
    /// Print the cache directory
    #[command(after_help = CACHE_EXIT_CODES)]
    Dir(OutputArgs),
    /// Remove the vendored packages
    #[command(after_help = CACHE_EXIT_CODES)]
    Clean {
        /// Remove only what has not been used for DAYS days
        #[arg(long, value_name = "DAYS")]
        older_than: Option<u64>,
        #[command(flatten)]
        output: OutputArgs,
    },
}

#[derive(Debug, Subcommand)]
enum VersionsSubcommand {
    /// Stage, prune and check the project, then run `pywrangler versions upload`
    #[command(after_help = upload_notes("versions upload"))]
    Upload(Flags),
}

#[derive(Debug, Parser)]
#[command(
    name = "saddlebag",
    about = env!("CARGO_PKG_DESCRIPTION"),
    override_usage = "saddlebag <COMMAND> [OPTIONS] [ARGUMENTS OF pywrangler OR wrangler]",
    after_help = "Any other command is pywrangler's: `saddlebag tail` runs `pywrangler tail`.\n\
                  See `saddlebag COMMAND --help` for the options of a command.",
    disable_help_flag = true,
    disable_version_flag = true,
    disable_help_subcommand = true,
    no_binary_name = true
)]
struct CommandLine {
    #[command(subcommand)]
    command: OwnCommand,
}

#[derive(Debug, Subcommand)]
enum OwnCommand {
    /// Stage, prune and check the project, then run `pywrangler deploy`
    #[command(after_help = upload_notes("deploy"))]
    Deploy(Flags),
    /// Stage, prune and check the project, then run `pywrangler publish`
    #[command(after_help = upload_notes("publish"))]
    Publish(Flags),
    /// Stage, prune and check the project, then run `pywrangler preview`
    #[command(after_help = upload_notes("preview"))]
    Preview(Flags),
    /// Stage, prune and check the project, then run `pywrangler versions upload`
    Versions {
        #[command(subcommand)]
        command: VersionsSubcommand,
    },
    /// Write `requirements-runtime.txt`, and show how to deploy from Make and CI
    #[command(after_help = "Without a wrangler configuration, `saddlebag init` runs `pywrangler init`.\n\
                      Exit codes: 0 done, 2 usage or configuration, 3 the requirements do not resolve, 4 saddlebag failed")]
    Init(InitFlags),
    /// Run every gate without uploading anything
    #[command(after_help = CHECK_EXIT_CODES)]
    Check(CheckFlags),
    /// Show what is in the bundle, by package; `--html FILE` draws it
    #[command(after_help = CHECK_EXIT_CODES)]
    Report(CheckFlags),
    /// Write the stage to `--out DIR`, to inspect it or to deploy it by hand
    #[command(after_help = CHECK_EXIT_CODES)]
    Stage(StageFlags),
    /// Write the weight of the upload to `saddlebag-baseline.toml`, for the gate `growth`
    #[command(after_help = CHECK_EXIT_CODES)]
    Baseline(CheckFlags),
    /// Write the resolution to `pylock.runtime.toml`, which every later deploy keeps to
    #[command(after_help = CHECK_EXIT_CODES)]
    Lock(PlanFlags),
    /// Check your setup and suggest fixes
    #[command(
        after_help = "Exit codes: 0 ready, 2 usage or configuration, 3 blocked by a gate, 4 something is missing or failed"
    )]
    Doctor(DoctorFlags),
    /// Show which dependencies the Worker needs, and what to do about the others
    #[command(after_help = CHECK_EXIT_CODES)]
    Classify(PlanFlags),
    /// Show how a distribution or a module got into the bundle, and what it weighs
    #[command(after_help = SUBJECT_EXIT_CODES)]
    Why(SubjectFlags),
    /// Show what would break without a distribution or a module, and what would be saved
    #[command(after_help = SUBJECT_EXIT_CODES)]
    Impact(SubjectFlags),
    /// Show where the vendored packages are kept and what they weigh
    #[command(after_help = CACHE_EXIT_CODES)]
    Cache(CacheFlags),
    /// Print a shell's completion script
    Completions {
        /// The shell to complete for
        #[arg(value_name = "SHELL")]
        shell: Shell,
    },
    /// Print the page of a gate: what it finds, and what to do
    Explain {
        /// A gate (`imports`), or the code of a finding (`imports.missing`)
        #[arg(value_name = "GATE")]
        gate: Option<String>,
    },
}

/// What was parsed: a command that `commands` runs, or text to print.
pub(super) enum Parsed {
    Command(Command, Flags),
    Completions(Shell),
    /// `explain`, for a gate or the code of a finding.
    Explain(Option<String>),
}

impl OwnCommand {
    fn into_parsed(self) -> Parsed {
        let (command, flags) = match self {
            Self::Deploy(flags) => (Command::Upload(UploadCommand::Deploy), flags),
            Self::Publish(flags) => (Command::Upload(UploadCommand::Publish), flags),
            Self::Preview(flags) => (Command::Upload(UploadCommand::Preview), flags),
            Self::Versions { command: VersionsSubcommand::Upload(flags) } => {
                (Command::Upload(UploadCommand::VersionsUpload), flags)
            }
            Self::Init(InitFlags { init, plan }) => (Command::Init(init), plan.into()),
            Self::Check(flags) => (Command::Check, flags.into()),
            Self::Report(flags) => (Command::Report, flags.into()),
            Self::Stage(StageFlags { out, check }) => (Command::Stage { out }, check.into()),
            Self::Baseline(flags) => (Command::Baseline, flags.into()),
            Self::Lock(flags) => (Command::Lock, flags.into()),
            Self::Doctor(flags) => flags.into_parts(),
            Self::Classify(flags) => (Command::Classify, flags.into()),
            Self::Why(SubjectFlags { name, plan }) => (Command::Why(name), plan.into()),
            Self::Impact(SubjectFlags { name, plan }) => (Command::Impact(name), plan.into()),
            Self::Cache(flags) => flags.into_parts(),
            Self::Completions { shell } => return Parsed::Completions(shell),
            Self::Explain { gate } => return Parsed::Explain(gate),
        };
        Parsed::Command(command, flags)
    }
}

impl DoctorFlags {
    fn into_parts(self) -> (Command, Flags) {
        let command = match (self.wheels, self.install) {
            (true, _) => DoctorCommand::Wheels,
            (false, true) => DoctorCommand::Install,
            (false, false) => DoctorCommand::Examine,
        };
        let requirements = self.file.or(self.project.requirements);
        let project = ProjectArgs { requirements, ..self.project };
        (Command::Doctor(command), Flags { output: self.output, project, ..Flags::default() })
    }
}

impl CacheFlags {
    fn into_parts(self) -> (Command, Flags) {
        let (command, output) = match self.command {
            None => (CacheCommand::Show, self.output),
            Some(CacheSubcommand::Dir(output)) => (CacheCommand::Dir, output),
            Some(CacheSubcommand::Clean { older_than, output }) => {
                (CacheCommand::Clean { older_than_days: older_than }, output)
            }
        };
        (Command::Cache(command), output.into())
    }
}

fn upload_notes(command: &str) -> String {
    format!(
        "Every other option is passed to pywrangler: see `pywrangler {command} --help`.\n\
         Exit codes: 2 usage or configuration, 3 blocked by a gate, 4 saddlebag failed, else pywrangler's own"
    )
}

/// The flags of wrangler's that say which project it is.
fn wrangler_args() -> [Arg; 2] {
    let flag = |name: &'static str, short: char| Arg::new(name).long(name).short(short).help_heading(WRANGLER_HEADING);
    [
        flag("env", 'e').value_name("NAME").help("Use this environment of the wrangler configuration"),
        flag("config", 'c')
            .value_name("FILE")
            .value_hint(ValueHint::FilePath)
            .help("Use this file as the wrangler configuration"),
    ]
}

/// The definition as help and completions show it.
pub(super) fn documented() -> clap::Command {
    CommandLine::command()
}

/// The definition that parses. A setting without an effect on a command is accepted there too, and ignored: scripts pass
/// the same flags to several commands.
pub(super) fn accepted() -> clap::Command {
    let settings = Flags::augment_args(clap::Command::new("settings"));
    documented().mut_subcommands(|command| with_hidden(command, &settings))
}

fn with_hidden(command: clap::Command, settings: &clap::Command) -> clap::Command {
    let command = command.mut_subcommands(|subcommand| with_hidden(subcommand, settings));
    let has = |arg: &Arg| command.get_arguments().any(|known| known.get_id() == arg.get_id());
    let missing: Vec<Arg> =
        settings.get_arguments().filter(|arg| !has(arg)).map(|arg| arg.clone().hide(true)).collect();
    command.args(missing)
}

/// Parses the words of one of our commands: its name, its flags, its arguments.
///
/// # Errors
/// clap's own.
pub(super) fn parse(definition: clap::Command, words: Vec<OsString>) -> Result<Parsed, clap::Error> {
    let matches = definition.try_get_matches_from(words)?;
    Ok(CommandLine::from_arg_matches(&matches)?.command.into_parsed())
}

/// The flags of a command that are ours: without wrangler's, which are only shown.
pub(super) fn own_flags(command: &clap::Command) -> impl Iterator<Item = &Arg> {
    command.get_arguments().filter(|arg| arg.get_long().is_some() && arg.get_help_heading() != Some(WRANGLER_HEADING))
}

/// Every command with its path: `versions upload`.
pub(super) fn commands(root: &clap::Command) -> Vec<(String, &clap::Command)> {
    let mut found = Vec::new();
    for command in root.get_subcommands() {
        let name = command.get_name();
        found.push((name.to_owned(), command));
        found.extend(commands(command).into_iter().map(|(path, below)| (format!("{name} {path}"), below)));
    }
    found
}
