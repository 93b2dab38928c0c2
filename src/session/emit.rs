//! Writes what a run has to say: the report in its format, the files that were asked for, the lines at the end.

use super::Ended;
use crate::classify;
use crate::cli::Format;
use crate::env::Environment;
use crate::error::Error;
use crate::project::host;
use crate::report::github::Github;
use crate::report::html::{Html, HtmlContext};
use crate::report::json::Json;
use crate::report::sarif::Sarif;
use crate::report::{self, Exit, Renderer, Report};
use crate::terminal::Terminal;
use camino::{Utf8Path, Utf8PathBuf};

/// Writes everything of a run that has ended.
pub(super) fn emit(ended: &Ended<'_>) {
    let session = ended.session;
    let terminal = session.terminal;
    let report = ended.report();
    if let Some(error) = &ended.error {
        // What was written, and where the stage is, holds whatever came after.
        ended.notices.iter().for_each(|notice| terminal.line(notice));
        terminal.error(error);
    } else if ended.answer.is_none() {
        close(ended, &report);
    }
    match &ended.answer {
        Some(answer) => terminal.out(answer),
        None => document(&report, session.format, session.environment, terminal),
    }
    files(ended, &report);
}

/// The end of a command line that could not be understood: its exit code.
pub(super) fn refusal(error: &Error, format: Format, environment: &Environment, terminal: &Terminal) -> i32 {
    let exit = Exit { code: error.kind.exit(), pywranglers: false };
    terminal.error(error);
    document(&Report { error: Some(error), exit, ..Report::default() }, format, environment, terminal);
    exit.code
}

/// Notices and timings on stderr, and the last line where people read.
fn close(ended: &Ended<'_>, report: &Report<'_>) {
    let session = ended.session;
    ended.notices.iter().for_each(|notice| session.terminal.line(notice));
    if ended.found().is_some_and(|(_, settings)| settings.timings) {
        let parts = report.bundle.map_or(&[][..], |bundle| &bundle.timings);
        if let Some(count) = ended.parse_count() {
            session.terminal.line(&format!("{count:>10}  Python files parsed"));
        }
        for (name, spent) in ended.timings().iter().flat_map(|timings| &timings.timings) {
            session.terminal.line(&format!("{:>8.3} s  {name}", spent.as_secs_f64()));
            for (part, spent) in parts.iter().filter(|_| *name == "bundle") {
                session.terminal.line(&format!("{:>8.3} s    {part}", spent.as_secs_f64()));
            }
        }
    }
    if session.format == Format::Human {
        let quiet = ended.found().is_some_and(|(_, settings)| settings.quiet);
        let apart = if report::human::stands_alone(report, quiet) { "" } else { "\n" };
        session.terminal.out(&format!("{apart}{}\n", report::human::last_line(report)));
    }
}

/// The report on stdout, in every format but the one for people, which was printed as it came.
fn document(report: &Report<'_>, format: Format, environment: &Environment, terminal: &Terminal) {
    let prefix = in_repository(report, environment);
    let renderer: Box<dyn Renderer> = match format {
        Format::Human => return,
        Format::Json => Box::new(Json),
        Format::Sarif => Box::new(Sarif { prefix: &prefix }),
        Format::Github => Box::new(Github { prefix: &prefix }),
    };
    terminal.out(&renderer.render(report));
    for (variable, text) in renderer.appended(report) {
        if let Some(path) = environment.get(variable).filter(|path| !path.is_empty())
            && let Err(error) = append(path, &text)
        {
            terminal.line(&format!("warning: `{variable}` was not written: {error}"));
        }
    }
}

/// The files of `--report` and `--html`.
fn files(ended: &Ended<'_>, report: &Report<'_>) {
    let Some((project, settings)) = ended.found() else { return };
    let terminal = ended.session.terminal;
    let absolute = |path: &Option<Utf8PathBuf>| path.as_ref().map(|path| project.process_cwd.join(path));
    if let Some(path) = absolute(&settings.report)
        && let Err(error) = fs_err::write(path, Json.render(report))
    {
        terminal.line(&format!("warning: the report was not written: {error}"));
    }
    if let Some(path) = absolute(&settings.html)
        && let Err(error) = fs_err::write(path, page(report))
    {
        terminal.line(&format!("warning: the HTML report was not written: {error}"));
    }
}

/// The HTML report, with what the project's own environment has.
fn page(report: &Report<'_>) -> String {
    let host = report.project.and_then(|project| host::installed(&project.root));
    let found = || {
        // A page without this part is better than none.
        let found = classify::classify(report.project?, report.target?, report.bundle?, host.as_deref(), &[]).ok()?;
        Some(classify::document(&found))
    };
    let dependencies = report.dependencies.cloned().or_else(found);
    let context = HtmlContext { host: host.as_deref(), dependencies: dependencies.as_ref() };
    Html { context }.render(report)
}

/// The project's directory in its repository, as CI says where that is: with `/` at its end, or empty.
fn in_repository(report: &Report<'_>, environment: &Environment) -> String {
    let repository = environment.get("GITHUB_WORKSPACE").filter(|path| !path.is_empty()).map(Utf8Path::new);
    let root = report.project.map(|project| project.root.as_path());
    let inside = repository.zip(root).and_then(|(repository, root)| root.strip_prefix(repository).ok());
    inside.filter(|inside| !inside.as_str().is_empty()).map_or_else(String::new, |inside| format!("{inside}/"))
}

/// What earlier steps have written stays.
fn append(path: &str, text: &str) -> std::io::Result<()> {
    let mut file = fs_err::OpenOptions::new().create(true).append(true).open(path)?;
    std::io::Write::write_all(&mut file, text.as_bytes())
}
