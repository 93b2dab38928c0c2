//! `growth`: the upload grows no more than the project allows since its baseline, and packages are within their own budgets.

use super::definition::{Check, Gate, NothingToCheck, codes};
use super::{CheckOutput, Code, Context, Finding, GateId, Level, Severity};
use crate::baseline::{Growth, Moved, Weights};
use crate::bundle::Bundle;
use crate::error::{Location, LocationKind, Result};
use crate::format::{bytes, count};
use crate::project::Requirements;
use crate::settings::{Allowance, GrowthSettings};

codes! {
    TOTAL = "growth.total": "The upload has grown more than the project allows.";
    PACKAGE = "growth.package": "A package has grown the upload more than the project allows.";
    PROJECT = "growth.project": "The project's own files have grown more than the project allows.";
    PACKAGE_BUDGET = "growth.package-budget": "A package is over its own budget.";
    UNMATCHED = "growth.unmatched": "A budget names a package that is not in the upload.";
    OTHER_PYTHON = "growth.other-python": "The baseline was made for another Python.";
    OTHER_ENVIRONMENT = "growth.other-environment": "The baseline was made for another wrangler environment.";
}

pub(super) const GATE: Gate = Gate {
    id: GateId::Growth,
    default_level: Level::Warn,
    check: Check::Plan(check),
    nothing_to_check: Some(NothingToCheck {
        when: has_nothing_to_check,
        reason: "no baseline: `saddlebag baseline` writes one",
    }),
    codes: CODES,
    page: include_str!("../../docs/gates/growth.md"),
};

/// The default of `growth.max`: a share, but never less than so many bytes.
const SHARE: f64 = 0.1;
const LEAST: u64 = 256 * 1024;

/// Neither a baseline nor a budget.
fn has_nothing_to_check(context: &Context<'_>) -> bool {
    context.growth.is_none() && context.settings.growth.budgets.is_empty()
}

pub(super) fn check(context: &Context<'_>) -> Result<CheckOutput> {
    let environment = context.project.config.environment.as_deref();
    let now = Now {
        bundle: context.bundle,
        requirements: &context.project.requirements,
        python: &context.target.python,
        environment,
    };
    Ok(now.check(context.growth, &context.settings.growth))
}

/// What the baseline is compared with.
struct Now<'a> {
    bundle: &'a Bundle,
    requirements: &'a Requirements,
    python: &'a str,
    environment: Option<&'a str>,
}

impl Now<'_> {
    fn check(&self, growth: Option<&Growth>, settings: &GrowthSettings) -> CheckOutput {
        let mut findings = Vec::new();
        let mut figure = Vec::new();
        if let Some(growth) = growth {
            let allowed = Allowed::of(settings.max, growth.raw.before);
            findings.extend(self.total(growth, &allowed));
            findings.extend(project(growth, &allowed));
            findings.extend(growth.packages.iter().filter_map(|moved| self.package(moved, growth, &allowed)));
            findings.extend(self.other_targets(growth));
            figure.push(format!("{} ({} allowed)", change(growth.raw), allowed.shown));
        }
        if !settings.budgets.is_empty() {
            findings.extend(self.budgets(settings));
            figure.push(count(settings.budgets.len(), "package budget"));
        }
        CheckOutput { figure: figure.join(", "), findings }
    }

    fn total(&self, growth: &Growth, allowed: &Allowed) -> Option<Finding> {
        let limit = growth.raw.before + allowed.bytes;
        if growth.raw.after <= limit {
            return None;
        }
        let message = format!("the upload is {}; {}", change(growth.raw), allowed.spelled());
        let help = format!("{}{}", self.heaviest(growth), REWRITE);
        Some(finding(TOTAL, "bundle", baseline(growth), message, help).measured(growth.raw.after, limit))
    }

    /// What has grown most: the first thing to look at.
    fn heaviest(&self, growth: &Growth) -> String {
        let grown = growth.packages.iter().map(|moved| (moved.weights().grown(), moved.name.as_str()));
        match grown.max_by(|left, right| left.0.cmp(&right.0).then_with(|| right.1.cmp(left.1))) {
            Some((most, name)) if most >= growth.project.grown() => {
                format!("run `saddlebag why {name}`: it is {} of that; ", bytes(most))
            }
            _ => "look at the project's own files; ".to_owned(),
        }
    }

    fn package(&self, moved: &Moved, growth: &Growth, allowed: &Allowed) -> Option<Finding> {
        let weights = moved.weights();
        let limit = weights.before + allowed.bytes;
        if weights.after <= limit {
            return None;
        }
        let (name, versions) = (&moved.name, moved.versions());
        let is = match moved.change() {
            "added" => format!("is new and {}", bytes(weights.after)),
            _ => format!("is {}", change(weights)),
        };
        let message = format!("`{name}` {versions} {is}; {}; {}", allowed.spelled(), self.required_by(name));
        let help = format!("run `saddlebag why {name}`; {REWRITE}");
        let location = self.requirement(name).unwrap_or_else(|| baseline(growth));
        Some(finding(PACKAGE, name, location, message, help).measured(weights.after, limit))
    }

    /// `required by project -> langchain -> sympy`
    fn required_by(&self, name: &str) -> String {
        match self.bundle.required_by(name) {
            Some(chain) => format!("required by {}", chain.join(" -> ")),
            None => "no requirement needs it".to_owned(),
        }
    }

    /// The line of the requirements that brings a package in: what a reviewer sees in the change.
    fn requirement(&self, name: &str) -> Option<Location> {
        let chain = self.bundle.required_by(name)?;
        let first = chain.get(1)?;
        let entry = self.requirements.entries.iter().find(|entry| entry.name.as_ref() == Some(first))?;
        Some(entry.location())
    }

    /// A baseline of another Python or environment is still one, and may explain a difference.
    fn other_targets(&self, growth: &Growth) -> Vec<Finding> {
        let level = |environment: Option<&str>| {
            environment.map_or_else(|| "the top level".to_owned(), |name| format!("environment `{name}`"))
        };
        let mut notes = Vec::new();
        if growth.python != self.python {
            let message = format!("the baseline is of Python {}, and this upload of {}", growth.python, self.python);
            notes.push((OTHER_PYTHON, self.python.to_owned(), message));
        }
        if growth.environment.as_deref() != self.environment {
            let (then, now) = (level(growth.environment.as_deref()), level(self.environment));
            let message = format!("the baseline is of {then}, and this upload of {now}");
            notes.push((OTHER_ENVIRONMENT, self.environment.unwrap_or("top level").to_owned(), message));
        }
        let note = |(code, subject, message)| {
            let help = "run `saddlebag baseline` for this one; `growth.baseline` names a file for each environment";
            Finding::new(Severity::Note, code, subject, baseline(growth), message, help)
        };
        notes.into_iter().map(note).collect()
    }

    fn budgets(&self, settings: &GrowthSettings) -> Vec<Finding> {
        let check = |(name, budget): (&String, &crate::settings::Budget)| {
            let location = budget.location.clone();
            let Some(package) = self.bundle.packages.iter().find(|package| package.name == *name) else {
                let names = self.bundle.packages.iter().map(|package| package.name.as_str());
                let help = match crate::suggest::closest(name, names) {
                    Some(close) => format!("did you mean `{close}`?"),
                    None => "correct the name, or remove the budget".to_owned(),
                };
                let message =
                    format!("`packages.{}` is a budget for a package that is not in the upload", budget.written);
                return Some(finding(UNMATCHED, name, location, message, help));
            };
            if package.raw_bytes <= budget.max {
                return None;
            }
            let message = format!(
                "`{name}` {} is {}, over `packages.{}.max` of {}; {}",
                package.version,
                bytes(package.raw_bytes),
                budget.written,
                bytes(budget.max),
                self.required_by(name)
            );
            let help = format!("run `saddlebag why {name}`, prune it with `prune.exclude`, or raise its budget");
            let finding = finding(PACKAGE_BUDGET, name, location, message, help);
            Some(finding.measured(package.raw_bytes, budget.max))
        };
        settings.budgets.iter().filter_map(check).collect()
    }
}

const REWRITE: &str = "if that is intended, run `saddlebag baseline` and commit the file";

fn project(growth: &Growth, allowed: &Allowed) -> Option<Finding> {
    let limit = growth.project.before + allowed.bytes;
    if growth.project.after <= limit {
        return None;
    }
    let message = format!("the project's own files are {}; {}", change(growth.project), allowed.spelled());
    let help = format!("run `saddlebag check --verbose` for a list of modules; {REWRITE}");
    let finding = finding(PROJECT, "project", baseline(growth), message, help);
    Some(finding.measured(growth.project.after, limit))
}

fn finding(code: Code, subject: &str, location: Location, message: String, help: String) -> Finding {
    Finding::new(Severity::Warn, code, subject, location, message, help)
}

fn baseline(growth: &Growth) -> Location {
    Location::new(LocationKind::File, growth.baseline.as_str())
}

/// `17.9 MiB, 11.8 MiB (193 %) more than in the baseline`
fn change(weights: Weights) -> String {
    let Weights { before, after } = weights;
    let (word, difference) = match after.cmp(&before) {
        std::cmp::Ordering::Equal => return format!("{}, as in the baseline", bytes(after)),
        std::cmp::Ordering::Greater => ("more", after - before),
        std::cmp::Ordering::Less => ("less", before - after),
    };
    let share = match before {
        0 => String::new(),
        before => format!(" ({:.0} %)", difference as f64 * 100.0 / before as f64),
    };
    format!("{}, {}{share} {word} than in the baseline", bytes(after), bytes(difference))
}

/// How much the upload may grow, in bytes and as the setting has it.
struct Allowed {
    bytes: u64,
    shown: String,
}

impl Allowed {
    fn of(setting: Option<Allowance>, before: u64) -> Self {
        let of_share = |share: f64| (before as f64 * share) as u64;
        match setting {
            Some(Allowance::Bytes(number)) => Self { bytes: number, shown: bytes(number) },
            Some(Allowance::Share(share)) => Self { bytes: of_share(share), shown: percent(share) },
            None if of_share(SHARE) < LEAST => Self { bytes: LEAST, shown: bytes(LEAST) },
            None => Self { bytes: of_share(SHARE), shown: percent(SHARE) },
        }
    }

    /// `312.0 KiB (5 %) more is allowed`
    fn spelled(&self) -> String {
        let size = bytes(self.bytes);
        let share = if self.shown == size { String::new() } else { format!(" ({})", self.shown) };
        format!("{size}{share} more is allowed")
    }
}

fn percent(share: f64) -> String {
    let percent = (share * 100_000.0).round() / 1000.0;
    format!("{percent} %")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::baseline::{Baseline, of_packages};
    use crate::bundle::Package;

    const MIB: u64 = 1024 * 1024;

    fn found(before: &Baseline, after: &Baseline, settings: &GrowthSettings) -> Vec<(Code, String, u64, u64)> {
        let required_by = |name: &str| vec![if name == "mpmath" { "sympy" } else { "project" }.to_owned()];
        let package = |(name, share): (&String, &crate::baseline::Share)| Package {
            name: name.clone(),
            version: share.version.clone(),
            modules: 1,
            raw_bytes: share.raw_bytes,
            dropped_bytes: 0,
            required_by: required_by(name),
        };
        let bundle = Bundle { packages: after.packages.iter().map(package).collect(), ..Bundle::default() };
        let requirements = Requirements::default();
        let now = Now { bundle: &bundle, requirements: &requirements, python: "3.14", environment: None };
        let output = now.check(Some(&before.growth(after, "b.toml".into())), settings);
        let parts = |finding: Finding| {
            let (measured, limit) = (finding.measured.unwrap_or_default(), finding.limit.unwrap_or_default());
            (finding.code, format!("{}; {}", finding.message, finding.help), measured, limit)
        };
        output.findings.into_iter().map(parts).collect()
    }

    fn codes(before: &Baseline, after: &Baseline, max: Option<Allowance>) -> Vec<&'static str> {
        let settings = GrowthSettings { max, ..GrowthSettings::default() };
        found(before, after, &settings).into_iter().map(|finding| finding.0.id).collect()
    }

    #[test]
    fn the_allowance_itself_is_in_order_and_one_byte_more_is_not() {
        let before = of_packages(1000, &[("dep", "1", 9000)]);
        let after = |project, dep| of_packages(project, &[("dep", "1", dep)]);
        let share = Some(Allowance::Share(0.05));
        assert_eq!(codes(&before, &after(1250, 9250), share), [""; 0]);
        assert_eq!(codes(&before, &after(1251, 9250), share), ["growth.total"]);
        assert_eq!(codes(&before, &after(1000, 9501), share), ["growth.total", "growth.package"]);
        assert_eq!(codes(&before, &after(1501, 9000), share), ["growth.total", "growth.project"]);
        assert_eq!(codes(&before, &after(2000, 8000), share), ["growth.project"]);
        assert_eq!(codes(&before, &after(1000, 9001), Some(Allowance::Bytes(0))), ["growth.total", "growth.package"]);
    }

    #[test]
    fn unless_it_is_set_little_is_allowed_to_grow_by_a_lot_and_a_lot_by_a_tenth() {
        let grown = |before, after| codes(&of_packages(before, &[]), &of_packages(after, &[]), None);
        assert_eq!(grown(10, LEAST + 10), [""; 0]);
        assert_eq!(grown(10, LEAST + 11), ["growth.total", "growth.project"]);
        assert_eq!(grown(20 * MIB, 22 * MIB), [""; 0]);
        assert_eq!(grown(20 * MIB, 22 * MIB + 1), ["growth.total", "growth.project"]);
    }

    #[test]
    fn findings_say_how_much_more_and_who_brought_it() {
        let before = of_packages(1000, &[("sympy", "1.13", 6 * MIB)]);
        let after = of_packages(1000, &[("mpmath", "1.3", 2 * MIB), ("sympy", "1.14", 7 * MIB)]);
        let findings = found(&before, &after, &GrowthSettings::default());
        let lines: Vec<String> =
            findings.iter().map(|(code, text, measured, limit)| format!("{code} {measured}/{limit}: {text}")).collect();
        insta::assert_snapshot!(lines.join("\n"), @"
        growth.total 9438184/6921701: the upload is 9.0 MiB, 3.0 MiB (50 %) more than in the baseline; 614.5 KiB (10 %) more is allowed; run `saddlebag why mpmath`: it is 2.0 MiB of that; if that is intended, run `saddlebag baseline` and commit the file
        growth.package 2097152/629245: `mpmath` 1.3 is new and 2.0 MiB; 614.5 KiB (10 %) more is allowed; required by project -> sympy -> mpmath; run `saddlebag why mpmath`; if that is intended, run `saddlebag baseline` and commit the file
        growth.package 7340032/6920701: `sympy` 1.13 -> 1.14 is 7.0 MiB, 1.0 MiB (17 %) more than in the baseline; 614.5 KiB (10 %) more is allowed; required by project -> sympy; run `saddlebag why sympy`; if that is intended, run `saddlebag baseline` and commit the file
        ");
    }
}
