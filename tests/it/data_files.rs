//! The rule that `data-files` shows: pasted as it is, it makes the check pass.

use crate::fake::{Tools, project};
use crate::project::{Project, codes, gate};
use serde_json::Value;

/// A configuration with `@`, where its rules are, and those rules.
struct Case {
    file: &'static str,
    config: &'static str,
    rules: &'static str,
    env: Option<&'static str>,
}

const HEAD: &str = "name = \"w\"\nmain = \"src/main.py\"\ncompatibility_date = \"2026-10-01\"\ncompatibility_flags = [\"python_workers\"]\n@\n[vars]\nA = \"1\"\n";
const ENVIRONMENT: &str = "name = \"w\"\nmain = \"src/main.py\"\ncompatibility_date = \"2026-10-01\"\ncompatibility_flags = [\"python_workers\"]\n\n[env.develop]\nname = \"w-dev\"\n@\n";
const JSON: &str = "{\n  // a comment\n  \"name\": \"w\",\n  \"main\": \"src/main.py\",\n  \"compatibility_date\": \"2026-10-01\",\n  \"compatibility_flags\": [\"python_workers\"],\n  @\n}\n";

const CASES: [Case; 10] = [
    Case { file: "wrangler.toml", config: HEAD, rules: "", env: None },
    Case {
        file: "wrangler.toml",
        config: HEAD,
        rules: "[[rules]]\ntype = \"Text\"\nglobs = [\"**/*.graphql\"]\nfallthrough = true\n",
        env: None,
    },
    Case {
        file: "wrangler.toml",
        config: HEAD,
        rules: "[[rules]]\ntype = \"Data\"\nglobs = [\"**/*.csv\"]\n",
        env: None,
    },
    Case {
        file: "wrangler.toml",
        config: HEAD,
        rules: "[[rules]]\ntype = \"Text\"\nglobs = [\"**/*.csv\"]\n",
        env: None,
    },
    Case {
        file: "wrangler.toml",
        config: HEAD,
        rules: "rules = [{ type = \"Text\", globs = [\"**/*.csv\"], fallthrough = true }]\n",
        env: None,
    },
    // A part of what is missing is there by a narrow rule: a wide one would match it a second time.
    Case {
        file: "wrangler.toml",
        config: HEAD,
        rules: "[[rules]]\ntype = \"Data\"\nglobs = [\"other.json\"]\nfallthrough = true\n",
        env: None,
    },
    Case {
        file: "wrangler.toml",
        config: ENVIRONMENT,
        rules: "[[env.develop.rules]]\ntype = \"Text\"\nglobs = [\"**/*.csv\"]\nfallthrough = true\n",
        env: Some("develop"),
    },
    Case { file: "wrangler.jsonc", config: JSON, rules: "", env: None },
    Case {
        file: "wrangler.jsonc",
        config: JSON,
        rules: "\"rules\": [{ \"type\": \"Text\", \"globs\": [\"**/*.csv\"], \"fallthrough\": true }]",
        env: None,
    },
    Case {
        file: "wrangler.jsonc",
        config: JSON,
        rules: "\"rules\": [{ \"type\": \"Data\", \"globs\": [\"**/*.csv\"] }]",
        env: None,
    },
];

fn check(project: &Project, tools: &Tools, case: &Case, code: i32) -> Value {
    let mut words = vec!["check", "--format", "json"];
    words.extend(case.env.iter().flat_map(|env| ["--env", env]));
    project.saddlebag(&words).on_fakes(tools).run().expect(code).json()
}

/// What a person does who reads the help.
fn pasted(case: &Case, help: &str, snippet: &str) -> String {
    let present = case.config.replace('@', case.rules);
    if help.contains(&format!("add this rule at the end of `{}`", case.file)) {
        format!("{present}\n{snippet}\n")
    } else if help.contains(&format!("add this key at the top of `{}`", case.file)) {
        present.replacen('{', &format!("{{\n{snippet}"), 1)
    } else if help.contains(&format!("make `rules` in `{}` this", case.file)) {
        case.config.replace('@', snippet)
    } else {
        panic!("{help}")
    }
}

#[test]
fn the_rule_that_is_shown_makes_the_check_pass_as_it_is() {
    for case in &CASES {
        let (project, tools) = (project(), Tools::new());
        project.write("src/data.json", "{}\n").write("src/page.html", "<p>\n");
        project.write("src/other.json", "{}\n");
        project.write(
            "src/core.py",
            "from pathlib import Path\n\nHERE = Path(__file__).parent\nx = (HERE / \"data.json\").read_text() + (HERE / \"page.html\").read_text()\n",
        );
        std::fs::remove_file(project.path("wrangler.toml")).unwrap();
        project.write(case.file, &case.config.replace('@', case.rules));
        let report = check(&project, &tools, case, 3);
        let findings = gate(&report, "data-files")["findings"].as_array().unwrap();
        let blocks = findings.iter().find(|finding| finding["level"] == "deny").unwrap();
        let (help, snippet) = (blocks["help"].as_str().unwrap(), blocks["snippet"].as_str().unwrap());
        assert!(!help.contains('\n') && snippet.lines().all(|line| line.len() <= 74), "{help}\n{snippet}");
        project.write(case.file, &pasted(case, help, snippet));
        let report = check(&project, &tools, case, 0);
        let left = gate(&report, "data-files")["findings"].as_array().unwrap();
        let file = std::fs::read_to_string(project.path(case.file)).unwrap();
        assert!(left.iter().all(|finding| finding["level"] != "deny"), "{file}\n{left:#?}");
        assert!(!codes(&report, "duplicates").contains(&"duplicates.rules".to_owned()), "{file}");
        for of_rules in ["glob", "rule-type", "type", "fallthrough"] {
            let code = format!("wrangler-config.{of_rules}");
            let is_new = codes(&report, "wrangler-config").contains(&code) && !case.rules.contains("Data");
            assert!(!is_new, "{code}: {file}");
        }
    }
}

#[test]
fn what_blocks_and_what_is_only_beside_it_have_rules_that_go_together() {
    let (project, tools) = (project(), Tools::new());
    project.write("src/data.json", "{}\n").write("src/notes.yaml", "a: 1\n").write("src/mail.jinja", "x\n");
    project.write(
        "src/core.py",
        "from pathlib import Path\n\nHERE = Path(__file__).parent\nx = (HERE / \"data.json\").read_text()\n\n\ndef unused():\n    return (HERE / \"notes.yaml\").read_text()\n",
    );
    let case = Case { file: "wrangler.toml", config: HEAD, rules: "", env: None };
    project.write(case.file, &HEAD.replace('@', ""));
    let report = check(&project, &tools, &case, 3);
    let findings = gate(&report, "data-files")["findings"].as_array().unwrap();
    let snippets: Vec<&str> = findings.iter().map(|finding| finding["snippet"].as_str().unwrap()).collect();
    insta::assert_snapshot!(snippets.join("\n\n"), @r#"
    [[rules]]
    type = "Data"
    globs = ["**/*.json"]
    fallthrough = true

    [[rules]]
    type = "Data"
    globs = ["**/*.yaml"]
    fallthrough = true

    [[rules]]
    type = "Data"
    globs = ["**/*.jinja"]
    fallthrough = true
    "#);
    project.write(case.file, &format!("{}\n{}\n", HEAD.replace('@', ""), snippets.join("\n\n")));
    let report = check(&project, &tools, &case, 0);
    assert_eq!(codes(&report, "data-files"), Vec::<String>::new());
    assert!(!codes(&report, "duplicates").contains(&"duplicates.rules".to_owned()));
}

#[test]
fn a_module_root_that_is_the_projects_own_gets_rules_for_its_files_alone() {
    let (project, tools) = (project(), Tools::new());
    let config = HEAD.replace("src/main.py", "main.py").replace('@', "");
    project.write("wrangler.toml", &config).write("package.json", "{}\n").write("shop/prices.json", "{}\n");
    project.write("main.py", "import dep\nfrom shop import prices\nfrom workers import WorkerEntrypoint\n\n\nclass Default(WorkerEntrypoint):\n    pass\n");
    project.write("shop/__init__.py", "").write(
        "shop/prices.py",
        "from pathlib import Path\n\nPRICES = Path(__file__).with_name(\"prices.json\").read_text()\n",
    );
    std::fs::remove_dir_all(project.path("src")).unwrap();
    let case = Case { file: "wrangler.toml", config: HEAD, rules: "", env: None };
    let report = check(&project, &tools, &case, 3);
    let snippet = gate(&report, "data-files")["findings"][0]["snippet"].as_str().unwrap().to_owned();
    assert!(snippet.contains("globs = [\"shop/prices.json\"]"), "{snippet}");
    project.write("wrangler.toml", &format!("{config}\n{snippet}\n"));
    let report = check(&project, &tools, &case, 0);
    assert_eq!(codes(&report, "data-files"), Vec::<String>::new());
}
