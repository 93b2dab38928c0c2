//! The corridor: from an invocation to an exit code, one room after the other.
//!
//! Receives what the command line asked for; hands on the exit code, with the report written on the way. The only place
//! that calls rooms; `steps` says how each is asked. Must never do a room's work itself.

mod beside;
mod init;
mod proof;
mod remedies;
mod resolve;
mod steps;
mod telling;
mod upload;

use crate::baseline::Baseline;
use crate::cli::{Command, Format, OwnInvocation};
use crate::command::{self, classify};
use crate::error::{Error, Kind, Result};
use crate::gate::{self, Context, Verdict};
use crate::project::{Target, host, requirements};
use crate::report::{self, Exit, Report};
use crate::settings::{self, Environment, Settings};
use crate::smoke;
use crate::stage;
use crate::term::Terminal;
use crate::tool::{self, Stdout};
use crate::toolchain;
use crate::vendor;

use camino::Utf8PathBuf;
use proof::Proof;
use std::time::{Duration, Instant};
use steps::{
    baseline, build, current_dir, details, find_project, lay_out, main_module, plan, request, target_flags, today,
    unusable,
};
use telling::{Also, close, finish, manner};
use upload::Upload;

pub(crate) use init::is_ours as is_init_ours;

/// Runs one of our own commands to its end.
pub(crate) fn run(invocation: &OwnInvocation, environment: &Environment, terminal: &mut Terminal) -> i32 {
    let mut report =
        Report { command: invocation.command.name(), dry_run: invocation.rest.dry_run(), ..Report::default() };
    let format = settings::format(&invocation.flags, environment);
    let shown = *format.as_ref().unwrap_or(&Format::Human);
    let mut also = Also::default();
    let result = format.and_then(|format| match beside::answer(invocation, environment, &mut report, format) {
        Some(answered) => answered,
        None => drive(invocation, environment, terminal, &mut report, format, &mut also),
    });
    if let Err(error) = result {
        fail(&mut report, error, terminal);
    }
    finish(&report, shown, &also, environment, terminal);
    report.exit.code
}

/// The end of a command line that could not be understood.
pub(crate) fn refuse(error: Error, format: Format, environment: &Environment, terminal: &Terminal) -> i32 {
    let mut report = Report::default();
    fail(&mut report, error, terminal);
    finish(&report, format, &Also::default(), environment, terminal);
    report.exit.code
}

/// An error takes the verdict's place: what could not be done was not judged either.
fn fail(report: &mut Report, error: Error, terminal: &Terminal) {
    for remark in &report.remarks {
        terminal.line(remark); // what was written, and where the stage is, holds whatever came after
    }
    report.exit = Exit { code: error.kind.exit(), pywranglers: false };
    report.verdict = None;
    terminal.error(&error);
    report.error = Some(error);
}

fn drive(
    invocation: &OwnInvocation,
    environment: &Environment,
    terminal: &mut Terminal,
    report: &mut Report,
    format: Format,
    also: &mut Also,
) -> Result<()> {
    let words = &invocation.rest;
    let mut clock = Clock::start();

    // What is there, and what is wanted.
    let process_cwd = current_dir()?;
    let (mut project, settings) = find_project(invocation, environment, &process_cwd)?;
    terminal.say_how_much(settings.quiet, settings.verbose);
    let beside = |path: &Option<Utf8PathBuf>| path.as_ref().map(|path| process_cwd.join(path));
    *also = Also { json: beside(&settings.report), html: beside(&settings.html) };
    let wish = init::wish(&invocation.flags, &settings);
    let named = match invocation.command {
        Command::Init => command::init::source(&project, wish),
        _ => settings.requirements.clone(),
    };
    let named = named.as_deref();
    let variable = |name: &str| environment.get(name).map(str::to_owned);
    let (root, pyproject) = (&project.root, project.pyproject.as_ref());
    project.requirements = requirements::read(named, named.is_some(), root, pyproject, settings.lists(), &variable)?;
    report.project = Some(project);
    let project = reached(&report.project)?;
    report.target = Some(Target::of(&project.config, &target_flags(words, &project.config))?);
    let target = reached(&report.target)?;
    clock.lap("project");
    if invocation.command == Command::Init && !command::init::writes_requirements(project, wish)? {
        let plan = command::init::plan(project, wish, None);
        return init::finish(&plan, &invocation.flags, format, report, terminal);
    }

    // The tools, before anything is started with them.
    let uses_uv = toolchain::uv_project(&project.root).is_some()
        || project.pyproject.as_ref().is_some_and(|pyproject| pyproject.declares("workers-py"));
    let toolchain = toolchain::find(&project.root, project.config.dir(), environment, uses_uv)?;
    let judged = gate::judge_toolchain(&toolchain, &settings);
    if let Some(error) = unusable(&judged) {
        report.judgements = Some(judged);
        return Err(error);
    }
    clock.lap("tools");
    details(&toolchain, terminal);
    if invocation.command == Command::DoctorWheels {
        let answer = command::doctor_wheels::answer(project, &vendor::survey(project, target, &toolchain, terminal)?)?;
        report.answer = Some(answer.said(format));
        return Ok(());
    }
    if invocation.command == Command::DoctorInstall {
        let cache = settings::cache_dir(environment, &project.cwd)?;
        report.answer = Some(smoke::install(&project.root, &cache, target, &toolchain, terminal)?);
        return Ok(());
    }
    build(project, &settings, environment, &invocation.command, terminal)?;
    let main = main_module(project, words)?;
    clock.lap("build");
    let (baseline_path, baseline) = baseline(project, &settings, &invocation.command)?;

    // The packages, the layout, the plan.
    let cache = settings::cache_dir(environment, &project.cwd)?;
    let resolved = resolve::resolve(invocation, report, (&toolchain, &cache), &settings, terminal)?;
    let (vendored, left_out) = match resolved {
        Ok(resolved) => resolved,
        Err(why) => {
            clock.lap("vendor");
            report.timings = clock.laps;
            return unresolved(*why, report, &toolchain, &settings, format, terminal);
        }
    };
    let (project, target) = (reached(&report.project)?, reached(&report.target)?);
    terminal.detail(if vendored.cached {
        "the packages are in the cache: no sync"
    } else {
        "the packages were synced"
    });
    clock.lap("vendor");
    if invocation.command == Command::Lock {
        let answer = command::lock::write(project, &vendored)?;
        report.answer = Some(answer.said(format));
        return Ok(());
    }
    report.layout = Some(lay_out(project, target, &settings, &vendored, &main)?);
    let layout = reached(&report.layout)?;
    report.bundle = Some(plan(project, target, layout, &settings, &vendored)?);
    let bundle = reached(&report.bundle)?;
    let weighed = Baseline::of(bundle, &target.python, project.config.environment.as_deref());
    report.growth = baseline.map(|baseline| baseline.growth(&weighed, project.display(&baseline_path)));
    clock.lap("bundle");
    tool::check_interrupted()?;

    // What was only asked about is not judged.
    let answer = match &invocation.command {
        Command::Init | Command::Classify => {
            let host = host::installed(&project.root);
            let found = classify::classify(project, target, bundle, host.as_deref(), &left_out)?;
            let unprovided = classify::unprovided(project, target, bundle, host.is_some());
            if invocation.command == Command::Classify {
                report.dependencies = Some(classify::document(&found));
                report.answer = Some(classify::answer(&found, &unprovided, host.is_some())?.said(format));
                return Ok(());
            }
            let classified = command::init::Classified { dependencies: &found, unprovided: &unprovided };
            let plan = command::init::plan(project, wish, Some(classified));
            return init::finish(&plan, &invocation.flags, format, report, terminal);
        }
        Command::Why(name) => Some(command::why::answer(project, bundle, name)?),
        Command::Impact(name) => Some(command::impact::answer(project, bundle, name)?),
        _ => None,
    };
    if let Some(answer) = answer {
        report.answer = Some(answer.said(format));
        return Ok(());
    }

    // The gates and their verdict.
    report.limits = gate::limits(bundle, &settings);
    let growth = report.growth.as_ref();
    let context = Context {
        project,
        target,
        toolchain: &toolchain,
        layout,
        vendored: &vendored,
        bundle,
        growth,
        settings: &settings,
    };
    let mut judgements = gate::judge(&context, &today());
    if invocation.command == Command::Baseline {
        gate::set_aside(&mut judgements, "growth", "the baseline is written anew");
    }
    remedies::add(&mut judgements, project, bundle, &settings);
    let mut verdict = Verdict::of(&judgements);
    (report.judgements, report.verdict) = (Some(judgements), Some(verdict));
    clock.lap("gates");
    tool::check_interrupted()?;

    // From here on only what is cleared goes further: into a stage, and what the stage's own gates let through, on.
    let texts: Vec<String> = project.requirements.entries.iter().map(|entry| entry.text.clone()).collect();
    let command = &invocation.command;
    let stdout = if format == Format::Human { Stdout::Inherit } else { Stdout::ToStderr };
    let mut staged = None;
    let mut rehearsed = None;
    if let Some(cleared) = verdict.clear(bundle)
        && (matches!(command, Command::Upload(_)) || proof::is_wanted(&settings))
    {
        let step =
            terminal.begin_briefly(&format!("Staging {}", crate::quantity::count(bundle.modules.len(), "module")));
        let stage = stage::write(&request(project, target, layout, &vendored, &texts, &cleared), stage::Place::Inside)?;
        drop(step);
        clock.lap("stage");
        let proof = Proof { stage: &stage, context, command, words, cache: &cache, stdout };
        if let Some(judgements) = &mut report.judgements {
            report.smoke = proof.smoke(judgements, terminal)?;
            if gate::is_wanted("smoke", &settings) {
                clock.lap("smoke");
            }
            rehearsed = proof.verify(judgements, terminal)?;
            if gate::is_wanted("verify", &settings) {
                clock.lap("verify");
            }
            verdict = Verdict::of(judgements);
        }
        report.verdict = Some(verdict);
        staged = Some(stage);
    }
    if *command == Command::Baseline && verdict != Verdict::Blocked {
        if let Some(warnings) = report::human::warnings_elsewhere(report).filter(|_| format == Format::Human) {
            terminal.line(&warnings);
        }
        let answer = command::baseline::write(&baseline_path, &project.display(&baseline_path), &weighed)?;
        report.answer = Some(answer.said(format));
        return Ok(());
    }
    if format == Format::Human {
        terminal.out(&match command {
            Command::Report if !settings.quiet => report::human::by_package(report, manner(&settings, terminal)),
            _ => report::human::plan(report, manner(&settings, terminal)),
        });
    }

    match (verdict.clear(bundle), command, staged) {
        (None, _, staged) => {
            report.exit = Exit { code: 3, pywranglers: false };
            if *command == Command::Baseline {
                report.remarks.push(format!("`{}` was not written", project.display(&baseline_path)));
            }
            if let Some(stage) = staged {
                upload::put_away(stage, settings.keep_stage, project, &mut report.remarks);
            }
        }
        (Some(cleared), Command::Stage, staged) => {
            drop(staged); // that one was for the gates
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
        (Some(_), Command::Upload(_), staged) => {
            let stage = staged
                .and_then(|stage| verdict.clear(stage))
                .ok_or_else(|| Error::new(Kind::Internal, "a cleared plan has no stage", "report this defect"))?;
            let upload = Upload { bundle, command, words, project, toolchain: &toolchain, settings: &settings, stdout };
            let result = upload.run(stage, rehearsed, &mut report.remarks);
            clock.lap("deploy");
            let deployed = result?;
            report.exit = Exit { code: deployed.code, pywranglers: true };
            if let (Some(gzip), Some(bundle)) = (deployed.heard.gzip_bytes, &mut report.bundle) {
                bundle.gzip_bytes = gzip; // wrangler has weighed it now: no need to estimate
                report.limits = gate::limits(bundle, &settings);
            }
            report.deployed = Some(deployed);
            if report.exit.code != 0 {
                tool::check_interrupted()?;
            }
        }
        (Some(_), _, staged) => drop(staged), // it was for the gates
    }
    report.timings = clock.laps;
    close(report, format, &settings, terminal);
    Ok(())
}

/// The end of a run whose requirements do not resolve: the gate `wheels` says why. Where that is allowed or switched off
/// there is still nothing to go on with.
fn unresolved(
    why: vendor::Unresolved,
    report: &mut Report,
    toolchain: &toolchain::Toolchain,
    settings: &Settings,
    format: Format,
    terminal: &Terminal,
) -> Result<()> {
    let judgements = gate::judge_unresolved(&why, (reached(&report.target)?, toolchain), settings, &today());
    let verdict = Verdict::of(&judgements);
    if verdict != Verdict::Blocked {
        return Err(why.error);
    }
    (report.judgements, report.verdict) = (Some(judgements), Some(verdict));
    report.exit = Exit { code: 3, pywranglers: false };
    for alternative in &why.alternatives {
        report.remarks.push(format!("this would work: {} ({})", alternative.write, alternative.gives));
    }
    if why.untried > 0 {
        let more = crate::quantity::count(why.untried, "more way");
        report.remarks.push(format!("{more} out could not be tried in the time there is"));
    }
    if format == Format::Human {
        terminal.out(&report::human::plan(report, manner(settings, terminal)));
    }
    close(report, format, settings, terminal);
    Ok(())
}

/// What the corridor has put into the report, to go on with.
fn reached<T>(part: &Option<T>) -> Result<&T> {
    part.as_ref().ok_or_else(|| Error::new(Kind::Internal, "a part of the report is missing", "report this defect"))
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
