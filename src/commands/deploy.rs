//! `saddlebag deploy`, `publish`, `preview`, `versions upload`: stage what passes every gate, and hand it to pywrangler.

use crate::session::{Ended, ResolveOptions, Session, Step};

pub(crate) fn run(session: Session<'_>) -> Step<'_, Ended<'_>> {
    let planned = session.open()?.find_tools()?.resolve(ResolveOptions::JUDGED)?.plan()?;
    let staged = planned.check()?.into_cleared()?.stage()?;
    staged.check()?.into_cleared()?.show().deploy()
}
