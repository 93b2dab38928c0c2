//! Decides which collected modules are left out of the upload, and by which rule.
//!
//! Files are dropped by name alone only where that is safe for every package. Tests and sources are dropped unless a
//! kept file imports them (the import graph) or names them (`mentions`). The vendored tree is not changed: a trimmed
//! file is new bytes in the manifest.

pub(crate) mod recipes;
mod shake;

use super::collect::Collected;
use super::mentions::{Candidate, Form, Mentions, Text};
use super::patterns::Patterns;
use super::{Bundle, Content, Dropped, Module, Owner};
use crate::error::{Error, Result};
use crate::python::graph::Graph;
use camino::Utf8Path;
use rayon::prelude::*;
use recipes::Recipes;
use shake::Shake;
use std::collections::{BTreeMap, BTreeSet};

/// `prune.dist-info`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum DistInfo {
    /// Keep METADATA's headers and `entry_points.txt`, which importlib.metadata needs for versions and plugins.
    #[default]
    Slim,
    Keep,
    Delete,
}

/// `[tool.saddlebag] prune`.
#[derive(Debug, Clone, Default)]
pub(crate) struct PruneOptions {
    pub(crate) dist_info: DistInfo,
    /// Always dropped, except for `keep` and the main module.
    pub(crate) exclude: Vec<String>,
    /// Always kept. Both match the upload name, or the path below `python_modules`.
    pub(crate) keep: Vec<String>,
    /// The selections for each recipe, by recipe name.
    pub(crate) recipes: BTreeMap<String, Vec<String>>,
    /// Keep only imported modules of each distribution. Requires the gate `smoke` to pass.
    pub(crate) shake: bool,
}

/// The result of pruning.
#[derive(Debug)]
pub(crate) struct Pruned {
    /// Sorted by name.
    pub(crate) modules: Vec<Module>,
    /// The files that pruning dropped, sorted by name.
    pub(crate) dropped: Vec<Dropped>,
    /// Patterns that matched nothing, as `prune.keep: PATTERN`.
    pub(crate) unmatched: Vec<String>,
}

/// The decision for one module.
#[derive(Debug, Clone, PartialEq, Eq)]
enum PruneDecision {
    Stays,
    /// Data of a distribution: kept if `shake` keeps any of its modules.
    Data,
    Goes(&'static str),
    /// METADATA without its body.
    Trim,
    /// Dropped unless all of these candidates, outermost first, are needed.
    KeepIfNeeded(Vec<usize>, &'static str),
}

impl PruneDecision {
    fn stays(&self, needed: &[bool]) -> bool {
        match self {
            Self::Stays | Self::Data | Self::Trim => true,
            Self::Goes(_) => false,
            Self::KeepIfNeeded(candidates, _) => candidates.iter().all(|candidate| needed[*candidate]),
        }
    }
}

/// Prunes the modules of `collected`; `graph` contains all of them, marked present, and `direct` lists the
/// distributions of the direct requirements.
///
/// # Errors
/// `Settings`: a pattern that cannot be read. `Unreadable`: a file that cannot be read.
pub(crate) fn prune(collected: &Collected, graph: &Graph, direct: &[String], options: &PruneOptions) -> Result<Pruned> {
    let mut keep = Patterns::new("prune.keep", &options.keep)?;
    let mut exclude = Patterns::new("prune.exclude", &options.exclude)?;
    let mut recipes = Recipes::new(&options.recipes)?;
    let names = Names::new(&collected.modules, options);
    let mut candidates = Candidates::default();
    let mut shake = Shake::default();
    let mut fates = Vec::with_capacity(collected.modules.len());
    for module in &collected.modules {
        let vendored = vendored_path(&module.name);
        let spellings: Vec<&str> = [module.name.as_str()].into_iter().chain(vendored).collect();
        let (kept, excluded) = (keep.matches(&spellings), exclude.matches(&spellings));
        fates.push(if kept || module.name == collected.main_module || module.owner == Owner::Saddlebag {
            PruneDecision::Stays
        } else if excluded {
            PruneDecision::Goes("prune-exclude")
        } else if let Some((path, rule)) = vendored.and_then(|path| Some((path, recipes.drops(path)?))) {
            candidates.unless_imported(path, &module.owner, rule)
        } else {
            let fate = names.fate(module, &mut candidates)?;
            if let PruneDecision::KeepIfNeeded(its, "shake" | "tests") = &fate
                && let Some(own) = its.last().filter(|own| candidates.all[**own].form == Form::Module)
            {
                shake.add(module, *own, graph);
            }
            fate
        });
    }
    shake.finish(&candidates.all);
    let needed = needed(collected, graph, direct, &candidates.all, &shake, &fates)?;
    let unused = shake.unused(&needed);
    for (module, fate) in collected.modules.iter().zip(&mut fates).filter(|(_, fate)| **fate == PruneDecision::Data) {
        *fate = if unused.contains(&module.owner) { PruneDecision::Goes("shake") } else { PruneDecision::Stays };
    }
    let decided: Vec<(Option<Module>, Option<Dropped>)> = collected
        .modules
        .par_iter()
        .zip(&fates)
        .map(|(module, fate)| carry_out(module, fate, &needed))
        .collect::<Result<_>>()?;
    let (modules, dropped): (Vec<_>, Vec<_>) = decided.into_iter().unzip();
    let mut dropped: Vec<Dropped> = dropped.into_iter().flatten().collect();
    dropped.sort();
    Ok(Pruned {
        modules: modules.into_iter().flatten().collect(),
        dropped,
        unmatched: [keep.unmatched(), exclude.unmatched(), recipes.unmatched()].concat(),
    })
}

/// What further options would leave of a planned bundle. Only rereads files that may name a module.
///
/// # Errors
/// As `prune`.
pub(crate) fn prune_further(bundle: &Bundle, direct: &[String], options: &PruneOptions) -> Result<Pruned> {
    let planned =
        Collected { main_module: bundle.main_module.clone(), modules: bundle.modules.clone(), ..Collected::default() };
    prune(&planned, &bundle.graph, direct, options)
}

/// For each candidate, whether a kept file imports or names it, including files kept for that reason.
fn needed(
    collected: &Collected,
    graph: &Graph,
    direct: &[String],
    candidates: &[Candidate],
    shake: &Shake,
    fates: &[PruneDecision],
) -> Result<Vec<bool>> {
    let mut needed = vec![false; candidates.len()];
    let texts = texts(&collected.modules, fates);
    let mut mentions = Mentions::new(candidates, &texts)?;
    let nodes: Vec<(u32, &PruneDecision)> = collected
        .modules
        .iter()
        .zip(fates)
        .filter_map(|(module, fate)| Some((graph.find(&module.name)?, fate)))
        .collect();
    loop {
        let found = imported(graph, &nodes, &mut needed);
        let spread = shake.spread(&mut needed);
        let named = mentions.mark(&mut needed)?;
        if !found && !spread && !named && !shake.keep_what_is_listed(direct, &mut needed) {
            return Ok(needed);
        }
    }
}

/// Marks what kept files import, including imports in functions, guarded imports and strings. Returns whether anything
/// was new: a needed directory is kept with all its files, so these must be walked too.
fn imported(graph: &Graph, nodes: &[(u32, &PruneDecision)], needed: &mut [bool]) -> bool {
    let mut marked = false;
    let starts: Vec<u32> = nodes.iter().filter(|(_, fate)| fate.stays(needed)).map(|(node, _)| *node).collect();
    let reach = graph.reach(&starts, |_| true);
    for (node, fate) in nodes {
        if let PruneDecision::KeepIfNeeded(candidates, _) = fate
            && reach.level(*node).is_some()
        {
            for candidate in candidates {
                marked |= !needed[*candidate];
                needed[*candidate] = true;
            }
        }
    }
    marked
}

/// A vendored module's path below `python_modules`.
fn vendored_path(name: &str) -> Option<&str> {
    name.strip_prefix("python_modules/")
}

fn texts<'a>(modules: &'a [Module], fates: &[PruneDecision]) -> Vec<Text<'a>> {
    let speaking = modules.iter().zip(fates).filter_map(|(module, fate)| {
        let inside = match fate {
            PruneDecision::Stays | PruneDecision::Data => Vec::new(),
            PruneDecision::KeepIfNeeded(candidates, _) => candidates.clone(),
            PruneDecision::Goes(_) | PruneDecision::Trim => return None,
        };
        let vendored = vendored_path(&module.name);
        let path = vendored.unwrap_or(&module.name);
        Some(Text { path, vendored: vendored.is_some(), owner: &module.owner, content: &module.content, inside })
    });
    speaking.collect()
}

fn carry_out(module: &Module, fate: &PruneDecision, needed: &[bool]) -> Result<(Option<Module>, Option<Dropped>)> {
    let dropped = |bytes, rule| Some(Dropped { name: module.name.clone(), bytes, rule, owner: module.owner.clone() });
    Ok(match fate {
        PruneDecision::Stays | PruneDecision::Data => (Some(module.clone()), None),
        PruneDecision::KeepIfNeeded(..) if fate.stays(needed) => (Some(module.clone()), None),
        PruneDecision::KeepIfNeeded(_, rule) | PruneDecision::Goes(rule) => (None, dropped(module.bytes, rule)),
        PruneDecision::Trim => match slim(&read(&module.content)?) {
            Some(headers) => {
                let bytes = headers.len() as u64;
                let saved = module.bytes.saturating_sub(bytes);
                let slimmed = Module { content: Content::Inline(headers), bytes, ..module.clone() };
                (Some(slimmed), dropped(saved, "dist-info"))
            }
            None => (Some(module.clone()), None),
        },
    })
}

fn read(content: &Content) -> Result<Vec<u8>> {
    match content {
        Content::Inline(bytes) => Ok(bytes.clone()),
        Content::File(path) => fs_err::read(path).map_err(|error| Error::unreadable(&error)),
    }
}

/// METADATA up to its first blank line; `None` if nothing follows it.
fn slim(metadata: &[u8]) -> Option<Vec<u8>> {
    let mut end = 0;
    for line in metadata.split_inclusive(|byte| *byte == b'\n') {
        if matches!(line, b"\n" | b"\r\n") {
            return Some(metadata[..end].to_vec());
        }
        end += line.len();
    }
    None
}

/// Directories and files that are dropped unless needed, each once.
#[derive(Default)]
struct Candidates {
    all: Vec<Candidate>,
    index: BTreeMap<String, usize>,
}

impl Candidates {
    fn add(&mut self, path: &str, owner: &Owner, form: Form) -> usize {
        if let Some(known) = self.index.get(path) {
            return *known;
        }
        self.all.push(Candidate { path: path.to_owned(), vendored: true, owner: owner.clone(), form });
        self.index.insert(path.to_owned(), self.all.len() - 1);
        self.all.len() - 1
    }

    /// Data is dropped, but its Python files are kept if a kept file imports them: one locale may import another.
    fn unless_imported(&mut self, path: &str, owner: &Owner, rule: &'static str) -> PruneDecision {
        match path.ends_with(".py") {
            true => PruneDecision::KeepIfNeeded(vec![self.add(path, owner, Form::Import)], rule),
            false => PruneDecision::Goes(rule),
        }
    }
}

/// Facts from the names of all modules.
struct Names<'a> {
    all: BTreeSet<&'a str>,
    stub_only: BTreeSet<&'a Owner>,
    dist_info: DistInfo,
    shake: bool,
}

impl<'a> Names<'a> {
    fn new(modules: &'a [Module], options: &PruneOptions) -> Self {
        let mut code: BTreeMap<&Owner, bool> = BTreeMap::new();
        for module in modules.iter().filter(|module| matches!(module.owner, Owner::Package(_))) {
            let path = vendored_path(&module.name).unwrap_or_default();
            if dist_info_file(path).is_none() {
                let stub = path.ends_with(".pyi") || path.ends_with("/py.typed");
                *code.entry(&module.owner).or_default() |= !stub;
            }
        }
        let stub_only = code.into_iter().filter(|(_, code)| !code).map(|(owner, _)| owner).collect();
        let all = modules.iter().map(|module| module.name.as_str()).collect();
        Self { all, stub_only, dist_info: options.dist_info, shake: options.shake }
    }

    fn fate(&self, module: &Module, candidates: &mut Candidates) -> Result<PruneDecision> {
        if self.is_bytecode(&module.name) {
            return Ok(PruneDecision::Goes("bytecode"));
        }
        let Some(path) = vendored_path(&module.name) else { return Ok(PruneDecision::Stays) };
        let own = self.is_shaken(module, path).then(|| candidates.add(path, &module.owner, Form::Module));
        if own.is_none() && is_protected(path) {
            return Ok(PruneDecision::Stays);
        }
        if let Some(file) = dist_info_file(path) {
            return Ok(match (self.dist_info, file) {
                (DistInfo::Keep, _) | (DistInfo::Slim, "entry_points.txt") => PruneDecision::Stays,
                (DistInfo::Slim, "METADATA") => PruneDecision::Trim,
                (DistInfo::Slim | DistInfo::Delete, _) => PruneDecision::Goes("dist-info"),
            });
        }
        if self.stub_only.contains(&module.owner) || top(path).is_some_and(|top| top.ends_with("-stubs")) {
            return Ok(PruneDecision::Goes("stubs"));
        }
        if self.is_script(path, &module.content)? {
            return Ok(PruneDecision::Goes("scripts"));
        }
        let mut tests: Vec<usize> =
            tests(path).into_iter().map(|test| candidates.add(test, &module.owner, Form::Directory)).collect();
        if !tests.is_empty() {
            tests.extend(own);
            return Ok(PruneDecision::KeepIfNeeded(tests, "tests"));
        }
        if let Some(own) = own {
            return Ok(PruneDecision::KeepIfNeeded(vec![own], "shake"));
        }
        if path.contains('/') && Utf8Path::new(path).extension().is_some_and(|end| C_SOURCES.contains(&end)) {
            return Ok(PruneDecision::KeepIfNeeded(vec![candidates.add(path, &module.owner, Form::File)], "c-sources"));
        }
        Ok(if self.shake && matches!(module.owner, Owner::Package(_)) {
            PruneDecision::Data
        } else {
            PruneDecision::Stays
        })
    }

    /// A module of a distribution that Python can import, except the Workers SDK and libraries for the linker.
    fn is_shaken(&self, module: &Module, path: &str) -> bool {
        let extension = path.ends_with(".so") && !is_linked(path);
        self.shake
            && matches!(module.owner, Owner::Package(_))
            && dist_info_file(path).is_none()
            && (extension || (path.ends_with(".py") && !is_protected(path)))
    }

    /// Python imports a `.pyc` outside of `__pycache__` if its source is missing.
    fn is_bytecode(&self, name: &str) -> bool {
        let cached = name.split('/').rev().skip(1).any(|part| part == "__pycache__");
        let source = name.strip_suffix('c').filter(|source| source.ends_with(".py"));
        cached || source.is_some_and(|source| self.all.contains(source))
    }

    fn is_script(&self, path: &str, content: &Content) -> Result<bool> {
        let in_bin = path.strip_prefix("bin/").is_some_and(|file| !file.contains('/'));
        if !in_bin || self.all.contains("python_modules/bin/__init__.py") {
            return Ok(false);
        }
        Ok(read(content)?.starts_with(b"#!"))
    }
}

const C_SOURCES: [&str; 9] = ["c", "h", "cc", "cpp", "cxx", "hpp", "hxx", "pyx", "pxd"];

/// The Workers SDK, startup files of Python, and libraries for the dynamic linker; see docs/architecture.md.
fn is_protected(path: &str) -> bool {
    let first = path.split('/').next().unwrap_or_default();
    path.ends_with(".pth")
        || path.ends_with(".so")
        || path == "asgi.py"
        || first.starts_with("_workers_sdk_")
        || top(path) == Some("workers")
        || is_linked(path)
}

fn is_linked(path: &str) -> bool {
    top(path).is_some_and(|top| top == "lib" || top.ends_with(".libs"))
}

/// The first directory of a path, if it has one.
fn top(path: &str) -> Option<&str> {
    path.split_once('/').map(|(top, _)| top)
}

/// The path inside a top-level `*.dist-info`.
fn dist_info_file(path: &str) -> Option<&str> {
    path.split_once('/').filter(|(top, _)| top.ends_with(".dist-info")).map(|(_, file)| file)
}

/// The test directories and test module in a path, without `.py`, outermost first. At the top level only `test` and
/// `tests` count as tests, because a distribution may be called `testing`.
fn tests(path: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut from = 0;
    while let Some(length) = path[from..].find('/') {
        let (name, end) = (&path[from..from + length], from + length);
        let nested = matches!(name, "testing" | "_testing" | "_tests" | "benchmarks") && from > 0;
        if nested || matches!(name, "tests" | "test") {
            found.push(&path[..end]);
        }
        from = end + 1;
    }
    if let Some(stem) = path[from..].strip_suffix(".py") {
        let nested = matches!(stem, "test" | "tests" | "testing" | "_testing") && from > 0;
        if nested || stem == "conftest" || stem.starts_with("test_") || stem.ends_with("_test") {
            found.push(&path[..path.len() - 3]);
        }
    }
    found
}

#[cfg(test)]
mod tests;
