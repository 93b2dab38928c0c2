//! `saddlebag classify`: what each dependency is to the Worker, and what to do about it.

mod show;

use crate::classify::{Dependency, classify, document, unprovided};
use crate::error::Result;
use crate::project::host::{self, HostDistribution};
use crate::session::{Ended, Planned, ResolveOptions, Session, Step};
use show::answer;

pub(crate) fn run(session: Session<'_>) -> Step<'_, Ended<'_>> {
    let planned = session.open()?.find_tools()?.resolve(ResolveOptions::CLASSIFIED)?.plan()?;
    let host = host::installed(&planned.project().root);
    let found = match of(&planned, host.as_deref()) {
        Ok(found) => found,
        Err(error) => return Err(planned.fail(error)),
    };
    let unprovided = unprovided(planned.project(), planned.target(), &planned.bundle, host.is_some());
    let answer = answer(&found, &unprovided, host.is_some());
    let mut ended = planned.end().answered(answer)?;
    ended.dependencies = Some(document(&found));
    Ok(ended)
}

/// The dependencies of a plan.
///
/// # Errors
/// As `classify`.
pub(crate) fn of(planned: &Planned<'_>, host: Option<&[HostDistribution]>) -> Result<Vec<Dependency>> {
    classify(planned.project(), planned.target(), &planned.bundle, host, &planned.plan.left_out)
}
