use proptest::prelude::*;
use rhai::{Array, Dynamic, Map};

use super::{read, write};
use crate::compare::same;
use crate::limits::DOCUMENT_DEPTH;

fn written(value: &Dynamic) -> String {
    let mut out = Vec::new();
    write(value, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn documents_are_written_compactly_with_their_members_sorted() {
    let text = r#" { "b" : [ 1 , -2.50 , true , null , [] , {} ] , "a" : "x" , "a" : "y" } "#;
    assert_eq!(written(&read(text.as_bytes()).unwrap()), r#"{"a":"y","b":[1,-2.5,true,null,[],{}]}"#);
}

#[test]
fn numbers_are_integers_of_64_bits_or_floats() {
    for (text, expected) in [
        ("9223372036854775807", "9223372036854775807"),
        ("-9223372036854775808", "-9223372036854775808"),
        ("9223372036854775808", "9.223372036854776e18"),
        ("1.0", "1.0"),
        ("1e3", "1000.0"),
        ("0.1", "0.1"),
        ("-0", "0"),
        ("5e-324", "5e-324"),
    ] {
        assert_eq!(written(&read(text.as_bytes()).unwrap()), expected, "{text}");
    }
}

#[test]
fn escapes_are_read_and_written() {
    let read = |text: &str| read(text.as_bytes()).unwrap().into_string().unwrap();
    assert_eq!(
        read(r#""a\"\\\/\b\f\n\r\tb\u00e9\ud83d\ude00\ud83dx""#),
        "a\"\\/\u{8}\u{c}\n\r\tb\u{e9}\u{1f600}\u{fffd}x"
    );
    assert_eq!(written(&"a\"\\\n\r\t\u{1}<\u{e9}".into()), "\"a\\\"\\\\\\n\\r\\t\\u0001<\u{e9}\"");
}

#[test]
fn what_is_no_json_is_refused_with_its_place() {
    for (text, expected) in [
        ("", "an early end at byte 1"),
        ("{", "no name of a member at byte 2"),
        ("{\"a\"}", "no `:` at byte 5"),
        ("{\"a\":1,}", "no name of a member at byte 8"),
        ("[1 2]", "no `]` at byte 4"),
        ("[1,]", "no value at byte 4"),
        ("01", "more behind its end at byte 2"),
        ("1.", "no digit in a number at byte 3"),
        ("-", "no digit in a number at byte 2"),
        ("1e999", "a number that is too large at byte 6"),
        ("\"a", "an early end at byte 3"),
        ("\"\\x\"", "an unknown escape at byte 4"),
        ("\"\\u12\"", "an unknown escape at byte 4"),
        ("\"\n\"", "a control character in a string at byte 2"),
        ("nul", "no value at byte 1"),
        ("1 x", "more behind its end at byte 3"),
    ] {
        assert_eq!(read(text.as_bytes()).unwrap_err(), expected, "{text}");
    }
}

#[test]
fn documents_have_a_depth_at_most() {
    let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    let deepest = read(nested(DOCUMENT_DEPTH).as_bytes()).unwrap();
    assert_eq!(written(&deepest), nested(DOCUMENT_DEPTH));
    assert!(read(nested(DOCUMENT_DEPTH + 1).as_bytes()).unwrap_err().starts_with("nested too deep"));
    assert!(read("[".repeat(1 << 20).as_bytes()).is_err());
    let deeper = Dynamic::from(vec![Dynamic::from(vec![deepest])]);
    assert!(write(&deeper, &mut Vec::new()).unwrap_err().contains("nested deeper"));
}

#[test]
fn what_no_document_holds_is_not_written() {
    let refused = |value: Dynamic| write(&value, &mut Vec::new()).unwrap_err();
    assert_eq!(refused(f64::NAN.into()), "the number NaN can't stand in a document");
    assert_eq!(
        refused(Dynamic::from(1..2)),
        "a value of type core::ops::range::Range<i32> can't stand in a document"
    );
}

fn values() -> impl Strategy<Value = Dynamic> {
    let leaf = prop_oneof![
        Just(Dynamic::UNIT),
        any::<bool>().prop_map(Dynamic::from),
        any::<i64>().prop_map(Dynamic::from),
        any::<f64>()
            .prop_filter("documents have no others", |value| value.is_finite())
            .prop_map(Dynamic::from),
        any::<String>().prop_map(Dynamic::from),
    ];
    leaf.prop_recursive(4, 32, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(|elements: Array| elements.into()),
            prop::collection::btree_map(any::<String>(), inner, 0..6).prop_map(|members| {
                members.into_iter().map(|(key, value)| (key.into(), value)).collect::<Map>().into()
            }),
        ]
    })
}

proptest! {
    #[test]
    fn what_is_written_is_read_again_as_it_was(value in values()) {
        prop_assert!(same(&read(written(&value).as_bytes()).unwrap(), &value));
    }

    #[test]
    fn reading_never_panics(bytes in prop::collection::vec(any::<u8>(), 0..64), text in "[\\[\\]{}\",:0-9.eE\\-\\\\u tfn]{0,40}") {
        let _ = read(&bytes);
        let _ = read(text.as_bytes());
    }
}
