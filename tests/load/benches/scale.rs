//! Three agents at full load, of which two are gone at once, and later two others come. What do clients see? The curve of
//! what is acknowledged and what fails, over PostgreSQL; how long nothing was acknowledged; what one agent has left.
//!
//! Agents are processes, which are killed as by `kill -9`. On a small machine three of them do no more than one: what
//! is measured is the shape of the curve.

#![expect(clippy::print_stdout, clippy::unwrap_used, clippy::cast_precision_loss, reason = "a bench")]

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use forebay_kafka_wire::{BatchBuilder, Compression};
use forebay_lifecycle::{Workers, chance, clock};
use forebay_model::{Offset, Timestamp};
use forebay_tests_load::{Addresses, Agent, AgentOptions, Connection, Load, Run};
use forebay_tests_postgres::Server;
use futures_util::future::{join, join_all};
use kafka_protocol::messages::produce_request::{PartitionProduceData, TopicProduceData};
use kafka_protocol::messages::{ProduceRequest, TopicName};
use kafka_protocol::protocol::StrBytes;

const CLIENTS: usize = 48;
const PARTITIONS: i32 = 48;
const RECORDS: usize = 256;
const RECORD: usize = 1_000;
const PRODUCE: i16 = 9;
const STEP: Duration = Duration::from_millis(500);
/// Two agents are lost then, and two others come.
const LOST: usize = 10;
const BACK: usize = 24;
const END: usize = 36;
/// How long a client waits for an answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// What clients have met since somebody looked.
#[derive(Default)]
struct Counts {
    acked: AtomicU64,
    errors: AtomicU64,
    /// Microseconds.
    slowest: AtomicU64,
    /// When something was acknowledged last, and the longest time without.
    quiet: Mutex<Option<(Instant, Duration)>>,
}

fn main() {
    let workers = Workers::start("scale", 1).unwrap();
    let server = Server::start().unwrap();
    let folder = std::env::temp_dir().join(format!("forebay-scale-{:032x}", chance::bits()));
    let options = AgentOptions {
        orphan_grace: Duration::from_mins(10),
        metadata_url: Some(server.url_of_new_schema().unwrap()),
        ..AgentOptions::new(env!("CARGO_BIN_EXE_forebay-load-agent"), &folder)
    };
    workers.block_on(run(&options));
    std::fs::remove_dir_all(folder).unwrap();
}

async fn run(options: &AgentOptions) {
    let start = async || Agent::start(options).await.unwrap();
    let mut agents = vec![start().await, start().await, start().await];
    let addresses = Addresses::default();
    let tell = |agents: &[Agent]| addresses.set(agents.iter().map(|agent| agent.address));
    tell(&agents);
    let load = Load { partitions: PARTITIONS, ..Load::default() };
    Run::new("scale", 1, load, addresses.clone()).create_topic().await.unwrap();
    let (counts, stop) = (Counts::default(), AtomicBool::new(false));
    let clients = (0..CLIENTS).map(|client| Box::pin(produce(client, &addresses, &counts, &stop)));
    let watching = async {
        println!("{:>5} {:>6} {:>8} {:>7} {:>9}", "s", "agents", "MiB/s", "errors", "slowest");
        let mut curve = Vec::new();
        for step in 0..END {
            if step == LOST {
                for agent in agents.split_off(1) {
                    agent.kill().await.unwrap();
                }
            } else if step == BACK {
                agents.extend([start().await, start().await]);
            }
            tokio::time::sleep(STEP).await;
            curve.push(row(step, agents.len(), &counts));
            // Clients notice by themselves what is gone, and hear later of what is new.
            if step == LOST + 1 || step == BACK + 1 {
                tell(&agents);
            }
        }
        stop.store(true, Ordering::SeqCst);
        curve
    };
    let (curve, _) = join(watching, join_all(clients)).await;
    conclude(&curve, &counts);
}

/// What came of a step: acknowledged MiB in a second.
fn row(step: usize, agents: usize, counts: &Counts) -> f64 {
    let acked = counts.acked.swap(0, Ordering::SeqCst) as f64 / f64::from(1 << 20) / STEP.as_secs_f64();
    let errors = counts.errors.swap(0, Ordering::SeqCst);
    let slowest = Duration::from_micros(counts.slowest.swap(0, Ordering::SeqCst));
    let at = (step + 1) as f64 * STEP.as_secs_f64();
    println!("{at:>5.1} {agents:>6} {acked:>8.1} {errors:>7} {:>6} ms", slowest.as_millis());
    acked
}

fn conclude(curve: &[f64], counts: &Counts) {
    let median = |steps: std::ops::Range<usize>| {
        let mut part = curve[steps].to_vec();
        part.sort_by(f64::total_cmp);
        part[part.len() / 2]
    };
    let (before, alone, after) = (median(2..LOST), median(LOST + 2..BACK), median(BACK + 2..END));
    println!("median MiB/s: 3 agents {before:.1}, 1 agent {alone:.1}, 3 agents again {after:.1}");
    let quiet = counts.quiet.lock().unwrap().map(|(_, longest)| longest).unwrap_or_default();
    println!("longest time without any acknowledgement: {} ms", quiet.as_millis());
}

/// One request after the other, at the agent whose turn it is; at another one when that fails or there are others.
async fn produce(client: usize, addresses: &Addresses, counts: &Counts, stop: &AtomicBool) {
    let request = request(client);
    let mut turn = client;
    while !stop.load(Ordering::SeqCst) {
        let agents = addresses.all().len();
        let Some(address) = addresses.get(turn) else { continue };
        let Ok(mut connection) = Connection::open(address, PATIENCE).await else {
            failed(counts, &mut turn).await;
            continue;
        };
        while !stop.load(Ordering::SeqCst) && addresses.all().len() == agents {
            let began = clock::now();
            let answer = connection.ask(PRODUCE, &request).await;
            let code = answer
                .ok()
                .and_then(|answer| Some(answer.responses.first()?.partition_responses.first()?.error_code));
            if code != Some(0) {
                failed(counts, &mut turn).await;
                break;
            }
            let took = u64::try_from(began.elapsed().as_micros()).unwrap();
            counts.slowest.fetch_max(took, Ordering::SeqCst);
            counts.acked.fetch_add((RECORDS * RECORD) as u64, Ordering::SeqCst);
            let mut quiet = counts.quiet.lock().unwrap();
            let now = clock::now();
            let (last, longest) = quiet.unwrap_or((now, Duration::ZERO));
            *quiet = Some((now, longest.max(now.saturating_duration_since(last))));
        }
    }
}

/// A client comes again after a pause, as Kafka's do.
async fn failed(counts: &Counts, turn: &mut usize) {
    counts.errors.fetch_add(1, Ordering::SeqCst);
    *turn += 1;
    tokio::time::sleep(Duration::from_millis(50)).await;
}

fn request(client: usize) -> ProduceRequest {
    let data = PartitionProduceData::default()
        .with_index(i32::try_from(client).unwrap() % PARTITIONS)
        .with_records(Some(batch()));
    let topic = TopicProduceData::default()
        .with_name(TopicName(StrBytes::from_static_str("load")))
        .with_partition_data(vec![data]);
    ProduceRequest::default().with_acks(-1).with_timeout_ms(30_000).with_topic_data(vec![topic])
}

fn batch() -> Bytes {
    let mut builder = BatchBuilder::new(Offset::ZERO, Compression::None);
    let time = Timestamp::from(clock::wall());
    for _ in 0..RECORDS {
        builder.push(time, None, Some(&[7; RECORD]), &[]).unwrap();
    }
    builder.build().unwrap().into_bytes()
}
