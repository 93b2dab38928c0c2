use super::*;
use crate::bundle::ModuleType;

/// Modules from upload names and texts. Files under `python_modules/x...` belong to the package `x`.
fn collected(files: &[(&str, &str)]) -> Collected {
    let owner = |name: &str| match vendored_path(name) {
        None => Owner::Project,
        Some(path) => Owner::Package(path.split(['/', '-', '.']).next().unwrap().to_owned()),
    };
    let module = |(name, text): &(&str, &str)| Module {
        name: (*name).to_owned(),
        kind: ModuleType::Buffer,
        content: Content::Inline(text.as_bytes().to_vec()),
        bytes: text.len() as u64,
        owner: owner(name),
    };
    Collected { main_module: "main.py".into(), modules: files.iter().map(module).collect(), ..Collected::default() }
}

fn pruned(files: &[(&str, &str)], options: &PruneOptions) -> Pruned {
    let collected = collected(files);
    let sources = crate::python::sources::ParsedSources::new("3.14");
    let reading = crate::bundle::Reading { sources: &sources, legacy_vendor: false, cache_path: None };
    let graph = crate::bundle::graph(&collected, crate::bundle::read(&collected, reading).unwrap(), reading);
    prune(&collected, &graph, &["listed".to_owned()], options).unwrap()
}

/// Names below `python_modules` that are dropped by default, with their rules.
fn gone<'a>(files: &[(&'a str, &str)]) -> Vec<(&'a str, &'static str)> {
    let dropped = pruned(files, &PruneOptions::default()).dropped;
    let rule = |name: &str| dropped.iter().find(|file| file.name == name).map(|file| file.rule);
    files.iter().filter_map(|(name, _)| rule(name).map(|rule| (*name, rule))).collect()
}

fn owned(patterns: &[&str]) -> Vec<String> {
    patterns.iter().map(|pattern| (*pattern).to_owned()).collect()
}

#[test]
fn dist_info_is_slimmed_to_headers_and_entry_points() {
    let files = [
        ("main.py", ""),
        ("python_modules/x-1.dist-info/METADATA", "Name: x\r\nSummary: a\r\n b\r\n\r\nlong text\r\n"),
        ("python_modules/x-1.dist-info/RECORD", "r"),
        ("python_modules/x-1.dist-info/entry_points.txt", "[a]\n"),
        ("python_modules/x-1.dist-info/licenses/LICENSE", "l"),
        ("python_modules/y-1.dist-info/METADATA", "Name: y\n"),
        ("python_modules/y/z.dist-info/RECORD", "carried inside a package"),
        ("z-1.dist-info/RECORD", "the project's own"),
    ];
    let slim = pruned(&files, &PruneOptions::default());
    let metadata = slim.modules.iter().find(|module| module.name.ends_with("x-1.dist-info/METADATA")).unwrap();
    assert_eq!(metadata.content, Content::Inline(b"Name: x\r\nSummary: a\r\n b\r\n".to_vec()));
    assert_eq!(metadata.bytes, 25);
    let dropped: Vec<_> = slim.dropped.iter().map(|file| (file.name.as_str(), file.bytes, file.rule)).collect();
    assert_eq!(
        dropped,
        [
            ("python_modules/x-1.dist-info/METADATA", 13, "dist-info"),
            ("python_modules/x-1.dist-info/RECORD", 1, "dist-info"),
            ("python_modules/x-1.dist-info/licenses/LICENSE", 1, "dist-info"),
        ]
    );
    let keep = PruneOptions { dist_info: DistInfo::Keep, ..PruneOptions::default() };
    assert!(pruned(&files, &keep).dropped.is_empty());
    let delete = PruneOptions { dist_info: DistInfo::Delete, ..PruneOptions::default() };
    assert_eq!(pruned(&files, &delete).dropped.len(), 5);
}

#[test]
fn bytecode_goes_unless_it_is_all_there_is() {
    assert_eq!(
        gone(&[
            ("a.py", ""),
            ("a.pyc", ""),
            ("python_modules/x/__pycache__/a.cpython-313.pyc", ""),
            ("python_modules/x/a.py", ""),
            ("python_modules/x/a.pyc", ""),
            ("python_modules/x/only.pyc", ""),
        ]),
        [
            ("a.pyc", "bytecode"),
            ("python_modules/x/__pycache__/a.cpython-313.pyc", "bytecode"),
            ("python_modules/x/a.pyc", "bytecode")
        ]
    );
}

#[test]
fn stubs_go_where_a_distribution_is_nothing_else() {
    assert_eq!(
        gone(&[
            ("python_modules/foo-stubs/__init__.pyi", ""),
            ("python_modules/x/a.pyi", ""),
            ("python_modules/x/py.typed", ""),
            ("python_modules/y/a.py", ""),
            ("python_modules/y/a.pyi", ""),
        ]),
        [
            ("python_modules/foo-stubs/__init__.pyi", "stubs"),
            ("python_modules/x/a.pyi", "stubs"),
            ("python_modules/x/py.typed", "stubs")
        ]
    );
}

#[test]
fn scripts_go_unless_bin_is_a_package() {
    let script = ("python_modules/bin/tool", "#!/usr/bin/python\n");
    assert_eq!(gone(&[script, ("python_modules/bin/data", "no script")]), [("python_modules/bin/tool", "scripts")]);
    assert_eq!(gone(&[script, ("python_modules/bin/__init__.py", "")]), []);
}

#[test]
fn c_sources_go_unless_a_text_names_them() {
    assert_eq!(
        gone(&[
            ("python_modules/x/a.c", ""),
            ("python_modules/x/named.h", "#include \"inner.hpp\"\n"),
            ("python_modules/x/inner.hpp", ""),
            ("python_modules/x/b.pyx", ""),
            ("python_modules/x/m.py", "p = join(here, 'named.h')\n"),
            ("own.c", ""),
        ]),
        [("python_modules/x/a.c", "c-sources"), ("python_modules/x/b.pyx", "c-sources")]
    );
}

#[test]
fn tests_go_unless_needed_and_protected_names_never() {
    assert_eq!(
        gone(&[
            ("main.py", "import y.test, x.testing\n"),
            ("tests/own.py", ""),
            ("python_modules/x/tests/__init__.py", "import x.tests.data\n"),
            ("python_modules/x/tests/data/a.json", ""),
            ("python_modules/x/core/tests/natype.py", ""),
            ("python_modules/x/testing.py", "from x.core.tests.natype import y\n"),
            ("python_modules/y/test/client.py", ""),
            ("python_modules/tests/__init__.py", ""),
            ("python_modules/workers/tests/a.py", ""),
            ("python_modules/lib/test/a.so", ""),
            ("python_modules/x.libs/test/a", ""),
            ("python_modules/asgi.py", ""),
            ("python_modules/_workers_sdk_a.py", ""),
            ("python_modules/x.pth", ""),
            ("python_modules/x/tests.py", ""),
            ("python_modules/x/data.bin", ""),
        ]),
        [
            ("python_modules/x/tests/__init__.py", "tests"),
            ("python_modules/x/tests/data/a.json", "tests"),
            ("python_modules/tests/__init__.py", "tests"),
            ("python_modules/x/tests.py", "tests"),
        ]
    );
}

#[test]
fn testing_modules_go_unless_what_stays_imports_them() {
    let files = |main: &'static str| {
        [
            ("main.py", main),
            ("python_modules/x/__init__.py", "def f():\n    from ._core import y\n"),
            ("python_modules/x/_core.py", "try:\n    from . import _testing\nexcept ImportError:\n    pass\n"),
            ("python_modules/x/_testing.py", ""),
            ("python_modules/x/testing/__init__.py", "from .private import z\n"),
            ("python_modules/x/testing/private.py", "from ..core.tests import natype\n"),
            ("python_modules/x/testing/tests/test_private.py", ""),
            ("python_modules/x/core/__init__.py", ""),
            ("python_modules/x/core/tests/__init__.py", ""),
            ("python_modules/x/core/tests/natype.py", ""),
            ("python_modules/x/core/tests/test_core.py", ""),
            ("python_modules/x/core/tests/data.txt", ""),
            ("python_modules/x/conftest.py", ""),
            ("python_modules/testing/common.py", ""),
        ]
    };
    let names = |main| gone(&files(main)).into_iter().map(|(name, _)| name).collect::<Vec<_>>();
    assert_eq!(
        names("import x"),
        [
            "python_modules/x/testing/__init__.py",
            "python_modules/x/testing/private.py",
            "python_modules/x/testing/tests/test_private.py",
            "python_modules/x/core/tests/__init__.py",
            "python_modules/x/core/tests/natype.py",
            "python_modules/x/core/tests/test_core.py",
            "python_modules/x/core/tests/data.txt",
            "python_modules/x/conftest.py",
        ]
    );
    // Imports of a kept test module are kept too, and so is their directory with its data.
    assert_eq!(
        names("import x.testing"),
        [
            "python_modules/x/testing/tests/test_private.py",
            "python_modules/x/core/tests/test_core.py",
            "python_modules/x/conftest.py",
        ]
    );
}

#[test]
fn the_user_has_the_last_word_and_keep_beats_exclude() {
    let files = [
        ("main.py", ""),
        ("src/a.py", ""),
        ("python_modules/x/tests/a.py", ""),
        ("python_modules/x/tests/b.py", ""),
        ("python_modules/x.pth", ""),
        ("python_modules/x/core.py", ""),
    ];
    let options = PruneOptions {
        exclude: owned(&["*.pth", "src", "x/**", "main.py", "nothing"]),
        keep: owned(&["python_modules/x/tests/b.py", "x/core.py", "x/absent/"]),
        ..PruneOptions::default()
    };
    let result = pruned(&files, &options);
    let names: Vec<_> = result.modules.iter().map(|module| module.name.as_str()).collect();
    assert_eq!(names, ["main.py", "python_modules/x/tests/b.py", "python_modules/x/core.py"]);
    let dropped: Vec<_> = result.dropped.iter().map(|file| (file.name.as_str(), file.rule)).collect();
    assert_eq!(
        dropped,
        [
            ("python_modules/x.pth", "prune-exclude"),
            ("python_modules/x/tests/a.py", "prune-exclude"),
            ("src/a.py", "prune-exclude"),
        ]
    );
    assert_eq!(result.unmatched, ["prune.keep: x/absent/", "prune.exclude: nothing"]);
}

#[test]
fn a_kept_file_speaks() {
    let files = [
        ("python_modules/x/tests/a.py", "import x.sub.tests\n"),
        ("python_modules/x/sub/tests/b.py", ""),
        ("python_modules/x/tests/c.py", ""),
    ];
    let options = PruneOptions { keep: owned(&["x/tests/a.py"]), ..PruneOptions::default() };
    let dropped: Vec<_> = pruned(&files, &options).dropped.into_iter().map(|file| file.name).collect();
    assert_eq!(dropped, ["python_modules/x/tests/c.py"]);
}

/// Names left below `python_modules` with `prune.shake`.
fn shaken(files: &[(&'static str, &str)]) -> Vec<String> {
    let left = pruned(files, &PruneOptions { shake: true, ..PruneOptions::default() });
    assert!(left.dropped.iter().all(|file| file.rule == "shake"), "{:?}", left.dropped);
    left.modules.iter().filter_map(|module| vendored_path(&module.name)).map(str::to_owned).collect()
}

#[test]
fn shaking_leaves_what_is_imported_with_the_packages_above_it_and_their_data() {
    let files = [
        ("main.py", "from a.b import c\ndef later():\n    import d\n"),
        ("python_modules/a/__init__.py", ""),
        ("python_modules/a/b/__init__.py", ""),
        ("python_modules/a/b/c.py", ""),
        ("python_modules/a/b/data.json", "{}"),
        ("python_modules/a/unused.py", ""),
        ("python_modules/d.py", ""),
        ("python_modules/unused/__init__.py", ""),
        ("python_modules/unused/data.json", "{}"),
        ("python_modules/unused/native.cpython-314-wasm32-emscripten.so", ""),
        ("python_modules/lib/libz.so", ""),
    ];
    let left = ["a/__init__.py", "a/b/__init__.py", "a/b/c.py", "a/b/data.json", "d.py", "lib/libz.so"];
    assert_eq!(shaken(&files), left);
}

#[test]
fn shaking_leaves_whole_what_imports_by_names_that_nobody_can_read() {
    let files = [
        ("main.py", "import a, b.sub\n"),
        (
            "python_modules/a/__init__.py",
            "from importlib import import_module\ndef __getattr__(name):\n    return import_module('.' + name, __name__)\n",
        ),
        ("python_modules/a/lazy.py", "import c"),
        ("python_modules/b/__init__.py", ""),
        ("python_modules/b/other.py", ""),
        ("python_modules/b/sub.cpython-314-wasm32-emscripten.so", "\0c.named\0"),
        ("python_modules/c/__init__.py", ""),
        ("python_modules/c/named.py", ""),
        ("python_modules/c/other.py", ""),
    ];
    let left = ["a/__init__.py", "a/lazy.py", "b/__init__.py", "b/other.py"];
    let compiled = ["b/sub.cpython-314-wasm32-emscripten.so", "c/__init__.py", "c/named.py"];
    assert_eq!(shaken(&files), [&left[..], &compiled].concat());
}

#[test]
fn shaking_leaves_plugins_the_sdk_what_the_user_lists_and_the_time_zones() {
    let files = [
        ("main.py", ""),
        ("python_modules/a-1.dist-info/entry_points.txt", "[x]\nplugin = a.plugin:f\n"),
        ("python_modules/a/__init__.py", ""),
        ("python_modules/a/other.py", ""),
        ("python_modules/a/plugin.py", "import b\n"),
        ("python_modules/b.py", ""),
        ("python_modules/listed/__init__.py", ""),
        ("python_modules/listed/x.py", "import needed_by_listed"),
        ("python_modules/needed_by_listed.py", ""),
        ("python_modules/tzdata/__init__.py", ""),
        ("python_modules/tzdata/zoneinfo/__init__.py", ""),
        ("python_modules/tzdata/zoneinfo/UTC", ""),
        ("python_modules/workers/__init__.py", ""),
        ("python_modules/workers/x.py", ""),
    ];
    let gone = ["a/other.py"];
    let left = files.iter().filter_map(|(name, _)| vendored_path(name)).filter(|path| !gone.contains(path));
    assert_eq!(shaken(&files), left.collect::<Vec<_>>());
}

#[test]
fn a_recipe_keeps_what_is_chosen_and_what_is_imported_all_the_same() {
    let files = [
        ("main.py", "from faker.providers.job.de_DE import B\n"),
        ("python_modules/faker/__init__.py", "from faker import factory\nHELP = 'faker.providers.job.ja_JP'\n"),
        ("python_modules/faker/factory.py", "LOCALES = ['faker/providers/job/ja_JP', 'ja_JP']\n"),
        ("python_modules/faker/providers/job/__init__.py", ""),
        ("python_modules/faker/providers/job/de_DE/__init__.py", "from .. import fr_FR\nB = 1\n"),
        ("python_modules/faker/providers/job/en_US/__init__.py", ""),
        ("python_modules/faker/providers/job/fr_FR/__init__.py", ""),
        ("python_modules/faker/providers/job/it_IT/__init__.py", ""),
        ("python_modules/faker/providers/job/it_IT/words.txt", "uno"),
        ("python_modules/faker/providers/job/ko_KR/__init__.py", ""),
        ("python_modules/faker/providers/job/ko_KR/words.txt", "hana"),
    ];
    let recipes: BTreeMap<String, Vec<String>> = [("faker-locales".to_owned(), owned(&["ko_KR", "nl_NL"]))].into();
    let chosen = PruneOptions { recipes: recipes.clone(), ..PruneOptions::default() };
    let dropped = |options: &PruneOptions| -> Vec<String> {
        let dropped = pruned(&files, options).dropped;
        dropped.iter().map(|file| format!("{} {}", file.name.rsplit("/job/").next().unwrap(), file.rule)).collect()
    };
    let all = ["it_IT/__init__.py recipe:faker-locales", "it_IT/words.txt recipe:faker-locales"];
    assert_eq!(dropped(&chosen), all);
    assert_eq!(pruned(&files, &chosen).unmatched, ["prune.recipes.faker-locales: nl_NL"]);
    let kept = PruneOptions { keep: owned(&["faker/**/*.txt"]), recipes, ..PruneOptions::default() };
    assert_eq!(dropped(&kept), all[..1]);
    assert!(dropped(&PruneOptions::default()).is_empty());
}

#[test]
fn what_stays_with_its_directory_keeps_what_it_imports() {
    // sqlalchemy.testing is imported by kept modules; its `suite` is only in the same directory.
    let files = [
        ("main.py", "import a.plugin\n"),
        ("python_modules/a/__init__.py", ""),
        ("python_modules/a/plugin.py", "from a.testing import config\n"),
        ("python_modules/a/testing/__init__.py", ""),
        ("python_modules/a/testing/config.py", ""),
        ("python_modules/a/testing/suite/__init__.py", "from .test_cte import *\n"),
        ("python_modules/a/testing/suite/test_cte.py", "from . import test_more\n"),
        ("python_modules/a/testing/suite/test_more.py", ""),
        ("python_modules/a/testing/suite/test_other.py", ""),
    ];
    assert_eq!(gone(&files), [("python_modules/a/testing/suite/test_other.py", "tests")]);
}
