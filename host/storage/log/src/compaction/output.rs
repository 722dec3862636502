use std::pin::pin;
use std::sync::Arc;

use bytes::Bytes;
use forebay_kafka_wire::{BatchError, PiecesBuilder, RecordBatch};
use forebay_lifecycle::chance;
use forebay_model::{
    ByteCount, CommitId, LeaderEpoch, Offset, SegmentName, Timestamp, TopicIdPartition, VirtualClusterId,
};
use forebay_storage_metadata::{CompactedSegment, Kind, Replacement, Run, SegmentLevel};
use forebay_storage_objects::{ObjectError, ObjectName, ObjectWriter, Objects, PutOptions, WritePolicy};

use super::error::CompactorError;
use crate::blocks::{BlockError, BlockSource};
use crate::reader::FetchRefusal;
use crate::reader::walk::{RunWalker, Taking, WalkedBatch};
use crate::segment::{COMPACTED_HEADER, CompactedEntry, CompactedFooter, fresh_name};

/// A segment that is being written, bit by bit.
pub(super) struct Output {
    writer: ObjectWriter,
    name: SegmentName,
    named_at: Timestamp,
    level: SegmentLevel,
    /// The bytes so far.
    position: u64,
    footer: CompactedFooter,
    replacements: Vec<Replacement>,
}

/// A segment that is durable, and what may be exchanged for what is in it.
pub(super) struct Written {
    pub segment: CompactedSegment,
    pub replacements: Vec<Replacement>,
}

/// A run that is being written.
#[derive(Debug, Clone)]
pub(super) struct Growing {
    entry: CompactedEntry,
}

/// Why a run could not be read. It stays where it is.
#[derive(Debug, thiserror::Error)]
pub enum UnreadableRun {
    /// Its batches can't be had.
    #[error(transparent)]
    Read(#[from] FetchRefusal),
    /// They are not what was written.
    #[error(transparent)]
    Batch(#[from] BatchError),
}

impl UnreadableRun {
    /// What to do about it.
    #[must_use]
    pub fn kind(&self) -> Kind {
        match self {
            Self::Read(refusal) => refusal.kind(),
            Self::Batch(_) => Kind::Corrupt,
        }
    }

    /// Whether it is the object store that fails, and not this run alone.
    pub(super) fn is_passing(&self) -> bool {
        matches!(self, Self::Read(FetchRefusal::Block(BlockError::Store { .. })))
    }
}

impl Output {
    pub(super) fn begin(
        objects: &Arc<dyn Objects>,
        cluster: &VirtualClusterId,
        now: Timestamp,
        level: SegmentLevel,
        writing: WritePolicy,
    ) -> Result<Self, CompactorError> {
        let name = fresh_name(cluster)?;
        let object: ObjectName = name.as_str().parse()?;
        let writer = ObjectWriter::new(Arc::clone(objects), object, PutOptions::default(), writing);
        Ok(Self {
            writer,
            name,
            named_at: now,
            level,
            position: 0,
            footer: CompactedFooter::default(),
            replacements: Vec::new(),
        })
    }

    /// How long the segment is so far.
    pub(super) fn len(&self) -> u64 {
        self.position
    }

    /// Waits for something else. Parts of the segment are put only while one of its calls is waited for, this one too.
    pub(super) async fn meanwhile<T>(&mut self, work: impl Future<Output = T>) -> Result<T, ObjectError> {
        let mut work = pin!(work);
        loop {
            tokio::select! {
                biased;
                done = &mut work => return Ok(done),
                part = self.writer.progress() => part?,
            }
        }
    }

    /// Begins a run whose first offset is `base`.
    pub(super) fn run(&self, log: TopicIdPartition, base: Offset) -> Growing {
        let entry = CompactedEntry {
            log,
            batches: 0,
            position: ByteCount::new(self.position.max(COMPACTED_HEADER.len() as u64)),
            length: ByteCount::ZERO,
            base_offset: base,
            end_offset: base,
            max_timestamp: Timestamp::NONE,
            crc: 0,
        };
        Growing { entry }
    }

    /// Writes a batch at the end of the run that was begun last; it ends before `end`.
    pub(super) async fn append(
        &mut self,
        run: &mut Growing,
        bytes: Bytes,
        max_timestamp: Timestamp,
        end: Offset,
    ) -> Result<(), ObjectError> {
        if self.position == 0 {
            self.writer.write(Bytes::from_static(&COMPACTED_HEADER)).await?;
            self.position = COMPACTED_HEADER.len() as u64;
        }
        let entry = &mut run.entry;
        entry.batches = entry.batches.saturating_add(1);
        entry.length = ByteCount::new(entry.length.get() + bytes.len() as u64);
        entry.end_offset = end;
        entry.max_timestamp = entry.max_timestamp.max(max_timestamp);
        entry.crc = crc32c::crc32c_append(entry.crc, &bytes);
        self.position += bytes.len() as u64;
        self.writer.write(bytes).await
    }

    /// Ends a run that is to stand for `old`.
    pub(super) fn end(&mut self, run: Growing, old: Vec<Run>, cleaned_to: Option<Offset>) {
        let Growing { entry } = run;
        if old.is_empty() {
            return;
        }
        let new = Run {
            segment: self.name.clone(),
            position: entry.position,
            length: entry.length,
            base_offset: entry.base_offset,
            end_offset: entry.end_offset,
            max_timestamp: entry.max_timestamp,
            // Its batches say so themselves.
            log_append_time: None,
        };
        self.footer.entries.push(entry);
        self.replacements.push(Replacement { log: entry.log, old, new: vec![new], cleaned_to });
    }

    /// Copies adjacent runs as they are. One that can't be read stays where it is.
    pub(super) async fn copy(
        &mut self,
        blocks: &dyn BlockSource,
        log: TopicIdPartition,
        runs: &[Run],
    ) -> Result<(), CompactorError> {
        let mut taken: Option<(Growing, Vec<Run>)> = None;
        for run in runs {
            let (mut growing, mut old) =
                taken.take().unwrap_or_else(|| (self.run(log, run.base_offset), Vec::new()));
            let before = growing.clone();
            match self.copy_run(blocks, run, &mut growing).await? {
                Ok(()) => {
                    old.push(run.clone());
                    taken = Some((growing, old));
                }
                Err(unreadable) if unreadable.is_passing() => {
                    return Err(CompactorError::Read(unreadable));
                }
                Err(unreadable) => {
                    tracing::warn!(
                        %log, segment = %run.segment, offset = %run.base_offset,
                        error = &unreadable as &dyn std::error::Error,
                        "a run is not put together with others, since it can't be read"
                    );
                    self.end(before, old, None);
                }
            }
        }
        if let Some((growing, old)) = taken {
            self.end(growing, old, None);
        }
        Ok(())
    }

    async fn copy_run(
        &mut self,
        blocks: &dyn BlockSource,
        run: &Run,
        growing: &mut Growing,
    ) -> Result<Result<(), UnreadableRun>, ObjectError> {
        let mut walker = RunWalker::new(blocks, run);
        loop {
            let (batch, end) = match self.meanwhile(next(&mut walker, run)).await? {
                Ok(Some(next)) => next,
                Ok(None) => return Ok(Ok(())),
                Err(unreadable) => return Ok(Err(unreadable)),
            };
            let max_timestamp = batch.header().max_timestamp;
            self.append(growing, batch.into_bytes(), max_timestamp, end).await?;
        }
    }

    /// Makes the segment durable, unless there is nothing in it.
    pub(super) async fn finish(mut self) -> Result<Option<Written>, ObjectError> {
        if self.replacements.is_empty() {
            return Ok(None);
        }
        let footer = self.footer.encode(self.position);
        let size = self.position + footer.len() as u64;
        self.writer.write(footer.into()).await?;
        self.writer.finish().await?;
        let segment = CompactedSegment {
            id: CommitId::from_random(chance::bits()),
            segment: self.name,
            named_at: self.named_at,
            size: ByteCount::new(size),
            level: self.level,
        };
        Ok(Some(Written { segment, replacements: self.replacements }))
    }
}

/// The next batch of a run as consumers get it, with its bytes checked, and the offset behind it.
pub(super) async fn next(
    walker: &mut RunWalker<'_>,
    run: &Run,
) -> Result<Option<(RecordBatch, Offset)>, UnreadableRun> {
    let Some(batch) = walker.next().await? else { return Ok(None) };
    let end = batch.end_offset();
    let whole = stamped(walker, &batch, run.log_append_time).await?;
    whole.check_crc()?;
    Ok(Some((whole, end)))
}

async fn stamped(
    walker: &mut RunWalker<'_>,
    batch: &WalkedBatch,
    log_append_time: Option<Timestamp>,
) -> Result<RecordBatch, UnreadableRun> {
    let header = batch.header.stamped(batch.base_offset, LeaderEpoch::ZERO, log_append_time);
    let mut whole = PiecesBuilder::with_capacity(batch.header.total_bytes());
    whole.copy(&header.to_bytes());
    walker.body(batch, &mut whole, Taking::Copy).await?;
    Ok(RecordBatch::parse(whole.build().join())?)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use forebay_storage_objects::{Fault, Faults, Faulty, Operation, open};

    use super::*;

    const PART: usize = 5 << 20;

    fn output(faults: &Arc<Faults>) -> (Output, Growing) {
        let inner = open("mem://output", []).unwrap();
        let objects: Arc<dyn Objects> = Arc::new(Faulty::new(inner, Arc::clone(faults)));
        let writing = WritePolicy { part: 0, parallel: 3, ..WritePolicy::default() };
        let now = Timestamp::from_millis(0);
        let cluster = "vci_test".parse().unwrap();
        let output = Output::begin(&objects, &cluster, now, SegmentLevel::LAST, writing).unwrap();
        let partition = forebay_model::PartitionId::new(0).unwrap();
        let log = TopicIdPartition::new(forebay_model::TopicId::from_random(1), partition);
        let run = output.run(log, Offset::ZERO);
        (output, run)
    }

    async fn two_parts(output: &mut Output, run: &mut Growing) {
        for _ in 0..2 {
            let bytes = Bytes::from(vec![1; PART]);
            output.append(run, bytes, Timestamp::NONE, Offset::ZERO).await.unwrap();
        }
    }

    #[tokio::test(start_paused = true)]
    async fn parts_are_put_while_something_else_is_waited_for() {
        let faults = Arc::new(Faults::new(1));
        let (mut output, mut run) = output(&faults);
        two_parts(&mut output, &mut run).await;
        assert_eq!(faults.count(Operation::PutPart), 0);
        output.meanwhile(tokio::time::sleep(Duration::from_secs(1))).await.unwrap();
        assert_eq!(faults.count(Operation::PutPart), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn a_part_that_fails_ends_what_is_waited_for() {
        let faults = Arc::new(Faults::new(1));
        let (mut output, mut run) = output(&faults);
        two_parts(&mut output, &mut run).await;
        faults.next(Operation::PutPart, [Fault::Fail]);
        output.meanwhile(std::future::pending::<()>()).await.unwrap_err();
    }
}
