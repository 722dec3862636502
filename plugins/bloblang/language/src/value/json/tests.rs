use proptest::prelude::*;

use super::{Numbers, document, parse};
use crate::value::{Html, Object, Text, Value, write_json};

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

/// JSON as people write it: spaces, escapes, keys in any order and more than once.
fn texts() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("null".to_owned()),
        "-?(0|[1-9][0-9]{0,20})(\\.[0-9]{1,3})?([eE][+-]?[0-9])?",
        r#""([a-c<&\x{e9}\x{2028}]|\\n|\\u00e9|\\u003c|\\/|\\ud800){0,5}""#,
        r#""[a-e]{0,40}(\\n|&|\x{2029})?[a-e]{0,20}""#,
    ];
    let space = "[ \n]{0,1}";
    leaf.prop_recursive(4, 60, 6, move |inner| {
        let entry = (r#""([ab<]|\\u0061|\\n){0,2}""#, space, inner.clone())
            .prop_map(|(key, space, value)| format!("{key}:{space}{value}"));
        prop_oneof![
            (prop::collection::vec(inner, 0..5), space)
                .prop_map(|(items, space)| format!("[{space}{}{space}]", items.join(&format!(",{space}")))),
            (prop::collection::vec(entry, 0..5), space)
                .prop_map(|(items, space)| format!("{{{space}{}{space}}}", items.join(&format!("{space},")))),
        ]
    })
}

/// The same value, made of values all the way down.
fn made(value: &Value) -> Value {
    match value {
        Value::Array(items) => Value::from(items.iter().map(made).collect::<Vec<_>>()),
        Value::Object(object) => {
            let entries = object.iter().map(|(key, value)| (key.clone(), made(value)));
            Value::Object(Object::from(entries.collect::<Vec<_>>()))
        }
        other => other.clone(),
    }
}

/// Whether a value that is looked into entry by entry is one that was read all at once, numbers aside.
fn agrees(lazy: &Value, eager: &Value) -> bool {
    match (lazy, eager) {
        (Value::Number(_), Value::Float(_)) => true,
        (Value::Array(lazy), Value::Array(eager)) => {
            lazy.len() == eager.len()
                && lazy.iter().zip(eager.iter()).all(|(lazy, eager)| agrees(lazy, eager))
        }
        (Value::Object(lazy), Value::Object(eager)) => {
            eager.iter().all(|(key, value)| lazy.get(key).is_some_and(|found| agrees(found, value)))
                && lazy.len() == eager.len()
                && lazy.depth() >= eager.depth()
        }
        (lazy, eager) => lazy == eager,
    }
}

fn written(value: &Value, html: Html) -> String {
    let mut out = Vec::new();
    write_json(value, html, &mut out);
    String::from_utf8(out).expect("utf-8")
}

proptest! {
    #[test]
    fn what_nobody_looks_into_is_written_as_its_values_are(text in texts()) {
        for html in [Html::Plain, Html::Escaped] {
            let untouched = document(text.as_bytes()).expect("valid");
            let expected = written(&made(&document(text.as_bytes()).expect("valid")), html);
            prop_assert_eq!(written(&untouched, html), expected.clone());
            // Looking at it changes nothing.
            let read = document(text.as_bytes()).expect("valid");
            prop_assert_eq!(&read, &made(&read));
            prop_assert_eq!(written(&read, html), expected);
        }
    }

    #[test]
    fn skipping_finds_the_mistakes_that_reading_finds(text in texts(), at in any::<prop::sample::Index>(), byte in r#"[\[\]{},:"\\x1 ]"#) {
        let mut text = text;
        let at = at.index(text.len() + 1);
        if text.is_char_boundary(at) {
            text.insert_str(at, &byte);
        }
        let text = Text::from(format!("[{text}]"));
        prop_assert_eq!(parse(&text, Numbers::Keep).err(), parse(&text, Numbers::Float).err());
    }

    #[test]
    fn entries_that_are_looked_up_are_those_that_reading_gives(text in texts()) {
        let lazy = document(text.as_bytes()).expect("valid");
        let eager = parse(&Text::from(text), Numbers::Float).expect("valid");
        prop_assert!(agrees(&lazy, &eager), "{lazy:?} is not {eager:?}");
    }

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
