use std::time::Duration;

use forebay_model::{GroupId, Offset, Timestamp, TopicIdPartition, TopicName};

use crate::LogBounds;

/// How far a consumer group has come in a partition, and since when there is something left for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Progress {
    /// The group.
    pub group: GroupId,
    /// The name of the topic.
    pub topic: TopicName,
    /// The partition.
    pub log: TopicIdPartition,
    /// What the group will consume next.
    pub committed: Offset,
    /// When it has said so, by the store's clock.
    pub committed_at: Timestamp,
    /// Where the partition starts and ends.
    pub bounds: LogBounds,
    /// About when the record was committed that the group will consume next, by the minute index. `None` where it has
    /// consumed everything, or nothing is known.
    pub behind_since: Option<Timestamp>,
}

/// The progress of some groups at a time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProgressPage {
    /// The store's clock.
    pub now: Timestamp,
    /// In the order of groups, topics and partitions. Topics that there are no longer are left out.
    pub progress: Vec<Progress>,
    /// Where to go on; `None` where that was all.
    pub next: Option<ProgressKey>,
}

/// Behind which group and partition a page begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProgressKey {
    /// The group.
    pub group: GroupId,
    /// A partition in which it has committed something.
    pub log: TopicIdPartition,
}

impl Progress {
    /// The record that the group will consume next, if it is there. What was deleted before it was consumed is skipped.
    #[must_use]
    pub fn next_record(&self) -> Option<Offset> {
        let LogBounds { log_start, high_watermark } = self.bounds;
        Some(self.committed.max(log_start)).filter(|next| *next < high_watermark)
    }

    /// How many offsets lie before the end of the partition.
    #[must_use]
    pub fn lag(&self) -> u64 {
        self.next_record().map_or(0, |next| self.bounds.high_watermark.since(next))
    }

    /// How long the record that comes next has been waiting: none where there is no such record, and `None` where
    /// nobody knows.
    #[must_use]
    pub fn time_lag(&self, now: Timestamp) -> Option<Duration> {
        if self.next_record().is_none() {
            return Some(Duration::ZERO);
        }
        let waited = now.millis().saturating_sub(self.behind_since?.millis());
        Some(Duration::from_millis(u64::try_from(waited).unwrap_or(0)))
    }
}
