//! The shipped binary, run as a user runs it, on small fakes of the tools that record what they get. Needs no tools.
//!
//! The tests on the real tools are the harness `rig` (tests/rig); the few here that need one are ignored, and `make test`
//! runs them too.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "tests")]

mod bad_input;
mod cleared;
mod command_line;
mod commands;
mod corpus;
mod data_files;
mod documents;
mod fake;
mod formats;
mod gates;
mod growth;
mod heavy;
mod human;
mod modules;
mod project;
mod questions;
#[allow(dead_code, reason = "most of it is for the harness `rig`")]
mod rig;
mod signals;
mod stage;
mod terminal;
