//! How `init` ends: shown, asked about, written.
//!
//! Receives the plan; hands on the answer. Nothing is written that was not shown. Must never ask where nobody can answer.

use crate::cli::{Flags, Format, OwnInvocation};
use crate::command::init::{Environments, Plan, Wish};
use crate::error::{Error, Kind, Result};
use crate::passthrough::{self, Passthrough};
use crate::project::{Project, config};
use crate::report::Report;
use crate::settings::Settings;
use crate::term::Terminal;
use crate::tool;

/// Whether there is a project of wrangler's to prepare: otherwise `init` is pywrangler's, which makes one.
pub(crate) fn is_ours(words: Option<&Passthrough>) -> bool {
    let Ok(process_cwd) = super::current_dir() else { return false };
    let cwd = words.map_or_else(|| process_cwd.clone(), |words| passthrough::resolved_cwd(&process_cwd, words));
    let named = words.and_then(Passthrough::config).map(|config| crate::project::resolve(&cwd, config));
    match config::find(&cwd, named.as_deref()) {
        Ok(_) => true,
        // One that was named and is not there, or two at odds, are for us to complain of.
        Err(error) => named.is_some() || error.kind != Kind::ConfigMissing,
    }
}

pub(super) fn wish<'a>(invocation: &OwnInvocation, settings: &'a Settings) -> Wish<'a> {
    let flags = &invocation.flags;
    Wish { force: flags.force, workflow: flags.write_workflow, requirements: settings.requirements.as_deref() }
}

/// Which environment the generated lines check and deploy: `--env`, else what somebody at a terminal says, else one that is
/// not live, where there is one.
///
/// # Errors
/// `Interrupted`.
pub(super) fn environments(
    project: &Project,
    flags: &Flags,
    format: Format,
    terminal: &Terminal,
) -> Result<Environments> {
    let names = project.config.environments();
    if project.environment_chosen {
        return Ok(Environments::chosen(names, project.config.environment.clone()));
    }
    let preferred = Environments::preferred(names.clone());
    if names.len() < 2 || flags.yes || format != Format::Human || !terminal.can_ask() {
        return Ok(preferred);
    }
    let default = preferred.used.clone().unwrap_or_default();
    let question = format!("check and deploy which environment by default? {} [{default}]", names.join(", "));
    loop {
        let answer = terminal.ask(&question, tool::check_interrupted)?;
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

/// # Errors
/// `Usage` where nobody can be asked and `--yes` is not there; `Unwritable`; `Interrupted`.
pub(super) fn finish(
    plan: &Plan,
    flags: &Flags,
    format: Format,
    report: &mut Report,
    terminal: &Terminal,
) -> Result<()> {
    let answer = |text: String, written: bool| Ok::<_, Error>(Some(plan.answer(text, written)?.said(format)));
    if flags.yes {
        let said = plan.write()?;
        report.answer = answer(format!("{}\n{said}", plan.shown()), true)?;
        return Ok(());
    }
    if format == Format::Human && terminal.can_ask() {
        terminal.out(&plan.shown());
        let yes = terminal.confirm(&plan.question(), tool::check_interrupted)?;
        let said = if yes { plan.write()? } else { "nothing was written\n".to_owned() };
        report.answer = answer(said, yes)?;
        return Ok(());
    }
    report.answer = answer(plan.shown(), false)?;
    let message = "nothing was written: there is no terminal to ask on";
    Err(Error::new(Kind::Usage, message, "pass `--yes` to write what is shown"))
}
