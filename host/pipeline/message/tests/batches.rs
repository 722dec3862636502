//! A batch is the list of its messages, however it was put together.

#![expect(clippy::panic, reason = "a test that can't go on fails")]

use forebay_columns::BlockWriter;
use forebay_pipeline_message::{Batch, ColumnId, DeriveError, MetadataWriter, Origins, Value};
use proptest::collection::vec;
use proptest::prelude::*;

type Plain = (Option<Vec<u8>>, Vec<(String, i64)>, Option<String>);

fn plain() -> impl Strategy<Value = Plain> {
    let metadata = proptest::collection::btree_map("[a-c]", any::<i64>(), 0..3);
    let payload = proptest::option::weighted(0.9, vec(any::<u8>(), 0..12));
    (payload, metadata, proptest::option::weighted(0.2, "[a-z]{1,5}"))
        .prop_map(|(payload, metadata, error)| (payload, metadata.into_iter().collect(), error))
}

fn batch(messages: &[Plain]) -> Batch {
    let mut metadata = MetadataWriter::default();
    for (_, entries, _) in messages {
        entries.iter().for_each(|(key, value)| metadata.push(key, Value::Signed(*value)));
        metadata.end_message();
    }
    let errors =
        messages.iter().enumerate().filter_map(|(index, (_, _, error))| Some((index, error.as_deref()?)));
    Batch::from_parts(messages.iter().map(|(payload, _, _)| payload.as_deref()), true, metadata, errors)
}

fn read(batch: &Batch) -> Vec<Plain> {
    let entry = |(key, value): (&str, Value<'_>)| match value {
        Value::Signed(value) => (key.to_owned(), value),
        other => panic!("{other:?}"),
    };
    batch
        .iter()
        .map(|message| {
            let metadata = message.metadata_entries().map(entry).collect();
            (message.payload().map(<[u8]>::to_vec), metadata, message.error().map(str::to_owned))
        })
        .collect()
}

proptest! {
    #[test]
    fn slices_selections_and_joins_are_those_of_lists(
        left in vec(plain(), 1..12),
        right in vec(plain(), 0..12),
        picks in vec(any::<prop::sample::Index>(), 0..12),
        cut in any::<prop::sample::Index>(),
    ) {
        let joined = Batch::concatenate(&[batch(&left), batch(&right)]).unwrap();
        let list: Vec<Plain> = left.iter().chain(&right).cloned().collect();
        prop_assert_eq!(&read(&joined), &list);

        let picks: Vec<u32> = picks.iter().map(|pick| u32::try_from(pick.index(list.len())).unwrap()).collect();
        let selected = joined.select(&picks).unwrap();
        let expected: Vec<Plain> = picks.iter().map(|pick| list[*pick as usize].clone()).collect();
        prop_assert_eq!(&read(&selected), &expected);

        let cut = cut.index(expected.len() + 1);
        let sliced = selected.slice(cut, expected.len()).unwrap();
        prop_assert_eq!(read(&sliced), expected[cut..].to_vec());

        // Written out and read in again it is the same.
        let again = Batch::from_block(sliced.block(u32::MAX)).unwrap();
        prop_assert_eq!(read(&again), expected[cut..].to_vec());
    }

    #[test]
    fn a_derived_batch_takes_what_it_lacks_from_its_origins(
        source in vec(plain(), 1..12),
        picks in vec(any::<prop::sample::Index>(), 0..12),
        cut in any::<prop::sample::Index>(),
    ) {
        let cut = cut.index(source.len());
        let base = batch(&source).slice(cut, source.len()).unwrap();
        let picks: Vec<u32> = picks.iter().map(|pick| u32::try_from(pick.index(base.len())).unwrap()).collect();
        let mut writer = BlockWriter::with_capacity(0, 0);
        picks.iter().for_each(|_| writer.push(b"new"));
        let derived = base.derive(writer.finish().into(), &Origins::Each(picks.clone()), usize::MAX).unwrap();
        let expected: Vec<Plain> = picks
            .iter()
            .map(|pick| {
                let (_, metadata, error) = source[cut + *pick as usize].clone();
                (Some(b"new".to_vec()), metadata, error)
            })
            .collect();
        prop_assert_eq!(read(&derived), expected);
    }
}

#[test]
fn what_would_be_too_large_is_refused_before_it_is_made() {
    let base = batch(&[(Some(vec![0; 1000]), vec![], None)]);
    let rows = |count| bytes::Bytes::from(BlockWriter::without_payload(count).finish());
    for (count, origins) in [(u32::MAX as usize, Origins::Whole), (2000, Origins::Each(vec![0; 2000]))] {
        let refused = base.derive(rows(count), &origins, 1 << 20).unwrap_err();
        assert!(matches!(refused, DeriveError::TooLarge { .. }), "{refused}");
    }
    let fits = base.derive(rows(2), &Origins::Whole, 1 << 20).unwrap();
    assert_eq!(read(&fits).len(), 2);
    assert!(base.derive(rows(0), &Origins::Whole, 0).unwrap().is_empty());
}

#[test]
fn errors_are_replaced_and_taken_away() {
    let base =
        batch(&[(Some(b"a".to_vec()), vec![], None), (Some(b"b".to_vec()), vec![], Some("old".into()))]);
    let flagged = base.flagged("new");
    assert_eq!(flagged.errors(), Some(("new", 2)));
    assert_eq!(flagged.with_errors([]).errors(), None);
    assert_eq!(base.errors(), Some(("old", 1)));
}

#[test]
fn traces_are_replaced_and_taken_away() {
    let base = Batch::from_payloads([Some("a"), None, Some("c")], true);
    let traces = |batch: &Batch| {
        batch.iter().map(|message| message.trace().map(ToOwned::to_owned)).collect::<Vec<_>>()
    };
    let traced = base.with_traces([(0, "x"), (2, "z")]);
    assert_eq!(traces(&traced), [Some("x".to_owned()), None, Some("z".to_owned())]);
    // Also in a part of it, and those of before do not come back.
    let again = traced.slice(1, 3).unwrap().with_traces([(0, "y")]);
    assert_eq!(traces(&again), [Some("y".to_owned()), None]);
    assert_eq!(again.get(0).unwrap().payload(), None);
    let cleared = Batch::from_block(traced.with_traces([]).block(u32::MAX)).unwrap();
    assert_eq!(traces(&cleared), [None, None, None]);
}

#[test]
fn a_block_that_has_all_that_is_asked_for_is_handed_on_as_it_is() {
    let base = batch(&[(Some(b"a".to_vec()), vec![("k".into(), 1)], None)]);
    assert_eq!(base.block(u32::MAX).as_ptr(), base.block(ColumnId::PAYLOAD.bit()).as_ptr());
    // One that has an error that was taken away since is not.
    let cleared = base.flagged("x").with_errors([]);
    let again = Batch::from_block(cleared.block(ColumnId::PAYLOAD.bit())).unwrap();
    assert_eq!(again.errors(), None);
}

#[test]
fn metadata_is_added_to_every_message() {
    let base = batch(&[(Some(b"a".to_vec()), vec![("k".into(), 1)], None), (None, vec![], None)]);
    let entries = [("k".to_owned(), Value::Signed(2)), ("path".to_owned(), Value::Signed(3))];
    let added = read(&base.with_metadata(&entries));
    let expected = vec![("k".to_owned(), 2), ("path".to_owned(), 3)];
    assert_eq!(
        added.iter().map(|message| message.1.clone()).collect::<Vec<_>>(),
        [expected.clone(), expected]
    );
}

#[test]
fn what_was_put_together_is_marked_in_all_its_parts() {
    let part = |payload, independent| Batch::from_payloads([Some(payload)], independent);
    let mixed = Batch::concatenate(&[part("a", true), part("b", false)]).unwrap();
    assert!(!mixed.independent());
    let marked = mixed.with_independent(false);
    assert!(!marked.select(&[0]).unwrap().independent());
    let marked = mixed.with_independent(true);
    assert!(marked.independent() && marked.slice(1, 2).unwrap().independent());
    assert_eq!(marked.get(1).unwrap().payload(), Some(&b"b"[..]));
}
