use crate::{Html, JsonError, NESTING, Numbers, Style, rewrite};

fn written(text: &str, style: Style) -> Result<String, JsonError> {
    let mut out = Vec::new();
    rewrite(text.as_bytes(), 0, style, &mut out)?;
    Ok(String::from_utf8(out).expect("what is written is text"))
}

fn kept(text: &str) -> Result<String, JsonError> {
    written(text, Style::default())
}

#[test]
fn keys_are_sorted_and_spaces_left_out() {
    let cases = [
        (r#" {"b":1.0, "a" : [ 1e3,true , null ] } x"#, r#"{"a":[1e3,true,null],"b":1.0}"#),
        (r#"{"a":1,"b":{"z":1,"y":2},"a":3}"#, r#"{"a":3,"b":{"y":2,"z":1}}"#),
        (r#""\u00e9\u0007\ud83d\ude00 \/<\u2028\ud800""#, "\"\u{e9}\\u0007\u{1f600} /<\\u2028\u{fffd}\""),
        ("-0.10 ", "-0.10"),
        ("[]", "[]"),
        ("{ }", "{}"),
        ("false,", "false"),
    ];
    for (text, expected) in cases {
        assert_eq!(kept(text).as_deref(), Ok(expected), "{text}");
    }
    let escaped = Style { html: Html::Escaped, ..Style::default() };
    assert_eq!(written(r#"["<&>"]"#, escaped).as_deref(), Ok(r#"["\u003c\u0026\u003e"]"#));
}

#[test]
fn numbers_may_become_floats() {
    let floats = Style { numbers: Numbers::Float, ..Style::default() };
    let cases = [
        ("1.0", "1"),
        ("1e21", "1e+21"),
        ("1.5E-7", "1.5e-7"),
        ("0.000001", "0.000001"),
        ("-0", "-0"),
        ("123456789012345678", "123456789012345680"),
        ("[12345678901234567890.10]", "[12345678901234567000]"),
    ];
    for (text, expected) in cases {
        assert_eq!(written(text, floats).as_deref(), Ok(expected), "{text}");
    }
    assert_eq!(written("[1e400]", floats), Err(JsonError::OutOfRange { start: 1, end: 6 }));
    assert_eq!(kept("[1e400]").as_deref(), Ok("[1e400]"));
}

#[test]
fn the_first_mistake_is_named() {
    let cases = [
        ("", "unexpected end of JSON input"),
        ("[1, 2", "unexpected end of JSON input"),
        ("\"a", "unexpected end of JSON input"),
        ("x", "invalid character 'x' looking for beginning of value"),
        ("[1 2]", "invalid character '2' after array element"),
        ("{1:2}", "invalid character '1' looking for beginning of object key string"),
        (r#"{"a" 2}"#, "invalid character '2' after object key"),
        (r#"{"a":2 "b"}"#, "invalid character '\"' after object key:value pair"),
        ("[1,]", "invalid character ']' looking for beginning of value"),
        ("tru ", "invalid character ' ' in literal true (expecting 'e')"),
        ("\"a\nb\"", "invalid character '\\n' in string literal"),
        (r#""\x""#, "invalid character 'x' in string escape code"),
        ("1.x", "invalid character 'x' after decimal point in numeric literal"),
    ];
    for (text, expected) in cases {
        assert_eq!(kept(text).map_err(|error| error.to_string()), Err(expected.to_owned()), "{text}");
        let skipped = crate::scan::value(text.as_bytes(), 0);
        assert_eq!(skipped.map_err(|error| error.to_string()), Err(expected.to_owned()), "{text} skipped");
    }
}

#[test]
fn nesting_has_a_limit() {
    let nested = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);
    let most = usize::from(NESTING);
    assert_eq!(kept(&nested(most)), Ok(nested(most)));
    assert_eq!(kept(&nested(most + 1)), Err(JsonError::TooDeep));
    assert_eq!(crate::scan::value(nested(most).as_bytes(), 0), Ok((0, 2 * most)));
    assert_eq!(crate::scan::value(nested(most + 1).as_bytes(), 0), Err(JsonError::TooDeep));
}

#[test]
fn a_value_is_skipped_to_its_end() {
    for (text, value) in [
        (r#" {"a": [1, {"b\"}": null}], "c":{}} tail"#, r#"{"a": [1, {"b\"}": null}], "c":{}}"#),
        ("-1.5e+3,", "-1.5e+3"),
        ("[ ] ]", "[ ]"),
        ("true", "true"),
    ] {
        let (start, end) = crate::scan::value(text.as_bytes(), 0).expect("a value");
        assert_eq!(&text[start..end], value);
    }
}
