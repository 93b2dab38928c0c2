//! The compatibility date and flags, which Cloudflare checks only after the upload.
//!
//! The known flags are in `data/compatibility-flags.toml`, with source and date. An unknown flag may be newer than the list, so
//! it is reported only if it looks like a known one.

use super::{FLAG, FUTURE_DATE, active};
use crate::error::{Location, LocationKind};
use crate::gates::{Context, Finding, Severity};
use serde::Deserialize;
use std::sync::LazyLock;

#[derive(Debug, Deserialize)]
struct FlagTable {
    /// `YYYY-MM-DD`.
    checked: String,
    flags: Vec<String>,
}

static TABLE: LazyLock<FlagTable> = LazyLock::new(|| {
    toml_edit::de::from_str(include_str!("../../../data/compatibility-flags.toml"))
        .expect("the embedded table parses: a test reads it")
});

/// The known flag that an unknown one probably means.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Misspelt {
    pub(super) meant: &'static str,
    /// The same but for case and `-` in place of `_`: no runtime has both.
    pub(super) certain: bool,
}

pub(super) fn misspelt(flag: &str) -> Option<Misspelt> {
    let known = || TABLE.flags.iter().map(String::as_str);
    if known().any(|name| name == flag) {
        return None;
    }
    let plain = |text: &str| text.trim().to_lowercase().replace(['-', ' ', '.'], "_");
    if let Some(meant) = known().find(|name| plain(name) == plain(flag)) {
        return Some(Misspelt { meant, certain: true });
    }
    // `python_workers_315` is a newer flag, not a misspelling of `python_workers_314`.
    let letters = |text: &str| text.chars().filter(|c| !c.is_ascii_digit()).collect::<String>();
    known()
        .filter(|name| name.len() > 5 && letters(name) != letters(flag))
        .map(|name| (strsim::damerau_levenshtein(name, &plain(flag)), name))
        .filter(|(distance, _)| *distance <= 2)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, meant)| Misspelt { meant, certain: false })
}

pub(super) fn flags(context: &Context<'_>) -> Vec<Finding> {
    let flags = &context.target.compatibility_flags;
    // If `python_workers` itself is missing, that finding suggests it.
    let is_named_already = |meant: &str| !context.target.python_workers && meant == super::PYTHON_WORKERS_FLAG;
    let finding = |flag: &String| {
        let misspelt = misspelt(flag).filter(|misspelt| !is_named_already(misspelt.meant))?;
        let (severity, message) = if misspelt.certain {
            let message = format!("there is no compatibility flag `{flag}`: Cloudflare refuses the upload (10021)");
            (Severity::Deny, message)
        } else {
            let message =
                format!("`{flag}` is not a known compatibility flag; Cloudflare refuses unknown ones (10021)");
            (Severity::Warn, message)
        };
        let help = format!("did you mean `{}`?", misspelt.meant);
        Some(Finding::new(severity, FLAG, flag.as_str(), flag_location(context, flag), message, help))
    };
    flags.iter().filter_map(finding).collect()
}

/// The location of the flag in the configuration.
pub(super) fn flag_location(context: &Context<'_>, flag: &str) -> Location {
    let config = &context.project.config;
    let index = config.compatibility_flags().iter().position(|known| known == flag);
    match (config.get_origin("compatibility_flags"), index) {
        (Some(origin), Some(index)) => {
            let index = index.to_string();
            let path: Vec<&str> = origin.iter().map(String::as_str).chain([index.as_str()]).collect();
            config.locate(&path)
        }
        _ => Location::new(LocationKind::Tool, "--compatibility-flags"),
    }
}

/// A date after today in UTC, wherever the user is (seen: workers-sdk#5453).
pub(super) fn future_date(context: &Context<'_>) -> Option<Finding> {
    let date = &context.target.compatibility_date;
    // A clock that is behind our own data is wrong.
    let today = (&context.target.today).max(&TABLE.checked);
    (date > today).then(|| {
        let config = &context.project.config;
        let location = match config.compatibility_date().as_ref() == Some(date) {
            true => active(config, "compatibility_date"),
            false => Location::new(LocationKind::Tool, "--compatibility-date"),
        };
        Finding::new(
            Severity::Deny,
            FUTURE_DATE,
            date.as_str(),
            location,
            format!("the compatibility date {date} is in the future: Cloudflare refuses the upload (10021)"),
            format!("set `compatibility_date = \"{today}\"`, which is today in UTC, or an earlier day"),
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn misspelt_flags_are_near_known_ones_and_newer_versions_are_not() {
        let certain = |meant| Some(Misspelt { meant, certain: true });
        let near = |meant| Some(Misspelt { meant, certain: false });
        for (flag, expected) in [
            ("python_workers", None),
            ("no_python_workers_314", None),
            ("fixup-transform-stream-backpressure", None),
            ("python-workers", certain("python_workers")),
            ("Python_Workers", certain("python_workers")),
            ("fixup_transform_stream_backpressure", certain("fixup-transform-stream-backpressure")),
            ("python_worker", near("python_workers")),
            ("pyhton_workers", near("python_workers")),
            ("python-worker", near("python_workers")),
            ("nodejs_compta", near("nodejs_compat")),
            ("python_workers_315", None),
            ("python_workers_20270101", None),
            ("nodejs_compat_v3", None),
            ("a_flag_of_next_year", None),
        ] {
            assert_eq!(misspelt(flag), expected, "{flag}");
        }
    }
}
