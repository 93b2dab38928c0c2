//! What a run says, and where: the report in its format, the files beside it, the lines at the end.
//!
//! Receives the report as far as it came; writes to the terminal, to the files that were asked for, and to those that
//! GitHub Actions names. Must never change what is told, nor an exit code.

use crate::cli::Format;
use crate::command::classify;
use crate::project::host;
use crate::report::human::Manner;
use crate::report::{self, Report};
use crate::settings::{Environment, Settings};
use crate::term::Terminal;
use camino::{Utf8Path, Utf8PathBuf};

/// The files that are written besides what is printed: absolute paths.
#[derive(Debug, Default)]
pub(super) struct Also {
    pub(super) json: Option<Utf8PathBuf>,
    pub(super) html: Option<Utf8PathBuf>,
}

/// Writes what was asked for. A report that cannot be written is said, and costs an exit code only when nothing worse
/// has one and nothing is live.
pub(super) fn finish(report: &Report, format: Format, also: &Also, environment: &Environment, terminal: &Terminal) {
    let prefix = in_repository(report, environment);
    match (&report.answer, format) {
        (Some(answer), _) => terminal.out(answer),
        (None, Format::Human) => {}
        (None, Format::Json) => terminal.out(&report::json::render(report)),
        (None, Format::Sarif) => terminal.out(&report::sarif::render(report, &prefix)),
        (None, Format::Github) => {
            terminal.out(&report::github::annotations(report, &prefix));
            terminal.out(&format!("{}\n", report::human::last_line(report)));
            for (variable, text) in [
                ("GITHUB_STEP_SUMMARY", report::github::summary(report)),
                ("GITHUB_OUTPUT", report::github::outputs(report)),
            ] {
                if let Some(path) = environment.get(variable).filter(|path| !path.is_empty())
                    && let Err(error) = append(path, &text)
                {
                    terminal.line(&format!("warning: `{variable}` was not written: {error}"));
                }
            }
        }
    }
    if let Some(path) = &also.json
        && let Err(error) = fs_err::write(path, report::json::render(report))
    {
        terminal.line(&format!("warning: the report was not written: {error}"));
    }
    if let Some(path) = &also.html
        && let Err(error) = fs_err::write(path, picture(report))
    {
        terminal.line(&format!("warning: the picture was not written: {error}"));
    }
}

/// The page, with what the project's own environment has beside what the Worker gets.
fn picture(report: &Report) -> String {
    let host = report.project.as_ref().and_then(|project| host::installed(&project.root));
    let found = || {
        let (project, target) = (report.project.as_ref()?, report.target.as_ref()?);
        let bundle = report.bundle.as_ref()?;
        // A picture without this part is better than none.
        let found = classify::classify(project, target, bundle, host.as_deref(), &[]).ok()?;
        Some(classify::document(&found))
    };
    let dependencies = report.dependencies.clone().or_else(found);
    let beside = report::html::Beside { host: host.as_deref(), dependencies: dependencies.as_ref() };
    report::html::render(report, &beside)
}

/// The project's directory in its repository, as CI says where that is: with `/` at its end, or empty.
fn in_repository(report: &Report, environment: &Environment) -> String {
    let repository = environment.get("GITHUB_WORKSPACE").filter(|path| !path.is_empty()).map(Utf8Path::new);
    let root = report.project.as_ref().map(|project| project.root.as_path());
    let inside = repository.zip(root).and_then(|(repository, root)| root.strip_prefix(repository).ok());
    inside.filter(|inside| !inside.as_str().is_empty()).map_or_else(String::new, |inside| format!("{inside}/"))
}

/// What earlier steps have written stays.
fn append(path: &str, text: &str) -> std::io::Result<()> {
    let mut file = fs_err::OpenOptions::new().create(true).append(true).open(path)?;
    std::io::Write::write_all(&mut file, text.as_bytes())
}

pub(super) fn manner(settings: &Settings, terminal: &Terminal) -> Manner {
    Manner { quiet: settings.quiet, verbose: settings.verbose, width: terminal.width() }
}

/// What is said at the end: remarks and timings on stderr, the last line where people read.
pub(super) fn close(report: &Report, format: Format, settings: &Settings, terminal: &Terminal) {
    for remark in &report.remarks {
        terminal.line(remark);
    }
    if settings.timings {
        let parts = report.bundle.as_ref().map_or(&[][..], |bundle| &bundle.laps);
        for (name, spent) in &report.timings {
            terminal.line(&format!("{:>8.3} s  {name}", spent.as_secs_f64()));
            for (part, spent) in parts.iter().filter(|_| *name == "bundle") {
                terminal.line(&format!("{:>8.3} s    {part}", spent.as_secs_f64()));
            }
        }
    }
    if format == Format::Human {
        let apart = if report::human::stands_alone(report, settings.quiet) { "" } else { "\n" };
        terminal.out(&format!("{apart}{}\n", report::human::last_line(report)));
    }
}
