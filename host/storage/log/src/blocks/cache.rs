use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use forebay_lifecycle::Spawner;
use forebay_metrics::{Counter, MetricError, Metrics};
use forebay_model::{ByteCount, SegmentName};
use forebay_storage_objects::{ObjectName, Objects, Payload};
use quick_cache::Weighter;
use quick_cache::sync::Cache;
use tokio::sync::Semaphore;

use super::{BLOCK_BYTES, BlockError, BlockIndex, BlockSource};

/// Blocks in the memory of this agent. However many want a block that is not there, it is read once.
pub struct BlockCache {
    kept: Arc<Kept>,
    hits: Counter,
    misses: Counter,
    ahead: Option<Ahead>,
}

struct Kept {
    objects: Arc<dyn Objects>,
    blocks: Cache<Key, Bytes, ByBytes>,
}

/// Reading before somebody asks.
struct Ahead {
    spawner: Spawner,
    turns: Arc<Semaphore>,
}

/// Blocks that are read at the same time for nobody yet.
const READ_AHEAD: usize = 4;

type Key = (SegmentName, BlockIndex);

#[derive(Clone)]
struct ByBytes;

impl Weighter<Key, Bytes> for ByBytes {
    fn weight(&self, (segment, _): &Key, block: &Bytes) -> u64 {
        // What the cache itself needs for an entry, roughly: there may be many small segments.
        (block.len() + segment.as_str().len() + 128) as u64
    }
}

impl BlockCache {
    /// Keeps up to `capacity` of what it reads from `objects`.
    #[must_use]
    pub fn new(objects: Arc<dyn Objects>, capacity: ByteCount) -> Self {
        // Segments of busy agents have a full block and a half, those of idle ones are much smaller.
        let expected =
            usize::try_from(capacity.get() / (BLOCK_BYTES / 4)).unwrap_or(usize::MAX).clamp(16, 1 << 20);
        let blocks = Cache::with_weighter(expected, capacity.get(), ByBytes);
        let kept = Arc::new(Kept { objects, blocks });
        Self { kept, hits: Counter::default(), misses: Counter::default(), ahead: None }
    }

    /// Reads on tasks of `spawner` what is expected to be wanted next.
    #[must_use]
    pub fn reading_ahead(self, spawner: Spawner) -> Self {
        Self { ahead: Some(Ahead { spawner, turns: Arc::new(Semaphore::new(READ_AHEAD)) }), ..self }
    }

    /// Counts in `metrics`, as `warpstream_agent_file_cache_blocks{outcome}`.
    ///
    /// # Errors
    /// When the name is taken by a metric of another kind.
    pub fn measured(self, metrics: &Metrics) -> Result<Self, MetricError> {
        let counter = |outcome| {
            let help = "Blocks that were asked for, and whether they were in memory";
            metrics.counter("warpstream_agent_file_cache_blocks", help, &[("outcome", outcome)])
        };
        Ok(Self { hits: counter("hit")?, misses: counter("miss")?, ..self })
    }

    /// How often a block was there, and how often it was not.
    #[must_use]
    pub fn counts(&self) -> (Counter, Counter) {
        (self.hits.clone(), self.misses.clone())
    }
}

impl Kept {
    /// A block that is not there: read, unless somebody is reading it.
    async fn fill(&self, key: &Key, misses: &Counter) -> Result<Bytes, BlockError> {
        self.blocks.get_or_insert_async(key, self.read(key, misses)).await
    }

    async fn read(&self, (segment, index): &Key, misses: &Counter) -> Result<Bytes, BlockError> {
        misses.inc();
        let name: ObjectName = segment.as_str().parse().map_err(|_| BlockError::NotFound {
            // No object ever had such a name.
            segment: segment.clone(),
        })?;
        let start = index.start();
        let block = self.objects.get(&name, start..start.saturating_add(BLOCK_BYTES)).await;
        block.map_err(|error| BlockError::of_store(segment, *index, error))
    }
}

#[async_trait]
impl BlockSource for BlockCache {
    async fn block(&self, segment: &SegmentName, index: BlockIndex) -> Result<Bytes, BlockError> {
        let key = (segment.clone(), index);
        if let Some(block) = self.kept.blocks.get(&key) {
            self.hits.inc();
            return Ok(block);
        }
        self.kept.fill(&key, &self.misses).await
    }

    fn expect(&self, segment: &SegmentName, index: BlockIndex) {
        let Some(ahead) = &self.ahead else { return };
        let key = (segment.clone(), index);
        if self.kept.blocks.contains_key(&key) {
            return;
        }
        // Where many are on their way already, the store has enough to do.
        let Ok(turn) = Arc::clone(&ahead.turns).try_acquire_owned() else { return };
        let (kept, misses) = (Arc::clone(&self.kept), self.misses.clone());
        ahead.spawner.spawn(async move {
            // Whoever asks for it is told what is wrong with it.
            let _ = kept.fill(&key, &misses).await;
            drop(turn);
        });
    }

    fn keep(&self, segment: &SegmentName, payload: &Payload) {
        let most = usize::try_from(BLOCK_BYTES).unwrap_or(usize::MAX);
        let mut index = BlockIndex::of(0);
        let mut left = payload.len();
        let mut block = BytesMut::new();
        for mut piece in payload.pieces().iter().cloned() {
            while !piece.is_empty() {
                if block.is_empty() {
                    block.reserve(left.min(most));
                }
                let part = piece.split_to(piece.len().min(most - block.len()));
                block.extend_from_slice(&part);
                left -= part.len();
                if block.len() == most || left == 0 {
                    self.kept.blocks.insert((segment.clone(), index), block.split().freeze());
                    index = index.next();
                }
            }
        }
    }
}

impl fmt::Debug for BlockCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BlockCache").field("bytes", &self.kept.blocks.weight()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use forebay_storage_objects::{Fault, Faults, Faulty, Operation, open};
    use futures_util::future::join_all;

    use super::*;

    async fn store(name: &str, bytes: usize) -> (Arc<Faults>, Arc<dyn Objects>, SegmentName) {
        let faults = Arc::new(Faults::new(0));
        let inner = open(&format!("mem://block-cache-{name}"), []).unwrap();
        let objects = Arc::new(Faulty::new(inner, Arc::clone(&faults)));
        let payload: Vec<u8> = (0..bytes).map(|n| u8::try_from(n % 251).unwrap()).collect();
        objects.put(&"vci/segments/a".parse().unwrap(), Payload::from(payload)).await.unwrap();
        (faults, objects, "vci/segments/a".parse().unwrap())
    }

    #[tokio::test(start_paused = true)]
    async fn a_block_that_many_want_is_read_once() {
        let (faults, objects, segment) = store("once", 5 << 20).await;
        faults.always(Operation::Get, Fault::Delay(Duration::from_secs(1)));
        let cache = BlockCache::new(objects, ByteCount::new(64 << 20));
        let wanted = (0..10).map(|n| cache.block(&segment, BlockIndex(n % 2)));
        for (n, block) in join_all(wanted).await.into_iter().enumerate() {
            assert_eq!(block.unwrap().len(), [4 << 20, 1 << 20][n % 2]);
        }
        assert_eq!(faults.count(Operation::Get), 2);
        assert!(matches!(
            cache.block(&segment, BlockIndex(2)).await,
            Err(BlockError::Beyond { index: BlockIndex(2), .. })
        ));
    }

    #[tokio::test(start_paused = true)]
    async fn who_reads_may_go_away_or_fail_and_the_next_one_reads() {
        let (faults, objects, segment) = store("away", 100).await;
        let cache = BlockCache::new(objects, ByteCount::new(1 << 20));
        faults.next(Operation::Get, [Fault::Hang, Fault::Fail, Fault::Delay(Duration::from_secs(1))]);
        let gone = tokio::time::timeout(Duration::from_secs(1), cache.block(&segment, BlockIndex(0)));
        let waiting = async {
            tokio::task::yield_now().await;
            cache.block(&segment, BlockIndex(0)).await
        };
        let (gone, failed) = tokio::join!(gone, waiting);
        assert!(gone.is_err());
        assert!(matches!(failed, Err(BlockError::Store { .. })));
        assert_eq!(cache.block(&segment, BlockIndex(0)).await.unwrap().len(), 100);
    }

    #[tokio::test]
    async fn no_more_is_kept_than_the_capacity() {
        let (_, objects, segment) = store("bounded", 40 << 20).await;
        let cache = BlockCache::new(objects, ByteCount::new(16 << 20));
        for index in 0..10 {
            cache.block(&segment, BlockIndex(index)).await.unwrap();
        }
        assert!(cache.kept.blocks.weight() <= 16 << 20);
        let (_, misses) = cache.counts();
        assert_eq!(misses.get(), 10);
    }

    #[tokio::test]
    async fn what_is_expected_is_there_when_it_is_wanted() {
        let (faults, objects, segment) = store("ahead", 9 << 20).await;
        let cache = BlockCache::new(objects, ByteCount::new(64 << 20));
        cache.expect(&segment, BlockIndex(0));
        let cache = cache.reading_ahead(Spawner::current());
        cache.expect(&segment, BlockIndex(1));
        cache.expect(&segment, BlockIndex(9));
        // Nobody has asked yet; whoever does waits for the reading that is under way.
        assert_eq!(cache.block(&segment, BlockIndex(1)).await.unwrap().len(), 4 << 20);
        cache.expect(&segment, BlockIndex(1));
        tokio::task::yield_now().await;
        assert!(matches!(cache.block(&segment, BlockIndex(9)).await, Err(BlockError::Beyond { .. })));
        assert_eq!(faults.count(Operation::Get), 3);
    }

    #[tokio::test]
    async fn a_segment_that_is_kept_is_not_read() {
        let (faults, objects, segment) = store("kept", 9 << 20).await;
        let whole = objects.get(&segment.as_str().parse().unwrap(), 0..9 << 20).await.unwrap();
        let cache = BlockCache::new(objects, ByteCount::new(64 << 20));
        let pieces: Vec<_> = [(0, 5), (5, 5 << 20), (5 << 20, 5 << 20), (5 << 20, 9 << 20)]
            .map(|(from, to)| whole.slice(from..to))
            .into();
        cache.keep(&segment, &Payload::from(pieces));
        for (index, range) in [(0, 0..4 << 20), (1, 4 << 20..8 << 20), (2, 8 << 20..9 << 20)] {
            assert!(cache.block(&segment, BlockIndex(index)).await.unwrap() == whole.slice(range));
        }
        assert_eq!(faults.count(Operation::Get), 1);
    }
}
