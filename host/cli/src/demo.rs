//! `forebay demo`: an agent over a folder, with producers and consumers.

use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::Context as _;
use forebay_kafka_client::{ClientError, Connection, FetchStart as Start};
use forebay_lifecycle::{Shutdown, Spawner, Tasks, clock};
use forebay_model::TopicName;
use forebay_pipeline_config::LoggerConfig;
use forebay_pipeline_operations::Since;

use crate::args::Demo;
use crate::log;
use crate::sandbox::{Addresses, Sandbox, TemporaryFolder, program};

const TOPIC: &str = "demo";
/// Each has a producer and a consumer.
const PARTITIONS: i32 = 3;
/// What a producer sends with one request.
const RECORDS: u64 = 100;
/// Between two requests of a producer, beside the time that each takes.
const PAUSE: Duration = Duration::from_millis(100);
/// Before a client comes again that was refused.
const RETRY: Duration = Duration::from_secs(1);

pub(crate) fn demo(flags: Demo) -> anyhow::Result<ExitCode> {
    let Demo { metadata_url, duration, ports } = flags;
    log::start().set(&LoggerConfig { level: ports.log_level, ..LoggerConfig::default() });
    let folder = TemporaryFolder::make("demo")?;
    let bucket = format!("file://{}", folder.folder("bucket")?.display());
    let file = format!("sqlite://{}", folder.path().join("metadata.db").display());
    let sandbox = Sandbox::open(&bucket, metadata_url.as_deref().unwrap_or(&file), &ports)?;
    let (spawner, ends) = (sandbox.workers.spawner(), Since::text(duration));
    sandbox.run(None, duration, |_, at| {
        println!("This is a demo: its folder is gone when it ends, after {ends} at the latest.\n");
        println!("Kafka   localhost:{}, topic {TOPIC} with {PARTITIONS} partitions", at.kafka);
        println!("HTTP    http://localhost:{}/metrics, /v1/status", at.http);
        println!("bucket  {bucket}");
        println!("clients {PARTITIONS} producers, {PARTITIONS} consumers\n");
        println!("Try, in another terminal:");
        println!("  ls -lR {}", bucket.trim_start_matches("file://"));
        println!("  kcat -b localhost:{} -t {TOPIC} -C -o end", at.kafka);
        second_agent(metadata_url.as_deref(), &bucket);
        let counts = Arc::<Counts>::default();
        let guard = clients(&spawner, at, &counts)?;
        Ok(move || {
            // The clients end with it.
            let _ = &guard;
            counts.line()
        })
    })
}

/// How another agent joins.
fn second_agent(metadata: Option<&str>, bucket: &str) {
    let forebay = program();
    match metadata {
        // Its password is not for the screen.
        Some(_) => println!(
            "A second agent, with the same WARPSTREAM_METADATA_URL in its environment:\n  \
             WARPSTREAM_AVAILABILITY_ZONE=DEMO {forebay} agent -bucketURL {bucket} -kafkaPort 9093 -httpPort 8081 \
             -advertiseHostnameStrategy local -gracefulShutdownDuration 0s\n"
        ),
        None => println!(
            "A second agent needs metadata that both can reach. Start this one again with PostgreSQL:\n  \
             {forebay} demo -metadataURL postgres://USER:PASSWORD@HOST:5432/DATABASE\n"
        ),
    }
}

/// What the clients have done.
#[derive(Debug, Default)]
struct Counts {
    produced: AtomicU64,
    consumed: AtomicU64,
    /// Records that did not come in their order.
    astray: AtomicU64,
    /// Requests that failed, and were made again.
    failures: AtomicU64,
}

impl Counts {
    fn line(&self) -> String {
        let Self { produced, consumed, astray, failures } = self;
        let [produced, consumed, astray, failures] =
            [produced, consumed, astray, failures].map(|count| count.load(Ordering::Relaxed));
        format!(
            "produced {produced} | consumed {consumed} | out of order {astray} | failed requests {failures}"
        )
    }
}

/// Starts producers and consumers; they end when what this gives is dropped.
fn clients(spawner: &Spawner, at: Addresses, counts: &Arc<Counts>) -> anyhow::Result<impl Sized + use<>> {
    let topic: TopicName = TOPIC.parse().context("name the topic")?;
    let tasks = Tasks::new(spawner.clone(), Shutdown::new());
    let guard = tasks.shutdown().clone().drop_guard();
    for partition in 0..PARTITIONS {
        let client = |name: &str| Client {
            id: format!("demo-{name}-{partition}"),
            at,
            topic: topic.clone(),
            partition,
            counts: Arc::clone(counts),
        };
        let (producer, consumer) = (client("producer"), client("consumer"));
        let stop = tasks.shutdown().clone();
        tasks.spawn(async move {
            stop.run_until_cancelled(Box::pin(producer.produce())).await;
        });
        let stop = tasks.shutdown().clone();
        tasks.spawn(async move {
            stop.run_until_cancelled(Box::pin(consumer.consume())).await;
        });
    }
    Ok(guard)
}

/// A client of one partition.
struct Client {
    id: String,
    at: Addresses,
    topic: TopicName,
    partition: i32,
    counts: Arc<Counts>,
}

impl Client {
    async fn produce(&self) {
        let mut next = 0;
        loop {
            if let Err(error) = self.produce_from(&mut next).await {
                self.failed(&error).await;
            }
        }
    }

    /// Produces numbers until something fails.
    async fn produce_from(&self, next: &mut u64) -> Result<(), ClientError> {
        let mut connection = self.connection().await?;
        if self.partition == 0 && *next == 0 {
            // It may be there: then the others have been quicker, which does no harm.
            let _ = connection.create_topic(&self.topic, PARTITIONS).await;
        }
        loop {
            let values: Vec<String> = (*next..*next + RECORDS).map(|number| number.to_string()).collect();
            let records: Vec<_> =
                values.iter().map(|value| (Some(self.id.as_bytes()), Some(value.as_bytes()))).collect();
            connection.produce_at(&self.topic, self.partition, &records, clock::wall()).await?;
            *next += RECORDS;
            self.counts.produced.fetch_add(RECORDS, Ordering::Relaxed);
            tokio::time::sleep(PAUSE).await;
        }
    }

    async fn consume(&self) {
        let (mut start, mut expected) = (Start::Earliest, 0);
        loop {
            if let Err(error) = self.consume_from(&mut start, &mut expected).await {
                self.failed(&error).await;
            }
        }
    }

    /// Consumes until something fails.
    async fn consume_from(&self, start: &mut Start, expected: &mut u64) -> Result<(), ClientError> {
        let mut connection = self.connection().await?;
        loop {
            let fetched = connection.fetch(&self.topic, self.partition, *start).await?;
            for record in &fetched.records {
                let number = record.value.as_deref().and_then(|value| std::str::from_utf8(value).ok());
                let number = number.and_then(|number| number.parse::<u64>().ok());
                if number != Some(*expected) {
                    self.counts.astray.fetch_add(1, Ordering::Relaxed);
                }
                *expected = number.map_or(*expected, |number| number + 1);
                self.counts.consumed.fetch_add(1, Ordering::Relaxed);
            }
            *start = Start::At(fetched.next);
        }
    }

    async fn connection(&self) -> Result<Connection, ClientError> {
        Connection::open("127.0.0.1", self.at.kafka, &self.id).await
    }

    async fn failed(&self, error: &ClientError) {
        tracing::debug!(client = self.id, %error, "a request failed");
        self.counts.failures.fetch_add(1, Ordering::Relaxed);
        tokio::time::sleep(RETRY).await;
    }
}
