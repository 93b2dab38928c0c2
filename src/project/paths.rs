//! Paths as text: shown relative to the project, and resolved without following links.

use camino::{Utf8Path, Utf8PathBuf};

/// `path` relative to `root` with `/`, or unchanged where it is not inside.
pub(crate) fn display(root: &Utf8Path, path: &Utf8Path) -> String {
    match path.strip_prefix(root) {
        Ok(inside) if inside.as_str().is_empty() => ".".to_owned(),
        Ok(inside) => inside.as_str().replace('\\', "/"),
        Err(_) => path.to_string(),
    }
}

/// Joins and removes `.` and `..` by text, as node's `path.resolve` does; links are not followed.
pub(crate) fn resolve(base: &Utf8Path, path: &str) -> Utf8PathBuf {
    let mut out = Utf8PathBuf::new();
    for component in base.join(path).components() {
        match component {
            camino::Utf8Component::CurDir => {}
            camino::Utf8Component::ParentDir => {
                out.pop();
            }
            other => out.push(other),
        }
    }
    out
}
