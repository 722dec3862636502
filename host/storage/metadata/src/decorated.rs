//! What every decorator of a store shares: each method of each trait is forwarded here, once.

use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use forebay_kafka_security::Acl;
use forebay_model::{
    AgentId, ByteCount, GroupId, NodeId, Offset, PartitionCount, SegmentName, Timestamp, TopicId,
    TopicIdPartition, VirtualClusterId,
};

use crate::{
    Acls, AclsVersion, AddPartitionsError, AgentDescription, AgentError, Agents, Beat, Beats,
    ChangeGroupError, CommitError, CommitOutcome, CommittedOffset, CompactedSegment, Compaction,
    CompactionError, ConfigError, Configs, CreateTopicError, CreateVirtualClusterError, CredentialChange,
    DeleteBefore, DeleteTopicError, Expired, FindFrom, FindRefusal, Found, GroupChange, GroupChanged,
    GroupVersion, Groups, InitProducerError, InitializedProducer, JobError, JobHolder, JobName, JobOutcome,
    JobTerms, Jobs, Lease, LiveAgent, LoadedGroups, Log, LogBounds, LogMissing, MetadataStore, NewTopic,
    NoCredential, OffsetQuery, OffsetsFound, OffsetsWanted, Operation, Producers, ProgressKey, ProgressPage,
    Purged, RecordsKept, Replaced, Replacement, Retention, RetentionLimits, Run, Security, SecurityError,
    SegmentCommit, SegmentLevel, SegmentSummary, Segments, StoreFailure, StoredGroup, TopicDescription,
    TopicSelection, Topics, TrimError, Trimmed, UserCredential, Verdict, VirtualClusters,
};

/// Something that happens around every call of a store.
pub trait Decorator: Debug + Send + Sync {
    /// Awaits `work`, which is the call, at most once, and gives what it gave or an error instead.
    fn around<T: Send, E: From<StoreFailure> + Send>(
        &self,
        operation: Operation,
        work: impl Future<Output = Result<T, E>> + Send,
    ) -> impl Future<Output = Result<T, E>> + Send;

    /// May change what is committed: for tests of those who find that out.
    fn change(&self, _commit: &mut SegmentCommit) {}

    /// May change what is told of a commit: for tests of those who find that out.
    fn tell(&self, _outcome: &mut CommitOutcome) {}
}

/// A store with something around every call.
#[derive(Debug)]
pub struct Decorated<D> {
    store: Arc<dyn MetadataStore>,
    decorator: D,
}

impl<D: Decorator> Decorated<D> {
    /// `store`, with `decorator` around what it is asked.
    #[must_use]
    pub fn new(store: Arc<dyn MetadataStore>, decorator: D) -> Self {
        Self { store, decorator }
    }

    async fn changed(
        &self,
        cluster: &VirtualClusterId,
        mut commit: SegmentCommit,
    ) -> Result<CommitOutcome, CommitError> {
        self.decorator.change(&mut commit);
        let mut outcome = self.store.commit(cluster, commit).await?;
        self.decorator.tell(&mut outcome);
        Ok(outcome)
    }
}

/// Forwards the methods of traits, and lists them. A method with `through` behind it goes through a method of
/// [`Decorated`] instead of straight to the store.
macro_rules! forward {
    ($( $noun:ident { $(
        $method:ident($( $argument:ident: $type:ty ),*) -> $result:ty $( , through $through:ident )?;
    )* } )*) => {
        impl Operation {
            /// All of them.
            pub const ALL: &'static [Self] = &[$( $( Self::of(stringify!($method)), )* )*];
        }

        $(
            #[deny(clippy::missing_trait_methods)]
            #[async_trait]
            impl<D: Decorator> $noun for Decorated<D> {
                $(
                    async fn $method(&self, $( $argument: $type ),*) -> $result {
                        let operation = const { Operation::of(stringify!($method)) };
                        let work = forward!(@call self, $method($( $argument ),*) $( through $through )?);
                        self.decorator.around(operation, work).await
                    }
                )*
            }
        )*
    };
    (@call $this:ident, $method:ident($( $argument:ident ),*)) => { $this.store.$method($( $argument ),*) };
    (@call $this:ident, $method:ident($( $argument:ident ),*) through $through:ident) => {
        $this.$through($( $argument ),*)
    };
}

forward! {
    MetadataStore {
        now() -> Result<Timestamp, StoreFailure>;
    }
    VirtualClusters {
        create_virtual_cluster(cluster: &VirtualClusterId) -> Result<(), CreateVirtualClusterError>;
        virtual_clusters() -> Result<Vec<VirtualClusterId>, StoreFailure>;
        cluster_configs(cluster: &VirtualClusterId) -> Result<Configs, ConfigError>;
        replace_cluster_configs(cluster: &VirtualClusterId, seen: &Configs, new: &Configs)
            -> Result<(), ConfigError>;
    }
    Topics {
        create_topic(cluster: &VirtualClusterId, topic: &NewTopic)
            -> Result<TopicDescription, CreateTopicError>;
        describe_topics(cluster: &VirtualClusterId, selection: &TopicSelection)
            -> Result<Vec<TopicDescription>, StoreFailure>;
        delete_topic(cluster: &VirtualClusterId, topic: TopicId) -> Result<(), DeleteTopicError>;
        add_partitions(cluster: &VirtualClusterId, topic: TopicId, total: PartitionCount)
            -> Result<(), AddPartitionsError>;
        replace_topic_configs(cluster: &VirtualClusterId, topic: TopicId, seen: &Configs, new: &Configs)
            -> Result<(), ConfigError>;
    }
    Producers {
        init_producer(cluster: &VirtualClusterId) -> Result<InitializedProducer, InitProducerError>;
    }
    Groups {
        load_groups(cluster: &VirtualClusterId, groups: Vec<GroupId>) -> Result<LoadedGroups, StoreFailure>;
        list_groups(cluster: &VirtualClusterId, after: Option<GroupId>, limit: usize)
            -> Result<Vec<(GroupId, StoredGroup)>, StoreFailure>;
        change_group(
            cluster: &VirtualClusterId,
            group: &GroupId,
            seen: Option<GroupVersion>,
            change: GroupChange
        ) -> Result<GroupChanged, ChangeGroupError>;
        beat(cluster: &VirtualClusterId, beats: Vec<Beat>) -> Result<Beats, StoreFailure>;
        load_offsets(cluster: &VirtualClusterId, wanted: Vec<OffsetsWanted>)
            -> Result<Vec<Vec<(TopicIdPartition, CommittedOffset)>>, StoreFailure>;
        group_progress(cluster: &VirtualClusterId, after: Option<ProgressKey>, limit: usize)
            -> Result<ProgressPage, StoreFailure>;
        watch_groups(
            cluster: &VirtualClusterId,
            known: Vec<(GroupId, Option<GroupVersion>)>,
            timeout: Duration
        ) -> Result<Vec<GroupId>, StoreFailure>;
    }
    Log {
        commit(cluster: &VirtualClusterId, commit: SegmentCommit)
            -> Result<CommitOutcome, CommitError>, through changed;
        find(cluster: &VirtualClusterId, from: Vec<FindFrom>, max_bytes: ByteCount)
            -> Result<Vec<Result<Found, FindRefusal>>, StoreFailure>;
        bounds(cluster: &VirtualClusterId, logs: Vec<TopicIdPartition>)
            -> Result<Vec<Option<LogBounds>>, StoreFailure>;
        list_offsets(cluster: &VirtualClusterId, queries: Vec<(TopicIdPartition, OffsetQuery)>)
            -> Result<Vec<Result<OffsetsFound, LogMissing>>, StoreFailure>;
        delete_records(cluster: &VirtualClusterId, before: Vec<(TopicIdPartition, DeleteBefore)>)
            -> Result<Vec<Result<Offset, RecordsKept>>, StoreFailure>;
        watch_offsets(
            cluster: &VirtualClusterId,
            known: Vec<(TopicIdPartition, Offset)>,
            timeout: Duration
        ) -> Result<Vec<(TopicIdPartition, Option<LogBounds>)>, StoreFailure>;
        committed_about(cluster: &VirtualClusterId, records: Vec<(TopicIdPartition, Offset)>)
            -> Result<Vec<Option<Timestamp>>, StoreFailure>;
    }
    Retention {
        trim(
            cluster: &VirtualClusterId,
            log: TopicIdPartition,
            limits: RetentionLimits,
            limit: usize,
            lease: Option<&Lease>
        ) -> Result<Trimmed, TrimError>;
        purge_deleted_topics(cluster: &VirtualClusterId, limit: usize) -> Result<Purged, StoreFailure>;
        expire(cluster: &VirtualClusterId, limit: usize) -> Result<Expired, StoreFailure>;
    }
    Security {
        acls(cluster: &VirtualClusterId, known: Option<AclsVersion>) -> Result<Option<Acls>, StoreFailure>;
        create_acls(cluster: &VirtualClusterId, acls: &[Acl]) -> Result<(), SecurityError>;
        delete_acls(cluster: &VirtualClusterId, acls: &[Acl]) -> Result<(), SecurityError>;
        scram_credentials(cluster: &VirtualClusterId, user: Option<&str>)
            -> Result<Vec<UserCredential>, StoreFailure>;
        alter_scram_credentials(cluster: &VirtualClusterId, changes: &[CredentialChange])
            -> Result<Vec<Result<(), NoCredential>>, SecurityError>;
    }
    Agents {
        register_agent(cluster: &VirtualClusterId, agent: &AgentDescription) -> Result<NodeId, AgentError>;
        agent_heartbeat(cluster: &VirtualClusterId, agent: &AgentDescription, node: NodeId)
            -> Result<(), AgentError>;
        deregister_agent(cluster: &VirtualClusterId, agent: AgentId) -> Result<(), StoreFailure>;
        agents(cluster: &VirtualClusterId) -> Result<Vec<LiveAgent>, StoreFailure>;
    }
    Segments {
        unreferenced(cluster: &VirtualClusterId, grace: Duration, limit: usize)
            -> Result<Vec<SegmentName>, StoreFailure>;
        condemn(cluster: &VirtualClusterId, names: Vec<SegmentName>) -> Result<Vec<Verdict>, StoreFailure>;
        condemned(cluster: &VirtualClusterId, limit: usize) -> Result<Vec<SegmentName>, StoreFailure>;
        report_deleted(cluster: &VirtualClusterId, names: Vec<SegmentName>) -> Result<(), StoreFailure>;
    }
    Compaction {
        compactable(cluster: &VirtualClusterId, level: SegmentLevel, age: Duration, limit: usize)
            -> Result<Vec<SegmentSummary>, StoreFailure>;
        runs_in(cluster: &VirtualClusterId, segments: Vec<SegmentName>)
            -> Result<Vec<(TopicIdPartition, Run)>, StoreFailure>;
        set_level(cluster: &VirtualClusterId, segments: Vec<SegmentName>, level: SegmentLevel)
            -> Result<(), StoreFailure>;
        commit_compacted(cluster: &VirtualClusterId, segment: CompactedSegment)
            -> Result<(), CompactionError>;
        replace_runs(
            cluster: &VirtualClusterId,
            lease: Option<&Lease>,
            segment: &SegmentName,
            replacements: Vec<Replacement>
        ) -> Result<Vec<Replaced>, CompactionError>;
        cleaned_to(cluster: &VirtualClusterId, logs: Vec<TopicIdPartition>)
            -> Result<Vec<Option<Offset>>, StoreFailure>;
    }
    Jobs {
        acquire_job(cluster: &VirtualClusterId, job: &JobName, holder: JobHolder, terms: JobTerms)
            -> Result<Option<Lease>, JobError>;
        renew_job(cluster: &VirtualClusterId, lease: &Lease, time: Duration) -> Result<Lease, JobError>;
        release_job(cluster: &VirtualClusterId, lease: &Lease, outcome: JobOutcome)
            -> Result<(), JobError>;
    }
}
