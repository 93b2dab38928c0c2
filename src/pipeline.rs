//! The corridor: from an invocation to an exit code, one room after the other.
//!
//! Receives what the command line asked for; hands on the exit code, with the report written on the way. The only place
//! that calls rooms. Must never do a room's work itself.

use crate::bundle::{self, Bundle};
use crate::cli::{Command, Format, OwnInvocation};
use crate::deploy::{self, Deployed};
use crate::error::{Error, Kind, Result};
use crate::gate::{self, Cleared, Context, Outcome, Verdict};
use crate::passthrough::{self, Passthrough};
use crate::project::layout::{self, LayoutRequest};
use crate::project::target::TargetFlags;
use crate::project::{Layout, Project, Requirements, Target, config, pyproject, requirements};
use crate::report::{self, Exit, Report};
use crate::settings::{self, Environment, Settings};
use crate::stage;
use crate::term::Terminal;
use crate::tool::{self, Stdout};
use crate::toolchain;
use crate::vendor::{self, Vendored};
use camino::{Utf8Path, Utf8PathBuf};
use std::collections::BTreeSet;
use std::time::{Duration, Instant};

/// Runs one of our own commands to its end.
pub(crate) fn run(invocation: &OwnInvocation, environment: &Environment, terminal: &mut Terminal) -> i32 {
    let mut report =
        Report { command: invocation.command.name(), dry_run: invocation.rest.dry_run(), ..Report::default() };
    let format = settings::format(&invocation.flags, environment);
    let machine = matches!(format, Ok(Format::Json));
    let mut also = None;
    let result = format.and_then(|format| drive(invocation, environment, terminal, &mut report, format, &mut also));
    if let Err(error) = result {
        fail(&mut report, error, terminal);
    }
    finish(&report, machine, also.as_deref(), terminal);
    report.exit.code
}

/// The end of a command line that could not be understood.
pub(crate) fn refuse(error: Error, machine: bool, terminal: &Terminal) -> i32 {
    let mut report = Report::default();
    fail(&mut report, error, terminal);
    finish(&report, machine, None, terminal);
    report.exit.code
}

/// An error takes the verdict's place: what could not be done was not judged either.
fn fail(report: &mut Report, error: Error, terminal: &Terminal) {
    report.exit = Exit { code: error.kind.exit(), pywranglers: false };
    report.verdict = None;
    terminal.error(&error);
    report.error = Some(error);
}

/// Writes what was asked for. A report that cannot be written is said, and costs an exit code only when nothing worse
/// has one and nothing is live.
fn finish(report: &Report, machine: bool, also: Option<&Utf8Path>, terminal: &Terminal) {
    if machine {
        terminal.out(&report::json::render(report));
    }
    if let Some(path) = also
        && let Err(error) = fs_err::write(path, report::json::render(report))
    {
        terminal.line(&format!("warning: the report was not written: {error}"));
    }
}

fn drive(
    invocation: &OwnInvocation,
    environment: &Environment,
    terminal: &mut Terminal,
    report: &mut Report,
    format: Format,
    also: &mut Option<Utf8PathBuf>,
) -> Result<()> {
    let words = &invocation.rest;
    let mut clock = Clock::start();

    // What is there, and what is wanted.
    let process_cwd = current_dir()?;
    let (mut project, settings) = find_project(invocation, environment, &process_cwd)?;
    terminal.say_how_much(settings.quiet, settings.verbose);
    *also = settings.report.as_ref().map(|path| process_cwd.join(path));
    let named = settings.requirements.as_deref();
    project.requirements =
        requirements::read(named, named.is_some(), &project.root, project.pyproject.as_ref(), &|name| {
            environment.get(name).map(str::to_owned)
        })?;
    report.project = Some(project);
    let project = reached(&report.project)?;
    report.target = Some(Target::of(&project.config, &target_flags(words))?);
    let target = reached(&report.target)?;
    clock.lap("project");

    // The tools, before anything is started with them.
    let uses_uv = project.root.join("uv.lock").is_file()
        || project.pyproject.as_ref().is_some_and(|pyproject| pyproject.declares("workers-py"));
    let toolchain = toolchain::find(&project.root, project.config.dir(), environment, uses_uv)?;
    let judged = gate::judge_toolchain(&toolchain, &settings);
    if let Some(error) = unusable(&judged) {
        report.judgements = Some(judged);
        return Err(error);
    }
    clock.lap("tools");
    details(&toolchain, terminal);
    build(project, &settings, environment, &invocation.command, terminal)?;
    let main = main_module(project, words)?;
    clock.lap("build");

    // The packages, the layout, the plan.
    let cache = settings::cache_dir(environment, &project.cwd)?;
    let vendored = vendor::vendor(project, target, &toolchain, &cache, settings.no_cache, terminal)?;
    terminal.detail(if vendored.cached {
        "the packages are in the cache: no sync"
    } else {
        "the packages were synced"
    });
    clock.lap("vendor");
    report.layout = Some(lay_out(project, target, &settings, &vendored, &main)?);
    let layout = reached(&report.layout)?;
    report.bundle = Some(plan(project, layout, &settings, &vendored)?);
    let bundle = reached(&report.bundle)?;
    clock.lap("bundle");
    tool::check_interrupted()?;

    // The gates and their verdict.
    report.limits = gate::limits(bundle, &settings);
    let context =
        Context { project, target, toolchain: &toolchain, layout, vendored: &vendored, bundle, settings: &settings };
    let judgements = gate::judge(&context, &today());
    let verdict = Verdict::of(&judgements);
    (report.judgements, report.verdict) = (Some(judgements), Some(verdict));
    clock.lap("gates");
    tool::check_interrupted()?;
    if format == Format::Human {
        terminal.out(&report::human::plan(report, settings.quiet, settings.verbose));
    }

    // From here on only what is cleared goes further.
    let texts: Vec<String> = project.requirements.entries.iter().map(|entry| entry.text.clone()).collect();
    match (verdict.clear(bundle), &invocation.command) {
        (None, _) => report.exit = Exit { code: 3, pywranglers: false },
        (Some(_), Command::Check) => {}
        (Some(cleared), Command::Stage) => {
            let out = invocation
                .flags
                .out
                .as_deref()
                .map_or_else(|| process_cwd.clone(), |out| crate::project::resolve(&process_cwd, out.as_str()));
            let stage = stage::write(
                &request(project, target, layout, &vendored, &texts, &cleared),
                stage::Place::Directory(&out),
            )?;
            report.remarks.push(format!("staged in {}; deploy it with its `deploy.sh`", stage.keep()));
            clock.lap("stage");
        }
        (Some(cleared), Command::Upload(_)) => {
            let stage =
                stage::write(&request(project, target, layout, &vendored, &texts, &cleared), stage::Place::Inside)?;
            clock.lap("stage");
            let stage = verdict
                .clear(stage)
                .ok_or_else(|| Error::new(Kind::Internal, "a cleared plan became a blocked stage", ""))?;
            let stdout = if format == Format::Human { Stdout::Inherit } else { Stdout::ToStderr };
            let result = deploy::deploy(&stage, &invocation.command, words, project, &toolchain, stdout);
            clock.lap("deploy");
            let written_back = stage.get().written_back();
            report.remarks.extend(written_back_remarks(&written_back));
            let keep = settings.keep_stage || !written_back.is_empty();
            let stage = stage.into_inner();
            if keep {
                report.remarks.push(format!("the stage is kept: {}", project.display(&stage.keep())));
            } else if let Err(error) = stage.remove() {
                report.remarks.push(format!("the stage was not removed: {error}"));
            }
            let deployed = result?;
            report.exit = Exit { code: deployed.code, pywranglers: true };
            report.remarks.extend(disagreement(bundle, &deployed));
            report.deployed = Some(deployed);
            if report.exit.code != 0 {
                tool::check_interrupted()?;
            }
        }
    }
    report.timings = clock.laps;
    close(report, format, &settings, terminal);
    Ok(())
}

/// What the corridor has put into the report, to go on with.
fn reached<T>(part: &Option<T>) -> Result<&T> {
    part.as_ref().ok_or_else(|| Error::new(Kind::Internal, "a part of the report is missing", "report this defect"))
}

/// What is said at the end: remarks and timings on stderr, the last line where people read.
fn close(report: &Report, format: Format, settings: &Settings, terminal: &Terminal) {
    for remark in &report.remarks {
        terminal.line(remark);
    }
    if settings.timings {
        for (name, spent) in &report.timings {
            terminal.line(&format!("{:>8.3} s  {name}", spent.as_secs_f64()));
        }
    }
    if format == Format::Human {
        terminal.out(&format!("\n{}\n", report::human::last_line(report)));
    }
}

/// Everything about the project but its requirements, whose place the settings say.
fn find_project(
    invocation: &OwnInvocation,
    environment: &Environment,
    process_cwd: &Utf8Path,
) -> Result<(Project, Settings)> {
    let words = &invocation.rest;
    let cwd = passthrough::resolved_cwd(process_cwd, words);
    // wrangler looks from the script's directory where one is given, from its working directory otherwise.
    let script = words.script().map(|script| crate::project::resolve(&cwd, script));
    let from = script.as_deref().and_then(Utf8Path::parent).unwrap_or(&cwd);
    let named = words.config().map(|config| crate::project::resolve(&cwd, config));
    let config_path = config::find(from, named.as_deref())?;
    let pyproject_path = pyproject::find(&cwd);
    let root = pyproject_path.as_deref().and_then(Utf8Path::parent).or(config_path.parent()).unwrap_or(&cwd).to_owned();
    let pyproject = pyproject_path.map(|path| pyproject::read(path, &root)).transpose()?;
    let environment_name = words.env().map(str::to_owned).or_else(|| cloudflare_env(environment, &cwd));
    let config = config::read(config_path, environment_name.as_deref(), &root)?;
    let settings = Settings::read(&invocation.flags, environment, pyproject.as_ref(), config.environment.as_deref())?;
    let environment_chosen = environment_name.is_some();
    Ok((Project { root, cwd, config, environment_chosen, pyproject, requirements: Requirements::default() }, settings))
}

fn current_dir() -> Result<Utf8PathBuf> {
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

fn target_flags(words: &Passthrough) -> TargetFlags {
    TargetFlags {
        compatibility_date: words.compatibility_date().map(str::to_owned),
        compatibility_flags: words.compatibility_flags(),
        latest: words.latest(),
        today: today(),
    }
}

/// Today in UTC, `YYYY-MM-DD`.
fn today() -> String {
    jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date().to_string()
}

/// A denial of `toolchain` means that the work cannot be done at all.
fn unusable(judged: &[gate::Judgement]) -> Option<Error> {
    let toolchain = judged.iter().find(|judgement| judgement.outcome == Outcome::Blocked)?;
    let finding = toolchain.findings.iter().find(|finding| finding.weight() == gate::Severity::Deny)?;
    let kind = if finding.code == "toolchain.missing" { Kind::ToolMissing } else { Kind::ToolTooOld };
    Some(Error::new(kind, finding.message.clone(), finding.help.clone()).with_location(finding.location.clone()))
}

/// Which tools exactly: what a report of a defect needs.
fn details(toolchain: &toolchain::Toolchain, terminal: &Terminal) {
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
fn build(
    project: &Project,
    settings: &Settings,
    environment: &Environment,
    command: &Command,
    terminal: &Terminal,
) -> Result<()> {
    let Some(build) = project.config.build_command().filter(|_| !settings.no_build) else { return Ok(()) };
    let mut environment = environment.clone();
    let word = match command {
        Command::Upload(words) => words.join(" "),
        Command::Check | Command::Stage => "deploy".to_owned(),
    };
    environment.set("WRANGLER_COMMAND", word);
    let cwd =
        build.cwd.as_deref().map_or_else(|| project.cwd.clone(), |cwd| crate::project::resolve(&project.cwd, cwd));
    let step = (!settings.quiet).then(|| format!("Running the custom build: {}", build.command));
    if let Some(step) = step {
        terminal.line(&step);
    }
    let ended =
        tool::run(&["sh".into(), "-c".into(), build.command.clone().into()], &cwd, &environment, Stdout::ToStderr)?;
    tool::check_interrupted()?;
    if ended.success() {
        return Ok(());
    }
    Err(Error::new(
        Kind::BuildFailed,
        format!("the custom build failed with exit code {}: `{}`", ended.code, build.command),
        "mend the build, or skip it with `--no-build`",
    )
    .with_location(project.config.locate(&["build", "command"])))
}

/// The user's main: the script on the command line, else `main`.
fn main_module(project: &Project, words: &Passthrough) -> Result<Utf8PathBuf> {
    let config = &project.config;
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
        return Err(located(Error::new(
            Kind::MainMissing,
            format!("the main module `{shown}` does not exist"),
            "correct `main`, or write the file",
        )));
    }
    Ok(main)
}

fn lay_out(
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

fn plan(project: &Project, layout: &Layout, settings: &Settings, vendored: &Vendored) -> Result<Bundle> {
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
    bundle::plan(&sources, &settings.prune)
}

fn request<'a>(
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

/// wrangler's own figures against the plan. Said loudly, and never more: the deploy may be live.
fn disagreement(bundle: &Bundle, deployed: &Deployed) -> Vec<String> {
    let mut said = Vec::new();
    if let Some(raw) = deployed.raw_bytes.filter(|raw| *raw != bundle.raw_bytes) {
        said.push(format!("warning: wrangler counted {raw} bytes and the plan has {}; please report this with `saddlebag check --format json`", bundle.raw_bytes));
    }
    if deployed.duplicate_warnings > 0 {
        said.push(format!("warning: wrangler said `Ignoring duplicate module` {} times", deployed.duplicate_warnings));
    }
    said
}

/// What wrangler wrote into the staged configuration, such as the ids of resources that it made: it must reach the user.
fn written_back_remarks(lines: &[String]) -> Vec<String> {
    if lines.is_empty() {
        return Vec::new();
    }
    let mut said = vec!["wrangler changed the staged configuration; copy these lines into yours:".to_owned()];
    said.extend(lines.iter().map(|line| format!("    {line}")));
    said
}

/// How long each part took.
struct Clock {
    since: Instant,
    laps: Vec<(&'static str, Duration)>,
}

impl Clock {
    fn start() -> Self {
        Self { since: Instant::now(), laps: Vec::new() }
    }

    fn lap(&mut self, name: &'static str) {
        let now = Instant::now();
        self.laps.push((name, now - self.since));
        self.since = now;
    }
}
