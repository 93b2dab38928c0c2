//! Everything that is not ours: pywrangler, in place, with the user's words, terminal and environment.
//!
//! Receives the words; hands on pywrangler's own exit code. Must never read, stage or change anything.

use crate::error::Result;
use crate::project::pyproject;
use crate::settings::{self, Environment};
use crate::term::Terminal;
use crate::tool;
use crate::toolchain;
use std::ffi::OsString;

pub(crate) fn run(words: &[OsString], environment: &Environment, terminal: &Terminal) -> i32 {
    start(words, environment).unwrap_or_else(|error| {
        terminal.error(&error);
        error.kind.exit()
    })
}

fn start(words: &[OsString], environment: &Environment) -> Result<i32> {
    let cwd = settings::current_dir()?;
    let found = pyproject::find(&cwd);
    let root = found.as_deref().and_then(camino::Utf8Path::parent).unwrap_or(&cwd);
    // Whether the project declares workers-py is not worth a parse error here: pywrangler itself has the last word.
    let uses_uv = toolchain::uv_project(root).is_some()
        || found.as_ref().is_some_and(|path| {
            pyproject::read(path.clone(), root).is_ok_and(|pyproject| pyproject.declares("workers-py"))
        });
    let mut environment = tool::child_environment(environment);
    let program = toolchain::pywrangler(root, &mut environment, uses_uv)?;
    let argv: Vec<OsString> = program.argv.iter().chain(words).cloned().collect();
    Ok(tool::run_in_place(&argv, &cwd, &environment)?.code)
}
