#![cfg(test)]

use forebay_sdk::objects::PutOptions;
use forebay_sdk::{ArrivedStream, Outcome, Token, testing};

use super::*;
use crate::stores::Cloud;

const URL: &str = "s3://lake";
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

fn walk(deletes: bool) -> Walk {
    let stores = Stores::new(Cloud { scheme: "s3", ..Cloud::default() });
    Walk::new(stores, "lake", deletes, &KEYS)
}

fn put(memory: &testing::Stores, names: &[&str]) {
    for name in names {
        memory.put(URL, name, name, PutOptions::default());
    }
}

fn stream(event: Event) -> ArrivedStream {
    match event {
        Event::Stream(stream) => stream,
        other => panic!("it is {other:?}"),
    }
}

/// Token and content of the next object.
fn next(walk: &mut Walk, settled: Vec<Settlement>) -> (Token, String) {
    let mut stream = stream(walk.read(settled));
    let content = String::from_utf8(stream.source.read_to_end(1 << 20).unwrap()).unwrap();
    assert!(content == stream.name || content.starts_with("new"), "{content} is {}", stream.name);
    (stream.token, content)
}

fn rejected(token: Token) -> Vec<Settlement> {
    vec![Settlement::new(token, Outcome::Rejected { reason: "no".to_owned(), messages: None })]
}

fn acknowledged(token: Token) -> Vec<Settlement> {
    vec![Settlement::new(token, Outcome::Acknowledged)]
}

#[test]
fn objects_come_in_the_order_of_their_names() {
    let memory = testing::stores();
    put(&memory, &["b", "day=2", "day=1", "x"]);
    let mut walk = walk(false);
    walk.connect("day=").unwrap();
    walk.connect("day=").unwrap();
    assert_eq!(next(&mut walk, vec![]).1, "day=1");
    assert_eq!(next(&mut walk, vec![]).1, "day=2");
    assert!(matches!(walk.read(vec![]), Event::Ended));
    assert_eq!(memory.names(URL).len(), 4);
}

#[test]
fn a_large_bucket_is_listed_page_by_page() {
    let memory = testing::stores();
    let names: Vec<_> = (0..2_000).map(|index| format!("{index:04}")).collect();
    put(&memory, &names.iter().map(String::as_str).collect::<Vec<_>>());
    let mut walk = walk(false);
    walk.connect("").unwrap();
    for name in &names {
        assert_eq!(next(&mut walk, vec![]).1, *name);
    }
    assert!(matches!(walk.read(vec![]), Event::Ended));
}

#[test]
fn messages_know_their_object() {
    let memory = testing::stores();
    let mut options = PutOptions::default().content_type("text/plain");
    options.attributes.metadata =
        vec![("team".to_owned(), "data".to_owned()), ("s3_bucket".to_owned(), "mine".to_owned())];
    memory.put(URL, "a", "new", options);
    let mut walk = walk(false);
    walk.connect("").unwrap();
    let metadata = format!("{:?}", stream(walk.read(vec![])).metadata);
    for expected in ["s3_key", "1970-01-01T00:00:01Z", "text/plain", "team", "data", "mine"] {
        assert!(metadata.contains(expected), "{expected} is missing in {metadata}");
    }
    assert!(!metadata.contains("lake") && !metadata.contains("s3_content_encoding"), "{metadata}");
}

#[test]
fn what_was_delivered_is_deleted() {
    let memory = testing::stores();
    put(&memory, &["a", "b", "c"]);
    let mut walk = walk(true);
    walk.connect("").unwrap();
    let (first, _) = next(&mut walk, vec![]);
    let (second, _) = next(&mut walk, vec![]);
    assert_eq!(memory.names(URL).len(), 3);
    let (third, _) = next(&mut walk, acknowledged(second));
    assert_eq!(memory.names(URL), ["a", "c"]);
    let lost = Outcome::Rejected { reason: "no".to_owned(), messages: Some(vec![]) };
    assert!(matches!(walk.read(vec![Settlement::new(third, lost)]), Event::Ended));
    memory.break_operation("a", "it burns");
    walk.close(acknowledged(first));
    assert_eq!(memory.names(URL), ["a", "c"]);
    assert_eq!(testing::take_log()[0].message, "delete a: it burns");
}

#[test]
fn what_was_rejected_is_read_again() {
    let memory = testing::stores();
    put(&memory, &["a", "b"]);
    let mut walk = walk(true);
    walk.connect("").unwrap();
    let (first, _) = next(&mut walk, vec![]);
    let (again, content) = next(&mut walk, rejected(first));
    assert_eq!((content.as_str(), testing::take_again()), ("a", Some(first)));
    assert_eq!(next(&mut walk, acknowledged(again)).1, "b");
    assert_eq!(memory.names(URL), ["b"]);
}

#[test]
fn what_was_replaced_is_read_from_its_beginning() {
    let memory = testing::stores();
    put(&memory, &["a", "b", "c"]);
    let mut walk = walk(false);
    walk.connect("").unwrap();
    let (first, _) = next(&mut walk, vec![]);
    memory.put(URL, "a", "new a", PutOptions::default());
    assert_eq!(next(&mut walk, rejected(first)).1, "new a");
    assert_eq!(testing::take_again(), None);
    assert!(testing::take_log()[0].message.contains("s3://lake/a: it was replaced"));
}

#[test]
fn what_is_gone_is_passed_over() {
    let memory = testing::stores();
    put(&memory, &["a", "b", "c"]);
    let mut walk = walk(true);
    walk.connect("").unwrap();
    let (first, _) = next(&mut walk, vec![]);
    let mut other = self::walk(true);
    other.connect("").unwrap();
    let (same, _) = next(&mut other, vec![]);
    other.close(acknowledged(same));
    // Its messages were rejected, and it is deleted by now; `b` was opened before.
    assert_eq!(next(&mut walk, rejected(first)).1, "b");
    assert!(testing::take_log()[0].message.contains("s3://lake/a: what was rejected of it is lost"));
    assert_eq!(next(&mut walk, vec![]).1, "c");
}

#[test]
fn a_store_that_fails_is_asked_again() {
    let memory = testing::stores();
    put(&memory, &["a", "b"]);
    let away = || ObjectError::Unavailable("away".to_owned());
    let mut walk = walk(false);
    memory.fail("list", away());
    assert_eq!(walk.connect("").unwrap_err().message(), "s3://lake/: away");
    walk.connect("").unwrap();
    memory.fail("get", away());
    assert!(matches!(walk.read(vec![]), Event::NotConnected(reason) if reason == "s3://lake/a: away"));
    let (first, content) = next(&mut walk, vec![]);
    assert_eq!(content, "a");
    memory.fail("get", away());
    assert!(matches!(walk.read(rejected(first)), Event::NotConnected(_)));
    assert_eq!(next(&mut walk, vec![]).1, "a");
    assert_eq!(next(&mut walk, vec![]).1, "b");
    assert!(matches!(walk.read(vec![]), Event::Ended));
}
