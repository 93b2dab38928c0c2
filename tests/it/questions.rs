//! `why` and `impact`: the chain by which something got into the bundle, and what its absence would cost.

use crate::fake::{Tools, project};
use crate::project::Ran;

fn asked(words: &[&str], main: &str) -> Ran {
    let (project, tools) = (project(), Tools::new());
    project.write("src/main.py", main);
    project.saddlebag(words).on_fakes(&tools).run()
}

const MAIN: &str =
    "from src.core import x\nfrom workers import WorkerEntrypoint\n\n\nclass Default(WorkerEntrypoint):\n    pass\n";

#[test]
fn why_tells_the_requirement_the_imports_and_the_weight() {
    let ran = asked(&["why", "Dep"], &format!("import dep\n{MAIN}")).expect(0);
    assert_eq!(
        ran.stdout,
        "dep 1.0  55 B in 2 modules, 121 B dropped\nrequired by  project -> dep\nimported     when the Worker starts:\n  src/main.py:1\n  dep/__init__.py\n"
    );
    let ran = asked(&["why", "dep"], &format!("def later():\n    import dep\n{MAIN}")).expect(0);
    assert!(ran.stdout.contains("in a function, or under a condition, of the project:"), "{}", ran.stdout);
    let ran = asked(&["why", "dep"], MAIN).expect(0);
    assert!(ran.stdout.ends_with("imported     by nothing that main imports\n"), "{}", ran.stdout);
}

#[test]
fn why_knows_modules_and_files_and_says_it_to_machines() {
    for (name, kind) in
        [("src.core", "module"), ("src/core.py", "file"), ("./src/", "file"), ("dep/__init__.py", "file")]
    {
        let ran =
            asked(&["why", "--env", "develop", name, "--format", "json"], &format!("import dep\n{MAIN}")).expect(0);
        let answer = ran.json();
        assert_eq!(
            (answer["schema"].as_str(), answer["kind"].as_str()),
            (Some("saddlebag.why/1"), Some(kind)),
            "{name}"
        );
        assert_eq!(answer["imported"]["level"], "always", "{name}");
    }
}

#[test]
fn a_name_that_means_nothing_is_answered_with_the_nearest_that_does() {
    let ran = asked(&["why", "depp"], MAIN).expect(2);
    assert!(ran.stderr.contains("hint: did you mean `dep`?"), "{}", ran.stderr);
    for (name, hint) in [
        ("src.cor", "did you mean `src.core`?"),
        ("src/cor.py", "did you mean `src/core.py`?"),
        ("dep-extras", "did you mean `dep`?"),
        ("dep/tests/test_dep.py", "`python_modules/dep/tests/test_dep.py` was dropped (tests)"),
        ("dep.tests", "was dropped (tests)"),
        ("Http_X", "requirements-dev.txt:1 lists it, and not for the Worker: see `saddlebag classify`"),
        ("entirely-different", "see `saddlebag report`"),
    ] {
        for command in ["why", "impact"] {
            let (project, tools) = (project(), Tools::new());
            project.write("src/main.py", MAIN).write("requirements-dev.txt", "http-x\n");
            let ran = project.saddlebag(&[command, name]).on_fakes(&tools).run().expect(2);
            assert!(ran.stderr.contains(hint), "{name}: {}", ran.stderr);
        }
    }
    let ran = asked(&["impact"], MAIN).expect(2);
    assert!(ran.stderr.contains("`saddlebag impact` needs `<NAME>`"), "{}", ran.stderr);
    assert_eq!(asked(&["why", "depp", "--format", "json"], MAIN).expect(2).json()["error"]["code"], "usage");
}

#[test]
fn impact_tells_what_would_break_and_what_would_be_saved() {
    let ran = asked(&["impact", "dep"], &format!("import dep\n{MAIN}")).expect(0);
    assert_eq!(
        ran.stdout,
        "without dep: the Worker would not start\nsaved  55 B in 2 modules\nrequired by project\nbreaks at the start  1 import\n  src/main.py:1  imports dep\n"
    );
    let guarded = format!("try:\n    import dep\nexcept ImportError:\n    dep = None\n{MAIN}");
    let answer = asked(&["impact", "dep", "--format", "json"], &guarded).expect(0).json();
    assert_eq!((answer["starts"].as_bool(), answer["breaks"][0]["level"].as_str()), (Some(true), Some("guarded")));
    let ran = asked(&["impact", "dep"], MAIN).expect(0);
    assert!(ran.stdout.starts_with("without dep: nothing that main imports needs it\n"), "{}", ran.stdout);
}
