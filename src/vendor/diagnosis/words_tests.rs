//! uv's own words, of 0.13.8.

use super::*;

fn of(text: &str) -> Words {
    read(&format!("error: {BEGINS}\n  cause: {text}\n\nhint: x has no usable wheels"), "saddlebag-workspace").unwrap()
}

fn shown<'a>(specs: impl IntoIterator<Item = &'a Spec>) -> Vec<String> {
    specs.into_iter().map(ToString::to_string).collect()
}

fn requires(words: &Words) -> Vec<String> {
    let who = |who: &Option<Spec>| who.as_ref().map_or_else(|| "project".to_owned(), ToString::to_string);
    words.requires.iter().map(|(from, to)| format!("{} -> {to}", who(from))).collect()
}

#[test]
fn a_package_without_a_wheel_and_the_chain_to_it() {
    let words = of(
        "Because all of:\n    fastuuid==0.12.0\n    fastuuid>=0.13.3\n have no usable wheels and only the following versions of fastuuid are available:\n    fastuuid<=0.12.0\n    fastuuid>=0.13.3\nwe can conclude that fastuuid cannot be used.\n\
         And because fastuuid==0.13.2 has no wheels with a matching Python ABI tag (e.g., `cp313`) and all of:\n    litellm>=1.77.0,<=1.77.1\n    litellm==1.77.3\ndepend on fastuuid>=0.12.0, we can conclude that x.\n\
         And because litellm==1.77.4.dev1 has no usable wheels and saddlebag-workspace depends on litellm>=1.77.0, we can conclude that your requirements are unsatisfiable.",
    );
    assert_eq!(
        shown(&words.wheelless),
        ["fastuuid==0.12.0", "fastuuid>=0.13.3", "fastuuid==0.13.2", "litellm==1.77.4.dev1"]
    );
    assert_eq!(shown(&words.available), ["fastuuid<=0.12.0", "fastuuid>=0.13.3"]);
    assert_eq!(
        requires(&words),
        [
            "litellm>=1.77.0,<=1.77.1 -> fastuuid>=0.12.0",
            "litellm==1.77.3 -> fastuuid>=0.12.0",
            "project -> litellm>=1.77.0"
        ]
    );
    assert_eq!(words.wheelless.iter().map(Spec::is_prerelease).collect::<Vec<_>>(), [false, false, false, true]);
}

#[test]
fn all_versions_of_a_package() {
    let words = of("Because all versions of audioop-lts have no usable wheels and you require audioop-lts, we can x.");
    assert_eq!(
        (shown(&words.wheelless), requires(&words)),
        (vec!["audioop-lts".into()], vec!["project -> audioop-lts".into()])
    );
}

#[test]
fn what_is_not_there_and_what_contradicts_itself() {
    let words = of("Because nothere was not found in the package registry and you require nothere, we can conclude.");
    assert_eq!(words.missing, ["nothere".to_owned()].into());
    let words = of("Because only rig-meta==1.0 is available and you require rig-meta>=3, we can conclude that.");
    assert_eq!(
        (shown(&words.available), requires(&words)),
        (vec!["rig-meta==1.0".into()], vec!["project -> rig-meta>=3".into()])
    );
    let words = of("Because you require rig-meta>1 and rig-meta<=1, we can conclude that your requirements are x.");
    assert_eq!(requires(&words), ["project -> rig-meta>1", "project -> rig-meta<=1"]);
    let words = of(
        "Because httpx==0.28.1 depends on httpcore==1.* and you require httpx==0.28.1, we can conclude that you require httpcore==1.*.\nAnd because you require httpcore<1, we can conclude that.",
    );
    assert_eq!(
        requires(&words),
        ["httpx==0.28.1 -> httpcore==1.*", "project -> httpx==0.28.1", "project -> httpcore<1"]
    );
    assert_eq!(read("error: Failed to fetch", "w"), None);
}
