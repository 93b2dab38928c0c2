//! Recipes: trim package data to the parts that a project selects.
//!
//! `data/recipes.toml` lists the available selections. A recipe that is not selected drops nothing.

use crate::bundle::patterns::Patterns;
use crate::error::Result;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::sync::LazyLock;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Recipe {
    /// `recipe:NAME`, as in `dropped`.
    #[serde(skip)]
    rule: String,
    /// Normalised name (PEP 503).
    package: String,
    #[serde(rename = "about")]
    _about: String,
    drops: Vec<String>,
    #[serde(default)]
    always: Vec<String>,
    keeps: Vec<String>,
    #[serde(default)]
    language: bool,
    #[serde(default)]
    with: BTreeMap<String, Vec<String>>,
    #[serde(rename = "proven")]
    _proven: String,
    #[serde(rename = "source")]
    _source: String,
    #[serde(rename = "date")]
    _date: String,
}

static TABLE: LazyLock<BTreeMap<String, Recipe>> = LazyLock::new(|| {
    let mut table: BTreeMap<String, Recipe> = toml_edit::de::from_str(include_str!("../../../data/recipes.toml"))
        .expect("the embedded table parses: a test reads it");
    for (name, recipe) in &mut table {
        recipe.rule = format!("recipe:{name}");
    }
    table
});

/// The names allowed in `prune.recipes`.
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    TABLE.keys().map(String::as_str)
}

/// Every recipe, with the distribution that it trims and its rule in `dropped`.
pub(crate) fn all() -> impl Iterator<Item = (&'static str, &'static str, &'static str)> {
    TABLE.iter().map(|(name, recipe)| (name.as_str(), recipe.package.as_str(), recipe.rule.as_str()))
}

/// The recipes of one project, with its selections.
#[derive(Debug)]
pub(super) struct Recipes(Vec<Chosen>);

#[derive(Debug)]
struct Chosen {
    name: String,
    rule: &'static str,
    drops: Patterns,
    always: Patterns,
    choices: Vec<Choice>,
    /// Whether the bundle has any data that it applies to.
    used: bool,
}

#[derive(Debug)]
struct Choice {
    written: String,
    keeps: Patterns,
    used: bool,
}

const SETTING: &str = "prune.recipes";

impl Recipes {
    /// Selections by recipe name; the settings already checked the names against `names`.
    ///
    /// # Errors
    /// `Settings`: a selection that is not a valid pattern.
    pub(super) fn new(chosen: &BTreeMap<String, Vec<String>>) -> Result<Self> {
        let known = chosen.iter().filter_map(|(name, choices)| Some((name, TABLE.get(name)?, choices)));
        let of_project = known.map(|(name, recipe, choices)| {
            Ok(Chosen {
                name: name.clone(),
                rule: &recipe.rule,
                drops: Patterns::new(SETTING, &recipe.drops)?,
                always: Patterns::new(SETTING, &recipe.always)?,
                choices: choices.iter().map(|written| recipe.choice(written)).collect::<Result<_>>()?,
                used: false,
            })
        });
        of_project.collect::<Result<_>>().map(Self)
    }

    /// The rule that drops a vendored path, if any.
    pub(super) fn drops(&mut self, path: &str) -> Option<&'static str> {
        self.0.iter_mut().find_map(|recipe| recipe.drops(path).then_some(recipe.rule))
    }

    /// Recipes that matched nothing in the bundle, and selections that kept nothing.
    pub(super) fn unmatched(&self) -> Vec<String> {
        let unmatched = |recipe: &Chosen| {
            if !recipe.used {
                return vec![format!("{SETTING}.{}", recipe.name)];
            }
            let unused = recipe.choices.iter().filter(|choice| !choice.used);
            unused.map(|choice| format!("{SETTING}.{}: {}", recipe.name, choice.written)).collect()
        };
        self.0.iter().flat_map(unmatched).collect()
    }
}

impl Recipe {
    fn choice(&self, written: &str) -> Result<Choice> {
        let choice = if self.language {
            written.split(['_', '-']).next().unwrap_or(written).to_ascii_lowercase()
        } else {
            written.to_owned()
        };
        let all = std::iter::once(&choice).chain(self.with.get(&choice).into_iter().flatten());
        let keeps: Vec<String> =
            all.flat_map(|choice| self.keeps.iter().map(move |pattern| pattern.replace("{choice}", choice))).collect();
        Ok(Choice { written: written.to_owned(), keeps: Patterns::new(SETTING, &keeps)?, used: false })
    }
}

impl Chosen {
    fn drops(&mut self, path: &str) -> bool {
        if !self.drops.matches(&[path]) {
            return false;
        }
        self.used = true;
        let mut stays = self.always.matches(&[path]);
        // Check every selection, because one that keeps nothing is reported.
        for choice in &mut self.choices {
            let kept = choice.keeps.matches(&[path]);
            choice.used |= kept;
            stays |= kept;
        }
        !stays
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn recipes(name: &str, choices: &[&str]) -> Recipes {
        let choices = choices.iter().map(|choice| (*choice).to_owned()).collect();
        Recipes::new(&[(name.to_owned(), choices)].into()).unwrap()
    }

    fn kept<'a>(recipes: &mut Recipes, paths: &[&'a str]) -> Vec<&'a str> {
        paths.iter().copied().filter(|path| recipes.drops(path).is_none()).collect()
    }

    #[test]
    fn a_language_keeps_its_territories_its_parents_and_the_root() {
        let data = ["root", "de", "de_AT", "en", "en_001", "nb", "nb_NO", "no", "den"];
        let paths: Vec<String> = data.iter().map(|name| format!("babel/locale-data/{name}.dat")).collect();
        let paths: Vec<&str> = paths.iter().map(String::as_str).collect();
        let mut own = recipes("babel-locales", &["de-AT", "nb_NO", "xx"]);
        let kept: Vec<&str> = kept(&mut own, &paths).iter().map(|path| &path[18..path.len() - 4]).collect();
        assert_eq!(kept, ["root", "de", "de_AT", "nb", "nb_NO", "no"]);
        assert_eq!(own.unmatched(), ["prune.recipes.babel-locales: xx"]);
        assert_eq!(own.drops("babel/locale-data/fr.dat"), Some("recipe:babel-locales"));
        assert_eq!(own.drops("babel/core.py"), None);
    }

    #[test]
    fn a_recipe_for_a_package_that_is_not_there_is_told() {
        let mut own = recipes("botocore-services", &["s3"]);
        assert_eq!(own.drops("other/data/x/y.json"), None);
        assert_eq!(own.unmatched(), ["prune.recipes.botocore-services"]);
        let paths = ["botocore/data/s3/1/x.json", "botocore/data/ec2/1/x.json", "botocore/data/endpoints.json"];
        assert_eq!(kept(&mut own, &paths), [paths[0], paths[2]]);
        assert!(own.unmatched().is_empty());
    }

    #[test]
    fn nothing_chosen_keeps_the_fallbacks_alone() {
        let paths =
            ["faker/providers/job/en_US/a.py", "faker/providers/job/fil_PH/a.py", "faker/providers/job/de/a.py"];
        assert_eq!(kept(&mut recipes("faker-locales", &[]), &paths), [paths[0]]);
        assert_eq!(kept(&mut recipes("faker-locales", &["fil_PH"]), &paths), [paths[0], paths[1]]);
        let zones = [
            "tzdata/zoneinfo/Europe/Berlin",
            "tzdata/zoneinfo/Europe/__init__.py",
            "tzdata/zoneinfo/UTC",
            "tzdata/zones",
        ];
        assert_eq!(kept(&mut recipes("tzdata-zones", &[]), &zones), [zones[1], zones[2], zones[3]]);
        assert_eq!(kept(&mut recipes("tzdata-zones", &["Europe/*"]), &zones), zones);
    }

    #[test]
    fn every_recipe_is_in_the_documentation_and_makes_patterns() {
        let page = include_str!("../../../docs/staging.md");
        for name in names() {
            assert!(page.contains(&format!("| `{name}` |")), "{name}");
            assert_eq!(TABLE[name].rule, format!("recipe:{name}"));
            recipes(name, &["x"]);
        }
        assert!(names().count() >= 3);
    }
}
