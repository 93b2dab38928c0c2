use super::*;

fn directory(path: &str) -> Candidate {
    Candidate { path: path.into(), vendored: true, owner: Owner::Package("dist".into()), form: Form::Directory }
}

/// Files as (path, text, index of the candidate that holds it); `src/...` is the project's.
fn stays(candidates: &[Candidate], files: &[(&str, &str, Option<usize>)]) -> Vec<bool> {
    let owner = Owner::Package("dist".into());
    let contents: Vec<Content> = files.iter().map(|(_, text, _)| Content::Inline(text.as_bytes().to_vec())).collect();
    let texts: Vec<Text<'_>> = files
        .iter()
        .zip(&contents)
        .map(|((path, _, inside), content)| Text {
            path,
            vendored: !path.starts_with("src/"),
            owner: if path.starts_with("src/") { &Owner::Project } else { &owner },
            content,
            inside: inside.iter().copied().collect(),
        })
        .collect();
    named(candidates, &texts).unwrap()
}

fn one(path: &str, text: &str) -> bool {
    stays(&[directory("pkg/sub/tests")], &[(path, text, None)])[0]
}

#[test]
fn imports_name_the_directory_that_they_go_through() {
    assert!(one("pkg/a.py", "from pkg.sub.tests._natype import x\n"));
    assert!(one("pkg/a.py", "def f():\n    from pkg.sub import (\n        b, tests)\n"));
    assert!(one("pkg/sub/a.py", "from .tests import x\n"));
    assert!(one("pkg/sub/__init__.py", "from . import tests\n"));
    assert!(one("pkg/other/a.py", "from ..sub.tests import x\n"));
    assert!(one("pkg/a.py", "import sub.tests\n"), "a carried copy under a shorter name");
    assert!(one("src/main.py", "from pkg.sub import tests\n"), "the project may import what is vendored");
    assert!(one("other/a.py", "import pkg.sub.tests.x\n"));
    assert!(!one("pkg/a.py", "from .tests import x\n"), "this is pkg.tests");
    assert!(!one("pkg/a.py", "from pkg.tests import x\nimport unittest\n"));
    assert!(!one("other/a.py", "from tests import x\n"));
    assert!(!one("src/main.py", "from .pkg.sub.test import x\n"));
}

#[test]
fn strings_name_it_as_a_path_or_a_dotted_name_and_prose_does_not() {
    assert!(one("pkg/sub/deep/a.py", "d = join(here, 'tests')\n"));
    assert!(one("pkg/sub/a.py", "d = f'{here}/tests/{x}'\n"));
    assert!(one("pkg/sub/__init__.py", "m = import_module('.tests', __package__)\n"));
    assert!(one("pkg/a.py", "d = join(here, 'sub', 'tests')\n"));
    assert!(one("pkg/a.py", "d = here / '../sub/tests/data'\n"));
    assert!(one("other/a.py", "m = 'pkg.sub.tests'\n"));
    assert!(one("other/a.json", "{\"x\": \"pkg/sub/tests/data.json\"}"));
    assert!(!one("other/a.py", "m = 'tests'\n"), "another package's own");
    assert!(!one("pkg/a.py", "d = join(here, 'tests')\n"), "this is pkg/tests");
    assert!(!one("pkg/sub/a.py", "d = 'other/tests/x'\n"));
    assert!(!one("pkg/sub/a.py", "'''Run the tests. See 'tests/x', pkg/sub/tests.'''\n# pkg.sub.tests\n"));
    assert!(!one("pkg/a.py", "tests = 1\nrun(tests)\n"));
    assert!(!one("pkg/a.py", "x = 'my_tests'\ny = 'subtests/a'\n"));
    assert!(!one("pkg-1.dist-info/RECORD", "pkg/sub/tests/a.py,,\n"));
}

#[test]
fn entry_points_and_compiled_modules_are_read() {
    assert!(one("dist-1.dist-info/entry_points.txt", "[pytest11]\nx = pkg.sub.tests.plugin:main\n"));
    let top = [directory("tests")];
    assert_eq!(stays(&top, &[("dist-1.dist-info/entry_points.txt", "x = tests.plugin:main\n", None)]), [true]);
    assert!(one("pkg/sub/a.so", "\0asm\0\0tests\0level\0"));
    assert!(!one("pkg/sub/a.so", "\0asm\0run tests\0"));
}

#[test]
fn a_top_level_directory_is_named_by_imports_and_by_its_own_distribution() {
    let top = [directory("tests")];
    assert_eq!(stays(&top, &[("other/a.py", "from tests.util import x\n", None)]), [true]);
    assert_eq!(stays(&top, &[("pkg/a.py", "x = 'tests'\n", None)]), [true]);
    assert_eq!(stays(&top, &[("src/a.py", "x = 'tests'\n", None)]), [false]);
}

#[test]
fn what_tests_of_packages_name_is_not_needed_for_that() {
    let candidates = [directory("a/tests"), directory("b/tests"), directory("c/tests"), directory("d/tests")];
    let files = [
        ("x.py", "import a.tests\n", None),
        ("a/tests/__init__.py", "import b.tests\n", Some(0)),
        ("b/tests/__init__.py", "from c import tests\n", Some(1)),
        ("d/tests/__init__.py", "import d.tests.y\n", Some(3)),
    ];
    // The import graph keeps what they import.
    assert_eq!(stays(&candidates, &files), [true, false, false, false]);
    let globs =
        [("x.py", "import a.tests\n", None), ("a/tests/runtests.py", "skip = ['b/tests', 'c/tests/data']\n", Some(0))];
    assert_eq!(stays(&candidates, &globs), [true, false, false, false]);
}

#[test]
fn a_name_that_is_only_compared_with_is_not_asked_for() {
    assert!(!one("pkg/a.py", "if name.startswith(\"pkg.sub.tests.\"): skip()\n"));
    assert!(one("pkg/a.py", "import_module(\"pkg.sub.tests.\" + name)\n"));
}

#[test]
fn files_are_named_by_their_name_in_any_text() {
    let header = Candidate { form: Form::File, ..directory("pkg/include/pkg.h") };
    let by = |path, text| stays(std::slice::from_ref(&header), &[(path, text, None)])[0];
    assert!(by("pkg/a.py", "open(join(d, 'pkg.h'))\n"));
    assert!(by("src/a.py", "# needs pkg.h\n"));
    assert!(!by("pkg/a.py", "open('otherpkg.h')\n"));
    assert!(!by("pkg/a.so", "\0/build/pkg.h\0"), "a compiled module only remembers what it was made of");
}
