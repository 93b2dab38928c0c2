//! The rule that uploads what stays behind, as lines to paste into the wrangler configuration.
//!
//! Receives files of the project; hands on one line of help and the lines. The globs match each file once (wrangler uploads
//! the first match and warns of others), and the rule falls through, so that no default of its type is lost. Where a rule
//! of the user's keeps a later one of its type from working, or `rules` is one value, the lines replace `rules`.

use super::Draft;
use crate::bundle::glob::Glob;
use crate::bundle::rules::{ShadowedRule, reroot};
use crate::gate::{Context, Finding};
use crate::project::config::{Format, ModuleRule};
use crate::project::display;
use camino::{Utf8Path, Utf8PathBuf};
use std::collections::{BTreeMap, BTreeSet};

/// From so many files of one kind in one directory on, one glob is for all of them.
const MANY: usize = 4;

/// How wide a line of globs may be before each has a line of its own.
const WIDTH: usize = 72;

/// What to do so that some files are uploaded.
#[derive(Debug, Clone, Default)]
pub(super) struct Advice {
    help: String,
    snippet: Option<String>,
}

impl Advice {
    /// Puts a finding's own help in front: what has to be changed in the source.
    pub(super) fn complete(&self, draft: Draft) -> Finding {
        let mut finding = draft.finding;
        if !draft.files.is_empty() {
            finding.help = match (finding.help.is_empty(), self.help.is_empty()) {
                (true, _) => self.help.clone(),
                (false, true) => finding.help,
                (false, false) => format!("{}, and {}", finding.help, self.help),
            };
            finding.snippet.clone_from(&self.snippet);
        }
        if let Some(alternative) = draft.alternative {
            finding.help = if finding.help.is_empty() {
                alternative.trim_start_matches("or ").to_owned()
            } else {
                format!("{}; {alternative}", finding.help)
            };
        }
        finding
    }

    pub(super) fn on(&self, mut finding: Finding) -> Finding {
        (finding.help, finding.snippet) = (self.help.clone(), self.snippet.clone());
        finding
    }
}

/// The rules of the user's, and those that were advised so far.
pub(super) struct Rules<'c, 'a> {
    context: &'c Context<'a>,
    globs: Vec<String>,
    last: Advice,
}

impl<'c, 'a> Rules<'c, 'a> {
    pub(super) fn new(context: &'c Context<'a>) -> Self {
        Self { context, globs: Vec::new(), last: Advice::default() }
    }

    /// What to do for these files, besides what was advised for others before.
    pub(super) fn advise(&mut self, files: &[Utf8PathBuf]) -> Advice {
        if files.is_empty() {
            return Advice::default();
        }
        let layout = &self.context.layout;
        let (mut names, mut outside, mut dropped) = (BTreeSet::new(), false, None);
        for file in files {
            match file.strip_prefix(&layout.module_root) {
                Ok(name) if layout.roots.iter().any(|root| name.starts_with(root)) => {
                    let name = name.as_str().replace('\\', "/");
                    match self.context.bundle.dropped.iter().find(|dropped| dropped.name == name) {
                        Some(left) => dropped = Some(left.rule),
                        None => drop(names.insert(name)),
                    }
                }
                _ => outside = true,
            }
        }
        let mut advice = self.for_names(&names);
        let more = match (outside, dropped) {
            (true, _) => Some(format!("move what is outside of `{}` into it", self.source())),
            (false, Some("exclude")) => Some("take the file out of `exclude` in `[tool.saddlebag]`".to_owned()),
            (false, Some(_)) => Some("name the file in `include` in `[tool.saddlebag]`".to_owned()),
            (false, None) => None,
        };
        if let Some(more) = more {
            advice.help = if advice.help.is_empty() { more } else { format!("{more}, and {}", advice.help) };
        }
        advice
    }

    /// The directory whose files are uploaded, as people know it.
    fn source(&self) -> String {
        let layout = &self.context.layout;
        display(&self.context.project.root, &layout.module_root.join(layout.glob_prefix.trim_end_matches('/')))
    }

    fn for_names(&mut self, names: &BTreeSet<String>) -> Advice {
        if names.is_empty() {
            return Advice::default();
        }
        let is_covered = |name: &&String| self.globs.iter().any(|glob| self.matches(glob, name));
        let left: BTreeSet<String> = names.iter().filter(|name| !is_covered(name)).cloned().collect();
        if left.is_empty() {
            return self.last.clone();
        }
        // A default rule that a rule of the user's put out of force is better brought back.
        let mut revived: BTreeMap<usize, &ShadowedRule> = BTreeMap::new();
        let mut others = Vec::new();
        for name in left {
            match self
                .context
                .bundle
                .shadowed_rules
                .iter()
                .find(|rule| rule.globs.iter().any(|glob| self.matches(glob, &name)))
            {
                Some(rule) => drop(revived.insert(rule.by, rule)),
                None => others.push(name),
            }
        }
        let new = self.globs_for(&others);
        self.globs.extend(new.iter().cloned());
        self.last = self.written(&new, &revived.into_keys().collect());
        self.last.clone()
    }

    /// Whether a glob of the user's `rules` matches an upload name.
    fn matches(&self, glob: &str, name: &str) -> bool {
        Glob::new(&reroot(glob, &self.context.layout.glob_prefix)).is_match(name)
    }

    /// Globs for these upload names that match no module, which would then match twice.
    fn globs_for(&self, names: &[String]) -> Vec<String> {
        let layout = &self.context.layout;
        let mut groups: BTreeMap<(Option<&str>, &str), Vec<&String>> = BTreeMap::new();
        for name in names {
            let path = Utf8Path::new(name);
            // Of a module root that is the project's own, `**/*.json` would take what belongs to tools.
            let directory = if layout.at_project_root { path.parent().map_or("", Utf8Path::as_str) } else { "" };
            groups.entry((path.extension(), directory)).or_default().push(name);
        }
        let own: Vec<&str> = self.context.bundle.modules.iter().map(|module| module.name.as_str()).collect();
        let own: Vec<&str> = own.into_iter().filter(|name| !name.starts_with("python_modules/")).collect();
        let mut globs = Vec::new();
        for ((extension, directory), names) in groups {
            let wide = extension.filter(|_| !layout.at_project_root || names.len() >= MANY);
            let wide = wide.map(|extension| match directory {
                "" if layout.at_project_root => format!("*.{extension}"),
                "" => format!("**/*.{extension}"),
                directory => format!("{directory}/*.{extension}"),
            });
            let is_free = |glob: &String| !own.iter().any(|name| self.matches(glob, name));
            match wide.filter(is_free) {
                Some(glob) => globs.push(glob),
                None => globs.extend(names.into_iter().map(|name| self.exact(name))),
            }
        }
        globs
    }

    /// An upload name as a glob of the user's, whose module root may be further down.
    fn exact(&self, name: &str) -> String {
        match name.strip_prefix(&self.context.layout.glob_prefix) {
            Some(own) => own.to_owned(),
            None => format!("**/{name}"),
        }
    }

    fn written(&self, globs: &[String], revived: &BTreeSet<usize>) -> Advice {
        let config = &self.context.project.config;
        let file = display(&config.report_root, &config.path);
        if config.generated_for.is_some() {
            let globs = globs.join("`, `");
            return Advice { help: format!("add a rule of type `Data` for `{globs}` to `rules`"), snippet: None };
        }
        let mut rules = config.rules();
        for rule in revived.iter().filter_map(|by| rules.get_mut(*by).map(|_| *by)).collect::<Vec<_>>() {
            rules[rule].fallthrough = Some(true);
        }
        let blocks = rules.iter().position(|rule| rule.kind == "Data" && rule.fallthrough != Some(true));
        let origin = config.get_origin("rules");
        let style = Style::of(config.format, origin.as_deref(), &config.text);
        let new =
            |globs: &[String]| ModuleRule { kind: "Data".to_owned(), globs: globs.to_vec(), fallthrough: Some(true) };
        if revived.is_empty() && blocks.is_none() && (origin.is_none() || style.is_tables()) {
            let (what, place) = match config.format {
                Format::Toml => ("rule", "at the end of"),
                Format::Json => ("key", "at the top of"),
            };
            let mut snippet = style.rules(&[new(globs)]);
            if config.format == Format::Json {
                snippet.push(',');
            }
            return Advice { help: format!("add this {what} {place} `{file}`"), snippet: Some(snippet) };
        }
        let all: Vec<String> = self.globs.clone();
        match blocks {
            Some(at) => rules[at].globs.extend(all),
            None if all.is_empty() => {}
            None => rules.push(new(&all)),
        }
        Advice { help: format!("make `rules` in `{file}` this"), snippet: Some(style.rules(&rules)) }
    }
}

/// How `rules` is written.
enum Style {
    /// `[[rules]]` or `[[env.NAME.rules]]`: the header.
    Tables(String),
    /// `rules = [...]`.
    Array,
    Json,
}

impl Style {
    fn of(format: Format, origin: Option<&[String]>, text: &str) -> Self {
        let path = origin
            .map_or_else(|| "rules".to_owned(), |path| path.iter().map(|key| bare(key)).collect::<Vec<_>>().join("."));
        let squeezed = |line: &str| line.split_whitespace().collect::<String>();
        let header = format!("[[{path}]]");
        match format {
            Format::Json => Self::Json,
            Format::Toml if origin.is_none() || text.lines().any(|line| squeezed(line).starts_with(&header)) => {
                Self::Tables(header)
            }
            Format::Toml => Self::Array,
        }
    }

    fn is_tables(&self) -> bool {
        matches!(self, Self::Tables(_))
    }

    fn rules(&self, rules: &[ModuleRule]) -> String {
        let each = |of: &dyn Fn(&ModuleRule) -> String, by: &str| rules.iter().map(of).collect::<Vec<_>>().join(by);
        match self {
            Self::Tables(header) => each(&|rule| table(header, rule), "\n\n"),
            Self::Array => format!("rules = [\n{}\n]", each(&|rule| format!("  {},", inline(rule)), "\n")),
            Self::Json => format!("\"rules\": [\n{}\n]", each(&|rule| format!("  {}", object(rule)), ",\n")),
        }
    }
}

/// A key of TOML, quoted where it has to be.
fn bare(key: &str) -> String {
    let is_bare = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    if key.chars().all(is_bare) { key.to_owned() } else { quoted(key) }
}

/// The same in TOML and in JSON.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// A list of texts, one a line where one line would be too long.
fn list(texts: &[String], indent: &str) -> String {
    let quoted: Vec<String> = texts.iter().map(|text| quoted(text)).collect();
    let line = quoted.join(", ");
    if line.len() <= WIDTH {
        return format!("[{line}]");
    }
    format!("[\n{indent}  {}\n{indent}]", quoted.join(&format!(",\n{indent}  ")))
}

fn table(header: &str, rule: &ModuleRule) -> String {
    let fallthrough = rule.fallthrough.map(|falls| format!("\nfallthrough = {falls}")).unwrap_or_default();
    format!("{header}\ntype = {}\nglobs = {}{fallthrough}", quoted(&rule.kind), list(&rule.globs, ""))
}

fn inline(rule: &ModuleRule) -> String {
    let fallthrough = rule.fallthrough.map(|falls| format!(", fallthrough = {falls}")).unwrap_or_default();
    format!("{{ type = {}, globs = {}{fallthrough} }}", quoted(&rule.kind), list(&rule.globs, "  "))
}

fn object(rule: &ModuleRule) -> String {
    let fallthrough = rule.fallthrough.map(|falls| format!(", \"fallthrough\": {falls}")).unwrap_or_default();
    format!("{{ \"type\": {}, \"globs\": {}{fallthrough} }}", quoted(&rule.kind), list(&rule.globs, "  "))
}
