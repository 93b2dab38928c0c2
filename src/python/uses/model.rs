//! What one file does with its names.

use std::collections::{BTreeMap, BTreeSet};

/// What one file does with its names.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Uses {
    /// Local names of whole modules: `import a.b` makes `a` of `a`, `import a.b as c` makes `c` of `a.b`.
    pub(crate) modules: BTreeMap<String, String>,
    /// `NAME.attribute`, by the first name.
    pub(crate) attributes: BTreeMap<String, BTreeSet<String>>,
    /// Names that are read for something else than an attribute of theirs, and those of parameters and definitions.
    pub(crate) bare: BTreeSet<String>,
    /// Functions at the top of the file, and methods of the classes that are in no function.
    pub(crate) functions: Vec<Function>,
    /// Classes that are in no function.
    pub(crate) classes: Vec<Class>,
    pub(crate) mentions: Vec<Mention>,
    /// Names that `from ... import` takes, at the top of the file.
    pub(crate) taken: BTreeSet<String>,
    /// Templates that it renders by a literal name: `get_template("page.html")`.
    pub(crate) templates: Vec<Template>,
    /// It finds classes by their base: `__subclasses__`, `__init_subclass__`.
    pub(crate) finds_subclasses: bool,
    /// What `__all__` lists, if it is one list of literals and nothing changes it.
    pub(crate) exports: Option<BTreeSet<String>>,
    /// It calls `chdir`.
    pub(crate) changes_directory: bool,
    /// The last components of paths that it writes.
    pub(crate) writes: BTreeSet<String>,
    /// What the names of files end in that it puts together, or looks for in a directory: `md` of `f"{name}.md"` and `"*.md"`.
    pub(crate) endings: BTreeSet<String>,
    /// Texts in the paths of directories that it lists.
    pub(crate) listed: BTreeSet<String>,
}

/// A function or a method that is in no other function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Function {
    pub(crate) name: String,
    /// Of a method, index into `classes`.
    pub(crate) class: Option<usize>,
    /// Lines, from 1, the last one included.
    pub(crate) lines: (u32, u32),
    /// It has a decorator that may call it from anywhere; `@classmethod`, `@cache` and the like do not.
    pub(crate) decorated: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Class {
    pub(crate) name: String,
    /// The last names of its bases: `Model` of `orm.Model`.
    pub(crate) bases: Vec<String>,
    /// It has a decorator or a metaclass that may create instances anywhere.
    pub(crate) registered: bool,
}

/// A template that is rendered by a literal name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Template {
    /// As written, with `/`.
    pub(crate) name: String,
    /// Index into `functions`, if it is in one.
    pub(crate) function: Option<usize>,
    /// Where a missing file is taken care of.
    pub(crate) handled: bool,
}

/// A place where a name is used that may be a function's: read, taken as an attribute, or named by a string.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Mention {
    /// With `*` at its end where only the front of a name is written: `load_*` of `f"load_{name}"`.
    pub(crate) name: String,
    /// Where it is an attribute of a name: that name.
    pub(crate) of: Option<String>,
    /// Index into `functions`, if it is in one.
    pub(crate) function: Option<usize>,
    /// Where a missing file is taken care of, or under a test of the platform.
    pub(crate) handled: bool,
    /// `.NAME`, or a string: it can call a method.
    pub(crate) attribute: bool,
}

impl Uses {
    /// What it takes from the module `dotted`, that it imports whole; `None` where it also does something else with it.
    pub(crate) fn taken_from(&self, dotted: &str) -> Option<BTreeSet<&str>> {
        let mut taken = BTreeSet::new();
        for (local, _) in self.modules.iter().filter(|(_, module)| *module == dotted) {
            if self.bare.contains(local) {
                return None;
            }
            taken.extend(self.attributes.get(local).into_iter().flatten().map(String::as_str));
        }
        Some(taken)
    }

    /// The function at the top of the file, or the method, that a line is in.
    pub(crate) fn function_at(&self, line: u32) -> Option<&Function> {
        self.functions.iter().find(|function| function.lines.0 <= line && line <= function.lines.1)
    }
}
