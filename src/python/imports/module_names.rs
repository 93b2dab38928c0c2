//! Strings that read like the name of a module, and relative names.

use crate::python::is_identifier;

/// `pkg.mod` and `pkg.mod:attr.of`: the dotted name of two components or more, and the attribute.
pub(super) fn module_reference(text: &str) -> Option<(&str, Option<&str>)> {
    if text.len() > 200 {
        return None;
    }
    let (name, attribute) = match text.split_once(':') {
        Some((name, attribute)) => (name, Some(attribute)),
        None => (text, None),
    };
    (name.contains('.') && is_dotted(name) && attribute.is_none_or(is_dotted)).then_some((name, attribute))
}

/// Identifiers with single dots between them; one will do.
pub(super) fn is_dotted(name: &str) -> bool {
    name.split('.').all(is_identifier)
}

/// The absolute name of `module` with `level` dots, seen from `package`; none where the dots climb past the top.
pub(super) fn climb(package: &str, level: u32, module: &str) -> Option<String> {
    let components: Vec<&str> = package.split('.').collect();
    let climbed = usize::try_from(level).ok()?.checked_sub(1)?;
    let kept = components.len().checked_sub(climbed).filter(|&kept| kept > 0)?;
    let joined = components.into_iter().take(kept).chain(Some(module).filter(|module| !module.is_empty()));
    Some(joined.collect::<Vec<_>>().join(".")).filter(|name| is_dotted(name))
}
