//! Nothing is there more often than it may be, and idempotent producers write in their order.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::log::Log;
use super::violation::Violation;
use crate::history::{Event, History};
use crate::value::Value;

/// How often a value was sent, and whether it may be there more than once.
#[derive(Debug, Default, Clone, Copy)]
struct Tries {
    count: usize,
    is_idempotent: bool,
}

pub(super) fn check(history: &History, logs: &BTreeMap<i32, Log>, broken: &mut Vec<Violation>) {
    let mut producers = HashSet::new();
    for event in &history.events {
        if let Event::Initialized(new) = event
            && !producers.insert((new.producer, new.epoch))
        {
            broken.push(Violation::SameProducer { producer: new.producer, epoch: new.epoch });
        }
    }
    let mut tries: HashMap<Value, Tries> = HashMap::new();
    for sent in history.sent() {
        for value in sent.batches.iter().flat_map(|batch| sent.values(*batch)) {
            let tries = tries.entry(value).or_default();
            tries.count += 1;
            tries.is_idempotent = sent.is_idempotent;
        }
    }
    for (partition, log) in logs {
        check_log(*partition, log, &tries, broken);
    }
}

fn check_log(partition: i32, log: &Log, tries: &HashMap<Value, Tries>, broken: &mut Vec<Violation>) {
    let mut next: HashMap<u32, u32> = HashMap::new();
    let mut counts: HashMap<Value, (usize, i64)> = HashMap::new();
    for (offset, value) in log.values() {
        let Some(tries) = tries.get(&value).filter(|_| value.partition == partition) else {
            if value.partition == partition {
                broken.push(Violation::Alien { partition, offset });
            }
            continue;
        };
        let (count, first) = counts.entry(value).or_insert((0, offset));
        *count += 1;
        if *count > if tries.is_idempotent { 1 } else { tries.count } {
            broken.push(Violation::Doubled { value, offsets: [*first, offset] });
        } else if tries.is_idempotent && log.is_whole() {
            let expected = next.entry(value.client).or_insert(0);
            if value.number != *expected {
                broken.push(Violation::Disordered { value, offset, expected: *expected });
            }
            *expected = value.number + 1;
        }
    }
}
