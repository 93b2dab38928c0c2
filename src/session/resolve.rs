//! The custom build, main, and the vendored packages of the Worker.

use super::load::uses_uv;
use super::state::BaselineFile;
use super::{Ended, Loaded, Reached, Resolved, Step, today};
use crate::baseline::{self};
use crate::classify::{self, LeftOut};
use crate::cli::Format;
use crate::error::{Error, ErrorKind, Result};
use crate::gates::{self, Verdict};
use crate::layout::{self, LayoutRequest};
use crate::passthrough::Passthrough;
use crate::process::{self, Stdout};
use crate::project::Project;
use crate::project::config;
use crate::python::stdlib;
use crate::report::{self, Renderer};
use crate::resolve::{self, Imported, Unresolved, Vendored};
use crate::settings::{Named, Settings};
use camino::{Utf8Path, Utf8PathBuf};
use std::collections::BTreeSet;

/// How often requirements are left out for `classify`; each time costs a resolution.
const MAX_LEFT_OUT_ROUNDS: usize = 4;

/// What a command wants of the resolution.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ResolveOptions {
    /// Requirements that keep the others from resolving are left out. Never for what is deployed.
    pub(crate) leave_out: bool,
    /// The bundle is compared with the committed baseline.
    pub(crate) compare: bool,
    /// The resolution is made to be locked.
    pub(crate) relock: bool,
}

impl ResolveOptions {
    /// For commands that judge the bundle.
    pub(crate) const JUDGED: Self = Self { leave_out: false, compare: true, relock: false };
    /// For commands that answer a question about it, or write the baseline.
    pub(crate) const UNJUDGED: Self = Self { leave_out: false, compare: false, relock: false };
    /// For `lock`.
    pub(crate) const RELOCKED: Self = Self { relock: true, ..Self::UNJUDGED };
    /// For commands that classify every dependency, also one that cannot run.
    pub(crate) const CLASSIFIED: Self = Self { leave_out: true, compare: true, relock: false };
}

/// `Err` inside: the requirements do not resolve, and nothing can be left out.
type Resolution = std::result::Result<(Vendored, Vec<LeftOut>), Box<Unresolved>>;

impl<'a> Loaded<'a> {
    /// Runs the custom build, finds main and resolves the requirements.
    pub(crate) fn resolve(mut self, options: ResolveOptions) -> Step<'a, Resolved<'a>> {
        let prepared = self.prepare(options);
        let (cache, main, baseline) = match prepared {
            Ok(prepared) => prepared,
            Err(error) => return Err(self.fail(error)),
        };
        let resolution = match self.vendor(&cache, options) {
            Ok(resolution) => resolution,
            Err(error) => return Err(self.fail(error)),
        };
        self.timings.record("vendor");
        let (vendored, left_out) = match resolution {
            Ok(resolved) => resolved,
            Err(mut why) => {
                why.imported = self.imported(&main);
                return Err(self.unresolved(*why));
            }
        };
        self.session.terminal.detail(if vendored.cached {
            "the packages are in the cache: no sync"
        } else {
            "the packages were synced"
        });
        Ok(Resolved { loaded: self, cache, main, baseline, vendored, left_out })
    }

    fn prepare(&mut self, options: ResolveOptions) -> Result<(Utf8PathBuf, Utf8PathBuf, BaselineFile)> {
        self.build()?;
        let main = main_module(&self.project, self.session.words())?;
        self.timings.record("build");
        let baseline = baseline_file(&self.project, &self.settings, options)?;
        Ok((self.cache_dir()?, main, baseline))
    }

    /// The project's own build, once, before its files are read: its output belongs in the bundle.
    fn build(&self) -> Result<()> {
        let Self { session, project, settings, .. } = self;
        let Some(build) = project.config.build_command().filter(|_| !settings.no_build) else { return Ok(()) };
        let mut shell = self.toolchain.build_shell(&project.root, &project.cwd, session.environment);
        let words = session.invocation.command.upload_words().unwrap_or(&["deploy"]);
        shell.environment.set("WRANGLER_COMMAND", words.join(" "));
        let cwd =
            build.cwd.as_deref().map_or_else(|| project.cwd.clone(), |cwd| crate::project::resolve(&project.cwd, cwd));
        if !settings.quiet {
            session.terminal.line(&format!("Running the custom build: {}", build.command));
        }
        shell.argv.extend(["sh", "-c", &build.command].map(Into::into));
        let ended = process::run(&shell.argv, &cwd, &shell.environment, Stdout::ToStderr)?;
        process::check_interrupted()?;
        if ended.success() {
            return Ok(());
        }
        let mut hint = "fix `build.command`, or skip it with `--no-build`".to_owned();
        let has_venv =
            uses_uv(&project.root, project.pyproject.as_ref()) || project.root.join(".venv/pyvenv.cfg").is_file();
        if has_venv && !shell.sees_venv {
            let command = session.invocation.command.name();
            hint += &format!("; if it needs the project's environment, run `uv run saddlebag {command}`");
        }
        let message = format!("the custom build failed with exit code {}: `{}`", ended.code, build.command);
        Err(Error::new(ErrorKind::BuildFailed, message, hint)
            .with_location(project.config.locate(&["build", "command"])))
    }

    fn vendor(&mut self, cache: &Utf8Path, options: ResolveOptions) -> Result<Resolution> {
        let terminal = self.session.terminal;
        let mut left_out: Vec<LeftOut> = Vec::new();
        let mut rounds = if options.leave_out { MAX_LEFT_OUT_ROUNDS } else { 0 };
        loop {
            let (project, target) = (&self.project, &self.target);
            let request = resolve::ResolveRequest {
                project,
                target,
                toolchain: &self.toolchain,
                cache,
                terminal,
                fresh: self.settings.no_cache,
                alternatives: !options.leave_out,
                relock: options.relock,
            };
            let why = match resolve::vendor(&request)? {
                resolve::Outcome::Vendored(vendored) => return Ok(Ok((*vendored, left_out))),
                resolve::Outcome::Unresolved(why) => why,
            };
            let more = match rounds {
                0 => Vec::new(),
                _ => classify::in_the_way(&why, project, &gates::conflict_messages(&why, target)),
            };
            if more.is_empty() {
                return Ok(Err(why));
            }
            rounds -= 1;
            let names: Vec<String> = more.iter().map(|one| one.name.clone()).collect();
            terminal.line(&format!("Leaving out what cannot run on Workers: {}", names.join(", ")));
            left_out.extend(more);
            let goes = |name: &Option<String>| name.as_ref().is_some_and(|name| names.contains(name));
            self.project.requirements.entries.retain(|entry| !goes(&entry.name));
        }
    }

    /// What the project's files import, for a project whose packages could not be resolved. `None` if a run could import more.
    fn imported(&self, main: &Utf8Path) -> Option<Imported> {
        let Self { project, settings, target, sources, .. } = self;
        let base_dir = project.config.base_dir();
        let layout = layout::decide(&LayoutRequest {
            config_dir: project.config.dir(),
            main,
            base_dir: base_dir.as_deref(),
            setting: settings.namespace,
            include: &settings.include,
            sources,
            legacy_vendor: target.legacy_vendor,
            vendored_top_levels: &BTreeSet::new(),
        });
        let layout = layout.ok().filter(|layout| layout.unparsed.is_empty())?;
        let roots = [&layout.module_root, &project.root, &main.parent()?.to_owned()];
        let is_own =
            |name: &str| roots.iter().any(|root| root.join(name).is_dir() || root.join(format!("{name}.py")).is_file());
        let mut imported = Imported::default();
        for file in &layout.reached {
            let bytes = fs_err::read(file).ok()?;
            let facts = sources.read(file).ok()?;
            if facts.imports.computes || facts.imports.alters_search {
                return None;
            }
            let absolute = facts.imports.items.iter().filter(|import| import.level == 0);
            let top_levels = absolute.filter_map(|import| import.module.as_deref()?.split('.').next());
            for name in top_levels.filter(|name| !stdlib::is_stdlib(&target.python, name) && !stdlib::is_runtime(name))
            {
                let set = if is_own(name) { &mut imported.own } else { &mut imported.top_levels };
                set.insert(name.to_owned());
            }
            imported.text += &String::from_utf8_lossy(&bytes).to_lowercase();
        }
        // Its package is not among the requirements: pywrangler adds it.
        imported.top_levels.retain(|name| !crate::project::target::SDK.contains(&name.as_str()));
        Some(imported)
    }

    /// The end of a run whose requirements do not resolve: the gate `wheels` says why. If that is allowed or switched off,
    /// there is still nothing to go on with.
    fn unresolved(self, why: Unresolved) -> Box<Ended<'a>> {
        let results = gates::check_unresolved(&why, &self.target, &self.toolchain, &self.settings, &today());
        if Verdict::of(&results) != Verdict::Blocked {
            return self.fail(why.error);
        }
        let mut ended = self.end();
        ended.early_results = Some(results);
        ended.exit.code = 3;
        for alternative in &why.alternatives {
            ended.notices.push(format!("this would work: {} ({})", alternative.write, alternative.gives));
        }
        if why.untried > 0 {
            let more = crate::format::count(why.untried, "more way");
            ended.notices.push(format!("{more} out could not be tried in the time there is"));
        }
        if let (Format::Human, Some((_, settings))) = (ended.session.format, ended.found()) {
            let options = ended.session.render_options(settings);
            ended.session.terminal.out(&report::human::Human { options }.render(&ended.report()));
        }
        Box::new(ended)
    }
}

impl<'a> Resolved<'a> {
    pub(crate) fn fail(self, error: Error) -> Box<Ended<'a>> {
        Ended::failed(self.loaded.session, Reached::Resolved(Box::new(self)), error)
    }

    pub(crate) fn end(self) -> Ended<'a> {
        Ended::new(self.loaded.session, Reached::Resolved(Box::new(self)))
    }
}

/// The user's main: the script on the command line, else `main`.
pub(crate) fn main_module(project: &Project, words: &Passthrough) -> Result<Utf8PathBuf> {
    let config = &project.config;
    if let Some(entry) = words.entry().filter(|entry| words.script().is_none() && project.cwd.join(entry).is_file()) {
        let message = format!("the entry point `{entry}` is not a Python module, and saddlebag deploys Python Workers");
        return Err(Error::new(
            ErrorKind::Usage,
            message,
            "name one that ends in `.py`, or deploy this Worker with wrangler",
        ));
    }
    let (main, location) = match words.script() {
        Some(script) => (crate::project::resolve(&project.cwd, script), None),
        None => {
            let main = config.main().ok_or_else(|| {
                Error::new(ErrorKind::MainMissing, "the configuration has no `main`", "add `main = \"src/main.py\"`")
                    .with_location(config.locate(&[]))
            })?;
            let origin = config.get_origin("main").unwrap_or_default();
            (main, Some(config.locate(&origin.iter().map(String::as_str).collect::<Vec<_>>())))
        }
    };
    let shown = project.display(&main);
    let located = |error: Error| match location.clone() {
        Some(location) => error.with_location(location),
        None => error,
    };
    if main.extension() != Some("py") {
        let message = format!("`main` is `{shown}`, and saddlebag deploys Python Workers: their main ends in `.py`");
        return Err(located(Error::new(ErrorKind::ConfigInvalid, message, "deploy this Worker with wrangler")));
    }
    if !main.is_file() {
        let meant = config::meant_file(&main, config.base());
        let hint = match (&meant, words.script()) {
            (Some(meant), None) => {
                format!("did you mean `main = \"{}\"`?", crate::project::display(config.base(), meant))
            }
            (Some(meant), Some(_)) => format!("did you mean `{}`?", project.display(meant)),
            (None, _) => "correct `main`, or write the file".to_owned(),
        };
        let message = format!("the main module `{shown}` does not exist");
        return Err(located(Error::new(ErrorKind::MainMissing, message, hint)));
    }
    config.check_base_dir()?;
    Ok(main)
}

/// One that was named must be there, if it is read at all.
fn baseline_file(project: &Project, settings: &Settings, options: ResolveOptions) -> Result<BaselineFile> {
    let path = match &settings.growth.baseline {
        Some(Named::Outright(path)) => crate::project::resolve(&project.process_cwd, path.as_str()),
        Some(Named::Setting(path, _)) => crate::project::resolve(&project.root, path.as_str()),
        None => project.root.join(baseline::FILE),
    };
    if !options.compare || settings.gates.get(&gates::GateId::Growth) == Some(&gates::Level::Off) {
        return Ok(BaselineFile { path, baseline: None });
    }
    let shown = project.display(&path);
    let found = baseline::read(&path, &shown)?;
    match (&found, &settings.growth.baseline) {
        (None, Some(named)) => {
            let message = format!("there is no baseline `{shown}`");
            let error =
                Error::new(ErrorKind::Baseline, message, "write it with `saddlebag baseline`, or correct its name");
            Err(match named {
                Named::Setting(_, location) => error.with_location(location.clone()),
                Named::Outright(_) => error,
            })
        }
        _ => Ok(BaselineFile { path, baseline: found }),
    }
}
