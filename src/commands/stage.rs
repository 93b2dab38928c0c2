//! `saddlebag stage --out DIR`: the stage, to look at or to deploy by hand.

use crate::session::{Ended, ResolveOptions, Session, Step};

pub(crate) fn run(session: Session<'_>) -> Step<'_, Ended<'_>> {
    let planned = session.open()?.find_tools()?.resolve(ResolveOptions::JUDGED)?.plan()?;
    let cwd = planned.project().process_cwd.clone();
    let out = session.invocation.flags.out.as_deref();
    let directory = out.map_or_else(|| cwd.clone(), |out| crate::project::resolve(&cwd, out.as_str()));
    let cleared = planned.check()?.into_cleared()?;
    if !cleared.wants_stage() {
        return cleared.show().export(&directory);
    }
    cleared.stage()?.check()?.into_cleared()?.show().export(&directory)
}
