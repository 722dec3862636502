//! A process that is killed in the middle of its commits: what it was told to be committed is there, once.
//!
//! This shows what a killed process leaves. That the disk keeps it through a power failure is up to `synchronous=FULL`.

#![expect(clippy::unwrap_used, reason = "a test")]

#[path = "places/folder.rs"]
mod folder;

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::Arc;

use folder::Folder;
use forebay_lifecycle::chance;
use forebay_model::{
    ByteCount, CommitId, Offset, PartitionCount, PartitionId, RecordCount, TopicId, TopicIdPartition,
    VirtualClusterId,
};
use forebay_storage_metadata::{
    BatchCommit, Configs, FindFrom, Log as _, MetadataStore as _, NewTopic, ProduceCommit, ProduceOutcome,
    SegmentCommit, TimestampType, TopicSelection, Topics as _, VirtualClusters as _,
};
use forebay_storage_metadata_sqlite::{Location, SqliteMetadataStore};

/// Where the child finds its store.
const FILE: &str = "FOREBAY_METADATA_CRASH_FILE";
/// How many commits the child has under way.
const AT_ONCE: usize = 8;
const PARTITIONS: i32 = 3;

fn cluster() -> VirtualClusterId {
    "vci_crash".parse().unwrap()
}

fn log(topic: TopicId, partition: i32) -> TopicIdPartition {
    TopicIdPartition::new(topic, PartitionId::new(partition).unwrap())
}

async fn open(file: PathBuf) -> (SqliteMetadataStore, TopicId) {
    let store = SqliteMetadataStore::open(&Location::File(file)).unwrap();
    // There already, from the second time on.
    let _ = store.create_virtual_cluster(&cluster()).await;
    let new = NewTopic {
        name: "a".parse().unwrap(),
        partitions: PartitionCount::new(PARTITIONS).unwrap(),
        configs: Configs::default(),
    };
    let _ = store.create_topic(&cluster(), &new).await;
    let topic = store.describe_topics(&cluster(), &TopicSelection::All).await.unwrap()[0].id;
    (store, topic)
}

/// Not a test by itself: what the other one starts. It commits until it is killed, and says what is committed.
#[tokio::test]
async fn child_commits_until_it_is_killed() {
    let Ok(file) = std::env::var(FILE) else { return };
    let (store, topic) = open(file.into()).await;
    let store = Arc::new(store);
    let mut commits: Vec<_> =
        (0..AT_ONCE).map(|_| Box::pin(commit_for_ever(Arc::clone(&store), topic))).collect();
    std::future::poll_fn(|context| {
        for commit in &mut commits {
            let _ = commit.as_mut().poll(context);
        }
        std::task::Poll::<()>::Pending
    })
    .await;
}

async fn commit_for_ever(store: Arc<SqliteMetadataStore>, topic: TopicId) {
    loop {
        let id = chance::bits();
        let batch = |partition: i32| BatchCommit {
            log: log(topic, partition),
            position: ByteCount::new(u64::from(partition.unsigned_abs()) * 10),
            length: ByteCount::new(10),
            records: RecordCount::new(3),
            max_timestamp: forebay_model::Timestamp::NONE,
            timestamps: TimestampType::CreateTime,
            producer: None,
        };
        let commit = SegmentCommit {
            id: CommitId::from_random(id),
            segment: format!("segments/{id:032x}").parse().unwrap(),
            named_at: store.now().await.unwrap(),
            size: ByteCount::new(30),
            requests: vec![ProduceCommit { batches: (0..PARTITIONS).map(batch).collect() }],
        };
        let outcome = store.commit(&cluster(), commit).await.unwrap();
        let ProduceOutcome::Committed(batches) = &outcome.requests[0] else { continue };
        let offsets: Vec<_> = batches.iter().map(|batch| batch.base_offset.to_string()).collect();
        let line = format!("COMMITTED {id:032x} {}\n", offsets.join(" "));
        // One write for each line: what is in the pipe was acknowledged.
        let mut out = std::io::stdout().lock();
        out.write_all(line.as_bytes()).unwrap();
        out.flush().unwrap();
    }
}

#[tokio::test]
async fn what_was_committed_survives_a_kill() {
    let folder = Folder::new();
    let file = folder.path().join("metadata.db");
    let mut acknowledged: Vec<(String, Vec<i64>)> = Vec::new();
    for kill_after in [1, 40, 7, 133, 58] {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "child_commits_until_it_is_killed", "--nocapture"])
            .env(FILE, &file)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
        let committed = |line: String| {
            let (id, offsets) = line.split("COMMITTED ").nth(1)?.split_once(' ')?;
            let offsets = offsets.split(' ').map(|offset| offset.parse().ok()).collect::<Option<Vec<_>>>()?;
            Some((id.to_owned(), offsets))
        };
        acknowledged.extend(lines.by_ref().filter_map(committed).take(kill_after));
        child.kill().unwrap();
        // What it had said before it was killed counts too.
        acknowledged.extend(lines.filter_map(committed));
        child.wait().unwrap();

        let (store, topic) = open(file.clone()).await;
        for partition in 0..PARTITIONS {
            let from = FindFrom {
                log: log(topic, partition),
                offset: Offset::ZERO,
                max_bytes: ByteCount::new(u64::MAX),
            };
            let found = store.find(&cluster(), vec![from], ByteCount::new(u64::MAX)).await.unwrap();
            let found = found.into_iter().next().unwrap().unwrap();
            let ends: Vec<_> = found.runs.iter().map(|run| run.end_offset).collect();
            let bases: Vec<_> = found.runs.iter().map(|run| run.base_offset).collect();
            assert!(bases[1..] == ends[..ends.len() - 1], "dense");
            assert_eq!(ends.last(), Some(&found.bounds.high_watermark));
            for (id, offsets) in &acknowledged {
                let base = offsets[usize::try_from(partition).unwrap()];
                let run = found.runs.iter().find(|run| run.base_offset.get() == base);
                assert_eq!(run.map(|run| run.segment.as_str()), Some(format!("segments/{id}").as_str()));
            }
        }
    }
    assert!(acknowledged.len() >= 239, "{}", acknowledged.len());
}
