#![cfg(test)]

use forebay_avro::{Form, Found, Reader};
use forebay_sdk::{BlockWriter, MetadataWriter, Value, testing};
use serde_json::json;

use super::*;

const SCHEMA: &str = r#"{"type": "record", "name": "row", "fields": [
    {"name": "a", "type": "int"}, {"name": "b", "type": ["null", "string"], "default": null}]}"#;

fn open(config: &serde_json::Value) -> Encode {
    Encode::open(testing::config(config).expect("a configuration"), &Context::new("avro_encode"))
        .expect("opens")
}

/// The values of a file as plain JSON, and how many blocks it has.
fn rows(file: &[u8]) -> (Vec<String>, u64) {
    let mut reader = Reader::default();
    reader.push(file);
    let Ok(Found::Schema(schema)) = reader.step() else { panic!("no schema") };
    let (mut rows, mut blocks) = (Vec::new(), 0);
    while let Found::Block(block) = reader.step().expect("a file") {
        let mut left = block.bytes.as_slice();
        for _ in 0..block.count {
            let mut out = Vec::new();
            schema.read(&mut left, Form::Plain, 1000, &mut out).expect("a value");
            rows.push(String::from_utf8(out).expect("JSON"));
        }
        blocks = block.number;
    }
    reader.end().expect("whole");
    (rows, blocks)
}

#[test]
fn a_file_in_slices_has_the_same_values_as_one_of_a_batch() {
    let payloads: Vec<String> = (0..1_000).map(|row| format!(r#"{{"a":{row},"b":"row {row}"}}"#)).collect();
    for codec in ["null", "deflate", "snappy", "zstandard"] {
        let config = json!({"schema": SCHEMA, "codec": codec, "raw_json": true, "block_bytes": 1000});
        let mut encode = open(&config);
        let batch = Batch::from_payloads(payloads.iter());
        let (sink, bytes) = testing::sink();
        encode.begin(sink).expect("begins");
        for start in [0, 1, 500] {
            let end = if start == 0 {
                1
            } else if start == 1 {
                500
            } else {
                1_000
            };
            encode.add(&batch.slice(start..end)).expect("a slice");
        }
        encode.finish().expect("ends");
        let Ok(Processing::Done(results)) = encode.process(batch) else { panic!("not done") };
        let (whole, blocks) = rows(results[0].batch.message(0).bytes());
        assert_eq!(whole, payloads, "{codec}");
        assert!(blocks > 5, "{blocks}");
        assert_eq!(rows(&bytes.borrow()), (whole, blocks), "{codec}");
    }
}

#[test]
fn a_message_that_is_none_says_where_it_came_from() {
    let mut metadata = MetadataWriter::default();
    metadata.push("kafka_topic", Value::Text("t"));
    metadata.push("kafka_offset", Value::Signed(7));
    metadata.end_message();
    let mut block = BlockWriter::with_capacity(1, 10);
    block.push(br#"{"a":"x"}"#);
    block.set_metadata(metadata);
    let error = open(&json!({"schema": SCHEMA})).process(Batch::from_block(block)).expect_err("refused");
    assert_eq!(
        error.message(),
        "unable to encode message (kafka_topic t, kafka_offset 7) as Avro: field a: a string can't be an int"
    );
}

#[test]
fn unions_are_wrapped_unless_json_is_raw() {
    let mut encode = open(&json!({"schema": SCHEMA}));
    let Ok(Processing::Done(results)) =
        encode.process(Batch::from_payloads([r#"{"a":1,"b":{"string":"x"},"c":2}"#]))
    else {
        panic!("not done")
    };
    assert_eq!(rows(results[0].batch.message(0).bytes()).0, [r#"{"a":1,"b":"x"}"#]);
    let error = encode.process(Batch::from_payloads([r#"{"a":1,"b":"x"}"#])).expect_err("refused");
    assert!(
        error.message().contains("field b: a string: what is in a union is null, or an object"),
        "{error}"
    );
}
