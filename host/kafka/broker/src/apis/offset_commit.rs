//! OffsetCommit 2 to 9, by members of a generation, or by anybody while the group has no members. `retention_time_ms` of
//! versions 2 to 4 is kept to.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use forebay_kafka_groups::Group;
use forebay_model::{LeaderEpoch, Offset, Timestamp, TopicIdPartition};
use forebay_storage_metadata::OffsetToCommit;
use kafka_protocol::error::ResponseError;
use kafka_protocol::messages::offset_commit_request::OffsetCommitRequestPartition;
use kafka_protocol::messages::offset_commit_response::{
    OffsetCommitResponsePartition, OffsetCommitResponseTopic,
};
use kafka_protocol::messages::{OffsetCommitRequest, OffsetCommitResponse, TopicName};

use super::groups::{Refused, group_id, some_member};
use crate::broker::Parts;
use crate::error_code;
use crate::service::Started;
use crate::topics::{Topic, TopicKey};

/// The longest text that goes with an offset, in bytes, as Kafka's `offset.metadata.max.bytes`.
const METADATA: usize = 4_096;

pub(crate) fn start(parts: &Arc<Parts>, request: OffsetCommitRequest) -> Started {
    let parts = Arc::clone(parts);
    Started::waiting(async move { Box::pin(answer(&parts, request)).await.into() })
}

async fn answer(parts: &Parts, request: OffsetCommitRequest) -> OffsetCommitResponse {
    let asked = match judge(parts, &request).await {
        Ok(asked) => asked,
        Err(refused) => return all(&request, refused.code()),
    };
    let offsets: Vec<_> = asked
        .iter()
        .flat_map(|(_, partitions)| partitions)
        .filter_map(|(_, judged)| judged.as_ref().ok().cloned())
        .collect();
    if !offsets.is_empty()
        && let Err(refused) = commit(parts, &request, &offsets).await
    {
        return all(&request, refused.code());
    }
    let topics = asked.into_iter().map(|(name, partitions)| {
        let partitions = partitions.into_iter().map(|(index, judged)| {
            let code = judged.err().map_or(error_code::NONE, |code| code.code());
            OffsetCommitResponsePartition::default().with_partition_index(index).with_error_code(code)
        });
        OffsetCommitResponseTopic::default().with_name(name).with_partitions(partitions.collect())
    });
    OffsetCommitResponse::default().with_topics(topics.collect())
}

type Judged = Result<(TopicIdPartition, OffsetToCommit), ResponseError>;

/// What can be committed, and what can't, without looking at the group.
async fn judge(
    parts: &Parts,
    request: &OffsetCommitRequest,
) -> Result<Vec<(TopicName, Vec<(i32, Judged)>)>, Refused> {
    let keys: Vec<TopicKey> =
        request.topics.iter().filter_map(|topic| topic.name.parse().ok()).map(TopicKey::Name).collect();
    let store = |failure| Refused::Group(crate::groups::GroupFailure::Store(failure));
    let found = parts.topics.find(&keys).await.map_err(store)?;
    let found: HashMap<_, _> = keys.into_iter().zip(found).collect();
    let expires_at = match u64::try_from(request.retention_time_ms) {
        Ok(kept) => {
            let now = parts.metadata.now().await.map_err(store)?;
            Some(now.after(Duration::from_millis(kept)))
        }
        Err(_) => None,
    };
    let mut judged = Vec::with_capacity(request.topics.len());
    for topic in &request.topics {
        let key = topic.name.parse().ok().map(TopicKey::Name);
        let known = key.as_ref().and_then(|key| found.get(key)).and_then(Option::as_ref);
        let mut partitions = Vec::with_capacity(topic.partitions.len());
        for asked in &topic.partitions {
            let mut known = known.cloned();
            if let (Some(key), Some(topic)) = (&key, known.take()) {
                let fresh = parts.topics.with_partition(key, topic, asked.partition_index).await;
                known = fresh.map_err(store)?;
            }
            partitions.push((asked.partition_index, judge_one(known.as_deref(), asked, expires_at)));
        }
        judged.push((topic.name.clone(), partitions));
    }
    Ok(judged)
}

fn judge_one(
    topic: Option<&Topic>,
    asked: &OffsetCommitRequestPartition,
    expires_at: Option<Timestamp>,
) -> Judged {
    let log = topic.and_then(|topic| topic.log(asked.partition_index));
    let log = log.ok_or(ResponseError::UnknownTopicOrPartition)?;
    let metadata = asked.committed_metadata.as_ref().map(ToString::to_string).unwrap_or_default();
    // No store takes this character in a text.
    if metadata.len() > METADATA || metadata.contains('\0') {
        return Err(ResponseError::OffsetMetadataTooLarge);
    }
    let offset = Offset::new(asked.committed_offset).map_err(|_| ResponseError::InvalidRequest)?;
    let leader_epoch = LeaderEpoch::new(asked.committed_leader_epoch).ok();
    Ok((log, OffsetToCommit { offset, leader_epoch, metadata, expires_at }))
}

async fn commit(
    parts: &Parts,
    request: &OffsetCommitRequest,
    offsets: &[(TopicIdPartition, OffsetToCommit)],
) -> Result<(), Refused> {
    let id = group_id(&request.group_id)?;
    let member = some_member(&request.member_id)?;
    let (instance, generation) =
        (request.group_instance_id.as_deref(), request.generation_id_or_member_epoch);
    let check = |group: &Group| group.check_commit(member.as_ref(), instance, generation);
    Ok(parts.groups.commit(&id, member.as_ref(), check, offsets).await?)
}

fn all(request: &OffsetCommitRequest, code: ResponseError) -> OffsetCommitResponse {
    let topics = request.topics.iter().map(|topic| {
        let partitions = topic.partitions.iter().map(|asked| {
            OffsetCommitResponsePartition::default()
                .with_partition_index(asked.partition_index)
                .with_error_code(code.code())
        });
        OffsetCommitResponseTopic::default()
            .with_name(topic.name.clone())
            .with_partitions(partitions.collect())
    });
    OffsetCommitResponse::default().with_topics(topics.collect())
}
