use std::fmt;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use forebay_model::{
    ByteCount, Offset, PartitionCount, SegmentName, Timestamp, TopicId, TopicIdPartition, VirtualClusterId,
};
use forebay_storage_metadata::{
    AddPartitionsError, CommitError, CommitOutcome, ConfigError, Configs, CreateTopicError,
    CreateVirtualClusterError, DeleteBefore, DeleteTopicError, Expired, FindFrom, FindRefusal, Found,
    InitProducerError, InitializedProducer, Log, LogBounds, LogMissing, MetadataStore, NewTopic, OffsetQuery,
    OffsetsFound, Producers, Purged, RecordsKept, Retention, RetentionLimits, SegmentCommit, Segments,
    StoreFailure, TopicDescription, TopicSelection, Topics, TrimError, Trimmed, Verdict, VirtualClusters,
};
use forebay_storage_objects::{
    ErrorKind, Listed, ObjectError, ObjectName, ObjectPrefix, Objects, Operation, Payload,
};

use crate::hook::{Hook, Point, Step};

/// A store that comes to points: the object store or the metadata store behind one of these.
#[derive(Debug)]
pub struct Hooked<S: ?Sized> {
    store: Arc<S>,
    hook: Arc<dyn Hook>,
}

impl<S: ?Sized> Hooked<S> {
    /// `store`, with `hook` called at its points.
    #[must_use]
    pub fn new(store: Arc<S>, hook: Arc<dyn Hook>) -> Self {
        Self { store, hook }
    }
}

impl Hooked<dyn Objects> {
    async fn come_to(
        &self,
        point: Point,
        operation: Operation,
        name: &ObjectName,
    ) -> Result<(), ObjectError> {
        if self.hook.at(point).await == Step::Fail {
            let text = format!("a fault {}", point.name());
            return Err(ObjectError::new(operation, name, ErrorKind::Retry, text));
        }
        Ok(())
    }
}

#[async_trait]
impl Objects for Hooked<dyn Objects> {
    async fn put(&self, name: &ObjectName, payload: Payload) -> Result<(), ObjectError> {
        self.come_to(Point::BeforePut, Operation::Put, name).await?;
        self.store.put(name, payload).await?;
        self.come_to(Point::AfterPut, Operation::Put, name).await
    }

    async fn get(&self, name: &ObjectName, range: Range<u64>) -> Result<Bytes, ObjectError> {
        self.come_to(Point::BeforeGet, Operation::Get, name).await?;
        self.store.get(name, range).await
    }

    async fn head(&self, name: &ObjectName) -> Result<Listed, ObjectError> {
        self.store.head(name).await
    }

    async fn list(
        &self,
        prefix: &ObjectPrefix,
        after: Option<&ObjectName>,
        most: usize,
    ) -> Result<Vec<Listed>, ObjectError> {
        self.store.list(prefix, after, most).await
    }

    async fn delete(&self, name: &ObjectName) -> Result<(), ObjectError> {
        self.come_to(Point::BeforeDelete, Operation::Delete, name).await?;
        self.store.delete(name).await?;
        self.come_to(Point::AfterDelete, Operation::Delete, name).await
    }
}

impl fmt::Display for Hooked<dyn Objects> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.store.fmt(f)
    }
}

#[async_trait]
impl MetadataStore for Hooked<dyn MetadataStore> {
    async fn now(&self) -> Result<Timestamp, StoreFailure> {
        self.store.now().await
    }
}

#[async_trait]
impl VirtualClusters for Hooked<dyn MetadataStore> {
    async fn create_virtual_cluster(
        &self,
        cluster: &VirtualClusterId,
    ) -> Result<(), CreateVirtualClusterError> {
        self.store.create_virtual_cluster(cluster).await
    }

    async fn virtual_clusters(&self) -> Result<Vec<VirtualClusterId>, StoreFailure> {
        self.store.virtual_clusters().await
    }

    async fn cluster_configs(&self, cluster: &VirtualClusterId) -> Result<Configs, ConfigError> {
        self.store.cluster_configs(cluster).await
    }

    async fn replace_cluster_configs(
        &self,
        cluster: &VirtualClusterId,
        seen: &Configs,
        new: &Configs,
    ) -> Result<(), ConfigError> {
        self.store.replace_cluster_configs(cluster, seen, new).await
    }
}

#[async_trait]
impl Topics for Hooked<dyn MetadataStore> {
    async fn create_topic(
        &self,
        cluster: &VirtualClusterId,
        topic: &NewTopic,
    ) -> Result<TopicDescription, CreateTopicError> {
        self.store.create_topic(cluster, topic).await
    }

    async fn describe_topics(
        &self,
        cluster: &VirtualClusterId,
        selection: &TopicSelection,
    ) -> Result<Vec<TopicDescription>, StoreFailure> {
        self.store.describe_topics(cluster, selection).await
    }

    async fn delete_topic(&self, cluster: &VirtualClusterId, topic: TopicId) -> Result<(), DeleteTopicError> {
        self.store.delete_topic(cluster, topic).await
    }

    async fn add_partitions(
        &self,
        cluster: &VirtualClusterId,
        topic: TopicId,
        total: PartitionCount,
    ) -> Result<(), AddPartitionsError> {
        self.store.add_partitions(cluster, topic, total).await
    }

    async fn replace_topic_configs(
        &self,
        cluster: &VirtualClusterId,
        topic: TopicId,
        seen: &Configs,
        new: &Configs,
    ) -> Result<(), ConfigError> {
        self.store.replace_topic_configs(cluster, topic, seen, new).await
    }
}

#[async_trait]
impl Producers for Hooked<dyn MetadataStore> {
    async fn init_producer(
        &self,
        cluster: &VirtualClusterId,
    ) -> Result<InitializedProducer, InitProducerError> {
        self.store.init_producer(cluster).await
    }
}

#[async_trait]
impl Log for Hooked<dyn MetadataStore> {
    async fn commit(
        &self,
        cluster: &VirtualClusterId,
        mut commit: SegmentCommit,
    ) -> Result<CommitOutcome, CommitError> {
        let failure = |point: Point| StoreFailure::Unsettled { reason: format!("a fault {}", point.name()) };
        if self.hook.at(Point::BeforeCommit).await == Step::Fail {
            return Err(failure(Point::BeforeCommit).into());
        }
        self.hook.change(&mut commit);
        let mut outcome = self.store.commit(cluster, commit).await;
        if let Ok(outcome) = &mut outcome {
            self.hook.tell(outcome);
        }
        if self.hook.at(Point::AfterCommit).await == Step::Fail {
            return Err(failure(Point::AfterCommit).into());
        }
        outcome
    }

    async fn find(
        &self,
        cluster: &VirtualClusterId,
        from: Vec<FindFrom>,
        max_bytes: ByteCount,
    ) -> Result<Vec<Result<Found, FindRefusal>>, StoreFailure> {
        if self.hook.at(Point::BeforeFind).await == Step::Fail {
            return Err(StoreFailure::Unavailable { reason: "a fault before find".to_owned() });
        }
        self.store.find(cluster, from, max_bytes).await
    }

    async fn bounds(
        &self,
        cluster: &VirtualClusterId,
        logs: Vec<TopicIdPartition>,
    ) -> Result<Vec<Option<LogBounds>>, StoreFailure> {
        self.store.bounds(cluster, logs).await
    }

    async fn list_offsets(
        &self,
        cluster: &VirtualClusterId,
        queries: Vec<(TopicIdPartition, OffsetQuery)>,
    ) -> Result<Vec<Result<OffsetsFound, LogMissing>>, StoreFailure> {
        self.store.list_offsets(cluster, queries).await
    }

    async fn delete_records(
        &self,
        cluster: &VirtualClusterId,
        before: Vec<(TopicIdPartition, DeleteBefore)>,
    ) -> Result<Vec<Result<Offset, RecordsKept>>, StoreFailure> {
        self.store.delete_records(cluster, before).await
    }

    async fn watch_offsets(
        &self,
        cluster: &VirtualClusterId,
        known: Vec<(TopicIdPartition, Offset)>,
        timeout: Duration,
    ) -> Result<Vec<(TopicIdPartition, Option<LogBounds>)>, StoreFailure> {
        self.store.watch_offsets(cluster, known, timeout).await
    }

    async fn committed_about(
        &self,
        cluster: &VirtualClusterId,
        records: Vec<(TopicIdPartition, Offset)>,
    ) -> Result<Vec<Option<Timestamp>>, StoreFailure> {
        self.store.committed_about(cluster, records).await
    }
}

#[async_trait]
impl Retention for Hooked<dyn MetadataStore> {
    async fn trim(
        &self,
        cluster: &VirtualClusterId,
        log: TopicIdPartition,
        limits: RetentionLimits,
        limit: usize,
    ) -> Result<Trimmed, TrimError> {
        self.store.trim(cluster, log, limits, limit).await
    }

    async fn purge_deleted_topics(
        &self,
        cluster: &VirtualClusterId,
        limit: usize,
    ) -> Result<Purged, StoreFailure> {
        self.store.purge_deleted_topics(cluster, limit).await
    }

    async fn expire(&self, cluster: &VirtualClusterId, limit: usize) -> Result<Expired, StoreFailure> {
        self.store.expire(cluster, limit).await
    }
}

#[async_trait]
impl Segments for Hooked<dyn MetadataStore> {
    async fn unreferenced(
        &self,
        cluster: &VirtualClusterId,
        grace: Duration,
        limit: usize,
    ) -> Result<Vec<SegmentName>, StoreFailure> {
        self.store.unreferenced(cluster, grace, limit).await
    }

    async fn condemn(
        &self,
        cluster: &VirtualClusterId,
        names: Vec<SegmentName>,
    ) -> Result<Vec<Verdict>, StoreFailure> {
        self.store.condemn(cluster, names).await
    }

    async fn condemned(
        &self,
        cluster: &VirtualClusterId,
        limit: usize,
    ) -> Result<Vec<SegmentName>, StoreFailure> {
        self.store.condemned(cluster, limit).await
    }

    async fn report_deleted(
        &self,
        cluster: &VirtualClusterId,
        names: Vec<SegmentName>,
    ) -> Result<(), StoreFailure> {
        self.store.report_deleted(cluster, names).await
    }
}
