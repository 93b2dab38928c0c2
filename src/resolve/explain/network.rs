//! Detects network errors in the output of a failed sync, as opposed to packages that an index does not have.
//!
//! Reports only the host of a URL, because the rest may contain credentials.

use crate::error::{Error, ErrorKind};
use regex::Regex;
use std::sync::LazyLock;

static ADDRESS: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"https?://(?:[^/@\s`)]*@)?([^/\s`)]+)").expect("a constant that the tests compile"));
static RETRIES: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"[Rr]equest failed after (\d+) retr").expect("a constant that the tests compile"));

/// Phrases in uv's error chain, most specific first, with their meaning and what to do.
const CAUSES: [(&str, &str, &str); 17] = [
    ("unsupported `content-type`", "what it answers is no package index", "check the index's URL"),
    (
        "invalid peer certificate",
        "its certificate is not trusted",
        "set `SSL_CERT_FILE` to your organisation's certificates, or `UV_SYSTEM_CERTS=1`",
    ),
    (
        "corrupt message",
        "it does not speak TLS",
        "check that the index's URL begins with the right `http://` or `https://`",
    ),
    ("tls handshake", "the TLS handshake failed", "check the certificates and whether a proxy stands between"),
    ("407 proxy", "the proxy wants credentials", "put them into `HTTPS_PROXY`"),
    ("tunnel error", "the proxy does not answer", "check `HTTPS_PROXY`, `ALL_PROXY` and `NO_PROXY`"),
    ("proxy connect", "the proxy does not answer", "check `HTTPS_PROXY`, `ALL_PROXY` and `NO_PROXY`"),
    ("dns error", "the host's name cannot be resolved", "check the network and the index's URL, then run again"),
    ("429 too many", "it limits how often it is asked (429)", "wait a little and run again"),
    (
        "401 unauthorized",
        "it wants credentials (401)",
        "give the index's credentials to uv: `uv auth login`, or its `UV_INDEX_..._PASSWORD`",
    ),
    ("403 forbidden", "it refuses (403)", "check the index's URL and credentials"),
    ("404 not found", "it has no such page (404)", "check the index's URL"),
    ("status server error", "it answers with a server error", "wait a little and run again"),
    ("connection refused", "it refuses the connection", "check that the index runs and its URL, then run again"),
    ("timed out", "it did not answer in time", "check the network and the proxy, or raise `UV_HTTP_TIMEOUT`"),
    (
        "network connectivity is disabled",
        "uv is told to stay offline",
        "take `offline` out of uv's settings, or unset `UV_OFFLINE`",
    ),
    ("error sending request", "the request could not be sent", "check the network and the proxy, then run again"),
];

/// The error, if the network failed.
pub(super) fn trouble(output: &str) -> Option<Error> {
    let low = output.to_lowercase();
    let begins = [
        "failed to fetch",
        "failed to download",
        "request failed after",
        "error sending request",
        "unsupported `content-type`",
    ]
    .iter()
    .filter_map(|begin| low.find(begin))
    .filter(|_| !low.contains("no solution found"))
    .min();
    // uv treats an index page that is denied as empty, continues to resolve and adds a hint.
    let refused = ["returned a 403", "401 unauthorized", "network connectivity is disabled"]
        .iter()
        .filter_map(|begin| low.find(begin))
        .min();
    let start = begins.or(refused)?;
    let start = low[..start].rfind('\n').unwrap_or_default();
    let part = low.get(start..)?;
    let host = ADDRESS.captures(part).map(|found| found[1].to_owned());
    let (_, meaning, hint) = CAUSES.iter().find(|(cause, _, _)| part.contains(cause))?;
    let retries = RETRIES.captures(part).map_or_else(String::new, |found| match &found[1] {
        "1" => ", after 1 retry".to_owned(),
        number => format!(", after {number} retries"),
    });
    let who = host.map_or_else(|| "an index".to_owned(), |host| format!("`{host}`"));
    Some(Error::new(ErrorKind::SyncFailed, format!("{who} cannot be used: {meaning}{retries}"), *hint))
}

/// If an index has no packages at all, its URL is wrong and no package is at fault.
pub(super) fn nothing_there(missing: &str) -> Error {
    Error::new(
        ErrorKind::SyncFailed,
        format!("the package index has neither `{missing}` nor `workers-runtime-sdk`, which every Python Worker needs"),
        "check the index's URL: uv takes a page that is not found (404) for a package that does not exist",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(causes: &str) -> String {
        let error = trouble(&format!("WARNING x\nerror: Request failed after 3 retries in 4.6s\n  cause: Failed to fetch: http://me:secret@host.invalid:81/simple/idna/\n{causes}")).unwrap();
        format!("{error}")
    }

    #[test]
    fn the_host_the_cause_and_the_tries_are_told() {
        insta::assert_snapshot!([
            "  cause: client error (Connect)\n  cause: tcp connect error\n  cause: Connection refused (os error 111)",
            "  cause: client error (Connect)\n  cause: dns error\n  cause: error resolving DNS",
            "  cause: client error (Connect)\n  cause: received corrupt message of type InvalidContentType",
            "  cause: client error (Connect)\n  cause: invalid peer certificate: UnknownIssuer",
            "  cause: tunnel error: failed to create underlying connection\n  cause: Connection refused (os error 111)",
            "  cause: HTTP status client error (429 Too Many Requests) for url (http://host.invalid:81/x)",
            "  cause: HTTP status server error (503 Service Unavailable) for url (http://host.invalid:81/x)",
            "  cause: operation timed out",
        ].map(said).join("\n"), @"
        `host.invalid:81` cannot be used: it refuses the connection, after 3 retries
        `host.invalid:81` cannot be used: the host's name cannot be resolved, after 3 retries
        `host.invalid:81` cannot be used: it does not speak TLS, after 3 retries
        `host.invalid:81` cannot be used: its certificate is not trusted, after 3 retries
        `host.invalid:81` cannot be used: the proxy does not answer, after 3 retries
        `host.invalid:81` cannot be used: it limits how often it is asked (429), after 3 retries
        `host.invalid:81` cannot be used: it answers with a server error, after 3 retries
        `host.invalid:81` cannot be used: it did not answer in time, after 3 retries
        ");
    }

    #[test]
    fn what_is_no_index_is_said() {
        let output =
            "error: Unsupported `Content-Type` \"application/json\" for `http://h.invalid/x/`. Expected JSON or HTML.";
        assert_eq!(
            trouble(output).unwrap().to_string(),
            "`h.invalid` cannot be used: what it answers is no package index"
        );
    }

    #[test]
    fn a_refused_page_is_no_package_that_does_not_exist() {
        let output = "error: No solution found\n  cause: Because idna was not found in the package registry and x.\n\nhint: An index (http://127.0.0.1:8765/403/simple) returned a 403 Forbidden error. Check.";
        assert_eq!(trouble(output).unwrap().to_string(), "`127.0.0.1:8765` cannot be used: it refuses (403)");
        let output = "hint: An index URL (http://h.invalid/401/simple) could not be queried due to a lack of valid authentication credentials (401 Unauthorized)";
        assert_eq!(trouble(output).unwrap().to_string(), "`h.invalid` cannot be used: it wants credentials (401)");
        assert!(
            trouble("error: No solution found\n  cause: Because idna was not found in the package registry").is_none()
        );
    }
}
