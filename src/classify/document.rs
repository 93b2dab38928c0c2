//! `saddlebag.classify/1`, the dependencies as JSON.

use super::Dependency;
use crate::project::requirements::Declared;
use crate::python::graph::Reachability;
use serde_json::{Value, json};

/// As documents name it.
pub(crate) fn reachability(level: Reachability) -> &'static str {
    match level {
        Reachability::Startup => "always",
        Reachability::Project => "sometimes",
        Reachability::Package => "seldom",
        Reachability::Guarded => "guarded",
        Reachability::StringOnly => "named",
    }
}

/// `saddlebag.classify/1`.
pub(crate) fn document(dependencies: &[Dependency]) -> Value {
    let row = |dependency: &Dependency| {
        json!({
            "name": dependency.name,
            "version": dependency.version,
            "class": dependency.class.name(),
            "declared": dependency.declared.iter().map(Declared::place).collect::<Vec<_>>(),
            "required_by": dependency.required_by,
            "imported": dependency.imported.as_ref().map(|imported| json!({ "level": reachability(imported.level), "chain": imported.chain })),
            "reason": dependency.reason,
            "advice": dependency.advice,
            "bundle_bytes": dependency.bundle_bytes,
            "host": dependency.host.as_ref().map(|host| json!({ "version": host.version, "bytes": host.bytes })),
        })
    };
    json!({ "schema": "saddlebag.classify/1", "dependencies": dependencies.iter().map(row).collect::<Vec<_>>() })
}
