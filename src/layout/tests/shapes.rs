//! Vendored names, base_dir, explicit settings, included roots, links.

use super::*;

#[test]
fn vendored_names_are_no_evidence_and_main_must_not_have_one() {
    let files = [("src/main.py", "import core.x, worker"), ("core/x.py", ""), ("worker.py", "")];
    assert_eq!(Tree::new("src/main.py", &files).vendored(&["core", "worker"]).line(), FLAT_SRC);
    let tree = Tree::new("src/main.py", &[("src/main.py", "")]).vendored(&["main", "other"]);
    assert_eq!(tree.decide().unwrap().main_clash.as_deref(), Some("main"));
    assert_eq!(
        Tree::new("src/main.py", &[("src/main.py", "")]).vendored(&["mainly"]).decide().unwrap().main_clash,
        None
    );

    let files = [("src/main.py", "import src.a"), ("src/a.py", "")];
    let keep = Tree::new("src/main.py", &files).vendored(&["main"]);
    assert_eq!(keep.line(), "keep . [src] worker.py -> src.main globs src/");
    assert_eq!(keep.decide().unwrap().main_clash, None);
    let keep = Tree::new("src/main.py", &files).vendored(&["main", "worker", "entry"]);
    assert_eq!(keep.line(), "keep . [src] saddlebag_entry.py -> src.main globs src/");
    let vendored_src = Tree::new("src/main.py", &files).vendored(&["src"]);
    assert_eq!(vendored_src.line(), FLAT_SRC);
}

#[test]
fn the_shim_avoids_names_of_the_upload() {
    let files = [("src/main.py", "import src.a, main"), ("src/a.py", ""), ("main.py", "")];
    // `main` is in both roots, so that both have a claim: kept, it is the file beside `src`, and the shim steps aside.
    assert_eq!(Tree::new("src/main.py", &files).line(), "keep . [main.py src] worker.py -> src.main globs src/");
    let files = [("src/types.py", "import src.a"), ("src/a.py", "")];
    assert_eq!(Tree::new("src/types.py", &files).line(), "keep . [src] worker.py -> src.types globs src/");
}

#[test]
fn an_explicit_base_dir() {
    let tree = |content: &str| {
        let files = [("src/main.py", content), ("src/core.py", ""), ("src/__init__.py", ""), ("lib/x.py", "")];
        Tree::new("src/main.py", &files).base_dir(".")
    };
    // wrangler's exact names, main's aside.
    assert_eq!(tree("import src.core, lib.x").line(), "flat . [] main.py at project root");
    assert_eq!(tree("import src.core, lib.x").unresolved(), [""; 0]);
    // Main is uploaded as `main.py`, so these need the shim; everything below base_dir still travels.
    for content in ["import src.main", "from src import main", "from .core import x", "from . import core"] {
        assert_eq!(tree(content).line(), "keep . [] main.py -> src.main at project root", "{content}");
        assert_eq!(tree(content).unresolved(), [""; 0], "{content}");
    }
    let through_core = [("src/main.py", "import src.core"), ("src/core.py", "from .main import app")];
    let through_core = Tree::new("src/main.py", &through_core).base_dir(".");
    assert_eq!(through_core.reason(), "`src/core.py:1` imports `.main`");
    // `import core` works in wrangler's default layout and not in this one.
    assert_eq!(tree("import core").unresolved(), ["src/main.py:1:8 core => src.core"]);
    let flat = tree("import src.main\nfrom src import main").setting(NamespaceSetting::Flat);
    assert_eq!(flat.unresolved(), ["src/main.py:1:8 src.main => main", "src/main.py:2:1 src.main => main"]);

    let files = [("backend/src/main.py", "import src.main"), ("backend/src/core.py", "")];
    let below = Tree::new("backend/src/main.py", &files).base_dir("backend");
    assert_eq!(below.line(), "keep backend [] main.py -> src.main");
    let same = Tree::new("backend/src/main.py", &files).base_dir("backend/src");
    assert_eq!(same.line(), "keep backend [src] main.py -> src.main globs src/");
    let above =
        Tree::new("backend/src/main.py", &[("backend/src/main.py", "import backend.src.main")]).base_dir("backend");
    assert_eq!(above.line(), "keep . [backend] main.py -> backend.src.main globs backend/");
}

#[test]
fn the_configuration_beside_the_source() {
    let files = [("src/main.py", "import src.core"), ("src/core.py", ""), ("deploy/wrangler.toml", "")];
    assert_eq!(Tree::new("src/main.py", &files).config_dir("deploy").line(), KEEP_SRC);
}

#[test]
fn explicit_settings_are_obeyed() {
    let incident =
        [("src/main.py", "from src.core import x\nfrom .core import x\nimport core"), ("src/core.py", "x = 1")];
    let flat = Tree::new("src/main.py", &incident).setting(NamespaceSetting::Flat);
    assert_eq!((flat.line().as_str(), flat.reason().as_str()), (FLAT_SRC, "`--namespace flat`"));
    assert_eq!(flat.unresolved(), ["src/main.py:1:1 src.core => core", "src/main.py:2:1 .core => core"]);
    let keep = Tree::new("src/main.py", &incident).setting(NamespaceSetting::Keep);
    assert_eq!((keep.line().as_str(), keep.reason().as_str()), (KEEP_SRC, "`--namespace keep`"));
    assert_eq!(keep.unresolved(), ["src/main.py:3:8 core => src.core"]);
    let plain = Tree::new("a/b/main.py", &[("a/b/main.py", "")]).setting(NamespaceSetting::Keep);
    assert_eq!(plain.line(), "keep a [b] main.py -> b.main globs b/");
    let root = Tree::new("main.py", &[("main.py", "")]).setting(NamespaceSetting::Keep);
    assert_eq!(root.line(), "flat . [] main.py at project root");

    let impossible = Tree::new("my-worker/main.py", &[("my-worker/main.py", "")]).setting(NamespaceSetting::Keep);
    let error = impossible.decide().unwrap_err();
    assert_eq!(error.kind, ErrorKind::Settings);
    assert_eq!(
        error.message,
        "`my-worker` cannot be kept in the names of modules: `my-worker` cannot be part of a module's name"
    );
}

#[test]
fn included_roots() {
    let files = [
        ("src/main.py", "import src.a"),
        ("src/a.py", ""),
        ("shared/x.py", ""),
        ("data.json", ""),
        ("src/sub/y.py", ""),
    ];
    let tree = Tree::new("src/main.py", &files).include(&["shared", "./data.json", "src/sub", "**/*.sql"]);
    assert_eq!(tree.line(), "keep . [data.json shared src] main.py -> src.main globs src/");
    assert_eq!(
        Tree::new("src/main.py", &files).include(&["."]).line(),
        "keep . [] main.py -> src.main globs src/ at project root"
    );

    let missing = Tree::new("src/main.py", &files).include(&["lost"]).decide().unwrap_err();
    assert_eq!(
        (missing.kind, missing.message.as_str()),
        (ErrorKind::Settings, "`include` names `lost`, which does not exist")
    );

    // Nothing else decides, so what the settings ask for does.
    let quiet = [("src/main.py", ""), ("shared/x.py", "")];
    let tree = Tree::new("src/main.py", &quiet).include(&["shared"]);
    assert_eq!(tree.line(), "keep . [shared src] main.py -> src.main globs src/");
    assert_eq!(tree.reason(), "`include` names `shared`, which is outside `src`");
    // In a flat project it cannot have a name.
    let flat = [("src/main.py", "import a"), ("src/a.py", ""), ("shared/x.py", ""), ("src/prompts/p.txt", "")];
    let error = Tree::new("src/main.py", &flat).include(&["shared"]).decide().unwrap_err();
    assert_eq!(error.message, "`include` names `shared`, which is outside the module root `src`");
    assert_eq!(Tree::new("src/main.py", &flat).include(&["src/prompts"]).line(), FLAT_SRC);
    let monorepo = [("backend/src/main.py", "import src.a"), ("backend/src/a.py", ""), ("shared/x.py", "")];
    let error = Tree::new("backend/src/main.py", &monorepo).include(&["shared"]).decide().unwrap_err();
    assert_eq!(error.message, "`include` names `shared`, which is outside the module root `backend`");
}

#[test]
fn a_name_in_both_roots_means_the_nearer_one_in_each_layout() {
    let files = [
        ("src/main.py", "import utils\nimport src.a"),
        ("src/a.py", ""),
        ("src/utils.py", ""),
        ("utils.py", "import extra"),
        ("extra/__init__.py", ""),
    ];
    let tree = Tree::new("src/main.py", &files);
    assert_eq!(tree.line(), "keep . [extra src utils.py] main.py -> src.main globs src/");
    let reached = tree.decide().unwrap().reached;
    let reached: Vec<_> = reached.iter().map(|path| display(&tree.root, path)).collect();
    assert_eq!(reached, ["extra/__init__.py", "src/a.py", "src/main.py", "utils.py"]);
}

#[cfg(unix)]
#[test]
fn links_into_their_own_parent_end() {
    let files = [
        ("src/main.py", "import pkg.mod\nimport space.loop"),
        ("src/pkg/mod.py", "from .loop import mod\nimport src.pkg.mod"),
        ("src/space/readme", ""),
    ];
    let tree = Tree::new("src/main.py", &files);
    std::os::unix::fs::symlink(tree.root.join("src/pkg"), tree.root.join("src/pkg/loop")).unwrap();
    std::os::unix::fs::symlink(tree.root.join("src/space"), tree.root.join("src/space/loop")).unwrap();
    assert_eq!(tree.line(), KEEP_SRC);
}

#[test]
fn an_unreadable_file_is_an_error() {
    let tree = Tree::new("src/main.py", &[("src/other.py", "")]);
    assert_eq!(tree.decide().unwrap_err().kind, ErrorKind::Unreadable);
}
