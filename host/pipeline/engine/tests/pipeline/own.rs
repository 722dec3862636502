//! Caches, rate limits and outputs of the host in a pipeline of scripted components.

#![expect(clippy::unwrap_used, reason = "a test that can't go on fails")]

use std::sync::Arc;

use forebay_lifecycle::{Shutdown, Threads};
use forebay_pipeline_engine::{Ended, RunError, Structured, run};
use forebay_pipeline_message::Outcome;
use forebay_plugins_api::Components;

use crate::scripted::{Script, Step, batch};
use crate::{config, identity};

async fn run_own(script: &Arc<Script>, yaml: &str) -> Result<Ended, RunError> {
    let config = config(script, yaml);
    let components: Arc<dyn Components> = Arc::new(Structured::new(Arc::clone(script) as _));
    let threads = Threads::start("test", 1).unwrap();
    let ended = run(&identity(), &config, &components, &threads, Shutdown::new()).await;
    // Threads are joined when dropped, which must not happen inside a runtime that they wait for.
    tokio::task::spawn_blocking(move || drop(threads)).await.unwrap();
    ended
}

#[tokio::test]
async fn messages_pass_a_rate_limit_into_all_levels_of_a_cache() {
    let script = Script::new().arriving(["a", "b"].map(|text| Step::Batch(batch(&[text]))));
    let yaml = "input: {script: {}}
pipeline: {threads: 1, processors: [rate_limit: {resource: wide}]}
output: {cache: {target: levels, key: k}}
rate_limit_resources: [{label: wide, local: {}}]
cache_resources: [{label: levels, multilevel: [near, far]}, {label: near, script: {}}, {label: far, script: {}}]
";
    assert_eq!(run_own(&script, yaml).await.unwrap(), Ended::Finished);
    assert_eq!(script.settled(), [(0, Outcome::Acknowledged), (1, Outcome::Acknowledged)]);
    let rendered = script.metrics().render();
    for label in ["levels", "near", "far"] {
        let labels = format!("label=\"{label}\",operation=\"set\",path=\"root.cache_resources\"");
        let line = format!("cache_success_total{{{labels}}} 2\n");
        assert!(rendered.contains(&line), "{line}{rendered}");
    }
    assert!(rendered.contains("label=\"wide\",path=\"root.rate_limit_resources\"} 2\n"), "{rendered}");
}

#[tokio::test]
async fn shared_components_that_make_no_sense_are_named_together() {
    let yaml = "input: {script: {}}
output: {drop: {}}
cache_resources:
  - {label: a, multilevel: [b, far]}
  - {label: b, multilevel: [far, a]}
  - {label: far, script: {}}
  - {label: short, multilevel: [far]}
rate_limit_resources:
  - {label: wide, local: {count: 0}}
";
    let error = run_own(&Script::new(), yaml).await.unwrap_err();
    let expected = "test.yaml(4,5) a cache is one of its own levels: a -> b -> a
test.yaml(7,5) expected at least two cache levels, found 1
test.yaml(9,5) either count or byte size must be larger than zero";
    assert_eq!(error.to_string(), expected);
}

#[tokio::test]
async fn responses_come_with_the_settlement_of_what_they_answer() {
    let together = |payloads: &[&str]| Step::Batch(batch(payloads).with_independent(false));
    let script = Script::new().arriving([together(&["a", "b"]), together(&["d"])]);
    let yaml = "input: {asking: {}}
pipeline: {threads: 1, processors: [{for_each: [{sync_response: {}}]}, {dropping: {}}]}
output: {broker: {pattern: fan_out_sequential, outputs: [{sync_response: {}}, {script: {}}]}}
";
    assert_eq!(run_own(&script, yaml).await.unwrap(), Ended::Finished);
    // What is dropped is settled at once.
    let (mut settled, mut responses) = (script.settled_tokens(), script.responses());
    settled.sort_unstable();
    responses.sort_unstable();
    assert_eq!(
        (settled, responses),
        (vec![0, 1], ["0 a", "0 a", "0 b", "0 b", "1 d"].map(str::to_owned).to_vec())
    );
    assert_eq!(script.delivered(), ["a", "b"]);
}

#[tokio::test]
async fn who_waits_for_a_response_is_told_that_there_is_none() {
    let script = Script::new().arriving([Step::Batch(batch(&["a"]))]);
    let yaml = "input: {asking: {}}\npipeline: {threads: 1}\noutput: {reject: 'not this'}\n";
    // Whoever asked knows, so that nothing is missing.
    assert_eq!(run_own(&script, yaml).await.unwrap(), Ended::Finished);
    assert!(matches!(&script.settled()[..], [(0, Outcome::Rejected(told))] if told.reason == "not this"));
}

#[tokio::test]
async fn inputs_that_take_no_responses_get_none() {
    let script = Script::new().arriving([Step::Batch(batch(&["a"]))]);
    let yaml = "input: {script: {}}\npipeline: {threads: 1, processors: [{sync_response: {}}]}\noutput: {sync_response: {}}\n";
    assert_eq!(run_own(&script, yaml).await.unwrap(), Ended::Finished);
    assert_eq!((script.responses(), script.settled()), (vec![], vec![(0, Outcome::Acknowledged)]));
}
