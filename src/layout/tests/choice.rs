//! Which layout each of many small trees gets, and the reason that is shown.

use super::*;

#[test]
fn the_layout_of_small_trees() {
    type Row = (&'static str, &'static str, &'static [(&'static str, &'static str)], &'static str, &'static str);
    let rows: &[Row] = &[
        (
            "public style",
            "src/main.py",
            &[("src/main.py", "from core import x"), ("src/core.py", "")],
            FLAT_SRC,
            "nothing imports through `src`",
        ),
        ("no imports", "src/main.py", &[("src/main.py", "")], FLAT_SRC, "nothing imports through `src`"),
        (
            "incident style",
            "src/main.py",
            &[
                ("src/main.py", "\nfrom src.core.config.settings import Settings"),
                ("src/__init__.py", ""),
                ("src/core/__init__.py", ""),
                ("src/core/config/__init__.py", ""),
                ("src/core/config/settings.py", ""),
            ],
            KEEP_SRC,
            "`src/main.py:2` imports `src.core.config.settings`",
        ),
        (
            "incident style without __init__.py",
            "src/main.py",
            &[("src/main.py", "from src.core.config.settings import Settings"), ("src/core/config/settings.py", "")],
            KEEP_SRC,
            "`src/main.py:1` imports `src.core.config.settings`",
        ),
        (
            "import src",
            "src/main.py",
            &[("src/main.py", "from src import core"), ("src/core.py", "")],
            KEEP_SRC,
            "`src/main.py:1` imports `src`",
        ),
        (
            "both styles",
            "src/main.py",
            &[("src/main.py", "import core\nimport src.core"), ("src/core.py", "")],
            KEEP_SRC,
            "`src/main.py:2` imports `src.core`",
        ),
        (
            "two files away",
            "src/main.py",
            &[
                ("src/main.py", "import a"),
                ("src/a.py", "import b"),
                ("src/b.py", "def f():\n    import src.c"),
                ("src/c.py", ""),
            ],
            KEEP_SRC,
            "`src/b.py:2` imports `src.c`",
        ),
        (
            "relative in main",
            "src/main.py",
            &[("src/main.py", "from .settings import x"), ("src/settings.py", "")],
            KEEP_SRC,
            "`src/main.py:1` imports `.settings`",
        ),
        (
            "relative in main, module only",
            "src/main.py",
            &[("src/main.py", "from . import settings"), ("src/settings.py", "")],
            KEEP_SRC,
            "`src/main.py:1` imports `.settings`",
        ),
        (
            "relative below main",
            "src/main.py",
            &[
                ("src/main.py", "import core.a"),
                ("src/core/a.py", "from . import b\nfrom .b import c"),
                ("src/core/b.py", "c = 1"),
            ],
            FLAT_SRC,
            "nothing imports through `src`",
        ),
        (
            "relative beside main",
            "src/main.py",
            &[("src/main.py", "import a"), ("src/a.py", "from .b import c"), ("src/b.py", "c = 1")],
            KEEP_SRC,
            "`src/a.py:1` imports `.b`",
        ),
        (
            "relative that climbs out",
            "src/main.py",
            &[("src/main.py", "import core.a"), ("src/core/a.py", "from ..b import c"), ("src/b.py", "c = 1")],
            KEEP_SRC,
            "`src/core/a.py:1` imports `..b`",
        ),
        (
            "a string alone",
            "src/main.py",
            &[("src/main.py", "run('src.main:app')")],
            KEEP_SRC,
            "`src/main.py:1` names `src.main:app`",
        ),
        (
            "a string with an attribute",
            "src/main.py",
            &[("src/main.py", "run('src.jobs.nightly')"), ("src/jobs.py", "")],
            KEEP_SRC,
            "`src/main.py:1` names `src.jobs.nightly`",
        ),
        (
            "a string that names nothing",
            "src/main.py",
            &[("src/main.py", "log('src.telemetry')")],
            FLAT_SRC,
            "nothing imports through `src`",
        ),
        (
            "a string against flat imports",
            "src/main.py",
            &[("src/main.py", "import core\nlog = getLogger('src.main')"), ("src/core.py", "")],
            FLAT_SRC,
            "nothing imports through `src`",
        ),
        (
            "a literal dynamic import",
            "src/main.py",
            &[("src/main.py", "importlib.import_module('src.core')"), ("src/core.py", "")],
            KEEP_SRC,
            "`src/main.py:1` imports `src.core`",
        ),
        (
            "for type checkers only",
            "src/main.py",
            &[("src/main.py", "if TYPE_CHECKING:\n    from src.core import x"), ("src/core.py", "")],
            FLAT_SRC,
            "nothing imports through `src`",
        ),
        (
            "tests are not reached",
            "src/main.py",
            &[
                ("src/main.py", "import core"),
                ("src/core.py", ""),
                ("tests/test_core.py", "from src.core import x"),
                ("src/test_core.py", "from src.core import x"),
                ("src/tests/test_a.py", "import src.core"),
            ],
            FLAT_SRC,
            "nothing imports through `src`",
        ),
        (
            "an imported test is not walked",
            "src/main.py",
            &[("src/main.py", "import tests.data"), ("src/tests/data.py", "import src.core"), ("src/core.py", "")],
            FLAT_SRC,
            "nothing imports through `src`",
        ),
        (
            "alternatives",
            "src/main.py",
            &[
                ("src/main.py", "try:\n    from src.core import x\nexcept ImportError:\n    from core import x"),
                ("src/core.py", ""),
            ],
            FLAT_SRC,
            "nothing imports through `src`",
        ),
        (
            "in both roots",
            "src/main.py",
            &[("src/main.py", "import utils"), ("src/utils.py", ""), ("utils.py", "import src.x"), ("src/x.py", "")],
            FLAT_SRC,
            "nothing imports through `src`",
        ),
        (
            "beside src",
            "src/main.py",
            &[("src/main.py", "import shared.a, single"), ("shared/a.py", ""), ("single.py", ""), ("other/b.py", "")],
            "keep . [shared single.py src] main.py -> src.main globs src/",
            "`src/main.py:1` imports `shared.a`",
        ),
        (
            "named by a string beside src",
            "src/main.py",
            &[("src/main.py", "import src.a\ntask = 'jobs.nightly:run'"), ("src/a.py", ""), ("jobs/nightly.py", "")],
            "keep . [jobs src] main.py -> src.main globs src/",
            "`src/main.py:1` imports `src.a`",
        ),
        (
            "package called app",
            "app/main.py",
            &[("app/main.py", "from app.api import x"), ("app/api.py", "")],
            "keep . [app] main.py -> app.main globs app/",
            "`app/main.py:1` imports `app.api`",
        ),
        (
            "app/app.py",
            "app/app.py",
            &[("app/app.py", "from app.api import x"), ("app/api.py", "")],
            "keep . [app] worker.py -> app.app globs app/",
            "`app/app.py:1` imports `app.api`",
        ),
        (
            "main two levels down",
            "app/api/main.py",
            &[("app/api/main.py", "from app.api.x import y"), ("app/api/x.py", "")],
            "keep . [app] main.py -> app.api.main globs app/api/",
            "`app/api/main.py:1` imports `app.api.x`",
        ),
        (
            "one level up is enough",
            "backend/src/main.py",
            &[("backend/src/main.py", "import src.core"), ("backend/src/core.py", "")],
            "keep backend [src] main.py -> src.main globs src/",
            "`backend/src/main.py:1` imports `src.core`",
        ),
        (
            "monorepo by its full name",
            "backend/src/main.py",
            &[("backend/src/main.py", "import backend.src.core"), ("backend/src/core.py", "")],
            "keep . [backend] main.py -> backend.src.main globs backend/src/",
            "`backend/src/main.py:1` imports `backend.src.core`",
        ),
        (
            "two dots in a main two levels down",
            "app/api/main.py",
            &[("app/api/main.py", "from ..core import x"), ("app/core.py", "")],
            "keep . [app] main.py -> app.api.main globs app/api/",
            "`app/api/main.py:1` imports `..core`",
        ),
        (
            "most votes win",
            "a/b/main.py",
            &[("a/b/main.py", "import b.x\nimport a.b.x\nimport a.b.y"), ("a/b/x.py", ""), ("a/b/y.py", "")],
            "keep . [a] main.py -> a.b.main globs a/b/",
            "`a/b/main.py:2` imports `a.b.x`",
        ),
        (
            "a directory that is no identifier",
            "my-worker/main.py",
            &[("my-worker/main.py", "from .core import x"), ("my-worker/core.py", "")],
            "flat my-worker [] main.py",
            "`my-worker/main.py:1` imports `.core`, but `my-worker` cannot be part of a module's name",
        ),
        (
            "no identifier further up",
            "my-worker/src/main.py",
            &[("my-worker/src/main.py", "import src.core"), ("my-worker/src/core.py", "")],
            "keep my-worker [src] main.py -> src.main globs src/",
            "`my-worker/src/main.py:1` imports `src.core`",
        ),
        (
            "a keyword",
            "class/main.py",
            &[("class/main.py", "from .core import x"), ("class/core.py", "")],
            "flat class [] main.py",
            "`class/main.py:1` imports `.core`, but `class` cannot be part of a module's name",
        ),
        (
            "a directory named like the standard library",
            "platform/main.py",
            &[("platform/main.py", "from .core import x"), ("platform/core.py", "")],
            "flat platform [] main.py",
            "`platform/main.py:1` imports `.core`, but `platform` is the name of the runtime's own module, which is found first",
        ),
        (
            "the standard library is no evidence",
            "src/main.py",
            &[("src/main.py", "import json, js, email.mime"), ("json.py", ""), ("js.py", ""), ("email/mime.py", "")],
            FLAT_SRC,
            "nothing imports through `src`",
        ),
        (
            "what Pyodide lacks is the project's",
            "src/main.py",
            &[("src/main.py", "import resource"), ("resource.py", "")],
            "keep . [resource.py src] main.py -> src.main globs src/",
            "`src/main.py:1` imports `resource`",
        ),
        (
            "main at the project root",
            "entry.py",
            &[("entry.py", "from .core import x\nimport core"), ("core.py", "")],
            "flat . [] entry.py at project root",
            "`main` is at the project root",
        ),
        (
            "a partial name",
            "src/main.py",
            &[("src/main.py", "import src.core.missing"), ("src/core/a.py", "")],
            KEEP_SRC,
            "`src/main.py:1` imports `src.core.missing`",
        ),
        (
            "a directory that is no package of that name",
            "src/main.py",
            &[("src/main.py", "from alembic import op"), ("alembic/env.py", "")],
            FLAT_SRC,
            "nothing imports through `src`",
        ),
        (
            "cycles",
            "src/main.py",
            &[
                ("src/main.py", "import a"),
                ("src/a.py", "import b"),
                ("src/b.py", "import a, main\nfrom src.a import x"),
            ],
            KEEP_SRC,
            "`src/b.py:2` imports `src.a`",
        ),
        (
            "syntax error after the imports",
            "src/main.py",
            &[("src/main.py", "import src.core\ndef broken(:\n"), ("src/core.py", "")],
            KEEP_SRC,
            "`src/main.py:1` imports `src.core`",
        ),
        (
            "virtual environments are not the project's",
            "src/main.py",
            &[
                ("src/main.py", "import venv.lib, node_modules.a"),
                ("venv/pyvenv.cfg", ""),
                ("venv/lib.py", ""),
                ("node_modules/a.py", ""),
            ],
            FLAT_SRC,
            "nothing imports through `src`",
        ),
        (
            "a Worker that lives under tests",
            "tests/worker/main.py",
            &[
                ("tests/worker/main.py", "import a"),
                ("tests/worker/a.py", "import worker.b"),
                ("tests/worker/b.py", ""),
            ],
            "keep tests [worker] main.py -> worker.main globs worker/",
            "`tests/worker/a.py:1` imports `worker.b`",
        ),
    ];
    for (name, main, files, line, reason) in rows {
        let tree = Tree::new(main, files);
        assert_eq!(tree.line(), *line, "{name}");
        assert_eq!(tree.reason(), *reason, "{name}");
    }
}

#[test]
fn names_that_the_project_registers_say_nothing_of_directories() {
    const APP: (&str, &str) = ("src/app.py", "from src.days import DAYS");
    const DAYS: (&str, &str) = ("src/days.py", "DAYS = 5");
    let line = |main: &str| Tree::new("src/main.py", &[("src/main.py", main), APP, DAYS]).line();
    let registered = "import sys, days\nsys.modules['src'] = m = type(sys)('src')\nsys.modules.setdefault('src.days', days)\nimport app\n";
    assert_eq!(line(registered), FLAT_SRC);
    let tree = Tree::new("src/main.py", &[("src/main.py", registered), APP, DAYS]);
    assert_eq!(tree.unresolved(), Vec::<String>::new());
    assert_eq!(line("import days\nimport app\n"), KEEP_SRC, "nobody registers it");
    // In a file that main does not import.
    let tree = Tree::new("src/main.py", &[("src/main.py", "import app\n"), APP, DAYS, ("src/conf.py", registered)]);
    assert_eq!(tree.line(), KEEP_SRC);
    let late = "import sys, days\nimport app\nsys.modules['src.days'] = days\n";
    let tree = Tree::new("src/main.py", &[("src/main.py", late), APP, DAYS]);
    assert_eq!(
        (tree.line().as_str(), tree.unresolved()),
        (FLAT_SRC, vec!["src/app.py:1:1 src.days => days".to_owned()])
    );
    // Names that only a run knows: what else there is decides.
    let any = "import sys, days\nfor name in names:\n    sys.modules[name] = days\nimport app\n";
    assert_eq!(line(any), FLAT_SRC);
    let tree = Tree::new("src/main.py", &[("src/main.py", any), APP, DAYS]);
    assert_eq!(tree.unresolved(), Vec::<String>::new());
}

#[test]
fn vendor_is_a_place_of_its_own_while_it_is_searched() {
    let files = [
        ("src/main.py", "import greet\nfrom core import x"),
        ("src/core.py", "x = 1"),
        ("src/vendor/greet/__init__.py", ""),
    ];
    let tree = Tree::new("src/main.py", &files).legacy_vendor();
    assert_eq!((tree.line().as_str(), tree.unresolved()), (FLAT_SRC, vec![]));
    let tree = Tree::new("src/main.py", &files);
    assert_eq!(tree.unresolved(), ["src/main.py:1:8 greet => vendor.greet"]);
    let kept = [("src/main.py", "import greet\nimport src.core"), files[1], ("vendor/greet/__init__.py", "")];
    let tree = Tree::new("src/main.py", &kept).legacy_vendor();
    assert_eq!(tree.line(), "keep . [src vendor] main.py -> src.main globs src/");
    assert_eq!(tree.unresolved(), Vec::<String>::new());
}

#[test]
fn a_test_of_the_package_works_in_either_layout() {
    let main = "if __package__:\n    from .core import x\nelse:\n    from core import x\n";
    let tree = Tree::new("src/main.py", &[("src/main.py", main), ("src/core.py", "x = 1")]);
    assert_eq!((tree.line().as_str(), tree.unresolved()), (FLAT_SRC, vec![]));
    let tree = tree.setting(NamespaceSetting::Keep);
    assert_eq!((tree.line().as_str(), tree.unresolved()), (KEEP_SRC, vec![]));
}
