use std::sync::Arc;

use forebay_kafka_security::{Operation, ResourceType};
use forebay_model::{ByteCount, Offset};
use forebay_storage_metadata::FindFrom;
use kafka_protocol::error::ResponseError;
use kafka_protocol::messages::TopicName;
use kafka_protocol::messages::fetch_request::{FetchPartition, FetchTopic};
use kafka_protocol::protocol::StrBytes;
use uuid::Uuid;

use super::Located;
use crate::apis::{LEADER_EPOCH, TOPIC_DENIED, topic_key};
use crate::authorization::Access;
use crate::broker::Parts;
use crate::error_code;
use crate::topics::TopicKey;

/// A topic as a client names it: by its name, or by its id. Nothing of the request's frame is kept by it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Named {
    pub name: Arc<str>,
    pub id: Uuid,
}

/// A partition and from where on it is wanted.
#[derive(Debug, Clone)]
pub(super) struct Wanted {
    pub topic: Named,
    pub partition: i32,
    pub offset: i64,
    pub max_bytes: i32,
    pub leader_epoch: i32,
}

impl Named {
    pub(super) fn new(name: &TopicName, id: Uuid) -> Self {
        Self { name: Arc::from(name.0.as_str()), id }
    }

    pub(super) fn wire_name(&self) -> TopicName {
        TopicName(StrBytes::from_string(self.name.to_string()))
    }

    fn key(&self) -> Option<TopicKey> {
        topic_key(&self.wire_name(), self.id)
    }

    /// The error in the way in which the topic was named.
    pub(super) fn code(&self, code: ResponseError) -> ResponseError {
        match code {
            ResponseError::UnknownTopicOrPartition if !self.id.is_nil() => ResponseError::UnknownTopicId,
            code => code,
        }
    }
}

impl Wanted {
    pub(super) fn new(topic: &Named, asked: &FetchPartition) -> Self {
        Self {
            topic: topic.clone(),
            partition: asked.partition,
            offset: asked.fetch_offset,
            max_bytes: asked.partition_max_bytes,
            leader_epoch: asked.current_leader_epoch,
        }
    }

    /// All partitions of a request.
    pub(super) fn all(topics: &[FetchTopic]) -> impl Iterator<Item = Self> {
        topics.iter().flat_map(|topic| {
            let named = Named::new(&topic.topic, topic.topic_id);
            topic.partitions.iter().map(move |asked| Self::new(&named, asked))
        })
    }
}

/// Where wanted partitions are, in their order.
pub(super) async fn locate(parts: &Parts, access: &Access, wanted: &[Wanted]) -> Vec<Located> {
    // Partitions of a topic stand together, mostly, so each topic is asked for about once.
    let mut keys: Vec<Option<TopicKey>> = Vec::new();
    let mut places = Vec::with_capacity(wanted.len());
    let mut last: Option<&Named> = None;
    for wanted in wanted {
        if last != Some(&wanted.topic) {
            keys.push(wanted.topic.key());
            last = Some(&wanted.topic);
        }
        places.push(keys.len() - 1);
    }
    let known: Vec<_> = keys.iter().flatten().cloned().collect();
    let found = match parts.topics.find(&known).await {
        Ok(found) => found,
        Err(failure) => {
            let code = error_code::of_store(&failure);
            return wanted.iter().map(|_| Err(code)).collect();
        }
    };
    let mut found = found.into_iter();
    let mut topics = Vec::with_capacity(keys.len());
    for key in keys {
        let topic = if key.is_some() { found.next().flatten() } else { None };
        let name = match (&key, &topic) {
            (Some(TopicKey::Name(name)), _) => Some(name),
            (_, topic) => topic.as_ref().map(|topic| &topic.description.name),
        };
        let may_read =
            name.is_none_or(|name| access.allows(Operation::Read, ResourceType::Topic, name.as_str()));
        topics.push((key, topic, may_read));
    }
    let mut located = Vec::with_capacity(wanted.len());
    for (wanted, place) in wanted.iter().zip(places) {
        let (key, topic, may_read) = &mut topics[place];
        // Who may not read a topic is not told whether it is there.
        if !*may_read {
            located.push(Err(TOPIC_DENIED));
            continue;
        }
        // A partition may have been added a moment ago.
        if let (Some(key), Some(known)) = (&*key, &*topic)
            && known.log(wanted.partition).is_none()
            && let Ok(again) = parts.topics.with_partition(key, Arc::clone(known), wanted.partition).await
        {
            *topic = again;
        }
        let log = topic.as_ref().and_then(|topic| topic.log(wanted.partition));
        located.push(match log {
            None => Err(ResponseError::UnknownTopicOrPartition),
            Some(_) if wanted.leader_epoch > LEADER_EPOCH => Err(ResponseError::UnknownLeaderEpoch),
            Some(log) => Offset::new(wanted.offset)
                .map(|offset| FindFrom {
                    log,
                    offset,
                    max_bytes: ByteCount::new(u64::try_from(wanted.max_bytes).unwrap_or(0)),
                })
                .map_err(|_| ResponseError::OffsetOutOfRange),
        });
    }
    located
}
