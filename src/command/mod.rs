//! Commands that are not the corridor: thin, on the same rooms.
//!
//! Receives words; hands on an exit code. Must never do what a room does.

pub(crate) mod pywrangler;
