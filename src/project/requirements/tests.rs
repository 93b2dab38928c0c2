//! Requirements files, good and bad.

use super::lines::Line;
use super::*;
use crate::project::snapshot::shown;
use proptest::prelude::*;

const A: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

struct Tree {
    directory: tempfile::TempDir,
}

impl Tree {
    fn new(files: &[(&str, &str)]) -> Self {
        let tree = Self { directory: tempfile::tempdir().unwrap() };
        for (name, text) in files {
            let path = tree.root().join(name);
            fs_err::create_dir_all(path.parent().unwrap()).unwrap();
            fs_err::write(path, text).unwrap();
        }
        tree
    }

    fn root(&self) -> &Utf8Path {
        Utf8Path::from_path(self.directory.path()).unwrap()
    }

    fn read(&self) -> Result<Requirements> {
        read(None, self.root(), None, Lists::default(), &environment)
    }
}

fn environment(name: &str) -> Option<String> {
    match name {
        "TOKEN" => Some("s3cret".to_owned()),
        "DIR" => Some("libs".to_owned()),
        _ => None,
    }
}

fn of(text: &str) -> Requirements {
    Tree::new(&[(DEFAULT_FILE, text)]).read().unwrap()
}

#[test]
fn a_file_with_everything() {
    let tree = Tree::new(&[
        (
            DEFAULT_FILE,
            &format!(
                "\u{feff}# runtime\r\n-r more/base.txt -c more/limits.txt\r\n--index-url https://me:${{TOKEN}}@host/simple\r\n\
                 --extra-index-url=https://other/simple\r\n-f ./wheels --trusted-host host --pre --only-binary :all:\r\n\
                 --no-binary=:none: --prefer-binary\r\nFast_API[all] >= 0.1 ; python_version > \"3\"  # web\r\n\
                 idna==3.7 \\\r\n    --hash=sha256:{A} \\\r\n    --hash sha256:{}\r\n",
                A.to_uppercase()
            ),
        ),
        ("more/base.txt", "certifi\n-cmore.txt\n"),
        ("more/more.txt", "anyio<5"),
        ("more/limits.txt", "--constraint=more.txt\nurllib3<3"),
    ]);
    let found = tree.read().unwrap();
    assert_eq!(found.source, Source::File(tree.root().join(DEFAULT_FILE)));
    let lines = |entries: &[Requirement]| -> Vec<String> {
        entries
            .iter()
            .map(|entry| format!("{} {} {}", entry.name.as_deref().unwrap(), entry.text, entry.location()))
            .collect()
    };
    assert_eq!(
        lines(&found.entries),
        [
            "certifi certifi more/base.txt:1:1",
            "fast-api Fast_API[all] >= 0.1 ; python_version > \"3\" requirements-runtime.txt:7:1",
            "idna idna==3.7 requirements-runtime.txt:8:1",
        ]
    );
    assert_eq!(
        lines(&found.constraints),
        ["anyio anyio<5 more/more.txt:1:1", "anyio anyio<5 more/more.txt:1:1", "urllib3 urllib3<3 more/limits.txt:2:1"]
    );
    assert_eq!(found.entries[2].hashes, [format!("sha256:{A}"), format!("sha256:{A}")]);
    assert!(found.require_hashes);
    let options = &found.options;
    assert_eq!(options.index_url.as_ref().unwrap().as_str(), "https://me:s3cret@host/simple");
    assert_eq!(options.extra_index_urls[0].as_str(), "https://other/simple");
    assert_eq!(options.find_links[0].as_str(), tree.root().join("wheels").as_str());
    assert_eq!(
        (options.trusted_hosts.as_slice(), options.pre, options.no_index),
        (&["host".to_owned()][..], true, false)
    );
}

#[test]
fn local_paths_and_urls() {
    let tree = Tree::new(&[
        (
            DEFAULT_FILE,
            "./libs/foo\n./libs/foo[x,y] ; python_version > '3'\nfoo @ ./libs/foo\nfoo@file:libs/foo\n\
             wheels/Bar_Baz-1.0-py3-none-any.whl\n${DIR}/foo\nqux @ https://h/q.tar.gz#sha256=0\n\
             https://u:${TOKEN}@h/bar-1.0-py3-none-any.whl\ngit1 @ git+https://${TOKEN}@h/r.git@v1 ; sys_platform == 'x'\n\
             -r sub/more.txt",
        ),
        ("sub/more.txt", "../libs/foo"),
        ("libs/foo/pyproject.toml", "[project]\nname = 'Foo.Real'"),
        ("wheels/Bar_Baz-1.0-py3-none-any.whl", ""),
    ]);
    let root = tree.root();
    let found = tree.read().unwrap().entries;
    let texts: Vec<String> = found.iter().map(|entry| entry.text.replace(root.as_str(), "")).collect();
    assert_eq!(
        texts,
        [
            "foo-real @ file:///libs/foo",
            "foo-real[x,y] @ file:///libs/foo ; python_full_version >= '3.1'",
            "foo @ file:///libs/foo",
            "foo @ file:///libs/foo",
            "bar-baz @ file:///wheels/Bar_Baz-1.0-py3-none-any.whl",
            "foo-real @ file:///libs/foo",
            "qux @ https://h/q.tar.gz#sha256=0",
            "bar @ https://u:s3cret@h/bar-1.0-py3-none-any.whl",
            "git1 @ git+https://s3cret@h/r.git@v1 ; sys_platform == 'x'",
            "foo-real @ file:///libs/foo",
        ]
    );
    assert_eq!(found[0].local.as_deref(), Some(root.join("libs/foo").as_path()));
    assert_eq!(found[4].local.as_deref(), Some(root.join("wheels/Bar_Baz-1.0-py3-none-any.whl").as_path()));
    assert_eq!((found[6].local.as_ref(), found[6].name.as_deref()), (None, Some("qux")));
    assert_eq!(found[7].redacted(), "https://***@h/bar-1.0-py3-none-any.whl");
    for entry in &found {
        let again: std::result::Result<pep508_rs::Requirement, _> = entry.text.parse();
        assert_eq!(again.unwrap().name.as_ref(), entry.name.as_deref().unwrap(), "{}", entry.redacted());
    }
}

#[test]
fn credentials_are_in_nothing_that_prints() {
    let found = of("--index-url https://me:literal@h\n--find-links https://${TOKEN}@h/x\n-i https://a:literal@b\n\
                    x @ https://me:literal@h/x.whl\ny @ https://${TOKEN}@h/y.whl\n");
    let printed = format!("{found:?} {} {}", found.entries[0].redacted(), found.options.index_url.as_ref().unwrap());
    assert!(!printed.contains("literal") && !printed.contains("s3cret"), "{printed}");
    assert!(found.entries[1].text.contains("s3cret"));
}

#[test]
fn where_the_requirements_come_from() {
    let text = "[project]\nname = 'x'\ndependencies = [\n  'idna>=3',\n  \"foo @ ./libs/foo\",\n]\n";
    let tree = Tree::new(&[("pyproject.toml", text), ("libs/foo/x", ""), ("other.txt", "certifi")]);
    let path = tree.root().join("pyproject.toml");
    let pyproject = crate::project::pyproject::read(path.clone(), tree.root()).unwrap();
    let read = |file: Option<&str>| {
        read(file.map(Utf8Path::new), tree.root(), Some(&pyproject), Lists::default(), &environment)
    };

    let found = read(None).unwrap();
    assert_eq!(found.source, Source::Pyproject(path));
    assert_eq!(found.entries[0].location().to_string(), "pyproject.toml:4:4");
    assert!(found.entries[1].text.ends_with("/libs/foo") && found.entries[1].local.is_some());

    assert_eq!(read(Some("other.txt")).unwrap().entries[0].text, "certifi");
    let errors = [read(Some("none.txt")), read(Some("libs"))].map(|found| shown("", &found.unwrap_err()));
    insta::assert_snapshot!(errors.concat());

    fs_err::write(tree.root().join(DEFAULT_FILE), "anyio").unwrap();
    assert_eq!(read(None).unwrap().entries[0].text, "anyio");
    assert_eq!(Tree::new(&[]).read().unwrap(), Requirements::default());
}

#[test]
fn bad_lines() {
    let mut errors = String::new();
    for text in [
        "idna\nfoo=1.0",
        "foo 1.0",
        "foo>=1.x",
        "foo>=",
        "foo[bar",
        "foo[bar-]",
        "foo- >= 1",
        "-x",
        ">=1.0",
        "foo ; python_versio > '3'",
        "foo ; python_version > '3",
        "foo @ ",
        "foo @ https://h/x.whl; python_version > '3'",
        "fo\u{f6}",
        "foo \\\n  [bar \\\n  ==1",
        "-e ./libs/foo",
        "--editable=git+https://me:pw@h/r.git",
        "./libs/nowhere",
        "foo @ ../nowhere",
        "./libs/nameless",
        "https://me:pw@h/foo-1.0.tar.gz",
        "git+https://h/r.git#egg=foo ; python_version > '3'",
        "sdist-1.0.tar.gz",
        "foo --hash=md5:abc",
        "foo --hash=sha512:abc",
        "foo --hash=sha256:abc",
        "foo --hash",
        "--hash=sha256:abc",
        "foo --pre",
        "foo --global-option=x",
        "foo # why \\\nbar",
        "-r none.txt",
        "-r",
        "-r https://me:pw@h/r.txt",
        "-c constraints.txt",
        "-r circle.txt",
        "-r requirements-runtime.txt",
        "-r pyproject.toml",
        "--no-binary :all:",
        "--use-feature=x",
        "--requirements x.txt",
        "--frobnicate",
        "--index-url https://${NONE}@h",
        "foo==${TOKEN}!",
        "${TOKEN} @ ${NONE}",
    ] {
        let tree = Tree::new(&[
            (DEFAULT_FILE, text),
            ("libs/nameless/setup.py", ""),
            ("sdist-1.0.tar.gz", ""),
            ("constraints.txt", "\n  -r circle.txt"),
            ("circle.txt", "# x\n-r requirements-runtime.txt"),
            ("pyproject.toml", "[project]"),
        ]);
        match tree.read() {
            Ok(found) => panic!("{text:?} was taken: {found:?}"),
            Err(error) => errors.push_str(&shown(text, &error)),
        }
    }
    assert!(!errors.contains("s3cret") && !errors.contains("me:pw@h/r.txt`"));
    insta::assert_snapshot!(errors);
}

#[test]
fn a_file_in_utf_16_is_told_so() {
    let tree = Tree::new(&[]);
    fs_err::write(tree.root().join(DEFAULT_FILE), b"\xff\xfef\0o\0o\0").unwrap();
    let error = tree.read().unwrap_err();
    assert_eq!(error.kind, ErrorKind::Requirements);
    assert_eq!(error.message, "`requirements-runtime.txt` is encoded as UTF-16 LE");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]
    #[test]
    fn no_line_makes_a_panic(text in "(foo|a|[-_. \\[\\],;@=<>!~()'\"#:/${}\\\\éa1\t]|python_version|in|and|https://){0,12}") {
        let context = requirement::Context { display_path: "x", text: &text, dir: Utf8Path::new("/nowhere"), environment: &environment };
        let line = Line::of(&text, 0, true).trimmed();
        if let Err(error) = context.requirement(&line, Vec::new()) {
            prop_assert!(!error.message.contains('\n') && !error.message.contains("s3cret"));
        }
    }
}
