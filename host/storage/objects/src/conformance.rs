//! What every store and decorator does, one function for each behaviour. Each takes a store in which the prefix it
//! names, of its own, is empty.
//!
//! # Panics
//! All of them, when the store does not behave.

use std::ops::Range;

use crate::error::ErrorKind;
use crate::name::{ObjectName, ObjectPrefix};
use crate::objects::Objects;
use crate::payload::Payload;

fn name(folder: &str, name: &str) -> ObjectName {
    format!("conformance/{folder}/{name}").parse().expect("names in tests are well-formed")
}

fn prefix(folder: &str) -> ObjectPrefix {
    format!("conformance/{folder}/").parse().expect("prefixes in tests are well-formed")
}

async fn names(objects: &dyn Objects, folder: &str) -> Vec<String> {
    let listed = objects.list(&prefix(folder), None, 1000).await.expect("list");
    listed.into_iter().map(|listed| listed.name.to_string()).collect()
}

/// Runs all of them.
pub async fn all(objects: &dyn Objects) {
    what_was_put_is_read(objects).await;
    ranges_end_with_the_object(objects).await;
    an_object_may_be_empty(objects).await;
    pieces_become_one_object(objects).await;
    what_is_missing_is_not_found(objects).await;
    the_same_put_twice_is_no_error(objects).await;
    deleting_is_final_and_may_be_repeated(objects).await;
    pages_have_the_order_of_names(objects).await;
    a_prefix_ends_at_a_slash(objects).await;
    puts_at_once_leave_one_whole(objects).await;
}

/// A put is there, whole, when it returns.
pub async fn what_was_put_is_read(objects: &dyn Objects) {
    let at = name("read", "a");
    objects.put(&at, Payload::from_static(b"0123456789")).await.expect("put");
    assert_eq!(objects.get(&at, 0..10).await.expect("get"), "0123456789");
    let head = objects.head(&at).await.expect("head");
    assert_eq!((head.name.as_str(), head.size), (at.as_str(), 10));
    let listed = objects.list(&prefix("read"), None, 10).await.expect("list");
    assert_eq!(listed.len(), 1);
    assert_eq!((&listed[0].name, listed[0].size), (&at, 10));
}

/// A range is read up to the end of the object, and refused behind it.
pub async fn ranges_end_with_the_object(objects: &dyn Objects) {
    let at = name("ranges", "a");
    objects.put(&at, Payload::from_static(b"0123456789")).await.expect("put");
    assert_eq!(objects.get(&at, 3..7).await.expect("get"), "3456");
    assert_eq!(objects.get(&at, 9..10).await.expect("get"), "9");
    assert!(objects.get(&at, 5..5).await.expect("an empty range").is_empty());
    assert_eq!(objects.get(&at, 5..11).await.expect("get"), "56789");
    assert_eq!(objects.get(&at, 9..1 << 40).await.expect("get"), "9");
    let beyond: [Range<u64>; 3] = [10..11, 50..60, 11..11];
    for range in beyond {
        let error = objects.get(&at, range.clone()).await.expect_err("a range beyond the object");
        assert_eq!(error.kind(), ErrorKind::Invalid, "{range:?}: {error:?}");
    }
}

/// An object has no bytes, or some.
pub async fn an_object_may_be_empty(objects: &dyn Objects) {
    let at = name("empty", "a");
    objects.put(&at, Payload::default()).await.expect("put");
    assert_eq!(objects.head(&at).await.expect("head").size, 0);
    assert!(objects.get(&at, 0..0).await.expect("get").is_empty());
    assert_eq!(names(objects, "empty").await, [at.as_str()]);
}

/// A payload may have many pieces, empty ones too, and be larger than a request of a multipart upload.
pub async fn pieces_become_one_object(objects: &dyn Objects) {
    let at = name("pieces", "a");
    let pieces: Vec<_> = (0..10_u8).map(|piece| vec![piece; usize::from(piece) * 200_000].into()).collect();
    let whole: Vec<u8> = pieces.iter().flat_map(|piece: &bytes::Bytes| piece.to_vec()).collect();
    objects.put(&at, pieces.into()).await.expect("put");
    assert_eq!(objects.head(&at).await.expect("head").size, whole.len() as u64);
    let read = objects.get(&at, 0..whole.len() as u64).await.expect("get");
    assert!(read == whole, "the object is not what was put");
    assert_eq!(objects.get(&at, 599_999..600_001).await.expect("get"), &whole[599_999..600_001]);
}

/// What is not there is not found.
pub async fn what_is_missing_is_not_found(objects: &dyn Objects) {
    let at = name("missing", "a");
    assert_eq!(objects.get(&at, 0..1).await.expect_err("get").kind(), ErrorKind::NotFound);
    assert_eq!(objects.get(&at, 0..0).await.expect_err("get").kind(), ErrorKind::NotFound);
    assert_eq!(objects.head(&at).await.expect_err("head").kind(), ErrorKind::NotFound);
    assert!(names(objects, "missing").await.is_empty());
}

/// A put whose answer was lost may be repeated.
pub async fn the_same_put_twice_is_no_error(objects: &dyn Objects) {
    let at = name("twice", "a");
    for _ in 0..2 {
        objects.put(&at, Payload::from_static(b"same")).await.expect("put");
    }
    assert_eq!(objects.get(&at, 0..4).await.expect("get"), "same");
    assert_eq!(names(objects, "twice").await.len(), 1);
}

/// What is deleted is gone; deleting what is not there is no error.
pub async fn deleting_is_final_and_may_be_repeated(objects: &dyn Objects) {
    let at = name("deleted", "a");
    objects.delete(&at).await.expect("delete what never was");
    objects.put(&at, Payload::from_static(b"x")).await.expect("put");
    for _ in 0..2 {
        objects.delete(&at).await.expect("delete");
        assert_eq!(objects.head(&at).await.expect_err("head").kind(), ErrorKind::NotFound);
    }
    assert!(names(objects, "deleted").await.is_empty());
}

/// Pages of any size, one behind the other, are the names in their order.
pub async fn pages_have_the_order_of_names(objects: &dyn Objects) {
    let mut expected: Vec<String> = Vec::new();
    // Names in folders too, whose order is not that of the folders: `-` and `.` come before `/`.
    for at in ["b", "a/2", "a-1", "a.1", "a/10", "c/d/e", "Z", "_"] {
        let at = name("pages", at);
        objects.put(&at, Payload::from_static(b"x")).await.expect("put");
        expected.push(at.to_string());
    }
    expected.sort();
    for most in [1, 3, 8, 100] {
        let mut all = Vec::new();
        let mut after = None;
        loop {
            let page = objects.list(&prefix("pages"), after.as_ref(), most).await.expect("list");
            assert!(page.len() <= most);
            let ended = page.len() < most;
            all.extend(page.iter().map(|listed| listed.name.to_string()));
            after = page.last().map(|listed| listed.name.clone()).or(after);
            if ended {
                break;
            }
        }
        assert_eq!(all, expected, "pages of {most}");
    }
    // Behind a name that is not there.
    let page = objects.list(&prefix("pages"), Some(&name("pages", "a.0")), 1).await.expect("list");
    assert_eq!(page.first().map(|listed| listed.name.to_string()), Some(name("pages", "a.1").to_string()));
}

/// A prefix is whole parts of a name.
pub async fn a_prefix_ends_at_a_slash(objects: &dyn Objects) {
    objects.put(&name("prefix/a", "x"), Payload::from_static(b"x")).await.expect("put");
    objects.put(&name("prefix/ab", "x"), Payload::from_static(b"x")).await.expect("put");
    assert_eq!(names(objects, "prefix/a").await, [name("prefix/a", "x").as_str()]);
    assert!(names(objects, "prefi").await.is_empty());
}

/// Of several puts under one name one stays, whole.
pub async fn puts_at_once_leave_one_whole(objects: &dyn Objects) {
    let at = name("race", "deep/er/a");
    let puts = (0..8_u8).map(|writer| objects.put(&at, vec![writer; 100_000].into()));
    for put in futures_util::future::join_all(puts).await {
        put.expect("put");
    }
    let read = objects.get(&at, 0..100_000).await.expect("get");
    assert!(read.iter().all(|byte| *byte == read[0]), "bytes of several puts are mixed");
}
