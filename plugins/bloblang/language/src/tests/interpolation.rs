use crate::testing::{Batch, Fixed};
use crate::{Interpolated, Value};

fn render(source: &str) -> Result<String, String> {
    let batch =
        Batch::of(&[r#"{"a":{"b":"<x>"},"n":null,"f":5617410000.5}"#]).with_metadata("k", Value::Int(7));
    let mut text = Interpolated::compile(source).map_err(|error| error.to_string())?;
    let mut out = b"kept ".to_vec();
    let result = text.run(&batch, 0, &mut Fixed::default(), &mut out);
    let out = String::from_utf8(out).expect("utf-8");
    match result {
        Ok(()) => Ok(out["kept ".len()..].to_owned()),
        Err(error) => {
            assert_eq!(out, "kept ");
            Err(error)
        }
    }
}

#[test]
fn text_without_queries_is_constant() {
    for (source, expected) in [
        ("", ""),
        ("plain $ {text}", "plain $ {text}"),
        ("a ${{!with escapes}} b", "a ${!with escapes} b"),
        ("$${{!x}}", "$${!x}"),
        ("${FOO}", "${FOO}"),
    ] {
        assert_eq!(Interpolated::compile(source).expect("valid").constant(), Some(expected), "{source}");
    }
}

#[test]
fn queries_are_replaced_by_their_text() {
    let cases = [
        ("${!this.a.b}", "<x>"),
        ("x ${! json(\"a\") } y", "x {\"b\":\"\\u003cx\\u003e\"} y"),
        ("${!n}-${! @k }-${!meta(\"k\")}", "null-7-7"),
        ("${!json(\"f\").float64()}", "5.6174100005e+09"),
        ("${!\"}\"}", "}"),
    ];
    for (source, expected) in cases {
        assert_eq!(render(source).as_deref(), Ok(expected), "{source}");
    }
}

#[test]
fn failures_are_passed_on_and_mistakes_are_counted_in_characters() {
    assert_eq!(render("a ${!throw(\"no\")}"), Err("no".to_owned()));
    let cases = [
        ("foo ${!json(\"foo} bar", "char 22: required: expected end quote"),
        ("foo ${!json(} bar", "char 13: required: expected function argument"),
        ("foo ${!json(0,} bar", "char 15: required: expected function argument"),
        ("\u{e9}${!nope()}", "char 11: unrecognised function 'nope'"),
    ];
    for (source, expected) in cases {
        assert_eq!(render(source), Err(expected.to_owned()), "{source}");
    }
}

#[test]
fn content_that_is_no_document_leaves_this_undefined() {
    let mut text = Interpolated::compile("${!this.a}").expect("valid");
    let mut out = Vec::new();
    let result = text.run(&Batch::of(&["nope"]), 0, &mut Fixed::default(), &mut out);
    assert_eq!(result, Err("context was undefined, unable to reference `a`".to_owned()));
}
