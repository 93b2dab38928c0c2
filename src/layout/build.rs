//! Builds the layout that was chosen: roots, main module, shim, globs.
//!
//! The choice is final: what cannot be laid out as chosen is an error of the settings.

use super::aliases::aliases;
use super::check::{self, Chosen};
use super::model::{Layout, LayoutRequest, Namespace, Shim};
use super::reach::{self, ImportRoot, Reach, Resolution, Roots};
use super::{evidence, tree};
use crate::error::{Error, ErrorKind, Result};
use crate::project::paths::{display, resolve};
use crate::python::stdlib;
use camino::{Utf8Path, Utf8PathBuf};
use std::collections::BTreeSet;

/// The module root one or more levels above main's directory, main entered through a shim.
pub(super) fn keep(request: &LayoutRequest<'_>, roots: &Roots<'_>, index: usize, reason: String) -> Result<Layout> {
    let root = &roots.above[index].root;
    // The packages around main run before it, and a name that two roots have now means another file.
    let order: Vec<&ImportRoot> = std::iter::once(root).chain(roots.all()).collect();
    let reach = reach::reach(roots, packages_around(root, request.main), &order)?;
    let uploaded = if request.base_dir == Some(&root.directory) {
        vec![Utf8PathBuf::new()] // an explicit base_dir includes everything below it
    } else {
        kept_roots(request, roots, root, &reach)?
    };
    if uploaded == [Utf8PathBuf::new()] {
        reject_outside(request, &root.directory)?;
    }
    let entry = entry_stem(request, &root.directory, &uploaded);
    let aliases = aliases(roots, &reach, &order)?;
    let chosen = Chosen {
        request,
        namespace: Namespace::Keep,
        root: root.clone(),
        uploaded: &uploaded,
        entry: &entry,
        aliases: &aliases,
        alters_search: reach.files.iter().any(|file| file.imports.alters_search),
    };
    let checked = check::check(&chosen, roots, &reach)?;
    let globs_from = request.base_dir.or(request.main.parent()).unwrap_or(request.main);
    let glob_prefix = globs_from.strip_prefix(&root.directory).map(|prefix| prefix.as_str().replace('\\', "/"));
    Ok(Layout {
        namespace: Namespace::Keep,
        reason,
        module_root: root.directory.clone(),
        main: request.main.to_owned(),
        main_module: format!("{entry}.py"),
        shim: Some(Shim { target: tree::dotted(&root.directory, request.main).unwrap_or_default() }),
        glob_prefix: glob_prefix
            .ok()
            .filter(|prefix| !prefix.is_empty())
            .map(|prefix| prefix + "/")
            .unwrap_or_default(),
        at_project_root: root.directory == request.config_dir && uploaded == [Utf8PathBuf::new()],
        roots: uploaded,
        unresolved: checked.unresolved,
        imports_main: checked.imports_main,
        main_clash: None,
        unparsed: reach.unparsed,
        reached: reach.paths,
    })
}

/// wrangler's own layout: the module root is `base_dir` or main's directory.
pub(super) fn flat(request: &LayoutRequest<'_>, roots: &Roots<'_>, reach: Reach, reason: String) -> Result<Layout> {
    let root = roots.flat.clone();
    reject_outside(request, &root.directory)?;
    let uploaded = vec![Utf8PathBuf::new()];
    let stem = request.main.file_stem().unwrap_or_default();
    let order: Vec<&ImportRoot> = roots.all().collect();
    let aliases = aliases(roots, &reach, &order)?;
    let chosen = Chosen {
        request,
        namespace: Namespace::Flat,
        root: root.clone(),
        uploaded: &uploaded,
        entry: stem,
        aliases: &aliases,
        alters_search: reach.files.iter().any(|file| file.imports.alters_search),
    };
    let checked = check::check(&chosen, roots, &reach)?;
    Ok(Layout {
        namespace: Namespace::Flat,
        reason,
        main: request.main.to_owned(),
        main_module: request.main.file_name().unwrap_or_default().to_owned(),
        shim: None,
        glob_prefix: String::new(),
        at_project_root: root.directory == request.config_dir,
        module_root: root.directory,
        roots: uploaded,
        unresolved: checked.unresolved,
        imports_main: checked.imports_main,
        main_clash: request.vendored_top_levels.get(stem).cloned(),
        unparsed: reach.unparsed,
        reached: reach.paths,
    })
}

/// The `__init__.py` of every package between the root and main, the outermost first, then main.
fn packages_around(root: &ImportRoot, main: &Utf8Path) -> Vec<Utf8PathBuf> {
    let between = main.ancestors().skip(1).take_while(|above| *above != root.directory);
    let mut files: Vec<Utf8PathBuf> =
        between.map(|package| package.join("__init__.py")).filter(|file| file.is_file()).collect();
    files.reverse();
    files.push(main.to_owned());
    files
}

/// What is uploaded: main's top directory, what reached files import beside it, what the settings include.
fn kept_roots(
    request: &LayoutRequest<'_>,
    roots: &Roots<'_>,
    root: &ImportRoot,
    reach: &Reach,
) -> Result<Vec<Utf8PathBuf>> {
    let top = |path: &Utf8Path| reach::first_component(&root.directory, path).map(Utf8PathBuf::from);
    let mut kept: BTreeSet<Utf8PathBuf> = top(request.main).into_iter().collect();
    for file in &reach.files {
        for import in file.imports.items.iter().filter(|import| !import.guard.never_runs) {
            if reach::top_level(import).is_none_or(|first| roots.is_taken(first)) {
                continue;
            }
            let vendor = roots.vendor(root).filter(|_| roots.searches_vendor());
            for root in vendor.iter().chain([root]) {
                if let Resolution::Whole(found) = root.resolve(import)? {
                    kept.extend(found.first().and_then(|module| top(module.path())));
                    break;
                }
            }
        }
        for string in &file.imports.strings {
            let components: Vec<&str> = string.name.split('.').collect();
            if !roots.is_taken(components[0])
                && let Some(found) = root.find(&components)?
            {
                kept.extend(top(found.path()));
            }
        }
    }
    for include in request.include.iter().filter(|include| !evidence::is_pattern(include)) {
        let path = included(request, include)?;
        let inside = path.strip_prefix(&root.directory).map_err(|_| outside(request, include, &root.directory))?;
        kept.insert(inside.to_owned());
    }
    let all = kept.clone();
    kept.retain(|path| !all.iter().any(|other| other != path && path.starts_with(other)));
    Ok(kept.into_iter().collect())
}

/// An `include` as an existing path.
fn included(request: &LayoutRequest<'_>, include: &str) -> Result<Utf8PathBuf> {
    let path = resolve(request.config_dir, include);
    if path.exists() {
        return Ok(path);
    }
    let message = format!("`include` names `{include}`, which does not exist");
    Err(Error::new(
        ErrorKind::Settings,
        message,
        "write a path relative to the directory of the wrangler configuration",
    ))
}

/// The error for an `include` that has no name below the module root.
fn outside(request: &LayoutRequest<'_>, include: &str, module_root: &Utf8Path) -> Error {
    let root = display(request.config_dir, module_root);
    let message = format!("`include` names `{include}`, which is outside the module root `{root}`");
    Error::new(
        ErrorKind::Settings,
        message,
        "move it below the module root, or set `namespace` to `keep` and import it by its full name",
    )
}

fn reject_outside(request: &LayoutRequest<'_>, module_root: &Utf8Path) -> Result<()> {
    for include in request.include.iter().filter(|include| !evidence::is_pattern(include)) {
        if !included(request, include)?.starts_with(module_root) {
            return Err(outside(request, include, module_root));
        }
    }
    Ok(())
}

/// The stem of the shim: main's, or the first that nothing else answers to.
fn entry_stem(request: &LayoutRequest<'_>, module_root: &Utf8Path, uploaded: &[Utf8PathBuf]) -> String {
    let is_in_upload = |stem: &str| {
        uploaded.iter().any(|root| match root.components().next() {
            Some(first) => first.as_str() == stem || first.as_str().strip_suffix(".py") == Some(stem),
            None => module_root.join(stem).exists() || module_root.join(format!("{stem}.py")).exists(),
        })
    };
    let is_taken = |stem: &str| {
        request.vendored_top_levels.contains(stem)
            || stdlib::is_stdlib(request.sources.python(), stem)
            || stdlib::is_runtime(stem)
            || is_in_upload(stem)
            || (request.legacy_vendor
                && [stem.to_owned(), format!("{stem}.py")]
                    .iter()
                    .any(|name| module_root.join("vendor").join(name).exists()))
    };
    let main = request.main.file_stem().unwrap_or_default();
    let named = [main, "worker", "entry", "saddlebag_entry"].into_iter().map(str::to_owned);
    let numbered = (2_u32..).map(|number| format!("saddlebag_entry_{number}"));
    named.chain(numbered).find(|stem| !is_taken(stem)).unwrap_or_default()
}
