//! The distributions of a vendored tree, from their `*.dist-info`.
//!
//! A path in RECORD that is absolute or leads out of the tree is ignored.

use super::normalize;
use crate::error::{Error, Result};
use camino::Utf8Path;
use pep508_rs::{Requirement, VerbatimUrl};
use std::collections::{BTreeMap, BTreeSet};
use std::io::ErrorKind;
use std::str::FromStr as _;

/// One installed distribution.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Distribution {
    /// Normalised name (PEP 503), from METADATA `Name`.
    pub(crate) name: String,
    pub(crate) version: String,
    /// The directory's name, e.g. `fastapi-0.165.0.dist-info`.
    pub(crate) dist_info: String,
    /// Normalised names of `Requires-Dist` entries that do not depend on an extra; sorted, once each.
    pub(crate) requires: Vec<String>,
    /// Files by RECORD, relative to the tree with `/`; nothing absolute and nothing that climbs out.
    pub(crate) files: Vec<String>,
}

/// Every distribution of `tree`, sorted by name; none where there is no such directory.
///
/// Of METADATA only the headers are read. Without METADATA the directory's name gives name and version; without RECORD the files
/// are those of the dist-info and of the names in `top_level.txt` (or, without that, of the distribution's own name).
///
/// # Errors
/// `Unreadable`: the tree or one of its dist-info directories cannot be read.
pub(crate) fn read_all(tree: &Utf8Path) -> Result<Vec<Distribution>> {
    if !tree.is_dir() {
        return Ok(Vec::new());
    }
    let mut distributions = Vec::new();
    for entry in tree.read_dir_utf8().map_err(|error| Error::unreadable(&with_path(&error, tree)))? {
        // A name that is not UTF-8 is not a dist-info; collecting the tree reports it.
        let Ok(entry) = entry else { continue };
        if entry.file_name().ends_with(".dist-info") && entry.path().is_dir() {
            distributions.push(read_one(tree, entry.file_name())?);
        }
    }
    distributions.sort_by(|a, b| (&a.name, &a.dist_info).cmp(&(&b.name, &b.dist_info)));
    Ok(distributions)
}

/// `RECORD`'s digests, as it writes them (`sha256=...`), by path; empty where there is no RECORD. For two
/// distributions that claim one file: whether they have the same content.
///
/// # Errors
/// `Unreadable`: RECORD exists and cannot be read.
pub(crate) fn recorded_digests(tree: &Utf8Path, dist_info: &str) -> Result<BTreeMap<String, String>> {
    let record = read_if_exists(&tree.join(dist_info).join("RECORD"))?.unwrap_or_default();
    Ok(parse_record(&record).into_iter().collect())
}

/// What a distribution weighs, in bytes: the sizes that RECORD states, and of files without one (RECORD itself, bytecode)
/// that of the file, if it is there; without RECORD that of its files.
///
/// # Errors
/// `Unreadable`: RECORD, or what replaces it, exists and cannot be read.
pub(crate) fn recorded_bytes(tree: &Utf8Path, dist_info: &str) -> Result<u64> {
    let on_disk = |path: &str| fs_err::metadata(tree.join(path)).map_or(0, |found| found.len());
    let Some(record) = read_if_exists(&tree.join(dist_info).join("RECORD"))? else {
        let stem = dist_info.trim_end_matches(".dist-info");
        let name = stem.rsplit_once('-').map_or(stem, |(name, _)| name);
        return Ok(guess_files(tree, dist_info, name)?.iter().map(|path| on_disk(path)).sum());
    };
    let sizes = rows(&record).map(|(path, row)| {
        let stated = row.get(2).and_then(|size| std::str::from_utf8(size).ok()?.trim().parse::<u64>().ok());
        stated.unwrap_or_else(|| on_disk(&path))
    });
    Ok(sizes.fold(0, u64::saturating_add))
}

fn read_one(tree: &Utf8Path, dist_info: &str) -> Result<Distribution> {
    let directory = tree.join(dist_info);
    let headers = match read_if_exists(&directory.join("METADATA"))? {
        Some(metadata) => parse_headers(&String::from_utf8_lossy(&metadata)),
        None => Vec::new(),
    };
    let header = |wanted: &str| {
        let found = headers.iter().find(|(name, _)| name.eq_ignore_ascii_case(wanted));
        found.map(|(_, value)| value.as_str()).filter(|value| !value.is_empty())
    };
    let stem = dist_info.trim_end_matches(".dist-info");
    let (stem_name, stem_version) = stem.rsplit_once('-').unwrap_or((stem, ""));

    let requirements = headers.iter().filter(|(name, _)| name.eq_ignore_ascii_case("Requires-Dist"));
    let requires: BTreeSet<String> = requirements.filter_map(|(_, line)| required_name(line)).collect();
    let files: BTreeSet<String> = match read_if_exists(&directory.join("RECORD"))? {
        Some(record) => parse_record(&record).into_iter().map(|(path, _)| path).collect(),
        None => guess_files(tree, dist_info, stem_name)?,
    };
    Ok(Distribution {
        name: normalize(header("Name").unwrap_or(stem_name)),
        version: header("Version").unwrap_or(stem_version).to_owned(),
        dist_info: dist_info.to_owned(),
        requires: requires.into_iter().collect(),
        files: files.into_iter().collect(),
    })
}

fn read_if_exists(path: &Utf8Path) -> Result<Option<Vec<u8>>> {
    match fs_err::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Error::unreadable(&error)),
    }
}

/// camino's directory errors do not name the path.
fn with_path(error: &std::io::Error, path: &Utf8Path) -> std::io::Error {
    std::io::Error::new(error.kind(), format!("failed to read the directory `{path}`: {error}"))
}

/// The headers of METADATA (core metadata, an e-mail header block), continuation lines unfolded, up to the first blank line.
fn parse_headers(text: &str) -> Vec<(String, String)> {
    let mut headers: Vec<(String, String)> = Vec::new();
    for line in text.lines().take_while(|line| !line.is_empty()) {
        if line.starts_with([' ', '\t']) {
            if let Some((_, value)) = headers.last_mut() {
                value.push(' ');
                value.push_str(line.trim());
            }
        } else if let Some((name, value)) = line.split_once(':') {
            headers.push((name.trim().to_owned(), value.trim().to_owned()));
        }
    }
    headers
}

/// The normalised name of a `Requires-Dist`, unless no environment needs it without an extra.
fn required_name(line: &str) -> Option<String> {
    let line = line.trim_start();
    let parsed = if parser_survives(line) { Requirement::<VerbatimUrl>::from_str(line).ok() } else { None };
    if let Some(requirement) = parsed {
        return requirement.marker.evaluate_extras(&[]).then(|| normalize(requirement.name.as_ref()));
    }
    // Older metadata is full of lines that PEP 508 does not know; a name is still a name.
    let name = normalize(leading_name(line));
    let on_extra = line.split_once(';').is_some_and(|(_, marker)| marker.contains("extra"));
    (!name.is_empty() && !on_extra).then_some(name)
}

/// The name that a requirement begins with, as it is written: `fastapi` of `fastapi[all]>=0.100`.
pub(crate) fn leading_name(text: &str) -> &str {
    let end = text.find(|c: char| !(c.is_ascii_alphanumeric() || "-_.".contains(c)));
    &text[..end.unwrap_or(text.len())]
}

/// pep508_rs 0.9.2 panics, rather than fails, at a name or an extra that ends in punctuation and is followed by more.
fn parser_survives(line: &str) -> bool {
    let ends_well = |name: &str| !name.ends_with(['-', '_', '.']);
    let name = leading_name(line);
    let extras = line[name.len()..].trim_start().strip_prefix('[').unwrap_or_default();
    let extras = extras.split_once(']').map_or(extras, |(inside, _)| inside);
    ends_well(name) && extras.split(',').all(|extra| ends_well(leading_name(extra.trim_start())))
}

/// RECORD's paths and digests; what is absolute or climbs out of the tree is left out.
fn parse_record(record: &[u8]) -> Vec<(String, String)> {
    let digest = |row: &csv::ByteRecord| String::from_utf8_lossy(row.get(1).unwrap_or_default()).into_owned();
    rows(record).map(|(path, row)| (path, digest(&row))).collect()
}

/// RECORD's rows whose paths stay in the tree, with those paths.
fn rows(record: &[u8]) -> impl Iterator<Item = (String, csv::ByteRecord)> + '_ {
    let reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(record);
    let rows = reader.into_byte_records().filter_map(std::result::Result::ok);
    rows.filter_map(|row| Some((inside(std::str::from_utf8(row.get(0)?).ok()?)?, row)))
}

/// `path` without `.` and `..`, with `/`; `None` where it is absolute, empty or leads out.
fn inside(path: &str) -> Option<String> {
    let path = path.replace('\\', "/");
    let drive = path.as_bytes().get(1) == Some(&b':');
    if path.starts_with('/') || drive || path.contains('\0') {
        return None;
    }
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            name => parts.push(name),
        }
    }
    // `a/../C:/b` has become a path with a drive.
    let joined = parts.join("/");
    (!joined.is_empty() && joined.as_bytes().get(1) != Some(&b':')).then_some(joined)
}

/// The files of a distribution that has no RECORD.
fn guess_files(tree: &Utf8Path, dist_info: &str, stem_name: &str) -> Result<BTreeSet<String>> {
    let names = match read_if_exists(&tree.join(dist_info).join("top_level.txt"))? {
        Some(text) => String::from_utf8_lossy(&text).lines().filter_map(|line| inside(line.trim())).collect(),
        None => vec![stem_name.replace(['-', '.'], "_").to_ascii_lowercase()],
    };
    let mut files = BTreeSet::new();
    for root in names.iter().map(String::as_str).chain([dist_info]) {
        let module = format!("{root}.py");
        if tree.join(&module).is_file() {
            files.insert(module);
        }
        for entry in walkdir::WalkDir::new(tree.join(root)).into_iter().filter_map(std::result::Result::ok) {
            let relative = entry.path().strip_prefix(tree).ok().and_then(|path| path.to_str());
            if let Some(relative) = relative.filter(|_| entry.file_type().is_file()) {
                files.insert(relative.replace('\\', "/"));
            }
        }
    }
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn tree(files: &[(&str, &str)]) -> (tempfile::TempDir, camino::Utf8PathBuf) {
        let directory = tempfile::tempdir().unwrap();
        let root = camino::Utf8PathBuf::from_path_buf(directory.path().to_path_buf()).unwrap();
        for (name, text) in files {
            let path = root.join(name);
            fs_err::create_dir_all(path.parent().unwrap()).unwrap();
            fs_err::write(path, text).unwrap();
        }
        (directory, root)
    }

    const METADATA: &str = "Metadata-Version: 2.4\nName: Typing_Extensions.Plus\nVersion: 4.1\n\
        Summary: one\n  two\nRequires-Dist: idna>=2.0\nRequires-Dist: Foo.Bar ; python_version >= \"3.9\"\n\
        Requires-Dist: trio>=0.31; extra == 'trio'\nRequires-Dist: both; extra == 'a' or python_version > '3'\n\
        Requires-Dist: old (>=1.0dev)\nRequires-Dist: weird===\"x\n\nRequires-Dist: not-a-header\n";

    #[test]
    fn reads_name_version_requirements_and_files() {
        let (_guard, root) = tree(&[
            ("typing_extensions_plus-4.1.dist-info/METADATA", METADATA),
            (
                "typing_extensions_plus-4.1.dist-info/RECORD",
                "t.py,sha256=abc,3\n\"with, comma.py\",,\n../../bin/x,,\n/etc/passwd,,\nC:\\x,,\na/../b.py,,\n",
            ),
            ("t.py", "x=1"),
        ]);
        let all = read_all(&root).unwrap();
        assert_eq!(
            all,
            [Distribution {
                name: "typing-extensions-plus".into(),
                version: "4.1".into(),
                dist_info: "typing_extensions_plus-4.1.dist-info".into(),
                requires: ["both", "foo-bar", "idna", "old", "weird"].map(String::from).to_vec(),
                files: ["b.py", "t.py", "with, comma.py"].map(String::from).to_vec(),
            }]
        );
        let digests = recorded_digests(&root, &all[0].dist_info).unwrap();
        assert_eq!(digests.get("t.py").map(String::as_str), Some("sha256=abc"));
    }

    #[test]
    fn without_record_and_metadata_it_guesses() {
        let (_guard, root) = tree(&[
            ("My_Lib-1.2.dist-info/INSTALLER", "uv"),
            ("my_lib/__init__.py", ""),
            ("my_lib/sub/a.txt", ""),
            ("other.py", ""),
            ("two-3.dist-info/top_level.txt", "other\n../escape\n"),
        ]);
        let all = read_all(&root).unwrap();
        assert_eq!((all[0].name.as_str(), all[0].version.as_str()), ("my-lib", "1.2"));
        assert_eq!(all[0].files, ["My_Lib-1.2.dist-info/INSTALLER", "my_lib/__init__.py", "my_lib/sub/a.txt"]);
        assert_eq!(all[1].files, ["other.py", "two-3.dist-info/top_level.txt"]);
    }

    #[test]
    fn no_tree_has_no_distributions() {
        let (_guard, root) = tree(&[]);
        assert_eq!(read_all(&root.join("absent")).unwrap(), []);
    }

    proptest! {
        #[test]
        fn a_record_never_leads_out(text in r#"(\PC|\n|[./\\:",]){0,60}"#) {
            for (path, _) in parse_record(text.as_bytes()) {
                prop_assert!(!path.is_empty() && !path.starts_with('/') && !path.contains('\\'));
                prop_assert!(path.split('/').all(|part| !part.is_empty() && part != ".." && part != "."));
                prop_assert!(path.as_bytes().get(1) != Some(&b':'));
            }
        }

        #[test]
        fn headers_never_panic(text in any::<String>()) {
            for (_, value) in parse_headers(&text) {
                required_name(&value);
            }
        }

        #[test]
        fn a_requirement_never_panics(line in r"[aB.\-_ 1]{0,4}(\[[aB.\-_, ]{0,5}\]?)?[@;()<>=!~,.* aB1'/:\-]{0,10}") {
            required_name(&line);
        }
    }
}
