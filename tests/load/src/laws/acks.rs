//! What was acknowledged is there, and requests are there as a whole.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::log::Log;
use super::violation::Violation;
use crate::history::{History, Sent};
use crate::value::Value;

pub(super) fn check(history: &History, logs: &BTreeMap<i32, Log>, broken: &mut Vec<Violation>) {
    let mut told: HashMap<Value, i64> = HashMap::new();
    for sent in history.sent() {
        for (batch, base) in sent.acked() {
            for (offset, value) in (base..).zip(sent.values(batch)) {
                let before = *told.entry(value).or_insert(offset);
                if sent.is_idempotent && before != offset {
                    broken.push(Violation::TwoAnswers { value, offsets: [before, offset] });
                }
                let Some(log) = logs.get(&batch.partition) else { continue };
                let Some(found) = log.at_the_end(offset) else { continue };
                if found != Some(value) {
                    broken.push(match log.places(&value).first() {
                        Some(place) => Violation::Elsewhere { value, acked: offset, found: *place },
                        None => Violation::Lost { value, offset },
                    });
                }
            }
        }
    }
    let mut looked_at = HashSet::new();
    for sent in history.sent() {
        if looked_at.insert(sent.request) {
            check_whole(sent, logs, broken);
        }
    }
}

/// All tries of a request have the same batches.
fn check_whole(sent: &Sent, logs: &BTreeMap<i32, Log>, broken: &mut Vec<Violation>) {
    let whole = |partition: &i32| logs.get(partition).filter(|log| log.is_whole());
    let values = || sent.batches.iter().flat_map(|batch| sent.values(*batch));
    if sent.batches.iter().any(|batch| whole(&batch.partition).is_none()) {
        return;
    }
    let is_there = |value: &Value| whole(&value.partition).is_some_and(|log| !log.places(value).is_empty());
    let missing = values().find(|value| !is_there(value));
    if let Some(missing) = missing
        && values().any(|value| is_there(&value))
    {
        broken.push(Violation::Torn { request: sent.request, missing });
    }
}
