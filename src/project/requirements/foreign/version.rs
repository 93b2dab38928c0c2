//! Poetry's constraints as PEP 440 and PEP 508 write them.
//!
//! Receives a constraint; hands on specifiers or a marker. Poetry 2's rules: `^` keeps the first number that is not zero, `~`
//! the first two. Must never narrow a constraint that it does not understand.

/// Specifiers, `>=1.2,<2`; empty for any version. `None` for a union (`||`), which PEP 440 cannot say.
pub(super) fn pep440(constraint: &str) -> Option<String> {
    let constraint = constraint.trim();
    if constraint.contains('|') {
        return None;
    }
    let parts: Vec<String> = joined(constraint).split([',', ' ']).filter(|part| !part.is_empty()).map(one).collect();
    Some(parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(","))
}

/// The same of Python's version: `python_version >= '3.9' and python_version < '4'`.
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

/// Without the blanks behind operators.
fn joined(constraint: &str) -> String {
    let mut out = String::new();
    for c in constraint.chars() {
        if !(c.is_whitespace() && (out.is_empty() || out.ends_with(['<', '>', '=', '!', '~', '^', ',']))) {
            out.push(if c.is_whitespace() { ' ' } else { c });
        }
    }
    out
}

fn one(part: &str) -> String {
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

/// From a version on, up to where the number at `kept` would change.
fn range(version: &str, kept: impl Fn(&[u64]) -> usize) -> String {
    let release = release(version);
    if release.is_empty() {
        return String::new();
    }
    let kept = kept(&release);
    let mut upper: Vec<String> = release[..kept].iter().map(u64::to_string).collect();
    upper.push((release[kept] + 1).to_string());
    format!(">={version},<{}", upper.join("."))
}

/// The numbers of a version: `1.0b2` has 1 and 0.
fn release(version: &str) -> Vec<u64> {
    let mut numbers = Vec::new();
    for part in version.split('.') {
        let digits = part.find(|c: char| !c.is_ascii_digit()).unwrap_or(part.len());
        let Ok(number) = part[..digits].parse() else { break };
        numbers.push(number);
        if digits < part.len() {
            break;
        }
    }
    numbers
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
