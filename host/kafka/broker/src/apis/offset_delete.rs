//! OffsetDelete 0: of topics that no member subscribes to.

use std::sync::Arc;

use kafka_protocol::error::ResponseError;
use kafka_protocol::messages::offset_delete_response::{
    OffsetDeleteResponsePartition, OffsetDeleteResponseTopic,
};
use kafka_protocol::messages::{OffsetDeleteRequest, OffsetDeleteResponse};

use super::groups::{Refused, group_id};
use crate::broker::Parts;
use crate::error_code;
use crate::groups::{GroupFailure, Removal};
use crate::service::Started;
use crate::topics::TopicKey;

pub(crate) fn start(parts: &Arc<Parts>, request: OffsetDeleteRequest) -> Started {
    let parts = Arc::clone(parts);
    Started::waiting(async move {
        match Box::pin(delete(&parts, &request)).await {
            Ok(topics) => OffsetDeleteResponse::default().with_topics(topics).into(),
            Err(refused) => OffsetDeleteResponse::default().with_error_code(refused.code().code()).into(),
        }
    })
}

async fn delete(
    parts: &Parts,
    request: &OffsetDeleteRequest,
) -> Result<Vec<OffsetDeleteResponseTopic>, Refused> {
    let id = group_id(&request.group_id)?;
    let group = parts.groups.look(&id).await?.ok_or(Refused::Code(ResponseError::GroupIdNotFound))?;
    let mut topics = Vec::with_capacity(request.topics.len());
    let mut forgotten = Vec::new();
    for asked in &request.topics {
        let keys: Vec<TopicKey> = asked.name.parse().ok().map(TopicKey::Name).into_iter().collect();
        let found = parts.topics.find(&keys).await.map_err(GroupFailure::Store)?.pop().flatten();
        let is_subscribed = group.subscribes_to(&asked.name);
        let mut partitions = Vec::with_capacity(asked.partitions.len());
        for partition in &asked.partitions {
            let index = partition.partition_index;
            let code = match found.as_ref().and_then(|topic| topic.log(index)) {
                None => ResponseError::UnknownTopicOrPartition.code(),
                Some(_) if is_subscribed => ResponseError::GroupSubscribedToTopic.code(),
                Some(log) => {
                    forgotten.push(log);
                    error_code::NONE
                }
            };
            partitions.push(
                OffsetDeleteResponsePartition::default().with_partition_index(index).with_error_code(code),
            );
        }
        let topic = OffsetDeleteResponseTopic::default().with_name(asked.name.clone());
        topics.push(topic.with_partitions(partitions));
    }
    // Whoever subscribes in between commits again what it needs.
    parts.groups.remove(&id, |_| Ok(()), Removal::Offsets(forgotten)).await?;
    Ok(topics)
}
