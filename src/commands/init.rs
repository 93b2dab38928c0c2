//! `saddlebag init`: the first `requirements-runtime.txt`, from what main imports, and how to deploy from Make and CI.
//!
//! It prints what it would write before it writes. It overwrites nothing without `--force`, and writes no credential.

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
/// What replaces a password in a URL.
const REDACTED: &str = "***@";

/// What was asked for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct InitOptions<'a> {
    pub(crate) force: bool,
    pub(crate) workflow: bool,
    /// The setting `requirements`, relative to the project's root.
    pub(crate) requirements: Option<&'a Utf8Path>,
}

impl InitOptions<'_> {
    /// The file to write.
    fn file(&self, project: &Project) -> Utf8PathBuf {
        crate::project::resolve(&project.root, self.requirements.map_or(DEFAULT_FILE, Utf8Path::as_str))
    }
}

/// What to print and to write.
#[derive(Debug)]
pub(crate) struct Plan {
    requirements: Option<Requirements>,
    /// The absolute path and the text, if it is to be written.
    workflow: Option<(Utf8PathBuf, String)>,
    makefile: String,
    /// The commands to run next, in order.
    next: Vec<String>,
    /// From the project's root.
    workflow_path: String,
    workflow_text: String,
}

#[derive(Debug)]
struct Requirements {
    /// Absolute.
    path: Utf8PathBuf,
    /// From the project's root.
    display_path: String,
    /// Each line with its comment.
    lines: Vec<(String, Option<String>)>,
    /// The other declared dependencies: name, class, reason.
    left_out: Vec<(String, Class, String)>,
    /// Imports that no known distribution provides.
    unprovided: Vec<Unprovided>,
}

/// Whether the requirements are to be written.
///
/// # Errors
/// `Usage`: the file to write exists.
pub(crate) fn writes_requirements(project: &Project, options: InitOptions<'_>) -> Result<bool> {
    let requirements = options.file(project);
    let workflow = repository(&project.root).join(WORKFLOW);
    if options.workflow && !options.force && workflow.exists() {
        return Err(already_exists(&workflow_display_path(project), "pass `--force` to overwrite it"));
    }
    if !requirements.exists() {
        return Ok(true);
    }
    // `--force` applies to what was asked for, the workflow.
    if options.workflow {
        return Ok(false);
    }
    if options.force {
        return Ok(true);
    }
    let hint = "run `saddlebag classify` to check it, or pass `--force` to overwrite it";
    Err(already_exists(&project.display(&requirements), hint))
}

/// The workflow's path from the project's root: it belongs to the repository, whose root may be above.
fn workflow_display_path(project: &Project) -> String {
    let below = project.root.strip_prefix(repository(&project.root)).map_or(0, |inside| inside.components().count());
    format!("{}{WORKFLOW}", "../".repeat(below))
}

fn already_exists(path: &str, hint: &str) -> Error {
    Error::new(ErrorKind::Usage, format!("`{path}` already exists"), hint)
}

/// Files in which projects without saddlebag keep their requirements; the first that exists is used.
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

/// The requirements file to start from, if it is not the default one: the one of the settings if it exists, else, if
/// `pyproject.toml` declares no dependency, the first of `USUAL_FILES`. Poetry's and Pipenv's own lists come first: a file
/// beside them is an export that also lists transitive requirements.
pub(crate) fn source(project: &Project, options: InitOptions<'_>) -> Option<Utf8PathBuf> {
    if options.file(project).exists() {
        return options.requirements.map(Utf8Path::to_owned);
    }
    let foreign = initial_requirements(&project.root, project.pyproject.as_ref());
    let is_export = foreign.first().is_some_and(|first| matches!(first.file.as_str(), "pyproject.toml" | "Pipfile"));
    let file = USUAL_FILES.map(Utf8PathBuf::from).into_iter().find(|file| project.root.join(file).is_file());
    file.filter(|_| declares_nothing(project) && !is_export)
}

fn declares_nothing(project: &Project) -> bool {
    let dependencies = project.pyproject.as_ref().map(|pyproject| pyproject.dependencies());
    dependencies.is_none_or(|dependencies| dependencies.is_ok_and(|dependencies| dependencies.is_empty()))
}

/// The requirements that were read, or, if there are none, those of a list of another tool (Poetry, Pipenv, setuptools).
///
/// # Errors
/// Those of `read`.
pub(crate) fn or_of_other_tools(read: Result<Read>, project: &Project, options: InitOptions<'_>) -> Result<Read> {
    let is_empty = match &read {
        Ok(read) => read.entries.is_empty() && !matches!(read.source, Source::File(_)),
        // `dynamic`: setuptools computes them, perhaps from a literal list in `setup.py`.
        Err(error) => error.kind == ErrorKind::Requirements && !options.file(project).exists(),
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

/// The dependencies, as `classify` reports them.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Classified<'a> {
    pub(crate) dependencies: &'a [Dependency],
    pub(crate) unprovided: &'a [Unprovided],
}

/// `classified`: `None` if the requirements stay as they are.
pub(crate) fn plan(
    project: &Project,
    options: InitOptions<'_>,
    environments: Environments,
    classified: Option<Classified<'_>>,
) -> Plan {
    let config = &project.config;
    let repository = repository(&project.root);
    let declares = project.pyproject.as_ref().is_some_and(|pyproject| pyproject.declares("workers-py"));
    let facts = Facts {
        declares_pywrangler: declares,
        locked: LOCKS.iter().any(|name| project.root.join(name).is_file()),
        ..Facts::of(&project.root, repository, project.display(&config.path), environments)
    };
    let workflow_path = repository.join(WORKFLOW);
    let workflow_text = templates::workflow(&facts);
    Plan {
        requirements: classified.map(|classified| Requirements {
            display_path: project.display(&options.file(project)),
            path: options.file(project),
            lines: lines(project, classified.dependencies),
            left_out: left_out(classified.dependencies),
            unprovided: classified.unprovided.to_vec(),
        }),
        makefile: templates::makefile(&facts),
        next: templates::next(&facts),
        workflow_path: workflow_display_path(project),
        workflow: options.workflow.then(|| (workflow_path, workflow_text.clone())),
        workflow_text,
    }
}

/// What main needs and the project declares, sorted by name.
fn lines(project: &Project, dependencies: &[Dependency]) -> Vec<(String, Option<String>)> {
    let mut lines = Vec::new();
    for dependency in dependencies.iter().filter(|dependency| dependency.class == Class::Runtime) {
        let (runtime, others): (Vec<_>, Vec<_>) = dependency.declared.iter().partition(|declared| declared.runtime);
        let is_missing = dependency.bundle_bytes.is_none() && dependency.imported.is_some();
        let declared = match (runtime.is_empty(), is_missing) {
            (false, _) => runtime,
            (true, true) => others.into_iter().take(1).collect(),
            (true, false) => continue, // another requirement brings it
        };
        if declared.is_empty() {
            lines.push((dependency.name.clone(), dependency.reason.clone()));
        }
        for declaration in declared {
            let line = requirement_line(project, &declaration.requirement);
            let comment = if declaration.runtime { None } else { Some(format!("was in {}", declaration.place())) };
            lines.push(match line.contains(REDACTED) {
                true => (
                    format!("# {}", dependency.name),
                    Some(format!("copy this line by hand from {}: it holds a credential", declaration.place())),
                ),
                false => (line, comment),
            });
        }
    }
    lines.sort();
    lines.dedup();
    lines
}

/// The requirement as it is declared, with its hashes; a path is relative to the project's root.
fn requirement_line(project: &Project, requirement: &Requirement) -> String {
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
    let others =
        dependencies.iter().filter(|dependency| dependency.class != Class::Runtime && !dependency.declared.is_empty());
    others
        .map(|dependency| {
            let places = dependency.declared.iter().map(|declared| declared.place()).collect::<Vec<_>>().join(", ");
            let mut reason = dependency.reason.clone().unwrap_or(places);
            if dependency.class == Class::CannotRun
                && let Some(imported) = &dependency.imported
            {
                reason.push_str(&format!("; main imports it: {}", imported.chain.join(" -> ")));
            }
            (dependency.name.clone(), dependency.class, reason)
        })
        .collect()
}

impl Requirements {
    fn text(&self) -> String {
        let mut text = "# The Worker's runtime requirements, and nothing else. Written by `saddlebag init`;\n\
                        # check them with `saddlebag classify`.\n"
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
    /// What `init` prints before it writes anything.
    pub(crate) fn preview(&self) -> String {
        let mut text = String::new();
        if let Some(requirements) = &self.requirements {
            let number = count(requirements.lines.len(), "requirement");
            text.push_str(&format!("{}, {number}:\n\n", requirements.display_path));
            text.push_str(&indented(&requirements.text()));
            if !requirements.left_out.is_empty() {
                text.push_str("\nleft out:\n");
                for (name, class, reason) in &requirements.left_out {
                    text.push_str(&format!("  {name} ({}): {reason}\n", class.name()));
                }
            }
            if !requirements.unprovided.is_empty() {
                text.push_str("\nimported, but no known dependency provides it: add the one that does\n");
                for import in &requirements.unprovided {
                    text.push_str(&format!("  {}: {}\n", import.module, import.imported.chain.join(" -> ")));
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
        let mut files: Vec<&str> =
            self.requirements.iter().map(|requirements| requirements.display_path.as_str()).collect();
        files.extend(self.workflow.iter().map(|_| self.workflow_path.as_str()));
        format!("write {}?", files.join(" and "))
    }

    /// Writes every file: the text that names them.
    ///
    /// # Errors
    /// `ErrorKind::Unwritable`.
    pub(crate) fn write(&self) -> Result<String> {
        let mut text = String::new();
        if let Some(requirements) = &self.requirements {
            write(&requirements.path, &requirements.text())?;
            let number = count(requirements.lines.len(), "requirement");
            text.push_str(&format!("{} written: {number}\n", requirements.display_path));
        }
        if let Some((path, workflow)) = &self.workflow {
            write(path, workflow)?;
            text.push_str(&format!("{} written: set the variables that its first lines name\n", self.workflow_path));
        }
        text.push_str(&format!(
            "next: {}\n",
            self.next.iter().map(|step| format!("`{step}`")).collect::<Vec<_>>().join(", then ")
        ));
        Ok(text)
    }

    /// `text` for people, and the document `saddlebag.init/1`.
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
                "path": requirements.display_path,
                "lines": requirements.lines.iter().map(|(line, _)| line).collect::<Vec<_>>(),
                "left_out": left_out.collect::<Vec<_>>(),
                "unprovided": requirements.unprovided.iter().map(|import| &import.module).collect::<Vec<_>>(),
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
