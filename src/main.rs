//! saddlebag
#![allow(dead_code, unused_imports, reason = "the skeleton; removed when the rooms are furnished")]
mod bundle;
mod error;
mod gate;
mod project;
mod python;
mod stage;
mod vendor;

fn main() {}
