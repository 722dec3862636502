//! An agent that compacts while others produce is killed between every two steps, and another one goes on. Whatever
//! happens: what was acknowledged is there once and in its order; of compacted topics the last value of every key is.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use forebay_kafka_wire::Compression;
use forebay_storage_log::{Cleaner, CleanerSettings, Compactor, OrphanSearch, Writer, WriterSettings};
use forebay_storage_metadata::{Decorated, MetadataStore, ProduceOutcome, SegmentLevel};
use forebay_storage_objects::Objects;
use futures_util::future::{join, join_all, select};

use crate::ground::{cluster, settings, writer};
use crate::place::{POLICY, Place, eager, keyed};
use crate::steps::{Stepped, SteppedCalls, Steps};

/// So many are written before anything is compacted, and so many meanwhile.
const BEFORE: i32 = 4;
const MEANWHILE: i32 = 2;
const RECORDS: i32 = BEFORE + MEANWHILE;
const KEYS: i32 = 3;

/// An idempotent producer of one partition, which outlives every agent: how much of its was acknowledged.
struct Client {
    partition: i32,
    acked: i32,
}

impl Client {
    fn key(n: i32) -> String {
        format!("k{}", n % KEYS)
    }

    async fn produce(&mut self, place: &Place, writer: &Writer, up_to: i32) {
        while self.acked < up_to {
            let n = self.acked;
            let (key, value) = (Self::key(n), n.to_string());
            let records = [(key.as_str(), Some(value.as_str()))];
            let producer = Some((i64::from(self.partition) + 1, n));
            let log = place.log(self.partition);
            let batch = keyed(log, &records, i64::from(n), Compression::Lz4, producer);
            let outcome = writer.append(&cluster(), vec![batch]).await.unwrap();
            assert!(matches!(outcome, ProduceOutcome::Committed(_)), "{n} can never be written: {outcome:?}");
            self.acked += 1;
        }
    }
}

/// What jobs do: compaction of both kinds, and deleting what nothing is left in.
async fn compact(place: &Place, compactor: &Compactor, cleaner: &Cleaner) {
    let mut held = place.held().await;
    for level in [SegmentLevel::INGESTED, SegmentLevel::INGESTED.next()] {
        compactor.compact(&cluster(), &mut held, level).await.unwrap();
        compactor.compact_keys(&cluster(), &mut held, &[(place.log(0), POLICY)]).await.unwrap();
        cleaner.clean(&cluster()).await.unwrap();
    }
}

/// An agent that lives until its work is done or it is killed. Whether it was done.
async fn live(place: &Place, clients: &mut [Client; 2], steps: &Arc<Steps>, up_to: i32) -> bool {
    let objects: Arc<dyn Objects> =
        Arc::new(Stepped { inner: Arc::clone(&place.objects), steps: Arc::clone(steps) });
    let metadata: Arc<dyn MetadataStore> =
        Arc::new(Decorated::new(Arc::clone(&place.metadata), SteppedCalls(Arc::clone(steps))));
    let quick = WriterSettings { batch_timeout: Duration::ZERO, hedge_after: None, ..settings() };
    // Its steps are counted as well: what is killed is the whole agent.
    let writer = writer(&objects, Arc::clone(&metadata), quick);
    let [a, b] = clients;
    let produced = join(a.produce(place, &writer, up_to), b.produce(place, &writer, up_to));
    let compactor = Compactor::new(Arc::clone(&metadata), Arc::clone(&objects), eager());
    let graces = CleanerSettings {
        unused_grace: Duration::ZERO,
        orphan_grace: Duration::ZERO,
        ..CleanerSettings::default()
    };
    let cleaner = Cleaner::new(metadata, objects, graces);
    let work = async {
        join(produced, compact(place, &compactor, &cleaner)).await;
        compact(place, &compactor, &cleaner).await;
        // Nobody is about to commit anything now, so whatever is not committed is an orphan.
        cleaner.find_orphans(&cluster(), &mut OrphanSearch::default()).await.unwrap();
    };
    let killed = async {
        steps.killed().await;
    };
    matches!(select(Box::pin(work), Box::pin(killed)).await, futures_util::future::Either::Left(_))
}

async fn check(place: &Place, clients: &[Client; 2], when: &str) {
    let compacted = place.records(0, 1 << 20).await;
    let whole = place.records(1, 100).await;
    let values: Vec<i32> = whole.iter().map(|(.., value)| value.as_ref().unwrap().parse().unwrap()).collect();
    let acked = usize::try_from(clients[1].acked).unwrap();
    assert!(values.len() >= acked, "{when}: {acked} were acknowledged, there are {values:?}");
    let expected: Vec<i32> = (0..).take(values.len()).collect();
    assert_eq!(values, expected, "{when}: each is there once and in its order");
    let dense: Vec<i64> = whole.iter().map(|(offset, ..)| *offset).collect();
    assert_eq!(dense, (0..).take(values.len()).collect::<Vec<i64>>(), "{when}");

    assert!(compacted.windows(2).all(|pair| pair[0].0 < pair[1].0), "{when}: {compacted:?}");
    let mut last = BTreeMap::new();
    for (offset, _, key, value) in &compacted {
        let value: i32 = value.as_ref().unwrap().parse().unwrap();
        assert_eq!(
            (i64::from(value), key),
            (*offset, &Client::key(value)),
            "{when}: records are what they were"
        );
        last.insert(key.clone(), value);
    }
    for n in 0..clients[0].acked {
        let kept = last.get(&Client::key(n)).copied();
        assert!(
            kept.is_some_and(|kept| kept >= n),
            "{when}: {n} was acknowledged, of its key is left {kept:?}"
        );
    }
}

/// Kills an agent at a step, and has another one go on. Whether the first had no step left.
async fn kill_at(last: usize) -> bool {
    let when = format!("killed at step {last}");
    let place = Place::new("compaction-crashes", 2).await;
    let mut clients = [0, 1].map(|partition| Client { partition, acked: 0 });
    assert!(live(&place, &mut clients, &Steps::until(usize::MAX), BEFORE).await);
    place.clock.advance(Duration::from_mins(5));
    let is_done = live(&place, &mut clients, &Steps::until(last), RECORDS).await;
    check(&place, &clients, &when).await;
    // The other one waits until the lease is over.
    place.clock.advance(Duration::from_mins(5));
    assert!(live(&place, &mut clients, &Steps::until(usize::MAX), RECORDS).await, "{when}");
    check(&place, &clients, &when).await;
    assert_eq!(place.records(0, 1000).await.len(), usize::try_from(KEYS).unwrap(), "{when}");
    is_done
}

/// Worlds at a time: they wait most of the time.
const WORLDS: usize = 16;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_compacts_may_be_killed_between_any_two_steps() {
    let mut first = 0;
    loop {
        let ends = join_all((first..first + WORLDS).map(|last| Box::pin(kill_at(last)))).await;
        first += WORLDS;
        if ends.contains(&true) {
            break;
        }
    }
    assert!(first > 2 * WORLDS, "there were fewer than {first} steps");
}
