//! A cluster of two brokers, without a network: it takes batches as Kafka does, once each and in the order of their
//! sequences, apart from what a test has it do.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use forebay_kafka_client::{
    BrokerAddress, ClientRequest, ClientResponse, Destination, Lane, Outgoing, Pending, ServedVersions,
    Transport, TransportError,
};
use forebay_kafka_wire::RecordBatch;
use kafka_protocol::error::ResponseError;
use kafka_protocol::messages::metadata_response::{
    MetadataResponseBroker, MetadataResponsePartition, MetadataResponseTopic,
};
use kafka_protocol::messages::produce_response::{PartitionProduceResponse, TopicProduceResponse};
use kafka_protocol::messages::{
    ApiKey, BrokerId, InitProducerIdResponse, MetadataRequest, MetadataResponse, ProduceRequest,
    ProduceResponse, ProducerId,
};
use tokio::sync::watch;

/// What becomes of a batch.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Fate {
    Taken,
    /// It is taken, and nobody is told.
    Lost,
    Refused(ResponseError),
    /// It is taken, and the broker says otherwise, as soon as there is another request to produce.
    TakenAndRefused(ResponseError),
}

/// A topic that there is not.
pub(crate) const MISSING: &str = "missing";

/// A batch that was taken: who has sent it, and its values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Taken {
    pub(crate) producer: i64,
    pub(crate) epoch: i16,
    pub(crate) sequence: i32,
    pub(crate) values: Vec<String>,
}

#[derive(Debug, Default)]
struct Partition {
    taken: Vec<Taken>,
    /// What becomes of the next batches; then all are taken.
    fates: VecDeque<Fate>,
}

/// The cluster. Partition 0 of every topic is led by broker 1, partition 1 by broker 2, and so on by turns.
#[derive(Debug)]
pub(crate) struct Cluster {
    partitions: Mutex<BTreeMap<i32, Partition>>,
    producers: Mutex<i64>,
    /// Requests to produce so far.
    requests: watch::Sender<usize>,
    /// What is said of topics that are asked for next; then they are there.
    told: Mutex<BTreeMap<String, VecDeque<ResponseError>>>,
    /// How often topics were asked for so far.
    looks: Mutex<BTreeMap<String, usize>>,
}

/// What becomes of a request.
struct Produced {
    /// None where the answer is lost.
    response: Option<ProduceResponse>,
    /// It is answered when there were so many requests to produce.
    requests: usize,
}

impl Cluster {
    pub(crate) fn new(fates: [&[Fate]; 2]) -> Arc<Self> {
        let partition =
            |fates: &[Fate]| Partition { taken: Vec::new(), fates: fates.iter().copied().collect() };
        Self::of(fates.map(partition))
    }

    /// One whose topics have so many partitions.
    pub(crate) fn wide(partitions: usize) -> Arc<Self> {
        Self::of((0..partitions).map(|_| Partition::default()))
    }

    fn of(partitions: impl IntoIterator<Item = Partition>) -> Arc<Self> {
        let partitions = Mutex::new((0..).zip(partitions).collect());
        Arc::new(Self {
            partitions,
            producers: Mutex::default(),
            requests: watch::Sender::default(),
            told: Mutex::default(),
            looks: Mutex::default(),
        })
    }

    /// What is said of a topic when it is asked for next.
    pub(crate) fn tell(&self, topic: &str, errors: &[ResponseError]) {
        self.told.lock().unwrap().insert(topic.to_owned(), errors.iter().copied().collect());
    }

    /// How often a topic was asked for.
    pub(crate) fn looks(&self, topic: &str) -> usize {
        self.looks.lock().unwrap().get(topic).copied().unwrap_or_default()
    }

    /// What a partition has taken, in its order.
    pub(crate) fn taken(&self, partition: i32) -> Vec<Taken> {
        self.partitions.lock().unwrap()[&partition].taken.clone()
    }

    /// The values of a partition.
    pub(crate) fn values(&self, partition: i32) -> Vec<String> {
        self.taken(partition).into_iter().flat_map(|taken| taken.values).collect()
    }

    /// When there were so many requests to produce.
    pub(crate) async fn asked(&self, requests: usize) {
        let mut so_far = self.requests.subscribe();
        so_far.wait_for(|so_far| *so_far >= requests).await.unwrap();
    }

    fn produce(&self, request: ProduceRequest) -> Produced {
        self.requests.send_modify(|requests| *requests += 1);
        let (mut topics, mut is_lost, mut requests) = (Vec::new(), false, *self.requests.borrow());
        for topic in request.topic_data {
            let mut answered = Vec::new();
            for data in topic.partition_data {
                let mut partitions = self.partitions.lock().unwrap();
                let partition = partitions.get_mut(&data.index).unwrap();
                let batch = RecordBatch::parse(data.records.unwrap()).unwrap();
                let fate = partition.fates.pop_front().unwrap_or(Fate::Taken);
                is_lost |= matches!(fate, Fate::Lost);
                let code = match fate {
                    Fate::Refused(error) => error.code(),
                    Fate::Taken | Fate::Lost => {
                        partition.take(&batch).map_or_else(|error| error.code(), |()| 0)
                    }
                    Fate::TakenAndRefused(error) => {
                        requests = *self.requests.borrow() + 1;
                        partition.take(&batch).map_or_else(|error| error.code(), |()| error.code())
                    }
                };
                answered
                    .push(PartitionProduceResponse::default().with_index(data.index).with_error_code(code));
            }
            topics.push(
                TopicProduceResponse::default().with_name(topic.name).with_partition_responses(answered),
            );
        }
        Produced { response: (!is_lost).then(|| ProduceResponse::default().with_responses(topics)), requests }
    }

    fn metadata(&self, request: MetadataRequest) -> MetadataResponse {
        let brokers = [1, 2].map(|number| MetadataResponseBroker::default().with_node_id(BrokerId(number)));
        let partition = |number: &i32| {
            MetadataResponsePartition::default()
                .with_partition_index(*number)
                .with_leader_id(BrokerId(number % 2 + 1))
        };
        let partitions: Vec<_> = self.partitions.lock().unwrap().keys().map(partition).collect();
        let topics = request.topics.unwrap_or_default().into_iter().map(|topic| {
            let answered = MetadataResponseTopic::default().with_name(topic.name.clone());
            let name = topic.name.unwrap_or_default().to_string();
            let mut told = self.told.lock().unwrap();
            let error = told.get_mut(&name).and_then(VecDeque::pop_front);
            let missing = (name == MISSING).then_some(ResponseError::UnknownTopicOrPartition);
            *self.looks.lock().unwrap().entry(name).or_default() += 1;
            match error.or(missing) {
                Some(error) => answered.with_error_code(error.code()),
                None => answered.with_partitions(partitions.clone()),
            }
        });
        MetadataResponse::default().with_brokers(brokers.to_vec()).with_topics(topics.collect())
    }

    fn identify(&self) -> InitProducerIdResponse {
        let mut producers = self.producers.lock().unwrap();
        *producers += 1;
        InitProducerIdResponse::default().with_producer_id(ProducerId(*producers)).with_producer_epoch(0)
    }
}

impl Partition {
    /// Takes a batch as Kafka does: one that is there already is as good as taken.
    fn take(&mut self, batch: &RecordBatch) -> Result<(), ResponseError> {
        let header = batch.header();
        let records = batch.records(1 << 20).unwrap().map(|record| record.unwrap().value.unwrap());
        let taken = Taken {
            producer: header.producer_id().map_or(-1, |id| id.get()),
            epoch: header.producer_epoch().map_or(-1, |epoch| epoch.get()),
            sequence: header.base_sequence().map_or(-1, |sequence| sequence.get()),
            values: records.map(|value| String::from_utf8(value.to_vec()).unwrap()).collect(),
        };
        let last = self.taken.iter().rev().find(|last| last.producer == taken.producer);
        if let Some(last) = last {
            let next = last.sequence + i32::try_from(last.values.len()).unwrap();
            let expected = if taken.epoch == last.epoch { next } else { 0 };
            if self.taken.contains(&taken) {
                return Ok(());
            }
            if taken.epoch < last.epoch {
                return Err(ResponseError::InvalidProducerEpoch);
            }
            if taken.sequence != expected {
                return Err(ResponseError::OutOfOrderSequenceNumber);
            }
        }
        self.taken.push(taken);
        Ok(())
    }
}

#[async_trait]
impl Transport for Cluster {
    async fn start(&self, to: Destination, _: Lane, outgoing: Outgoing) -> Result<Pending, TransportError> {
        let api = outgoing.request.api();
        let answer = match outgoing.request {
            ClientRequest::Metadata(request) => ClientResponse::Metadata(self.metadata(request)),
            ClientRequest::InitProducerId(_) => ClientResponse::InitProducerId(self.identify()),
            ClientRequest::Produce(request) => {
                let Produced { response, requests } = self.produce(request);
                let mut so_far = self.requests.subscribe();
                return Ok(Box::pin(async move {
                    so_far.wait_for(|so_far| *so_far >= requests).await.unwrap();
                    response.map(ClientResponse::Produce).ok_or(TransportError::Ended { to, api })
                }));
            }
            _ => return Err(TransportError::Answer { to, api }),
        };
        Ok(Box::pin(std::future::ready(Ok(answer))))
    }

    async fn served(&self, _: Destination, _: Lane) -> Result<Arc<ServedVersions>, TransportError> {
        let served = [(ApiKey::Produce, 9), (ApiKey::Metadata, 9), (ApiKey::InitProducerId, 4)];
        Ok(Arc::new(served.into_iter().map(|(api, newest)| (api as i16, 0, newest)).collect()))
    }

    fn learn(&self, _: &[BrokerAddress]) {}

    fn learn_one(&self, _: &BrokerAddress) {}

    fn release(&self, _: Lane) {}
}
