//! `saddlebag classify`: every dependency as what it is to the Worker: needed, for development only, unused, or nothing that
//! can run there.
//!
//! Receives the project, the planned bundle, what the host has and what had to be left out for the rest to resolve; hands on
//! dependencies. `needs` judges what is in the bundle, `missing` what an import wants and the bundle lacks, `show` writes.
//! Must never resolve, and never call `unused` what something in the bundle may ask for.

mod left_out;
mod missing;
mod needs;
mod show;

pub(crate) use left_out::{LeftOut, in_the_way};
pub(crate) use show::{answer, document};

use crate::bundle::Bundle;
use crate::error::Result;
use crate::project::host::{self, HostDistribution};
use crate::project::requirements::{Declared, Requirement};
use crate::project::{Project, Target};
use crate::python::distribution::Distribution;
use crate::python::graph::Reachability;
use crate::session::{Ended, Planned, ResolveOptions, Session, Step};
use missing::{Missing, Want};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Class {
    CannotRun,
    Runtime,
    Unused,
    Development,
}

impl Class {
    /// As the document names it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::CannotRun => "cannot-run",
            Self::Runtime => "runtime",
            Self::Unused => "unused",
            Self::Development => "development",
        }
    }
}

/// How main gets to a dependency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Imported {
    pub(crate) level: Reachability,
    /// From main on: `src/main.py:1`, ..., the module, or its name where it is not there.
    pub(crate) chain: Vec<String>,
}

/// One distribution.
#[derive(Debug, Clone)]
pub(crate) struct Dependency {
    /// Normalised (PEP 503).
    pub(crate) name: String,
    /// In the bundle, else on the host.
    pub(crate) version: Option<String>,
    pub(crate) class: Class,
    /// Everywhere that names it.
    pub(crate) declared: Vec<Declared>,
    /// Sorted; `project` where a list names it.
    pub(crate) required_by: Vec<String>,
    pub(crate) imported: Option<Imported>,
    pub(crate) reason: Option<String>,
    /// Something to do about it, in the imperative.
    pub(crate) advice: Option<String>,
    /// `None` where it is not in the bundle.
    pub(crate) bundle_bytes: Option<u64>,
    pub(crate) host: Option<HostDistribution>,
}

impl Dependency {
    /// Whether what the Worker is resolved from names it.
    pub(crate) fn is_declared_for_runtime(&self) -> bool {
        self.declared.iter().any(|declared| declared.runtime)
    }
}

pub(crate) fn run(session: Session<'_>) -> Step<'_, Ended<'_>> {
    let planned = session.open()?.find_tools()?.resolve(ResolveOptions::CLASSIFIED)?.plan()?;
    let host = host::installed(&planned.project().root);
    let found = match of(&planned, host.as_deref()) {
        Ok(found) => found,
        Err(error) => return Err(planned.fail(error)),
    };
    let unprovided = unprovided(planned.project(), planned.target(), &planned.bundle, host.is_some());
    let answer = answer(&found, &unprovided, host.is_some());
    let mut ended = planned.end().answered(answer)?;
    ended.dependencies = Some(document(&found));
    Ok(ended)
}

/// The dependencies of a plan.
///
/// # Errors
/// As `classify`.
pub(crate) fn of(planned: &Planned<'_>, host: Option<&[HostDistribution]>) -> Result<Vec<Dependency>> {
    classify(planned.project(), planned.target(), &planned.bundle, host, &planned.plan.left_out)
}

/// Every dependency that the project declares or that is in the bundle, by name. `host`: what the project's own environment
/// has, `None` where there is none.
///
/// # Errors
/// `Unreadable`: a file of the bundle that cannot be read.
pub(crate) fn classify(
    project: &Project,
    target: &Target,
    bundle: &Bundle,
    host: Option<&[HostDistribution]>,
    left_out: &[LeftOut],
) -> Result<Vec<Dependency>> {
    let mut declared_by_name: BTreeMap<String, Vec<Declared>> = BTreeMap::new();
    let taken = |one: &Declared| {
        let at = |entry: &Requirement| entry.location() == one.requirement.location();
        left_out.iter().any(|left_out| left_out.entries.iter().any(at))
    };
    for mut one in project.declared_requirements() {
        one.runtime |= taken(&one);
        declared_by_name.entry(one.requirement.name.clone().unwrap_or_default()).or_default().push(one);
    }
    let needs = needs::judge(project, bundle)?;
    let installed = if host.is_some() { host::distributions(&project.root) } else { Vec::new() };
    let names = declared_by_name.keys().cloned().collect();
    let missing = missing::find(project, target, bundle, &installed, &names);
    let on_host = |name: &str| host.and_then(|host| host.iter().find(|one| one.name == name)).cloned();
    let all = Everything { declared: &declared_by_name, missing: &missing, on_host: &on_host };

    let mut found: BTreeMap<String, Dependency> = BTreeMap::new();
    for package in &bundle.packages {
        let Some(need) = needs.get(&package.name) else { continue };
        let mut dependency = all.start(&package.name, need.class);
        dependency.version = Some(package.version.clone());
        dependency.required_by = need.required_by.clone();
        dependency.imported = need.imported.clone();
        dependency.reason = need.reason.clone().or_else(|| all.only_by_others(&dependency, &need.required_by));
        dependency.bundle_bytes = Some(package.raw_bytes);
        found.insert(package.name.clone(), dependency);
    }
    for one in left_out {
        all.leave_out(one, target, &mut found);
    }
    for (name, declared) in &declared_by_name {
        if !found.contains_key(name) {
            let dependency = if declared.iter().any(|declared| declared.runtime) {
                all.not_for_workers(name)
            } else {
                all.of_development(name)
            };
            found.insert(name.clone(), dependency);
        }
    }
    for (name, want) in &missing {
        if !found.contains_key(name) && want.is_needed() {
            found.insert(name.clone(), all.undeclared(name, want));
        }
    }
    // What the Worker lacks comes with what it requires; that cannot be told of what has no environment.
    let lacking = |one: &Dependency| one.class == Class::Runtime && one.bundle_bytes.is_none();
    let with_lacking = brought(&installed, &found, lacking);
    let with_all = brought(&installed, &found, |_| true);
    for (name, by) in with_all {
        let needed = with_lacking.get(&name);
        let class = if needed.is_some() { Class::Runtime } else { Class::Development };
        let mut dependency = all.start(&name, class);
        dependency.required_by = by.into_iter().collect();
        dependency.reason = needed.map(|by| {
            format!("it comes with {}", by.iter().map(|by| format!("`{by}`")).collect::<Vec<_>>().join(", "))
        });
        found.insert(name, dependency);
    }
    for dependency in found.values_mut() {
        dependency.advice = show::advice(dependency, project);
    }
    Ok(found.into_values().collect())
}

/// Requirements of the project that the Worker does not need, and who requires each package, by an extra too.
#[derive(Debug, Default)]
pub(crate) struct Unneeded {
    pub(crate) names: BTreeSet<String>,
    /// Those of them that nothing imports at all.
    pub(crate) never_imported: BTreeSet<String>,
    /// Requirements that nothing imports, and that may be needed because a string has their name.
    pub(crate) only_named: BTreeSet<String>,
    pub(crate) required_by: BTreeMap<String, Vec<String>>,
}

/// # Errors
/// `Unreadable`: a file of the bundle that cannot be read.
pub(crate) fn unneeded(project: &Project, bundle: &Bundle) -> Result<Unneeded> {
    let direct: BTreeSet<&str> =
        project.requirements.entries.iter().filter_map(|entry| entry.name.as_deref()).collect();
    let mut found = Unneeded::default();
    for (name, need) in needs::judge(project, bundle)? {
        if direct.contains(name.as_str()) && need.is_only_named() {
            found.only_named.insert(name.clone());
        } else if direct.contains(name.as_str()) && need.class != Class::Runtime {
            found.names.insert(name.clone());
            if need.imported.is_none() {
                found.never_imported.insert(name.clone());
            }
        }
        found.required_by.insert(name, need.required_by);
    }
    Ok(found)
}

/// An import of the project's that breaks the Worker, and of which no distribution is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Unprovided {
    pub(crate) module: String,
    pub(crate) imported: Imported,
}

/// The imports that lead nowhere and are not explained by any of the dependencies.
pub(crate) fn unprovided(project: &Project, target: &Target, bundle: &Bundle, host: bool) -> Vec<Unprovided> {
    let installed = if host { host::distributions(&project.root) } else { Vec::new() };
    let declared: BTreeSet<String> =
        project.declared_requirements().into_iter().filter_map(|one| one.requirement.name).collect();
    missing::unprovided(project, target, bundle, &installed, &declared)
}

/// What is known besides the bundle.
struct Everything<'a> {
    declared: &'a BTreeMap<String, Vec<Declared>>,
    missing: &'a BTreeMap<String, Missing>,
    on_host: &'a dyn Fn(&str) -> Option<HostDistribution>,
}

impl Everything<'_> {
    fn start(&self, name: &str, class: Class) -> Dependency {
        let host = (self.on_host)(name);
        let declared = self.declared.get(name).cloned().unwrap_or_default();
        Dependency {
            name: name.to_owned(),
            version: host.as_ref().map(|host| host.version.clone()),
            class,
            required_by: if declared.is_empty() { Vec::new() } else { vec!["project".to_owned()] },
            declared,
            imported: self.missing.get(name).map(|missing| missing.imported.clone()),
            reason: None,
            advice: None,
            bundle_bytes: None,
            host,
        }
    }

    /// In the bundle thanks to others, and declared by the project for something else.
    fn only_by_others(&self, dependency: &Dependency, required_by: &[String]) -> Option<String> {
        let elsewhere = dependency.declared.first().filter(|_| !dependency.is_declared_for_runtime())?;
        let by = required_by.iter().filter(|by| *by != "project").map(|by| format!("`{by}`")).collect::<Vec<_>>();
        (!by.is_empty()).then(|| format!("{} lists it; in the bundle because of {}", elsewhere.place(), by.join(", ")))
    }

    /// The requirement, and what of it has no wheel.
    fn leave_out(&self, one: &LeftOut, target: &Target, found: &mut BTreeMap<String, Dependency>) {
        let mut direct = self.start(&one.name, Class::CannotRun);
        let own = one.obstacles.iter().find(|obstacle| obstacle.name == one.name);
        let others: Vec<String> = one.obstacles.iter().map(|obstacle| format!("`{}`", obstacle.name)).collect();
        let reason = match own {
            Some(own) => own.why.clone(),
            None => {
                let what = others.join(" and ");
                format!("it needs {what}, which cannot be had for Python {} on Workers", target.python)
            }
        };
        direct.reason = Some(reason);
        for obstacle in one.obstacles.iter().filter(|obstacle| obstacle.name != one.name) {
            // Another version of it may be in the bundle, for something else.
            found.entry(obstacle.name.clone()).or_insert_with(|| {
                let mut conflict = self.start(&obstacle.name, Class::CannotRun);
                conflict.required_by.push(obstacle.required_by.clone());
                conflict.reason = Some(obstacle.why.clone());
                conflict
            });
        }
        found.insert(one.name.clone(), direct);
    }

    /// Declared for the Worker, resolved, and not there.
    fn not_for_workers(&self, name: &str) -> Dependency {
        let mut dependency = self.start(name, Class::Unused);
        let excluded = "the condition of its requirement does not hold on Workers: it is not in the bundle";
        dependency.reason = Some(match self.missing.get(name) {
            Some(missing) if missing.is_needed() => {
                dependency.class = Class::Runtime;
                format!("{excluded}, and `{}` imports it", missing.importer())
            }
            _ => excluded.to_owned(),
        });
        dependency
    }

    /// Declared, and not for the Worker.
    fn of_development(&self, name: &str) -> Dependency {
        let mut dependency = self.start(name, Class::Development);
        if let Some(missing) = self.missing.get(name) {
            let by_name =
                if missing.want == Want::ByItsName { " (told by its name: it is not installed here)" } else { "" };
            let importer = missing.importer();
            dependency.reason = Some(if missing.is_needed() {
                dependency.class = Class::Runtime;
                format!("`{importer}` imports it{by_name}, and it is not in the bundle")
            } else {
                format!("`{importer}` can do without it{by_name}: {}", show::said(missing.imported.level))
            });
        }
        dependency
    }

    /// Imported, on this machine, and declared nowhere.
    fn undeclared(&self, name: &str, missing: &Missing) -> Dependency {
        let mut dependency = self.start(name, Class::Runtime);
        let here = if missing.want == Want::Installed { ": only this machine has it" } else { "" };
        dependency.reason = Some(format!(
            "`{}` imports it, nothing declares it, and it is not in the bundle{here}",
            missing.importer()
        ));
        dependency
    }
}

/// What the declared distributions of the host bring with them, and who requires it.
fn brought(
    installed: &[Distribution],
    found: &BTreeMap<String, Dependency>,
    from: impl Fn(&Dependency) -> bool,
) -> BTreeMap<String, BTreeSet<String>> {
    let by_name: BTreeMap<&str, &Distribution> =
        installed.iter().map(|distribution| (distribution.name.as_str(), distribution)).collect();
    let begun = found.values().filter(|one| from(one));
    let mut waiting: VecDeque<&str> = begun.map(|one| one.name.as_str()).collect();
    let mut seen: BTreeSet<&str> = waiting.iter().copied().collect();
    let mut brought: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    while let Some(name) = waiting.pop_front() {
        for required in by_name.get(name).into_iter().flat_map(|distribution| &distribution.requires) {
            if by_name.contains_key(required.as_str()) && !found.contains_key(required) {
                brought.entry(required.clone()).or_default().insert(name.to_owned());
                if seen.insert(required) {
                    waiting.push_back(required);
                }
            }
        }
    }
    brought
}
