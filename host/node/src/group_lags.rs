//! How far consumer groups are behind, from what the metadata store knows: committed offsets, the ends of logs, and the
//! minute index. Read in pages, so that what is asked of the store at a time, and what is kept in memory, is bounded
//! however many groups there are.

use std::cmp::Reverse;
use std::sync::Arc;
use std::time::Duration;

use forebay_model::{GroupId, Offset, PartitionId, Timestamp, TopicId, TopicName, VirtualClusterId};
use forebay_storage_metadata::{MetadataStore, Progress, ProgressPage, StoreFailure};

use crate::group_gauges::MOST;

/// How many partitions of groups are read at a time: some hundredths of a second of the store.
const PAGE: usize = 1_000;
/// Between two pages: clients come first.
const PAUSE: Duration = Duration::from_millis(50);

/// Which series there are of consumer groups.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum GroupMetrics {
    /// None.
    Off,
    /// One for each topic that a group consumes.
    ByTopic,
    /// One for each partition that a group consumes.
    #[default]
    ByPartition,
}

/// How far a group is behind in a partition, or in a topic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Lag {
    pub(crate) group: GroupId,
    pub(crate) topic: TopicName,
    topic_id: TopicId,
    /// None for all partitions of the topic together.
    pub(crate) partition: Option<PartitionId>,
    /// Offsets that are not consumed; of several partitions the sum.
    pub(crate) offsets: u64,
    /// How long the record has been waiting that comes next; of several partitions the longest. `None` where nobody
    /// knows.
    pub(crate) time: Option<Duration>,
    /// The end of the log; of several partitions the furthest.
    pub(crate) end: Offset,
    /// When the group committed last.
    pub(crate) committed_at: Timestamp,
}

/// In how many topics and partitions a group has committed something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Extent {
    pub(crate) group: GroupId,
    pub(crate) topics: u32,
    pub(crate) partitions: u32,
}

/// How far the groups of a virtual cluster are behind.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct GroupLags {
    /// At most [`MOST`]: those whose records have been waiting longest.
    pub(crate) lags: Vec<Lag>,
    /// Of the first [`MOST`] groups by id.
    pub(crate) extents: Vec<Extent>,
    /// How many lags there was no room for.
    pub(crate) left_out: usize,
}

impl GroupLags {
    /// As the store knows them.
    ///
    /// # Errors
    /// When the store can't be asked.
    pub(crate) async fn read(
        metadata: &Arc<dyn MetadataStore>,
        cluster: &VirtualClusterId,
        shown: GroupMetrics,
    ) -> Result<Self, StoreFailure> {
        let mut reading = Reading { shown, lags: Self::default(), last_topic: None };
        let mut after = None;
        loop {
            let ProgressPage { now, progress, next } = metadata.group_progress(cluster, after, PAGE).await?;
            for progress in progress {
                reading.take(progress, now);
            }
            after = next;
            if after.is_none() {
                return Ok(reading.finish());
            }
            tokio::time::sleep(PAUSE).await;
        }
    }
}

/// Lags that are being read, in the order of groups and topics.
struct Reading {
    shown: GroupMetrics,
    lags: GroupLags,
    /// Of the group that comes last in `extents`.
    last_topic: Option<TopicId>,
}

impl Reading {
    fn take(&mut self, progress: Progress, now: Timestamp) {
        self.extend(&progress);
        let lag = Lag {
            offsets: progress.lag(),
            time: progress.time_lag(now),
            end: progress.bounds.high_watermark,
            committed_at: progress.committed_at,
            topic_id: progress.log.topic,
            partition: (self.shown == GroupMetrics::ByPartition).then_some(progress.log.partition),
            group: progress.group,
            topic: progress.topic,
        };
        let lags = &mut self.lags.lags;
        match lags.last_mut() {
            Some(last)
                if lag.partition.is_none() && last.group == lag.group && last.topic_id == lag.topic_id =>
            {
                last.offsets = last.offsets.saturating_add(lag.offsets);
                last.time = last.time.max(lag.time);
                last.end = last.end.max(lag.end);
                last.committed_at = last.committed_at.max(lag.committed_at);
            }
            _ => lags.push(lag),
        }
        // Those at the end may still grow: they are not cut before there are many others behind them.
        if lags.len() >= 3 * MOST {
            let grows = lags.pop();
            self.cut();
            self.lags.lags.extend(grows);
        }
    }

    /// Counts the topics and partitions of groups.
    fn extend(&mut self, progress: &Progress) {
        let extents = &mut self.lags.extents;
        if extents.last().is_none_or(|last| last.group != progress.group) {
            self.last_topic = None;
            if extents.len() < MOST {
                extents.push(Extent { group: progress.group.clone(), topics: 0, partitions: 0 });
            }
        }
        let Some(last) = extents.last_mut().filter(|last| last.group == progress.group) else { return };
        last.partitions += 1;
        if self.last_topic != Some(progress.log.topic) {
            self.last_topic = Some(progress.log.topic);
            last.topics += 1;
        }
    }

    /// Leaves those whose records have been waiting longest.
    fn cut(&mut self) {
        let lags = &mut self.lags.lags;
        if lags.len() > MOST {
            lags.select_nth_unstable_by_key(MOST, |lag| Reverse((lag.time, lag.offsets)));
            self.lags.left_out += lags.len() - MOST;
            lags.truncate(MOST);
        }
    }

    fn finish(mut self) -> GroupLags {
        self.cut();
        self.lags
    }
}

#[cfg(test)]
mod tests {
    use forebay_model::TopicIdPartition;
    use forebay_storage_metadata::LogBounds;

    use super::*;

    /// Of group `group`, which has consumed `committed` of a partition with 100 records, the first of which was committed
    /// at the time 0.
    fn progress(group: usize, topic: u128, partition: i32, committed: i64) -> Progress {
        let offset = |offset| Offset::new(offset).unwrap();
        Progress {
            group: format!("g{group:05}").parse().unwrap(),
            topic: format!("t{topic}").parse().unwrap(),
            log: TopicIdPartition::new(TopicId::from_random(topic), PartitionId::new(partition).unwrap()),
            committed: offset(committed),
            committed_at: Timestamp::from_millis(committed),
            bounds: LogBounds { log_start: offset(0), high_watermark: offset(100) },
            behind_since: (committed < 100).then(|| Timestamp::from_millis(committed * 1_000)),
        }
    }

    fn read(shown: GroupMetrics, all: impl IntoIterator<Item = Progress>) -> GroupLags {
        let mut reading = Reading { shown, lags: GroupLags::default(), last_topic: None };
        for progress in all {
            reading.take(progress, Timestamp::from_millis(200_000));
        }
        reading.finish()
    }

    #[test]
    fn partitions_of_a_topic_are_added_up_where_they_are_not_shown() {
        let all =
            [progress(1, 1, 0, 40), progress(1, 1, 1, 100), progress(1, 2, 0, 90), progress(2, 2, 0, 90)];
        let by_topic = read(GroupMetrics::ByTopic, all.clone());
        let lags: Vec<_> = by_topic
            .lags
            .iter()
            .map(|lag| (lag.offsets, lag.time.unwrap().as_secs(), lag.partition))
            .collect();
        assert_eq!(lags, [(60, 160, None), (10, 110, None), (10, 110, None)]);
        let by_partition = read(GroupMetrics::ByPartition, all);
        assert_eq!(by_partition.lags.len(), 4);
        assert_eq!(by_partition.extents, by_topic.extents);
        let extents: Vec<_> = by_topic.extents.iter().map(|of| (of.topics, of.partitions)).collect();
        assert_eq!(extents, [(2, 3), (1, 1)]);
    }

    #[test]
    fn those_that_wait_longest_are_kept_when_there_are_too_many() {
        let late = progress(MOST * 2, 1, 0, 7);
        let other = (0..MOST * 4).map(|group| progress(group, 1, 0, 50));
        let found = read(GroupMetrics::ByPartition, other.chain([late.clone()]));
        assert_eq!((found.lags.len(), found.extents.len()), (MOST, MOST));
        assert_eq!(found.left_out, MOST * 3 + 1);
        assert!(found.lags.iter().any(|lag| lag.group == late.group && lag.offsets == 93));
    }
}
