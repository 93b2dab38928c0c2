//! Commands that need no project: `doctor`, which looks at one if there is one, and `cache`.
//!
//! Receives the invocation; hands on the answer in the report. What is missing is a part of the answer here. Must never
//! resolve anything, and never ask the network.

use super::steps::{current_dir, find_project, main_module, target_flags};
use crate::cli::{CacheAction, Command, Format, OwnInvocation};
use crate::command::doctor::{self, PROJECT, Row, State};
use crate::command::{Answer, cache};
use crate::error::{Kind, Result};
use crate::gate;
use crate::project::{Project, Target, pyproject, requirements};
use crate::report::Report;
use crate::settings::{self, Environment, Settings};
use crate::smoke::pyodide;
use crate::toolchain;
use crate::vendor;
use camino::Utf8Path;

/// What is said to such a command; `None` for every other.
///
/// # Errors
/// Those of the command.
pub(super) fn answer(
    invocation: &OwnInvocation,
    environment: &Environment,
    report: &mut Report,
    format: Format,
) -> Option<Result<()>> {
    let answer = match &invocation.command {
        Command::Cache(action) => cached(*action, invocation, environment),
        Command::Doctor => examine(invocation, environment, report),
        _ => return None,
    };
    Some(answer.map(|answer| report.answer = Some(answer.said(format))))
}

fn cached(action: CacheAction, invocation: &OwnInvocation, environment: &Environment) -> Result<Answer> {
    let place = settings::cache_dir(environment, &current_dir()?)?;
    match action {
        CacheAction::Show => cache::show(&place),
        CacheAction::Directory => cache::directory(&place),
        CacheAction::Clean => cache::clean(&place, invocation.flags.older_than),
    }
}

fn examine(invocation: &OwnInvocation, environment: &Environment, report: &mut Report) -> Result<Answer> {
    let cwd = current_dir()?;
    let found = find_project(invocation, environment, &cwd);
    let (root, config_dir, uses_uv) = match &found {
        Ok((project, _)) => {
            let declares = project.pyproject.as_ref().is_some_and(|pyproject| pyproject.declares("workers-py"));
            (project.root.clone(), project.config.dir().to_owned(), declares)
        }
        Err(_) => {
            let path = pyproject::find(&cwd);
            let root = path.as_deref().and_then(Utf8Path::parent).unwrap_or(&cwd).to_owned();
            let declares =
                path.is_some_and(|path| pyproject::read(path, &root).is_ok_and(|found| found.declares("workers-py")));
            (root.clone(), root, declares)
        }
    };
    let uses_uv = uses_uv || toolchain::uv_project(&root).is_some();
    let (toolchain, missing) = toolchain::look(&root, &config_dir, environment, uses_uv)?;
    let mut rows = doctor::tools(&toolchain, missing.as_ref());

    let place = settings::cache_dir(environment, &cwd);
    let mut own = None;
    let has_project = found.is_ok();
    match found {
        Ok((mut project, settings)) => {
            rows.extend(doctor::project(&project));
            rows.push(wanted(&mut project, &settings, environment));
            match main_module(&project, &invocation.rest) {
                Ok(main) => rows.push(Row::new(PROJECT, "main", State::Ok, project.display(&main))),
                Err(error) => rows.push(Row::failed(PROJECT, "main", &error)),
            }
            match Target::of(&project.config, &target_flags(&invocation.rest, &project.config)) {
                Ok(target) => {
                    let knows = vendor::knows(&toolchain, &target).err();
                    rows.extend(doctor::target(&target, knows.as_ref()));
                    if let Ok(place) = &place {
                        rows.push(doctor::pyodide(pyodide::find(&project.root, place, &target).as_ref(), &target));
                    }
                }
                Err(error) => rows.push(Row::failed(PROJECT, "Python", &error)),
            }
            own = Some(settings);
        }
        Err(error) if error.kind == Kind::ConfigMissing && invocation.rest.config().is_none() => {
            let message = "no wrangler configuration here or above: nothing of a project was looked at";
            rows.push(Row::new(PROJECT, "configuration", State::Note, message));
        }
        Err(error) => {
            let name = error.location.as_ref().map_or("configuration", |location| location.path.as_str());
            rows.push(Row::failed(PROJECT, name, &error));
        }
    }
    let entries = place.as_ref().map(|place| vendor::cache::entries(place)).unwrap_or_default();
    let writable = place.as_ref().is_ok_and(|place| is_writable(place));
    rows.extend(doctor::cache(&place, &entries, writable));
    let settings = match own {
        Some(settings) => settings,
        None => Settings::read(&invocation.flags, environment, None, None)?,
    };
    rows.extend(doctor::limits(&gate::limits(&crate::bundle::Bundle::default(), &settings)));
    if doctor::is_red(&rows) {
        report.exit.code = 4;
    }
    doctor::answer(&rows, has_project)
}

/// Reads the requirements into the project, and says which.
fn wanted(project: &mut Project, settings: &Settings, environment: &Environment) -> Row {
    let named = settings.requirements.as_deref();
    let variable = |name: &str| environment.get(name).map(str::to_owned);
    let (root, pyproject) = (&project.root, project.pyproject.as_ref());
    match requirements::read(named, named.is_some(), root, pyproject, settings.lists(), &variable) {
        Ok(found) => {
            project.requirements = found;
            doctor::requirements(project)
        }
        Err(error) => Row::failed(PROJECT, "requirements", &error),
    }
}

/// Whether the directory, or the nearest above it that is there, takes a file.
fn is_writable(directory: &Utf8Path) -> bool {
    let there = directory.ancestors().find(|directory| directory.exists());
    there.is_some_and(|there| tempfile::Builder::new().prefix(".saddlebag-").tempfile_in(there).is_ok())
}
