//! Every dependency that the project declares anywhere, for the Worker or for development.
//!
//! What a development file has besides requirements (`-e .`, indexes, lines that only pip knows) is skipped: nothing is vendored
//! from it.

use super::declaration::{Declared, read_line};
use super::file::options_start;
use super::foreign;
use super::lines::{Line, logical_lines};
use super::model::{Requirement, Requirements, Section};
use super::requirement::Context;
use crate::project::document::decode;
use crate::project::paths::{display, resolve};
use crate::project::pyproject::{Dependency, Pyproject};
use camino::{Utf8Path, Utf8PathBuf};
use std::collections::BTreeSet;

/// Words in the name of a list that is for development.
const DEVELOPMENT: [&str; 16] = [
    "dev",
    "develop",
    "development",
    "devel",
    "test",
    "tests",
    "testing",
    "doc",
    "docs",
    "lint",
    "linting",
    "typing",
    "ci",
    "build",
    "bench",
    "tools",
];

/// The runtime requirements first, then the rest of `pyproject.toml`, then requirements files by name, then the lists of other
/// tools.
pub(crate) fn declared(root: &Utf8Path, pyproject: Option<&Pyproject>, runtime: &Requirements) -> Vec<Declared> {
    let named = |requirement: &&Requirement| requirement.name.is_some();
    let of_runtime = |requirement: &Requirement| Declared {
        list: match &requirement.section {
            Section::Dependencies => None,
            Section::Extra(name) => Some(format!("extra {name}")),
            Section::Group(name) => Some(format!("dependency group {name}")),
        },
        requirement: requirement.clone(),
        runtime: true,
        development: false,
    };
    let mut found: Vec<Declared> = runtime.entries.iter().filter(named).map(of_runtime).collect();
    let mut places: BTreeSet<(String, u32, u32)> = found.iter().map(place_of).collect();
    let foreign = foreign::all(root, pyproject);
    for other in pyproject.map(of_pyproject).unwrap_or_default().into_iter().chain(of_files(root)).chain(foreign) {
        if places.insert(place_of(&other)) {
            found.push(other);
        }
    }
    found
}

/// The requirements to start a runtime file with, if the project keeps them in a list that only another tool reads: the first
/// of those lists, without what is for development or optional.
pub(crate) fn initial_requirements(root: &Utf8Path, pyproject: Option<&Pyproject>) -> Vec<Requirement> {
    let runtime = foreign::all(root, pyproject).into_iter().filter(|declared| !declared.development);
    let listed: Vec<Requirement> = runtime.map(|declared| declared.requirement).collect();
    let first = listed.first().map(|requirement| requirement.file.clone());
    listed.into_iter().filter(|requirement| Some(&requirement.file) == first.as_ref()).collect()
}

/// Whether a list is for development, by its name: `requirements-dev.txt`, `dependency group test`.
fn is_for_development(name: &str) -> bool {
    let words = name.split(|c: char| !c.is_ascii_alphanumeric());
    words.into_iter().any(|word| {
        let word = word.to_ascii_lowercase();
        DEVELOPMENT.iter().any(|known| word == *known)
    })
}

fn place_of(declared: &Declared) -> (String, u32, u32) {
    let Requirement { file, line, column, .. } = &declared.requirement;
    (file.clone(), *line, *column)
}

fn of_pyproject(pyproject: &Pyproject) -> Vec<Declared> {
    let display_path = pyproject.display_path();
    let own = pyproject.project_name();
    let context =
        Context { display_path: &display_path, text: &pyproject.text, dir: pyproject.dir(), environment: &|_| None };
    // Dependencies that cannot be read were an error, unless a requirements file stands in for them.
    let dependencies = pyproject.dependencies().unwrap_or_default().into_iter().map(|entry| (None, entry));
    let listed = pyproject.listed().into_iter().map(|(list, entry)| (Some(list), entry));
    let read = |(list, entry): (Option<String>, Dependency)| {
        let line = Line::of(&entry.text, entry.offset, entry.verbatim).trimmed();
        let requirement = read_line(&context, &line)?;
        let development = list.as_deref().is_some_and(|list| list == "tool.uv" || is_for_development(list));
        Some(Declared { requirement, list, runtime: false, development })
    };
    let not_itself = |declared: &Declared| declared.requirement.name != own || own.is_none();
    dependencies.chain(listed).filter_map(read).filter(not_itself).collect()
}

/// Of every `*requirements*.txt` of the root and every file of `requirements/`, with what they include.
fn of_files(root: &Utf8Path) -> Vec<Declared> {
    let listed = |directory: Utf8PathBuf, takes: &dyn Fn(&str) -> bool| -> BTreeSet<Utf8PathBuf> {
        let entries = directory.read_dir_utf8().into_iter().flatten().flatten();
        let files = entries.filter(|entry| entry.file_name().ends_with(".txt") && takes(entry.file_name()));
        files.map(|entry| entry.into_path()).filter(|path| path.is_file()).collect()
    };
    let beside = listed(root.to_owned(), &|name| name.contains("requirements"));
    let below = listed(root.join("requirements"), &|name| !name.contains("constraint"));
    let mut reader = DeclarationReader { root, seen: BTreeSet::new(), found: Vec::new() };
    beside.into_iter().chain(below).for_each(|path| reader.file(&path));
    reader.found
}

struct DeclarationReader<'a> {
    root: &'a Utf8Path,
    seen: BTreeSet<Utf8PathBuf>,
    found: Vec<Declared>,
}

impl DeclarationReader<'_> {
    fn file(&mut self, path: &Utf8Path) {
        if !self.seen.insert(path.to_owned()) {
            return;
        }
        let display_path = display(self.root, path);
        let Some(text) = fs_err::read(path).ok().and_then(|bytes| decode(bytes, &display_path).ok()) else { return };
        let Ok(lines) = logical_lines(&text) else { return };
        let directory = path.parent().unwrap_or(self.root);
        let context = Context { display_path: &display_path, text: &text, dir: directory, environment: &|_| None };
        for line in lines {
            if line.text.starts_with('-') {
                for included in included(&line) {
                    self.file(&resolve(directory, &included));
                }
            } else if let Some(requirement) = read_line(&context, &line.part(0, options_start(&line.text)).trimmed()) {
                let development = is_for_development(&display_path);
                self.found.push(Declared { requirement, list: None, runtime: false, development });
            }
        }
    }
}

/// The files that a line of options includes; constraints declare nothing.
fn included(line: &Line) -> Vec<String> {
    let words: Vec<String> = line.words().into_iter().map(|word| word.text).collect();
    let mut found = Vec::new();
    for (at, word) in words.iter().enumerate() {
        let next = words.get(at + 1).cloned();
        match word.as_str() {
            "-r" | "--requirement" => found.extend(next),
            _ => found.extend(
                word.strip_prefix("--requirement=")
                    .or_else(|| word.strip_prefix("-r").filter(|rest| !rest.is_empty()))
                    .map(str::to_owned),
            ),
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_development_are_read_leniently_and_once() {
        let directory = tempfile::tempdir().unwrap();
        let root = Utf8Path::from_path(directory.path()).unwrap();
        fs_err::create_dir_all(root.join("requirements")).unwrap();
        let dev = "-r base.in\n-e .\n--index-url https://me:secret@host.invalid/simple\nPyTest >= 8 # runs\n./libs/x\n\
                   weird===\"x\ntool @ https://me:secret@host.invalid/tool-1.0.whl\nhttps://host.invalid/a.whl\n--requirement=base.in\n";
        for (name, text) in [
            ("requirements-dev.txt", dev),
            ("base.in", "six==1.0 --hash=sha256:00\n"),
            ("requirements/docs.txt", "sphinx\n-c constraints.txt\n"),
            ("requirements/constraints.txt", "never==1\n"),
            ("notes.txt", "no\n"),
        ] {
            fs_err::write(root.join(name), text).unwrap();
        }
        let found: Vec<String> =
            of_files(root).iter().map(|one| format!("{} {}", one.place(), one.requirement.redacted())).collect();
        assert_eq!(
            found,
            [
                "base.in:1 six==1.0",
                "requirements-dev.txt:4 PyTest >= 8",
                "requirements-dev.txt:6 weird===\"x",
                "requirements-dev.txt:7 tool @ https://***@host.invalid/tool-1.0.whl",
                "requirements/docs.txt:1 sphinx",
            ]
        );
    }
}
