//! How many segments are committed in a second, and what does one cost? For segments with batches of 1, 16 and 1,000
//! partitions, in memory and in a file, with 1 and 16 commits under way.

#![expect(clippy::print_stdout, clippy::unwrap_used, clippy::cast_precision_loss, reason = "a bench")]

#[path = "../tests/places/folder.rs"]
mod folder;

use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use folder::Folder;
use forebay_lifecycle::{chance, clock};
use forebay_model::{
    ByteCount, CommitId, PartitionCount, PartitionId, ProducerEpoch, ProducerId, RecordCount, Sequence,
    Timestamp, TopicId, TopicIdPartition, VirtualClusterId,
};
use forebay_storage_metadata::{
    BatchCommit, Configs, IdempotentBatch, Log as _, MetadataStore as _, NewTopic, ProduceCommit,
    SegmentCommit, TimestampType, Topics as _, VirtualClusters as _,
};
use forebay_storage_metadata_sqlite::{Location, SqliteMetadataStore};

/// Time spent on one figure.
const ROUND: Duration = Duration::from_secs(2);

fn main() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    println!(
        "{:<8} {:>10} {:>9} {:>12} {:>16}",
        "store", "partitions", "at once", "commits/s", "CPU us/commit"
    );
    for partitions in [1, 16, 1_000] {
        for at_once in [1, 16] {
            for is_idempotent in [false, true] {
                runtime.block_on(round(&Location::Memory, partitions, at_once, is_idempotent));
                let folder = Folder::new();
                let file = Location::File(folder.path().join("metadata.db"));
                runtime.block_on(round(&file, partitions, at_once, is_idempotent));
            }
        }
    }
}

async fn round(location: &Location, partitions: i32, at_once: usize, is_idempotent: bool) {
    let store = SqliteMetadataStore::open(location).unwrap();
    let cluster: VirtualClusterId = "vci_bench".parse().unwrap();
    store.create_virtual_cluster(&cluster).await.unwrap();
    let count = PartitionCount::new(partitions).unwrap();
    let topic = NewTopic { name: "a".parse().unwrap(), partitions: count, configs: Configs::default() };
    let topic = store.create_topic(&cluster, &topic).await.unwrap().id;
    let commits = AtomicU64::new(0);
    let (began, cpu) = (clock::now(), cpu_ticks());
    let mut workers: Vec<Pin<Box<dyn Future<Output = ()>>>> = Vec::new();
    for worker in 0..at_once {
        let (store, cluster, commits) = (&store, &cluster, &commits);
        workers.push(Box::pin(async move {
            let mut sequence = Sequence::ZERO;
            while began.elapsed() < ROUND {
                let producer = is_idempotent.then(|| IdempotentBatch {
                    id: ProducerId::new(i64::try_from(worker).unwrap()).unwrap(),
                    epoch: ProducerEpoch::ZERO,
                    base_sequence: sequence,
                });
                let commit = segment(topic, count, producer, store.now().await.unwrap());
                store.commit(cluster, commit).await.unwrap();
                sequence = sequence.advanced(RecordCount::new(10));
                commits.fetch_add(1, Ordering::Relaxed);
            }
        }));
    }
    let mut done = vec![false; workers.len()];
    std::future::poll_fn(|context| {
        for (worker, done) in workers.iter_mut().zip(&mut done) {
            *done = *done || worker.as_mut().poll(context).is_ready();
        }
        if done.iter().all(|done| *done) { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
    })
    .await;
    let elapsed = began.elapsed().as_secs_f64();
    let commits = commits.load(Ordering::Relaxed) as f64;
    let cpu = (cpu_ticks() - cpu) as f64 * 10_000.0 / commits;
    let place = if *location == Location::Memory { "memory" } else { "file" };
    let kind = if is_idempotent { " idempotent" } else { "" };
    println!("{place:<8} {partitions:>10} {at_once:>9} {:>12.0} {cpu:>16.0}{kind}", commits / elapsed);
}

fn segment(
    topic: TopicId,
    partitions: PartitionCount,
    producer: Option<IdempotentBatch>,
    named_at: Timestamp,
) -> SegmentCommit {
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
    SegmentCommit {
        id: CommitId::from_random(id),
        segment: format!("segments/{id:032x}").parse().unwrap(),
        named_at,
        size: ByteCount::new(u64::from(partitions.get().unsigned_abs()) * 1_000),
        requests: partitions.partitions().map(|one| ProduceCommit { batches: vec![batch(one)] }).collect(),
    }
}

/// What this process has used, in hundredths of a second.
fn cpu_ticks() -> u64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let fields: Vec<_> = stat.rsplit(") ").next().unwrap().split(' ').collect();
    fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap()
}
