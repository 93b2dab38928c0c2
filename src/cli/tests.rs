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
    assert_eq!(parsed.command, Command::Upload(UploadCommand::Deploy));
    assert_eq!(parsed.flags.output.format, Some(Format::Json));
    assert!(parsed.flags.gates.keep_stage);
    assert_eq!(parsed.flags.project.gate, ["size=warn"]);
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
    let root = args::accepted();
    for (name, command) in args::commands(&root) {
        for long in args::own_flags(command).filter_map(|arg| arg.get_long()) {
            assert!(!crate::passthrough::is_wranglers(long), "{name} --{long}");
        }
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

fn error_of(line: &str) -> String {
    match parse(line.split_whitespace().map(OsString::from).collect()) {
        Err(error) => format!("{line}: {error}; {}", error.hint),
        other => panic!("{line}: {other:?}"),
    }
}

#[test]
fn usage_errors_name_what_is_missing_or_where_a_flag_belongs() {
    let lines = [
        "deploy --out x",
        "check --wheels",
        "deploy --install",
        "doctor --wheels --install",
        "cache --older-than 1",
        "check --force",
        "stage",
        "why",
        "why --env develop",
        "doctor x",
        "cache dir x",
        "cache clean x",
        "cache clean --older-than soon",
        "deploy --gate",
        "deploy --format jsn",
        "check --namespace both",
        "check --quiet --verbose",
        "completions",
        "completions bsh",
    ];
    insta::assert_snapshot!(lines.map(error_of).join("\n"), @"
    deploy --out x: `--out` belongs to `saddlebag stage`; leave it out, or use `saddlebag stage --out <DIR>`
    check --wheels: `--wheels` belongs to `saddlebag doctor`; leave it out, or use `saddlebag doctor --wheels`
    deploy --install: `--install` belongs to `saddlebag doctor`; leave it out, or use `saddlebag doctor --install`
    doctor --wheels --install: the argument '--wheels' cannot be used with '--install'; see `saddlebag doctor --help`
    cache --older-than 1: `--older-than` belongs to `saddlebag cache clean`; leave it out, or use `saddlebag cache clean --older-than <DAYS>`
    check --force: `--force` belongs to `saddlebag init`; leave it out, or use `saddlebag init --force`
    stage: `saddlebag stage` needs `--out <DIR>`; add `--out <DIR>`: write the stage to DIR
    why: `saddlebag why` needs `<NAME>`; add `<NAME>`: a distribution (`pydantic`), a module (`pydantic.main`) or a path (`src/main.py`)
    why --env develop: `saddlebag why` needs `<NAME>`; add `<NAME>`: a distribution (`pydantic`), a module (`pydantic.main`) or a path (`src/main.py`)
    doctor x: `saddlebag doctor` needs `--wheels`; add `--wheels`: list the Python versions of Workers for which each requirement resolves
    cache dir x: `saddlebag cache dir` takes no `x`; see `saddlebag cache dir --help`
    cache clean x: `saddlebag cache clean` takes no `x`; see `saddlebag cache clean --help`
    cache clean --older-than soon: invalid value 'soon' for '--older-than <DAYS>': invalid digit found in string; see `saddlebag cache clean --help`
    deploy --gate: a value is required for '--gate <ID=LEVEL>' but none was supplied; see `saddlebag deploy --help`
    deploy --format jsn: invalid value 'jsn' for '--format <FORMAT>'; did you mean `json`?
    check --namespace both: invalid value 'both' for '--namespace <LAYOUT>'; use one of auto, keep, flat
    check --quiet --verbose: the argument '--quiet' cannot be used with '--verbose'; see `saddlebag check --help`
    completions: `saddlebag completions` needs `<SHELL>`; use one of bash, elvish, fish, powershell, zsh
    completions bsh: invalid value 'bsh' for '<SHELL>'; did you mean `bash`?
    ");
}

#[test]
fn flags_of_init_and_words_of_wranglers_are_left_to_an_upload() {
    let parsed = own("deploy src/main.py --force --yes --write-workflow");
    assert_eq!(parsed.rest.words().len(), 4);
    assert_eq!(parsed.rest.script(), Some("src/main.py"));
}

#[test]
fn arguments_and_flags_of_one_command_reach_it() {
    assert_eq!(own("stage --out=x").command, Command::Stage { out: "x".into() });
    assert_eq!(own("--out x stage").command, Command::Stage { out: "x".into() });
    assert_eq!(own("why --env develop pydantic --format json").command, Command::Why("pydantic".to_owned()));
    let clean = CacheCommand::Clean { older_than_days: Some(3) };
    assert_eq!(own("cache clean --older-than 3").command, Command::Cache(clean));
    let wheels = own("doctor --requirements a.txt --wheels b.txt");
    assert_eq!(wheels.command, Command::Doctor(DoctorCommand::Wheels));
    assert_eq!(wheels.flags.project.requirements.unwrap(), "b.txt");
    assert_eq!(own("--wheels doctor").command.name(), "doctor --wheels");
    assert_eq!(own("versions upload --no-write-back").command.upload_words().unwrap(), ["versions", "upload"]);
    let Ok(Invocation::Init { ours, .. }) = parse(["init", "--yes"].map(OsString::from).to_vec()) else { panic!() };
    let init = InitArgs { yes: true, force: false, write_workflow: false };
    assert_eq!(ours.unwrap().command, Command::Init(init));
}

#[test]
fn a_setting_without_an_effect_on_a_command_is_accepted() {
    const ALL: &str = "--format json --report r --html h --gate size=warn --requirements f --namespace flat --smoke \
                       --verify --shake --keep-stage --no-cache --no-build --no-write-back --quiet --timings \
                       --baseline b --locked";
    for command in [
        "deploy",
        "publish",
        "preview",
        "versions upload",
        "check",
        "report",
        "stage --out x",
        "baseline",
        "lock",
        "doctor",
        "doctor --wheels",
        "doctor --install",
        "classify",
        "why x",
        "impact x",
        "cache",
        "cache dir",
        "cache clean",
    ] {
        assert_eq!(own(&format!("{command} {ALL}")).flags.output.format, Some(Format::Json), "{command}");
        assert!(own(&format!("{ALL} {command}")).flags.output.quiet, "{command}");
    }
}

#[test]
fn help_is_of_the_command_whatever_else_is_wrong() {
    for line in ["stage --help", "why -h", "doctor --format xml --help", "init --help", "explain --help"] {
        match parse(line.split_whitespace().map(OsString::from).collect()) {
            Ok(Invocation::Text(text)) => {
                let name = line.split(' ').next().unwrap();
                assert!(text.contains(&format!("Usage: saddlebag {name}")), "{text}");
            }
            other => panic!("{line}: {other:?}"),
        }
    }
}
