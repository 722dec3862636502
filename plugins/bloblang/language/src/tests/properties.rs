//! Whatever the source and the message, there is an outcome.

use proptest::prelude::*;

use crate::testing::{Batch, Fixed};
use crate::{Form, Interpolated, Mapping, Query};

/// Sources made of pieces of the language, so that many of them compile.
fn sources() -> impl Strategy<Value = String> {
    let pieces = prop::sample::select(vec![
        "root",
        "this",
        "foo",
        ".",
        " = ",
        "\n",
        "(",
        ")",
        "[",
        "]",
        "{",
        "}",
        ":",
        ",",
        " + ",
        " - ",
        " / ",
        " % ",
        " | ",
        " && ",
        " == ",
        " < ",
        "-",
        "!",
        "1",
        "2.5",
        "\"a\"",
        "null",
        "true",
        "let x = ",
        "$x",
        "@",
        "@a",
        "meta a = ",
        "if ",
        " else ",
        "match ",
        " => ",
        "_",
        "x -> ",
        ".map_each(",
        ".apply(\"m\")",
        ".string()",
        ".catch(1)",
        ".or(",
        ".from(1)",
        ".from_all()",
        ".sort()",
        ".slice(",
        "deleted()",
        "nothing()",
        "json()",
        "range(0, 5)",
        "map m {",
        "-> ",
        "\u{e9}",
        "#",
        "[1:]",
        ".number()",
        ".filter(",
        ".fold(0, ",
    ]);
    prop::collection::vec(pieces, 0..30).prop_map(|pieces| format!("root = this{}", pieces.concat()))
}

const LEAVES: &str = r#"this this.a this.b.c 1 -3 2.5 "text" null true [1,"a",null] {"k":[2]} deleted() nothing()
    content() json("a") @a throw("x") 9223372036854775807"#;

const OPERATORS: &str = "+ - * / % | && || == < >=";

const METHODS: &str = r#"string() number() length() keys() values() sort() sum() flatten() reverse() abs() ceil()
    int64() type() unique() collapse() enumerated() uppercase() capitalize() trim() quote() format_json() parse_json()
    encode("hex") decode("base64") decode("ascii85") from_all() from(-5) not_null() bool(true) min()"#;

const QUERIES: &str =
    "map_each filter all any sort_by map_each_key unique sort catch or append concat merge assign
    contains split join repeat slice index get without with index_of explode trim_prefix has_suffix";

fn words(text: &'static str) -> impl Strategy<Value = &'static str> + Clone {
    prop::sample::select(text.split_whitespace().collect::<Vec<_>>())
}

fn expressions() -> impl Strategy<Value = String> {
    words(LEAVES).prop_map(str::to_owned).prop_recursive(4, 24, 3, |inner| {
        let pair = (inner.clone(), inner.clone());
        prop_oneof![
            (inner.clone(), words(OPERATORS), inner.clone()).prop_map(|(a, op, b)| format!("({a} {op} {b})")),
            (inner.clone(), words(METHODS)).prop_map(|(a, method)| format!("({a}).{method}")),
            (inner.clone(), words(QUERIES), inner).prop_map(|(a, query, b)| format!("({a}).{query}({b})")),
            pair.clone().prop_map(|(a, b)| format!("({a})[({b}):]")),
            pair.clone().prop_map(|(a, b)| format!("(if {a} {{ {b} }})")),
            pair.prop_map(|(a, b)| format!("(match {a} {{ {b} => this, _ => 1 }})")),
        ]
    })
}

proptest! {
    #[test]
    fn any_text_compiles_or_is_refused(source in any::<String>()) {
        let _ = Mapping::compile(&source, Form::Mapping);
        let _ = Query::compile(&source);
        let _ = Interpolated::compile(&format!("${{!{source}"));
    }

    #[test]
    fn any_mixture_of_words_has_an_outcome(source in sources(), content in "[\\[\\]{}\":,a0-9 ]{0,20}") {
        for form in [Form::Mapping, Form::Mutation] {
            if let Ok(mut mapping) = Mapping::compile(&source, form) {
                mapping.run(&Batch::of(&[&content, "{}"]), 0, &mut Fixed::default(), &mut Vec::new());
            }
        }
    }

    #[test]
    fn any_expression_has_a_value_or_an_error(source in expressions()) {
        let batch = Batch::of(&[r#"{"a":[3,1.5,"x",{"d":null}],"b":{"c":"6869"}}"#, "nope"]);
        if let Ok(mut query) = Query::compile(&source) {
            let _ = query.run(&batch, 0, &mut Fixed::default());
        }
    }
}
