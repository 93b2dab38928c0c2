use super::flags::own_longs;
use super::*;

fn own(line: &str) -> OwnInvocation {
    match parse(line.split_whitespace().map(OsString::from).collect()) {
        Ok(Invocation::Own(invocation)) => *invocation,
        other => panic!("{line}: {other:?}"),
    }
}

fn passes(line: &str) -> bool {
    matches!(parse(line.split_whitespace().map(OsString::from).collect()), Ok(Invocation::Pywrangler(words)) if words.len() == line.split_whitespace().count())
}

#[test]
fn our_flags_are_taken_from_either_side_and_the_rest_keeps_its_order() {
    let parsed =
        own("--format json deploy --env develop --keep-stage --var A:1 --gate size=warn --dry-run -- --format x");
    assert_eq!(parsed.command, Command::Upload(&["deploy"]));
    assert_eq!(parsed.flags.format, Some(Format::Json));
    assert!(parsed.flags.keep_stage);
    assert_eq!(parsed.flags.gate, ["size=warn"]);
    let words: Vec<_> = parsed.rest.words().iter().map(|w| w.to_str().unwrap()).collect();
    assert_eq!(words, ["--env", "develop", "--var", "A:1", "--dry-run", "--", "--format", "x"]);
}

#[test]
fn pywranglers_own_flag_stays_before_the_command() {
    let parsed = own("--debug --format json deploy --env develop");
    assert_eq!((parsed.rest.before(), parsed.rest.words().len()), (&["--debug".into()][..], 2));
    assert_eq!(own("deploy --debug").rest.before().len(), 0);
}

#[test]
fn what_is_not_ours_is_pywranglers_whole() {
    for line in [
        "tail --format json",
        "check startup",
        "versions list",
        "preview delete",
        "secret put X",
        "dev --port 1",
        "--env x deploy",
    ] {
        assert!(passes(line), "{line}");
    }
}

#[test]
fn no_flag_of_ours_is_one_of_wranglers() {
    for long in own_longs() {
        assert!(!crate::passthrough::is_wranglers(&long), "--{long}");
    }
}

#[test]
fn a_misspelt_flag_of_check_is_named() {
    let error = parse(vec!["check".into(), "--formt".into(), "json".into()]).unwrap_err();
    insta::assert_snapshot!(format!("{error}\n{}", error.hint), @"
    unknown flag `--formt`
    did you mean `--format`?
    ");
}

#[test]
fn a_value_that_is_not_one_of_a_flags_is_refused() {
    let error = parse(vec!["deploy".into(), "--format".into(), "xml".into()]).unwrap_err();
    insta::assert_snapshot!(error, @"invalid value 'xml' for '--format <FORMAT>'");
}
