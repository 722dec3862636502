use super::mappings::map;
use crate::{Form, Mapping, Query};

#[test]
fn mistakes_in_mappings_are_reported_where_they_are() {
    let cases = [
        ("", "line 1 char 1: expected import, map, or assignment"),
        ("\n   ", "line 2 char 4: expected import, map, or assignment"),
        ("# foobar", "line 1 char 1: expected import, map, or assignment"),
        ("let foo+bar = baz", "line 1 char 8: expected whitespace"),
        ("foo = bar bar = baz", "line 1 char 11: expected line break"),
        ("let a = \"a\"\nfoo = bar bar = baz", "line 2 char 11: expected line break"),
        ("foo wat bar", "line 1 char 5: expected ="),
        ("foo=1", "line 1 char 4: expected whitespace"),
        ("root = 1 # no line break", "line 1 char 25: expected line break"),
        ("let foo = bar\n!foo = bar", "line 2 char 1: expected import, map, or assignment"),
        ("map a {\n  b = c\n}\nmap a {\n  b = c\n}", "line 4 char 1: map name collision: a"),
        ("map a {\n  meta b = c\n}", "line 2 char 3: setting meta fields is not allowed within this block"),
        ("map {\n  a = b\n}", "line 1 char 5: required: expected map name"),
        ("\nroot = \n# nothing\n", "line 2 char 8: expected query"),
        ("root = this\n  .foo", "line 2 char 3: expected import, map, or assignment"),
        ("import \"x\"", "line 1 char 1: failed to read import: imports are disabled in this context"),
        ("from \"x\"", "line 1 char 1: failed to read import: imports are disabled in this context"),
        (
            "!foo = bar",
            "line 1 char 6: expected the mapping to end here as the beginning is shorthand for `root = !foo`, \
             but this shorthand form cannot be followed with more assignments",
        ),
    ];
    for (source, expected) in cases {
        let error = Mapping::compile(source, Form::Mapping).expect_err(source);
        assert_eq!(error.to_string(), expected, "{source}");
    }
}

#[test]
fn mistakes_in_queries_are_reported_where_they_are() {
    let cases = [
        ("not_a_function()", "line 1 char 17: unrecognised function 'not_a_function'"),
        ("json(\"foo\").not_a_thing()", "line 1 char 26: unrecognised method 'not_a_thing'"),
        ("json(\"foo", "line 1 char 10: required: expected end quote"),
        ("json(", "line 1 char 6: required: expected function argument"),
        ("json(0,", "line 1 char 8: required: expected function argument"),
        ("json(5)", "line 1 char 8: field path: wrong argument type, expected string, got number"),
        ("json(nope: \"a\")", "line 1 char 16: unknown parameter nope"),
        ("now(1)", "line 1 char 7: wrong number of arguments, expected 0, got 1"),
        ("foo.number(default:)", "line 1 char 20: required: expected argument value"),
        ("(json(\"foo\") + ", "line 1 char 16: expected query"),
        ("(json(\"foo\") + meta(\"bar\") ", "line 1 char 28: required: expected closing bracket"),
        ("json(\"foo\").from()", "line 1 char 19: missing parameter: index"),
        ("json(\"foo\").(=)", "line 1 char 14: required: expected query"),
        (
            "this.(foo -> foo.(foo -> foo.bar))",
            "line 1 char 19: context label `foo` would shadow a parent context",
        ),
        ("this.(this -> this.foo)", "line 1 char 7: context label `this` is not allowed"),
        (
            "{\"a\":(5 + \"x\")}",
            "line 1 char 7: cannot add types number (from number literal) and string (from string literal)",
        ),
        ("\"a\".encode(\"nope\")", "line 1 char 19: unrecognized encoding type: nope"),
    ];
    for (source, expected) in cases {
        let error = Query::compile(source).expect_err(source);
        assert_eq!(error.to_string(), expected, "{source}");
    }
}

#[test]
fn failures_name_the_part_that_gave_the_value() {
    let input = r#"{"a":5,"s":"x","n":null,"o":{}}"#;
    let cases = [
        ("root = this.n.not_null()", "field `this.n`: value is null"),
        ("root = this.a.uppercase()", "expected string value, got number from field `this.a` (5)"),
        ("root = this.s.keys()", "expected object value, got string from field `this.s` (\"x\")"),
        ("root = json(\"n\").keys()", "expected object value, got null from json path `n`"),
        (
            "root = 5 + this.s",
            "cannot add types number (from number literal) and string (from field `this.s`)",
        ),
        (
            "root = this.a > this.s",
            "cannot compare types number (from field `this.a`) and string (from field `this.s`)",
        ),
        ("root = 1 / (this.a - 5)", "number literal: attempted to divide by zero"),
        ("root = this.s && true", "expected bool value, got string (\"x\")"),
        ("root = if this.s { 1 }", "field `this.s` resolved to a non-boolean value x (string)"),
        (
            "root = if this.s.number() > 1 { 1 }",
            "failed to check if condition: field `this.s`: strconv.ParseFloat: parsing \"x\": invalid syntax",
        ),
        (
            "root = {\"k\": this.s.number()}",
            "failed to resolve 'k' value: field `this.s`: strconv.ParseFloat: parsing \"x\": invalid syntax",
        ),
        (
            "root = match { this.s.number() > 1 => 1 }",
            "failed to check match case 0: field `this.s`: strconv.ParseFloat: parsing \"x\": invalid syntax",
        ),
        (
            "root = this.s.repeat(this.n)",
            "method 'repeat': failed to extract input arg 'count': expected number value, got null",
        ),
        (
            "root = [1, \"x\"].map_each(this.uppercase())",
            "array literal: failed to process element 0: expected string value, got number from field `this` (1)",
        ),
        (
            "root = \"x\"\nroot.a.b = 1",
            "unable to set target path a.b as the value of the root was a non-object type (string)",
        ),
        (
            "root.foo = \"x\"\nroot.foo.bar = 1",
            "unable to set target path foo.bar as the value of foo was a non-object type (string)",
        ),
        ("if this.n { root = 1 }", "field `this.n` resolved to a non-boolean value <nil> (<nil>)"),
    ];
    for (source, expected) in cases {
        let error = map(source, input);
        assert_eq!(error.split_once("): ").map(|(_, rest)| rest), Some(expected), "{source}");
    }
}

#[test]
fn failures_in_maps_count_lines_from_the_map() {
    let source =
        "root.a = 1\n\nmap m {\n  let x = 1\n  root = this.uppercase()\n}\n\nroot.b = 5.apply(\"m\")";
    assert_eq!(
        map(source, ""),
        "failed assignment (line 8): failed assignment (line 3): expected string value, got number from field \
         `this` (5)"
    );
}

#[test]
fn failures_in_root_ifs_report_the_line_of_the_if() {
    assert_eq!(map("root = 1\nif true {\n  root = throw(\"x\")\n}", ""), "failed assignment (line 2): x");
}
