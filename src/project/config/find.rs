//! Finds the wrangler configuration file.
//!
//! The search order is wrangler's (wrangler 4.164.0, `findWranglerConfig`): each name over all ancestors before the
//! next name, so that a `wrangler.json` at the top of a monorepo beats the `wrangler.toml` beside the code. It is an
//! error if wrangler and pywrangler would pick different files.

use super::generated::{self, REDIRECT};
use crate::error::{Error, ErrorKind, Location, LocationKind, Result};
use crate::project::paths::{display, resolve};
use crate::project::pyproject;
use camino::{Utf8Path, Utf8PathBuf};

/// In wrangler's order of precedence.
const NAMES: [&str; 3] = ["wrangler.json", "wrangler.jsonc", "wrangler.toml"];

/// In pywrangler's order (workers-py 1.17.9, `_parse_wrangler_config`): beside `pyproject.toml` only.
const PYWRANGLER_NAMES: [&str; 2] = ["wrangler.toml", "wrangler.jsonc"];

/// Where the configuration is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ConfigFile {
    /// Absolute.
    pub(crate) path: Utf8PathBuf,
    /// If a redirect led to it: the directory of the user's own configuration, or else the working directory.
    pub(crate) generated_for: Option<Utf8PathBuf>,
}

/// Finds the configuration. `cwd` is absolute; `explicit` is relative to it, or absolute.
/// Errors: `ConfigMissing`; `ConfigAmbiguous` where more than one name is found; those of a redirect.
pub(crate) fn find(cwd: &Utf8Path, explicit: Option<&Utf8Path>) -> Result<ConfigFile> {
    if let Some(explicit) = explicit {
        return Ok(ConfigFile { path: named(cwd, explicit)?, generated_for: None });
    }
    let found: Vec<Utf8PathBuf> = NAMES.iter().filter_map(|name| nearest(cwd, name)).collect();
    if let Some(redirect) = nearest(cwd, REDIRECT) {
        let users = found.first().map(Utf8PathBuf::as_path);
        let path = generated::follow(cwd, &redirect, users)?;
        let directory = users.and_then(Utf8Path::parent).unwrap_or(cwd).to_owned();
        return Ok(ConfigFile { path, generated_for: Some(directory) });
    }
    only(cwd, &found).map(|path| ConfigFile { path, generated_for: None })
}

fn only(cwd: &Utf8Path, found: &[Utf8PathBuf]) -> Result<Utf8PathBuf> {
    match found {
        [] => Err(Error::new(
            ErrorKind::ConfigMissing,
            format!("there is no wrangler configuration in `{cwd}` or above it"),
            "create a `wrangler.toml` beside `pyproject.toml`, or pass `--config PATH`",
        )),
        [only] => Ok(only.clone()),
        [first, ..] => Err(ambiguous(cwd, first, found)),
    }
}

fn named(cwd: &Utf8Path, explicit: &Utf8Path) -> Result<Utf8PathBuf> {
    let path = resolve(cwd, explicit.as_str());
    if path.is_file() {
        return Ok(path);
    }
    let state = if path.is_dir() { "is a directory" } else { "is not there" };
    let hint = "pass the path of a wrangler configuration with `--config PATH`";
    Err(Error::new(ErrorKind::ConfigMissing, format!("the configuration `{explicit}` {state}"), hint))
}

/// The file of that name in the directory or in the nearest one above it. Links are followed, as wrangler does.
fn nearest(from: &Utf8Path, name: &str) -> Option<Utf8PathBuf> {
    from.ancestors().map(|directory| directory.join(name)).find(|path| path.is_file())
}

fn ambiguous(cwd: &Utf8Path, wranglers: &Utf8Path, found: &[Utf8PathBuf]) -> Error {
    let shown: Vec<String> = found.iter().map(|path| display(cwd, path)).collect();
    let pywranglers = pyproject::find(cwd)
        .and_then(|path| PYWRANGLER_NAMES.iter().map(|name| path.with_file_name(name)).find(|path| path.is_file()));
    let other = pywranglers.map_or("none of them".to_owned(), |path| format!("`{}`", display(cwd, &path)));
    let wranglers = display(cwd, wranglers);
    let message = format!(
        "more than one wrangler configuration, `{}`: wrangler would read `{wranglers}`, and pywrangler {other}",
        shown.join("`, `")
    );
    Error::new(
        ErrorKind::ConfigAmbiguous,
        message,
        "remove all but one, or pass the one to deploy with `--config PATH`",
    )
    .with_location(Location::new(LocationKind::Config, wranglers))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::project::snapshot::shown;

    #[test]
    fn finding() {
        let directory = tempfile::tempdir().unwrap();
        let root = Utf8Path::from_path(directory.path()).unwrap();
        let worker = root.join("apps/worker");
        fs_err::create_dir_all(worker.join("wrangler.json")).unwrap();
        let mut errors = String::new();
        let find = |from: &Utf8Path, explicit: Option<&Utf8Path>| find(from, explicit).map(|found| found.path);
        let mut failed = |what: &str, explicit: Option<&str>| {
            let error = find(&worker, explicit.map(Utf8Path::new)).unwrap_err();
            let text = shown(what, &error).replace(root.as_str(), "ROOT");
            errors.push_str(&text);
        };
        failed("nothing", None);
        failed("--config none.toml", Some("none.toml"));
        failed("--config .", Some("."));

        fs_err::write(worker.join("pyproject.toml"), "").unwrap();
        fs_err::write(root.join("wrangler.toml"), "").unwrap();
        assert_eq!(find(&worker, None).unwrap(), root.join("wrangler.toml"));
        fs_err::write(worker.join("wrangler.toml"), "").unwrap();
        assert_eq!(find(&worker, None).unwrap(), worker.join("wrangler.toml"), "the nearest of one name");

        fs_err::write(root.join("wrangler.jsonc"), "{}").unwrap();
        failed("a wrangler.jsonc above", None);
        assert_eq!(find(&worker, Some("../../wrangler.toml".into())).unwrap(), root.join("wrangler.toml"));
        fs_err::write(worker.join("wrangler.jsonc"), "{}").unwrap();
        fs_err::remove_dir(worker.join("wrangler.json")).unwrap();
        fs_err::write(worker.join("wrangler.json"), "{}").unwrap();
        failed("all three", None);
        fs_err::remove_file(worker.join("wrangler.toml")).unwrap();
        fs_err::remove_file(root.join("wrangler.toml")).unwrap();
        failed("json and jsonc", None);

        fs_err::create_dir_all(root.join(".wrangler/deploy")).unwrap();
        let redirect = |text: &str| fs_err::write(root.join(".wrangler/deploy/config.json"), text).unwrap();
        redirect("{}");
        failed("a redirect to nowhere", None);
        redirect("{\"configPath\": \"../../dist/none.json\"}");
        failed("a redirect to what is not there", None);
        redirect("{\"configPath\": \"../../apps/worker/wrangler.jsonc\"}");
        failed("a redirect beside no configuration of the user's", None);
        redirect("{");
        failed("a redirect that cannot be read", None);
        assert_eq!(find(&worker, Some("wrangler.json".into())).unwrap(), worker.join("wrangler.json"));

        let deploy = worker.join(".wrangler/deploy");
        fs_err::create_dir_all(&deploy).unwrap();
        fs_err::write(deploy.join("config.json"), "{\"configPath\": \"../../../../wrangler.jsonc\"}").unwrap();
        let generated = ConfigFile { path: root.join("wrangler.jsonc"), generated_for: Some(worker.clone()) };
        assert_eq!(super::find(&worker, None).unwrap(), generated, "whatever lies beside it");
        insta::assert_snapshot!(errors);
    }
}
