//! Tests stages on disk: layout, modification times, modes and cleanup.

use super::modules::staged_path;
use super::*;
use crate::bundle::{Content, ModuleType, Owner};
use proptest::prelude::*;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use tempfile::TempDir;

pub(super) struct Project {
    _directory: TempDir,
    pub(super) root: Utf8PathBuf,
    bundle: Bundle,
    requirements: Vec<String>,
}

const CONFIG: &str = "name = \"x\"\nmain = \"src/main.py\"\n";

fn module(name: &str, content: Content, bytes: u64) -> Module {
    Module { name: name.to_owned(), kind: ModuleType::Python, content, bytes, owner: Owner::Project }
}

fn inline(name: &str, text: &str) -> Module {
    module(name, Content::Inline(text.into()), text.len() as u64)
}

impl Project {
    pub(super) fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let root = Utf8PathBuf::from_path_buf(directory.path().canonicalize().unwrap()).unwrap();
        fs_err::create_dir(root.join("src")).unwrap();
        fs_err::write(root.join("src/core.py"), "X = 1\n").unwrap();
        fs_err::set_permissions(root.join("src/core.py"), PermissionsExt::from_mode(0o400)).unwrap();
        fs_err::write(root.join("pylock.toml"), "lock-version = \"1.0\"\n").unwrap();
        fs_err::write(root.join("package.json"), "{}\n").unwrap();
        let modules = vec![
            inline("main.py", "from src.main import *\n"),
            inline("python_modules/pkg/__init__.py", ""),
            inline("python_modules/pkg/deep/er/data.bin", "\0\x01"),
            module("src/core.py", Content::File(root.join("src/core.py")), 6),
        ];
        let bundle = Bundle { main_module: "main.py".to_owned(), modules, ..Bundle::default() };
        Self { _directory: directory, root, bundle, requirements: vec!["pkg>=1".to_owned()] }
    }

    pub(super) fn stage(&self, at: Destination<'_>) -> Result<Stage> {
        self.stage_as("wrangler.toml", Format::Toml, CONFIG, at)
    }

    fn stage_as(&self, name: &str, format: Format, text: &str, at: Destination<'_>) -> Result<Stage> {
        write(
            &StageRequest {
                project_root: &self.root,
                users_config_dir: &self.root,
                config: ConfigSource { path: &self.root.join(name), text, format },
                environment: None,
                bundle: &crate::gates::cleared(self.bundle.clone()),
                token: "1.17.9",
                lock: Some(&self.root.join("pylock.toml")),
                requirements: &self.requirements,
                python: "3.14",
                glob_prefix: "src/",
                drop_build_command: true,
            },
            at,
        )
    }

    /// Every file and directory below the root, with the bytes of the files.
    pub(super) fn tree(&self) -> Vec<(String, Option<Vec<u8>>)> {
        tree(&self.root)
    }
}

fn tree(root: &Utf8Path) -> Vec<(String, Option<Vec<u8>>)> {
    walkdir::WalkDir::new(root)
        .sort_by_file_name()
        .into_iter()
        .map(|entry| {
            let entry = entry.unwrap();
            assert!(!entry.path_is_symlink());
            let name = entry.path().strip_prefix(root).unwrap().to_str().unwrap().to_owned();
            (name, entry.file_type().is_file().then(|| fs_err::read(entry.path()).unwrap()))
        })
        .collect()
}

pub(super) fn files(root: &Utf8Path) -> Vec<String> {
    tree(root).into_iter().filter(|(_, bytes)| bytes.is_some()).map(|(name, _)| name).collect()
}

#[test]
fn a_stage_has_the_layout_of_the_design_and_nothing_else() {
    let project = Project::new();
    let stage = project.stage(Destination::Inside).unwrap();
    assert_eq!(
        files(&stage.dir),
        [
            ".venv-workers/.synced",
            "package.json",
            "pylock.toml",
            "pyproject.toml",
            "python_modules/.synced",
            "python_modules/pkg/__init__.py",
            "python_modules/pkg/deep/er/data.bin",
            "worker/main.py",
            "worker/src/core.py",
            "wrangler.toml",
        ]
    );
    assert_eq!(stage.config, stage.dir.join("wrangler.toml"));
    assert_eq!(stage.dir.parent().unwrap(), project.root.join(".wrangler/saddlebag"));
    assert_eq!(fs_err::read(stage.dir.join("worker/src/core.py")).unwrap(), b"X = 1\n");
    let ignore = fs_err::read_to_string(project.root.join(".wrangler/saddlebag/.gitignore")).unwrap();
    assert!(ignore.lines().any(|line| line == "*"));
}

#[test]
fn json_configurations_of_every_name_become_wrangler_jsonc() {
    let project = Project::new();
    for name in ["wrangler.json", "wrangler.jsonc", "wrangler.production.jsonc"] {
        let stage = project.stage_as(name, Format::Json, "{ \"main\": \"src/main.py\" }", Destination::Inside).unwrap();
        assert_eq!(stage.config.file_name(), Some("wrangler.jsonc"));
        assert_eq!(files(&stage.dir).iter().filter(|file| file.starts_with("wrangler.")).count(), 1);
        assert!(fs_err::read_to_string(&stage.config).unwrap().contains("worker/main.py"));
    }
}

#[test]
fn pywrangler_has_no_reason_to_sync() {
    let project = Project::new();
    let stage = project.stage(Destination::Inside).unwrap();
    for token in ["python_modules/.synced", ".venv-workers/.synced"] {
        let token = stage.dir.join(token);
        assert_eq!(fs_err::read_to_string(&token).unwrap(), "1.17.9");
        for older in ["pyproject.toml", "pylock.toml"] {
            let older = fs_err::metadata(stage.dir.join(older)).unwrap().modified().unwrap();
            assert!(older < fs_err::metadata(&token).unwrap().modified().unwrap());
        }
    }
}

#[test]
fn read_only_sources_are_not_read_only_in_the_stage() {
    let project = Project::new();
    let stage = project.stage(Destination::Inside).unwrap();
    assert_eq!(fs_err::metadata(stage.dir.join("worker/src/core.py")).unwrap().mode() & 0o777, 0o644);
}

#[test]
fn the_projects_tree_is_what_it_was() {
    let project = Project::new();
    let before = project.tree();
    project.stage(Destination::Inside).unwrap().remove().unwrap();
    assert_eq!(project.tree(), before, "removed");
    drop(project.stage(Destination::Inside).unwrap());
    assert_eq!(project.tree(), before, "dropped");
}

#[test]
fn directories_of_others_stay() {
    let project = Project::new();
    fs_err::create_dir(project.root.join(".wrangler")).unwrap();
    let before = project.tree();
    project.stage(Destination::Inside).unwrap().remove().unwrap();
    assert_eq!(project.tree(), before, "an empty .wrangler of the user's");
    let stage = project.stage(Destination::Inside).unwrap();
    fs_err::write(project.root.join(".wrangler/state"), "wrangler's").unwrap();
    stage.remove().unwrap();
    assert_eq!(files(&project.root.join(".wrangler")), ["state"]);
}

#[test]
fn a_stage_that_fails_half_way_leaves_nothing() {
    let project = Project::new();
    let elsewhere = tempfile::tempdir().unwrap();
    let out = Utf8PathBuf::from_path_buf(elsewhere.path().join("made/for/it")).unwrap();
    let before = project.tree();
    let mut broken = Project { bundle: project.bundle.clone(), ..Project::new() };
    broken.root.clone_from(&project.root);
    broken.bundle.modules.push(module("src/gone.py", Content::File(project.root.join("src/gone.py")), 1));
    assert_eq!(broken.stage(Destination::Inside).unwrap_err().kind, ErrorKind::Unreadable);
    assert_eq!(broken.stage(Destination::Directory(&out)).unwrap_err().kind, ErrorKind::Unreadable);
    broken.bundle.modules.pop();
    broken.bundle.modules.push(module("src/grew.py", Content::File(project.root.join("src/core.py")), 5));
    let error = broken.stage(Destination::Inside).unwrap_err();
    assert!(error.message.contains("was 5 bytes when it was planned and is 6 now"), "{error}");
    assert_eq!(project.tree(), before);
    assert_eq!(fs_err::read_dir(elsewhere.path()).unwrap().count(), 0);
}

#[test]
fn what_cannot_be_written_is_an_error_of_its_own() {
    let project = Project::new();
    fs_err::write(project.root.join(".wrangler"), "a file").unwrap();
    assert_eq!(project.stage(Destination::Inside).unwrap_err().kind, ErrorKind::Unwritable);
    let mut clash = Project::new();
    clash.bundle.modules.push(inline("main.py/x.py", ""));
    let before = clash.tree();
    assert_eq!(clash.stage(Destination::Inside).unwrap_err().kind, ErrorKind::Unwritable);
    assert_eq!(clash.tree(), before);
}

#[test]
fn killed_runs_are_swept_up_and_live_and_kept_stages_are_not() {
    let project = Project::new();
    let live = project.stage(Destination::Inside).unwrap();
    let kept = project.stage(Destination::Inside).unwrap().keep();
    let home = project.root.join(".wrangler/saddlebag");
    for name in ["stage-killed", "stage-killed-early"] {
        fs_err::write(home.join(format!("{name}.lock")), "").unwrap();
    }
    fs_err::create_dir_all(home.join("stage-killed/worker")).unwrap();
    let other = project.stage(Destination::Inside).unwrap();
    assert!(!home.join("stage-killed").exists() && !home.join("stage-killed.lock").exists());
    assert!(!home.join("stage-killed-early.lock").exists());
    assert!(live.config.exists() && kept.join("wrangler.toml").exists());
    other.remove().unwrap();
    live.remove().unwrap();
    assert!(kept.join("wrangler.toml").exists());
    let left: Vec<String> = files(&home).into_iter().filter(|file| !file.contains('/')).collect();
    assert_eq!(left, [".gitignore"], "a kept stage has no lock file");
}

#[test]
fn a_directory_that_was_made_by_a_killed_run_goes_with_the_next() {
    let project = Project::new();
    let before = project.tree();
    let stage = project.stage(Destination::Inside).unwrap();
    let home = project.root.join(".wrangler/saddlebag");
    let kept = stage.keep();
    fs_err::write(format!("{kept}.lock"), "").unwrap();
    assert!(home.exists());
    project.stage(Destination::Inside).unwrap().remove().unwrap();
    assert_eq!(project.tree(), before);
}

#[test]
fn runs_at_the_same_time_do_not_disturb_each_other() {
    let project = Project::new();
    let before = project.tree();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..25 {
                    let stage = project.stage(Destination::Inside).unwrap();
                    assert!(stage.config.exists());
                    stage.remove().unwrap();
                }
            });
        }
    });
    assert_eq!(project.tree(), before);
}

#[test]
fn of_two_modules_with_one_name_the_later_is_staged() {
    let mut project = Project::new();
    project.bundle.modules.push(inline("src/core.py", "X = 2\n"));
    let stage = project.stage(Destination::Inside).unwrap();
    assert_eq!(fs_err::read(stage.dir.join("worker/src/core.py")).unwrap(), b"X = 2\n");
}

#[test]
fn names_that_would_leave_the_stage_are_refused() {
    for name in [
        "",
        "/etc/passwd",
        "../x",
        "a/../../x",
        "python_modules/../x",
        "a//b",
        "a/",
        "./a",
        "a\0b",
        "python_modules",
        "python_modules/",
        "python_modules/.synced",
    ] {
        assert_eq!(staged_path(name).unwrap_err().kind, ErrorKind::Internal, "{name:?}");
    }
    assert_eq!(staged_path("python_modules/a/.synced").unwrap(), "python_modules/a/.synced");
    assert_eq!(staged_path("src/python_modules/a.py").unwrap(), "worker/src/python_modules/a.py");
    assert_eq!(staged_path("...").unwrap(), "worker/...");
}

proptest! {
    #[test]
    fn a_module_name_never_escapes_the_stage(name in r#"([a./\\:~\PC]|\.\./|python_modules/|//|\x00){0,12}"#) {
        if let Ok(path) = staged_path(&name) {
            let stage = Utf8Path::new("/p/.wrangler/saddlebag/stage-abcdef");
            let resolved = crate::project::resolve(stage, path.as_str());
            prop_assert_eq!(&resolved, &stage.join(&path), "nothing was left to resolve");
            let inside = resolved.strip_prefix(stage).unwrap();
            prop_assert!(inside.components().count() >= 2);
            prop_assert!(inside.starts_with("worker") || inside.starts_with("python_modules"));
        }
    }
}
