//! Calls of `importlib.metadata` and `pkg_resources`.

use super::names::{NameMeanings, literal};
use crate::python::imports::model::Wanted;
use ruff_python_ast::{self as ast, Expr};

/// What a call asks of the metadata.
pub(super) fn request(names: &NameMeanings<'_, '_>, call: &ast::ExprCall) -> Option<Wanted> {
    let callee = names.dotted(&call.func)?;
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

fn distribution(expression: &Expr) -> Option<Wanted> {
    match expression {
        Expr::StringLiteral(name) => Some(Wanted::Distribution(name.value.to_str().to_owned())),
        Expr::Name(name) if matches!(name.id.as_str(), "__name__" | "__package__") => Some(Wanted::Own),
        _ => None,
    }
}
