//! A metadata store in memory, as simple as can be, which misbehaves when it is told to: the other half of what a
//! writer talks to.

mod unneeded;

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use forebay_model::*;
use forebay_storage_metadata::*;

use crate::steps::Steps;
use unneeded::broken;

/// What one call of `commit` does instead of what it should.
#[derive(Debug, Clone, Copy)]
pub enum CommitFault {
    /// Fails, and does nothing.
    Unavailable,
    /// Is done, and says that it does not know.
    DoneButUnsettled,
    /// Is not done, and says that it does not know.
    NotDoneButUnsettled,
    /// Is done, and never answers.
    DoneButHangs,
}

#[derive(Debug, Default)]
pub struct Ledger(Mutex<State>, Mutex<Option<Arc<Steps>>>);

#[derive(Debug, Default)]
struct State {
    now: i64,
    partitions: BTreeMap<TopicIdPartition, Partition>,
    commits: HashMap<CommitId, CommitOutcome>,
    segments: HashSet<SegmentName>,
    condemned: BTreeMap<SegmentName, bool>,
    faults: VecDeque<CommitFault>,
    /// In the order in which they were done.
    order: Vec<CommitId>,
    finds: usize,
}

#[derive(Debug, Default)]
struct Partition {
    start: Offset0,
    end: Offset0,
    runs: Vec<Run>,
    producers: HashMap<ProducerId, Producer>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Offset0(Offset);

impl Default for Offset0 {
    fn default() -> Self {
        Self(Offset::ZERO)
    }
}

#[derive(Debug)]
struct Producer {
    epoch: ProducerEpoch,
    last: VecDeque<(Sequence, RecordCount, Offset)>,
}

impl Ledger {
    pub fn with_partitions(logs: impl IntoIterator<Item = TopicIdPartition>) -> Self {
        let ledger = Self::default();
        logs.into_iter().for_each(|log| ledger.add_partition(log));
        ledger
    }

    pub fn add_partition(&self, log: TopicIdPartition) {
        self.0.lock().unwrap().partitions.insert(log, Partition::default());
    }

    /// From now on each call that writes takes a step before and behind what it does.
    pub fn take_steps(&self, steps: Option<Arc<Steps>>) {
        *self.1.lock().unwrap() = steps;
    }

    async fn step(&self) {
        let steps = self.1.lock().unwrap().clone();
        if let Some(steps) = steps {
            steps.step().await;
        }
    }

    pub fn next(&self, faults: impl IntoIterator<Item = CommitFault>) {
        self.0.lock().unwrap().faults.extend(faults);
    }

    pub fn advance(&self, by: Duration) {
        self.0.lock().unwrap().now += i64::try_from(by.as_millis()).unwrap();
    }

    pub fn runs(&self, log: TopicIdPartition) -> Vec<Run> {
        self.0.lock().unwrap().partitions[&log].runs.clone()
    }

    async fn commit_or_fail(&self, commit: SegmentCommit) -> Result<CommitOutcome, CommitError> {
        let (fault, outcome) = {
            let mut state = self.0.lock().unwrap();
            match state.faults.pop_front() {
                None => return state.commit(&commit),
                Some(fault @ (CommitFault::Unavailable | CommitFault::NotDoneButUnsettled)) => (fault, None),
                Some(fault) => (fault, Some(state.commit(&commit))),
            }
        };
        let reason = "a test asked for it".to_owned();
        match fault {
            CommitFault::Unavailable => Err(StoreFailure::Unavailable { reason }.into()),
            CommitFault::NotDoneButUnsettled => Err(StoreFailure::Unsettled { reason }.into()),
            CommitFault::DoneButUnsettled => {
                outcome.unwrap()?;
                Err(StoreFailure::Unsettled { reason }.into())
            }
            CommitFault::DoneButHangs => std::future::pending().await,
        }
    }

    /// Drops runs from the index, as retention does.
    pub fn drop_runs(&self, log: TopicIdPartition, up_to: Offset) {
        let mut state = self.0.lock().unwrap();
        let partition = state.partitions.get_mut(&log).unwrap();
        partition.runs.retain(|run| run.end_offset > up_to);
        partition.start = Offset0(up_to);
    }

    /// How often the index was asked for.
    pub fn finds(&self) -> usize {
        self.0.lock().unwrap().finds
    }

    /// How many commits were asked for and done.
    pub fn commits(&self) -> usize {
        self.0.lock().unwrap().order.len()
    }

    /// Moves all runs of a segment to another one, as compaction would.
    pub fn move_runs(&self, from: &SegmentName, to: &SegmentName) {
        let mut state = self.0.lock().unwrap();
        for run in state.partitions.values_mut().flat_map(|partition| &mut partition.runs) {
            if run.segment == *from {
                run.segment = to.clone();
            }
        }
    }
}

impl State {
    fn is_referenced(&self, name: &SegmentName) -> bool {
        self.partitions.values().any(|partition| partition.runs.iter().any(|run| run.segment == *name))
    }

    fn judge(&self, batch: &BatchCommit) -> Result<Option<Offset>, BatchRefusal> {
        let partition = self.partitions.get(&batch.log).ok_or(BatchRefusal::NoPartition)?;
        let Some(new) = batch.producer else { return Ok(None) };
        let Some(known) = partition.producers.get(&new.id) else { return Ok(None) };
        if new.epoch < known.epoch {
            return Err(BatchRefusal::Fenced { current: known.epoch });
        }
        let same = |(sequence, records, _): &&(Sequence, RecordCount, Offset)| {
            *sequence == new.base_sequence && *records == batch.records
        };
        if new.epoch == known.epoch
            && let Some((_, _, offset)) = known.last.iter().find(same)
        {
            return Ok(Some(*offset));
        }
        let expected = match known.last.back() {
            Some((sequence, records, _)) if new.epoch == known.epoch => sequence.advanced(*records),
            _ => Sequence::ZERO,
        };
        if new.base_sequence == expected {
            return Ok(None);
        }
        Err(BatchRefusal::OutOfOrder { expected, got: new.base_sequence })
    }

    fn append(&mut self, segment: &SegmentName, batch: &BatchCommit) -> BatchCommitted {
        let now = Timestamp::from_millis(self.now);
        let duplicate = self.judge(batch).ok().flatten();
        let partition = self.partitions.get_mut(&batch.log).unwrap();
        let log_append_time = (batch.timestamps == TimestampType::LogAppendTime).then_some(now);
        let base_offset = duplicate.unwrap_or(partition.end.0);
        if duplicate.is_none() {
            let end_offset = base_offset.advanced(batch.records).unwrap();
            partition.end = Offset0(end_offset);
            let run = Run {
                segment: segment.clone(),
                position: batch.position,
                length: batch.length,
                base_offset,
                end_offset,
                max_timestamp: log_append_time.unwrap_or(batch.max_timestamp),
                log_append_time,
            };
            match partition.runs.last_mut() {
                Some(last)
                    if last.segment == run.segment
                        && last.log_append_time == run.log_append_time
                        && last.position.get() + last.length.get() == run.position.get() =>
                {
                    last.length = ByteCount::new(last.length.get() + run.length.get());
                    last.end_offset = run.end_offset;
                    last.max_timestamp = last.max_timestamp.max(run.max_timestamp);
                }
                _ => partition.runs.push(run),
            }
            if let Some(new) = batch.producer {
                let fresh = || Producer { epoch: new.epoch, last: VecDeque::new() };
                let known = partition.producers.entry(new.id).or_insert_with(fresh);
                if known.epoch != new.epoch {
                    *known = fresh();
                }
                known.last.push_back((new.base_sequence, batch.records, base_offset));
                if known.last.len() > 5 {
                    known.last.pop_front();
                }
            }
        }
        let log_start = partition.start.0;
        BatchCommitted { base_offset, log_append_time, log_start, is_duplicate: duplicate.is_some() }
    }

    fn commit(&mut self, commit: &SegmentCommit) -> Result<CommitOutcome, CommitError> {
        if let Some(outcome) = self.commits.get(&commit.id) {
            return Ok(outcome.clone());
        }
        if self.condemned.contains_key(&commit.segment) {
            return Err(CommitError::Condemned { segment: commit.segment.clone() });
        }
        if !self.segments.insert(commit.segment.clone()) {
            return Err(CommitError::NameTaken { segment: commit.segment.clone() });
        }
        let mut requests = Vec::new();
        for request in &commit.requests {
            let verdicts: Vec<_> = request.batches.iter().map(|batch| self.judge(batch).err()).collect();
            requests.push(if verdicts.iter().any(Option::is_some) {
                ProduceOutcome::Refused(verdicts)
            } else {
                let committed = request.batches.iter().map(|batch| self.append(&commit.segment, batch));
                ProduceOutcome::Committed(committed.collect())
            });
        }
        let outcome = CommitOutcome { committed_at: Timestamp::from_millis(self.now), requests };
        self.commits.insert(commit.id, outcome.clone());
        self.order.push(commit.id);
        Ok(outcome)
    }
}

#[async_trait]
impl Log for Ledger {
    async fn commit(
        &self,
        _: &VirtualClusterId,
        commit: SegmentCommit,
    ) -> Result<CommitOutcome, CommitError> {
        self.step().await;
        let outcome = self.commit_or_fail(commit).await;
        self.step().await;
        outcome
    }

    async fn find(
        &self,
        _: &VirtualClusterId,
        from: Vec<FindFrom>,
        _: ByteCount,
    ) -> Result<Vec<Result<Found, FindRefusal>>, StoreFailure> {
        // As if it took a while.
        tokio::task::yield_now().await;
        let mut state = self.0.lock().unwrap();
        state.finds += 1;
        let find = |from: &FindFrom| {
            let partition = state.partitions.get(&from.log).ok_or(FindRefusal::NoPartition)?;
            let bounds = LogBounds { log_start: partition.start.0, high_watermark: partition.end.0 };
            if from.offset < bounds.log_start || from.offset > bounds.high_watermark {
                return Err(FindRefusal::OutOfRange(bounds));
            }
            let runs = partition.runs.iter().filter(|run| run.end_offset > from.offset).cloned().collect();
            Ok(Found { bounds, runs })
        };
        Ok(from.iter().map(find).collect())
    }

    async fn bounds(
        &self,
        _: &VirtualClusterId,
        logs: Vec<TopicIdPartition>,
    ) -> Result<Vec<Option<LogBounds>>, StoreFailure> {
        let state = self.0.lock().unwrap();
        let bounds = |log| {
            let partition = state.partitions.get(log)?;
            Some(LogBounds { log_start: partition.start.0, high_watermark: partition.end.0 })
        };
        Ok(logs.iter().map(bounds).collect())
    }

    async fn list_offsets(
        &self,
        _: &VirtualClusterId,
        queries: Vec<(TopicIdPartition, OffsetQuery)>,
    ) -> Result<Vec<Result<OffsetsFound, LogMissing>>, StoreFailure> {
        let state = self.0.lock().unwrap();
        let find = |(log, query): &(TopicIdPartition, OffsetQuery)| {
            let partition = state.partitions.get(log).ok_or(LogMissing)?;
            let (from, at_least) = match query {
                OffsetQuery::At { timestamp, from } => (*from, *timestamp),
                OffsetQuery::MaxTimestamp => {
                    let Some(latest) = partition.runs.iter().map(|run| run.max_timestamp).max() else {
                        return Ok(OffsetsFound::None);
                    };
                    (Offset::ZERO, latest)
                }
                OffsetQuery::Earliest | OffsetQuery::Latest => return Err(LogMissing),
            };
            let mut runs = partition.runs.iter();
            let run = runs.find(|run| run.end_offset > from && run.max_timestamp >= at_least);
            Ok(run.map_or(OffsetsFound::None, |run| OffsetsFound::Within {
                run: run.clone(),
                from: from.max(partition.start.0),
                at_least,
            }))
        };
        Ok(queries.iter().map(find).collect())
    }

    async fn delete_records(
        &self,
        _: &VirtualClusterId,
        _: Vec<(TopicIdPartition, DeleteBefore)>,
    ) -> Result<Vec<Result<Offset, RecordsKept>>, StoreFailure> {
        broken()
    }

    async fn watch_offsets(
        &self,
        _: &VirtualClusterId,
        _: Vec<(TopicIdPartition, Offset)>,
        _: Duration,
    ) -> Result<Vec<(TopicIdPartition, Option<LogBounds>)>, StoreFailure> {
        broken()
    }

    async fn committed_about(
        &self,
        _: &VirtualClusterId,
        _: Vec<(TopicIdPartition, Offset)>,
    ) -> Result<Vec<Option<Timestamp>>, StoreFailure> {
        broken()
    }
}

#[async_trait]
impl Segments for Ledger {
    async fn unreferenced(
        &self,
        _: &VirtualClusterId,
        _: Duration,
        limit: usize,
    ) -> Result<Vec<SegmentName>, StoreFailure> {
        let state = self.0.lock().unwrap();
        let unused = state.segments.iter().filter(|name| !state.is_referenced(name));
        Ok(unused.filter(|name| !state.condemned.contains_key(*name)).take(limit).cloned().collect())
    }

    async fn condemn(
        &self,
        _: &VirtualClusterId,
        names: Vec<SegmentName>,
    ) -> Result<Vec<Verdict>, StoreFailure> {
        self.step().await;
        let mut state = self.0.lock().unwrap();
        let condemn = |name: SegmentName| {
            if state.is_referenced(&name) {
                return Verdict::Referenced;
            }
            state.condemned.entry(name).or_insert(false);
            Verdict::Condemned
        };
        Ok(names.into_iter().map(condemn).collect())
    }

    async fn condemned(&self, _: &VirtualClusterId, limit: usize) -> Result<Vec<SegmentName>, StoreFailure> {
        let state = self.0.lock().unwrap();
        let waiting = state.condemned.iter().filter(|(_, gone)| !**gone);
        Ok(waiting.map(|(name, _)| name.clone()).take(limit).collect())
    }

    async fn report_deleted(
        &self,
        _: &VirtualClusterId,
        names: Vec<SegmentName>,
    ) -> Result<(), StoreFailure> {
        let mut state = self.0.lock().unwrap();
        for name in names {
            if let Some(gone) = state.condemned.get_mut(&name) {
                *gone = true;
            }
        }
        Ok(())
    }
}

#[async_trait]
impl Retention for Ledger {
    async fn trim(
        &self,
        _: &VirtualClusterId,
        _: TopicIdPartition,
        _: RetentionLimits,
        _: usize,
        _: Option<&Lease>,
    ) -> Result<Trimmed, TrimError> {
        Ok(broken()?)
    }

    async fn purge_deleted_topics(&self, _: &VirtualClusterId, _: usize) -> Result<Purged, StoreFailure> {
        Ok(Purged::default())
    }

    async fn expire(&self, _: &VirtualClusterId, _: usize) -> Result<Expired, StoreFailure> {
        Ok(Expired::default())
    }
}

#[async_trait]
impl MetadataStore for Ledger {
    async fn now(&self) -> Result<Timestamp, StoreFailure> {
        Ok(Timestamp::from_millis(self.0.lock().unwrap().now))
    }
}
