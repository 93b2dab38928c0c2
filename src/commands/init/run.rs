//! The steps of `saddlebag init`. Nothing is written that was not printed.

use super::{Classified, Environments, InitOptions, Plan, or_of_other_tools, plan, source, writes_requirements};
use crate::cli::{Format, InitArgs};
use crate::commands::classify;
use crate::error::{Error, ErrorKind, Result};
use crate::passthrough::{self, Passthrough};
use crate::process;
use crate::project::{Project, config, host};
use crate::session::{Ended, ResolveOptions, Session, Step, read_requirements};
use crate::settings::Settings;

pub(crate) fn run(session: Session<'_>, args: InitArgs) -> Step<'_, Ended<'_>> {
    let opened = session.open_with(|project, settings| {
        let options = options(args, settings);
        let read = read_requirements(project, settings, session.environment, source(project, options).as_deref());
        or_of_other_tools(read, project, options)
    })?;
    match writes_requirements(&opened.project, options(args, &opened.settings)) {
        Ok(true) => {}
        Ok(false) => {
            let environments = match environments(&opened.project, session, args) {
                Ok(environments) => environments,
                Err(error) => return Err(opened.fail(error)),
            };
            let plan = plan(&opened.project, options(args, &opened.settings), environments, None);
            return finish(&plan, opened.end(), session, args);
        }
        Err(error) => return Err(opened.fail(error)),
    }
    let planned = opened.find_tools()?.resolve(ResolveOptions::CLASSIFIED)?.plan()?;
    let host = host::installed(&planned.project().root);
    let dependencies = match classify::of(&planned, host.as_deref()) {
        Ok(dependencies) => dependencies,
        Err(error) => return Err(planned.fail(error)),
    };
    let unprovided = crate::classify::unprovided(planned.project(), planned.target(), &planned.bundle, host.is_some());
    let classified = Classified { dependencies: &dependencies, unprovided: &unprovided };
    let environments = match environments(planned.project(), session, args) {
        Ok(environments) => environments,
        Err(error) => return Err(planned.fail(error)),
    };
    let plan = plan(planned.project(), options(args, &planned.plan.loaded.settings), environments, Some(classified));
    finish(&plan, planned.end(), session, args)
}

/// Whether there is a wrangler configuration: otherwise `init` is pywrangler's, which creates one.
pub(crate) fn is_ours(words: Option<&Passthrough>) -> bool {
    let Ok(process_cwd) = crate::env::current_dir() else { return false };
    let cwd = words.map_or_else(|| process_cwd.clone(), |words| passthrough::resolved_cwd(&process_cwd, words));
    let named = words.and_then(Passthrough::config).map(|config| crate::project::resolve(&cwd, config));
    match config::find(&cwd, named.as_deref()) {
        Ok(_) => true,
        // One that was named and is missing, or two at once, are errors of ours.
        Err(error) => named.is_some() || error.kind != ErrorKind::ConfigMissing,
    }
}

fn options(args: InitArgs, settings: &Settings) -> InitOptions<'_> {
    InitOptions { force: args.force, workflow: args.write_workflow, requirements: settings.requirements.as_deref() }
}

/// The environment that the generated lines check and deploy: `--env`, else the answer on a terminal, else one that is not
/// live, if there is one.
///
/// # Errors
/// `Interrupted`.
fn environments(project: &Project, session: Session<'_>, args: InitArgs) -> Result<Environments> {
    let terminal = session.terminal;
    let names = project.config.environments();
    if project.environment_chosen {
        return Ok(Environments::chosen(names, project.config.environment.clone()));
    }
    let preferred = Environments::preferred(names.clone());
    if names.len() < 2 || args.yes || session.format != Format::Human || !terminal.can_ask() {
        return Ok(preferred);
    }
    let default = preferred.used.clone().unwrap_or_default();
    let question = format!("check and deploy which environment by default? {} [{default}]", names.join(", "));
    loop {
        let answer = terminal.ask(&question, process::check_interrupted)?;
        let answer = answer.as_deref().map(str::trim).unwrap_or_default();
        if answer.is_empty() {
            return Ok(preferred);
        }
        if names.iter().any(|name| name == answer) {
            return Ok(Environments::chosen(names, Some(answer.to_owned())));
        }
        terminal.line(&format!("there is no environment `{answer}`"));
    }
}

/// Prints the plan, asks, and writes it.
///
/// # Errors
/// `Usage` without `--yes` and without a terminal to ask on; `Unwritable`; `Interrupted`.
fn finish<'a>(plan: &Plan, mut ended: Ended<'a>, session: Session<'a>, args: InitArgs) -> Step<'a, Ended<'a>> {
    if args.yes {
        let answer = plan.write().and_then(|written| plan.answer(format!("{}\n{written}", plan.preview()), true));
        return ended.answered(answer);
    }
    if session.format == Format::Human && session.terminal.can_ask() {
        session.terminal.out(&plan.preview());
        return ended.answered(ask(plan, session).and_then(|(text, written)| plan.answer(text, written)));
    }
    ended = ended.answered(plan.answer(plan.preview(), false))?;
    let message = "nothing was written: there is no terminal to ask on";
    Err(ended.with_error(Error::new(ErrorKind::Usage, message, "pass `--yes` to write it")))
}

/// Asks, and writes if the answer is yes: the text to print, and whether anything was written.
fn ask(plan: &Plan, session: Session<'_>) -> Result<(String, bool)> {
    let yes = session.terminal.confirm(&plan.question(), process::check_interrupted)?;
    let text = if yes { plan.write()? } else { "nothing was written\n".to_owned() };
    Ok((text, yes))
}
