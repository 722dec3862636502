//! The log on the metadata store that one agent has: SQLite, here in memory.

use std::sync::Arc;
use std::time::Duration;

use forebay_model::{Offset, PartitionCount, Timestamp, TopicIdPartition};
use forebay_storage_log::{Cleaner, CleanerSettings, OrphanSearch, WriterSettings};
use forebay_storage_metadata::{
    Configs, DeleteBefore, ManualClock, MetadataStore, NewTopic, OffsetQuery, ProduceOutcome,
};
use forebay_storage_metadata_sqlite::SqliteMetadataStore;
use forebay_storage_objects::ObjectPrefix;

use crate::ground::{batch, bucket, cluster, read_all, reader, settings, writer};

#[tokio::test]
async fn records_are_written_read_found_by_time_and_deleted() {
    let since_1970 = forebay_lifecycle::clock::wall().duration_since(std::time::UNIX_EPOCH).unwrap();
    let clock = ManualClock::at(Timestamp::from_millis(0).after(since_1970));
    let location = "sqlite://:memory:".parse().unwrap();
    let store = SqliteMetadataStore::open_with_clock(&location, Arc::new(clock.clone())).unwrap();
    let metadata: Arc<dyn MetadataStore> = Arc::new(store);
    let cluster = cluster();
    metadata.create_virtual_cluster(&cluster).await.unwrap();
    let topic = NewTopic {
        name: "topic".parse().unwrap(),
        partitions: PartitionCount::new(2).unwrap(),
        configs: Configs::default(),
    };
    let topic = metadata.create_topic(&cluster, &topic).await.unwrap();
    let logs: Vec<_> = topic
        .partitions
        .partitions()
        .map(|partition| TopicIdPartition { topic: topic.id, partition })
        .collect();

    let objects = bucket("sqlite");
    let quick = WriterSettings { batch_timeout: Duration::ZERO, ..settings() };
    let writer = writer(&objects, Arc::clone(&metadata), quick);
    for n in 0..10 {
        let value = n.to_string();
        let batches =
            vec![batch(logs[0], &[&value, "x", "y"], Some((1, n * 3))), batch(logs[1], &[&value], None)];
        let outcome = writer.append(&cluster, batches).await.unwrap();
        let ProduceOutcome::Committed(batches) = outcome else { panic!("{outcome:?}") };
        assert_eq!(batches[0].base_offset.get(), i64::from(n) * 3);
    }
    let again = writer.append(&cluster, vec![batch(logs[0], &["9", "x", "y"], Some((1, 27)))]).await.unwrap();
    let ProduceOutcome::Committed(again) = again else { panic!("{again:?}") };
    assert!(again[0].is_duplicate && again[0].base_offset.get() == 27);

    let reader = reader(&objects, Arc::clone(&metadata));
    assert_eq!(read_all(&reader, logs[0], 300).await.len(), 30);
    assert_eq!(read_all(&reader, logs[1], 1).await.len(), 10);
    let at = |millis| OffsetQuery::At { timestamp: Timestamp::from_millis(millis), from: Offset::ZERO };
    let found = reader.list_offsets(&cluster, vec![(logs[0], at(2)), (logs[0], at(3))]).await.unwrap();
    assert_eq!(found[0].unwrap().map(|(offset, _)| offset.get()), Some(2));
    assert_eq!(found[1].unwrap(), None);

    // The segment of the duplicate has no records; the others have some until both partitions have none.
    let cleaner = Cleaner::new(Arc::clone(&metadata), Arc::clone(&objects), CleanerSettings::default());
    clock.advance(Duration::from_hours(2));
    assert_eq!(cleaner.clean(&cluster).await.unwrap().objects, 1);
    let before = |log| (log, DeleteBefore::End);
    metadata.delete_records(&cluster, vec![before(logs[0])]).await.unwrap();
    clock.advance(Duration::from_hours(2));
    assert_eq!(cleaner.clean(&cluster).await.unwrap().objects, 0);
    assert_eq!(read_all(&reader, logs[1], 1000).await.len(), 10);
    metadata.delete_records(&cluster, vec![before(logs[1])]).await.unwrap();
    // Runs that are deleted go from the index with the next trimming.
    clock.advance(Duration::from_hours(2));
    for _ in 0..3 {
        let nothing = Default::default();
        cleaner.trim(&cluster, logs.iter().map(|log| (*log, nothing)), None).await.unwrap();
        cleaner.clean(&cluster).await.unwrap();
        cleaner.find_orphans(&cluster, &mut OrphanSearch::default()).await.unwrap();
        clock.advance(Duration::from_hours(2));
    }
    assert!(objects.list(&ObjectPrefix::all(), None, 100).await.unwrap().is_empty());
}
