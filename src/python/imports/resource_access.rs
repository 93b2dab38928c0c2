//! Calls that ask for something beside modules: the metadata of a distribution, its entry points, a file to read.
//!
//! Receives the calls, simple assignments and imports of one file; hands on what can be read off the source and nothing
//! that would have to be guessed. Must never look at a file system.

mod directories;

use super::guards::Guard;
use super::{Import, last_name};
use ruff_python_ast::{self as ast, Expr};
use ruff_text_size::{Ranged, TextSize};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap};

/// How deep an expression of a path is followed.
const LEVELS: u32 = 16;

/// One question to `importlib.metadata` or `pkg_resources`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct MetadataAsk {
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

/// One file that is opened for reading, or a directory that is asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Open {
    pub(crate) base: Base,
    /// Components below the base, as written: `..` among them.
    pub(crate) parts: Vec<String>,
    pub(crate) access: Access,
    /// What is called: `open`, `StaticFiles`.
    pub(crate) by: String,
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
    /// A directory that is searched; one that is not there has nothing in it: `glob`, `walk`.
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

/// A path that can be read off the source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Path {
    pub(crate) base: Base,
    pub(crate) parts: Vec<String>,
}

impl Path {
    /// Above the working directory nothing is known.
    fn parent(mut self) -> Option<Self> {
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
    fn join(mut self, text: &str) -> Option<Self> {
        if text.starts_with('/') {
            return None;
        }
        self.parts.extend(text.split('/').filter(|part| !part.is_empty() && *part != ".").map(str::to_owned));
        Some(self)
    }
}

/// The calls of one file that may matter, and what is needed to understand them.
#[derive(Default)]
pub(super) struct ResourceCalls<'a> {
    heard: Vec<(&'a ast::ExprCall, Guard)>,
    /// Names that are assigned once, with the value; `None` once there is a second.
    assigned: HashMap<&'a str, Option<&'a Expr>>,
    /// `import a.b as c`.
    renamed: HashMap<&'a str, &'a str>,
}

const METADATA: [&str; 8] = [
    "version",
    "metadata",
    "distribution",
    "requires",
    "files",
    "get_distribution",
    "entry_points",
    "iter_entry_points",
];
const OPENING: [&str; 27] = [
    "open",
    "read_text",
    "read_bytes",
    "open_text",
    "open_binary",
    "read_binary",
    "get_data",
    "resource_string",
    "resource_stream",
    "resource_filename",
    "ZipFile",
    "load_workbook",
    "FileIO",
    "FileResponse",
    "fileConfig",
    "load",
    "loadtxt",
    "genfromtxt",
    "read_csv",
    "read_excel",
    "read_feather",
    "read_json",
    "read_parquet",
    "read_pickle",
    "read_table",
    "read_xml",
    "scan_csv",
];

impl<'a> ResourceCalls<'a> {
    pub(super) fn record(&mut self, call: &'a ast::ExprCall, guard: Guard) {
        let known = |name: &str| METADATA.contains(&name) || OPENING.contains(&name) || directories::asks(name);
        // A call of something under another name (`from importlib.metadata import version as _version`).
        let renamed = |name: &str| METADATA.iter().any(|known| name.contains(known));
        if !guard.never_runs && last_name(&call.func).is_some_and(|name| known(name) || renamed(name)) {
            self.heard.push((call, guard));
        }
    }

    pub(super) fn assigned(&mut self, targets: &'a [Expr], value: Option<&'a Expr>) {
        let Some(value) = value else { return };
        for name in targets.iter().filter_map(Expr::as_name_expr) {
            self.assigned.entry(name.id.as_str()).and_modify(|value| *value = None).or_insert(Some(value));
        }
    }

    /// The paths that names of the file stand for.
    pub(super) fn paths(&self, imports: &[Import]) -> BTreeMap<String, Path> {
        let meaning = Meaning::of(self, imports);
        let values = self.assigned.iter().filter_map(|(name, value)| Some((*name, (*value)?)));
        values.filter_map(|(name, value)| Some((name.to_owned(), meaning.path(value, LEVELS)?))).collect()
    }

    pub(super) fn imported(&mut self, alias: &'a ast::Alias) {
        if let Some(asname) = &alias.asname {
            self.renamed.insert(asname.as_str(), alias.name.as_str());
        }
    }

    /// What the calls ask for, in the order of the source.
    pub(super) fn read(
        &self,
        imports: &[Import],
        place: &impl Fn(TextSize) -> (u32, u32),
    ) -> (Vec<MetadataAsk>, Vec<Open>) {
        if self.heard.is_empty() {
            return (Vec::new(), Vec::new());
        }
        let meaning = Meaning::of(self, imports);
        let (mut metadata, mut opens) = (Vec::new(), Vec::new());
        for (call, guard) in &self.heard {
            let (line, column) = place(call.start());
            if let Some(wanted) = meaning.metadata(call) {
                metadata.push(MetadataAsk { wanted, guard: *guard, line, column });
                continue;
            }
            let file = meaning.opened(call).map(|path| (path, Access::File));
            let asked = file.map_or_else(|| meaning.directories(call), |file| vec![file]);
            for (Path { base, parts }, access) in asked {
                // The directory that the file itself is in is always there.
                if !parts.is_empty() || matches!(base, Base::Constant(..)) {
                    let by = last_name(&call.func).unwrap_or_default().to_owned();
                    opens.push(Open { base, parts, access, by, guard: *guard, line, column });
                }
            }
        }
        metadata.sort_by_key(|ask| (ask.line, ask.column));
        opens.sort_by_key(|open| (open.line, open.column));
        (metadata, opens)
    }
}

/// What the names of one file stand for.
struct Meaning<'c, 'a> {
    calls: &'c ResourceCalls<'a>,
    /// Local name to the dotted name that it is imported from.
    names: HashMap<&'c str, String>,
    /// The same with the module as written, dots in front, and the name in it.
    taken: HashMap<&'c str, (String, &'c str)>,
}

impl<'c, 'a> Meaning<'c, 'a> {
    fn of(calls: &'c ResourceCalls<'a>, imports: &'c [Import]) -> Self {
        let mut names: HashMap<&str, String> =
            calls.renamed.iter().map(|(local, module)| (*local, (*module).to_owned())).collect();
        let mut taken = HashMap::new();
        for import in imports {
            for name in &import.names {
                let local = name.asname.as_deref().unwrap_or(&name.name);
                if import.level == 0 {
                    let module = import.module.as_deref().unwrap_or_default();
                    names.insert(local, format!("{module}.{}", name.name));
                }
                taken.insert(local, (import.written(), name.name.as_str()));
            }
        }
        Self { calls, names, taken }
    }

    /// `importlib.metadata.version` of `version` or `metadata.version`.
    fn dotted(&self, expression: &Expr) -> Option<String> {
        let mut parts = Vec::new();
        let mut at = expression;
        loop {
            match at {
                Expr::Attribute(attribute) => {
                    parts.push(attribute.attr.as_str());
                    at = &attribute.value;
                }
                Expr::Name(name) => {
                    let first = name.id.as_str();
                    let mut dotted = self.names.get(first).cloned().unwrap_or_else(|| first.to_owned());
                    for part in parts.iter().rev() {
                        dotted.push('.');
                        dotted.push_str(part);
                    }
                    return Some(dotted);
                }
                _ => return None,
            }
        }
    }

    fn metadata(&self, call: &ast::ExprCall) -> Option<Wanted> {
        let callee = self.dotted(&call.func)?;
        let (module, function) = callee.rsplit_once('.')?;
        let from_metadata = module.ends_with("importlib.metadata")
            || module.ends_with("importlib_metadata")
            || module == "metadata"
            || module.ends_with("_metadata");
        let from_resources = module == "pkg_resources";
        let group = |expression: &Expr| literal(expression).map(|group| Wanted::EntryPoints(group.to_owned()));
        match function {
            "entry_points" if from_metadata => group(&call.arguments.find_keyword("group")?.value),
            "iter_entry_points" if from_resources => group(call.arguments.find_argument_value("group", 0)?),
            "version" | "metadata" | "distribution" | "requires" | "files" if from_metadata => {
                distribution(call.arguments.find_argument_value("distribution_name", 0)?)
            }
            "get_distribution" if from_resources => distribution(call.arguments.find_argument_value("dist", 0)?),
            _ => None,
        }
    }

    /// The path of a call that opens a file for reading.
    fn opened(&self, call: &ast::ExprCall) -> Option<Path> {
        let argument = |name: &str, at: usize| call.arguments.find_argument_value(name, at);
        let reads = |at: usize| match argument("mode", at) {
            None => true,
            Some(mode) => literal(mode).is_some_and(|mode| !mode.contains(['w', 'a', 'x'])),
        };
        let callee = self.dotted(&call.func).unwrap_or_default();
        match callee.as_str() {
            "open" | "builtins.open" | "io.open" | "io.FileIO" | "codecs.open" | "gzip.open" | "bz2.open"
            | "lzma.open" | "zipfile.ZipFile" | "wave.open" => {
                return self
                    .path(argument("file", 0).or_else(|| argument("filename", 0)).filter(|_| reads(1))?, LEVELS);
            }
            "importlib.resources.read_text"
            | "importlib.resources.open_text"
            | "importlib.resources.read_binary"
            | "importlib.resources.open_binary"
            | "importlib_resources.read_text"
            | "importlib_resources.open_text"
            | "importlib_resources.read_binary"
            | "importlib_resources.open_binary"
            | "pkgutil.get_data"
            | "pkg_resources.resource_string"
            | "pkg_resources.resource_stream"
            | "pkg_resources.resource_filename" => {
                let base = self.package(call.arguments.args.first()?)?;
                return Path { base, parts: Vec::new() }.join(literal(call.arguments.args.get(1)?)?);
            }
            "logging.config.fileConfig" => return self.path(argument("fname", 0)?, LEVELS),
            "toml.load" => return self.path(argument("f", 0)?, LEVELS),
            "numpy.load" | "numpy.loadtxt" | "numpy.genfromtxt" | "PIL.Image.open" | "openpyxl.load_workbook" => {
                return self.path(call.arguments.args.first()?, LEVELS);
            }
            _ if is_table(&callee) => return self.path(call.arguments.args.first()?, LEVELS),
            _ if callee.ends_with(".FileResponse") => return self.path(argument("path", 0)?, LEVELS),
            _ => {}
        }
        let method = call.func.as_attribute_expr()?;
        let is_read = match method.attr.as_str() {
            "read_text" | "read_bytes" => true,
            "open" => reads(0),
            _ => false,
        };
        self.path(is_read.then_some(&*method.value)?, LEVELS)
    }

    fn package(&self, expression: &Expr) -> Option<Base> {
        match expression {
            Expr::StringLiteral(text) => Some(Base::Package(Some(text.value.to_str().to_owned()))),
            Expr::Name(name) if matches!(name.id.as_str(), "__name__" | "__package__") => Some(Base::Package(None)),
            Expr::Name(name) => self.names.get(name.id.as_str()).cloned().map(|module| Base::Package(Some(module))),
            _ => None,
        }
    }

    /// The module that an expression stands for, as written, dots in front.
    fn module(&self, expression: &Expr) -> Option<String> {
        let below = |module: String, name: &str| match module.ends_with('.') {
            true => module + name,
            false => format!("{module}.{name}"),
        };
        match expression {
            Expr::Name(name) => Some(match self.taken.get(name.id.as_str()) {
                Some((module, name)) => below(module.clone(), name),
                None => self.names.get(name.id.as_str()).cloned().unwrap_or_else(|| name.id.to_string()),
            }),
            Expr::Attribute(attribute) => Some(below(self.module(&attribute.value)?, &attribute.attr)),
            _ => None,
        }
    }

    fn path(&self, expression: &Expr, levels: u32) -> Option<Path> {
        let levels = levels.checked_sub(1)?;
        match expression {
            Expr::StringLiteral(text) => {
                let text = text.value.to_str();
                (!text.contains("://")).then(|| Path { base: Base::Cwd, parts: Vec::new() })?.join(text)
            }
            Expr::Name(name) if name.id == "__file__" => Some(Path { base: Base::File(0), parts: Vec::new() }),
            Expr::Name(name) => match self.calls.assigned.get(name.id.as_str()) {
                Some(value) => self.path((*value)?, levels),
                None => {
                    let (module, name) = self.taken.get(name.id.as_str())?;
                    Some(Path { base: Base::Constant(module.clone(), (*name).to_owned()), parts: Vec::new() })
                }
            },
            Expr::Attribute(attribute) if &attribute.attr == "parent" => self.path(&attribute.value, levels)?.parent(),
            // `config.STATIC` of a module.
            Expr::Attribute(attribute) => {
                let base = Base::Constant(self.module(&attribute.value)?, attribute.attr.to_string());
                Some(Path { base, parts: Vec::new() })
            }
            Expr::Subscript(subscript) => self.parents(subscript, levels),
            Expr::BinOp(operation) if operation.op == ast::Operator::Div => {
                self.path(&operation.left, levels)?.join(self.text(&operation.right)?)
            }
            Expr::Call(call) => self.path_of_call(call, levels),
            Expr::FString(string) => self.path_of_parts(string, levels),
            _ => None,
        }
    }

    /// `f"{HERE}/x.json"`: a path in front, texts behind it.
    fn path_of_parts(&self, string: &ast::ExprFString, levels: u32) -> Option<Path> {
        let (mut front, mut text) = (None, String::new());
        for element in string.value.elements() {
            match element {
                ast::InterpolatedStringElement::Literal(literal) => text.push_str(literal),
                ast::InterpolatedStringElement::Interpolation(inner) if front.is_none() && text.is_empty() => {
                    front = Some(self.path(&inner.expression, levels)?);
                }
                ast::InterpolatedStringElement::Interpolation(inner) => text.push_str(self.text(&inner.expression)?),
            }
        }
        match front {
            Some(front) => front.join(text.strip_prefix('/')?),
            None => Path { base: Base::Cwd, parts: Vec::new() }.join(&text),
        }
    }

    /// `path.parents[1]`.
    fn parents(&self, subscript: &ast::ExprSubscript, levels: u32) -> Option<Path> {
        let parents = subscript.value.as_attribute_expr().filter(|attribute| &attribute.attr == "parents")?;
        let index = subscript.slice.as_number_literal_expr()?.value.as_int()?.as_u8()?;
        let path = self.path(&parents.value, levels)?;
        (0..=index).try_fold(path, |path, _| path.parent())
    }

    fn path_of_call(&self, call: &ast::ExprCall, levels: u32) -> Option<Path> {
        let arguments = &call.arguments.args;
        if let Expr::Attribute(method) = &*call.func {
            let own = |levels| self.path(&method.value, levels);
            match method.attr.as_str() {
                "resolve" | "absolute" | "expanduser" if arguments.is_empty() => return own(levels),
                "joinpath" => {
                    let mut path = own(levels)?;
                    for part in arguments {
                        path = path.join(self.text(part)?)?;
                    }
                    return Some(path);
                }
                "with_name" => return own(levels)?.parent()?.join(self.text(arguments.first()?)?),
                "with_suffix" => return with_suffix(own(levels)?, self.text(arguments.first()?)?),
                _ => {}
            }
        }
        match self.dotted(&call.func)?.as_str() {
            "pathlib.Path" | "pathlib.PurePath" | "pathlib.PosixPath" | "Path" | "os.path.join" => {
                let Some(first) = arguments.first() else {
                    return Some(Path { base: Base::Cwd, parts: Vec::new() });
                };
                let mut path = self.path(first, levels)?;
                for part in &arguments[1..] {
                    path = path.join(self.text(part)?)?;
                }
                Some(path)
            }
            "os.path.dirname" => self.path(arguments.first()?, levels)?.parent(),
            "os.getcwd" | "pathlib.Path.cwd" => Some(Path { base: Base::Cwd, parts: Vec::new() }),
            "os.path.abspath" | "os.path.realpath" | "os.path.normpath" | "os.fspath" | "str" => {
                self.path(arguments.first()?, levels)
            }
            "importlib.resources.files" | "importlib_resources.files" => {
                let base = arguments.first().map_or(Some(Base::Package(None)), |package| self.package(package))?;
                Some(Path { base, parts: Vec::new() })
            }
            _ => None,
        }
    }

    /// A literal, or a name that stands for one.
    fn text<'e>(&self, expression: &'e Expr) -> Option<&'e str>
    where
        'a: 'e,
    {
        match expression {
            Expr::Name(name) => literal(self.calls.assigned.get(name.id.as_str()).copied().flatten()?),
            _ => literal(expression),
        }
    }
}

fn literal(expression: &Expr) -> Option<&str> {
    Some(expression.as_string_literal_expr()?.value.to_str())
}

/// `pandas.read_csv`, `polars.scan_csv` and their likes.
fn is_table(callee: &str) -> bool {
    let Some((module, function)) = callee.split_once('.') else { return false };
    matches!(module, "pandas" | "polars") && (function.starts_with("read_") || function == "scan_csv")
}

fn distribution(expression: &Expr) -> Option<Wanted> {
    match expression {
        Expr::StringLiteral(name) => Some(Wanted::Distribution(name.value.to_str().to_owned())),
        Expr::Name(name) if matches!(name.id.as_str(), "__name__" | "__package__") => Some(Wanted::Own),
        _ => None,
    }
}

/// `Path(__file__).with_suffix(".json")`: the file's own name is not known here, so only a written one can change.
fn with_suffix(mut path: Path, suffix: &str) -> Option<Path> {
    let last = path.parts.last_mut()?;
    let stem = last.rfind('.').filter(|dot| *dot > 0).map_or(last.as_str(), |dot| &last[..dot]);
    *last = format!("{stem}{suffix}");
    Some(path)
}
