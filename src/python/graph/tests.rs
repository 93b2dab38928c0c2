use super::*;
use crate::python::imports::imports;

fn graph_of(files: &[(&str, &str)]) -> Graph {
    let source = |(name, text): &(&str, &str)| Source {
        name: (*name).to_owned(),
        present: true,
        says: name.ends_with(".py").then(|| Arc::new(imports(text.as_bytes()))),
    };
    Graph::new(files.iter().map(source).collect(), "3.13")
}

/// Edges as `from -> to`, by upload name, parents and strings marked.
fn edges(graph: &Graph) -> Vec<String> {
    let mut all = Vec::new();
    for (at, node) in graph.nodes() {
        for edge in graph.edges(at) {
            let mark = match edge.kind {
                EdgeKind::Module => "",
                EdgeKind::Parent => " (parent)",
                EdgeKind::Name => " (name)",
                EdgeKind::String => " (string)",
            };
            all.push(format!("{} -> {}{mark}", node.name, graph.node(edge.to).name));
        }
    }
    all
}

/// Problems as `from: missing kind`.
fn problems(graph: &Graph) -> Vec<String> {
    let all = graph.problems().iter();
    all.map(|problem| format!("{}: {} {:?}", graph.node(problem.node).name, problem.missing, problem.kind)).collect()
}

#[test]
fn packages_run_before_what_is_in_them_and_relative_imports_are_followed() {
    let graph = graph_of(&[
        ("main.py", "import a.b.c\nfrom a import d, NAME\n"),
        ("a/__init__.py", "NAME = 1\n"),
        ("a/b/__init__.py", "from . import c\nfrom ..d import x\n"),
        ("a/b/c.py", ""),
        ("a/d.py", "x = 1\nfrom .b.c import *\n"),
    ]);
    assert_eq!(
        edges(&graph),
        [
            "main.py -> a/__init__.py (parent)",
            "main.py -> a/b/__init__.py (parent)",
            "main.py -> a/b/c.py",
            "main.py -> a/__init__.py",
            "main.py -> a/d.py (name)",
            "a/b/__init__.py -> a/__init__.py (parent)",
            "a/b/__init__.py -> a/b/c.py (name)",
            "a/b/__init__.py -> a/__init__.py (parent)",
            "a/b/__init__.py -> a/d.py",
            "a/d.py -> a/__init__.py (parent)",
            "a/d.py -> a/b/__init__.py (parent)",
            "a/d.py -> a/b/c.py",
        ]
    );
    assert_eq!(problems(&graph), Vec::<String>::new());
}

#[test]
fn the_standard_library_comes_first_then_packages_then_the_project() {
    let graph = graph_of(&[
        ("main.py", "import json, requests, resource, own\n"),
        ("json.py", ""),
        ("requests.py", ""),
        ("resource.py", ""),
        ("own.py", ""),
        ("python_modules/requests/__init__.py", ""),
    ]);
    // Workers have no `resource` of their own, so that the project's is found.
    assert_eq!(
        edges(&graph),
        ["main.py -> python_modules/requests/__init__.py", "main.py -> resource.py", "main.py -> own.py"]
    );
}

#[test]
fn what_is_not_there_is_told_by_kind() {
    let graph = graph_of(&[
        (
            "main.py",
            "import gone, tkinter, a.gone\nfrom a import nothing, there\nfrom a.b import also_gone\nfrom p import whatever\nimport p.gone\nfrom ns import gone_too, mod\nif TYPE_CHECKING:\n    import never\n",
        ),
        ("a/__init__.py", "there = 1\n"),
        ("a/b.py", ""),
        ("python_modules/p/__init__.py", ""),
        ("python_modules/ns/mod.py", ""),
    ]);
    assert_eq!(
        problems(&graph),
        [
            "main.py: gone TopLevel",
            "main.py: tkinter Stdlib",
            "main.py: a.gone Submodule",
            "main.py: a.nothing Name",
            "main.py: a.b.also_gone Name",
            "main.py: p.gone Submodule",
            "main.py: ns.gone_too Submodule",
        ]
    );
}

#[test]
fn what_may_be_made_while_it_runs_is_never_missing() {
    let graph = graph_of(&[
        (
            "main.py",
            "import six.moves.urllib, tlz.functoolz\nfrom lazy import anything\nfrom star import x, y\nfrom package_star import z\nimport pkg_style.other\n",
        ),
        ("python_modules/six.py", "import sys\nsys.meta_path.append(x)\n"),
        ("python_modules/tlz/__init__.py", "from tlz._build import loader\n"),
        ("python_modules/tlz/_build.py", "import sys\nloader = 1\nsys.meta_path.insert(0, loader)\n"),
        ("lazy.py", "def __getattr__(name): ...\n"),
        ("star.py", "from base import *\n"),
        ("base.py", "x = y = 1\n"),
        ("package_star.py", "from package import *\n"),
        ("python_modules/package/__init__.py", ""),
        ("python_modules/pkg_style/__init__.py", "__path__ = __import__('pkgutil').extend_path(__path__, __name__)\n"),
    ]);
    assert_eq!(problems(&graph), Vec::<String>::new());
    let closed =
        graph_of(&[("main.py", "from star import z\n"), ("star.py", "from base import *\n"), ("base.py", "x = 1\n")]);
    assert_eq!(problems(&closed), ["main.py: star.z Name"]);
}

#[test]
fn namespace_packages_are_shared_and_a_whole_package_beats_them() {
    let graph = graph_of(&[
        ("main.py", "import ns.mine, ns.theirs, whole.x\n"),
        ("ns/mine.py", ""),
        ("whole/__init__.py", ""),
        ("whole/x.py", ""),
        ("python_modules/ns/theirs.py", ""),
        ("python_modules/whole/y.py", ""),
    ]);
    assert_eq!(
        edges(&graph),
        [
            "main.py -> ns/mine.py",
            "main.py -> python_modules/ns/theirs.py",
            "main.py -> whole/__init__.py (parent)",
            "main.py -> whole/x.py"
        ]
    );
    assert_eq!(graph.bare_packages().count(), 0, "`ns` is not the project's alone");
    let bare = graph_of(&[("main.py", "import own.x\n"), ("own/x.py", "")]);
    assert_eq!(bare.bare_packages().map(|(dotted, by)| (dotted, by.len())).collect::<Vec<_>>(), [("own", 1)]);
}

#[test]
fn extensions_are_modules_and_beat_their_sources() {
    let graph = graph_of(&[
        ("main.py", "import p._x\nfrom p import _y\n"),
        ("python_modules/p/__init__.py", ""),
        ("python_modules/p/_x.py", ""),
        ("python_modules/p/_x.cpython-313-wasm32-emscripten.so", ""),
        ("python_modules/p/_y.abi3.so", ""),
        ("python_modules/p/data.json", ""),
    ]);
    assert_eq!(
        edges(&graph),
        [
            "main.py -> python_modules/p/__init__.py (parent)",
            "main.py -> python_modules/p/_x.cpython-313-wasm32-emscripten.so",
            "main.py -> python_modules/p/__init__.py",
            "main.py -> python_modules/p/_y.abi3.so (name)",
        ]
    );
    assert_eq!(graph.find("python_modules/p/data.json"), None);
}

#[test]
fn the_surest_way_wins_and_a_chain_is_worth_its_weakest_link() {
    let mut graph = graph_of(&[
        (
            "main.py",
            "import a\ndef f():\n    import b, c\ntry:\n    import d\nexcept ImportError:\n    d = None\nNAME = 'e.f'\n",
        ),
        ("a.py", "import c\n"),
        ("b.py", "import d\n"),
        ("c.py", ""),
        ("d.py", "import g\n"),
        ("e/__init__.py", ""),
        ("e/f.py", ""),
        ("g.py", ""),
        ("h.py", ""),
        ("python_modules/p.py", "def f():\n    import q\n"),
        ("python_modules/q.py", ""),
        ("i.py", "import p\n"),
    ]);
    let reach = graph.reach(&graph.starts("main.py"), |_| true);
    let level = |name: &str| reach.level(graph.find(name).unwrap());
    assert_eq!(level("main.py"), Some(Level::Always));
    assert_eq!(level("c.py"), Some(Level::Always), "by `a`, although a function imports it too");
    assert_eq!(level("b.py"), Some(Level::Sometimes));
    assert_eq!((level("d.py"), level("g.py")), (Some(Level::Sometimes), Some(Level::Sometimes)), "by `b`, unguarded");
    assert_eq!(level("e/f.py"), Some(Level::Named));
    assert_eq!(level("h.py"), None);
    let reach = graph.reach(&[graph.find("i.py").unwrap()], |_| true);
    assert_eq!(reach.level(graph.find("python_modules/q.py").unwrap()), Some(Level::Seldom));

    let reach = graph.reach(&graph.starts("main.py"), |_| true);
    let chain = reach.chain(graph.find("g.py").unwrap());
    let told: Vec<_> = chain.iter().map(|link| format!("{}:{}", graph.node(link.from).name, link.line)).collect();
    assert_eq!(told, ["main.py:3", "b.py:1", "d.py:1"]);

    graph.set_present(|name| name != "h.py");
    assert!(!graph.node(graph.find("h.py").unwrap()).present);
}

#[test]
fn pth_files_run_and_add_directories() {
    let text = "import boot\n";
    let mut says = imports(text.as_bytes());
    says.search = vec!["extra".to_owned()];
    let sources = vec![
        Source { name: "main.py".into(), present: true, says: Some(Arc::new(imports(b"import inner\n"))) },
        Source { name: "python_modules/x.pth".into(), present: true, says: Some(Arc::new(says)) },
        Source { name: "python_modules/boot.py".into(), present: true, says: Some(Arc::default()) },
        Source { name: "python_modules/extra/inner.py".into(), present: true, says: Some(Arc::default()) },
    ];
    let graph = Graph::new(sources, "3.14");
    let reach = graph.reach(&graph.starts("main.py"), |_| true);
    for name in ["python_modules/boot.py", "python_modules/extra/inner.py"] {
        assert_eq!(reach.level(graph.find(name).unwrap()), Some(Level::Always), "{name}");
    }
}

#[test]
fn what_stays_behind_is_found_only_where_nothing_else_is() {
    let source = |name: &str, text: &str, present| Source {
        name: name.into(),
        present,
        says: present.then(|| Arc::new(imports(text.as_bytes()))),
    };
    let graph = Graph::new(
        vec![
            source("main.py", "import core, gone.part\n", true),
            source("core.py", "", true),
            source("python_modules/core.py", "", false),
            source("python_modules/gone/__init__.py", "", false),
            source("python_modules/gone/part.py", "", false),
        ],
        "3.14",
    );
    assert_eq!(
        edges(&graph),
        [
            "main.py -> core.py",
            "main.py -> python_modules/gone/__init__.py (parent)",
            "main.py -> python_modules/gone/part.py"
        ]
    );
    assert_eq!(problems(&graph), Vec::<String>::new());
}
