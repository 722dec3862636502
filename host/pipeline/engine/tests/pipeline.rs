//! Pipelines of scripted components: what is delivered, in which order, and what the input is told.

#![expect(clippy::unwrap_used, reason = "a test that can't go on fails")]

#[path = "pipeline/caches.rs"]
mod caches;
#[path = "pipeline/metrics.rs"]
mod metrics;
#[path = "pipeline/own.rs"]
mod own;
#[path = "pipeline/scripted.rs"]
mod scripted;
#[path = "pipeline/shadows.rs"]
mod shadows;
#[path = "pipeline/take_over.rs"]
mod take_over;
#[path = "pipeline/traces.rs"]
mod traces;
#[path = "pipeline/words.rs"]
mod words;

use std::sync::Arc;
use std::time::Duration;

use forebay_lifecycle::{Shutdown, Threads};
use forebay_pipeline_config::{PipelineConfig, read};
use forebay_pipeline_engine::{Ended, Identity, run};
use forebay_pipeline_message::Outcome;
use forebay_plugins_api::{Components, Environment, PipelineName, Rights};

use scripted::{Script, Step, Write, batch};

const PLAIN: &str =
    "input: {script: {}}\npipeline: {threads: 1}\noutput: {script: {}}\nshutdown_timeout: 2s\n";

fn config(script: &Arc<Script>, yaml: &str) -> PipelineConfig {
    let variables = std::collections::BTreeMap::<String, String>::new();
    read("test.yaml", yaml, &variables, &script.catalog()).unwrap()
}

fn identity() -> Identity {
    Identity {
        virtual_cluster: None,
        name: PipelineName::new("test"),
        file: "test.yaml".into(),
        rights: Rights::Starter,
        environment: Environment::default(),
    }
}

async fn run_script(script: &Arc<Script>, yaml: &str, stop: Shutdown) -> Ended {
    let config = config(script, yaml);
    let components: Arc<dyn Components> = Arc::clone(script) as _;
    let threads = Threads::start("test", 2).unwrap();
    let ended = run(&identity(), &config, &components, &threads, stop).await.unwrap();
    // Threads are joined when dropped, which must not happen inside a runtime that they wait for.
    tokio::task::spawn_blocking(move || drop(threads)).await.unwrap();
    ended
}

#[tokio::test]
async fn everything_is_delivered_in_order_and_acknowledged() {
    let script = Script::new().arriving((0..50).map(|index| Step::Batch(batch(&[&format!("{index}")]))));
    assert_eq!(run_script(&script, PLAIN, Shutdown::new()).await, Ended::Finished);
    assert_eq!(script.delivered(), (0..50).map(|index| index.to_string()).collect::<Vec<_>>());
    assert_eq!(script.settled(), (0..50).map(|token| (token, Outcome::Acknowledged)).collect::<Vec<_>>());
    assert!(script.closed());
}

#[tokio::test]
async fn only_the_messages_that_failed_are_sent_again() {
    let script =
        Script::new().arriving([Step::Batch(batch(&["a", "b", "c"]))]).writing([Write::Fail(vec![1])]);
    assert_eq!(run_script(&script, PLAIN, Shutdown::new()).await, Ended::Finished);
    assert_eq!(script.written(), ["a b c", "b"]);
    assert_eq!(script.settled(), [(0, Outcome::Acknowledged)]);
}

#[tokio::test]
async fn what_is_sent_again_passes_the_processors_of_the_input_again() {
    let yaml =
        PLAIN.replace("input: {script: {}}", "input: {script: {}, processors: [{script: {fails: true}}]}");
    let script = Script::new().arriving([Step::Batch(batch(&["a", "b"]))]).writing([Write::Fail(vec![1])]);
    assert_eq!(run_script(&script, &yaml, Shutdown::new()).await, Ended::Finished);
    assert_eq!(script.written(), ["a!no b!no", "b!no"]);
}

#[tokio::test]
async fn a_task_that_panics_ends_the_pipeline() {
    let script = Script::new().arriving([Step::Batch(batch(&["a"])), Step::Wait]).writing([Write::Panic]);
    let config = config(&script, PLAIN);
    let components: Arc<dyn Components> = Arc::clone(&script) as _;
    let threads = Threads::start("test", 2).unwrap();
    let error =
        run(&identity(), &config, &components, &threads, Shutdown::new()).await.unwrap_err().to_string();
    tokio::task::spawn_blocking(move || drop(threads)).await.unwrap();
    assert!(error.starts_with("the output ended early"), "{error}");
}

#[tokio::test]
async fn an_input_that_wants_no_replay_is_told_what_failed() {
    let yaml = PLAIN.replace("input: {script: {}}", "input: {script: {auto_replay_nacks: false}}");
    let script = Script::new().arriving([Step::Batch(batch(&["a", "b"]))]).writing([Write::Fail(vec![1])]);
    assert_eq!(run_script(&script, &yaml, Shutdown::new()).await, Ended::Incomplete);
    let settled = script.settled();
    assert!(
        matches!(&settled[..], [(0, Outcome::Rejected(rejection))] if rejection.messages == Some(vec![1])),
        "{settled:?}"
    );
}

#[tokio::test]
async fn a_batch_that_was_not_written_for_want_of_a_connection_is_written_again() {
    let script = Script::new().arriving([Step::Batch(batch(&["a"]))]).writing([Write::NotConnected]);
    assert_eq!(run_script(&script, PLAIN, Shutdown::new()).await, Ended::Finished);
    assert_eq!(script.written(), ["a", "a"]);
    assert_eq!(script.connects(), 2);
}

#[tokio::test]
async fn an_acknowledgement_waits_for_the_operation() {
    let script = Script::new()
        .arriving([Step::Batch(batch(&["a"])), Step::Batch(batch(&["b"]))])
        .writing([Write::Pending { after: "b" }, Write::Done]);
    assert_eq!(run_script(&script, PLAIN, Shutdown::new()).await, Ended::Finished);
    // The first write ends only when the second one has been made.
    assert_eq!(script.settled_tokens(), [1, 0]);
}

#[tokio::test]
async fn an_operation_that_fails_sends_its_messages_again() {
    let script = Script::new()
        .arriving([Step::Batch(batch(&["a", "b"]))])
        .writing([Write::FailLater { messages: vec![0] }]);
    assert_eq!(run_script(&script, PLAIN, Shutdown::new()).await, Ended::Finished);
    assert_eq!(script.written(), ["a b", "a"]);
}

#[tokio::test]
async fn a_processor_that_fails_flags_every_message() {
    let yaml = PLAIN.replace("{threads: 1}", "{threads: 1, processors: [{script: {fails: true}}]}");
    let script = Script::new().arriving([Step::Batch(batch(&["a", "b"]))]);
    assert_eq!(run_script(&script, &yaml, Shutdown::new()).await, Ended::Finished);
    assert_eq!(script.written(), ["a!no b!no"]);
}

#[tokio::test]
async fn what_a_processor_drops_is_acknowledged() {
    let yaml = PLAIN.replace("{threads: 1}", "{threads: 1, processors: [{script: {drops: a}}]}");
    let script = Script::new().arriving([Step::Batch(batch(&["a"])), Step::Batch(batch(&["a", "b"]))]);
    assert_eq!(run_script(&script, &yaml, Shutdown::new()).await, Ended::Finished);
    assert_eq!(script.written(), ["b"]);
    assert_eq!(script.settled_tokens(), [0, 1]);
}

#[tokio::test]
async fn a_message_that_kills_its_processor_does_not_hold_up_its_neighbours() {
    let yaml = PLAIN.replace("{threads: 1}", "{threads: 1, processors: [{script: {dies_of: poison}}]}");
    let script = Script::new().arriving([
        Step::Batch(batch(&["a", "b", "poison", "c", "d"])),
        Step::Batch(batch(&["e"])),
        Step::Wait,
    ]);
    let stop = Shutdown::new();
    let stopped = stop.clone();
    script.when(5, 1, move || stopped.cancel());
    let yaml = yaml.replace("2s", "100ms");
    assert_eq!(run_script(&script, &yaml, stop).await, Ended::GaveUp);
    let mut delivered = script.delivered();
    delivered.sort();
    assert_eq!(delivered, ["a", "b", "c", "d", "e"]);
    assert_eq!(script.settled_tokens(), [1]);
}

#[tokio::test]
async fn a_stop_delivers_what_was_read_and_reads_no_more() {
    let script = Script::new().arriving([Step::Count(0)]);
    let stop = Shutdown::new();
    let stopped = stop.clone();
    script.when(100, 0, move || stopped.cancel());
    assert_eq!(run_script(&script, PLAIN, stop).await, Ended::Stopped);
    let delivered = script.delivered();
    assert!(delivered.len() >= 100);
    // The stop may come when the engine has just decided to read.
    assert!(script.reads_after_shutdown() <= 1);
    assert_eq!(delivered, (0..delivered.len()).map(|index| index.to_string()).collect::<Vec<_>>());
    assert_eq!(script.settled_tokens().len(), delivered.len());
    assert!(script.closed());
}

#[tokio::test]
async fn a_waiting_input_is_woken_to_stop() {
    let script = Script::new().arriving([Step::Wait]);
    let stop = Shutdown::new();
    stop.cancel();
    let ended =
        tokio::time::timeout(Duration::from_secs(20), run_script(&script, PLAIN, stop)).await.unwrap();
    assert_eq!(ended, Ended::Stopped);
}

#[tokio::test]
async fn a_stream_is_acknowledged_when_all_of_it_is() {
    let yaml = PLAIN.replace("input: {script: {}}", "input: {script: {scanner: {words: {}}}}");
    let script = Script::new().arriving([Step::Stream("one two three"), Step::Batch(batch(&["four"]))]);
    assert_eq!(run_script(&script, &yaml, Shutdown::new()).await, Ended::Finished);
    assert_eq!(script.written(), ["one@s", "two@s", "three@s", "four"]);
    let mut tokens = script.settled_tokens();
    tokens.sort_unstable();
    assert_eq!(tokens, [0, 1]);
}

#[tokio::test]
async fn a_stream_whose_batches_are_larger_than_the_budget_comes_to_its_end() {
    let yaml = PLAIN
        .replace("input: {script: {}}", "input: {script: {scanner: {words: {}}}}")
        .replace("threads: 1", "threads: 1, in_flight_bytes: 1");
    let script = Script::new().arriving([Step::Stream("one two three")]);
    let ended = tokio::time::timeout(Duration::from_secs(60), run_script(&script, &yaml, Shutdown::new()));
    assert_eq!(ended.await.unwrap(), Ended::Finished);
    assert_eq!(script.written(), ["one@s", "two@s", "three@s"]);
}

#[tokio::test]
async fn messages_that_fail_are_rejected_or_tried_again_unless_the_pipeline_looks_at_errors() {
    let yaml = |strategy: &str, output: &str| {
        PLAIN
            .replace("input: {script: {}}", "input: {script: {auto_replay_nacks: false}}")
            .replace("{threads: 1}", "{threads: 1, processors: [{script: {fails: true}}]}")
            .replace("output: {script: {}}", output)
            + &format!("error_handling: {{strategy: {strategy}}}\n")
    };
    let script = Script::new().arriving([Step::Batch(batch(&["a", "b"]))]);
    let ended = run_script(&script, &yaml("reject", "output: {script: {}}"), Shutdown::new()).await;
    assert_eq!((ended, script.written()), (Ended::Incomplete, Vec::new()));
    assert!(matches!(&script.settled()[..], [(0, Outcome::Rejected(rejection))] if rejection.reason == "no"));
    // The processor fails for the first try alone: what is delivered has passed it again.
    let script = Script::new().arriving([Step::Batch(batch(&["a"]))]);
    let yaml_of_retry = yaml("retry", "output: {script: {}}").replace("fails: true", "fails_once: true");
    let ended = run_script(&script, &yaml_of_retry, Shutdown::new()).await;
    assert_eq!((ended, script.delivered(), script.processed()), (Ended::Finished, vec!["a".to_owned()], 2));
    assert_eq!(script.settled(), [(0, Outcome::Acknowledged)]);
    // Without the strategy it goes on as it is, though it failed.
    let script = Script::new().arriving([Step::Batch(batch(&["a"]))]);
    run_script(&script, &yaml("none", "output: {script: {}}"), Shutdown::new()).await;
    assert_eq!((script.delivered(), script.processed()), (vec!["a!no".to_owned()], 1));
}

#[tokio::test]
async fn a_deprecated_codec_wins_over_the_scanner() {
    let yaml =
        PLAIN.replace("input: {script: {}}", "input: {script: {codec: all-bytes, scanner: {words: {}}}}");
    let script = Script::new().arriving([Step::Stream("one two")]);
    assert_eq!(run_script(&script, &yaml, Shutdown::new()).await, Ended::Finished);
    assert_eq!(script.scanners(), ["codec"]);
}

#[tokio::test]
async fn an_input_that_fails_is_opened_again() {
    let script = Script::new().arriving([Step::Fail, Step::Batch(batch(&["a"]))]);
    assert_eq!(run_script(&script, PLAIN, Shutdown::new()).await, Ended::Finished);
    assert_eq!(script.delivered(), ["a"]);
    assert_eq!(script.opened(), 2);
}

#[tokio::test]
async fn every_component_that_can_not_be_opened_is_named_with_its_place() {
    let script = Script::new();
    let yaml = "input:\n  script: {refused: true}\noutput:\n  script: {refused: true}\n";
    let config = config(&script, yaml);
    let components: Arc<dyn Components> = Arc::clone(&script) as _;
    let threads = Threads::start("test", 1).unwrap();
    let error =
        run(&identity(), &config, &components, &threads, Shutdown::new()).await.unwrap_err().to_string();
    tokio::task::spawn_blocking(move || drop(threads)).await.unwrap();
    assert_eq!(error, "test.yaml(2,3) field refused: refused\ntest.yaml(4,3) field refused: refused");
}

/// A pipeline that passes on what it has not seen before, on two threads.
const DISTINCT: &str = "input: {script: {}}
pipeline: {threads: 2, processors: [distinct: {cache: front}]}
output: {script: {}}
shutdown_timeout: 2s
";

#[tokio::test]
async fn workers_share_a_cache_that_is_closed_at_the_end() {
    let steps = ["a", "b", "a", "c", "b", "a"].map(|text| Step::Batch(batch(&[text])));
    let script = Script::new().arriving(steps);
    let yaml = format!("{DISTINCT}cache_resources: [{{label: front, script: {{}}}}]\n");
    assert_eq!(run_script(&script, &yaml, Shutdown::new()).await, Ended::Finished);
    let mut delivered = script.delivered();
    delivered.sort();
    assert_eq!(delivered, ["a", "b", "c"]);
    assert_eq!(script.caches_closed.load(std::sync::atomic::Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_cache_uses_one_that_comes_after_it() {
    let script = Script::new().arriving(["a", "a"].map(|text| Step::Batch(batch(&[text]))));
    let caches = "[{label: front, script: {asks: back}}, {label: back, script: {}}]";
    let yaml = format!("{DISTINCT}cache_resources: {caches}\n");
    assert_eq!(run_script(&script, &yaml, Shutdown::new()).await, Ended::Finished);
    assert_eq!(script.delivered(), ["a"]);
    assert_eq!(script.caches_closed.load(std::sync::atomic::Ordering::SeqCst), 2);
}

#[tokio::test]
async fn caches_that_would_wait_for_themselves_answer_with_an_error() {
    let script = Script::new().arriving([Step::Batch(batch(&["a"]))]);
    let caches = "[{label: front, script: {asks: back}}, {label: back, script: {asks: front}}]";
    let yaml = format!("{DISTINCT}cache_resources: {caches}\n");
    assert_eq!(run_script(&script, &yaml, Shutdown::new()).await, Ended::Finished);
    let why = "cache `front`: cache `back`: cache `back` can't use cache `front`, which waits for it";
    assert_eq!(script.delivered(), [format!("a!{why}")]);
}

#[tokio::test]
async fn a_lost_cache_connects_again_and_answers() {
    let script = Script::new().arriving(["die", "a", "a"].map(|text| Step::Batch(batch(&[text]))));
    let yaml = DISTINCT.replace("threads: 2", "threads: 1");
    let yaml = format!("{yaml}cache_resources: [{{label: front, script: {{}}}}]\n");
    assert_eq!(run_script(&script, &yaml, Shutdown::new()).await, Ended::Finished);
    let lost = "cache `front`: plugin `script`, component `script`: trapped: as told";
    assert_eq!(script.delivered(), [format!("die!{lost}"), "a".to_owned()]);
}

#[tokio::test]
async fn caches_that_can_not_be_opened_are_named_with_all_that_can_not() {
    let script = Script::new();
    let config = config(
        &script,
        "input: {script: {refused: true}}
output: {script: {}}
cache_resources:
  - label: front
    script: {refused: true}
",
    );
    let components: Arc<dyn Components> = Arc::clone(&script) as _;
    let threads = Threads::start("test", 1).unwrap();
    let error = run(&identity(), &config, &components, &threads, Shutdown::new()).await.unwrap_err();
    let shown = error.to_string();
    assert_eq!(shown, "test.yaml(1,8) field refused: refused\ntest.yaml(4,5) field refused: refused");
    tokio::task::spawn_blocking(move || drop(threads)).await.unwrap();
}
