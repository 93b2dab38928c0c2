//! `saddlebag stage --out DIR`: the stage, to look at or to deploy by hand.

use crate::session::{Ended, ResolveOptions, Session, Step};
use camino::Utf8Path;

pub(crate) fn run<'a>(session: Session<'a>, out: &Utf8Path) -> Step<'a, Ended<'a>> {
    let planned = session.open()?.find_tools()?.resolve(ResolveOptions::JUDGED)?.plan()?;
    let cwd = planned.project().process_cwd.clone();
    let directory = crate::project::resolve(&cwd, out.as_str());
    let cleared = planned.check()?.into_cleared()?;
    if !cleared.wants_stage() {
        return cleared.show().export(&directory);
    }
    cleared.stage()?.check()?.into_cleared()?.show().export(&directory)
}
