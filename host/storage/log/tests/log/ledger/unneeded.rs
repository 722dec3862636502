//! The nouns of the store that no test of the log asks for.

use std::time::Duration;

use async_trait::async_trait;
use forebay_kafka_security::Acl;
use forebay_model::*;
use forebay_storage_metadata::*;

use super::Ledger;

pub(super) fn broken<T>() -> Result<T, StoreFailure> {
    Err(StoreFailure::Internal { reason: "tests of the log do not need this".to_owned() })
}

#[async_trait]
impl Compaction for Ledger {
    async fn compactable(
        &self,
        _: &VirtualClusterId,
        _: SegmentLevel,
        _: Duration,
        _: usize,
    ) -> Result<Vec<SegmentSummary>, StoreFailure> {
        broken()
    }

    async fn runs_in(
        &self,
        _: &VirtualClusterId,
        _: Vec<SegmentName>,
    ) -> Result<Vec<(TopicIdPartition, Run)>, StoreFailure> {
        broken()
    }

    async fn set_level(
        &self,
        _: &VirtualClusterId,
        _: Vec<SegmentName>,
        _: SegmentLevel,
    ) -> Result<(), StoreFailure> {
        broken()
    }

    async fn commit_compacted(
        &self,
        _: &VirtualClusterId,
        _: CompactedSegment,
    ) -> Result<(), CompactionError> {
        Ok(broken()?)
    }

    async fn replace_runs(
        &self,
        _: &VirtualClusterId,
        _: Option<&Lease>,
        _: &SegmentName,
        _: Vec<Replacement>,
    ) -> Result<Vec<Replaced>, CompactionError> {
        Ok(broken()?)
    }

    async fn cleaned_to(
        &self,
        _: &VirtualClusterId,
        _: Vec<TopicIdPartition>,
    ) -> Result<Vec<Option<Offset>>, StoreFailure> {
        broken()
    }
}

#[async_trait]
impl Jobs for Ledger {
    async fn acquire_job(
        &self,
        _: &VirtualClusterId,
        _: &JobName,
        _: JobHolder,
        _: JobTerms,
    ) -> Result<Option<Lease>, JobError> {
        Ok(broken()?)
    }

    async fn renew_job(&self, _: &VirtualClusterId, _: &Lease, _: Duration) -> Result<Lease, JobError> {
        Ok(broken()?)
    }

    async fn release_job(&self, _: &VirtualClusterId, _: &Lease, _: JobOutcome) -> Result<(), JobError> {
        Ok(broken()?)
    }
}

#[async_trait]
impl Producers for Ledger {
    async fn init_producer(&self, _: &VirtualClusterId) -> Result<InitializedProducer, InitProducerError> {
        Ok(broken()?)
    }
}

#[async_trait]
impl VirtualClusters for Ledger {
    async fn create_virtual_cluster(&self, _: &VirtualClusterId) -> Result<(), CreateVirtualClusterError> {
        Ok(broken()?)
    }

    async fn virtual_clusters(&self) -> Result<Vec<VirtualClusterId>, StoreFailure> {
        broken()
    }

    async fn cluster_configs(&self, _: &VirtualClusterId) -> Result<Configs, ConfigError> {
        Ok(broken()?)
    }

    async fn replace_cluster_configs(
        &self,
        _: &VirtualClusterId,
        _: &Configs,
        _: &Configs,
    ) -> Result<(), ConfigError> {
        Ok(broken()?)
    }
}

#[async_trait]
impl Topics for Ledger {
    async fn create_topic(
        &self,
        _: &VirtualClusterId,
        _: &NewTopic,
    ) -> Result<TopicDescription, CreateTopicError> {
        Ok(broken()?)
    }

    async fn describe_topics(
        &self,
        _: &VirtualClusterId,
        _: &TopicSelection,
    ) -> Result<Vec<TopicDescription>, StoreFailure> {
        broken()
    }

    async fn delete_topic(&self, _: &VirtualClusterId, _: TopicId) -> Result<(), DeleteTopicError> {
        Ok(broken()?)
    }

    async fn add_partitions(
        &self,
        _: &VirtualClusterId,
        _: TopicId,
        _: PartitionCount,
    ) -> Result<(), AddPartitionsError> {
        Ok(broken()?)
    }

    async fn replace_topic_configs(
        &self,
        _: &VirtualClusterId,
        _: TopicId,
        _: &Configs,
        _: &Configs,
    ) -> Result<(), ConfigError> {
        Ok(broken()?)
    }
}

#[async_trait]
impl Groups for Ledger {
    async fn load_groups(&self, _: &VirtualClusterId, _: Vec<GroupId>) -> Result<LoadedGroups, StoreFailure> {
        broken()
    }

    async fn list_groups(
        &self,
        _: &VirtualClusterId,
        _: Option<GroupId>,
        _: usize,
    ) -> Result<Vec<(GroupId, StoredGroup)>, StoreFailure> {
        broken()
    }

    async fn change_group(
        &self,
        _: &VirtualClusterId,
        _: &GroupId,
        _: Option<GroupVersion>,
        _: GroupChange,
    ) -> Result<GroupChanged, ChangeGroupError> {
        Ok(broken()?)
    }

    async fn beat(&self, _: &VirtualClusterId, _: Vec<Beat>) -> Result<Beats, StoreFailure> {
        broken()
    }

    async fn load_offsets(
        &self,
        _: &VirtualClusterId,
        _: Vec<OffsetsWanted>,
    ) -> Result<Vec<Vec<(TopicIdPartition, CommittedOffset)>>, StoreFailure> {
        broken()
    }

    async fn group_progress(
        &self,
        _: &VirtualClusterId,
        _: Option<ProgressKey>,
        _: usize,
    ) -> Result<ProgressPage, StoreFailure> {
        broken()
    }

    async fn watch_groups(
        &self,
        _: &VirtualClusterId,
        _: Vec<(GroupId, Option<GroupVersion>)>,
        _: Duration,
    ) -> Result<Vec<GroupId>, StoreFailure> {
        broken()
    }
}

#[async_trait]
impl Security for Ledger {
    async fn acls(&self, _: &VirtualClusterId, _: Option<AclsVersion>) -> Result<Option<Acls>, StoreFailure> {
        broken()
    }

    async fn create_acls(&self, _: &VirtualClusterId, _: &[Acl]) -> Result<(), SecurityError> {
        Ok(broken()?)
    }

    async fn delete_acls(&self, _: &VirtualClusterId, _: &[Acl]) -> Result<(), SecurityError> {
        Ok(broken()?)
    }

    async fn scram_credentials(
        &self,
        _: &VirtualClusterId,
        _: Option<&str>,
    ) -> Result<Vec<UserCredential>, StoreFailure> {
        broken()
    }

    async fn alter_scram_credentials(
        &self,
        _: &VirtualClusterId,
        _: &[CredentialChange],
    ) -> Result<Vec<Result<(), NoCredential>>, SecurityError> {
        Ok(broken()?)
    }
}

#[async_trait]
impl Agents for Ledger {
    async fn register_agent(&self, _: &VirtualClusterId, _: &AgentDescription) -> Result<NodeId, AgentError> {
        Ok(broken()?)
    }

    async fn agent_heartbeat(
        &self,
        _: &VirtualClusterId,
        _: &AgentDescription,
        _: NodeId,
    ) -> Result<(), AgentError> {
        Ok(broken()?)
    }

    async fn deregister_agent(&self, _: &VirtualClusterId, _: AgentId) -> Result<(), StoreFailure> {
        broken()
    }

    async fn agents(&self, _: &VirtualClusterId) -> Result<Vec<LiveAgent>, StoreFailure> {
        broken()
    }
}
