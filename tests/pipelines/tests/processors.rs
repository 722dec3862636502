//! Processors: mappings, mutations and the log.

use forebay_tests_pipelines::{Finished, Folder, lines};

/// Runs processors between the standard streams.
fn process(processors: &str, input: &str) -> Finished {
    let folder = Folder::new();
    let pipeline = format!(
        "input: {{stdin: {{}}}}\npipeline:\n  threads: 1\n  processors:\n{processors}output: {{stdout: {{}}}}\n"
    );
    folder.run(&pipeline).input(input).finish().well()
}

#[test]
fn a_message_for_which_a_mapping_fails_is_delivered_unchanged_and_the_error_is_logged() {
    let finished = process(
        "    - mapping: root.up = this.name.uppercase()\n",
        "{\"name\":\"a\"}\n{ \"name\" : 5 }\nno JSON\n{\"name\":\"b\"}\n",
    );
    assert_eq!(finished.lines(), [r#"{"up":"A"}"#, r#"{ "name" : 5 }"#, "no JSON", r#"{"up":"B"}"#]);
    let error = finished.stderr.lines().find(|line| line.contains("flagged with an error")).unwrap();
    assert!(error.starts_with("level=error path=pipeline.processors.0 count=2 "), "{error}");
    assert!(error.contains("failed assignment (line 1)"), "{error}");
}

#[test]
fn a_later_processor_sees_the_error_of_a_message() {
    let finished = process(
        "    - mapping: root = throw(\"no good\")\n    - mapping: 'root = if errored() { \"flagged: \" + error() }'\n",
        "a\n",
    );
    assert_eq!(finished.lines().len(), 1);
    assert!(finished.stdout.starts_with("flagged: ") && finished.stdout.contains("no good"), "{finished:?}");
}

#[test]
fn deleted_messages_are_dropped() {
    let finished =
        process("    - mapping: 'root = if content().number() % 2 == 0 { deleted() }'\n", "1\n2\n3\n4\n5\n");
    assert_eq!(finished.lines(), ["1", "3", "5"]);
    assert_eq!(process("    - mapping: root = deleted()\n", "1\n2\n").stdout, "");
}

#[test]
fn a_mutation_changes_the_message_in_place() {
    let mutation = "    - mutation: |\n        root.b = 1\n        root.c = root.b + this.b\n        root.a = deleted()\n";
    assert_eq!(process(mutation, "{\"z\":[],\"a\":5}\n").lines(), [r#"{"b":1,"c":2,"z":[]}"#]);
}

#[test]
fn the_log_holds_the_interpolated_message_and_its_fields() {
    let log = "    - log: {level: WARN, message: 'got ${! this.n } of ${! @kind.or(\"none\") }', fields_mapping: 'root.half = this.n / 2'}\n";
    let finished = process(log, "{\"n\":1}\n{\"n\":7}\n");
    assert_eq!(finished.lines(), [r#"{"n":1}"#, r#"{"n":7}"#]);
    let logged: Vec<&str> = finished.stderr.lines().filter(|line| line.starts_with("level=warn")).collect();
    assert_eq!(logged.len(), 2, "{finished:?}");
    for (line, (n, half)) in logged.iter().zip([("1", "0.5"), ("7", "3.5")]) {
        assert!(line.contains(&format!("msg=\"got {n} of none\"")), "{line}");
        assert!(line.contains(&format!(" half={half}")), "the field is no field: {line}");
    }
}

#[test]
fn lines_below_the_level_of_the_logger_are_not_written() {
    let folder = Folder::new();
    let pipeline = "\
logger: {level: WARN, format: json}
input: {generate: {count: 1, interval: '', mapping: 'root = \"x\"'}}
pipeline:
  processors: [{log: {message: quiet}}, {log: {message: loud, level: ERROR}}]
output: {stdout: {}}
";
    let finished = folder.run(pipeline).finish().well();
    let logged: Vec<serde_json::Value> =
        finished.stderr.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(logged.len(), 1, "{finished:?}");
    assert_eq!((logged[0]["level"].as_str(), logged[0]["msg"].as_str()), (Some("error"), Some("loud")));
}

#[test]
fn two_threads_deliver_every_line_once() {
    let folder = Folder::new();
    let all = lines(50_000);
    folder.write("in.txt", &all);
    let pipeline = "\
input: {file: {paths: [ in.txt ]}}
pipeline: {threads: 2, processors: [{mapping: root = this}]}
output: {file: {path: out.txt}}
";
    let _ = folder.run(pipeline).finish().well();
    let output = folder.read("out.txt");
    let (mut expected, mut found): (Vec<&str>, Vec<&str>) = (all.lines().collect(), output.lines().collect());
    expected.sort_unstable();
    found.sort_unstable();
    assert!(expected == found, "{} lines came, {} were sent", found.len(), expected.len());
}

#[test]
fn a_mapping_that_computes_for_longer_than_its_limit_is_ended() {
    let folder = Folder::new();
    let mut running = folder
        .run(
            "shutdown_timeout: 1s
input: {generate: {count: 1, interval: '', mapping: 'root = 1'}}
pipeline:
  threads: 1
  processors:
    - mapping: root = range(0, 3000).map_each(a -> range(0, 3000).map_each(b -> a * b).sum()).sum()
      limits: {cpu: 50ms}
output: {stdout: {}}
",
        )
        .start();
    running.until_log_has("component `mapping`: passed its limit of CPU time per call: more than 50ms");
    running.signal("TERM");
    let _ = running.finish();
}
