//! The project's files that main reaches by import, and what each of their imports means under an import root.
//!
//! Imports for type checkers lead nowhere, and tests are not walked.

use super::model::LayoutRequest;
use super::tree::{self, FoundModule, What};
use crate::error::{Error, Result, utf8};
use crate::python::imports::{Import, Imports};
use crate::python::{is_identifier, stdlib};
use camino::{Utf8Path, Utf8PathBuf};
use std::collections::{BTreeSet, HashSet, VecDeque};
use std::sync::Arc;

/// A directory that could stand on `sys.path`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ImportRoot {
    pub(super) directory: Utf8PathBuf,
    /// Main, where it is uploaded under its basename although it is deeper (`base_dir`): its own name is then empty.
    pub(super) displaced: Option<Utf8PathBuf>,
}

/// What an absolute import means under one root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Resolution {
    /// The module first, then those of the imported names that are modules.
    Whole(Vec<FoundModule>),
    /// The first component is there, the rest is not.
    Part,
    Nothing,
}

impl ImportRoot {
    fn plain(directory: Utf8PathBuf) -> Self {
        Self { directory, displaced: None }
    }

    /// What a dotted name means here.
    pub(super) fn find(&self, components: &[&str]) -> Result<Option<FoundModule>> {
        if let (Some(main), [name]) = (&self.displaced, components)
            && main.file_stem() == Some(name)
        {
            return Ok(Some(FoundModule { what: What::Module(main.clone()), packages: Vec::new() }));
        }
        Ok(tree::find(&self.directory, components)?.filter(|found| !self.is_displaced(found)))
    }

    /// Whether it is main, at the name that it does not have in the upload.
    pub(super) fn is_displaced(&self, found: &FoundModule) -> bool {
        self.displaced.as_deref() == Some(found.path())
    }

    /// What an absolute import means here. A name out of a namespace package must be a module, it has nothing else.
    pub(super) fn resolve(&self, import: &Import) -> Result<Resolution> {
        let Some(module) = &import.module else { return Ok(Resolution::Nothing) };
        let mut components: Vec<&str> = module.split('.').collect();
        let Some(found) = self.find(&components)? else {
            let first = self.find(&components[..1])?;
            return Ok(if first.is_some() { Resolution::Part } else { Resolution::Nothing });
        };
        let is_namespace = matches!(found.what, What::Namespace(_));
        let mut all = vec![found];
        for name in &import.names {
            components.push(&name.name);
            match tree::find(&self.directory, &components)? {
                Some(found) if self.is_displaced(&found) => return Ok(Resolution::Part),
                Some(found) => all.push(found),
                None if is_namespace => return Ok(Resolution::Part),
                None => {}
            }
            components.pop();
        }
        Ok(Resolution::Whole(all))
    }
}

/// A directory above main's that could become the module root.
#[derive(Debug, Clone)]
pub(super) struct Candidate {
    pub(super) root: ImportRoot,
    /// Why main cannot be imported from there: a component that is no identifier, or that something else answers to.
    pub(super) obstacle: Option<String>,
}

/// Every import root that the project could have.
#[derive(Debug)]
pub(super) struct Roots<'a> {
    request: &'a LayoutRequest<'a>,
    /// As wrangler has it: `base_dir`, or main's directory.
    pub(super) flat: ImportRoot,
    /// Nearest first; empty where main is at the top.
    pub(super) above: Vec<Candidate>,
    /// The outermost directory that is looked at.
    pub(super) top: Utf8PathBuf,
}

impl<'a> Roots<'a> {
    pub(super) fn new(request: &'a LayoutRequest<'a>) -> Self {
        let source = request.main.parent().unwrap_or(request.main);
        let flat = request.base_dir.unwrap_or(source).to_owned();
        // The configuration can stand beside the source instead of above it.
        let top = source.ancestors().find(|above| request.config_dir.starts_with(above)).unwrap_or(source).to_owned();
        let last = request.base_dir.filter(|base| top.starts_with(base)).unwrap_or(&top);
        let above = source.ancestors().skip(1).take_while(|above| above.starts_with(last)).map(Utf8Path::to_owned);
        let above = above
            .map(|directory| Candidate { obstacle: obstacle(request, &directory), root: ImportRoot::plain(directory) });
        let displaced = (flat != source).then(|| request.main.to_owned());
        Self { flat: ImportRoot { directory: flat, displaced }, above: above.collect(), top, request }
    }

    /// Whether something that comes before the project's code on `sys.path` answers to this top-level name.
    pub(super) fn is_taken(&self, top_level: &str) -> bool {
        is_taken(self.request, top_level)
    }

    /// Whether the runtime looks into `vendor/` at the module root.
    pub(super) fn searches_vendor(&self) -> bool {
        self.request.legacy_vendor
    }

    /// The directory `vendor/` at a root, if there is one.
    pub(super) fn vendor(&self, root: &ImportRoot) -> Option<ImportRoot> {
        Some(root.directory.join("vendor")).filter(|vendor| vendor.is_dir()).map(ImportRoot::plain)
    }

    /// The roots in the order of their claim: the flat one first, as wrangler has it, then upwards.
    pub(super) fn all(&self) -> impl Iterator<Item = &ImportRoot> {
        std::iter::once(&self.flat).chain(self.above.iter().map(|candidate| &candidate.root))
    }

    /// Whether `name` is the first component of main's name, seen from one of the directories above.
    pub(super) fn leads_to_main(&self, name: &str) -> bool {
        self.above.iter().any(|candidate| first_component(&candidate.root.directory, self.request.main) == Some(name))
    }
}

/// The first component of `path` below `root`.
pub(super) fn first_component<'p>(root: &Utf8Path, path: &'p Utf8Path) -> Option<&'p str> {
    path.strip_prefix(root).ok()?.components().next().map(|component| component.as_str())
}

fn is_taken(request: &LayoutRequest<'_>, top_level: &str) -> bool {
    stdlib::hides(request.sources.python(), top_level) || request.vendored_top_levels.contains(top_level)
}

fn obstacle(request: &LayoutRequest<'_>, root: &Utf8Path) -> Option<String> {
    let name = tree::dotted(root, request.main).unwrap_or_default();
    if let Some(bad) = name.split('.').find(|part| !is_identifier(part) || stdlib::is_keyword(part)) {
        return Some(format!("`{bad}` cannot be part of a module's name"));
    }
    let first = first_component(root, request.main).filter(|first| is_taken(request, first))?;
    let whose =
        if request.vendored_top_levels.contains(first) { "a vendored package" } else { "the runtime's own module" };
    Some(format!("`{first}` is the name of {whose}, which is found first"))
}

/// One file that main reaches.
#[derive(Debug)]
pub(super) struct SourceFile {
    pub(super) path: Utf8PathBuf,
    pub(super) imports: Arc<Imports>,
}

impl SourceFile {
    /// Python cannot read it, so what it imports is evidence and no more.
    pub(super) fn is_broken(&self) -> bool {
        self.imports.encoding_error || self.imports.syntax_error.is_some()
    }

    /// The directory that `level` dots of a relative import mean, by the position of the file.
    pub(super) fn base(&self, level: u32) -> Option<&Utf8Path> {
        self.path.ancestors().nth(usize::try_from(level).ok()?)
    }
}

/// The files that main reaches, breadth first.
#[derive(Debug, Default)]
pub(super) struct Reach {
    pub(super) files: Vec<SourceFile>,
    /// The same and the tests that are imported, as paths.
    pub(super) paths: BTreeSet<Utf8PathBuf>,
    /// File, line, column and what is wrong.
    pub(super) unparsed: Vec<(Utf8PathBuf, u32, u32, String)>,
}

/// Walks from `starts`; an import leads to the first of `order` that has it.
pub(super) fn reach(roots: &Roots<'_>, starts: Vec<Utf8PathBuf>, order: &[&ImportRoot]) -> Result<Reach> {
    let mut reach = Reach::default();
    // By real path: a link into its own parent makes endlessly many names for one file.
    let mut seen = HashSet::new();
    let mut queue = VecDeque::from(starts);
    while let Some(path) = queue.pop_front() {
        if reach.paths.contains(&path) {
            continue;
        }
        let real = utf8(fs_err::canonicalize(&path).map_err(|error| Error::unreadable(&error))?)?;
        let is_new = seen.insert(real);
        reach.paths.insert(path.clone());
        // Counted from main's directory where it can be: a Worker may itself live under `tests/`.
        let source = roots.request.main.parent().unwrap_or(&roots.top);
        let relative = path.strip_prefix(source).or(path.strip_prefix(&roots.top)).unwrap_or(&path);
        if !is_new || (tree::is_test(relative) && path != roots.request.main) {
            continue;
        }
        let facts = roots.request.sources.read(&path)?;
        let file = SourceFile { imports: Arc::clone(&facts.imports), path };
        if file.imports.encoding_error {
            reach.unparsed.push((file.path.clone(), 1, 1, "not in the encoding that it declares".to_owned()));
        } else if let Some((line, column, message)) = &file.imports.syntax_error {
            reach.unparsed.push((file.path.clone(), *line, *column, message.clone()));
        }
        for import in file.imports.items.iter().filter(|import| !import.guard.never_runs) {
            for found in follow(roots, &file, import, order)? {
                queue.extend(found.files().cloned());
            }
        }
        reach.files.push(file);
    }
    Ok(reach)
}

/// What an import leads to, under the first root of `order` that has it all.
pub(super) fn follow(
    roots: &Roots<'_>,
    file: &SourceFile,
    import: &Import,
    order: &[&ImportRoot],
) -> Result<Vec<FoundModule>> {
    if import.level > 0 {
        return relative(roots, file, import);
    }
    if top_level(import).is_none_or(|first| roots.is_taken(first)) {
        return Ok(Vec::new());
    }
    for root in order {
        // Behind `python_modules`, before the project's own modules.
        for vendor in roots.vendor(root).filter(|_| roots.searches_vendor()).iter().chain([*root]) {
            if let Resolution::Whole(found) = vendor.resolve(import)? {
                return Ok(found);
            }
        }
    }
    Ok(Vec::new())
}

/// What a relative import means by the position of its file, whatever the layout.
pub(super) fn relative(roots: &Roots<'_>, file: &SourceFile, import: &Import) -> Result<Vec<FoundModule>> {
    let Some(base) = file.base(import.level).filter(|base| base.starts_with(&roots.top)) else {
        return Ok(Vec::new());
    };
    let mut components: Vec<&str> = import.module.iter().flat_map(|module| module.split('.')).collect();
    let mut all: Vec<FoundModule> = tree::find(base, &components)?.into_iter().collect();
    for name in &import.names {
        components.push(&name.name);
        all.extend(tree::find(base, &components)?);
        components.pop();
    }
    // The package that the dots name runs first.
    let package = base.join("__init__.py");
    if package.is_file() {
        all.insert(0, FoundModule { what: What::Package(base.to_owned()), packages: vec![package] });
    }
    Ok(all)
}

/// The first component of an absolute import.
pub(super) fn top_level(import: &Import) -> Option<&str> {
    import.module.as_deref().filter(|_| import.level == 0).and_then(|module| module.split('.').next())
}
