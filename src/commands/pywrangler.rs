//! Every command that is not ours: pywrangler, in place, with the user's arguments, terminal and environment.

use crate::env::Environment;
use crate::error::Result;
use crate::process;
use crate::project::pyproject;
use crate::terminal::Terminal;
use crate::tools;
use std::ffi::OsString;

pub(crate) fn run(words: &[OsString], environment: &Environment, terminal: &Terminal) -> i32 {
    start(words, environment).unwrap_or_else(|error| {
        terminal.error(&error);
        error.kind.exit()
    })
}

fn start(words: &[OsString], environment: &Environment) -> Result<i32> {
    let cwd = crate::env::current_dir()?;
    let found = pyproject::find(&cwd);
    let root = found.as_deref().and_then(camino::Utf8Path::parent).unwrap_or(&cwd);
    // Whether the project declares workers-py is not worth a parse error here: pywrangler itself has the last word.
    let uses_uv = tools::uv_project(root).is_some()
        || found.as_ref().is_some_and(|path| {
            pyproject::read(path.clone(), root).is_ok_and(|pyproject| pyproject.declares("workers-py"))
        });
    let mut environment = process::child_environment(environment);
    let program = tools::pywrangler(root, &mut environment, uses_uv)?;
    let argv: Vec<OsString> = program.argv.iter().chain(words).cloned().collect();
    Ok(process::run_in_place(&argv, &cwd, &environment)?.code)
}
