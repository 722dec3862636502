//! Newer builds of inputs and outputs take over while batches flow.

use forebay_lifecycle::Shutdown;
use forebay_pipeline_engine::Ended;

use crate::scripted::{Script, Step, Write, batch};
use crate::{PLAIN, run_script};

#[tokio::test]
async fn an_input_and_an_output_are_replaced_when_nothing_of_theirs_is_under_way() {
    let mut steps = Vec::new();
    for number in 0..500 {
        steps.push(Step::Batch(batch(&[&number.to_string()])));
        if number % 5 == 4 {
            steps.push(Step::Newer);
        }
    }
    let script = Script::new().arriving(steps).writing((0..500).map(|_| Write::Slow));
    assert_eq!(run_script(&script, PLAIN, Shutdown::new()).await, Ended::Finished);
    assert_eq!(script.delivered(), (0..500).map(|number| number.to_string()).collect::<Vec<_>>());
    assert_eq!(script.settled_tokens(), (0..500).collect::<Vec<_>>());
    let taken_over = script.taken_over();
    assert!(taken_over.iter().all(|(_, missing)| *missing == 0), "{taken_over:?}");
    let inputs = taken_over.iter().filter(|(what, _)| *what == "input").count();
    // The last newer build comes after the last batch, when there is nothing to write any more.
    assert_eq!((inputs, taken_over.len() - inputs), (100, 99));
}

#[tokio::test]
async fn what_takes_over_is_connected_first() {
    let script =
        Script::new().arriving([Step::Batch(batch(&["a"])), Step::Newer, Step::Batch(batch(&["b"]))]);
    assert_eq!(run_script(&script, PLAIN, Shutdown::new()).await, Ended::Finished);
    assert_eq!(script.delivered(), ["a", "b"]);
    assert_eq!(script.connects(), 2);
}
