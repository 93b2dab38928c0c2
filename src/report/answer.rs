//! The answer of a command that only asks: `why`, `classify`, `doctor`, `cache` and others.

use crate::cli::Format;
use crate::error::{Error, ErrorKind, Result};

/// What a command that only asks says: for people, and as one JSON document.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) text: String,
    pub(crate) json: String,
}

impl Answer {
    /// # Errors
    /// `ErrorKind::Internal` for a document that cannot be written, which is a defect.
    pub(crate) fn of(text: String, document: &serde_json::Value) -> Result<Self> {
        let json = serde_json::to_string_pretty(document)
            .map_err(|error| Error::new(ErrorKind::Internal, error.to_string(), "report this defect"))?;
        Ok(Self { text, json: json + "\n" })
    }

    /// As it was asked for: the document for every format but the one for people.
    pub(crate) fn render(self, format: Format) -> String {
        if format == Format::Human { self.text } else { self.json }
    }
}
