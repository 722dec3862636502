//! `forebay list --format schema`: what the schema says is held against what lint says, by the program's own validator.

use forebay_tests_pipelines::{Folder, example};
use serde_json::{Value, json};

/// Whether the schema takes configurations, which are YAML.
fn are_valid(folder: &Folder, texts: &[String]) -> Vec<bool> {
    let schema = folder.forebay(&["list", "--format", "schema"]).finish().well().stdout;
    folder.write("schema.json", schema);
    folder.write(
        "valid.blobl",
        "let schema = file(\"schema.json\").string()\n\
         root = this.parse_yaml().json_schema($schema).type().catch(\"no\")\n",
    );
    let lines: Vec<String> = texts.iter().map(|text| json!(text).to_string()).collect();
    let flags = ["blobl", "--max-token-length", "1000000", "-f", "valid.blobl"];
    let finished = folder.forebay(&flags).input(lines.join("\n")).finish().well();
    let results = finished.lines();
    assert_eq!(results.len(), texts.len(), "{finished:?}");
    results.iter().map(|result| *result == "object").collect()
}

#[test]
fn the_schema_takes_the_examples() {
    let folder = Folder::new();
    let names = ["file-to-file", "generate", "rhai", "unit-tests"];
    let valid = are_valid(&folder, &names.map(example));
    assert_eq!(valid, [true; 4], "{names:?}");
}

#[test]
fn the_schema_takes_what_lint_takes_and_nothing_else() {
    let folder = Folder::new();
    let ends = "input: {stdin: {}}\noutput: {stdout: {}}\n";
    let processors = [
        "{log: {message: hi, level: INFO}}",
        "{log: {mesage: hi}}",
        "{label: a, mapping: root = 1}",
        "{label: A b, mapping: root = 1}",
        "{mapping: root = 1, log: {}}",
        "{sleep: {}}",
        "{sleep: {duration: 1s}}",
        "{switch: [{check: 'true', processors: [{noop: {}}]}]}",
        "{switch: [{check: 'true', processors: [{nop: {}}]}]}",
        "{bounds_check: {max_part_size: '${SIZE:5}'}}",
        "{bounds_check: {max_part_size: large}}",
        "{type: noop}",
    ];
    let texts: Vec<String> = processors
        .iter()
        .map(|processor| format!("{ends}pipeline: {{processors: [{processor}]}}\n"))
        .collect();
    let valid = are_valid(&folder, &texts);
    for (text, valid) in texts.iter().zip(valid) {
        assert_eq!(valid, folder.lint(text).finish().code == Some(0), "{text}");
    }
}

#[test]
fn every_component_is_defined_once() {
    let folder = Folder::new();
    let schema = folder.forebay(&["list", "--format", "schema"]).finish().well().stdout;
    let schema: Value = serde_json::from_str(&schema).unwrap();
    let names = folder.forebay(&["list", "--format", "json"]).finish().well().stdout;
    let names: Value = serde_json::from_str(&names).unwrap();
    for kind in ["input", "processor", "output", "scanner", "cache"] {
        for name in names[format!("{kind}s")].as_array().unwrap() {
            let name = name.as_str().unwrap();
            let definition = &schema["definitions"][format!("{kind}.{name}")];
            assert!(definition["description"].as_str().is_some_and(|text| !text.is_empty()), "{kind} {name}");
        }
    }
}
