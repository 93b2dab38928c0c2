//! Tests from uv's output to conflicts.

use super::*;

#[test]
fn wheels_are_for_pythons_and_platforms() {
    let of = |wheels: &[&str]| {
        offers(&Pinned {
            name: "x".into(),
            version: "1".into(),
            wheels: wheels.iter().map(|wheel| (*wheel).to_owned()).collect(),
            uploaded: None,
        })
    };
    assert_eq!(
        of(&[
            "x-1-cp313-cp313-macosx_10_12_x86_64.macosx_11_0_arm64.whl",
            "x-1-cp314-cp314-manylinux_2_17_x86_64.manylinux2014_x86_64.whl",
            "x-1-cp39-abi3-win_amd64.whl",
            "x-1-cp313-cp313-pyodide_2025_0_wasm32.whl",
        ]),
        "cp313, cp314, cp39-abi3 on macosx, manylinux, pyodide_2025_0_wasm32, win"
    );
    assert_eq!(of(&[]), "source only");
}

fn shown(text: &str) -> Vec<String> {
    let said =
        resolver_message::read(&format!("No solution found when resolving dependencies\n cause: {text}"), WORKSPACE)
            .unwrap();
    let shown = |conflict: &Conflict| format!("{} {:?} {}", conflict.name, conflict.reason, conflict.chain.join(" → "));
    conflicts(&said, &[]).iter().map(shown).collect()
}

#[test]
fn culprits_come_deepest_first_and_a_pre_release_is_none() {
    insta::assert_snapshot!([
        "Because fastuuid==0.12.0 has no usable wheels and litellm>=1.77.0,<=1.77.4 depends on fastuuid>=0.12.0, we can conclude that x. And because litellm==1.77.4.dev1 has no usable wheels and saddlebag-workspace depends on litellm>=1.77.0, we can conclude that your requirements are unsatisfiable.",
        "Because nothere was not found in the package registry and saddlebag-workspace depends on nothere, we can conclude that x.",
        "Because only rig-meta==1.0 is available and saddlebag-workspace depends on rig-meta>=3, we can conclude that x.",
        "Because you require rig-meta>1 and rig-meta<=1, we can conclude that x.",
        "Because httpx==0.28.1 depends on httpcore==1.* and you require httpx==0.28.1, we can conclude that you require httpcore==1.*. And because you require httpcore<1, we can conclude that x.",
        "Because the current Python version (3.13.2) does not satisfy Python>=3.15 and new==1.0 depends on Python>=3.15, we can conclude that new==1.0 cannot be used. And because saddlebag-workspace depends on new==1.0, we can conclude x.",
    ].map(|text| shown(text).join("\n")).join("\n"), @r#"
    fastuuid NoWheel litellm>=1.77.0,<=1.77.4 → fastuuid>=0.12.0
    nothere Unknown nothere
    rig-meta Version(["rig-meta==1.0"]) rig-meta>=3
    rig-meta Conflict(["rig-meta<=1", "rig-meta>1"]) rig-meta>1
    httpcore Conflict(["httpcore<1", "httpx==0.28.1 → httpcore==1.*"]) httpcore<1
    new Python(">=3.15") new==1.0
    "#);
}

#[test]
fn what_has_a_wheel_is_in_nobodys_way_unless_nothing_else_is() {
    let conflict = |name: &str, newest: &str, usable: Option<&str>| Conflict {
        reason: Reason::NoWheel,
        name: name.to_owned(),
        chain: vec![name.to_owned()],
        heads: [name.to_owned()].into(),
        wanted: None,
        seen: None,
        location: Location::new(LocationKind::Requirement, name),
        newest: Some((newest.to_owned(), "py3-none on any".to_owned())),
        usable: usable.map(|version| (version.to_owned(), None)),
        outdated: None,
    };
    let left = |mut conflicts: Vec<Conflict>| {
        keep_those_in_the_way(&mut conflicts);
        conflicts.into_iter().map(|conflict| conflict.name).collect::<Vec<_>>()
    };
    let (core, pydantic, older) = (
        conflict("pydantic-core", "2.50", None),
        conflict("pydantic", "2.14", Some("2.14")),
        conflict("x", "2", Some("1")),
    );
    assert_eq!(left(vec![core, pydantic.clone(), older]), ["pydantic-core", "x"]);
    assert_eq!(left(vec![pydantic]), ["pydantic"]);
}

#[test]
fn a_release_of_years_ago_is_ancient_unless_it_was_built_for_workers() {
    let pinned = |version: &str, day: &str, wheel: &str| Pinned {
        name: "x".into(),
        version: version.into(),
        wheels: vec![wheel.to_owned()],
        uploaded: Some(day.to_owned()),
    };
    let newest = pinned("0.9", "2026-11-01", "x-0.9-cp314-cp314-win_amd64.whl");
    assert!(downgrade::is_outdated(&pinned("0.1", "2022-04-20", "x-0.1-py3-none-any.whl"), &newest));
    assert!(!downgrade::is_outdated(&pinned("0.8", "2026-05-01", "x-0.8-py3-none-any.whl"), &newest));
    assert!(!downgrade::is_outdated(
        &pinned("0.1", "2022-04-20", "x-0.1-cp313-cp313-pyodide_2025_0_wasm32.whl"),
        &newest
    ));
}
