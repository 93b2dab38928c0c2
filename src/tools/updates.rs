//! Commands to install or update uv. The right one depends on how uv was installed.

use crate::env::Environment;
use camino::{Utf8Path, Utf8PathBuf};

/// For a machine without uv, where `uv self update` cannot help.
pub(crate) const INSTALL_UV: &str =
    "install it: `curl -LsSf https://astral.sh/uv/install.sh | sh`, or `pip install uv`";

/// How to update the uv at `path`.
pub(crate) fn update_uv(path: &Utf8Path, environment: &Environment) -> String {
    let real = path.canonicalize_utf8().unwrap_or_else(|_| path.to_owned());
    let below = |name: &str| real.components().any(|component| component.as_str() == name);
    let venv = real.parent().and_then(Utf8Path::parent).filter(|above| above.join("pyvenv.cfg").is_file());
    let command = if ["Cellar", "homebrew", "linuxbrew"].into_iter().any(below) {
        "brew upgrade uv".to_owned()
    } else if below("pipx") {
        "pipx upgrade uv".to_owned()
    } else if real.as_str().contains("/uv/tools/") {
        "uv tool upgrade uv".to_owned()
    } else if let Some(venv) = venv {
        update_in(venv)
    } else if has_receipt(&real, environment) {
        "uv self update".to_owned()
    } else if real.as_str().contains("/.cargo/bin/") {
        "cargo install --locked --force uv".to_owned()
    } else {
        // From pip, from the distribution or a copy: `uv self update` does not work for any of them.
        return "update it as it was installed: `pip install --upgrade uv` for one of pip's".to_owned();
    };
    format!("update it: `{command}`")
}

/// Environments created by uv have no pip.
fn update_in(venv: &Utf8Path) -> String {
    let text = fs_err::read_to_string(venv.join("pyvenv.cfg")).unwrap_or_default();
    let of_uv = text.lines().filter_map(|line| line.split_once('=')).any(|(key, _)| key.trim() == "uv");
    if of_uv {
        format!("uv pip install --python {venv} --upgrade uv")
    } else {
        format!("{venv}/bin/python -m pip install --upgrade uv")
    }
}

/// Whether it was installed by uv's own installer: without its receipt `uv self update` refuses (uv 0.13.8).
fn has_receipt(real: &Utf8Path, environment: &Environment) -> bool {
    let config = environment.get("XDG_CONFIG_HOME").map(Utf8PathBuf::from);
    let config = config.or_else(|| environment.get("HOME").map(|home| Utf8Path::new(home).join(".config")));
    let text = config.and_then(|config| fs_err::read(config.join("uv/uv-receipt.json")).ok());
    let receipt = text.and_then(|text| serde_json::from_slice::<serde_json::Value>(&text).ok());
    let prefix = receipt.as_ref().and_then(|receipt| receipt["install_prefix"].as_str()).map(Utf8Path::new);
    let prefix = prefix.map(|prefix| prefix.canonicalize_utf8().unwrap_or_else(|_| prefix.to_owned()));
    prefix.is_some_and(|prefix| real.starts_with(prefix))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_of_install_has_its_own_way_to_update() {
        let dir = tempfile::tempdir().unwrap();
        let root = Utf8PathBuf::from_path_buf(dir.path().canonicalize().unwrap()).unwrap();
        let place = |path: &str, more: &[(&str, &str)]| {
            for (name, text) in more.iter().chain([&(path, "")]) {
                fs_err::create_dir_all(root.join(name).parent().unwrap()).unwrap();
                fs_err::write(root.join(name), text).unwrap();
            }
            let home = root.join("home").to_string();
            update_uv(&root.join(path), &Environment::of(&[("HOME", &home)])).replace(root.as_str(), "ROOT")
        };
        let receipt = format!("{{\"install_prefix\":\"{root}/local/bin\"}}");
        insta::assert_snapshot!([
            place("opt/homebrew/Cellar/uv/0.9/bin/uv", &[]),
            place("home/.local/share/pipx/venvs/uv/bin/uv", &[]),
            place("home/.local/share/uv/tools/uv/bin/uv", &[]),
            place("venv/bin/uv", &[("venv/pyvenv.cfg", "home = /usr\n")]),
            place("app/.venv/bin/uv", &[("app/.venv/pyvenv.cfg", "home = /usr\nuv = 0.9.1\n")]),
            place("usr/bin/uv", &[]),
            place("local/bin/uv", &[("home/.config/uv/uv-receipt.json", &receipt)]),
            place("home/.cargo/bin/uv", &[]),
        ].join("\n"), @"
        update it: `brew upgrade uv`
        update it: `pipx upgrade uv`
        update it: `uv tool upgrade uv`
        update it: `ROOT/venv/bin/python -m pip install --upgrade uv`
        update it: `uv pip install --python ROOT/app/.venv --upgrade uv`
        update it as it was installed: `pip install --upgrade uv` for one of pip's
        update it: `uv self update`
        update it: `cargo install --locked --force uv`
        ");
    }
}
