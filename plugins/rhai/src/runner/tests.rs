use forebay_sdk::{BlockWriter, MetadataWriter, Origins, Value, testing};

use super::{Batch, Form, Processed, Runner};

fn run(source: &str, batch: &Batch) -> Processed {
    Runner::compile(source, Form::Mapping).expect("it compiles").run(batch)
}

const TIME: Value<'_> = Value::Timestamp { seconds: 951_782_400, nanoseconds: 0 };

fn with_metadata(payloads: &[&str]) -> Batch {
    let mut block = BlockWriter::with_capacity(payloads.len(), 0);
    let mut metadata = MetadataWriter::default();
    metadata.push_shared("topic", Value::Text("orders"));
    metadata.push_shared("at", TIME);
    metadata.push_shared("large", Value::Unsigned(u64::MAX));
    metadata.push_shared("list", Value::Json("[1, 2]"));
    for payload in payloads {
        block.push(payload.as_bytes());
        metadata.end_message();
    }
    block.set_metadata(metadata);
    Batch::from_block(block)
}

#[test]
fn scripts_make_new_content_and_keep_metadata() {
    let batch = with_metadata(&[r#"{"a":1}"#, r#"{"a":2}"#]);
    let result = run("doc = #{b: doc.a + 1}", &batch);
    assert_eq!(result.origins, Origins::Same);
    assert_eq!(testing::texts(&result.batch), [r#"{"b":2}"#, r#"{"b":3}"#]);
    assert_eq!(result.batch.message(1).metadata("topic"), Some(Value::Text("orders")));
}

#[test]
fn dropped_messages_are_missing_in_the_origins() {
    let result = run("if doc == 2 { drop() }", &Batch::from_payloads(["1", "2", "3"]));
    assert_eq!(result.origins, Origins::Each(vec![0, 2]));
    assert_eq!(testing::texts(&result.batch), ["1", "3"]);
}

#[test]
fn a_message_that_fails_is_flagged_and_unchanged() {
    let batch = Batch::from_payloads([r#"{"a":1}"#, "{ \"a\" : 0 }", r#"{"a":4}"#]);
    let result = run("meta.x = 1; doc = 8 / doc.a", &batch);
    assert_eq!(testing::texts(&result.batch), ["8", "{ \"a\" : 0 }", "2"]);
    let message = result.batch.message(1);
    assert_eq!(message.error(), Some("Division by zero: 8 / 0 (line 1, column 21)"));
    assert_eq!((message.metadata("x"), result.batch.message(2).error()), (None, None));
}

#[test]
fn metadata_that_is_not_changed_keeps_its_type() {
    let source = "meta.remove(\"topic\"); meta.n = 5; meta.f = 0.5; meta.b = true; meta.o = #{x: [1]}; meta.u = ();
        meta.c = 'c'; meta.bytes = blob(1, 0xff); if meta.at == \"2000-02-29T00:00:00Z\" { meta.s = \"\" + meta.list[1] }";
    let result = run(source, &with_metadata(&["text"]));
    let message = result.batch.message(0);
    assert_eq!((message.error(), message.bytes()), (None, &b"text"[..]));
    for (key, value) in [
        ("topic", None),
        ("at", Some(TIME)),
        ("large", Some(Value::Unsigned(u64::MAX))),
        ("list", Some(Value::Json("[1, 2]"))),
        ("n", Some(Value::Signed(5))),
        ("f", Some(Value::Float(0.5))),
        ("b", Some(Value::Bool(true))),
        ("o", Some(Value::Json("{\"x\":[1]}"))),
        ("u", Some(Value::Null)),
        ("c", Some(Value::Text("c"))),
        ("bytes", Some(Value::Bytes(&[0xff]))),
        ("s", Some(Value::Text("2"))),
    ] {
        assert_eq!(message.metadata(key), value, "{key}");
    }
}

#[test]
fn metadata_that_can_not_be_written_fails_the_message() {
    let result = run("doc = 1; meta.f = |x| x", &with_metadata(&["{}"]));
    let message = result.batch.message(0);
    assert_eq!(message.error(), Some("metadata f: a value of type Fn can't stand in a document"));
    assert_eq!((message.bytes(), message.metadata("f")), (&b"{}"[..], None));
}

#[test]
fn a_tombstone_has_no_payload() {
    let result = run("if payload == \"x\" { payload = () }", &Batch::from_payloads(["x", "y"]));
    assert_eq!(result.batch.message(0).payload(), None);
    assert_eq!(result.batch.message(1).payload(), Some(&b"y"[..]));
}

#[test]
fn independent_messages_are_batches_of_their_own() {
    let batch = Batch::from_payloads(["a", "b"]);
    let source = "payload = `${batch_index} of ${batch_size}`";
    assert_eq!(testing::texts(&run(source, &batch).batch), ["0 of 2", "1 of 2"]);
    assert_eq!(testing::texts(&run(source, &batch.with_independent(true)).batch), ["0 of 1", "0 of 1"]);
}

#[test]
fn scripts_of_one_instance_do_not_see_each_other() {
    let mut one = Runner::compile("let x = content(); payload = x + x", Form::Mapping).expect("it compiles");
    let mut other =
        Runner::compile("is_def_var(\"x\") || content() != \"b\"", Form::Query).expect("it compiles");
    let first = one.run(&Batch::from_payloads(["a"]));
    assert_eq!(testing::texts(&other.evaluate(&Batch::from_payloads(["b"]))), ["false"]);
    assert_eq!(testing::texts(&first.batch), ["aa"]);
}
