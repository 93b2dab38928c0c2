//! What would make a heavy upload lighter, the cheapest first: requirements that the Worker does not need, recipes, `--shake`.
//!
//! Puts that into the help of what `size` and `growth` found, with its bytes. Computes nothing unless they found something.

use crate::bundle::prune::{self, PruneOptions, Pruned, recipes};
use crate::bundle::{Bundle, Package};
use crate::classify::{self, Unneeded};
use crate::error::Result;
use crate::format::{bytes, count};
use crate::gates::{self, Checked, Code, Finding, Severity};
use crate::project::Project;
use crate::settings::Settings;
use std::collections::BTreeSet;

/// A remedy that saves less than this share of the upload is none.
const WORTHWHILE: f64 = 0.01;
/// How many requirements are named.
const NAMED: usize = 3;
/// How many packages are named where remedies are.
const HEAVIEST: usize = 3;

/// Puts what is known into the help of the findings about bytes. What cannot be found out leaves their help as it is.
pub(super) fn add(checked: &mut Checked<Bundle>, project: &Project, settings: &Settings) {
    let helps = helps(checked, project, settings);
    checked.rewrite_help(|finding| {
        helps
            .iter()
            .find(|(code, subject, _)| *code == finding.code && *subject == finding.subject)
            .map(|(.., help)| help)
    });
}

/// The new help by code and subject.
fn helps(checked: &Checked<Bundle>, project: &Project, settings: &Settings) -> Vec<(Code, String, String)> {
    let bundle = checked.value();
    let is_heavy = |finding: &Finding| [gates::size::RAW, gates::size::GZIP].contains(&finding.code);
    let is_grown = |finding: &Finding| [gates::growth::PACKAGE, gates::growth::PACKAGE_BUDGET].contains(&finding.code);
    let counts = |finding: &&Finding| finding.weight() != Severity::Note && (is_heavy(finding) || is_grown(finding));
    let findings: Vec<&Finding> = checked.results().iter().flat_map(|result| &result.findings).filter(counts).collect();
    if findings.is_empty() {
        return Vec::new();
    }
    let Ok(remedies) = Remedies::of(project, bundle) else { return Vec::new() };
    let heavy = if findings.iter().any(|finding| is_heavy(finding)) { remedies.all(settings).ok() } else { None };
    let help = |finding: &Finding| {
        if is_heavy(finding) {
            let all = heavy.as_ref().filter(|all| !all.is_empty())?;
            return Some(format!("{}; {}", all.join("; "), gates::heaviest(bundle, HEAVIEST)));
        }
        Some(format!("{}; else {}", remedies.for_package(&finding.subject)?, finding.help))
    };
    findings.into_iter().filter_map(|one| Some((one.code, one.subject.clone(), help(one)?))).collect()
}

struct Remedies<'a> {
    project: &'a Project,
    bundle: &'a Bundle,
    unneeded: Unneeded,
}

impl<'a> Remedies<'a> {
    fn of(project: &'a Project, bundle: &'a Bundle) -> Result<Self> {
        Ok(Self { project, bundle, unneeded: classify::unneeded(project, bundle)? })
    }

    /// Each that saves enough, the cheapest first.
    fn all(&self, settings: &Settings) -> Result<Vec<String>> {
        let raw = self.bundle.raw_bytes;
        let least = (raw as f64 * WORTHWHILE) as u64;
        let mut all: Vec<String> = self.requirements(least).into_iter().collect();
        all.extend(self.only_named(least));
        all.extend(self.recipes(&settings.prune, least)?);
        if !settings.prune.shake {
            let pruned = self.pruned(&PruneOptions { shake: true, ..settings.prune.clone() })?;
            let left: u64 = pruned.modules.iter().map(|module| module.bytes).sum();
            if raw.saturating_sub(left) > least {
                all.push(format!("or upload only what something imports with `--shake` (leaves {})", bytes(left)));
            }
        }
        Ok(all)
    }

    /// What recipes that nothing was chosen of yet would drop at most, of packages that stay.
    fn recipes(&self, options: &PruneOptions, least: u64) -> Result<Option<String>> {
        let names: Vec<&str> = self.unneeded.names.iter().map(String::as_str).collect();
        let leaving = self.leaving(&names);
        let stays = |name: &str| {
            let is_there = self.bundle.packages.iter().any(|package| package.name == name);
            is_there && !leaving.iter().any(|package| package.name == name)
        };
        let recipes: Vec<_> = recipes::all()
            .filter(|(name, package, _)| !options.recipes.contains_key(*name) && stays(package))
            .collect();
        if recipes.is_empty() {
            return Ok(None);
        }
        let mut further = options.clone();
        further.recipes.extend(recipes.iter().map(|(name, _, _)| ((*name).to_owned(), Vec::new())));
        let dropped = self.pruned(&further)?.dropped;
        let saved = |rule: &str| dropped.iter().filter(|file| file.rule == rule).map(|file| file.bytes).sum::<u64>();
        let mut saving: Vec<(u64, &str)> = recipes.iter().map(|(name, _, rule)| (saved(rule), *name)).collect();
        saving.retain(|(saved, _)| *saved > least);
        saving.sort_by(|left, right| right.0.cmp(&left.0).then_with(|| left.1.cmp(right.1)));
        let told: Vec<String> =
            saving.iter().map(|(saved, name)| format!("`{name}` (saves up to {})", bytes(*saved))).collect();
        Ok((!told.is_empty()).then(|| format!("choose what you need in `prune.recipes`: {}", told.join(", "))))
    }

    fn pruned(&self, options: &PruneOptions) -> Result<Pruned> {
        let entries = self.project.requirements.entries.iter();
        let direct: Vec<String> = entries.filter_map(|entry| entry.name.clone()).collect();
        prune::prune_further(self.bundle, &direct, options)
    }

    /// The requirements that the Worker does not need, the heaviest first, and what goes with all of them.
    fn requirements(&self, least: u64) -> Option<String> {
        let names = self.by_weight(&self.unneeded.names);
        let saved = self.leaving_bytes(&names);
        (!names.is_empty() && saved > least).then(|| self.told(&names, saved))
    }

    /// Requirements that only strings have the names of: what goes with them beyond those that nothing needs.
    fn only_named(&self, least: u64) -> Option<String> {
        let names = self.by_weight(&self.unneeded.only_named);
        let certain = self.unneeded.names.iter().map(String::as_str);
        let all: Vec<&str> = names.iter().copied().chain(certain.clone()).collect();
        let saved = self.leaving_bytes(&all).saturating_sub(self.leaving_bytes(&certain.collect::<Vec<_>>()));
        let (its, it_is) = if names.len() == 1 { ("its name", "it is") } else { ("their names", "they are") };
        let mut named: Vec<String> = names.iter().take(NAMED).map(|name| format!("`{name}`")).collect();
        if names.len() > NAMED {
            named.push(format!("{} more", names.len() - NAMED));
        }
        (!names.is_empty() && saved > least).then(|| {
            let (named, saved) = (named.join(", "), bytes(saved));
            format!("nothing imports {named} ({saved}), and only strings have {its}: check whether {it_is} needed")
        })
    }

    fn by_weight<'n>(&self, names: &'n BTreeSet<String>) -> Vec<&'n str> {
        let mut names: Vec<(u64, &str)> =
            names.iter().map(|name| (self.leaving_bytes(&[name]), name.as_str())).collect();
        names.sort_by(|left, right| right.0.cmp(&left.0).then_with(|| left.1.cmp(right.1)));
        names.into_iter().map(|(_, name)| name).collect()
    }

    /// Of the requirement that brings a package, where the Worker does not need it.
    fn for_package(&self, package: &str) -> Option<String> {
        let chain = self.bundle.required_by(package)?;
        let name = chain.get(1).filter(|name| self.unneeded.names.contains(*name))?;
        Some(self.told(&[name], self.leaving_bytes(&[name])))
    }

    /// What leaves with these requirements.
    fn leaving(&self, names: &[&str]) -> Vec<&'a Package> {
        let without: BTreeSet<&str> = names.iter().copied().collect();
        self.bundle.leaving(&without, &self.unneeded.required_by)
    }

    fn leaving_bytes(&self, names: &[&str]) -> u64 {
        self.leaving(names).iter().map(|package| package.raw_bytes).sum()
    }

    /// "nothing imports `sphinx` (4.1 MiB with what only it needs): remove it from requirements-runtime.txt"
    fn told(&self, names: &[&str], saved: u64) -> String {
        let never = names.iter().all(|name| self.unneeded.never_imported.contains(*name));
        let what = if never { "nothing imports" } else { "the Worker does not need" };
        let named: Vec<String> = names.iter().take(NAMED).map(|name| format!("`{name}`")).collect();
        let bytes = bytes(saved);
        let entries = self.project.requirements.entries.iter();
        let mut files: Vec<&str> = entries
            .filter(|entry| entry.name.as_deref().is_some_and(|name| names.contains(&name)))
            .map(|entry| entry.file.as_str())
            .collect();
        files.sort_unstable();
        files.dedup();
        let files = if files.is_empty() { "the requirements".to_owned() } else { files.join(" and ") };
        match (named.as_slice(), names.len()) {
            ([name], 1) => format!("{what} {name} ({bytes} with what only it needs): remove it from {files}"),
            ([others @ .., last], 2..=NAMED) => {
                let others = others.join(", ");
                format!("{what} {others} and {last} ({bytes} with what only they need): remove them from {files}")
            }
            (_, all) => format!(
                "{what} {all} of {}, the heaviest {} ({bytes} with what only they need): remove them from {files} \
                 (`saddlebag classify` lists them)",
                count(self.project.requirements.entries.len(), "requirement"),
                named.join(", "),
            ),
        }
    }
}
