//! saddlebag: deploys Cloudflare Python Workers without bad surprises.
//!
//! `session` has the steps of a run, `commands` what each command does with them.

#[cfg(not(unix))]
compile_error!("saddlebag runs on Linux and macOS: processes and locks are Unix's; on Windows, use WSL");

mod baseline;
mod bundle;
mod classify;
mod cli;
mod commands;
mod deploy;
mod env;
mod error;
mod format;
mod gate_id;
mod gates;
mod layout;
mod passthrough;
mod process;
mod project;
mod python;
mod report;
mod resolve;
mod session;
mod settings;
mod smoke;
mod stage;
mod suggest;
mod temporary;
mod terminal;
mod tools;
mod wrangler;

use crate::cli::Invocation;
use crate::env::Environment;
use crate::session::Session;
use crate::terminal::Terminal;
use std::process::ExitCode;

fn main() -> ExitCode {
    let argv: Vec<_> = std::env::args_os().skip(1).collect();
    let format = cli::format_of(&argv);
    let environment = Environment::read();
    let terminal = Terminal::new(environment.get("TERM") == Some("dumb"));
    let run = |invocation| Session::run(invocation, &environment, &terminal, commands::run);
    let refuse = |error| session::refuse(&error, format, &environment, &terminal);
    let print = |text: &str| {
        terminal.out(text);
        0
    };
    let code = match process::hear_signals().and_then(|()| cli::parse(argv)) {
        Ok(Invocation::Own(invocation)) => run(&invocation),
        Ok(Invocation::Init { ours, words }) => match ours {
            ours if !commands::init::is_ours(ours.as_ref().ok().map(|invocation| &invocation.rest)) => {
                commands::pywrangler::run(&words, &environment, &terminal)
            }
            Ok(invocation) => run(&invocation),
            Err(error) => refuse(error),
        },
        Ok(Invocation::Pywrangler(words)) => commands::pywrangler::run(&words, &environment, &terminal),
        Ok(Invocation::Text(text)) => print(&text),
        Ok(Invocation::Explain(gate)) => match commands::explain::page(gate.as_deref()) {
            Ok(page) => print(&page),
            Err(error) => refuse(error),
        },
        Err(error) => refuse(error),
    };
    // An exit status is one byte; all of ours fit.
    ExitCode::from(u8::try_from(code).unwrap_or(u8::MAX))
}
