use rstest::rstest;
use serde_json::json;

use super::*;
use crate::source::Text;

fn tree(text: &str) -> Node {
    let parsed = parse(text);
    assert_eq!(parsed.errors, []);
    parsed.root.unwrap()
}

fn errors(text: &str) -> Vec<String> {
    parse(text).errors.iter().map(|error| format!("{} {error}", error.position)).collect()
}

fn start(node: &Node) -> (usize, usize) {
    (node.span.start.line, node.span.start.column)
}

#[test]
fn every_key_and_value_knows_its_place() {
    let root = tree("a: 1\n\u{fc}: \"x\\ny\" # c\nl:\n  - 'it''s'\n  - {k: v}\n");
    let (key, value) = root.entry("\u{fc}").unwrap();
    assert_eq!(
        (key.span.start, key.span.end),
        (Position { line: 2, column: 1 }, Position { line: 2, column: 2 })
    );
    assert_eq!((start(value), value.span.end.column, value.text.as_str()), ((2, 4), 10, "x\ny"));
    let Value::Sequence(items) = &root.get("l").unwrap().value else { panic!("a sequence") };
    assert_eq!(
        (start(&items[0]), items[0].text.as_str(), items[0].style),
        ((4, 5), "it's", Style::SingleQuoted)
    );
    assert_eq!((start(items[1].get("k").unwrap()), items[1].style), ((5, 9), Style::Flow));
    assert_eq!(root.style, Style::Block);
}

#[test]
fn blocks_know_their_first_line() {
    let root = tree(
        "a: |\n  foo\n    bar\nb: >-\n\n\n  x\n  y\nc: |2\n    ind\nd: &x |\n  z\ne: ''\nf: !!str |\n\n    !z\ng: |\n  &no props\n",
    );
    let place = |key: &str| root.get(key).unwrap().text_start;
    assert_eq!(root.get("a").unwrap().text, "foo\n  bar\n");
    assert_eq!(place("a"), Position { line: 2, column: 3 });
    assert_eq!(
        (place("b"), root.get("b").unwrap().text.as_str()),
        (Position { line: 5, column: 3 }, "\n\nx y")
    );
    assert_eq!(
        (place("c"), root.get("c").unwrap().text.as_str()),
        (Position { line: 10, column: 3 }, "  ind\n")
    );
    assert_eq!(
        (place("d"), place("f")),
        (Position { line: 12, column: 3 }, Position { line: 15, column: 5 })
    );
    assert_eq!(place("g"), Position { line: 18, column: 3 });
    assert_eq!(root.get("d").unwrap().block_start_line(), Some(12));
    assert_eq!(root.get("e").unwrap().block_start_line(), None);
}

#[test]
fn anchors_and_tags_are_not_part_of_the_text() {
    let root = tree("a: &x  foo\nb: !!str 12\nc: !mine &y 'q'\nd: *x\n");
    let columns = ["a", "b", "c"].map(|key| root.get(key).unwrap().text_start.column);
    assert_eq!(columns, [8, 10, 13]);
    assert_eq!(root.get("b").unwrap().value, Value::String);
    assert_eq!(start(root.get("d").unwrap()), (1, 4));
}

#[test]
fn numbers_survive_into_json_and_keep_their_text() {
    let root = tree("{a: 1.0, b: 18446744073709551615, c: 0x10, d: -3, e: ~, f: [1e3], 7: true}");
    let expected = json!({"a": 1.0, "b": u64::MAX, "c": 16, "d": -3, "e": null, "f": [1000.0], "7": true});
    assert_eq!(root.to_json().unwrap(), expected);
    assert_eq!(root.get("a").unwrap().text, "1.0");
    assert_eq!(serde_json::to_string(&root.get("a").unwrap().to_json().unwrap()).unwrap(), "1.0");
    assert_eq!(root.get("c").unwrap().text, "0x10");
    assert!(tree("[.inf]").to_json().is_err());
}

#[test]
fn merged_keys_do_not_replace_own_ones() {
    let root = tree("a: &a {x: 1, y: 1}\nb: &b {y: 2, z: 2}\nc:\n  <<: [*a, *b]\n  x: 3\nd: {<<: *b}\n");
    assert_eq!(root.get("c").unwrap().to_json().unwrap(), json!({"x": 3, "y": 1, "z": 2}));
    assert_eq!(root.get("d").unwrap().to_json().unwrap(), json!({"y": 2, "z": 2}));
    assert_eq!(tree("{\"<<\": 1}").to_json().unwrap(), json!({"<<": 1}));
}

#[rstest]
#[case::duplicate("a: 1\nb: 2\na: 3\n", "3,1 mapping key \"a\" already defined at line 1")]
#[case::duplicate_by_text("1: x\n'1': y\n", "2,1 mapping key \"1\" already defined at line 1")]
#[case::empty("", "1,1 the configuration is empty")]
#[case::comments("# nothing\n", "1,1 the configuration is empty")]
#[case::null("---\n~\n", "2,1 the configuration is empty")]
#[case::two_documents(
    "a: 1\n---\nb: 2\n",
    "2,1 a second document starts here, and a configuration is one document"
)]
#[case::key("? [x]\n: y\n", "1,3 the key of a mapping must be text, not !!seq")]
#[case::anchor("a: *nope\n", "1,4 invalid YAML: while parsing node, found unknown anchor")]
#[case::itself("a: &a [*a]\n", "1,8 an alias cannot stand inside of what its anchor names")]
#[case::merge("a:\n  <<: x\n", "2,7 a merge key takes a mapping or a list of mappings")]
#[case::syntax("a: b: c\n", "1,5 invalid YAML: mapping values are not allowed in this context")]
fn what_is_wrong_is_said_with_its_place(#[case] text: &str, #[case] expected: &str) {
    assert_eq!(errors(text), [expected]);
}

#[test]
fn a_duplicate_key_keeps_the_first_value_and_the_rest() {
    let parsed = parse("a: 1\na: 2\na: 3\nb: 4\n");
    assert_eq!(parsed.errors.len(), 2);
    assert!(parsed.errors.iter().all(|error| error.message.ends_with("line 1")));
    assert_eq!(parsed.root.unwrap().to_json().unwrap(), json!({"a": 1, "b": 4}));
}

#[test]
fn aliases_cannot_blow_up_the_tree() {
    let mut text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..10 {
        let alias = format!("*a{}", level - 1);
        text.push_str(&format!("a{level}: &a{level} [{}]\n", vec![alias; 10].join(", ")));
    }
    assert!(errors(&text)[0].ends_with("too large with its aliases expanded"));
}

#[test]
fn aliases_count_the_depth_of_what_they_name() {
    let mut text = "a0: &a0 [x]\n".to_owned();
    for level in 1..250 {
        text.push_str(&format!("a{level}: &a{level} [*a{}]\n", level - 1));
    }
    assert_eq!(errors(&text), ["200,14 values are nested deeper than 200 levels"]);
}

#[test]
fn depth_is_limited_in_every_style() {
    assert_eq!(errors(&"[".repeat(100_000)), ["1,256 invalid YAML: recursion limit exceeded"]);
    assert!(
        errors(&format!("{}{}", "[".repeat(210), "]".repeat(210)))[0]
            .contains("nested deeper than 200 levels")
    );
    assert!(errors(&"- ".repeat(100_000))[0].contains("nested deeper than 200 levels"));
    assert_eq!(errors(&format!("{}{}", "[".repeat(200), "]".repeat(200))), [""; 0]);
}

proptest::proptest! {
    #![proptest_config(proptest::test_runner::Config { failure_persistence: None, ..Default::default() })]

    #[test]
    fn arbitrary_text_never_panics_and_places_lie_in_it(text in ".{0,60}") {
        check(&text);
    }

    #[test]
    fn text_of_yaml_pieces_never_panics_and_places_lie_in_it(
        pieces in proptest::collection::vec(proptest::sample::select(PIECES), 0..30)
    ) {
        check(&pieces.concat());
    }
}

const PIECES: &[&str] = &[
    "a",
    "b: ",
    "- ",
    "\n",
    "\n  ",
    "\n    ",
    "|",
    ">",
    "|2\n",
    "? ",
    ": ",
    "[",
    "]",
    "{",
    "}",
    ",",
    "&a ",
    "*a",
    "<<: ",
    "'",
    "\"",
    "\\",
    "# ",
    "!!str ",
    "!x",
    "---",
    "...",
    "\r\n",
    "\r",
    "\t",
    "\u{e9}",
    "\u{1f600}",
    "%",
    "0x1",
    "1.5",
    "~",
    "\u{feff}",
    "\u{85}",
    "\u{2028}",
];

fn check(text: &str) {
    let source = Text::new(text.to_owned());
    let parsed = parse(text);
    for error in &parsed.errors {
        let place = source.position(source.offset(error.position));
        assert!(source.contains(place));
    }
    if let Some(root) = parsed.root {
        check_node(&root, &source);
    }
}

fn check_node(node: &Node, source: &Text) {
    assert!(source.contains(node.span.start), "{:?} in {:?}", node.span, source.as_str());
    let is_block = node.block_start_line().is_some();
    let text_start =
        Position { column: if is_block { 1 } else { node.text_start.column }, ..node.text_start };
    assert!(source.contains(text_start), "{:?} in {:?}", node, source.as_str());
    match &node.value {
        Value::Sequence(items) => items.iter().for_each(|item| check_node(item, source)),
        Value::Mapping(entries) => {
            for (key, value) in entries {
                assert!(source.contains(key.span.start));
                check_node(value, source);
            }
        }
        _ => {}
    }
}

#[test]
fn a_block_at_the_end_has_the_line_break_that_the_file_has() {
    for (text, expected) in [
        ("a: |\n  x", "x"),
        ("a: |\n  x\n", "x\n"),
        ("a: |\n  x\n\n", "x\n"),
        ("a: |+\n  x\n\n", "x\n\n"),
        ("a: |-\n  x", "x"),
        ("a: >\n  x\n  y", "x y"),
        ("a: |\n  x\nb: 1", "x\n"),
    ] {
        assert_eq!(parse(text).root.unwrap().get("a").unwrap().text, expected, "{text:?}");
    }
}
