//! Which messages go on together, and what becomes of those they came with.

use std::sync::Arc;
use std::time::Duration;

use forebay_pipeline_message::{Batch, Failure, Outcome, Transaction, Value};
use tokio::sync::mpsc;

use super::{Batcher, Policy};
use crate::budget::Budget;

/// A batcher at work.
struct Bench {
    to: Option<async_channel::Sender<Transaction>>,
    from: async_channel::Receiver<Transaction>,
    told: mpsc::Receiver<(usize, Outcome)>,
    tell: mpsc::Sender<(usize, Outcome)>,
    sent: usize,
    budget: Arc<Budget>,
}

impl Bench {
    fn new(policy: Policy) -> (Self, impl Future<Output = ()>) {
        Self::with_lanes(policy, &[])
    }

    fn with_lanes(policy: Policy, keys: &[&str]) -> (Self, impl Future<Output = ()>) {
        Self::towards(async_channel::unbounded(), policy, keys)
    }

    /// One behind which somebody takes batch by batch.
    fn held_back(policy: Policy, keys: &[&str]) -> (Self, impl Future<Output = ()>) {
        Self::towards(async_channel::bounded(1), policy, keys)
    }

    fn towards(
        (leaving, from): (async_channel::Sender<Transaction>, async_channel::Receiver<Transaction>),
        policy: Policy,
        keys: &[&str],
    ) -> (Self, impl Future<Output = ()>) {
        let (to, arriving) = async_channel::unbounded();
        let budget = Arc::new(Budget::new(1000));
        let keys = keys.iter().map(|key| (*key).to_owned()).collect();
        let batcher = Batcher::new("test", policy, &budget, arriving, leaving).with_lanes(keys);
        let (tell, told) = mpsc::channel(100);
        (Self { to: Some(to), from, told, tell, sent: 0, budget }, batcher.run())
    }

    fn send(&mut self, payloads: &[&str], independent: bool) {
        self.send_batch(Batch::from_payloads(payloads.iter().copied().map(Some), independent));
    }

    /// Sends independent messages of a partition.
    fn send_of(&mut self, partition: i64, payloads: &[&str]) {
        let batch = Batch::from_payloads(payloads.iter().copied().map(Some), true);
        self.send_batch(batch.with_metadata(&[("partition".to_owned(), Value::Signed(partition))]));
    }

    fn send_batch(&mut self, batch: Batch) {
        let (tell, index) = (self.tell.clone(), self.sent);
        self.sent += 1;
        let transaction = Transaction::new(batch, move |outcome| tell.try_send((index, outcome)).unwrap());
        self.to.as_ref().unwrap().try_send(transaction).unwrap();
    }

    /// When `expected` goes on, where somebody takes a batch a second while more comes all the time.
    async fn seconds_until(&mut self, expected: &str) -> u64 {
        let begun = tokio::time::Instant::now();
        loop {
            tokio::time::sleep(Duration::from_secs(1)).await;
            if self.next().await.0 == expected {
                return begun.elapsed().as_secs();
            }
        }
    }

    /// What goes on next: a batch that does not stand for several.
    async fn next(&mut self) -> (String, Transaction) {
        let transaction = self.from.recv().await.unwrap();
        assert!(!transaction.batch().independent());
        let payloads = transaction.batch().iter().map(|message| message.payload().unwrap().to_vec());
        let shown = payloads.map(|payload| String::from_utf8(payload).unwrap()).collect::<Vec<_>>().join(" ");
        (shown, transaction)
    }
}

fn by_count(count: usize) -> Policy {
    Policy::of(Some(count), None, None)
}

#[tokio::test]
async fn a_batch_is_cut_where_its_count_is_reached() {
    let (mut bench, work) = Bench::new(by_count(3));
    let test = async {
        bench.send(&["a", "b", "c", "d", "e", "f", "g"], true);
        bench.send(&["h"], true);
        bench.to = None;
        for expected in ["a b c", "d e f", "g h"] {
            let (shown, transaction) = bench.next().await;
            assert_eq!(shown, expected);
            transaction.acknowledge();
        }
        assert_eq!(bench.told.recv().await.unwrap(), (0, Outcome::Acknowledged));
        assert_eq!(bench.told.recv().await.unwrap(), (1, Outcome::Acknowledged));
    };
    tokio::join!(work, test);
}

#[tokio::test]
async fn what_arrived_as_a_batch_stays_together() {
    let (mut bench, work) = Bench::new(by_count(2));
    let test = async {
        bench.send(&["a"], false);
        bench.send(&["b", "c", "d"], false);
        assert_eq!(bench.next().await.0, "a b c d");
        bench.to = None;
    };
    tokio::join!(work, test);
}

#[tokio::test]
async fn the_message_that_makes_it_large_enough_belongs_to_a_batch() {
    let (mut bench, work) = Bench::new(Policy::of(None, Some(4), None));
    let test = async {
        bench.send(&["aa", "bbb", "cccc", "d"], true);
        bench.to = None;
        for expected in ["aa bbb", "cccc", "d"] {
            assert_eq!(bench.next().await.0, expected);
        }
    };
    tokio::join!(work, test);
}

#[tokio::test(start_paused = true)]
async fn a_period_is_counted_from_the_batch_before() {
    let period = Some(Duration::from_secs(10));
    let (mut bench, work) = Bench::new(Policy::of(None, None, period));
    let begun = tokio::time::Instant::now();
    let test = async {
        tokio::time::sleep(Duration::from_secs(14)).await;
        bench.send(&["a", "b"], true);
        assert_eq!(bench.next().await.0, "a b");
        assert_eq!(begun.elapsed().as_secs(), 20);
        bench.to = None;
    };
    tokio::join!(work, test);
}

#[tokio::test]
async fn each_source_is_told_of_its_own_messages() {
    let (mut bench, work) = Bench::new(by_count(4));
    let test = async {
        bench.send(&["a", "b"], true);
        bench.send(&["c"], true);
        bench.send(&["d"], true);
        let (_, transaction) = bench.next().await;
        transaction.settle(&[Failure { reason: "no".to_owned(), messages: Some(vec![1, 3]) }]);
        let mut rejected = Vec::new();
        for _ in 0..3 {
            if let (index, Outcome::Rejected(rejection)) = bench.told.recv().await.unwrap() {
                rejected.push((index, rejection.messages));
            }
        }
        assert_eq!(rejected, [(0, Some(vec![1])), (2, Some(vec![0]))]);
        bench.to = None;
    };
    tokio::join!(work, test);
}

#[tokio::test]
async fn nothing_is_kept_back_while_an_input_ends() {
    let (mut bench, work) = Bench::new(by_count(100));
    let test = async {
        bench.send(&["a"], true);
        let budget = Arc::clone(&bench.budget);
        assert_eq!(budget.ending(bench.next()).await.0, "a");
        bench.to = None;
    };
    tokio::join!(work, test);
}

#[tokio::test]
async fn lanes_are_collected_apart_in_their_order() {
    let (mut bench, work) = Bench::with_lanes(by_count(3), &["partition"]);
    let test = async {
        bench.send_of(0, &["a", "b"]);
        bench.send_of(1, &["x"]);
        bench.send_of(0, &["c", "d"]);
        bench.send_of(1, &["y", "z"]);
        bench.send(&["no partition"], true);
        bench.to = None;
        assert_eq!(bench.next().await.0, "a b c");
        assert_eq!(bench.next().await.0, "x y z");
        let mut left = [bench.next().await.0, bench.next().await.0];
        left.sort();
        assert_eq!(left, ["d", "no partition"]);
    };
    tokio::join!(work, test);
}

#[tokio::test(start_paused = true)]
async fn each_lane_has_a_period_of_its_own() {
    let period = Some(Duration::from_secs(10));
    let (mut bench, work) = Bench::with_lanes(Policy::of(None, None, period), &["partition"]);
    let begun = tokio::time::Instant::now();
    let test = async {
        bench.send_of(0, &["a"]);
        tokio::time::sleep(Duration::from_secs(4)).await;
        bench.send_of(1, &["x"]);
        bench.send_of(0, &["b"]);
        for (expected, seconds) in [("a b", 10), ("x", 14)] {
            assert_eq!(bench.next().await.0, expected);
            assert_eq!(begun.elapsed().as_secs(), seconds);
        }
        bench.to = None;
    };
    tokio::join!(work, test);
}

#[tokio::test(start_paused = true)]
async fn a_period_begins_anew_with_every_batch() {
    let period = Some(Duration::from_secs(10));
    let (mut bench, work) = Bench::new(Policy::of(Some(2), None, period));
    let begun = tokio::time::Instant::now();
    let test = async {
        tokio::time::sleep(Duration::from_secs(8)).await;
        bench.send(&["a", "b", "c"], true);
        for (expected, seconds) in [("a b", 8), ("c", 18)] {
            assert_eq!(bench.next().await.0, expected);
            assert_eq!(begun.elapsed().as_secs(), seconds);
        }
        bench.to = None;
    };
    tokio::join!(work, test);
}

#[tokio::test(start_paused = true)]
async fn a_quiet_lane_goes_on_in_time_while_others_are_busy() {
    let policy = Policy::of(Some(2), None, Some(Duration::from_secs(10)));
    let (mut bench, work) = Bench::held_back(policy, &["partition"]);
    let test = async {
        bench.send_of(1, &["quiet"]);
        for _ in 0..40 {
            bench.send_of(0, &["busy", "busy"]);
        }
        // A batch is on its way and another one waits for it.
        assert!((10..=13).contains(&bench.seconds_until("quiet").await));
        bench.to = None;
        bench.from.close();
    };
    tokio::join!(work, test);
}

#[tokio::test(start_paused = true)]
async fn what_an_input_waits_for_goes_on_while_others_are_busy() {
    let (mut bench, work) = Bench::held_back(by_count(2), &["partition"]);
    let test = async {
        bench.send_of(1, &["awaited"]);
        for _ in 0..40 {
            bench.send_of(0, &["busy", "busy"]);
        }
        let budget = Arc::clone(&bench.budget);
        assert!(budget.ending(bench.seconds_until("awaited")).await <= 5);
        bench.to = None;
        bench.from.close();
    };
    tokio::join!(work, test);
}
