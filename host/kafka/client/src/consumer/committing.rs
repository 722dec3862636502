#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::time::Duration;

use forebay_lifecycle::Backoff;
use forebay_model::{GroupId, LeaderEpoch, Offset, TopicName};
use kafka_protocol::error::ResponseError;
use kafka_protocol::messages::offset_commit_request::{
    OffsetCommitRequestPartition, OffsetCommitRequestTopic,
};
use kafka_protocol::messages::{ApiKey, GroupId as WireGroup, OffsetCommitRequest};
use kafka_protocol::protocol::StrBytes;
use tokio::time::Instant;

use super::epoch_number;
use super::membership::{Identity, Membership};
use super::state::SharedState;
use crate::client::Client;
use crate::failure::Failure;
use crate::topic_partition::TopicPartition;
use crate::topics::wire_name;
use crate::transport::Destination;

/// Where a group goes on in a partition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommitOffset {
    pub partition: TopicPartition,
    /// Behind the last record that is done with.
    pub next: Offset,
    pub leader_epoch: Option<LeaderEpoch>,
    /// Whatever somebody wants to be told together with the offset.
    pub metadata: String,
}

/// Offsets that were not committed.
#[derive(Debug, Clone, thiserror::Error)]
pub enum CommitError {
    #[error("offsets are committed in a consumer group: name one")]
    NoGroup,
    #[error("commit offset {offset} of {partition}{} in group {group}", and(.others))]
    Partition {
        group: GroupId,
        partition: TopicPartition,
        offset: Offset,
        /// What was not committed either, for this reason or another.
        others: Box<[TopicPartition]>,
        source: Failure,
    },
    #[error("commit offsets in group {group}")]
    Group { group: GroupId, source: Failure },
}

impl CommitOffset {
    /// Without anything beside the offset.
    #[must_use]
    pub fn new(partition: TopicPartition, next: Offset) -> Self {
        Self { partition, next, leader_epoch: None, metadata: String::new() }
    }
}

impl CommitError {
    /// Whether the same may be accepted later.
    #[must_use]
    pub fn is_retriable(&self) -> bool {
        match self {
            Self::NoGroup => false,
            Self::Partition { source, .. } | Self::Group { source, .. } => source.is_retriable(),
        }
    }

    /// Whether the partitions are somebody else's by now.
    #[must_use]
    pub fn is_not_member(&self) -> bool {
        match self {
            Self::NoGroup => false,
            Self::Partition { source: Failure::NotMember, .. }
            | Self::Group { source: Failure::NotMember, .. } => true,
            Self::Partition { source, .. } | Self::Group { source, .. } => matches!(
                source.code(),
                Some(
                    ResponseError::UnknownMemberId
                        | ResponseError::FencedMemberEpoch
                        | ResponseError::FencedInstanceId
                        | ResponseError::IllegalGeneration
                )
            ),
        }
    }
}

/// Offsets that are not committed, and why.
#[derive(Debug, Default)]
struct Refused {
    by_brokers: Vec<(CommitOffset, Failure)>,
    /// Those that may not be committed any more.
    lost: Vec<CommitOffset>,
}

impl Refused {
    /// What brokers say is told first: that something is lost is told elsewhere too.
    fn told(self, group: &GroupId) -> Result<(), CommitError> {
        let lost = self.lost.into_iter().map(|offset| (offset, Failure::NotMember));
        let mut all = self.by_brokers.into_iter().chain(lost);
        let Some((CommitOffset { partition, next: offset, .. }, source)) = all.next() else { return Ok(()) };
        let others = all.map(|(offset, _)| offset.partition).collect();
        Err(CommitError::Partition { group: group.clone(), partition, offset, others, source })
    }
}

fn and(others: &[TopicPartition]) -> String {
    let mut text: String = others.iter().map(|partition| format!(", and that of {partition}")).collect();
    if !text.is_empty() {
        text.push(',');
    }
    text
}

/// Tried for so long.
const PATIENCE: Duration = Duration::from_secs(30);

pub(super) async fn commit(
    client: &Client,
    membership: &Membership,
    member: Option<&SharedState>,
    offsets: &[CommitOffset],
) -> Result<(), CommitError> {
    if offsets.is_empty() {
        return Ok(());
    }
    let group = &membership.settings.group;
    let deadline = Instant::now() + PATIENCE;
    let mut backoff = Backoff::new(Duration::from_millis(50), Duration::from_secs(1));
    let mut left: Vec<_> = offsets.to_vec();
    let mut refused = Refused::default();
    loop {
        // Looked at before each try: the group takes whatever its members commit, also what is somebody else's by now.
        if let Some(member) = member {
            refused.lost.extend(left.extract_if(.., |offset| !member.may_commit(&offset.partition)));
        }
        if left.is_empty() {
            return refused.told(group);
        }
        let failed = match Box::pin(once(client, membership, &left)).await {
            Ok(failed) => failed,
            Err(source) => {
                membership.saw(&source);
                let error = CommitError::Group { group: group.clone(), source };
                if !error.is_retriable() || Instant::now() >= deadline {
                    return Err(error);
                }
                tokio::time::sleep(backoff.pause()).await;
                continue;
            }
        };
        left.clear();
        for (offset, failure) in failed {
            membership.saw(&failure);
            if failure.is_retriable() && Instant::now() < deadline {
                left.push(offset);
            } else {
                refused.by_brokers.push((offset, failure));
            }
        }
        if !left.is_empty() {
            tokio::time::sleep(backoff.pause()).await;
        }
    }
}

/// Commits once: those that were refused, and why.
async fn once(
    client: &Client,
    membership: &Membership,
    offsets: &[CommitOffset],
) -> Result<Vec<(CommitOffset, Failure)>, Failure> {
    let coordinator = membership.coordinator(client).await?;
    let identity = membership.identity();
    let build = |version| request(version, membership, &identity, offsets);
    let to = (Destination::Broker(coordinator), membership.lane());
    let (_, response) = client.ask(to, 2..=9, build).await?;
    let mut told = BTreeMap::new();
    for topic in &response.topics {
        for partition in &topic.partitions {
            told.insert((topic.name.to_string(), partition.partition_index), partition.error_code);
        }
    }
    let api = ApiKey::OffsetCommit;
    let failed = offsets.iter().filter_map(|offset| {
        let key = (offset.partition.topic.as_str().to_owned(), offset.partition.partition.get());
        let told = told.get(&key).ok_or(Failure::Missing { api });
        let failure = told.and_then(|code| Failure::check(api, *code, None)).err()?;
        Some((offset.clone(), failure))
    });
    Ok(failed.collect())
}

fn request(
    version: i16,
    membership: &Membership,
    identity: &Identity,
    offsets: &[CommitOffset],
) -> OffsetCommitRequest {
    let mut topics: BTreeMap<&TopicName, Vec<OffsetCommitRequestPartition>> = BTreeMap::new();
    for offset in offsets {
        let mut partition = OffsetCommitRequestPartition::default()
            .with_partition_index(offset.partition.partition.get())
            .with_committed_offset(offset.next.get())
            .with_committed_metadata(Some(StrBytes::from_string(offset.metadata.clone())));
        if version >= 6 {
            partition.committed_leader_epoch = epoch_number(offset.leader_epoch);
        }
        topics.entry(&offset.partition.topic).or_default().push(partition);
    }
    let topics = topics.into_iter().map(|(name, partitions)| {
        OffsetCommitRequestTopic::default().with_name(wire_name(name)).with_partitions(partitions)
    });
    let group = StrBytes::from_string(membership.settings.group.as_str().to_owned());
    let mut request = OffsetCommitRequest::default()
        .with_group_id(WireGroup(group))
        .with_generation_id_or_member_epoch(identity.epoch())
        .with_member_id(identity.member())
        .with_topics(topics.collect());
    if version >= 7 && *identity != Identity::None {
        let instance = membership.settings.instance.clone().map(StrBytes::from_string);
        request.group_instance_id = instance;
    }
    request
}
