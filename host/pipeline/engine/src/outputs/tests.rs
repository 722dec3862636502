//! Outputs that hand batches on, around scripted ones.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::Poll;
use std::time::Duration;

use async_trait::async_trait;
use forebay_pipeline_message::{Batch, Failure, Value};
use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;

use super::drop_on::DropOn;
use super::leaf::Leaf;
use super::retry::Retry;
use super::{Destination, Refusal, broker, fallback, together};
use crate::structure::pauses::Policy;

/// What a scripted output does with the next batch; after the end of the script it takes everything.
pub(super) enum Next {
    /// Refuses the messages with these indexes.
    Refuse(&'static [u32]),
    RefuseAll,
    /// Takes it after so long.
    After(Duration),
}

/// An output that does as it is told and notes what it got.
#[derive(Default)]
pub(super) struct Scripted {
    script: Mutex<VecDeque<Next>>,
    got: Mutex<Vec<String>>,
}

impl Scripted {
    pub(super) fn new(script: impl IntoIterator<Item = Next>) -> Arc<Self> {
        Arc::new(Self { script: Mutex::new(script.into_iter().collect()), got: Mutex::default() })
    }

    /// The payloads of each batch.
    pub(super) fn got(&self) -> Vec<String> {
        self.got.lock().unwrap().clone()
    }
}

/// The same as a destination of its own.
pub(super) struct To(pub(super) Arc<Scripted>);

#[async_trait]
impl Destination for To {
    async fn deliver(&self, batch: Batch) -> Result<(), Refusal> {
        let payloads =
            batch.iter().map(|message| String::from_utf8_lossy(message.payload().unwrap()).into_owned());
        self.0.got.lock().unwrap().push(payloads.collect::<Vec<_>>().join(" "));
        let next = self.0.script.lock().unwrap().pop_front();
        match next {
            None => Ok(()),
            Some(Next::RefuseAll) => Err(Refusal::of_all("no")),
            Some(Next::Refuse(messages)) => Err(some("no", messages)),
            Some(Next::After(time)) => {
                tokio::time::sleep(time).await;
                Ok(())
            }
        }
    }
}

pub(super) fn to(output: &Arc<Scripted>) -> Box<dyn Destination> {
    Box::new(To(Arc::clone(output)))
}

pub(super) fn batch(payloads: &[&str]) -> Batch {
    Batch::from_payloads(payloads.iter().copied().map(Some), false)
}

fn some(reason: &str, messages: &[u32]) -> Refusal {
    let failure = Failure { reason: reason.to_owned(), messages: Some(messages.to_vec()) };
    Refusal { failures: vec![failure], apart: false, declined: false }
}

#[test]
fn refusals_of_parts_are_of_the_whole() {
    assert_eq!(some("a", &[1]).in_whole(&[2, 5]), some("a", &[5]));
    assert_eq!(Refusal::of_all("a").in_whole(&[2, 5]), some("a", &[2, 5]));
    let apart = Refusal { apart: true, ..some("b", &[1, 2]) };
    let all = together([some("a", &[3, 1]), apart]).unwrap_err();
    assert!(all.apart);
    assert_eq!(all.by_message(9).into_iter().collect::<Vec<_>>(), [(1, "a"), (2, "b"), (3, "a")]);
    assert_eq!(Refusal::of_all("c").by_message(2).into_keys().collect::<Vec<_>>(), [0, 1]);
    assert_eq!(together([]), Ok(()));
}

#[tokio::test]
async fn each_message_falls_back_with_its_own_reason() {
    let refusal = together([some("late", &[2, 0]), some("rude", &[3])]).unwrap_err();
    let (refused, rest) = fallback::with_reasons(&batch(&["a", "b", "c", "d"]), &refusal);
    let shown: Vec<_> = rest
        .iter()
        .map(|message| (message.payload().unwrap().to_vec(), message.metadata("fallback_error").unwrap()))
        .collect();
    let expected = [("a", "late"), ("c", "late"), ("d", "rude")];
    assert_eq!(shown, expected.map(|(payload, reason)| (payload.as_bytes().to_vec(), Value::Text(reason))));
    assert_eq!(refused, [0, 2, 3]);
}

#[tokio::test(start_paused = true)]
async fn only_what_was_refused_is_tried_again() {
    let output = Scripted::new([Next::Refuse(&[0, 2]), Next::Refuse(&[1])]);
    let retry = Retry::new(to(&output), Policy::for_ever(), 0);
    assert_eq!(retry.deliver(batch(&["a", "b", "c"])).await, Ok(()));
    assert_eq!(output.got(), ["a b c", "a c", "c"]);
}

#[tokio::test(start_paused = true)]
async fn no_batch_is_begun_while_another_is_tried_again() {
    let output = Scripted::new([Next::RefuseAll]);
    let retry = Retry::new(to(&output), Policy::for_ever(), 0);
    let (first, second) = tokio::join!(retry.deliver(batch(&["a"])), async {
        tokio::task::yield_now().await;
        retry.deliver(batch(&["b"])).await
    });
    assert_eq!((first, second), (Ok(()), Ok(())));
    assert_eq!(output.got(), ["a", "a", "b"]);
}

#[tokio::test(start_paused = true)]
async fn batches_that_wait_for_another_begin_in_their_order() {
    let output = Scripted::new([Next::RefuseAll]);
    let retry = Retry::new(to(&output), Policy::for_ever(), 0);
    let names: Vec<String> = (0..30).map(|number| number.to_string()).collect();
    let all: FuturesUnordered<_> = names.iter().map(|name| retry.deliver(batch(&[name]))).collect();
    assert!(all.all(|delivered| std::future::ready(delivered.is_ok())).await);
    let expected: Vec<&str> = ["0"].into_iter().chain(names.iter().map(String::as_str)).collect();
    assert_eq!(output.got(), expected);
}

/// Polls a delivery once.
async fn poll(delivery: &mut (impl Future + Unpin)) {
    std::future::poll_fn(|context| Poll::Ready(Pin::new(&mut *delivery).poll(context).is_ready())).await;
}

#[tokio::test]
async fn no_batch_takes_the_room_that_another_one_waits_for() {
    let (sender, receiver) = async_channel::bounded(1);
    let leaf = Leaf::new(sender);
    let mut deliveries: Vec<_> = ["a", "b", "c"].iter().map(|text| leaf.deliver(batch(&[text]))).collect();
    poll(&mut deliveries[0]).await;
    poll(&mut deliveries[1]).await;
    let mut taken = vec![receiver.try_recv().unwrap()];
    for index in [2, 1, 2] {
        poll(&mut deliveries[index]).await;
        taken.extend(receiver.try_recv());
    }
    let texts =
        taken.iter().map(|transaction| transaction.batch().get(0).unwrap().payload().unwrap().to_vec());
    assert_eq!(texts.collect::<Vec<_>>(), [b"a", b"b", b"c"]);
}

#[tokio::test(start_paused = true)]
async fn retries_have_a_limit() {
    let output = Scripted::new([Next::RefuseAll, Next::RefuseAll, Next::Refuse(&[1]), Next::RefuseAll]);
    let retry = Retry::new(to(&output), Policy::for_ever(), 2);
    let refusal = retry.deliver(batch(&["a", "b"])).await.unwrap_err();
    assert_eq!(refusal, some("message failed to reach a target destination", &[1]));
    assert_eq!(output.got(), ["a b", "a b", "a b"]);
}

#[tokio::test(start_paused = true)]
async fn brokers_hand_on_by_their_pattern() {
    let deliver = async |pattern: &str, batches: &[&str]| {
        let outputs = [Scripted::new([Next::After(Duration::from_secs(1))]), Scripted::new([])];
        let broker = broker::of(pattern, outputs.iter().map(to).collect(), broker::EACH);
        futures_util::future::join_all(batches.iter().map(|text| broker.deliver(batch(&[text])))).await;
        outputs.map(|output| output.got())
    };
    assert_eq!(deliver("fan_out", &["a", "b"]).await, [["a", "b"], ["a", "b"]]);
    assert_eq!(deliver("fan_out_sequential", &["a"]).await, [["a"], ["a"]]);
    assert_eq!(deliver("round_robin", &["a", "b", "c", "d"]).await, [["a", "c"], ["b", "d"]]);
    let greedy = deliver("greedy", &["a"; 20]).await;
    assert_eq!(greedy[0].len() + greedy[1].len(), 20);
    assert!(greedy[0].len() < greedy[1].len(), "{greedy:?}");
}

#[tokio::test(start_paused = true)]
async fn a_broker_insists_unless_told_to_fail_fast() {
    for (pattern, first, result) in [
        ("fan_out", vec!["a", "a"], Ok(())),
        ("fan_out_fail_fast", vec!["a"], Err(Refusal::of_all("no"))),
        ("fan_out_sequential", vec!["a", "a"], Ok(())),
        ("fan_out_sequential_fail_fast", vec!["a"], Err(Refusal::of_all("no"))),
    ] {
        let outputs = [Scripted::new([Next::RefuseAll]), Scripted::new([])];
        let broker = broker::of(pattern, outputs.iter().map(to).collect(), broker::EACH);
        assert_eq!(broker.deliver(batch(&["a"])).await, result, "{pattern}");
        assert_eq!(outputs[0].got(), first, "{pattern}");
    }
}

#[tokio::test]
async fn what_one_of_several_outputs_has_taken_comes_to_all_of_them() {
    let outputs =
        [Scripted::new([Next::Refuse(&[1])]), Scripted::new([Next::Refuse(&[1])]), Scripted::new([])];
    let broker = broker::of("fan_out_sequential_fail_fast", outputs.iter().map(to).collect(), broker::EACH);
    let refusal = broker.deliver(batch(&["a", "b", "c"])).await.unwrap_err();
    assert_eq!(refusal.by_message(3).into_keys().collect::<Vec<_>>(), [1, 2]);
    assert_eq!(outputs.map(|output| output.got()), [["a b c"], ["a c"], ["a"]]);
}

#[tokio::test(start_paused = true)]
async fn an_output_that_was_too_slow_once_gets_its_time_again() {
    let second = Duration::from_secs(1);
    let output = Scripted::new([Next::After(9 * second), Next::After(second / 2)]);
    let drop_on = DropOn::with_patience(to(&output), second);
    let begun = tokio::time::Instant::now();
    for text in ["slow", "in time"] {
        assert_eq!(drop_on.deliver(batch(&[text])).await, Ok(()));
    }
    assert_eq!(begun.elapsed(), second + second / 2, "the second one was waited for");
}

#[test]
fn copies_have_a_bound() {
    assert_eq!([-1, 0, 1, 500].map(|copies| broker::copies_of(copies, 2).ok()), [1, 1, 1, 500].map(Some));
    let error = broker::copies_of(i64::MAX, 2).unwrap_err().to_string();
    assert!(error.contains("more than 1000: ask for fewer"), "{error}");
}
