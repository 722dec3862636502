//! What is deleted stays deleted, and only what was to be.

use std::collections::BTreeMap;

use super::violation::Violation;
use crate::history::{Event, History, Moment, Read};

pub(super) fn check(history: &History, broken: &mut Vec<Violation>) {
    // Since when a log is known to start there or later.
    let mut known: BTreeMap<i32, Vec<(Moment, i64)>> = BTreeMap::new();
    let mut asked: BTreeMap<i32, i64> = BTreeMap::new();
    for deleted in history.deletions() {
        let most = asked.entry(deleted.partition).or_default();
        *most = (*most).max(deleted.before);
        if let Some(low_watermark) = deleted.low_watermark {
            known.entry(deleted.partition).or_default().push((deleted.during.ended, low_watermark));
        }
    }
    let mut reads: BTreeMap<i32, Vec<&Read>> = BTreeMap::new();
    for read in history.reads() {
        known.entry(read.partition).or_default().push((read.during.ended, read.log_start));
        reads.entry(read.partition).or_default().push(read);
    }
    let may_vanish = history.events.contains(&Event::RetentionSet);
    for (partition, mut reads) in reads {
        reads.sort_by_key(|read| read.during.began);
        let mut known = known.remove(&partition).unwrap_or_default();
        known.sort_unstable();
        check_partition(partition, &reads, known, broken);
        let deleted = asked.get(&partition).copied().unwrap_or_default();
        let log_start = reads.iter().map(|read| read.log_start).max().unwrap_or_default();
        if log_start > deleted && !may_vanish {
            broken.push(Violation::Vanished { partition, log_start, deleted });
        }
    }
}

fn check_partition(partition: i32, reads: &[&Read], known: Vec<(Moment, i64)>, broken: &mut Vec<Violation>) {
    let mut known = known.into_iter().peekable();
    let mut from = 0;
    for read in reads {
        while let Some((_, start)) = known.next_if(|(since, _)| *since < read.during.began) {
            from = from.max(start);
        }
        let first = read.records.first().map(|first| first.offset);
        let log_start = first.map_or(read.log_start, |first| first.min(read.log_start));
        if log_start < from {
            broken.push(Violation::Revived { partition, from, log_start });
        }
    }
}
