//! `saddlebag check`: every gate on the planned bundle; nothing is staged unless a gate of the stage was asked for.

use crate::session::{Ended, ResolveOptions, Session, Step};

pub(crate) fn run(session: Session<'_>) -> Step<'_, Ended<'_>> {
    let planned = session.open()?.find_tools()?.resolve(ResolveOptions::JUDGED)?.plan()?;
    let cleared = planned.check()?.into_cleared()?;
    if !cleared.wants_stage() {
        return Ok(cleared.show().end());
    }
    Ok(cleared.stage()?.check()?.into_cleared()?.show().end())
}
