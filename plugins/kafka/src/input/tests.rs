use std::cell::Cell;
use std::time::Duration;

use forebay_sdk::kafka::{FailureKind, KafkaError, KafkaFailure};
use forebay_sdk::testing::{self, KafkaBroker, KafkaRecord};
use forebay_sdk::waits::Woken;
use forebay_sdk::{Batch, Outcome, Token};
use serde_json::{Value, json};

use super::*;

mod waiting;

/// An input at work, and what it has handed out.
struct Bench {
    input: KafkaFranzInput,
    broker: KafkaBroker,
    settled: Vec<Settlement>,
}

impl Bench {
    /// With topics `t` of two partitions and `u` of one, each with the values `0` to `9`.
    fn new(fields: &Value) -> Self {
        let broker = testing::kafka();
        for (topic, partition) in [("t", 0), ("t", 1), ("u", 0)] {
            for value in 0..10 {
                broker.append(topic, partition, KafkaRecord::of(value.to_string()));
            }
        }
        let mut all = json!({"seed_brokers": ["a:1"], "topics": ["u"], "consumer_group": "g"});
        let fields = fields.as_object().unwrap().clone();
        all.as_object_mut().unwrap().extend(fields);
        let config = testing::config(&all).unwrap();
        let input = KafkaFranzInput::open(config, &Context::new("kafka_franz")).unwrap();
        testing::set_now(Duration::from_secs(100));
        let mut bench = Self { input, broker, settled: Vec::new() };
        bench.input.connect().unwrap();
        bench
    }

    fn read(&mut self) -> Event {
        self.input.read(std::mem::take(&mut self.settled)).unwrap()
    }

    fn batch(&mut self) -> (Token, Batch) {
        match self.read() {
            Event::Batch { token, batch } => (token, batch),
            other => panic!("{other:?}"),
        }
    }

    /// The token of the next batch, which has this text.
    fn expect(&mut self, expected: &str) -> Token {
        let (token, batch) = self.batch();
        assert_eq!(testing::texts(&batch).join(""), expected);
        token
    }

    fn settle(&mut self, token: Token) {
        self.settled.push(Settlement::new(token, Outcome::Acknowledged));
    }

    fn reject(&mut self, token: Token) {
        let outcome = Outcome::Rejected { reason: "no room".to_owned(), messages: Some(vec![0]) };
        self.settled.push(Settlement::new(token, outcome));
    }

    fn committed(&self) -> Option<i64> {
        self.broker.committed("g", "u", 0)
    }

    /// Takes all that it is told, of which nothing is to be handed out.
    fn idle(&mut self) {
        testing::set_pending(Woken::SETTLEMENT);
        let event = self.read();
        testing::set_pending(Woken::empty());
        assert!(matches!(event, Event::Idle), "{event:?}");
    }

    /// Why it has to connect again.
    fn lost(&mut self) -> String {
        match self.read() {
            Event::NotConnected(reason) => reason,
            other => panic!("{other:?}"),
        }
    }

    /// Has the rate limit let so much go on, and nothing more until this is called again. When it has refused for so many
    /// seconds a settlement comes.
    fn admit(&self, batches: usize, seconds: usize) {
        let (left, refused) = (Cell::new(batches), Cell::new(0));
        testing::set_rate_limit(move |_, _| {
            if left.get() > 0 {
                left.set(left.get() - 1);
                return Ok(Duration::ZERO);
            }
            if refused.replace(refused.get() + 1) >= seconds {
                testing::set_pending(Woken::SETTLEMENT);
            }
            Ok(Duration::from_secs(1))
        });
    }

    fn pass(&self, seconds: u64) {
        testing::set_now(forebay_sdk::time::monotonic() + Duration::from_secs(seconds));
    }
}

#[test]
fn records_are_independent_messages_with_their_metadata() {
    let mut bench = Bench::new(&json!({"checkpoint_limit": 3}));
    let (_, batch) = bench.batch();
    assert!(batch.independent());
    assert_eq!(testing::texts(&batch), ["0", "1", "2"]);
    let last = batch.message(2);
    assert_eq!(last.metadata("kafka_topic"), Some(forebay_sdk::Value::Text("u")));
    assert_eq!(last.metadata("kafka_offset"), Some(forebay_sdk::Value::Signed(2)));
}

#[test]
fn only_what_is_delivered_with_all_before_it_is_committed() {
    let mut bench =
        Bench::new(&json!({"checkpoint_limit": 4, "commit_period": "1s", "batching": {"byte_size": 9}}));
    let first = bench.expect("0123");
    let second = bench.expect("4567");
    bench.settle(second);
    let third = bench.expect("89");
    bench.pass(1);
    bench.idle();
    assert_eq!(bench.committed(), None);
    bench.settle(first);
    bench.pass(1);
    bench.idle();
    assert_eq!(bench.committed(), Some(8));
    bench.settle(third);
    bench.idle();
    // The period is not over.
    assert_eq!(bench.committed(), Some(8));
    bench.pass(1);
    bench.idle();
    assert_eq!(bench.committed(), Some(10));
}

#[test]
fn a_partition_with_too_much_under_way_is_paused() {
    let mut bench = Bench::new(&json!({"checkpoint_limit": 4, "topics": ["t"]}));
    let (first, of_first) = bench.batch();
    let (_, of_second) = bench.batch();
    let partition = |batch: &Batch| format!("{:?}", batch.message(0).metadata("kafka_partition"));
    assert_ne!(partition(&of_first), partition(&of_second));
    bench.idle();
    bench.settle(first);
    let (_, again) = bench.batch();
    assert_eq!(partition(&again), partition(&of_first));
    assert_eq!(testing::texts(&again), ["4", "5", "6", "7"]);
    bench.idle();
}

#[test]
fn in_strict_order_one_thing_is_under_way_at_a_time() {
    let mut bench = Bench::new(&json!({"strict_order": true}));
    for value in 0..3 {
        let token = bench.expect(&value.to_string());
        bench.idle();
        bench.settle(token);
    }
    let whole = json!({"strict_order": true, "batching": {"count": 4, "period": "1s"}});
    let mut bench = Bench::new(&whole);
    let (_, batch) = bench.batch();
    assert_eq!((batch.len(), batch.independent()), (4, false));
    bench.idle();
}

#[test]
fn what_goes_to_another_member_is_waited_for_and_committed() {
    let mut bench = Bench::new(&json!({}));
    let token = bench.expect("0123456789");
    bench.broker.revoke(&[("u", 0)]);
    bench.idle();
    assert!(bench.broker.take_released().is_empty());
    bench.settle(token);
    bench.idle();
    assert_eq!(bench.broker.take_released().len(), 1);
    assert_eq!(bench.committed(), Some(10));
}

#[test]
fn what_is_not_delivered_in_time_is_given_up_and_never_committed() {
    let mut bench = Bench::new(&json!({"checkpoint_limit": 5, "batching": {"byte_size": 9}}));
    let first = bench.expect("01234");
    let second = bench.expect("56789");
    bench.settle(first);
    bench.broker.revoke(&[("u", 0)]);
    bench.idle();
    bench.pass(19);
    bench.idle();
    assert!(bench.broker.take_released().is_empty());
    bench.pass(1);
    bench.idle();
    assert_eq!((bench.broker.take_released().len(), bench.committed()), (1, Some(5)));
    assert!(testing::take_log().iter().any(|line| line.message.contains("u-0 goes to another member")));
    // Here again, while what was under way is delivered after all.
    bench.broker.assign(&[("u", 0)]);
    let again = bench.expect("56789");
    bench.settle(second);
    bench.pass(10);
    bench.idle();
    assert_eq!(bench.committed(), Some(5));
    bench.settle(again);
    bench.pass(10);
    bench.idle();
    assert_eq!(bench.committed(), Some(10));
}

#[test]
fn what_is_assigned_again_is_not_given_up() {
    let mut bench = Bench::new(&json!({"checkpoint_limit": 2, "batching": {"count": 2}}));
    bench.expect("01");
    let before = bench.expect("23");
    bench.idle();
    bench.broker.revoke(&[("u", 0)]);
    bench.idle();
    assert!(bench.broker.take_released().is_empty());
    bench.broker.assign(&[("u", 0)]);
    let first = bench.expect("01");
    bench.pass(20);
    let second = bench.expect("23");
    assert_eq!(bench.broker.take_released().len(), 1);
    bench.idle();
    bench.settle(before);
    bench.idle();
    bench.settle(second);
    bench.expect("45");
    bench.pass(10);
    bench.idle();
    assert_eq!(bench.committed(), None);
    bench.settle(first);
    bench.expect("67");
    bench.pass(10);
    bench.idle();
    assert_eq!(bench.committed(), Some(4));
}

#[test]
fn what_is_lost_is_not_committed() {
    let mut bench = Bench::new(&json!({"commit_period": "1s"}));
    let token = bench.expect("0123456789");
    bench.broker.lose(&[("u", 0)]);
    bench.idle();
    bench.settle(token);
    bench.pass(2);
    bench.idle();
    assert_eq!(bench.committed(), None);
}

#[test]
fn a_commit_that_fails_is_made_again() {
    let mut bench = Bench::new(&json!({"commit_period": "1s"}));
    let token = bench.expect("0123456789");
    let failure = KafkaFailure::new(FailureKind::Disconnected, "no broker");
    bench.broker.fail("commit", KafkaError::Failed(failure));
    bench.settle(token);
    bench.pass(1);
    bench.idle();
    assert_eq!(bench.committed(), None);
    bench.pass(1);
    bench.idle();
    assert_eq!(bench.committed(), Some(10));
}

#[test]
fn reading_goes_on_while_something_is_committed() {
    let mut bench =
        Bench::new(&json!({"checkpoint_limit": 4, "commit_period": "1s", "batching": {"byte_size": 9}}));
    bench.broker.hold_commits(true);
    for expected in ["0123", "4567"] {
        let token = bench.expect(expected);
        bench.settle(token);
        bench.pass(1);
    }
    let last = bench.expect("89");
    assert_eq!(bench.committed(), None);
    bench.broker.hold_commits(false);
    // As far as was done when it began; and what was done since then, which is due by now.
    bench.idle();
    assert_eq!(bench.committed(), Some(8));
    bench.broker.hold_commits(true);
    bench.settle(last);
    bench.pass(1);
    bench.idle();
    // The last word waits for nobody.
    let broker = bench.broker.clone();
    bench.input.close(Vec::new());
    assert_eq!((broker.committed("g", "u", 0), broker.closed()), (Some(10), 1));
}

#[test]
fn what_is_lost_while_it_is_committed_says_nothing_when_it_comes_back() {
    let mut bench = Bench::new(&json!({"commit_period": "1s"}));
    bench.broker.hold_commits(true);
    let token = bench.expect("0123456789");
    bench.settle(token);
    bench.pass(1);
    bench.idle();
    bench.broker.lose(&[("u", 0)]);
    bench.idle();
    bench.broker.assign(&[("u", 0)]);
    let token = bench.expect("0123456789");
    bench.broker.hold_commits(false);
    bench.settle(token);
    bench.idle();
    bench.pass(1);
    bench.idle();
    assert_eq!(bench.committed(), Some(10));
}

#[test]
fn what_nobody_tries_again_is_read_again() {
    let mut bench = Bench::new(&json!({"checkpoint_limit": 5, "batching": {"byte_size": 9}}));
    let first = bench.expect("01234");
    let second = bench.expect("56789");
    bench.settle(first);
    bench.reject(second);
    assert!(bench.lost().contains("no room"));
    bench.input.connect().unwrap();
    assert_eq!(bench.committed(), Some(5));
    let again = bench.expect("56789");
    assert!(again > second);
}

#[test]
fn without_a_group_reading_goes_on_where_it_was() {
    for topics in ["u", "u:0", "u:0:2"] {
        let mut bench = Bench::new(&json!({"consumer_group": "", "topics": [topics], "checkpoint_limit": 5}));
        let (first, _) = bench.batch();
        bench.settle(first);
        let (second, batch) = bench.batch();
        let texts = testing::texts(&batch);
        bench.broker.fail_poll(KafkaFailure::new(FailureKind::Other, "u-0: broken"));
        assert_eq!(bench.lost(), "u-0: broken");
        bench.input.connect().unwrap();
        let (_, again) = bench.batch();
        assert_eq!(testing::texts(&again), texts, "{topics}");
        bench.settle(second);
        assert_eq!(bench.broker.committed("", "u", 0), None);
    }
}

#[test]
fn without_a_group_a_partition_that_was_lost_has_no_place_any_more() {
    let mut bench = Bench::new(&json!({"consumer_group": "", "checkpoint_limit": 5}));
    let token = bench.expect("01234");
    bench.settle(token);
    bench.expect("56789");
    bench.broker.fail_poll(KafkaFailure::new(FailureKind::Other, "u-0: broken"));
    assert_eq!(bench.lost(), "u-0: broken");
    bench.input.connect().unwrap();
    bench.expect("56789");
    bench.broker.lose(&[("u", 0)]);
    bench.idle();
    bench.broker.assign(&[("u", 0)]);
    bench.expect("01234");
}

#[test]
fn without_replays_what_is_rejected_is_committed_but_not_at_the_end() {
    let mut bench =
        Bench::new(&json!({"auto_replay_nacks": false, "checkpoint_limit": 5, "batching": {"byte_size": 9}}));
    let first = bench.expect("01234");
    let second = bench.expect("56789");
    bench.reject(first);
    bench.pass(10);
    bench.idle();
    assert_eq!(bench.committed(), Some(5));
    bench.reject(second);
    let Bench { input, broker, settled, .. } = bench;
    input.close(settled);
    assert_eq!((broker.committed("g", "u", 0), broker.closed()), (Some(5), 1));
}

#[test]
fn what_was_delivered_last_is_committed_at_the_end() {
    let mut bench = Bench::new(&json!({}));
    let token = bench.expect("0123456789");
    bench.settle(token);
    let Bench { input, broker, settled, .. } = bench;
    input.close(settled);
    assert_eq!((broker.committed("g", "u", 0), broker.closed()), (Some(10), 1));
}

#[test]
fn failures_that_pass_are_said_once_and_others_connect_anew() {
    let unknown = || KafkaFailure::new(FailureKind::UnknownTopic, "u-0: unknown topic");
    let mut bench = Bench::new(&json!({}));
    for _ in 0..3 {
        bench.broker.fail_poll(unknown());
    }
    bench.expect("0123456789");
    assert_eq!(testing::take_log().iter().filter(|line| line.message.contains("unknown topic")).count(), 1);
    bench.broker.fail_poll(KafkaFailure::new(FailureKind::Unauthorized, "u: not authorized"));
    assert_eq!(bench.lost(), "u: not authorized");
    let mut bench = Bench::new(&json!({"reconnect_on_unknown_topic_or_partition": true}));
    bench.broker.fail_poll(unknown());
    assert_eq!(bench.lost(), "u-0: unknown topic");
}

#[test]
fn a_cluster_that_does_not_answer_is_not_connected_to() {
    let mut bench = Bench::new(&json!({}));
    let failure = KafkaFailure::new(FailureKind::Disconnected, "a:1: connection refused");
    bench.broker.fail("ping", KafkaError::Failed(failure));
    assert_eq!(bench.input.connect().unwrap_err().message(), "a:1: connection refused");
    bench.input.connect().unwrap();
    bench.expect("0123456789");
}
