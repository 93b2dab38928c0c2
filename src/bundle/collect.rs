//! Collects what wrangler would upload from the stage: the project's modules, the entry shim and the vendored modules.
//!
//! Nothing is pruned here. Files left out are recorded with their rule, along with duplicates that wrangler ignores,
//! name clashes and symlinks that lead outside. Follows wrangler 4.164.0 (`findAdditionalModules`, `getFiles`,
//! `matchFiles`), except for directories that no upload needs.

mod project;
mod vendored;
mod walk;

use super::patterns::Patterns;
use super::rules::RuleSet;
use super::{Content, Dropped, IgnoredDuplicate, Module, ModuleType, NameClash, Owner, StrayLink};
use crate::error::{Error, Result};
use crate::layout::Layout;
use crate::python::distribution::Distribution;
use camino::{Utf8Path, Utf8PathBuf};

/// The inputs for collecting.
#[derive(Debug)]
pub(crate) struct Sources<'a> {
    pub(crate) layout: &'a Layout,
    /// Absolute; never a module.
    pub(crate) config_path: &'a Utf8Path,
    /// Absolute; links may lead anywhere inside.
    pub(crate) project_root: &'a Utf8Path,
    pub(crate) rules: RuleSet,
    /// `find_additional_modules`; if false, only main is uploaded.
    pub(crate) find_additional_modules: bool,
    /// `python_modules.exclude`, wrangler's globs, relative to `python_modules`.
    pub(crate) exclude: &'a [String],
    /// The vendored tree, if there is one.
    pub(crate) vendored: Option<&'a Utf8Path>,
    pub(crate) distributions: &'a [Distribution],
    /// The user's globs relative to the project root: include files that would be left out.
    pub(crate) include: &'a [String],
    /// The user's globs relative to the project root: leave files out, even if `include` matches; never main.
    pub(crate) exclude_project: &'a [String],
    /// Upload name and text of the entry shim, in the keep layout.
    pub(crate) shim: Option<(String, Vec<u8>)>,
    /// Normalised names of the direct requirements.
    pub(crate) direct: &'a [String],
}

/// The result of collecting.
#[derive(Debug, Default)]
pub(crate) struct Collected {
    /// Upload name of the main module.
    pub(crate) main_module: String,
    /// Sorted by name, each name once.
    pub(crate) modules: Vec<Module>,
    pub(crate) dropped: Vec<Dropped>,
    pub(crate) ignored_duplicates: Vec<IgnoredDuplicate>,
    pub(crate) name_clashes: Vec<NameClash>,
    pub(crate) stray_links: Vec<StrayLink>,
    /// Patterns that matched nothing, as `include: PATTERN`.
    pub(crate) unmatched: Vec<String>,
}

/// Collects the modules; all lists in the result are sorted.
///
/// # Errors
/// `Unreadable`: something that would travel cannot be read or named. `Settings`: a pattern that cannot be read.
pub(crate) fn collect(sources: &Sources<'_>) -> Result<Collected> {
    let mut include = Patterns::new("include", sources.include)?;
    let mut exclude = Patterns::new("exclude", sources.exclude_project)?;
    let mut collected = Collected { main_module: sources.layout.main_module.clone(), ..Collected::default() };
    collected.add_main(sources)?;
    if sources.find_additional_modules {
        project::collect(sources, &mut include, &mut exclude, &mut collected)?;
        collected.unmatched = [include.unmatched(), exclude.unmatched()].concat();
        if let Some(tree) = sources.vendored.filter(|tree| tree.is_dir()) {
            vendored::collect(sources, tree, &mut collected)?;
        }
    }
    collected.modules.sort_by(|a, b| a.name.cmp(&b.name));
    collected.dropped.sort();
    collected.ignored_duplicates.sort();
    collected.name_clashes.sort();
    collected.stray_links.sort();
    collected.stray_links.dedup();
    Ok(collected)
}

impl Collected {
    /// The main module: the user's under its basename, or the shim plus the user's under its own path.
    fn add_main(&mut self, sources: &Sources<'_>) -> Result<()> {
        let name = match &sources.shim {
            None => sources.layout.main_module.clone(),
            Some((name, text)) => {
                self.count_duplicates(name, &sources.rules.matches(name), sources.find_additional_modules);
                self.modules.push(Module {
                    name: name.clone(),
                    kind: ModuleType::Python,
                    bytes: text.len() as u64,
                    content: Content::Inline(text.clone()),
                    owner: Owner::Saddlebag,
                });
                upload_name(&sources.layout.module_root, &sources.layout.main)
            }
        };
        let (content, bytes) = main_content(&sources.layout.main)?;
        self.modules.push(Module { name, kind: ModuleType::Python, content, bytes, owner: Owner::Project });
        Ok(())
    }

    /// wrangler warns about every match after the first.
    fn count_duplicates(&mut self, name: &str, kinds: &[ModuleType], looking: bool) {
        let further = kinds.iter().skip(1).filter(|_| looking);
        self.ignored_duplicates.extend(further.map(|kind| IgnoredDuplicate { name: name.to_owned(), kind: *kind }));
    }
}

/// wrangler reads main as text, so that bytes which are not UTF-8 become replacement characters.
fn main_content(main: &Utf8Path) -> Result<(Content, u64)> {
    let bytes = fs_err::read(main).map_err(|error| Error::unreadable(&error))?;
    match String::from_utf8(bytes) {
        Ok(text) => Ok((Content::File(main.to_owned()), text.len() as u64)),
        Err(error) => {
            let text = String::from_utf8_lossy(error.as_bytes()).into_owned().into_bytes();
            let length = text.len() as u64;
            Ok((Content::Inline(text), length))
        }
    }
}

/// A path relative to the module root, as wrangler names it; outside of it, the file name.
fn upload_name(module_root: &Utf8Path, path: &Utf8Path) -> String {
    match path.strip_prefix(module_root) {
        Ok(inside) => inside.as_str().replace('\\', "/"),
        Err(_) => path.file_name().unwrap_or(path.as_str()).to_owned(),
    }
}

fn length(path: &Utf8PathBuf) -> Result<u64> {
    Ok(fs_err::metadata(path).map_err(|error| Error::unreadable(&error))?.len())
}

#[cfg(test)]
mod tests;
