//! Streams that an input reads again itself: which of their messages are still to be delivered.
//!
//! Nothing is kept of such a message but its number, counted in the order in which the scanner makes messages of the
//! stream. What was rejected is read again from the start of the stream, and everything else is left out.

use std::time::{Duration, Instant};

use forebay_lifecycle::clock;
use forebay_pipeline_message::{Batch, Rejection, Tried};

use crate::replay::pause;

/// Messages of one pass that may be rejected before it is given up, where more are rejected than delivered.
const MOST_IN_VAIN: usize = 1024;
/// Runs of rejected messages that are kept of one pass, which is ended by more.
const MOST_RUNS: usize = 1 << 16;
/// Reading a stream in vain takes no more than a fifth of the time...
const SHARE_OF_PAUSES: u32 = 4;
/// ...unless that takes longer.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// The numbers of the messages of a batch.
#[derive(Debug)]
pub(crate) enum Numbers {
    /// One after the other from this one on.
    From(u64),
    Each(Vec<u64>),
}

impl Numbers {
    fn of(&self, index: usize) -> Option<u64> {
        match self {
            Self::From(first) => first.checked_add(u64::try_from(index).ok()?),
            Self::Each(numbers) => numbers.get(index).copied(),
        }
    }
}

/// Messages with numbers that follow each other, up to and without the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Run {
    start: u64,
    end: u64,
    /// Whether they may have failed because of one among them.
    apart: bool,
}

/// What is still to be delivered of a stream.
#[derive(Debug, Default)]
pub(crate) struct Left {
    /// Rising, and none overlaps another.
    runs: Vec<Run>,
    /// The first message that was not handed on, where the stream was not scanned to its end.
    rest: Option<u64>,
    /// How often it was read without anything being delivered of it, one time after the other.
    in_vain: u32,
    /// How long reading it took the last time.
    took: Duration,
    /// Why it can't be scanned to its end.
    broken: Option<String>,
    /// Whether what was not handed on yet is not wanted now, since the pipeline stops.
    is_last: bool,
}

impl Left {
    /// The same for a pipeline that stops: only what was rejected is wanted.
    pub(crate) fn without_rest(self) -> Self {
        Self { is_last: true, ..self }
    }

    /// Whether only what was rejected is wanted.
    pub(crate) fn is_last(&self) -> bool {
        self.is_last
    }

    /// Whether something is left that is not wanted.
    pub(crate) fn leaves_rest(&self) -> bool {
        self.is_last && self.rest.is_some()
    }

    /// From where on everything is wanted.
    fn wanted_rest(&self) -> Option<u64> {
        self.rest.filter(|_| !self.is_last)
    }

    /// How long to wait before it is read again.
    pub(crate) fn pause(&self) -> Duration {
        if self.in_vain == 0 {
            return Duration::ZERO;
        }
        let for_others = self.took.saturating_mul(SHARE_OF_PAUSES).min(LONGEST_PAUSE);
        pause(self.in_vain.saturating_add(1)).max(for_others)
    }

    /// Whether something of it was rejected.
    pub(crate) fn has_rejected(&self) -> bool {
        !self.runs.is_empty()
    }

    /// Whether none is wanted from this number on.
    pub(crate) fn ends_before(&self, number: u64) -> bool {
        self.wanted_rest().is_none() && self.runs.last().is_none_or(|last| last.end <= number)
    }

    /// What is wanted of a batch whose first message has this number. What is to be tried apart comes message by message,
    /// where each stands for itself.
    pub(crate) fn wanted(&self, first: u64, batch: &Batch) -> Vec<(Batch, Numbers)> {
        let mut parts = Vec::new();
        let (mut indexes, mut numbers) = (Vec::new(), Vec::new());
        let mut runs = self.runs.as_slice();
        let behind = runs.partition_point(|run| run.end <= first);
        runs = &runs[behind..];
        for (index, number) in (0..batch.len()).zip(first..) {
            while let [run, rest @ ..] = runs
                && run.end <= number
            {
                runs = rest;
            }
            let run = runs.first().filter(|run| run.start <= number);
            if run.is_none() && self.wanted_rest().is_none_or(|rest| number < rest) {
                continue;
            }
            if run.is_some_and(|run| run.apart) && batch.independent() {
                let alone = batch.slice(index, index + 1).map(|alone| alone.with_tried(Tried::Apart));
                parts.extend(alone.map(|alone| (alone, Numbers::From(number))));
            } else if let Ok(index) = u32::try_from(index) {
                indexes.push(index);
                numbers.push(number);
            }
        }
        if indexes.len() == batch.len() {
            parts.push((batch.clone(), Numbers::From(first)));
        } else if !indexes.is_empty()
            && let Some(selected) = batch.select(&indexes)
        {
            parts.push((selected, Numbers::Each(numbers)));
        }
        parts
    }
}

/// What has become of a stream while it is read once.
#[derive(Debug)]
pub(crate) struct Pass {
    runs: Vec<Run>,
    rest: Option<u64>,
    in_vain: u32,
    begun: Instant,
    /// Messages.
    delivered: usize,
    rejected: usize,
    /// Why something was rejected first.
    reason: Option<String>,
    /// Whether everything that was rejected is not to be tried again.
    is_declined: bool,
    broken: Option<String>,
}

/// What is to be said of a stream.
#[derive(Debug)]
pub(crate) enum Read {
    Delivered,
    /// Something is left.
    Again {
        left: Left,
        reason: String,
        is_declined: bool,
    },
    /// Nothing is left that could be read again.
    Broken(String),
}

impl Pass {
    /// A first one, or one over what earlier ones have left.
    pub(crate) fn over(left: Option<&Left>) -> Self {
        Self {
            runs: Vec::new(),
            rest: None,
            in_vain: left.map_or(0, |left| left.in_vain),
            begun: clock::now(),
            delivered: 0,
            rejected: 0,
            reason: None,
            is_declined: true,
            broken: left.and_then(|left| left.broken.clone()),
        }
    }

    /// Notes that a batch of so many messages was delivered.
    pub(crate) fn delivered(&mut self, messages: usize) {
        self.delivered = self.delivered.saturating_add(messages);
    }

    /// Notes what was rejected of a batch of so many messages.
    pub(crate) fn rejected(&mut self, rejection: Rejection, numbers: &Numbers, messages: usize) {
        let Rejection { reason, messages: rejected, apart, declined, .. } = rejection;
        let count = rejected.as_ref().map_or(messages, Vec::len).min(messages);
        self.rejected = self.rejected.saturating_add(count);
        self.delivered(messages - count);
        self.is_declined &= declined;
        self.reason.get_or_insert(reason);
        match rejected {
            None => (0..messages).for_each(|index| self.leave(numbers, index, apart)),
            Some(indexes) => indexes.iter().for_each(|index| self.leave(numbers, *index as usize, apart)),
        }
    }

    fn leave(&mut self, numbers: &Numbers, index: usize, apart: bool) {
        let Some(number) = numbers.of(index) else { return };
        match self.runs.last_mut() {
            Some(last) if last.end == number && last.apart == apart => last.end += 1,
            _ => self.runs.push(Run { start: number, end: number + 1, apart }),
        }
    }

    /// Notes that nothing was handed on from this number on.
    pub(crate) fn stopped_at(&mut self, number: u64, reason: &str) {
        self.rest = Some(number);
        self.is_declined = false;
        self.reason.get_or_insert_with(|| reason.to_owned());
    }

    /// Notes that the rest can't be scanned.
    pub(crate) fn broke(&mut self, reason: String) {
        self.broken.get_or_insert(reason);
    }

    /// Whether it makes no sense to go on: hardly anything is delivered.
    pub(crate) fn is_in_vain(&self) -> bool {
        (self.rejected > MOST_IN_VAIN && self.rejected > self.delivered) || self.runs.len() > MOST_RUNS
    }

    /// What is left when all that was handed on is settled. `earlier`: what this pass was over.
    pub(crate) fn end(self, earlier: Option<&Left>) -> Read {
        let Self { mut runs, mut rest, in_vain, begun, delivered, reason, is_declined, broken, .. } = self;
        if let (Some(number), Some(earlier)) = (rest, earlier) {
            // Of what was not reached only that is wanted which was wanted before.
            runs.extend(
                earlier
                    .runs
                    .iter()
                    .filter(|run| run.end > number)
                    .map(|run| Run { start: run.start.max(number), ..*run }),
            );
            rest = earlier.rest.map(|earlier| earlier.max(number));
        }
        if runs.is_empty() && rest.is_none() {
            return broken.map_or(Read::Delivered, Read::Broken);
        }
        runs.sort_unstable();
        let in_vain = if delivered == 0 { in_vain.saturating_add(1) } else { 0 };
        let took = clock::now().duration_since(begun);
        let left = Left { runs, rest, in_vain, took, broken, is_last: false };
        Read::Again { left, reason: reason.unwrap_or_default(), is_declined }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rejection(messages: Option<Vec<u32>>, apart: bool) -> Rejection {
        Rejection { reason: "no".into(), messages, reasons: Vec::new(), apart, declined: false }
    }

    fn batch(texts: &[&str]) -> Batch {
        Batch::from_payloads(texts.iter().map(Some), true)
    }

    fn left(pass: Pass, earlier: Option<&Left>) -> Left {
        match pass.end(earlier) {
            Read::Again { left, .. } => left,
            other => panic!("{other:?}"),
        }
    }

    /// What is wanted of five messages with these numbers.
    fn wanted(left: &Left, first: u64) -> Vec<String> {
        let all = batch(&["a", "b", "c", "d", "e"]);
        let parts = left.wanted(first, &all);
        let text = |(batch, numbers): &(Batch, Numbers)| {
            let payloads = batch.iter().zip(0..).map(|(message, index)| {
                let text = String::from_utf8_lossy(message.payload().unwrap_or_default()).into_owned();
                format!("{text}{}", numbers.of(index).unwrap())
            });
            payloads.collect::<Vec<_>>().join(" ")
        };
        parts.iter().map(text).collect()
    }

    #[test]
    fn only_what_was_rejected_is_wanted_again() {
        let mut pass = Pass::over(None);
        pass.rejected(rejection(Some(vec![1, 3]), false), &Numbers::From(10), 5);
        pass.rejected(rejection(None, false), &Numbers::Each(vec![2, 4]), 2);
        let left = left(pass, None);
        assert_eq!(wanted(&left, 10), ["b11 d13"]);
        assert_eq!(wanted(&left, 0), ["c2 e4"]);
        assert!(wanted(&left, 5).is_empty());
        assert!(!left.ends_before(13) && left.ends_before(14));
        assert_eq!(left.pause(), Duration::ZERO);
    }

    #[test]
    fn what_may_be_at_fault_comes_alone() {
        let mut pass = Pass::over(None);
        pass.rejected(rejection(Some(vec![0, 1]), true), &Numbers::From(0), 5);
        pass.rejected(rejection(Some(vec![3]), false), &Numbers::From(0), 5);
        let left = left(pass, None);
        assert_eq!(wanted(&left, 0), ["a0", "b1", "d3"]);
        assert!(left.in_vain == 0 && left.pause() == Duration::ZERO);
    }

    #[test]
    fn a_pass_that_is_ended_early_leaves_what_earlier_ones_left() {
        let mut first = Pass::over(None);
        first.rejected(rejection(Some(vec![1, 2, 4]), false), &Numbers::From(0), 5);
        first.stopped_at(5, "in vain");
        let first = left(first, None);
        assert_eq!(
            (wanted(&first, 0), wanted(&first, 5)),
            (vec!["b1 c2 e4".into()], vec!["a5 b6 c7 d8 e9".into()])
        );
        let mut second = Pass::over(Some(&first));
        second.rejected(rejection(None, false), &Numbers::Each(vec![1]), 1);
        second.stopped_at(2, "in vain");
        let second = left(second, Some(&first));
        assert_eq!((wanted(&second, 0), wanted(&second, 5)), (vec!["b1 c2 e4".into()], wanted(&first, 5)));
        assert_eq!((first.in_vain, second.in_vain), (0, 1));
    }

    #[test]
    fn a_pipeline_that_stops_wants_only_what_was_rejected() {
        let mut first = Pass::over(None);
        first.rejected(rejection(Some(vec![1, 3]), false), &Numbers::From(0), 5);
        first.stopped_at(5, "the end");
        let first = left(first, None).without_rest();
        assert_eq!((wanted(&first, 0), wanted(&first, 5)), (vec!["b1 d3".into()], Vec::new()));
        assert!(!first.ends_before(3) && first.ends_before(4) && first.leaves_rest());
        let mut second = Pass::over(Some(&first));
        second.delivered(2);
        second.stopped_at(5, "the end");
        let second = left(second, Some(&first));
        assert!(!second.has_rejected());
        assert_eq!((wanted(&second, 0), wanted(&second, 5)), (Vec::new(), vec!["a5 b6 c7 d8 e9".into()]));
    }

    #[test]
    fn a_stream_that_breaks_off_is_never_delivered() {
        let mut pass = Pass::over(None);
        pass.rejected(rejection(None, false), &Numbers::From(0), 1);
        pass.broke("a checksum".into());
        let first = left(pass, None);
        assert!(first.ends_before(1));
        let mut second = Pass::over(Some(&first));
        second.delivered(1);
        assert!(matches!(second.end(Some(&first)), Read::Broken(reason) if reason == "a checksum"));
    }

    #[test]
    fn a_pass_is_given_up_where_hardly_anything_is_delivered() {
        let mut pass = Pass::over(None);
        pass.rejected(rejection(None, false), &Numbers::From(0), MOST_IN_VAIN);
        assert!(!pass.is_in_vain());
        pass.rejected(rejection(None, false), &Numbers::From(9999), 1);
        assert!(pass.is_in_vain());
        pass.delivered(MOST_IN_VAIN + 1);
        assert!(!pass.is_in_vain());
    }
}
