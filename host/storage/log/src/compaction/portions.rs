use forebay_kafka_wire::RecordBatch;
use forebay_model::Offset;
use forebay_storage_metadata::Run;

use super::output::{UnreadableRun, next};
use crate::blocks::BlockSource;
use crate::reader::walk::RunWalker;

/// How many bytes of batches make a portion, or one batch. Whoever works on records has so many of them in memory, and
/// those of one batch unpacked.
const PORTION: usize = 1 << 20;
/// And no more batches than this, of which each may become larger when it is unpacked.
const MOST_BATCHES: usize = 1_000;

/// The batches of runs that follow each other, several at a time: work on them leaves the threads that serve clients,
/// and a small batch alone is not worth that.
pub(super) struct Portions<'a> {
    blocks: &'a dyn BlockSource,
    rest: &'a [Run],
    walker: Option<(RunWalker<'a>, &'a Run)>,
}

/// A batch, and the offset behind it.
pub(super) type Behind = (RecordBatch, Offset);

impl<'a> Portions<'a> {
    pub(super) fn new(blocks: &'a dyn BlockSource, runs: &'a [Run]) -> Self {
        Self { blocks, rest: runs, walker: None }
    }

    /// The next ones; none at the end. Those that came before one that can't be read are lost with it.
    pub(super) async fn next(&mut self) -> Result<Vec<Behind>, UnreadableRun> {
        let (mut portion, mut bytes) = (Vec::new(), 0);
        while bytes < PORTION && portion.len() < MOST_BATCHES {
            let Some((walker, run)) = &mut self.walker else {
                let Some((run, rest)) = self.rest.split_first() else { break };
                self.rest = rest;
                self.walker = Some((RunWalker::new(self.blocks, run), run));
                continue;
            };
            match next(walker, run).await? {
                Some((batch, behind)) => {
                    bytes += batch.header().total_bytes();
                    portion.push((batch, behind));
                }
                None => self.walker = None,
            }
        }
        Ok(portion)
    }
}
