//! Python's finder over upload names: vendored packages first, then the project's own code; see docs/architecture.md.
//!
//! A package with `__init__` or a module in either place wins over directories in both, which together are one namespace
//! package (PEP 420).

use super::model::{Form, Node, Source, Space, node_index};
use std::collections::HashMap;

/// What lies here is importable without it before `python_workers_force_new_vendor_path`.
pub(super) const VENDOR: &str = "vendor/";

/// A node for everything that Python can import or run; data has none.
pub(super) fn node(source: Source) -> Option<Node> {
    let (space, path) = match source.name.strip_prefix("python_modules/") {
        Some(path) => (Space::Vendored, path),
        None => (Space::Project, source.name.as_str()),
    };
    let (directory, file) = path.rsplit_once('/').unwrap_or(("", path));
    let (stem, ending) = file.split_once('.')?;
    let form = match ending {
        "py" if stem == "__init__" => Form::Package,
        "py" => Form::Module,
        "pyc" => Form::Bytecode,
        "pth" if space == Space::Vendored && directory.is_empty() => Form::Startup,
        _ if ending == "so" || ending.ends_with(".so") => Form::Extension,
        _ => return None,
    };
    let mut dotted = directory.replace('/', ".");
    if form != Form::Package && form != Form::Startup {
        if !dotted.is_empty() {
            dotted.push('.');
        }
        dotted.push_str(stem);
    }
    Some(Node { space, form, dotted, name: source.name, present: source.present, says: source.says })
}

/// One directory or module of one space.
#[derive(Debug)]
struct NameEntry {
    space: Space,
    children: HashMap<String, u32>,
    package: Option<u32>,
    module: Option<u32>,
    /// What is here stays behind: it is found only where nothing else is.
    absent: bool,
}

impl NameEntry {
    fn new(space: Space) -> Self {
        Self { space, children: HashMap::new(), package: None, module: None, absent: true }
    }
}

/// Where the next component is looked for: places of `Names`, in order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Search(Vec<u32>);

/// What one component leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step {
    /// A package with an `__init__`; its submodules.
    Package(u32, Search),
    Module(u32),
    /// Directories without `__init__`.
    Namespace(Search),
    Nothing,
}

#[derive(Debug)]
pub(crate) struct Names {
    places: Vec<NameEntry>,
    /// Directories that `.pth` files put at the end of `sys.path`.
    added: Vec<u32>,
    /// The project's directory `vendor`, where the runtime searches it: behind `python_modules`, before the project
    /// (`setup_python_search_path.py` in workerd 1.20261117.1).
    vendor: Option<u32>,
}

impl Default for Names {
    fn default() -> Self {
        Self {
            places: vec![NameEntry::new(Space::Vendored), NameEntry::new(Space::Project)],
            added: Vec::new(),
            vendor: None,
        }
    }
}

impl Names {
    pub(super) fn new(nodes: &[Node], legacy_vendor: bool) -> Self {
        let mut names = Self::default();
        // What travels is found before what stays behind, an extension before its source.
        let rank = |node: &Node| (!node.present, node.form != Form::Extension, node.form == Form::Bytecode);
        for (at, node) in nodes.iter().enumerate().filter(|(_, node)| node.form != Form::Startup) {
            let place = names.enter(node.space, &node.dotted);
            let place = &mut names.places[place as usize];
            place.absent &= !node.present;
            let slot = if node.form == Form::Package { &mut place.package } else { &mut place.module };
            if slot.is_none_or(|known| rank(node) < rank(&nodes[known as usize])) {
                *slot = Some(node_index(at));
            }
        }
        let vendor = VENDOR.trim_end_matches('/');
        names.vendor = names.places[Space::Project as usize].children.get(vendor).copied().filter(|_| legacy_vendor);
        let startup = nodes.iter().filter(|node| node.form == Form::Startup).filter_map(|node| node.says.as_ref());
        let search =
            startup.flat_map(|says| &says.search).map(|directory| directory.trim_matches('/').replace('/', "."));
        names.added = search.filter_map(|dotted| names.everywhere(&dotted).0.first().copied()).collect();
        names
    }

    fn enter(&mut self, space: Space, dotted: &str) -> u32 {
        let mut at = space as u32;
        for component in dotted.split('.').filter(|component| !component.is_empty()) {
            let known = self.places[at as usize].children.get(component).copied();
            at = known.unwrap_or_else(|| {
                let new = node_index(self.places.len());
                self.places.push(NameEntry::new(space));
                self.places[at as usize].children.insert(component.to_owned(), new);
                new
            });
        }
        at
    }

    /// Where top-level names are looked for.
    pub(super) fn top(&self) -> Search {
        let first = std::iter::once(Space::Vendored as u32).chain(self.vendor);
        Search(first.chain([Space::Project as u32]).chain(self.added.iter().copied()).collect())
    }

    pub(super) fn searches_vendor(&self) -> bool {
        self.vendor.is_some()
    }

    /// Whether it is the searched `vendor` itself, by its own name.
    pub(super) fn is_vendor(&self, search: &Search) -> bool {
        self.vendor.is_some_and(|vendor| search.0 == [vendor])
    }

    /// The components below a dotted name, at the top for an empty one.
    pub(super) fn below(&self, dotted: &str) -> Vec<&str> {
        let mut search = self.top();
        for component in dotted.split('.').filter(|component| !component.is_empty()) {
            search = match self.step(&search, component) {
                Step::Package(_, inside) | Step::Namespace(inside) => inside,
                Step::Module(_) | Step::Nothing => return Vec::new(),
            };
        }
        let children = search.0.iter().flat_map(|place| &self.places[*place as usize].children);
        children.map(|(name, _)| name.as_str()).collect()
    }

    pub(super) fn step(&self, search: &Search, component: &str) -> Step {
        let (mut namespace, mut absent) = (Search::default(), None);
        for parent in &search.0 {
            let Some(&child) = self.places[*parent as usize].children.get(component) else { continue };
            let place = &self.places[child as usize];
            let found = match (place.package, place.module) {
                (Some(package), _) => Step::Package(package, Search(vec![child])),
                (None, Some(module)) => Step::Module(module),
                (None, None) => {
                    namespace.0.push(child);
                    continue;
                }
            };
            if !place.absent {
                return found;
            }
            absent = absent.or(Some(found));
        }
        match absent {
            Some(absent) => absent,
            None if namespace.0.is_empty() => Step::Nothing,
            None => Step::Namespace(namespace),
        }
    }

    /// Whether all of it is the project's.
    pub(super) fn is_project(&self, search: &Search) -> bool {
        search.0.iter().all(|place| self.places[*place as usize].space == Space::Project)
    }

    /// A package that looks further than its own directory (`__path__`): wherever there is one of its name.
    pub(super) fn everywhere(&self, dotted: &str) -> Search {
        let mut found = Search::default();
        for space in self.top().0 {
            let mut at = Some(space);
            for component in dotted.split('.') {
                at = at.and_then(|at| self.places[at as usize].children.get(component).copied());
            }
            found.0.extend(at);
        }
        found
    }

    /// The module that a dotted name leads to; none for a namespace package.
    pub(super) fn lookup(&self, dotted: &str) -> Option<u32> {
        let mut search = self.top();
        let mut found = None;
        for component in dotted.split('.') {
            (found, search) = match self.step(&search, component) {
                Step::Package(node, inside) => (Some(node), inside),
                Step::Module(node) => (Some(node), Search::default()),
                Step::Namespace(inside) => (None, inside),
                Step::Nothing => return None,
            };
        }
        found
    }
}
