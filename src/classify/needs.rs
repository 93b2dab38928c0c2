//! Which packages of the bundle something needs: an import, metadata, a requirement.
//!
//! In doubt, a package counts as needed: code may load it by a name that it builds at run time.

use super::{Class, Imported};
use crate::bundle::{Bundle, Module, Owner, below_packages};
use crate::error::Result;
use crate::gates;
use crate::project::Project;
use crate::python::graph::{EdgeKind, Reach, Reachability};
use crate::python::imports::Wanted;
use crate::python::{normalize, stdlib};
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

/// What pywrangler adds by itself (workers-py 1.17.9, `sync.py`).
const SDK: &str = "workers-runtime-sdk";
/// Entry points that programs and tools look for, and no Worker.
const OF_TOOLS: [&str; 9] = [
    "console_scripts",
    "gui_scripts",
    "pytest11",
    "distutils.",
    "setuptools.",
    "egg_info.",
    "flake8.",
    "pylint.",
    "hatch",
];

const IN_A_STRING: &str = "has its name in a string, and may load it";

/// What is known of one package.
#[derive(Debug, Clone)]
pub(super) struct Need {
    pub(super) class: Class,
    /// Where no import says it.
    pub(super) reason: Option<String>,
    pub(super) imported: Option<Imported>,
    /// With what asks for it by an extra.
    pub(super) required_by: Vec<String>,
}

impl Need {
    /// Whether nothing but a string speaks for it.
    pub(super) fn is_only_named(&self) -> bool {
        self.imported.is_none() && self.reason.as_ref().is_some_and(|reason| reason.ends_with(IN_A_STRING))
    }
}

/// By the package's name.
///
/// # Errors
/// `Unreadable`: metadata, or a module, of the bundle that cannot be read.
pub(super) fn judge(project: &Project, bundle: &Bundle) -> Result<BTreeMap<String, Need>> {
    let view = View::of(project, bundle)?;
    let needed = view.needed()?;
    let mut found: BTreeMap<String, Need> = BTreeMap::new();
    for package in &bundle.packages {
        let name = package.name.as_str();
        let imported = view.imported(&view.reach, name).or_else(|| view.imported(&bundle.reach, name));
        let (class, reason) = match needed.get(name) {
            Some(reason) => (Class::Runtime, reason.clone()),
            None => view.not_needed(name, imported.is_some()),
        };
        let required_by = view.required_by(name).to_vec();
        found.insert(name.to_owned(), Need { class, reason, imported, required_by });
    }
    Ok(found)
}

struct View<'a> {
    project: &'a Project,
    bundle: &'a Bundle,
    /// The nodes of each package.
    nodes: BTreeMap<&'a str, Vec<u32>>,
    /// The package of each node that has one.
    owners: BTreeMap<u32, &'a str>,
    direct: BTreeSet<&'a str>,
    /// Development tools that no file of the project imports, and no package as it starts.
    tools: BTreeSet<&'a str>,
    /// What main imports without those.
    reach: Cow<'a, Reach>,
    required_by: BTreeMap<&'a str, Vec<String>>,
    /// The groups of entry points that each package fills, but those of tools.
    groups: BTreeMap<&'a str, BTreeSet<String>>,
}

impl<'a> View<'a> {
    fn of(project: &'a Project, bundle: &'a Bundle) -> Result<Self> {
        let mut nodes: BTreeMap<&str, Vec<u32>> = BTreeMap::new();
        let mut owners = BTreeMap::new();
        for module in &bundle.modules {
            if let (Owner::Package(name), Some(node)) = (&module.owner, bundle.graph.find(&module.name)) {
                nodes.entry(name).or_default().push(node);
                owners.insert(node, name.as_str());
            }
        }
        let direct = project.requirements.entries.iter().filter_map(|entry| entry.name.as_deref()).collect();
        let required_by = required_by(bundle)?;
        let mut view = Self {
            project,
            bundle,
            nodes,
            owners,
            direct,
            tools: BTreeSet::new(),
            reach: Cow::Borrowed(&bundle.reach),
            required_by,
            groups: groups(bundle)?,
        };
        let names = bundle.packages.iter().map(|package| package.name.as_str());
        let is_tool = |name: &&str| {
            gates::is_development_tool(name)
                && view.surest(&bundle.reach, name).is_none_or(|(_, level)| level > Reachability::Project)
        };
        view.tools = names.filter(is_tool).collect();
        if !view.tools.is_empty() {
            let of_a_tool = |node: u32| view.owners.get(&node).is_some_and(|owner| view.tools.contains(owner));
            let mut starts = bundle.graph.starts(&bundle.main_module);
            starts.retain(|start| !of_a_tool(*start));
            view.reach = Cow::Owned(bundle.graph.reach(&starts, |edge| !of_a_tool(edge.to)));
        }
        Ok(view)
    }

    fn surest(&self, reach: &Reach, name: &str) -> Option<(u32, Reachability)> {
        reach.surest(self.nodes.get(name)?.iter().copied())
    }

    fn imported(&self, reach: &Reach, name: &str) -> Option<Imported> {
        let (node, level) = self.surest(reach, name)?;
        Some(Imported { level, chain: self.bundle.steps_of(reach, self.project, node) })
    }

    fn required_by(&self, name: &str) -> &[String] {
        self.required_by.get(name).map_or(&[], Vec::as_slice)
    }

    /// Every package that something needs; with the reason, where that is no import.
    fn needed(&self) -> Result<BTreeMap<&'a str, Option<String>>> {
        let mut needed: BTreeMap<&str, Option<String>> = BTreeMap::new();
        let names: Vec<&str> = self.bundle.packages.iter().map(|package| package.name.as_str()).collect();
        for name in names.iter().filter(|name| !self.tools.contains(*name)) {
            if *name == SDK {
                needed.insert(name, Some("pywrangler adds it to every Python Worker".to_owned()));
            } else if self.surest(&self.reach, name).is_some() {
                needed.insert(name, None);
            } else if !self.direct.contains(*name) && self.required_by(name).is_empty() {
                needed.insert(name, Some("nothing is known to require it: it stays".to_owned()));
            }
        }
        let asked = self.asked()?;
        loop {
            let mut new: BTreeMap<&str, Option<String>> = BTreeMap::new();
            for name in names.iter().filter(|name| !self.tools.contains(*name) && !needed.contains_key(*name)) {
                let reason = match asked.get(name) {
                    Some(reason) => Some(reason.clone()),
                    None => self.by_requirement(name, &needed).or_else(|| self.by_plugin(name, &needed)),
                };
                if let Some(reason) = reason {
                    new.insert(name, Some(reason));
                }
            }
            // The texts are read only for what nothing else speaks for.
            if new.is_empty() {
                for name in names.iter().filter(|name| self.direct.contains(*name)) {
                    if !self.tools.contains(name) && !needed.contains_key(name) {
                        let reason = self.by_chance(name, &needed).or(self.by_string(name, &needed)?);
                        new.extend(reason.map(|reason| (*name, Some(reason))));
                    }
                }
            }
            if new.is_empty() {
                return Ok(needed);
            }
            needed.extend(new);
        }
    }

    /// What code that runs asks the metadata of, or loads as plugins of a group, or what the standard library loads.
    fn asked(&self) -> Result<BTreeMap<&'a str, String>> {
        let mut found: BTreeMap<&str, String> = BTreeMap::new();
        for (at, node) in self.bundle.graph.nodes().filter(|(_, node)| node.present) {
            let Some(says) = node.imports.as_ref().filter(|_| self.reach.level(at).is_some()) else { continue };
            let by = |line: u32| format!("{}:{line}", below_packages(&self.bundle.shown(self.project, node)));
            for ask in &says.metadata {
                match &ask.wanted {
                    Wanted::Distribution(name) => {
                        if let Some(package) = self.package(&normalize(name)) {
                            found.entry(package).or_insert_with(|| format!("`{}` asks for its metadata", by(ask.line)));
                        }
                    }
                    Wanted::Own => {}
                    Wanted::EntryPoints(group) => {
                        for (package, _) in self.groups.iter().filter(|(_, groups)| groups.contains(group)) {
                            let reason = || format!("`{}` loads its plugins of `{group}`", by(ask.line));
                            found.entry(package).or_insert_with(reason);
                        }
                    }
                }
            }
            let zones = says.items.iter().find(|item| item.module.as_deref() == Some(stdlib::ZONES.importer));
            if let (Some(item), Some(package)) = (zones, self.package(stdlib::ZONES.distribution)) {
                found
                    .entry(package)
                    .or_insert_with(|| format!("`zoneinfo` reads it, which `{}` imports", by(item.line)));
            }
        }
        Ok(found)
    }

    fn package(&self, name: &str) -> Option<&'a str> {
        self.bundle.packages.iter().map(|package| package.name.as_str()).find(|known| *known == name)
    }

    fn by_requirement(&self, name: &str, needed: &BTreeMap<&str, Option<String>>) -> Option<String> {
        let by: Vec<String> =
            self.required_by(name).iter().filter(|by| needed.contains_key(by.as_str())).cloned().collect();
        (!by.is_empty()).then(|| format!("required by {}, imported by nothing", quoted(&by)))
    }

    /// A group that is called after a package that is needed: `sqlalchemy.dialects`, `opentelemetry_propagator`.
    fn by_plugin(&self, name: &str, needed: &BTreeMap<&str, Option<String>>) -> Option<String> {
        let of = |group: &String| {
            let first = group.split(['.', '_', '-', ':']).next().unwrap_or_default().to_owned();
            let tops = |host: &&&str| {
                let nodes = self.nodes.get(**host).into_iter().flatten();
                **host != name
                    && (***host == first || nodes.into_iter().any(|node| self.bundle.graph.node(*node).dotted == first))
            };
            needed.keys().find(tops).map(|host| format!("a plugin of `{host}`, by its entry points `{group}`"))
        };
        self.groups.get(name).into_iter().flatten().find_map(of)
    }

    /// Imported by a module that travels and that nothing imports by its name: it may be loaded by one that is made up.
    fn by_chance(&self, name: &str, needed: &BTreeMap<&str, Option<String>>) -> Option<String> {
        let wanted = self.nodes.get(name)?;
        let mut nodes = self.bundle.graph.nodes().filter(|(at, node)| {
            node.present && self.owners.get(at).map_or(node.is_project(), |owner| needed.contains_key(owner))
        });
        nodes.find_map(|(at, node)| {
            let edges = self.bundle.graph.edges(at);
            let edge = edges.iter().find(|edge| edge.kind != EdgeKind::String && wanted.contains(&edge.to))?;
            let shown = below_packages(&self.bundle.shown(self.project, node)).to_owned();
            Some(format!("`{shown}:{}` imports it, and may be loaded at run time though no import names it", edge.line))
        })
    }

    /// Its import name as a string of its own, in a module that runs: `import_optional("openpyxl")`, `INSTALLED_APPS`.
    fn by_string(&self, name: &str, needed: &BTreeMap<&str, Option<String>>) -> Result<Option<String>> {
        let tops: BTreeSet<&str> = (self.nodes.get(name).into_iter().flatten())
            .filter_map(|node| self.bundle.graph.node(*node).dotted.split('.').next())
            .collect();
        let needles: Vec<String> = tops.iter().flat_map(|top| [format!("\"{top}\""), format!("'{top}'")]).collect();
        let Ok(search) = aho_corasick::AhoCorasick::new(&needles) else { return Ok(None) };
        for module in self.bundle.modules.iter().filter(|module| module.name.ends_with(".py")) {
            let speaks = match &module.owner {
                Owner::Package(owner) => needed.contains_key(owner.as_str()),
                Owner::Project => true,
                Owner::Saddlebag | Owner::Vendored => false,
            };
            let node = self.bundle.graph.find(&module.name);
            if speaks
                && node.is_some_and(|node| self.reach.level(node).is_some())
                && search.is_match(&*module.content.read()?)
            {
                let node = node.map(|node| self.bundle.graph.node(node));
                let shown = node.map_or_else(|| module.name.clone(), |node| self.bundle.shown(self.project, node));
                return Ok(Some(format!("`{}` {IN_A_STRING}", below_packages(&shown))));
            }
        }
        Ok(None)
    }

    fn not_needed(&self, name: &str, imported: bool) -> (Class, Option<String>) {
        if self.tools.contains(name) {
            return match imported {
                true => {
                    (Class::Development, Some("a development tool: only functions of packages import it".to_owned()))
                }
                false => (Class::Unused, Some("a development tool, and nothing imports it".to_owned())),
            };
        }
        let by = self.required_by(name).iter().filter(|by| *by != "project").cloned().collect::<Vec<_>>();
        let reason = match (self.direct.contains(name), by.is_empty()) {
            (true, true) => "nothing imports it, names it or asks for its metadata".to_owned(),
            (true, false) => format!(
                "nothing imports it, names it or asks for its metadata; only {} requires it besides",
                quoted(&by)
            ),
            (false, _) => format!("only {} requires it", quoted(&by)),
        };
        (Class::Unused, Some(reason))
    }
}

fn quoted(names: &[String]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

/// The files of that name in the metadata of packages, with their owners.
fn metadata<'a>(bundle: &'a Bundle, file: &'static str) -> impl Iterator<Item = (&'a Module, &'a str)> {
    bundle.modules.iter().filter_map(move |module| match &module.owner {
        Owner::Package(owner) if module.name.ends_with(&format!(".dist-info/{file}")) => Some((module, owner.as_str())),
        _ => None,
    })
}

/// The groups of entry points that each package fills, but those of tools.
fn groups(bundle: &Bundle) -> Result<BTreeMap<&str, BTreeSet<String>>> {
    let mut found: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for (module, owner) in metadata(bundle, "entry_points.txt") {
        let bytes = module.content.read()?;
        let text = String::from_utf8_lossy(&bytes);
        let headers = text.lines().filter_map(|line| line.trim().strip_prefix('[')?.strip_suffix(']'));
        let groups = headers.filter(|group| !OF_TOOLS.iter().any(|of_tools| group.starts_with(of_tools)));
        found.entry(owner).or_default().extend(groups.map(str::to_owned));
    }
    Ok(found)
}

/// Who requires each package; where that is nobody, who does so by an extra.
fn required_by(bundle: &Bundle) -> Result<BTreeMap<&str, Vec<String>>> {
    let mut found: BTreeMap<&str, Vec<String>> =
        bundle.packages.iter().map(|package| (package.name.as_str(), package.required_by.clone())).collect();
    let unclear = |name: &str, by: &[String]| name != SDK && by.is_empty();
    if !found.iter().any(|(name, by)| unclear(name, by)) {
        return Ok(found);
    }
    let mut by_extra: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
    for (module, owner) in metadata(bundle, "METADATA") {
        let bytes = module.content.read()?;
        let text = String::from_utf8_lossy(&bytes);
        let headers = text.lines().take_while(|line| !line.is_empty());
        for line in headers.filter_map(|line| line.strip_prefix("Requires-Dist:")).filter(|line| line.contains("extra"))
        {
            let name = line.trim().split(|c: char| !(c.is_ascii_alphanumeric() || "-_.".contains(c))).next();
            by_extra.entry(normalize(name.unwrap_or_default())).or_default().insert(owner);
        }
    }
    for (name, by) in found.iter_mut().filter(|(name, by)| unclear(name, by)) {
        *by = by_extra
            .get(*name)
            .into_iter()
            .flatten()
            .filter(|owner| **owner != *name)
            .map(|owner| (*owner).to_owned())
            .collect();
    }
    Ok(found)
}
