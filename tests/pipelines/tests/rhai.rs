//! The mapping language rhai: its processor, its code wherever mappings stand, and code that is up to no good.

use forebay_tests_pipelines::{Finished, Folder};

/// Runs a script on the lines of the standard input.
fn process(code: &str, input: &str) -> Finished {
    let folder = Folder::new();
    let code = code.replace('\n', "\n        ");
    let pipeline = format!(
        "input: {{stdin: {{}}}}\npipeline:\n  threads: 1\n  processors:\n    - rhai: |\n        {code}\noutput: {{stdout: {{}}}}\n"
    );
    folder.run(&pipeline).input(input).finish().well()
}

#[test]
fn a_script_changes_drops_and_leaves_messages() {
    let finished = process(
        "if doc.n == 2 { drop() }\nif doc.n > 2 { doc.big = true }",
        "{ \"n\" : 1 }\n{\"n\":2}\n{\"n\":3,\"a\":1.50}\n",
    );
    assert_eq!(finished.lines(), [r#"{ "n" : 1 }"#, r#"{"a":1.5,"big":true,"n":3}"#]);
}

#[test]
fn a_message_for_which_a_script_fails_is_delivered_unchanged_and_the_error_is_logged() {
    let finished = process(
        "if doc.n == 1 {\n    throw \"one is not enough\";\n}\npayload = \"\" + doc.n.to_float() / 2.0;",
        "{\"n\":1}\n{\"n\":3}\nno JSON\n",
    );
    assert_eq!(finished.lines(), [r#"{"n":1}"#, "1.5", "no JSON"]);
    let error = finished.stderr.lines().find(|line| line.contains("flagged with an error")).unwrap();
    assert!(error.starts_with("level=error path=pipeline.processors.0 count=2 "), "{error}");
    assert!(error.contains("one is not enough (line 2, column 5)"), "{error}");
}

#[test]
fn code_stands_wherever_a_mapping_stands() {
    let folder = Folder::new();
    let pipeline = "\
input:
  generate:
    count: 2
    interval: ''
    mapping: {language: rhai, code: 'doc = #{from: \"rhai\", index: batch_index}'}
pipeline:
  threads: 1
  processors:
    - mapping: {language: rhai, code: 'doc.mapped = true; meta.kind = \"m\"'}
    - mutation: {language: bloblang, code: root.kind = @kind}
    - log:
        message: 'got ${! json(\"from\") }'
        fields_mapping: {language: rhai, code: 'doc = #{kind: meta.kind}'}
output: {stdout: {}}
";
    let finished = folder.run(pipeline).finish().well();
    assert_eq!(finished.lines(), [r#"{"from":"rhai","index":0,"kind":"m","mapped":true}"#; 2]);
    let logged: Vec<_> = finished.stderr.lines().filter(|line| line.contains("got rhai")).collect();
    assert!(logged.len() == 2 && logged[0].contains("kind=m"), "{finished:?}");
}

#[test]
fn what_is_printed_is_in_the_log() {
    let finished = process("print(\"saw \" + doc.n)", "{\"n\":7}\n");
    assert!(finished.stderr.contains("saw 7"), "{finished:?}");
    assert_eq!(finished.stdout, "{\"n\":7}\n");
}

#[test]
fn faults_in_code_are_found_at_their_place_in_the_file() {
    let folder = Folder::new();
    let pipeline = "\
input:
  generate:
    mapping:
      language: rhai
      code: |
        doc = 1;
        doc = nope;
pipeline:
  processors:
    - rhai: let x = (1;
    - mapping: {language: rhai, code: \"eval('1')\"}
    - mutation: {language: rhay, code: x}
    - log: {fields_mapping: {language: rhai}}
output: {stdout: {}}
";
    let finished = folder.lint(pipeline).finish();
    let found: Vec<_> =
        finished.lines().iter().map(|line| line.split_once(") ").unwrap().0.to_owned()).collect();
    let expected = ["(7,15", "(10,23", "(11,40", "(12,28", "(13,29"];
    assert_eq!(found, expected.map(|place| format!("pipeline.yaml{place}")), "{finished:?}");
}

#[test]
fn code_that_does_not_end_fails_its_message_and_no_other() {
    for (code, error) in [
        ("loop { let x = 1; }", "Too many operations"),
        ("fn f(x) { if true { [f(x + 1)] } }\nf(0)", "Stack overflow"),
        ("let a = []; loop { a = [a]; }", "the script nests values too deep"),
        ("let f = || 1; loop { let g = f; f = || g.call(); }", "the script nests values too deep"),
        ("let s = \"x\"; loop { s += s; }", "Length of string too large"),
        ("let a = []; a.pad(1000000, 0);", "Size of array/BLOB too large"),
        ("let s = \"x\"; s.pad(1000000, 'x'); s.replace(\"x\", s);", "Length of string too large"),
        (
            "let s = \"x\"; s.pad(900000, 'x');\nlet m = #{}; for i in 0..200 { m[\"\" + i] = s + i; }",
            "the script holds too much memory",
        ),
    ] {
        let finished =
            process(&format!("if !doc.bad {{ return; }}\n{code}"), "{\"bad\":true}\n{\"bad\":false}\n");
        assert_eq!(finished.lines(), ["{\"bad\":true}", "{\"bad\":false}"], "{code}");
        assert!(finished.stderr.contains(error), "{code}: {finished:?}");
    }
}
