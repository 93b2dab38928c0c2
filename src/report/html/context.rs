//! What the HTML report shows besides the report: who imports what, who owned a dropped file, what the machine has.
//!
//! Of every import chain only the last step is kept, aligned with the report's modules: the page walks from step to step.

use crate::bundle::{Bundle, Content, Owner};
use crate::project::Project;
use crate::project::host::HostDistribution;
use crate::report::Report;
use serde_json::{Value, json};
use std::collections::{BTreeMap, HashMap};

/// What the HTML report shows and no other report has.
#[derive(Debug, Default)]
pub(crate) struct HtmlContext<'a> {
    /// The distributions of the project's own virtual environment, where it has one.
    pub(crate) host: Option<&'a [HostDistribution]>,
    /// `saddlebag.classify/1`: what each dependency is for.
    pub(crate) dependencies: Option<&'a Value>,
}

pub(super) fn document(report: &Report, context: &HtmlContext<'_>) -> Value {
    let project = report.project.as_ref();
    let figures: BTreeMap<&str, &str> =
        report.results.into_iter().flatten().map(|result| (result.id.as_str(), result.figure.as_str())).collect();
    json!({
        "name": project.and_then(|project| project.config.name()),
        "dry_run": report.dry_run,
        "figures": figures,
        "imports": report.bundle.map(imports),
        "shown": report.bundle.as_ref().zip(project).map(|(bundle, project)| display_paths(bundle, project)),
        "dropped": report.bundle.map(dropped_owners),
        "host": context.host.map(|host| {
            host.iter()
                .map(|distribution| {
                    json!({ "name": distribution.name, "version": distribution.version, "bytes": distribution.bytes })
                })
                .collect::<Vec<_>>()
        }),
        "dependencies": context.dependencies,
    })
}

/// Three lists, aligned with the modules: the index of each module's `Reachability` (-1 if main does not import it), the index
/// of the module that imports it on the most certain and then shortest way (-1 for a start), and the line of that import.
fn imports(bundle: &Bundle) -> Value {
    let places: HashMap<&str, usize> =
        bundle.modules.iter().enumerate().map(|(at, module)| (module.name.as_str(), at)).collect();
    let (mut levels, mut parents, mut lines) = (Vec::new(), Vec::new(), Vec::new());
    for module in &bundle.modules {
        let node = bundle.graph.find(&module.name);
        let level = node.and_then(|node| bundle.reach.level(node)).map_or(-1, |level| level as i32);
        let step =
            node.and_then(|node| bundle.reach.step(node)).filter(|(from, _)| !bundle.is_shim(bundle.graph.node(*from)));
        let parent = step.and_then(|(from, _)| places.get(bundle.graph.node(from).name.as_str()).copied());
        levels.push(level);
        parents.push(parent.and_then(|at| i32::try_from(at).ok()).unwrap_or(-1));
        lines.push(step.map_or(0, |(_, line)| line));
    }
    json!({ "level": levels, "parent": parents, "line": lines })
}

/// The paths of project files that are uploaded under another name, by the module's index.
fn display_paths(bundle: &Bundle, project: &Project) -> BTreeMap<usize, String> {
    let own = bundle.modules.iter().enumerate().filter_map(|(at, module)| match (&module.content, &module.owner) {
        (Content::File(path), Owner::Project) => Some((at, project.display(path))),
        _ => None,
    });
    own.filter(|(at, shown)| *shown != bundle.modules[*at].name).collect()
}

/// The owners of dropped files: their names, and for each file of the report's list an index into these.
fn dropped_owners(bundle: &Bundle) -> Value {
    let mut names: Vec<&str> = Vec::new();
    let mut known: HashMap<&str, usize> = HashMap::new();
    let indices: Vec<usize> = bundle
        .dropped
        .iter()
        .map(|file| {
            let name = file.owner.as_str();
            *known.entry(name).or_insert_with(|| {
                names.push(name);
                names.len() - 1
            })
        })
        .collect();
    json!({ "owners": names, "owner": indices })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bundle::{Dropped, Module, ModuleType};
    use crate::python::graph::{Graph, Source};
    use std::sync::Arc;

    fn bundle(files: &[(&str, &str)]) -> Bundle {
        let sources = files.iter().map(|(name, text)| Source {
            name: (*name).to_owned(),
            present: true,
            imports: name.ends_with(".py").then(|| Arc::new(crate::python::imports::imports(text.as_bytes()))),
        });
        let graph = Graph::new(sources.collect(), "3.14", false);
        let reach = graph.reach(&graph.starts("main.py"), |_| true);
        let modules = files.iter().map(|(name, text)| Module {
            name: (*name).to_owned(),
            kind: ModuleType::Python,
            content: Content::Inline(text.as_bytes().to_vec()),
            bytes: text.len() as u64,
            owner: Owner::Project,
        });
        Bundle {
            main_module: "main.py".into(),
            modules: modules.collect(),
            graph: Arc::new(graph),
            reach: Arc::new(reach),
            ..Bundle::default()
        }
    }

    #[test]
    fn each_module_knows_its_surest_importer_and_the_line() {
        let bundle = bundle(&[
            ("core.py", "x = 1\n"),
            ("data.txt", ""),
            ("late.py", "import core\n"),
            ("main.py", "import core\n\ndef f():\n    import late\n"),
            ("unused.py", ""),
        ]);
        let expected = json!({ "level": [0, -1, 1, 0, -1], "parent": [3, -1, 3, -1, -1], "line": [1, 0, 4, 0, 0] });
        assert_eq!(imports(&bundle), expected);
    }

    #[test]
    fn dropped_files_share_the_names_of_their_owners() {
        let file = |name: &str, owner: Owner| Dropped { name: name.into(), bytes: 1, rule: "tests", owner };
        let package = || Owner::Package("p".into());
        let bundle = Bundle {
            dropped: vec![file("a", package()), file("b", Owner::Project), file("c", package())],
            ..Bundle::default()
        };
        assert_eq!(dropped_owners(&bundle), json!({ "owners": ["p", "project"], "owner": [0, 1, 0] }));
    }
}
