//! Which blocks are wanted next, so that they are on their way before somebody waits for them.

use std::future::ready;

use forebay_model::{Offset, SegmentName};
use forebay_storage_metadata::Run;
use futures_util::StreamExt as _;

use crate::blocks::{BlockIndex, BlockSource};
use crate::index::Indexed;

/// Blocks of one fetch that are under way at the same time.
const AT_ONCE: usize = 4;
/// Blocks that a fetch asks for before it comes to them, and those of the next one.
const MOST_NEEDED: usize = 64;
const MOST_EXPECTED: usize = 3;

type Block = (SegmentName, BlockIndex);

/// The blocks that reading needs, in the order in which it does.
pub(super) fn needed(indexed: &[Indexed]) -> Vec<Block> {
    let mut blocks = Vec::new();
    for indexed in indexed {
        let Ok(found) = &indexed.found else { continue };
        let mut left = indexed.wanted.max_bytes.get();
        for (place, run) in found.runs.iter().enumerate() {
            // The first may be wanted from its middle on, which only reading tells.
            let length = if place == 0 { run.length.get() } else { run.length.get().min(left) };
            add(&mut blocks, run, run.position.get(), length, MOST_NEEDED);
            left = left.saturating_sub(length);
        }
    }
    blocks
}

/// The blocks that a fetch of `bytes` from `next` on will need, about.
pub(super) fn expected(runs: &[Run], next: Offset, bytes: u64) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut left = bytes;
    for run in runs {
        let length = run.length.get();
        // As if all records of a run had the same length.
        let all = run.end_offset.since(run.base_offset).max(1);
        let skipped = u128::from(length) * u128::from(next.since(run.base_offset).min(all)) / u128::from(all);
        let skipped = u64::try_from(skipped).unwrap_or(length).min(length);
        let wanted = (length - skipped).min(left);
        add(&mut blocks, run, run.position.get() + skipped, wanted, MOST_EXPECTED);
        left -= wanted;
    }
    blocks
}

fn add(blocks: &mut Vec<Block>, run: &Run, position: u64, length: u64, most: usize) {
    if length == 0 {
        return;
    }
    let last = BlockIndex::of(position.saturating_add(length - 1));
    let mut block = BlockIndex::of(position);
    while block <= last && blocks.len() < most {
        if blocks.last().is_none_or(|(segment, last)| *segment != run.segment || *last != block) {
            blocks.push((run.segment.clone(), block));
        }
        block = block.next();
    }
}

/// Reads blocks, a few at a time. Who needs one waits for the same reading.
pub(super) async fn fetch(source: &dyn BlockSource, blocks: Vec<Block>) {
    let fetch = |(segment, block): Block| async move {
        // Whoever needs it is told what is wrong with it.
        let _ = source.block(&segment, block).await;
    };
    futures_util::stream::iter(blocks).map(fetch).buffered(AT_ONCE).for_each(ready).await;
}

#[cfg(test)]
mod tests {
    use forebay_model::{ByteCount, Timestamp};

    use super::*;
    use crate::blocks::BLOCK_BYTES;

    fn run(segment: &str, position: u64, length: u64, base: i64) -> Run {
        Run {
            segment: segment.parse().unwrap(),
            position: ByteCount::new(position),
            length: ByteCount::new(length),
            base_offset: Offset::new(base).unwrap(),
            end_offset: Offset::new(base + 100).unwrap(),
            max_timestamp: Timestamp::NONE,
            log_append_time: None,
        }
    }

    #[test]
    fn the_next_blocks_are_those_behind_what_was_taken() {
        let runs = [run("a", 8, 2 * BLOCK_BYTES, 0), run("b", 8, 100, 100), run("c", 8, 100, 200)];
        let blocks = |next, bytes| -> Vec<_> {
            let blocks = expected(&runs, Offset::new(next).unwrap(), bytes);
            blocks
                .into_iter()
                .map(|(segment, block)| (segment.to_string(), block.start() / BLOCK_BYTES))
                .collect()
        };
        assert_eq!(blocks(10, 100), [("a".to_owned(), 0)]);
        assert_eq!(blocks(51, 100), [("a".to_owned(), 1)]);
        assert_eq!(blocks(99, BLOCK_BYTES), [("a".to_owned(), 1), ("a".to_owned(), 2), ("b".to_owned(), 0)]);
    }
}
