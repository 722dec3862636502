//! Shadows of processors: what is compared, and that the pipeline does not feel them.

use std::sync::Arc;

use forebay_lifecycle::Shutdown;
use forebay_pipeline_engine::Ended;
use forebay_pipeline_message::Outcome;

use crate::scripted::{Script, Step, batch};
use crate::{PLAIN, run_script};

/// Runs three batches through a processor with a shadow; all of them must be delivered.
async fn shadowed(config: &str, shadow: &str) -> Arc<Script> {
    let processor = format!("{{threads: 1, processors: [{{script: {{{config}}}, shadow: {shadow}}}]}}");
    let yaml = PLAIN.replace("{threads: 1}", &processor);
    let batches = [["a", "b"], ["c", "d"], ["e", "f"]];
    let script = Script::new().arriving(batches.map(|texts| Step::Batch(batch(&texts))));
    assert_eq!(run_script(&script, &yaml, Shutdown::new()).await, Ended::Finished);
    assert_eq!(script.settled(), (0..3).map(|token| (token, Outcome::Acknowledged)).collect::<Vec<_>>());
    script
}

/// The value of a metric whose line has these words.
fn metric(script: &Script, words: &[&str]) -> u64 {
    let text = script.metrics.render();
    let mut lines = text.lines().filter(|line| words.iter().all(|word| line.contains(word)));
    let value = lines.next().and_then(|line| line.rsplit(' ').next()).unwrap_or("0");
    value.parse().unwrap()
}

fn outcomes(script: &Script) -> [u64; 5] {
    ["same", "different", "failed", "lost", "left_out"]
        .map(|outcome| metric(script, &["shadow_batches_total", &format!("outcome=\"{outcome}\"")]))
}

fn differences(script: &Script, what: &str) -> u64 {
    metric(script, &["shadow_differences_total", &format!("what=\"{what}\"")])
}

#[tokio::test]
async fn a_shadow_that_does_the_same_differs_in_nothing() {
    let script = shadowed("drops: c", "other").await;
    assert_eq!(script.written(), ["a b", "d", "e f"]);
    assert_eq!(outcomes(&script), [3, 0, 0, 0, 0]);
    let labels = [
        "outcome=\"same\"",
        "path=\"pipeline.processors.0.shadow\"",
        "shadow=\"other\"",
        "pipeline=\"test\"",
    ];
    assert_eq!(metric(&script, &[&["shadow_batches_total"], &labels[..]].concat()), 3);
}

#[tokio::test]
async fn a_shadow_that_does_otherwise_is_counted_and_delivers_nothing() {
    let script = shadowed("", "dropping").await;
    assert_eq!(script.written(), ["a b", "c d", "e f"]);
    assert_eq!(outcomes(&script), [2, 1, 0, 0, 0]);
    assert_eq!(["count", "payload", "failure"].map(|what| differences(&script, what)), [1, 0, 0]);
}

#[tokio::test]
async fn a_shadow_that_fails_flags_nothing() {
    let script = shadowed("", "failing").await;
    assert_eq!(script.written(), ["a b", "c d", "e f"]);
    assert_eq!((outcomes(&script), differences(&script, "failure")), ([0, 0, 3, 0, 0], 3));
}

#[tokio::test]
async fn a_shadow_that_is_lost_takes_no_batch_with_it() {
    let script = shadowed("", "dying").await;
    assert_eq!(script.written(), ["a b", "c d", "e f"]);
    assert_eq!((outcomes(&script), differences(&script, "failure")), ([2, 0, 0, 1, 0], 1));
}

#[tokio::test]
async fn a_shadow_that_lags_is_left_out_and_holds_nothing_up() {
    let yaml = PLAIN.replace("{threads: 1}", "{threads: 1, processors: [{script: {}, shadow: hanging}]}");
    let script = Script::new().arriving((0..50).map(|number| Step::Batch(batch(&[&number.to_string()]))));
    assert_eq!(run_script(&script, &yaml, Shutdown::new()).await, Ended::Finished);
    assert_eq!(script.delivered().len(), 50);
    let [same, different, failed, lost, left_out] = outcomes(&script);
    assert_eq!([same, different, failed, lost], [0; 4]);
    // One is in its hands, and eight wait; the first of these may have waited as well.
    assert!((41..=42).contains(&left_out), "{left_out}");
}
