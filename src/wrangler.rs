//! wrangler, as far as it is read and not only started: its dry run and its log.

pub(crate) mod dry_run;
pub(crate) mod log;
