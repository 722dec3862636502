//! The task that sends: it asks who leads partitions, puts batches into requests, and looks at what becomes of them.

mod answer;
mod looking;
mod plan;

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use forebay_kafka_wire::Compression;
use forebay_lifecycle::Shutdown;
use forebay_model::{ProducerEpoch, ProducerId, TopicName};
use futures_util::future::BoxFuture;
use futures_util::stream::{FuturesUnordered, StreamExt as _};
use kafka_protocol::messages::produce_request::{PartitionProduceData, TopicProduceData};
use kafka_protocol::messages::{
    ApiKey, InitProducerIdRequest, ProduceRequest, ProduceResponse, ProducerId as WireProducer,
};
use tokio::time::Instant;

use self::plan::{Plan, Request};
use super::queues::{Identity, Queue, Ready, Reset, Shared, State, error};
use super::{Acks, ProducerSettings};
use crate::client::Client;
use crate::failure::Failure;
use crate::metadata::TopicMetadata;
use crate::request::{Ask as _, ClientRequest};
use crate::topic_partition::TopicPartition;
use crate::topics::wire_name;
use crate::transport::{Destination, Lane, Outgoing, TransportError};

pub(super) struct Sending {
    client: Client,
    settings: Arc<ProducerSettings>,
    shared: Arc<Shared>,
    lane: Lane,
    /// The version of Produce that each broker is spoken to in; none while that is asked.
    versions: BTreeMap<i32, Option<i16>>,
    /// Requests to each broker that are not answered.
    in_flight: BTreeMap<i32, usize>,
    is_locating: bool,
    /// Whether topics are looked for that are not known yet.
    is_looking: bool,
    /// For partitions that have none yet.
    identity: Option<Identity>,
    is_identifying: bool,
    not_before: Option<Instant>,
}

enum Outcome {
    Looked(Vec<(TopicName, Result<Arc<TopicMetadata>, Failure>)>),
    Located(Vec<(TopicName, Result<Arc<TopicMetadata>, Failure>)>),
    Versioned(i32, Result<i16, TransportError>),
    Identified(Result<Identity, Failure>),
    Answered { broker: i32, sent: Vec<(TopicPartition, u64)>, result: Box<Result<ProduceResponse, Failure>> },
}

type Running = FuturesUnordered<BoxFuture<'static, Outcome>>;

/// Requests to a broker at a time.
const MOST_REQUESTS: usize = 5;
/// The newest version in which topics go by their names, and the first that knows zstd.
const NEWEST: i16 = 12;
const ZSTD: i16 = 7;

impl Sending {
    pub(super) fn new(client: Client, settings: Arc<ProducerSettings>, shared: Arc<Shared>) -> Self {
        let lane = client.lane();
        Self {
            client,
            settings,
            shared,
            lane,
            versions: BTreeMap::new(),
            in_flight: BTreeMap::new(),
            is_locating: false,
            is_looking: false,
            identity: None,
            is_identifying: false,
            not_before: None,
        }
    }

    pub(super) async fn run(mut self, shutdown: Shutdown) {
        let mut running = Running::new();
        while !shutdown.is_cancelled() {
            let wake = tokio::select! {
                () = shutdown.cancelled() => break,
                wake = self.begin(&mut running) => wake,
            };
            let pause = wake.map(|wake| wake.saturating_duration_since(Instant::now()));
            tokio::select! {
                () = shutdown.cancelled() => break,
                () = self.shared.work.notified() => {}
                Some(outcome) = running.next(), if !running.is_empty() => self.end(outcome),
                () = tokio::time::sleep(pause.unwrap_or_default()), if pause.is_some() => {}
            }
        }
        drop(running);
        self.shared.close();
        self.client.parts.transport.release(self.lane);
    }

    /// Sends all that can be: when to look again, at the latest.
    async fn begin(&mut self, running: &mut Running) -> Option<Instant> {
        self.give_up();
        let look = self.look(running);
        if self.shared.lock().tidy() {
            self.identity = None;
        }
        self.identify(running);
        let Plan { requests, unknown, failed, wake } = Plan::of(self);
        for (partition, number, reason) in failed {
            self.fail(&partition, number, None, reason);
            // There may be something to send in its place.
            self.shared.work.notify_one();
        }
        if !unknown.is_empty() && !self.is_locating {
            self.is_locating = true;
            let client = self.client.clone();
            running.push(Box::pin(async move {
                let mut located = Vec::with_capacity(unknown.len());
                for topic in unknown {
                    let found = client.topic(&topic).await;
                    located.push((topic, found));
                }
                Outcome::Located(located)
            }));
        }
        for (broker, Request { version, ready, .. }) in requests {
            let Some(version) = version else {
                self.versions.insert(broker, None);
                let (client, lane) = (self.client.clone(), self.lane);
                running.push(Box::pin(async move {
                    let to = Destination::Broker(broker);
                    Outcome::Versioned(broker, client.version(to, lane, ApiKey::Produce, 3..=NEWEST).await)
                }));
                continue;
            };
            if ready.is_empty() {
                continue;
            }
            *self.in_flight.entry(broker).or_default() += 1;
            let sent = ready.iter().map(|ready| (ready.partition.clone(), ready.number)).collect();
            let request: ClientRequest = self.request(ready).into();
            let to = Destination::Broker(broker);
            let started =
                self.client.parts.transport.start(to, self.lane, Outgoing { version, request }).await;
            running.push(Box::pin(async move {
                let answered = match started {
                    Ok(pending) => pending.await,
                    Err(error) => Err(error),
                };
                let result = answered.map_err(Failure::from).and_then(|response| {
                    let other = TransportError::Answer { to, api: ApiKey::Produce };
                    ProduceRequest::answer(response).ok_or(Failure::Transport(other))
                });
                Outcome::Answered { broker, sent, result: Box::new(result) }
            }));
        }
        [look, wake].into_iter().flatten().min()
    }

    fn request(&self, ready: Vec<Ready>) -> ProduceRequest {
        let mut topics: Vec<TopicProduceData> = Vec::new();
        for Ready { partition, bytes, .. } in ready {
            let data = PartitionProduceData::default()
                .with_index(partition.partition.get())
                .with_records(Some(bytes));
            let name = wire_name(&partition.topic);
            match topics.last_mut().filter(|last| last.name == name) {
                Some(last) => last.partition_data.push(data),
                None => {
                    topics.push(TopicProduceData::default().with_name(name).with_partition_data(vec![data]));
                }
            }
        }
        let acks = match self.settings.acks {
            _ if self.settings.idempotent => -1,
            Acks::None => 0,
            Acks::Leader => 1,
            Acks::All => -1,
        };
        let millis = i32::try_from(self.settings.timeout.as_millis()).unwrap_or(i32::MAX);
        ProduceRequest::default().with_acks(acks).with_timeout_ms(millis).with_topic_data(topics)
    }

    /// Gives up what waits for too long.
    fn give_up(&mut self) {
        let now = Instant::now();
        let after = self.settings.delivery_timeout;
        let mut late = Vec::new();
        for (partition, queue) in &self.shared.lock().queues {
            for batch in queue.batches.iter().filter(|batch| !batch.is_in_flight) {
                if batch.created + after <= now {
                    let timed_out = (None, Failure::TimedOut { after });
                    let (broker, reason) = batch.last.clone().unwrap_or(timed_out);
                    late.push((partition.clone(), batch.number, broker, reason));
                }
            }
        }
        for (partition, number, broker, reason) in late {
            self.fail(&partition, number, broker, reason);
        }
    }

    /// Begins sequences anew where they must, and asks for an identity where a partition has none.
    fn identify(&mut self, running: &mut Running) {
        if !self.settings.idempotent {
            return;
        }
        let is_needed = self.shared.lock().renew();
        let may_ask = self.not_before.is_none_or(|not_before| not_before <= Instant::now());
        if !is_needed || self.identity.is_some() || self.is_identifying || !may_ask {
            return;
        }
        self.is_identifying = true;
        let client = self.client.clone();
        running.push(Box::pin(async move { Outcome::Identified(Box::pin(identity(&client)).await) }));
    }

    fn end(&mut self, outcome: Outcome) {
        match outcome {
            Outcome::Looked(looked) => {
                self.is_looking = false;
                looked.into_iter().for_each(|(topic, found)| self.looked(&topic, found));
            }
            Outcome::Located(located) => {
                self.is_locating = false;
                located.into_iter().for_each(|(topic, found)| self.located(&topic, &found));
            }
            Outcome::Versioned(broker, Ok(version)) => {
                self.versions.insert(broker, Some(version));
            }
            Outcome::Versioned(broker, Err(error)) => {
                self.versions.remove(&broker);
                self.not_reached(broker, &Failure::from(error));
            }
            Outcome::Identified(identified) => {
                self.is_identifying = false;
                match identified {
                    Ok(identity) => {
                        (self.identity, self.not_before) = (Some(identity), None);
                    }
                    Err(reason) => self.not_identified(&reason),
                }
            }
            Outcome::Answered { broker, sent, result } => {
                if let Some(requests) = self.in_flight.get_mut(&broker) {
                    *requests = requests.saturating_sub(1);
                }
                self.answered(broker, &sent, *result);
            }
        }
    }

    fn located(&self, topic: &TopicName, found: &Result<Arc<TopicMetadata>, Failure>) {
        let mut state = self.shared.lock();
        let metadata = &self.client.parts.metadata;
        for (partition, queue) in &mut state.queues {
            if partition.topic != *topic || queue.leader.is_some() {
                continue;
            }
            let leader = match found {
                Ok(known) => {
                    let leader = known.partition(partition.partition).map(|known| known.leader);
                    let partitions = known.partitions.len();
                    leader
                        .ok_or(Failure::NoPartition { partitions })
                        .and_then(|leader| leader.ok_or(Failure::NoLeader))
                }
                Err(reason) => Err(reason.clone()),
            };
            match leader {
                Ok(leader) => queue.leader = Some(leader),
                Err(reason) => {
                    metadata.is_wrong(topic);
                    queue.pause();
                    // A topic may be back, and be made: only time ends the tries.
                    if let Some(batch) = queue.batches.iter_mut().find(|batch| !batch.is_in_flight) {
                        batch.last = Some((reason.broker(), reason));
                    }
                }
            }
        }
    }

    /// A broker can't be spoken to.
    fn not_reached(&self, broker: i32, reason: &Failure) {
        let mut state = self.shared.lock();
        for (partition, queue) in &mut state.queues {
            if queue.leader == Some(broker) {
                queue.leader = None;
                queue.pause();
                self.client.parts.metadata.is_wrong(&partition.topic);
                if let Some(batch) = queue.batches.iter_mut().find(|batch| !batch.is_in_flight) {
                    batch.last = Some((Some(broker), reason.clone()));
                }
            }
        }
    }

    fn not_identified(&mut self, reason: &Failure) {
        self.not_before = Some(Instant::now() + std::time::Duration::from_millis(250));
        let mut refused = Vec::new();
        {
            let mut state = self.shared.lock();
            for (partition, queue) in state.queues.iter_mut().filter(|(_, queue)| queue.identity.is_none()) {
                if !queue.batches.is_empty() {
                    queue.pause();
                }
                for batch in &mut queue.batches {
                    batch.last = Some((reason.broker(), reason.clone()));
                    if !reason.is_retriable() {
                        refused.push((partition.clone(), batch.number));
                    }
                }
            }
        }
        for (partition, number) in refused {
            self.fail(&partition, number, reason.broker(), reason.clone());
        }
    }

    /// Gives up a batch; and where the order is to be kept all that wait behind it.
    fn fail(&mut self, partition: &TopicPartition, number: u64, broker: Option<i32>, reason: Failure) {
        let mut taken = Vec::new();
        {
            let mut state = self.shared.lock();
            let Some(queue) = state.queues.get_mut(partition) else { return };
            // What is in front of it goes its own way, and may be under way.
            let gone: VecDeque<_> = if self.settings.strict_order {
                queue.remove_from(number)
            } else {
                queue.remove(number).into_iter().collect()
            };
            let reasons = std::iter::once(reason).chain(std::iter::repeat(Failure::Behind));
            if gone.iter().any(|batch| batch.sequence.is_some()) {
                // Brokers expect the sequences that now nobody sends.
                let reset = suited(&mut self.identity, queue, Reset::Epoch);
                queue.reset_behind_sent(reset);
            }
            for (batch, reason) in gone.into_iter().zip(reasons) {
                taken.push((batch, error(partition, broker, reason)));
            }
        }
        for (batch, error) in taken {
            self.shared.finish(partition, batch, &Err(error));
        }
    }
}

/// The first that a broker knows.
fn compression(settings: &ProducerSettings, version: i16) -> Compression {
    let mut known = settings.compression.iter();
    let known = known.find(|compression| **compression != Compression::Zstd || version >= ZSTD);
    known.copied().unwrap_or_default()
}

async fn identity(client: &Client) -> Result<Identity, Failure> {
    let api = ApiKey::InitProducerId;
    let request = InitProducerIdRequest::default()
        .with_transactional_id(None)
        .with_transaction_timeout_ms(i32::MAX)
        .with_producer_id(WireProducer(-1))
        .with_producer_epoch(-1);
    let (_, response) = client.ask((Destination::Any, Lane::CONTROL), 0..=4, |_| request).await?;
    Failure::check(api, response.error_code, None)?;
    let missing = Failure::Missing { api };
    let id = ProducerId::new(response.producer_id.0).map_err(|_| missing.clone())?;
    let epoch = ProducerEpoch::new(response.producer_epoch).map_err(|_| missing)?;
    Ok(Identity { id, epoch })
}

/// How the sequences of a partition can begin anew. With another id, nobody else gets this one any more.
fn suited(newest: &mut Option<Identity>, queue: &Queue, reset: Reset) -> Reset {
    let is_last = queue.identity.is_some_and(|identity| identity.epoch.get() == i16::MAX);
    let reset = if is_last { Reset::Id } else { reset };
    let id = |identity: Identity| identity.id;
    if reset == Reset::Id && newest.map(id) == queue.identity.map(id) {
        *newest = None;
    }
    reset
}

/// The batch of a queue by its number, if it is still there.
fn batch_of<'a>(
    state: &'a mut State,
    partition: &TopicPartition,
    number: u64,
) -> Option<&'a mut super::queues::Batch> {
    state.queues.get_mut(partition)?.batches.iter_mut().find(|batch| batch.number == number)
}
