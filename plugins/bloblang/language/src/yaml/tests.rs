use super::{read, write};
use crate::value::Value;

fn shown(text: &str) -> String {
    match read(text) {
        Ok(value) => {
            let mut out = Vec::new();
            value.write_json(&mut out);
            String::from_utf8(out).expect("UTF-8")
        }
        Err(error) => error,
    }
}

#[test]
fn scalars_mean_what_yaml_1_1_and_1_2_agree_on() {
    let cases = [
        ("[yes, on, ~, 0777, 0o17, 1_000, 0x1F, 1e3, .5]", r#"["yes","on",null,511,15,1000,31,1000,0.5]"#),
        ("2020-01-02", r#""2020-01-02T00:00:00Z""#),
        ("a: &x {q: 1}\nb:\n  <<: *x\n  r: 2", r#"{"a":{"q":1},"b":{"q":1,"r":2}}"#),
    ];
    for (text, expected) in cases {
        assert_eq!(shown(text), expected, "{text}");
    }
}

#[test]
fn lines_of_a_flow_collection_need_no_indentation() {
    assert_eq!(shown("a: [\n1,\n2\n]\nb: {\nc: d\n}\n"), r#"{"a":[1,2],"b":{"c":"d"}}"#);
}

#[test]
fn aliases_cannot_be_unfolded_without_end() {
    let mut text = String::from("a0: &a0 [x,x,x,x,x,x,x,x,x]\n");
    for level in 1..12 {
        let before = level - 1;
        text.push_str(&format!("a{level}: &a{level} [{}]\n", vec![format!("*a{before}"); 9].join(",")));
    }
    assert_eq!(shown(&text), "yaml: document contains excessive aliasing");
    assert_eq!(shown(&"[".repeat(100_000)), "yaml: recursion limit exceeded");
}

#[test]
fn text_that_is_written_reads_back_the_same() {
    let texts = [
        "",
        " ",
        "a",
        "a: b",
        "# x",
        "- a",
        "yes",
        "null",
        "1",
        "1.5",
        "2020-01-02",
        "a\nb",
        "a\n",
        "a\n\n",
        "x #y",
        "'",
        "\"",
        "\t",
        "a\tb\nc",
        "\u{1f600}",
        "\u{85}",
        "1:30",
        "---",
        "...x",
        "*a",
        "&a",
        "a\\b",
        "key:",
    ];
    for text in texts {
        let value = Value::from(vec![Value::from(text)]);
        let written = String::from_utf8(write(&value)).expect("UTF-8");
        assert_eq!(read(&written), Ok(value), "{written}");
    }
}
