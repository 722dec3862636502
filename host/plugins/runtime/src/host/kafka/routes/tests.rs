#![cfg(test)]

use forebay_columns::MetadataWriter;

use super::*;

fn made<'a>(routes: &Routes<'a>, messages: &'a Batch, headers: &Headers, manual: bool) -> Made {
    let permits = |topic: &str| if topic == "secret" { Err("no grant".to_owned()) } else { Ok(()) };
    routes.records(messages, headers, manual, permits, &Held::new(1 << 20)).unwrap()
}

fn to(topic: Column<'_>) -> Routes<'_> {
    Routes { topic, key: None, partition: None, timestamp: None, tombstone: None, keeps_nulls: false }
}

fn batch(payloads: &[Option<&str>]) -> Batch {
    Batch::from_payloads(payloads.iter().copied(), true)
}

#[test]
fn each_message_goes_where_its_texts_say() {
    let messages = batch(&[Some("a"), Some("b"), None, None]);
    let topics = batch(&[Some("t"), Some("secret"), Some("t"), Some("not a topic")]);
    let keys = batch(&[Some("k"), Some("k"), Some("null"), None]);
    let routes = Routes {
        key: Some(Column::Each(&keys)),
        timestamp: Some(Column::Constant(b"12")),
        ..to(Column::Each(&topics))
    };
    let made = made(&routes, &messages, &Headers::default(), false);
    assert_eq!(made.indexes, [0, 2]);
    let [first, second] = made.records.as_slice() else { panic!("two can be sent") };
    assert_eq!((first.key.as_deref(), first.value.as_deref()), (Some(&b"k"[..]), Some(&b"a"[..])));
    assert_eq!((second.key.as_deref(), second.value.as_deref()), (None, Some(&b""[..])));
    assert_eq!(first.timestamp, Some(Timestamp::from_millis(12)));
    let unsent: Vec<_> =
        made.unsent.iter().map(|unsent| (unsent.failure.kind, unsent.messages.clone())).collect();
    assert_eq!(unsent, [(FailureKind::Unauthorized, vec![1]), (FailureKind::Invalid, vec![3])]);
}

#[test]
fn a_tombstone_is_sent_where_it_is_asked_for() {
    let messages = batch(&[Some("a"), None]);
    let tombstones = batch(&[Some("true"), Some("false")]);
    let topic = Column::Constant(b"t");
    let nulls = |routes: Routes<'_>| {
        let made = made(&routes, &messages, &Headers::default(), false);
        made.records.iter().map(|record| record.value.is_none()).collect::<Vec<_>>()
    };
    assert_eq!(nulls(to(topic)), [false, false]);
    assert_eq!(nulls(Routes { keeps_nulls: true, ..to(topic) }), [false, true]);
    assert_eq!(nulls(Routes { tombstone: Some(Column::Each(&tombstones)), ..to(topic) }), [true, false]);
}

#[test]
fn partitions_count_where_they_are_chosen_by_hand() {
    let messages = batch(&[Some("a"), Some("b"), Some("c")]);
    let partitions = batch(&[Some("2"), Some("x"), Some("-1")]).with_errors([]);
    let routes = Routes { partition: Some(Column::Each(&partitions)), ..to(Column::Constant(b"t")) };
    let by_hand = made(&routes, &messages, &Headers::default(), true);
    assert_eq!(by_hand.records[0].partition, Some(PartitionId::new(2).unwrap()));
    assert!(by_hand.unsent[0].failure.reason.contains("partition parse error"));
    assert_eq!(by_hand.indexes, [0]);
    let others = made(&routes, &messages, &Headers::default(), false);
    assert!(others.records.iter().all(|record| record.partition.is_none()));
    let missing = made(&to(Column::Constant(b"t")), &messages, &Headers::default(), true);
    assert_eq!(missing.unsent[0].messages, [0, 1, 2]);
}

#[test]
fn a_text_that_could_not_be_made_fails_its_message() {
    let messages = batch(&[Some("a"), Some("b")]);
    let keys = batch(&[Some("k"), Some("")]).with_errors([(1, "no such field")]);
    let routes = Routes { key: Some(Column::Each(&keys)), ..to(Column::Constant(b"t")) };
    let made = made(&routes, &messages, &Headers::default(), false);
    assert_eq!((made.indexes.as_slice(), made.unsent[0].messages.as_slice()), (&[0][..], &[1][..]));
    assert_eq!(made.unsent[0].failure.reason, "no such field");
}

#[test]
fn metadata_becomes_headers_where_a_filter_includes_it() {
    let mut metadata = MetadataWriter::default();
    metadata.push("x_id", Value::Signed(-7));
    metadata.push("x_at", Value::Timestamp { seconds: 1, nanoseconds: 500_000_000 });
    metadata.push("trace", Value::Null);
    metadata.push("other", Value::Text("no"));
    metadata.end_message();
    let messages = Batch::from_parts([Some(&b"v"[..])], true, metadata, []);
    let filter =
        HeaderFilter { include_prefixes: vec!["x_".to_owned()], include_patterns: vec!["^tr".to_owned()] };
    let made = made(&to(Column::Constant(b"t")), &messages, &Headers::new(filter).unwrap(), false);
    let headers: Vec<_> = made.records[0]
        .headers
        .iter()
        .map(|header| (header.key.to_vec(), header.value.clone().unwrap().to_vec()))
        .collect();
    let expected = [("x_id", "-7"), ("x_at", "1970-01-01T00:00:01.5Z"), ("trace", "null")];
    assert_eq!(headers, expected.map(|(key, value)| (key.into(), value.into())));
}

/// A batch of payloads beside which there are so many bytes of metadata.
fn beside(payload: &str, count: usize, metadata: usize) -> Batch {
    let mut writer = MetadataWriter::default();
    for _ in 0..count {
        writer.push("beside", Value::Text(&"x".repeat(metadata / count)));
        writer.end_message();
    }
    Batch::from_parts((0..count).map(|_| Some(payload.as_bytes())), true, writer, [])
}

/// The records of a batch where so much may be held, whether their values lie where the batch has them, and how much is
/// held for them.
fn made_within(messages: &Batch, limit: usize) -> Option<(Vec<ProducerRecord>, bool, usize)> {
    let held = Held::new(limit);
    let routes = to(Column::Constant(b"t"));
    let made = routes.records(messages, &Headers::default(), false, |_| Ok(()), &held).ok()?;
    let first =
        (made.records[0].value.as_ref().unwrap().as_ptr(), messages.get(0).unwrap().payload().unwrap());
    Some((made.records, first.0 == first.1.as_ptr(), held.bytes()))
}

#[test]
fn payloads_stay_where_they_are_unless_they_keep_much_else() {
    let payload = "p".repeat(1_000);
    let messages = beside(&payload, 10, 500);
    let (records, stays, held) = made_within(&messages, 1 << 20).unwrap();
    assert!(stays && (10_500..12_000).contains(&held), "{held}");
    assert!(records.iter().all(|record| record.value.as_deref() == Some(payload.as_bytes())));
    // What they keep is counted until the last of them is gone.
    let last = records.into_iter().next_back().unwrap();
    drop(messages);
    assert_eq!(last.value.as_deref(), Some(payload.as_bytes()));

    let among_others = beside(&payload, 10, 0).select(&[3]).unwrap();
    let much_beside = beside(&payload, 10, 15_000);
    let few = beside("few", 10, 0);
    for (messages, bytes) in [(among_others, 1_000), (much_beside, 10_000), (few, 30)] {
        let (_, stays, held) = made_within(&messages, 1 << 20).unwrap();
        assert!(!stays && held == bytes, "{held} of {bytes}");
    }
}

#[test]
fn payloads_are_copied_where_there_is_no_room_for_what_they_keep() {
    let messages = beside(&"p".repeat(1_000), 10, 5_000);
    let (_, stays, held) = made_within(&messages, 10_000).unwrap();
    assert!(!stays && held == 10_000, "{held}");
    assert!(made_within(&messages, 9_999).is_none());
}

#[test]
fn what_there_is_never_room_for_is_told_from_what_has_to_wait() {
    let messages = beside(&"p".repeat(1_000), 10, 0);
    let refused = |held: &Arc<Held>| {
        let made =
            to(Column::Constant(b"t")).records(&messages, &Headers::default(), false, |_| Ok(()), held);
        made.unwrap_err()
    };
    let small = Held::new(9_999);
    assert_eq!(refused(&small), NoRoom::Ever { bytes: 10_000, limit: 9_999 });
    let large = Held::new(15_000);
    let others = large.take(5_001).unwrap();
    assert_eq!(refused(&large), NoRoom::Now(HoldsTooMuch { bytes: 15_001, limit: 15_000 }));
    drop(others);
    assert_eq!((small.bytes(), large.bytes()), (0, 0), "who is refused holds nothing");
}

#[test]
fn payloads_that_are_not_sent_have_none_of_the_others_stay() {
    let messages = beside(&"p".repeat(5_000), 10, 0);
    let topics = |sent: usize| {
        let topic = |index: usize| Some(if index < sent { "t" } else { "secret" });
        batch(&(0..10).map(topic).collect::<Vec<_>>())
    };
    let tombstones = |sent: usize| {
        let text = |index: usize| Some(if index < sent { "false" } else { "true" });
        batch(&(0..10).map(text).collect::<Vec<_>>())
    };
    for (sent, stays) in [(10, true), (6, true), (4, false), (1, false)] {
        let (topics, tombstones) = (topics(sent), tombstones(sent));
        let refused = to(Column::Each(&topics));
        let nulls = Routes { tombstone: Some(Column::Each(&tombstones)), ..to(Column::Constant(b"t")) };
        for routes in [refused, nulls] {
            let made = made(&routes, &messages, &Headers::default(), false);
            assert_eq!(made.bytes, sent * 5_000);
            let place = made.records[0].value.as_ref().unwrap().as_ptr();
            assert_eq!(place == messages.get(0).unwrap().payload().unwrap().as_ptr(), stays, "{sent}");
        }
    }
}

#[test]
fn a_record_holds_all_that_its_payload_came_with() {
    let messages = beside(&"p".repeat(1_000), 10, 8_000);
    let replaced = messages.with_metadata(&[("beside".to_owned(), Value::Null)]);
    let block = messages.block(u32::MAX).len();
    assert!(replaced.byte_size() < 12_000 && block > 18_000);
    let held = Held::new(1 << 20);
    let routes = to(Column::Constant(b"t"));
    let made = routes.records(&replaced, &Headers::default(), false, |_| Ok(()), &held).unwrap();
    let last = made.records.into_iter().next_back();
    drop((messages, replaced));
    assert_eq!(held.bytes(), block, "the last one counts for all");
    drop(last);
    assert_eq!(held.bytes(), 0);
}

#[test]
fn messages_of_several_runs_have_their_own_payloads() {
    let large = beside(&"a".repeat(3_000), 3, 0);
    let small = batch(&[Some("b"), None]);
    let messages =
        Batch::concatenate(&[small.clone(), large.clone(), small, large.select(&[2, 0]).unwrap()]).unwrap();
    let made = made(&to(Column::Constant(b"t")), &messages, &Headers::default(), false);
    assert_eq!(made.bytes, 2 + 5 * 3_000);
    for (message, record) in messages.iter().zip(&made.records) {
        assert_eq!(record.value.as_deref(), Some(message.payload().unwrap_or_default()));
    }
}
