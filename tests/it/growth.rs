//! `saddlebag baseline` and the gate `growth`: from the first baseline over a change that is heavy to the next one.

use crate::fake::{AnsweringTools, directory, project};
use crate::project::{Project, Ran, Run, codes, gate};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

/// A project on tools that vendor what the test lays.
pub(crate) struct Bench {
    pub(crate) project: Project,
    tools: AnsweringTools,
    beside: tempfile::TempDir,
}

impl Bench {
    pub(crate) fn new() -> Self {
        let bench = Self { project: project(), tools: AnsweringTools::new(), beside: directory() };
        std::fs::write(bench.beside.path().join("pylock.toml"), "lock-version = \"1.0\"\ncreated-by = \"fake\"\n")
            .unwrap();
        bench.vendor("dep\n", &[("dep", "1.0", 1000, &[])]);
        bench
    }

    /// Lays distributions of one module each, and asks for them: another requirement is another key of the cache.
    pub(crate) fn vendor(&self, requirements: &str, distributions: &[(&str, &str, usize, &[&str])]) {
        let tree = self.tree();
        let _ = std::fs::remove_dir_all(&tree);
        put(&tree.join("workers/__init__.py"), "class WorkerEntrypoint: pass\n");
        for (name, version, bytes, requires) in distributions {
            let dist_info = format!("{name}-{version}.dist-info");
            let requires: String = requires.iter().map(|name| format!("Requires-Dist: {name}\n")).collect();
            put(&tree.join(name).join("__init__.py"), &format!("#{}\n", "x".repeat(bytes - 2)));
            let metadata = format!("Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{requires}");
            put(&tree.join(&dist_info).join("METADATA"), &metadata);
            let record = format!("{name}/__init__.py,,\n{dist_info}/METADATA,,\n{dist_info}/RECORD,,\n");
            put(&tree.join(&dist_info).join("RECORD"), &record);
        }
        self.project.write("requirements-runtime.txt", requirements);
    }

    /// One more file of a distribution that was laid.
    pub(crate) fn add(&self, dist_info: &str, file: &str, text: &str) {
        put(&self.tree().join(file), text);
        let record = self.tree().join(dist_info).join("RECORD");
        let before = std::fs::read_to_string(&record).unwrap();
        put(&record, &format!("{before}{file},,\n"));
    }

    fn tree(&self) -> PathBuf {
        self.beside.path().join("vendored")
    }

    pub(crate) fn run(&self, words: &[&str]) -> Run {
        let beside = self.beside.path();
        self.project
            .saddlebag(words)
            .env("PATH", self.tools.path(&[]))
            .env("SADDLEBAG_CACHE_DIR", beside.join("cache"))
            .env("FAKE_VENDORED", self.tree())
            .env("FAKE_LOCK", beside.join("pylock.toml"))
    }

    fn baseline(&self) -> String {
        std::fs::read_to_string(self.project.path("saddlebag-baseline.toml")).unwrap()
    }

    /// A heavy package, brought by a light one; the other one became heavier, and the project too.
    fn grow(&self) {
        let distributions: &[(&str, &str, usize, &[&str])] =
            &[("dep", "1.1", 1200, &[]), ("light", "2.0", 100, &["heavy"]), ("heavy", "3.0", 500_000, &[])];
        self.vendor("# the runtime\ndep\nlight>=2\n", distributions);
        self.project.write("src/core.py", "x = 1\ny = 2\n");
    }

    /// What an error says on stderr.
    #[track_caller]
    fn refused(&self, words: &[&str], code: i32) -> String {
        let before = self.project.snapshot();
        let ran = self.run(words).run().expect(code);
        assert_eq!(self.project.snapshot(), before, "something was written");
        let json = self.run(&[words, &["--format", "json"]].concat()).run().expect(code).json();
        assert_eq!(json["error"]["code"], "baseline");
        ran.stderr[ran.stderr.find("error:").unwrap()..].replace(self.project.root.to_str().unwrap(), "[project]")
    }
}

fn put(path: &Path, text: &str) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
}

fn part<'a>(ran: &'a Ran, from: &str, to: &str) -> &'a str {
    let start = ran.stdout.find(from).unwrap_or_else(|| panic!("no {from:?} in {}", ran.stdout));
    let end = ran.stdout[start..].find(to).unwrap_or_else(|| panic!("no {to:?} in {}", ran.stdout));
    &ran.stdout[start..start + end]
}

#[test]
fn without_a_baseline_the_gate_says_how_to_get_one() {
    let bench = Bench::new();
    let report = bench.run(&["check", "--format", "json"]).run().expect(0).json();
    assert_eq!(gate(&report, "growth")["outcome"], "skipped");
    assert_eq!(gate(&report, "growth")["reason"], "no baseline: `saddlebag baseline` writes one");
    assert_eq!(report.get("growth"), None);
}

#[test]
fn a_baseline_is_the_same_bytes_for_the_same_bundle_and_says_what_changed_for_another() {
    let bench = Bench::new();
    let ran = bench.run(&["baseline"]).run().expect(0);
    insta::assert_snapshot!(ran.stdout, @"
    saddlebag-baseline.toml written: 1.7 KiB in 1 package and the project's own 713 B, about 414 B gzipped
    commit it: from now on `growth` holds the upload against it
    ");
    insta::assert_snapshot!(bench.baseline(), @r#"
    # What the upload weighs, in bytes: the gate `growth` holds later ones against it. Commit this file;
    # `saddlebag baseline` writes it anew.
    schema = "saddlebag.baseline/1"
    python = "3.14"
    raw-bytes = 1758
    gzip-bytes = 414
    modules = 6
    project-bytes = 713

    [packages]
    dep = { version = "1.0", raw-bytes = 1045 }
    "#);
    let report = bench.run(&["check", "--format", "json"]).run().expect(0).json();
    assert_eq!(gate(&report, "growth")["outcome"], "passed");
    let (total, own) = (&report["bundle"]["raw_bytes"], &report["growth"]["project_bytes"]["after"]);
    let packages = report["bundle"]["packages"].as_array().unwrap();
    let packages: u64 = packages.iter().map(|package| package["raw_bytes"].as_u64().unwrap()).sum();
    assert_eq!(total.as_u64(), own.as_u64().map(|own| own + packages), "nothing is left out");

    let first = bench.baseline();
    let again = bench.run(&["baseline", "--format", "json"]).run().expect(0).json();
    assert_eq!((bench.baseline(), &again["changed"]), (first, &json!(false)));

    bench.grow();
    let ran = bench.run(&["baseline"]).run().expect(0);
    insta::assert_snapshot!(ran.stdout, @"
    saddlebag-baseline.toml written: 490.4 KiB in 3 packages and the project's own 719 B, about 1.0 KiB gzipped

    growth  +488.7 KiB (+28465 %) since saddlebag-baseline.toml: 1.7 KiB -> 490.4 KiB
      +488.3 KiB  heavy 3.0, new
         +200 B  dep 1.0 -> 1.1
         +168 B  light 2.0, new
           +6 B  the project's own files
    ");
    assert!(bench.baseline().contains("\nheavy = { version = \"3.0\", raw-bytes = "), "{}", bench.baseline());
}

#[test]
fn what_grew_is_said_to_people() {
    let bench = Bench::new();
    bench.run(&["baseline"]).run().expect(0);
    bench.grow();
    let ran = bench.run(&["check", "--verbose"]).run().expect(0);
    insta::assert_snapshot!(part(&ran, "growth ", "\ngates\n"), @"
    growth  +488.7 KiB (+28465 %) since saddlebag-baseline.toml: 1.7 KiB -> 490.4 KiB
      +488.3 KiB  heavy 3.0, new
         +200 B  dep 1.0 -> 1.1
         +168 B  light 2.0, new
           +6 B  the project's own files
    ");
    let ran = bench.run(&["check"]).run().expect(0);
    insta::assert_snapshot!(part(&ran, "growth ", "\nwarn["), @"
    growth  +488.7 KiB (+28465 %) since saddlebag-baseline.toml: 1.7 KiB -> 490.4 KiB
      +488.3 KiB  heavy 3.0, new
         +200 B  dep 1.0 -> 1.1
         +174 B  2 more
    ");
    insta::assert_snapshot!(part(&ran, "warn[growth.total]", "\npassed ("), @"
    warn[growth.total]: the upload is 490.4 KiB, 488.7 KiB (28465 %) more than in the baseline; 256.0 KiB more is allowed
      --> saddlebag-baseline.toml
      help: run `saddlebag why heavy`: it is 488.3 KiB of that; if that is intended, run `saddlebag baseline` and commit the file

    warn[growth.package]: `heavy` 3.0 is new and 488.3 KiB; 256.0 KiB more is allowed; required by project -> light -> heavy
      --> requirements-runtime.txt:3:1
      help: nothing imports `light` (488.5 KiB with what only it needs): remove it from requirements-runtime.txt; else run `saddlebag why heavy`; if that is intended, run `saddlebag baseline` and commit the file
    ");
    let ran = bench.run(&["check", "--gate", "growth=deny"]).run().expect(3);
    assert!(ran.stdout.contains("\nblocked by growth: "), "{}", ran.stdout);
}

#[test]
fn what_grew_is_in_the_json_report() {
    let bench = Bench::new();
    bench.run(&["baseline"]).run().expect(0);
    bench.grow();
    bench.project.write("pyproject.toml", "[tool.saddlebag]\ngates.growth = \"deny\"\ngrowth.max = \"5%\"\n");
    let report = bench.run(&["check", "--format", "json"]).run().expect(3).json();
    let growth = &report["growth"];
    assert_eq!(growth["baseline"], "saddlebag-baseline.toml");
    assert_eq!(growth["raw_bytes"]["after"], report["bundle"]["raw_bytes"]);
    assert_eq!(growth["gzip_bytes"]["after"], report["bundle"]["gzip_bytes"]);
    let changes: Vec<String> = growth["packages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|moved| format!("{} {} {}", moved["name"], moved["change"], moved["before"]["version"]))
        .collect();
    assert_eq!(
        changes,
        ["\"dep\" \"changed\" \"1.0\"", "\"heavy\" \"added\" null", "\"light\" \"added\" null"],
        "{growth}"
    );
    let findings = gate(&report, "growth")["findings"].as_array().unwrap();
    let heavy = findings.iter().find(|finding| finding["subject"] == "heavy").unwrap();
    assert_eq!((&heavy["code"], &heavy["level"]), (&json!("growth.package"), &json!("deny")));
    assert_eq!(
        heavy["location"],
        json!({"kind": "requirement", "path": "requirements-runtime.txt", "line": 3, "column": 1})
    );
    assert!(heavy["message"].as_str().unwrap().ends_with("required by project -> light -> heavy"), "{heavy}");
    assert_eq!(heavy["measured"], growth["packages"][1]["after"]["raw_bytes"]);
    assert!(heavy["limit"].as_u64().unwrap() < 1000, "5 % of little is little: {heavy}");
}

#[test]
fn what_grew_reaches_github_and_sarif() {
    let bench = Bench::new();
    bench.run(&["baseline"]).run().expect(0);
    bench.grow();
    let (summary, output) = (bench.beside.path().join("summary.md"), bench.beside.path().join("output"));
    let run = bench.run(&["check", "--format", "github"]);
    let ran = run.env("GITHUB_STEP_SUMMARY", &summary).env("GITHUB_OUTPUT", &output).run().expect(0);
    let expected = "::warning file=requirements-runtime.txt,line=3,col=1,title=growth.package::`heavy` 3.0 is new";
    assert!(ran.stdout.lines().any(|line| line.starts_with(expected)), "{}", ran.stdout);
    let summary = std::fs::read_to_string(summary).unwrap();
    assert!(summary.contains("\n| heavy | 3.0 | new | 488."), "{summary}");
    assert!(summary.contains("\n| dep | 1.0 -> 1.1 | 1.0 KiB | 1.2 KiB | +200 B |\n"), "{summary}");
    let output = std::fs::read_to_string(output).unwrap();
    assert!(output.contains("\ngrowth-bytes=500"), "{output}");

    let ran = bench.run(&["check", "--format", "sarif"]).run().expect(0);
    let document: Value = serde_json::from_str(&ran.stdout).unwrap();
    let results = document["runs"][0]["results"].as_array().unwrap();
    let total = results.iter().find(|result| result["ruleId"] == "growth.total").unwrap();
    let uri = &total["locations"][0]["physicalLocation"]["artifactLocation"]["uri"];
    assert_eq!((&total["level"], uri), (&json!("warning"), &json!("saddlebag-baseline.toml")));
}

#[test]
fn what_another_gate_blocks_is_no_baseline_and_growth_itself_is_no_hindrance() {
    let bench = Bench::new();
    bench.run(&["baseline"]).run().expect(0);
    let before = bench.baseline();
    bench.grow();
    bench.project.write(
        "pyproject.toml",
        "[tool.saddlebag]\ngates.growth = \"deny\"\ngrowth.max = 0\npackages.heavy.max = \"1 KiB\"\n",
    );
    bench.project.write("src/core.py", "import gone_missing\nx = 1\n");
    let ran = bench.run(&["baseline"]).run().expect(3);
    assert!(ran.stderr.contains("`saddlebag-baseline.toml` was not written"), "{}", ran.stderr);
    assert_eq!(bench.baseline(), before);
    let report = bench.run(&["baseline", "--format", "json"]).run().expect(3).json();
    assert_eq!(gate(&report, "growth")["reason"], "the baseline is written anew");

    bench.project.write("src/core.py", "x = 1\n");
    bench.run(&["baseline"]).run().expect(0);
    let report = bench.run(&["check", "--format", "json"]).run().expect(3).json();
    assert_eq!(codes(&report, "growth"), ["growth.package-budget"], "a budget holds whatever the baseline");
}

#[test]
fn nothing_goes_up_that_a_denied_growth_is_in() {
    let (project, tools) = (project(), crate::fake::Tools::new());
    project.saddlebag(&["baseline"]).on_fakes(&tools).run().expect(0);
    project.write("pyproject.toml", "[tool.saddlebag]\ngrowth.max = \"0%\"\n");
    project.saddlebag(&["deploy"]).on_fakes(&tools).run().expect(0);
    project.write("src/core.py", "x = 1\ny = 2\n");
    project.saddlebag(&["deploy", "--gate", "growth=deny"]).on_fakes(&tools).run().expect(3);
    assert_eq!(tools.recorded("tree").matches("core.py").count(), 1, "the first one only");
    project.saddlebag(&["deploy", "--gate", "growth=off"]).on_fakes(&tools).run().expect(0);
}

#[test]
fn an_environment_has_its_own_baseline_and_allowance() {
    let bench = Bench::new();
    let settings = "[tool.saddlebag.env.develop.growth]\nbaseline = \"baselines/develop.toml\"\nmax = \"1 B\"\n";
    bench.project.write("pyproject.toml", settings);
    bench.run(&["baseline"]).run().expect(0);
    std::fs::create_dir(bench.project.path("baselines")).unwrap();
    insta::assert_snapshot!(bench.refused(&["check", "--env", "develop"], 2), @"
    error: there is no baseline `baselines/develop.toml`
      --> pyproject.toml:2:1
    hint: write it with `saddlebag baseline`, or correct its name
    ");

    let answer = bench.run(&["baseline", "--env", "develop", "--format", "json"]).run().expect(0).json();
    assert_eq!((&answer["path"], &answer["environment"]), (&json!("baselines/develop.toml"), &json!("develop")));
    bench.project.write("src/core.py", "x = 123\n");
    let report = |words: &[&str]| {
        let report = bench.run(&[&["check", "--format", "json"], words].concat()).run().expect(0).json();
        codes(&report, "growth")
    };
    assert_eq!(report(&["--env", "develop"]), ["growth.total", "growth.project"]);
    assert_eq!(report(&[]), [""; 0]);
    let other = ["--env", "develop", "--baseline", "saddlebag-baseline.toml"];
    assert_eq!(report(&other), ["growth.total", "growth.project", "growth.other-environment"]);
}

#[test]
fn a_variable_names_a_baseline_from_where_saddlebag_is_started() {
    let bench = Bench::new();
    let within = bench.project.path("src");
    let run = bench.run(&["baseline"]).within(&within).env("SADDLEBAG_BASELINE", "../other.toml");
    assert!(run.run().expect(0).stdout.starts_with("other.toml written: "));
    assert!(bench.project.path("other.toml").is_file());
    assert!(!bench.project.path("saddlebag-baseline.toml").exists());
}

#[test]
fn a_baseline_that_cannot_be_used_is_an_error_with_its_place() {
    let bench = Bench::new();
    bench.run(&["baseline"]).run().expect(0);
    let whole = bench.baseline();
    let said = [
        whole.replace("saddlebag.baseline/1", "saddlebag.baseline/2"),
        whole.replace("raw-bytes = 1", "raw-bytes = one"),
        whole.replace("modules = ", "modules = -"),
        format!("<<<<<<< HEAD\n{whole}"),
        "name = \"another file\"\n".to_owned(),
    ]
    .map(|text| {
        bench.project.write("saddlebag-baseline.toml", &text);
        bench.refused(&["check"], 2)
    });
    insta::assert_snapshot!(said.join("\n"), @r#"
    error: the baseline is a `saddlebag.baseline/2`, and saddlebag 0.1.0 reads `saddlebag.baseline/1`
      --> saddlebag-baseline.toml:3:1
    hint: update saddlebag, or write it again with `saddlebag baseline`

    error: `saddlebag-baseline.toml` is not valid TOML: string values must be quoted, expected literal string
      --> saddlebag-baseline.toml:5:13
    hint: correct the file, or write it again with `saddlebag baseline`

    error: `modules` of the baseline is not a number from 0 on
      --> saddlebag-baseline.toml:7:1
    hint: write it again with `saddlebag baseline`

    error: `saddlebag-baseline.toml` is not valid TOML: key with no value, expected `=`
      --> saddlebag-baseline.toml:1:9
    hint: correct the file, or write it again with `saddlebag baseline`

    error: `saddlebag-baseline.toml` is no baseline: it has no `schema = "saddlebag.baseline/1"`
      --> saddlebag-baseline.toml:1:1
    hint: name the right file, or write it again with `saddlebag baseline`
    "#);
    assert!(
        bench.refused(&["deploy", "--baseline", "nowhere.toml"], 2).contains("there is no baseline `nowhere.toml`")
    );
    bench.run(&["why", "dep"]).run().expect(0);
    bench.run(&["check", "--gate", "growth=off"]).run().expect(0);
}

#[test]
fn a_baseline_with_conflict_markers_is_written_anew_and_another_file_is_not() {
    let bench = Bench::new();
    bench.run(&["baseline"]).run().expect(0);
    let whole = bench.baseline();
    bench.project.write("saddlebag-baseline.toml", &format!("<<<<<<< HEAD\n{whole}=======\n>>>>>>> other\n"));
    bench.run(&["baseline"]).run().expect(0);
    assert_eq!(bench.baseline(), whole);
    insta::assert_snapshot!(bench.refused(&["baseline", "--baseline", "pyproject.toml"], 2), @"
    error: `pyproject.toml` is there already and is no baseline: it was not overwritten
    hint: name another file with `--baseline`, or move that one away
    ");
    bench.run(&["baseline", "--baseline", "no/such/directory.toml"]).run().expect(4);
}
