//! The shipped binary, run as a user runs it: on real tools (`end_to_end`) and on small fakes that record what they get.
//!
//! `make test` sets the rig up before this harness runs; without it the end-to-end tests fail and say so.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "tests")]

mod bad_input;
mod browser;
mod cleared;
mod command_line;
mod commands;
mod corpus;
mod data_files;
mod documents;
mod end_to_end;
mod fake;
mod formats;
mod gates;
mod growth;
mod heavy;
mod human;
mod matrix;
mod project;
mod pywrangler_versions;
mod questions;
mod rig;
mod signals;
mod smoke;
mod sources;
mod stage;
mod terminal;
mod verify;
mod wheels;
mod write_back;
