//! A drop-in that nobody has to think about: every layout of a project, deployed with plain pywrangler and with saddlebag.
//!
//! `case` builds a project, deploys it both ways against the loopback API and compares what came; the tables beside it hold
//! the cases. What differs on purpose is in `docs/drop-in.md`, and a case says so in words that can be searched for.

/// One test for each row: two deploys with the real tools.
macro_rules! cases {
    ($($name:ident: $case:expr,)*) => { $(#[test] fn $name() { $case.run(); })* };
}

mod case;
mod command_line;
mod configuration;
mod dry_run;
mod entry;
mod layouts;
mod links;
mod surroundings;
mod workspaces;
