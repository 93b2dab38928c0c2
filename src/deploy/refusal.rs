//! Explains upload errors in one line and names the gate that checks for the same problem.
//!
//! Hints come from `data/upload-errors.toml`; an error that is not in the table gets no hint.

use regex::Regex;
use serde::Deserialize;
use std::sync::LazyLock;

#[derive(Debug, Deserialize)]
struct ErrorTable {
    refusal: Vec<Refusal>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Refusal {
    /// Cloudflare's error codes.
    #[serde(default)]
    codes: Vec<u32>,
    /// HTTP statuses.
    #[serde(default)]
    status: Vec<u16>,
    /// Phrases of wrangler, any of which matches without a code.
    #[serde(default)]
    says: Vec<String>,
    /// Phrases of Cloudflare, regardless of the code.
    #[serde(default)]
    words: Vec<String>,
    name: String,
    means: String,
    r#do: String,
    look: Option<String>,
    #[expect(dead_code, reason = "for who reads the table; a test asks that it is there")]
    source: String,
    #[expect(dead_code, reason = "for who reads the table; a test asks that it is there")]
    date: String,
}

static TABLE: LazyLock<ErrorTable> = LazyLock::new(|| {
    toml_edit::de::from_str(include_str!("../../data/upload-errors.toml"))
        .expect("the embedded table parses: a test reads it")
});
static CODE: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"\[code: (\d+)\]").expect("the expression is a constant"));
/// `POST /path -> 413 Payload Too Large`, which wrangler prints for a response that is not JSON.
static STATUS: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"(?:-> |status: )(\d{3})\b").expect("the expression is a constant"));

/// The hint for the errors of one upload: the first entry of the table that matches any of them. wrangler may print the
/// same error more than once, and not always with Cloudflare's message.
pub(crate) fn hint(errors: &[String]) -> Option<String> {
    TABLE.refusal.iter().find_map(|refusal| errors.iter().find_map(|error| refusal.hint(error)))
}

impl Refusal {
    fn hint(&self, error: &str) -> Option<String> {
        let has = |words: &[String]| words.iter().any(|words| error.contains(words.as_str()));
        let number = |regex: &Regex, wanted: &dyn Fn(u32) -> bool| {
            regex.captures_iter(error).filter_map(|found| found[1].parse().ok()).find(|number| wanted(*number))
        };
        let code = number(&CODE, &|code| self.codes.contains(&code)).map(|code| format!("Cloudflare's error {code}"));
        let status = number(&STATUS, &|status| self.status.iter().any(|known| u32::from(*known) == status))
            .map(|status| format!("HTTP status {status}"));
        let by_words = || {
            let any = number(&CODE, &|_| true);
            any.map_or_else(|| "Cloudflare refused it".to_owned(), |code| format!("Cloudflare's error {code}"))
        };
        let what = (code.or(status))
            .or_else(|| has(&self.words).then(by_words))
            .or_else(|| has(&self.says).then(|| "wrangler stopped".to_owned()))?;
        let look =
            self.look.as_ref().map_or_else(String::new, |gate| format!(" (gate `{gate}`: docs/gates/{gate}.md)"));
        Some(format!("hint: {what}, {}: {}; {}{look}", self.name, self.means, self.r#do))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(error: &str) -> String {
        hint(&[error.to_owned()]).unwrap_or_default()
    }

    #[test]
    fn each_error_that_users_met_has_its_line_and_an_unknown_one_has_none() {
        const FAILED: &str = "A request to the Cloudflare API (/accounts/a/workers/scripts/w) failed.\n\n  ";
        for (error, what, gate) in [
            ("script too large [code: 10027]", "10027, the script is too large", "size"),
            ("No module named 'src' [code: 10021]", "10021, the Worker does not validate", "smoke"),
            ("Received a malformed response from the API", "no answer of the API's", "size"),
            ("No event handlers were registered. [code: 10068]", "10068, no registered event handlers", "smoke"),
            ("Queue handler is missing. Please see [code: 11001]", "11001, no queue handler", ""),
            (
                "PythonUserError: Can't serialize top-level variable.\nPlease review any global variables [code: 10021]",
                "10021, a JavaScript value at module level: ",
                "",
            ),
            ("Can't serialize top-level variable.", "Cloudflare refused it, a JavaScript value at module level", ""),
            (
                "OSError: Disallowed operation called within global scope: entropy [code: 10021]",
                "10021, not allowed in global scope",
                "smoke",
            ),
            (
                "RuntimeError: Cannot use random.random() outside of request context. Randomness is not allowed while a \
                 Worker is starting because startup values will be repeated [code: 10021]",
                "10021, not allowed in global scope",
                "smoke",
            ),
            ("Script startup exceeded CPU time limit. [code: 10021]", "10021, the startup takes too long", "smoke"),
            (
                "TypeError: Python Worker startup exceeded CPU limit 1757<=1000 with snapshot baseline [code: 10021]",
                "10021, the startup takes too long",
                "smoke",
            ),
            ("Method on_fetch does not exist [code: 10021]", "10021, the handlers are in a class", "smoke"),
            (
                "Python module python_modules/main/__init__.py clashes with main module [code: 10021]",
                "10021, a package has the name of the main module",
                "shadowing",
            ),
            ("POST /accounts/a -> 413 Payload Too Large", "HTTP status 413, the request is too large", "size"),
            ("Authentication error [code: 10000]", "10000, the credentials are refused", ""),
            ("Set a CLOUDFLARE_API_TOKEN environment variable or", "wrangler stopped, the credentials", ""),
            ("was only partially updated:\n - x [code: 10021]", "wrangler stopped, after the upload", ""),
        ] {
            let said = of(&format!("{FAILED}{error}"));
            assert!(said.starts_with("hint: ") && said.contains(what), "{error}: {said}");
            assert_eq!(said.contains("(gate `"), !gate.is_empty(), "{said}");
            assert!(gate.is_empty() || said.ends_with(&format!("(gate `{gate}`: docs/gates/{gate}.md)")), "{said}");
        }
        for unknown in ["a queue is not there [code: 11000]", "the file is 413 bytes, see line 10021", ""] {
            assert_eq!(of(&format!("{FAILED}{unknown}")), "", "{unknown}");
        }
    }

    #[test]
    fn words_count_before_a_code_that_many_refusals_share() {
        let errors = [
            "A request failed. [code: 10021]",
            "A request failed.\n\n  Can't serialize top-level variable. [code: 10021]",
        ];
        let said = hint(&errors.map(str::to_owned)).unwrap();
        assert!(said.starts_with("hint: Cloudflare's error 10021, a JavaScript value at module level"), "{said}");
    }

    #[test]
    fn every_gate_that_a_hint_names_exists() {
        for gate in TABLE.refusal.iter().filter_map(|refusal| refusal.look.as_deref()) {
            assert!(crate::gates::ids().any(|id| id == gate), "{gate}");
        }
    }
}
