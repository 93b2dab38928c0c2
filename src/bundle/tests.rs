use super::collect::Sources;
use super::prune::PruneOptions;
use super::*;
use crate::layout::{Layout, Namespace};
use crate::python::distribution::read_all;

#[test]
fn a_plan_adds_up() {
    let guard = tempfile::tempdir().unwrap();
    let root = Utf8PathBuf::from_path_buf(guard.path().canonicalize().unwrap()).unwrap();
    for (name, text) in [
        ("src/main.py", "import a\n"),
        ("src/core.py", "x = 1\n"),
        ("vendored/a/__init__.py", "import b\n"),
        ("vendored/a/tests/t.py", "never named\n"),
        ("vendored/b.py", "1\n"),
        ("vendored/a-1.0.dist-info/METADATA", "Name: A\nVersion: 1.0\nRequires-Dist: b\n\ntext\n"),
        ("vendored/a-1.0.dist-info/RECORD", "a/__init__.py,,\na/tests/t.py,,\na-1.0.dist-info/METADATA,,\n"),
        ("vendored/b-2.dist-info/METADATA", "Name: b\nVersion: 2\n"),
        ("vendored/b-2.dist-info/RECORD", "b.py,,\n"),
    ] {
        fs_err::create_dir_all(root.join(name).parent().unwrap()).unwrap();
        fs_err::write(root.join(name), text).unwrap();
    }
    let layout = Layout {
        namespace: Namespace::Flat,
        reason: String::new(),
        module_root: root.join("src"),
        roots: vec![Utf8PathBuf::new()],
        main: root.join("src/main.py"),
        main_module: "main.py".into(),
        shim: None,
        glob_prefix: String::new(),
        at_project_root: false,
        unresolved: Vec::new(),
        imports_main: Vec::new(),
        main_clash: None,
        unparsed: Vec::new(),
        reached: std::collections::BTreeSet::new(),
    };
    let vendored = root.join("vendored");
    let rules =
        [crate::project::config::ModuleRule { kind: "Text".into(), globs: vec!["*.md".into()], fallthrough: None }];
    let sources = Sources {
        layout: &layout,
        config_path: &root.join("wrangler.toml"),
        project_root: &root,
        rules: rules::RuleSet::new(&rules, ""),
        find_additional_modules: true,
        exclude: &[],
        vendored: Some(&vendored),
        distributions: &read_all(&vendored).unwrap(),
        include: &[],
        exclude_project: &["absent".to_owned()],
        shim: None,
        direct: &["a".to_owned(), "b".to_owned()],
    };
    let bundle = plan(
        &sources,
        &PruneOptions { keep: vec!["absent".to_owned()], ..PruneOptions::default() },
        Reading { sources: &ParsedSources::new("3.14"), legacy_vendor: false, cache_path: None },
        false,
    )
    .unwrap();

    assert!(bundle.modules.is_sorted_by(|a, b| a.name < b.name) && bundle.dropped.is_sorted());
    assert_eq!(bundle.raw_bytes, bundle.modules.iter().map(|module| module.bytes).sum::<u64>());
    assert!(bundle.gzip_bytes > 20 && bundle.gzip_bytes < bundle.raw_bytes * 2);
    let packages: Vec<_> = bundle
        .packages
        .iter()
        .map(|p| (p.name.as_str(), p.version.as_str(), p.modules, p.raw_bytes, p.dropped_bytes))
        .collect();
    assert_eq!(packages, [("a", "1.0", 2, 9 + 38, 12 + 6), ("b", "2", 1, 2, 0)]);
    assert_eq!(bundle.packages[0].required_by, ["project"]);
    assert_eq!(bundle.packages[1].required_by, ["a", "project"]);
    assert_eq!(bundle.unmatched_patterns, ["exclude: absent", "prune.keep: absent"]);
    assert_eq!(bundle.shadowed_rules.len(), 1);
}
