//! The task that writes the output.
//!
//! When a newer build of the output's plugin is there, the task accepts nothing until every operation of
//! the old instance has ended, and goes on with the new one.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use forebay_lifecycle::{Backoff, clock};
use forebay_pipeline_config::ComponentConfig;
use forebay_pipeline_message::{Failure, Transaction};
use forebay_plugins_api::{ByteStream, ComponentError, Operation, Output, Pending, WriteError, Written};
use futures_util::StreamExt as _;
use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;

use crate::batching::Parcel;
use crate::chain::Chain;
use crate::channel::Receiver;
use crate::drain::{Drain, MOST_DRAINING};
use crate::meters::OutputMeter;

/// Batches that may be under way to the destination at once, where the configuration does not say.
const MOST_UNDER_WAY: usize = 64;
/// Pauses between tries to connect.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// How many batches may be under way to an output at once.
pub(crate) fn most_under_way(config: &ComponentConfig) -> usize {
    let most = config.config.get("max_in_flight").and_then(|value| value.as_u64());
    most.and_then(|most| usize::try_from(most).ok()).unwrap_or(MOST_UNDER_WAY).max(1)
}

/// Whether an output writes in order: one that has a `max_in_flight` says that it does not.
pub(crate) fn keeps_order(config: &ComponentConfig) -> bool {
    config.config.get("max_in_flight").is_none()
}

/// Writes what comes, until nothing more does and everything is settled.
pub(crate) struct Sink {
    pub(crate) path: String,
    pub(crate) output: Box<dyn Output>,
    pub(crate) processors: Chain,
    pub(crate) from: Arrivals,
    pub(crate) most_under_way: usize,
    /// Whether nothing is to be written before a stream has ended: operations of others may overtake it.
    pub(crate) keeps_order: bool,
    pub(crate) meter: OutputMeter,
}

/// Where what is to be written comes from.
pub(crate) enum Arrivals {
    Batches(Receiver),
    /// Large messages among them, while they are made.
    Parcels(async_channel::Receiver<Parcel>),
}

impl Arrivals {
    /// What comes next; `None` at the end.
    ///
    /// # Cancel safety
    /// Safe, as the channels are.
    async fn next(&self) -> Option<Parcel> {
        match self {
            Self::Batches(from) => from.recv().await.ok().map(Parcel::Whole),
            Self::Parcels(from) => from.recv().await.ok(),
        }
    }
}

/// A written batch that is not settled yet.
struct UnderWay {
    transaction: Transaction,
    failures: Vec<Failure>,
    operations: usize,
    begun: Instant,
}

/// An operation that has ended.
struct Ended {
    write: u64,
    operation: Operation,
    messages: Option<Vec<u32>>,
    resolve: bool,
    outcome: Result<(), String>,
}

#[derive(Default)]
struct Writes {
    next: u64,
    under_way: HashMap<u64, UnderWay>,
    operations: FuturesUnordered<BoxFuture<'static, Ended>>,
}

impl Sink {
    pub(crate) async fn run(mut self) {
        let mut writes = Writes::default();
        let mut backoff = Backoff::new(FIRST_PAUSE, LONGEST_PAUSE);
        let mut connected = false;
        let mut drain = Drain::default();
        // It need not wait for a message: who reads from it may be there already.
        let mut next_try = tokio::time::Instant::now();
        loop {
            let has_room = writes.under_way.len() < self.most_under_way;
            tokio::select! {
                biased;
                () = tokio::time::sleep_until(next_try), if !connected => {
                    if !self.try_to_connect(&mut connected).await {
                        next_try = tokio::time::Instant::now() + backoff.pause();
                    }
                }
                Some(ended) = writes.operations.next(), if !writes.operations.is_empty() => {
                    self.ended(&mut writes, ended, &mut connected).await;
                }
                parcel = self.from.next(), if has_room => {
                    let Some(parcel) = parcel else { break };
                    if drain.may_begin() && self.output.prepare().await {
                        self.take_over(&mut writes, &mut drain, &mut connected).await;
                    }
                    match parcel {
                        Parcel::Whole(transaction) => {
                            for transaction in self.processors.process(transaction).await {
                                self.write(&mut writes, transaction, &mut connected).await;
                            }
                        }
                        Parcel::Stream(head, payload) => {
                            // The output has no time for their ends while it reads, and more may only come after them.
                            while let Some(ended) = writes.operations.next().await {
                                self.ended(&mut writes, ended, &mut connected).await;
                            }
                            self.write_stream(&mut writes, head, payload, &mut connected).await;
                            while self.keeps_order && let Some(ended) = writes.operations.next().await {
                                self.ended(&mut writes, ended, &mut connected).await;
                            }
                        }
                    }
                }
            }
        }
        while let Some(ended) = writes.operations.next().await {
            self.ended(&mut writes, ended, &mut connected).await;
        }
        self.output.close().await;
        self.processors.close().await;
    }

    /// Puts a prepared instance in the place of the one that works, once nothing of that is under way.
    async fn take_over(&mut self, writes: &mut Writes, drain: &mut Drain, connected: &mut bool) {
        let deadline = tokio::time::Instant::now() + MOST_DRAINING;
        while !writes.operations.is_empty() {
            match tokio::time::timeout_at(deadline, writes.operations.next()).await {
                Ok(Some(ended)) => self.ended(writes, ended, connected).await,
                Ok(None) => break,
                Err(_) => return drain.failed(&self.path),
            }
        }
        self.output.take_over().await;
        *connected = false;
    }

    /// Writes one batch, connecting first where that is needed. Back-pressure: nothing else is taken meanwhile.
    async fn write(&mut self, writes: &mut Writes, transaction: Transaction, connected: &mut bool) {
        let mut backoff = Backoff::new(FIRST_PAUSE, LONGEST_PAUSE);
        loop {
            self.connect(&mut backoff, connected).await;
            let begun = clock::now();
            match self.output.write(transaction.batch().clone()).await {
                Ok(written) => return self.begun(writes, transaction, written, begun),
                Err(WriteError::NotConnected(reason)) => {
                    tracing::error!(path = self.path, reason, "output is not connected");
                    self.meter.connection().lost();
                    *connected = false;
                    tokio::time::sleep(backoff.pause()).await;
                }
                Err(WriteError::Component(error)) => {
                    return self.failed(transaction, &error, begun, connected);
                }
            }
        }
    }

    /// Writes one message as it is made. What of it was read does not come again, so it is tried once.
    async fn write_stream(
        &mut self,
        writes: &mut Writes,
        head: Transaction,
        payload: Box<dyn ByteStream>,
        connected: &mut bool,
    ) {
        self.connect(&mut Backoff::new(FIRST_PAUSE, LONGEST_PAUSE), connected).await;
        let begun = clock::now();
        match self.output.write_stream(head.batch().clone(), payload).await {
            Ok(written) => self.begun(writes, head, written, begun),
            Err(WriteError::NotConnected(reason)) => {
                tracing::error!(path = self.path, reason, "output is not connected, the message is rejected");
                self.meter.failed(head.batch(), &reason, begun);
                self.meter.connection().lost();
                *connected = false;
                head.reject(&reason);
            }
            Err(WriteError::Component(error)) => self.failed(head, &error, begun, connected),
        }
    }

    /// Connects where that is needed, however often it takes.
    async fn connect(&mut self, backoff: &mut Backoff, connected: &mut bool) {
        while !*connected && !self.try_to_connect(connected).await {
            tokio::time::sleep(backoff.pause()).await;
        }
    }

    /// Tries once; whether it succeeded.
    async fn try_to_connect(&mut self, connected: &mut bool) -> bool {
        match self.output.connect().await {
            Ok(()) => {
                *connected = true;
                self.meter.connection().up();
            }
            Err(error) => {
                self.meter.connection().failed();
                tracing::error!(path = self.path, %error, "output can't connect");
            }
        }
        *connected
    }

    /// Notes a batch that the output has begun to deliver.
    fn begun(&self, writes: &mut Writes, transaction: Transaction, written: Written, begun: Instant) {
        let write = writes.next;
        writes.next += 1;
        let under_way = UnderWay { transaction, failures: Vec::new(), operations: 0, begun };
        writes.under_way.insert(write, under_way);
        writes.add(write, written);
        writes.settle(write, &self.path, &self.meter);
    }

    /// Rejects a batch that could not be written.
    fn failed(&self, transaction: Transaction, error: &ComponentError, begun: Instant, connected: &mut bool) {
        self.meter.failed(transaction.batch(), &error.to_string(), begun);
        match error {
            ComponentError::Failed(_) => {
                tracing::error!(path = self.path, %error, "write failed");
                transaction.reject(&error.to_string());
            }
            ComponentError::Lost(_) => {
                tracing::error!(path = self.path, %error, "output lost, the batch is rejected");
                self.meter.connection().lost();
                *connected = false;
                transaction.reject_apart(&error.to_string());
            }
        }
    }

    async fn ended(&mut self, writes: &mut Writes, ended: Ended, connected: &mut bool) {
        let Ended { write, operation, messages, resolve, outcome } = ended;
        if resolve {
            match self.output.resolve(operation).await {
                Ok(written) => writes.add(write, written),
                Err(error) => {
                    if *connected && !matches!(error, WriteError::Component(ComponentError::Failed(_))) {
                        *connected = false;
                        self.meter.connection().lost();
                    }
                    writes.fail(write, error.to_string(), messages);
                }
            }
        } else if let Err(reason) = outcome {
            writes.fail(write, reason, messages);
        }
        if let Some(under_way) = writes.under_way.get_mut(&write) {
            under_way.operations -= 1;
        }
        writes.settle(write, &self.path, &self.meter);
    }
}

impl Writes {
    fn add(&mut self, write: u64, written: Written) {
        let Written { failed, pending } = written;
        let Some(under_way) = self.under_way.get_mut(&write) else { return };
        under_way.failures.extend(failed);
        under_way.operations += pending.len();
        for Pending { mut operation, messages, resolve } in pending {
            self.operations.push(Box::pin(async move {
                let outcome = operation.finish().await;
                Ended { write, operation, messages, resolve, outcome }
            }));
        }
    }

    fn fail(&mut self, write: u64, reason: String, messages: Option<Vec<u32>>) {
        if let Some(under_way) = self.under_way.get_mut(&write) {
            under_way.failures.push(Failure { reason, messages });
        }
    }

    /// Settles a write that has no more operations under way.
    fn settle(&mut self, write: u64, path: &str, meter: &OutputMeter) {
        if self.under_way.get(&write).is_some_and(|under_way| under_way.operations == 0)
            && let Some(UnderWay { transaction, failures, begun, .. }) = self.under_way.remove(&write)
        {
            meter.delivered(transaction.batch(), &failures, begun);
            if let Some(first) = failures.first() {
                tracing::error!(path, error = first.reason, "messages were not delivered");
            }
            transaction.settle(&failures);
        }
    }
}
