//! A requirements file with everything that it includes.
//!
//! Options are pip's (`req_file.py` of pip 25). Those that name indexes are kept, those that cannot change what pywrangler
//! installs (wheels only) are ignored, and the rest is rejected with what to write instead.

use super::lines::{Line, SwallowingComment, logical_lines};
use super::model::{Environment, Requirements, Source};
use super::requirement::Context;
use super::url::{Url, has_scheme, redacted};
use crate::error::{Error, ErrorKind, Location, LocationKind, Result};
use crate::project::document::decode;
use crate::project::paths::{display, resolve};
use camino::{Utf8Path, Utf8PathBuf};

/// Reads the file at `path` (absolute), displayed relative to `root`. Errors: `Requirements`, `Unreadable`.
pub(super) fn read(path: &Utf8Path, root: &Utf8Path, environment: Environment<'_>) -> Result<Requirements> {
    let mut reader = RequirementsReader { root, environment, open: Vec::new(), out: Requirements::default() };
    reader.out.source = Source::File(path.to_owned());
    reader.file(path, Role::Requirements)?;
    Ok(reader.out)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    Requirements,
    Constraints,
}

struct RequirementsReader<'a> {
    root: &'a Utf8Path,
    environment: Environment<'a>,
    /// The files being read, outermost first.
    open: Vec<Utf8PathBuf>,
    out: Requirements,
}

impl RequirementsReader<'_> {
    fn file(&mut self, path: &Utf8Path, role: Role) -> Result<()> {
        let display_path = display(self.root, path);
        let bytes = fs_err::read(path).map_err(|error| Error::unreadable(&error))?;
        let text = decode(bytes, &display_path).map_err(|error| as_requirements(error, &display_path))?;
        let dir = path.parent().unwrap_or(Utf8Path::new("/")).to_owned();
        let context = Context { display_path: &display_path, text: &text, dir: &dir, environment: self.environment };
        if path.extension() == Some("toml") {
            let message = format!("`{display_path}` is not a requirements file");
            return Err(context.error(0, message, "name a file with one requirement on each line"));
        }
        let lines = logical_lines(&text).map_err(|SwallowingComment(offset)| {
            let message = "the comment ends with `\\`, which makes the next line a part of it";
            context.error(offset, message, "move the comment to a line of its own")
        })?;
        self.open.push(path.to_owned());
        for line in &lines {
            self.line(&context, line, role)?;
        }
        self.open.pop();
        Ok(())
    }

    fn line(&mut self, context: &Context<'_>, line: &Line, role: Role) -> Result<()> {
        if line.text.starts_with('-') {
            return self.options(context, &line.words(), role);
        }
        let end = options_start(&line.text);
        let hashes = hashes(context, &line.part(end, line.text.len()).words())?;
        self.out.require_hashes |= !hashes.is_empty();
        let requirement = context.requirement(&line.part(0, end).trimmed(), hashes)?;
        match role {
            Role::Requirements => self.out.entries.push(requirement),
            Role::Constraints => self.out.constraints.push(requirement),
        }
        Ok(())
    }

    fn options(&mut self, context: &Context<'_>, words: &[Line], role: Role) -> Result<()> {
        let mut words = words.iter();
        while let Some(word) = words.next() {
            let (name, attached) = split_option(word);
            let mut value = || {
                attached.clone().or_else(|| words.next().cloned()).ok_or_else(|| {
                    context.error(word.offset(0), format!("`{name}` needs a value"), format!("write `{name} VALUE`"))
                })
            };
            match name.as_str() {
                "-r" | "--requirement" => self.include(context, word, &value()?, role, Role::Requirements)?,
                "-c" | "--constraint" => self.include(context, word, &value()?, role, Role::Constraints)?,
                "-i" | "--index-url" => self.out.options.index_url = Some(url(context, &value()?)?),
                "--extra-index-url" => self.out.options.extra_index_urls.push(url(context, &value()?)?),
                "-f" | "--find-links" => self.out.options.find_links.push(url(context, &value()?)?),
                "--trusted-host" => self.out.options.trusted_hosts.push(context.expanded(&value()?)?.0.text),
                "--no-index" => self.out.options.no_index = true,
                "--pre" => self.out.options.pre = true,
                "--require-hashes" => self.out.require_hashes = true,
                // Wheels are all that pywrangler installs, so these change nothing.
                "--prefer-binary" => {}
                "--only-binary" => drop(value()?),
                "--no-binary" => {
                    let value = value()?;
                    if value.text != ":none:" {
                        return Err(rejected_option(context, word, "--no-binary"));
                    }
                }
                other => return Err(rejected_option(context, word, other)),
            }
        }
        Ok(())
    }

    fn include(&mut self, context: &Context<'_>, word: &Line, value: &Line, role: Role, as_role: Role) -> Result<()> {
        let included = redacted(&value.text);
        let offset = value.offset(0);
        if role == Role::Constraints && as_role == Role::Requirements {
            let message = "a constraints file includes requirements, which pip installs and uv does not";
            let hint = format!("write `-c {included}` for more constraints, or include it where requirements are");
            return Err(context.error(word.offset(0), message, hint));
        }
        let target = context.expanded(value)?.0.text;
        if has_scheme(&target) {
            let message = format!("`{included}` is on another machine, and an included file must be in the project");
            return Err(context.error(offset, message, "download the file and name its path"));
        }
        let path = resolve(context.dir, &target);
        if let Some(first) = self.open.iter().position(|open| *open == path) {
            let circle = self.open[first..].iter().chain([&path]).map(|path| display(self.root, path));
            let message = format!("the file includes itself: {}", circle.collect::<Vec<_>>().join(" -> "));
            return Err(context.error(offset, message, "remove the line"));
        }
        if !path.is_file() {
            let message = format!("`{included}` does not exist");
            return Err(context.error(
                offset,
                message,
                "correct the path: it is relative to the file that has this line",
            ));
        }
        self.file(&path, as_role)
    }
}

/// Where the options of a requirement begin: at the first word with a `-` before it, as pip has it.
pub(super) fn options_start(text: &str) -> usize {
    let blank = |index: usize| text[..index].ends_with(char::is_whitespace);
    text.match_indices('-').map(|(index, _)| index).find(|index| blank(*index)).unwrap_or(text.len())
}

/// `--name=value`, `--name`, `-n`, `-nvalue`.
fn split_option(word: &Line) -> (String, Option<Line>) {
    let end = word.text.len();
    if word.text.starts_with("--") {
        return match word.text.find('=') {
            Some(equals) => (word.text[..equals].to_owned(), Some(word.part(equals + 1, end))),
            None => (word.text.clone(), None),
        };
    }
    let name = word.text.char_indices().nth(2).map_or(end, |(index, _)| index);
    (word.text[..name].to_owned(), (name < end).then(|| word.part(name, end)))
}

/// The hashes of a requirement; any other option is rejected.
fn hashes(context: &Context<'_>, words: &[Line]) -> Result<Vec<String>> {
    let mut words = words.iter();
    let mut hashes = Vec::new();
    while let Some(word) = words.next() {
        let (name, attached) = split_option(word);
        if name != "--hash" {
            return Err(rejected_option(context, word, &name));
        }
        let value = attached.or_else(|| words.next().cloned()).unwrap_or_default();
        let offset = if value.text.is_empty() { word.offset(0) } else { value.offset(0) };
        let hint = "write `--hash=sha256:` and 64 hexadecimal digits, as `uv pip compile --generate-hashes` does";
        let digest = match value.text.split_once(':') {
            Some(("sha256", digest)) => digest,
            Some((algorithm, _)) => {
                let message = format!("`{algorithm}` cannot be checked: a lock holds sha256");
                return Err(context.error(offset, message, hint));
            }
            None => return Err(context.error(offset, "`--hash` has no algorithm and digest", hint)),
        };
        if digest.len() != 64 || !digest.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(context.error(offset, "the digest is not that of a sha256", hint));
        }
        hashes.push(format!("sha256:{}", digest.to_ascii_lowercase()));
    }
    Ok(hashes)
}

/// An index or a place with distributions; a path is relative to the file that holds the line.
fn url(context: &Context<'_>, written: &Line) -> Result<Url> {
    let value = context.expanded(written)?.0.text;
    let value = match has_scheme(&value) {
        true => value,
        false => resolve(context.dir, &value).into_string(),
    };
    Ok(Url::new(value, &written.text))
}

fn rejected_option(context: &Context<'_>, word: &Line, name: &str) -> Error {
    let (message, hint) = match name {
        "-e" | "--editable" => (
            format!("`{name}` installs a link, and a Worker needs the files"),
            "write `NAME @ ./path`, with the distribution's name for NAME",
        ),
        "--no-binary" => (
            "`--no-binary` asks for a build from source, which is not possible for Pyodide here".to_owned(),
            "remove it, and name a version that has a wheel: `name==1.0`",
        ),
        "--hash" => ("`--hash` has no requirement".to_owned(), "put it after the requirement, on the same line"),
        "--global-option" | "--config-settings" | "--config-setting" | "-C" | "--install-option" | "--build-option" => {
            (format!("`{name}` is for builds from source, and only wheels are vendored"), "remove it")
        }
        "--use-feature" | "--use-pep517" | "--no-use-pep517" | "--no-build-isolation" => {
            (format!("`{name}` is for pip, which does not run here"), "remove it")
        }
        _ => return unknown_option(context, word, name),
    };
    context.error(word.offset(0), message, hint)
}

fn unknown_option(context: &Context<'_>, word: &Line, name: &str) -> Error {
    const KNOWN: [&str; 12] = [
        "--requirement",
        "--constraint",
        "--hash",
        "--index-url",
        "--extra-index-url",
        "--find-links",
        "--no-index",
        "--pre",
        "--prefer-binary",
        "--only-binary",
        "--trusted-host",
        "--require-hashes",
    ];
    let nearest = KNOWN.iter().map(|known| (strsim::damerau_levenshtein(name, known), known)).min();
    let hint = match nearest.filter(|(distance, _)| (1..=2).contains(distance)) {
        Some((_, known)) => format!("did you mean `{known}`?"),
        None if KNOWN.contains(&name) => "put it on a line of its own".to_owned(),
        None => "remove it".to_owned(),
    };
    context.error(word.offset(0), format!("`{name}` is not an option that is allowed here"), hint)
}

/// A wrong encoding is an error of the requirements here, not of the configuration.
fn as_requirements(mut error: Error, display_path: &str) -> Error {
    error.kind = ErrorKind::Requirements;
    let place = error.location.take();
    let (line, column) = place.map_or((None, None), |place| (place.line, place.column));
    error.with_location(Location { kind: LocationKind::Requirement, path: display_path.to_owned(), line, column })
}
