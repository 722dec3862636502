//! What is known of topics: asked for when somebody needs it, kept for a while, and forgotten when it has shown to be
//! wrong.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use forebay_model::{PartitionId, TopicId, TopicName};
use kafka_protocol::error::ResponseError;
use kafka_protocol::messages::metadata_request::MetadataRequestTopic;
use kafka_protocol::messages::metadata_response::MetadataResponseTopic;
use kafka_protocol::messages::{ApiKey, MetadataRequest, MetadataResponse};
use tokio::time::Instant;

use crate::client::Client;
use crate::error::Refused;
use crate::failure::Failure;
use crate::topics::{BrokerAddress, wire_name};
use crate::transport::{Destination, Lane};

/// A topic as the cluster tells of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TopicMetadata {
    pub name: TopicName,
    /// Brokers before Kafka 2.8 have none.
    pub id: Option<TopicId>,
    /// In their order, without gaps.
    pub partitions: Vec<PartitionMetadata>,
}

/// A partition as the cluster tells of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PartitionMetadata {
    pub partition: PartitionId,
    /// The number of the broker that leads it, if one does.
    pub leader: Option<i32>,
    /// -1 where it is not known.
    pub leader_epoch: i32,
}

impl TopicMetadata {
    /// What is known of one partition.
    #[must_use]
    pub fn partition(&self, partition: PartitionId) -> Option<&PartitionMetadata> {
        self.partitions.get(usize::try_from(partition.get()).ok()?)
    }
}

/// What one client knows.
#[derive(Debug)]
pub(crate) struct Metadata {
    max_age: Duration,
    topics: Mutex<BTreeMap<TopicName, Entry>>,
    /// Whose turn it is to ask: who waits for it may find the answer there.
    asking: tokio::sync::Mutex<()>,
}

#[derive(Debug, Clone)]
struct Entry {
    topic: Arc<TopicMetadata>,
    asked: Instant,
    is_stale: bool,
}

/// Topics that are remembered; beyond them the oldest are forgotten.
const MOST_TOPICS: usize = 10_000;
const VERSIONS: std::ops::RangeInclusive<i16> = 4..=12;

impl Metadata {
    pub(crate) fn new(max_age: Duration) -> Self {
        Self { max_age, topics: Mutex::default(), asking: tokio::sync::Mutex::default() }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<TopicName, Entry>> {
        self.topics.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is known for good, without asking.
    pub(crate) fn known(&self, name: &TopicName) -> Option<Arc<TopicMetadata>> {
        let topics = self.lock();
        let entry = topics.get(name)?;
        (!entry.is_stale && entry.asked.elapsed() < self.max_age).then(|| Arc::clone(&entry.topic))
    }

    /// What was told not too long ago, although its leaders may have changed: as good for choosing a partition.
    pub(crate) fn told(&self, name: &TopicName) -> Option<Arc<TopicMetadata>> {
        let topics = self.lock();
        let entry = topics.get(name)?;
        (entry.asked.elapsed() < self.max_age).then(|| Arc::clone(&entry.topic))
    }

    /// Something of it has shown to be wrong.
    pub(crate) fn is_wrong(&self, name: &TopicName) {
        if let Some(entry) = self.lock().get_mut(name) {
            entry.is_stale = true;
        }
    }

    /// A topic, which is made where `creates` and the cluster say so.
    pub(crate) async fn topic(
        &self,
        client: &Client,
        name: &TopicName,
        creates: bool,
    ) -> Result<Arc<TopicMetadata>, Failure> {
        if let Some(known) = self.known(name) {
            return Ok(known);
        }
        let _turn = self.asking.lock().await;
        if let Some(known) = self.known(name) {
            return Ok(known);
        }
        let asked = MetadataRequestTopic::default().with_name(Some(wire_name(name)));
        let response = self.ask(client, Some(vec![asked]), creates).await?;
        let missing = Failure::Missing { api: ApiKey::Metadata };
        let answered = response.topics.into_iter().next().ok_or(missing)?;
        self.answered(name, answered)
    }

    /// The same for several, with one request: each of them, in any order.
    pub(crate) async fn topics(
        &self,
        client: &Client,
        names: Vec<TopicName>,
        creates: bool,
    ) -> Vec<(TopicName, Result<Arc<TopicMetadata>, Failure>)> {
        let _turn = self.asking.lock().await;
        let (mut found, mut unknown) = (Vec::with_capacity(names.len()), Vec::new());
        for name in names {
            match self.known(&name) {
                Some(known) => found.push((name, Ok(known))),
                None => unknown.push(name),
            }
        }
        if unknown.is_empty() {
            return found;
        }
        let asked =
            unknown.iter().map(|name| MetadataRequestTopic::default().with_name(Some(wire_name(name))));
        match self.ask(client, Some(asked.collect()), creates).await {
            Ok(response) => {
                let named = |topic: MetadataResponseTopic| Some((topic.name.as_ref()?.to_string(), topic));
                let mut answers: BTreeMap<_, _> = response.topics.into_iter().filter_map(named).collect();
                found.extend(unknown.into_iter().map(|name| {
                    let missing = Failure::Missing { api: ApiKey::Metadata };
                    let answered = answers.remove(name.as_str()).ok_or(missing);
                    let topic = answered.and_then(|answered| self.answered(&name, answered));
                    (name, topic)
                }));
            }
            Err(failure) => found.extend(unknown.into_iter().map(|name| (name, Err(failure.clone())))),
        }
        found
    }

    /// Keeps what was told of a topic, or forgets it where there is none.
    fn answered(
        &self,
        name: &TopicName,
        answered: MetadataResponseTopic,
    ) -> Result<Arc<TopicMetadata>, Failure> {
        let topic = read(name, answered).inspect_err(|_| drop(self.lock().remove(name)))?;
        self.keep(Arc::clone(&topic));
        Ok(topic)
    }

    /// The names of all topics; what is told beside them is kept.
    pub(crate) async fn all(&self, client: &Client) -> Result<Vec<TopicName>, Failure> {
        let _turn = self.asking.lock().await;
        let response = self.ask(client, None, false).await?;
        let mut names = Vec::new();
        for topic in response.topics {
            if topic.is_internal {
                continue;
            }
            let Some(name) = topic.name.as_ref().and_then(|name| name.parse::<TopicName>().ok()) else {
                continue;
            };
            if let Ok(topic) = read(&name, topic) {
                self.keep(topic);
                names.push(name);
            }
        }
        Ok(names)
    }

    fn keep(&self, topic: Arc<TopicMetadata>) {
        let mut topics = self.lock();
        if topics.len() >= MOST_TOPICS && !topics.contains_key(&topic.name) {
            let oldest = topics.iter().min_by_key(|(_, entry)| entry.asked).map(|(name, _)| name.clone());
            oldest.and_then(|oldest| topics.remove(&oldest));
        }
        let entry = Entry { topic: Arc::clone(&topic), asked: Instant::now(), is_stale: false };
        topics.insert(topic.name.clone(), entry);
    }

    async fn ask(
        &self,
        client: &Client,
        topics: Option<Vec<MetadataRequestTopic>>,
        creates: bool,
    ) -> Result<MetadataResponse, Failure> {
        let request = MetadataRequest::default().with_topics(topics).with_allow_auto_topic_creation(creates);
        let to = (Destination::Any, Lane::CONTROL);
        let (_, response) = client.ask(to, VERSIONS, |_| request).await?;
        let brokers = response.brokers.iter().map(|broker| BrokerAddress {
            node: broker.node_id.0,
            host: broker.host.to_string(),
            port: broker.port,
        });
        client.parts.transport.learn(&brokers.collect::<Vec<_>>());
        Ok(response)
    }
}

fn read(name: &TopicName, answered: MetadataResponseTopic) -> Result<Arc<TopicMetadata>, Failure> {
    Refused::check(ApiKey::Metadata, answered.error_code, None)?;
    let id = Some(answered.topic_id).filter(|id| !id.is_nil()).map(TopicId::from_uuid);
    let mut partitions = Vec::with_capacity(answered.partitions.len());
    for partition in answered.partitions {
        let Ok(number) = PartitionId::new(partition.partition_index) else { continue };
        // Some errors leave the leader in place, as that of a replica that is away.
        let is_lost =
            ResponseError::try_from_code(partition.error_code) == Some(ResponseError::LeaderNotAvailable);
        let leader = Some(partition.leader_id.0).filter(|leader| *leader >= 0 && !is_lost);
        partitions.push(PartitionMetadata {
            partition: number,
            leader,
            leader_epoch: partition.leader_epoch,
        });
    }
    partitions.sort_by_key(|partition| partition.partition);
    if partitions.iter().zip(0..).any(|(partition, index)| partition.partition.get() != index) {
        return Err(Failure::Missing { api: ApiKey::Metadata });
    }
    Ok(Arc::new(TopicMetadata { name: name.clone(), id, partitions }))
}
