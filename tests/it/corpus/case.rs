//! A case as it is written in `tests/corpus/cases/*.toml`.
//!
//! Receives the files; hands on cases that say all that their kind needs, each with its place. Must never touch a project.

use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Kind {
    /// Must be found, by this gate and no other.
    Fault,
    /// Healthy, however odd: must not be blocked.
    NearMiss,
}

/// The keys are explained in `tests/corpus/README.md`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Case {
    pub(super) name: String,
    pub(super) kind: Kind,
    /// For people: what happens in the runtime, or where it was seen.
    #[serde(default, rename = "why")]
    pub(super) _why: String,
    #[serde(default = "flat")]
    pub(super) project: String,

    pub(super) gate: Option<String>,
    pub(super) code: Option<String>,
    pub(super) level: Option<String>,
    pub(super) subject: Option<String>,
    pub(super) at: Option<String>,
    #[serde(default)]
    pub(super) also: Vec<String>,
    #[serde(default)]
    pub(super) warns: Vec<String>,
    pub(super) exit: Option<i32>,

    #[serde(default)]
    pub(super) remove: Vec<String>,
    #[serde(default)]
    pub(super) copy: BTreeMap<String, String>,
    #[serde(default)]
    pub(super) write: BTreeMap<String, String>,
    #[serde(default)]
    pub(super) bytes: BTreeMap<String, String>,
    #[serde(default)]
    pub(super) fill: BTreeMap<String, Fill>,
    #[serde(default)]
    pub(super) link: BTreeMap<String, String>,
    #[serde(default)]
    pub(super) pyproject: serde_json::Map<String, serde_json::Value>,
    #[serde(default)]
    pub(super) wrangler: serde_json::Map<String, serde_json::Value>,

    #[serde(default)]
    pub(super) without: Vec<String>,
    #[serde(default)]
    pub(super) distribution: BTreeMap<String, Distribution>,
    pub(super) lock: Option<String>,

    #[serde(default)]
    pub(super) env: BTreeMap<String, String>,
    #[serde(default)]
    pub(super) tools: BTreeMap<String, String>,
    #[serde(default)]
    pub(super) words: Vec<String>,

    /// `cases/imports.toml`.
    #[serde(skip)]
    pub(super) place: String,
}

/// A large file of no interest.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Fill {
    pub(super) bytes: u64,
    /// Incompressible; otherwise zeros.
    #[serde(default)]
    pub(super) noise: bool,
}

/// A distribution as pywrangler installs it. METADATA and RECORD are made when it is laid.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Distribution {
    /// Unless the table's own name.
    pub(super) name: Option<String>,
    #[serde(default = "one")]
    pub(super) version: String,
    #[serde(default)]
    pub(super) requires: Vec<String>,
    pub(super) entry_points: Option<String>,
    #[serde(default)]
    pub(super) files: BTreeMap<String, String>,
    /// Base64.
    #[serde(default)]
    pub(super) bytes: BTreeMap<String, String>,
    /// Written over what RECORD vouches for.
    #[serde(default)]
    pub(super) tampered: BTreeMap<String, String>,
}

fn flat() -> String {
    "flat".to_owned()
}

fn one() -> String {
    "1.0".to_owned()
}

pub(super) fn corpus() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus")
}

/// Every case: the base projects as they are first, then the files of cases in the order of their names.
pub(super) fn read_all() -> Vec<Case> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Cases {
        case: Vec<Case>,
    }
    let mut cases: Vec<Case> = listed(&corpus().join("projects")).iter().map(|path| untouched(&stem(path))).collect();
    for path in listed(&corpus().join("cases")) {
        let place = format!("cases/{}", path.file_name().unwrap().to_string_lossy());
        let text = std::fs::read_to_string(&path).unwrap();
        let read: Cases = toml_edit::de::from_str(&text).unwrap_or_else(|error| panic!("{place}: {error}"));
        cases.extend(read.case.into_iter().map(|case| Case { place: place.clone(), ..case }));
    }
    cases.iter().for_each(check);
    cases
}

/// The distributions that every project has vendored.
pub(super) fn distributions() -> BTreeMap<String, Distribution> {
    let text = std::fs::read_to_string(corpus().join("distributions.toml")).unwrap();
    toml_edit::de::from_str(&text).unwrap_or_else(|error| panic!("distributions.toml: {error}"))
}

fn untouched(project: &str) -> Case {
    let text =
        format!("name = \"{project}: the base project as it is\"\nkind = \"near-miss\"\nproject = \"{project}\"\n");
    let case: Case = toml_edit::de::from_str(&text).unwrap();
    Case { place: format!("projects/{project}"), ..case }
}

fn check(case: &Case) {
    let at = format!("{} {:?}", case.place, case.name);
    let codes = case.code.iter().chain(&case.warns);
    for code in codes {
        let gate = code.split('.').next().unwrap();
        assert!(case.gate.as_deref().is_none_or(|own| own == gate), "{at}: `{code}` is of another gate");
    }
    if case.kind == Kind::Fault {
        assert!(case.gate.is_some() && case.code.is_some(), "{at}: a fault names its `gate` and `code`");
        assert!(matches!(case.level.as_deref(), Some("deny" | "warn")), "{at}: a fault has a `level`");
        assert!(case.warns.is_empty(), "{at}: `warns` is for near-misses");
    } else {
        let of_faults = [&case.code, &case.level, &case.subject, &case.at];
        assert!(of_faults.iter().all(|key| key.is_none()) && case.also.is_empty(), "{at}: keys of a fault");
    }
}

fn listed(directory: &Path) -> Vec<PathBuf> {
    let mut paths: Vec<_> = std::fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
}

fn stem(path: &Path) -> String {
    path.file_stem().unwrap().to_string_lossy().into_owned()
}
