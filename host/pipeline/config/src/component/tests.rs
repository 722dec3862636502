use std::collections::BTreeMap;

use rstest::rstest;
use serde_json::{Value as Json, json};

use crate::position::Position;
use crate::spec::{Description, Kind};
use crate::{Catalog, Digest, PipelineConfig, Problem, read};

fn catalog() -> Catalog {
    let description = json!({"contract": 1, "plugin": {"name": "test"}, "components": [
        {"kind": "input", "name": "file", "config": {"type": "object", "fields": [
            {"name": "paths", "type": "string", "kind": "array"},
            {"name": "limit", "type": "int", "default": 10},
            {"name": "note", "type": "string", "optional": true},
            {"name": "any", "type": "unknown", "default": {"deep": [1]}},
            {"name": "none", "type": "string", "default": null},
            {"name": "tls", "type": "object", "fields": [
                {"name": "enabled", "type": "bool", "default": false},
                {"name": "key", "type": "string", "default": ""},
            ]},
            {"name": "auth", "type": "object", "optional": true, "fields": [{"name": "user", "type": "string"}]},
            {"name": "strict", "type": "object", "fields": [
                {"name": "a", "type": "int", "default": 1}, {"name": "b", "type": "int", "optional": true},
            ]},
            {"name": "scanner", "type": "scanner", "default": {"decompress": {}}},
        ]}},
        {"kind": "input", "name": "loop", "config": {"type": "object", "fields": [
            {"name": "inputs", "type": "input", "kind": "array", "default": [{"loop": {}}]}]}},
        {"kind": "scanner", "name": "lines", "config": {"type": "object", "fields": [
            {"name": "max", "type": "int", "default": 100}]}},
        {"kind": "scanner", "name": "decompress", "config": {"type": "object", "fields": [
            {"name": "algorithm", "type": "string", "default": "gzip"},
            {"name": "into", "type": "scanner", "default": {"lines": {"max": 7}}}]}},
        {"kind": "processor", "name": "mapping", "config": {"type": "string", "mapping": "bloblang"}},
        {"kind": "processor", "name": "try", "config": {"type": "processor", "kind": "array"}},
        {"kind": "processor", "name": "log", "config": {"type": "object", "fields": [
            {"name": "message", "type": "string", "interpolated": true, "default": "hello"},
            {"name": "fields/x", "type": "string", "kind": "map", "mapping": "bloblang", "optional": true}]}},
        {"kind": "output", "name": "drop"},
        {"kind": "mapping", "name": "bloblang"},
        {"kind": "mapping", "name": "rhai"},
    ]});
    let mut catalog = Catalog::new();
    catalog.insert(Description::from_json(&description.to_string()).unwrap()).unwrap();
    catalog
}

fn try_read(text: &str) -> Result<PipelineConfig, Vec<Problem>> {
    let variables = BTreeMap::from([("LONG".to_owned(), "a long value".to_owned())]);
    read("f", &format!("{text}\noutput:\n  drop: {{}}\n"), &variables, &catalog())
}

fn messages(text: &str) -> Vec<String> {
    try_read(text).unwrap_err().iter().map(ToString::to_string).collect()
}

#[test]
fn defaults_are_filled_in_all_the_way_down() {
    let config =
        try_read("input:\n  file:\n    paths: [ a, 1.0, true ]\n    tls: { key: k }\n    note:").unwrap();
    assert_eq!(
        config.input.config,
        json!({
            "paths": ["a", "1.0", "true"], "limit": 10, "any": {"deep": [1]}, "none": null,
            "tls": {"enabled": false, "key": "k"}, "strict": {"a": 1},
        })
    );
    assert_eq!(config.output.config, json!({}));
}

#[test]
fn scanners_are_taken_out_and_their_defaults_read_as_components() {
    let config = try_read("input:\n  file:\n    paths: []").unwrap();
    let scanner = config.input.scanner().unwrap();
    assert_eq!(
        (scanner.pointer.as_str(), scanner.component.path.as_str()),
        ("/scanner", "input.file.scanner")
    );
    assert_eq!(scanner.component.config, json!({"algorithm": "gzip", "into": {"lines": {"max": 7}}}));
    let inner = scanner.component.scanner().unwrap();
    assert_eq!((inner.component.name.as_str(), &inner.component.config), ("lines", &json!({"max": 7})));

    let config = try_read("input:\n  file:\n    paths: []\n    scanner:\n      lines: {max: 3}").unwrap();
    assert_eq!(config.input.scanner().unwrap().component.config, json!({"max": 3}));
    assert_eq!(config.input.scanner().unwrap().component.span.start, Position { line: 5, column: 7 });
}

#[test]
fn a_scanner_inside_of_another_one_has_no_limits_and_no_build() {
    for inner in ["lines: {}\n          limits: {memory: 1MiB}", "lines@sha256:aabbccddeeff: {}"] {
        let text = format!(
            "input:\n  file:\n    paths: []\n    scanner:\n      decompress:\n        into:\n          {inner}"
        );
        assert!(try_read(&text).is_err(), "{text}");
    }
}

#[test]
fn paths_and_pointers_lead_to_every_component() {
    let text = "
input:
  label: in
  file: {paths: []}
  processors:
    - mapping: root = this
pipeline:
  processors:
    - try:
        - log: {}
        - try: [ {log: {}} ]";
    let config = try_read(text).unwrap();
    assert_eq!(config.input.label.as_ref().unwrap().as_str(), "in");
    assert_eq!(config.input.processors[0].path, "input.processors.0");
    assert_eq!(config.input.processors[0].config, json!("root = this"));
    let outer = &config.processors[0];
    assert_eq!((outer.path.as_str(), &outer.config), ("pipeline.processors.0", &Json::Null));
    assert_eq!((outer.kind, outer.children.len()), (Kind::Processor, 2));
    let inner = &outer.children[1];
    assert_eq!(
        (inner.pointer.as_str(), inner.component.path.as_str()),
        ("/1", "pipeline.processors.0.try.1")
    );
    assert_eq!(inner.component.children[0].component.path, "pipeline.processors.0.try.1.try.0");
}

#[rstest]
#[case::required("input:\n  file: {}", &["f(2,3) field paths is required"])]
#[case::required_without_settings("input:\n  file:", &["f(2,3) field paths is required"])]
#[case::required_by_type("input:\n  type: file", &["f(2,9) field paths is required"])]
#[case::required_within("input:\n  file: {paths: [], auth: {}}", &["f(2,27) field user is required"])]
#[case::text_required("input:\n  file: {paths: []}\n  processors: [ mapping: ]", &["f(3,17) a value is required here"])]
#[case::int("input:\n  file: {paths: [], limit: many}", &["f(2,28) expected int value, got string"])]
#[case::no_json("input:\n  file: {paths: [], any: [.nan]}", &["f(2,27) the number .nan cannot be used here"])]
#[case::null_item("input:\n  file: {paths: [~]}", &["f(2,18) expected string value, got null"])]
#[case::scanner(
    "input:\n  file: {paths: [], scanner: {line: {}}}",
    &["f(2,31) scanner `line` not recognised, did you mean `lines`?"]
)]
#[case::two_of_them("input:\n  file: {paths: []}\n  loop: {}", &["f(3,3) this input is `file` already and cannot be `loop` as well"])]
fn settings_that_do_not_fit_are_reported(#[case] text: &str, #[case] expected: &[&str]) {
    assert_eq!(messages(text), expected);
}

#[test]
fn defaults_that_contain_themselves_end() {
    let problems = messages("input:\n  loop: {}");
    assert_eq!(problems, ["f(2,3) components are nested deeper than 64 levels"]);
}

#[test]
fn places_in_mappings_lead_to_places_in_the_file() {
    let text = "
input:
  file: {paths: []}
pipeline:
  processors:
    - mapping: |

        root = this
          # more
    - mapping: 'root = \"it''s\"'
    - mapping: &m root = ${LONG}!
    - log:
        message: >-
          folded
          text
        fields/x:
          a~b: \"x\\ny z\"
    - log: {}
    - mapping: *m";
    let config = try_read(text).unwrap();
    let at = |processor: usize, pointer: &str, line, column| {
        let place = config.processors[processor].position_of(pointer, line, column).unwrap();
        (place.line, place.column)
    };
    assert_eq!((at(0, "", 1, 1), at(0, "", 2, 1), at(0, "", 3, 5)), ((7, 1), (8, 9), (9, 13)));
    assert_eq!((at(1, "", 1, 1), at(1, "", 1, 12)), ((10, 17), (10, 29)));
    assert_eq!((at(2, "", 1, 1), at(2, "", 1, 8), at(2, "", 1, 20)), ((11, 19), (11, 26), (11, 33)));
    assert_eq!((at(3, "/message", 1, 1), at(3, "/message", 2, 1)), ((14, 11), (14, 11)));
    assert_eq!((at(3, "/fields~1x/a~0b", 1, 1), at(3, "/fields~1x/a~0b", 2, 3)), ((17, 17), (17, 22)));
    assert_eq!(at(4, "/message", 1, 3), (18, 7));
    assert_eq!(at(5, "", 1, 1), (11, 19));
    assert_eq!(config.processors[0].position_of("/nope", 1, 1), None);

    let texts = config.processors[3].texts();
    assert_eq!(texts.iter().map(|text| text.interpolated).collect::<Vec<_>>(), [true, false]);
    assert_eq!(texts[1].language.as_deref(), Some("bloblang"));
}

#[test]
fn a_mapping_may_be_written_in_another_language() {
    let text = "
input:
  file: {paths: []}
pipeline:
  processors:
    - mapping:
        language: rhai
        code: |
          doc.a = 1
    - log: { fields/x: { a: { language: bloblang, code: root = 1 }, b: { code: root = 2 } } }";
    let config = try_read(text).unwrap();
    let (mapping, log) = (&config.processors[0], &config.processors[1]);
    assert_eq!(mapping.config, json!({"language": "rhai", "code": "doc.a = 1\n"}));
    let found = &mapping.texts()[0];
    assert_eq!((found.pointer.as_str(), found.language.as_deref()), ("/code", Some("rhai")));
    let place = Some(Position { line: 9, column: 15 });
    assert_eq!((mapping.position_of("/code", 1, 5), mapping.position_of("", 1, 5)), (place, place));
    assert_eq!(log.config["fields/x"], json!({"a": "root = 1", "b": "root = 2"}));
    assert_eq!(log.texts()[1].pointer, "/fields~1x/a");
    assert_eq!(log.position_of("/fields~1x/a", 1, 1), Some(Position { line: 10, column: 57 }));
}

#[rstest]
#[case("{ language: rhay, code: x }", "f(5,28) mapping language `rhay` not recognised, did you mean `rhai`?")]
#[case("{ language: [rhai], code: x }", "f(5,28) mapping language `` not recognised")]
#[case("{ language: rhai }", "f(5,16) field code is required")]
#[case("{ language: rhai, code: [x] }", "f(5,40) expected string value")]
#[case("{ language: rhai, code: { code: x } }", "f(5,40) expected string value")]
#[case("{ language: rhai, code: x, cod: y }", "f(5,43) field cod not recognised, did you mean `code`?")]
#[case("[ x ]", "f(5,16) expected string value")]
#[case("{ lang: rhai }", "f(5,16) expected string value")]
fn a_mapping_in_no_language_is_named_with_its_place(#[case] mapping: &str, #[case] problem: &str) {
    assert_eq!(read_processor(&format!("mapping: {mapping}")).unwrap_err(), [problem]);
}

#[test]
fn debug_output_does_not_hold_the_text_of_the_file() {
    let config = try_read("input:\n  file: {paths: []} # ${LONG}").unwrap();
    assert!(!format!("{config:?}").contains("a long value"));
}

#[test]
fn a_component_may_have_limits_of_its_own() {
    let config =
        try_read("input:\n  file: { paths: [ a ] }\n  limits: { memory: 64MiB, cpu: 1.5s, log_lines: 10 }")
            .unwrap();
    let limits = config.input.limits;
    assert_eq!(limits.memory, Some(64 << 20));
    assert_eq!(limits.cpu, Some(std::time::Duration::from_millis(1500)));
    assert_eq!((limits.log_lines, limits.host_calls), (Some(10), None));
}

#[rstest]
#[case("{ memry: 1 }", "f(3,13) limit memry not recognised, did you mean `memory`?")]
#[case("{ memory: much }", "f(3,21) limit memory: `much` is not a size such as 512, 64KiB or 1.5MB")]
#[case("{ cpu: 3 }", "f(3,18) limit cpu: `3` is not a duration such as 20s, 1m30s or 100ms")]
#[case("{ host_calls: -1 }", "f(3,25) limit host_calls: `-1` is not a whole number")]
#[case("7", "f(3,11) expected object value, got !!int")]
fn limits_at_fault_are_named_with_their_place(#[case] limits: &str, #[case] problem: &str) {
    assert_eq!(messages(&format!("input:\n  file: {{ paths: [ a ] }}\n  limits: {limits}")), [problem]);
}

/// Two builds of a plugin: the newer one has lost the processor `old`.
fn two_builds() -> Catalog {
    let mut catalog = catalog();
    let build = |names: &[&str]| {
        let component = |name: &&str| {
            json!({"kind": "processor", "name": name, "config": {"type": "object", "fields": [
                {"name": "text", "type": "string", "default": format!("of {}", names.len())},
                {"name": "key", "type": "string", "secret": true, "optional": true}]}})
        };
        let components: Vec<_> = names.iter().map(component).collect();
        let json = json!({"contract": 1, "plugin": {"name": "built"}, "components": components});
        Description::from_json(&json.to_string()).unwrap()
    };
    catalog.insert_build(build(&["new"]), Some(&Digest::stated("bbbbbbbbbbbb01"))).unwrap();
    catalog.insert_older(build(&["new", "old"]), &Digest::stated("aaaaaaaaaaaa01"));
    catalog
}

fn read_processor(text: &str) -> Result<crate::ComponentConfig, Vec<String>> {
    let text = format!(
        "input:\n  file: {{ paths: [] }}\npipeline:\n  processors:\n    - {text}\noutput:\n  drop: {{}}\n"
    );
    let read = read("f", &text, &BTreeMap::<String, String>::new(), &two_builds());
    read.map(|config| config.processors[0].clone())
        .map_err(|problems| problems.iter().map(ToString::to_string).collect())
}

#[test]
fn a_pinned_name_is_the_component_of_that_build() {
    let processor = read_processor("new@sha256:aaaaaaaaaaaa: {}").unwrap();
    assert_eq!((processor.name.as_str(), processor.config["text"].as_str()), ("new", Some("of 2")));
    assert!(processor.pin.unwrap().matches(&Digest::stated("aaaaaaaaaaaa01")));
    let processor = read_processor("new: {}").unwrap();
    assert_eq!((processor.pin, processor.config["text"].as_str()), (None, Some("of 1")));
    let processor = read_processor("{ type: old@sha256:aaaaaaaaaaaa01, old: { text: x } }").unwrap();
    assert_eq!((processor.name.as_str(), processor.config["text"].as_str()), ("old", Some("x")));
}

#[rstest]
#[case(
    "new@sha256:cccccccccccc: {}",
    "f(5,7) no build sha256:cccccccccccc of processor `new` is loaded, there is sha256:bbbbbbbbbbbb01, \
     sha256:aaaaaaaaaaaa01"
)]
#[case(
    "new@latest: {}",
    "f(5,7) `latest` does not name a build: expected sha256: and 12 to 64 of the digits 0-9 and a-f"
)]
#[case("nex@sha256:aaaaaaaaaaaa: {}", "f(5,7) processor `nex` not recognised, did you mean `new`?")]
#[case("old: {}", "f(5,7) processor `old` not recognised")]
#[case("{ new: {}, shadow: nwe }", "f(5,26) processor `nwe` not recognised, did you mean `new`?")]
#[case("{ new: {}, shadow: [new] }", "f(5,26) expected string value: the name of a processor")]
#[case("{ new: { text: a }, shadow: mapping }", "f(5,35) shadow mapping: expected string value")]
fn what_names_no_build_is_named_with_its_place(#[case] text: &str, #[case] expected: &str) {
    assert_eq!(read_processor(text).unwrap_err(), [expected]);
}

#[test]
fn a_shadow_takes_the_settings_that_it_knows() {
    let processor = read_processor(
        "{ log: { message: m, fields/x: { a: 'root = 1' } }, shadow: new@sha256:bbbbbbbbbbbb }",
    );
    let shadow = processor.unwrap().shadow.unwrap();
    assert_eq!((shadow.name.as_str(), shadow.pin.is_some()), ("new", true));
    assert_eq!((shadow.config, shadow.written), (json!({"text": "of 1"}), json!({})));
    assert_eq!(read_processor("{ new: {}, shadow: }").unwrap().shadow, None);
}

#[test]
fn secrets_are_known_and_not_part_of_what_is_shown() {
    let processor = read_processor("new: { key: hush }").unwrap();
    assert_eq!(processor.secrets(), ["hush"]);
}
