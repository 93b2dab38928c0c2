//! What people read: few lines when all is well, what blocks when not, everything with `--verbose`.

use crate::fake::{Tools, project};
use crate::project::{Project, Ran};

fn run(project: &Project, tools: &Tools, words: &[&str]) -> Ran {
    project.saddlebag(words).on_fakes(tools).run()
}

/// With a development tool in the runtime requirements, which is warned of.
fn warned() -> Project {
    let project = project();
    project.write("requirements-runtime.txt", "dep\npytest\n");
    project
}

/// Main imports what is not there.
fn broken() -> Project {
    let project = warned();
    project.write(
        "src/main.py",
        "import gone_missing\nimport dep\nfrom src.core import x\n\n\nclass Default:\n    pass\n",
    );
    project
}

#[test]
fn a_pass_takes_ten_lines_at_most_and_names_no_table() {
    let (project, tools) = (project(), Tools::new());
    run(&project, &tools, &["baseline"]).expect(0);
    project.write("src/core.py", "x = 1\ny = 2\n").write("src/more.py", "x = 1\n");
    let ran = run(&project, &tools, &["check", "--gate", "requirements=off"]).expect(0);
    insta::assert_snapshot!(ran.stdout, @"
    saddlebag check: passed
    w, top level (wrangler.toml), Python 3.14 (Pyodide 314.0.6)
    bundle  780 B of 64.0 MiB (0 %), about 414 B gzipped, 7 modules
    growth  +12 B (+1.6 %) since saddlebag-baseline.toml: 768 B -> 780 B
          +12 B  the project's own files

    passed (14 gates, 0 warnings)
    ");
    assert!(ran.stdout.lines().count() <= 9, "with the bar of a terminal: ten\n{}", ran.stdout);
    let verbose = run(&project, &tools, &["check", "--gate", "requirements=off", "--verbose"]).expect(0).stdout;
    for table in
        ["\n  in bundle    dropped\n", "\nmodules\n", "\ndropped\n", "\ngates\n", "  passed   size", "  skipped  smoke"]
    {
        assert!(verbose.contains(table), "{table:?} is missing in {verbose}");
        assert!(!ran.stdout.contains(table), "{table:?}");
    }
}

#[test]
fn a_block_shows_what_blocks_in_full_and_nothing_that_passed() {
    let (project, tools) = (broken(), Tools::new());
    let ran = run(&project, &tools, &["check"]).expect(3);
    insta::assert_snapshot!(ran.stdout, @"
    saddlebag check: BLOCKED by imports
    w, top level (wrangler.toml), Python 3.14 (Pyodide 314.0.6)

    deny[imports.missing]: `src/main.py:1` imports `gone_missing`, which nothing in the upload, the standard library or the runtime provides
      --> src/main.py:1:8
      help: add the distribution that provides `gone_missing` to the requirements, or guard the import

    warn[requirements.development]: `pytest` is a development tool, and the runtime requirements list it (requirements-runtime.txt:2:1)
    warn[requirements.unlocked]: the versions are not locked: the next deploy may resolve to others (requirements-runtime.txt)
    `--verbose` shows warnings in full

    blocked by imports: nothing was uploaded (14 gates, 2 warnings)
    ");
}

#[test]
fn quiet_is_the_verdict_and_a_line_for_each_warning() {
    let (quiet, tools) = (project(), Tools::new());
    let ran = run(&quiet, &tools, &["check", "--quiet", "--gate", "requirements=off"]).expect(0);
    assert_eq!((ran.stdout.as_str(), ran.stderr.as_str()), ("passed (13 gates, 0 warnings)\n", ""));
    let ran = run(&warned(), &tools, &["check", "--quiet"]).expect(0);
    insta::assert_snapshot!(ran.stdout, @"
    warn[requirements.development]: `pytest` is a development tool, and the runtime requirements list it (requirements-runtime.txt:2:1)
    warn[requirements.unlocked]: the versions are not locked: the next deploy may resolve to others (requirements-runtime.txt)
    passed (14 gates, 2 warnings)
    ");
    let ran = run(&broken(), &tools, &["check", "--quiet"]).expect(3);
    insta::assert_snapshot!(ran.stdout, @"
    deny[imports.missing]: `src/main.py:1` imports `gone_missing`, which nothing in the upload, the standard library or the runtime provides
      --> src/main.py:1:8
      help: add the distribution that provides `gone_missing` to the requirements, or guard the import

    warn[requirements.development]: `pytest` is a development tool, and the runtime requirements list it (requirements-runtime.txt:2:1)
    warn[requirements.unlocked]: the versions are not locked: the next deploy may resolve to others (requirements-runtime.txt)

    blocked by imports: nothing was uploaded (14 gates, 2 warnings)
    ");
}

#[test]
fn the_report_keeps_its_table_and_puts_what_was_found_below() {
    let (project, tools) = (warned(), Tools::new());
    let ran = run(&project, &tools, &["report"]).expect(0);
    insta::assert_snapshot!(ran.stdout, @"
    package                      bytes  modules  dropped  required by
    made by saddlebag            563 B        1        -
    the project's own files      121 B        2        -
    dep 1.0                       55 B        2    121 B  project
    in no distribution's RECORD   29 B        1        -

    768 B in 6 modules, about 407 B gzipped; 121 B dropped

    warn[requirements.development]: `pytest` is a development tool, and the runtime requirements list it (requirements-runtime.txt:2:1)
    warn[requirements.unlocked]: the versions are not locked: the next deploy may resolve to others (requirements-runtime.txt)

    passed (14 gates, 2 warnings)
    ");
}

#[test]
fn a_baseline_is_written_and_its_warnings_are_not_hidden() {
    let (project, tools) = (warned(), Tools::new());
    let ran = run(&project, &tools, &["baseline"]).expect(0);
    assert!(ran.stdout.starts_with("saddlebag-baseline.toml written: "), "{}", ran.stdout);
    assert!(ran.stderr.ends_with("2 warnings: `saddlebag check` shows them\n"), "{}", ran.stderr);
}
