//! OffsetFetch 1 to 9, from version 8 of several groups. Partitions without a committed offset are answered with -1, as
//! those of topics that do not exist. `require_stable` changes nothing: there are no transactions.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use forebay_kafka_security::{Operation, ResourceType};
use forebay_model::TopicIdPartition;
use forebay_storage_metadata::{CommittedOffset, OffsetsWanted};
use kafka_protocol::error::ResponseError;
use kafka_protocol::messages::offset_fetch_request::{OffsetFetchRequestGroup, OffsetFetchRequestTopics};
use kafka_protocol::messages::offset_fetch_response::{
    OffsetFetchResponseGroup, OffsetFetchResponsePartition, OffsetFetchResponsePartitions,
    OffsetFetchResponseTopic, OffsetFetchResponseTopics,
};
use kafka_protocol::messages::{OffsetFetchRequest, OffsetFetchResponse, TopicName};
use kafka_protocol::protocol::StrBytes;

use super::groups::{Refused, group_id};
use super::{TOPIC_DENIED, once, wire_name};
use crate::broker::Parts;
use crate::groups::GroupFailure;
use crate::service::{Call, Started};
use crate::topics::TopicKey;

/// The first version that asks about several groups.
const SEVERAL: i16 = 8;
/// The first version in which a group has an error of its own.
const GROUP_ERRORS: i16 = 2;
const NO_OFFSET: i64 = -1;
const NO_EPOCH: i32 = -1;

/// What is answered of a topic: a partition, and what is committed of it.
type Topics = Vec<(TopicName, Vec<(i32, Found)>)>;

/// What is committed of a partition, if anything, or why it is not told.
type Found = Result<Option<CommittedOffset>, ResponseError>;

pub(crate) fn start(parts: &Arc<Parts>, call: &Call, request: OffsetFetchRequest) -> Started {
    let (parts, call) = (Arc::clone(parts), call.clone());
    let version = call.version;
    Started::waiting(async move {
        if version >= SEVERAL {
            let all = once(request.groups, |asked| asked.group_id.clone());
            let mut groups = Vec::with_capacity(all.len());
            for asked in all {
                groups.push(group(&parts, &call, asked).await);
            }
            return OffsetFetchResponse::default().with_groups(groups).into();
        }
        Box::pin(one_group(&parts, &call, request)).await.into()
    })
}

async fn one_group(parts: &Parts, call: &Call, request: OffsetFetchRequest) -> OffsetFetchResponse {
    let version = call.version;
    let topics = request.topics.map(|topics| {
        let topics = topics.into_iter().map(|topic| {
            OffsetFetchRequestTopics::default()
                .with_name(topic.name)
                .with_partition_indexes(topic.partition_indexes)
        });
        topics.collect()
    });
    let group = OffsetFetchRequestGroup::default()
        .with_group_id(request.group_id)
        .with_topics(topics)
        .with_member_epoch(-1);
    let (topics, code) = match fetch(parts, call, &group).await {
        Ok(topics) => (topics, None),
        Err(refused) if version >= GROUP_ERRORS => {
            return OffsetFetchResponse::default().with_error_code(refused.code().code());
        }
        Err(refused) => (nothing(&group), Some(refused.code())),
    };
    let topics = topics.into_iter().map(|(name, partitions)| {
        let partitions = partitions.into_iter().map(|(index, found)| {
            let code = code.or(found.as_ref().err().copied());
            let (offset, epoch, metadata) = told(found);
            let partition = OffsetFetchResponsePartition::default()
                .with_partition_index(index)
                .with_committed_offset(offset)
                .with_metadata(Some(metadata))
                .with_error_code(code.map_or(0, |code| code.code()));
            if version >= 5 { partition.with_committed_leader_epoch(epoch) } else { partition }
        });
        OffsetFetchResponseTopic::default().with_name(name).with_partitions(partitions.collect())
    });
    OffsetFetchResponse::default().with_topics(topics.collect())
}

async fn group(parts: &Parts, call: &Call, asked: OffsetFetchRequestGroup) -> OffsetFetchResponseGroup {
    let response = OffsetFetchResponseGroup::default().with_group_id(asked.group_id.clone());
    let topics = match fetch(parts, call, &asked).await {
        Ok(topics) => topics,
        Err(refused) => return response.with_error_code(refused.code().code()),
    };
    let topics = topics.into_iter().map(|(name, partitions)| {
        let partitions = partitions.into_iter().map(|(index, found)| {
            let code = found.as_ref().err().map_or(0, ResponseError::code);
            let (offset, epoch, metadata) = told(found);
            OffsetFetchResponsePartitions::default()
                .with_error_code(code)
                .with_partition_index(index)
                .with_committed_offset(offset)
                .with_committed_leader_epoch(epoch)
                .with_metadata(Some(metadata))
        });
        OffsetFetchResponseTopics::default().with_name(name).with_partitions(partitions.collect())
    });
    response.with_topics(topics.collect())
}

fn told(found: Found) -> (i64, i32, StrBytes) {
    let Ok(Some(CommittedOffset { committed, .. })) = found else {
        return (NO_OFFSET, NO_EPOCH, StrBytes::default());
    };
    let epoch = committed.leader_epoch.map_or(NO_EPOCH, forebay_model::LeaderEpoch::get);
    (committed.offset.get(), epoch, StrBytes::from_string(committed.metadata))
}

fn nothing(asked: &OffsetFetchRequestGroup) -> Topics {
    let topics = asked.topics.iter().flatten();
    let none = |indexes: &[i32]| indexes.iter().map(|index| (*index, Ok(None))).collect();
    topics.map(|topic| (topic.name.clone(), none(&topic.partition_indexes))).collect()
}

async fn fetch(parts: &Parts, call: &Call, asked: &OffsetFetchRequestGroup) -> Result<Topics, Refused> {
    let id = group_id(call, Operation::Describe, &asked.group_id)?;
    // A member of the newer protocol says who it is, so that one that was replaced does not go on.
    if asked.member_epoch >= 0 {
        let member = asked.member_id.as_ref().and_then(|id| id.parse().ok());
        let group = parts.groups.look(&id).await?;
        let group = group.ok_or(Refused::Code(ResponseError::GroupIdNotFound))?;
        group.check_commit(member.as_ref(), None, asked.member_epoch)?;
    }
    match &asked.topics {
        None => all_topics(parts, call, OffsetsWanted { group: id, logs: None }).await,
        Some(topics) => named_topics(parts, call, id, topics).await,
    }
}

fn store(failure: forebay_storage_metadata::StoreFailure) -> Refused {
    Refused::Group(GroupFailure::Store(failure))
}

async fn load(
    parts: &Parts,
    wanted: OffsetsWanted,
) -> Result<Vec<(TopicIdPartition, CommittedOffset)>, Refused> {
    let found = parts.metadata.load_offsets(parts.cluster(), vec![wanted]).await.map_err(store)?;
    Ok(found.into_iter().flatten().collect())
}

async fn all_topics(parts: &Parts, call: &Call, wanted: OffsetsWanted) -> Result<Topics, Refused> {
    let mut by_topic: BTreeMap<_, BTreeMap<i32, CommittedOffset>> = BTreeMap::new();
    for (log, found) in load(parts, wanted).await? {
        by_topic.entry(log.topic).or_default().insert(log.partition.get(), found);
    }
    let keys: Vec<TopicKey> = by_topic.keys().copied().map(TopicKey::Id).collect();
    let names = parts.topics.find(&keys).await.map_err(store)?;
    let mut topics = Topics::new();
    for (topic, partitions) in names.into_iter().zip(by_topic.into_values()) {
        // What was committed of a topic that is deleted is nobody's.
        let Some(topic) = topic else { continue };
        if !call.access.allows(Operation::Describe, ResourceType::Topic, topic.description.name.as_str()) {
            continue;
        }
        let partitions = partitions.into_iter().map(|(index, found)| (index, Ok(Some(found))));
        topics.push((wire_name(&topic.description.name), partitions.collect()));
    }
    Ok(topics)
}

async fn named_topics(
    parts: &Parts,
    call: &Call,
    group: forebay_model::GroupId,
    asked: &[OffsetFetchRequestTopics],
) -> Result<Topics, Refused> {
    let keys: Vec<TopicKey> =
        asked.iter().filter_map(|topic| topic.name.parse().ok()).map(TopicKey::Name).collect();
    let known = parts.topics.find(&keys).await.map_err(store)?;
    let known: HashMap<_, _> = keys.into_iter().zip(known).collect();
    let log = |name: &TopicName, index: i32| {
        let key = TopicKey::Name(name.parse().ok()?);
        known.get(&key)?.as_ref()?.log(index)
    };
    let mut logs = Vec::new();
    for topic in asked {
        logs.extend(topic.partition_indexes.iter().filter_map(|index| log(&topic.name, *index)));
    }
    let found: HashMap<_, _> =
        load(parts, OffsetsWanted { group, logs: Some(logs) }).await?.into_iter().collect();
    let topics = asked.iter().map(|topic| {
        let may_describe = call.access.allows(Operation::Describe, ResourceType::Topic, &topic.name);
        let of = |index: &i32| {
            let found = log(&topic.name, *index).and_then(|log| found.get(&log).cloned());
            (*index, if may_describe { Ok(found) } else { Err(TOPIC_DENIED) })
        };
        (topic.name.clone(), topic.partition_indexes.iter().map(of).collect())
    });
    Ok(topics.collect())
}
