//! What a file puts into `sys.modules`: under which names, and whether submodules can be found below them.
//!
//! Names are read from literals, `"src." + name`, loops and comprehensions over literals, and calls of a function of the
//! file with literal arguments. Any other name is left to `Effects::makes_any`.

use super::effects::Key;
use super::model::{Effects, Put};
use crate::python::syntax::{any_node, last_name};
use ruff_python_ast::{self as ast, AnyNodeRef, Expr, Stmt};
use ruff_text_size::{Ranged, TextSize};

/// How many names are looked up to read one key.
const STEPS: u32 = 4;

/// Adds the names of the keys to `effects`.
pub(super) fn resolve(body: &[Stmt], keys: Vec<Key<'_>>, effects: &mut Effects, line: impl Fn(TextSize) -> u32) {
    for Key { key, value, mapping } in keys {
        let reader = KeyReader { body, own: key };
        if !mapping && starts_with_own_name(key) {
            effects.makes_own = true;
            continue;
        }
        let names = if mapping { reader.keys(key, STEPS) } else { reader.names(key, STEPS) };
        let bare = value.is_some_and(|value| reader.is_bare(value));
        match names {
            Some(names) => {
                let line = line(key.start());
                effects.puts.extend(names.into_iter().map(|name| Put { name, line, bare }));
            }
            None => effects.makes_any = true,
        }
    }
    effects.puts.sort();
    effects.puts.dedup();
}

struct KeyReader<'a> {
    body: &'a [Stmt],
    /// The key that is read; a parameter of that name is the one of the function around it.
    own: &'a Expr,
}

impl<'a> KeyReader<'a> {
    /// The names that an expression may be; none if that cannot be known.
    fn names(&self, key: &'a Expr, steps: u32) -> Option<Vec<String>> {
        match key {
            Expr::StringLiteral(literal) => Some(vec![literal.value.to_str().to_owned()]),
            Expr::Name(name) => self.bound(&name.id, steps.checked_sub(1)?),
            _ => front(key).map(|front| vec![front]),
        }
    }

    /// The keys of a mapping.
    fn keys(&self, mapping: &'a Expr, steps: u32) -> Option<Vec<String>> {
        match mapping {
            Expr::Dict(dict) => {
                let keys = dict.items.iter().map(|item| self.names(item.key.as_ref()?, steps));
                Some(keys.collect::<Option<Vec<_>>>()?.concat())
            }
            Expr::DictComp(comprehension) => self.names(comprehension.key.as_deref()?, steps),
            Expr::Name(name) => self.keys(self.assigned(&name.id)?, steps.checked_sub(1)?),
            _ => None,
        }
    }

    /// The only value that the file assigns to a name.
    fn assigned(&self, wanted: &str) -> Option<&'a Expr> {
        let mut found = Vec::new();
        any_node(self.body, usize::MAX, |node| {
            match node {
                AnyNodeRef::StmtAssign(assign) => {
                    let named = assign.targets.iter().any(|target| is_name(target, wanted));
                    found.extend(named.then_some(&*assign.value));
                }
                AnyNodeRef::StmtAnnAssign(assign) if is_name(&assign.target, wanted) => {
                    found.extend(assign.value.as_deref());
                }
                _ => {}
            }
            false
        });
        found.first().copied().filter(|_| found.len() == 1)
    }

    /// What loops, comprehensions, assignments and calls give to a name.
    fn bound(&self, wanted: &str, steps: u32) -> Option<Vec<String>> {
        let mut found: Vec<Option<Vec<String>>> = Vec::new();
        any_node(self.body, usize::MAX, |node| {
            match node {
                AnyNodeRef::StmtFor(statement) => {
                    found.extend(position(&statement.target, wanted).map(|at| self.items(&statement.iter, at, steps)));
                }
                AnyNodeRef::Comprehension(inner) => {
                    found.extend(position(&inner.target, wanted).map(|at| self.items(&inner.iter, at, steps)));
                }
                AnyNodeRef::StmtAssign(assign) if assign.targets.iter().any(|target| is_name(target, wanted)) => {
                    found.push(self.names(&assign.value, steps));
                }
                AnyNodeRef::StmtFunctionDef(function) if function.range().contains_range(self.own.range()) => {
                    let mut parameters = function.parameters.iter().map(|parameter| parameter.name().as_str());
                    if let Some(at) = parameters.position(|name| name == wanted) {
                        found.push(self.arguments(&function.name, wanted, at, steps));
                    }
                }
                _ => {}
            }
            false
        });
        let all = found.into_iter().collect::<Option<Vec<_>>>()?.concat();
        (!all.is_empty()).then_some(all)
    }

    /// What the calls of a function give to a parameter.
    fn arguments(&self, function: &str, parameter: &str, at: usize, steps: u32) -> Option<Vec<String>> {
        let mut found = Vec::new();
        any_node(self.body, usize::MAX, |node| {
            if let AnyNodeRef::ExprCall(call) = node
                && is_name(&call.func, function)
            {
                let value = call.arguments.find_argument_value(parameter, at);
                found.push(value.and_then(|value| self.names(value, steps)));
            }
            false
        });
        Some(found.into_iter().collect::<Option<Vec<_>>>()?.concat())
    }

    /// The strings in what is iterated over; `at`: those at a place of each element.
    fn items(&self, iterated: &'a Expr, at: Option<usize>, steps: u32) -> Option<Vec<String>> {
        let steps = steps.checked_sub(1)?;
        let elements = |elements: &'a [Expr]| {
            let names = elements.iter().map(|element| match (at, element) {
                (None, element) => self.names(element, steps),
                (Some(at), Expr::Tuple(tuple)) => self.names(tuple.elts.get(at)?, steps),
                (Some(at), Expr::List(list)) => self.names(list.elts.get(at)?, steps),
                _ => None,
            });
            Some(names.collect::<Option<Vec<_>>>()?.concat())
        };
        match iterated {
            Expr::List(list) => elements(&list.elts),
            Expr::Tuple(tuple) => elements(&tuple.elts),
            Expr::Set(set) => elements(&set.elts),
            Expr::Dict(_) | Expr::DictComp(_) if at.is_none() => self.keys(iterated, steps),
            Expr::Name(name) => self.items(self.assigned(&name.id)?, at, steps),
            Expr::Call(call) => match (&*call.func, last_name(&call.func)?) {
                (Expr::Attribute(of), "items") if at == Some(0) => self.keys(&of.value, steps),
                (Expr::Attribute(of), "keys") if at.is_none() => self.keys(&of.value, steps),
                (_, "zip") => self.items(call.arguments.args.get(at?)?, None, steps),
                (_, "list" | "tuple" | "sorted" | "set" | "reversed") => {
                    self.items(call.arguments.args.first()?, at, steps)
                }
                _ => None,
            },
            _ => None,
        }
    }

    /// `ModuleType("src")`, or a name for it, in a file that gives no module a `__path__` that leads anywhere.
    fn is_bare(&self, value: &'a Expr) -> bool {
        let is_new = |value: &Expr| {
            value.as_call_expr().is_some_and(|call| matches!(last_name(&call.func), Some("ModuleType" | "new_module")))
        };
        let value = match value {
            Expr::Name(name) => self.assigned(&name.id),
            value => Some(value),
        };
        value.is_some_and(is_new) && !self.gives_paths()
    }

    fn gives_paths(&self) -> bool {
        let is_empty = |value: &Expr| match value {
            Expr::List(list) => list.elts.is_empty(),
            Expr::Tuple(tuple) => tuple.elts.is_empty(),
            _ => false,
        };
        let path = |target: &Expr| target.as_attribute_expr().is_some_and(|attribute| &attribute.attr == "__path__");
        let mut empty = 0;
        let mut all = 0;
        any_node(self.body, usize::MAX, |node| {
            match node {
                AnyNodeRef::StmtAssign(assign) if is_empty(&assign.value) => {
                    empty += assign.targets.iter().filter(|target| path(target)).count();
                }
                AnyNodeRef::ExprAttribute(attribute) => {
                    all += usize::from(matches!(attribute.attr.as_str(), "__path__" | "__dict__"));
                }
                AnyNodeRef::ExprStringLiteral(string) => all += usize::from(string.value.to_str() == "__path__"),
                _ => {}
            }
            false
        });
        all > empty
    }
}

fn is_name(expression: &Expr, wanted: &str) -> bool {
    expression.as_name_expr().is_some_and(|name| name.id == wanted)
}

/// Where a target has a name: the outer `None` if it has not, the inner one if it is the name.
#[expect(clippy::option_option, reason = "two answers: whether, and where")]
fn position(target: &Expr, wanted: &str) -> Option<Option<usize>> {
    match target {
        Expr::Tuple(tuple) => tuple.elts.iter().position(|element| is_name(element, wanted)).map(Some),
        Expr::List(list) => list.elts.iter().position(|element| is_name(element, wanted)).map(Some),
        target => is_name(target, wanted).then_some(None),
    }
}

/// `src.*` of `"src." + name`, `f"src.{name}"`, `"src.%s" % name`, `"src.{}".format(name)` and `".".join(("src", name))`.
fn front(key: &Expr) -> Option<String> {
    let cut = |text: &str, until: Option<char>| {
        let fixed = until.map_or(Some(text), |until| text.split(until).next())?;
        fixed.rfind('.').map(|dot| format!("{}*", &fixed[..=dot]))
    };
    match key {
        Expr::BinOp(operation) => {
            let left = operation.left.as_string_literal_expr()?.value.to_str();
            match operation.op {
                ast::Operator::Add => cut(left, None),
                ast::Operator::Mod => cut(left, Some('%')),
                _ => None,
            }
        }
        Expr::FString(string) => match string.value.iter().next()? {
            ast::FStringPart::Literal(literal) => cut(&literal.value, None),
            ast::FStringPart::FString(part) => cut(&part.elements.first()?.as_literal()?.value, None),
        },
        Expr::Call(call) => {
            let method = call.func.as_attribute_expr()?;
            let text = method.value.as_string_literal_expr()?.value.to_str();
            match method.attr.as_str() {
                "format" => cut(text, Some('{')),
                "join" if text == "." => {
                    let elements = match call.arguments.args.first()? {
                        Expr::Tuple(tuple) => &tuple.elts,
                        Expr::List(list) => &list.elts,
                        _ => return None,
                    };
                    Some(format!("{}.*", elements.first()?.as_string_literal_expr()?.value.to_str()))
                }
                _ => None,
            }
        }
        _ => None,
    }
}

/// `__name__`, `__name__ + ".x"`, `f"{__name__}.x"`.
fn starts_with_own_name(key: &Expr) -> bool {
    let is_own = |expression: &Expr| {
        expression.as_name_expr().is_some_and(|name| matches!(name.id.as_str(), "__name__" | "__package__"))
    };
    match key {
        Expr::BinOp(operation) => is_own(&operation.left),
        Expr::FString(string) => match string.value.iter().next() {
            Some(ast::FStringPart::FString(part)) => part
                .elements
                .first()
                .and_then(ast::InterpolatedStringElement::as_interpolation)
                .is_some_and(|first| is_own(&first.expression)),
            _ => false,
        },
        _ => is_own(key),
    }
}
