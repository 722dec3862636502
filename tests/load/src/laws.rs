//! What holds of every history, whatever went wrong in it.
//!
//! 1. What was acknowledged is there, at the offset that the client was told.
//! 2. An offset has one value, for every reader and at any time; offsets are dense; values are as they were sent.
//! 3. A value of an idempotent producer is at one offset, and its values are in a partition in their order without
//!    gaps. Of another producer it is there no more often than it was sent.
//! 4. A Produce request is there with all its batches or with none.
//! 5. What was acknowledged before something else was first sent has the lower offset.
//! 6. High watermarks never go back, and are above what was acknowledged before they were asked for.
//! 7. Logs never start lower than before, nor below what was deleted before they were asked for; and where no retention
//!    is set nothing is gone that nobody has deleted.

mod acks;
mod deletions;
mod log;
mod order;
mod producers;
mod violation;
mod visibility;

use std::collections::BTreeMap;

pub use violation::Violation;

use crate::history::History;
use log::Log;

/// What breaks a law, sorted by law. A history without final reads shows no loss.
#[must_use]
pub fn check(history: &History) -> Vec<Violation> {
    let mut broken = Vec::new();
    let mut logs: BTreeMap<i32, Log> = BTreeMap::new();
    for read in history.reads() {
        logs.entry(read.partition).or_default().add(read, &mut broken);
    }
    for (partition, log) in &logs {
        log.check(*partition, &mut broken);
    }
    acks::check(history, &logs, &mut broken);
    producers::check(history, &logs, &mut broken);
    order::check(history, &mut broken);
    visibility::check(history, &mut broken);
    deletions::check(history, &mut broken);
    broken
}
