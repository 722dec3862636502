use std::collections::{BTreeMap, HashMap};

use forebay_model::{Offset, ProducerEpoch, RecordCount, Sequence, Timestamp};
use forebay_storage_metadata::{
    BATCHES_REMEMBERED, BatchCommit, BatchRefusal, IdempotentBatch, Judgement, LogBounds, Past, PastBatch,
    ProduceCommit, ProduceOutcome, TimestampType, judge,
};

use super::outcome;
use crate::rows::{LogKey, ProducerKey};

/// What a commit is going to write: new runs and batches of producers, with offsets relative to where their logs end.
#[derive(Debug)]
pub(crate) struct Plan {
    /// Those that something is written to.
    pub(super) logs: BTreeMap<LogKey, LogPlan>,
    pub(super) producers: BTreeMap<ProducerKey, ProducerPlan>,
    /// What is answered, as the row holds it.
    pub(crate) outcome: Vec<u8>,
}

/// What a partition gets.
#[derive(Debug, Clone, Default)]
pub(super) struct LogPlan {
    /// Where it ends and starts, as far as that is known.
    end: i64,
    start: i64,
    pub(super) records: i64,
    pub(super) bytes: i64,
    pub(super) times: Times,
    pub(super) runs: Vec<NewRun>,
}

/// The latest timestamp of records, of which some may get the time of the commit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Times {
    /// Of those that have one already.
    pub(super) latest: Option<i64>,
    /// Whether there are others.
    pub(super) has_append: bool,
}

/// A run that is to be written.
#[derive(Debug, Clone)]
pub(super) struct NewRun {
    pub(super) base: i64,
    pub(super) end: i64,
    pub(super) position: u64,
    pub(super) length: u64,
    pub(super) is_append: bool,
    pub(super) times: Times,
    /// Those of all runs of the commit in the partition so far.
    pub(super) running: Times,
}

/// What a partition is to remember of a producer.
#[derive(Debug, Clone)]
pub(super) struct ProducerPlan {
    /// Of its first batch.
    pub(super) first_epoch: ProducerEpoch,
    pub(super) first_sequence: Sequence,
    /// Of its last.
    pub(super) epoch: ProducerEpoch,
    pub(super) next_sequence: Sequence,
    /// Those of the last epoch, as many as are remembered.
    pub(super) batches: Vec<NewBatch>,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct NewBatch {
    pub(super) base_sequence: Sequence,
    pub(super) last_sequence: Sequence,
    pub(super) base: i64,
    pub(super) is_append: bool,
}

/// What became of a request.
pub(crate) type Judged = ProduceOutcome<Placed>;

/// A batch that has its place.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Placed {
    New { log: LogKey, base: i64, is_append: bool },
    Duplicate { base_offset: Offset, log_start: Offset, log_append_time: Option<Timestamp> },
}

/// A plan in the making.
struct Planning {
    logs: BTreeMap<LogKey, Option<LogPlan>>,
    producers: BTreeMap<ProducerKey, ProducerPlan>,
    pasts: HashMap<ProducerKey, Past>,
    /// The first batch of each producer that a refused request had, where the partition knew nothing of the producer:
    /// no other may be the first instead, or that one could never follow.
    held_back: HashMap<ProducerKey, (ProducerEpoch, Sequence)>,
    now: Timestamp,
    undo: Vec<Undo>,
}

/// How a step of a request is taken back.
enum Undo {
    Log(LogKey, LogPlan),
    Producer(ProducerKey, Option<ProducerPlan>, Option<Past>),
}

impl Plan {
    /// If all partitions are there and all producers go on where they stopped. `None` where that can't be.
    pub(crate) fn assuming(requests: &[ProduceCommit]) -> Option<Self> {
        let logs = requests.iter().flat_map(|request| &request.batches);
        let logs = logs.map(|batch| (LogKey::from(batch.log), Some(LogPlan::default()))).collect();
        let mut planning = Planning::new(logs, HashMap::new(), Timestamp::NONE);
        let judged: Vec<_> = requests.iter().map(|request| planning.add(request)).collect();
        let is_new = |placed: &Placed| matches!(placed, Placed::New { .. });
        let is_as_assumed =
            |judged: &Judged| matches!(judged, Judged::Committed(batches) if batches.iter().all(is_new));
        judged.iter().all(is_as_assumed).then(|| planning.finish(&judged))
    }

    /// By what is stored. Every partition that exists is in `heads`.
    pub(crate) fn judging(
        requests: &[ProduceCommit],
        heads: &HashMap<LogKey, LogBounds>,
        pasts: HashMap<ProducerKey, Past>,
        now: Timestamp,
    ) -> Self {
        let logs = requests.iter().flat_map(|request| &request.batches).map(|batch| {
            let key = LogKey::from(batch.log);
            (key, heads.get(&key).map(LogPlan::at))
        });
        let mut planning = Planning::new(logs.collect(), pasts, now);
        let judged: Vec<_> = requests.iter().map(|request| planning.add(request)).collect();
        planning.finish(&judged)
    }

    /// How many rows the index gets.
    pub(super) fn runs(&self) -> usize {
        self.logs.values().map(|log| log.runs.len()).sum()
    }
}

impl Planning {
    fn new(
        logs: BTreeMap<LogKey, Option<LogPlan>>,
        pasts: HashMap<ProducerKey, Past>,
        now: Timestamp,
    ) -> Self {
        let (producers, held_back) = (BTreeMap::new(), HashMap::new());
        Self { logs, producers, pasts, held_back, now, undo: Vec::new() }
    }

    fn finish(self, judged: &[Judged]) -> Plan {
        let logs = self.logs.into_iter().filter_map(|(key, log)| Some((key, log?)));
        let logs: BTreeMap<_, _> = logs.filter(|(_, log)| !log.runs.is_empty()).collect();
        let places: HashMap<LogKey, usize> =
            logs.keys().enumerate().map(|(place, key)| (*key, place)).collect();
        let outcome = outcome::encode(judged, |log| places.get(log).copied());
        Plan { logs, producers: self.producers, outcome }
    }

    /// Adds all batches of a request, or none.
    fn add(&mut self, request: &ProduceCommit) -> Judged {
        self.undo.clear();
        let mut placed = Vec::with_capacity(request.batches.len());
        let mut refusals = Vec::new();
        for (index, batch) in request.batches.iter().enumerate() {
            match self.add_batch(batch) {
                Ok(batch) => placed.push(batch),
                Err(refusal) => {
                    refusals.resize(index, None);
                    refusals.push(Some(refusal));
                }
            }
        }
        if refusals.is_empty() {
            return Judged::Committed(placed);
        }
        self.take_back();
        self.hold_back(request);
        refusals.resize(request.batches.len(), None);
        Judged::Refused(refusals)
    }

    fn add_batch(&mut self, batch: &BatchCommit) -> Result<Placed, BatchRefusal> {
        let key = LogKey::from(batch.log);
        let Some(Some(log)) = self.logs.get(&key) else { return Err(BatchRefusal::NoPartition) };
        let (base, is_append) = (log.records, batch.timestamps == TimestampType::LogAppendTime);
        // Where it ends is an offset, and the start of the log is one.
        let offset = |offset: i64| Offset::new(offset).map_err(|_| BatchRefusal::Full);
        let (log_start, base_offset) = (offset(log.start)?, offset(log.end.saturating_add(base))?);
        if let Some(producer) = &batch.producer {
            match judge(self.pasts.get(&(key, producer.id)), producer, batch.records) {
                Judgement::Append => {
                    if let Some(refusal) = self.comes_too_early((key, producer.id), producer) {
                        return Err(refusal);
                    }
                }
                Judgement::Refuse(refusal) => return Err(refusal),
                Judgement::Duplicate(first) => {
                    let PastBatch { base_offset, log_append_time, .. } = first;
                    return Ok(Placed::Duplicate { base_offset, log_start, log_append_time });
                }
            }
        }
        if base_offset.advanced(batch.records).is_none() {
            return Err(BatchRefusal::Full);
        }
        self.undo.push(Undo::Log(key, log.clone()));
        if let Some(Some(log)) = self.logs.get_mut(&key) {
            log.push(batch, is_append);
        }
        if let Some(producer) = &batch.producer {
            let base_sequence = producer.base_sequence;
            let last_sequence = base_sequence.last_of(batch.records);
            let log_append_time = is_append.then_some(self.now);
            let past = PastBatch { base_sequence, last_sequence, base_offset, log_append_time };
            self.remember(
                (key, producer.id),
                producer,
                past,
                NewBatch { base_sequence, last_sequence, base, is_append },
            );
        }
        Ok(Placed::New { log: key, base, is_append })
    }

    fn remember(&mut self, key: ProducerKey, batch: &IdempotentBatch, past: PastBatch, new: NewBatch) {
        let (was, had) = (self.producers.get(&key).cloned(), self.pasts.get(&key).cloned());
        self.undo.push(Undo::Producer(key, was, had));
        self.pasts.entry(key).or_insert_with(|| Past::begin(batch.epoch)).push(batch.epoch, past);
        let plan = self.producers.entry(key).or_insert_with(|| ProducerPlan {
            first_epoch: batch.epoch,
            first_sequence: batch.base_sequence,
            epoch: batch.epoch,
            next_sequence: batch.base_sequence,
            batches: Vec::new(),
        });
        if plan.epoch != batch.epoch {
            plan.epoch = batch.epoch;
            plan.batches.clear();
        } else if plan.batches.len() == BATCHES_REMEMBERED {
            plan.batches.remove(0);
        }
        plan.batches.push(new);
        plan.next_sequence = new.last_sequence.advanced(RecordCount::new(1));
    }

    /// Remembers what a refused request would have begun with.
    fn hold_back(&mut self, request: &ProduceCommit) {
        for batch in &request.batches {
            let key = LogKey::from(batch.log);
            let (Some(Some(_)), Some(producer)) = (self.logs.get(&key), &batch.producer) else { continue };
            let key = (key, producer.id);
            if !self.pasts.contains_key(&key) {
                self.held_back.entry(key).or_insert((producer.epoch, producer.base_sequence));
            }
        }
    }

    /// Whether an earlier request of this commit had the batch that must come before.
    fn comes_too_early(&self, key: ProducerKey, batch: &IdempotentBatch) -> Option<BatchRefusal> {
        let (epoch, expected) = self.held_back.get(&key).filter(|_| !self.pasts.contains_key(&key))?;
        let got = batch.base_sequence;
        (*epoch == batch.epoch && *expected != got)
            .then_some(BatchRefusal::OutOfOrder { expected: *expected, got })
    }

    fn take_back(&mut self) {
        while let Some(undo) = self.undo.pop() {
            match undo {
                Undo::Log(key, log) => drop(self.logs.insert(key, Some(log))),
                Undo::Producer(key, plan, past) => {
                    match plan {
                        Some(plan) => drop(self.producers.insert(key, plan)),
                        None => drop(self.producers.remove(&key)),
                    }
                    match past {
                        Some(past) => drop(self.pasts.insert(key, past)),
                        None => drop(self.pasts.remove(&key)),
                    }
                }
            }
        }
    }
}

impl LogPlan {
    fn at(bounds: &LogBounds) -> Self {
        Self { end: bounds.high_watermark.get(), start: bounds.log_start.get(), ..Self::default() }
    }

    /// Adds a batch: a run of its own, or more of the last one.
    fn push(&mut self, batch: &BatchCommit, is_append: bool) {
        let (base, position, length) = (self.records, batch.position.get(), batch.length.get());
        let times = match is_append {
            true => Times { latest: None, has_append: true },
            false => Times { latest: Some(batch.max_timestamp.millis()), has_append: false },
        };
        self.records = self.records.saturating_add(batch.records.get().into());
        self.bytes = self.bytes.saturating_add(i64::try_from(length).unwrap_or(i64::MAX));
        self.times = self.times.with(times);
        if let Some(last) = self.runs.last_mut()
            && last.position + last.length == position
            && last.is_append == is_append
        {
            last.end = self.records;
            last.length += length;
            last.times = last.times.with(times);
            last.running = self.times;
            return;
        }
        let running = self.times;
        self.runs.push(NewRun { base, end: self.records, position, length, is_append, times, running });
    }
}

impl Times {
    fn with(self, other: Self) -> Self {
        Self { latest: self.latest.max(other.latest), has_append: self.has_append || other.has_append }
    }
}
