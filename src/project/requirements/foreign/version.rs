//! Poetry's constraints as PEP 440 and PEP 508 write them.
//!
//! Poetry 2's rules: `^` keeps the first number that is not zero, `~` the first two. A constraint that is not understood is
//! dropped, never narrowed.

use pep508_rs::pep440_rs::Version;

/// Specifiers, `>=1.2,<2`; empty for any version. `None` for a union (`||`), which PEP 440 cannot express.
pub(super) fn pep440(constraint: &str) -> Option<String> {
    let constraint = constraint.trim();
    if constraint.contains('|') {
        return None;
    }
    let parts: Vec<String> = without_blanks_after_operators(constraint)
        .split([',', ' '])
        .filter(|part| !part.is_empty())
        .map(specifier)
        .collect();
    Some(parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(","))
}

/// The same for Python's version, as a marker: `python_version >= '3.9' and python_version < '4'`.
pub(super) fn marker(constraint: &str) -> Option<String> {
    let specifiers = pep440(constraint)?;
    let condition = |specifier: &str| {
        let at = specifier.find(|c: char| c.is_ascii_digit())?;
        Some(format!("python_version {} '{}'", &specifier[..at], &specifier[at..]))
    };
    let conditions: Option<Vec<String>> =
        specifiers.split(',').filter(|part| !part.is_empty()).map(condition).collect();
    conditions.filter(|conditions| !conditions.is_empty()).map(|conditions| conditions.join(" and "))
}

fn without_blanks_after_operators(constraint: &str) -> String {
    let mut out = String::new();
    for c in constraint.chars() {
        if !(c.is_whitespace() && (out.is_empty() || out.ends_with(['<', '>', '=', '!', '~', '^', ',']))) {
            out.push(if c.is_whitespace() { ' ' } else { c });
        }
    }
    out
}

fn specifier(part: &str) -> String {
    if part == "*" {
        return String::new();
    }
    if let Some(version) = part.strip_prefix('^') {
        return range(version, |release| release.iter().position(|number| *number > 0).unwrap_or(release.len() - 1));
    }
    if let Some(version) = part.strip_prefix('~').filter(|rest| !rest.starts_with('=')) {
        return range(version, |release| usize::from(release.len() > 1));
    }
    match part.strip_prefix('=').filter(|rest| !rest.starts_with('=')) {
        Some(version) => format!("=={version}"),
        None if part.starts_with(|c: char| c.is_ascii_digit()) => format!("=={part}"),
        None => part.to_owned(),
    }
}

/// From a version on, up to where the number at `kept` would change. What is not a PEP 440 version limits nothing.
fn range(version: &str, kept: impl Fn(&[u64]) -> usize) -> String {
    let Ok(parsed) = version.parse::<Version>() else { return String::new() };
    let release = parsed.release();
    let kept = kept(release);
    let mut upper: Vec<String> = release[..kept].iter().map(u64::to_string).collect();
    upper.push((release[kept] + 1).to_string());
    format!(">={version},<{}", upper.join("."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn constraints_mean_what_they_mean_to_poetry() {
        for (constraint, expected) in [
            ("^1.2.3", ">=1.2.3,<2"),
            ("^1", ">=1,<2"),
            ("^0.2.3", ">=0.2.3,<0.3"),
            ("^0.0.3", ">=0.0.3,<0.0.4"),
            ("^0.0", ">=0.0,<0.1"),
            ("^0", ">=0,<1"),
            ("^1.0.0b2", ">=1.0.0b2,<2"),
            ("~1.2.3", ">=1.2.3,<1.3"),
            ("~1.2", ">=1.2,<1.3"),
            ("~1", ">=1,<2"),
            ("~=1.4", "~=1.4"),
            ("*", ""),
            ("", ""),
            ("1.2.*", "==1.2.*"),
            ("2.0", "==2.0"),
            ("= 2.0", "==2.0"),
            (">= 1.0, < 2.0", ">=1.0,<2.0"),
            ("^1.2 !=1.3", ">=1.2,<2,!=1.3"),
            ("===1.0", "===1.0"),
        ] {
            assert_eq!(pep440(constraint).as_deref(), Some(expected), "{constraint}");
        }
        assert_eq!(pep440("^1 || ^2"), None);
    }

    #[test]
    fn a_constraint_of_python_is_a_marker() {
        assert_eq!(marker("^3.9").as_deref(), Some("python_version >= '3.9' and python_version < '4'"));
        assert_eq!(marker("*"), None);
    }
}
