//! Locates the tools that a deploy needs and reads their versions: pywrangler, uv, node, wrangler.
//!
//! Nothing is installed. The `toolchain` gate checks the versions.

pub(crate) mod minimums;
pub(crate) mod updates;

use crate::env::Environment;
use crate::error::{Error, ErrorKind, Result};
use crate::process::{self, Program};
use camino::{Utf8Path, Utf8PathBuf};
use pep508_rs::pep440_rs::Version;
use std::ffi::OsString;
use std::str::FromStr;

/// pywrangler, and how it is started.
#[derive(Debug, Clone)]
pub(crate) struct Pywrangler {
    pub(crate) program: Program,
    /// The version of workers-py; `None` if unknown.
    pub(crate) version: Option<String>,
}

/// A tool that was found.
#[derive(Debug, Clone)]
pub(crate) struct Tool {
    pub(crate) path: Utf8PathBuf,
    pub(crate) version: Option<String>,
}

/// The wrangler that npx will use.
#[derive(Debug, Clone)]
pub(crate) struct Wrangler {
    /// Its package directory.
    pub(crate) package: Utf8PathBuf,
    pub(crate) version: Option<String>,
    /// The lowest version of node that its `engines` allows.
    pub(crate) node_minimum: Option<String>,
}

#[derive(Debug, Clone)]
pub(crate) struct Toolchain {
    pub(crate) pywrangler: Pywrangler,
    pub(crate) uv: Option<Tool>,
    pub(crate) node: Option<Tool>,
    /// `None` if not installed: npx would then download the newest version at every deploy.
    pub(crate) wrangler: Option<Wrangler>,
    /// The environment for child processes.
    pub(crate) environment: Environment,
}

/// Finds the tools. `root` is the project directory; npx will be started in a directory below `stage_parent`.
///
/// # Errors
/// `ErrorKind::ToolMissing` when there is no pywrangler; the gate checks the other tools.
pub(crate) fn find(
    root: &Utf8Path,
    stage_parent: &Utf8Path,
    environment: &Environment,
    uses_uv: bool,
) -> Result<Toolchain> {
    let mut environment = process::child_environment(environment);
    let program = pywrangler(root, &mut environment, uses_uv)?;
    let (version, toolchain) = rayon::join(
        || version_of_pywrangler(&program, root, &environment),
        || others(root, stage_parent, &environment),
    );
    let mut toolchain = toolchain?;
    toolchain.pywrangler = Pywrangler { version: version?, program: program.clone() };
    Ok(toolchain)
}

/// Like `find`, but lists all tools even without pywrangler: a placeholder without a version is used, and the error is
/// returned with it.
///
/// # Errors
/// `ErrorKind::Interrupted`, and what keeps the other tools from being started.
pub(crate) fn look(
    root: &Utf8Path,
    stage_parent: &Utf8Path,
    environment: &Environment,
    uses_uv: bool,
) -> Result<(Toolchain, Option<Error>)> {
    match find(root, stage_parent, environment, uses_uv) {
        Ok(toolchain) => Ok((toolchain, None)),
        Err(error) if matches!(error.kind, ErrorKind::ToolMissing | ErrorKind::Settings) => {
            Ok((others(root, stage_parent, &process::child_environment(environment))?, Some(error)))
        }
        Err(error) => Err(error),
    }
}

/// Everything but pywrangler.
fn others(root: &Utf8Path, stage_parent: &Utf8Path, environment: &Environment) -> Result<Toolchain> {
    let (uv, node) = rayon::join(|| versioned("uv", root, environment), || versioned("node", root, environment));
    Ok(Toolchain {
        pywrangler: Pywrangler { program: Program::new("pywrangler"), version: None },
        uv: uv?,
        node: node?,
        wrangler: wrangler(stage_parent),
        environment: environment.clone(),
    })
}

/// `SADDLEBAG_PYWRANGLER`, the `PATH`, the `.venv` of the project or of its workspace, `uv run --project`: the first
/// that works.
///
/// # Errors
/// `ErrorKind::ToolMissing`, `ErrorKind::Settings` for a `SADDLEBAG_PYWRANGLER` that is no command line.
pub(crate) fn pywrangler(root: &Utf8Path, environment: &mut Environment, uses_uv: bool) -> Result<Program> {
    if let Some(line) = environment.get("SADDLEBAG_PYWRANGLER") {
        let words = shell_words::split(line).ok().filter(|words| !words.is_empty()).ok_or_else(|| {
            Error::new(
                ErrorKind::Settings,
                format!("`SADDLEBAG_PYWRANGLER={line}` is not a command line"),
                "set it to, for instance, `uv run pywrangler`",
            )
        })?;
        let path = process::find(&words[0], environment).ok_or_else(|| {
            Error::new(
                ErrorKind::ToolMissing,
                format!("`{}` of `SADDLEBAG_PYWRANGLER` is not on the `PATH`", words[0]),
                "install it, or set `SADDLEBAG_PYWRANGLER` to what starts pywrangler",
            )
        })?;
        let is_uv_run = path.file_stem() == Some("uv") && words.get(1).is_some_and(|word| word == "run");
        let mut argv: Vec<OsString> = vec![path.into()];
        argv.extend(words.iter().skip(1).map(OsString::from));
        // pywrangler runs in the sync workspace and in the stage, but uv must still use the user's project.
        if is_uv_run && !words.iter().any(|word| ["--project", "--directory"].iter().any(|flag| word.starts_with(flag)))
        {
            argv.splice(2..2, ["--project".into(), root.as_str().into()]);
        }
        return Ok(Program { argv });
    }
    if let Some(path) = process::find("pywrangler", environment) {
        return Ok(Program::new(path));
    }
    let environments = uv_project(root).into_iter().filter(|above| *above != root);
    let mut scripts = std::iter::once(root).chain(environments).map(|directory| directory.join(".venv/bin"));
    if let Some(scripts) = scripts.find(|scripts| scripts.join("pywrangler").is_file()) {
        // pywrangler calls `uv`, which may only be installed in the environment of workers-py.
        let path = environment.get("PATH").unwrap_or_default();
        let path = format!("{path}{}{scripts}", if path.is_empty() { "" } else { ":" });
        environment.set("PATH", path);
        return Ok(Program::new(scripts.join("pywrangler")));
    }
    if uses_uv && let Some(uv) = process::find("uv", environment) {
        return Ok(Program {
            argv: [uv.as_str(), "run", "--project", root.as_str(), "pywrangler"].map(OsString::from).to_vec(),
        });
    }
    Err(Error::new(
        ErrorKind::ToolMissing,
        "`pywrangler` was not found: not on the `PATH`, not in `.venv`, and the project does not declare `workers-py`",
        "run `uv tool install workers-py`, or set `SADDLEBAG_PYWRANGLER=\"uv run pywrangler\"`",
    ))
}

/// How the custom build is started.
#[derive(Debug)]
pub(crate) struct BuildShell {
    /// Command prefix for the shell: `uv run --project ROOT`, or nothing.
    pub(crate) argv: Vec<OsString>,
    pub(crate) environment: Environment,
    /// Whether it runs in any virtual environment.
    pub(crate) sees_venv: bool,
}

impl Toolchain {
    /// wrangler runs the build as a descendant of npx and of whatever started pywrangler. If that is the project's
    /// `.venv` or `uv run`, our build gets the same environment. `environment` is saddlebag's own.
    pub(crate) fn build_shell(&self, root: &Utf8Path, cwd: &Utf8Path, environment: &Environment) -> BuildShell {
        let mut shell = BuildShell { argv: Vec::new(), environment: environment.clone(), sees_venv: true };
        if let Some(prefix) = uv_run_prefix(&self.pywrangler.program) {
            shell.argv = prefix;
            shell.environment = self.environment.clone();
        } else if let Some(venv) = self.venv(root) {
            prepend(&mut shell.environment, &venv.join("bin"));
            shell.environment.set("VIRTUAL_ENV", venv.as_str());
            shell.environment.remove("PYTHONHOME");
        } else {
            shell.sees_venv = environment.get("VIRTUAL_ENV").is_some();
        }
        // npx prepends every `node_modules/.bin` from the working directory upwards to `PATH`, nearest first.
        let scripts: Vec<_> = cwd.ancestors().map(|directory| directory.join("node_modules/.bin")).collect();
        for scripts in scripts.iter().rev().filter(|scripts| scripts.is_dir()) {
            prepend(&mut shell.environment, scripts);
        }
        shell
    }

    /// The virtual environment of the project or its workspace, if pywrangler is from there.
    fn venv(&self, root: &Utf8Path) -> Option<Utf8PathBuf> {
        let [script] = &self.pywrangler.program.argv[..] else { return None };
        let venv = Utf8Path::from_path(script.as_ref())?.parent()?.parent()?;
        let owner = venv.parent().filter(|_| venv.file_name() == Some(".venv"))?;
        (root == owner || uv_project(root) == Some(owner)).then(|| venv.to_owned())
    }
}

/// `uv run --project ROOT` of `uv run --project ROOT pywrangler`.
fn uv_run_prefix(program: &Program) -> Option<Vec<OsString>> {
    let word = |at: usize| program.argv.get(at).and_then(|word| word.to_str()).map(Utf8Path::new);
    if word(0)?.file_stem() != Some("uv") || word(1)? != "run" {
        return None;
    }
    let end =
        (2..program.argv.len()).find(|at| word(*at).is_some_and(|word| word.file_name() == Some("pywrangler")))?;
    Some(program.argv[..end].to_vec())
}

fn prepend(environment: &mut Environment, directory: &Utf8Path) {
    let path = environment.get("PATH").unwrap_or_default();
    let path = format!("{directory}{}{path}", if path.is_empty() { "" } else { ":" });
    environment.set("PATH", path);
}

/// The nearest directory at or above with a `uv.lock`: uv keeps the environment of a workspace there.
pub(crate) fn uv_project(root: &Utf8Path) -> Option<&Utf8Path> {
    root.ancestors().find(|directory| directory.join("uv.lock").is_file())
}

/// Reads the version from `workers_py-*.dist-info`, which avoids starting Python; otherwise runs pywrangler to ask.
fn version_of_pywrangler(program: &Program, root: &Utf8Path, environment: &Environment) -> Result<Option<String>> {
    if let [script] = &program.argv[..]
        && let Some(version) = Utf8Path::from_path(script.as_ref()).and_then(installed_version)
    {
        return Ok(Some(version));
    }
    let mut argv = program.argv.clone();
    argv.push("--version".into());
    Ok(process::ask(&argv, root, environment)?.as_deref().and_then(version_of_workers_py))
}

/// `pywrangler, version 1.18.0rc1`, in full: the sync token contains the exact text.
fn version_of_workers_py(text: &str) -> Option<String> {
    let word = text.lines().find_map(|line| line.split_once("version "))?.1.split_whitespace().next()?;
    word.starts_with(|c: char| c.is_ascii_digit()).then(|| word.to_owned())
}

/// The version in the site-packages of the interpreter that the script's first line names.
fn installed_version(script: &Utf8Path) -> Option<String> {
    let script = script.canonicalize_utf8().ok()?;
    let text = fs_err::read(&script).ok()?;
    let first = String::from_utf8_lossy(text.split(|byte| *byte == b'\n').next()?).into_owned();
    let interpreter = Utf8Path::new(first.strip_prefix("#!")?.trim());
    let libraries = interpreter.parent()?.parent()?.join("lib");
    for python in libraries.read_dir_utf8().ok()?.flatten().filter(|entry| entry.file_name().starts_with("python3")) {
        for entry in python.path().join("site-packages").read_dir_utf8().ok()?.flatten() {
            let version =
                entry.file_name().strip_prefix("workers_py-").and_then(|name| name.strip_suffix(".dist-info"));
            if let Some(version) = version {
                return Some(version.to_owned());
            }
        }
    }
    None
}

fn versioned(name: &str, cwd: &Utf8Path, environment: &Environment) -> Result<Option<Tool>> {
    let Some(path) = process::find(name, environment) else { return Ok(None) };
    let version =
        process::ask(&[path.as_str().into(), "--version".into()], cwd, environment)?.as_deref().and_then(first_version);
    Ok(Some(Tool { path, version }))
}

/// The nearest `node_modules/wrangler` at or above a directory: where npx looks first.
fn wrangler(from: &Utf8Path) -> Option<Wrangler> {
    let package =
        from.ancestors().map(|dir| dir.join("node_modules/wrangler")).find(|dir| dir.join("package.json").is_file())?;
    let manifest: serde_json::Value = serde_json::from_slice(&fs_err::read(package.join("package.json")).ok()?).ok()?;
    Some(Wrangler {
        version: manifest["version"].as_str().map(str::to_owned),
        node_minimum: manifest["engines"]["node"].as_str().and_then(first_version),
        package,
    })
}

/// The date that `--latest` means, as `YYYY-MM-DD`: `DEFAULT_COMPAT_DATE`, built into the wrangler that npx uses
/// (wrangler 4.164.0). `None` if wrangler is not installed or uses the date of the deploy.
pub(crate) fn latest_date(stage_parent: &Utf8Path) -> Option<String> {
    const NAME: &str = "DEFAULT_COMPAT_DATE = \"";
    let bundle = fs_err::read(wrangler(stage_parent)?.package.join("wrangler-dist/cli.js")).ok()?;
    let bundle = String::from_utf8_lossy(&bundle);
    let (date, _) = bundle.split_once(NAME)?.1.split_once('"')?;
    let is_date = date.len() == 10 && date.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
    is_date.then(|| date.to_owned())
}

/// Whether the wrangler that npx uses defines a flag in any command; it may be newer than our own list of flags.
pub(crate) fn wrangler_has_flag(stage_parent: &Utf8Path, name: &str) -> bool {
    let bundle = wrangler(stage_parent).and_then(|found| fs_err::read(found.package.join("wrangler-dist/cli.js")).ok());
    bundle.is_some_and(|bundle| {
        let bundle = String::from_utf8_lossy(&bundle);
        bundle.contains(&format!("\"{name}\": {{")) || bundle.contains(&format!(" {name}: {{"))
    })
}

/// The first version number in a text: `v22.12.0`, `uv 0.13.8 (abc)`, `>=22.12.0`.
fn first_version(text: &str) -> Option<String> {
    text.split(|c: char| !(c.is_ascii_digit() || c == '.'))
        .find(|part| part.contains('.') && part.starts_with(|c: char| c.is_ascii_digit()))
        .map(|part| part.trim_end_matches('.').to_owned())
}

/// Whether a version is lower than another, by PEP 440, which also orders the pre-releases of npm (`4.0.0-beta.1`). What is
/// no version by it (a nightly of Node) is compared by its numbers; a part that is not a number counts as 0.
pub(crate) fn is_older_than(version: &str, than: &str) -> bool {
    if let (Ok(version), Ok(than)) = (Version::from_str(version), Version::from_str(than)) {
        return version < than;
    }
    let numbers = |text: &str| {
        text.split('.')
            .map(|part| part.parse::<u64>().unwrap_or(0))
            .chain(std::iter::repeat(0))
            .take(4)
            .collect::<Vec<_>>()
    };
    numbers(version) < numbers(than)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_from_what_tools_print() {
        for (text, version) in [
            ("v22.12.0\n", Some("22.12.0")),
            ("uv 0.13.8 (1234 2026-10-01 x86_64)", Some("0.13.8")),
            (">=22.12.0", Some("22.12.0")),
            ("no version", None),
        ] {
            assert_eq!(first_version(text).as_deref(), version, "{text}");
        }
    }

    #[test]
    fn the_version_of_pywrangler_is_whole() {
        for (text, version) in [
            ("pywrangler, version 1.17.9\n", Some("1.17.9")),
            ("note: x\npywrangler, version 1.18.0rc1+local.2\n", Some("1.18.0rc1+local.2")),
            ("pywrangler, version unknown\n", None),
            ("", None),
        ] {
            assert_eq!(version_of_workers_py(text).as_deref(), version, "{text}");
        }
    }

    #[test]
    fn versions_compare_by_number() {
        assert!(is_older_than("20.20.2", "22.12.0"));
        assert!(is_older_than("22.9.0", "22.12.0"));
        assert!(!is_older_than("22.12.0", "22.12.0"));
        assert!(!is_older_than("23", "22.12.0"));
    }

    #[test]
    fn a_pre_release_is_older_than_its_release_and_newer_than_the_one_before() {
        for pre_release in ["1.15.0rc1", "1.15.0.dev3", "1.15.0-beta.2"] {
            assert!(is_older_than(pre_release, "1.15.0") && !is_older_than(pre_release, "1.14.9"), "{pre_release}");
        }
        assert!(!is_older_than("23.0.0-nightly20261101abc", "22.12.0"));
        assert!(is_older_than("21.0.0-nightly20261101abc", "22.12.0"));
    }

    #[test]
    fn the_script_that_starts_pywrangler_tells_its_version_without_a_start() {
        let dir = tempfile::tempdir().unwrap();
        let root = Utf8Path::from_path(dir.path()).unwrap();
        let site = root.join("venv/lib/python3.12/site-packages/workers_py-1.17.9.dist-info");
        fs_err::create_dir_all(&site).unwrap();
        fs_err::create_dir_all(root.join("venv/bin")).unwrap();
        fs_err::write(root.join("venv/bin/pywrangler"), format!("#!{root}/venv/bin/python\nimport sys\n")).unwrap();
        assert_eq!(installed_version(&root.join("venv/bin/pywrangler")).as_deref(), Some("1.17.9"));
    }

    #[test]
    fn the_environment_of_a_uv_workspace_is_looked_into_and_that_of_a_stranger_above_is_not() {
        let dir = tempfile::tempdir().unwrap();
        let root = Utf8Path::from_path(dir.path()).unwrap();
        fs_err::create_dir_all(root.join("ws/.venv/bin")).unwrap();
        fs_err::write(root.join("ws/.venv/bin/pywrangler"), "").unwrap();
        let member = root.join("ws/packages/app");
        let found = |root: &Utf8Path| {
            let mut environment = Environment::of(&[("PATH", "/nowhere")]);
            pywrangler(root, &mut environment, false).map(|program| program.shown())
        };
        assert_eq!(found(&member).unwrap_err().kind, ErrorKind::ToolMissing);
        fs_err::write(root.join("ws/uv.lock"), "").unwrap();
        assert_eq!(found(&member).unwrap(), root.join("ws/.venv/bin/pywrangler").as_str());
    }

    #[test]
    fn the_latest_date_is_the_wranglers_own() {
        let dir = tempfile::tempdir().unwrap();
        let root = Utf8Path::from_path(dir.path()).unwrap();
        fs_err::create_dir_all(root.join("node_modules/wrangler/wrangler-dist")).unwrap();
        fs_err::write(root.join("node_modules/wrangler/package.json"), "{}").unwrap();
        assert_eq!(latest_date(root), None);
        for (bundle, date) in [
            ("var DEFAULT_COMPAT_DATE;\n  DEFAULT_COMPAT_DATE = \"2026-11-17\";\n", Some("2026-11-17")),
            ("DEFAULT_COMPAT_DATE = \"a\" + b", None),
            ("formatCompatibilityDate(new Date())", None),
        ] {
            fs_err::write(root.join("node_modules/wrangler/wrangler-dist/cli.js"), bundle).unwrap();
            assert_eq!(latest_date(&root.join("app")).as_deref(), date, "{bundle}");
        }
    }

    #[test]
    fn flag_that_a_newer_wrangler_defines_is_found_in_its_bundle() {
        let dir = tempfile::tempdir().unwrap();
        let root = Utf8Path::from_path(dir.path()).unwrap();
        assert!(!wrangler_has_flag(root, "tags"));
        fs_err::create_dir_all(root.join("node_modules/wrangler/wrangler-dist")).unwrap();
        fs_err::write(root.join("node_modules/wrangler/package.json"), "{}").unwrap();
        let bundle = "args: {\n  tags: {\n    type: \"string\"\n  },\n  \"dry-runs\": {}\n}";
        fs_err::write(root.join("node_modules/wrangler/wrangler-dist/cli.js"), bundle).unwrap();
        assert!(wrangler_has_flag(&root.join("app"), "tags") && wrangler_has_flag(root, "dry-runs"));
        assert!(!wrangler_has_flag(root, "dryrun"));
    }

    #[test]
    fn the_nearest_wrangler_above_is_the_one_that_npx_takes() {
        let dir = tempfile::tempdir().unwrap();
        let root = Utf8Path::from_path(dir.path()).unwrap();
        fs_err::create_dir_all(root.join("node_modules/wrangler")).unwrap();
        fs_err::write(
            root.join("node_modules/wrangler/package.json"),
            r#"{"version":"4.1.0","engines":{"node":">=20.3.0"}}"#,
        )
        .unwrap();
        let found = wrangler(&root.join("apps/x/.wrangler")).unwrap();
        assert_eq!((found.version.as_deref(), found.node_minimum.as_deref()), (Some("4.1.0"), Some("20.3.0")));
    }
}
