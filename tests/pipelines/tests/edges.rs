//! What pipelines do at their edges: settings that fit badly, and ends that come early.

use forebay_tests_pipelines::{Folder, lines};

#[test]
fn a_strategy_switches_itself_off_where_a_pipeline_looks_at_errors() {
    for strategy in ["reject", "retry"] {
        switches_itself_off(strategy);
    }
}

fn switches_itself_off(strategy: &str) {
    let pipeline = "\
error_handling: {strategy: STRATEGY}
shutdown_timeout: 1s
input: {generate: {count: 2, interval: '', mapping: 'root = \"a\"'}}
pipeline: {threads: 1, processors: [{mapping: 'root = throw(\"no\")'}, HANDLER]}
output: {stdout: {}}
";
    let pipeline = pipeline.replace("STRATEGY", strategy);
    let folder = Folder::new();
    let handler = "{catch: [{mapping: 'root = \"caught\"'}]}";
    let handled = folder.run(&pipeline.replace("HANDLER", handler)).finish().well();
    assert_eq!(handled.lines(), ["caught", "caught"]);
    let said = "error_handling has no strategy in this pipeline, which handles errors itself";
    assert!(handled.stderr.contains(said), "{handled:?}");
    assert!(handled.stderr.contains("what=pipeline.processors.1"), "{handled:?}");

    let mut rejected = folder.run(&pipeline.replace("HANDLER", "{noop: {}}")).start();
    // Again and again, by one strategy as by the other.
    rejected.until("it is tried again", |run| run.log().matches("flagged with an error").count() > 1);
    rejected.signal("TERM");
    let rejected = rejected.finish();
    assert!(rejected.stdout.is_empty() && !rejected.stderr.contains(said), "{rejected:?}");
}

/// The scanner hands out all lines as one block.
#[test]
fn lines_pass_a_buffer_that_is_smaller_than_a_block_of_them() {
    let folder = Folder::new();
    let all = lines(500);
    folder.write("in.txt", &all);
    let pipeline = "\
input: {file: {paths: [in.txt]}}
buffer: {memory: {limit: 1000}}
pipeline: {threads: 1}
output: {stdout: {}}
";
    assert!(folder.run(pipeline).finish().well().stdout == all);
}

#[test]
fn a_message_whose_time_is_none_is_refused_by_a_window() {
    let folder = Folder::new();
    let pipeline = "\
input: {generate: {count: 1, interval: '', auto_replay_nacks: false, mapping: 'root = \"no time\"'}}
buffer: {system_window: {timestamp_mapping: 'root = this.at', size: 1s}}
output: {stdout: {}}
";
    let finished = folder.run(pipeline).finish();
    assert!(finished.stderr.contains("the timestamp mapping failed"), "{finished:?}");
    assert!(finished.stdout.is_empty(), "{finished:?}");
}

#[test]
fn a_window_that_is_open_does_not_hold_up_the_end() {
    let folder = Folder::new();
    let pipeline = "\
input: {generate: {interval: '', count: 3, mapping: 'root = \"a\"'}, processors: [{log: {message: it came}}]}
buffer: {system_window: {size: 24h}}
output: {stdout: {}}
";
    let mut running = folder.run(pipeline).start();
    running.until_log_has("it came");
    running.signal("TERM");
    let finished = running.finish();
    // An hour before midnight the window might just have ended.
    assert!(finished.stdout.is_empty() || finished.lines() == ["a", "a", "a"], "{finished:?}");
}

/// What is in a window when the pipeline stops was not acknowledged, and is read again by the next start.
#[test]
fn messages_of_a_window_that_is_open_at_a_stop_are_not_lost() {
    let folder = Folder::new();
    folder.write("in.txt", "a\nb\n");
    let pipeline = "\
input: {file: {paths: [in.txt], delete_on_finish: true}, processors: [{log: {message: it came}}]}
buffer: {system_window: {size: SIZE}}
output: {stdout: {}}
";
    let mut running = folder.run(&pipeline.replace("SIZE", "24h")).start();
    running.until("both came", |running| running.log().matches("it came").count() == 2);
    running.signal("TERM");
    let finished = running.finish();
    // An hour before midnight the window might just have ended.
    if finished.stdout.is_empty() {
        assert!(folder.has("in.txt"), "{finished:?}");
        let next = folder.run(&pipeline.replace("SIZE", "100ms")).finish().well();
        assert_eq!(next.lines(), ["a", "b"]);
    }
    assert!(!folder.has("in.txt"));
}

/// There is nothing that several threads could do beside each other, so that nobody expects another order.
#[test]
fn without_processors_messages_stay_in_their_order() {
    let pipeline = "input: {generate: {count: 20000, interval: '', mapping: root = counter()}}\n\
                    pipeline: {threads: 4}\noutput: {stdout: {}}\n";
    let finished = Folder::new().run(pipeline).finish().well();
    let numbers: String = (1..=20_000).map(|number| format!("{number}\n")).collect();
    assert!(finished.stdout == numbers, "they are in another order");
}

#[test]
fn as_many_threads_as_cores_lose_nothing() {
    let folder = Folder::new();
    folder.write("in.txt", lines(300));
    let pipeline = "\
input: {file: {paths: [in.txt]}}
pipeline: {threads: -1, processors: [{mapping: 'root = content()'}]}
output: {stdout: {}}
";
    let finished = folder.run(pipeline).finish().well();
    let mut found = finished.lines();
    found.sort_unstable();
    let all = lines(300);
    let mut expected: Vec<_> = all.lines().collect();
    expected.sort_unstable();
    assert_eq!(found, expected);
}

#[test]
fn inputs_of_the_resources_share_a_small_budget() {
    let folder = Folder::new();
    folder.write("a.txt", lines(300));
    folder.write("b.txt", lines(300));
    let pipeline = "\
input: {broker: {inputs: [{resource: a}, {resource: b}]}}
pipeline: {threads: 1, in_flight_bytes: 4096}
output: {stdout: {}}
input_resources:
  - {label: a, file: {paths: [a.txt]}}
  - {label: b, file: {paths: [b.txt]}}
";
    assert_eq!(folder.run(pipeline).finish().well().lines().len(), 600);
}
