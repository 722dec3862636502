//! Producers.

use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use forebay_kafka_client::{self as client, ProduceError, Produced, ProducerRecord};
use forebay_kafka_wire as wire;
use forebay_lifecycle::Spawner;
use forebay_pipeline_message::Batch;
use tokio::sync::{mpsc, oneshot};

use super::meter::{self, SendMeter};
use super::open::HostCluster;
use super::routes::{Headers, Made, NoRoom, Routes, add};
use super::{LONGEST, failures};
use crate::bindings::forebay::kafka::kafka::{
    Acks, Compression, Failure, FailureKind, KafkaError, Partitioner, ProducerSettings, UniformBytes, Unsent,
};
use crate::grants::{Access, ClusterPermit};
use crate::scope::Scope;

/// A producer of a guest. What it has taken goes on when it is dropped.
#[derive(Debug)]
#[expect(unreachable_pub, reason = "the generated bindings name it")]
pub struct HostProducer {
    jobs: mpsc::Sender<Job>,
    permit: Arc<ClusterPermit>,
    headers: Headers,
    /// Whether each message says its partition.
    manual: bool,
    meter: SendMeter,
}

/// Records that were sent together.
#[derive(Debug)]
struct Job {
    records: Vec<ProducerRecord>,
    told: oneshot::Sender<Vec<Result<Produced, ProduceError>>>,
}

/// What a send could not deliver.
#[derive(Debug, Clone, Default)]
pub(super) struct Told(Arc<Mutex<Vec<Unsent>>>);

/// Sends that wait for their turn.
const QUEUED: usize = 1_000;
/// Bytes that the client holds; those that wait for room in it are held by the component's account.
const BUFFERED: usize = 64 << 20;
/// How long what was taken may take when its instance is gone.
const PATIENCE: Duration = Duration::from_secs(30);

impl HostProducer {
    pub(super) fn start(
        cluster: &HostCluster,
        settings: ProducerSettings,
        scope: &Scope,
    ) -> Result<Self, KafkaError> {
        let headers = Headers::new(settings.headers.clone())?;
        let manual = matches!(settings.partitioner, Partitioner::Manual);
        let spawner = scope.http.spawner().map_err(|error| failures::error(FailureKind::Other, error))?;
        let buffered = BUFFERED.min(scope.account.limits.batches);
        let producer = cluster.client().producer(read(settings, buffered));
        let (jobs, queue) = mpsc::channel(QUEUED);
        spawner.spawn(run(producer, queue));
        let permit = Arc::clone(cluster.permit());
        Ok(Self { jobs, permit, headers, manual, meter: SendMeter::of(scope) })
    }

    /// Starts to send a batch: work that is under way, and what it tells in the end.
    pub(super) fn send(
        &self,
        messages: &Batch,
        routes: &Routes<'_>,
        scope: &Scope,
    ) -> Result<(impl Future<Output = Result<(), String>> + Send + 'static, Told), KafkaError> {
        let permits = |topic: &str| scope.allowed.topic(&self.permit, topic, Access::Write);
        let made = routes.records(messages, &self.headers, self.manual, permits, &scope.account.held);
        let busy = |reason: String| failures::error(FailureKind::Retriable, reason);
        let Made { records, indexes, mut unsent, bytes } = made.map_err(|no_room| match no_room {
            NoRoom::Now(_) => busy(no_room.to_string()),
            // However often it is tried.
            NoRoom::Ever { .. } => KafkaError::Invalid(no_room.to_string()),
        })?;
        for Unsent { failure, .. } in &unsent {
            meter::failed(scope, meter::label(failure.kind));
        }
        let (told, outcomes) = oneshot::channel();
        self.jobs.try_send(Job { records, told }).map_err(|_| {
            busy(format!("{QUEUED} sends of this producer wait already: wait for their ends"))
        })?;
        self.meter.sent(bytes);
        let (kept, meter, count) = (Told::default(), self.meter.clone(), messages.len());
        let tells = kept.clone();
        let work = async move {
            match outcomes.await {
                Ok(outcomes) => {
                    for (index, outcome) in indexes.into_iter().zip(outcomes) {
                        if let Err(error) = outcome {
                            add(&mut unsent, failures::of_producing(&error), index);
                        }
                    }
                }
                // Nobody knows what became of them.
                Err(_) => {
                    let reason = "the process stops".to_owned();
                    let failure = Failure { kind: FailureKind::Other, reason };
                    unsent.push(Unsent { failure, messages: indexes });
                }
            }
            let failed = unsent.iter().map(|unsent| unsent.messages.len()).sum::<usize>();
            meter.ended(count.saturating_sub(failed), failed);
            let outcome = unsent.first().map_or(Ok(()), |unsent| Err(unsent.failure.reason.clone()));
            tells.keep(unsent);
            outcome
        };
        Ok((work, kept))
    }
}

impl Told {
    fn keep(&self, unsent: Vec<Unsent>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = unsent;
    }

    pub(super) fn take(&mut self) -> Vec<Unsent> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Sends one batch after the other, in the order in which they came; none waits for the end of another.
async fn run(producer: client::Producer, mut jobs: mpsc::Receiver<Job>) {
    while let Some(Job { records, told }) = jobs.recv().await {
        let sent = producer.send(records).await;
        Spawner::current().spawn(async move {
            // Whoever sent it may have gone; it is sent all the same.
            let _ = told.send(sent.outcomes().await);
        });
    }
    producer.close(PATIENCE).await;
}

/// The settings as the client has them.
fn read(settings: ProducerSettings, buffered: usize) -> client::ProducerSettings {
    let ProducerSettings {
        partitioner,
        idempotent,
        acks,
        compression,
        headers: _,
        max_message_bytes,
        broker_write_max_bytes,
        max_buffered_records,
        timeout,
        delivery_timeout,
        linger,
        strict_order,
        creates_topics,
    } = settings;
    let usual = client::ProducerSettings::default();
    let bytes =
        |said: Option<u64>, usual| said.map_or(usual, |said| usize::try_from(said).unwrap_or(usize::MAX));
    let time = |said: Option<u64>, usual| said.map_or(usual, |said| Duration::from_nanos(said).min(LONGEST));
    client::ProducerSettings {
        partitioner: match partitioner {
            // Java's hash by either name; what tells them apart is how messages without keys are put together.
            Partitioner::StickyKey | Partitioner::Murmur2Hash => client::Partitioner::Murmur2,
            Partitioner::RoundRobin => client::Partitioner::RoundRobin,
            Partitioner::LeastBackup => client::Partitioner::LeastBackup,
            Partitioner::Manual => client::Partitioner::Manual,
            Partitioner::UniformBytes(UniformBytes { bytes, adaptive, keys }) => {
                let bytes = usize::try_from(bytes).unwrap_or(usize::MAX);
                client::Partitioner::UniformBytes { bytes, adaptive, keys }
            }
        },
        idempotent,
        acks: match acks {
            Acks::None => client::Acks::None,
            Acks::Leader => client::Acks::Leader,
            Acks::All => client::Acks::All,
        },
        compression: if compression.is_empty() {
            usual.compression
        } else {
            compression.into_iter().map(compressed).collect()
        },
        linger: time(linger, usual.linger),
        max_message_bytes: bytes(max_message_bytes, usual.max_message_bytes),
        broker_write_max_bytes: bytes(broker_write_max_bytes, usual.broker_write_max_bytes),
        max_buffered_records: max_buffered_records
            .map_or(usual.max_buffered_records, |records| (records as usize).max(1)),
        max_buffered_bytes: buffered,
        timeout: time(timeout, usual.timeout),
        delivery_timeout: time(delivery_timeout, usual.delivery_timeout),
        strict_order,
        creates_topics,
    }
}

fn compressed(compression: Compression) -> wire::Compression {
    match compression {
        Compression::None => wire::Compression::None,
        Compression::Gzip => wire::Compression::Gzip,
        Compression::Snappy => wire::Compression::Snappy,
        Compression::Lz4 => wire::Compression::Lz4,
        Compression::Zstd => wire::Compression::Zstd,
    }
}
