use serde_json::{Value, json};

use crate::testing::{Messages, cut, refused};

fn scan(config: Value, text: &str) -> Messages {
    cut(&json!({"csv": config}), text.as_bytes())
}

#[test]
fn rows_are_objects_by_the_names_of_the_first() {
    let messages = scan(json!({}), "b,a\r\n1,\"x\ny\"\n\n2,\n");
    assert_eq!(messages.texts().len(), 2);
    assert_eq!(messages.details(), [r#"{"a":"x\ny","b":"1"} csv_row=0"#, r#"{"a":"","b":"2"} csv_row=1"#]);
    assert!(scan(json!({}), "").texts().is_empty());
    assert!(scan(json!({}), "a,b\n").texts().is_empty());
}

#[test]
fn rows_without_names_are_arrays() {
    let messages = scan(json!({"parse_header_row": false, "custom_delimiter": "|;"}), "a|b\nc|d");
    assert_eq!(messages.details(), [r#"["a","b"] csv_row=0"#, r#"["c","d"] csv_row=1"#]);
}

#[test]
fn a_row_that_breaks_the_rules_fails_the_rest() {
    let messages = scan(json!({}), "a,b\n1,2\n3\n4,5\n");
    assert_eq!(messages.all(), [r#"{"a":"1","b":"2"}"#]);
    assert_eq!(messages.error.as_deref(), Some("record on line 3: wrong number of fields"));
}

#[test]
fn a_row_that_breaks_the_rules_is_flagged_on_request() {
    let messages = scan(json!({"continue_on_error": true}), "a,b\n1,2\n3\n4,x\"\n5,6\n");
    assert_eq!(messages.texts().len(), 4);
    assert_eq!(
        messages.details(),
        [
            r#"{"a":"1","b":"2"} csv_row=0"#,
            r#"{"a":"3"} csv_row=1 error: record on line 3: wrong number of fields"#,
            "{\"a\":\"4\"} csv_row=2 error: parse error on line 4, column 4: bare \" in non-quoted-field",
            r#"{"a":"5","b":"6"} csv_row=3"#,
        ]
    );
    let names = scan(json!({"continue_on_error": true}), "a\"\n1\n");
    assert!(names.all().is_empty() && names.error.is_some());
}

#[test]
fn names_and_numbers_of_fields_can_be_demanded() {
    let headers = json!({"expected_headers": ["a", "b"]});
    assert_eq!(scan(headers.clone(), "a,b\n1,2").texts(), [r#"{"a":"1","b":"2"}"#]);
    let error = scan(headers, "b,a\n1,2").error;
    assert_eq!(error.as_deref(), Some("expected_headers don't match file contents"));
    let error = scan(json!({"expected_number_of_fields": 3}), "a,b\n1,2").error;
    assert_eq!(error.as_deref(), Some("record on line 1: wrong number of fields"));
}

#[test]
fn configurations_that_can_mean_nothing_are_refused() {
    assert_eq!(
        refused(&json!({"csv": {"parse_header_row": false, "expected_headers": ["a"]}})),
        "/csv/expected_headers: expected_headers is set but parse_header_row is false"
    );
    assert_eq!(
        refused(&json!({"csv": {"expected_number_of_fields": 0}})),
        "/csv/expected_number_of_fields: expected_number_of_fields must be at least 1"
    );
    assert_eq!(
        refused(&json!({"csv": {"custom_delimiter": "\""}})),
        "/csv/custom_delimiter: csv: invalid field or comment delimiter"
    );
}

#[test]
fn large_names_on_small_rows_make_many_batches() {
    let text = format!("{}\n{}", "n".repeat(100_000), "1\n".repeat(100));
    let messages = crate::testing::cut_in(&json!({"csv": {}}), text.as_bytes(), usize::MAX, "");
    assert_eq!(messages.texts().len(), 100);
    assert!(messages.batches.len() > 5);
}
