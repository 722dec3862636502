use std::collections::BTreeMap;

use rstest::rstest;
use serde_json::json;

use super::*;
use crate::spec::Description;

fn catalog() -> Catalog {
    let text = json!([{"name": "child1", "type": "string", "optional": true}]);
    let fields = json!([
        {"name": "foo1", "type": "string", "optional": true, "interpolated": true},
        {"name": "foo3", "type": "processor", "optional": true},
        {"name": "foo4", "type": "processor", "kind": "array", "optional": true},
        {"name": "foo5", "type": "processor", "kind": "map", "optional": true},
        {"name": "foo6", "type": "string", "optional": true, "deprecated": true},
        {"name": "foo7", "type": "object", "kind": "array", "optional": true, "fields": text},
        {"name": "foo8", "type": "object", "kind": "map", "optional": true, "fields": text},
        {"name": "mode", "type": "string", "default": "fast", "options": ["fast", "slow"]},
    ]);
    let component = |kind: &str, name: &str| json!({"kind": kind, "name": name, "config": {"type": "object", "fields": fields}});
    let description = json!({"contract": 1, "plugin": {"name": "test"}, "components": [
        component("input", "food"), component("processor", "fixer"),
        {"kind": "input", "name": "old", "status": "deprecated", "config": {"type": "unknown"}},
        {"kind": "input", "name": "resource", "config": {"type": "string", "resource": "input"}},
        {"kind": "output", "name": "drop"},
    ]});
    let mut catalog = Catalog::new();
    catalog.insert(Description::from_json(&description.to_string()).unwrap()).unwrap();
    catalog
}

fn problems_with(text: &str, options: LintOptions) -> Vec<String> {
    let variables = BTreeMap::from([("LONG".to_owned(), "a longer text".to_owned())]);
    let examined = examine("f", text, &variables, &catalog(), options);
    examined.problems.iter().map(ToString::to_string).collect()
}

/// The problems of an input, whose text is indented below `input:`; lines count from there.
fn input_problems(text: &str, options: LintOptions) -> Vec<String> {
    let indented: String = text.lines().map(|line| format!("  {line}\n")).collect();
    problems_with(&format!("input:\n{indented}output: {{label: out, drop: {{}}}}\n"), options)
}

#[rstest]
#[case::comments("food:\n  # comment\n  foo1: hello # and this", &[])]
#[case::deprecated_is_fine("old: {}", &[])]
#[case::deprecated_fields_are_fine("food:\n  foo1: hello\n  foo6: hello", &[])]
#[case::settings_and_processors(
    "food:\n  nope: yuh\n  foo1: hello\nprocessors:\n  - fixer:\n      neither: nah",
    &["f(3,5) field nope not recognised", "f(7,9) field neither not recognised"]
)]
#[case::anchors("food: &a\n  foo1: hello\nprocessors:\n  - fixer: *a", &[])]
#[case::through_anchors(
    "food: &a\n  nope: bad\nprocessors:\n  - fixer: *a",
    &["f(3,5) field nope not recognised", "f(3,5) field nope not recognised"]
)]
#[case::unknown_fields(
    "type: food\nfood:\n  unheard: yuh\n  foo1: hello\nsibling: huh",
    &["f(4,5) field unheard not recognised", "f(6,3) field sibling is invalid when the component type is food (input)"]
)]
#[case::sibling_of_a_known_one(
    "nah: nope\nfood: {}",
    &["f(2,3) field nah is invalid when the component type is food (input)"]
)]
#[case::two_known(
    "food: {}\nold: {}",
    &["f(3,3) this input is `food` already and cannot be `old` as well"]
)]
#[case::slip("foood: {}", &["f(2,3) input `foood` not recognised, did you mean `food`?"])]
#[case::slip_in_type("type: fod", &["f(2,9) input `fod` not recognised, did you mean `food`?"])]
#[case::slip_in_field("food: {fooo1: x}", &["f(2,10) field fooo1 not recognised, did you mean `foo1`?"])]
#[case::nothing("label: a", &["f(2,3) the name of an input is missing here"])]
#[case::not_an_object("food: [1]", &["f(2,9) expected object value, got !!seq"])]
#[case::unknown_and_processors(
    "foood: {}\nprocessors:\n  - fixer: {nope: 1}",
    &["f(2,3) input `foood` not recognised, did you mean `food`?", "f(4,15) field nope not recognised"]
)]
#[case::colliding_labels(
    "label: foo\nfood: {}\nprocessors:\n  - label: bar\n    fixer: {}\n  - label: foo\n    fixer: {}",
    &["f(7,7) label 'foo' collides with a previously defined label at line 2"]
)]
#[case::bad_label(
    "label: _foo\nfood: {}",
    &["f(2,10) label '_foo' is not allowed: it takes the characters a-z, 0-9 and _, and does not begin with _"]
)]
#[case::empty_processors("food: {}\nprocessors: []", &["f(3,3) field processors is empty and can be removed"])]
#[case::array_missing("food:\n  foo4:\n    key1: {fixer: {}}", &["f(4,7) expected array value"])]
#[case::component_in_object("food:\n  foo3:\n    fixer:\n      no: x", &["f(5,9) field no not recognised"])]
#[case::component_in_array("food:\n  foo4:\n    - fixer: {no: x}", &["f(4,17) field no not recognised"])]
#[case::component_in_map("food:\n  foo5:\n    k: {fixer: {no: x}}", &["f(4,19) field no not recognised"])]
#[case::array_for_string("food:\n  foo1: [ a ]", &["f(3,11) expected string value"])]
#[case::array_for_map("food:\n  foo5:\n    - fixer: {}", &["f(4,7) expected object value, got !!seq"])]
#[case::objects_in_array("food:\n  foo7:\n    - wat: no", &["f(4,9) field wat not recognised"])]
#[case::objects_in_map("food:\n  foo8:\n    k: {wat: 1}\n    l: {child1: 2}", &["f(4,11) field wat not recognised"])]
#[case::object_in_array("food:\n  foo7:\n    - child1: yep", &[])]
#[case::object_in_map("food:\n  foo8:\n    key1: {child1: 10}", &[])]
#[case::map_for_array("food:\n  foo7:\n    key1: {wat: no}", &["f(4,7) expected array value"])]
#[case::array_for_map_of_objects("food:\n  foo8:\n    - wat: no", &["f(4,7) expected object value, got !!seq"])]
#[case::option(
    "food: {mode: slw}",
    &["f(2,16) value `slw` is not one of the options fast, slow, did you mean `slow`?"]
)]
fn inputs_are_linted(#[case] text: &str, #[case] expected: &[&str]) {
    assert_eq!(input_problems(text, LintOptions::default()), expected);
}

#[test]
fn what_is_deprecated_or_without_a_label_is_reported_on_demand() {
    let deprecated = LintOptions { reject_deprecated: true, ..LintOptions::default() };
    assert_eq!(input_problems("old: {}", deprecated), ["f(2,3) component old is deprecated"]);
    assert_eq!(input_problems("food:\n  foo6: x", deprecated), ["f(3,5) field foo6 is deprecated"]);
    let labels = LintOptions { require_labels: true, ..LintOptions::default() };
    assert_eq!(input_problems("food: {}", labels), ["f(2,3) label is required for food"]);
    assert_eq!(input_problems("resource: something", labels), Vec::<String>::new());
}

#[test]
fn everything_wrong_is_reported_at_once_and_in_order() {
    let text = "output: {nope: {}}\nhuh: 1\nhuh: 2\ninput:\n  food: {foo1: [1], mode: '${UNSET}'}\n";
    assert_eq!(
        problems_with(text, LintOptions::default()),
        [
            "f(1,10) output `nope` not recognised",
            "f(2,1) field huh not recognised",
            "f(3,1) mapping key \"huh\" already defined at line 2",
            "f(5,16) expected string value",
            "f(5,27) value `` is not one of the options fast, slow",
            "f(5,28) required environment variables were not set: [UNSET]",
        ]
    );
}

#[test]
fn places_are_those_of_the_file_as_written() {
    let text = "input:\n  food: {foo1: '${LONG}', nope: 1} # ${LONG}\noutput: {drop: {}}\n";
    assert_eq!(problems_with(text, LintOptions::default()), ["f(2,27) field nope not recognised"]);
    let text = "\u{feff}input: {food: {nope: 1}}\noutput: {drop: {}}\n";
    assert_eq!(problems_with(text, LintOptions::default()), ["f(1,16) field nope not recognised"]);
}

#[test]
fn lints_can_be_disabled_and_fatal_problems_cannot() {
    let lints = "# BENTO LINT DISABLE\ninput: {food: {nope: 1}}\noutput: {drop: {}}\n";
    let variables = BTreeMap::new();
    assert!(read("f", lints, &variables, &catalog()).is_ok());
    let fatal = "# BENTO LINT DISABLE\ninput: {food: {foo1: [1]}}\noutput: {drop: {}}\n";
    assert_eq!(problems_with(fatal, LintOptions::default()), ["f(2,22) expected string value"]);
}

#[test]
fn a_configuration_with_lints_only_can_be_run_by_those_who_insist() {
    let variables = BTreeMap::new();
    let text = "input: {food: {nope: 1, foo1: '${UNSET}'}}\noutput: {drop: {}}\n";
    let examined = examine("f", text, &variables, &catalog(), LintOptions::default());
    assert_eq!((examined.config.is_some(), examined.problems.len()), (true, 2));
    let text = "input: {food: {foo1: []}}\noutput: {drop: {}}\n";
    assert!(examine("f", text, &variables, &catalog(), LintOptions::default()).config.is_none());
}

#[test]
fn findings_are_limited_and_a_fatal_one_is_never_lost() {
    let many: String = (0..5_000).map(|index| format!("unheard{index}: 1\n")).collect();
    let text = format!("{many}input: {{food: {{foo1: [1]}}}}\noutput: {{drop: {{}}}}\n");
    let examined = examine("f", &text, &BTreeMap::new(), &catalog(), LintOptions::default());
    assert_eq!(examined.problems.len(), 1_001);
    assert!(examined.config.is_none());
}

proptest::proptest! {
    #![proptest_config(proptest::test_runner::Config { failure_persistence: None, ..Default::default() })]

    #[test]
    fn arbitrary_configurations_never_panic_and_places_lie_in_them(
        pieces in proptest::collection::vec(proptest::sample::select(PIECES), 0..40)
    ) {
        let text = pieces.concat();
        let source = crate::source::Text::new(text.clone());
        let variables = BTreeMap::from([("A".to_owned(), "x\n\u{e9}: [".to_owned())]);
        let examined = examine("f", &text, &variables, &catalog(), LintOptions::default());
        proptest::prop_assert_eq!(examined.config.is_none(), examined.problems.iter().any(|p| p.severity == Severity::Fatal));
        for problem in examined.problems {
            let place = Position { line: problem.line, column: problem.column };
            proptest::prop_assert!(source.contains(place), "{} in {:?}", problem, text);
        }
    }
}

const PIECES: &[&str] = &[
    "input:",
    "output:",
    "pipeline:",
    "  food:",
    "  drop:",
    "  processors:",
    "    - fixer:",
    " {}",
    " [",
    "]",
    "{",
    "}",
    "\n",
    "\n  ",
    "\n    ",
    "label: a",
    "type: food",
    "foo1: ",
    "foo4: ",
    "foo5: ",
    "mode: ",
    "${A}",
    "${B}",
    "${{A}}",
    "${B:\n}",
    "&x ",
    "*x",
    "<<: ",
    "|",
    "\u{1f600}",
    "'",
    "\"",
    "- ",
    ": ",
    ", ",
    "threads: ",
    "1",
    "0",
    "\r\n",
    "buffer: ",
];
