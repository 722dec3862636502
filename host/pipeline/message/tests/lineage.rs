//! The outcome of a source batch is that of everything derived from it.

#![expect(clippy::unwrap_used, reason = "a test that can't go on fails")]

use std::sync::mpsc::{Receiver, channel};

use forebay_pipeline_message::{Batch, Failure, Origins, Outcome, Processed, Rejection, Transaction};
use proptest::collection::vec;
use proptest::prelude::*;

fn source(messages: usize) -> (Transaction, Receiver<Outcome>) {
    let (outcome, settled) = channel();
    let batch = payloads(messages);
    (Transaction::new(batch, move |result| outcome.send(result).unwrap()), settled)
}

fn payloads(messages: usize) -> Batch {
    Batch::from_payloads((0..messages).map(|_| Some("x")), true)
}

fn processed(messages: usize, origins: Origins) -> Processed {
    Processed { batch: payloads(messages), origins }
}

fn rejected(messages: &[u32]) -> Outcome {
    Outcome::Rejected(Rejection { reason: "no".into(), messages: Some(messages.to_vec()), apart: false })
}

#[test]
fn a_source_is_acknowledged_when_its_last_descendant_is() {
    let (source, settled) = source(3);
    let halves = vec![processed(1, Origins::Each(vec![0])), processed(2, Origins::Each(vec![1, 2]))];
    let mut halves = source.derive(halves).unwrap();
    halves.pop().unwrap().acknowledge();
    assert!(settled.try_recv().is_err());
    halves.pop().unwrap().acknowledge();
    assert_eq!(settled.recv().unwrap(), Outcome::Acknowledged);
}

#[test]
fn a_source_without_results_was_dropped_on_purpose() {
    let (source, settled) = source(3);
    assert!(source.derive(Vec::new()).unwrap().is_empty());
    assert_eq!(settled.recv().unwrap(), Outcome::Acknowledged);
}

#[test]
fn a_transaction_that_is_forgotten_counts_as_failed() {
    let (source, settled) = source(3);
    drop(source);
    assert!(matches!(settled.recv().unwrap(), Outcome::Rejected(rejection) if rejection.messages.is_none()));
}

#[test]
fn a_failure_is_traced_through_a_filter_to_its_source() {
    let (source, settled) = source(4);
    let filtered = source.derive(vec![processed(2, Origins::Each(vec![1, 3]))]).unwrap().pop().unwrap();
    let split = filtered.derive(vec![processed(3, Origins::Each(vec![1, 1, 0]))]).unwrap().pop().unwrap();
    split.settle(&[Failure { reason: "no".into(), messages: Some(vec![0]) }]);
    assert_eq!(settled.recv().unwrap(), rejected(&[3]));
}

#[test]
fn what_depends_on_the_whole_fails_with_all_of_what_it_was_made_of() {
    let (source, settled) = source(4);
    let filtered = source.derive(vec![processed(2, Origins::Each(vec![1, 3]))]).unwrap().pop().unwrap();
    let joined = filtered.derive(vec![processed(1, Origins::Whole)]).unwrap().pop().unwrap();
    joined.settle(&[Failure { reason: "no".into(), messages: Some(vec![0]) }]);
    assert_eq!(settled.recv().unwrap(), rejected(&[1, 3]));
}

#[test]
fn origins_that_do_not_fit_leave_the_transaction_as_it_was() {
    let (source, settled) = source(2);
    let (source, error) = source.derive(vec![processed(1, Origins::Each(vec![2]))]).unwrap_err();
    assert_eq!(error.to_string(), "malformed origins: an index is not one of the source");
    source.acknowledge();
    assert_eq!(settled.recv().unwrap(), Outcome::Acknowledged);
}

proptest! {
    #[test]
    fn chains_of_selections_fail_exactly_the_messages_that_they_lead_back_to(
        picks in vec(vec(any::<prop::sample::Index>(), 1..8), 0..4),
        failing in vec(any::<prop::sample::Index>(), 1..4),
    ) {
        let (mut transaction, settled) = source(8);
        let mut origins: Vec<u32> = (0..8).collect();
        for pick in picks {
            let pick: Vec<u32> = pick.iter().map(|pick| u32::try_from(pick.index(origins.len())).unwrap()).collect();
            origins = pick.iter().map(|index| origins[*index as usize]).collect();
            transaction = transaction.derive(vec![processed(pick.len(), Origins::Each(pick))]).unwrap().pop().unwrap();
        }
        let failing: Vec<u32> = failing.iter().map(|pick| u32::try_from(pick.index(origins.len())).unwrap()).collect();
        let mut expected: Vec<u32> = failing.iter().map(|index| origins[*index as usize]).collect();
        expected.sort_unstable();
        expected.dedup();
        transaction.settle(&[Failure { reason: "no".into(), messages: Some(failing) }]);
        prop_assert_eq!(settled.recv().unwrap(), rejected(&expected));
    }
}
