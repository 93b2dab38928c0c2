//! `saddlebag doctor`: checks your setup and suggests fixes.
//!
//! All checks run, even if one fails. The network is not asked.

mod examine;

use super::cache::count_of;
use crate::error::{Error, Result};
use crate::format::{bytes, count};
use crate::gates::{self, Limit, Severity};
use crate::project::requirements::Source;
use crate::project::{Project, Target};
use crate::report::Answer;
use crate::resolve::cache::Entry;
use crate::session::{Ended, Session, Step};
use crate::smoke::pyodide::Pyodide;
use crate::tools::minimums::minimum;
use crate::tools::{Tool, Toolchain};
use camino::Utf8Path;
use console::Style;
use serde_json::{Value, json};
use std::fmt::Write;

pub(crate) fn run(session: Session<'_>) -> Step<'_, Ended<'_>> {
    match examine::examine(session) {
        Ok((answer, failed)) => {
            let mut ended = session.end().answered(Ok(answer))?;
            ended.exit.code = if failed { 4 } else { 0 };
            Ok(ended)
        }
        Err(error) => Err(session.fail(error)),
    }
}

/// How something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    Ok,
    /// Worth knowing, and nothing is wrong.
    Note,
    Warn,
    /// A deploy would stop at it.
    Fail,
}

impl State {
    fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Note => "note",
            Self::Warn => "warn",
            Self::Fail => "fail",
        }
    }
}

/// One thing that was looked at.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    group: &'static str,
    name: String,
    state: State,
    message: String,
    /// What to do, in the imperative.
    help: Option<String>,
    /// Where: `wrangler.toml:3:1`.
    location: Option<String>,
}

impl Row {
    pub(crate) fn new(group: &'static str, name: &str, state: State, message: impl Into<String>) -> Self {
        Self { group, name: name.to_owned(), state, message: message.into(), help: None, location: None }
    }

    fn with_help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into()).filter(|help: &String| !help.is_empty());
        self
    }

    /// Something that cannot be done.
    pub(crate) fn failed(group: &'static str, name: &str, error: &Error) -> Self {
        let location = error.location.as_ref().map(ToString::to_string);
        Self { location, ..Self::new(group, name, State::Fail, error.message.clone()).with_help(error.hint.clone()) }
    }
}

pub(crate) const TOOLS: &str = "tools";
pub(crate) const PROJECT: &str = "project";
const CACHE: &str = "cache";
const LIMITS: &str = "limits";

/// Each tool with its version, what it has to be, and who says so. `missing`: why there is no pywrangler.
pub(crate) fn tools(toolchain: &Toolchain, missing: Option<&Error>) -> Vec<Row> {
    let pywrangler = toolchain.pywrangler.version.as_deref();
    let findings = gates::toolchain::check(toolchain).findings;
    let wrangler = toolchain.wrangler.as_ref();
    let node_minimum =
        wrangler.and_then(|wrangler| wrangler.node_minimum.as_deref()).unwrap_or_else(|| minimum("node", None));
    let row = |name: &str, version: Option<&str>, place: Option<String>, needs: &str, minimum: &str| {
        if let Some(finding) = findings.iter().find(|finding| finding.subject == name) {
            let state = match finding.severity {
                Severity::Deny => State::Fail,
                Severity::Warn => State::Warn,
                Severity::Note => State::Note,
            };
            return Row::new(TOOLS, name, state, finding.message.clone()).with_help(finding.help.clone());
        }
        let (version, place) = (version.unwrap_or("of unknown version"), place.unwrap_or_default());
        Row::new(TOOLS, name, State::Ok, format!("{version} ({needs} needs {minimum} or newer), {place}"))
    };
    let tool =
        |tool: Option<&Tool>| (tool.and_then(|tool| tool.version.clone()), tool.map(|tool| tool.path.to_string()));
    let ((uv, uv_place), (node, node_place)) = (tool(toolchain.uv.as_ref()), tool(toolchain.node.as_ref()));
    let of_wrangler = wrangler.and_then(|wrangler| wrangler.version.as_deref());
    let wrangler_place = wrangler.map(|wrangler| wrangler.package.to_string());
    let program = Some(toolchain.pywrangler.program.shown());
    vec![
        match missing {
            Some(error) => Row::failed(TOOLS, "pywrangler", error),
            None => row("pywrangler", pywrangler, program, "saddlebag", minimum("pywrangler", None)),
        },
        row("uv", uv.as_deref(), uv_place, "pywrangler", minimum("uv", pywrangler)),
        row("node", node.as_deref(), node_place, "wrangler", node_minimum),
        row("wrangler", of_wrangler, wrangler_place, "pywrangler", minimum("wrangler", pywrangler)),
    ]
}

/// What the project is, as far as it could be read.
pub(crate) fn project(project: &Project) -> Vec<Row> {
    let config = &project.config;
    let environments = config.environments();
    let known = match &environments[..] {
        [] => "the configuration has none".to_owned(),
        names => format!("the configuration has {}", names.join(", ")),
    };
    let active = config.environment.as_deref().map_or_else(|| "the top level".to_owned(), |name| format!("`{name}`"));
    let mut rows = vec![Row::new(PROJECT, "configuration", State::Ok, project.display(&config.path))];
    rows.push(match (&config.environment, config.environment_defined) {
        (Some(name), false) => Row::new(
            PROJECT,
            "environment",
            State::Warn,
            format!("`{name}` has no table in the configuration; {known}"),
        )
        .with_help(format!("add `[env.{name}]`, or choose another with `--env`")),
        _ => Row::new(PROJECT, "environment", State::Ok, format!("{active}; {known}")),
    });
    rows
}

/// The requirements, once they could be read.
pub(crate) fn requirements(project: &Project) -> Row {
    let number = count(project.requirements.entries.len(), "requirement");
    let name = "requirements";
    match &project.requirements.source {
        Source::File(path) => Row::new(PROJECT, name, State::Ok, format!("{number} in {}", project.display(path))),
        Source::Pyproject(path) => {
            let message = format!("{number} in `[project].dependencies` of {}", project.display(path));
            Row::new(PROJECT, name, State::Note, message)
                .with_help("write `requirements-runtime.txt` with `saddlebag init`")
        }
        Source::None => Row::new(PROJECT, name, State::Note, "none: there is no list of them")
            .with_help("write `requirements-runtime.txt` with `saddlebag init`"),
    }
}

/// What the Worker will run on, and whether pywrangler can vendor for it (`knows`).
pub(crate) fn target(target: &Target, knows: Option<&Error>) -> Vec<Row> {
    let message = format!(
        "Python {} with Pyodide {}, by the compatibility date {} and its flags",
        target.python_full, target.pyodide, target.compatibility_date
    );
    let mut rows = vec![match knows {
        Some(error) => Row::failed(PROJECT, "Python", error),
        None => Row::new(PROJECT, "Python", State::Ok, message),
    }];
    if !target.python_workers {
        rows.push(
            Row::new(PROJECT, "flags", State::Fail, "`python_workers` is not among the compatibility flags")
                .with_help("add `compatibility_flags = [\"python_workers\"]` to the configuration"),
        );
    }
    rows
}

/// The Pyodide that `--smoke` boots, of the target's Python.
pub(crate) fn pyodide(found: Option<&Pyodide>, target: &Target) -> Row {
    match found {
        Some(found) => {
            let message = format!("{} with Python {}, {}", found.version, found.python, found.package);
            Row::new(PROJECT, "Pyodide for --smoke", State::Ok, message)
        }
        None => Row::new(
            PROJECT,
            "Pyodide for --smoke",
            State::Note,
            format!("none with Python {}: `--smoke` cannot run", target.python),
        )
        .with_help("run `saddlebag doctor --install`"),
    }
}

/// The cache: its place, or why it has none, and what is in it.
pub(crate) fn cache(place: &Result<camino::Utf8PathBuf>, entries: &[Entry], is_writable: bool) -> Vec<Row> {
    let path: &Utf8Path = match place {
        Ok(path) => path,
        Err(error) => return vec![Row::failed(CACHE, "place", error)],
    };
    let weight: u64 = entries.iter().map(|entry| entry.bytes).sum();
    let place = match is_writable {
        true => Row::new(CACHE, "place", State::Ok, path.as_str()),
        false => Row::new(CACHE, "place", State::Fail, format!("`{path}` cannot be written"))
            .with_help("set `SADDLEBAG_CACHE_DIR` to a directory that can be written"),
    };
    let contents = format!("{}, {}", count_of(entries.len()), bytes(weight));
    vec![place, Row::new(CACHE, "vendored packages", State::Ok, contents)]
}

pub(crate) fn limits(limits: &[Limit]) -> Vec<Row> {
    let row = |limit: &Limit| {
        let since = if limit.date.is_empty() { String::new() } else { format!(", as of {}", limit.date) };
        Row::new(LIMITS, limit.id, State::Ok, format!("{} ({}{since})", bytes(limit.bytes), limit.source))
    };
    limits.iter().map(row).collect()
}

/// Whether a deploy would stop at any of it.
pub(crate) fn is_red(rows: &[Row]) -> bool {
    rows.iter().any(|row| row.state == State::Fail)
}

/// # Errors
/// `ErrorKind::Internal`.
pub(crate) fn answer(rows: &[Row], has_project: bool) -> Result<Answer> {
    let document = json!({
        "schema": "saddlebag.doctor/1",
        "version": env!("CARGO_PKG_VERSION"),
        "healthy": !is_red(rows),
        "checks": rows.iter().map(|row| json!({
            "group": row.group,
            "name": row.name,
            "state": row.state.word(),
            "message": row.message,
            "location": row.location,
            "help": row.help,
        })).collect::<Vec<Value>>(),
    });
    Answer::of(text(rows, has_project), &document)
}

fn text(rows: &[Row], has_project: bool) -> String {
    let width = rows.iter().map(|row| row.name.chars().count()).max().unwrap_or_default();
    let mut text = String::new();
    let mut group = "";
    for row in rows {
        if row.group != group {
            group = row.group;
            let _ = writeln!(text, "{}{group}", if text.is_empty() { "" } else { "\n" });
        }
        let style = match row.state {
            State::Ok => Style::new().green(),
            State::Note => Style::new().cyan(),
            State::Warn => Style::new().yellow(),
            State::Fail => Style::new().red().bold(),
        };
        let mark = style.apply_to(format!("{:4}", row.state.word()));
        let place = row.location.as_ref().map_or_else(String::new, |place| format!(" ({place})"));
        let _ = writeln!(text, "  {mark}  {:width$}  {}{place}", row.name, row.message);
        if let Some(help) = &row.help {
            let _ = writeln!(text, "        {:width$}  -> {help}", "");
        }
    }
    let red = rows.iter().filter(|row| row.state == State::Fail).count();
    text.push_str("\nnot looked at: whether wrangler is logged in, which needs the network (`saddlebag whoami`)\n");
    match red {
        0 if !has_project => text.push_str("nothing is missing on this machine\n"),
        0 => text.push_str("nothing stands in the way of `saddlebag check`\n"),
        red => {
            let _ = writeln!(
                text,
                "{} in the way: see what is marked `fail`",
                if red == 1 { "1 thing is".to_owned() } else { format!("{red} things are") }
            );
        }
    }
    text
}
