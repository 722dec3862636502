use bytes::{Bytes, BytesMut};
use forebay_kafka_wire::{BatchHeader, HEADER_BYTES};
use forebay_model::Offset;
use forebay_storage_metadata::Run;

use super::error::{CorruptRun, FetchRefusal};
use crate::blocks::{BLOCK_BYTES, BlockError, BlockIndex, BlockSource};

/// Goes through the batches of a run.
#[derive(Debug)]
pub(super) struct RunWalker<'a> {
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
pub(super) struct WalkedBatch {
    pub(super) header: BatchHeader,
    /// The offset of its first record.
    pub(super) base_offset: Offset,
    /// The offset behind its last record.
    end: Offset,
    /// Where it begins in the segment.
    position: u64,
}

/// A body that is a small part of a block is copied: whoever holds it would hold the whole block.
const LEAST_SHARED: usize = 64 << 10;

impl WalkedBatch {
    pub(super) fn end_offset(&self) -> Offset {
        self.end
    }
}

impl<'a> RunWalker<'a> {
    pub(super) fn new(blocks: &'a dyn BlockSource, run: &'a Run) -> Self {
        let position = run.position.get();
        let end = position.saturating_add(run.length.get());
        Self { blocks, run, position, end, offset: run.base_offset, block: None }
    }

    /// The next batch, or `None` at the end of the run.
    pub(super) async fn next(&mut self) -> Result<Option<WalkedBatch>, FetchRefusal> {
        if self.position >= self.end {
            if self.offset != self.run.end_offset {
                return Err(self.corrupt(CorruptRun::Offsets { expected: self.run.end_offset }));
            }
            return Ok(None);
        }
        let bytes = self.bytes(self.position, HEADER_BYTES).await?;
        let joined;
        let bytes = match bytes.as_slice() {
            [bytes] => bytes,
            pieces => {
                joined = join(pieces);
                &joined
            }
        };
        let header = BatchHeader::parse(bytes).map_err(|error| self.corrupt(error.into()))?;
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

    /// What is behind the header of a batch.
    pub(super) async fn body(&mut self, batch: &WalkedBatch) -> Result<Vec<Bytes>, FetchRefusal> {
        let from = batch.position + HEADER_BYTES as u64;
        let length = batch.header.total_bytes() - HEADER_BYTES;
        let mut pieces = self.bytes(from, length).await?;
        for piece in &mut pieces {
            if piece.len() < LEAST_SHARED {
                *piece = Bytes::copy_from_slice(piece);
            }
        }
        Ok(pieces)
    }

    /// `length` bytes of the segment, in as many pieces as there are blocks.
    async fn bytes(&mut self, mut from: u64, length: usize) -> Result<Vec<Bytes>, FetchRefusal> {
        let mut left = length;
        let mut pieces = Vec::with_capacity(1);
        while left > 0 {
            let index = BlockIndex::of(from);
            let block = self.block(index).await?;
            // Less than the length of a block.
            let start = usize::try_from(from - index.start()).unwrap_or(usize::MAX);
            let end = start.saturating_add(left).min(block.len());
            if start >= end || (end - start < left && (block.len() as u64) < BLOCK_BYTES) {
                return Err(self.corrupt(CorruptRun::Ends));
            }
            pieces.push(block.slice(start..end));
            from += (end - start) as u64;
            left -= end - start;
        }
        Ok(pieces)
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

pub(super) fn join(pieces: &[Bytes]) -> Bytes {
    let mut joined = BytesMut::with_capacity(pieces.iter().map(Bytes::len).sum());
    pieces.iter().for_each(|piece| joined.extend_from_slice(piece));
    joined.freeze()
}
