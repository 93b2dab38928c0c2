//! Small trees, and the layout that each must get.

use super::*;
use crate::error::utf8;
use crate::project::resolve;
use crate::python::sources::ParsedSources;
use camino::Utf8PathBuf;
use std::collections::BTreeSet;

mod choice;
mod resolution;
mod shapes;

/// A project on disk: `(path, content)`; the configuration is at its top.
struct Tree {
    _directory: tempfile::TempDir,
    root: Utf8PathBuf,
    main: Utf8PathBuf,
    base_dir: Option<Utf8PathBuf>,
    config_dir: Utf8PathBuf,
    setting: NamespaceSetting,
    include: Vec<String>,
    vendored: BTreeSet<String>,
    legacy_vendor: bool,
}

impl Tree {
    fn new(main: &str, files: &[(&str, &str)]) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let root = utf8(fs_err::canonicalize(directory.path()).unwrap()).unwrap();
        for (path, content) in files {
            let path = root.join(path);
            fs_err::create_dir_all(path.parent().unwrap()).unwrap();
            fs_err::write(path, content).unwrap();
        }
        Self {
            main: root.join(main),
            config_dir: root.clone(),
            root,
            _directory: directory,
            base_dir: None,
            setting: NamespaceSetting::Auto,
            include: Vec::new(),
            vendored: BTreeSet::new(),
            legacy_vendor: false,
        }
    }

    fn base_dir(mut self, base_dir: &str) -> Self {
        self.base_dir = Some(resolve(&self.root, base_dir));
        self
    }

    fn config_dir(mut self, config_dir: &str) -> Self {
        self.config_dir = self.root.join(config_dir);
        self
    }

    fn setting(mut self, setting: NamespaceSetting) -> Self {
        self.setting = setting;
        self
    }

    fn include(mut self, include: &[&str]) -> Self {
        self.include = include.iter().map(ToString::to_string).collect();
        self
    }

    fn vendored(mut self, names: &[&str]) -> Self {
        self.vendored = names.iter().map(ToString::to_string).collect();
        self
    }

    fn legacy_vendor(mut self) -> Self {
        self.legacy_vendor = true;
        self
    }

    fn decide(&self) -> Result<Layout> {
        decide(&LayoutRequest {
            config_dir: &self.config_dir,
            main: &self.main,
            base_dir: self.base_dir.as_deref(),
            setting: self.setting,
            include: &self.include,
            sources: &ParsedSources::new("3.14"),
            legacy_vendor: self.legacy_vendor,
            vendored_top_levels: &self.vendored,
        })
    }

    /// The layout in one line: what a deploy would depend on.
    fn line(&self) -> String {
        let layout = self.decide().unwrap();
        let roots: Vec<_> = layout.roots.iter().map(|root| root.as_str()).collect();
        let shim = layout.shim.as_ref().map(|shim| format!(" -> {}", shim.target)).unwrap_or_default();
        let prefix =
            if layout.glob_prefix.is_empty() { String::new() } else { format!(" globs {}", layout.glob_prefix) };
        let at_root = if layout.at_project_root { " at project root" } else { "" };
        format!(
            "{} {} [{}] {}{shim}{prefix}{at_root}",
            if layout.namespace == Namespace::Keep { "keep" } else { "flat" },
            display(&self.root, &layout.module_root),
            roots.join(" "),
            layout.main_module,
        )
    }

    fn reason(&self) -> String {
        self.decide().unwrap().reason
    }

    fn unresolved(&self) -> Vec<String> {
        self.shown(&self.decide().unwrap().unresolved)
    }

    fn shown(&self, unresolved: &[Unresolved]) -> Vec<String> {
        let one = |item: &Unresolved| {
            let file = display(&self.root, &item.file);
            let works = item.works_as.as_deref().unwrap_or("nothing");
            format!("{file}:{}:{} {} => {works}", item.line, item.column, item.name)
        };
        unresolved.iter().map(one).collect()
    }
}

const FLAT_SRC: &str = "flat src [] main.py";
const KEEP_SRC: &str = "keep . [src] main.py -> src.main globs src/";
