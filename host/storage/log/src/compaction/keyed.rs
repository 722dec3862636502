//! Compaction by key, as Kafka's cleaner does it: of each key the last record is kept.
//!
//! A log has a clean head, in which each key was once, and a tail that was written since. First the tail is read, and the
//! last offset of each key in it is noted, until there is no more room. Then the log is read from its start up to where
//! the notes end, and records that have a later one of the same key are left out. Tombstones stay for a while: when one is
//! met the first time, its batch gets a delete horizon; once that has come, the tombstone goes.
//!
//! Records keep their offsets, and batches theirs. Where a whole batch is gone, one without records stands for it and
//! its neighbours, so that offsets in the log have no gaps, and nobody who reads needs to know of any of this.
//!
//! A log is exchanged piece by piece, from its start on, and no piece before one that failed: so an old value goes no
//! later than what superseded it, and never comes to light again.

use std::time::Duration;

use bytes::Bytes;
use forebay_kafka_wire::{Fate, FilterError, Filtered, Record, RecordBatch};
use forebay_model::{ByteCount, Offset, RecordCount, Timestamp, TopicIdPartition, VirtualClusterId};
use forebay_storage_metadata::{FindFrom, Found, LogBounds, Run, SegmentLevel};

use super::keys::LastOffsets;
use super::output::{Growing, Output, UnreadableRun, next};
use super::{Compacted, Compactor, CompactorError};
use crate::blocks::BlockSource;
use crate::held_lease::HeldLease;
use crate::reader::walk::RunWalker;

/// What a topic wants of its compaction, as Kafka's configurations say it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct KeyedPolicy {
    /// `min.cleanable.dirty.ratio`: what part of a log must have been written since it was compacted.
    pub min_dirty_ratio: f64,
    /// `min.compaction.lag.ms`: younger records stay as they are.
    pub min_lag: Duration,
    /// `max.compaction.lag.ms`: older ones are compacted whatever the ratio is.
    pub max_lag: Option<Duration>,
    /// `delete.retention.ms`: for so long tombstones stay once they were met.
    pub delete_retention: Duration,
}

/// What the records of a batch may decompress to. What is larger was refused where it came in.
const MOST_UNCOMPRESSED: usize = 256 << 20;
/// How many runs of a log are looked at. What lies behind is compacted when these are fewer.
const MOST_RUNS: usize = 50_000;
/// How much of the index is asked for at once.
const INDEX_PAGE: ByteCount = ByteCount::new(8 << 30);
/// How many logs the store is asked about at once.
const LOGS_AT_ONCE: usize = 1_000;

/// A log that is to be compacted.
struct Dirty {
    log: TopicIdPartition,
    log_start: Offset,
    /// From its start on, as far as it may be looked at.
    runs: Vec<Run>,
    cleaned_to: Offset,
}

/// What was gone through.
struct Cleaning<'a> {
    last: &'a LastOffsets,
    log_start: Offset,
    /// Where the notes end.
    end: Offset,
    now: Timestamp,
    horizon: Timestamp,
    dropped: u64,
}

impl Compactor {
    /// Compacts logs by key, those that are worth it.
    ///
    /// # Errors
    /// When a store can't be asked, or the lease was lost. What was done before stays done.
    pub async fn compact_keys(
        &self,
        cluster: &VirtualClusterId,
        held: &mut HeldLease,
        logs: &[(TopicIdPartition, KeyedPolicy)],
    ) -> Result<Compacted, CompactorError> {
        let mut done = Compacted::default();
        let mut output = None;
        for logs in logs.chunks(LOGS_AT_ONCE) {
            let names = logs.iter().map(|(log, _)| *log).collect();
            let cleaned = self.metadata.cleaned_to(cluster, names).await?;
            for ((log, policy), cleaned_to) in logs.iter().zip(cleaned) {
                held.keep().await?;
                let Some(cleaned_to) = cleaned_to else { continue };
                let now = self.metadata.now().await?;
                let Some(dirty) = self.dirty(cluster, *log, policy, (cleaned_to, now)).await? else {
                    continue;
                };
                let begun = match output.take() {
                    Some(output) => output,
                    None => {
                        let level = SegmentLevel::INGESTED.next();
                        Output::begin(&self.objects, cluster, now, level, self.settings.writing)?
                    }
                };
                let full = self.clean(cluster, held, begun, (&dirty, policy, now), &mut done).await?;
                done.segments += 1;
                if full.len() >= self.settings.keyed_segment.get() {
                    self.exchange(cluster, held, full, &mut done).await?;
                } else {
                    output = Some(full);
                }
            }
        }
        if let Some(output) = output {
            self.exchange(cluster, held, output, &mut done).await?;
        }
        Ok(done)
    }

    /// What of a log is to be compacted, if it is worth it.
    async fn dirty(
        &self,
        cluster: &VirtualClusterId,
        log: TopicIdPartition,
        policy: &KeyedPolicy,
        (cleaned_to, now): (Offset, Timestamp),
    ) -> Result<Option<Dirty>, CompactorError> {
        let bounds = self.metadata.bounds(cluster, vec![log]).await?;
        let Some(Some(bounds)) = bounds.first().copied() else { return Ok(None) };
        let cleaned_to = cleaned_to.max(bounds.log_start);
        if cleaned_to >= bounds.high_watermark {
            return Ok(None);
        }
        let mut runs = self.all_runs(cluster, log, bounds).await?;
        let youngest = now.before(policy.min_lag);
        let is_young = |run: &Run| {
            run.end_offset > cleaned_to && !policy.min_lag.is_zero() && run.max_timestamp > youngest
        };
        runs.truncate(runs.iter().position(is_young).unwrap_or(runs.len()));
        let bytes = |runs: &mut dyn Iterator<Item = &Run>| runs.map(|run| run.length.get()).sum::<u64>();
        let all = bytes(&mut runs.iter());
        let dirty = bytes(&mut runs.iter().filter(|run| run.end_offset > cleaned_to));
        if dirty == 0 {
            return Ok(None);
        }
        #[expect(clippy::cast_precision_loss, reason = "a ratio need not be exact")]
        let ratio = dirty as f64 / all.max(1) as f64;
        if ratio <= policy.min_dirty_ratio
            && !self.is_overdue(cluster, log, policy, (cleaned_to, now)).await?
        {
            return Ok(None);
        }
        Ok(Some(Dirty { log, log_start: bounds.log_start, runs, cleaned_to }))
    }

    /// Whether the first record that was not looked at was committed too long ago to wait any longer.
    async fn is_overdue(
        &self,
        cluster: &VirtualClusterId,
        log: TopicIdPartition,
        policy: &KeyedPolicy,
        (cleaned_to, now): (Offset, Timestamp),
    ) -> Result<bool, CompactorError> {
        let Some(max_lag) = policy.max_lag else { return Ok(false) };
        let committed = self.metadata.committed_about(cluster, vec![(log, cleaned_to)]).await?;
        Ok(committed.first().copied().flatten().is_some_and(|at| at <= now.before(max_lag)))
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

    /// Writes a log anew. What of it can't be read stays as it is, and all that lies behind.
    async fn clean(
        &self,
        cluster: &VirtualClusterId,
        held: &mut HeldLease,
        mut output: Output,
        (dirty, policy, now): (&Dirty, &KeyedPolicy, Timestamp),
        done: &mut Compacted,
    ) -> Result<Output, CompactorError> {
        let blocks = self.blocks();
        let mut last = LastOffsets::new(self.settings.key_memory.get());
        let end = match note_keys(held, &blocks, dirty, &mut last).await? {
            Ok(end) => end,
            Err(error) => {
                unreadable(dirty, &error);
                return Ok(output);
            }
        };
        let mut cleaning = Cleaning {
            last: &last,
            log_start: dirty.log_start,
            end,
            now,
            horizon: now.after(policy.delete_retention),
            dropped: 0,
        };
        done.is_more |= dirty.runs.last().is_some_and(|run| end < run.end_offset);
        let count = dirty.runs.iter().take_while(|run| run.base_offset < end).count();
        let mut rest = &dirty.runs[..count];
        while !rest.is_empty() {
            held.keep().await?;
            let length = piece(rest, self.settings.piece, self.settings.runs_at_once);
            let (old, behind) = rest.split_at(length);
            let mut run = output.run(dirty.log, old[0].base_offset);
            if let Err(error) = cleaning.rewrite(&mut output, &mut run, &blocks, old).await? {
                unreadable(dirty, &error);
                break;
            }
            output.end(run, old.to_vec(), behind.is_empty().then_some(end));
            rest = behind;
            if output.len() >= self.settings.keyed_segment.get() && !rest.is_empty() {
                let level = SegmentLevel::INGESTED.next();
                let empty = Output::begin(&self.objects, cluster, now, level, self.settings.writing)?;
                let full = std::mem::replace(&mut output, empty);
                if self.exchange(cluster, held, full, done).await?.contains(&dirty.log) {
                    break;
                }
            }
        }
        done.records += cleaning.dropped;
        Ok(output)
    }
}

/// How many of these runs make a piece, one at least.
fn piece(runs: &[Run], bytes: ByteCount, most: usize) -> usize {
    let mut total = 0_u64;
    let fits = |run: &&Run| {
        total = total.saturating_add(run.length.get());
        total <= bytes.get()
    };
    runs.iter().take(most).take_while(fits).count().max(1)
}

/// Notes the last offset of each key behind what is clean, and tells where there was no more room, or the end.
async fn note_keys(
    held: &mut HeldLease,
    blocks: &dyn BlockSource,
    dirty: &Dirty,
    last: &mut LastOffsets,
) -> Result<Result<Offset, UncleanableLog>, CompactorError> {
    let mut end = dirty.cleaned_to;
    for run in dirty.runs.iter().filter(|run| run.end_offset > dirty.cleaned_to) {
        held.keep().await?;
        let mut walker = RunWalker::new(blocks, run);
        loop {
            let (batch, behind) = match next(&mut walker, run).await {
                Ok(Some(next)) => next,
                Ok(None) => break,
                Err(error) if error.is_passing() => return Err(CompactorError::Read(error)),
                Err(error) => return Ok(Err(error.into())),
            };
            if behind <= dirty.cleaned_to {
                continue;
            }
            if !last.has_room(batch.header().record_count.get() as usize) {
                return Ok(Ok(end));
            }
            if let Err(error) = note_batch(&batch, last) {
                return Ok(Err(error));
            }
            end = behind;
        }
    }
    Ok(Ok(end))
}

fn note_batch(batch: &RecordBatch, last: &mut LastOffsets) -> Result<(), UncleanableLog> {
    for record in batch.records(MOST_UNCOMPRESSED).map_err(FilterError::from)? {
        let record = record.map_err(FilterError::from)?;
        if let Some(key) = &record.key {
            last.put(key, record.offset);
        }
    }
    Ok(())
}

impl Cleaning<'_> {
    /// Writes runs anew, as one.
    async fn rewrite(
        &mut self,
        output: &mut Output,
        into: &mut Growing,
        blocks: &dyn BlockSource,
        runs: &[Run],
    ) -> Result<Result<(), UncleanableLog>, CompactorError> {
        let mut gap = None;
        for run in runs {
            let mut walker = RunWalker::new(blocks, run);
            loop {
                let (batch, behind) = match next(&mut walker, run).await {
                    Ok(Some(next)) => next,
                    Ok(None) => break,
                    Err(error) if error.is_passing() => return Err(CompactorError::Read(error)),
                    Err(error) => return Ok(Err(error.into())),
                };
                let base = batch.header().base_offset;
                let left = match self.left_of(batch) {
                    Ok(left) => left,
                    Err(error) => return Ok(Err(error)),
                };
                let Some(left) = left else {
                    gap.get_or_insert(base);
                    continue;
                };
                if let Some(from) = gap.take() {
                    fill(output, into, from, base).await?;
                }
                let max_timestamp = left.header().max_timestamp;
                output.append(into, left.into_bytes(), max_timestamp, behind).await?;
            }
        }
        if let (Some(from), Some(last)) = (gap, runs.last()) {
            fill(output, into, from, last.end_offset).await?;
        }
        Ok(Ok(()))
    }

    /// What is left of a batch, if anything is.
    fn left_of(&mut self, batch: RecordBatch) -> Result<Option<RecordBatch>, UncleanableLog> {
        let header = batch.header();
        if header.base_offset >= self.end {
            return Ok(Some(batch));
        }
        let may_drop_tombstones = header.delete_horizon().is_some_and(|horizon| horizon <= self.now);
        let fate = |record: &Record| self.fate(record, may_drop_tombstones);
        let filtered = batch.filtered(MOST_UNCOMPRESSED, self.horizon, fate)?;
        let before = u64::from(header.record_count.get());
        let left = match filtered {
            Filtered::Unchanged => Some(batch),
            Filtered::Some(left) => Some(left),
            Filtered::Nothing => None,
        };
        let after = left.as_ref().map_or(0, |left| u64::from(left.header().record_count.get()));
        self.dropped += before - after;
        Ok(left)
    }

    fn fate(&self, record: &Record, may_drop_tombstones: bool) -> Fate {
        // Records without a key are refused where they come in; a topic may have some from before it was compacted.
        let Some(key) = &record.key else { return Fate::Dropped };
        if record.offset < self.log_start || !self.last.is_last(key, record.offset) {
            return Fate::Dropped;
        }
        match &record.value {
            Some(_) => Fate::Kept,
            None if may_drop_tombstones => Fate::Dropped,
            None => Fate::KeptForNow,
        }
    }
}

/// Writes batches without records for the offsets from `from` on and before `end`: one, unless they are very many.
async fn fill(
    output: &mut Output,
    into: &mut Growing,
    from: Offset,
    end: Offset,
) -> Result<(), CompactorError> {
    let mut from = from;
    while from < end {
        let count = end.since(from).min(MOST_OFFSETS);
        let count = u32::try_from(count).unwrap_or(u32::MAX);
        let Some(behind) = from.advanced(RecordCount::new(count)) else { break };
        let bytes: Bytes = RecordBatch::empty(from, count - 1).into_bytes();
        output.append(into, bytes, Timestamp::NONE, behind).await?;
        from = behind;
    }
    Ok(())
}

/// The most offsets that a batch takes.
const MOST_OFFSETS: u64 = 1 << 31;

/// Why a log is not compacted.
#[derive(Debug, thiserror::Error)]
enum UncleanableLog {
    #[error(transparent)]
    Run(#[from] UnreadableRun),
    #[error("choose among the records of a batch")]
    Batch(#[from] FilterError),
}

fn unreadable(dirty: &Dirty, error: &UncleanableLog) {
    let error = error as &dyn std::error::Error;
    tracing::warn!(log = %dirty.log, error, "a log is not compacted by key, since it can't be read");
}
