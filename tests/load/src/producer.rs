//! A producer that keeps several requests under way on one connection. When one of them fails, it sends that one and
//! those behind it again, in order, until all are acknowledged.

mod outgoing;

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use forebay_kafka_wire::Compression;
use forebay_lifecycle::clock;
use forebay_model::{ProducerEpoch, ProducerId};
use kafka_protocol::messages::produce_response::ProduceResponse;
use kafka_protocol::messages::{InitProducerIdRequest, ProduceRequest};

use crate::addresses::Addresses;
use crate::connection::{ClientError, Connection};
use crate::history::{Answer, Event, Initialized, Moment, Recorder, Try};
use crate::random::Random;
use outgoing::{Outgoing, Outlook};

const PRODUCE: i16 = 9;
const INIT_PRODUCER_ID: i16 = 4;
/// Before something is tried again.
const PAUSE: Duration = Duration::from_millis(25);

/// What a producer does.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The number in its values, of no other client of the run.
    pub client: u32,
    pub is_idempotent: bool,
    pub topic: String,
    pub partitions: i32,
    /// How many requests it makes.
    pub requests: usize,
    /// How many of them are under way at once. No more than 5 for an idempotent one.
    pub window: usize,
    /// Records in a batch, at most.
    pub most_records: u32,
    pub value_bytes: usize,
    pub compression: Compression,
    /// How long it waits for an answer before it comes again on another connection.
    pub timeout: Duration,
    /// After so long without any progress it gives up.
    pub patience: Duration,
    /// When this is set it makes no more requests, and ends when those there are have been acknowledged.
    pub stop: Arc<AtomicBool>,
}

/// What a producer met.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Met {
    pub requests: usize,
    pub records: u64,
    pub tries: usize,
    pub refused: usize,
    pub unknown: usize,
    pub connections: usize,
    /// Whether it gave up.
    pub gave_up: bool,
    /// The longest that a request took from its first try to its acknowledgement.
    pub slowest: Duration,
    /// Why its last connection ended.
    pub trouble: Option<String>,
}

/// Runs a producer to its end.
pub async fn run(plan: Plan, addresses: &Addresses, recorder: &Recorder, seed: u64) -> Met {
    let outlook = Outlook::new(&plan, Random(seed));
    let progress = clock::now();
    let mut producer = Producer {
        plan,
        addresses,
        recorder,
        outlook,
        pending: VecDeque::new(),
        met: Met::default(),
        progress,
    };
    producer.run().await;
    producer.met
}

struct Producer<'r> {
    plan: Plan,
    addresses: &'r Addresses,
    recorder: &'r Recorder,
    outlook: Outlook,
    /// Not acknowledged, or behind something that is not.
    pending: VecDeque<Outgoing>,
    met: Met,
    /// When something was last acknowledged.
    progress: std::time::Instant,
}

/// A request on its way: which of those that are pending, and when it was sent.
type Flight = (usize, Moment);

impl Producer<'_> {
    async fn run(&mut self) {
        let mut turn = usize::try_from(self.plan.client).unwrap_or_default();
        while self.make() {
            if self.progress.elapsed() > self.plan.patience {
                self.met.gave_up = true;
                return;
            }
            let Some(address) = self.addresses.get(turn) else {
                tokio::time::sleep(PAUSE).await;
                continue;
            };
            turn += 1;
            if let Ok(mut connection) = Connection::open(address, self.plan.timeout).await {
                self.met.connections += 1;
                let ended = self.session(&mut connection).await;
                self.met.trouble = ended.err().map(|error| format!("{error:?}"));
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Works on one connection until it breaks, all is done, or nothing gets on for too long.
    async fn session(&mut self, connection: &mut Connection) -> Result<(), ClientError> {
        if self.plan.is_idempotent && self.outlook.producer.is_none() {
            self.initialize(connection).await?;
        }
        while self.make() && self.progress.elapsed() <= self.plan.patience {
            if !self.round(connection).await? {
                tokio::time::sleep(PAUSE).await;
            }
        }
        Ok(())
    }

    async fn initialize(&mut self, connection: &mut Connection) -> Result<(), ClientError> {
        let request = InitProducerIdRequest::default().with_transactional_id(None);
        let answer = connection.ask(INIT_PRODUCER_ID, &request).await?;
        let ids = (ProducerId::new(answer.producer_id.0), ProducerEpoch::new(answer.producer_epoch));
        if let (0, (Ok(id), Ok(epoch))) = (answer.error_code, ids) {
            self.outlook.producer = Some((id, epoch));
            let new = Initialized { producer: id.get(), epoch: epoch.get() };
            self.recorder.add(Event::Initialized(new));
            return Ok(());
        }
        Err(std::io::Error::other(format!("no producer id: error {}", answer.error_code)).into())
    }

    /// Sends what is pending, and goes on as long as it is acknowledged. False when something was refused.
    async fn round(&mut self, connection: &mut Connection) -> Result<bool, ClientError> {
        let mut flights: VecDeque<Flight> = VecDeque::new();
        let mut next = 0;
        let mut all_well = true;
        loop {
            while all_well && flights.len() < self.plan.window && next < self.pending.len() {
                let began = self.recorder.moment();
                if let Some(out) = self.pending.get_mut(next).filter(|out| !out.is_acked) {
                    out.first_tried.get_or_insert_with(clock::now);
                    let request = out.request(&self.plan);
                    flights.push_back((next, began));
                    if let Err(error) = connection.send(PRODUCE, &request).await {
                        self.lose(&flights);
                        return Err(error);
                    }
                }
                next += 1;
            }
            let Some(flight) = flights.front().copied() else { return Ok(all_well) };
            match connection.receive::<ProduceRequest>(PRODUCE).await {
                Ok(answer) => all_well &= self.answered(flight, &answer),
                Err(error) => {
                    self.lose(&flights);
                    return Err(error);
                }
            }
            flights.pop_front();
            if all_well {
                // All before it are acknowledged too.
                let done = self.pending.iter().take_while(|out| out.is_acked).count();
                self.pending.drain(..done);
                next = next.saturating_sub(done);
                for flight in &mut flights {
                    flight.0 = flight.0.saturating_sub(done);
                }
                self.make();
            }
        }
    }

    /// Whether a request was acknowledged.
    fn answered(&mut self, (index, began): Flight, answer: &ProduceResponse) -> bool {
        let Some(out) = self.pending.get_mut(index) else { return false };
        let answers = out.answers(answer);
        let is_acked = answers.iter().all(Result::is_ok);
        let during = Try { began, ended: self.recorder.moment() };
        let sent = out.sent(&self.plan, during, Answer::Batches(answers));
        self.recorder.add(Event::Sent(sent));
        self.met.tries += 1;
        if !is_acked {
            self.met.refused += 1;
            return false;
        }
        out.is_acked = true;
        self.progress = clock::now();
        self.met.requests += 1;
        self.met.records += out.batches.iter().map(|(batch, _)| u64::from(batch.count)).sum::<u64>();
        let took = out.first_tried.map_or(Duration::ZERO, |first| first.elapsed());
        self.met.slowest = self.met.slowest.max(took);
        true
    }

    /// Nobody will ever say what became of these.
    fn lose(&mut self, flights: &VecDeque<Flight>) {
        for (index, began) in flights {
            if let Some(out) = self.pending.get(*index) {
                let during = Try { began: *began, ended: self.recorder.moment() };
                self.recorder.add(Event::Sent(out.sent(&self.plan, during, Answer::Unknown)));
                self.met.tries += 1;
                self.met.unknown += 1;
            }
        }
    }

    /// Fills what is pending; false when there is nothing more to do.
    fn make(&mut self) -> bool {
        let done = self.pending.iter().take_while(|out| out.is_acked).count();
        self.pending.drain(..done);
        if self.plan.is_idempotent && self.outlook.producer.is_none() {
            return true;
        }
        while self.pending.len() < self.plan.window.max(1)
            && self.outlook.made < self.plan.requests
            && !self.plan.stop.load(Ordering::SeqCst)
        {
            match self.outlook.next(&self.plan, self.recorder.request()) {
                Some(out) => self.pending.push_back(out),
                None => break,
            }
        }
        !self.pending.is_empty()
    }
}
