//! Real trees in temporary directories. Expected modules were compared by hand with
//! `wrangler deploy --dry-run --outdir` (4.164.0).

use super::*;
use crate::layout::{Namespace, Shim};
use crate::project::config::ModuleRule;
use crate::python::distribution::read_all;

/// A project on disk, with the settings for collecting it.
struct Project {
    _guard: tempfile::TempDir,
    root: Utf8PathBuf,
    layout: Layout,
    rules: Vec<ModuleRule>,
    python_modules_exclude: Vec<String>,
    include: Vec<String>,
    exclude: Vec<String>,
    find: bool,
}

impl Project {
    /// `main` relative to the project; the module root is its directory.
    fn new(main: &str, files: &[(&str, &str)]) -> Self {
        let guard = tempfile::tempdir().unwrap();
        let root = Utf8PathBuf::from_path_buf(guard.path().canonicalize().unwrap()).unwrap();
        for (name, text) in files {
            let path = root.join(name);
            fs_err::create_dir_all(path.parent().unwrap()).unwrap();
            fs_err::write(path, text).unwrap();
        }
        let main = root.join(main);
        let layout = Layout {
            namespace: Namespace::Flat,
            reason: String::new(),
            module_root: main.parent().unwrap().to_owned(),
            roots: vec![Utf8PathBuf::new()],
            main_module: main.file_name().unwrap().to_owned(),
            shim: None,
            glob_prefix: String::new(),
            at_project_root: main.parent() == Some(&root),
            unresolved: Vec::new(),
            imports_main: Vec::new(),
            main_clash: None,
            unparsed: Vec::new(),
            reached: std::collections::BTreeSet::new(),
            main,
        };
        let (rules, exclude, include) = (Vec::new(), Vec::new(), Vec::new());
        let python_modules_exclude = vec!["**/*.pyc".to_owned()];
        Self { _guard: guard, root, layout, rules, python_modules_exclude, include, exclude, find: true }
    }

    fn try_collect(&self) -> Result<Collected> {
        let vendored = self.root.join("vendored");
        collect(&Sources {
            layout: &self.layout,
            config_path: &self.root.join("wrangler.toml"),
            project_root: &self.root,
            rules: RuleSet::new(&self.rules, &self.layout.glob_prefix),
            find_additional_modules: self.find,
            exclude: &self.python_modules_exclude,
            vendored: Some(&vendored),
            distributions: &read_all(&vendored).unwrap(),
            include: &self.include,
            exclude_project: &self.exclude,
            shim: self
                .layout
                .shim
                .as_ref()
                .map(|shim| (self.layout.main_module.clone(), shim.target.clone().into_bytes())),
            direct: &[],
        })
    }

    fn collect(&self) -> Collected {
        self.try_collect().unwrap()
    }

    #[cfg(unix)]
    fn link(&self, link: &str, target: &str) {
        std::os::unix::fs::symlink(target, self.root.join(link)).unwrap();
    }
}

fn names(collected: &Collected) -> Vec<&str> {
    collected.modules.iter().map(|module| module.name.as_str()).collect()
}

fn dropped(collected: &Collected) -> Vec<(&str, &str)> {
    collected.dropped.iter().map(|file| (file.name.as_str(), file.rule)).collect()
}

#[test]
fn the_flat_layout_uploads_what_rules_match_and_main_by_its_basename() {
    let mut project = Project::new(
        "src/main.py",
        &[
            ("src/main.py", "m"),
            ("src/core/a.py", "aa"),
            ("src/core/data.json", "{}"),
            ("src/t.txt", "t"),
            ("outside.py", "no"),
            ("vendored/.synced", "1"),
            ("vendored/pyvenv.cfg", ""),
            ("vendored/x/__init__.py", ""),
            ("vendored/x/c.pyc", "c"),
            ("vendored/workers/a.js", "j"),
            ("vendored/workers/b/c.mjs", "j"),
            ("vendored/x/d.js", "j"),
            ("vendored/x-1.dist-info/METADATA", "Name: X\nVersion: 1\n"),
            ("vendored/x-1.dist-info/RECORD", "x/__init__.py,,\nx/c.pyc,,\n"),
        ],
    );
    let collected = project.collect();
    assert_eq!(
        names(&collected),
        [
            "core/a.py",
            "main.py",
            "python_modules/workers/a.js",
            "python_modules/workers/b/c.mjs",
            "python_modules/x-1.dist-info/METADATA",
            "python_modules/x-1.dist-info/RECORD",
            "python_modules/x/__init__.py",
            "python_modules/x/d.js",
            "t.txt",
        ]
    );
    let of = |name: &str| collected.modules.iter().find(|module| module.name == name).unwrap();
    assert_eq!((of("core/a.py").bytes, of("core/a.py").kind), (2, ModuleType::Python));
    assert_eq!(of("python_modules/workers/a.js").kind, ModuleType::Esm);
    assert_eq!(of("python_modules/x/d.js").kind, ModuleType::Buffer);
    assert_eq!(of("python_modules/x/__init__.py").owner, Owner::Package("x".into()));
    assert_eq!(of("python_modules/x/d.js").owner, Owner::Vendored);
    assert_eq!(dropped(&collected), [("python_modules/x/c.pyc", "python-modules-exclude")]);

    project.find = false;
    assert_eq!(names(&project.collect()), ["main.py"]);
}

#[test]
fn a_second_match_is_a_duplicate_for_main_too() {
    let mut project = Project::new("src/main.py", &[("src/main.py", ""), ("src/a.py", "")]);
    project.rules = vec![ModuleRule { kind: "Data".into(), globs: vec!["**/*".into()], fallthrough: None }];
    let collected = project.collect();
    let ignored: Vec<_> =
        collected.ignored_duplicates.iter().map(|ignored| (ignored.name.as_str(), ignored.kind)).collect();
    assert_eq!(ignored, [("a.py", ModuleType::Python), ("main.py", ModuleType::Python)]);
    let kinds: Vec<_> = collected.modules.iter().map(|module| (module.name.as_str(), module.kind)).collect();
    assert_eq!(kinds, [("a.py", ModuleType::Buffer), ("main.py", ModuleType::Python)]);
}

#[test]
fn directories_that_no_upload_wants_stay_behind_with_their_rule() {
    let project = Project::new(
        "src/main.py",
        &[
            ("src/main.py", ""),
            ("src/env/pyvenv.cfg", ""),
            ("src/env/lib/a.py", "aaa"),
            ("src/env/lib/a.so", ""),
            ("src/node_modules/x/LICENSE.txt", ""),
            ("src/.idea/x.py", ""),
            ("src/__pycache__/x.txt", ""),
            ("src/python_modules/x.py", ""),
            ("src/tests/t.py", ""),
            ("src/dist/t.py", ""),
            (".wrangler/stage/x.py", ""),
        ],
    );
    let collected = project.collect();
    assert_eq!(names(&collected), ["dist/t.py", "main.py", "tests/t.py"]);
    assert_eq!(
        dropped(&collected),
        [
            (".idea/x.py", "dot-directory"),
            ("__pycache__/x.txt", "bytecode"),
            ("env/lib/a.py", "virtual-environment"),
            ("node_modules/x/LICENSE.txt", "node-modules"),
            ("python_modules/x.py", "python-modules"),
        ]
    );
    assert_eq!(collected.dropped[2].bytes, 3);
}

#[test]
fn at_the_project_root_tests_and_build_outputs_go_unless_named() {
    let files = [
        ("main.py", "import app\n"),
        ("app/__init__.py", ""),
        ("app/tests/t.py", ""),
        ("build/x.py", ""),
        ("app/build/x.py", ""),
        ("target/a.txt", ""),
        ("notes.egg-info/SOURCES.txt", ""),
        (".wrangler/tmp/x.py", ""),
        ("wrangler.toml", ""),
    ];
    let project = Project::new("main.py", &files);
    let collected = project.collect();
    assert_eq!(names(&collected), ["app/__init__.py", "app/build/x.py", "main.py"]);
    assert_eq!(
        dropped(&collected),
        [
            ("app/tests/t.py", "tests"),
            ("build/x.py", "build-output"),
            ("notes.egg-info/SOURCES.txt", "build-output"),
            ("target/a.txt", "build-output"),
        ]
    );

    let mut project = Project::new("main.py", &files);
    fs_err::write(project.root.join("main.py"), "from build import x\nfrom app.tests import t\n").unwrap();
    project.include = vec!["target/*.txt".into(), "absent/**".into()];
    project.exclude = vec!["app/build".into()];
    let collected = project.collect();
    assert_eq!(names(&collected), ["app/__init__.py", "app/tests/t.py", "build/x.py", "main.py", "target/a.txt"]);
    assert_eq!(dropped(&collected), [("app/build/x.py", "exclude"), ("notes.egg-info/SOURCES.txt", "build-output")]);
    assert_eq!(collected.unmatched, ["include: absent/**"]);
}

#[test]
fn the_keep_layout_adds_the_shim_and_leaves_main_where_it_is() {
    let mut project =
        Project::new("src/main.py", &[("src/main.py", "m"), ("src/a.py", ""), ("src/a.md", ""), ("shared/b.py", "")]);
    project.layout.module_root = project.root.clone();
    project.layout.roots = vec!["src".into(), "shared".into()];
    project.layout.glob_prefix = "src/".into();
    project.layout.shim = Some(Shim { target: "src.main".into() });
    project.rules = vec![ModuleRule { kind: "Text".into(), globs: vec!["*.md".into()], fallthrough: None }];
    let collected = project.collect();
    assert_eq!(names(&collected), ["main.py", "shared/b.py", "src/a.md", "src/a.py", "src/main.py"]);
    assert_eq!(collected.modules[0].owner, Owner::Saddlebag);
    assert_eq!(collected.modules[0].content, Content::Inline(b"src.main".to_vec()));
    assert!(collected.name_clashes.is_empty());

    fs_err::write(project.root.join("main.py"), "").unwrap();
    project.layout.roots.push("main.py".into());
    let clash = NameClash { name: "main.py".into(), first: "the entry shim".into(), second: "main.py".into() };
    assert_eq!(project.collect().name_clashes, [clash]);
}

#[test]
fn a_file_with_mains_upload_name_is_a_clash() {
    let mut project = Project::new("src/main.py", &[("src/main.py", "m"), ("main.py", "other"), ("src/b.py", "")]);
    project.layout.module_root = project.root.clone();
    let collected = project.collect();
    assert_eq!(names(&collected), ["main.py", "src/b.py"]);
    let clash = NameClash { name: "main.py".into(), first: "src/main.py".into(), second: "main.py".into() };
    assert_eq!(collected.name_clashes, [clash]);
}

#[test]
fn main_that_is_not_utf8_is_uploaded_as_wrangler_reads_it() {
    let project = Project::new("main.py", &[]);
    fs_err::write(project.root.join("main.py"), b"x = '\xe9\xe9'\n").unwrap();
    assert_eq!(project.collect().modules[0].content, Content::Inline("x = '\u{fffd}\u{fffd}'\n".into()));
}

#[cfg(unix)]
#[test]
fn links_are_followed_inside_the_project_only() {
    let project = Project::new(
        "src/main.py",
        &[("src/main.py", ""), ("lib/a.py", "abc"), ("src/env/pyvenv.cfg", ""), ("lib/d/e.py", "")],
    );
    project.link("src/file.py", "../lib/a.py");
    project.link("src/lib", "../lib");
    project.link("lib/d/cycle", "../../lib");
    project.link("src/out.py", "/etc/hostname");
    project.link("src/outdir", "/etc");
    project.link("src/gone.py", "nowhere.py");
    project.link("src/gone.jpeg", "nowhere.jpeg");
    project.link("src/env/python", "/usr/bin");
    let collected = project.collect();
    assert_eq!(names(&collected), ["file.py", "lib/a.py", "lib/d/e.py", "main.py"]);
    assert_eq!(collected.modules[0].content, Content::File(project.root.join("lib/a.py")));
    assert_eq!(collected.modules[0].bytes, 3);
    let strays: Vec<_> = collected
        .stray_links
        .iter()
        .map(|stray| (stray.path.file_name().unwrap(), stray.target.as_str(), stray.dangling))
        .collect();
    assert_eq!(
        strays,
        [("gone.py", "nowhere.py", true), ("out.py", "/etc/hostname", false), ("outdir", "/etc", false)]
    );
}

#[cfg(target_os = "linux")]
#[test]
fn a_name_that_cannot_be_uploaded_is_an_error_only_where_a_rule_wants_it() {
    use std::os::unix::ffi::OsStrExt as _;
    let project = Project::new("src/main.py", &[("src/main.py", ""), ("src/a\\b.jpeg", "")]);
    let odd = |name: &[u8]| project.root.join("src").into_std_path_buf().join(std::ffi::OsStr::from_bytes(name));
    fs_err::write(odd(b"\xff.jpeg"), "").unwrap();
    assert_eq!(names(&project.collect()), ["main.py"]);
    fs_err::write(odd(b"\xff.py"), "").unwrap();
    assert!(project.try_collect().unwrap_err().message.contains("UTF-8"));
    fs_err::remove_file(odd(b"\xff.py")).unwrap();
    fs_err::write(odd(b"a\\b.py"), "").unwrap();
    assert!(project.try_collect().unwrap_err().message.contains("backslash"));
}

#[test]
fn a_linked_environment_or_node_modules_is_no_stray_and_another_directory_is_one() {
    let outside = tempfile::tempdir().unwrap();
    fs_err::create_dir_all(outside.path().join("modules/x")).unwrap();
    fs_err::write(outside.path().join("modules/x/a.py"), "").unwrap();
    let project = Project::new("entry.py", &[("entry.py", "")]);
    for link in ["node_modules", ".venv", "data"] {
        std::os::unix::fs::symlink(outside.path().join("modules"), project.root.join(link)).unwrap();
    }
    let collected = project.collect();
    let strays: Vec<_> = collected.stray_links.iter().map(|stray| (stray.path.file_name(), stray.directory)).collect();
    assert_eq!(strays, [(Some("data"), true)]);
    assert_eq!(collected.modules.len(), 1);
}
