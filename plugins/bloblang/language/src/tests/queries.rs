use crate::Query;
use crate::testing::{Batch, Fixed};

fn eval(source: &str, input: &str) -> String {
    let mut query = Query::compile(source).unwrap_or_else(|error| panic!("{error} in {source}"));
    match query.run(&Batch::of(&[input]), 0, &mut Fixed::default()) {
        Err(error) => error.trim_start_matches("failed assignment (line 1): ").to_owned(),
        Ok(value) => {
            let mut out = Vec::new();
            value.write_json(&mut out);
            String::from_utf8_lossy(&out).into_owned()
        }
    }
}

fn check(cases: &[(&str, &str)]) {
    for (source, expected) in cases {
        assert_eq!(
            eval(source, r#"{"a":{"b":5},"s":"text","l":[1,2,3],"n":null,"x":2.5}"#),
            *expected,
            "{source}"
        );
    }
}

#[test]
fn operators_bind_as_the_language_defines() {
    check(&[
        ("2 + 3 * 2 + 1 * 3", "11"),
        ("( 2 + 3 ) * (2+1 )", "15"),
        ("8 / 2 / 2", "2"),
        ("5 / 2", "2.5"),
        ("7 % 4", "3"),
        ("8 >= 7+1", "true"),
        ("false || true && true || false", "true"),
        ("true || false && false", "false"),
        ("2 + null | 3", "5"),
        ("-(2) < 2", "true"),
        ("-5.abs()", "-5"),
        ("-this.a.b", "-5"),
        ("!true || false", "false"),
        ("3 -\n 1", "2"),
        ("this.n | this.zzz | \"end\"", "\"end\""),
        ("throw(\"x\") | 1", "1"),
        ("false && throw(\"x\")", "false"),
        ("true == 1", "true"),
        ("1 == true", "false"),
        ("\"a\" < \"b\"", "true"),
        ("{\"a\":[1]} == {\"a\":[1.0]}", "true"),
        ("\"5\" + \"6\"", "\"56\""),
    ]);
}

#[test]
fn fields_are_found_or_null() {
    check(&[
        ("a.b", "5"),
        ("this.a.b.c.d", "null"),
        ("this.l.1", "2"),
        ("this.l.9", "null"),
        ("this.\"a\".\"b\"", "5"),
        ("json(\"a.b\")", "5"),
        ("this.a.(b + 1)", "6"),
        ("this.a.(x -> x.b + this.x)", "7.5"),
        ("this.l.map_each(x -> this.a.b + x)", "[6,7,8]"),
        ("this.l.map_each(_ -> this.x)", "[2.5,2.5,2.5]"),
        ("this.l.map_each(x -> [10].map_each(y -> x + y)).flatten()", "[11,12,13]"),
    ]);
}

#[test]
fn brackets_index_and_slice() {
    check(&[
        ("this.l[0]", "1"),
        ("this.l[-1]", "3"),
        ("this.s[0]", "\"t\""),
        ("this.s[1:3]", "\"ex\""),
        ("this.s[::-1]", "\"txet\""),
        ("this.l[0::2]", "[1,3]"),
        ("this.l[:-1]", "[1,2]"),
        ("\"h\u{e9}llo\"[1:3]", "\"\u{e9}l\""),
        ("this.l[2:1]", "lower slice bound (2) must be lower than upper (1)"),
        ("this.l[5]", "index 5 out of bounds for length 3"),
    ]);
}

#[test]
fn literals_leave_out_what_is_deleted_or_nothing() {
    check(&[
        ("[1, deleted(), nothing(), 2,]", "[1,2]"),
        ("{\"a\": deleted(), (\"b\" + \"c\"): 1, \"d\": nothing(),}", "{\"bc\":1}"),
        ("{ # comment\n \"a\" : 1 , # other\n \"b\":\n 2 }", "{\"a\":1,\"b\":2}"),
        ("\"\"\"raw \\n \"text\" \"\"\"", "\"raw \\\\n \\\"text\\\" \""),
    ]);
}

#[test]
fn choices_take_the_first_that_holds() {
    check(&[
        ("if this.n { 1 } else { 2 }", "2"),
        ("if false { 1 } else if true { 2 } else { 3 }", "2"),
        ("match this.s { \"x\" => 1, \"text\" => 2, _ => 3 }", "2"),
        ("match this.a.b {\n  this > 7 => \"big\"\n  this > 3 => \"mid\"\n}", "\"mid\""),
        ("match { this.x > 2 => 1, _ => 2 }", "1"),
        ("match this.l { [1, 2, 3] => true }", "true"),
        ("(match this.s { 5 => 1 }) | \"none\"", "\"none\""),
    ]);
}

#[test]
fn errors_are_caught_with_their_text() {
    check(&[
        ("throw(\"oh\").catch(this)", "\"oh\""),
        ("throw(\"oh\").catch(e -> e + \"!\")", "\"oh!\""),
        ("this.s.number().abs().ceil().catch(1)", "1"),
        ("this.n.uppercase().or(\"x\")", "\"x\""),
    ]);
}

#[test]
fn a_mapping_may_stand_for_a_query() {
    check(&[("root = this.a.b", "5"), ("let x = 1\nroot = $x", "1")]);
}

#[test]
fn the_sum_of_nothing_has_no_sign() {
    check(&[("[].sum()", "0"), ("[-0.0].sum()", "0"), ("[].map_each(this).sum()", "0")]);
}
