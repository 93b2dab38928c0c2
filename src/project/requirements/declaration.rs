//! A declared dependency, and the lenient reading of one line.

use super::lines::Line;
use super::model::{Requirement, Section};
use super::requirement::Context;
use super::url::redacted;
use crate::project::position::line_and_column;
use crate::python::normalize;

/// A requirement, and the list that declares it.
#[derive(Debug, Clone)]
pub(crate) struct Declared {
    pub(crate) requirement: Requirement,
    /// The name of its list, if the file has more than one: `dependency group dev`.
    pub(crate) list: Option<String>,
    /// Whether it is vendored for the Worker.
    pub(crate) runtime: bool,
    /// Whether its list is for development, by its name or by its tool's rules.
    pub(crate) development: bool,
}

impl Declared {
    /// `requirements-dev.txt:3`, `pyproject.toml:12 (dependency group dev)`.
    pub(crate) fn place(&self) -> String {
        let Requirement { file, line, .. } = &self.requirement;
        match &self.list {
            Some(list) => format!("{file}:{line} ({list})"),
            None => format!("{file}:{line}"),
        }
    }
}

/// The requirement on a line; of a line that is not PEP 508, at least its name.
pub(super) fn read_line(context: &Context<'_>, line: &Line) -> Option<Requirement> {
    if let Ok(requirement) = context.requirement(line, Vec::new()) {
        return Some(requirement);
    }
    let end = line.text.find(|c: char| !(c.is_ascii_alphanumeric() || "-_.".contains(c))).unwrap_or(line.text.len());
    let name = line.text[..end].trim_end_matches(['-', '_', '.']);
    let is_name =
        name.starts_with(|c: char| c.is_ascii_alphanumeric()) && !line.text[end..].starts_with([':', '/', '\\']);
    if !is_name {
        return None;
    }
    let (row, column) = line_and_column(context.text, line.offset(0));
    Some(Requirement {
        name: Some(normalize(name)),
        text: name.to_owned(),
        file: context.display_path.to_owned(),
        line: row,
        column,
        hashes: Vec::new(),
        local: None,
        section: Section::Dependencies,
        written: redacted(&line.text),
    })
}

/// An entry of another tool's list, as PEP 508 text.
pub(super) fn entry(
    context: &Context<'_>,
    offset: usize,
    text: &str,
    list: Option<String>,
    development: bool,
) -> Option<Declared> {
    let requirement = read_line(context, &Line::of(text, offset, false))?;
    Some(Declared { requirement, list, runtime: false, development })
}
