//! Second pass: collects every file of the vendored tree as a module under `python_modules/`, with its distribution.
//!
//! Wrangler treats all of them as data, except the SDK's own JavaScript. pywrangler's marker files (`.synced`,
//! `pyvenv.cfg`) are not uploaded.

use super::walk::{Entry, walk};
use super::{Collected, Sources, length};
use crate::bundle::glob::Glob;
use crate::bundle::{Content, Dropped, Module, ModuleType, Owner};
use crate::error::Result;
use crate::python::distribution::Distribution;
use camino::Utf8Path;
use std::collections::BTreeMap;

pub(super) fn collect(sources: &Sources<'_>, tree: &Utf8Path, collected: &mut Collected) -> Result<()> {
    let excludes: Vec<Glob> = sources.exclude.iter().map(|pattern| Glob::new(pattern)).collect();
    let owners = owners(sources.distributions);
    let walk = walk(tree, "", tree, &|_, _, _| Entry::Enter)?;
    if let Some((_, error)) = walk.unusable.into_iter().next() {
        return Err(error);
    }
    collected.stray_links.extend(walk.strays.into_iter().map(|(_, stray)| stray));
    for found in walk.files {
        if matches!(found.name.as_str(), ".synced" | "pyvenv.cfg") {
            continue;
        }
        let name = format!("python_modules/{}", found.name);
        let bytes = length(&found.real)?;
        let claims = owners.get(found.name.as_str()).map_or(&[][..], Vec::as_slice);
        let owner = claims.first().map_or(Owner::Vendored, |first| Owner::Package(first.name.clone()));
        if excludes.iter().any(|glob| glob.is_match(&found.name)) {
            collected.dropped.push(Dropped { name, bytes, rule: "python-modules-exclude", owner });
            continue;
        }
        let kind = module_type(&found.name);
        collected.modules.push(Module { name, kind, content: Content::File(found.real), bytes, owner });
    }
    Ok(())
}

/// wrangler's `getVendoredModuleType`: the SDK imports its own JavaScript at run time.
fn module_type(path: &str) -> ModuleType {
    match Utf8Path::new(path).extension() {
        Some("js" | "mjs") if path.starts_with("workers/") => ModuleType::Esm,
        _ => ModuleType::Buffer,
    }
}

/// The distributions that list each file, in name order.
fn owners(distributions: &[Distribution]) -> BTreeMap<&str, Vec<&Distribution>> {
    let mut owners: BTreeMap<&str, Vec<&Distribution>> = BTreeMap::new();
    for distribution in distributions {
        for file in &distribution.files {
            owners.entry(file).or_default().push(distribution);
        }
    }
    owners
}
