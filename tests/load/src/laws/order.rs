//! What was acknowledged before something else was first sent has the lower offset.

use std::collections::{BTreeMap, HashMap};

use super::violation::Violation;
use crate::history::{History, Moment, SentBatch};
use crate::value::Value;

/// A batch that was acknowledged.
#[derive(Debug, Clone, Copy)]
struct Acked {
    first_sent: Moment,
    acked: Moment,
    offset: i64,
    last_offset: i64,
    value: Value,
}

pub(super) fn check(history: &History, broken: &mut Vec<Violation>) {
    let mut first_sent: HashMap<u64, Moment> = HashMap::new();
    let mut partitions: BTreeMap<i32, Vec<Acked>> = BTreeMap::new();
    // Tries of one request are in their order: a client makes one after the other.
    for sent in history.sent() {
        let began = sent.during.began;
        let first = first_sent.entry(sent.request).or_insert(began);
        *first = (*first).min(began);
        let first_sent = *first;
        for (batch, offset) in sent.acked() {
            let SentBatch { partition, first: number, count } = batch;
            let value = Value { client: sent.client, partition, number };
            let last_offset = offset + i64::from(count) - 1;
            let acked = Acked { first_sent, acked: sent.during.ended, offset, last_offset, value };
            partitions.entry(partition).or_default().push(acked);
        }
    }
    for mut by_sent in partitions.into_values() {
        let mut by_acked = by_sent.clone();
        by_sent.sort_by_key(|acked| acked.first_sent);
        by_acked.sort_by_key(|acked| acked.acked);
        let mut before = by_acked.into_iter().peekable();
        let mut highest: Option<Acked> = None;
        for later in by_sent {
            while let Some(earlier) = before.next_if(|earlier| earlier.acked < later.first_sent) {
                if highest.is_none_or(|highest| earlier.last_offset > highest.last_offset) {
                    highest = Some(earlier);
                }
            }
            if let Some(earlier) = highest
                && earlier.last_offset >= later.offset
            {
                broken.push(Violation::Overtaken {
                    earlier: earlier.value,
                    at: earlier.last_offset,
                    later: later.value,
                    below: later.offset,
                });
            }
        }
    }
}
