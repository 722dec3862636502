//! The writer is killed between every two steps of the write path, and its stores misbehave. Whatever happens: what was
//! acknowledged is there, nothing of an idempotent producer is there twice, its order is kept, and offsets are dense.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use forebay_model::{ByteCount, TopicIdPartition};
use forebay_storage_log::{AppendError, Cleaner, CleanerSettings, OrphanSearch, Writer, WriterSettings};
use forebay_storage_metadata::{MetadataStore, ProduceOutcome};
use forebay_storage_objects::{Fault, Faults, Faulty, ObjectPrefix, Objects, RetryPolicy, Retrying};
use futures_util::future::{Either, join, join_all, select};

use crate::ground::{batch, bucket, cluster, log, read_all, reader, settings, writer};
use crate::ledger::{CommitFault, Ledger};
use crate::steps::{Stepped, Steps};

/// An idempotent producer with one partition, which outlives every agent.
#[derive(Debug)]
struct Client {
    id: i64,
    log: TopicIdPartition,
    /// For each record, the offset that it was acknowledged with.
    acked: Vec<Option<i64>>,
}

/// As many batches as Kafka's clients have under way.
const WINDOW: usize = 5;
const RECORDS: usize = 7;

fn clients() -> Vec<Mutex<Client>> {
    let client = |(id, partition)| Client { id, log: log(partition), acked: vec![None; RECORDS] };
    [(1, 0), (2, 0), (3, 1)].into_iter().map(client).map(Mutex::new).collect()
}

impl Client {
    /// Takes the answers to batches from `first` on.
    fn take(&mut self, first: usize, answers: Vec<Result<ProduceOutcome, AppendError>>) {
        let mut has_failed = false;
        for (n, answer) in (first..).zip(answers) {
            match answer {
                Ok(ProduceOutcome::Committed(batches)) => {
                    assert!(!has_failed, "{}-{n} was acknowledged, but not one before it", self.id);
                    self.acked[n] = Some(batches[0].base_offset.get());
                }
                Ok(ProduceOutcome::Refused(refusals)) => {
                    // Only what follows something that failed may be out of order.
                    assert!(has_failed, "{}-{n} can never be written: {refusals:?}", self.id);
                }
                Err(_) => has_failed = true,
            }
        }
    }
}

/// Sends what is not acknowledged, in order and again, until all is.
async fn produce(writer: &Writer, client: &Mutex<Client>) {
    for _ in 0..500 {
        let (first, batches) = {
            let client = client.lock().unwrap();
            let Some(first) = client.acked.iter().position(Option::is_none) else { return };
            let window = first..RECORDS.min(first + WINDOW);
            let new = |n: usize| {
                let value = format!("{}-{n}", client.id);
                batch(client.log, &[&value], Some((client.id, i32::try_from(n).unwrap())))
            };
            (first, window.map(new).collect::<Vec<_>>())
        };
        let cluster = cluster();
        let answers = join_all(batches.into_iter().map(|batch| writer.append(&cluster, vec![batch]))).await;
        client.lock().unwrap().take(first, answers);
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("a client does not get on: {client:?}");
}

/// A bucket and an index, which outlive every agent, and what clients were told.
struct World {
    bucket: Arc<dyn Objects>,
    ledger: Arc<Ledger>,
    clients: Vec<Mutex<Client>>,
}

impl World {
    fn new() -> Self {
        let ledger = Arc::new(Ledger::with_partitions([log(0), log(1)]));
        // So late that every object is old.
        ledger.advance(Duration::from_hours(24 * 365 * 100));
        Self { bucket: bucket("crashes"), ledger, clients: clients() }
    }

    /// An agent lives until all is acknowledged, or until it is killed.
    fn live(&self, steps: &Arc<Steps>, faults: Option<Arc<Faults>>, with_cleaner: bool) {
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        self.ledger.take_steps(Some(Arc::clone(steps)));
        runtime.block_on(async {
            let inner: Arc<dyn Objects> = match faults {
                Some(faults) => {
                    let faulty = Faulty::new(Arc::clone(&self.bucket), faults);
                    // Something must give up on what is never answered.
                    let policy = RetryPolicy {
                        tries: 2,
                        try_timeout: Duration::from_secs(1),
                        ..RetryPolicy::produce()
                    };
                    Arc::new(Retrying::new(Arc::new(faulty), policy))
                }
                None => Arc::clone(&self.bucket),
            };
            let objects: Arc<dyn Objects> = Arc::new(Stepped { inner, steps: Arc::clone(steps) });
            // Each request is a segment of its own, or nearly: so many are under way at once.
            let settings = WriterSettings {
                flush_size: ByteCount::new(100),
                hedge_after: Some(Duration::from_millis(400)),
                ..settings()
            };
            let writer = writer(&objects, Arc::clone(&self.ledger) as _, settings);
            let produced = join_all(self.clients.iter().map(|client| produce(&writer, client)));
            let cleaned = async {
                if !with_cleaner {
                    return std::future::pending().await;
                }
                loop {
                    self.clean(&objects).await;
                    tokio::time::sleep(Duration::from_millis(70)).await;
                }
            };
            let work = Box::pin(select(Box::pin(produced), Box::pin(cleaned)));
            match select(work, Box::pin(steps.killed())).await {
                Either::Left(_) | Either::Right(_) => {}
            }
        });
        self.ledger.take_steps(None);
    }

    async fn clean(&self, objects: &Arc<dyn Objects>) {
        let graces = CleanerSettings { orphan_grace: Duration::ZERO, ..CleanerSettings::default() };
        let metadata = Arc::clone(&self.ledger) as Arc<dyn MetadataStore>;
        let cleaner = Cleaner::new(metadata, Arc::clone(objects), graces);
        // What fails is tried again in the next round.
        let (_, _) =
            join(cleaner.clean(&cluster()), cleaner.find_orphans(&cluster(), &mut OrphanSearch::default()))
                .await;
    }

    fn check(&self) {
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        runtime.block_on(async {
            // First what a cleaner leaves: it must leave everything.
            self.clean(&self.bucket).await;
            let reader = reader(&self.bucket, Arc::clone(&self.ledger) as _);
            let mut seen: HashMap<i64, Vec<(usize, i64)>> = HashMap::new();
            for partition in [0, 1] {
                for (offset, value) in read_all(&reader, log(partition), 200).await {
                    let (id, n) = value.split_once('-').unwrap();
                    seen.entry(id.parse().unwrap()).or_default().push((n.parse().unwrap(), offset));
                }
            }
            for client in &self.clients {
                let client = client.lock().unwrap();
                let seen = seen.remove(&client.id).unwrap_or_default();
                let order: Vec<_> = seen.iter().map(|(n, _)| *n).collect();
                assert!(order.iter().copied().eq(0..order.len()), "{client:?} is read as {order:?}");
                for (n, acked) in client.acked.iter().enumerate() {
                    if let Some(acked) = acked {
                        assert_eq!(seen.get(n), Some(&(n, *acked)), "what was acknowledged is not there");
                    }
                }
            }
            let listed = self.bucket.list(&ObjectPrefix::all(), None, 1000).await.unwrap();
            let runs = [0, 1].into_iter().flat_map(|partition| self.ledger.runs(log(partition)));
            let mut used: Vec<_> = runs.map(|run| run.segment.to_string()).collect();
            used.sort();
            used.dedup();
            assert!(listed.iter().map(|listed| listed.name.to_string()).eq(used), "orphans are left");
        });
    }
}

#[test]
fn a_kill_between_any_two_steps_loses_and_doubles_nothing() {
    let all = Steps::until(usize::MAX);
    let world = World::new();
    world.live(&all, None, false);
    world.check();
    let count = all.count();
    assert!(count > 40, "a run has {count} steps");
    for last in 0..count {
        let world = World::new();
        world.live(&Steps::until(last), None, false);
        world.check();
        world.live(&Steps::until(usize::MAX), None, false);
        assert!(world.clients.iter().all(|client| client.lock().unwrap().acked.iter().all(Option::is_some)));
        world.check();
    }
}

#[test]
fn stores_that_misbehave_and_kills_at_random_lose_and_double_nothing() {
    let seeds = std::env::var("FOREBAY_CRASH_SEEDS").ok().and_then(|seeds| seeds.parse().ok()).unwrap_or(30);
    for seed in 0..seeds {
        let mut random = Random(seed);
        let world = World::new();
        let faults = Arc::new(Faults::new(seed));
        faults.randomly(60, Fault::Fail);
        faults.randomly(60, Fault::DoneButFailed);
        faults.randomly(60, Fault::FailedButDoneAfter(Duration::from_millis(120)));
        faults.randomly(30, Fault::Torn);
        faults.randomly(30, Fault::Hang);
        faults.randomly(150, Fault::Delay(Duration::from_millis(random.below(900))));
        for _ in 0..random.below(5) {
            let commits = (0..random.below(12)).map(|_| match random.below(4) {
                0 => CommitFault::Unavailable,
                1 => CommitFault::NotDoneButUnsettled,
                2 => CommitFault::DoneButUnsettled,
                _ => CommitFault::DoneButHangs,
            });
            world.ledger.next(commits.collect::<Vec<_>>());
            let last = usize::try_from(random.below(80)).unwrap();
            world.live(&Steps::until(last), Some(Arc::clone(&faults)), true);
            world.check();
        }
        world.live(&Steps::until(usize::MAX), Some(faults), true);
        world.check();
    }
}

/// SplitMix64.
struct Random(u64);

impl Random {
    fn below(&mut self, most: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (mixed ^ (mixed >> 31)) % most
    }
}
