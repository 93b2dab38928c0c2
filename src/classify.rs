//! Sorts every dependency by what it is to the Worker: needed, for development only, unused, or unable to run there.
//!
//! `needs` classifies what is in the bundle, `missing` what an import asks for and the bundle lacks. A package is never
//! `unused` when something in the bundle may ask for it. Nothing is resolved here.

mod advice;
mod document;
mod inventory;
mod left_out;
mod missing;
mod needs;

pub(crate) use advice::when;
pub(crate) use document::{document, reachability};
pub(crate) use left_out::{LeftOut, in_the_way};

use crate::bundle::Bundle;
use crate::error::Result;
use crate::project::host::{self, HostDistribution};
use crate::project::requirements::{Declared, Requirement};
use crate::project::{Project, Target};
use crate::python::graph::Reachability;
use inventory::Inventory;
use std::collections::{BTreeMap, BTreeSet};

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
    let declared_by_name = declared_by_name(project, left_out);
    let needs = needs::judge(project, bundle)?;
    let installed = if host.is_some() { host::distributions(&project.root) } else { Vec::new() };
    let names = declared_by_name.keys().cloned().collect();
    let missing = missing::find(project, target, bundle, &installed, &names);
    let on_host = |name: &str| host.and_then(|host| host.iter().find(|one| one.name == name)).cloned();
    let all = Inventory { declared: &declared_by_name, missing: &missing, on_host: &on_host };

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
    all.add_transitive(&installed, &mut found);
    for dependency in found.values_mut() {
        dependency.advice = advice::advice(dependency, project);
    }
    Ok(found.into_values().collect())
}

/// What was left out so that the rest resolves counts as declared for the runtime.
fn declared_by_name(project: &Project, left_out: &[LeftOut]) -> BTreeMap<String, Vec<Declared>> {
    let mut declared_by_name: BTreeMap<String, Vec<Declared>> = BTreeMap::new();
    let taken = |one: &Declared| {
        let at = |entry: &Requirement| entry.location() == one.requirement.location();
        left_out.iter().any(|left_out| left_out.entries.iter().any(at))
    };
    for mut one in project.declared_requirements() {
        one.runtime |= taken(&one);
        declared_by_name.entry(one.requirement.name.clone().unwrap_or_default()).or_default().push(one);
    }
    declared_by_name
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
