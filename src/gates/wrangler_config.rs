//! `wrangler-config`: the wrangler configuration has what a Python Worker needs, and nothing that wrangler silently ignores.
//!
//! What wrangler itself refuses with a clear message is left to it, unless it does so only after the upload.

mod classes;
mod inheritance;
mod migrations;
mod paths;
mod settings;
mod target;

use super::definition::{Check, Gate, codes};
use super::{CheckOutput, Context, Finding, GateId, Level, Severity};
use crate::error::{Location, LocationKind, Result};
use crate::project::WranglerConfig;

codes! {
    PYTHON_WORKERS = "wrangler-config.python-workers": "The active environment lacks the compatibility flag `python_workers`.";
    TYPE = "wrangler-config.type": "A key of the wrangler configuration has a type that wrangler refuses.";
    RULE_TYPE = "wrangler-config.rule-type": "A rule in `rules` has a type that wrangler refuses, such as `PythonModule`.";
    GLOB = "wrangler-config.glob": "wrangler cannot turn a glob in `rules` into a regular expression.";
    TWO_ROOTS = "wrangler-config.two-roots": "The wrangler configuration and `pyproject.toml` are in different directories.";
    MAIN_NAME = "wrangler-config.main-name": "The name of the main module is not a Python identifier, so the runtime cannot import it.";
    FUTURE_DATE = "wrangler-config.future-date": "The compatibility date is in the future, which Cloudflare refuses.";
    FLAG = "wrangler-config.flag": "A compatibility flag does not exist and looks like a misspelling of one that does.";
    MIGRATION = "wrangler-config.migration": "A Durable Object migration, export or binding names a class that nothing defines or creates.";
    CLASS_MISSING = "wrangler-config.class-missing": "A Durable Object, Workflow or `__all__` names a class that the runtime cannot find in the main module.";
    BUILD_UPLOAD = "wrangler-config.build-upload": "wrangler 4 ignores `build.upload`.";
    FALLTHROUGH = "wrangler-config.fallthrough": "A rule has no effect because an earlier rule of its type does not fall through.";
    ADDITIONAL_MODULES = "wrangler-config.additional-modules": "With `find_additional_modules = false` only the main module is uploaded.";
    ENVIRONMENT = "wrangler-config.environment": "An environment was selected that the wrangler configuration does not define.";
    INHERITANCE = "wrangler-config.inheritance": "The active environment does not inherit a key of the top level.";
    SETTINGS_ENVIRONMENT = "wrangler-config.settings-environment": "A `tool.saddlebag.env` table names an environment that no wrangler configuration defines.";
    DIRECTORY = "wrangler-config.directory": "A directory that the wrangler configuration names does not exist.";
    CF_REQUIREMENTS = "wrangler-config.cf-requirements": "Nothing reads `cf-requirements.txt` any more.";
    TOP_LEVEL = "wrangler-config.top-level": "The configuration has environments, and the top level is deployed.";
    PYTHONPATH = "wrangler-config.pythonpath": "Setting `PYTHONPATH` or `PYTHONHOME` in `vars` does not change where Python looks for modules.";
}

pub(super) const GATE: Gate = Gate {
    id: GateId::WranglerConfig,
    default_level: Level::Deny,
    check: Check::Plan(check),
    nothing_to_check: None,
    codes: CODES,
    page: include_str!("../../docs/gates/wrangler-config.md"),
};

/// The flag without which wrangler takes no Python.
const PYTHON_WORKERS_FLAG: &str = "python_workers";

pub(super) fn check(context: &Context<'_>) -> Result<CheckOutput> {
    let config = &context.project.config;
    let mut findings = Vec::new();
    findings.extend(python_workers(context));
    findings.extend(target::flags(context));
    findings.extend(target::future_date(context));
    findings.extend(wrong_types(config));
    findings.extend(rules(context));
    findings.extend(places(context));
    findings.extend(paths::missing_directories(context));
    findings.extend(environments(context));
    findings.extend(settings::unknown_environments(context));
    findings.extend(inheritance::not_inherited(context)?);
    findings.extend(ignored(config));
    findings.extend(search_path(config));
    findings.extend(classes::classes(context));
    let file = context.project.display(&config.path);
    let environment = config.environment.as_deref().map_or_else(String::new, |name| format!(", environment `{name}`"));
    let figure = format!(
        "{file}{environment}, compatibility date {}, Python {}",
        context.target.compatibility_date, context.target.python
    );
    Ok(CheckOutput { figure, findings })
}

/// Where the active environment has a key, or would have it if it had one.
fn active(config: &WranglerConfig, key: &str) -> Location {
    match config.get_origin(key) {
        Some(path) => config.locate(&path.iter().map(String::as_str).collect::<Vec<_>>()),
        None => match (&config.environment, config.environment_defined) {
            (Some(name), true) => config.locate(&["env", name, key]),
            _ => config.locate(&[key]),
        },
    }
}

fn python_workers(context: &Context<'_>) -> Vec<Finding> {
    if context.target.python_workers {
        return Vec::new();
    }
    let config = &context.project.config;
    let message = match &config.environment {
        Some(name) => format!(
            "the environment `{name}` does not have the compatibility flag `python_workers`: its `compatibility_flags` replace those of the top level"
        ),
        None => "the compatibility flag `python_workers` is missing".to_owned(),
    };
    let flags = &context.target.compatibility_flags;
    let meant =
        flags.iter().find(|flag| target::misspelt(flag).is_some_and(|found| found.meant == PYTHON_WORKERS_FLAG));
    let (location, message, help) = match meant {
        Some(flag) => (
            target::flag_location(context, flag),
            format!("{message}; there is no flag `{flag}`"),
            "did you mean `python_workers`?",
        ),
        None => (active(config, "compatibility_flags"), message, "add \"python_workers\" to `compatibility_flags`"),
    };
    let subject = config.environment.as_deref().unwrap_or("top level");
    vec![Finding::new(Severity::Deny, PYTHON_WORKERS, subject, location, message, help)]
}

/// Keys whose type wrangler refuses, such as a rule of type `PythonModule`.
fn wrong_types(config: &WranglerConfig) -> Vec<Finding> {
    let wrong = |(path, message): (Vec<String>, String)| {
        let location = config.locate(&path.iter().map(String::as_str).collect::<Vec<_>>());
        let is_rule = path.iter().any(|part| part == "rules") && path.last().is_some_and(|last| last == "type");
        let path = path.join(".");
        let (code, help) = if is_rule && message.contains("PythonModule") {
            (RULE_TYPE, "remove the rule: every `.py` file is a module already".to_owned())
        } else if is_rule {
            (RULE_TYPE, "correct the type".to_owned())
        } else {
            (TYPE, format!("correct `{path}`"))
        };
        Finding::new(Severity::Deny, code, path, location, message, help)
    };
    config.invalid().into_iter().map(wrong).collect()
}

fn rules(context: &Context<'_>) -> Vec<Finding> {
    let config = &context.project.config;
    let mut findings = Vec::new();
    for glob in &context.bundle.invalid_globs {
        let message = format!(
            "the glob `{glob}` of `rules` is not a valid regular expression; wrangler stops with a `SyntaxError`"
        );
        let location = active(config, "rules");
        findings.push(Finding::new(Severity::Deny, GLOB, glob.as_str(), location, message, "correct the glob"));
    }
    for shadowed in context.bundle.shadowed_rules.iter().filter(|shadowed| !shadowed.silenced) {
        let whose = if shadowed.default { "wrangler's default rule" } else { "the rule" };
        let globs = shadowed.globs.join("`, `");
        findings.push(Finding::new(
            Severity::Warn,
            FALLTHROUGH,
            format!("{} {}", shadowed.kind, shadowed.globs.join(" ")),
            active(config, "rules"),
            format!(
                "{whose} of type `{}` for `{globs}` has no effect: rule {} does not fall through",
                shadowed.kind,
                shadowed.by + 1
            ),
            "add `fallthrough = true` to that rule, or `fallthrough = false` if that is intended",
        ));
    }
    findings.extend(additional_modules(context));
    findings
}

/// `find_additional_modules = false`: wrangler uploads the main module alone, without `python_modules` (4.102.0).
fn additional_modules(context: &Context<'_>) -> Option<Finding> {
    let config = &context.project.config;
    if config.find_additional_modules() != Some(false) {
        return None;
    }
    let alone = "`find_additional_modules = false` uploads the main module alone";
    let (severity, message) = match (&context.layout.shim, left_behind(context)) {
        (Some(shim), _) => (
            Severity::Deny,
            format!(
                "{alone}: with the namespace kept that is the generated entry module, and `{}` is not uploaded",
                shim.target
            ),
        ),
        (None, Some((severity, at, name))) => {
            (severity, format!("{alone}, and `{at}` imports `{name}`, which is not uploaded"))
        }
        (None, None) if context.bundle.packages.iter().any(|package| package.name != "workers-runtime-sdk") => {
            (Severity::Warn, format!("{alone}: no other module, no package"))
        }
        (None, None) => (Severity::Note, format!("{alone}, which imports nothing else")),
    };
    Some(Finding::new(
        severity,
        ADDITIONAL_MODULES,
        "find_additional_modules",
        active(config, "find_additional_modules"),
        message,
        "remove the setting",
    ))
}

/// The most certain import in main of a module that the setting keeps out of the upload: its severity, place and name.
fn left_behind(context: &Context<'_>) -> Option<(Severity, String, String)> {
    let graph = &context.bundle.graph;
    let main = graph.find(&context.bundle.main_module)?;
    let says = graph.node(main).imports.as_ref()?;
    let lost = graph.problems().iter().filter(|problem| problem.node == main).filter_map(|problem| {
        let import = says.items.get(problem.item)?;
        let first = problem.missing.split('.').next().unwrap_or_default();
        let beside = [&context.layout.module_root, &context.vendored.modules];
        let is_there =
            beside.iter().any(|root| root.join(first).is_dir() || root.join(format!("{first}.py")).is_file());
        let level = context.level(main, import.guard).filter(|_| is_there && !context.target.has_builtin(first))?;
        let at = format!("{}:{}", context.display_path(graph.node(main)), import.line);
        Some((super::reachability::severity(level)?, at, problem.missing.clone()))
    });
    lost.max_by(|a, b| a.0.cmp(&b.0).then_with(|| b.1.cmp(&a.1)))
}

fn places(context: &Context<'_>) -> Vec<Finding> {
    let config = &context.project.config;
    let mut findings = Vec::new();
    if let Some(pyproject) = &context.project.pyproject
        && pyproject.path.parent() != Some(config.dir())
    {
        let (here, there) = (context.project.display(&config.path), context.project.display(&pyproject.path));
        findings.push(Finding::new(
            Severity::Deny,
            TWO_ROOTS,
            here.as_str(),
            Location::new(LocationKind::Config, here.as_str()),
            format!("`{here}` and `{there}` are in different directories: plain pywrangler puts the packages next to one and wrangler looks next to the other"),
            "put them side by side",
        ));
    }
    let stem = context.layout.main.file_stem().unwrap_or_default();
    if !crate::python::is_identifier(stem) {
        findings.push(Finding::new(
            Severity::Deny,
            MAIN_NAME,
            stem,
            active(config, "main"),
            format!("`{stem}` is not a name that Python can import, and the runtime imports main by its name"),
            "rename the main module",
        ));
    }
    if config.dir().join("cf-requirements.txt").is_file() {
        let path = context.project.display(&config.dir().join("cf-requirements.txt"));
        findings.push(Finding::new(
            Severity::Warn,
            CF_REQUIREMENTS,
            path.as_str(),
            Location::new(LocationKind::File, path.as_str()),
            "`cf-requirements.txt` is no longer read",
            "move its lines to `requirements-runtime.txt` and delete it",
        ));
    }
    findings
}

fn environments(context: &Context<'_>) -> Vec<Finding> {
    let config = &context.project.config;
    match &config.environment {
        Some(name) if !config.environment_defined => vec![Finding::new(
            Severity::Warn,
            ENVIRONMENT,
            name.as_str(),
            config.locate(&[]),
            format!("the configuration has no environments, and `{name}` is selected: wrangler deploys the top level"),
            format!("add an `env.{name}` section, or omit `--env`"),
        )],
        None if !config.environments().is_empty() && !context.project.environment_chosen => vec![Finding::new(
            Severity::Note,
            TOP_LEVEL,
            "env",
            config.locate(&["env"]),
            format!(
                "no environment is chosen, and there are {}: the top level is deployed",
                config.environments().join(", ")
            ),
            "pass `--env NAME`, or `--env \"\"` for the top level",
        )],
        _ => Vec::new(),
    }
}

/// What wrangler 4 silently ignores.
fn ignored(config: &WranglerConfig) -> Vec<Finding> {
    let mut paths = vec![vec!["build".to_owned(), "upload".to_owned()]];
    paths.extend(
        config
            .environments()
            .into_iter()
            .map(|name| vec!["env".to_owned(), name, "build".to_owned(), "upload".to_owned()]),
    );
    paths
        .into_iter()
        .filter(|path| config.has(&path.iter().map(String::as_str).collect::<Vec<_>>()))
        .map(|path| {
            let location = config.locate(&path.iter().map(String::as_str).collect::<Vec<_>>());
            let path = path.join(".");
            Finding::new(
                Severity::Warn,
                BUILD_UPLOAD,
                path.as_str(),
                location,
                format!("`{path}` is ignored since wrangler 4: its `dir`, `main`, `rules` and `format` have no effect"),
                "remove it; `main`, `base_dir` and `rules` at the top level took its place",
            )
        })
        .collect()
}

/// `vars` are not the environment of the interpreter's process, which has set up its search path before they exist.
fn search_path(config: &WranglerConfig) -> Vec<Finding> {
    let Some((origin, vars)) = config.get_origin("vars").zip(config.get("vars").and_then(serde_json::Value::as_object))
    else {
        return Vec::new();
    };
    let finding = |name: &&str| {
        let path: Vec<&str> = origin.iter().map(String::as_str).chain([*name]).collect();
        Finding::new(
            Severity::Note,
            PYTHONPATH,
            *name,
            config.locate(&path),
            format!("`{name}` in `vars` does not change where Python looks for modules: it is only in `env.{name}`"),
            "remove it; set `base_dir`, or `[tool.saddlebag] namespace` and `include`, to change what is importable",
        )
    };
    ["PYTHONPATH", "PYTHONHOME"].iter().filter(|name| vars.contains_key(**name)).map(finding).collect()
}
