//! Output of uv 0.13.8.

use super::*;

fn of(text: &str) -> ResolverMessage {
    read(&format!("error: {BEGINS}\n  cause: {text}\n\nhint: x has no usable wheels"), "saddlebag-workspace").unwrap()
}

fn shown<'a>(specs: impl IntoIterator<Item = &'a Spec>) -> Vec<String> {
    specs.into_iter().map(ToString::to_string).collect()
}

fn requires(words: &ResolverMessage) -> Vec<String> {
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

#[test]
fn markers_do_not_hide_the_package_they_belong_to() {
    for (text, wheelless, wants) in [
        (
            "Because rpds-py{sys_platform == 'emscripten'}==0.23.1 has no usable wheels and saddlebag-workspace depends on rpds-py{sys_platform == 'emscripten'}==0.23.1, we can conclude that your requirements are unsatisfiable.",
            vec!["rpds-py==0.23.1"],
            vec!["project -> rpds-py==0.23.1"],
        ),
        (
            "Because rpds-py{sys_platform == 'emscripten'}==0.23.1 has no usable wheels and helperlib==1.0 depends on rpds-py{sys_platform == 'emscripten'}==0.23.1, we can conclude that helperlib==1.0 cannot be used.\n         And because only helperlib==1.0 is available and saddlebag-workspace depends on helperlib, we can conclude that your requirements are unsatisfiable.",
            vec!["rpds-py==0.23.1"],
            vec!["helperlib==1.0 -> rpds-py==0.23.1", "project -> helperlib"],
        ),
        (
            "Because all of:\n             uvloop{sys_platform == 'emscripten'}<=0.6.0\n             uvloop{sys_platform == 'emscripten'}>=0.6.5\n          have no usable wheels and only the following versions of uvloop{sys_platform == 'emscripten'} are available:\n             uvloop{sys_platform == 'emscripten'}<=0.6.0\n             uvloop{sys_platform == 'emscripten'}==0.6.1\n             uvloop{sys_platform == 'emscripten'}>=0.6.5\n         we can conclude that all of:\n             uvloop{sys_platform == 'emscripten'}<0.6.1\n             uvloop{sys_platform == 'emscripten'}>0.6.1\n          cannot be used.\n         And because uvloop{sys_platform == 'emscripten'}==0.6.1 has no wheels with a matching Python ABI tag (e.g., `cp314`) and saddlebag-workspace depends on uvloop{sys_platform == 'emscripten'}, we can conclude that your requirements are unsatisfiable.",
            vec!["uvloop<=0.6.0", "uvloop>=0.6.5", "uvloop==0.6.1"],
            vec!["project -> uvloop"],
        ),
        (
            "Because jsonschema==4.18.0 depends on rpds-py>=0.7.1 and rpds-py>=0.7.1,<=0.23.1 has no usable wheels, we can conclude that jsonschema==4.18.0 depends on rpds-py>=0.24.0.\n         And because saddlebag-workspace depends on jsonschema[format]{python_full_version < '4'}==4.18 and rpds-py<0.24, we can conclude that your requirements are unsatisfiable.",
            vec!["rpds-py>=0.7.1,<=0.23.1"],
            vec![
                "jsonschema==4.18.0 -> rpds-py>=0.7.1",
                "jsonschema==4.18.0 -> rpds-py>=0.24.0",
                "project -> jsonschema==4.18",
                "project -> rpds-py<0.24",
            ],
        ),
    ] {
        let words = of(text);
        assert_eq!(
            (shown(&words.wheelless), requires(&words)),
            (wheelless.iter().map(ToString::to_string).collect(), wants.iter().map(ToString::to_string).collect()),
            "{text}"
        );
    }
}

#[test]
fn under_a_marker_a_package_or_a_version_that_is_not_there_is_said_otherwise() {
    let words = of(
        "Because there are no versions of nosuchthing{sys_platform == 'emscripten'} and saddlebag-workspace depends on nosuchthing{sys_platform == 'emscripten'}, we can conclude that your requirements are unsatisfiable.",
    );
    assert_eq!((&words.missing, words.absent.len()), (&["nosuchthing".to_owned()].into(), 0));
    let words = of(
        "Because there is no version of docopt{sys_platform == 'emscripten'}==99 and saddlebag-workspace depends on docopt{sys_platform == 'emscripten'}==99, we can conclude that your requirements are unsatisfiable.",
    );
    assert_eq!((shown(&words.absent), words.missing.len()), (vec!["docopt==99".to_owned()], 0));
    let words = of(
        "Because only idna{sys_platform == 'emscripten'}<=3.20 is available and saddlebag-workspace depends on idna{sys_platform == 'emscripten'}>=99, we can conclude that your requirements are unsatisfiable.",
    );
    assert_eq!(
        (shown(&words.available), requires(&words)),
        (vec!["idna<=3.20".into()], vec!["project -> idna>=99".into()])
    );
    let words = of(
        "Because saddlebag-workspace depends on idna{sys_platform == 'emscripten'}>=3 and idna<3, we can conclude that your requirements are unsatisfiable.",
    );
    assert_eq!(requires(&words), ["project -> idna>=3", "project -> idna<3"]);
}

#[test]
fn what_must_be_built_is_named_where_uv_names_it() {
    let named = "error: Failed to build `dynlib @ file:///work/lib`\n  cause: Building source distributions for `dynlib` is disabled\n";
    assert_eq!(unbuilt(named), Some(Some("dynlib".to_owned())));
    assert_eq!(unbuilt("error: Building source distributions is disabled"), Some(None));
    assert_eq!(unbuilt("error: Failed to build `x`\n  cause: no"), None);
}

#[test]
fn a_statement_about_versions_holds_for_those_it_names() {
    let spec = |text: &str| Spec::read(text).unwrap();
    assert!(spec("a>=1,<2").contains("1.5") && !spec("a>=1,<2").contains("2") && spec("a").contains("7"));
}
