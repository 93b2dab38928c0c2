//! The lines for Make and the workflow for GitHub Actions, filled in for one project.
//!
//! Receives what the project is; hands on texts. The workflow has two jobs: one for pull requests that sees no secret, and one
//! that deploys what is on main. Must never write a file, and never put a value where a shell or YAML would read more into it.

use camino::{Utf8Path, Utf8PathBuf};

const MAKEFILE: &str = include_str!("../../../templates/Makefile.snippet");
const WORKFLOW: &str = include_str!("../../../templates/workflow.yml");
const STEPS: &str = include_str!("../../../templates/workflow_steps.yml");

/// Environments that are deployed from main, where there are several.
const LIVE: [&str; 4] = ["production", "prod", "live", "main"];

/// What the templates have to know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Facts {
    /// The wrangler configuration, for people.
    pub(super) config: String,
    pub(super) environments: Vec<String>,
    /// The project's directory in its repository; empty where it is the repository's own.
    pub(super) directory: String,
    /// The directory with `package.json`, relative to the project's.
    pub(super) package: Option<Package>,
    /// The project declares workers-py, so that `uv run` brings pywrangler.
    pub(super) declares_pywrangler: bool,
}

/// Where npm installs from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Package {
    /// Relative to the project: `.`, `..`.
    pub(super) directory: String,
    /// Its `package-lock.json`, relative to the repository, where there is one.
    pub(super) lock: Option<String>,
}

impl Facts {
    /// Looks around the project: `repository` is the nearest directory at or above `root` with a `.git`, else `root`.
    pub(super) fn of(
        root: &Utf8Path,
        repository: &Utf8Path,
        config: String,
        environments: Vec<String>,
        declares_pywrangler: bool,
    ) -> Self {
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
        Self { config, environments, directory: inside(root), package, declares_pywrangler }
    }

    /// The environment that is deployed from main: the live one, else the first; none where there are none.
    pub(super) fn deployed(&self) -> Option<&str> {
        let live = LIVE.iter().find_map(|live| self.environments.iter().find(|name| name.eq_ignore_ascii_case(live)));
        live.or(self.environments.first()).map(String::as_str)
    }
}

/// The nearest directory at or above with a `.git`, else the directory itself.
pub(super) fn repository(root: &Utf8Path) -> &Utf8Path {
    root.ancestors().find(|directory| directory.join(".git").exists()).unwrap_or(root)
}

pub(super) fn makefile(facts: &Facts) -> String {
    let flag = |name: Option<&str>| name.map_or_else(String::new, |name| env_flag(name).replace('$', "$$"));
    let rules: Vec<(String, Option<&str>)> = match &facts.environments[..] {
        [] => vec![("deploy".to_owned(), None)],
        names => names.iter().map(|name| (target(name), Some(name.as_str()))).collect(),
    };
    let targets: Vec<&str> = rules.iter().map(|(target, _)| target.as_str()).collect();
    let (head, rest) = MAKEFILE.split_once("#each environment\n").unwrap_or((MAKEFILE, ""));
    let rule = rest.split_once("#end").map_or(rest, |(rule, _)| rule);
    let mut text = head.replace("%TARGETS%", &targets.join(" ")).replace("%ENV%", &flag(facts.deployed()));
    for (target, name) in &rules {
        text.push_str(&rule.replace("%TARGET%", target).replace("%ENV%", &flag(*name)));
    }
    text.trim_end().to_owned() + "\n"
}

/// `deploy-develop`, in characters that Make takes as they are.
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
        _ => false,
    };
    let environments = match &facts.environments[..] {
        [] => "none".to_owned(),
        names => names.join(", "),
    };
    let text = kept(&WORKFLOW.replace("#steps\n", STEPS), holds);
    let one_line = |text: &str| text.chars().filter(|c| !c.is_control()).collect::<String>();
    // JSON's strings are YAML's, too.
    let quoted = |text: &str| serde_json::Value::from(text).to_string();
    text.replace("%DIRECTORY%", &quoted(&facts.directory))
        .replace("%PACKAGE_LOCK%", &quoted(lock.unwrap_or_default()))
        .replace("%INSTALL%", &format!("{install}{}", prefix.unwrap_or_default()))
        .replace("%CONFIG%", &one_line(&facts.config))
        .replace("%ENVIRONMENTS%", &one_line(&environments))
        .replace("%ENV%", &facts.deployed().map_or_else(String::new, env_flag))
}

/// ` --env NAME`, as a shell takes it for one word.
fn env_flag(name: &str) -> String {
    let name: String = name.chars().filter(|c| !c.is_control()).collect();
    format!(" --env {}", shell_words::quote(&name))
}

/// The lines whose condition holds, without those that state one.
fn kept(text: &str, holds: impl Fn(&str) -> bool) -> String {
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
            environments: environments.iter().map(|name| (*name).to_owned()).collect(),
            directory: directory.to_owned(),
            package: package.then(|| Package { directory: "..".into(), lock: Some("package-lock.json".into()) }),
            declares_pywrangler: !package,
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
        for (job, says) in workflow["jobs"].as_object().unwrap() {
            for step in says["steps"].as_array().unwrap() {
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
            assert_eq!(ours.len(), 4, "{ours:?}");
            for (job, line) in &ours {
                assert_is_ours(line);
                let words = shell_words::split(line).unwrap();
                assert_eq!(
                    words.last().map(String::as_str).filter(|_| words.contains(&"--env".into())),
                    facts.deployed(),
                    "{job}"
                );
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
            let deploy = &parsed["jobs"]["deploy"];
            assert!(deploy["if"].as_str().unwrap().contains("refs/heads/main"));
            let with_secrets =
                deploy["steps"].as_array().unwrap().iter().filter(|step| step.to_string().contains("secrets."));
            assert_eq!(with_secrets.count(), 1, "no other step of the job has them");
            for job in ["check", "deploy"] {
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
    fn the_live_environment_is_deployed_whatever_its_place() {
        assert_eq!(facts(&["develop", "staging", "Production"], "", false).deployed(), Some("Production"));
        assert_eq!(facts(&["staging", "develop"], "", false).deployed(), Some("staging"));
        assert_eq!(facts(&[], "", false).deployed(), None);
    }

    #[test]
    fn make_takes_the_lines_and_starts_what_is_ours() {
        for facts in all() {
            let text = makefile(&facts);
            let recipes: Vec<String> =
                text.lines().filter_map(|line| line.strip_prefix('\t')).map(|line| line.replace("$$", "$")).collect();
            assert_eq!(recipes.len(), 1 + facts.environments.len().max(1));
            recipes.iter().for_each(|line| assert_is_ours(line));
        }
        insta::assert_snapshot!(makefile(&facts(&["develop", "production"], "", false)));
        insta::assert_snapshot!(workflow(&facts(&["develop", "production"], "api", true)));
    }
}
