//! An upload that is too heavy: what its help names saves what it says, to the byte.

use crate::growth::Bench;
use crate::project::gate;
use serde_json::Value;

/// Name, version, bytes of its module, what it requires.
type Distribution = (&'static str, &'static str, usize, &'static [&'static str]);

const IMPORTED: [Distribution; 2] = [("dep", "1", 40, &[]), ("pytz", "1", 40, &[])];
const NOT_IMPORTED: [Distribution; 4] = [
    ("light", "1", 30, &["heavy"]),
    ("heavy", "1", 60, &["shared"]),
    ("other", "1", 30, &["shared"]),
    ("shared", "1", 50, &[]),
];
const LIMIT: &str = "[project]\nname = \"w\"\nversion = \"0\"\n\n[tool.saddlebag]\nsize.max-raw = 100\n";

/// A flat project, all of it less than a KiB: the report spells its bytes one by one.
fn bench(requirements: &str, distributions: &[Distribution]) -> Bench {
    let bench = Bench::new();
    bench.vendor(requirements, distributions);
    bench.project.write("src/main.py", "import core\nimport dep\nimport pytz\n\n\nclass Default:\n    pass\n");
    bench.project.write("pyproject.toml", LIMIT);
    bench.add("pytz-1.dist-info", "pytz/zoneinfo/Europe/Berlin", &"z".repeat(80));
    bench.add("dep-1.dist-info", "dep/extra.py", &"#".repeat(70));
    bench
}

fn report(bench: &Bench, words: &[&str]) -> Value {
    bench.run(&[&["check", "--format", "json"], words].concat()).run().expect(3).json()
}

fn raw(report: &Value) -> u64 {
    report["bundle"]["raw_bytes"].as_u64().unwrap()
}

fn help(report: &Value) -> &str {
    let findings = gate(report, "size")["findings"].as_array().unwrap();
    let found = findings.iter().find(|finding| finding["code"] == "size.raw").unwrap();
    found["help"].as_str().unwrap()
}

#[test]
fn each_remedy_saves_what_it_says_to_the_byte_and_the_cheapest_comes_first() {
    let all = bench("dep\npytz\nlight\nother\n", &[&IMPORTED[..], &NOT_IMPORTED].concat());
    let heavy = report(&all, &[]);
    let shaken = raw(&report(&all, &["--shake"]));
    all.project.write("pyproject.toml", &format!("{LIMIT}prune.recipes.pytz-zones = []\n"));
    let chosen = raw(&report(&all, &[]));
    let needed = raw(&report(&bench("dep\npytz\n", &IMPORTED), &[]));
    let before = raw(&heavy);
    assert!(before < 1024, "{before}: the report would round it");
    let expected = format!(
        "nothing imports `light` and `other` ({} B with what only they need): remove them from \
         requirements-runtime.txt; choose what you need in `prune.recipes`: `pytz-zones` (saves up to {} B); or upload \
         only what something imports with `--shake` (leaves {shaken} B); the heaviest: `pytz` ",
        before - needed,
        before - chosen
    );
    assert!(help(&heavy).starts_with(&expected), "{}\n{expected}", help(&heavy));
    assert_eq!(before - chosen, 80, "the one zone that is laid");
}

#[test]
fn what_is_chosen_already_and_what_is_needed_is_no_remedy() {
    let needed = bench("dep\npytz\n", &IMPORTED);
    needed.project.write("pyproject.toml", &format!("{LIMIT}prune.recipes.pytz-zones = [\"Europe/*\"]\n"));
    needed.add("dep-1.dist-info", "dep/__init__.py", "import dep.extra\n");
    let report = report(&needed, &[]);
    assert!(help(&report).starts_with("move what only development needs out of the runtime"), "{}", help(&report));
    assert!(!help(&report).contains("prune.recipes") && !help(&report).contains("--shake"), "{}", help(&report));
}

#[test]
fn many_requirements_are_counted_and_the_heaviest_are_named() {
    let laid: Vec<Distribution> =
        vec![("a", "1", 900, &[]), ("b", "1", 500, &[]), ("c", "1", 700, &[]), ("d", "1", 300, &[])];
    let many = bench("dep\npytz\na\nb\nc\nd\n", &[&IMPORTED[..], &laid].concat());
    let report = report(&many, &[]);
    let expected = "nothing imports 4 of 6 requirements, the heaviest `a`, `c`, `b` (";
    assert!(help(&report).starts_with(expected), "{}", help(&report));
    assert!(help(&report).contains("remove them from requirements-runtime.txt (`saddlebag classify` lists them)"));
}

#[test]
fn a_requirement_that_only_a_string_names_is_told_apart() {
    let named = bench("dep\npytz\nplugin\n", &[IMPORTED[0], IMPORTED[1], ("plugin", "1", 200, &[])]);
    named.add("dep-1.dist-info", "dep/__init__.py", "LIST = [\"plugin\"]\n");
    let report = report(&named, &[]);
    let bytes = report["bundle"]["packages"].as_array().unwrap().iter().find(|package| package["name"] == "plugin");
    let expected = format!(
        "nothing imports `plugin` ({} B), and only strings have its name: check whether it is needed; ",
        bytes.unwrap()["raw_bytes"]
    );
    assert!(help(&report).starts_with(&expected), "{}", help(&report));
}

#[test]
fn an_upload_that_fits_says_nothing_of_remedies() {
    let light = bench("dep\npytz\nlight\nother\n", &[&IMPORTED[..], &NOT_IMPORTED].concat());
    light.project.write("pyproject.toml", &LIMIT.replace("max-raw = 100", "max-raw = \"1 MiB\""));
    let ran = light.run(&["check", "--verbose"]).run().expect(0);
    assert!(!ran.stdout.contains("with what only") && !ran.stdout.contains("saves up to"), "{}", ran.stdout);
}
