use std::sync::atomic::{AtomicBool, Ordering};

use forebay_lifecycle::chance;
use forebay_model::{
    ByteCount, CommitId, PartitionCount, PartitionId, RecordCount, Timestamp, TopicId, TopicIdPartition,
    VirtualClusterId,
};
use forebay_storage_metadata::{
    BatchCommit, Configs, Log as _, MetadataStore as _, NewTopic, OffsetQuery, OffsetsFound, ProduceCommit,
    ProduceOutcome, SegmentCommit, TimestampType, Topics as _,
};
use futures_util::future::join;
use tokio::sync::watch;

use super::*;
use crate::open;

const PARTITIONS: i32 = 3;

/// From the first schema to the newest, while somebody else's transaction is in the way of it for a while.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_agent_produces_while_the_schema_grows() {
    let server = Server::start().unwrap();
    let url = server.url_of_new_schema().unwrap();
    let cluster: VirtualClusterId = "vci_a".parse().unwrap();
    let agent = PostgresMetadataStore::open_knowing(url.parse().unwrap(), &MIGRATIONS[..1]).await.unwrap();
    agent.create_virtual_cluster(&cluster).await.unwrap();
    let partitions = PartitionCount::new(PARTITIONS).unwrap();
    let topic = NewTopic { name: "a".parse().unwrap(), partitions, configs: Configs::default() };
    let topic = agent.create_topic(&cluster, &topic).await.unwrap().id;
    let (count, stop) = (watch::Sender::new(0_i64), AtomicBool::new(false));
    let producing = async {
        while !stop.load(Ordering::SeqCst) {
            let before = *count.borrow();
            let commit = segment(topic, agent.now().await.unwrap());
            // Nothing is refused, and nothing given up.
            let outcome = agent.commit(&cluster, commit).await.unwrap();
            let ProduceOutcome::Committed(batches) = &outcome.requests[0] else { unreachable!() };
            assert!(batches.iter().all(|batch| batch.base_offset.get() == before));
            count.send_modify(|count| *count += 1);
        }
    };
    let acknowledged = async |more: i64| {
        let mut counted = count.subscribe();
        let until = *counted.borrow() + more;
        counted.wait_for(|count| *count >= until).await.unwrap();
    };
    let growing = async {
        acknowledged(5).await;
        let newest = i64::try_from(MIGRATIONS.len()).unwrap();
        let other = pool(&url).lease().await.unwrap();
        // No table that this has read can be changed.
        other.client().batch_execute("BEGIN; SELECT 1 FROM logs, segments LIMIT 1").await.unwrap();
        let getting_out_of_the_way = async {
            let asking = pool(&url);
            while asking.query("SELECT max(number) FROM migrations", &[]).await.unwrap()[0].get::<_, i64>(0)
                < newest - 1
            {}
            acknowledged(60).await;
            other.client().batch_execute("COMMIT").await.unwrap();
        };
        let (migrated, ()) =
            Box::pin(join(open::migrate(url.parse().unwrap()), getting_out_of_the_way)).await;
        // Where it had to wait, it says only from where it went on.
        assert_eq!(migrated.unwrap().to, newest);
        acknowledged(5).await;
        stop.store(true, Ordering::SeqCst);
    };
    Box::pin(join(producing, growing)).await;
    // The newest program finds all of it.
    let newest = PostgresMetadataStore::open(url.parse().unwrap()).await.unwrap();
    let ends = (0..PARTITIONS).map(|partition| (log(topic, partition), OffsetQuery::Latest)).collect();
    for end in newest.list_offsets(&cluster, ends).await.unwrap() {
        let OffsetsFound::Offset { offset, .. } = end.unwrap() else { unreachable!() };
        assert_eq!(offset.get(), *count.borrow());
    }
}

fn log(topic: TopicId, partition: i32) -> TopicIdPartition {
    TopicIdPartition::new(topic, PartitionId::new(partition).unwrap())
}

/// A record for each partition.
fn segment(topic: TopicId, named_at: Timestamp) -> SegmentCommit {
    let id = chance::bits();
    let batch = |partition: i32| BatchCommit {
        log: log(topic, partition),
        position: ByteCount::new(u64::from(partition.unsigned_abs()) * 10),
        length: ByteCount::new(10),
        records: RecordCount::new(1),
        max_timestamp: named_at,
        timestamps: TimestampType::CreateTime,
        producer: None,
    };
    SegmentCommit {
        id: CommitId::from_random(id),
        segment: format!("segments/{id:032x}").parse().unwrap(),
        named_at,
        size: ByteCount::new(30),
        requests: vec![ProduceCommit { batches: (0..PARTITIONS).map(batch).collect() }],
    }
}
