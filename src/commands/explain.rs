//! `saddlebag explain GATE`: prints the page of a gate.

use crate::error::{Error, ErrorKind, Result};
use crate::gates::{Gate, GateId, ids, registry};
use crate::suggest::closest;

/// The page of a gate, by its id or by the code of a finding; without a name, the list of gates.
///
/// # Errors
/// `Usage`: no gate has that name.
pub(crate) fn page(name: Option<&str>) -> Result<String> {
    let Some(name) = name else {
        let line = |gate: &Gate| format!("  {:16}  {}\n", gate.id, first_line(gate.page));
        let list: String = registry::all().map(line).collect();
        return Ok(format!("Gates, each with its page (`saddlebag explain GATE`):\n{list}"));
    };
    let id = name.split('.').next().unwrap_or(name);
    if let Ok(id) = id.parse::<GateId>() {
        return Ok(registry::get(id).page.to_owned());
    }
    let hint = match closest(id, ids()) {
        Some(close) => format!("did you mean `{close}`?"),
        None => "run `saddlebag explain` for a list".to_owned(),
    };
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
        for gate in registry::all() {
            assert_eq!(page(Some(gate.id.as_str())).unwrap(), gate.page);
            for code in gate.codes {
                assert_eq!(page(Some(code.id)).unwrap(), gate.page);
            }
            assert!(first_line(gate.page).len() > 10, "{}", gate.id);
        }
    }

    #[test]
    fn an_unknown_name_is_answered_with_the_nearest() {
        let error = page(Some("siez")).unwrap_err();
        assert_eq!(format!("{error}; {}", error.hint), "there is no gate `siez`; did you mean `size`?");
        assert_eq!(page(Some("import")).unwrap_err().hint, "did you mean `imports`?");
        assert_eq!(page(Some("nothing-like-it")).unwrap_err().hint, "run `saddlebag explain` for a list");
    }
}
