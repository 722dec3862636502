//! Topics of Kafka clusters. The parts:
//!
//! - `clusters`: those that the process has, by name;
//! - `open`: clusters by address or by name, their settings and secrets;
//! - `reading`, `subscribing`, `messages`: consumers, and batches of messages made of records;
//! - `sending`, `routes`: producers, and records made of batches of messages;
//! - `failures`: what went wrong, for the guest; `meter`: what is counted.
//!
//! Connections, groups and fetching ahead live on the threads for HTTP, so that a guest which computes holds up neither
//! a heartbeat nor what it has sent.

mod clusters;
mod failures;
mod messages;
mod meter;
mod open;
mod reading;
mod routes;
mod sending;
mod subscribing;
mod tokens;

use std::future::Future;
use std::time::Duration;

use forebay_kafka_client as client;
use forebay_plugins_api::{Operation, Woken};
use tokio::sync::oneshot;
use wasmtime::component::Resource;

pub use clusters::Clusters;
#[expect(unreachable_pub, reason = "the generated bindings name them")]
pub use {open::HostCluster, reading::HostConsumer, sending::HostProducer};

use crate::bindings::forebay::kafka::kafka::{
    ClusterSettings, ConsumerSettings, Event, FailureKind, Host, HostCluster as HostClusterMethods,
    HostConsumer as HostConsumerMethods, HostProducer as HostProducerMethods, KafkaError, Position,
    ProducerSettings, Routes, Start, TopicPartition, Unsent,
};
use crate::guest::Guest;
use crate::host::batches::HostBatch;
use crate::host::http::Service;
use reading::Taken;

type Answer<T> = wasmtime::Result<Result<T, KafkaError>>;

/// The longest that a call waits for brokers, whatever was asked for.
const LONGEST: Duration = Duration::from_secs(600);
/// What is told where a commit takes too long.
const NOT_COMMITTED: &str = "offsets are not committed";

impl Host for Guest {}

impl HostClusterMethods for Guest {
    fn open(&mut self, settings: ClusterSettings) -> Answer<Resource<HostCluster>> {
        self.host_call()?;
        match HostCluster::open(settings, &self.scope) {
            Ok(cluster) => Ok(Ok(self.push(cluster)?)),
            Err(error) => Ok(Err(error)),
        }
    }

    async fn ping(&mut self, cluster: Resource<HostCluster>, timeout: u64) -> Answer<()> {
        self.host_call()?;
        let _waiting = self.meter.long_wait();
        let client = self.table.get(&cluster)?.client().clone();
        let work = async move {
            match client.ping(Duration::from_nanos(timeout).min(LONGEST)).await {
                Ok(()) => Ok(()),
                Err(failure) => Err(KafkaError::Failed(failures::told(&failure, &failure))),
            }
        };
        Ok(in_time(&self.scope.http, timeout, "no broker has answered", work).await)
    }

    fn consumer(
        &mut self,
        cluster: Resource<HostCluster>,
        settings: ConsumerSettings,
    ) -> Answer<Resource<HostConsumer>> {
        self.host_call()?;
        match HostConsumer::start(self.table.get(&cluster)?, settings, &self.scope, &self.wakes) {
            Ok(consumer) => Ok(Ok(self.push(consumer)?)),
            Err(error) => Ok(Err(error)),
        }
    }

    fn producer(
        &mut self,
        cluster: Resource<HostCluster>,
        settings: ProducerSettings,
    ) -> Answer<Resource<HostProducer>> {
        self.host_call()?;
        match HostProducer::start(self.table.get(&cluster)?, settings, &self.scope) {
            Ok(producer) => Ok(Ok(self.push(producer)?)),
            Err(error) => Ok(Err(error)),
        }
    }

    fn drop(&mut self, cluster: Resource<HostCluster>) -> wasmtime::Result<()> {
        self.table.delete(cluster)?;
        Ok(())
    }
}

impl HostConsumerMethods for Guest {
    async fn poll(
        &mut self,
        consumer: Resource<HostConsumer>,
        nanoseconds: Option<u64>,
    ) -> wasmtime::Result<Event> {
        self.host_call()?;
        let _waiting = self.meter.long_wait();
        let wakes = std::sync::Arc::clone(&self.wakes);
        let pending = wakes.pending();
        if pending != Woken::default() {
            return Ok(Event::Woken(pending.into()));
        }
        let consumer = self.table.get_mut(&consumer)?;
        let taken = tokio::select! {
            biased;
            taken = consumer.next() => taken,
            woken = wakes.wait(nanoseconds.map(Duration::from_nanos)) => return Ok(Event::Woken(woken.into())),
        };
        Ok(match taken {
            Taken::Event(event) => event,
            Taken::Fetched(fetched) => Event::Fetched(self.fetched(fetched)?),
        })
    }

    fn pause(
        &mut self,
        consumer: Resource<HostConsumer>,
        partitions: Vec<TopicPartition>,
    ) -> wasmtime::Result<()> {
        self.host_call()?;
        self.table.get_mut(&consumer)?.pause(partitions);
        Ok(())
    }

    fn resume(
        &mut self,
        consumer: Resource<HostConsumer>,
        partitions: Vec<TopicPartition>,
    ) -> wasmtime::Result<()> {
        self.host_call()?;
        self.table.get_mut(&consumer)?.resume(partitions);
        Ok(())
    }

    fn seek(
        &mut self,
        consumer: Resource<HostConsumer>,
        partition: TopicPartition,
        start: Start,
    ) -> wasmtime::Result<()> {
        self.host_call()?;
        self.table.get_mut(&consumer)?.seek(partition, start);
        Ok(())
    }

    async fn commit(
        &mut self,
        consumer: Resource<HostConsumer>,
        positions: Vec<Position>,
        timeout: u64,
    ) -> Answer<()> {
        self.host_call()?;
        let _waiting = self.meter.long_wait();
        let work = match self.table.get_mut(&consumer)?.commit(positions) {
            Ok(work) => work,
            Err(error) => return Ok(Err(error)),
        };
        Ok(in_time(&self.scope.http, timeout, NOT_COMMITTED, work).await)
    }

    fn start_commit(
        &mut self,
        consumer: Resource<HostConsumer>,
        positions: Vec<Position>,
        timeout: u64,
    ) -> Answer<()> {
        self.host_call()?;
        Ok(self.table.get_mut(&consumer)?.start_commit(positions, timeout))
    }

    fn release(&mut self, consumer: Resource<HostConsumer>) -> wasmtime::Result<()> {
        self.host_call()?;
        self.table.get_mut(&consumer)?.release();
        Ok(())
    }

    async fn close(&mut self, consumer: Resource<HostConsumer>, timeout: u64) -> wasmtime::Result<()> {
        self.host_call()?;
        let _waiting = self.meter.long_wait();
        let consumer = self.table.delete(consumer)?;
        let patience = Duration::from_nanos(timeout).min(LONGEST);
        let work = async move {
            consumer.close(patience).await;
            Ok(())
        };
        // Brokers find out by themselves where it did not leave.
        let _ = in_time(&self.scope.http, timeout, "the group is not left", work).await;
        Ok(())
    }

    fn drop(&mut self, consumer: Resource<HostConsumer>) -> wasmtime::Result<()> {
        self.table.delete(consumer)?;
        Ok(())
    }
}

impl HostProducerMethods for Guest {
    fn send(
        &mut self,
        producer: Resource<HostProducer>,
        messages: Resource<HostBatch>,
        routes: Routes,
    ) -> Answer<Resource<Operation>> {
        self.host_call()?;
        let messages = self.batch(&messages)?;
        self.check_written(messages)?;
        let routes = self.routes(&routes, messages)?;
        let sent = self.table.get(&producer)?.send(messages, &routes, &self.scope);
        match sent {
            Ok((work, unsent)) => Ok(Ok(self.push_operation_with(work, unsent)?)),
            Err(error) => Ok(Err(error)),
        }
    }

    fn failures(
        &mut self,
        _: Resource<HostProducer>,
        operation: Resource<Operation>,
    ) -> wasmtime::Result<Vec<Unsent>> {
        let operation = self.table.get_mut(&operation)?;
        if operation.outcome().is_none() {
            return Ok(Vec::new());
        }
        Ok(operation.take_payload::<sending::Told>().map(|mut told| told.take()).unwrap_or_default())
    }

    fn drop(&mut self, producer: Resource<HostProducer>) -> wasmtime::Result<()> {
        self.table.delete(producer)?;
        Ok(())
    }
}

impl Guest {
    /// Gives the guest what was fetched.
    fn fetched(
        &mut self,
        fetched: reading::Piece,
    ) -> wasmtime::Result<crate::bindings::forebay::kafka::kafka::Fetched> {
        let reading::Piece { source, first, next, high_watermark, messages } = fetched;
        let messages = self.push_batch(messages)?;
        Ok(crate::bindings::forebay::kafka::kafka::Fetched { source, first, next, high_watermark, messages })
    }
}

/// Work on the threads for HTTP, which is given up when this is dropped.
#[derive(Debug)]
struct Begun<T> {
    result: oneshot::Receiver<Option<Result<T, KafkaError>>>,
    what: &'static str,
    limit: Duration,
}

impl<T> Begun<T> {
    /// How it has ended, if it has. Once.
    fn has_ended(&mut self) -> Option<Result<T, KafkaError>> {
        match self.result.try_recv() {
            Ok(ended) => Some(self.told(Some(ended))),
            Err(oneshot::error::TryRecvError::Closed) => Some(self.told(None)),
            Err(oneshot::error::TryRecvError::Empty) => None,
        }
    }

    /// How it ends. Once.
    ///
    /// # Cancel safety
    /// Nothing is lost.
    async fn ended(&mut self) -> Result<T, KafkaError> {
        let ended = (&mut self.result).await.ok();
        self.told(ended)
    }

    fn told(&self, ended: Option<Option<Result<T, KafkaError>>>) -> Result<T, KafkaError> {
        let Self { what, limit, .. } = self;
        match ended {
            Some(Some(ended)) => ended,
            Some(None) => {
                let reason = format!("{what} within {} ms", limit.as_millis());
                Err(failures::error(FailureKind::Disconnected, reason))
            }
            None => Err(failures::error(FailureKind::Other, "the process stops")),
        }
    }
}

/// Does work on the threads for HTTP, for so many nanoseconds at most; it is given up when nobody waits for it any more.
async fn in_time<T: Send + 'static>(
    service: &Service,
    nanoseconds: u64,
    what: &'static str,
    work: impl Future<Output = Result<T, KafkaError>> + Send + 'static,
) -> Result<T, KafkaError> {
    begin(service, nanoseconds, what, work)?.ended().await
}

/// Begins work on the threads for HTTP, for so many nanoseconds at most.
fn begin<T: Send + 'static>(
    service: &Service,
    nanoseconds: u64,
    what: &'static str,
    work: impl Future<Output = Result<T, KafkaError>> + Send + 'static,
) -> Result<Begun<T>, KafkaError> {
    let limit = Duration::from_nanos(nanoseconds).min(LONGEST);
    let spawner = service.spawner().map_err(|error| failures::error(FailureKind::Other, error))?;
    let (mut done, result) = oneshot::channel();
    spawner.spawn(async move {
        tokio::select! {
            biased;
            () = done.closed() => {}
            ended = tokio::time::timeout(limit, work) => drop(done.send(ended.ok())),
        }
    });
    Ok(Begun { result, what, limit })
}

/// As the guest names a partition, for the client.
fn partition(partition: TopicPartition) -> Result<client::TopicPartition, KafkaError> {
    let TopicPartition { topic, partition } = partition;
    let topic = topic.parse().map_err(invalid)?;
    let partition = partition.try_into().map_err(invalid)?;
    Ok(client::TopicPartition::new(topic, partition))
}

/// The same the other way round.
fn shown(partition: &client::TopicPartition) -> TopicPartition {
    TopicPartition { topic: partition.topic.as_str().to_owned(), partition: partition.partition.get() }
}

fn invalid(error: impl std::fmt::Display) -> KafkaError {
    KafkaError::Invalid(error.to_string())
}
