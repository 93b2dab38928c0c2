//! `install_requires` of setuptools, in `setup.cfg` and in `setup.py`.
//!
//! Only entries that are written out are read; no code runs.

use crate::project::requirements::declaration::{Declared, entry};
use crate::project::requirements::requirement::Context;

const KEY: &str = "install_requires";

pub(super) fn configuration(context: &Context<'_>) -> Vec<Declared> {
    let mut found = Vec::new();
    let (mut is_options, mut is_inside) = (false, false);
    let mut offset = 0;
    for raw in context.text.split_inclusive('\n') {
        let (start, line) = (offset, raw.trim_end());
        offset += raw.len();
        let text = line.trim_start();
        let at = start + line.len() - text.len();
        if text.is_empty() || text.starts_with(['#', ';']) {
            continue;
        }
        if line.starts_with('[') {
            (is_options, is_inside) = (line == "[options]", false);
        } else if line.starts_with(char::is_whitespace) {
            if is_inside {
                found.extend(entry(context, at, text, None, false));
            }
        } else if let Some((key, value)) = line.split_once(['=', ':']) {
            is_inside = is_options && key.trim() == KEY;
            let value = value.trim();
            if is_inside && !value.is_empty() {
                found.extend(entry(context, at, value, None, false));
            }
        }
    }
    found
}

/// The strings of the list that `install_requires` is set to.
pub(super) fn script(context: &Context<'_>) -> Vec<Declared> {
    let text = context.text;
    let Some(after) = text.find(KEY).map(|at| at + KEY.len()) else { return Vec::new() };
    let is_list = |rest: &str| {
        rest.trim_start_matches(['"', '\'']).trim_start().trim_start_matches(['=', ':']).trim_start().starts_with('[')
    };
    let Some(open) = text[after..].find('[').map(|at| after + at).filter(|_| is_list(&text[after..])) else {
        return Vec::new();
    };
    let mut found = Vec::new();
    let mut rest = open + 1;
    while let Some(next) = text[rest..].find(['"', '\'', '#', ']']).map(|at| rest + at) {
        let sign = &text[next..=next];
        match sign {
            "]" => break,
            "#" => rest = text[next..].find('\n').map_or(text.len(), |end| next + end),
            quote => {
                let Some(end) = text[next + 1..].find(quote).map(|end| next + 1 + end) else { break };
                found.extend(entry(context, next, &text[next + 1..end], None, false));
                rest = end + 1;
            }
        }
    }
    found
}
