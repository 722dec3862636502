use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
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

/// A store that is far away: every call takes so much longer.
#[derive(Debug)]
pub struct Delayed {
    store: Arc<dyn MetadataStore>,
    latency: Duration,
}

impl Delayed {
    /// `store`, `latency` away.
    #[must_use]
    pub fn new(store: Arc<dyn MetadataStore>, latency: Duration) -> Self {
        Self { store, latency }
    }

    async fn wait(&self) {
        tokio::time::sleep(self.latency).await;
    }
}

#[async_trait]
impl MetadataStore for Delayed {
    async fn now(&self) -> Result<Timestamp, StoreFailure> {
        self.wait().await;
        self.store.now().await
    }
}

#[async_trait]
impl VirtualClusters for Delayed {
    async fn create_virtual_cluster(
        &self,
        cluster: &VirtualClusterId,
    ) -> Result<(), CreateVirtualClusterError> {
        self.wait().await;
        self.store.create_virtual_cluster(cluster).await
    }

    async fn virtual_clusters(&self) -> Result<Vec<VirtualClusterId>, StoreFailure> {
        self.wait().await;
        self.store.virtual_clusters().await
    }

    async fn cluster_configs(&self, cluster: &VirtualClusterId) -> Result<Configs, ConfigError> {
        self.wait().await;
        self.store.cluster_configs(cluster).await
    }

    async fn replace_cluster_configs(
        &self,
        cluster: &VirtualClusterId,
        seen: &Configs,
        new: &Configs,
    ) -> Result<(), ConfigError> {
        self.wait().await;
        self.store.replace_cluster_configs(cluster, seen, new).await
    }
}

#[async_trait]
impl Topics for Delayed {
    async fn create_topic(
        &self,
        cluster: &VirtualClusterId,
        topic: &NewTopic,
    ) -> Result<TopicDescription, CreateTopicError> {
        self.wait().await;
        self.store.create_topic(cluster, topic).await
    }

    async fn describe_topics(
        &self,
        cluster: &VirtualClusterId,
        selection: &TopicSelection,
    ) -> Result<Vec<TopicDescription>, StoreFailure> {
        self.wait().await;
        self.store.describe_topics(cluster, selection).await
    }

    async fn delete_topic(&self, cluster: &VirtualClusterId, topic: TopicId) -> Result<(), DeleteTopicError> {
        self.wait().await;
        self.store.delete_topic(cluster, topic).await
    }

    async fn add_partitions(
        &self,
        cluster: &VirtualClusterId,
        topic: TopicId,
        total: PartitionCount,
    ) -> Result<(), AddPartitionsError> {
        self.wait().await;
        self.store.add_partitions(cluster, topic, total).await
    }

    async fn replace_topic_configs(
        &self,
        cluster: &VirtualClusterId,
        topic: TopicId,
        seen: &Configs,
        new: &Configs,
    ) -> Result<(), ConfigError> {
        self.wait().await;
        self.store.replace_topic_configs(cluster, topic, seen, new).await
    }
}

#[async_trait]
impl Producers for Delayed {
    async fn init_producer(
        &self,
        cluster: &VirtualClusterId,
    ) -> Result<InitializedProducer, InitProducerError> {
        self.wait().await;
        self.store.init_producer(cluster).await
    }
}

#[async_trait]
impl Log for Delayed {
    async fn commit(
        &self,
        cluster: &VirtualClusterId,
        commit: SegmentCommit,
    ) -> Result<CommitOutcome, CommitError> {
        self.wait().await;
        self.store.commit(cluster, commit).await
    }

    async fn find(
        &self,
        cluster: &VirtualClusterId,
        from: Vec<FindFrom>,
        max_bytes: ByteCount,
    ) -> Result<Vec<Result<Found, FindRefusal>>, StoreFailure> {
        self.wait().await;
        self.store.find(cluster, from, max_bytes).await
    }

    async fn bounds(
        &self,
        cluster: &VirtualClusterId,
        logs: Vec<TopicIdPartition>,
    ) -> Result<Vec<Option<LogBounds>>, StoreFailure> {
        self.wait().await;
        self.store.bounds(cluster, logs).await
    }

    async fn list_offsets(
        &self,
        cluster: &VirtualClusterId,
        queries: Vec<(TopicIdPartition, OffsetQuery)>,
    ) -> Result<Vec<Result<OffsetsFound, LogMissing>>, StoreFailure> {
        self.wait().await;
        self.store.list_offsets(cluster, queries).await
    }

    async fn delete_records(
        &self,
        cluster: &VirtualClusterId,
        before: Vec<(TopicIdPartition, DeleteBefore)>,
    ) -> Result<Vec<Result<Offset, RecordsKept>>, StoreFailure> {
        self.wait().await;
        self.store.delete_records(cluster, before).await
    }

    async fn watch_offsets(
        &self,
        cluster: &VirtualClusterId,
        known: Vec<(TopicIdPartition, Offset)>,
        timeout: Duration,
    ) -> Result<Vec<(TopicIdPartition, Option<LogBounds>)>, StoreFailure> {
        self.wait().await;
        self.store.watch_offsets(cluster, known, timeout).await
    }

    async fn committed_about(
        &self,
        cluster: &VirtualClusterId,
        records: Vec<(TopicIdPartition, Offset)>,
    ) -> Result<Vec<Option<Timestamp>>, StoreFailure> {
        self.wait().await;
        self.store.committed_about(cluster, records).await
    }
}

#[async_trait]
impl Retention for Delayed {
    async fn trim(
        &self,
        cluster: &VirtualClusterId,
        log: TopicIdPartition,
        limits: RetentionLimits,
        limit: usize,
    ) -> Result<Trimmed, TrimError> {
        self.wait().await;
        self.store.trim(cluster, log, limits, limit).await
    }

    async fn purge_deleted_topics(
        &self,
        cluster: &VirtualClusterId,
        limit: usize,
    ) -> Result<Purged, StoreFailure> {
        self.wait().await;
        self.store.purge_deleted_topics(cluster, limit).await
    }

    async fn expire(&self, cluster: &VirtualClusterId, limit: usize) -> Result<Expired, StoreFailure> {
        self.wait().await;
        self.store.expire(cluster, limit).await
    }
}

#[async_trait]
impl Segments for Delayed {
    async fn unreferenced(
        &self,
        cluster: &VirtualClusterId,
        grace: Duration,
        limit: usize,
    ) -> Result<Vec<SegmentName>, StoreFailure> {
        self.wait().await;
        self.store.unreferenced(cluster, grace, limit).await
    }

    async fn condemn(
        &self,
        cluster: &VirtualClusterId,
        names: Vec<SegmentName>,
    ) -> Result<Vec<Verdict>, StoreFailure> {
        self.wait().await;
        self.store.condemn(cluster, names).await
    }

    async fn condemned(
        &self,
        cluster: &VirtualClusterId,
        limit: usize,
    ) -> Result<Vec<SegmentName>, StoreFailure> {
        self.wait().await;
        self.store.condemned(cluster, limit).await
    }

    async fn report_deleted(
        &self,
        cluster: &VirtualClusterId,
        names: Vec<SegmentName>,
    ) -> Result<(), StoreFailure> {
        self.wait().await;
        self.store.report_deleted(cluster, names).await
    }
}
