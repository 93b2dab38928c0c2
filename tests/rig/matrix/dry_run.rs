//! `--dry-run`: what wrangler writes to `--outdir`, and the images that it builds even then.

use super::case::{BASE, Case};

fn flat() -> Case {
    Case::new("src/main.py").imports("src/main.py", "from core import x").files(&["src/core.py", "src/notes.txt"])
}

/// A container of this image, with the class that it belongs to.
fn container(image: &str) -> Case {
    let main = "from core import x\nfrom workers import DurableObject, WorkerEntrypoint\n\n\nclass Default(WorkerEntrypoint):\n    pass\n\n\nclass Room(DurableObject):\n    pass\n";
    let config = format!(
        "main = \"src/main.py\"\n{BASE}
[[durable_objects.bindings]]
name = \"ROOMS\"
class_name = \"Room\"

[[migrations]]
tag = \"v1\"
new_sqlite_classes = [\"Room\"]

[[containers]]
class_name = \"Room\"
{image}
"
    );
    Case::configured("wrangler.toml", &config)
        .file("src/main.py", main)
        .files(&["src/core.py"])
        .file("docker/Dockerfile", "FROM scratch\nCOPY app /app\n")
        .files(&["context/app"])
}

#[test]
fn a_relative_outdir_is_where_the_user_stands() {
    let files = flat().run_dry("--dry-run: exiting now.").files;
    for name in ["main.py", "core.py", "notes.txt", "python_modules/workers/__init__.py"] {
        assert!(files.iter().any(|file| file == name), "{name}: {files:?}");
    }
}

#[test]
fn what_has_no_effect_on_python_has_none() {
    flat().toml("no_bundle = true\nminify = true\nkeep_names = false").run_dry("--dry-run: exiting now.");
    flat().words(&["--no-bundle", "--minify", "--upload-source-maps"]).run_dry("can't be used together");
}

#[test]
fn an_image_is_built_from_the_users_dockerfile_and_context() {
    let image = "image = \"./docker/Dockerfile\"\nimage_build_context = \"context\"\nimage_vars = { A = \"b\" }";
    let dry = container(image).run_dry("w-room");
    assert!(dry.docker.contains("/context\n") && dry.docker.contains("COPY app /app"), "{}", dry.docker);
    let dry = container("image = \"docker/Dockerfile\"").run_dry("w-room");
    assert!(dry.docker.contains("/docker\n") && dry.docker.contains("COPY app /app"), "{}", dry.docker);
}

#[test]
fn an_image_of_a_registry_stays_a_name() {
    let dry = container("image = \"registry.cloudflare.com/account/image:1\"")
        .run_dry("registry.cloudflare.com/account/image:1");
    assert_eq!(dry.docker, "");
}
