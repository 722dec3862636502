use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use super::violation::Violation;
use crate::history::Read;
use crate::value::Value;

/// What all readings of a partition gave together.
#[derive(Debug, Default)]
pub(super) struct Log {
    /// By offset, of all readings: also what was no longer there at the end.
    records: BTreeMap<i64, Option<Value>>,
    /// Where it started and ended at the end, if that was read.
    bounds: Option<(i64, i64)>,
    /// How far it was read at the end.
    read_to: i64,
    /// The offsets of each value.
    places: BTreeMap<Value, Vec<i64>>,
}

impl Log {
    pub(super) fn add(&mut self, read: &Read, broken: &mut Vec<Violation>) {
        let Read { partition, from, log_start, high_watermark, ref records, is_final, .. } = *read;
        if is_final {
            let (start, end) = self.bounds.unwrap_or((log_start, high_watermark));
            self.bounds = Some((start.max(log_start), end.max(high_watermark)));
            self.read_to = self.read_to.max(records.last().map_or(from, |last| last.offset + 1));
        }
        if records.is_empty() && from < high_watermark && from >= log_start {
            broken.push(Violation::Nothing { partition, from, high_watermark });
        }
        let mut expected = from;
        for seen in records {
            if seen.offset != expected {
                broken.push(Violation::Gap { partition, offset: expected });
            }
            expected = seen.offset + 1;
            match self.records.entry(seen.offset) {
                Entry::Vacant(vacant) => {
                    vacant.insert(seen.value);
                    match seen.value {
                        Some(value) if value.partition == partition => {
                            self.places.entry(value).or_default().push(seen.offset);
                        }
                        Some(_) | None => broken.push(Violation::Alien { partition, offset: seen.offset }),
                    }
                }
                Entry::Occupied(other) if *other.get() != seen.value => {
                    let values = [*other.get(), seen.value];
                    broken.push(Violation::TwoValues { partition, offset: seen.offset, values });
                }
                Entry::Occupied(_) => {}
            }
        }
    }

    /// That nothing is missing between its start and its end.
    pub(super) fn check(&self, partition: i32, broken: &mut Vec<Violation>) {
        let Some((start, end)) = self.bounds.map(|(start, end)| (start, end.min(self.read_to))) else {
            return;
        };
        let missing = (start..end).find(|offset| !self.records.contains_key(offset));
        if let Some(offset) = missing {
            broken.push(Violation::Gap { partition, offset });
        }
    }

    /// The offsets of a value, in the order in which they were first read.
    pub(super) fn places(&self, value: &Value) -> &[i64] {
        self.places.get(value).map_or(&[], Vec::as_slice)
    }

    /// Values in the order of their offsets.
    pub(super) fn values(&self) -> impl Iterator<Item = (i64, Value)> + '_ {
        self.records.iter().filter_map(|(offset, value)| value.map(|value| (*offset, value)))
    }

    /// What the log holds at an offset, if the log was read to its end and the offset was not deleted.
    pub(super) fn at_the_end(&self, offset: i64) -> Option<Option<Value>> {
        let (start, _) = self.bounds.filter(|(_, end)| self.read_to >= *end)?;
        (offset >= start).then(|| self.records.get(&offset).copied().flatten())
    }

    /// Whether all of it was read, from the first record to the last.
    pub(super) fn is_whole(&self) -> bool {
        self.bounds.is_some_and(|(start, end)| start == 0 && self.read_to >= end)
    }
}
