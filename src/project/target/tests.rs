//! The table held against workerd, and what the user can get wrong.

use super::*;
use crate::project::snapshot::shown;
use camino::Utf8Path;

fn config(text: &str, environment: Option<&str>) -> WranglerConfig {
    WranglerConfig::from_text("/p/wrangler.toml".into(), text.to_owned(), environment, Utf8Path::new("/p")).unwrap()
}

fn top(date: &str, flags: &[&str]) -> WranglerConfig {
    config(&format!("compatibility_date = \"{date}\"\ncompatibility_flags = {flags:?}"), None)
}

fn today() -> TargetFlags {
    TargetFlags { today: "2026-11-21".to_owned(), ..TargetFlags::default() }
}

/// Each row is what workerd 1.20261117.1 asks for, seen on 2026-11-21.
#[test]
fn versions_are_workerds() {
    let rows: [(&str, &[&str], &str); 13] = [
        ("2025-01-01", &["python_workers"], "0.26.0a2"),
        ("2025-09-28", &["python_workers"], "0.26.0a2"),
        ("2025-09-29", &["python_workers"], "0.28.2"),
        ("2026-09-07", &["python_workers"], "0.28.2"),
        ("2026-09-08", &["python_workers"], "314.0.6"),
        ("2026-10-01", &["python_workers", "no_python_workers_314"], "0.28.2"),
        ("2026-10-01", &["python_workers", "no_python_workers_314", "no_python_workers_20250116"], "0.26.0a2"),
        ("2025-01-01", &["python_workers", "python_workers_20260610"], "314.0.4"),
        ("2025-01-01", &["python_workers", "python_workers_20260610", "python_workers_314"], "314.0.6"),
        ("2025-01-01", &["python_workers", "python_workers_314", "no_python_workers_314"], "314.0.6"),
        ("2026-10-01", &["python_workers", "python_workers_314"], "314.0.6"),
        ("2026-10-01", &["python_workers", "python_workers_20260610"], "314.0.6"),
        ("2026-10-01", &["python_workers", "python_workers_20260610", "no_python_workers_314"], "314.0.4"),
    ];
    for (date, flags, pyodide) in rows {
        let target = Target::resolve(&top(date, flags), &today()).unwrap();
        assert_eq!(target.pyodide, pyodide, "{date} {flags:?}");
        assert!(target.python_workers && target.python_full.starts_with(&target.python));
    }
}

#[test]
fn what_pywrangler_would_pick_differs_only_where_it_ignores_something() {
    let pick =
        |config: &WranglerConfig, flags: &TargetFlags| Target::resolve(config, flags).unwrap().pywrangler_would_pick;
    assert_eq!(pick(&top("2026-10-01", &["python_workers"]), &today()), None);
    assert_eq!(
        pick(&top("2026-10-01", &["python_workers", "no_python_workers_314"]), &today()).as_deref(),
        Some("3.14")
    );
    assert_eq!(
        pick(&top("2026-01-01", &["python_workers", "python_workers_20260610"]), &today()).as_deref(),
        Some("3.13")
    );
    let environment = config(
        "compatibility_date = '2026-10-01'\ncompatibility_flags = ['python_workers']\n\
         [env.old]\ncompatibility_date = '2026-01-01'",
        Some("old"),
    );
    assert_eq!(pick(&environment, &today()).as_deref(), Some("3.14"));
    let command_line = TargetFlags { compatibility_date: Some("2025-01-01".to_owned()), ..today() };
    assert_eq!(pick(&top("2026-10-01", &["python_workers"]), &command_line).as_deref(), Some("3.14"));
    assert_eq!(pick(&top("2026-10-01", &[]), &today()), None, "pywrangler stops without the flag");
}

#[test]
fn the_command_line_replaces_and_latest_wins() {
    let base = top("2025-01-01", &["python_workers", "python_workers_20250116"]);
    let flags = TargetFlags { compatibility_flags: Some(vec!["nodejs_compat".to_owned()]), ..today() };
    let target = Target::resolve(&base, &flags).unwrap();
    assert_eq!((target.python.as_str(), target.python_workers), ("3.12", false));
    assert_eq!(target.compatibility_flags, ["nodejs_compat"]);
    let flags = TargetFlags {
        latest: Some("2026-11-17".to_owned()),
        compatibility_date: Some("2025-01-01".to_owned()),
        ..today()
    };
    assert_eq!(Target::resolve(&base, &flags).unwrap().compatibility_date, "2026-11-17");
    assert_eq!(
        Target::resolve(&config("", None), &TargetFlags { latest: Some("2026-11-17".to_owned()), ..today() })
            .unwrap()
            .python,
        "3.14"
    );
}

#[test]
fn a_flag_lost_in_an_environment_is_recorded() {
    let text = "compatibility_date = '2026-10-01'\ncompatibility_flags = ['python_workers']\n\
                [env.develop]\ncompatibility_flags = ['nodejs_compat']";
    let target = Target::resolve(&config(text, Some("develop")), &today()).unwrap();
    assert_eq!((target.python.as_str(), target.python_workers), ("3.14", false));
    // wrangler looks into the configuration for the flag, and not at the command line.
    let flags = TargetFlags { compatibility_flags: Some(vec![PYTHON_WORKERS.to_owned()]), ..today() };
    assert!(!Target::resolve(&config(text, Some("develop")), &flags).unwrap().python_workers);
}

#[test]
fn the_table_is_whole() {
    let table = table().unwrap();
    for release in &table.release {
        let known = table.pywrangler.iter().find(|pick| pick.flag == release.forced_by);
        assert_eq!(known.map(|pick| &pick.python), Some(&release.python), "{release:?}");
        assert!(!release.wheel_platforms.is_empty());
        assert!(release.since.is_empty() || parse_date(&release.since).is_some());
    }
}

#[test]
fn bad_input() {
    let mut errors = String::new();
    for (text, environment) in [
        ("name = 'x'", None),
        ("name = 'x'\n[env.develop]\nmain = 'x.py'", Some("develop")),
        ("compatibility_date = '2026-1-05'", None),
        ("compatibility_date = '2026-02-30'", None),
        ("compatibility_date = '05.01.2026'", None),
        ("compatibility_date = 2026-01-05", None),
        ("compatibility_date = '2026-01-05'\n[env.develop]\ncompatibility_date = 'soon'", Some("develop")),
    ] {
        errors.push_str(&shown(text, &Target::resolve(&config(text, environment), &today()).unwrap_err()));
    }
    let flags = TargetFlags { compatibility_date: Some("tomorrow".to_owned()), ..today() };
    errors.push_str(&shown("--compatibility-date tomorrow", &Target::resolve(&config("", None), &flags).unwrap_err()));
    insta::assert_snapshot!(errors);
}

#[test]
fn the_runtime_brings_the_sdk_until_its_day_unless_a_flag_says_otherwise() {
    for (date, flags, brings) in [
        ("2026-04-20", "", true),
        ("2026-04-21", "", false),
        ("2026-04-20", "enable_python_external_sdk", false),
        ("2026-10-01", "disable_python_external_sdk", true),
    ] {
        let flags = ["python_workers", flags].into_iter().filter(|flag| !flag.is_empty()).map(str::to_owned).collect();
        let said = TargetFlags {
            compatibility_date: Some(date.to_owned()),
            compatibility_flags: Some(flags),
            ..TargetFlags::default()
        };
        assert_eq!(Target::resolve(&config("", None), &said).unwrap().bundles_sdk, brings, "{date}");
    }
}

#[test]
fn vendor_is_searched_until_its_day_and_no_flag_brings_it_back() {
    for (date, flag, searched) in [
        ("2025-08-10", "", true),
        ("2025-08-11", "", false),
        ("2025-06-01", "python_workers_force_new_vendor_path", false),
        ("2026-10-01", "", false),
    ] {
        let flags = ["python_workers", flag].into_iter().filter(|flag| !flag.is_empty()).map(str::to_owned).collect();
        let said = TargetFlags {
            compatibility_date: Some(date.to_owned()),
            compatibility_flags: Some(flags),
            ..TargetFlags::default()
        };
        assert_eq!(Target::resolve(&config("", None), &said).unwrap().legacy_vendor, searched, "{date} {flag}");
    }
}
