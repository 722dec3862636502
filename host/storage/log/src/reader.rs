mod error;
mod lookup;
mod walk;

use std::sync::Arc;

use bytes::Bytes;
use forebay_kafka_wire::HEADER_BYTES;
use forebay_model::{ByteCount, LeaderEpoch, Offset, RecordCount, VirtualClusterId};
use forebay_storage_metadata::{FindFrom, Found, LogBounds, MetadataStore};

use crate::blocks::{BlockError, BlockSource};
pub use error::{CorruptRun, FetchError, FetchRefusal, LookupError};
pub use lookup::OffsetAndTime;
use walk::RunWalker;

/// Reads batches: finds them by the metadata store's index, takes their bytes from blocks.
#[derive(Debug, Clone)]
pub struct Reader {
    metadata: Arc<dyn MetadataStore>,
    blocks: Arc<dyn BlockSource>,
}

/// What a partition has from an offset on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fetched {
    /// Where the log starts and ends.
    pub bounds: LogBounds,
    /// In the order of offsets. The first has the offset that was asked for, and may begin before it.
    pub batches: Vec<FetchedBatch>,
}

/// A batch as a consumer gets it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FetchedBatch {
    /// The offset of its first record.
    pub base_offset: Offset,
    /// How many offsets it takes.
    pub offsets: RecordCount,
    /// Its header, with its place in the log.
    pub header: [u8; HEADER_BYTES],
    /// Everything behind the header, mostly in one piece: shared with others who read the same.
    pub body: Vec<Bytes>,
}

/// An index that says that a segment is there which is not is read again so often.
const INDEX_READS: usize = 3;

impl FetchedBatch {
    /// How many bytes it has.
    #[must_use]
    pub fn len(&self) -> usize {
        self.header.len() + self.body.iter().map(Bytes::len).sum::<usize>()
    }

    /// Never: there is a header.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        false
    }
}

impl Reader {
    /// Reads what `metadata` has an index of, from `blocks`.
    #[must_use]
    pub fn new(metadata: Arc<dyn MetadataStore>, blocks: Arc<dyn BlockSource>) -> Self {
        Self { metadata, blocks }
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
        let found = self.metadata.find(cluster, from.clone(), max_bytes).await?;
        if found.len() != from.len() {
            return Err(FetchError::Answers { asked: from.len(), got: found.len() });
        }
        let mut left = max_bytes.get();
        let mut is_first = true;
        let mut answers = Vec::with_capacity(from.len());
        for (wanted, found) in from.into_iter().zip(found) {
            let found = match found {
                Ok(found) => found,
                Err(refusal) => {
                    answers.push(Err(FetchRefusal::Index(refusal)));
                    continue;
                }
            };
            let budget = Budget { bytes: left.min(wanted.max_bytes.get()), is_first };
            let answer = self.read(cluster, wanted, found, budget).await?;
            if let Ok(fetched) = &answer {
                let bytes: usize = fetched.batches.iter().map(FetchedBatch::len).sum();
                left = left.saturating_sub(bytes as u64);
                is_first &= fetched.batches.is_empty();
            }
            answers.push(answer);
        }
        Ok(answers)
    }

    /// Reads what was found. When a segment is not there, somebody has deleted it since: so the index is asked again.
    async fn read(
        &self,
        cluster: &VirtualClusterId,
        wanted: FindFrom,
        mut found: Found,
        budget: Budget,
    ) -> Result<Result<Fetched, FetchRefusal>, FetchError> {
        for _ in 1..INDEX_READS {
            match self.read_once(wanted.offset, &found, budget).await {
                Err(FetchRefusal::Block(BlockError::NotFound { segment })) => {
                    tracing::debug!(%segment, "reading the index again, since a segment is not there");
                }
                answer => return Ok(answer),
            }
            let max_bytes = ByteCount::new(budget.bytes);
            let again =
                self.metadata.find(cluster, vec![FindFrom { max_bytes, ..wanted }], max_bytes).await?;
            match again.into_iter().next() {
                Some(Ok(again)) => found = again,
                Some(Err(refusal)) => return Ok(Err(FetchRefusal::Index(refusal))),
                None => return Err(FetchError::Answers { asked: 1, got: 0 }),
            }
        }
        Ok(self.read_once(wanted.offset, &found, budget).await)
    }

    async fn read_once(&self, from: Offset, found: &Found, budget: Budget) -> Result<Fetched, FetchRefusal> {
        let mut fetched = Fetched { bounds: found.bounds, batches: Vec::new() };
        let mut bytes = 0;
        for run in &found.runs {
            let mut walker = RunWalker::new(&*self.blocks, run);
            while let Some(batch) = walker.next().await? {
                if batch.end_offset() <= from {
                    continue;
                }
                let is_allowed = budget.is_first && fetched.batches.is_empty();
                let length = batch.header.total_bytes() as u64;
                if !is_allowed && bytes + length > budget.bytes {
                    return Ok(fetched);
                }
                bytes += length;
                let header = batch.header.stamped(batch.base_offset, LeaderEpoch::ZERO, run.log_append_time);
                fetched.batches.push(FetchedBatch {
                    base_offset: batch.base_offset,
                    offsets: batch.header.offset_count(),
                    header: header.to_bytes(),
                    body: walker.body(&batch).await?,
                });
                if bytes >= budget.bytes {
                    return Ok(fetched);
                }
            }
        }
        Ok(fetched)
    }
}

/// What may still be returned.
#[derive(Debug, Clone, Copy)]
struct Budget {
    bytes: u64,
    /// Nothing was returned yet: one batch is allowed in any case.
    is_first: bool,
}
