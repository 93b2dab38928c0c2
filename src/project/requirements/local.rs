//! Requirements that name a path on this machine: whether one does, its name, and its `file:` URL.
//!
//! Of a directory only `pyproject.toml` is read: no build backend runs to get a name.

use super::url::{has_scheme, is_scheme};
use crate::project::paths::resolve;
use crate::python::normalize;
use camino::{Utf8Path, Utf8PathBuf};

/// What stands behind `name @`, or alone.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Target {
    /// Downloaded, or cloned: unchanged.
    Remote(String),
    /// On this machine: the absolute path, and the URL's fragment with its `#`.
    Local(Utf8PathBuf, String),
}

impl Target {
    /// A URL, a `file:` URL (relative ones too, as uv has them), or a path relative to `dir`.
    pub(super) fn of(text: &str, dir: &Utf8Path) -> Self {
        let Some(rest) = text.strip_prefix("file:") else {
            return match has_scheme(text) {
                true => Self::Remote(text.to_owned()),
                false => Self::Local(resolve(dir, text), String::new()),
            };
        };
        let (path, fragment) = rest.split_at(rest.find('#').unwrap_or(rest.len()));
        let path = path.strip_prefix("//localhost").or_else(|| path.strip_prefix("//")).unwrap_or(path);
        let path = percent_decoded(path);
        // `file:///C:/x` on Windows: the drive stands behind a slash.
        let drive = path.strip_prefix('/').filter(|rest| rest.as_bytes().get(1) == Some(&b':'));
        Self::Local(resolve(dir, drive.unwrap_or(&path)), fragment.to_owned())
    }

    /// As PEP 508 wants it.
    pub(super) fn url(&self) -> String {
        match self {
            Self::Remote(url) => url.clone(),
            Self::Local(path, fragment) => format!("{}{fragment}", file_url(path)),
        }
    }

    /// The distribution's name, where the target alone tells it: from a wheel's file name, or a directory's `[project]`.
    pub(super) fn distribution(&self) -> Option<String> {
        match self {
            Self::Remote(url) => wheel_name(url.split(['#', '?']).next()?.rsplit('/').next()?),
            Self::Local(path, _) if path.is_dir() => project_name(path),
            Self::Local(path, _) => wheel_name(path.file_name()?),
        }
    }
}

/// Whether an entry is a path or a URL without a name: pip's rule, less its look at the disk.
pub(super) fn is_unnamed(text: &str) -> bool {
    let word = text.split([' ', '\t', ';']).next().unwrap_or(text);
    let name = word.find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))).unwrap_or(word.len());
    let behind = text[name..].trim_start();
    let behind = behind
        .strip_prefix('[')
        .and_then(|extras| extras.split_once(']'))
        .map_or(behind, |(_, rest)| rest.trim_start());
    if name > 0 && behind.starts_with('@') {
        return false;
    }
    let bare = word.split('[').next().unwrap_or(word);
    let scheme = text.split_once(':').is_some_and(|(scheme, _)| is_scheme(scheme) && scheme.len() < word.len());
    word.starts_with('.') || word.contains(['/', '\\']) || scheme || is_archive(bare)
}

fn is_archive(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    [".whl", ".zip", ".tar", ".tgz", ".tar.gz", ".tar.bz2", ".tar.xz"].iter().any(|ending| name.ends_with(ending))
}

/// `name-version(-build)?-python-abi-platform.whl` (PEP 427).
fn wheel_name(file_name: &str) -> Option<String> {
    let stem = file_name.strip_suffix(".whl")?;
    let parts: Vec<&str> = stem.split('-').collect();
    matches!(parts.len(), 5 | 6).then(|| normalize(parts[0])).filter(|name| !name.is_empty())
}

fn project_name(dir: &Utf8Path) -> Option<String> {
    let text = fs_err::read_to_string(dir.join("pyproject.toml")).ok()?;
    let tree = toml_edit::Document::parse(text).ok()?;
    let name = normalize(tree.get("project")?.get("name")?.as_str()?);
    (!name.is_empty()).then_some(name)
}

/// `file:///a%20b` of an absolute path (RFC 8089).
fn file_url(path: &Utf8Path) -> String {
    let path = path.as_str().replace('\\', "/");
    let mut url = "file://".to_owned();
    if !path.starts_with('/') {
        url.push('/');
    }
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || b"/-._~:@+,=!".contains(&byte) {
            url.push(char::from(byte));
        } else {
            url.push_str(&format!("%{byte:02X}"));
        }
    }
    url
}

/// `%20` and the like as bytes; what is not UTF-8 afterwards stays as it was written.
fn percent_decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        let hex = tail.get(..2).filter(|_| *first == b'%').and_then(|hex| std::str::from_utf8(hex).ok());
        match hex.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = &tail[2..];
            }
            None => {
                bytes.push(*first);
                rest = tail;
            }
        }
    }
    String::from_utf8(bytes).unwrap_or_else(|_| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn tells_paths_and_urls_from_names() {
        for text in [
            "./x",
            "../x[dev]",
            "/a/b",
            "libs/x",
            "x.whl",
            "x-1.0.tar.gz",
            "https://h/x.whl",
            "file:x",
            "file:///x",
            "git+https://h/r",
            "C:\\x",
            "./x ; python_version > '3'",
            "foo.whl[extra]",
            "git@h:x/y".trim_start_matches("git@"),
        ] {
            assert!(is_unnamed(text), "{text}");
        }
        for text in [
            "x",
            "x>=1",
            "x[a,b]>=1 ; platform_machine == 'a/b'",
            "x;sys_platform=='a/b'",
            "x @ https://h/x.whl",
            "x@./y",
            "x[a] @ file:y",
            "zope.interface",
            "x ; implementation_name == 'a:b'",
            "x==1!2.0",
        ] {
            assert!(!is_unnamed(text), "{text}");
        }
    }

    #[test]
    fn targets() {
        let dir = Utf8Path::new("/p/q");
        let local = |path: &str, fragment: &str| Target::Local(path.into(), fragment.to_owned());
        for (text, target, url) in [
            ("./x y", local("/p/q/x y", ""), "file:///p/q/x%20y"),
            ("../é#1", local("/p/é#1", ""), "file:///p/%C3%A9%231"),
            ("file:x", local("/p/q/x", ""), "file:///p/q/x"),
            ("file:///a%20b#sha256=0", local("/a b", "#sha256=0"), "file:///a%20b#sha256=0"),
            ("file://localhost/a", local("/a", ""), "file:///a"),
            ("git+ssh://g@h/r", Target::Remote("git+ssh://g@h/r".to_owned()), "git+ssh://g@h/r"),
        ] {
            let found = Target::of(text, dir);
            assert_eq!(found, target, "{text}");
            assert_eq!(found.url(), url, "{text}");
        }
    }

    #[test]
    fn names_of_wheels() {
        for (name, expected) in [
            ("Foo_Bar-1.0-py3-none-any.whl", Some("foo-bar")),
            ("foo-1.0-1-py3-none-any.whl", Some("foo")),
            ("foo-1.0.whl", None),
            ("foo-1.0.tar.gz", None),
        ] {
            assert_eq!(wheel_name(name).as_deref(), expected);
        }
        let url = Target::Remote("https://h/foo-1.0-py3-none-any.whl?x#sha256=0".to_owned());
        assert_eq!(url.distribution().as_deref(), Some("foo"));
    }

    proptest! {
        #[test]
        fn a_path_survives_its_url(name in "[a-z %#?é\\[\\]]{1,12}") {
            let path = Utf8PathBuf::from(format!("/p/{name}"));
            let url = file_url(&path);
            prop_assert!(url.is_ascii() && !url.contains(' '));
            prop_assert_eq!(Target::of(&url, Utf8Path::new("/")), Target::Local(path, String::new()));
        }
    }
}
