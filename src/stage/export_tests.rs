//! Tests exported stages on disk: which directories are accepted, and that `deploy.sh` deploys the exported copy.

use super::tests::{Project, files};
use super::*;
use std::os::unix::fs::MetadataExt;

#[test]
fn an_exported_stage_stays_and_can_deploy_itself() {
    let project = Project::new();
    let before = project.tree();
    let elsewhere = tempfile::tempdir().unwrap();
    let out = Utf8PathBuf::from_path_buf(elsewhere.path().canonicalize().unwrap().join("a/stage")).unwrap();
    let stage = project.stage(Destination::Directory(&out)).unwrap();
    assert_eq!(stage.dir, out);
    assert_eq!(stage.keep(), out);
    assert_eq!(project.tree(), before, "an export does not touch the project");
    assert!(files(&out).contains(&"worker/src/core.py".to_owned()));
    assert_eq!(fs_err::metadata(out.join("deploy.sh")).unwrap().mode() & 0o777, 0o755);
    assert_eq!(fs_err::read_dir(out.parent().unwrap()).unwrap().count(), 1, "nothing beside it");
    let pyproject = fs_err::metadata(out.join("pyproject.toml")).unwrap();
    assert_eq!(pyproject.mtime(), 1_000_000_000);
}

/// Runs `deploy.sh` with a fake pywrangler that records its working directory and arguments.
#[expect(clippy::disallowed_methods, reason = "the script is what is tested, and only a shell can run it")]
fn run_deploy_script(stage: &Utf8Path, from: &Utf8Path, arguments: &[&str]) -> Vec<String> {
    let spy = from.join("spy");
    fs_err::write(&spy, "printf '%s\\n' \"$PWD\" \"$@\"\n").unwrap();
    let output = std::process::Command::new("sh")
        .arg(stage.join("deploy.sh"))
        .args(arguments)
        .current_dir(from)
        .env("SADDLEBAG_PYWRANGLER", format!("sh '{spy}' 'two words'"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect()
}

#[test]
fn a_copied_export_deploys_itself_and_not_where_it_came_from() {
    let project = Project::new();
    let elsewhere = tempfile::tempdir().unwrap();
    let elsewhere = Utf8PathBuf::from_path_buf(elsewhere.path().canonicalize().unwrap()).unwrap();
    let stage = project.stage(Destination::Directory(&elsewhere.join("out"))).unwrap();
    let copy = elsewhere.join("it is $HOME's");
    fs_extra::dir::copy(&stage.dir, &copy, &fs_extra::dir::CopyOptions::new().content_only(true).copy_inside(true))
        .unwrap();
    let token = copy.join(".venv-workers/.synced");
    let long_ago = SystemTime::UNIX_EPOCH;
    fs_err::OpenOptions::new().write(true).open(&token).unwrap().set_modified(long_ago).unwrap();
    let config = copy.join("wrangler.toml");

    let told = run_deploy_script(&copy, &elsewhere, &["--env", "a b", "--", "--cwd"]);
    let cwd = ["--cwd", elsewhere.as_str()];
    let start = [copy.as_str(), "two words", "deploy", "--config", config.as_str()];
    assert_eq!(told, [&start[..], &cwd[..], &["--env", "a b", "--", "--cwd"]].concat());
    assert!(fs_err::metadata(&token).unwrap().modified().unwrap() > long_ago, "pywrangler would sync");

    let told = run_deploy_script(&copy, &elsewhere, &["--cwd=/x"]);
    assert_eq!(told, [&start[..], &["--cwd=/x"]].concat(), "wrangler refuses two");
}

#[test]
fn an_export_takes_an_empty_directory_and_no_other() {
    let project = Project::new();
    let empty = tempfile::tempdir().unwrap();
    let target = Utf8Path::from_path(empty.path()).unwrap();
    let inode = fs_err::metadata(target).unwrap().ino();
    let stage = project.stage(Destination::Directory(target)).unwrap();
    assert!(target.join("worker/main.py").exists());
    assert_eq!(fs_err::metadata(target).unwrap().ino(), inode, "it is still the user's directory");
    let error = project.stage(Destination::Directory(target)).unwrap_err();
    assert_eq!((error.kind, error.hint.is_empty()), (ErrorKind::Usage, false));
    stage.remove().unwrap();
    assert_eq!(fs_err::read_dir(target).unwrap().count(), 0);
    let file = target.join("file");
    fs_err::write(&file, "").unwrap();
    assert_eq!(project.stage(Destination::Directory(&file)).unwrap_err().kind, ErrorKind::Usage);
}
