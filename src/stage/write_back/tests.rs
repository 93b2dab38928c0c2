//! Tests which values are written back to the user's file, which are not, and what is reported.
//!
//! wrangler is simulated: like its `experimental_patchConfig`, the tests rewrite a TOML file and reformat a JSON file.

use super::super::config_tests::{edit, staged};
use super::*;
use camino::{Utf8Path, Utf8PathBuf};
use serde_json::json;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};

const ID: &str = "0f2ac74b498b48028cb68387c421e279";

const TOML: &str = r#"# Anna's worker, do not touch
name = 'anna' # single quotes stay
main = "src/main.py"
compatibility_flags = [ "python_workers" ]

[[kv_namespaces]]
binding = "OLD"   # has one
id = "old"

# the cache
[[kv_namespaces]]
binding = 'CACHE' # made by wrangler

# trailing words about assets
[assets]
directory = "./public"

[env.develop]
r2_buckets = [ { binding = "FILES" } ] # inline
queues.producers = [ { binding = "JOBS", queue = "" } ]

[[env.develop.d1_databases]]
binding = "DB"
migrations_dir = "migrations"
# the end
"#;

const JSONC: &str = r#"{
  // Anna's worker
  "name": "anna",
  "main": "src/main.py", /* the entry */
  "kv_namespaces": [
    { "binding": "OLD", "id": "old" },
    { "binding": "CACHE" }, // the cache
  ],
  "env": {
    "develop": {
      "assets": { "directory": "public" },
      "d1_databases": [
        {
          "binding": "DB", // the data
          "migrations_dir": "migrations"
        }
      ],
    },
  },
}
"#;

/// A user's configuration, and a stage that was written from it.
struct Scene {
    _directory: tempfile::TempDir,
    root: Utf8PathBuf,
    config: Utf8PathBuf,
    text: &'static str,
    format: Format,
    stage: Stage,
}

impl Scene {
    fn new(text: &'static str, format: Format) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let root = Utf8PathBuf::from_path_buf(directory.path().canonicalize().unwrap()).unwrap();
        let dir = root.join(".wrangler/saddlebag/stage-Xa3fT9");
        fs_err::create_dir_all(&dir).unwrap();
        let name = if format == Format::Toml { "wrangler.toml" } else { "wrangler.jsonc" };
        let config = root.join(name);
        fs_err::write(&config, text).unwrap();
        let config_text = edit(text, format, &staged());
        fs_err::write(dir.join(name), &config_text).unwrap();
        let stage = Stage { config: dir.join(name), dir, config_text, ground: None };
        Self { _directory: directory, root, config, text, format, stage }
    }

    fn toml() -> Self {
        Self::new(TOML, Format::Toml)
    }

    /// Writes the staged configuration as wrangler does.
    fn wrangler_writes(&self, changes: &[(&str, Value)]) -> &Self {
        let mut value = self.staged();
        for (pointer, new) in changes {
            let (parent, key) = pointer.rsplit_once('/').unwrap();
            match value.pointer_mut(parent).unwrap() {
                Value::Array(elements) => elements.push(new.clone()),
                parent => parent[key] = new.clone(),
            }
        }
        self.wrangler_writes_all(&value)
    }

    fn wrangler_writes_all(&self, value: &Value) -> &Self {
        let text = match self.format {
            Format::Toml => toml_edit::ser::to_string_pretty(value).unwrap(),
            Format::Json => serde_json::to_string_pretty(value).unwrap(),
        };
        fs_err::write(&self.stage.config, text).unwrap();
        self
    }

    fn staged(&self) -> Value {
        EditableDocument::parse("staged", &self.stage.config_text, self.format).unwrap().value
    }

    fn write_back(&self, withheld: Option<&str>) -> WrittenBack {
        let users = ConfigSource { path: &self.config, text: self.text, format: self.format };
        self.stage.write_back(&users, self.config.file_name().unwrap(), withheld)
    }

    fn now(&self) -> String {
        fs_err::read_to_string(&self.config).unwrap()
    }

    /// Asserts that only notices result: the file is unchanged, no other file was created, and the stage is kept.
    #[track_caller]
    fn untouched(&self, written_back: &WrittenBack) -> String {
        assert_eq!(self.now(), self.text);
        assert!(written_back.keep_stage);
        self.no_litter();
        written_back.notices.join("\n")
    }

    #[track_caller]
    fn no_litter(&self) {
        let files: Vec<_> = fs_err::read_dir(&self.root).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert!(!files.iter().any(|name| name.to_string_lossy().starts_with(".saddlebag-")), "{files:?}");
    }
}

/// Added lines with `+`, removed lines with `-`.
fn changed(before: &str, after: &str) -> String {
    let gone = before.lines().filter(|line| !after.lines().any(|other| other == *line)).map(|line| format!("-{line}"));
    let new = after.lines().filter(|line| !before.lines().any(|other| other == *line)).map(|line| format!("+{line}"));
    gone.chain(new).collect::<Vec<_>>().join("\n")
}

#[test]
fn ids_reach_a_toml_file_and_nothing_else_in_it_changes() {
    let scene = Scene::toml();
    let written_back = scene
        .wrangler_writes(&[
            ("/kv_namespaces/1/id", json!(ID)),
            ("/env/develop/d1_databases/0/database_id", json!("d-1")),
            ("/env/develop/r2_buckets/0/bucket_name", json!("anna-files")),
            ("/env/develop/queues/producers/0/queue", json!("anna-jobs")),
        ])
        .write_back(None);
    assert_eq!(
        written_back.notices,
        [
            "wrote 4 values into wrangler.toml: kv_namespaces[1].id, env.develop.r2_buckets[0].bucket_name, env.develop.queues.producers[0].queue, env.develop.d1_databases[0].database_id"
        ]
    );
    assert!(!written_back.keep_stage);
    insta::assert_snapshot!(scene.now());
    scene.no_litter();
}

#[test]
fn ids_reach_a_jsonc_file_and_nothing_else_in_it_changes() {
    let scene = Scene::new(JSONC, Format::Json);
    let written_back = scene
        .wrangler_writes(&[
            ("/kv_namespaces/1/id", json!(ID)),
            ("/env/develop/d1_databases/0/database_id", json!("d-1")),
        ])
        .write_back(None);
    assert_eq!(
        written_back.notices,
        ["wrote 2 ids into wrangler.jsonc: kv_namespaces[1].id, env.develop.d1_databases[0].database_id"]
    );
    assert!(!written_back.keep_stage);
    insta::assert_snapshot!(scene.now());
}

#[test]
fn a_file_that_wrangler_only_formatted_anew_says_nothing() {
    for (text, format) in [(TOML, Format::Toml), (JSONC, Format::Json)] {
        let scene = Scene::new(text, format);
        assert_eq!(scene.wrangler_writes(&[]).write_back(None), WrittenBack::default());
        assert_eq!(scene.now(), text);
    }
}

#[test]
fn a_byte_order_mark_and_windows_line_ends_stay() {
    for (text, format) in [
        ("\u{feff}main = \"src/main.py\"\r\n# x\r\n[[kv_namespaces]]\r\nbinding = \"A\"\r\n", Format::Toml),
        (
            "\u{feff}{\r\n  \"main\": \"src/main.py\", // x\r\n  \"kv_namespaces\": [{ \"binding\": \"A\" }]\r\n}\r\n",
            Format::Json,
        ),
    ] {
        let mut scene = Scene::new(text, format);
        scene.text = text.trim_start_matches('\u{feff}'); // as `project` reads it
        let said = scene.wrangler_writes(&[("/kv_namespaces/0/id", json!(ID))]).write_back(None).notices;
        assert!(said[0].starts_with("wrote 1 id into "), "{said:?}");
        let now = scene.now();
        assert!(now.starts_with('\u{feff}') && now.contains(ID), "{now:?}");
        assert!(format == Format::Json || now.matches('\n').count() == now.matches("\r\n").count(), "{now:?}");
    }
}

#[test]
fn the_file_behind_a_link_is_written_and_link_and_mode_stay() {
    let scene = Scene::toml();
    let behind = scene.root.join("shared/real.toml");
    fs_err::create_dir(scene.root.join("shared")).unwrap();
    fs_err::rename(&scene.config, &behind).unwrap();
    fs_err::set_permissions(&behind, PermissionsExt::from_mode(0o640)).unwrap();
    symlink("shared/real.toml", &scene.config).unwrap();
    let said = scene.wrangler_writes(&[("/kv_namespaces/1/id", json!(ID))]).write_back(None).notices;
    assert_eq!(said, ["wrote 1 id into wrangler.toml: kv_namespaces[1].id"]);
    assert!(fs_err::symlink_metadata(&scene.config).unwrap().is_symlink());
    assert_eq!(fs_err::metadata(&behind).unwrap().mode() & 0o777, 0o640);
    assert_eq!(changed(TOML, &fs_err::read_to_string(&behind).unwrap()), format!("+id = \"{ID}\""));
}

#[test]
fn a_file_that_somebody_changed_meanwhile_is_not_written() {
    let mut scene = Scene::toml();
    scene.wrangler_writes(&[("/kv_namespaces/1/id", json!(ID))]);
    let theirs = format!("{TOML}# Berta was here\n");
    fs_err::write(&scene.config, &theirs).unwrap();
    let written_back = scene.write_back(None);
    scene.text = Box::leak(theirs.into_boxed_str());
    insta::assert_snapshot!(scene.untouched(&written_back), @r#"
    wrangler wrote 1 id; not into wrangler.toml (it was changed during the deploy), so copy it:
        kv_namespaces[1].id = "0f2ac74b498b48028cb68387c421e279"
    "#);
}

#[test]
fn a_change_in_the_last_moment_is_not_written_over() {
    let scene = Scene::toml();
    assert_eq!(replace::replace(&scene.config, b"what was read", "new"), Err(replace::CHANGED.to_owned()));
    assert_eq!(scene.now(), TOML);
    scene.no_litter();
}

#[test]
fn a_read_only_or_missing_file_is_not_written() {
    let scene = Scene::new(JSONC, Format::Json);
    scene.wrangler_writes(&[("/kv_namespaces/1/id", json!(ID))]);
    fs_err::set_permissions(&scene.config, PermissionsExt::from_mode(0o444)).unwrap();
    let written_back = scene.write_back(None);
    insta::assert_snapshot!(scene.untouched(&written_back), @r#"
    wrangler wrote 1 id; not into wrangler.jsonc (it is read-only), so copy it:
        kv_namespaces[1].id: "0f2ac74b498b48028cb68387c421e279"
    "#);
    fs_err::remove_file(&scene.config).unwrap();
    let written_back = scene.write_back(None);
    assert!(written_back.keep_stage && written_back.notices[1].contains(ID), "{written_back:?}");
    assert!(!scene.config.exists());
}

#[test]
fn what_may_not_be_written_is_shown() {
    let scene = Scene::toml();
    let written_back =
        scene.wrangler_writes(&[("/kv_namespaces/1/id", json!(ID))]).write_back(Some("`--no-write-back`"));
    insta::assert_snapshot!(scene.untouched(&written_back), @r#"
    wrangler wrote 1 id; not into wrangler.toml (`--no-write-back`), so copy it:
        kv_namespaces[1].id = "0f2ac74b498b48028cb68387c421e279"
    "#);
}

#[test]
fn what_describes_the_stage_never_reaches_the_users_file() {
    let scene = Scene::toml();
    let dir = scene.stage.dir.as_str();
    let written_back = scene
        .wrangler_writes(&[
            ("/main", json!("worker/other.py")),
            ("/python_modules/exclude/9", json!("x")),
            ("/assets/directory", json!("/elsewhere")),
            ("/$schema", json!(format!("{dir}/node_modules/wrangler/config-schema.json"))),
            ("/vars", json!({"deep": ["../.wrangler/saddlebag/stage-Xa3fT9/x"]})),
            ("/kv_namespaces/1/id", json!(ID)),
        ])
        .write_back(None);
    assert_eq!(changed(TOML, &scene.now()), format!("+id = \"{ID}\""));
    assert!(written_back.keep_stage);
    insta::assert_snapshot!(written_back.notices.join("\n"), @r"
    wrote 1 id into wrangler.toml: kv_namespaces[1].id
    wrangler changed what describes the stage, and wrangler.toml stays as it is: main, $schema, python_modules.exclude[3], assets.directory, vars
    ");
}

#[test]
fn values_of_the_dashboard_come_home_and_what_has_no_place_is_shown() {
    // A user who declines to overwrite the dashboard's changes lets wrangler write them, into JSON only.
    let scene = Scene::new(JSONC, Format::Json);
    let mut value = scene.staged();
    value["vars"] = json!({"GREETING": "hello"});
    value["kv_namespaces"].as_array_mut().unwrap().push(json!({"binding": "NEW", "id": "n"}));
    value["kv_namespaces"][0]["id"] = json!("other");
    value.as_object_mut().unwrap().remove("name");
    let written_back = scene.wrangler_writes_all(&value).write_back(None);
    insta::assert_snapshot!(format!("{}\n{}", written_back.notices.join("\n"), changed(JSONC, &scene.now())));
    assert!(written_back.keep_stage);
}

#[test]
fn a_text_whose_form_cannot_be_kept_is_left_alone() {
    let scene = Scene::new("main = \"src/main.py\"\r\n[[kv_namespaces]]\nbinding = \"A\"\n", Format::Toml);
    let written_back = scene.wrangler_writes(&[("/kv_namespaces/0/id", json!(ID))]).write_back(None);
    let said = scene.untouched(&written_back);
    assert!(said.contains("its formatting could not be kept") && said.contains(ID), "{said}");
}

#[test]
fn a_staged_configuration_that_cannot_be_read_is_a_remark() {
    let scene = Scene::toml();
    fs_err::write(&scene.stage.config, "name = [").unwrap();
    let said = scene.write_back(None);
    assert!(scene.untouched(&said).starts_with("what wrangler wrote into the staged configuration cannot be read: "));
    fs_err::remove_dir_all(&scene.stage.dir).unwrap();
    let gone = scene.write_back(None);
    assert!(!gone.keep_stage && gone.notices.len() == 1, "{gone:?}");
}

#[test]
fn a_value_leads_into_the_stage_however_it_is_spelt() {
    let scene = Scene::toml();
    let leads = |value: Value| scene.stage.is_named_in(Some(&value));
    assert!(leads(json!({"a": [{"b": "file:///x/stage-Xa3fT9/y"}]})));
    assert!(!leads(json!({"a": [{"b": "stage-other"}], "c": 1})));
    assert!(Utf8Path::new(&scene.stage.dir).is_absolute());
}
