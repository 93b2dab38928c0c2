//! The evidence for keeping the source directory in the names of modules, and the evidence for wrangler's flat names.

use super::aliases::Aliases;
use super::model::LayoutRequest;
use super::reach::{Reach, Resolution, Roots, SourceFile, relative, top_level};
use super::tree;
use crate::error::Result;
use crate::project::paths::{display, resolve};
use crate::python::imports::{Import, StringName};
use camino::Utf8Path;

/// One thing that does not work in the flat layout and would above it.
#[derive(Debug)]
pub(super) struct Vote {
    /// Indices into `Roots::above`.
    pub(super) above: Vec<usize>,
    /// For the report: "`src/main.py:1` imports `src.core`".
    pub(super) reason: String,
}

#[derive(Debug, Default)]
pub(super) struct Evidence {
    /// Imports that need a root above the flat one.
    pub(super) keep: Vec<Vote>,
    /// Strings and settings that do. Alone they decide; against an import that works in the flat layout only they do not,
    /// for an import is sure to run and a string may be a logger's name.
    pub(super) hints: Vec<Vote>,
    /// Imports that work in the flat layout only.
    pub(super) flat: usize,
}

pub(super) fn gather(
    request: &LayoutRequest<'_>,
    roots: &Roots<'_>,
    reach: &Reach,
    aliases: &Aliases,
) -> Result<Evidence> {
    let mut evidence = Evidence::default();
    // Votes of imports that may be for a name that a file registers: they count if nothing works in the flat layout only.
    let mut unsure = Vec::new();
    for file in &reach.files {
        let display_path = display(request.config_dir, &file.path);
        for import in &file.imports.items {
            // Of two alternatives one works in either layout; `if __package__:` depends on the layout itself.
            let guard = import.guard;
            if guard.never_runs || guard.alternative || guard.fallback || guard.placed.is_some() {
                continue;
            }
            // The project gives itself that name: the import is no evidence.
            if top_level(import).is_some_and(|first| aliases.has_top(first)) {
                continue;
            }
            let reason = || format!("`{display_path}:{}` imports `{}`", import.line, full_name(import));
            let above = if import.level > 0 {
                relative_needs(request, roots, file, import)?
            } else {
                absolute_needs(roots, import, &mut evidence.flat)?
            };
            let votes = if import.level == 0 && aliases.may_serve() { &mut unsure } else { &mut evidence.keep };
            votes.extend(above.map(|above| Vote { above, reason: reason() }));
        }
        for string in &file.imports.strings {
            if let Some(above) = string_needs(roots, string)? {
                let attribute = string.attribute.as_ref().map(|attribute| format!(":{attribute}")).unwrap_or_default();
                let reason = format!("`{display_path}:{}` names `{}{attribute}`", string.line, string.name);
                evidence.hints.push(Vote { above, reason });
            }
        }
    }
    if evidence.flat == 0 {
        evidence.keep.append(&mut unsure);
    }
    evidence.hints.extend(included(request, roots));
    Ok(evidence)
}

/// `src.core` of `import src.core` and of `from src import core`.
fn full_name(import: &Import) -> String {
    match (&import.module, import.names.as_slice()) {
        (None, [only]) => import.written() + &only.name,
        _ => import.written(),
    }
}

/// The directories above that satisfy an absolute import which the flat root does not; none if it needs none.
fn absolute_needs(roots: &Roots<'_>, import: &Import, flat: &mut usize) -> Result<Option<Vec<usize>>> {
    let Some(first) = top_level(import).filter(|first| !roots.is_taken(first)) else { return Ok(None) };
    let vendored = roots.vendor(&roots.flat).filter(|_| roots.searches_vendor());
    let in_vendor = vendored.map_or(Ok(Resolution::Nothing), |vendor| vendor.resolve(import))?;
    let in_flat = match in_vendor {
        Resolution::Whole(found) => Resolution::Whole(found),
        _ => roots.flat.resolve(import)?,
    };
    let mut whole = Vec::new();
    let mut part = Vec::new();
    for (index, candidate) in roots.above.iter().enumerate() {
        match candidate.root.resolve(import)? {
            Resolution::Whole(_) => whole.push(index),
            Resolution::Part => part.push(index),
            Resolution::Nothing => {}
        }
    }
    Ok(match in_flat {
        Resolution::Whole(_) => {
            *flat += usize::from(whole.is_empty());
            None
        }
        Resolution::Part | Resolution::Nothing if !whole.is_empty() => Some(whole),
        // `src.core.missing` fails either way, but it was written for a root above `src`. What may never run is too little evidence.
        Resolution::Nothing if roots.leads_to_main(first) && !part.is_empty() && is_sure(import) => Some(part),
        Resolution::Part | Resolution::Nothing => None,
    })
}

/// Whether it runs when its module does.
fn is_sure(import: &Import) -> bool {
    !import.guard.in_function && !import.guard.is_conditional()
}

/// The directories above under which a relative import has a package to start from, if the flat root gives it none.
fn relative_needs(
    request: &LayoutRequest<'_>,
    roots: &Roots<'_>,
    file: &SourceFile,
    import: &Import,
) -> Result<Option<Vec<usize>>> {
    let Some(base) = file.base(import.level) else { return Ok(None) };
    let Ok(inside) = file.path.strip_prefix(&roots.flat.directory) else { return Ok(None) };
    // The runtime imports main as a top-level module, wherever it is; it never has a package.
    let packages = if file.path == request.main { 0 } else { inside.components().count().saturating_sub(1) };
    let climbs_out = usize::try_from(import.level).unwrap_or(usize::MAX) > packages;
    if !climbs_out && !relative(roots, file, import)?.iter().any(|found| roots.flat.is_displaced(found)) {
        return Ok(None);
    }
    if base.starts_with(&roots.top) && !leads_somewhere(base, import)? {
        return Ok(None);
    }
    let strictly_above = |directory: &Utf8Path| base != directory && base.starts_with(directory);
    let above = roots.above.iter().enumerate().filter(|(_, candidate)| strictly_above(&candidate.root.directory));
    Ok(Some(above.map(|(index, _)| index).collect()))
}

/// Whether what a relative import names exists, by the position of its file. What does not fails in every layout.
fn leads_somewhere(base: &Utf8Path, import: &Import) -> Result<bool> {
    let Some(module) = &import.module else {
        let mut found = base.join("__init__.py").is_file();
        for name in &import.names {
            found |= tree::find(base, &[&name.name])?.is_some();
        }
        return Ok(found);
    };
    Ok(tree::find(base, &module.split('.').collect::<Vec<_>>())?.is_some())
}

/// The directories above under which a string names a module, if it does not under the flat root.
fn string_needs(roots: &Roots<'_>, string: &StringName) -> Result<Option<Vec<usize>>> {
    let components: Vec<&str> = string.name.split('.').collect();
    if components.first().is_none_or(|first| roots.is_taken(first)) {
        return Ok(None);
    }
    // `src.main.app` is an attribute of `src.main`.
    let readings = [components.as_slice(), &components[..components.len() - 1]];
    let named = |root: &super::reach::ImportRoot| -> Result<bool> {
        for reading in readings.iter().filter(|reading| reading.len() > 1) {
            if root.find(reading)?.is_some() {
                return Ok(true);
            }
        }
        Ok(false)
    };
    if named(&roots.flat)? {
        return Ok(None);
    }
    let mut above = Vec::new();
    for (index, candidate) in roots.above.iter().enumerate() {
        if named(&candidate.root)? {
            above.push(index);
        }
    }
    Ok(Some(above).filter(|above| !above.is_empty()))
}

/// The directories above that can hold what the settings include and the flat root cannot.
fn included(request: &LayoutRequest<'_>, roots: &Roots<'_>) -> Vec<Vote> {
    let flat = display(request.config_dir, &roots.flat.directory);
    let outside = request.include.iter().filter(|include| !is_pattern(include)).filter_map(|include| {
        let path = resolve(request.config_dir, include);
        if path.starts_with(&roots.flat.directory) {
            return None;
        }
        let holds = |directory: &Utf8Path| tree::dotted(directory, &path).is_some();
        let above = roots.above.iter().enumerate().filter(|(_, candidate)| holds(&candidate.root.directory));
        let above: Vec<usize> = above.map(|(index, _)| index).collect();
        let reason = format!("`include` names `{include}`, which is outside `{flat}`");
        (!above.is_empty()).then_some(Vote { above, reason })
    });
    outside.collect()
}

/// Whether an `include` is a glob for the collection rather than a path.
pub(super) fn is_pattern(include: &str) -> bool {
    include.contains(['*', '?', '[', '{'])
}
