//! The hand-over: pywrangler, started in the stage, and what it leaves behind for the report.
//!
//! Receives a `Cleared<Stage>` and nothing less; hands on `Deployed`. Must never turn a deploy that is live into a
//! failure, and never touch the output that the user sees.

use crate::cli::Command;
use crate::error::{Error, Result};
use crate::gate::Cleared;
use crate::passthrough::Passthrough;
use crate::project::Project;
use crate::stage::Stage;
use crate::tool::{self, Ended, Stdout};
use crate::toolchain::Toolchain;
use camino::{Utf8Path, Utf8PathBuf};
use serde::Deserialize;
use std::ffi::OsString;

/// What wrangler said about the upload, from its own machine-readable log and its warnings.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Deployed {
    pub(crate) code: i32,
    pub(crate) version_id: Option<String>,
    pub(crate) targets: Vec<String>,
    /// wrangler's `bundle_size.raw_bytes`; absent before wrangler 4.126 or so.
    pub(crate) raw_bytes: Option<u64>,
    /// wrangler's `bundle_size.gzip_bytes`.
    pub(crate) gzip_bytes: Option<u64>,
    /// `Ignoring duplicate module` in wrangler's own log.
    pub(crate) duplicate_warnings: u64,
}

/// One line of `WRANGLER_OUTPUT_FILE_PATH`, as far as it is of use.
#[derive(Debug, Deserialize)]
struct Line {
    r#type: String,
    version_id: Option<String>,
    #[serde(default)]
    targets: Option<Vec<String>>,
    preview_url: Option<String>,
    bundle_size: Option<BundleSize>,
}

#[derive(Debug, Deserialize)]
struct BundleSize {
    raw_bytes: u64,
    gzip_bytes: u64,
}

/// Starts `pywrangler COMMAND` in the stage and waits for it.
///
/// # Errors
/// Only what keeps it from being started; its own exit code is in `Deployed`.
pub(crate) fn deploy(
    stage: &Cleared<Stage>,
    command: &Command,
    words: &Passthrough,
    project: &Project,
    toolchain: &Toolchain,
    stdout: Stdout,
) -> Result<Deployed> {
    let stage = stage.get();
    let Command::Upload(command) = command else {
        return Err(Error::new(crate::error::Kind::Internal, "only a command that uploads can deploy", ""));
    };
    let listening = tempfile::tempdir().map_err(|error| Error::unwritable(&error))?;
    let listening_path = crate::error::utf8(listening.path())?;

    let mut environment = toolchain.environment.clone();
    if let (Some(name), Some(_)) = (&project.config.environment, &project.config.generated_for) {
        // Built for it, whether or not the command line says so again. Not as a flag: that would load `.env.NAME` too.
        environment.set("CLOUDFLARE_ENV", name);
    }
    let output = Output::choose(&environment, &project.cwd, &listening_path);
    if let Output::Private(path) = &output {
        environment.set("WRANGLER_OUTPUT_FILE_PATH", path.as_str());
    }
    let logs = environment
        .get("WRANGLER_LOG_PATH")
        .map_or_else(|| listening_path.join("logs"), |path| crate::project::resolve(&project.cwd, path));
    environment.set("WRANGLER_LOG_PATH", logs.as_str());
    let (output_before, logs_before) = (output.snapshot(), Texts::of(&logs));

    let mut argv: Vec<OsString> = toolchain.pywrangler.program.argv.clone();
    argv.extend(words.before().iter().cloned());
    argv.extend(command.iter().map(OsString::from));
    argv.extend(words.for_child(&stage.config, &project.cwd, &project.process_cwd));
    let Ended { code } = tool::run(&argv, &stage.dir, &environment, stdout)?;

    let mut deployed = Deployed {
        code,
        duplicate_warnings: count_duplicates(&Texts::of(&logs).since(&logs_before)),
        ..Deployed::default()
    };
    for line in
        output.snapshot().since(&output_before).lines().filter_map(|line| serde_json::from_str::<Line>(line).ok())
    {
        deployed.take(line);
    }
    Ok(deployed)
}

impl Deployed {
    fn take(&mut self, line: Line) {
        if !matches!(line.r#type.as_str(), "deploy" | "version-upload" | "preview") {
            return;
        }
        self.version_id = line.version_id.or(self.version_id.take());
        self.targets.extend(line.targets.unwrap_or_default());
        self.targets.extend(line.preview_url);
        if let Some(size) = line.bundle_size {
            (self.raw_bytes, self.gzip_bytes) = (Some(size.raw_bytes), Some(size.gzip_bytes));
        }
    }
}

/// Where wrangler writes its machine-readable lines: where the user asked for them, else a place of ours.
#[derive(Debug)]
enum Output {
    Users(Utf8PathBuf),
    Private(Utf8PathBuf),
}

impl Output {
    fn choose(environment: &crate::settings::Environment, cwd: &Utf8Path, private: &Utf8Path) -> Self {
        // wrangler takes the file before the directory, and both relative to its own working directory, the user's.
        match environment.get("WRANGLER_OUTPUT_FILE_PATH").or_else(|| environment.get("WRANGLER_OUTPUT_FILE_DIRECTORY"))
        {
            Some(path) => Self::Users(crate::project::resolve(cwd, path)),
            None => Self::Private(private.join("output.ndjson")),
        }
    }

    fn snapshot(&self) -> Texts {
        match self {
            Self::Users(path) | Self::Private(path) => Texts::of(path),
        }
    }
}

/// The text files at a path: the file itself, or those in the directory. What was there before is not ours to count.
#[derive(Debug, Default)]
struct Texts(std::collections::BTreeMap<Utf8PathBuf, String>);

impl Texts {
    fn of(path: &Utf8Path) -> Self {
        let files: Vec<Utf8PathBuf> = if path.is_dir() {
            path.read_dir_utf8()
                .into_iter()
                .flatten()
                .flatten()
                .map(|entry| entry.into_path())
                .filter(|path| path.is_file())
                .collect()
        } else {
            vec![path.to_owned()]
        };
        Self(
            files
                .into_iter()
                .filter_map(|file| {
                    Some((file.clone(), String::from_utf8_lossy(&fs_err::read(&file).ok()?).into_owned()))
                })
                .collect(),
        )
    }

    fn since(&self, before: &Self) -> String {
        self.0
            .iter()
            .map(|(path, text)| before.0.get(path).and_then(|old| text.strip_prefix(old.as_str())).unwrap_or(text))
            .collect()
    }
}

fn count_duplicates(log: &str) -> u64 {
    log.matches("Ignoring duplicate module").count() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_wrangler_writes_is_read() {
        let mut deployed = Deployed::default();
        for line in [
            r#"{"type":"wrangler-session","version":1,"wrangler_version":"4.164.0"}"#,
            r#"{"type":"deploy","version_id":"v1","targets":["https://a.test"],"bundle_size":{"raw_bytes":10,"gzip_bytes":5}}"#,
        ] {
            deployed.take(serde_json::from_str(line).unwrap());
        }
        assert_eq!(
            deployed,
            Deployed {
                version_id: Some("v1".into()),
                targets: vec!["https://a.test".into()],
                raw_bytes: Some(10),
                gzip_bytes: Some(5),
                ..Deployed::default()
            }
        );
        let mut dry = Deployed::default();
        dry.take(
            serde_json::from_str(r#"{"type":"deploy","version_id":null,"bundle_size":{"raw_bytes":1,"gzip_bytes":2}}"#)
                .unwrap(),
        );
        assert_eq!((dry.version_id, dry.raw_bytes), (None, Some(1)));
    }

    #[test]
    fn lines_that_were_there_before_are_not_counted() {
        let dir = tempfile::tempdir().unwrap();
        let path = Utf8PathBuf::from_path_buf(dir.path().join("out")).unwrap();
        fs_err::write(&path, "old\n").unwrap();
        let before = Texts::of(&path);
        fs_err::write(&path, "old\nnew\n").unwrap();
        assert_eq!(Texts::of(&path).since(&before), "new\n");
        assert_eq!(count_duplicates("Ignoring duplicate module: a (python)\nIgnoring duplicate module: b (text)\n"), 2);
    }
}
