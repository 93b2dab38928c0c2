//! First pass: collects the project's own modules below the module root.
//!
//! Also records files that plain wrangler would upload and this pass leaves out. Wrangler walks everything; this pass
//! skips virtual environments, `node_modules` and the like. If the module root is the project root, it also skips
//! build outputs, and tests that nothing names.

use super::walk::{Entry, Walk, WalkedFile, walk};
use super::{Collected, Sources, length, upload_name};
use crate::bundle::mentions::{self, Candidate, Form, Text};
use crate::bundle::patterns::Patterns;
use crate::bundle::{Content, Dropped, Module, ModuleType, NameClash, Owner};
use crate::error::Result;
use crate::project::display;
use camino::Utf8Path;

/// A file that a rule makes a module.
struct Match {
    found: WalkedFile,
    kinds: Vec<ModuleType>,
    /// The user's `include` matches it, so it is kept even if its directory is left out.
    included: bool,
    excluded: bool,
}

pub(super) fn collect(
    sources: &Sources<'_>,
    include: &mut Patterns,
    exclude: &mut Patterns,
    collected: &mut Collected,
) -> Result<()> {
    let walk = walk_roots(sources)?;
    let usable = |name: &str| name.ends_with('/') || !sources.rules.matches(name).is_empty();
    if let Some((_, error)) = walk.unusable.into_iter().find(|(name, _)| usable(name)) {
        return Err(error);
    }
    for (name, stray) in walk.strays {
        // Report only links that a rule matches, and links to directories, which may contain matching files.
        if !sources.rules.matches(&name).is_empty() || stray.path.is_dir() {
            collected.stray_links.push(stray);
        }
    }
    let mut matches = Vec::new();
    for found in walk.files {
        if found.path == sources.layout.main || found.path == sources.config_path {
            if found.path == sources.layout.main {
                collected.count_duplicates(&found.name, &sources.rules.matches(&found.name), true);
            }
            continue;
        }
        let shown = display(sources.project_root, &found.path);
        let (included, excluded) = (include.matches(&[&shown]), exclude.matches(&[&shown]));
        let kinds = sources.rules.matches(&found.name);
        if !kinds.is_empty() {
            matches.push(Match { found, kinds, included, excluded });
        }
    }
    let named = named(sources, &walk.conditional, &matches)?;
    for matched in matches {
        let rule = match (&matched.found.left, matched.found.conditional) {
            _ if matched.excluded => Some("exclude"),
            _ if matched.included => None,
            (Some(rule), _) => Some(*rule),
            (None, Some(index)) if !named[index] => Some(walk.conditional[index].1),
            _ => None,
        };
        collected.add(sources, matched, rule)?;
    }
    Ok(())
}

/// Walks all of the layout's roots as one. A root may be a single file.
fn walk_roots(sources: &Sources<'_>) -> Result<Walk> {
    let module_root = &sources.layout.module_root;
    let judge = |name: &str, own: &str, path: &Utf8Path| judge(sources, name, own, path);
    let mut all = Walk::default();
    for root in &sources.layout.roots {
        let path = if root.as_str().is_empty() { module_root.clone() } else { module_root.join(root) };
        if path.is_file() {
            let name = upload_name(module_root, &path);
            all.files.push(WalkedFile { name, real: path.clone(), path, left: None, conditional: None });
            continue;
        }
        let name = root.as_str().replace('\\', "/");
        let prefix = if name.is_empty() { name } else { format!("{name}/") };
        let walked = walk(&path, &prefix, sources.project_root, &judge)?;
        let before = all.conditional.len();
        all.files.extend(walked.files.into_iter().map(|mut found| {
            found.conditional = found.conditional.map(|index| index + before);
            found
        }));
        all.conditional.extend(walked.conditional);
        all.strays.extend(walked.strays);
        all.unusable.extend(walked.unusable);
    }
    Ok(all)
}

/// How to handle one directory of the user's tree.
fn judge(sources: &Sources<'_>, name: &str, own: &str, path: &Utf8Path) -> Entry {
    let at_root = sources.layout.at_project_root;
    let hidden = |root: Option<&Utf8Path>| root.is_some_and(|root| path == root.join(".wrangler"));
    if hidden(Some(sources.project_root)) || hidden(sources.config_path.parent()) {
        // The only directory that wrangler itself skips. It contains the stages.
        return Entry::Ignore;
    }
    if path.join("pyvenv.cfg").is_file() && own != "python_modules" {
        return Entry::Leave("virtual-environment");
    }
    match own {
        "node_modules" => Entry::Leave("node-modules"),
        "python_modules" => Entry::Leave("python-modules"),
        "__pycache__" => Entry::Leave("bytecode"),
        _ if own.starts_with('.') => Entry::Leave("dot-directory"),
        "tests" | "test" if at_root => Entry::LeaveUnlessNamed("tests"),
        "build" | "dist" | "site" | "htmlcov" | "target" if at_root && name == own => {
            Entry::LeaveUnlessNamed("build-output")
        }
        _ if at_root && own.ends_with(".egg-info") => Entry::LeaveUnlessNamed("build-output"),
        _ => Entry::Enter,
    }
}

/// For each directory that is left out unless named, whether a kept file names it.
fn named(sources: &Sources<'_>, conditional: &[(String, &'static str)], matches: &[Match]) -> Result<Vec<bool>> {
    let candidate = |(path, _): &(String, &'static str)| Candidate {
        path: path.clone(),
        vendored: false,
        owner: Owner::Project,
        form: Form::Directory,
    };
    let candidates: Vec<Candidate> = conditional.iter().map(candidate).collect();
    let contents: Vec<Content> = matches.iter().map(|matched| Content::File(matched.found.real.clone())).collect();
    let speaks = |matched: &Match| !matched.excluded && (matched.included || matched.found.left.is_none());
    let texts = matches.iter().zip(&contents).filter(|(matched, _)| speaks(matched)).map(|(matched, content)| Text {
        path: &matched.found.name,
        vendored: false,
        owner: &Owner::Project,
        content,
        inside: matched.found.conditional.filter(|_| !matched.included).into_iter().collect(),
    });
    let main = Content::File(sources.layout.main.clone());
    let main_name = upload_name(&sources.layout.module_root, &sources.layout.main);
    let main = Text { path: &main_name, vendored: false, owner: &Owner::Project, content: &main, inside: Vec::new() };
    mentions::named(&candidates, &texts.chain([main]).collect::<Vec<_>>())
}

impl Collected {
    fn add(&mut self, sources: &Sources<'_>, matched: Match, rule: Option<&'static str>) -> Result<()> {
        let Match { found, kinds, .. } = matched;
        let bytes = length(&found.real)?;
        if let Some(rule) = rule {
            self.dropped.push(Dropped { name: found.name, bytes, rule, owner: Owner::Project });
            return Ok(());
        }
        self.count_duplicates(&found.name, &kinds, true);
        // wrangler would silently replace the entry point with this one.
        if let Some(taken) = self.modules.iter().take(2).find(|module| module.name == found.name) {
            let first = match taken.owner {
                Owner::Saddlebag => "the entry shim".to_owned(),
                _ => display(sources.project_root, &sources.layout.main),
            };
            let second = display(sources.project_root, &found.path);
            self.name_clashes.push(NameClash { name: found.name, first, second });
            return Ok(());
        }
        let content = Content::File(found.real);
        self.modules.push(Module { name: found.name, kind: kinds[0], content, bytes, owner: Owner::Project });
        Ok(())
    }
}
