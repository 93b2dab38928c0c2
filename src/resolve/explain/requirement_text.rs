//! Splits a requirement into its parts and keeps its spelling.

use crate::python::distribution::leading_name;

/// The parts of a requirement: name, extras with brackets, versions, marker with `;`.
pub(super) fn parts(text: &str) -> Option<(&str, &str, &str, &str)> {
    let (head, marker) = text.find(';').map_or((text, ""), |at| (&text[..at], &text[at..]));
    let name_end = leading_name(head).len();
    let extras_end = head.find(']').map_or(name_end, |at| at + 1);
    let versions = head[extras_end..].trim().trim_start_matches('(').trim_end_matches(')');
    (!versions.starts_with('@')).then_some((&head[..name_end], head[name_end..extras_end].trim(), versions, marker))
}

pub(super) fn spaced(marker: &str) -> String {
    if marker.is_empty() { String::new() } else { format!(" {marker}") }
}
