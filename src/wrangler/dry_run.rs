//! Runs wrangler's dry run on the stage and compares every module it would upload with the plan.
//!
//! The output goes to a temporary directory. The `verify` gate evaluates the result.

use crate::bundle::{Bundle, Content, Module};
use crate::cli::{Command, UploadCommand};
use crate::error::{Error, ErrorKind, Result};
use crate::passthrough::{Containers, Passthrough};
use crate::process::{self, Stdout};
use crate::project::Project;
use crate::tools::{Toolchain, is_older_than, minimums};
use crate::wrangler::log::{LogCapture, WranglerOutput};
use camino::Utf8Path;
use rayon::prelude::*;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs::File;
use std::io::Read;

/// One module as wrangler would upload it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Uploaded {
    pub(crate) bytes: u64,
    /// The planned module of this name, if any: its length, and whether the bytes are identical.
    pub(crate) planned: Option<(u64, bool)>,
}

/// The result of a dry run.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct DryRun {
    pub(crate) code: i32,
    pub(crate) heard: WranglerOutput,
    /// By upload name.
    pub(crate) modules: BTreeMap<String, Uploaded>,
    /// All of its output; empty if it was shown to the user directly.
    pub(crate) printed: String,
}

/// Who sees the output of the dry run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Visibility {
    /// Our own dry run: its output is hidden.
    Ourselves,
    /// The user requested the dry run: its output is shown, and it runs only once.
    User(Stdout),
}

/// Whether the command is a dry run that can also serve for `verify`: it must not write output of its own.
pub(crate) fn is_the_users_own(command: &Command, words: &Passthrough) -> bool {
    let rehearsable = matches!(command, Command::Upload(UploadCommand::Deploy | UploadCommand::VersionsUpload));
    rehearsable && words.dry_run() && !words.has("outdir") && !words.has("outfile")
}

/// Input for a dry run.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Request<'a> {
    /// Where it runs.
    pub(crate) stage_dir: &'a Utf8Path,
    /// The staged configuration.
    pub(crate) config: &'a Utf8Path,
    pub(crate) bundle: &'a Bundle,
    pub(crate) command: &'a Command,
    pub(crate) words: &'a Passthrough,
    pub(crate) project: &'a Project,
    pub(crate) toolchain: &'a Toolchain,
    pub(crate) visibility: Visibility,
}

/// Runs wrangler's dry run through pywrangler, as the deploy will run.
///
/// # Errors
/// `ToolMissing`, `Interrupted`, `Unwritable` for the directory, `Unreadable` for what wrangler wrote.
pub(crate) fn run_dry(request: &Request<'_>) -> Result<DryRun> {
    let Request { stage_dir, config, bundle, command, words, project, toolchain, visibility } = *request;
    let directory = crate::temporary::directory()?;
    let outdir = crate::error::utf8(directory.path())?.join("upload");
    let mut environment = toolchain.environment.clone();
    let log = match visibility {
        Visibility::Ourselves => LogCapture::alone(&mut environment)?,
        Visibility::User(_) => LogCapture::beside_the_user(&mut environment, &project.cwd)?,
    };
    let mut argv: Vec<OsString> = toolchain.pywrangler.program.argv.clone();
    if let (Some(name), Some(_)) = (&project.config.environment, &project.config.generated_for) {
        environment.set("CLOUDFLARE_ENV", name); // as in the deploy
    }
    argv.extend(words.before().iter().cloned());
    let (subcommand, words) = rehearsable(command, words);
    argv.extend(subcommand.words().iter().map(OsString::from));
    let containers = containers(project, toolchain, subcommand, visibility);
    argv.extend(words.for_dry_run(config, &project.cwd, &project.process_cwd, &outdir, containers));
    let (ended, printed) = match visibility {
        Visibility::Ourselves => process::listen(&argv, stage_dir, &environment, |_| {})?,
        Visibility::User(stdout) => (process::run(&argv, stage_dir, &environment, stdout)?, String::new()),
    };
    let modules = if outdir.is_dir() { compare(&outdir, bundle)? } else { BTreeMap::new() };
    let mut heard = log.heard();
    heard.take_printed(&printed);
    Ok(DryRun { code: ended.code, heard, modules, printed })
}

/// Disables container images if wrangler supports that: they are not part of the bundle, but a dry run would build
/// them.
fn containers(
    project: &Project,
    toolchain: &Toolchain,
    subcommand: UploadCommand,
    visibility: Visibility,
) -> Containers {
    let has = project.config.get("containers").and_then(serde_json::Value::as_array).is_some_and(|all| !all.is_empty());
    let minimum = minimums::minimum("wrangler --containers-rollout=none", None);
    let version = toolchain.wrangler.as_ref().and_then(|wrangler| wrangler.version.as_deref());
    let knows = version.is_some_and(|version| !is_older_than(version, minimum));
    if has && knows && subcommand == UploadCommand::Deploy && visibility == Visibility::Ourselves {
        Containers::Skipped
    } else {
        Containers::AsGiven
    }
}

/// wrangler has no dry run for previews. A deploy creates the same bundle; only the environment flag is common to both.
fn rehearsable(command: &Command, words: &Passthrough) -> (UploadCommand, Passthrough) {
    match command {
        Command::Upload(command @ (UploadCommand::Deploy | UploadCommand::VersionsUpload)) => (*command, words.clone()),
        Command::Upload(UploadCommand::Publish | UploadCommand::Preview) => {
            let environment = words.env().map(|name| format!("--env={name}").into());
            (UploadCommand::Deploy, Passthrough::read(environment.into_iter().collect()))
        }
        _ => (UploadCommand::Deploy, words.clone()),
    }
}

/// Compares every file that wrangler wrote with the plan. wrangler's README is not a module.
fn compare(outdir: &Utf8Path, bundle: &Bundle) -> Result<BTreeMap<String, Uploaded>> {
    let mut names = Vec::new();
    for entry in walkdir::WalkDir::new(outdir) {
        let entry = entry.map_err(|error| {
            Error::new(ErrorKind::Unreadable, format!("what wrangler wrote cannot be read: {error}"), "run again")
        })?;
        if entry.file_type().is_file() {
            let path = crate::error::utf8(entry.into_path())?;
            let name = path.strip_prefix(outdir).map_or_else(|_| path.to_string(), ToString::to_string);
            names.push((name, path));
        }
    }
    names
        .into_par_iter()
        .filter(|(name, path)| bundle.module(name).is_some() || !is_note(name, path))
        .map(|(name, path)| {
            let written = fs_err::File::open(&path).map_err(|error| Error::unreadable(&error))?;
            let bytes = written.metadata().map_err(|error| Error::unreadable(&error))?.len();
            let planned = bundle
                .module(&name)
                .map(|module| Ok::<_, Error>((module.bytes, bytes == module.bytes && same(module, written)?)))
                .transpose()?;
            Ok((name, Uploaded { bytes, planned }))
        })
        .collect()
}

/// Whether it is the README that wrangler writes to every `--outdir`.
fn is_note(name: &str, path: &Utf8Path) -> bool {
    name == "README.md"
        && fs_err::read_to_string(path)
            .is_ok_and(|text| text.starts_with("This folder contains the built output assets for the worker"))
}

/// Compares contents in chunks, without loading whole files into memory.
fn same(module: &Module, written: fs_err::File) -> Result<bool> {
    let mut written: File = written.into_parts().0;
    match &module.content {
        Content::Inline(planned) => {
            let mut bytes = Vec::with_capacity(planned.len());
            written.read_to_end(&mut bytes).map_err(|error| Error::unreadable(&error))?;
            Ok(&bytes == planned)
        }
        Content::File(path) => {
            let mut planned = fs_err::File::open(path).map_err(|error| Error::unreadable(&error))?;
            let (mut ours, mut theirs) = (vec![0; 64 << 10], vec![0; 64 << 10]);
            loop {
                let length = planned.read(&mut ours).map_err(|error| Error::unreadable(&error))?;
                if length == 0 {
                    return Ok(written.read(&mut theirs).map_err(|error| Error::unreadable(&error))? == 0);
                }
                if written.read_exact(&mut theirs[..length]).is_err() || ours[..length] != theirs[..length] {
                    return Ok(false);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bundle::{ModuleType, Owner};

    fn words(text: &str) -> Passthrough {
        Passthrough::read(text.split_whitespace().map(OsString::from).collect())
    }

    fn rehearsal(command: &Command, text: &str) -> String {
        rehearsal_with(command, text, Containers::AsGiven)
    }

    fn rehearsal_with(command: &Command, text: &str, containers: Containers) -> String {
        let (subcommand, words) = rehearsable(command, &words(text));
        let rest = words.for_dry_run("/s/wrangler.toml".into(), "/p".into(), "/p".into(), "/o".into(), containers);
        let rest: Vec<_> = rest.iter().map(|word| word.to_str().unwrap()).collect();
        format!("{} {}", subcommand.words().join(" "), rest.join(" "))
    }

    #[test]
    fn the_rehearsal_has_the_words_of_the_deploy_and_never_uploads() {
        const OWN: &str = "--dry-run --outdir /o --config /s/wrangler.toml --cwd /p";
        let deploy = Command::Upload(UploadCommand::Deploy);
        for (command, given, expected) in [
            (&deploy, "--env develop --var A:1", format!("deploy {OWN} --env develop --var A:1")),
            (&deploy, "--dry-run=false --outdir x --name n", format!("deploy {OWN} --name n")),
            (&deploy, "--no-dry-run --outfile=x -- --dry-run false", format!("deploy {OWN} -- --dry-run false")),
            (&Command::Upload(UploadCommand::VersionsUpload), "--tag t", format!("versions upload {OWN} --tag t")),
            (&Command::Upload(UploadCommand::Preview), "--worker-name w -e x", format!("deploy {OWN} --env=x")),
            (&Command::Check, "--env x", format!("deploy {OWN} --env x")),
        ] {
            assert_eq!(rehearsal(command, given), expected);
        }
        assert_eq!(
            rehearsal_with(&deploy, "--containersRollout immediate --name n", Containers::Skipped),
            "deploy --dry-run --outdir /o --containers-rollout=none --config /s/wrangler.toml --cwd /p --name n"
        );
    }

    #[test]
    fn a_dry_run_of_the_users_own_is_the_rehearsal_unless_it_writes_somewhere() {
        let deploy = Command::Upload(UploadCommand::Deploy);
        assert!(is_the_users_own(&deploy, &words("--dry-run --env x")));
        assert!(!is_the_users_own(&deploy, &words("--env x")));
        assert!(!is_the_users_own(&deploy, &words("--dry-run --outdir x")));
        assert!(!is_the_users_own(&Command::Check, &words("--dry-run")));
    }

    #[test]
    fn every_file_is_held_against_the_plan_to_the_byte() {
        let dir = tempfile::tempdir().unwrap();
        let root = Utf8Path::from_path(dir.path()).unwrap();
        let module = |name: &str, content| Module {
            name: name.to_owned(),
            kind: ModuleType::Python,
            content,
            bytes: 3,
            owner: Owner::Project,
        };
        fs_err::write(root.join("source"), "abc").unwrap();
        let bundle = Bundle {
            modules: vec![
                module("a.py", Content::Inline(b"abc".to_vec())),
                module("b.py", Content::File(root.join("source"))),
                module("c.py", Content::File(root.join("source"))),
            ],
            ..Bundle::default()
        };
        let out = root.join("out");
        fs_err::create_dir_all(out.join("deep")).unwrap();
        for (name, text) in [
            ("README.md", "This folder contains the built output assets for the worker \"w\" generated at x."),
            ("a.py", "abc"),
            ("b.py", "abd"),
            ("c.py", "abc"),
            ("deep/d.py", ""),
        ] {
            fs_err::write(out.join(name), text).unwrap();
        }
        let found = compare(&out, &bundle).unwrap();
        let found: Vec<_> = found.iter().map(|(name, uploaded)| (name.as_str(), uploaded.planned)).collect();
        assert_eq!(
            found,
            [("a.py", Some((3, true))), ("b.py", Some((3, false))), ("c.py", Some((3, true))), ("deep/d.py", None)]
        );
        fs_err::write(out.join("README.md"), "the user's own").unwrap();
        assert!(compare(&out, &bundle).unwrap().contains_key("README.md"));
    }
}
