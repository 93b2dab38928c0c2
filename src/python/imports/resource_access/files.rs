//! Calls that open a file for reading.

use super::names::{LEVELS, NameMeanings, literal};
use crate::python::imports::model::Path;
use ruff_python_ast as ast;

/// The path of a call that opens a file for reading.
pub(super) fn opened(names: &NameMeanings<'_, '_>, call: &ast::ExprCall) -> Option<Path> {
    let argument = |name: &str, at: usize| call.arguments.find_argument_value(name, at);
    let reads = |at: usize| match argument("mode", at) {
        None => true,
        Some(mode) => literal(mode).is_some_and(|mode| !mode.contains(['w', 'a', 'x'])),
    };
    let callee = names.dotted(&call.func).unwrap_or_default();
    match callee.as_str() {
        "open" | "builtins.open" | "io.open" | "io.FileIO" | "codecs.open" | "gzip.open" | "bz2.open" | "lzma.open"
        | "zipfile.ZipFile" | "wave.open" => {
            return names.path(argument("file", 0).or_else(|| argument("filename", 0)).filter(|_| reads(1))?, LEVELS);
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
            let base = names.package(call.arguments.args.first()?)?;
            return Path { base, parts: Vec::new() }.join(literal(call.arguments.args.get(1)?)?);
        }
        "logging.config.fileConfig" => return names.path(argument("fname", 0)?, LEVELS),
        "toml.load" => return names.path(argument("f", 0)?, LEVELS),
        "numpy.load" | "numpy.loadtxt" | "numpy.genfromtxt" | "PIL.Image.open" | "openpyxl.load_workbook" => {
            return names.path(call.arguments.args.first()?, LEVELS);
        }
        _ if is_table(&callee) => return names.path(call.arguments.args.first()?, LEVELS),
        _ if callee.ends_with(".FileResponse") => return names.path(argument("path", 0)?, LEVELS),
        _ => {}
    }
    let method = call.func.as_attribute_expr()?;
    let is_read = match method.attr.as_str() {
        "read_text" | "read_bytes" => true,
        "open" => reads(0),
        _ => false,
    };
    names.path(is_read.then_some(&*method.value)?, LEVELS)
}

/// `pandas.read_csv`, `polars.scan_csv` and their likes.
fn is_table(callee: &str) -> bool {
    let Some((module, function)) = callee.split_once('.') else { return false };
    matches!(module, "pandas" | "polars") && (function.starts_with("read_") || function == "scan_csv")
}
