//! `saddlebag explain GATE`: the gate's page of the documentation, in the terminal.
//!
//! Receives the id of a gate or the code of a finding; hands on the page as it is. Must never say anything that the page
//! does not.

use crate::error::{Error, ErrorKind, Result};
use crate::suggest::closest;

macro_rules! pages {
    ($($id:literal),* $(,)?) => { [$(($id, include_str!(concat!("../../docs/gates/", $id, ".md")))),*] };
}

/// Every gate, in the order of the table.
const PAGES: &[(&str, &str)] = &pages![
    "toolchain",
    "wrangler-config",
    "requirements",
    "wheels",
    "native-modules",
    "namespace",
    "imports",
    "packages",
    "data-files",
    "duplicates",
    "shadowing",
    "prune-safety",
    "secrets",
    "size",
    "growth",
    "smoke",
    "verify",
];

/// # Errors
/// `Usage`: no gate has that name.
pub(crate) fn page(name: Option<&str>) -> Result<String> {
    let Some(name) = name else {
        let list: String = PAGES.iter().map(|(id, page)| format!("  {id:16}  {}\n", first_line(page))).collect();
        return Ok(format!("Gates, each with its page (`saddlebag explain GATE`):\n{list}"));
    };
    let id = name.split('.').next().unwrap_or(name);
    if let Some((_, page)) = PAGES.iter().find(|(known, _)| *known == id) {
        return Ok((*page).to_owned());
    }
    let close = closest(id, PAGES.iter().map(|(id, _)| *id));
    let hint = close
        .map_or_else(|| "run `saddlebag explain` for a list".to_owned(), |close| format!("did you mean `{close}`?"));
    Err(Error::new(ErrorKind::Usage, format!("there is no gate `{id}`"), hint))
}

/// The sentence under the title.
fn first_line(page: &str) -> &str {
    let line = page.lines().skip(1).find(|line| !line.is_empty()).unwrap_or_default();
    line.split_once(". ").map_or(line, |(sentence, _)| sentence).trim_end_matches('.')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_page_is_found_by_its_gate_and_by_each_of_its_codes() {
        for (id, text) in PAGES {
            assert_eq!(&page(Some(id)).unwrap(), text);
            assert_eq!(&page(Some(&format!("{id}.anything"))).unwrap(), text);
            assert!(text.starts_with(&format!("# `{id}`")), "{id}");
            assert!(first_line(text).len() > 10, "{id}");
        }
    }

    #[test]
    fn a_name_that_is_none_is_answered_with_the_nearest() {
        assert_eq!(page(Some("import")).unwrap_err().hint, "did you mean `imports`?");
        assert_eq!(page(Some("nothing-like-it")).unwrap_err().hint, "run `saddlebag explain` for a list");
    }

    #[test]
    fn every_gate_has_a_page_here() {
        let pages: Vec<&str> = PAGES.iter().map(|(id, _)| *id).collect();
        assert_eq!(pages, crate::gates::ids().collect::<Vec<_>>());
    }
}
