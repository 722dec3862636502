mod ahead;
mod error;
mod lookup;
pub(crate) mod walk;

use std::sync::Arc;

use forebay_kafka_wire::{Pieces, PiecesBuilder};
use forebay_model::{ByteCount, LeaderEpoch, Offset, VirtualClusterId};
use forebay_storage_metadata::{FindFrom, Found, LogBounds, MetadataStore};
use futures_util::future::{Either, select};

use crate::blocks::{BlockError, BlockSource};
use crate::index::{Index, Indexed};
pub use error::{CorruptRun, FetchError, FetchRefusal, LookupError};
pub use lookup::OffsetAndTime;
use walk::{LEAST_SHARED, RunWalker, Taking};

/// Reads batches: finds them by the metadata store's index, takes their bytes from blocks.
#[derive(Debug, Clone)]
pub struct Reader {
    metadata: Arc<dyn MetadataStore>,
    index: Arc<Index>,
    blocks: Arc<dyn BlockSource>,
}

/// What a partition has from an offset on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fetched {
    /// Where the log starts and ends.
    pub bounds: LogBounds,
    /// Whole batches in the order of offsets, as a consumer gets them: each with a header of its own, which says its
    /// place in the log, and a body that others may share. The first has the offset that was asked for, and may begin
    /// before it.
    pub batches: Pieces,
    /// How many records they say that they have.
    pub records: u64,
}

/// An index that says that a segment is there which is not is read again so often.
const INDEX_READS: usize = 3;
/// What is remembered of the index by a reader that has it for itself.
const INDEX_BYTES: ByteCount = ByteCount::new(16 << 20);

impl Reader {
    /// Reads what `metadata` has an index of, from `blocks`.
    #[must_use]
    pub fn new(metadata: Arc<dyn MetadataStore>, blocks: Arc<dyn BlockSource>) -> Self {
        let index = Arc::new(Index::new(Arc::clone(&metadata), INDEX_BYTES));
        Self::with_index(metadata, index, blocks)
    }

    /// The same, by an index that a writer may feed.
    #[must_use]
    pub fn with_index(
        metadata: Arc<dyn MetadataStore>,
        index: Arc<Index>,
        blocks: Arc<dyn BlockSource>,
    ) -> Self {
        Self { metadata, index, blocks }
    }

    /// What partitions have from offsets on, `max_bytes` in all. The answers are in the order of `from`. The first
    /// batch of all is returned whatever its size, or a consumer could never get beyond it; so is none that is not
    /// wholly within the limits.
    ///
    /// # Errors
    /// When the index can't be asked. What concerns one partition is an answer for it.
    pub async fn fetch(
        &self,
        cluster: &VirtualClusterId,
        from: Vec<FindFrom>,
        max_bytes: ByteCount,
    ) -> Result<Vec<Result<Fetched, FetchRefusal>>, FetchError> {
        let indexed = self.find(cluster, from, max_bytes).await?;
        self.read(cluster, indexed, max_bytes).await
    }

    /// The first half of a fetch: where the batches lie, in the order of `from`. Nothing is read.
    ///
    /// # Errors
    /// When the index can't be asked.
    pub async fn find(
        &self,
        cluster: &VirtualClusterId,
        from: Vec<FindFrom>,
        max_bytes: ByteCount,
    ) -> Result<Vec<Indexed>, FetchError> {
        self.index.find(cluster, from, max_bytes).await
    }

    /// The second half: reads what was found.
    ///
    /// # Errors
    /// When the index must be asked again, and can't be.
    pub async fn read(
        &self,
        cluster: &VirtualClusterId,
        indexed: Vec<Indexed>,
        max_bytes: ByteCount,
    ) -> Result<Vec<Result<Fetched, FetchRefusal>>, FetchError> {
        let needed = ahead::needed(&indexed);
        let reading = Box::pin(self.read_all(cluster, indexed, max_bytes));
        if needed.len() < 2 {
            return reading.await;
        }
        // Whoever reads waits for one block; the next ones are on their way meanwhile.
        match select(reading, Box::pin(ahead::fetch(&*self.blocks, needed))).await {
            Either::Left((read, _)) => read,
            Either::Right(((), reading)) => reading.await,
        }
    }

    async fn read_all(
        &self,
        cluster: &VirtualClusterId,
        indexed: Vec<Indexed>,
        max_bytes: ByteCount,
    ) -> Result<Vec<Result<Fetched, FetchRefusal>>, FetchError> {
        let mut left = max_bytes.get();
        let mut is_first = true;
        let mut answers = Vec::with_capacity(indexed.len());
        for Indexed { wanted, found } in indexed {
            let found = match found {
                Ok(found) => found,
                Err(refusal) => {
                    answers.push(Err(FetchRefusal::Index(refusal)));
                    continue;
                }
            };
            let budget = Budget { bytes: left.min(wanted.max_bytes.get()), is_first };
            let answer = self.read_one(cluster, wanted, found, budget).await?;
            if let Ok(fetched) = &answer {
                left = left.saturating_sub(fetched.batches.len() as u64);
                is_first &= fetched.batches.is_empty();
            }
            answers.push(answer);
        }
        Ok(answers)
    }

    /// Reads what was found. When a segment is not there, somebody has deleted it since: so the index is asked again.
    async fn read_one(
        &self,
        cluster: &VirtualClusterId,
        wanted: FindFrom,
        mut found: Found,
        budget: Budget,
    ) -> Result<Result<Fetched, FetchRefusal>, FetchError> {
        for _ in 1..INDEX_READS {
            match self.read_once(wanted, &found, budget).await {
                Err(FetchRefusal::Block(BlockError::NotFound { segment })) => {
                    tracing::debug!(%segment, "reading the index again, since a segment is not there");
                }
                answer => return Ok(answer),
            }
            self.index.forget(wanted.log);
            let max_bytes = ByteCount::new(budget.bytes);
            let again = self.find(cluster, vec![FindFrom { max_bytes, ..wanted }], max_bytes).await?;
            match again.into_iter().next().map(|again| again.found) {
                Some(Ok(again)) => found = again,
                Some(Err(refusal)) => return Ok(Err(FetchRefusal::Index(refusal))),
                None => return Err(FetchError::Answers { asked: 1, got: 0 }),
            }
        }
        Ok(self.read_once(wanted, &found, budget).await)
    }

    async fn read_once(
        &self,
        wanted: FindFrom,
        found: &Found,
        budget: Budget,
    ) -> Result<Fetched, FetchRefusal> {
        let mut batches = PiecesBuilder::default();
        let mut records = 0;
        let mut next = wanted.offset;
        'runs: for run in &found.runs {
            let mut walker = RunWalker::new(&*self.blocks, run);
            let mut taking = None;
            while let Some(batch) = walker.next().await? {
                // Runs that were put together may begin before the end of those that somebody remembers.
                if batch.end_offset() <= next {
                    continue;
                }
                let is_allowed = budget.is_first && batches.is_empty();
                let length = batch.header.total_bytes() as u64;
                let left = budget.bytes.saturating_sub(batches.len() as u64);
                if !is_allowed && length > left {
                    self.index.divide(wanted.log, &run.segment, batch.base_offset, batch.position());
                    break 'runs;
                }
                let taking = *taking.get_or_insert_with(|| {
                    let taken = walker.left_from(&batch).min(left.max(length));
                    let taking = Taking::of(taken);
                    if taking == Taking::Copy {
                        batches.own().reserve(usize::try_from(taken).unwrap_or(0));
                    }
                    taking
                });
                let header = batch.header.stamped(batch.base_offset, LeaderEpoch::ZERO, run.log_append_time);
                batches.copy(&header.to_bytes());
                walker.body(&batch, &mut batches, taking).await?;
                records += u64::from(batch.header.record_count.get());
                next = batch.end_offset();
                if batches.len() as u64 >= budget.bytes {
                    self.index.divide(wanted.log, &run.segment, next, walker.position());
                    break 'runs;
                }
            }
        }
        self.expect(wanted, next, batches.len() as u64);
        Ok(Fetched { bounds: found.bounds, batches: unpinned(batches.build()), records })
    }

    /// Has blocks read that will be wanted next, if more is known to lie behind what was taken.
    fn expect(&self, wanted: FindFrom, next: Offset, taken: u64) {
        if next > wanted.offset {
            let runs = self.index.peek(wanted.log, next, taken);
            ahead::expected(&runs, next, taken).iter().for_each(|(segment, block)| {
                self.blocks.expect(segment, *block);
            });
        }
    }
}

/// Copies what turned out to be little after all: a batch behind it may have found no room.
fn unpinned(batches: Pieces) -> Pieces {
    let is_little = (batches.len() as u64) < LEAST_SHARED;
    if is_little && batches.as_slice().len() > 1 { batches.join().into() } else { batches }
}

/// What may still be returned.
#[derive(Debug, Clone, Copy)]
struct Budget {
    bytes: u64,
    /// Nothing was returned yet: one batch is allowed in any case.
    is_first: bool,
}
