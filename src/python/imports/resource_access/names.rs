//! What the names of one file stand for: modules, texts, paths.

use crate::python::imports::model::{Base, Import, Path};
use ruff_python_ast::{self as ast, Expr};
use std::collections::HashMap;

/// How many levels deep an expression of a path is followed.
pub(super) const LEVELS: u32 = 16;

/// What the names of one file stand for.
pub(super) struct NameMeanings<'c, 'a> {
    /// Names that are assigned once, with the value; `None` once there is a second.
    assigned: &'c HashMap<&'a str, Option<&'a Expr>>,
    /// Local name to the dotted name that it is imported from.
    names: HashMap<&'c str, String>,
    /// The same with the module as written, dots in front, and the name in it.
    taken: HashMap<&'c str, (String, &'c str)>,
}

impl<'c, 'a> NameMeanings<'c, 'a> {
    /// `renamed`: local name and module of every `import a.b as c`.
    pub(super) fn of(
        assigned: &'c HashMap<&'a str, Option<&'a Expr>>,
        renamed: &'c HashMap<&'a str, &'a str>,
        imports: &'c [Import],
    ) -> Self {
        let mut names: HashMap<&str, String> =
            renamed.iter().map(|(local, module)| (*local, (*module).to_owned())).collect();
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
        Self { assigned, names, taken }
    }

    /// `importlib.metadata.version` of `version` or `metadata.version`.
    pub(super) fn dotted(&self, expression: &Expr) -> Option<String> {
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

    pub(super) fn package(&self, expression: &Expr) -> Option<Base> {
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

    pub(super) fn path(&self, expression: &Expr, levels: u32) -> Option<Path> {
        let levels = levels.checked_sub(1)?;
        match expression {
            Expr::StringLiteral(text) => {
                let text = text.value.to_str();
                (!text.contains("://")).then(|| Path { base: Base::Cwd, parts: Vec::new() })?.join(text)
            }
            Expr::Name(name) if name.id == "__file__" => Some(Path { base: Base::File(0), parts: Vec::new() }),
            Expr::Name(name) => match self.assigned.get(name.id.as_str()) {
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
            Expr::Name(name) => literal(self.assigned.get(name.id.as_str()).copied().flatten()?),
            _ => literal(expression),
        }
    }
}

pub(super) fn literal(expression: &Expr) -> Option<&str> {
    Some(expression.as_string_literal_expr()?.value.to_str())
}

/// `Path(__file__).with_suffix(".json")`: the file's own name is not known here, so only a written one can change.
fn with_suffix(mut path: Path, suffix: &str) -> Option<Path> {
    let last = path.parts.last_mut()?;
    let stem = last.rfind('.').filter(|dot| *dot > 0).map_or(last.as_str(), |dot| &last[..dot]);
    *last = format!("{stem}{suffix}");
    Some(path)
}
