//! Reads wrangler's log file and its machine-readable output.
//!
//! Live output is unchanged, locations that the user configured are kept, and anything written before the run is
//! ignored.

use crate::env::Environment;
use crate::error::Result;
use camino::{Utf8Path, Utf8PathBuf};
use regex::Regex;
use serde::Deserialize;
use std::sync::LazyLock;

/// Facts from the output of one wrangler run.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct WranglerOutput {
    pub(crate) version_id: Option<String>,
    pub(crate) targets: Vec<String>,
    /// wrangler's `bundle_size.raw_bytes`; absent before wrangler 4.126 or so.
    pub(crate) raw_bytes: Option<u64>,
    /// wrangler's `bundle_size.gzip_bytes`.
    pub(crate) gzip_bytes: Option<u64>,
    /// The raw figure of `Total Upload`, KiB with two decimals.
    pub(crate) total_kib: Option<f64>,
    /// `Worker Startup Time`, as Cloudflare measured it.
    pub(crate) startup_ms: Option<u64>,
    /// `NAME (TYPE)` of each `Ignoring duplicate module`.
    pub(crate) duplicates: Vec<String>,
    /// All other warnings, unique and without their frames.
    pub(crate) warnings: Vec<String>,
    pub(crate) errors: Vec<String>,
}

/// The fields we use from one line of `WRANGLER_OUTPUT_FILE_PATH`.
#[derive(Debug, Deserialize)]
struct Line {
    r#type: String,
    version_id: Option<String>,
    #[serde(default)]
    targets: Option<Vec<String>>,
    preview_url: Option<String>,
    bundle_size: Option<BundleSize>,
    /// This and the next field are from `command-failed`.
    message: Option<String>,
    code: Option<serde_json::Value>,
}

#[derive(Debug, Deserialize)]
struct BundleSize {
    raw_bytes: u64,
    gzip_bytes: u64,
}

/// The locations wrangler will write to, and their state before it starts.
#[derive(Debug)]
pub(crate) struct LogCapture {
    output: Utf8PathBuf,
    logs: Utf8PathBuf,
    output_before: Texts,
    logs_before: Texts,
    _own: tempfile::TempDir,
}

impl LogCapture {
    /// For a run on behalf of the user: locations that the user configured are kept, others are set to ours.
    ///
    /// # Errors
    /// `Unwritable`: no temporary directory.
    pub(crate) fn beside_the_user(environment: &mut Environment, cwd: &Utf8Path) -> Result<Self> {
        // wrangler prefers the file to the directory, and resolves both against its working directory, the user's.
        let output =
            environment.get("WRANGLER_OUTPUT_FILE_PATH").or_else(|| environment.get("WRANGLER_OUTPUT_FILE_DIRECTORY"));
        let output = output.map(|path| crate::project::resolve(cwd, path));
        let logs = environment.get("WRANGLER_LOG_PATH").map(|path| crate::project::resolve(cwd, path));
        Self::at(environment, output, logs)
    }

    /// For a run of our own: nothing is written to files that the user configured.
    ///
    /// # Errors
    /// `Unwritable`: no temporary directory.
    pub(crate) fn alone(environment: &mut Environment) -> Result<Self> {
        environment.remove("WRANGLER_OUTPUT_FILE_DIRECTORY");
        Self::at(environment, None, None)
    }

    fn at(environment: &mut Environment, output: Option<Utf8PathBuf>, logs: Option<Utf8PathBuf>) -> Result<Self> {
        let own = crate::temporary::directory()?;
        let directory = crate::error::utf8(own.path())?;
        let output = output.unwrap_or_else(|| {
            let path = directory.join("output.ndjson");
            environment.set("WRANGLER_OUTPUT_FILE_PATH", path.as_str());
            path
        });
        let logs = logs.unwrap_or_else(|| {
            // Enable logs in our own directory even if the user disabled them.
            environment.set("WRANGLER_WRITE_LOGS", "true");
            directory.join("logs")
        });
        environment.set("WRANGLER_LOG_PATH", logs.as_str());
        let (output_before, logs_before) = (Texts::of(&output), Texts::of(&logs));
        Ok(Self { output, logs, output_before, logs_before, _own: own })
    }

    /// Parses what was written since the start.
    pub(crate) fn heard(&self) -> WranglerOutput {
        let mut heard = WranglerOutput::default();
        heard.take_log(&Texts::of(&self.logs).since(&self.logs_before));
        let lines = Texts::of(&self.output).since(&self.output_before);
        for line in lines.lines().filter_map(|line| serde_json::from_str::<Line>(line).ok()) {
            heard.take(line);
        }
        heard
    }
}

/// esbuild's markers, which wrangler uses for warnings and errors.
const WARNING: &str = "▲ [WARNING] ";
const ERROR: &str = "✘ [ERROR] ";
const DUPLICATE: &str = "Ignoring duplicate module: ";

/// The head of an entry: `--- 2026-11-21T15:38:09.796Z warn`.
static HEAD: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"(?m)^--- \d{4}-\d\d-\d\dT[\d:.]+Z (\w+)$").expect("the expression is a constant"));
static TOTAL: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"Total Upload: ([\d.]+) KiB").expect("the expression is a constant"));
static STARTUP: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"Worker Startup Time: (\d+) ms").expect("the expression is a constant"));

impl WranglerOutput {
    fn take(&mut self, line: Line) {
        if line.r#type == "command-failed" {
            let code = line.code.filter(|code| !code.is_null());
            let code = code.map_or_else(String::new, |code| format!(" [code: {code}]"));
            self.errors.extend(line.message.map(|message| format!("{message}{code}")));
            return;
        }
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

    /// Adds facts from captured output: wrangler may exit before its log is complete.
    pub(crate) fn take_printed(&mut self, printed: &str) {
        let printed = console::strip_ansi_codes(printed);
        let after = |mark: &str| -> Vec<String> {
            printed
                .lines()
                .filter_map(|line| line.trim().strip_prefix(mark))
                .map(|line| line.trim().to_owned())
                .collect()
        };
        let (duplicates, warnings): (Vec<_>, Vec<_>) =
            after(WARNING).into_iter().partition(|line| line.starts_with(DUPLICATE));
        if duplicates.len() > self.duplicates.len() {
            self.duplicates =
                duplicates.iter().filter_map(|line| Some(line.strip_prefix(DUPLICATE)?.to_owned())).collect();
        }
        for warning in warnings {
            if !self.warnings.iter().any(|known| known.starts_with(&warning)) {
                self.warnings.push(warning);
            }
        }
        if self.errors.is_empty() {
            self.errors = after(ERROR);
        }
        let total = TOTAL.captures(&printed).and_then(|found| found[1].parse().ok());
        self.total_kib = self.total_kib.or(total);
    }

    /// Adds printed errors if they contain more than the errors known so far.
    pub(crate) fn take_printed_errors(&mut self, printed: &str) {
        for error in printed_errors(&console::strip_ansi_codes(printed)) {
            if !self.errors.iter().any(|known| known.contains(&error)) {
                self.errors.push(error);
            }
        }
    }

    /// The entries of wrangler's log (`utils/log-file.ts`): a head, the message, a line of three dashes.
    fn take_log(&mut self, log: &str) {
        let heads: Vec<_> = HEAD.captures_iter(log).filter_map(|found| Some((found.get(0)?, found.get(1)?))).collect();
        for (at, (head, level)) in heads.iter().enumerate() {
            let end = heads.get(at + 1).map_or(log.len(), |(next, _)| next.start());
            let message = bare(&log[head.end()..end]);
            match level.as_str() {
                "warn" => match message.strip_prefix(DUPLICATE) {
                    Some(module) => self.duplicates.push(module.to_owned()),
                    None if !self.warnings.contains(&message) => self.warnings.push(message),
                    None => {}
                },
                "error" => self.errors.push(message),
                "log" | "info" => {
                    let number = |regex: &Regex| Some(regex.captures(&message)?.get(1)?.as_str().to_owned());
                    self.total_kib = number(&TOTAL).and_then(|text| text.parse().ok()).or(self.total_kib);
                    self.startup_ms = number(&STARTUP).and_then(|text| text.parse().ok()).or(self.startup_ms);
                }
                _ => {}
            }
        }
    }
}

/// A message without the closing dashes and without esbuild's marker.
fn bare(entry: &str) -> String {
    let entry = entry.trim();
    let entry = entry.strip_suffix("---").unwrap_or(entry).trim();
    [WARNING, ERROR].iter().find_map(|mark| entry.strip_prefix(mark)).unwrap_or(entry).trim().to_owned()
}

/// Printed errors, each with the lines below it, which contain Cloudflare's message.
fn printed_errors(printed: &str) -> Vec<String> {
    let mut errors: Vec<String> = Vec::new();
    let mut open = false;
    for line in printed.lines() {
        let bare = line.trim();
        if let Some(error) = bare.strip_prefix(ERROR) {
            errors.push(error.trim().to_owned());
            open = true;
        } else if bare.starts_with(WARNING) {
            open = false;
        } else if let Some(error) = errors.last_mut().filter(|_| open) {
            error.push('\n');
            error.push_str(line);
        }
    }
    errors.iter().map(|error| error.trim_end().to_owned()).collect()
}

/// The text files at a path: the file itself, or those in the directory. Existing content is ignored.
#[derive(Debug, Default)]
struct Texts(std::collections::BTreeMap<Utf8PathBuf, String>);

impl Texts {
    fn of(path: &Utf8Path) -> Self {
        let files: Vec<Utf8PathBuf> = if path.is_dir() {
            let entries = path.read_dir_utf8().into_iter().flatten().flatten();
            entries.map(|entry| entry.into_path()).filter(|path| path.is_file()).collect()
        } else {
            vec![path.to_owned()]
        };
        let read =
            |file: Utf8PathBuf| Some((file.clone(), String::from_utf8_lossy(&fs_err::read(&file).ok()?).into_owned()));
        Self(files.into_iter().filter_map(read).collect())
    }

    fn since(&self, before: &Self) -> String {
        self.0
            .iter()
            .map(|(path, text)| before.0.get(path).and_then(|old| text.strip_prefix(old.as_str())).unwrap_or(text))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_wrangler_writes_is_read() {
        let mut heard = WranglerOutput::default();
        for line in [
            r#"{"type":"wrangler-session","version":1,"wrangler_version":"4.164.0"}"#,
            r#"{"type":"deploy","version_id":"v1","targets":["https://a.test"],"bundle_size":{"raw_bytes":10,"gzip_bytes":5}}"#,
        ] {
            heard.take(serde_json::from_str(line).unwrap());
        }
        assert_eq!((heard.version_id.as_deref(), heard.targets.join(" ").as_str()), (Some("v1"), "https://a.test"));
        assert_eq!((heard.raw_bytes, heard.gzip_bytes), (Some(10), Some(5)));
        let mut dry = WranglerOutput::default();
        dry.take(
            serde_json::from_str(r#"{"type":"deploy","version_id":null,"bundle_size":{"raw_bytes":1,"gzip_bytes":2}}"#)
                .unwrap(),
        );
        assert_eq!((dry.version_id, dry.raw_bytes), (None, Some(1)));
    }

    #[test]
    fn the_log_is_read_entry_by_entry_and_loud_words_elsewhere_do_not_count() {
        let entry = |level: &str, message: &str| format!("\n--- 2026-11-21T15:38:09.796Z {level}\n{message}\n---\n");
        let log = [
            entry("debug", "▲ [WARNING] Ignoring duplicate module: not-a-warning (text)"),
            entry("warn", "▲ [WARNING] Ignoring duplicate module: a.py (python)\n\n"),
            entry("warn", "▲ [WARNING] Ignoring duplicate module: b.txt (text)\n\n"),
            entry("warn", "▲ [WARNING] Multiple environments are defined.\n\n  Name one.\n\n"),
            entry("warn", "▲ [WARNING] Multiple environments are defined.\n\n  Name one.\n\n"),
            entry("log", "Total Upload: 10009.53 KiB / gzip: 2539.82 KiB"),
            entry("log", "Worker Startup Time: 412 ms"),
            entry("error", "✘ [ERROR] A request failed. [code: 10021]"),
        ]
        .concat();
        let mut heard = WranglerOutput::default();
        heard.take_log(&log);
        assert_eq!(heard.duplicates, ["a.py (python)", "b.txt (text)"]);
        assert_eq!(heard.warnings, ["Multiple environments are defined.\n\n  Name one."]);
        assert_eq!(heard.errors, ["A request failed. [code: 10021]"]);
        assert_eq!((heard.total_kib, heard.startup_ms), (Some(10009.53), Some(412)));
    }

    #[test]
    fn what_the_log_lost_is_taken_from_what_was_printed() {
        let mut heard = WranglerOutput {
            warnings: vec!["known\n\n  more".into()],
            duplicates: vec!["a".into()],
            ..WranglerOutput::default()
        };
        heard.take_printed("\u{1b}[31m✘ \u{1b}[41;31m[\u{1b}[41;97mERROR\u{1b}[41;31m]\u{1b}[0m \u{1b}[1mUnknown argument: x\u{1b}[0m\n▲ [WARNING] known\n▲ [WARNING] new\n▲ [WARNING] Ignoring duplicate module: a (text)\n  ▲ [WARNING] Ignoring duplicate module: b (text)\nTotal Upload: 1.50 KiB / gzip: 1 KiB\n");
        assert_eq!(heard.errors, ["Unknown argument: x"]);
        assert_eq!(heard.warnings, ["known\n\n  more", "new"]);
        assert_eq!((heard.duplicates.len(), heard.total_kib), (2, Some(1.5)));
        heard.take(serde_json::from_str(r#"{"type":"command-failed","code":10021,"message":"failed."}"#).unwrap());
        assert_eq!(heard.errors[1], "failed. [code: 10021]");
        heard.take_printed_errors("✘ [ERROR] failed.\n\n  Can't start. [code: 10021]\n  \n▲ [WARNING] known\n");
        assert_eq!(heard.errors[2..], ["failed.\n\n  Can't start. [code: 10021]"]);
    }

    #[test]
    fn lines_that_were_there_before_are_not_counted() {
        let dir = tempfile::tempdir().unwrap();
        let path = Utf8PathBuf::from_path_buf(dir.path().join("out")).unwrap();
        fs_err::write(&path, "old\n").unwrap();
        let before = Texts::of(&path);
        fs_err::write(&path, "old\nnew\n").unwrap();
        assert_eq!(Texts::of(&path).since(&before), "new\n");
    }

    #[test]
    fn places_of_the_users_are_kept_and_a_run_of_our_own_leaves_them_alone() {
        let users = Environment::of(&[("WRANGLER_OUTPUT_FILE_PATH", "out"), ("WRANGLER_WRITE_LOGS", "false")]);
        let mut environment = users.clone();
        let ear = LogCapture::beside_the_user(&mut environment, Utf8Path::new("/w")).unwrap();
        assert_eq!((ear.output.as_str(), environment.get("WRANGLER_OUTPUT_FILE_PATH")), ("/w/out", Some("out")));
        assert_eq!(environment.get("WRANGLER_WRITE_LOGS"), Some("true"));
        let mut environment = users;
        environment.set("WRANGLER_OUTPUT_FILE_DIRECTORY", "dir");
        let ear = LogCapture::alone(&mut environment).unwrap();
        assert_eq!(environment.get("WRANGLER_OUTPUT_FILE_PATH"), Some(ear.output.as_str()));
        assert_eq!(environment.get("WRANGLER_OUTPUT_FILE_DIRECTORY"), None);
    }
}
