use crate::commit::statements;
use crate::{agents, compaction, ends, find, list_offsets, retention};

/// The statements that are asked all the time, or whose cost must not grow with the index, by what they are for.
#[must_use]
pub fn hot_statements() -> [(&'static str, &'static str); 11] {
    [
        ("lock partitions", statements::LOCK),
        ("write a commit", statements::WRITE),
        ("find records", find::PAGE),
        ("watch logs", ends::CHANGED),
        ("find a time", list_offsets::HALVING),
        ("find old runs", retention::OLDEST),
        ("find segments to compact", compaction::COMPACTABLE),
        ("find the runs of segments", compaction::RUNS_IN),
        ("lock runs to replace", compaction::OLD),
        ("hear of an agent", agents::BEAT),
        ("list agents", agents::LIST),
    ]
}
