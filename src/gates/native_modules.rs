//! `native-modules`: compiled modules are WebAssembly, and built for the Python that will load them.
//!
//! It checks the uploaded files, not the names of the wheels that they came from.

use super::definition::{Check, Gate, codes};
use super::{CheckOutput, Context, Finding, GateId, Level, Severity};
use crate::bundle::{Content, Module, below_packages};
use crate::error::{Error, Location, LocationKind, Result};
use crate::format::count;
use std::io::Read;

codes! {
    FORMAT = "native-modules.format": "A shared object in the upload is not WebAssembly.";
    PYTHON = "native-modules.python": "A shared object in the upload is built for another Python.";
}

pub(super) const GATE: Gate = Gate {
    id: GateId::NativeModules,
    default_level: Level::Deny,
    check: Check::Plan(check),
    nothing_to_check: None,
    codes: CODES,
    page: include_str!("../../docs/gates/native-modules.md"),
};

const WEB_ASSEMBLY: &[u8] = b"\0asm";

pub(super) fn check(context: &Context<'_>) -> Result<CheckOutput> {
    let mut findings = Vec::new();
    let native: Vec<&Module> = context.bundle.modules.iter().filter(|module| is_shared_object(&module.name)).collect();
    for module in &native {
        findings.extend(format(module)?.or_else(|| python(module, &context.target.python)));
    }
    let figure = match (native.len(), findings.len()) {
        (0, _) => "none".to_owned(),
        (all, 0) => format!("{}, WebAssembly for Python {}", count(all, "module"), context.target.python),
        (all, wrong) => format!("{wrong} of {} cannot be loaded", count(all, "module")),
    };
    Ok(CheckOutput { figure, findings })
}

/// `a.so` and `liba.so.3`.
fn is_shared_object(name: &str) -> bool {
    let file = name.rsplit('/').next().unwrap_or(name);
    file.ends_with(".so")
        || file
            .split_once(".so.")
            .is_some_and(|(_, version)| version.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.'))
}

fn head(content: &Content) -> Result<[u8; 4]> {
    let mut head = [0; 4];
    match content {
        Content::Inline(bytes) => bytes.iter().zip(&mut head).for_each(|(from, to)| *to = *from),
        Content::File(path) => {
            let file = fs_err::File::open(path).map_err(|error| Error::unreadable(&error))?;
            let mut bytes = Vec::new();
            file.take(4).read_to_end(&mut bytes).map_err(|error| Error::unreadable(&error))?;
            bytes.iter().zip(&mut head).for_each(|(from, to)| *to = *from);
        }
    }
    Ok(head)
}

fn format(module: &Module) -> Result<Option<Finding>> {
    let head = head(&module.content)?;
    if head == WEB_ASSEMBLY {
        return Ok(None);
    }
    let what = match head {
        [0x7f, b'E', b'L', b'F'] => "a Linux library (ELF)",
        [0xcf | 0xce, 0xfa, 0xed, 0xfe] | [0xca, 0xfe, 0xba, 0xbe] => "a macOS library (Mach-O)",
        [b'M', b'Z', ..] => "a Windows library (PE)",
        _ => "not WebAssembly",
    };
    Ok(Some(Finding::new(
        Severity::Deny,
        FORMAT,
        below_packages(&module.name),
        Location::new(LocationKind::Module, module.name.as_str()),
        format!("`{}` of `{}` is {what}, which Workers cannot load", module.name, module.owner.as_str()),
        "require a version with a wheel for Pyodide, or leave the file out with `prune.exclude`",
    )))
}

/// `_x.cpython-313-wasm32-emscripten.so` is for Python 3.13; `abi3` and names without a tag fit every Python.
fn python(module: &Module, target: &str) -> Option<Finding> {
    let file = module.name.rsplit('/').next()?;
    let tag = file.split('.').find_map(|part| part.strip_prefix("cpython-"))?;
    let digits: &str = tag.split('-').next()?;
    let digits = digits.trim_end_matches(|c: char| !c.is_ascii_digit()); // `313t`
    let (major, minor) = digits.split_at_checked(1)?;
    let version = format!("{major}.{minor}");
    (version != target).then(|| {
        Finding::new(
            Severity::Deny,
            PYTHON,
            below_packages(&module.name),
            Location::new(LocationKind::Module, module.name.as_str()),
            format!(
                "`{}` of `{}` is for Python {version}, and the Worker runs {target}",
                module.name,
                module.owner.as_str()
            ),
            "run again with `--no-cache`; if it stays, require a version with a wheel for that Python",
        )
    })
}
