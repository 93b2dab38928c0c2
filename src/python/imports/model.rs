//! What can be read from one Python file: its imports with the guards around them, the names it defines, its effects on
//! other modules, the metadata and the files it needs.

use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// Everything that one file has to do with other modules, in the order of the source.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Imports {
    pub(crate) items: Vec<Import>,
    pub(crate) strings: Vec<StringName>,
    /// Names that the module's own statements bind, also in branches and by `global`; those of star imports are not here.
    pub(crate) defined_names: BTreeSet<String>,
    /// The module may have more names than that: `__getattr__`, `globals()`, `sys.modules`, `exec`. Names for which a
    /// `__getattr__` plainly has an answer are among `defined_names`.
    pub(crate) open: bool,
    /// It imports modules, or lists them, by names that only a run knows: `import_module(name)`, `iter_modules`.
    pub(crate) computes: bool,
    /// It changes where its submodules are found: `__path__`, `extend_path`, `declare_namespace`.
    pub(crate) alters_path: bool,
    /// It changes where any module is found: `sys.path`, `sys.meta_path`, `site.addsitedir`.
    pub(crate) alters_search: bool,
    /// What it does to other modules, and to what `sys.modules` holds.
    pub(crate) effects: Effects,
    pub(crate) metadata: Vec<MetadataRequest>,
    /// Of a `.pth` file: directories that it puts on `sys.path`, relative to its own.
    pub(crate) search: Vec<String>,
    /// Files that are opened for reading by a path that can be read from the source.
    pub(crate) opens: Vec<Open>,
    /// Line and column (from 1) and the parser's message. What parsed before and after it is in `items` all the same.
    pub(crate) syntax_error: Option<(u32, u32, String)>,
    /// The bytes are not what the file declares (UTF-8, or its PEP 263 cookie): Python refuses such a file.
    pub(crate) encoding_error: bool,
}

impl Imports {
    /// Whether a guard depends on the name at which the file is imported: `if __package__:`.
    pub(crate) fn depends_on_own_name(&self) -> bool {
        let mut guards = (self.items.iter().map(|item| item.guard))
            .chain(self.metadata.iter().map(|request| request.guard))
            .chain(self.opens.iter().map(|open| open.guard));
        guards.any(|guard| guard.placed.is_some())
    }

    /// Settles the guards that depend on the file's own name: `dotted`, in the package `package`.
    pub(crate) fn resolve_names(&mut self, dotted: &str, package: &str) {
        let items = self.items.iter_mut().map(|item| &mut item.guard);
        let metadata = self.metadata.iter_mut().map(|request| &mut request.guard);
        let opens = self.opens.iter_mut().map(|open| &mut open.guard);
        items.chain(metadata).chain(opens).for_each(|guard| *guard = guard.resolve_names(dotted, package));
    }
}

/// One module that is imported; `import a, b` makes two.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Import {
    /// The dots in front: 0 for an absolute import.
    pub(crate) level: u32,
    /// `None` in `from . import x` only.
    pub(crate) module: Option<String>,
    /// What is taken from the module; empty for `import a.b`, for a dynamic import and for a star.
    pub(crate) names: Vec<ImportedName>,
    pub(crate) star: bool,
    /// `importlib.import_module("a.b")` or `__import__("a.b")` rather than a statement.
    pub(crate) dynamic: bool,
    /// From 1; columns count characters.
    pub(crate) line: u32,
    pub(crate) column: u32,
    pub(crate) guard: Guard,
}

impl Import {
    /// The module as it is written: `src.core`, `..settings`, `.`.
    pub(crate) fn written(&self) -> String {
        let dots = usize::try_from(self.level).unwrap_or_default();
        ".".repeat(dots) + self.module.as_deref().unwrap_or_default()
    }
}

/// `name` or `name as asname`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ImportedName {
    pub(crate) name: String,
    pub(crate) asname: Option<String>,
}

/// A string that reads like a module, `pkg.mod` or `pkg.mod:attr`; also the fixed front of `f"pkg.mod.{name}"`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct StringName {
    /// The dotted part, two components at least.
    pub(crate) name: String,
    /// What follows the colon.
    pub(crate) attribute: Option<String>,
    pub(crate) line: u32,
    pub(crate) column: u32,
}

/// A question about the name under which a file is imported.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum PlaceTest {
    /// Whether it is in a package, or is one: `if __package__:`.
    InPackage,
    /// Whether its name has a dot: `if "." in __name__:`.
    Dotted,
}

/// A test of the file's own name in the upload, and the answer under which something runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Placed {
    pub(in crate::python) test: PlaceTest,
    pub(in crate::python) holds: bool,
}

impl Placed {
    pub(in crate::python) fn otherwise(self) -> Self {
        Self { holds: !self.holds, ..self }
    }
}

/// Under which conditions an import, or a call that needs something, runs, and what happens when it fails.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Guard {
    /// In the body of a function, a method or a lambda: runs when that is called.
    pub(crate) in_function: bool,
    /// In a `try` with a handler that catches a failed import and neither raises again nor ends the program.
    pub(crate) caught: bool,
    /// In such a `try`, and the handler imports something else instead.
    pub(crate) alternative: bool,
    /// In the handler of a failed import.
    pub(crate) fallback: bool,
    /// Under `contextlib.suppress(ImportError)`, or a context manager of the file that does the same.
    pub(crate) suppressed: bool,
    /// What catches or suppresses it names `ModuleNotFoundError` alone: a name that a module lacks gets past it.
    pub(crate) modules_only: bool,
    /// Never runs: under `if TYPE_CHECKING:`, `if False:`, `if __name__ == "__main__":` or a test of the platform or the
    /// version that is false on Workers.
    pub(crate) never_runs: bool,
    /// Under a test of the platform, the interpreter or its version, or of whether a module is there; either branch.
    pub(crate) platform: bool,
    /// Under a test of anything else, in a loop, or behind a way out: it may run or not.
    pub(crate) conditional: bool,
    /// In the `else` of a `try` that catches a failed import: the line of that `try`, and 0 elsewhere. It runs only if
    /// everything that the `try` imports is there.
    pub(crate) otherwise: u32,
    /// Where `PackageNotFoundError` is stopped.
    pub(crate) metadata_caught: bool,
    /// Where `FileNotFoundError` is stopped, or under a test of whether a file is there.
    pub(crate) file_caught: bool,
    /// Under a test of the file's own name, until that is known ([`Guard::resolve_names`]).
    pub(crate) placed: Option<Placed>,
    /// Where the error of a framework that misses a directory is stopped: `RuntimeError` or `ValueError`.
    pub(crate) value_caught: bool,
}

impl Guard {
    /// Whether the file can do without the import: its failure is handled, or it is never run on some platform.
    pub(crate) fn is_guarded(self) -> bool {
        self.caught || self.fallback || self.suppressed || self.never_runs || self.platform || self.otherwise > 0
    }

    /// The guard in a file that is imported as `dotted`, whose `__package__` is `package`.
    pub(crate) fn resolve_names(self, dotted: &str, package: &str) -> Self {
        let Some(placed) = self.placed else { return self };
        let holds = match placed.test {
            PlaceTest::InPackage => !package.is_empty(),
            PlaceTest::Dotted => dotted.contains('.'),
        };
        Self { placed: None, never_runs: self.never_runs || holds != placed.holds, ..self }
    }

    /// Whether it may run or not, as far as the file itself can tell.
    pub(crate) fn is_conditional(self) -> bool {
        self.conditional || self.placed.is_some()
    }

    pub(in crate::python) fn place(&mut self, placed: Placed) {
        match self.placed {
            None => self.placed = Some(placed),
            Some(outer) if outer == placed => {}
            Some(outer) if outer.test == placed.test => self.never_runs = true,
            Some(_) => self.conditional = true,
        }
    }

    /// A function's body runs long after the handlers around its definition.
    pub(in crate::python) fn called_later(self) -> Self {
        Self {
            in_function: true,
            caught: false,
            alternative: false,
            fallback: false,
            suppressed: false,
            modules_only: false,
            otherwise: 0,
            metadata_caught: false,
            file_caught: false,
            value_caught: false,
            ..self
        }
    }

    pub(in crate::python) fn perhaps(self) -> Self {
        Self { conditional: true, ..self }
    }
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Effects {
    /// It puts itself, or modules below itself, into `sys.modules`: `sys.modules[__name__] = ...`.
    pub(crate) makes_own: bool,
    /// It puts modules into `sys.modules` under names that only a run knows.
    pub(crate) makes_any: bool,
    /// What it puts into `sys.modules` under names that can be read.
    pub(crate) puts: Vec<Put>,
    /// It has a finder of its own: `sys.meta_path`, `sys.path_hooks`.
    pub(crate) finds: bool,
    /// Attributes that it sets on what it imports: the name by which it knows the module (empty: one that it imports by
    /// a call), and the attribute if that can be read.
    pub(crate) sets: BTreeSet<(String, Option<String>)>,
    /// Functions, dotted as they are called, that get this module's `__name__`.
    pub(crate) hands_name: BTreeSet<String>,
    /// Names that a `from` import of this file binds, and something else in it as well.
    pub(crate) bound_again: BTreeSet<String>,
}

/// One name in `sys.modules`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct Put {
    /// `src.core`; `src.*` stands for every name that begins with `src.`.
    pub(crate) name: String,
    pub(crate) line: u32,
    /// A new, empty module without a `__path__`: nothing is found below it.
    pub(crate) bare: bool,
}

impl Put {
    /// Whether it stands for names that only a run knows.
    pub(crate) fn is_open(&self) -> bool {
        self.name.ends_with('*')
    }

    /// Whether it may be a module below `dotted` that only a run knows.
    pub(crate) fn may_be_below(&self, dotted: &str) -> bool {
        let front = self.name.strip_suffix(".*");
        front.is_some_and(|front| {
            front.strip_prefix(dotted).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        })
    }

    /// Whether `dotted` is found once this is there.
    fn serves(&self, dotted: &str) -> bool {
        if let Some(front) = self.name.strip_suffix('*') {
            return dotted.starts_with(front);
        }
        dotted
            .strip_prefix(self.name.as_str())
            .is_some_and(|rest| rest.is_empty() || (rest.starts_with('.') && !self.bare))
    }
}

/// Whether importing `dotted` finds something of `puts`. `import a.b` (`whole`) gives `a`, so that it needs both.
pub(crate) fn serves<'p>(puts: impl Iterator<Item = &'p Put> + Clone, dotted: &str, whole: bool) -> bool {
    let first = dotted.split('.').next().unwrap_or_default();
    let has = |name: &str| puts.clone().any(|put| put.serves(name));
    has(dotted) && (!whole || has(first))
}

/// One call of `importlib.metadata` or `pkg_resources`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct MetadataRequest {
    pub(crate) wanted: Wanted,
    pub(crate) guard: Guard,
    pub(crate) line: u32,
    pub(crate) column: u32,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Wanted {
    /// `version("click")`: the distribution as it is written.
    Distribution(String),
    /// `version(__name__)` or `version(__package__)`: the distribution called like the package.
    Own,
    /// `entry_points(group="x")`.
    EntryPoints(String),
}

/// One file that is opened for reading, or a directory that is needed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Open {
    pub(crate) base: Base,
    /// Components below the base, as written: `..` among them.
    pub(crate) parts: Vec<String>,
    pub(crate) access: Access,
    /// What is called: `open`, `StaticFiles`.
    pub(crate) callee: String,
    pub(crate) guard: Guard,
    pub(crate) line: u32,
    pub(crate) column: u32,
}

/// What is done with a path, and when it has to be there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Access {
    /// A file is read.
    File,
    /// A directory that has to be there at the call, for files that are served or looked up later: `StaticFiles`.
    Mount,
    /// The same without the check: `StaticFiles(check_dir=False)`.
    Serve,
    /// A directory that has to be there at the call, and is listed: `iterdir`, `listdir`.
    List,
    /// A directory that is searched; a missing one has nothing in it: `glob`, `walk`.
    Search,
    /// A directory in which templates are looked up when they are rendered.
    Templates,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Base {
    /// The working directory, or the root for an absolute path.
    Cwd,
    /// What a name of another module stands for: the module as written, dots in front, and the name.
    Constant(String, String),
    /// `__file__`, so many levels up: 1 is its directory.
    File(u32),
    /// The directory of a package; `None` is the file's own.
    Package(Option<String>),
}

/// A path that can be read from the source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Path {
    pub(crate) base: Base,
    pub(crate) parts: Vec<String>,
}

impl Path {
    /// Above the working directory nothing is known.
    pub(in crate::python) fn parent(mut self) -> Option<Self> {
        if self.parts.pop().is_none() {
            match &mut self.base {
                Base::File(up) => *up += 1,
                Base::Constant(..) => self.parts.push("..".to_owned()),
                _ => return None,
            }
        }
        Some(self)
    }

    /// An absolute second half replaces the first.
    pub(in crate::python) fn join(mut self, text: &str) -> Option<Self> {
        if text.starts_with('/') {
            return None;
        }
        self.parts.extend(text.split('/').filter(|part| !part.is_empty() && *part != ".").map(str::to_owned));
        Some(self)
    }
}
