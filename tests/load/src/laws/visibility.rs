//! What was acknowledged, or read, is seen by whoever asks later.

use std::collections::BTreeMap;

use super::violation::Violation;
use crate::history::{History, Moment, Read};

/// Since a moment a partition ends there or later.
#[derive(Debug, Clone, Copy)]
struct Known {
    since: Moment,
    end: i64,
    is_acked: bool,
}

pub(super) fn check(history: &History, broken: &mut Vec<Violation>) {
    let mut known: BTreeMap<i32, Vec<Known>> = BTreeMap::new();
    for sent in history.sent() {
        for (batch, offset) in sent.acked() {
            let end = offset + i64::from(batch.count);
            let one = Known { since: sent.during.ended, end, is_acked: true };
            known.entry(batch.partition).or_default().push(one);
        }
    }
    let mut reads: BTreeMap<i32, Vec<&Read>> = BTreeMap::new();
    for read in history.reads() {
        let one = Known { since: read.during.ended, end: read.high_watermark, is_acked: false };
        known.entry(read.partition).or_default().push(one);
        reads.entry(read.partition).or_default().push(read);
    }
    for (partition, mut reads) in reads {
        reads.sort_by_key(|read| read.during.began);
        let mut known = known.remove(&partition).unwrap_or_default();
        known.sort_by_key(|known| known.since);
        check_partition(partition, &reads, known, broken);
    }
}

fn check_partition(partition: i32, reads: &[&Read], known: Vec<Known>, broken: &mut Vec<Violation>) {
    let mut known = known.into_iter().peekable();
    let mut highest: Option<Known> = None;
    for read in reads {
        while let Some(next) = known.next_if(|known| known.since < read.during.began) {
            if highest.is_none_or(|highest| next.end > highest.end) {
                highest = Some(next);
            }
        }
        let high_watermark = read.high_watermark;
        match highest {
            Some(Known { end, is_acked: true, .. }) if end > high_watermark => {
                broken.push(Violation::Unseen { partition, acked: end - 1, high_watermark });
            }
            Some(Known { end, is_acked: false, .. }) if end > high_watermark => {
                broken.push(Violation::Shrunk { partition, from: end, to: high_watermark });
            }
            Some(_) | None => {}
        }
    }
}
