//! How long does a commit take? Segments with batches for 1,000 partitions, eight agents with four commits a second each,
//! in the same 1,000 partitions and in 1,000 of their own, over a PostgreSQL that syncs. What the disk needs for a sync is
//! measured beside it. Then how many commits there are in a second when nobody waits in between. What the server and this
//! process compute for a commit is told too: on a machine that others use that says more than the time.
//!
//! `cargo xtask bench commits 3 4` runs only the lines 3 and 4.

#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a bench"
)]

use std::fs::File;
use std::io::Write as _;
use std::time::Duration;

use forebay_lifecycle::{chance, clock};
use forebay_model::{
    ByteCount, CommitId, PartitionCount, PartitionId, ProducerEpoch, ProducerId, RecordCount, Sequence,
    TopicId, TopicIdPartition, VirtualClusterId,
};
use forebay_storage_metadata::{
    BatchCommit, Configs, IdempotentBatch, Log as _, MetadataStore as _, NewTopic, ProduceCommit,
    SegmentCommit, TimestampType, Topics as _, VirtualClusters as _,
};
use forebay_storage_metadata_postgres::PostgresMetadataStore;
use forebay_tests_postgres::Server;
use futures_util::future::{join, join_all};

const AGENTS: usize = 8;
const PARTITIONS: i32 = 1_000;
const EVERY: Duration = Duration::from_millis(250);
const ROUND: Duration = Duration::from_secs(15);
const WARM_UP: Duration = Duration::from_secs(4);

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    println!("fsync of 8 KiB in the folder of temporary files: median {:.1} ms", sync_time() * 1e3);
    println!(
        "{:<38} {:>8} {:>9} {:>9} {:>9} {:>9} {:>9}",
        "1,000 partitions", "commits", "median ms", "p99 ms", "most ms", "server ms", "client ms"
    );
    let wanted: Vec<usize> = std::env::args().filter_map(|arg| arg.parse().ok()).collect();
    let mut line = 0;
    for (what, is_shared, pause, agents) in [
        ("8 agents, 4/s each, the same", true, EVERY, AGENTS),
        ("8 agents, 4/s each, disjoint", false, EVERY, AGENTS),
        ("1 agent, 4/s", false, EVERY, 1),
        ("1 agent, without a pause", false, Duration::ZERO, 1),
        ("8 agents, no pause, the same", true, Duration::ZERO, AGENTS),
        ("8 agents, no pause, disjoint", false, Duration::ZERO, AGENTS),
    ] {
        for is_idempotent in [false, true] {
            line += 1;
            if !wanted.is_empty() && !wanted.contains(&line) {
                continue;
            }
            let server = Server::start_with(&["synchronous_commit=on", "max_wal_size=4GB"]).unwrap();
            let Took { all, server, client } =
                runtime.block_on(round(&server, is_shared, pause, (agents, is_idempotent)));
            let mut took = all;
            took.sort_unstable();
            let each = |time: Duration| time.as_secs_f64() * 1e3 / took.len().max(1) as f64;
            let at = |part: f64| took[((took.len() - 1) as f64 * part) as usize].as_secs_f64() * 1e3;
            let kind = if is_idempotent { ", idempotent" } else { "" };
            let what = format!("{line:>2} {what}{kind}");
            println!(
                "{what:<38} {:>8} {:>9.1} {:>9.1} {:>9.1} {:>9.2} {:>9.2}",
                took.len(),
                at(0.5),
                at(0.99),
                at(1.0),
                each(server),
                each(client)
            );
        }
    }
}

/// How long commits took, and what was computed for all of them.
struct Took {
    all: Vec<Duration>,
    server: Duration,
    client: Duration,
}

async fn round(
    server: &Server,
    is_shared: bool,
    pause: Duration,
    (agents, is_idempotent): (usize, bool),
) -> Took {
    let url = server.url();
    let open = async || PostgresMetadataStore::open(url.parse().unwrap()).await.unwrap();
    let cluster: VirtualClusterId = "vci_bench".parse().unwrap();
    let first = open().await;
    first.create_virtual_cluster(&cluster).await.unwrap();
    let mut topics = Vec::new();
    for agent in 0..agents {
        if agent == 0 || !is_shared {
            let partitions = PartitionCount::new(PARTITIONS).unwrap();
            let name = format!("t{agent}").parse().unwrap();
            let topic = NewTopic { name, partitions, configs: Configs::default() };
            topics.push(first.create_topic(&cluster, &topic).await.unwrap().id);
        }
    }
    let began = clock::now();
    let warmed = async {
        tokio::time::sleep(WARM_UP).await;
        (server_time(server), own_time())
    };
    let workers = (0..agents).map(|agent| {
        let (topic, cluster, open) = (topics[agent % topics.len()], &cluster, &open);
        async move {
            let store = open().await;
            let mut sequence = Sequence::ZERO;
            let mut took = Vec::new();
            // Not all at the same moment.
            tokio::time::sleep(pause.mul_f64(chance::part())).await;
            while began.elapsed() < WARM_UP + ROUND {
                let producer = is_idempotent.then(|| IdempotentBatch {
                    id: ProducerId::new(i64::try_from(agent).unwrap()).unwrap(),
                    epoch: ProducerEpoch::ZERO,
                    base_sequence: sequence,
                });
                let commit = segment(topic, producer, &store).await;
                let begun = clock::now();
                store.commit(cluster, commit).await.unwrap();
                let elapsed = begun.elapsed();
                if began.elapsed() > WARM_UP {
                    took.push(elapsed);
                }
                sequence = sequence.advanced(RecordCount::new(10));
                tokio::time::sleep(pause.saturating_sub(elapsed)).await;
            }
            // It stays open until it was told what the server has computed for it.
            (took, store)
        }
    });
    let ((server_before, client_before), all) = join(warmed, join_all(workers)).await;
    let (server, client) = (server_time(server), own_time());
    let all = all.into_iter().flat_map(|(took, _)| took).collect();
    Took { all, server: server.saturating_sub(server_before), client: client.saturating_sub(client_before) }
}

/// What a process has computed, and its children that are gone.
fn process_time(pid: &str) -> Duration {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let fields = stat.rsplit(") ").next().unwrap_or_default();
    let ticks = |at| fields.split(' ').nth(at).and_then(|field| field.parse::<u64>().ok()).unwrap_or(0);
    // Hundredths of a second, on every Linux.
    Duration::from_millis((ticks(11) + ticks(12)) * 10)
}

fn own_time() -> Duration {
    process_time("self")
}

/// Of all backends: they stay as long as agents have their connections.
fn server_time(server: &Server) -> Duration {
    let pids = server.sql("SELECT pid FROM pg_stat_activity").unwrap();
    pids.lines().map(|pid| process_time(pid.trim())).sum()
}

async fn segment(
    topic: TopicId,
    producer: Option<IdempotentBatch>,
    store: &PostgresMetadataStore,
) -> SegmentCommit {
    let named_at = store.now().await.unwrap();
    let batch = |partition: PartitionId| BatchCommit {
        log: TopicIdPartition::new(topic, partition),
        position: ByteCount::new(u64::from(partition.get().unsigned_abs()) * 1_000),
        length: ByteCount::new(1_000),
        records: RecordCount::new(10),
        max_timestamp: named_at,
        timestamps: TimestampType::CreateTime,
        producer,
    };
    let id = chance::bits();
    let partitions = PartitionCount::new(PARTITIONS).unwrap();
    SegmentCommit {
        id: CommitId::from_random(id),
        segment: format!("segments/{id:032x}").parse().unwrap(),
        named_at,
        size: ByteCount::new(1_000_000),
        requests: partitions.partitions().map(|one| ProduceCommit { batches: vec![batch(one)] }).collect(),
    }
}

/// In seconds.
fn sync_time() -> f64 {
    let path = std::env::temp_dir().join(format!("forebay-sync-{:032x}", chance::bits()));
    let mut file = File::create(&path).unwrap();
    let mut took: Vec<f64> = (0..100)
        .map(|_| {
            file.write_all(&[0; 8_192]).unwrap();
            let began = clock::now();
            file.sync_data().unwrap();
            began.elapsed().as_secs_f64()
        })
        .collect();
    std::fs::remove_file(path).unwrap();
    took.sort_by(f64::total_cmp);
    took[took.len() / 2]
}
