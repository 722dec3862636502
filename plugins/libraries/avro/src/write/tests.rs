#![cfg(test)]

use std::fmt::Write as _;

use crate::{Dialect, Schema};

const TREE: &str = r#"{"type": "record", "name": "root", "fields": [{"name": "of", "type": [
    {"type": "record", "name": "Add", "fields": [
        {"name": "left", "type": ["Add", {"type": "record", "name": "Mul", "fields": [
            {"name": "left", "type": ["Add", "Mul", "int"]}, {"name": "right", "type": ["Add", "Mul", "int"]}]}, "int"]},
        {"name": "right", "type": ["Add", "Mul", "int"]}]}, "Mul", "int"]}]}"#;

/// So many levels, with a leaf.
fn tree(levels: usize, leaf: &str) -> String {
    let mut text = "{\"of\":".to_owned();
    for _ in 0..levels {
        text.push_str("{\"left\":1,\"right\":");
    }
    text.push_str(leaf);
    text.push_str(&"}".repeat(levels + 1));
    text
}

fn write(schema: &str, text: &str) -> Result<Vec<u8>, String> {
    let mut out = Vec::new();
    let schema = Schema::parse(schema).expect("a schema");
    schema.write(text.as_bytes(), Dialect::PLAIN, &mut out).map_err(|error| error.to_string())?;
    Ok(out)
}

#[test]
fn trees_of_unions_end_whatever_their_leaf_is() {
    // Each level is tried as either of two records.
    let written = write(TREE, &tree(40, "2")).expect("a tree");
    assert_eq!(written.len(), 40 * 3 + 2);
    let error = write(TREE, &tree(40, "\"x\"")).expect_err("no tree");
    assert!(error.contains("it takes more steps than its length allows"), "{error}");
    assert!(error.len() < 1000, "{} bytes", error.len());
    // The same where values are long and each try has to look them over.
    let long = format!("\"{}\"", "x".repeat(20_000));
    let error = write(TREE, &tree(40, &long)).expect_err("no tree");
    assert!(error.contains("it takes more steps than its length allows"), "{error}");
}

#[test]
fn reasons_of_unions_in_unions_are_short() {
    let error = write(TREE, &tree(6, "\"x\"")).expect_err("no tree");
    assert!(
        error.starts_with("field of: no type of the union takes an object: Add: field right: no type"),
        "{error}"
    );
    assert!(error.len() < 300, "{} bytes: {error}", error.len());
    let mut symbols = String::new();
    for symbol in 0..10_000 {
        // Writing to a text does not fail.
        let _ = write!(symbols, ",\"s{symbol}\"");
    }
    let schema = format!(r#"{{"type": "enum", "name": "e", "symbols": [{}]}}"#, &symbols[1..]);
    let error = write(&schema, "\"none\"").expect_err("no symbol");
    assert!(error.starts_with("none is none of e: s0, s1, ") && error.ends_with(", ..."), "{error}");
    assert!(error.len() < 300, "{} bytes", error.len());
}

#[test]
fn wide_and_deep_documents_have_steps_enough() {
    let schema = r#"{"type": "array", "items": ["null", "boolean", "long", "double", "string"]}"#;
    let text = format!("[{}\"\"]", "\"\",".repeat(100_000));
    assert_eq!(write(schema, &text).expect("texts").len(), 3 + 2 * 100_001 + 1);
    let list =
        r#"{"type": "record", "name": "l", "fields": [{"name": "n", "type": ["null", "l", "string"]}]}"#;
    let deep = format!("{}\"{}\"{}", "{\"n\":".repeat(60), "x".repeat(100_000), "}".repeat(60));
    assert!(write(list, &deep).is_ok());
}

#[test]
fn a_few_bytes_do_not_become_many() {
    let schema = r#"{"type": "array", "items": {"type": "record", "name": "r", "fields": [{"name": "f", "default": 0,
        "type": {"type": "fixed", "name": "x", "size": 1000000, "logicalType": "decimal", "precision": 9}}]}}"#;
    let text = format!("[{}{{}}]", "{},".repeat(99));
    let error = write(schema, &text).expect_err("too large");
    assert_eq!(error, "field [67].f: a value has more than 67108864 bytes, which is the limit");
}
