#![cfg(test)]

use forebay_sdk::testing;
use serde_json::{Value, json};

use super::*;

const SCHEMA: &str = r#"{"type": "record", "name": "order", "namespace": "shop", "fields": [
    {"name": "id", "type": "long"},
    {"name": "note", "type": ["null", "string"], "default": null},
    {"name": "raw", "type": "bytes", "default": ""},
    {"name": "at", "type": {"type": "long", "logicalType": "timestamp-millis"}, "default": 0},
    {"name": "day", "type": {"type": "int", "logicalType": "date"}, "default": 0},
    {"name": "price", "type": {"type": "bytes", "logicalType": "decimal", "precision": 6, "scale": 2}, "default": "\u0000"},
    {"name": "state", "type": {"type": "enum", "name": "state", "symbols": ["NEW", "DONE"]}, "default": "NEW"},
    {"name": "tags", "type": {"type": "map", "values": "float"}, "default": {}},
    {"name": "items", "type": {"type": "array", "items": "order"}, "default": []}]}"#;

fn open(operator: &str, encoding: &str) -> Avro {
    let config = json!({"operator": operator, "encoding": encoding, "schema": SCHEMA});
    Avro::open(testing::config(&config).expect("texts"), &Context::new("avro")).expect("opens")
}

fn run(avro: &mut Avro, payload: &[u8]) -> Result<Vec<u8>, String> {
    let Ok(Processing::Done(results)) = avro.process(Batch::from_payloads([payload])) else {
        panic!("not done")
    };
    let message = results[0].batch.message(0);
    match message.error() {
        Some(error) => Err(error.to_owned()),
        None => Ok(message.bytes().to_vec()),
    }
}

fn order() -> Value {
    json!({
        "id": -1, "note": {"string": "a \u{e9}"}, "raw": "\u{e9}", "at": "2026-11-22T01:02:03.5Z", "day": "2026-11-22",
        "price": 12.34, "state": "DONE", "tags": {"x": 0.5}, "items": [{"id": 1}], "more": 1,
    })
}

#[test]
fn every_encoding_goes_there_and_back() {
    let nested = json!({
        "id": 1, "note": null, "raw": "", "at": "1970-01-01T00:00:00Z", "day": "1970-01-01T00:00:00Z", "price": "0",
        "state": "NEW", "tags": {}, "items": [],
    });
    let expected = json!({
        "id": -1, "note": {"string": "a \u{e9}"}, "raw": "w6k=", "at": "2026-11-22T01:02:03.5Z",
        "day": "2026-11-22T00:00:00Z", "price": "617/50", "state": "DONE", "tags": {"x": 0.5}, "items": [nested],
    });
    for encoding in ["textual", "binary", "single"] {
        let avro = run(&mut open("from_json", encoding), order().to_string().as_bytes()).expect(encoding);
        let json = run(&mut open("to_json", encoding), &avro).expect(encoding);
        assert_eq!(serde_json::from_slice::<Value>(&json).expect("JSON"), expected, "{encoding}");
    }
}

#[test]
fn textual_avro_is_as_the_specification_has_it() {
    let avro = run(&mut open("from_json", "textual"), order().to_string().as_bytes()).expect("converted");
    let text = String::from_utf8(avro).expect("text");
    let start = "{\"id\":-1,\"note\":{\"string\":\"a \u{e9}\"},\"raw\":\"\\u00c3\\u00a9\",\"at\":1795309323500,\
                 \"day\":20779,\"price\":\"\\u0004\\u00d2\",\"state\":\"DONE\",\"tags\":{\"x\":0.5},\"items\":[{\"id\":1,";
    assert!(text.starts_with(start), "{text}");
}

#[test]
fn what_can_t_be_converted_is_flagged_with_its_field() {
    for (json, expected) in [
        (json!({}), "field id: it is missing, and the schema has no default"),
        (json!({"id": 1.5}), "field id: 1.5 is no integer of 64 bits"),
        (
            json!({"id": 1, "note": "a"}),
            "field note: a string: what is in a union is null, or an object with one key, the name of its type: null, string",
        ),
        (json!({"id": 1, "items": [{"id": 1}, {"id": "x"}]}), "field items[1].id: a string can't be a long"),
        (json!({"id": 1, "state": "OLD"}), "field state: OLD is none of shop.state: NEW, DONE"),
        (
            json!({"id": 1, "price": "1.234"}),
            "field price: 1.234 has no place in a decimal of 6 digits, 2 of them behind the point",
        ),
        (json!([]), "an array can't be a record shop.order"),
    ] {
        let error = run(&mut open("from_json", "binary"), json.to_string().as_bytes()).expect_err("flagged");
        assert_eq!(error, format!("failed to convert JSON to Avro schema: {expected}"));
    }
    let error = run(&mut open("to_json", "binary"), &[2, 4]).expect_err("flagged");
    assert_eq!(error, "failed to convert Avro document to JSON: field note: type 2 of a union that has 2");
    let error = run(&mut open("to_json", "textual"), br#"{"id":1,"x":2}"#).expect_err("flagged");
    assert_eq!(
        error,
        "failed to convert Avro document to JSON: field x: there is no such field in the schema"
    );
    let error = run(&mut open("to_json", "single"), &[0xc3, 1, 0, 0, 0, 0, 0, 0, 0, 0]).expect_err("flagged");
    assert!(error.contains("the value is of a schema with the fingerprint 0000000000000000"), "{error}");
}

#[test]
fn a_few_bytes_do_not_become_many() {
    let schema = r#"{"type": "array", "items": "null"}"#;
    let config = json!({"operator": "to_json", "encoding": "binary", "schema": schema});
    let config = testing::config(&config).expect("texts");
    let mut avro = Avro::open(config, &Context::new("avro")).expect("opens");
    let error =
        run(&mut avro, &[0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1]).expect_err("too many");
    assert!(error.ends_with("more JSON becomes of it than there may be"), "{error}");
    // As deep as the walk goes.
    let schema = r#"{"type": "record", "name": "r", "fields": [{"name": "r", "type": ["null", "r"]}]}"#;
    let config = json!({"operator": "to_json", "encoding": "binary", "schema": schema});
    let config = testing::config(&config).expect("texts");
    let mut avro = Avro::open(config, &Context::new("avro")).expect("opens");
    let error = run(&mut avro, &[2; 10_000]).expect_err("too deep");
    assert!(error.ends_with("values are nested more than 128 deep"), "{error}");
}

#[test]
fn what_one_message_may_become_is_not_taken_from_others() {
    let config = json!({"operator": "to_json", "encoding": "binary", "schema": "\"string\""});
    let mut avro =
        Avro::open(testing::config(&config).expect("texts"), &Context::new("avro")).expect("opens");
    let text = |length: usize| {
        let mut bytes = Vec::new();
        let schema = Schema::parse("\"string\"").expect("a schema");
        let json = format!("\"{}\"", "a".repeat(length));
        schema.write(json.as_bytes(), Dialect::PLAIN, &mut bytes).expect("a text");
        bytes
    };
    let lengths = [MESSAGE, 1000, MESSAGE - 100, BATCH - MESSAGE, 2000, 1000];
    let results = avro.process(Batch::from_payloads(lengths.map(text)));
    let Ok(Processing::Done(results)) = results else { panic!("not done") };
    let errors: Vec<_> = results[0].batch.messages().map(|message| message.error()).collect();
    let too_large = "failed to convert Avro document to JSON: more JSON becomes of it than there may be";
    let batch =
        "the batch is too large: more than 1572864 bytes would become of its messages, which is the limit";
    assert_eq!(errors, [Some(too_large), None, None, Some(batch), None, None]);
}

#[test]
fn one_schema_is_needed_and_it_must_be_right() {
    let refused = |config: Value| {
        let config = testing::config(&config).expect("texts");
        Avro::open(config, &Context::new("avro")).err().expect("refused").to_string()
    };
    for (config, expected) in [
        (json!({"operator": "to_json"}), "a schema must be specified with either"),
        (
            json!({"operator": "to_json", "schema": "\"x\""}),
            "/schema: failed to parse schema: unknown type name: \"x\"",
        ),
        (json!({"operator": "to_json", "schema_path": "a"}), "must start with file:// or http://"),
        (json!({"operator": "to_json", "schema_path": "http://a"}), "from files only"),
    ] {
        assert!(refused(config).contains(expected), "{expected}");
    }
}
