//! What the wrangler configuration says, and in which file it says it.

use super::case::Case;

const ENVIRONMENTS: &str = "
workers_dev = false
logpush = true
rules = [{ type = \"Data\", globs = [\"**/*.json\"], fallthrough = true }]
vars = { WHO = \"top\", MORE = 1 }

[[kv_namespaces]]
binding = \"TOP\"
id = \"00000000000000000000000000000001\"

[env.a]
vars = { WHO = \"a\" }

[[env.a.kv_namespaces]]
binding = \"A\"
id = \"00000000000000000000000000000002\"

[env.b]
name = \"worker-b\"
main = \"src/other.py\"
workers_dev = true
compatibility_flags = [\"python_workers\", \"nodejs_compat\"]
rules = [{ type = \"Text\", globs = [\"**/*.json\"] }]
python_modules = { exclude = [\"**/*.pyi\"] }
";

/// Two mains and a file that only a rule takes.
fn environments() -> Case {
    Case::new("src/main.py")
        .toml(ENVIRONMENTS)
        .imports("src/main.py", "from src.core import x")
        .imports("src/other.py", "from src.core import x as y")
        .files(&["src/core.py", "src/data.json", "src/notes.txt"])
        .keep("src/")
        .plain_breaks("No module named 'src'")
}

/// A flat Worker; what is said is said in the configuration.
fn flat() -> Case {
    Case::new("src/main.py").imports("src/main.py", "from core import x").files(&["src/core.py"])
}

/// One that imports through `src`.
fn keep() -> Case {
    Case::new("src/main.py")
        .imports("src/main.py", "from src.core import x")
        .files(&["src/core.py"])
        .keep("src/")
        .plain_breaks("No module named 'src'")
}

const JSON: &str = r#"{
  "name": "w", "main": "src/main.py", "compatibility_date": "2026-10-01", "compatibility_flags": ["python_workers"],
  "vars": { "A": "text", "B": { "deep": [1, null, "ä"] } }
}"#;

const JSONC: &str = r#"// Comments, commas at the ends.
{
  "$schema": "node_modules/wrangler/config-schema.json",
  "name": "w", /* here too */ "main": "./src/main.py",
  "compatibility_date": "2026-10-01",
  "compatibility_flags": ["python_workers",],
  "rules": [{ "type": "Data", "globs": ["data/*.json"], "fallthrough": true }],
  "vars": { "A": "text", "B": { "deep": [1, null, "ä"] } },
}"#;

const REDIRECT: &str = r#"{ "configPath": "../../dist/wrangler.json" }"#;

const GENERATED: &str = r#"{
  "configPath": "/elsewhere/wrangler.toml", "userConfigPath": "/elsewhere/wrangler.toml", "legacy_env": true,
  "topLevelName": "w", "name": "w", "main": "../src/main.py", "compatibility_date": "2026-10-02",
  "compatibility_flags": ["python_workers"], "vars": { "GENERATED": "yes" }, "assets": { "directory": "public" }
}"#;

const GENERATED_FOR_A: &str = r#"{
  "topLevelName": "w", "targetEnvironment": "a", "definedEnvironments": ["a", "b"], "name": "other-a",
  "main": "../src/main.py", "compatibility_date": "2026-10-02", "compatibility_flags": ["python_workers"], "vars": { "A": "1" },
  "kv_namespaces": [{ "binding": "KV", "id": "00000000000000000000000000000001" }], "triggers": { "crons": ["0 0 * * *"] }
}"#;

fn generated_for_an_environment() -> Case {
    flat().file("dist/wrangler.json", GENERATED_FOR_A).file(".wrangler/deploy/config.json", REDIRECT)
}

cases! {
    jsonc: Case::configured("wrangler.jsonc", JSONC)
        .imports("src/main.py", "from src.core import x")
        .files(&["src/core.py", "src/data/a.json", "src/data/deep/b.json", "data/c.json"])
        .keep("src/")
        .plain_breaks("No module named 'src'"),

    jsonc_without_src: Case::configured("wrangler.jsonc", JSONC)
        .imports("src/main.py", "from core import x")
        .files(&["src/core.py", "src/data/a.json", "src/data/deep/b.json", "data/c.json"]),

    json_at_the_first_deploy: Case::configured("wrangler.json", JSON)
        .imports("src/main.py", "from core import x")
        .files(&["src/core.py"])
        .synced_by_itself()
        .plain_refuses("wrangler.toml not found in"),

    json_at_a_later_deploy: Case::configured("wrangler.json", JSON)
        .imports("src/main.py", "from core import x")
        .files(&["src/core.py"]),

    a_named_configuration: flat()
        .file("wrangler.production.jsonc", &JSONC.replace("\"w\"", "\"production\""))
        .files(&["src/data/a.json"])
        .words(&["-c", "wrangler.production.jsonc"]),

    a_named_configuration_that_imports_through_src: keep()
        .file("wrangler.production.jsonc", &JSONC.replace("\"w\"", "\"production\""))
        .files(&["src/data/a.json"])
        .words(&["--config=./wrangler.production.jsonc"]),

    environment_a: environments().words(&["--env", "a"]),
    environment_b: environments().words(&["-e=b"]),
    environment_of_the_top_level: environments().words(&["--env", ""]),
    no_environment_chosen: environments(),
    environment_b_by_variable: environments().env("CLOUDFLARE_ENV", "b"),
    environment_b_by_a_file: environments().file(".env", "CLOUDFLARE_ENV=b\n"),
    environment_of_the_top_level_over_the_variable: environments().env("CLOUDFLARE_ENV", "b").words(&["--env", ""]),
    environment_of_the_top_level_over_a_file: environments().file(".env", "CLOUDFLARE_ENV=b\n").words(&["--env="]),
    environment_a_over_the_variable: environments().env("CLOUDFLARE_ENV", "b").words(&["--env", "a"]),

    a_generated_configuration: flat()
        .file("package.json", r#"{"name": "w", "dependencies": {"hono": "4.0.0"}}"#)
        .files(&["dist/public/index.html"])
        .file("dist/wrangler.json", GENERATED)
        .file(".wrangler/deploy/config.json", REDIRECT),

    a_generated_configuration_that_imports_through_src: keep()
        .file("dist/wrangler.json", GENERATED)
        .files(&["dist/public/index.html"])
        .file(".wrangler/deploy/config.json", REDIRECT)
        .env("CLOUDFLARE_ENV", ""),

    a_generated_configuration_for_an_environment: generated_for_an_environment(),
    a_generated_configuration_for_the_environment_that_is_named: generated_for_an_environment().words(&["--env", "a"]),
    a_generated_configuration_for_the_environment_of_the_variable: generated_for_an_environment().env("CLOUDFLARE_ENV", "a"),

    a_generated_configuration_for_another_environment: generated_for_an_environment()
        .words(&["--env", "b"])
        .plain_refuses("does not match the target environment")
        .refused(2, "environment-unknown"),

    a_generated_configuration_for_no_environment_and_one_is_named: flat()
        .files(&["dist/public/index.html"])
        .file("dist/wrangler.json", GENERATED)
        .file(".wrangler/deploy/config.json", REDIRECT)
        .words(&["--env", "b"])
        .refused(2, "environment-unknown"),

    a_named_configuration_over_a_generated_one: flat()
        .file("dist/wrangler.json", GENERATED)
        .file(".wrangler/deploy/config.json", REDIRECT)
        .words(&["-c", "wrangler.toml"]),

    two_configurations: flat().file("wrangler.jsonc", JSONC).files(&["src/data/a.json"]).refused(2, "config-ambiguous"),

    rules_that_fall_through: flat()
        .toml("rules = [{ type = \"Text\", globs = [\"**/*.md\", \"data/*.csv\"], fallthrough = true }, { type = \"Text\", globs = [\"*.rst\"] }, { type = \"Data\", globs = [\"**/*.json\"] }]")
        .files(&["src/a.md", "src/data/b.csv", "src/data/deep/c.csv", "src/d.rst", "src/e.txt", "src/f.json", "src/g.bin"]),

    rules_that_fall_through_below_src: keep()
        .toml("rules = [{ type = \"Text\", globs = [\"**/*.md\", \"data/*.csv\"], fallthrough = true }, { type = \"Text\", globs = [\"*.rst\"] }, { type = \"Data\", globs = [\"**/*.json\"] }]")
        .files(&["src/a.md", "src/data/b.csv", "src/data/deep/c.csv", "src/d.rst", "src/e.txt", "src/f.json", "src/g.bin"]),

    python_modules_left_out: flat().toml("python_modules = { exclude = [\"**/*.pyc\", \"**/*.pyi\", \"workers/types/**\"] }"),

    the_main_module_alone: Case::new("src/main.py")
        .toml("find_additional_modules = false")
        .files(&["src/main.py", "src/core.py"])
        .entrypoints(&[]),

    a_custom_build: flat()
        .toml("[build]\ncommand = \"printf 'COMMAND = \\\"%s\\\"\\\\nCWD = \\\"%s\\\"\\\\n' $WRANGLER_COMMAND \\\"$PWD\\\" > generated.py\"\ncwd = \"src\"")
        .imports("src/main.py", "from core import x\nfrom generated import COMMAND")
        .builds(&["src/generated.py"]),

    a_custom_build_below_src: keep()
        .toml("[build]\ncommand = \"mkdir -p src/generated; echo 'x = 1' > src/generated/one.py\"\nwatch_dir = \"src\"")
        .imports("src/main.py", "from src.core import x\nfrom src.generated.one import x as y")
        .builds(&["src/generated", "src/generated/one.py"]),

    assets: flat()
        .toml("[assets]\ndirectory = \"./public\"\nbinding = \"ASSETS\"\nhtml_handling = \"none\"\nrun_worker_first = [\"/api/*\"]")
        .files(&["public/index.html", "public/deep/app.js", "public/.assetsignore"])
        .file("public/_headers", "/*\n  X-A: b\n")
        .file("public/_redirects", "/a /b 301\n"),

    assets_below_src: keep()
        .toml("[assets]\ndirectory = \"src/public\"\nbinding = \"ASSETS\"")
        .files(&["src/public/index.html", "src/public/app.js"]),

    assets_of_an_environment: keep()
        .toml("[env.a.assets]\ndirectory = \"public-a\"\n[assets]\ndirectory = \"public\"")
        .files(&["public/index.html", "public-a/other.html"])
        .words(&["--env", "a"]),

    assets_on_the_command_line: flat().files(&["public/index.html"]).words(&["--assets", "public"]),

    databases_buckets_queues_and_crons: flat()
        .toml(
            "[[d1_databases]]
binding = \"DB\"
database_name = \"db\"
database_id = \"00000000-0000-4000-8000-000000000009\"
migrations_dir = \"db/migrations\"

[[kv_namespaces]]
binding = \"KV\"
id = \"00000000000000000000000000000001\"

[[r2_buckets]]
binding = \"FILES\"
bucket_name = \"files\"
jurisdiction = \"eu\"

[[queues.producers]]
binding = \"OUT\"
queue = \"out\"
delivery_delay = 5

[[queues.consumers]]
queue = \"in\"
max_batch_size = 5
dead_letter_queue = \"dead\"

[triggers]
crons = [\"*/5 * * * *\", \"0 3 * * sun\"]

[vars]
TEXT = \"ä\"
NUMBER = 1.5
LIST = [1, \"two\", { three = [] }]
DEEP = { a = { b = true } }",
        )
        .files(&["db/migrations/0001_first.sql"]),

    what_else_is_bound: keep().toml(
        "upload_source_maps = false
logpush = true
workers_dev = false
preview_urls = true
limits = { cpu_ms = 100 }
placement = { mode = \"smart\" }
observability = { enabled = true, head_sampling_rate = 0.5 }
tail_consumers = [{ service = \"tail\" }]
services = [{ binding = \"OTHER\", service = \"other\", entrypoint = \"Admin\" }]
analytics_engine_datasets = [{ binding = \"AE\", dataset = \"d\" }]
hyperdrive = [{ binding = \"HD\", id = \"00000000000000000000000000000004\" }]
vectorize = [{ binding = \"VEC\", index_name = \"i\" }]
send_email = [{ name = \"MAIL\" }]
unsafe = { bindings = [{ name = \"U\", type = \"u\" }], metadata = { extra = 1 } }

[ai]
binding = \"AI\"

[version_metadata]
binding = \"VERSION\"",
    ),

    dependencies_of_package_json: flat().file(
        "package.json",
        r#"{"name": "w", "version": "1.0.0", "dependencies": {"hono": "4.0.0"}, "devDependencies": {"wrangler": "4.164.0"}}"#,
    ),

    dependencies_of_package_json_below_src: keep().file(
        "package.json",
        r#"{"name": "w", "version": "1.0.0", "dependencies": {"hono": "4.0.0"}, "devDependencies": {"wrangler": "4.164.0"}}"#,
    ),

    blobs_of_text: flat()
        .toml("text_blobs = { TEXT = \"src/notes.txt\" }")
        .files(&["src/notes.txt"])
        .both_refuse("You cannot configure [text_blobs] with an ES module worker"),

    blobs_of_data: flat()
        .toml("data_blobs = { DATA = \"src/data.bin\" }")
        .files(&["src/data.bin"])
        .both_refuse("You cannot configure [data_blobs] with an ES module worker"),

    a_key_that_wrangler_ignores: flat().toml("[build.upload]\nformat = \"modules\"\ndir = \"dist\"\nmain = \"./x.py\""),
}
