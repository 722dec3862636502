//! The outcome of a source batch is that of everything derived from it.

#![expect(clippy::unwrap_used, reason = "a test that can't go on fails")]

use std::collections::BTreeSet;
use std::sync::Arc;
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
    Outcome::Rejected(Rejection {
        reason: "no".into(),
        messages: Some(messages.to_vec()),
        reasons: Vec::new(),
        apart: false,
        declined: false,
    })
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

#[test]
fn a_message_that_depends_on_several_fails_for_all_of_them() {
    let (source, settled) = source(5);
    let some = source.derive(vec![processed(3, Origins::Each(vec![1, 2, 4]))]).unwrap().pop().unwrap();
    let sets = Origins::Sets(vec![Arc::from([0, 2]), Arc::from([1])]);
    let mixed = some.derive(vec![processed(2, sets)]).unwrap().pop().unwrap();
    mixed.settle(&[Failure { reason: "no".into(), messages: Some(vec![0]) }]);
    assert_eq!(settled.recv().unwrap(), rejected(&[1, 4]));
}

#[test]
fn a_message_that_depends_on_nothing_is_refused() {
    let empty = Origins::Sets(vec![Arc::from([])]);
    assert!(empty.check(1, 3).is_err());
    assert!(Origins::Sets(vec![Arc::from([3])]).check(1, 3).is_err());
}

/// What every message depends on, in the plainest form.
fn plain(origins: &Origins, messages: usize, source: usize) -> Vec<BTreeSet<u32>> {
    let source = u32::try_from(source).unwrap();
    match origins {
        Origins::Same => (0..source).map(|index| BTreeSet::from([index])).collect(),
        Origins::Each(each) => each.iter().map(|index| BTreeSet::from([*index])).collect(),
        Origins::Sets(sets) => sets.iter().map(|set| set.iter().copied().collect()).collect(),
        Origins::Whole => vec![(0..source).collect(); messages],
    }
}

/// Origins in a source of `source` messages, and how many messages have them.
fn origins(source: usize) -> impl Strategy<Value = (Origins, usize)> {
    let index = 0..u32::try_from(source).unwrap();
    let set = vec(index.clone(), 1..4).prop_map(Arc::from);
    prop_oneof![
        Just((Origins::Same, source)),
        vec(index, 0..6).prop_map(|each| (Origins::Each(each.clone()), each.len())),
        vec(set, 0..6).prop_map(|sets: Vec<Arc<[u32]>>| (Origins::Sets(sets.clone()), sets.len())),
        (0_usize..6).prop_map(|messages| (Origins::Whole, messages)),
    ]
}

fn two_steps() -> impl Strategy<Value = (usize, (Origins, usize), (Origins, usize))> {
    let first = (1_usize..6).prop_flat_map(|source| (Just(source), origins(source)));
    let first = first.prop_filter("something is left", |(_, (_, messages))| *messages > 0);
    first.prop_flat_map(|(source, first)| (Just(source), Just(first.clone()), origins(first.1)))
}

proptest! {
    #[test]
    fn origins_of_two_steps_are_those_of_both_together((source, (first, made), (then, messages)) in two_steps()) {
        let together = first.then(&then, messages);
        prop_assert!(together.check(messages, source).is_ok());
        let before = plain(&first, made, source);
        let expected: Vec<BTreeSet<u32>> = plain(&then, messages, made)
            .into_iter()
            .map(|set| set.into_iter().flat_map(|index| before[index as usize].clone()).collect())
            .collect();
        // Where the first step mixes everything, so do both together.
        let all = first == Origins::Whole;
        let expected = if all { vec![(0..).take(source).collect(); messages] } else { expected };
        prop_assert_eq!(plain(&together, messages, source), expected);
    }

    #[test]
    fn origins_of_joined_results_are_those_of_each(
        (source, parts) in (1_usize..6).prop_flat_map(|source| (Just(source), vec(origins(source), 1..4))),
    ) {
        let joined = Origins::joined(&parts, source);
        let messages = parts.iter().map(|(_, messages)| messages).sum();
        prop_assert!(joined.check(messages, source).is_ok());
        let expected: Vec<_> = parts.iter().flat_map(|(origins, made)| plain(origins, *made, source)).collect();
        prop_assert_eq!(plain(&joined, messages, source), expected);
    }
}

fn failure(reason: &str, messages: Option<&[u32]>) -> Failure {
    Failure { reason: reason.to_owned(), messages: messages.map(<[u32]>::to_vec) }
}

fn failures(outcome: Outcome) -> Vec<Failure> {
    match outcome {
        Outcome::Acknowledged => Vec::new(),
        Outcome::Rejected(rejection) => rejection.failures(),
    }
}

#[test]
fn every_message_keeps_the_reason_that_was_given_first_for_it() {
    let (source, settled) = source(5);
    let parts = vec![processed(2, Origins::Each(vec![4, 0])), processed(3, Origins::Each(vec![1, 2, 4]))];
    let mut parts = source.derive(parts).unwrap();
    parts.pop().unwrap().settle(&[failure("a", Some(&[0, 2])), failure("b", Some(&[1]))]);
    parts.pop().unwrap().settle(&[failure("c", Some(&[0, 1])), failure("a", Some(&[1]))]);
    let outcome = settled.recv().unwrap();
    let Outcome::Rejected(rejection) = &outcome else { panic!("{outcome:?}") };
    assert_eq!((rejection.reason.as_str(), rejection.messages.as_deref()), ("a", Some(&[0, 1, 2, 4][..])));
    let expected = [failure("a", Some(&[1, 4])), failure("b", Some(&[2])), failure("c", Some(&[0]))];
    assert_eq!(failures(outcome), expected);
}

#[test]
fn a_reason_for_all_is_that_of_messages_without_one() {
    let (source, settled) = source(3);
    let parts = vec![processed(1, Origins::Each(vec![1])), processed(1, Origins::Whole)];
    let mut parts = source.derive(parts).unwrap();
    parts.pop().unwrap().reject("all");
    parts.pop().unwrap().reject("one");
    let expected = [failure("one", Some(&[1])), failure("all", None)];
    assert_eq!(failures(settled.recv().unwrap()), expected);
}

#[test]
fn what_was_joined_is_told_its_own_reasons() {
    let (first, of_first) = source(2);
    let (second, of_second) = source(2);
    let (third, of_third) = source(1);
    let joined = Transaction::join(vec![first, second, third]).unwrap();
    joined.settle(&[failure("a", Some(&[3])), failure("b", Some(&[1, 2]))]);
    assert_eq!(failures(of_first.recv().unwrap()), [failure("b", Some(&[1]))]);
    assert_eq!(failures(of_second.recv().unwrap()), [failure("b", Some(&[0])), failure("a", Some(&[1]))]);
    assert_eq!(of_third.recv().unwrap(), Outcome::Acknowledged);
}
