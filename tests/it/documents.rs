//! The documentation matches the program: faults in the corpus, sources of data, flags. That every gate has a page with
//! exactly its codes is tested in src/gates/registry.rs.

use std::collections::BTreeSet;
use std::path::Path;

fn read(path: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
}

fn is_code(word: &str) -> bool {
    word.chars().all(|c| c.is_ascii_lowercase() || c == '-')
}

/// Codes that cost something; notes need no fault to be found.
fn codes_with_a_cost() -> BTreeSet<String> {
    let pages = std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/gates")).unwrap();
    let pages: Vec<String> = pages.map(|entry| std::fs::read_to_string(entry.unwrap().path()).unwrap()).collect();
    let rows = pages.iter().flat_map(|page| page.lines()).filter_map(|row| row.strip_prefix("| `"));
    let rows = rows.filter_map(|row| row.split_once("` | "));
    rows.filter(|(code, level)| {
        code.split('.').count() == 2 && code.split('.').all(is_code) && !level.starts_with("note")
    })
    .map(|(code, _)| code.to_owned())
    .collect()
}

#[test]
fn every_code_that_costs_something_has_a_seeded_fault() {
    let cases = std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus/cases")).unwrap();
    let texts: Vec<String> = cases.map(|entry| std::fs::read_to_string(entry.unwrap().path()).unwrap()).collect();
    // A gate that needs the real tools is measured on them, in a test of its own.
    let on_the_rig = ["wheels", "smoke", "verify"];
    let missing: Vec<String> = codes_with_a_cost()
        .into_iter()
        .filter(|code| !on_the_rig.iter().any(|gate| code.starts_with(&format!("{gate}."))))
        .filter(|code| !texts.iter().any(|text| text.contains(&format!("code = \"{code}\""))))
        .collect();
    assert_eq!(missing, Vec::<String>::new());
}

#[test]
fn every_number_in_data_has_its_source_and_date() {
    for entry in std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("data")).unwrap() {
        let path = entry.unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.contains("source") && text.contains("date"), "{}", path.display());
    }
}

#[test]
fn every_flag_of_ours_is_in_the_settings_page() {
    let page = read("docs/settings.md");
    let help = crate::project::Project::empty().saddlebag(&["deploy", "--help"]).run().expect(0).stdout;
    let ours = help.split("Options of wrangler:").next().unwrap();
    for word in ours.split_whitespace().filter(|word| word.starts_with("--") && *word != "--help`.") {
        let flag: String = word.chars().take_while(|c| c.is_ascii_lowercase() || *c == '-').collect();
        assert!(page.contains(&format!("`{flag}")), "{flag}");
    }
}
