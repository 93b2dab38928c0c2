//! `Cleared` cannot be forged: src/gates/checked.rs is compiled by itself, with code outside of `gate` that tries to.

use std::process::Command;

/// What stands around the module under test: just enough of `gate` for it to compile.
const AROUND: &str = r#"
pub(crate) mod gates {
    #[derive(Debug, Clone)]
    pub(crate) struct GateResult;
    pub(crate) enum Verdict { Passed, PassedWithWarnings, Blocked }
    impl Verdict {
        pub(crate) fn of(_: &[GateResult]) -> Self { Self::Blocked }
    }
    #[path = "CHECKED"]
    pub(crate) mod checked;
    pub(crate) fn check() -> checked::Checked<u8> { checked::Checked::new(1, Vec::new()) }
}
use gates::GateResult;
use gates::checked::{Blocked, Checked, Cleared, MadeFrom};
pub(crate) struct Stage;
impl MadeFrom<u8> for Stage {}
"#;

/// Compiles `attempt`: the errors' codes, none if it compiles.
fn errors(attempt: &str) -> Vec<String> {
    let directory = tempfile::tempdir().unwrap();
    let source = directory.path().join("attempt.rs");
    let checked = concat!(env!("CARGO_MANIFEST_DIR"), "/src/gates/checked.rs");
    std::fs::write(&source, format!("#![allow(unused)]{}{attempt}", AROUND.replace("CHECKED", checked))).unwrap();
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let output = Command::new(rustc)
        .args(["--edition=2024", "--crate-type=lib", "--emit=metadata", "--error-format=short", "--out-dir"])
        .arg(directory.path())
        .arg(&source)
        .output()
        .unwrap();
    let text = String::from_utf8(output.stderr).unwrap();
    let codes: Vec<String> =
        text.split("error[").skip(1).filter_map(|rest| rest.split(']').next()).map(str::to_owned).collect();
    assert_eq!(output.status.success(), codes.is_empty(), "{text}");
    codes
}

#[test]
fn what_passed_is_cleared_and_what_is_made_from_it_is_checked_on() {
    let honest = "fn f() -> Option<Checked<Stage>> { Some(gates::check().into_cleared().ok()?.made(Stage)) }";
    assert_eq!(errors(honest), Vec::<String>::new());
}

#[test]
fn nothing_outside_of_the_gates_makes_a_cleared() {
    let private_field = "E0451";
    let private_function = "E0624";
    let missing_bound = "E0277";
    for (attempt, code) in [
        ("fn f() -> Cleared<u8> { Cleared { value: 1, results: Vec::new() } }", private_field),
        ("fn f() -> Checked<u8> { Checked { value: 1, results: Vec::new() } }", private_field),
        ("fn f() -> Checked<u8> { Checked::new(1, Vec::new()) }", private_function),
        ("fn f(checked: &mut Checked<u8>) { checked.results_mut(); }", private_function),
        ("fn f(cleared: &Cleared<u8>) -> Checked<u16> { cleared.made(1_u16) }", missing_bound),
        (
            "fn f(blocked: Blocked<u8>) -> Cleared<u8> { let Blocked { value, results } = blocked; todo!() }",
            private_field,
        ),
        ("fn f(mut cleared: Cleared<u8>) -> Cleared<u8> { cleared.value = 2; cleared }", "E0616"),
        ("fn f(cleared: Cleared<u8>) -> (Cleared<u8>, Cleared<u8>) { (cleared.clone(), cleared) }", "E0599"),
    ] {
        let codes = errors(attempt);
        assert!(codes.iter().any(|found| found == code), "`{attempt}` gives {codes:?}");
    }
}
