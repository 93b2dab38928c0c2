//! Keeps directories and source files that other kept files mention.
//!
//! Repeats until nothing changes, because a file that is kept may mention others. The check is textual and errs towards
//! keeping: imports, strings that could be a path or a dotted name, and full names anywhere.

mod outline;

use crate::bundle::{Content, Owner};
use crate::error::{Error, Result};
use aho_corasick::AhoCorasick;
use outline::{Context, Outline};
use rayon::prelude::*;
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

/// A file or directory that may be dropped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Candidate {
    /// Relative to where imports start (`python_modules`, or the module root), with `/`.
    pub(crate) path: String,
    pub(crate) vendored: bool,
    pub(crate) owner: Owner,
    pub(crate) form: Form,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// Mentioned by an import, by a string, or by its full path or dotted name anywhere.
    Directory,
    /// Mentioned by its file name in any text.
    File,
    /// Mentioned by imports only; its name in other text does not count.
    Import,
    /// A module, by its full path or dotted name in non-Python files; the import graph covers Python.
    Module,
}

/// A file that is kept, or kept if a candidate is.
#[derive(Debug, Clone)]
pub(crate) struct Text<'a> {
    /// As [`Candidate::path`].
    pub(crate) path: &'a str,
    pub(crate) vendored: bool,
    pub(crate) owner: &'a Owner,
    pub(crate) content: &'a Content,
    /// The candidates that contain this file: it is dropped if any of them is.
    pub(crate) inside: Vec<usize>,
}

/// For each candidate, whether the texts mention it.
///
/// # Errors
/// `Unreadable`: a text that cannot be read.
pub(crate) fn named(candidates: &[Candidate], texts: &[Text<'_>]) -> Result<Vec<bool>> {
    let mut stays = vec![false; candidates.len()];
    Mentions::new(candidates, texts)?.mark(&mut stays)?;
    Ok(stays)
}

/// The texts that are not read yet, and the patterns to find in them.
pub(crate) struct Mentions<'a> {
    search: Option<Search<'a>>,
    waiting: Vec<&'a Text<'a>>,
}

impl<'a> Mentions<'a> {
    pub(crate) fn new(candidates: &'a [Candidate], texts: &'a [Text<'a>]) -> Result<Self> {
        let search = if candidates.is_empty() { None } else { Some(Search::new(candidates)?) };
        // Names in tests are what they test or run; what they need themselves, they import.
        let speaking =
            texts.iter().filter(|text| speaks(text.path) && (text.inside.is_empty() || !is_test(candidates, text)));
        Ok(Self { search, waiting: speaking.collect() })
    }

    /// Marks in `stays` everything that kept texts mention, to a fixpoint. Returns whether anything was new.
    ///
    /// # Errors
    /// `Unreadable`: a text that cannot be read.
    pub(crate) fn mark(&mut self, stays: &mut [bool]) -> Result<bool> {
        let Some(search) = &self.search else { return Ok(false) };
        let mut marked = false;
        loop {
            let waiting = std::mem::take(&mut self.waiting);
            let (now, later): (Vec<_>, Vec<_>) =
                waiting.into_iter().partition(|text| text.inside.iter().all(|candidate| stays[*candidate]));
            self.waiting = later;
            if now.is_empty() {
                return Ok(marked);
            }
            let found: Vec<BTreeSet<usize>> = now.par_iter().map(|text| search.read(text)).collect::<Result<_>>()?;
            for candidate in found.into_iter().flatten() {
                marked |= !stays[candidate];
                stays[candidate] = true;
            }
        }
    }
}

/// Whether the code before a string compares with it.
fn is_compared(before: &[u8]) -> bool {
    let call = before.trim_ascii_end().strip_suffix(b"\"").or_else(|| before.strip_suffix(b"'")).unwrap_or(before);
    [&b"startswith("[..], b"endswith(", b"== ", b"!= "].iter().any(|end| call.ends_with(end))
}

fn is_test(candidates: &[Candidate], text: &Text<'_>) -> bool {
    text.vendored && text.inside.iter().any(|candidate| candidates[*candidate].form == Form::Directory)
}

/// Metadata lists files but does not use them. Entry points do.
fn speaks(path: &str) -> bool {
    let in_metadata =
        path.split('/').rev().skip(1).any(|part| part.ends_with(".dist-info") || part.ends_with(".egg-info"));
    !in_metadata || path.ends_with("/entry_points.txt")
}

enum Needle {
    /// `a.b.tests` or `a/b/tests` of this candidate.
    Full(usize),
    /// The last path component of these candidates.
    Directory(Vec<usize>),
    File(Vec<usize>),
    Module(usize),
}

struct Search<'a> {
    candidates: &'a [Candidate],
    automaton: AhoCorasick,
    /// The meaning of each pattern in the automaton.
    needles: Vec<Needle>,
}

impl<'a> Search<'a> {
    fn new(candidates: &'a [Candidate]) -> Result<Self> {
        let mut needles: Vec<(String, Needle)> = Vec::new();
        let (mut directories, mut files) = (BTreeMap::<&str, Vec<usize>>::new(), BTreeMap::<&str, Vec<usize>>::new());
        for (index, candidate) in candidates.iter().enumerate() {
            match candidate.form {
                Form::File => files.entry(last(&candidate.path)).or_default().push(index),
                Form::Directory => {
                    directories.entry(last(&candidate.path)).or_default().push(index);
                    if candidate.path.contains('/') {
                        needles.push((candidate.path.clone(), Needle::Full(index)));
                        needles.push((candidate.path.replace('/', "."), Needle::Full(index)));
                    }
                }
                Form::Import => {}
                Form::Module => {
                    let module = imported_as(&candidate.path);
                    if module.contains('/') {
                        needles.push((module.to_owned(), Needle::Module(index)));
                        needles.push((module.replace('/', "."), Needle::Module(index)));
                    }
                }
            }
        }
        needles.extend(directories.into_iter().map(|(name, all)| (name.to_owned(), Needle::Directory(all))));
        needles.extend(files.into_iter().map(|(name, all)| (name.to_owned(), Needle::File(all))));
        let automaton = AhoCorasick::new(needles.iter().map(|(pattern, _)| pattern)).map_err(|error| {
            Error::new(crate::error::ErrorKind::Internal, format!("too many directories to look for: {error}"), "")
        })?;
        Ok(Self { candidates, automaton, needles: needles.into_iter().map(|(_, needle)| needle).collect() })
    }

    /// The candidates that one text mentions.
    fn read(&self, text: &Text<'_>) -> Result<BTreeSet<usize>> {
        let bytes: Cow<'_, [u8]> = match text.content {
            Content::Inline(bytes) => Cow::Borrowed(bytes),
            Content::File(path) => Cow::Owned(fs_err::read(path).map_err(|error| Error::unreadable(&error))?),
        };
        let python = text.path.ends_with(".py") || text.path.ends_with(".pyi");
        let entry_points = text.path.ends_with(".dist-info/entry_points.txt");
        let binary = !python && bytes.iter().take(8 << 10).any(|byte| *byte == 0);
        let mut outline = None;
        let mut found = BTreeSet::new();
        for hit in self.automaton.find_overlapping_iter(bytes.as_ref()) {
            let at = hit.start()..hit.end();
            if !whole(&bytes, &at) {
                continue;
            }
            match &self.needles[hit.pattern().as_usize()] {
                Needle::Full(candidate) => {
                    let concerned = !found.contains(candidate) && self.concerns(text, *candidate);
                    let mut runs = || {
                        !python
                            || match outline_of(&mut outline, &bytes).context(&bytes, at.start) {
                                Context::Prose => false,
                                // `name.startswith("pkg.tests.")` compares a name and imports nothing.
                                Context::String(string, _) => !is_compared(&bytes[..string.start]),
                                Context::Statement(_) => true,
                            }
                    };
                    if concerned && runs() {
                        found.insert(*candidate);
                    }
                }
                Needle::File(files) if !binary => {
                    found.extend(files.iter().copied().filter(|candidate| self.concerns(text, *candidate)));
                }
                Needle::File(_) => {}
                Needle::Module(candidate) if !python && self.concerns(text, *candidate) => {
                    found.insert(*candidate);
                }
                Needle::Module(_) => {}
                Needle::Directory(directories) if directories.iter().all(|candidate| found.contains(candidate)) => {}
                Needle::Directory(directories) if entry_points => {
                    found.extend(self.imported(text, directories, 0, &dotted(&bytes, &at)));
                }
                Needle::Directory(directories) if python => {
                    let outline = outline_of(&mut outline, &bytes);
                    found.extend(self.in_python(text, &bytes, outline, directories, &at));
                }
                // A string in a compiled module: Cython stores the names of its imports like this.
                Needle::Directory(directories) if binary && ends_with_zeros(&bytes, &at) => {
                    found.extend(self.beside(text, directories, &[], &[]));
                }
                Needle::Directory(_) => {}
            }
        }
        Ok(found)
    }

    fn in_python(
        &self,
        text: &Text<'_>,
        bytes: &[u8],
        outline: &Outline,
        directories: &[usize],
        at: &Range<usize>,
    ) -> Vec<usize> {
        match outline.context(bytes, at.start) {
            Context::Prose => Vec::new(),
            Context::String(string, statement) => {
                let delimited = |at: usize| DELIMITERS.contains(&bytes[at]);
                let begins = at.start == string.start || delimited(at.start - 1);
                let ends = at.end >= string.end || delimited(at.end);
                if !(begins && ends) || is_compared(&bytes[..string.start]) {
                    return Vec::new();
                }
                let previous = outline.string_before(bytes, string, statement).unwrap_or_default();
                self.beside(text, directories, &components_before(&bytes[string.start..at.start]), previous)
            }
            Context::Statement(statement) => {
                let imports = outline.imports(bytes, statement);
                let found =
                    imports.iter().flat_map(|import| self.imported(text, directories, import.level, &import.path));
                found.collect()
            }
        }
    }

    /// A vendored package cannot refer to the project's files; the project can refer to all files.
    fn concerns(&self, text: &Text<'_>, candidate: usize) -> bool {
        self.candidates[candidate].vendored || !text.vendored
    }

    /// The directories that a string in this text can mean: `before` are the names before it in the same string,
    /// `previous` is the string before it in the same statement. A name alone is looked up next to the file and next to
    /// each directory above it, or below the directory that the previous string names (`join(root, "core", "tests")`).
    fn beside(&self, text: &Text<'_>, directories: &[usize], before: &[&str], previous: &[u8]) -> Vec<usize> {
        let meant = |candidate: &Candidate| {
            let owned = !candidate.vendored
                || if candidate.path.contains('/') {
                    same_package(&candidate.path, text.path)
                } else {
                    &candidate.owner == text.owner
                };
            let parents: Vec<&str> = candidate.path.split('/').rev().skip(1).collect();
            let near = match (before, parents.first()) {
                ([], None) => true,
                ([], Some(parent)) => {
                    let above = &candidate.path[..candidate.path.len() - last(&candidate.path).len()];
                    text.path.starts_with(above) || has_component(previous, parent)
                }
                (before, _) => before.iter().rev().zip(&parents).all(|(a, b)| a == b),
            };
            candidate.vendored == text.vendored && owned && near
        };
        directories.iter().copied().filter(|candidate| meant(&self.candidates[*candidate])).collect()
    }

    /// The directories on the path of an import.
    fn imported(&self, text: &Text<'_>, directories: &[usize], level: usize, path: &[String]) -> Vec<usize> {
        let relative = level > 0;
        let Some(path) = absolute(text.path, level, path) else { return Vec::new() };
        let names = |candidate: &Candidate| {
            let parts: Vec<&str> = candidate.path.split('/').collect();
            if starts_with(&path, &parts) {
                return !relative || candidate.vendored == text.vendored;
            }
            // A package that bundles a copy of another imports it by a shorter name.
            let ends = (1..=path.len()).filter(|end| Some(&path[*end - 1].as_str()) == parts.last());
            let mut ends =
                ends.filter(|end| parts.len() >= *end && starts_with(&path[..*end], &parts[parts.len() - end..]));
            !relative
                && candidate.vendored
                && text.vendored
                && same_package(&candidate.path, text.path)
                && ends.next().is_some()
        };
        let concerned = directories.iter().copied().filter(|candidate| self.concerns(text, *candidate));
        concerned.filter(|candidate| names(&self.candidates[*candidate])).collect()
    }
}

fn outline_of<'o>(outline: &'o mut Option<Outline>, bytes: &[u8]) -> &'o Outline {
    outline.get_or_insert_with(|| Outline::new(bytes))
}

fn ends_with_zeros(bytes: &[u8], at: &Range<usize>) -> bool {
    at.start > 0 && bytes[at.start - 1] == 0 && bytes.get(at.end) == Some(&0)
}

/// The names directly before a match inside a string: `["io", "fits"]` in `"../io/fits/tests"`.
fn components_before(string: &[u8]) -> Vec<&str> {
    let text = std::str::from_utf8(string).unwrap_or_default();
    let Some(text) = text.strip_suffix(['/', '.', '\\']) else { return Vec::new() };
    let is_name = |part: &&str| !part.is_empty() && part.bytes().all(|byte| is_word(byte) || byte == b'-');
    let mut parts: Vec<&str> = text.rsplit(['/', '.', '\\']).take_while(is_name).collect();
    parts.reverse();
    parts
}

fn has_component(string: &[u8], name: &str) -> bool {
    string.split(|byte| DELIMITERS.contains(byte)).any(|part| part == name.as_bytes())
}

/// Characters allowed next to a name in a string that is a path, a dotted name, or a pattern for one.
const DELIMITERS: &[u8] = b"./\\:,{}*%";

fn starts_with(path: &[String], parts: &[&str]) -> bool {
    path.len() >= parts.len() && path.iter().zip(parts).all(|(a, b)| a == b)
}

fn same_package(a: &str, b: &str) -> bool {
    a.split('/').next() == b.split('/').next()
}

/// The dotted path of an import in the file `from`; `None` if it goes above the root.
fn absolute(from: &str, level: usize, path: &[String]) -> Option<Vec<String>> {
    if level == 0 {
        return Some(path.to_vec());
    }
    let mut parts: Vec<String> = from.split('/').map(str::to_owned).collect();
    let package = parts.len().checked_sub(level)?;
    parts.truncate(package);
    parts.extend_from_slice(path);
    Some(parts)
}

/// `a/b` of `a/b.py`, `a/b/__init__.py` and `a/b.cpython-314-wasm32-emscripten.so`.
fn imported_as(path: &str) -> &str {
    let stem = path.len() - last(path).len() + last(path).find('.').unwrap_or(last(path).len());
    path[..stem].strip_suffix("/__init__").unwrap_or(&path[..stem])
}

fn last(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

fn is_word(byte: u8) -> bool {
    byte == b'_' || byte.is_ascii_alphanumeric() || byte >= 0x80
}

fn whole(bytes: &[u8], at: &Range<usize>) -> bool {
    let before = at.start.checked_sub(1).map(|index| bytes[index]);
    !before.is_some_and(is_word) && !bytes.get(at.end).copied().is_some_and(is_word)
}

/// The dotted name around a match.
fn dotted(bytes: &[u8], at: &Range<usize>) -> Vec<String> {
    let part = |byte: &u8| is_word(*byte) || *byte == b'.';
    let from = at.start - bytes[..at.start].iter().rev().take_while(|byte| part(byte)).count();
    let to = at.end + bytes[at.end..].iter().take_while(|byte| part(byte)).count();
    String::from_utf8_lossy(&bytes[from..to]).split('.').map(str::to_owned).collect()
}

#[cfg(test)]
mod tests;
