#![cfg(test)]

use crate::{Dialect, Form, Schema};

fn refused(text: &str) -> String {
    Schema::parse(text).expect_err("refused").to_string()
}

#[test]
fn a_schema_that_is_none_says_where() {
    for (text, expected) in [
        ("{", "it is no JSON: EOF while parsing an object at line 1 column 1"),
        ("5", "a type is a name, an object or a list of types, and not 5"),
        ("\"x\"", "unknown type name: \"x\""),
        (r#"{"type": "array"}"#, "an array has `items`"),
        (r#"["null", "null"]"#, "type 2 of a union: there are two of null"),
        ("[]", "a union has one type at least"),
        (r#"[["null"]]"#, "type 1 of a union: a union has no unions right in it"),
        (r#"{"type": "enum", "name": "e", "symbols": []}"#, "enum e: it has a list of `symbols`"),
        (r#"{"type": "fixed", "name": "f"}"#, "fixed f: its size is a number of bytes"),
        (
            r#"{"type": "fixed", "name": "f", "size": 4000000000}"#,
            "fixed f: its size is 4000000000 bytes, and 67108864 is the limit",
        ),
        (
            r#"{"type": "record", "name": "r", "fields": [{"name": "1", "type": "int"}]}"#,
            "record r: field 1: \"1\" is no name: those have letters, digits and _, and begin with no digit",
        ),
        (
            r#"{"type": "record", "name": "r", "fields": [{"name": "a", "type": "int", "default": "x"}]}"#,
            "record r: field a: default: a string can't be an int",
        ),
    ] {
        assert_eq!(refused(text), expected, "{text}");
    }
}

#[test]
fn fingerprints_are_those_of_the_specification() {
    // What fastavro says of the same schemas.
    for (text, expected) in [
        (r#""int""#, 0x7275_d51a_3f39_5c8f),
        (r#"{"type": "int", "logicalType": "date", "doc": "x"}"#, 0x7275_d51a_3f39_5c8f),
        (r#""string""#, 0x8f01_4872_6345_03c7),
    ] {
        assert_eq!(Schema::parse(text).expect("a schema").fingerprint(), expected, "{text}");
    }
}

#[test]
fn names_are_found_in_their_namespaces() {
    let text = r#"{"type": "record", "name": "a.b.list", "doc": "d", "fields": [
        {"name": "value", "type": {"type": "fixed", "name": "two", "size": "2"}},
        {"name": "other", "type": {"type": "fixed", "name": "two", "namespace": "c", "size": 2}},
        {"name": "again", "type": "two", "aliases": ["x"]},
        {"name": "next", "type": ["null", "list"], "default": null}]}"#;
    let schema = Schema::parse(text).expect("a schema");
    assert_eq!(
        schema.canonical(),
        r#"{"name":"a.b.list","type":"record","fields":[{"name":"value","type":{"name":"a.b.two","type":"fixed","size":2}},{"name":"other","type":{"name":"c.two","type":"fixed","size":2}},{"name":"again","type":"a.b.two"},{"name":"next","type":["null","a.b.list"]}]}"#
    );
    let json = br#"{"value":"ab","other":"cd","again":"ef","next":{"a.b.list":{"value":"12","other":"34","again":"56","next":null}}}"#;
    let mut binary = Vec::new();
    schema.write(json, Dialect::TEXTUAL, &mut binary).expect("a value");
    assert_eq!(binary, b"abcdef\x02123456\x00");
    let mut out = Vec::new();
    schema.read(&mut binary.as_slice(), Form::Textual, 1000, &mut out).expect("read");
    assert_eq!(out, json);
}

#[test]
fn attributes_may_stand_beside_the_type_of_a_field() {
    let text = r#"{"type": "record", "name": "r", "fields": [
        {"name": "at", "type": "long", "logicalType": "timestamp-millis"},
        {"name": "tags", "type": "array", "items": "string", "default": []}]}"#;
    let schema = Schema::parse(text).expect("a schema");
    let mut binary = Vec::new();
    schema.write(br#"{"at":"1970-01-01T00:00:01Z"}"#, Dialect::NATIVE, &mut binary).expect("a value");
    assert_eq!(binary, [0xd0, 0x0f, 0]);
}

#[test]
fn defaults_may_need_each_other_and_end() {
    let text = r#"{"type": "record", "name": "r", "fields": [
        {"name": "inner", "default": {}, "type": {"type": "record", "name": "i", "fields": [
            {"name": "n", "type": ["null", "string"], "default": "null"},
            {"name": "b", "type": "bytes", "default": "\u00ff"}]}}]}"#;
    let schema = Schema::parse(text).expect("a schema");
    let mut binary = Vec::new();
    schema.write(b"{}", Dialect::PLAIN, &mut binary).expect("a value");
    assert_eq!(binary, [0, 2, 0xff]);
    let text = r#"{"type": "record", "name": "r", "fields": [{"name": "r", "type": "r", "default": {}}]}"#;
    assert!(refused(text).contains("nested more than"), "{}", refused(text));
}

#[test]
fn defaults_that_double_at_each_level_end() {
    let mut text = r#"{"type": "record", "name": "r40", "fields": []}"#.to_owned();
    for level in (0..40).rev() {
        text = format!(
            r#"{{"type": "record", "name": "r{level}", "fields": [{{"name": "a", "type": {text}, "default": {{}}}},
                {{"name": "b", "type": "r{}", "default": {{}}}}]}}"#,
            level + 1
        );
    }
    let error = refused(&text);
    assert!(error.starts_with("record r0: field a: default: field a."), "{error}");
    assert!(error.contains("it takes more steps than its length allows"), "{error}");
}

#[test]
fn all_defaults_together_are_limited() {
    let fixed = r#""type": "fixed", "name": "f", "size": 60000000, "logicalType": "decimal", "precision": 9"#;
    let text = format!(
        r#"{{"type": "record", "name": "r", "fields": [{{"name": "a", "type": {{{fixed}}}, "default": 1}},
            {{"name": "b", "type": "f", "default": 2}}]}}"#
    );
    assert_eq!(
        refused(&text),
        "record r: field b: default: all defaults have more than 67108864 bytes, which is the limit"
    );
}
