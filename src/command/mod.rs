//! Commands that are not the corridor: thin, on the same rooms.
//!
//! Receives words, or what the corridor has planned; hands on an exit code or an answer. Must never do what a room does.

pub(crate) mod cache;
pub(crate) mod classify;
pub(crate) mod doctor;
pub(crate) mod doctor_wheels;
pub(crate) mod explain;
pub(crate) mod impact;
pub(crate) mod init;
pub(crate) mod lock;
pub(crate) mod pywrangler;
mod subject;
pub(crate) mod why;

/// What a command that only asks says: for people, and as one JSON document.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) text: String,
    pub(crate) json: String,
}
