//! What will not resolve in the layout that was chosen, and what does not parse.

use super::*;

#[test]
fn what_does_not_resolve() {
    type Row = (&'static str, &'static [(&'static str, &'static str)], NamespaceSetting, &'static [&'static str]);
    use NamespaceSetting::{Auto, Flat, Keep};
    let rows: &[Row] = &[
        (
            "missing below a package",
            &[("src/main.py", "from core.missing import x"), ("src/core/__init__.py", "")],
            Auto,
            &["src/main.py:1:1 core.missing => nothing"],
        ),
        (
            "missing, written for keep",
            &[("src/main.py", "import src.core.missing"), ("src/core/__init__.py", "")],
            Auto,
            &["src/main.py:1:8 src.core.missing => nothing"],
        ),
        (
            "the same, flat",
            &[("src/main.py", "import src.core.missing"), ("src/core/__init__.py", "")],
            Flat,
            &["src/main.py:1:8 src.core.missing => nothing"],
        ),
        (
            "attributes are not modules",
            &[
                ("src/main.py", "from core import anything\nfrom core.a import *"),
                ("src/core/__init__.py", ""),
                ("src/core/a.py", ""),
            ],
            Auto,
            &[],
        ),
        ("third parties are not the project's", &[("src/main.py", "import fastapi, numpy.linalg")], Auto, &[]),
        (
            "inside a function",
            &[("src/main.py", "import src.a\ndef f():\n    import a"), ("src/a.py", "")],
            Auto,
            &["src/main.py:3:12 a => src.a"],
        ),
        (
            "guarded",
            &[
                (
                    "src/main.py",
                    "import src.a\ntry:\n    import a\nexcept ImportError:\n    a = None\nif TYPE_CHECKING:\n    import a",
                ),
                ("src/a.py", ""),
            ],
            Auto,
            &[],
        ),
        (
            "both alternatives",
            &[
                ("src/main.py", "import src.a\ntry:\n    import a\nexcept ImportError:\n    from src import a"),
                ("src/a.py", ""),
            ],
            Auto,
            &[],
        ),
        (
            "a handler that raises is no guard",
            &[
                ("src/main.py", "import src.a\ntry:\n    import a\nexcept ImportError as e:\n    raise e"),
                ("src/a.py", ""),
            ],
            Auto,
            &["src/main.py:3:12 a => src.a"],
        ),
        (
            "in a file that only keep reaches",
            &[("src/main.py", "import src.a"), ("src/a.py", "import b"), ("src/b.py", "")],
            Auto,
            &["src/a.py:1:8 b => src.b"],
        ),
        (
            "in the package around main",
            &[("src/main.py", "import src.a"), ("src/__init__.py", "import b"), ("src/a.py", ""), ("src/b.py", "")],
            Auto,
            &["src/__init__.py:1:8 b => src.b"],
        ),
        (
            "the package around main does not run when flat",
            &[("src/main.py", "import a"), ("src/__init__.py", "import src.b"), ("src/a.py", ""), ("src/b.py", "")],
            Auto,
            &[],
        ),
        (
            "relative and missing",
            &[("src/main.py", "import core.a"), ("src/core/a.py", "from .gone import x")],
            Auto,
            &["src/core/a.py:1:1 .gone => nothing"],
        ),
        (
            "relative names in main, flat",
            &[("src/main.py", "from . import a, b"), ("src/a.py", "")],
            Flat,
            &["src/main.py:1:1 .a => a", "src/main.py:1:1 .b => nothing"],
        ),
        (
            "relative package in main, flat",
            &[("src/main.py", "from .core import a"), ("src/core/__init__.py", ""), ("src/core/a.py", "")],
            Flat,
            &["src/main.py:1:1 .core => core"],
        ),
        (
            "outside the upload",
            &[("src/main.py", "import shared.a"), ("shared/a.py", "")],
            Flat,
            &["src/main.py:1:8 shared.a => nothing"],
        ),
        (
            "out of a namespace package",
            &[("src/main.py", "from src import a, b"), ("src/a.py", ""), ("src/b.py", "")],
            Flat,
            &["src/main.py:1:1 src => nothing"],
        ),
        (
            "a broken file is listed elsewhere",
            &[
                ("src/main.py", "import a, core.gone"),
                ("src/core/__init__.py", ""),
                ("src/a.py", "import core.lost\nx = ("),
            ],
            Auto,
            &["src/main.py:1:11 core.gone => nothing"],
        ),
        (
            "dynamic",
            &[("src/main.py", "import src.a\nimport_module('a')"), ("src/a.py", "")],
            Auto,
            &["src/main.py:2:1 a => src.a"],
        ),
        (
            "keep without evidence",
            &[("src/main.py", "import a"), ("src/a.py", "")],
            Keep,
            &["src/main.py:1:8 a => src.a"],
        ),
    ];
    for (name, files, setting, expected) in rows {
        assert_eq!(Tree::new("src/main.py", files).setting(*setting).unresolved(), *expected, "{name}");
    }
    let at_root = Tree::new("entry.py", &[("entry.py", "from .core import x"), ("core.py", "")]);
    assert_eq!(at_root.unresolved(), ["entry.py:1:1 .core => core"]);
}

#[test]
fn importing_main_by_its_upload_name() {
    let files = [("src/main.py", "import src.a"), ("src/a.py", "import main\nfrom main import app\nimport src.main")];
    let keep = Tree::new("src/main.py", &files);
    let layout = keep.decide().unwrap();
    assert_eq!(keep.shown(&layout.imports_main), ["src/a.py:1:8 main => src.main", "src/a.py:2:1 main => src.main"]);
    assert_eq!(layout.unresolved, []);
    // Renamed, the shim is no trap: the old name does not resolve at all.
    let files = [("main/app.py", "import main.a"), ("main/a.py", "import app")];
    let renamed = Tree::new("main/app.py", &files).vendored(&["app"]);
    assert_eq!(renamed.line(), "keep . [main] worker.py -> main.app globs main/");
    assert_eq!(
        (renamed.unresolved(), renamed.decide().unwrap().imports_main),
        (vec![], vec![]),
        "the vendored app wins"
    );
    let files = [("app/app.py", "import app.a"), ("app/a.py", "import worker")];
    let trap = Tree::new("app/app.py", &files);
    assert_eq!(trap.shown(&trap.decide().unwrap().imports_main), ["app/a.py:1:8 worker => app.app"]);

    let flat = Tree::new("src/main.py", &[("src/main.py", "import a"), ("src/a.py", "import main")]);
    let layout = flat.decide().unwrap();
    assert_eq!((layout.imports_main, layout.unresolved), (vec![], vec![]));
}

#[test]
fn files_that_do_not_parse_are_listed() {
    let files = [("src/main.py", "import a, b"), ("src/a.py", "x = (\n"), ("src/b.py", "")];
    let tree = Tree::new("src/main.py", &files);
    fs_err::write(tree.root.join("src/b.py"), b"x = '\xff'\n").unwrap();
    let unparsed: Vec<_> = tree
        .decide()
        .unwrap()
        .unparsed
        .into_iter()
        .map(|(path, line, _, message)| (display(&tree.root, &path), line, message))
        .collect();
    assert_eq!(unparsed.len(), 2);
    assert_eq!((unparsed[0].0.as_str(), unparsed[1].0.as_str()), ("src/a.py", "src/b.py"));
    assert_eq!((unparsed[1].1, unparsed[1].2.as_str()), (1, "not in the encoding that it declares"));
}
