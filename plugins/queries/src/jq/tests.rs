use forebay_sdk::{Origins, Processed, testing};
use serde_json::json;

use super::*;

fn process(config: &serde_json::Value, payloads: &[&str]) -> Processed {
    let config = testing::config(config).expect("the configuration is right");
    let mut processor = Jq::open(config, &Context::new("jq")).expect("opens");
    match processor.process(Batch::from_payloads(payloads)) {
        Ok(Processing::Done(mut results)) => results.remove(0),
        other => panic!("not done: {other:?}"),
    }
}

#[test]
fn a_message_that_fails_stays_as_it_was() {
    let result = process(&json!({"query": ".a + 1"}), &[r#"{"a":1}"#, r#"{ "a":[] }"#, "{"]);
    assert_eq!(testing::texts(&result.batch), ["2", r#"{ "a":[] }"#, "{"]);
    let errors: Vec<_> = result.batch.messages().map(|message| message.error().map(str::to_owned)).collect();
    assert_eq!(errors[0], None);
    assert_eq!(errors[1].as_deref(), Some("cannot add: array ([]) and number (1)"));
    assert_eq!(errors[2].as_deref(), Some("unexpected EOF"));
}

#[test]
fn what_gives_nothing_is_dropped() {
    let result = process(&json!({"query": "select(. > 1)"}), &["1", "2"]);
    assert_eq!(
        (testing::texts(&result.batch), result.origins),
        (vec!["2".to_owned()], Origins::Each(vec![1]))
    );
}

#[test]
fn raw_results_that_are_no_json_leave_the_message_alone() {
    let result = process(&json!({"query": "\"a\", nan", "output_raw": true}), &["{}"]);
    assert_eq!(testing::texts(&result.batch), ["{}"]);
    let error = "failed marshal JQ result at index 1: json: unsupported value: NaN";
    assert_eq!(result.batch.message(0).error(), Some(error));
}

#[test]
fn a_problem_says_where_it_is() {
    for (query, text) in [
        (".[", "error parsing jq query: unexpected EOF"),
        ("$x", "error compiling jq query: variable not defined: $x"),
    ] {
        let config = testing::config(&json!({"query": query})).expect("a text");
        let problem = Jq::open(config, &Context::new("jq")).err().expect("refused");
        assert_eq!((problem.field(), problem.message()), ("/query", text));
    }
}
