use super::schema::SCHEMA;
use super::values::parse_bytes;
use super::*;
use std::ffi::OsString;

fn read(text: &str, environment: &[(&str, &str)], flags: &[&str], env: Option<&str>) -> Result<Settings> {
    let dir = tempfile::tempdir().unwrap();
    let path = Utf8PathBuf::from_path_buf(dir.path().join("pyproject.toml")).unwrap();
    fs_err::write(&path, text).unwrap();
    let pyproject = crate::project::pyproject::read(path.clone(), path.parent().unwrap()).unwrap();
    let words = ["deploy"].iter().chain(flags).map(OsString::from).collect();
    let crate::cli::Invocation::Own(invocation) = crate::cli::parse(words)? else { panic!("not ours") };
    Settings::read(&invocation.flags, &Environment::of(environment), Some(&pyproject), env)
}

fn complaint(text: &str) -> String {
    let error = read(text, &[], &[], None).unwrap_err();
    format!("{}: {error}; {}", error.location.as_ref().map(ToString::to_string).unwrap_or_default(), error.hint)
}

#[test]
fn flags_beat_the_environment_which_beats_the_file_which_beats_the_default() {
    let text = "[tool.saddlebag]\nnamespace = \"flat\"\n[tool.saddlebag.env.develop]\nnamespace = \"keep\"\n";
    assert_eq!(read("", &[], &[], None).unwrap().namespace, NamespaceSetting::Auto);
    assert_eq!(read(text, &[], &[], None).unwrap().namespace, NamespaceSetting::Flat);
    assert_eq!(read(text, &[], &[], Some("develop")).unwrap().namespace, NamespaceSetting::Keep);
    assert_eq!(
        read(text, &[("SADDLEBAG_NAMESPACE", "auto")], &[], Some("develop")).unwrap().namespace,
        NamespaceSetting::Auto
    );
    let all = read(text, &[("SADDLEBAG_NAMESPACE", "auto")], &["--namespace", "flat"], Some("develop")).unwrap();
    assert_eq!(all.namespace, NamespaceSetting::Flat);
}

#[test]
fn complaints_say_where_and_what_to_write() {
    insta::assert_snapshot!([
        "[tool.saddlebag]\nnamespce = \"flat\"\n",
        "[tool.saddlebag]\nnamespace = \"both\"\n",
        "[tool.saddlebag.gates]\nsizes = \"warn\"\n",
        "[tool.saddlebag.gates]\nsize = \"error\"\n",
        "[tool.saddlebag.size]\nmax-raw = \"many\"\n",
        "[tool.saddlebag.size]\nwarn-at = 8\n",
        "[tool.saddlebag]\ninclude = \"src\"\n",
        "[tool.saddlebag]\ngrowth = 5\n",
        "[tool.saddlebag.growth]\nmaxx = 5\n",
        "[tool.saddlebag.growth]\nmax = 0.05\n",
        "[tool.saddlebag.growth]\nmax = \"five %\"\n",
        "[tool.saddlebag.growth]\nmax = -1\n",
        "[tool.saddlebag.packages]\nsympy = \"2MiB\"\n",
        "[tool.saddlebag.packages.sympy]\n",
        "[tool.saddlebag.packages.sympy]\nmxa = 1\n",
        "[tool.saddlebag]\npackages.sympy.max = \"2 MB or so\"\n",
        "[tool.saddlebag.packages]\na_b.max = 1\nA-B.max = 1\n",
        "[tool.saddlebag.prune]\nrecipes = [\"babel-locales=en\"]\n",
        "[tool.saddlebag.prune.recipes]\nbabel-locale = [\"en\"]\n",
        "[tool.saddlebag.prune.recipes]\nnumpy = []\n",
        "[tool.saddlebag.prune.recipes]\nbotocore-services = \"s3\"\n",
        "[tool.saddlebag]\nfill-init = 1\n",
        "[tool.saddlebag]\nextras = \"web\"\n",
        "[tool.saddlebag]\ngroups = [\"a\", 1]\n",
        "[tool.saddlebag]\ngroup = []\n",
        "[tool.saddlebag.env.develop]\nsise = {}\n",
        "[[tool.saddlebag.allow]]\ngate = \"size\"\n",
        "[[tool.saddlebag.allow]]\ngate = \"size\"\nreason = \"x\"\nuntil = \"soon\"\n",
    ].map(complaint).join("\n"), @r#"
    pyproject.toml:2:1: `tool.saddlebag` has no key `namespce`; did you mean `namespace`?
    pyproject.toml:2:1: `tool.saddlebag.namespace` is not one of `auto`, `keep` and `flat`; set `namespace` to one of `auto`, `keep` and `flat`
    pyproject.toml:2:1: unknown gate `sizes`; did you mean `size`?
    pyproject.toml:2:1: `error` is not a level for the gate `size`; use `off`, `warn` or `deny`
    pyproject.toml:2:1: `tool.saddlebag.size.max-raw` is not a size such as "48MiB", or a number of bytes; set `max-raw` to a size such as "48MiB", or a number of bytes
    pyproject.toml:2:1: `tool.saddlebag.size.warn-at` is not a fraction such as 0.8, or "80%"; set `warn-at` to a fraction such as 0.8, or "80%"
    pyproject.toml:2:1: `tool.saddlebag.include` is not a list of strings; set `include` to a list of strings
    pyproject.toml:2:1: `tool.saddlebag.growth` is not a table; set `growth` to a table
    pyproject.toml:2:1: `tool.saddlebag.growth` has no key `maxx`; did you mean `max`?
    pyproject.toml:2:1: `tool.saddlebag.growth.max` is not a share such as "5%", a size such as "200KiB", or a number of bytes; set `max` to a share such as "5%", a size such as "200KiB", or a number of bytes
    pyproject.toml:2:1: `tool.saddlebag.growth.max` is not a share such as "5%", a size such as "200KiB", or a number of bytes; set `max` to a share such as "5%", a size such as "200KiB", or a number of bytes
    pyproject.toml:2:1: `tool.saddlebag.growth.max` is not a share such as "5%", a size such as "200KiB", or a number of bytes; set `max` to a share such as "5%", a size such as "200KiB", or a number of bytes
    pyproject.toml:2:1: `tool.saddlebag.packages.sympy` is not a table such as { max = "2MiB" }; set `sympy` to a table such as { max = "2MiB" }
    pyproject.toml:1:26: `tool.saddlebag.packages.sympy` is empty; add `max = "2MiB"`
    pyproject.toml:2:1: `tool.saddlebag.packages.sympy` has no key `mxa`; did you mean `max`?
    pyproject.toml:2:16: `tool.saddlebag.packages.sympy.max` is not a size such as "48MiB", or a number of bytes; set `max` to a size such as "48MiB", or a number of bytes
    pyproject.toml:3:1: `tool.saddlebag.packages` names one distribution twice: `a_b` and `A-B`; remove `A-B`
    pyproject.toml:2:1: `tool.saddlebag.prune.recipes` is not a table such as { babel-locales = ["en", "de"] }; set `recipes` to a table such as { babel-locales = ["en", "de"] }
    pyproject.toml:2:1: unknown recipe `babel-locale`; did you mean `babel-locales`?
    pyproject.toml:2:1: unknown recipe `numpy`; use one of babel-locales, botocore-services, faker-locales, pycountry-languages, pytz-zones, tzdata-zones
    pyproject.toml:2:1: `tool.saddlebag.prune.recipes.botocore-services` is not a list of strings; set `botocore-services` to a list of strings
    pyproject.toml:2:1: `tool.saddlebag.fill-init` is not `true` or `false`; set `fill-init` to `true` or `false`
    pyproject.toml:2:1: `tool.saddlebag.extras` is not a list of strings; set `extras` to a list of strings
    pyproject.toml:2:1: `tool.saddlebag.groups` is not a list of strings; set `groups` to a list of strings
    pyproject.toml:2:1: `tool.saddlebag` has no key `group`; did you mean `groups`?
    pyproject.toml:2:1: `tool.saddlebag.env.develop` has no key `sise`; did you mean `size`?
    pyproject.toml:1:1: an `allow` entry needs `reason`; add `reason = "..."`
    pyproject.toml:4:1: `tool.saddlebag.allow.until` is not a date like 2027-03-31; set `until` to a date like 2027-03-31
    "#);
}

#[test]
fn chosen_lists_keep_their_places_and_an_environments_own_replace_them() {
    let text = "[tool.saddlebag]\nextras = [\"web\",\n  \"db\"]\ngroups = [\"run\"]\n[tool.saddlebag.env.develop]\nextras = []\n";
    let shown = |settings: &Settings| -> Vec<String> {
        let lists = settings.lists();
        lists.extras.iter().chain(lists.groups).map(|list| format!("{} {}", list.name, list.location)).collect()
    };
    assert_eq!(
        shown(&read(text, &[], &[], None).unwrap()),
        ["web pyproject.toml:2:11", "db pyproject.toml:3:3", "run pyproject.toml:4:11"]
    );
    assert_eq!(shown(&read(text, &[], &[], Some("develop")).unwrap()), ["run pyproject.toml:4:11"]);
}

#[test]
fn growth_is_a_share_or_a_size_and_an_environment_has_its_own() {
    let text = "[tool.saddlebag]\ngrowth = { max = \"7.5 %\", baseline = \"a.toml\" }\npackages.Zope_I.max = \"2MiB\"\n[tool.saddlebag.env.develop]\ngrowth.max = \"200KiB\"\npackages.zope-i.max = 0\npackages.b.max = 1\n";
    let growth = |env| read(text, &[], &[], env).unwrap().growth;
    let budgets = |growth: &GrowthSettings| -> Vec<(String, u64)> {
        growth.budgets.iter().map(|(name, budget)| (name.clone(), budget.max)).collect()
    };
    assert_eq!(growth(None).max, Some(Allowance::Share(0.075)));
    assert_eq!(budgets(&growth(None)), [("zope-i".to_owned(), 2 * 1024 * 1024)]);
    assert_eq!(growth(Some("develop")).max, Some(Allowance::Bytes(200 * 1024)));
    assert_eq!(budgets(&growth(Some("develop"))), [("b".to_owned(), 1), ("zope-i".to_owned(), 0)]);
    assert!(matches!(growth(None).baseline, Some(Named::Setting(path, _)) if path == "a.toml"));
    let named = |variables, flags| match read(text, variables, flags, None).unwrap().growth.baseline {
        Some(Named::Outright(path)) => path.to_string(),
        other => panic!("{other:?}"),
    };
    assert_eq!(named(&[("SADDLEBAG_BASELINE", "b.toml")], &[]), "b.toml");
    assert_eq!(named(&[("SADDLEBAG_BASELINE", "b.toml")], &["--baseline", "c.toml"]), "c.toml");
    let wrong = read("[tool.saddlebag.env.develop.growth]\nmax = \"\"\n", &[], &[], Some("develop")).unwrap_err();
    assert_eq!(wrong.location.unwrap().to_string(), "pyproject.toml:2:1");
}

#[test]
fn sizes_read_as_people_write_them() {
    for (text, bytes) in [("64MiB", 67_108_864), ("64 MiB", 67_108_864), ("1.5kB", 1500), ("1_000", 1000), ("0", 0)] {
        assert_eq!(parse_bytes(text), Some(bytes), "{text}");
    }
    for text in ["", "MiB", "-1", "1 parsec", "1e99"] {
        assert_eq!(parse_bytes(text), None, "{text}");
    }
}

#[test]
fn gates_and_allow_entries_are_read() {
    let settings = read(
        "[tool.saddlebag.gates]\nsize = \"warn\"\n[[tool.saddlebag.allow]]\ngate = \"secrets\"\ncode = \"secrets.*\"\nmatch = \"x\"\nreason = \"test key\"\nuntil = 2027-03-31\n",
        &[("SADDLEBAG_GATE", "size=off,secrets=warn")],
        &["--gate", "size=deny"],
        None,
    )
    .unwrap();
    assert_eq!(settings.gates.get(&GateId::Size), Some(&Level::Deny));
    assert_eq!(settings.gates.get(&GateId::Secrets), Some(&Level::Warn));
    assert_eq!(settings.allow[0].until.as_deref(), Some("2027-03-31"));
}

#[test]
fn every_setting_is_on_the_settings_page_and_every_flag_is_clap_s() {
    let page = include_str!("../../docs/settings.md");
    let help = crate::cli::parse(["deploy", "--help"].map(OsString::from).to_vec()).unwrap();
    let crate::cli::Invocation::Text(help) = help else { panic!("no help") };
    for setting in SCHEMA {
        if let Some(key) = setting.key {
            assert!(page.contains(&format!("`{key}")) || page.contains(&format!("[[{key}")), "{key}");
        }
        for name in setting.flag.iter().chain(&setting.variable) {
            assert!(page.contains(&format!("`{name}")), "{name}");
        }
        if let Some(flag) = setting.flag {
            assert!(help.contains(flag), "{flag}");
        }
    }
}

#[test]
fn documented_defaults_are_what_holds_without_a_setting() {
    let settings = Settings::of(SettingsLayer::default());
    let default = |name: &str| {
        let named = |setting: &&schema::Setting| setting.key == Some(name) || setting.variable == Some(name);
        SCHEMA.iter().find(named).and_then(|setting| setting.default).unwrap()
    };
    assert_eq!(format!("{:?}", settings.namespace).to_lowercase(), default("namespace"));
    assert_eq!(format!("{:?}", settings.prune.dist_info).to_lowercase(), default("prune.dist-info"));
    assert_eq!(settings.warn_at.to_string(), default("size.warn-at"));
    assert_eq!(settings.smoke_patience.to_string(), default("SADDLEBAG_SMOKE_TIMEOUT"));
    assert_eq!(settings.fill_init.to_string(), default("fill-init"));
    assert_eq!(settings.prune.shake.to_string(), default("prune.shake"));
}

#[test]
fn asking_for_a_gate_overrides_an_off_of_a_lower_layer_only() {
    let levels = |file: &str, variables: &[(&str, &str)], flags: &[&str]| {
        let text = format!("[tool.saddlebag.gates]\nsmoke = \"{file}\"\n");
        let settings = read(&text, variables, flags, None).unwrap();
        (settings.gates.get(&GateId::Smoke).copied(), settings.asked.contains(&GateId::Smoke))
    };
    assert_eq!(levels("off", &[], &["--smoke"]), (None, true));
    assert_eq!(levels("warn", &[], &["--smoke"]), (Some(Level::Warn), true));
    assert_eq!(levels("off", &[("SADDLEBAG_SMOKE", "1")], &[]), (None, true));
    assert_eq!(levels("off", &[("SADDLEBAG_SMOKE", "0")], &[]), (Some(Level::Off), false));
    assert_eq!(levels("deny", &[("SADDLEBAG_GATE", "smoke=off")], &["--smoke"]), (None, true));
    assert_eq!(levels("deny", &[], &["--smoke", "--gate", "smoke=off"]), (Some(Level::Off), true));
}

#[test]
fn quiet_and_verbose_of_one_layer_replace_those_of_the_layer_below() {
    let verbosity = |variables: &[(&str, &str)], flags: &[&str]| {
        let settings = read("", variables, flags, None).unwrap();
        (settings.quiet, settings.verbose)
    };
    let both = [("SADDLEBAG_QUIET", "1"), ("SADDLEBAG_VERBOSE", "1")];
    assert_eq!(verbosity(&both, &[]), (false, true));
    assert_eq!(verbosity(&both, &["--quiet"]), (true, false));
    assert_eq!(verbosity(&both[..1], &["--verbose"]), (false, true));
    assert_eq!(verbosity(&both[..1], &[]), (true, false));
}
