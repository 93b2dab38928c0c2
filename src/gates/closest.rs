//! Suggestions for the name of a module that does not exist.

use super::Context;
use crate::python::graph::Node;
use crate::python::stdlib;

/// `did you mean ...?`, with the known name that is closest.
pub(super) fn did_you_mean<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<String> {
    let others = known.into_iter().filter(|known| *known != name);
    crate::suggest::closest(name, others).map(|close| format!("did you mean `{close}`?"))
}

/// The existing module whose dotted name is closest: it follows the name as far as that exists.
pub(super) fn closest_module(context: &Context<'_>, dotted: &str) -> Option<String> {
    let graph = &context.bundle.graph;
    let mut front = String::new();
    for component in dotted.split('.') {
        let below = graph.below(&front);
        let is_library = front.is_empty() && stdlib::hides(&context.target.python, component);
        if !below.contains(&component) && !is_library {
            let library = if front.is_empty() { stdlib::names(&context.target.python) } else { Vec::new() };
            // Nobody who writes `httpx` means `http`.
            let library =
                library.into_iter().filter(|name| !component.starts_with(name) && !name.starts_with(component));
            let shim = context.layout.shim.as_ref().map(|_| context.layout.main_module.trim_end_matches(".py"));
            let own = below.into_iter().filter(|name| !(front.is_empty() && Some(*name) == shim));
            let known = own.chain(library).filter(|name| !name.starts_with('_'));
            let close = crate::suggest::closest(component, known)?;
            return Some(join(&front, close));
        }
        front = join(&front, component);
    }
    None
}

fn join(front: &str, component: &str) -> String {
    if front.is_empty() { component.to_owned() } else { format!("{front}.{component}") }
}

/// The absolute name of an import, which may be relative (with leading dots).
pub(super) fn absolute(node: &Node, written: &str) -> Option<String> {
    let module = written.trim_start_matches('.');
    let level = written.len() - module.len();
    if level == 0 {
        return Some(module.to_owned());
    }
    let components: Vec<&str> = node.package().split('.').filter(|component| !component.is_empty()).collect();
    let kept = components.len().checked_sub(level - 1).filter(|kept| *kept > 0)?;
    Some(join(&components[..kept].join("."), module))
}

/// A directory `vendor/` of the upload that has the top-level module, but is not on the runtime's search path.
pub(super) fn unsearched_vendor(context: &Context<'_>, name: &str) -> Option<String> {
    let top = name.split('.').next().unwrap_or_default();
    let mut nodes = context.bundle.graph.nodes().filter(|(_, node)| node.is_project() && node.present);
    nodes.find_map(|(_, node)| {
        let components: Vec<&str> = node.dotted.split('.').collect();
        let at = components.windows(2).position(|pair| pair == ["vendor", top])?;
        let is_searched = at == 0 && context.target.legacy_vendor;
        (!is_searched).then(|| components[..=at].join("/"))
    })
}
