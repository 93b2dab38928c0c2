//! What the requirements would resolve to if missing wheels did not matter.
//!
//! From the lockfile and the annotated list of one universal uv resolution: which packages the target would get, what
//! requires each, and which of them have no wheel for it. Chains follow real requirements, not the resolver's search.

use super::pinned::Pinned;
use crate::project::Target;
use crate::python::distribution::leading_name;
use crate::python::normalize;
use pep508_rs::{MarkerEnvironment, MarkerEnvironmentBuilder, MarkerTree};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::str::FromStr;

/// What requires what, by normalised name.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Graph {
    /// For each package, the packages that require it.
    required_by: BTreeMap<String, BTreeSet<String>>,
    /// What the project itself requires.
    direct: BTreeSet<String>,
}

impl Graph {
    /// Reads a `requirements.txt` of `uv pip compile`, with a `# via` below each package.
    pub(super) fn read(text: &str) -> Self {
        let mut graph = Self::default();
        let mut package = None;
        for line in text.lines() {
            let Some(comment) = line.trim_start().strip_prefix('#') else {
                if line.starts_with(|c: char| c.is_ascii_alphanumeric()) {
                    package = Some(normalize(leading_name(line)));
                }
                continue;
            };
            let Some(package) = &package else { continue };
            let via = comment.trim().trim_start_matches("via").trim();
            if via.contains("pyproject.toml") {
                graph.direct.insert(package.clone());
            } else if !via.is_empty() && leading_name(via).len() == via.len() {
                graph.required_by.entry(package.clone()).or_default().insert(normalize(via));
            }
        }
        graph
    }

    /// The shortest chain from a direct requirement to a package.
    pub(super) fn chain(&self, name: &str) -> Vec<String> {
        let mut open = VecDeque::from([vec![name.to_owned()]]);
        let mut seen = BTreeSet::new();
        while let Some(path) = open.pop_front() {
            let Some(last) = path.last() else { continue };
            if self.direct.contains(last) {
                return path.into_iter().rev().collect();
            }
            if !seen.insert(last.clone()) {
                continue;
            }
            for who in self.required_by.get(last).into_iter().flatten() {
                open.push_back(path.iter().chain([who]).cloned().collect());
            }
        }
        Vec::new()
    }

    /// The direct requirements that bring in a package.
    pub(super) fn heads(&self, name: &str) -> BTreeSet<String> {
        self.above(name).into_iter().filter(|name| self.direct.contains(name)).collect()
    }

    /// Whether `who` requires `what`, directly or not, or is the same package.
    pub(super) fn needs(&self, who: &str, what: &str) -> bool {
        self.above(what).contains(who)
    }

    /// Itself and everything that requires it.
    fn above(&self, name: &str) -> BTreeSet<String> {
        let mut above = BTreeSet::new();
        let mut open = vec![name.to_owned()];
        while let Some(name) = open.pop() {
            if above.insert(name.clone()) {
                open.extend(self.required_by.get(&name).into_iter().flatten().cloned());
            }
        }
        above
    }
}

/// A resolution that accepts any wheel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Unrestricted {
    /// What the target would get, by name.
    pub(super) packages: BTreeMap<String, Pinned>,
    pub(super) graph: Graph,
}

impl Unrestricted {
    pub(super) fn of(packages: Vec<Pinned>, graph: &str) -> Self {
        let packages = packages.into_iter().map(|pinned| (pinned.name.clone(), pinned)).collect();
        Self { packages, graph: Graph::read(graph) }
    }

    /// Merges several; for duplicates, the first is kept.
    pub(super) fn merged(all: impl IntoIterator<Item = Self>) -> Option<Self> {
        all.into_iter().reduce(|mut merged, next| {
            for (name, pinned) in next.packages {
                merged.packages.entry(name).or_insert(pinned);
            }
            for (name, who) in next.graph.required_by {
                merged.graph.required_by.entry(name).or_default().extend(who);
            }
            merged.graph.direct.extend(next.graph.direct);
            merged
        })
    }

    /// Packages without a wheel for the target. Those without any wheel, such as local sources, do not count.
    pub(super) fn without_wheel<'a>(&'a self, target: &'a Target) -> impl Iterator<Item = &'a Pinned> {
        let usable = |pinned: &Pinned| pinned.wheels.iter().any(|wheel| is_usable(wheel, target));
        self.packages.values().filter(move |pinned| !pinned.wheels.is_empty() && !usable(pinned))
    }
}

/// Whether the target supports a wheel, by the tags in its name.
fn is_usable(wheel: &str, target: &Target) -> bool {
    let mut parts = wheel.trim_end_matches(".whl").rsplit('-');
    let (Some(platforms), Some(abis), Some(pythons)) = (parts.next(), parts.next(), parts.next()) else { return true };
    let takes = |platform: &str| platform == "any" || target.wheel_platforms.iter().any(|known| known == platform);
    if !platforms.split('.').any(takes) {
        return false;
    }
    let minor = target.python.strip_prefix("3.").and_then(|minor| minor.parse::<u32>().ok()).unwrap_or(u32::MAX);
    let not_newer = |python: &str| {
        let number = python.strip_prefix("cp3").or_else(|| python.strip_prefix("py3"));
        number.is_some_and(|number| number.is_empty() || number.parse::<u32>().is_ok_and(|number| number <= minor))
    };
    let exact = format!("cp3{minor}");
    abis.split('.').any(|abi| match abi {
        "none" => pythons.split('.').any(|python| python == exact || (python.starts_with("py3") && not_newer(python))),
        "abi3" => pythons.split('.').any(not_newer),
        abi => abi == exact,
    })
}

/// Whether a marker holds on the target. An invalid marker counts as true.
pub(super) fn holds(marker: &str, target: &Target) -> bool {
    let tree = MarkerTree::from_str(marker).ok().zip(environment(target));
    tree.is_none_or(|(tree, environment)| tree.evaluate(&environment, &[]))
}

fn environment(target: &Target) -> Option<MarkerEnvironment> {
    MarkerEnvironment::try_from(MarkerEnvironmentBuilder {
        implementation_name: "cpython",
        implementation_version: &target.python_full,
        os_name: "posix",
        platform_machine: "wasm32",
        platform_python_implementation: "CPython",
        platform_release: "",
        platform_system: "Emscripten",
        platform_version: "",
        python_full_version: &target.python_full,
        python_version: &target.python,
        sys_platform: "emscripten",
    })
    .ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIST: &str = "annotated-types==0.8.0\n    # via pydantic\ncolorama==0.4.6 ; sys_platform == 'win32'\n    # via uvicorn\n\
         idna==3.20\n    # via\n    #   anyio\n    #   saddlebag-workspace (pyproject.toml)\nanyio==4.16.0\n    # via Watch.Files\n\
         pydantic==2.9.2\n    # via saddlebag-workspace (pyproject.toml)\npydantic-core==2.23.4\n    # via pydantic\n\
         uvicorn==0.30.0\n    # via\n    #   saddlebag-workspace (pyproject.toml)\n    #   (constraint)\nwatch-files==1.3.0\n    # via uvicorn\n";

    #[test]
    fn the_annotated_list_says_who_requires_what() {
        let graph = Graph::read(LIST);
        assert_eq!(graph.chain("pydantic-core"), ["pydantic", "pydantic-core"]);
        assert_eq!(graph.chain("anyio"), ["uvicorn", "watch-files", "anyio"]);
        assert_eq!(graph.chain("idna"), ["idna"]);
        assert_eq!(graph.chain("nothing"), [""; 0]);
        assert_eq!(graph.heads("idna"), ["idna", "uvicorn"].map(str::to_owned).into());
        assert!(graph.needs("uvicorn", "anyio") && !graph.needs("anyio", "uvicorn") && graph.needs("idna", "idna"));
    }

    fn target() -> Target {
        Target {
            python: "3.14".into(),
            pyodide: "314.0.6".into(),
            python_full: "3.14.2".into(),
            wheel_platforms: vec!["pyemscripten_2026_0_wasm32".into()],
            compatibility_date: "2026-10-01".into(),
            compatibility_flags: Vec::new(),
            flag: "python_workers_314".into(),
            python_workers: true,
            bundles_sdk: false,
            legacy_vendor: false,
            today: "2026-11-28".into(),
            pywrangler_would_pick: None,
        }
    }

    #[test]
    fn a_wheel_is_usable_by_its_tags() {
        let target = target();
        for (wheel, expected) in [
            ("x-1-py3-none-any.whl", true),
            ("x-1-py2.py3-none-any.whl", true),
            ("x-1-py2-none-any.whl", false),
            ("x-1-py312-none-any.whl", true),
            ("x-1-py315-none-any.whl", false),
            ("x-1-cp314-none-any.whl", true),
            ("x-1-cp314-cp314-pyemscripten_2026_0_wasm32.whl", true),
            ("x-1-cp310-abi3-pyemscripten_2026_0_wasm32.whl", true),
            ("x-1-cp313-cp313-pyemscripten_2025_0_wasm32.whl", false),
            ("x-1-cp313-cp313-pyemscripten_2026_0_wasm32.whl", false),
            ("x-1-cp314-cp314-manylinux_2_17_x86_64.manylinux2014_x86_64.whl", false),
            ("x-1-cp314-cp314t-pyemscripten_2026_0_wasm32.whl", false),
            ("x-1-2-py3-none-any.whl", true),
        ] {
            assert_eq!(is_usable(wheel, &target), expected, "{wheel}");
        }
    }

    #[test]
    fn what_each_requirement_brings_is_seen_as_one() {
        let pinned = |name: &str, version: &str, tag: &str| Pinned {
            name: name.into(),
            version: version.into(),
            wheels: vec![format!("{name}-{version}-{tag}.whl")],
            uploaded: None,
        };
        let direct = |name: &str| format!("{name}==1\n    # via saddlebag-workspace (pyproject.toml)\n");
        let one = Unrestricted::of(
            vec![pinned("a", "1", "py3-none-any"), pinned("deep", "2", "cp314-cp314-win_amd64")],
            &format!("{}deep==2\n    # via a\n", direct("a")),
        );
        let other = Unrestricted::of(
            vec![pinned("b", "1", "py3-none-any"), pinned("deep", "3", "py3-none-any")],
            &format!("{}deep==3\n    # via b\n", direct("b")),
        );
        let merged = Unrestricted::merged([one, other]).unwrap();
        let target = target();
        let without: Vec<String> =
            merged.without_wheel(&target).map(|pinned| format!("{} {}", pinned.name, pinned.version)).collect();
        assert_eq!(without, ["deep 2"]);
        assert_eq!(merged.graph.heads("deep"), ["a", "b"].map(str::to_owned).into());
        assert_eq!(Unrestricted::merged([]), None);
    }

    #[test]
    fn what_is_for_other_platforms_is_not_wanted_here() {
        let target = target();
        assert!(!holds("sys_platform == 'win32'", &target));
        assert!(holds("sys_platform == 'emscripten' and python_full_version >= '3.9'", &target));
        assert!(!holds("sys_platform != 'emscripten'", &target));
        assert!(holds("no marker at all", &target));
    }
}
