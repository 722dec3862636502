//! What is put together, decided without asking anybody.

use forebay_model::{SegmentName, Timestamp, TopicIdPartition};
use forebay_storage_metadata::{Replacement, Run, SegmentSummary};

use super::policy::{CompactorSettings, LevelPolicy};
use crate::blocks::BLOCK_BYTES;

/// What becomes of segments.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Plan {
    /// These are put together.
    pub inputs: Vec<SegmentName>,
    /// These need not be.
    pub passed_over: Vec<SegmentName>,
    /// There are more.
    pub is_more: bool,
}

/// Chooses among segments of one level, the oldest first.
pub(super) fn choose(
    found: &[SegmentSummary],
    now: Timestamp,
    policy: &LevelPolicy,
    settings: &CompactorSettings,
) -> Plan {
    let mut plan = Plan::default();
    let (mut bytes, mut runs, mut memory) = (0, 0, 0);
    let mut oldest = None;
    let mut is_full = false;
    // A part is left for blocks that a run reaches into.
    let most_memory = settings.memory.get() / 4 * 3;
    for segment in found {
        if segment.size.get() / (segment.runs.max(1) as u64) >= settings.run.get() {
            plan.passed_over.push(segment.segment.clone());
            continue;
        }
        let needed = segment.size.get().min(BLOCK_BYTES);
        is_full = bytes + segment.size.get() > policy.most_bytes.get()
            || runs + segment.runs > policy.most_runs
            || memory + needed > most_memory;
        if is_full && plan.inputs.len() > 1 {
            break;
        }
        oldest.get_or_insert(segment.committed_at);
        bytes += segment.size.get();
        runs += segment.runs;
        memory += needed;
        plan.inputs.push(segment.segment.clone());
    }
    plan.is_more = is_full || found.len() >= policy.most_segments;
    let has_waited = oldest.is_some_and(|oldest| oldest <= now.before(policy.patience));
    let is_enough = plan.is_more
        || bytes >= policy.least_bytes.get()
        || plan.inputs.len() >= policy.least_segments
        || has_waited;
    if !is_enough || plan.inputs.len() < 2 {
        plan.inputs.clear();
        plan.is_more = !plan.passed_over.is_empty() && plan.is_more;
    }
    plan
}

/// Runs of a partition that follow each other, partition by partition.
pub(super) fn adjacent(runs: Vec<(TopicIdPartition, Run)>) -> Vec<(TopicIdPartition, Vec<Run>)> {
    let mut groups: Vec<(TopicIdPartition, Vec<Run>)> = Vec::new();
    for (log, run) in runs {
        match groups.last_mut() {
            Some((last, group))
                if *last == log && group.last().is_some_and(|end| end.end_offset == run.base_offset) =>
            {
                group.push(run);
            }
            _ => groups.push((log, vec![run])),
        }
    }
    groups
}

/// Of how many logs runs are exchanged at once: all of them are locked meanwhile, and asked one after the other.
const LOGS_AT_ONCE: usize = 16;

/// Replacements in lists of about so many runs, one at least. Those of one partition are in lists of their own, so that
/// none is done when one before it was not.
pub(super) fn chunks(replacements: Vec<Replacement>, runs: usize) -> Vec<Vec<Replacement>> {
    let mut chunks: Vec<(usize, Vec<Replacement>)> = Vec::new();
    for replacement in replacements {
        let weight = replacement.old.len() + replacement.new.len();
        match chunks.last_mut() {
            Some((weights, chunk))
                if *weights + weight <= runs
                    && chunk.len() < LOGS_AT_ONCE
                    && chunk.last().is_none_or(|last| last.log != replacement.log) =>
            {
                *weights += weight;
                chunk.push(replacement);
            }
            _ => chunks.push((weight, vec![replacement])),
        }
    }
    chunks.into_iter().map(|(_, chunk)| chunk).collect()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use forebay_model::{ByteCount, Offset};

    use super::*;

    const MIB: u64 = 1 << 20;
    const NOW: Timestamp = Timestamp::from_millis(10_000_000);

    fn segments(count: usize, size: u64, runs: usize, age: Duration) -> Vec<SegmentSummary> {
        let segment = |number| SegmentSummary {
            segment: format!("s/{number}").parse().unwrap(),
            size: ByteCount::new(size),
            runs,
            committed_at: NOW.before(age),
        };
        (0..count).map(segment).collect()
    }

    fn plan(found: &[SegmentSummary]) -> (usize, usize, bool) {
        let settings = CompactorSettings::default();
        let plan = choose(found, NOW, &settings.ingested, &settings);
        (plan.inputs.len(), plan.passed_over.len(), plan.is_more)
    }

    #[test]
    fn a_few_young_segments_wait_for_more() {
        let young = Duration::from_mins(2);
        assert_eq!(plan(&segments(7, 8 * MIB, 100, young)), (0, 0, false));
        assert_eq!(plan(&segments(8, 8 * MIB, 100, young)), (8, 0, false));
        assert_eq!(plan(&segments(63, 1000, 10, young)), (0, 0, false));
        assert_eq!(plan(&segments(64, 1000, 10, young)), (64, 0, false));
        assert_eq!(plan(&segments(2, 1000, 10, Duration::from_mins(10))), (2, 0, false));
        assert_eq!(plan(&segments(1, 1000, 10, Duration::from_mins(10))), (0, 0, false));
    }

    #[test]
    fn work_is_bounded_by_bytes_runs_and_memory() {
        let age = Duration::from_mins(2);
        assert_eq!(plan(&segments(100, 8 * MIB, 100, age)), (32, 0, true));
        assert_eq!(plan(&segments(100, 8 * MIB, 10_000, age)), (5, 0, true));
        assert_eq!(plan(&segments(500, 512 * 1024, 10, age)), (288, 0, true));
    }

    #[test]
    fn segments_of_long_runs_are_left_as_they_are() {
        let age = Duration::from_hours(1);
        let mut found = segments(2, 8 * MIB, 2, age);
        found.extend(segments(3, 8 * MIB, 3, age));
        assert_eq!(plan(&found), (3, 2, false));
    }

    #[test]
    fn only_runs_that_follow_each_other_are_put_together() {
        let log = |partition| {
            let partition = forebay_model::PartitionId::new(partition).unwrap();
            TopicIdPartition::new(forebay_model::TopicId::from_random(1), partition)
        };
        let run = |base, end| Run {
            segment: "s/1".parse().unwrap(),
            position: ByteCount::ZERO,
            length: ByteCount::new(1),
            base_offset: Offset::new(base).unwrap(),
            end_offset: Offset::new(end).unwrap(),
            max_timestamp: Timestamp::NONE,
            log_append_time: None,
        };
        let runs = vec![(log(0), run(0, 2)), (log(0), run(2, 3)), (log(0), run(5, 6)), (log(1), run(6, 7))];
        let groups = adjacent(runs);
        let lengths: Vec<_> = groups.iter().map(|(_, group)| group.len()).collect();
        assert_eq!(lengths, [2, 1, 1]);
        let replacements = groups.into_iter().map(|(log, old)| Replacement {
            log,
            new: old[..1].to_vec(),
            old,
            cleaned_to: None,
        });
        let chunks = chunks(replacements.collect(), 5);
        assert_eq!(chunks.iter().map(Vec::len).collect::<Vec<_>>(), [1, 2]);
    }
}
