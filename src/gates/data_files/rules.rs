//! The missing rule, as lines to paste into the wrangler configuration.
//!
//! Its globs match each file once (wrangler uploads the first match and warns of others), and it falls through, so that the
//! defaults of its type stay. Where a rule of the user's keeps a later one of its type from working, or `rules` is one value,
//! the lines replace `rules`.

use super::Draft;
use crate::bundle::glob::Glob;
use crate::bundle::rules::{RuleSet, reroot};
use crate::gates::{Context, Finding};
use crate::project::config::ModuleRule;
use crate::project::display;
use crate::project::document::Format;
use camino::{Utf8Path, Utf8PathBuf};
use std::collections::{BTreeMap, BTreeSet};

/// From this many files of one kind in one directory on, one glob covers all of them.
const MANY: usize = 4;

/// A list of globs that is wider than this has one glob per line.
const WIDTH: usize = 72;

/// What to do so that some files are uploaded.
#[derive(Debug, Clone, Default)]
pub(super) struct Advice {
    pub(super) help: String,
    pub(super) snippet: Option<String>,
}

/// Where a file is, for a rule.
enum RulePlace {
    /// Its upload name.
    Inside(String),
    /// Outside of what rules cover; the name that it would have inside.
    Outside(String),
    /// A rule matches it, but this drops it.
    Dropped(&'static str),
}

/// The user's rules, and those that were advised so far.
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
        let names = self.names(files);
        self.for_names(&names)
    }

    /// Writes the help of a finding: what to change in the source, what to move, and the rule where one is needed.
    pub(super) fn complete(&self, draft: Draft, advice: &Advice) -> Finding {
        let Draft { mut finding, files, alternative } = draft;
        let mut steps: Vec<String> = Some(finding.help).into_iter().filter(|help| !help.is_empty()).collect();
        let places: Vec<RulePlace> = files.iter().map(|file| self.place(file)).collect();
        if places.iter().any(|place| matches!(place, RulePlace::Outside(_))) {
            steps.push(format!("move it into `{}`", self.source()));
        }
        let dropped =
            places.iter().find_map(|place| if let RulePlace::Dropped(rule) = place { Some(*rule) } else { None });
        steps.extend(dropped.map(|rule| match rule {
            "exclude" => "take it out of `exclude` in `[tool.saddlebag]`".to_owned(),
            _ => "name it in `include` in `[tool.saddlebag]`".to_owned(),
        }));
        if !self.names(&files).is_empty() {
            steps.push(advice.help.clone());
            finding.snippet.clone_from(&advice.snippet);
        }
        let last = steps.pop().unwrap_or_default();
        finding.help = if steps.is_empty() { last } else { format!("{} and {last}", steps.join(", ")) };
        if let Some(alternative) = alternative {
            let or = if finding.help.is_empty() { "" } else { "; or " };
            finding.help = format!("{}{or}{alternative}", finding.help);
        }
        finding
    }

    /// The upload names of these files that need a rule.
    fn names(&self, files: &[Utf8PathBuf]) -> BTreeSet<String> {
        let set = RuleSet::new(&self.context.project.config.rules(), &self.context.layout.glob_prefix);
        let places = files.iter().filter_map(|file| match self.place(file) {
            RulePlace::Inside(name) => Some(name),
            RulePlace::Outside(name) => Some(name).filter(|name| set.matches(name).is_empty()),
            RulePlace::Dropped(_) => None,
        });
        places.collect()
    }

    fn place(&self, file: &Utf8Path) -> RulePlace {
        let layout = &self.context.layout;
        match file.strip_prefix(&layout.module_root) {
            Ok(name) if layout.roots.iter().any(|root| name.starts_with(root)) => {
                let name = name.as_str().replace('\\', "/");
                let dropped = self.context.bundle.dropped.iter().find(|dropped| dropped.name == name);
                dropped.map_or(RulePlace::Inside(name), |dropped| RulePlace::Dropped(dropped.rule))
            }
            _ => RulePlace::Outside(format!("{}{}", layout.glob_prefix, display(&self.context.project.root, file))),
        }
    }

    /// The directory whose files are uploaded, relative to the project.
    fn source(&self) -> String {
        let layout = &self.context.layout;
        display(&self.context.project.root, &layout.module_root.join(layout.glob_prefix.trim_end_matches('/')))
    }

    fn for_names(&mut self, names: &BTreeSet<String>) -> Advice {
        if names.is_empty() {
            return Advice::default();
        }
        let advised: Vec<Glob> = self.globs.iter().map(|glob| self.glob(glob)).collect();
        let is_covered = |name: &&String| advised.iter().any(|glob| glob.is_match(name));
        let left: BTreeSet<String> = names.iter().filter(|name| !is_covered(name)).cloned().collect();
        if left.is_empty() {
            return self.last.clone();
        }
        // If a rule of the user's disables a default rule that would match, enable that again.
        let shadowed: Vec<(usize, Glob)> = self.shadowed().collect();
        let mut revived: BTreeSet<usize> = BTreeSet::new();
        let mut others = Vec::new();
        for name in left {
            match shadowed.iter().find(|(_, glob)| glob.is_match(&name)) {
                Some((by, _)) => drop(revived.insert(*by)),
                None => others.push(name),
            }
        }
        let new = self.globs_for(&others);
        self.globs.extend(new.iter().cloned());
        self.last = self.written(&new, &revived);
        self.last.clone()
    }

    /// The globs that a rule of the user's disables, and the index of that rule.
    fn shadowed(&self) -> impl Iterator<Item = (usize, Glob)> + '_ {
        let rules = self.context.bundle.shadowed_rules.iter();
        rules.flat_map(|rule| rule.globs.iter().map(|glob| (rule.by, self.glob(glob))))
    }

    /// A glob of the user's `rules`, for upload names.
    fn glob(&self, written: &str) -> Glob {
        Glob::new(&reroot(written, &self.context.layout.glob_prefix))
    }

    /// Globs for these upload names that match no module, which would then match twice.
    fn globs_for(&self, names: &[String]) -> Vec<String> {
        let layout = &self.context.layout;
        let mut groups: BTreeMap<(Option<&str>, &str), Vec<&String>> = BTreeMap::new();
        for name in names {
            let path = Utf8Path::new(name);
            // If the module root is the project root, `**/*.json` would match the files of tools.
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
            let is_free = |written: &String| {
                let glob = self.glob(written);
                !own.iter().any(|name| glob.is_match(name))
            };
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
        if config.find_additional_modules() == Some(false) {
            return Advice { help: "remove `find_additional_modules = false`".to_owned(), snippet: None };
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
