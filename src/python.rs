//! Python: what a source file imports and uses, what a distribution owns, what the standard library has.
//!
//! Nothing here runs Python. `syntax` is the only module that calls the parser.

pub(crate) mod distribution;
pub(crate) mod finder;
pub(crate) mod graph;
pub(crate) mod import_cache;
pub(crate) mod import_names;
pub(crate) mod imports;
pub(crate) mod sources;
pub(crate) mod stdlib;
mod syntax;
pub(crate) mod uses;

/// A project name as PEP 503 normalises it: lower case, runs of `-`, `_` and `.` become one `-`.
pub(crate) fn normalize(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    for part in name.split(['-', '_', '.']).filter(|part| !part.is_empty()) {
        if !out.is_empty() {
            out.push('-');
        }
        out.push_str(&part.to_ascii_lowercase());
    }
    out
}

/// Whether `name` can be a component of a dotted name: what `import NAME` accepts, keywords aside.
pub(crate) fn is_identifier(name: &str) -> bool {
    let mut chars = name.chars();
    chars.next().is_some_and(|c| c == '_' || c.is_alphabetic()) && chars.all(|c| c == '_' || c.is_alphanumeric())
}
