//! How the tests of this room write an error into a snapshot.
//!
//! Receives an error and the input that caused it; hands on text. Only the tests have it.

use crate::error::Error;

/// Input, `error[code]: message`, location and hint, as one block.
pub(crate) fn shown(input: &str, error: &Error) -> String {
    let location = error.location.as_ref().map_or("-".to_owned(), ToString::to_string);
    format!(
        "{}\nerror[{}]: {}\n   --> {location}\n  hint: {}\n\n",
        input.trim_end().escape_debug().to_string().replace("\\'", "'").replace("\\\"", "\""),
        error.kind.code(),
        error.message,
        error.hint
    )
}
