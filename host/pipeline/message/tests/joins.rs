//! What is put together column by column has the same messages as before.

#![expect(clippy::unwrap_used, reason = "a test that can't go on fails")]

use bytes::Bytes;
use forebay_columns::{Block, BlockWriter, mask};
use forebay_pipeline_message::{Batch, ColumnId, MetadataWriter, Origins, Value};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;

type Entries = Vec<(String, Owned)>;

#[derive(Debug, Clone, PartialEq)]
enum Owned {
    Null,
    Bool(bool),
    Signed(i64),
    Text(String),
    Bytes(Vec<u8>),
}

impl Owned {
    fn value(&self) -> Value<'_> {
        match self {
            Self::Null => Value::Null,
            Self::Bool(value) => Value::Bool(*value),
            Self::Signed(value) => Value::Signed(*value),
            Self::Text(text) => Value::Text(text),
            Self::Bytes(bytes) => Value::Bytes(bytes),
        }
    }
}

#[derive(Debug, Clone)]
struct Written {
    payload: Option<Vec<u8>>,
    own: Entries,
    error: Option<String>,
    trace: Option<String>,
}

/// What all messages share, and the messages.
type Part = (Entries, Vec<Written>);

fn entries(most: usize) -> impl Strategy<Value = Entries> {
    // Few keys and few values: they are to be shared in one part, a message's own in another, and the same in several.
    let value = prop_oneof![
        Just(Owned::Null),
        any::<bool>().prop_map(Owned::Bool),
        (0..2_i64).prop_map(Owned::Signed),
        "[a-z\u{e4}]{0,4}".prop_map(Owned::Text),
        vec(any::<u8>(), 0..4).prop_map(Owned::Bytes),
    ];
    let keys = proptest::sample::subsequence(vec!["a", "b", "c", "topic", "\u{e9}"], 0..=most).prop_shuffle();
    keys.prop_flat_map(move |keys| {
        let values = vec(value.clone(), keys.len());
        values.prop_map(move |values| keys.iter().map(ToString::to_string).zip(values).collect())
    })
}

fn part() -> impl Strategy<Value = Part> {
    let text = || proptest::option::weighted(0.2, "[a-z\u{e4}]{0,5}");
    let payload = proptest::option::weighted(0.9, vec(any::<u8>(), 0..12));
    let message = (payload, entries(3), text(), text());
    let message = message.prop_map(|(payload, own, error, trace)| Written { payload, own, error, trace });
    let shared = prop_oneof![
        entries(3),
        Just(Entries::new()),
        Just(vec![("topic".to_owned(), Owned::Signed(1)), ("a".to_owned(), Owned::Signed(0))]),
    ];
    (shared, vec(message, 0..8), any::<bool>()).prop_map(|(shared, mut messages, own)| {
        if !own {
            messages.iter_mut().for_each(|message| message.own.clear());
        }
        (shared, messages)
    })
}

fn batch((shared, messages): &Part) -> Batch {
    let mut writer = BlockWriter::with_capacity(messages.len(), 0);
    let mut metadata = MetadataWriter::default();
    shared.iter().for_each(|(key, value)| metadata.push_shared(key, value.value()));
    for (index, message) in messages.iter().enumerate() {
        match &message.payload {
            Some(payload) => writer.push(payload),
            None => writer.push_null(),
        }
        message.own.iter().for_each(|(key, value)| metadata.push(key, value.value()));
        metadata.end_message();
        if let Some(error) = &message.error {
            writer.push_error(index, error);
        }
        if let Some(trace) = &message.trace {
            writer.push_trace(index, trace);
        }
    }
    if !metadata.is_empty() {
        writer.set_metadata(metadata);
    }
    Batch::from_writer(writer)
}

/// All that there is of the messages, one by one.
fn read(batch: &Batch) -> Vec<String> {
    let message = |message: forebay_pipeline_message::Message<'_>| {
        let entries: Vec<_> = message.metadata_entries().collect();
        for (key, value) in &entries {
            assert_eq!(message.metadata(key), Some(*value), "{key}");
        }
        format!("{:?} {entries:?} {:?} {:?}", message.payload(), message.error(), message.trace())
    };
    batch.iter().map(message).collect()
}

/// Some messages of several parts, chosen twice.
fn scattered() -> impl Strategy<Value = Batch> {
    let picks = || (any::<bool>(), vec(any::<Index>(), 0..12), any::<Index>(), any::<Index>());
    let part = (part(), picks()).prop_map(|(part, picks)| pick(&batch(&part), picks));
    (vec(part, 0..5), picks()).prop_map(|(parts, picks)| {
        let all = Batch::concatenate(&parts).unwrap();
        pick(&all, picks)
    })
}

fn pick(batch: &Batch, (any, each, start, end): (bool, Vec<Index>, Index, Index)) -> Batch {
    let (start, end) = (start.index(batch.len() + 1), end.index(batch.len() + 1));
    if !any || batch.is_empty() {
        return batch.slice(start.min(end), start.max(end)).unwrap();
    }
    let each: Vec<u32> = each.iter().map(|index| u32::try_from(index.index(batch.len())).unwrap()).collect();
    batch.select(&each).unwrap()
}

proptest! {
    #[test]
    fn a_block_of_several_parts_has_their_messages(batch in scattered(), wanted in 0..32_u32) {
        let block = batch.block(u32::MAX);
        if batch.is_scattered() {
            prop_assert!(block.len() <= batch.written_size(), "{} > {}", block.len(), batch.written_size());
        }
        let again = Batch::from_block(block).unwrap();
        prop_assert_eq!(read(&again), read(&batch));

        // A block of some columns has those, as they are in one of all.
        let wanted = wanted << 1;
        let some = batch.block(wanted);
        let parsed = Block::parse(&some).unwrap();
        parsed.check().unwrap();
        prop_assert_eq!(parsed.messages() as usize, batch.len());
        let all = batch.block(u32::MAX);
        let all = Block::parse(&all).unwrap();
        for id in [ColumnId::PAYLOAD, ColumnId::NULLS, ColumnId::METADATA, ColumnId::ERRORS, ColumnId::TRACES] {
            if wanted & id.bit() != 0 {
                prop_assert_eq!(parsed.column(id), all.column(id));
            }
        }
    }

    #[test]
    fn what_is_derived_of_several_parts_keeps_what_is_not_replaced(batch in scattered()) {
        let mut writer = BlockWriter::with_capacity(0, 0);
        (0..batch.len()).for_each(|_| writer.push(b"new"));
        let derived = batch.derive(writer.finish().into(), &Origins::Same, usize::MAX).unwrap();
        let expected = batch.block(mask(&[ColumnId::METADATA, ColumnId::ERRORS, ColumnId::TRACES]));
        let expected = replaced(&expected, batch.len());
        prop_assert_eq!(read(&derived), read(&expected));
        // Nothing is replaced at all.
        let same = BlockWriter::without_payload(batch.len()).finish();
        prop_assert_eq!(read(&batch.derive(same.into(), &Origins::Same, usize::MAX).unwrap()), read(&batch));
    }

    #[test]
    fn what_all_parts_share_stays_shared(parts in vec(vec(any::<u8>(), 1..4), 2..5)) {
        let shared = vec![("topic".to_owned(), Owned::Text("t".into()))];
        let written = |payload: &[u8]| Written { payload: Some(payload.to_vec()), own: vec![], error: None, trace: None };
        let parts: Vec<_> = parts
            .iter()
            .enumerate()
            .map(|(index, part)| {
                let mut shared = shared.clone();
                shared.push(("partition".to_owned(), Owned::Signed(i64::try_from(index).unwrap())));
                batch(&(shared, part.iter().map(|byte| written(&[*byte])).collect()))
            })
            .collect();
        let all = Batch::concatenate(&parts).unwrap();
        let block = all.block(u32::MAX);
        let metadata = Block::parse(&block).unwrap().metadata().unwrap();
        prop_assert_eq!(metadata.shared_entries().collect::<Vec<_>>(), [("topic", Value::Text("t"))]);
        prop_assert_eq!(read(&Batch::from_block(block.clone()).unwrap()), read(&all));
    }
}

/// The messages of a block, with other payloads.
fn replaced(block: &[u8], length: usize) -> Batch {
    let parsed = Block::parse(block).unwrap();
    let mut payload = Vec::new();
    (1..=length).for_each(|end| payload.extend_from_slice(&(u32::try_from(end).unwrap() * 3).to_le_bytes()));
    payload.extend_from_slice(&b"new".repeat(length));
    let mut columns = vec![(ColumnId::PAYLOAD, payload.as_slice())];
    let ids = [ColumnId::METADATA, ColumnId::ERRORS, ColumnId::TRACES];
    columns.extend(ids.iter().filter_map(|id| Some((*id, parsed.column(*id)?))));
    Batch::from_block(Bytes::from(forebay_columns::assemble(parsed.messages(), false, &columns))).unwrap()
}

#[test]
fn a_message_of_many_takes_only_its_own_keys_along() {
    const MANY: usize = 1_000;
    let message = |index: usize| Written {
        payload: Some(vec![]),
        own: vec![(format!("key {index}"), Owned::Null)],
        error: None,
        trace: None,
    };
    let all = batch(&(vec![("shared".to_owned(), Owned::Null)], (0..MANY).map(message).collect()));
    let one = all.slice(MANY / 2, MANY / 2 + 1).unwrap();
    let block = one.block(u32::MAX);
    assert!(block.len() < 300, "{} bytes", block.len());
    assert_eq!(read(&Batch::from_block(block).unwrap()), read(&one));
}

#[test]
fn messages_hide_what_is_no_longer_shared() {
    let signed = |key: &str, value| (key.to_owned(), Owned::Signed(value));
    let message = |own| Written { payload: Some(vec![]), own, error: None, trace: None };
    let first = vec![message(vec![signed("b", 3), signed("c", 4)]), message(vec![])];
    let parts = [
        batch(&(vec![signed("a", 1), signed("b", 2)], first)),
        batch(&(vec![signed("a", 1), signed("c", 5)], vec![message(vec![signed("a", 6)])])),
    ];
    let all = Batch::concatenate(&parts).unwrap();
    let again = Batch::from_block(all.block(u32::MAX)).unwrap();
    let get = |key: &str| -> Vec<_> { again.iter().map(|message| message.metadata(key)).collect() };
    let found = |values: [i64; 3]| values.map(|value| (value != 0).then_some(Value::Signed(value)));
    assert_eq!(get("a"), found([1, 1, 6]));
    assert_eq!(get("b"), found([3, 2, 0]));
    assert_eq!(get("c"), found([4, 0, 5]));
    assert_eq!(read(&again), read(&all));
}

#[test]
fn very_many_parts_of_few_blocks_are_counted_with_what_is_kept_for_them() {
    const PARTS: usize = 100_000;
    let message = || Written { payload: Some(vec![]), own: vec![], error: None, trace: None };
    let two = || batch(&(vec![], vec![message(), message()]));
    let all = Batch::concatenate(&[two(), two()]).unwrap();
    let alternating: Vec<u32> = (0..PARTS).map(|index| if index % 2 == 0 { 0 } else { 2 }).collect();
    let parts = all.select(&alternating).unwrap();
    let kept = PARTS * size_of::<u32>();
    let least = parts.block(u32::MAX).len() + kept;
    assert!(parts.written_size() >= least, "{} < {least}", parts.written_size());
    // No tables for each part.
    assert!(parts.written_size() < PARTS * 16, "{}", parts.written_size());
}

#[test]
fn a_long_key_counts_for_every_entry_that_is_written_out() {
    let key = "k".repeat(10_000);
    let message =
        || Written { payload: Some(vec![]), own: vec![(key.clone(), Owned::Null)], error: None, trace: None };
    let whole = batch(&(vec![], (0..100).map(|_| message()).collect()));
    assert!(whole.block(u32::MAX).len() < 20_000);
    for batch in [whole.slice(0, 99).unwrap(), whole] {
        assert!(batch.written_size() >= batch.len() * key.len(), "{}", batch.written_size());
    }
}

#[test]
#[should_panic = "a batch has payloads"]
fn a_batch_is_not_made_of_a_block_without_payloads() {
    let _ = Batch::from_writer(BlockWriter::without_payload(1));
}
