//! Who waits for whom when records are fetched, by a clock that stands still while somebody works.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use forebay_kafka_client::{
    BrokerAddress, Client, ClientRequest, ClientResponse, ClientSettings, Consumer, ConsumerEvent,
    ConsumerSettings, Destination, FetchSettings, Lane, Outgoing, Pending, ServedVersions, Start,
    Subscription, TopicPartition, Transport, TransportError,
};
use forebay_kafka_wire::{BatchBuilder, Compression};
use forebay_lifecycle::Spawner;
use forebay_model::{Offset, PartitionId, Timestamp};
use kafka_protocol::messages::fetch_response::{FetchableTopicResponse, PartitionData};
use kafka_protocol::messages::metadata_response::{
    MetadataResponseBroker, MetadataResponsePartition, MetadataResponseTopic,
};
use kafka_protocol::messages::{
    ApiKey, BrokerId, FetchRequest, FetchResponse, MetadataRequest, MetadataResponse,
};
use tokio::sync::watch;
use tokio::time::Instant;

/// As long as a broker may wait for records.
const MAX_WAIT: Duration = Duration::from_secs(5);
/// Far less than that.
const SOON: Duration = Duration::from_millis(200);

/// A broker that waits for records and goes by what an answer may have as Kafka does. Each batch has one record.
#[derive(Debug)]
struct Broker {
    /// Batches by partition.
    log: Mutex<BTreeMap<i32, Vec<Bytes>>>,
    changes: watch::Sender<()>,
    fetches: AtomicUsize,
    /// How long a request is on its way.
    latency: Mutex<Duration>,
    /// How late the next answers are.
    late: Mutex<VecDeque<Duration>>,
    /// Where a fetch is under way.
    lanes: Mutex<BTreeSet<Lane>>,
}

impl Broker {
    fn new() -> Arc<Self> {
        let log = Mutex::new((0..4).map(|number| (number, Vec::new())).collect());
        Arc::new(Self {
            log,
            changes: watch::Sender::default(),
            fetches: AtomicUsize::new(0),
            latency: Mutex::default(),
            late: Mutex::default(),
            lanes: Mutex::default(),
        })
    }

    fn append(&self, number: i32) {
        let mut log = self.log.lock().unwrap();
        let log = log.get_mut(&number).unwrap();
        let base = Offset::new(i64::try_from(log.len()).unwrap()).unwrap();
        let mut builder = BatchBuilder::new(base, Compression::None);
        builder.push(Timestamp::from_millis(0), None, Some(&b"value"[..]), &[]).unwrap();
        log.push(builder.build().unwrap().bytes().clone());
        self.changes.send_replace(());
    }

    fn fetches(&self) -> usize {
        self.fetches.load(Ordering::SeqCst)
    }

    /// What there is, and whether it is anything.
    fn fetched(&self, request: &FetchRequest) -> (FetchResponse, bool) {
        let log = self.log.lock().unwrap();
        let (mut has_some, mut is_first) = (false, true);
        let bytes = |bytes: i32| usize::try_from(bytes).unwrap();
        let mut room = bytes(request.max_bytes);
        let mut answered = Vec::new();
        for topic in &request.topics {
            let data = topic.partitions.iter().map(|wanted| {
                let log = &log[&wanted.partition];
                let new = &log[usize::try_from(wanted.fetch_offset).unwrap()..];
                has_some |= !new.is_empty();
                let (most, mut records) = (room.min(bytes(wanted.partition_max_bytes)), Vec::new());
                for batch in new {
                    if records.len() + batch.len() > most && !is_first {
                        break;
                    }
                    is_first = false;
                    records.extend_from_slice(batch);
                }
                room = room.saturating_sub(records.len());
                PartitionData::default()
                    .with_partition_index(wanted.partition)
                    .with_high_watermark(i64::try_from(log.len()).unwrap())
                    .with_records(Some(records.into()))
            });
            let partitions = data.collect();
            answered.push(
                FetchableTopicResponse::default().with_topic(topic.topic.clone()).with_partitions(partitions),
            );
        }
        (FetchResponse::default().with_responses(answered), has_some)
    }

    async fn fetch(self: Arc<Self>, lane: Lane, request: FetchRequest) -> FetchResponse {
        assert!(self.lanes.lock().unwrap().insert(lane), "who waits for whom?");
        let (latency, late) = (*self.latency.lock().unwrap(), self.late.lock().unwrap().pop_front());
        pass(latency).await;
        let max_wait = Duration::from_millis(u64::try_from(request.max_wait_ms).unwrap());
        let mut changes = self.changes.subscribe();
        let some = async {
            while !self.fetched(&request).1 {
                changes.changed().await.unwrap();
            }
        };
        let _ = tokio::time::timeout(max_wait, some).await;
        let fetched = self.fetched(&request).0;
        pass(late.unwrap_or_default()).await;
        self.lanes.lock().unwrap().remove(&lane);
        fetched
    }
}

fn metadata(request: MetadataRequest) -> MetadataResponse {
    let partition = |number| {
        MetadataResponsePartition::default().with_partition_index(number).with_leader_id(BrokerId(1))
    };
    let topics = request.topics.unwrap_or_default().into_iter().map(|topic| {
        let partitions = (0..4).map(partition).collect();
        MetadataResponseTopic::default().with_name(topic.name).with_partitions(partitions)
    });
    let brokers = vec![MetadataResponseBroker::default().with_node_id(BrokerId(1))];
    MetadataResponse::default().with_brokers(brokers).with_topics(topics.collect())
}

/// The broker as a client sees it.
#[derive(Debug)]
struct Reached(Arc<Broker>);

#[async_trait]
impl Transport for Reached {
    async fn start(
        &self,
        to: Destination,
        lane: Lane,
        outgoing: Outgoing,
    ) -> Result<Pending, TransportError> {
        let api = outgoing.request.api();
        match outgoing.request {
            ClientRequest::Metadata(request) => {
                Ok(Box::pin(std::future::ready(Ok(ClientResponse::Metadata(metadata(request))))))
            }
            ClientRequest::Fetch(request) => {
                self.0.fetches.fetch_add(1, Ordering::SeqCst);
                let fetched = Arc::clone(&self.0).fetch(lane, request);
                Ok(Box::pin(async move { Ok(ClientResponse::Fetch(fetched.await)) }))
            }
            _ => Err(TransportError::Answer { to, api }),
        }
    }

    async fn served(&self, _: Destination, _: Lane) -> Result<Arc<ServedVersions>, TransportError> {
        let served = [(ApiKey::Fetch, 12), (ApiKey::Metadata, 9)];
        Ok(Arc::new(served.into_iter().map(|(api, newest)| (api as i16, 0, newest)).collect()))
    }

    fn learn(&self, _: &[BrokerAddress]) {}

    fn learn_one(&self, _: &BrokerAddress) {}

    fn release(&self, _: Lane) {}
}

fn partition(number: i32) -> TopicPartition {
    TopicPartition::new("t".parse().unwrap(), PartitionId::new(number).unwrap())
}

/// Somebody who reads all partitions from their start, and nothing at first.
async fn reader(broker: &Arc<Broker>) -> Consumer {
    reader_of(broker, FetchSettings::default()).await
}

/// The same, who fetches so much at a time.
async fn reader_of(broker: &Arc<Broker>, fetch: FetchSettings) -> Consumer {
    let transport = Arc::new(Reached(Arc::clone(broker)));
    let settings = ClientSettings { metadata_max_age: Duration::from_secs(3600), rack: None };
    let client = Client::new(transport, settings, Spawner::current());
    let starts = all().map(|partition| (partition, Start::At(Offset::ZERO)));
    let mut settings = ConsumerSettings::new(Subscription::Partitions(starts.to_vec()));
    settings.fetch = FetchSettings { max_wait: MAX_WAIT, ..fetch };
    let consumer = client.consumer(settings).unwrap();
    assert!(matches!(consumer.next().await, Some(ConsumerEvent::Assigned(_))));
    consumer.pause(&all());
    // What may have been asked for already.
    pass(MAX_WAIT + SOON).await;
    consumer
}

fn all() -> [TopicPartition; 4] {
    [0, 1, 2, 3].map(partition)
}

/// The partition of the next record, and how long that took.
async fn next(consumer: &Consumer) -> (i32, Duration) {
    let began = Instant::now();
    loop {
        let event = tokio::time::timeout(MAX_WAIT * 10, consumer.next()).await;
        if let ConsumerEvent::Fetched(fetched) = event.expect("it never comes").unwrap() {
            return (fetched.partition.partition.get(), began.elapsed());
        }
    }
}

/// Until the clock says so.
async fn pass(time: Duration) {
    tokio::time::sleep(time).await;
}

#[tokio::test(start_paused = true)]
async fn what_is_resumed_does_not_wait_until_requests_end_that_wait_for_records() {
    let broker = Broker::new();
    let consumer = reader(&broker).await;
    // One after the other: what is resumed later finds that all before it wait for records.
    consumer.resume(&[partition(0)]);
    pass(SOON).await;
    for number in [1, 2, 3] {
        broker.append(number);
        consumer.resume(&[partition(number)]);
        let (of, took) = next(&consumer).await;
        assert_eq!(of, number);
        assert!(took < SOON, "partition {number} waited for {took:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn records_come_at_once_to_those_who_wait() {
    let broker = Broker::new();
    let consumer = reader(&broker).await;
    consumer.resume(&all());
    pass(MAX_WAIT * 3 + SOON).await;
    for number in [0, 3, 1, 1, 2, 0] {
        broker.append(number);
        let (of, took) = next(&consumer).await;
        assert_eq!(of, number);
        assert!(took < SOON, "partition {number} waited for {took:?}");
        pass(SOON).await;
    }
}

#[tokio::test(start_paused = true)]
async fn requests_that_wait_for_nothing_are_few_also_after_a_pause() {
    let broker = Broker::new();
    let consumer = reader(&broker).await;
    let [paused, others @ ..] = all();
    consumer.resume(&others);
    pass(SOON).await;
    consumer.resume(std::slice::from_ref(&paused));
    // It comes together with the others when their request ends, with or without records.
    for has_records in [false, true] {
        if has_records {
            consumer.pause(std::slice::from_ref(&paused));
            for is_paused in [true, false] {
                broker.append(1);
                assert_eq!(next(&consumer).await.0, 1);
                pass(SOON).await;
                if is_paused {
                    consumer.resume(std::slice::from_ref(&paused));
                }
            }
        }
        pass(MAX_WAIT + SOON).await;
        let before = broker.fetches();
        pass(MAX_WAIT * 10).await;
        let asked = broker.fetches() - before;
        assert!(asked <= 11, "{asked} requests in ten times of a wait");
    }
}

#[tokio::test(start_paused = true)]
async fn a_backlog_far_away_does_not_wait_for_what_is_resumed() {
    let broker = Broker::new();
    *broker.latency.lock().unwrap() = SOON / 2;
    let one = FetchSettings { max_partition_bytes: 1, ..FetchSettings::default() };
    let consumer = reader_of(&broker, one).await;
    (0..50).for_each(|_| broker.append(0));
    consumer.resume(&[partition(0)]);
    let mut all_took = Duration::ZERO;
    for _ in 0..40 {
        let (of, took) = next(&consumer).await;
        assert_eq!(of, 0);
        all_took += took;
        // It waits for records, of which there are none, when the next ones of the backlog come.
        let began = Instant::now();
        consumer.resume(&[partition(1)]);
        pass(SOON / 20).await;
        consumer.pause(&[partition(1)]);
        all_took += began.elapsed();
    }
    assert!(all_took < SOON / 2 * 42, "{all_took:?}");
}

#[tokio::test(start_paused = true)]
async fn what_is_resumed_does_not_wait_for_a_second_request_that_is_late() {
    let broker = Broker::new();
    let consumer = reader(&broker).await;
    consumer.resume(&[partition(0)]);
    pass(SOON).await;
    broker.late.lock().unwrap().push_back(MAX_WAIT / 2);
    consumer.resume(&[partition(1)]);
    pass(SOON / 20).await;
    for number in [2, 3] {
        broker.append(number);
        consumer.resume(&[partition(number)]);
        let (of, took) = next(&consumer).await;
        assert_eq!(of, number);
        assert!(took < SOON * 2, "partition {number} waited for {took:?}");
    }
    // All come together again.
    pass(MAX_WAIT * 2).await;
    let before = broker.fetches();
    pass(MAX_WAIT * 10).await;
    let asked = broker.fetches() - before;
    assert!(asked <= 11, "{asked} requests in ten times of a wait");
}

#[tokio::test(start_paused = true)]
async fn partitions_have_their_turns_where_answers_have_no_room_for_all() {
    let broker = Broker::new();
    let consumer = reader_of(&broker, FetchSettings { max_bytes: 1, ..FetchSettings::default() }).await;
    for number in [0, 1, 2, 3] {
        (0..5).for_each(|_| broker.append(number));
    }
    consumer.resume(&all());
    for round in 0..5 {
        let mut came = Vec::new();
        for _ in all() {
            came.push(next(&consumer).await.0);
        }
        assert_eq!(came, [0, 1, 2, 3], "in round {round}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_paused_keeps_nothing_else_from_being_fetched() {
    let broker = Broker::new();
    let little =
        FetchSettings { max_partition_bytes: 1, max_buffered_bytes: 1_000, ..FetchSettings::default() };
    let consumer = reader_of(&broker, little).await;
    (0..30).for_each(|_| broker.append(0));
    consumer.resume(&[partition(0)]);
    pass(SOON).await;
    let before = broker.fetches();
    pass(MAX_WAIT * 2).await;
    assert_eq!(broker.fetches(), before, "it is full");
    consumer.pause(&[partition(0)]);
    consumer.resume(&[partition(1)]);
    for _ in 0..5 {
        broker.append(1);
        let (of, took) = next(&consumer).await;
        assert_eq!(of, 1);
        assert!(took < SOON, "it waited for {took:?}");
    }
    // What made way comes again, in its place.
    consumer.resume(&[partition(0)]);
    let mut at = Offset::ZERO;
    while at.get() < 30 {
        let Some(ConsumerEvent::Fetched(fetched)) = consumer.next().await else { continue };
        assert_eq!((fetched.partition.partition.get(), fetched.first), (0, at));
        at = fetched.next;
    }
}
