use crate::testing::{Batch, Fixed};
use crate::{Content, Form, Mapping, Outcome, Value};

pub(super) fn run(source: &str, form: Form, batch: &Batch) -> (Outcome, String) {
    let mut mapping = Mapping::compile(source, form).unwrap_or_else(|error| panic!("{error} in {source}"));
    let mut out = Vec::new();
    let outcome = mapping.run(batch, 0, &mut Fixed::default(), &mut out);
    (outcome, String::from_utf8_lossy(&out).into_owned())
}

/// The new content, or the error.
pub(crate) fn map(source: &str, input: &str) -> String {
    let (outcome, out) = run(source, Form::Mapping, &Batch::of(&[input]));
    outcome.error.unwrap_or(out)
}

#[test]
fn the_seed_of_the_project_gives_one_of_its_two_documents() {
    let source = r#"root = if random_int() % 2 == 0 {
  {
    "type": "foo",
    "foo": "xyz"
  }
} else {
  {
    "type": "bar",
    "bar": "abc"
  }
}
"#;
    let documents = [r#"{"foo":"xyz","type":"foo"}"#, r#"{"bar":"abc","type":"bar"}"#];
    assert!(documents.contains(&map(source, "").as_str()));
}

#[test]
fn without_an_assignment_the_content_stays() {
    let (outcome, out) = run("let a = this.b\nroot = nothing()", Form::Mapping, &Batch::of(&["{}"]));
    assert_eq!((outcome.content, outcome.metadata, out.as_str()), (Content::Unchanged, None, ""));
}

#[test]
fn a_deleted_root_deletes_the_message() {
    let (outcome, _) = run("root = deleted()", Form::Mapping, &Batch::of(&["{}"]));
    assert_eq!(outcome.content, Content::Deleted);
}

#[test]
fn a_failed_mapping_changes_nothing() {
    let source = "meta a = 1\nroot.x = 1\nroot.y = this.b.uppercase()";
    let (outcome, out) = run(source, Form::Mapping, &Batch::of(&["{\"b\":5}"]));
    assert_eq!((outcome.content, outcome.metadata, out.as_str()), (Content::Unchanged, None, ""));
    assert_eq!(
        outcome.error.as_deref(),
        Some("failed assignment (line 3): expected string value, got number from field `this.b` (5)")
    );
}

#[test]
fn paths_create_replace_delete_and_append() {
    let cases = [
        ("root.a.b = 1\nroot.a = 2\nroot.c.\"d.e\".0 = 3", r#"{"a":2,"c":{"d.e":{"0":3}}}"#),
        ("root = []\nroot.\"-\".A = 1\nroot.\"-\" = 2\nroot.1 = 3", r#"[{"A":1},3]"#),
        ("root = this\nroot.x.y = deleted()\nroot.z = deleted()", r#"{"x":{"w":2}}"#),
        ("foo = 1\nthis.foo = 2\nroot.root = 3", r#"{"foo":1,"root":3,"this":{"foo":2}}"#),
        ("root = this\nroot.first = root\nroot.x = 1", r#"{"first":{"x":{"w":2,"y":1},"z":3},"x":1,"z":3}"#),
    ];
    for (source, expected) in cases {
        assert_eq!(map(source, r#"{"x":{"y":1,"w":2},"z":3}"#), expected, "{source}");
    }
}

#[test]
fn text_and_bytes_are_written_raw_and_the_rest_as_json() {
    assert_eq!(map("root = this.a", r#"{"a":"<x>"}"#), "<x>");
    assert_eq!(map("root = content()", "any\nthing"), "any\nthing");
    assert_eq!(map("root.a = content()", "hello"), r#"{"a":"aGVsbG8="}"#);
    assert_eq!(map("root = null", ""), "null");
}

#[test]
fn untouched_parts_of_a_document_come_out_as_they_came_in() {
    let document = r#"{"a":1.0,"b":12345678901234567890123,"c":-0,"d":1e3,"e":"\u00e9<"}"#;
    assert_eq!(map("root = this", document), document.replace("\\u00e9", "\u{e9}"));
}

#[test]
fn root_ifs_choose_statements() {
    let source = "if this.n > 10 {\n  root.a = \"big\"\n} else if this.n > 5 { root.b = \"mid\" } else {\n\n  root.c = 1\n}";
    assert_eq!(map(source, r#"{"n":11}"#), r#"{"a":"big"}"#);
    assert_eq!(map(source, r#"{"n":6}"#), r#"{"b":"mid"}"#);
    assert_eq!(map(source, r#"{"n":1}"#), r#"{"c":1}"#);
}

#[test]
fn maps_have_variables_of_their_own_and_see_each_other() {
    let source = "map a {\n  let x = \"inner\"\n  root = this.apply(\"b\") + $x\n}\nmap b {\n  root = this + \"!\"\n}\n\
                  let x = \"outer\"\nroot.r = this.v.apply(\"a\")\nroot.x = $x";
    assert_eq!(map(source, r#"{"v":"hi"}"#), r#"{"r":"hi!inner","x":"outer"}"#);
}

#[test]
fn variables_know_no_blocks_and_can_be_unset() {
    assert_eq!(map("if true {\n  let x = 1\n}\nroot = $x", ""), "1");
    assert_eq!(
        map("let x = 1\nlet x = deleted()\nroot = $x", ""),
        "failed assignment (line 3): variable 'x' undefined"
    );
}

#[test]
fn metadata_is_read_old_and_new() {
    let batch = Batch::of(&["{}"]).with_metadata("a", Value::from("old")).with_metadata("n", Value::Int(5));
    let source = "meta a = \"new\"\nmeta b = meta(\"a\")\nmeta n = deleted()\nroot = [@a, metadata(\"a\"), meta(\"n\"), @n, @]";
    let (outcome, out) = run(source, Form::Mapping, &batch);
    assert_eq!(out, r#"["new","old","5",null,{"a":"new","b":"old"}]"#);
    let expected = vec![("a".to_owned(), Value::from("new")), ("b".to_owned(), Value::from("old"))];
    assert_eq!(outcome.metadata, Some(expected));
}

#[test]
fn metadata_is_replaced_and_cleared_as_a_whole() {
    let batch = Batch::of(&["{}"]).with_metadata("a", Value::from("old"));
    let (outcome, _) = run("meta = {\"x\": 1}", Form::Mapping, &batch);
    assert_eq!(outcome.metadata, Some(vec![("x".to_owned(), Value::Int(1))]));
    let (outcome, _) = run("meta = deleted()", Form::Mapping, &batch);
    assert_eq!(outcome.metadata, Some(Vec::new()));
}

#[test]
fn other_messages_of_the_batch_can_be_read() {
    let source = "root = [json(\"v\").from(1), json(\"v\").from(-1), json(\"v\").from_all(), batch_size(), \
                  batch_index().from(2), content().from(9).length(), json().v.or(\"no\").from_all()]";
    let (_, out) = run(source, Form::Mapping, &Batch::of(&["{\"v\":1}", "{\"v\":2}", "{\"v\":3}"]));
    assert_eq!(out, r#"[2,3,[1,2,3],3,2,0,[1,2,3]]"#);
    let source = "root = json().v.or(\"no\").from_all()";
    let (_, out) = run(source, Form::Mapping, &Batch::of(&["{\"v\":1}", "{}", "not json"]));
    assert_eq!(out, r#"[1,"no","no"]"#);
}

#[test]
fn one_expression_stands_for_an_assignment_to_root() {
    assert_eq!(map("this.a + this.b", r#"{"a":5,"b":3}"#), "8");
    assert_eq!(map("#!blobl\n\"foo\" == \"bar\"", ""), "false");
}
