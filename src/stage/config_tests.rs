//! Tests the edits to TOML and JSON configurations, and that everything else stays unchanged.

use super::edits::{Staged, plan};
use super::paths::path_keys;
use crate::error::ErrorKind;
use crate::project::document::Format;
use crate::project::document::{Change, Edit, EditableDocument, KeyPath};
use camino::Utf8Path;
use serde_json::{Value, json};

const DIRECTORY: &str = "/home/anna/project";

pub(super) fn staged<'a>() -> Staged<'a> {
    Staged {
        main: "worker/main.py".to_owned(),
        environment: None,
        glob_prefix: "src/",
        drop_build_command: true,
        holds_bytecode: false,
        directory: Utf8Path::new(DIRECTORY),
    }
}

pub(super) fn edit(text: &str, format: Format, staged: &Staged<'_>) -> String {
    let mut document = EditableDocument::parse("wrangler", text, format).unwrap();
    for edit in plan(&document.value, &path_keys().unwrap(), staged) {
        assert!(document.apply(&edit), "{edit:?}");
    }
    document.render()
}

fn toml(text: &str) -> String {
    edit(text, Format::Toml, &staged())
}

fn json(text: &str) -> String {
    edit(text, Format::Json, &staged())
}

pub(super) fn value(text: &str, format: Format) -> Value {
    EditableDocument::parse("wrangler", text, format).unwrap().value
}

const TOML: &str = r#"# Anna's worker, do not touch
name = 'anna' # single quotes stay
# where the code is
base_dir = "."   # explained here
main = "src/main.py" # the entry

compatibility_flags = [ "python_workers" ]
  odd_indent   =   1

[build]
# builds the styles
command = "make css"
watch_dir = ["styles", "/abs"]

[build.upload]
format = "modules" # ignored

[[rules]]
type = "Text"
globs = ["**/*.md", "templates/*.html"] # two

[assets]
directory = "./public"

# the other one
[env.develop]
main = 'src/dev.py'
vars = { A = "x", B = [1,2] }
assets.directory = "dev-public"

[[env.develop.d1_databases]]
binding = "DB"
migrations_dir = "migrations"
migrations_pattern = "migrations/*/migration.sql"
"#;

#[test]
fn toml_keeps_everything_but_the_edits() {
    insta::assert_snapshot!(toml(TOML).replace(&"../".repeat(40), "UP/"), @r#"
# Anna's worker, do not touch
name = 'anna' # single quotes stay
# where the code is
main = "worker/main.py" # the entry

compatibility_flags = [ "python_workers" ]
  odd_indent   =   1
python_modules = { exclude = [".synced", "pyvenv.cfg", "**/*.pyc"] }

[build]
# builds the styles
watch_dir = ["UP/home/anna/project/styles", "/abs"]

[build.upload]
format = "modules" # ignored

[[rules]]
type = "Text"
globs = ["**/*.md", "src/templates/*.html"] # two

[assets]
directory = "/home/anna/project/public"

# the other one
[env.develop]
main = "worker/main.py"
vars = { A = "x", B = [1,2] }
assets.directory = "/home/anna/project/dev-public"

[[env.develop.d1_databases]]
binding = "DB"
migrations_dir = "/home/anna/project/migrations"
migrations_pattern = "/home/anna/project/migrations/*/migration.sql"
"#);
}

const JSONC: &str = r#"{
  // Anna's worker
  "$schema": "./node_modules/wrangler/config-schema.json",
  "base_dir": ".", // explained here
  "main": "src/main.py", /* the entry */
  "compatibility_flags": [ "python_workers" ],
  "build": { "command": "make css", "cwd": "styles", "watch_dir": "styles" },
  "rules": [
    { "type": "Text", "globs": ["**/*.md", "templates/*.html"], "fallthrough": true },
  ],
  "python_modules": { "exclude": ["**/*.po"] },
    "odd_indent"  :  1,
  "env": {
    "develop": {
      "main": "src/dev.py",
      "assets": { "directory": "dev-public" }, // assets of develop
      "previews": { "d1_databases": [{ "migrations_dir": "m" }] },
    },
    // nothing of its own
    "production": {},
  },
}
"#;

#[test]
fn jsonc_keeps_everything_but_the_edits() {
    insta::assert_snapshot!(json(JSONC).replace(&"../".repeat(40), "UP/"), @r#"
{
  // Anna's worker
  "$schema": "/home/anna/project/node_modules/wrangler/config-schema.json",
  "main": "worker/main.py", /* the entry */
  "compatibility_flags": [ "python_workers" ],
  "build": { "watch_dir": "UP/home/anna/project/styles" },
  "rules": [
    { "type": "Text", "globs": ["**/*.md", "src/templates/*.html"], "fallthrough": true },
  ],
  "python_modules": { "exclude": ["**/*.po", ".synced", "pyvenv.cfg", "**/*.pyc"] },
    "odd_indent"  :  1,
  "env": {
    "develop": {
      "main": "worker/main.py",
      "assets": { "directory": "/home/anna/project/dev-public" }, // assets of develop
      "previews": { "d1_databases": [{ "migrations_dir": "/home/anna/project/m" }] },
    },
    // nothing of its own
    "production": {},
  },
}
"#);
}

#[test]
fn windows_line_ends_and_the_byte_order_mark_survive() {
    for (text, format) in [(TOML, Format::Toml), (JSONC, Format::Json)] {
        let windows = format!("\u{feff}{}", text.replace('\n', "\r\n"));
        let expected = format!("\u{feff}{}", edit(text, format, &staged()).replace('\n', "\r\n"));
        assert_eq!(edit(&windows, format, &staged()), expected);
    }
}

#[test]
fn a_configuration_without_anything_to_change_gains_only_the_exclusion() {
    let text = "name = \"a\" # keep\r\nmain = \"x\"\r\n\r\n[vars]\r\nA = \"1\"\r\n";
    assert_eq!(
        toml(text),
        "name = \"a\" # keep\r\nmain = \"worker/main.py\"\r\n\
         python_modules = { exclude = [\".synced\", \"pyvenv.cfg\", \"**/*.pyc\"] }\r\n\r\n[vars]\r\nA = \"1\"\r\n"
    );
}

#[test]
fn every_spelling_of_a_toml_table_can_be_edited() {
    for text in [
        "[env.x]\nbase_dir = \"s\"\nmain = \"s/m.py\"\n[env.x.assets]\ndirectory = \"p\"\n",
        "env.x.base_dir = \"s\"\nenv.x.main = \"s/m.py\"\nenv.x.assets.directory = \"p\"\n",
        "[env]\nx.base_dir = \"s\"\nx.main = \"s/m.py\"\nx.assets = { directory = \"p\" }\n",
        "env = { x = { base_dir = \"s\", main = \"s/m.py\", assets = { directory = \"p\" } } }\n",
    ] {
        let after = value(&toml(text), Format::Toml);
        let expected = json!({ "main": "worker/main.py", "assets": { "directory": "/home/anna/project/p" } });
        assert_eq!(after["env"]["x"], expected, "{text}");
        assert_eq!(after["python_modules"]["exclude"], json!([".synced", "pyvenv.cfg", "**/*.pyc"]), "{text}");
    }
}

#[test]
fn comments_above_a_removed_key_stay() {
    assert_eq!(
        toml("main = \"m\"\n\n[build]\nwatch_dir = \"/w\"\n# why we build\ncommand = \"make\"\n"),
        "main = \"worker/main.py\"\npython_modules = { exclude = [\".synced\", \"pyvenv.cfg\", \"**/*.pyc\"] }\n\n\
         [build]\nwatch_dir = \"/w\"\n# why we build\n"
    );
    let after = json("{\n  // why\n  \"base_dir\": \"src\",\n  \"main\": \"m\"\n}\n");
    assert!(after.contains("// why"), "{after}");
}

#[test]
fn the_active_environment_sees_the_staged_main() {
    let seen = |text: &str, environment: Option<&str>| {
        let staged = Staged { environment, ..staged() };
        let after = value(&edit(text, Format::Toml, &staged), Format::Toml);
        (after.get("main").is_some(), after.pointer("/env/x/main").is_some())
    };
    assert_eq!(seen("main = \"m\"\n[env.x]\n", Some("x")), (true, false), "inherited");
    assert_eq!(seen("main = \"m\"\n[env.x]\nmain = \"n\"\n", Some("x")), (true, true), "both replaced");
    assert_eq!(seen("[env.x]\nmain = \"n\"\n", Some("x")), (false, true), "only the environment's");
    assert_eq!(seen("[env.x]\nname = \"n\"\n", Some("x")), (false, true), "a script on the command line");
    assert_eq!(seen("[env.x.vars]\nA = \"n\"\n", Some("x")), (false, true), "an implicit table");
    assert_eq!(seen("[env.x]\nmain = \"n\"\n", None), (true, true), "the top level is active");
    assert_eq!(seen("name = \"a\"\n", Some("x")), (true, false), "wrangler only warns where there is no env");
}

#[test]
fn json_gains_what_is_missing_in_its_own_style() {
    let staged = Staged { environment: Some("x"), ..staged() };
    let text = "{\n    // only this\n    \"env\": {\n        \"x\": { \"name\": \"n\" } // x\n    }\n}\n";
    insta::assert_snapshot!(edit(text, Format::Json, &staged), @r#"
{
    // only this
    "env": {
        "x": {
            "name": "n",
            "main": "worker/main.py"
        } // x
    },
    "python_modules": {
        "exclude": [".synced", "pyvenv.cfg", "**/*.pyc"]
    }
}
"#);
}

#[test]
fn exclusions_of_the_user_stay_and_none_is_doubled() {
    let text = "[python_modules]\nexclude = [\n  \"**/*.pyc\", # default\n  \"docs/**\",\n]\n[env.x.python_modules]\nexclude = []\n[env.y]\n";
    let after = toml(text);
    let exclude = value(&after, Format::Toml);
    assert_eq!(exclude["python_modules"]["exclude"], json!(["**/*.pyc", "docs/**", ".synced", "pyvenv.cfg"]));
    assert_eq!(exclude["env"]["x"]["python_modules"]["exclude"], json!([".synced", "pyvenv.cfg", "**/*.pyc"]));
    assert_eq!(exclude["env"]["y"].get("python_modules"), None, "it inherits the top level's");
    assert!(after.contains("# default\n  \"docs/**\",\n  \".synced\""), "{after}");
}

#[test]
fn bytecode_that_is_planned_is_not_left_out() {
    let after = edit("main = \"m\"\n", Format::Toml, &Staged { holds_bytecode: true, ..staged() });
    assert_eq!(value(&after, Format::Toml)["python_modules"]["exclude"], json!([".synced", "pyvenv.cfg"]));
}

#[test]
fn the_build_command_stays_where_it_has_not_run() {
    let after = edit(TOML, Format::Toml, &Staged { drop_build_command: false, ..staged() });
    assert!(after.contains("# builds the styles\ncommand = \"make css\"\n"));
}

#[test]
fn the_last_of_two_equal_json_keys_counts() {
    let after = json("{ \"main\": \"a\", \"main\": \"b\" }");
    assert_eq!(value(&after, Format::Json)["main"], "worker/main.py", "{after}");
}

#[test]
fn broken_configurations_are_told_with_their_place() {
    let place = |text: &str, format| {
        let error = EditableDocument::parse("wrangler.x", text, format).err().unwrap();
        assert_eq!(error.kind, ErrorKind::ConfigSyntax);
        let location = error.location.unwrap();
        (location.line, location.column)
    };
    assert_eq!(place("a = 1\r\nb = = 2\r\n", Format::Toml), (Some(2), Some(5)));
    assert_eq!(place("{\n  \"a\": 1\n  \"b\": 2\n}", Format::Json), (Some(2), Some(9)));
    assert_eq!(place("{ 'a': 1 }", Format::Json).0, Some(1), "wrangler refuses single quotes");
}

#[test]
fn a_path_that_leads_nowhere_is_not_applied() {
    for (text, format) in [("a = 1\n", Format::Toml), ("{\"a\": 1}", Format::Json)] {
        let mut document = EditableDocument::parse("wrangler", text, format).unwrap();
        for change in [Change::Set(json!("x")), Change::Append("x".to_owned()), Change::Remove] {
            assert!(!document.apply(&Edit { at: KeyPath::of(&["b", "c"]), change }));
        }
        assert_eq!(document.render(), text);
    }
}
