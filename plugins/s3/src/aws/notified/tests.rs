#![cfg(test)]

use forebay_sdk::objects::PutOptions;
use forebay_sdk::{Outcome, Token, testing};

use super::*;
use crate::reading::Keys;
use crate::stores::{Cloud, Stores};

const LAKE: &str = "s3://lake";
const QUEUE: &str = "https://queue/events";
const KEYS: Keys = Keys {
    name: "s3_key",
    bucket: "s3_bucket",
    modified: "s3_last_modified",
    modified_unix: "s3_last_modified_unix",
    content_type: "s3_content_type",
    content_encoding: "s3_content_encoding",
    version: Some("s3_version_id"),
    says_absent: false,
};

fn notified(delay: u64) -> Notified {
    let terms = Terms {
        url: QUEUE.to_owned(),
        settings: Vec::new(),
        paths: Paths {
            key: "Records.*.s3.object.key".to_owned(),
            bucket: "Records.*.s3.bucket.name".to_owned(),
            envelope: String::new(),
        },
        delay: Duration::from_secs(delay),
        most: 10,
        wait: 0,
    };
    let stores = Stores::new(Cloud { scheme: "s3", ..Cloud::default() });
    let mut notified = Notified::new(terms, Reading::new(stores, false, &KEYS), "lake".to_owned());
    notified.connect().unwrap();
    notified
}

/// A message about these objects.
fn told(names: &[&str]) -> String {
    let records = names.iter().map(|name| format!(r#"{{"s3": {{"object": {{"key": "{name}"}}}}}}"#));
    format!(r#"{{"Records": [{}]}}"#, records.collect::<Vec<_>>().join(","))
}

fn put(memory: &testing::Stores, names: &[&str]) {
    for name in names {
        memory.put(LAKE, name, name, PutOptions::default());
    }
}

/// Token and name of the next object.
fn next(notified: &mut Notified, settled: Vec<Settlement>) -> (Token, String) {
    match notified.read(settled) {
        Event::Stream(stream) => (stream.token, stream.name),
        other => panic!("it is {other:?}"),
    }
}

fn acknowledged(token: Token) -> Vec<Settlement> {
    vec![Settlement::new(token, Outcome::Acknowledged)]
}

fn is_idle(notified: &mut Notified, settled: Vec<Settlement>) -> bool {
    matches!(notified.read(settled), Event::Idle)
}

#[test]
fn a_message_goes_when_all_its_objects_were_delivered() {
    let memory = testing::stores();
    put(&memory, &["a", "b"]);
    memory.send(QUEUE, "1", &told(&["a", "b"]), None);
    let mut notified = notified(0);
    let (first, name) = next(&mut notified, vec![]);
    assert_eq!(name, "a");
    let (second, name) = next(&mut notified, acknowledged(first));
    assert_eq!(name, "b");
    assert_eq!(memory.queue(QUEUE).1, ["1"]);
    assert!(is_idle(&mut notified, acknowledged(second)));
    assert_eq!(memory.queue(QUEUE), (vec![], vec![]));
}

#[test]
fn what_was_rejected_is_read_again_and_a_message_that_comes_again_is_not() {
    let memory = testing::stores();
    put(&memory, &["a"]);
    memory.send(QUEUE, "1/first", &told(&["a"]), None);
    let mut notified = notified(0);
    let (first, _) = next(&mut notified, vec![]);
    // The queue no longer hides it.
    memory.send(QUEUE, "1/second", &told(&["a"]), None);
    assert!(is_idle(&mut notified, vec![]));
    let rejected = Outcome::Rejected { reason: "no".to_owned(), messages: None };
    let (again, name) = next(&mut notified, vec![Settlement::new(first, rejected)]);
    assert_eq!((name.as_str(), testing::take_again()), ("a", Some(first)));
    assert!(is_idle(&mut notified, acknowledged(again)));
    assert_eq!(memory.queue(QUEUE).1, ["1/first"], "it is deleted by the newer receipt");
}

#[test]
fn what_can_not_be_read_is_left_to_the_queue() {
    let memory = testing::stores();
    put(&memory, &["a"]);
    memory.send(QUEUE, "broken", "x", None);
    memory.send(QUEUE, "gone", &told(&["missing", "a"]), None);
    memory.send(QUEUE, "test", r#"{"Event": "s3:TestEvent"}"#, None);
    let mut notified = notified(0);
    let (token, name) = next(&mut notified, vec![]);
    assert_eq!(name, "a");
    assert!(is_idle(&mut notified, acknowledged(token)));
    assert_eq!(memory.queue(QUEUE), (vec![], vec!["broken".to_owned(), "gone".to_owned()]));
    assert!(testing::take_log().iter().any(|line| line.message.contains("message broken of https://queue")));
}

#[test]
fn what_is_wrong_with_one_object_does_not_keep_the_others() {
    let memory = testing::stores();
    put(&memory, &["a", "b", "c"]);
    let odd = r#"{"Records": [{"s3": {"bucket": {"name": "o/d"}, "object": {"key": "x"}}}]}"#;
    memory.send(QUEUE, "odd", odd, None);
    memory.send(QUEUE, "refused", &told(&["b", "c"]), None);
    memory.send(QUEUE, "1", &told(&["a"]), None);
    memory.fail("get", ObjectError::Invalid("it is no name".to_owned()));
    let mut notified = notified(0);
    let (first, name) = next(&mut notified, vec![]);
    assert_eq!(name, "c");
    let (second, name) = next(&mut notified, acknowledged(first));
    assert_eq!(name, "a");
    // Nor does what is wrong when it is read again.
    memory.fail("get", ObjectError::Other("403".to_owned()));
    let rejected = Outcome::Rejected { reason: "no".to_owned(), messages: None };
    assert!(is_idle(&mut notified, vec![Settlement::new(second, rejected)]));
    assert_eq!(memory.queue(QUEUE), (vec![], ["odd", "refused", "1"].map(str::to_owned).to_vec()));
    let log: Vec<_> = testing::take_log().into_iter().map(|line| line.message).collect();
    assert!(
        log.iter().any(|line| line.starts_with("s3://lake/b: it is no name: its message is left")),
        "{log:?}"
    );
}

#[test]
fn an_object_whose_store_is_away_waits_behind_the_others_and_is_left_in_the_end() {
    let memory = testing::stores();
    put(&memory, &["a", "b"]);
    memory.send(QUEUE, "1", &told(&["a"]), None);
    memory.send(QUEUE, "2", &told(&["b"]), None);
    let away = || ObjectError::Unavailable("away".to_owned());
    memory.fail("get", away());
    let mut notified = notified(0);
    assert!(matches!(notified.read(vec![]), Event::NotConnected(_)));
    let (token, name) = next(&mut notified, vec![]);
    assert_eq!(name, "b");
    let (token, name) = next(&mut notified, acknowledged(token));
    assert_eq!(name, "a");
    assert!(is_idle(&mut notified, acknowledged(token)));
    assert_eq!(memory.queue(QUEUE), (vec![], vec![]));

    memory.send(QUEUE, "3", &told(&["a"]), None);
    (0..5).for_each(|_| memory.fail("get", away()));
    for _ in 0..4 {
        assert!(matches!(notified.read(vec![]), Event::NotConnected(_)));
    }
    assert!(is_idle(&mut notified, vec![]));
    assert_eq!(memory.queue(QUEUE).1, ["3"]);
}

#[test]
fn no_more_messages_are_taken_than_may_wait() {
    let memory = testing::stores();
    testing::set_now(Duration::from_secs(100));
    put(&memory, &["a"]);
    for number in 0..150 {
        memory.send(QUEUE, &number.to_string(), &told(&["a"]), Some(Duration::from_secs(100)));
    }
    let mut notified = notified(1_000);
    for _ in 0..11 {
        assert!(is_idle(&mut notified, vec![]));
    }
    assert_eq!(memory.queue(QUEUE).1.len(), MOST_YOUNG);
    assert_eq!(time::now(), Duration::from_secs(1_100), "it has waited for the first one to be due");
    let _ = next(&mut notified, vec![]);
}

#[test]
fn the_service_waits_no_longer_than_a_message_is_young() {
    assert_eq!(seconds(20, None), 20);
    assert_eq!(seconds(20, Some(Duration::from_millis(3_900))), 3);
    assert_eq!(seconds(20, Some(Duration::from_millis(900))), 0);
    assert_eq!(seconds(2, Some(Duration::MAX)), 2);
}

#[test]
fn a_young_message_waits_and_goes_back_when_the_input_closes() {
    let memory = testing::stores();
    put(&memory, &["a"]);
    testing::set_now(Duration::from_secs(100));
    memory.send(QUEUE, "1", &told(&["a"]), Some(Duration::from_secs(99)));
    let mut waiting = notified(3);
    assert!(is_idle(&mut waiting, vec![]));
    waiting.close(vec![]);
    assert_eq!(memory.queue(QUEUE).0, ["1"]);
    let mut notified = notified(3);
    while is_idle(&mut notified, vec![]) {}
    assert_eq!(time::now(), Duration::from_secs(102));
}

#[test]
fn a_queue_that_fails_is_asked_again() {
    let memory = testing::stores();
    memory.fail("receive", ObjectError::Unavailable("away".to_owned()));
    let mut notified = notified(0);
    let expected = format!("{QUEUE}: away");
    assert!(matches!(notified.read(vec![]), Event::NotConnected(reason) if reason == expected));
    assert!(is_idle(&mut notified, vec![]));
}
