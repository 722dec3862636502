use forebay_sdk::{BlockWriter, MetadataWriter, Origins, Value, testing};

use super::{Batch, Form, Processed, Runner};

fn run(source: &str, form: Form, batch: &Batch) -> Processed {
    Runner::compile(source, form).expect("it compiles").run(batch)
}

fn with_metadata(payloads: &[&str]) -> Batch {
    let mut block = BlockWriter::with_capacity(payloads.len(), 0);
    let mut metadata = MetadataWriter::default();
    metadata.push_shared("topic", Value::Text("orders"));
    for payload in payloads {
        block.push(payload.as_bytes());
        metadata.end_message();
    }
    block.set_metadata(metadata);
    Batch::from_block(block)
}

#[test]
fn a_mapping_makes_new_content_and_keeps_metadata() {
    let batch = with_metadata(&[r#"{"a":1}"#, r#"{"a":2}"#]);
    let result = run("root.b = this.a + 1", Form::Mapping, &batch);
    assert_eq!(result.origins, Origins::Same);
    assert_eq!(testing::texts(&result.batch), [r#"{"b":2}"#, r#"{"b":3}"#]);
    assert_eq!(result.batch.message(1).metadata("topic"), Some(Value::Text("orders")));
}

#[test]
fn deleted_messages_are_missing_in_the_origins() {
    let batch = Batch::from_payloads(["1", "2", "3"]);
    let result = run("root = if this == 2 { deleted() }", Form::Mapping, &batch);
    assert_eq!(result.origins, Origins::Each(vec![0, 2]));
    assert_eq!(testing::texts(&result.batch), ["1", "3"]);
}

#[test]
fn a_message_that_fails_is_flagged_and_unchanged() {
    let batch = Batch::from_payloads([r#"{"a":1}"#, "no json", r#"{"a":3}"#]);
    let result = run("root = this.a", Form::Mapping, &batch);
    assert_eq!(testing::texts(&result.batch), ["1", "no json", "3"]);
    assert!(result.batch.message(1).error().is_some());
    assert!(result.batch.message(2).error().is_none());
}

#[test]
fn metadata_alone_leaves_the_content() {
    let batch = with_metadata(&["x"]);
    let result = run("meta size = 5\nmeta list = [1]", Form::Mutation, &batch);
    let message = result.batch.message(0);
    assert_eq!(message.bytes(), b"x");
    assert_eq!(message.metadata("size"), Some(Value::Signed(5)));
    assert_eq!(message.metadata("list"), Some(Value::Json("[1]")));
    assert_eq!(message.metadata("topic"), Some(Value::Text("orders")));
}

#[test]
fn independent_messages_do_not_see_each_other() {
    let batch = Batch::from_payloads(["a", "b"]);
    let source = "root = batch_size()";
    assert_eq!(testing::texts(&run(source, Form::Mapping, &batch).batch), ["2", "2"]);
    let batch = batch.with_independent(true);
    let result = run(source, Form::Mapping, &batch).batch;
    assert_eq!(testing::texts(&result), ["1", "1"]);
    assert!(result.independent());
}

#[test]
fn the_trace_of_a_message_is_seen_and_stays() {
    const TRACE: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    let mut block = BlockWriter::with_capacity(2, 0);
    block.push(b"{}");
    block.push(b"{}");
    block.push_trace(1, TRACE);
    let batch = Batch::from_block(block);
    let result = run("root = [tracing_span(), tracing_id()]", Form::Mapping, &batch).batch;
    let expected = [
        r#"[{},"00000000000000000000000000000000"]"#.to_owned(),
        format!(r#"[{{"traceparent":"{TRACE}"}},"4bf92f3577b34da6a3ce929d0e0e4736"]"#),
    ];
    assert_eq!(testing::texts(&result), expected);
    assert_eq!((result.message(0).trace(), result.message(1).trace()), (None, Some(TRACE)));
}
