use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use forebay_lifecycle::clock;
use forebay_metrics::{MetricError, Metrics, Timing};
use forebay_model::{
    ByteCount, Offset, PartitionCount, SegmentName, Timestamp, TopicId, TopicIdPartition, VirtualClusterId,
};

use crate::{
    AddPartitionsError, CommitError, CommitOutcome, ConfigError, Configs, CreateTopicError,
    CreateVirtualClusterError, DeleteBefore, DeleteTopicError, Expired, FindFrom, FindRefusal, Found,
    InitProducerError, InitializedProducer, Log, LogBounds, LogMissing, MetadataStore, NewTopic, OffsetQuery,
    OffsetsFound, Producers, Purged, RecordsKept, Retention, RetentionLimits, SegmentCommit, Segments,
    StoreFailure, TopicDescription, TopicSelection, Topics, TrimError, Trimmed, Verdict, VirtualClusters,
};

/// Times what a store is asked for: `warpstream_agent_control_plane_operation_latency{operation,outcome}`. What the
/// store refuses is an error too.
#[derive(Debug)]
pub struct Measured {
    inner: Arc<dyn MetadataStore>,
    /// By operation.
    timings: Vec<Outcomes>,
}

#[derive(Debug)]
struct Outcomes {
    success: Timing,
    error: Timing,
}

/// What can be asked, in the order of [`OPERATIONS`].
#[derive(Debug, Clone, Copy)]
enum Operation {
    CreateVirtualCluster,
    VirtualClusters,
    ClusterConfigs,
    ReplaceClusterConfigs,
    CreateTopic,
    DescribeTopics,
    DeleteTopic,
    AddPartitions,
    ReplaceTopicConfigs,
    InitProducer,
    Commit,
    Find,
    Bounds,
    ListOffsets,
    DeleteRecords,
    CommittedAbout,
    Trim,
    PurgeDeletedTopics,
    Expire,
    Unreferenced,
    Condemn,
    Condemned,
    ReportDeleted,
}

const OPERATIONS: [&str; 23] = [
    "create_virtual_cluster",
    "virtual_clusters",
    "cluster_configs",
    "replace_cluster_configs",
    "create_topic",
    "describe_topics",
    "delete_topic",
    "add_partitions",
    "replace_topic_configs",
    "init_producer",
    "commit",
    "find",
    "bounds",
    "list_offsets",
    "delete_records",
    "committed_about",
    "trim",
    "purge_deleted_topics",
    "expire",
    "unreferenced",
    "condemn",
    "condemned",
    "report_deleted",
];

impl Measured {
    /// Counts in `metrics` what `inner` does.
    ///
    /// # Errors
    /// When the name is taken by a metric of another kind.
    pub fn new(inner: Arc<dyn MetadataStore>, metrics: &Metrics) -> Result<Self, MetricError> {
        let timing = |operation, outcome| {
            let labels = [("operation", operation), ("outcome", outcome)];
            let help = "How long the metadata store took to answer";
            metrics.timing("warpstream_agent_control_plane_operation_latency", help, &labels)
        };
        let outcomes = OPERATIONS.iter().map(|operation| {
            Ok(Outcomes { success: timing(operation, "success")?, error: timing(operation, "error")? })
        });
        Ok(Self { inner, timings: outcomes.collect::<Result<_, MetricError>>()? })
    }

    async fn time<T, E>(
        &self,
        operation: Operation,
        work: impl Future<Output = Result<T, E>> + Send,
    ) -> Result<T, E> {
        let started = clock::now();
        let result = work.await;
        let Outcomes { success, error } = &self.timings[operation as usize];
        let timing = if result.is_ok() { success } else { error };
        timing.observe(clock::now().saturating_duration_since(started));
        result
    }
}

#[async_trait]
impl MetadataStore for Measured {
    async fn now(&self) -> Result<Timestamp, StoreFailure> {
        self.inner.now().await
    }
}

#[deny(clippy::missing_trait_methods)]
#[async_trait]
impl VirtualClusters for Measured {
    async fn create_virtual_cluster(
        &self,
        cluster: &VirtualClusterId,
    ) -> Result<(), CreateVirtualClusterError> {
        self.time(Operation::CreateVirtualCluster, self.inner.create_virtual_cluster(cluster)).await
    }

    async fn virtual_clusters(&self) -> Result<Vec<VirtualClusterId>, StoreFailure> {
        self.time(Operation::VirtualClusters, self.inner.virtual_clusters()).await
    }

    async fn cluster_configs(&self, cluster: &VirtualClusterId) -> Result<Configs, ConfigError> {
        self.time(Operation::ClusterConfigs, self.inner.cluster_configs(cluster)).await
    }

    async fn replace_cluster_configs(
        &self,
        cluster: &VirtualClusterId,
        seen: &Configs,
        new: &Configs,
    ) -> Result<(), ConfigError> {
        self.time(Operation::ReplaceClusterConfigs, self.inner.replace_cluster_configs(cluster, seen, new))
            .await
    }
}

#[deny(clippy::missing_trait_methods)]
#[async_trait]
impl Topics for Measured {
    async fn create_topic(
        &self,
        cluster: &VirtualClusterId,
        topic: &NewTopic,
    ) -> Result<TopicDescription, CreateTopicError> {
        self.time(Operation::CreateTopic, self.inner.create_topic(cluster, topic)).await
    }

    async fn describe_topics(
        &self,
        cluster: &VirtualClusterId,
        selection: &TopicSelection,
    ) -> Result<Vec<TopicDescription>, StoreFailure> {
        self.time(Operation::DescribeTopics, self.inner.describe_topics(cluster, selection)).await
    }

    async fn delete_topic(&self, cluster: &VirtualClusterId, topic: TopicId) -> Result<(), DeleteTopicError> {
        self.time(Operation::DeleteTopic, self.inner.delete_topic(cluster, topic)).await
    }

    async fn add_partitions(
        &self,
        cluster: &VirtualClusterId,
        topic: TopicId,
        total: PartitionCount,
    ) -> Result<(), AddPartitionsError> {
        self.time(Operation::AddPartitions, self.inner.add_partitions(cluster, topic, total)).await
    }

    async fn replace_topic_configs(
        &self,
        cluster: &VirtualClusterId,
        topic: TopicId,
        seen: &Configs,
        new: &Configs,
    ) -> Result<(), ConfigError> {
        self.time(Operation::ReplaceTopicConfigs, self.inner.replace_topic_configs(cluster, topic, seen, new))
            .await
    }
}

#[deny(clippy::missing_trait_methods)]
#[async_trait]
impl Producers for Measured {
    async fn init_producer(
        &self,
        cluster: &VirtualClusterId,
    ) -> Result<InitializedProducer, InitProducerError> {
        self.time(Operation::InitProducer, self.inner.init_producer(cluster)).await
    }
}

#[deny(clippy::missing_trait_methods)]
#[async_trait]
impl Log for Measured {
    async fn commit(
        &self,
        cluster: &VirtualClusterId,
        commit: SegmentCommit,
    ) -> Result<CommitOutcome, CommitError> {
        self.time(Operation::Commit, self.inner.commit(cluster, commit)).await
    }

    async fn find(
        &self,
        cluster: &VirtualClusterId,
        from: Vec<FindFrom>,
        max_bytes: ByteCount,
    ) -> Result<Vec<Result<Found, FindRefusal>>, StoreFailure> {
        self.time(Operation::Find, self.inner.find(cluster, from, max_bytes)).await
    }

    async fn bounds(
        &self,
        cluster: &VirtualClusterId,
        logs: Vec<TopicIdPartition>,
    ) -> Result<Vec<Option<LogBounds>>, StoreFailure> {
        self.time(Operation::Bounds, self.inner.bounds(cluster, logs)).await
    }

    async fn list_offsets(
        &self,
        cluster: &VirtualClusterId,
        queries: Vec<(TopicIdPartition, OffsetQuery)>,
    ) -> Result<Vec<Result<OffsetsFound, LogMissing>>, StoreFailure> {
        self.time(Operation::ListOffsets, self.inner.list_offsets(cluster, queries)).await
    }

    async fn delete_records(
        &self,
        cluster: &VirtualClusterId,
        before: Vec<(TopicIdPartition, DeleteBefore)>,
    ) -> Result<Vec<Result<Offset, RecordsKept>>, StoreFailure> {
        self.time(Operation::DeleteRecords, self.inner.delete_records(cluster, before)).await
    }

    async fn watch_offsets(
        &self,
        cluster: &VirtualClusterId,
        known: Vec<(TopicIdPartition, Offset)>,
        timeout: Duration,
    ) -> Result<Vec<(TopicIdPartition, Option<LogBounds>)>, StoreFailure> {
        // A wait says nothing about the store.
        self.inner.watch_offsets(cluster, known, timeout).await
    }

    async fn committed_about(
        &self,
        cluster: &VirtualClusterId,
        records: Vec<(TopicIdPartition, Offset)>,
    ) -> Result<Vec<Option<Timestamp>>, StoreFailure> {
        self.time(Operation::CommittedAbout, self.inner.committed_about(cluster, records)).await
    }
}

#[deny(clippy::missing_trait_methods)]
#[async_trait]
impl Retention for Measured {
    async fn trim(
        &self,
        cluster: &VirtualClusterId,
        log: TopicIdPartition,
        limits: RetentionLimits,
        limit: usize,
    ) -> Result<Trimmed, TrimError> {
        self.time(Operation::Trim, self.inner.trim(cluster, log, limits, limit)).await
    }

    async fn purge_deleted_topics(
        &self,
        cluster: &VirtualClusterId,
        limit: usize,
    ) -> Result<Purged, StoreFailure> {
        self.time(Operation::PurgeDeletedTopics, self.inner.purge_deleted_topics(cluster, limit)).await
    }

    async fn expire(&self, cluster: &VirtualClusterId, limit: usize) -> Result<Expired, StoreFailure> {
        self.time(Operation::Expire, self.inner.expire(cluster, limit)).await
    }
}

#[deny(clippy::missing_trait_methods)]
#[async_trait]
impl Segments for Measured {
    async fn unreferenced(
        &self,
        cluster: &VirtualClusterId,
        grace: Duration,
        limit: usize,
    ) -> Result<Vec<SegmentName>, StoreFailure> {
        self.time(Operation::Unreferenced, self.inner.unreferenced(cluster, grace, limit)).await
    }

    async fn condemn(
        &self,
        cluster: &VirtualClusterId,
        names: Vec<SegmentName>,
    ) -> Result<Vec<Verdict>, StoreFailure> {
        self.time(Operation::Condemn, self.inner.condemn(cluster, names)).await
    }

    async fn condemned(
        &self,
        cluster: &VirtualClusterId,
        limit: usize,
    ) -> Result<Vec<SegmentName>, StoreFailure> {
        self.time(Operation::Condemned, self.inner.condemned(cluster, limit)).await
    }

    async fn report_deleted(
        &self,
        cluster: &VirtualClusterId,
        names: Vec<SegmentName>,
    ) -> Result<(), StoreFailure> {
        self.time(Operation::ReportDeleted, self.inner.report_deleted(cluster, names)).await
    }
}
