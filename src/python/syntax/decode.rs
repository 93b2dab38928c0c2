//! The text of a Python file, decoded by Python's rules (PEP 263).
//!
//! Never fails: text that cannot be decoded is marked as invalid.

use super::encodings;
use ruff_text_size::TextSize;
use std::borrow::Cow;

/// A file as text, without its byte order mark.
pub(super) struct Decoded<'a> {
    pub(super) text: Cow<'a, str>,
    /// Python would refuse to read the file.
    pub(super) is_invalid: bool,
    /// The line, from 1, that declares an encoding unknown to Python, and its name.
    pub(super) unknown: Option<(u32, String)>,
}

/// Decodes as Python does: a byte order mark, else the cookie of PEP 263, else UTF-8.
pub(super) fn decode(bytes: &[u8]) -> Decoded<'_> {
    let (marked, bytes) = match bytes.strip_prefix(b"\xEF\xBB\xBF") {
        Some(rest) => (true, rest),
        None => (false, bytes),
    };
    let cookie = cookie(bytes);
    let declared = cookie.map_or_else(|| "utf-8".to_owned(), |(_, name)| name.to_ascii_lowercase().replace('_', "-"));
    let is_utf8 = matches!(declared.as_str(), "utf-8" | "utf8" | "u8" | "utf-8-sig") || declared.starts_with("utf-8-");
    let is_latin = ["latin-1-", "iso-8859-1-", "iso-latin-1-"].iter().any(|front| declared.starts_with(front));
    let unknown = cookie.filter(|(_, name)| !is_utf8 && !is_latin && !encodings::is_known(name));
    let unknown = unknown.map(|(line, name)| (line, name.to_owned()));
    if is_utf8 || marked {
        return match std::str::from_utf8(bytes) {
            Ok(text) => Decoded { text: Cow::Borrowed(text), is_invalid: !is_utf8, unknown },
            Err(_) => Decoded { text: String::from_utf8_lossy(bytes), is_invalid: true, unknown },
        };
    }
    // Every other codec that Python takes for source has ASCII in its lower half, so that names and keywords come out
    // right when each byte is a character; only the words inside strings and comments differ.
    let is_invalid = matches!(declared.as_str(), "ascii" | "us-ascii") && !bytes.is_ascii();
    Decoded { text: Cow::Owned(bytes.iter().map(|&byte| char::from(byte)).collect()), is_invalid, unknown }
}

/// The codec that a comment in the first or second line declares, and that line.
fn cookie(bytes: &[u8]) -> Option<(u32, &str)> {
    for (number, line) in (1..).zip(bytes.split(|&byte| byte == b'\n').take(2)) {
        let line = line.trim_ascii();
        if !line.is_empty() && !line.starts_with(b"#") {
            return None;
        }
        // The comment may hold bytes of the very codec that it declares: only its ASCII front is looked at.
        let ascii = line.iter().position(|byte| !byte.is_ascii()).unwrap_or(line.len());
        let text = std::str::from_utf8(&line[..ascii]).unwrap_or_default();
        let declared = text.match_indices("coding").find_map(|(at, word)| {
            let value = text[at + word.len()..].strip_prefix([':', '='])?.trim_start_matches([' ', '\t']);
            let end = value.find(|c: char| !(c.is_ascii_alphanumeric() || "-_.".contains(c))).unwrap_or(value.len());
            (end > 0).then(|| &value[..end])
        });
        if let Some(name) = declared {
            return Some((number, name));
        }
    }
    None
}

/// The text with another error in the place of each `raise` in front of a `;` at one of these offsets; none without any.
/// Offsets stay the same.
pub(super) fn without_bare_raise(text: &str, errors: impl Iterator<Item = TextSize>) -> Option<String> {
    const RAISING: &str = "(1/0)";
    let mut changed: Option<String> = None;
    for at in errors.map(|at| at.to_usize()) {
        let front = text.get(..at).map(|front| front.trim_end_matches([' ', '\t']));
        let start = front.and_then(|front| front.strip_suffix("raise")).map(str::len);
        if let Some(start) = start.filter(|_| text[at..].starts_with(';')) {
            changed.get_or_insert_with(|| text.to_owned()).replace_range(start..start + RAISING.len(), RAISING);
        }
    }
    changed
}
