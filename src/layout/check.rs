//! The project's imports that will fail in the layout that was chosen.
//!
//! Only imports of what the project has, or was meant to have; guarded imports and attributes of modules are left out.

use super::aliases::Aliases;
use super::model::{LayoutRequest, Namespace, Unresolved};
use super::reach::{ImportRoot, Reach, Resolution, Roots, SourceFile, relative, top_level};
use super::tree::{self, FoundModule};
use crate::error::Result;
use crate::python::imports::{Guard, Import};
use camino::{Utf8Path, Utf8PathBuf};

/// The layout, as far as imports see it.
pub(super) struct Chosen<'a> {
    pub(super) request: &'a LayoutRequest<'a>,
    pub(super) namespace: Namespace,
    pub(super) root: ImportRoot,
    /// `Layout::roots`.
    pub(super) uploaded: &'a [Utf8PathBuf],
    /// Stem of the main module.
    pub(super) entry: &'a str,
    pub(super) aliases: &'a Aliases,
    /// A reached file changes `sys.path`: modules of another directory may be found.
    pub(super) alters_search: bool,
}

/// What will not resolve, and what resolves to the shim instead of main.
#[derive(Debug, Default)]
pub(super) struct Checked {
    pub(super) unresolved: Vec<Unresolved>,
    pub(super) imports_main: Vec<Unresolved>,
}

/// Checks every unguarded import of every reached file that is uploaded and can be read.
pub(super) fn check(chosen: &Chosen<'_>, roots: &Roots<'_>, reach: &Reach) -> Result<Checked> {
    let mut checked = Checked::default();
    for file in reach.files.iter().filter(|file| !file.is_broken() && chosen.is_uploaded(&file.path)) {
        let sure = file.imports.items.iter().filter(|import| !import.guard.is_guarded());
        for import in sure {
            let import = &Import { guard: chosen.resolve_names(file, import.guard), ..import.clone() };
            if import.guard.never_runs || chosen.aliases.serves(file, import) {
                continue;
            }
            if import.level > 0 {
                chosen.relative(roots, file, import, &mut checked)?;
            } else {
                chosen.absolute(roots, file, import, &mut checked)?;
            }
        }
    }
    Ok(checked)
}

impl Chosen<'_> {
    /// The guard of an import, once the file has its name.
    fn resolve_names(&self, file: &SourceFile, guard: Guard) -> Guard {
        if self.namespace == Namespace::Flat && file.path == self.request.main {
            return guard.resolve_names(self.entry, "");
        }
        let dotted = tree::dotted(&self.root.directory, &file.path).unwrap_or_default();
        let package = match (file.path.file_name(), dotted.rsplit_once('.')) {
            (Some("__init__.py"), _) => dotted.as_str(),
            (_, Some((package, _))) => package,
            (_, None) => "",
        };
        guard.resolve_names(&dotted, package)
    }

    fn is_uploaded(&self, path: &Utf8Path) -> bool {
        path.strip_prefix(&self.root.directory)
            .is_ok_and(|inside| self.uploaded.iter().any(|root| root.as_str().is_empty() || inside.starts_with(root)))
    }

    /// The name that a file or directory has in the upload.
    fn works_as(&self, path: &Utf8Path) -> Option<String> {
        if self.namespace == Namespace::Flat && path == self.request.main {
            return Some(self.entry.to_owned());
        }
        tree::dotted(&self.root.directory, path).filter(|_| self.is_uploaded(path))
    }

    fn absolute(&self, roots: &Roots<'_>, file: &SourceFile, import: &Import, checked: &mut Checked) -> Result<()> {
        let Some(first) = top_level(import).filter(|first| !roots.is_taken(first)) else { return Ok(()) };
        if self.namespace == Namespace::Keep && first == self.entry {
            checked.imports_main.push(finding(file, import, import.written(), self.works_as(self.request.main)));
            return Ok(());
        }
        let vendor = roots.vendor(&self.root).filter(|_| roots.searches_vendor());
        for root in vendor.iter().chain([&self.root]) {
            if let Resolution::Whole(_) = root.resolve(import)? {
                return Ok(());
            }
        }
        let module: Vec<&str> = import.module.iter().flat_map(|module| module.split('.')).collect();
        let is_there = self.root.find(&module)?.is_some();
        if !is_there && self.namespace == Namespace::Flat && self.aliases.may_serve() {
            return Ok(()); // the gate `imports` judges how sure that is
        }
        // With a base_dir neither main's own directory nor the project's need be among the roots; projects import from both.
        let others = self.request.main.parent().into_iter().chain([self.request.config_dir]);
        let others: Vec<_> =
            others.map(|directory| ImportRoot { directory: directory.to_owned(), displaced: None }).collect();
        // `vendor/`, if the runtime does not search it.
        let searched = roots.all().filter(|_| !self.alters_search);
        let vendors: Vec<_> = searched.filter_map(|root| roots.vendor(root)).collect();
        for other in roots.all().chain(&others).chain(&vendors) {
            if let Resolution::Whole(found) = other.resolve(import)? {
                if is_there {
                    self.missing_names(file, import, other, checked)?;
                } else {
                    let works_as = found.first().and_then(|module| self.works_as(module.path()));
                    let above = roots.above.iter().find(|candidate| candidate.root == *other);
                    let obstacle = above.and_then(|candidate| candidate.obstacle.clone());
                    let unresolved = finding(file, import, import.written(), works_as);
                    checked.unresolved.push(Unresolved { obstacle, ..unresolved });
                }
                return Ok(());
            }
        }
        let is_first_party = self.root.find(&[first])?.is_some_and(|found| self.is_uploaded(found.path()));
        if !is_there && (is_first_party || roots.leads_to_main(first)) {
            checked.unresolved.push(finding(file, import, import.written(), None));
        }
        Ok(())
    }

    /// `from src import main` where `src` is there and `src.main` is not.
    fn missing_names(
        &self,
        file: &SourceFile,
        import: &Import,
        other: &ImportRoot,
        checked: &mut Checked,
    ) -> Result<()> {
        let mut components: Vec<&str> = import.module.iter().flat_map(|module| module.split('.')).collect();
        for name in &import.names {
            components.push(&name.name);
            if self.root.find(&components)?.is_none()
                && let Some(found) = other.find(&components)?
            {
                let works_as = self.works_as(found.path());
                checked.unresolved.push(finding(file, import, components.join("."), works_as));
            }
            components.pop();
        }
        Ok(())
    }

    fn relative(&self, roots: &Roots<'_>, file: &SourceFile, import: &Import, checked: &mut Checked) -> Result<()> {
        let inside = file.path.strip_prefix(&self.root.directory).map_or(0, |inside| inside.components().count());
        let is_entry = self.namespace == Namespace::Flat && file.path == self.request.main;
        let packages = if is_entry { 0 } else { inside.saturating_sub(1) };
        let has_package = usize::try_from(import.level).unwrap_or(usize::MAX) <= packages;
        let found = relative(roots, file, import)?;
        let displaced = found.iter().any(|found| self.root.is_displaced(found));
        let exists = match file.base(import.level) {
            Some(base) => import.module.as_ref().map_or(Ok(true), |module| {
                tree::find(base, &module.split('.').collect::<Vec<_>>()).map(|found| found.is_some())
            })?,
            None => false,
        };
        if has_package && exists && !displaced {
            return Ok(());
        }
        match file.base(import.level).filter(|_| import.module.is_none() && !import.names.is_empty()) {
            // `from . import a, b`: each name is a module of its own, or was written for one.
            Some(base) => {
                for name in &import.names {
                    let found = tree::find(base, &[&name.name])?;
                    if !has_package || found.as_ref().is_some_and(|found| self.root.is_displaced(found)) {
                        let works_as = found.and_then(|found| self.works_as(found.path()));
                        checked.unresolved.push(finding(file, import, import.written() + &name.name, works_as));
                    }
                }
            }
            None => {
                let module = found.iter().find(|found| is_module_of(found, import));
                let works_as = module.and_then(|found| self.works_as(found.path()));
                checked.unresolved.push(finding(file, import, import.written(), works_as));
            }
        }
        Ok(())
    }
}

/// Whether `found` is the module between `from` and `import`, rather than the package around it or a name out of it.
fn is_module_of(found: &FoundModule, import: &Import) -> bool {
    let last = import.module.as_deref().and_then(|module| module.rsplit('.').next());
    last.is_some() && found.path().file_stem() == last
}

fn finding(file: &SourceFile, import: &Import, name: String, works_as: Option<String>) -> Unresolved {
    let Import { line, column, guard, .. } = *import;
    Unresolved { file: file.path.clone(), line, column, name, works_as, obstacle: None, guard }
}
