mod commit;
mod index;
mod offsets;

use std::time::Duration;

use async_trait::async_trait;
use forebay_model::{ByteCount, Offset, Timestamp, TopicIdPartition, VirtualClusterId};

use crate::StoreFailure;
pub use commit::{
    BatchCommit, BatchCommitted, BatchRefusal, CommitError, CommitOutcome, IdempotentBatch, ProduceCommit,
    ProduceOutcome, SegmentCommit, TimestampType, UPLOAD_HORIZON,
};
pub use index::{FindFrom, FindRefusal, Found, Run};
pub use offsets::{DeleteBefore, LogBounds, LogMissing, OffsetQuery, OffsetsFound, RecordsKept};

/// What partitions hold: offsets, and where their records lie.
///
/// Answers about several partitions are in the order in which they were asked for, one for each.
#[async_trait]
pub trait Log: Send + Sync {
    /// Commits a segment whose object is durable: the records in it get their offsets and are found from now on.
    ///
    /// One transaction for the whole segment, in which each Produce request is committed or refused by itself, with
    /// all its batches: a refused one never fails its neighbours. Batches of a partition get dense offsets in the order
    /// in which they stand here. Idempotent producers are judged as Kafka does it; see [`BatchRefusal`].
    ///
    /// Who does not know what became of a commit asks again with the same id, and gets the outcome that was recorded.
    ///
    /// # Errors
    /// Then nothing of the segment is committed, unless the error says otherwise.
    async fn commit(
        &self,
        cluster: &VirtualClusterId,
        commit: SegmentCommit,
    ) -> Result<CommitOutcome, CommitError>;

    /// Where the records of partitions lie from an offset on: runs in the order of offsets, whose first has that
    /// offset, and as many as it takes to have `max_bytes` for the partition; in all partitions together hardly more
    /// than `max_bytes`. Each partition that has records gets one run at least as long as no budget is used up; the first
    /// always does. What is behind the offset costs nothing.
    ///
    /// # Errors
    /// When the store can't be asked.
    async fn find(
        &self,
        cluster: &VirtualClusterId,
        from: Vec<FindFrom>,
        max_bytes: ByteCount,
    ) -> Result<Vec<Result<Found, FindRefusal>>, StoreFailure>;

    /// Where logs start and end. `None` for those that do not exist.
    ///
    /// # Errors
    /// When the store can't be asked.
    async fn bounds(
        &self,
        cluster: &VirtualClusterId,
        logs: Vec<TopicIdPartition>,
    ) -> Result<Vec<Option<LogBounds>>, StoreFailure>;

    /// Offsets by what clients ask for.
    ///
    /// # Errors
    /// When the store can't be asked.
    async fn list_offsets(
        &self,
        cluster: &VirtualClusterId,
        queries: Vec<(TopicIdPartition, OffsetQuery)>,
    ) -> Result<Vec<Result<OffsetsFound, LogMissing>>, StoreFailure>;

    /// Deletes what lies before an offset. Deleting what is deleted already changes nothing.
    ///
    /// # Errors
    /// When the store can't be asked.
    async fn delete_records(
        &self,
        cluster: &VirtualClusterId,
        before: Vec<(TopicIdPartition, DeleteBefore)>,
    ) -> Result<Vec<Result<Offset, RecordsKept>>, StoreFailure>;

    /// Waits until the end of one of these logs is another than the one that is known, for `timeout` at most, and
    /// tells the bounds of those; nothing when the time is over. A log that does not exist, or no longer, ends the wait
    /// with `None`.
    ///
    /// # Errors
    /// When the store can't be asked.
    ///
    /// # Cancel safety
    /// Whoever no longer waits is forgotten.
    async fn watch_offsets(
        &self,
        cluster: &VirtualClusterId,
        known: Vec<(TopicIdPartition, Offset)>,
        timeout: Duration,
    ) -> Result<Vec<(TopicIdPartition, Option<LogBounds>)>, StoreFailure>;

    /// About when the records at these offsets were committed, by the minute index. `None` where nothing is known.
    /// Only good for saying how late a consumer is.
    ///
    /// # Errors
    /// When the store can't be asked.
    async fn committed_about(
        &self,
        cluster: &VirtualClusterId,
        records: Vec<(TopicIdPartition, Offset)>,
    ) -> Result<Vec<Option<Timestamp>>, StoreFailure>;
}
