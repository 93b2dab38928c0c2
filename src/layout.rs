//! Which directory becomes the module root, under which names the source travels, and how the main module is entered.
//!
//! Receives main, the configuration's directory, the settings and the vendored top-level names; hands on a `Layout`.
//! `reach` walks the project's imports, `evidence` weighs them, `build` makes the layout, `check` holds the imports against
//! it, `tree` is Python's finder. Reads the user's tree, never writes it, and never judges: what will not resolve is listed for the gates.

mod aliases;
mod build;
mod check;
mod evidence;
mod reach;
#[cfg(test)]
mod tests;
mod tree;

use crate::error::{Error, ErrorKind, Result};
use crate::project::display;
use crate::python::imports::Guard;
use camino::{Utf8Path, Utf8PathBuf};
use evidence::{Evidence, Vote};
use reach::{ImportRoot, Roots};
use std::collections::BTreeSet;

/// `namespace` as the report shows it once it is decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Namespace {
    /// The module root is above the source directory: `src.` stays part of every name, main is entered through a shim.
    Keep,
    /// The module root is `base_dir` or main's directory, exactly as wrangler has it.
    Flat,
}

/// What the user asked for: `--namespace`, `SADDLEBAG_NAMESPACE`, `[tool.saddlebag] namespace`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum NamespaceSetting {
    #[default]
    Auto,
    Keep,
    Flat,
}

/// The entry shim of the keep layout.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Shim {
    /// The dotted name that the shim imports: `src.main`.
    pub(crate) target: String,
}

/// An import of project code that does not resolve at the name it is written with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Unresolved {
    /// The importing file, absolute.
    pub(crate) file: Utf8PathBuf,
    pub(crate) line: u32,
    pub(crate) column: u32,
    /// The name as written: `src.core`, `.settings`.
    pub(crate) name: String,
    /// The name under which the bundle has it, if it has it at all: `core`.
    pub(crate) works_as: Option<String>,
    /// Where it would have a name and cannot: "`my-api` cannot be part of a module's name".
    pub(crate) obstacle: Option<String>,
    pub(crate) guard: Guard,
}

/// How the project's own source is laid out in the upload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Layout {
    pub(crate) namespace: Namespace,
    /// One line that says why, for the report: "`src/main.py:1` imports `src.core`".
    pub(crate) reason: String,
    /// Absolute. Upload names are relative to it.
    pub(crate) module_root: Utf8PathBuf,
    /// What is walked, relative to `module_root`: `[""]` (flat: everything) or `["src", "shared"]` (keep).
    pub(crate) roots: Vec<Utf8PathBuf>,
    /// The user's main, absolute.
    pub(crate) main: Utf8PathBuf,
    /// The upload name of the main module, always a basename.
    pub(crate) main_module: String,
    /// Present in the keep layout only.
    pub(crate) shim: Option<Shim>,
    /// Put before user globs of `rules` that do not start with `**/`, because the module root moved up: `src/` or empty.
    pub(crate) glob_prefix: String,
    /// The module root is the directory of the configuration: build outputs, caches, tests and dot directories stay behind.
    pub(crate) at_project_root: bool,
    /// First-party imports, reachable from main, that will not resolve in this layout.
    pub(crate) unresolved: Vec<Unresolved>,
    /// Imports of the main module's upload name in the keep layout: they find the shim, a second copy of main's state.
    pub(crate) imports_main: Vec<Unresolved>,
    /// Flat layout: the vendored top-level name that main's stem is taken by. The runtime refuses such an upload
    /// ("Python module python_modules/... clashes with main module", workerd `verifyNoMainModuleInVendor`).
    pub(crate) main_clash: Option<String>,
    /// Reached files that Python cannot read: file, line, column (from 1) and what is wrong. What parsed of them counted as
    /// evidence; they are not in `unresolved`.
    pub(crate) unparsed: Vec<(Utf8PathBuf, u32, u32, String)>,
    /// The project's own files that main reaches by import, main among them. Absolute.
    pub(crate) reached: BTreeSet<Utf8PathBuf>,
}

/// What a layout is decided from.
#[derive(Debug)]
pub(crate) struct LayoutRequest<'a> {
    /// The directory of the wrangler configuration. Absolute, as every path here.
    pub(crate) config_dir: &'a Utf8Path,
    /// The user's main; exists.
    pub(crate) main: &'a Utf8Path,
    pub(crate) base_dir: Option<&'a Utf8Path>,
    pub(crate) setting: NamespaceSetting,
    /// Extra source roots relative to `config_dir`: `shared`. Globs among them are the collection's.
    pub(crate) include: &'a [String],
    /// "3.14".
    pub(crate) python: &'a str,
    /// Whether the runtime searches `vendor/` at the module root.
    pub(crate) legacy_vendor: bool,
    /// Top-level import names in `python_modules`.
    pub(crate) vendored_top_levels: &'a BTreeSet<String>,
}

/// What became of the evidence.
enum Choice {
    /// Index into `Roots::above`.
    Keep(usize, String),
    Flat(String),
}

/// Decides the layout.
///
/// # Errors
/// `Settings` for an `include` that does not exist or cannot travel, and for `keep` where main cannot be imported by its
/// dotted name; `Unreadable` for a file that cannot be read or a name that is not UTF-8.
pub(crate) fn decide(request: &LayoutRequest<'_>) -> Result<Layout> {
    let roots = Roots::new(request);
    let order: Vec<&ImportRoot> = roots.all().collect();
    let reach = reach::reach(&roots, vec![request.main.to_owned()], &order)?;
    let aliases = aliases::aliases(&roots, &reach, &order)?;
    let evidence = evidence::gather(request, &roots, &reach, &aliases)?;
    match choose(request, &roots, &evidence)? {
        Choice::Keep(index, reason) => build::keep(request, &roots, index, reason),
        Choice::Flat(reason) => build::flat(request, &roots, reach, reason),
    }
}

fn choose(request: &LayoutRequest<'_>, roots: &Roots<'_>, evidence: &Evidence) -> Result<Choice> {
    let source = display(request.config_dir, request.main.parent().unwrap_or(request.main));
    if request.setting == NamespaceSetting::Flat {
        return Ok(Choice::Flat("`--namespace flat`".to_owned()));
    }
    if roots.above.is_empty() {
        return Ok(Choice::Flat("`main` is at the project root".to_owned()));
    }
    // A string alone decides; against an import that works in the flat layout only it does not.
    let votes = if evidence.keep.is_empty() && evidence.flat == 0 { &evidence.hints } else { &evidence.keep };
    let best = most_votes(roots, votes);
    if request.setting == NamespaceSetting::Keep {
        let nearest = || roots.above.iter().position(|candidate| candidate.obstacle.is_none());
        let index = best.or_else(nearest).ok_or_else(|| impossible(roots, &source))?;
        return Ok(Choice::Keep(index, "`--namespace keep`".to_owned()));
    }
    Ok(match (best, votes.first()) {
        (Some(index), _) => {
            let reason = votes.iter().find(|vote| vote.above.contains(&index)).map(|vote| vote.reason.clone());
            Choice::Keep(index, reason.unwrap_or_default())
        }
        (None, Some(vote)) => {
            let obstacle = vote.above.iter().find_map(|&index| roots.above[index].obstacle.as_ref());
            Choice::Flat(match obstacle {
                Some(obstacle) => format!("{}, but {obstacle}", vote.reason),
                None => format!("{}, which is above the project", vote.reason),
            })
        }
        (None, None) => Choice::Flat(format!("nothing imports through `{source}`")),
    })
}

/// The possible directory that satisfies most votes, the nearest of equals.
fn most_votes(roots: &Roots<'_>, votes: &[Vote]) -> Option<usize> {
    let possible = roots.above.iter().enumerate().filter(|(_, candidate)| candidate.obstacle.is_none());
    let counted = possible.map(|(index, _)| (votes.iter().filter(|vote| vote.above.contains(&index)).count(), index));
    counted
        .filter(|&(count, _)| count > 0)
        .max_by_key(|&(count, index)| (count, std::cmp::Reverse(index)))
        .map(|(_, index)| index)
}

fn impossible(roots: &Roots<'_>, source: &str) -> Error {
    let obstacle = roots.above.iter().find_map(|candidate| candidate.obstacle.clone()).unwrap_or_default();
    Error::new(
        ErrorKind::Settings,
        format!("`{source}` cannot be kept in the names of modules: {obstacle}"),
        "rename it, or set `namespace` to `flat`",
    )
}
