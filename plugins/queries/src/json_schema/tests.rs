use forebay_sdk::testing;
use serde_json::json;

use super::*;

fn open(config: &serde_json::Value) -> Result<JsonSchema, Problem> {
    JsonSchema::open(testing::config(config).expect("texts"), &Context::new("json_schema"))
}

#[test]
fn messages_are_flagged_by_themselves_and_stay_as_they_are() {
    let mut processor = open(&json!({"schema": "{\"type\":\"object\"}"})).expect("opens");
    let batch = Batch::from_payloads(["{ }", "[ ]"]);
    let Ok(Processing::Done(results)) = processor.process(batch) else { panic!("not done") };
    assert_eq!(testing::texts(&results[0].batch), ["{ }", "[ ]"]);
    assert_eq!(results[0].batch.message(0).error(), None);
    let error = "(root) invalid type. expected: object, given: array";
    assert_eq!(results[0].batch.message(1).error(), Some(error));
}

#[test]
fn one_schema_is_needed_and_it_must_be_right() {
    let refused = |config| open(&config).err().expect("refused").to_string();
    assert!(refused(json!({})).contains("either schema or schema_path must be provided"));
    assert!(refused(json!({"schema": ""})).contains("either schema or schema_path must be provided"));
    assert!(refused(json!({"schema": "5"})).contains("failed to load JSON schema definition: "));
    let path = refused(json!({"schema_path": "a.json"}));
    assert!(path.contains("invalid schema_path provided, must start with file:// or http://"), "{path}");
    assert!(refused(json!({"schema_path": "http://localhost/a.json"})).contains("from files only"));
}

#[test]
fn a_schema_that_cant_be_read_fails_the_batch() {
    let mut processor = open(&json!({"schema_path": "file://a.json"})).expect("opens");
    let error = processor.process(Batch::from_payloads(["{}"])).expect_err("no files natively");
    assert!(error.to_string().starts_with("failed to load JSON schema definition: open a.json: "), "{error}");
}
