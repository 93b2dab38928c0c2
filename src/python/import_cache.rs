//! What many files say, read on every core, and remembered for a vendored tree that does not change.
//!
//! Receives the files of a bundle; hands on `Imports` for each Python file among them. The memory is a file beside the
//! vendored tree: it is written anew when anything of it does not fit, and a broken or foreign one is no error. Must never
//! hand on what was remembered of a file of another length.

use super::imports::{self, Imports};
use crate::error::{Error, Result};
use camino::Utf8Path;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

/// One file of a bundle.
#[derive(Debug, Clone, Copy)]
pub(crate) struct File<'a> {
    /// The upload name.
    pub(crate) name: &'a str,
    /// Length in bytes.
    pub(crate) bytes: u64,
    pub(crate) content: Content<'a>,
}

#[derive(Debug, Clone, Copy)]
pub(crate) enum Content<'a> {
    /// Absolute.
    At(&'a Utf8Path),
    Inline(&'a [u8]),
}

/// Changes whenever `Imports` is read or written differently.
const FORMAT: &[u8] = concat!("saddlebag imports 7 ", env!("CARGO_PKG_VERSION"), "\n").as_bytes();

/// How many files are encoded together: enough for every core to have some.
const TOGETHER: usize = 256;

#[derive(Serialize, Deserialize)]
struct CacheEntry {
    name: String,
    bytes: u64,
    says: Imports,
}

/// What each file says to `python` ("3.14"), in the order of `files`; `None` for what is no Python source. `cache_path` is a
/// file to remember vendored files in, for one Python.
///
/// # Errors
/// `Unreadable`: a file that cannot be read.
pub(crate) fn read(
    files: &[File<'_>],
    python: &str,
    cache_path: Option<&Utf8Path>,
) -> Result<Vec<Option<Arc<Imports>>>> {
    let known = cache_path.map(recall).unwrap_or_default();
    let is_known = |file: &File<'_>| known.get(file.name).filter(|(bytes, _)| *bytes == file.bytes);
    let said: Vec<Option<Arc<Imports>>> = files
        .par_iter()
        .map(|file| match (is_source(file.name), is_known(file)) {
            (false, _) => Ok(None),
            (true, Some((_, says))) => Ok(Some(Arc::clone(says))),
            (true, None) => read_one(file, python).map(|says| Some(Arc::new(says))),
        })
        .collect::<Result<_>>()?;
    if let Some(cache_path) = cache_path {
        let vendored = files.iter().zip(&said).filter(|(file, _)| is_vendored(file.name));
        let vendored: Vec<(&File<'_>, &Arc<Imports>)> =
            vendored.filter_map(|(file, says)| Some((file, says.as_ref()?))).collect();
        if vendored.iter().any(|(file, _)| is_known(file).is_none()) {
            remember(cache_path, &vendored);
        }
    }
    Ok(said)
}

fn is_vendored(name: &str) -> bool {
    name.starts_with("python_modules/")
}

fn is_startup(name: &str) -> bool {
    name.strip_prefix("python_modules/").is_some_and(|path| path.ends_with(".pth") && !path.contains('/'))
}

fn is_source(name: &str) -> bool {
    name.ends_with(".py") || is_startup(name)
}

fn read_one(file: &File<'_>, python: &str) -> Result<Imports> {
    let bytes = match file.content {
        Content::Inline(bytes) => Cow::Borrowed(bytes),
        Content::At(path) => Cow::Owned(fs_err::read(path).map_err(|error| Error::unreadable(&error))?),
    };
    if is_startup(file.name) {
        // `site` runs the lines that start with `import`; the others are directories.
        let lines = String::from_utf8_lossy(&bytes);
        let runs = |line: &str| line.starts_with("import ") || line.starts_with("import\t");
        let code: String =
            lines.lines().map(|line| if runs(line) { format!("{line}\n") } else { "\n".into() }).collect();
        let names = |line: &&str| !(runs(line) || line.starts_with('#') || line.trim().is_empty());
        let search = lines.lines().filter(names).map(|line| line.trim_end().to_owned()).collect();
        return Ok(Imports { search, ..imports::imports_of(code.as_bytes(), python) });
    }
    let mut says = imports::imports_of(&bytes, python);
    if let Some((dotted, package)) = place(file.name) {
        says.resolve_names(&dotted, &package);
    }
    if is_vendored(file.name) {
        // Which of its own files a package opens is its own affair.
        says.opens.clear();
    }
    Ok(says)
}

/// The dotted name of a Python file, and its `__package__`. Below `vendor/` it may have two of each.
fn place(name: &str) -> Option<(String, String)> {
    let path = name.strip_prefix("python_modules/").unwrap_or(name).strip_suffix(".py")?;
    if path.starts_with("vendor/") {
        return None;
    }
    let dotted = path.replace('/', ".");
    let parent = |dotted: &str| dotted.rsplit_once('.').map_or_else(String::new, |(above, _)| above.to_owned());
    match dotted.strip_suffix("__init__") {
        Some(above) if above.is_empty() || above.ends_with('.') => {
            let package = above.trim_end_matches('.').to_owned();
            Some((package.clone(), package))
        }
        _ => Some((dotted.clone(), parent(&dotted))),
    }
}

fn recall(cache_path: &Utf8Path) -> HashMap<String, (u64, Arc<Imports>)> {
    let decode = |bytes: &[u8]| -> Option<Vec<CacheEntry>> {
        let mut rest = bytes.strip_prefix(FORMAT)?;
        let mut chunks = Vec::new();
        while let Some((length, after)) = rest.split_first_chunk::<8>() {
            let length = usize::try_from(u64::from_le_bytes(*length)).ok()?;
            let (chunk, after) = after.split_at_checked(length)?;
            chunks.push(chunk);
            rest = after;
        }
        let decoded: Option<Vec<Vec<CacheEntry>>> =
            chunks.par_iter().map(|chunk| postcard::from_bytes(chunk).ok()).collect();
        decoded.map(|chunks| chunks.into_iter().flatten().collect())
    };
    let remembered = fs_err::read(cache_path).ok().and_then(|bytes| decode(&bytes)).unwrap_or_default();
    remembered.into_iter().map(|file| (file.name, (file.bytes, Arc::new(file.says)))).collect()
}

/// A memory that cannot be written is one that is not there.
fn remember(cache_path: &Utf8Path, files: &[(&File<'_>, &Arc<Imports>)]) {
    #[derive(Serialize)]
    struct Borrowed<'a> {
        name: &'a str,
        bytes: u64,
        says: &'a Imports,
    }
    let chunks: Option<Vec<Vec<u8>>> = files
        .par_chunks(TOGETHER)
        .map(|chunk| {
            let rows: Vec<Borrowed<'_>> =
                chunk.iter().map(|(file, says)| Borrowed { name: file.name, bytes: file.bytes, says }).collect();
            postcard::to_allocvec(&rows).ok()
        })
        .collect();
    let (Some(chunks), Some(directory)) = (chunks, cache_path.parent()) else { return };
    let write = || -> std::io::Result<()> {
        let mut file = tempfile::NamedTempFile::new_in(directory)?;
        std::io::Write::write_all(&mut file, FORMAT)?;
        for chunk in &chunks {
            std::io::Write::write_all(&mut file, &(chunk.len() as u64).to_le_bytes())?;
            std::io::Write::write_all(&mut file, chunk)?;
        }
        file.persist(cache_path)?;
        Ok(())
    };
    let _ = write();
}

#[cfg(test)]
mod tests {
    use super::*;
    use camino::Utf8PathBuf;

    fn file<'a>(name: &'a str, text: &'a str) -> File<'a> {
        File { name, bytes: text.len() as u64, content: Content::Inline(text.as_bytes()) }
    }

    fn names(says: &Option<Arc<Imports>>) -> Vec<String> {
        says.iter().flat_map(|says| &says.items).map(imports::Import::written).collect()
    }

    #[test]
    fn a_file_knows_its_package_by_its_name() {
        for (name, dotted, package) in [
            ("main.py", "main", ""),
            ("src/main.py", "src.main", "src"),
            ("src/__init__.py", "src", "src"),
            ("python_modules/p/q/__init__.py", "p.q", "p.q"),
            ("python_modules/p.py", "p", ""),
        ] {
            assert_eq!(place(name), Some((dotted.to_owned(), package.to_owned())), "{name}");
        }
        assert_eq!(place("vendor/x.py"), None);
    }

    #[test]
    fn a_second_reading_is_the_first_and_looks_at_no_vendored_file() {
        let dir = tempfile::tempdir().unwrap();
        let cache_path = Utf8PathBuf::from_path_buf(dir.path().join("imports")).unwrap();
        let text = "import a.b\nfrom importlib.metadata import version\n__version__ = version('x')\n";
        let own = file("src/main.py", "import json\nX = 1\n");
        let first = [own, file("python_modules/p/__init__.py", text), file("python_modules/p/data.json", "{}")];
        let read_first = read(&first, "3.14", Some(&cache_path)).unwrap();
        assert_eq!(names(&read_first[1]), ["a.b", "importlib.metadata"]);
        assert!(read_first[2].is_none());
        assert!(read_first[0].as_ref().unwrap().defined_names.contains("X"));
        // The same length, so that only a look at the content could tell the difference.
        let other = "#".repeat(text.len());
        let second = [own, file("python_modules/p/__init__.py", &other)];
        let read_second = read(&second, "3.14", Some(&cache_path)).unwrap();
        assert_eq!(read_first[..2], read_second[..]);
        assert_eq!(read_second[1].as_ref().unwrap().metadata.len(), 1);
    }

    #[test]
    fn another_length_is_another_file_and_a_broken_memory_is_none() {
        let dir = tempfile::tempdir().unwrap();
        let cache_path = Utf8PathBuf::from_path_buf(dir.path().join("imports")).unwrap();
        let one = [file("python_modules/p.py", "import a\n")];
        read(&one, "3.14", Some(&cache_path)).unwrap();
        let two = [file("python_modules/p.py", "import abc\n")];
        assert_eq!(names(&read(&two, "3.14", Some(&cache_path)).unwrap()[0]), ["abc"]);
        let whole = fs_err::read(&cache_path).unwrap();
        for broken in [&whole[..whole.len() - 1], &whole[1..], b"", FORMAT] {
            fs_err::write(&cache_path, broken).unwrap();
            assert_eq!(names(&read(&one, "3.14", Some(&cache_path)).unwrap()[0]), ["a"]);
        }
    }

    #[test]
    fn a_pth_file_says_what_its_import_lines_run() {
        let lines =
            [file("python_modules/x.pth", "import boot; boot.go()\n../elsewhere\n# import not\nimport\tagain\n")];
        assert_eq!(names(&read(&lines, "3.14", None).unwrap()[0]), ["boot", "again"]);
    }
}
