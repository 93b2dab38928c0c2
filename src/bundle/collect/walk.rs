//! Walks a directory tree in name order and follows symlinks that stay inside it.
//!
//! The caller decides for each directory whether to enter it, leave its files out or ignore it. Symlinks that lead
//! outside are reported, not followed, and no directory is entered twice on one path.

use crate::bundle::StrayLink;
use crate::error::{Error, ErrorKind, Result, utf8};
use camino::{Utf8Path, Utf8PathBuf};

/// How to handle a directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Entry {
    Enter,
    /// Enter it, and mark its files with the rule that leaves them out.
    Leave(&'static str),
    /// The same, unless a kept file names it.
    LeaveUnlessNamed(&'static str),
    /// Ignore it.
    Ignore,
}

/// A file, or another entry that would be one.
#[derive(Debug, Clone)]
pub(super) struct WalkedFile {
    /// Relative to the walk's root, with `/`, with the prefix that the walk was given.
    pub(super) name: String,
    /// Its path. Absolute.
    pub(super) path: Utf8PathBuf,
    /// The file to read: `path`, or its target if it is a link.
    pub(super) real: Utf8PathBuf,
    /// The rule of the nearest directory that is always left out.
    pub(super) left: Option<&'static str>,
    /// The outermost directory above it that is left out unless named: an index into [`Walk::conditional`].
    pub(super) conditional: Option<usize>,
}

/// The result of a walk.
#[derive(Debug, Default)]
pub(super) struct Walk {
    pub(super) files: Vec<WalkedFile>,
    /// Names of directories that are left out unless named, with their rules.
    pub(super) conditional: Vec<(String, &'static str)>,
    /// Links that lead out or nowhere, with the name that each would have had, outside of what is left behind.
    pub(super) strays: Vec<(String, StrayLink)>,
    /// Names that cannot be uploaded, approximated (directories end in `/`), and the message if a rule matches one.
    pub(super) unusable: Vec<(String, Error)>,
}

/// Decides how to handle a directory, by its name in the upload, its own name and its path.
pub(super) type Classify<'a> = dyn Fn(&str, &str, &Utf8Path) -> Entry + 'a;

/// A directory to walk, with the decisions already made for it.
#[derive(Clone)]
struct Spot {
    path: Utf8PathBuf,
    /// `path` with links resolved.
    real: Utf8PathBuf,
    /// Reached through a link inside the tree.
    linked: bool,
    left: Option<&'static str>,
    conditional: Option<usize>,
}

struct Walker<'a> {
    /// Links must stay inside this directory. Links resolved.
    anchor: Utf8PathBuf,
    judge: &'a Classify<'a>,
    walk: Walk,
    /// The directories above, links resolved, to stop at a link to one of them.
    above: Vec<Utf8PathBuf>,
}

/// Walks the directory `root`; `prefix` (empty, or ending in `/`) is prepended to each name.
///
/// # Errors
/// `Unreadable`: a directory that cannot be read, outside of what is left behind.
pub(super) fn walk(root: &Utf8Path, prefix: &str, anchor: &Utf8Path, judge: &Classify<'_>) -> Result<Walk> {
    let mut walker = Walker { anchor: resolve_links(anchor)?, judge, walk: Walk::default(), above: Vec::new() };
    let real = resolve_links(root)?;
    walker.directory(&Spot { path: root.to_owned(), real, linked: false, left: None, conditional: None }, prefix)?;
    Ok(walker.walk)
}

/// An existing path with all links resolved.
pub(super) fn resolve_links(path: &Utf8Path) -> Result<Utf8PathBuf> {
    utf8(fs_err::canonicalize(path).map_err(|error| Error::unreadable(&error))?)
}

impl Walker<'_> {
    fn directory(&mut self, spot: &Spot, prefix: &str) -> Result<()> {
        if self.above.contains(&spot.real) {
            return Ok(());
        }
        let entries = match fs_err::read_dir(&spot.path).and_then(Iterator::collect::<std::io::Result<Vec<_>>>) {
            Ok(entries) => entries,
            Err(_) if spot.left.is_some() => return Ok(()),
            Err(error) => return Err(Error::unreadable(&error)),
        };
        let mut named: Vec<(String, std::fs::FileType)> = Vec::with_capacity(entries.len());
        for entry in entries {
            let kind = entry.file_type().map_err(|error| Error::unreadable(&error))?;
            match entry.file_name().into_string() {
                Ok(own) if cfg!(windows) || !own.contains('\\') => named.push((own, kind)),
                odd if spot.left.is_none() => self.set_aside(prefix, odd, kind, &entry.path()),
                _ => {}
            }
        }
        named.sort_by(|(a, _), (b, _)| a.cmp(b));
        self.above.push(spot.real.clone());
        for (own, kind) in named {
            let at = Spot { path: spot.path.join(&own), real: spot.real.join(&own), ..spot.clone() };
            let name = format!("{prefix}{own}");
            if kind.is_symlink() {
                self.link(at, name, &own)?;
            } else if kind.is_dir() {
                self.enter(at, &name, &own)?;
            } else if kind.is_file() {
                self.file(at, name);
            }
        }
        self.above.pop();
        Ok(())
    }

    fn set_aside(
        &mut self,
        prefix: &str,
        own: std::result::Result<String, std::ffi::OsString>,
        kind: std::fs::FileType,
        path: &std::path::Path,
    ) {
        let (own, error) = match own {
            Ok(own) => (own.replace('\\', "/"), backslash(path)),
            Err(own) => (own.to_string_lossy().into_owned(), Error::not_utf8(path)),
        };
        let end = if kind.is_dir() { "/" } else { "" };
        self.walk.unusable.push((format!("{prefix}{own}{end}"), error));
    }

    fn file(&mut self, spot: Spot, name: String) {
        let real = if spot.linked { spot.real } else { spot.path.clone() };
        let Spot { path, left, conditional, .. } = spot;
        self.walk.files.push(WalkedFile { name, path, real, left, conditional });
    }

    fn enter(&mut self, mut spot: Spot, name: &str, own: &str) -> Result<()> {
        match (self.judge)(name, own, &spot.path) {
            Entry::Ignore => return Ok(()),
            Entry::Enter => {}
            Entry::Leave(rule) => spot.left = spot.left.or(Some(rule)),
            Entry::LeaveUnlessNamed(_) if spot.left.is_some() || spot.conditional.is_some() => {}
            Entry::LeaveUnlessNamed(rule) => {
                spot.conditional = Some(self.walk.conditional.len());
                self.walk.conditional.push((name.to_owned(), rule));
            }
        }
        self.directory(&spot, &format!("{name}/"))
    }

    /// Do not report stray links in directories that are left out.
    fn link(&mut self, mut spot: Spot, name: String, own: &str) -> Result<()> {
        let real = fs_err::canonicalize(&spot.path).ok().map(utf8).transpose()?;
        match real {
            Some(real) if real.starts_with(&self.anchor) => {
                (spot.real, spot.linked) = (real, true);
                if spot.real.is_dir() {
                    self.enter(spot, &name, own)?;
                } else if spot.real.is_file() {
                    self.file(spot, name);
                }
            }
            outside if spot.left.is_none() => {
                // A linked `node_modules` or `.venv` is left out too, wherever its target is.
                let judged = (self.judge)(&name, own, &spot.path);
                if matches!(judged, Entry::Ignore | Entry::Leave(_))
                    && outside.as_ref().is_none_or(|real| real.is_dir())
                {
                    return Ok(());
                }
                let target = fs_err::read_link(&spot.path).map_err(|error| Error::unreadable(&error))?;
                let target = target.to_string_lossy().into_owned();
                let directory = outside.as_ref().is_some_and(|real| real.is_dir());
                let stray = StrayLink { path: spot.path, target, dangling: outside.is_none(), directory };
                self.walk.strays.push((name, stray));
            }
            _ => {}
        }
        Ok(())
    }
}

fn backslash(path: &std::path::Path) -> Error {
    let message = format!("the name of `{}` has a backslash, which wrangler takes for a separator", path.display());
    Error::new(ErrorKind::Unreadable, message, "rename the file, or exclude it")
}
