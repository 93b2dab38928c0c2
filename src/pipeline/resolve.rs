//! The packages of the Worker, or, for who asks what each dependency is, those of all that resolves.
//!
//! Receives the project and the tools; hands on the vendored packages and what had to be left out for them. What is
//! deployed is never resolved with anything left out. Must never leave out what does not keep the rest from resolving.

use super::reached;
use crate::cli::{Command, OwnInvocation};
use crate::command::classify::{self, LeftOut};
use crate::error::Result;
use crate::gate;
use crate::report::Report;
use crate::settings::Settings;
use crate::term::Terminal;
use crate::toolchain::Toolchain;
use crate::vendor::{self, Unresolved, Vendored};
use camino::Utf8Path;

/// How often requirements are left out; each time costs a resolution.
const TRIES: usize = 4;

/// `Err` inside: it does not resolve, and nothing can be left out.
type Resolved = std::result::Result<(Vendored, Vec<LeftOut>), Box<Unresolved>>;

/// # Errors
/// As `vendor::vendor`.
pub(super) fn resolve(
    invocation: &OwnInvocation,
    report: &mut Report,
    (toolchain, cache): (&Toolchain, &Utf8Path),
    settings: &Settings,
    terminal: &Terminal,
) -> Result<Resolved> {
    let mut left_out: Vec<LeftOut> = Vec::new();
    let classifies = matches!(invocation.command, Command::Classify | Command::Init);
    let wish = vendor::Wish {
        fresh: settings.no_cache,
        alternatives: !classifies,
        relock: invocation.command == Command::Lock,
    };
    let mut tries = if classifies { TRIES } else { 0 };
    loop {
        let (project, target) = (reached(&report.project)?, reached(&report.target)?);
        let why = match vendor::vendor(project, target, toolchain, cache, wish, terminal)? {
            vendor::Outcome::Vendored(vendored) => return Ok(Ok((*vendored, left_out))),
            vendor::Outcome::Unresolved(why) => why,
        };
        let more = match tries {
            0 => Vec::new(),
            _ => classify::in_the_way(&why, project, &gate::explained(&why, target)),
        };
        if more.is_empty() {
            return Ok(Err(why));
        }
        tries -= 1;
        let names: Vec<String> = more.iter().map(|one| one.name.clone()).collect();
        terminal.line(&format!("Leaving out what cannot run on Workers: {}", names.join(", ")));
        left_out.extend(more);
        if let Some(project) = &mut report.project {
            let goes = |name: &Option<String>| name.as_ref().is_some_and(|name| names.contains(name));
            project.requirements.entries.retain(|entry| !goes(&entry.name));
        }
    }
}
