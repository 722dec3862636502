use std::collections::HashMap;
use std::collections::hash_map::Entry;

use forebay_model::{ProducerEpoch, ProducerId, Sequence, Timestamp, TopicIdPartition};
use forebay_storage_metadata::{
    BatchCommit, BatchCommitted, BatchRefusal, IdempotentBatch, Judgement, PastBatch, ProduceCommit,
    ProduceOutcome, TimestampType, judge,
};
use rusqlite::{Connection, OptionalExtension as _, params};

use super::past::PastRow;
use super::state::{Head, NewRun};
use crate::log;
use crate::recent::Recent;
use crate::rows::{LogRow, Vc};
use crate::trouble::Trouble;

/// What a commit is going to write, if all goes well: partitions and producers as they will be, and new runs.
pub(crate) struct Plan<'a> {
    pub(super) connection: &'a Connection,
    pub(super) recent: Recent,
    pub(super) vc: Vc,
    pub(super) now: Timestamp,
    /// `None` for partitions that do not exist.
    pub(super) heads: HashMap<TopicIdPartition, Option<Head>>,
    pub(super) pasts: HashMap<(LogRow, ProducerId), Option<PastRow>>,
    pub(super) planned: Vec<NewRun>,
    /// Where the last run of each partition is in `planned`.
    last_runs: HashMap<LogRow, usize>,
    /// The first batch of each producer that a refused request had, where the partition knew nothing of the producer:
    /// no other may be the first instead, or that one could never follow.
    held_back: HashMap<(LogRow, ProducerId), (ProducerEpoch, Sequence)>,
    undo: Vec<Undo>,
}

/// How a step of a request is taken back.
enum Undo {
    Head(TopicIdPartition, Head),
    Past((LogRow, ProducerId), Option<PastRow>),
    /// The run at this place as it was.
    Extended(usize, NewRun),
    /// The last run of a partition was elsewhere, or nowhere.
    Pushed(LogRow, Option<usize>),
}

impl<'a> Plan<'a> {
    pub(crate) fn new(connection: &'a Connection, recent: Recent, vc: Vc, now: Timestamp) -> Self {
        Self {
            connection,
            recent,
            vc,
            now,
            heads: HashMap::new(),
            pasts: HashMap::new(),
            planned: Vec::new(),
            last_runs: HashMap::new(),
            held_back: HashMap::new(),
            undo: Vec::new(),
        }
    }

    /// How many rows the index gets.
    pub(crate) fn runs(&self) -> usize {
        self.planned.len()
    }

    /// Adds all batches of a request, or none.
    pub(crate) fn add(&mut self, request: &ProduceCommit) -> Result<ProduceOutcome, Trouble> {
        self.undo.clear();
        let mut committed = Vec::with_capacity(request.batches.len());
        let mut refusals = Vec::new();
        for (index, batch) in request.batches.iter().enumerate() {
            match self.add_batch(batch)? {
                Ok(batch) => committed.push(batch),
                Err(refusal) => {
                    refusals.resize(index, None);
                    refusals.push(Some(refusal));
                }
            }
        }
        if refusals.is_empty() {
            return Ok(ProduceOutcome::Committed(committed));
        }
        self.take_back();
        self.hold_back(request);
        refusals.resize(request.batches.len(), None);
        Ok(ProduceOutcome::Refused(refusals))
    }

    fn add_batch(&mut self, batch: &BatchCommit) -> Result<Result<BatchCommitted, BatchRefusal>, Trouble> {
        let Some(mut head) = self.head(batch.log)? else { return Ok(Err(BatchRefusal::NoPartition)) };
        let log_append_time = match batch.timestamps {
            TimestampType::CreateTime => None,
            TimestampType::LogAppendTime => Some(self.now),
        };
        let base_offset = head.high_watermark;
        if let Some(producer) = &batch.producer {
            let key = (head.row, producer.id);
            match judge(self.past(key)?.map(|row| &row.past), producer, batch.records) {
                Judgement::Append => {
                    if let Some(refusal) = self.comes_too_early(key, producer) {
                        return Ok(Err(refusal));
                    }
                }
                Judgement::Refuse(refusal) => return Ok(Err(refusal)),
                Judgement::Duplicate(first) => {
                    return Ok(Ok(BatchCommitted {
                        base_offset: first.base_offset,
                        log_append_time: first.log_append_time,
                        log_start: head.log_start,
                        is_duplicate: true,
                    }));
                }
            }
        }
        let Some(end_offset) = base_offset.advanced(batch.records) else {
            return Ok(Err(BatchRefusal::Full));
        };
        let max_timestamp = log_append_time.unwrap_or(batch.max_timestamp).millis();
        let running_max = head.running_max.map_or(max_timestamp, |before| before.max(max_timestamp));
        let (position, length) = (batch.position.get(), batch.length.get());
        let log = head.row;
        self.push(NewRun {
            log,
            base_offset,
            end_offset,
            position,
            length,
            max_timestamp,
            running_max,
            log_append_time,
        });
        self.undo.push(Undo::Head(batch.log, head));
        head.high_watermark = end_offset;
        head.running_max = Some(running_max);
        head.bytes = head.bytes.saturating_add(i64::try_from(length).unwrap_or(i64::MAX));
        self.heads.insert(batch.log, Some(head));
        if let Some(producer) = &batch.producer {
            let base_sequence = producer.base_sequence;
            let last_sequence = base_sequence.last_of(batch.records);
            let key = (log, producer.id);
            let past = self.pasts.entry(key).or_default();
            self.undo.push(Undo::Past(key, past.clone()));
            past.get_or_insert_with(|| PastRow::begin(producer.epoch)).past.push(
                producer.epoch,
                PastBatch { base_sequence, last_sequence, base_offset, log_append_time },
            );
        }
        Ok(Ok(BatchCommitted {
            base_offset,
            log_append_time,
            log_start: head.log_start,
            is_duplicate: false,
        }))
    }

    /// Remembers what a refused request would have begun with.
    fn hold_back(&mut self, request: &ProduceCommit) {
        for batch in &request.batches {
            let (Some(Some(head)), Some(producer)) = (self.heads.get(&batch.log), &batch.producer) else {
                continue;
            };
            let key = (head.row, producer.id);
            if matches!(self.pasts.get(&key), None | Some(None)) {
                self.held_back.entry(key).or_insert((producer.epoch, producer.base_sequence));
            }
        }
    }

    /// Whether an earlier request of this commit had the batch that must come before.
    fn comes_too_early(&self, key: (LogRow, ProducerId), batch: &IdempotentBatch) -> Option<BatchRefusal> {
        let is_known = matches!(self.pasts.get(&key), Some(Some(_)));
        let (epoch, expected) = self.held_back.get(&key).filter(|_| !is_known)?;
        let got = batch.base_sequence;
        (*epoch == batch.epoch && *expected != got)
            .then_some(BatchRefusal::OutOfOrder { expected: *expected, got })
    }

    /// Plans a run, or makes the last one of the partition longer.
    fn push(&mut self, run: NewRun) {
        let last = self.last_runs.get(&run.log).copied();
        if let Some(index) = last
            && let Some(before) = self.planned.get_mut(index)
        {
            let was = *before;
            if before.extend(&run) {
                self.undo.push(Undo::Extended(index, was));
                return;
            }
        }
        self.undo.push(Undo::Pushed(run.log, last));
        self.last_runs.insert(run.log, self.planned.len());
        self.planned.push(run);
    }

    fn take_back(&mut self) {
        while let Some(undo) = self.undo.pop() {
            match undo {
                Undo::Head(log, head) => drop(self.heads.insert(log, Some(head))),
                Undo::Past(key, past) => drop(self.pasts.insert(key, past)),
                Undo::Extended(index, run) => self.planned[index] = run,
                Undo::Pushed(log, last) => {
                    self.planned.pop();
                    match last {
                        Some(index) => drop(self.last_runs.insert(log, index)),
                        None => drop(self.last_runs.remove(&log)),
                    }
                }
            }
        }
    }

    fn head(&mut self, log: TopicIdPartition) -> Result<Option<Head>, Trouble> {
        match self.heads.entry(log) {
            Entry::Occupied(known) => Ok(*known.get()),
            Entry::Vacant(unknown) => {
                let head = match self.recent.head(self.vc, log) {
                    Some(head) => Some(head),
                    None => log::head(self.connection, self.vc, log)?,
                };
                Ok(*unknown.insert(head))
            }
        }
    }

    fn past(&mut self, key: (LogRow, ProducerId)) -> Result<Option<&PastRow>, Trouble> {
        if let Entry::Vacant(unknown) = self.pasts.entry(key) {
            let past = match self.recent.take_past(key) {
                Some(past) => Some(past),
                None => read_past(self.connection, self.vc, key)?,
            };
            unknown.insert(past);
        }
        Ok(self.pasts.get(&key).and_then(Option::as_ref))
    }
}

fn read_past(
    connection: &Connection,
    vc: Vc,
    (log, producer): (LogRow, ProducerId),
) -> Result<Option<PastRow>, Trouble> {
    let mut find = connection.prepare_cached(
        "SELECT epoch, hour, batches FROM producers WHERE vc = ?1 AND log = ?2 AND producer = ?3",
    )?;
    let found = find.query_row(params![vc.0, log.0, producer.get()], |row| {
        Ok((row.get::<_, i16>(0)?, row.get::<_, i64>(1)?, row.get::<_, Vec<u8>>(2)?))
    });
    let Some((epoch, hour, batches)) = found.optional()? else { return Ok(None) };
    PastRow::read(epoch, hour, &batches).map(Some)
}
