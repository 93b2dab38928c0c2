//! A project below something else: started from above, and in workspaces of npm, pnpm and uv.

use super::case::Case;
use crate::fake::{directory, script};
use crate::rig;
use std::os::unix::fs::symlink;
use std::path::Path;

fn keep() -> Case {
    Case::new("src/main.py")
        .imports("src/main.py", "from src.core import x")
        .files(&["src/core.py"])
        .keep("src/")
        .plain_breaks("No module named 'src'")
}

fn flat() -> Case {
    Case::new("src/main.py").imports("src/main.py", "from core import x").files(&["src/core.py"])
}

const JSONC: &str = r#"{ "name": "w", "main": "src/main.py", "compatibility_date": "2026-10-01", "compatibility_flags": ["python_workers"] }"#;

cases! {
    started_above_with_the_configuration_named: Case::configured("wrangler.jsonc", JSONC)
        .imports("src/main.py", "from core import x")
        .files(&["src/core.py"])
        .within("app")
        .cwd("")
        .words(&["-c", "app/wrangler.jsonc"])
        .plain_refuses("pyproject.toml not found in"),

    started_above_with_the_directory_named: keep().within("app").cwd("").words(&["--cwd", "app"]).plain_refuses("pyproject.toml not found in"),

    a_configuration_in_a_directory_of_its_own: Case::configured("config/wrangler.toml", &format!("main = \"../src/main.py\"\n{}", super::case::BASE))
        .imports("src/main.py", "from core import x")
        .files(&["src/core.py"])
        .words(&["-c", "config/wrangler.toml"])
        .plain_breaks("No module named 'workers'")
        .refused(3, "wrangler-config.two-roots"),

    a_workspace_of_npm: flat()
        .file("package.json", r#"{"name": "app", "version": "1.0.0"}"#)
        .within("apps/worker")
        .file("package.json", r#"{"name": "all", "private": true, "workspaces": ["apps/*"]}"#),

    a_workspace_of_npm_that_imports_through_src: keep()
        .file("package.json", r#"{"name": "app", "version": "1.0.0"}"#)
        .within("apps/worker")
        .file("package.json", r#"{"name": "all", "private": true, "workspaces": ["apps/*"]}"#),
}

/// `node_modules` as pnpm lays it out: the package below `.pnpm`, a link to it, and a shell script that starts it. The
/// script writes down that it was the one.
fn pnpm(root: &Path, log: &Path) {
    let modules = root.join("node_modules");
    std::fs::remove_file(&modules).unwrap();
    let real = rig::home().join("npm/node_modules/wrangler").canonicalize().unwrap();
    let store = modules.join(".pnpm/wrangler@1.0.0/node_modules");
    std::fs::create_dir_all(&store).unwrap();
    std::fs::create_dir_all(modules.join(".bin")).unwrap();
    symlink(real, store.join("wrangler")).unwrap();
    symlink(".pnpm/wrangler@1.0.0/node_modules/wrangler", modules.join("wrangler")).unwrap();
    let body = format!(
        "basedir=$(dirname \"$(echo \"$0\" | sed -e 's,\\\\,/,g')\")\necho pnpm >> {}\nexec node \"$basedir/../wrangler/bin/wrangler.js\" \"$@\"",
        log.display()
    );
    script(&modules.join(".bin"), "wrangler", &body);
}

#[test]
fn a_workspace_of_pnpm_with_what_is_hoisted() {
    let logs = directory();
    let log = logs.path().join("log");
    let case = flat()
        .file("package.json", r#"{"name": "app", "version": "1.0.0"}"#)
        .within("apps/worker")
        .file("package.json", r#"{"name": "all", "private": true}"#)
        .file("pnpm-workspace.yaml", "packages: [\"apps/*\"]\n");
    pnpm(&case.project.root, &log);
    case.run();
    assert_eq!(std::fs::read_to_string(log).unwrap(), "pnpm\npnpm\n", "both took the workspace's wrangler");
}

#[test]
fn a_workspace_of_uv_with_its_environment_at_the_root() {
    let logs = directory();
    let log = logs.path().join("log");
    // Everything of the rig but pywrangler, which only the workspace's environment has.
    let tools = directory();
    for entry in
        std::fs::read_dir(rig::home().join("bin")).unwrap().flatten().filter(|entry| entry.file_name() != "pywrangler")
    {
        symlink(entry.path(), tools.path().join(entry.file_name())).unwrap();
    }
    let case = flat()
        .within("apps/worker")
        .file(
            "pyproject.toml",
            "[project]\nname = \"all\"\nversion = \"0\"\n\n[tool.uv.workspace]\nmembers = [\"apps/*\"]\n",
        )
        .file("uv.lock", "version = 1\nrevision = 3\nrequires-python = \">=3.12\"\n")
        .env("PATH", &format!("{}:/usr/bin:/bin", tools.path().display()));
    let scripts = case.project.path(".venv/bin");
    std::fs::create_dir_all(&scripts).unwrap();
    let pywrangler = rig::home().join("bin/pywrangler");
    let body = format!("echo \"$1\" >> {}\nexec {} \"$@\"", log.display(), pywrangler.display());
    script(&scripts, "pywrangler", &body);
    case.run();
    let log = std::fs::read_to_string(log).unwrap();
    assert_eq!(log.lines().filter(|word| *word == "deploy").count(), 1, "{log}");
}
