//! Requirements that nothing imports, for a resolution that failed.
//!
//! Nothing is installed then, so that only names tell which modules a distribution has. A requirement that may be in use is left
//! out: if an import could be its own, or its name is anywhere in the source.

use super::requirements::is_development_tool;
use crate::python::normalize;
use crate::resolve::{Imported, Unresolved};
use std::collections::BTreeSet;

/// The requirements behind the conflicts that nothing imports.
pub(super) fn unused(why: &Unresolved) -> BTreeSet<String> {
    let Some(imported) = &why.imported else { return BTreeSet::new() };
    let heads: BTreeSet<&String> = why.conflicts.iter().flat_map(|conflict| &conflict.heads).collect();
    heads.into_iter().filter(|head| is_unused(head, imported, &why.packages)).cloned().collect()
}

fn is_unused(head: &str, imported: &Imported, packages: &BTreeSet<String>) -> bool {
    let mut names = imported.top_levels.iter().chain(&imported.own);
    if names.any(|top_level| provides(head, top_level)) {
        return false;
    }
    if is_development_tool(head) {
        return true;
    }
    // What is not imported by name can be loaded by one: `postgresql+asyncpg://`, `engine="lxml"`.
    let mentioned = [head.to_owned(), head.replace('-', "_"), head.replace('-', ""), core(head)];
    if mentioned.iter().any(|name| imported.text.contains(name.as_str())) {
        return false;
    }
    // Every other import has to be somebody else's: `import PIL` may be that of `pillow`.
    let others = || packages.iter().filter(|package| package.as_str() != head);
    imported.top_levels.iter().all(|top_level| others().any(|package| provides(package, top_level)))
}

/// Whether a distribution's name is that of a module, but for the usual additions: `python-dotenv`, `PyYAML`, `attrs`.
fn provides(distribution: &str, top_level: &str) -> bool {
    let module = normalize(top_level);
    distribution == module || core(distribution) == core(&module)
}

/// A name without `python-`, `-python`, `py` and the like.
fn core(name: &str) -> String {
    let name = name.strip_prefix("python-").or_else(|| name.strip_suffix("-python")).unwrap_or(name);
    let name = name.strip_suffix("-py").or_else(|| name.strip_prefix("py")).unwrap_or(name);
    name.trim_start_matches('-').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unused_of(head: &str, imports: &[&str], text: &str, packages: &[&str]) -> bool {
        let set = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<BTreeSet<_>>();
        let imported = Imported { top_levels: set(imports), own: set(&["core"]), text: text.to_owned() };
        is_unused(head, &imported, &set(packages))
    }

    #[test]
    fn a_development_tool_that_is_not_imported_is_unused() {
        assert!(unused_of("sphinx", &["httpx", "PIL"], "# the docs are made with sphinx", &["httpx", "sphinx"]));
        assert!(!unused_of("sphinx", &["sphinx"], "", &["sphinx"]));
        assert!(!unused_of("pytest-mock", &["pytest_mock"], "", &["pytest-mock"]));
        assert!(!unused_of("ipython", &["IPython"], "", &["ipython"]));
    }

    #[test]
    fn anything_else_is_unused_only_where_every_import_is_somebody_elses() {
        let packages = ["uvloop", "httpx", "python-dotenv", "pillow"];
        assert!(unused_of("uvloop", &["httpx", "dotenv"], "import httpx", &packages));
        assert!(!unused_of("uvloop", &["httpx", "uvloop"], "", &packages));
        assert!(
            !unused_of("pillow", &["httpx", "PIL"], "from PIL import Image", &packages),
            "it may be that of pillow"
        );
        assert!(!unused_of("asyncpg", &["httpx"], "url = 'postgresql+asyncpg://'", &packages), "named in a string");
        assert!(!unused_of("core", &["httpx"], "", &packages), "a module of the project has its name");
    }
}
