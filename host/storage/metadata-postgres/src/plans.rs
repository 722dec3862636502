use crate::commit::statements;
use crate::groups::{self, progress};
use crate::{agents, compaction, ends, find, list_offsets, minutes, retention};

/// The statements that are asked all the time, or whose cost must not grow with the index or with how many groups there
/// are, by what they are for.
#[must_use]
pub fn hot_statements() -> Vec<(&'static str, &'static str)> {
    let mut hot = vec![
        ("lock partitions", statements::LOCK),
        ("write a commit", statements::WRITE),
        ("find records", find::PAGE),
        ("watch logs", ends::CHANGED),
        ("where logs start and end", list_offsets::LOGS),
        ("find a time", list_offsets::HALVING),
        ("find a time from an offset on", list_offsets::SCAN),
        ("read a run", list_offsets::RUN),
        ("find old runs", retention::OLDEST),
        ("find segments to compact", compaction::COMPACTABLE),
        ("find the runs of segments", compaction::RUNS_IN),
        ("lock runs to replace", compaction::OLD),
        ("hear of an agent", agents::BEAT),
        ("list agents", agents::LIST),
        ("say when records were committed", minutes::ABOUT),
        ("how far groups have come", progress::PAGE),
    ];
    hot.extend(groups::hot_statements());
    hot
}
