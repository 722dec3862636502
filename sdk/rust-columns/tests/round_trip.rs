//! What is written is read back, and bytes that break the layout are refused, never a panic.

use forebay_columns::{Block, BlockWriter, MetadataWriter, SparseWriter, Value};
use proptest::collection::vec;
use proptest::prelude::*;

#[derive(Debug, Clone)]
struct Message {
    payload: Option<Vec<u8>>,
    metadata: Vec<(String, Owned)>,
    error: Option<String>,
    trace: Option<String>,
}

#[derive(Debug, Clone)]
enum Owned {
    Null,
    Bool(bool),
    Signed(i64),
    Unsigned(u64),
    Float(f64),
    Text(String),
    Bytes(Vec<u8>),
    Timestamp(i64, u32),
    Json(String),
}

impl Owned {
    fn value(&self) -> Value<'_> {
        match self {
            Self::Null => Value::Null,
            Self::Bool(value) => Value::Bool(*value),
            Self::Signed(value) => Value::Signed(*value),
            Self::Unsigned(value) => Value::Unsigned(*value),
            Self::Float(value) => Value::Float(*value),
            Self::Text(text) => Value::Text(text),
            Self::Bytes(bytes) => Value::Bytes(bytes),
            Self::Timestamp(seconds, nanoseconds) => {
                Value::Timestamp { seconds: *seconds, nanoseconds: *nanoseconds }
            }
            Self::Json(text) => Value::Json(text),
        }
    }
}

fn value() -> impl Strategy<Value = Owned> {
    prop_oneof![
        Just(Owned::Null),
        any::<bool>().prop_map(Owned::Bool),
        any::<i64>().prop_map(Owned::Signed),
        any::<u64>().prop_map(Owned::Unsigned),
        (-1e300..1e300_f64).prop_map(Owned::Float),
        "\\PC{0,8}".prop_map(Owned::Text),
        vec(any::<u8>(), 0..8).prop_map(Owned::Bytes),
        (any::<i64>(), 0..1_000_000_000_u32)
            .prop_map(|(seconds, nanoseconds)| Owned::Timestamp(seconds, nanoseconds)),
        Just(Owned::Json("[1]".to_owned())),
    ]
}

fn message() -> impl Strategy<Value = Message> {
    let metadata = proptest::collection::btree_map("[a-e]{1,2}", value(), 0..4);
    let text = || proptest::option::weighted(0.2, "\\PC{0,8}");
    (proptest::option::weighted(0.9, vec(any::<u8>(), 0..40)), metadata, text(), text()).prop_map(
        |(payload, metadata, error, trace)| Message {
            payload,
            metadata: metadata.into_iter().collect(),
            error,
            trace,
        },
    )
}

fn write(messages: &[Message], announced: usize) -> Vec<u8> {
    let mut writer = BlockWriter::with_capacity(announced, 0);
    let mut metadata = MetadataWriter::default();
    for (index, message) in messages.iter().enumerate() {
        match &message.payload {
            Some(payload) => writer.push(payload),
            None => writer.push_null(),
        }
        message.metadata.iter().for_each(|(key, value)| metadata.push(key, value.value()));
        metadata.end_message();
        if let Some(error) = &message.error {
            writer.push_error(index, error);
        }
        if let Some(trace) = &message.trace {
            writer.push_trace(index, trace);
        }
    }
    writer.set_metadata(metadata);
    writer.finish()
}

proptest! {
    #[test]
    fn what_is_written_is_read_back(messages in vec(message(), 0..40), announced in 0..60_usize) {
        let bytes = write(&messages, announced);
        let block = Block::parse(&bytes).unwrap();
        block.check().unwrap();
        prop_assert_eq!(block.messages() as usize, messages.len());
        let (payload, nulls) = (block.payload().unwrap(), block.nulls().unwrap());
        let (metadata, errors, traces) = (block.metadata().unwrap(), block.errors().unwrap(), block.traces().unwrap());
        for (index, message) in messages.iter().enumerate() {
            let null = nulls.is_some_and(|nulls| nulls.get(index));
            prop_assert_eq!((!null).then(|| payload.get(index)), message.payload.as_deref());
            let entries: Vec<_> = metadata.entries(index).collect();
            let expected: Vec<_> = message.metadata.iter().map(|(key, value)| (key.as_str(), value.value())).collect();
            prop_assert_eq!(entries, expected);
            for (key, value) in &message.metadata {
                prop_assert_eq!(metadata.get(index, key), Some(value.value()));
            }
            prop_assert_eq!(errors.and_then(|errors| errors.get(index)), message.error.as_deref());
            prop_assert_eq!(traces.and_then(|traces| traces.get(index)), message.trace.as_deref());
        }
    }

    #[test]
    fn damaged_bytes_never_panic(
        messages in vec(message(), 0..10),
        damage in vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        cut in any::<prop::sample::Index>(),
    ) {
        let mut bytes = write(&messages, messages.len());
        for (at, byte) in damage {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        bytes.truncate(cut.index(bytes.len() + 1));
        if let Ok(block) = Block::parse(&bytes) && block.check().is_ok() {
            // What was accepted can be read.
            let metadata = block.metadata().unwrap();
            for index in 0..block.messages().min(1_000) as usize {
                let _ = metadata.entries(index).count();
                if let Ok(payload) = block.payload() {
                    let _ = payload.get(index);
                }
            }
        }
    }
}

#[test]
fn the_layout_is_the_documented_one() {
    let mut writer = BlockWriter::with_capacity(2, 0);
    writer.push(b"ab");
    writer.push_null();
    let bytes = writer.finish();
    // magic, 2 messages, 2 columns, no flags; then id, offset, length, reserved of each
    assert_eq!(&bytes[..16], b"FBC1\x02\0\0\0\x02\0\0\0\0\0\0\0");
    let block = Block::parse(&bytes).unwrap();
    let columns: Vec<_> =
        block.columns().iter().map(|entry| (entry.id.number(), &bytes[entry.range.clone()])).collect();
    assert_eq!(columns, [(1, b"\x02\0\0\0\x02\0\0\0ab".as_slice()), (2, &[0b10])]);
}

#[test]
fn a_shared_entry_is_hidden_by_a_message_of_its_own() {
    let mut writer = BlockWriter::with_capacity(2, 0);
    writer.push(b"");
    writer.push(b"");
    let mut metadata = MetadataWriter::default();
    metadata.push_shared("a", Value::Signed(1));
    metadata.push("a", Value::Signed(2));
    metadata.end_message();
    writer.set_metadata(metadata);
    let bytes = writer.finish();
    let metadata = Block::parse(&bytes).unwrap().metadata().unwrap();
    assert_eq!(metadata.entries(0).collect::<Vec<_>>(), [("a", Value::Signed(2))]);
    assert_eq!(metadata.entries(1).collect::<Vec<_>>(), [("a", Value::Signed(1))]);
    assert_eq!(metadata.get(0, "a"), Some(Value::Signed(2)));
}

#[test]
fn ends_that_fall_are_refused_by_name() {
    let mut writer = BlockWriter::with_capacity(2, 0);
    writer.push(b"ab");
    writer.push(b"c");
    let mut bytes = writer.finish();
    let start = Block::parse(&bytes).unwrap().columns()[0].range.start;
    bytes[start + 4] = 1;
    let error = Block::parse(&bytes).unwrap().check().unwrap_err().to_string();
    assert_eq!(error, "malformed columns: payload: end 1 of entry 1 is before 2");
}

#[test]
#[should_panic = "indexes of texts rise, 1 does not"]
fn texts_are_written_in_order() {
    let mut texts = SparseWriter::default();
    texts.push(1, "first");
    texts.push(1, "again");
}
