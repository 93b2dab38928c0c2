//! Finds the root and members of the uv workspace that a project belongs to.
//!
//! Reads only `pyproject.toml` files. Follows uv 0.13.8, compared on one tree of each kind.

use crate::error::{Error, ErrorKind, Location, LocationKind, Result};
use crate::python;
use camino::{Utf8Path, Utf8PathBuf};
use toml_edit::{DocumentMut, Item, Table, TableLike, Value};

/// Maximum depth for `**`.
const DEPTH: usize = 8;

#[derive(Debug)]
pub(super) struct Workspace {
    /// Absolute.
    pub(super) root: Utf8PathBuf,
    /// Normalised name and directory of each member.
    members: Vec<(String, Utf8PathBuf)>,
}

impl Workspace {
    pub(super) fn member(&self, name: &str) -> Option<&Utf8Path> {
        let name = python::normalize(name);
        self.members.iter().find(|(member, _)| *member == name).map(|(_, directory)| directory.as_path())
    }
}

/// A TOML file.
/// Errors: `Unreadable`, `ConfigSyntax`.
pub(super) fn document(path: &Utf8Path) -> Result<DocumentMut> {
    let text = fs_err::read_to_string(path).map_err(|error| Error::unreadable(&error))?;
    text.parse().map_err(|error: toml_edit::TomlError| {
        Error::new(
            ErrorKind::ConfigSyntax,
            format!("`{path}` is not valid TOML: {}", error.message()),
            "correct the file",
        )
        .with_location(Location::new(LocationKind::File, path.as_str()))
    })
}

/// `[tool.uv]` of a `pyproject.toml`; `None` if either is missing.
pub(super) fn tool_uv(pyproject: &Utf8Path) -> Result<Option<Table>> {
    if !pyproject.is_file() {
        return Ok(None);
    }
    Ok(tool_uv_of(&document(pyproject)?))
}

fn tool_uv_of(document: &DocumentMut) -> Option<Table> {
    document.get("tool")?.get("uv")?.clone().into_table().ok()
}

/// The workspace of the project in `directory` (absolute): its own, or that of the nearest `pyproject.toml` above it,
/// if that one has a workspace with the project as a member.
pub(super) fn find(directory: &Utf8Path) -> Result<Option<Workspace>> {
    let own = tool_uv(&directory.join("pyproject.toml"))?;
    if own.as_ref().and_then(|own| own.get("managed")).and_then(Item::as_bool) == Some(false) {
        return Ok(None);
    }
    if let Some(table) = own.as_ref().and_then(workspace_table) {
        return read(directory, table).map(Some);
    }
    for above in directory.ancestors().skip(1) {
        let pyproject = above.join("pyproject.toml");
        if !pyproject.is_file() {
            continue;
        }
        let settings = tool_uv(&pyproject)?;
        let Some(table) = settings.as_ref().and_then(workspace_table) else { return Ok(None) };
        let found = read(above, table)?;
        return Ok(found.members.iter().any(|(_, member)| member == directory).then_some(found));
    }
    Ok(None)
}

fn workspace_table(settings: &Table) -> Option<&dyn TableLike> {
    settings.get("workspace")?.as_table_like()
}

fn read(root: &Utf8Path, table: &dyn TableLike) -> Result<Workspace> {
    let mut members = Vec::new();
    for directory in std::iter::once(root.to_owned()).chain(member_directories(root, table)) {
        let pyproject = directory.join("pyproject.toml");
        if pyproject.is_file()
            && let Some(name) =
                document(&pyproject)?.get("project").and_then(|project| project.get("name")).and_then(Item::as_str)
        {
            members.push((python::normalize(name), directory));
        }
    }
    Ok(Workspace { root: root.to_owned(), members })
}

/// The directories that match `members` but not `exclude`. In uv's globs, `*` matches within one level.
fn member_directories(root: &Utf8Path, workspace: &dyn TableLike) -> Vec<Utf8PathBuf> {
    let globs = |key: &str| {
        let mut set = globset::GlobSetBuilder::new();
        let mut depth = 0;
        for pattern in workspace.get(key).and_then(Item::as_array).into_iter().flatten().filter_map(Value::as_str) {
            let pattern = pattern.trim_start_matches("./").trim_end_matches('/');
            depth = depth.max(if pattern.contains("**") { DEPTH } else { pattern.split('/').count() });
            if let Ok(glob) = globset::GlobBuilder::new(pattern).literal_separator(true).build() {
                set.add(glob);
            }
        }
        (set.build().unwrap_or_default(), depth)
    };
    let ((members, depth), (exclude, _)) = (globs("members"), globs("exclude"));
    walkdir::WalkDir::new(root)
        .min_depth(1)
        .max_depth(depth)
        .sort_by_file_name()
        .into_iter()
        .filter_entry(|entry| {
            entry.file_type().is_dir()
                && !entry.file_name().to_str().is_none_or(|name| name.starts_with('.') || name == "node_modules")
        })
        .flatten()
        .filter_map(|entry| Utf8PathBuf::from_path_buf(entry.into_path()).ok())
        .filter(|directory| {
            directory.strip_prefix(root).is_ok_and(|inside| members.is_match(inside) && !exclude.is_match(inside))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Lists the directories (relative) that are in a workspace, and which workspace.
    fn found(files: &[(&str, &str)]) -> Vec<(String, Option<String>)> {
        let dir = tempfile::tempdir().unwrap();
        let root = Utf8PathBuf::from_path_buf(dir.path().canonicalize().unwrap()).unwrap();
        for (name, text) in files {
            fs_err::create_dir_all(root.join(name)).unwrap();
            fs_err::write(root.join(name).join("pyproject.toml"), text).unwrap();
        }
        let shown = |path: &Utf8Path| format!("/{}", path.strip_prefix(&root).unwrap());
        files
            .iter()
            .map(|(name, _)| {
                let workspace = find(&root.join(name)).unwrap().map(|workspace| shown(&workspace.root));
                ((*name).to_owned(), workspace)
            })
            .collect()
    }

    #[test]
    fn a_member_is_what_uv_takes_for_one() {
        let root = "[tool.uv.workspace]\nmembers = [\"packages/*\", \"apps/**\"]\nexclude = [\"packages/out\"]\n";
        let project = |name: &str| format!("[project]\nname = \"{name}\"\n");
        let (a, b, c, d, e, f) = (project("a"), project("b"), project("c"), project("d"), project("e"), project("f"));
        let unmanaged = format!("{f}[tool.uv]\nmanaged = false\n");
        let found = found(&[
            ("", root),
            ("packages/a", &a),
            ("packages/out", &b),
            ("packages/a/examples/c", &c),
            ("elsewhere/d", &d),
            ("apps/deep/er/e", &e),
            ("packages/f", &unmanaged),
        ]);
        let seen: Vec<_> = found.iter().map(|(name, workspace)| (name.as_str(), workspace.as_deref())).collect();
        assert_eq!(
            seen,
            [
                ("", Some("/")),
                ("packages/a", Some("/")),
                ("packages/out", None),
                ("packages/a/examples/c", None),
                ("elsewhere/d", None),
                ("apps/deep/er/e", Some("/")),
                ("packages/f", None),
            ]
        );
    }
}
