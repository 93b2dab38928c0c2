//! `saddlebag doctor --install`: the Pyodide that `--smoke` boots, from npm into saddlebag's cache.

use crate::session::{Ended, Session, Step};
use crate::smoke;

pub(crate) fn run(session: Session<'_>) -> Step<'_, Ended<'_>> {
    let loaded = session.open()?.find_tools()?;
    let installed = loaded.cache_dir().and_then(|cache| {
        smoke::install(&loaded.project.root, &cache, &loaded.target, &loaded.toolchain, session.terminal)
    });
    let mut ended = loaded.end();
    match installed {
        Ok(text) => {
            ended.answer = Some(text);
            Ok(ended)
        }
        Err(error) => Err(ended.with_error(error)),
    }
}
