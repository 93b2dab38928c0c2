//! Module rules: which type, if any, wrangler assigns to a module name.
//!
//! Types are in wrangler's order. Also reports rules that are shadowed because an earlier one lacks `fallthrough`. The
//! user's globs get a prefix if the module root has moved up.

use super::ModuleType;
use super::glob::Glob;
use crate::project::config::ModuleRule;

/// The rules in force. Source: wrangler 4.164.0, `applyPythonConfig` and `parseRules`.
#[derive(Debug, Clone)]
pub(crate) struct RuleSet {
    rules: Vec<Rule>,
    /// Rules shadowed by an earlier one of the same type, in order.
    pub(crate) shadowed: Vec<ShadowedRule>,
    /// Globs of active rules that give an invalid regular expression: wrangler stops with a `SyntaxError`.
    pub(crate) invalid: Vec<String>,
}

#[derive(Debug, Clone)]
struct Rule {
    kind: ModuleType,
    globs: Vec<Glob>,
}

/// A rule that is inactive because an earlier rule of its type has no `fallthrough = true`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ShadowedRule {
    /// wrangler's name for the type: `Text`, `Data`, ...
    pub(crate) kind: String,
    /// As written, without the prefix.
    pub(crate) globs: Vec<String>,
    /// One of wrangler's default rules, rather than the user's.
    pub(crate) default: bool,
    /// Index of the user's rule that shadows it, from 0.
    pub(crate) by: usize,
    /// That rule sets `fallthrough = false`, so wrangler does not warn.
    pub(crate) silenced: bool,
}

impl RuleSet {
    /// `user` as the active environment has them; `glob_prefix` as `Layout` has it (`src/` or empty).
    pub(crate) fn new(user: &[ModuleRule], glob_prefix: &str) -> Self {
        let mut all = user.to_vec();
        if !all.iter().any(|rule| rule.kind == "PythonModule") {
            all.push(rule("PythonModule", &["**/*.py"]));
        }
        let of_the_user = all.len();
        all.extend(defaults());

        let mut set = Self { rules: Vec::new(), shadowed: Vec::new(), invalid: Vec::new() };
        let mut completed: Vec<(&str, usize)> = Vec::new();
        for (index, rule) in all.iter().enumerate() {
            if let Some(&(_, by)) = completed.iter().find(|(kind, _)| *kind == rule.kind) {
                set.shadowed.push(ShadowedRule {
                    kind: rule.kind.clone(),
                    globs: rule.globs.clone(),
                    default: index >= of_the_user,
                    by,
                    silenced: all[by].fallthrough == Some(false),
                });
                continue;
            }
            if rule.fallthrough != Some(true) {
                completed.push((&rule.kind, index));
            }
            set.put_in_force(rule, if index < of_the_user { glob_prefix } else { "" });
        }
        set
    }

    /// A type that wrangler does not know is left to the gate that checks the configuration.
    fn put_in_force(&mut self, rule: &ModuleRule, glob_prefix: &str) {
        let globs: Vec<Glob> = rule.globs.iter().map(|glob| Glob::new(&reroot(glob, glob_prefix))).collect();
        let invalid = globs.iter().zip(&rule.globs).filter(|(glob, _)| !glob.is_valid());
        self.invalid.extend(invalid.map(|(_, written)| written.clone()));
        if let Some(kind) = module_type(&rule.kind) {
            self.rules.push(Rule { kind, globs });
        }
    }

    /// The types of all matches: the first is the module's, each further one is a duplicate that wrangler ignores with
    /// a warning. Empty: the file is not a module.
    pub(crate) fn matches(&self, name: &str) -> Vec<ModuleType> {
        let mut kinds = Vec::new();
        for rule in &self.rules {
            kinds.extend(rule.globs.iter().filter(|glob| glob.is_match(name)).map(|_| rule.kind));
        }
        kinds
    }
}

/// A user's glob, prefixed for a module root above the one that it was written for. Globs that start with `**/` match
/// at any depth and stay unchanged.
pub(crate) fn reroot(glob: &str, prefix: &str) -> String {
    if glob.starts_with("**/") { glob.to_owned() } else { format!("{prefix}{glob}") }
}

/// wrangler's `RuleTypeToModuleType`.
fn module_type(kind: &str) -> Option<ModuleType> {
    Some(match kind {
        "ESModule" => ModuleType::Esm,
        "CommonJS" => ModuleType::Commonjs,
        "CompiledWasm" => ModuleType::CompiledWasm,
        "Data" => ModuleType::Buffer,
        "Text" => ModuleType::Text,
        "PythonModule" => ModuleType::Python,
        _ => return None,
    })
}

/// wrangler's `DEFAULT_MODULE_RULES`, in its order.
fn defaults() -> [ModuleRule; 3] {
    [
        rule("Text", &["**/*.txt", "**/*.html", "**/*.sql"]),
        rule("Data", &["**/*.bin"]),
        rule("CompiledWasm", &["**/*.wasm", "**/*.wasm?module"]),
    ]
}

fn rule(kind: &str, globs: &[&str]) -> ModuleRule {
    ModuleRule {
        kind: kind.to_owned(),
        globs: globs.iter().map(|glob| (*glob).to_owned()).collect(),
        fallthrough: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(kind: &str, globs: &[&str], fallthrough: Option<bool>) -> ModuleRule {
        ModuleRule { fallthrough, ..rule(kind, globs) }
    }

    #[test]
    fn without_rules_the_defaults_and_python_hold() {
        let set = RuleSet::new(&[], "");
        assert_eq!(set.matches("a/b.py"), [ModuleType::Python]);
        assert_eq!(set.matches("a/b.sql"), [ModuleType::Text]);
        assert_eq!(set.matches("b.bin"), [ModuleType::Buffer]);
        assert_eq!(set.matches("b.wasm?module"), [ModuleType::CompiledWasm]);
        assert_eq!(set.matches("b.json"), []);
        assert_eq!(set.matches("b.pyc"), []);
    }

    #[test]
    fn a_rule_without_fallthrough_puts_the_default_of_its_type_out_of_force() {
        let set = RuleSet::new(&[user("Text", &["**/*.md"], None)], "");
        assert_eq!(set.matches("a.md"), [ModuleType::Text]);
        assert_eq!(set.matches("a.txt"), []);
        let [shadowed] = set.shadowed.as_slice() else { panic!("{:?}", set.shadowed) };
        assert_eq!(
            (shadowed.kind.as_str(), shadowed.default, shadowed.by, shadowed.silenced),
            ("Text", true, 0, false)
        );
    }

    #[test]
    fn fallthrough_lets_later_rules_through_and_false_silences() {
        let rules =
            [user("Text", &["*.md"], Some(true)), user("Text", &["*.css"], Some(false)), user("Text", &["*.js"], None)];
        let set = RuleSet::new(&rules, "");
        assert_eq!(set.matches("a.md"), [ModuleType::Text]);
        assert_eq!(set.matches("a.css"), [ModuleType::Text]);
        assert_eq!(set.matches("a.js"), []);
        assert_eq!(set.matches("a.txt"), []);
        assert_eq!(
            set.shadowed.iter().map(|rule| (rule.by, rule.silenced, rule.default)).collect::<Vec<_>>(),
            [(1, true, false), (1, true, true)]
        );
    }

    #[test]
    fn a_second_match_is_a_duplicate_and_the_users_rule_comes_first() {
        let set = RuleSet::new(&[user("Data", &["**/*", "**/*.py"], Some(true))], "");
        assert_eq!(set.matches("main.py"), [ModuleType::Buffer, ModuleType::Buffer, ModuleType::Python]);
        assert_eq!(set.matches("x.bin"), [ModuleType::Buffer, ModuleType::Buffer]);
    }

    #[test]
    fn anchored_globs_move_with_the_module_root() {
        assert_eq!(reroot("**/*.md", "src/"), "**/*.md");
        assert_eq!(reroot("*.md", "src/"), "src/*.md");
        assert_eq!(reroot("**", "src/"), "src/**");
        assert_eq!(reroot("*.md", ""), "*.md");
        let set = RuleSet::new(&[user("Text", &["*.md"], Some(true))], "src/");
        assert_eq!(set.matches("src/a.md"), [ModuleType::Text]);
        assert_eq!(set.matches("a.md"), []);
        assert_eq!(set.matches("a.txt"), [ModuleType::Text], "defaults are not re-rooted");
    }

    #[test]
    fn a_glob_that_javascript_refuses_is_named() {
        let set = RuleSet::new(&[user("Data", &[r"data\*.json", "*.json"], None)], "");
        assert_eq!(set.invalid, [r"data\*.json"]);
        assert_eq!(set.matches("a.json"), [ModuleType::Buffer]);
    }
}
