use serde_json::json;

use super::*;

const FILE: &str = "\
tests:
  - name: everything
    environment: {PORT: 80, NAME: x}
    target_processors: other.yaml#/pipeline/processors
    mocks:
      far: {mapping: root = 1}
    input_batches:
      - - content: a
          metadata: {k: 1, l: [true]}
        - json_content: {a: 1.5}
    input_batch:
      - file_content: in.txt
    output_batches:
      - - json_equals: {a: 1}
          bloblang: this.a == 1
        - {}
  - name: a mapping
    target_mapping: ./m.blobl
";

fn shown(text: &str) -> Vec<String> {
    read_tests("t.yaml", text).problems.iter().map(ToString::to_string).collect()
}

#[test]
fn every_field_is_read() {
    let TestFile { tests, problems } = read_tests("t.yaml", FILE);
    assert_eq!(problems, []);
    let test = &tests[0];
    assert_eq!((test.name.as_str(), test.line), ("everything", 2));
    assert_eq!(test.environment["PORT"], "80");
    assert_eq!(test.target, TestTarget::Processors("other.yaml#/pipeline/processors".to_owned()));
    assert_eq!(test.mocks[0].component, json!({"mapping": "root = 1"}));
    let contents: Vec<_> = test.input_batches.iter().flatten().map(|message| &message.content).collect();
    let expected = [
        TestContent::Text("a".to_owned()),
        TestContent::Json(json!({"a": 1.5})),
        TestContent::File("in.txt".to_owned()),
    ];
    assert_eq!(contents, expected.iter().collect::<Vec<_>>());
    assert_eq!(
        test.input_batches[0][0].metadata,
        [("k".to_owned(), json!(1)), ("l".to_owned(), json!([true]))]
    );
    let names: Vec<_> = test.output_batches[0][0].iter().map(Condition::name).collect();
    assert_eq!(names, ["bloblang", "json_equals"]);
    assert!(test.output_batches[0][1].is_empty());
    assert_eq!(tests[1].target, TestTarget::Mapping("./m.blobl".to_owned()));
}

#[test]
fn a_place_in_a_condition_is_a_place_in_the_file() {
    let text = "tests:\n  - name: x\n    output_batches:\n      - - bloblang: |\n            root = 1\n            root = nope()\n";
    let tests = read_tests("t.yaml", text).tests;
    let Condition::Bloblang(mapping) = &tests[0].output_batches[0][0][0] else { panic!("{tests:?}") };
    assert_eq!(mapping.position_of(2, 8), Position { line: 6, column: 20 });
}

#[test]
fn without_a_target_a_test_is_of_the_processors_of_the_pipeline() {
    let tests = read_tests("t.yaml", "tests: [{name: x}]").tests;
    assert_eq!(tests[0].target, TestTarget::Processors("/pipeline/processors".to_owned()));
}

#[test]
fn what_is_wrong_is_named_at_its_place() {
    assert_eq!(
        shown(
            "tests:\n  - nam: x\n    input_batch: 5\n  - name: y\n    output_batches:\n      - - content_equal: x\n"
        ),
        [
            "t.yaml(2,5) field nam not recognised, did you mean `name`?",
            "t.yaml(2,5) field name is required: it says which test fails",
            "t.yaml(6,11) field content_equal not recognised, did you mean `content_equals`?",
        ]
    );
    assert_eq!(shown("tests: 5"), ["t.yaml(1,8) expected array value"]);
}

#[test]
fn a_file_without_tests_has_none_whatever_else_it_holds() {
    for text in ["", "# nothing\n", "a: 1\n---\nb: 2\n", "input:\n  x: ${Y}\n", "- 1\n- 2\n"] {
        assert_eq!(read_tests("t.yaml", text), TestFile::default(), "{text}");
    }
    assert_eq!(shown("a: [").len(), 1);
}
