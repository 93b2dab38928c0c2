//! The planned upload: every module with its name, type, bytes, owner and origin, and every file left out, with the
//! rule that dropped it.
//!
//! A `Bundle` is a manifest in memory; nothing is written, and checks run elsewhere. Collection follows wrangler
//! (`collect`, `glob`, `rules`), `prune` drops what is not needed, and `weigh` follows wrangler's "Total Upload".

pub(crate) mod collect;
pub(crate) mod glob;
pub(crate) mod mentions;
mod patterns;
pub(crate) mod prune;
mod requiring;
pub(crate) mod rules;
pub(crate) mod weigh;

use crate::error::{Error, Result};
use crate::project::Project;
use crate::python::graph::{Graph, Node, Reach, Source};
use crate::python::import_cache;
use crate::python::imports::Imports;
use crate::python::sources::{ParsedSources, SourceFacts};
use camino::{Utf8Path, Utf8PathBuf};
use serde::Serialize;
use std::borrow::Cow;
use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// wrangler's module types, with wrangler's names (`RuleTypeToModuleType`, wrangler 4.164.0).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum ModuleType {
    Python,
    Text,
    Buffer,
    CompiledWasm,
    Esm,
    Commonjs,
}

impl ModuleType {
    /// Whether Python sees it as a file: workerd shows it no JavaScript and no WebAssembly
    /// (`createPyodideMetadataState`).
    pub(crate) fn is_file(self) -> bool {
        matches!(self, Self::Python | Self::Text | Self::Buffer)
    }
}

/// The source of a module's bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Content {
    /// A file, copied unchanged. Absolute, links resolved.
    File(Utf8PathBuf),
    /// Bytes that saddlebag generates: the entry shim, a trimmed METADATA.
    Inline(Vec<u8>),
}

impl Content {
    /// Reads the bytes.
    ///
    /// # Errors
    /// `Unreadable`: the file cannot be read.
    pub(crate) fn read(&self) -> Result<Cow<'_, [u8]>> {
        match self {
            Self::File(path) => fs_err::read(path).map(Cow::Owned).map_err(|error| Error::unreadable(&error)),
            Self::Inline(bytes) => Ok(Cow::Borrowed(bytes)),
        }
    }
}

/// The owner of a module.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Owner {
    /// The project's own file.
    Project,
    /// The entry shim.
    Saddlebag,
    /// A vendored distribution, by its normalised name (PEP 503).
    Package(String),
    /// Under `python_modules`, but in no distribution's RECORD.
    Vendored,
}

impl Owner {
    pub(crate) fn as_str(&self) -> &str {
        match self {
            Self::Project => "project",
            Self::Saddlebag => "saddlebag",
            Self::Package(name) => name,
            Self::Vendored => "python_modules",
        }
    }
}

/// One module of the upload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Module {
    /// The upload name as wrangler sends it: `/` between components, `python_modules/` before vendored ones.
    pub(crate) name: String,
    pub(crate) kind: ModuleType,
    pub(crate) content: Content,
    /// Length of the content, bytes.
    pub(crate) bytes: u64,
    pub(crate) owner: Owner,
}

impl Module {
    /// A Python module's imports and how it uses names.
    ///
    /// # Errors
    /// `Unreadable`: the file cannot be read.
    pub(crate) fn facts(&self, sources: &ParsedSources) -> Result<Arc<SourceFacts>> {
        match &self.content {
            Content::File(path) => sources.read(path),
            Content::Inline(bytes) => Ok(Arc::new(sources.parse(bytes))),
        }
    }

    fn to_read(&self) -> import_cache::File<'_> {
        let content = match &self.content {
            Content::File(path) => import_cache::Content::At(path),
            Content::Inline(bytes) => import_cache::Content::Inline(bytes),
        };
        import_cache::File { name: &self.name, bytes: self.bytes, content }
    }
}

/// A file that plain wrangler would have uploaded, or that was vendored, and is left out.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub(crate) struct Dropped {
    /// The upload name it would have had.
    pub(crate) name: String,
    /// Bytes saved; for a trimmed file, the difference.
    pub(crate) bytes: u64,
    /// The rule's id: `tests`, `bytecode`, `dist-info`, ...
    pub(crate) rule: &'static str,
    #[serde(skip)]
    pub(crate) owner: Owner,
}

/// A second match of one file within one pass: wrangler warns `Ignoring duplicate module: NAME (TYPE)`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct IgnoredDuplicate {
    pub(crate) name: String,
    /// The type that the ignored match would have had.
    pub(crate) kind: ModuleType,
}

/// Two different contents for one upload name; wrangler silently keeps the later one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct NameClash {
    pub(crate) name: String,
    /// The two origins, as paths relative to the project or as distribution names.
    pub(crate) first: String,
    pub(crate) second: String,
}

/// A symbolic link that leads out of the project, or nowhere.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct StrayLink {
    /// The link, absolute.
    pub(crate) path: Utf8PathBuf,
    /// Its target, as written in the link.
    pub(crate) target: String,
    /// True if the target is missing (wrangler stops with ENOENT), false if it is outside the project.
    pub(crate) dangling: bool,
    /// True if the target is a directory: neither wrangler nor saddlebag enters it.
    pub(crate) directory: bool,
}

/// A vendored distribution and its size in the bundle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Package {
    /// Normalised name (PEP 503).
    pub(crate) name: String,
    pub(crate) version: String,
    /// Number of its modules in the upload.
    pub(crate) modules: usize,
    /// Bytes of those modules.
    pub(crate) raw_bytes: u64,
    /// Bytes that are left out.
    pub(crate) dropped_bytes: u64,
    /// Distributions that require it, and `project` if it is a direct requirement; sorted.
    pub(crate) required_by: Vec<String>,
}

/// The planned upload.
#[derive(Debug, Clone, Default)]
pub(crate) struct Bundle {
    /// Upload name of the main module: a basename (wrangler's `metadata.main_module`).
    pub(crate) main_module: String,
    /// Sorted by name; the main module is among them.
    pub(crate) modules: Vec<Module>,
    /// Sorted by name.
    pub(crate) dropped: Vec<Dropped>,
    /// Sorted by name.
    pub(crate) packages: Vec<Package>,
    pub(crate) ignored_duplicates: Vec<IgnoredDuplicate>,
    pub(crate) name_clashes: Vec<NameClash>,
    pub(crate) stray_links: Vec<StrayLink>,
    /// Sum of the modules' bytes: wrangler's `bundle_size.raw_bytes`, to the byte.
    pub(crate) raw_bytes: u64,
    /// Estimate of wrangler's `bundle_size.gzip_bytes`: never below it, at most 2 % above.
    pub(crate) gzip_bytes: u64,
    /// Patterns of `include`, `exclude`, `prune.keep` and `prune.exclude` that matched nothing, as
    /// `prune.keep: PATTERN`.
    pub(crate) unmatched_patterns: Vec<String>,
    /// Module rules that are shadowed by an earlier rule of their type.
    pub(crate) shadowed_rules: Vec<rules::ShadowedRule>,
    /// Globs of `rules` that wrangler cannot turn into a regular expression: it stops with a `SyntaxError`.
    pub(crate) invalid_globs: Vec<String>,
    /// The import graph of the modules and the dropped files.
    pub(crate) graph: Arc<Graph>,
    /// The modules reachable from main, and under which conditions.
    pub(crate) reach: Arc<Reach>,
    /// The duration of each part of the plan.
    pub(crate) timings: Vec<(&'static str, Duration)>,
}

impl Bundle {
    /// By upload name.
    pub(crate) fn module(&self, name: &str) -> Option<&Module> {
        let at = self.modules.binary_search_by(|module| module.name.as_str().cmp(name)).ok()?;
        self.modules.get(at)
    }

    /// A file's display name: relative to the project, or its upload name.
    pub(crate) fn shown(&self, project: &Project, node: &Node) -> String {
        match self.module(&node.name).map(|module| (&module.content, &module.owner)) {
            Some((Content::File(path), Owner::Project)) => project.display(path),
            _ => node.name.clone(),
        }
    }

    /// Whether a node is the entry shim.
    pub(crate) fn is_shim(&self, node: &Node) -> bool {
        node.name == self.main_module && self.module(&node.name).is_some_and(|module| module.owner == Owner::Saddlebag)
    }

    /// The import chain from main to a module: `src/main.py:1`, `fastapi/__init__.py:7`, ..., the module itself.
    pub(crate) fn steps(&self, project: &Project, node: u32) -> Vec<String> {
        self.steps_of(&self.reach, project, node)
    }

    /// The same for another walk of the graph.
    pub(crate) fn steps_of(&self, reach: &Reach, project: &Project, node: u32) -> Vec<String> {
        let short = |node: &Node| below_packages(&self.shown(project, node)).to_owned();
        let links = reach.chain(node);
        // The user did not write the entry shim, so the chain begins at the module that it starts.
        let links = links.iter().skip_while(|link| self.is_shim(self.graph.node(link.from)));
        let from = links.map(|link| format!("{}:{}", short(self.graph.node(link.from)), link.line));
        from.chain([short(self.graph.node(node))]).collect()
    }
}

/// An upload name for display: without `python_modules/`.
pub(crate) fn below_packages(name: &str) -> &str {
    name.strip_prefix("python_modules/").unwrap_or(name)
}

/// The Python settings of a plan.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reading<'a> {
    pub(crate) sources: &'a ParsedSources,
    /// Whether `vendor/` next to the main module is searched.
    pub(crate) legacy_vendor: bool,
    /// A cache file for facts about vendored modules.
    pub(crate) cache_path: Option<&'a Utf8Path>,
}

/// Plans the upload: collect modules, build the import graph, prune, weigh.
///
/// # Errors
/// `Unreadable`: something that would travel cannot be read or named. `Settings`: a pattern that cannot be read.
pub(crate) fn plan(
    sources: &collect::Sources<'_>,
    options: &prune::PruneOptions,
    reading: Reading<'_>,
    fill_init: bool,
) -> Result<Bundle> {
    let mut timings = Timings::start();
    let collected = collect::collect(sources)?;
    timings.record("collect");
    let said = read(&collected, reading)?;
    timings.record("read");
    let mut graph = graph(&collected, said, reading);
    timings.record("graph");
    let mut pruned = prune::prune(&collected, &graph, sources.direct, options)?;
    if fill_init {
        add_inits(&graph, &mut pruned.modules);
    }
    let travels: HashSet<&str> = pruned.modules.iter().map(|module| module.name.as_str()).collect();
    graph.set_present(|name| travels.contains(name));
    let reach = graph.reach(&graph.starts(&collected.main_module), |_| true);
    timings.record("prune");
    let mut dropped = [collected.dropped, pruned.dropped].concat();
    dropped.sort();
    let gzip_bytes = weigh::gzip(&pruned.modules, &collected.main_module)?;
    timings.record("weigh");
    Ok(Bundle {
        packages: packages(sources, &pruned.modules, &dropped),
        raw_bytes: weigh::raw(&pruned.modules),
        gzip_bytes,
        main_module: collected.main_module,
        modules: pruned.modules,
        dropped,
        ignored_duplicates: collected.ignored_duplicates,
        name_clashes: collected.name_clashes,
        stray_links: collected.stray_links,
        unmatched_patterns: [collected.unmatched, pruned.unmatched].concat(),
        shadowed_rules: sources.rules.shadowed.clone(),
        invalid_globs: sources.rules.invalid.clone(),
        timings: timings.0,
        reach: Arc::new(reach),
        graph: Arc::new(graph),
    })
}

/// Adds an empty `__init__.py` to each project directory that has Python files and is imported as a package.
fn add_inits(graph: &Graph, modules: &mut Vec<Module>) {
    let bare = graph.bare_packages().map(|(dotted, _)| dotted.replace('.', "/"));
    let holds = |directory: &String| {
        let inside =
            |name: &str| name.strip_prefix(directory.as_str()).and_then(|rest| rest.strip_prefix('/').map(str::len));
        modules.iter().any(|module| module.name.ends_with(".py") && inside(&module.name).is_some())
    };
    let inits: Vec<Module> = bare
        .filter(holds)
        .map(|directory| Module {
            name: format!("{directory}/__init__.py"),
            kind: ModuleType::Python,
            content: Content::Inline(Vec::new()),
            bytes: 0,
            owner: Owner::Saddlebag,
        })
        .collect();
    modules.extend(inits);
    modules.sort_by(|a, b| a.name.cmp(&b.name));
}

/// Reads the facts of the collected modules.
fn read(collected: &collect::Collected, reading: Reading<'_>) -> Result<Vec<Option<Arc<Imports>>>> {
    let files: Vec<import_cache::File<'_>> = collected.modules.iter().map(Module::to_read).collect();
    import_cache::read(&files, reading.sources, reading.cache_path)
}

/// The graph of all collected modules, marked present, and of the files already left out.
fn graph(collected: &collect::Collected, said: Vec<Option<Arc<Imports>>>, reading: Reading<'_>) -> Graph {
    let modules = collected.modules.iter().zip(said);
    let modules = modules.map(|(module, imports)| Source { name: module.name.clone(), present: true, imports });
    // A package tree inside the project is not part of the vendored tree.
    let is_candidate = |file: &&Dropped| !(file.owner == Owner::Project && file.name.starts_with("python_modules/"));
    let dropped = collected.dropped.iter().filter(is_candidate).map(|file| Source {
        name: file.name.clone(),
        present: false,
        imports: None,
    });
    Graph::new(modules.chain(dropped).collect(), reading.sources.python(), reading.legacy_vendor)
}

/// The durations of the parts of a plan.
struct Timings(Vec<(&'static str, Duration)>, Instant);

impl Timings {
    fn start() -> Self {
        Self(Vec::new(), Instant::now())
    }

    fn record(&mut self, name: &'static str) {
        let now = Instant::now();
        self.0.push((name, now - self.1));
        self.1 = now;
    }
}

/// Every distribution with its share of the upload, sorted by name. Two versions of one name are counted together.
fn packages(sources: &collect::Sources<'_>, modules: &[Module], dropped: &[Dropped]) -> Vec<Package> {
    let mut shares: BTreeMap<&str, (usize, u64, u64)> = BTreeMap::new();
    for module in modules {
        if let Owner::Package(name) = &module.owner {
            let share = shares.entry(name).or_default();
            (share.0, share.1) = (share.0 + 1, share.1 + module.bytes);
        }
    }
    for file in dropped {
        if let Owner::Package(name) = &file.owner {
            shares.entry(name).or_default().2 += file.bytes;
        }
    }
    let required_by = |name: &String| {
        let requiring = sources.distributions.iter().filter(|other| other.requires.contains(name));
        let mut by: Vec<String> = requiring.map(|other| other.name.clone()).filter(|other| other != name).collect();
        if sources.direct.contains(name) {
            by.push("project".to_owned());
        }
        by.sort();
        by.dedup();
        by
    };
    let package = |distribution: &crate::python::distribution::Distribution| {
        let (modules, raw_bytes, dropped_bytes) = shares.get(distribution.name.as_str()).copied().unwrap_or_default();
        Package {
            name: distribution.name.clone(),
            version: distribution.version.clone(),
            modules,
            raw_bytes,
            dropped_bytes,
            required_by: required_by(&distribution.name),
        }
    };
    let mut packages: Vec<Package> = sources.distributions.iter().map(package).collect();
    packages.sort_by(|a, b| a.name.cmp(&b.name));
    packages
}

#[cfg(test)]
mod tests;
