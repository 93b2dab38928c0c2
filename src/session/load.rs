//! The first steps: the project, the settings and the target; then the tools.

use super::{Ended, Loaded, Opened, Reached, Session, Step, Timings, today};
use crate::env::Environment;
use crate::error::{Error, ErrorKind, Result};
use crate::gates::{self, Outcome};
use crate::passthrough::{self, Passthrough};
use crate::project::target::TargetFlags;
use crate::project::{Project, Requirements, Target, WranglerConfig, config, pyproject, requirements};
use crate::python::sources::ParsedSources;
use crate::report::Report;
use crate::settings::{self, Settings};
use crate::terminal::Terminal;
use crate::tools::{self, Toolchain};
use camino::{Utf8Path, Utf8PathBuf};

impl<'a> Session<'a> {
    /// Finds the project, reads its configuration and requirements, and determines the target.
    pub(crate) fn open(self) -> Step<'a, Opened<'a>> {
        self.open_with(|project, settings| {
            read_requirements(project, settings, self.environment, settings.requirements.as_deref())
        })
    }

    /// The same with requirements that are read in another way.
    pub(crate) fn open_with(
        self,
        read: impl FnOnce(&Project, &Settings) -> Result<Requirements>,
    ) -> Step<'a, Opened<'a>> {
        let mut timings = Timings::start();
        let found = crate::env::current_dir().and_then(|cwd| find_project(self, &cwd));
        let (mut project, settings) = found.map_err(|error| self.fail(error))?;
        self.terminal.set_verbosity(settings.quiet, settings.verbose);
        project.requirements = match read(&project, &settings) {
            Ok(requirements) => requirements,
            Err(error) => return Err(Ended::failed(self, Reached::Settings(Box::new((project, settings))), error)),
        };
        let target = match Target::resolve(&project.config, &target_flags(self.words(), &project.config)) {
            Ok(target) => target,
            Err(error) => return Err(Ended::failed(self, Reached::Project(Box::new((project, settings))), error)),
        };
        timings.record("project");
        Ok(Opened { session: self, project, settings, target, timings })
    }
}

impl<'a> Opened<'a> {
    /// Finds pywrangler, uv, node and wrangler before anything is started with them.
    pub(crate) fn find_tools(self) -> Step<'a, Loaded<'a>> {
        let (project, environment) = (&self.project, self.session.environment);
        let uses_uv = uses_uv(&project.root, project.pyproject.as_ref());
        let toolchain = match tools::find(&project.root, project.config.dir(), environment, uses_uv) {
            Ok(toolchain) => toolchain,
            Err(error) => return Err(self.fail(error)),
        };
        let results = gates::check_toolchain(&toolchain, &self.settings);
        if let Some(error) = unusable(&results) {
            let mut ended = self.fail(error);
            ended.early_results = Some(results);
            return Err(ended);
        }
        let Self { session, project, settings, target, mut timings } = self;
        timings.record("tools");
        print_tools(&toolchain, session.terminal);
        let sources = ParsedSources::new(&target.python);
        Ok(Loaded { session, project, settings, target, toolchain, sources, timings })
    }

    pub(crate) fn fail(self, error: Error) -> Box<Ended<'a>> {
        Ended::failed(self.session, Reached::Opened(Box::new(self)), error)
    }

    pub(crate) fn end(self) -> Ended<'a> {
        Ended::new(self.session, Reached::Opened(Box::new(self)))
    }
}

impl<'a> Loaded<'a> {
    pub(crate) fn fail(self, error: Error) -> Box<Ended<'a>> {
        Ended::failed(self.session, Reached::Loaded(Box::new(self)), error)
    }

    pub(crate) fn end(self) -> Ended<'a> {
        Ended::new(self.session, Reached::Loaded(Box::new(self)))
    }

    pub(super) fn add_to<'r>(&'r self, report: &mut Report<'r>) {
        (report.project, report.target) = (Some(&self.project), Some(&self.target));
    }

    /// saddlebag's own cache.
    pub(crate) fn cache_dir(&self) -> Result<Utf8PathBuf> {
        settings::cache_dir(self.session.environment, &self.project.cwd)
    }
}

/// Everything about the project but its requirements, whose place the settings say.
pub(crate) fn find_project(session: Session<'_>, process_cwd: &Utf8Path) -> Result<(Project, Settings)> {
    let (words, environment) = (session.words(), session.environment);
    let cwd = passthrough::resolved_cwd(process_cwd, words);
    if let Some((flag, error)) = crate::cli::misspelt_upload_flag(session.invocation)
        && !tools::wrangler_has_flag(&cwd, &flag.name)
    {
        return Err(error);
    }
    // wrangler looks from the script's directory if there is one, from its working directory otherwise.
    let script = words.script().map(|script| crate::project::resolve(&cwd, script));
    let from = script.as_deref().and_then(Utf8Path::parent).unwrap_or(&cwd);
    let named = words.config().map(|config| crate::project::resolve(&cwd, config));
    let found = config::find(from, named.as_deref())?;
    let users_config_dir = found.generated_for.as_deref().or(found.path.parent());
    // pywrangler looks from where it is started, and would not start elsewhere.
    let pyproject_path = pyproject::find(&cwd).or_else(|| pyproject::find(users_config_dir?));
    let root = pyproject_path.as_deref().and_then(Utf8Path::parent).or(users_config_dir).unwrap_or(&cwd).to_owned();
    let pyproject = pyproject_path.map(|path| pyproject::read(path, &root)).transpose()?;
    let environment_name = words.env().map(str::to_owned).or_else(|| cloudflare_env(environment, &cwd));
    let config = config::read(found, environment_name.as_deref(), &root)?;
    let flags = &session.invocation.flags;
    let settings = Settings::read(flags, environment, pyproject.as_ref(), config.environment.as_deref())?;
    let environment_chosen = environment_name.is_some();
    let project = Project {
        root,
        cwd,
        process_cwd: process_cwd.to_owned(),
        config,
        environment_chosen,
        assets_named: words.names_assets(),
        pyproject,
        requirements: Requirements::default(),
    };
    Ok((project, settings))
}

/// Reads the runtime requirements: from `named`, else from the default file or the project's dependencies.
pub(crate) fn read_requirements(
    project: &Project,
    settings: &Settings,
    environment: &Environment,
    named: Option<&Utf8Path>,
) -> Result<Requirements> {
    let variable = |name: &str| environment.get(name).map(str::to_owned);
    let (root, pyproject) = (&project.root, project.pyproject.as_ref());
    requirements::read(named, root, pyproject, settings.lists(), &variable)
}

/// Whether pywrangler may be started through `uv run`.
pub(crate) fn uses_uv(root: &Utf8Path, pyproject: Option<&crate::project::Pyproject>) -> bool {
    tools::uv_project(root).is_some() || pyproject.is_some_and(|pyproject| pyproject.declares("workers-py"))
}

/// `CLOUDFLARE_ENV`, also from the `.env` files that wrangler reads before it asks for it.
fn cloudflare_env(environment: &Environment, cwd: &Utf8Path) -> Option<String> {
    const NAME: &str = "CLOUDFLARE_ENV";
    let from_file = |file: &str| {
        let pairs = dotenvy::from_path_iter(cwd.join(file)).ok()?;
        pairs.flatten().filter(|(name, _)| name == NAME).map(|(_, value)| value).last()
    };
    environment
        .get(NAME)
        .map(str::to_owned)
        .or_else(|| from_file(".env.local"))
        .or_else(|| from_file(".env"))
        .filter(|name| !name.is_empty())
}

pub(crate) fn target_flags(words: &Passthrough, config: &WranglerConfig) -> TargetFlags {
    // Without a wrangler npx fetches the newest, whose date is not long ago.
    let latest = || tools::latest_date(config.dir()).unwrap_or_else(today);
    TargetFlags {
        compatibility_date: words.compatibility_date().map(str::to_owned),
        compatibility_flags: words.compatibility_flags(),
        latest: words.latest().then(latest),
        today: today(),
    }
}

/// A denial of `toolchain` means that the work cannot be done at all.
fn unusable(results: &[gates::GateResult]) -> Option<Error> {
    let toolchain = results.iter().find(|result| result.outcome == Outcome::Blocked)?;
    let finding = toolchain.findings.iter().find(|finding| finding.weight() == gates::Severity::Deny)?;
    let kind = if finding.code == gates::toolchain::MISSING { ErrorKind::ToolMissing } else { ErrorKind::ToolTooOld };
    Some(Error::new(kind, finding.message.clone(), finding.help.clone()).with_location(finding.location.clone()))
}

/// Which tools exactly: what a bug report needs.
fn print_tools(toolchain: &Toolchain, terminal: &Terminal) {
    terminal.detail(&format!("pywrangler: {}", toolchain.pywrangler.program.shown()));
    for (name, tool) in [("uv", &toolchain.uv), ("node", &toolchain.node)] {
        if let Some(tool) = tool {
            terminal.detail(&format!("{name}: {}", tool.path));
        }
    }
    if let Some(wrangler) = &toolchain.wrangler {
        terminal.detail(&format!("wrangler: {}", wrangler.package));
    }
}
