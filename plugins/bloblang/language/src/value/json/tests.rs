use proptest::prelude::*;

use super::{Numbers, document, parse};
use crate::value::{Object, Text, Value};

fn round_trip(text: &str) -> String {
    let mut out = Vec::new();
    document(text.as_bytes()).expect("valid").write_json(&mut out);
    String::from_utf8(out).expect("utf-8")
}

#[test]
fn untouched_numbers_keep_their_text() {
    for text in ["1.0", "-0", "1e5", "123456789012345678901234567890", "[1,-2,0.10]", "-9223372036854775808"]
    {
        assert_eq!(round_trip(text), text);
    }
}

#[test]
fn keys_come_out_sorted_and_the_last_duplicate_wins() {
    assert_eq!(round_trip(r#"{"b":1,"a":{"d":1,"c":2},"b":3}"#), r#"{"a":{"c":2,"d":1},"b":3}"#);
}

#[test]
fn escapes_are_read_and_only_the_needed_ones_written() {
    assert_eq!(
        round_trip(r#""\u0041\/\n\u001f\ud83d\ude00\ud800<&>\u2028""#),
        "\"A/\\n\\u001f\u{1f600}\u{fffd}<&>\\u2028\""
    );
}

#[test]
fn bytes_outside_of_utf8_are_replaced() {
    let value = document(b"\"a\xffb\"").expect("valid");
    assert_eq!(value, Value::from("a\u{fffd}b"));
}

#[test]
fn mistakes_are_worded_as_gos_decoder_words_them() {
    let cases = [
        ("", "message is empty"),
        ("  ", "EOF"),
        ("not json", "invalid character 'o' in literal null (expecting 'u')"),
        ("{@#$", "invalid character '@' looking for beginning of object key string"),
        ("{\"a\" 1}", "invalid character '1' after object key"),
        ("{\"a\":1 \"b\"}", "invalid character '\"' after object key:value pair"),
        ("{\"a\":1,}", "invalid character '}' looking for beginning of object key string"),
        ("[1 2]", "invalid character '2' after array element"),
        ("[1,]", "invalid character ']' looking for beginning of value"),
        ("{\"a\":", "unexpected EOF"),
        ("\"a\nb\"", "invalid character '\\n' in string literal"),
        ("\"\\x\"", "invalid character 'x' in string escape code"),
        ("1.x", "invalid character 'x' after decimal point in numeric literal"),
        ("hello", "invalid character 'h' looking for beginning of value"),
        ("1 2", "message contains multiple valid documents"),
        ("{} x", "invalid character 'x' looking for beginning of value"),
    ];
    for (text, expected) in cases {
        assert_eq!(document(text.as_bytes()), Err(expected.to_owned()), "{text}");
    }
}

#[test]
fn nesting_is_limited() {
    let text = "[".repeat(100_000);
    assert_eq!(document(text.as_bytes()), Err("exceeded max depth".to_owned()));
}

#[test]
fn numbers_may_be_read_as_floats() {
    let value = parse(&Text::fixed("[1,1.50]"), Numbers::Float);
    assert_eq!(value, Ok(Value::from(vec![Value::Float(1.0), Value::Float(1.5)])));
}

fn values() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        any::<i32>().prop_map(|value| Value::Int(value.into())),
        "-?[1-9][0-9]{0,5}\\.[0-9]{1,4}(e[1-9])?".prop_map(|text| Value::Number(Text::from(text))),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 40, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::vec((any::<String>().prop_map(Text::from), inner), 0..6)
                .prop_map(|entries| Value::Object(Object::from(entries))),
        ]
    })
}

proptest! {
    #[test]
    fn what_is_written_reads_back_the_same(value in values()) {
        let mut out = Vec::new();
        value.write_json(&mut out);
        let read = document(&out).expect("it was just written");
        prop_assert!(read.same(&value), "{read:?} is not {value:?}");
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in any::<Vec<u8>>()) {
        let _ = document(&bytes);
    }
}
