use std::time::Duration;

use async_trait::async_trait;
use forebay_model::{ByteCount, Offset, Timestamp, TopicIdPartition, VirtualClusterId};
use forebay_storage_metadata::{
    CommitError, CommitOutcome, DeleteBefore, FindFrom, FindRefusal, Found, Log, LogBounds, LogMissing,
    OffsetQuery, OffsetsFound, RecordsKept, SegmentCommit, StoreFailure,
};

use crate::tries::tried;
use crate::{PostgresMetadataStore, commit, ends, find, list_offsets, minutes, retention};

#[async_trait]
impl Log for PostgresMetadataStore {
    async fn commit(
        &self,
        cluster: &VirtualClusterId,
        commit: SegmentCommit,
    ) -> Result<CommitOutcome, CommitError> {
        Box::pin(commit::commit(self, cluster, &commit)).await
    }

    async fn find(
        &self,
        cluster: &VirtualClusterId,
        from: Vec<FindFrom>,
        max_bytes: ByteCount,
    ) -> Result<Vec<Result<Found, FindRefusal>>, StoreFailure> {
        let Some(vc) = tried!(&self.pool, self.vc(cluster)) else {
            return Ok(vec![Err(FindRefusal::NoPartition); from.len()]);
        };
        Ok(tried!(&self.pool, find::find(&self.pool, vc, &from, max_bytes)))
    }

    async fn bounds(
        &self,
        cluster: &VirtualClusterId,
        logs: Vec<TopicIdPartition>,
    ) -> Result<Vec<Option<LogBounds>>, StoreFailure> {
        let Some(vc) = tried!(&self.pool, self.vc(cluster)) else { return Ok(vec![None; logs.len()]) };
        Ok(tried!(&self.pool, list_offsets::bounds(&self.pool, vc, &logs)))
    }

    async fn list_offsets(
        &self,
        cluster: &VirtualClusterId,
        queries: Vec<(TopicIdPartition, OffsetQuery)>,
    ) -> Result<Vec<Result<OffsetsFound, LogMissing>>, StoreFailure> {
        let Some(vc) = tried!(&self.pool, self.vc(cluster)) else {
            return Ok(vec![Err(LogMissing); queries.len()]);
        };
        Ok(tried!(&self.pool, list_offsets::list(&self.pool, vc, &queries)))
    }

    async fn delete_records(
        &self,
        cluster: &VirtualClusterId,
        before: Vec<(TopicIdPartition, DeleteBefore)>,
    ) -> Result<Vec<Result<Offset, RecordsKept>>, StoreFailure> {
        let Some(vc) = tried!(&self.pool, self.vc(cluster)) else {
            return Ok(vec![Err(RecordsKept::NoPartition); before.len()]);
        };
        Ok(tried!(&self.pool, retention::delete_records(self, vc, &before)))
    }

    async fn watch_offsets(
        &self,
        cluster: &VirtualClusterId,
        known: Vec<(TopicIdPartition, Offset)>,
        timeout: Duration,
    ) -> Result<Vec<(TopicIdPartition, Option<LogBounds>)>, StoreFailure> {
        let Some(vc) = tried!(&self.pool, self.vc(cluster)) else {
            return Ok(known.into_iter().map(|(log, _)| (log, None)).collect());
        };
        ends::watch(&self.ends, vc, known, timeout).await
    }

    async fn committed_about(
        &self,
        cluster: &VirtualClusterId,
        records: Vec<(TopicIdPartition, Offset)>,
    ) -> Result<Vec<Option<Timestamp>>, StoreFailure> {
        let Some(vc) = tried!(&self.pool, self.vc(cluster)) else { return Ok(vec![None; records.len()]) };
        Ok(tried!(&self.pool, minutes::committed_about(self, vc, &records)))
    }
}
