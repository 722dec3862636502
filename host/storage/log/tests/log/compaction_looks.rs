//! What it costs to see whether a log is worth being compacted by key.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use forebay_model::{Offset, TopicIdPartition};
use forebay_storage_log::{Compacted, Compactor, KeyedPolicy, Writer, WriterSettings};
use forebay_storage_metadata::{
    Decorated, Decorator, DeleteBefore, Operation as Call, SegmentLevel, StoreFailure,
};

use crate::ground::{cluster, settings, writer};
use crate::place::{POLICY, Place, eager, keyed};

/// Counts the calls of a store by their names.
#[derive(Debug, Clone, Default)]
struct Counted(Arc<Mutex<BTreeMap<&'static str, usize>>>);

impl Counted {
    fn take(&self) -> BTreeMap<&'static str, usize> {
        std::mem::take(&mut *self.0.lock().unwrap())
    }
}

impl Decorator for Counted {
    async fn around<T: Send, E: From<StoreFailure> + Send>(
        &self,
        operation: Call,
        work: impl Future<Output = Result<T, E>> + Send,
    ) -> Result<T, E> {
        *self.0.lock().unwrap().entry(operation.name()).or_default() += 1;
        work.await
    }
}

/// Logs that nothing is written to by itself, and one compactor that looks at them again and again.
struct Looked {
    place: Place,
    writer: Writer,
    compactor: Compactor,
    calls: Counted,
}

const PARTITIONS: i32 = 3;

impl Looked {
    async fn new(name: &str) -> Self {
        let place = Place::new(name, PARTITIONS).await;
        let quick = WriterSettings { batch_timeout: Duration::ZERO, ..settings() };
        let writer = writer(&place.objects, Arc::clone(&place.metadata), quick);
        let calls = Counted::default();
        let counted = Arc::new(Decorated::new(Arc::clone(&place.metadata), calls.clone()));
        let compactor = Compactor::new(counted, Arc::clone(&place.objects), eager());
        Self { place, writer, compactor, calls }
    }

    async fn write(&self, partition: i32, key: &str, time: i64) {
        let records = [(key, Some("some value"))];
        let batch =
            keyed(self.place.log(partition), &records, time, forebay_kafka_wire::Compression::None, None);
        self.writer.append(&cluster(), vec![batch]).await.unwrap();
    }

    /// What was done, and how often the index was asked for.
    async fn look(&self, policy: KeyedPolicy) -> (Compacted, usize) {
        let logs: Vec<(TopicIdPartition, KeyedPolicy)> =
            (0..PARTITIONS).map(|partition| (self.place.log(partition), policy)).collect();
        self.calls.take();
        let done =
            self.compactor.compact_keys(&cluster(), &mut self.place.held().await, &logs).await.unwrap();
        let calls = self.calls.take();
        assert_eq!((calls["cleaned_to"], calls["bounds"]), (1, 1), "{calls:?}");
        (done, calls.get("find").copied().unwrap_or_default())
    }
}

const LAZY: KeyedPolicy = KeyedPolicy { min_dirty_ratio: 0.5, ..POLICY };

#[tokio::test]
async fn of_the_index_only_what_is_new_is_read() {
    let looked = Looked::new("looks").await;
    for partition in 0..PARTITIONS {
        for n in 0..4 {
            looked.write(partition, &format!("k{n}"), n).await;
        }
    }
    // All of it is new: each log is counted, and then read.
    let (done, asked) = looked.look(LAZY).await;
    assert_eq!((done.segments, asked), (3, 6));
    let (done, asked) = looked.look(LAZY).await;
    assert_eq!((done.segments, asked), (0, 0));
    // A bit is new, too little to be worth it.
    looked.write(1, "k0", 9).await;
    let (done, asked) = looked.look(LAZY).await;
    assert_eq!((done.segments, asked), (0, 1));
    let (done, asked) = looked.look(LAZY).await;
    assert_eq!((done.segments, asked), (0, 0));
    for n in 1..6 {
        looked.write(1, "k0", 10 + n).await;
    }
    let (done, asked) = looked.look(LAZY).await;
    assert_eq!((done.segments, done.records, asked), (1, 6, 2));
    assert_eq!(looked.place.records(1, 1 << 20).await.len(), 4);
    assert_eq!(looked.look(LAZY).await.1, 0);
}

#[tokio::test]
async fn what_is_too_young_is_counted_when_it_is_old() {
    let looked = Looked::new("young").await;
    let now = looked.place.metadata.now().await.unwrap().millis();
    looked.write(0, "k", now).await;
    looked.write(0, "k", now).await;
    let patient = KeyedPolicy { min_lag: Duration::from_mins(10), ..LAZY };
    assert_eq!(looked.look(patient).await.1, 1);
    for _ in 0..3 {
        looked.place.clock.advance(Duration::from_mins(3));
        let (done, asked) = looked.look(patient).await;
        assert_eq!((done.segments, asked), (0, 0));
    }
    looked.place.clock.advance(Duration::from_mins(3));
    let (done, asked) = looked.look(patient).await;
    assert_eq!((done.segments, done.records, asked), (1, 1, 2));
}

#[tokio::test]
async fn what_was_counted_is_counted_anew_when_the_log_is_another() {
    let looked = Looked::new("another").await;
    let lazier = KeyedPolicy { min_dirty_ratio: 0.99, ..POLICY };
    for n in 0..8 {
        looked.write(0, &format!("k{n}"), n).await;
    }
    assert_eq!(looked.look(POLICY).await.0.segments, 1);
    for n in 0..4 {
        looked.write(0, "k0", 10 + n).await;
    }
    assert_eq!(looked.look(lazier).await, (Compacted::default(), 1));
    // Runs are put together behind what was counted, with one that comes then.
    looked.write(0, "k1", 20).await;
    looked.place.compact(SegmentLevel::INGESTED).await;
    let (done, asked) = looked.look(lazier).await;
    assert_eq!(done, Compacted::default());
    assert!(asked >= 1, "{asked}");
    // What was clean is deleted: all that is left is dirty.
    let before = vec![(looked.place.log(0), DeleteBefore::Offset(Offset::new(8).unwrap()))];
    looked.place.metadata.delete_records(&cluster(), before).await.unwrap()[0].unwrap();
    let (done, _) = looked.look(lazier).await;
    assert_eq!((done.segments, done.records), (1, 3));
    let keys: Vec<_> = looked.place.records(0, 1 << 20).await.into_iter().map(|(.., key, _)| key).collect();
    assert_eq!(keys, ["k0", "k1"]);
}

#[tokio::test]
async fn how_long_a_log_has_waited_is_asked_once() {
    let looked = Looked::new("waits").await;
    for n in 0..8 {
        looked.write(0, &format!("k{n}"), n).await;
    }
    looked.look(POLICY).await;
    looked.write(0, "k0", 9).await;
    let overdue = KeyedPolicy { max_lag: Some(Duration::from_mins(30)), ..LAZY };
    for asked in [1, 0] {
        let logs = [(looked.place.log(0), overdue)];
        let done = looked.compactor.compact_keys(&cluster(), &mut looked.place.held().await, &logs).await;
        assert_eq!(done.unwrap().segments, 0);
        assert_eq!(looked.calls.take().get("committed_about").copied().unwrap_or_default(), asked);
    }
    looked.place.clock.advance(Duration::from_mins(31));
    assert_eq!(looked.look(overdue).await.0.records, 1);
}
