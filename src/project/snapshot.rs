//! Formats errors for the snapshots of the `project` tests.

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
