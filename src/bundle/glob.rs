//! Wrangler's globs: glob-to-regexp 0.4.1 with `{globstar: true}`, translated to a Rust regular expression.
//!
//! Used for `rules` and `python_modules.exclude`. Matches exactly as wrangler does, even where that is surprising: `?`,
//! `[..]` and `{a,b}` are literal, and a backslash is not escaped, so it reaches JavaScript's regular expression. Never
//! panics, whatever the pattern.

use regex::bytes::Regex;
use std::fmt::Write as _;

/// One pattern. Never fails: a pattern that JavaScript rejects matches nothing, and [`Glob::is_valid`] is false.
#[derive(Debug, Clone)]
pub(crate) struct Glob {
    regex: Option<Regex>,
}

impl Glob {
    /// Accepts any text. Source: wrangler 4.164.0, `require_glob_to_regexp`.
    pub(crate) fn new(pattern: &str) -> Self {
        let regex = translate(&javascript_source(pattern)).and_then(|source| Regex::new(&source).ok());
        Self { regex }
    }

    /// Whether the whole of `name` matches, as `globToRegExp(pattern).test(name)` does.
    pub(crate) fn is_match(&self, name: &str) -> bool {
        self.regex.as_ref().is_some_and(|regex| regex.is_match(name.as_bytes()))
    }

    /// False where wrangler stops with a `SyntaxError` at the first file, and for a backreference (`*\1`), which Rust's
    /// regular expressions cannot have.
    pub(crate) fn is_valid(&self) -> bool {
        self.regex.is_some()
    }
}

const GLOBSTAR: &str = "((?:[^/]*(?:/|$))*)";
const STAR: &str = "([^/]*)";

/// The text that glob-to-regexp passes to JavaScript's `RegExp`.
fn javascript_source(pattern: &str) -> String {
    let chars: Vec<char> = pattern.chars().collect();
    let mut source = String::from("^");
    let mut at = 0;
    while at < chars.len() {
        match chars[at] {
            '*' => {
                let before = at.checked_sub(1).map(|index| chars[index]);
                let first = at;
                while chars.get(at + 1) == Some(&'*') {
                    at += 1;
                }
                let after = chars.get(at + 1).copied();
                if at > first && matches!(before, None | Some('/')) && matches!(after, None | Some('/')) {
                    source.push_str(GLOBSTAR);
                    at += 1; // The slash behind it is part of it.
                } else {
                    source.push_str(STAR);
                }
            }
            special if "/$^+.()=!|?[]{},".contains(special) => {
                source.push('\\');
                source.push(special);
            }
            // The backslash is among these.
            other => source.push(other),
        }
        at += 1;
    }
    source.push('$');
    source
}

/// JavaScript's regular expression (no `u` flag, so Annex B) in Rust's syntax; `None` if JavaScript rejects it, and for
/// backreferences. Unescaped specials come from the two star groups, or from behind a user's backslash.
fn translate(source: &str) -> Option<String> {
    let chars: Vec<char> = source.chars().collect();
    let groups = count_groups(&chars);
    let mut out = String::new();
    let mut at = 0;
    while at < chars.len() {
        match chars[at] {
            '\\' => at += translate_escape(&chars[at + 1..], groups, &mut out)?,
            '[' => at += translate_class(&chars[at + 1..], &mut out)?,
            '.' => out.push_str(r"[^\n\r\x{2028}\x{2029}]"),
            special if "^$()|?*+".contains(special) => out.push(special),
            // `(?:` only ever comes from the globstar; anywhere else a colon is a literal that needs no escape.
            literal => push_literal(&mut out, literal),
        }
        at += 1;
    }
    Some(out)
}

fn push_literal(out: &mut String, literal: char) {
    let mut buffer = [0; 4];
    out.push_str(&regex::escape(literal.encode_utf8(&mut buffer)));
}

/// Number of capturing groups in a JavaScript regular expression, which decides if `\1` is a backreference.
fn count_groups(chars: &[char]) -> u32 {
    let (mut groups, mut in_class, mut at) = (0, false, 0);
    while at < chars.len() {
        match chars[at] {
            '\\' => at += 1,
            '[' => in_class = true,
            ']' => in_class = false,
            '(' if !in_class && chars.get(at + 1) != Some(&'?') => groups += 1,
            _ => {}
        }
        at += 1;
    }
    groups
}

/// Translates an escape. Returns how many characters belong to it.
fn translate_escape(rest: &[char], groups: u32, out: &mut String) -> Option<usize> {
    let first = *rest.first()?;
    let mut used = 1;
    match first {
        'd' => out.push_str("[0-9]"),
        'D' => out.push_str("[^0-9]"),
        'w' => out.push_str("[0-9A-Za-z_]"),
        'W' => out.push_str("[^0-9A-Za-z_]"),
        's' => write!(out, "[{WHITE}]").ok()?,
        'S' => write!(out, "[^{WHITE}]").ok()?,
        'b' => out.push_str(r"(?-u:\b)"),
        'B' => out.push_str(r"(?-u:\B)"),
        't' => push_literal(out, '\t'),
        'n' => push_literal(out, '\n'),
        'v' => push_literal(out, '\u{b}'),
        'f' => push_literal(out, '\u{c}'),
        'r' => push_literal(out, '\r'),
        'c' => match rest.get(1) {
            Some(letter) if letter.is_ascii_alphabetic() => {
                push_literal(out, char::from(*letter as u8 % 32));
                used = 2;
            }
            // Annex B: the backslash is literal and the `c` is read next.
            _ => {
                push_literal(out, '\\');
                used = 0;
            }
        },
        'x' => used += push_hexadecimal(&rest[1..], 2, 'x', out),
        'u' => used += push_hexadecimal(&rest[1..], 4, 'u', out),
        '0'..='9' => used = translate_digits(rest, groups, out)?,
        other => push_literal(out, other),
    }
    Some(used)
}

/// JavaScript's `\s`: white space, line ends, and the byte order mark.
const WHITE: &str = r"\t\n\x0B\x0C\r \x{A0}\x{1680}\x{2000}-\x{200A}\x{2028}\x{2029}\x{202F}\x{205F}\x{3000}\x{FEFF}";

/// `\x41` and `\u0041`; with too few digits the letter stands for itself. Returns the digits used.
fn push_hexadecimal(rest: &[char], digits: usize, letter: char, out: &mut String) -> usize {
    let text: String = rest.iter().take(digits).collect();
    if text.chars().count() < digits || !text.chars().all(|digit| digit.is_ascii_hexdigit()) {
        push_literal(out, letter);
        return 0;
    }
    match u32::from_str_radix(&text, 16).ok().and_then(char::from_u32) {
        Some(unit) => push_literal(out, unit),
        // Half of a surrogate pair, which cannot occur in UTF-8.
        None => out.push_str(r"[^\s\S]"),
    }
    digits
}

/// `\1`: a backreference if there are that many groups (`None`), else an octal number, else the digit itself.
fn translate_digits(rest: &[char], groups: u32, out: &mut String) -> Option<usize> {
    let decimal: String = rest.iter().take_while(|digit| digit.is_ascii_digit()).collect();
    if !decimal.starts_with('0') && decimal.parse::<u32>().is_ok_and(|number| number <= groups) {
        return None;
    }
    let (mut value, mut used) = (0, 0);
    while let Some(digit) = rest.get(used).and_then(|digit| digit.to_digit(8)) {
        if used == 3 || value * 8 + digit > 0o377 {
            break;
        }
        value = value * 8 + digit;
        used += 1;
    }
    if used == 0 {
        push_literal(out, rest[0]);
        return Some(1);
    }
    push_literal(out, char::from_u32(value)?);
    Some(used)
}

/// The inside of `[...]`, up to its end. The one that the stars make is kept; one of the user's stands behind a literal
/// backslash, which no module name has (wrangler turns them into slashes), so what it holds cannot matter.
fn translate_class(rest: &[char], out: &mut String) -> Option<usize> {
    let mut end = 0;
    while rest.get(end)? != &']' {
        end += if rest[end] == '\\' { 2 } else { 1 };
    }
    out.push_str(if rest[..end] == ['^', '/'] { "[^/]" } else { r"[^\s\S]" });
    Some(end + 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Every row of a table generated with the real glob-to-regexp.
    #[test]
    fn agrees_with_glob_to_regexp() {
        let table = include_str!("../../tests/fixtures/glob-to-regexp.txt");
        let (mut paths, mut rows) = (Vec::<String>::new(), 0);
        for line in table.lines().filter(|line| !line.starts_with('#')) {
            if let Some(path) = line.strip_prefix("path ") {
                paths.push(serde_json::from_str(path).unwrap());
                continue;
            }
            let (pattern, row) = line.strip_prefix("glob ").unwrap().rsplit_once(' ').unwrap();
            let pattern: String = serde_json::from_str(pattern).unwrap();
            let glob = Glob::new(&pattern);
            let ours = if glob.is_valid() {
                paths.iter().map(|path| if glob.is_match(path) { '1' } else { '0' }).collect()
            } else {
                String::from("throws")
            };
            assert_eq!(ours, row, "pattern {pattern:?}");
            rows += 1;
        }
        assert!(paths.len() >= 50 && rows >= 70, "the table was read: {} paths, {rows} rows", paths.len());
    }

    #[test]
    fn a_backreference_is_not_valid() {
        assert!(!Glob::new(r"*\1.txt").is_valid());
        assert!(Glob::new(r"*\2.txt").is_valid());
        assert!(!Glob::new(r"*\1.txt").is_match("aa.txt"));
    }

    proptest! {
        #[test]
        fn never_panics(pattern in any::<String>(), name in any::<String>()) {
            Glob::new(&pattern).is_match(&name);
        }

        #[test]
        fn never_panics_on_specials(pattern in r"[*/\\.?\[\](){}|,!^$+=a0-9xuckbBdD]{0,12}", name in "[a-z/.]{0,8}") {
            Glob::new(&pattern).is_match(&name);
        }

        #[test]
        fn a_plain_name_matches_itself_and_nothing_longer(name in "[a-z0-9_./ -]{1,12}") {
            let longer = format!("{}x", name);
            prop_assert!(Glob::new(&name).is_match(&name));
            prop_assert!(!Glob::new(&name).is_match(&longer));
        }
    }
}
