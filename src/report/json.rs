//! `--format json`: the report as one document, `saddlebag.report/1`.

mod v1;

use super::{Renderer, Report};
use crate::baseline::Growth;
use v1::{DocumentV1, GrowthV1};

/// The report as one JSON document.
pub(crate) struct Json;

impl Renderer for Json {
    fn render(&self, report: &Report<'_>) -> String {
        super::json_text(&DocumentV1::from(report))
    }
}

/// The document as a value, for the HTML report.
pub(super) fn value(report: &Report<'_>) -> serde_json::Value {
    serde_json::to_value(DocumentV1::from(report)).unwrap_or_default()
}

/// The part about growth alone, for `saddlebag baseline`.
pub(crate) fn growth(growth: &Growth) -> impl serde::Serialize {
    GrowthV1::from(growth)
}
