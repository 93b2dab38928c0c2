//! The lines for Make and the workflow for GitHub Actions, filled in for one project.
//!
//! The workflow has two jobs: one for pull requests that sees no secret, and one that deploys main. Every value is quoted for
//! the shell, Make or YAML that reads it.

use camino::{Utf8Path, Utf8PathBuf};

const MAKEFILE: &str = include_str!("../../../templates/Makefile.snippet");
const WORKFLOW: &str = include_str!("../../../templates/workflow.yml");
const STEPS: &str = include_str!("../../../templates/workflow_steps.yml");

/// Names of live environments.
const LIVE: [&str; 7] = ["production", "prod", "live", "main", "master", "release", "prd"];
/// Names of environments to try things in, in order of preference.
const TRIAL: [&str; 12] =
    ["develop", "dev", "development", "staging", "stage", "stg", "preview", "test", "testing", "sandbox", "qa", "beta"];

/// The environments of the configuration, and the one that the generated lines use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Environments {
    pub(crate) names: Vec<String>,
    /// `None`: the top level.
    pub(crate) used: Option<String>,
}

impl Environments {
    /// `used`: what the user chose; `None` is the top level.
    pub(crate) fn chosen(names: Vec<String>, used: Option<String>) -> Self {
        Self { names, used }
    }

    /// One that is not live, if there is one: `make check` or a push should not reach users by default.
    pub(crate) fn preferred(names: Vec<String>) -> Self {
        let trial = TRIAL.iter().find_map(|trial| names.iter().find(|name| name.eq_ignore_ascii_case(trial)));
        let used = trial.or_else(|| names.iter().find(|name| !is_live(name))).or(names.first()).cloned();
        Self { names, used }
    }

    /// Whether the environment that is used is live; the top level is.
    fn is_live(&self) -> bool {
        self.used.as_deref().is_none_or(is_live)
    }

    /// The live environment, if another one is used.
    fn other_live(&self) -> Option<&str> {
        let live = LIVE.iter().find_map(|live| self.names.iter().find(|name| name.eq_ignore_ascii_case(live)));
        live.or(self.names.iter().find(|name| is_live(name))).map(String::as_str).filter(|_| !self.is_live())
    }
}

/// Whether an environment is live by its name: `production`, `prod-eu`.
fn is_live(name: &str) -> bool {
    name.split(|c: char| !c.is_ascii_alphanumeric()).any(|word| LIVE.iter().any(|live| word.eq_ignore_ascii_case(live)))
}

/// What the templates are filled in with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Facts {
    /// The path of the wrangler configuration, from the project's root.
    pub(super) config: String,
    pub(super) environments: Environments,
    /// The project's directory in its repository; empty if it is the root.
    pub(super) directory: String,
    /// The directory with `package.json`, relative to the project's.
    pub(super) package: Option<Package>,
    /// Whether the project declares workers-py, so that `uv run` provides pywrangler.
    pub(super) declares_pywrangler: bool,
    /// Whether there is a lock.
    pub(super) locked: bool,
}

/// Where npm installs from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Package {
    /// Relative to the project: `.`, `..`.
    pub(super) directory: String,
    /// Its `package-lock.json`, relative to the repository, if there is one.
    pub(super) lock: Option<String>,
}

impl Facts {
    /// Reads the directories around the project: `repository` is the nearest directory at or above `root` with a `.git`, else `root`.
    pub(super) fn of(root: &Utf8Path, repository: &Utf8Path, config: String, environments: Environments) -> Self {
        let inside = |path: &Utf8Path| path.strip_prefix(repository).map(Utf8Path::to_string).unwrap_or_default();
        let above = root.ancestors().take_while(|directory| directory.starts_with(repository));
        let package = above.enumerate().find(|(_, directory)| directory.join("package.json").is_file());
        let package = package.map(|(up, directory)| {
            let lock: Utf8PathBuf = directory.join("package-lock.json");
            Package {
                directory: if up == 0 { ".".to_owned() } else { vec![".."; up].join("/") },
                lock: lock.is_file().then(|| inside(&lock)),
            }
        });
        Self { config, environments, directory: inside(root), package, declares_pywrangler: false, locked: false }
    }

    /// ` --locked --env NAME`, quoted for a shell.
    fn flags(&self, environment: Option<&str>) -> String {
        let locked = if self.locked { " --locked" } else { "" };
        format!("{locked}{}", environment.map_or_else(String::new, env_flag))
    }
}

/// The commands to run next, in order.
pub(super) fn next(facts: &Facts) -> Vec<String> {
    let lock = (!facts.locked).then(|| "saddlebag lock".to_owned());
    let used = facts.environments.used.as_deref();
    lock.into_iter().chain([format!("saddlebag check{}", used.map_or_else(String::new, env_flag))]).collect()
}

/// The nearest directory at or above with a `.git`, else the directory itself.
pub(super) fn repository(root: &Utf8Path) -> &Utf8Path {
    root.ancestors().find(|directory| directory.join(".git").exists()).unwrap_or(root)
}

pub(super) fn makefile(facts: &Facts) -> String {
    let flag = |name: Option<&str>| facts.flags(name).replace('$', "$$");
    let rules: Vec<(String, Option<&str>)> = match &facts.environments.names[..] {
        [] => vec![("deploy".to_owned(), None)],
        names => names.iter().map(|name| (target(name), Some(name.as_str()))).collect(),
    };
    let targets: Vec<&str> = rules.iter().map(|(target, _)| target.as_str()).collect();
    let (head, rest) = MAKEFILE.split_once("#each environment\n").unwrap_or((MAKEFILE, ""));
    let rule = rest.split_once("#end").map_or(rest, |(rule, _)| rule);
    let mut text =
        head.replace("%TARGETS%", &targets.join(" ")).replace("%FLAGS%", &flag(facts.environments.used.as_deref()));
    for (target, name) in &rules {
        text.push_str(&rule.replace("%TARGET%", target).replace("%FLAGS%", &flag(*name)));
    }
    text.trim_end().to_owned() + "\n"
}

/// `deploy-develop`, in characters that mean nothing to Make.
fn target(environment: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || matches!(c, '-' | '_') { c } else { '-' };
    format!("deploy-{}", environment.chars().map(plain).collect::<String>())
}

pub(super) fn workflow(facts: &Facts) -> String {
    let package = facts.package.as_ref();
    let lock = package.and_then(|package| package.lock.as_deref());
    let install = if lock.is_some() { "ci" } else { "install" };
    let prefix =
        package.filter(|package| package.directory != ".").map(|package| format!(" --prefix {}", package.directory));
    let holds = |condition: &str| match condition {
        "directory" => !facts.directory.is_empty(),
        "package-lock" => lock.is_some(),
        "package-json" => package.is_some(),
        "pywrangler" => !facts.declares_pywrangler,
        "live" => facts.environments.is_live(),
        "other-live" => facts.environments.other_live().is_some(),
        _ => false,
    };
    let environments = match &facts.environments.names[..] {
        [] => "none".to_owned(),
        names => names.join(", "),
    };
    let used = facts.environments.used.as_deref();
    let other = facts.environments.other_live();
    let approved = other.or(used).unwrap_or("production");
    let (check, deploy) = (
        lines_that_hold(STEPS, holds),
        lines_that_hold(STEPS, holds).replace("%ENV%", &other.map_or_else(String::new, env_flag)),
    );
    let text = lines_that_hold(&WORKFLOW.replace("#live-steps\n", &deploy).replace("#steps\n", &check), holds);
    let one_line = |text: &str| text.chars().filter(|c| !c.is_control()).collect::<String>();
    // A JSON string is a YAML string.
    let quoted = |text: &str| serde_json::Value::from(text).to_string();
    text.replace("%DIRECTORY%", &quoted(&facts.directory))
        .replace("%PACKAGE_LOCK%", &quoted(lock.unwrap_or_default()))
        .replace("%INSTALL%", &format!("{install}{}", prefix.unwrap_or_default()))
        .replace("%CONFIG%", &one_line(&facts.config))
        .replace("%ENVIRONMENTS%", &one_line(&environments))
        .replace("%GITHUB_ENVIRONMENT%", &quoted(approved))
        .replace("%LIVE_FLAGS%", &facts.flags(other))
        .replace("%FLAGS%", &facts.flags(used))
        .replace("%ENV%", &used.map_or_else(String::new, env_flag))
}

/// ` --env NAME`, quoted for a shell.
fn env_flag(name: &str) -> String {
    let name: String = name.chars().filter(|c| !c.is_control()).collect();
    format!(" --env {}", shell_words::quote(&name))
}

/// The lines whose `#if` condition holds, without the `#if` and `#end` lines.
fn lines_that_hold(text: &str, holds: impl Fn(&str) -> bool) -> String {
    let mut open = true;
    let mut out = String::new();
    for line in text.split_inclusive('\n') {
        match (line.trim_end().strip_prefix("#if "), line.trim_end()) {
            (Some(condition), _) => open = holds(condition),
            (None, "#end") => open = true,
            (None, _) if open => out.push_str(line),
            (None, _) => {}
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::{self, Invocation};
    use serde_json::Value;
    use std::ffi::OsString;

    fn facts(environments: &[&str], directory: &str, package: bool) -> Facts {
        Facts {
            config: "wrangler.toml".to_owned(),
            environments: Environments::preferred(environments.iter().map(|name| (*name).to_owned()).collect()),
            directory: directory.to_owned(),
            package: package.then(|| Package { directory: "..".into(), lock: Some("package-lock.json".into()) }),
            declares_pywrangler: !package,
            locked: package,
        }
    }

    fn all() -> Vec<Facts> {
        vec![
            facts(&[], "", false),
            facts(&["develop"], "", true),
            facts(&["develop", "staging", "Production"], "workers/my api", true),
            facts(&["it's: a #trap", "$(x) $HOME"], "a: b", false),
        ]
    }

    /// Every shell line of a workflow, by job.
    fn lines(workflow: &Value) -> Vec<(String, String)> {
        let mut found = Vec::new();
        for (job, definition) in workflow["jobs"].as_object().unwrap() {
            for step in definition["steps"].as_array().unwrap() {
                let text = step["run"].as_str().unwrap_or_default();
                found.extend(text.lines().map(|line| (job.clone(), line.to_owned())));
            }
        }
        found
    }

    #[track_caller]
    fn assert_is_ours(line: &str) {
        let words: Vec<OsString> = shell_words::split(line).unwrap().into_iter().map(OsString::from).collect();
        assert_eq!(words[0], "saddlebag");
        let own = cli::parse(words[1..].to_vec());
        assert!(matches!(own, Ok(Invocation::Own(_))), "{line}: {own:?}");
    }

    #[test]
    fn the_workflow_is_yaml_and_its_commands_are_ours() {
        for facts in all() {
            let text = workflow(&facts);
            let parsed: Value = serde_saphyr::from_str(&text).unwrap_or_else(|error| panic!("{error}\n{text}"));
            assert!(!text.contains('%') && !text.contains("#if") && !text.contains("#steps"), "{text}");
            let ours: Vec<(String, String)> =
                lines(&parsed).into_iter().filter(|(_, line)| line.starts_with("saddlebag")).collect();
            let release = facts.environments.other_live();
            assert_eq!(ours.len(), if release.is_some() { 6 } else { 4 }, "{ours:?}");
            for (job, line) in &ours {
                assert_is_ours(line);
                let words = shell_words::split(line).unwrap();
                assert_eq!(
                    words.last().map(String::as_str).filter(|_| words.contains(&"--env".into())),
                    if job == "release" { release } else { facts.environments.used.as_deref() },
                    "{job}"
                );
                assert_eq!(words.contains(&"--locked".into()), facts.locked && words[1] != "doctor", "{line}");
            }
            assert_eq!(parsed["defaults"]["run"]["working-directory"].as_str().unwrap_or_default(), facts.directory);
        }
    }

    #[test]
    fn only_the_job_that_deploys_sees_a_secret_and_nothing_may_write() {
        for facts in all() {
            let parsed: Value = serde_saphyr::from_str(&workflow(&facts)).unwrap();
            assert_eq!(parsed["permissions"], serde_json::json!({ "contents": "read" }));
            let check = parsed["jobs"]["check"].to_string();
            assert!(!check.contains("secrets.") && !check.contains("CLOUDFLARE"), "{check}");
            let jobs: Vec<&str> = parsed["jobs"].as_object().unwrap().keys().map(String::as_str).collect();
            for job in jobs.iter().filter(|job| **job != "check") {
                let deploy = &parsed["jobs"][*job];
                assert!(deploy["if"].as_str().unwrap().contains("refs/heads/main"));
                let with_secrets =
                    deploy["steps"].as_array().unwrap().iter().filter(|step| step.to_string().contains("secrets."));
                assert_eq!(with_secrets.count(), 1, "no other step of the job has them");
            }
            for job in jobs {
                for step in parsed["jobs"][job]["steps"].as_array().unwrap() {
                    if let Some(uses) = step["uses"].as_str() {
                        let (_, version) = uses.split_once("@v").unwrap();
                        assert!(version.parse::<u32>().is_ok(), "a major tag: {uses}");
                    }
                }
            }
        }
    }

    #[test]
    fn what_is_not_live_is_used_and_what_is_live_waits_for_approval() {
        for (names, used, approved) in [
            (&["production", "staging", "develop"][..], Some("develop"), Some("production")),
            (&["Prod", "eu-test"], Some("eu-test"), Some("Prod")),
            (&["prod-eu", "blue"], Some("blue"), Some("prod-eu")),
            (&["staging", "develop"], Some("develop"), None),
            (&["production"], Some("production"), Some("production")),
            (&["live", "main"], Some("live"), Some("live")),
            (&[], None, Some("production")),
        ] {
            let facts = facts(names, "", false);
            assert_eq!(facts.environments.used.as_deref(), used, "{names:?}");
            let text = workflow(&facts);
            let parsed: Value = serde_saphyr::from_str(&text).unwrap_or_else(|error| panic!("{error}\n{text}"));
            let environments: Vec<(&str, &str)> = ["check", "deploy", "release"]
                .into_iter()
                .filter_map(|job| Some((job, parsed["jobs"][job]["environment"].as_str()?)))
                .collect();
            let job = if used.is_none_or(is_live) { "deploy" } else { "release" };
            assert_eq!(environments, approved.map(|name| (job, name)).into_iter().collect::<Vec<_>>(), "{text}");
            // By hand only: a push to main must not reach what users see beside the environment that is used.
            let by_hand = &parsed["jobs"]["release"]["if"];
            assert!(by_hand.is_null() || by_hand.as_str().unwrap().contains("workflow_dispatch"), "{text}");
        }
    }

    #[test]
    fn a_choice_wins_over_what_is_preferred() {
        let names: Vec<String> = ["develop", "production"].map(str::to_owned).to_vec();
        let chosen = |used: Option<&str>| Facts {
            environments: Environments::chosen(names.clone(), used.map(str::to_owned)),
            ..facts(&[], "", false)
        };
        let live = workflow(&chosen(Some("production")));
        assert!(live.contains("    environment: \"production\"\n") && !live.contains("release:"), "{live}");
        let makefile = makefile(&chosen(Some("production")));
        assert!(makefile.contains("\tsaddlebag check --env production\n"), "{makefile}");
        assert!(workflow(&chosen(None)).contains("--format github\n"), "the top level");
        assert_eq!(next(&chosen(Some("production"))), ["saddlebag lock", "saddlebag check --env production"]);
        assert_eq!(next(&facts(&[], "", true)), ["saddlebag check"], "there is a lock");
    }

    #[test]
    fn make_takes_the_lines_and_starts_what_is_ours() {
        for facts in all() {
            let text = makefile(&facts);
            let recipes: Vec<String> =
                text.lines().filter_map(|line| line.strip_prefix('\t')).map(|line| line.replace("$$", "$")).collect();
            assert_eq!(recipes.len(), 1 + facts.environments.names.len().max(1));
            recipes.iter().for_each(|line| assert_is_ours(line));
        }
        insta::assert_snapshot!(makefile(&facts(&["develop", "production"], "", false)));
        insta::assert_snapshot!(workflow(&facts(&["develop", "production"], "api", true)));
    }
}
