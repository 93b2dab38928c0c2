//! Gathers what `doctor` shows. What is missing is a part of the answer here: nothing is resolved, and the network is not
//! asked.

use super::{PROJECT, Row, State};
use crate::commands::doctor;
use crate::env::Environment;
use crate::error::{ErrorKind, Result};
use crate::gates;
use crate::project::{Project, Target, pyproject};
use crate::report::Answer;
use crate::resolve;
use crate::session::{Session, find_project, main_module, read_requirements, target_flags};
use crate::settings::{self, Settings};
use crate::smoke::pyodide;
use crate::tools::{self, Toolchain};
use camino::Utf8Path;

/// The rows as an answer, and whether any of them fails.
pub(super) fn examine(session: Session<'_>) -> Result<(Answer, bool)> {
    let environment = session.environment;
    let cwd = crate::env::current_dir()?;
    let found = find_project(session, &cwd);
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
    let uses_uv = uses_uv || tools::uv_project(&root).is_some();
    let (toolchain, missing) = tools::look(&root, &config_dir, environment, uses_uv)?;
    let mut rows = doctor::tools(&toolchain, missing.as_ref());

    let place = settings::cache_dir(environment, &cwd);
    let mut own = None;
    let has_project = found.is_ok();
    match found {
        Ok((mut project, settings)) => {
            rows.extend(of_project(session, &mut project, &settings, &toolchain, place.as_deref().ok()));
            own = Some(settings);
        }
        Err(error) if error.kind == ErrorKind::ConfigMissing && session.words().config().is_none() => {
            let message = "no wrangler configuration here or above: nothing of a project was looked at";
            rows.push(Row::new(PROJECT, "configuration", State::Note, message));
        }
        Err(error) => {
            let name = error.location.as_ref().map_or("configuration", |location| location.path.as_str());
            rows.push(Row::failed(PROJECT, name, &error));
        }
    }
    let entries = place.as_ref().map(|place| resolve::cache::entries(place)).unwrap_or_default();
    let writable = place.as_ref().is_ok_and(|place| is_writable(place));
    rows.extend(doctor::cache(&place, &entries, writable));
    let settings = match own {
        Some(settings) => settings,
        None => Settings::read(&session.invocation.flags, environment, None, None)?,
    };
    rows.extend(doctor::limits(&gates::limits(&crate::bundle::Bundle::default(), &settings)));
    let failed = doctor::is_red(&rows);
    doctor::answer(&rows, has_project).map(|answer| (answer, failed))
}

/// The rows of a project that was found: its files, its main module, its target.
fn of_project(
    session: Session<'_>,
    project: &mut Project,
    settings: &Settings,
    toolchain: &Toolchain,
    cache: Option<&Utf8Path>,
) -> Vec<Row> {
    let mut rows = Vec::new();
    rows.extend(doctor::project(project));
    rows.push(wanted(project, settings, session.environment));
    match main_module(project, session.words()) {
        Ok(main) => rows.push(Row::new(PROJECT, "main", State::Ok, project.display(&main))),
        Err(error) => rows.push(Row::failed(PROJECT, "main", &error)),
    }
    match Target::resolve(&project.config, &target_flags(session.words(), &project.config)) {
        Ok(target) => {
            let knows = resolve::check_python_support(toolchain, &target).err();
            rows.extend(doctor::target(&target, knows.as_ref()));
            if let Some(cache) = cache {
                rows.push(doctor::pyodide(pyodide::find(&project.root, cache, &target).as_ref(), &target));
            }
        }
        Err(error) => rows.push(Row::failed(PROJECT, "Python", &error)),
    }
    rows
}

/// Reads the requirements into the project, and says which.
fn wanted(project: &mut Project, settings: &Settings, environment: &Environment) -> Row {
    match read_requirements(project, settings, environment, settings.requirements.as_deref()) {
        Ok(requirements) => {
            project.requirements = requirements;
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
