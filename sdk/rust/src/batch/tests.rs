use forebay_columns::MetadataWriter;
use proptest::prelude::*;

use super::{Batch, BlockWriter, Origins, Processed};
use crate::{Error, Value};

/// A message as plain data, to compare with.
#[derive(Debug, Clone, PartialEq)]
struct Model {
    payload: Option<String>,
    metadata: Vec<(String, String)>,
    error: Option<String>,
}

/// What is done to a message.
#[derive(Debug, Clone)]
enum Step {
    Keep,
    Drop,
    Write(String),
    WriteThenKeep(String),
    Tombstone,
    Flag(String),
    ClearError,
    Metadata(Vec<(String, String)>),
    All(String, String),
}

fn batch_of(models: &[Model]) -> Batch {
    let mut block = BlockWriter::with_capacity(0, 0);
    let mut metadata = MetadataWriter::default();
    for (index, model) in models.iter().enumerate() {
        match &model.payload {
            Some(payload) => block.push(payload.as_bytes()),
            None => block.push_null(),
        }
        for (key, value) in &model.metadata {
            metadata.push(key, Value::Text(value));
        }
        metadata.end_message();
        if let Some(error) = &model.error {
            block.push_error(index, error);
        }
    }
    block.set_metadata(metadata);
    Batch::from_block(block)
}

fn models_of(batch: &Batch) -> Vec<Model> {
    let model = |message: super::Message<'_>| Model {
        payload: message.payload().map(|payload| String::from_utf8_lossy(payload).into_owned()),
        metadata: message
            .metadata_entries()
            .map(|(key, value)| match value {
                Value::Text(text) => (key.to_owned(), text.to_owned()),
                other => panic!("no text: {other:?}"),
            })
            .collect(),
        error: message.error().map(str::to_owned),
    };
    batch.messages().map(model).collect()
}

/// The step on the writer, and on the model.
fn take(step: &Step, index: usize, model: &Model, writer: &mut super::BatchWriter<'_>) -> Option<Model> {
    let mut result = model.clone();
    match step {
        Step::Keep => {}
        Step::Drop => writer.drop_message(),
        Step::Write(text) => {
            writer.payload().extend_from_slice(text.as_bytes());
            result.payload = Some(text.clone());
        }
        Step::WriteThenKeep(text) => {
            writer.payload().extend_from_slice(text.as_bytes());
            writer.keep_payload();
        }
        Step::Tombstone => {
            writer.tombstone();
            result.payload = None;
        }
        Step::Flag(error) => {
            writer.flag(error);
            result.error = Some(error.clone());
        }
        Step::ClearError => {
            writer.clear_error();
            result.error = None;
        }
        Step::Metadata(entries) => {
            writer.replace_metadata(entries.iter().map(|(key, value)| (key, Value::Text(value))));
            result.metadata.clone_from(entries);
        }
        Step::All(payload, error) => {
            writer.payload().extend_from_slice(payload.as_bytes());
            writer.replace_metadata([("only", Value::Text("this"))]);
            writer.flag(error);
            result.payload = Some(payload.clone());
            result.metadata = vec![("only".to_owned(), "this".to_owned())];
            result.error = Some(error.clone());
        }
    }
    writer.end(index);
    (!matches!(step, Step::Drop)).then_some(result)
}

fn entries() -> impl Strategy<Value = Vec<(String, String)>> {
    prop::collection::btree_map("[a-c]", "[a-z]{0,3}", 0..3).prop_map(|map| map.into_iter().collect())
}

fn model() -> impl Strategy<Value = Model> {
    let parts =
        (prop::option::weighted(0.8, "[a-z]{0,6}"), entries(), prop::option::weighted(0.2, "[a-z]{1,4}"));
    parts.prop_map(|(payload, metadata, error)| Model { payload, metadata, error })
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => Just(Step::Keep),
        1 => Just(Step::Drop),
        4 => "[a-z]{0,6}".prop_map(Step::Write),
        1 => "[a-z]{0,6}".prop_map(Step::WriteThenKeep),
        1 => Just(Step::Tombstone),
        1 => "[a-z]{0,6}".prop_map(Step::Flag),
        1 => Just(Step::ClearError),
        1 => entries().prop_map(Step::Metadata),
        1 => ("[a-z]{0,6}", "[a-z]{1,6}").prop_map(|(payload, error)| Step::All(payload, error)),
    ]
}

proptest! {
    #[test]
    fn results_that_are_taken_back_leave_nothing(
        messages in prop::collection::vec((model(), step(), step()), 1..9),
        kept in 0..9_usize,
    ) {
        let models: Vec<Model> = messages.iter().map(|(model, ..)| model.clone()).collect();
        let batch = batch_of(&models);
        let mut writer = batch.writer();
        let mut expected: Vec<Model> = Vec::new();
        let first = |(index, (model, step, _)): (usize, &(Model, Step, Step))| take(step, index, model, &mut writer);
        expected.extend(messages.iter().enumerate().filter_map(first));
        writer.payload().extend_from_slice(b"half of");
        writer.truncate(kept);
        expected.truncate(kept);
        prop_assert_eq!(writer.results(), expected.len());
        for (index, (model, _, step)) in messages.iter().enumerate() {
            expected.extend(take(step, index, model, &mut writer));
        }
        prop_assert_eq!(models_of(&writer.finish().batch), expected);
    }

    #[test]
    fn a_writer_changes_what_it_was_told_and_nothing_else(
        messages in prop::collection::vec((model(), step()), 0..9),
    ) {
        let models: Vec<Model> = messages.iter().map(|(model, _)| model.clone()).collect();
        let batch = batch_of(&models);
        let mut writer = batch.writer();
        let mut expected = Vec::new();
        let mut origins = Vec::new();
        for (index, (model, step)) in messages.iter().enumerate() {
            if let Some(result) = take(step, index, model, &mut writer) {
                expected.push(result);
                origins.push(index);
            }
        }
        let result = writer.finish();
        prop_assert_eq!(models_of(&result.batch), expected);
        let wanted = if origins.len() == models.len() { Origins::Same } else { Origins::each(origins) };
        prop_assert_eq!(result.origins, wanted);
    }
}

#[test]
fn a_message_may_have_several_results() {
    let batch = Batch::from_payloads(["a", "b"]);
    let mut writer = batch.writer();
    writer.keep(1);
    writer.payload().extend_from_slice(b"x");
    writer.end(1);
    let Processed { batch, origins } = writer.finish();
    assert_eq!(crate::testing::texts(&batch), ["b", "x"]);
    assert_eq!(origins, Origins::Each(vec![1, 1]));
}

#[test]
fn an_error_of_a_closure_flags_the_message_alone() {
    let batch = Batch::from_payloads(["1", "x", "3"]);
    let result = batch.map(|message, writer| {
        writer.payload().extend_from_slice(b"half of ");
        let number: u32 = std::str::from_utf8(message.bytes())?.parse()?;
        writer.payload().extend_from_slice(number.to_string().as_bytes());
        Ok(())
    });
    assert_eq!(crate::testing::texts(&result.batch), ["half of 1", "x", "half of 3"]);
    assert_eq!(result.batch.message(1).error(), Some("invalid digit found in string"));
}

#[test]
fn a_filter_drops_on_purpose() {
    let result = Batch::from_payloads(["a", "", "c"]).filter(|message| !message.bytes().is_empty());
    assert_eq!(result.origins, Origins::Each(vec![0, 2]));
    let all = Batch::from_payloads(["a"]).filter(|_| true);
    assert_eq!(all.origins, Origins::Same);
}

#[test]
fn an_independent_batch_stays_one() {
    let batch = Batch::from_payloads(["a"]).with_independent(true);
    let copy = |message: super::Message<'_>, writer: &mut super::BatchWriter<'_>| -> Result<(), Error> {
        writer.payload().extend_from_slice(message.bytes());
        Ok(())
    };
    assert!(batch.map(copy).batch.independent());
    assert!(batch.slice(0..1).independent());
    assert!(!batch.with_independent(false).independent());
}

#[test]
fn little_room_is_made_ahead_however_long_the_source_is() {
    let batch = Batch::from_payloads([vec![b'x'; 8 << 20], Vec::new()]);
    // The first writer is there before the payloads are fetched, and the second one after that.
    for _ in 0..2 {
        let mut writer = super::BatchWriter::new(&batch);
        assert!(batch.message(0).payload().is_some());
        writer.payload().push(b'y');
        writer.end(0);
        assert!(writer.payload().capacity() < 2 << 20);
        writer.end(1);
        assert_eq!(writer.finish().batch.message(0).payload(), Some(b"y".as_slice()));
    }
    // Results that keep theirs are copied, and one after them is new.
    let mut writer = super::BatchWriter::new(&batch);
    writer.keep(1);
    writer.payload().push(b'y');
    writer.end(0);
    assert!(writer.payload().capacity() < 2 << 20);
}
