//! What one file of the project does with the names that it has: which attributes it takes from a module, which functions
//! it calls and where, what it writes, what `__all__` lists.
//!
//! Receives the bytes of a file; hands on `Uses`. Read on demand, for the project's own files and where a finding stands or
//! falls with it, so that nothing of it is remembered. By name alone: must never resolve one and never read a file. Walks
//! without recursion, so that no nesting can exhaust the stack.

mod read;
mod shapes;
#[cfg(test)]
mod tests;

pub(crate) use read::uses;

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
    /// Functions at the top of the file.
    pub(crate) functions: Vec<Function>,
    pub(crate) mentions: Vec<Mention>,
    /// What `__all__` lists, if it is one list of literals and nothing changes it.
    pub(crate) exports: Option<BTreeSet<String>>,
    /// It calls `chdir`.
    pub(crate) changes_directory: bool,
    /// The last components of paths that it writes.
    pub(crate) writes: BTreeSet<String>,
    /// What the names of files end in that it puts together, or asks a directory for: `md` of `f"{name}.md"` and `"*.md"`.
    pub(crate) endings: BTreeSet<String>,
    /// Texts in the paths of directories that it lists.
    pub(crate) listed: BTreeSet<String>,
}

/// A function that is no method and in no other function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Function {
    pub(crate) name: String,
    /// Lines, from 1, the last one included.
    pub(crate) lines: (u32, u32),
    /// A decorator has it: it may be called from anywhere.
    pub(crate) decorated: bool,
}

/// A place where a name is used that may be a function's: read, taken as an attribute, or said by a string.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Mention {
    pub(crate) name: String,
    /// Where it is an attribute of a name: that name.
    pub(crate) of: Option<String>,
    /// Index into `functions`, where it stands in one.
    pub(crate) by: Option<usize>,
    /// In a `try` that stops `FileNotFoundError`.
    pub(crate) handled: bool,
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

    /// The function at the top of the file that a line is in.
    pub(crate) fn function_at(&self, line: u32) -> Option<&Function> {
        self.functions.iter().find(|function| function.lines.0 <= line && line <= function.lines.1)
    }
}
