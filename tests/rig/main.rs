//! The shipped binary on the real pywrangler, uv, wrangler, Node and Pyodide: `make test`, or, once the rig is set up,
//! `cargo test --test rig`.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "tests")]
#![allow(dead_code, reason = "what both harnesses use is compiled into each")]

mod browser;
mod end_to_end;
#[path = "../it/fake.rs"]
mod fake;
mod matrix;
#[path = "../it/project.rs"]
mod project;
mod pywrangler_versions;
#[path = "../it/rig.rs"]
mod rig;
mod smoke;
mod sources;
mod verify;
mod wheels;
mod write_back;
