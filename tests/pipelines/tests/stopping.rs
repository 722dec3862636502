//! Signals: what was read is delivered, nothing else is read, and nothing is delivered twice.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use forebay_tests_pipelines::{Folder, Reply, Web, is_prefix_of_whole_lines, lines, mapped_lines};

/// About 30 MB.
const LINES: usize = 300_000;

const PASS: &str = "\
input: {file: {paths: [ in.txt ]}}
pipeline: {threads: 1}
output: {file: {path: out.txt}}
";
const MAP: &str = "\
input: {file: {paths: [ in.txt ]}}
pipeline:
  threads: 1
  processors:
    - mapping: |
        root = this
        root.seen = true
output: {file: {path: out.txt}}
";

/// Stops runs at several moments, told by the length of the output; the output must always be the first
/// lines of what is expected.
fn stop_at_moments(signal: &str, pipeline: &str, expected: &str) {
    let mut stopped = 0;
    for length in [1, 500_000, 3_000_000, 9_000_000, 1] {
        let folder = Folder::new();
        folder.write("in.txt", lines(LINES));
        let mut running = folder.run(pipeline).start();
        running.until("it has written", |_| folder.length("out.txt") >= length);
        running.signal(signal);
        let finished = running.finish().well();
        let output = folder.read("out.txt");
        assert!(is_prefix_of_whole_lines(&output, expected), "at {length}: {finished:?}");
        // It may have come to its end before the signal.
        stopped += u32::from(output.len() < expected.len());
    }
    assert!(stopped > 0, "no run was stopped in the middle: this test needs more lines");
}

#[test]
fn after_sigterm_the_output_is_the_first_lines() {
    stop_at_moments("TERM", PASS, &lines(LINES));
}

#[test]
fn after_sigterm_the_output_of_a_mapping_is_that_of_the_first_lines() {
    stop_at_moments("TERM", MAP, &mapped_lines(&lines(LINES)));
}

#[test]
fn after_sigint_the_output_is_the_first_lines() {
    stop_at_moments("INT", PASS, &lines(LINES));
}

#[test]
fn after_sigint_the_output_of_a_mapping_is_that_of_the_first_lines() {
    stop_at_moments("INT", MAP, &mapped_lines(&lines(LINES)));
}

#[test]
fn after_sigterm_two_threads_have_delivered_no_line_twice_and_none_by_halves() {
    let folder = Folder::new();
    let all = lines(LINES);
    folder.write("in.txt", &all);
    let mut running = folder.run(&MAP.replace("threads: 1", "threads: 2")).start();
    running.until("it has written", |_| folder.length("out.txt") > 0);
    running.signal("TERM");
    let _ = running.finish().well();
    let (output, expected) = (folder.read("out.txt"), mapped_lines(&all));
    let expected: HashSet<&str> = expected.lines().collect();
    let mut seen = HashSet::new();
    assert!(output.ends_with('\n'));
    for line in output.lines() {
        assert!(expected.contains(line), "not a line of the input: {line}");
        assert!(seen.insert(line), "delivered twice: {line}");
    }
}

#[test]
fn an_input_that_gives_nothing_is_stopped_as_well() {
    let folder = Folder::new();
    let mut running = folder.run("input: {stdin: {}}\noutput: {stdout: {}}\n").piped().start();
    running.write("one\ntwo\nhalf");
    running.until("both lines are printed", |running| running.printed() == "one\ntwo\n");
    running.signal("TERM");
    // The pipe is still open: a read of it does not hold up the end.
    running.until_log_has("stopped, everything that was read is delivered");
    let finished = running.finish().well();
    assert_eq!(finished.stdout, "one\ntwo\n");
}

#[test]
fn a_second_signal_ends_it_at_once() {
    for (first, second) in [("TERM", "TERM"), ("INT", "TERM"), ("INT", "INT")] {
        let folder = Folder::new();
        // What such an input has made is sent again as long as there is time.
        let full = "input: {generate: {mapping: 'root = 1', count: 1}}\noutput: {file: {path: /dev/full}}\n";
        let mut running = folder.run(&format!("{full}shutdown_timeout: 10h\n")).start();
        running.until_log_has("messages were not delivered");
        running.signal(first);
        running.until_log_has("stopping: no more is read");
        running.signal(second);
        let finished = running.finish();
        assert_eq!(finished.code, Some(1), "{finished:?}");
        assert!(finished.stderr.contains("stopped at once by a second signal"), "{finished:?}");
    }
}

/// What its output rejects a file gives again, also when nothing else of it is read any more.
#[test]
fn rejected_lines_of_a_file_are_delivered_after_sigterm() {
    let is_up = Arc::new(AtomicBool::new(false));
    let seen = Arc::clone(&is_up);
    let web = Web::start(move |_, _| match seen.load(Ordering::Relaxed) {
        true => Reply::ok(""),
        false => Reply::status(500, "not now"),
    });
    let folder = Folder::new();
    folder.write("in.txt", "a\nb\nc\n");
    let pipeline = format!(
        "input: {{file: {{paths: [in.txt], delete_on_finish: true}}}}\npipeline: {{threads: 1}}\n\
         output: {{http_client: {{url: '{}', retries: 0}}}}\n",
        web.url()
    );
    let mut running = folder.run(&pipeline).start();
    running.until_log_has("messages were not delivered");
    running.signal("TERM");
    running.until_log_has("stopping: no more is read");
    let before = web.asked().len();
    running.until("it goes on trying", |_| web.asked().len() > before + 3);
    is_up.store(true, Ordering::Relaxed);
    running.until_log_has("stopped, everything that was read is delivered");
    let _ = running.finish().well();
    let delivered: HashSet<String> = web.asked().into_iter().map(|asked| asked.body).collect();
    assert_eq!(delivered, ["a", "b", "c"].map(str::to_owned).into());
    assert!(!folder.has("in.txt"));
}
