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
//! What is done with the records of batches (unpacking, looking up keys, packing) is done on threads that serve nobody, a
//! portion of batches at a time; meanwhile the parts of the new segment are put.
//!
//! A log is exchanged piece by piece, from its start on, and no piece before one that failed: so an old value goes no
//! later than what superseded it, and never comes to light again.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use forebay_kafka_wire::{FilterError, RecordBatch};
use forebay_model::{ByteCount, Offset, RecordCount, Timestamp, TopicIdPartition, VirtualClusterId};
use forebay_storage_metadata::{Run, SegmentLevel};

use super::dirt::{Dirty, Standing};
use super::keys::LastOffsets;
use super::output::{Growing, Output, UnreadableRun};
use super::portions::Portions;
use super::sieve::{Left, Noted, Sieve};
use super::{Compacted, Compactor, CompactorError};
use crate::blocks::BlockSource;
use crate::held_lease::HeldLease;

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

/// How many logs the store is asked about at once.
const LOGS_AT_ONCE: usize = 1_000;

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
            let standings = meanwhile(&mut output, self.standings(cluster, logs)).await??;
            for ((log, policy), standing) in logs.iter().zip(standings) {
                meanwhile(&mut output, held.keep()).await??;
                let Some(standing) = standing else { continue };
                let dirty = self.dirty(cluster, *log, policy, standing);
                let Some(dirty) = meanwhile(&mut output, dirty).await?? else { continue };
                let now = self.metadata.now().await?;
                let begun = match output.take() {
                    Some(output) => output,
                    None => {
                        let level = SegmentLevel::INGESTED.next();
                        Output::begin(&self.objects, cluster, now, level, self.settings.writing)?
                    }
                };
                let cleaned = self.clean(cluster, held, begun, (&dirty, policy, now), &mut done);
                let full = Box::pin(cleaned).await?;
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

    /// How logs stand, of all of them with one look. None for those that there are not.
    async fn standings(
        &self,
        cluster: &VirtualClusterId,
        logs: &[(TopicIdPartition, KeyedPolicy)],
    ) -> Result<Vec<Option<Standing>>, CompactorError> {
        let names: Vec<_> = logs.iter().map(|(log, _)| *log).collect();
        let cleaned = self.metadata.cleaned_to(cluster, names.clone()).await?;
        let bounds = self.metadata.bounds(cluster, names).await?;
        let now = self.metadata.now().await?;
        let standing =
            |(cleaned_to, bounds)| Some(Standing { cleaned_to: cleaned_to?, bounds: bounds?, now });
        Ok(cleaned.into_iter().zip(bounds).map(standing).collect())
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
        let last = LastOffsets::new(self.settings.key_memory.get());
        let noted = match output.meanwhile(note_keys(held, &blocks, dirty, last)).await?? {
            Ok(noted) => noted,
            Err(error) => {
                unreadable(dirty, &error);
                return Ok(output);
            }
        };
        let end = noted.end;
        let sieve = Sieve {
            last: Arc::new(noted.last),
            log_start: dirty.log_start,
            end,
            now,
            horizon: now.after(policy.delete_retention),
        };
        done.is_more |= dirty.runs.last().is_some_and(|run| end < run.end_offset);
        let count = dirty.runs.iter().take_while(|run| run.base_offset < end).count();
        let mut rest = &dirty.runs[..count];
        while !rest.is_empty() {
            output.meanwhile(held.keep()).await??;
            let length = piece(rest, self.settings.piece, self.settings.runs_at_once);
            let (old, behind) = rest.split_at(length);
            let mut run = output.run(dirty.log, old[0].base_offset);
            match rewrite(&sieve, &mut output, &mut run, &blocks, old).await? {
                Ok(dropped) => done.records += dropped,
                Err(error) => {
                    unreadable(dirty, &error);
                    break;
                }
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
        Ok(output)
    }
}

/// Waits for something; parts of a segment that was begun are put meanwhile.
async fn meanwhile<T>(
    output: &mut Option<Output>,
    work: impl Future<Output = T>,
) -> Result<T, CompactorError> {
    match output {
        Some(output) => Ok(output.meanwhile(work).await?),
        None => Ok(work.await),
    }
}

/// Does what takes a while on a thread that serves nobody.
async fn apart<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, CompactorError> {
    Ok(tokio::task::spawn_blocking(work).await?)
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

/// Notes the last offset of each key behind what is clean, up to where there is no more room, or the end.
async fn note_keys(
    held: &mut HeldLease,
    blocks: &dyn BlockSource,
    dirty: &Dirty,
    last: LastOffsets,
) -> Result<Result<Noted, UncleanableLog>, CompactorError> {
    let cleaned_to = dirty.cleaned_to;
    let clean = dirty.runs.iter().take_while(|run| run.end_offset <= cleaned_to).count();
    let mut portions = Portions::new(blocks, &dirty.runs[clean..]);
    let mut noted = Noted { last, end: cleaned_to, is_full: false };
    while !noted.is_full {
        held.keep().await?;
        let portion = match portions.next().await {
            Ok(portion) if portion.is_empty() => break,
            Ok(portion) => portion,
            Err(error) if error.is_passing() => return Err(CompactorError::Read(error)),
            Err(error) => return Ok(Err(error.into())),
        };
        noted = match apart(move || noted.take(&portion, cleaned_to)).await? {
            Ok(noted) => noted,
            Err(error) => return Ok(Err(error.into())),
        };
    }
    Ok(Ok(noted))
}

/// Writes runs anew, as one. How many records are gone.
async fn rewrite(
    sieve: &Sieve,
    output: &mut Output,
    into: &mut Growing,
    blocks: &dyn BlockSource,
    runs: &[Run],
) -> Result<Result<u64, UncleanableLog>, CompactorError> {
    let mut portions = Portions::new(blocks, runs);
    let (mut gap, mut dropped) = (None, 0);
    loop {
        let portion = match output.meanwhile(portions.next()).await? {
            Ok(portion) if portion.is_empty() => break,
            Ok(portion) => portion,
            Err(error) if error.is_passing() => return Err(CompactorError::Read(error)),
            Err(error) => return Ok(Err(error.into())),
        };
        let sieve = sieve.clone();
        let sifted = match output.meanwhile(apart(move || sieve.sift(portion))).await?? {
            Ok(sifted) => sifted,
            Err(error) => return Ok(Err(error.into())),
        };
        dropped += sifted.dropped;
        for Left { base, behind, batch } in sifted.batches {
            let Some(left) = batch else {
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
    Ok(Ok(dropped))
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
