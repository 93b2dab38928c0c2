//! The layout and the bundle, and what the gates find about them.

use super::state::{CheckedPlan, ReportedPlan};
use super::{ClearedPlan, Ended, Loaded, Plan, Planned, Reached, Resolved, Step, remedies, today};
use crate::baseline::Baseline;
use crate::bundle::{self, Bundle};
use crate::cli::Format;
use crate::error::{Error, Result};
use crate::gates::{self, Context, GateId, GateResult, Inputs, Limit};
use crate::layout::Layout;
use crate::layout::{self, LayoutRequest};
use crate::process;
use crate::project::{Project, Target};
use crate::report::{self, Renderer, Report};
use crate::resolve::Vendored;
use crate::settings::Settings;
use crate::stage;
use std::collections::BTreeSet;

impl<'a> Resolved<'a> {
    /// Decides the layout and plans the bundle; nothing is written.
    pub(crate) fn plan(self) -> Step<'a, Planned<'a>> {
        let planned = self.lay_out().and_then(|layout| {
            let bundle = self.plan_bundle(&layout)?;
            process::check_interrupted()?;
            Ok((layout, bundle))
        });
        let (layout, bundle) = match planned {
            Ok(planned) => planned,
            Err(error) => return Err(self.fail(error)),
        };
        let Self { mut loaded, cache, main: _, mut baseline, vendored, left_out } = self;
        let project = &loaded.project;
        let weighed = Baseline::of(&bundle, &loaded.target.python, project.config.environment.as_deref());
        let shown = project.display(&baseline.path);
        let growth = baseline.baseline.take().map(|before| before.growth(&weighed, shown));
        loaded.timings.record("bundle");
        let plan = Plan { loaded, cache, baseline, vendored, left_out, layout, weighed, growth };
        Ok(Planned { plan, bundle })
    }

    fn lay_out(&self) -> Result<Layout> {
        let Loaded { project, settings, target, sources, .. } = &self.loaded;
        let base_dir = project.config.base_dir();
        layout::decide(&LayoutRequest {
            config_dir: project.config.dir(),
            main: &self.main,
            base_dir: base_dir.as_deref(),
            setting: settings.namespace,
            include: &settings.include,
            sources,
            legacy_vendor: target.legacy_vendor,
            vendored_top_levels: &top_levels(&self.vendored),
        })
    }

    fn plan_bundle(&self, layout: &Layout) -> Result<Bundle> {
        let Loaded { project, settings, target, .. } = &self.loaded;
        let vendored = &self.vendored;
        let direct: Vec<String> = project.requirements.entries.iter().filter_map(|entry| entry.name.clone()).collect();
        let sources = bundle::collect::Sources {
            layout,
            config_path: &project.config.path,
            project_root: &project.root,
            rules: bundle::rules::RuleSet::new(&project.config.rules(), &layout.glob_prefix),
            find_additional_modules: project.config.find_additional_modules() != Some(false),
            exclude: &project.config.python_modules_exclude(),
            vendored: vendored.modules.is_dir().then_some(vendored.modules.as_path()),
            distributions: &vendored.distributions,
            include: &settings.include,
            exclude_project: &settings.exclude,
            shim: layout.shim.as_ref().map(|shim| (layout.main_module.clone(), stage::entry_shim(&shim.target))),
            direct: &direct,
        };
        // Beside the vendored tree, and gone with it.
        let cache_path = vendored.modules.parent().map(|workspace| workspace.join("imports"));
        let reading = bundle::Reading {
            sources: &self.loaded.sources,
            legacy_vendor: target.legacy_vendor,
            cache_path: cache_path.as_deref(),
        };
        bundle::plan(&sources, &settings.prune, reading, settings.fill_init)
    }
}

impl<'a> Planned<'a> {
    pub(crate) fn project(&self) -> &Project {
        &self.plan.loaded.project
    }

    pub(crate) fn target(&self) -> &Target {
        &self.plan.loaded.target
    }

    /// Runs every gate that judges the plan.
    pub(crate) fn check(self) -> Step<'a, CheckedPlan<'a>> {
        self.check_but(&[])
    }

    /// The same without some gates, each with the reason.
    pub(crate) fn check_but(self, skipped: &[(GateId, &str)]) -> Step<'a, CheckedPlan<'a>> {
        let Self { mut plan, bundle } = self;
        let limits = gates::limits(&bundle, &plan.loaded.settings);
        let mut bundle = gates::check(&plan, bundle, skipped, &today());
        remedies::add(&mut bundle, &plan.loaded.project, &plan.loaded.settings);
        plan.loaded.timings.record("gates");
        let checked = CheckedPlan { plan, limits, bundle };
        match process::check_interrupted() {
            Ok(()) => Ok(checked),
            Err(error) => Err(checked.fail(error)),
        }
    }

    pub(crate) fn fail(self, error: Error) -> Box<Ended<'a>> {
        Ended::failed(self.plan.loaded.session, Reached::Planned(Box::new(self)), error)
    }

    pub(crate) fn end(self) -> Ended<'a> {
        Ended::new(self.plan.loaded.session, Reached::Planned(Box::new(self)))
    }
}

impl<'a> CheckedPlan<'a> {
    /// A plan that a gate blocks is shown and ends the run with exit code 3.
    pub(crate) fn into_cleared(self) -> Step<'a, ClearedPlan<'a>> {
        let Self { plan, limits, bundle } = self;
        match bundle.into_cleared() {
            Ok(bundle) => Ok(ClearedPlan { plan, limits, bundle }),
            Err(blocked) => {
                let (bundle, results) = blocked.into_parts();
                Err(ReportedPlan::new(plan, bundle, limits, results).blocked())
            }
        }
    }

    fn fail(self, error: Error) -> Box<Ended<'a>> {
        let (bundle, results) = self.bundle.into_parts();
        ReportedPlan::new(self.plan, bundle, self.limits, results).fail(error)
    }
}

impl<'a> ClearedPlan<'a> {
    pub(super) fn into_reached(self) -> Reached<'a> {
        let (bundle, results) = self.bundle.into_parts();
        Reached::ReportedPlan(Box::new(ReportedPlan::new(self.plan, bundle, self.limits, results)))
    }

    pub(crate) fn fail(self, error: Error) -> Box<Ended<'a>> {
        Ended::failed(self.plan.loaded.session, self.into_reached(), error)
    }

    /// Prints the plan for people.
    pub(crate) fn show(self) -> Self {
        self.plan.show(self.bundle.value(), &self.limits, self.bundle.results(), None);
        self
    }
}

impl Inputs for Plan<'_> {
    fn context<'a>(&'a self, bundle: &'a Bundle) -> Context<'a> {
        Context {
            project: &self.loaded.project,
            target: &self.loaded.target,
            parsed: &self.loaded.sources,
            toolchain: &self.loaded.toolchain,
            layout: &self.layout,
            vendored: &self.vendored,
            bundle,
            growth: self.growth.as_ref(),
            settings: &self.loaded.settings,
        }
    }
}

impl<'a> Plan<'a> {
    pub(super) fn add_to<'r>(&'r self, report: &mut Report<'r>, bundle: &'r Bundle) {
        self.loaded.add_to(report);
        report.layout = Some(&self.layout);
        report.bundle = Some(bundle);
        report.growth = self.growth.as_ref();
    }

    /// Prints the plan for people; in every other format the report is one document at the end.
    pub(super) fn show(
        &self,
        bundle: &Bundle,
        limits: &[Limit],
        results: &[GateResult],
        smoke: Option<&crate::smoke::SmokeResult>,
    ) {
        let session = self.loaded.session;
        if session.format != Format::Human {
            return;
        }
        let mut report = session.empty_report();
        self.add_to(&mut report, bundle);
        report.limits = limits.to_vec();
        (report.results, report.verdict) = (Some(results), Some(gates::Verdict::of(results)));
        report.smoke = smoke;
        let options = session.render_options(&self.loaded.settings);
        session.terminal.out(&match session.invocation.command {
            crate::cli::Command::Report if !options.quiet => report::human::ByPackage { options }.render(&report),
            _ => report::human::Human { options }.render(&report),
        });
    }

    pub(super) fn settings(&self) -> &Settings {
        &self.loaded.settings
    }
}

impl<'a> ReportedPlan<'a> {
    pub(super) fn new(plan: Plan<'a>, bundle: Bundle, limits: Vec<Limit>, results: Vec<GateResult>) -> Self {
        Self { plan, bundle, limits, results, smoke: None, deployed: None }
    }

    pub(super) fn fail(self, error: Error) -> Box<Ended<'a>> {
        Ended::failed(self.plan.loaded.session, Reached::ReportedPlan(Box::new(self)), error)
    }

    /// Shows what blocks; exit code 3.
    pub(super) fn blocked(self) -> Box<Ended<'a>> {
        self.plan.show(&self.bundle, &self.limits, &self.results, self.smoke.as_ref());
        let mut ended = Ended::new(self.plan.loaded.session, Reached::ReportedPlan(Box::new(self)));
        ended.exit.code = 3;
        Box::new(ended)
    }
}

/// The names that `import` finds at the top of the vendored tree.
fn top_levels(vendored: &Vendored) -> BTreeSet<String> {
    let entries = vendored.modules.read_dir_utf8().into_iter().flatten().flatten();
    entries
        .filter_map(|entry| {
            let name = entry.file_name();
            let is_dir = entry.file_type().is_ok_and(|kind| kind.is_dir());
            let top = if is_dir {
                Some(name)
            } else {
                name.strip_suffix(".py")
                    .or_else(|| name.strip_suffix(".so").map(|stem| stem.split('.').next().unwrap_or(stem)))
            };
            top.filter(|top| crate::python::is_identifier(top)).map(str::to_owned)
        })
        .collect()
}
