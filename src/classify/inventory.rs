//! What is known of a dependency besides the bundle: where it is declared, what imports it, what the host has.

use super::missing::{Missing, Want};
use super::{Class, Dependency, LeftOut, when};
use crate::project::Target;
use crate::project::host::HostDistribution;
use crate::project::requirements::Declared;
use crate::python::distribution::Distribution;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// What is known besides the bundle.
pub(super) struct Inventory<'a> {
    pub(super) declared: &'a BTreeMap<String, Vec<Declared>>,
    pub(super) missing: &'a BTreeMap<String, Missing>,
    pub(super) on_host: &'a dyn Fn(&str) -> Option<HostDistribution>,
}

impl Inventory<'_> {
    pub(super) fn start(&self, name: &str, class: Class) -> Dependency {
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
    pub(super) fn only_by_others(&self, dependency: &Dependency, required_by: &[String]) -> Option<String> {
        let elsewhere = dependency.declared.first().filter(|_| !dependency.is_declared_for_runtime())?;
        let by = required_by.iter().filter(|by| *by != "project").map(|by| format!("`{by}`")).collect::<Vec<_>>();
        (!by.is_empty()).then(|| format!("{} lists it; in the bundle because of {}", elsewhere.place(), by.join(", ")))
    }

    /// The requirement, and what of it has no wheel.
    pub(super) fn leave_out(&self, one: &LeftOut, target: &Target, found: &mut BTreeMap<String, Dependency>) {
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
    pub(super) fn not_for_workers(&self, name: &str) -> Dependency {
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
    pub(super) fn of_development(&self, name: &str) -> Dependency {
        let mut dependency = self.start(name, Class::Development);
        if let Some(missing) = self.missing.get(name) {
            let by_name =
                if missing.want == Want::ByItsName { " (told by its name: it is not installed here)" } else { "" };
            let importer = missing.importer();
            dependency.reason = Some(if missing.is_needed() {
                dependency.class = Class::Runtime;
                format!("`{importer}` imports it{by_name}, and it is not in the bundle")
            } else {
                format!("`{importer}` can do without it{by_name}: {}", when(missing.imported.level))
            });
        }
        dependency
    }

    /// Imported, on this machine, and declared nowhere.
    pub(super) fn undeclared(&self, name: &str, missing: &Missing) -> Dependency {
        let mut dependency = self.start(name, Class::Runtime);
        let here = if missing.want == Want::Installed { ": only this machine has it" } else { "" };
        dependency.reason = Some(format!(
            "`{}` imports it, nothing declares it, and it is not in the bundle{here}",
            missing.importer()
        ));
        dependency
    }

    /// What the declared distributions of the host bring with them.
    pub(super) fn add_transitive(&self, installed: &[Distribution], found: &mut BTreeMap<String, Dependency>) {
        // What the Worker lacks comes with what it requires; that cannot be told of what has no environment.
        let lacking = |one: &Dependency| one.class == Class::Runtime && one.bundle_bytes.is_none();
        let with_lacking = brought(installed, found, lacking);
        let with_all = brought(installed, found, |_| true);
        for (name, by) in with_all {
            let needed = with_lacking.get(&name);
            let class = if needed.is_some() { Class::Runtime } else { Class::Development };
            let mut dependency = self.start(&name, class);
            dependency.required_by = by.into_iter().collect();
            dependency.reason = needed.map(|by| {
                format!("it comes with {}", by.iter().map(|by| format!("`{by}`")).collect::<Vec<_>>().join(", "))
            });
            found.insert(name, dependency);
        }
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
