//! One row of the matrix: a project, what is said on the command line, and how the two deploys may differ.

use crate::project::{Project, Ran, Run, codes, planned};
use crate::rig::{self, Api};
use serde_json::Value;
use std::collections::hash_map::DefaultHasher;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::hash::{Hash, Hasher};
use std::path::{Path, PathBuf};
use std::sync::{LazyLock, Mutex};

/// What most mains end with.
pub(super) const DEFAULT: &str = "from workers import Response, WorkerEntrypoint


class Default(WorkerEntrypoint):
    async def fetch(self, request):
        return Response(\"x\")
";

/// What `.toml` and the like are appended to, after `main`.
pub(super) const BASE: &str =
    "name = \"w\"\ncompatibility_date = \"2026-10-01\"\ncompatibility_flags = [\"python_workers\"]\n";

/// Flags of ours that a case has before the command; plain pywrangler is spared them.
const OURS: [&str; 2] = ["--verbose", "--timings"];

/// How plain pywrangler fares.
enum Plain {
    /// It deploys and the upload boots.
    Boots,
    /// It deploys, and the upload does not boot, with these words.
    Breaks(&'static str),
    /// It ends with an error, with these words.
    Refuses(&'static str),
    /// It deploys something else: this module.
    Uploads(&'static str),
}

pub(super) struct Case {
    pub(super) project: Project,
    words: Vec<&'static str>,
    command: Vec<&'static str>,
    /// Where the project is below the directory that holds `node_modules`.
    home: &'static str,
    cwd: &'static str,
    environment: Vec<(&'static str, String)>,
    credentials: bool,
    /// The API knows the Worker.
    existing: bool,
    python: &'static str,
    synced: bool,
    plain: Plain,
    refused: Option<(i32, &'static str)>,
    /// It is pywrangler who ends with an error, with these words, in the stage as without it.
    refused_alike: Option<&'static str>,
    /// What the custom build writes, into the project as it would without saddlebag.
    builds: Vec<&'static str>,
    plain_first: bool,
    /// In the keep layout: what stands before the names of plain's modules.
    keep: Option<&'static str>,
    gains: Vec<&'static str>,
    entrypoints: Vec<&'static str>,
}

/// Both deploys. `plain` has taken nothing where plain pywrangler refuses.
struct Outcome {
    ran: Ran,
    report: Value,
    ours: Api,
    plain: Api,
}

impl Case {
    /// A project with this `main` and no packages of its own; main is what `imports` writes.
    pub(super) fn new(main: &str) -> Self {
        let case = Self::configured("wrangler.toml", &format!("main = \"{main}\"\n{BASE}"));
        case.project.write(main, DEFAULT);
        case
    }

    /// A project with this configuration and nothing else.
    pub(super) fn configured(name: &str, text: &str) -> Self {
        let project = Project::of(&[
            (name, text),
            ("pyproject.toml", "[project]\nname = \"w\"\nversion = \"0.1.0\"\ndependencies = []\n"),
            ("requirements-runtime.txt", ""),
        ]);
        project.link_wrangler();
        Self {
            project,
            words: Vec::new(),
            command: vec!["deploy"],
            home: "",
            cwd: "",
            environment: Vec::new(),
            credentials: true,
            existing: false,
            python: "3.14",
            synced: false,
            plain: Plain::Boots,
            refused: None,
            refused_alike: None,
            builds: Vec::new(),
            plain_first: false,
            keep: None,
            gains: Vec::new(),
            entrypoints: vec!["Default"],
        }
    }

    /// More of `wrangler.toml`.
    pub(super) fn toml(self, more: &str) -> Self {
        let text = std::fs::read_to_string(self.project.path("wrangler.toml")).unwrap();
        self.file("wrangler.toml", &format!("{text}{more}\n"))
    }

    /// More of `pyproject.toml`.
    pub(super) fn pyproject(self, more: &str) -> Self {
        let text = std::fs::read_to_string(self.project.path("pyproject.toml")).unwrap();
        self.file("pyproject.toml", &format!("{text}{more}\n"))
    }

    pub(super) fn file(self, name: &str, text: &str) -> Self {
        self.project.write(name, text);
        self
    }

    /// Files that hold nothing but `x`.
    pub(super) fn files(self, names: &[&str]) -> Self {
        for name in names {
            self.project.write(name, "x = 1\n");
        }
        self
    }

    /// A main (or any file) that imports these and has the usual handler.
    pub(super) fn imports(self, name: &str, imports: &str) -> Self {
        self.file(name, &format!("{imports}\n{DEFAULT}"))
    }

    /// A symbolic link.
    pub(super) fn link(self, name: &str, target: &str) -> Self {
        let path = self.project.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::os::unix::fs::symlink(target, path).unwrap();
        self
    }

    /// Moves all of it so far into a directory and starts there; `node_modules` stays above.
    pub(super) fn within(mut self, directory: &'static str) -> Self {
        let entries: Vec<_> = std::fs::read_dir(&self.project.root).unwrap().flatten().collect();
        let home = self.project.path(directory);
        std::fs::create_dir_all(&home).unwrap();
        for entry in entries.iter().filter(|entry| entry.file_name() != "node_modules") {
            std::fs::rename(entry.path(), home.join(entry.file_name())).unwrap();
        }
        (self.home, self.cwd) = (directory, directory);
        self
    }

    /// Further words of the command line, the same for both.
    pub(super) fn words(mut self, words: &[&'static str]) -> Self {
        self.words = words.to_vec();
        self
    }

    /// Instead of `deploy`; pywrangler's own flags and ours may stand before it.
    pub(super) fn command(mut self, command: &[&'static str]) -> Self {
        self.command = command.to_vec();
        self
    }

    /// The working directory, relative to the project.
    pub(super) fn cwd(mut self, directory: &'static str) -> Self {
        std::fs::create_dir_all(self.project.path(directory)).unwrap();
        self.cwd = directory;
        self
    }

    pub(super) fn env(mut self, name: &'static str, value: &str) -> Self {
        self.environment.push((name, value.to_owned()));
        self
    }

    /// The Worker was deployed before.
    pub(super) fn existing(mut self) -> Self {
        self.existing = true;
        self
    }

    /// Nothing in the environment says who deploys.
    pub(super) fn no_credentials(mut self) -> Self {
        self.credentials = false;
        self
    }

    /// Vendored for another Python.
    pub(super) fn python(mut self, python: &'static str) -> Self {
        self.python = python;
        self
    }

    /// Plain pywrangler syncs for itself, which leaves the whole of `.venv-workers` behind; else it finds what it made for
    /// another project.
    pub(super) fn synced_by_itself(mut self) -> Self {
        self.synced = true;
        self
    }

    /// Packages for both, by their requirements; pywrangler has to sync them itself.
    pub(super) fn requires(mut self, requirement: &str) -> Self {
        self.synced = true;
        let text = std::fs::read_to_string(self.project.path("pyproject.toml")).unwrap();
        let text = text.replace("dependencies = []", &format!("dependencies = [\"{requirement}\"]"));
        self.file("pyproject.toml", &text).file("requirements-runtime.txt", &format!("{requirement}\n"))
    }

    pub(super) fn builds(mut self, names: &[&'static str]) -> Self {
        self.builds = names.to_vec();
        self
    }

    /// saddlebag meets what a deploy with plain pywrangler left in the project.
    pub(super) fn plain_first(mut self) -> Self {
        self.plain_first = true;
        self
    }

    pub(super) fn plain_breaks(mut self, words: &'static str) -> Self {
        self.plain = Plain::Breaks(words);
        self
    }

    pub(super) fn plain_refuses(mut self, words: &'static str) -> Self {
        self.plain = Plain::Refuses(words);
        self
    }

    /// Plain pywrangler deploys what is no Python Worker.
    pub(super) fn plain_uploads(mut self, main_module: &'static str) -> Self {
        self.plain = Plain::Uploads(main_module);
        self
    }

    /// saddlebag ends with this code and this error or finding, and uploads nothing.
    pub(super) fn refused(mut self, code: i32, what: &'static str) -> Self {
        self.refused = Some((code, what));
        self
    }

    /// Plain pywrangler ends with an error, with these words, and so does the one that saddlebag starts.
    pub(super) fn both_refuse(mut self, words: &'static str) -> Self {
        (self.plain, self.refused_alike) = (Plain::Refuses(words), Some(words));
        self
    }

    /// saddlebag keeps the namespace: `prefix` stands before the names of plain's modules, and a shim is the main module.
    pub(super) fn keep(mut self, prefix: &'static str) -> Self {
        self.keep = Some(prefix);
        self
    }

    /// Modules that only saddlebag uploads.
    pub(super) fn gains(mut self, names: &[&'static str]) -> Self {
        self.gains = names.to_vec();
        self
    }

    pub(super) fn entrypoints(mut self, names: &[&'static str]) -> Self {
        self.entrypoints = names.to_vec();
        self
    }

    /// saddlebag first, so that it meets the project as it is; then plain pywrangler, which writes into it.
    pub(super) fn run(self) {
        let existing: &[&str] = if self.existing { &["--existing"] } else { &[] };
        let (ours, plain) = (Api::start(existing), Api::start(existing));
        if self.plain_first {
            self.deploy_plainly(&plain);
        }
        let before = self.tree();
        // Ours stand before a `--`: nothing behind it is.
        let end = self.words.iter().position(|word| *word == "--").unwrap_or(self.words.len());
        let words = [&self.command[..], &self.words[..end], &["--format", "json"], &self.words[end..]].concat();
        let ran = self.equipped(self.project.saddlebag(&words).on_rig(), &ours).run();
        assert_eq!(self.tree(), before, "saddlebag changed the project");
        let alike = i32::from(self.refused_alike.is_some());
        let ran = ran.expect(self.refused.map_or(alike, |(code, _)| code));
        let report = ran.json();
        if !self.plain_first {
            self.deploy_plainly(&plain);
        }
        let outcome = Outcome { ran, report, ours, plain };
        match (self.refused, self.refused_alike) {
            (Some((_, what)), _) => assert_refused(&outcome, what),
            (None, Some(words)) => assert_refused_alike(&outcome, words),
            (None, None) => self.compare(&outcome),
        }
        if let Plain::Uploads(name) = self.plain {
            assert_eq!(outcome.plain.metadata()["main_module"], name);
        }
        if let Plain::Breaks(words) = self.plain {
            let boot = booted(&outcome.plain, self.python);
            assert_eq!(boot["ok"], false, "plain pywrangler's upload boots");
            assert!(boot["error"].as_str().unwrap().contains(words), "{boot}");
        }
    }

    /// The same with `--dry-run --outdir`: what is written there, and what wrangler asks a Docker that only writes down
    /// what it is asked. Of a plain, flat project.
    pub(super) fn run_dry(mut self, said: &str) -> Dry {
        self.words = [&self.words[..], &["--dry-run", "--outdir", "built"]].concat();
        let docker = crate::fake::directory();
        let asked = docker.path().join("asked");
        let body = format!("{{ echo \"$PWD: $*\"; case \" $* \" in *' -f - '*) cat ;; esac; }} >> {}", asked.display());
        let docker = crate::fake::script(docker.path(), "docker", &body);
        let api = Api::start(&[]);
        let build = |run: Run| {
            let ran = self.equipped(run, &api).env("WRANGLER_DOCKER_BIN", &docker).run().expect(0);
            assert_said(&ran, said);
            let built = self.project.path(self.cwd).join("built");
            let files = files(&built);
            std::fs::remove_dir_all(built).unwrap();
            let docker = std::fs::read_to_string(&asked).unwrap_or_default();
            let _ = std::fs::remove_file(&asked);
            (ran, files, docker)
        };
        let before = self.tree();
        let words = [&self.command[..], &self.words, &["--format", "json"]].concat();
        let (ran, ours, asked_by_us) = build(self.project.saddlebag(&words).on_rig());
        assert_eq!(self.tree(), before, "saddlebag changed the project");
        lay_in(&self.project.path(self.home), self.python);
        let words = [&self.command[..], &self.words].concat();
        let (_, plain, asked_by_plain) = build(rig::pywrangler(&self.project.root, &words));
        let dropped: BTreeSet<String> = names(&ran.json()["dropped"]);
        let expected: BTreeMap<_, _> = plain
            .into_iter()
            .filter(|(name, _)| ours.contains_key(name) || !(dropped.contains(name) || is_pywranglers_mark(name)))
            .map(
                |(name, content)| {
                    if dropped.contains(&name) { (name.clone(), ours[&name].clone()) } else { (name, content) }
                },
            )
            .collect();
        assert_eq!(ours.keys().collect::<Vec<_>>(), expected.keys().collect::<Vec<_>>());
        assert!(ours == expected, "the content of a file differs");
        assert_eq!(untagged(&asked_by_us), untagged(&asked_by_plain));
        assert_eq!(api.requests(), Vec::<String>::new());
        Dry { files: ours.into_keys().collect(), docker: asked_by_us }
    }

    /// The project, less what its own build writes.
    fn tree(&self) -> BTreeMap<PathBuf, Option<Vec<u8>>> {
        let mut tree = self.project.snapshot();
        tree.retain(|path, _| !self.builds.iter().any(|built| path == Path::new(built)));
        tree
    }

    fn equipped(&self, run: Run, api: &Api) -> Run {
        let run = run.within(&self.project.path(self.cwd)).env("CLOUDFLARE_API_BASE_URL", api.url());
        let run = if self.credentials { run.against(api) } else { run };
        self.environment.iter().fold(run, |run, (name, value)| run.env(name, value))
    }

    fn deploy_plainly(&self, api: &Api) {
        if !self.synced {
            lay_in(&self.project.path(self.home), self.python);
        }
        let command = self.command.iter().filter(|word| !OURS.contains(word)).copied().collect::<Vec<_>>();
        let words = [&command[..], &self.words].concat();
        let ran = self.equipped(rig::pywrangler(&self.project.root, &words), api).run();
        if let Plain::Refuses(words) = self.plain {
            assert_ne!(ran.code, 0, "plain pywrangler deploys\n{}", ran.stdout);
            assert_said(&ran, words);
            assert!(api.requests().iter().all(|request| request.starts_with("GET")), "{:?}", api.requests());
        } else {
            ran.expect(0);
        }
    }

    fn compare(&self, outcome: &Outcome) {
        let Outcome { report, ours, plain, .. } = outcome;
        assert_eq!(ours.modules(), planned(report), "the upload is not what was planned");
        if self.command != ["preview"] {
            // Of a preview wrangler says no size.
            assert_eq!(report["deploy"]["raw_bytes"], report["bundle"]["raw_bytes"]);
        }
        assert_eq!(report["exit"]["origin"], "pywrangler");
        assert_eq!(report["target"]["compatibility_date"], ours.metadata()["compatibility_date"]);
        let namespace = if self.keep.is_some() { "keep" } else { "flat" };
        assert_eq!(report["project"]["namespace"], namespace);
        self.assert_boots(ours);
        if let Plain::Refuses(_) = self.plain {
            return;
        }
        self.assert_same_modules(outcome);
        assert_same_metadata(ours.metadata(), plain.metadata(), self.keep.is_some());
        assert_eq!(requests(ours), requests(plain), "other requests");
        // A flat upload is plain's own, byte for byte but for what was dropped: that it boots says that the other does.
        if let (Plain::Boots, Some(_)) = (&self.plain, self.keep) {
            self.assert_boots(plain);
        }
    }

    fn assert_boots(&self, api: &Api) {
        let boot = booted(api, self.python);
        assert_eq!(boot["ok"], true, "{boot:#}");
        let mut found: Vec<_> =
            boot["entrypoints"].as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect();
        found.sort_unstable();
        assert_eq!(found, self.entrypoints);
    }

    /// Name for name, type for type, and byte for byte what is not slimmed.
    fn assert_same_modules(&self, outcome: &Outcome) {
        let (ours, plain) = (parts(&outcome.ours), parts(&outcome.plain));
        let dropped = names(&outcome.report["dropped"]);
        let mut expected = BTreeMap::new();
        for (name, part) in plain {
            let name = match self.keep {
                Some(prefix) if !name.starts_with("python_modules/") => format!("{prefix}{name}"),
                _ => name,
            };
            let slimmed = ours.contains_key(&name) && dropped.contains(&name);
            if slimmed {
                expected.insert(name.clone(), ours[&name].clone());
            } else if !dropped.contains(&name) && !is_pywranglers_mark(&name) {
                expected.insert(name, part);
            }
        }
        let shim = self.keep.map(|_| outcome.report["bundle"]["main_module"].as_str().unwrap());
        for name in self.gains.iter().copied().chain(shim) {
            let part = ours.get(name).unwrap_or_else(|| panic!("`{name}` is not in the upload"));
            expected.insert(name.to_owned(), part.clone());
        }
        let typed = |parts: &BTreeMap<String, Part>| {
            parts.iter().map(|(name, part)| format!("{name} {}", part.content_type)).collect::<Vec<_>>()
        };
        assert_eq!(typed(&ours), typed(&expected), "ours, and what plain's should have become");
        for (name, part) in &ours {
            assert!(part.content == expected[name].content, "the content of `{name}` differs");
        }
    }
}

/// What a dry run left.
pub(super) struct Dry {
    /// The names in `--outdir`.
    pub(super) files: Vec<String>,
    /// What Docker was asked: the directory and the words, and the Dockerfile where it came by stdin.
    pub(super) docker: String,
}

fn files(directory: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = walkdir::WalkDir::new(directory).into_iter().map(Result::unwrap);
    entries
        .filter(|entry| entry.file_type().is_file())
        .map(|entry| {
            let name = entry.path().strip_prefix(directory).unwrap().to_str().unwrap().to_owned();
            // It says when it was made.
            let content = if name == "README.md" { Vec::new() } else { std::fs::read(entry.path()).unwrap() };
            (name, content)
        })
        .collect()
}

/// wrangler gives each image that it builds a tag by chance.
fn untagged(docker: &str) -> String {
    let words = docker.split(' ').map(|word| word.split_once(":wrangler-").map_or(word, |(name, _)| name));
    words.collect::<Vec<_>>().join(" ")
}

/// The names of a report's list.
fn names(list: &Value) -> BTreeSet<String> {
    list.as_array().unwrap().iter().map(|file| file["name"].as_str().unwrap().to_owned()).collect()
}

/// What pywrangler puts beside the packages for itself: the tokens, uv's marker, and with `main` at the root its own
/// virtual environment.
fn is_pywranglers_mark(name: &str) -> bool {
    ["python_modules/.synced", "python_modules/pyvenv.cfg"].contains(&name) || name.starts_with(".venv-workers/")
}

/// All of it, but for the name of the entry module where a shim stands before the user's.
fn assert_same_metadata(mut ours: Value, mut plain: Value, keep: bool) {
    assert_eq!(ours["bindings"], plain["bindings"]);
    if keep {
        (ours["main_module"], plain["main_module"]) = (Value::Null, Value::Null);
    }
    assert_eq!(ours, plain);
}

fn assert_refused(outcome: &Outcome, what: &str) {
    let report = &outcome.report;
    let found: Vec<String> = report["gates"]
        .as_array()
        .into_iter()
        .flatten()
        .flat_map(|gate| codes(report, gate["id"].as_str().unwrap()))
        .chain(report["error"]["code"].as_str().map(str::to_owned))
        .collect();
    assert!(found.iter().any(|code| code == what), "{found:?} has no `{what}`\n{}", outcome.ran.stderr);
    assert_eq!(outcome.ours.requests(), Vec::<String>::new());
}

fn assert_refused_alike(outcome: &Outcome, words: &str) {
    assert_eq!(outcome.report["exit"]["origin"], "pywrangler");
    assert_said(&outcome.ran, words);
    assert_eq!(requests(&outcome.ours), requests(&outcome.plain));
}

/// Sorted: wrangler asks for databases, buckets and queues all at once, and who answers first differs from run to run.
fn requests(api: &Api) -> Vec<String> {
    let mut requests = api.requests();
    requests.sort();
    requests
}

fn assert_said(ran: &Ran, words: &str) {
    // pywrangler's log breaks lines where the terminal would end.
    let said = format!("{}{}", ran.stdout, ran.stderr).split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(said.contains(words), "{said}");
}

#[derive(Clone, PartialEq, Eq)]
struct Part {
    content_type: String,
    content: Vec<u8>,
}

/// The modules of an upload by name, with their type.
fn parts(api: &Api) -> BTreeMap<String, Part> {
    let listing = std::fs::read_to_string(api.parts().with_file_name("parts.jsonl")).unwrap();
    let rows = listing.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    rows.filter(|row| row["name"] != "metadata")
        .map(|row| {
            let name = row["name"].as_str().unwrap().to_owned();
            let content = std::fs::read(api.parts().join(&name)).unwrap();
            (name, Part { content_type: row["content_type"].as_str().unwrap().to_owned(), content })
        })
        .collect()
}

/// The boot of an upload. The same bytes boot the same, and many cases upload the same.
fn booted(api: &Api, python: &str) -> Value {
    static BOOTS: LazyLock<Mutex<HashMap<u64, Value>>> = LazyLock::new(Mutex::default);
    let mut hasher = DefaultHasher::new();
    (python, api.metadata()["main_module"].as_str()).hash(&mut hasher);
    for (name, part) in parts(api) {
        (name, part.content).hash(&mut hasher);
    }
    let key = hasher.finish();
    if let Some(boot) = BOOTS.lock().unwrap().get(&key) {
        return boot.clone();
    }
    let boot = api.boot(python);
    BOOTS.lock().unwrap().insert(key, boot.clone());
    boot
}

/// Gives the project what `pywrangler sync` makes of no requirements, with fresh tokens, as any deploy but the first
/// finds it.
fn lay_in(root: &Path, python: &str) {
    let synced = synced(python);
    let _ = std::fs::remove_dir_all(root.join("python_modules"));
    crate::project::copy(&synced.join("python_modules"), &root.join("python_modules"));
    std::fs::create_dir_all(root.join(".venv-workers")).unwrap();
    // After everything else: a token is fresh if it is younger than the project.
    for token in ["python_modules/.synced", ".venv-workers/.synced"] {
        std::fs::copy(synced.join(token), root.join(token)).unwrap();
    }
}

/// A project that pywrangler has synced, one for each Python and each state of the rig, kept between runs.
fn synced(python: &str) -> PathBuf {
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let _turn = ONE_AT_A_TIME.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    let stamp = std::fs::read(rig::home().join("stamp")).unwrap();
    let mut hasher = DefaultHasher::new();
    (stamp, python).hash(&mut hasher);
    let home = Path::new(env!("CARGO_TARGET_TMPDIR")).join("synced");
    let place = home.join(format!("{:016x}", hasher.finish()));
    if !place.exists() {
        let date = if python == "3.13" { "2026-06-01" } else { "2026-10-01" };
        let project = Project::of(&[
            (
                "wrangler.toml",
                &format!("compatibility_date = \"{date}\"\ncompatibility_flags = [\"python_workers\"]\n"),
            ),
            ("pyproject.toml", "[project]\nname = \"w\"\nversion = \"0.1.0\"\ndependencies = []\n"),
        ]);
        rig::pywrangler(&project.root, &["sync"]).run().expect(0);
        std::fs::create_dir_all(&home).unwrap();
        let finished = tempfile::tempdir_in(&home).unwrap();
        crate::project::copy(&project.path("python_modules"), &finished.path().join("python_modules"));
        std::fs::create_dir(finished.path().join(".venv-workers")).unwrap();
        std::fs::copy(project.path(".venv-workers/.synced"), finished.path().join(".venv-workers/.synced")).unwrap();
        // Another process may have been quicker; then that one's is as good.
        let _ = std::fs::rename(finished.keep(), &place);
    }
    place
}
