//! The input `file`.

use forebay_tests_pipelines::{Folder, is_prefix_of_whole_lines, lines};
use serde_json::{Value, json};

/// A pipeline that prints what it reads.
fn print(paths: &str, processors: &str) -> String {
    format!(
        "input: {{file: {{paths: {paths}}}}}\npipeline: {{threads: 1, processors: [{processors}]}}\noutput: {{stdout: {{}}}}\n"
    )
}

#[test]
fn files_are_read_in_the_order_of_their_paths() {
    let folder = Folder::new();
    folder.write("a.txt", "a1\na2\n");
    folder.write("b.txt", "b1\nb2");
    let finished = folder.run(&print("[b.txt, a.txt]", "")).finish().well();
    assert_eq!(finished.lines(), ["b1", "b2", "a1", "a2"]);
}

#[test]
fn a_pattern_finds_files_in_the_order_of_their_names() {
    let folder = Folder::new();
    for name in ["c.txt", "a.txt", "b.txt", "a.log", "sub/d.txt"] {
        folder.write(name, format!("{name}\n"));
    }
    assert_eq!(folder.run(&print("['*.txt']", "")).finish().well().lines(), ["a.txt", "b.txt", "c.txt"]);
    assert_eq!(
        folder.run(&print("['s*/?.txt', 'a.l[n-p]g']", "")).finish().well().lines(),
        ["sub/d.txt", "a.log"]
    );
    assert_eq!(folder.run(&print("['nothing-*']", "")).finish().well().stdout, "");
}

#[test]
fn a_mapping_sees_the_path_and_the_time_of_the_file() {
    let folder = Folder::new();
    folder.write("a.txt", "x\n");
    folder.write("b.txt", "y\nz\n");
    let mapping = "mapping: '{\"of\": @path, \"at\": @mod_time_unix, \"text\": content().string()}'";
    let finished = folder.run(&print("['?.txt']", mapping)).finish().well();
    let modified = std::fs::metadata(folder.path("a.txt")).unwrap().modified().unwrap();
    let seconds = modified.duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    let found: Vec<Value> = finished.lines().iter().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(found[0], json!({"of": "a.txt", "at": seconds, "text": "x"}));
    assert_eq!((&found[1]["of"], &found[2]["of"]), (&json!("b.txt"), &json!("b.txt")));
}

const DELETE: &str = "\
shutdown_timeout: 1s
input: {file: {paths: [ a.txt, b.txt ], delete_on_finish: true}}
pipeline: {threads: 1}
output: {file: {path: OUTPUT}}
";

/// Often, because what was delivered last is settled on another thread than the input is closed on.
#[test]
fn files_are_removed_after_their_messages_were_delivered() {
    let folder = Folder::new();
    let mut left = 0;
    for _ in 0..100 {
        folder.write("a.txt", "a\n");
        folder.write("b.txt", "");
        let _ = folder.run(&DELETE.replace("OUTPUT", "out.txt")).finish().well();
        left += u32::from(folder.has("a.txt") || folder.has("b.txt"));
    }
    assert_eq!(folder.read("out.txt"), "a\n".repeat(100));
    assert_eq!(left, 0, "of 100 runs so many have left a file that was delivered");
}

#[test]
fn a_file_whose_messages_can_not_be_delivered_is_not_removed() {
    let folder = Folder::new();
    folder.write("a.txt", "a\n");
    folder.write("b.txt", "b\n");
    let mut running = folder.run(&DELETE.replace("OUTPUT", "/dev/full")).start();
    running.until_log_has("messages were not delivered");
    running.signal("TERM");
    assert_eq!(running.finish().code, Some(1));
    assert!(folder.has("a.txt") && folder.has("b.txt"));
}

#[test]
fn a_file_that_was_read_in_part_is_not_removed() {
    let folder = Folder::new();
    let input = lines(300_000);
    folder.write("a.txt", &input);
    folder.write("b.txt", "b\n");
    let mut running = folder.run(&DELETE.replace("OUTPUT", "out.txt")).start();
    running.until("it has written", |_| folder.length("out.txt") > 0);
    running.signal("TERM");
    let _ = running.finish().well();
    let output = folder.read("out.txt");
    // It may have read all of the first file before the signal, and then must have removed it.
    assert!(is_prefix_of_whole_lines(&output, &format!("{input}b\n")));
    assert_eq!(folder.has("a.txt"), output.len() < input.len());
}

#[test]
fn a_file_that_is_missing_is_named_until_it_is_there() {
    let folder = Folder::new();
    folder.write("here.txt", "here\n");
    let mut running = folder.run(&print("[here.txt, missing.txt]", "")).start();
    running.until("the error is repeated", |running| running.log().matches("missing.txt").count() > 1);
    let log = running.log();
    assert!(log.contains("level=error path=input") && log.contains("No such file or directory"), "{log}");
    folder.write("missing.txt", "at last\n");
    assert_eq!(running.finish().well().lines(), ["here", "at last"]);
}

#[test]
fn a_pipeline_that_waits_for_a_missing_file_is_stopped_by_sigterm() {
    let folder = Folder::new();
    let mut running = folder.run(&print("[missing.txt]", "")).start();
    running.until_log_has("missing.txt");
    running.signal("TERM");
    let _ = running.finish().well();
}

/// Every seventh message fails when it is tried first.
const FLAKY: &str = "\
input: {file: {paths: [a.txt, b.txt], delete_on_finish: true}}
pipeline: {threads: 1, processors: [{mapping: 'root = if count(\"tries\") % 7 == 0 { throw(\"not now\") } else { content() }'}]}
output: {reject_errored: {file: {path: out.txt}}}
";

#[test]
fn only_messages_that_were_rejected_are_read_again() {
    let folder = Folder::new();
    let (a, b) = (lines(1000), lines(10).replace('{', "{ "));
    folder.write("a.txt", &a);
    folder.write("b.txt", &b);
    let _ = folder.run(FLAKY).finish().well();
    let sorted = |text: &str| {
        let mut lines: Vec<_> = text.lines().map(str::to_owned).collect();
        lines.sort();
        lines
    };
    assert_eq!(sorted(&folder.read("out.txt")), sorted(&format!("{a}{b}")));
    assert!(!folder.has("a.txt") && !folder.has("b.txt"));
}
