//! What holds of every consumer group, whatever went wrong.
//!
//! 1. Every record was consumed by some member, at least once.
//! 2. What is committed never goes back: whoever is told it, or commits, after something was acknowledged, has that or
//!    more.
//! 3. In a generation, and at an epoch, a partition is that of one member.

use std::collections::BTreeMap;
use std::fmt;

use super::history::GroupEvent;
use crate::history::{Moment, Try};

/// A law that was broken, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GroupViolation {
    /// Nobody has consumed the record.
    Skipped { partition: i32, offset: i64 },
    /// Something was committed, or told to be, after more had been.
    WentBack { partition: i32, from: i64, to: i64 },
    /// Two members were told that a partition is their own.
    Shared { generation: i32, partition: i32, members: [u32; 2] },
}

impl fmt::Display for GroupViolation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self:?}")
    }
}

/// What breaks a law, where partition `n` ends at `ends[n]`.
#[must_use]
pub fn check(events: &[GroupEvent], ends: &[i64]) -> Vec<GroupViolation> {
    let mut broken = Vec::new();
    skipped(events, ends, &mut broken);
    went_back(events, &mut broken);
    shared(events, &mut broken);
    broken
}

/// How far partitions are consumed without a gap.
#[must_use]
pub fn consumed(events: &[GroupEvent], partitions: usize) -> Vec<i64> {
    let mut ranges: Vec<Vec<(i64, i64)>> = vec![Vec::new(); partitions];
    for event in events {
        if let GroupEvent::Consumed { partition, from, to, .. } = event
            && let Some(ranges) = usize::try_from(*partition).ok().and_then(|at| ranges.get_mut(at))
        {
            ranges.push((*from, *to));
        }
    }
    let far = |mut ranges: Vec<(i64, i64)>| {
        ranges.sort_unstable();
        let go_on = |far: i64, (from, to): (i64, i64)| if from <= far { far.max(to) } else { far };
        ranges.into_iter().fold(0, go_on)
    };
    ranges.into_iter().map(far).collect()
}

fn skipped(events: &[GroupEvent], ends: &[i64], broken: &mut Vec<GroupViolation>) {
    for ((partition, offset), end) in (0..).zip(consumed(events, ends.len())).zip(ends) {
        if offset < *end {
            broken.push(GroupViolation::Skipped { partition, offset });
        }
    }
}

fn went_back(events: &[GroupEvent], broken: &mut Vec<GroupViolation>) {
    let mut seen: BTreeMap<i32, Vec<(Try, i64)>> = BTreeMap::new();
    for event in events {
        if let GroupEvent::Committed { during, partition, offset, .. }
        | GroupEvent::Told { during, partition, offset } = event
        {
            seen.entry(*partition).or_default().push((*during, *offset));
        }
    }
    for (partition, mut seen) in seen {
        let mut over: Vec<(Moment, i64)> =
            seen.iter().map(|(during, offset)| (during.ended, *offset)).collect();
        over.sort_unstable();
        seen.sort_unstable_by_key(|(during, _)| during.began);
        let (mut over, mut most) = (over.into_iter().peekable(), i64::MIN);
        for (during, to) in seen {
            while let Some((_, offset)) = over.next_if(|(ended, _)| *ended < during.began) {
                most = most.max(offset);
            }
            if to < most {
                broken.push(GroupViolation::WentBack { partition, from: most, to });
            }
        }
    }
}

fn shared(events: &[GroupEvent], broken: &mut Vec<GroupViolation>) {
    let mut owners: BTreeMap<(i32, i32), u32> = BTreeMap::new();
    for event in events {
        let GroupEvent::Assigned { member, generation, partitions } = event else { continue };
        for partition in partitions {
            let owner = *owners.entry((*generation, *partition)).or_insert(*member);
            if owner != *member {
                let members = [owner, *member];
                broken.push(GroupViolation::Shared {
                    generation: *generation,
                    partition: *partition,
                    members,
                });
            }
        }
    }
}
