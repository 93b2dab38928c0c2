//! URLs that may hold a credential: used in full, displayed without it.

use std::fmt;

/// A URL, or a path, of an index or of a place with distributions.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Url {
    value: String,
    redacted: String,
}

impl Url {
    /// `value` with variables put in, `written` without.
    pub(super) fn new(value: String, written: &str) -> Self {
        Self { value, redacted: redacted(written) }
    }

    /// The whole URL, credentials too. For files that we write and for child processes, never for a message.
    pub(crate) fn as_str(&self) -> &str {
        &self.value
    }
}

impl fmt::Display for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.redacted)
    }
}

impl fmt::Debug for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Url({})", self.redacted)
    }
}

/// A text with `***` for the user information of every URL in it.
pub(crate) fn redacted(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(scheme) = rest.find("://") {
        let (before, after) = rest.split_at(scheme + 3);
        out.push_str(before);
        let authority = after.find(['/', '?', '#']).or(after.find(char::is_whitespace)).unwrap_or(after.len());
        // A password may hold any of these, unescaped by mistake: then the last `@` of the word decides.
        let word = after.find(char::is_whitespace).unwrap_or(after.len());
        let end = match after[..authority.min(word)].rfind('@') {
            Some(at) => Some(at),
            None => after[..word].find(':').and_then(|colon| after[colon..word].rfind('@').map(|at| colon + at)),
        };
        rest = match end {
            Some(at) => {
                out.push_str("***");
                &after[at..]
            }
            None => after,
        };
    }
    out.push_str(rest);
    out
}

/// Whether a text begins with a scheme and `//`: `https://`, `git+ssh://`, `file://`.
pub(super) fn has_scheme(text: &str) -> bool {
    text.split_once("://").is_some_and(|(scheme, _)| is_scheme(scheme))
}

pub(super) fn is_scheme(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_are_not_displayed() {
        for (text, expected) in [
            ("https://host/simple", "https://host/simple"),
            ("https://me:pw@host/simple", "https://***@host/simple"),
            ("https://${TOKEN}@host", "https://***@host"),
            ("x @ git+https://tok@h/r.git@v1 ; a", "x @ git+https://***@h/r.git@v1 ; a"),
            ("git+https://h/r.git@v1", "git+https://h/r.git@v1"),
            ("https://me:p/w#?@host/simple", "https://***@host/simple"),
            ("a://u@h b://v@i", "a://***@h b://***@i"),
            ("name @ ./x", "name @ ./x"),
        ] {
            assert_eq!(redacted(text), expected);
        }
        let url = Url::new("https://me:secret@host".to_owned(), "https://me:${PASSWORD}@host");
        assert_eq!(format!("{url} {url:?}"), "https://***@host Url(https://***@host)");
        assert_eq!(url.as_str(), "https://me:secret@host");
    }
}
