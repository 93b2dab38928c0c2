//! The arguments that are wrangler's: what saddlebag needs to know of them, and what pywrangler is started with.
//!
//! wrangler parses them with yargs, so they are parsed here by yargs' rules. Order and spelling are kept, nothing after `--`
//! is looked at, and only `--config`, `--cwd`, `--env-file` and a positional script or directory are replaced.

use camino::{Utf8Path, Utf8PathBuf};
use serde::Deserialize;
use std::ffi::{OsStr, OsString};
use std::sync::LazyLock;

#[derive(Debug, Deserialize)]
struct FlagTable {
    value: Vec<String>,
    array: Vec<String>,
    boolean: Vec<String>,
}

/// The one flag that takes two values.
const UPDATE_MODE: &str = "durable-objects-code-update-mode";

static TABLE: LazyLock<FlagTable> = LazyLock::new(|| {
    toml_edit::de::from_str(include_str!("../data/wrangler-flags.toml"))
        .expect("the embedded table parses: a test reads it")
});

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum FlagKind {
    Value,
    Array,
    Boolean,
    Unknown,
}

fn flag_kind(name: &str) -> FlagKind {
    let has = |names: &[String], name: &str| names.iter().any(|known| known == name);
    if has(&TABLE.value, name) {
        FlagKind::Value
    } else if has(&TABLE.array, name) {
        FlagKind::Array
    } else if has(&TABLE.boolean, name) || name.strip_prefix("no-").is_some_and(|name| has(&TABLE.boolean, name)) {
        FlagKind::Boolean
    } else {
        FlagKind::Unknown
    }
}

/// Every flag of the table, without dashes.
pub(crate) fn known_flags() -> impl Iterator<Item = &'static str> {
    TABLE.value.iter().chain(&TABLE.array).chain(&TABLE.boolean).map(String::as_str)
}

/// A flag that is not in `data/wrangler-flags.toml`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct UnknownFlag {
    /// In kebab case, without its dashes.
    pub(crate) name: String,
    /// As it was typed, without its value: `--dryrun`, `-q`.
    pub(crate) typed: String,
}

#[cfg(test)]
pub(crate) fn is_wranglers(name: &str) -> bool {
    flag_kind(name) != FlagKind::Unknown
}

/// Whether a dry run of ours builds the images of containers, as the deploy does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Containers {
    AsGiven,
    Skipped,
}

/// One flag or argument, with the indices of its words.
#[derive(Debug, Clone)]
enum Item {
    Flag { name: String, values: Vec<String>, from: usize, to: usize },
    Positional { at: usize },
}

/// wrangler's arguments.
#[derive(Debug, Clone, Default)]
pub(crate) struct Passthrough {
    /// pywrangler's own flags, from before the command.
    before: Vec<OsString>,
    words: Vec<OsString>,
    items: Vec<Item>,
}

impl Passthrough {
    /// Parses the words as yargs does: `--a b`, `--a=b`, `-a b`, `-ab`, `--aB` for `--a-b`, lists up to the next flag.
    pub(crate) fn read(words: Vec<OsString>) -> Self {
        let mut items = Vec::new();
        let mut at = 0;
        while at < words.len() {
            if words[at] == "--" {
                break;
            }
            let from = at;
            at += 1;
            let Some((name, joined)) = words[from].to_str().and_then(parse_flag) else {
                items.push(Item::Positional { at: from });
                continue;
            };
            let mut values: Vec<String> = joined.into_iter().collect();
            let next = |at: usize| words.get(at).filter(|word| !is_flag(word)).and_then(|word| word.to_str());
            if values.is_empty() {
                match flag_kind(&name) {
                    FlagKind::Value | FlagKind::Unknown => {
                        if let Some(value) = next(at) {
                            values.push(value.to_owned());
                            at += 1;
                        }
                        // `deferred` and a duration: wrangler joins the two words before yargs parses them.
                        if name == UPDATE_MODE && values == ["deferred"] && next(at).is_some() {
                            at += 1;
                        }
                    }
                    FlagKind::Array => {
                        while let Some(value) = next(at) {
                            values.push(value.to_owned());
                            at += 1;
                        }
                    }
                    FlagKind::Boolean => {
                        if let Some(value @ ("true" | "false")) = next(at) {
                            values.push(value.to_owned());
                            at += 1;
                        }
                    }
                }
            }
            items.push(Item::Flag { name, values, from, to: at });
        }
        Self { before: Vec::new(), words, items }
    }

    /// The same, with what stood before the command.
    pub(crate) fn after(self, before: Vec<OsString>) -> Self {
        Self { before, ..self }
    }

    pub(crate) fn before(&self) -> &[OsString] {
        &self.before
    }

    #[cfg(test)]
    pub(crate) fn words(&self) -> &[OsString] {
        &self.words
    }

    /// Whether a flag is there, by its name in kebab case.
    pub(crate) fn has(&self, flag: &str) -> bool {
        self.items.iter().any(|item| matches!(item, Item::Flag { name, .. } if name == flag))
    }

    /// The last value of a flag; `Some("")` for one without a value.
    fn value(&self, names: &[&str]) -> Option<&str> {
        self.items.iter().rev().find_map(|item| match item {
            Item::Flag { name, values, .. } if names.contains(&name.as_str()) => {
                Some(values.last().map_or("", String::as_str))
            }
            Item::Flag { .. } | Item::Positional { .. } => None,
        })
    }

    fn boolean(&self, name: &str) -> bool {
        self.value(&[name]).is_some_and(|value| value != "false")
    }

    pub(crate) fn config(&self) -> Option<&str> {
        self.value(&["config", "c"])
    }

    pub(crate) fn cwd(&self) -> Option<&str> {
        self.value(&["cwd"])
    }

    /// `Some("")` selects the top level explicitly.
    pub(crate) fn env(&self) -> Option<&str> {
        self.value(&["env", "e"])
    }

    pub(crate) fn dry_run(&self) -> bool {
        self.boolean("dry-run")
    }

    pub(crate) fn latest(&self) -> bool {
        self.boolean("latest")
    }

    pub(crate) fn compatibility_date(&self) -> Option<&str> {
        self.value(&["compatibility-date"])
    }

    /// All values of every `--compatibility-flags`.
    pub(crate) fn compatibility_flags(&self) -> Option<Vec<String>> {
        let mut flags = Vec::new();
        for item in &self.items {
            if let Item::Flag { name, values, .. } = item
                && matches!(name.as_str(), "compatibility-flags" | "compatibility-flag")
            {
                flags.extend(values.iter().cloned());
            }
        }
        (!flags.is_empty()).then_some(flags)
    }

    /// The value of `--env-file` that a word holds, if it holds one.
    fn env_file<'a>(&self, index: usize, word: &'a str) -> Option<EnvFile<'a>> {
        let from = self.items.iter().find_map(|item| match item {
            Item::Flag { name, from, to, .. } if name == "env-file" && (*from..*to).contains(&index) => Some(*from),
            Item::Flag { .. } | Item::Positional { .. } => None,
        })?;
        match word.split_once('=') {
            Some((flag, _)) if index == from => {
                let (prefix, path) = word.split_at(flag.len() + 1);
                Some(EnvFile { prefix, path, is_nodes: true })
            }
            _ if index == from => None,
            _ => Some(EnvFile { prefix: "", path: word, is_nodes: index == from + 1 }),
        }
    }

    /// The entry point given on the command line, which overrides `main`: relative to the working directory.
    pub(crate) fn script(&self) -> Option<&str> {
        self.entry().filter(|word| word.ends_with(".py"))
    }

    /// The entry point or the directory of assets: the positional argument, else `--path`, else its old name `--script`
    /// (wrangler's `validateDeployVersionsArgs`).
    pub(crate) fn entry(&self) -> Option<&str> {
        let positional = self.positional().and_then(|at| self.words[at].to_str());
        positional.or_else(|| self.value(&["path"])).or_else(|| self.value(&["script"]))
    }

    /// Removes the first positional argument and returns it.
    pub(crate) fn take_name(&mut self) -> Option<String> {
        let at = self.positional()?;
        let name = self.words[at].to_str()?.to_owned();
        let mut words = std::mem::take(&mut self.words);
        words.remove(at);
        *self = Self::read(words).after(std::mem::take(&mut self.before));
        Some(name)
    }

    fn positional(&self) -> Option<usize> {
        self.items.iter().find_map(|item| match item {
            Item::Positional { at } => Some(*at),
            Item::Flag { .. } => None,
        })
    }

    /// The flags that none of wrangler's upload commands has.
    pub(crate) fn unknown_flags(&self) -> impl Iterator<Item = UnknownFlag> {
        self.items.iter().filter_map(|item| match item {
            Item::Flag { name, from, .. } if flag_kind(name) == FlagKind::Unknown => {
                let word = self.words[*from].to_str()?;
                let typed = match word.starts_with("--") {
                    true => word.split('=').next().unwrap_or(word).to_owned(),
                    false => format!("-{name}"), // the first of `-qv`
                };
                Some(UnknownFlag { name: name.clone(), typed })
            }
            Item::Flag { .. } | Item::Positional { .. } => None,
        })
    }

    pub(crate) fn first_unknown_flag(&self) -> Option<UnknownFlag> {
        self.unknown_flags().next()
    }

    /// Whether the directory of assets is given here and not by the configuration.
    pub(crate) fn names_assets(&self) -> bool {
        self.has("assets") || self.entry().is_some_and(|entry| !entry.ends_with(".py"))
    }

    /// The arguments for pywrangler: the staged configuration, the user's directory, no script (it is the staged main), a
    /// directory of assets made absolute, and everything else as it was.
    ///
    /// `--env-file` is resolved against `process_cwd`: node itself reads that flag, wherever it stands, before wrangler applies
    /// `--cwd`.
    pub(crate) fn for_child(&self, config: &Utf8Path, cwd: &Utf8Path, process_cwd: &Utf8Path) -> Vec<OsString> {
        self.replacing(&["config", "c", "cwd"], config, cwd, process_cwd)
    }

    /// The arguments for a dry run that writes what it would upload to `outdir`.
    pub(crate) fn for_dry_run(
        &self,
        config: &Utf8Path,
        cwd: &Utf8Path,
        process_cwd: &Utf8Path,
        outdir: &Utf8Path,
        containers: Containers,
    ) -> Vec<OsString> {
        let mut replaced = vec!["config", "c", "cwd", "dry-run", "no-dry-run", "outdir", "outfile"];
        let mut out: Vec<OsString> = vec!["--dry-run".into(), "--outdir".into(), outdir.into()];
        if containers == Containers::Skipped {
            replaced.push("containers-rollout");
            out.push("--containers-rollout=none".into());
        }
        out.extend(self.replacing(&replaced, config, cwd, process_cwd));
        out
    }

    /// The arguments without the flags in `replaced`, and with our own `--config` and `--cwd`.
    fn replacing(&self, replaced: &[&str], config: &Utf8Path, cwd: &Utf8Path, process_cwd: &Utf8Path) -> Vec<OsString> {
        let mut out: Vec<OsString> = vec!["--config".into(), config.into(), "--cwd".into(), cwd.into()];
        let names_script = |name: &str, values: &[String]| {
            matches!(name, "path" | "script") && values.last().is_some_and(|value| value.ends_with(".py"))
        };
        let script = self.script().and(self.positional());
        let mut skip = vec![false; self.words.len()];
        for item in &self.items {
            if let Item::Flag { name, values, from, to } = item
                && (replaced.contains(&name.as_str()) || names_script(name, values))
            {
                skip[*from..*to].fill(true);
            }
        }
        for (at, word) in self.words.iter().enumerate() {
            if skip[at] || script == Some(at) {
                continue;
            }
            match word.to_str() {
                Some(text) if self.positional() == Some(at) && cwd.join(text).is_dir() => {
                    out.push(crate::project::resolve(cwd, text).into())
                }
                Some(text) => match self.env_file(at, text) {
                    Some(EnvFile { prefix, path, is_nodes }) => {
                        let from = if is_nodes { process_cwd } else { cwd };
                        out.push(format!("{prefix}{}", crate::project::resolve(from, path)).into())
                    }
                    None => out.push(word.clone()),
                },
                None => out.push(word.clone()),
            }
        }
        out
    }
}

/// A value of `--env-file` in a word.
struct EnvFile<'a> {
    /// `--env-file=`, if the word begins with it.
    prefix: &'a str,
    path: &'a str,
    /// The first value, which node reads too.
    is_nodes: bool,
}

/// Whether a word looks like a flag.
fn is_flag(word: &OsStr) -> bool {
    word.to_str().is_some_and(|word| word.len() > 1 && word.starts_with('-'))
}

/// The flag that a word is: its name in kebab case, and the value joined to it.
fn parse_flag(word: &str) -> Option<(String, Option<String>)> {
    if let Some(long) = word.strip_prefix("--") {
        let (name, value) = match long.split_once('=') {
            Some((name, value)) => (name, Some(value.to_owned())),
            None => (long, None),
        };
        return Some((kebab(name), value));
    }
    let short = word.strip_prefix('-').filter(|short| !short.is_empty())?;
    let mut chars = short.chars();
    let name = chars.next()?.to_string();
    let value = chars.as_str();
    let value = value.strip_prefix('=').unwrap_or(value);
    Some((name, (!value.is_empty()).then(|| value.to_owned())))
}

/// yargs accepts `--dryRun` for `--dry-run`.
fn kebab(name: &str) -> String {
    let mut out = String::with_capacity(name.len() + 2);
    for c in name.chars() {
        if c.is_ascii_uppercase() && !out.is_empty() {
            out.push('-');
        }
        out.push(c.to_ascii_lowercase());
    }
    out
}

/// The working directory: `--cwd`, resolved against that of the process.
pub(crate) fn resolved_cwd(process: &Utf8Path, words: &Passthrough) -> Utf8PathBuf {
    words.cwd().map_or_else(|| process.to_owned(), |cwd| crate::project::resolve(process, cwd))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(words: &[&str]) -> Passthrough {
        Passthrough::read(words.iter().map(OsString::from).collect())
    }

    fn child(words: &[&str]) -> Vec<String> {
        read(words)
            .for_child("/stage/wrangler.toml".into(), "/project".into(), "/here".into())
            .into_iter()
            .skip(4)
            .map(|w| w.into_string().unwrap())
            .collect()
    }

    #[test]
    fn every_spelling_of_config_and_cwd_is_replaced() {
        for words in [
            &["-c", "x.toml"][..],
            &["-cx.toml"],
            &["-c=x.toml"],
            &["--config", "x.toml"],
            &["--config=x.toml"],
            &["--cwd", "app"],
            &["--cwd=app"],
        ] {
            assert_eq!(child(&[words, &["--env", "develop"]].concat()), ["--env", "develop"], "{words:?}");
        }
        assert_eq!(read(&["-cx.toml"]).config(), Some("x.toml"));
    }

    #[test]
    fn script_is_removed_wherever_it_stands_and_a_list_keeps_its_values() {
        assert_eq!(child(&["--name", "n", "src/main.py", "--dry-run"]), ["--name", "n", "--dry-run"]);
        assert_eq!(child(&["--dry-run", "src/main.py"]), ["--dry-run"]);
        assert_eq!(child(&["--var", "A:1", "B:2.py"]), ["--var", "A:1", "B:2.py"]);
        assert_eq!(read(&["--strict", "src/main.py"]).script(), Some("src/main.py"));
        assert_eq!(read(&["--name", "main.py"]).script(), None);
        assert_eq!(child(&["--durable-objects-code-update-mode", "deferred", "30s", "src/main.py"]).len(), 3);
    }

    #[test]
    fn script_under_its_old_names_is_removed_too() {
        for words in
            [&["--script", "a.py"][..], &["--script=a.py"], &["--path", "a.py"], &["--script", "b.py", "--path=a.py"]]
        {
            assert_eq!(
                (child(&[words, &["--name", "n"]].concat()), read(words).script()),
                (vec!["--name".to_owned(), "n".to_owned()], Some("a.py"))
            );
        }
        assert_eq!(child(&["--script", "b.py", "a.py", "--path=c.py"]), Vec::<String>::new());
        assert_eq!(read(&["--script", "b.py", "a.py", "--path=c.py"]).script(), Some("a.py"));
        assert_eq!(child(&["--path", "public"]), ["--path", "public"]);
    }

    #[test]
    fn env_file_becomes_absolute_because_node_reads_it_first() {
        assert_eq!(child(&["--env-file", "a.env", "--name", "n"]), ["--env-file", "/here/a.env", "--name", "n"]);
        assert_eq!(child(&["--env-file=../a.env", "--env-file", "/b"]), ["--env-file=/a.env", "--env-file", "/b"]);
        assert_eq!(child(&["--name", "--env-file-like"]), ["--name", "--env-file-like"]);
        assert_eq!(
            child(&["--env-file", "a", "b.py"]),
            ["--env-file", "/here/a", "/project/b.py"],
            "a list of wrangler's"
        );
    }

    #[test]
    fn nothing_after_the_double_dash_is_touched() {
        assert_eq!(child(&["--", "--config", "x", "a.py"]), ["--", "--config", "x", "a.py"]);
        assert_eq!(read(&["--", "--config", "x"]).config(), None);
    }

    #[test]
    fn empty_environment_differs_from_none() {
        assert_eq!(read(&["--env", ""]).env(), Some(""));
        assert_eq!(read(&["--env="]).env(), Some(""));
        assert_eq!(read(&["-e", "a", "-e", "b"]).env(), Some("b"));
        assert_eq!(read(&[]).env(), None);
    }

    #[test]
    fn booleans_lists_and_camel_case_parse_as_in_yargs() {
        assert!(read(&["--dry-run"]).dry_run());
        assert!(read(&["--dryRun"]).dry_run());
        assert!(read(&["--dry-run=true"]).dry_run());
        assert!(!read(&["--dry-run", "false"]).dry_run());
        assert_eq!(
            read(&["--compatibility-flags", "a", "b", "--compatibility-flag=c"]).compatibility_flags().unwrap(),
            ["a", "b", "c"]
        );
        assert_eq!(read(&["--compatibility-date", "2026-01-01"]).compatibility_date(), Some("2026-01-01"));
    }

    #[test]
    fn unknown_flags_are_passed_on() {
        assert_eq!(child(&["--brand-new", "x", "--y=1", "-z"]), ["--brand-new", "x", "--y=1", "-z"]);
    }
}
