//! `saddlebag init`: the first `requirements-runtime.txt`, from what main imports, and how to deploy from Make and CI.
//!
//! Receives the project and its classified dependencies; shows what it would write, and writes it once it may. Must never
//! write anything else, never over what is there unless told to, and never a credential.

mod run;
mod templates;

pub(crate) use run::{is_ours, run};

use crate::classify::{Class, Dependency, Unprovided};
use crate::error::{Error, ErrorKind, Result};
use crate::format::count;
use crate::project::Project;
use crate::project::requirements::{DEFAULT_FILE, Requirement, Requirements as Read, Source, initial_requirements};
use crate::report::Answer;
use camino::{Utf8Path, Utf8PathBuf};
use serde_json::json;
use templates::{Facts, repository};

pub(crate) use templates::Environments;

const WORKFLOW: &str = ".github/workflows/deploy.yml";
/// Locks that a resolution keeps to.
const LOCKS: [&str; 2] = [super::lock::NAME, "pylock.toml"];
/// What stands where a password was taken out.
const REDACTED: &str = "***@";

/// What was asked for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wish<'a> {
    pub(crate) force: bool,
    pub(crate) workflow: bool,
    /// The file of the runtime requirements that the settings name, relative to the project's root.
    pub(crate) requirements: Option<&'a Utf8Path>,
}

impl Wish<'_> {
    /// The file to write.
    fn file(&self, project: &Project) -> Utf8PathBuf {
        crate::project::resolve(&project.root, self.requirements.map_or(DEFAULT_FILE, Utf8Path::as_str))
    }
}

/// What there is to write. Paths are absolute.
#[derive(Debug)]
pub(crate) struct Plan {
    requirements: Option<Requirements>,
    workflow: Option<(Utf8PathBuf, String)>,
    makefile: String,
    /// What to do next, in order.
    next: Vec<String>,
    /// How the workflow is shown.
    workflow_path: String,
    workflow_text: String,
}

#[derive(Debug)]
struct Requirements {
    path: Utf8PathBuf,
    /// The path for people.
    shown: String,
    /// Each with what follows it as a comment.
    lines: Vec<(String, Option<String>)>,
    /// Why the others are not among them: name, class, reason.
    left_out: Vec<(String, Class, String)>,
    /// Imports of which nobody knows the distribution.
    unknown: Vec<Unprovided>,
}

/// Whether the requirements are to be written at all.
///
/// # Errors
/// `Usage`: what is to be written is there already.
pub(crate) fn writes_requirements(project: &Project, wish: Wish<'_>) -> Result<bool> {
    let requirements = wish.file(project);
    let workflow = repository(&project.root).join(WORKFLOW);
    if wish.workflow && !wish.force && workflow.exists() {
        return Err(there_already(&workflow_shown(project), "pass `--force` to overwrite it"));
    }
    if !requirements.exists() {
        return Ok(true);
    }
    // `--force` is for what was asked for, and that is the workflow.
    if wish.workflow {
        return Ok(false);
    }
    if wish.force {
        return Ok(true);
    }
    let hint = "see `saddlebag classify` for what may be wrong with it, or pass `--force` to overwrite it";
    Err(there_already(&project.display(&requirements), hint))
}

/// The workflow's path from the project's root on: it belongs to the repository, which may begin above.
fn workflow_shown(project: &Project) -> String {
    let below = project.root.strip_prefix(repository(&project.root)).map_or(0, |inside| inside.components().count());
    format!("{}{WORKFLOW}", "../".repeat(below))
}

fn there_already(shown: &str, hint: &str) -> Error {
    Error::new(ErrorKind::Usage, format!("`{shown}` is there already"), hint)
}

/// Files that a project without saddlebag has its requirements in; the first that is there.
const USUAL_FILES: [&str; 8] = [
    "requirements.txt",
    "requirements/base.txt",
    "requirements/production.txt",
    "requirements/prod.txt",
    "requirements/requirements.txt",
    "requirements/main.txt",
    "requirements/common.txt",
    "requirements/default.txt",
];

/// The requirements file to begin with, where it is not the usual one: the one that the settings name, or, where there is
/// none for the runtime and no dependency in `pyproject.toml`, the first of `USUAL_FILES`. Poetry's and Pipenv's own lists
/// say more: a file beside them is an export, with all that the requirements require.
pub(crate) fn source(project: &Project, wish: Wish<'_>) -> Option<Utf8PathBuf> {
    if wish.file(project).exists() {
        return wish.requirements.map(Utf8Path::to_owned);
    }
    let foreign = initial_requirements(&project.root, project.pyproject.as_ref());
    let is_export = foreign.first().is_some_and(|first| matches!(first.file.as_str(), "pyproject.toml" | "Pipfile"));
    let usual = USUAL_FILES.map(Utf8PathBuf::from).into_iter().find(|usual| project.root.join(usual).is_file());
    usual.filter(|_| declares_nothing(project) && !is_export)
}

fn declares_nothing(project: &Project) -> bool {
    let dependencies = project.pyproject.as_ref().map(|pyproject| pyproject.dependencies());
    dependencies.is_none_or(|dependencies| dependencies.is_ok_and(|dependencies| dependencies.is_empty()))
}

/// The requirements that were read, or, where there are none, those of a list that only another tool reads.
///
/// # Errors
/// Those of the reading.
pub(crate) fn or_of_other_tools(read: Result<Read>, project: &Project, wish: Wish<'_>) -> Result<Read> {
    let is_empty = match &read {
        Ok(read) => read.entries.is_empty() && !matches!(read.source, Source::File(_)),
        // Setuptools computes them (`dynamic`), from a list that may be written in words.
        Err(error) => error.kind == ErrorKind::Requirements && !wish.file(project).exists(),
    };
    if !is_empty {
        return read;
    }
    let entries = initial_requirements(&project.root, project.pyproject.as_ref());
    match entries.first().map(|first| project.root.join(&first.file)) {
        Some(path) => Ok(Read { source: Source::File(path), entries, ..Read::default() }),
        None => read,
    }
}

/// What main needs of packages, as `classify` has it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Classified<'a> {
    pub(crate) dependencies: &'a [Dependency],
    pub(crate) unprovided: &'a [Unprovided],
}

/// `classified`: `None` where the requirements stay as they are.
pub(crate) fn plan(
    project: &Project,
    wish: Wish<'_>,
    environments: Environments,
    classified: Option<Classified<'_>>,
) -> Plan {
    let config = &project.config;
    let place = repository(&project.root);
    let declares = project.pyproject.as_ref().is_some_and(|pyproject| pyproject.declares("workers-py"));
    let facts = Facts {
        declares_pywrangler: declares,
        locked: LOCKS.iter().any(|name| project.root.join(name).is_file()),
        ..Facts::of(&project.root, place, project.display(&config.path), environments)
    };
    let workflow_path = place.join(WORKFLOW);
    let workflow_text = templates::workflow(&facts);
    Plan {
        requirements: classified.map(|classified| Requirements {
            shown: project.display(&wish.file(project)),
            path: wish.file(project),
            lines: lines(project, classified.dependencies),
            left_out: left_out(classified.dependencies),
            unknown: classified.unprovided.to_vec(),
        }),
        makefile: templates::makefile(&facts),
        next: templates::next(&facts),
        workflow_path: workflow_shown(project),
        workflow: wish.workflow.then(|| (workflow_path, workflow_text.clone())),
        workflow_text,
    }
}

/// What main needs and the project names, sorted by name.
fn lines(project: &Project, dependencies: &[Dependency]) -> Vec<(String, Option<String>)> {
    let mut lines = Vec::new();
    for dependency in dependencies.iter().filter(|one| one.class == Class::Runtime) {
        let (runtime, others): (Vec<_>, Vec<_>) = dependency.declared.iter().partition(|declared| declared.runtime);
        let is_lacking = dependency.bundle_bytes.is_none() && dependency.imported.is_some();
        let declared = match (runtime.is_empty(), is_lacking) {
            (false, _) => runtime,
            (true, true) => others.into_iter().take(1).collect(),
            (true, false) => continue, // it comes with what requires it
        };
        if declared.is_empty() {
            lines.push((dependency.name.clone(), dependency.reason.clone()));
        }
        for one in declared {
            let written = written(project, &one.requirement);
            let comment = if one.runtime { None } else { Some(format!("was in {}", one.place())) };
            lines.push(match written.contains(REDACTED) {
                true => (
                    format!("# {}", dependency.name),
                    Some(format!("copy this line by hand from {}: it holds a credential", one.place())),
                ),
                false => (written, comment),
            });
        }
    }
    lines.sort();
    lines.dedup();
    lines
}

/// As it is declared; a path as it reads from the project's root, and hashes with it.
fn written(project: &Project, requirement: &Requirement) -> String {
    let shown = requirement.redacted();
    let directory = project.root.join(&requirement.file);
    let elsewhere = directory.parent().is_some_and(|directory| directory != project.root);
    let text = match requirement.local.as_deref().and_then(|local| local.strip_prefix(&project.root).ok()) {
        Some(inside) if elsewhere => match shown.split_once(" ;") {
            Some((_, marker)) => format!("./{inside} ;{marker}"),
            None => format!("./{inside}"),
        },
        _ => shown.to_owned(),
    };
    requirement.hashes.iter().fold(text, |text, hash| format!("{text} --hash={hash}"))
}

fn left_out(dependencies: &[Dependency]) -> Vec<(String, Class, String)> {
    let others = dependencies.iter().filter(|one| one.class != Class::Runtime && !one.declared.is_empty());
    others
        .map(|one| {
            let places = one.declared.iter().map(|declared| declared.place()).collect::<Vec<_>>().join(", ");
            let mut reason = one.reason.clone().unwrap_or(places);
            if one.class == Class::CannotRun
                && let Some(imported) = &one.imported
            {
                reason.push_str(&format!("; main imports it: {}", imported.chain.join(" -> ")));
            }
            (one.name.clone(), one.class, reason)
        })
        .collect()
}

impl Requirements {
    fn text(&self) -> String {
        let mut text = "# What the Worker needs at run time, and nothing else. Written by `saddlebag init`;\n\
                        # `saddlebag classify` tells whether it still holds.\n"
            .to_owned();
        for (line, comment) in &self.lines {
            text.push_str(line);
            if let Some(comment) = comment {
                text.push_str(&format!("  # {comment}"));
            }
            text.push('\n');
        }
        text
    }
}

impl Plan {
    /// What `init` says before anything is written.
    pub(crate) fn shown(&self) -> String {
        let mut text = String::new();
        if let Some(requirements) = &self.requirements {
            let number = count(requirements.lines.len(), "requirement");
            text.push_str(&format!("{}, {number}:\n\n", requirements.shown));
            text.push_str(&indented(&requirements.text()));
            if !requirements.left_out.is_empty() {
                text.push_str("\nleft out:\n");
                for (name, class, reason) in &requirements.left_out {
                    text.push_str(&format!("  {name} ({}): {reason}\n", class.name()));
                }
            }
            if !requirements.unknown.is_empty() {
                text.push_str("\nimported, and no dependency is known for it: add what provides it\n");
                for one in &requirements.unknown {
                    text.push_str(&format!("  {}: {}\n", one.module, one.imported.chain.join(" -> ")));
                }
            }
            text.push('\n');
        }
        text.push_str("for your Makefile:\n\n");
        text.push_str(&indented(&self.makefile));
        text.push('\n');
        match &self.workflow {
            Some(_) => text.push_str(&format!("{}:\n\n{}\n", self.workflow_path, indented(&self.workflow_text))),
            None => text.push_str(&format!(
                "for GitHub Actions: `saddlebag init --write-workflow` writes `{}`, with a job that checks pull requests \
                 without secrets and one that deploys main\n",
                self.workflow_path
            )),
        }
        text
    }

    /// The question before the first write.
    pub(crate) fn question(&self) -> String {
        let mut files: Vec<&str> = self.requirements.iter().map(|requirements| requirements.shown.as_str()).collect();
        files.extend(self.workflow.iter().map(|_| self.workflow_path.as_str()));
        format!("write {}?", files.join(" and "))
    }

    /// Writes every file, and says which.
    ///
    /// # Errors
    /// `ErrorKind::Unwritable`.
    pub(crate) fn write(&self) -> Result<String> {
        let mut said = String::new();
        if let Some(requirements) = &self.requirements {
            write(&requirements.path, &requirements.text())?;
            let number = count(requirements.lines.len(), "requirement");
            said.push_str(&format!("{} written: {number}\n", requirements.shown));
        }
        if let Some((path, text)) = &self.workflow {
            write(path, text)?;
            said.push_str(&format!("{} written: fill in what its first lines say\n", self.workflow_path));
        }
        said.push_str(&format!(
            "next: {}\n",
            self.next.iter().map(|step| format!("`{step}`")).collect::<Vec<_>>().join(", then ")
        ));
        Ok(said)
    }

    /// `saddlebag.init/1`, and for people what was `said`.
    ///
    /// # Errors
    /// `ErrorKind::Internal`.
    pub(crate) fn answer(&self, text: String, written: bool) -> Result<Answer> {
        let requirements = self.requirements.as_ref().map(|requirements| {
            let left_out = requirements
                .left_out
                .iter()
                .map(|(name, class, reason)| json!({ "name": name, "class": class.name(), "reason": reason }));
            json!({
                "path": requirements.shown,
                "lines": requirements.lines.iter().map(|(line, _)| line).collect::<Vec<_>>(),
                "left_out": left_out.collect::<Vec<_>>(),
                "unprovided": requirements.unknown.iter().map(|one| &one.module).collect::<Vec<_>>(),
            })
        });
        let document = json!({
            "schema": "saddlebag.init/1",
            "written": written,
            "requirements": requirements,
            "makefile": self.makefile,
            "next": self.next,
            "workflow": {
                "path": self.workflow_path,
                "text": self.workflow_text,
                "written": written && self.workflow.is_some(),
            },
        });
        Answer::of(text, &document)
    }
}

fn indented(text: &str) -> String {
    text.lines().map(|line| if line.is_empty() { "\n".to_owned() } else { format!("    {line}\n") }).collect()
}

fn write(path: &Utf8Path, text: &str) -> Result<()> {
    let directory = path.parent().unwrap_or(path);
    let made = fs_err::create_dir_all(directory).map_err(|error| Error::unwritable(&error));
    made.and_then(|()| super::replace(path, text)).map_err(|mut error| {
        error.hint =
            format!("make `{}` writable, and run `saddlebag init` again", path.file_name().unwrap_or_default());
        error
    })
}
