//! What is heard and read while something is waited for.

use std::rc::Rc;

use super::*;

#[test]
fn what_waits_for_the_rate_limit_keeps_nothing_from_being_heard() {
    let mut bench = Bench::new(&json!({"rate_limit": "slow"}));
    bench.admit(0, 0);
    bench.idle();
    bench.broker.revoke(&[("u", 0)]);
    let now = forebay_sdk::time::monotonic();
    bench.idle();
    assert_eq!(bench.broker.take_released().len(), 1);
    assert_eq!(forebay_sdk::time::monotonic(), now);
    // It comes back and is read anew.
    bench.admit(1, 0);
    bench.broker.assign(&[("u", 0)]);
    bench.expect("0123456789");
}

#[test]
fn a_rate_limit_that_lets_nothing_go_on_for_long_stops_reading_and_not_hearing() {
    let fields = json!({
        "topics": ["t", "u"], "rate_limit": "slow", "checkpoint_limit": 4, "batching": {"byte_size": 9}
    });
    let mut bench = Bench::new(&fields);
    bench.admit(0, 3);
    assert!(matches!(bench.read(), Event::Idle));
    testing::set_pending(Woken::empty());
    bench.broker.revoke(&[("t", 0)]);
    bench.idle();
    assert_eq!(bench.broker.take_released().len(), 1);
    // All that is left is handed out in its order.
    bench.admit(usize::MAX, 0);
    bench.broker.assign(&[("t", 0)]);
    let mut given: Vec<String> = Vec::new();
    for _ in 0..9 {
        let (token, batch) = bench.batch();
        let of = format!("{:?}", batch.message(0).metadata("kafka_partition"));
        let topic = format!("{:?}", batch.message(0).metadata("kafka_topic"));
        given.push(format!("{topic} {of} {}", testing::texts(&batch).join("")));
        bench.settle(token);
    }
    bench.idle();
    // The sort keeps the order of those that are equal so far.
    let key = |text: &String| text.rsplit_once(' ').map(|(partition, _)| partition.to_owned());
    given.sort_by_key(key);
    let texts: Vec<_> = given.iter().filter_map(|text| text.rsplit(' ').next()).collect();
    assert_eq!(texts, ["0123", "4567", "89"].repeat(3));
}

#[test]
fn in_strict_order_what_is_held_waits_for_what_is_before_it() {
    let mut bench = Bench::new(&json!({"strict_order": true, "rate_limit": "slow"}));
    // Two are held before the first one is let go on.
    let asked = Rc::new(Cell::new(0));
    let counted = Rc::clone(&asked);
    testing::set_rate_limit(move |_, _| {
        counted.set(counted.get() + 1);
        Ok(Duration::from_secs(u64::from(counted.get() < 3)))
    });
    let first = bench.expect("0");
    assert_eq!(asked.get(), 3);
    bench.idle();
    bench.settle(first);
    let second = bench.expect("1");
    bench.idle();
    bench.settle(second);
    bench.expect("2");
}

#[test]
fn reading_goes_on_while_what_goes_to_another_member_is_committed() {
    for ends in [true, false] {
        let fields = json!({"topics": ["t"], "checkpoint_limit": 4, "batching": {"byte_size": 9}});
        let mut bench = Bench::new(&fields);
        let first = bench.expect("0123");
        bench.expect("0123");
        let now = forebay_sdk::time::monotonic();
        bench.settle(first);
        bench.broker.hold_commits(true);
        bench.broker.revoke(&[("t", 0)]);
        bench.broker.revoke(&[("t", 1)]);
        bench.broker.assign(&[("t", 1)]);
        for expected in ["0123", "4567", "89"] {
            bench.expect(expected);
        }
        assert!(bench.broker.take_released().is_empty(), "it is not committed yet");
        assert_eq!(forebay_sdk::time::monotonic(), now);
        if ends {
            bench.broker.hold_commits(false);
        } else {
            bench.pass(9);
            bench.idle();
            assert!(bench.broker.take_released().is_empty());
            bench.pass(1);
        }
        bench.idle();
        let released = bench.broker.take_released();
        assert_eq!(released.iter().map(|released| released[0].partition).collect::<Vec<_>>(), [0, 1]);
        assert_eq!(bench.broker.committed("g", "t", 0), ends.then_some(4));
        bench.broker.hold_commits(false);
        bench.idle();
        assert_eq!(bench.broker.committed("g", "t", 0), ends.then_some(4));
    }
}

#[test]
fn what_is_done_while_something_else_is_committed_is_committed_before_it_goes() {
    let mut bench =
        Bench::new(&json!({"checkpoint_limit": 5, "commit_period": "1s", "batching": {"byte_size": 9}}));
    bench.broker.hold_commits(true);
    let first = bench.expect("01234");
    let second = bench.expect("56789");
    bench.settle(first);
    bench.pass(1);
    bench.idle();
    bench.settle(second);
    bench.broker.revoke(&[("u", 0)]);
    bench.idle();
    assert!(bench.broker.take_released().is_empty());
    bench.broker.hold_commits(false);
    bench.idle();
    assert_eq!((bench.broker.take_released().len(), bench.committed()), (1, Some(10)));
}
