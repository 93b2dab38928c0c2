//! The modules of an upload as a tree for Python's finder: vendored packages first, then the project's own code; see
//! docs/architecture.md.

use super::model::{Form, Node, Source, Space, node_index};
use crate::python::finder::{self, ModuleTree};
use std::collections::HashMap;
use std::convert::Infallible;

/// The prefix of a directory that is searched before `python_workers_force_new_vendor_path`.
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
    Some(Node { space, form, dotted, name: source.name, present: source.present, imports: source.imports })
}

/// One directory or module of one space.
#[derive(Debug)]
struct NameEntry {
    space: Space,
    children: HashMap<String, u32>,
    package: Option<u32>,
    module: Option<u32>,
    /// What is here is not uploaded: it is found only if nothing else is.
    absent: bool,
}

impl NameEntry {
    fn new(space: Space) -> Self {
        Self { space, children: HashMap::new(), package: None, module: None, absent: true }
    }
}

/// Where the next component is looked for: indices of `Names::places`, in order.
pub(super) type Search = Vec<u32>;

/// What one component leads to.
pub(super) type Step = finder::Step<u32, u32>;

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
        // What is uploaded is found before what is not, an extension before its source.
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
        let startup = nodes.iter().filter(|node| node.form == Form::Startup).filter_map(|node| node.imports.as_ref());
        let search =
            startup.flat_map(|imports| &imports.search).map(|directory| directory.trim_matches('/').replace('/', "."));
        names.added = search.filter_map(|dotted| names.everywhere(&dotted).first().copied()).collect();
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
        first.chain([Space::Project as u32]).chain(self.added.iter().copied()).collect()
    }

    pub(super) fn searches_vendor(&self) -> bool {
        self.vendor.is_some()
    }

    /// Whether it is the searched `vendor` itself, by its own name.
    pub(super) fn is_vendor(&self, search: &Search) -> bool {
        self.vendor.is_some_and(|vendor| *search == [vendor])
    }

    /// The components below a dotted name, at the top for an empty one.
    pub(super) fn below(&self, dotted: &str) -> Vec<&str> {
        let search = match dotted {
            "" => self.top(),
            dotted => match self.find(dotted) {
                Some(Step::Package(_, inside) | Step::Namespace(inside)) => inside,
                _ => return Vec::new(),
            },
        };
        let children = search.iter().flat_map(|place| &self.places[*place as usize].children);
        children.map(|(name, _)| name.as_str()).collect()
    }

    /// What a dotted name leads to.
    fn find(&self, dotted: &str) -> Option<Step> {
        let Ok(steps) = finder::find(self, &self.top(), dotted.split('.'));
        steps?.pop()
    }

    pub(super) fn step(&self, search: &Search, component: &str) -> Step {
        let Ok(step) = finder::step(self, search, component);
        step
    }

    /// Whether all of it is the project's.
    pub(super) fn is_project(&self, search: &Search) -> bool {
        search.iter().all(|place| self.places[*place as usize].space == Space::Project)
    }

    /// A package that looks further than its own directory (`__path__`): wherever there is one of its name.
    pub(super) fn everywhere(&self, dotted: &str) -> Search {
        let mut found = Search::new();
        for space in self.top() {
            let mut at = Some(space);
            for component in dotted.split('.') {
                at = at.and_then(|at| self.places[at as usize].children.get(component).copied());
            }
            found.extend(at);
        }
        found
    }

    /// The module that a dotted name leads to; none for a namespace package.
    pub(super) fn lookup(&self, dotted: &str) -> Option<u32> {
        match self.find(dotted)? {
            Step::Package(node, _) | Step::Module(node) => Some(node),
            Step::Namespace(_) | Step::Nothing => None,
        }
    }
}

impl ModuleTree for Names {
    type Place = u32;
    type File = u32;
    type Error = Infallible;

    fn place(&self, parent: &u32, name: &str) -> Option<u32> {
        self.places[*parent as usize].children.get(name).copied()
    }

    fn package(&self, place: &u32) -> Option<u32> {
        self.places[*place as usize].package
    }

    fn module(&self, place: &u32) -> Option<u32> {
        self.places[*place as usize].module
    }

    /// Every place has a module in it or somewhere below.
    fn is_namespace(&self, _: &u32) -> Result<bool, Infallible> {
        Ok(true)
    }

    fn is_left_out(&self, place: &u32) -> bool {
        self.places[*place as usize].absent
    }
}
