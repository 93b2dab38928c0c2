use super::*;
use crate::python::imports::imports;
use std::sync::Arc;

fn graph_of(files: &[(&str, &str)]) -> Graph {
    let source = |(name, text): &(&str, &str)| Source {
        name: (*name).to_owned(),
        present: true,
        imports: name.ends_with(".py").then(|| Arc::new(imports(text.as_bytes()))),
    };
    Graph::new(files.iter().map(source).collect(), "3.13", false)
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
            "main.py: p.whatever PackageName",
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
fn only_modules_make_submodules() {
    // Each gives its package names that no statement shows, and none of them a module.
    for says in ["def __getattr__(name):\n    return load(name)\n", "globals().update(x)\n", "exec(code)\n"] {
        let graph = graph_of(&[
            ("main.py", "import p.gone\nfrom p import anything\nfrom own.gone import x\nfrom own import anything\n"),
            ("python_modules/p/__init__.py", says),
            ("own/__init__.py", says),
        ]);
        assert_eq!(problems(&graph), ["main.py: p.gone Submodule", "main.py: own.gone Submodule"], "{says}");
    }
    // What works on `sys.modules` may make any, and so may what is told `__name__` by the package.
    for (says, helper) in [
        ("import sys\nsys.modules[__name__] = Lazy()\n", ""),
        ("import sys\nfor name in names:\n    sys.modules[f'p.{name}'] = make(name)\n", ""),
        (
            "from . import lazy\nlazy.recreate(__name__, {})\n",
            "import sys\ndef recreate(name, x):\n    sys.modules[name] = x\n",
        ),
        (
            "from .lazy import recreate as r\nr(__name__)\n",
            "import sys\ndef recreate(name):\n    sys.modules[name] = x\n",
        ),
        (
            "from p.lazy import finder\ndef __getattr__(name): ...\n",
            "import sys\nfinder = 1\nsys.meta_path.append(finder)\n",
        ),
    ] {
        let files = [
            ("main.py", "import p.gone\nfrom p import anything\n"),
            ("python_modules/p/__init__.py", says),
            ("python_modules/p/lazy.py", helper),
        ];
        assert_eq!(problems(&graph_of(&files)), Vec::<String>::new(), "{says}");
        let own = files.map(|(name, text)| (name.trim_start_matches("python_modules/"), text));
        assert_eq!(problems(&graph_of(&own)), Vec::<String>::new(), "{says}");
    }
    // Looking at `sys.modules` makes none; the names of the module stay unsure.
    let looks = "import sys\nif 'x' in sys.modules and sys.modules['x'].y:\n    del sys.modules['x']\n";
    let graph =
        graph_of(&[("main.py", "import p.gone\nfrom p import anything\n"), ("python_modules/p/__init__.py", looks)]);
    assert_eq!(problems(&graph), ["main.py: p.gone Submodule"]);
    let logs = graph_of(&[
        ("main.py", "from own import log, gone\n"),
        ("own.py", "import logging, helper\nlog = logging.getLogger(__name__)\nhelper.tell(__name__)\n"),
        ("helper.py", "def tell(name): ...\n"),
    ]);
    assert_eq!(problems(&logs), ["main.py: own.gone Name"], "being told a name is not enough");
}

#[test]
fn a_package_does_not_find_in_itself_what_it_only_takes_from_itself() {
    let graph = graph_of(&[
        ("main.py", "import a, b, c, d, e\n"),
        ("a/__init__.py", "from . import gone, there\nfrom a import also_gone as other\n"),
        ("a/there.py", ""),
        ("b/__init__.py", "early = 1\nfrom . import early, late\ndef late(): ...\n"),
        ("c/__init__.py", "from .names import *\nfrom . import x, y\nfrom . import made\n"),
        ("c/names.py", "x = 1\n"),
        ("d.py", "from d import X\n"),
        ("e/__init__.py", "import sys\nfrom . import x\nsys.modules['e.x'] = 1\n"),
    ]);
    assert_eq!(
        problems(&graph),
        ["a/__init__.py: a.gone Name", "a/__init__.py: a.also_gone Name", "d.py: d.X Name"],
        "what a star brings to `c` may be any of its names"
    );
}

#[test]
fn the_standard_library_has_the_modules_that_it_has() {
    let graph = graph_of(&[(
        "main.py",
        "import os.path, xml.etree.ElementTree, collections.abc\nimport asyncio.taskgroup\nfrom xml.tree import X\nimport pty\n",
    )]);
    assert_eq!(
        problems(&graph),
        [
            "main.py: asyncio.taskgroup StdlibSubmodule",
            "main.py: xml.tree StdlibSubmodule",
            "main.py: pty StdlibBroken"
        ]
    );
}

#[test]
fn modules_that_others_change_are_known() {
    let graph = graph_of(&[
        (
            "main.py",
            "import app.state as s, plain\nfrom app import state, stars\nimport importlib\ns.db = 1\nplain.x.y = 1\nstate.more = 2\nsetattr(stars, name, 3)\nimportlib.import_module('called').late = 4\nm = importlib.import_module('called')\nm.later = 5\n",
        ),
        ("app/__init__.py", ""),
        ("app/state.py", ""),
        ("app/stars.py", ""),
        ("plain.py", ""),
        ("called.py", ""),
        ("stub.py", "import sys\nsys.modules['uvloop'] = 1\nsys.modules.setdefault('a.b', 1)\n"),
    ]);
    let sets = |module: &str, name: &str| graph.setters(graph.find(module).unwrap(), name).count() > 0;
    assert!(sets("app/state.py", "db") && sets("app/state.py", "more") && !sets("app/state.py", "gone"));
    assert!(sets("app/stars.py", "whatever") && sets("called.py", "later"));
    assert!(!sets("plain.py", "y"), "an attribute of something in it");
    let stub = graph.find("stub.py").unwrap();
    for (name, put) in [("uvloop", true), ("uvloop.loop", true), ("a.b", true), ("a", false), ("uv", false)] {
        assert_eq!(graph.registrars(name).any(|by| by == stub), put, "{name}");
    }
}

#[test]
fn a_star_brings_submodules_and_a_longer_path_anything() {
    let graph = graph_of(&[
        ("main.py", "from api import users, gone\nfrom long import anything\nfrom sdk import env, Nope\n"),
        ("api.py", "from routes import *\n"),
        ("routes/__init__.py", "from .users import router\n"),
        ("routes/users.py", "router = 1\n"),
        ("long/__init__.py", "__path__.append(x)\n"),
        (
            "sdk.py",
            "def __getattr__(key):\n    if key == 'env':\n        return 1\n    if key in ('a', 'b'):\n        return 2\n    raise AttributeError(key)\n",
        ),
    ]);
    assert_eq!(problems(&graph), ["main.py: api.gone Name", "main.py: sdk.Nope Name"]);
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
    assert_eq!(level("main.py"), Some(Reachability::Startup));
    assert_eq!(level("c.py"), Some(Reachability::Startup), "by `a`, although a function imports it too");
    assert_eq!(level("b.py"), Some(Reachability::Project));
    assert_eq!(
        (level("d.py"), level("g.py")),
        (Some(Reachability::Project), Some(Reachability::Project)),
        "by `b`, unguarded"
    );
    assert_eq!(level("e/f.py"), Some(Reachability::StringOnly));
    assert_eq!(level("h.py"), None);
    let reach = graph.reach(&[graph.find("i.py").unwrap()], |_| true);
    assert_eq!(reach.level(graph.find("python_modules/q.py").unwrap()), Some(Reachability::Package));

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
        Source { name: "main.py".into(), present: true, imports: Some(Arc::new(imports(b"import inner\n"))) },
        Source { name: "python_modules/x.pth".into(), present: true, imports: Some(Arc::new(says)) },
        Source { name: "python_modules/boot.py".into(), present: true, imports: Some(Arc::default()) },
        Source { name: "python_modules/extra/inner.py".into(), present: true, imports: Some(Arc::default()) },
    ];
    let graph = Graph::new(sources, "3.14", false);
    let reach = graph.reach(&graph.starts("main.py"), |_| true);
    for name in ["python_modules/boot.py", "python_modules/extra/inner.py"] {
        assert_eq!(reach.level(graph.find(name).unwrap()), Some(Reachability::Startup), "{name}");
    }
}

#[test]
fn what_stays_behind_is_found_only_where_nothing_else_is() {
    let source = |name: &str, text: &str, present| Source {
        name: name.into(),
        present,
        imports: present.then(|| Arc::new(imports(text.as_bytes()))),
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
        false,
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

#[test]
fn names_of_a_package_are_known_through_its_stars() {
    let graph = graph_of(&[
        ("main.py", "from p import gone, a, b, sub\nfrom p.open import anything\nfrom ext import anything_else\n"),
        (
            "python_modules/p/__init__.py",
            "from ._a import *\nfrom ._b import b\n__locals = locals()\nfor __n in __all__:\n    setattr(__locals[__n], '__module__', 'p')\n",
        ),
        ("python_modules/p/_a.py", "from ._c import *\n"),
        ("python_modules/p/_b.py", "b = 1\n"),
        ("python_modules/p/_c.py", "a = 1\n"),
        ("python_modules/p/sub.py", ""),
        ("python_modules/p/open.py", "from ._c import *\nglobals()['x'] = 1\n"),
        ("python_modules/ext/__init__.py", "from ._ext import *\n"),
        ("python_modules/ext/_ext.abi3.so", ""),
    ]);
    assert_eq!(problems(&graph), ["main.py: p.gone PackageName"]);
    let package = graph.find("python_modules/p/__init__.py").unwrap();
    assert_eq!([graph.has(package, "a"), graph.has(package, "gone")], [Some(true), Some(false)]);
    assert_eq!(graph.has(graph.find("python_modules/ext/__init__.py").unwrap(), "x"), None);
    let names = graph.names_of(package);
    assert!(["a", "b", "sub", "open"].iter().all(|name| names.contains(name)) && !names.contains("gone"), "{names:?}");
}

#[test]
fn vendor_is_searched_behind_the_packages_and_before_the_project() {
    let files = [
        ("main.py", "import greet, single, own\nfrom vendor import six\n"),
        ("vendor/greet/__init__.py", "from ._hello import x\nimport greet.deep\nimport six\n"),
        ("vendor/greet/_hello.py", "x = 1\n"),
        ("vendor/greet/deep.py", ""),
        ("vendor/six.py", ""),
        ("vendor/single.py", ""),
        ("vendor/own.py", ""),
        ("own.py", ""),
        ("python_modules/single.py", ""),
    ];
    let sources = |legacy| {
        let source = |(name, text): &(&str, &str)| Source {
            name: (*name).to_owned(),
            present: true,
            imports: Some(Arc::new(imports(text.as_bytes()))),
        };
        Graph::new(files.iter().map(source).collect(), "3.14", legacy)
    };
    let graph = sources(true);
    assert_eq!(problems(&graph), Vec::<String>::new());
    assert_eq!(
        edges(&graph)[..4],
        [
            "main.py -> vendor/greet/__init__.py",
            "main.py -> python_modules/single.py",
            "main.py -> vendor/own.py",
            "main.py -> vendor/six.py"
        ]
    );
    assert_eq!(graph.bare_packages().count(), 0, "`vendor` is a directory of the search, no package");
    let graph = sources(false);
    assert_eq!(
        problems(&graph),
        [
            "main.py: greet TopLevel",
            "vendor/greet/__init__.py: greet TopLevel",
            "vendor/greet/__init__.py: six TopLevel"
        ]
    );
}
