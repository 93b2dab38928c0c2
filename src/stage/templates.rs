//! Text of the files that saddlebag generates in a stage.

use regex::Regex;
use std::sync::LazyLock;

const ENTRY_SHIM: &str = include_str!("../../templates/entry_shim.py");
const PYPROJECT: &str = include_str!("../../templates/stage_pyproject.toml");
const DEPLOY: &str = include_str!("../../templates/deploy.sh");

/// The main module of the keep layout: re-exports everything from `target` (`src.main`) the way the Workers runtime
/// looks it up: classes by `__all__` or `dir()`, handlers by attribute.
pub(crate) fn entry_shim(target: &str) -> Vec<u8> {
    ENTRY_SHIM.replace("{target}", target).into_bytes()
}

/// The staged `pyproject.toml`. `requirements` are PEP 508 strings, `python` is the target's version.
pub(super) fn pyproject(requirements: &[String], python: &str) -> String {
    let lines: String = requirements
        .iter()
        .map(|requirement| format!("    {},\n", toml_edit::Value::from(without_credentials(requirement))))
        .collect();
    let dependencies = if lines.is_empty() { "[]".to_owned() } else { format!("[\n{lines}]") };
    PYPROJECT.replace("{python}", python).replace("{dependencies}", &dependencies)
}

static CREDENTIALS: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r#"(https?://)[^/@\s"']+@"#).expect("a constant pattern"));

/// Removes user names and passwords from URLs, because an exported stage may be shared.
pub(super) fn without_credentials(text: &str) -> String {
    CREDENTIALS.replace_all(text, "$1").into_owned()
}

/// `deploy.sh` of an exported stage; `config` is the staged configuration's file name.
pub(super) fn deploy_script(config: &str) -> String {
    DEPLOY.replace("{config}", config)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shim_names_its_target_and_nothing_is_left_to_fill_in() {
        let shim = String::from_utf8(entry_shim("src.main")).unwrap();
        assert!(shim.contains("from src.main import *\n"));
        assert!(shim.contains("import src.main as _saddlebag_target\n"));
        assert!(!shim.contains('{'));
    }

    #[test]
    fn the_pyproject_quotes_what_has_to_be_quoted() {
        let requirements = vec!["fastapi>=0.115".to_owned(), r#"idna; python_version < "4""#.to_owned()];
        let text = pyproject(&requirements, "3.14");
        let document: toml_edit::DocumentMut = text.parse().unwrap();
        let written: Vec<&str> =
            document["project"]["dependencies"].as_array().unwrap().iter().filter_map(|value| value.as_str()).collect();
        assert_eq!(written, requirements);
        assert!(document["tool"]["uv"].is_table(), "uv would take the settings of a directory above");
        assert!(text.contains("for Python 3.14."));
    }

    #[test]
    fn credentials_of_a_url_do_not_travel() {
        let text = pyproject(&["dep @ https://user:secret@host.test/dep.whl".to_owned()], "3.14");
        assert!(text.contains("dep @ https://host.test/dep.whl") && !text.contains("secret"), "{text}");
    }

    #[test]
    fn no_requirements_is_an_empty_list() {
        assert!(pyproject(&[], "3.13").contains("\ndependencies = []\n"));
    }
}
