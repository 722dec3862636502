//! What a consumer is to read: whether it is granted, and as the client has it.

use std::time::Duration;

use forebay_kafka_client as client;
use forebay_kafka_client::{Assignor, Subscription};
use forebay_model::{Offset, Timestamp};

use super::open::HostCluster;
use super::{invalid, partition};
use crate::bindings::forebay::kafka::kafka::{
    Balancer, ConsumerSettings, GroupSettings, Isolation, KafkaError, Start, StartOf,
};
use crate::grants::Access;
use crate::scope::Scope;

/// Whether everything that is read is granted.
pub(super) fn check(cluster: &HostCluster, settings: &ConsumerSettings, scope: &Scope) -> Result<(), String> {
    let permit = cluster.permit();
    if settings.matching {
        permit.all_topics()?;
    } else {
        let named = settings.partitions.iter().map(|start| &start.partition.topic);
        for topic in settings.topics.iter().chain(named) {
            scope.allowed.topic(permit, topic, Access::Read)?;
        }
    }
    settings.group.as_ref().map_or(Ok(()), |group| scope.allowed.group(permit, &group.id))
}

/// The settings as the client has them.
pub(super) fn read(settings: ConsumerSettings, ahead: usize) -> Result<client::ConsumerSettings, KafkaError> {
    let ConsumerSettings {
        group,
        topics,
        matching,
        partitions,
        start,
        isolation,
        fetch_min_bytes,
        fetch_max_bytes,
        fetch_max_partition_bytes,
        fetch_max_wait,
        ..
    } = settings;
    let mut read = client::ConsumerSettings::new(subscription(topics, matching, partitions)?);
    read.start = place(start)?;
    read.isolation = match isolation {
        Isolation::ReadUncommitted => client::Isolation::ReadUncommitted,
        Isolation::ReadCommitted => client::Isolation::ReadCommitted,
    };
    let fetch = &mut read.fetch;
    fetch.min_bytes = fetch_min_bytes.unwrap_or(fetch.min_bytes);
    fetch.max_bytes = fetch_max_bytes.unwrap_or(fetch.max_bytes);
    fetch.max_partition_bytes = fetch_max_partition_bytes.unwrap_or(fetch.max_partition_bytes);
    fetch.max_wait = fetch_max_wait.map_or(fetch.max_wait, Duration::from_nanos);
    fetch.max_buffered_bytes = ahead as u64;
    read.group = group.map(read_group).transpose()?;
    Ok(read)
}

fn subscription(
    topics: Vec<String>,
    matching: bool,
    partitions: Vec<StartOf>,
) -> Result<Subscription, KafkaError> {
    let named = |topics: Vec<String>| -> Result<Vec<_>, KafkaError> {
        topics.iter().map(|topic| topic.parse().map_err(invalid)).collect()
    };
    let placed = |partitions: Vec<StartOf>| -> Result<Vec<_>, KafkaError> {
        let one = |StartOf { partition: source, start }| Ok((partition(source)?, place(start)?));
        partitions.into_iter().map(one).collect()
    };
    match (topics.is_empty(), partitions.is_empty()) {
        (_, false) if matching => {
            Err(invalid("partitions are named with names of topics, not with regular expressions"))
        }
        (true, false) => Ok(Subscription::Partitions(placed(partitions)?)),
        (false, false) => Ok(Subscription::Mixed { topics: named(topics)?, partitions: placed(partitions)? }),
        _ if matching => Ok(Subscription::Matching(topics)),
        _ => Ok(Subscription::Topics(named(topics)?)),
    }
}

fn read_group(group: GroupSettings) -> Result<client::GroupSettings, KafkaError> {
    let GroupSettings { id, instance, balancers, session_timeout, heartbeat_interval, rebalance_timeout } =
        group;
    let mut read = client::GroupSettings::new(id.parse().map_err(invalid)?);
    read.instance = instance;
    let assignors = balancers.into_iter().map(|balancer| match balancer {
        Balancer::CooperativeSticky => Ok(Assignor::CooperativeSticky),
        Balancer::Range => Ok(Assignor::Range),
        Balancer::RoundRobin => Ok(Assignor::RoundRobin),
        Balancer::Sticky => {
            Err(invalid("the balancer `sticky` is not there: cooperative_sticky takes its place"))
        }
    });
    let assignors: Vec<_> = assignors.collect::<Result<_, _>>()?;
    if !assignors.is_empty() {
        read.assignors = assignors;
    }
    read.session_timeout = session_timeout.map_or(read.session_timeout, Duration::from_nanos);
    read.heartbeat_interval = heartbeat_interval.map_or(read.heartbeat_interval, Duration::from_nanos);
    read.rebalance_timeout = rebalance_timeout.map_or(read.rebalance_timeout, Duration::from_nanos);
    Ok(read)
}

/// Where a partition is read from, as the client has it.
pub(super) fn place(start: Start) -> Result<client::Start, KafkaError> {
    Ok(match start {
        Start::Earliest => client::Start::Earliest,
        Start::Latest => client::Start::Latest,
        Start::Committed => client::Start::Committed,
        Start::At(offset) => client::Start::At(Offset::new(offset).map_err(invalid)?),
        Start::Time(millis) => client::Start::Time(Timestamp::from_millis(millis)),
    })
}
