//! Messages come back as they went, by every way through the contract.
#![expect(clippy::unwrap_used, reason = "what tests share is test code too")]

use forebay_pipeline_message::{Batch, ColumnId, Message, MetadataWriter, Origins, Value};
use forebay_plugins_api::{MetadataValue, Processing};
use forebay_tests_guests::{World, batch, only, process, texts};
use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use serde_json::json;

/// The processors that hand everything back.
const ECHOES: [&str; 4] = ["echo", "echo_columns", "echo_rebuilt", "echo_records"];

/// A message that owns its bytes.
#[derive(Debug, Clone, PartialEq)]
struct Record {
    payload: Option<Vec<u8>>,
    metadata: Vec<(String, MetadataValue)>,
    error: Option<String>,
}

fn record(message: Message<'_>) -> Record {
    let owned = |value: Value<'_>| match value {
        Value::Null => MetadataValue::Null,
        Value::Bool(value) => MetadataValue::Bool(value),
        Value::Signed(value) => MetadataValue::Signed(value),
        Value::Unsigned(value) => MetadataValue::Unsigned(value),
        Value::Float(value) => MetadataValue::Float(value),
        Value::Text(text) => MetadataValue::Text(text.to_owned()),
        Value::Bytes(bytes) => MetadataValue::Bytes(bytes.to_vec()),
        Value::Timestamp { seconds, nanoseconds } => MetadataValue::Timestamp { seconds, nanoseconds },
        Value::Json(text) => MetadataValue::Json(text.to_owned()),
    };
    Record {
        payload: message.payload().map(<[u8]>::to_vec),
        metadata: message.metadata_entries().map(|(key, value)| (key.to_owned(), owned(value))).collect(),
        error: message.error().map(str::to_owned),
    }
}

fn records(batch: &Batch) -> Vec<Record> {
    batch.iter().map(record).collect()
}

fn to_batch(records: &[Record], independent: bool) -> Batch {
    let mut metadata = MetadataWriter::default();
    for record in records {
        record.metadata.iter().for_each(|(key, value)| metadata.push(key, value.borrow()));
        metadata.end_message();
    }
    let payloads = records.iter().map(|record| record.payload.as_deref());
    let errors =
        records.iter().enumerate().filter_map(|(index, record)| Some((index, record.error.as_deref()?)));
    Batch::from_parts(payloads, independent, metadata, errors)
}

fn every_type() -> Vec<(String, MetadataValue)> {
    let values = [
        MetadataValue::Null,
        MetadataValue::Bool(true),
        MetadataValue::Signed(i64::MIN),
        MetadataValue::Unsigned(u64::MAX),
        MetadataValue::Float(-0.5),
        MetadataValue::Text("gr\u{fc}n".to_owned()),
        MetadataValue::Bytes(vec![0, 255]),
        MetadataValue::Timestamp { seconds: -1, nanoseconds: 999_999_999 },
        MetadataValue::Json("{\"a\":[1]}".to_owned()),
    ];
    values.into_iter().enumerate().map(|(index, value)| (format!("key{index}"), value)).collect()
}

async fn echoed(world: &World, echo: &str, batch: Batch) -> Batch {
    let mut processor = world.processor(echo, json!({})).await;
    process(&mut *processor, batch).await.unwrap()
}

#[tokio::test]
async fn every_metadata_type_comes_back() {
    let world = World::of(&["echo"]).await;
    let sent = [
        Record { payload: Some(b"payload".to_vec()), metadata: every_type(), error: None },
        Record { payload: None, metadata: vec![], error: Some("flagged".to_owned()) },
        Record { payload: Some(vec![]), metadata: every_type().split_off(5), error: None },
    ];
    for echo in ECHOES {
        for independent in [false, true] {
            let back = echoed(&world, echo, to_batch(&sent, independent)).await;
            assert_eq!(records(&back), sent, "{echo}");
            assert_eq!(back.independent(), independent, "{echo}");
        }
    }
}

#[tokio::test]
async fn shared_metadata_and_a_part_of_a_batch_come_back() {
    let world = World::of(&["echo"]).await;
    let shared = [("topic".to_owned(), Value::Text("orders")), ("partition".to_owned(), Value::Signed(3))];
    let whole = batch(&["a", "b", "c", "d"]).with_metadata(&shared);
    let parts = [whole.slice(1, 3).unwrap(), whole.select(&[3, 3, 0]).unwrap()];
    for echo in ECHOES {
        for sent in parts.iter().chain([&Batch::concatenate(&parts).unwrap()]) {
            assert_eq!(records(&echoed(&world, echo, sent.clone()).await), records(sent), "{echo}");
        }
    }
}

#[tokio::test]
async fn an_empty_batch_comes_back() {
    let world = World::of(&["echo"]).await;
    for echo in ECHOES {
        assert_eq!(echoed(&world, echo, batch(&[])).await.len(), 0, "{echo}");
    }
}

#[tokio::test]
async fn a_handle_costs_no_copy() {
    let world = World::of(&["echo"]).await;
    let sent = batch(&["a", "b"]);
    let mask = ColumnId::PAYLOAD.bit();
    let back = echoed(&world, "echo", sent.clone()).await;
    assert_eq!(back.block(mask).as_ptr(), sent.block(mask).as_ptr());
}

#[tokio::test]
async fn a_field_is_added() {
    let world = World::of(&["echo"]).await;
    let mut processor = world.processor("add", json!({"field": "b", "value": "x"})).await;
    let result = only(processor.process(batch(&[r#"{"a":1}"#, "no JSON"])).await.unwrap());
    assert_eq!(texts(&result.batch), [r#"{"a":1,"b":"x"}"#, "no JSON"]);
    assert_eq!(result.origins, Origins::Same);
    let flagged: Vec<_> = result.batch.iter().map(|message| message.error().is_some()).collect();
    assert_eq!(flagged, [false, true]);
}

#[tokio::test]
async fn nothing_is_a_result_too() {
    let world = World::of(&["echo"]).await;
    let mut processor = world.processor("nothing", json!({})).await;
    match processor.process(batch(&["a"])).await.unwrap() {
        Processing::Done(results) => assert!(results.is_empty()),
        Processing::Pending(_) => panic!("it waits"),
    }
}

fn value() -> impl Strategy<Value = MetadataValue> {
    prop_oneof![
        Just(MetadataValue::Null),
        any::<bool>().prop_map(MetadataValue::Bool),
        any::<i64>().prop_map(MetadataValue::Signed),
        any::<u64>().prop_map(MetadataValue::Unsigned),
        (-1e300..1e300_f64).prop_map(MetadataValue::Float),
        "\\PC{0,8}".prop_map(MetadataValue::Text),
        vec(any::<u8>(), 0..8).prop_map(MetadataValue::Bytes),
        (any::<i64>(), 0..1_000_000_000_u32)
            .prop_map(|(seconds, nanoseconds)| MetadataValue::Timestamp { seconds, nanoseconds }),
        Just(MetadataValue::Json("[1,null]".to_owned())),
    ]
}

fn any_record() -> impl Strategy<Value = Record> {
    let payload = proptest::option::weighted(0.9, vec(any::<u8>(), 0..40));
    let metadata = btree_map("[a-e]{1,2}", value(), 0..4);
    let error = proptest::option::weighted(0.2, "\\PC{0,8}");
    (payload, metadata, error).prop_map(|(payload, metadata, error)| Record {
        payload,
        metadata: metadata.into_iter().collect(),
        error,
    })
}

#[test]
fn any_batch_comes_back() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let world = runtime.block_on(World::of(&["echo"]));
    let opened: Vec<_> =
        ECHOES.iter().map(|echo| runtime.block_on(world.processor(echo, json!({})))).collect();
    let processors = std::cell::RefCell::new(opened);
    proptest!(|(sent in vec(any_record(), 0..30), independent: bool)| {
        for (echo, processor) in ECHOES.iter().zip(&mut *processors.borrow_mut()) {
            let back = runtime.block_on(process(&mut **processor, to_batch(&sent, independent))).unwrap();
            prop_assert_eq!(&records(&back), &sent, "{}", echo);
            prop_assert!(back.is_empty() || back.independent() == independent, "{}", echo);
        }
    });
}
