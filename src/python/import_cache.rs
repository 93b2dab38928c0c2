//! The imports of the files of a bundle, read on every core; those of vendored files are cached between runs.
//!
//! The cache is a file beside the vendored tree. It is rewritten when an entry is missing or has another length; a cache that
//! is broken, or of another version, counts as none.

use super::finder::dotted_name;
use super::imports::Imports;
use super::sources::ParsedSources;
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

/// To be changed whenever `Imports` is read or written differently.
const FORMAT: &[u8] = concat!("saddlebag imports 7 ", env!("CARGO_PKG_VERSION"), "\n").as_bytes();

/// How many files are encoded together: enough for every core to have some.
const TOGETHER: usize = 256;

#[derive(Serialize, Deserialize)]
struct CacheEntry {
    name: String,
    bytes: u64,
    imports: Imports,
}

/// The imports of each file, in the order of `files`; `None` for what is no Python source. `cache_path`: a cache file for
/// vendored files, for one Python.
///
/// # Errors
/// `Unreadable`: a file that cannot be read.
pub(crate) fn read(
    files: &[File<'_>],
    sources: &ParsedSources,
    cache_path: Option<&Utf8Path>,
) -> Result<Vec<Option<Arc<Imports>>>> {
    let cached = cache_path.map(read_cache).unwrap_or_default();
    let is_cached = |file: &File<'_>| cached.get(file.name).filter(|(bytes, _)| *bytes == file.bytes);
    let read: Vec<Option<Arc<Imports>>> = files
        .par_iter()
        .map(|file| match (is_source(file.name), is_cached(file)) {
            (false, _) => Ok(None),
            (true, Some((_, imports))) => Ok(Some(Arc::clone(imports))),
            (true, None) => read_one(file, sources).map(Some),
        })
        .collect::<Result<_>>()?;
    if let Some(cache_path) = cache_path {
        let vendored = files.iter().zip(&read).filter(|(file, _)| is_vendored(file.name));
        let vendored: Vec<(&File<'_>, &Arc<Imports>)> =
            vendored.filter_map(|(file, imports)| Some((file, imports.as_ref()?))).collect();
        if vendored.iter().any(|(file, _)| is_cached(file).is_none()) {
            write_cache(cache_path, &vendored);
        }
    }
    Ok(read)
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

fn read_one(file: &File<'_>, sources: &ParsedSources) -> Result<Arc<Imports>> {
    let bytes = match file.content {
        Content::At(path) if !is_vendored(file.name) => {
            return sources.read(path).map(|facts| with_own_name(&facts.imports, file.name));
        }
        Content::At(path) => Cow::Owned(fs_err::read(path).map_err(|error| Error::unreadable(&error))?),
        Content::Inline(bytes) => Cow::Borrowed(bytes),
    };
    if is_startup(file.name) {
        return Ok(Arc::new(read_startup(&String::from_utf8_lossy(&bytes), sources)));
    }
    let mut imports = sources.parse_imports(&bytes);
    if is_vendored(file.name) {
        // Which of its own files a package opens is its own affair.
        imports.opens.clear();
    }
    Ok(with_own_name(&Arc::new(imports), file.name))
}

/// A `.pth` file: `site` runs the lines that start with `import`; the others are directories.
fn read_startup(text: &str, sources: &ParsedSources) -> Imports {
    let runs = |line: &str| line.starts_with("import ") || line.starts_with("import\t");
    let code: String = text.lines().map(|line| if runs(line) { format!("{line}\n") } else { "\n".into() }).collect();
    let names = |line: &&str| !(runs(line) || line.starts_with('#') || line.trim().is_empty());
    let search = text.lines().filter(names).map(|line| line.trim_end().to_owned()).collect();
    Imports { search, ..sources.parse_imports(code.as_bytes()) }
}

/// The imports of a file that knows the name at which it is imported.
fn with_own_name(imports: &Arc<Imports>, name: &str) -> Arc<Imports> {
    match own_name(name).filter(|_| imports.depends_on_own_name()) {
        Some((dotted, package)) => {
            let mut imports = Imports::clone(imports);
            imports.resolve_names(&dotted, &package);
            Arc::new(imports)
        }
        None => Arc::clone(imports),
    }
}

/// The dotted name of a Python file, and its `__package__`. Below `vendor/` it may have two of each.
fn own_name(name: &str) -> Option<(String, String)> {
    let path = name.strip_prefix("python_modules/").unwrap_or(name);
    if path.starts_with("vendor/") || !path.ends_with(".py") {
        return None;
    }
    let dotted = dotted_name(path);
    let is_package = path.rsplit('/').next() == Some("__init__.py");
    let package = match dotted.rsplit_once('.') {
        _ if is_package => dotted.clone(),
        Some((above, _)) => above.to_owned(),
        None => String::new(),
    };
    Some((dotted, package))
}

fn read_cache(cache_path: &Utf8Path) -> HashMap<String, (u64, Arc<Imports>)> {
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
    let entries = fs_err::read(cache_path).ok().and_then(|bytes| decode(&bytes)).unwrap_or_default();
    entries.into_iter().map(|file| (file.name, (file.bytes, Arc::new(file.imports)))).collect()
}

/// A cache that cannot be written is not used: the next run reads the files again.
fn write_cache(cache_path: &Utf8Path, files: &[(&File<'_>, &Arc<Imports>)]) {
    #[derive(Serialize)]
    struct Borrowed<'a> {
        name: &'a str,
        bytes: u64,
        imports: &'a Imports,
    }
    let chunks: Option<Vec<Vec<u8>>> = files
        .par_chunks(TOGETHER)
        .map(|chunk| {
            let rows: Vec<Borrowed<'_>> =
                chunk.iter().map(|(file, imports)| Borrowed { name: file.name, bytes: file.bytes, imports }).collect();
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

    fn names(imports: &Option<Arc<Imports>>) -> Vec<String> {
        imports.iter().flat_map(|imports| &imports.items).map(|import| import.written()).collect()
    }

    fn python() -> ParsedSources {
        ParsedSources::new("3.14")
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
            assert_eq!(own_name(name), Some((dotted.to_owned(), package.to_owned())), "{name}");
        }
        assert_eq!(own_name("vendor/x.py"), None);
    }

    #[test]
    fn a_second_reading_is_the_first_and_looks_at_no_vendored_file() {
        let dir = tempfile::tempdir().unwrap();
        let cache_path = Utf8PathBuf::from_path_buf(dir.path().join("imports")).unwrap();
        let text = "import a.b\nfrom importlib.metadata import version\n__version__ = version('x')\n";
        let main = file("src/main.py", "import json\nX = 1\n");
        let first = [main, file("python_modules/p/__init__.py", text), file("python_modules/p/data.json", "{}")];
        let read_first = read(&first, &python(), Some(&cache_path)).unwrap();
        assert_eq!(names(&read_first[1]), ["a.b", "importlib.metadata"]);
        assert!(read_first[2].is_none());
        assert!(read_first[0].as_ref().unwrap().defined_names.contains("X"));
        // The same length, so that only a look at the content could tell the difference.
        let other = "#".repeat(text.len());
        let second = [main, file("python_modules/p/__init__.py", &other)];
        let read_second = read(&second, &python(), Some(&cache_path)).unwrap();
        assert_eq!(read_first[..2], read_second[..]);
        assert_eq!(read_second[1].as_ref().unwrap().metadata.len(), 1);
    }

    #[test]
    fn another_length_is_another_file_and_a_broken_memory_is_none() {
        let dir = tempfile::tempdir().unwrap();
        let cache_path = Utf8PathBuf::from_path_buf(dir.path().join("imports")).unwrap();
        let one = [file("python_modules/p.py", "import a\n")];
        read(&one, &python(), Some(&cache_path)).unwrap();
        let two = [file("python_modules/p.py", "import abc\n")];
        assert_eq!(names(&read(&two, &python(), Some(&cache_path)).unwrap()[0]), ["abc"]);
        let whole = fs_err::read(&cache_path).unwrap();
        for broken in [&whole[..whole.len() - 1], &whole[1..], b"", FORMAT] {
            fs_err::write(&cache_path, broken).unwrap();
            assert_eq!(names(&read(&one, &python(), Some(&cache_path)).unwrap()[0]), ["a"]);
        }
    }

    #[test]
    fn a_pth_file_says_what_its_import_lines_run() {
        let lines =
            [file("python_modules/x.pth", "import boot; boot.go()\n../elsewhere\n# import not\nimport\tagain\n")];
        assert_eq!(names(&read(&lines, &python(), None).unwrap()[0]), ["boot", "again"]);
    }
}
