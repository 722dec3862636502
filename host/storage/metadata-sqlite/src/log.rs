//! The rows of partitions.

use async_trait::async_trait;
use std::time::Duration;

use forebay_model::{ByteCount, Offset, Timestamp, TopicIdPartition, VirtualClusterId};
use forebay_storage_metadata::{
    CommitError, CommitOutcome, DeleteBefore, FindFrom, FindRefusal, Found, Log, LogBounds, LogMissing,
    OffsetQuery, OffsetsFound, RecordsKept, SegmentCommit, StoreFailure,
};
use rusqlite::{Connection, OptionalExtension as _, params};

use crate::commit::Head;
use crate::rows::{LogRow, Vc, offset, vc_of};
use crate::trouble::Trouble;
use crate::{SqliteMetadataStore, commit, find, list_offsets, minutes, retention, watch};

#[async_trait]
impl Log for SqliteMetadataStore {
    async fn commit(
        &self,
        cluster: &VirtualClusterId,
        commit: SegmentCommit,
    ) -> Result<CommitOutcome, CommitError> {
        let cluster = cluster.clone();
        self.write(move |writing| commit::commit(writing, &cluster, &commit)).await
    }

    async fn find(
        &self,
        cluster: &VirtualClusterId,
        from: Vec<FindFrom>,
        max_bytes: ByteCount,
    ) -> Result<Vec<Result<Found, FindRefusal>>, StoreFailure> {
        let cluster = cluster.clone();
        self.read(move |connection| {
            let Some(vc) = vc_of(connection, &cluster)? else {
                return Ok(Ok(vec![Err(FindRefusal::NoPartition); from.len()]));
            };
            find::find(connection, vc, &from, max_bytes).map(Ok)
        })
        .await
    }

    async fn bounds(
        &self,
        cluster: &VirtualClusterId,
        logs: Vec<TopicIdPartition>,
    ) -> Result<Vec<Option<LogBounds>>, StoreFailure> {
        let Some(vc) = self.vc(cluster).await? else { return Ok(vec![None; logs.len()]) };
        watch::bounds(self, &logs.into_iter().map(|log| (vc, log)).collect::<Vec<_>>()).await
    }

    async fn list_offsets(
        &self,
        cluster: &VirtualClusterId,
        queries: Vec<(TopicIdPartition, OffsetQuery)>,
    ) -> Result<Vec<Result<OffsetsFound, LogMissing>>, StoreFailure> {
        let cluster = cluster.clone();
        self.read(move |connection| {
            let Some(vc) = vc_of(connection, &cluster)? else {
                return Ok(Ok(vec![Err(LogMissing); queries.len()]));
            };
            let answers =
                queries.into_iter().map(|(log, query)| list_offsets::list(connection, vc, log, query));
            answers.collect::<Result<Vec<_>, _>>().map(Ok)
        })
        .await
    }

    async fn delete_records(
        &self,
        cluster: &VirtualClusterId,
        before: Vec<(TopicIdPartition, DeleteBefore)>,
    ) -> Result<Vec<Result<Offset, RecordsKept>>, StoreFailure> {
        let cluster = cluster.clone();
        self.write(move |writing| {
            let Some(vc) = vc_of(writing.connection, &cluster)? else {
                return Ok(Ok(vec![Err(RecordsKept::NoPartition); before.len()]));
            };
            let answers =
                before.into_iter().map(|(log, before)| retention::delete_before(writing, vc, log, before));
            answers.collect::<Result<Vec<_>, _>>().map(Ok)
        })
        .await
    }

    async fn watch_offsets(
        &self,
        cluster: &VirtualClusterId,
        known: Vec<(TopicIdPartition, Offset)>,
        timeout: Duration,
    ) -> Result<Vec<(TopicIdPartition, Option<LogBounds>)>, StoreFailure> {
        let Some(vc) = self.vc(cluster).await? else {
            return Ok(known.into_iter().map(|(log, _)| (log, None)).collect());
        };
        watch::watch(self, vc, known, timeout).await
    }

    async fn committed_about(
        &self,
        cluster: &VirtualClusterId,
        records: Vec<(TopicIdPartition, Offset)>,
    ) -> Result<Vec<Option<Timestamp>>, StoreFailure> {
        let (cluster, now) = (cluster.clone(), self.time());
        self.read(move |connection| {
            let Some(vc) = vc_of(connection, &cluster)? else { return Ok(Ok(vec![None; records.len()])) };
            let answers = records.into_iter().map(|(log, offset)| match head(connection, vc, log)? {
                Some(head) => minutes::committed_about(connection, vc, &head, offset, now),
                None => Ok(None),
            });
            answers.collect::<Result<Vec<_>, _>>().map(Ok)
        })
        .await
    }
}

impl SqliteMetadataStore {
    /// The number of a virtual cluster.
    async fn vc(&self, cluster: &VirtualClusterId) -> Result<Option<Vc>, StoreFailure> {
        if let Some(vc) = self.ends.vc(cluster) {
            return Ok(Some(vc));
        }
        let id = cluster.clone();
        let vc = self.read(move |connection| vc_of(connection, &id).map(Ok::<_, StoreFailure>)).await?;
        if let Some(vc) = vc {
            self.ends.remember_vc(cluster.clone(), vc);
        }
        Ok(vc)
    }
}

/// The row of a partition, unless its topic is deleted.
pub(crate) fn head(connection: &Connection, vc: Vc, log: TopicIdPartition) -> Result<Option<Head>, Trouble> {
    let mut find = connection.prepare_cached(
        "SELECT log, log_start, high_watermark, bytes, running_max, minute, minute_base FROM logs \
         WHERE vc = ?1 AND topic = ?2 AND partition = ?3 AND is_deleted = 0",
    )?;
    let found = find.query_row(params![vc.0, log.topic.uuid().as_bytes(), log.partition.get()], |row| {
        let numbers: (i64, i64, i64, i64, Option<i64>, Option<i64>, i64) = row.try_into()?;
        Ok(numbers)
    });
    let Some((row, log_start, high_watermark, bytes, running_max, minute, minute_base)) = found.optional()?
    else {
        return Ok(None);
    };
    Ok(Some(Head {
        row: LogRow(row),
        log_start: offset("logs.log_start", log_start)?,
        high_watermark: offset("logs.high_watermark", high_watermark)?,
        bytes,
        running_max,
        minute,
        minute_base: offset("logs.minute_base", minute_base)?,
    }))
}
