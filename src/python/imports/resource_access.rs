//! Calls that need something other than modules: the metadata of a distribution, its entry points, a file to read.
//!
//! Only what can be read from the source, without guessing and without a look at the file system.

mod directories;
mod files;
mod metadata;
mod names;

use super::model::{Access, Base, Guard, Import, MetadataRequest, Open, Path};
use crate::python::syntax::last_name;
use names::{LEVELS, NameMeanings};
use ruff_python_ast::{self as ast, Expr};
use ruff_text_size::{Ranged, TextSize};
use std::collections::{BTreeMap, HashMap};

/// The calls of one file that may matter, and what is needed to understand them.
#[derive(Default)]
pub(super) struct ResourceCalls<'a> {
    calls: Vec<(&'a ast::ExprCall, Guard)>,
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
        let known = |name: &str| METADATA.contains(&name) || OPENING.contains(&name) || directories::may_request(name);
        // A call of something under another name (`from importlib.metadata import version as _version`).
        let renamed = |name: &str| METADATA.iter().any(|known| name.contains(known));
        if !guard.never_runs && last_name(&call.func).is_some_and(|name| known(name) || renamed(name)) {
            self.calls.push((call, guard));
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
        let names = NameMeanings::of(&self.assigned, &self.renamed, imports);
        let values = self.assigned.iter().filter_map(|(name, value)| Some((*name, (*value)?)));
        values.filter_map(|(name, value)| Some((name.to_owned(), names.path(value, LEVELS)?))).collect()
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
    ) -> (Vec<MetadataRequest>, Vec<Open>) {
        if self.calls.is_empty() {
            return (Vec::new(), Vec::new());
        }
        let names = NameMeanings::of(&self.assigned, &self.renamed, imports);
        let (mut metadata, mut opens) = (Vec::new(), Vec::new());
        for (call, guard) in &self.calls {
            let (line, column) = place(call.start());
            if let Some(wanted) = metadata::request(&names, call) {
                metadata.push(MetadataRequest { wanted, guard: *guard, line, column });
                continue;
            }
            let file = files::opened(&names, call).map(|path| (path, Access::File));
            let needed = file.map_or_else(|| directories::requested(&names, call), |file| vec![file]);
            for (Path { base, parts }, access) in needed {
                // The directory that the file itself is in is always there.
                if !parts.is_empty() || matches!(base, Base::Constant(..)) {
                    let callee = last_name(&call.func).unwrap_or_default().to_owned();
                    opens.push(Open { base, parts, access, callee, guard: *guard, line, column });
                }
            }
        }
        metadata.sort_by_key(|ask| (ask.line, ask.column));
        opens.sort_by_key(|open| (open.line, open.column));
        (metadata, opens)
    }
}
