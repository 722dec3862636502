//! `forebay test`.

use forebay_tests_pipelines::{Finished, Folder, examples};

const UPPER: &str = "\
pipeline:
  processors:
    - label: upper
      mapping: root = content().uppercase()
    - label: shout
      mapping: 'root = content().string() + \"!\"'
";

/// A configuration with these tests in it, run.
fn tested(tests: &str) -> Finished {
    let folder = Folder::new();
    folder.write("c.yaml", format!("{UPPER}{tests}"));
    folder.forebay(&["test", "c.yaml"]).finish()
}

/// What is wrong with the messages of the only test of a configuration.
fn reasons(config: &str, test: &str) -> Vec<String> {
    let folder = Folder::new();
    folder.write("c.yaml", format!("{config}tests:\n  - name: one\n{test}"));
    let finished = folder.forebay(&["test", "c.yaml"]).finish();
    assert_eq!(finished.stderr, "", "{finished:?}");
    let lines = finished.lines();
    let start = lines.iter().position(|line| line.starts_with("one [line "));
    let reasons = start.map_or(&[][..], |start| &lines[start + 1..]);
    assert_eq!(finished.code, Some(i32::from(!reasons.is_empty())), "{finished:?}");
    reasons.iter().map(|line| (*line).to_owned()).collect()
}

/// The same for a message `{"a":1}` with metadata, which no processor changes.
fn condition(condition: &str) -> Vec<String> {
    let test = "    input_batch:\n      - content: '{\"a\":1}'\n        metadata: {k: 1, o: {x: [true]}}\n    \
                output_batches:\n      - - ";
    reasons("pipeline: {processors: []}\n", &format!("{test}{condition}\n"))
}

#[test]
fn what_succeeds_is_said_in_a_line() {
    let finished = tested(
        "tests:\n  - name: one\n    input_batch: [{content: a}]\n    output_batches: [[{content_equals: A!}]]\n",
    );
    assert_eq!(finished.well().stdout, "Test 'c.yaml' succeeded\n");
}

#[test]
fn what_fails_is_listed_by_test_and_the_code_is_1() {
    let finished = tested(
        "tests:\n  - name: one\n    input_batch: [{content: a}]\n    output_batches: [[{content_equals: B!}]]\n  \
         - name: two\n    input_batch: [{content: a}]\n    output_batches: [[{}, {}], []]\n",
    );
    assert_eq!(finished.code, Some(1));
    let expected = [
        "Test 'c.yaml' failed",
        "",
        "Failures:",
        "",
        "--- c.yaml ---",
        "",
        "one [line 8]:",
        "batch 0 message 0: content_equals: content mismatch",
        "  expected: B!",
        "  received: A!",
        "",
        "two [line 11]:",
        "wrong batch count, expected 2, got 1",
        "mismatch of output batch 0 message counts, expected 2, got 1",
    ];
    assert_eq!(finished.lines(), expected);
    assert_eq!(finished.stderr, "");
}

#[test]
fn lint_comes_first_and_its_faults_fail_the_file() {
    let finished = tested("foo: 1\ntests:\n  - name: one\n    bar: 1\n");
    assert_eq!(finished.code, Some(1));
    let lines = finished.lines();
    assert!(lines.contains(&"Lint: (7,1) field foo not recognised"), "{finished:?}");
    assert!(lines.contains(&"Lint: (10,5) field bar not recognised"), "{finished:?}");
}

#[test]
fn targets_are_labels_pointers_and_other_files() {
    let test = |target: &str, expected: &str| {
        let folder = Folder::new();
        folder.write("c.yaml", UPPER);
        folder.write(
            "sub/t.yaml",
            format!(
                "tests:\n  - name: one\n    target_processors: {target}\n    input_batch: [{{content: a}}]\n    \
                 output_batches: [[{{content_equals: {expected}}}]]\n"
            ),
        );
        let _ = folder.forebay(&["test", "sub/t.yaml"]).finish().well();
    };
    test("../c.yaml#shout", "a!");
    test("../c.yaml#/pipeline/processors/0", "A");
    test("'../c.yaml#/pipeline/processors'", "A!");
}

#[test]
fn a_target_that_is_not_there_is_named_and_other_files_are_tested() {
    let folder = Folder::new();
    folder.write("a.yaml", format!("{UPPER}tests: [{{name: one, target_processors: nobody}}]\n"));
    folder.write("b.yaml", format!("{UPPER}tests: [{{name: one}}]\n"));
    let finished = folder.forebay(&["test", "./..."]).finish();
    assert_eq!(finished.code, Some(1));
    assert_eq!(
        finished.stderr,
        "Failed to execute test target 'a.yaml': test case 0 failed: failed to initialise processors 'nobody': \
         target for label 'nobody' failed as the label was not found in a.yaml\n"
    );
    assert_eq!(finished.stdout, "Test 'a.yaml' failed\nTest 'b.yaml' succeeded\n");
}

#[test]
fn mocks_stand_in_for_components_that_are_not_known() {
    let config = "\
pipeline:
  processors:
    - label: far
      nobody_knows: {url: x}
    - mapping: root = content().uppercase()
";
    for target in ["far", "/pipeline/processors/0"] {
        let folder = Folder::new();
        folder.write("c.yaml", config);
        folder.write(
            "c_bento_test.yaml",
            format!(
                "tests:\n  - name: one\n    mocks: {{{target}: {{mapping: root = content() + \"x\"}}}}\n    \
                 input_batch: [{{content: a}}]\n    output_batches: [[{{content_equals: AX}}]]\n"
            ),
        );
        let finished = folder.forebay(&["test", "c.yaml"]).finish();
        // The test itself succeeds; lint does not know the component.
        let expected = "\nLint: (4,7) processor `nobody_knows` not recognised\n";
        assert!(finished.stdout.ends_with(expected), "{finished:?}");
    }
}

#[test]
fn variables_of_a_test_are_those_of_the_configuration_and_of_mappings() {
    let config = "pipeline: {processors: [{mapping: 'root = \"${A:none} \" + env(\"A\").or(\"none\")'}]}\n";
    let test = |name: &str, environment: &str, expected: &str| {
        format!(
            "  - name: {name}\n    environment: {environment}\n    input_batch: [{{}}]\n    \
             output_batches: [[{{content_equals: {expected}}}]]\n"
        )
    };
    let folder = Folder::new();
    let tests =
        test("one", "{A: x}", "x x") + &test("two", "{}", "none none") + &test("three", "{A: 5}", "5 5");
    folder.write("c.yaml", format!("{config}tests:\n{tests}"));
    let _ = folder.forebay(&["test", "c.yaml"]).finish().well();

    folder.write("d.yaml", format!("{config}tests:\n{}", test("one", "{}", "file file")));
    folder.write(".env", "A=file\n");
    let _ = folder.forebay(&["test", "-e", ".env", "d.yaml"]).finish().well();
}

#[test]
fn every_condition_holds_or_says_why_not() {
    for holds in [
        "content_equals: '{\"a\":1}'",
        "content_matches: '^.\"a\":\\d'",
        "metadata_equals: {k: 1, o: {x: [true]}}",
        "json_equals: {a: 1}",
        "json_contains: '{ }'",
        "bloblang: this.a == 1 && @k == 1",
        "bloblang: root = \"true\"",
    ] {
        assert!(condition(holds).is_empty(), "{holds}: {:?}", condition(holds));
    }
    let fails: [(&str, &[&str]); 9] = [
        (
            "content_matches: b",
            &["content_matches: pattern mismatch", "   pattern: b", "  received: {\"a\":1}"],
        ),
        (
            "metadata_equals: {k: 2}",
            &["metadata_equals: metadata key 'k' mismatch", "  expected: 2", "  received: 1"],
        ),
        ("metadata_equals: {z: 2}", &["metadata_equals: metadata key 'z' expected but not found"]),
        (
            "json_equals: {b: 1}",
            &["json_equals: JSON content mismatch", "{", "    \"a\": 1,", "    \"b\": 1", "}"],
        ),
        ("json_contains: {a: 2}", &["json_contains: JSON superset mismatch", "{", "    \"a\": 1 => 2", "}"]),
        ("bloblang: this.a == 2", &["bloblang: bloblang expression was false"]),
        ("bloblang: this.a", &["bloblang: expected bool value, got number from mapping (1)"]),
        (
            "bloblang: root = deleted()",
            &["bloblang: query mapping resulted in deleted message, expected a boolean value"],
        ),
        (
            "file_equals: no.txt",
            &["file_equals: failed to read comparison file: open no.txt: no such file or directory"],
        ),
    ];
    for (stated, expected) in fails {
        let expected: Vec<String> = expected
            .iter()
            .enumerate()
            .map(|(at, line)| if at == 0 { format!("batch 0 message 0: {line}") } else { (*line).to_owned() })
            .collect();
        assert_eq!(condition(stated), expected, "{stated}");
    }
}

#[test]
fn files_hold_contents_and_expectations() {
    let folder = Folder::new();
    folder.write("sub/in.txt", "{\"a\": 1}");
    folder.write("sub/out.json", "{\"a\":1}");
    folder.write(
        "sub/c.yaml",
        "pipeline: {processors: [{mapping: root = this}]}\ntests:\n  - name: one\n    input_batch: [{file_content: \
         ./in.txt}]\n    output_batches: [[{file_equals: out.json, file_json_equals: in.txt, file_json_contains: \
         ./in.txt}]]\n",
    );
    let _ = folder.forebay(&["test", "sub/..."]).finish().well();
}

#[test]
fn what_a_mapping_under_test_imports_is_relative_to_its_file() {
    let folder = Folder::new();
    let apply = "import \"lib.blobl\"\nroot = {}.apply(\"a\")\n";
    folder.write("lib.blobl", "map a { root = \"where the process is\" }\n");
    folder.write("sub/lib.blobl", "map a { root = \"beside the configuration\" }\n");
    folder.write("sub/maps/lib.blobl", "map a { root = \"beside the mapping\" }\n");
    folder.write("sub/maps/m.blobl", apply);
    folder.write("sub/m.blobl", apply);
    folder.write("sub/none.blobl", "from \"none/x.blobl\"\n");
    let test = |target: &str, expected: &str| {
        format!(
            "  - name: one\n    {target}\n    input_batch: [{{}}]\n    output_batches: [[{{content_equals: \
             {expected}}}]]\n"
        )
    };
    let absolute = folder.path("sub/maps/m.blobl");
    let tests = test("target_mapping: maps/m.blobl", "beside the mapping")
        + &test("target_mapping: ../sub/maps/m.blobl", "beside the mapping")
        + &test(&format!("target_mapping: {}", absolute.display()), "beside the mapping")
        + &test("target_mapping: m.blobl", "beside the configuration")
        // Those of configurations and conditions are not.
        + &test("target_processors: /pipeline/processors", "where the process is")
        + "  - name: condition\n    target_mapping: m.blobl\n    input_batch: [{}]\n    output_batches: [[{bloblang: \
           'import \"lib.blobl\"\n\n      root = {}.apply(\"a\") == \"where the process is\"'}]]\n";
    let config = "pipeline:\n  processors:\n    - mapping: |\n        import \"lib.blobl\"\n        root = {}.apply(\"a\")\n";
    folder.write("sub/c.yaml", format!("{config}tests:\n{tests}"));
    let finished = folder.forebay(&["test", "sub/c.yaml"]).finish().well();
    assert_eq!(finished.stdout, "Test 'sub/c.yaml' succeeded\n");

    folder.write("sub/d.yaml", format!("{config}tests:\n{}", test("target_mapping: none.blobl", "x")));
    let finished = folder.forebay(&["test", "sub/d.yaml"]).finish();
    let none = folder.path("sub/none/x.blobl");
    let expected = format!("failed to read import: open {}: no such file or directory", none.display());
    assert!(finished.stderr.contains(&expected), "{finished:?}");
}

#[test]
fn a_message_that_failed_shows_its_error_beside_failed_conditions() {
    let test = "    input_batch: [{content: x}]\n    output_batches: [[{content_equals: y}]]\n";
    let reasons = reasons("pipeline: {processors: [{mapping: root = this.a}]}\n", test);
    assert_eq!(reasons.len(), 4, "{reasons:?}");
    assert!(reasons[3].starts_with("batch 0 message 0: failed assignment (line 1): "), "{reasons:?}");
}

#[test]
fn a_fault_in_a_condition_is_found_at_its_place_in_the_file() {
    let folder = Folder::new();
    folder.write(
        "c.yaml",
        "tests:\n  - name: one\n    output_batches:\n      - - bloblang: |\n            root = 1\n            root = nope()\n",
    );
    let finished = folder.forebay(&["test", "c.yaml"]).finish();
    assert_eq!(finished.code, Some(1));
    let start = "Failed to obtain test targets: failed to parse test definition from 'c.yaml': c.yaml(6,";
    assert!(finished.stderr.starts_with(start), "{finished:?}");
}

#[test]
fn a_fault_in_a_mapping_under_test_is_found_at_its_place_in_the_file() {
    let folder = Folder::new();
    folder.write(
        "c.yaml",
        "pipeline:\n  processors:\n    - mapping: |\n        root = 1\n        root = nope()\ntests:\n  - name: one\n",
    );
    let finished = folder.forebay(&["test", "c.yaml"]).finish();
    let start = "Failed to execute test target 'c.yaml': test case 0 failed: failed to initialise processors \
                 '/pipeline/processors': c.yaml(5,";
    assert!(finished.stderr.starts_with(start), "{finished:?}");
}

#[test]
fn every_test_has_caches_of_its_own() {
    let folder = Folder::new();
    folder.write("r.yaml", "cache_resources: [{label: kept, memory: {}}]\n");
    folder.write("c.yaml", format!("{UPPER}tests: [{{name: one}}, {{name: two}}]\n"));
    let _ = folder.forebay(&["test", "-r", "r.yaml", "c.yaml"]).finish().well();
    let finished = folder.forebay(&["test", "-r", "none.yaml", "c.yaml"]).finish();
    assert!(finished.stderr.contains("open none.yaml: no such file or directory"), "{finished:?}");
}

#[test]
fn processors_among_the_resources_can_be_tested() {
    let folder = Folder::new();
    let config = "processor_resources:\n  - label: upper\n    mapping: root = content().uppercase()\n";
    let test = "tests:\n  - name: one\n    target_processors: upper\n    input_batch: [{content: a}]\n    \
                output_batches: [[{content_equals: A}]]\n";
    folder.write("c.yaml", format!("{config}{test}"));
    let _ = folder.forebay(&["test", "c.yaml"]).finish().well();
}

#[test]
fn without_tests_there_is_nothing_to_succeed() {
    let folder = Folder::new();
    folder.write("c.yaml", UPPER);
    for paths in [&["test", "c.yaml"][..], &["test"], &["test", "./..."]] {
        let finished = folder.forebay(paths).finish();
        assert_eq!((finished.code, finished.stdout.as_str()), (Some(1), "No tests were found\n"));
    }
    let finished = folder.forebay(&["test", "none.yaml"]).finish();
    assert_eq!(
        finished.stderr,
        "Failed to obtain test targets: unable to access target config file 'none.yaml': stat none.yaml: no such \
         file or directory\n"
    );
}

#[test]
fn what_components_log_is_shown_on_demand() {
    let folder = Folder::new();
    folder.write(
        "c.yaml",
        "pipeline: {processors: [{log: {message: seen}}]}\ntests: [{name: one, input_batch: [{}], output_batches: [[{}]]}]\n",
    );
    let quiet = folder.forebay(&["test", "c.yaml"]).finish().well();
    assert_eq!((quiet.stdout.as_str(), quiet.stderr.as_str()), ("Test 'c.yaml' succeeded\n", ""));
    let loud = folder.forebay(&["test", "--log", "info", "c.yaml"]).finish().well();
    assert!(loud.stdout.contains("msg=seen"), "{loud:?}");
}

#[test]
fn a_field_that_means_nothing_is_told_of_in_a_file_of_tests() {
    let folder = Folder::new();
    folder.write("c.yaml", UPPER);
    folder.write("c_forebay_test.yaml", "tests:\n  - name: one\n    output_batch: []\n");
    let finished = folder.forebay(&["test", "c.yaml"]).finish().well();
    assert_eq!(
        finished.stderr,
        "c_forebay_test.yaml(3,5) field output_batch not recognised, did you mean `output_batches`?\n"
    );
}

#[test]
fn the_tests_of_the_examples_succeed() {
    let folder = Folder::new();
    let examples = examples().join("unit-tests/...");
    let finished = folder.forebay(&["test", examples.to_str().unwrap()]).finish().well();
    assert_eq!(finished.lines().len(), 2, "{finished:?}");
}

#[test]
fn run_and_lint_pass_over_tests() {
    let folder = Folder::new();
    let pipeline = "input: {generate: {count: 1, interval: '', mapping: 'root = 5'}}\noutput: {stdout: {}}\ntests: \
                    [{name: one}]\n";
    assert_eq!(folder.run(pipeline).finish().well().stdout, "5\n");
    assert_eq!(folder.lint(pipeline).finish().well().stdout, "");
}
