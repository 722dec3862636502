//! What holds of everything that a pipeline carries, whatever went wrong.
//!
//! 1. What is in the topic that it reads comes out, at least once.
//! 2. What comes out is what was there, at the place that it names, and nothing else.
//! 3. Where order is promised, the records of a partition come out for the first time in the order that they had there.
//!    Who starts again repeats what it is not sure of, and leaves nothing out.
//! 4. Where nothing went wrong, they come out once.

use std::collections::{BTreeMap, BTreeSet};

use super::carried::{Carried, Source};
use crate::history::History;
use crate::value::Value;

/// All that a pipeline was to carry.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Input(pub BTreeMap<Source, Value>);

/// What a pipeline promises beside that everything comes out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Promise {
    pub in_order: bool,
    /// There was no fault that a record may come twice for.
    pub once: bool,
}

/// What breaks a law. Lanes are those that were judged, by their index.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CarryViolation {
    #[error("{value:?} of {from} never came out")]
    Lost { from: Source, value: Value },
    #[error("record {at} of lane {lane} is nothing that a pipeline makes of what was sent")]
    Foreign { lane: usize, at: usize },
    #[error("record {at} of lane {lane} is {value:?} and names {from}, where there is {there:?}")]
    Elsewhere { lane: usize, at: usize, value: Value, from: Source, there: Option<Value> },
    #[error("record {at} of lane {lane} comes from {from}, for the first time and behind offset {after}")]
    Overtaken { lane: usize, at: usize, from: Source, after: i64 },
    #[error("{from} came out {times} times, although nothing had gone wrong")]
    Repeated { from: Source, times: usize },
}

/// What came out in all.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Judgement {
    /// Records that were to come out.
    pub records: usize,
    pub came: usize,
    /// Those that had come before.
    pub duplicates: usize,
    pub violations: Vec<CarryViolation>,
}

impl Input {
    /// What was read in the end of a run.
    #[must_use]
    pub fn of(history: &History) -> Self {
        let reads = history.reads().filter(|read| read.is_final);
        let records = reads.flat_map(|read| {
            let partition = read.partition;
            let known = move |seen: &crate::history::Seen| {
                Some((Source { partition, offset: seen.offset }, seen.value?))
            };
            read.records.iter().filter_map(known)
        });
        Self(records.collect())
    }

    /// Whether all of it is among what came out.
    #[must_use]
    pub fn has_come(&self, lanes: &[Vec<Option<Carried>>]) -> bool {
        let came: BTreeSet<Source> = lanes.iter().flatten().flatten().map(|carried| carried.source).collect();
        self.0.keys().all(|source| came.contains(source))
    }
}

/// Judges what came out in each lane: a partition, or an object.
#[must_use]
pub fn judge(input: &Input, lanes: &[Vec<Option<Carried>>], promise: Promise) -> Judgement {
    let mut judged = Judgement { records: input.0.len(), ..Judgement::default() };
    let mut times: BTreeMap<Source, usize> = BTreeMap::new();
    for (lane, records) in lanes.iter().enumerate() {
        // How far each partition has come in this lane.
        let mut last: BTreeMap<i32, i64> = BTreeMap::new();
        for (at, record) in records.iter().enumerate() {
            judged.came += 1;
            let Some(Carried { value, source }) = *record else {
                judged.violations.push(CarryViolation::Foreign { lane, at });
                continue;
            };
            let there = input.0.get(&source).copied();
            if there != Some(value) {
                judged.violations.push(CarryViolation::Elsewhere { lane, at, value, from: source, there });
                continue;
            }
            let seen = times.entry(source).or_default();
            *seen += 1;
            if *seen > 1 {
                judged.duplicates += 1;
                continue;
            }
            let last = last.entry(source.partition).or_insert(source.offset);
            if promise.in_order && source.offset < *last {
                let after = *last;
                judged.violations.push(CarryViolation::Overtaken { lane, at, from: source, after });
            }
            *last = source.offset.max(*last);
        }
    }
    for (from, value) in &input.0 {
        if !times.contains_key(from) {
            judged.violations.push(CarryViolation::Lost { from: *from, value: *value });
        }
    }
    let repeated = times.iter().filter(|(_, times)| promise.once && **times > 1);
    let repeated = repeated.map(|(from, times)| CarryViolation::Repeated { from: *from, times: *times });
    judged.violations.extend(repeated);
    judged
}

#[cfg(test)]
mod tests {
    use super::*;

    const STRICT: Promise = Promise { in_order: true, once: true };
    const LOOSE: Promise = Promise { in_order: false, once: false };

    fn carried(partition: i32, number: u32) -> Carried {
        let value = Value { client: 0, partition, number };
        Carried { value, source: Source { partition, offset: i64::from(number) } }
    }

    /// Partition 0 has three records, partition 1 has two.
    fn input() -> Input {
        let all = [(0, 0), (0, 1), (0, 2), (1, 0), (1, 1)];
        Input(
            all.map(|(partition, number)| carried(partition, number))
                .map(|one| (one.source, one.value))
                .into(),
        )
    }

    fn lane(records: &[(i32, u32)]) -> Vec<Option<Carried>> {
        records.iter().map(|(partition, number)| Some(carried(*partition, *number))).collect()
    }

    fn judged(lanes: &[Vec<Option<Carried>>], promise: Promise) -> Judgement {
        judge(&input(), lanes, promise)
    }

    #[test]
    fn everything_once_and_in_order_breaks_nothing() {
        for lanes in [
            vec![lane(&[(0, 0), (0, 1), (0, 2)]), lane(&[(1, 0), (1, 1)])],
            vec![lane(&[(1, 0), (0, 0), (0, 1), (1, 1), (0, 2)])],
        ] {
            let found = judged(&lanes, STRICT);
            assert_eq!(found, Judgement { records: 5, came: 5, duplicates: 0, violations: vec![] });
            assert!(input().has_come(&lanes));
        }
    }

    #[test]
    fn what_is_missing_is_lost() {
        let lanes = [lane(&[(0, 0), (0, 2), (1, 0), (1, 1)])];
        let Carried { value, source } = carried(0, 1);
        assert_eq!(judged(&lanes, LOOSE).violations, [CarryViolation::Lost { from: source, value }]);
        assert!(!input().has_come(&lanes));
    }

    #[test]
    fn what_was_not_there_is_seen() {
        let mut all = lane(&[(0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2)]);
        all.push(None);
        let moved = Carried { source: Source { partition: 1, offset: 0 }, ..carried(0, 0) };
        all.push(Some(moved));
        let Carried { value, source: from } = carried(1, 2);
        let expected = [
            CarryViolation::Elsewhere { lane: 0, at: 5, value, from, there: None },
            CarryViolation::Foreign { lane: 0, at: 6 },
            CarryViolation::Elsewhere {
                lane: 0,
                at: 7,
                value: moved.value,
                from: moved.source,
                there: Some(carried(1, 0).value),
            },
        ];
        assert_eq!(judged(&[all], LOOSE).violations, expected);
    }

    #[test]
    fn who_starts_again_may_repeat_and_not_overtake() {
        let repeated = [lane(&[(0, 0), (0, 1), (0, 0), (0, 1), (0, 2), (1, 0), (1, 1)])];
        let in_order = Promise { in_order: true, once: false };
        assert_eq!(judged(&repeated, in_order).violations, []);
        assert_eq!(judged(&repeated, in_order).duplicates, 2);
        let twice = |number| CarryViolation::Repeated { from: carried(0, number).source, times: 2 };
        assert_eq!(judged(&repeated, STRICT).violations, [twice(0), twice(1)]);
        let overtaken = [lane(&[(0, 0), (0, 2), (0, 1), (0, 2), (1, 0), (1, 1)])];
        let expected = CarryViolation::Overtaken { lane: 0, at: 2, from: carried(0, 1).source, after: 2 };
        assert_eq!(judged(&overtaken, in_order).violations, [expected]);
        assert_eq!(judged(&overtaken, LOOSE).violations, []);
    }
}
