//! What machines read: annotations and the job summary of GitHub Actions, SARIF, and the pages of the gates.

use crate::fake::{Tools, project};

/// A project whose main imports what is not there.
fn broken() -> (crate::project::Project, Tools) {
    let (project, tools) = (project(), Tools::new());
    project.write(
        "src/main.py",
        "import dep\nimport gone_missing\nfrom src.core import x\n\n\nclass Default:\n    pass\n",
    );
    (project, tools)
}

#[test]
fn github_gets_annotations_in_its_own_paths_a_summary_and_outputs() {
    let (project, tools) = broken();
    let (summary, output) = (project.path("../summary.md"), tools.dir.path().join("output"));
    let summary = tools.dir.path().join(summary.file_name().unwrap());
    std::fs::write(&output, "earlier=kept\n").unwrap();
    let workspace = project.root.parent().unwrap().to_owned();
    let ran = project
        .saddlebag(&["check", "--format", "github"])
        .on_fakes(&tools)
        .env("GITHUB_WORKSPACE", &workspace)
        .env("GITHUB_STEP_SUMMARY", &summary)
        .env("GITHUB_OUTPUT", &output)
        .run()
        .expect(3);
    let directory = project.root.file_name().unwrap().to_str().unwrap();
    let expected = format!("::error file={directory}/src/main.py,line=2,col=8,title=imports.missing::");
    assert!(ran.stdout.lines().any(|line| line.starts_with(&expected)), "{}", ran.stdout);
    assert!(ran.stdout.lines().last().unwrap().starts_with("blocked by imports"), "{}", ran.stdout);
    let summary = std::fs::read_to_string(summary).unwrap();
    assert!(summary.starts_with("### saddlebag check: blocked, nothing was uploaded\n"), "{summary}");
    assert!(summary.contains("| deny | `imports.missing`"), "{summary}");
    let output = std::fs::read_to_string(output).unwrap();
    assert!(output.starts_with("earlier=kept\nverdict=blocked\nexit-code=3\nraw-bytes="), "{output}");
}

#[test]
fn an_error_reaches_github_too() {
    let (project, tools) = (project(), Tools::new());
    project.write("wrangler.toml", "name = \n");
    let ran = project.saddlebag(&["check", "--format=github"]).on_fakes(&tools).run().expect(2);
    assert!(ran.stdout.starts_with("::error file=wrangler.toml,line=1,col="), "{}", ran.stdout);
    let project = crate::fake::project();
    let ran =
        project.saddlebag(&["check", "--format=github", "--gate", "nonsense=off"]).on_fakes(&tools).run().expect(2);
    assert!(ran.stdout.starts_with("::error title="), "{}", ran.stdout);
}

#[test]
fn sarif_is_one_document_with_the_findings_as_results() {
    let (project, tools) = broken();
    let ran = project.saddlebag(&["check", "--format", "sarif"]).on_fakes(&tools).run().expect(3);
    let document = ran.json();
    assert_eq!((document["version"].as_str(), document["runs"].as_array().map(Vec::len)), (Some("2.1.0"), Some(1)));
    let results = document["runs"][0]["results"].as_array().unwrap();
    let missing = results.iter().find(|result| result["ruleId"] == "imports.missing").unwrap();
    assert_eq!(missing["level"], "error");
    let place = &missing["locations"][0]["physicalLocation"];
    assert_eq!(place["artifactLocation"]["uri"], "src/main.py");
    assert_eq!(place["region"]["startLine"], 2);
    assert!(!ran.stdout.contains(project.root.to_str().unwrap()), "an absolute path");
    let rules = document["runs"][0]["tool"]["driver"]["rules"].as_array().unwrap();
    let rule = rules.iter().find(|rule| rule["id"] == "imports.missing").unwrap();
    let sentence = "Nothing in the upload, the standard library or the runtime provides an imported module.";
    assert_eq!(rule["shortDescription"]["text"], sentence);
    assert_eq!(rule["help"]["text"], "saddlebag explain imports");

    let ran = project.saddlebag(&["deploy", "--format", "sarif", "--env", "nowhere"]).on_fakes(&tools).run().expect(2);
    let document = ran.json();
    assert_eq!(document["runs"][0]["invocations"][0]["executionSuccessful"], false);
}

#[test]
fn the_page_of_a_gate_is_shown_by_its_name_or_a_code() {
    let project = project();
    let page = project.saddlebag(&["explain", "imports"]).run().expect(0).stdout;
    assert!(page.starts_with("# `imports`\n"), "{page}");
    assert_eq!(project.saddlebag(&["explain", "imports.missing"]).run().expect(0).stdout, page);
    assert!(project.saddlebag(&["explain"]).run().expect(0).stdout.contains("prune-safety"));
    let ran = project.saddlebag(&["explain", "improts"]).run().expect(2);
    assert!(ran.stderr.contains("hint: did you mean `imports`?"), "{}", ran.stderr);
}
