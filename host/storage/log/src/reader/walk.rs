use bytes::Bytes;
use forebay_kafka_wire::{BatchHeader, HEADER_BYTES, PiecesBuilder};
use forebay_model::{ByteCount, Offset};
use forebay_storage_metadata::Run;

use super::error::{CorruptRun, FetchRefusal};
use crate::blocks::{BLOCK_BYTES, BlockError, BlockIndex, BlockSource};

/// Goes through the batches of a run.
#[derive(Debug)]
pub(crate) struct RunWalker<'a> {
    blocks: &'a dyn BlockSource,
    run: &'a Run,
    position: u64,
    end: u64,
    offset: Offset,
    /// The block that was read last: neighbours are in it.
    block: Option<(BlockIndex, Bytes)>,
}

/// A batch of a run, of which the header was read.
#[derive(Debug)]
pub(crate) struct WalkedBatch {
    pub(crate) header: BatchHeader,
    /// The offset of its first record.
    pub(crate) base_offset: Offset,
    /// The offset behind its last record.
    end: Offset,
    /// Where it begins in the segment.
    position: u64,
}

/// What becomes of the bytes of a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Taking {
    /// They are passed on as they are, which keeps the whole block in memory.
    Share,
    Copy,
}

/// Fewer bytes of a block than these are copied: whoever holds them holds the whole block, and those of two blocks may lie
/// side by side, so answers keep eight times their own bytes in memory at most. Clients ask for as much of a partition by
/// default.
pub(crate) const LEAST_SHARED: u64 = BLOCK_BYTES / 4;

impl Taking {
    /// What to do with `bytes` of a run, of which the most part lies in one block.
    pub(crate) fn of(bytes: u64) -> Self {
        if bytes < LEAST_SHARED { Self::Copy } else { Self::Share }
    }
}

impl WalkedBatch {
    pub(crate) fn end_offset(&self) -> Offset {
        self.end
    }

    /// Where it begins in the segment.
    pub(crate) fn position(&self) -> ByteCount {
        ByteCount::new(self.position)
    }
}

impl<'a> RunWalker<'a> {
    pub(crate) fn new(blocks: &'a dyn BlockSource, run: &'a Run) -> Self {
        let position = run.position.get();
        let end = position.saturating_add(run.length.get());
        Self { blocks, run, position, end, offset: run.base_offset, block: None }
    }

    /// The next batch, or `None` at the end of the run.
    pub(crate) async fn next(&mut self) -> Result<Option<WalkedBatch>, FetchRefusal> {
        if self.position >= self.end {
            if self.offset != self.run.end_offset {
                return Err(self.corrupt(CorruptRun::Offsets { expected: self.run.end_offset }));
            }
            return Ok(None);
        }
        let header = self.header().await?;
        let length = header.total_bytes();
        let left = self.end - self.position;
        if length as u64 > left {
            return Err(self.corrupt(CorruptRun::Length { length, left }));
        }
        let base_offset = self.offset;
        let end = base_offset
            .advanced(header.offset_count())
            .filter(|end| *end <= self.run.end_offset)
            .ok_or_else(|| self.corrupt(CorruptRun::Offsets { expected: self.run.end_offset }))?;
        let batch = WalkedBatch { header, base_offset, end, position: self.position };
        self.position += length as u64;
        self.offset = end;
        Ok(Some(batch))
    }

    /// Writes what is behind the header of a batch.
    pub(crate) async fn body(
        &mut self,
        batch: &WalkedBatch,
        into: &mut PiecesBuilder,
        taking: Taking,
    ) -> Result<(), FetchRefusal> {
        let mut from = batch.position + HEADER_BYTES as u64;
        let mut left = batch.header.total_bytes() - HEADER_BYTES;
        while left > 0 {
            let piece = self.piece(from, left).await?;
            from += piece.len() as u64;
            left -= piece.len();
            match taking {
                Taking::Share => into.share(piece),
                Taking::Copy => into.copy(&piece),
            }
        }
        Ok(())
    }

    /// Where the next batch begins in the segment.
    pub(crate) fn position(&self) -> ByteCount {
        ByteCount::new(self.position)
    }

    /// How much of the run there is from a batch on.
    pub(crate) fn left_from(&self, batch: &WalkedBatch) -> u64 {
        self.end - batch.position
    }

    /// The header of the next batch.
    async fn header(&mut self) -> Result<BatchHeader, FetchRefusal> {
        let mut header = self.piece(self.position, HEADER_BYTES).await?;
        if header.len() < HEADER_BYTES {
            // It lies across the end of a block.
            let rest = self.piece(self.position + header.len() as u64, HEADER_BYTES - header.len()).await?;
            header = [header, rest].concat().into();
        }
        BatchHeader::parse(&header).map_err(|error| self.corrupt(error.into()))
    }

    /// Up to `most` bytes of the segment, one at least: as many as there are in one block.
    async fn piece(&mut self, from: u64, most: usize) -> Result<Bytes, FetchRefusal> {
        let index = BlockIndex::of(from);
        let block = self.block(index).await?;
        // Less than the length of a block.
        let start = usize::try_from(from - index.start()).unwrap_or(usize::MAX);
        let end = start.saturating_add(most).min(block.len());
        if start >= end || (end - start < most && (block.len() as u64) < BLOCK_BYTES) {
            return Err(self.corrupt(CorruptRun::Ends));
        }
        Ok(block.slice(start..end))
    }

    async fn block(&mut self, index: BlockIndex) -> Result<Bytes, FetchRefusal> {
        if let Some((last, block)) = &self.block
            && *last == index
        {
            return Ok(block.clone());
        }
        let block = match self.blocks.block(&self.run.segment, index).await {
            Err(BlockError::Beyond { .. }) => return Err(self.corrupt(CorruptRun::Ends)),
            block => block?,
        };
        self.block = Some((index, block.clone()));
        Ok(block)
    }

    fn corrupt(&self, reason: CorruptRun) -> FetchRefusal {
        let segment = self.run.segment.clone();
        FetchRefusal::Corrupt { segment, position: self.position, offset: self.offset, reason }
    }
}
