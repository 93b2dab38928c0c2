//! How each room is asked: from what the corridor has so far to what a room takes.
//!
//! Receives the values of the rooms before; hands on the value of the next. Must never decide what comes next.

use crate::baseline::{self, Baseline};
use crate::bundle::{self, Bundle};
use crate::cli::{Command, OwnInvocation};
use crate::error::{Error, Kind, Result};
use crate::gate::{self, Cleared, Outcome};
use crate::passthrough::{self, Passthrough};
use crate::project::layout::{self, LayoutRequest};
use crate::project::target::TargetFlags;
use crate::project::{Layout, Project, Requirements, Target, WranglerConfig, config, pyproject};
use crate::settings::{Environment, Named, Settings};
use crate::stage;
use crate::term::Terminal;
use crate::tool::{self, Stdout};
use crate::toolchain;
use crate::vendor::Vendored;
use camino::{Utf8Path, Utf8PathBuf};
use std::collections::BTreeSet;

/// Everything about the project but its requirements, whose place the settings say.
pub(super) fn find_project(
    invocation: &OwnInvocation,
    environment: &Environment,
    process_cwd: &Utf8Path,
) -> Result<(Project, Settings)> {
    let words = &invocation.rest;
    let cwd = passthrough::resolved_cwd(process_cwd, words);
    if let Some((flag, error)) = crate::cli::misspelt_upload_flag(invocation)
        && !toolchain::wrangler_has_flag(&cwd, &flag.name)
    {
        return Err(error);
    }
    // wrangler looks from the script's directory where one is given, from its working directory otherwise.
    let script = words.script().map(|script| crate::project::resolve(&cwd, script));
    let from = script.as_deref().and_then(Utf8Path::parent).unwrap_or(&cwd);
    let named = words.config().map(|config| crate::project::resolve(&cwd, config));
    let found = config::find(from, named.as_deref())?;
    let users_config_dir = found.generated_for.as_deref().or(found.path.parent());
    // pywrangler looks from where it is started, and would not start elsewhere.
    let pyproject_path = pyproject::find(&cwd).or_else(|| pyproject::find(users_config_dir?));
    let root = pyproject_path.as_deref().and_then(Utf8Path::parent).or(users_config_dir).unwrap_or(&cwd).to_owned();
    let pyproject = pyproject_path.map(|path| pyproject::read(path, &root)).transpose()?;
    let environment_name = words.env().map(str::to_owned).or_else(|| cloudflare_env(environment, &cwd));
    let config = config::read(found, environment_name.as_deref(), &root)?;
    let settings = Settings::read(&invocation.flags, environment, pyproject.as_ref(), config.environment.as_deref())?;
    let environment_chosen = environment_name.is_some();
    Ok((
        Project {
            root,
            cwd,
            process_cwd: process_cwd.to_owned(),
            config,
            environment_chosen,
            assets_named: words.names_assets(),
            pyproject,
            requirements: Requirements::default(),
        },
        settings,
    ))
}

pub(super) fn current_dir() -> Result<Utf8PathBuf> {
    let path = std::env::current_dir().map_err(|error| {
        Error::new(
            Kind::Unreadable,
            format!("the working directory cannot be told: {error}"),
            "change to a directory that exists",
        )
    })?;
    crate::error::utf8(path)
}

/// `CLOUDFLARE_ENV`, also from the `.env` files that wrangler reads before it asks for it.
fn cloudflare_env(environment: &Environment, cwd: &Utf8Path) -> Option<String> {
    const NAME: &str = "CLOUDFLARE_ENV";
    let from_file = |file: &str| {
        let pairs = dotenvy::from_path_iter(cwd.join(file)).ok()?;
        pairs.flatten().filter(|(name, _)| name == NAME).map(|(_, value)| value).last()
    };
    environment
        .get(NAME)
        .map(str::to_owned)
        .or_else(|| from_file(".env.local"))
        .or_else(|| from_file(".env"))
        .filter(|name| !name.is_empty())
}

pub(super) fn target_flags(words: &Passthrough, config: &WranglerConfig) -> TargetFlags {
    // Without a wrangler npx fetches the newest, whose date is not long ago.
    let latest = || toolchain::latest_date(config.dir()).unwrap_or_else(today);
    TargetFlags {
        compatibility_date: words.compatibility_date().map(str::to_owned),
        compatibility_flags: words.compatibility_flags(),
        latest: words.latest().then(latest),
        today: today(),
    }
}

/// Today in UTC, `YYYY-MM-DD`.
pub(super) fn today() -> String {
    jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date().to_string()
}

/// A denial of `toolchain` means that the work cannot be done at all.
pub(super) fn unusable(judged: &[gate::Judgement]) -> Option<Error> {
    let toolchain = judged.iter().find(|judgement| judgement.outcome == Outcome::Blocked)?;
    let finding = toolchain.findings.iter().find(|finding| finding.weight() == gate::Severity::Deny)?;
    let kind = if finding.code == "toolchain.missing" { Kind::ToolMissing } else { Kind::ToolTooOld };
    Some(Error::new(kind, finding.message.clone(), finding.help.clone()).with_location(finding.location.clone()))
}

/// Which tools exactly: what a report of a defect needs.
pub(super) fn details(toolchain: &toolchain::Toolchain, terminal: &Terminal) {
    terminal.detail(&format!("pywrangler: {}", toolchain.pywrangler.program.shown()));
    for (name, tool) in [("uv", &toolchain.uv), ("node", &toolchain.node)] {
        if let Some(tool) = tool {
            terminal.detail(&format!("{name}: {}", tool.path));
        }
    }
    if let Some(wrangler) = &toolchain.wrangler {
        terminal.detail(&format!("wrangler: {}", wrangler.package));
    }
}

/// The project's own build, once, before its files are read: its output belongs in the bundle.
pub(super) fn build(
    project: &Project,
    settings: &Settings,
    (environment, toolchain): (&Environment, &toolchain::Toolchain),
    command: &Command,
    terminal: &Terminal,
) -> Result<()> {
    let Some(build) = project.config.build_command().filter(|_| !settings.no_build) else { return Ok(()) };
    let shell = toolchain.build_shell(&project.root, &project.cwd, environment);
    let mut environment = shell.environment;
    let word = match command {
        Command::Upload(words) => words.join(" "),
        Command::Check
        | Command::Report
        | Command::Stage
        | Command::Lock
        | Command::Cache(_)
        | Command::Doctor
        | Command::Baseline
        | Command::DoctorWheels
        | Command::DoctorInstall
        | Command::Classify
        | Command::Init
        | Command::Why(_)
        | Command::Impact(_) => "deploy".to_owned(),
    };
    environment.set("WRANGLER_COMMAND", word);
    let cwd =
        build.cwd.as_deref().map_or_else(|| project.cwd.clone(), |cwd| crate::project::resolve(&project.cwd, cwd));
    let step = (!settings.quiet).then(|| format!("Running the custom build: {}", build.command));
    if let Some(step) = step {
        terminal.line(&step);
    }
    let mut argv = shell.argv;
    argv.extend(["sh", "-c", &build.command].map(Into::into));
    let ended = tool::run(&argv, &cwd, &environment, Stdout::ToStderr)?;
    tool::check_interrupted()?;
    if ended.success() {
        return Ok(());
    }
    let mut hint = "fix `build.command`, or skip it with `--no-build`".to_owned();
    let has_venv = toolchain::uv_project(&project.root).is_some()
        || project.root.join(".venv/pyvenv.cfg").is_file()
        || project.pyproject.as_ref().is_some_and(|pyproject| pyproject.declares("workers-py"));
    if has_venv && !shell.sees_venv {
        hint += &format!("; if it needs the project's environment, run `uv run saddlebag {}`", command.name());
    }
    Err(Error::new(
        Kind::BuildFailed,
        format!("the custom build failed with exit code {}: `{}`", ended.code, build.command),
        hint,
    )
    .with_location(project.config.locate(&["build", "command"])))
}

/// The user's main: the script on the command line, else `main`.
pub(super) fn main_module(project: &Project, words: &Passthrough) -> Result<Utf8PathBuf> {
    let config = &project.config;
    if let Some(entry) = words.entry().filter(|entry| words.script().is_none() && project.cwd.join(entry).is_file()) {
        let message = format!("the entry point `{entry}` is not a Python module, and saddlebag deploys Python Workers");
        return Err(Error::new(
            Kind::Usage,
            message,
            "name one that ends in `.py`, or deploy this Worker with wrangler",
        ));
    }
    let (main, location) = match words.script() {
        Some(script) => (crate::project::resolve(&project.cwd, script), None),
        None => {
            let main = config.main().ok_or_else(|| {
                Error::new(Kind::MainMissing, "the configuration has no `main`", "add `main = \"src/main.py\"`")
                    .with_location(config.locate(&[]))
            })?;
            let origin = config.get_origin("main").unwrap_or_default();
            (main, Some(config.locate(&origin.iter().map(String::as_str).collect::<Vec<_>>())))
        }
    };
    let shown = project.display(&main);
    let located = |error: Error| match location.clone() {
        Some(location) => error.with_location(location),
        None => error,
    };
    if main.extension() != Some("py") {
        let message = format!("`main` is `{shown}`, and saddlebag deploys Python Workers: their main ends in `.py`");
        return Err(located(Error::new(Kind::ConfigInvalid, message, "deploy this Worker with wrangler")));
    }
    if !main.is_file() {
        let meant = config::meant_file(&main, config.base());
        let hint = match (&meant, words.script()) {
            (Some(meant), None) => {
                format!("did you mean `main = \"{}\"`?", crate::project::display(config.base(), meant))
            }
            (Some(meant), Some(_)) => format!("did you mean `{}`?", project.display(meant)),
            (None, _) => "correct `main`, or write the file".to_owned(),
        };
        let message = format!("the main module `{shown}` does not exist");
        return Err(located(Error::new(Kind::MainMissing, message, hint)));
    }
    config.check_base_dir()?;
    Ok(main)
}

/// Where the baseline is, and what it says to a command whose upload is held against it. One that was named must be
/// there.
pub(super) fn baseline(
    project: &Project,
    settings: &Settings,
    command: &Command,
) -> Result<(Utf8PathBuf, Option<Baseline>)> {
    let path = match &settings.growth.baseline {
        Some(Named::Outright(path)) => crate::project::resolve(&project.process_cwd, path.as_str()),
        Some(Named::Setting(path, _)) => crate::project::resolve(&project.root, path.as_str()),
        None => project.root.join(baseline::FILE),
    };
    let unjudged = matches!(command, Command::Baseline | Command::Lock | Command::Why(_) | Command::Impact(_));
    if unjudged || settings.gates.get("growth") == Some(&gate::Level::Off) {
        return Ok((path, None));
    }
    let shown = project.display(&path);
    let found = baseline::read(&path, &shown)?;
    match (&found, &settings.growth.baseline) {
        (None, Some(named)) => {
            let message = format!("there is no baseline `{shown}`");
            let error = Error::new(Kind::Baseline, message, "write it with `saddlebag baseline`, or correct its name");
            Err(match named {
                Named::Setting(_, location) => error.with_location(location.clone()),
                Named::Outright(_) => error,
            })
        }
        _ => Ok((path, found)),
    }
}

pub(super) fn lay_out(
    project: &Project,
    target: &Target,
    settings: &Settings,
    vendored: &Vendored,
    main: &Utf8Path,
) -> Result<Layout> {
    let base_dir = project.config.base_dir();
    layout::decide(&LayoutRequest {
        config_dir: project.config.dir(),
        main,
        base_dir: base_dir.as_deref(),
        setting: settings.namespace,
        include: &settings.include,
        python: &target.python,
        vendored_top_levels: &top_levels(vendored),
    })
}

/// The names that `import` finds at the top of the vendored tree.
fn top_levels(vendored: &Vendored) -> BTreeSet<String> {
    let entries = vendored.modules.read_dir_utf8().into_iter().flatten().flatten();
    entries
        .filter_map(|entry| {
            let name = entry.file_name();
            let is_dir = entry.file_type().is_ok_and(|kind| kind.is_dir());
            let top = if is_dir {
                Some(name)
            } else {
                name.strip_suffix(".py")
                    .or_else(|| name.strip_suffix(".so").map(|stem| stem.split('.').next().unwrap_or(stem)))
            };
            top.filter(|top| crate::python::is_identifier(top)).map(str::to_owned)
        })
        .collect()
}

pub(super) fn plan(
    project: &Project,
    target: &Target,
    layout: &Layout,
    settings: &Settings,
    vendored: &Vendored,
) -> Result<Bundle> {
    let direct: Vec<String> = project.requirements.entries.iter().filter_map(|entry| entry.name.clone()).collect();
    let sources = bundle::collect::Sources {
        layout,
        config_path: &project.config.path,
        project_root: &project.root,
        rules: bundle::rules::RuleSet::new(&project.config.rules(), &layout.glob_prefix),
        find_additional_modules: project.config.find_additional_modules() != Some(false),
        exclude: &project.config.python_modules_exclude(),
        vendored: vendored.modules.is_dir().then_some(vendored.modules.as_path()),
        distributions: &vendored.distributions,
        include: &settings.include,
        exclude_project: &settings.exclude,
        shim: layout.shim.as_ref().map(|shim| (layout.main_module.clone(), stage::entry_shim(&shim.target))),
        direct: &direct,
    };
    // Beside the vendored tree, and gone with it.
    let memory = vendored.modules.parent().map(|workspace| workspace.join("imports"));
    let reading = bundle::Reading { python: &target.python, memory: memory.as_deref() };
    bundle::plan(&sources, &settings.prune, reading, settings.fill_init)
}

pub(super) fn request<'a>(
    project: &'a Project,
    target: &'a Target,
    layout: &'a Layout,
    vendored: &'a Vendored,
    requirements: &'a [String],
    cleared: &'a Cleared<&'a Bundle>,
) -> stage::StageRequest<'a> {
    let config = &project.config;
    stage::StageRequest {
        project_root: &project.root,
        users_config_dir: config.dir(),
        config: stage::ConfigSource { path: &config.path, text: &config.text, format: config.format },
        environment: config.environment.as_deref(),
        bundle: cleared,
        token: &vendored.token,
        lock: vendored.lock.as_deref(),
        requirements,
        python: &target.python,
        glob_prefix: &layout.glob_prefix,
        drop_build_command: true,
    }
}
