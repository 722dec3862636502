//! How much of a log was written since it was compacted by key.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use forebay_model::{ByteCount, Offset, Timestamp, TopicIdPartition, VirtualClusterId};
use forebay_storage_metadata::{FindFrom, Found, LogBounds, Run};

use super::{Compactor, CompactorError, KeyedPolicy};

/// How many runs of a log are looked at. What lies behind is compacted when these are fewer.
const MOST_RUNS: usize = 50_000;
/// How much of the index is asked for at once.
const INDEX_PAGE: ByteCount = ByteCount::new(8 << 30);
/// How many logs are remembered, of some 150 bytes each. When there are more, all are forgotten and counted anew.
const MOST_LOGS: usize = 200_000;

/// A log that is to be compacted.
pub(super) struct Dirty {
    pub(super) log: TopicIdPartition,
    pub(super) log_start: Offset,
    /// From its start on, as far as it may be looked at.
    pub(super) runs: Vec<Run>,
    pub(super) cleaned_to: Offset,
}

/// How a log stands when it is looked at.
#[derive(Debug, Clone, Copy)]
pub(super) struct Standing {
    pub(super) bounds: LogBounds,
    pub(super) cleaned_to: Offset,
    /// The store's time.
    pub(super) now: Timestamp,
}

/// What was counted of logs, so that a look reads only what of the index is new. Other agents, and the next process,
/// count anew.
#[derive(Debug, Default)]
pub(super) struct Counts(Mutex<HashMap<TopicIdPartition, Count>>);

/// What was counted of a log from its start on.
#[derive(Debug, Clone, Copy)]
struct Count {
    log_start: Offset,
    cleaned_to: Offset,
    min_lag: Duration,
    /// Runs are counted up to there.
    to: Offset,
    runs: usize,
    clean_bytes: u64,
    dirty_bytes: u64,
    /// The time of the run behind `to` that was too young to be counted.
    young: Option<Timestamp>,
    /// When the record at `cleaned_to` was committed, once that was asked.
    committed_at: Option<Timestamp>,
}

/// Runs do not begin where those end that were counted before: they were put together meanwhile.
#[derive(Debug, PartialEq, Eq)]
struct Overlaps;

impl Counts {
    fn get(&self, log: TopicIdPartition) -> Option<Count> {
        self.counts().get(&log).copied()
    }

    fn put(&self, log: TopicIdPartition, count: Count) {
        let mut counts = self.counts();
        if counts.len() >= MOST_LOGS && !counts.contains_key(&log) {
            counts.clear();
        }
        counts.insert(log, count);
    }

    fn forget(&self, log: TopicIdPartition) {
        self.counts().remove(&log);
    }

    fn counts(&self) -> MutexGuard<'_, HashMap<TopicIdPartition, Count>> {
        // Nothing in here panics half way.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Count {
    fn new(log_start: Offset, cleaned_to: Offset, min_lag: Duration) -> Self {
        Self {
            log_start,
            cleaned_to,
            min_lag,
            to: log_start,
            runs: 0,
            clean_bytes: 0,
            dirty_bytes: 0,
            young: None,
            committed_at: None,
        }
    }

    /// Whether it is of the log as it stands, as far as it goes.
    fn is_of(&self, log_start: Offset, cleaned_to: Offset, min_lag: Duration) -> bool {
        (self.log_start, self.cleaned_to, self.min_lag) == (log_start, cleaned_to, min_lag)
    }

    /// Whether there may be something behind it to count.
    fn is_behind(&self, standing: &Standing) -> bool {
        let waits = self.young.is_some_and(|young| young > standing.now.before(self.min_lag));
        self.to < standing.bounds.high_watermark && self.runs < MOST_RUNS && !waits
    }

    /// Takes in the runs behind it, up to one that is too young. Whether all of them were.
    fn add(&mut self, runs: &[Run], now: Timestamp) -> Result<bool, Overlaps> {
        self.young = None;
        for run in runs {
            if self.runs >= MOST_RUNS {
                return Ok(false);
            }
            if self.to > self.log_start && run.base_offset < self.to {
                return Err(Overlaps);
            }
            if is_young(run, self.cleaned_to, self.min_lag, now) {
                self.young = Some(run.max_timestamp);
                return Ok(false);
            }
            let bytes =
                if run.end_offset > self.cleaned_to { &mut self.dirty_bytes } else { &mut self.clean_bytes };
            *bytes = bytes.saturating_add(run.length.get());
            self.runs += 1;
            self.to = run.end_offset;
        }
        Ok(true)
    }

    fn ratio(&self) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "a ratio need not be exact")]
        let ratio = self.dirty_bytes as f64 / (self.clean_bytes + self.dirty_bytes).max(1) as f64;
        ratio
    }
}

/// Whether a run is of records that are to stay as they are for now.
fn is_young(run: &Run, cleaned_to: Offset, min_lag: Duration, now: Timestamp) -> bool {
    run.end_offset > cleaned_to && !min_lag.is_zero() && run.max_timestamp > now.before(min_lag)
}

impl Compactor {
    /// What of a log is to be compacted, if it is worth it. Where nothing has come since the last look, nobody is asked.
    pub(super) async fn dirty(
        &self,
        cluster: &VirtualClusterId,
        log: TopicIdPartition,
        policy: &KeyedPolicy,
        mut standing: Standing,
    ) -> Result<Option<Dirty>, CompactorError> {
        standing.cleaned_to = standing.cleaned_to.max(standing.bounds.log_start);
        let Standing { bounds, cleaned_to, now } = standing;
        if cleaned_to >= bounds.high_watermark {
            return Ok(None);
        }
        let count = self.count(cluster, log, policy, &standing).await?;
        if count.dirty_bytes == 0
            || (count.ratio() <= policy.min_dirty_ratio
                && !self.is_overdue(cluster, log, policy, (count, now)).await?)
        {
            return Ok(None);
        }
        let mut runs = self.all_runs(cluster, log, bounds).await?;
        let young = runs.iter().position(|run| is_young(run, cleaned_to, policy.min_lag, now));
        runs.truncate(young.unwrap_or(runs.len()));
        if runs.last().is_none_or(|run| run.end_offset <= cleaned_to) {
            // The log is no longer what was counted.
            self.counts.forget(log);
            return Ok(None);
        }
        Ok(Some(Dirty { log, log_start: bounds.log_start, runs, cleaned_to }))
    }

    /// Counts what has come since the last look.
    async fn count(
        &self,
        cluster: &VirtualClusterId,
        log: TopicIdPartition,
        policy: &KeyedPolicy,
        standing: &Standing,
    ) -> Result<Count, CompactorError> {
        let Standing { bounds, cleaned_to, now } = *standing;
        let log_start = bounds.log_start;
        let fresh = Count::new(log_start, cleaned_to, policy.min_lag);
        let known = self.counts.get(log);
        let mut count =
            known.filter(|count| count.is_of(log_start, cleaned_to, policy.min_lag)).unwrap_or(fresh);
        while count.is_behind(standing) {
            let from = FindFrom { log, offset: count.to, max_bytes: INDEX_PAGE };
            let mut found = self.metadata.find(cluster, vec![from], INDEX_PAGE).await?;
            // Its head was deleted, or all of it.
            let Some(Ok(Found { runs, .. })) = found.pop() else { break };
            if runs.is_empty() {
                break;
            }
            match count.add(&runs, now) {
                Ok(true) => {}
                Ok(false) => break,
                Err(Overlaps) => count = fresh,
            }
        }
        self.counts.put(log, count);
        Ok(count)
    }

    /// Whether the first record that was not looked at was committed too long ago to wait any longer.
    async fn is_overdue(
        &self,
        cluster: &VirtualClusterId,
        log: TopicIdPartition,
        policy: &KeyedPolicy,
        (count, now): (Count, Timestamp),
    ) -> Result<bool, CompactorError> {
        let Some(max_lag) = policy.max_lag else { return Ok(false) };
        let committed_at = match count.committed_at {
            Some(at) => Some(at),
            None => {
                let asked = vec![(log, count.cleaned_to)];
                let committed = self.metadata.committed_about(cluster, asked).await?;
                let committed_at = committed.first().copied().flatten();
                self.counts.put(log, Count { committed_at, ..count });
                committed_at
            }
        };
        Ok(committed_at.is_some_and(|at| at <= now.before(max_lag)))
    }

    /// The runs of a log from its start on, no more than [`MOST_RUNS`].
    async fn all_runs(
        &self,
        cluster: &VirtualClusterId,
        log: TopicIdPartition,
        bounds: LogBounds,
    ) -> Result<Vec<Run>, CompactorError> {
        let mut runs: Vec<Run> = Vec::new();
        let mut offset = bounds.log_start;
        while offset < bounds.high_watermark && runs.len() < MOST_RUNS {
            let from = FindFrom { log, offset, max_bytes: INDEX_PAGE };
            let mut found = self.metadata.find(cluster, vec![from], INDEX_PAGE).await?;
            // Its head was deleted, or all of it.
            let Some(Ok(Found { runs: more, .. })) = found.pop() else { break };
            let Some(last) = more.last() else { break };
            offset = last.end_offset;
            runs.extend(more);
        }
        runs.truncate(MOST_RUNS);
        Ok(runs)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn offset(offset: i64) -> Offset {
        Offset::new(offset).unwrap()
    }

    fn run(base: i64, end: i64, time: i64) -> Run {
        Run {
            segment: "s/1".parse().unwrap(),
            position: ByteCount::ZERO,
            length: ByteCount::new(10),
            base_offset: offset(base),
            end_offset: offset(end),
            max_timestamp: Timestamp::from_millis(time),
            log_append_time: None,
        }
    }

    #[test]
    fn young_runs_are_counted_when_they_are_old() {
        let at = Timestamp::from_millis;
        let mut count = Count::new(offset(0), offset(2), Duration::from_millis(50));
        assert_eq!(count.add(&[run(0, 2, 90), run(2, 3, 10), run(3, 4, 80)], at(100)), Ok(false));
        assert_eq!((count.clean_bytes, count.dirty_bytes, count.to), (10, 10, offset(3)));
        let bounds = LogBounds { log_start: offset(0), high_watermark: offset(4) };
        let standing = |now| Standing { bounds, cleaned_to: offset(2), now: at(now) };
        assert!(!count.is_behind(&standing(129)) && count.is_behind(&standing(130)));
        assert_eq!(count.add(&[run(3, 4, 80)], at(130)), Ok(true));
        assert!((count.ratio() - 2.0 / 3.0).abs() < 1e-9);
        assert!(!count.is_behind(&standing(999)));
    }

    #[test]
    fn runs_that_were_put_together_across_the_count_are_noticed() {
        let now = Timestamp::from_millis(0);
        let mut count = Count::new(offset(1), offset(1), Duration::ZERO);
        // The first one may begin before the start of the log.
        assert_eq!(count.add(&[run(0, 4, 0)], now), Ok(true));
        assert_eq!(count.add(&[run(3, 6, 0)], now), Err(Overlaps));
        assert_eq!(count.add(&[run(4, 6, 0)], now), Ok(true));
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let counts = Counts::default();
        let count = Count::new(offset(0), offset(0), Duration::ZERO);
        let topic = forebay_model::TopicId::from_random(1);
        for partition in 0..=i32::try_from(MOST_LOGS).unwrap() {
            let partition = forebay_model::PartitionId::new(partition).unwrap();
            counts.put(TopicIdPartition::new(topic, partition), count);
        }
        assert_eq!(counts.counts().len(), 1);
    }
}
