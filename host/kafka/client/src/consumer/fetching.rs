//! Fetching: a request to each broker for all partitions that it leads, and others for those that come while it waits
//! for records (`plan`); before that, asking who leads them and where to start. All of it runs in one task, as futures
//! side by side.

mod answer;
mod plan;
mod transactions;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use forebay_lifecycle::Shutdown;
use forebay_model::{Offset, TopicName};
use futures_util::future::BoxFuture;
use futures_util::stream::{FuturesUnordered, StreamExt as _};
use kafka_protocol::error::ResponseError;
use kafka_protocol::messages::fetch_request::{FetchPartition, FetchTopic};
use kafka_protocol::messages::fetch_response::PartitionData;
use kafka_protocol::messages::{FetchRequest, FetchResponse};
use kafka_protocol::protocol::StrBytes;
use tokio::time::Instant;

use self::plan::{Plan, Seat, Seats, Wanted};
use super::event::ConsumeError;
use super::membership::Membership;
use super::starting::{self, Found};
use super::state::{Leader, Place, SharedState};
use super::{FetchSettings, Isolation, Start};
use crate::client::Client;
use crate::failure::Failure;
use crate::metadata::TopicMetadata;
use crate::topic_partition::TopicPartition;
use crate::topics::wire_name;
use crate::transport::{Destination, Lane};

/// What fetches, and what it goes by.
pub(super) struct Fetching {
    pub client: Client,
    pub shared: SharedState,
    pub membership: Option<Arc<Membership>>,
    pub settings: FetchSettings,
    pub start: Start,
    pub isolation: Isolation,
    /// For the first request to a broker, for the second and for the third.
    pub lanes: [Lane; 3],
}

/// What one of the futures has come to.
enum Outcome {
    Located(Vec<(TopicName, Result<Arc<TopicMetadata>, Failure>)>),
    /// For each partition where to start.
    Found(Vec<(TopicPartition, u64, Result<Found, Failure>)>),
    Fetched {
        seat: (i32, Seat),
        wanted: Vec<Wanted>,
        result: Box<Result<FetchResponse, Failure>>,
    },
}

type Running = FuturesUnordered<BoxFuture<'static, Outcome>>;

/// What is under way.
#[derive(Default)]
struct UnderWay {
    /// Whether leaders are asked for.
    locating: bool,
    seats: Seats,
    /// The last partition that brought records there: the next request begins behind it, since a broker answers in the
    /// order of the request for as long as there is room.
    turns: BTreeMap<(i32, Seat), TopicPartition>,
}

/// The first version of Fetch in which topics go by their ids, and the newest that is spoken.
const BY_ID: i16 = 13;
const NEWEST: i16 = 16;
const OLDEST: i16 = 4;

impl Fetching {
    pub(super) async fn run(self, shutdown: Shutdown) {
        let mut running = Running::new();
        let mut under_way = UnderWay::default();
        while !shutdown.is_cancelled() {
            let wake = self.begin(&mut running, &mut under_way);
            let pause = wake.map(|wake| wake.saturating_duration_since(Instant::now()));
            tokio::select! {
                () = shutdown.cancelled() => break,
                () = self.shared.work.notified() => {}
                Some(outcome) = running.next(), if !running.is_empty() => self.end(outcome, &mut under_way),
                () = tokio::time::sleep(pause.unwrap_or_default()), if pause.is_some() => {}
            }
        }
        drop(running);
        self.lanes.iter().for_each(|lane| self.client.parts.transport.release(*lane));
    }

    /// Begins all that can be: when to look again, at the latest.
    fn begin(&self, running: &mut Running, under_way: &mut UnderWay) -> Option<Instant> {
        let plan = {
            let mut state = self.shared.lock();
            let is_full = state.is_full(self.settings.max_buffered_bytes);
            Plan::of(&mut state, is_full, (under_way.locating, &under_way.seats))
        };
        let Plan { locate, find, fetch, wake } = plan;
        if !locate.is_empty() {
            under_way.locating = true;
            let client = self.client.clone();
            running.push(Box::pin(async move {
                let mut located = Vec::with_capacity(locate.len());
                for topic in locate {
                    let found = client.topic(&topic).await;
                    located.push((topic, found));
                }
                Outcome::Located(located)
            }));
        }
        for (broker, wanted) in find {
            let asking = starting::Asking {
                client: self.client.clone(),
                membership: self.membership.clone(),
                isolation: self.isolation,
            };
            running.push(Box::pin(async move { Outcome::Found(asking.places(broker, wanted).await) }));
        }
        for (seat, mut wanted) in fetch {
            if let Some(last) = under_way.turns.get(&seat) {
                let behind = wanted.partition_point(|wanted| wanted.partition <= *last);
                wanted.rotate_left(behind);
            }
            under_way.seats.insert(seat, Instant::now());
            let (broker, number) = seat;
            let [first, second, third] = self.lanes;
            let lane = match number {
                Seat::First => first,
                Seat::Second => second,
                Seat::Third => third,
            };
            let client = self.client.clone();
            let request = self.request(number.wait(self.settings.max_wait));
            let most = i32::try_from(self.settings.max_partition_bytes).unwrap_or(i32::MAX);
            running.push(Box::pin(async move {
                let result = Box::pin(ask(&client, lane, (broker, &wanted), (request, most))).await;
                Outcome::Fetched { seat, wanted, result: Box::new(result) }
            }));
        }
        wake
    }

    /// A request for nothing yet.
    fn request(&self, max_wait: Duration) -> FetchRequest {
        let bytes = |bytes: u32| i32::try_from(bytes).unwrap_or(i32::MAX);
        let rack = self.client.parts.settings.rack.clone().unwrap_or_default();
        let millis = i32::try_from(max_wait.as_millis()).unwrap_or(i32::MAX);
        let isolation = match self.isolation {
            Isolation::ReadUncommitted => 0,
            Isolation::ReadCommitted => 1,
        };
        FetchRequest::default()
            .with_max_wait_ms(millis)
            .with_min_bytes(bytes(self.settings.min_bytes))
            .with_max_bytes(bytes(self.settings.max_bytes))
            .with_isolation_level(isolation)
            .with_session_epoch(-1)
            .with_rack_id(StrBytes::from_string(rack))
    }

    fn end(&self, outcome: Outcome, under_way: &mut UnderWay) {
        match outcome {
            Outcome::Located(located) => {
                under_way.locating = false;
                for (topic, found) in located {
                    self.located(&topic, found);
                }
            }
            Outcome::Found(found) => found.into_iter().for_each(|(partition, stint, found)| {
                self.found(&partition, stint, found);
            }),
            Outcome::Fetched { seat, wanted, result } => {
                let (broker, _) = seat;
                under_way.seats.remove(&seat);
                match *result {
                    Ok(response) => {
                        if let Some(last) = self.fetched(broker, &wanted, response) {
                            under_way.turns.insert(seat, last);
                        }
                    }
                    Err(reason) => self.not_fetched(broker, &wanted, &reason),
                }
            }
        }
        self.shared.wake();
    }

    /// Who leads the partitions of a topic.
    fn located(&self, topic: &TopicName, found: Result<Arc<TopicMetadata>, Failure>) {
        let mut state = self.shared.lock();
        let mut failed = Vec::new();
        for (partition, owned) in &mut state.partitions {
            if partition.topic != *topic || owned.leader.is_some() {
                continue;
            }
            let metadata = match &found {
                Ok(metadata) => metadata,
                Err(reason) => {
                    failed.push((partition.clone(), reason.clone()));
                    continue;
                }
            };
            let leader =
                metadata.partition(partition.partition).map(|found| (found.leader, found.leader_epoch));
            match leader {
                None => {
                    let partitions = metadata.partitions.len();
                    failed.push((partition.clone(), Failure::NoPartition { partitions }));
                }
                Some((None, _)) => failed.push((partition.clone(), Failure::NoLeader)),
                Some((Some(broker), epoch)) => {
                    let is_another = owned.topic.is_some() && metadata.id != owned.topic;
                    owned.leader = Some(Leader { broker, epoch, topic: metadata.id, replica: None });
                    owned.topic = metadata.id;
                    if is_another {
                        // Offsets of the old one say nothing about the new one, which is read from its beginning.
                        owned.place = Place::Find(Start::Earliest);
                        failed.push((partition.clone(), Failure::Recreated));
                    }
                }
            }
        }
        for (partition, reason) in failed {
            if matches!(reason, Failure::Recreated) {
                state.fail(ConsumeError { partition: Some(partition), offset: None, broker: None, reason });
            } else {
                self.client.parts.metadata.is_wrong(&partition.topic);
                state.fail_partition(&partition, None, reason);
            }
        }
    }

    fn found(&self, partition: &TopicPartition, stint: u64, found: Result<Found, Failure>) {
        let mut state = self.shared.lock();
        let Some(owned) = state.partitions.get_mut(partition).filter(|owned| owned.stint == stint) else {
            return;
        };
        owned.is_busy = false;
        match found {
            Ok(Found::At(offset)) => {
                owned.place = Place::At(offset);
                owned.went_well();
            }
            Ok(Found::NotCommitted) => match owned.place {
                Place::Committed { or: Start::Committed } => {
                    owned.is_stuck = true;
                    let (partition, reason) = (Some(partition.clone()), Failure::NothingCommitted);
                    state.fail(ConsumeError { partition, offset: None, broker: None, reason });
                }
                Place::Committed { or } => owned.place = Place::from_start(or),
                Place::Find(_) | Place::At(_) => {}
            },
            Err(reason) => {
                let broker = owned.leader.map(|leader| leader.broker);
                self.client.parts.metadata.is_wrong(&partition.topic);
                state.fail_partition(partition, broker, reason);
            }
        }
    }

    /// A broker does not answer, or refuses everything.
    fn not_fetched(&self, broker: i32, wanted: &[Wanted], reason: &Failure) {
        let mut state = self.shared.lock();
        let mut is_ours = false;
        for wanted in wanted {
            let Some(owned) = wanted.owned(&mut state) else { continue };
            is_ours = true;
            owned.is_busy = false;
            owned.leader = None;
            owned.pause();
            self.client.parts.metadata.is_wrong(&wanted.partition.topic);
            if !reason.is_retriable() {
                // Somebody has to look at it, and wants to know where reading stands.
                let (partition, offset) = (Some(wanted.partition.clone()), Some(wanted.offset));
                state.fail(ConsumeError { partition, offset, broker: Some(broker), reason: reason.clone() });
            }
        }
        if is_ours && reason.is_retriable() {
            let (broker, reason) = (Some(broker), reason.clone());
            state.fail(ConsumeError { partition: None, offset: None, broker, reason });
        }
    }

    /// The last partition, in the order of the request, of which there are records.
    fn fetched(&self, broker: i32, asked: &[Wanted], response: FetchResponse) -> Option<TopicPartition> {
        let api = kafka_protocol::messages::ApiKey::Fetch;
        if let Err(reason) = Failure::check(api, response.error_code, None) {
            self.not_fetched(broker, asked, &reason);
            return None;
        }
        let mut left: Vec<_> = asked.iter().enumerate().collect();
        let mut last = None;
        let is_empty = !response.responses.iter().flat_map(|topic| &topic.partitions).any(has_records);
        for topic in response.responses {
            for data in topic.partitions {
                let is_it = |(_, wanted): &(usize, &Wanted)| {
                    let named = if topic.topic_id.is_nil() {
                        wanted.partition.topic.as_str() == topic.topic.as_str()
                    } else {
                        wanted.leader.topic.is_some_and(|id| id.uuid() == topic.topic_id)
                    };
                    named && wanted.partition.partition.get() == data.partition_index
                };
                if let Some(index) = left.iter().position(is_it) {
                    let (place, wanted) = left.swap_remove(index);
                    if has_records(&data) {
                        last = last.max(Some(place));
                    }
                    self.one((broker, is_empty), wanted, data);
                }
            }
        }
        // Brokers leave out what has nothing new only in sessions.
        let mut state = self.shared.lock();
        for (_, wanted) in left {
            if let Some(owned) = wanted.owned(&mut state) {
                owned.is_busy = false;
                owned.pause();
            }
        }
        last.and_then(|last| asked.get(last)).map(|last| last.partition.clone())
    }

    /// What an answer says about one partition. `is_empty`: it has no records of any.
    fn one(&self, (broker, is_empty): (i32, bool), wanted: &Wanted, data: PartitionData) {
        let code = ResponseError::try_from_code(data.error_code).filter(|_| data.error_code != 0);
        let nearer = data.preferred_read_replica.0;
        let end = answer::end(&data, self.isolation);
        let read = match code {
            None => answer::read(wanted, data, self.isolation, self.settings.max_partition_bytes),
            Some(_) => {
                let api = kafka_protocol::messages::ApiKey::Fetch;
                Failure::check(api, data.error_code, None).map(|()| None)
            }
        };
        let mut state = self.shared.lock();
        let Some(owned) = wanted.owned(&mut state) else { return };
        owned.is_busy = false;
        match read {
            Ok(read) => {
                owned.went_well();
                // Where others took all the room, what there is of this one is yet to come.
                let next = read.as_ref().map_or(wanted.offset, |(next, _)| *next);
                owned.is_at_end = is_empty || next.get() >= end;
                if nearer >= 0
                    && let Some(leader) = &mut owned.leader
                {
                    leader.replica = Some(nearer).filter(|nearer| *nearer != leader.broker);
                }
                if let Some((next, fetched)) = read {
                    owned.place = Place::At(next);
                    if let Some(fetched) = fetched {
                        state.fetched(fetched);
                    }
                }
            }
            Err(reason) => match code {
                // A replica may be behind; the leader knows.
                Some(ResponseError::OffsetOutOfRange | ResponseError::OffsetNotAvailable)
                    if wanted.broker() != wanted.leader.broker =>
                {
                    if let Some(leader) = &mut owned.leader {
                        leader.replica = None;
                    }
                    owned.pause();
                }
                Some(ResponseError::OffsetOutOfRange) => {
                    let (partition, offset) = (Some(wanted.partition.clone()), Some(wanted.offset));
                    let reason = match self.start {
                        Start::Committed => {
                            owned.is_stuck = true;
                            reason
                        }
                        start => {
                            owned.place = Place::Find(again(start));
                            Failure::Passed
                        }
                    };
                    state.fail(ConsumeError { partition, offset, broker: Some(broker), reason });
                }
                _ => {
                    self.client.parts.metadata.is_wrong(&wanted.partition.topic);
                    state.fail_partition(&wanted.partition, Some(broker), reason);
                }
            },
        }
    }
}

/// Where to start when the place to go on is gone: a fixed one would be gone again.
fn again(start: Start) -> Start {
    match start {
        Start::Latest => Start::Latest,
        Start::Earliest | Start::At(_) | Start::Committed | Start::Time(_) => Start::Earliest,
    }
}

/// Asks a broker for records.
async fn ask(
    client: &Client,
    lane: Lane,
    (broker, wanted): (i32, &[Wanted]),
    (request, most): (FetchRequest, i32),
) -> Result<FetchResponse, Failure> {
    // By their ids only when all topics have one.
    let newest = if wanted.iter().all(|wanted| wanted.leader.topic.is_some()) { NEWEST } else { BY_ID - 1 };
    let build = |version| {
        let mut topics: Vec<FetchTopic> = Vec::new();
        for wanted in wanted {
            let partition = FetchPartition::default()
                .with_partition(wanted.partition.partition.get())
                .with_current_leader_epoch(wanted.leader.epoch)
                .with_fetch_offset(wanted.offset.get())
                .with_partition_max_bytes(most);
            let name = wire_name(&wanted.partition.topic);
            match topics.last_mut().filter(|last| last.topic == name) {
                Some(last) => last.partitions.push(partition),
                None => topics.push(FetchTopic::default().with_topic(name).with_partitions(vec![partition])),
            }
            if version >= BY_ID
                && let (Some(last), Some(id)) = (topics.last_mut(), wanted.leader.topic)
            {
                last.topic_id = id.uuid();
            }
        }
        request.with_topics(topics)
    };
    let (_, response) = client.ask((Destination::Broker(broker), lane), OLDEST..=newest, build).await?;
    Ok(response)
}

/// Whether there is something of that partition.
fn has_records(data: &PartitionData) -> bool {
    data.records.as_ref().is_some_and(|records| !records.is_empty())
}

/// The offset behind `last`, or the last that there is.
fn behind(last: Offset) -> Offset {
    last.advanced(forebay_model::RecordCount::new(1)).unwrap_or(last)
}
