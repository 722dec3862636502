//! Where to start: what the group has committed, the ends of a partition, or a time.

use std::collections::BTreeMap;
use std::sync::Arc;

use forebay_model::{Offset, TopicName};
use kafka_protocol::messages::list_offsets_request::{ListOffsetsPartition, ListOffsetsTopic};
use kafka_protocol::messages::offset_fetch_request::{
    OffsetFetchRequestGroup, OffsetFetchRequestTopic, OffsetFetchRequestTopics,
};
use kafka_protocol::messages::{
    ApiKey, BrokerId, GroupId as WireGroup, ListOffsetsRequest, OffsetFetchRequest, OffsetFetchResponse,
};
use kafka_protocol::protocol::StrBytes;

use super::membership::{Identity, Membership};
use super::state::Place;
use super::{Isolation, Start};
use crate::client::Client;
use crate::failure::Failure;
use crate::topic_partition::TopicPartition;
use crate::topics::wire_name;
use crate::transport::{Destination, Lane};

/// Where a partition starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Found {
    At(Offset),
    NotCommitted,
}

/// Who asks.
pub(super) struct Asking {
    pub client: Client,
    pub membership: Option<Arc<Membership>>,
    pub isolation: Isolation,
}

type Wanted = Vec<(TopicPartition, u64, Place)>;
type Places = Vec<(TopicPartition, u64, Result<Found, Failure>)>;

const EARLIEST: i64 = -2;
const LATEST: i64 = -1;
/// The first version of OffsetFetch in which groups are named in a list, and the first in which members say who they are.
const GROUPS: i16 = 8;
const MEMBERS: i16 = 9;

impl Asking {
    /// The starts of partitions that one broker leads.
    pub(super) async fn places(self, broker: i32, wanted: Wanted) -> Places {
        let (committed, find): (Wanted, Wanted) =
            wanted.into_iter().partition(|(_, _, place)| matches!(place, Place::Committed { .. }));
        let mut places = Vec::new();
        if !committed.is_empty() {
            let names: Vec<_> = committed.iter().map(|(partition, ..)| partition.clone()).collect();
            let told = match &self.membership {
                Some(membership) => Box::pin(self.committed(membership, &names)).await,
                // Nobody asks for it without a group.
                None => Ok(BTreeMap::new()),
            };
            for (partition, stint, _) in committed {
                let found = match &told {
                    Ok(told) => told.get(&partition).cloned().unwrap_or(Ok(Found::NotCommitted)),
                    Err(reason) => Err(reason.clone()),
                };
                places.push((partition, stint, found));
            }
        }
        if !find.is_empty() {
            let asked: Vec<_> = find.iter().map(|(partition, _, place)| (partition, *place)).collect();
            let told = Box::pin(self.listed(broker, &asked)).await;
            for (partition, stint, _) in find {
                let found = match &told {
                    Ok(told) => {
                        let missing = Failure::Missing { api: ApiKey::ListOffsets };
                        told.get(&partition).cloned().unwrap_or(Err(missing))
                    }
                    Err(reason) => Err(reason.clone()),
                };
                places.push((partition, stint, found));
            }
        }
        places
    }

    /// What the group has committed; those of which nothing is are left out, or told so.
    async fn committed(
        &self,
        membership: &Membership,
        partitions: &[TopicPartition],
    ) -> Result<BTreeMap<TopicPartition, Result<Found, Failure>>, Failure> {
        let coordinator = membership.coordinator(&self.client).await?;
        let identity = membership.identity();
        let lane = membership.lane();
        let group = WireGroup(StrBytes::from_string(membership.settings.group.as_str().to_owned()));
        let build = |version| request(version, group, &identity, partitions);
        let asked = self.client.ask((Destination::Broker(coordinator), lane), 1..=MEMBERS, build).await;
        let (_, response) = asked.inspect_err(|_| membership.forget_coordinator())?;
        read(response).inspect_err(|failure| membership.saw(failure))
    }

    /// The ends of partitions, or what is there at a time.
    async fn listed(
        &self,
        broker: i32,
        asked: &[(&TopicPartition, Place)],
    ) -> Result<BTreeMap<TopicPartition, Result<Found, Failure>>, Failure> {
        let mut topics: BTreeMap<&TopicName, Vec<ListOffsetsPartition>> = BTreeMap::new();
        for (partition, place) in asked {
            let timestamp = match place {
                Place::Find(Start::Latest) => LATEST,
                Place::Find(Start::Time(time)) => time.millis(),
                Place::Find(Start::Earliest | Start::At(_) | Start::Committed)
                | Place::Committed { .. }
                | Place::At(_) => EARLIEST,
            };
            let asked = ListOffsetsPartition::default()
                .with_partition_index(partition.partition.get())
                .with_timestamp(timestamp);
            topics.entry(&partition.topic).or_default().push(asked);
        }
        let topics = topics.into_iter().map(|(name, partitions)| {
            ListOffsetsTopic::default().with_name(wire_name(name)).with_partitions(partitions)
        });
        let topics = topics.collect();
        let isolation = match self.isolation {
            Isolation::ReadUncommitted => 0,
            Isolation::ReadCommitted => 1,
        };
        let build = |version: i16| {
            let request = ListOffsetsRequest::default().with_replica_id(BrokerId(-1)).with_topics(topics);
            if version >= 2 { request.with_isolation_level(isolation) } else { request }
        };
        let to = (Destination::Broker(broker), Lane::CONTROL);
        let (_, response) = self.client.ask(to, 1..=7, build).await?;
        let mut told = BTreeMap::new();
        for topic in response.topics {
            let Ok(name) = topic.name.parse::<TopicName>() else { continue };
            for answered in topic.partitions {
                let Ok(number) = answered.partition_index.try_into() else { continue };
                let partition = TopicPartition::new(name.clone(), number);
                let found = Failure::check(ApiKey::ListOffsets, answered.error_code, None).map(|()| {
                    // Nothing is that young: behind the last one, then.
                    Offset::new(answered.offset).ok().map(Found::At)
                });
                match found {
                    Ok(Some(found)) => drop(told.insert(partition, Ok(found))),
                    Err(reason) => drop(told.insert(partition, Err(reason))),
                    Ok(None) => {
                        let end = [(&partition, Place::Find(Start::Latest))];
                        let ends = Box::pin(self.listed(broker, &end)).await?;
                        told.extend(ends);
                    }
                }
            }
        }
        Ok(told)
    }
}

fn request(
    version: i16,
    group: WireGroup,
    identity: &Identity,
    partitions: &[TopicPartition],
) -> OffsetFetchRequest {
    let mut topics: BTreeMap<&TopicName, Vec<i32>> = BTreeMap::new();
    for partition in partitions {
        topics.entry(&partition.topic).or_default().push(partition.partition.get());
    }
    let topics = topics.into_iter();
    if version < GROUPS {
        let topics = topics.map(|(name, indexes)| {
            OffsetFetchRequestTopic::default().with_name(wire_name(name)).with_partition_indexes(indexes)
        });
        let request = OffsetFetchRequest::default().with_group_id(group).with_topics(Some(topics.collect()));
        return if version >= 7 { request.with_require_stable(true) } else { request };
    }
    let topics = topics.map(|(name, indexes)| {
        OffsetFetchRequestTopics::default().with_name(wire_name(name)).with_partition_indexes(indexes)
    });
    let mut asked =
        OffsetFetchRequestGroup::default().with_group_id(group).with_topics(Some(topics.collect()));
    if version >= MEMBERS
        && let Some(epoch) = identity.member_epoch()
    {
        asked = asked.with_member_id(Some(identity.member())).with_member_epoch(epoch);
    }
    OffsetFetchRequest::default().with_groups(vec![asked]).with_require_stable(true)
}

fn read(response: OffsetFetchResponse) -> Result<BTreeMap<TopicPartition, Result<Found, Failure>>, Failure> {
    let api = ApiKey::OffsetFetch;
    let mut told = BTreeMap::new();
    let mut tell = |name: &str, index: i32, code: i16, offset: i64| {
        let (Ok(name), Ok(index)) = (name.parse::<TopicName>(), index.try_into()) else { return };
        let found = Failure::check(api, code, None)
            .map(|()| Offset::new(offset).map_or(Found::NotCommitted, Found::At));
        told.insert(TopicPartition::new(name, index), found);
    };
    Failure::check(api, response.error_code, None)?;
    for topic in &response.topics {
        for partition in &topic.partitions {
            tell(&topic.name, partition.partition_index, partition.error_code, partition.committed_offset);
        }
    }
    for group in &response.groups {
        Failure::check(api, group.error_code, None)?;
        for topic in &group.topics {
            for partition in &topic.partitions {
                let (index, code) = (partition.partition_index, partition.error_code);
                tell(&topic.name, index, code, partition.committed_offset);
            }
        }
    }
    Ok(told)
}
