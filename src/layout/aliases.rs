//! Names that the project's own files put into `sys.modules` before something imports them.
//!
//! The module-level imports are followed from main in the order in which they run: an import that comes before its name is
//! registered is not served. What a function registers counts at the function's definition.

use super::reach::{ImportRoot, Reach, Roots, SourceFile, follow};
use crate::error::Result;
use crate::python::imports::{Import, Put, serves};
use camino::Utf8PathBuf;
use std::collections::{HashMap, HashSet};

/// Which imports find a registered name.
#[derive(Debug, Default)]
pub(super) struct Aliases {
    served: HashSet<(Utf8PathBuf, u32, u32)>,
    /// First components of registered names.
    tops: HashSet<String>,
    /// A reached file registers names that cannot be read.
    unknown: bool,
}

impl Aliases {
    pub(super) fn serves(&self, file: &SourceFile, import: &Import) -> bool {
        !self.served.is_empty() && self.served.contains(&(file.path.clone(), import.line, import.column))
    }

    /// Whether the project registers names below a top-level one, so that imports through it are for those.
    pub(super) fn has_top(&self, top_level: &str) -> bool {
        self.tops.contains(top_level)
    }

    /// Whether any name may be registered.
    pub(super) fn may_serve(&self) -> bool {
        self.unknown
    }
}

/// What a file does, in its order.
enum Event<'a> {
    Import(&'a Import),
    Put(&'a Put),
}

/// # Errors
/// `Unreadable` for a name that is not UTF-8.
pub(super) fn aliases(roots: &Roots<'_>, reach: &Reach, order: &[&ImportRoot]) -> Result<Aliases> {
    let unknown = reach.files.iter().any(|file| file.imports.effects.makes_any);
    if reach.files.iter().all(|file| file.imports.effects.puts.is_empty()) {
        return Ok(Aliases { unknown, ..Aliases::default() });
    }
    let by_path: HashMap<&Utf8PathBuf, usize> =
        reach.files.iter().enumerate().map(|(at, file)| (&file.path, at)).collect();
    let mut served = HashSet::new();
    let mut put: Vec<&Put> = Vec::new();
    let mut later: Vec<(&SourceFile, &Import)> = Vec::new();
    let mut started: HashSet<usize> = HashSet::from([0]);
    let mut stack: Vec<(usize, std::vec::IntoIter<Event<'_>>)> =
        reach.files.first().map(|main| (0, events(main).into_iter())).into_iter().collect();
    while let Some((at, rest)) = stack.last_mut() {
        let file = &reach.files[*at];
        match rest.next() {
            None => drop(stack.pop()),
            Some(Event::Put(name)) => put.push(name),
            Some(Event::Import(import)) if import.guard.in_function => later.push((file, import)),
            Some(Event::Import(import)) => {
                if is_served(&put, import) {
                    served.insert((file.path.clone(), import.line, import.column));
                    continue;
                }
                // The last that is pushed runs first.
                for found in follow(roots, file, import, order)?.iter().rev() {
                    let files: Vec<&Utf8PathBuf> = found.files().collect();
                    for path in files.into_iter().rev() {
                        if let Some(&next) = by_path.get(path).filter(|next| started.insert(**next)) {
                            stack.push((next, events(&reach.files[next]).into_iter()));
                        }
                    }
                }
            }
        }
    }
    for (file, import) in later.into_iter().filter(|(_, import)| is_served(&put, import)) {
        served.insert((file.path.clone(), import.line, import.column));
    }
    let tops = put.iter().filter_map(|put| put.name.split('.').next()).map(str::to_owned).collect();
    Ok(Aliases { served, tops, unknown })
}

fn events(file: &SourceFile) -> Vec<Event<'_>> {
    let imports = file.imports.items.iter().filter(|import| !import.guard.never_runs);
    let imports = imports.map(|import| (import.line, Event::Import(import)));
    let puts = file.imports.effects.puts.iter().map(|put| (put.line, Event::Put(put)));
    let mut events: Vec<(u32, Event<'_>)> = imports.chain(puts).collect();
    events.sort_by_key(|(line, _)| *line);
    events.into_iter().map(|(_, event)| event).collect()
}

fn is_served(put: &[&Put], import: &Import) -> bool {
    let Some(module) = import.module.as_deref().filter(|_| import.level == 0 && !put.is_empty()) else { return false };
    let whole = import.names.is_empty() && !import.star && !import.dynamic;
    serves(put.iter().copied(), module, whole)
}
