use forebay_sdk::testing;
use serde_json::json;

use super::*;

#[test]
fn a_document_for_which_it_fails_is_written_anew_with_its_error() {
    let config = testing::config(&json!({"query": "abs(a)"})).expect("a text");
    let mut processor = Jmespath::open(config, &Context::new("jmespath")).expect("opens");
    let batch = Batch::from_payloads([r#"{"b":1.50,"a":-1}"#, r#"{"b":1.50,"a":"x"}"#]);
    let Ok(Processing::Done(results)) = processor.process(batch) else { panic!("not done") };
    assert_eq!(testing::texts(&results[0].batch), ["1", r#"{"a":"x","b":1.5}"#]);
    let error = "Invalid type for: x, expected: []jmespath.jpType{\"number\"}";
    assert_eq!(results[0].batch.message(1).error(), Some(error));
}

#[test]
fn a_problem_says_where_it_is() {
    let config = testing::config(&json!({"query": "a."})).expect("a text");
    let problem = Jmespath::open(config, &Context::new("jmespath")).err().expect("refused");
    let text = "failed to compile JMESPath query: SyntaxError: Expected identifier, lbracket, or lbrace";
    assert_eq!((problem.field(), problem.message()), ("/query", text));
}
