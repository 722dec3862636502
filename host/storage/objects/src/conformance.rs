//! What every store and decorator does, one function for each behaviour. Each takes a store in which the prefix it
//! names, of its own, is empty.
//!
//! # Panics
//! All of them, when the store does not behave.

use std::ops::Range;

use crate::attributes::{Attributes, PutOptions};
use crate::error::ErrorKind;
use crate::name::{ObjectName, ObjectPrefix};
use crate::objects::Objects;
use crate::payload::Payload;
use crate::uploads::PartPlace;

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
    names_are_taken_as_they_are(objects).await;
    a_description_is_what_a_list_says(objects).await;
    one_version_is_read(objects).await;
    many_are_deleted(objects).await;
    parts_become_one_object(objects).await;
    what_is_aborted_never_was(objects).await;
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

/// Nothing in a name is a sign of something else.
pub async fn names_are_taken_as_they_are(objects: &dyn Objects) {
    for odd in
        ["day=2026-01-02", "a b+c", "100%25%", "[x]{y}^`", "q?a=b&c", "x#y", "tilde~", "\u{e4}\u{1f30a}"]
    {
        let at = name("odd", &format!("{odd}/{odd}"));
        objects.put(&at, odd.as_bytes().to_vec().into()).await.expect(odd);
        assert_eq!(objects.get(&at, 0..100).await.expect(odd), odd.as_bytes());
        assert_eq!(names(objects, &format!("odd/{odd}")).await, [at.as_str()]);
        objects.delete(&at).await.expect(odd);
        assert_eq!(objects.head(&at).await.expect_err(odd).kind(), ErrorKind::NotFound);
    }
}

/// What is known of an object is the same however it is asked for.
pub async fn a_description_is_what_a_list_says(objects: &dyn Objects) {
    let at = name("described", "a");
    assert_eq!(objects.describe(&at).await.expect_err("describe").kind(), ErrorKind::NotFound);
    objects.put(&at, Payload::from_static(b"0123")).await.expect("put");
    let described = objects.describe(&at).await.expect("describe");
    let fetched = objects.fetch(&at, 1..3, None).await.expect("fetch");
    assert_eq!(fetched.bytes, "12");
    assert_eq!((fetched.described.listed.size, &fetched.described.listed.name), (4, &at));
    assert_eq!((described.listed.size, &described.version), (4, &fetched.described.version));
    let beyond = objects.fetch(&at, 4..9, None).await.expect_err("fetch beyond");
    assert_eq!(beyond.kind(), ErrorKind::Invalid);
}

/// Who reads one version of an object is not given another one.
pub async fn one_version_is_read(objects: &dyn Objects) {
    let at = name("version", "a");
    objects.put(&at, Payload::from_static(b"first")).await.expect("put");
    let first = objects.fetch(&at, 0..2, None).await.expect("fetch").described.version;
    let Some(first) = first else { return };
    assert_eq!(objects.fetch(&at, 2..5, Some(&first)).await.expect("the same").bytes, "rst");
    objects.put(&at, Payload::from_static(b"second one")).await.expect("put again");
    let error = objects.fetch(&at, 2..5, Some(&first)).await.expect_err("another version");
    assert_eq!(error.kind(), ErrorKind::Invalid, "{error:?}");
}

/// Several are deleted at once, those too that are not there.
pub async fn many_are_deleted(objects: &dyn Objects) {
    objects.delete_many(&[]).await.expect("delete none");
    let all: Vec<_> = (0..5).map(|number| name("many", &format!("x/{number}"))).collect();
    for at in all.iter().skip(1) {
        objects.put(at, Payload::from_static(b"x")).await.expect("put");
    }
    objects.delete_many(&all[..4]).await.expect("delete");
    assert_eq!(names(objects, "many").await, [all[4].as_str()]);
}

/// An object in parts is there, whole, when it is completed, and not before. Parts may come in any order and again.
pub async fn parts_become_one_object(objects: &dyn Objects) {
    let at = name("parts", "deep/er/a");
    let uploads = objects.uploads().expect("it takes objects in parts");
    let first: Payload = vec![1; 6 << 20].into();
    let second = Payload::from_static(b"the end");
    let upload = uploads.begin(&at, &PutOptions::default()).await.expect("begin");
    let place = PartPlace { index: 1, offset: first.len() as u64 };
    let last = uploads.put_part(&upload, place, second.clone()).await.expect("put the second part");
    let place = PartPlace { index: 0, offset: 0 };
    uploads.put_part(&upload, place, vec![2; 6 << 20].into()).await.expect("put the first part");
    let again = uploads.put_part(&upload, place, first.clone()).await.expect("put the first part again");
    assert!(names(objects, "parts").await.is_empty());
    uploads.complete(&upload, &[again, last]).await.expect("complete");
    let size = (first.len() + second.len()) as u64;
    assert_eq!(objects.head(&at).await.expect("head").size, size);
    assert_eq!(objects.get(&at, size - 8..size).await.expect("get"), "\u{1}the end");
    assert_eq!(names(objects, "parts").await, [at.as_str()]);
}

/// An upload that is aborted leaves nothing, and may be aborted again.
pub async fn what_is_aborted_never_was(objects: &dyn Objects) {
    let at = name("aborted", "a");
    let uploads = objects.uploads().expect("it takes objects in parts");
    let upload = uploads.begin(&at, &PutOptions::default()).await.expect("begin");
    let place = PartPlace { index: 0, offset: 0 };
    uploads.put_part(&upload, place, Payload::from_static(b"x")).await.expect("put a part");
    uploads.abort(&upload).await.expect("abort");
    uploads.abort(&upload).await.expect("abort again");
    assert!(names(objects, "aborted").await.is_empty());
    assert_eq!(objects.head(&at).await.expect_err("head").kind(), ErrorKind::NotFound);
}

/// What an object says of itself is told again, whether it was put whole or, where `in_parts`, in parts. Not one of
/// [`all`]: some stores keep only bytes.
pub async fn attributes_are_kept(objects: &dyn Objects, in_parts: bool) {
    let options = PutOptions {
        attributes: Attributes {
            content_type: Some("text/x-test".to_owned()),
            content_encoding: Some("identity".to_owned()),
            cache_control: Some("max-age=60".to_owned()),
            metadata: vec![("author".to_owned(), "a test".to_owned()), ("other".to_owned(), "2".to_owned())],
            ..Attributes::default()
        },
        tags: Vec::new(),
    };
    let at = name("attributes", "whole");
    objects.put_with(&at, Payload::from_static(b"x"), &options).await.expect("put");
    assert_eq!(told(objects, &at).await, options.attributes);
    let bad = PutOptions {
        attributes: Attributes { metadata: vec![("a b".to_owned(), String::new())], ..Attributes::default() },
        tags: Vec::new(),
    };
    let error =
        objects.put_with(&at, Payload::from_static(b"x"), &bad).await.expect_err("a name with a space");
    assert_eq!(error.kind(), ErrorKind::Invalid);
    if !in_parts {
        return;
    }
    let at = name("attributes", "parts");
    let uploads = objects.uploads().expect("it takes objects in parts");
    let upload = uploads.begin(&at, &options).await.expect("begin");
    let place = PartPlace { index: 0, offset: 0 };
    let part = uploads.put_part(&upload, place, Payload::from_static(b"x")).await.expect("put a part");
    uploads.complete(&upload, &[part]).await.expect("complete");
    assert_eq!(told(objects, &at).await, options.attributes);
}

async fn told(objects: &dyn Objects, at: &ObjectName) -> Attributes {
    let described = objects.describe(at).await.expect("describe");
    let fetched = objects.fetch(at, 0..1, None).await.expect("fetch");
    assert_eq!(described.attributes, fetched.described.attributes);
    described.attributes
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
