//! Tests the configuration against the behavior of wrangler 4.164.0; the tables were checked with the real tool on
//! 2026-11-21.

use super::*;
use crate::project::snapshot::shown;

fn toml(text: &str, environment: Option<&str>) -> WranglerConfig {
    WranglerConfig::from_text("/p/wrangler.toml".into(), text.to_owned(), environment, Utf8Path::new("/p")).unwrap()
}

fn json(text: &str, environment: Option<&str>) -> WranglerConfig {
    WranglerConfig::from_text("/p/wrangler.jsonc".into(), text.to_owned(), environment, Utf8Path::new("/p")).unwrap()
}

const TOML: &str = r#"name = "w"
main = "src/main.py"
base_dir = "."
compatibility_date = "2026-10-01"
compatibility_flags = ["python_workers"]
vars = { A = 1 }
site = { bucket = "./public" }

[[rules]]
type = "Text"
globs = ["**/*.txt"]
fallthrough = true

[build]
command = "make"
cwd = "web"

[env.develop]
main = "../alt/other.py"
compatibility_flags = ["nodejs_compat"]
python_modules = { exclude = [] }

[env.empty]
site = { bucket = "./ignored" }

[env.own]
name = "other"
build = {}
"#;

const JSON: &str = r#"// the same
{
  "name": "w", "main": "src/main.py", "base_dir": ".",
  "compatibility_date": "2026-10-01",
  "compatibility_flags": ["python_workers"],
  "vars": { "A": 1 },
  "site": { "bucket": "./public" },
  "rules": [{ "type": "Text", "globs": ["**/*.txt"], "fallthrough": true }],
  "build": { "command": "make", "cwd": "web" },
  "env": {
    "develop": {
      "main": "../alt/other.py", /* here */
      "compatibility_flags": ["nodejs_compat"],
      "python_modules": { "exclude": [] },
    },
    "empty": { "site": { "bucket": "./ignored" } },
    "own": { "name": "other", "build": {} },
  },
}
"#;

#[test]
fn inheritance_is_wranglers_in_both_formats() {
    for read in [|environment| toml(TOML, environment), |environment| json(JSON, environment)] {
        let top = read(None);
        assert_eq!(top.name().as_deref(), Some("w"));
        assert_eq!(top.main().unwrap(), "/p/src/main.py");
        assert_eq!(top.base_dir().unwrap(), "/p");
        assert_eq!(top.python_modules_exclude(), ["**/*.pyc"]);
        assert_eq!(top.environments(), ["develop", "empty", "own"]);
        let rule = ModuleRule { kind: "Text".into(), globs: vec!["**/*.txt".into()], fallthrough: Some(true) };
        assert_eq!(top.rules(), std::slice::from_ref(&rule));
        let build = top.build_command().unwrap();
        assert_eq!((build.command.as_str(), build.cwd.as_deref()), ("make", Some("web")));
        assert_eq!((build.watch_dir, build.origin), (vec!["./src".to_owned()], vec!["build".to_owned()]));

        let develop = read(Some("develop"));
        assert!(develop.environment_defined);
        assert_eq!(develop.name().as_deref(), Some("w-develop"));
        assert_eq!(develop.main().unwrap(), "/alt/other.py");
        assert_eq!(develop.get_origin("main").unwrap(), ["env", "develop", "main"]);
        assert_eq!(develop.compatibility_flags(), ["nodejs_compat"], "replaced, not merged");
        assert_eq!(develop.compatibility_date().as_deref(), Some("2026-10-01"));
        assert_eq!(develop.get_origin("compatibility_date").unwrap(), ["compatibility_date"]);
        assert!(develop.python_modules_exclude().is_empty());
        assert_eq!(develop.rules(), [rule]);
        assert_eq!(develop.get("vars"), None, "not inheritable");
        assert!(top.get("vars").is_some());

        let empty = read(Some("empty"));
        assert_eq!(empty.get("site").unwrap()["bucket"], "./public", "top level only");
        assert_eq!(empty.get_origin("site").unwrap(), ["site"]);

        let own = read(Some("own"));
        assert_eq!(own.name().as_deref(), Some("other"));
        assert_eq!(own.build_command(), None, "an empty table replaces the inherited one");

        assert_eq!(read(Some("")).environment, None);
    }
    assert!(toml("[python_modules]", None).python_modules_exclude().is_empty(), "not even the default, as wrangler");
}

#[test]
fn an_environment_without_any_table_is_the_top_level_with_a_suffix() {
    let config = toml("name = 'w'\nmain = 'a.py'\nvars = {A=1}\n", Some("nope"));
    assert!(!config.environment_defined);
    assert_eq!(config.environment.as_deref(), Some("nope"));
    assert_eq!(config.name().as_deref(), Some("w-nope"));
    assert_eq!(config.main().unwrap(), "/p/a.py");
    assert!(config.get("vars").is_some(), "wrangler uses the whole top level");
    assert!(!json(r#"{"env": null}"#, Some("nope")).environment_defined);
}

#[test]
fn places_of_keys() {
    let config = toml(TOML, Some("develop"));
    for (path, expected) in [
        (&["main"][..], "2:1"),
        (&["rules", "0", "globs"], "11:1"),
        (&["rules", "0"], "9:1"),
        (&["compatibility_flags", "0"], "5:24"),
        (&["env", "develop"], "18:6"),
        (&["env", "develop", "main"], "19:1"),
        (&["env", "develop", "build", "command"], "18:6"),
        (&["env", "own", "build"], "28:1"),
        (&["nothing"], "1:1"),
    ] {
        assert_eq!(config.locate(path).to_string(), format!("wrangler.toml:{expected}"), "{path:?}");
    }
    let config = json(JSON, Some("develop"));
    for (path, expected) in [
        (&["main"][..], "3:16"),
        (&["rules", "0", "globs"], "8:31"),
        (&["env", "develop", "main"], "12:7"),
        (&["env", "develop", "build"], "11:5"),
        (&["nothing"], "1:1"),
    ] {
        assert_eq!(config.locate(path).to_string(), format!("wrangler.jsonc:{expected}"), "{path:?}");
    }
    assert!(config.has(&["env", "develop", "main"]) && config.has(&["rules", "0"]));
    assert!(!config.has(&["env", "develop", "name"]) && !config.has(&["rules", "1"]) && !config.has(&["name", "x"]));
    let twice = json("{\"a\": {\"b\": 1},\n \"a\": {}}", None);
    assert_eq!(twice.locate(&["a", "b"]).line, Some(2), "the later key wins, as in JavaScript");
}

#[test]
fn json_is_what_wranglers_parser_takes() {
    for text in [
        "{\"a\":1,}",
        "{/*x*/\"a\":1//y\n}",
        "{\"a\":1e999}",
        "{\"a\":1,\"a\":2}",
        "{}// x\u{2028} y",
        "{\"a\":[1,],}",
        "{\"a\":12345678901234567890123}",
        "\r\n\t{}",
    ] {
        assert!(document::parse_jsonc(text, "x").is_ok(), "{text:?}");
    }
    for text in [
        "",
        "//x",
        "{\"a\":1 \"b\":2}",
        "{\"a\":[1 [2]]}",
        "{\"a\":[1 {\"b\":2}]}",
        "{\"a\":[1,,2]}",
        "{\"a\":[,]}",
        "{,}",
        "{\"a\":0x1}",
        "{'a':1}",
        "{\"a\":+1}",
        "{a:1}",
        "{\"a\":\"\t\"}",
        "{\"a\":\"x\ny\"}",
        "{\u{b}\"a\":1}",
        "{\u{a0}\"a\":1}",
        "{\"a\":01}",
        "{\"a\":1.}",
        "{\"a\":Infinity}",
        "{} {}",
        "{\"a\":1",
        "{\"a\":\"\\q\"}",
        "{} /* x",
        "\u{feff}{}",
        "{\"a\":\"\u{1}\"}",
        "{\"a\":.5}",
        "{\"a\":\"\\x41\"}",
        "{}\u{c}",
    ] {
        assert!(document::parse_jsonc(text, "x").is_err(), "{text:?}");
    }
}

#[test]
fn toml_is_what_wranglers_parser_takes() {
    for text in [
        "a={b=1,\n c=2}",
        "a={b=1,}",
        "a=\"\\e\"",
        "a=\"\\x41\"",
        "a=2026-01-01",
        "a=nan",
        "",
        "a=\"\t\"",
        "[[a]]\nb=1\n[[a]]\nb=2",
        "[a.b]\nx=1\n[a]\ny=1",
        "a=9007199254740991",
    ] {
        assert!(document::parse_toml(text, "x").is_ok(), "{text:?}");
    }
    for text in [
        "a=1\na=2",
        "a=1\rb=2",
        "a=99999999999999999999",
        "a=9007199254740993",
        "[a]\nb=1\n[a]\nc=1",
        "a.b=1\n[a]\nc=2",
        "ä=1",
    ] {
        assert!(document::parse_toml(text, "x").is_err(), "{text:?}");
    }
}

#[test]
fn wrong_types_are_listed_and_count_as_absent() {
    let config = toml(
        "name = 'Not Good'\nmain = 3\nbase_dir = []\ncompatibility_date = 2026-01-01\ncompatibility_flags = ['a', 1]\n\
         find_additional_modules = 'yes'\nno_bundle = 1\nbuild = { command = 1, watch_dir = [2] }\npython_modules = ['x']\n\
         [[rules]]\ntype = 'PythonModule'\nglobs = ['**/*.py']\n[[rules]]\nglobs = 'x'\nfallthrough = 0\n\
         [env.e]\nmain = true\nrules = 'x'\npython_modules = {exclude = 'x'}\nbuild = 'make'\n[env.inactive]\nmain = 1",
        Some("e"),
    );
    assert_eq!((config.main(), config.base_dir(), config.compatibility_date()), (None, None, None));
    assert!(config.rules().is_empty() && config.compatibility_flags().is_empty());
    assert_eq!((config.build_command(), config.find_additional_modules()), (None, None));
    assert!(config.python_modules_exclude().is_empty());
    let listed: Vec<String> = config
        .invalid()
        .into_iter()
        .map(|(path, message)| {
            let path: Vec<&str> = path.iter().map(String::as_str).collect();
            format!("{} {message}", config.locate(&path))
        })
        .collect();
    insta::assert_snapshot!(listed.join("\n"));
    assert!(toml(TOML, Some("develop")).invalid().is_empty());
    let nulls = json(r#"{"main": null, "rules": null, "build": null, "env": {"e": {"main": null}}}"#, Some("e"));
    let paths: Vec<_> = nulls.invalid().into_iter().map(|(path, _)| path.join(".")).collect();
    assert_eq!(paths, ["main", "env.e.main"], "wrangler lets `rules` and `build` be null");
}

#[test]
fn bad_input() {
    let mut errors = String::new();
    for (name, text, environment) in [
        ("wrangler.toml", "name = \"w", None),
        ("wrangler.toml", "a = 1\n[a]", None),
        ("wrangler.toml", "a = 9007199254740993", None),
        ("wrangler.jsonc", "{\n  name: \"w\"\n}", None),
        ("wrangler.jsonc", "{\"a\": \"x\ty\"}", None),
        ("wrangler.json", "// nothing", None),
        ("wrangler.json", "[1]", None),
        ("wrangler.yaml", "name: w", None),
        ("wrangler.toml", "[env.develop]\n[env.production]", Some("devlop")),
        ("wrangler.toml", "[env.develop]\n[env.production]", Some("staging")),
        ("wrangler.toml", "x = 1\n[env]", Some("develop")),
        ("wrangler.toml", "env = 3", Some("develop")),
        ("wrangler.jsonc", "{\"env\": {\"develop\": null}}", Some("develop")),
    ] {
        let error = WranglerConfig::from_text(format!("/p/{name}").into(), text.to_owned(), environment, "/p".into());
        errors.push_str(&shown(text, &error.unwrap_err()));
    }
    insta::assert_snapshot!(errors);
}

fn written_by_hand(path: Utf8PathBuf) -> ConfigFile {
    ConfigFile { path, generated_for: None }
}

#[test]
fn files_in_other_encodings() {
    let directory = tempfile::tempdir().unwrap();
    let root = Utf8Path::from_path(directory.path()).unwrap();
    let path = root.join("wrangler.toml");
    let mut errors = String::new();
    for bytes in [&b"\xff\xfen\0"[..], b"\xff\xfe\0\0", b"\xfe\xff\0n", b"name = 'w'\nmain = '\xe9.py'\n"] {
        fs_err::write(&path, bytes).unwrap();
        let error = read(written_by_hand(path.clone()), None, root).unwrap_err();
        errors.push_str(&shown(&String::from_utf8_lossy(bytes), &error));
    }
    insta::assert_snapshot!(errors);
    fs_err::write(&path, "\u{feff}name = 'w'").unwrap();
    let config = read(written_by_hand(path), None, root).unwrap();
    assert_eq!((config.name().as_deref(), config.locate(&["name"]).column), (Some("w"), Some(1)));
    assert_eq!(read(written_by_hand(root.join("none.toml")), None, root).unwrap_err().kind, ErrorKind::Unreadable);
}

#[test]
fn debug_tells_no_secret() {
    assert!(!format!("{:?}", toml("[vars]\nKEY = 'secret'", None)).contains("secret"));
}
