use super::*;

fn written(source: &str) -> Vec<String> {
    imports(source.as_bytes()).items.iter().map(Import::written).collect()
}

fn guard_of(source: &str) -> Guard {
    let found = imports(source.as_bytes());
    assert_eq!(found.syntax_error, None, "{source}");
    let wanted: Vec<_> = found.items.iter().filter(|item| item.module.as_deref() == Some("x")).collect();
    assert_eq!(wanted.len(), 1, "{source}");
    // What stops the errors of other calls has a test of its own.
    Guard { metadata_caught: false, file_caught: false, value_caught: false, modules_only: false, ..wanted[0].guard }
}

#[test]
fn statements_with_levels_names_and_positions() {
    let found =
        imports(b"import os, a.b as c\nif 1:\n    from ..pkg import x as y, z\nfrom . import q\nfrom m import *\n");
    let short: Vec<_> = found
        .items
        .iter()
        .map(|item| {
            let names: Vec<_> = item.names.iter().map(|name| name.name.as_str()).collect();
            (item.written(), names, item.star, item.line, item.column)
        })
        .collect();
    assert_eq!(
        short,
        [
            ("os".to_owned(), vec![], false, 1, 8),
            ("a.b".to_owned(), vec![], false, 1, 12),
            ("..pkg".to_owned(), vec!["x", "z"], false, 3, 5),
            (".".to_owned(), vec!["q"], false, 4, 1),
            ("m".to_owned(), vec![], true, 5, 1),
        ]
    );
    assert_eq!(found.items[2].names[0].asname.as_deref(), Some("y"));
    assert_eq!(found.items[3].module, None);
}

#[test]
fn guards() {
    let none = Guard::default();
    let caught = Guard { caught: true, ..none };
    let fallback = Guard { fallback: true, ..none };
    let function = Guard { in_function: true, ..none };
    let typing = Guard { never_runs: true, ..none };
    let suppressed = Guard { suppressed: true, ..none };
    let platform = Guard { platform: true, ..none };
    let conditional = Guard { conditional: true, ..none };
    for (source, expected) in [
        ("import x", none),
        ("class A:\n    import x", none),
        ("def f():\n    import x", function),
        ("async def f():\n    with a:\n        from x import y", function),
        ("try:\n    import x\nexcept ImportError:\n    x = None", caught),
        ("try:\n    import x\nexcept (KeyError, ModuleNotFoundError):\n    pass", caught),
        ("try:\n    import x\nexcept builtins.ImportError:\n    pass", caught),
        ("try:\n    import x\nexcept Exception:\n    pass", caught),
        ("try:\n    import x\nexcept:\n    pass", caught),
        ("try:\n    import x\nexcept* ImportError:\n    pass", caught),
        ("try:\n    import x\nexcept ValueError:\n    pass", none),
        ("try:\n    import x\nexcept ImportError as e:\n    raise RuntimeError('no x') from e", none),
        ("try:\n    import x\nexcept ImportError:\n    import y", Guard { alternative: true, ..caught }),
        ("try:\n    import y\nexcept ImportError:\n    import x", fallback),
        ("try:\n    import y\nexcept ValueError:\n    import x", conditional),
        ("try:\n    set\nexcept NameError:\n    from x import Set", platform),
        ("try:\n    pass\nexcept ImportError:\n    pass\nelse:\n    import x", none),
        ("try:\n    import y\nexcept ImportError:\n    y = None\nelse:\n    import x", Guard { otherwise: 1, ..none }),
        ("try:\n    import y\nexcept ImportError:\n    raise\nelse:\n    import x", none),
        ("try:\n    y = int(z)\nexcept ValueError:\n    y = 0\nelse:\n    import x", conditional),
        ("try:\n    import x\nexcept ImportError:\n    sys.exit(1)", none),
        ("try:\n    import x\nexcept ImportError:\n    print('no x')\n    exit()", none),
        ("try:\n    import x\nexcept ImportError:\n    if y:\n        raise\n    else:\n        os._exit(1)", none),
        ("try:\n    import x\nexcept ImportError as e:\n    if e.name != 'x':\n        raise", caught),
        ("try:\n    import x\nexcept ImportError:\n    raise\nexcept Exception:\n    pass", none),
        ("E = (ImportError, OSError)\ntry:\n    import x\nexcept E:\n    pass", caught),
        ("E = (OSError,)\nF = E + (ImportError,)\ntry:\n    import x\nexcept F:\n    pass", caught),
        ("E = (OSError,)\ntry:\n    import x\nexcept E:\n    pass", none),
        ("from y import _ERRORS\ntry:\n    import x\nexcept _ERRORS:\n    pass", conditional),
        ("try:\n    pass\nexcept ImportError:\n    pass\nfinally:\n    import x", none),
        ("try:\n    def f():\n        import x\nexcept ImportError:\n    pass", function),
        (
            "def f():\n    try:\n        import x\n    except ImportError:\n        pass",
            Guard { in_function: true, ..caught },
        ),
        ("if TYPE_CHECKING:\n    import x", typing),
        ("if typing.TYPE_CHECKING:\n    import x", typing),
        ("if t.TYPE_CHECKING and y:\n    import x", typing),
        ("if TYPE_CHECKING or y:\n    import x", conditional),
        ("if TYPE_CHECKING:\n    pass\nelse:\n    import x", none),
        ("if TYPE_CHECKING:\n    pass\nelif y:\n    import x", conditional),
        ("if not TYPE_CHECKING:\n    import x", none),
        ("if not TYPE_CHECKING:\n    pass\nelse:\n    import x", typing),
        ("if not TYPE_CHECKING:\n    pass\nelif y:\n    import x", Guard { conditional: true, ..typing }),
        ("if y:\n    pass\nelif TYPE_CHECKING:\n    import x", Guard { conditional: true, ..typing }),
        ("if False:\n    import x", typing),
        ("if 0:\n    import x", typing),
        ("if __name__ == '__main__':\n    import x", typing),
        ("if '__main__' != __name__:\n    import x", none),
        ("from typing import TYPE_CHECKING as T\nif T:\n    import x", typing),
        ("if importlib.util.find_spec('x') is not None:\n    import x", platform),
        ("if 'x' in sys.modules:\n    import x", platform),
        ("if PY38 or _IS_WINDOWS:\n    import x", platform),
        ("if HAS_X:\n    import x", platform),
        ("if TYPE_CHECKING or False:\n    import x", typing),
        ("here = sys.platform == 'emscripten'\nif not here:\n    import x", platform),
        ("try:\n    import y\nexcept ImportError:\n    y = None\nif y:\n    import x", platform),
        ("if settings.DEBUG:\n    import x", conditional),
        ("if y:\n    import x", conditional),
        ("if TYPE_CHECKING:\n    def f():\n        import x", Guard { never_runs: true, ..function }),
        ("with contextlib.suppress(ImportError):\n    import x", suppressed),
        ("with suppress(KeyError, ModuleNotFoundError):\n    import x", suppressed),
        ("with suppress(KeyError):\n    import x", none),
        ("with open('f') as f, suppress(ImportError):\n    import x", suppressed),
        ("with suppress(*ERRORS):\n    import x", conditional),
        ("E = (ImportError,)\nwith suppress(*E):\n    import x", suppressed),
        ("from contextlib import suppress as quiet\nwith quiet(ImportError):\n    import x", suppressed),
        ("quiet = suppress(ImportError)\nwith quiet:\n    import x", suppressed),
        ("with ExitStack() as s:\n    s.enter_context(suppress(ImportError))\n    import x", suppressed),
        ("with try_import() as ok:\n    import x", conditional),
        ("with warnings.catch_warnings():\n    import x", none),
        ("with suppress_warnings():\n    import x", none),
        (
            "@contextmanager\ndef quiet():\n    try:\n        yield\n    except ImportError:\n        pass\nwith quiet():\n    import x",
            suppressed,
        ),
        (
            "@contextmanager\ndef loud():\n    try:\n        yield\n    finally:\n        pass\nwith loud():\n    import x",
            none,
        ),
        (
            "class Quiet:\n    def __exit__(self, kind, *rest):\n        return kind is ImportError\nwith Quiet():\n    import x",
            suppressed,
        ),
        (
            "class Timer:\n    def __exit__(self, *rest):\n        self.stop()\n        return False\nwith Timer():\n    import x",
            none,
        ),
        ("match sys.platform:\n    case 'win32':\n        import x", platform),
        ("match y:\n    case 1:\n        import x", conditional),
        ("while y:\n    import x", conditional),
        ("while True:\n    import x\n    break", none),
        ("for y in z:\n    import x", conditional),
        ("for y in (1, 2):\n    import x", none),
        ("M = ['a']\nfor y in M:\n    import x", none),
        ("for y in (1, 2):\n    if y == z:\n        continue\n    import x", conditional),
        ("__import__('x') if sys.platform == 'win32' else None", typing),
        ("__import__('x') if y else None", conditional),
        ("y and __import__('x')", conditional),
        ("y or __import__('x')", conditional),
        ("y == __import__('x')", none),
        ("[__import__('x') for y in z]", conditional),
        ("if sys.platform == 'win32':\n    import x", typing),
        ("if sys.platform == 'win32':\n    pass\nelse:\n    import x", none),
        ("if sys.platform.startswith('win') or os.name == 'nt':\n    import x", typing),
        ("if sys.platform != 'win32' and y:\n    import x", platform),
        ("if sys.platform in ('win32', 'cygwin'):\n    import x", typing),
        ("if sys.platform == 'emscripten':\n    import x", none),
        ("if sys.version_info >= (3, 13):\n    pass\nelse:\n    import x", platform),
        ("if WINDOW_SECONDS:\n    import x", conditional),
        ("if PYTHON_BACKEND == 'redis':\n    import x", conditional),
        ("if IS_PYTHON_3_12:\n    import x", platform),
        ("HAS_X = True\nif HAS_X:\n    import x", none),
        ("MYPY = False\nif MYPY:\n    import x", typing),
        ("HAS_X = True\nif y:\n    HAS_X = False\nif HAS_X:\n    import x", platform),
        ("DEBUG = False\ndef f():\n    if DEBUG:\n        import x", Guard { conditional: true, ..function }),
        ("def f():\n    if y:\n        return\n    import x", Guard { conditional: true, ..function }),
        (
            "def f():\n    if sys.platform == 'emscripten':\n        return\n    import x",
            Guard { never_runs: true, ..function },
        ),
        ("def f():\n    if y:\n        raise ValueError\n    import x", function),
        ("lambda: __import__('x')", function),
    ] {
        assert_eq!(guard_of(source), expected, "{source}");
    }
}

#[test]
fn a_version_is_decided_for_the_python_that_a_file_is_read_for() {
    let never = |source: &str| {
        let found = imports_of(format!("if {source}:\n    import x\n").as_bytes(), "3.13");
        let guard = found.items[0].guard;
        (!guard.platform && !guard.conditional).then_some(guard.never_runs)
    };
    for (source, expected) in [
        ("sys.version_info >= (3, 12)", Some(false)),
        ("sys.version_info > (3, 13)", Some(false)),
        ("sys.version_info <= (3, 13)", Some(true)),
        ("sys.version_info < (3, 13)", Some(true)),
        ("sys.version_info < (3, 14)", Some(false)),
        ("sys.version_info >= (3, 14, 1)", Some(true)),
        ("sys.version_info >= (3, 13, 2)", None),
        ("sys.version_info < (3,)", Some(true)),
        ("sys.version_info[0] == 2", Some(true)),
        ("sys.version_info[1] >= 13", Some(false)),
        ("sys.version_info[:2] == (3, 13)", Some(false)),
        ("sys.version_info[:2] <= (3, 13)", Some(false)),
        ("sys.version_info.major >= 3", Some(false)),
        ("not sys.version_info >= (3, 12)", Some(true)),
        ("sys.version_info >= MINIMUM", None),
        ("sys.version_info >= (3, 12) and y", None),
    ] {
        assert_eq!(never(source), expected, "{source}");
    }
}

#[test]
fn a_handler_of_missing_modules_lets_missing_names_past() {
    for (source, expected) in [
        ("try:\n    from a import b\nexcept ModuleNotFoundError:\n    pass", true),
        ("try:\n    from a import b\nexcept ImportError:\n    pass", false),
        ("with suppress(ModuleNotFoundError):\n    from a import b", true),
        (
            "with suppress(ModuleNotFoundError):\n    try:\n        from a import b\n    except Exception:\n        pass",
            false,
        ),
        (
            "try:\n    with suppress(ModuleNotFoundError):\n        from a import b\nexcept ImportError:\n    pass",
            false,
        ),
        ("from a import b", false),
    ] {
        assert_eq!(imports(source.as_bytes()).items[0].guard.modules_only, expected, "{source}");
    }
}

#[test]
fn what_the_compiler_refuses_is_a_syntax_error() {
    for source in [
        "return 1",
        "class A:\n    return 1",
        "await x",
        "def f():\n    await x",
        "yield 1",
        "[(yield 1) for x in y]",
        "break",
        "def f():\n    continue",
        "for x in y:\n    def f():\n        break",
        "for x in y:\n    pass\nelse:\n    break",
        "def f(a, a): ...",
        "f(a=1, a=2)",
        "nonlocal x",
        "def f(a):\n    global a",
        "def f():\n    x = 1\n    global x",
        "import os\nfrom __future__ import annotations",
        "from __future__ import unknown",
        "def f():\n    from os import *",
        "match x:\n    case y: ...\n    case 1: ...",
        "async def f():\n    yield 1\n    return 2",
        "__debug__ = 1",
        "if x:\n\ty = 1\n        z = 2",
    ] {
        assert!(imports_of(source.as_bytes(), "3.13").syntax_error.is_some(), "{source}");
    }
    for source in [
        "async def f():\n    [await x for x in y]\n    return (await x async for x in y)",
        "def f():\n    return (await x for x in y)",
        "def f():\n    def g():\n        nonlocal x\n    x = 1",
        "for x in y:\n    class A:\n        for z in x:\n            break\n    continue",
        "while x:\n    try:\n        break\n    finally:\n        pass",
        "lambda: (yield)",
        "def f():\n    global x\n    x = 1\n    def g():\n        return x\n    [x for x in y]",
        "'doc'\nfrom __future__ import annotations\nfrom __future__ import division\nimport os",
        "class A:\n    from_os = [y for y in z]\n    def f(self, a, /, *b, c=1, **d): ...",
        "match x:\n    case 1: ...\n    case y: ...",
        "async def f():\n    async with x, y as z:\n        yield 1\n        return",
        "if x:\n\ty = 1\n\tz = 2",
        "try: x\nexcept ValueError: raise; y",
        "try: x\nexcept ValueError:\n    raise ;\nz",
    ] {
        assert_eq!(imports_of(source.as_bytes(), "3.13").syntax_error, None, "{source}");
    }
}

#[test]
fn files_whose_absence_is_thought_of() {
    for (source, expected) in [
        ("if not os.path.exists('x'):\n    y = 1\nelse:\n    open('x')", (true, true)),
        ("def f():\n    if not os.path.exists('x'):\n        return {}\n    return open('x')", (true, true)),
        ("def f():\n    if not os.path.exists('x'):\n        raise Missing\n    return open('x')", (false, true)),
        ("if not os.path.exists('x'):\n    raise Missing\nopen('x')", (false, false)),
        ("open('x') if os.path.exists('x') else None", (true, true)),
        ("os.path.isfile('x') and open('x')", (true, true)),
        ("with suppress(FileNotFoundError):\n    open('x')", (true, false)),
        ("with suppress(KeyError):\n    open('x')", (false, false)),
        ("def f():\n    if os.environ.get('Y') is None:\n        return\n    open('x')", (false, true)),
        ("E = (OSError, ValueError)\ntry:\n    open('x')\nexcept E:\n    pass", (true, false)),
        ("try:\n    open('x')\nexcept OSError:\n    sys.exit(1)", (false, false)),
    ] {
        let found = imports(source.as_bytes());
        let guard = found.opens.first().unwrap_or_else(|| panic!("{source}")).guard;
        assert_eq!((guard.file_caught, guard.conditional), expected, "{source}");
    }
    let asked = "from importlib.metadata import version\nwith suppress(PackageNotFoundError):\n    version('x')";
    assert!(imports(asked.as_bytes()).metadata[0].guard.metadata_caught);
}

#[test]
fn decorators_and_defaults_run_where_the_function_is_defined() {
    let found = imports(b"@importlib.import_module('a')\ndef f(p=__import__('b')):\n    __import__('c')\n");
    let inside: Vec<_> = found.items.iter().map(|item| (item.written(), item.guard.in_function)).collect();
    assert_eq!(inside, [("a".to_owned(), false), ("b".to_owned(), false), ("c".to_owned(), true)]);
}

#[test]
fn dynamic_imports() {
    for (source, expected) in [
        ("importlib.import_module('a.b')", Some("a.b")),
        ("import_module(name='a.b')", Some("a.b")),
        ("import_module('..x', package=__package__)", Some("..x")),
        ("import_module('.x', __name__)", Some(".x")),
        ("import_module('..x', package='a.b.c')", Some("a.b.x")),
        ("import_module('....x', package='a.b')", None),
        ("import_module('.x')", None),
        ("importlib.import_module('a')", Some("a")),
        ("import importlib as il\nil.import_module('a')", Some("importlib")),
        ("from importlib import import_module as load\nload('a')", Some("importlib")),
        ("Loader().import_module('alpha')", None),
        ("loader.import_module('alpha')", None),
        ("self.loader.import_module('alpha')", None),
        ("def import_module(name): ...\nimport_module('alpha')", None),
        ("builtins.__import__('a')", Some("a")),
        ("__import__('a')", Some("a")),
        ("__import__('.a')", None),
        ("import_module(name)", None),
        ("import_module(f'a.{b}')", None),
        ("import_module('not a module')", None),
        ("other('a.b')", None),
    ] {
        let found = imports(source.as_bytes());
        let first = found.items.first().map(|item| (item.written(), item.dynamic));
        assert_eq!(first, expected.map(|name| (name.to_owned(), name != "importlib")), "{source}");
    }
}

#[test]
fn strings_that_read_like_modules() {
    let source = r#"
"""src.docstring"""
app = "src.main:app"
x = ["src.tasks", "plain", "a sentence.", "src.", "src..x", "http://a.b", "1.2", "x.y:", "a.b:c.d"]
plugin = f"src.plugins.{name}.run"
short = f"src.{name}"
def f(a: "src.annotated.Type") -> "src.annotated.Other":
    b: "src.annotated.Third" = 1
if TYPE_CHECKING:
    n = "src.typing.only"
import_module("src.dynamic")
"#;
    let found = imports(source.as_bytes());
    let names: Vec<_> =
        found.strings.iter().map(|name| (name.name.as_str(), name.attribute.as_deref(), name.line)).collect();
    assert_eq!(
        names,
        [("src.main", Some("app"), 3), ("src.tasks", None, 4), ("a.b", Some("c.d"), 4), ("src.plugins", None, 5),]
    );
    assert_eq!(found.strings[0].column, 7);
}

#[test]
fn a_broken_file_yields_what_parsed() {
    let found = imports(b"import a\nfrom b import c\ndef broken(:\n    pass\nimport d\n");
    let (line, column, message) = found.syntax_error.expect("an error");
    assert_eq!((line, column), (3, 12));
    assert!(message.starts_with(char::is_lowercase), "{message}");
    let modules: Vec<_> = found.items.iter().map(Import::written).collect();
    assert!(modules.starts_with(&["a".to_owned(), "b".to_owned()]) && modules.contains(&"d".to_owned()), "{modules:?}");
    assert_eq!(imports(b"from import x\n").items, []);
    assert!(imports(b"print 'two'\n").syntax_error.is_some());
    assert_eq!(imports(b"t'{x}'\ntype A = int\nmatch a:\n    case 1: pass\n").syntax_error, None);
}

#[test]
fn byte_order_marks_and_line_ends() {
    for source in ["\u{feff}import a\r\n\r\n  \nimport b\r\n", "import a\r\r\rimport b\r", "import a\n\n\nimport b"] {
        let found = imports(source.as_bytes());
        let places: Vec<_> = found.items.iter().map(|item| (item.written(), item.line, item.column)).collect();
        assert_eq!(places, [("a".to_owned(), 1, 8), ("b".to_owned(), 4, 8)], "{source:?}");
        assert!(!found.encoding_error && found.syntax_error.is_none());
    }
}

#[test]
fn encodings() {
    for (source, refused) in [
        (b"# -*- coding: latin-1 -*-\nx = '\xe9'; import a\n".as_slice(), false),
        (b"#!/usr/bin/python\n# vim: set fileencoding=iso-8859-15 :\nx = '\xa4'; import a\n", false),
        (b"x = '\xe9'; import a\n", true),
        (b"\n\n# coding: latin-1\nx = '\xe9'; import a\n", true),
        (b"x = 1\n# coding: latin-1\ny = '\xe9'; import a\n", true),
        (b"# coding: utf_8\nx = '\xe9'; import a\n", true),
        (b"# coding: ascii\nx = '\xe9'; import a\n", true),
        (b"\xef\xbb\xbf# coding: latin-1\nx = 1; import a\n", true),
        ("# coding: utf-8\nx = 'é'; import a\n".as_bytes(), false),
    ] {
        let found = imports(source);
        assert_eq!(found.encoding_error, refused, "{}", String::from_utf8_lossy(source));
        assert_eq!(found.items.len(), 1);
    }
    for (source, expected) in [
        ("#!/usr/bin/python\n# -*- coding: foo-8 -*-\nimport a\n", Some((2, 1, "unknown encoding `foo-8`".to_owned()))),
        ("# coding: Latin_1\nimport a\n", None),
        ("# coding: latin-1-unix\nimport a\n", None),
        ("# coding: utf-8-unix\nimport a\n", None),
        ("# coding: windows-1252\nimport a\n", None),
        ("# coding: euc-jp\nimport a\n", None),
        ("# coding: iso-8859-15\nimport a\n", None),
    ] {
        assert_eq!(imports(source.as_bytes()).syntax_error, expected, "{source}");
    }
    let column = imports("x = 'éé'; import a".as_bytes()).items[0].column;
    assert_eq!(column, 18, "columns count characters");
}

#[test]
fn no_nesting_exhausts_the_stack() {
    let brackets = format!("x = {}__import__('a'){}\n", "[".repeat(20_000), "]".repeat(20_000));
    let parentheses = format!("x = {}__import__('a'){}\n", "(".repeat(500), ")".repeat(500));
    let chain = format!("x = __import__('a'){}\n", " + 1".repeat(50_000));
    let unary = format!("x = {}__import__('a')\n", "-".repeat(20_000));
    let mut ifs: String = (0..500).map(|depth| format!("{}if x:\n", " ".repeat(depth))).collect();
    ifs.push_str(&format!("{}import a\n", " ".repeat(500)));
    let nots = format!("if {}__import__('a'): pass\n", "not ".repeat(20_000));
    for source in [brackets, parentheses, chain, unary, ifs, nots] {
        assert_eq!(written(&source), ["a"]);
    }
    imports("(".repeat(100_000).as_bytes());
    imports("a if b else ".repeat(20_000).as_bytes());
}

proptest::proptest! {
    #[test]
    fn any_bytes_are_read(bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..300)) {
        imports(&bytes);
    }

    #[test]
    fn any_text_of_python_words_is_read(words in proptest::collection::vec(
        proptest::sample::select(vec!["import ", "from ", ".", "a", " as ", ",", "(", ")", "\n", "    ", "if x:", "try:", "except:", "'", "\"", "f'{", "}", "*", "\\\n", "é"]), 0..60)) {
        imports(words.concat().as_bytes());
    }
}

#[test]
fn names_that_a_module_binds_and_whether_it_may_have_more() {
    let says = |source: &str| imports(source.as_bytes());
    let source = "import a.b, c as d\nfrom e import f, g as h\nclass A:\n    inner = 1\n    import no\ndef b(p):\n    local = 1\n    global late\n    late = 2\n\
                  x, (y, *z) = 1, (2, 3)\nfor i in x: pass\nwith m as n: pass\nif (w := 1): pass\nmatch x:\n    case {'k': k, **rest}: pass\n    case [q, *r] as s: pass\n\
                  type T = int\ntry:\n    import maybe\nexcept ImportError:\n    maybe = None\nv: int = 1\nif TYPE_CHECKING:\n    from t import Typed\n";
    let found = says(source);
    assert_eq!(found.syntax_error, None);
    let names: Vec<&str> = found.defined_names.iter().map(String::as_str).collect();
    assert_eq!(
        names,
        [
            "A", "T", "a", "b", "d", "f", "h", "i", "k", "late", "maybe", "n", "q", "r", "rest", "s", "v", "w", "x",
            "y", "z"
        ]
    );
    assert!(!found.open);
    for open in [
        "def __getattr__(name): ...",
        "__getattr__, __dir__, __all__ = lazy.attach(__name__, ['x'])",
        "globals().update(x)",
        "def f():\n    globals()['x'] = 1",
        "sys.modules[__name__] = X()",
        "exec(code)",
    ] {
        assert!(says(open).open, "{open}");
    }
    for closed in ["class A:\n    def __getattr__(self, name): ...", "def f():\n    exec(code)\n    return vars(self)"]
    {
        assert!(!says(closed).open, "{closed}");
    }
    for (source, expected) in [
        ("a = 1\nb = 2\ndel a", "b"),
        ("a = 1\ndel a\na = 2", "a"),
        ("a = 1\ndel a\ndef f():\n    global a\n    a = 2", "a f"),
        ("import a\nif b:\n    del a", "a"),
        ("for a in (1, 2): pass\ndel a\nb = [c for c in 'd']", "b"),
        ("x = [y := z for z in 'd']", "x y"),
        ("if sys.platform == 'win32':\n    a = 1\nelse:\n    b = 1", "b"),
    ] {
        let defined_names = says(source).defined_names;
        assert_eq!(defined_names.iter().map(String::as_str).collect::<Vec<_>>().join(" "), expected, "{source}");
    }
    assert!(says("__path__ = extend_path(__path__, __name__)").alters_path);
    assert!(says("import sys\nsys.path.insert(0, 'x')").alters_search && !says("os.path.join('x')").alters_search);
}

#[test]
fn metadata_that_is_asked_for() {
    let asks = |source: &str| {
        let found = imports(source.as_bytes());
        let asks: Vec<_> = found.metadata.into_iter().map(|ask| (ask.wanted, ask.guard.metadata_caught)).collect();
        asks
    };
    let distribution = |name: &str| Wanted::Distribution(name.to_owned());
    for (source, expected) in [
        ("from importlib.metadata import version\nversion('x')", Some((distribution("x"), false))),
        ("from importlib.metadata import version as _version\n_version('x')", Some((distribution("x"), false))),
        (
            "import importlib.metadata\nv = importlib.metadata.version(distribution_name='x')",
            Some((distribution("x"), false)),
        ),
        ("import importlib.metadata as im\nim.distribution('x').version", Some((distribution("x"), false))),
        ("from importlib import metadata\nmetadata.version(__name__)", Some((Wanted::Own, false))),
        (
            "from ._compat import importlib_metadata\nimportlib_metadata.version(__package__)",
            Some((Wanted::Own, false)),
        ),
        ("import pkg_resources\npkg_resources.get_distribution('x')", Some((distribution("x"), false))),
        (
            "from importlib.metadata import *\nfrom importlib.metadata import entry_points\nentry_points(group='g')",
            Some((Wanted::EntryPoints("g".into()), false)),
        ),
        (
            "from importlib.metadata import version, PackageNotFoundError\ntry:\n    v = version('x')\nexcept PackageNotFoundError:\n    v = ''",
            Some((distribution("x"), true)),
        ),
        (
            "from importlib.metadata import version\ntry:\n    v = version('x')\nexcept PackageNotFoundError:\n    raise",
            Some((distribution("x"), false)),
        ),
        ("version('x')", None),
        ("packaging.version('x')", None),
        ("from packaging import version\nversion.parse('x')", None),
        ("from importlib.metadata import version\nversion(name)", None),
    ] {
        assert_eq!(asks(source), expected.into_iter().collect::<Vec<_>>(), "{source}");
    }
}

#[test]
fn files_that_are_opened_for_reading() {
    let opens = |source: &str| {
        let found = imports(format!("import os\nfrom pathlib import Path\n{source}").as_bytes());
        assert_eq!(found.syntax_error, None, "{source}");
        found.opens.into_iter().map(|open| (open.base, open.parts.join("/"))).collect::<Vec<_>>()
    };
    let file = |up: u32, parts: &str| vec![(Base::File(up), parts.to_owned())];
    let package = |name: Option<&str>, parts: &str| vec![(Base::Package(name.map(str::to_owned)), parts.to_owned())];
    for (source, expected) in [
        ("open('a/b.json')", vec![(Base::Cwd, "a/b.json".to_owned())]),
        ("open(Path(__file__).parent / 'x.json')", file(1, "x.json")),
        (
            "open(os.path.join(os.path.dirname(os.path.abspath(__file__)), 'd', 'x.json'), encoding='utf-8')",
            file(1, "d/x.json"),
        ),
        (
            "HERE = Path(__file__).resolve().parent\ndef f():\n    return (HERE / 'd' / 'x.json').read_text()",
            file(1, "d/x.json"),
        ),
        ("ROOT = Path(__file__).parents[1]\nNAME = 'x.json'\nROOT.joinpath(NAME).open()", file(2, "x.json")),
        ("Path(__file__).with_name('x.json').read_bytes()", file(1, "x.json")),
        ("with open(Path(__file__).parent.parent / 'x' / '..' / 'y.txt', 'rb') as f: pass", file(2, "x/../y.txt")),
        (
            "from importlib.resources import files\nfiles('pkg.data').joinpath('x.json').read_text()",
            package(Some("pkg.data"), "x.json"),
        ),
        (
            "import importlib.resources\nimport pkg.data as d\n(importlib.resources.files(d) / 'x').open()",
            package(Some("pkg.data"), "x"),
        ),
        ("import importlib.resources as r\nr.files(__package__).joinpath('x').read_bytes()", package(None, "x")),
        ("import pkgutil\npkgutil.get_data(__name__, 'x.bin')", package(None, "x.bin")),
        ("H = os.path.dirname(__file__)\nN = 'x'\nopen(f'{H}/d/{N}.json')", file(1, "d/x.json")),
        ("open(f'{name}/x.json')", vec![]),
        ("open('x', 'w')", vec![]),
        ("open(Path(__file__).parent / 'x', mode='a')", vec![]),
        ("open('x', mode)", vec![]),
        ("open(name)", vec![]),
        ("open(Path(__file__).parent / f'{x}.json')", vec![]),
        ("P = 'a'\nP = 'b'\nopen(P)", vec![]),
        ("open('/etc/hosts')", vec![]),
        ("webbrowser.open('https://example.test/x')", vec![]),
        ("A = B\nB = A\nopen(A)", vec![]),
        ("A: Path = Path(__file__).parent\nopen(A / 'x')", file(1, "x")),
        ("import pandas as pd\npd.read_csv('x.csv')", vec![(Base::Cwd, "x.csv".to_owned())]),
        ("import logging.config\nlogging.config.fileConfig('x.ini')", vec![(Base::Cwd, "x.ini".to_owned())]),
        ("open(Path.cwd() / 'x')", vec![(Base::Cwd, "x".to_owned())]),
        ("open(Path.cwd().parent / 'x')", vec![]),
        (
            "from .paths import DATA\nopen(DATA / 'x')",
            vec![(Base::Constant(".paths".into(), "DATA".into()), "x".into())],
        ),
        (
            "from . import paths\nopen(paths.DATA)",
            vec![(Base::Constant(".paths".into(), "DATA".into()), String::new())],
        ),
        (
            "import a.paths as p\n(p.DATA / 'x').open()",
            vec![(Base::Constant("a.paths".into(), "DATA".into()), "x".into())],
        ),
    ] {
        assert_eq!(opens(source), expected, "{source}");
    }
}

#[test]
fn tests_of_the_files_own_name_are_answered_once_it_is_known() {
    // Whether the import runs in `main.py`, in `pkg/__init__.py` and in `pkg/mod.py`.
    for (test, runs) in [
        ("__package__", [false, true, true]),
        ("not __package__", [true, false, false]),
        ("bool(__package__)", [false, true, true]),
        ("__package__ is None", [false, false, false]),
        ("__package__ is not None", [true, true, true]),
        ("__package__ == ''", [true, false, false]),
        ("'' != __package__", [false, true, true]),
        ("__package__ in (None, '')", [true, false, false]),
        ("__package__ not in {'', None}", [false, true, true]),
        ("__spec__ is not None and __spec__.parent", [false, true, true]),
        ("__package__ is None or __package__ == ''", [true, false, false]),
        ("'.' in __name__", [false, false, true]),
        ("'.' not in __name__", [true, true, false]),
    ] {
        for ((dotted, package), runs) in [("main", ""), ("pkg", "pkg"), ("pkg.mod", "pkg")].into_iter().zip(runs) {
            let mut found = imports(format!("if {test}:\n    import x\nelse:\n    import y\n").as_bytes());
            found.resolve_names(dotted, package);
            let taken: Vec<bool> = found.items.iter().map(|item| !item.guard.never_runs).collect();
            assert_eq!(taken, [runs, !runs], "{test} in {dotted}");
            assert!(
                found
                    .items
                    .iter()
                    .all(|item| !item.guard.is_conditional() && !item.guard.is_guarded() || item.guard.never_runs),
                "{test}"
            );
        }
    }
    for open in ["__package__ == 'pkg'", "__package__ and debug", "__package__ in names"] {
        let mut found = imports(format!("if {open}:\n    import x\n").as_bytes());
        found.resolve_names("main", "");
        assert!(found.items[0].guard.is_conditional() && !found.items[0].guard.never_runs, "{open}");
    }
    let mut sets = imports(b"if not x:\n    __package__ = 'pkg'\nif __package__:\n    import x\n");
    sets.resolve_names("main", "");
    assert!(sets.items[0].guard.is_conditional());
}

fn puts(source: &str) -> Vec<String> {
    let effects = imports(source.as_bytes()).effects;
    let mut names: Vec<String> =
        effects.puts.iter().map(|put| format!("{}{}", put.name, if put.bare { " bare" } else { "" })).collect();
    names.extend(effects.makes_any.then(|| "any".to_owned()));
    names.extend(effects.makes_own.then(|| "own".to_owned()));
    names
}

#[test]
fn names_in_sys_modules_are_read_off_literals_loops_and_calls() {
    for (source, names) in [
        ("sys.modules['src'] = ModuleType('src')", &["src bare"][..]),
        ("m = types.ModuleType('src')\nm.__path__ = []\nsys.modules['src'] = m", &["src bare"]),
        ("m = types.ModuleType('src')\nm.__path__ = [here]\nsys.modules['src'] = m", &["src"]),
        ("sys.modules['src'] = app", &["src"]),
        ("sys.modules['a'], sys.modules['b'] = x, y", &["a", "b"]),
        ("sys.modules.setdefault('src.x', x)", &["src.x"]),
        ("sys.modules.__setitem__('src.x', x)", &["src.x"]),
        ("sys.modules.update({'src': s, 'src.x': x})", &["src", "src.x"]),
        ("sys.modules.update(src=s)", &["src"]),
        ("sys.modules |= {'src.x': x}", &["src.x"]),
        ("sys.modules.update({f'src.{n}': m for n, m in all()})", &["src.*"]),
        ("for n in ['a', 'b']:\n    sys.modules[n] = x", &["a", "b"]),
        ("for n, m in (('a', 1), ('b', 2)):\n    sys.modules[n] = m", &["a", "b"]),
        ("N = {'a': 1, 'b': 2}\nfor n, m in N.items():\n    sys.modules[n] = m", &["a", "b"]),
        ("for n, m in zip(('a', 'b'), all):\n    sys.modules[n] = m", &["a", "b"]),
        ("for n in names:\n    sys.modules['src.' + n] = x", &["src.*"]),
        ("for n in names:\n    sys.modules['src.%s' % n] = x", &["src.*"]),
        ("for n in names:\n    sys.modules['src.{}'.format(n)] = x", &["src.*"]),
        ("sys.modules['.'.join(('src', n))] = x", &["src.*"]),
        ("def put(n, m):\n    sys.modules[n] = m\nput('a', 1)\nput(n='b', m=2)", &["a", "b"]),
        ("def put(n, m):\n    sys.modules[n] = m", &["any"]),
        ("def put(n, m):\n    sys.modules[n] = m\nput('a', 1)\nput(x, 2)", &["any"]),
        ("for n in names:\n    sys.modules[n] = x", &["any"]),
        ("sys.modules.update(all)", &["any"]),
        ("sys.modules[__name__] = x", &["own"]),
        ("sys.modules[__name__ + '.x'] = x", &["own"]),
        ("if 'a' in sys.modules:\n    sys.modules.get('b')", &[]),
    ] {
        assert_eq!(puts(source), names, "{source}");
    }
}

#[test]
fn directories_that_are_asked_for() {
    use Access::{List, Mount, Search, Serve, Templates};
    let asks = |source: &str| {
        let found = imports(
            format!("import os, glob\nfrom pathlib import Path\nH = Path(__file__).parent\n{source}").as_bytes(),
        );
        assert_eq!(found.syntax_error, None, "{source}");
        found.opens.into_iter().map(|open| (open.base, open.parts.join("/"), open.access)).collect::<Vec<_>>()
    };
    let cwd = |parts: &str, access| vec![(Base::Cwd, parts.to_owned(), access)];
    let file = |parts: &str, access| vec![(Base::File(1), parts.to_owned(), access)];
    for (source, expected) in [
        ("from fastapi.staticfiles import StaticFiles\nStaticFiles(directory='static')", cwd("static", Mount)),
        ("staticfiles.StaticFiles(directory=str(H / 's'), check_dir=False)", file("s", Serve)),
        (
            "class SPAStaticFiles(StaticFiles): pass\nSPAStaticFiles(directory=os.path.join('a', 'b'))",
            cwd("a/b", Mount),
        ),
        ("StaticFiles(packages=['x'])", vec![]),
        ("StaticFiles(directory=name)", vec![]),
        ("app.frontend('/', directory='dist')", cwd("dist", Mount)),
        ("app.router.add_static('/s', H / 'static')", file("static", Mount)),
        ("from aiohttp import web\nweb.static('/s', 'static')", cwd("static", Mount)),
        ("Jinja2Templates('templates')", cwd("templates", Templates)),
        ("from jinja2 import FileSystemLoader\nFileSystemLoader([H / 'a'], encoding='x')", file("a", Templates)),
        ("import jinja2\njinja2.FileSystemLoader('a/b')", cwd("a/b", Templates)),
        (
            "import jinja2\njinja2.PackageLoader('app')",
            vec![(Base::Package(Some("app".to_owned())), "templates".to_owned(), Mount)],
        ),
        ("from flask import Flask\nFlask(__name__, template_folder='t')", file("t", Templates)),
        ("from flask import Flask\nFlask(__name__)", file("templates", Templates)),
        ("from flask import Flask\nFlask('name')", vec![]),
        ("(H / 'p').iterdir()", file("p", List)),
        ("H.iterdir()", vec![]),
        ("os.listdir('p')", cwd("p", List)),
        ("os.listdir()", vec![]),
        ("os.scandir(H / 'p')", file("p", List)),
        ("(H / 'p').glob('*.md')", file("p", Search)),
        ("H.glob('p/q/*.md')", file("p/q", Search)),
        ("H.rglob('*.md')", vec![]),
        ("glob.glob(os.path.join(os.path.dirname(__file__), 'p', '*.md'))", file("p", Search)),
        ("glob.glob('p/**/*.md')", cwd("p", Search)),
        ("glob.iglob('q/*', root_dir=H)", file("q", Search)),
        ("os.walk('p')", cwd("p", Search)),
        ("import ast\nast.walk(tree)", vec![]),
        ("store.iterdir()", vec![]),
    ] {
        assert_eq!(asks(source), expected, "{source}");
    }
}

#[test]
fn what_is_put_serves_the_names_at_and_below_it() {
    let served = |puts: &[Put], dotted: &str, whole: bool| serves(puts.iter(), dotted, whole);
    let put = |name: &str, bare| Put { name: name.to_owned(), line: 1, bare };
    let bare = [put("src", true), put("src.x", false)];
    for (dotted, whole, expected) in [
        ("src", true, true),
        ("src.x", true, true),
        ("src.x.deep", false, true),
        ("src.y", false, false),
        ("srcs", false, false),
    ] {
        assert_eq!(served(&bare, dotted, whole), expected, "{dotted}");
    }
    assert!(served(&[put("src", false)], "src.y", true) && served(&[put("src.*", false)], "src.y", false));
    // `import src.x` gives `src`, which nobody put there.
    assert!(!served(&[put("src.x", false)], "src.x", true) && served(&[put("src.x", false)], "src.x", false));
}

#[test]
fn looking_at_its_own_names_gives_a_module_none() {
    for (source, open) in [
        ("__all__ = [n for n in globals() if n]", false),
        ("x = globals()['y']", false),
        ("x = globals().get('y')", false),
        ("if 'x' in globals():\n    pass", false),
        ("n = locals()\nfor x in __all__:\n    setattr(n[x], '__module__', 'p')", false),
        ("n = globals()\nn['x'] = 1", true),
        ("n = globals()\nn.update(x=1)", true),
        ("n = globals()\nf(n)", true),
        ("globals()['x'] = 1", true),
        ("globals().update(x)", true),
        ("f(globals())", true),
        ("def f(x):\n    globals()[x] = 1", true),
    ] {
        assert_eq!(imports(source.as_bytes()).open, open, "{source}");
    }
}

#[test]
fn names_that_stand_for_paths() {
    let found = paths(
        b"from pathlib import Path\nfrom . import other\nHERE = Path(__file__).parent\nDATA = HERE / 'data'\nTEXT = 'a'\nX = other.Y\nN = 1\n",
        "3.14",
    );
    let shown: Vec<_> =
        found.iter().map(|(name, path)| format!("{name} {:?} {}", path.base, path.parts.join("/"))).collect();
    assert_eq!(shown, ["DATA File(1) data", "HERE File(1) ", "TEXT Cwd a", "X Constant(\".other\", \"Y\") "]);
}
