use std::collections::VecDeque;

use forebay_model::{ByteCount, Offset, SegmentName};
use forebay_storage_metadata::Run;

/// What is known of one log: stretches of it, each without gaps, for who reads its end and who reads elsewhere.
#[derive(Debug, Default)]
pub(super) struct Known {
    stretches: Vec<Stretch>,
    uses: u64,
    /// Somebody has read up to the end of the log since the last commit.
    is_awaited: bool,
}

#[derive(Debug)]
struct Stretch {
    /// One at least, in the order of offsets.
    runs: VecDeque<Run>,
    /// When it was used last.
    used: u64,
}

/// More readers at different places of one log ask the store more often.
const MOST_STRETCHES: usize = 4;
/// So many runs of a stretch are kept, the last ones: readers go on.
const MOST_RUNS: usize = 512;

impl Stretch {
    fn start(&self) -> Option<Offset> {
        self.runs.front().map(|run| run.base_offset)
    }

    fn end(&self) -> Option<Offset> {
        self.runs.back().map(|run| run.end_offset)
    }

    fn push(&mut self, runs: impl IntoIterator<Item = Run>) {
        self.runs.extend(runs);
        let more = self.runs.len().saturating_sub(MOST_RUNS);
        self.runs.drain(..more);
    }
}

impl Known {
    /// Runs from the one that has `from` on, until they have `bytes` or reach `end`, and whether they do.
    pub(super) fn find(&mut self, from: Offset, bytes: u64, end: Option<Offset>) -> (Vec<Run>, bool) {
        let has = |stretch: &&mut Stretch| {
            stretch.start().is_some_and(|start| start <= from) && stretch.end().is_some_and(|end| from < end)
        };
        let Some(stretch) = self.stretches.iter_mut().find(has) else { return (Vec::new(), false) };
        self.uses += 1;
        stretch.used = self.uses;
        let first = stretch.runs.partition_point(|run| run.end_offset <= from);
        let mut runs = Vec::new();
        let mut found = 0;
        for run in stretch.runs.iter().skip(first) {
            found += run.length.get();
            runs.push(run.clone());
            if found >= bytes || end.is_some_and(|end| run.end_offset >= end) {
                return (runs, true);
            }
        }
        (runs, false)
    }

    /// Takes in runs as the store has told them: in the order of offsets, without gaps.
    pub(super) fn add(&mut self, mut runs: Vec<Run>) {
        let gap = runs.windows(2).position(|pair| pair[0].end_offset != pair[1].base_offset);
        runs.truncate(gap.map_or(runs.len(), |last| last + 1));
        let (Some(first), Some(last)) = (runs.first(), runs.last()) else { return };
        let (from, end) = (first.base_offset, last.end_offset);
        self.uses += 1;
        let touches = |stretch: &Stretch| {
            stretch.start().is_some_and(|start| start <= from) && stretch.end().is_some_and(|end| from <= end)
        };
        if let Some(index) = self.stretches.iter().position(touches) {
            let stretch = &mut self.stretches[index];
            stretch.used = self.uses;
            let place = stretch.runs.partition_point(|run| run.base_offset < from);
            let is_boundary = stretch.runs.get(place).is_none_or(|run| run.base_offset == from);
            if is_boundary && stretch.end().is_some_and(|known| end <= known) {
                return;
            }
            if is_boundary {
                stretch.runs.truncate(place);
                stretch.push(runs);
                return;
            }
            // Its runs are divided in another way, so they are old.
            self.stretches.remove(index);
        }
        if self.stretches.len() >= MOST_STRETCHES
            && let Some(oldest) = (0..self.stretches.len()).min_by_key(|index| self.stretches[*index].used)
        {
            self.stretches.remove(oldest);
        }
        let mut stretch = Stretch { runs: VecDeque::new(), used: self.uses };
        stretch.push(runs);
        self.stretches.push(stretch);
    }

    /// Takes in runs that were committed now, if they lie right behind what is known or somebody waits for them.
    pub(super) fn extend(&mut self, runs: Vec<Run>) {
        let is_awaited = std::mem::take(&mut self.is_awaited);
        for run in runs {
            let follows = |stretch: &&mut Stretch| stretch.end() == Some(run.base_offset);
            match self.stretches.iter_mut().find(follows) {
                Some(stretch) => stretch.push([run]),
                None if is_awaited => self.add(vec![run]),
                None => {}
            }
        }
    }

    /// Somebody has read everything there is.
    pub(super) fn await_more(&mut self) {
        self.is_awaited = true;
    }

    pub(super) fn is_awaited(&self) -> bool {
        self.is_awaited
    }

    /// Makes two of the run in which a batch with `offset` begins at `position`: whoever goes on there need not walk up
    /// to it again.
    pub(super) fn divide(&mut self, segment: &SegmentName, offset: Offset, position: ByteCount) {
        for stretch in &mut self.stretches {
            let place = stretch.runs.partition_point(|run| run.end_offset <= offset);
            let Some(run) = stretch.runs.get_mut(place) else { continue };
            let Some(first) = position.get().checked_sub(run.position.get()) else { continue };
            if run.base_offset >= offset || run.segment != *segment || first == 0 || first >= run.length.get()
            {
                continue;
            }
            let rest = ByteCount::new(run.length.get() - first);
            let second = Run { base_offset: offset, position, length: rest, ..run.clone() };
            run.end_offset = offset;
            run.length = ByteCount::new(first);
            stretch.runs.insert(place + 1, second);
            stretch.push([]);
        }
    }

    pub(super) fn runs(&self) -> usize {
        self.stretches.iter().map(|stretch| stretch.runs.len()).sum()
    }
}

#[cfg(test)]
mod tests {
    use forebay_model::Timestamp;
    use proptest::prelude::*;

    use super::*;

    fn run(base: i64, end: i64) -> Run {
        Run {
            segment: format!("a/{base}").parse().unwrap(),
            position: ByteCount::ZERO,
            length: ByteCount::new(10),
            base_offset: Offset::new(base).unwrap(),
            end_offset: Offset::new(end).unwrap(),
            max_timestamp: Timestamp::NONE,
            log_append_time: None,
        }
    }

    fn offset(offset: i64) -> Offset {
        Offset::new(offset).unwrap()
    }

    #[test]
    fn stretches_grow_meet_and_are_bounded() {
        let mut known = Known::default();
        known.add(vec![run(0, 5), run(5, 9)]);
        known.extend(vec![run(9, 12)]);
        known.extend(vec![run(20, 30)]);
        assert_eq!(known.find(offset(6), 25, Some(offset(12))), (vec![run(5, 9), run(9, 12)], true));
        assert!(!known.find(offset(6), 25, Some(offset(13))).1);
        assert_eq!(known.find(offset(12), 1, Some(offset(13))), (Vec::new(), false));
        for base in 10..20 {
            known.add(vec![run(base * 100, base * 100 + 1)]);
        }
        assert_eq!(known.stretches.len(), MOST_STRETCHES);
        for base in 1_901..4_000 {
            known.extend(vec![run(base, base + 1)]);
        }
        assert!(known.runs() < MOST_RUNS + MOST_STRETCHES);
        assert!(known.find(offset(3_999), 1, Some(offset(4_000))).1);
    }

    #[test]
    fn what_somebody_waits_for_is_taken_in_once() {
        let mut known = Known::default();
        known.await_more();
        known.extend(vec![run(20, 30), run(30, 31)]);
        assert!(!known.is_awaited());
        assert_eq!(known.find(offset(20), 20, Some(offset(31))), (vec![run(20, 30), run(30, 31)], true));
        known.extend(vec![run(40, 41)]);
        assert_eq!(known.runs(), 2);
    }

    #[test]
    fn a_run_is_divided_where_somebody_goes_on() {
        let mut known = Known::default();
        known.add(vec![run(0, 5), run(5, 9)]);
        let segment = run(5, 9).segment;
        for (at, position) in [(7, 4), (7, 4), (5, 0), (8, 99)] {
            known.divide(&segment, offset(at), ByteCount::new(position));
        }
        let first = Run { length: ByteCount::new(4), ..run(5, 7) };
        let second = Run { position: ByteCount::new(4), length: ByteCount::new(6), ..run(7, 9) };
        let (first, second) =
            (Run { segment: segment.clone(), ..first }, Run { segment: segment.clone(), ..second });
        assert_eq!(
            known.find(offset(4), 20, Some(offset(9))),
            (vec![run(0, 5), first, second.clone()], true)
        );
        assert_eq!(known.find(offset(8), 1, Some(offset(9))), (vec![second], true));
        // The store knows nothing of it.
        known.add(vec![run(5, 9), run(9, 10)]);
        assert_eq!(known.find(offset(7), 20, Some(offset(10))), (vec![run(5, 9), run(9, 10)], true));
    }

    #[test]
    fn runs_that_are_divided_anew_replace_the_old_ones() {
        let mut known = Known::default();
        known.add(vec![run(0, 5), run(5, 9)]);
        known.add(vec![run(3, 12)]);
        assert_eq!(known.find(offset(4), 1, Some(offset(12))), (vec![run(3, 12)], true));
        assert_eq!(known.find(offset(0), 1, Some(offset(12))), (Vec::new(), false));
    }

    proptest! {
        /// The log has a run for each offset; whatever was told before, an answer has the right ones without gaps.
        #[test]
        fn what_is_found_is_what_was_told(steps in proptest::collection::vec((0..60_i64, 1..20_i64), 1..60)) {
            let mut known = Known::default();
            for (from, count) in steps {
                if from % 3 == 0 {
                    known.extend(vec![run(from, from + 1)]);
                } else {
                    known.add((from..from + count).map(|base| run(base, base + 1)).collect());
                    let (found, is_whole) = known.find(offset(from), 10 * count.unsigned_abs(), None);
                    prop_assert!(is_whole);
                    prop_assert!(found.into_iter().eq((from..from + count).map(|base| run(base, base + 1))));
                }
                let (found, _) = known.find(offset(count), 50, None);
                prop_assert!(found.into_iter().zip(count..).all(|(found, base)| found == run(base, base + 1)));
            }
        }
    }
}
