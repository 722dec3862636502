//! Outputs of the host, around outputs of plugins.

use forebay_tests_pipelines::Folder;

/// What a pipeline with this output made of lines: its files in the folder. The mapping fails for `bad` and `worse`.
fn run(output: &str, lines: &str) -> Folder {
    let folder = Folder::new();
    folder.write("lines.txt", lines);
    let mapping = "root = if [\"bad\", \"worse\"].contains(content().string()) { throw(content().string() + \" luck\") } \
                   else { content() }";
    let output: String = output.lines().map(|line| format!("  {line}\n")).collect();
    let pipeline = format!(
        "input: {{file: {{paths: [lines.txt]}}}}\npipeline:\n  threads: 1\n  processors:\n    - mapping: \
         '{mapping}'\noutput:\n{output}"
    );
    let _ = folder.run(&pipeline).finish().well();
    folder
}

#[test]
fn a_switch_hands_messages_to_the_first_case_they_are_of() {
    let output = r#"switch:
  cases:
    - check: content().string().has_prefix("a")
      continue: true
      output: {file: {path: a.txt}}
    - check: content().length() > 1
      output: {file: {path: long.txt}, processors: [{mapping: root = content().uppercase()}]}
    - check: content() == "z"
      output: {file: {path: z.txt}}"#;
    let folder = run(output, "a\nab\nbc\nz\nq\n");
    assert_eq!(folder.read("a.txt"), "a\nab\n");
    assert_eq!(folder.read("long.txt"), "AB\nBC\n");
    assert_eq!(folder.read("z.txt"), "z\n");
}

#[test]
fn what_failed_goes_to_the_dead_letters_with_the_reason() {
    let output = r#"fallback:
  - reject_errored: {file: {path: good.txt}}
  - file: {path: dead.txt}
    processors: [{mapping: 'root = {"content": content().string(), "why": @fallback_error}'}]"#;
    let folder = run(output, "one\nworse\nbad\ntwo\n");
    assert_eq!(folder.read("good.txt"), "one\ntwo\n");
    let line = |content: &str| {
        let why = format!("rejecting due to failed processing: failed assignment (line 1): {content} luck");
        format!("{{\"content\":\"{content}\",\"why\":\"{why}\"}}\n")
    };
    assert_eq!(folder.read("dead.txt"), line("worse") + &line("bad"));
}

#[test]
fn a_broker_hands_everything_to_all() {
    for pattern in ["fan_out", "fan_out_fail_fast", "fan_out_sequential", "fan_out_sequential_fail_fast"] {
        let outputs = "outputs: [{file: {path: one.txt}}, {file: {path: two.txt}}]";
        let folder = run(&format!("broker:\n  pattern: {pattern}\n  {outputs}"), "a\nb\n");
        assert_eq!((folder.read("one.txt"), folder.read("two.txt")), ("a\nb\n".into(), "a\nb\n".into()));
    }
}

#[test]
fn what_may_be_dropped_is_dropped() {
    let _ = run("drop_on: {error: true, output: {reject: no}}", "a\nb\n");
    let patterns = "fallback:\n  - drop_on: {error_patterns: ['^no a$'], output: {reject: 'no ${! content() }'}}\n  - \
                    file: {path: rest.txt}";
    assert_eq!(run(patterns, "a\n").length("rest.txt"), 0);
    assert_eq!(run(patterns, "b\n").read("rest.txt"), "b\n");
    let _ = run("drop: {}", "a\n");
}

#[test]
fn outputs_that_can_not_work_are_refused_with_their_place() {
    let folder = Folder::new();
    for (output, reason) in [
        ("switch: {cases: [{output: {drop: {}}}]}", "fewer than 2 cases"),
        ("reject: ''", "an error message must be provided"),
        ("fallback: []", "missing outputs"),
        ("drop_on: {error: true, error_patterns: [a], output: {drop: {}}}", "is ineffective"),
        ("broker: {pattern: nope, outputs: [{drop: {}}]}", "not one of the options"),
        ("fallback: [{drop: {}}, {reject: ''}]", "pipeline.yaml(2,33) an error message"),
    ] {
        let finished = folder.run(&format!("input: {{stdin: {{}}}}\noutput: {{{output}}}\n")).finish();
        assert!(finished.stderr.contains(reason) && finished.code == Some(1), "{finished:?}");
        assert!(finished.stderr.contains("pipeline.yaml(2,"), "{finished:?}");
    }
}
